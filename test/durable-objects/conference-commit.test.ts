import { expect, test } from "vitest";
import { freshReports, latestStream, noProgress, reportsUpTo } from "../../durable-objects/conference/progress.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { BridgeName, CommandId, StreamId, TransId } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { aCaller, done, snapshot } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  createConference,
  extConfId,
  identity,
  lock,
  muteCaller,
  stream,
} from "./conference-world.ts";

test("a create is on disk before it is confirmed, and the bridge gets its command after that (protocol T28)", async () => {
  const world = new ConferenceWorld();
  const rows = { confirmed: 0, told: 0 };
  world.onSent = () => {
    rows.told = world.journalRows;
  };
  const received = world.receive("t1", createConference()).then(() => {
    rows.confirmed = world.journalRows;
  });

  await world.during(received);

  expect(world.sent.flat().map(({ command }) => command.type)).toEqual(["create-conference"]);
  expect(rows).toEqual({ confirmed: 1, told: 1 });
});

test("a request is confirmed although the bridge never answers, and is answered when its time is up (protocol T5, T28)", async () => {
  const world = new ConferenceWorld();
  world.onSent = () => new Promise(() => {}); // Not even the way to the bridge answers.
  const askedAt = world.time.now;

  expect(await world.received("t1", createConference())).toBe(true);
  expect(world.posted).toEqual([]);
  await world.time.pass(world.domain.settings.createTimeoutMs + 1_000);

  expect(world.posted.map(({ body }) => /<A2W_\w+ .*Result="-?\d+"/.exec(body)?.[0])).toEqual([
    expect.stringMatching(/^<A2W_RspCreateConference .*Result="16"$/),
  ]);
  expect((world.posted[0]?.at ?? 0) - askedAt).toBeGreaterThanOrEqual(world.domain.settings.createTimeoutMs);
});

test("a document that comes again is confirmed and does nothing (protocol T38)", async () => {
  const world = new ConferenceWorld();
  await Promise.all([world.received("t1", createConference()), world.received("t1", createConference())]);
  await world.received("t1", createConference());

  expect(world.journalRows).toBe(1);
  expect(world.sent.flat()).toHaveLength(1);
});

test("a repeat is known after an eviction too, and no longer when its time is over (protocol T40)", async () => {
  const world = await ConferenceWorld.running(0);
  await world.received("t-lock", lock("m1"));
  const rows = world.journalRows;
  world.start();

  await world.received("t-lock", lock("m1"));
  expect(world.journalRows).toBe(rows);

  await world.time.pass(world.domain.settings.transactionMemoryMs);
  const before = world.journalRows;
  await world.received("t-lock", lock("m1"));
  expect(world.journalRows).toBe(before + 1);
});

test("what was sent by memory of a handle that stands for it no longer is not accepted, but for a repeat", async () => {
  const world = await ConferenceWorld.running(0);
  const recalled = (transId: string, ...messages: readonly FromWebex[]) =>
    world.during(world.conference.receive({ ...identity, transId: transId as TransId, messages, fromCache: true }));
  const other = { ...lock("m1"), extConfId: "7002" } as FromWebex;
  const rows = world.journalRows;

  expect(await recalled("t1", other)).toBe(false);
  expect(await recalled("t1", lock("m0"), other)).toBe(false);
  expect(world.journalRows).toBe(rows);
  expect(await world.received("t1", other)).toBe(true);
  expect(await recalled("t1", other)).toBe(true);
  expect(await recalled("t2", lock("m2"))).toBe(true);
  expect(world.journalRows).toBe(rows + 2);
});

test("a create waits for its first ids, and is refused while there are none", async () => {
  const world = new ConferenceWorld();
  const { allocateIds } = world;
  world.allocateIds = () => Promise.reject(new Error("the allocator is being moved"));
  await expect(world.received("t1", createConference())).rejects.toThrow("being moved");
  world.allocateIds = () => new Promise(() => {});
  const hangs = world.receive("t1", createConference());
  hangs.catch(() => {});
  await world.time.pass(5_000);
  await expect(hangs).rejects.toThrow("the id allocator took longer than 5000 ms");
  expect([world.tables, world.alarmAt]).toEqual([0, null]);

  world.allocateIds = allocateIds;
  expect(await world.received("t1", createConference())).toBe(true);
  expect(world.journalRows).toBe(1);
});

test("what is asked of a conference that does not exist leaves nothing on disk", async () => {
  const world = new ConferenceWorld();
  const { conference } = world;
  const recalled = { ...identity, transId: "t1" as TransId, messages: [lock("m1")], fromCache: true } as const;

  expect(await world.during(conference.receive(recalled))).toBe(false);
  expect(conference.hasHandle(extConfId, null)).toBe(false);
  expect(conference.compareDigest(identity.bridge, "digest")).toBe("differs");
  await conference.sweep();
  await conference.alarm();
  world.isInSettings = false;
  await expect(world.received("t2", createConference())).rejects.toThrow("no domain");

  expect([world.tables, world.alarmAt, world.lines]).toEqual([0, null, []]);
});

test("what comes behind an input that waits for ids does not overtake it", async () => {
  const world = await ConferenceWorld.running(1);
  const { allocateIds } = world;
  world.allocateIds = async (ids) => {
    await world.time.wait(100);
    return allocateIds(ids);
  };
  const all = Array.from({ length: 200 }, (_, index) => callerEntered(index + 1));
  const settled: string[] = [];
  const reported = world.report(...all).then(() => settled.push("200 callers"));
  const asked = world.receive("t-lock", lock("m1")).then(() => settled.push("lock"));
  await world.time.pass(300);

  await Promise.all([reported, asked]);
  expect(settled).toEqual(["200 callers", "lock"]);
});

test("an input that needs more ids than are at hand gets them in the same request, and is decided once", async () => {
  const world = await ConferenceWorld.running(0);
  const rows = world.journalRows;
  const all = Array.from({ length: 200 }, (_, index) => callerEntered(index));

  expect(await world.reported(...all)).toBe(201);
  expect(world.journalRows).toBe(rows + 1);
  await world.time.pass(5_000);
  const entered = world.posted.flatMap(({ body }) => [...body.matchAll(/A2W_NotifyUserEnter MsgID="(\d+)"/g)]);
  expect(new Set(entered.map(([, msgId]) => msgId)).size).toBe(200);
  expect(new Set(world.posted.map(({ transId }) => transId)).size).toBe(world.posted.length);
});

test("while the allocator does not answer, what needs ids is refused after five seconds, all together, and all else is committed", async () => {
  const world = await ConferenceWorld.running(1);
  const rows = world.journalRows;
  world.allocateIds = () => new Promise(() => {});
  const all = Array.from({ length: 200 }, (_, index) => callerEntered(index + 1));
  const since = world.time.now;
  const tries = [
    world.receive("t0", lock("m0")),
    world.reportAs(3, ...all),
    world.receive("t1", lock("m1")),
    world.reportAs(3, ...all),
    world.receive("t2", lock("m2")),
  ];
  const settled = tries.map((tried) =>
    tried.then(
      () => ["committed", world.time.now - since],
      () => ["refused", world.time.now - since],
    ),
  );
  await world.time.pass(9_000);

  const outcomes = await Promise.all(settled);
  expect(outcomes.map(([outcome]) => outcome)).toEqual(["committed", "refused", "committed", "refused", "committed"]);
  expect(Math.max(...outcomes.map(([, ms]) => Number(ms)))).toBeLessThan(6_000);
  expect(world.journalRows).toBe(rows + 3);
});

test("reports of streams with any name are counted, and another bridge's stream of that name apart", async () => {
  const world = await ConferenceWorld.running(0);
  const report = (name: string, bridge: BridgeName, number: number) => {
    const reports = [{ number, report: callerEntered(number) }];
    return world.during(
      world.conference.report({ ...identity, bridge, stream: name as StreamId, activeSince: null, reports }),
    );
  };
  for (const name of ["constructor", "__proto__", "7"]) {
    expect([await report(name, identity.bridge, 1), await report(name, identity.bridge, 2)]).toEqual([1, 2]);
    expect(await report(name, "second" as BridgeName, 1)).toBe(1);
    expect(await report(name, identity.bridge, 3)).toBe(3);
  }
});

test("what waits together commits together", async () => {
  const world = await ConferenceWorld.running(0);
  const before = world.sql.transactions;

  await world.during(Promise.all(Array.from({ length: 20 }, (_, n) => world.receive(`t${n}`, lock(`m${n}`)))));

  // One for the first, which found nobody to wait for, and one for the others.
  expect(world.sql.transactions - before).toBeLessThanOrEqual(2);
  expect(world.journalRows).toBeGreaterThan(20);
});

test("an input that fails after its decision fails alone", async () => {
  const world = await ConferenceWorld.running(1);
  const before = world.journalRows;
  const tooLarge = { type: "passthrough", msgId: "m", extConfId, extCallId: "1001", data: "x".repeat(2_000_000) };

  const outcomes = await world.during(
    Promise.allSettled([
      world.receive("before", lock("m1")),
      world.receive("poison", muteCaller("1001"), tooLarge as FromWebex),
      world.receive("after", lock("m2")),
    ]),
  );

  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(world.journalRows).toBe(before + 2);
  // Nothing of it is left in memory either: the state is that of the disk.
  await world.received("mute", muteCaller("1001"));
  expect(
    world.sent
      .flat()
      .map(({ command }) => command.type)
      .filter((type) => type === "mute"),
  ).toHaveLength(1);
});

test("an input that is far too large is refused and its neighbours are accepted", async () => {
  const world = new ConferenceWorld();
  const huge = { ...createConference(), conferenceName: "x".repeat(2_000_000) } as ReturnType<typeof createConference>;

  const outcomes = await world.during(
    Promise.allSettled([world.receive("huge", huge), world.receive("t1", createConference())]),
  );

  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("a snapshot of 8,000 callers is accepted", async () => {
  const world = await ConferenceWorld.running(0);
  const callers = Array.from({ length: 8_000 }, (_, index) =>
    aCaller({ call: `c${index}-9f3a2c71`, attendeeId: "123456789" }),
  );
  const report = snapshot(callers);

  expect(JSON.stringify(report).length).toBeGreaterThan(900_000);
  const before = world.journalRows;
  await world.reported(report);

  expect(world.journalRows).toBe(before + 1);
});

test("a snapshot that is too long for a row of the journal is committed, and the row says how long it was", async () => {
  const world = await ConferenceWorld.running(1);
  const callers = Array.from({ length: 20_000 }, () => aCaller({ attendeeId: "123456789012345" }));
  const report = snapshot(callers);
  expect(JSON.stringify(report).length).toBeGreaterThan(2_000_000);

  const upTo = await world.reported(report);
  expect(await world.reported(callerEntered(1))).toBe(upTo + 1);
  const texts = world.sql.exec("SELECT input FROM journal WHERE input LIKE '%tooLong%'").map(({ input }) => input);
  expect(texts).toHaveLength(1);
});

test("an object that knows of no stream, as after a loss, goes on with one from its first report", async () => {
  const world = new ConferenceWorld();
  expect(await world.during(world.reportAs(7, callerEntered(0)))).toBe(7);
  expect(await world.during(world.reportAs(9, callerEntered(1)))).toBe(7);
});

test("the same of one bridge, though it knows streams of another one; each bridge has a latest stream of its own", () => {
  const [own, other] = ["own", "other"] as [BridgeName, BridgeName];
  const progress = { ...noProgress, streams: [[own, stream, 3] as const, [other, "s2" as StreamId, 9] as const] };
  const reports = [7, 8, 10].map((number) => ({ number, report: callerEntered(number) }));
  const fresh = (bridge: string) =>
    freshReports(progress, { ...identity, bridge: bridge as BridgeName, stream, activeSince: null, reports });

  expect(fresh("third").map(({ number }) => number)).toEqual([7, 8]);
  expect(fresh("own")).toEqual([]);
  expect(["own", "other", "third"].map((bridge) => latestStream(progress, bridge as BridgeName))).toEqual([
    stream,
    "s2",
    null,
  ]);
});

test("reports are accepted once and in order; none behind a gap", async () => {
  const world = await ConferenceWorld.running(0);
  const upTo = await world.reported(callerEntered(0), callerEntered(1));
  const rows = world.journalRows;

  expect(await world.during(world.reportAs(upTo - 1, callerEntered(0), callerEntered(1)))).toBe(upTo);
  expect(await world.during(world.reportAs(upTo + 2, callerEntered(3)))).toBe(upTo);
  expect(world.journalRows).toBe(rows);
  expect(await world.during(world.reportAs(upTo, callerEntered(1), callerEntered(2)))).toBe(upTo + 1);
});

test("the same reports in two requests of one turn are accepted once", async () => {
  const world = await ConferenceWorld.running(0);
  const rows = world.journalRows;

  const upTo = await world.during(
    Promise.all([world.reportAs(2, callerEntered(0)), world.reportAs(2, callerEntered(0))]),
  );

  expect(upTo).toEqual([2, 2]);
  expect(world.journalRows).toBe(rows + 1);
});

test("a mute costs the same rows in a conference of 10 and of 1,000", async () => {
  const costs: number[] = [];
  for (const callers of [10, 1000]) {
    const world = await ConferenceWorld.running(callers);
    const rows = world.sql.rowsWritten;
    const alarms = world.alarmsSet;
    await world.received("mute", muteCaller("1005"));
    await world.allDone();
    await world.time.pass(5500);
    expect(world.outboxRows).toBe(0);
    costs.push(world.sql.rowsWritten - rows + world.alarmsSet - alarms);
  }

  // The request, the result and, at the alarm, that the answer is confirmed: a row of the journal each. And the alarm.
  expect(costs).toEqual([4, 4]);
});

test("what an agent had acknowledged is sent at once when another one reports", async () => {
  const world = await ConferenceWorld.running(1);
  await world.received("t1", muteCaller("1001"));
  world.ackAll();
  const sent = world.sent.length;

  await world.reported(callerEntered(1));
  expect(world.sent).toHaveLength(sent);

  await world.during(
    world.conference.report({
      ...identity,
      stream: "another" as StreamId,
      activeSince: null,
      reports: [{ number: 1, report: callerEntered(2) }],
    }),
  );
  expect(world.sent).toHaveLength(sent + 1);
  expect(world.sent.at(-1)).toMatchObject([{ command: { type: "mute" }, again: true }]);
});

test("what an agent had acknowledged is sent at once when the earlier agent goes on in its stream after another one was active", async () => {
  const world = await ConferenceWorld.running(1);
  let number = reportsUpTo(world.stored.progress, identity.bridge, stream);
  const reportOf = (activeSince: number) => {
    number += 1;
    const reports = [{ number, report: callerEntered(number) }];
    return world.during(world.conference.report({ ...identity, stream, activeSince, reports }));
  };
  await reportOf(1);
  await world.received("t1", muteCaller("1001"));
  world.ackAll();
  const sent = world.sent.length;
  await reportOf(1);
  expect(world.sent).toHaveLength(sent);

  await reportOf(3);
  expect(world.sent.at(-1)).toMatchObject([{ command: { type: "mute" }, again: true }]);
});

test("what an agent had acknowledged is sent at once when an earlier agent is back with reports that are known", async () => {
  const world = await ConferenceWorld.running(1);
  await world.reported(callerEntered(1));
  const reports = [{ number: 1, report: callerEntered(2) }];
  const reportOf = (stream: string) =>
    world.conference.report({ ...identity, stream: stream as StreamId, activeSince: null, reports });
  await world.during(reportOf("another"));
  await world.during(reportOf("present"));
  await world.received("t1", muteCaller("1001"));
  world.ackAll();
  const sent = world.sent.length;

  await world.during(reportOf("present"));
  expect(world.sent).toHaveLength(sent);

  await world.during(reportOf("another"));
  expect(world.sent).toHaveLength(sent + 1);
  expect(world.sent.at(-1)).toMatchObject([{ command: { type: "mute" }, again: true }]);
});

test("what an agent had acknowledged whose reports came with a gap is sent at once when the earlier agent is back", async () => {
  const world = await ConferenceWorld.running(1);
  await world.reported(callerEntered(1));
  await world.received("t1", muteCaller("1001"));
  const withGap = {
    ...identity,
    stream: "another" as StreamId,
    activeSince: null,
    reports: [{ number: 7, report: callerEntered(2) }],
  };
  await world.during(world.conference.report(withGap));
  world.ackAll();
  const sent = world.sent.length;

  await world.reported(callerEntered(3));
  expect(world.sent).toHaveLength(sent + 1);
});

test("while the bridge is too far behind, requests are refused before they are accepted; a create, a close and names are not", async () => {
  const world = await ConferenceWorld.running(2);
  /** The result of the command that waits longest. */
  const result = (): Report => {
    const [id = "" as CommandId] = world.stored.state.commands.keys();
    return done(id);
  };
  for (const index of [0, 1, 2]) await world.received(`t${index}`, lock(`m${index}`));
  world.ackAll();
  await world.time.pass(4_999);
  await world.received("early", lock("early"));
  await world.time.pass(1);
  await world.received("no-result-yet", lock("no-result-yet"));

  await world.reported(result());
  await expect(world.received("late", lock("late"))).rejects.toThrow("the bridge is too far behind");
  await world.received("taken over", createConference({ msgId: "taken over" } as Partial<FromWebex>));
  await world.received("named", { type: "caller-named", msgId: "1", extCallId: "1" } as FromWebex);
  expect(await world.received("t0", lock("m0"))).toBe(true);

  await world.reported(result());
  await world.reported(result());
  await world.received("late", lock("late"));
});

test("an agent whose bridge is given commands late is too far behind after half of the time that there is", async () => {
  const world = await ConferenceWorld.running(2);
  const result = (): Report => {
    const [id = "" as CommandId] = world.stored.state.commands.keys();
    return done(id);
  };
  for (const index of [0, 1, 2]) await world.received(`t${index}`, lock(`m${index}`));
  const ids = [...world.stored.state.commands.keys()];
  world.conference.ackCommands(identity.bridge, ids, ids);
  await world.time.pass(14_000);
  await world.reported(result());
  await world.received("early", lock("early"));

  await world.time.pass(1_000);
  await world.reported(result());
  await expect(world.received("late", lock("late"))).rejects.toThrow("the bridge is too far behind");
});

test("a command is sent even where no alarm can be set", async () => {
  const world = new ConferenceWorld();
  world.alarmFault = "database or disk is full";
  await world.received("t1", createConference());

  expect(world.sent.flat().map(({ command }) => command.type)).toEqual(["create-conference"]);
  expect(world.lines.map(({ event }) => event)).toContain("no-alarm");
});

test("documents that are committed together act once, also where a line of the log cannot be written", async () => {
  const world = await ConferenceWorld.running(1);
  const rows = world.journalRows;
  const { push } = world.lines;
  world.lines.push = (line) => {
    if (line.event === "conference-taken-over") throw new Error("a line that JSON cannot write");
    return push.call(world.lines, line);
  };
  const messages = ["m1", "m2", "m3"].map((msgId) => createConference({ msgId, replyTo: "localhost:8802" } as never));
  await world.during(Promise.all(messages.map((message, index) => world.receive(`t${index}`, message))));

  expect(world.journalRows).toBe(rows + 3);
});

test("the first report of all sends no command again that an agent has acknowledged", async () => {
  const world = new ConferenceWorld();
  await world.received("t1", createConference());
  world.ackAll();
  const sent = world.sent.length;
  const unknown: Report = { type: "result", id: "never-given" as CommandId, result: { done: true } };
  await world.reported(unknown);

  expect(world.sent).toHaveLength(sent);
});

test("commands that were under way at evictions are sent at once, in the order in which they were given", async () => {
  const world = await ConferenceWorld.running(60);
  const calls = Array.from({ length: 60 }, (_, index) => `${1060 - index}`);
  await world.received("t1", ...calls.slice(0, 30).map((call) => muteCaller(call)));
  world.start();
  await world.received("t2", ...calls.slice(30).map((call) => muteCaller(call)));
  world.start();
  await world.time.pass(0);

  const muted = world.sent.at(-1)?.map(({ command }) => ("call" in command ? command.call : ""));
  expect(muted).toEqual(Array.from({ length: 60 }, (_, index) => `c${59 - index}`));
});

test("the deadline of a create passes in a sleeping object", async () => {
  const world = new ConferenceWorld();
  await world.received("t1", createConference());
  world.kill();

  await world.time.pass(world.domain.settings.createTimeoutMs + 1100);

  expect(world.posted.map(({ body }) => /A2W_RspCreateConference[^>]*/.exec(body)?.[0])).toEqual([
    expect.stringContaining('MsgID="m-create"'),
  ]);
});

test("an alarm is set once for what comes within five seconds, and none is left when all is quiet", async () => {
  const world = await ConferenceWorld.running(1);
  await world.time.pass(6000);
  expect(world.alarmAt).toBeNull();
  const alarms = world.alarmsSet;

  for (let n = 0; n < 5; n += 1) {
    await world.received(`t${n}`, lock(`m${n}`));
    await world.allDone();
    await world.time.pass(800);
  }
  expect(world.alarmsSet - alarms).toBe(1);

  await world.time.pass(11_000);
  expect(world.alarmAt).toBeNull();
});

test("an alarm never throws, and comes again, while the settings cannot be read", async () => {
  const world = new ConferenceWorld();
  await world.received("t1", createConference());
  world.settingsFault = "DOMAINS is no JSON";
  world.start();
  await world.time.pass(20_000);
  await world.during(world.conference.alarm());
  expect(world.alarmAt).toBeGreaterThan(world.time.now);

  world.settingsFault = null;
  await world.time.pass(61_000);
  expect(world.posted.map(({ body }) => body.includes("A2W_RspCreateConference"))).toEqual([true]);
});

test("operators reach only what is there", async () => {
  const world = new ConferenceWorld();
  const hybrid = { type: "hybrid-data", connectData: "x" };
  expect(await world.operate("a1", hybrid)).toBe("no-such-conference");
  await world.running(1);
  expect(await world.operate("a2", { type: "passthrough", extCallId: "77", data: "eA==" })).toBe("no-such-call");

  expect(await world.operate("a1", hybrid)).toBe("done");
  await world.time.pass(100);
  expect(world.posted.at(-1)?.body).toContain('HybridConnectData="x"');
});

test("results of a command that is not pending change nothing and are acknowledged", async () => {
  const world = await ConferenceWorld.running(0);
  const posts = world.posted.length;
  const late: Report = { type: "result", id: "never-given" as CommandId, result: { done: true } };

  expect(await world.during(world.reportAs(2, late))).toBe(2);
  await world.time.pass(1000);
  expect(world.posted).toHaveLength(posts);
});

test("an ack from a bridge that is not the command's own settles nothing", async () => {
  const world = await ConferenceWorld.running(1);
  await world.received("t1", muteCaller("1001"));
  world.conference.ackCommands(
    "another" as BridgeName,
    world.sent.flat().map(({ id }) => id),
  );
  const sent = world.sent.length;

  await world.time.pass(5000);
  expect(world.sent.length).toBeGreaterThan(sent);
});

/** When the one request was answered with code 16, in ms after it came. */
async function refusedAfter(world: ConferenceWorld, begins: (now: number) => void): Promise<number | null> {
  await world.running(2);
  await world.received("t-lock", lock("m-lock"));
  for (let ms = 0; ms <= 40_000; ms += 100) {
    begins(ms);
    if (world.posted.some(({ body }) => /MsgID="m-lock" Result="16"/.test(body))) return ms;
    await world.time.pass(100);
  }
  return null;
}

test.each([
  ["an agent that is away delays no answer for longer than 30 s", () => false, 30_000],
  ["nor does one whose bridge is given nothing", (ms: number) => ms === 300 && "waiting", 30_000],
  ["a bridge has 10 s from when the agent gave it the command", (ms: number) => ms === 300 && "begun", 10_300],
  [
    "which may be later than when the agent had the command",
    (ms: number) => (ms === 300 ? "waiting" : ms === 5_000 && "begun"),
    15_000,
  ],
  ["but 30 s in all", (ms: number) => ms === 25_000 && "begun", 30_000],
] as const)("%s", async (_, acked, afterMs) => {
  const world = new ConferenceWorld();
  let before = 0;
  const found = await refusedAfter(world, (ms) => {
    const how = acked(ms);
    const ids = [...world.stored.state.commands.keys()];
    if (ms === 0) before = world.journalRows;
    if (how !== false) world.conference.ackCommands(identity.bridge, ids, how === "waiting" ? ids : []);
  });
  expect(found).toBeGreaterThanOrEqual(afterMs);
  expect(found).toBeLessThanOrEqual(afterMs + 200);
  // The deadline, and nothing for what the agent said.
  expect(world.journalRows - before).toBe(1);
});

test("a command whose time on the bridge is over is begun by no other agent, and its late result is told as a change", async () => {
  const world = new ConferenceWorld();
  await refusedAfter(world, (ms) => ms === 300 && world.ackAll());
  await world.time.pass(1_000);
  const before = world.sent.length;
  world.kill();
  world.start();
  await world.time.pass(1_000);
  expect(world.sent.slice(before).flat()).toMatchObject([{ command: { type: "lock" }, again: true, withinMs: 0 }]);

  await world.allDone();
  await world.time.pass(1_000);
  expect(world.posted.at(-1)?.body).toContain('Status="2"');
});

test("an object that dies counts anew from the next ack, and 30 s from when the request came", async () => {
  const world = new ConferenceWorld();
  const found = await refusedAfter(world, (ms) => {
    if (ms === 300 || ms === 9_300) world.ackAll();
    if (ms !== 9_000) return;
    world.kill();
    world.start();
  });
  expect(found).toBeGreaterThanOrEqual(19_300);
  expect(found).toBeLessThanOrEqual(19_500);
});
