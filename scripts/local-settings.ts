import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { lockFolder, makeFolder, writeOnce } from "../bridge-agent/state-folder.ts";
import { portFrom as readPort } from "../simulators/port.ts";
import { reason, StartError } from "./supervise.ts";

/** The port that an environment variable names, or else the given one. */
export function portFrom(variable: string, otherwise: number): number {
  return readPort(variable, otherwise, (problem) => {
    throw new StartError(problem);
  });
}

/** Throws if another program has the port: it would answer in our place. */
export async function requireFreePort(variable: string, port: number, host = "127.0.0.1"): Promise<void> {
  await new Promise<void>((free, taken) => {
    const server = createServer();
    server.once("error", (error) =>
      taken(new StartError(`cannot listen on ${host}:${port} (${reason(error)}); set ${variable} to another port`)),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => free()));
  });
}

/** The operator's token: the one given, or one made once and kept in a file that only its owner can read. */
export function operatorToken(folder: string): { readonly token: string; readonly from: string } {
  const sendable = /^[\x21-\x7e]+$/;
  const given = process.env.OPERATOR_TOKEN;
  if (given) {
    if (sendable.test(given)) return { token: given, from: "the variable OPERATOR_TOKEN" };
    throw new StartError(
      "OPERATOR_TOKEN holds a blank or a letter outside ASCII, which no request could send; leave it out, or use letters and digits",
    );
  }
  const file = join(folder, "operator-token");
  try {
    if (!existsSync(file)) writeOnce(file, randomBytes(24).toString("base64url"));
  } catch (error) {
    throw notWritable(folder, error);
  }
  const token = readOwn(file);
  if (sendable.test(token)) return { token, from: file };
  const fault = token === "" ? "is empty" : "holds a blank or a letter outside ASCII, which no request could send";
  throw new StartError(`${file} ${fault}; remove it, and the next start makes a new token`);
}

/** The JSON object in the variable DOMAIN_LOCAL; empty without it. */
export function localOverrides(): object {
  const text = process.env.DOMAIN_LOCAL;
  if (!text) return {};
  const example = 'a right example: {"webex":{"timeoutMs":5000}}';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new StartError(`DOMAIN_LOCAL is not JSON (${reason(error)}); ${example}`);
  }
  throw new StartError(`DOMAIN_LOCAL must be a JSON object; ${example}`);
}

/** The lock of the state folder, held as long as this process lives. */
let release: (() => void) | null = null;

/** The state folder (BRIDGEHEAD_STATE), made if need be, and from now on ours alone. */
export function stateFolder(): string {
  const folder = resolve(process.env.BRIDGEHEAD_STATE || ".bridgehead");
  try {
    makeFolder(folder);
    writeFileSync(join(folder, "lock"), "", { flag: "a" }); // The lock itself would not say why it cannot be written.
    release = lockFolder(folder);
  } catch (error) {
    throw notWritable(folder, error);
  }
  if (!release) {
    throw new StartError(
      `the state folder ${folder} is in use by another run; stop that one, or set BRIDGEHEAD_STATE to another folder`,
    );
  }
  requireFormat(folder);
  return folder;
}

/** The format of the edge's databases; it counts up where a version cannot read those of the one before. */
const STATE_FORMAT = "2";

function requireFormat(folder: string): void {
  const file = join(folder, "format");
  try {
    if (!existsSync(join(folder, "edge", "objects"))) writeFileSync(file, STATE_FORMAT);
  } catch (error) {
    throw notWritable(folder, error);
  }
  const format = existsSync(file) ? readOwn(file) : "0";
  if (format === STATE_FORMAT) return;
  throw new StartError(
    `the state folder ${folder} is of format ${format}, and this version of Bridgehead reads format ${STATE_FORMAT} alone; ` +
      "move it away, or set BRIDGEHEAD_STATE to a new folder, and end the conferences that it had at the bridge",
  );
}

function readOwn(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new StartError(`cannot read ${file} (${reason(error)}); move it away`);
  }
}

function notWritable(folder: string, error: unknown): StartError {
  return new StartError(
    `cannot write to the state folder ${folder} (${reason(error)}); set BRIDGEHEAD_STATE to another`,
  );
}
