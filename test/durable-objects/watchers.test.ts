import { expect, test } from "vitest";
import type { ObjectSocket } from "../../durable-objects/platform/object-sockets.ts";
import { Watchers } from "../../durable-objects/platform/watchers.ts";
import { event } from "../builders.ts";
import { Clock } from "../simulation/clock.ts";
import { ConferenceWorld, callerEntered } from "./conference-world.ts";

test("watchers are told of a commit when it is on disk", async () => {
  const world = await ConferenceWorld.running(1);
  await world.allDone();
  const rows: number[] = [];
  const before = world.journalRows;
  world.onChanged = () => rows.push(world.journalRows);
  await world.reported(event({ type: "speaking-changed", call: "c0", speaking: true }) as never);

  expect([...new Set(rows)]).toEqual([before + 1]);
});

test("watchers are told that WebEx has confirmed, with which nothing else comes", async () => {
  const world = await ConferenceWorld.running(1);
  await world.allDone();
  const waiting: (number | undefined)[] = [];
  world.onChanged = () => waiting.push(world.conference.reader.view()?.documents.length);
  await world.reported(callerEntered(1));
  await world.allDone();

  expect(waiting[0]).toBe(1);
  expect(waiting.at(-1)).toBe(0);
});

test("watchers are told when an agent has taken a command", async () => {
  const world = await ConferenceWorld.running(1);
  let changes = 0;
  world.onChanged = () => {
    changes += 1;
  };
  world.conference.ackCommands("simulated" as never, []);

  expect(changes).toBe(1);
});

test("watchers are told when the directory has the records of what has ended", async () => {
  const world = await ConferenceWorld.running(1);
  const told: number[] = [];
  world.onChanged = () =>
    told.push(world.pages.flatMap(({ facts }) => facts.filter(({ fact }) => "record" in fact)).length);
  await world.reported(event({ type: "conference-ended" }) as never);
  await world.allDone();
  await world.time.pass(10_000);

  // The caller's record, and the conference's.
  expect([told[0], told.at(-1)]).toEqual([0, 2]);
});

test("while nobody watches, the platform is asked for sockets once, and again from the first watcher on", () => {
  let asked = 0;
  const open: ObjectSocket[] = [];
  const sent: string[] = [];
  const socket = { keep: () => {}, kept: () => ({ begunAt: 0 }), send: (text: string) => void sent.push(text) };
  const watchers = new Watchers({
    sockets: {
      all: () => {
        asked += 1;
        return open;
      },
    },
    now: () => 1_000,
    after: (_, run) => {
      run();
      return () => {};
    },
  });
  for (let change = 0; change < 5; change += 1) watchers.changed();
  expect(asked).toBe(1);

  watchers.connect(new Headers(), () => {
    open.push(socket as object as ObjectSocket);
    return socket as object as ObjectSocket;
  });
  watchers.changed();
  expect(sent).toHaveLength(1);
  open.length = 0;
  asked = 0;
  for (let change = 0; change < 5; change += 1) watchers.changed();
  expect(asked).toBe(1);
});

/** Watchers of an object, each with what its socket got, and when. */
function watched() {
  const time = new Clock(1_000_000);
  const open: ObjectSocket[] = [];
  const watchers = new Watchers({
    sockets: { all: () => open },
    now: () => time.now,
    after: (ms, run) => time.after(ms, run),
  });
  const watcher = () => {
    const got: [number, unknown][] = [];
    const began = time.now;
    let kept: unknown = null;
    const socket = {
      keep: (value: unknown) => {
        kept = value;
      },
      kept: () => kept,
      send: (text: string) => got.push([time.now - began, JSON.parse(text)]),
      close: (code: number) => got.push([time.now - began, code]),
    } as Partial<ObjectSocket> as ObjectSocket;
    watchers.connect(new Headers(), () => socket);
    open.push(socket);
    return { socket, got };
  };
  return { time, watchers, watcher };
}

test("a change is sent at once, and all those within a quarter of a second together", async () => {
  const { time, watchers, watcher } = watched();
  const { got } = watcher();
  for (const ms of [0, 0, 100, 100, 1_000]) {
    await time.pass(ms);
    watchers.changed();
  }
  await time.pass(0);
  const changed = { changed: true };
  expect(got).toEqual([
    [0, changed],
    [250, changed],
    [1_200, changed],
  ]);
});

test("while nothing is to be sent, each change is told once the clock was set back", async () => {
  const { time, watchers, watcher } = watched();
  watcher();
  watchers.changed();
  await time.pass(0);
  time.now -= 500_000;
  const { got } = watcher();
  watchers.changed();
  await time.pass(0);
  expect(got).toEqual([[0, { changed: true }]]);
});

test("a watcher is told for five minutes, and then has to be admitted anew; so has one whose time nobody knows", async () => {
  const { time, watchers, watcher } = watched();
  const first = watcher();
  await time.pass(5 * 60_000 - 1);
  watchers.changed();
  await time.pass(1);
  watchers.changed();
  await time.pass(250);
  expect(first.got).toEqual([
    [299_999, { changed: true }],
    [300_249, 4000],
  ]);

  const ahead = watcher();
  time.now -= 10_000;
  const next = watcher();
  watchers.changed();
  await time.pass(0);
  expect([ahead.got, next.got]).toEqual([[[-10_000, 4000]], [[0, { changed: true }]]]);
});

test("a watcher that lives for five minutes to the millisecond is told no more", async () => {
  const { time, watchers, watcher } = watched();
  const { got } = watcher();
  await time.pass(5 * 60_000);
  watchers.changed();
  await time.pass(0);
  expect(got).toEqual([[300_000, 4000]]);
});

test("whoever says something on a watcher's socket is cut off", () => {
  const { watchers, watcher } = watched();
  const { socket, got } = watcher();
  watchers.received(socket);
  expect(got).toEqual([[0, 1008]]);
});
