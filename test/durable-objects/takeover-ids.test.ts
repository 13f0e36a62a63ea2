import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import type { IdBlock } from "../../src/rpc/id-allocator.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { event } from "../builders.ts";
import { ConferenceWorld, callerEntered, callerLeft, confKey, createConference, request } from "./conference-world.ts";

const successor = { replyTo: "127.0.0.1:8802", extConfId: "7002", msgId: "m-takeover" };

const plenty = 10_000;

interface Meeting {
  /** Who has been in it. */
  readonly callers: number;
  readonly rooms: number;
  /** How many of them are in its rooms. */
  readonly inRooms: number;
  /** How many of them have left while WebEx was away. */
  readonly gone: number;
  readonly speaks: boolean;
  /** WebEx is away still when another server takes over. */
  readonly isAway: boolean;
  /** How many ids the allocator gives together. */
  readonly blocks: number;
  /** How many ids the allocator's sequences have left. */
  readonly untilEnd: number | null;
  readonly isRestored: boolean;
}

const meeting = fc.record<Meeting>({
  callers: fc.nat(70),
  rooms: fc.nat(60),
  inRooms: fc.nat(70),
  gone: fc.nat(30),
  speaks: fc.boolean(),
  isAway: fc.boolean(),
  blocks: fc.constantFrom(1, 2, 9, 60, plenty),
  untilEnd: fc.option(fc.nat(100)),
  isRestored: fc.boolean(),
});

test.each<[string, Partial<Meeting>]>([
  ["60 callers in a room", { callers: 60, rooms: 1, inRooms: 60 }],
  ["3 callers and 60 rooms", { callers: 3, rooms: 60 }],
  ["200 callers of whom 150 left unreported", { callers: 200, gone: 150 }],
])("the first post of a takeover is confirmed: %s (protocol T28, 4.9)", async (_, more) => {
  const none = { callers: 0, rooms: 0, inRooms: 0, gone: 0, speaks: false, isAway: false };
  await takesOver({ ...none, blocks: plenty, untilEnd: null, isRestored: false, ...more });
});

test("a takeover is confirmed in any state, with any ids (protocol T28, T36, 4.9)", async () => {
  const numRuns = Number(process.env.RUNS ?? 60);
  await fc.assert(fc.asyncProperty(meeting, takesOver), { numRuns, seed: Number(process.env.SEED ?? 30) });
});

/** Nothing that happens on the way there is refused either. */
async function takesOver({
  callers,
  rooms,
  inRooms,
  gone,
  speaks,
  isAway,
  blocks,
  untilEnd,
  isRestored,
}: Meeting): Promise<void> {
  const world = new ConferenceWorld();
  const atMost = ({ first, end }: IdBlock) => ({ first, end: Math.min(end, first + blocks) });
  if (untilEnd !== null) leave(world, untilEnd);
  const { allocateIds } = world;
  world.allocateIds = async (wanted) => {
    const { msgIds, transIds } = await allocateIds(wanted);
    return { msgIds: atMost(msgIds), transIds: atMost(transIds) };
  };
  const confirmed: boolean[] = [];
  const receive = async (transId: string, ...messages: readonly FromWebex[]) => {
    confirmed.push(await world.received(transId, ...messages));
  };
  await world.running(callers);
  for (let room = 0; room < rooms; room += 50) {
    await receive(`rooms-${room}`, ...range(room, Math.min(rooms, room + 50)).map(createRoom));
    await world.allDone();
  }
  for (let call = 0; rooms > 0 && call < Math.min(inRooms, callers); call += 50) {
    const moved = range(call, Math.min(inRooms, callers, call + 50)).map((index) => addToRoom(index, index % rooms));
    await receive(`moves-${call}`, ...moved);
    await world.allDone();
  }
  if (speaks) {
    await receive("speakers", request("update-conference", { action: "report-speakers" }));
    await world.allDone();
    await world.reported(...range(0, callers).map(speaking));
    await world.time.pass(1_000);
  }
  const { answer } = world;
  if (gone > 0 || isAway) world.answer = () => ({ kind: "failed", reason: "WebEx is away" });
  for (const index of range(0, Math.min(gone, callers))) await world.reported(callerLeft(index));
  await world.time.pass(20_000);
  if (!isAway) world.answer = answer;
  await world.reported(callerEntered(callers));
  if (isRestored) world.start();
  // What the supply counts as needed is at hand before, unless the allocator gave less.
  if (blocks === plenty && untilEnd === null && !isRestored)
    world.allocateIds = () => Promise.reject(new Error("gone"));
  await receive("takeover", createConference(successor));
  await world.time.pass(5_000);

  expect(new Set(confirmed)).toEqual(new Set([true]));
  expect(world.conference.reader.view()).toMatchObject({ phase: "running", extConfId: "7002" });
  const documents = new Map(world.posted.map(({ transId, body }) => [transId, body]));
  expect(world.posted.filter(({ transId, body }) => body !== documents.get(transId))).toEqual([]);
  // What was given up may come again in another transaction, as it was.
  const texts = new Set([...documents.values()].flatMap((body) => body.match(/<A2W_Notify[^>]*>/g) ?? []));
  expect(new Set([...texts].flatMap(notifiedIn)).size).toBe(texts.size);
  expect([...documents.keys()].filter((transId) => !/^\d{11}$/.test(transId))).toEqual([]);
}

function notifiedIn(body: string): (string | undefined)[] {
  return Array.from(body.matchAll(/<A2W_Notify\w+ MsgID="(\d{11})"/g), ([, msgId]) => msgId);
}

/** The allocator's sequences end after so many ids more. */
function leave({ allocator, time }: ConferenceWorld, ids: number): void {
  const million = 1_000_000;
  allocator.allocate(confKey, { msgIds: million, transIds: million }, time.now);
  allocator.allocate(confKey, { msgIds: million - ids, transIds: million - ids }, time.now);
}

function speaking(index: number): Report {
  return event({ type: "speaking-changed", call: `c${index}` as CallId, speaking: true });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}

function createRoom(index: number): FromWebex {
  return request("create-sub-conference", { msgId: `m-room-${index}`, subConfId: `s${index}` });
}

function addToRoom(caller: number, room: number): FromWebex {
  const names = { subConfId: `s${room}`, extCallId: `${1001 + caller}` };
  return request("add-to-sub-conference", { msgId: `m-move-${caller}`, ...names });
}
