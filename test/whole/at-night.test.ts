import { execFile, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

const page = "docs/at-night.md";
const block = /^(```sh night ?(\w*)\n\$ bridgehead (.*)\n)([\s\S]*?)```$/gm;

let world: World;
beforeAll(async () => {
  // A document that fails waits for its next attempt for as long as this takes.
  world = await startWorld({ domain: { logs: { personal: true }, webex: { retryDelaysMs: [0, 60_000] } } });
  await evening();
});
afterAll(() => world?.stop());

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as an operator runs it, on a terminal of 80 columns. */
function bridgehead(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const own = { BRIDGEHEAD_STATE: world.run.state, COLUMNS: "80", NO_COLOR: "1", ...env };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["scripts/bridgehead.ts", ...args],
      { env: { ...process.env, FORCE_COLOR: undefined, ...own } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** Words without what differs from run to run, in an order that does not depend on which of two things was quicker. */
function shapeOf(output: string): string[] {
  return output
    .replace(/\d+(\.\d+)? (ms|s|min)( \d+ s)?/g, "TIME")
    .replace(/[+-]\d\d:\d\d\b/g, "")
    .replace(/c\d+-[0-9a-f]+/g, "CALL")
    .replace(/\d+/g, "N")
    .split(/\s+/)
    .sort();
}

async function caller(meeting: Meeting, attendeeId: string) {
  const call = await meeting.callIn(attendeeId);
  await world.webex.allNamed();
  return call;
}

/** The evening before the first question. */
async function evening(): Promise<void> {
  const over = new Meeting(world, "555120999");
  await over.create();
  await over.close();

  const slow = new Meeting(world, "555120555");
  await slow.create();
  slowCall = (await caller(slow, "105")).extCallId;

  const unheard = new Meeting(world, "555120666");
  await unheard.create();
  await caller(unheard, "106");

  const locked = new Meeting(world, "555120888");
  await locked.create();
  await world.bridge.answersWith("14085550108", "busy");
  const callOut = locked.callOutRequest("9008", "5550108");
  await locked.ask(callOut);
  await locked.answerTo(callOut.msgId, "busy");
  await world.bridge.lock(locked.confKey, true);
  await locked.notified("conference-changed", { status: "locked" });

  const meeting = new Meeting(world, "555120777");
  await meeting.create();
  const alice = await caller(meeting, "101");
  await caller(meeting, "102");
  const mute = meeting.muteRequest(alice.extCallId, true);
  await meeting.ask(mute);
  await meeting.answerTo(mute.msgId, "ok");
  await eventually("all is confirmed", async () => {
    const { stdout } = await bridgehead(["conferences", "--json"]);
    return JSON.parse(stdout).every((one: { documents: unknown[] }) => one.documents.length === 0);
  });
}

let slowCall: Awaited<ReturnType<Meeting["callIn"]>>["extCallId"];

/** What the page says happened before a question. */
const stages: Readonly<Record<string, () => Promise<void>>> = {
  "": async () => undefined,
  silent: async () => {
    world.webex.answerMode = { type: "status", status: 500 };
    await world.bridge.callIn("14085550199", "555120666#199#");
    await eventually("two attempts failed", async () => {
      const { stdout } = await bridgehead(["conference", "555120666", "--json"]);
      return JSON.parse(stdout).documents[0]?.attempts === 2 && JSON.parse(stdout).documents[0].failure;
    });
  },
  slow: async () => {
    world.webex.answerMode = { type: "confirm" };
    await world.bridge.faults({ delayMs: 30_000 });
    const meeting = new Meeting(world, "555120555");
    await meeting.ask(meeting.muteRequest(slowCall, true));
    await eventually("the agent has the command", async () => {
      const { stdout } = await bridgehead(["conference", "555120555", "--json"]);
      return JSON.parse(stdout).commands[0]?.taken;
    });
  },
  down: async () => {
    await world.bridge.faults({ down: true });
    await bridgeIs(false);
  },
  up: async () => {
    await world.bridge.faults({ delayMs: 0 });
    await bridgeIs(true);
  },
};

function bridgeIs(up: boolean): Promise<unknown> {
  return eventually(`the agent says that its bridge is ${up ? "up" : "down"}`, async () => {
    const { stdout } = await bridgehead(["agents", "--json"]);
    return JSON.parse(stdout)[0].agents[0]?.health?.bridgeUp === up;
  });
}

test("a list is an array with the keys and callers of all conferences, for programs", async () => {
  const { stdout, code } = await bridgehead(["conferences", "--json"]);

  expect(code).toBe(0);
  expect(JSON.parse(stdout).map((one: { key: string; callers: unknown[] }) => [one.key, one.callers.length])).toEqual([
    ["555120777", 2],
    ["555120888", 0],
    ["555120666", 1],
    ["555120555", 1],
  ]);
});

test("each question of docs/at-night.md is answered as the page has it", async () => {
  const text = readFileSync(page, "utf8");
  const blocks = [...text.matchAll(block)];
  let written = text;
  for (const [whole, opening, stage = "", command = "", shown = ""] of blocks) {
    await stages[stage]?.();
    const { stdout, stderr } = await bridgehead(
      command.replace("ws://127.0.0.1:8790", world.run.bridgeUrl.replace("http", "ws")).split(" "),
    );
    const output = stdout + stderr;
    expect(Math.max(...stdout.split("\n").map((line) => line.length)), command).toBeLessThanOrEqual(80);
    if (process.env.AT_NIGHT === "write") written = written.replace(whole, () => `${opening}${output}\`\`\``);
    else expect(shapeOf(output), command).toEqual(shapeOf(shown));
  }
  if (written !== text) writeFileSync(page, written);

  expect(blocks).toHaveLength(20);
});

test("a conference that is watched is shown again when it has changed", async () => {
  const watching = spawn(process.execPath, ["scripts/bridgehead.ts", "conference", "555120888", "--watch"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, BRIDGEHEAD_STATE: world.run.state },
  });
  const heads: string[] = [];
  for await (const line of createInterface({ input: watching.stdout })) {
    const [state] = /(locked|running), last input/.exec(line) ?? [];
    if (state === undefined) continue;
    heads.push(state);
    if (heads.length === 1) await world.bridge.lock("555120888", false);
    else break;
  }
  watching.kill();

  expect(heads).toEqual(["locked, last input", "running, last input"]);
});

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  [
    "conferences",
    { BRIDGEHEAD_URL: "http://127.0.0.1:9" },
    /^no edge answers at http:\/\/127\.0\.0\.1:9, which is from/,
  ],
  ["conferences", { OPERATOR_TOKEN: "wrong" }, /refuses the operator's token of OPERATOR_TOKEN \(401\)/],
  ["calls --domain acme", {}, /^there is no domain acme; the only domain is local/],
  ["conference 1", {}, /^nothing is kept of a conference 1 in local; the running conferences are 555120777, /],
  ["conferences --hour 3", {}, /unknown option '--hour'/],
  ["bridge check http://127.0.0.1:1", {}, /must be a ws:\/\/ or wss:\/\/ address/],
])("%s with %j fails in one line", async (command, env, says) => {
  const { code, stdout, stderr } = await bridgehead(command.split(" "), env);

  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(says);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
