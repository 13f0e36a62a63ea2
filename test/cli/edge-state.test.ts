import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  holdEdgeState,
  requireLatest,
  requireNoState,
  requireSetClock,
  stateFile,
  whileCopying,
} from "../../cli/edge/edge-state.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-edge-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const cutShort = "a state was being copied into";

test("what stands in the way of a state is named", () => {
  const folder = newFolder();
  mkdirSync(join(folder, "lock"));
  expect(() => holdEdgeState(folder, "state")).toThrow(`${folder} (lock: a folder of this name is in the way)`);
});

test("while a state is copied into a folder no edge begins there, nor where that was cut short by a kill", async () => {
  const folder = newFolder();
  await whileCopying(folder, async () => {
    expect(() => requireLatest(folder)).toThrow(cutShort);
    writeFileSync(stateFile(folder), "whole");
    expect(() => requireLatest(folder)).toThrow("all of a state was copied into");
  });
  requireLatest(folder);
  expect(() => requireNoState(folder)).toThrow("has a state already: move ");
});

test("a copy is made again over what one left that was killed; one that fails then leaves the folder refused", async () => {
  const folder = newFolder();
  mkdirSync(dirname(stateFile(folder)));
  for (const left of ["copying", "state.db", "state.db.draft", "state.db.draft-wal"])
    writeFileSync(join(folder, "edge", left), "");
  requireNoState(folder);
  expect(() => requireLatest(folder)).toThrow("all of a state was copied into");
  const failing = whileCopying(folder, async () => {
    for (const left of ["state.db", "state.db.draft", "state.db.draft-wal"])
      expect(existsSync(join(folder, "edge", left))).toBe(false);
    throw new Error("the disk is full");
  });
  await expect(failing).rejects.toThrow("the disk is full");
  expect(() => requireLatest(folder)).toThrow(cutShort);
  await whileCopying(folder, async () => writeFileSync(stateFile(folder), "whole"));
  requireLatest(folder);
});

test("a first copy that fails leaves the folder as it was, unless all of it is there", async () => {
  const folder = newFolder();
  const fail = async () => {
    throw new Error("there is no such backup");
  };
  await expect(whileCopying(folder, fail)).rejects.toThrow("there is no such backup");
  requireLatest(folder);
  requireNoState(folder);
  const late = async () => {
    writeFileSync(stateFile(folder), "whole");
    return fail();
  };
  await expect(whileCopying(folder, late)).rejects.toThrow();
  expect(() => requireLatest(folder)).toThrow("all of a state was copied into");
});

test("no state goes back to a clock that was surely never set", () => {
  expect(() => requireSetClock(0)).toThrow("this machine's clock shows 1970-01-01T00:00:00.000Z: set it right first");
  expect(() => requireSetClock(Date.UTC(2026, 0, 1))).not.toThrow();
});
