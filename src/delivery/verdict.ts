import { err, ok, type Result } from "../foundation/result.ts";

/** What came of one HTTP request; that it went wrong is an outcome like others. */
export type HttpOutcome =
  | { readonly kind: "answered"; readonly status: number; readonly body: Uint8Array }
  | { readonly kind: "failed"; readonly reason: string };

/** What the receiver says of a document. */
export interface Confirmation {
  readonly transId: string;
  readonly result: number;
}

/**
 * Whether WebEx has the transaction: any Confirmation of this TransID says so, also one with a code other than 0
 * (protocol T42). Everything else is a failed attempt, a redirect too, since it would be followed without the body.
 */
export function judge(
  outcome: HttpOutcome,
  transId: string,
  readConfirmation: (body: Uint8Array) => Result<Confirmation, string>,
): Result<Confirmation, string> {
  const body = successfulBody(outcome);
  if (!body.ok) return body;
  const confirmation = readConfirmation(body.value);
  if (!confirmation.ok || confirmation.value.transId === transId) return confirmation;
  return err(`the Confirmation is for TransID ${confirmation.value.transId}`);
}

/** The body of an answer with a status of 200 to 299. */
export function successfulBody(outcome: HttpOutcome): Result<Uint8Array, string> {
  if (outcome.kind === "failed") return err(outcome.reason);
  if (outcome.status < 200 || outcome.status > 299) return err(`HTTP status ${outcome.status}`);
  return ok(outcome.body);
}
