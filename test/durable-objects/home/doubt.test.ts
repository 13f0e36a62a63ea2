import { expect, test } from "vitest";
import { Doubt } from "../../../durable-objects/home/doubt.ts";
import { SqliteDisk } from "../../../durable-objects/home/log/sqlite-disk.ts";
import { dayMs, hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { files, LastingAgent, Life, Webex } from "./home-life.ts";
import { HomeOnTest } from "./home-on-test.ts";

const noon = Date.UTC(2026, 10, 21, 12);

const doubtOf = (place: { doubtMs(): number; skippedMs(): number }) => ({
  doubt: () => [place.doubtMs(), place.skippedMs()],
});

test.each<[string, number, Parameters<Doubt["began"]>]>([
  ["a state that begins", 0, [0, 0, noon]],
  ["a day without the edge", 0, [0, noon - dayMs, noon]],
  ["a stop of two days, or a clock that is two days ahead", 2 * dayMs, [0, noon - 2 * dayMs, noon]],
  ["an earlier doubt", 2 * dayMs, [2 * dayMs, noon - hourMs, noon]],
  ["an earlier doubt, and another stop", 5 * dayMs, [2 * dayMs, noon - 3 * dayMs, noon]],
  ["a clock that is behind the state", 0, [0, noon + 2 * dayMs, noon]],
])("a start in doubt: %s", (_, ms, began) => {
  const doubt = new Doubt();
  doubt.began(...began);
  expect(doubt.ms).toBe(ms);
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

test("a doubt outlives restarts and a failing disk until another clock agrees, also where rows were written in it", async () => {
  const home = await HomeOnTest.start((place) => ({
    ...doubtOf(place),
    write: () => place.setAlarm(place.now() + 900 * dayMs),
  }));
  const [began, aheadMs] = [home.clock.now, 5 * dayMs];
  await home.ask("write");
  home.clock.now += aheadMs;
  await home.begin();
  const ms = home.clock.now - began;
  expect(await home.ask("doubt")).toEqual([ms, 0]);
  await home.ask("write");
  await home.begin();
  expect(await home.ask("doubt")).toEqual([ms, 0]);

  home.disk.fault = new Error("database or disk is full");
  home.home.skipped(hourMs);
  await home.clock.pass(1_000);
  home.disk.fault = null;
  await home.clock.pass(2_000);
  expect(await home.ask("doubt")).toEqual([ms + hourMs, hourMs]);
  await home.begin();
  expect(await home.ask("doubt")).toEqual([ms + hourMs, 0]);
  expect(home.lines.filter(({ event }) => event === "time-in-doubt").map((line) => line.ms)).toEqual([
    ...[ms, ms, ms + hourMs, ms + hourMs],
  ]);

  home.home.heardTime(home.clock.now - aheadMs);
  expect(home.home.doubtMs).toBe(ms + hourMs);
  home.home.heardTime(home.clock.now);
  await home.clock.pass(200);
  await home.begin();
  expect(await home.ask("doubt")).toEqual([0, 0]);
});

test("an operator's word ends a doubt", async () => {
  const home = await HomeOnTest.start((place) => ({
    ...doubtOf(place),
    write: () => place.setAlarm(place.now() + 900 * dayMs),
  }));
  await home.ask("write");
  home.disk.isKilled = true;
  await home.disk.close();
  home.clock.now += 9 * dayMs;
  const disk = new SqliteDisk(home.file);
  expect(await disk.setBack(home.clock.now)).toBeLessThan(0);
  await disk.close();
  await home.begin();
  expect(await home.ask("doubt")).toEqual([0, 0]);
});

/** How much of a domain is on disk: rows of the conference, its handle, who holds ids, records, and memory of documents. */
async function kept(life: Life): Promise<Readonly<Record<string, number>>> {
  const ask = async <Value>(
    kind: Parameters<Life["home"]["call"]>[0],
    name: string,
    method: string,
    ...of: unknown[]
  ) => {
    const asked = life.home.call(kind, name, method, of);
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
  await first.home.call("directory", "local", "keepAudit", ["local", audited]);
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
  third.home.heardTime(third.clock.now);
  await third.clock.pass(dayMs + 7 * hourMs);
  expect(await kept(third)).toEqual({ records: 0, audit: 0, holders: 0, conference: 0 });
  await third.kill();
});
