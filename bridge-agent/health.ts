import { createServer, type Server } from "node:http";
import { familyOf, type Series } from "../src/foundation/metrics.ts";
import { version } from "../src/foundation/version.ts";
import type { AgentStatus } from "./agent.ts";
import type { Counters } from "./run.ts";

export interface Health {
  readonly status: AgentStatus;
  /** `null` while no agent runs. */
  readonly counters: Counters | null;
  readonly logLinesDropped: number;
}

/** `/healthz`, `/readyz`, `/metrics` and `/status`, for this machine only. */
export function healthServer(health: () => Health, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const { status } = health();
    const ready = status.edgeUp && status.bridgeUp;
    const reply = (code: number, type: string, body: string) => {
      response.writeHead(code, { "content-type": type, "cache-control": "no-store" }).end(body);
    };
    // Not as a URL: whoever is on the machine may send a target that is none, and what throws here ends the agent.
    const [path] = (request.url ?? "/").split("?");
    switch (path) {
      case "/healthz":
        return reply(200, "text/plain", "ok\n");
      case "/readyz":
        return reply(
          ready ? 200 : 503,
          "application/json",
          `${JSON.stringify({ ready, edgeUp: status.edgeUp, bridgeUp: status.bridgeUp })}\n`,
        );
      case "/status":
        return reply(200, "application/json", `${JSON.stringify(status)}\n`);
      case "/metrics":
        return reply(200, "text/plain; version=0.0.4", metricsText(health()));
      default:
        return reply(404, "text/plain", "there are /healthz, /readyz, /status and /metrics\n");
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      const why = code === "EADDRINUSE" ? "the port is taken" : message;
      reject(new Error(`listen.port: cannot listen on 127.0.0.1:${port} (${why}); set it to another port, or to 0`));
    });
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

const noCounters: Counters = {
  commands: { done: 0, refused: 0, unknown: 0 },
  edgeMessages: { received: 0, sent: 0 },
  turns: 0,
};

/** As Prometheus reads it; each series begins at 0. */
export function metricsText({ status, counters, logLinesDropped }: Health): string {
  const { commands, edgeMessages, turns } = counters ?? noCounters;
  const by = (label: string, values: Readonly<Record<string, number>>): Series =>
    Object.entries(values).map(([value, count]) => [{ [label]: value }, count]);
  const since = Date.now() / 1_000 - process.uptime();
  const families: readonly (readonly ["gauge" | "counter", name: string, help: string, number | boolean | Series])[] = [
    ["gauge", "build_info", "Which version runs; always 1.", [[{ version }, 1]]],
    ["gauge", "start_time_seconds", "When the process began.", Math.round(since)],
    ["gauge", "edge_up", "Whether the edge has welcomed this agent.", status.edgeUp],
    ["gauge", "bridge_up", "Whether the bridge answers.", status.bridgeUp],
    ["gauge", "active", "Whether this agent acts, rather than stands by.", status.role === "active"],
    ["gauge", "calls", "Phone legs on the bridge.", status.calls],
    ["gauge", "commands_running", "Commands that the bridge has not answered yet.", status.running],
    ["gauge", "reports_unacknowledged", "Reports that the edge has not acknowledged yet.", status.unacknowledged],
    ["counter", "commands_total", "Commands that the bridge was given.", by("result", commands)],
    ["counter", "edge_messages_total", "Messages on the link to the edge.", by("way", edgeMessages)],
    ["counter", "turns_total", "Journal transactions.", turns],
    ["counter", "log_lines_dropped_total", "Lines that the log could not take.", logLinesDropped],
  ];
  return families
    .map(([type, name, help, value]) => {
      const series: Series = typeof value === "object" ? value : [[{}, Number(value)]];
      return familyOf(type, `bridgehead_agent_${name}`, help, series);
    })
    .join("");
}
