import { Clock } from "../../simulation/clock.ts";
import { MemoryDatabase } from "../../simulation/memory-database.ts";
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
