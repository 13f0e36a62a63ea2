import { expect, test } from "vitest";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, createConference, extConfId, lock } from "./conference-world.ts";

const failed: HttpAnswer = { kind: "failed", reason: "TimeoutError" };
const accepted: HttpAnswer = { kind: "answered", status: 204, body: new Uint8Array() };
const hangs = new Promise<never>(() => {});
const backEnd = "http://127.0.0.1:9/client";

async function quiet(world: ConferenceWorld): Promise<ConferenceWorld> {
  await world.running(1);
  world.posted.length = 0;
  return world;
}

function clientData(index: number): FromWebex {
  const data = `data-${index}`;
  return { type: "passthrough", msgId: `m-data-${index}` as MsgId, extConfId, extCallId: "1001", data } as FromWebex;
}

test("a hanging server delays no answer to another one", async () => {
  const world = await quiet(new ConferenceWorld());
  const other = "localhost:8802" as WebexHost;
  world.answer = (posted) => (posted.url.includes("8801") ? hangs : world.confirmed(posted.transId));
  await world.reported(callerEntered(1));
  await world.received("t-lock", { ...lock("m-lock"), replyTo: other } as FromWebex);
  await world.allDone();
  await world.time.pass(100);

  expect(world.posted.map(({ url }) => url)).toEqual(["http://127.0.0.1:8801/", "http://localhost:8802/"]);
  expect(world.posted[1]?.body).toContain("A2W_RspUpdateConference");
});

test("the successor of a server that hangs does not wait for it (protocol 4.9)", async () => {
  const world = await quiet(new ConferenceWorld());
  world.answer = (posted) => (posted.url.includes("8801") ? hangs : world.confirmed(posted.transId));
  await world.reported(callerEntered(1));
  await world.received("t-create", createConference({ replyTo: "localhost:8802", extConfId: "7002" }));
  await world.time.pass(100);

  expect(world.posted.at(-1)?.url).toBe("http://localhost:8802/");
  expect(world.posted.at(-1)?.body).toContain("A2W_RspCreateConference");
});

test("posts client data as JSON, each with an idempotency key (protocol 4.22)", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ passthroughUrl: backEnd });
  await quiet(world);
  world.answer = () => (world.posted.length < 2 ? failed : accepted);
  await world.received("t1", clientData(1), clientData(2));
  await world.time.pass(5_000);

  expect(world.posted.map(({ url, contentType, body }) => [url, contentType, JSON.parse(body).data])).toEqual([
    [backEnd, "application/json", "data-1"],
    [backEnd, "application/json", "data-1"],
    [backEnd, "application/json", "data-2"],
  ]);
  const [first, again, second] = world.posted.map((posted) => "idempotencyKey" in posted && posted.idempotencyKey);
  expect(first).toEqual(expect.any(String));
  expect(again).toBe(first);
  expect(second).not.toBe(first);
});

test("client data has three attempts and delays no message to WebEx", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ passthroughUrl: backEnd });
  await quiet(world);
  world.answer = (posted) => (posted.url === backEnd ? failed : world.confirmed(posted.transId));
  await world.received("t1", clientData(1));
  world.start();
  await world.reported(callerEntered(1));
  await world.time.pass(10_000);

  expect(world.posted.filter(({ url }) => url === backEnd)).toHaveLength(3);
  expect(world.posted.filter(({ body }) => body.includes("A2W_NotifyUserEnter"))).toHaveLength(1);
  expect(world.lines.filter(({ messages }) => messages === "client-data m-data-1")).toHaveLength(1);
});

test.each([
  [199, 3],
  [200, 1],
  [299, 1],
  [300, 3],
  [302, 3],
])("a back end that answers with %i gets the same data %i times", async (status, times) => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ passthroughUrl: backEnd });
  await quiet(world);
  world.answer = () => ({ kind: "answered", status, body: new Uint8Array() });
  await world.received("t1", clientData(1));
  await world.time.pass(10_000);

  expect(world.posted).toHaveLength(times);
});
