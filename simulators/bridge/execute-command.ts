import type { BridgeCommand, Command, CommandResult, RefusalReason } from "../../src/bridge/commands.ts";
import type { EndReason } from "../../src/bridge/events.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { assertNever } from "../../src/foundation/result.ts";
import type { Call, Conference, World } from "./world.ts";

const done: CommandResult = { done: true };

/**
 * Carries out a command each time it comes, for this owner; `null`: for an agent that has not said for whom it acts. `ring` starts a
 * dialled call, which is in the world by then.
 */
export function executeCommand(
  world: World,
  owner: string | null,
  key: ConfKey | null,
  command: BridgeCommand,
  ring: (call: Call, waitMs: number) => void,
): CommandResult {
  if (owner === null) return refused("refused");
  if (key === null)
    return command.type === "expel" ? expelFromPrompt(world, command.call) : refused("no-such-conference");
  if (command.type === "create-conference") return createConference(world, key, owner, command);
  const conference = world.conferences.get(key);
  if (conference?.owner !== owner) return refused("no-such-conference");
  const ofThisConference = (id: CallId) => {
    const call = world.calls.get(id);
    return call?.conference === key ? call : undefined;
  };

  switch (command.type) {
    case "end-conference":
      world.endConference(key);
      return done;
    case "lock":
    case "unlock":
      conference.locked = command.type === "lock";
      return done;
    case "create-room":
      if (command.room === MAIN_ROOM) return refused("refused");
      conference.rooms.set(command.room, command.kind);
      return done;
    case "close-room":
      return closeRoom(world, conference, command.room);
    case "dial": {
      if (world.calls.has(command.call)) return refused("refused"); // A call of this id is up.
      if (world.isFull) return refused("capacity");
      const { country, area, local, extension } = command.number;
      const call = world.addCall({
        id: command.call,
        direction: "out",
        number: country + area + local,
        dialled: "",
        extension: extension === "" ? null : extension,
        conference: key,
        stage: "ringing",
      });
      ring(call, command.waitMs);
      return done;
    }
    case "cancel-dial": {
      const call = ofThisConference(command.call);
      if (call === undefined || call.stage === "entered") return refused("no-such-call");
      return end(world, call, "cancelled");
    }
    case "admit": {
      const call = world.calls.get(command.call);
      const isFull = call?.stage === "prompted" && !conference.locked && !hasPlace(world, conference);
      const result = isFull ? refused("capacity") : enter(conference, call, MAIN_ROOM);
      if (call === undefined || !result.done) return result;
      call.muted = command.muted;
      call.joinTone = command.joinTone;
      if (command.attendeeId !== undefined) call.attendeeId = command.attendeeId;
      if (command.host) call.host = true;
      return done;
    }
    case "move":
      return enter(conference, ofThisConference(command.call), command.room);
    case "mute":
    case "unmute": {
      const call = ofThisConference(command.call);
      if (call === undefined) return refused("no-such-call");
      call.muted = command.type === "mute";
      return done;
    }
    case "expel": {
      const call = ofThisConference(command.call);
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
      return assertNever(command);
  }
}

function refused(reason: RefusalReason): CommandResult {
  return { done: false, reason };
}

function createConference(
  world: World,
  key: ConfKey,
  owner: string,
  { anonymousId, maxCallers, accessCodes, renews }: Command<"create-conference">,
): CommandResult {
  if (renews && world.conferences.get(key)?.owner !== owner) return refused("no-such-conference");
  const conference = world.addConference(key, owner);
  if (conference.owner !== owner) return refused("refused");
  Object.assign(conference, { anonymousId, maxCallers, accessCodes: accessCodes ?? null });
  return done;
}

/** Callers who are still in the room go back to the main one. */
function closeRoom(world: World, conference: Conference, room: RoomId): CommandResult {
  if (room === MAIN_ROOM || !conference.rooms.delete(room)) return refused("no-such-room");
  for (const call of world.callsOf(conference.key)) {
    if (call.room === room) call.room = MAIN_ROOM;
  }
  return done;
}

/** For one more caller. */
function hasPlace(world: World, { key, maxCallers }: Conference): boolean {
  const inside = world.callsOf(key).filter(({ stage }) => stage === "entered").length;
  return !maxCallers || inside < maxCallers;
}

/** Into a room, from the prompt, from an answered dial, or from another room; a lock keeps out callers at the prompt. */
function enter(conference: Conference, call: Call | undefined, room: RoomId): CommandResult {
  if (call === undefined || call.stage === "ringing") return refused("no-such-call");
  if (call.stage !== "prompted" && call.conference !== conference.key) return refused("no-such-call");
  if (call.stage === "prompted" && conference.locked) return refused("locked");
  if (!conference.rooms.has(room)) return refused("no-such-room");
  call.conference = conference.key;
  call.stage = "entered";
  call.room = room;
  return done;
}

function expelFromPrompt(world: World, id: CallId): CommandResult {
  const call = world.calls.get(id);
  return call?.stage === "prompted" ? end(world, call, "refused") : refused("no-such-call");
}

function end(world: World, call: Call, reason: EndReason): CommandResult {
  world.endCall(call, reason);
  return done;
}
