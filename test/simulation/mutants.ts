import { spawn } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { atExit, exitOnSignals, temporaryFolder } from "../../scripts/at-exit.ts";
import { command, listed, partOfName, wholeNumber } from "../../scripts/command.ts";
import { type Defect, plant } from "./defects/defect.ts";
import { defects } from "./defects/defects.ts";
import type { Found, Search } from "./first-failure.ts";
import { type LieName, lies } from "./lies.ts";
import type { Rule } from "./rules.ts";

/** A defect of the product, or a port that lies. */
type Planted = Pick<Defect, "name" | "foundBy" | "edge"> & (Defect | { readonly lie: LieName });

const everything: readonly Planted[] = [
  ...defects,
  ...Object.entries(lies).map(([name, { foundBy, ...lie }]) => ({
    ...{ name, foundBy, lie: name as LieName },
    ...("edge" in lie && { edge: lie.edge }),
  })),
];
const names = everything.map(({ name }) => name);
const partOfDefect = partOfName("defect", names);
/**
 * For each rule some defect must break it in a world that breaks no other: without the rule, that world would pass. A defect that is
 * not found so means that a rule is missing.
 */
const { seeds, only = [""] } = command(
  "simulate:mutants",
  "Plants one defect after the other in a copy of the sources, lets one port after the other lie, and shows how many worlds it took until one broke a rule that the defect names, and until one broke it alone.",
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
  "webex-interfaces",
  "test/simulation",
  "test/fake-objects.ts",
  "test/local-domain.ts",
  "package.json",
];
/** A defect can also make a world that never ends. */
const stuckMs = 300_000;

exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");

const chosen = everything.filter(({ name }) => only.some((text) => name.includes(text)));
/** The rules that some world broke alone, and in which world. */
const alone = new Map<Rule, number>();
let failures = 0;
const width = Math.max(...chosen.map(({ name }) => name.length));
console.log(`${"defect".padEnd(width)}  worlds  found by`);
await inCopies([...chosen], find);
const ofRules = Map.groupBy(chosen, ownRule);
ofRules.delete(null);
console.log(`\n${"rule".padEnd(width)}  broken alone in world`);
await inCopies([...ofRules], ([rule, breaking], copy) => breakAlone(rule, breaking, copy));
console.log(`\n${chosen.length} defects, ${failures} not found as they should be`);
console.log(`${ofRules.size} rules, ${ofRules.size - alone.size} without a world that breaks them alone`);
process.exitCode = failures === 0 && ofRules.size === alone.size ? 0 : 1;

/** The one rule that finds the defect, if it is one. */
function ownRule({ foundBy }: Planted): Rule | null {
  return typeof foundBy === "string" ? foundBy : null;
}

/** Works on all items, one for each core at once, each time with a copy of the sources. */
async function inCopies<Item>(items: Item[], work: (item: Item, copy: string) => Promise<void>): Promise<void> {
  const workOneByOne = async () => {
    const copy = temporaryFolder("mutants");
    for (const source of sources) cpSync(join(project, source), join(copy, source), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
    for (let item = items.shift(); item !== undefined; item = items.shift()) await work(item, copy);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), items.length) }, workOneByOne));
}

/** Lives through worlds until one breaks a rule that the defect names. */
async function find(defect: Planted, copy: string): Promise<void> {
  const rules = [defect.foundBy].flat();
  const worlds = await withDefect(defect, copy, { rules, alone: false });
  const right = worlds.find((world) => world.rules.some((rule) => rules.includes(rule)));
  const own = ownRule(defect);
  if (right && own !== null && right.rules.length === 1 && !alone.has(own)) alone.set(own, right.seed);
  if (!right) failures += 1;
  const found = right?.rules.find((rule) => rules.includes(rule));
  const verdict = found ?? (worlds[0] ? `WRONG: ${worlds[0].rules.join(", ")} in world ${worlds[0].seed}` : "SURVIVES");
  console.log(`${defect.name.padEnd(width)}  ${String(right?.seed ?? `>${seeds}`).padStart(6)}  ${verdict}`);
}

/** Lives through worlds with one defect after the other until one breaks the rule and no other. */
async function breakAlone(rule: Rule | null, breaking: readonly Planted[], copy: string): Promise<void> {
  if (rule === null) return;
  for (const defect of breaking) {
    if (alone.has(rule)) break;
    const worlds = await withDefect(defect, copy, { rules: [rule], alone: true });
    const lone = worlds.find(({ rules }) => rules.length === 1 && rules[0] === rule);
    if (lone) alone.set(rule, lone.seed);
  }
  console.log(
    `${rule.padEnd(width)}  ${alone.get(rule) ?? `none of ${seeds} with each of its ${breaking.length} defects`}`,
  );
}

/** The worlds that fail with this defect in the copy. */
async function withDefect(defect: Planted, copy: string, rules: Pick<Search, "rules" | "alone">): Promise<Found[]> {
  const wanted = { ...rules, edge: defect.edge };
  if ("lie" in defect) return await failuresIn(copy, { seeds, ...wanted, lie: defect.lie });
  const path = join(copy, defect.file);
  const healthy = readFileSync(path, "utf8");
  const planted = plant(defect, healthy);
  if (planted === null)
    throw new Error(`"${defect.name}": its text must stand in ${defect.file} once: see defects.test.ts`);
  writeFileSync(path, planted);
  try {
    return await failuresIn(copy, { seeds, ...wanted });
  } finally {
    writeFileSync(path, healthy);
  }
}

/** The worlds that fail, in a process of its own: the copy's modules are loaded anew. */
function failuresIn(copy: string, search: Search): Promise<Found[]> {
  return new Promise((resolve, reject) => {
    const script = join(copy, "test/simulation/first-failure.ts");
    const child = spawn(process.execPath, [script, JSON.stringify(search)], { stdio: ["ignore", "pipe", "pipe"] });
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
