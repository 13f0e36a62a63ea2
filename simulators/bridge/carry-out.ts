import type { CommandOutcome, RefusalReason } from "../../src/bridge/commands.ts";
import type { BridgeAct } from "../../src/bridge/driving.ts";
import type { EndReason } from "../../src/bridge/events.ts";
import { assertNever } from "../../src/foundation/assert-never.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import type { Call, Conference, World } from "./world.ts";

const done: CommandOutcome = { done: true };

/** Does what it is told, each time it is told. `ring` starts a dialled call, which is in the world by then. */
export function carryOut(
  world: World,
  key: ConfKey | null,
  act: BridgeAct,
  ring: (call: Call, waitMs: number) => void,
): CommandOutcome {
  if (key === null) return act.type === "expel" ? expelFromPrompt(world, act.call) : refused("no-such-conference");
  if (act.type === "create-conference") return createConference(world, key);
  const conference = world.conferences.get(key);
  if (conference === undefined) return refused("no-such-conference");
  const ofThisConference = (id: CallId) => {
    const call = world.calls.get(id);
    return call?.conference === key ? call : undefined;
  };

  switch (act.type) {
    case "end-conference":
      world.endConference(key);
      return done;
    case "lock":
    case "unlock":
      conference.locked = act.type === "lock";
      return done;
    case "create-room":
      if (act.room === MAIN_ROOM) return refused("refused");
      conference.rooms.set(act.room, act.kind);
      return done;
    case "close-room":
      return closeRoom(world, conference, act.room);
    case "dial": {
      if (world.calls.has(act.call)) return refused("refused"); // A call of this id is up.
      const { country, area, local, extension } = act.number;
      const call = world.addCall({
        id: act.call,
        direction: "out",
        number: country + area + local,
        extension: extension === "" ? null : extension,
        conference: key,
        stage: "ringing",
      });
      ring(call, act.waitMs);
      return done;
    }
    case "cancel-dial": {
      const call = ofThisConference(act.call);
      if (call === undefined || call.stage === "entered") return refused("no-such-call");
      return end(world, call, "cancelled");
    }
    case "admit": {
      const call = world.calls.get(act.call);
      const outcome = enter(conference, call, MAIN_ROOM);
      if (call === undefined || !outcome.done) return outcome;
      call.muted = act.muted;
      call.joinTone = act.joinTone;
      if (act.attendeeId !== undefined) call.attendeeId = act.attendeeId;
      return done;
    }
    case "move":
      return enter(conference, ofThisConference(act.call), act.room);
    case "mute":
    case "unmute": {
      const call = ofThisConference(act.call);
      if (call === undefined) return refused("no-such-call");
      call.muted = act.type === "mute";
      return done;
    }
    case "expel": {
      const call = ofThisConference(act.call);
      return call === undefined ? refused("no-such-call") : end(world, call, "expelled");
    }
    case "report-speakers":
      conference.reportsSpeakers = true;
      return done;
    case "stop-reporting-speakers":
      conference.reportsSpeakers = false;
      for (const call of world.callsOf(key)) call.reportedTalking = false;
      return done;
    default:
      return assertNever(act);
  }
}

function refused(reason: RefusalReason): CommandOutcome {
  return { done: false, reason };
}

function createConference(world: World, key: ConfKey): CommandOutcome {
  if (!world.conferences.has(key)) {
    world.conferences.set(key, {
      key,
      locked: false,
      reportsSpeakers: false,
      rooms: new Map([[MAIN_ROOM, "main"]]),
    });
  }
  return done;
}

/** Who is still in the room goes back to the main one. */
function closeRoom(world: World, conference: Conference, room: RoomId): CommandOutcome {
  if (room === MAIN_ROOM || !conference.rooms.delete(room)) return refused("no-such-room");
  for (const call of world.callsOf(conference.key)) {
    if (call.room === room) call.room = MAIN_ROOM;
  }
  return done;
}

/** Into a room, from the prompt, from an answered dial, or from another room; a lock keeps out whoever is not in yet. */
function enter(conference: Conference, call: Call | undefined, room: RoomId): CommandOutcome {
  if (call === undefined || call.stage === "ringing") return refused("no-such-call");
  if (call.stage !== "prompted" && call.conference !== conference.key) return refused("no-such-call");
  if (call.stage !== "entered" && conference.locked) return refused("locked");
  if (!conference.rooms.has(room)) return refused("no-such-room");
  call.conference = conference.key;
  call.stage = "entered";
  call.room = room;
  return done;
}

function expelFromPrompt(world: World, id: CallId): CommandOutcome {
  const call = world.calls.get(id);
  return call?.stage === "prompted" ? end(world, call, "refused") : refused("no-such-call");
}

function end(world: World, call: Call, reason: EndReason): CommandOutcome {
  world.endCall(call, reason);
  return done;
}
