import type { ConferenceSnapshot } from "../bridge/events.ts";
import { digestOf } from "../bridge/state.ts";
import type { BridgeName } from "../foundation/ids.ts";
import { lockChanged } from "./announcements.ts";
import { failed } from "./call-outs.ts";
import { entered, gone, mutedChanged } from "./callers.ts";
import type { Draft } from "./draft.ts";
import { lostByBridge } from "./lifecycle.ts";
import { pickedUp, resumeTalk } from "./private-talk.ts";
import { moved, roomClosed } from "./rooms.ts";
import { speakingChanged } from "./speakers.ts";
import type { ConferenceState } from "./state.ts";

/**
 * Whether a comparison with what the bridge holds would find nothing. While something is under way it has its own end, and
 * a comparison says little: that counts as no difference.
 */
export function matchesBridge({ head, callers, callOuts, commands }: ConferenceState, digest: string): boolean {
  const isUnderWay = [...commands.values()].some(({ bridge }) => bridge === undefined);
  if (head.phase === "absent" || head.phase === "ended") return isUnderWay;
  if (head.phase === "creating" || head.closing || isUnderWay || callOuts.size > 0) return true;
  const present = [...callers.values()].filter(({ left }) => !left);
  return digest === digestOf({ locked: head.locked, callers: present });
}

/** Ends, on the conference's bridge or another one, what is over or was never wanted there. */
export function endAsOver(draft: Draft, bridge?: BridgeName): void {
  draft.repair("over");
  draft.note("the bridge holds a conference that is over: it is ended there");
  const isUnderWay = draft.commands.find(
    (command) => command.bridge === bridge && command.command.type === "end-conference",
  );
  if (!isUnderWay) draft.tellBridge({ type: "end-conference" }, null, bridge === undefined ? {} : { bridge });
}

/**
 * Divergence is an event, not a surprise: whatever the bridge holds otherwise than we do becomes the ordinary news that
 * was missed. What an order is about to change is left to the order's result.
 */
export function compareWithBridge(draft: Draft, bridge: ConferenceSnapshot | null): void {
  const { head } = draft;
  // An end that is under way, and a creation, have their own results; and a key that is free belongs to nobody.
  if (head.phase === "creating" || (head.phase === "running" && head.closing)) return;
  if (bridge === null) {
    if (head.phase === "running") draft.repair("lost");
    return lostByBridge(draft);
  }
  if (head.phase !== "running") {
    return endAsOver(draft);
  }
  if (head.locked !== bridge.locked && !draft.isUnderWay("lock", "unlock")) {
    draft.repair("locked");
    lockChanged(draft, head, bridge.locked);
  }
  const present = new Map(bridge.callers.map((caller) => [caller.call, caller]));
  for (const caller of draft.callers.values()) {
    if (caller.left || present.has(caller.call) || draft.isBusy(caller.call, "expel")) continue;
    draft.repair("left");
    gone(draft, caller);
  }
  const speaking = new Set(bridge.speaking);
  for (const [call, found] of present) {
    const caller = draft.callers.get(call);
    if (!caller) {
      if (draft.isBusy(call) || draft.callOuts.get(call)) continue;
      draft.repair("entered");
      entered(draft, found);
      continue;
    }
    if (caller.muted !== found.muted && !draft.isBusy(call, "mute", "unmute")) {
      draft.repair("muted");
      mutedChanged(draft, caller, found.muted);
    }
    const current = draft.callers.get(call);
    if (current && current.room !== found.room && !draft.isBusy(call, "move")) {
      draft.repair("moved");
      moved(draft, current, found.room, null, { done: true });
    }
    if (head.speech && head.speech.speaking.includes(call) !== speaking.has(call)) {
      draft.repair("speaking");
      speakingChanged(draft, call, speaking.has(call));
    }
  }
  resumeTalk(draft);
  const rooms = new Set(bridge.rooms.map(({ id }) => id));
  for (const room of draft.rooms.values()) {
    if (rooms.has(room.room) || draft.isUnderWay("create-room", "close-room")) continue;
    draft.repair("room");
    roomClosed(draft, room, { done: true });
  }
  const dialled = new Map(bridge.dialled.map((one) => [one.call, one]));
  for (const callOut of draft.callOuts.values()) {
    const found = dialled.get(callOut.call);
    if (found?.answered) pickedUp(draft, callOut);
    else if (!found && !present.has(callOut.call) && !draft.isBusy(callOut.call)) {
      draft.repair("call-out");
      failed(draft, callOut, "refused");
    }
  }
  for (const { call, answered } of dialled.values()) {
    if (draft.callOuts.get(call) || draft.callers.get(call) || draft.isBusy(call)) continue;
    // An agent gave up the dial without knowing whether it was carried out: nobody waits for this call any more.
    draft.repair("call-out");
    draft.tellBridge({ type: answered ? "expel" : "cancel-dial", call });
  }
}
