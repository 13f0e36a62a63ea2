import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AgentStatus } from "../../bridge-agent/core/agent.ts";
import type { AgentsOfBridge } from "../../cli/operator/operator-client.ts";
import type { MsgId } from "../../src/foundation/ids.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { eventually, kill, Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({ twoAgents: true });
});
afterAll(() => world?.stop());

test("the active agent is killed: the other one acts within 3 s, and nothing acts twice", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const { extCallId } = await meeting.callIn("401");
  const { active, standby } = await agents();

  process.kill(active.pid, "SIGKILL");
  const mute = meeting.muteRequest(extCallId, true);
  await meeting.ask(mute);
  await meeting.answerTo(mute.msgId, "ok", 3_000);

  await standsBy(active);
  expect((await agents()).active).toEqual(standby);
  expect(await meeting.acts()).toEqual(["create-conference", "admit", "mute"]);
  await meeting.close();
});

test("an agent that stands still while the other one takes over acts on nothing when it wakes up", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const { call, extCallId } = await meeting.callIn("402");
  const { active, standby } = await agents();

  process.kill(active.pid, "SIGSTOP");
  await meeting.ask(meeting.muteRequest(extCallId, true)); // It lies in the socket of the agent that stands still.
  await eventually("the other one takes over", async () => (await statusOf(standby))?.role === "active", 11_000);
  const unmute = meeting.muteRequest(extCallId, false);
  await meeting.ask(unmute);
  await meeting.answerTo(unmute.msgId, "ok");
  await world.bridge.press(call, "*6"); // This, too: both agents get the bridge's events.
  await eventually("the press has its effect", async () => {
    const acts = await world.bridge.acts();
    return acts.at(-1)?.commandId.startsWith("keypad-") && acts.at(-1)?.act === "mute" && acts;
  });
  const before = (await world.bridge.acts()).length;
  process.kill(active.pid, "SIGCONT");
  await standsBy(active); // It has read by then what lay in its sockets.
  const last = meeting.muteRequest(extCallId, false);
  await meeting.ask(last);
  await meeting.answerTo(last.msgId, "ok");

  const acts = await world.bridge.acts();
  expect(acts.slice(before).map(({ act }) => act)).toEqual(["unmute"]);
  expect(new Set(acts.map(({ commandId }) => commandId)).size).toBe(acts.length);
  await meeting.close();
});

test("the bridge is started anew, and the agent that acted on it is away: the other one does not know what was lost, WebEx learns it", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const { extCallId } = await meeting.callIn("403");
  const { active } = await agents();

  process.kill(active.pid, "SIGKILL");
  await kill(world, "bridge");

  await meeting.notified("caller-changed", { extCallId, status: "left" });
  await meeting.notified("conference-changed", { status: "ended" });
  await standsBy(active);
});

test("an agent hands over and back amid commands: each is answered once and acts once, and what happens is told once", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const callers = await Promise.all(["411", "412", "413"].map((attendeeId) => meeting.callIn(attendeeId)));
  const leaves = await meeting.callIn("414");
  const asked: MsgId[] = [];

  // On their way, and not begun, when the agent that was given them hands over.
  await world.bridge.faults({ delayMs: 150 });
  for (const muted of [true, false, true]) {
    const before = (await simulated()).acts;
    const requests = callers.map(({ extCallId }) => meeting.muteRequest(extCallId, muted));
    for (const request of requests) await meeting.ask(request);
    const handingOver = handOver(before);
    if (asked.length === 0) await world.bridge.hangUp(leaves.call);
    expect(await handingOver).not.toBe(before);
    for (const { msgId } of requests) await meeting.answerTo(msgId, "ok", 10_000);
    asked.push(...requests.map(({ msgId }) => msgId));
  }
  await world.bridge.faults({ delayMs: 0 });

  await meeting.notified("caller-changed", { extCallId: leaves.extCallId, status: "left" });
  const told = meeting.messages();
  expect(
    world.webex.messages
      .flatMap((message) => ("result" in message && asked.includes(message.msgId) ? message.msgId : []))
      .sort(),
  ).toEqual(asked.sort());
  expect(told.filter((message) => message.type === "caller-changed" && message.status === "left")).toHaveLength(1);
  const acts = (await world.bridge.acts()).filter(({ conference }) => conference === meeting.confKey);
  for (const { call } of callers) {
    const done = acts.filter((entry) => entry.call === call && entry.outcome === "done").map(({ act }) => act);
    expect(done).toEqual(["admit", "mute", "unmute", "mute"]);
  }
  expect(new Set(acts.map(({ commandId }) => commandId)).size).toBe(acts.length);
  await meeting.close();
});

test("a drained bridge takes no new conferences, says when the last one has ended, and takes them again", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const drained = ask("drain", "simulated", "--wait", "--yes");
  await eventually("the bridge is drained", async () => (await simulated()).drainedSince !== null);

  const other = new Meeting(world);
  const request = other.createRequest();
  await other.ask(request);
  await other.answerTo(request.msgId, "capacity-exceeded", 1_000);
  await meeting.callIn("421");
  // The command looks once a second.
  await pause(2_000);
  await meeting.close();
  expect((await drained).split("\n")).toEqual([
    expect.stringMatching(/^simulated is drained: \d+ conferences? left, with \d+ callers?$/),
    "simulated is drained: no conference is left",
    "",
  ]);
  expect(await other.acts()).toEqual([]);

  expect(await ask("drain", "simulated", "--end")).toBe("simulated accepts new conferences\n");
  await new Meeting(world).create();
});

/** What the operators' command prints, where it ends well. */
async function ask(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await bridgehead(args, { BRIDGEHEAD_STATE: world.run.state });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

function askEdge(method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  const url = `${world.run.edgeUrl}/api/v1/domains/local/${path}`;
  return fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

/** The bridge as operators see it, and the agent that acts there. */
async function simulated() {
  const { bridges } = (await (await askEdge("GET", "agents")).json()) as { bridges: AgentsOfBridge[] };
  const [bridge] = bridges;
  const acts = bridge?.agents?.find(({ role }) => role === "active")?.agent ?? "";
  return { drainedSince: bridge?.drainedSince ?? null, acts };
}

/** Who acts then; a standby that has just come is waited for. */
function handOver(from: string): Promise<string> {
  return eventually("an agent hands over", async () => {
    const answer = await askEdge("POST", "bridges/simulated/hand-over", { from });
    return answer.ok && ((await answer.json()) as { acts: string }).acts;
  });
}

interface Agent {
  readonly url: string;
  readonly pid: number;
}

async function agents(): Promise<{ readonly active: Agent; readonly standby: Agent }> {
  const { agentUrl, secondAgent } = world.run;
  const first = { url: agentUrl, pid: world.run.pids().agent };
  const second = { url: secondAgent?.url ?? "", pid: secondAgent?.pid ?? 0 };
  return (await statusOf(first))?.role === "active"
    ? { active: first, standby: second }
    : { active: second, standby: first };
}

async function standsBy(agent: Agent): Promise<void> {
  await eventually("it stands by", async () => {
    const status = await statusOf(agent);
    return status?.role === "standby" && status.edgeUp;
  });
}

async function statusOf({ url }: Agent): Promise<AgentStatus | null> {
  const answer = await fetch(`${url}/status`).catch(() => null);
  return answer && ((await answer.json()) as AgentStatus);
}
