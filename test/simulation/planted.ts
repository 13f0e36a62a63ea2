import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { type Defect, type Detection, plant } from "./defects/defect.ts";
import { defects } from "./defects/defects.ts";
import { type LieName, lies } from "./lies.ts";
import { type Rule, rules } from "./rules.ts";

/** A defect of the product, or a port that lies. */
export type Planted = Detection & Pick<Defect, "name"> & Partial<Defect>;

export const everything: readonly Planted[] = [
  ...defects,
  ...Object.entries(lies).map(([name, lie]) => ({ ...lie, name })),
];

/** The only argument, as JSON. Runs worlds from seed `first` until one breaks the defect's rule. */
export interface Search {
  readonly name: string;
  readonly first: number;
  readonly worlds: number;
  /** Without the defect: the world must then keep the rule. */
  readonly isControl?: true;
}

/** The rules that a world broke, printed as a JSON line for each world. */
export interface Lived {
  readonly seed: number;
  readonly rules: readonly Rule[];
}

if (import.meta.main) {
  const { name, first, worlds, isControl }: Search = JSON.parse(process.argv[2] ?? "");
  const planted = everything.find((one) => one.name === name);
  if (!planted) throw new Error(`No planted defect is called "${name}".`);
  if (!Object.hasOwn(rules, planted.foundBy)) throw new Error(`No rule is called "${planted.foundBy}".`);
  const { file, edge, boosts } = planted;
  if (file !== undefined && !isControl) loadPlanted(planted as Defect);
  const { run } = await import("./world.ts");
  const lie = file === undefined && !isControl ? (name as LieName) : undefined;
  const live = (seed: number) => {
    const broken = [...new Set(run({ seed, lie, edge, boosts }).violations.map(({ rule }) => rule))];
    console.log(JSON.stringify({ seed, rules: broken } satisfies Lived));
    if (seed + 1 < first + worlds && !broken.includes(planted.foundBy)) setImmediate(live, seed + 1);
  };
  setImmediate(live, first);
}

/** Makes later imports of the file load the defect. */
function loadPlanted(defect: Defect): void {
  const url = new URL(`../../${defect.file}`, import.meta.url).href;
  const source = plant(defect, readFileSync(fileURLToPath(url), "utf8"));
  if (source === null) throw new Error(`Its text must occur exactly once in ${defect.file}.`);
  registerHooks({
    load: (asked, context, load) => (asked === url ? { ...load(asked, context), source } : load(asked, context)),
  });
}
