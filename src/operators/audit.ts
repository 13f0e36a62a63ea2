import * as v from "valibot";
import { type Checked, time } from "../foundation/schemas.ts";

/** One action of a person in a domain: who, what, when, what became of it, and from where. */
export const auditEntry = v.object({
  at: v.pipe(time, v.description("When it was asked.")),
  person: v.string(),
  role: v.picklist(["viewer", "operator"]),
  by: v.pipe(v.picklist(["token", "session", "access"]), v.description("How the person had signed in.")),
  action: v.pipe(v.string(), v.description("The `operationId` of the request.")),
  about: v.pipe(
    v.record(v.string(), v.string()),
    v.description("Such as `confKey`, the `type` of an action and its `call`; numbers are masked."),
  ),
  actionId: v.pipe(
    v.string(),
    v.description("The `Idempotency-Key`, or one that was made; empty: the request had a wrong one."),
  ),
  status: v.pipe(v.number(), v.description("Of the answer.")),
  refusal: v.pipe(v.nullable(v.string()), v.description("The title of its problem; null: it was done.")),
  from: v.pipe(v.string(), v.description("The address; empty where the platform tells none.")),
});
export type AuditEntry = Checked<typeof auditEntry>;

/** In an entry until its outcome is known: for good where a part failed, or the process died first. */
export const unknownOutcome = { status: 503, refusal: "failed for now" } as const;

export function isOutcomeKnown({ status, refusal }: AuditEntry): boolean {
  return status !== unknownOutcome.status || refusal !== unknownOutcome.refusal;
}
