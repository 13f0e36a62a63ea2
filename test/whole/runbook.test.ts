import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OperatorClient } from "../../cli/operator/operator-client.ts";
import { bridgehead, type Ended, runProgram } from "../bridgehead-command.ts";
import { expectPrinted, stepsOf } from "./task-page.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

const runbook = "docs/runbook.md";
/** A command and what it prints; the word after `night` is what happens before it. */
const nightBlock = /^```sh night ?(\w*)\n\$ (.*)\n([\s\S]*?)```$/gm;
/** Commands that must succeed, whatever they print. */
const runBlock = /^ *```sh run\n([\s\S]*?)^ *```$/gm;

const folder = mkdtempSync(join(tmpdir(), "runbook-"));
const state = join(folder, "state");
let world: World;

beforeAll(async () => {
  process.env.BRIDGEHEAD_EDGE = "node";
  mkdirSync(state);
  const webex = { attempts: 2, retryDelaysMs: [0] };
  world = await startWorld({ state, twoAgents: true, domain: { logs: { personal: true }, webex } });
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text, { mode: 0o700 });
  await evening();
});
afterAll(async () => {
  delete process.env.BRIDGEHEAD_EDGE;
  await world?.stop();
  rmSync(folder, { recursive: true });
});

const programs: Readonly<Record<string, string>> = {
  bridgehead: `#!/bin/sh\nexec ${process.execPath} scripts/bridgehead.ts "$@"\n`,
  "bridgehead-agent": `#!/bin/sh\nexec ${process.execPath} bridge-agent/main.ts "$@" --settings ${state}/agent.json\n`,
  sudo: '#!/bin/sh\nexec "$@"\n',
  systemctl: '#!/bin/sh\n[ "$1" = restart ] || [ "$1" = stop ] && [ -e "packaging/$2.service" ]\n',
  // It knows only the units of the packages, and of these the logs of this run.
  journalctl: `#!/bin/sh
[ "$1 $3 $4" = "-u -o cat" ] && [ -e "packaging/$2.service" ] || exit 1
cd "${state}/logs" && part="\${2#bridgehead-}" && cat "$part.log" "$part-2.log" 2>/dev/null
[ "$part" ]
`,
};

/** A command of a page, on this run instead of an installed Bridgehead. */
function asked(command: string): Promise<Ended> {
  return runProgram("sh", ["-c", onThisRun(command)], {
    PATH: `${folder}:${process.env.PATH}`,
    BRIDGEHEAD_STATE: state,
    OPERATOR_TOKEN: world.run.operatorToken(),
    BRIDGEHEAD_URL: world.run.edgeUrl,
    COLUMNS: "80",
    NO_COLOR: "1",
  });
}

function onThisRun(command: string): string {
  return command
    .replace("ws://127.0.0.1:8790", world.run.bridgeUrl.replace("http", "ws"))
    .replace("http://127.0.0.1:8787", world.run.edgeUrl)
    .replaceAll("tsp1.example.com:443", world.webex.host.replace(/^\w+:\/\//, ""))
    .replaceAll("/var/lib/bridgehead-edge", state)
    .replace(/\/etc\/(default|prometheus)/, folder)
    .replace("-o prometheus ", "")
    .replace("> november.csv", `> ${folder}/november.csv`)
    .replace("--domain acme", "--domain local");
}

/** Asks what the commands ask, without a process for each look. */
function operator(): OperatorClient {
  const { edgeUrl: url } = world.run;
  return new OperatorClient({ url, urlFrom: "", token: world.run.operatorToken(), tokenFrom: "" });
}

const local = { domain: "local" };

function conference(confKey: string) {
  return operator().ask("GET /domains/{domain}/conferences/{confKey}", { ...local, confKey });
}

/** What differs from run to run, each by its own name; the rest, lines and their order stay. */
const variable: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g, "TIME"],
  [/next=[\d:.]+/g, "next=TIME"],
  [/waitedMs=\d+/g, "waitedMs=N"],
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
  [/--seen \d+/g, "--seen N"],
  // The directory counts a moment later, and a busy machine probes more often.
  [/last hour: \d+/g, "last hour: N"],
  [/\d+ %, \d+ of \d+/g, "PART"],
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
  let shape = output.replace(/\n( {27}| {4}(?=\S))/g, " ");
  for (const [what, name] of variable) shape = shape.replace(what, name);
  return (
    shape
      // A long time leaves what is next to it less room.
      .replaceAll("HOST…", "HOST")
      .replace(/(HTTP status \d+), [^,]*…$/gm, "$1, DURATION ago")
      .replace(/ +$/gm, "")
      .replace(/ {2,}/g, " ")
      // WebEx names a caller and confirms the document in either order.
      .replace(/(.* confirmed .*\n)(.*W2A_RspNotifyUserEnter.*\n)/g, "$2$1")
      .split("\n")
  );
}

/** The evening before the first symptom. */
async function evening(): Promise<void> {
  const over = new Meeting(world, "555120999");
  await over.create();
  await over.callIn("1234");
  await over.close();

  const slow = new Meeting(world, "555120555");
  await slow.create();
  slowCall = (await caller(slow, "105")).extCallId;

  const unheard = new Meeting(world, "555120666");
  await unheard.create();
  leaving = (await caller(unheard, "106")).call;

  const locked = new Meeting(world, "555120888");
  await locked.create();
  await world.bridge.answersWith("14085550108", "busy");
  const callOut = locked.callOutRequest("9008", "5550108");
  await locked.ask(callOut);
  await locked.answerTo(callOut.msgId, "busy");
  await world.bridge.lock(locked.confKey, true);
  await locked.notified("conference-changed", { status: "locked" });
  await eventually("all is confirmed", async () => {
    const conferences = await operator().conferences("local");
    return conferences.every(({ documents }) => documents.length === 0);
  });
}

async function caller(meeting: Meeting, attendeeId: string) {
  const call = await meeting.callIn(attendeeId);
  await world.webex.allNamed();
  return call;
}

let slowCall: Awaited<ReturnType<Meeting["callIn"]>>["extCallId"];
let leaving: Awaited<ReturnType<Meeting["callIn"]>>["call"];

/** What the runbook says happened before a command. */
const stages: Readonly<Record<string, () => Promise<void>>> = {
  "": async () => undefined,
  locked: async () => {
    await world.bridge.callIn("14085550107", "99#555120888#");
    await eventually("the number is found", async () => {
      const asks = { text: "14085550107" };
      const { lines } = await operator().ask("POST /domains/{domain}/find", local, { asks });
      return lines.some(({ what }) => what === "not-let-in");
    });
  },
  silent: async () => {
    world.webex.answerMode = { type: "status", status: 500 };
    await world.bridge.hangUp(leaving);
    await eventually("the server is unreachable", async () => (await conference("555120666")).outages.length > 0);
    await world.bridge.callIn("14085550199", "555120666#199#");
    await eventually("the caller is in", async () => (await conference("555120666")).callers.length === 1);
    const status = () => asked("bridgehead status");
    await eventually("the directory knows it", async () => (await status()).stdout.includes("not delivered"));
  },
  back: async () => {
    world.webex.answerMode = { type: "confirm" };
    await asked("bridgehead servers --resync tsp1.example.com:443");
    await eventually("nothing is pending", async () => (await conference("555120666")).outages.length === 0);
  },
  slow: async () => {
    await world.bridge.faults({ delayMs: 30_000 });
    const meeting = new Meeting(world, "555120555");
    await meeting.ask(meeting.muteRequest(slowCall, true));
    await eventually("the agent has the command", async () => (await conference("555120555")).commands[0]?.taken);
  },
  down: async () => {
    await world.bridge.faults({ down: true });
    await bridgeIs(false);
  },
  up: async () => {
    await world.bridge.faults({ down: false, delayMs: 0 });
    await bridgeIs(true);
  },
  takeover: async () => {
    process.kill(world.run.pids().agent, "SIGKILL");
    await eventually("the other agent is active", async () => (await asked(takeovers)).stdout !== "");
    await bridgeIs(true);
  },
};
const takeovers = "journalctl -u bridgehead-edge -o cat | grep agent-takeover";

function bridgeIs(up: boolean): Promise<unknown> {
  return eventually(`both agents say that their bridge is ${up ? "up" : "down"}`, async () => {
    const [bridge] = await operator().agents("local");
    const all = bridge?.agents ?? [];
    return all.length === 2 && all.every(({ health }) => health?.bridgeUp === up);
  });
}

test("a list is an array with the keys and callers of all conferences, for programs", async () => {
  const { stdout, code } = await asked("bridgehead conferences --json");

  expect(code).toBe(0);
  expect(JSON.parse(stdout).map((one: { key: string; callers: unknown[] }) => [one.key, one.callers.length])).toEqual([
    ["555120555", 1],
    ["555120666", 1],
    ["555120888", 0],
  ]);
});

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  [
    "conferences",
    { BRIDGEHEAD_URL: "http://127.0.0.1:9" },
    /^no edge answers at http:\/\/127\.0\.0\.1:9, which is from/,
  ],
  ["conferences", { OPERATOR_TOKEN: "wrong" }, /refuses the operator's token of OPERATOR_TOKEN \(401\)/],
  ["servers --domain acme", {}, /^There is no domain acme; the only domain is local/],
  ["conferences 1", {}, /^local has no data of a conference 1; the running conferences are 5551205/],
  ["conferences --hour 3", {}, /unknown option '--hour'/],
  ["bridge check http://127.0.0.1:1", {}, /is no address of a bridge program; one is ws:\/\//],
])("%s with %j fails in one line", async (words, env, says) => {
  const { code, stdout, stderr } = await bridgehead(words.split(" "), { BRIDGEHEAD_STATE: state, ...env });

  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(says);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test.each(["records-and-privacy", "users-and-access", "monitoring", "webhooks", "runbook"])(
  "each command of docs/%s.md works",
  async (page) => {
    const blocks = [...readFileSync(`docs/${page}.md`, "utf8").matchAll(runBlock)];
    const commands = blocks.flatMap(([, text = ""]) => text.trim().split("\n"));

    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const { code, stderr } = await asked(command.trim());
      expect([code, stderr], command).toEqual([0, ""]);
    }
  },
);

test("each command of the runbook prints what the page shows", { retry: 0 }, async () => {
  const text = readFileSync(runbook, "utf8");
  const blocks = [...text.matchAll(nightBlock)];
  let written = text;
  for (const [whole, stage = "", command = "", shown = ""] of blocks) {
    await stages[stage]?.();
    const { stdout, stderr } = await asked(command);
    const output = stdout + stderr;
    if (command.startsWith("bridgehead "))
      expect.soft(Math.max(...stdout.split("\n").map((line) => line.length)), command).toBeLessThanOrEqual(80);
    const [first = ""] = whole.split("\n");
    if (process.env.RUNBOOK === "write")
      written = written.replace(whole, () => `${first}\n$ ${command}\n${output}\`\`\``);
    else expect.soft(shapeOf(output), command).toEqual(shapeOf(shown));
  }
  if (written !== text) writeFileSync(runbook, written);

  expect(blocks.length).toBeGreaterThanOrEqual(15);
});

test("hands over to the standby by the commands of docs/planned-work.md", async () => {
  for (const step of stepsOf("planned-work", "hand-over")) {
    const { stdout, stderr } = await asked(step.command.replace("main", "simulated"));
    expectPrinted(stdout + stderr, step);
  }
});
