import { command, wholeNumber } from "../../../scripts/command.ts";
import {
  beginMs,
  type Evening,
  endMs,
  eveningsOfMonth,
  eventEveryMs,
  failoverMs,
  liveThroughEvening,
  meetingMs,
  turnMs,
} from "./evening.ts";
import { callers, eventMix } from "./scale-conference.ts";
import { busiestLines, costLine, endLines } from "./scale-table.ts";

const options = command(
  "scale",
  "Counts what each object is asked while a domain grows, in virtual time on the simulation's model of Cloudflare, and what a month costs.",
)
  .option("--conferences <counts...>", "how many run at the same time, for each table", wholeNumbers(1), [100, 1_000])
  .option("--bridges <counts...>", "how many bridges the domain has, for each table", wholeNumbers(1), [1, 20])
  .option("--workers <count>", "Worker processes, each with a memory of its own for handles", wholeNumber(1), 8)
  .option(
    "--steady <seconds>",
    "how long the steady stretch is; the cost wants 300, for a round of sweeps",
    wholeNumber(10),
    300,
  )
  .option("--seed <seed>", "another evening of the same kind", wholeNumber(0), 1)
  .parse()
  .opts<{ conferences: number[]; bridges: number[]; workers: number; steady: number; seed: number }>();

const { workers, seed, steady } = options;
const sweepsEveryS = 300;
/** What so few conferences ask says nothing of many. */
const leastExtrapolated = 100;
const evenings: Evening[] = [];
console.log(
  [
    `An evening: all conferences begin within ${beginMs / 60_000} minutes, and ${callers} callers enter each, one a second. Then one event in each every`,
    `${eventEveryMs / 1000} s, of ten ${listOf(eventMix)}. Then another server creates all within ${failoverMs / 1000} s, and all end within ${endMs / 60_000} minutes.`,
    `${workers} Worker processes, seed ${seed}, ${steady} s of the steady stretch.`,
    "",
    "Of the busiest object of each kind, each figure for itself: requests a second in the mean and in the busiest second of each phase,",
    "rows in the busiest second, how long a request waited for its turn at most, bytes on its disk (of 10 GB).",
    `A request takes an object ${turnMs.reading} ms, and ${turnMs.writing} ms where it writes: the platform's 1,000 requests a second, 200 with a write.`,
  ].join("\n"),
);
for (const conferences of options.conferences)
  for (const bridges of options.bridges) {
    const evening = await liveThroughEvening({ conferences, bridges, workers, seed, steadyMs: steady * 1000 });
    evenings.push(evening);
    console.log(`\n${busiestLines(evening).join("\n")}`);
    for (const violation of evening.violations.slice(0, 10)) console.log(`wrong: ${violation}`);
    if (evening.violations.length > 0) process.exitCode = 1;
  }
const largest = options.conferences.indexOf(Math.max(...options.conferences)) * options.bridges.length;
for (const evening of evenings.slice(largest, largest + options.bridges.length)) {
  const { conferences, bridges } = evening.options;
  if (conferences < leastExtrapolated) continue;
  console.log(
    `\nExtrapolated from ${conferences} conferences and ${bridges} ${bridges === 1 ? "bridge" : "bridges"}: with how many an object is at work all the time`,
  );
  console.log(endLines(evening).join("\n"));
}
// A shorter stretch has no round of sweeps, and much of what still follows from the beginning.
if (steady >= sweepsEveryS) {
  console.log(
    `\nA month of ${eveningsOfMonth} evenings with meetings of ${meetingMs / 60_000} minutes, the steady stretch as often as it fits in; without rows read, and beyond what the plan includes`,
  );
  for (const evening of evenings) console.log(costLine(evening));
}

function listOf(mix: typeof eventMix): string {
  return Object.entries(mix)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

/** Each of several values. */
function wholeNumbers(least: number): (text: string, before: number[]) => number[] {
  const read = wholeNumber(least);
  let isFirst = true;
  return (text, before) => {
    const values = isFirst ? [] : before;
    isFirst = false;
    return [...values, read(text)];
  };
}
