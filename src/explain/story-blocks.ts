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
