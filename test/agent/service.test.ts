import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { signedRequest } from "../../bridge-agent/service/health.ts";
import { askAgent, askStatus } from "../../bridge-agent/service/local-commands.ts";
import { AgentService } from "../../bridge-agent/service/service.ts";
import { watchdogMs } from "../../bridge-agent/service/service-manager.ts";
import type { AgentSettings } from "../../bridge-agent/service/settings.ts";
import { agentKey, holdStateFolder, keyFile } from "../../bridge-agent/service/state-folder.ts";
import { agentSettings } from "./agent-world.ts";

let folder: string;
let lines: string[];

/** Of a process that does not end. */
function ports() {
  const logDestination = { write: (json: string) => void lines.push(JSON.parse(json).msg), dropped: 0 };
  return { logDestination, end: expect.unreachable, drained: expect.unreachable };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  lines = [];
  folder = mkdtempSync(join(tmpdir(), "bridgehead-service-"));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test.each([
  [undefined, null],
  ["0", null],
  ["30000000", 15_000],
])("systemd that waits for %s µs gets a sign of life each %s ms", (microseconds, ms) => {
  vi.stubEnv("WATCHDOG_USEC", microseconds);
  expect(watchdogMs()).toBe(ms);
  vi.unstubAllEnvs();
});

test("two agents on one state folder: the second is refused with a sentence, and gets the folder when the first stops", async () => {
  const settings = { ...agentSettings, state: folder } as AgentSettings;
  const service = () => new AgentService(settings, ports());
  const [first, second, third] = [service(), service(), service()];
  await first.start();

  await expect(second.start()).rejects.toThrow(
    /^state: \S+ is in use by another agent: stop that one, or give this one/,
  );
  vi.useRealTimers();
  await first.stop();
  await third.start();

  await third.stop();
});

test("the folder of an agent that was killed is free", async () => {
  const script = `
    import { holdStateFolder } from "./bridge-agent/service/state-folder.ts";
    globalThis.release = holdStateFolder(${JSON.stringify(folder)});
    console.log("held");
    setInterval(() => {}, 1_000);`;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(agent.stdout, "data");
  expect(() => holdStateFolder(folder)).toThrow(/is in use/);
  const exit = once(agent, "exit");
  agent.kill("SIGKILL");
  await exit;

  holdStateFolder(folder)();
});

test("an agent that cannot start when its journal is there again ends with a sentence", async () => {
  const ends: string[] = [];
  const settings = { ...agentSettings, state: folder };
  const service = new AgentService(settings, { ...ports(), end: (why) => ends.push(why) });
  mkdirSync(join(folder, "journal.sqlite-wal")); // Where the journal wants a file.
  await service.start();

  rmdirSync(join(folder, "journal.sqlite-wal"));
  writeFileSync(join(folder, "agent-key.pem"), "no key");
  vi.advanceTimersByTime(5_000);
  await service.stop();

  expect(ends).toEqual([expect.stringMatching(/^agent cannot start: /)]);
});

/** A port that something else has. */
async function takenPort(): Promise<readonly [number, Server]> {
  const holder = createServer();
  await new Promise<void>((listening) => holder.listen(0, "127.0.0.1", listening));
  return [(holder.address() as AddressInfo).port, holder];
}

test("settings that cannot work leave the agent as it is, with its folder and its port; others are taken up", async () => {
  vi.useRealTimers();
  const [port, holder] = await takenPort();
  const [free, other] = await takenPort();
  await new Promise((closed) => other.close(closed));
  const before: AgentSettings = { ...agentSettings, state: join(folder, "a"), listen: { port: free } };
  const service = new AgentService(before, ports());
  const nameNow = async (port: number) => {
    const response = await fetch(`http://127.0.0.1:${port}/status`).catch(() => null);
    return response && ((await response.json()) as { readonly agent: string }).agent;
  };
  await service.start();
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "damaged"));
  writeFileSync(join(folder, "damaged", "journal.sqlite"), "no database, and longer than its header is".repeat(4));
  const release = holdStateFolder(mkdtempSync(join(folder, "held-")));

  for (const [change, why] of [
    [{ listen: { port } }, /^listen\.port: cannot listen on 127\.0\.0\.1:\d+ \(the port is taken\)/],
    [{ state: join(folder, "b"), listen: { port } }, /^listen\.port/],
    [{ state: join(folder, "file", "state") }, /^state: nothing can be written/],
    [{ state: join(folder, "damaged") }, /journal\.sqlite is damaged/],
  ] as const) {
    const reloaded = await service.reload({ ...before, agent: "agent-2", ...change });
    expect(reloaded).toEqual({ ok: false, error: expect.stringMatching(why) });
    expect(await nameNow(free)).toBe("agent-1");
  }
  release();
  holdStateFolder(join(folder, "b"))(); // What was taken for settings that cannot work is free again.
  expect(() => holdStateFolder(join(folder, "a"))).toThrow(/is in use/);

  expect((await service.reload({ ...before, agent: "agent-2", state: join(folder, "b") })).ok).toBe(true);
  expect(await nameNow(free)).toBe("agent-2");
  holdStateFolder(join(folder, "a"))();
  writeFileSync(join(folder, "a", "journal.sqlite-shm"), "what a kill can leave");
  expect((await service.reload({ ...before, agent: "agent-2", state: join(folder, "a") })).ok).toBe(true);
  expect((await service.reload({ ...before, agent: "agent-3", listen: { port: 0 } })).ok).toBe(true);
  expect(await nameNow(free)).toBe(null);

  await service.stop();
  holder.close();
});

test("a reload begins the agent anew only where the link or the bridge sees a difference", async () => {
  vi.useRealTimers();
  let links = 0;
  const edge = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  edge.on("connection", () => {
    links += 1;
  });
  await once(edge, "listening");
  const [free, other] = await takenPort();
  await new Promise((closed) => other.close(closed));
  const address = `ws://127.0.0.1:${(edge.address() as AddressInfo).port}`;
  const before: AgentSettings = { ...agentSettings, edge: address, state: folder, listen: { port: 0 } };
  const service = new AgentService(before, ports());
  await service.start();
  await vi.waitFor(() => expect(links).toBe(1));

  expect(await service.reload({ ...before })).toEqual({ ok: true, value: "nothing has changed" });
  const policy = { allow: ["+1408"], deny: [] };
  const moved = { ...before, logs: { personal: true }, listen: { port: free }, policy };
  expect(await service.reload(moved)).toEqual({ ok: true, value: "changed: listen, logs, policy" });
  expect((await fetch(`http://127.0.0.1:${free}/healthz`)).status).toBe(200);
  expect(await service.reload({ ...moved, dialIn: ["18005551234"] })).toEqual({
    ok: true,
    value: "changed: dialIn; the agent begins anew",
  });
  await vi.waitFor(() => expect(links).toBe(2));
  // Nor does it go on as it is where it could take up only a part.
  expect(await service.reload({ ...before, listen: moved.listen, policy, dialIn: [] })).toEqual({
    ok: true,
    value: "changed: logs, dialIn; the agent begins anew",
  });
  await vi.waitFor(() => expect(links).toBe(3));
  const figures = async () => (await fetch(`http://127.0.0.1:${free}/metrics`)).text();
  await vi.waitFor(async () => expect(await figures()).toMatch(/^bridgehead_agent_turns_total [1-9]/m));
  expect(lines.filter((line) => line.startsWith("journal"))).toEqual([]);

  await service.stop();
  for (const client of edge.clients) client.terminate();
  edge.close();
});

test("an agent whose key file is gone keeps its key, and says so once; without its folder it takes up no settings", async () => {
  vi.useRealTimers();
  const [port, holder] = await takenPort();
  await new Promise((closed) => holder.close(closed));
  const state = join(folder, "state");
  const before: AgentSettings = { ...agentSettings, state, listen: { port } };
  const service = new AgentService(before, ports());
  await service.start();
  const key = agentKey(state);
  const calls = async () => {
    const headers = signedRequest(key, "GET", "/calls");
    return (await fetch(`http://127.0.0.1:${port}/calls`, { headers })).status;
  };
  rmSync(join(state, "agent-key.pem"));

  expect((await service.reload({ ...before, agent: "agent-2" })).ok).toBe(true);
  expect(await calls()).toBe(200);
  rmSync(state, { recursive: true });
  const reloaded = await service.reload({ ...before, agent: "agent-3" });

  expect(reloaded).toEqual({ ok: false, error: expect.stringMatching(/^state: \S+ is gone: stop the agent, put /) });
  expect(await calls()).toBe(200);
  expect(existsSync(state)).toBe(false);
  expect(lines.filter((line) => line.includes("agent-key.pem"))).toEqual([
    expect.stringMatching(/^\S+agent-key\.pem is gone: the agent goes on with the key that it has in memory/),
  ]);
  await service.stop();
});

test("an agent whose state folder is deleted does nothing more, and says so, also when a folder is there again", async () => {
  const [port, holder] = await takenPort();
  await new Promise((closed) => holder.close(closed));
  const state = join(folder, "state");
  const settings: AgentSettings = { ...agentSettings, state, listen: { port } };
  const service = new AgentService(settings, ports());
  await service.start();
  rmSync(state, { recursive: true });
  await vi.advanceTimersByTimeAsync(2_500);
  mkdirSync(state);
  await vi.advanceTimersByTimeAsync(60_000);

  vi.useRealTimers();
  const health = await fetch(`http://127.0.0.1:${port}/healthz`);
  const gone =
    /^journal \S+ was deleted or replaced while the agent runs: this process does nothing more\. Put the folder \S+ back/;
  expect([health.status, await health.text()]).toEqual([503, expect.stringMatching(gone)]);
  expect(lines.filter((line) => gone.test(line))).toHaveLength(1);
  const reloaded = await service.reload({ ...settings, dialIn: ["18005551234"] });
  expect(reloaded).toEqual({ ok: false, error: expect.stringMatching(gone) });
  expect(existsSync(join(state, "journal.sqlite"))).toBe(false);
  await service.stop();
});

test("drain ends the process once, by a word of its own", async () => {
  vi.useRealTimers();
  let ends = 0;
  const [port, holder] = await takenPort();
  await new Promise((closed) => holder.close(closed));
  const settings: AgentSettings = { ...agentSettings, state: folder, listen: { port } };
  const ended = new Promise<void>((resolve) => {
    const drained = () => {
      ends += 1;
      resolve();
    };
    void (async () => {
      const service = new AgentService(settings, { ...ports(), drained });
      await service.start();
      const answers = await Promise.all([1, 2].map(() => askAgent(settings, "/drain", "POST")));
      expect(answers).toEqual(Array(2).fill('{"running":0,"inDoubt":0,"unacknowledged":0}'));
      await ended;
      expect(await service.reload(settings)).toEqual({ ok: false, error: "this agent is about to end" });
      await service.stop();
    })();
  });

  await ended;
  await vi.waitFor(() => expect(fetch(`http://127.0.0.1:${port}/status`)).rejects.toThrow());

  expect(ends).toBe(1);
  expect(lines.filter((line) => line.startsWith("drain"))).toHaveLength(2);
});

async function freePort(): Promise<number> {
  const [port, holder] = await takenPort();
  await new Promise((closed) => holder.close(closed));
  return port;
}

test("drain while the journal cannot be written: what is left is not known, and the process ends all the same", async () => {
  vi.useRealTimers();
  const settings: AgentSettings = { ...agentSettings, state: folder, listen: { port: await freePort() } };
  mkdirSync(join(folder, "journal.sqlite-wal")); // Where the journal wants a file.
  const drained = vi.fn();
  const service = new AgentService(settings, { ...ports(), drained });
  await service.start();

  const answer = await askAgent(settings, "/drain", "POST");

  expect(answer).toBe("null");
  expect((await askStatus(settings)).draining).toBe(true);
  await vi.waitFor(() => expect(drained).toHaveBeenCalledOnce());
  expect(lines.at(-1)).toBe("drain: this agent ends; left: not known, since the journal cannot be written");
  await service.stop();
});

test("an agent that was drained while its journal could not be written does not begin when it can", async () => {
  const mend = journalInTheWay();
  const settings: AgentSettings = { ...agentSettings, state: folder, listen: { port: await freePort() } };
  const service = new AgentService(settings, { ...ports(), drained() {} });
  await service.start();
  const ask = (method: string, path: string) => {
    const headers = signedRequest(agentKey(folder), method, path);
    const asked = request({ host: "127.0.0.1", port: settings.listen.port, method, path, headers }).end();
    return once(asked, "response").then(([response]) => text(response));
  };
  expect(await ask("GET", "/calls")).toBe("[]\n");
  expect(await ask("POST", "/drain")).toBe("null\n");
  mend();
  vi.advanceTimersByTime(60_000);
  expect(lines.at(-1)).toMatch(/^drain: this agent ends; /);
  vi.useRealTimers();
  await service.stop();
});

test("an agent with a key and a folder in its journal's place does not start", async () => {
  agentKey(folder);
  rmSync(join(folder, "journal.sqlite"));
  mkdirSync(join(folder, "journal.sqlite"));
  const service = new AgentService({ ...agentSettings, state: folder }, ports());
  await expect(service.start()).rejects.toThrow(/^state: \S+journal\.sqlite is a folder, and the journal is a file/);
});

test("a drain waits for the reload under way, and ends the agent that this begins", async () => {
  const before: AgentSettings = { ...agentSettings, state: folder, listen: { port: await freePort() } };
  const drains: string[] = [];
  const write = (json: string) => {
    const { msg, agent } = JSON.parse(json);
    if (msg.startsWith("drain")) drains.push(agent);
  };
  const drained = vi.fn();
  const service = new AgentService(before, { ...ports(), logDestination: { write, dropped: 0 }, drained });
  await service.start();
  const ask = (method: string, path: string) => {
    const headers = signedRequest(agentKey(folder), method, path);
    const asked = request({ host: "127.0.0.1", port: before.listen.port, method, path, headers }).end();
    return once(asked, "response").then(([response]) => text(response));
  };

  const reloaded = service.reload({ ...before, agent: "agent-2" });
  let isOver = false;
  const answer = ask("POST", "/drain").finally(() => {
    isOver = true;
  });
  await ask("GET", "/healthz"); // By then the service has the drain.
  while (!isOver) {
    await vi.advanceTimersByTimeAsync(20);
    await new Promise(setImmediate);
  }

  expect(await answer).toBe('{"running":0,"inDoubt":0,"unacknowledged":0}\n');
  expect(await reloaded).toEqual({ ok: true, value: "changed: agent; the agent begins anew" });
  expect(drains).toEqual(["agent-2", "agent-2"]);
  vi.useRealTimers();
  await service.stop();
});

test("a reload takes up a key file with another content, and leaves the agent as it is where that is no key", async () => {
  vi.useRealTimers();
  const settings: AgentSettings = { ...agentSettings, state: folder, listen: { port: 0 } };
  const service = new AgentService(settings, ports());
  await service.start();
  agentKey(join(folder, "other"));

  copyFileSync(keyFile(join(folder, "other")), keyFile(folder));
  expect(await service.reload(settings)).toEqual({ ok: true, value: "changed: key; the agent begins anew" });
  expect(await service.reload(settings)).toEqual({ ok: true, value: "nothing has changed" });
  writeFileSync(keyFile(folder), "no key");
  expect(await service.reload(settings)).toEqual({ ok: false, error: expect.stringMatching(/cannot be read/) });

  await service.stop();
});

/** Where the journal wants a file: it cannot be written until this folder is gone. */
function journalInTheWay(): () => void {
  const place = join(folder, "journal.sqlite-wal");
  mkdirSync(place);
  return () => rmdirSync(place);
}

test("while the journal cannot be written the agent says so once, tries each five seconds, and goes on when it can", async () => {
  const mend = journalInTheWay();
  const settings: AgentSettings = { ...agentSettings, state: folder, listen: { port: await freePort() } };
  const service = new AgentService(settings, ports());
  await service.start();
  const status = () => askStatusNow(settings.listen.port);
  vi.advanceTimersByTime(20_000);
  expect(lines).toEqual([
    expect.stringMatching(/^journal .*; the agent does nothing until .*, and tries every 5 s: make /),
  ]);
  const nothing = { role: "unknown", edgeUp: false, bridgeUp: false, calls: null, draining: false };
  expect(await status()).toMatchObject({ journal: lines[0], ...nothing });
  // What needs no agent is taken up all the same.
  const policy = { allow: ["+1408"], deny: [] };
  expect(await service.reload({ ...settings, policy })).toEqual({ ok: true, value: "changed: policy" });

  mend();
  // Somebody has put back the key of a backup meanwhile.
  agentKey(join(folder, "other"));
  copyFileSync(keyFile(join(folder, "other")), keyFile(folder));
  vi.advanceTimersByTime(4_999);
  expect(lines).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(lines[1]).toBe("journal can be written again: the agent goes on");
  expect(await status()).toMatchObject({ journal: null });
  expect(await service.reload({ ...settings, policy })).toEqual({ ok: true, value: "nothing has changed" });
  vi.useRealTimers();
  await service.stop();
});

async function askStatusNow(port: number): Promise<object> {
  const [response] = await once(request({ host: "127.0.0.1", port, path: "/status" }).end(), "response");
  return JSON.parse(await text(response));
}

test("an agent that is stopped, or begun anew, while its journal cannot be written tries no more for that", async () => {
  const mend = journalInTheWay();
  const settings: AgentSettings = { ...agentSettings, state: folder, listen: { port: 0 } };
  const service = new AgentService(settings, ports());
  await service.start();
  const reloaded = await service.reload({ ...settings, dialIn: ["18005551234"] });
  expect(reloaded).toEqual({ ok: true, value: "changed: dialIn; the agent begins anew" });
  expect(lines.filter((line) => line.startsWith("journal"))).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(1);
  await service.stop();
  mend();
  vi.advanceTimersByTime(60_000);
  expect(lines.some((line) => line.includes("again: the agent goes on"))).toBe(false);
  holdStateFolder(folder)();
});

test.each([
  [
    "is damaged",
    (file: string) => writeFileSync(file, "no database, and longer than its header is".repeat(4)),
    /journal\.sqlite is damaged/,
  ],
  [
    "is of another format",
    (file: string) => {
      using other = new DatabaseSync(file);
      other.exec("CREATE TABLE fact (name TEXT)");
    },
    /journal\.sqlite is of format 0/,
  ],
] as const)("an agent whose journal %s ends with a sentence, and does not try again", async (_, make, says) => {
  make(join(folder, "journal.sqlite"));
  const ends: string[] = [];
  const settings: AgentSettings = { ...agentSettings, state: folder, listen: { port: 0 } };
  const service = new AgentService(settings, { ...ports(), end: (why) => ends.push(why) });
  await service.start();
  vi.advanceTimersByTime(60_000);
  expect([ends, lines]).toEqual([[expect.stringMatching(says)], []]);
  vi.useRealTimers();
  await service.stop();
});

test("each line says of which agent it is", () => {
  const said: object[] = [];
  const logDestination = { write: (json: string) => void said.push(JSON.parse(json)), dropped: 0 };
  const service = new AgentService({ ...agentSettings, state: folder }, { ...ports(), logDestination });
  service.note("warn", "settings", "something is odd");
  const names = { domain: "local", bridge: "simulated", agent: "agent-1" };
  expect(said).toMatchObject([{ level: "warn", event: "settings", msg: "something is odd", ...names }]);
});
