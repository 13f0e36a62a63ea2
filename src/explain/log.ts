import type { Fact, FactKind } from "../conference/facts.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";

/** One line for operations staff. */
export interface FactLine extends LogFacts {
  readonly level: "info" | "warn";
  readonly event: string;
}

/** Facts that operations staff watch. Each is counted, as `bridgehead_outcomes_total`. */
export const outcomes = [
  "conference-created",
  "conference-not-created",
  "conference-taken-over",
  "conference-ended",
  "call-entered",
  "call-left",
  "call-out-denied",
  "command-failed",
] as const satisfies readonly FactKind[];

/** As these were counted up to version 0.1; version 0.2 counts both. */
export const formerOutcomes = { "call-entered": "caller-entered", "call-left": "caller-left" } as const;

/** What these facts add to the counts, each as often as it comes. */
export function outcomesOf(facts: readonly Fact[]): readonly string[] {
  return facts.flatMap((fact) => {
    const kind = outcomes.find((outcome) => outcome === fact.kind);
    if (fact.kind === "command-expired") return ["command-failed"];
    if (!kind || !isTrouble(fact)) return [];
    if (kind === "call-entered") return [kind, formerOutcomes[kind]];
    // The calls that ended with their conference were not counted under the former name.
    if (kind === "call-left") return [kind, ...(isWithConference(fact) ? [] : [formerOutcomes[kind]])];
    return [kind];
  });
}

/** The lines of the log for these facts. What ends with its conference has no line of its own. */
export function logLines(facts: readonly Fact[]): readonly FactLine[] {
  const lines = facts.flatMap((fact) => lineOf(fact) ?? []);
  const repairs = facts.flatMap((fact) => (fact.kind === "repaired" ? [fact.what] : []));
  if (repairs.length === 0) return lines;
  const kinds = Object.entries(Object.groupBy(repairs, (what) => what));
  return [...lines, line("repair", Object.fromEntries(kinds.map(([what, found]) => [what, found?.length])))];
}

function lineOf(fact: Fact): FactLine | null {
  switch (fact.kind) {
    case "conference-created":
    case "conference-taken-over":
      return line(fact.kind, { extConfId: fact.extConfId, host: fact.host });
    case "conference-not-created":
      return trouble(fact.kind, { why: fact.why });
    case "conference-ended":
      return line(fact.kind, { by: fact.why === "lost" ? "lost" : fact.endedBy, callers: fact.callers });
    case "call-entered":
      return line(fact.kind, { call: fact.call, number: fact.number, dialled: fact.direction === "out" });
    case "call-left":
      return isWithConference(fact) ? null : line(fact.kind, { call: fact.call, why: fact.why });
    case "call-turned-away":
      return line(fact.kind, { call: fact.call, number: fact.number, why: fact.why });
    case "call-out-denied":
      return trouble(fact.kind, { country: fact.country, number: fact.number });
    case "host-refused":
      return trouble(fact.kind, { host: fact.host, message: fact.type, why: fact.why });
    case "command-failed":
      if (!isTrouble(fact)) return null;
      return trouble(fact.kind, { commandId: fact.command, command: fact.type, why: fact.why });
    case "command-expired":
      return trouble("command-failed", { commandId: fact.command, command: fact.type, why: "too-late" });
    case "noted":
      return line("note", { note: fact.text });
    default:
      return null;
  }
}

/** Who hangs up while a command is on its way makes no trouble, and a late failure follows a line that says so. */
function isTrouble(fact: Fact): boolean {
  if (fact.kind !== "command-failed") return true;
  return !fact.late && fact.why !== "no-such-call" && fact.why !== "conference-over";
}

function isWithConference(fact: Fact): boolean {
  return fact.kind === "call-left" && fact.why === "conference-ended";
}

function line(event: string, about: LogFacts): FactLine {
  return { level: "info", event, ...about };
}

function trouble(event: string, about: LogFacts): FactLine {
  return { level: "warn", event, ...about };
}
