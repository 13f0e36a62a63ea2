import { expect, test } from "vitest";
import { Clock } from "../../kit/clock.ts";
import { MemoryDatabase } from "../../kit/memory-database.ts";
import { sharedDatabaseSuite } from "./shared-database-suite.ts";

/** Its time goes on by itself. */
const clock = Object.assign(new Clock(), {
  after(_: number, run: () => void) {
    queueMicrotask(run);
    return () => {};
  },
});

sharedDatabaseSuite(async () => {
  const database = new MemoryDatabase(clock);
  return { one: database.connect(), connect: async () => database.connect() };
});

test("who asks for the tables while nothing gets through is told so, and can ask again once something does", async () => {
  const time = new Clock();
  const database = new MemoryDatabase(time).connect(() => "lost");
  const heard: string[] = [];
  database.prepare(true).catch((error: Error) => heard.push(error.message));
  database.holding().catch((error: Error) => heard.push(error.message));
  await time.pass(60_000);

  expect(heard).toEqual(["no host of it answers"]);
});
