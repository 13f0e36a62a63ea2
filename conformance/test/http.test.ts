import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { listen, send } from "../http.ts";

async function withServer(handle: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(handle);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("rejects an answer over 1 MiB or over its time-out", async () => {
  const answers = (bytes: number): RequestListener => {
    return (_, response) => {
      const writing = setInterval(() => response.write("x".repeat(bytes)), 10);
      response.on("close", () => clearInterval(writing));
    };
  };
  const post = (url: string, timeoutMs: number) => send({ method: "POST", url, body: "x", timeoutMs });

  await withServer(answers(1_000_000), (url) => expect(post(url, 20_000)).rejects.toThrow("more than 1048576 bytes"));
  await withServer(answers(1), (url) => expect(post(url, 500)).rejects.toThrow("no complete answer within 500 ms"));
});

const document = '<?xml version="1.0" encoding="NAME"?><a b="Müller"/>';
const wide = (name: string) => Buffer.from(document.replace("NAME", name), "utf16le");

test.each([
  ["UTF-8", Buffer.from(document.replace("NAME", "UTF-8"))],
  ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${document.replace("NAME", "UTF-8")}`)],
  ["UTF-16 with a byte order mark", Buffer.concat([Buffer.from([0xff, 0xfe]), wide("UTF-16")])],
  ["UTF-16, big-endian", Buffer.concat([Buffer.from([0xfe, 0xff]), wide("UTF-16").swap16()])],
  ["UTF-16 without a byte order mark", wide("UTF-16")],
  ["ISO-8859-1", Buffer.from(document.replace("NAME", "ISO-8859-1"), "latin1")],
  ["an unknown encoding", Buffer.from(document.replace("NAME", "none"))],
])("reads a document in %s", async (_, body) => {
  const bodies: string[] = [];
  const { address, close } = await listen("127.0.0.1:0", async (request) => {
    bodies.push(request.body);
    return { status: 200, body: "" };
  });

  await fetch(`http://${address}/`, { method: "POST", body: new Uint8Array(body) });
  await close();

  expect(bodies[0]).toMatch(/^<\?xml .*<a b="Müller"\/>$/);
});
