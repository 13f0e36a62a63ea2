import { beforeEach, expect, test } from "vitest";
import { noDoubt } from "../../../durable-objects/node/doubt.ts";
import { type Flush, nothing } from "../../../durable-objects/node/log/disk.ts";
import type { SharedDatabase } from "../../../durable-objects/node/shared/shared-database.ts";

const self = { holder: "one", life: "life 1", since: 5, why: "first", after: 0 } as const;
const other = { ...self, holder: "other", life: "life 2", why: "silent" } as const;
const by = (epoch: number, flush: number, { life } = self as { readonly life: string }) => ({ epoch, flush, life });
const row = (position: number, body = "[]"): Flush["rows"][number] => ({ position, object: 1, body });
const created = [[1, "sessions/one"]] as const;
/** Texts that a database might read as something else. */
const hostile = ["\\u0000", "\\\\ü\u{1F600}", '"', "\\x41", "'; DROP TABLE log"];

/**
 * What each database does that edges share. `make` gives an empty one; `connect`: another way to the same
 * one.
 */
export function sharedDatabaseSuite(
  make: () => Promise<{ readonly one: SharedDatabase; readonly connect: () => Promise<SharedDatabase> }>,
): void {
  let one: SharedDatabase;
  let connect: () => Promise<SharedDatabase>;
  const load = async () => one.load(await one.holding());
  const read = async (object: number, positions: readonly number[]) => one.read(await one.holding(), object, positions);
  beforeEach(async () => {
    ({ one, connect } = await make());
    await one.prepare(true);
    expect(await one.acquire({ epoch: 0, flush: 0 }, self)).toBe(true);
  });

  test("nobody has acted yet, and then the one that acquires it", async () => {
    const { one: fresh } = await make();
    await fresh.prepare(true);
    expect(await fresh.holding()).toMatchObject({ epoch: 0, flush: 0, holder: "", givenBack: null, position: 0 });
    expect(await fresh.load(by(0, 0, { life: "" }))).toEqual({
      objects: [],
      rows: [],
      texts: [],
      lastPosition: 0,
      lastObject: 0,
      lastAt: 0,
      restoredAt: null,
      doubt: noDoubt,
    });
    expect(await fresh.acquire({ epoch: 0, flush: 0 }, self)).toBe(true);
    const { after: _, ...holding } = self;
    expect(await fresh.holding()).toMatchObject({ ...holding, epoch: 1, flush: 0 });
  });

  test("who has seen something older acquires nothing", async () => {
    expect(await one.acquire({ epoch: 0, flush: 0 }, other)).toBe(false);
    expect(await one.flush(by(1, 1), nothing, 7)).toBe(true);
    expect(await one.acquire({ epoch: 1, flush: 0 }, other)).toBe(false);
    expect((await one.holding()).holder).toBe("one");
    expect(await one.acquire({ epoch: 1, flush: 1 }, { ...other, after: 40 })).toBe(true);
    expect(await one.holding()).toMatchObject({ epoch: 41, flush: 1, holder: "other", why: "silent" });
  });

  test("a doubt is kept by whoever acts, and by nobody else", async () => {
    const doubt = { ms: 90_000, skippedMs: 90_000, unsureMs: 1 };
    expect(await one.keepDoubt(by(1, 1), doubt)).toBe(true);
    expect((await load()).doubt).toEqual(doubt);
    expect(await one.keepDoubt(by(1, 1), noDoubt)).toBe(false);
    expect((await load()).doubt).toEqual(doubt);
    expect(await one.keepDoubt(by(1, 2), noDoubt)).toBe(true);
    expect((await load()).doubt).toEqual(noDoubt);
  });

  test("a flush is there once, and none of an epoch that is over", async () => {
    expect(await one.flush(by(1, 1), { ...nothing, created, rows: [row(1)] }, 7)).toBe(true);
    expect(await one.flush(by(1, 1), { ...nothing, rows: [row(2)] }, 8)).toBe(false);
    expect(await one.flush(by(1, 3), { ...nothing, rows: [row(2)] }, 8)).toBe(false);
    const second = await connect();
    expect(await second.acquire({ epoch: 1, flush: 1 }, other)).toBe(true);
    expect(await one.flush(by(1, 2), { ...nothing, rows: [row(2)] }, 8)).toBe(false);
    // As where the database was put back, and another edge acted in the same epoch.
    expect(await one.flush(by(2, 2), { ...nothing, rows: [row(2)] }, 8)).toBe(false);
    expect(await one.setBack(by(2, 2), 1)).toBe(false);
    expect(await one.giveBack(by(2, 2), "stopped")).toBe(false);
    expect(await one.markRestored(by(1, 2), 9)).toBe(false);
    expect(await one.giveBack(by(1, 2), "stopped")).toBe(false);
    expect(await second.flush(by(2, 2, other), { ...nothing, rows: [row(2)] }, 9)).toBe(true);
    expect(await load()).toMatchObject({
      rows: [
        [1, 1],
        [2, 1],
      ],
      lastPosition: 2,
      lastObject: 1,
      lastAt: 9,
      restoredAt: null,
    });
    expect(await one.holding()).toMatchObject({ flush: 2, position: 2 });
  });

  test("nothing older is read than what was written last, nor of another edge's state", async () => {
    expect(await one.flush(by(1, 1), { ...nothing, created, rows: [row(1)] }, 7)).toBe(true);
    expect((await one.load(by(1, 1))).rows).toEqual([[1, 1]]);
    expect((await one.read(by(1, 0), 1, [1])).bodies).toEqual(["[]"]);
    for (const older of [by(1, 2), by(2, 1), by(1, 1, other)]) {
      await expect(one.load(older)).rejects.toThrow("another state than the one that is written to");
      await expect(one.read(older, 1, [1])).rejects.toThrow("another state than the one that is written to");
    }
  });

  test("what is read is what was written, whatever stands in it", async () => {
    const rows = hostile.map((text, at) => row(at + 1, JSON.stringify([[text]])));
    const parts = hostile.map((text) => ({ table: "t", key: JSON.stringify([text]), rows: JSON.stringify([[text]]) }));
    const long = { table: "t", key: JSON.stringify(["k".repeat(10_000)]), rows: "[]" };
    const texts = hostile.map((text, at) => [at, text] as const);
    const image = { object: 1, upTo: 0, alarm: null, schema: hostile, replaced: [], parts: [...parts, long], gone: [] };
    const all = { ...nothing, texts, created: [[1, hostile.join("/")]] as const, rows, images: [image] };
    expect(await one.flush(by(1, 1), all, 7)).toBe(true);
    expect(await load()).toMatchObject({ texts, objects: [{ object: 1, name: hostile.join("/"), alarm: null }] });
    const found = await read(1, [5, 2]);
    expect(found.bodies).toEqual([rows[1]?.body, rows[4]?.body]);
    expect(found.image.schema).toEqual(hostile);
    expect(sorted(found.image.parts)).toEqual(sorted([...parts, long]));
    await expect(read(1, [5, 9])).rejects.toThrow(/^the log lacks/);
  });

  test("an image replaces tables, rows of others come and go, and the log behind it stays", async () => {
    const part = (table: string, key: string, rows: string) => ({ table, key, rows });
    const image = { object: 1, upTo: 1, alarm: 50, schema: ["a"], replaced: [], parts: [], gone: [] };
    const first = { ...image, parts: [part("t", "", "1"), part("u", "[1]", "2"), part("u", "[2]", "3")] };
    const second = {
      ...image,
      upTo: 2,
      alarm: null,
      schema: ["b"],
      replaced: ["t"],
      parts: [part("t", "", "4"), part("u", "[1]", "5")],
      gone: [{ table: "u", key: "[2]" }],
    };
    await one.flush(by(1, 1), { ...nothing, created, rows: [row(1)], images: [first] }, 7);
    expect((await load()).objects).toEqual([{ object: 1, name: "sessions/one", alarm: 50 }]);
    await one.flush(by(1, 2), { ...nothing, rows: [row(2)], images: [second] }, 8);
    await one.flush(by(1, 3), { ...nothing, rows: [{ ...row(3), alarm: 60 }] }, 9);
    const found = await read(1, [3]);
    expect(found.image.schema).toEqual(["b"]);
    expect(sorted(found.image.parts)).toEqual([part("t", "", "4"), part("u", "[1]", "5")]);
    expect(await load()).toMatchObject({ rows: [[3, 1]], objects: [{ alarm: 60 }] });
    await one.flush(by(1, 4), { ...nothing, rows: [{ ...row(4), alarm: null }] }, 9);
    expect((await load()).objects).toEqual([{ object: 1, name: "sessions/one", alarm: null }]);
  });

  test("rows that images hold go, but for those of some objects; what is deleted is gone, and its name is free", async () => {
    const two = [[1, "sessions/one"] as const, [2, "sessions/two"] as const];
    const rows = [row(1), { ...row(2), object: 2 }, row(3)];
    await one.flush(by(1, 1), { ...nothing, created: two, rows }, 7);
    const image = { object: 1, upTo: 3, alarm: null, schema: [], replaced: [], parts: [], gone: [] };
    const droppable = { before: 4, except: [2] };
    await one.flush(by(1, 2), { ...nothing, images: [image], droppable }, 7);
    expect((await load()).rows).toEqual([[2, 2]]);
    await expect(read(1, [1])).rejects.toThrow(/^the log lacks/);
    const anew = {
      ...nothing,
      deleted: [1],
      created: [[3, "sessions/one"]] as const,
      rows: [{ ...row(4), object: 3 }],
    };
    await one.flush(by(1, 3), anew, 8);
    expect((await load()).objects.map(({ object, name }) => [object, name]).toSorted()).toEqual([
      [2, "sessions/two"],
      [3, "sessions/one"],
    ]);
  });

  test("it says when it was restored last, and each time is later", async () => {
    await one.markRestored(by(1, 1), 9_000);
    expect((await load()).restoredAt).toBe(9_000);
    await one.markRestored(by(1, 2), 5_000);
    expect((await load()).restoredAt).toBe(9_001);
    expect((await one.holding()).flush).toBe(2);
  });

  test("a clock that was ahead is set back, and alarms with it", async () => {
    const objects = [1, 2, 3].map((object) => [object, `sessions/${object}`] as const);
    const image = { object: 1, upTo: 0, alarm: 1_500, schema: [], replaced: [], parts: [], gone: [] };
    const rows = [
      { ...row(1), object: 2, alarm: 900 },
      { ...row(2), object: 3, alarm: 90 },
    ];
    await one.flush(by(1, 1), { ...nothing, created: objects, rows, images: [image] }, 1_000);
    expect(await one.setBack(by(1, 1), 100)).toBe(false);
    expect(await one.setBack(by(1, 2), 100)).toBe(true);
    const stored = await load();
    expect(stored.lastAt).toBe(100);
    const alarms = stored.objects.map(({ object, alarm }) => [object, alarm] as const).toSorted(([a], [b]) => a - b);
    expect(alarms).toEqual([
      [1, 600],
      [2, 100],
      [3, 90],
    ]);
  });

  test("who has given it back can take it again, and then it is not given back", async () => {
    await one.giveBack(by(1, 1), "handed over");
    expect(await one.holding()).toMatchObject({ givenBack: "handed over", epoch: 1, flush: 1 });
    await one.acquire({ epoch: 1, flush: 1 }, other);
    expect((await one.holding()).givenBack).toBe(null);
  });

  test("a beat takes the place of the one before", async () => {
    const beat = { name: "one", life: "a", url: "http://x", version: "1", settings: "s", position: 3, fault: null };
    await one.beat(beat);
    await (await connect()).beat({ ...beat, name: "other", life: "b", fault: "its disk is full" });
    await one.beat({ ...beat, position: 4 });
    const peers = (await one.view()).peers.toSorted((a, b) => a.name.localeCompare(b.name));
    expect(peers).toMatchObject([
      { ...beat, position: 4 },
      { ...beat, name: "other", life: "b", fault: "its disk is full" },
    ]);
    for (const { seenMsAgo } of peers) expect(seenMsAgo).toBeLessThan(60_000);
  });

  test("of two edges of one name the first one has it until it leaves; an edge has one name", async () => {
    const beat = { name: "one", life: "a", url: "http://x", version: "1", settings: "s", position: 3, fault: null };
    const second = { ...beat, life: "b", url: "http://y" };
    expect(await one.beat(beat)).toBe(true);
    expect(await one.beat(second)).toBe(false);
    expect(await one.beat({ ...second, name: "one, too" })).toBe(true);
    expect(await one.beat(second)).toBe(false);
    expect((await one.view()).peers.map(({ name, life }) => [name, life])).toEqual([
      ["one", "a"],
      ["one, too", "b"],
    ]);
    await one.leave("a");
    expect(await one.beat(second)).toBe(true);
    expect((await one.view()).peers).toMatchObject([second]);
  });
}

function sorted(parts: readonly { readonly table: string; readonly key: string }[]) {
  return parts.toSorted((one, other) => (one.table + one.key < other.table + other.key ? -1 : 1));
}
