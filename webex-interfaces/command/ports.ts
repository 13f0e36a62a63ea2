import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { type Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { utf8Text } from "../doors/foundation.ts";
import { endWithReader, ownTerminal, timers } from "../doors/programs.ts";
import type { WebexPorts } from "./run.ts";

export const webexPorts: WebexPorts = {
  variables: process.env,
  fetch: (address, init) => fetch(address, init),
  timers,
  now: () => Date.now(),
  terminal: ownTerminal,
  readFile,
  readStdin: async () => utf8Text(await buffer(process.stdin)),
  askSecret: (question) => askSecret(question, process.stdin, process.stderr),
  begin: endWithReader,
  print: (content) => void process.stdout.write(`${content}\n`),
  warn: (line) => console.error(line),
  fail: (line) => {
    console.error(line);
    process.exitCode = 1;
  },
};

/** Adds the path to errors. Node omits it for a folder. */
function readFile(file: string): string {
  try {
    return utf8Text(readFileSync(file));
  } catch (error) {
    throw Object.assign(error as Error, { path: file });
  }
}

/** Returns the hidden input; empty after Ctrl-D, `null` without a terminal. Ctrl-C ends the process. */
export async function askSecret(
  question: string,
  input: Readable & { readonly isTTY?: boolean },
  screen: { write(text: string): unknown },
): Promise<string | null> {
  if (!input.isTTY) return null;
  screen.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input, output: silent, terminal: true });
  line.on("SIGINT", () => {
    screen.write("\n");
    process.exit(130);
  });
  // Ctrl-D rejects the question. The end of the terminal only closes the interface.
  const closed = new Promise<string>((resolve) => line.once("close", () => resolve("")));
  const answer = await Promise.race([line.question("").catch(() => ""), closed]);
  line.close();
  screen.write("\n");
  return answer;
}
