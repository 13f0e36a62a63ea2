import * as v from "valibot";
import { type Checked, described, time } from "../foundation/schemas.ts";

const auditOutcome = v.object({
  status: described(v.number(), "Of the answer."),
  refusal: described(v.nullable(v.string()), "The title of its problem; null: it was done."),
  repeat: described(
    v.exactOptional(v.literal(true)),
    "A repeat under this Idempotency-Key, with the same answer. Nothing was done.",
  ),
});
export type AuditOutcome = Checked<typeof auditOutcome>;

/** One action of a user in a domain: who, what, when, from where, and its outcome. */
export const auditEntry = v.object({
  at: described(time, "When it was asked."),
  person: v.string(),
  role: v.picklist(["viewer", "operator"]),
  by: described(v.picklist(["token", "session", "access"]), "How the user had signed in."),
  action: described(v.string(), "As commands name it: `mute-all`, `hand-over`."),
  about: described(
    v.record(v.string(), v.string()),
    "Such as `confKey` and `call`; numbers are masked, and left out with `recordsPersonal` `none`.",
  ),
  actionId: described(v.string(), "The `Idempotency-Key`, or a new ID; empty: the request had a wrong one."),
  from: described(v.string(), "The address; empty if the platform does not say."),
  ...auditOutcome.entries,
});
export type AuditEntry = Checked<typeof auditEntry>;
/** An action before its outcome is known. */
export type AuditedAction = Omit<AuditEntry, keyof AuditOutcome>;
