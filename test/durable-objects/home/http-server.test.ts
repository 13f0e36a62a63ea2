import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import type { HomeSocket } from "../../../durable-objects/home/home-socket.ts";
import { listen } from "../../../durable-objects/home/http-server.ts";
import { freePorts } from "../../../simulators/free-ports.ts";

test("when it ends, an answer under way still leaves, and one that hangs holds up nobody", async () => {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const answers = { "/slow": Promise.withResolvers<void>(), "/hangs": Promise.withResolvers<void>() };
  const asked = Promise.withResolvers<void>();
  let waiting = 2;
  const close = await listen({
    ...{ host: "127.0.0.1", port, home: { gate: () => async () => {}, acceptedBy: () => undefined } },
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

test("a request that names WebSockets without an upgrade of its connection gets no socket, and leaves none", async () => {
  const [port = 0] = await freePorts(1);
  let ended = 0;
  const socket = { ended: () => ended++ } as unknown as HomeSocket;
  const close = await listen({
    ...{ host: "127.0.0.1", port, home: { gate: () => async () => {}, acceptedBy: () => socket } },
    fetch: async () => new Response(null, { headers: { "accepted-socket": "1" } }),
  });
  const { statusCode, headers } = await new Promise<IncomingMessage>((resolve) =>
    request({ host: "127.0.0.1", port, headers: { upgrade: "websocket", connection: "close" } }, resolve).end(),
  );
  expect([statusCode, headers["accepted-socket"], ended]).toEqual([426, undefined, 1]);
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
  const close = await listen({
    ...{ host: "127.0.0.1", port, home: { gate: () => async () => {}, acceptedBy: () => undefined } },
    fetch: async ({ url }) => new Response(url),
  });
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${head}\r\nconnection: close\r\n\r\n`));
    socket.once("data", (data) => resolve(String(data)));
  });
  expect(answer.slice(9, 12)).toBe(String(status));
  await close();
});
