import { setTimeout as pause } from "node:timers/promises";
import type { Clause, Verdict } from "./clauses/clause.ts";
import { isQuiet } from "./clauses/traffic.ts";
import { BrokenOff, NotAsDocumented, NotTestable } from "./player/outcome.ts";
import { Stage, type StageOptions } from "./player/stage.ts";
import { Webex, type WebexOptions } from "./player/webex.ts";
import type { Telephones } from "./telephones/telephones.ts";

export interface RunOptions extends StageOptions, WebexOptions {
  /** Number of clauses played at the same time. */
  readonly atOnce: number;
}

export interface Progress {
  started?(clause: Clause): void;
  done?(result: ClauseResult): void;
  /** Called once, with a sentence, if an address seems wrong. */
  note(text: string): void;
}

export type ClauseResult = Pick<Clause, "id" | "kind" | "standing" | "reference" | "title"> &
  Required<Pick<Verdict, "outcome" | "why" | "trace">> &
  Pick<Verdict, "because"> & { readonly tookMs: number };

type Played = Extract<Clause, { kind: "played" }>;

/** After an interruption, time for a clause to hang up and to close its conferences. */
const CLEAN_UP_MS = 10_000;

/** Plays the clauses against the adapter, then checks all traffic. Throws if the TSP servers cannot listen. */
export async function run(
  telephones: Telephones | null,
  clauses: readonly Clause[],
  options: RunOptions,
  progress: Progress,
): Promise<ClauseResult[]> {
  let last = 0;
  // Starts from the current second, so that runs within a day share no key.
  const numbers = { run: String(10_000 + (Math.floor(Date.now() / 1000) % 90_000)), next: () => ++last };
  const webex = new Webex(options);
  await webex.start();
  const stages = new Map<string, Stage>();
  const results = new Map<string, ClauseResult>();
  let isAddressWrong = false;
  const played = async (clause: Played) => {
    const stage = new Stage(clause.id, webex, telephones, numbers, options);
    stages.set(clause.id, stage);
    const result = await play(clause, stage, progress);
    results.set(clause.id, result);
    progress.done?.(result);
    if (isAddressWrong || result.outcome !== "failed") return;
    const wrong = wrongAddressOf(webex, result.tookMs >= options.patienceMs);
    isAddressWrong = wrong !== null;
    if (wrong !== null) progress.note(wrong);
  };
  try {
    const all = clauses.filter((clause) => clause.kind === "played");
    const waiting = all.filter(({ alone }) => !alone);
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await played(next);
    };
    await Promise.all(Array.from({ length: options.atOnce }, worker));
    for (const clause of all) if (clause.alone) await played(clause);
    const traffic = { webex, results, stages };
    const until = Date.now() + options.patienceMs;
    do await pause(options.quietMs);
    while (Date.now() < until && !options.stop.aborted && !isQuiet(traffic, options.quietMs));
    for (const clause of clauses) {
      if (clause.kind === "played") continue;
      const verdict: Verdict =
        clause.kind === "judged"
          ? clause.judge(traffic)
          : { outcome: "not-testable", because: "unobservable", why: clause.why };
      const result = resultOf(clause, verdict, 0);
      results.set(clause.id, result);
      progress.done?.(result);
    }
  } finally {
    await webex.stop();
  }
  return clauses.flatMap(({ id }) => results.get(id) ?? []);
}

/** Returns a usual reason why all clauses fail, or `null`. */
function wrongAddressOf({ posted, arrivals, hosts, options }: Webex, hasWaited: boolean): string | null {
  const answered = posted.filter(({ status, messages }) => status !== null && messages.length > 0);
  const [first] = answered;
  if (first && answered.every(({ confirmation }) => confirmation.result === null))
    return `${options.adapterUrl} answers without a Confirmation (HTTP ${first.status}). Give the address to which WebEx posts with --adapter.`;
  const isCreated = answered.some(
    ({ confirmation, messages }) =>
      confirmation.result === 0 && messages.some(({ name }) => name === "W2A_CreateConference"),
  );
  return hasWaited && isCreated && arrivals.length === 0
    ? `The adapter confirms, but posts nothing to ${hosts.join(" and ")}. Allow it to post there, or give other names with --listen and --announce.`
    : null;
}

async function play(clause: Played, stage: Stage, progress: Progress): Promise<ClauseResult> {
  const startedAt = Date.now();
  let verdict: Verdict;
  try {
    stage.goesOn();
    progress.started?.(clause);
    const measured = await clause.play(stage);
    stage.goesOn();
    verdict = { outcome: "passed", why: typeof measured === "string" ? measured : "" };
  } catch (error) {
    verdict = verdictOf(stage.isBrokenOff ? new BrokenOff() : error);
  }
  const trace = [...stage.entries];
  await cleanUp(stage);
  return resultOf(clause, { ...verdict, trace }, Date.now() - startedAt);
}

/** Ends the clause's calls and conferences, because other clauses may need the numbers. */
async function cleanUp(stage: Stage): Promise<void> {
  stage.cleansUp();
  const work = async () => {
    await stage.people.hangUpAll();
    for (const conference of stage.conferences) await conference.close().catch(() => {});
  };
  await (stage.isBrokenOff ? Promise.race([work(), pause(CLEAN_UP_MS)]) : work());
}

function verdictOf(error: unknown): Verdict {
  if (error instanceof NotAsDocumented) return { outcome: "failed", why: error.message };
  if (error instanceof NotTestable)
    return { outcome: "not-testable", why: error.message, ...(error.because && { because: error.because }) };
  const why = error instanceof Error ? error.message : String(error);
  return { outcome: "not-testable", why: `the kit could not play the clause: ${why}` };
}

/** Builds the result, with the adapter's texts made safe for a terminal. */
function resultOf(clause: Clause, { outcome, why, because, trace = [] }: Verdict, tookMs: number): ClauseResult {
  const { id, kind, standing, reference, title } = clause;
  const shown = trace.map((entry) => ({ ...entry, title: printable(entry.title), body: printable(entry.body) }));
  const head = { id, kind, standing, reference, title };
  return { ...head, outcome, why: printable(why), ...(because && { because }), tookMs, trace: shown };
}

/** Control characters except tabs and line ends, noncharacters, and lone surrogates. */
const unprintable = /(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]|\r(?!\n)/gu;

/** Returns the text with unprintable characters as `\xNN`, safe for terminals and XML. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
