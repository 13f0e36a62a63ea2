import { expect, test } from "vitest";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, createConference, extConfId, host, lock } from "./conference-world.ts";

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

test("a server that hangs holds up no other one: an answer to the second goes out at once", async () => {
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
  const moved = { msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" as ExtConfId } as never;
  await world.received("t-create", createConference(moved));
  await world.time.pass(100);

  expect(world.posted.at(-1)?.url).toBe("http://localhost:8802/");
  expect(world.posted.at(-1)?.body).toContain("A2W_RspCreateConference");
});

test("client data goes to the back end as JSON, each piece with a key of its own that its repeats keep (protocol 4.22)", async () => {
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
  expect([first === again, first === second, typeof first]).toEqual([true, false, "string"]);
});

test("client data is tried three times, also across a restart, and holds up no message to WebEx", async () => {
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
  expect(world.outboxRows).toBe(0);
});

test("a message that cannot be written is given up and logged, and the others of its document arrive", async () => {
  const world = await quiet(new ConferenceWorld());
  const { codec } = world.domain;
  const spoilt = (message: ToWebex) =>
    message.msgId === "m-bad" ? ({ ...message, result: "no such result" } as unknown as ToWebex) : message;
  const encode: typeof codec.encode = (transId, messages) => {
    const { unwritable, ...written } = codec.encode(transId, messages.map(spoilt));
    return {
      ...written,
      unwritable: unwritable.map(({ why }) => ({ message: messages.find((m) => m.msgId === "m-bad") as ToWebex, why })),
    };
  };
  world.domain = { ...world.domain, codec: { ...codec, encode } };
  const unknown = { type: "unknown", element: "W2A_New", replyTo: host, extConfId } as unknown as FromWebex;
  const ask = (msgId: string) => ({ ...unknown, msgId }) as FromWebex;
  await world.received("t1", ask("m-good"), ask("m-bad"), ask("m-fine"));
  await world.time.pass(1_000);

  expect(world.posted.map(({ body }) => [...body.matchAll(/ MsgID="([^"]*)"/g)].map(([, msgId]) => msgId))).toEqual([
    ["m-good", "m-fine"],
  ]);
  expect(world.lines.filter(({ event }) => event === "message-unwritable")).toHaveLength(1);
  expect(world.lines.filter(({ event }) => event === "post-given-up")).toMatchObject([
    { messages: "message-error m-bad" },
  ]);
});

test("of more than 1,000 documents for a server that hangs the oldest is given up, which is logged", async () => {
  const world = await quiet(new ConferenceWorld());
  const rows = Array.from({ length: 1_010 }, (_, index) => index);
  world.answer = () => failed;
  world.domain = testDomain({ webex: { retryDelaysMs: [60_000] } });
  world.kill();
  const store = world.stored;
  store.transaction(() => {
    for (const index of rows) {
      const message = { type: "message-error", msgId: `m-${index}` as MsgId, result: "unknown-message" } as const;
      const row = { host: host as WebexHost, transId: `t${index}`, queuedAt: 0, attempts: 1, dueAt: world.time.now };
      store.putDocument({ ...row, seq: 1_000 + index, messages: [message] });
    }
  });
  world.start();
  await world.time.pass(1_000);

  // All others are owed, and the server is probed with the first of them.
  expect([world.outboxRows, world.stored.state.debts.size]).toEqual([0, 1_010]);
  const lost = world.lines.filter(({ event }) => event === "post-given-up");
  expect(lost).toHaveLength(1);
  expect(lost[0]).toMatchObject({ messages: "message-error m-0", why: "1010 documents wait for this host" });
});

test("what waits for a server that hangs costs no other server a document, however much that is", async () => {
  const world = await quiet(new ConferenceWorld());
  const healthy = "localhost:8802" as WebexHost;
  world.answer = async ({ url, transId }) => {
    if (url.includes("8801")) return hangs;
    await world.time.wait(500);
    return world.confirmed(transId);
  };
  world.kill();
  const store = world.stored;
  store.transaction(() => {
    for (let index = 0; index < 1_005; index += 1) {
      const message = { type: "message-error", msgId: `m-${index}` as MsgId, result: "unknown-message" } as const;
      const row = { transId: `t${index}`, queuedAt: 0, attempts: 1, dueAt: world.time.now, messages: [message] };
      store.putDocument({ ...row, seq: 1_000 + index, host: index < 10 ? healthy : (host as WebexHost) });
    }
  });
  world.start();
  await world.time.pass(6_000);

  const toHealthy = world.posted.filter(({ url }) => url.includes("8802"));
  expect(toHealthy.map(({ transId }) => transId)).toEqual(Array.from({ length: 10 }, (_, index) => `t${index}`));
  expect(world.lines.filter(({ event }) => event === "post-given-up")).toEqual([]);
  expect(world.outboxRows).toBe(995);
});

test("a server that confirms each document after 9 s fills no disk", async () => {
  const world = await quiet(new ConferenceWorld());
  world.answer = async ({ transId }) => {
    await world.time.wait(9_000);
    return world.confirmed(transId);
  };
  world.kill();
  const store = world.stored;
  store.transaction(() => {
    for (let index = 0; index < 1_010; index += 1) {
      const message = { type: "message-error", msgId: `m-${index}` as MsgId, result: "unknown-message" } as const;
      const row = { host: host as WebexHost, transId: `t${index}`, queuedAt: 0, attempts: 1, dueAt: world.time.now };
      store.putDocument({ ...row, seq: 1_000 + index, messages: [message] });
    }
  });
  world.start();
  await world.time.pass(10_000);

  expect([world.outboxRows, world.stored.state.debts.size]).toEqual([0, 1_009]);
});

test("an object whose memory cannot be trusted after a failed commit ends its life, and the next one goes on", async () => {
  const world = await quiet(new ConferenceWorld());
  const { exec } = world.sql;
  const tooLarge = { ...clientData(1), data: "x".repeat(2_000_000) } as FromWebex;
  let isBroken = true;
  world.sql.exec = (query, ...bindings) => {
    if (isBroken && query.startsWith("SELECT key")) throw new Error("the disk is away");
    return exec.call(world.sql, query, ...bindings);
  };
  const lost = world.receive("t1", lock("m1"), tooLarge);
  lost.catch(() => {});
  await world.time.pass(100);
  expect(world.aborts).toEqual(["the store is lost: Error: the disk is away"]);

  isBroken = false;
  world.start();
  expect(await world.received("t2", lock("m2"))).toBe(true);
});

test("while the disk is full a document is tried after 1, 2, 4 … 60 seconds, and within one after the first transaction that succeeds", async () => {
  const world = await quiet(new ConferenceWorld());
  const { transaction } = world.sql;
  let isFull = false;
  world.sql.transaction = (work) => {
    if (isFull) throw new Error("database or disk is full");
    return transaction.call(world.sql, work) as ReturnType<typeof work>;
  };
  world.answer = () => {
    isFull = true;
    return failed;
  };
  /** The seconds between the tries. */
  const tries = async (seconds: number): Promise<number[]> => {
    const gaps = [0];
    for (let second = 0; second < seconds; second += 1) {
      const before = world.lines.length;
      await world.time.pass(1_000);
      gaps.push((gaps.pop() ?? 0) + 1);
      if (world.lines.slice(before).some(({ event }) => event === "delivery-broke")) gaps.push(0);
    }
    return gaps.slice(0, -1);
  };
  await world.reported(callerEntered(1));
  expect(await tries(190)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);

  isFull = false;
  world.answer = ({ transId }) => world.confirmed(transId);
  const posted = world.posted.length;
  await world.received("t-lock", lock("m-lock"));
  await world.time.pass(1_000);
  expect(world.posted.slice(posted)[0]?.body).toContain("A2W_NotifyUserEnter");

  world.answer = () => {
    isFull = true;
    return failed;
  };
  await world.reported(callerEntered(2));
  expect(await tries(4)).toEqual([1, 2]);
  expect(world.lines.filter(({ event }) => event === "delivery-broke")).toHaveLength(12);
});
