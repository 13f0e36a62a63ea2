import type { NetworkInterfaceInfo } from "node:os";
import { expect, test } from "vitest";
import { isAnotherMachine } from "../../../durable-objects/node/node-clock.ts";

const interfaces = { eth0: [{ address: "192.0.2.1" }, { address: "2001:db8::1" }] as NetworkInterfaceInfo[] };

test.each([
  ["192.0.2.2", true],
  ["2001:db8::2", true],
  ["192.0.2.1", false],
  ["::ffff:192.0.2.1", false],
  ["2001:db8::1", false],
  ["127.0.0.1", false],
  ["::1", false],
  ["::ffff:127.0.0.1", false],
  ["127.0.0.1, for others", false],
  ["", false],
])("whether %s is another machine's address: %s", (address, is) => {
  expect(isAnotherMachine(address, interfaces)).toBe(is);
});
