import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { healthServer } from "../../bridge-agent/health.ts";

const status = {
  role: "active",
  edgeUp: true,
  bridgeUp: true,
  ports: null,
  calls: 0,
  running: 0,
  unacknowledged: 0,
} as const;

test.each([
  ["/healthz?from=probe", 200],
  ["//", 404],
  ["///healthz", 404],
  ["http://[", 404],
  ["/%", 404],
])("whatever anybody on the machine asks for is answered: %s with %i", async (target, code) => {
  const server = await healthServer(() => ({ status, counters: null, logLinesDropped: 0 }), 0);
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");

  socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);

  expect(await text(socket)).toMatch(`HTTP/1.1 ${code} `);
  server.close();
});
