import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { type Defect, defects, plant } from "./defects.ts";
import type { Found } from "./first-failure.ts";

/**
 * `npm run simulate:mutants`: plants one defect after the other in a copy of the sources, and shows how many worlds it took to find
 * it. A defect that is not found, or not by the rule that it names, means that a rule is missing. Where a defect is said to be
 * found by one rule alone, some world breaks this rule and no other: without the rule, that world would pass.
 */
const program = new Command("simulate:mutants")
  .option("--seeds <count>", "how many worlds a defect may survive", Number, 3_000)
  .option("--only <texts...>", "those defects alone whose name has one of these in it", [""])
  .parse();
const { seeds, only } = program.opts<{ seeds: number; only: string[] }>();

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

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const chosen = defects.filter(({ name }) => only.some((text) => name.includes(text)));
const waiting = [...chosen];
let failures = 0;
const width = Math.max(...chosen.map(({ name }) => name.length));
console.log(`${"defect".padEnd(width)}  worlds   alone  found by`);
await Promise.all(Array.from({ length: Math.min(availableParallelism(), chosen.length) }, plantOneByOne));
console.log(`${chosen.length} defects, ${failures} not found as they should be`);
process.exitCode = failures === 0 ? 0 : 1;

async function plantOneByOne(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), "bridgehead-mutants-"));
  try {
    for (const source of sources) cpSync(join(project, source), join(copy, source), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
    for (let defect = waiting.shift(); defect; defect = waiting.shift()) await search(defect, copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function search(defect: Defect, copy: string): Promise<void> {
  const { name, file, foundBy } = defect;
  const path = join(copy, file);
  const healthy = readFileSync(path, "utf8");
  const planted = plant(defect, healthy);
  if (planted === null) throw new Error(`"${name}": its text must stand in ${file} once: see defects.test.ts`);
  writeFileSync(path, planted);
  try {
    const own = typeof foundBy === "string" ? foundBy : null;
    const [first, ...others] = await failuresIn(copy, own);
    const rule = first?.rules[0];
    const alone =
      own === null
        ? undefined
        : [first, ...others].find((found) => found?.rules.length === 1 && found.rules[0] === own);
    const isRight = own === null ? rule !== undefined && foundBy.includes(rule) : alone !== undefined;
    if (!isRight) failures += 1;
    const columns = [first?.seed ?? `>${seeds}`, own === null ? "" : (alone?.seed ?? `>${seeds}`)];
    const verdict = isRight ? "" : rule === undefined ? "SURVIVES" : ` WRONG: expected ${foundBy}`;
    const [worlds, worldsAlone] = columns.map((column) => String(column).padStart(6));
    const found = isRight && own !== null ? own : (rule ?? "");
    console.log(`${name.padEnd(width)}  ${worlds}  ${worldsAlone}  ${found}${verdict}`);
  } finally {
    writeFileSync(path, healthy);
  }
}

/** The worlds that fail, in a process of its own: the copy's modules are loaded anew. */
function failuresIn(copy: string, own: string | null): Promise<Found[]> {
  return new Promise((resolve, reject) => {
    const script = join(copy, "test/simulation/first-failure.ts");
    const args = [script, String(seeds), ...(own === null ? [] : [own])];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
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
      children.delete(child);
      clearTimeout(watch);
      if (code !== 0 && signal === null) return reject(new Error(`the worlds could not be run:\n${errors}`));
      const lines = output.split("\n").filter((line) => line.startsWith("{"));
      const found = lines.map((line) => JSON.parse(line) as Found);
      resolve(signal === null ? found : [...found, { seed: 0, rules: ["a world comes to its end"] }]);
    });
  });
}
