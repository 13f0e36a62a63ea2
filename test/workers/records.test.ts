import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import type { DomainName } from "../../src/foundation/ids.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { aCallRecord } from "../records/a-record.ts";
import { operatorToken } from "./test-domains.ts";

const domain = "local" as DomainName;
const directory = () => env.DIRECTORY.getByName(domain);
const ask = (query: string) =>
  exports.default.fetch(`http://edge.example.com/api/v1/domains/${domain}/records`, {
    method: "POST",
    body: JSON.stringify(Object.fromEntries(new URLSearchParams(query))),
    headers: { authorization: `Bearer ${operatorToken}` },
  });

async function ended(first: number, last: number): Promise<void> {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const records = numbers.map((n) => aCallRecord({ began: n, call: `c${n}` }));
  await directory().publish(aBatch({ key: "5", records }));
}

beforeEach(async () => {
  await runInDurableObject(directory(), (_, { storage }) => storage.deleteAll());
  await evictDurableObject(directory());
});

test("an export streams over all pages on the platform, and goes on behind the place where it broke off", async () => {
  await ended(1, 1_300);
  const whole = await (await ask("format=ndjson")).text();
  const kept = whole.slice(0, 100_000).split("\n").slice(0, -1);
  await evictDurableObject(directory());
  await ended(1_301, 1_310);
  const { cursor } = JSON.parse(kept.at(-1) ?? "{}");
  const rest = (await (await ask(`format=ndjson&cursor=${cursor}`)).text()).split("\n").slice(0, -1);

  const calls = [...kept, ...rest].map((line) => JSON.parse(line).call);
  expect(calls).toEqual(Array.from({ length: 1_310 }, (_, index) => `c${index + 1}`));
  const csv = await ask("format=csv");
  expect(csv.headers.get("content-type")).toBe("text/csv; charset=UTF-8; header=present");
  expect((await csv.text()).split("\r\n")).toHaveLength(1_312);
});

test("an export whose directory is lost meanwhile breaks off: it does not end as if it were whole", async () => {
  await ended(1, 1_300);
  const reader = (await ask("format=ndjson")).body?.getReader();
  await reader?.read();
  await runInDurableObject(directory(), (_, { storage }) => storage.deleteAll());
  await evictDurableObject(directory());
  const readOn = async () => {
    while ((await reader?.read())?.done === false);
  };

  await expect(readOn()).rejects.toThrow();
});
