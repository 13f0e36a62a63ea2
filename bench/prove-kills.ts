import { parseArgs } from "node:util";
import { isFaulty } from "./kills/judge.ts";
import { proveKills } from "./kills/prove.ts";

/**
 * Kills real processes under traffic and counts what was lost, doubled or diverged (`npm run prove:kills -- --kills 200
 * --seed 1`). Exits with 1 for any fault, after the end of each process's log.
 */

const { values: options } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" } } });
const kills = numberFrom("--kills", options.kills, 200);
const seed = numberFrom("--seed", options.seed, Date.now() % 1_000_000);

console.log(`${kills} kills with seed ${seed}, about ${Math.ceil((kills + 30) / 60)} min …`);
const verdict = await proveKills(kills, seed);
console.log(
  Object.entries(verdict.kills)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(" · "),
);
for (const [result, count] of [...verdict.results].sort()) console.log(`${String(count).padStart(6)} ${result}`);
for (const fault of ["lost", "doubled", "diverged"] as const) {
  for (const what of verdict[fault]) console.log(`${fault}: ${what}`);
}
const { lost, doubled, diverged } = verdict;
console.log(
  `kills ${kills} · requests ${verdict.requests.length} · lost ${lost.length} · doubled ${doubled.length} · diverged ${diverged.length}`,
);
process.exit(isFaulty(verdict) ? 1 : 0);

function numberFrom(option: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`${option} is "${text}"; it must be a whole number, for example ${otherwise}`);
  process.exit(1);
}
