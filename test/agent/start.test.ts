import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { agentSettings } from "./agent-world.ts";

const folder = mkdtempSync(join(tmpdir(), "bridgehead-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const right = { ...agentSettings, state: "state" };

test.each([
  ["run", "in-the-way/state"],
  ["key", "in-the-way/state"],
  ["run", "/proc/bridgehead"],
  ["key", "/proc/bridgehead"],
])("%s names the setting of a state folder that cannot be created: %s", async (command, state) => {
  writeFileSync(join(folder, "in-the-way"), "");

  const { code, stderr } = await agent(command, { state: resolve(folder, state) });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^(agent cannot start: )?state: nothing can be written in \S+ \([^\n]+\); [^\n]*\n$/);
});

test("names an unreadable key and a folder in the journal's place", async () => {
  const state = join(folder, "broken-key");
  mkdirSync(state);
  writeFileSync(join(state, "agent-key.pem"), "no key");
  const { code, stderr } = await agent("run", { state });
  expect(stderr).toMatch(/^agent cannot start: [^\n]*agent-key\.pem cannot be read [^\n]*\n$/);
  expect(code).toBe(1);

  const other = join(folder, "journal-folder");
  mkdirSync(join(other, "journal.sqlite"), { recursive: true });
  expect((await agent("run", { state: other })).stderr).toContain("journal.sqlite is a folder");
});

test("only the agent's user can read its state", async () => {
  const state = join(folder, "made");

  expect((await agent("key", { state })).code).toBe(0);

  expect([state, join(state, "journal.sqlite")].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
});

test.skipIf(process.getuid?.() !== 0)(
  "init by root: the service's user has the key and may read the settings",
  async () => {
    const state = join(folder, "of-the-service");
    mkdirSync(state);
    chownSync(state, 65_534, 65_534);
    chmodSync(folder, 0o755); // The service's user must reach it.
    const [outer, etc] = [join(folder, "outer"), join(folder, "outer", "etc")];
    const file = join(etc, "agent.json");
    const options = ["--edge", "wss://tsp.example.com", "--domain", "acme", "--state", state, "--settings", file];

    const { code, stdout } = await runMain(["init", ...options]);

    expect(code).toBe(0);
    expect(stdout).not.toContain("root's");
    const modes = [outer, etc, file, join(state, "agent-key.pem"), join(state, "journal.sqlite")].map((path) => {
      const { mode, uid, gid } = statSync(path);
      return [(mode & 0o777).toString(8), uid, gid];
    });
    expect(modes).toEqual([
      ["755", 0, 0],
      ["755", 0, 0],
      ["640", 0, 65_534],
      ["600", 65_534, 65_534],
      ["600", 65_534, 65_534],
    ]);
  },
);

test.skipIf(process.getuid?.() !== 0).each(["700", "755"])(
  "as another user, doctor still has all its lines, and run says what to do (folder mode %s)",
  async (mode) => {
    const state = join(folder, `of-another-user-${mode}`);
    await agent("key", { state });
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "agent.json"), 0o644);

    chmodSync(state, mode);

    const { code, stdout, stderr } = await runMain(["doctor", "--settings", join(folder, "agent.json")], 65_534);
    expect(code).toBe(1);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^WRONG key: .*\.pem cannot be read \(EACCES: .*\): run this as the user to whom/m);
    expect(stdout).toMatch(/^WRONG journal: \S+ cannot be used by this user \(EACCES\): run this as the user to whom/m);
    expect(stdout).toMatch(/^WRONG edge: /m);
    expect(stdout).toMatch(/^warn {2}policy: /m);

    const started = await runMain(["run", "--settings", join(folder, "agent.json")], 65_534);
    expect(started.code).toBe(1);
    expect(started.stderr).toMatch(
      /^agent cannot start: state: nothing can be written in \S+ \(EACCES: [^\n]+\); run this as the user to whom the folder belongs, give it to this user \(chown -R\), or [^\n]+\n$/,
    );
  },
);

test("a port that is taken is told by the setting's name", async () => {
  const holder = createServer();
  await new Promise<void>((listening) => holder.listen(0, "127.0.0.1", listening));
  const { port } = holder.address() as AddressInfo;

  const { code, stderr } = await agent("run", { listen: { port } });

  holder.close();
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `agent cannot start: listen.port: cannot listen on 127.0.0.1:${port} (the port is taken); set it to another port, or to 0\n`,
  });
});

test.each([
  [
    "run",
    1,
    /^agent cannot start: journal (\S+journal\.sqlite) is damaged \(file is not a database\)\. With the agent stopped, move it away .* Lost are /,
  ],
  ["doctor", 1, /WRONG journal: journal (\S+journal\.sqlite) is damaged \(file is not a database\)/],
])("%s names a damaged journal and what to do", async (command, code, sentence) => {
  const state = join(folder, `damaged-${command}`);
  mkdirSync(state);
  writeFileSync(
    join(state, "journal.sqlite"),
    "this is no database, and is longer than a database's header of a hundred bytes".repeat(2),
  );

  const ended = await agent(command, { state });

  expect(ended.code).toBe(code);
  expect(ended.stderr + ended.stdout).toMatch(sentence);
});

test("doctor says what to do about a bridge program of another version", async () => {
  const bridge = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  bridge.on("connection", (socket) => {
    socket.send(JSON.stringify({ type: "hello", version: 2, bootId: "b1", ports: null }));
  });
  await once(bridge, "listening");
  const url = `ws://127.0.0.1:${(bridge.address() as AddressInfo).port}`;

  const { code, stdout } = await agent("doctor", { state: join(folder, "doctor"), driver: { type: "generic", url } });

  bridge.close();
  expect(code).toBe(1);
  expect(stdout).toMatch(/^WRONG bridge: .*version: must be 3\. Update the bridge program or the agent/m);
});

/** Runs what is expected to end by itself. */
function agent(
  command: string,
  change: object,
): Promise<{ readonly code: number; readonly stderr: string; readonly stdout: string }> {
  const settings = join(folder, "agent.json");
  writeFileSync(settings, JSON.stringify({ ...right, ...change }));
  return runMain([command, "--settings", settings]);
}

function runMain(
  args: readonly string[],
  uid?: number,
): Promise<{ readonly code: number; readonly stderr: string; readonly stdout: string }> {
  return new Promise((ended) => {
    execFile(
      process.execPath,
      ["bridge-agent/main.ts", ...args],
      uid === undefined ? {} : { uid, env: { ...process.env, NODE_COMPILE_CACHE: compiledFor(uid) } },
      (error, stdout, stderr) => ended({ code: error ? Number(error.code ?? -1) : 0, stderr, stdout }),
    );
  });
}

/** Where this user's processes keep what they have compiled: another user's folder is closed to them. */
function compiledFor(uid: number): string {
  const compiled = join(folder, `compiled-for-${uid}`);
  mkdirSync(compiled, { recursive: true });
  chownSync(compiled, uid, uid);
  return compiled;
}
