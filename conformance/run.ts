import type { Clause, Traffic, Verdict } from "./clauses/clause.ts";
import { runDigits } from "./player/ids.ts";
import { BrokenOff, NotAsDocumented, NotTestable } from "./player/outcome.ts";
import { type Numbers, Stage, type StageOptions } from "./player/stage.ts";
import type { TraceEntry } from "./player/trace.ts";
import { Webex, type WebexOptions } from "./player/webex.ts";
import type { Ports } from "./ports.ts";
import { printable } from "./printable.ts";
import { TELEPHONES_FAILED } from "./telephones/failures.ts";
import type { Telephones } from "./telephones/telephones.ts";

export interface RunOptions extends StageOptions, WebexOptions {
  /** How many clauses are played side by side. */
  readonly atOnce: number;
}

/** What a run is about, while it lasts. */
export interface Progress {
  started?(clause: Clause): void;
  done?(result: ClauseResult): void;
  /** Something about the whole run, in a sentence: it ended before its time, the telephones failed, or an address seems to be wrong. */
  note?(text: string, about: "adapter" | "telephones" | "addresses"): void;
}

export interface ClauseResult {
  readonly id: string;
  readonly kind: Clause["kind"];
  readonly standing: Clause["standing"];
  readonly reference: string;
  readonly title: string;
  readonly outcome: Verdict["outcome"];
  readonly why: string;
  readonly because?: Verdict["because"];
  readonly cause?: string;
  readonly tookMs: number;
  readonly trace: readonly TraceEntry[];
}

/** Between two attempts of an adapter: time-outs of HTTP are seldom longer. */
const TIME_OUT_MS = 35_000;
/** Of a run that is broken off: how long a clause may take to hang up and to close. */
const CLEAN_UP_MS = 10_000;

/**
 * Plays the clauses against the adapter; those that are left once it is broken off, or once the adapter answers nothing any more, only by
 * name. Throws if the TSP servers cannot listen.
 */
export async function run(
  ports: Ports,
  telephones: Telephones,
  clauses: readonly Clause[],
  options: RunOptions,
  progress: Progress = {},
): Promise<ClauseResult[]> {
  const numbers = numbersOf(ports);
  const gone = new AbortController();
  const onGone = (why: string) => {
    progress.note?.(why, "adapter");
    gone.abort(why);
  };
  const webex = new Webex(ports, { serverNumber: serverNumberOf(ports), onGone, ...options });
  const stop = AbortSignal.any([gone.signal, ...(options.stop ? [options.stop] : [])]);
  await webex.start();
  const stages = new Map<string, Stage>();
  const results = new Map<string, ClauseResult>();
  const startedAt = new Map<string, number>();
  const endedAt = new Map<string, number>();
  let wrongAddress: string | null = null;
  const played = async (clause: Clause) => {
    const stage = new Stage(clause.id, webex, telephones, numbers, { ...options, stop });
    stages.set(clause.id, stage);
    startedAt.set(clause.id, ports.now());
    const result = await play(clause, stage, progress);
    results.set(clause.id, result);
    endedAt.set(clause.id, ports.now());
    progress.done?.(result);
    if (wrongAddress !== null || result.outcome !== "failed") return;
    wrongAddress = wrongAddressOf(webex, result.tookMs >= options.patienceMs);
    if (wrongAddress !== null) progress.note?.(wrongAddress, "addresses");
  };
  try {
    const together = clauses.filter((clause) => clause.kind === "played" && !clause.alone);
    await inTurns(together, options.atOnce, played);
    for (const { id } of together)
      if (webex.wasHeldBack(id, startedAt.get(id) ?? 0, endedAt.get(id) ?? 0)) webex.disturbed.add(id);
    const disturbed = together.filter(({ id }) => webex.disturbed.has(id));
    for (const { id } of disturbed) stages.get(id)?.disturbed();
    const again = disturbed.filter(({ id }) => !stop.aborted && results.get(id)?.outcome !== "passed");
    for (const clause of again) {
      await webex.goesOn(TIME_OUT_MS, stop);
      if (!stop.aborted) await played(clause);
    }
    for (const clause of clauses) if (clause.kind === "played" && clause.alone) await played(clause);
    if (stop.aborted) await telephones.faults({}).catch(() => {});
    for (const [id, result] of results) {
      const isOfTheEnd = webex.gone !== null && (endedAt.get(id) ?? 0) >= webex.answeredAt;
      if (result.outcome !== "failed" || !isOfTheEnd) continue;
      const { cause: _, ...rest } = result;
      results.set(id, { ...rest, outcome: "not-testable", why: printable(new BrokenOff(stop).message) });
    }
    const [failing, ...others] = [...results.values()].filter(({ why }) => why.startsWith(TELEPHONES_FAILED));
    if (failing)
      progress.note?.(
        `${failing.why} (${failing.id}${others.length > 0 ? ` and ${others.length} more` : ""})`,
        "telephones",
      );
    // The last answers of the clauses are still under way.
    await ports.sleep(options.quietMs);
    const passed = new Set([...results.values()].flatMap(({ id, outcome }) => (outcome === "passed" ? [id] : [])));
    const documented = new Set(clauses.filter(({ standing }) => standing === "documented").map(({ id }) => id));
    const traffic = { webex, passed, documented, stages };
    for (const clause of clauses) {
      if (clause.kind === "played") continue;
      const result = judge(clause, traffic);
      results.set(clause.id, result);
      progress.done?.(result);
    }
  } finally {
    await webex.stop();
  }
  return clauses.flatMap(({ id }) => results.get(id) ?? []);
}

/** What makes each clause fail, and is seldom the adapter's fault. */
function wrongAddressOf({ posted, arrivals, hosts, options }: Webex, hasWaited: boolean): string | null {
  const answered = posted.filter(({ status, messages }) => status !== null && messages.length > 0);
  const [first] = answered;
  if (first && answered.every(({ confirmation }) => confirmation.result === null))
    return `${options.adapterUrl} answers without a Confirmation (HTTP ${first.status}): is that where the adapter takes WebEx's posts? (--adapter)`;
  const isCreated = answered.some(
    ({ confirmation, messages }) =>
      confirmation.result === 0 && messages.some(({ name }) => name === "W2A_CreateConference"),
  );
  return hasWaited && isCreated && arrivals.length === 0
    ? `the adapter confirms, and posts nothing to ${hosts.join(" and ")}: may it post there, and does it reach them by these names? (--listen, --announce)`
    : null;
}

/** Of the first of three TSP servers: three others for runs that start within 33 s. */
function serverNumberOf(ports: Ports): number {
  return (Math.floor(ports.now() / 1000) % 33) * 3;
}

/** Numbers that start with the time of day, so that no run meets what another one left. */
function numbersOf(ports: Ports): Numbers {
  let last = 0;
  const run = runDigits(ports.now());
  return {
    run,
    next: () => {
      last += 1;
      return last;
    },
  };
}

async function play(clause: Clause, stage: Stage, progress: Progress): Promise<ClauseResult> {
  const { ports } = stage;
  const startedAt = ports.now();
  let verdict: Verdict = { outcome: "passed", why: "" };
  if (clause.kind === "played") {
    try {
      stage.goesOn();
      stage.people.need(...clause.needs);
      progress.started?.(clause);
      const seen = await clause.play(stage);
      stage.goesOn();
      if (typeof seen === "string") verdict = { outcome: "passed", why: seen };
    } catch (error) {
      verdict = verdictOf(stage.isBrokenOff ? new BrokenOff(stage.options.stop) : error);
    }
    await cleanUp(stage);
  }
  return resultOf(clause, verdict, ports.now() - startedAt, [...stage.entries]);
}

/** A conference that stays would be in the way of others. */
async function cleanUp(stage: Stage): Promise<void> {
  const seen = stage.entries.length;
  stage.cleansUp();
  const work = async () => {
    await stage.people.hangUpAll();
    for (const conference of stage.conferences) await conference.close().catch(() => {});
  };
  await (stage.isBrokenOff ? Promise.race([work(), stage.webex.ports.sleep(CLEAN_UP_MS)]) : work());
  stage.entries.length = seen;
}

function verdictOf(error: unknown): Verdict {
  if (error instanceof NotAsDocumented) return { outcome: "failed", why: error.message, cause: error.cause };
  if (error instanceof NotTestable)
    return { outcome: "not-testable", why: error.message, ...(error.because && { because: error.because }) };
  // A mistake of the kit's own.
  return {
    outcome: "not-testable",
    why: `the clause could not be played: ${error instanceof Error ? error.message : error}`,
  };
}

function judge(clause: Clause, traffic: Traffic): ClauseResult {
  if (clause.kind === "unseen")
    return resultOf(clause, { outcome: "not-testable", because: "unseen", why: clause.why }, 0, []);
  if (clause.kind !== "judged") throw new Error(`${clause.id} is played, not judged`);
  const verdict = clause.judge(traffic);
  return resultOf(clause, verdict, 0, verdict.trace ?? []);
}

function resultOf(
  { id, kind, standing, reference, title }: Clause,
  { outcome, why, because, cause }: Verdict,
  tookMs: number,
  trace: readonly TraceEntry[],
): ClauseResult {
  // What an adapter sends must not reach a terminal as commands, and stays within what XML allows.
  const shown = trace.map((entry) => ({ ...entry, title: printable(entry.title), body: printable(entry.body) }));
  const more = { ...(because && { because }), ...(cause !== undefined && { cause: printable(cause) }) };
  return { id, kind, standing, reference, title, outcome, why: printable(why), ...more, tookMs, trace: shown };
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
