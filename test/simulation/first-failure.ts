import type { Rule } from "./rules.ts";
import { run } from "./world.ts";

/** A world that fails. */
export interface Found {
  readonly seed: number;
  /** What it breaks, first of all what it breaks first. */
  readonly rules: readonly Rule[];
}

/**
 * `node first-failure.ts COUNT RULES [alone]`: lives through seeds 1, 2, 3 … and writes the worlds that fail, until one breaks one of
 * these rules (a JSON list); with `alone`, until one breaks one of them and no other.
 */
const [count, wanted = "[]", alone] = process.argv.slice(2);
const seeds = Number(count);
const rules: readonly Rule[] = JSON.parse(wanted);
let seed = 1;

function next(): void {
  const broken = [...new Set(run({ seed }).violations.map(({ rule }) => rule))];
  console.log(broken.length > 0 ? JSON.stringify({ seed, rules: broken } satisfies Found) : "");
  seed += 1;
  const isFound = broken.some((rule) => rules.includes(rule)) && (alone === undefined || broken.length === 1);
  if (seed <= seeds && !isFound) setImmediate(next);
}

setImmediate(next);
