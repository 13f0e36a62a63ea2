import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { PromptCall } from "../../src/bridge/prompt-call.ts";
import type {
  BridgeName,
  CallId,
  ConfKey,
  DomainName,
  StreamId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import { noCounts } from "../../src/records/counts.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { done, entered, event } from "../builders.ts";

const domain = "local" as DomainName;
let confKey = "987650300" as ConfKey;
let reports = 0;
const directory = () => env.DIRECTORY.getByName(domain);
const conference = () => env.CONFERENCE.getByName(`${domain}/${confKey}`);
const running = () => directory().running({ domain, after: null, limit: 10 });
async function records() {
  const query = { domain, cursor: null, order: "oldest", limit: 10, filter: { conference: confKey } } as const;
  return (await directory().records(query)).records.map(({ record }) => record);
}

beforeEach(() => {
  confKey = String(Number(confKey) + 1) as ConfKey;
  reports = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
    const transId = /<TransID>(\d+)/.exec(String(init?.body))?.[1];
    return new Response(`<WbxTSPSchema><TransID>${transId}</TransID><Confirmation Result="0"/></WbxTSPSchema>`);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function report(...all: readonly Report[]): Promise<void> {
  const first = reports + 1;
  reports += all.length;
  const numbered = all.map((one, index) => ({ number: first + index, report: one }));
  const bridge = "simulated" as BridgeName;
  const stream = "stream-1" as StreamId;
  await conference().report({ domain, confKey, bridge, stream, activeSince: null, reports: numbered });
}

/** A conference that runs, with one caller. */
async function run(): Promise<void> {
  const replyTo = "127.0.0.1:8801" as WebexHost;
  const create = { type: "create-conference", msgId: "m1", replyTo, extConfId: `h${confKey}`, confKey } as FromWebex;
  await conference().receive({ domain, confKey, transId: `t${confKey}` as TransId, messages: [create] });
  const view = await conference().view();
  const [command] = view?.commands ?? [];
  if (!command) throw new Error("nothing was sent to the bridge");
  await report(done(command.id), entered({ call: "c1", number: "4420" }));
}

test("a conference is listed while it runs, and leaves its records; both outlive an eviction", async () => {
  await run();
  await vi.waitFor(async () =>
    expect((await running()).conferences).toMatchObject([{ key: confKey, now: { callers: 1 } }]),
  );
  await evictDurableObject(directory());
  expect(await running()).toMatchObject({ total: 1, conferences: [{ now: { callers: 1 } }] });

  await report(event({ type: "conference-ended" }));
  await vi.waitFor(async () =>
    expect(await records()).toMatchObject([
      { kind: "call", conference: confKey, number: "4420", endedBy: "telephone", reason: "conference-ended" },
      { kind: "conference", conference: confKey, calls: 1, endedBy: "telephone" },
    ]),
  );
  expect((await running()).total).toBe(0);
  await evictDurableObject(conference());
  expect(await conference().publish(false)).toBe(true);
  expect(await records()).toHaveLength(2);
});

test("a lost directory refills itself from the conferences", async () => {
  await run();
  await report(event({ type: "conference-ended" }));
  await vi.waitFor(async () => expect(await records()).toHaveLength(2));
  await runInDurableObject(directory(), (_, { storage }) => storage.deleteAll());
  await evictDurableObject(directory());
  expect(await records()).toEqual([]);

  await directory().serverRefused(domain, "tsp9");
  expect(await runDurableObjectAlarm(directory())).toBe(true);
  await vi.waitFor(async () => expect(await records()).toHaveLength(2));
});

test("what was posted is in the directory by its host, and outlives an eviction", async () => {
  // One to which no conference of the other tests has told something in this minute.
  const own = env.DIRECTORY.getByName("its own");
  const requests = { confirmed: 2, refused: 0 };
  const hosts = [{ host: "tsp" as WebexHost, confirmed: 3, failed: 0, givenUp: 0, tookMs: 60, lastFailure: null }];
  await own.count(domain, { source: "p", version: 1, counts: { ...noCounts, requests, hosts } });
  await evictDurableObject(own);
  expect((await own.stats()).minutes).toMatchObject([{ requests, hosts }]);
});

test("calls at the prompt are kept on the platform, each once, and outlive an eviction", async () => {
  const call = { call: "p1" as CallId, number: "14085550107", dialled: "", at: 1_000 };
  const steps = [{ type: "wrong-key", at: 2_000, digits: 4 }] as const;
  const keep = (...calls: readonly PromptCall[]) =>
    directory().keepPromptCalls(domain, { bridge: "simulated" as BridgeName, calls });
  await keep({ ...call, steps, end: null });
  const end = { at: 9_000, why: "unknown-keys" } as const;
  await keep(...[1, 2, 3].map((n) => ({ ...call, call: `p${n}` as CallId, steps, end })));
  await evictDurableObject(directory());

  const page = await directory().promptCalls({ number: "408-555-0107", before: null, limit: 2 });
  expect(page).toMatchObject({ calls: [{ call: "p3", end }, { call: "p2" }], next: expect.any(Number) });
});
