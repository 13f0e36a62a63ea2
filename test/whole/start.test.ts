import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { runOnEdge } from "../../scripts/command.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { eventually, isAlive, Meeting, startWorld } from "./world.ts";

const folders: string[] = [];
/** At night, plain Node. */
const runtime = process.env.BRIDGEHEAD_EDGE ?? "workers";
beforeEach(() => runOnEdge("workers"));
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test("a stop leaves no process and no file for others, and the next start keeps its conferences", async () => {
  runOnEdge(runtime);
  const state = newFolder();
  const first = await startWorld({ state });
  const meeting = new Meeting(first);
  await meeting.create();
  const pids = first.run.pids();
  const { output, edgeUrl } = first.run;
  expect(output).toContain(`console ${edgeUrl}/console, where you sign in with the token`);
  expect(output.at(-1)).toBe(`bridgehead ready: ${edgeUrl}`);

  const stoppedAt = Date.now();
  expect(await first.stop()).toBe(0);
  expect(Date.now() - stoppedAt).toBeLessThan(10_000);
  expect(Object.values(pids).filter(isAlive)).toEqual([]);

  const files = readdirSync(state, { recursive: true, encoding: "utf8" });
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => statSync(join(state, file)).mode & 0o077)).toEqual([]);

  // The bridge held the conference in memory: after a restart it alone is gone.
  const second = await startWorld({ state });
  try {
    const request = new Meeting(second, meeting.confKey).createRequest();
    expect((await second.webex.client.post(request)).result).toBe(0);
    await second.webex.waitFor("an answer to the create", (message) => message.msgId === request.msgId, 15_000);
  } finally {
    await second.stop();
  }
});

test("a local console sets cookies for its host alone and says how each answer is read", async () => {
  runOnEdge(runtime);
  const run = await LocalRun.start({ state: newFolder() });
  onTestFinished(async () => void (await run.stop()));
  const browser = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const send = (path: string, fields: Record<string, string>, cookie = "") =>
    fetch(`${run.edgeUrl}${path}`, {
      method: "POST",
      headers: { ...browser, cookie },
      redirect: "manual",
      body: new URLSearchParams(fields),
    });
  const begun = await send("/console/sign-in", { token: run.operatorToken() });
  const [session = ""] = begun.headers.getSetCookie();
  const [cookie = ""] = session.split(";");
  const sought = await send("/console/local/find", { find: "14085550101" }, cookie);

  const forThisHost = /^__Host-bridgehead-\S+; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/;
  expect([session, ...sought.headers.getSetCookie()]).toEqual([expect.stringMatching(forThisHost)]);
  const page = await fetch(`${run.edgeUrl}/console/local`, { headers: { ...browser, cookie } });
  const confirmation = await fetch(run.adapterUrl, { method: "POST", body: "<x/>" });
  expect([page.status, confirmation.status]).toEqual([200, 200]);
  for (const { headers } of [begun, sought, page, confirmation]) {
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("strict-transport-security")).toBeNull();
  }
});

test("when the supervisor is killed, all its parts end with it", async () => {
  const run = await LocalRun.start({ state: newFolder() });
  const pids = Object.values(run.pids());

  run.supervisor.kill("SIGKILL");

  await eventually("no part is left", async () => !pids.some(isAlive), 5_000);
});

test("while nothing can be written in the state folder, parts that die come back, and the file of process ids when it can", async () => {
  const state = newFolder();
  const run = await LocalRun.start({ state });
  const pids = () => run.pids() as { readonly bridge: number };
  const { bridge } = pids();
  mkdirSync(join(state, "pids.json.new")); // In the way, as a full disk is.

  process.kill(bridge, "SIGKILL");
  await eventually("the bridge is gone", async () => !isAlive(bridge));
  await eventually("another bridge answers", async () => (await fetch(`${run.bridgeUrl}/state`)).ok);
  expect(pids().bridge).toBe(bridge);
  expect(run.supervisor.exitCode).toBeNull();

  rmdirSync(join(state, "pids.json.new"));
  await eventually("the file is right", async () => isAlive(pids().bridge), 5_000);
  expect(await run.stop()).toBe(0);
});

test("a port that is taken is one line on stderr and exit code 1", async () => {
  const holder = createServer();
  const [port = 0] = await freePorts(1);
  await new Promise<void>((listening) => holder.listen(port, "127.0.0.1", listening));
  try {
    const ended = await start({ PORT: String(port) });

    expect(ended).toEqual({
      code: 1,
      stderr: `cannot listen on 127.0.0.1:${port} (the port is taken); set PORT to another port\n`,
    });
  } finally {
    holder.close();
  }
});

const dialled = "begins of numbers with commas between them, .* for example \\+1408,\\+44";

/** Variables, the obstacle in the state folder (a name that ends in "/" is a folder), and the line. */
test.each<[variables: Readonly<Record<string, string>>, inTheWay: string, line: string]>([
  [{}, "agent/agent-key.pem", "agent cannot start: the agent's key \\S+agent-key\\.pem cannot be read .*"],
  [{}, "operator-token", "\\S+operator-token is empty; remove it, and the next start makes a new token"],
  [{}, "operator-token/", "cannot read \\S+operator-token \\(a folder of this name is in the way\\).*"],
  [{}, "agent.json/", "cannot write \\S+agent\\.json \\(a folder of this name is in the way\\)"],
  [{}, "edge/worker.js/", "cannot write \\S+worker\\.js \\(a folder of this name is in the way\\)"],
  [{}, "logs/edge.log/", "cannot start: open \\S+edge\\.log does not work \\(a folder of this name .*\\)"],
  [{}, "agent", "cannot start: mkdir .*agent does not work \\(a file of this name is in the way\\)"],
  [
    { BRIDGEHEAD_STATE: "FOLDER/file/state" },
    "file",
    "cannot write to the state folder .*set BRIDGEHEAD_STATE to another",
  ],
  [
    { BRIDGEHEAD_STATE: "/proc/bridgehead/state" },
    "",
    "cannot write to .* /proc/bridgehead/state \\(nothing can be made there\\); set BRIDGEHEAD_STATE to another",
  ],
  [{ COUNTED_EDGE: "src/no-such-worker.ts" }, "", "cannot bundle \\S+no-such-worker\\.ts \\(.*\\)"],
  [
    { BRIDGE_URL: "ws://user:password@127.0.0.1/bridge" },
    "",
    "BRIDGE_URL must be an address such as ws://127.0.0.1:8790/bridge, without user, password and #",
  ],
  [{ BRIDGE_URL: "ws://127.0.0.1:1/b", POLICY_ALLOW: "1408" }, "", `POLICY_ALLOW is "1408"; it must be ${dialled}`],
  [
    { SIMULATED_BRIDGE_CALLS: "-3" },
    "",
    'SIMULATED_BRIDGE_CALLS is "-3"; it must be a whole number from 1 on, for example 24',
  ],
  [{ DOMAIN_LOCAL: "{" }, "", "DOMAIN_LOCAL is not JSON .*"],
  [{ DOMAIN_LOCAL: "[]" }, "", "DOMAIN_LOCAL must be a JSON object; .*"],
  [{ DOMAIN_LOCAL: '{"webx":{}}' }, "", "DOMAIN_LOCAL\\.webx is not a setting; did you mean webex\\?"],
])("a start with %j and in the way “%s” is refused in one line", async (variables, inTheWay, line) => {
  const folder = newFolder();
  mkdirSync(join(folder, dirname(inTheWay)), { recursive: true });
  if (inTheWay.endsWith("/")) mkdirSync(join(folder, inTheWay));
  else if (inTheWay !== "") writeFileSync(join(folder, inTheWay), "");
  const { BRIDGEHEAD_STATE = folder, ...others } = variables;

  const ended = await start({ ...others, BRIDGEHEAD_STATE: BRIDGEHEAD_STATE.replace("FOLDER", folder) });

  expect(ended).toEqual({ code: 1, stderr: expect.stringMatching(new RegExp(`^${line}\n$`)) });
});

test.each([0, 200, 20_000])("a disk that takes only %d bytes of each file is one line on stderr", async (bytes) => {
  const ended = await start({}, ["prlimit", `--fsize=${bytes}:unlimited`]);

  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(
    /^(agent cannot start: state: nothing can be written in|cannot write) \S+.* \(.*\).*\n$/,
  );
});

test("a second run on the same state folder, or on its port, is refused; after a SIGKILL of the first one it is not", async () => {
  const state = newFolder();
  const first = await LocalRun.start({ state });
  const pids = Object.values(first.pids());

  const second = await start({ BRIDGEHEAD_STATE: state });
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/^the state folder \S+ is in use by another run; .*\n$/);
  const { port } = new URL(first.edgeUrl);
  expect(await start({ BRIDGEHEAD_STATE: state, PORT: port })).toEqual({
    code: 1,
    stderr: `cannot listen on 127.0.0.1:${port} (the port is taken); set PORT to another port; a run with the state folder ${state} is up: stop that one, or set BRIDGEHEAD_STATE, PORT, SIMULATED_BRIDGE_PORT and AGENT_PORT for a second one beside it\n`,
  });

  first.supervisor.kill("SIGKILL");
  await eventually("no part is left", async () => !pids.some(isAlive), 5_000);
  const third = await LocalRun.start({ state });
  expect(await third.stop()).toBe(0);
  expect(existsSync(join(state, "pids.json"))).toBe(false);
});

test.each([
  [{}, ["+"]],
  [{ BRIDGE_URL: "ws://127.0.0.1:1/bridge" }, []],
  [{ BRIDGE_URL: "ws://127.0.0.1:1/bridge", POLICY_ALLOW: "+1408, +44" }, ["+1408", "+44"]],
  [{ POLICY_ALLOW: "+44" }, ["+44"]],
])("a bridge of somebody else's dials no number but those that are named: %j", async (variables, allow) => {
  const folder = newFolder();

  // It ends after the agent's settings are written.
  await start({ ...variables, BRIDGEHEAD_STATE: folder, DOMAIN_LOCAL: '{"webx":{}}' });

  expect(JSON.parse(readFileSync(join(folder, "agent.json"), "utf8")).policy.allow).toEqual(allow);
});

/** Starts what is expected to end by itself. */
async function start(
  env: Readonly<Record<string, string>>,
  under: readonly string[] = [],
): Promise<{ code: number; stderr: string }> {
  const [edge, bridge, agent] = (await freePorts(3)).map(String);
  const ports = { PORT: edge, SIMULATED_BRIDGE_PORT: bridge, AGENT_PORT: agent, BRIDGEHEAD_STATE: newFolder() };
  return new Promise((ended) => {
    const options = { env: { ...process.env, ...ports, ...env }, timeout: 20_000 };
    const [command = "", ...args] = [...under, process.execPath, "scripts/start.ts"];
    execFile(command, args, options, (error, _stdout, stderr) =>
      ended({ code: error ? Number(error.code ?? -1) : 0, stderr }),
    );
  });
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-test-"));
  folders.push(folder);
  return folder;
}
