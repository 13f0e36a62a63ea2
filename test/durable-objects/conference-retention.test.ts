import { expect, test } from "vitest";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, createConference, extConfId, host, lock } from "./conference-world.ts";

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

test("a finished conference is deleted after a week, with all its tables", async () => {
  const world = await ended();
  await world.time.pass(7 * dayMs - 120_000);
  expect(world.deleted).toBe(0);

  await world.time.pass(180_000);
  expect(world.deleted).toBe(1);
  expect(world.tables).toBe(0);
  expect(world.alarmAt).toBeNull();
});

test("late traffic delays the deletion", async () => {
  const world = await ended();
  await world.time.pass(6 * dayMs);
  await world.received("late", lock("m-late"));
  await world.time.pass(6 * dayMs);
  expect(world.deleted).toBe(0);

  await world.time.pass(1.1 * dayMs);
  expect(world.deleted).toBe(1);
});

test("a domain keeps conferences as long as its settings and repeats need", async () => {
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

test("deletes a conference that was never created", async () => {
  const world = new ConferenceWorld();
  await world.received("create", createConference());
  await world.time.pass(60_000);
  await world.allDone();
  await world.time.pass(8 * dayMs);
  expect(world.deleted).toBe(1);
});

test.each([0, 2])("deletes no running conference of %i callers", async (callers) => {
  const world = await ConferenceWorld.running(callers);
  await world.time.pass(30 * dayMs);
  expect(world.deleted).toBe(0);
});

test("an event each second does not grow the tables", async () => {
  const world = await ConferenceWorld.running(1);
  await world.longPast();
  const rows: number[] = [];
  for (let second = 1; second <= 1_500; second += 1) {
    const muted = event({ type: "caller-muted", call: "c0", muted: second % 2 === 1 });
    world.report(muted);
    await world.time.pass(1_000);
    if (second % 300 === 0) rows.push(world.journalRows);
  }

  expect(Math.max(...rows)).toBeLessThan(10_300);
  expect(world.posted.length).toBeGreaterThan(1_250);
});

test("conferences of a removed domain are deleted after their last known retention", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ journalRetentionDays: 3 });
  await world.running(2);
  world.isInSettings = false;
  world.start();
  const posts = world.posted.length;
  await world.time.pass(3 * dayMs - 120_000);
  expect(world.deleted).toBe(0);

  await world.time.pass(hourMs);
  expect(world.deleted).toBe(1);
  expect(world.posted).toHaveLength(posts);
  expect(world.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test("a domain that is put back continues its conferences", async () => {
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
