import { expect, test } from "vitest";
import { isFit, isLeft } from "../../scripts/memory-folder.ts";

const mounts = (options: string, kind = "tmpfs") =>
  `/dev/vda / ext4 rw 0 0\nshm /dev/shm ${kind} ${options} 0 0\ntmpfs /dev/shm2 tmpfs rw 0 0\n`;
const much = 8 * 1024 ** 3;

test("temporary files are in memory where programs may run and there is room, and nowhere else", () => {
  expect(isFit(mounts("rw,nosuid,nodev"), much)).toBe(true);
  expect(isFit(mounts("rw,nosuid,nodev,noexec"), much)).toBe(false);
  expect(isFit(mounts("ro,nosuid"), much)).toBe(false);
  expect(isFit(mounts("rw"), 64 * 1024 ** 2)).toBe(false);
  expect(isFit(mounts("rw", "ext4"), much)).toBe(false);
  expect(isFit("", much)).toBe(false);
  // What was mounted over it counts.
  expect(isFit(mounts("rw") + mounts("rw,noexec"), much)).toBe(false);
});

test("what a run left that was killed is removed, and nothing else", () => {
  const isRunning = (pid: number) => pid === 17;
  const names = ["bridgehead-test-17-abc", "bridgehead-test-170-abc", "bridgehead-test-abc", "PostgreSQL.170"];
  expect(names.filter((name) => isLeft(name, isRunning))).toEqual(["bridgehead-test-170-abc"]);
});
