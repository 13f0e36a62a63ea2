import { expect, test } from "vitest";
import type { CommandType } from "../../src/bridge/commands.ts";
import type { EndReason, Report } from "../../src/bridge/events.ts";
import type { Cause, Fact, FactKind } from "../../src/conference/facts.ts";
import type { ActionId, CallId, ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { CallRecord } from "../../src/records/call-record.ts";
import type { ConferenceRecord } from "../../src/records/conference-record.ts";
import { runningView } from "../../src/records/running.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { aCaller, done, event, left, snapshot } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  confKey,
  createConference,
  extConfId,
  host,
  muteCaller,
} from "../durable-objects/conference-world.ts";

const otherHost = "http://tsp2.example.com:8800" as WebexHost;

/** The records of all that a conference's journal says. */
function recordsOf(world: ConferenceWorld): readonly (CallRecord | ConferenceRecord)[] {
  return world.stored.journal
    .facts(0)
    .flatMap(({ facts }) => facts.flatMap((fact) => ("record" in fact ? [fact.record] : [])));
}

const callsOf = (world: ConferenceWorld) => recordsOf(world).filter((record) => record.kind === "call");
const conferencesOf = (world: ConferenceWorld) => recordsOf(world).filter((record) => record.kind === "conference");
const how = ({ endedBy, status, reason }: CallRecord | ConferenceRecord) => `${endedBy} ${status} ${reason}`;

function message(body: object): FromWebex {
  return { msgId: `m-${JSON.stringify(body).length}`, replyTo: host, extConfId, ...body } as FromWebex;
}

async function callOut(world: ConferenceWorld, more: object = {}): Promise<CallId> {
  const phone = { country: "1", area: "408", local: "5557777", extension: "" };
  await world.received("call-out", message({ type: "call-out", msgId: "m-out", extCallId: "2001", phone, ...more }));
  const [call] = world.stored.state.callOuts.keys();
  if (call === undefined) throw new Error("nothing is dialled");
  return call;
}

/** The bridge carries out what it was told of this type, or refuses it. */
async function result(world: ConferenceWorld, type: CommandType, reason?: string): Promise<void> {
  const ids = [...world.stored.state.commands.values()].filter(({ command }) => command.type === type);
  const became = reason === undefined ? { done: true } : { done: false, reason };
  await world.reported(...ids.map(({ id }) => ({ type: "result", id, result: became }) as Report));
}

async function operate(world: ConferenceWorld, id: string, request: object): Promise<void> {
  expect(await world.operate(id, request)).toBe("done");
}

const byAnn = { type: "action", action: "a1", person: "Ann" };

/** Who or what brought about each fact of this kind. */
function causesOf(world: ConferenceWorld, kind: FactKind): readonly (readonly Cause[])[] {
  const facts = world.stored.journal.facts(0).flatMap((row) => row.facts);
  return facts.flatMap((fact) => (fact.kind === kind && "by" in fact ? [fact.by] : []));
}

function issued(world: ConferenceWorld): readonly Extract<Fact, { kind: "command-issued" }>[] {
  const facts = world.stored.journal.facts(0).flatMap((row) => row.facts);
  return facts.filter((fact) => fact.kind === "command-issued");
}

const running = (callers = 1) => ConferenceWorld.running(callers);

test("a caller who dialled in and hung up", async () => {
  const world = await running();
  await world.time.pass(70_000);
  await world.reported(callerLeft(0));

  expect(callsOf(world)).toMatchObject([
    {
      ...{ kind: "call", conference: confKey, life: 1, began: expect.any(Number), call: "c0", extCallId: "1001" },
      ...{ direction: "in", number: "14085551234", attendeeId: "", participantType: "participant", host: false },
      ...{ bridge: "simulated", webexHost: host, dialledAt: null, answeredAt: expect.any(Number) },
      ...{ enteredAt: expect.any(Number), endedAt: expect.any(Number), seconds: 80, minutes: 2 },
      ...{ endedBy: "caller", status: "completed", reason: "hung-up", mutes: 0, mutedSeconds: 0, rooms: ["main"] },
      ...{ failovers: 0, repairs: 0, dialled: "" },
    },
  ]);
});

const dayMs = 86_400_000;

test("a call through whose middle the edge's clock is set lasts as long as passed beside the bridge, and says so", async () => {
  const world = await running();
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }));
  world.clockSetMs += dayMs;
  await world.time.pass(8_000);
  await world.reported({ ...left("c0", "hung-up"), inside: [{ call: "c0" as CallId, ms: 8_000 }] } as Report);
  expect(callsOf(world)).toMatchObject([{ seconds: 8, mutedSeconds: 8, minutes: 1, clockDiffers: true }]);
  await world.reported(event({ type: "conference-ended" }));
  expect(conferencesOf(world)).toMatchObject([{ callMinutes: 1, clockDiffers: true }]);
});

test("a measure that differs by less than a minute changes nothing", async () => {
  const world = await running();
  await world.time.pass(70_000);
  await world.reported({ ...left("c0", "hung-up"), inside: [{ call: "c0" as CallId, ms: 21_000 }] } as Report);
  await world.reported(event({ type: "conference-ended" }));
  expect(callsOf(world)).toMatchObject([{ seconds: 80, minutes: 2, clockDiffers: false }]);
  expect(conferencesOf(world)).toMatchObject([{ clockDiffers: false }]);
});

test("each call that ends by a result goes by its own measure, and one without goes by the edge's clock", async () => {
  const world = await running(3);
  await operate(world, "a1", { type: "expel", call: "c0" });
  world.clockSetMs += dayMs;
  const resultOf = (type: CommandType, inside: NonNullable<Report["inside"]>) => {
    const id = [...world.stored.state.commands.values()].find(({ command }) => command.type === type)?.id;
    return world.reported({ ...done(id), inside } as Report);
  };
  await resultOf("expel", [{ call: "c0" as CallId, ms: 5_000 }]);
  await world.received("close", message({ type: "close-conference", msgId: "m-close" }));
  await resultOf("end-conference", [{ call: "c1" as CallId, ms: 6_000 }]);
  expect(callsOf(world).map(({ call, minutes, clockDiffers }) => [call, minutes, clockDiffers])).toEqual([
    ["c0", 1, true],
    ["c1", 1, true],
    ["c2", 1_441, false],
  ]);
});

test("a record has the number that the caller dialled, also of one who entered and left at once", async () => {
  const world = await running(0);
  const entered = (call: string) =>
    event({ type: "caller-entered", caller: aCaller({ call: call, dialled: "18005550001" }) });
  await world.reported(entered("c1"));
  await world.reported(entered("c2"), left("c2", "hung-up"), left("c1", "hung-up"));
  await world.reported(callerEntered(3));
  await world.reported(callerLeft(3));

  expect(callsOf(world).map(({ call, dialled }) => `${call} ${dialled}`)).toEqual([
    "c2 18005550001",
    "c1 18005550001",
    "c3 ",
  ]);
});

test("a call that entered and was found gone in one transaction has a record", async () => {
  const world = await running(0);
  await world.reported(callerEntered(0), snapshot([]));
  await world.reported(callerEntered(1), snapshot([aCaller({ call: "c1" })]));

  expect(callsOf(world).map((record) => `${record.call} ${how(record)}`)).toEqual(["c0 bridge completed not-found"]);
});

test("a conference has the name of its latest create, and not that of one which waits for its end", async () => {
  const world = new ConferenceWorld();
  const create = (name: string, more: object = {}) =>
    world.received(name, createConference({ conferenceName: name, msgId: `m-${name}`, ...more } as never));
  await create("Pilots");
  await world.allDone();
  await create("Pilots and tugs", { replyTo: otherHost, extConfId: "3100418" });
  await world.received(
    "close",
    message({ type: "close-conference", msgId: "m-c", replyTo: otherHost, extConfId: "3100418" }),
  );
  await create("Berths", { extConfId: "3100419" });
  await result(world, "end-conference");
  await world.allDone();
  await world.reported(event({ type: "conference-ended" }));

  expect(conferencesOf(world).map(({ topic }) => topic)).toEqual(["Pilots and tugs", "Berths"]);
});

test("a conference that WebEx does not name has no name", async () => {
  const world = await running(0);
  await world.reported(event({ type: "conference-ended" }));

  expect(conferencesOf(world)).toMatchObject([{ topic: "" }]);
});

test("a call of a moment is billed one minute", async () => {
  const world = await running(0);
  await world.reported(callerEntered(0), callerLeft(0));
  await world.reported(callerEntered(1));
  await world.reported(callerLeft(1));

  expect(callsOf(world).map(({ call, seconds, minutes }) => [call, seconds, minutes])).toEqual([
    ["c0", 0, 1],
    ["c1", 0, 1],
  ]);
});

test("a caller whom WebEx expels", async () => {
  const world = await running();
  await world.received("drop", message({ type: "drop-caller", extCallId: "1001" }));
  await result(world, "expel");

  expect(callsOf(world).map(how)).toEqual(["webex completed expelled"]);
});

test("a caller whom WebEx expels, of whose end the event comes before the result", async () => {
  const world = await running();
  await world.received("drop", message({ type: "drop-caller", extCallId: "1001" }));
  await world.reported(left("c0", "expelled"));

  expect(callsOf(world).map(how)).toEqual(["webex completed expelled"]);
});

test("two who want a caller expelled are both named; who hangs up by itself does so unasked", async () => {
  const endings = async (reason: EndReason) => {
    const world = await running();
    await operate(world, "a1", { type: "expel", call: "c0" });
    await world.received("drop", message({ type: "drop-caller", extCallId: "1001", msgId: "m-drop" }));
    await world.reported(left("c0", reason));
    return [...callsOf(world).map(how), ...causesOf(world, "call-left")];
  };
  const report = { type: "report", event: "caller-left" };
  const asked = { type: "request", transId: "drop", msgId: "m-drop" };

  expect(await endings("expelled")).toEqual(["operator completed expelled", [report, byAnn, asked]]);
  expect(await endings("hung-up")).toEqual(["caller completed hung-up", [report]]);
});

test("a caller whom the host expels by telephone", async () => {
  const world = await running();
  await world.reported(left("c0", "expelled"));

  expect(callsOf(world).map(how)).toEqual(["telephone completed expelled"]);
});

test("a caller whom the bridge no longer has", async () => {
  const world = await running(2);
  await world.reported(snapshot([aCaller({ call: "c1" })]));

  expect(callsOf(world).map((call) => [how(call), call.repairs])).toEqual([["bridge completed not-found", 1]]);
});

test.each([
  ["busy", "caller busy busy"],
  ["no-answer", "nobody no-answer no-answer"],
  ["rejected", "caller busy rejected"],
  ["invalid-number", "bridge failed invalid-number"],
  ["refused", "bridge failed refused"],
  ["cancelled", "webex canceled cancelled"],
  ["hung-up", "caller canceled hung-up"],
] as const)("a call-out that ends with %s", async (reason, expected) => {
  const world = await running(0);
  const call = await callOut(world);
  await result(world, "dial");
  await world.reported(left(call, reason));

  expect(callsOf(world)).toMatchObject([
    { direction: "out", number: "14085557777", extCallId: "2001", answeredAt: null, seconds: 0, minutes: 0 },
  ]);
  expect(callsOf(world).map(how)).toEqual([expected]);
});

test("a call-out that the bridge no longer has: nobody says that it was refused", async () => {
  const world = await running(0);
  await callOut(world);
  await result(world, "dial");
  await world.reported(snapshot([]));

  expect(callsOf(world).map(how)).toEqual(["bridge failed not-found"]);
});

test("a call-out that the bridge refuses", async () => {
  const world = await running(0);
  await callOut(world);
  await result(world, "dial", "capacity");

  expect(callsOf(world).map(how)).toEqual(["bridge failed capacity"]);
});

test("a call-out that WebEx cancels while it rings", async () => {
  const world = await running(0);
  await callOut(world);
  await result(world, "dial");
  await world.received("cancel", message({ type: "cancel-call-out", extCallId: "2001" }));
  expect(callsOf(world)).toEqual([]);
  await result(world, "cancel-dial");

  expect(callsOf(world).map(how)).toEqual(["webex canceled cancelled"]);
});

test("a call-out that nobody answers in time, and one whose command got no result", async () => {
  const [rings, hangs] = [await running(0), await running(0)];
  await callOut(rings, { maxWaitingTime: 10 });
  await result(rings, "dial");
  await callOut(hangs, { maxWaitingTime: 10 });
  for (const world of [rings, hangs]) {
    await world.time.pass(30_000);
    await result(world, "cancel-dial");
    await result(world, "dial", "unreachable");
  }

  expect(callsOf(rings).map(how)).toEqual(["nobody no-answer no-answer"]);
  expect(callsOf(hangs).map(how)).toEqual(["bridge failed bridge-timeout"]);
});

test("a call-out that was picked up, entered and hung up is billed from the pick-up on", async () => {
  const world = await running(0);
  const call = await callOut(world, { attendeeId: "77" });
  await result(world, "dial");
  await world.reported(event({ type: "call-answered", call }));
  await world.time.pass(2_000);
  await result(world, "admit");
  await world.time.pass(58_500);
  await world.reported(left(call, "hung-up"));

  const [record] = callsOf(world);
  expect(record).toMatchObject({ direction: "out", attendeeId: "77", minutes: 2, rooms: ["main"] });
  expect((record?.enteredAt ?? 0) - (record?.answeredAt ?? 0)).toBeGreaterThanOrEqual(2_000);
  expect(callsOf(world).map(how)).toEqual(["caller completed hung-up"]);
});

test("a silent monitor enters muted", async () => {
  const world = await running(0);
  await world.reported(event({ type: "caller-entered", caller: aCaller({ call: "s1", muted: true, silent: true }) }));
  await world.time.pass(30_000);
  await world.reported(left("s1", "hung-up"));

  expect(callsOf(world)).toMatchObject([{ participantType: "silent-monitor", mutes: 1, mutedSeconds: 30 }]);
});

test("mutes by WebEx and by keys are counted, and their seconds", async () => {
  const world = await running();
  await world.received("mute", muteCaller("1001"));
  await result(world, "mute");
  await world.time.pass(20_000);
  await world.reported(event({ type: "caller-muted", call: "c0", muted: false }));
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }));
  await world.time.pass(10_000);
  await world.reported(callerLeft(0));

  expect(callsOf(world)).toMatchObject([{ mutes: 2, mutedSeconds: 30, repairs: 0 }]);
});

test("a mute that only a comparison with the bridge found is a repair", async () => {
  const world = await running();
  await world.reported(snapshot([aCaller({ call: "c0", muted: true })]));
  await world.reported(callerLeft(0));

  expect(callsOf(world)).toMatchObject([{ mutes: 1, repairs: 1 }]);
});

test("a caller whom only a comparison with the bridge found is a repair, and one of whom an event told is none", async () => {
  const world = await running();
  await world.reported(snapshot([aCaller({ call: "c0" }), aCaller({ call: "c1" })]));
  await world.reported(callerLeft(0), callerLeft(1));

  expect(callsOf(world).map(({ call, repairs }) => [call, repairs])).toEqual([
    ["c0", 0],
    ["c1", 1],
  ]);
});

test("a sub-conference stands among a call's rooms", async () => {
  const world = await running();
  await world.received(
    "room",
    message({ type: "create-sub-conference", msgId: "m-room", subConfId: "9", extCallIds: ["1001"] }),
  );
  for (let turns = 0; turns < 4; turns++) await world.allDone();
  await world.received(
    "add",
    message({ type: "add-to-sub-conference", msgId: "m-add", subConfId: "9", extCallId: "1001" }),
  );
  for (let turns = 0; turns < 4; turns++) await world.allDone();
  await world.reported(callerLeft(0));

  expect(callsOf(world)).toMatchObject([{ rooms: ["main", "9"] }]);
});

test("a private talk stands among the rooms of both", async () => {
  const world = await running();
  const call = await callOut(world, { joinMode: "private-talk" });
  await result(world, "dial");
  await world.reported(event({ type: "call-answered", call }));
  for (let turns = 0; turns < 4; turns++) await world.allDone();
  await world.reported(left(call, "hung-up"));
  for (let turns = 0; turns < 4; turns++) await world.allDone();
  await world.reported(callerLeft(0));

  expect(callsOf(world).map(({ direction, rooms }) => [direction, rooms])).toEqual([
    ["out", ["private"]],
    ["in", ["main", "private", "main"]],
  ]);
});

test("a failover is counted for the conference and for the calls that lived through it", async () => {
  const world = await running(2);
  await world.reported(callerLeft(0));
  const other = "127.0.0.1:8802" as WebexHost;
  await world.received("again", createConference({ msgId: "m-2", replyTo: other, extConfId: "7002" } as never));
  await world.reported(callerLeft(1));
  await world.reported(event({ type: "conference-ended" }));

  expect(callsOf(world).map(({ failovers }) => failovers)).toEqual([0, 1]);
  expect(conferencesOf(world)).toMatchObject([
    { failovers: 1, webexHosts: [host, other], extConfIds: [extConfId, "7002"] },
  ]);
});

test("its own server that attaches again takes nothing over, and under a new handle it does (protocol 4.8 step 6, 4.9)", async () => {
  const world = await running();
  const detach = { type: "close-conference", msgId: "m-detach", keepAlive: true };
  await world.received("detach", message(detach));
  await world.received("again", createConference({ msgId: "m-2" as MsgId }));
  await world.received("anew", createConference({ msgId: "m-3" as MsgId, extConfId: "7002" as ExtConfId }));
  await world.reported(event({ type: "conference-ended" }));

  expect(callsOf(world).map(({ failovers }) => failovers)).toEqual([1]);
  expect(conferencesOf(world)).toMatchObject([{ failovers: 1, webexHosts: [host], extConfIds: [extConfId, "7002"] }]);
});

test("who leaves a private talk ends it: its end and its room's closing name that as their cause", async () => {
  const world = await running();
  const call = await callOut(world, { joinMode: "private-talk" });
  await result(world, "dial");
  await world.reported(event({ type: "call-answered", call }));
  for (let turns = 0; turns < 4; turns++) await world.allDone();
  await world.reported(left(call, "hung-up"));
  for (let turns = 0; turns < 4; turns++) await world.allDone();

  const closings = issued(world).filter(({ type }) => type === "close-room");
  const leaving = [{ type: "report", event: "caller-left" }];
  expect(closings.map(({ by }) => by)).toEqual([leaving]);
  expect(causesOf(world, "talk-ended")).toEqual([leaving]);
});

test("a private talk that never opened does not end, and the directory lists no room for it", async () => {
  const world = await running();
  const call = await callOut(world, { joinMode: "private-talk" });
  await result(world, "dial");
  await world.reported(event({ type: "call-answered", call }));
  await result(world, "create-room");
  await result(world, "move");
  await result(world, "move", "no-such-call");
  const listed = runningView(world.stored.state, world.stored.journal.lastSeq, (text) => text);
  for (let turns = 0; turns < 4; turns++) await world.allDone();

  expect(listed).toMatchObject({ people: [expect.anything()], rooms: [] });
  expect(issued(world).map(({ type }) => type)).toContain("close-room");
  expect(causesOf(world, "talk-ended")).toEqual([]);
  expect(issued(world).filter(({ by }) => by.length === 0)).toEqual([]);
});

test("a conference that WebEx closes, with all that is in it", async () => {
  const world = await running(2);
  await world.received("close", message({ type: "close-conference" }));
  await result(world, "end-conference");

  expect(recordsOf(world).map(how)).toEqual([
    "webex completed conference-ended",
    "webex completed conference-ended",
    "webex completed closed",
  ]);
  expect(conferencesOf(world)).toMatchObject([
    { life: 1, mostCallers: 2, calls: 2, callMinutes: 2, status: "completed", givenUp: 0 },
  ]);
});

test("an operator ends a conference, and WebEx closes it then: the operator has ended it, and both are named", async () => {
  const world = await running();
  await operate(world, "a1", { type: "end" });
  await world.received("close", message({ type: "close-conference", msgId: "m-close" }));
  await result(world, "end-conference");

  expect(recordsOf(world).map(how)).toEqual(["operator completed conference-ended", "operator completed closed"]);
  expect(causesOf(world, "conference-ended")).toEqual([
    [byAnn, { type: "request", transId: "close", msgId: "m-close" }],
  ]);
  // WebEx knows of this end, and a create begins anew.
  await world.received("again", createConference({ msgId: "m-again" } as object));
  expect(world.stored.state.head.phase).toBe("creating");
});

test("a conference that is ended by telephone", async () => {
  const world = await running();
  await world.reported(event({ type: "conference-ended" }));

  expect(recordsOf(world).map(how)).toEqual(["telephone completed conference-ended", "telephone completed ended"]);
});

test("a conference that the bridge has lost", async () => {
  const world = await running();
  await world.reported(event({ type: "snapshot", conference: null }));

  expect(recordsOf(world).map(how)).toEqual(["bridge completed conference-ended", "bridge completed lost"]);
});

test("a command finds that the bridge has lost the conference: that is a repair, whoever wanted the command", async () => {
  const world = await running();
  await operate(world, "a1", { type: "mute", call: "c0" });
  await result(world, "mute", "no-such-conference");

  expect(conferencesOf(world).map(how)).toEqual(["bridge completed lost"]);
  expect([...causesOf(world, "call-left"), ...causesOf(world, "conference-ended")]).toEqual([
    [{ type: "repair" }],
    [{ type: "repair" }],
  ]);
});

test("a conference that WebEx let go on alone, and everybody left", async () => {
  const world = await running();
  await world.received("close", message({ type: "close-conference", keepAlive: true }));
  await world.time.pass(1_000);
  expect(recordsOf(world)).toEqual([]);
  await world.reported(callerLeft(0));
  await result(world, "end-conference");

  expect(recordsOf(world).map(how)).toEqual(["caller completed hung-up", "nobody completed deserted"]);
});

test("the end of a deserted conference, and of a room, say what brought them about", async () => {
  const deserted = await running();
  await deserted.received("close", message({ type: "close-conference", keepAlive: true }));
  await deserted.reported(left("c0", "hung-up"));
  await result(deserted, "end-conference");
  const report = { type: "report", event: "caller-left" };
  expect(causesOf(deserted, "command-issued").at(-1)).toEqual([report]);
  expect(causesOf(deserted, "conference-ended")).toEqual([[report]]);

  const world = await running();
  const named = { subConfId: "s1" };
  await world.received("open", message({ type: "create-sub-conference", msgId: "m-open", ...named }));
  await result(world, "create-room");
  await world.received("close", message({ type: "close-sub-conference", msgId: "m-close", ...named }));
  await result(world, "close-room");
  const asked = { type: "request", transId: "close", msgId: "m-close" };
  expect(causesOf(world, "command-issued").at(-1)).toEqual([asked]);
  expect(causesOf(world, "room-closed")).toEqual([[asked]]);
});

test("nobody is left in a conference without WebEx since an operator expelled the last caller", async () => {
  const world = await running();
  await world.received("close", message({ type: "close-conference", keepAlive: true }));
  await operate(world, "a1", { type: "expel", call: "c0" });
  await result(world, "expel");
  const stages = await world.during(world.conference.reader.action("a1" as ActionId));
  expect([stages?.sent.map(({ type }) => type), stages?.result?.type]).toEqual([["expel"], "done"]);

  await result(world, "end-conference");
  expect(conferencesOf(world).map(how)).toEqual(["nobody completed deserted"]);
  expect(causesOf(world, "conference-ended")).toEqual([[byAnn]]);
});

test("a conference that WebEx let go on alone, and closed after all (protocol 4.8)", async () => {
  const world = await running();
  await world.received("keep", message({ type: "close-conference", keepAlive: true }));
  await world.received("close", message({ type: "close-conference" }));
  await result(world, "end-conference");

  expect(recordsOf(world).map(how)).toEqual(["webex completed conference-ended", "webex completed closed"]);
});

test("a conference that the bridge does not create, or not in time", async () => {
  const [refused, late] = [new ConferenceWorld(), new ConferenceWorld()];
  for (const world of [refused, late]) await world.received("create", createConference());
  await result(refused, "create-conference", "capacity");
  await late.time.pass(60_000);

  expect(recordsOf(refused).map(how)).toEqual(["bridge failed capacity"]);
  expect(recordsOf(late).map(how)).toEqual(["bridge failed bridge-timeout"]);
});

test("a conference that WebEx closes before the bridge has created it never ran", async () => {
  const world = new ConferenceWorld();
  await world.received("create", createConference());
  await world.received("close", message({ type: "close-conference" }));
  await world.allDone();

  expect(conferencesOf(world)).toMatchObject([{ runningAt: null, endedBy: "webex", status: "failed", seconds: 0 }]);
});

test("a conference that begins in the moment in which the one before ends is another one", async () => {
  const world = await running();
  await world.received("close", message({ type: "close-conference" }));
  const again = createConference({ msgId: "m-again", extConfId: "7002" } as never);
  await world.received("create-again", again);
  await result(world, "end-conference");
  await world.allDone();
  await world.reported(event({ type: "conference-ended" }));

  const lives = conferencesOf(world).map(({ life }) => life);
  expect(recordsOf(world).map(how)).toEqual([
    "webex completed conference-ended",
    "webex completed closed",
    "telephone completed ended",
  ]);
  expect(new Set(lives).size).toBe(2);
});

test("posts that were given up are counted", async () => {
  const world = await running(0);
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(callerEntered(0));
  await world.time.pass(120_000);
  await world.reported(event({ type: "conference-ended" }));

  expect(conferencesOf(world)).toMatchObject([{ givenUp: 1 }]);
});
