import { expect, test } from "vitest";
import { DomainIds } from "../../durable-objects/ids/domain-ids.ts";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { testDomain } from "../local-domain.ts";
import { fakePlatform } from "./fakes.ts";

const domain = "acme" as DomainName;
const key = "987650001" as ConfKey;

function domainIds(time: Clock): DomainIds {
  const kept = new Map<string, unknown>();
  const ports = {
    ...fakePlatform(time),
    domain: () => testDomain(),
    conference: () => ({ sweep: async () => ({ runs: true, quietUntil: null }) }),
    directory: () => ({ swept: async () => {} }),
    kept: {
      get: <Value>(name: string) => kept.get(name) as Value | undefined,
      put: (name: string, value: unknown) => void kept.set(name, value),
    },
  };
  return new DomainIds(ports, new IdAllocator(new Database()));
}

test("finds the conferences of a MsgID or TransID", async () => {
  const ids = domainIds(new Clock(Date.UTC(2002, 7, 5, 12)));
  const other = "other" as ConfKey;
  const { msgIds } = await ids.allocate({ domain, holder: key, msgIds: 5, transIds: 10 });
  await ids.allocate({ domain, holder: other, msgIds: 5, transIds: 5 });
  const holders = await Promise.all([0, 7, 12, 99].map((index) => ids.holdersOf(String(msgIds.first + index))));
  expect(holders).toEqual([[key], [other, key], [other], []]);
});
