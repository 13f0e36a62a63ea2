import { expect, test } from "vitest";
import { NumberBooks } from "../../durable-objects/number-books.ts";
import { sweep } from "../../durable-objects/sweep.ts";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { ConferenceWorld, createConference, muteCaller } from "./conference-world.ts";
import { MemorySql } from "./memory-sql.ts";

const noon = Date.UTC(2026, 0, 1, 12);
const hourMs = 3_600_000;

test("each conference of the last six hours is woken, in every domain, whatever becomes of another one", async () => {
  const pools = new Map(["one", "broken", "two"].map((name) => [name, new NumberBooks(new MemorySql())]));
  pools.get("one")?.take("yesterday's" as ConfKey, { msgIds: 20, transIds: 20 }, noon - 7 * hourMs);
  for (let index = 0; index < 230; index += 1)
    pools.get("one")?.take(`k${index}` as ConfKey, { msgIds: 20, transIds: 20 }, noon - hourMs);
  pools.get("two")?.take("other" as ConfKey, { msgIds: 20, transIds: 20 }, noon);
  const swept: string[] = [];
  const events: unknown[] = [];

  await sweep(
    {
      domains: pools.keys() as Iterable<DomainName>,
      numberPool: (domain) => ({
        holdersSince: async (since, from) => {
          if (domain === "broken") throw new Error("out of reach");
          const page = pools.get(domain)?.holdersSince(since, from);
          if (!page) throw new Error("no such pool");
          return page;
        },
      }),
      conference: (domain, confKey) => ({
        sweep: async () => {
          if (confKey === "k7") throw new Error("out of reach");
          swept.push(`${domain}/${confKey}`);
        },
      }),
      log: ({ event, domain }) => events.push([event, domain]),
    },
    noon,
  );

  expect(swept).toHaveLength(230);
  expect(swept.at(-1)).toBe("two/other");
  expect(events).toEqual([
    ["not-swept", "one"],
    ["sweep-broke", "broken"],
  ]);
});

test("a conference whose alarm got lost does what is overdue when it is swept", async () => {
  const world = new ConferenceWorld();
  await world.during(world.receive("create", createConference()));
  world.alarmAt = null;
  await world.time.pass(76_000);
  expect(world.posted).toHaveLength(0);

  await world.during(world.actor.sweep());
  await world.time.pass(1_000);
  expect(world.posted.map(({ body }) => /A2W_RspCreateConference[^>]*/.exec(body)?.[0])).toEqual([
    expect.stringContaining('MsgID="m-create"'),
  ]);
});

test("sweeping a conference where nothing is overdue writes nothing", async () => {
  const world = new ConferenceWorld();
  await world.running(3);
  await world.during(world.receive("t1", muteCaller("1001")));
  const written = () => world.sql.rowsWritten + world.alarmsSet;
  const before = written();

  await world.during(world.actor.sweep());

  expect(written()).toBe(before);
});
