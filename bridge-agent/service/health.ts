import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { familyOf, type Series } from "../../src/foundation/metrics.ts";
import { version } from "../../src/foundation/version.ts";
import type { AgentStatus } from "../core/agent.ts";
import type { CallView, Counters } from "../run.ts";
import type { AgentKey } from "./state-folder.ts";

interface AgentHealth {
  readonly status: AgentStatus;
  readonly counters: Counters;
  readonly logLinesDropped: number;
}

export interface LocalAgent {
  readonly names: { readonly domain: string; readonly bridge: string; readonly agent: string };
  health(): AgentHealth;
  calls(): readonly CallView[];
  readonly key: AgentKey;
}

/** What `/status` answers. */
export type StatusAnswer = AgentStatus & LocalAgent["names"] & { readonly version: string };

const SIGNED_HEADER = "bridgehead-signed";
/** Both clocks are one. */
const SIGNED_FOR_MS = 10_000;

/** Any user of the machine reaches the port, so only users who can read the agent's key may see its calls. */
export function signedRequest(
  key: AgentKey,
  method: string,
  path: string,
  at = Date.now(),
): Readonly<Record<string, string>> {
  return { [SIGNED_HEADER]: `${at} ${key.sign(textToSign(method, path, at))}` };
}

function textToSign(method: string, path: string, at: number): string {
  return ["bridgehead-agent's own machine", method, path, at].join("\n");
}

function isSigned(request: IncomingMessage, path: string, key: AgentKey): boolean {
  const [at = "", signature] = String(request.headers[SIGNED_HEADER]).split(" ");
  if (!(Math.abs(Date.now() - Number(at)) < SIGNED_FOR_MS)) return false;
  return key.sign(textToSign(String(request.method), path, Number(at))) === signature;
}

/** More at once are nobody's honest use: the oldest one ends, so that the links to edge and bridge have files. */
const MOST_CONNECTIONS = 50;

/** Serves `/healthz`, `/readyz`, `/metrics`, `/status` and `/calls` on this machine only. */
export function healthServer({ names, health, calls, key }: LocalAgent, port: number): Promise<Server> {
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    // One request per connection: thousands of unread responses would fill the memory.
    if (!open.delete(request.socket)) return;
    response.shouldKeepAlive = false;
    const { domain, bridge, agent: name } = names;
    const json = (value: unknown) => `${JSON.stringify(value)}\n`;
    const { status } = health();
    const ready = status.edgeUp && status.bridgeUp && !status.draining;
    const reply = (code: number, type: string, body: string) => {
      response.writeHead(code, { "content-type": type, "cache-control": "no-store" }).end(body);
    };
    // Not as a URL: whoever is on the machine may send a target that is none, and what throws here ends the agent.
    const [path = ""] = (request.url ?? "/").split("?");
    const isAllowed = path === "/calls" ? isSigned(request, path, key) : true;
    if (!isAllowed) return reply(403, "text/plain", `use \`bridgehead-agent ${path.slice(1)}\`, which signs\n`);
    switch (path) {
      case "/healthz":
        return reply(200, "text/plain", "ok\n");
      case "/readyz":
        return reply(
          ready ? 200 : 503,
          "application/json",
          json({ ready, edgeUp: status.edgeUp, bridgeUp: status.bridgeUp }),
        );
      case "/status":
        return reply(
          200,
          "application/json",
          json({ domain, bridge, agent: name, version, ...status } satisfies StatusAnswer),
        );
      case "/metrics":
        return reply(200, "text/plain; version=0.0.4", metricsText(health()));
      case "/calls":
        return reply(200, "application/json", json(calls()));
      default:
        return reply(404, "text/plain", "there are /healthz, /readyz, /status and /metrics\n");
    }
  });
  server.on("connection", (socket) => {
    open.add(socket.once("close", () => open.delete(socket)));
    const [oldest] = open;
    if (open.size > MOST_CONNECTIONS) oldest?.destroy();
  });
  return new Promise((resolve, reject) => {
    server.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      const why = code === "EADDRINUSE" ? "the port is taken" : message;
      reject(new Error(`listen.port: cannot listen on 127.0.0.1:${port} (${why}); set it to another port, or to 0`));
    });
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** As Prometheus reads it; each series begins at 0. */
export function metricsText({ status, counters, logLinesDropped }: AgentHealth): string {
  const { commandSeconds, edgeMessages, policyActs, turns } = counters;
  const by = (label: string, values: Readonly<Record<string, number>>): Series =>
    Object.entries(values).map(([value, count]) => [{ [label]: value }, count]);
  const since = Date.now() / 1_000 - process.uptime();
  const cpu = process.cpuUsage();
  const families: readonly (readonly ["gauge" | "counter", name: string, help: string, number | boolean | Series])[] = [
    ["gauge", "build_info", "Which version runs; always 1.", [[{ version }, 1]]],
    ["gauge", "start_time_seconds", "When the process began.", Math.round(since)],
    ["gauge", "edge_up", "Whether the edge has welcomed this agent.", status.edgeUp],
    ["gauge", "bridge_up", "Whether the bridge answers.", status.bridgeUp],
    ["gauge", "active", "Whether this agent acts, rather than stands by.", status.role === "active"],
    ["gauge", "calls", "Phone legs on the bridge; absent: not known.", status.calls ?? []],
    ["gauge", "commands_running", "Commands that the bridge has not answered yet.", status.running],
    ["gauge", "reports_unacknowledged", "Reports that the edge has not acknowledged yet.", status.unacknowledged],
    ["counter", "edge_messages_total", "Messages on the link to the edge.", by("way", edgeMessages)],
    [
      "counter",
      "policy_acts_total",
      "Dials that the policy refused; calls and conferences that it ended.",
      by("reason", policyActs),
    ],
    ["counter", "turns_total", "Journal transactions.", turns],
    ["counter", "log_lines_dropped_total", "Lines that the log could not take.", logLinesDropped],
    ["gauge", "memory_bytes", "Memory of the process.", process.memoryUsage.rss()],
    ["counter", "cpu_seconds_total", "Time of the processor.", (cpu.user + cpu.system) / 1e6],
  ];
  const texts = families.map(([type, name, help, value]) => {
    const series: Series = typeof value === "object" ? value : [[{}, Number(value)]];
    return familyOf(type, `bridgehead_agent_${name}`, help, series);
  });
  return [...texts, commandSeconds.text()].join("");
}
