import type { HomeName } from "./faults.ts";
import type { LieName } from "./lies.ts";
import type { Rule } from "./rules.ts";
import { run } from "./world.ts";

/** A world that fails. */
export interface Found {
  readonly seed: number;
  /** What it breaks, first of all what it breaks first. */
  readonly rules: readonly Rule[];
}

/** What to look for, as JSON in the one argument. */
export interface Search {
  /** How many worlds at most: seeds 1, 2, 3 … */
  readonly seeds: number;
  /** Until a world breaks one of these. */
  readonly rules: readonly Rule[];
  /** And no other. */
  readonly alone: boolean;
  readonly lie?: LieName | undefined;
  readonly edge?: HomeName | undefined;
}

const { seeds, rules, alone, lie, edge }: Search = JSON.parse(process.argv[2] ?? "");
let seed = 1;

function next(): void {
  const broken = [...new Set(run({ seed, lie, edge }).violations.map(({ rule }) => rule))];
  console.log(broken.length > 0 ? JSON.stringify({ seed, rules: broken } satisfies Found) : "");
  seed += 1;
  const isFound = broken.some((rule) => rules.includes(rule)) && (!alone || broken.length === 1);
  if (seed <= seeds && !isFound) setImmediate(next);
}

setImmediate(next);
