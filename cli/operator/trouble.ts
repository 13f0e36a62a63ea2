import { type Command, InvalidArgumentError } from "commander";
import type { Terminal } from "../../src/foundation/table.ts";
import { hostText } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { figureText } from "../../src/operators/figures.ts";
import { shellWord } from "../../src/operators/shell-word.ts";
import { movesOn, type TroubleKind, unknownText } from "../../src/operators/trouble-kinds.ts";
import type { ApiAnswer } from "../edge/edge-api.ts";
import { type EdgesFound, edgesText, hasTrouble } from "../edge/edges.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow, wordsOf, wrapped } from "../terminal.ts";
import { answer, examples, found, type Options, question } from "./ask-edge.ts";
import type { AgentsOfBridge, OperatorClient, TroubleOfDomain } from "./operator-client.ts";

/** The commands about what is wrong. */
export function addTrouble(program: Command): void {
  question(program, "status", "Show stats and what is wrong; exit code 1 if something is open").action(
    (options: Options) =>
      answer(options, async (edge) => {
        const edges = await edge.ask("GET /edges", {});
        if (edges.role === "standby")
          return found(edges, edgesText, {
            failed: hasTrouble(edges),
            warning: "this edge stands by: ask the one that acts how all is",
          });
        const domains = await edge.domains(options.domain);
        const [figures, { trouble, unknown }] = await Promise.all([
          edge.ofEach(domains, async (domain) => [await figuresOf(edge, domain)]),
          edge.trouble(domains),
        ]);
        const failed = trouble.some(({ acknowledged }) => acknowledged === null);
        const status = { edges, figures, trouble, unknown };
        const text = (shown: typeof status, now: number, terminal: Screen) =>
          edgeStatusText({ ...shown, named: namedIn(edge, domains) }, now, terminal);
        return found(status, text, { failed, warning: warningOf(unknown) });
      }),
  );

  question(program, "trouble", "List what is wrong, what to do, and who acknowledged it").action((options: Options) =>
    answer(options, async (edge) => {
      const domains = await edge.domains(options.domain);
      const { trouble, unknown } = await edge.trouble(domains);
      const text = (shown: typeof trouble, now: number, terminal: Terminal) =>
        troubleText(shown, now, terminal, { unknown, named: namedIn(edge, domains) });
      return found(trouble, text, { warning: warningOf(unknown) });
    }),
  );

  question(program, "acknowledge <id> <word>", "Acknowledge what is wrong, with a note on what is done")
    .option(
      "--seen <mark>",
      "what you have seen of it, as `trouble` shows it: what has come since stays open",
      seenMark,
    )
    .addHelpText("after", examples('acknowledge posts-given-up:tsp1.example.com:443 "told WebEx, ticket 4711"'))
    .action((id: string, word: string, options: Options & { readonly seen?: Seen }) =>
      answer(options, async (edge) => {
        const domain = await edge.domain(options.domain);
        const path = "POST /domains/{domain}/trouble/{trouble}/acknowledge";
        const { trouble } = await edge.insist(path, { domain, trouble: id }, { body: { word, ...options.seen } });
        return found([trouble], (shown, now, terminal: Terminal) =>
          troubleText(shown, now, terminal, { named: namedIn(edge, [domain]) }),
        );
      }),
    );

  question(
    program,
    "resync-server <server>",
    "Probe a TSP server now: if it answers, it gets all pending notifications",
  )
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
  if (unanswered.length === 0) return [`${asked} ${after}`];
  return [asked, `Not answered: ${unanswered.join(", ")}. Run the command again.`, after];
}

/** See `Around`. */
function namedIn({ hasSeveralDomains }: OperatorClient, domains: readonly string[]): string | null {
  return hasSeveralDomains ? (domains.at(-1) ?? null) : null;
}

function warningOf(unknown: readonly TroubleKind[]): string | undefined {
  return unknownText(unknown) ?? undefined;
}

/** Of what has happened its place, of what lasts since when. */
type Seen = { readonly place: number } | { readonly since: number };

export function seenMark(text: string): Seen {
  if (/^0*[1-9]\d{0,14}$/.test(text)) return { place: Number(text) };
  const since = /T.*Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(since)) throw new InvalidArgumentError("It must be as `bridgehead trouble` shows it.");
  return { since };
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
  readonly trouble: readonly TroubleOfDomain[];
}

export function edgeStatusText(
  { edges, figures, trouble, ...around }: StatusFound,
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
      if (!up) return `  bridge ${bridge}: ${style("red", "away")}`;
      const lacks = [...(takesCalls ? [] : ["takes no calls"]), ...(drainedSince === null ? [] : ["drained"])];
      return `  bridge ${bridge}: ${["up", ...lacks.map((text) => style("yellow", text))].join(", ")}`;
    }),
  ]);
  return [...ofEdges, ...lines, "", ...troubleText(trouble, now, terminal, around)];
}

interface Around {
  /** Kinds of which there may be more. */
  readonly unknown?: readonly TroubleKind[];
  /** Where commands must name a domain, the one for what concerns all; `null`: the edge has one domain. */
  readonly named?: string | null;
}

export function troubleText(
  trouble: readonly TroubleOfDomain[],
  now: number,
  terminal: Terminal,
  { unknown = [], named = null }: Around = {},
): readonly string[] {
  if (trouble.length === 0)
    return [unknown.length === 0 ? terminal.style("green", "nothing is wrong") : "nothing is known to be wrong"];
  return trouble.flatMap((one, index) => [...(index === 0 ? [] : [""]), ...oneText(one, now, terminal, named)]);
}

function oneText(
  one: TroubleOfDomain,
  now: number,
  { width, style }: Terminal,
  named: string | null,
): readonly string[] {
  const { id, kind, title, severity, since, endsBy, place, says, todo, acknowledged } = one;
  const from = since ?? now;
  const mending = from <= now ? `for ${duration(now - from)}` : `since a time that lies ${duration(from - now)} ahead`;
  const lasts = endsBy === "mending" ? mending : `first ${fromNow(from, now)}`;
  const when = since === null ? "" : `, ${lasts}`;
  const taken = acknowledged && `${acknowledged.by}, ${fromNow(acknowledged.at, now)}: ${acknowledged.word}`;
  const mark = place ?? (since === null || movesOn(kind) ? null : new Date(since).toISOString());
  const seen = mark === null ? "" : ` --seen ${mark}`;
  const ofDomain = named === null ? "" : ` --domain ${shellWord(one.domain ?? named)}`;
  // Those two are of the edge as a whole.
  const toType = todo.replaceAll(/"bridgehead (?!edges|reset-clock)[a-z-]+/g, `$&${ofDomain}`);
  const color = taken ? "dim" : severity === "warn" ? "yellow" : "red";
  return [
    `${style(color, title)}${when}`,
    ...[says, taken ?? toType, taken ? "" : `bridgehead acknowledge${ofDomain} ${shellWord(id)} "…"${seen}`]
      .filter((text) => text !== "")
      .flatMap((text) => wrapped(wordsOf(text), width - 2).map((line) => `  ${line}`)),
  ];
}
