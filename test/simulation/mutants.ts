import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { atExit, exitOnSignals } from "../../scripts/at-exit.ts";
import { command, listed, partOfName, wholeNumber } from "../../scripts/command.ts";
import { everything, type Lived, type Planted, type Search } from "./planted.ts";

const names = everything.map(({ name }) => name);
const partOfDefect = partOfName("defect", names);
const {
  search,
  only,
  first,
  worlds,
  oneIn,
  seed: sampleSeed,
} = command(
  "simulate:mutants",
  "Plants each defect, or lets a port lie, in the world of its stored seed (`test/simulation/defects/seeds.json`). The defect's rule must be broken there.",
)
  .option("--only <text>", "only defects whose name contains this text", partOfDefect, "")
  .option("--search <text>", "search seeds for these defects, unless their stored seeds find them", partOfDefect)
  .option("--first <seed>", "first seed of a search", wholeNumber(1), 1)
  .option("--worlds <count>", "how many worlds to search for each", wholeNumber(1), 300)
  .option("--one-in <number>", "sample one defect in this many", wholeNumber(1), 1)
  .option("--seed <number>", "which of them", wholeNumber(0), 1)
  .addHelpText("after", listed("defect", names))
  .parse()
  .opts<{ search?: string; only: string; first: number; worlds: number; oneIn: number; seed: number }>();
/** Longest time for one world, also on a busy machine. A defect can make a world endless. */
const stuckMs = 180_000;

const file = fileURLToPath(import.meta.resolve("./defects/seeds.json"));
const seeds: Record<string, number> = JSON.parse(readFileSync(file, "utf8"));

exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
const named = everything.filter(({ name }) => name.includes(search ?? only));
const sample = named.filter((_, index) => (index + sampleSeed) % oneIn === 0);
/** A sample leaves to the night what has no seed, and searches where a change of draws has made a seed stale. */
const isSample = oneIn > 1;
const chosen = isSample ? sample.filter(({ name }) => name in seeds) : sample;
const notFound: string[] = [];
const waiting = [...chosen];
await Promise.all(Array.from({ length: availableParallelism() }, checkFromQueue));
for (const line of notFound) console.log(line);
console.log(`${chosen.length - notFound.length} of ${chosen.length} defects found by their rules`);
process.exitCode = chosen.length > 0 && notFound.length === 0 ? 0 : 1;

async function checkFromQueue(): Promise<void> {
  for (let defect = waiting.shift(); defect; defect = waiting.shift()) {
    const seed = seeds[defect.name];
    const known =
      seed === undefined ? "no stored seed; run with --search" : await live(defect, { first: seed, worlds: 1 });
    if (typeof known === "number") continue;
    const found = search === undefined && !isSample ? known : await live(defect, { first, worlds });
    if (typeof found === "string") notFound.push(`${defect.name}: ${found}`);
    else if (isSample) console.log(`${defect.name}: stored seed ${seed} is stale, world ${found} finds it`);
    else if (typeof (await live(defect, { first: found, worlds: 1, isControl: true })) === "string")
      keep(defect.name, found);
    else notFound.push(`${defect.name}: world ${found} breaks its rule without the defect`);
  }
}

/** Runs worlds with the defect in a process. Returns the first seed that breaks its rule, or what broke instead. */
function live(defect: Planted, more: Omit<Search, "name">): Promise<number | string> {
  const search: Search = { name: defect.name, ...more };
  return new Promise((resolve) => {
    const script = fileURLToPath(import.meta.resolve("./planted.ts"));
    const child = spawn(process.execPath, [script, JSON.stringify(search)], { stdio: ["ignore", "pipe", "inherit"] });
    const cancelKill = atExit(() => child.kill("SIGKILL"));
    let output = "";
    let isStuck = false;
    const watch = setTimeout(() => {
      isStuck = true;
      child.kill("SIGKILL");
    }, stuckMs);
    child.stdout.on("data", (data) => {
      output += data;
      watch.refresh();
    });
    child.on("close", (code, signal) => {
      cancelKill();
      clearTimeout(watch);
      if (code !== 0 && !isStuck) return resolve(`its worlds could not be run (${signal ?? code}); the error is above`);
      const lived = output.split("\n").flatMap((line) => (line ? [JSON.parse(line) as Lived] : []));
      const found = lived.find(({ rules }) => rules.includes(defect.foundBy));
      if (found) return resolve(found.seed);
      if (isStuck && defect.foundBy === "a world comes to its end") return resolve(more.first + lived.length);
      if (isStuck) return resolve(`world ${more.first + lived.length} did not end within ${stuckMs / 1_000} s`);
      const broken = lived.filter(({ rules }) => rules.length > 0).slice(0, 3);
      const instead = broken.map(({ seed, rules }) => `world ${seed} breaks ${rules.join(", ")}`);
      resolve(instead.join("; ") || `nothing is broken in ${lived.length} worlds from ${more.first} on`);
    });
  });
}

/** Stores the seed, sorted in the order of the defects. */
function keep(name: string, seed: number): void {
  seeds[name] = seed;
  const inOrder = names.flatMap((each) => (each in seeds ? [[each, seeds[each]]] : []));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`);
  console.log(`${name}: world ${seed}`);
}
