import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import type { OpenSocket, SocketEvents } from "../../bridge-agent/link/reconnecting-socket.ts";
import { RunningAgent } from "../../bridge-agent/run.ts";
import type { AgentLogLine } from "../../bridge-agent/service/log.ts";
import type { AgentSettings } from "../../bridge-agent/service/settings.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type AgentToBridge, type BridgeToAgent, REPLACED_CODE } from "../../src/bridge/protocol.ts";
import type { CallId, CommandId } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import { Clock } from "../kit/clock.ts";
import { agentSettings, KEY, openedJournal, welcome } from "./agent-world.ts";

const oneOfTwo = { ...welcome, alone: false };
const hello: BridgeToAgent = { type: "hello", version: 3, bootId: "boot1", ports: null };
const emptyState = { conferences: [], calls: [] };

/** An agent on clocks of our own, its connections to the edge and to the bridge, and what it has said there. */
function world(settings: Partial<AgentSettings> = {}, file = ":memory:") {
  const timers = new Clock(1_000_000);
  let [machineMs, monotonicMs, passedMs] = [0, 0, 0];
  const links: SocketEvents<EdgeToAgent>[] = [];
  const bridges: SocketEvents<BridgeToAgent>[] = [];
  const toBridge: AgentToBridge[] = [];
  const sent: AgentToEdge[] = [];
  const notes: string[] = [];
  const lines: AgentLogLine[] = [];
  const closes: string[] = [];
  const failures: string[] = [];
  const journal = openedJournal(file);
  journal.beginLife({ id: null, at: 0 });
  const openSocket: OpenSocket = (url, _headers, _codec, events) => {
    const isEdge = !url.startsWith(agentSettings.driver.url);
    ((isEdge ? links : bridges) as unknown[]).push(events);
    return {
      send: (message) => void (isEdge ? sent.push(message as AgentToEdge) : toBridge.push(message as AgentToBridge)),
      close: () => closes.push(isEdge ? "edge" : "bridge"),
    };
  };
  const running = new RunningAgent(
    { ...agentSettings, ...settings },
    {
      openSocket,
      timers,
      random: () => 0,
      journal,
      key: { publicKey: "", sign: () => "" },
      now: () => timers.now + machineMs,
      monotonicMs: () => timers.now + monotonicMs,
      passedMs: () => timers.now + passedMs,
      soon: (run) => timers.after(0, run),
      newId: () => "keypad-1" as CommandId,
      log: (line) => {
        lines.push(line);
        notes.push(`${line.event}: ${line.text}`);
      },
      journalFailed: ({ sentence }) => failures.push(sentence),
    },
  );
  running.start();
  /** No timer runs, and the clocks go so far. */
  const standStill = ([machine, monotonic, passed]: readonly [number, number, number]) => {
    machineMs += machine;
    monotonicMs += monotonic;
    passedMs += passed;
  };
  /** The bridge answers the last such question. */
  const answer = (type: "state" | "command", more: object) => {
    const asked = toBridge.findLast((one) => one.type === type);
    bridges[0]?.message(ok({ id: asked && "id" in asked ? asked.id : 0, ...more } as never));
  };
  /** Bridge and edge greet the agent. */
  const greeted = async () => {
    bridges[0]?.message(ok(hello));
    links[0]?.message(ok(oneOfTwo));
    await timers.pass(100);
  };
  /** And the bridge says that it holds nothing. */
  const serves = async () => {
    await greeted();
    answer("state", { type: "state", state: emptyState });
  };
  const command = (id: string, body: BridgeCommand) =>
    links[0]?.message(
      ok({ type: "commands", epoch: 1, conference: KEY, commands: [{ id: id as CommandId, command: body }] }),
    );
  /** Both ends answer each ping for so long. */
  const alive = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      links[0]?.message(ok({ type: "pong" }));
      bridges[0]?.message(ok({ type: "pong", id: 0 }));
      await timers.pass(500);
    }
  };
  return {
    timers,
    links,
    bridges,
    toBridge,
    sent,
    running,
    journal,
    standStill,
    notes,
    lines,
    closes,
    answer,
    greeted,
    serves,
    command,
    alive,
    failures,
  };
}

test.each([
  ["carries a command out after another program's lock on the journal", 4_000, []],
  ["ends if the journal stays locked", 6_000, [expect.stringMatching(/journal\.sqlite is locked by another program$/)]],
])("an agent %s", async (_, lockedMs, failures) => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-locked-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "journal.sqlite");
  const one = world({}, file);
  await one.serves();
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  one.command("a", { type: "lock" });
  const pings = () => one.sent.filter(({ type }) => type === "ping").length;
  const before = pings();
  await one.alive(lockedMs);
  expect(pings()).toBeGreaterThan(before);
  expect(one.toBridge.filter(({ type }) => type === "command")).toEqual([]);
  other.close();
  await one.alive(500);

  expect(one.toBridge.filter(({ type }) => type === "command")).toHaveLength(1 - failures.length);
  expect(one.failures).toEqual(failures);
  one.journal.close();
});

const standstills = [
  ["", [4_000, 4_000, 4_000]],
  [" and its clock was set back meanwhile", [-60_000, 4_000, 4_000]],
  [" because its machine was suspended", [4_000, 0, 4_000]],
] as const;

test("cleans the journal every ten minutes", async () => {
  const { journal, timers } = world();
  const clean = vi.spyOn(journal, "clean");

  await timers.pass(9 * 60_000);
  expect(clean).toHaveBeenCalledTimes(0);
  await timers.pass(22 * 60_000);

  expect(clean).toHaveBeenCalledTimes(3);
});

test("keeps its links and sends its time after a clock jump", async () => {
  const { timers, sent, links, notes, standStill, serves, alive } = world();
  await serves();
  await alive(3_000);
  const begun = sent.length;
  for (const ms of [86_400_000, -2 * 86_400_000, 500]) {
    standStill([ms, 0, 0]);
    await alive(3_000);
  }
  const said = sent.slice(begun).flatMap((message) => (message.type === "health" ? (message.at ?? []) : []));

  expect(links).toHaveLength(1);
  expect(notes.filter((note) => note.startsWith("stood-still"))).toEqual([]);
  expect(said.map((at) => Math.round((at - timers.now) / 86_400_000))).toEqual([1, -1]);
});

test("gives a caller thirty seconds in the prompt despite clock jumps", async () => {
  const { toBridge, standStill, greeted, answer, alive, running } = world();
  await greeted();
  const call = { call: "c1", stage: "prompted", number: "14085551234", dialled: "18005551234", keys: "" };
  answer("state", { type: "state", state: { conferences: [], calls: [call] } });
  await alive(1_000);
  const begun = toBridge.length;
  const since = running.calls.map((one) => Date.parse(one.since));
  for (const ms of [86_400_000, -2 * 86_400_000]) {
    standStill([ms, 0, 0]);
    await alive(10_000);
  }
  expect(toBridge.slice(begun).filter(({ type }) => type === "command")).toEqual([]);
  expect(running.calls.map((one) => Date.parse(one.since))).toEqual(since.map((at) => at - 86_400_000));
  expect(since).toHaveLength(1);
  await alive(10_000);
  expect(toBridge.slice(begun)).toContainEqual(
    expect.objectContaining({ type: "command", command: { type: "expel", call: "c1" } }),
  );
});

test.each(standstills)("an agent that stood still%s asks anew whether it acts", (_, clocks) => {
  const { timers, links, running, standStill } = world();
  links[0]?.message(ok(oneOfTwo));
  timers.advance(1_000);
  expect(running.status).toMatchObject({ role: "active", edgeUp: true });
  standStill(clocks);
  timers.advance(2_000);
  expect(running.status.edgeUp).toBe(false);
  timers.advance(500);
  expect(links).toHaveLength(2);
  links[1]?.message(ok(oneOfTwo));
  timers.advance(500);
  expect(running.status.edgeUp).toBe(true);
});

test.each(standstills)("a welcome that waited for an agent that stood still%s says nothing any more", (_, clocks) => {
  const { timers, links, running, standStill } = world();
  timers.advance(1_000);
  standStill(clocks);
  links[0]?.message(ok(oneOfTwo));
  timers.advance(0);
  expect(running.status).toMatchObject({ role: "unknown", edgeUp: false });
  timers.advance(500);
  expect(links).toHaveLength(2);
});

test("three seconds without a turn are no standstill", () => {
  const { timers, links, running, standStill } = world();
  links[0]?.message(ok(oneOfTwo));
  timers.advance(1_000);
  standStill([1_400, 1_400, 1_400]); // With the two seconds between two turns of an agent that has nothing to do.
  timers.advance(2_000);
  expect(running.status.edgeUp).toBe(true);
  expect(links).toHaveLength(1);
});

test("claims the bridge before it asks for the state that counts", async () => {
  const { timers, links, bridges, toBridge } = world();
  const [bridge] = bridges;
  bridge?.message(ok(hello));
  links[0]?.message(ok(oneOfTwo));
  await timers.pass(100);
  links[0]?.closed(1006, "");
  await timers.pass(200);
  links[1]?.message(ok({ ...oneOfTwo, epoch: 2 }));
  const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
  const commands = [{ id: "1" as CommandId, command: create }];
  links[1]?.message(ok({ type: "commands", epoch: 2, conference: KEY, commands, notUnderstood: [] }));
  await timers.pass(100);
  const asked = toBridge.filter(({ type }) => type !== "ping");
  expect(asked.map(({ type }) => type)).toEqual(["activate", "state", "activate", "state"]);
  const [first, second] = asked.flatMap((message) => (message.type === "state" ? [message.id] : []));
  const answer = async (id = 0) => {
    bridge?.message(ok({ type: "state", id, state: emptyState }));
    await timers.pass(200);
    return toBridge.filter(({ type }) => type === "command").length;
  };
  expect(await answer(first)).toBe(0);
  expect(await answer(second)).toBe(1);
});

test("asks the edge for its role after another agent claimed the bridge", async () => {
  const { timers, links, bridges, toBridge, running, greeted } = world();
  await greeted();
  toBridge.length = 0;
  bridges[0]?.closed(REPLACED_CODE, "another agent is active");
  await timers.pass(0);
  const bridgeTrouble = expect.stringContaining("another agent is active");
  expect(running.status).toMatchObject({ edgeUp: false, bridgeUp: false, bridgeTrouble });
  await timers.pass(1_100);
  bridges[1]?.message(ok(hello));
  await timers.pass(100);
  expect(running.status).toMatchObject({ bridgeUp: true, bridgeTrouble: null });
  expect(toBridge.map(({ type }) => type)).toEqual(["ping"]);
  expect(links).toHaveLength(2);
});

test("never reclaims the bridge from another agent by itself", async () => {
  const { timers, links, bridges, toBridge, running } = world();
  bridges[0]?.message(ok(hello));
  links[0]?.message(ok(welcome)); // Then the settings get a second agent, while this one is cut off.
  await timers.pass(100);
  links[0]?.closed(1006, "");
  await timers.pass(500);
  toBridge.length = 0;
  bridges[0]?.closed(REPLACED_CODE, "another agent is active");
  await timers.pass(1_100);
  bridges[1]?.message(ok(hello));
  await timers.pass(100);
  expect(toBridge.map(({ type }) => type)).toEqual(["ping"]);
  expect(running.status.bridgeUp).toBe(true);
});

test.each([
  [false, "*********34"],
  [true, "14085551234"],
])("shows numbers as the settings say (personal: %s)", async (personal, number) => {
  const { timers, running, answer, greeted } = world({ logs: { personal } });
  await greeted();
  const call = { call: "c1", stage: "prompted", number: "14085551234", dialled: "18005551234", keys: "" };
  answer("state", { type: "state", state: { conferences: [], calls: [call] } });
  await timers.pass(100);

  expect(running.calls.map(({ number }) => number)).toEqual([number]);
});

test("logs no access code and no AnonymousID", async () => {
  const { timers, lines, answer, serves, command } = world({ logs: { personal: true } });
  await serves();
  await timers.pass(100);
  const accessCodes = { subscriber: "314159", participant: "271828" };
  command("1", { type: "create-conference", maxCallers: null, anonymousId: "161803", accessCodes });
  await timers.pass(100);
  answer("command", { type: "done" });
  await timers.pass(100);

  const admit = { type: "admit", call: "c1" as CallId, muted: true, joinTone: false, attendeeId: "161803" } as const;
  command("2", admit);
  await timers.pass(100);
  answer("command", { type: "done" });
  await timers.pass(100);

  expect(lines.filter(({ event }) => event === "command")).toMatchObject([
    { details: { accessCodes: { subscriber: "(secret)", participant: "(secret)" } } },
    { details: { attendeeId: "(secret)" } },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/314159|271828|161803/);
});

test("counts the duration of commands by result", async () => {
  const { timers, running, answer, serves, command } = world();
  await serves();
  const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
  command("1", create);
  await timers.pass(400);
  await timers.pass(600);

  answer("command", { type: "done" });
  await timers.pass(100);

  const text = running.counters.commandSeconds.text();
  expect(text).toContain('bridgehead_agent_command_seconds_bucket{result="done",le="0.5"} 0\n');
  expect(text).toContain('bridgehead_agent_command_seconds_bucket{result="done",le="1"} 1\n');
  expect(text).toContain('bridgehead_agent_command_seconds_count{result="refused"} 0\n');
});

test("counts and logs a policy refusal with the number masked", async () => {
  const { timers, toBridge, running, lines, serves, command } = world({ policy: { allow: ["+1408"], deny: [] } });
  await serves();
  const dial = (call: string, area: string) => {
    const number = { country: "1", area, local: "5551234", extension: "98765" };
    command(call, { type: "dial", call: call as CallId, number, waitMs: 1 });
    return timers.pass(100);
  };
  await dial("o1", "408");
  await dial("o2", "900");

  const dialled = toBridge.flatMap((one) => (one.type === "command" ? [one.commandId] : []));
  expect(dialled).toEqual(["o1"]);
  expect(running.counters.policyActs).toMatchObject({ "number-denied": 1, "calls-at-once": 0 });
  expect(lines.find(({ event }) => event === "policy")).toMatchObject({
    level: "warn",
    details: { reason: "number-denied", number: "*********34", conference: "*******21", commandId: "o2" },
  });
  expect(JSON.stringify(lines)).not.toContain("98765"); // An extension can be a PIN.
});

/** An agent with one command under way that is about to end, and how to let time pass while its peers answer pings. */
async function stoppingWithCommand() {
  const { timers, bridges, toBridge, running, notes, closes, greeted, command, alive } = world();
  await greeted();
  const idOf = (wanted: string) =>
    toBridge.flatMap((one) => (one.type === wanted && "id" in one ? [one.id] : []))[0] ?? 0;
  bridges[0]?.message(ok({ type: "state", id: idOf("state"), state: emptyState }));
  const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
  command("1", create);
  await timers.pass(100);
  void running.stop();
  const finish = () => bridges[0]?.message(ok({ type: "done", id: idOf("command") }));
  return { notes, closes, alive, finish };
}

test("a stop gives up after 45 s and logs what is left", async () => {
  const { notes, closes, alive, finish } = await stoppingWithCommand();

  finish(); // What is reported of it is never acknowledged.
  await alive(44_500);
  expect(closes).toEqual([]);
  await alive(1_000);

  expect(closes).toEqual(["edge", "bridge"]);
  expect(notes.at(-1)).toBe("stopped: this agent ends; left: 1 report not acknowledged by the edge");
});

test("a stop logs a command that the bridge does not answer", async () => {
  const { notes, alive } = await stoppingWithCommand();

  await alive(31_000);

  expect(notes.at(-1)).toBe("stopped: this agent ends; left: 1 command whose result is not known");
});

test("a stop waits for running commands and for the edge's acks", async () => {
  const { timers, links, bridges, toBridge, sent, running, notes, closes, greeted, command, alive } = world();
  await greeted();
  const ofType = (wanted: string) => toBridge.filter(({ type }) => type === wanted);
  const idOf = (question: AgentToBridge | undefined) => (question && "id" in question ? question.id : 0);
  bridges[0]?.message(ok({ type: "state", id: idOf(ofType("state")[0]), state: emptyState }));
  const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
  command("1", create);
  await timers.pass(400);
  expect(running.status.running).toBe(1);
  let hasEnded = false;

  void running.stop().then(() => {
    hasEnded = true;
  });
  await alive(8_000);
  expect(hasEnded).toBe(false);
  expect(running.status.draining).toBe(true);
  bridges[0]?.message(ok({ type: "done", id: idOf(ofType("command")[0]) }));
  await alive(1_000);
  expect(hasEnded).toBe(false);
  expect(running.status.running).toBe(0);
  expect(running.status.unacknowledged).toBe(1);
  const stream = sent.flatMap((message) => (message.type === "reports" ? [message.stream] : []))[0];
  if (stream) links[0]?.message(ok({ type: "reports-ack", conference: KEY, stream, upTo: 1 }));
  await alive(500);

  expect(hasEnded).toBe(true);
  expect(closes).toEqual(["edge", "bridge"]);
  expect(notes.filter((note) => note.startsWith("stopped"))).toEqual([]);
});
