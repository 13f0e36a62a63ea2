import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { ConfKey, ExtConfId, MsgId, TransId } from "../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import { isCounted } from "../../src/records/directory-facts.ts";
import type { FactPage, FeedAnswer } from "../../src/rpc/directory-feed.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { aCaller, event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  createConference,
  extConfId,
  host,
  identity,
  lock,
  muteCaller,
} from "./conference-world.ts";

const receiver = { url: "https://voice.example.com/events", secretFrom: "WEBHOOK_SECRET_ACME" };

/** A conference whose directory takes a page of it each `pauseMs`, for which all of the domain need a page each. */
async function pausing(
  pauseMs: number,
  more: Partial<FeedAnswer> = {},
  settings: object = {},
  callers = 0,
): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  world.domain = testDomain(settings);
  const { follow } = world;
  world.follow = async (page) => ({ ...(await follow(page)), pauseMs, allMs: pauseMs, ...more });
  await world.running(callers);
  await world.time.pass(2 * Math.max(pauseMs, more.allMs ?? 0));
  world.pages.length = 0;
  return world;
}

/** A record waits for it, so that it comes soon. */
async function sendsPage(world: ConferenceWorld): Promise<void> {
  await world.reported(callerEntered(0));
  await world.reported(callerLeft(0));
  await world.time.pass(200);
}

/** From now on each page is on its way for 300 ms, and the first one is. */
async function sendsSlowly(world: ConferenceWorld): Promise<void> {
  const { follow } = world;
  world.follow = async (page) => {
    await world.time.wait(300);
    return follow(page);
  };
  await world.reported(callerEntered(0));
  await world.reported(callerLeft(0));
  await world.time.pass(250);
}

/** Of each page, but for what is only counted. */
const kindsIn = (pages: readonly FactPage[]) =>
  pages.map(({ facts }) => facts.flatMap(({ fact }) => (isCounted(fact) ? [] : fact.kind)).join(" "));

test("documents count as waiting five seconds after they were queued, and are told in three more, those behind them too", async () => {
  for (const sinceAlarmMs of [0, 3_000]) {
    const world = await ConferenceWorld.running(1);
    await world.time.pass(10_000);
    const mute = (muted: boolean) =>
      world.reported(event({ type: "caller-muted", call: "c0", muted }) as object as Report);
    if (sinceAlarmMs > 0) await mute(true);
    await world.time.pass(sinceAlarmMs);
    world.answer = () => new Promise(() => {});
    await mute(sinceAlarmMs === 0);
    await world.time.pass(8_300);
    const waiting = () => world.pages.at(-1)?.live?.waiting;
    expect(waiting()).toMatchObject([{ documents: 1, failure: null }]);
    await mute(sinceAlarmMs > 0);
    await world.time.pass(4_200);
    expect(waiting()).toMatchObject([{ documents: 2, failure: null }]);
  }
});

test("a pause that was told long ago holds up nothing that a record waits for, and nothing else where it was short", async () => {
  for (const [pauseMs, allMs, soon] of [
    [5_000, 5_000, "call-entered"],
    [5_000, 80_000, "call-entered"],
    [50_000, 80_000, ""],
  ] as const) {
    const world = await pausing(pauseMs, { allMs });
    await world.reported(callerEntered(1));
    await world.time.pass(200);
    expect(kindsIn(world.pages).join(" ")).toBe(soon);
    await world.time.pass(200_000);
    world.pages.length = 0;
    await world.reported(callerLeft(1));
    await world.time.pass(200);
    expect(kindsIn(world.pages)).toEqual(["call-left"]);
  }
});

test("during its pause a conference gathers what it has to say, what a record waits for too", async () => {
  const world = await pausing(50_000);
  await sendsPage(world);
  world.pages.length = 0;
  for (let call = 1; call <= 20; call++) {
    await world.reported(callerEntered(call));
    await world.time.pass(1_000);
  }
  await world.reported(callerLeft(1));
  await world.time.pass(28_000);
  expect(world.pages).toEqual([]);
  await world.time.pass(2_000);

  expect(kindsIn(world.pages)).toEqual([[...Array(20).fill("call-entered"), "call-left"].join(" ")]);
});

test("in a long pause the alarm has what is to be said, and each life of the object knows of the pause", async () => {
  const world = await pausing(50_000);
  await sendsPage(world);
  await world.time.pass(15_000);
  world.pages.length = 0;
  world.start();
  await world.time.pass(5_000);
  await world.reported(callerEntered(1));
  await world.time.pass(15_000);
  world.kill();
  await world.time.pass(14_000);
  expect(world.pages).toEqual([]);
  await world.time.pass(2_000);

  expect(kindsIn(world.pages)).toEqual(["call-entered"]);
});

test("a pause that was told while the clock was ahead holds up no later life", async () => {
  const world = await pausing(50_000);
  await world.reported(callerEntered(0));
  await world.reported(callerLeft(0));
  await world.time.pass(50);
  world.clockSetMs = 365 * dayMs;
  await world.time.pass(5_000);
  world.clockSetMs = 0;
  world.start();
  world.pages.length = 0;
  for (let call = 1; call <= 10; call++) {
    await world.reported(callerEntered(call));
    await world.time.pass(60_000);
    expect(kindsIn(world.pages).at(-1)).toBe("call-entered");
    world.pages.length = 0;
  }
});

test("what is not owed is sent behind a long pause, too, though the object was gone meanwhile", async () => {
  for (const how of ["stay", "start", "kill"] as const) {
    const world = await pausing(50_000, {}, {}, 1);
    await sendsPage(world);
    await world.time.pass(5_000);
    world.pages.length = 0;
    // Nothing is owed while WebEx is silent.
    world.answer = () => new Promise(() => {});
    await world.reported(event({ type: "lock-changed", locked: true }));
    await world.reported(event({ type: "caller-muted", call: "c0", muted: true }) as object as Report);
    await world.time.pass(4_000);
    if (how !== "stay") world[how]();
    await world.time.pass(30_000);
    if (how === "start") world.start();
    await world.time.pass(8_000);
    expect(world.pages).toEqual([]);
    await world.time.pass(4_000);

    expect([how, ...kindsIn(world.pages)]).toEqual([how, "conference-locked"]);
  }
});

test("a page whose alarm the platform gave up, or whose clock was set back, is sent by the sweep", async () => {
  for (const broken of ["alarm", "clock"] as const) {
    const world = await pausing(50_000);
    await sendsPage(world);
    await world.reported(callerEntered(1));
    world.pages.length = 0;
    if (broken === "alarm") world.alarmAt = null;
    else world.clockSetMs = -3_600_000;
    for (let sweep = 0; sweep < 2; sweep++) {
      await world.time.pass(300_000);
      await world.conference.sweep();
    }
    await world.time.pass(1_000);

    expect(kindsIn(world.pages)[0]).toBe("call-entered");
  }
});

test("on a full disk a page that the directory has is sent once", async () => {
  const world = await pausing(1_000);
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(10_000);
  world.pages.length = 0;
  const { sql } = world;
  const exec = sql.exec.bind(sql);
  sql.exec = (query: string, ...values: never[]) => {
    if (/^\s*(UPDATE|INSERT|DELETE)/.test(query)) throw new Error("database or disk is full");
    return exec(query, ...values);
  };
  world.start();
  await world.conference.sweep();
  await world.time.pass(600_000);

  expect(world.pages).toHaveLength(1);
});

test("what comes while a page is on its way waits for as long as at another time", async () => {
  const world = await pausing(1_000, { allMs: 80_000 });
  await sendsSlowly(world);
  await world.received("next", createConference(nextServer));
  await world.time.pass(3_500);

  expect(world.pages).toHaveLength(1);
});

test("a conference that ends while a page is on its way ends at once behind that for the directory", async () => {
  const world = await pausing(50_000);
  await sendsSlowly(world);
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(700);

  expect(kindsIn(world.pages).join(" ")).toMatch(/conference-ended$/);
});

test("behind a page of what all say at once, the list is told soon again", async () => {
  const world = await pausing(1_000, { allMs: 80_000 });
  await world.received("next", createConference(nextServer));
  await world.time.pass(90_000);
  world.pages.length = 0;
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(300);

  expect(kindsIn(world.pages)).toEqual(["conference-locked"]);
});

test("a directory that is late gets no page again before it has worked off those of all others", async () => {
  const pages = async (allMs: number) => {
    const world = await pausing(1_000, { allMs });
    world.follow = () => new Promise(() => {});
    world.pages.length = 0;
    await world.reported(event({ type: "lock-changed", locked: true }));
    await world.time.pass(60_000);
    return world.pages.length;
  };

  expect(await pages(1_000)).toBeGreaterThan(2);
  expect(await pages(100_000)).toBe(1);
});

test("a page that waits for its pause puts off no deadline of the conference", async () => {
  const world = await pausing(100_000, {}, {}, 1);
  await world.time.pass(400_000);
  const [begunAt, posts] = [world.time.now, world.posted.length];
  const messages = [lock("m-lock" as MsgId)];
  await world.during(world.conference.receive({ ...identity, transId: "t-lock" as TransId, messages, counts: true }));
  world.ackAll();
  // The bridge never answers. The feed asks for the alarm with the same commit.
  while (world.posted.length === posts && world.time.now < begunAt + 60_000) await world.time.pass(50);

  expect(world.time.now - begunAt).toBeLessThan(11_000);
});

test("a page is sent though the clock was set back by hours and no life of the object lasts", async () => {
  const world = await pausing(50_000);
  await sendsPage(world);
  await world.time.pass(2_000);
  await world.reported(callerEntered(1));
  await world.time.pass(5_500);
  world.pages.length = 0;
  world.clockSetMs = -6 * hourMs;
  for (let s = 0; s < 1_800; s += 20) {
    world.kill();
    if (s % 300 === 0) await world.start().sweep();
    await world.time.pass(20_000);
  }

  expect(kindsIn(world.pages).join(" ")).toContain("call-entered");
});

test("a directory that is away is asked more and more slowly, though the object leaves memory in between", async () => {
  const world = await pausing(1_000);
  world.follow = () => Promise.reject(new Error("it is away"));
  await sendsPage(world);
  world.pages.length = 0;
  let atRest = 0;
  for (let s = 0; s < 3_600; s++) {
    const { length } = world.pages;
    await world.time.pass(1_000);
    atRest = world.pages.length === length ? atRest + 1 : 0;
    if (atRest === 10) world.kill();
  }

  expect(world.pages.length).toBeLessThan(30);
});

test("a conference that is over keeps the pause for its last Confirmations, however slowly the directory answers", async () => {
  const world = await pausing(50_000, {}, {}, 1);
  const { follow } = world;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isSlow = false;
  world.answer = async ({ transId }) => {
    await (isSlow ? world.time.wait(700) : held);
    return world.confirmed(transId);
  };
  const mute = (index: number) =>
    event({ type: "caller-muted", call: "c0", muted: index % 2 === 0 }) as object as Report;
  // Each row of the outbox has 50 messages at most.
  for (let rows = 0; rows < 20; rows++) await world.reported(...Array.from({ length: 50 }, (_, index) => mute(index)));
  world.follow = async (page) => {
    await world.time.wait(3_000);
    return follow(page);
  };
  await world.reported(event({ type: "conference-ended" }));
  isSlow = true;
  release();
  await world.time.pass(100_000);

  expect(world.outboxRows).toBe(0);
  expect(world.pages.length).toBeLessThan(4);
});

test("a Confirmation that nothing follows sets no alarm, also in a domain of many conferences", async () => {
  const alarmsSet = async (allMs: number) => {
    const world = await pausing(1_000, { allMs });
    await world.time.pass(100_000);
    const before = world.alarmsSet;
    world.answer = async ({ transId }) => {
      await world.time.wait(300);
      return world.confirmed(transId);
    };
    for (let round = 0; round < 5; round++) {
      await world.reported(event({ type: "lock-changed", locked: round % 2 === 0 }));
      await world.time.pass(30_000);
    }
    return world.alarmsSet - before;
  };

  expect(await alarmsSet(80_000)).toBe(await alarmsSet(1_000));
});

test("a Confirmation of who speaks leaves the disk once that has room again", async () => {
  const world = await pausing(1_000, {}, {}, 1);
  const request = { type: "update-conference", msgId: "m", replyTo: host, extConfId, action: "report-speakers" };
  await world.received("report", request as FromWebex);
  await world.allDone();
  await world.time.pass(60_000);
  world.answer = async ({ transId }) => {
    await world.time.wait(100);
    return world.confirmed(transId);
  };
  await world.reported(event({ type: "speaking-changed", call: "c0", speaking: true }));
  const exec = world.sql.exec.bind(world.sql);
  world.sql.exec = (query, ...values) => {
    if (/^\s*(UPDATE|INSERT|DELETE)/.test(query)) throw new Error("database or disk is full");
    return exec(query, ...values);
  };
  await world.time.pass(1_500);
  world.sql.exec = exec;
  expect(world.outboxRows).toBe(1);
  await world.time.pass(10_000);

  expect(world.outboxRows).toBe(0);
});

test("a later life waits for the turn of what it has to say, and says it then", async () => {
  const world = await pausing(1_000, { allMs: 80_000 });
  await world.time.pass(200_000);
  const begunAt = world.time.now;
  await world.received("next", createConference(nextServer));
  await world.time.pass(10_000);
  world.pages.length = 0;
  world.start();
  await world.time.pass(10_000);
  const soon = kindsIn(world.pages).join(" ");
  while (!kindsIn(world.pages).join(" ").includes("conference-taken-over") && world.time.now < begunAt + 400_000)
    await world.time.pass(1_000);

  expect(soon).not.toContain("conference-taken-over");
  expect(world.time.now - begunAt).toBeLessThan(85_000);
});

test("a later life waits for its turn behind the pause as this one would, neither longer nor shorter, in the largest domain, too", async () => {
  const comesAfter = async (isNewLife: boolean) => {
    const world = await pausing(800_000, { allMs: 800_000 });
    await sendsPage(world);
    const begunAt = world.time.now;
    await world.time.pass(10_000);
    await world.received("next", createConference(nextServer));
    await world.time.pass(10_000);
    world.pages.length = 0;
    if (isNewLife) world.start();
    while (world.pages.length === 0 && world.time.now < begunAt + 1_700_000) await world.time.pass(1_000);
    return Math.round((world.time.now - begunAt) / 10_000);
  };

  expect(await comesAfter(true)).toBe(await comesAfter(false));
});

test("a directory that is back is told of an end at once, by a later life too", async () => {
  const world = await pausing(50_000, {}, {}, 1);
  const { follow } = world;
  world.follow = () => Promise.reject(new Error("it is away"));
  await sendsPage(world);
  await world.time.pass(600_000);
  world.follow = follow;
  await world.time.pass(600_000);
  await sendsPage(world);
  await world.time.pass(2_000);
  world.start();
  world.pages.length = 0;
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(100);

  expect(kindsIn(world.pages)).toEqual(["conference-ended"]);
});

test("a page that was due while the clock was ahead is sent, though the object was gone", async () => {
  const world = await pausing(50_000, {}, {}, 1);
  world.clockSetMs = 365 * dayMs;
  await sendsPage(world);
  await world.reported(callerEntered(1));
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }) as object as Report);
  await world.time.pass(1_000);
  world.clockSetMs = 0;
  world.pages.length = 0;
  world.start();
  await world.time.pass(60_000);

  expect(kindsIn(world.pages).join(" ")).toContain("call-entered");
});

test("each life that wakes in a long pause finds the alarm set", async () => {
  const world = await pausing(50_000);
  await sendsPage(world);
  await world.time.pass(1_000);
  await world.reported(callerEntered(1));
  await world.time.pass(10_000);
  const { alarmsSet } = world;
  for (let life = 0; life < 5; life++) {
    world.start();
    await world.time.pass(100);
  }

  expect(world.alarmsSet).toBe(alarmsSet);
});

test("the alarm is set to a whole millisecond, as clocks have them: else it would come too soon again and again", async () => {
  const world = await pausing(50_000);
  await world.time.pass(200_000);
  const set: (number | null)[] = [];
  await world.received("t-other", createConference({ msgId: "m-other" as MsgId, extConfId: "E2" as ExtConfId }));
  for (let second = 0; second < 20; second++) {
    await world.time.pass(1_000);
    set.push(world.alarmAt);
  }

  expect(set.filter((at) => at !== null && at > world.time.now)).not.toEqual([]);
  expect(set.filter((at) => at !== null && !Number.isInteger(at))).toEqual([]);
});

test("takeovers in a domain of many conferences come one after the other, over as long as the directory needs for all", async () => {
  const takenOver = async (allMs: number, isWatched = false) => {
    const world = await pausing(1_000, { allMs, isWatched });
    await world.time.pass(200_000);
    world.pages.length = 0;
    await world.received("t-other", createConference({ msgId: "m-other" as MsgId, extConfId: "E2" as ExtConfId }));
    for (let ms = 0; ms < 400_000; ms += 100) {
      await world.time.pass(100);
      if (kindsIn(world.pages).includes("conference-taken-over")) return ms;
      // The sweep comes now and then.
      if (ms === 1_000) await world.conference.sweep();
    }
    return null;
  };
  const [soon, later, latest] = [await takenOver(1_000), await takenOver(50_000), await takenOver(100_000)];

  expect(soon).toBeLessThan(3_200);
  expect(await takenOver(50_000, true)).toBeLessThan(3_200);
  expect(later).toBeGreaterThan(Number(soon));
  expect(Number(latest) / Number(later)).toBeCloseTo(2, 0);
});

test("a page costs the conference no row where the pause after it is short, and one where it is long", async () => {
  const rows = async (pauseMs: number) => {
    const world = await pausing(pauseMs);
    const before = world.sql.rowsWritten;
    await sendsPage(world);
    await world.time.pass(80_000);
    expect(world.pages).toHaveLength(1);
    return world.sql.rowsWritten - before;
  };

  expect(await rows(60_000)).toBe((await rows(4_000)) + 1);
});

test("the end of an outage comes within five seconds, each conference at another time: all of the server say it at once", async () => {
  const world = await pausing(4_000);
  const confirms = world.answer;
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(200_000);
  world.pages.length = 0;
  world.answer = confirms;
  await world.received("t-back", lock("m-back"));
  await world.time.pass(200);
  expect(world.stored.state.outages.size).toBe(0);
  expect(world.pages).toEqual([]);
  await world.time.pass(3_200);

  expect(kindsIn(world.pages)).toEqual(["server-reached"]);
});

test("documents that wait are those that a server is owed: a probe is none beside them", async () => {
  const world = await pausing(1_000);
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(200_000);

  const waiting = world.pages.flatMap((page) => page.live?.waiting ?? []).map(({ documents }) => documents);
  expect(waiting.length).toBeGreaterThan(1);
  expect(Math.max(...waiting)).toBe(1);
});

test("a probe waits like other documents once its server has shown itself in another way", async () => {
  const world = await pausing(1_000);
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(60_000);
  world.answer = () => new Promise(() => {});
  await world.time.pass(60_000);
  world.pages.length = 0;
  await world.received("t-back", muteCaller("1001"));
  await world.time.pass(4_500);

  expect(world.stored.state.outages.size).toBe(0);
  expect(world.pages.at(-1)?.live?.waiting).toMatchObject([{ documents: expect.any(Number) }]);
});

const nextServer = { msgId: "m-next", extConfId: "7002", replyTo: "127.0.0.1:8802" } as Partial<FromWebex>;

test("a takeover comes within five seconds, each conference at another time: all of a server that was lost are taken over", async () => {
  const world = await pausing(4_000);
  await world.received("next", createConference(nextServer));
  await world.time.pass(200);
  expect(world.pages).toEqual([]);
  await world.time.pass(3_200);
  expect(kindsIn(world.pages)).toEqual(["conference-taken-over"]);
});

test("a takeover comes to the directory though the object dies before its page, and nothing else happens", async () => {
  const world = await pausing(1_000);
  world.answer = () => new Promise(() => {});
  await world.received("next", createConference(nextServer));
  world.start();
  await world.time.pass(1_000);
  expect(kindsIn(world.pages)).toEqual(["conference-taken-over"]);
});

test("a conference that ends without WebEx says so once, also where its object lives again", async () => {
  const world = await pausing(1_000);
  await world.reported(callerEntered(1));
  const close = { type: "close-conference", msgId: "m-close", replyTo: host, extConfId, keepAlive: true };
  await world.received("close", close as unknown as FromWebex);
  await world.allDone();
  await world.time.pass(10_000);
  world.pages.length = 0;
  await world.reported(callerLeft(1));
  await world.allDone();
  await world.time.pass(10_000);
  world.start();
  await world.time.pass(10_000);
  expect(kindsIn(world.pages).join(" ")).toBe("call-left conference-ended");
});

const allKindsIn = (pages: readonly FactPage[]) => pages.flatMap(({ facts }) => facts.map(({ fact }) => fact.kind));

test("a conference that is over tells of its last post within seconds, though its object dies over the page of it", async () => {
  const world = await pausing(1_000);
  const { follow, alarmsSet } = world;
  world.answer = async ({ transId }) => {
    await world.time.wait(4_500);
    return world.confirmed(transId);
  };
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(4_500);
  // The alarm comes after the Confirmation.
  world.follow = () => new Promise(() => {});
  await world.time.pass(1_000);
  world.kill();
  world.follow = follow;
  world.pages.length = 0;
  await world.time.pass(10_000);

  expect(allKindsIn(world.pages)).toEqual(["post-confirmed"]);
  expect(world.alarmAt).toBeGreaterThan(world.time.now + 3_600_000);
  expect(world.alarmsSet - alarmsSet).toBe(2);
});

test("a conference that is over is woken again for a directory that was away at its last alarm", async () => {
  const world = await pausing(1_000);
  const { follow } = world;
  world.answer = async ({ transId }) => {
    await world.time.wait(4_500);
    return world.confirmed(transId);
  };
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(4_500);
  world.follow = () => Promise.reject(new Error("it is away"));
  await world.time.pass(1_000);
  world.kill();
  world.follow = follow;
  world.pages.length = 0;
  await world.time.pass(10_000);

  expect(allKindsIn(world.pages)).toEqual(["post-confirmed"]);
  expect(world.alarmAt).toBeGreaterThan(world.time.now + 3_600_000);
});

test("a create that comes while the last alarm waits for the directory is refused in time", async () => {
  const world = await pausing(1_000);
  world.domain = testDomain({ createTimeoutMs: 3_000 });
  world.answer = async ({ transId }) => {
    await world.time.wait(4_500);
    return world.confirmed(transId);
  };
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(4_500);
  world.follow = () => new Promise(() => {});
  // The alarm comes.
  await world.time.pass(1_000);
  await world.received("again", createConference({ msgId: "m-again", extConfId: "7002" } as Partial<FromWebex>));
  await world.time.pass(3_000);

  const said = world.stored.journal.facts(0).flatMap(({ facts }) => facts);
  expect(said.filter(({ kind }) => kind === "conference-not-created")).toHaveLength(1);
});

test("a conference that ends without WebEx, and whose object dies right then, says so within seconds", async () => {
  const world = await pausing(1_000);
  const { follow } = world;
  const close = { type: "close-conference", msgId: "m-close", replyTo: host, extConfId, keepAlive: true };
  await world.reported(callerEntered(1));
  await world.received("close", close as unknown as FromWebex);
  await world.time.pass(60_000);
  world.follow = () => new Promise(() => {});
  await world.reported(event({ type: "conference-ended" }));
  world.kill();
  world.follow = follow;
  world.pages.length = 0;
  await world.time.pass(10_000);

  expect(kindsIn(world.pages).join(" ")).toBe("call-left conference-ended");
  expect(world.alarmAt).toBeGreaterThan(world.time.now + 3_600_000);
});

test("a Confirmation that nothing else follows is told without a further wait, as an object that waits is billed", async () => {
  const world = await pausing(1_000);
  world.answer = ({ transId }) =>
    new Promise((resolve) => world.time.after(300, () => resolve(world.confirmed(transId))));
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(1_000);
  world.pages.length = 0;
  await world.time.pass(300);
  expect(allKindsIn(world.pages)).toEqual(["post-confirmed"]);
});

test("a Confirmation goes with the page of what was confirmed, if it came before that", async () => {
  const world = await pausing(1_000);
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(10_000);
  expect(world.pages).toHaveLength(1);
  expect(allKindsIn(world.pages)).toEqual(["conference-locked", "post-confirmed"]);
});

test("while posts follow one another, figures wait for each other for 3.5 s, and each post is there within five seconds", async () => {
  const world = await pausing(1_000, {}, {}, 1);
  const late: number[] = [];
  world.follow = ((follow) => (page: FactPage) => {
    for (const { fact } of page.facts) if (fact.kind === "post-confirmed") late.push(world.time.now - fact.at);
    return follow(page);
  })(world.follow);
  const rows = world.journalRows;
  for (let mute = 0; mute < 60; mute++) {
    await world.reported(event({ type: "caller-muted", call: "c0", muted: mute % 2 === 0 }) as object as Report);
    await world.time.pass(700);
  }
  await world.time.pass(5_000);
  // A row for each, and few for Confirmations.
  expect(world.journalRows - rows).toBeLessThan(80);
  expect(late).toHaveLength(60);
  expect(Math.max(...late)).toBeLessThan(5_000);
  expect(world.pages.length).toBeLessThanOrEqual(2 + (60 * 0.7) / 3.5);
});

test("what the last page had is sent once more to find out that it came, and not in each later life", async () => {
  const world = await pausing(1_000);
  await world.reported(event({ type: "lock-changed", locked: true }));
  await world.time.pass(10_000);
  const pages: number[] = [];
  for (let life = 0; life < 3; life++) {
    world.pages.length = 0;
    world.start();
    await world.conference.sweep();
    await world.time.pass(5_000);
    pages.push(world.pages.length);
  }
  expect(pages).toEqual([1, 0, 0]);
});

test("a webhook that waits is not gathered", async () => {
  const world = await pausing(50_000, {}, { webhooks: [receiver] });
  await world.reported(callerEntered(1));
  await world.time.pass(200);

  expect(kindsIn(world.pages)).toEqual(["call-entered"]);
});

test("however much happens, a conference that nobody watches sends one page in each pause", async () => {
  const world = await pausing(50_000);
  for (let call = 1; call <= 300; call++) {
    await world.reported(callerEntered(call));
    await world.reported(callerLeft(call));
    await world.time.pass(950);
  }

  expect(world.pages.length).toBeLessThanOrEqual(1 + (300 * 1_050) / 50_000);
  const left = world.pages.flatMap(({ facts }) => facts.filter(({ fact }) => fact.kind === "call-left"));
  await world.time.pass(50_000);
  expect(left.length).toBeGreaterThan(200);
});

test("a conference ends at once for the directory, whatever it has sent before", async () => {
  const world = await pausing(50_000);
  await world.reported(callerEntered(1));
  await world.reported(callerLeft(1));
  await world.time.pass(1_000);
  world.pages.length = 0;
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(100);

  expect(kindsIn(world.pages)).toEqual(["conference-ended"]);
});

test("nothing of people leaves a conference that the settings do not let records show, watched or not", async () => {
  for (const [recordsPersonal, shown] of [
    ["none", []],
    ["masked", []],
    ["full", ["4711", "4420999", "Berth planning"]],
  ] as const) {
    const world = await pausing(1_000, { isWatched: true }, { recordsPersonal, webhooks: [receiver] });
    const caller = aCaller({ call: "c1", number: "4420999" });
    const identified = { type: "attendee-identified", id: "k1", call: "c1", attendeeId: "4711" };
    const create = { type: "create-conference", msgId: "m2", replyTo: host, extConfId, confKey: "5" };
    await world.reported(event({ type: "caller-entered", caller }));
    await world.reported({ type: "event", event: identified } as Report);
    await world.time.pass(2_000);
    world.start();
    await world.reported(event({ type: "speaking-changed", call: "c1", speaking: true }));
    await world.during(world.conference.feedDirectory(true));
    await world.reported(event({ type: "conference-ended" }));
    await world.received("next", { ...create, conferenceName: "Berth planning" } as object as FromWebex);
    await world.allDone();
    await world.reported(event({ type: "conference-ended" }));
    await world.time.pass(10_000);

    const sent = JSON.stringify(world.pages);
    expect(["4711", "4420999", "Berth planning"].filter((text) => sent.includes(text))).toEqual(shown);
  }
});

test("nothing of people leaves a conference whose domain the settings do not have any more", async () => {
  const world = await pausing(1_000);
  const caller = aCaller({ call: "c1", number: "4420999" });
  await world.reported(event({ type: "caller-entered", caller }));
  await world.reported(event({ type: "caller-left", call: "c1", reason: "hung-up" }));
  world.isInSettings = false;
  world.pages.length = 0;
  await world.time.pass(10_000);

  expect(kindsIn(world.pages)).toEqual([expect.stringContaining("call-left")]);
  expect(JSON.stringify(world.pages)).not.toContain("4420999");
});

test("what is long goes in pages of 500 facts, one behind the other's answer, and each fact once", async () => {
  const world = await pausing(1_000);
  world.follow = () => Promise.reject(new Error("it is away"));
  await world.reported(...Array.from({ length: 600 }, (_, call) => callerEntered(call)));
  for (let call = 0; call < 600; call += 50)
    await world.reported(...Array.from({ length: 50 }, (_, index) => callerLeft(call + index)));
  world.pages.length = 0;
  let underWay = 0;
  let most = 0;
  world.follow = async ({ upTo: row }) => {
    most = Math.max(most, ++underWay);
    await world.time.wait(30);
    underWay -= 1;
    return { row, place: { directory: "1", id: row }, isWatched: false, pauseMs: 1_000, allMs: 1_000 };
  };
  await world.time.pass(10 * 60_000);

  // All entered in one row, which is not cut.
  expect(world.pages.map(({ facts }) => facts.length)).toEqual([600, 462, 150]);
  expect(new Set(world.pages.flatMap(({ facts }) => facts.map(({ row, index }) => `${row} ${index}`))).size).toBe(
    1_212,
  );
  expect(most).toBe(1);
});

test("a directory that asks while a page is on its way gets no second one beside it, and then how the conference is", async () => {
  const world = await pausing(1_000);
  let underWay = 0;
  let most = 0;
  const { follow } = world;
  world.follow = async (page) => {
    most = Math.max(most, ++underWay);
    await world.time.wait(300);
    underWay -= 1;
    return follow(page);
  };
  await world.reported(callerEntered(1));
  await world.time.pass(300);
  const asked = Array.from({ length: 3 }, () => world.conference.feedDirectory(false));
  await world.time.pass(2_000);

  expect([await Promise.all(asked), most]).toEqual([[true, true, true], 1]);
  expect(world.pages.slice(0, 2).map(({ view }) => view?.people.length)).toEqual([undefined, 1]);
});

test("who speaks is sent while somebody watches, and only then", async () => {
  for (const isWatched of [true, false]) {
    const world = await pausing(1_000, { isWatched });
    const report = { type: "update-conference", msgId: "m", replyTo: host, extConfId, action: "report-speakers" };
    await world.received("report", report as FromWebex);
    await world.allDone();
    await world.reported(callerEntered(1));
    await world.time.pass(2_000);
    await world.reported(event({ type: "speaking-changed", call: "c1", speaking: true }));
    await world.time.pass(2_000);
    await world.reported(callerEntered(2));
    await world.time.pass(2_000);

    expect(kindsIn(world.pages).join(" ").includes("speaker-changed")).toBe(isWatched);
  }
});

test("that WebEx wants to know who speaks is told without anybody who watches", async () => {
  const world = await pausing(1_000);
  const report = { type: "update-conference", msgId: "m", replyTo: host, extConfId, action: "report-speakers" };
  await world.received("report", report as FromWebex);
  await world.allDone();
  await world.time.pass(1_500);
  expect(world.pages.at(-1)?.live).toMatchObject({ followsSpeakers: true });
});

test("of a long journal at most 500 rows are read for one page, also where the directory needs nothing of them", async () => {
  const world = await pausing(1_000);
  world.follow = () => Promise.reject(new Error("it is away"));
  await world.reported(callerEntered(1));
  const muted = (isMuted: boolean) => event({ type: "caller-muted", call: "c1", muted: isMuted });
  for (let index = 0; index < 600; index += 1) await world.reported(muted(index % 2 === 0) as Report);
  await world.reported(callerLeft(1));
  world.pages.length = 0;
  const read: number[] = [];
  const { exec } = world.sql;
  world.sql.exec = (query, ...values) => {
    const rows = exec.call(world.sql, query, ...values);
    if (/SELECT seq, at, facts/.test(query)) read.push(rows.length);
    return rows;
  };
  world.follow = async ({ upTo: row }) => ({
    row,
    place: { directory: "1", id: row },
    isWatched: false,
    pauseMs: 1_000,
    allMs: 1_000,
  });
  await world.time.pass(10 * 60_000);

  expect(kindsIn(world.pages)).toEqual(["call-entered", "call-left"]);
  expect(Math.max(...read)).toBeLessThanOrEqual(500);
  expect(read.length).toBe(world.pages.length);
});

test("conferences whose pages failed together come again one by one, after half of the pause at the earliest", async () => {
  const pauses: number[] = [];
  for (const confKey of ["1", "2", "3"] as ConfKey[]) {
    const world = new ConferenceWorld();
    const sentAt: number[] = [];
    world.follow = async () => {
      sentAt.push(world.time.now);
      throw new Error("it is away");
    };
    const create = createConference({ confKey });
    await world.during(
      world.conference.receive({ ...identity, confKey, transId: "t1" as TransId, messages: [create] }),
    );
    await world.time.pass(20_000);
    pauses.push((sentAt[1] ?? 0) - (sentAt[0] ?? 0));
  }

  expect(new Set(pauses).size).toBe(3);
  expect(pauses.every((ms) => ms >= 2_500 && ms < 5_000)).toBe(true);
});
