import { expect, test } from "vitest";
import type { RefusalReason } from "../../src/bridge/commands.ts";
import type { ActionId } from "../../src/foundation/ids.ts";
import type { ActionStages } from "../../src/rpc/timeline.ts";
import { stagesOf } from "../../src/timeline/stages.ts";
import { Timeline } from "../../src/timeline/timeline.ts";
import { event, left } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, callerLeft, createConference, request } from "./conference-world.ts";

const number = { country: "1", area: "408", local: "5550123", extension: "" };
const callOut = { type: "call-out", number };
const settledMs = 12_000;
const waits = "WebEx is unreachable now. It is notified later, of this or of the newer state.";
const detached = "WebEx does not have the conference now. It closed the meeting, or never created it.";
const ownNone = "No notification of its own was due.";

type Act = (world: ConferenceWorld) => unknown;

async function stagesIn(world: ConferenceWorld, id: string): Promise<ActionStages> {
  const stages = await world.during(world.conference.reader.action(id as ActionId));
  if (!stages) throw new Error(`no action ${id}`);
  return stages;
}

/** Words alone, without times and ids. */
async function inShort(world: ConferenceWorld, id = "a1"): Promise<readonly unknown[]> {
  const { sent, result, notified } = await stagesIn(world, id);
  const words = (one: ActionStages["result"]) =>
    one === null ? null : "why" in one ? `${one.type}: ${one.why}` : one.type;
  const { is, why } = notified ?? { is: null, why: "" };
  return [sent.map((command) => `${command.type}: ${words(command.result)}`).join(", "), words(result), why || is];
}

function asks(action: object, id = "a1"): Act {
  return (world) => world.operate(id, action);
}
function passes(ms: number): Act {
  return (world) => world.time.pass(ms);
}
function refuses(reason: RefusalReason = "refused"): Act {
  const result = { done: false, reason } as const;
  return (world) => world.reported(...world.pending.map((id) => ({ type: "result", id, result }) as const));
}
function webex(...[type, more]: Parameters<typeof request>): Act {
  return (world) => world.received(`t-${type}`, request(type, more));
}
/** From now on WebEx answers so. */
function answers(answer: (world: ConferenceWorld, transId: string) => ReturnType<ConferenceWorld["answer"]>): Act {
  return (world) => {
    world.answer = ({ transId }) => answer(world, transId);
  };
}
const unreachable = answers(() => ({ kind: "failed", reason: "refused" }));
const silent = answers(() => new Promise(() => {}));
const back = answers((world, transId) => world.confirmed(transId));
const refusing = answers((world, transId) => world.confirmed(transId, "not-supported"));
const mute = { type: "mute", call: "c0" };
const done: Act = (world) => world.allDone();
const settles = passes(settledMs);
const replaced: Act = (world) =>
  world.received("t-over", createConference({ msgId: "m2", replyTo: "127.0.0.1:8802", extConfId: "7002" }));
const ackAll: Act = (world) => world.ackAll();
const over: Act = (world) => world.reported(event({ type: "conference-ended" }));
const answered: Act = (world) => world.reported(event({ type: "call-answered", call: world.dialled }));
const isBusy: Act = (world) => world.reported(left(world.dialled, "busy"));
const hangsUp: Act = (world) => world.operate("a1", { type: "expel", call: world.dialled });
const leaves: Act = (world) => world.reported(callerLeft(0));
const lock = asks({ type: "lock" });
const drop = asks({ type: "expel", call: "c0" });
const detach = webex("close-conference", { keepAlive: true });

const noResult = "no result: the conference ended";
const fromReplaced = "The TSP server was replaced. The new one is notified of everything.";
const tooLong = "WebEx was unreachable for too long, so the notification expired.";

test.each<[string, readonly Act[], readonly unknown[]]>([
  ["asked", [asks(mute)], ["mute: null", null, null]],
  ["not confirmed yet", [silent, asks(mute), done], ["mute: done", "done", "posted"]],
  ["confirmed, not on disk", [lock, done], ["lock: done", "done", "confirmed"]],
  ["confirmed, on disk", [lock, done, settles], ["lock: done", "done", "confirmed"]],
  ["confirmed with a failure", [refusing, lock, done, settles], ["lock: done", "done", "refused"]],
  ["refused", [lock, refuses()], ["lock: refused: refused", "refused: refused", null]],
  ["overdue", [asks(mute), ackAll, settles], ["mute: no result: too-late", "no result: too-late", null]],
  ["late", [asks(mute), ackAll, settles, done, settles], ["mute: done", "done", "confirmed"]],
  ["over before its result", [asks(mute), over], [`mute: ${noResult}`, noResult, null]],
  ["without WebEx", [detach, asks(mute), done], ["mute: done", "done", detached]],
  ["end without WebEx", [detach, asks({ type: "end" }), done], ["end-conference: done", "done", detached]],
  ["unreachable", [unreachable, lock, done, passes(120_000)], ["lock: done", "done", waits]],
  ["back", [unreachable, lock, done, passes(20_000), back, passes(400_000)], ["lock: done", "done", "confirmed"]],
  ["replaced", [unreachable, lock, done, passes(120_000), replaced], ["lock: done", "done", fromReplaced]],
  ["expired", [unreachable, asks({ type: "end" }), done, passes(7_200_000)], ["end-conference: done", "done", tooLong]],
  ["dropped", [drop, done, settles], ["expel: done", "done", "confirmed"]],
  ["already gone", [drop, leaves, refuses("no-such-call"), settles], ["expel: done", "done", ownNone]],
  ["dialled", [asks(callOut), done], ["dial: done", null, null]],
  ["answered", [asks(callOut), done, answered], ["dial: done, admit: null", null, null]],
  ["entered", [asks(callOut), done, answered, done, settles], ["dial: done, admit: done", "done", "confirmed"]],
  ["busy", [asks(callOut), isBusy], ["dial: null", "refused: busy", null]],
  ["not dialled", [asks(callOut), refuses("capacity")], ["dial: refused: capacity", "refused: capacity", null]],
  [
    "not answered",
    [asks(callOut), done, passes(80_000), done],
    ["dial: done, cancel-dial: done", "refused: no-answer", null],
  ],
  ["cancelled", [asks(callOut, "a0"), hangsUp, done], ["cancel-dial: done", "done", ownNone]],
  [
    "WebEx's call-out cancelled",
    [webex("call-out", { extCallId: "9", phone: number }), hangsUp, done],
    ["cancel-dial: done", "done", "confirmed"],
  ],
  ["client data", [asks({ type: "passthrough", extCallId: "1001", data: "eA==" }), settles], ["", "done", "confirmed"]],
])("shows the stages of an action: %s", async (_, acts, expected) => {
  const world = await ConferenceWorld.running(2);
  for (const act of acts) await act(world);
  expect(await inShort(world)).toEqual(expected);
});

test("takes the stages from the data of lines, and not from their words", async () => {
  const world = await ConferenceWorld.running(2);
  for (const act of [refusing, asks(mute), refuses(), asks({ type: "lock" }, "a2"), done, settles]) await act(world);
  const timeline = new Timeline();
  for (const row of world.stored.journal.history()) timeline.read(row);
  const reworded = { actions: timeline.actions, lines: timeline.lines.map((line) => ({ ...line, what: "?" })) };
  for (const id of ["a1", "a2"] as ActionId[]) expect(stagesOf(reworded, id)).toEqual(stagesOf(timeline, id));
});

test("shows who asked, and the ids of command and document", async () => {
  const world = await ConferenceWorld.running(2);
  expect(await world.conference.reader.action("a1" as ActionId)).toBeNull();
  await world.operate("a1", mute);
  const { onDisk, asked, person, sent } = await stagesIn(world, "a1");
  expect([person, asked]).toEqual(["Ann", onDisk.at]);
  expect(sent.map(({ id }) => id)).toEqual(world.sent.at(-1)?.map(({ id }) => id));
  await world.allDone();
  expect((await stagesIn(world, "a1")).notified?.transIds).toEqual([world.posted.at(-1)?.transId]);
});

test.each(["expel", "mute"])("notifies of a caller who left before WebEx named it: %s", async (type) => {
  const world = await ConferenceWorld.running(0);
  await world.reported(callerEntered(0));
  await world.operate("a1", { type, call: "c0" });
  await world.allDone();
  if (type === "mute") await world.reported(callerLeft(0));
  await world.time.pass(settledMs);
  expect(await inShort(world)).toEqual([`${type}: done`, "done", "WebEx has not named this call yet."]);
  await world.received("t", request("caller-named", { msgId: world.entries[0], extCallId: "1001" }));
  await world.time.pass(settledMs);
  expect(await inShort(world)).toEqual([`${type}: done`, "done", "confirmed"]);
});

test("notifies a server that is back of how a call is in the end", async () => {
  const world = await ConferenceWorld.running(2);
  unreachable(world);
  await world.operate("a1", mute);
  await world.operate("a2", { type: "unmute", call: "c0" });
  await world.allDone();
  await world.time.pass(20_000);
  await world.operate("a3", { type: "mute", call: "c1" });
  await world.operate("a4", { type: "unmute", call: "c1" });
  await world.allDone();
  back(world);
  await world.time.pass(400_000);
  const later = "No longer sent, because it is outdated or another message says it.";
  expect((await inShort(world, "a3")).at(-1)).toBe(later);
  expect((await inShort(world, "a4")).at(-1)).toBe("confirmed");
});

test("a repeated action is done once, also after a restart", async () => {
  const world = await ConferenceWorld.running(2);
  const both = [world.operate("a1", mute), world.operate("a1", mute)];
  expect(await Promise.all(both)).toEqual(["done", "done-before"]);
  await world.allDone();
  const sent = world.sent.flat().length;

  world.start();
  // Even if it would be refused by now.
  await world.reported(callerLeft(0));
  expect(await world.operate("a1", mute)).toBe("done-before");
  expect(world.sent.flat()).toHaveLength(sent);
  await world.time.pass(world.domain.settings.transactionMemoryMs);
  expect(await world.operate("a1", mute)).toBe("no-such-call");
});

test("a repeat of an action whose commit fails, fails too", async () => {
  const world = await ConferenceWorld.running(2);
  const { transaction } = world.sql;
  let writes = 0;
  world.sql.transaction = (work) => {
    writes += 1;
    if (writes === 1) throw new Error("the disk is full");
    return transaction.call(world.sql, work) as ReturnType<typeof work>;
  };
  const both = await Promise.allSettled([1, 2].map(() => world.operate("a1", { type: "lock" })));
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await world.operate("a1", { type: "lock" })).toBe("done");
});

test("refuses another action under a known id, and repeats one that was refused", async () => {
  const world = await ConferenceWorld.running(1);
  const both = [world.operate("a2", { type: "lock" }), world.operate("a2", { type: "unlock" })];
  expect(await Promise.all(both)).toEqual(["done", "other-action"]);
  expect(await world.operate("a1", callOut)).toBe("done");
  expect(await world.operate("a1", { ...callOut, muted: true })).toBe("other-action");
  expect(await world.operate("a1", { number: { ...number }, type: "call-out" })).toBe("done-before");

  expect(await world.operate("a3", { type: "mute", call: "c1" })).toBe("no-such-call");
  expect(await world.conference.reader.action("a3" as ActionId)).toBeNull();
  await world.reported(callerEntered(1));
  expect(await world.operate("a3", { type: "mute", call: "c1" })).toBe("done");
});

test("shows the number of a call-out as the domain's settings say", async () => {
  const world = await ConferenceWorld.running(2);
  world.domain = testDomain({ recordsPersonal: "masked" });
  await world.operate("a1", { ...callOut, attendeeId: "4711" });
  // The attendee ID may be a meeting's AnonymousID.
  const masked = { ...number, country: "*", area: "***", local: "*****23" };
  expect((await stagesIn(world, "a1")).request).toEqual({ ...callOut, attendeeId: "(secret)", number: masked });
  world.domain = testDomain();
  expect((await stagesIn(world, "a1")).request).toEqual({ ...callOut, attendeeId: "(secret)" });
});
