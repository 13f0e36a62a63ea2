import { exitOnSignals } from "../scripts/at-exit.ts";
import { bridgeOption, command, edgeOption, edgesOption, runOnEdge, wholeNumber } from "../scripts/command.ts";
import { asteriskOrExit } from "../scripts/tools/find-asterisk.ts";
import { isFaulty } from "./kills/judge.ts";
import { proveKills, type Verdict } from "./kills/prove.ts";

/** One Ctrl-C comes several times at once: from the terminal, from npm and from run.mjs. */
const SAME_KEY_PRESS_MS = 1_000;
const interruptedExitCode = 130;

const { kills, seed, bridge, edge, edges } = command(
  "prove:kills",
  "Kills real processes under traffic and counts what was lost, doubled or diverged. After any fault, exits with code 1 and keeps all logs.",
)
  .option("--kills <count>", "how many", wholeNumber(1), 200)
  .option("--seed <seed>", "of all draws; by default a new one", wholeNumber(0), Date.now() % 1_000_000)
  .addOption(bridgeOption())
  .addOption(edgeOption())
  .addOption(edgesOption())
  .parse()
  .opts<{ kills: number; seed: number; bridge: "simulated" | "asterisk"; edge: string; edges: "1" | "2" }>();
runOnEdge(edge);
const runtime = bridge === "asterisk" ? await asteriskOrExit("cannot prove it on Asterisk") : undefined;

const interruption = new AbortController();
exitOnSignals("SIGTERM", "SIGHUP");
let interruptedAt = 0;
process.on("SIGINT", () => {
  if (interruptedAt === 0) {
    interruptedAt = Date.now();
    console.log("interrupted: the meetings end and are judged, within a minute; once more ends at once …");
    interruption.abort();
  } else if (Date.now() - interruptedAt > SAME_KEY_PRESS_MS) process.exit(interruptedExitCode);
});

console.log(`${kills} kills with seed ${seed}, about ${Math.ceil((kills + 30) / 60)} min …`);
const verdict = await proveKills(kills, seed, interruption.signal, { sipp: runtime?.sipp, edges: Number(edges) });
console.log(
  Object.entries(verdict.kills)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(" · "),
);
for (const [result, count] of [...verdict.results].sort()) console.log(`${String(count).padStart(6)} ${result}`);
for (const fault of ["lost", "doubled", "diverged"] as const) {
  for (const what of verdict[fault]) console.log(`${fault}: ${what}`);
}
if (edges === "2") console.log(turnsText(verdict));
const { lost, doubled, diverged, records } = verdict;
console.log(
  `records ${records.calls} calls, ${records.conferences} conferences · missing ${records.missing.length} · twice ${records.twice.length} · wrong ${records.wrong.length}`,
);
const done = Object.values(verdict.kills).reduce((sum, count) => sum + count, 0);
console.log(
  `kills ${done} · requests ${verdict.requests.length} · lost ${lost.length} · doubled ${doubled.length} · diverged ${diverged.length}`,
);
process.exit(interruption.signal.aborted ? interruptedExitCode : isFaulty(verdict) ? 1 : 0);

/** How long no edge acted each time, counted from when the database answered. */
function turnsText({ turns, databaseBackAt }: Pick<Verdict, "turns" | "databaseBackAt">): string {
  const gaps = turns.flatMap(({ at, url }, index) => {
    const until = turns[index + 1]?.at;
    if (url !== null || until === undefined) return [];
    const backAt = databaseBackAt.findLast((back) => back > at && back < until) ?? at;
    return (until - backAt) / 1_000;
  });
  const sorted = gaps.sort((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `nobody acted ${sorted.length} times, counted from when the database answers · median ${middle.toFixed(1)} s · longest ${(sorted.at(-1) ?? 0).toFixed(1)} s`;
}
