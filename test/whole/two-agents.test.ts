import { afterAll, beforeAll, expect, test } from "vitest";
import type { AgentStatus } from "../../bridge-agent/agent.ts";
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
