import { expect, test } from "vitest";
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
