import { run } from "./world.ts";

/** `node first-failure.ts COUNT`: lives through seeds 1, 2, 3 … and writes what the first one that fails has violated. */
const seeds = Number(process.argv[2]);
let seed = 1;

function next(): void {
  const [violation] = run({ seed }).violations;
  if (violation) return console.log(JSON.stringify({ seed, rule: violation.rule }));
  if (seed % 10 === 0) console.log(seed);
  seed += 1;
  if (seed <= seeds) setImmediate(next);
}

setImmediate(next);
