import { expect, test } from "vitest";
import type { BridgeName, CallId, ConfKey } from "../../../src/foundation/ids.ts";
import type { RecordQuery } from "../../../src/rpc/directory.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { aConferenceRecord } from "../../records/a-record.ts";
import { aBatch } from "../a-batch.ts";
import { call, DirectoryWorld, domain, list } from "./world.ts";

/** Scans of tables with few rows and of given values, and the sorting of one caller's calls. */
const allowed = /^SCAN (?:about|minute|webhook_receiver|alert|seen|json_each|sqlite_master)\b|ORDER BY \+arrival/;
/** A page of records reads no more than a portion of each table. */
const mostOfRecords = 1_000;

const number = (n: number) => String(15_550_000_000 + n);
const key = (n: number) => String(1_000 + n) as ConfKey;

/** Returns inputs and views of a directory with `size` conferences, refused calls and records. */
async function worldOf(size: number) {
  const world = new DirectoryWorld();
  const { list: running, alertStore, promptStore, recordStore } = world.directory;
  const all = Array.from({ length: size }, (_, n) => n);
  const publish = (said: object) => world.directory.publish(aBatch(said));
  const runs = (n: number, topic = n) =>
    publish({
      key: key(n),
      running: { topic: `Meeting ${topic}.`, alerts: ["posts"], people: [{ number: number(n) }] },
    });
  const refuse = (...calls: readonly number[]) =>
    promptStore.keepPromptCalls(domain, {
      bridge: "main" as BridgeName,
      calls: calls.map((n) => {
        const who = { call: `p${n}` as CallId, number: number(n % 3), dialled: "18005551234", at: worldBegins + n };
        return { ...who, steps: [], end: { at: who.at, why: "unknown-keys" } };
      }),
    });
  const found = (filter: RecordQuery["filter"], order: RecordQuery["order"] = "newest") =>
    recordStore.found({ domain, cursor: null, order, limit: 5, filter: { ...filter } });
  await publish({
    records: all.flatMap((n) => [call(`c${n}`, { number: number(n) }), aConferenceRecord({ life: n })]),
  });
  for (const n of all) await runs(n);
  await refuse(...all);
  let times = size;
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    publish: () => runs(1, ++times),
    end: () => publish({ key: key(2), records: [aConferenceRecord({ life: ++times })] }),
    refuse: () => refuse(++times),
    swept: () => running.swept(domain, { failed: [key(3)], running: [key(4)], over: [key(5)] }),
    stats: () => world.directory.stats(),
    alerts: () => alertStore.alerts(domain),
    running: () => list(world, { limit: 5 }),
    affected: () => list(world, { limit: 5, affected: true }),
    text: () => list(world, { limit: 5, text: "Meeting 7." }),
    "prompt calls": () => promptStore.promptCalls({ before: null, limit: 5 }),
    records: () => found({}),
    "records by end": () => found({ endedBy: "caller", status: "completed" }, "oldest"),
    "records by text": () => found({ text: number(7) }),
    audit: () => world.directory.audit(null, 5),
  };
  // Fill the instance's memory.
  for (const step of Object.values(steps)) await step();
  return { sql: world.sql, steps };
}

test("reads equally many rows in a small and a large directory", async () => {
  const [slow, costs] = [new Set<string>(), [] as object[]];
  for (const size of [10, 300]) {
    const { sql, steps } = await worldOf(size);
    const exec = sql.exec.bind(sql);
    const cost: Record<string, readonly number[]> = {};
    for (const [name, step] of Object.entries(steps)) {
      const ran: string[] = [];
      let rows = name.startsWith("records") ? mostOfRecords : 0;
      sql.exec = (query, ...values) => {
        const answer = exec(query, ...values);
        ran.push(query);
        rows = name.startsWith("records") ? Math.max(rows, answer.length) : rows + answer.length;
        return answer;
      };
      await step();
      cost[name] = [ran.length, rows];
      for (const query of ran)
        for (const { detail } of exec(`EXPLAIN QUERY PLAN ${query}`))
          if (/^SCAN|TEMP B-TREE/.test(`${detail}`) && !allowed.test(`${detail} of ${query}`))
            slow.add(`${name}: ${detail}: ${query}`);
    }
    costs.push(cost);
  }
  expect([...slow]).toEqual([]);
  expect(costs[1]).toEqual(costs[0]);
});
