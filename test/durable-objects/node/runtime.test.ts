import { expect, test } from "vitest";
import { markRestored, openState } from "../../../durable-objects/node/rows/sqlite-file.ts";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import { persons } from "../../../src/foundation/shown.ts";
import { shownFacts } from "../../../src/foundation/text/log-line.ts";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import { heapUsed } from "../../heap-used.ts";
import { RuntimeOnTest, settle } from "./runtime-on-test.ts";

/** Keeps words in their order, and does what a test wants. */
function words(place: LifePlace) {
  const { sql } = place;
  sql.exec("CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, word TEXT NOT NULL)");
  const add = (word: string) => void sql.exec("INSERT INTO word (word) VALUES (?)", word);
  return {
    add: (...more: readonly string[]) => more.forEach(add),
    all: () => sql.exec("SELECT word FROM word ORDER BY id").map(({ word }) => String(word)),
    half: () =>
      sql.transaction(() => {
        add("half");
        throw new Error("half way");
      }),
    nested: () =>
      sql.transaction(() => {
        add("kept");
        try {
          sql.transaction(() => {
            add("dropped");
            throw new Error("inner");
          });
        } catch {}
      }),
    hang: () => new Promise(() => {}),
    wait: (ms: number) => new Promise<void>((resolve) => void place.after(ms, resolve)),
    breakLater: () => {
      place.after(100, () => {
        throw new Error("broke");
      });
    },
    abort: () => {
      add("before the abort");
      place.abort("enough");
    },
    abortInTransaction: () =>
      sql.transaction(() => {
        add("half");
        place.abort("enough");
      }),
    addAfterDeletion: async () => {
      await place.deleteAll();
      add("lost");
    },
    wakeIn: (ms: number) => place.setAlarm(place.now() + ms),
    forward: (to: string, word: string) => place.call("sessions", to, "add", [word]),
    askHanging: (to: string) => void place.call("sessions", to, "hang", []).catch(() => {}),
    deleteAll: () => place.deleteAll(),
    list: (list: number[]) => {
      list.push(1);
      return list;
    },
  };
}

/** An object that says its events to a test. */
function saying(said: string[]) {
  return (place: LifePlace) => ({
    ...words(place),
    post: () => place.outside(async () => void said.push("post")),
    postSlowly: (connected: number) =>
      void place
        .outside(async (mayLeave) => {
          await new Promise<void>((resolve) => void place.after(connected, resolve));
          await mayLeave();
          said.push("post");
        })
        .catch(({ message }: Error) => said.push(message)),
  });
}

test("keeps what was answered, and not what a transaction took back, over a kill", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a", "b");
  await expect(test.ask("half")).rejects.toThrow("half way");
  await test.ask("nested");
  await test.killAndStart();
  expect(await test.ask("all")).toEqual(["a", "b", "kept"]);
});

test("runs calls in their order, also those that wait for the object to be loaded", async () => {
  const test = await RuntimeOnTest.start(words);
  const goOn = test.disk.slowDown();
  const calls = ["a", "b", "c"].map((word) => test.call("add", word));
  await goOn();
  await Promise.all(calls);
  expect(await test.ask("all")).toEqual(["a", "b", "c"]);
  expect(test.made).toEqual(["sessions/one"]);
});

test("copies arguments and answers", async () => {
  const given: number[] = [];
  const kept = [1];
  const test = await RuntimeOnTest.start((place) => ({ ...words(place), kept: () => kept }));
  expect([await test.ask("list", given), given]).toEqual([[1], []]);
  ((await test.ask("kept")) as number[]).push(2);
  expect(kept).toEqual([1]);
});

test("writes nothing for a question, or for a change that was taken back", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  const { length } = test.disk.flushes;
  await test.ask("all");
  await test.ask("half").catch(() => {});
  expect(test.disk.flushes.slice(length)).toEqual([]);
});

test("writes the changes of several objects together, and what comes meanwhile with the next flush", async () => {
  const test = await RuntimeOnTest.start(words);
  for (const name of ["a", "b", "c", "d"]) await test.askOf(name, "all");
  const { length } = test.disk.flushes;
  const release = test.disk.hold();
  await Promise.all(["a", "b", "c"].map((name) => test.callOf(name, "add", name)));
  await settle();
  await Promise.all(["b", "d"].map((name) => test.callOf(name, "add", "later")));
  await release();
  const written = test.disk.flushes.slice(length).map(({ changes }) => changes.map(({ name }) => name));
  expect(written).toEqual([
    ["sessions/a", "sessions/b", "sessions/c"],
    ["sessions/b", "sessions/d"],
  ]);
});

test("an answer and a post wait for the flush; a call of another object does not", async () => {
  const left: string[] = [];
  const test = await RuntimeOnTest.start(saying(left));
  const release = test.disk.hold();
  await test.call("forward", "two", "sent");
  void test.ask("all").then(() => left.push("answer"));
  void test.call("post");
  await settle();
  expect(await test.callOf("two", "all")).toEqual(["sent"]);
  expect(left).toEqual([]);
  await release();
  expect(left.toSorted()).toEqual(["answer", "post"]);
});

test("an edge whose lease has run out sends nothing until it is renewed", async () => {
  const left: string[] = [];
  const test = await RuntimeOnTest.start(saying(left));
  const renewed = Promise.withResolvers<void>();
  const lease = { isHeld: false, renewed: () => renewed.promise };
  test.disk.lease = lease;
  void test.ask("all").then(() => left.push("answer"));
  void test.call("post");
  await settle();
  expect(left).toEqual([]);
  lease.isHeld = true;
  renewed.resolve();
  await settle();
  expect(left.toSorted()).toEqual(["answer", "post"]);
  expect(test.runtime.mayLeave()).toBe(null);
});

test("an answer whose flush took longer than the lease waits for the next one", async () => {
  const left: string[] = [];
  const test = await RuntimeOnTest.start(words);
  const renewed = Promise.withResolvers<void>();
  const lease = { isHeld: true, renewed: () => renewed.promise };
  test.disk.lease = lease;
  const release = test.disk.hold();
  void test.ask("add", "a").then(() => left.push("answer"));
  await settle();
  lease.isHeld = false;
  await release();
  expect(left).toEqual([]);
  lease.isHeld = true;
  renewed.resolve();
  await settle();
  expect(left).toEqual(["answer"]);
});

test("a flush that fails is fatal once, and nothing leaves", async () => {
  const left: string[] = [];
  const test = await RuntimeOnTest.start(saying(left));
  await test.ask("add", "a");
  const fault = new Error("database or disk is full");
  test.disk.fault = fault;
  void test.ask("add", "lost").then(() => left.push("answer"));
  await settle();
  void test.askOf("two", "add", "lost").then(() => left.push("answer"));
  void test.call("post");
  await settle();
  test.disk.fault = null;
  await test.clock.pass(60_000);
  expect([test.fatal, left]).toEqual([[fault], []]);
  await test.killAndStart();
  expect(await test.ask("all")).toEqual(["a"]);
});

test("an object leaves memory after 10 s without work, and comes back with all rows", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.clock.pass(9_000);
  await test.ask("add", "b");
  await test.clock.pass(9_000);
  expect(await test.ask("all")).toEqual(["a", "b"]);
  expect(test.made.length).toBe(1);
  await test.clock.pass(13_000);
  expect(await test.ask("all")).toEqual(["a", "b"]);
  expect(test.made.length).toBe(2);
});

test("an object stays in memory until its changes are on their way to disk", async () => {
  const test = await RuntimeOnTest.start(words);
  for (const name of ["one", "two"]) await test.askOf(name, "all");
  const release = test.disk.hold();
  await test.callOf("two", "add", "b");
  await settle();
  await test.call("add", "a");
  await test.clock.pass(20_000);
  expect(await test.call("all")).toEqual(["a"]);
  await release();
  await test.killAndStart();
  expect(await test.ask("all")).toEqual(["a"]);
});

test("an object with more rows than a read returns is whole, and stays in memory for an hour", async () => {
  const many = Array.from({ length: 4_001 }, (_, index) => `w${index}`);
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", ...many);
  await test.killAndStart();
  expect(await test.ask("all")).toEqual(many);
  await test.clock.pass(3_590_000);
  await test.ask("all");
  expect(test.made.length).toBe(2);
  await test.clock.pass(3_605_000);
  await test.ask("all");
  expect(test.made.length).toBe(3);
});

test("an object stays in memory while a timer, a call or another object is awaited", async () => {
  const test = await RuntimeOnTest.start(words);
  const waits = test.callOf("timer", "wait", 60_000);
  void test.callOf("call", "hang");
  await test.callOf("caller", "askHanging", "other");
  await test.clock.pass(30_000);
  for (const name of ["timer", "call", "caller", "other"]) await test.askOf(name, "all");
  expect(test.made.length).toBe(4);
  await test.clock.pass(30_000);
  await waits;
});

test("an object that takes long to be made stays in memory", async () => {
  const test = await RuntimeOnTest.start((async (place: LifePlace) => {
    await new Promise<void>((resolve) => void test.clock.after(13_000, resolve));
    return words(place);
  }) as () => object);
  const asked = test.call("all");
  await test.clock.pass(15_000);
  expect(await asked).toEqual([]);
});

test("an idle object takes less than 700 bytes", async () => {
  const test = await RuntimeOnTest.start(words);
  let begun = 0;
  const begin = async () => {
    const names = Array.from({ length: 250 }, () => `local/${555_000_000 + begun++}`);
    await Promise.all(names.map((name) => test.callOf(name, "wakeIn", 7 * dayMs)));
    await test.clock.pass(20_000);
    test.disk.flushes.length = 0;
    test.made.length = 0;
  };
  for (let times = 0; times < 2; times += 1) await begin();
  const before = heapUsed();
  for (let times = 0; times < 4; times += 1) await begin();
  expect((heapUsed() - before) / 1_000).toBeLessThan(700);
});

test("an object that throws in a timer ends alone, and begins again with its rows", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.askOf("two", "add", "b");
  const hangs = test.call("hang");
  await test.ask("breakLater");
  await test.clock.pass(100);
  await expect(hangs).rejects.toThrow("broke");
  expect([await test.ask("all"), await test.askOf("two", "all")]).toEqual([["a"], ["b"]]);
  expect(test.made).toEqual(["sessions/one", "sessions/two", "sessions/one"]);
  expect(test.lines).toMatchObject([{ event: "object-broke", object: "sessions/one", why: "broke" }]);
});

test("an abort keeps what was written before, since others may have acted on it", async () => {
  const test = await RuntimeOnTest.start(words);
  await expect(test.ask("abort")).rejects.toThrow("enough");
  expect(await test.ask("all")).toEqual(["before the abort"]);
  await test.killAndStart();
  expect(await test.ask("all")).toEqual(["before the abort"]);
});

test("an abort in a transaction takes the transaction back", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await expect(test.ask("abortInTransaction")).rejects.toThrow("enough");
  expect(await test.ask("all")).toEqual(["a"]);
  expect([test.made.length, test.fatal]).toEqual([2, []]);
});

test("a post does not leave if its object breaks before", async () => {
  const said: string[] = [];
  const test = await RuntimeOnTest.start(saying(said));
  await test.ask("postSlowly", 200);
  await test.ask("breakLater");
  await test.clock.pass(1_000);
  expect(said).toEqual([]);
  const release = test.disk.hold();
  void test.call("add", "a");
  const posted = test.call("post");
  await test.ask("abort").catch(() => {});
  await release();
  await expect(posted).rejects.toThrow("enough");
  expect(said).toEqual([]);
});

test("an object that cannot be made is made again for the next call", async () => {
  let made = 0;
  const test = await RuntimeOnTest.start((place) => {
    made += 1;
    if (made === 1) place.abort("not yet");
    if (made === 2) throw new Error("its rows make no sense");
    return { made: () => made };
  });
  await expect(test.ask("made")).rejects.toThrow("broke while it was made");
  await expect(test.ask("made")).rejects.toThrow("its rows make no sense");
  expect(await test.ask("made")).toBe(3);
});

test("a deleted object can be replaced while its deletion is on its way to disk", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  const release = test.disk.hold();
  await test.call("add", "b");
  await test.call("deleteAll");
  const added = test.call("add", "c");
  await release();
  await added;
  expect(await test.ask("all")).toEqual(["c"]);
  await test.killAndStart();
  expect(await test.ask("all")).toEqual(["c"]);
});

test("a deleted object runs no timers and can write nothing", async () => {
  let came = 0;
  const test = await RuntimeOnTest.start((place) => ({
    ...words(place),
    deleteNow: () => {
      place.after(10, () => came++);
      return place.deleteAll();
    },
    deleteLater: () => {
      place.after(20, () => came++);
      place.after(10, () => {
        void place.deleteAll();
        place.after(100, () => came++);
      });
    },
  }));
  await test.ask("deleteNow");
  await test.ask("deleteLater");
  await test.clock.pass(1_000);
  expect(came).toBe(0);
  await expect(test.ask("addAfterDeletion")).rejects.toThrow("the object was deleted");
  expect(await test.ask("all")).toEqual([]);
});

test("a call under way ends with its object's deletion, also if its result is awaited elsewhere", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    ...words(place),
    alarm: () => place.deleteAll(),
    addLater: async () => {
      await place.call("sessions", "two", "wait", [2_000]);
      words(place).add("lost");
    },
  }));
  await test.ask("wakeIn", 1_000);
  const asked = test.call("addLater");
  await test.clock.pass(5_000);
  await expect(asked).rejects.toThrow("the object was deleted");
});

test("a call that waits for an object to be loaded, and finds it deleted, is one of the next object", async () => {
  const test = await RuntimeOnTest.start((place) => ({ ...words(place), alarm: () => place.deleteAll() }));
  await test.ask("add", "old");
  await test.ask("wakeIn", 20_000);
  await test.clock.pass(15_000); // It has left memory.
  const goOn = test.disk.slowDown();
  await test.clock.pass(5_000);
  const added = test.call("add", "new");
  await goOn();
  await added;
  expect(await test.ask("all")).toEqual(["new"]);
});

test("an instance that has ended changes nothing of the next one", async () => {
  const places: LifePlace[] = [];
  let woken = 0;
  const test = await RuntimeOnTest.start((place) => {
    places.push(place);
    return { ...words(place), alarm: () => void ++woken };
  });
  await test.ask("add", "a");
  await test.ask("abort").catch(() => {});
  await test.ask("add", "b");
  await places[0]?.setAlarm(test.clock.now + 1_000);
  await places[0]?.deleteAll();
  await expect(places[0]?.call("sessions", "one", "add", ["c"])).rejects.toThrow("enough");
  expect(() => places[0]?.sql.exec("DELETE FROM word")).toThrow();
  await test.clock.pass(5_000);
  await test.killAndStart();
  expect([await test.ask("all"), woken]).toEqual([["a", "before the abort", "b"], 0]);
});

test("refuses names that could be another one on disk, and goes on", async () => {
  const test = await RuntimeOnTest.start(words);
  for (const name of ["a\ud800", "a\0"])
    await expect(test.askOf(name, "add", "a")).rejects.toThrow("must be well-formed Unicode without NUL");
  await test.askOf("ä/😀", "add", "a");
  await test.killAndStart();
  expect([await test.askOf("ä/😀", "all"), test.fatal]).toEqual([["a"], []]);
});

test("refuses a method that an object does not have", async () => {
  const test = await RuntimeOnTest.start(words);
  await expect(test.ask("fly")).rejects.toThrow("an object of kind sessions has no method fly");
});

test("a table without a primary key is fatal, and named", async () => {
  const test = await RuntimeOnTest.start(({ sql }) => ({
    make: () => {
      sql.exec("CREATE TABLE bare (a TEXT)");
      sql.exec("INSERT INTO bare VALUES ('a')");
    },
  }));
  await test.call("make");
  await settle();
  expect(test.fatal).toMatchObject([{ message: "the table bare has no primary key" }]);
});

test("a stop writes what is under way, wakes nothing, and refuses calls", async () => {
  const test = await RuntimeOnTest.start((place) => ({ ...words(place), alarm: () => words(place).add("alarm") }));
  await test.ask("wakeIn", 1_000);
  const release = test.disk.hold();
  await test.call("add", "a");
  const hangs = test.call("hang");
  const stopped = test.runtime.stop();
  await test.clock.pass(2_000);
  await release();
  await stopped;
  await expect(hangs).rejects.toThrow("the edge stops");
  await expect(test.callOf("two", "all")).rejects.toThrow("the edge stops");
  await test.clock.pass(2 * dayMs);
  expect([test.lines, test.fatal]).toEqual([[], []]);
  await test.killAndStart();
  expect(await test.ask("all")).toEqual(["a"]);
});

test("says when the state was restored", async () => {
  const test = await RuntimeOnTest.start(({ restoredAt }) => ({ restoredAt: () => restoredAt }));
  expect(await test.ask("restoredAt")).toBe(null);
  await test.disk.close();
  const database = openState(test.file);
  for (const at of [5_000, 4_000]) markRestored(database, at);
  database.close();
  await test.killAndStart();
  expect(await test.ask("restoredAt")).toBe(5_001);
});

test("a clock a year ahead moves no time until the run after a day", async () => {
  const test = await RuntimeOnTest.start((place) => ({ ...words(place), now: () => place.now() }));
  await test.ask("add", "a");
  const written = test.clock.now;
  const ahead = written + 365 * dayMs;
  await test.killAndStart(ahead);
  expect(await test.ask("now")).toBe(written);
  expect(test.runtime.clockAheadMs).toBe(365 * dayMs);
  const note = expect.stringContaining("BRIDGEHEAD_TRUST_CLOCK=yes");
  expect(test.lines).toEqual([{ level: "warn", event: "clock-not-believed", ms: 365 * dayMs, note }]);
  test.clock.advance(dayMs);
  await test.killAndStart();
  expect([await test.ask("now"), test.runtime.clockAheadMs]).toEqual([ahead + dayMs, null]);
});

test("masks the key of a conference that broke in the log", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.runtime.call("conference", "local/555120777", "abort", []).catch(() => {});
  const [line] = test.lines;
  expect(line).toMatchObject({ event: "object-broke", object: "conference", domain: "local", conference: "555120777" });
  expect(JSON.stringify(shownFacts(line ?? {}, persons.masked))).not.toContain("555120777");
});
