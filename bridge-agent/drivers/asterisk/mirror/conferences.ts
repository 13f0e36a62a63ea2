import * as v from "valibot";
import type { Command, CommandResult } from "../../../../src/bridge/commands.ts";
import { type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../../../src/foundation/ids.ts";
import { done, type ExecutorContext, inOrder, refused, writeConference } from "../acts/executor-context.ts";
import { type Ari, bridge, isDone, read } from "../ari.ts";
import { takesCalls } from "../setup/takes-calls.ts";
import { addToBridge, detectTalking, hangUp } from "./calls.ts";
import { roomOver, talkChanged } from "./changes.ts";
import { type MirroredConference, newConferenceNotes } from "./mirror.ts";
import { bridgeId, bridgeName, conferenceVariable, type RoomName, readBridgeName } from "./names.ts";

export async function createConference(
  context: ExecutorContext,
  id: CommandId,
  key: ConfKey,
  { anonymousId, maxCallers, accessCodes, renews }: Command<"create-conference">,
): Promise<CommandResult> {
  const { ari, mirror, owner } = context;
  const known = mirror.conferences.get(key);
  if (known) return writeConference(context, known, { anonymousId, maxCallers, accessCodes });
  const bridges = read("listBridges", v.array(bridge), await ari.ask("listBridges", {}));
  const mains = await Promise.all(
    bridges.flatMap(({ name, id, channels }) => {
      const room = readBridgeName(name);
      if (room?.kind !== "main" || room.conference !== key || mirror.goneBridges.has(id)) return [];
      return isNoted(ari, id).then((noted) => ({
        id,
        isOwn: room.owner === owner,
        noted,
        isEmpty: channels.length === 0,
      }));
    }),
  );
  if (mains.some(({ isOwn, noted }) => noted && !isOwn)) return refused("refused");
  const own = mains.filter(({ isOwn }) => isOwn);
  const main = own.find(({ noted }) => noted) ?? own.find(({ isEmpty }) => !isEmpty) ?? own[0];
  const notes = { ...newConferenceNotes, anonymousId, maxCallers, ...(accessCodes && { accessCodes }) };
  if (main) return writeConference(context, mirror.addConference(key, main.id, notes));
  if (renews) return refused("no-such-conference");
  if (!(await takesCalls(context))) return refused("capacity");
  const variable = conferenceVariable(bridgeId(id));
  // Before the bridge: whoever finds that must know the rest.
  const written = await ari.ask("setGlobalVar", { variable, value: JSON.stringify(notes) });
  if (!isDone(written)) return refused("refused");
  const made = await createBridge(context, id, { owner, conference: key, room: MAIN_ROOM, kind: "main" });
  if (typeof made === "string") {
    mirror.addConference(key, made, notes);
    return done;
  }
  await ari.ask("setGlobalVar", { variable });
  return made;
}

/** A conference that is over is noted no more, though Asterisk may show its bridge for a moment. */
async function isNoted(ari: Ari, mainBridge: string): Promise<boolean> {
  return (await ari.globalVar(conferenceVariable(mainBridge))) !== "";
}

/** Its id. Asterisk 16 says 500 where it has the bridge already, later ones 409. */
async function createBridge(
  { ari, settings }: ExecutorContext,
  id: CommandId,
  room: RoomName,
): Promise<string | CommandResult> {
  const wanted = { bridgeId: bridgeId(id), name: bridgeName(room) };
  const made = await ari.ask("createBridge", { ...wanted, type: "mixing,dtmf_events" });
  if (!isDone(made)) {
    const found = await ari.ask("getBridge", { bridgeId: wanted.bridgeId });
    const isThere = isDone(found) && read("getBridge", bridge, found).name === wanted.name;
    if (!isThere) return refused(made.status === 503 ? "capacity" : "refused");
  }
  // Else nobody hears of the end of a bridge in which nobody was.
  const eventSource = `bridge:${wanted.bridgeId}`;
  await ari.ask("subscribe", { applicationName: settings.application, eventSource });
  return wanted.bridgeId;
}

export async function endConference(context: ExecutorContext, conference: MirroredConference): Promise<CommandResult> {
  const { ari, mirror } = context;
  const { key, mainBridge, rooms } = conference;
  const reason = "conference-ended";
  const ended = await Promise.all(
    mirror.callsOf(key).map(async ({ id: call }) => {
      const result = await inOrder(context, call, () => hangUp(context, call, reason));
      return { call, result };
    }),
  );
  const isSomebodyLeft = ended.some(({ result }) => !result.done && result.reason !== "no-such-call");
  if (isSomebodyLeft) {
    const gone = ended.filter(({ result }) => result.done);
    context.report(gone.map(({ call }) => ({ type: "ended", call, conference: key, reason })));
    return refused("refused");
  }
  const others = [...rooms.values()].map(({ bridge }) => bridge).filter((bridge) => bridge !== mainBridge);
  await Promise.all(others.map((bridgeId) => ari.ask("destroyBridge", { bridgeId })));
  // The main one last: as long as it is there, the conference is.
  await ari.ask("destroyBridge", { bridgeId: mainBridge });
  // Without a value the variable itself goes.
  await ari.ask("setGlobalVar", { variable: conferenceVariable(mainBridge) });
  mirror.removeConference(key);
  return done;
}

export async function createRoom(
  context: ExecutorContext,
  id: CommandId,
  conference: MirroredConference,
  { room, kind }: Command<"create-room">,
): Promise<CommandResult> {
  if (room === MAIN_ROOM) return refused("refused");
  if (conference.rooms.has(room)) return done;
  const made = await createBridge(context, id, { owner: context.owner, conference: conference.key, room, kind });
  if (typeof made !== "string") return made;
  conference.rooms.set(room, { bridge: made, kind });
  return done;
}

export async function closeRoom(
  context: ExecutorContext,
  conference: MirroredConference,
  room: RoomId,
): Promise<CommandResult> {
  const { ari, mirror } = context;
  const closed = conference.rooms.get(room);
  if (room === MAIN_ROOM || !closed) return refused("no-such-room");
  const inside = mirror.callsOf(conference.key).filter((call) => call.room === room);
  await Promise.all(
    inside.map((call) =>
      inOrder(context, call.id, async () => {
        if (call.room !== room) return; // It was moved out meanwhile.
        if (isDone(await addToBridge(context, call.id, conference.mainBridge))) call.room = MAIN_ROOM;
      }),
    ),
  );
  await ari.ask("destroyBridge", { bridgeId: closed.bridge });
  // Who could not be moved is in no bridge now.
  context.begin(roomOver(mirror, conference, room).followUps);
  return done;
}

export async function reportSpeakers(
  context: ExecutorContext,
  conference: MirroredConference,
  isOn: boolean,
): Promise<CommandResult> {
  const { mirror } = context;
  conference.isTurningOnSpeakers = isOn;
  try {
    const written = await writeConference(context, conference, { reportsSpeakers: isOn });
    if (!written.done) return written;
    await Promise.all(mirror.inside(conference.key).map(({ id }) => detectTalking(context, id, isOn)));
  } finally {
    conference.isTurningOnSpeakers = false;
    if (isOn) context.report(mirror.inside(conference.key).flatMap((call) => talkChanged(mirror, call).reports));
  }
  if (isOn) return done;
  for (const call of mirror.callsOf(conference.key)) {
    call.isHeard = false;
    call.talking = false;
    mirror.touch(call);
  }
  return done;
}
