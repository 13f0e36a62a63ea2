import type { HomeName } from "../faults.ts";
import type { Often } from "../often.ts";
import type { Rule } from "../rules.ts";

/** What is wrong where a text of the product becomes another one. */
interface Planted {
  /** The rule that finds it in the world of its stored seed. */
  readonly foundBy: Rule;
  /** Where the edge runs in the worlds that look for it; absent: as each seed draws. */
  readonly edge?: HomeName;
  /** What happens in those worlds more often than usual. */
  readonly often?: readonly Often[];
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
export function plant({ before, after }: Pick<Defect, "before" | "after">, healthy: string): string | null {
  if (healthy.split(before).length !== 2 || before === after) return null;
  return healthy.replace(before, () => after);
}
