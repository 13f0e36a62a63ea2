import type { Boost } from "../context.ts";
import type { RuntimeName } from "../faults.ts";
import type { Rule } from "../rules.ts";

/** The rule that finds a planted defect in the world of its stored seed, and the worlds to search. */
export interface Detection {
  readonly foundBy: Rule;
  /** The edge's runtime in these worlds. If absent, the seed chooses it. */
  readonly edge?: RuntimeName;
  readonly boosts?: readonly Boost[];
}

interface Replacement extends Detection {
  readonly before: string;
  readonly after: string;
}

/** Defects by file, then by name. */
export type DefectsByFile = Readonly<Record<string, Readonly<Record<string, Replacement>>>>;

/** A defect to plant in a file. */
export interface Defect extends Replacement {
  readonly name: string;
  readonly file: string;
}

/** Returns the file's text with the defect; `null` if `before` does not occur exactly once, or equals `after`. */
export function plant({ before, after }: Pick<Defect, "before" | "after">, healthy: string): string | null {
  if (healthy.split(before).length !== 2 || before === after) return null;
  return healthy.replace(before, () => after);
}
