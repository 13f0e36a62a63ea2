import type { BridgeAct } from "../src/bridge/driving.ts";
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
  | BridgeAct
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

/** Tasks with the same topic run in order; `null` waits for all before it and holds up all behind it. */
export function topicOf(work: Work): string | null {
  if ("call" in work) return `call ${work.call}`;
  switch (work.type) {
    case "not-understood":
      return work.type;
    case "lock":
    case "unlock":
      return "lock";
    case "report-speakers":
    case "stop-reporting-speakers":
      return "speakers";
    default:
      return null;
  }
}

const undoneBy: Partial<Record<Work["type"], Work["type"]>> = {
  "create-conference": "end-conference",
  "create-room": "close-room",
  dial: "cancel-dial",
  lock: "unlock",
  move: "move",
  mute: "unmute",
  "report-speakers": "stop-reporting-speakers",
  "stop-reporting-speakers": "report-speakers",
  unlock: "lock",
  unmute: "mute",
};

/** Whether the second one leaves no trace of the first, whatever became of that. */
export function undoes(later: Work, earlier: Work): boolean {
  return undoneBy[earlier.type] === later.type && subjectOf(earlier) === subjectOf(later);
}

function subjectOf(work: Work): string | null {
  if ("call" in work) return work.call;
  return "room" in work ? work.room : null;
}
