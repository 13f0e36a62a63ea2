import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type ClientOptions, type WebSocket, WebSocketServer } from "ws";
import { askEdge } from "../../bridge-agent/link/edge-answer.ts";
import { EdgeLink } from "../../bridge-agent/link/edge-link.ts";
import { edgeRoute, proxyFor, readCa, throughProxy } from "../../bridge-agent/link/edge-route.ts";
import { openBy } from "../../bridge-agent/node-ports.ts";
import { doctor } from "../../bridge-agent/service/doctor.ts";
import { AgentService } from "../../bridge-agent/service/service.ts";
import { type AgentSettings, loadSettings } from "../../bridge-agent/service/settings.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import type { BridgeToAgent } from "../../src/bridge/protocol.ts";
import { refusal } from "../../src/link/hello.ts";
import { encodeMessage } from "../../src/link/messages.ts";
import { Clock } from "../kit/clock.ts";
import { agentSettings, welcome } from "./agent-world.ts";

const folder = mkdtempSync(join(tmpdir(), "bridgehead-route-"));
afterAll(() => rmSync(folder, { recursive: true }));
const ca = join(folder, "ca.pem");
/** No machine knows this name: who reaches it came through the proxy. */
const host = "edge.invalid";

/** A proxy that knows CONNECT alone. */
class ConnectProxy {
  readonly server: Server = createServer((_, response) => response.writeHead(405).end());
  /** What was asked for, and by whom. */
  readonly asked: string[] = [];
  /** What it answers instead of connecting, if anything. */
  refuses: string | null = null;
  isSilent = false;
  readonly #sockets = new Set<Duplex>();

  constructor() {
    this.server.on("connect", ({ url = "", headers }: IncomingMessage, client: Duplex) => {
      this.asked.push(`${url} ${headers["proxy-authorization"] ?? "nobody"}`);
      this.#keep(client);
      if (this.isSilent) return void client.on("end", () => client.end()).resume();
      if (this.refuses !== null) return void client.end(`HTTP/1.1 ${this.refuses}\r\n\r\n`);
      const target = connect(Number(url.split(":")[1]), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        target.pipe(client).pipe(target);
      });
      this.#keep(target);
      target.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    });
  }

  /** How many connections there are with agents and edges. */
  get open(): number {
    return this.#sockets.size;
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }
}

/** An edge with a certificate that only the authority of `ca` vouches for. */
class TlsEdge {
  readonly server: Server;
  readonly links: WebSocket[] = [];
  readonly #upgrades = new WebSocketServer({ noServer: true });
  /** Gives nobody a link: it says that it would. */
  isAsked = false;

  constructor() {
    const file = (name: string) => readFileSync(join(folder, name));
    this.server = createTlsServer({ key: file("edge-key.pem"), cert: file("edge.pem") });
    this.server.on("request", (_, response) => response.end());
    this.server.on("upgrade", (request, socket: Duplex, head) => {
      if (this.isAsked) {
        const headers = Object.entries(refusal("replayed", "a challenge")).map(
          ([name, value]) => `${name}: ${value}\r\n`,
        );
        return void socket.end(`HTTP/1.1 403 Refused\r\ncontent-length: 0\r\n${headers.join("")}\r\n`);
      }
      this.#upgrades.handleUpgrade(request, socket, head, (link) => {
        this.links.push(link);
        link.send(encodeMessage(welcome));
      });
    });
  }

  close(): void {
    for (const link of this.links) link.terminate();
    this.server.close();
  }
}

let proxy: ConnectProxy;
let edge: TlsEdge;
let port: (of: { readonly server: Server }) => number;

beforeAll(() => {
  const openssl = (words: string, ...files: string[]) =>
    execFileSync("openssl", [...words.split(" "), ...files], { cwd: folder, stdio: "ignore" });
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  openssl(`req -x509 ${key} -days 99 -subj /CN=authority -keyout ca-key.pem -out ca.pem`);
  const names = `subjectAltName=DNS:${host},DNS:localhost`;
  openssl(
    `req -x509 ${key} -days 98 -subj /CN=edge -addext ${names} -CA ca.pem -CAkey ca-key.pem -keyout edge-key.pem -out edge.pem`,
  );
});

beforeEach(async () => {
  proxy = new ConnectProxy();
  edge = new TlsEdge();
  port = ({ server }) => (server.address() as AddressInfo).port;
  for (const { server } of [proxy, edge]) await once(server.listen(0, "127.0.0.1"), "listening");
  for (const name of ["https_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"]) vi.stubEnv(name, "");
  vi.stubEnv("HTTPS_PROXY", `http://user:p%40ss@127.0.0.1:${port(proxy)}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  proxy.close();
  edge.close();
});

/** What doctor says, beside a bridge that holds nothing. */
async function doctorSays(
  settings: Partial<AgentSettings>,
): Promise<{ readonly isWell: boolean; readonly lines: string[] }> {
  const bridge = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  bridge.on("connection", (socket) => {
    const send = (message: BridgeToAgent) => socket.send(JSON.stringify(message));
    socket.on("message", (data) => {
      const { type, id } = JSON.parse(String(data));
      if (type === "ping") send({ type: "pong", id });
      if (type === "state") send({ type: "state", id, state: { conferences: [], calls: [] } });
    });
    send({ type: "hello", version: 3, bootId: "boot1", ports: null });
  });
  await once(bridge, "listening");
  const driver = { type: "generic", url: `ws://127.0.0.1:${(bridge.address() as AddressInfo).port}/bridge` } as const;
  const lines: string[] = [];
  const isWell = await doctor({ ...agentSettings, driver, ...settings }, (line) => lines.push(line), "");
  bridge.close();
  return { isWell, lines };
}

function link(settings: { readonly edge: string | string[]; readonly ca?: string }, more: ClientOptions = {}) {
  const timers = new Clock();
  const notes: string[] = [];
  const made = new EdgeLink({
    settings: { ...agentSettings, ...settings },
    key: agentKey(join(folder, "key")),
    openSocket: openBy((url) => ({ ...edgeRoute(url, settings), ...more })),
    timers,
    now: Date.now,
    random: () => 1,
    message() {},
    lost() {},
    log: ({ text }) => notes.push(text),
  });
  made.connect();
  return { timers, notes, link: made };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test("reaches a TLS edge through a proxy, by its own authority", async () => {
  const file = join(folder, "agent.json");
  const settings = { ...agentSettings, edge: `wss://${host}:${port(edge)}`, ca: "ca.pem", state: "state" };
  writeFileSync(file, JSON.stringify(settings));
  const loaded = loadSettings(file);
  const lines: string[] = [];
  const service = new AgentService(loaded.ok ? loaded.value : expect.unreachable(loaded.error), {
    logDestination: { dropped: 0, write: (line: string) => lines.push(line) },
    fail: expect.unreachable,
  });

  await service.start();
  await until(() => lines.some((line) => line.includes("edge-connected")));
  await service.stop();

  const asked = `${host}:${port(edge)} Basic ${Buffer.from("user:p@ss").toString("base64")}`;
  expect([...new Set(proxy.asked)]).toEqual([asked]);
  expect(lines.find((line) => line.includes("edge-connected"))).toContain(
    `"msg":"edge connected through the proxy http://127.0.0.1:${port(proxy)}, this agent is active"`,
  );
  expect(lines.join("")).not.toContain("p%40ss");
});

test("takes an opened socket for an answer", async () => {
  const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const key = { "sec-websocket-key": Buffer.alloc(16).toString("base64") };

  const answer = await askEdge(`wss://localhost:${port(edge)}/agent/a/b`, { ...headers, ...key }, { ca });

  expect(answer).toMatchObject({ status: 101, certificate: { ends: expect.any(Number) } });
});

test("reads its own authority only for TLS", () => {
  const gone = { ca: join(folder, "gone.pem") };
  expect(edgeRoute("ws://10.0.0.1", gone)).toEqual({});
  expect(() => edgeRoute("wss://10.0.0.1", gone)).toThrow(/^ca: /);

  vi.spyOn(process, "allowedNodeEnvironmentFlags", "get").mockReturnValue(new Set());
  expect(() => edgeRoute("wss://10.0.0.1", {})).toThrow(/ knows no proxies: run the agent by Node /);
  vi.restoreAllMocks();
});

test("rejects an edge of an unknown authority and names the setting", async () => {
  const { notes, link: made } = link({ edge: `wss://${host}:${port(edge)}` });
  await until(() => notes.length > 0);
  made.stop();

  expect(notes[0]).toMatch(
    /^edge is not trusted through the proxy \S+ \(.*certificate.*\): .* set `ca` in the agent's/,
  );
  expect(edge.links).toEqual([]);
});

test.each([
  [
    "refuses",
    "407 Proxy Authentication Required",
    /407 Proxy Auth.*: check HTTPS_PROXY and NO_PROXY in this service's/,
  ],
  ["does not reach the edge", "502 Bad Gateway", /502 Bad Gateway.*: check HTTPS_PROXY and NO_PROXY/],
])("a proxy that %s is named, without its password", async (_, refuses, says) => {
  proxy.refuses = refuses;
  const { notes, link: made } = link({ edge: `wss://${host}:${port(edge)}`, ca });
  await until(() => notes.length > 0);
  made.stop();

  expect(notes[0]).toMatch(says);
  expect(notes[0]).toContain(`edge cannot be reached through the proxy http://127.0.0.1:${port(proxy)} (`);
  expect(notes[0]).not.toContain("p%40ss");
});

test("a proxy that does not answer is let go of", async () => {
  proxy.isSilent = true;
  const { notes, link: made } = link({ edge: `wss://${host}:${port(edge)}`, ca }, { handshakeTimeout: 100 });
  await until(() => notes.length > 0);
  made.stop();
  await until(() => proxy.open === 0);

  expect(notes[0]).toContain("(Opening handshake has timed out)");
  expect(proxy.asked).toHaveLength(1);
});

test("a host of NO_PROXY is reached directly", async () => {
  vi.stubEnv("NO_PROXY", `.example.com,${host}`);
  const { notes, link: made } = link({ edge: `wss://${host}:${port(edge)}`, ca });
  await until(() => notes.length > 0);
  made.stop();

  expect(notes[0]).toMatch(/^edge cannot be reached \(getaddrinfo \w+ edge\.invalid\): check `edge`/);
  expect(proxy.asked).toEqual([]);
});

test("tries several addresses in turn with a pause after each round", async () => {
  const right = `wss://${host}:${port(edge)}`;
  const { timers, notes, link: made } = link({ edge: [`wss://${host}:1`, right], ca });
  const next = (count: number) => until(() => notes.length >= count);

  await next(1);
  timers.advance(0);
  await next(2);
  edge.links[0]?.terminate();
  await next(3);
  timers.advance(0);
  await next(4);
  timers.advance(5_000);
  await next(5);
  made.stop();

  expect(notes[0]).toMatch(/^wss:\/\/edge\.invalid:1: edge cannot be reached through the proxy /);
  expect(notes[1]).toMatch(/^edge connected at wss:\/\/edge\.invalid:\d+ through the proxy \S+, this agent is active$/);
  expect(notes[2]).toBe(`${right}: connection to the edge was lost (code 1006); trying again`);
  expect(notes[3]).toBe(notes[0]);
  expect(notes[4]).toBe(notes[1]);
  expect(proxy.asked.map((line) => line.split(" ")[0])).toEqual([
    `${host}:1`,
    `${host}:${port(edge)}`,
    `${host}:1`,
    `${host}:${port(edge)}`,
  ]);
});

test("doctor reports each address and its proxy", async () => {
  edge.isAsked = true;
  const right = `wss://${host}:${port(edge)}`;
  const state = join(folder, "doctor");
  agentKey(state);

  const { lines } = await doctorSays({ edge: [`wss://${host}:1`, right], ca, state });

  const shown = `http://127.0.0.1:${port(proxy)}`;
  const line = (about: string) => lines.find((one) => one.includes(` ${about}: `)) ?? "";
  expect(line("name")).toBe(`ok    name: ${host} is looked up by the proxy, and 127.0.0.1 needs no look-up`);
  expect(line("tls")).toMatch(/^ok {4}tls: the certificate is right until \d{4}-\d\d-\d\d, by \S+ca\.pem$/);
  expect(line("proxy")).toBe(`ok    proxy: ${shown} on this side`);
  expect(line("edge")).toContain(
    `warn  edge: at ${right} through the proxy ${shown}: it knows this key as agent agent-1`,
  );
  expect(line("edge")).toContain(`; wss://${host}:1: wss://${host}:1 cannot be reached through the proxy ${shown} (`);
  expect(lines.join("\n")).not.toContain("p%40ss");
});

test("doctor says that the proxy refuses", async () => {
  proxy.refuses = "403 Forbidden";
  const { isWell, lines } = await doctorSays({ edge: `wss://${host}:${port(edge)}`, state: join(folder, "none") });

  expect(isWell).toBe(false);
  expect(lines.find((line) => line.includes(" proxy: "))).toMatch(
    /^WRONG proxy: Failed to establish tunnel .* 403 Forbidden: look at what http:\S+ on this side allows, and at user and password in HTTPS_PROXY$/,
  );
});

test("doctor gives up a proxy that does not answer", async () => {
  proxy.isSilent = true;
  vi.useFakeTimers({ toFake: ["setTimeout"] });

  const said = doctorSays({ edge: `wss://${host}:${port(edge)}`, state: join(folder, "none") });
  await until(() => proxy.asked.length > 0);
  vi.advanceTimersByTime(5_000);
  const { lines } = await said;
  vi.useRealTimers();

  expect(lines.find((line) => line.includes(" edge: "))).toMatch(
    /^WRONG edge: \S+ cannot be reached through the proxy \S+ \(it does not answer within 5 s\): check `edge` in/,
  );
});

test("what goes through a proxy", () => {
  const proxyOf = (address: string) => proxyFor(address)?.host ?? null;

  vi.stubEnv("HTTPS_PROXY", "proxy.example.com:3128");
  expect(proxyFor("wss://tsp.example.com")?.href).toBe("http://proxy.example.com:3128/");
  expect(["ws://tsp.example.com", "wss://localhost:1", "wss://127.0.0.1", "wss://[::1]"].map(proxyOf)).toEqual(
    Array(4).fill(null),
  );
  vi.stubEnv("HTTPS_PROXY", "https://proxy.example.com");
  expect(proxyFor("wss://tsp.example.com")?.href).toBe("https://proxy.example.com/");
  vi.stubEnv("NO_PROXY", ".example.com");
  expect(["wss://tsp.example.com", "wss://example.com", "wss://example.org"].map(proxyOf)).toEqual([
    null,
    "proxy.example.com",
    "proxy.example.com",
  ]);
});

test.each(["socks5://user:p%40ss@proxy.example.com", "http://", "http://user:p%40ss@:1", "xhttp://proxy.example.com"])(
  "an agent does not start with a proxy that it cannot use, and shows no password (%s)",
  async (value) => {
    vi.stubEnv("HTTPS_PROXY", value);
    const settings = { ...agentSettings, edge: "wss://tsp.example.com", state: join(folder, "bad-proxy") };
    expect(throughProxy(settings.edge)).toBe("");
    const service = new AgentService(settings, { logDestination: { dropped: 0, write() {} }, fail() {} });

    await expect(service.start()).rejects.toThrow(
      /^the proxy in HTTPS_PROXY or ALL_PROXY must be an address such as http:\/\/proxy\.example\.com:3128$/,
    );
  },
);

test("names a file of authorities that is missing or empty", () => {
  const broken = join(folder, "broken.pem");
  expect(() => readCa(join(folder, "gone.pem"))).toThrow(/^ca: \S+gone\.pem cannot be read: /);
  writeFileSync(broken, "hello");
  expect(() => readCa(broken)).toThrow(/^ca: \S+broken\.pem has no certificate: write one or more there/);
  writeFileSync(broken, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
  expect(() => readCa(broken)).toThrow(/^ca: \S+broken\.pem has a certificate that cannot be read: /);
});
