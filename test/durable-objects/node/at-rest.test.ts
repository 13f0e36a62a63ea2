import { expect, test } from "vitest";
import { heapUsed } from "../../heap-used.ts";
import { RuntimeOnTest } from "./runtime-on-test.ts";

const weekMs = 7 * 86_400_000;
const together = 1_000;

test("an object that rests, as a conference does for a week after its end, takes less than 480 bytes", async () => {
  const test = await RuntimeOnTest.start(({ sql, now, setAlarm }) => ({
    begin: async () => {
      sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
      for (let n = 1; n <= 10; n += 1) sql.exec("INSERT INTO t VALUES (?, ?)", n, "x".repeat(100));
      await setAlarm(now() + weekMs);
    },
  }));
  let begun = 555_000_000;
  /** Begins some, and waits until they rest. */
  const begin = async () => {
    const all = Array.from({ length: together }, () => test.runtime.call("sessions", `local/${begun++}`, "begin", []));
    await test.clock.pass(20_000);
    await Promise.all(all);
    test.disk.flushes.length = 0;
    test.made.length = 0;
  };
  for (let times = 0; times < 2; times += 1) await begin();
  const before = heapUsed();
  for (let times = 0; times < 4; times += 1) await begin();
  expect((heapUsed() - before) / (4 * together)).toBeLessThan(480);
  await test.runtime.stop();
});
