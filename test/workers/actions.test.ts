import { evictAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { BridgeName, ConfKey, DomainName, StreamId } from "../../src/foundation/ids.ts";
import type { AuditPage } from "../../src/rpc/directory.ts";
import type { ActionStages } from "../../src/rpc/timeline.ts";
import { aCaller, done, event } from "../builders.ts";
import { operatorToken, viewerToken } from "./test-domains.ts";

const domain = "local" as DomainName;
const confKey = "987650400" as ConfKey;
const origin = "http://edge.example.com";
const base = `/api/v1/domains/${domain}/conferences/${confKey}`;
const conference = () => env.CONFERENCE.getByName(`${domain}/${confKey}`);
/** What WebEx was sent. */
const posted: string[] = [];
let reports = 0;

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
    posted.push(String(init?.body));
    const transId = /<TransID>(\d+)/.exec(String(init?.body))?.[1];
    return new Response(`<WbxTSPSchema><TransID>${transId}</TransID><Confirmation Result="0"/></WbxTSPSchema>`);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function report(...all: readonly object[]): Promise<void> {
  const numbered = all.map((one, index) => ({ number: reports + 1 + index, report: one as Report }));
  reports += all.length;
  const from = { bridge: "simulated" as BridgeName, stream: "stream-1" as StreamId, activeSince: null };
  await conference().report({ domain, confKey, ...from, reports: numbered });
}

/** The bridge has done all that it was told. */
async function bridgeDoes(): Promise<void> {
  const { commands = [] } = (await conference().view()) ?? {};
  await report(...commands.map(({ id }) => done(id)));
}

function ask(path: string, init: RequestInit = {}, token: string = operatorToken): Promise<Response> {
  return exports.default.fetch(origin + path, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  });
}

test("an action goes its way over the API, from the request to what WebEx is told, also where the object ends meanwhile", async () => {
  const create = `<W2A_CreateConference MsgID="61000000001" WbxHostName="127.0.0.1:8801" ExtConfID="3100400" ConfKey="${confKey}"/>`;
  const body = `<WbxTSPSchema><TransID>1</TransID>${create}</WbxTSPSchema>`;
  expect(await (await exports.default.fetch(`${origin}/tsp/local`, { method: "POST", body })).text()).toContain('"0"');
  await bridgeDoes();
  const caller = aCaller({ call: "c1", number: "4420" });
  await report(event({ type: "caller-entered", caller }));

  const mute = { method: "POST", headers: { "idempotency-key": "k/1" }, body: '{"type":"mute","call":"c1"}' };
  const accepted = await ask(`${base}/actions`, mute);
  const location = accepted.headers.get("location") ?? "";
  expect(accepted.status).toBe(202);
  expect(await accepted.json()).toEqual({ id: "k/1", stages: location });
  const stages = async () => (await (await ask(location, {}, viewerToken)).json()) as ActionStages;
  expect(await stages()).toMatchObject({ person: "operator", sent: [{ type: "mute", result: null }], result: null });

  await evictDurableObject(conference());
  expect((await ask(`${base}/actions`, mute)).status).toBe(202);
  expect((await stages()).sent).toHaveLength(1);
  await bridgeDoes();
  expect(await stages()).toMatchObject({ sent: [{ result: { type: "done" } }], result: { type: "done" } });
  const [, , ...rest] = posted;
  expect(rest.filter((text) => text.includes("A2W_NotifyUserChange"))).toEqual([]);
  expect((await ask(`${base}/actions`, { ...mute, body: '{"type":"lock"}' })).status).toBe(422);
  expect((await ask(`${base}/actions`, mute, viewerToken)).status).toBe(403);

  const lock = await ask(`${base}/actions`, { method: "POST", body: '{"type":"lock"}' });
  const { id } = (await lock.json()) as { id: string };
  await bridgeDoes();
  await vi.waitFor(async () => {
    const told = (await (await ask(`${base}/actions/${id}`)).json()) as ActionStages;
    expect(told).toMatchObject({ result: { type: "done" }, notified: { is: "confirmed" } });
  });
  expect(posted.at(-1)).toContain('Status="2"');
  expect((await ask(`${base}/actions`, { method: "POST", body: '{"type":"mute","call":"c9"}' })).status).toBe(404);

  await evictAllDurableObjects();
  await vi.waitFor(async () => {
    const { entries } = (await (await ask(`/api/v1/domains/${domain}/audit`, {}, viewerToken)).json()) as AuditPage;
    expect(entries.map(({ person, status, action }) => [person, action, status])).toEqual([
      ["operator", "mute", 404],
      ["operator", "lock", 202],
      ["anna", "mute", 403],
      ["operator", "lock", 422],
      ["operator", "mute", 202],
      ["operator", "mute", 202],
    ]);
  });
});
