import { expect, test } from "vitest";
import type { RefusalReason } from "../../src/bridge/commands.ts";
import type { ActionId } from "../../src/foundation/ids.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import { left } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, callerLeft, createConference, request } from "./conference-world.ts";

const number = { country: "1", area: "408", local: "5550123", extension: "" };
const settledMs = 12_000;
const waits = "WebEx cannot be notified now. It is notified of this, or of how it is then, later.";

async function stagesOf(world: ConferenceWorld, id: string): Promise<ActionStages> {
  const stages = await world.during(world.conference.reader.action(id as ActionId));
  if (!stages) throw new Error(`no action ${id}`);
  return stages;
}

/** Words alone, without times and ids. */
function inShort({ sent, result, notified }: ActionStages): readonly unknown[] {
  const words = (one: ActionStages["result"]) =>
    one === null ? null : "why" in one ? `${one.type}: ${one.why}` : one.type;
  const { is, why } = notified ?? { is: null, why: "" };
  return [sent.map((command) => `${command.type}: ${words(command.result)}`).join(", "), words(result), why || is];
}

function refused(world: ConferenceWorld, reason: RefusalReason = "refused"): Promise<number> {
  const result = { done: false, reason } as const;
  return world.reported(...world.pending.map((id) => ({ type: "result", id, result }) as const));
}

const runningWorld = (callers = 2) => ConferenceWorld.running(callers);

test("shows an action's stages from the disk to WebEx", async () => {
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
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["mute: done", "done", "posted"]);
  expect((await stagesOf(world, "a1")).notified?.transIds).toEqual([world.posted.at(-1)?.transId]);
});

test("an action is confirmed at once, before and after the next row", async () => {
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
  expect((await stagesOf(world, "a1")).notified).toMatchObject({ is: "refused", at: expect.any(Number) });
});

test("a repeated action is done once, also after a restart", async () => {
  const world = await runningWorld();
  const both = [world.operate("a1", { type: "mute", call: "c0" }), world.operate("a1", { type: "mute", call: "c0" })];
  expect(await Promise.all(both)).toEqual(["done", "done-before"]);
  await world.allDone();
  await world.operate("a2", { type: "unmute", call: "c0" });
  await world.allDone();
  const sent = world.sent.flat().length;

  world.start();
  expect(await world.operate("a1", { type: "mute", call: "c0" })).toBe("done-before");
  // Also where it would be refused by now.
  await world.reported(callerLeft(0));
  expect(await world.operate("a1", { type: "mute", call: "c0" })).toBe("done-before");

  expect(world.sent.flat()).toHaveLength(sent);
  await world.time.pass(world.domain.settings.transactionMemoryMs);
  expect(await world.operate("a1", { type: "mute", call: "c0" })).toBe("no-such-call");
});

test("of two equal actions at once, one is done", async () => {
  const world = await runningWorld();
  const callOut = { type: "call-out", number, muted: true };
  const pairs = Array.from({ length: 20 }, (_, index) => {
    const both = [1, 2].map(() => world.operate(`a${index}`, callOut));
    return Promise.all(both);
  });
  expect(await Promise.all(pairs)).toEqual(Array(20).fill(["done", "done-before"]));
});

test("a repeat of an action whose commit fails, fails too", async () => {
  const world = await runningWorld();
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

test("refuses another action under a known id", async () => {
  const world = await runningWorld();
  const callOut = { type: "call-out", number, muted: true };
  expect(await world.operate("a1", callOut)).toBe("done");
  const both = [world.operate("a2", { type: "lock" }), world.operate("a2", { type: "unlock" })];

  expect(await Promise.all(both)).toEqual(["done", "other-action"]);
  expect(await world.operate("a1", { ...callOut, muted: false })).toBe("other-action");
  expect(await world.operate("a1", { muted: true, number: { ...number }, type: "call-out" })).toBe("done-before");
});

test("the number of a call-out is shown as the domain's settings say", async () => {
  const world = await runningWorld();
  world.domain = testDomain({ recordsPersonal: "masked" });
  await world.operate("a1", { type: "call-out", number, attendeeId: "4711" });
  expect((await stagesOf(world, "a1")).request).toEqual({
    type: "call-out",
    attendeeId: "(secret)", // It may be a meeting's AnonymousID.
    number: { ...number, country: "*", area: "***", local: "*****23" },
  });
  world.domain = testDomain();
  expect((await stagesOf(world, "a1")).request).toEqual({ type: "call-out", number, attendeeId: "(secret)" });
});

test("an action that is refused at once may come again", async () => {
  const world = await runningWorld(1);
  expect(await world.operate("a1", { type: "mute", call: "c1" })).toBe("no-such-call");
  expect(await world.conference.reader.action("a1" as ActionId)).toBeNull();

  await world.reported(callerEntered(1));
  expect(await world.operate("a1", { type: "mute", call: "c1" })).toBe("done");
});

test("an action shows a refusal, a timeout and a late result", async () => {
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

test.each(["expel", "mute"])("notifies of a caller who left before WebEx named it: %s", async (type) => {
  const world = await runningWorld(0);
  await world.reported(callerEntered(0));
  await world.operate("a1", { type, call: "c0" });
  await world.allDone();
  if (type === "mute") await world.reported(callerLeft(0));
  await world.time.pass(settledMs);
  const unnamed = "WebEx has given this call no name yet.";
  expect(inShort(await stagesOf(world, "a1"))).toEqual([`${type}: done`, "done", unnamed]);
  await world.received("t", request("caller-named", { msgId: world.entries[0], extCallId: "1001" }));
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a1"))).toEqual([`${type}: done`, "done", "confirmed"]);
});

test("an action after a keep-alive close is done without notifying WebEx", async () => {
  const world = await runningWorld();
  await world.received("t-close", request("close-conference", { keepAlive: true }));
  await world.operate("a1", { type: "mute", call: "c0" });
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1"))).toEqual([
    "mute: done",
    "done",
    "WebEx does not have the conference now: it has let it go on alone, or never created it.",
  ]);
  await world.operate("a2", { type: "call-out", number });
  await world.operate("a3", { type: "end" });
  await world.allDone();
  expect((await stagesOf(world, "a2")).result).toMatchObject({ type: "refused", why: "conference-ended" });
  expect(inShort(await stagesOf(world, "a3"))).toEqual([
    "end-conference: done",
    "done",
    "WebEx does not have the conference now: it has let it go on alone, or never created it.",
  ]);
});

test("an action shows a pending notification, and one to a replaced server", async () => {
  const world = await runningWorld();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.operate("a1", { type: "lock" });
  await world.allDone();
  await world.time.pass(120_000);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["lock: done", "done", waits]);

  await world.operate("a2", { type: "unlock" });
  await world.operate("a3", { type: "hybrid-data", connectData: "x" });
  await world.allDone();
  await world.received("t-over", createConference({ msgId: "m2", replyTo: "127.0.0.1:8802", extConfId: "7002" }));
  const settled = "Its server was replaced, and the next one is notified of all.";
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["unlock: done", "done", settled]);
  expect(inShort(await stagesOf(world, "a3")).at(-1)).toBe(settled);
});

test("an action shows that a notification of the end expired", async () => {
  const world = await runningWorld();
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.operate("a1", { type: "end" });
  await world.allDone();
  await world.time.pass(2 * 3_600_000);

  const expired = "WebEx could not be reached for so long that nobody waits for it any more.";
  expect(inShort(await stagesOf(world, "a1")).at(-1)).toBe(expired);
});

test("callers are expelled and moved", async () => {
  const world = await runningWorld();
  await world.received("t-room", request("create-sub-conference", { subConfId: "s1" }));
  await world.allDone();
  const [room] = world.conference.reader.view()?.rooms ?? [];
  await world.operate("a1", { type: "move", call: "c0", room: room?.room });
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
  const own = "No notification of its own was due.";
  expect(inShort(await stagesOf(world, "a4"))).toEqual(["expel: done", "done", own]);
});

test("an operator's call-out is dialled, admitted and reported as an entry", async () => {
  const world = await runningWorld(1);
  await world.operate("a1", { type: "call-out", number, attendeeId: "77" });
  const call = world.dialled;
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["dial: done", null, null]);
  await world.reported({ type: "event", event: { type: "call-answered", call } });
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["dial: done, admit: null", null, null]);
  await world.allDone();
  await world.time.pass(settledMs);

  expect(inShort(await stagesOf(world, "a1"))).toEqual(["dial: done, admit: done", "done", "confirmed"]);
  expect(world.posted.at(-1)?.body).toContain('ExtCallID="null"');
});

test("an action shows why a call-out failed", async () => {
  const world = await runningWorld(1);
  await world.operate("busy", { type: "call-out", number });
  await world.reported(left(world.dialled, "busy"));
  await world.operate("refused", { type: "call-out", number });
  await refused(world, "capacity");
  await world.operate("nobody", { type: "call-out", number });
  await world.allDone();
  await world.time.pass(80_000);
  await world.allDone();
  await world.operate("hung up", { type: "call-out", number });
  await world.operate("hangs up", { type: "expel", call: world.dialled });
  await world.allDone();

  expect((await stagesOf(world, "busy")).result).toMatchObject({ type: "refused", why: "busy" });
  expect((await stagesOf(world, "refused")).result).toMatchObject({ type: "refused", why: "capacity" });
  expect((await stagesOf(world, "nobody")).result).toMatchObject({ type: "refused", why: "no-answer" });
  expect((await stagesOf(world, "hung up")).result).toMatchObject({ type: "refused", why: "cancelled" });
  expect(inShort(await stagesOf(world, "hangs up")).slice(1)).toEqual(["done", "No notification of its own was due."]);
});

test("WebEx's call-out that an operator hangs up is answered", async () => {
  const world = await runningWorld(1);
  await world.received("t-call", request("call-out", { extCallId: "9", phone: number }));
  await world.operate("a1", { type: "expel", call: world.dialled });
  await world.allDone();
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["cancel-dial: done", "done", "confirmed"]);
});

test("client data and connect data need no bridge", async () => {
  const world = await runningWorld(1);
  await world.operate("a1", { type: "passthrough", extCallId: "1001", data: "eA==" });
  await world.operate("a2", { type: "hybrid-data", connectData: "x" });
  await world.time.pass(settledMs);
  expect(inShort(await stagesOf(world, "a1"))).toEqual(["", "done", "confirmed"]);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["", "done", "confirmed"]);
});

test("an action shows the notification once its server is back", async () => {
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
  expect(inShort(await stagesOf(world, "a1")).at(-1)).toBe(waits);
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: done", "done", waits]);

  world.answer = ({ transId }) => world.confirmed(transId);
  await world.time.pass(400_000);
  expect(inShort(await stagesOf(world, "a1")).at(-1)).toBe("confirmed");
  expect(inShort(await stagesOf(world, "a2"))).toEqual(["mute: done", "done", "confirmed"]);
  // WebEx learns how the call is in the end.
  const later = "It is not sent any more: it is no longer so, or another message says it.";
  expect(inShort(await stagesOf(world, "a3"))).toEqual(["mute: done", "done", later]);
  expect(inShort(await stagesOf(world, "a4"))).toEqual(["unmute: done", "done", "confirmed"]);
});
