import { generateKeyPairSync } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  agentKey,
  holdStateFolder,
  isFolderHeld,
  journalFile,
  keyFile,
  lockFolder,
  makeFolder,
  makeStateFolder,
  passingKey,
  readAgentKey,
  writeOnce,
} from "../../bridge-agent/service/state-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-state-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a state folder is made with all that is above it, and a journal that is there stays as it is", () => {
  const state = join(folder, "a", "b", "state");
  makeStateFolder(state);
  expect([statSync(journalFile(state)).mode & 0o777, readFileSync(journalFile(state), "utf8")]).toEqual([0o600, ""]);
  writeFileSync(journalFile(state), "what the agent has noted");
  makeStateFolder(state);
  expect(readFileSync(journalFile(state), "utf8")).toBe("what the agent has noted");
  symlinkSync(state, join(folder, "link"));
  makeFolder(join(folder, "link", "below"));
  expect(statSync(join(state, "below")).isDirectory()).toBe(true);
});

test("a state folder that cannot be made is told by the setting, and so is a folder in the journal's place", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => makeStateFolder(join(folder, "file", "state"))).toThrow(
    /^state: nothing can be written in \S+file\/state \(.+\); name a folder such as "\/var\/lib\/bridgehead"$/,
  );
  expect(() => holdStateFolder(join(folder, "gone"))).toThrow(/^state: nothing can be written in \S+gone /);
  mkdirSync(journalFile(folder));
  expect(() => makeStateFolder(folder)).toThrow(/^state: \S+journal\.sqlite is a folder, and the journal is a file/);
});

test("a key is made once, for its owner alone, and is never replaced", () => {
  expect(readAgentKey(folder)).toBeNull();
  const { publicKey } = agentKey(folder);
  const file = keyFile(folder);
  const text = readFileSync(file, "utf8");
  expect([statSync(file).mode & 0o777, readAgentKey(folder)?.publicKey]).toEqual([0o600, publicKey]);
  writeOnce(file, "another one");
  expect([agentKey(folder).publicKey, readFileSync(file, "utf8")]).toEqual([publicKey, text]);
  expect(readdirSync(folder).sort()).toEqual(["agent-key.pem", "journal.sqlite"]); // No draft is left.
  expect(agentKey(join(folder, "other")).publicKey).not.toBe(publicKey);
  expect(passingKey().publicKey).not.toBe(passingKey().publicKey);

  const gone = join(folder, "gone", "secret");
  expect(() => writeOnce(gone, "text")).toThrow(/ENOENT/);
  expect(existsSync(gone)).toBe(false);
});

test("where no folder can be, there is no key; one that is there and cannot be read is never made anew", () => {
  writeFileSync(join(folder, "file"), "");
  expect(readAgentKey(join(folder, "file"))).toBeNull();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const other = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  for (const text of ["no key", other.slice(0, 90), other]) {
    writeFileSync(keyFile(folder), text);
    expect(() => agentKey(folder)).toThrow(
      /^the agent's key \S+agent-key\.pem cannot be read \(.+\): put it back from/,
    );
    expect(readFileSync(keyFile(folder), "utf8")).toBe(text);
  }
  expect(() => readAgentKey(folder)).toThrow(/\(it is not an Ed25519 key\)/);
  rmSync(keyFile(folder));
  mkdirSync(keyFile(folder));
  expect(() => agentKey(folder)).toThrow(/cannot be read \(EISDIR/);
});

test("one agent holds a folder at a time, until it lets go of it", () => {
  expect([isFolderHeld(folder), readdirSync(folder)]).toEqual([false, []]); // To look makes nothing.
  const release = holdStateFolder(folder);
  expect([lockFolder(folder), isFolderHeld(folder)]).toEqual([null, true]);
  expect(() => holdStateFolder(folder)).toThrow(/^state: \S+ is in use by another agent/);
  release();
  expect(isFolderHeld(folder)).toBe(false);
  const again = lockFolder(folder);
  expect(isFolderHeld(folder)).toBe(true);
  again?.();
  writeFileSync(join(folder, "lock"), "no database, and longer than its header is".repeat(4));
  expect(() => holdStateFolder(folder)).toThrow(/^state: nothing can be written in /);
  expect(isFolderHeld(folder)).toBe(false);
});
