import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { connects, nodePorts } from "../ports-node.ts";

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

const post = (url: string, timeoutMs: number) => nodePorts.send({ method: "POST", url, body: "x", timeoutMs });

test("an answer without end is given up at 1 MiB", async () => {
  const endless: RequestListener = (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  };

  await withServer(endless, async (url) => {
    await expect(post(url, 15_000)).rejects.toThrow("more than 1048576 bytes");
  });
});

test("an answer that comes byte by byte is given up at the end of its time", async () => {
  const dripping: RequestListener = (_, response) => {
    const drip = setInterval(() => response.write("x"), 10);
    response.on("close", () => clearInterval(drip));
  };

  await withServer(dripping, async (url) => {
    await expect(post(url, 100)).rejects.toThrow("no whole answer within 100 ms");
  });
});

test("an adapter that closes on everything but POST is there; a port without a server is not", async () => {
  let address = "";
  await withServer(
    (request) => request.socket.destroy(),
    async (url) => {
      address = url;
      await connects(url);
    },
  );

  await expect(connects(address)).rejects.toThrow("ECONNREFUSED");
});

test("each post has a connection of its own, since an adapter may close one that is kept without a word", async () => {
  const sockets = new Set<unknown>();
  const kept: RequestListener = (request, response) => {
    sockets.add(request.socket);
    response.end("yes");
  };

  await withServer(kept, async (url) => {
    await post(url, 5_000);
    await post(url, 5_000);
  });

  expect(sockets.size).toBe(2);
});

test("https at a port that speaks http is said in words", async () => {
  await withServer(
    (_, response) => response.end(),
    async (url) => {
      await expect(connects(url.replace("http:", "https:"))).rejects.toThrow("what answers there does not speak https");
    },
  );
});

const document = '<?xml version="1.0" encoding="NAME"?><a b="Müller"/>';
const wide = (name: string) => Buffer.from(document.replace("NAME", name), "utf16le");

test.each([
  ["UTF-8", Buffer.from(document.replace("NAME", "UTF-8"))],
  ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${document.replace("NAME", "UTF-8")}`)],
  ["UTF-16 with a byte order mark", Buffer.concat([Buffer.from([0xff, 0xfe]), wide("UTF-16")])],
  ["UTF-16, the other byte first", Buffer.concat([Buffer.from([0xfe, 0xff]), wide("UTF-16").swap16()])],
  ["UTF-16 without a byte order mark", wide("UTF-16")],
  ["ISO-8859-1", Buffer.from(document.replace("NAME", "ISO-8859-1"), "latin1")],
  ["an encoding that nobody knows", Buffer.from(document.replace("NAME", "none"))],
])("a document in %s is read", async (_, body) => {
  const bodies: string[] = [];
  const { address, close } = await nodePorts.listen("127.0.0.1:0", async (request) => {
    bodies.push(request.body);
    return { status: 200, body: "" };
  });
  try {
    await fetch(`http://${address}/`, { method: "POST", body: new Uint8Array(body) });
  } finally {
    await close();
  }

  expect(bodies[0]).toMatch(/^<\?xml .*<a b="Müller"\/>$/);
});
