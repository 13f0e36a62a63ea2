import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OperatorClient } from "../../cli/operator/operator-client.ts";
import { shownTime } from "../../src/foundation/time/shown-time.ts";
import { bridgehead, type Ended, runProgram } from "../bridgehead-command.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

const page = "docs/at-night.md";
const block = /^```sh night ?(\w*)\n\$ (.*)\n([\s\S]*?)```$/gm;

let world: World;
beforeAll(async () => {
  // A document that fails waits for its next attempt for as long as this takes.
  world = await startWorld({
    twoAgents: true,
    domain: { logs: { personal: true }, webex: { retryDelaysMs: [0, 60_000] } },
  });
  writeFileSync(`${world.run.state}/journalctl`, journalctl, { mode: 0o700 });
  await evening();
});
afterAll(() => world?.stop());

/** On a terminal of 80 columns. */
function command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return bridgehead(args, { BRIDGEHEAD_STATE: world.run.state, COLUMNS: "80", ...env });
}

const local = { domain: "local" };

/** Asks what the commands ask, without a process for each look. */
function operator(): OperatorClient {
  const { edgeUrl: url } = world.run;
  return new OperatorClient({ url, urlFrom: "", token: world.run.operatorToken(), tokenFrom: "" });
}

function conference(confKey: string) {
  return operator().ask("GET /domains/{domain}/conferences/{confKey}", { ...local, confKey });
}

/** The command of a question, on the run of this test instead of an installed Bridgehead. */
function asked(question: string): Promise<Ended> {
  const { state, bridgeUrl } = world.run;
  const own = question
    .replace("ws://127.0.0.1:8790", bridgeUrl.replace("http", "ws"))
    .replace(/--since \S+ --until \S+/, `--since ${muteAt} --until ${timeOfDay(Date.now())}`);
  const [program = "", ...args] = own.split(" ");
  if (program === "bridgehead") return command(args);
  if (program === "bridgehead-agent") {
    return runProgram(process.execPath, ["bridge-agent/main.ts", ...args, "--settings", `${state}/agent.json`]);
  }
  return runProgram("sh", ["-c", own], { PATH: `${state}:${process.env.PATH}` });
}

/** Knows the units of the packages alone, and of these the logs of this run. */
const journalctl = `#!/bin/sh
[ "$1 $3 $4" = "-u -o cat" ] && [ -e "packaging/$2.service" ] || exit 1
cd "\${0%/*}/logs" && part="\${2#bridgehead-}" && cat "$part.log" "$part-2.log" 2>/dev/null
`;

function timeOfDay(at: number): string {
  return shownTime(at, "UTC").exact;
}

/** What differs from run to run, each by its own name; the rest, lines and their order stay. */
const variable: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g, "TIME"],
  [/next=[\d:.]+/g, "next=TIME"],
  [/(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(\.\d{3})?/g, "TIME"],
  [/\b\d+(\.\d+)? (ms|s|min)( \d+ s)?\b/g, "DURATION"],
  [/"nobodyActedMs":\d+/g, '"nobodyActedMs":DURATION'],
  [/"epoch":\d+/g, '"epoch":SECONDS'],
  [/127\.0\.0\.1:\d+/g, "HOST"],
  [/(transId=|TransID |"transId":"|msgId=)\d+/g, "$1ID"],
  [/\b(c\d+)-[0-9a-f]+/g, "$1"],
  [/(555120\d{3}\.\d+)\.\d+/g, "$1"],
  [/key: [\w-]{43},/g, "key: KEY,"],
  [/\d+ MiB/g, "SPACE"],
  // On a busy machine two documents are confirmed in two rows, on a quiet one in one.
  [/\brows? [\d, ]+ of the journal/g, "ROWS of the journal"],
  // A busy machine is slow to answer.
  [/\bsent (?:once|\d+ times)/g, "sent TIMES"],
  // As the agent last said.
  [/ up +(?:\d+|\?)(?= +(nothing|\d))/g, " up PORTS"],
  // A checkout has no version, in as many characters as there is room for.
  [/(nothing|\d+ (commands?|reports?)(, \d+ reports?)?) +(unbuilt.*|\d+\.\d+\.\d+)$/gm, "WAITING VERSION"],
];

/** Lines as they are wider or narrower by what differs: with single blanks, and those that were wrapped as one. */
function shapeOf(output: string): string[] {
  let shape = output.replaceAll(world.run.state, ".bridgehead").replace(/\n( {27}| {4}(?=\S))/g, " ");
  for (const [what, name] of variable) shape = shape.replace(what, name);
  return (
    shape
      // A long time leaves what is beside it less room.
      .replaceAll("HOST…", "HOST")
      .replace(/(HTTP status \d+), [^,]*…$/gm, "$1, DURATION ago")
      .replace(/ +$/gm, "")
      .replace(/ {2,}/g, " ")
      // WebEx names a caller and confirms the document in either order.
      .replace(/(.* confirmed .*\n)(.*W2A_RspNotifyUserEnter.*\n)/g, "$2$1")
      .split("\n")
  );
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
  await allConfirmed();
  muteAt = timeOfDay(Date.now());
  const mute = meeting.muteRequest(alice.extCallId, true);
  await meeting.ask(mute);
  await meeting.answerTo(mute.msgId, "ok");
  await allConfirmed();
}

function allConfirmed(): Promise<unknown> {
  return eventually("all is confirmed", async () => {
    const conferences = await operator().conferences(["local"]);
    return conferences.every(({ documents }) => documents.length === 0);
  });
}

/** The time of the day at which nothing had happened in a while. */
let muteAt: string;

let slowCall: Awaited<ReturnType<Meeting["callIn"]>>["extCallId"];

/** What the page says happened before a question. */
const stages: Readonly<Record<string, () => Promise<void>>> = {
  "": async () => undefined,
  locked: async () => {
    await world.bridge.callIn("14085550107", "99#555120888#");
    await eventually("the conference has said so", async () => {
      const of = { ...local, confKey: "555120888" };
      const { lines } = await operator().ask("GET /domains/{domain}/conferences/{confKey}/timeline", of);
      return lines.some(({ why, facts }) => why !== undefined && facts.number === "14085550107");
    });
    await eventually("the number is found", async () => {
      const asks = { number: "14085550107" };
      const { lines } = await operator().ask("POST /domains/{domain}/numbers", local, { asks });
      return lines.some(({ what }) => what === "not-let-in");
    });
  },
  silent: async () => {
    world.webex.answerMode = { type: "status", status: 500 };
    await world.bridge.callIn("14085550199", "555120666#199#");
    await eventually("two attempts failed", async () => {
      const [document] = (await conference("555120666")).documents;
      return document?.attempts === 2 && document.failure;
    });
    await eventually("the directory has heard of it", async () => {
      const { hosts } = await operator().ask("GET /domains/{domain}/activity", local);
      return hosts[0]?.failure;
    });
  },
  slow: async () => {
    await world.bridge.faults({ delayMs: 30_000 });
    const meeting = new Meeting(world, "555120555");
    await meeting.ask(meeting.muteRequest(slowCall, true));
    await eventually("the agent has the command", async () => {
      return (await conference("555120555")).commands[0]?.taken;
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
  keys: async () => {
    world.webex.answerMode = { type: "confirm" };
    await world.bridge.callIn("14085550103", "999#555120777#103#");
    await eventually("the agent says so", async () => (await asked(wrongKeys)).stdout !== "");
  },
  takeover: async () => {
    const { agent } = world.run.pids();
    process.kill(agent, "SIGKILL");
    await eventually("the other agent acts", async () => (await asked(takeovers)).stdout !== "");
    await bridgeIs(true);
  },
};
const wrongKeys = "journalctl -u bridgehead-agent -o cat | grep wrong-keys";
const takeovers = "journalctl -u bridgehead-edge -o cat | grep agent-takeover";

function bridgeIs(up: boolean): Promise<unknown> {
  return eventually(`both agents say that their bridge is ${up ? "up" : "down"}`, async () => {
    const [bridge] = await operator().agents(["local"]);
    const all = bridge?.agents ?? [];
    return all.length === 2 && all.every(({ health }) => health?.bridgeUp === up);
  });
}

test("a list is an array with the keys and callers of all conferences, for programs", async () => {
  const { stdout, code } = await command(["conferences", "--json"]);

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
  for (const [whole, stage = "", command = "", shown = ""] of blocks) {
    await stages[stage]?.();
    const { stdout, stderr } = await asked(command);
    const output = (stdout + stderr).replaceAll(world.run.state, ".bridgehead");
    if (command.startsWith("bridgehead "))
      expect(Math.max(...stdout.split("\n").map((line) => line.length)), command).toBeLessThanOrEqual(80);
    if (process.env.AT_NIGHT === "write") {
      const [first = ""] = whole.split("\n");
      const own = command.replace(/--since \S+ --until \S+/, `--since ${muteAt} --until ${timeOfDay(Date.now())}`);
      written = written.replace(whole, () => `${first}\n$ ${own}\n${output}\`\`\``);
    } else expect(shapeOf(output), command).toEqual(shapeOf(shown));
  }
  if (written !== text) writeFileSync(page, written);

  expect(blocks).toHaveLength(22);
});

test("a conference that is watched is shown again when it has changed", async () => {
  const watching = spawn(process.execPath, ["scripts/bridgehead.ts", "conference", "555120888", "--watch"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, BRIDGEHEAD_STATE: world.run.state },
  });
  // What never comes ends the test, and must not outlive it.
  const limit = setTimeout(() => watching.kill(), 20_000);
  const heads: string[] = [];
  for await (const line of createInterface({ input: watching.stdout })) {
    const [state] = /(locked|running), last input/.exec(line) ?? [];
    if (state === undefined) continue;
    heads.push(state);
    if (heads.length === 1) await world.bridge.lock("555120888", false);
    else break;
  }
  clearTimeout(limit);
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
  ["calls --domain acme", {}, /^There is no domain acme; the only domain is local/],
  ["conference 1", {}, /^Nothing is kept of a conference 1 in local; the running conferences are 555120555, /],
  ["conferences --hour 3", {}, /unknown option '--hour'/],
  ["bridge check http://127.0.0.1:1", {}, /is no address of a bridge program; one is ws:\/\//],
])("%s with %j fails in one line", async (words, env, says) => {
  const { code, stdout, stderr } = await command(words.split(" "), env);

  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(says);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
