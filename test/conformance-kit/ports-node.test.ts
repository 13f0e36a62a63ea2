import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { connects, nodePorts } from "../../conformance/ports-node.ts";

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
