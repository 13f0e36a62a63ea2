import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { listen } from "../../../../durable-objects/node/http/http-server.ts";
import { RuntimeSocket } from "../../../../durable-objects/node/runtime-socket.ts";
import { freePorts } from "../../../../simulators/free-ports.ts";
import { Networks, unnamedProxy } from "../../../../src/foundation/guard/networks.ts";
import { addressOf } from "../../../../src/http/address.ts";
import { TextAnswer } from "../../../../src/http/text-answer.ts";

/** Of a socket that nobody watches. */
const socketPorts = { pings: null, now: () => 0, afterFlush: (run: () => void) => run() };

/** Of a server whose answers wait for no disk, and open no socket. */
const plain = { host: "127.0.0.1", mayLeave: () => null, acceptedBy: () => undefined } as const;

const asksForSocket =
  "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";

const listenOn = (ports: Omit<Parameters<typeof listen>[0], "proxies"> & { readonly proxies?: Networks }) =>
  listen({ proxies: new Networks([]), ...ports });

test("a stranger who writes 60 addresses is one; a proxy that is named says who asks", async () => {
  const [port = 0] = await freePorts(1);
  const seen: string[] = [];
  const serve = (proxies: Networks) =>
    listenOn({
      ...plain,
      port,
      proxies,
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
  const accepted = { ended: () => ended++ } as unknown as RuntimeSocket;
  const close = await listenOn({
    ...plain,
    port,
    acceptedBy: () => accepted,
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
    ...plain,
    port,
    mayLeave: async () => void passed.push("flush"),
    fetch: async ({ url }, { onDisk }) => {
      if (url.endsWith("/counts")) await onDisk();
      passed.push("counted");
      return new Response("");
    },
  });
  await fetch(`http://127.0.0.1:${port}/counts`);
  expect(passed).toEqual(["flush", "counted"]);
  await fetch(`http://127.0.0.1:${port}/`);
  expect(passed.slice(2)).toEqual(["counted", "flush"]);
  await close();
});

test("a request that names WebSockets without an upgrade of its connection gets no socket, and leaves none", async () => {
  const [port = 0] = await freePorts(1);
  let ended = 0;
  const socket = { ended: () => ended++ } as unknown as RuntimeSocket;
  const close = await listenOn({
    ...plain,
    port,
    acceptedBy: () => socket,
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
  ["what is not HTTP", "hello", 400],
  ["no Host", "GET / HTTP/1.1", 400],
  ["a Host that is none", "GET / HTTP/1.1\r\nhost: a b", 400],
  ["a Host with a password, for a WebSocket", `${asksForSocket.replace("host: a", "host: a:b@c")}`, 400],
  ["another scheme", "GET ftp://x/ HTTP/1.1\r\nhost: x", 400],
  ["a target for the server as a whole", "OPTIONS * HTTP/1.1\r\nhost: x", 400],
  ["an expectation", "POST / HTTP/1.1\r\nhost: a\r\nexpect: much", 417],
  ["more than a hundred headers", `GET / HTTP/1.1\r\nhost: a${"\r\nx: y".repeat(20_000)}`, 431],
  ["a target that is too long", `GET /${"x".repeat(16_384)}`, 431],
])("%s is refused, and the next request is answered", async (_, head, status) => {
  const [port = 0] = await freePorts(1);
  const close = await listenOn({ ...plain, port, fetch: async () => new Response("read") });
  const client = connect(port, "127.0.0.1", () => client.write(`${head}\r\n\r\n`));
  client.on("error", () => {});
  const [answer] = await once(client, "data");

  expect(String(answer).slice(9, 12)).toBe(String(status));
  client.destroy();
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("read");
  await close();
});

test("closes a connection after its thousandth answer", async () => {
  const [port = 0] = await freePorts(1);
  let asked = 0;
  const fetch = async () => new TextAnswer(200, "text/plain", String(++asked));
  const close = await listenOn({ ...plain, port, fetch });
  const client = connect(port, "127.0.0.1", () => client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1_010)));
  let answers = "";
  client.on("data", (data) => {
    answers += data;
  });
  await once(client, "end");
  const count = (pattern: RegExp) => answers.match(pattern)?.length;

  expect([count(/HTTP\/1.1 200/g), count(/HTTP\/1.1/g), count(/connection: close/gi), asked]).toEqual([
    ...[1_000, 1_000, 1, 1_000],
  ]);
  await close();
});

/** A server whose requests are all accepted as one socket, or refused. */
async function accepting(accepts: boolean) {
  const [port = 0] = await freePorts(1);
  let closed = 0;
  const socket = new RuntimeSocket("1", "", { ...socketPorts, received: () => {}, closed: () => closed++ });
  const acceptedBy = () => (accepts ? socket : undefined);
  const close = await listenOn({ ...plain, port, acceptedBy, fetch: async () => new Response("no") });
  return { port, socket, close, closed: () => closed };
}

test("a frame of bytes, in which nobody has anything to say, comes as an empty one", async () => {
  const [port = 0] = await freePorts(1);
  const received: string[] = [];
  const socket = new RuntimeSocket("1", "", {
    ...socketPorts,
    received: (_: RuntimeSocket, text: string) => received.push(text),
    closed: () => {},
  });
  const close = await listenOn({ ...plain, port, acceptedBy: () => socket, fetch: async () => new Response("") });
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, "open");
  client.send(Buffer.from('{"type":"hello"}'));
  client.send("text");
  await expect.poll(() => received).toEqual(["", "text"]);
  await close();
});

test("a reason that is too long for a frame is cut, and the socket closes", async () => {
  const { port, socket, close } = await accepting(true);
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, "open");
  socket.close(1012, "é".repeat(200));
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
