import { copyFileSync } from "node:fs";
import { expect, test } from "vitest";
import { backUp, restore } from "../../../durable-objects/node/log/backup.ts";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";
import { files, LastingAgent, Life, Webex } from "./runtime-life.ts";

const noon = Date.UTC(2026, 10, 21, 12);
const dayMs = 86_400_000;

/** Far more ids than the clock passes in that time. */
async function busy(life: Life, of: LastingAgent, from: number, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await life.begin(of, String(from + index));
}

test("no id comes twice after an older backup is restored: not of a conference with ids at hand, nor of a new one", async () => {
  const [state = "", file = "", restored = ""] = files("state.db", "backup.db", "restored.db");
  const webex = new Webex();
  const lasting = new LastingAgent();
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  await first.clock.pass(30_000);
  await backUp(state, file);
  await first.enter(lasting, "100000001", 5);
  await busy(first, lasting, 150_000_001, 2);
  // What the backup knows to be reserved is used up, and more.
  await first.allocateUpTo(lasting.idLimit.place);
  await busy(first, lasting, 200_000_001, 8);
  await first.kill();
  const before = webex.msgIds.length;

  await restore(file, restored, first.clock.now);
  const second = await Life.start(restored, first.clock.now + 1, webex);
  await lasting.connect(second);
  await second.clock.pass(1_000);
  await second.enter(lasting, "100000001", 5);
  await busy(second, lasting, 300_000_001, 3);
  // What was fetched since then is used up as ever, over a restart too.
  await second.clock.pass(60_000);
  await second.enter(lasting, "100000001", 2);
  await second.kill();

  expect(before).toBeGreaterThan(15);
  expect(webex.msgIds.length - before).toBeGreaterThan(10);
  expect(webex.twice).toEqual([]);
});

test("a copy that is put back by hand is known once an agent connects: no id comes twice from then on, and it counts as restored", async () => {
  const [state = "", file = "", copied = ""] = files("state.db", "backup.db", "copied.db");
  const webex = new Webex();
  const lasting = new LastingAgent();
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  await first.clock.pass(30_000);
  await backUp(state, file);
  await first.enter(lasting, "100000001", 5);
  await busy(first, lasting, 150_000_001, 2);
  await first.clock.pass(10 * 60_000);
  // It was silent for so long.
  await lasting.connect(first);
  await first.clock.pass(1_000);
  await first.kill();
  const before = webex.msgIds.length;

  copyFileSync(file, copied);
  const second = await Life.start(copied, first.clock.now + 1, webex);
  // All sockets are closed, also one that is about to be.
  await lasting.connect(second).catch(() => {});
  await second.clock.pass(1_000);
  expect(second.events).toContain("state-is-older");
  await lasting.connect(second);
  await second.enter(lasting, "100000001", 5);
  await busy(second, lasting, 300_000_001, 3);
  expect(second.events.filter((event) => event === "state-is-older")).toHaveLength(1);
  await second.kill();
  expect(webex.msgIds.length - before).toBeGreaterThan(10);
  expect(webex.twice).toEqual([]);
  const disk = new SqliteDisk(copied, { readOnly: true });
  expect((await disk.open()).restoredAt).not.toBeNull();
  await disk.close();
});

test("a copy of a life that has ended is known, too: a backup was restored since, or the edge began empty", async () => {
  for (const isRestored of [true, false]) {
    const [state = "", file = "", copied = "", next = ""] = files("state.db", "backup.db", "copied.db", "next.db");
    const webex = new Webex();
    const lasting = new LastingAgent();
    const first = await Life.start(state, noon, webex);
    await lasting.connect(first);
    await first.begin(lasting, "100000001");
    await backUp(state, file);
    copyFileSync(file, copied);
    await first.enter(lasting, "100000001", 3);
    await first.kill();

    if (isRestored) await restore(file, next, first.clock.now);
    const second = await Life.start(next, first.clock.now + 1_000, webex);
    await lasting.connect(second);
    await busy(second, lasting, 300_000_001, 2);
    await second.kill();

    const third = await Life.start(copied, second.clock.now + 1_000, webex);
    await lasting.connect(third).catch(() => {});
    await third.clock.pass(1_000);
    expect(third.events).toContain("state-is-older");
    await lasting.connect(third);
    await third.enter(lasting, "100000001", 5);
    await third.kill();
    expect(webex.twice).toEqual([]);
  }
});

test("where no agent is connected, a restored edge goes on by its clock", async () => {
  const [state = "", file = "", restored = ""] = files("state.db", "backup.db", "restored.db");
  const webex = new Webex();
  const lasting = new LastingAgent();
  const first = await Life.start(state, noon, webex);
  await lasting.connect(first);
  await first.begin(lasting, "100000001");
  await first.clock.pass(30_000);
  await backUp(state, file);
  for (let index = 0; index < 5; index += 1) await first.enter(lasting, "100000001", 1);
  await busy(first, lasting, 150_000_001, 2);
  await first.receive("100000001", { type: "unknown", element: "W2A_New" }, 20_000);
  await first.clock.pass(60_000);
  await first.kill();
  const before = webex.transIds.length;

  await restore(file, restored, first.clock.now);
  const second = await Life.start(restored, first.clock.now, webex);
  await second.receive("100000001", { type: "unknown", element: "W2A_New" }, 20_000);
  await second.receive("100000002", { type: "create-conference", confKey: "100000002" }, 20_000);
  await second.receive("100000003", { type: "create-conference", confKey: "100000003" }, 20_000);
  await second.kill();

  expect(webex.transIds.length - before).toBe(3);
  expect(webex.twice).toEqual([]);
});

test.each([0, 5 * 3_600_000, dayMs])(
  "an empty edge uses no id of the one before, by a clock that is %i ms behind that of its agent",
  async (behindMs) => {
    const [early = "", state = "", empty = ""] = files("early.db", "state.db", "empty.db");
    const webex = new Webex();
    const lasting = new LastingAgent();
    const first = await Life.start(early, noon - behindMs, webex);
    await lasting.connect(first);
    await busy(first, lasting, 200_000_001, 8);
    await first.kill();
    const second = await Life.start(state, noon, webex);
    await lasting.connect(second);
    await busy(second, lasting, 250_000_001, 8);
    await second.kill();
    const before = webex.transIds.length;

    // By this clock, the ids of the first one would come again.
    const third = await Life.start(empty, noon - behindMs, webex);
    await lasting.connect(third);
    await busy(third, lasting, 300_000_001, 5);
    await third.kill();

    expect(webex.transIds.length).toBeGreaterThan(before);
    expect(webex.twice).toEqual([]);
  },
);
