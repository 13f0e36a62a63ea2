import { undoes as commandUndoes, topicOfCall, topicOf as topicOfCommand } from "../src/bridge/command-rules.ts";
import type { BridgeCommand } from "../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey, EpochMs } from "../src/foundation/ids.ts";

/** One thing to do for a conference, once. */
export interface Task {
  readonly conference: ConfKey;
  readonly id: CommandId;
  /** Who wants it: the edge hears a result, the keypad's doings are told as events. */
  readonly by: "edge" | "keypad";
  readonly work: Work;
  /** When it may be begun, by this machine's clock; absent: at any time. */
  readonly toBegin?: { readonly from: EpochMs; readonly before: EpochMs };
}

export type Work =
  | BridgeCommand
  /** Touches no bridge: it waits its turn among the acts of its call and is then told. */
  | { readonly type: "identify"; readonly call: CallId; readonly attendeeId: string }
  /** An order of a later version, to be refused. */
  | { readonly type: "not-understood" };

/**
 * `taken`: the bridge knows nothing of it. `begun`: the bridge may know. `ringing`: a dial whose result was told and
 * whose call was neither answered nor ended yet. `finished`: kept only to know repeats.
 */
export type TaskPhase = "taken" | "begun" | "ringing" | "finished";

/** A clock that was set back before a restart does not tell how much time has passed: then it is too late as well. */
export function isInTime({ toBegin }: Task, now: EpochMs): boolean {
  return toBegin === undefined || (toBegin.from <= now && now < toBegin.before);
}

/** Commands of one topic run in order; `null` waits for all before it and holds up all behind it. */
export function topicOf(work: Work): string | null {
  if (work.type === "not-understood") return work.type;
  return work.type === "identify" ? topicOfCall(work) : topicOfCommand(work);
}

/** Whether the second one leaves no trace of the first, whatever became of that. */
export function undoes(later: Work, earlier: Work): boolean {
  return isCommand(later) && isCommand(earlier) && commandUndoes(later, earlier);
}

/** Whether it is for the bridge. */
export function isCommand(work: Work): work is BridgeCommand {
  return work.type !== "identify" && work.type !== "not-understood";
}
