import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bootIdOf } from "../../bridge-agent/node-ports.ts";

const file = "/proc/sys/kernel/random/boot_id";

test.runIf(existsSync(file))(
  "a machine's boot is the kernel's, and nobody knows it in a container that has begun since",
  () => {
    const monotonicMs = Number(process.hrtime.bigint() / 1_000_000n);
    expect(bootIdOf(monotonicMs)).toBe(readFileSync(file, "utf8").trim());
    expect(bootIdOf(monotonicMs - 2_000)).toBeNull();
  },
);
