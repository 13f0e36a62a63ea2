import { setTimeout as pause } from "node:timers/promises";
import { BridgeControl } from "../scripts/bridge-control.ts";
import { LocalRun, type Pids } from "../scripts/local-run.ts";
import type { ActEntry } from "../simulators/bridge/machine.ts";
import { WebexServer } from "../simulators/webex/server.ts";
import type { MsgId } from "../src/foundation/ids.ts";
import { type Conference, fillConferences } from "./conferences.ts";

/**
 * Nothing lost, nothing twice, as a figure (`npm run chaos`): conferences are muted, unmuted and called out from while edge and
 * agent are killed every few seconds, singly and together. Then everything is counted. CHAOS_SECONDS, default 60.
 */

const seconds = Number(process.env.CHAOS_SECONDS ?? 60);
const conferenceCount = 20;
const callersEach = 3;

interface Asked {
  readonly msgId: MsgId;
  readonly conference: number;
  /** `null`: a call-out. */
  readonly mute: { readonly caller: number; readonly muted: boolean } | null;
}

const run = await LocalRun.start();
// It goes on for 30 s with a post that is not confirmed: some part is always away here.
const webex = new WebexServer({ adapterUrl: run.adapterUrl, attempts: 600, retryMs: 50 });
const bridge = new BridgeControl(run.bridgeUrl);
let sound = false;
try {
  await webex.start();
  const conferences = await fillConferences(run, webex, conferenceCount, callersEach);
  const actsBefore = (await bridge.acts()).length;
  console.log(`${conferenceCount} conferences; killing edge and agent for ${seconds} s …`);
  const until = Date.now() + seconds * 1000;
  const [kills, ...asked] = await Promise.all([
    killParts(until),
    ...conferences.map((conference, index) => askAway(conference, index, until)),
  ]);
  await settle(asked.flat());
  sound = await count(kills, asked.flat(), (await bridge.acts()).slice(actsBefore));
} finally {
  await webex.stop();
  await run.stop();
}
process.exit(sound ? 0 : 1);

async function killParts(until: number): Promise<number> {
  const choices: readonly (readonly (keyof Pids)[])[] = [["edge"], ["agent"], ["edge", "agent"]];
  let kills = 0;
  while (Date.now() < until) {
    await pause(2_000 + Math.random() * 2_000); // One fault at a time: the next comes when the one before is mended.
    const pids = run.pids();
    for (const part of choices[Math.floor(Math.random() * choices.length)] ?? []) {
      try {
        process.kill(pids[part], "SIGKILL");
        kills++;
      } catch {
        // It is dead and about to be started again.
      }
    }
  }
  return kills;
}

/** One WebEx user for each conference: every caller in turn muted, then unmuted; after each round a call-out. */
async function askAway(conference: Conference, index: number, until: number): Promise<readonly Asked[]> {
  const asked: Asked[] = [];
  const handles = { extConfId: conference.extConfId, replyTo: webex.host };
  for (let turn = 0; Date.now() < until; turn++) {
    for (const [caller, extCallId] of conference.callers.entries()) {
      const msgId = webex.client.msgId();
      const muted = turn % 2 === 0;
      asked.push({ msgId, conference: index, mute: { caller, muted } });
      await mustConfirm({ type: "update-caller", msgId, extCallId, privilege: muted ? "listen" : "speak", ...handles });
    }
    const msgId = webex.client.msgId();
    const phone = { country: "1", area: "408", local: String(5_550_000 + turn), extension: "" };
    const extCallId = `out-${turn}` as (typeof conference.callers)[number];
    asked.push({ msgId, conference: index, mute: null });
    await mustConfirm({
      type: "call-out",
      msgId,
      extCallId,
      privilege: "speak",
      maxWaitingTime: 30,
      phone,
      ...handles,
    });
  }
  return asked;
}

async function mustConfirm(message: Parameters<typeof webex.client.post>[0]): Promise<void> {
  const { result } = await webex.client.post(message);
  if (result !== 0) throw new Error(`a ${message.type} was confirmed with Result ${result} instead of 0`);
}

/** Waits until each request has its answer and nothing new comes, for a minute at most. */
async function settle(asked: readonly Asked[]): Promise<void> {
  let heard = -1;
  for (let tries = 0; tries < 60; tries++) {
    const answered = new Set(answers().map(({ msgId }) => msgId));
    if (heard === webex.heard.length && asked.every(({ msgId }) => answered.has(msgId))) return;
    heard = webex.heard.length;
    await pause(1_000);
  }
}

async function count(kills: number, asked: readonly Asked[], acts: readonly ActEntry[]): Promise<boolean> {
  const answersTo = new Map<string, string[]>();
  for (const { msgId, result } of answers()) answersTo.set(msgId, [...(answersTo.get(msgId) ?? []), String(result)]);
  const ofEach = asked.map(({ msgId }) => answersTo.get(msgId) ?? []);
  const dials = acts.filter(({ act }) => act === "dial");
  const entered = webex.messages.filter(
    (it) => it.type === "caller-entered" && it.extCallId?.startsWith("out-"),
  ).length;
  const callOuts = asked.filter(({ mute }) => mute === null).length;

  const faults = {
    "requests without an answer": ofEach.filter((results) => results.length === 0).length,
    "requests answered twice": ofEach.filter((results) => results.length > 1).length,
    "requests that failed": ofEach.filter((results) => results.some((result) => result !== "ok")).length,
    "orders that acted twice": acts.length - new Set(acts.map((act) => `${act.conference} ${act.commandId}`)).size,
    "calls dialled twice": dials.length - new Set(dials.map(({ call }) => call)).size,
    "call-outs not dialled": callOuts - dials.length,
    "call-outs that WebEx does not see enter, or sees twice": Math.abs(callOuts - entered),
    "callers muted otherwise than asked last": await wronglyMuted(asked),
  };
  console.log(`${kills} kills, ${asked.length} requests confirmed, ${acts.length} acts on the bridge`);
  for (const [fault, number] of Object.entries(faults)) console.log(`${String(number).padStart(6)} ${fault}`);
  return Object.values(faults).every((number) => number === 0);
}

async function wronglyMuted(asked: readonly Asked[]): Promise<number> {
  const wanted = new Map<string, boolean>();
  for (const { conference, mute } of asked) {
    if (mute) wanted.set(`${200_000_000 + conference} ${100 + mute.caller}`, mute.muted);
  }
  const { calls } = await bridge.state();
  return calls.filter(({ conference, attendeeId, muted }) => {
    const want = wanted.get(`${conference} ${attendeeId}`);
    return want !== undefined && want !== muted;
  }).length;
}

function answers() {
  return webex.messages.flatMap((message) =>
    "result" in message && message.msgId ? [{ msgId: message.msgId, result: message.result }] : [],
  );
}
