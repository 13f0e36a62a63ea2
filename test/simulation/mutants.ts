import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { type Defect, defects, plant } from "./defects.ts";

/**
 * `npm run simulate:mutants`: plants one defect after the other in a copy of the sources, and shows how many worlds it
 * took to find it. A defect that is not found means that a rule is missing.
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
const stuckMs = 60_000;

interface Found {
  readonly seed: number;
  readonly rule: string;
}

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const chosen = defects.filter(({ name }) => only.some((text) => name.includes(text)));
const waiting = [...chosen];
let survivors = 0;
const width = Math.max(...chosen.map(({ name }) => name.length));
console.log(`${"defect".padEnd(width)}  worlds  found by`);
await Promise.all(Array.from({ length: Math.min(availableParallelism(), chosen.length) }, plantOneByOne));
console.log(`${chosen.length} defects, ${survivors} not found`);
process.exitCode = survivors === 0 ? 0 : 1;

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
  const { name, file } = defect;
  const path = join(copy, file);
  const healthy = readFileSync(path, "utf8");
  const planted = plant(defect, healthy);
  if (planted === null) throw new Error(`"${name}": its text must stand in ${file} once: see defects.test.ts`);
  writeFileSync(path, planted);
  try {
    const found = await firstFailure(copy);
    if (!found) survivors += 1;
    const worlds = found ? String(found.seed) : `>${seeds}`;
    console.log(`${name.padEnd(width)}  ${worlds.padStart(6)}  ${found?.rule ?? "SURVIVES"}`);
  } finally {
    writeFileSync(path, healthy);
  }
}

/** The first world that fails, in a process of its own: the copy's modules are loaded anew. */
function firstFailure(copy: string): Promise<Found | null> {
  return new Promise((resolve, reject) => {
    const script = join(copy, "test/simulation/first-failure.ts");
    const child = spawn(process.execPath, [script, String(seeds)], { stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    let lastSeed = 0;
    let output = "";
    let errors = "";
    let watch = setTimeout(() => child.kill("SIGKILL"), stuckMs);
    child.stdout.on("data", (data) => {
      output += data;
      lastSeed += 1;
      clearTimeout(watch);
      watch = setTimeout(() => child.kill("SIGKILL"), stuckMs);
    });
    child.stderr.on("data", (data) => {
      errors += data;
    });
    child.on("exit", (code, signal) => {
      children.delete(child);
      clearTimeout(watch);
      const last = output.trimEnd().split("\n").at(-1) ?? "";
      if (signal) resolve({ seed: lastSeed, rule: "a world comes to its end" });
      else if (code === 0) resolve(last.startsWith("{") ? (JSON.parse(last) as Found) : null);
      else reject(new Error(`the worlds could not be run:\n${errors}`));
    });
  });
}
