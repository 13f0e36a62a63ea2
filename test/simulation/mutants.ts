import { spawn } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { atExit, exitOnSignals, temporaryFolder } from "../../scripts/at-exit.ts";
import { command, listed, partOfName, wholeNumber } from "../../scripts/command.ts";
import { type Defect, defects, plant } from "./defects.ts";
import type { Found } from "./first-failure.ts";
import type { Rule } from "./rules.ts";

const names = defects.map(({ name }) => name);
const partOfDefect = partOfName("defect", names);
/**
 * For each rule some defect must break it in a world that breaks no other: without the rule, that world would pass. A defect that is
 * not found so means that a rule is missing.
 */
const { seeds, only = [""] } = command(
  "simulate:mutants",
  "Plants one defect after the other in a copy of the sources, and shows how many worlds it took until one broke a rule that the defect names, and until one broke it alone.",
)
  .option("--seeds <count>", "how many worlds a defect may survive", wholeNumber(1), 3_000)
  .option<readonly string[]>(
    "--only <texts...>",
    "those defects alone whose name has one of these in it",
    (text, before = []) => [...before, partOfDefect(text)],
  )
  .addHelpText("after", listed("defect", names))
  .parse()
  .opts<{ seeds: number; only?: readonly string[] }>();

const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const sources = [
  "src",
  "durable-objects",
  "bridge-agent",
  "simulators",
  "test/simulation",
  "test/local-domain.ts",
  "package.json",
];
/** A defect can also make a world that never ends. */
const stuckMs = 300_000;

exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");

const chosen = defects.filter(({ name }) => only.some((text) => name.includes(text)));
const waiting = [...chosen];
/** The rules that some world broke alone. */
const alone = new Set<Rule>();
let failures = 0;
const width = Math.max(...chosen.map(({ name }) => name.length));
console.log(`${"defect".padEnd(width)}  worlds   alone  found by`);
await Promise.all(Array.from({ length: Math.min(availableParallelism(), chosen.length) }, plantOneByOne));
const own = new Set(chosen.map(ownRule).filter((rule) => rule !== null));
for (const rule of own) if (!alone.has(rule)) console.log(`no world breaks this rule alone: ${rule}`);
console.log(`${chosen.length} defects, ${failures} not found as they should be`);
console.log(`${own.size} rules, ${own.size - alone.size} without a world that breaks them alone`);
process.exitCode = failures === 0 && own.size === alone.size ? 0 : 1;

/** The one rule that finds the defect, if it is one. */
function ownRule({ foundBy }: Defect): Rule | null {
  return typeof foundBy === "string" ? foundBy : null;
}

async function plantOneByOne(): Promise<void> {
  const copy = temporaryFolder("mutants");
  for (const source of sources) cpSync(join(project, source), join(copy, source), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
  for (let defect = waiting.shift(); defect; defect = waiting.shift()) await search(defect, copy);
}

async function search(defect: Defect, copy: string): Promise<void> {
  const { name, file, foundBy } = defect;
  const path = join(copy, file);
  const healthy = readFileSync(path, "utf8");
  const planted = plant(defect, healthy);
  if (planted === null) throw new Error(`"${name}": its text must stand in ${file} once: see defects.test.ts`);
  writeFileSync(path, planted);
  try {
    const rules = [foundBy].flat();
    const own = ownRule(defect);
    const seeksAlone = own !== null && !alone.has(own);
    const worlds = await failuresIn(copy, [JSON.stringify(rules), ...(seeksAlone ? ["alone"] : [])]);
    const right = worlds.find((world) => world.rules.some((rule) => rules.includes(rule)));
    const loneWorld = seeksAlone
      ? worlds.find((world) => world.rules.length === 1 && world.rules[0] === own)
      : undefined;
    if (own !== null && loneWorld) alone.add(own);
    if (!right) failures += 1;
    const columns = [right?.seed ?? `>${seeds}`, seeksAlone ? (loneWorld?.seed ?? `>${seeds}`) : ""];
    const found = right?.rules.find((rule) => rules.includes(rule));
    const verdict =
      found ?? (worlds[0] ? `WRONG: ${worlds[0].rules.join(", ")} in world ${worlds[0].seed}` : "SURVIVES");
    console.log(`${name.padEnd(width)}  ${columns.map((column) => String(column).padStart(6)).join("  ")}  ${verdict}`);
  } finally {
    writeFileSync(path, healthy);
  }
}

/** The worlds that fail, in a process of its own: the copy's modules are loaded anew. */
function failuresIn(copy: string, search: readonly string[]): Promise<Found[]> {
  return new Promise((resolve, reject) => {
    const script = join(copy, "test/simulation/first-failure.ts");
    const child = spawn(process.execPath, [script, String(seeds), ...search], { stdio: ["ignore", "pipe", "pipe"] });
    const cancelKill = atExit(() => child.kill("SIGKILL"));
    let output = "";
    let errors = "";
    let watch = setTimeout(() => child.kill("SIGKILL"), stuckMs);
    child.stdout.on("data", (data) => {
      output += data;
      clearTimeout(watch);
      watch = setTimeout(() => child.kill("SIGKILL"), stuckMs);
    });
    child.stderr.on("data", (data) => {
      errors += data;
    });
    child.on("exit", (code, signal) => {
      cancelKill();
      clearTimeout(watch);
      if (code !== 0 && signal === null) return reject(new Error(`the worlds could not be run:\n${errors}`));
      const lines = output.split("\n").filter((line) => line.startsWith("{"));
      const found = lines.map((line) => JSON.parse(line) as Found);
      resolve(signal === null ? found : [...found, { seed: 0, rules: ["a world comes to its end"] }]);
    });
  });
}
