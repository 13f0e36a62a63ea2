import { createServer, type Server } from "node:http";
import type { AgentStatus } from "./agent.ts";
import type { Counters } from "./run.ts";

interface Health {
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

/** Prometheus text. */
function metricsText({ status, counters, logLinesDropped }: Health): string {
  const gauges = [
    ["bridgehead_agent_edge_up", "Whether the edge has welcomed this agent.", status.edgeUp],
    ["bridgehead_agent_bridge_up", "Whether the bridge answers.", status.bridgeUp],
    ["bridgehead_agent_active", "Whether this agent acts, rather than stands by.", status.role === "active"],
    ["bridgehead_agent_calls", "Phone legs on the bridge.", status.calls],
    ["bridgehead_agent_commands_running", "Commands that the bridge has not answered yet.", status.running],
    [
      "bridgehead_agent_reports_unacknowledged",
      "Reports that the edge has not acknowledged yet.",
      status.unacknowledged,
    ],
  ] as const;
  const totals = [
    ["bridgehead_agent_commands_total", "Commands that the bridge was given.", "result", counters?.commands],
    ["bridgehead_agent_edge_messages_total", "Messages on the link to the edge.", "way", counters?.edgeMessages],
    ["bridgehead_agent_turns_total", "Journal transactions.", "kind", counters && { all: counters.turns }],
    ["bridgehead_agent_log_lines_total", "Lines of the log.", "result", { dropped: logLinesDropped }],
  ] as const;
  const metric = (name: string, type: string, help: string, lines: readonly string[]) =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
  return [
    ...gauges.map(([name, help, value]) => metric(name, "gauge", help, [`${name} ${Number(value)}`])),
    ...totals.map(([name, help, label, values]) => {
      const lines = Object.entries(values ?? {}).map(([value, count]) => `${name}{${label}="${value}"} ${count}`);
      return values ? metric(name, "counter", help, lines) : "";
    }),
  ].join("");
}
