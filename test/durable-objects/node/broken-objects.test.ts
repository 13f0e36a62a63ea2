import { DatabaseSync, StatementSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { ObjectDatabase } from "../../../durable-objects/node/log/object-database.ts";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import { RuntimeSocket } from "../../../durable-objects/node/runtime-socket.ts";
import { RuntimeOnTest } from "./runtime-on-test.ts";

function rows(place: LifePlace) {
  const { sql } = place;
  const make = () => void sql.exec("CREATE TABLE IF NOT EXISTS w (id INTEGER PRIMARY KEY)");
  return {
    add: () => {
      make();
      sql.exec("INSERT INTO w VALUES (NULL)");
    },
    tables: () => sql.exec("SELECT name FROM sqlite_master").map(({ name }) => name),
  };
}

test("a call whose object is deleted while it is under way is confirmed by nobody", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    ...rows(place),
    wakeIn: (ms: number) => place.setAlarm(place.now() + ms),
    alarm: () => place.deleteAll(),
    wait: (ms: number) => new Promise<void>((resolve) => void place.after(ms, resolve)),
    addLater: async () => {
      await place.call("sessions", "two", "wait", [2_000]);
      rows(place).add();
    },
  }));
  await test.ask("wakeIn", 1_000);
  const asked = test.runtime.call("sessions", "one", "addLater", []);
  asked.catch(() => {});
  await test.clock.pass(5_000);
  await expect(asked).rejects.toThrow("the object was deleted");
});

test("an object that is deleted outside of a call ends at once", async () => {
  let come = 0;
  const test = await RuntimeOnTest.start((place) => ({
    go: () => {
      place.after(10, () => {
        void place.deleteAll();
        place.after(100, () => come++);
      });
      place.after(50, () => come++);
    },
  }));
  await test.ask("go");
  await test.clock.pass(1_000);
  expect(come).toBe(0);
});

test("an object that breaks behind its deletion leaves nothing, and another one has its name", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    ...rows(place),
    go: () => {
      void place.setAlarm(place.now() + 5_000);
      void place.deleteAll();
      place.abort("enough");
    },
  }));
  await expect(test.ask("go")).rejects.toThrow("enough");
  await test.ask("add");
  await test.begin();
  expect(await test.ask("tables")).toEqual(["w"]);
  expect(test.lines.map(({ event }) => event)).toEqual(["object-broke"]);
});

test("what a transaction has written when its object breaks in it is not written", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    ...rows(place),
    half: () => {
      rows(place).add();
      place.sql.transaction(() => {
        place.sql.exec("CREATE TABLE half (a)");
        place.abort("enough");
      });
    },
  }));
  await expect(test.ask("half")).rejects.toThrow("enough");
  expect(await test.ask("tables")).toEqual(["w"]);
});

test("an object that breaks while it is made for the first time is made anew", async () => {
  let made = 0;
  const test = await RuntimeOnTest.start((place) => {
    made += 1;
    if (made === 1) place.abort("not yet");
    return { made: () => made };
  });
  await expect(test.ask("made")).rejects.toThrow("broke while it was made");
  expect(await test.ask("made")).toBe(2);
});

test("an object that breaks while it is made drops nothing of the one that is made after it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let breaks = false;
  const test = await RuntimeOnTest.start(async (place: LifePlace) => {
    if (breaks) {
      breaks = false;
      place.abort("not yet");
      await promise;
    }
    return rows(place);
  });
  await test.ask("add");
  await test.clock.pass(13_000); // It rests.
  breaks = true;
  const first = test.runtime.call("sessions", "one", "add", []);
  first.catch(() => {});
  await test.clock.pass(0);
  const read = Promise.withResolvers<void>();
  test.disk.slow = read.promise;
  const second = test.runtime.call("sessions", "one", "add", []);
  second.catch(() => {});
  await test.clock.pass(0);
  resolve();
  await expect(first).rejects.toThrow("broke while it was made");
  const third = test.runtime.call("sessions", "one", "add", []);
  third.catch(() => {});
  read.resolve();
  await test.clock.pass(0);
  expect(await Promise.allSettled([second, third])).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
  expect(test.made.length).toBe(3);
});

test("an object that takes long to be made does not rest meanwhile", async () => {
  const test = await RuntimeOnTest.start(async (place: LifePlace) => {
    await new Promise<void>((resolve) => void test.clock.after(13_000, resolve));
    return rows(place);
  });
  const asked = test.runtime.call("sessions", "one", "tables", []);
  asked.catch(() => {});
  await test.clock.pass(15_000);
  expect(await asked).toEqual([]);
});

test("a socket that its object accepts and does not keep is in no list", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    connect: (headers: Headers, accept: () => RuntimeSocket) => {
      accept();
      if (headers.get("who") === "nobody") return new Response("", { status: 403 });
      throw new Error("broken");
    },
    sockets: () => place.sockets().length,
  }));
  await test.runtime.connect("sessions", "one", new Headers({ who: "nobody" }));
  await expect(test.runtime.connect("sessions", "one", new Headers())).rejects.toThrow("broken");
  expect(await test.ask("sockets")).toBe(0);
});

test("a frame of a turn that gathers while a flush fails never leaves", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    ...rows(place),
    connect: (_: Headers, accept: () => RuntimeSocket) => void accept(),
    received: (socket: RuntimeSocket) => {
      rows(place).add();
      socket.send("saved");
    },
  }));
  const socket = test.runtime.acceptedBy(await test.runtime.connect("sessions", "two", new Headers()));
  const sent: string[] = [];
  socket?.attach({ send: (text) => sent.push(text), close: (code) => sent.push(`closed ${code}`) });
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  test.ask("add").catch(() => {});
  await test.clock.pass(0);
  socket?.received("x");
  await test.clock.pass(0);
  test.disk.fault = new Error("full");
  resolve();
  await test.clock.pass(1);
  expect(sent).toEqual(["closed 1012"]);
});

test("what leaves the process waits for its flush, and never leaves where its object breaks meanwhile", async () => {
  const left: string[] = [];
  const test = await RuntimeOnTest.start((place) => ({
    go: () => {
      rows(place).add();
      place.outside(async () => void left.push("post")).catch(() => {});
      place.after(5, () => {
        throw new Error("broke");
      });
    },
  }));
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  void test.ask("go");
  await test.clock.pass(10);
  test.disk.held = null;
  resolve();
  await test.clock.pass(1);
  expect(left).toEqual([]);
});

test("a stop while the disk is tried again leaves it closed", async () => {
  const test = await RuntimeOnTest.start(rows);
  test.disk.fault = new Error("full");
  await expect(test.ask("add")).rejects.toThrow("full");
  test.disk.fault = null;
  const { promise, resolve } = Promise.withResolvers<void>();
  const calls: string[] = [];
  const { disk } = test;
  const [probe, open, close] = [disk.probe.bind(disk), disk.open.bind(disk), disk.close.bind(disk)];
  disk.probe = async (at) => {
    await probe(at);
    await promise;
  };
  disk.open = () => {
    calls.push("open");
    return open();
  };
  disk.close = () => {
    calls.push("close");
    return close();
  };
  await test.clock.pass(1_000);
  const stopped = test.runtime.stop();
  await test.clock.pass(0);
  resolve();
  await stopped;
  await test.clock.pass(5_000);
  expect(calls).toEqual(["open", "close"]);
});

test("an object whose file is full begins anew, so that nobody goes on with half of what it knew", async () => {
  const test = await RuntimeOnTest.start((place) => {
    let known = 0;
    return {
      ...rows(place),
      go: () => {
        known += 1;
        place.sql.exec("CREATE TABLE IF NOT EXISTS b (a TEXT)");
        place.sql.exec("PRAGMA max_page_count = 20");
        place.sql.transaction(() => {
          try {
            place.sql.exec("INSERT INTO b VALUES (?)", "x".repeat(200_000));
          } catch {
            // As code does that believes its statement alone has failed.
          }
          place.sql.exec("INSERT INTO b VALUES ('y')");
        });
      },
      known: () => known,
    };
  });
  await expect(test.ask("go")).rejects.toThrow("full");
  expect([await test.ask("known"), await test.ask("tables")]).toEqual([0, ["b"]]);
  expect(test.lines.map(({ event }) => event)).toEqual(["object-broke"]);
});

test("an object has no name that would be another one on disk", async () => {
  const test = await RuntimeOnTest.start(rows);
  for (const name of ["a\ud800", "a\ud801", "a\0"])
    await expect(test.askOf(name, "add")).rejects.toThrow("half a character");
  await test.ask("add");
  expect([test.runtime.fault, test.lines]).toEqual([null, []]);
});

test("an alarm that is no time is refused, and keeps no other one from coming", async () => {
  const woken: string[] = [];
  const test = await RuntimeOnTest.start((place, name) => ({
    set: (ms: number) => place.setAlarm(place.now() + ms),
    alarm: () => void woken.push(name),
  }));
  for (const ms of [Number.NaN, Infinity])
    await expect(test.askOf("one", "set", ms)).rejects.toThrow(`an alarm cannot be set to ${ms}`);
  await test.askOf("two", "set", 1_000);
  await test.askOf("three", "set", 2_000);
  await test.clock.pass(3_000);
  expect(woken).toEqual(["two", "three"]);
});

test("a request gets one socket", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    connect: (_: Headers, accept: () => RuntimeSocket) => {
      accept();
      accept();
    },
    sockets: () => place.sockets().length,
  }));
  await expect(test.runtime.connect("sessions", "one", new Headers())).rejects.toThrow("one socket");
  expect(await test.ask("sockets")).toBe(0);
});

test("an alarm that has failed is in the image of its object, and comes after a kill", async () => {
  let fails = true;
  const woken: number[] = [];
  const test = await RuntimeOnTest.start((place) => ({
    ...rows(place),
    set: (ms: number) => place.setAlarm(place.now() + ms),
    alarm: () => {
      if (fails) throw new Error("not yet");
      woken.push(place.now());
    },
  }));
  await test.ask("add");
  await test.ask("set", 1_000);
  await test.clock.pass(40_000); // It has failed five times, and its object rests until the next one.
  fails = false;
  await test.begin();
  await test.clock.pass(1);
  expect(woken.length).toBe(1);
});

test("who waits for a flush that gathers behind one that fails hears of it, and nothing of either is written later", async () => {
  const test = await RuntimeOnTest.start((place) => ({
    ...rows(place),
    breaks: () => {
      rows(place).add();
      place.abort("enough");
    },
  }));
  await test.askOf("known", "add");
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  const first = test.askOf("one", "add");
  await test.clock.pass(0);
  const second = test.askOf("two", "breaks");
  const third = test.askOf("known", "add");
  for (const asked of [first, second, third]) asked.catch(() => {});
  await test.clock.pass(0);
  test.disk.fault = new Error("full");
  test.disk.held = null;
  resolve();
  await test.clock.pass(1);
  const lost = { status: "rejected" };
  expect(await Promise.allSettled([first, second, third])).toMatchObject([lost, lost, lost]);

  test.disk.fault = null;
  test.disk.flushes.length = 0;
  await test.clock.pass(2_000);
  await test.askOf("known", "add");
  const written = test.disk.flushes.map(({ created, rows }) => [created.length, rows.map(({ position }) => position)]);
  expect(written).toEqual([[0, [2]]]);
  await test.begin();
  expect([await test.askOf("one", "tables"), await test.askOf("two", "tables")]).toEqual([[], []]);
});

test("an object whose transaction finds no room to commit begins anew", async () => {
  let fails = false;
  const run = StatementSync.prototype.run;
  const spy = vi.spyOn(StatementSync.prototype, "run").mockImplementation(function (this: StatementSync, ...bound) {
    if (fails && this.sourceSQL.startsWith("RELEASE"))
      throw Object.assign(new Error("disk I/O error"), { errcode: 778 }); // SQLITE_IOERR_WRITE
    return run.apply(this, bound as never);
  });
  onTestFinished(() => spy.mockRestore());
  const test = await RuntimeOnTest.start((place) => {
    let known = 0;
    return {
      ...rows(place),
      both: () => {
        known += 1;
        place.sql.transaction(() => rows(place).add());
      },
      known: () => known,
    };
  });
  await test.ask("add");
  fails = true;
  await expect(test.ask("both")).rejects.toThrow("disk I/O error");
  fails = false;
  expect(await test.ask("known")).toBe(0);
});

test("an object that cannot be loaded for want of room is a line of the log", async () => {
  const test = await RuntimeOnTest.start(rows);
  await test.ask("add");
  await test.clock.pass(20_000);
  const spy = vi.spyOn(ObjectDatabase.prototype, "restore").mockImplementation(() => {
    throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
  });
  onTestFinished(() => spy.mockRestore());
  await expect(test.ask("tables")).rejects.toThrow("full");
  expect(test.lines).toMatchObject([
    { event: "object-broke", object: "sessions/one", why: "database or disk is full" },
  ]);
  spy.mockRestore();
  expect(await test.ask("tables")).toEqual(["w"]);
});

test("a disk that fails once the state was found to be older is a line of the log", async () => {
  const test = await RuntimeOnTest.start((place) => ({ ...rows(place), older: () => place.beginRestored() }));
  await test.ask("older");
  const { disk } = test;
  const mark = disk.markRestored.bind(disk);
  disk.markRestored = async (at) => {
    await mark(at);
    disk.probe = async () => {
      throw new Error("EIO");
    };
  };
  await test.ask("add").catch(() => {});
  await test.clock.pass(3_000);
  expect(test.lines.map(({ event }) => event)).toEqual(["state-is-older", "storage-fails"]);
});

test("an answer that stands on what was lost is refused, though the disk works again once it is ready", async () => {
  const test = await RuntimeOnTest.start(({ sql }) => ({
    write: () => void sql.exec("CREATE TABLE IF NOT EXISTS word (word TEXT)"),
  }));
  const gate = test.runtime.gate();
  test.disk.fault = new Error("database or disk is full");
  await expect(test.ask("write")).rejects.toThrow("disk is full");
  test.disk.fault = null;
  await test.clock.pass(2_000);
  expect(test.runtime.fault).toBe(null);

  await expect(gate()).rejects.toThrow("was not written to disk");
  await test.runtime.gate()();
});

test("who gets an answer cannot change what its object keeps", async () => {
  const list = [1];
  const test = await RuntimeOnTest.start(() => ({ list: () => list }));
  const answer = (await test.ask("list")) as number[];
  answer.push(2);
  expect(await test.ask("list")).toEqual([1]);
});

test("an object does not rest before its timer has come", async () => {
  let rang = 0;
  const test = await RuntimeOnTest.start(({ after }) => ({ wait: () => void after(15_000, () => ++rang) }));
  await test.ask("wait");
  await test.clock.pass(20_000);
  expect([rang, test.made.length]).toEqual([1, 1]);
});

test("what is about to leave while its object breaks does not leave", async () => {
  const connected = Promise.withResolvers<void>();
  const left: string[] = [];
  const test = await RuntimeOnTest.start((place) => ({
    post: () => {
      const posted = place.outside(async (mayLeave) => {
        await connected.promise;
        await mayLeave();
        left.push("the post");
      });
      posted.catch(() => {});
    },
    abort: () => place.abort("broke"),
  }));
  await test.ask("post");
  await test.ask("abort").catch(() => {});
  connected.resolve();
  await test.clock.pass(1_000);
  expect(left).toEqual([]);
});

test.each(["close", "drop"] as const)("nothing is sent behind the end of a socket: %s", (how) => {
  const [did, waiting]: [string[], (() => void)[]] = [[], []];
  const socket = new RuntimeSocket("id", "", {
    pings: null,
    now: () => 0,
    mayAnswer: () => true,
    received: () => {},
    closed: () => {},
    afterFlush: (run) => waiting.push(run),
  });
  socket.attach({ send: (text) => did.push(text), close: (code) => did.push(`closed ${code}`) });
  socket[how](1000, "it is over");
  socket.send("late");
  for (const run of waiting) run();
  expect(did).toEqual(["closed 1000"]);
});

test("an alarm whose work is done does not come again after a kill", async () => {
  let came = 0;
  const test = await RuntimeOnTest.start((place) => ({
    wakeIn: (ms: number) => place.setAlarm(place.now() + ms),
    alarm: () => void ++came,
  }));
  await test.ask("wakeIn", 1_000);
  await test.clock.pass(2_000);
  await test.begin();
  await test.clock.pass(10_000);
  expect(came).toBe(1);
});

test("what an object that was deleted has left in the log keeps no other row there", async () => {
  const test = await RuntimeOnTest.start(({ sql, deleteAll }) => ({
    write: (word: string) => {
      sql.exec("CREATE TABLE IF NOT EXISTS word (word TEXT)");
      sql.exec("INSERT INTO word VALUES (?)", word);
    },
    delete: () => deleteAll(),
  }));
  await test.ask("write", "deleted");
  await test.askOf("two", "write", "erased elsewhere");
  await test.ask("delete");
  await test.clock.pass(60 * 60_000);
  const log = new DatabaseSync(test.file, { readOnly: true }).prepare("SELECT body FROM log").all();
  expect(log).toEqual([]);
});

test("a socket of an object that keeps nothing reaches it after its rest", async () => {
  const heard: string[] = [];
  const test = await RuntimeOnTest.start(() => ({
    connect: (_: Headers, accept: (label?: string) => RuntimeSocket) => void accept(),
    received: (_: RuntimeSocket, text: string) => void heard.push(text),
  }));
  const socket = test.runtime.acceptedBy(await test.runtime.connect("sessions", "one", new Headers()));
  await test.clock.pass(20_000);
  socket?.received("hello");
  await test.clock.pass(0);
  expect([heard, test.made.length]).toEqual([["hello"], 2]);
});

test("a life that has ended sets no alarm for the next one", async () => {
  let came = 0;
  const places: LifePlace[] = [];
  const test = await RuntimeOnTest.start((place) => {
    places.push(place);
    const write = () => void place.sql.exec("CREATE TABLE IF NOT EXISTS word (word TEXT)");
    return { write, abort: () => place.abort("broke"), alarm: () => void ++came };
  });
  await test.ask("write");
  await test.ask("abort").catch(() => {});
  await test.ask("write");
  await places[0]?.setAlarm(test.clock.now + 1_000).catch(() => {});
  await test.clock.pass(5_000);
  expect([places.length, came]).toEqual([2, 0]);
});
