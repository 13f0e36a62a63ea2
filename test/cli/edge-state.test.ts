import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { holdEdgeState } from "../../cli/edge/edge-state.ts";
import { requireSetClock } from "../../cli/edge/serve.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-edge-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("names what stands in the way of a state", () => {
  const folder = newFolder();
  mkdirSync(join(folder, "lock"));
  expect(() => holdEdgeState(folder, "state")).toThrow(`${folder} (lock: a folder of this name is in the way)`);
});

test("refuses a clock that was surely never set", () => {
  expect(() => requireSetClock(0)).toThrow("this machine's clock shows 1970-01-01T00:00:00.000Z: set it right first");
  expect(() => requireSetClock(Date.UTC(2020, 0, 1))).not.toThrow();
});
