import type { Rule } from "./rules.ts";
import { run } from "./world.ts";

/** A world that fails. */
export interface Found {
  readonly seed: number;
  /** What it breaks, first of all what it breaks first. */
  readonly rules: readonly Rule[];
}

/**
 * `node first-failure.ts COUNT [RULE]`: lives through seeds 1, 2, 3 … and writes the first world that fails. With a rule it goes on to
 * one that breaks this rule and no other, and writes that too.
 */
const [count, own] = process.argv.slice(2);
const seeds = Number(count);
let seed = 1;
let hasFailed = false;

function next(): void {
  const rules = [...new Set(run({ seed }).violations.map(({ rule }) => rule))];
  const isAlone = rules.length === 1 && rules[0] === own;
  if (isAlone || (rules.length > 0 && !hasFailed)) console.log(JSON.stringify({ seed, rules } satisfies Found));
  else if (seed % 10 === 0) console.log("");
  hasFailed ||= rules.length > 0;
  seed += 1;
  if (seed <= seeds && !(own === undefined ? hasFailed : isAlone)) setImmediate(next);
}

setImmediate(next);
