import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type CheckResult, right, warn } from "../../src/foundation/text/finding.ts";
import { codeOf, reasonOf } from "../../src/foundation/text/reason.ts";

export function journalFile(folder: string): string {
  return join(folder, "journal.sqlite");
}

/** Makes the folder of key and journal if need be. An error names the setting. */
export function makeStateFolder(folder: string): void {
  const journal = journalFile(folder);
  try {
    makeFolder(folder);
    writeFileSync(journal, "", { flag: "a", mode: 0o600 });
  } catch (error) {
    if (codeOf(error) === "EISDIR") {
      throw new Error(`state: ${journal} is a folder, and the journal is a file: move it away`);
    }
    throw cannotWrite(folder, error);
  }
}

function cannotWrite(folder: string, error: unknown): Error {
  const advice = codeOf(error) === "EACCES" ? `${otherUser}, give it to this user (chown -R), or ` : "";
  return new Error(
    `state: nothing can be written in ${folder} (${reasonOf(error)}); ${advice}name a folder such as "/var/lib/bridgehead"`,
  );
}

/** What to do about what this user may not read or write. */
export const otherUser = "run this as the user to whom the folder belongs";

/** One level after the other: Node's own `recursive` tries for ever where the system makes no folders, as in /proc. */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Keeps every other agent off this folder until the returned function is called. An error names the setting. */
export function holdStateFolder(folder: string): () => void {
  let release: (() => void) | null;
  try {
    release = lockFolder(folder);
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  if (release) return release;
  throw new Error(
    `state: ${folder} is in use by another agent: stop that one, or give this one a folder, a name and a key of its own`,
  );
}

const SQLITE_BUSY = 5;

/** Locks the folder until it is released or the process ends, whatever it dies of; `null`: another one holds it. */
export function lockFolder(folder: string): (() => void) | null {
  const lock = new DatabaseSync(join(folder, "lock"), { timeout: 0 });
  try {
    // In memory, a journal needs no room on the disk.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return () => lock.close();
  } catch (error) {
    lock.close();
    if (isBusy(error)) return null;
    throw error;
  }
}

/** Whether an agent holds this folder, as far as this user can see; writes nothing. */
export function isFolderHeld(folder: string): boolean {
  try {
    using lock = new DatabaseSync(join(folder, "lock"), { readOnly: true, timeout: 0 });
    lock.prepare("SELECT name FROM sqlite_master").all();
    return false;
  } catch (error) {
    return isBusy(error);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

/** The agent's Ed25519 key. The private half never leaves the machine; the edge's settings name the public one. */
export interface AgentKey {
  /** Raw 32 bytes, base64url: what the edge's settings call `publicKey`. */
  readonly publicKey: string;
  /** 64 bytes, base64url. */
  sign(text: string): string;
}

export function keyFile(folder: string): string {
  return join(folder, "agent-key.pem");
}

/** Reads the key of this state folder; makes it first if there is none. */
export function agentKey(folder: string): AgentKey {
  const key = readAgentKey(folder);
  if (key) return key;
  makeKey(folder, keyFile(folder));
  return agentKey(folder);
}

/** Reads the key of this state folder; `null`: there is none. Throws, with what to do, where a key is there and cannot be read. */
export function readAgentKey(folder: string): AgentKey | null {
  const file = keyFile(folder);
  try {
    return asAgentKey(createPrivateKey(readFileSync(file, "utf8")));
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    const advice =
      code === "EACCES"
        ? `${otherUser}, or as root`
        : "put it back from a backup; or move it away, start the agent, and give the edge the public key that `bridgehead-agent key` then prints";
    throw new Error(`the agent's key ${file} cannot be read (${reasonOf(error)}): ${advice}`);
  }
}

export function missingKey(folder: string): string {
  const what = existsSync(folder) ? `${keyFile(folder)} is not there` : `the state folder ${folder} is not there`;
  return (
    `${what}: if an agent was here before, stop its service, so that nothing starts it again, and put back the backup; else \`bridgehead-agent key\` makes a new key, ` +
    "and prints what the edge's settings need"
  );
}

/** A key for one use, on no disk. */
export function passingKey(): AgentKey {
  return asAgentKey(generateKeyPairSync("ed25519").privateKey);
}

function makeKey(folder: string, file: string): void {
  makeStateFolder(folder);
  const { privateKey } = generateKeyPairSync("ed25519");
  try {
    writeOnce(file, String(privateKey.export({ type: "pkcs8", format: "pem" })));
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

/** What is said of a secret file that is right otherwise; a warning where it is open to all. */
export function secretFile(file: string, says = file): CheckResult {
  const fault = openToAll(file);
  return fault === null ? right(says) : warn(fault);
}

/** Describes what is wrong with the permissions of a secret file; `null` if nothing is, or the file is missing. */
export function openToAll(file: string): string | null {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  const isClosed = (mode & 0o006) === 0 || (statSync(dirname(file)).mode & 0o001) === 0;
  if (isClosed) return null;
  if ((mode & 0o002) !== 0) return `everybody on this machine can write to ${file}: run chmod o-w ${file}`;
  return `everybody on this machine can read ${file}: give it to the right group (chgrp), then run chmod o= ${file}`;
}

/** Makes a secret file, unless there is one: a disk that is full, or a process that dies, leaves a whole file or none. */
export function writeOnce(file: string, content: string): void {
  const draft = `${file}.${randomUUID()}`;
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: "wx", flush: true });
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error; // Else another process was faster, and its content counts.
  } finally {
    rmSync(draft, { force: true });
  }
}

function asAgentKey(privateKey: KeyObject): AgentKey {
  if (privateKey.asymmetricKeyType !== "ed25519") throw new Error("it is not an Ed25519 key");
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return { publicKey: x, sign: (text) => sign(null, Buffer.from(text), privateKey).toString("base64url") };
}
