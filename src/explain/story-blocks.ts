import { fitsNumber } from "../foundation/text/spelled.ts";
import type { StoryLine, StorySide } from "../rpc/story.ts";

/** Who takes part in a conference's story, from left to right as it is drawn: in the console, and at a terminal by the demo. */
export const sideNames: Readonly<Record<StorySide, string>> = {
  webex: "WebEx",
  edge: "Bridgehead",
  bridge: "Bridge",
  "back end": "Back end",
  operator: "Operator",
};

/** Lines that belong together: a request, an event or a deadline, with all that followed from it. */
export type Block = [StoryLine, ...StoryLine[]];

/** The lines in groups of what belongs together, in the order in which they began. */
export function blocksOf(lines: readonly StoryLine[]): readonly Readonly<Block>[] {
  const blocks: Block[] = [];
  const byId = new Map<string, Block>();
  /** One document may carry messages of several blocks. */
  const byDocument = new Map<string, Set<Block>>();
  /** Calls that ring, which what becomes of them belongs to. */
  const dialled = new Map<string, Block>();
  /** The calls of commands. */
  const calls = new Map<string, string>();
  /** What the bridge said of calls in this row. */
  const ofRow = new Map<string, Block>();
  let causeSeq = 0;
  let cause: Block | undefined;
  for (const line of lines) {
    const { from, seq } = line;
    const document = documentOf(line);
    const carried = line.facts.msgId === undefined && document !== null ? byDocument.get(document) : undefined;
    if (carried) {
      for (const block of carried) block.push(line);
      continue;
    }
    const id = idOf(line);
    if (causeSeq !== seq) ofRow.clear();
    // What the edge does follows from what it names, else from the last input of the same row.
    const sameRow = from === "edge" && causeSeq === seq ? cause : undefined;
    const ofCause = from === "edge" && line.by !== undefined ? (byId.get(line.by) ?? ofRow.get(line.by)) : undefined;
    const { call = "" } = line.facts;
    const ofDial = from === "bridge" ? dialled.get(call) : undefined;
    if (ofDial) dialled.delete(call);
    let block = (id === null ? undefined : byId.get(id)) ?? ofDial ?? ofCause ?? sameRow;
    if (block) block.push(line);
    else {
      block = [line];
      blocks.push(block);
    }
    if (id !== null && !byId.has(id)) byId.set(id, block);
    if (id !== null && call !== "") calls.set(id, call);
    const about = call || (id !== null && calls.get(id));
    if (from === "bridge" && about) ofRow.set(`call ${about}`, block);
    if (line.what === "dial") dialled.set(call, block);
    if (document !== null) byDocument.set(document, (byDocument.get(document) ?? new Set()).add(block));
    if (from !== "edge" || causeSeq !== seq) [causeSeq, cause] = [seq, block];
  }
  const inOrder = (one: StoryLine, other: StoryLine) => one.at - other.at || one.seq - other.seq;
  return blocks.map((block) => block.toSorted(inOrder) as Block).sort(([one], [other]) => inOrder(one, other));
}

export interface StoryCall {
  readonly call: string;
  readonly number: string;
}

/** The calls that lines name, in the order in which they came, and their numbers: so many at most. */
export function callsOf(lines: readonly StoryLine[], most: number): readonly StoryCall[] {
  const calls = new Map<string, string>();
  for (const { facts } of lines) {
    const { call, number = "" } = facts;
    if (call === undefined || (!calls.has(call) && calls.size >= most)) continue;
    calls.set(call, calls.get(call) || number);
  }
  return [...calls].map(([call, number]) => ({ call, number }));
}

/** Lines that belong to this call, by its id or by WebEx's name for it, or to all of one number, with all that followed from them. */
export function linesOfCall(lines: readonly StoryLine[], call: string): readonly StoryLine[] {
  const blocks = blocksOf(lines);
  const namesIn = callNames(lines);
  const ofNumber = callsOf(lines, Number.POSITIVE_INFINITY).filter(
    ({ number }) => number !== "" && fitsNumber(call, number),
  );
  const names = new Set([call, ...ofNumber.map((one) => one.call)]);
  // What stands for one call: the names in one line, and those in a block that is about one call alone.
  const alike = [...lines.map(namesIn), ...blocks.flatMap(onlyCallIn)].filter(({ length }) => length > 1);
  for (let known = 0; known < names.size; ) {
    known = names.size;
    for (const some of alike) if (some.some((name) => names.has(name))) for (const name of some) names.add(name);
  }
  const isAbout = (line: StoryLine) => namesIn(line).some((name) => names.has(name));
  const kept = new Set(blocks.filter((block) => block.some(isAbout)).flat());
  return lines.filter((line) => kept.has(line) && (namesIn(line).length === 0 || isAbout(line)));
}

/** By what a line names calls: their ids, and WebEx's names for them. */
function callNames(lines: readonly StoryLine[]): (line: StoryLine) => readonly string[] {
  /** By the ids of the messages that were about them. */
  const byMessage = new Map<string, Set<string>>();
  const note = (id: string | null, name: string | undefined) => {
    if (id !== null && name !== undefined) byMessage.set(id, (byMessage.get(id) ?? new Set()).add(name));
  };
  for (const line of lines) note(idOf(line), line.facts.extCallId);
  for (const row of Map.groupBy(lines, ({ seq }) => seq).values()) {
    const entered = row.filter(({ from, what }) => from === "bridge" && what === "caller-entered");
    const notified = row.filter(({ what }) => what === "A2W_NotifyUserEnter");
    // WebEx is notified of them in the order in which they came.
    if (entered.length === notified.length)
      for (const [at, line] of notified.entries()) note(idOf(line), entered[at]?.facts.call);
  }
  return (line) => {
    const { call, extCallId } = line.facts;
    const own = [call, extCallId].filter((name) => name !== undefined);
    return [...new Set([...own, ...(byMessage.get(idOf(line) ?? "") ?? [])])];
  };
}

/** The id and WebEx's name of the call that a block is about, if it is about one. */
function onlyCallIn(block: readonly StoryLine[]): readonly (readonly string[])[] {
  const ids = new Set(block.flatMap(({ facts }) => facts.call ?? []));
  const extCallIds = new Set(block.flatMap(({ facts }) => facts.extCallId ?? []));
  return ids.size === 1 && extCallIds.size === 1 ? [[...ids, ...extCallIds]] : [];
}

/** By what a line belongs to others; `null`: by nothing of its own. Both ends number their own messages. */
export function idOf({ what, from, facts: { commandId, msgId, action } }: StoryLine): string | null {
  if (from === "operator" && action) return `action ${action}`;
  if (commandId) return `command ${commandId}`;
  if (!msgId) return null;
  const isOfWebex = /^(W2A_(?!Rsp)|A2W_Rsp)/.test(what);
  return `${isOfWebex ? "request" : "notification"} ${msgId}`;
}

/** The document of ours that a line is about. */
function documentOf({ from, what, facts: { transId } }: StoryLine): string | null {
  return transId && (from === "edge" || what === "confirmed") ? transId : null;
}

/** Whether it says that something went wrong: it, or what it answers. */
export function isTrouble({ what, facts: { result = "ok", actionResult = "ok" } }: StoryLine): boolean {
  if (result !== "ok" || actionResult !== "ok") return true;
  return /^(not delivered|given up|dropped|ended, since)|: (refused|no result)/.test(what);
}
