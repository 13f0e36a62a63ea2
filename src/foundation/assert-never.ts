/** The last case of a `switch` over a union: a new variant is a type error here. Only a bug calls it. */
export function assertNever(value: never): never {
  throw new Error(`unexpected variant: ${JSON.stringify(value)}`);
}
