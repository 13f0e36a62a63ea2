import { expect, test } from "vitest";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { memoryAlias } from "../simulation/memory-alias.ts";
import { confKey, extConfId } from "./conference-world.ts";

const other = "555" as ConfKey;
const third = "666" as ConfKey;

function world() {
  const time = { now: 1_000_000 };
  const alarms: number[] = [];
  const inUse = { held: true, asked: 0 };
  const alias = memoryAlias(() => time.now, {
    setAlarm: (at) => alarms.push(at),
    isHeld: async () => {
      inUse.asked += 1;
      return inUse.held;
    },
  });
  const claim = (confKey: ConfKey) => alias.claim({ domain: "local" as never, extConfId, confKey });
  return { alias, claim, time, alarms, inUse };
}

test("of two that want the handle of a conference that is over, the second learns who has it", async () => {
  const { alias, claim, time } = world();
  await claim(confKey);
  time.now += 60_000;

  expect(await alias.replace(confKey, other)).toBe(other);
  expect(await alias.replace(confKey, third)).toBe(other);
  time.now += 60_000;
  expect(await alias.replace(confKey, third)).toBe(other);
  expect(await alias.lookup()).toBe(other);
});

test("a claim is not taken away for 30 s, in which its create is on its way, also when it is claimed again", async () => {
  const { alias, claim, time } = world();
  await claim(confKey);
  time.now += 29_999;
  expect(await alias.replace(confKey, other)).toBe(confKey);
  time.now += 1;
  expect(await claim(confKey)).toBe(confKey);
  expect(await alias.replace(confKey, other)).toBe(confKey);

  time.now += 30_000;
  expect(await claim(other)).toBe(confKey);
  expect(await alias.replace(confKey, other)).toBe(other);
});

test("a handle is forgotten a week after its claim, or a week later while its conference goes on", async () => {
  const { alias, claim, time, alarms, inUse } = world();
  const weekMs = 7 * 86_400_000;
  await claim(confKey);
  expect(alarms).toEqual([time.now + weekMs]);
  time.now += weekMs;
  await alias.alarm();
  expect(alarms.at(-1)).toBe(time.now + weekMs);
  expect(await alias.lookup()).toBe(confKey);

  inUse.held = false;
  time.now += weekMs;
  await alias.alarm();
  expect([await alias.lookup(), alarms.length, inUse.asked]).toEqual([null, 2, 2]);
});

test("a handle that is claimed while it is about to be forgotten stays", async () => {
  const { alias, claim, time, inUse } = world();
  await claim(confKey);
  inUse.held = false;
  time.now += 7 * 86_400_000;

  await Promise.all([alias.alarm(), claim(confKey)]);

  expect(await alias.lookup()).toBe(confKey);
});
