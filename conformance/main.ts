import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createInterface, type Interface } from "node:readline/promises";
import { styleText } from "node:util";
import { CommanderError } from "commander";
import { authorityIn } from "./authority.ts";
import { allClauses } from "./clauses/all.ts";
import { type Terminal, version } from "./doors/foundation.ts";
import { kitDigest } from "./kit-digest.ts";
import { conditionsOf, NO_KEYS, type Options, program, UsageError } from "./options.ts";
import { BrokenOff } from "./player/outcome.ts";
import { renamesOf } from "./player/renames.ts";
import { connects, nodePorts, splitAddress } from "./ports-node.ts";
import { printable } from "./printable.ts";
import { htmlReport } from "./report/html.ts";
import { jsonReport } from "./report/json.ts";
import { junitReport } from "./report/junit.ts";
import { type Conditions, isWithoutFailure, outcomeWords, type Report } from "./report/summary.ts";
import { textReport } from "./report/text.ts";
import { type Progress, type RunOptions, run } from "./run.ts";
import { shell } from "./shell.ts";
import { telephonesOf } from "./telephones/choose.ts";
import { testedAdapter } from "./tested-adapter.ts";

/** As of a program that was ended by Ctrl-C. */
const BROKEN_OFF = 130;

async function main(): Promise<number> {
  const command = program();
  try {
    command.parse();
    const options = command.opts<Options>();
    if (options.list) {
      for (const { id, standing, title } of allClauses) console.log(`${id.padEnd(32)}${standing.padEnd(13)}${title}`);
      return 0;
    }
    return await play(options, conditionsOf(command));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

const stop = new AbortController();
/** Only where a person is asked: it keeps the input open. */
let lines: Interface | undefined;

/** Once, the conferences and calls are cleared away and the report is written; the second time the program just ends. */
function breakOff(): void {
  if (stop.signal.aborted) return;
  console.error("\nbreaking off: hanging up and closing what is open, then the report (once more: ends at once)");
  stop.abort();
}

async function ask(question: string): Promise<string> {
  if (stop.signal.aborted) throw new BrokenOff();
  if (!lines) {
    lines = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-C and Ctrl-D, as the terminal hands them on.
    lines.once("close", breakOff);
  }
  return lines.question(`${question}\n> `, { signal: stop.signal });
}

async function play(options: Options, conditions: Conditions): Promise<number> {
  const { adapter, listen } = options;
  const https = options.https === undefined ? undefined : authorityOf(options.https, options);
  if (!adapter && https?.isNew) {
    console.error(`${options.https} is made: have the adapter trust the authority in it, then run the kit with it`);
    return 0;
  }
  if (!adapter) throw new UsageError("no adapter: give its address with --adapter URL");
  if (listen.length === 0) throw new UsageError("no address for the TSP servers: give one with --listen HOST:PORT");
  if (listen.length > 2 && !https)
    throw new UsageError("the third --listen is for the TSP server by HTTPS; add --https");
  const nowhere = (https ? [0, 1, 2] : [0, 1])
    .map((n) => listen[n] ?? listen[0] ?? "")
    .find((at, n) => isEverywhere(at) && !options.announce[n]);
  if (nowhere !== undefined)
    throw new UsageError(
      `${nowhere} is all addresses of this machine, and no name for the adapter to post to; add --announce HOST:PORT for each TSP server`,
    );
  const clauses = allClauses.filter(
    ({ id, kind }) => !options.only || kind === "judged" || options.only.some((beginning) => id.startsWith(beginning)),
  );
  const unknown = options.only?.find((beginning) => !allClauses.some(({ id }) => id.startsWith(beginning)));
  if (unknown !== undefined)
    throw new UsageError(`no clause has an id that begins with ${unknown}: --list shows them, --only chooses`);
  const files = filesOf(options);
  const twice = files.find(([file], n) => files.findIndex(([other]) => resolve(other) === resolve(file)) < n);
  if (twice) throw new UsageError(`${twice[0]} is to have two reports; choose another file with ${twice[1]}`);
  for (const [file, option] of filesOf(options)) mustBeWritable(file, option);
  await mustAnswer(adapter);
  const telephones = await telephonesOf(nodePorts, options, ask);
  const runOptions: RunOptions = {
    adapterUrl: adapter,
    listen,
    announce: options.announce,
    renames: renamesOf(options.rename),
    patienceMs: options.patience * 1000,
    quietMs: options.quiet,
    atOnce: options.byHand ? 1 : options.atOnce,
    muteKeys: options.muteKeys === NO_KEYS ? undefined : options.muteKeys,
    mergeKeys: options.mergeKeys === NO_KEYS ? undefined : options.mergeKeys,
    dialKeys: options.dialKeys,
    hostKeys: options.hostKeys,
    refused: options.refused,
    https: https?.server,
    globalNumbers: options.globalNumbers,
    load: options.load === undefined ? undefined : { perMinute: options.load, minutes: options.minutes },
    stop: stop.signal,
  };
  try {
    if (options.shell) return await shell(nodePorts, runOptions);
    process.once("SIGINT", breakOff).once("SIGTERM", breakOff);
    const startedAt = Date.now();
    const about = await testedAdapter(nodePorts, adapter, options.about);
    const progress = options.byHand
      ? progressForPerson(clauses.filter(({ kind }) => kind === "played").length)
      : progressLine(clauses.length);
    const notes: string[] = [];
    let isGone = false;
    const note: Progress["note"] = (text, about) => {
      notes.push(printable(text));
      isGone ||= about === "adapter";
      // Each clause will wait in vain, and the person need not.
      if (about === "addresses") console.error(printable(text));
    };
    const results = await run(nodePorts, telephones, clauses, runOptions, { ...progress, note });
    const tookMs = Date.now() - startedAt;
    const later = await testedAdapter(nodePorts, adapter, options.about);
    if (JSON.stringify(later) !== JSON.stringify(about))
      note(`the adapter was another one when the run ended: ${JSON.stringify(later)}`, "adapter");
    const tested = { ...about, kit: `bridgehead-conformance ${version}, digest ${kitDigest()}` };
    const made = { adapter, tested, conditions, startedAt, tookMs, results, notes };
    const code = report(made, options) || Number(isGone);
    return stop.signal.aborted ? BROKEN_OFF : code;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["EADDRINUSE", "EADDRNOTAVAIL", "EACCES", "ENOTFOUND"].includes(code)) throw error;
    throw new UsageError(`cannot listen on ${listen.join(" and ")} (${code}); choose another address with --listen`);
  } finally {
    lines?.off("close", breakOff).close();
    await telephones.stop();
  }
}

/** The authority in a file, for the name by which the adapter reaches the TSP server by HTTPS. */
function authorityOf(file: string, { listen, announce }: Options): ReturnType<typeof authorityIn> {
  const at = announce[2] ?? listen[2] ?? announce[0] ?? listen[0];
  if (at === undefined)
    throw new UsageError("no address for the TSP server by HTTPS: give one with --listen HOST:PORT");
  try {
    return authorityIn(file, splitAddress(at).hostname, Date.now());
  } catch (error) {
    throw new UsageError(`--https: ${(error as Error).message}`);
  }
}

/** Whether it stands for all addresses of a machine. */
function isEverywhere(address: string): boolean {
  return /^(?:0\.0\.0\.0|\[::\]):/.test(address);
}

function progressLine(count: number): Progress {
  const done = new Set<string>();
  return {
    done: ({ id }) => {
      done.add(id);
      if (process.stderr.isTTY) process.stderr.write(`\r${done.size} of ${count} clauses\x1b[K\r`);
    },
  };
}

/** What is played, before the person is told what to do. */
function progressForPerson(count: number): Progress {
  let done = 0;
  return {
    started: ({ id, standing, title }) => console.error(`\n${done + 1} of ${count}  ${id} (${standing}): ${title}`),
    done: ({ id, kind, outcome, why }) => {
      done += 1;
      if (kind === "played") console.error(`${id}: ${outcomeWords[outcome]}${why === "" ? "" : `: ${why}`}`);
    },
  };
}

type Write = (made: Report) => string;

function filesOf({ json, junit, html }: Options): (readonly [file: string, option: string, Write])[] {
  const all: readonly (readonly [string | undefined, string, Write])[] = [
    [json, "--json", jsonReport],
    [junit, "--junit", junitReport],
    [html, "--html", htmlReport],
  ];
  return all.flatMap(([file, option, write]) => (file === undefined ? [] : [[file, option, write] as const]));
}

function cannotWrite(file: string, option: string, error: unknown): string {
  return `cannot write ${file} (${(error as Error).message}); choose another file with ${option}`;
}

/** Before the run: it may be long. */
function mustBeWritable(file: string, option: string): void {
  try {
    if (existsSync(file) && statSync(file).isDirectory()) throw new Error("it is a folder");
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new UsageError(cannotWrite(file, option, error));
  }
}

function report(made: Report, options: Options): number {
  process.stdout.write(textReport(made, terminal()));
  const failures: string[] = [];
  for (const [file, option, write] of filesOf(options)) {
    try {
      writeFileSync(file, write(made));
    } catch (error) {
      failures.push(cannotWrite(file, option, error));
    }
  }
  if (failures.length > 0) throw new UsageError(failures.join("\n"));
  return isWithoutFailure(made.results) ? 0 : 1;
}

function terminal(): Terminal {
  const style: Terminal["style"] = (format, text) => (process.stdout.isTTY ? styleText(format, text) : text);
  return { width: Number.POSITIVE_INFINITY, style };
}

/** Only that somebody is there: an adapter need not know more than POST. */
async function mustAnswer(url: string): Promise<void> {
  try {
    await connects(url);
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`the adapter does not answer at ${url} (${message}); give its address with --adapter`);
  }
}

let lost: Error | undefined;
process.stdout.on("error", (error) => {
  lost ??= error;
});
const code = await main();
// Telephones over SIP, and connections that stay open, must not keep the process; what was printed must be out before.
process.stdout.write("", (error) => {
  const failure = lost ?? error;
  // Who reads the first lines only, as `head` does, has closed the pipe.
  if (failure && (failure as NodeJS.ErrnoException).code !== "EPIPE") {
    console.error(`cannot write the report to the standard output (${failure.message})`);
    process.exit(code || 2);
  }
  process.exit(code);
});
