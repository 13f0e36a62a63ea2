import { renameSync } from "node:fs";
import { expect, test } from "vitest";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import type { RuntimeSocket } from "../../../durable-objects/node/runtime-socket.ts";
import { persons } from "../../../src/foundation/shown.ts";
import { shownFacts } from "../../../src/foundation/text/log-line.ts";
import { RuntimeOnTest } from "./runtime-on-test.ts";

/** By its nature, as `npm run mutate` has little patience. */
const slow = { timeout: 180_000 };

/** Keeps words in their order, and does what a test wants. */
function words(place: LifePlace, name: string) {
  const { sql } = place;
  sql.exec("CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, word TEXT NOT NULL)");
  const all = () => sql.exec("SELECT word FROM word ORDER BY id").map(({ word }) => String(word));
  const add = (word: string) => void sql.exec("INSERT INTO word (word) VALUES (?)", word);
  return {
    add: (...more: readonly string[]) => more.forEach(add),
    all,
    delete: (word: string) => void sql.exec("DELETE FROM word WHERE word = ?", word),
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
    breakLater: () => {
      place.after(100, () => {
        throw new Error("broke");
      });
    },
    hang: () => new Promise(() => {}),
    abort: (why: string) => {
      add("before the abort");
      place.abort(why);
    },
    foundOlder: () => {
      add("found");
      place.beginRestored();
    },
    restoredAt: () => place.restoredAt,
    wakeIn: (ms: number) => place.setAlarm(place.now() + ms),
    alarmAt: () => place.getAlarm(),
    alarm: async () => {
      add(`alarm of ${name}`);
      if (all().includes("alarm fails")) throw new Error("not now");
      if (all().includes("alarm deletes")) await place.deleteAll();
      else if (all().includes("alarm hangs")) await new Promise(() => {});
    },
    askHanging: (to: string) => void place.call("sessions", to, "hang", []).catch(() => {}),
    forward: (to: string, word: string) => place.call("sessions", to, "add", [word]),
    deleteAll: () => place.deleteAll(),
    same: (value: { list: number[] }) => {
      value.list.push(1);
      return value;
    },
    pings: { ping: "ping", pong: "pong" },
    connect: (headers: Headers, accept: () => RuntimeSocket) => {
      if (headers.get("who") === null) return new Response("who are you?", { status: 403 });
      const socket = accept();
      socket.keep({ who: headers.get("who") });
      socket.send("welcome");
      return null;
    },
    received: (socket: RuntimeSocket, text: string) => {
      if (text === "break") throw new Error("broken by a message");
      add(text);
      if (text === "leave") socket.close(1000, "left");
      socket.send(`${(socket.kept() as { who: string }).who} said ${text} to ${place.sockets().length}`);
    },
    closed: () => add("closed"),
    post: () => place.outside(async () => "posted"),
  };
}

test("what was answered is there after a kill, and what a transaction took back is not", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a", "b");
  await expect(test.ask("half")).rejects.toThrow("half way");
  await test.ask("nested");
  await test.ask("delete", "a");

  await test.begin();
  expect(await test.ask("all")).toEqual(["b", "kept"]);
});

test("what changes nothing, and a question, write nothing", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  const before = test.disk.flushes.length;
  await test.ask("all");
  await test.ask("delete", "not there");
  expect(test.disk.flushes.length).toBe(before);
});

test("one flush is under way: what comes meanwhile goes together with the next", async () => {
  const test = await RuntimeOnTest.start(words);
  for (const name of ["b", "c", "d", "e", "f"]) await test.askOf(name, "add", "first");
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  const all = ["b", "c", "d"].map((word) => test.askOf(word, "add", word));
  await test.clock.pass(0);
  const { length } = test.disk.flushes;
  const more = ["e", "f"].map((word) => test.askOf(word, "add", word));
  await test.clock.pass(0);
  test.disk.held = null;
  resolve();
  await test.clock.pass(0);
  await Promise.all([...all, ...more]);
  expect(test.disk.flushes.slice(length).map(({ rows }) => rows.length)).toEqual([3, 2]);
});

test("what nobody waits for goes to disk with what somebody waits for, and within 100 ms where nobody does", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "first");
  await test.clock.pass(1_000);
  const { length } = test.disk.flushes;
  const rows = () => test.disk.flushes.slice(length).map((flush) => flush.rows.length);
  await test.runtime.call("sessions", "one", "add", ["a"]);
  await test.clock.pass(99);
  await test.runtime.call("sessions", "two", "add", ["b"]);
  expect(rows()).toEqual([]);
  await test.clock.pass(1);
  expect(rows()).toEqual([2]);

  await test.runtime.call("sessions", "one", "add", ["c"]);
  await test.clock.pass(50);
  await test.askOf("two", "add", "d");
  expect(rows()).toEqual([2, 2]);
  await test.clock.pass(1_000);
  expect(rows()).toEqual([2, 2]);
});

test("what nobody waits for behind a flush that is under way waits for 100 ms, too", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "first");
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  const asked = test.askOf("one", "add", "a");
  await test.clock.pass(1);
  await test.runtime.call("sessions", "two", "add", ["b"]);
  test.disk.held = null;
  resolve();
  await asked;
  const { length } = test.disk.flushes;
  await test.clock.pass(99);
  expect(test.disk.flushes.length).toBe(length);
  await test.clock.pass(1);

  expect(test.disk.flushes.length).toBe(length + 1);
});

test("an answer and a post wait for the flush; a call of another object does not", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "first");
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  const left: string[] = [];
  const gate = test.runtime.gate();
  await test.runtime.call("sessions", "one", "forward", ["two", "sent"]);
  void gate().then(() => left.push("answer"));
  void test.runtime.call("sessions", "one", "post", []).then(() => left.push("post"));
  await test.clock.pass(10);
  expect(await test.runtime.call("sessions", "two", "all", [])).toEqual(["sent"]);
  expect(left).toEqual([]);
  test.disk.held = null;
  resolve();
  await test.clock.pass(0);
  expect(left).toEqual(["answer", "post"]);
});

test("arguments and answers are copies", async () => {
  const test = await RuntimeOnTest.start(words);
  const given = { list: [] as number[] };
  const answer = (await test.ask("same", given)) as typeof given;
  expect([given, answer]).toEqual([{ list: [] }, { list: [1] }]);
});

test("an object rests after ten seconds without work, and goes on where it was", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.clock.pass(13_000);
  await test.ask("add", "b");
  expect(test.made).toEqual(["sessions/one", "sessions/one"]);
  expect(await test.ask("all")).toEqual(["a", "b"]);
  const images = test.disk.flushes.flatMap(({ images }) => images);
  expect(images.map(({ parts }) => parts)).toEqual([[{ table: "word", key: "", rows: '[[1,"a"]]' }]]);
  await test.begin();
  expect(await test.ask("all")).toEqual(["a", "b"]);
});

test("large images of objects that rest together go one after the other, and what is written between waits for one", async () => {
  const test = await RuntimeOnTest.start(words);
  for (const name of ["a", "b", "c"]) await test.askOf(name, "add", "x".repeat(60_000));
  for (const name of ["d", "e"]) await test.askOf(name, "add", "x");
  await test.clock.pass(13_000);
  expect(test.disk.flushes.map(({ images }) => images.length).filter((count) => count > 0)).toEqual([1, 1, 1, 2]);
  await test.begin();
  expect(await test.askOf("c", "all")).toEqual(["x".repeat(60_000)]);
});

test("among more than 300 objects in memory, one rests after two seconds without work", slow, async () => {
  for (const [count, rested] of [
    [300, false],
    [301, true],
  ] as const) {
    const test = await RuntimeOnTest.start(words);
    for (let index = 0; index < count; index++) await test.askOf(`${index}`, "add", "a");
    await test.clock.pass(4_000);
    await test.askOf("0", "all");
    expect(test.made.length > count, `${count} objects`).toBe(rested);
  }
});

test("a hundred large objects that rest together have left memory within seconds", async () => {
  const test = await RuntimeOnTest.start(words);
  const count = 100;
  for (let index = 0; index < count; index++) await test.askOf(`${index}`, "add", "x".repeat(60_000));
  await test.clock.pass(13_000);

  expect(test.disk.flushes.flatMap(({ images }) => images)).toHaveLength(count);
});

test("objects that come back soon have room in memory, and rest again once they do not", slow, async () => {
  const test = await RuntimeOnTest.start(words);
  const count = 500;
  const round = async () => {
    const before = test.made.length;
    for (let index = 0; index < count; index++) {
      await test.askOf(`${index}`, "add", "a");
      if (index % 100 === 99) await test.clock.pass(1_000);
    }
    return test.made.length - before;
  };
  const loads: number[] = [];
  for (let rounds = 0; rounds < 12; rounds++) loads.push(await round());

  expect(loads[0]).toBe(count);
  expect(loads[1]).toBeGreaterThan(count / 4);
  expect(Math.max(...loads.slice(4))).toBeLessThan(count / 10);

  // While one alone goes on, that room is given up.
  for (let ms = 0; ms < 600_000; ms += 5_000) {
    await test.askOf("0", "add", "b");
    await test.clock.pass(5_000);
  }
  for (let index = 0; index < 301; index++) await test.askOf(`other ${index}`, "add", "a");
  await test.clock.pass(4_000);
  const before = test.made.length;
  await test.askOf("other 0", "all");
  expect(test.made.length).toBe(before + 1);
});

test("a table of more than 1,000 rows is written row by row once it changes", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", ...Array.from({ length: 1_001 }, (_, n) => `w${n}`));
  await test.clock.pass(13_000);
  await test.ask("add", "last");
  await test.ask("delete", "w0");
  await test.clock.pass(3_700_000);
  const [whole, changed] = test.disk.flushes.flatMap(({ images }) => images);
  expect([whole?.replaced, whole?.parts.length]).toEqual([["word"], 1_001]);
  expect([changed?.replaced, changed?.parts, changed?.gone]).toEqual([
    [],
    [{ table: "word", key: "[1002]", rows: '[[1002,"last"]]' }],
    [{ table: "word", key: "[1]" }],
  ]);
  await test.begin();
  const all = (await test.ask("all")) as string[];
  expect([all.length, all[0], all.at(-1)]).toEqual([1_001, "w1", "last"]);
});

test("an alarm comes in time, once, also for an object that rests", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("wakeIn", 60_000);
  await test.clock.pass(59_999);
  expect(await test.ask("all")).toEqual([]);
  await test.clock.pass(200_000);
  expect(await test.ask("all")).toEqual(["alarm of one"]);
  expect(await test.ask("alarmAt")).toBe(null);
  await test.begin();
  await test.clock.pass(200_000);
  expect(await test.ask("all")).toEqual(["alarm of one"]);
});

test("an alarm further away than a timer reaches comes on its day", async () => {
  const test = await RuntimeOnTest.start(words);
  const days = 40 * 86_400_000;
  await test.ask("wakeIn", days);
  await test.clock.pass(days - 1_000);
  expect(await test.ask("all")).toEqual([]);
  await test.clock.pass(2_000);
  expect(await test.ask("all")).toEqual(["alarm of one"]);
});

test("an alarm that was overdue, or killed amid its work, comes at the next start", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "alarm hangs");
  await test.ask("wakeIn", 1_000);
  await test.clock.pass(2_000);
  await test.begin();
  await test.clock.pass(1_000);
  expect(await test.ask("all")).toEqual(["alarm hangs", "alarm of one", "alarm of one"]);
});

test("an alarm that is due while another one is at work comes after it, and again if it is killed amid its work", async () => {
  const ends: (() => void)[] = [];
  const test = await RuntimeOnTest.start(({ now, setAlarm }) => ({
    wakeIn: (ms: number) => setAlarm(now() + ms),
    alarm: () => new Promise<void>((resolve) => ends.push(resolve)),
  }));
  await test.ask("wakeIn", 0);
  await test.clock.pass(1_000);
  await test.ask("wakeIn", 1_000);
  await test.clock.pass(10_000);
  expect(ends.length).toBe(1);
  ends[0]?.();
  await test.clock.pass(1_000);
  expect(ends.length).toBe(2);
  await test.begin();
  await test.clock.pass(1_000);
  expect(ends.length).toBe(3);
});

test("an alarm that comes before it is on disk comes again where it is killed amid its work", async () => {
  let begun = 0;
  const test = await RuntimeOnTest.start(({ now, setAlarm, sql }, name) => ({
    wake: () => setAlarm(now()),
    write: () => void sql.exec("CREATE TABLE IF NOT EXISTS written (one)"),
    alarm: () => {
      begun += 1;
      return new Promise(() => {});
    },
    name: () => name,
  }));
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  void test.askOf("two", "write");
  await test.clock.pass(0);
  void test.ask("wake");
  await test.clock.pass(10);
  expect(begun).toBe(1);
  test.disk.held = null;
  resolve();
  await test.clock.pass(10);

  await test.begin();
  await test.clock.pass(1_000);
  expect(begun).toBe(2);
});

test("a call that waits until its object is loaded, and finds it deleted by its alarm, is one of the next object", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "alarm deletes");
  await test.ask("wakeIn", 20_000);
  await test.clock.pass(15_000); // It rests.
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.slow = promise;
  await test.clock.pass(5_000);
  const added = test.ask("add", "confirmed");
  await test.clock.pass(10);
  test.disk.slow = null;
  resolve();
  await test.clock.pass(10);
  await added;
  expect(await test.ask("all")).toEqual(["confirmed"]);
  await test.begin();
  expect(await test.ask("all")).toEqual(["confirmed"]);
});

test("a timer of a deleted object does not come", async () => {
  let come = 0;
  const test = await RuntimeOnTest.start((place) => ({
    deleteAll: () => {
      place.after(100, () => come++);
      return place.deleteAll();
    },
  }));
  await test.ask("deleteAll");
  await test.clock.pass(1_000);
  expect(come).toBe(0);
});

test("an object that cannot be loaded is tried again more and more rarely by its alarm, and the log says so", async () => {
  let made = 0;
  let isBroken = false;
  const test = await RuntimeOnTest.start((place) => {
    made += 1;
    if (isBroken) throw new Error("its rows make no sense");
    return words(place, "one");
  });
  await test.ask("wakeIn", 20_000);
  await test.clock.pass(15_000); // It rests.
  isBroken = true;
  made = 0;
  await test.clock.pass(20_000);
  expect(made).toBe(4); // At once, and after 2, 4 and 8 s.
  expect(test.lines.filter(({ event }) => event === "alarm-failed").length).toBe(4);
  isBroken = false;
  await test.clock.pass(60_000);
  expect(await test.ask("all")).toEqual(["alarm of one"]);
});

test("a retry of an alarm neither takes a later one early nor comes without a pause where a due one was set", async () => {
  const runs: number[] = [];
  let isBroken = true;
  const test = await RuntimeOnTest.start(({ now, setAlarm, getAlarm }) => ({
    wakeIn: (ms: number) => setAlarm(now() + ms),
    alarmAt: () => getAlarm(),
    alarm: async () => {
      runs.push(now());
      if (!isBroken) return;
      await setAlarm(now());
      throw new Error("not now");
    },
  }));
  const at = test.clock.now;
  await test.ask("wakeIn", 0);
  await test.clock.pass(3_000);
  expect(runs.length).toBe(2); // At once, and after 2 s.
  expect(await test.ask("alarmAt")).toBe(at); // Whoever sets one where none is would put it off.
  isBroken = false;
  await test.ask("wakeIn", 3_600_000);
  await test.clock.pass(60_000);
  expect(runs.length).toBe(2);
  await test.clock.pass(3_600_000);
  expect(runs.length).toBe(3);
});

test("an alarm that fails and sets the next one comes no sooner for that, however many were set meanwhile", async () => {
  const runs: number[] = [];
  const test = await RuntimeOnTest.start(({ now, setAlarm }) => ({
    wakeIn: (ms: number) => setAlarm(now() + ms),
    alarm: async () => {
      runs.push(now());
      await setAlarm(now() + 1);
      throw new Error("not now");
    },
  }));
  const begunAt = test.clock.now;
  await test.ask("wakeIn", 0);
  await test.ask("wakeIn", 500);
  await test.ask("wakeIn", 1_000);
  await test.clock.pass(20_000);
  // The one that was set meanwhile, and after 4 and 8 s.
  expect(runs.map((at) => at - begunAt)).toEqual([0, 1_000, 5_000, 13_000]);
});

test("an alarm that is set while its object is loaded for an older one takes its place", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("wakeIn", 20_000);
  await test.clock.pass(19_000); // It rests.
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.slow = promise;
  const asked = test.ask("wakeIn", 10_000);
  await test.clock.pass(2_000);
  resolve();
  await asked;
  const setFor = test.clock.now + 10_000;
  expect(await test.ask("alarmAt")).toBe(setFor);
  await test.clock.pass(9_000);
  expect(await test.ask("all")).toEqual([]);
  await test.clock.pass(2_000);
  expect(await test.ask("all")).toEqual(["alarm of one"]);
});

test("a life that has ended deletes nothing of the next one", async () => {
  const lives: LifePlace[] = [];
  const test = await RuntimeOnTest.start((place, name) => {
    lives.push(place);
    return words(place, name);
  });
  await test.ask("add", "a");
  test.disk.fault = new Error("full");
  await expect(test.ask("add", "b")).rejects.toThrow();
  test.disk.fault = null;
  await test.clock.pass(2_000);
  expect(await test.ask("all")).toEqual(["a"]);
  await lives[0]?.deleteAll();
  await test.clock.pass(10);
  await test.begin();
  expect(await test.ask("all")).toEqual(["a"]);
});

test("an alarm that fails comes again after 2, 4, 8 s, and one that fails later after 2 s", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "alarm fails");
  await test.ask("wakeIn", 0);
  await test.clock.pass(14_500);
  expect(((await test.ask("all")) as string[]).length).toBe(1 + 4);
  await test.ask("delete", "alarm fails");
  await test.clock.pass(60_000);
  expect(((await test.ask("all")) as string[]).length).toBe(5);
  await test.ask("add", "alarm fails");
  await test.ask("wakeIn", 0);
  await test.clock.pass(3_000);
  expect(((await test.ask("all")) as string[]).length).toBe(5 + 1 + 2);
});

test("no alarm comes while the edge stops", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("wakeIn", 1_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  const added = test.ask("add", "a");
  await test.clock.pass(0);
  const stopped = test.runtime.stop();
  await test.clock.pass(2_000);
  resolve();
  await Promise.allSettled([added, stopped]);
  await test.begin();
  expect(await test.ask("all")).toEqual(["a"]);
});

test("an object that throws in a timer ends alone: who waits for it is refused, and the next call finds what is on disk", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.askOf("two", "add", "b");
  const hangs = test.runtime.call("sessions", "one", "hang", []);
  hangs.catch(() => {});
  await test.ask("breakLater");
  await test.clock.pass(100);
  await expect(hangs).rejects.toThrow("broke");
  expect([await test.ask("all"), await test.askOf("two", "all")]).toEqual([["a"], ["b"]]);
  expect(test.made).toEqual(["sessions/one", "sessions/two", "sessions/one"]);
});

test("what was written before an abort stays, since others may have acted on it", async () => {
  const test = await RuntimeOnTest.start(words);
  await expect(test.ask("abort", "enough")).rejects.toThrow("enough");
  expect(await test.ask("all")).toEqual(["before the abort"]);
  await test.begin();
  expect(await test.ask("all")).toEqual(["before the abort"]);
});

test("a deleted object is nowhere, and begins anew under its name", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.ask("wakeIn", 5_000);
  await test.ask("deleteAll");
  expect(await test.ask("all")).toEqual([]);
  await test.ask("add", "b");
  await test.begin();
  await test.clock.pass(20_000);
  expect(await test.ask("all")).toEqual(["b"]);
});

test("a failed flush confirms nothing: all begins anew with what is on disk, and goes on by itself", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.askOf("two", "wakeIn", 3_000);
  test.disk.fault = new Error("database or disk is full");
  await expect(test.ask("add", "lost")).rejects.toThrow("disk is full");
  expect(test.runtime.fault?.why).toMatch("disk is full");
  await expect(test.ask("all")).rejects.toThrow("disk is full");
  await test.clock.pass(5_000);
  test.disk.fault = null;
  await test.clock.pass(2_000);
  expect(test.runtime.fault).toBe(null);
  expect([await test.ask("all"), await test.askOf("two", "all")]).toEqual([["a"], ["alarm of two"]]);
  expect(test.lines.map(({ event }) => event)).toEqual(["storage-fails", "storage-works-again"]);
});

test("a state that is found to be an older copy counts as restored: all begins anew with all that was written, once in a life", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.askOf("two", "add", "b");
  await expect(test.ask("foundOlder")).rejects.toThrow();
  await test.clock.pass(0);
  expect(test.runtime.fault).toBe(null);
  expect([await test.ask("all"), await test.askOf("two", "all")]).toEqual([["a", "found"], ["b"]]);
  const restoredAt = test.clock.now;
  expect([await test.ask("restoredAt"), await test.askOf("two", "restoredAt")]).toEqual([restoredAt, restoredAt]);
  expect(test.made).toEqual(["sessions/one", "sessions/two", "sessions/one", "sessions/two"]);
  test.clock.advance(1_000);
  await test.ask("foundOlder");
  expect(await test.ask("restoredAt")).toBe(restoredAt);
  expect(test.lines.map(({ event }) => event)).toEqual(["state-is-older"]);
});

test("one start by a clock that is years ahead stays no longer than an operator wants", async () => {
  const yearsMs = 4 * 365 * 86_400_000;
  const test = await RuntimeOnTest.start(words);
  const start = async (now: number) => {
    test.clock.now = now;
    await test.begin();
  };
  const right = test.clock.now;
  await test.ask("add", "a");
  await start(right + yearsMs);
  await test.ask("wakeIn", 3_600_000);
  await test.askOf("two", "wakeIn", 3_600_000);
  await test.askOf("two", "add", "image");
  await test.clock.pass(20_000);
  await test.ask("wakeIn", 3_600_000);
  const written = test.clock.now;

  await start(right + 60_000);
  expect(test.clock.now).toBe(written);
  const { ms, note } = test.lines.find(({ event }) => event === "clock-behind-state") ?? {};
  expect(ms).toBe(written - right - 60_000);
  expect(note).toContain(new Date(written).toISOString());
  expect(note).toContain("bridgehead reset-clock");

  const disk = new SqliteDisk(test.file);
  expect(await disk.setBack(right + 120_000)).toBe(written - right - 120_000);
  expect(await disk.setBack(right + 120_000)).toBe(0);
  await disk.close();
  test.lines.length = 0;
  await start(right + 120_000);
  expect(test.clock.now).toBe(right + 120_000);
  expect(test.lines).toEqual([]);
  await test.clock.pass(3_580_000);
  expect([await test.ask("all"), await test.askOf("two", "all")]).toEqual([["a"], ["image", "alarm of two"]]);
  await test.clock.pass(80_000);
  expect(await test.ask("all")).toEqual(["a", "alarm of one"]);
});

test("a file of the state that was moved away takes nothing until it is put back", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  renameSync(test.file, `${test.file}.away`);
  await expect(test.ask("add", "lost")).rejects.toThrow("was deleted or replaced while the edge runs");
  await test.clock.pass(5_000);
  expect(test.runtime.fault?.why).toMatch("deleted or replaced");
  renameSync(`${test.file}.away`, test.file);
  await test.clock.pass(1_000);
  expect([test.runtime.fault, await test.ask("all")]).toEqual([null, ["a"]]);
});

async function connected(test: RuntimeOnTest, who: string) {
  const answer = await test.runtime.connect("sessions", "one", new Headers({ who }));
  const socket = test.runtime.acceptedBy(answer);
  if (!socket) throw new Error("refused");
  const sent: string[] = [];
  socket.attach({ send: (text) => sent.push(text), close: (code, reason) => sent.push(`closed ${code} ${reason}`) });
  await test.clock.pass(0);
  return { socket, sent };
}

test("a socket outlives the memory of its object, with what is kept with it; pings wake nobody", async () => {
  const test = await RuntimeOnTest.start(words);
  const { socket, sent } = await connected(test, "ann");
  await test.clock.pass(13_000);
  socket.received("ping");
  await test.clock.pass(0);
  expect([test.made.length, socket.pingedAt()]).toEqual([1, test.clock.now]);
  socket.received("a");
  socket.received("b");
  await test.clock.pass(0);
  expect(sent).toEqual(["welcome", "pong", "ann said a to 1", "ann said b to 1"]);
  expect(test.made.length).toBe(2);
  socket.ended();
  expect(await test.ask("all")).toEqual(["a", "b", "closed"]);
});

test("the sockets of an object that is deleted close", async () => {
  const test = await RuntimeOnTest.start(words);
  const { sent } = await connected(test, "ann");
  await test.ask("deleteAll");
  await test.clock.pass(0);
  expect(sent).toEqual(["welcome", "closed 1012 the object was deleted"]);
});

test("the sockets of an object that is deleted close also where the deletion does not come to disk", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  const { sent } = await connected(test, "ann");
  test.disk.fault = new Error("full");
  await expect(test.ask("deleteAll")).rejects.toThrow();
  expect(sent).toEqual(["welcome", "closed 1012 full"]);
});

test("a request for a socket that is refused, and a message that breaks its object", async () => {
  const test = await RuntimeOnTest.start(words);
  const refused = await test.runtime.connect("sessions", "one", new Headers());
  expect(refused).toMatchObject({ status: 403 });
  const { socket, sent } = await connected(test, "ann");
  socket.received("break");
  socket.received("after");
  await test.clock.pass(0);
  expect(sent.at(-1)).toBe("ann said after to 1");
  expect(test.lines.map(({ event, why }) => `${event} ${why}`)).toEqual(["object-broke broken by a message"]);
});

test("frames wait for the flush, in their order; where it fails, none leaves and the socket closes", async () => {
  const test = await RuntimeOnTest.start(words);
  const { socket, sent } = await connected(test, "ann");
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  socket.received("a");
  await test.clock.pass(0);
  expect(sent).toEqual(["welcome"]);
  test.disk.held = null;
  resolve();
  await test.clock.pass(0);
  expect(sent).toEqual(["welcome", "ann said a to 1"]);
  test.disk.fault = new Error("database or disk is full");
  socket.received("b");
  await test.clock.pass(0);
  expect(sent.slice(2)).toEqual(["closed 1012 the edge cannot write its state: database or disk is full"]);
});

test("a socket that its object closes in the turn whose flush fails is closed all the same", async () => {
  const test = await RuntimeOnTest.start(words);
  const { socket, sent } = await connected(test, "ann");
  test.disk.fault = new Error("database or disk is full");
  socket.received("leave");
  await test.clock.pass(0);
  expect(sent.slice(1)).toEqual(["closed 1012 the edge cannot write its state: database or disk is full"]);
});

test("an object that waits for another one does not rest", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("askHanging", "two");
  await test.clock.pass(60_000);
  await test.ask("all");
  expect(test.made).toEqual(["sessions/one", "sessions/two"]);
});

test("an object that is read while a flush fails begins anew, once, with what is on disk", async () => {
  const test = await RuntimeOnTest.start(words);
  await test.ask("add", "a");
  await test.begin();
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.slow = promise;
  const asked = test.runtime.call("sessions", "one", "add", ["of the first life"]);
  asked.catch(() => {});
  test.disk.fault = new Error("database or disk is full");
  await expect(test.askOf("two", "add", "lost")).rejects.toThrow();
  test.disk.fault = null;
  await test.clock.pass(2_000);
  test.disk.slow = null;
  resolve();
  await expect(asked).rejects.toThrow("dropped");
  await test.ask("add", "b");
  await test.begin();
  expect(await test.ask("all")).toEqual(["a", "b"]);
});

test("an answer waits for its own flush, and not for the next one", async () => {
  const test = await RuntimeOnTest.start(words);
  for (const name of ["one", "other"]) await test.askOf(name, "add", "first");
  const holds = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  test.disk.held = holds[0]?.promise ?? null;
  let isAnswered = false;
  const answered = test.ask("add", "a").then(() => {
    isAnswered = true;
  });
  await test.clock.pass(0);
  test.disk.held = holds[1]?.promise ?? null;
  const other = test.askOf("other", "add", "b");
  await test.clock.pass(0);
  holds[0]?.resolve();
  await test.clock.pass(0);
  expect(isAnswered).toBe(true);
  holds[1]?.resolve();
  await Promise.all([answered, other]);
});

test("a stop writes what is under way, and nothing is wrong with the disk", async () => {
  const test = await RuntimeOnTest.start((place, name) => ({
    ...words(place, name),
    slowly: async () => {
      for (let index = 0; index < 5; index++) {
        await new Promise<void>((resolve) => void place.after(10, resolve));
        place.sql.exec("INSERT INTO word (word) VALUES ('late')");
      }
    },
  }));
  await test.ask("add", "first");
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  const add = test.ask("add", "a");
  const slowly = test.ask("slowly").catch((error: Error) => error.message);
  await test.clock.pass(0);
  const stopped = test.runtime.stop();
  await test.clock.pass(15);
  test.disk.held = null;
  resolve();
  await stopped;
  expect([await slowly, test.lines]).toEqual(["the edge stops", []]);
  await add.catch(() => {});
  await test.begin();
  expect(await test.ask("all")).toEqual(["first", "a"]);
});

test("of a transaction that SQLite has taken back by itself nothing is written, and its own error is said", async () => {
  const test = await RuntimeOnTest.start((place, name) => ({
    ...words(place, name),
    full: () =>
      place.sql.transaction(() => {
        place.sql.exec("INSERT INTO word (word) VALUES ('lost')");
        place.sql.exec("ROLLBACK");
        throw new Error("database or disk is full");
      }),
  }));
  await test.ask("add", "a");
  await expect(test.ask("full")).rejects.toThrow("disk is full");
  await test.ask("add", "b");
  await test.begin();
  expect(await test.ask("all")).toEqual(["a", "b"]);
});

test("a line of the log names a conference that broke by its domain and its key, which is masked there", async () => {
  const test = await RuntimeOnTest.start((place) => ({ breaks: () => place.abort("broken") }));

  await test.runtime.call("conference", "local/555120777", "breaks", []).catch(() => {});

  const [line] = test.lines;
  expect(line).toMatchObject({ event: "object-broke", object: "conference", domain: "local", conference: "555120777" });
  expect(JSON.stringify(shownFacts(line ?? {}, persons.masked))).not.toContain("555120777");
});

test("what a note of the log quotes from a message is masked", () => {
  const note = 'W2A_CreateSubConference: MaxNumAttendee is "4085550177 x", must be a whole number from 0';
  expect(JSON.stringify(shownFacts({ note }, persons.masked))).not.toContain("4085550177");
});

test("a new state on a machine whose clock was never set says so; one with a state goes on from that", async () => {
  const unset = 20_000;
  const fresh = await RuntimeOnTest.start(words, unset);
  const note = expect.stringContaining("1970-01-01T00:00:20.000Z");
  expect(fresh.lines).toMatchObject([{ event: "clock-not-set", note }]);
  const before = await RuntimeOnTest.start(words);
  await before.ask("add", "a");
  const written = before.clock.now;
  before.clock.now = unset;
  await before.begin();
  expect([before.clock.now, before.lines.map(({ event }) => event)]).toEqual([written, ["clock-behind-state"]]);
});
