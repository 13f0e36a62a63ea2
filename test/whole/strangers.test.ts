import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { brotliCompressSync, constants } from "node:zlib";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { WebexHost } from "../../src/foundation/ids.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  const impatient = { webex: { retryDelaysMs: [0] } };
  world = await startWorld({ domain: impatient });
});
afterAll(() => world?.stop());

test("a WebEx that redirects is not followed, however often it is tried", async () => {
  const inner = await serving(() => null);
  const redirecting = await serving(() => `http://127.0.0.1:${inner.port}/`);
  const meeting = new Meeting(world);

  await meeting.ask({ ...meeting.createRequest(), replyTo: `127.0.0.1:${redirecting.port}` as WebexHost });
  await eventually("three attempts", async () => redirecting.posts() >= 3);

  expect(inner.posts()).toBe(0);
  for (const { server } of [inner, redirecting]) server.close();
});

test("a host outside the list is sent nothing, and log and counter say so", async () => {
  const stranger = await serving(() => null);
  const meeting = new Meeting(world);

  for (const host of ["127.0.0.1.", "2130706433"]) {
    const create = { ...meeting.createRequest(), replyTo: `${host}:${stranger.port}` as WebexHost };
    expect((await world.webex.client.post(create)).result).toBe(-14);
  }

  expect(await metric("bridgehead_hosts_refused_total", 'domain="local"')).toBe(2);
  await eventually("two lines in the log", async () => log("edge").split('"host-refused"').length === 3);
  expect(await meeting.acts()).toEqual([]);
  expect(stranger.posts()).toBe(0);
  stranger.server.close();
});

test("a flood of malformed documents leaves a few lines in the log, and each of them in the metrics", async () => {
  for (let round = 0; round < 20; round += 1) {
    const posts = Array.from({ length: 50 }, () => fetch(world.run.adapterUrl, { method: "POST", body: "<" }));
    for (const response of await Promise.all(posts)) expect(await response.text()).toContain('Result="-2"');
  }

  expect(await metric("bridgehead_documents_total", 'domain="local",result="not-xml"')).toBe(1_000);
  expect(await metric("bridgehead_log_lines_dropped_total", 'event="document-refused"')).toBeGreaterThan(900);
  expect(log("edge").split('"document-refused"').length).toBeLessThan(40);
});

test("requests to be a proxy are ended, and leave nothing in the log", async () => {
  // A conference of the tests before may still be trying to post.
  const lines = () => log("edge").replaceAll(/^.*"(?:post|probe)-failed".*\n/gm, "");
  const before = lines();
  const connected = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(new URL(world.run.edgeUrl).port), "127.0.0.1", () =>
        socket.write("CONNECT other:1 HTTP/1.1\r\nhost: other:1\r\n\r\n"),
      );
      socket.resume().once("end", resolve).once("error", reject);
    });

  for (let count = 0; count < 50; count += 1) await connected();

  expect(lines()).toBe(before);
});

test("thousands of unknown handles and keys make no object, and take no memory that lasts", async () => {
  const { edge } = world.run.pids();
  const answers = await serving(() => null);
  const drop = (id: number) =>
    `<W2A_DropUser MsgID="${id}" WbxHostName="127.0.0.1:${answers.port}" ExtConfID="unknown${id}" ExtCallID="9"/>`;
  const post = async (first: number) => {
    const drops = Array.from({ length: 50 }, (_, index) => drop(first + index)).join("");
    const body = `<WbxTSPSchema><TransID>u${first}</TransID>${drops}</WbxTSPSchema>`;
    expect(await (await fetch(world.run.adapterUrl, { method: "POST", body })).text()).toContain('Result="0"');
  };
  await post(0); // Makes the mail to this server.
  const before = { objects: objects(), descriptors: descriptorsOf(edge), memory: memoryOf(edge) };

  for (let first = 50; first < 6_700; first += 50) await post(first);
  for (let key = 0; key < 100; key += 1) {
    const url = `${world.run.edgeUrl}/api/v1/domains/local/conferences/unknown${key}/hybrid`;
    const body = JSON.stringify({ connectData: "x" });
    expect((await fetch(url, { method: "PUT", headers: authorized(), body })).status).toBe(404);
  }

  expect(objects()).toBe(before.objects);
  expect(descriptorsOf(edge)).toBeLessThan(before.descriptors + 20);
  expect(memoryOf(edge)).toBeLessThan(before.memory + 100);
  answers.server.close();
});

test("hundreds of ports of an allowed host make no object each, and few lines in the log", async () => {
  const post = (port: number) => {
    const drop = `<W2A_DropUser MsgID="${port}" WbxHostName="127.0.0.1:${port}" ExtConfID="nobody" ExtCallID="9"/>`;
    const body = `<WbxTSPSchema><TransID>p${port}</TransID>${drop}</WbxTSPSchema>`;
    return fetch(world.run.adapterUrl, { method: "POST", body });
  };
  await post(1); // Makes the domain's mailbox.
  const before = { objects: objects(), lines: log("edge").split("\n").length };

  for (let port = 2; port < 600; port += 1) expect([200, 503]).toContain((await post(port)).status);

  expect(objects()).toBe(before.objects);
  expect(log("edge").split("\n").length).toBeLessThan(before.lines + 150);
});

test("an answer that unpacks to 1 GB is broken off", async () => {
  const bomb = brotliCompressSync(new Uint8Array(1_000_000_000), { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } });
  let posts = 0;
  const webex = createServer((request, response) => {
    posts += 1;
    request.resume();
    response.writeHead(200, { "content-encoding": "br", "content-length": bomb.byteLength }).end(bomb);
  });
  await new Promise<void>((resolve) => webex.listen(0, "127.0.0.1", resolve));
  const growth = growthOf(world.run.pids().edge);

  const meeting = new Meeting(world);
  const { port } = webex.address() as AddressInfo;
  await meeting.ask({ ...meeting.createRequest(), replyTo: `127.0.0.1:${port}` as WebexHost });
  await eventually(
    "three attempts have failed",
    async () => posts >= 3 && log("edge").includes("more than 65536 bytes"),
  );

  expect(growth()).toBeLessThan(100);
  webex.close();
});

test("a Content-Length beside endless chunks is not believed, of an answer or of a request", async () => {
  const growth = growthOf(world.run.pids().edge);
  const chunked = "content-length: 10\r\ntransfer-encoding: chunked\r\n\r\n";
  let posts = 0;
  const webex = createTcpServer((socket) => {
    socket.once("data", () => {
      posts += 1;
      flood(socket, `HTTP/1.1 200 OK\r\n${chunked}`);
    });
  });
  await new Promise<void>((resolve) => webex.listen(0, "127.0.0.1", resolve));

  const meeting = new Meeting(world);
  const { port } = webex.address() as AddressInfo;
  // Some clients of HTTP refuse such an answer by its head.
  const failed = new RegExp(`"post-(?:failed|given-up)".*127\\.0\\.0\\.1:${port}\\b`, "g");
  await meeting.ask({ ...meeting.createRequest(), replyTo: `127.0.0.1:${port}` as WebexHost });
  await eventually(
    "three attempts are broken off",
    async () => posts >= 3 && (log("edge").match(failed) ?? []).length >= 3,
  );
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(world.run.edgeUrl).port), "127.0.0.1");
    // What is still being sent as the edge closes breaks the connection, and then its answer is lost with it.
    socket.once("error", () => resolve("broken off"));
    socket.once("data", (data) => {
      resolve(data.toString().slice(0, 12));
      socket.destroy();
    });
    flood(socket, `POST /tsp/local HTTP/1.1\r\nhost: edge\r\n${chunked}`);
  });

  // Whoever reads both headers refuses the request by its head, as a proxy may have read the other one.
  expect(["HTTP/1.1 400", "HTTP/1.1 413", "broken off"]).toContain(answer);
  expect(growth()).toBeLessThan(100);
  webex.close();
});

test("HTTP/1.0 is served, without Host too, and so is the whole URL in the place of its path (protocol T1)", async () => {
  const { port, host } = new URL(world.run.edgeUrl);
  const ask = (head: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = "";
      const socket = connect(Number(port), "127.0.0.1", () => socket.write(`${head}\r\nconnection: close\r\n\r\n`));
      socket.on("data", (data) => {
        answer += data;
      });
      socket.once("end", () => resolve(answer));
      socket.once("error", reject);
    });
  const statusOf = async (head: string) => /^HTTP\/1\.\d (\d+)/.exec(await ask(head))?.[1];

  expect(await ask("POST /tsp/local HTTP/1.0\r\ncontent-length: 0")).toContain('Result="-2"');
  expect(await ask(`POST http://${host}/tsp/local HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 0`)).toContain(
    'Result="-2"',
  );
  expect(await statusOf("GET /healthz HTTP/1.0")).toBe("200");
  expect(await statusOf("GET /tsp/../healthz HTTP/1.1\r\nhost: edge")).toBe("400");
  expect(await statusOf("GET /healthz HTTP/1.1\r\nhost: a b")).toBe("400");
});

test("a body that never comes is answered with 408 after 10 s, with secret or token", async () => {
  const { port } = new URL(world.run.edgeUrl);
  const ask = (head: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () =>
        socket.write(`${head}\r\nhost: edge\r\ncontent-length: 9\r\n\r\n<`),
      );
      socket.once("data", (data) => resolve(data.toString().slice(0, 12)));
      socket.once("data", () => socket.destroy());
      socket.once("error", reject);
    });
  const operator = `PUT /api/v1/domains/local/conferences/1/hybrid HTTP/1.1\r\nauthorization: ${authorized().authorization}`;
  const startedAt = Date.now();

  expect(await Promise.all([ask("POST /tsp/local HTTP/1.1"), ask(operator)])).toEqual(["HTTP/1.1 408", "HTTP/1.1 408"]);
  expect(Date.now() - startedAt).toBeGreaterThan(9_000);
  expect(Date.now() - startedAt).toBeLessThan(15_000);
});

/** Sends up to 500 MB of chunks behind this head, as fast as they are taken. */
function flood(socket: Socket, head: string): void {
  const chunk = Buffer.from(`10000\r\n${"x".repeat(65_536)}\r\n`);
  let chunks = 0;
  const send = () => {
    while (!socket.destroyed && chunks < 8_000) {
      chunks += 1;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on("error", () => undefined).on("drain", send);
  socket.write(head);
  send();
}

async function metric(name: string, labels: string): Promise<number> {
  const text = await (await fetch(`${world.run.edgeUrl}/metrics`, { headers: authorized() })).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name}{${labels}} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

function authorized(): { readonly authorization: string } {
  return { authorization: `Bearer ${world.run.operatorToken()}` };
}

/** How many objects the edge has on its disk. */
function objects(): number {
  const folder = join(world.run.state, "edge");
  const count = existsSync(join(folder, "state.db")) ? objectsIn(join(folder, "state.db")) : databasesIn(folder);
  expect(count).toBeGreaterThan(0);
  return count;
}

/** Of an edge on plain Node. */
function objectsIn(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  const [row] = database.prepare("SELECT count(*) AS count FROM object").all();
  database.close();
  return Number(row?.count);
}

/** Of an edge on workerd; what SQLite keeps beside a database while one is in use does not count. */
function databasesIn(folder: string): number {
  const files = readdirSync(join(folder, "objects"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".sqlite")).length;
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** By how many MiB the process has grown at most since this call. */
function growthOf(pid: number): () => number {
  const before = memoryOf(pid);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, memoryOf(pid));
  }, 5);
  onTestFinished(() => clearInterval(watch));
  return () => most - before;
}

/** In MiB, as the system sees it. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

function log(part: "edge" | "agent"): string {
  return readFileSync(join(world.run.state, "logs", `${part}.log`), "utf8");
}

/** A server that counts what is posted to it, and sends everyone to `location`. */
async function serving(location: () => string | null): Promise<{ server: Server; port: number; posts: () => number }> {
  let posts = 0;
  const server = createServer((request, response) => {
    posts += 1;
    request.resume();
    const to = location();
    response.writeHead(to === null ? 200 : 307, to === null ? {} : { location: to }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port, posts: () => posts };
}

test("hundreds of strangers at the agents' door cost the edge nothing that lasts, and keep no agent out", async () => {
  const { edge, agent } = world.run.pids();
  const before = descriptorsOf(edge);
  const crowd: WebSocket[] = [];
  const closedAfterMs: number[] = [];
  const openedAt = Date.now();
  const come = () => {
    const stranger = new WebSocket(`${world.run.edgeUrl.replace("http", "ws")}/agent/local/simulated`);
    stranger.on("error", () => {});
    stranger.on("close", () => closedAfterMs.push(Date.now() - openedAt));
    crowd.push(stranger);
  };
  for (let count = 0; count < 200; count += 1) come();
  await eventually("all are sent away", async () => closedAfterMs.length === 200);
  expect(Math.max(...closedAfterMs)).toBeLessThan(3_000);

  const coming = setInterval(() => crowd.length < 2_000 && come(), 5);
  process.kill(agent, "SIGKILL");
  const killedAt = Date.now();
  await eventually("another agent is there", async () => world.run.pids().agent !== agent && (await ready()));
  expect(Date.now() - killedAt).toBeLessThan(5_000);

  clearInterval(coming);
  for (const stranger of crowd) stranger.terminate();
  // Workerd evicts an idle object, with its files, after ten seconds.
  await eventually("all descriptors are free", async () => descriptorsOf(edge) <= before + 10, 30_000);
});

async function ready(): Promise<boolean> {
  return (await fetch(`${world.run.edgeUrl}/readyz`, { headers: authorized() })).status === 200;
}
