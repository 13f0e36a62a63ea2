import type { ConferenceSnapshot } from "../bridge/events.ts";
import { digestOf } from "../bridge/state.ts";
import type { BridgeName } from "../foundation/ids.ts";
import { setLocked } from "./announcements.ts";
import { endCallOut } from "./call-outs.ts";
import { addCaller, applyMuted, removeCaller } from "./callers.ts";
import type { Draft } from "./draft.ts";
import { endAsLost } from "./lifecycle.ts";
import { connectAnswered, resumeTalk } from "./private-talk.ts";
import { applyMove, applyRoomClosed } from "./rooms.ts";
import { setSpeaking } from "./speakers.ts";
import type { ConferenceState } from "./state.ts";

/**
 * Whether a comparison with what the bridge holds would find nothing. While commands are pending their results say what
 * changed, so that counts as no difference.
 */
export function matchesBridge({ head, callers, callOuts, commands }: ConferenceState, digest: string): boolean {
  const isUnderWay = [...commands.values()].some(({ bridge }) => bridge === undefined);
  if (head.phase === "absent" || head.phase === "ended") return isUnderWay;
  if (head.phase === "creating" || head.closing || isUnderWay || callOuts.size > 0) return true;
  const present = [...callers.values()].filter(({ left }) => !left);
  return digest === digestOf({ locked: head.locked, callers: present });
}

/** Ends a conference that is over, or was never wanted, on the conference's bridge or on another. */
export function endAsOver(draft: Draft, bridge?: BridgeName): void {
  draft.repair("over");
  draft.note("the bridge holds a conference that is over: it is ended there");
  const isUnderWay = draft.commands.find(
    (command) => command.bridge === bridge && command.command.type === "end-conference",
  );
  if (!isUnderWay) draft.issue({ type: "end-conference" }, null, bridge === undefined ? {} : { bridge });
}

/**
 * Repairs each difference between the conference and what its bridge holds, as if the event that was missed came now. What a
 * pending command is about to change is left to that command's result.
 */
export function compareWithBridge(draft: Draft, bridge: ConferenceSnapshot | null): void {
  const { head } = draft;
  // A pending creation or end has its own result.
  if (head.phase === "creating" || (head.phase === "running" && head.closing)) return;
  if (bridge === null) {
    if (head.phase === "running") draft.repair("lost");
    return endAsLost(draft);
  }
  if (head.phase !== "running") {
    return endAsOver(draft);
  }
  if (head.locked !== bridge.locked && !draft.isPending("lock", "unlock")) {
    draft.repair("locked");
    setLocked(draft, head, bridge.locked);
  }
  const present = new Map(bridge.callers.map((caller) => [caller.call, caller]));
  for (const caller of draft.callers.values()) {
    if (caller.left || present.has(caller.call) || draft.isBusy(caller.call, "expel")) continue;
    draft.repair("left");
    removeCaller(draft, caller);
  }
  const speaking = new Set(bridge.speaking);
  for (const [call, found] of present) {
    const caller = draft.callers.get(call);
    if (!caller) {
      if (draft.isBusy(call) || draft.callOuts.get(call)) continue;
      draft.repair("entered");
      addCaller(draft, found);
      continue;
    }
    if (caller.muted !== found.muted && !draft.isBusy(call, "mute", "unmute")) {
      draft.repair("muted");
      applyMuted(draft, caller, found.muted);
    }
    const current = draft.callers.get(call);
    if (current && current.room !== found.room && !draft.isBusy(call, "move")) {
      draft.repair("moved");
      applyMove(draft, current, found.room, null, { done: true });
    }
    if (head.speech && head.speech.speaking.includes(call) !== speaking.has(call)) {
      draft.repair("speaking");
      setSpeaking(draft, call, speaking.has(call));
    }
  }
  resumeTalk(draft);
  const rooms = new Set(bridge.rooms.map(({ id }) => id));
  for (const room of draft.rooms.values()) {
    if (rooms.has(room.room) || draft.isPending("create-room", "close-room")) continue;
    draft.repair("room");
    applyRoomClosed(draft, room, { done: true });
  }
  const dialled = new Map(bridge.dialled.map((one) => [one.call, one]));
  for (const callOut of draft.callOuts.values()) {
    const found = dialled.get(callOut.call);
    if (found?.answered) connectAnswered(draft, callOut);
    else if (!found && !present.has(callOut.call) && !draft.isBusy(callOut.call)) {
      draft.repair("call-out");
      endCallOut(draft, callOut, "refused");
    }
  }
  for (const { call, answered } of dialled.values()) {
    if (draft.callOuts.get(call) || draft.callers.get(call) || draft.isBusy(call)) continue;
    // Nobody wants this call: an agent gave up its dial without knowing whether it was carried out.
    draft.repair("call-out");
    draft.issue({ type: answered ? "expel" : "cancel-dial", call });
  }
}
