import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Spelling } from "../ports.ts";
import { nodePorts } from "../ports-node.ts";

interface Seen {
  readonly body: string;
  readonly version: string;
  readonly names: readonly string[];
  readonly isSameConnection: boolean;
}

/** What a server sees of posts that are written so, and what its answers say. */
async function posts(how: Spelling, ...bodies: readonly string[]) {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const bytesOf = async (request: IncomingMessage) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };
  const server = createServer({ requireHostHeader: false }, async (request, response) => {
    const isSameConnection = sockets.has(request.socket);
    sockets.add(request.socket);
    const bytes = await bytesOf(request);
    const plain = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
    const body = plain.toString(how.isUtf16 ? "utf16le" : "utf8");
    const names = request.rawHeaders.filter((_, n) => n % 2 === 0);
    seen.push({ body, version: request.httpVersion, names, isSameConnection });
    response.end(`${seen.length}: ${body}`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=1`;
    const answers = await nodePorts.post(url, bodies, how);
    return { seen, answers };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.each<[string, Spelling, Partial<Seen>]>([
  ["as usual", {}, { names: ["Host", "Content-Length", "Content-Type"] }],
  ["with upper-case names", { isUpperCase: true }, { names: ["HOST", "CONTENT-LENGTH", "CONTENT-TYPE"] }],
  ["without a content type", { contentType: "" }, { names: ["Host", "Content-Length"] }],
  ["in chunks", { framing: "chunked" }, { names: ["Host", "Transfer-Encoding", "Content-Type"] }],
  ["waiting for 100 Continue", { framing: "expect" }, { names: ["Host", "Content-Length", "Expect", "Content-Type"] }],
  ["by gzip", { framing: "gzip" }, { names: ["Host", "Content-Length", "Content-Encoding", "Content-Type"] }],
  ["by HTTP/1.0 without Host", { version: "1.0", isWithoutHost: true }, { version: "1.0" }],
  ["in UTF-16", { isUtf16: true }, { body: "\uFEFF<a>ü</a>" }],
])("a post %s reaches the server so, and its answer is read", async (_, how, wanted) => {
  const { seen, answers } = await posts(how, "<a>ü</a>");

  expect(seen).toEqual([
    { body: "<a>ü</a>", version: "1.1", names: expect.anything(), isSameConnection: false, ...wanted },
  ]);
  expect(answers).toEqual([{ status: 200, body: `1: ${seen[0]?.body}` }]);
});

test.each<Spelling>([{}, { isPipelined: true }])(
  "posts share a connection, answered in their order: %j",
  async (how) => {
    const { seen, answers } = await posts(how, "a", "b", "c");

    expect(seen.map(({ isSameConnection }) => isSameConnection)).toEqual([false, true, true]);
    expect(answers.map(({ body }) => body)).toEqual(["1: a", "2: b", "3: c"]);
  },
);

test("a server that closes each connection is reached by another one", async () => {
  let connections = 0;
  const server = createServer((request, response) => {
    void text(request).then((body) => response.writeHead(200, { connection: "close" }).end(body));
  }).on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const answers = await nodePorts.post(url, ["a", "b"], {});
  server.close();

  expect(answers.map(({ body }) => body)).toEqual(["a", "b"]);
  expect(connections).toBe(2);
});

test("a connection that is closed without a whole answer is none", async () => {
  const server = createSocketServer((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  await expect(nodePorts.post(url, ["a"], {})).rejects.toThrow("closed before a whole answer");
  server.close();
});

test("what a server of the kit answers in an unusual way is on the wire so", async () => {
  const bytes = Buffer.from("\uFEFF<a/>", "utf16le");
  const headers = { "CONTENT-TYPE": "text/plain" };
  const { address, close } = await nodePorts.listen("127.0.0.1:0", async () => ({
    ...{ status: 202, body: "<a/>", bytes, headers, isChunked: true },
  }));
  try {
    const response = await fetch(`http://${address}/`, { method: "POST", body: "x" });
    expect([response.status, response.headers.get("content-type")]).toEqual([202, "text/plain"]);
    expect(response.headers.get("transfer-encoding")).toBe("chunked");
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  } finally {
    await close();
  }
});
