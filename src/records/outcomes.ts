import type { FactKind } from "../conference/facts.ts";

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

type Outcome = (typeof outcomes)[number];
/** How often each has come; absent: never. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

/** What a fact says, as far as it matters here; conferences and directories have it alike. */
export interface SaidFact {
  readonly kind: FactKind;
  readonly why?: unknown;
  readonly late?: unknown;
  readonly record?: { readonly reason: string };
}

/** What this fact adds to the counts. */
export function outcomesOf(fact: SaidFact): readonly Outcome[] {
  if (fact.kind === "command-expired") return ["command-failed"];
  const kind = outcomes.find((outcome) => outcome === fact.kind);
  return kind && isTrouble(fact) ? [kind] : [];
}

/** Who hangs up while a command is on its way makes no trouble, and a late failure follows a fact that says so. */
export function isTrouble({ kind, late, why }: SaidFact): boolean {
  return kind !== "command-failed" || (!late && why !== "no-such-call" && why !== "conference-over");
}

export function isWithConference({ kind, record }: SaidFact): boolean {
  return kind === "call-left" && record?.reason === "conference-ended";
}

export function outcomeCounts(of: (name: Outcome) => number): OutcomeCounts {
  return Object.fromEntries(outcomes.map((name) => [name, of(name)] as const).filter(([, count]) => count > 0));
}
