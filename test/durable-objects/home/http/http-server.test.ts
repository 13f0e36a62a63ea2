import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { HomeSocket } from "../../../../durable-objects/home/home-socket.ts";
import { listen, onBody } from "../../../../durable-objects/home/http/http-server.ts";
import { freePorts } from "../../../../simulators/free-ports.ts";
import { Networks, unnamedProxy } from "../../../../src/foundation/guard/networks.ts";
import { addressOf } from "../../../../src/http/address.ts";
import { TextAnswer } from "../../../../src/http/text-answer.ts";

/** Of a socket that nobody watches. */
const socketPorts = { pings: null, mayAnswer: () => true, now: () => 0, afterFlush: (run: () => void) => run() };

/** Of a server whose answers wait for no disk, and open no socket. */
const plain = { host: "127.0.0.1", home: { gate: () => async () => {}, acceptedBy: () => undefined } } as const;

const listenOn = (ports: Omit<Parameters<typeof listen>[0], "proxies"> & { readonly proxies?: Networks }) =>
  listen({ proxies: new Networks([]), ...ports });

test("a stranger who writes 60 addresses is one; a proxy that is named says who asks", async () => {
  const [port = 0] = await freePorts(1);
  const seen: string[] = [];
  const serve = (proxies: Networks) =>
    listenOn({
      host: "127.0.0.1",
      port,
      proxies,
      home: { gate: () => async () => {}, acceptedBy: () => undefined },
      fetch: async (request) => {
        seen.push(addressOf(request));
        return new Response("");
      },
    });
  const ask = (forwarded: string) =>
    fetch(`http://127.0.0.1:${port}/`, { headers: { "x-forwarded-for": forwarded, connection: "close" } });
  let close = await serve(new Networks([]));
  for (let count = 0; count < 60; count += 1) await ask(`192.0.2.${count}`);
  await close();
  expect(new Set(seen)).toEqual(new Set([unnamedProxy]));

  close = await serve(new Networks(["127.0.0.1"]));
  await ask("203.0.113.9, 192.0.2.7");
  await close();
  expect(seen.at(-1)).toBe("192.0.2.7");
});

test("when it ends, an answer under way still leaves, and one that hangs holds up nobody", async () => {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const answers = { "/slow": Promise.withResolvers<void>(), "/hangs": Promise.withResolvers<void>() };
  const asked = Promise.withResolvers<void>();
  let waiting = 2;
  const close = await listenOn({
    ...plain,
    port,
    fetch: async ({ url: of }) => {
      waiting -= 1;
      if (waiting === 0) asked.resolve();
      await answers[new URL(of).pathname as keyof typeof answers].promise;
      return new Response("answered");
    },
  });
  const slow = fetch(`${url}/slow`).then((answer) => answer.text());
  const hangs = fetch(`${url}/hangs`).catch(() => "broken off");
  await asked.promise;

  const closed = close();
  await expect(fetch(url)).rejects.toThrow();
  answers["/slow"].resolve();
  expect(await slow).toBe("answered");
  await closed;
  expect(await hangs).toBe("broken off");
});

test("when it ends, a socket whose request is still to be answered holds up nobody", async () => {
  const [port = 0] = await freePorts(1);
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let ended = 0;
  const accepted = { ended: () => ended++ } as unknown as HomeSocket;
  const close = await listenOn({
    host: "127.0.0.1",
    port,
    home: { gate: () => async () => {}, acceptedBy: () => accepted },
    fetch: async () => {
      asked.resolve();
      await answered.promise;
      return new Response(null);
    },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const broken = once(socket, "error");
  await asked.promise;
  await close();
  await broken;
  answered.resolve();
  await expect.poll(() => ended).toBe(1);
});

test("what counts only once it is on disk waits for that, and its answer for nothing more", async () => {
  const [port = 0] = await freePorts(1);
  const passed: string[] = [];
  const close = await listenOn({
    host: "127.0.0.1",
    port,
    home: { gate: () => async () => void passed.push("gate"), acceptedBy: () => undefined },
    fetch: async ({ url }, { onDisk }) => {
      if (url.endsWith("/counts")) await onDisk();
      passed.push("counted");
      return new Response("");
    },
  });
  await fetch(`http://127.0.0.1:${port}/counts`);
  expect(passed).toEqual(["gate", "counted"]);
  await fetch(`http://127.0.0.1:${port}/`);
  expect(passed.slice(2)).toEqual(["counted", "gate"]);
  await close();
});

test("who waits for the disk answers for a loss itself; of another answer nothing is left, nor of its socket", async () => {
  const [port = 0] = await freePorts(1);
  let ended = 0;
  const accepted = { ended: () => ended++ } as unknown as HomeSocket;
  const close = await listenOn({
    host: "127.0.0.1",
    port,
    home: {
      gate: () => () => Promise.reject(new Error("lost")),
      acceptedBy: ({ headers }) => (headers.has("accepted-socket") ? accepted : undefined),
    },
    fetch: async ({ url }, { onDisk }) => {
      const asks = url.endsWith("/asks");
      if (url.endsWith("/failed")) return new Response("", { status: 503, headers: { "retry-after": "3" } });
      const isLost = asks && (await onDisk().catch(() => true));
      return isLost
        ? new Response("send it again", { status: 503, headers: { "retry-after": "2" } })
        : new Response("", { headers: { "accepted-socket": "1" } });
    },
  });
  const answered = async (path: string) => {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}${path}`);
    return [status, headers.get("retry-after"), headers.get("content-type"), ended];
  };
  expect(await answered("/")).toEqual([503, null, "application/problem+json", 1]);
  expect((await answered("/asks")).slice(0, 2)).toEqual([503, "2"]);
  expect((await answered("/failed")).slice(0, 2)).toEqual([503, "3"]);
  await close();
});

test("a request that names WebSockets without an upgrade of its connection gets no socket, and leaves none", async () => {
  const [port = 0] = await freePorts(1);
  let ended = 0;
  const socket = { ended: () => ended++ } as unknown as HomeSocket;
  const close = await listenOn({
    host: "127.0.0.1",
    port,
    home: { gate: () => async () => {}, acceptedBy: () => socket },
    fetch: async () => new Response(null, { headers: { "accepted-socket": "1" } }),
  });
  const { statusCode, headers } = await new Promise<IncomingMessage>((resolve) =>
    request({ host: "127.0.0.1", port, headers: { upgrade: "websocket", connection: "close" } }, resolve).end(),
  );
  expect([statusCode, headers["accepted-socket"], ended]).toEqual([426, undefined, 1]);
  await close();
});

test("a post that offers another protocol is answered as it is", async () => {
  const [port = 0] = await freePorts(1);
  const close = await listenOn({
    ...plain,
    port,
    fetch: async (posted) => new Response(`read ${await posted.text()}`),
  });
  for (const upgrade of ["h2c", "websocket"]) {
    const headers = { upgrade, connection: "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABkAAQAAP__" };
    const answer = await new Promise<IncomingMessage>((resolve) =>
      request({ host: "127.0.0.1", port, method: "POST", headers }, resolve).end("<x/>"),
    );
    expect([answer.statusCode, String(await answer.toArray())]).toEqual([200, "read <x/>"]);
  }
  await close();
});

test.each([
  ["GET /tsp/../healthz HTTP/1.1\r\nhost: edge", 400],
  ["GET /tsp/%2e%2e/healthz HTTP/1.1\r\nhost: edge", 400],
  ["GET /tsp\\healthz HTTP/1.1\r\nhost: edge", 400],
  ["GET /tsp/a.b%20c?/../x HTTP/1.1\r\nhost: edge", 200],
  ["GET /healthz HTTP/1.0", 200],
  ["GET http://edge/healthz HTTP/1.1\r\nhost: edge", 200],
])("%j is answered with %i: a path that a URL would change is none", async (head, status) => {
  const [port = 0] = await freePorts(1);
  const close = await listenOn({
    ...plain,
    port,
    fetch: async ({ url }) => new Response(url),
  });
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${head}\r\nconnection: close\r\n\r\n`));
    socket.once("data", (data) => resolve(String(data)));
  });
  expect(answer.slice(9, 12)).toBe(String(status));
  await close();
});

test.each([
  ["what is not HTTP", "hello", 400, "The request is not well-formed HTTP.\n"],
  ["no Host", "GET / HTTP/1.1", 400, "The request has no Host.\n"],
  ["a Host that is none", "GET / HTTP/1.1\r\nhost: a b", 400, "its Host no host.\n"],
  ["another scheme", "GET ftp://x/ HTTP/1.1\r\nhost: x", 400, "The request's target is no path"],
  ["a target for the server as a whole", "OPTIONS * HTTP/1.1\r\nhost: x", 400, "The request's target is no path"],
  ["a backslash in the path", "GET /a\\b HTTP/1.1\r\nhost: x", 400, "The request's target is no path"],
  [
    "an expectation",
    "POST / HTTP/1.1\r\nhost: a\r\nexpect: much",
    417,
    "The only expectation that is met is 100-continue.\n",
  ],
  [
    "more than a hundred headers",
    `GET / HTTP/1.1\r\nhost: a${"\r\nx: y".repeat(100)}`,
    431,
    "The request's target and headers have more than 16384 bytes, or there are more than 100 headers.\n",
  ],
  [
    "a target that is too long",
    `GET /${"x".repeat(16_384)}`,
    431,
    "The request's target and headers have more than 16384 bytes, or there are more than 100 headers.\n",
  ],
])("%s is refused, and one line says why", async (_, head, status, line) => {
  const [port = 0] = await freePorts(1);
  const close = await listenOn({
    ...plain,
    port,
    fetch: async () => new Response("read"),
  });
  const client = connect(port, "127.0.0.1", () => client.write(`${head}\r\nconnection: close\r\n\r\n`));
  const answer = String(Buffer.concat(await client.toArray()));

  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\ncontent-type: text/plain; *charset=utf-8\r\n`, "i"));
  expect(answer).toMatch(/\r\nx-content-type-options: nosniff\r\n/i);
  expect(answer).toMatch(/\r\ncontent-security-policy: default-src 'none'/i);
  expect(answer).toContain(line);
  await close();
});

test("what comes after a request, and cannot be read, does not get into an answer that has begun", async () => {
  const [port = 0] = await freePorts(1);
  const close = await listenOn({
    ...plain,
    port,
    fetch: async () => new Response(new ReadableStream({ start: (body) => body.enqueue(Buffer.from("begun")) })),
  });
  const client = connect(port, "127.0.0.1", () => client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
  let answer = "";
  client.on("data", (data) => {
    answer += data;
    if (answer.includes("begun")) client.write("hello\r\n\r\n");
  });
  await once(client, "close");

  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
  await close();
});

/** A server whose requests are all accepted as one socket, or refused. */
async function accepting(accepts: boolean) {
  const [port = 0] = await freePorts(1);
  let closed = 0;
  const socket = new HomeSocket("1", "", { ...socketPorts, received: () => {}, closed: () => closed++ });
  const home = { gate: () => async () => {}, acceptedBy: () => (accepts ? socket : undefined) };
  const close = await listenOn({ host: "127.0.0.1", port, home, fetch: async () => new Response("no") });
  return { port, socket, close, closed: () => closed };
}

test("a body in too many small chunks is broken off, and one that nobody reads ends with its answer", async () => {
  const [port = 0] = await freePorts(1);
  const lengths: number[] = [];
  const closed: string[] = [];
  const close = await listenOn({
    ...plain,
    port,
    closed: (why) => closed.push(why),
    fetch: async (request) => {
      if (request.method === "POST") lengths.push((await request.text()).length);
      return new Response("answered");
    },
  });
  const ask = async (method: string, chunk: string, count: number, end: string) => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    let said = "";
    socket.on("data", (data) => {
      said += data;
    });
    socket.write(
      `${method} / HTTP/1.1\r\nHost: x\r\nConnection: ${end === "" ? "keep-alive" : "close"}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(count) + end);
    await once(socket, "close");
    return said;
  };
  expect(await ask("POST", "x", 250, "0\r\n\r\n")).toContain("answered");
  expect(await ask("POST", "x".repeat(64), 1_000, "0\r\n\r\n")).toContain("answered");
  expect(closed).toEqual([]);
  expect(await ask("POST", "x", 260, "0\r\n\r\n")).toBe("");
  expect(closed).toEqual(["chunks"]);
  // Node uses what read it again.
  expect(await ask("POST", "x", 5, "0\r\n\r\n")).toContain("answered");
  expect(lengths).toEqual([250, 64_000, 5]);
  expect(await ask("GET", "x", 10, "")).toMatch(/connection: close\r\n.*answered/is);
  await close();
});

test("a body of chunks that goes on behind its answer is broken off, too", async () => {
  const [port = 0] = await freePorts(1);
  const closed: string[] = [];
  const close = await listenOn({
    ...plain,
    port,
    closed: (why) => closed.push(why),
    fetch: async () => new TextAnswer(404, "text/plain", "unknown"),
  });
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  expect(String((await once(socket, "data"))[0])).toContain("unknown");
  socket.write("1\r\nx\r\n".repeat(260));
  await once(socket, "close");
  expect(closed).toEqual(["chunks"]);
  await close();
});

/** A server that is asked 8 requests of 2 ms over each connection of a crowd. */
async function behindCrowd({ proxies = new Networks([]), connections = 50 } = {}) {
  const [port = 0] = await freePorts(1);
  const order: string[] = [];
  const closed: string[] = [];
  const close = await listenOn({
    host: "127.0.0.1",
    port,
    proxies,
    home: { gate: () => async () => {}, acceptedBy: () => undefined },
    closed: (why) => closed.push(why),
    fetch: async (request, { admitted }) => {
      order.push(addressOf(request));
      if (request.url.endsWith("/webex")) admitted();
      const until = performance.now() + 2;
      while (performance.now() < until);
      return new TextAnswer(200, "text/plain", "answered");
    },
  });
  const opened = (localAddress: string) => connect({ port, host: "127.0.0.1", localAddress }).on("error", () => {});
  const asks = (path: string, from = "") => {
    const header = proxies.has("127.0.0.9") ? `X-Forwarded-For: ${from}\r\n` : "";
    return `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`;
  };
  if (proxies.has("127.0.0.9")) {
    const webex = opened("127.0.0.9");
    webex.write(asks("/webex", "203.0.113.1"));
    await once(webex, "data");
    webex.destroy();
  }
  order.length = 0;
  const crowd = Array.from({ length: connections }, () => opened("127.0.0.9").resume());
  for (const [at, socket] of crowd.entries())
    for (let count = 0; count < 8; count += 1) socket.write(asks("/", `198.51.${at}.${count}`));
  await expect.poll(() => order.length).toBeGreaterThan(0);
  return { order, closed, opened, asks, crowd, close };
}

test("whoever comes behind a crowd from another address is answered long before the crowd is", async () => {
  const { order, opened, crowd, close } = await behindCrowd();
  const one = opened("127.0.0.1");
  one.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(one, "data");
  expect(order.at(-1)).toBe("127.0.0.1");
  expect(order.length).toBeLessThan(300);
  for (const socket of [...crowd, one]) socket.destroy();
  await close();
  const answered = order.length;
  for (let turn = 0; turn < 400; turn += 1) await new Promise(setImmediate);
  expect(order).toHaveLength(answered);
});

test("through the same proxy as a crowd of 400 networks, one that has posted as WebEx is answered long before others", async () => {
  const { order, opened, asks, crowd, close } = await behindCrowd({ proxies: new Networks(["127.0.0.9"]) });
  const [stranger, webex] = [opened("127.0.0.9"), opened("127.0.0.9")];
  stranger.write(asks("/", "192.0.2.1"));
  webex.write(asks("/", "203.0.113.1"));
  await once(webex, "data");
  expect(order.at(-1)).toBe("203.0.113.1");
  expect(order.length).toBeLessThan(300);
  expect(order).not.toContain("192.0.2.1");
  await once(stranger, "data");
  for (const socket of [...crowd, stranger, webex]) socket.destroy();
  await close();
});

test("of more than two thousand requests that wait, those of the crowd are dropped", async () => {
  const { opened, asks, closed, crowd, close } = await behindCrowd({ connections: 300 });
  await expect.poll(() => closed).toContain("waiting");
  const one = opened("127.0.0.1");
  one.write(asks("/"));
  expect(String((await once(one, "data"))[0])).toContain("answered");
  expect(crowd.some(({ closed }) => closed)).toBe(true);
  for (const socket of [...crowd, one]) socket.destroy();
  await close();
});

test("whoever sends no more behind a request that waits for its turn is answered", async () => {
  const { order, opened, crowd, close } = await behindCrowd();
  const one = opened("127.0.0.9");
  one.end("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(String((await once(one, "data"))[0])).toContain("answered");
  expect(order.length).toBeGreaterThan(300);
  for (const socket of crowd) socket.destroy();
  await close();
});

test("behind a connection that is dropped, with many requests over it, bodies are read as before", async () => {
  const [port = 0] = await freePorts(1);
  const bodies: string[] = [];
  const close = await listenOn({
    ...plain,
    port,
    fetch: async (request) => {
      if (request.method === "POST") bodies.push(await request.text());
      const until = performance.now() + 2;
      while (performance.now() < until);
      return new TextAnswer(200, "text/plain", "answered");
    },
  });
  const opened = () =>
    connect(port, "127.0.0.1")
      .on("error", () => {})
      .resume();
  const crowd = Array.from({ length: 300 }, opened);
  for (const socket of crowd) socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(8));
  await expect.poll(() => crowd.filter(({ closed }) => closed).length).toBeGreaterThan(5);
  for (const socket of crowd) socket.destroy();
  const later = Array.from({ length: 100 }, opened);
  for (const socket of later) socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  await expect.poll(() => bodies.length).toBe(100);
  expect(new Set(bodies)).toEqual(new Set(["hello"]));
  for (const socket of later) socket.destroy();
  await close();
});

test("a WebSocket, too, is opened when it is its turn", async () => {
  const { order, opened, asks, crowd, close } = await behindCrowd();
  const socket = opened("127.0.0.9");
  socket.write(asks("/upgrade").replace(/\r\n$/, "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
  await once(socket, "data");
  expect(order.length).toBeGreaterThan(300);
  for (const one of [...crowd, socket]) one.destroy();
  await close();
});

test("what a parser of Node calls for each part of a body stands where it is taken away", () => {
  const { HTTPParser } = createRequire(import.meta.url)("_http_common");
  expect(onBody).toBe(HTTPParser.kOnBody);
});

test("to make room no connection is closed over which WebEx posts for the first time; a stranger's is, that asks since later", async () => {
  const [port = 0] = await freePorts(1);
  const [posted, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const close = await listenOn({
    ...plain,
    port,
    files: 60,
    fetch: async ({ url }, { admitted }) => {
      if (!url.endsWith("/webex")) return new Promise(() => {});
      admitted();
      posted.resolve();
      await mayAnswer.promise;
      return new TextAnswer(200, "text/plain", "confirmed");
    },
  });
  const post = fetch(`http://127.0.0.1:${port}/webex`, { method: "POST", body: "" });
  await posted.promise;
  const crowd = Array.from({ length: 9 }, () => fetch(`http://127.0.0.1:${port}/`).catch(() => "closed"));
  expect(await Promise.race(crowd)).toBe("closed");
  mayAnswer.resolve();
  expect(await (await post).text()).toBe("confirmed");
  await close();
});

test("a person who is being answered stays, whoever else comes and asks nothing", async () => {
  const [port = 0] = await freePorts(1);
  const [asked, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let closed = 0;
  const close = await listenOn({
    ...plain,
    port,
    files: 70,
    closed: () => closed++,
    fetch: async (_, { signedIn }) => {
      signedIn();
      asked.resolve();
      await mayAnswer.promise;
      return new Response("answered");
    },
  });
  const answer = fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  await asked.promise;
  const idle = Array.from({ length: 13 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await expect.poll(() => closed).toBe(2);
  mayAnswer.resolve();
  expect(await (await answer).text()).toBe("answered");
  for (const client of idle) client.destroy();
  await close();
});

test("connections from the machine itself, as a proxy makes them, count in no share of an address", async () => {
  const [port = 0] = await freePorts(1);
  let crowded = 0;
  const close = await listenOn({
    ...plain,
    port,
    files: 70,
    closed: (why) => (why === "crowded" ? crowded++ : expect.unreachable()),
    fetch: async () => new Response(""),
  });
  const clients = Array.from({ length: 12 }, () => connect(port, "127.0.0.1"));
  await Promise.all(clients.map((client) => once(client, "connect")));
  await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  // The request's connection is the 13th of 12; the share of an address is 6.
  expect(crowded).toBe(1);
  for (const client of clients) client.destroy();
  await close();
});

test("a frame of bytes, in which nobody has anything to say, comes as an empty one", async () => {
  const [port = 0] = await freePorts(1);
  const received: string[] = [];
  const socket = new HomeSocket("1", "", {
    ...socketPorts,
    received: (_: HomeSocket, text: string) => received.push(text),
    closed: () => {},
  });
  const home = { gate: () => async () => {}, acceptedBy: () => socket };
  const close = await listenOn({ host: "127.0.0.1", port, home, fetch: async () => new Response("") });
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, "open");
  client.send(Buffer.from('{"type":"hello"}'));
  client.send("text");
  await expect.poll(() => received).toEqual(["", "text"]);
  await close();
});

const asksForSocket =
  "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";

test("a reason that is too long for a frame is cut, and the socket closes", async () => {
  const { port, socket, close } = await accepting(true);
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, "open");
  socket.drop(1012, "é".repeat(200));
  const [code, reason] = await once(client, "close");
  expect([code, String(reason)]).toEqual([1012, `${"é".repeat(60)}…`]);
  await close();
});

test("a handshake that the other end begins wrong leaves no socket", async () => {
  const { port, close, closed } = await accepting(true);
  const client = connect(port, "127.0.0.1", () => client.write(`${asksForSocket}sec-websocket-key: short\r\n\r\n`));
  client.resume();
  await once(client, "close");
  await expect.poll(closed).toBeGreaterThan(0);
  await close();
});

test("who is refused a socket and holds its connection is cut off", async () => {
  const { port, close } = await accepting(false);
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  client.write(`${asksForSocket}sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
  client.resume();
  await once(client, "end");
  const write = setInterval(() => client.write("x"), 5);
  const [error] = await once(client, "error").catch((failure) => [failure]);
  clearInterval(write);
  expect(error.code).toMatch(/^(?:ECONNRESET|EPIPE)$/);
  await close();
});

test.each([
  ["", 8],
  ["Expect: 100-continue\r\n", 8],
  ["Expect: x\r\n", 0],
])(
  "of the requests over one connection eight wait; with one more (%j) it is closed, and the others are not read",
  async (header, most) => {
    const [port = 0] = await freePorts(1);
    const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let asked = 0;
    let read = 0;
    const count = () => {
      read += 1;
    };
    subscribe("http.server.request.start", count);
    onTestFinished(() => void unsubscribe("http.server.request.start", count));
    const closed: string[] = [];
    let answers = Promise.withResolvers<void>();
    const close = await listenOn({
      ...plain,
      port,
      closed: (why) => closed.push(why),
      fetch: async () => {
        asked += 1;
        await answers.promise;
        return new Response("answered");
      },
    });
    const opened = () => {
      const socket = connect(port, "127.0.0.1");
      let said = "";
      socket.on("data", (data) => {
        said += data;
      });
      return { socket, answered: () => said.match(/answered/g)?.length ?? 0 };
    };
    const one = opened();
    one.socket.write(get.repeat(8));
    await expect.poll(() => asked).toBe(8);
    answers.resolve();
    // Any number comes one after the other.
    for (let number = 8; number < 30; number += 1) {
      await expect.poll(one.answered).toBe(number);
      one.socket.write(get);
    }
    await expect.poll(one.answered).toBe(30);
    one.socket.destroy();

    answers = Promise.withResolvers();
    [asked, read] = [0, 0];
    const many = opened();
    const ask = get.replace(/\r\n$/, `${header}\r\n`);
    const upgrade = get.replace(/\r\n$/, "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    many.socket.on("error", () => {}).write(ask.repeat(9) + upgrade + ask.repeat(1_000));
    await once(many.socket, "close");
    expect(asked).toBeLessThanOrEqual(most);
    expect([read, many.answered(), closed]).toEqual([9, 0, ["unanswered"]]);

    answers.resolve();
    // The parser that Node takes for the next connection reads again.
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("answered");
    await close();
  },
);

test("the answer to a request that waits behind another one is whole, also where it asked for a 100", async () => {
  const [port = 0] = await freePorts(1);
  const first = Promise.withResolvers<void>();
  const close = await listenOn({
    ...plain,
    port,
    fetch: async (request) => {
      const body = request.method === "POST" ? await request.text() : await first.promise;
      // The second answer is there before the first.
      setTimeout(first.resolve);
      return new TextAnswer(200, "text/plain", body ?? "first");
    },
  });
  const expecting = "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close";
  const client = connect(port, "127.0.0.1", () =>
    client.write(`GET / HTTP/1.1\r\nhost: a\r\n\r\n${expecting}\r\n\r\nok`),
  );
  const answers = String(Buffer.concat(await client.toArray()));

  expect(answers.split(/\r\n\r\n(?=first|ok)/).map((part) => part.slice(0, 17))).toEqual([
    "HTTP/1.1 200 OK\r\n",
    "firstHTTP/1.1 200",
    "ok",
  ]);
  await close();
});

test("whoever sends no more behind a request is answered, and a connection of which nothing is awaited ends", async () => {
  const [port = 0] = await freePorts(1);
  const close = await listenOn({
    ...plain,
    port,
    fetch: async (request) => {
      const body = await request.text();
      // The end comes behind the body, within a few turns.
      for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
      return new TextAnswer(200, "text/plain", `read ${body}`);
    },
  });
  const answerTo = async (sent: string) => {
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => client.end(sent));
    return String(Buffer.concat(await client.toArray()));
  };

  expect(await answerTo("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nok")).toMatch(/ 200 (?:.|\s)+read ok$/);
  expect(await answerTo("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nok")).toMatch(/^HTTP\/1.1 400 /);
  expect(await answerTo("")).toBe("");
  await close();
});
