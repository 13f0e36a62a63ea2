import { expect, test } from "vitest";
import { answeredFor, Doubt, noDoubt } from "../../../durable-objects/node/doubt.ts";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import { Clock } from "../../../durable-objects/platform/clock.ts";
import { dayMs, hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { files, LastingAgent, Life, Webex } from "./runtime-life.ts";
import { RuntimeOnTest } from "./runtime-on-test.ts";

const noon = Date.UTC(2026, 10, 21, 12);

const doubtOf = (place: { doubtMs(): number; skippedMs(): number }) => ({
  doubt: () => [place.doubtMs(), place.skippedMs()],
});
const inDoubt = { ms: 2 * dayMs, skippedMs: hourMs, unsureMs: hourMs };

test.each<[string, number, Parameters<Doubt["began"]>]>([
  ["a state that begins", 0, [noDoubt, 0, noon]],
  ["a restart", 0, [noDoubt, noon - minuteMs + 1, noon]],
  ["an hour without the edge, or a clock that is an hour ahead", hourMs, [noDoubt, noon - hourMs, noon]],
  ["a stop of two days, or a clock that is two days ahead", 2 * dayMs, [noDoubt, noon - 2 * dayMs, noon]],
  ["an earlier doubt", 2 * dayMs, [inDoubt, noon - 1_000, noon]],
  ["an earlier doubt, and another stop", 5 * dayMs, [inDoubt, noon - 3 * dayMs, noon]],
  ["a clock that is behind the state", 0, [noDoubt, noon + 2 * dayMs, noon]],
])("a start in doubt: %s", (_, ms, began) => {
  const doubt = new Doubt();
  doubt.began(...began);
  expect(doubt.ms).toBe(ms);
  expect(doubt.unkept).toEqual(ms === began[0].ms ? null : { ...began[0], ms });
});

test("what this process has not written counts once, whether a write in doubt has reached the disk or not", () => {
  const skipped = { ms: hourMs, skippedMs: hourMs, unsureMs: hourMs };
  for (const onDisk of [noDoubt, skipped]) {
    const doubt = new Doubt();
    doubt.began(noDoubt, noon, noon);
    doubt.skipped(hourMs);
    expect(doubt.unkept).toEqual(skipped);
    doubt.goesOn(onDisk);
    expect([doubt.ms, doubt.skippedMs, doubt.unkept === null]).toEqual([hourMs, hourMs, onDisk !== noDoubt]);
    doubt.kept(skipped);
    expect(doubt.unkept).toBeNull();
  }
});

test("a clock on another machine ends a doubt where it agrees to a minute, and not where it is further off", () => {
  const doubt = new Doubt();
  doubt.skipped(hourMs);
  doubt.skipped(hourMs);
  expect(doubt.ms).toBe(2 * hourMs);
  expect([noon - minuteMs, noon + minuteMs].map((at) => doubt.heard(at, noon))).toEqual([false, false]);
  expect(doubt.ms).toBe(2 * hourMs);
  expect(doubt.heard(noon - minuteMs + 1, noon)).toBe(true);
  expect(doubt.ms).toBe(0);
  expect(doubt.heard(noon, noon)).toBe(false);
});

test.each([
  ["nothing", -hourMs, 3 * hourMs],
  ["a part of the skips in doubt", 0.5 * hourMs, 2.5 * hourMs],
  ["those, and a start with a wrong clock", 9 * dayMs, 2 * hourMs],
])("an operator's word takes %s back, and no skip that another clock has confirmed", (_, byMs, skippedMs) => {
  const doubt = new Doubt();
  doubt.skipped(2 * hourMs);
  doubt.heard(noon, noon);
  doubt.skipped(hourMs);
  expect(answeredFor(doubt.unkept ?? noDoubt, byMs)).toEqual({ ms: 0, skippedMs, unsureMs: 0 });
});

test("a doubt outlives restarts and a failing disk until another clock agrees, also where rows were written in it", async () => {
  const runtime = await RuntimeOnTest.start((place) => ({
    ...doubtOf(place),
    write: () => place.setAlarm(place.now() + 900 * dayMs),
  }));
  const [began, aheadMs] = [runtime.clock.now, 5 * dayMs];
  await runtime.ask("write");
  runtime.clock.now += aheadMs;
  await runtime.begin();
  const ms = runtime.clock.now - began;
  expect(await runtime.ask("doubt")).toEqual([ms, 0]);
  await runtime.ask("write");
  await runtime.begin();
  expect(await runtime.ask("doubt")).toEqual([ms, 0]);

  runtime.disk.fault = new Error("database or disk is full");
  runtime.runtime.skipped(hourMs);
  await runtime.clock.pass(1_000);
  runtime.disk.fault = null;
  await runtime.clock.pass(2_000);
  expect(await runtime.ask("doubt")).toEqual([ms + hourMs, hourMs]);
  await runtime.begin();
  expect(await runtime.ask("doubt")).toEqual([ms + hourMs, hourMs]);
  expect(runtime.lines.filter(({ event }) => event === "time-in-doubt").map((line) => line.ms)).toEqual([
    ms,
    ms,
    ms + hourMs,
    ms + hourMs,
  ]);

  runtime.runtime.heardTime(runtime.clock.now - aheadMs);
  expect(runtime.runtime.doubtMs).toBe(ms + hourMs);
  runtime.runtime.heardTime(runtime.clock.now);
  await runtime.clock.pass(200);
  await runtime.begin();
  expect(await runtime.ask("doubt")).toEqual([0, hourMs]);
});

/** Meetings that are to end at their time, by the clock of a conference. */
function ending(place: LifePlace, ends: number[]): object {
  const { sql, now, after, setAlarm, getAlarm, skippedMs } = place;
  sql.exec("CREATE TABLE IF NOT EXISTS meeting (one INTEGER PRIMARY KEY, last_at, end_at, skipped_ms)");
  const [kept] = sql.exec("SELECT * FROM meeting");
  const ports = { now, after, setAlarm, getAlarm, skippedMs, log: () => {} };
  const clock = new Clock(ports, Number(kept?.last_at ?? 0), { skippedMs: Number(kept?.skipped_ms ?? 0) });
  const write = (endAt: number) =>
    sql.exec("INSERT OR REPLACE INTO meeting VALUES (1, ?, ?, ?)", clock.now(), endAt, clock.skippedMs);
  const endAt = () => Number(sql.exec("SELECT end_at FROM meeting")[0]?.end_at);
  const look = () => {
    const at = clock.now();
    if (endAt() <= at) ends.push(place.now());
    else clock.wakeBy(endAt());
    write(endAt());
  };
  return {
    endIn: (ms: number) => {
      write(clock.now() + ms);
      look();
    },
    look,
    alarm: () => clock.alarm.fired(look),
  };
}

test("what lasts ends after its time has passed, however often and long ago the clock went on at once, at rest and at work", async () => {
  const ends: number[] = [];
  const runtime = await RuntimeOnTest.start((place) => ending(place, ends));
  const [began, skipped] = [runtime.clock.now, dayMs + hourMs];
  const skip = async (ms: number) => {
    runtime.clock.now += ms;
    runtime.runtime.skipped(ms);
    await runtime.clock.pass(1_000);
  };
  await runtime.askOf("long", "endIn", 48 * hourMs);
  await runtime.clock.pass(minuteMs);
  await skip(dayMs);
  await runtime.askOf("short", "endIn", 2 * hourMs);
  const shortBegan = runtime.clock.now;
  await runtime.clock.pass(minuteMs);
  await skip(hourMs);
  await runtime.begin();
  // It goes beyond where the clock was after each step, at work, and then rests.
  for (let hour = 0; hour < 40; hour += 1) {
    await runtime.clock.pass(hourMs);
    await runtime.askOf("long", "look");
  }
  await runtime.begin();
  await runtime.clock.pass(9 * hourMs);
  // The runtime of before, as killed as it is, still has its timers.
  expect([...new Set(ends)]).toEqual([shortBegan + 2 * hourMs + hourMs, began + 48 * hourMs + skipped]);
});

test("a conference ends in its own time; the next one of its key begins in the platform's, once no document of it can come again", async () => {
  const [state = ""] = files("state.db");
  const [webex, lasting] = [new Webex(), new LastingAgent()];
  const life = await Life.start(state, noon, webex);
  const meeting = async (passMs: number) => {
    await life.begin(lasting, "100000001");
    await life.clock.pass(passMs);
    await life.receive("100000001", { type: "close-conference" });
    await life.clock.pass(10_000);
  };
  await lasting.connect(life);
  await life.begin(lasting, "100000001");
  life.skip(4 * hourMs);
  life.runtime.heardTime(life.now);
  await life.clock.pass(5 * hourMs);
  await life.receive("100000001", { type: "close-conference" });
  await life.clock.pass(hourMs);
  const beginsBehind = life.now - 4 * hourMs;
  await meeting(minuteMs);
  await life.clock.pass(3 * hourMs);
  const begins = life.now;
  await meeting(minuteMs);

  const asked = life.runtime.call("directory", "local", "records", [{ limit: 20 }]);
  await life.clock.pass(0);
  const { records } = (await asked) as { records: readonly { record: Record<string, number | string> }[] };
  const meetings = records.map(({ record }) => record).filter(({ kind }) => kind === "conference");
  expect(meetings.map(({ createdAt, seconds }) => [createdAt, seconds])).toEqual([
    [begins, 62],
    [beginsBehind, 62],
    [noon, 5 * 3_600 + 2],
  ]);
});

test("what waits in a conference behind the edge's time has waited for no longer by that, ten seconds later", async () => {
  const [state = ""] = files("state.db");
  const [webex, lasting] = [new Webex(), new LastingAgent()];
  const life = await Life.start(state, noon, webex);
  await lasting.connect(life);
  await life.begin(lasting, "100000001");
  const waitedMs = async () => {
    const asked = life.runtime.call("directory", "local", "stats", []);
    await life.clock.pass(0);
    const { oldestAt } = (await asked) as { oldestAt: number };
    return life.now - oldestAt;
  };
  life.skip(4 * hourMs);
  await life.clock.pass(5 * minuteMs);
  webex.takesPosts = false;
  await life.enter(lasting, "100000001", 1);
  await life.clock.pass(8_000);
  expect(await waitedMs()).toBeLessThan(10_000);
  life.skip(hourMs);
  await life.clock.pass(10_000);
  expect(await waitedMs()).toBeLessThan(20_000);
});

test("an operator who answers for the time has no document done twice by that", async () => {
  const [state = ""] = files("state.db");
  const [webex, lasting] = [new Webex(), new LastingAgent()];
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  const lock = { type: "update-conference", replyTo: "127.0.0.1:8801", extConfId: "E100000001", action: "lock" };
  const document = { domain: "local", confKey: "100000001", transId: "T-1", messages: [{ ...lock, msgId: "w900" }] };
  const receive = async ({ runtime, clock }: Life) => {
    const received = runtime.call("conference", "local/100000001", "receive", [document]);
    await clock.pass(1_000);
    await received;
  };
  await receive(first);
  first.skip(dayMs);
  await first.clock.pass(5 * minuteMs);
  await first.kill();
  const disk = new SqliteDisk(state);
  expect(await disk.setBack(first.now + minuteMs)).toBeLessThan(0);
  await disk.close();

  const second = await Life.start(state, first.now + minuteMs, webex);
  await lasting.connect(second);
  await second.clock.pass(1_000);
  const timeline = async () => {
    const asked = second.runtime.call("conference", "local/100000001", "timeline", [0]);
    await second.clock.pass(10);
    return asked;
  };
  const before = await timeline();
  await receive(second);
  expect(await timeline()).toEqual(before);
  expect(second.runtime.doubtMs).toBe(0);
});

test("an object with which something has just happened does not rest for a clock that went on", async () => {
  const runtime = await RuntimeOnTest.start(doubtOf);
  await runtime.ask("doubt");
  runtime.clock.now += dayMs;
  runtime.runtime.skipped(dayMs);
  await runtime.clock.pass(6_000);
  await runtime.ask("doubt");
  expect(runtime.made).toEqual(["sessions/one"]);
  await runtime.clock.pass(15_000);
  await runtime.ask("doubt");
  expect(runtime.made).toEqual(["sessions/one", "sessions/one"]);
});

test("an operator's word ends a doubt", async () => {
  const runtime = await RuntimeOnTest.start((place) => ({
    ...doubtOf(place),
    write: () => place.setAlarm(place.now() + 900 * dayMs),
  }));
  await runtime.ask("write");
  runtime.disk.isKilled = true;
  await runtime.disk.close();
  runtime.clock.now += 9 * dayMs;
  const disk = new SqliteDisk(runtime.file);
  expect(await disk.setBack(runtime.clock.now)).toBeLessThan(0);
  await disk.close();
  await runtime.begin();
  expect(await runtime.ask("doubt")).toEqual([0, 0]);
});

test("records of the time after reset-clock are in the exports of their days, whatever an earlier clock has recorded", async () => {
  const [state = ""] = files("state.db");
  const [webex, agent] = [new Webex(), new LastingAgent()];
  const meets = async (life: Life, key: string) => {
    await agent.connect(life);
    await life.begin(agent, key);
    await life.clock.pass(5 * minuteMs);
    await life.receive(key, { type: "close-conference" });
    await life.clock.pass(20_000);
  };
  const ahead = await Life.start(state, noon + 365 * dayMs, webex);
  await meets(ahead, "100000001");
  await ahead.kill();
  const disk = new SqliteDisk(state);
  await disk.setBack(noon + hourMs);
  await disk.close();
  const life = await Life.start(state, noon + hourMs, webex);
  await meets(life, "100000002");
  const asked = life.runtime.call("directory", "local", "records", [
    { limit: 100, order: "oldest", since: noon, until: noon + dayMs, kind: "conference" },
  ]);
  await life.clock.pass(10);
  const { records } = (await asked) as {
    readonly records: readonly { readonly record: { readonly conference: string } }[];
  };
  expect(records.map(({ record }) => record.conference)).toEqual(["100000001", "100000002"]);
});

/** How much of a domain is on disk: rows of the conference, its handle, who holds ids, records, and memory of documents. */
async function kept(life: Life): Promise<Readonly<Record<string, number>>> {
  const ask = async <Value>(
    kind: Parameters<Life["runtime"]["call"]>[0],
    name: string,
    method: string,
    ...of: unknown[]
  ) => {
    const asked = life.runtime.call(kind, name, method, of);
    await life.clock.pass(0);
    return (await asked) as Value;
  };
  const { records } = await ask<{ records: readonly unknown[] }>("directory", "local", "records", { limit: 10 });
  const { entries } = await ask<{ entries: readonly unknown[] }>("directory", "local", "audit", null, 10);
  const { holders } = await ask<{ holders: readonly unknown[] }>(
    "idAllocator",
    "local",
    "conferencesOf",
    dayMs,
    null,
    null,
  );
  const view = await ask<unknown>("conference", "local/100000001", "view");
  return { records: records.length, audit: entries.length, holders: holders.length, conference: view ? 1 : 0 };
}

test("what an edge deletes for its age stays as long as one clock alone says that it is old", async () => {
  const [state = ""] = files("state.db");
  const webex = new Webex();
  const lasting = new LastingAgent();
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  await first.receive("100000001", { type: "close-conference" });
  const audited = { at: noon, person: "boris", action: "mute", about: {}, status: 202, refusal: null, from: "" };
  await first.runtime.call("directory", "local", "keepAudit", ["local", audited]);
  await first.clock.pass(10_000);
  const before = await kept(first);
  expect(before).toEqual({ records: 2, audit: 1, holders: 1, conference: 1 });
  await first.kill();

  const second = await Life.start(state, noon + 500 * dayMs, webex);
  await second.clock.pass(3 * hourMs);
  expect(await kept(second)).toEqual(before);
  await second.kill();

  const third = await Life.start(state, noon + 500 * dayMs + hourMs, webex);
  await third.clock.pass(hourMs);
  expect(await kept(third)).toEqual(before);
  third.runtime.heardTime(third.now);
  await third.clock.pass(dayMs + 7 * hourMs);
  expect(await kept(third)).toEqual({ records: 0, audit: 0, holders: 0, conference: 0 });
  await third.kill();
});
