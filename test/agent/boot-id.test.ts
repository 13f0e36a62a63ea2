import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { expect, test } from "vitest";
import { bootIdOf } from "../../bridge-agent/node-ports.ts";

const file = "/proc/sys/kernel/random/boot_id";

test("a machine's boot is the kernel's, and nobody knows it in a container that has begun since", () => {
  expect(bootIdOf(uptime() * 1_000)).toBe(readFileSync(file, "utf8").trim());
  expect(bootIdOf(uptime() * 1_000 - 2_000)).toBeNull();
});
