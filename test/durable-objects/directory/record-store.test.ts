import { expect, test } from "vitest";
import { AuditStore } from "../../../durable-objects/directory/audit-store.ts";
import { DirectoryStore } from "../../../durable-objects/directory/directory-store.ts";
import { RecordStore } from "../../../durable-objects/directory/record-store.ts";
import type { CallId } from "../../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../../src/foundation/time/timers.ts";
import type { CallRecord } from "../../../src/records/call-record.ts";
import { Clock } from "../../kit/clock.ts";
import { Database } from "../../kit/database.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { aPage } from "../fact-page.ts";
import { aDirectory } from "../fakes.ts";
import { call, domain } from "./world.ts";

const about = { domain, directory: "1", keptMs: 1, removedAt: null };

/** Each life over this disk remembers four records. */
class RecordsWorld {
  readonly store = new DirectoryStore(new Database(), { isSteady: true });
  gaveWay = 0;
  records = this.start();

  start(): RecordStore {
    const ports = {
      now: () => worldBegins,
      aboutNow: () => about,
      alsoErase: () => ({ erased: 0, inside: [], others: [] }),
      giveWay: async () => {
        this.gaveWay += 1;
      },
    };
    this.records = new RecordStore(this.store, ports, 4);
    return this.records;
  }

  add(...calls: readonly number[]): void {
    this.store.transaction(about, () => {
      for (const one of calls) this.store.add(call(`c${one}`), worldBegins, null);
    });
  }

  /** Whether it is there, for a conference that was told so of all records up to an id. */
  isKept(one: number, upTo: number | null, more: Partial<CallRecord> = {}): boolean {
    const record = call(`c${one}` as CallId, more);
    const place = upTo === null ? null : { directory: "1", id: upTo };
    return this.records.keptIn({ ...aPage({ records: [record] }), place }, [record])(record);
  }
}

test("a record that is told again is there already, also where there are more than a directory remembers", () => {
  const world = new RecordsWorld();
  world.add(1, 2, 3, 4, 5, 6);
  world.start();
  expect(world.isKept(1, 0)).toBe(true);
  // Now there are too many to remember, and again with each of these.
  expect([6, 5, 2, 1].map((one) => world.isKept(one, one - 1))).toEqual([true, true, true, true]);
  world.add(7, 8);
  expect([8, 3, 7].map((one) => world.isKept(one, one - 1))).toEqual([true, true, true]);
});

test("a record that was added since others were looked for is there already, too", () => {
  const world = new RecordsWorld();
  world.add(1);
  world.start();
  expect(world.isKept(9, 0)).toBe(false);
  world.add(2);
  expect([world.isKept(2, 1), world.isKept(1, 0)]).toEqual([true, true]);
});

test("where a conference does not know what it was told, a record is looked for from a day before its call began by its clock", () => {
  const times = { enteredAt: worldBegins + 20 * hourMs, endedAt: worldBegins + 20 * hourMs };
  const world = new RecordsWorld();
  world.store.transaction(about, () => world.store.add(call("c1", times), worldBegins, null));
  world.start();
  expect([world.isKept(1, null, times), world.isKept(2, null, times)]).toEqual([true, false]);
});

test("it is so from a day before now, where that clock was further ahead", () => {
  const times = { enteredAt: worldBegins + 48 * hourMs, endedAt: worldBegins + 48 * hourMs };
  const world = new RecordsWorld();
  world.store.transaction(about, () => world.store.add(call("c1", times), worldBegins - 23 * hourMs, null));
  world.start();
  expect([world.isKept(1, null, times), world.isKept(2, null, times)]).toEqual([true, false]);
});

test.each([
  [true, [11, 0, 0]],
  [false, [0, 365, 31]],
])(
  "a record of a clock that was a year ahead takes no later one with it, where time goes back by an operator's word alone (%s)",
  (isSteady, expected) => {
    const store = new DirectoryStore(new Database(), { isSteady });
    const noon = Date.UTC(2026, 10, 21, 12);
    const add = (at: number) => store.transaction(about, () => store.add(call("c1"), at, null));
    add(noon + 365 * dayMs);
    for (let day = 0; day < 30; day += 1) add(noon + day * dayMs);
    const ofNovember = store.firstSince(Date.UTC(2026, 11, 1)) - store.firstSince(Date.UTC(2026, 10, 1));
    const [first] = store.page(0, "oldest", 1);
    store.deleteBefore(noon + 210 * dayMs, 100);
    const days = ((first?.at ?? 0) - noon) / dayMs;
    expect([ofNovember, days, store.page(0, "oldest", 100).length]).toEqual(expected);
  },
);

test("of who entered, the calls count that are over since then, the first of them too", () => {
  const world = new RecordsWorld();
  world.store.transaction(about, () => {
    for (const at of [1, 2, 3]) world.store.add(call(`c${at}`, { number: `${at}` }), worldBegins + at, null);
  });
  expect([...world.records.enteredSince(worldBegins + 2)].map(([number]) => number)).toEqual(["3", "2"]);
});

test("what was never told, or stands before what the conference knows of, is not there", () => {
  const world = new RecordsWorld();
  world.add(1, 2, 3);
  world.start();
  expect([world.isKept(9, 0), world.isKept(2, 2), world.isKept(2, 1)]).toEqual([false, false, true]);
});

test("what is deleted for its age is from before that time: the last that is kept stays, with all behind it", () => {
  const { store } = new RecordsWorld();
  store.transaction(about, () => {
    for (const at of [1, 2, 3]) store.add(call(`c${at}`), worldBegins + at, null);
  });
  expect(store.deleteBefore(worldBegins + 2, 9)).toBe(false);
  expect(store.page(0, "oldest", 9).map(({ id }) => id)).toEqual([2, 3]);

  const sql = new Database();
  const audit = new AuditStore(sql);
  const entry = { person: "anna", role: "viewer", by: "token", action: "act", about: {}, status: 202 } as const;
  for (const at of [1, 2, 3]) audit.add({ ...entry, at, actionId: String(at), refusal: null, from: "" }, at);
  expect(audit.deleteBefore(2, 9)).toBe(false);
  expect(audit.page(null, 9).entries.map(({ at }) => at)).toEqual([3, 2]);
  // A clock was set back: what is older stands behind what is not. Nor is there more to delete.
  for (const at of [5, 1]) audit.add({ ...entry, at, actionId: String(at), refusal: null, from: "" }, at);
  expect(audit.deleteBefore(2, 4)).toBe(false);
  expect(audit.page(null, 9).entries.map(({ at }) => at)).toEqual([5, 3, 2]);
});

test("whoever reads or erases records gives way before each portion of five hundred", async () => {
  const world = new RecordsWorld();
  world.add(...Array.from({ length: 1_200 }, (_, one) => one));
  const everything = { domain, order: "oldest", cursor: null, limit: 1_000 } as const;
  expect((await world.records.records(everything)).records).toHaveLength(1_000);
  expect(world.gaveWay).toBe(2);
  world.gaveWay = 0;
  await world.records.erase(domain, "99", 0);
  expect(world.gaveWay).toBe(3);
});

test("a search finds all of more than five hundred records of one portion", async () => {
  const world = new RecordsWorld();
  world.store.transaction(about, () => {
    const [other, meant] = [call("other"), call("meant", { number: "15552345678" })];
    for (let id = 1; id <= 16_000; id += 1) world.store.add(id <= 700 ? meant : other, worldBegins, null);
  });
  const filter = { number: "15552345678" };
  const found = await world.records.records({ domain, order: "oldest", cursor: null, limit: 1_000, filter });
  expect(found.records).toHaveLength(700);
});

test("a directory's records are read behind what its place lets go first", async () => {
  const goOn = Promise.withResolvers<void>();
  const directory = aDirectory(new Clock(worldBegins), { giveWay: () => goOn.promise });
  let isRead = false;
  const read = directory.recordStore.records({ domain, order: "oldest", cursor: null, limit: 1 }).then(() => {
    isRead = true;
  });
  await new Promise(setImmediate);
  expect(isRead).toBe(false);
  goOn.resolve();
  await read;
});

test.each(["oldest", "newest"] as const)(
  "a search for a text gives way every 15,000 records, and finds them at both ends, the %s first",
  async (order) => {
    const world = new RecordsWorld();
    const places = [1, 15_001, 15_002, 31_000];
    world.store.transaction(about, () => {
      const other = call("other");
      const meant = call("meant", { number: "15552345678" });
      for (let id = 1; id <= 31_000; id += 1) world.store.add(places.includes(id) ? meant : other, worldBegins, null);
    });
    const asked = { domain, order, cursor: null, limit: 1_000, filter: { number: "15552345678" } } as const;
    const { records, next } = await world.records.records(asked);
    expect(records.map(({ id }) => id)).toEqual(order === "oldest" ? places : places.toReversed());
    expect([next, world.gaveWay]).toEqual([null, 3]);
  },
);
