import { expect, test } from "vitest";
import { ConferenceStore } from "../../durable-objects/conference/conference-store.ts";
import type { Progress } from "../../durable-objects/conference/progress.ts";
import { emptyState } from "../../src/conference/state.ts";
import type { MsgId, StreamId } from "../../src/foundation/ids.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { Database } from "../simulation/database.ts";
import {
  ConferenceWorld,
  callerEntered,
  createConference,
  extConfId,
  host,
  identity,
  lock,
} from "./conference-world.ts";
import { confirmation } from "./fakes.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const close = { type: "close-conference", msgId: "m-close", replyTo: host, extConfId } as FromWebex;

async function ended(settings: Partial<DomainSettings> = {}): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  world.domain = { ...world.domain, settings: { ...world.domain.settings, ...settings } };
  await world.running(2);
  await world.received("close", close);
  await world.allDone();
  await world.time.pass(60_000);
  return world;
}

const tables = (world: ConferenceWorld) => world.tables;

test("a conference that is over is deleted after a week, with all its tables, and not before", async () => {
  const world = await ended();
  await world.time.pass(7 * dayMs - 120_000);
  expect([world.deleted, tables(world)]).toEqual([0, 2]);

  await world.time.pass(180_000);
  expect([world.deleted, tables(world), world.alarmAt]).toEqual([1, 0, null]);
});

test("also when it slept all the time, or was woken up each day, which costs no row", async () => {
  const world = await ended();
  for (let day = 0; day < 7; day += 1) {
    const before = world.alarmsSet + world.sql.rowsWritten;
    world.start();
    expect(world.alarmsSet + world.sql.rowsWritten).toBe(before);
    world.kill();
    await world.time.pass(dayMs);
  }

  expect([world.deleted, tables(world)]).toEqual([1, 0]);
});

test("late traffic puts it off", async () => {
  const world = await ended();
  await world.time.pass(6 * dayMs);
  await world.received("late", lock("m-late"));
  await world.time.pass(6 * dayMs);
  expect(world.deleted).toBe(0);

  await world.time.pass(1.1 * dayMs);
  expect(world.deleted).toBe(1);
});

test("the domain says for how long, but never shorter than repeats and the memory of an unnoticed end need", async () => {
  const brief = await ended({ journalRetentionDays: 1 });
  await brief.time.pass(1.1 * dayMs);
  expect(brief.deleted).toBe(1);

  const unnoticed = new ConferenceWorld();
  const { settings } = unnoticed.domain;
  const longer = { ...settings, journalRetentionDays: 1, closedMemoryMs: 3 * dayMs };
  unnoticed.domain = { ...unnoticed.domain, settings: longer };
  await unnoticed.running(0);
  unnoticed.answer = () => ({ kind: "failed", reason: "refused" });
  await unnoticed.reported(event({ type: "conference-ended" }));
  await unnoticed.time.pass(2.9 * dayMs);
  expect(unnoticed.deleted).toBe(0);
  // A day behind the last probe.
  await unnoticed.time.pass(1.2 * dayMs);
  expect(unnoticed.deleted).toBe(1);
});

test("a key stays closed for as long where the clock has gone on at once before its conference ended", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ closedMemoryMs: 6 * hourMs, protocol: { closedAnswer: "always" } });
  await world.running(0);
  world.clockSetMs = 4 * hourMs;
  world.skippedMs = 4 * hourMs;
  world.answer = () => ({ kind: "failed", reason: "refused" });
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(10_000);
  world.answer = ({ transId }) => confirmation(world.domain, transId);
  const create = async (msgId: string) => {
    world.sent.length = 0;
    await world.received(msgId, createConference({ msgId: msgId as MsgId }));
    await world.time.pass(1_000);
    return world.sent.length;
  };
  expect(await create("first")).toBe(0);
  await world.time.pass(3 * hourMs);
  expect(await create("second")).toBe(0);
  await world.time.pass(4 * hourMs);
  expect(await create("third")).toBeGreaterThan(0);
});

test("what was never created is deleted too, and what runs never is", async () => {
  const failed = new ConferenceWorld();
  await failed.received("create", createConference());
  await failed.time.pass(60_000);
  await failed.allDone();
  await failed.time.pass(8 * dayMs);
  expect(failed.deleted).toBe(1);

  for (const callers of [2, 0]) {
    const running = await ConferenceWorld.running(callers);
    await running.time.pass(30 * dayMs);
    expect([running.deleted, tables(running)]).toEqual([0, 2]);
  }
});

test("of agents that come with ever new streams only the last eight are remembered", async () => {
  const world = await ConferenceWorld.running(0);
  for (let n = 0; n < 100; n += 1) {
    const reports = [{ number: 1, report: callerEntered(n) }];
    await world.during(
      world.conference.report({ ...identity, stream: `s${n}` as StreamId, activeSince: null, reports }),
    );
  }

  const [last] = world.sql.exec("SELECT progress FROM journal ORDER BY seq DESC LIMIT 1");
  const { streams } = JSON.parse(String(last?.progress)) as Progress;
  expect(streams.map(([, stream]) => stream)).toEqual(["s92", "s93", "s94", "s95", "s96", "s97", "s98", "s99"]);
  expect(
    await world.during(
      world.conference.report({ ...identity, stream: "s99" as StreamId, activeSince: null, reports: [] }),
    ),
  ).toBe(1);
});

test("with an event each second all tables stay as large as after three hours", async () => {
  const world = await ConferenceWorld.running(1);
  await world.longPast();
  const rows: number[][] = [];
  for (let second = 1; second <= 1_500; second += 1) {
    const muted = event({ type: "caller-muted", call: "c0", muted: second % 2 === 1 });
    world.report(muted);
    await world.time.pass(1_000);
    if (second % 300 === 0) {
      const [entries] = world.sql.exec("SELECT count(*) AS n FROM entry");
      rows.push([world.journalRows, Number(entries?.n), world.outboxRows]);
    }
  }

  for (const [journal = 0, entries = 0, outbox = 0] of rows) {
    expect(journal).toBeLessThan(10_300);
    expect(entries).toBeLessThanOrEqual(6);
    expect(outbox).toBeLessThanOrEqual(2);
  }
  expect(world.posted.length).toBeGreaterThan(1_250);
});

test("an event each second for a day leaves 10,000 inputs, and of an input each minute those of the days that are kept", () => {
  const most: number[] = [];
  for (const [pauseMs, days, retention] of [
    [1_000, 1, { neededMs: 2 * hourMs, keptMs: 7 * dayMs }],
    [60_000, 7, { neededMs: 2 * hourMs, keptMs: 5 * dayMs }],
  ] as const) {
    const sql = new Database();
    const store = new ConferenceStore(sql, () => {});
    store.transaction(() => store.identify(identity, retention));
    const { head: _, ...none } = emptyState();
    const progress = { bridge: null, serial: 0, msgIds: [], transIds: [], streams: [] };
    let rows = 0;
    for (let at = 0; at < days * dayMs; at += pauseMs) {
      store.transaction(() => store.append({ type: "time", at }, none, progress));
      if (at % hourMs === 0) rows = Math.max(rows, Number(sql.exec("SELECT count(*) AS n FROM journal")[0]?.n));
    }
    most.push(rows);
  }

  expect(most[0]).toBeLessThan(10_300);
  expect(most[1]).toBeLessThan(5 * 1_440 + 300);
});

test("a running conference whose domain is removed from the settings is deleted when the retention that was last known has passed", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ journalRetentionDays: 3 });
  await world.running(2);
  world.isInSettings = false;
  world.start();
  const posts = world.posted.length;
  await world.time.pass(3 * dayMs - 120_000);
  expect([world.deleted, tables(world)]).toEqual([0, 2]);

  await world.time.pass(hourMs);
  expect([world.deleted, tables(world), world.posted.length]).toEqual([1, 0, posts]);
  expect(world.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test("a conference that slept while its domain was removed is told by the last sweep", async () => {
  const world = await ConferenceWorld.running(2);
  await world.time.pass(60_000);
  world.kill();
  world.isInSettings = false;
  await world.time.pass(9 * dayMs);
  expect([world.deleted, world.alarmAt]).toEqual([0, null]);

  world.start();
  await world.during(world.conference.sweep());
  expect([world.deleted, tables(world)]).toEqual([1, 0]);
});

test("a domain that is put back goes on with its conferences: what waited is sent", async () => {
  const world = await ConferenceWorld.running(1);
  await world.received("t-lock", lock("m-lock"));
  world.isInSettings = false;
  world.start();
  await expect(world.received("t2", lock("m2"))).rejects.toThrow('the settings have no domain "local"');
  await world.time.pass(dayMs);
  expect(world.deleted).toBe(0);
  const before = world.posted.length;

  world.isInSettings = true;
  await world.time.pass(hourMs + 10_000);
  expect(world.posted.slice(before).map(({ body }) => /MsgID="m-lock" Result="(\d+)"/.exec(body)?.[1])).toEqual(["16"]);
});

test("the alarm deletes nothing while a document waits for ids", async () => {
  const world = await ended();
  world.kill();
  world.alarmAt = null;
  await world.time.pass(7.1 * dayMs);
  world.start();
  const { allocateIds } = world;
  world.allocateIds = async (wanted) => {
    await world.time.wait(4_000);
    return allocateIds(wanted);
  };
  const late = world.receive("late", createConference());
  await world.conference.alarm();
  await world.time.pass(5_000);

  expect(await late).toBe(true);
  expect(world.deleted).toBe(0);
});
