import type { IdBlock } from "../../src/rpc.ts";

/** Thrown within a transaction, which is then taken back: more numbers have to be fetched first. */
export class NumbersRunOut extends Error {}

/** Numbers of one kind that are at hand, in blocks as the number pool gave them out. */
export type Reserve = readonly IdBlock[];

export function left(reserve: Reserve): number {
  return reserve.reduce((sum, block) => sum + block.end - block.first, 0);
}

/** The next number as text, and what is left after it. */
export function next(reserve: Reserve): { readonly id: string; readonly rest: Reserve } {
  const [block, ...others] = reserve;
  if (!block) throw new NumbersRunOut("no number is at hand");
  const used = { ...block, first: block.first + 1 };
  return { id: String(block.first).padStart(11, "0"), rest: used.first < used.end ? [used, ...others] : others };
}
