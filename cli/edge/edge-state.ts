import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { lockFolder, makeFolder, writeOnce } from "../../bridge-agent/service/state-folder.ts";
import { utf8Text } from "../../src/foundation/text/utf8.ts";
import { weaknessOf } from "../../src/operators/token-strength.ts";
import { systemReason } from "../system-reason.ts";
import { StartError } from "./program.ts";

/** Throws if nothing can listen there, as where another program has the port. 0: any port. `remedy`: what to set. */
export async function requireListening(host: string, port: number, remedy: string): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen({ port, host, exclusive: true }), "listening");
  } catch (error) {
    throw new StartError(`cannot listen on ${port ? `${host}:${port}` : host} (${systemReason(error)}); set ${remedy}`);
  }
  await once(server.close(), "close");
}

export const sendable: RegExp = /^[\x21-\x7e]+$/;

/** The operator's token in a file that only its owner can read; made at random if there is none. */
export function operatorTokenIn(file: string, setting: string): string {
  try {
    if (!existsSync(file)) writeOnce(file, randomBytes(24).toString("base64url"));
  } catch (error) {
    throw new StartError(
      `cannot write the operator's token to ${file} (${systemReason(error)}); set ${setting} to another place`,
    );
  }
  return readOperatorToken(file);
}

/** Throws if the token of this file is easy to guess. */
export function requireStrongToken(token: string, file: string): void {
  const weakness = weaknessOf(token);
  if (weakness === null) return;
  throw new StartError(
    `the operator's token in ${file} ${weakness}; delete the file, and the next start creates a new token`,
  );
}

/** Throws where the file cannot be read, or holds what no request could send. */
export function readOperatorToken(file: string): string {
  let token: string;
  try {
    token = utf8Text(readFileSync(file)).trim();
  } catch (error) {
    throw new StartError(`cannot read ${file} (${systemReason(error)}); move it away`);
  }
  if (sendable.test(token)) return token;
  const fault = token === "" ? "is empty" : "holds a blank or a letter outside ASCII, which no request could send";
  throw new StartError(`${file} ${fault}; remove it, and the next start makes a new token`);
}

/** The locks of state folders, held as long as this process lives. */
const locks: (() => void)[] = [];

/** Makes the state folder if need be; from now on it is ours alone. `setting` names what to change where it cannot be. */
export function holdEdgeState(folder: string, setting: string): void {
  try {
    makeFolder(folder);
    writeFileSync(join(folder, "lock"), "", { flag: "a" }); // The lock itself would not say why it cannot be written.
    const release = lockFolder(folder);
    if (!release) {
      const says = `the state folder ${folder} is in use by another run`;
      throw new StartError(`${says}; stop that one, or set ${setting} to another folder`);
    }
    locks.push(release);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { path = folder } = error as NodeJS.ErrnoException;
    const file = dirname(path) === folder ? `${basename(path)}: ` : "";
    const says = `cannot write to the state folder ${folder} (${file}${systemReason(error)})`;
    throw new StartError(`${says}; set ${setting} to another`);
  }
}

/** The state of the edge, in one file. */
export function stateFile(folder: string): string {
  return join(folder, "state.db");
}

/** Throws where nothing can be written in the folder, or the folder cannot be made; nothing is changed. `setting` names what to change. */
export function requireWritable(folder: string, setting: string): void {
  let place = folder;
  while (!existsSync(place)) place = dirname(place);
  if (!statSync(place).isDirectory())
    throw new StartError(`${place} is a file, and a folder is needed; set ${setting} to another`);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartError(
      `cannot write in ${place} (${systemReason(error)}); run this as the user to whom it belongs, or set ${setting} to another`,
    );
  }
}
