import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { GenericDriver } from "../../bridge-agent/drivers/generic.ts";
import { openSocket } from "../../bridge-agent/node-ports.ts";
import { decodeBridgeToAgent, REPLACED_CODE } from "../../src/bridge/protocol.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { Clock } from "../kit/clock.ts";

const hello = { type: "hello", version: 3, bootId: "b1", ports: 24 };

/** Of a caller whom each agent hears. */
const anyEvent = { type: "prompted", call: "c1", number: "", dialled: "" };

let server: WebSocketServer;
let time: Clock;
let driver: GenericDriver;
let url: string;
let next: (report: DriverReport) => void;
let reports: DriverReport[];

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  time = new Clock();
  driver = new GenericDriver(
    { url },
    { openSocket, timers: time, monotonicMs: () => time.now, random: () => 1 },
    { agent: "agent-1", owner: "local/simulated" },
  );
  next = () => {};
  reports = [];
});
afterEach(async () => {
  await driver.stop();
  for (const client of server.clients) client.terminate();
  server.close();
});

async function connection(begin = () => driver.start(keep)): Promise<WebSocket> {
  const connected = once(server, "connection");
  begin();
  const [socket] = await connected;
  return socket;
}
function keep(report: DriverReport): void {
  reports.push(report);
  next(report);
}
function nextReport(): Promise<DriverReport> {
  return new Promise((resolve) => {
    next = resolve;
  });
}
async function say(socket: WebSocket, message: unknown): Promise<DriverReport> {
  const report = nextReport();
  socket.send(JSON.stringify(message));
  return report;
}
async function heard(socket: WebSocket): Promise<unknown> {
  const [data] = await once(socket, "message");
  return JSON.parse(String(data));
}
/** Lets time pass, and gives what is reported while it does. */
async function reportAfter(ms: number): Promise<DriverReport> {
  const report = nextReport();
  time.advance(ms);
  return report;
}

test("a hello connects, with the ports of the bridge", async () => {
  const socket = await connection();
  expect(await say(socket, hello)).toEqual({ type: "connected", bootId: "b1", ports: 24 });
});

test("a hello names missing abilities; unknown ones are ignored", async () => {
  const socket = await connection();
  expect(await say(socket, { ...hello, cannot: ["teleport", "dial"] })).toEqual({
    type: "connected",
    bootId: "b1",
    ports: 24,
    cannot: ["dial"],
  });
});

test("disconnects a bridge that sends no hello within 2 s", async () => {
  await connection();
  time.advance(1_999);
  expect(reports).toEqual([]);
  expect(await reportAfter(1)).toEqual({
    type: "disconnected",
    why: `the bridge at ${url} does not connect: it has not answered for 2 s`,
    isReplaced: false,
  });
});

test("disconnects 2 s after an unanswered ping; pending results are unknown", async () => {
  const socket = await connection();
  const first = heard(socket);
  await say(socket, hello);
  expect(await first).toMatchObject({ type: "ping" });
  socket.send(JSON.stringify({ type: "pong", id: 1 }));
  await say(socket, anyEvent); // After the pong, which has been read by then.
  const asked = heard(socket);
  const result = driver.execute("o1" as CommandId, "1" as ConfKey, { type: "lock" });
  expect(await asked).toMatchObject({ type: "command", commandId: "o1", conference: "1", command: { type: "lock" } });

  const ping = heard(socket);
  time.advance(1_000);
  expect(await ping).toMatchObject({ type: "ping" });

  expect(await reportAfter(2_000)).toMatchObject({ type: "disconnected" });
  expect(await result).toEqual({ done: "unknown" });
});

test.each([
  [
    "a command",
    () => driver.execute("o1" as CommandId, "1" as ConfKey, { type: "lock" }),
    { done: "unknown", tooSlow: true },
  ],
  ["the state", () => driver.state(), null],
])("disconnects a bridge that answers pings, but not %s for 30 s", async (_, ask, answer) => {
  const socket = await connection();
  socket.on("message", (data) => {
    const { type, id } = JSON.parse(String(data));
    if (type === "ping") socket.send(JSON.stringify({ type: "pong", id }));
    if (type === "ping") socket.send(JSON.stringify(anyEvent)); // The pong was read.
  });
  await say(socket, hello);
  const answered = ask();
  for (let second = 0; second < 29; second += 1) await reportAfter(1_000);
  expect(reports.filter(({ type }) => type === "disconnected")).toEqual([]);

  time.advance(1_000);

  expect(await answered).toEqual(answer);
  const what = answer === null ? "state" : "lock";
  const why = `the bridge at ${url} is lost: it has not answered ${what} for 30 s`;
  expect(reports.at(-1)).toEqual({ type: "disconnected", why, isReplaced: false });
});

test.each([
  ["a command", "state", "lock", () => driver.execute("o1" as CommandId, "1" as ConfKey, { type: "lock" })],
  ["the state", "done", "state", () => driver.state()],
  ["the state", "refused", "state", () => driver.state()],
])("disconnects a bridge that answers %s with %s, and says why", async (_, answer, what, ask) => {
  const socket = await connection();
  const ping = heard(socket);
  await say(socket, hello);
  await ping;
  const question = heard(socket);
  const answered = ask();
  const { id } = (await question) as { id: number };

  const report = await say(socket, { type: answer, id, reason: "refused", state: { conferences: [], calls: [] } });

  const why = `the bridge at ${url} is lost: it answered ${what} with ${answer}`;
  expect(report).toEqual({ type: "disconnected", why, isReplaced: false });
  expect(await answered).toEqual(what === "state" ? null : { done: "unknown" });
});

test("a result and the next event arrive in order in one tick", async () => {
  const socket = await connection();
  const ping = heard(socket);
  await say(socket, hello);
  await ping;
  const asked = heard(socket);
  const order: string[] = [];
  const result = driver.execute("o1" as CommandId, "1" as ConfKey, { type: "lock" }).then(({ done }) => {
    order.push(`done ${done}`);
    setImmediate(() => order.push("next turn"));
  });
  const { id } = (await asked) as { id: number };
  const event = nextReport().then(({ type }) => order.push(type));
  const { _socket: stream } = socket as unknown as { _socket: Socket };
  stream.cork(); // Both in one segment.
  socket.send(JSON.stringify({ type: "done", id }));
  socket.send(JSON.stringify(anyEvent));
  stream.uncork();
  await Promise.all([result, event]);
  await new Promise((resolve) => setImmediate(resolve));

  expect(order).toEqual(["done true", "prompted", "next turn"]);
});

test("pauses between attempts grow from 100 ms to 1 s", async () => {
  const pauses: number[] = [];
  let socket = await connection();
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const closed = once(socket, "close");
    time.advance(2_000); // No hello comes.
    await closed;
    const [pause = Number.NaN] = time.due();
    pauses.push(pause);
    socket = await connection(() => time.advance(pause));
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(reports).toHaveLength(1);
});

test("after a long connection the first retry is quick again", async () => {
  (await connection()).terminate();
  await nextReport();
  const socket = await connection(() => time.advance(100));
  socket.on("message", (data) => {
    const { type, id } = JSON.parse(String(data));
    if (type === "ping") socket.send(JSON.stringify({ type: "pong", id }));
    if (type === "ping") socket.send(JSON.stringify(anyEvent)); // The pong was read.
  });
  await say(socket, hello);
  await nextReport(); // Behind the first pong.
  for (let second = 0; second < 5; second += 1) await reportAfter(1_000);
  const lost = nextReport();
  socket.terminate();
  expect(await lost).toMatchObject({ type: "disconnected" });
  expect(time.due()).toEqual([100]);

  await connection(() => time.advance(100));
  await driver.stop();
  expect(time.due()).toEqual([]);
});

/** Connects as often, each time after its pause, and breaks off after the hello; gives the pauses and what is reported. */
async function greetAndBreak(times: number, breakOff: (socket: WebSocket) => void) {
  const pauses: number[] = [];
  let socket = await connection();
  for (let attempt = 1; ; attempt += 1) {
    await say(socket, hello);
    const lost = nextReport();
    breakOff(socket);
    await lost;
    expect(time.due()).toHaveLength(1);
    const [pause = Number.NaN] = time.due();
    pauses.push(pause);
    if (attempt === times) break;
    socket = await connection(() => time.advance(pause));
  }
  return { pauses, whys: reports.flatMap((report) => (report.type === "disconnected" ? [report.why] : [])) };
}

const growing = [100, 200, 400, 800, 1_600, 3_000, 3_000];

test("backs off from a bridge that closes after its hello", async () => {
  const { pauses, whys } = await greetAndBreak(7, (socket) => socket.close(1001));

  const line = `the bridge at ${url} is lost: it closed the connection (1001)`;
  const advice =
    ", again and again soon after its hello. Either another process is connected under the name agent-1: stop one of the two, or " +
    "give each a name and a key of its own. Or the bridge breaks off: look at its log";
  expect(pauses).toEqual(growing);
  expect(whys).toEqual([line, line, ...new Array(5).fill(line + advice)]);

  server.close(); // That it does not even listen is another matter.
  for (const client of server.clients) client.terminate();
  expect(await reportAfter(3_000)).toMatchObject({
    why: expect.stringMatching(/does not connect: connect ECONNREFUSED [^,]*$/),
  });
});

test.each([
  ["another version", { ...hello, version: 4 }, /: version: must be 3\. Update the bridge program or the agent$/],
  ["something else than hello", { type: "pong", id: 1 }, /began with pong, not with hello/],
  ["something outside the protocol", { type: "hullo" }, /not of the bridge protocol/],
])("disconnects a bridge that begins with %s, and says why", async (_, message, why) => {
  const socket = await connection();
  const report = await say(socket, message);
  expect(report.type === "disconnected" && report.why).toMatch(why);
});

test("drops numbers that are too long and keeps the last 1,000 digits", () => {
  const read = (message: unknown) => decodeBridgeToAgent(JSON.stringify(message));
  const entered = { stage: "entered", call: "c1", direction: "in", conference: "1", room: "main", muted: false };
  const state = (number: string, attendeeId: string | null, keys: string) => {
    const calls = [
      { stage: "prompted", call: "c2", number, dialled: number, keys },
      { ...entered, number, joinTone: true, attendeeId, talking: false },
    ];
    return { type: "state", id: 1, state: { conferences: [], calls } };
  };
  const longest = "4".repeat(64);
  const longer = "4".repeat(1_001);

  expect(read(state(longest, longest, longest))).toEqual({ ok: true, value: state(longest, longest, longest) });
  expect(read(state(`${longest}4`, `${longest}4`, longer))).toEqual({
    ok: true,
    value: state("", null, "4".repeat(1_000)),
  });
  expect(read({ type: "prompted", call: "c1", number: longer, dialled: "" })).toMatchObject({
    ok: true,
    value: { number: "" },
  });
  expect(read({ type: "keys", call: "c1", keys: `${longer}#` })).toMatchObject({
    ok: true,
    value: { keys: `${"4".repeat(999)}#` },
  });
});

test.each([
  ["anna2024", ""],
  ["1408,in,18005551234", ""],
  ["+1-(408)-555.0110", "14085550110"],
  ["4085550100;cpc=payphone", "4085550100"],
])("takes %j of a bridge for the number %j", (said, number) => {
  const prompted = { type: "prompted", call: "c1", number: said, dialled: said };
  expect(decodeBridgeToAgent(JSON.stringify(prompted))).toMatchObject({ value: { number, dialled: number } });
});

test.each([
  ["987654321 is locked", "19 characters that are not JSON"],
  ['{"type":"prompted","call":"c1","number":14085551234}', "number: expected string"],
  ['{"type":"lock-changed","conference":987654321,"locked":true}', "conference: not an id"],
  ['{"type":"lock-changed","conference":"9\\ud800","locked":true}', "conference: not an id"],
  ['{"type":"lock-changed","conference":"9\\u0000","locked":true}', "conference: not an id"],
  ['{"type":"ended","call":"c1","conference":null,"reason":"14085551234"}', expect.not.stringContaining("1408")],
  ['{"type":"14085551234"}', expect.not.stringContaining("1408")],
])("describes the fault in %s without repeating it", (text, why) => {
  expect(decodeBridgeToAgent(text)).toEqual({ ok: false, error: why });
});

test.each([
  ['{"type":"pong","id":1e300}', "id: expected a whole number from 0 on, received 1e+300"],
  ['{"type":"pong","id":2.5}', "id: expected a whole number from 0 on, received 2.5"],
  ['{"type":"hello","version":3,"bootId":"boot1"}', "ports: is missing"],
  ['{"type":"hello","version":3,"bootId":""}', "bootId: expected a text that is not empty"],
  ['{"type":"hang-up"}', expect.stringMatching(/^type: expected \("hello" .*, received "hang-up"$/)],
])("names the wrong number or word in %s", (text, why) => {
  expect(decodeBridgeToAgent(text)).toEqual({ ok: false, error: why });
});

test("retries an invalid state with backoff", async () => {
  const attempts: number[] = [];
  const counted: typeof openSocket = (...how) => {
    attempts.push(time.now);
    return openSocket(...how);
  };
  const identity = { agent: "agent-1", owner: "local/simulated" };
  driver = new GenericDriver(
    { url },
    { openSocket: counted, timers: time, monotonicMs: () => time.now, random: () => 1 },
    identity,
  );
  const answerWith = (socket: WebSocket, state: unknown) =>
    socket.on("message", (data) => {
      const { type, id } = JSON.parse(String(data));
      if (type === "state") socket.send(JSON.stringify({ type, id, state }));
    });
  const badState = { conferences: [], calls: [{ stage: "prompted", call: "c1", number: 14085551234, dialled: "" }] };
  const why = /it sent what is not of the bridge protocol: state\.calls\.0\.number: expected string$/;
  const lost = { type: "disconnected", why: expect.stringMatching(why), isReplaced: false };
  const pauses = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];

  let socket = await connection();
  answerWith(socket, badState);
  await say(socket, hello);
  const reported = nextReport();
  expect(await driver.state()).toBeNull();
  expect(await reported).toEqual(lost);
  for (const pauseMs of pauses.slice(0, -1)) {
    socket = await connection(() => time.advance(pauseMs));
    answerWith(socket, badState);
    const again = nextReport();
    socket.send(JSON.stringify(hello));
    socket.send(JSON.stringify(anyEvent));
    expect(await again, `after ${pauseMs} ms`).toEqual(lost);
    const expel = { type: "expel", call: "c1" as CallId } as const;
    expect(await driver.execute("1" as CommandId, null, expel)).toEqual({ done: false, reason: "unreachable" });
  }
  socket = await connection(() => time.advance(30_000));
  answerWith(socket, { conferences: [], calls: [] });

  expect(await say(socket, hello)).toMatchObject({ type: "connected", bootId: "b1" });
  expect(attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0))).toEqual(pauses);
  expect(reports.map(({ type }) => type)).toEqual(["connected", ...Array(7).fill("disconnected"), "connected"]);

  const closed = nextReport();
  socket.close();
  expect(await closed).toMatchObject({ type: "disconnected" });
  socket = await connection(() => time.advance(60_000));
  expect(await say(socket, hello)).toMatchObject({ type: "connected", bootId: "b1" });
});

test.each([
  [{ announces: true }, { type: "announce", call: "c1", announcement: "locked" }],
  [{}, { type: "activate", owner: "local/simulated", epoch: 3 }],
])("sends announcements only to a bridge that announces: %j", async (more, expected) => {
  const socket = await connection();
  const ping = heard(socket);
  await say(socket, { ...hello, ...more });
  await ping;

  const next = heard(socket);
  driver.announce("c1" as CallId, "locked");
  driver.activate(3);

  expect(await next).toEqual(expected);
});

test("an agent receives only its owner's events and state", async () => {
  const [own, theirs] = ["987654321", "987650000"] as [ConfKey, ConfKey];
  const conferenceOf = (conference: ConfKey, owner: string) => ({
    conference,
    owner,
    locked: false,
    reportsSpeakers: false,
    anonymousId: null,
    rooms: [{ id: "main", kind: "main" }],
  });
  const conferences = [conferenceOf(own, "local/simulated"), conferenceOf(theirs, "elsewhere/bridge")];
  const socket = await connection();
  socket.on("message", (data) => {
    const { type, id } = JSON.parse(String(data));
    if (type === "command") socket.send(JSON.stringify({ type: "done", id }));
    if (type === "state") socket.send(JSON.stringify({ type, id, state: { conferences, calls: [] } }));
  });
  await say(socket, hello);
  const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
  expect(await driver.execute("1" as CommandId, own, create)).toEqual({ done: true });

  const locked = (conference: ConfKey) => ({ type: "lock-changed", conference, locked: true });
  socket.send(JSON.stringify(locked(theirs)));
  expect(await say(socket, locked(own))).toEqual(locked(own));
  expect(reports.slice(1)).toEqual([locked(own)]);
  expect((await driver.state())?.conferences.map(({ conference }) => conference)).toEqual([own]);
});

test.each([
  [1_001, false],
  [REPLACED_CODE, true],
])("reports whether code %i is of another agent: %s", async (code, isReplaced) => {
  const socket = await connection();
  await say(socket, hello);
  const lost = nextReport();
  socket.close(code);
  expect(await lost).toMatchObject({ type: "disconnected", isReplaced });
});

test("results are unknown after the driver stops", async () => {
  const socket = await connection();
  await say(socket, hello);
  const expel = { type: "expel", call: "c1" as CallId } as const;
  const [result, state] = [driver.execute("1" as CommandId, null, expel), driver.state()];
  await driver.stop();

  expect(await result).toEqual({ done: "unknown" });
  expect(await state).toBeNull();
});
