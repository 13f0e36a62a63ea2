import type { BridgeConference } from "../bridge/events.ts";
import type { BridgeName } from "../foundation/ids.ts";
import { lockChanged } from "./announcements.ts";
import { failed } from "./call-outs.ts";
import { entered, mutedChanged } from "./callers.ts";
import { gone, moved, pickedUp } from "./comings-and-goings.ts";
import { lostByBridge } from "./lifecycle.ts";
import { resumeTalk } from "./private-talk.ts";
import { speakingChanged } from "./speech.ts";
import { roomClosed } from "./sub-conferences.ts";
import type { Turn } from "./turn.ts";

/** Ends, on the conference's bridge or another one, what is over or was never wanted there. */
export function endAsOver(turn: Turn, bridge?: BridgeName): void {
  turn.repair("over");
  turn.note("the bridge holds a conference that is over: it is ended there");
  const isOrdered = turn.orders.find((order) => order.bridge === bridge && order.command.type === "end-conference");
  if (!isOrdered) turn.order({ type: "end-conference" }, null, bridge === undefined ? {} : { bridge });
}

/**
 * Divergence is an event, not a surprise: whatever the bridge holds otherwise than we do becomes the ordinary news that
 * was missed. What an order is about to change is left to the order's result.
 */
export function compareWithBridge(turn: Turn, bridge: BridgeConference | null): void {
  const { head } = turn;
  // An end that is under way, and a creation, have their own results; and a key that is free belongs to nobody.
  if (head.phase === "creating" || (head.phase === "running" && head.closing)) return;
  if (bridge === null) {
    if (head.phase === "running") turn.repair("lost");
    return lostByBridge(turn);
  }
  if (head.phase !== "running") {
    return endAsOver(turn);
  }
  if (head.locked !== bridge.locked && !turn.isOrdered("lock", "unlock")) {
    turn.repair("locked");
    lockChanged(turn, head, bridge.locked);
  }
  const present = new Map(bridge.callers.map((caller) => [caller.call, caller]));
  for (const caller of turn.callers.values()) {
    if (caller.left || present.has(caller.call) || turn.isBusy(caller.call, "expel")) continue;
    turn.repair("left");
    gone(turn, caller);
  }
  const speaking = new Set(bridge.speaking);
  for (const [call, found] of present) {
    const caller = turn.callers.get(call);
    if (!caller) {
      if (turn.isBusy(call) || turn.callOuts.get(call)) continue;
      turn.repair("entered");
      entered(turn, found);
      continue;
    }
    if (caller.muted !== found.muted && !turn.isBusy(call, "mute", "unmute")) {
      turn.repair("muted");
      mutedChanged(turn, caller, found.muted);
    }
    const current = turn.callers.get(call);
    if (current && current.room !== found.room && !turn.isBusy(call, "move")) {
      turn.repair("moved");
      moved(turn, current, found.room, null, { done: true });
    }
    if (head.speech && head.speech.speaking.includes(call) !== speaking.has(call)) {
      turn.repair("speaking");
      speakingChanged(turn, call, speaking.has(call));
    }
  }
  resumeTalk(turn);
  const rooms = new Set(bridge.rooms.map(({ id }) => id));
  for (const room of turn.rooms.values()) {
    if (rooms.has(room.room) || turn.isOrdered("create-room", "close-room")) continue;
    turn.repair("room");
    roomClosed(turn, room, { done: true });
  }
  const dialled = new Map(bridge.dialled.map((one) => [one.call, one]));
  for (const callOut of turn.callOuts.values()) {
    const found = dialled.get(callOut.call);
    if (found?.answered) pickedUp(turn, callOut);
    else if (!found && !present.has(callOut.call) && !turn.isBusy(callOut.call)) {
      turn.repair("call-out");
      failed(turn, callOut, "refused");
    }
  }
  for (const { call, answered } of dialled.values()) {
    if (turn.callOuts.get(call) || turn.callers.get(call) || turn.isBusy(call)) continue;
    // An agent gave up the dial without knowing whether it was carried out: nobody waits for this call any more.
    turn.repair("call-out");
    turn.order({ type: answered ? "expel" : "cancel-dial", call });
  }
}
