import { numberMatcher } from "../foundation/text/spelled.ts";
import type { TimelineLine, TimelineSide } from "../rpc/timeline.ts";

/** The sides of a timeline, from left to right. */
export const sideNames: Readonly<Record<TimelineSide, string>> = {
  webex: "WebEx",
  edge: "Bridgehead",
  bridge: "Bridge",
  "back end": "Back end",
  operator: "Operator",
};

/** Lines with one cause: a request, an event or a deadline, with all that followed from it. */
export type Block = readonly [TimelineLine, ...TimelineLine[]];

/** The blocks in the order in which they began. A line with several causes is in each of their blocks. */
export function blocksOf(lines: readonly TimelineLine[]): readonly Block[] {
  const blocks = new Map<string, TimelineLine[]>();
  for (const line of lines) for (const name of line.blocks) blocks.set(name, [...(blocks.get(name) ?? []), line]);
  const inOrder = (one: TimelineLine, other: TimelineLine) => one.at - other.at || one.seq - other.seq;
  const sorted = [...blocks.values()].map((block) => block.toSorted(inOrder) as [TimelineLine, ...TimelineLine[]]);
  return sorted.sort(([one], [other]) => inOrder(one, other));
}

export interface TimelineCall {
  readonly call: string;
  readonly number: string;
}

/** The first `most` calls that lines name, with their numbers. */
export function callsOf(lines: readonly TimelineLine[], most: number): readonly TimelineCall[] {
  const calls = new Map<string, string>();
  for (const { facts } of lines) {
    const { call, number = "" } = facts;
    if (call === undefined || (!calls.has(call) && calls.size >= most)) continue;
    calls.set(call, calls.get(call) || number);
  }
  return [...calls].map(([call, number]) => ({ call, number }));
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
export function isTrouble({ what, facts: { result = "ok", actionResult = "ok" } }: TimelineLine): boolean {
  if (result !== "ok" || actionResult !== "ok") return true;
  return /^(not |undelivered|dropped|withdrawn|waits|lost)|: (refused|no result)/.test(what);
}
