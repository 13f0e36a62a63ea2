import { type Terminal, wordsOf, wrapped } from "../foundation/table.ts";
import { bareHost } from "../foundation/text/bare-host.ts";
import { numberMatcher } from "../foundation/text/spelled.ts";
import { exactText, sentenceIn, shownTime } from "../foundation/time/shown-time.ts";
import type { LineOutcome, TimelineLine } from "../rpc/timeline.ts";
import { millisecondsText } from "./view.ts";

/** Lines with one cause: a request, an event or a deadline, and its effects. */
export type Block = readonly [TimelineLine, ...TimelineLine[]];

/** The blocks by start. A line with several causes is in several blocks. */
export function blocksOf(lines: readonly TimelineLine[]): readonly Block[] {
  const blocks = new Map<string, TimelineLine[]>();
  for (const line of lines) for (const name of line.blocks) blocks.set(name, [...(blocks.get(name) ?? []), line]);
  const inOrder = (one: TimelineLine, other: TimelineLine) => one.at - other.at || one.seq - other.seq;
  const sorted = [...blocks.values()].map((block) => block.toSorted(inOrder) as [TimelineLine, ...TimelineLine[]]);
  return sorted.sort(([one], [other]) => inOrder(one, other));
}

/** The lines about this call, named by its id, by WebEx's name or by a number in any spelling. */
export function linesOfCall(lines: readonly TimelineLine[], call: string): readonly TimelineLine[] {
  const isNumber = numberMatcher(call);
  const isNamed = ({ facts: { extCallId, number = "" } }: TimelineLine) =>
    extCallId === call || (number !== "" && isNumber(number));
  const calls = new Set([call, ...lines.filter(isNamed).flatMap((line) => line.calls)]);
  return lines.filter((line) => isNamed(line) || line.calls.some((one) => calls.has(one)));
}

/** True if the line says that something went wrong. */
export function isWrong({ facts: { result = "ok", actionResult = "ok", outcome = "done" } }: TimelineLine): boolean {
  return result !== "ok" || actionResult !== "ok" || !fine.has(outcome);
}

const fine: ReadonlySet<string> = new Set<LineOutcome>(["done", "entered", "confirmed", "not-due"]);
/** What differs by its purpose alone, or is said in words. */
const hiddenFacts: ReadonlySet<string> = new Set(["commandId", "action", "command", "outcome", "refusal"]);

export function wayText({ from, to }: TimelineLine): string {
  const sides = from === to ? [from] : [from, to];
  return sides.map((side) => (side === "webex" ? "WebEx" : side)).join(" → ");
}

type ShownFact = readonly [name: string, text: string];

export function factsOf({ at, facts }: TimelineLine, zone: string): readonly ShownFact[] {
  return Object.entries(facts).flatMap(([name, value]): ShownFact[] => {
    if (hiddenFacts.has(name)) return [];
    if (name === "afterMs") return [[name, `after ${millisecondsText(Number(value))}`]];
    if (name === "nextAt") return [[name, `next=${shownTime(Date.parse(value), zone).exact}`]];
    const text = name === "host" ? bareHost(value) : sentenceIn(zone, value, at);
    return [[name, `${name}=${/[\s="]/.test(text) ? JSON.stringify(text) : text}`]];
  });
}

interface TextOptions extends Terminal {
  readonly zone: string;
  readonly host?: string;
}

/** Columns of a time, of who → who, and between columns. */
const TIME = "2026-11-21 02:40:00.000".length;
const WAY = "WebEx → edge".length + 1;
const GAP = "  ";

/** A timeline as text: an empty line before each block, and times since its first line. A server is named when it changes. */
export function timelineText(lines: readonly TimelineLine[], options: TextOptions): string[] {
  const { zone, width, style } = options;
  let server = options.host;
  const indent = `${" ".repeat(TIME)}${GAP}  `;
  const below = (words: readonly string[]) =>
    wrapped(words, width - indent.length).map((text) => indent + style("dim", text));

  const blockText = (block: Block): string[] => {
    const latest = new Map<string, string>();
    return block.flatMap((line, index) => {
      const { host = server } = line.facts;
      const all = factsOf(line, zone).filter(([name]) => name !== "host" || host !== server);
      server = host;
      const isNew = ([name, text]: ShownFact) => latest.get(name) !== text;
      // Masked numbers and attendee IDs of two callers can look alike.
      const isOther = all.some((fact) => (fact[0] === "msgId" || fact[0] === "call") && isNew(fact));
      const facts = all.filter((fact) => isNew(fact) || !isRepeated(fact[0], line, isOther)).map(([, text]) => text);
      for (const [name, text] of all) latest.set(name, text);
      const since = `+${millisecondsText(line.at - block[0].at)}`.padStart(TIME);
      const time = index === 0 ? exactText(line.at, zone) : style("dim", since);
      const tone = isWrong(line) ? "red" : index === 0 ? "bold" : null;
      const head = [time, wayText(line).padEnd(WAY), tone ? style(tone, line.what) : line.what].join(GAP);
      const why = line.why === undefined ? [] : below(wordsOf(sentenceIn(zone, line.why, line.at)));
      const room = width - TIME - WAY - 3 * GAP.length - line.what.length;
      const inline = facts.join(" ");
      if (inline.length > room) return [head, ...below(facts), ...why];
      return [inline === "" ? head : `${head}${GAP}${style("dim", inline)}`, ...why];
    });
  };
  return blocksOf(lines).flatMap((block) => ["", ...blockText(block)]);
}

/** True for a fact that an earlier line of the block already shows. A Confirmation always names its document. */
function isRepeated(name: string, { facts: { msgId } }: TimelineLine, isOther: boolean): boolean {
  if (/^(number|did|attendeeId)$/.test(name)) return !isOther;
  return /^(msgId|extCallId|call|room|subConfId)$/.test(name) || (msgId !== undefined && name === "transId");
}
