import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { LocalRun } from "../scripts/local-run.ts";
import { WebexServer } from "../simulators/webex/server.ts";
import { createCodec } from "../src/tsp/codec.ts";
import { type Conference, fillConferences, muteDocument } from "./conferences.ts";
import { createAtRate } from "./creates.ts";
import { startFloor } from "./floor.ts";
import { type Figures, type Load, measure, percentile } from "./load.ts";

/**
 * The benchmark (`npm run bench`): the cost of a confirmed post, beside the least that an adapter on this platform must pay.
 * Both are measured in turns in one run, so that neither profits from a quiet moment of the machine.
 */

const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const conferenceCount = 100;
const callersEach = 10;
const creates = Number(process.env.BENCH_CREATES ?? 3_000);
const createsMs = (creates / 3_000) * 60_000;

const folder = mkdtempSync(join(tmpdir(), "bridgehead-bench-"));
const floor = await startFloor(join(folder, "floor"));
const run = await LocalRun.start({ state: join(folder, "adapter") });
const webex = new WebexServer({ adapterUrl: run.adapterUrl });
let failed = false;
try {
  await webex.start();
  await compare();
  if (creates > 0) await minuteOfCreates();
} catch (error) {
  failed = true;
  console.error(error instanceof Error ? error.message : error);
} finally {
  await webex.stop();
  await run.stop();
  await floor.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

async function compare(): Promise<void> {
  console.log(`filling ${conferenceCount} conferences with ${callersEach} callers each …`);
  const conferences = await fillConferences(run, webex, conferenceCount, callersEach);
  const codec = createCodec({}, "webex");

  const posts = (url: (index: number) => string) => {
    let index = 0;
    return () => {
      const conference = conferences[index % conferenceCount] as Conference;
      const turn = Math.floor(index / conferenceCount);
      return { url: url(index++ % conferenceCount), body: muteDocument(codec, webex, conference, turn) };
    };
  };
  const loads: Readonly<Record<"floor" | "adapter", Pick<Load, "next" | "accepts">>> = {
    floor: { next: posts((index) => `${floor.url}/${index}`), accepts: (status) => status === 200 },
    adapter: {
      next: posts(() => run.adapterUrl),
      accepts: (status, body) => status === 200 && body.includes('Result="0"'),
    },
  };

  const results = new Map<string, Figures[]>();
  for (const name of ["floor", "adapter"] as const) await measure({ ...loads[name], callers: 8, posts: 400 }); // Warm up.
  for (let round = 0; round < rounds; round++) {
    for (const callers of [1, 32]) {
      for (const name of ["floor", "adapter"] as const) {
        const count = callers === 1 ? 1_000 : 4_000;
        const answered = answers();
        const figures = await measure({ ...loads[name], callers, posts: count });
        results.set(`${name} ${callers}`, [...(results.get(`${name} ${callers}`) ?? []), figures]);
        if (name === "adapter") await allAnswered(answered, count);
      }
    }
  }
  printComparison(results);
}

function printComparison(results: ReadonlyMap<string, readonly Figures[]>): void {
  const median = (name: string, pick: (figures: Figures) => number) =>
    percentile((results.get(name) ?? []).map(pick), 50);
  console.log(`\nposts confirmed, median of ${rounds} rounds`);
  console.log("                      per second    p50 ms    p99 ms");
  for (const callers of [1, 32]) {
    for (const name of ["floor", "adapter"]) {
      const key = `${name} ${callers}`;
      const row = [
        median(key, (figures) => figures.perSecond)
          .toFixed(0)
          .padStart(10),
        median(key, (figures) => figures.p50Ms)
          .toFixed(2)
          .padStart(9),
        median(key, (figures) => figures.p99Ms)
          .toFixed(2)
          .padStart(9),
      ];
      console.log(`${name.padEnd(8)} ${String(callers).padStart(2)} callers ${row.join(" ")}`);
    }
    const rate = (name: string) => median(`${name} ${callers}`, (figures) => figures.perSecond);
    console.log(`adapter / floor at ${callers}: ${(rate("adapter") / rate("floor")).toFixed(2)}\n`);
  }
}

async function minuteOfCreates(): Promise<void> {
  console.log(`creating ${creates} conferences within ${(createsMs / 1000).toFixed(0)} s …`);
  const answers = await createAtRate(webex, creates, createsMs);
  const quick = answers.filter((ms) => ms <= 2_000).length;
  const share = ((100 * quick) / creates).toFixed(2);
  console.log(`answered: ${answers.length} of ${creates}; within 2 s: ${share} %`);
  console.log(
    `p50 ${percentile(answers, 50).toFixed(0)} ms, p99 ${percentile(answers, 99).toFixed(0)} ms, slowest ${Math.max(...answers).toFixed(0)} ms`,
  );
}

function answers(): number {
  return webex.messages.filter((message) => "result" in message).length;
}

/** A post that is confirmed and never answered would make the adapter look faster than it is. */
async function allAnswered(before: number, posts: number): Promise<void> {
  for (let waits = 0; waits < 30 && answers() < before + posts; waits++) await pause(300);
  await quiet();
  const missing = before + posts - answers();
  if (missing !== 0) throw new Error(`of ${posts} posts ${missing} were not answered, or if negative, answered twice`);
}

/** Waits until WebEx receives nothing more, so that no round begins with the rest of another. */
async function quiet(): Promise<void> {
  for (let count = -1; count !== webex.received.length; ) {
    count = webex.received.length;
    await pause(300);
  }
}
