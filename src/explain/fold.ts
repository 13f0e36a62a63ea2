import type { SingleFact } from "../conference/facts.ts";

export type FactOf<Kind extends SingleFact["kind"]> = Extract<SingleFact, { kind: Kind }>;

/** What a view does with each kind of fact that it reads. */
export type Fold<Rest extends readonly unknown[], Result = void> = {
  readonly [Kind in SingleFact["kind"]]?: (fact: FactOf<Kind>, ...rest: Rest) => Result;
};

/** `undefined`: the view does not read facts of this kind. */
export function fold<Rest extends readonly unknown[], Result>(
  kinds: Fold<Rest, Result>,
  fact: SingleFact,
  ...rest: Rest
): Result | undefined {
  const read = kinds[fact.kind] as ((fact: SingleFact, ...rest: Rest) => Result) | undefined;
  return read?.(fact, ...rest);
}
