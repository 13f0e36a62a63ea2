import type { Clause, Traffic, Verdict } from "./clauses/clause.ts";
import { digits } from "./player/ids.ts";
import { NotAsDocumented, NotTestable } from "./player/outcome.ts";
import { type Numbers, Stage, type StageOptions } from "./player/stage.ts";
import type { TraceEntry } from "./player/trace.ts";
import { Webex, type WebexOptions } from "./player/webex.ts";
import type { Ports } from "./ports.ts";
import type { Telephones } from "./telephones/telephones.ts";

export interface RunOptions extends StageOptions, WebexOptions {
  /** How many clauses are played side by side. */
  readonly atOnce: number;
}

export interface ClauseResult {
  readonly id: string;
  readonly standing: Clause["standing"];
  readonly reference: string;
  readonly title: string;
  readonly outcome: Verdict["outcome"];
  readonly why: string;
  readonly tookMs: number;
  readonly trace: readonly TraceEntry[];
}

/** Plays the clauses against the adapter. Throws if the TSP servers cannot listen. */
export async function run(
  ports: Ports,
  telephones: Telephones,
  clauses: readonly Clause[],
  options: RunOptions,
  onResult: (result: ClauseResult) => void = () => {},
): Promise<ClauseResult[]> {
  const numbers = numbersOf(ports);
  const webex = new Webex(ports, { serverNumber: Math.floor(ports.now() / 1000) % 98, ...options });
  await webex.start();
  const stages = new Map<string, Stage>();
  const results = new Map<string, ClauseResult>();
  const played = async (clause: Clause) => {
    const stage = new Stage(clause.id, webex, telephones, numbers, options);
    stages.set(clause.id, stage);
    const result = await play(clause, stage);
    results.set(clause.id, result);
    onResult(result);
  };
  try {
    const together = clauses.filter((clause) => clause.kind === "played" && !clause.alone);
    await inTurns(together, options.atOnce, played);
    for (const clause of clauses) if (clause.kind === "played" && clause.alone) await played(clause);
    // The last answers of the clauses are still under way.
    await ports.sleep(options.quietMs);
    const passed = new Set([...results.values()].flatMap(({ id, outcome }) => (outcome === "passed" ? [id] : [])));
    const traffic = { webex, passed, stages };
    for (const clause of clauses) {
      if (clause.kind === "played") continue;
      const result = judge(clause, traffic);
      results.set(clause.id, result);
      onResult(result);
    }
  } finally {
    await webex.stop();
  }
  return clauses.flatMap(({ id }) => results.get(id) ?? []);
}

/** Numbers that start with the time of day, so that no run meets what another one left. */
export function numbersOf(ports: Ports): Numbers {
  let last = 0;
  const run = digits(10_000 + (Math.floor(ports.now() / 1000) % 90_000), 5);
  return {
    run,
    next: () => {
      last += 1;
      return last;
    },
  };
}

async function play(clause: Clause, stage: Stage): Promise<ClauseResult> {
  const { ports } = stage;
  const startedAt = ports.now();
  let verdict: Verdict = { outcome: "passed", why: "" };
  if (clause.kind === "played") {
    try {
      stage.people.need(...clause.needs);
      await clause.play(stage);
    } catch (error) {
      verdict = verdictOf(error);
    }
    await cleanUp(stage);
  }
  return resultOf(clause, verdict, ports.now() - startedAt, [...stage.entries]);
}

/** A conference that stays would be in the way of others. */
async function cleanUp(stage: Stage): Promise<void> {
  const seen = stage.entries.length;
  stage.behaviours.clear();
  await stage.people.hangUpAll();
  for (const conference of stage.conferences) await conference.close().catch(() => {});
  stage.entries.length = seen;
}

function verdictOf(error: unknown): Verdict {
  if (error instanceof NotAsDocumented) return { outcome: "failed", why: error.message };
  if (error instanceof NotTestable) return { outcome: "not-testable", why: error.message };
  return {
    outcome: "failed",
    why: `the clause could not be played: ${error instanceof Error ? error.message : error}`,
  };
}

function judge(clause: Clause, traffic: Traffic): ClauseResult {
  if (clause.kind === "unseen") return resultOf(clause, { outcome: "not-testable", why: clause.why }, 0, []);
  if (clause.kind !== "judged") throw new Error(`${clause.id} is played, not judged`);
  const verdict = clause.judge(traffic);
  return resultOf(clause, verdict, 0, verdict.trace ?? []);
}

function resultOf(
  { id, standing, reference, title }: Clause,
  { outcome, why }: Verdict,
  tookMs: number,
  trace: readonly TraceEntry[],
): ClauseResult {
  return { id, standing, reference, title, outcome, why, tookMs, trace };
}

async function inTurns<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
