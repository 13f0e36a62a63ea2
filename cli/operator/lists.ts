import type { Command } from "commander";
import { type Column, table } from "../../src/foundation/table.ts";
import { peopleWords } from "../../src/foundation/text/people-shown.ts";
import { lineOfPromptCall } from "../../src/records/person-line.ts";
import { agentsOf, bridgeAgents } from "../../src/views/bridges.ts";
import { callers, callersOf, personLines } from "../../src/views/calls.ts";
import { foundConferences, runningConferences } from "../../src/views/conferences.ts";
import { audit, serversOf, tspServers } from "../../src/views/domain.ts";
import { type Part, partsOf, type Tone, type View } from "../../src/views/view.ts";
import type { ApiAnswer } from "../edge/edge-api.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow } from "../terminal.ts";
import { answer, clockTimeText, examples, found, type Options, periodOf, question } from "./ask-edge.ts";
import type { ConferenceOfDomain, OperatorClient } from "./operator-client.ts";

/** Rows of each domain for people; an export has all. */
export const USUAL = 100;

type OfDomain<Row> = Row & { readonly domain: string };
type Found = ApiAnswer<"POST /domains/{domain}/find">;

interface ConferenceOptions extends Options {
  readonly begins?: string;
  readonly number?: string;
  readonly attendeeId?: string;
  readonly callers?: true;
}

/** The commands that list something. */
export function addLists(program: Command): void {
  question(program, "conferences", "List the running conferences, the latest first")
    .option("--begins <digits>", "only those whose key begins with these digits")
    .option("--number <number>", "only those with a caller of this number")
    .option("--attendee-id <id>", "only those with a caller of this attendee ID")
    .option("--callers", "list their callers instead")
    .addHelpText("after", examples("conferences", "conferences --number +14085551234"))
    .action((options: ConferenceOptions) => answer(options, (edge) => conferencesOf(edge, options)));

  question(program, "servers", "List the TSP servers, and what waits for them").action((options: Options) =>
    answer(options, async (edge) => {
      const rows = await edge.ofEach(await edge.domains(options.domain), async (domain) =>
        serversOf(await edge.ask("GET /domains/{domain}/activity", { domain })),
      );
      return found(rows, listText(tspServers));
    }),
  );

  question(program, "agents", "List the agents of each bridge, and its state").action((options: Options) =>
    answer(options, async (edge) => {
      const bridges = await edge.agents(await edge.domains(options.domain));
      const text = listText(bridgeAgents);
      return found(bridges, (shown, now, screen) => text(shown.flatMap(agentsOf), now, screen));
    }),
  );

  question(program, "audit", "List what users have asked of a domain")
    .option(
      "--since <time>",
      `all since then (such as 2026-11-01, 2026-11-01T02:40 or 02:40), not only the latest ${USUAL}`,
      clockTimeText,
    )
    .addHelpText("after", examples("audit", "audit --since 2026-11-20 --json"))
    .action((options: Options & { readonly since?: string }) =>
      answer(options, async (edge) => {
        const domains = await edge.domains(options.domain);
        const rows = await edge.ofEach(domains, (domain) =>
          auditOf(edge, domain, periodOf(options, Date.now(), edge.zoneOf(domain)).since),
        );
        rows.sort((one, other) => other.at - one.at);
        return found(rows, listText(audit));
      }),
    );

  question(program, "find <text...>", "Find conferences and calls by number, key or name")
    .addHelpText("after", "\nIt also finds the IDs of calls, attendees, messages and transactions.")
    .addHelpText("after", examples("find 555 123 456", "find 408-555-0123", "find berth planning"))
    .action((words: readonly string[], options: Options) =>
      answer(options, (edge) => findText(edge, words.join(" "), options)),
    );

  question(program, "prompt-calls", "List calls that were not admitted at once").action((options: Options) =>
    answer(options, async (edge) => {
      let isCut = false;
      const rows = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
        const page = await edge.ask("POST /domains/{domain}/prompt-calls", { domain }, { asks: { limit: USUAL } });
        isCut ||= page.next !== null;
        return page.calls.map(lineOfPromptCall);
      });
      const text = listText(personLines, "No call in the prompt.");
      return found(latestFirst(rows), text, isCut ? { warning: `Each domain's latest ${USUAL} are listed.` } : {});
    }),
  );
}

/** Running conferences from the directories, which wakes none of them; programs get all of each. */
async function conferencesOf(edge: OperatorClient, options: ConferenceOptions) {
  const { begins, number, attendeeId, json, callers: isOfCallers } = options;
  const domains = await edge.domains(options.domain);
  const isSearch = (begins ?? number ?? attendeeId) !== undefined;
  const isWhole = json || isOfCallers;
  if (isWhole && !isSearch) return wholeConferences(await edge.conferences(domains), isOfCallers);
  const running = await edge.running(domains, { begins, number, attendeeId });
  running.sort((one, other) => other.createdAt - one.createdAt);
  if (!isWhole) return found(running, listText(runningConferences));
  return wholeConferences(
    await Promise.all(running.map(({ domain, key }) => edge.conference(domain, key))),
    isOfCallers,
  );
}

function wholeConferences(conferences: readonly ConferenceOfDomain[], isOfCallers: true | undefined) {
  if (!isOfCallers) return found(conferences, () => []);
  const rows = conferences.flatMap((one) => callersOf(one).map((caller) => ({ ...caller, domain: one.domain })));
  return found(rows, listText(callers));
}

/** What users have asked of a domain, the latest first: the usual number, or all since this time. */
async function auditOf(edge: OperatorClient, domain: string, since: number | undefined) {
  const path = "GET /domains/{domain}/audit";
  if (since === undefined) return (await edge.ask(path, { domain }, { query: { limit: USUAL } })).entries;
  const entries: ApiAnswer<typeof path>["entries"][number][] = [];
  for await (const page of edge.pages(path, { domain }, { query: { limit: 1_000 } })) {
    const wanted = page.entries.filter(({ at }) => at >= since);
    entries.push(...wanted);
    if (wanted.length < page.entries.length) break;
  }
  return entries;
}

async function findText(edge: OperatorClient, text: string, options: Options) {
  const asks = { text, limit: USUAL };
  const domains = await edge.domains(options.domain);
  const pages = await edge.ofEach(domains, async (domain) => [
    await edge.ask("POST /domains/{domain}/find", { domain }, { asks }),
  ]);
  const conferences = pages.flatMap(({ domain, ...page }) => page.conferences.map((one) => ({ ...one, domain })));
  const lines = latestFirst(pages.flatMap(({ domain, ...page }) => page.lines.map((one) => ({ ...one, domain }))));
  const warning = [...new Set(pages.flatMap(warningsOf))].join("\n");
  const failed = conferences.length + lines.length === 0;
  return found(
    { conferences, lines },
    (shown, now, screen) => {
      const ofLines = shown.lines.length === 0 ? [] : listText(personLines)(shown.lines, now, screen);
      if (shown.conferences.length === 0) return failed ? foundConferences.none : ofLines;
      const ofConferences = listText(foundConferences)(shown.conferences, now, screen);
      return ofLines.length === 0 ? ofConferences : [...ofConferences, "", ...ofLines];
    },
    { warning, failed },
  );
}

/** Calls that go on, then the latest first, as the API has them of one domain. */
function latestFirst<Line extends Found["lines"][number]>(lines: readonly Line[]): Line[] {
  const isNow = ({ what }: Line) => what === "inside" || what === "being-called";
  const timeOf = (line: Line) => (isNow(line) ? Number.MAX_SAFE_INTEGER : (line.to ?? line.from ?? 0));
  return lines.toSorted((one, other) => timeOf(other) - timeOf(one));
}

function warningsOf({ lines, next, people }: Found): readonly string[] {
  const isMasked = people === "none" || (people === "masked" && lines.length > 0);
  const warnings = [
    isMasked ? peopleWords[people] : null,
    next === null ? null : `There are more than these ${USUAL} of a domain: see \`bridgehead records --number\`.`,
  ];
  return warnings.filter((text) => text !== null);
}

const styles = { good: "green", warn: "yellow", bad: "red", dim: "dim", plain: null } as const satisfies Record<
  Tone,
  unknown
>;

/** Prints a list as its view has it, with the domain of each row if there are several. */
export function listText<Row>(view: View<Row>, none = `${view.none[0]}.`) {
  return (rows: readonly OfDomain<Row>[], now: number, screen: Screen): readonly string[] => {
    if (rows.length === 0) return [none];
    const isOne = new Set(rows.map(({ domain }) => domain)).size < 2;
    const columns = view.columns.filter(({ only }) => only !== "console");
    return table<OfDomain<Row>>(
      [
        { title: "DOMAIN", text: ({ domain }) => (isOne ? "" : domain), cut: true },
        ...columns.map(
          ({ title, cell, long }, index): Column<OfDomain<Row>> => ({
            title: title.toUpperCase(),
            text: (row) =>
              partsOf(cell(row))
                .map((part) => partText(part, row.domain, now, screen))
                .join(", "),
            style: (row) => (index === 0 ? "bold" : styleOf(partsOf(cell(row)))),
            ...(long && { cut: true }),
          }),
        ),
      ],
      rows,
      screen,
    );
  };
}

function partText(part: Part, domain: string, now: number, { times }: Screen): string {
  if (typeof part !== "object") return String(part);
  if ("at" in part) return times.second(part.at, domain);
  if ("ago" in part) return fromNow(Math.min(part.ago, now), now);
  return "ms" in part ? duration(part.ms) : part.text;
}

function styleOf(parts: readonly Part[]) {
  const tones = parts.map((part) => (typeof part === "object" && "text" in part && part.tone) || "plain");
  return styles[(["bad", "warn", "good", "dim"] as const).find((tone) => tones.includes(tone)) ?? "plain"];
}
