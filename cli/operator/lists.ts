import type { Command } from "commander";
import { type Column, table } from "../../src/foundation/table.ts";
import { peopleWords } from "../../src/foundation/text/people-shown.ts";
import { gapTexts, lineOfPromptCall, notSearchedText } from "../../src/records/person-line.ts";
import { agentsOf, bridgeAgents } from "../../src/views/bridges.ts";
import { callers, callersOf, personLines } from "../../src/views/calls.ts";
import { foundConferences, runningConferences } from "../../src/views/conferences.ts";
import { audit, serversOf, tspServers } from "../../src/views/domain.ts";
import { type Part, partsOf, type Tone, type View } from "../../src/views/view.ts";
import type { ApiAnswer } from "../edge/edge-api.ts";
import type { Screen } from "../shown-times.ts";
import { duration, fromNow } from "../terminal.ts";
import { answer, clockTimeText, examples, found, type Options, periodOf, question } from "./ask-edge.ts";
import type { OperatorClient } from "./operator-client.ts";

/** Rows of each domain for people; an export has all. */
export const USUAL = 100;

type OfDomain<Row> = Row & { readonly domain: string };
type FoundLines = Omit<ApiAnswer<"POST /domains/{domain}/find">, "conferences">;

/** The commands that list something. */
export function addLists(program: Command): void {
  question(program, "conferences", "List the running conferences, the latest first")
    .option("--begins <digits>", "only those whose key begins with these digits")
    .option("--number <number>", "only those with a caller of this number")
    .option("--attendee-id <id>", "only those with a caller of this attendee ID")
    .addHelpText("after", examples("conferences", "conferences --number +14085551234"))
    .action((options: SearchOptions) => answer(options, (edge) => conferencesOf(edge, options)));

  question(program, "calls", "List all callers of running conferences").action((options: Options) =>
    answer(options, async (edge) => {
      const conferences = await edge.conferences(await edge.domains(options.domain));
      const rows = conferences.flatMap((one) => callersOf(one).map((caller) => ({ domain: one.domain, ...caller })));
      return found(rows, listText(callers));
    }),
  );

  question(program, "servers", "List the TSP servers: conferences, posts of the last hour, and what waits").action(
    (options: Options) =>
      answer(options, async (edge) => {
        const rows = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
          const activity = await edge.ask("GET /domains/{domain}/activity", { domain });
          return serversOf(activity);
        });
        return found(rows, listText(tspServers));
      }),
  );

  question(program, "agents", "List the agents of each bridge, and whether they reach it").action((options: Options) =>
    answer(options, async (edge) => {
      const bridges = await edge.agents(await edge.domains(options.domain));
      const text = listText(bridgeAgents);
      return found(bridges, (shown, now, screen) => text(shown.flatMap(agentsOf), now, screen));
    }),
  );

  question(program, "audit", `List what users have asked of a domain, refusals too: the latest ${USUAL}`)
    .option("--since <time>", "all since then, such as 2026-11-01, 2026-11-01T02:40 or 02:40", clockTimeText)
    .addHelpText("after", examples("audit", "audit --since 2026-11-20 --json"))
    .action((options: Options & { readonly since?: string }) =>
      answer(options, async (edge) => {
        const domains = await edge.domains(options.domain);
        const rows = await edge.ofEach(domains, (domain) =>
          edge.audit(domain, USUAL, periodOf(options, Date.now(), edge.zoneOf(domain)).since),
        );
        return found(
          rows.toSorted((one, other) => other.at - one.at),
          listText(audit),
        );
      }),
    );

  addFind(program);
}

/** The commands that find whatever a number, a name or an ID stands for. */
function addFind(program: Command): void {
  question(program, "find <text...>", "Find conferences and callers by a number, key, name or ID")
    .option("--journals", "search journals, too, for digits that may be the ID of a message")
    .addHelpText("after", examples("find 555 123 456", "find 408-555-0123", "find berth planning"))
    .action((words: readonly string[], { journals, ...options }: Options & { readonly journals?: true }) =>
      answer(options, async (edge) => {
        const asks = { text: words.join(" "), limit: USUAL, journals: journals && 1 };
        const warnings = new Set<string>();
        const pages = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
          const page = await edge.ask("POST /domains/{domain}/find", { domain }, { asks });
          for (const warning of warningsOf(page)) warnings.add(warning);
          return [page];
        });
        const conferences = pages.flatMap(({ domain, ...page }) => page.conferences.map((one) => ({ domain, ...one })));
        const lines = latestFirst(
          pages.flatMap(({ domain, ...page }) => page.lines.map((one) => ({ domain, ...one }))),
        );
        const failed = conferences.length + lines.length === 0;
        const more = { ...warned([...warnings]), failed };
        return found(
          { conferences, lines },
          (shown, now, screen) => {
            const ofConferences = listText(foundConferences)(shown.conferences, now, screen);
            if (shown.lines.length === 0) return failed ? foundConferences.none : ofConferences;
            const ofLines = listText(personLines)(shown.lines, now, screen);
            return shown.conferences.length === 0 ? ofLines : [...ofConferences, "", ...ofLines];
          },
          more,
        );
      }),
    );

  question(program, "number <number...>", "Show what happened to a telephone number, the latest first")
    .addHelpText("after", examples("number 14085550123", "number 408-555-0123 --json"))
    .action((parts: readonly string[], options: Options) =>
      answer(options, async (edge) => {
        const asks = { number: parts.join(" "), limit: USUAL };
        const warnings = new Set<string>();
        const rows = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
          const page = await edge.ask("POST /domains/{domain}/numbers", { domain }, { asks });
          for (const warning of warningsOf(page)) warnings.add(warning);
          return page.lines;
        });
        return found(latestFirst(rows), listText(personLines), { ...warned([...warnings]), failed: rows.length === 0 });
      }),
    );

  question(program, "prompt-calls", "List calls in the prompt that were not admitted at once, the latest first")
    .option("--number <number>", "only those of this number")
    .addHelpText("after", examples("prompt-calls", "prompt-calls --number 408-555-0123"))
    .action(({ number, ...options }: Options & { readonly number?: string }) =>
      answer(options, async (edge) => {
        const warnings = new Set<string>();
        const asks = { number, limit: number === undefined ? USUAL : 10 * USUAL };
        const rows = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
          const page = await edge.ask("POST /domains/{domain}/prompt-calls", { domain }, { asks });
          if (page.next !== null) warnings.add(`There are more than these ${asks.limit} of a domain.`);
          return page.calls.map(lineOfPromptCall);
        });
        return found(latestFirst(rows), listText(personLines, "No call in the prompt."), warned([...warnings]));
      }),
    );
}

interface SearchOptions extends Options {
  readonly begins?: string;
  readonly number?: string;
  readonly attendeeId?: string;
}

/** Running conferences from the directories, which wakes none of them; programs get all of each. */
async function conferencesOf(edge: OperatorClient, { begins, number, attendeeId, ...options }: SearchOptions) {
  const domains = await edge.domains(options.domain);
  const isSearch = (begins ?? number ?? attendeeId) !== undefined;
  if (options.json && !isSearch) {
    const conferences = await edge.conferences(domains);
    return found(conferences, () => []);
  }
  const all = await edge.running(domains, { begins, number, attendeeId });
  const running = all.toSorted((one, other) => other.createdAt - one.createdAt);
  if (!options.json) return found(running, listText(runningConferences));
  return found(await Promise.all(running.map(({ domain, key }) => edge.conference(domain, key))), () => []);
}

/** Calls that go on, then the latest first, as the API has them of one domain. */
function latestFirst<Line extends FoundLines["lines"][number]>(lines: readonly Line[]): Line[] {
  const isNow = ({ what }: Line) => what === "inside" || what === "being-called";
  const placeOf = (line: Line) => (isNow(line) ? Number.MAX_SAFE_INTEGER : (line.to ?? line.from ?? 0));
  return lines.toSorted((one, other) => placeOf(other) - placeOf(one));
}

function warningsOf({
  lines,
  next,
  people,
  journals,
  ...gaps
}: FoundLines & Pick<ApiAnswer<"POST /domains/{domain}/find">, "journals">): readonly string[] {
  const notSearched = notSearchedText(journals);
  const isSaid = people === "none" || (people === "masked" && lines.length > 0);
  return [
    ...gapTexts(gaps),
    ...(notSearched === null ? [] : [notSearched]),
    ...(journals?.searched === 0 ? ["`bridgehead find TEXT --journals` searches them."] : []),
    ...(isSaid ? [peopleWords[people]] : []),
    ...(next === null ? [] : [`There are more than these ${USUAL} of a domain: see \`bridgehead records --number\`.`]),
  ];
}

function warned(warnings: readonly string[]): { readonly warning?: string } {
  return warnings.length === 0 ? {} : { warning: warnings.join("\n") };
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
