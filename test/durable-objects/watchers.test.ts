import { expect, test } from "vitest";
import type { ObjectSocket } from "../../durable-objects/platform/object-sockets.ts";
import { Watchers } from "../../durable-objects/platform/watchers.ts";
import { event } from "../builders.ts";
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
