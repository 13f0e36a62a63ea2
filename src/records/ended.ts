import type { Fact, FactRow } from "../conference/facts.ts";
import type { EpochMs } from "../foundation/ids.ts";
import type { DirectoryRecord } from "./conference-record.ts";

/** A fact, and the row that says it. */
export interface Placed<Value> {
  readonly seq: number;
  readonly at: EpochMs;
  readonly value: Value;
}

/** The records of what is over, in order. */
export function recordsIn(rows: readonly FactRow[]): readonly Placed<DirectoryRecord>[] {
  return pick(rows, (fact) => ("record" in fact ? fact.record : null));
}

/** The calls that entered, in order. */
export function entriesIn(rows: readonly FactRow[]): readonly Placed<Extract<Fact, { kind: "call-entered" }>>[] {
  return pick(rows, (fact) => (fact.kind === "call-entered" ? fact : null));
}

/** The documents that were given up, in order; of a probe nobody need know. */
export function givenUpIn(rows: readonly FactRow[]): readonly Placed<Extract<Fact, { kind: "post-given-up" }>>[] {
  return pick(rows, (fact) => (fact.kind === "post-given-up" && !fact.probe ? fact : null));
}

/** Whether the domain's directory is to be told of it. */
export function concernsDirectory(fact: Fact): boolean {
  return "record" in fact || told.has(fact.kind);
}

const told: ReadonlySet<Fact["kind"]> = new Set(["conference-requested", "call-entered", "post-given-up"]);

function pick<Value>(rows: readonly FactRow[], choose: (fact: Fact) => Value | null): Placed<Value>[] {
  return rows.flatMap(({ seq, at, facts }) =>
    facts.flatMap((fact) => {
      const value = choose(fact);
      return value === null ? [] : [{ seq, at, value }];
    }),
  );
}
