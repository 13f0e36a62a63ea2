import { expect, test } from "vitest";
import { JournalReaders } from "../../durable-objects/conference/journal-readers.ts";
import type { Report } from "../../src/bridge/events.ts";
import { StagesFold } from "../../src/explain/stages.ts";
import type { ActionId, CommandId } from "../../src/foundation/ids.ts";
import type { ActionStages, NotificationStage } from "../../src/rpc/action-stages.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, callerLeft, createConference, extConfId, host } from "./conference-world.ts";

const number = { country: "1", area: "408", local: "5550123", extension: "" };
const settledMs = 12_000;

async function stagesOf(world: ConferenceWorld, id: string): Promise<ActionStages> {
  const stages = await world.during(world.conference.reader.action(id as ActionId));
  if (!stages) throw new Error(`no action ${id}`);
  return stages;
}

/** Words alone, without times and ids. */
function inShort({ sent, result, told }: ActionStages): readonly unknown[] {
  const words = (one: ActionStages["result"]) =>
    one === null ? null : "why" in one ? `${one.type}: ${one.why}` : one.type;
  const tellings = told && wordsOf(told);
  return [sent.map((command) => `${command.type}: ${words(command.result)}`).join(", "), words(result), tellings];
}

function wordsOf(told: NotificationStage): string {
  if ("owed" in told) return `owed ${told.owed}`;
  if ("notYetBecause" in told) return told.notYetBecause;
  return "notBecause" in told ? told.notBecause : told.confirmedAt === null ? "queued" : "confirmed";
}

function refused(world: ConferenceWorld, reason = "refused"): Promise<number> {
  const ids = [...world.stored.state.commands.keys()];
  const result = { done: false, reason } as const;
  return world.reported(...ids.map((id) => ({ type: "result", id, result }) as Report));
}

const runningWorld = (callers = 2) => ConferenceWorld.running(callers);

function request(type: string, more: object): FromWebex {
  return { type, msgId: `m-${type}`, replyTo: host, extConfId, ...more } as unknown as FromWebex;
}

test("an action's stages: on disk, sent, done on the bridge, told to WebEx", async () => {
  const world = await runningWorld();
  expect(await world.conference.reader.action("a1" as ActionId)).toBeNull();

  expect(await world.operate("a1", { type: "mute", call: "c0" })).toBe("done");
  const { onDisk, asked, person } = await stagesOf(world, "a1");
  expect(person).toBe("Ann");
  expect(asked).toBe(onDisk.at);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["mute: null", null, null]);
  expect((await stagesOf(world, "a1")).sent.map(({ id }) => id)).toEqual(world.sent.at(-1)?.map(({ id }) => id));

  world.answer = () => new Promise(() => {});
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["mute: done", "done", "queued"]);
  expect((await stagesOf(world, "a1")).told).toEqual({ transIds: [world.posted.at(-1)?.transId], confirmedAt: null });
});

test("an action is told when WebEx has confirmed it", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "lock" });
  await world.allDone();
  // Before the disk hears of the Confirmation, and behind that.
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["lock: done", "done", "confirmed"]);
  expect(world.posted.at(-1)?.body).toContain('Status="2"');

  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["lock: done", "done", "confirmed"]);
});

test("an action that WebEx confirms with a failure is refused there", async () => {
  const world = await runningWorld();
  world.answer = ({ transId }) => world.confirmed(transId, "not-supported");
  await world.operate("a1", { type: "lock" });
  await world.allDone();
  await world.time.pass(settledMs);
  expect((await stagesOf(world, "a1")).told).toMatchObject({ confirmedAt: expect.any(Number), refused: true });
});

test("the same id again, at once or after a restart, is answered alike and does nothing", async () => {
  const world = await runningWorld();
  const before = world.journalRows;
  const both = [world.operate("a1", { type: "mute", call: "c0" }), world.operate("a1", { type: "mute", call: "c0" })];
  expect(await Promise.all(both)).toEqual(["done", "done-before"]);
  expect(world.journalRows).toBe(before + 1);
  await world.allDone();
  await world.operate("a2", { type: "unmute", call: "c0" });
  await world.allDone();
  const rows = world.journalRows;
  const sent = world.sent.flat().length;

  world.start();
  expect(await world.operate("a1", { type: "mute", call: "c0" })).toBe("done-before");
  // Also where it would be refused by now.
  await world.reported(callerLeft(0));
  expect(await world.operate("a1", { type: "mute", call: "c0" })).toBe("done-before");

  expect(world.sent.flat()).toHaveLength(sent);
  expect(world.journalRows).toBe(rows + 1);
  await world.time.pass(world.domain.settings.transactionMemoryMs);
  expect(await world.operate("a1", { type: "mute", call: "c0" })).toBe("no-such-call");
});

test("of the same actions that come in pairs, side by side, each is done once and was done before once", async () => {
  const world = await runningWorld();
  const callOut = { type: "call-out", number, muted: true };
  const pairs = Array.from({ length: 20 }, (_, index) => {
    const both = [1, 2].map(() => world.operate(`a${index}`, callOut));
    return Promise.all(both);
  });
  expect(await Promise.all(pairs)).toEqual(Array(20).fill(["done", "done-before"]));
});

test("a repeat that comes while the first is under way fails with it, and the next one is done", async () => {
  const world = await runningWorld();
  const { transaction } = world.sql;
  let writes = 0;
  world.sql.transaction = (work) => {
    writes += 1;
    if (writes === 1) throw new Error("the disk is full");
    return transaction.call(world.sql, work) as ReturnType<typeof work>;
  };
  const rows = world.journalRows;
  const both = await Promise.allSettled([1, 2].map(() => world.operate("a1", { type: "lock" })));
  expect([both.map(({ status }) => status), world.journalRows - rows]).toEqual([["rejected", "rejected"], 0]);
  expect(await world.operate("a1", { type: "lock" })).toBe("done");
});

test("an id of another action is refused, and nothing is done", async () => {
  const world = await runningWorld();
  const callOut = { type: "call-out", number, muted: true };
  expect(await world.operate("a1", callOut)).toBe("done");
  const rows = world.journalRows;
  const both = [world.operate("a2", { type: "lock" }), world.operate("a2", { type: "unlock" })];

  expect(await Promise.all(both)).toEqual(["done", "other-action"]);
  expect(world.journalRows).toBe(rows + 1);
  expect(await world.operate("a1", { ...callOut, muted: false })).toBe("other-action");
  expect(await world.operate("a1", { muted: true, number: { ...number }, type: "call-out" })).toBe("done-before");
});

test("the number of a call-out is shown as the domain's settings say", async () => {
  const world = await runningWorld();
  world.domain = testDomain({ recordsPersonal: "masked" });
  await world.operate("a1", { type: "call-out", number, attendeeId: "4711" });
  expect((await stagesOf(world, "a1")).request).toEqual({
    ...{ type: "call-out", attendeeId: "(secret)" }, // It may be a meeting's AnonymousID.
    number: { ...number, country: "*", area: "***", local: "*****23" },
  });
  world.domain = testDomain();
  expect((await stagesOf(world, "a1")).request).toEqual({ type: "call-out", number, attendeeId: "(secret)" });
});

test("an id that WebEx has used as a TransID is another one", async () => {
  const world = await runningWorld();
  expect(await world.operate("create", { type: "lock" })).toBe("done");
  expect(world.sent.at(-1)?.map(({ command }) => command.type)).toEqual(["lock"]);
});

test("what is refused at once is not on disk, and is looked at anew", async () => {
  const world = await runningWorld(1);
  const rows = world.journalRows;
  expect(await world.operate("a1", { type: "mute", call: "c1" })).toBe("no-such-call");
  expect(world.journalRows).toBe(rows);
  expect(await world.conference.reader.action("a1" as ActionId)).toBeNull();

  await world.reported(callerEntered(1));
  expect(await world.operate("a1", { type: "mute", call: "c1" })).toBe("done");
});

test("two actions in one commit: the second one is judged behind the first", async () => {
  const world = await runningWorld();
  const results = await Promise.all([
    world.operate("a0", { type: "lock" }),
    world.operate("a1", { type: "end" }),
    world.operate("a2", { type: "mute", call: "c0" }),
  ]);
  expect(results).toEqual(["done", "done", "no-such-conference"]);
  expect(await world.conference.reader.action("a2" as ActionId)).toBeNull();
});

test("an unlock of an open conference does nothing; an unmute of an unmuted caller reaches the bridge", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "unlock" });
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["", "done", "nothing changed"]);
  await world.operate("a2", { type: "unmute", call: "c0" });
  await world.allDone();
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["unmute: done", "done", "confirmed"]);
});

test("two actions that want the same have one command, and both its result", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.operate("a2", { type: "mute", call: "c0" });
  await world.allDone();
  await world.time.pass(settledMs);

  expect((await stagesOf(world, "a2")).sent.map(({ id }) => id)).toEqual(
    (await stagesOf(world, "a1")).sent.map(({ id }) => id),
  );
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["mute: done", "done", "confirmed"]);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: done", "done", "confirmed"]);
});

test("very many actions that want the same make no row long, and each has the result", async () => {
  const world = await runningWorld(0);
  await world.reported(callerEntered(0));
  const ids = Array.from({ length: 100 }, (_, index) => `a${index}`);
  for (const id of ids) await world.operate(id, { type: "mute", call: "c0" });
  const [pending] = world.stored.state.commands.values();
  expect(pending?.by).toHaveLength(16);
  await world.allDone();
  for (const id of ids) await world.operate(`b${id}`, { type: "unmute", call: "c0" });
  await world.allDone();
  for (const { held } of world.stored.state.callers.values())
    for (const { by } of held) expect(by?.length).toBeLessThanOrEqual(16);
  const [caller] = world.stored.state.callers.values();
  await world.received("t", request("caller-named", { msgId: caller?.enterMsgId, extCallId: "1001" }));
  await world.time.pass(settledMs);

  for (const id of ["a0", "a99"])
    expect(inShort(await stagesOf(world, id))).toEqual(["mute: done", "done", "confirmed"]);
  const own = "no notification of its own was due";
  expect(inShort(await stagesOf(world, "a50"))).toEqual(["mute: done", "done", own]);
});

test("the bridge refuses, or says nothing in time; a late result counts", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "lock" });
  await refused(world);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["lock: refused: refused", "refused: refused", null]);

  await world.operate("a2", { type: "mute", call: "c0" });
  world.ackAll();
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: no result: too-late", "no result: too-late", null]);
  await world.allDone();
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: done", "done", "confirmed"]);
});

test("the conference ends before the bridge has answered", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.reported({ type: "event", event: { type: "conference-ended" } });
  expect(inShort(await stagesOf(world, "a1"))).toEqual([
    "mute: no result: the conference ended",
    "no result: the conference ended",
    null,
  ]);
});

test("a mute whose unmute was issued before its result came says that it is undone, and of another call's nothing", async () => {
  const world = await runningWorld(3);
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.operate("a2", { type: "mute", call: "c1" });
  await world.operate("a3", { type: "unmute", call: "c0" });
  await world.allDone();
  await world.operate("a4", { type: "unmute", call: "c1" });
  await world.allDone();

  const undone = async (id: string) => (await stagesOf(world, id)).sent.map(({ undoneBy }) => undoneBy?.type);
  expect([await undone("a1"), await undone("a2"), await undone("a3")]).toEqual([["unmute"], [undefined], [undefined]]);
});

test("everybody is muted: one command each, and one change of each is told", async () => {
  const world = await runningWorld(4);
  // Each view says before how many it will be.
  const would = () => {
    const { muteAll, unmuteAll } = world.conference.reader.view() ?? {};
    return [muteAll, unmuteAll];
  };
  expect(would()).toEqual([4, 0]);
  await world.operate("a1", { type: "mute-all" });
  await world.allDone();
  expect(would()).toEqual([0, 4]);
  await world.time.pass(settledMs);

  expect(inShort(await stagesOf(world, "a1"))).toEqual([
    "mute: done, mute: done, mute: done, mute: done",
    "done",
    "confirmed",
  ]);
});

test("a caller that WebEx has not named is told of when it is named; one that WebEx refuses to name never", async () => {
  const world = await runningWorld(0);
  await world.reported(callerEntered(0));
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.allDone();
  await world.time.pass(settledMs);
  const unnamed = "WebEx has given this call no name yet";
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["mute: done", "done", unnamed]);
  const [caller] = world.stored.state.callers.values();
  await world.received("t", request("caller-named", { msgId: caller?.enterMsgId, extCallId: "1001" }));
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["mute: done", "done", "confirmed"]);

  await world.reported(callerEntered(1));
  await world.time.pass(settledMs);
  const second = [...world.stored.state.callers.values()].at(-1);
  await world.received("t2", request("caller-named", { msgId: second?.enterMsgId, result: "no-such-call" }));
  await world.operate("a2", { type: "mute", call: "c1" });
  await world.allDone();
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: done", "done", "WebEx has given this call no name"]);
});

test.each(["expel", "mute"])("a caller that has left before WebEx names it: %s", async (type) => {
  const world = await runningWorld(0);
  await world.reported(callerEntered(0));
  await world.operate("a1", { type, call: "c0" });
  await world.allDone();
  if (type === "mute") await world.reported(callerLeft(0));
  await world.time.pass(settledMs);
  const unnamed = "WebEx has given this call no name yet";
  expect(inShort(await stagesOf(world, "a1"))).toEqual([`${type}: done`, "done", unnamed]);
  const [caller] = world.stored.state.callers.values();
  await world.received("t", request("caller-named", { msgId: caller?.enterMsgId, extCallId: "1001" }));
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a1"))).toEqual([`${type}: done`, "done", "confirmed"]);
});

test("WebEx is told nothing after a keep-alive close, and the action is done all the same", async () => {
  const world = await runningWorld();
  await world.received("t-close", request("close-conference", { keepAlive: true }));
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1"))).toEqual([
    "mute: done",
    "done",
    "WebEx does not have the conference now: it has let it go on alone, or never created it",
  ]);
  await world.operate("a2", { type: "call-out", number });
  await world.operate("a3", { type: "end" });
  await world.allDone();
  expect((await stagesOf(world, "a2")).result).toMatchObject({ type: "refused", why: "conference-ended" });
  expect(inShort(await stagesOf(world, "a3"))).toEqual([
    "end-conference: done",
    "done",
    "WebEx does not have the conference now: it has let it go on alone, or never created it",
  ]);
});

test("a notification that WebEx never confirms is owed, and one to a replaced server dropped", async () => {
  const world = await runningWorld();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.operate("a1", { type: "lock" });
  await world.allDone();
  await world.time.pass(120_000);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["lock: done", "done", "owed 1"]);

  await world.operate("a2", { type: "unlock" });
  await world.operate("a3", { type: "hybrid-data", connectData: "x" });
  await world.allDone();
  await world.received(
    "t-over",
    createConference({ msgId: "m2", replyTo: "127.0.0.1:8802", extConfId: "7002" } as object),
  );
  const settled = "its server was replaced, and the next one is notified of all";
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["unlock: done", "done", settled]);
  expect(inShort(await stagesOf(world, "a3")).at(-1)).toBe(settled);
});

test("a server that the settings do not have any more is owed what happens", async () => {
  const world = await runningWorld();
  world.domain = testDomain({ webex: { hosts: ["other.example.com"] } });
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.allDone();

  expect(inShort(await stagesOf(world, "a1"))).toEqual(["mute: done", "done", "owed 1"]);
});

test("a server that was lost is replaced: the facts say that it is owed nothing any more", async () => {
  const world = await runningWorld();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.operate("a1", { type: "lock" });
  await world.allDone();
  await world.time.pass(140_000);
  const kinds = () =>
    world.stored.journal
      .facts(0)
      .flatMap(({ facts }) => facts.flatMap(({ kind }) => (kind.startsWith("server-") ? kind : [])));
  expect(kinds()).toEqual(["server-lost"]);

  const other = { msgId: "m2", replyTo: "127.0.0.1:8802", extConfId: "7002" } as object;
  await world.received("t-over", createConference(other));
  expect(kinds()).toEqual(["server-lost", "server-settled"]);
});

test("what is owed is owed since the first time, however often its server is probed with it, until it is confirmed", async () => {
  const world = await runningWorld();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.allDone();
  const shown = new Map<string, NotificationStage | null>();
  const owedAt = () =>
    world.stored.journal
      .facts(0)
      .flatMap(({ at, facts }) => (facts.some(({ kind }) => kind === "message-owed") ? [at] : []));
  while (owedAt().length < 1) await world.time.pass(100);
  while (owedAt().length < 4) {
    const { told } = await stagesOf(world, "a1");
    shown.set(JSON.stringify(told), told);
    await world.time.pass(100);
  }
  expect([...shown.values()]).toEqual([{ owed: 1, owedSince: owedAt()[0] }]);

  world.answer = ({ transId }) => world.confirmed(transId);
  await world.time.pass(400_000);
  expect(inShort(await stagesOf(world, "a1")).at(-1)).toBe("confirmed");
});

test("an end that nobody waits for any more was never told, and says so", async () => {
  const world = await runningWorld();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.operate("a1", { type: "end" });
  await world.allDone();
  await world.time.pass(2 * 3_600_000);

  const expired = "WebEx could not be reached for so long that nobody waits for it any more";
  expect(inShort(await stagesOf(world, "a1")).at(-1)).toBe(expired);
});

test("callers are expelled and moved", async () => {
  const world = await runningWorld();
  await world.received("t-room", request("create-sub-conference", { subConfId: "s1" }));
  await world.allDone();
  const [room] = world.stored.state.rooms.keys();
  await world.operate("a1", { type: "move", call: "c0", room });
  await world.allDone();
  await world.operate("a2", { type: "move", call: "c0", room: "main" });
  await world.allDone();
  await world.operate("a3", { type: "expel", call: "c0" });
  await world.allDone();
  await world.operate("a4", { type: "expel", call: "c1" });
  await world.reported(callerLeft(1));
  await refused(world, "no-such-call");
  await world.time.pass(settledMs);

  expect(inShort(await stagesOf(world, "a1"))).toEqual(["move: done", "done", "confirmed"]);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["move: done", "done", "confirmed"]);
  expect(inShort(await stagesOf(world, "a3"))).toEqual(["expel: done", "done", "confirmed"]);
  // The caller hung up meanwhile, and WebEx has heard of that.
  const own = "no notification of its own was due";
  expect(inShort(await stagesOf(world, "a4"))).toEqual(["expel: done", "done", own]);
});

test("the conference is ended", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "end" });
  await world.operate("a2", { type: "end" });
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["end-conference: null", null, null]);
  await world.allDone();
  await world.time.pass(settledMs);

  expect(inShort(await stagesOf(world, "a1"))).toEqual(["end-conference: done", "done", "confirmed"]);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["end-conference: done", "done", "confirmed"]);
  expect(world.lines.find(({ event }) => event === "conference-ended")?.by).toBe("operator");
});

test("a bridge that ends the conference by itself meanwhile has ended it", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "end" });
  await world.reported({ type: "event", event: { type: "conference-ended" } });
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a1")).slice(1)).toEqual(["done", "confirmed"]);
});

test("a call out: dialled, admitted, told as a caller who enters", async () => {
  const world = await runningWorld(1);
  await world.operate("a1", { type: "call-out", number, attendeeId: "77" });
  const [call = ""] = world.stored.state.callOuts.keys();
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["dial: done", null, null]);
  await world.reported({ type: "event", event: { type: "call-answered", call } } as Report);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["dial: done, admit: null", null, null]);
  await world.allDone();
  await world.time.pass(settledMs);

  expect(inShort(await stagesOf(world, "a1"))).toEqual(["dial: done, admit: done", "done", "confirmed"]);
  expect(world.posted.at(-1)?.body).toContain('ExtCallID="null"');
});

test("a call out that nobody answers, is busy, is refused or is hung up by an operator", async () => {
  const world = await runningWorld(1);
  await world.operate("busy", { type: "call-out", number });
  const [busy] = world.stored.state.callOuts.keys();
  await world.reported({ type: "event", event: { type: "caller-left", call: busy, reason: "busy" } } as Report);
  await world.operate("refused", { type: "call-out", number });
  await refused(world, "capacity");
  await world.operate("nobody", { type: "call-out", number });
  await world.allDone();
  await world.time.pass(80_000);
  await world.allDone();
  await world.operate("hung up", { type: "call-out", number });
  const call = [...world.stored.state.callOuts.keys()].at(-1);
  await world.operate("hangs up", { type: "expel", call });
  await world.allDone();

  expect((await stagesOf(world, "busy")).result).toMatchObject({ type: "refused", why: "busy" });
  expect((await stagesOf(world, "refused")).result).toMatchObject({ type: "refused", why: "capacity" });
  expect((await stagesOf(world, "nobody")).result).toMatchObject({ type: "refused", why: "no-answer" });
  expect((await stagesOf(world, "hung up")).result).toMatchObject({ type: "refused", why: "cancelled" });
  expect(inShort(await stagesOf(world, "hangs up")).slice(1)).toEqual(["done", "no notification of its own was due"]);
});

test("a call out of WebEx that an operator hangs up is answered", async () => {
  const world = await runningWorld(1);
  await world.received("t-call", request("call-out", { extCallId: "9", phone: number }));
  const [call] = world.stored.state.callOuts.keys();
  await world.operate("a1", { type: "expel", call });
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["cancel-dial: done", "done", "confirmed"]);
});

test("data for a client and connect data are told at once", async () => {
  const world = await runningWorld(1);
  await world.operate("a1", { type: "passthrough", extCallId: "1001", data: "eA==" });
  await world.operate("a2", { type: "hybrid-data", connectData: "x" });
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["", "done", "confirmed"]);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["", "done", "confirmed"]);
});

test("the story tells who acted, and by which action", async () => {
  const world = await runningWorld(1);
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.operate("a2", { type: "call-out", number });
  const told = (await world.conference.reader.story(0)).items.filter(({ from }) => from === "operator");
  expect(told.map(({ what, facts }) => ({ what, facts }))).toEqual([
    { what: "mute", facts: { person: "Ann", action: "a1", call: "c0" } },
    {
      what: "call-out",
      facts: { person: "Ann", action: "a2", number: `${number.country}${number.area}${number.local}` },
    },
  ]);
});

test("an operator's command has as long as WebEx's", async () => {
  const world = await runningWorld(1);
  await world.operate("a1", { type: "mute", call: "c0" });
  const [id = "" as CommandId] = world.stored.state.commands.keys();
  expect(world.stored.state.commands.get(id)?.answerBy).toBe((await stagesOf(world, "a1")).asked + 30_000);
});

test("who looks again at an action has read what was added since, and of many those that were asked for last are kept", async () => {
  const world = await runningWorld();
  await world.operate("a1", { type: "lock" });
  const asked: number[] = [];
  const ports = { after: (ms: number, run: () => void) => world.time.after(ms, run), now: () => world.time.now };
  const readers = new JournalReaders(ports, (after) => {
    asked.push(after);
    return world.stored.journal.history(after);
  });
  const look = (id: string) => {
    asked.length = 0;
    const row = world.stored.journal.rowOf(id as ActionId) ?? 0;
    const begin = () => [new StagesFold(id as ActionId), row] as const;
    const wanted = { name: id, settings: null, before: Number.POSITIVE_INFINITY, begin };
    return readers.use(wanted, async (fold, transactions) => {
      for await (const rows of transactions) rows.map((one) => fold.read(one));
      return fold.stages;
    });
  };
  const { lastSeq } = world.stored.journal;
  expect((await look("a1"))?.result).toBeNull();
  // The action is in the last row.
  expect(asked).toEqual([lastSeq - 1]);
  await look("a1");
  expect(asked).toEqual([lastSeq]);

  await world.allDone();
  await world.time.pass(settledMs);
  const later = await look("a1");
  expect(later?.told).toMatchObject({ confirmedAt: expect.any(Number) });
  expect(asked).toEqual([lastSeq]);

  for (let other = 0; other < 20; other += 1) await look(`other-${other}`);
  expect(await look("a1")).toEqual(later);
  expect(asked[0]).toBe(lastSeq - 1);
  await look("other-19");
  expect(asked).toEqual([world.stored.journal.lastSeq]);
  // Nobody has asked for it for a minute.
  await world.time.pass(60_000);
  await look("a1");
  expect(asked[0]).toBe(lastSeq - 1);
});

test("what a server that cannot be reached is owed: told once it is back, or told otherwise by then", async () => {
  const world = await runningWorld();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.operate("a1", { type: "lock" });
  await world.allDone();
  await world.time.pass(20_000);
  await world.operate("a2", { type: "mute", call: "c0" });
  await world.allDone();
  await world.operate("a3", { type: "mute", call: "c1" });
  await world.operate("a4", { type: "unmute", call: "c1" });
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1")).at(-1)).toBe("owed 1");
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: done", "done", "owed 1"]);

  world.answer = ({ transId }) => world.confirmed(transId);
  await world.time.pass(400_000);
  expect(inShort(await stagesOf(world, "a1")).at(-1)).toBe("confirmed");
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: done", "done", "confirmed"]);
  // WebEx learns how the call is in the end.
  const later = "WebEx could not be reached, and was notified later of how it was then";
  expect(inShort(await stagesOf(world, "a3"))).toEqual(["mute: done", "done", later]);
  expect(inShort(await stagesOf(world, "a4"))).toEqual(["unmute: done", "done", "confirmed"]);
});
