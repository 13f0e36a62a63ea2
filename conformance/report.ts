import { allClauses } from "./clauses/all.ts";
import { plainTerminal, type Terminal } from "./doors/foundation.ts";
import type { ClauseResult } from "./run.ts";

export interface Report {
  readonly adapter: string;
  /** The adapter's version, settings and bridge; the kit's version. */
  readonly tested: Readonly<Record<string, string>>;
  /** Telephones and options of the run. */
  readonly conditions: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tookMs: number;
  readonly results: readonly ClauseResult[];
  /** Sentences about the whole run, such as a wrong address. */
  readonly notes: readonly string[];
}

const documented = allClauses.filter(({ standing }) => standing === "documented").length;
const outcomes = { passed: "passed", failed: "FAILED", "not-testable": "not testable" } as const;

/** Report for programs. `id`, `standing`, `outcome` and `why` of a clause never change their form. */
export function jsonReport({ startedAt, results, ...report }: Report): string {
  const clauses = results.map(({ id, standing, outcome, why, ...rest }) => ({ id, standing, outcome, why, ...rest }));
  const verdict = verdictOf(results);
  return `${JSON.stringify({ ...report, startedAt: new Date(startedAt).toISOString(), verdict, clauses }, null, 1)}\n`;
}

/** Report for readers: failures with their traffic, one line for each clause, then the result. */
export function textReport(report: Report, terminal: Terminal = plainTerminal): string {
  const { results, notes, adapter, tested, conditions, startedAt, tookMs } = report;
  const failed = results.filter(({ outcome }) => outcome === "failed");
  // Shows the traffic once for all clauses with the same failure.
  const alike = [...Map.groupBy(failed, ({ why }) => why.replace(/"[^"]*"|\S*\d\S*/g, "…")).values()];
  const day = `${new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")} UTC, ${(tookMs / 1000).toFixed(1)} s`;
  const facts = Object.entries({ adapter, ...tested, ...conditions, day }).filter(([, value]) => value !== "");
  return [
    ...notes.flatMap((note) => [terminal.style("red", note), ""]),
    ...alike.flatMap((those) => [...failure(those, terminal), ""]),
    ...results.flatMap((result) => line(result, terminal)),
    "",
    ...facts.map(([name, value]) => `${name}: ${value}`),
    "",
    ...notes,
    verdictOf(results),
    "",
  ].join("\n");
}

/** Longer documents are cut in the text report. */
const MOST_CHARACTERS = 4_000;

function failure(those: readonly ClauseResult[], terminal: Terminal): string[] {
  const [shown, ...others] = those;
  if (!shown) return [];
  return [
    terminal.style("red", `${shown.id} (${shown.standing}): ${shown.title}`),
    `    why: ${shown.why}`,
    `    see: ${shown.reference}`,
    ...(others.length > 0 ? [`    alike: ${others.map(({ id }) => id).join(" ")}`] : []),
    ...shown.trace.flatMap(({ at, from, to, title, body }) => [
      `    ${new Date(at).toISOString().slice(11, 23)}  ${from} → ${to}: ${title}`,
      ...(body === "" ? [] : [terminal.style("dim", `                  ${cut(body).replaceAll("\n", " ")}`)]),
    ]),
  ];
}

function cut(body: string): string {
  return body.length > MOST_CHARACTERS ? `${body.slice(0, MOST_CHARACTERS)}… (${body.length} characters)` : body;
}

function line({ id, standing, title, outcome, why }: ClauseResult, terminal: Terminal): string[] {
  const style = outcome === "failed" ? "red" : outcome === "passed" ? "green" : "dim";
  const mark = standing === "documented" ? "" : ` (${standing})`;
  const head = `${terminal.style(style, outcomes[outcome].padEnd(12))}  ${id.padEnd(6)}  ${title}${mark}`;
  return why === "" ? [head] : [head, `                      ${why}`];
}

/** Returns the result of the documented clauses. Names each clause without a result. */
function verdictOf(results: readonly ClauseResult[]): string {
  const chosen = results.filter(({ standing }) => standing === "documented");
  const ids = (outcome: ClauseResult["outcome"], because?: ClauseResult["because"]) =>
    chosen.filter((one) => one.outcome === outcome && one.because === because).map(({ id }) => id);
  const [passed, failed, untested] = [ids("passed"), ids("failed"), named(ids("not-testable"), "not tested")];
  const unseen = named(ids("not-testable", "unobservable"), "cannot be observed");
  const rest = `${untested}${unseen}${named(ids("not-testable", "nothing"), "had nothing to check")}`;
  const of = `${documented} documented clauses`;
  if (chosen.length < documented) {
    const tried = chosen.filter(({ kind }) => kind === "played");
    const open = tried.flatMap(({ id, outcome }) => (outcome === "not-testable" ? id : []));
    const played = tried.length - open.length;
    const all = failed.length > 0 ? named(failed, "failed") : played > 0 ? ", all passed" : "";
    return `${played} of ${of} played (--only)${all}${named(open, "not tested")}; no result for the others`;
  }
  if (failed.length > 0) return `does not conform: ${failed.length} of ${of} failed, ${passed.length} passed${rest}`;
  const word = untested === "" ? "conforms" : "not shown to conform";
  return `${word}: ${passed.length} of ${of} passed, none failed${rest}`;
}

function named(ids: readonly string[], what: string): string {
  return ids.length === 0 ? "" : `; ${ids.length} ${what} (${ids.join(", ")})`;
}

/** True if a documented clause passed and none failed. Decides the exit code. */
export function isWithoutFailure(results: readonly ClauseResult[]): boolean {
  const outcomesOf = results.filter(({ standing }) => standing === "documented").map(({ outcome }) => outcome);
  return outcomesOf.includes("passed") && !outcomesOf.includes("failed");
}
