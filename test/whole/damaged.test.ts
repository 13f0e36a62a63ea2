import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOnEdge } from "../../scripts/command.ts";
import { masked } from "../../src/foundation/shown.ts";
import { eventually, kill, Meeting, startWorld, type World } from "./world.ts";

runOnEdge("workers");
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

test("a damaged database is one conference's: the log names its file, and without that file the conference begins anew", async () => {
  const folder = join(world.run.state, "edge", "objects", "bridgehead-ConferenceObject");
  const files = () => readdirSync(folder).filter((file) => !file.startsWith("metadata"));
  const others = new Set(files());
  const meeting = new Meeting(world);
  await meeting.create();
  const mine = files().filter((file) => !others.has(file));
  const neighbour = new Meeting(world);
  await neighbour.create();

  const back = kill(world, "edge");
  for (const file of mine) writeFileSync(join(folder, file), "garbage".repeat(1_000));
  await back;
  const lock = { type: "update-conference", msgId: meeting.msgId(), action: "lock", ...meeting.handles } as const;
  const locked = meeting.ask(lock); // WebEx posts it again and again.
  const line = await eventually("a line names the object", async () => {
    const lines = readFileSync(join(world.run.state, "logs", "edge.log"), "utf8").split("\n");
    return lines.find((text) => text.includes('"document-not-stored"'));
  });
  const { object, objectId, conference } = JSON.parse(line);
  expect([object, `${objectId}.sqlite`, conference]).toEqual(["a conference", mine[0], masked(meeting.confKey)]);
  const other = { ...lock, msgId: neighbour.msgId(), ...neighbour.handles };
  await neighbour.ask(other);
  await neighbour.answerTo(other.msgId, "ok", 15_000); // The agent connects anew first.

  // The database itself goes last: as soon as it is gone, a repeat of WebEx makes a new one, with files of the same names.
  const last = mine.toSorted((one, other) => other.length - one.length);
  for (const file of last) rmSync(join(folder, file), { force: true });
  await locked;
  await meeting.answerTo(lock.msgId, "no-such-conference", 15_000);
  const again = meeting.createRequest();
  await meeting.ask(again);
  await meeting.answerTo(again.msgId, "ok", 15_000);
});
