import { expect, test } from "vitest";
import type { BridgeName, CallId, ConfKey } from "../../../src/foundation/ids.ts";
import type { RecordQuery } from "../../../src/rpc/directory.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { aConferenceRecord } from "../../records/a-record.ts";
import { aBatch } from "../a-batch.ts";
import { call, DirectoryWorld, domain, list } from "./world.ts";

/** Tables of a few rows, values that a statement is given, and the sorting of one person's calls. */
const small = /^SCAN (?:about|minute|webhook_receiver|alert|seen|json_each|sqlite_master)\b|ORDER BY \+arrival/;

const number = (n: number) => String(15_550_000_000 + n);
const key = (n: number) => String(1_000 + n) as ConfKey;

/** The inputs and looks of a directory with so many conferences, refused calls and records. */
async function worldOf(size: number) {
  const world = new DirectoryWorld();
  const { directory } = world;
  const all = Array.from({ length: size }, (_, n) => n);
  const of = (n: number) => ({ topic: `Meeting ${n}.`, people: [{ number: number(n) }] });
  const refuse = (...calls: readonly number[]) =>
    directory.promptStore.keepPromptCalls(domain, {
      bridge: "main" as BridgeName,
      calls: calls.map((n) => {
        const who = { call: `p${n}` as CallId, number: number(n % 3), dialled: "18005551234", at: worldBegins + n };
        return { ...who, steps: [], end: { at: who.at, why: "unknown-keys" } };
      }),
    });
  const records = all.flatMap((n) => [call(`c${n}`, { number: number(n) }), aConferenceRecord({ life: n })]);
  await directory.publish(aBatch({ records }));
  for (const n of all) await directory.publish(aBatch({ key: key(n), running: of(n) }));
  await refuse(...all);
  const found = (filter: RecordQuery["filter"], order: RecordQuery["order"] = "newest") =>
    directory.recordStore.found({ domain, cursor: null, order, limit: 5, filter: { ...filter } });
  let times = size;
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    publish: () => directory.publish(aBatch({ key: key(1), running: { ...of(++times), alerts: ["posts"] } })),
    end: () => directory.publish(aBatch({ key: key(2), records: [aConferenceRecord({ life: ++times })] })),
    refuse: () => refuse(++times),
    swept: () => directory.list.swept(domain, { failed: [key(3)], running: [key(4)], over: [key(5)] }),
    stats: () => directory.stats(),
    alerts: () => directory.alertStore.alerts(domain),
    running: () => list(world, { limit: 5 }),
    affected: () => list(world, { limit: 5, affected: true }),
    text: () => list(world, { limit: 5, text: "Meeting 7." }),
    "prompt calls": () => directory.promptStore.promptCalls({ before: null, limit: 5 }),
    records: () => found({}),
    "records by end": () => found({ endedBy: "operator", bridge: "main", status: "failed" }, "oldest"),
    find: () => found({ text: number(7) }),
    audit: () => directory.audit(null, 5),
  };
  return { sql: world.sql, steps };
}

test("no input and no look of a directory grows with what it has", async () => {
  const [ran, slow] = [new Set<string>(), new Set<string>()];
  const costs = [];
  for (const size of [10, 300]) {
    const { sql, steps } = await worldOf(size);
    // The first time, an instance reads what it keeps in memory.
    for (const step of Object.values(steps)) await step();
    const exec = sql.exec.bind(sql);
    const cost: Record<string, readonly number[]> = {};
    for (const [name, step] of Object.entries(steps)) {
      let [statements, rows] = [0, 0];
      sql.exec = (query, ...values) => {
        const answer = exec(query, ...values);
        [statements, rows] = [statements + 1, rows + answer.length];
        ran.add(query);
        return answer;
      };
      await step();
      sql.exec = exec;
      cost[name] = [statements, rows];
    }
    costs.push(cost);
    for (const query of ran.keys())
      for (const { detail } of exec(`EXPLAIN QUERY PLAN ${query}`))
        if (/^SCAN|TEMP B-TREE/.test(`${detail}`) && !small.test(`${detail} of ${query}`))
          slow.add(`${detail}: ${query}`);
  }
  expect([...slow]).toEqual([]);
  expect(costs[1]).toEqual(costs[0]);
});
