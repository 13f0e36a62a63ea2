import type { Command } from "commander";
import type { Column } from "../../src/foundation/table.ts";
import { peopleWords } from "../../src/foundation/text/people-shown.ts";
import type { FoundAnswer } from "../../src/http/api/find.ts";
import { gapTexts, lineOfPromptCall, notSearchedText } from "../../src/records/person-line.ts";
import type { Screen } from "../shown-times.ts";
import { answer, examples, found, type Options, question } from "./ask-edge.ts";
import { listText, topicText } from "./views.ts";

/** Lines for people; `--json` has as many of each domain. */
const USUAL = 100;
/** Calls at the prompt of one number. */
const MOST_OF_NUMBER = 1_000;

type NamedConference = FoundAnswer["conferences"][number];
type CallLine = FoundAnswer["lines"][number];
type OfDomain<Of> = Of & { readonly domain: string };

/** The commands that find whatever a number, a name or an id stands for. */
export function addFind(program: Command): void {
  question(
    program,
    "find <text...>",
    "whatever a text names: conferences by key, ExtConfID, name (of a sub-conference too) or message, and people by number, attendee ID or call",
  )
    .option("--journals", "also digits that WebEx gave to a message, which are a number of a telephone as a rule")
    .addHelpText("after", examples("find 555 123 456", "find 408-555-0123", "find berth planning"))
    .action((words: readonly string[], { journals, ...options }: Options & { readonly journals?: true }) =>
      answer(options, async (edge) => {
        const asks = { text: words.join(" "), limit: USUAL, journals: journals && 1 };
        const conferences: OfDomain<NamedConference>[] = [];
        const lines: OfDomain<CallLine>[] = [];
        const warnings = new Set<string>();
        for (const domain of await edge.domains(options.domain)) {
          const page = await edge.ask("POST /domains/{domain}/find", { domain }, { asks });
          conferences.push(...page.conferences.map((one) => ({ domain, ...one })));
          lines.push(...page.lines.map((one) => ({ domain, ...one })));
          for (const warning of warningsOf(page)) warnings.add(warning);
        }
        const data = { conferences, lines: latestFirst(lines) };
        const failed = conferences.length + lines.length === 0;
        return found(data, (shown, _, screen) => foundText(shown, screen), { ...warned(warnings), failed });
      }),
    );

  question(program, "number <number...>", "what happened to a telephone number in all conferences, the latest first")
    .addHelpText("after", examples("number 14085550123", "number 408-555-0123 --json"))
    .action((parts: readonly string[], options: Options) =>
      answer(options, async (edge) => {
        const number = parts.join(" ");
        const warnings = new Set<string>();
        const lines = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
          const asks = { number, limit: USUAL };
          const page = await edge.ask("POST /domains/{domain}/numbers", { domain }, { asks });
          for (const warning of warningsOf(page)) warnings.add(warning);
          return page.lines;
        });
        const failed = lines.length === 0;
        return found(latestFirst(lines), (shown, _, screen) => linesText(shown, screen), {
          ...warned(warnings),
          failed,
        });
      }),
    );

  question(
    program,
    "prompt-calls",
    "calls at the prompt that were not led in at once, of all numbers, the latest first",
  )
    .option("--number <number>", `those of this number alone, ${MOST_OF_NUMBER} at most`)
    .addHelpText("after", examples("prompt-calls", "prompt-calls --number 408-555-0123"))
    .action(({ number, ...options }: Options & { readonly number?: string }) =>
      answer(options, async (edge) => {
        const warnings = new Set<string>();
        const lines = await edge.ofEach(await edge.domains(options.domain), async (domain) => {
          const limit = number === undefined ? USUAL : MOST_OF_NUMBER;
          const page = await edge.ask("POST /domains/{domain}/prompt-calls", { domain }, { asks: { number, limit } });
          if (page.next !== null) warnings.add(`there are more than these ${limit} of a domain`);
          return page.calls.map(lineOfPromptCall);
        });
        const shown = (all: typeof lines, _: number, screen: Screen) => linesText(all, screen, "no call is there");
        return found(latestFirst(lines), shown, warned(warnings));
      }),
    );
}

/** Of several domains: those of now, and then the latest first, as the API has them of one. */
function latestFirst<Line extends Pick<CallLine, "what" | "from" | "to">>(lines: readonly Line[]): Line[] {
  const isNow = ({ what }: Line) => what === "inside" || what === "being-called";
  const placeOf = (line: Line) => (isNow(line) ? Number.MAX_SAFE_INTEGER : (line.to ?? line.from ?? 0));
  return lines.toSorted((one, other) => placeOf(other) - placeOf(one));
}

const inJournalsToo = "`bridgehead find TEXT --journals` looks there, one search at a time.";

function warningsOf({ lines, next, people, journals, ...gaps }: Omit<FoundAnswer, "conferences">): readonly string[] {
  const isSaid = people === "none" || (people === "masked" && lines.length > 0);
  const notSearched = notSearchedText(journals);
  return [
    ...gapTexts(gaps),
    ...(notSearched === null ? [] : [journals?.searched === 0 ? `${notSearched} ${inJournalsToo}` : notSearched]),
    ...(isSaid ? [peopleWords[people]] : []),
    ...(next === null
      ? []
      : [
          `there is more than these ${USUAL} of a domain: \`bridgehead records --number\` has all calls that are over, \`prompt-calls --number\` those at the prompt`,
        ]),
  ];
}

function warned(warnings: ReadonlySet<string>): { readonly warning?: string } {
  return warnings.size === 0 ? {} : { warning: [...warnings].join("\n") };
}

interface AllFound {
  readonly conferences: readonly OfDomain<NamedConference>[];
  readonly lines: readonly OfDomain<CallLine>[];
}

function foundText({ conferences, lines }: AllFound, screen: Screen): readonly string[] {
  if (conferences.length + lines.length === 0)
    return [
      "Nothing found. Check the digits, or try a part of the meeting's name, of two letters or more.",
      "It also finds calls that ring now.",
    ];
  return [
    ...(conferences.length > 0 ? listText("", conferenceColumns(screen), conferences, screen) : []),
    ...(conferences.length > 0 && lines.length > 0 ? [""] : []),
    ...(lines.length > 0 ? linesText(lines, screen) : []),
  ];
}

const conferenceColumns = ({ times }: Screen): readonly Column<OfDomain<NamedConference>>[] => [
  { title: "CONFERENCE", text: ({ key }) => key, style: () => "bold" },
  { title: "STATE", text: ({ state }) => state, style: ({ state }) => (state === "over" ? "dim" : null) },
  { title: "TOPIC", text: topicText, cut: true },
  { title: "FOUND BY", text: foundByText, cut: true },
  { title: "SINCE, OR OVER AT", text: ({ at, domain }) => (at === null ? "" : times.second(at, domain)) },
];

function foundByText({ by, room, row }: NamedConference): string {
  return `${by}${room === undefined ? "" : ` ${room}`}${row === undefined ? "" : `, row ${row}`}`;
}

function linesText(
  lines: readonly OfDomain<CallLine>[],
  screen: Screen,
  none = "nothing is known of this number: look at each digit. Callers whom a full bridge turned away, and call-outs into conferences that were not there, are not known either",
): readonly string[] {
  // A column of which nothing is known would take the place of others.
  const columns = lineColumns(screen).filter(({ text }) => lines.some((line) => text(line) !== ""));
  return listText(none, columns, lines, screen);
}

const lineColumns = ({ times }: Screen): readonly Column<OfDomain<CallLine>>[] => [
  { title: "WHEN", text: ({ from, to, domain }) => toTime(times, from ?? to, domain) },
  { title: "UNTIL", text: ({ what, to, domain }) => (what === "inside" ? "now" : toTime(times, to, domain)) },
  { title: "WHAT", text: ({ what }) => whatText[what], style: ({ what }) => styles[what] ?? null },
  { title: "CONFERENCE", text: ({ conference }) => conference ?? "no conference", style: () => "bold" },
  { title: "TOPIC", text: topicText, cut: true },
  { title: "NUMBER", text: ({ number }) => number || "withheld" },
  { title: "ATTENDEE", text: ({ attendeeId }) => attendeeId, cut: true },
  { title: "WHY", text: ({ why }) => why, cut: true },
  { title: "CALL", text: ({ call }) => call, style: () => "dim", cut: true },
];

function toTime(times: Screen["times"], at: number | null, domain: string): string {
  return at === null ? "" : times.second(at, domain);
}

const whatText: Readonly<Record<CallLine["what"], string>> = {
  inside: "in now",
  "being-called": "being called",
  left: "was in",
  "not-reached": "not reached",
  "not-let-in": "not let in",
  "at-prompt": "at the prompt",
};

const styles: Readonly<Partial<Record<CallLine["what"], "green" | "red" | "yellow">>> = {
  inside: "green",
  "not-reached": "yellow",
  "not-let-in": "red",
};
