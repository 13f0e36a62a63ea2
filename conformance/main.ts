import { writeFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline/promises";
import { styleText } from "node:util";
import { CommanderError } from "commander";
import type { Terminal } from "../src/foundation/table.ts";
import { allClauses } from "./clauses/all.ts";
import { load } from "./load.ts";
import { type Options, program, UsageError } from "./options.ts";
import { renamesOf } from "./player/renames.ts";
import { nodePorts } from "./ports-node.ts";
import { htmlReport } from "./report/html.ts";
import { jsonReport } from "./report/json.ts";
import { junitReport } from "./report/junit.ts";
import { conforms, type Report } from "./report/summary.ts";
import { textReport } from "./report/text.ts";
import { type RunOptions, run } from "./run.ts";
import { shell } from "./shell.ts";
import { telephonesOf } from "./telephones/choose.ts";

async function main(): Promise<number> {
  const command = program();
  try {
    command.parse();
    const options = command.opts<Options>();
    if (options.list) {
      for (const { id, standing, title } of allClauses) console.log(`${id.padEnd(32)}${standing.padEnd(13)}${title}`);
      return 0;
    }
    return await play(options);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

/** Only where a person is asked: it keeps the input open. */
let lines: Interface | undefined;

function ask(question: string): Promise<string> {
  lines ??= createInterface({ input: process.stdin, output: process.stderr });
  return lines.question(`${question}\n> `);
}

async function play(options: Options): Promise<number> {
  const { adapter, listen } = options;
  if (!adapter) throw new UsageError("no adapter: give its address with --adapter URL");
  if (listen.length === 0) throw new UsageError("no address for the TSP servers: give one with --listen HOST:PORT");
  const clauses = allClauses.filter(
    ({ id, kind }) => !options.only || kind === "judged" || options.only.some((beginning) => id.startsWith(beginning)),
  );
  if (!clauses.some(({ kind }) => kind !== "judged"))
    throw new UsageError("no clause has such an id: --list shows them, --only chooses");
  await mustAnswer(adapter, "the adapter", "--adapter");
  const telephones = await telephonesOf(nodePorts, options, ask);
  const runOptions: RunOptions = {
    adapterUrl: adapter,
    listen,
    announce: options.announce,
    renames: renamesOf(options.rename),
    patienceMs: options.patience * 1000,
    quietMs: options.quiet,
    atOnce: options.byHand ? 1 : options.atOnce,
    muteKeys: options.muteKeys,
    mergeKeys: options.mergeKeys,
  };
  try {
    if (options.shell) return await shell(nodePorts, runOptions);
    if (options.load !== undefined) return await load(nodePorts, telephones, runOptions, options.load, options.minutes);
    const startedAt = Date.now();
    let done = 0;
    const results = await run(nodePorts, telephones, clauses, runOptions, () => {
      done += 1;
      if (process.stderr.isTTY && !options.byHand)
        process.stderr.write(`\r${done} of ${clauses.length} clauses\x1b[K\r`);
    });
    return report({ adapter, startedAt, tookMs: Date.now() - startedAt, results }, options);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["EADDRINUSE", "EADDRNOTAVAIL", "EACCES", "ENOTFOUND"].includes(code)) throw error;
    throw new UsageError(`cannot listen on ${listen.join(" and ")} (${code}); choose another address with --listen`);
  } finally {
    lines?.close();
    await telephones.stop();
  }
}

function report(made: Report, { json, junit, html }: Options): number {
  process.stdout.write(textReport(made, terminal()));
  const files: readonly (readonly [string | undefined, string, (made: Report) => string])[] = [
    [json, "--json", jsonReport],
    [junit, "--junit", junitReport],
    [html, "--html", htmlReport],
  ];
  for (const [file, option, write] of files) {
    if (file === undefined) continue;
    try {
      writeFileSync(file, write(made));
    } catch (error) {
      throw new UsageError(`cannot write ${file} (${(error as Error).message}); choose another file with ${option}`);
    }
  }
  return conforms(made.results) ? 0 : 1;
}

function terminal(): Terminal {
  const style: Terminal["style"] = (format, text) => (process.stdout.isTTY ? styleText(format, text) : text);
  return { width: Number.POSITIVE_INFINITY, style };
}

async function mustAnswer(url: string, what: string, option: string): Promise<void> {
  try {
    await nodePorts.send({ method: "GET", url, body: "", timeoutMs: 5_000 });
  } catch (error) {
    throw new UsageError(
      `${what} does not answer at ${url} (${(error as Error).message}); give its address with ${option}`,
    );
  }
}

const code = await main();
// Telephones over SIP, and connections that stay open, must not keep the process; what was printed must be out before.
process.stdout.write("", () => process.exit(code));
