import { expect, test } from "vitest";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";
import type { ConfKey, MsgId } from "../../../src/foundation/ids.ts";
import { dayMs, hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { aCaller, snapshot } from "../../builders.ts";
import { files, LastingAgent, Life, Webex } from "./runtime-life.ts";

const noon = Date.UTC(2026, 10, 21, 12);
const key = "100000001" as ConfKey;

/** A meeting with a caller, on an edge whose time then goes on at once; another machine's clock says so, too. */
async function skipped(ms: number) {
  const [state = ""] = files("state.db");
  const [webex, agent] = [new Webex(), new LastingAgent()];
  const life = await Life.start(state, noon, webex);
  await agent.connect(life);
  await life.begin(agent, key);
  await life.clock.pass(minuteMs);
  if (ms > 0) life.skip(ms);
  life.runtime.heardTime(life.now);
  return { state, webex, agent, life };
}

async function ask<Answer>(life: Life, ...[kind, name, method, ...of]: [...Parameters<Life["runtime"]["call"]>]) {
  const asked = life.runtime.call(kind, name, method, ...of);
  await life.clock.pass(10);
  return (await asked) as Answer;
}

test.each([0, 4 * hourMs])(
  "a meeting that WebEx has closed and its bridge still holds is ended again, after a skip of %i ms",
  async (ms) => {
    const { life, agent } = await skipped(ms);
    agent.at = () => life.now;
    await life.clock.pass(5 * minuteMs);
    await life.receive(key, { type: "close-conference" });
    await life.clock.pass(5_000);
    agent.heard.length = 0;
    agent.report(key, snapshot([aCaller({ call: "z9", enteredAt: noon + ms })], { since: noon + ms }));
    await life.clock.pass(5_000);

    expect(agent.heard).toContain("end-conference");
    expect(life.events).not.toContain("conference-found");
  },
);

test.each([0, 7 * hourMs, 9 * dayMs])(
  "conferences that run are looked after as before, after a skip of %i ms",
  async (ms) => {
    const { life, agent, webex } = await skipped(ms);
    const [msgId] = webex.msgIds as [MsgId];
    await life.clock.pass(2_000);
    expect(await ask(life, "idAllocator", "local", "holderOf", [msgId])).toBe(key);
    agent.heard.length = 0;
    await life.clock.pass(hourMs);

    expect(agent.heard.filter((type) => type === "snapshot-wanted").length).toBeGreaterThan(9);
    // Ids are known for a week.
    expect(await ask(life, "idAllocator", "local", "holderOf", [msgId])).toBe(ms > 7 * dayMs ? null : key);
  },
);

test("an operator's word for a clock that was wrong at a start leaves what had begun before a skip behind it", async () => {
  const { life, state, webex, agent } = await skipped(4 * hourMs);
  await life.clock.pass(5 * minuteMs);
  await life.kill();
  const wrong = await Life.start(state, life.now + 365 * dayMs, webex);
  await wrong.clock.pass(2 * minuteMs);
  await wrong.kill();
  const disk = new SqliteDisk(state);
  const now = life.now + 3 * minuteMs;
  expect(await disk.setBack(now)).toBeGreaterThan(364 * dayMs);
  await disk.close();

  const last = await Life.start(state, now, webex);
  await agent.connect(last);
  await last.clock.pass(minuteMs);
  await last.receive(key, { type: "update-conference", action: "lock" });
  const { lastAt } = await ask<{ readonly lastAt: number }>(last, "conference", `local/${key}`, "view", []);
  expect(Math.round((last.now - lastAt) / hourMs)).toBe(4);
});

test("records from before a clock was set right are not old by that", async () => {
  const { life, agent } = await skipped(0);
  await life.receive(key, { type: "close-conference" });
  await life.clock.pass(10_000);
  const records = async () =>
    (await ask<{ readonly records: readonly unknown[] }>(life, "directory", "local", "records", [{ limit: 10 }]))
      .records.length;
  const before = await records();
  life.skip(20_000 * dayMs);
  await agent.connect(life);
  life.runtime.heardTime(life.now);
  await life.clock.pass(dayMs);
  expect([before, await records()]).toEqual([2, 2]);
});

test.each([9, 365])("an operator's word for a skip of %i days forgets no id that is in use", async (days) => {
  const { life, state, webex } = await skipped(0);
  const [msgId] = webex.msgIds as [MsgId];
  life.skip(days * dayMs);
  await life.clock.pass(hourMs);
  await life.kill();
  const disk = new SqliteDisk(state);
  await disk.setBack(noon + 2 * hourMs);
  await disk.close();
  const next = await Life.start(state, noon + 2 * hourMs, webex);
  await next.clock.pass(20 * minuteMs);
  expect(await ask(next, "idAllocator", "local", "holderOf", [msgId])).toBe(key);
});
