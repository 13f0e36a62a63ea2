import { evictAllDurableObjects, listDurableObjectIds } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { ConfKey, DomainName, ExtConfId, TransId } from "../../src/foundation/ids.ts";

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
