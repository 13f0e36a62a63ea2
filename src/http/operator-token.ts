import { isOneOf } from "./is-one-of.ts";

/** Whether an Authorization header carries the operator's token. Without a configured token nobody is the operator. */
export async function isOperator(authorization: string | undefined, token: string): Promise<boolean> {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  // What was given is never empty, so it never fits an empty token.
  return given !== undefined && isOneOf([token], given);
}
