import type { Command } from "commander";
import { type Terminal, wordsOf, wrapped } from "../../src/foundation/table.ts";
import { isOpen, shellWord } from "../../src/operators/alert-kinds.ts";
import { isSilent } from "../../src/operators/edge-pair.ts";
import { figureText } from "../../src/operators/figures.ts";
import { type BridgeAgents, bridgeState } from "../../src/views/bridges.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow } from "../terminal.ts";
import { answer, examples, found, type Options, question } from "./ask-edge.ts";
import type { ApiAnswer } from "./edge-api.ts";
import { apart, styleOf } from "./list-text.ts";
import type { OfDomain, OperatorClient } from "./operator-client.ts";

type Alert = ApiAnswer<"GET /domains/{domain}/alerts">["alerts"][number];

/** The commands about alerts. */
export function addAlerts(program: Command): void {
  question(program, "status", "Show stats, bridges, and alerts with what to do; exit code 1 if an alert is open")
    .summary("Show stats, bridges and alerts")
    .action((options: Options) => answer(options, (edge) => statusOf(edge, options.domain)));

  question(program, "acknowledge <id> <note>", "Acknowledge an alert, with a note on what you do")
    .option("--seen <number>", "what you have seen of it, as `status` prints it: what is newer stays open", Number)
    .addHelpText("after", examples('acknowledge undelivered:tsp1.example.com:443 "told WebEx, ticket 4711"'))
    .action((id: string, note: string, options: Options & { readonly seen?: number }) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const path = "POST /domains/{domain}/alerts/{alert}/acknowledge";
        const { alert } = await edge.insist(path, { domain, alert: id }, { body: { note, upTo: options.seen } });
        return found([alert], (shown, now, terminal) => alertsText(shown, now, terminal, namedIn(edge, domain)));
      }),
    );
}

async function statusOf(edge: OperatorClient, named: string | undefined) {
  const edges = await edge.ask("GET /edges", {});
  const domains = await edge.ofEach(named, async (domain) => {
    const [{ figures }, { bridges }, { alerts }] = await Promise.all([
      edge.ask("GET /domains/{domain}/figures", { domain }),
      edge.ask("GET /domains/{domain}/agents", { domain }),
      edge.ask("GET /domains/{domain}/alerts", { domain }),
    ]);
    return [{ figures, bridges, alerts }];
  });
  const status = {
    edges,
    figures: domains.map(({ domain, figures, bridges }) => ({ domain, figures, bridges })),
    // Each domain lists the alerts of the edge.
    alerts: [
      ...new Map(domains.flatMap(({ alerts }) => alerts.map((one) => [`${one.domain} ${one.id}`, one]))).values(),
    ],
  };
  const about = namedIn(edge, domains.at(-1)?.domain);
  return found(status, (shown, now, screen) => statusText(shown, now, screen, about), {
    failed: status.alerts.some(isOpen),
  });
}

/** The domain that commands name for alerts of all domains; `null`: the edge has only one domain. */
function namedIn(edge: OperatorClient, domain = ""): string | null {
  return edge.hasSeveralDomains ? domain : null;
}

interface Status {
  readonly edges: ApiAnswer<"GET /edges">;
  readonly figures: readonly OfDomain<
    ApiAnswer<"GET /domains/{domain}/figures"> & Pick<ApiAnswer<"GET /domains/{domain}/agents">, "bridges">
  >[];
  readonly alerts: readonly Alert[];
}

function statusText({ edges, figures, alerts }: Status, now: number, screen: Screen, named: string | null) {
  const ofBridge = (bridge: BridgeAgents) => {
    const state = bridgeState(bridge);
    const style = styleOf([state]);
    return `  bridge ${bridge.bridge}: ${style ? screen.style(style, state.text) : state.text}`;
  };
  return [
    ...edgesText(edges, now),
    ...figures.flatMap(({ domain, figures, bridges }) => [
      screen.style("bold", domain),
      ...figures.map((figure) => `  ${figure.word}: ${figureText(figure)}`),
      ...bridges.map(ofBridge),
    ]),
    "",
    ...alertsText(alerts, now, screen, named),
  ];
}

/** Of two edges over one state. */
function edgesText({ active, standbys }: Status["edges"], now: number): readonly string[] {
  if (active === null) return [];
  const others = standbys.map(({ name, url, silentMs }) => {
    return `${name} is on standby at ${url}${isSilent({ silentMs }) ? `, silent for ${duration(silentMs)}` : ""}`;
  });
  return [`${active.name} has been active for ${duration(now - active.since)}, at ${active.url}`, ...others, ""];
}

/** Conditions, then incidents, each with what to do. `named`: see `namedIn`. */
export function alertsText(
  alerts: readonly Alert[],
  now: number,
  terminal: Terminal,
  named: string | null = null,
): readonly string[] {
  if (alerts.length === 0) return [terminal.style("green", "no alerts")];
  const list = (title: string, type: Alert["type"]) => {
    const shown = alerts.filter((alert) => alert.type === type);
    const lines = shown.flatMap((alert) => alertText(alert, now, terminal, named));
    return shown.length === 0 ? [] : [terminal.style("bold", title), ...lines];
  };
  return apart(list("Now", "condition"), list("Happened", "incident"));
}

function alertText(alert: Alert, now: number, { width, style }: Terminal, named: string | null): readonly string[] {
  const { id, type, domain, title, severity, since, latest, sequence, says, todo, seen } = alert;
  // The answer to an acknowledgement has an incident that lists already hide.
  const taken = seen !== null && (sequence === null || sequence <= seen.upTo);
  const command = ([name = "", ...args]: readonly string[]) => {
    const domainArgs = named === null ? [] : ["--domain", domain ?? named];
    return ["bridgehead", name, ...[...domainArgs, ...args].map(shellWord)].join(" ");
  };
  const upTo = sequence ?? since;
  const acknowledge = `${command(["acknowledge", id])} "…"${upTo === null ? "" : ` --seen ${upTo}`}`;
  const begun = since === null ? "" : `, ${type === "condition" ? "began" : "first"} ${fromNow(since, now)}`;
  const last = latest === null || latest === since ? "" : `, last ${fromNow(latest, now)}`;
  const lines = [
    says,
    ...(seen ? [`Seen by ${seen.by}, ${fromNow(seen.at, now)}: ${seen.note}`] : []),
    ...(taken ? [] : [todo.text]),
  ];
  // To copy: a shell goes on behind a backslash.
  const commands = taken ? [] : [...(todo.command ? [command(todo.command)] : []), acknowledge];
  const toCopy = commands.flatMap((line) =>
    wrapped(line.split(" "), width - 8)
      .join(" \\\n  ")
      .split("\n"),
  );
  return [
    `  ${style(taken ? "dim" : severity === "warn" ? "yellow" : "red", title)}${begun}${last}`,
    ...[...lines.flatMap((line) => wrapped(wordsOf(line), width - 4)), ...toCopy].map((part) => `    ${part}`),
  ];
}
