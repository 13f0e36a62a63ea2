import { type Block, blocksOf, isTrouble } from "../../src/explain/story-blocks.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { Explanation, StoryLine, StorySide } from "../../src/rpc/story.ts";
import type { Screen } from "../shown-times.ts";
import { duration, wrapped } from "../terminal.ts";
import { conferenceHead, outstandingText } from "./conference.ts";
import type { AgentsOfBridge, ConferenceOfDomain } from "./operator-client.ts";

/** From when to when, in milliseconds since 1970, both included. */
interface Period {
  readonly since: number;
  readonly until: number;
}

/** A conference's story for people: what happened in a period, block by block, and what is outstanding now. */
export function storyText(
  conference: ConferenceOfDomain,
  lines: readonly StoryLine[],
  bridges: readonly AgentsOfBridge[],
  now: number,
  screen: Screen,
  period: Period = { since: 0, until: Number.POSITIVE_INFINITY },
): readonly string[] {
  const startedAt = new Map<string, number>();
  for (const { from, to, facts, at } of lines) {
    if (from !== "edge") continue;
    if (facts.transId && !startedAt.has(facts.transId)) startedAt.set(facts.transId, at);
    if (to === "bridge" && facts.commandId) startedAt.set(facts.commandId, at);
  }
  const shown = { host: conference.host as string, domain: conference.domain };
  const { agents = null } = bridges.find(({ bridge }) => bridge === conference.bridge) ?? {};
  const within = blocksOf(lines).filter((block) => isWithin(block, period));
  return [
    ...conferenceHead(conference, now, screen),
    ...(within.length === 0 ? ["", "nothing is known of that time"] : []),
    ...within.flatMap((block) => ["", ...blockText(block, shown, screen)]),
    ...outstandingText(conference, { now, agents, startedAt }, screen),
  ];
}

/** The lines of all blocks that were under way in the period. */
export function linesWithin(lines: readonly StoryLine[], period: Period): readonly StoryLine[] {
  const kept = new Set(
    blocksOf(lines)
      .filter((block) => isWithin(block, period))
      .flat(),
  );
  return lines.filter((line) => kept.has(line));
}

function isWithin(block: Readonly<Block>, { since, until }: Period): boolean {
  const [first] = block;
  return first.at <= until && (block.at(-1) ?? first).at >= since;
}

/** Whose story it is, and the server that was named last. */
interface ShownBefore {
  readonly domain: string;
  host: string;
}

function blockText(block: Readonly<Block>, shown: ShownBefore, screen: Screen): string[] {
  const [{ at: beganAt }] = block;
  const facts = new Set<string>();
  /** What was said last of each name. */
  const latest = new Map<string, string>();
  return block.flatMap((line, index) => {
    const time =
      index === 0 ? screen.times.exact(beganAt, shown.domain) : `+${duration(line.at - beganAt)}`.padStart(TIME);
    const way = line.from === line.to ? names[line.from] : `${names[line.from]} → ${names[line.to]}`;
    const all = factsOf(line, shown, screen);
    const isOfAnother = all.some((fact) => /^(msgId|call)=/.test(fact) && !facts.has(fact));
    const isSaid = (fact: string) => facts.has(fact) && (latest.get(nameIn(fact)) ?? fact) === fact;
    const fresh = all.filter((fact) => !isSaid(fact) || !isRepeated(fact, line, isOfAnother));
    for (const fact of all) {
      facts.add(fact);
      if (nameIn(fact) === "call" || nameIn(fact) === "extCallId") latest.set(nameIn(fact), fact);
    }
    const room = screen.width - TIME - GAP - WAY - GAP;
    const what = isTrouble(line)
      ? screen.style("red", line.what)
      : index === 0
        ? screen.style("bold", line.what)
        : line.what;
    const head = `${index === 0 ? time : screen.style("dim", time)}${" ".repeat(GAP)}${way.padEnd(WAY)}${" ".repeat(GAP)}${what}`;
    const inline = fresh.join(" ");
    if (inline === "") return head;
    if (line.what.length + GAP + inline.length <= room)
      return `${head}${" ".repeat(GAP)}${screen.style("dim", inline)}`;
    const indent = " ".repeat(TIME + GAP + 2);
    const below = wrapped(fresh, screen.width - indent.length);
    return [head, ...below.map((text) => indent + screen.style("dim", text))];
  });
}

/** Columns of a time, of who → who, and between columns. */
const TIME = "2026-11-21 02:40:00.000".length;
const WAY = "WebEx → edge".length + 1;
const GAP = 2;

const names: Readonly<Record<StorySide, string>> = {
  webex: "WebEx",
  edge: "edge",
  bridge: "bridge",
  "back end": "back end",
  operator: "operator",
};

function nameIn(fact: string): string {
  return fact.slice(0, fact.indexOf("="));
}

/** A server is named where it is another one than before. Commands differ by what they are for; `--json` has their ids. */
function factsOf({ facts }: StoryLine, shown: ShownBefore, { times }: Screen): string[] {
  return Object.entries(facts).flatMap(([name, value]) => {
    if (name === "commandId") return [];
    if (name === "afterMs") return `after ${duration(Number(value))}`;
    if (name === "nextAt") return `next=${times.exactClock(Date.parse(value), shown.domain)}`;
    if (name !== "host") return `${name}=${/[\s="]/.test(value) ? JSON.stringify(value) : value}`;
    if (value === shown.host) return [];
    shown.host = value;
    return `host=${bareHost(value)}`;
  });
}

/**
 * What and whom a line is about, which the lines before in its block may have said. Which document is confirmed is always said, and so are
 * number and attendee ID on the first line about a caller: another one may have the same, or look so where they are masked.
 */
function isRepeated(fact: string, { facts: { msgId } }: StoryLine, isOfAnother: boolean): boolean {
  if (/^(number|did|attendeeId)=/.test(fact)) return !isOfAnother;
  return /^(msgId|extCallId|call|room|subConfId)=/.test(fact) || (!!msgId && /^transId=/.test(fact));
}

const INDENT = "  ";
/** For people; the latest. */
const MOST_ANSWERS = 200;

/** Answers for people: when, the question, the answer, and the rows of the journal that prove it. */
export function whyText(
  conference: ConferenceOfDomain,
  answers: readonly Explanation[],
  now: number,
  screen: Screen,
): readonly string[] {
  const { domain } = conference;
  const sentence = (text: string, at: number) => screen.times.sentence(text, domain, at);
  const older = answers.length - MOST_ANSWERS;
  const left = `${counted(older, "earlier answer")} left out: --since, --until and --call ask for less, --json has all`;
  const sentences = answers
    .slice(-MOST_ANSWERS)
    .flatMap(({ at, question, answer, rows }) => [
      "",
      ...wrapped(`${screen.times.exact(at, domain)}  ${sentence(question, at)}`.split(" "), screen.width).map((line) =>
        screen.style("bold", line),
      ),
      ...wrapped(sentence(answer, at).split(" "), screen.width - INDENT.length).map((line) => INDENT + line),
      INDENT + screen.style("dim", proof(rows)),
    ]);
  return [
    ...conferenceHead(conference, now, screen),
    ...(older > 0 ? ["", ...wrapped(left.split(" "), screen.width)] : []),
    ...(sentences.length > 0 ? sentences : ["", "nothing needs an explanation"]),
  ];
}

function proof(rows: Explanation["rows"]): string {
  const seqs = rows.map(({ seq }) => seq).join(", ");
  return `${rows.length === 1 ? "row" : "rows"} ${seqs} of the journal`;
}
