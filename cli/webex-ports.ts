import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { timers } from "../bridge-agent/node-ports.ts";
import { endWithReader, ownTerminal } from "./terminal.ts";
import type { WebexPorts } from "./webex.ts";

/** This process. */
export const webexPorts: WebexPorts = {
  variables: process.env,
  fetch: (address, init) => fetch(address, init),
  timers,
  now: () => Date.now(),
  terminal: ownTerminal,
  readFile: (file) => readFileSync(file, "utf8"),
  readStdin: () => text(process.stdin),
  writeSecret: (file, content) => writeFileSync(file, content, { mode: 0o600, flag: "wx" }), // A file that is there may be for others to read.
  askSecret,
  begin: endWithReader,
  print: (content) => void process.stdout.write(`${content}\n`),
  warn: (line) => console.error(line),
  fail: (line) => {
    console.error(line);
    process.exitCode = 1;
  },
};

async function askSecret(question: string): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  process.stderr.write(question);
  // What is typed goes nowhere.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: process.stdin, output: silent, terminal: true });
  line.on("SIGINT", () => {
    process.stderr.write("\n");
    process.exit(130);
  });
  const answer = await line.question("");
  line.close();
  process.stderr.write("\n");
  return answer;
}
