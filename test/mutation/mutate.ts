import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { exitOnSignals } from "../../scripts/at-exit.ts";
import { command, listed, wholeNumber } from "../../scripts/command.ts";
import { type Folder, folders } from "./folders.ts";
import { faultsOf, type Judged, judge } from "./mutant.ts";
import { runFolder, runPart } from "./run-folder.ts";
import { verdicts } from "./verdicts.ts";

const names = Object.keys(folders);
const program = command(
  "mutate",
  "Changes one place of the sources after the other, runs the near tests, and shows which changes none of them finds. Keeps what it found of each folder in .mutation, and goes on from there.",
)
  .argument("[folders...]", "these alone, with the folders below them")
  .option("--one-in <number>", "one in so many functions alone, drawn by the seed; nothing is kept", wholeNumber(1))
  .option("--seed <number>", "draws the functions", wholeNumber(0), 1)
  .option("--concurrency <processes>", "how many mutants are tested at once", wholeNumber(1), availableParallelism())
  .addHelpText("after", listed("folder", names))
  .parse();
const { oneIn, seed, concurrency } = program.opts<{ oneIn?: number; seed: number; concurrency: number }>();
const wanted = program.args.map((name) => name.replace(/\/$/, ""));
for (const name of wanted)
  if (!names.some((one) => isIn(one, name))) program.error(`There is no folder ${name}; --help lists them.`);
const chosen = names.filter((one) => wanted.length === 0 || wanted.some((name) => isIn(one, name)));

exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
const width = Math.max(...names.map(({ length }) => length));
const columns = ["mutants", "killed", "no effect", "survived", "score"];
const faults: string[] = [];
const say = (name: string, cells: readonly (string | number)[]) =>
  console.log([name.padEnd(width), ...cells.map((cell) => String(cell).padStart(9))].join("  "));
say("folder", columns);
for (const name of chosen) {
  const folder = folders[name] as Folder;
  if (oneIn === undefined) {
    show(name, folder, judge(await runFolder(name, folder, concurrency), verdictsOn(filesOf(folder))));
  } else {
    // Verdicts on what was not drawn are not stale.
    const judged = judge(await runPart(folder, { oneIn, seed }, concurrency), verdictsOn(filesOf(folder)));
    show(name, folder, { ...judged, stale: [] });
  }
}
for (const fault of faults) console.log(fault);
process.exit(faults.length === 0 ? 0 : 1);

function isIn(name: string, folder: string): boolean {
  return name === folder || name.startsWith(`${folder}/`);
}

function filesOf({ files }: Folder): readonly string[] {
  return files.flatMap((glob) => globSync(glob)).sort();
}

function verdictsOn(files: readonly string[]) {
  return verdicts.filter(({ file }) => files.includes(file));
}

/** One row, and below it what nobody has judged yet. */
function show(name: string, { isHeld }: Folder, judged: Judged): void {
  const { mutants, killed, withoutEffect, unjudged } = judged;
  const score = mutants === 0 ? "–" : `${((100 * killed) / mutants).toFixed(1)} %`;
  say(name, [mutants, killed, withoutEffect, mutants - killed - withoutEffect, score]);
  for (const { file, at, was, becomes } of unjudged) console.log(`  ${file}:${at}  ${was}  →  ${becomes || "nothing"}`);
  for (const { file, was, becomes } of judged.stale)
    console.log(`  stale: ${file}  ${was}  →  ${becomes || "nothing"}`);
  // Of a part nobody promises a share.
  const asked = oneIn === undefined ? faultsOf(judged) : faultsOf({ ...judged, killed: mutants, withoutEffect: 0 });
  if (isHeld) faults.push(...asked.map((fault) => `${name}: ${fault}`));
  else if (judged.stale.length > 0) faults.push(`${name}: verdicts are stale`);
}
