import { evictAllDurableObjects, listDurableObjectIds } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { ConfKey, DomainName, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import { operatorToken } from "./test-domains.ts";

const create = (extConfId: string, confKey: string) =>
  `<W2A_CreateConference MsgID="${extConfId}" WbxHostName="127.0.0.1:1" ExtConfID="${extConfId}" ConfKey="${confKey}"/>`;
const lock = (extConfId: string) =>
  `<W2A_UpdateConference MsgID="9${extConfId}" ExtConfID="${extConfId}" ActionCode="1"/>`;
const document = (transId: string, ...messages: string[]) =>
  `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${messages.join("")}</WbxTSPSchema>`;

const ask = (path: string, init: RequestInit = {}) => exports.default.fetch(`http://edge.example.com${path}`, init);
const post = (body: BodyInit) => ask("/tsp/local", { method: "POST", body });
const resultOf = async (response: Response) => [response.status, /Result="(-?\d+)"/.exec(await response.text())?.[1]];

async function exists<Class extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<Class>,
  name: string,
): Promise<boolean> {
  return (await listDurableObjectIds(namespace)).some((id) => id.equals(namespace.idFromName(name)));
}

const listIds = (namespace: DurableObjectNamespace<Rpc.DurableObjectBranded>) => listDurableObjectIds(namespace);

test("a document is confirmed in the form that WebEx reads", async () => {
  const response = await post(document("52491000001", create("7000001", "555111222")));

  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/xml; charset=UTF-8");
  expect(await response.text()).toMatch(
    /^<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>52491000001<\/TransID><Confirmation Result="0"(\/>|><\/Confirmation>)<\/WbxTSPSchema>$/,
  );
});

test("a document about two conferences reaches both, and its repeat is confirmed alike", async () => {
  const body = document("1", create("7000001", "555111222"), create("7000002", "555333444"), lock("7000001"));

  expect(await resultOf(await post(body))).toEqual([200, "0"]);
  expect(await resultOf(await post(body))).toEqual([200, "0"]);

  expect(await exists(env.CONFERENCE, "local/555111222")).toBe(true);
  expect(await exists(env.CONFERENCE, "local/555333444")).toBe(true);
});

test("a refused document makes nothing", async () => {
  const body = document("1", create("7000091", "555999111"), create("7000092", ""));

  expect(await resultOf(await post(body))).toEqual([200, "-7"]);
  expect(await resultOf(await post("<"))).toEqual([200, "-2"]);

  expect(await exists(env.CONFERENCE, "local/555999111")).toBe(false);
  expect(await env.HANDLE_INDEX.getByName("local").hasConference("555999111" as ConfKey)).toBe(false);
});

test("other methods, other domains and too long a body are refused by status", async () => {
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode(" ".repeat(65_536))),
  });

  expect((await ask("/tsp/local")).status).toBe(405);
  expect((await ask("/tsp/other", { method: "POST", body: document("1") })).status).toBe(404);
  expect((await post(" ".repeat(1024 * 1024 + 1))).status).toBe(413);
  expect((await post(endless)).status).toBe(413);
});

test("a compressed document is read; one that becomes too long, or cannot be decompressed, is refused", async () => {
  const compressed = async (text: string) => {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const postGzip = (body: BodyInit) =>
    ask("/tsp/local", { method: "POST", body, headers: { "content-encoding": "gzip" } });
  const body = await compressed(document("52491000002", create("7000003", "555111333")));

  expect(await resultOf(await postGzip(body))).toEqual([200, "0"]);
  expect((await postGzip(await compressed(" ".repeat(16 * 1024 * 1024)))).status).toBe(413);
  expect(await resultOf(await postGzip(body.subarray(0, -9)))).toEqual([200, "-2"]);
  expect(await resultOf(await postGzip(new Uint8Array()))).toEqual([200, "-2"]);
  expect(await exists(env.CONFERENCE, "local/555111333")).toBe(true);
});

test("the edge is alive, not ready without an agent, and closed without the operator's token", async () => {
  const headers = { authorization: `Bearer ${operatorToken}` };

  expect((await ask("/healthz")).status).toBe(200);
  const ready = await ask("/readyz");
  expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ ready: false })]);
  expect((await ask("/api/v1/x")).status).toBe(401);
  expect((await ask("/api/v1/x", { headers })).status).toBe(404);
});

test("thousands of unknown handles and keys make no object of their own", async () => {
  const count = async () =>
    (await Promise.all([env.HANDLE_INDEX, env.CONFERENCE, env.MAILBOX].map(listIds))).map(({ length }) => length);
  await post(document("0", lock("7999999"))); // The index of the domain is there, or made now.
  const before = await count();
  const drop = (extConfId: number) => `<W2A_DropUser MsgID="${extConfId}" ExtConfID="${extConfId}" ExtCallID="9"/>`;
  for (let first = 1; first <= 2_000; first += 50) {
    const drops = Array.from({ length: 50 }, (_, number) => drop(first + number));
    expect(await resultOf(await post(document(`${first}`, ...drops)))).toEqual([200, "0"]);
  }
  const namedOnly = `<W2A_RspNotifyUserEnter MsgID="00000000001" ExtCallID="9"/>`;
  expect(await resultOf(await post(document("named", namedOnly)))).toEqual([200, "0"]);
  for (let key = 0; key < 20; key += 1) expect((await changeConnectData(`${key}`)).status).toBe(404);

  expect(await count()).toEqual(before);
});

const changeConnectData = (confKey: string) =>
  ask(`/api/v1/domains/local/conferences/${confKey}/hybrid`, {
    method: "PUT",
    headers: { authorization: `Bearer ${operatorToken}` },
    body: JSON.stringify({ connectData: "x" }),
  });

test("an operator request for a conference that does not run is 404", async () => {
  const response = await changeConnectData("555999999");

  expect(response.status).toBe(404);
});

// The last one here: a reset does not reach the storage of what was evicted.
test("a handle finds its conference also after everything was evicted", async () => {
  await post(document("1", create("7000001", "555111222")));

  await evictAllDurableObjects();

  expect(await resultOf(await post(document("2", lock("7000001"))))).toEqual([200, "0"]);
  const handles = ["7000001" as ExtConfId];
  const found = await env.HANDLE_INDEX.getByName("local").resolve({
    domain: "local" as DomainName,
    transId: "3" as TransId,
    claims: [],
    handles,
  });
  expect([...(found ?? [])]).toEqual([["7000001", "555111222"]]);
});
