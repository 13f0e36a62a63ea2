/** Makes a `switch` over a union complete: a new variant is a type error here. Only a bug reaches it at run time. */
export function assertNever(value: never): never {
  throw new Error(`unexpected variant: ${JSON.stringify(value)}`);
}
