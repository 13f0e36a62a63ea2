import { expect, test } from "vitest";
import { Alias } from "../../durable-objects/alias.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { confKey, extConfId } from "./conference-world.ts";

const other = "555" as ConfKey;
const third = "666" as ConfKey;

function world() {
  const disk = new Map();
  const time = { now: 1_000_000 };
  const kv = { get: (key: string) => disk.get(key), put: (key: string, value: unknown) => void disk.set(key, value) };
  const alias = new Alias({ kv, now: () => time.now });
  const claim = (confKey: ConfKey) => alias.claim({ domain: "local" as never, extConfId, confKey });
  return { alias, claim, time };
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
