import { setMaxListeners } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline/promises";
import { styleText } from "node:util";
import { CommanderError } from "commander";
import { allClauses } from "./clauses/all.ts";
import { version } from "./doors/foundation.ts";
import { type ServerKeys, send } from "./http.ts";
import { type Options, program, UsageError } from "./options.ts";
import { BrokenOff } from "./player/outcome.ts";
import { isWithoutFailure, jsonReport, textReport } from "./report.ts";
import { type Progress, printable, run } from "./run.ts";
import { TelephonesByHand } from "./telephones/by-hand.ts";
import { ControlledTelephones } from "./telephones/control.ts";
import type { Telephones } from "./telephones/telephones.ts";

/** Exit code after Ctrl-C. */
const BROKEN_OFF = 130;

async function main(): Promise<number> {
  const command = program();
  try {
    command.parse();
    const options = command.opts<Options>();
    if (!options.list) return await play(options);
    for (const { id, standing, title } of allClauses) console.log(`${id.padEnd(32)}${standing.padEnd(13)}${title}`);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

const stop = new AbortController();
// Each pause of each clause adds a listener.
setMaxListeners(0, stop.signal);
/** Opened at the first question, because it keeps the input open. */
let lines: Interface | undefined;

/** Ends calls and conferences, then writes the report. A second signal ends the program at once. */
function breakOff(): void {
  if (stop.signal.aborted) return;
  console.error("\nStopping: hanging up, closing conferences, writing the report. Press Ctrl-C again to end at once.");
  stop.abort();
}

async function ask(question: string): Promise<string> {
  if (stop.signal.aborted) throw new BrokenOff();
  lines ??= createInterface({ input: process.stdin, output: process.stderr }).once("close", breakOff);
  return lines.question(`${question}\n> `, { signal: stop.signal });
}

async function play(options: Options): Promise<number> {
  const { adapter, listen, json, load, minutes } = options;
  const only = options.only?.split(",").map((beginning) => beginning.trim());
  if (!adapter) throw new UsageError("No adapter. Give its address with --adapter URL.");
  checkAddresses(options);
  const clauses = allClauses.filter(
    ({ id, kind }) => !only || kind === "judged" || only.some((beginning) => id.startsWith(beginning)),
  );
  const unknown = only?.find((beginning) => !beginning || !allClauses.some(({ id }) => id.startsWith(beginning)));
  if (unknown !== undefined)
    throw new UsageError(`No clause has an id that begins with "${unknown}". --list shows all ids.`);
  if (json !== undefined) mustBeWritable(json);
  const https = options.https === undefined ? undefined : keysIn(options.https);
  await send({ method: "GET", url: adapter, body: "", timeoutMs: 5_000 }).catch(
    ({ code, message }: NodeJS.ErrnoException) => {
      // The adapter is there, but resets a GET.
      if (code === "ECONNRESET") return;
      throw new UsageError(`The adapter does not answer at ${adapter} (${message}). Give its address with --adapter.`);
    },
  );
  const telephones = await telephonesOf(options);
  process.once("SIGINT", breakOff).once("SIGTERM", breakOff);
  const startedAt = Date.now();
  const facts = await factsOf(adapter, options.about);
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(printable(text));
    console.error(printable(text));
  };
  const runOptions = {
    ...options,
    adapterUrl: adapter,
    https,
    patienceMs: options.patience * 1000,
    quietMs: options.quiet,
    atOnce: options.byHand ? 1 : options.atOnce,
    load: load === undefined ? undefined : { perMinute: load, minutes },
    stop: stop.signal,
  };
  const results = await run(telephones, clauses, runOptions, { ...progressOf(options, clauses.length), note }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.syscall !== "listen" && error.syscall !== "getaddrinfo") throw error;
      throw new UsageError(`Cannot listen on ${listen.join(" and ")} (${error.code}). Choose another --listen.`);
    },
  );
  lines?.off("close", breakOff).close();
  const conditions = { options: process.argv.slice(2).join(" ") };
  const tested = { ...facts, kit: `bridgehead-conformance ${version}` };
  const report = { adapter, tested, conditions, startedAt, tookMs: Date.now() - startedAt, results, notes };
  const style = process.stdout.isTTY ? styleText : (_: unknown, text: string) => text;
  process.stdout.write(textReport(report, { width: Number.POSITIVE_INFINITY, style }));
  if (json !== undefined) writeFileSync(json, jsonReport(report));
  if (stop.signal.aborted) return BROKEN_OFF;
  return isWithoutFailure(results) ? 0 : 1;
}

function checkAddresses({ listen, announce, https }: Options): void {
  if (listen.length === 0) throw new UsageError("No address for the TSP servers. Give one with --listen HOST:PORT.");
  if (Math.max(listen.length, announce.length) > (https ? 3 : 2))
    throw new UsageError("Too many --listen or --announce. There are two TSP servers, and a third one with --https.");
  const nowhere = (https ? [0, 1, 2] : [0, 1])
    .map((n) => listen[n] ?? listen[0] ?? "")
    .find((at, n) => /^(?:0\.0\.0\.0|\[::\]):/.test(at) && !announce[n]);
  if (nowhere !== undefined)
    throw new UsageError(`The adapter cannot post to ${nowhere}. Add --announce HOST:PORT for each TSP server.`);
}

function keysIn(file: string): ServerKeys {
  try {
    return { certificate: readFileSync(file, "utf8"), key: readFileSync(`${file}.key`, "utf8") };
  } catch (error) {
    throw new UsageError(
      `--https needs a certificate in ${file} and its key in ${file}.key (${(error as Error).message}).`,
    );
  }
}

async function telephonesOf({ bridge, byHand, numbers, callee, patience }: Options): Promise<Telephones | null> {
  if (bridge !== undefined && byHand) throw new UsageError("Choose one of --bridge and --by-hand.");
  if (bridge === undefined) return byHand ? new TelephonesByHand(ask, callee, patience * 1000) : null;
  const telephones = new ControlledTelephones(bridge, numbers);
  await telephones.state().catch(({ message }: Error) => {
    throw new UsageError(`No bridge control interface at ${bridge} (${message}). Give its address with --bridge.`);
  });
  return telephones;
}

/** Returns facts about the adapter from `--about`, and version and settings from Bridgehead's `/healthz`. */
async function factsOf(adapter: string, about: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const unknown = { version: "unknown (--about version=…)", settings: "unknown", bridge: "unknown (--about bridge=…)" };
  const given = about.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]);
  const url = `${new URL(adapter).origin}/healthz`;
  const health: unknown = await send({ method: "GET", url, body: "", timeoutMs: 5_000 })
    .then(({ body }) => JSON.parse(body))
    .catch(() => null);
  const told = Object.entries(Object(health)).filter(
    ([name, value]) => ["version", "settings"].includes(name) && typeof value === "string",
  );
  const facts: Record<string, string> = { ...unknown, ...Object.fromEntries(told), ...Object.fromEntries(given) };
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, printable(value.slice(0, 200))]));
}

function progressOf({ byHand }: Options, count: number): Omit<Progress, "note"> {
  let done = 0;
  const say = (text: string) => byHand && console.error(text);
  return {
    started: ({ id, standing, title }) => say(`\n${done + 1} of ${count}  ${id} (${standing}): ${title}`),
    done: ({ id, kind, outcome, why }) => {
      done += 1;
      if (kind === "played") say(`${id}: ${outcome}${why === "" ? "" : `: ${why}`}`);
      if (!byHand && process.stderr.isTTY) process.stderr.write(`\r${done} of ${count} clauses\x1b[K\r`);
    },
  };
}

/** Checks before the run, which can be long. */
function mustBeWritable(file: string): void {
  try {
    appendFileSync(file, "");
  } catch (error) {
    throw new UsageError(`Cannot write ${file} (${(error as Error).message}). Choose another file with --json.`);
  }
}

// A reader such as `head` can close the pipe early.
process.stdout.on("error", () => {});
const code = await main();
// Exits even if connections are open.
process.stdout.write("", () => process.exit(code));
