import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { digestOf } from "../../src/bridge/state.ts";
import type { BridgeName, CommandId, ConfKey, DomainName, StreamId } from "../../src/foundation/ids.ts";
import { encodeHello, REFUSAL_HEADER } from "../../src/link/hello.ts";
import { CLOSE_CODES, type CloseReason } from "../../src/link/messages.ts";
import { done, held } from "../builders.ts";
import { AgentClient } from "./agent-client.ts";
import { helloOf } from "./hello-of.ts";
import { agents } from "./test-domains.ts";

const conference = "555111222" as ConfKey;
const stream = "stream-1" as StreamId;
const commands = [{ id: "o1" as CommandId, command: { type: "lock" as const } }];
const commandsFor = {
  domain: "local" as DomainName,
  bridge: "simulated" as BridgeName,
  conference,
  commands,
  activeSince: null,
};
const relay = () => env.RELAY.getByName("local/simulated");
const epochOnDisk = () =>
  runInDurableObject(relay(), (_object, { storage }) => {
    const [row] = storage.sql.exec("SELECT value FROM entry WHERE key = 'epoch'").toArray();
    return Number(row?.value);
  });

const openSockets = () => runInDurableObject(relay(), (_object, state) => state.getWebSockets().length);

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  // The runtime does not survive a reset in the middle of a socket's closing.
  AgentClient.hangUpAll();
  await vi.waitFor(async () => expect(await openSockets()).toBe(0));
});

test("an agent proves who it is, and gets the keypad codes and the bridge's commands", async () => {
  const agent = await AgentClient.connect();

  expect(await agent.next()).toEqual({
    type: "welcome",
    role: "active",
    epoch: agent.epoch,
    activeSince: agent.epoch,
    heartbeatMs: 3_000,
    alone: false,
    keypad: {
      merge: "*1",
      mute: "*6",
      askAttendeeId: true,
      sequences: expect.arrayContaining([expect.stringContaining("*00*")]),
    },
  });
  await relay().sendCommands(commandsFor);
  expect(await agent.next()).toEqual({ type: "commands", epoch: agent.epoch, conference, commands });
});

test("what the agent reports is acknowledged when the conference has stored it, and a repeat of it as well", async () => {
  const agent = await AgentClient.connect();
  await agent.next();
  const create = '<W2A_CreateConference MsgID="1" WbxHostName="127.0.0.1:1" ExtConfID="7000001" ConfKey="555111222"/>';
  await exports.default.fetch("http://edge.example.com/tsp/local", {
    method: "POST",
    body: `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>1</TransID>${create}</WbxTSPSchema>`,
  });
  const commands = await agent.next();
  if (commands.type !== "commands") throw new Error(`unexpected ${commands.type}`);
  const ids = commands.commands.map(({ id }) => id);
  const reports = ids.map((id, index) => {
    return { number: index + 1, report: done(id) } as const;
  });

  agent.say({ type: "commands-ack", conference, ids });
  agent.say({ type: "reports", epoch: agent.epoch, conference, stream, reports });
  expect(await agent.next()).toEqual({ type: "reports-ack", conference, stream, upTo: reports.length });

  agent.say({ type: "reports", epoch: agent.epoch, conference, stream, reports });
  expect(await agent.next()).toEqual({ type: "reports-ack", conference, stream, upTo: reports.length });
  expect(commands.commands).toMatchObject([{ command: { type: "create-conference" } }]);
});

test("a snapshot is wanted of a conference whose digest differs, and of one that the edge does not know, which is locked", async () => {
  const agent = await AgentClient.connect();
  await agent.next();
  const create = '<W2A_CreateConference MsgID="1" WbxHostName="127.0.0.1:1" ExtConfID="7000002" ConfKey="555111222"/>';
  await exports.default.fetch("http://edge.example.com/tsp/local", {
    method: "POST",
    body: `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>2</TransID>${create}</WbxTSPSchema>`,
  });
  const commands = await agent.next();
  if (commands.type !== "commands") throw new Error(`unexpected ${commands.type}`);
  const [{ id } = { id: "none" as CommandId }] = commands.commands;
  const created = { number: 1, report: done(id) } as const;
  agent.say({ type: "reports", epoch: agent.epoch, conference, stream, reports: [created] });
  expect(await agent.next()).toMatchObject({ type: "reports-ack", upTo: 1 });

  const digestsOf = (key: ConfKey, locked: boolean) => {
    return {
      type: "digests",
      epoch: agent.epoch,
      digests: [{ conference: key, digest: digestOf(held({ locked })) }],
    } as const;
  };
  agent.say(digestsOf(conference, false));
  expect(await agent.next()).toMatchObject({ type: "digest-confirmed", conference });
  agent.say(digestsOf(conference, true));
  expect(await agent.next()).toEqual({ type: "snapshot-wanted", conference });

  const found = "600000000" as ConfKey;
  const conferences = async () => (await listDurableObjectIds(env.CONFERENCE)).length;
  const before = await conferences();
  agent.say(digestsOf(found, false));
  expect(await agent.next()).toEqual({ type: "snapshot-wanted", conference: found });
  expect(await conferences()).toBe(before);
  const report = { type: "event", event: { type: "snapshot", conference: held() } } as const;
  agent.say({ type: "reports", epoch: agent.epoch, conference: found, stream, reports: [{ number: 7, report }] });
  const heard = [await agent.next(), await agent.next()];
  expect(heard).toContainEqual({ type: "reports-ack", conference: found, stream, upTo: 7 });
  expect(await conferences()).toBe(before + 1);
  expect(heard).toContainEqual(
    expect.objectContaining({
      type: "commands",
      conference: found,
      commands: [expect.objectContaining({ command: { type: "lock" } })],
    }),
  );
});

test("a relay that was evicted knows its agents by their sockets", async () => {
  const agent = await AgentClient.connect();
  await agent.next();
  agent.say({ type: "health", bridgeUp: true, portsInUse: 3, ports: 96, version: "1" });
  agent.say({ type: "ping" });
  expect(await agent.next()).toEqual({ type: "pong" });

  await evictDurableObject(relay());

  expect(await relay().health()).toMatchObject({ agentConnected: true, bridgeUp: true, portsInUse: 3, ports: 96 });
  await relay().sendCommands(commandsFor);
  expect(await agent.next()).toEqual({ type: "commands", epoch: agent.epoch, conference, commands });
  agent.say({ type: "ping" });
  expect(await agent.next()).toEqual({ type: "pong" });
});

test("an eviction loses a challenge, and the agent gets another one", async () => {
  const challenge = await AgentClient.challenge();
  expect(await AgentClient.challenge()).toBe(challenge);

  await evictDurableObject(relay());
  const late = await AgentClient.ask(await helloOf(0, { challenge }));

  expect(late.headers.get(REFUSAL_HEADER)).toMatch(/^4402 \S{36}$/);
  expect(await (await AgentClient.connect()).next()).toMatchObject({ type: "welcome", role: "active" });
});

test("the second agent takes over when the first hangs up, also when the relay slept in between", async () => {
  const first = await AgentClient.connect(0);
  const second = await AgentClient.connect(1);
  await first.next();
  expect(await second.next()).toMatchObject({ type: "welcome", role: "standby", epoch: first.epoch });

  await evictDurableObject(relay());
  first.hangUp();

  expect(await second.next()).toMatchObject({ type: "activate", epoch: second.epoch });
  expect(await first.closed()).toBe(1000);
  expect(await epochOnDisk()).toBe(second.epoch);
  expect(second.epoch).toBeGreaterThan(first.epoch);
  await relay().sendCommands(commandsFor);
  expect(await second.next()).toEqual({ type: "commands", epoch: second.epoch, conference, commands });
});

test("no epoch comes twice, even when all sockets are lost with the relay", async () => {
  const first = await AgentClient.connect(0);
  await first.next();

  await evictDurableObject(relay(), { webSockets: "close" });
  const again = await AgentClient.connect(0);

  expect(await again.next()).toMatchObject({ type: "welcome", role: "active" });
  expect(again.epoch).toBeGreaterThan(first.epoch);
});

const alarm = () => runInDurableObject(relay(), (_object, state) => state.storage.getAlarm());

test("an agent that never comes back is silent from when it was first missed, however often the relay is evicted", async () => {
  const start = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: start });
  await (await AgentClient.connect(0)).next();
  await evictDurableObject(relay(), { webSockets: "close" });
  const other = await AgentClient.connect(1);
  expect(await other.next()).toMatchObject({ role: "standby" });
  expect(await alarm()).toBe(start + 10_000);

  vi.setSystemTime(start + 6_000);
  other.say({ type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1" });
  await relay().health(); // By now it is read.
  await evictDurableObject(relay());
  vi.setSystemTime(start + 10_000);
  await runDurableObjectAlarm(relay());

  expect(await other.next()).toMatchObject({ type: "activate" });
  expect(await alarm()).toBeNull();
});

test("an alarm that lies minutes ahead since the clock was set back is set anew", async () => {
  const start = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: start + 240_000 });
  await (await AgentClient.connect(0)).next();
  vi.setSystemTime(start);
  await (await AgentClient.connect(1)).next();

  const alarm = await runInDurableObject(relay(), (_object, state) => state.storage.getAlarm());
  expect(alarm).toBe(start + 10_000);
});

test.each<[string, CloseReason, () => Promise<string> | string | null]>([
  ["a signature by another agent's key", "wrongKey", () => helloOf(1, { key: agents[0].publicKey, agent: "agent-1" })],
  ["an agent that the bridge does not have", "wrongKey", () => helloOf(0, { agent: "agent-3" })],
  ["another agent's name", "wrongKey", () => helloOf(0, { agent: "agent-2" })],
  ["another version", "oldVersion", () => helloOf(0, { version: 0 })],
  ["another domain than the path says", "unknownDomain", () => helloOf(0, { domain: "other" })],
  ["another bridge than the path says", "unknownBridge", () => helloOf(0, { bridge: "other" })],
  ["an answer to another challenge", "replayed", () => helloOf(0, { challenge: "another" })],
  ["no hello", "badMessage", () => null],
  ["no JSON", "badMessage", () => "hello"],
])("%s is given no socket but the reason, and nothing changes for the agent that serves", async (_what, why, hello) => {
  const agent = await AgentClient.connect(1);
  await agent.next();

  const refused = await AgentClient.ask(await hello());

  expect(refused.webSocket).toBeFalsy();
  expect(refused.status).toBe(403);
  expect(refused.headers.get(REFUSAL_HEADER)).toMatch(new RegExp(`^${CLOSE_CODES[why]} `));
  expect(await openSockets()).toBe(1);
  expect(await epochOnDisk()).toBe(agent.epoch);
  await relay().sendCommands(commandsFor);
  expect(await agent.next()).toMatchObject({ type: "commands", epoch: agent.epoch });
});

test("a hello gives one socket: repeated, it gives none, also when the relay slept in between", async () => {
  const challenge = await AgentClient.challenge();
  const hello = await helloOf(0, { challenge });
  const agent = AgentClient.over(await AgentClient.ask(hello));
  await agent.next();

  for (const pause of [async () => {}, () => evictDurableObject(relay())]) {
    await pause();
    const repeated = await AgentClient.ask(hello);
    expect(repeated.headers.get(REFUSAL_HEADER)).toMatch(/^4402 \S{36}$/);
    expect(repeated.headers.get(REFUSAL_HEADER)).not.toContain(challenge);
  }
  // Under the new challenge's name it is no longer what was signed.
  const renamed = { ...JSON.parse(decodeURIComponent(hello)), challenge: await AgentClient.challenge() };
  const spoiled = await AgentClient.ask(encodeHello(renamed));
  expect(spoiled.headers.get(REFUSAL_HEADER)).toBe("4401 wrongKey");
  expect(await relay().health()).toMatchObject({ agentConnected: true });
});

test.each<[string, (agent: AgentClient) => void]>([
  ["no JSON", (agent) => agent.sayRaw("hello")],
  ["bytes", (agent) => agent.sayRaw(new ArrayBuffer(3))],
])("an agent that says %s is closed", async (_what, offend) => {
  const agent = await AgentClient.connect();
  await agent.next();

  offend(agent);

  expect(await agent.closed()).toBe(CLOSE_CODES.badMessage);
  expect(await relay().health()).toMatchObject({ agentConnected: false });
});

test("an agent alone costs no alarm; the platform answers its pings, which are signs of life for a relay that sleeps", async () => {
  const start = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: start - 5_000 });
  const agent = await AgentClient.connect();
  await agent.next();
  expect(await alarm()).toBeNull();
  await evictDurableObject(relay());
  agent.say({ type: "ping" }); // The platform's clock is not the one of this test.
  expect(await agent.next()).toEqual({ type: "pong" });

  vi.setSystemTime(start + 9_000);
  expect(await relay().health()).toMatchObject({ agentConnected: true });
  vi.setSystemTime(start + 13_000);
  await relay().sendCommands(commandsFor);
  expect(await agent.closed()).toBe(CLOSE_CODES.silent);
});

test("an agent that comes a hundred times anew has one session, and what it reports again counts once", async () => {
  vi.spyOn(console, "info").mockImplementation(() => undefined);
  const create = '<W2A_CreateConference MsgID="1" WbxHostName="127.0.0.1:1" ExtConfID="7000002" ConfKey="555111333"/>';
  await exports.default.fetch("http://edge.example.com/tsp/local", {
    method: "POST",
    body: `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>2</TransID>${create}</WbxTSPSchema>`,
  });
  const key = "555111333" as ConfKey;
  const report = { type: "result", id: "unknown" as CommandId, result: { done: true } } as const;
  let epoch = 0;
  for (let round = 0; round < 100; round += 1) {
    const agent = await AgentClient.connect();
    const welcome = await agent.next();
    if (welcome.type !== "welcome") throw new Error(`unexpected ${welcome.type}`);
    expect(welcome.epoch).toBeGreaterThan(epoch);
    epoch = welcome.epoch;
    agent.say({ type: "reports", epoch, conference: key, stream, reports: [{ number: 1, report }] });
    // The agent hangs up now and then; else its old socket is left open, and closed by the relay.
    if (round % 4 === 0) agent.hangUp();
    else expect(await nextBut(agent, "commands")).toEqual({ type: "reports-ack", conference: key, stream, upTo: 1 });
  }

  await vi.waitFor(async () => expect(await openSockets()).toBe(1));
  expect(await relay().health()).toMatchObject({ agentConnected: true });
  const conferenceObject = env.CONFERENCE.getByName(`local/${key}`);
  const committed = await runInDurableObject(conferenceObject, (_object, state) =>
    state.storage.sql.exec("SELECT seq FROM journal WHERE trans_id IS NULL AND input LIKE '%\"unknown\"%'").toArray(),
  );
  expect(committed).toHaveLength(1);
}, 60_000);

async function nextBut(agent: AgentClient, skipped: string): ReturnType<AgentClient["next"]> {
  const message = await agent.next();
  return message.type === skipped ? nextBut(agent, skipped) : message;
}
