import type { HomeName } from "../faults.ts";
import type { Rule } from "../rules.ts";

/** What is wrong where a text of the product becomes another one. */
interface Planted {
  /**
   * The rule that finds it, and that some defect of its own breaks in a world that breaks no other. Several: chance decides which
   * one finds it.
   */
  readonly foundBy: Rule | readonly Rule[];
  /** Where the edge runs in the worlds that look for it; absent: as each seed draws. */
  readonly edge?: HomeName;
  readonly before: string;
  readonly after: string;
}

/** By file and name. */
export type DefectsByFile = Readonly<Record<string, Readonly<Record<string, Planted>>>>;

/** One defect to plant: in this file, this text becomes that one. */
export interface Defect extends Planted {
  readonly name: string;
  readonly file: string;
}

/** The file's text with the defect in it; `null`: what is to be replaced does not stand there once. */
export function plant({ before, after }: Defect, healthy: string): string | null {
  if (healthy.split(before).length !== 2 || before === after) return null;
  return healthy.replace(before, () => after);
}
