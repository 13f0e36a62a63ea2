import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tables } from "../../durable-objects/directory/directory-store.ts";
import { Webhooks } from "../../durable-objects/directory/webhooks.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { Sql } from "../../durable-objects/platform/platform.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { BridgeName, ConfKey, DomainName, StreamId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { done, entered, event } from "../builders.ts";
import { webhookSecret } from "./test-domains.ts";

const domain = "harbour" as DomainName;
const confKey = "987650900" as ConfKey;
const replyTo = "127.0.0.1:8801" as WebexHost;
const conference = () => env.CONFERENCE.getByName(`${domain}/${confKey}`);
const directory = () => env.DIRECTORY.getByName(domain);
let posted: { readonly id: string; readonly type: string }[] = [];
let works = true;
let reports = 0;

beforeEach(() => {
  posted = [];
  works = true;
  reports = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init) => {
    const body = String(init?.body);
    if (!String(url).startsWith("https://voice.example.com/")) {
      const transId = /<TransID>(\d+)/.exec(body)?.[1];
      return new Response(`<WbxTSPSchema><TransID>${transId}</TransID><Confirmation Result="0"/></WbxTSPSchema>`);
    }
    if (!works) throw new Error("nobody listens");
    const headers = Object.fromEntries(new Headers(init?.headers));
    const { type } = new Webhook(webhookSecret).verify(body, headers) as { readonly type: string };
    posted.push({ id: headers["webhook-id"] ?? "", type });
    return new Response(null, { status: 204 });
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function report(...all: readonly Report[]): Promise<void> {
  const numbered = all.map((one, index) => ({ number: reports + 1 + index, report: one }));
  reports += all.length;
  const [bridge, stream] = ["simulated" as BridgeName, "stream-1" as StreamId];
  await conference().report({ domain, confKey, bridge, stream, activeSince: null, reports: numbered });
}

test("webhooks are signed on the platform so that a receiver can verify them, and outlive an eviction", async () => {
  const create = { type: "create-conference", msgId: "m1", replyTo, extConfId: "h1", confKey } as FromWebex;
  await conference().receive({ domain, confKey, transId: "t1" as TransId, messages: [create] });
  const [command] = (await conference().view())?.commands ?? [];
  if (!command) return expect.unreachable();
  await report(done(command.id), entered({ call: "c1", number: "4420" }));
  await vi.waitFor(() => expect(posted.map(({ type }) => type)).toEqual(["conference.started", "call.joined"]));

  works = false;
  await report(event({ type: "conference-ended" }));
  await vi.waitFor(
    async () => expect(await directory().webhooks(domain)).toMatchObject([{ waiting: 2, failure: { attempts: 1 } }]),
    5_000,
  );
  works = true;
  // As if the pause after the failure were over.
  await runInDurableObject(directory(), (_, { storage: { sql } }) => {
    sql.exec("UPDATE webhook_receiver SET data = json_set(data, '$.failedAt', 0)");
  });
  await evictDurableObject(directory());
  expect(await runDurableObjectAlarm(directory())).toBe(true);
  await vi.waitFor(() => expect(posted).toHaveLength(4));
  expect(posted.map(({ type }) => type).slice(2)).toEqual(["call.left", "conference.ended"]);
  expect(new Set(posted.map(({ id }) => id)).size).toBe(4);
  expect(await directory().webhooks(domain)).toMatchObject([{ waiting: 0, failure: null, givenUp: 0 }]);
});

test("an event reads and costs no more rows where a thousand refused ones, and a thousand of another receiver, wait", async () => {
  const url = "https://voice.example.com/refuses";
  const [refuses, dead] = [url, "https://voice.example.com/dead"].map((url) => ({
    url,
    secretFrom: "S",
  }));
  if (!refuses || !dead) return expect.unreachable();
  const counted = await runInDurableObject(directory(), async (_, { storage }) => {
    const cursors: SqlStorageCursor<Record<string, string | number | null>>[] = [];
    const sql: Sql = {
      exec: (query, ...bindings) => {
        const cursor = storage.sql.exec<Record<string, string | number | null>>(query, ...bindings);
        cursors.push(cursor);
        return cursor.toArray();
      },
      transaction: (work) => storage.transactionSync(work),
    };
    for (const table of tables) sql.exec(table);
    const webhooks = new Webhooks({
      sql,
      store: { read: sql.exec as never },
      measures: new Measures(),
      now: () => 1_000_000,
      log: () => {},
      domain: () => domain,
      wakeBy: () => {},
      dropped: () => {},
      receivers: () => [dead, refuses],
      secret: () => webhookSecret,
      post: async (request) =>
        request.url === url
          ? { kind: "answered", status: 400, body: new Uint8Array() }
          : { kind: "failed", reason: "nobody listens" },
    });
    let events = 0;
    const add = async (count: number) => {
      const wanted = events + count;
      for (; events < wanted; events++)
        webhooks.add([{ id: `call.joined:${events}`, type: "call.joined", at: 1_000_000, data: {} }]);
      webhooks.pump();
      const isLeft = () =>
        storage.sql.exec("SELECT id FROM webhook WHERE url = ? AND due = 0", url).toArray().length > 0;
      while (isLeft()) await scheduler.wait(1);
      const sum = (kind: "rowsRead" | "rowsWritten") => cursors.reduce((rows, cursor) => rows + cursor[kind], 0);
      return { read: sum("rowsRead"), written: sum("rowsWritten") };
    };
    await add(1_000);
    cursors.length = 0;
    return add(1);
  });

  expect(counted.read).toBeLessThan(30);
  // One for each receiver, and that it was refused.
  expect(counted.written).toBeLessThanOrEqual(4);
});
