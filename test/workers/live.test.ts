import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ConfKey, DomainName, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { done } from "../builders.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { operatorToken, viewerToken } from "./test-domains.ts";

const domain = "local" as DomainName;
const confKey = "987650900" as ConfKey;
const directory = () => env.DIRECTORY.getByName(domain);
const conference = () => env.CONFERENCE.getByName(`${domain}/${confKey}`);
const running = () => directory().running({ domain, after: null, limit: 9 });
const open: WebSocket[] = [];

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("", { status: 500 }));
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const socket of open.splice(0)) socket.close();
});

/** All that a page hears, and the code by which its socket was closed. */
interface Watcher {
  readonly socket: WebSocket;
  readonly heard: string[];
  readonly closed: number[];
}

function ask(path: string, token: string): Promise<Response> {
  const headers = { upgrade: "websocket", authorization: `Bearer ${token}` };
  return exports.default.fetch(`http://edge.example.com/console/live/${path}`, { headers });
}

async function watch(path: string, token = viewerToken): Promise<Watcher> {
  const { webSocket: socket } = await ask(path, token);
  if (!socket) throw new Error("there is no socket");
  const watcher: Watcher = { socket, heard: [], closed: [] };
  socket.addEventListener("message", ({ data }) => {
    watcher.heard.push(String(data));
  });
  socket.addEventListener("close", ({ code }) => {
    watcher.closed.push(code);
  });
  socket.accept();
  open.push(socket);
  return watcher;
}

const page = (key: string) => aBatch({ key, running: {} });

async function create(): Promise<void> {
  const extConfId = "h1" as ExtConfId;
  const transId = "t1" as TransId;
  await env.HANDLE_INDEX.getByName(domain).resolve({ domain, transId, claims: [{ extConfId, confKey }], handles: [] });
  const message = {
    type: "create-conference",
    msgId: "m1",
    replyTo: "127.0.0.1:8801",
    extConfId,
    confKey,
  } as FromWebex;
  await conference().receive({ domain, confKey, transId, messages: [message] });
}

test("who watches a domain hears of a change when it is there to be read", async () => {
  const { socket, heard } = await watch("local");
  const totals: Promise<number>[] = [];
  socket.addEventListener("message", () => {
    totals.push(running().then(({ total }) => total));
  });
  await directory().publish(page("1"));
  await vi.waitFor(() => expect(heard).toEqual(['{"changed":true}']));
  expect(await Promise.all(totals)).toEqual([1]);
});

test("many changes are told together", async () => {
  const { heard } = await watch("local");
  const begunAt = Date.now();
  for (let key = 0; key < 50; key += 1) await directory().publish(page(String(key)));
  await vi.waitFor(() => expect(heard).not.toEqual([]));
  expect(heard.length).toBeLessThanOrEqual(1 + (Date.now() - begunAt) / 250);
});

test("who watches a conference hears of its commits", async () => {
  await create();
  const { heard } = await watch(`local/${confKey}`);
  const [command] = (await conference().view())?.commands ?? [];
  const report = { number: 1, report: done(command?.id) } as never;
  const reports = { domain, confKey, bridge: "simulated", stream: "s", activeSince: null, reports: [report] } as never;
  await conference().report(reports);
  await vi.waitFor(() => expect(heard).not.toEqual([]));
  expect(await conference().view()).toMatchObject({ phase: "running" });
});

test("an object that sleeps keeps its watchers, and answers their pings in its sleep", async () => {
  await directory().publish(page("1"));
  const { socket, heard } = await watch("local");
  await evictDurableObject(directory());
  socket.send("ping");
  await vi.waitFor(() => expect(heard).toEqual(["pong"]));

  await directory().publish(page("2"));
  await vi.waitFor(() => expect(heard).toEqual(["pong", '{"changed":true}']));
});

test("a socket of more than five minutes is closed in place of the next word, so that whoever watches is admitted anew", async () => {
  const [old, fresh] = [await watch("local"), await watch("local")];
  await runInDurableObject(directory(), (_, ctx) => {
    const [first, second] = ctx.getWebSockets();
    first?.serializeAttachment({ begunAt: Date.now() - 5 * 60_000 });
    second?.serializeAttachment({ begunAt: Date.now() - 5 * 60_000 + 10_000 });
  });
  await directory().publish(page("1"));
  await vi.waitFor(() => expect(fresh.heard.length + old.heard.length).toBe(1));
  await vi.waitFor(() => expect([...old.closed, ...fresh.closed]).toEqual([4000]));
});

test("who says anything is cut off", async () => {
  const { socket, closed } = await watch("local");
  socket.send("hello");
  await vi.waitFor(() => expect(closed).toEqual([1008]));
});

test("strangers, and whoever sees another domain alone, get no socket; nor is an object made by asking", async () => {
  expect((await ask("local", "wrong")).status).toBe(401);
  expect((await ask("harbour", viewerToken)).status).toBe(404);
  expect((await ask(`harbour/${confKey}`, viewerToken)).status).toBe(404);
  expect((await ask("local/4711", viewerToken)).status).toBe(404);
  const { webSocket } = await ask("harbour", operatorToken);
  webSocket?.accept();
  webSocket?.close();
  expect(webSocket).toBeTruthy();
});

test("watching writes no row", async () => {
  await watch("local");
  await runInDurableObject(directory(), async (_, { storage }) => {
    expect(
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    ).toEqual([]);
    expect(await storage.getAlarm()).toBeNull();
  });
});
