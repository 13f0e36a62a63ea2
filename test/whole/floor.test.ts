import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startFloor } from "../../bench/floor/start.ts";

test("the floor, which benchmarks compare with, has its agent and confirms", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-floor-"));
  const floor = await startFloor(folder);
  try {
    const answer = await fetch(`${floor.url}/confirm/987654321?transId=7`, { method: "POST", body: "<A/>" });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("7")]);
  } finally {
    await floor.stop();
    rmSync(folder, { recursive: true });
  }
});
