import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { type AddressInfo, createServer as createPlainServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { nodePost } from "../../durable-objects/node/node-post.ts";
import {
  type Exchange,
  fetchPost,
  type HttpAnswer,
  type PostRequest,
  postBy as sendBy,
  statusFault,
} from "../../durable-objects/platform/post.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { networkReason } from "../../src/foundation/text/reason.ts";

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const servers: Server[] = [];
/** The `Accept-Encoding` of each request, by its path. */
const reached = new Map<string, string | undefined>();
afterEach(() => {
  reached.clear();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const kib64 = "x".repeat(65_536);

describe.each([
  ["fetch", fetchPost],
  ["node:http", nodePost],
])("by %s", (_name, postBy) => {
  const post = (url: string) => postedBy(postBy, url);

  test.each([301, 302, 303, 307, 308])("a redirect by %i is an answer, and is not followed", async (status) => {
    const inner = await serving({});
    const webex = await serving({ status, headers: { location: `${inner}/inner` } });

    expect(await post(`${webex}/outer`)).toMatchObject({ kind: "answered", status });
    expect([...reached.keys()]).toEqual(["/outer"]);
    expect(statusFault(status)).toBe(`HTTP status ${status}, a redirect, which is not followed`);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["closes", (socket) => socket.end(), "the connection was closed before a complete answer"],
    ["resets", (socket) => socket.resetAndDestroy(), "the connection was closed before a complete answer"],
    [
      "closes within the answer",
      (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
      "the connection was closed before a complete answer",
    ],
    [
      "closes within the answer, as it said",
      (socket) => socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nabc"),
      "the connection was closed before a complete answer",
    ],
    [
      "closes within an answer of HTTP/1.0",
      (socket) => socket.end("HTTP/1.0 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
      "the connection was closed before a complete answer",
    ],
    [
      "closes within a chunk, as it said",
      (socket) => socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc"),
      "the connection was closed before a complete answer",
    ],
    ["does not speak HTTP", (socket) => socket.end("220 mail ESMTP\r\n"), "the answer is not HTTP"],
    [
      "sends chunks that are none",
      (socket) => socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc"),
      "the answer is not HTTP",
    ],
    [
      "sends long headers",
      (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${kib64}\r\ncontent-length: 0\r\n\r\n`),
      "the headers of the answer are too long",
    ],
  ])("reports in plain words a server that %s", async (_how, act, reason) => {
    const port = await servingTcp((socket) => socket.once("data", () => act(socket)));

    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ kind: "failed", reason });
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["closes", (socket) => socket.end(), "the connection was closed at the handshake of TLS"],
    ["speaks HTTP", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), "it does not answer by TLS"],
    ["knows no version of ours", (socket) => socket.end(tlsAlert(70)), "TLS failed (protocol version)"],
    ["knows no cipher of ours", (socket) => socket.end(tlsAlert(40)), "TLS failed (handshake failure)"],
    ["has no such name", (socket) => socket.end(tlsAlert(112)), "TLS failed (unrecognized name)"],
  ])("reports in plain words a server that %s at the TLS handshake", async (_how, act, reason) => {
    const port = await servingTcp((socket) => socket.once("data", () => act(socket)));

    expect(await post(`https://127.0.0.1:${port}/`)).toEqual({ kind: "failed", reason });
  });

  test("reports an absent server and an unknown name in plain words", async () => {
    const [port = 0] = await freePorts(1);

    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ kind: "failed", reason: "the connection was refused" });
    expect(await post("http://no-such-name.invalid/")).toEqual({
      kind: "failed",
      reason: expect.stringMatching(/^(?:nobody knows the name|the name cannot be looked up)$/),
    });
  });

  describe("by HTTPS", () => {
    const trusted = getCACertificates("default");
    const folder = mkdtempSync(join(tmpdir(), "bridgehead-post-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1";
    execFileSync("openssl", [...request.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
    afterAll(() => {
      setDefaultCACertificates(trusted);
      rmSync(folder, { recursive: true });
    });

    test("posts only to a server with a trusted certificate (protocol T2)", async () => {
      const webex = await serving({ body: "confirmed" }, { key: readFileSync(key), cert: readFileSync(cert) });
      expect(webex).toMatch(/^https:/);

      expect(await post(`${webex}/`)).toEqual({
        kind: "failed",
        reason: "its certificate is of no authority that is trusted here",
      });
      expect([...reached.keys()]).toEqual([]);
      setDefaultCACertificates([readFileSync(cert, "utf8")]);

      expect(await post(`${webex}/`)).toMatchObject({ kind: "answered", status: 200 });
      expect(await post(`${await serving({ body: "confirmed" })}/`)).toMatchObject({ kind: "answered", status: 200 });
    });
  });

  test("the time limit includes the TLS handshake", async () => {
    const port = await servingTcp(() => {});

    expect(await postedBy(postBy, `https://127.0.0.1:${port}/`, 20)).toEqual({
      kind: "failed",
      reason: "no complete answer within 20 ms",
    });
  });

  test("ignores bytes after a complete answer", async () => {
    const port = await servingTcp((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokXYZ")),
    );

    expect(await post(`HTTP://127.0.0.1:${port}/`)).toMatchObject({ kind: "answered", status: 200 });
  });

  test("reports at once a server that changes the protocol", async () => {
    const port = await servingTcp((socket) =>
      socket.once("data", () =>
        socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
      ),
    );

    const answer = await post(`http://127.0.0.1:${port}/`);
    expect(answer).toMatchObject({ kind: "failed" });
    if (postBy === nodePost)
      expect(answer).toMatchObject({ reason: "the server changes to another protocol (HTTP status 101)" });
  });

  test.each([
    ["does not answer in time", ""],
    ["answers without an end", `HTTP/1.1 200 OK\r\n\r\n${kib64}x`],
  ])("the connection to a server that %s ends", async (_how, answer) => {
    const ended = Promise.withResolvers<void>();
    const port = await servingTcp((socket) => {
      socket.once("close", () => ended.resolve());
      socket.once("data", () => socket.write(answer));
    });

    expect(await postedBy(postBy, `http://127.0.0.1:${port}/`, 50)).toMatchObject({ kind: "failed" });
    await ended.promise;
  });

  // Older servers send one to each POST (RFC 9110, section 15.2). `fetch` of Node takes that for a fault.
  test.runIf(postBy === nodePost)("a 100 that nobody asked for is no answer", async () => {
    const port = await servingTcp((socket) =>
      socket.once("data", () =>
        socket.end("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
      ),
    );

    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({
      kind: "answered",
      status: 200,
      contentType: null,
      body: Buffer.from("ok"),
    });
  });

  test("a document that was withdrawn is not posted", async () => {
    const url = `${await serving({})}/`;
    const signal = AbortSignal.abort(new Error("withdrawn"));
    const request = { url, body: "x", contentType: "text/xml; charset=UTF-8", timeoutMs: 5_000, signal } as const;

    expect(await postBy(request)).toEqual({ kind: "failed", reason: "withdrawn" });
    expect([...reached.keys()]).toEqual([]);
  });

  test("no compression is asked for", async () => {
    await post(`${await serving({})}/`);

    expect(reached.get("/")).toBe("identity");
  });

  test.each<[string, Answer]>([
    ["with its length", { body: kib64 }],
    ["in chunks", { body: kib64, headers: { "transfer-encoding": "chunked" } }],
    ["compressed although that was not asked for", { body: gzipSync(kib64), headers: { "content-encoding": "gzip" } }],
  ])("an answer of 64 KiB is read, %s", async (_how, answer) => {
    const given = await post(await serving(answer));
    expect(given).toMatchObject({ kind: "answered", status: 200 });
    expect(given.kind === "answered" && Buffer.from(given.body).equals(Buffer.from(kib64))).toBe(true);
  });

  test.each<[string, Answer, string]>([
    ["brotli", { body: brotliCompressSync("confirmed"), headers: { "content-encoding": "br" } }, "confirmed"],
    ["deflate", { body: deflateSync("confirmed"), headers: { "content-encoding": "deflate" } }, "confirmed"],
    [
      "deflate without a header",
      { body: deflateRawSync("confirmed"), headers: { "content-encoding": "deflate" } },
      "confirmed",
    ],
    [
      "gzip that lacks its end",
      { body: gzipSync("confirmed").subarray(0, -8), headers: { "content-encoding": "gzip" } },
      "confirmed",
    ],
    ["gzip of nothing at all", { body: "", headers: { "content-encoding": "gzip" } }, ""],
    ["a coding that nobody knows", { body: "confirmed", headers: { "content-encoding": "x-none" } }, "confirmed"],
  ])("reads an answer as %s", async (_how, answer, text) => {
    const given = await post(await serving(answer));
    expect(given.kind === "answered" && String(Buffer.from(given.body))).toBe(text);
  });

  test.each<[string, Uint8Array]>([
    ["gzip", Buffer.from("confirmed")],
    ["deflate", Buffer.from("xml")],
    ["br", brotliCompressSync("confirmed").fill(0xff, 0, 1)],
  ])("reports in plain words an answer that is no %s", async (coding, body) => {
    expect(await post(await serving({ body, headers: { "content-encoding": coding } }))).toEqual({
      kind: "failed",
      reason: "the answer cannot be decompressed",
    });
  });

  test.each<[string, Answer]>([
    ["with its length", { body: `${kib64}x` }],
    ["in chunks", { body: `${kib64}x`, headers: { "transfer-encoding": "chunked" } }],
    ["compressed by gzip", { body: gzipSync(`${kib64}x`), headers: { "content-encoding": "gzip" } }],
    ["compressed by brotli", { body: brotliCompressSync(`${kib64}x`), headers: { "content-encoding": "br" } }],
  ])("a longer answer is broken off, %s", async (_how, answer) => {
    expect(await post(await serving(answer))).toEqual({
      kind: "failed",
      reason: "the answer has more than 65536 bytes",
    });
  });

  test.each([
    ["long", `1 200 OK\r\ncontent-length: 70000\r\n\r\n${kib64.repeat(2)}`],
    ["endless", "1 200 OK\r\n\r\n<html>"],
    ["cut short", "1 200 OK\r\ncontent-length: 500\r\n\r\n<html>"],
    ["reset", "1 200 OK\r\n\r\n<html>"],
    ["not compressed as it says", "1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nhtml"],
    ["not chunked as it says", "1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
    ["of HTTP/1.0", "0 200 OK\r\n\r\nok"],
  ])("a post of JSON ignores a body that is %s", async (how, answer) => {
    const port = await servingTcp((socket) =>
      socket.once("data", () =>
        socket.write(`HTTP/1.${answer}`, () => {
          if (how === "reset") socket.resetAndDestroy();
          else if (how !== "endless") socket.end();
        }),
      ),
    );
    const posted = postBy({ ...json, url: `http://127.0.0.1:${port}/` });

    expect(await posted).toMatchObject({ kind: "answered", status: 200 });
  });

  test("counts an answer before the whole request was read", async () => {
    const port = await servingTcp((socket) =>
      socket.once("data", () => {
        socket.pause();
        socket.write("HTTP/1.1 200 OK\r\n\r\n", () => socket.destroy());
      }),
    );
    const posted = postBy({ ...json, body: "x".repeat(200_000), url: `http://127.0.0.1:${port}/` });

    expect(await posted).toMatchObject({ kind: "answered", status: 200 });
  });

  test("reports the status of a refusal whatever its body", async () => {
    const webex = await serving({ status: 503, body: `${kib64}x` });

    expect(await post(webex)).toMatchObject({ kind: "answered", status: 503 });
  });

  test("a few hundred bytes that stand for 100 MB cost no memory", async () => {
    // The best quality takes seconds.
    const params = { [constants.BROTLI_PARAM_QUALITY]: 3 };
    const bomb = brotliCompressSync(new Uint8Array(100_000_000), { params });
    expect(bomb.byteLength).toBeLessThan(1_000);
    const webex = await serving({ body: bomb, headers: { "content-encoding": "br" } });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 1);

    expect(await post(webex)).toMatchObject({ kind: "failed" });
    clearInterval(watch);

    most = Math.max(most, process.memoryUsage().arrayBuffers);
    expect(most - before).toBeLessThan(20_000_000);
  });
});

describe("by any exchange", () => {
  type Sent = Parameters<Exchange>[1];
  const answered = { status: 200, body: new Uint8Array() };
  const request = (more: object) =>
    ({
      url: "http://127.0.0.1/",
      body: "x",
      timeoutMs: 5_000,
      signal: new AbortController().signal,
      ...more,
    }) as PostRequest;
  const sentFor = async (more: object): Promise<Sent["headers"]> => {
    let headers: Sent["headers"] = {};
    await sendBy(async (_, sent) => {
      ({ headers } = sent);
      return answered;
    }, request(more));
    return headers;
  };

  test("a post has its headers or its idempotency key", async () => {
    const common = { "User-Agent": "bridgehead", "Accept-Encoding": "identity" };
    const [xml, json] = ["text/xml; charset=UTF-8", "application/json"];
    expect([
      await sentFor({ contentType: xml }),
      await sentFor({ contentType: json, idempotencyKey: "k1" }),
      await sentFor({ contentType: json, headers: { Authorization: "Bearer t" } }),
    ]).toEqual([
      { "Content-Type": xml, ...common },
      { "Content-Type": json, ...common, "Idempotency-Key": "k1" },
      { "Content-Type": json, ...common, Authorization: "Bearer t" },
    ]);
  });

  test("a document that is withdrawn while it is posted is broken off", async () => {
    const withdraw = new AbortController();
    const posted = sendBy(
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
      request({ signal: withdraw.signal }),
    );
    withdraw.abort(new Error("withdrawn"));
    expect(await posted).toEqual({ kind: "failed", reason: "withdrawn" });
  });

  test("a finished post leaves no timer and no listener", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const withdraw = new AbortController();
    const signals: AbortSignal[] = [];
    await sendBy(
      async (_, { signal }) => {
        signals.push(signal);
        return answered;
      },
      request({ signal: withdraw.signal }),
    );
    withdraw.abort();
    expect(vi.getTimerCount()).toBe(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });
});

/** A server that answers only the first post of each connection. `breaks`: it resets this connection at the first. */
async function serverThatResets(breaks: (connection: number) => boolean, partial = "") {
  const bodies: string[] = [];
  let connections = 0;
  const port = await servingTcp((socket) => {
    const own = ++connections;
    let posts = 0;
    socket.on("data", (data) => {
      bodies.push(String(data).split("\r\n\r\n")[1] ?? "");
      if (++posts === 1 && !breaks(own)) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      else if (partial === "") socket.resetAndDestroy();
      else socket.write(partial, () => socket.resetAndDestroy());
    });
  });
  return { url: `http://127.0.0.1:${port}/`, bodies, connections: () => connections };
}

test("resends a post at once on Node after each closed idle connection", async () => {
  const server = await serverThatResets(() => false);
  const idle = await Promise.all(Array.from({ length: 6 }, () => postedBy(nodePost, server.url)));
  const answer = await postedBy(nodePost, server.url);

  expect([...idle, answer].map(({ kind }) => kind)).toEqual(Array(7).fill("answered"));
  expect(server.connections()).toBe(7);
  expect(new Set(server.bodies)).toEqual(new Set(["<WbxTSPSchema/>"]));
});

test.each([
  ["a new connection", (connection: number) => connection > 1, "", 2],
  ["a reused connection amid the response", () => false, "HTTP/1.1 200", 1],
])("counts a reset of %s as a failed attempt on Node", async (_, breaks, partial, connections) => {
  const server = await serverThatResets(breaks, partial);
  await postedBy(nodePost, server.url);

  expect(await postedBy(nodePost, server.url)).toMatchObject({ kind: "failed" });
  expect(server.connections()).toBe(connections);
});

test("reuses a connection on Node after a dropped body", async () => {
  const server = await serverThatResets(() => false);
  for (let posts = 0; posts < 2; posts++) await nodePost({ ...json, url: server.url });

  expect(server.bodies).toHaveLength(3); // One of them on the reused connection, which is reset.
});

test("repeats a post on Node over a new connection", async () => {
  const server = await serverThatResets(() => false);
  await postedBy(nodePost, server.url);
  await postedBy((request) => nodePost({ ...request, isRepeat: true }), server.url);

  expect([server.bodies.length, server.connections()]).toEqual([2, 2]);
});

test("a connected post waits until it may leave", async () => {
  const webex = await serving({});
  const posted = (path: string, mayLeave: () => Promise<void>) =>
    postedBy((request) => nodePost(request, mayLeave), `${webex}${path}`);
  const later = Promise.withResolvers<void>();
  const waiting = posted("/waits", () => later.promise);
  const replaced = await posted("/replaced", () => Promise.reject(new Error("another edge acts")));

  expect(replaced).toEqual({ kind: "failed", reason: "another edge acts" });
  expect([...reached.keys()]).toEqual([]);
  later.resolve();
  expect(await waiting).toMatchObject({ kind: "answered", status: 200 });
});

test("a post asks whether it may leave after the TLS handshake", async () => {
  const port = await servingTcp(() => {});
  let asked = 0;
  const mayLeave = async () => {
    asked += 1;
  };
  await postedBy((request) => nodePost(request, mayLeave), `https://127.0.0.1:${port}/`, 50);

  expect(asked).toBe(0);
});

test.each<[string, unknown, string]>([
  ["of the last address", several("ETIMEDOUT", "ECONNREFUSED"), "the connection was refused"],
  [
    "of one that a network leads to, before",
    several("ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH"),
    "the connection was refused",
  ],
  ["of one that a network leads to, after", several("ENETUNREACH", "ECONNREFUSED"), "the connection was refused"],
  ["of addresses to which no network leads", several("ENETUNREACH", "EHOSTUNREACH"), "the address cannot be reached"],
  ["of an address with an unknown fault", several("EINVAL"), "connect EINVAL"],
  ["of no address", new AggregateError([]), "nothing is known of the reason"],
  ["of a fault with a code alone", Object.assign(new Error(), { code: "EINVAL" }), "EINVAL"],
  ["of a connection that came to nothing", systemError("connect", "ETIMEDOUT"), "no reply in time"],
  ["of a connection that was up", systemError("read", "ETIMEDOUT"), "no reply in time"],
])("the reason is that %s", (_which, error, reason) => {
  expect(networkReason(error)).toBe(reason);
  expect(networkReason(new TypeError("fetch failed", { cause: error }))).toBe(reason);
});

/** As Node fails where a name has several addresses. */
function several(...codes: readonly string[]): AggregateError {
  return Object.assign(new AggregateError(codes.map((code) => systemError("connect", code))), { code: codes[0] });
}

function systemError(call: string, code: string): Error {
  return Object.assign(new Error(`${call} ${code}`), { code });
}

/** RFC 8446, section 6: a fatal alert. */
function tlsAlert(description: number): Uint8Array {
  return Uint8Array.of(21, 3, 3, 0, 2, 2, description);
}

function postedBy(post: typeof fetchPost, url: string, timeoutMs = 5_000): Promise<HttpAnswer> {
  return post({ url, body: "<WbxTSPSchema/>", contentType: "text/xml; charset=UTF-8", timeoutMs, signal });
}

const { signal } = new AbortController();
const json = { body: "{}", contentType: "application/json", headers: {}, timeoutMs: 5_000, signal } as const;

function servingTcp(connected: (socket: Socket) => void): Promise<number> {
  const server = createPlainServer((socket) => {
    socket.on("error", () => {}); // A client resets what it breaks off.
    connected(socket);
  });
  onTestFinished(() => void server.close());
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

function serving({ status = 200, headers = {}, body = "" }: Answer, tls?: ServerOptions): Promise<string> {
  const answer: RequestListener = (request, response) => {
    reached.set(request.url ?? "", request.headers["accept-encoding"]?.toString());
    request.resume();
    const length = "transfer-encoding" in headers ? {} : { "content-length": Buffer.byteLength(body) };
    response.writeHead(status, { ...length, ...headers }).end(body);
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  const scheme = tls ? "https" : "http";
  servers.push(server);
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
}
