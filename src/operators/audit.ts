import * as v from "valibot";
import { type Checked, time } from "../foundation/schemas.ts";

const outcome = {
  status: v.pipe(v.number(), v.description("Of the answer.")),
  refusal: v.pipe(v.nullable(v.string()), v.description("The title of its problem; null: it was done.")),
  repeat: v.pipe(
    v.exactOptional(v.literal(true)),
    v.description("Done before under this Idempotency-Key: answered alike, and nothing was done."),
  ),
};
const auditOutcome = v.object(outcome);
export type AuditOutcome = Checked<typeof auditOutcome>;

/** One action of a user in a domain: who, what, when, from where, and its outcome. */
export const auditEntry = v.object({
  at: v.pipe(time, v.description("When it was asked.")),
  person: v.string(),
  role: v.picklist(["viewer", "operator"]),
  by: v.pipe(v.picklist(["token", "session", "access"]), v.description("How the user had signed in.")),
  action: v.pipe(v.string(), v.description("As commands name it: `mute-all`, `hand-over`.")),
  about: v.pipe(
    v.record(v.string(), v.string()),
    v.description("Such as `confKey` and `call`; numbers are masked, and left out with `recordsPersonal` `none`."),
  ),
  actionId: v.pipe(
    v.string(),
    v.description("The `Idempotency-Key`, or one that was made; empty: the request had a wrong one."),
  ),
  from: v.pipe(v.string(), v.description("The address; empty if the platform does not say.")),
  ...outcome,
});
export type AuditEntry = Checked<typeof auditEntry>;
/** An action before its outcome is known. */
export type AuditedAction = Omit<AuditEntry, keyof AuditOutcome>;
