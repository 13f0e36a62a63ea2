import type { Command } from "commander";
import { type Terminal, wordsOf, wrapped } from "../../src/foundation/table.ts";
import { hostText } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { type AlertKind, isOpen, shellWord, unknownText } from "../../src/operators/alert-kinds.ts";
import { figureText } from "../../src/operators/figures.ts";
import type { ApiAnswer } from "../edge/edge-api.ts";
import { type EdgesFound, edgesText, hasAlerts } from "../edge/edges.ts";
import type { Screen } from "../shown-times.ts";
import { fromNow } from "../terminal.ts";
import { answer, examples, found, type Options, question } from "./ask-edge.ts";
import type { AgentsOfBridge, AlertOfDomain, OperatorClient } from "./operator-client.ts";

/** The commands about alerts. */
export function addAlerts(program: Command): void {
  question(program, "status", "Show stats, bridges and alerts; exit code 1 if an alert is open")
    .summary("Show stats, bridges and alerts")
    .action((options: Options) =>
      answer(options, async (edge) => {
        const edges = await edge.ask("GET /edges", {});
        if (edges.role === "standby")
          return found(edges, edgesText, {
            failed: hasAlerts(edges),
            warning: "this edge is on standby: ask the active one",
          });
        const domains = await edge.domains(options.domain);
        const [figures, { alerts, unknown }] = await Promise.all([
          edge.ofEach(domains, async (domain) => [await figuresOf(edge, domain)]),
          edge.alerts(domains),
        ]);
        const failed = alerts.some(isOpen);
        const status = { edges, figures, alerts, unknown };
        const text = (shown: typeof status, now: number, terminal: Screen) =>
          edgeStatusText({ ...shown, named: namedIn(edge, domains) }, now, terminal);
        return found(status, text, { failed, warning: warningOf(unknown) });
      }),
    );

  question(program, "alerts", "List alerts, what to do, and who has seen them").action((options: Options) =>
    answer(options, async (edge) => {
      const domains = await edge.domains(options.domain);
      const { alerts, unknown } = await edge.alerts(domains);
      const text = (shown: typeof alerts, now: number, terminal: Terminal) =>
        alertsText(shown, now, terminal, { unknown, named: namedIn(edge, domains) });
      return found(alerts, text, { warning: warningOf(unknown) });
    }),
  );

  question(program, "acknowledge <id> <note>", "Acknowledge an alert, with a note on what you do")
    .option("--seen <number>", "what you have seen of it, as `alerts` prints it: what is newer stays open", Number)
    .addHelpText("after", examples('acknowledge undelivered:tsp1.example.com:443 "told WebEx, ticket 4711"'))
    .action((id: string, note: string, options: Options & { readonly seen?: number }) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const path = "POST /domains/{domain}/alerts/{alert}/acknowledge";
        const { alert } = await edge.insist(path, { domain, alert: id }, { body: { note, upTo: options.seen } });
        return found([alert], (shown, now, terminal: Terminal) =>
          alertsText(shown, now, terminal, { named: namedIn(edge, [domain]) }),
        );
      }),
    );

  question(
    program,
    "resync-server <server>",
    "Probe a TSP server now: if it answers, it gets all pending notifications",
  )
    .summary("Probe a TSP server now, and resync it")
    .addHelpText("after", examples("resync-server tsp1.example.com:443"))
    .action((server: string, options: Options) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const resynced = await edge.insist("POST /domains/{domain}/servers/resync", { domain }, { body: { server } });
        return found(resynced, resyncedText, { failed: resynced.unanswered.length > 0 });
      }),
    );
}

type Resynced = ApiAnswer<"POST /domains/{domain}/servers/resync">;

function resyncedText({ server, conferences, unanswered }: Resynced): readonly string[] {
  if (conferences === 0) return [`No conference has a document for ${hostText(server)}.`];
  const asked = `Asked ${counted(conferences, "conference")} to probe ${hostText(server)}.`;
  const after = '"bridgehead servers" shows what still waits.';
  if (unanswered.length === 0) return [asked, after];
  return [asked, `Not answered: ${unanswered.join(", ")}. Run the command again.`, after];
}

/** See `Around`. */
function namedIn({ hasSeveralDomains }: OperatorClient, domains: readonly string[]): string | null {
  return hasSeveralDomains ? (domains.at(-1) ?? null) : null;
}

function warningOf(unknown: readonly AlertKind[]): string | undefined {
  return unknownText(unknown) ?? undefined;
}

async function figuresOf(edge: OperatorClient, domain: string) {
  const [{ figures }, agents] = await Promise.all([
    edge.ask("GET /domains/{domain}/figures", { domain }),
    edge.agents([domain]),
  ]);
  return { figures, bridges: agents.map(statusOfBridge) };
}

/** `up`: null where nobody has said. */
export function statusOfBridge({ bridge, agents, drainedSince }: Omit<AgentsOfBridge, "domain" | "load">) {
  const active = agents?.find(({ role, lastSeen }) => role === "active" && lastSeen !== null);
  const health = active?.health ?? null;
  const up = agents === null || (active && !health) ? null : (health?.bridgeUp ?? false);
  return { bridge, agentConnected: active !== undefined, up, takesCalls: health?.ports !== 0, drainedSince };
}

interface StatusFound extends Around {
  readonly edges: EdgesFound;
  readonly figures: readonly (Awaited<ReturnType<typeof figuresOf>> & { readonly domain: string })[];
  readonly alerts: readonly AlertOfDomain[];
}

export function edgeStatusText(
  { edges, figures, alerts, ...around }: StatusFound,
  now: number,
  terminal: Screen,
): readonly string[] {
  const { style } = terminal;
  const ofEdges = edges.edges.length > 0 ? [...edgesText(edges, now, terminal), ""] : [];
  const lines = figures.flatMap(({ domain, figures, bridges }) => [
    style("bold", domain),
    ...figures.map((figure) => `  ${figure.word}: ${figureText(figure)}`),
    ...bridges.map(({ bridge, agentConnected, up, takesCalls, drainedSince }) => {
      if (up === null)
        return `  bridge ${bridge}: not known, its ${agentConnected ? "agent has not said" : "relay does not answer"}`;
      if (!agentConnected) return `  bridge ${bridge}: ${style("red", "no agent")}`;
      if (!up) return `  bridge ${bridge}: ${style("red", "unreachable")}`;
      const lacks = [...(takesCalls ? [] : ["takes no calls"]), ...(drainedSince === null ? [] : ["drained"])];
      return `  bridge ${bridge}: ${["up", ...lacks.map((text) => style("yellow", text))].join(", ")}`;
    }),
  ]);
  return [...ofEdges, ...lines, "", ...alertsText(alerts, now, terminal, around)];
}

interface Around {
  /** Kinds that may have more alerts. */
  readonly unknown?: readonly AlertKind[];
  /** The domain that commands name for what concerns all domains; `null`: the edge has one domain. */
  readonly named?: string | null;
}

/** The commands that take no domain. */
const ofEdge: readonly string[] = ["edges"];

export function alertsText(
  alerts: readonly AlertOfDomain[],
  now: number,
  terminal: Terminal,
  { unknown = [], named = null }: Around = {},
): readonly string[] {
  if (alerts.length === 0) return [unknown.length === 0 ? terminal.style("green", "no alerts") : "no known alerts"];
  const list = (title: string, type: AlertOfDomain["type"]) => {
    const shown = alerts.filter((alert) => alert.type === type);
    const lines = shown.flatMap((alert) => alertText(alert, now, terminal, named));
    return shown.length === 0 ? [] : [terminal.style("bold", title), ...lines, ""];
  };
  return [...list("Now", "condition"), ...list("Happened", "incident")].slice(0, -1);
}

function alertText(alert: AlertOfDomain, now: number, { width, style }: Terminal, named: string | null): string[] {
  const { id, type, domain, title, severity, since, latest, sequence, says, todo, seen } = alert;
  // The answer to an acknowledgement has an incident that lists no longer have.
  const taken = seen !== null && (sequence === null || sequence <= seen.upTo);
  const command = (name: string, ...args: readonly string[]) => {
    const domainArgs = named === null || ofEdge.includes(name) ? [] : ["--domain", domain ?? named];
    return ["bridgehead", name, ...[...domainArgs, ...args].map(shellWord)].join(" ");
  };
  const [name, ...args] = todo.command ?? [];
  const upTo = sequence ?? since;
  const acknowledge = `${command("acknowledge", id)} "…"${upTo === null ? "" : ` --seen ${upTo}`}`;
  const color = taken ? "dim" : severity === "warn" ? "yellow" : "red";
  const begun = since === null ? "" : `, ${type === "condition" ? "began" : "first"} ${fromNow(since, now)}`;
  const lines = [
    says,
    seen && `Seen by ${seen.by}, ${fromNow(seen.at, now)}: ${seen.note}`,
    taken ? null : todo.text,
    taken || name === undefined ? null : command(name, ...args),
    taken ? null : acknowledge,
  ];
  return [
    `  ${style(color, title)}${begun}${latest === null || latest === since ? "" : `, last ${fromNow(latest, now)}`}`,
    ...lines
      .filter((line) => line !== null)
      .flatMap((line) => wrapped(wordsOf(line), width - 4).map((part) => `    ${part}`)),
  ];
}
