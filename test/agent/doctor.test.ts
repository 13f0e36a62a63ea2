import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, createServer as tcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterAll, afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import type { CallView } from "../../bridge-agent/run.ts";
import { doctor } from "../../bridge-agent/service/doctor.ts";
import type { StatusAnswer } from "../../bridge-agent/service/health.ts";
import { askAgent, askStatus, callsText, statusText } from "../../bridge-agent/service/local-commands.ts";
import { agentKey, holdStateFolder } from "../../bridge-agent/service/state-folder.ts";
import { decodeHello, type Hello, helloFault, REFUSAL_HEADER, refusal } from "../../src/link/hello.ts";
import { agentSettings, openedJournal } from "./agent-world.ts";

const folder = mkdtempSync(join(tmpdir(), "bridgehead-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The edge's door, with its own judgement of who asks. */
let edge: Server;
let bridge: WebSocketServer;
let answer: (hello: Hello | null, socket: Duplex) => void;
let asked: number;
let conferences: readonly object[];

beforeEach(async () => {
  asked = 0;
  conferences = [];
  edge = createServer((_request, response) => void response.writeHead(426).end());
  edge.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    asked += 1;
    const hello = decodeHello(String(request.headers["bridgehead-hello"]));
    answer(hello.ok ? hello.value : null, socket);
  });
  bridge = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  bridge.on("connection", (socket) => {
    socket.send(JSON.stringify({ type: "hello", version: 3, bootId: "b1", ports: 24 }));
    socket.on("message", (data) => {
      const { type, id } = JSON.parse(String(data));
      if (type === "state") socket.send(JSON.stringify({ type, id, state: { conferences, calls: [] } }));
    });
  });
  edge.listen(0, "127.0.0.1");
  await Promise.all([once(edge, "listening"), once(bridge, "listening")]);
});

afterEach(() => {
  edge.close();
  for (const client of bridge.clients) client.terminate();
  bridge.close();
});

function respond(socket: Duplex, status: number, headers: Readonly<Record<string, string>>): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Answer\r\ncontent-length: 0\r\n${lines.join("")}\r\n`);
}

async function doctorSays(change: object = {}, settingsFile = "") {
  const url = (of: Server | WebSocketServer) => `ws://127.0.0.1:${(of.address() as AddressInfo).port}`;
  const state = join(folder, "doctor");
  if (!("state" in change)) agentKey(state);
  const driver = { type: "generic" as const, url: url(bridge) };
  const lines: string[] = [];
  const settings = { ...agentSettings, edge: url(edge), state, driver, listen: { port: 2 }, ...change };
  const isWell = await doctor(settings, (line) => lines.push(line), settingsFile);
  return { isWell, said: Object.fromEntries(lines.map((line) => [/^\w+ +(\w+):/.exec(line)?.[1], line])) };
}

test("warns of another domain on the bridge unless the agent has dialIn", async () => {
  answer = (_, socket) => respond(socket, 403, {});
  const held = { locked: false, reportsSpeakers: false, anonymousId: null, rooms: [{ id: "main", kind: "main" }] };
  conferences = ["beta/main", "local/simulated"].map((owner, index) => ({ ...held, conference: `${index}`, owner }));
  expect((await doctorSays({ dialIn: undefined })).said.bridge).toMatch(/^warn {2}bridge: beta\/main also uses it, /);
  expect((await doctorSays({ dialIn: ["18005551234"] })).said.bridge).toMatch(/^ok /);
});

const place = { domain: "local", bridge: "simulated" };

test.each([
  [
    "known, and may connect",
    {},
    "ok    edge: it knows this key as agent agent-1 of bridge simulated of local, and would connect it",
  ],
  ["in another domain", { domain: "other" }, /^WRONG edge: .* but not in this domain: check `domain` /],
  ["at another bridge", { bridge: "other" }, /^WRONG edge: .* but not at this bridge of the domain: check `bridge` /],
  ["under another name", { agent: "other" }, /^WRONG edge: edge does not know this agent's key: /],
  ["by another key", { publicKey: "other" }, /^WRONG edge: edge does not know this agent's key: /],
])("doctor reports the edge's answer to an agent that it knows %s", async (_, known, says) => {
  const { publicKey } = agentKey(join(folder, "doctor"));
  answer = async (hello, socket) => {
    const home = { ...place, agent: "agent-1", publicKey, ...known };
    const at = hello && { domain: hello.domain, bridge: hello.bridge };
    const fault = hello && at && (await helloFault(hello, at, [home], async () => true));
    expect(hello?.challenge).toBe("");
    respond(socket, 403, fault ? refusal(fault) : refusal("replayed", "a challenge"));
  };

  const { isWell, said } = await doctorSays();

  expect(said.edge).toMatch(says);
  expect(isWell).toBe(Object.keys(known).length === 0);
  expect(said.bridge).toBe("ok    bridge: it speaks version 3 of the bridge protocol, with 24 ports; 0 calls up");
  expect(asked).toBe(1);
});

test("doctor reports a missing state folder or key and creates none", async () => {
  answer = async (_, socket) => respond(socket, 403, refusal("wrongKey"));
  const gone = join(folder, "gone");
  const empty = join(folder, "empty");
  mkdirSync(empty);

  const withoutFolder = await doctorSays({ state: gone });
  const withoutKey = await doctorSays({ state: empty });

  expect(withoutFolder.isWell).toBe(false);
  expect(withoutKey.isWell).toBe(false);
  expect(withoutFolder.said).toMatchObject({
    key: `WRONG key: the state folder ${gone} is not there: if an agent was here before, stop its service, so that nothing starts it again, and put back the backup; else \`bridgehead-agent key\` makes a new key, and prints what the edge's settings need`,
    disk: "warn  disk: not looked at: see the line about the key",
    journal: "warn  journal: not looked at: see the line about the key",
    edge: "warn  edge: it answers, and was not asked about this agent: see the line about the key",
  });
  expect(withoutKey.said.key).toContain(`${join(empty, "agent-key.pem")} is not there: if an agent was here before`);
  expect(withoutKey.said.journal).toBe(`ok    journal: ${join(empty, "journal.sqlite")} is made at the first start`);
  expect(existsSync(gone)).toBe(false);
  expect(readdirSync(empty)).toEqual([]);
});

test("doctor warns of files that every user can read or write", async () => {
  answer = async (_, socket) => respond(socket, 403, refusal("wrongKey"));
  const { state, file: journal, release } = heldJournal("open");
  release();
  agentKey(state);
  const key = join(state, "agent-key.pem");
  onTestFinished(() => chmodSync(folder, 0o700));
  for (const path of [folder, state]) chmodSync(path, 0o755);
  chmodSync(key, 0o644);
  chmodSync(journal, 0o646);
  const settings = join(folder, "agent.json");
  writeFileSync(settings, "{}");
  chmodSync(settings, 0o644);

  const { said } = await doctorSays({ state }, settings);
  expect(said.settings).toMatch(new RegExp(`^warn  settings: everybody on this machine can read ${settings}: `));
  expect(said.key).toMatch(new RegExp(`^warn  key: everybody on this machine can read ${key}: `));
  expect(said.journal).toMatch(new RegExp(`^warn  journal: everybody on this machine can write to ${journal}: `));
});

test("an unanswering agent that holds the state folder counts as running", async () => {
  const state = join(folder, "held");
  mkdirSync(state);
  const release = holdStateFolder(state);
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;

  await expect(askAgent({ ...agentSettings, state, listen: { port } }, "/status", 100)).rejects.toThrow(
    /^an agent holds \S+held, and 127\.0\.0\.1:\d+ gave no answer within 0\.1 s: look at its log, and if it hangs, end/,
  );
  silent.closeAllConnections();
  silent.close();
  await once(silent, "close");
  const says =
    /^WRONG agent: an agent holds \S+held, and nothing listens on \S+: if it was started with another listen\.port/;
  expect((await doctorSays({ state, listen: { port } })).said.agent).toMatch(says);
  release();
  expect((await doctorSays({ state, listen: { port } })).said.agent).toMatch(/^ok {4}agent: none runs/);
});

test.each([
  [200, "<html>", /^WRONG agent: the program on 127\.0\.0\.1:\d+ is not an agent: set listen\.port to another port$/],
  [200, "{}", /^WRONG agent: the program on \S+ is not an agent: /],
  [404, "", /^WRONG agent: what listens on \S+ answers 404: .* If not, set listen\.port to another port$/],
])("doctor names the setting if another program has the port: %i %s", async (status, body, says) => {
  const other = createServer((_, response) => response.writeHead(status).end(body)).listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;

  expect((await doctorSays({ listen: { port } })).said.agent).toMatch(says);

  other.close();
});

test.each([
  ["agent-1 for bridge simulated of domain beta", { domain: "beta" }],
  ["agent-1 for bridge main of domain local", { bridge: "main" }],
  ["agent-2 for bridge simulated of domain local", { agent: "agent-2" }],
])("doctor and status refuse the answer of %s", async (theirs, other) => {
  const port = await agentThatSays({
    ...agentSettings,
    role: "active",
    edgeUp: true,
    bridgeUp: true,
    ports: 9,
    ...other,
  });
  const says = `the agent on 127.0.0.1:${port} is ${theirs}, not agent-1 for bridge simulated of domain local: set listen.port to a port of its own`;

  expect((await doctorSays({ listen: { port } })).said.agent).toBe(`WRONG agent: ${says}`);
  await expect(askStatus({ ...agentSettings, state: folder, listen: { port } })).rejects.toThrow(says);
});

test("doctor says that the agent's bridge takes no new calls", async () => {
  const status = { ...agentSettings, role: "active", edgeUp: true, bridgeUp: true, ports: 0 };
  const port = await agentThatSays(status);

  expect((await doctorSays({ listen: { port } })).said.agent).toBe(
    "WRONG agent: it runs, and its bridge takes no new calls: see its log",
  );
});

test("doctor leaves nothing beside a journal that no agent has open", async () => {
  const state = join(folder, "stopped");
  agentKey(state);
  chmodSync(state, 0o700);
  openedJournal(join(state, "journal.sqlite")).close();
  const before = readdirSync(state);

  const { said } = await doctorSays({ state });

  expect(said.journal).toBe(`ok    journal: ${join(state, "journal.sqlite")} is whole`);
  expect(readdirSync(state)).toEqual(before);
});

/** Held, as an agent holds it, with a journal that is closed. */
function heldJournal(name: string) {
  const state = join(folder, name);
  agentKey(state);
  chmodSync(state, 0o700);
  const file = join(state, "journal.sqlite");
  openedJournal(file).close();
  return { state, file, release: holdStateFolder(state) };
}

/** The port at which an agent answers so. */
async function agentThatSays(status: object): Promise<number> {
  const agent = createServer((_, response) => response.end(JSON.stringify(status))).listen(0, "127.0.0.1");
  onTestFinished(() => void agent.close());
  await once(agent, "listening");
  return (agent.address() as AddressInfo).port;
}

test("`calls` reports a missing key and creates none", async () => {
  const state = join(folder, "without-key");
  const server = createServer((_, response) => response.writeHead(403).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  await expect(askAgent({ ...agentSettings, state, listen: { port } }, "/calls")).rejects.toThrow(
    /^the state folder \S+ is not there: /,
  );

  expect(existsSync(state)).toBe(false);
  server.close();
});

test.each([
  [
    "a proxy that passes on no upgrade",
    426,
    {},
    { proxy: /^WRONG proxy: .*`Upgrade: websocket`/, edge: /^WRONG edge/ },
  ],
  [
    "a proxy without its edge",
    502,
    { server: "nginx" },
    { proxy: /^ok {4}proxy: .*nginx$/, edge: /^WRONG edge: \S+ answers 502: look/ },
  ],
  ["another server", 404, {}, { edge: /^WRONG edge: \S+ answers 404, and not as an edge does: check `edge`/ }],
  [
    "a proxy that drops the hello",
    403,
    refusal("badMessage"),
    { edge: /^WRONG edge: .* passes on the header bridgehead-hello$/ },
  ],
])("doctor tells what answers in the edge's place: %s", async (_, status, headers, says) => {
  answer = (_hello, socket) => respond(socket, status, headers);

  const { isWell, said } = await doctorSays();

  expect(isWell).toBe(false);
  const lines = Object.entries(says).map(([what, line]) => [what, expect.stringMatching(line)]);
  expect(said).toMatchObject(Object.fromEntries(lines));
});

test("doctor warns of a clock that differs from the edge's", async () => {
  const date = "Sat, 21 Nov 2020 09:00:00 GMT";
  answer = (_hello, socket) => respond(socket, 403, { date, [REFUSAL_HEADER]: "4402 x" });

  expect(await doctorSays()).toMatchObject({
    isWell: true,
    said: { clock: expect.stringMatching(/^warn {2}clock: \d+ s ahead of/) },
  });
});

test("doctor reports an unreachable edge, an unknown name and missing TLS", async () => {
  const { said } = await doctorSays({ edge: "wss://127.0.0.1:1" });
  expect(said.edge).toMatch(/^WRONG edge: wss:\/\/127\.0\.0\.1:1 cannot be reached \(.*ECONNREFUSED.*\): check/);
  expect(said.tls).toBe("warn  tls: not checked: see the line about the edge");

  const plain = createServer().listen(0, "127.0.0.1");
  await once(plain, "listening");
  const at = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
  const spoken = (await doctorSays({ edge: `wss://${at}` })).said.tls;
  plain.close();
  expect(spoken).toBe(`WRONG tls: no TLS is spoken at wss://${at}: use the port of its proxy, or ws://`);

  const alert = Buffer.from([21, 3, 3, 0, 2, 2, 112]); // No server of this name is there.
  const refusing = tcpServer((socket) => socket.once("data", () => socket.end(alert))).listen(0, "127.0.0.1");
  await once(refusing, "listening");
  const refused = await doctorSays({ edge: `wss://127.0.0.1:${(refusing.address() as AddressInfo).port}` });
  refusing.close();
  expect(refused.said.tls).toMatch(/^WRONG tls: 127\.0\.0\.1 breaks off TLS: see the name in `edge`/);

  const unknown = await doctorSays({ edge: "ws://bridgehead.invalid" });
  expect(unknown.said.name).toMatch(/^WRONG name: bridgehead\.invalid is not found \(\w+\): check `edge`/);
  expect(unknown.said.tls).toMatch(/^warn {2}tls: none: .* use wss:\/\/$/);
});

test.each([
  [
    { allow: [], deny: [] },
    "warn  policy: no number may be dialled: name the begins of those that may in policy.allow",
  ],
  [
    { allow: ["+1408"], deny: ["+1408"] },
    "warn  policy: no number may be dialled, since all of policy.allow stands in policy.deny, too: change one of them",
  ],
  [
    { allow: ["+44"], deny: ["+44900"], callsAtOnce: 5 },
    "warn  policy: numbers that begin with +44 may be dialled, but for +44900; any number of calls a minute, 5 at once, without an end: set policy.callsPerMinute, policy.longestCallMinutes",
  ],
  [
    { allow: ["+1"], deny: ["+1900"], callsPerMinute: 9, callsAtOnce: 5, longestCallMinutes: 60 },
    "warn  policy: numbers that begin with +1 may be dialled, but for +1900; 9 calls a minute, 5 at once, 60 minutes each: +1 has costly islands (+1242, +1876 and more: see docs/settings.md), so deny them",
  ],
  [
    { allow: ["+1408", "+44"], deny: [], callsPerMinute: 9, callsAtOnce: 5, longestCallMinutes: 60 },
    "ok    policy: numbers that begin with +1408, +44 may be dialled; 9 calls a minute, 5 at once, 60 minutes each",
  ],
])("doctor says what may be dialled: %j", async (policy, says) => {
  answer = async (_, socket) => respond(socket, 403, refusal("wrongKey"));

  expect((await doctorSays({ policy })).said.policy).toBe(says);
});

test("doctor: what to do about a bridge that is not there", async () => {
  answer = async (_, socket) => respond(socket, 403, refusal("wrongKey"));
  const { isWell, said } = await doctorSays({ driver: { type: "generic", url: "ws://127.0.0.1:1/bridge" } });

  expect(isWell).toBe(false);
  expect(said.bridge).toBe(
    "WRONG bridge: the bridge at ws://127.0.0.1:1/bridge does not connect: connect ECONNREFUSED 127.0.0.1:1: check that the bridge program runs, and `driver.url` in the settings; then look at its log",
  );
});

test("status and calls for people", () => {
  const status: StatusAnswer = {
    domain: "acme",
    bridge: "main",
    agent: "agent-1",
    version: "1.0.0",
    role: "active",
    edgeUp: true,
    bridgeUp: true,
    bridgeTrouble: null,
    ports: 24,
    calls: 1,
    running: 2,
    inDoubt: 0,
    unacknowledged: 3,
    draining: false,
  };
  expect(statusText(status)).toMatch(
    /^agent {5}agent-1, for bridge main of domain acme; version 1\.0\.0\nrole {6}active: /,
  );
  expect(statusText({ ...status, draining: true })).toMatch(
    /^role {6}active, and about to end: waits for 2 commands \S.* and 3 reports \S.*$/m,
  );
  const away = { ...status, bridgeUp: false, bridgeTrouble: "Asterisk at http://x/ari refuses the user: write …" };
  const lines = [true, false].map((bridgeUp) => statusText({ ...status, bridgeUp, calls: null }).split("\n")[4]);
  expect(lines).toEqual([
    "calls     not known: the agent reads the bridge now",
    "calls     not known: the bridge does not answer",
  ]);
  expect(statusText(away)).toContain("\nbridge    not there: Asterisk at http://x/ari refuses the user: write …\n");
  expect([24, null, 0].map((ports) => /^bridge +(.*)$/m.exec(statusText({ ...status, ports }))?.[1])).toEqual([
    "answers, with 24 ports",
    "answers",
    "answers, and takes no new calls: see the log",
  ]);
  const call: CallView = {
    call: "c1\x1b",
    number: "",
    conference: "*******21",
    room: "main",
    muted: true,
    stage: "entered",
    since: "2026-11-21T09:00:00.000Z",
  };
  expect(callsText([call]).split("\n")).toEqual([
    "SINCE (UTC)          NUMBER    CONFERENCE  ROOM  STATE      CALL",
    "2026-11-21 09:00:00  withheld  *******21   main  in, muted  c1\\u001b",
  ]);
  expect(statusText({ ...status, role: "standby" })).toContain(
    "\ncalls     not known to a standby: ask the active agent of this bridge\n",
  );
});
