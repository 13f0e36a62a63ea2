import { bareHost } from "../../src/foundation/text/bare-host.ts";
import type { TimelineLine, TimelineSide } from "../../src/rpc/timeline.ts";
import { type Block, blocksOf, isTrouble } from "../../src/timeline/blocks.ts";
import type { Screen } from "../shown-times.ts";
import { duration, wordsOf, wrapped } from "../terminal.ts";
import { conferenceHead, outstandingText } from "./conference.ts";
import type { AgentsOfBridge, ConferenceOfDomain } from "./operator-client.ts";

/** From when to when, in milliseconds since 1970, both included. */
interface Period {
  readonly since: number;
  readonly until: number;
}

/** A conference's timeline, block by block, and what is outstanding now. `none`: what to say if there are no lines. */
export function timelineText(
  conference: ConferenceOfDomain,
  lines: readonly TimelineLine[],
  bridges: readonly AgentsOfBridge[],
  now: number,
  screen: Screen,
  none = "nothing is known of that time",
): readonly string[] {
  const startedAt = new Map<string, number>();
  for (const { from, to, facts, at } of lines) {
    if (from !== "edge") continue;
    if (facts.transId && !startedAt.has(facts.transId)) startedAt.set(facts.transId, at);
    if (to === "bridge" && facts.commandId) startedAt.set(facts.commandId, at);
  }
  const shown = { host: conference.host as string, domain: conference.domain };
  const { agents = null } = bridges.find(({ bridge }) => bridge === conference.bridge) ?? {};
  return [
    ...conferenceHead(conference, now, screen),
    ...(lines.length === 0 ? ["", none] : []),
    ...blocksOf(lines).flatMap((block) => ["", ...blockText(block, shown, screen)]),
    ...outstandingText(conference, { now, agents, startedAt }, screen),
  ];
}

/** The lines of all blocks that were under way in the period. */
export function linesWithin(lines: readonly TimelineLine[], { since, until }: Period): readonly TimelineLine[] {
  const isWithin = (block: Block) => block[0].at <= until && (block.at(-1) ?? block[0]).at >= since;
  const kept = new Set(blocksOf(lines).filter(isWithin).flat());
  return lines.filter((line) => kept.has(line));
}

/** Whose timeline it is, and the server that was named last. */
interface ShownBefore {
  readonly domain: string;
  host: string;
}

function blockText(block: Block, shown: ShownBefore, screen: Screen): string[] {
  const [{ at: beganAt }] = block;
  const latest = new Map<string, string>();
  return block.flatMap((line, index) => {
    const all = factsOf(line, shown, screen);
    const isNew = ([name, text]: Fact) => latest.get(name) !== text;
    // Numbers and attendee IDs of two callers can look alike where they are masked.
    const isOfAnother = all.some((fact) => (fact[0] === "msgId" || fact[0] === "call") && isNew(fact));
    const facts = all.filter((fact) => isNew(fact) || !isRepeated(fact[0], line, isOfAnother)).map(([, text]) => text);
    for (const [name, text] of all) latest.set(name, text);
    const began = screen.times.exact(beganAt, shown.domain);
    const time = index === 0 ? began : screen.style("dim", `+${duration(line.at - beganAt)}`.padStart(TIME));
    const way = line.from === line.to ? names[line.from] : `${names[line.from]} → ${names[line.to]}`;
    const what = isTrouble(line) ? "red" : index === 0 ? "bold" : null;
    const head = [time, way.padEnd(WAY), what ? screen.style(what, line.what) : line.what].join(GAP);
    const indent = `${" ".repeat(TIME)}${GAP}  `;
    const below = (words: readonly string[]) =>
      wrapped(words, screen.width - indent.length).map((text) => indent + screen.style("dim", text));
    const why = line.why === undefined ? [] : below(wordsOf(screen.times.sentence(line.why, shown.domain, line.at)));
    const inline = facts.join(" ");
    const room = screen.width - TIME - WAY - 3 * GAP.length - line.what.length;
    if (inline === "") return [head, ...why];
    if (inline.length > room) return [head, ...below(facts), ...why];
    return [`${head}${GAP}${screen.style("dim", inline)}`, ...why];
  });
}

/** Columns of a time, of who → who, and between columns. */
const TIME = "2026-11-21 02:40:00.000".length;
const WAY = "WebEx → edge".length + 1;
const GAP = "  ";

const names: Readonly<Record<TimelineSide, string>> = {
  webex: "WebEx",
  edge: "edge",
  bridge: "bridge",
  "back end": "back end",
  operator: "operator",
};

type Fact = readonly [name: string, text: string];

/** A server is named where it is another one than before. Commands differ by what they are for; `--json` has their ids. */
function factsOf({ facts }: TimelineLine, shown: ShownBefore, { times }: Screen): readonly Fact[] {
  return Object.entries(facts).flatMap(([name, value]): Fact[] => {
    if (name === "commandId") return [];
    if (name === "afterMs") return [[name, `after ${duration(Number(value))}`]];
    if (name === "nextAt") return [[name, `next=${times.exactClock(Date.parse(value), shown.domain)}`]];
    if (name !== "host") return [[name, `${name}=${/[\s="]/.test(value) ? JSON.stringify(value) : value}`]];
    if (value === shown.host) return [];
    shown.host = value;
    return [[name, `host=${bareHost(value)}`]];
  });
}

/** True for what identifies a line's subject: a line need not say it again. The document of a Confirmation is always said. */
function isRepeated(name: string, { facts: { msgId } }: TimelineLine, isOfAnother: boolean): boolean {
  if (/^(number|did|attendeeId)$/.test(name)) return !isOfAnother;
  return /^(msgId|extCallId|call|room|subConfId)$/.test(name) || (msgId !== undefined && name === "transId");
}
