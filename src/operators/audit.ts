import * as v from "valibot";
import { networkOf } from "../foundation/guard/networks.ts";
import { type Checked, time } from "../foundation/schemas.ts";

/** One action of a person in a domain: who, what, when, what became of it, and from where. */
export const auditEntry = v.object({
  at: v.pipe(time, v.description("When it was asked.")),
  person: v.string(),
  role: v.picklist(["viewer", "operator"]),
  by: v.pipe(v.picklist(["token", "session", "access"]), v.description("How the person had signed in.")),
  action: v.pipe(v.string(), v.description("The `operationId` of the request; `what` has the action's own name.")),
  about: v.pipe(
    v.record(v.string(), v.string()),
    v.description(
      "Such as `confKey`, the `type` of an action and its `call`; numbers are masked, and left out with `recordsPersonal` `none`.",
    ),
  ),
  actionId: v.pipe(
    v.string(),
    v.description("The `Idempotency-Key`, or one that was made; empty: the request had a wrong one."),
  ),
  status: v.pipe(v.number(), v.description("Of the answer.")),
  refusal: v.pipe(v.nullable(v.string()), v.description("The title of its problem; null: it was done.")),
  from: v.pipe(v.string(), v.description("The address; empty where the platform tells none.")),
  count: v.pipe(
    v.exactOptional(v.number()),
    v.description(
      "How many refusals it stands for: of the same person and action, with the same answer. `about` and `actionId` are the first one's.",
    ),
  ),
  lastAt: v.pipe(v.exactOptional(time), v.description("When the last of them was asked.")),
  repeat: v.pipe(
    v.exactOptional(v.literal(true)),
    v.description(
      "The same was done before, as a rule under this Idempotency-Key: it was answered alike, and nothing was done.",
    ),
  ),
});
export type AuditEntry = Checked<typeof auditEntry>;

/** An entry as people are shown it, in the words of commands. */
export const shownAuditEntry = v.object({
  ...auditEntry.entries,
  what: v.pipe(v.string(), v.description("The action's own name, as commands have it: `mute-all`, `hand-over`.")),
});
export type ShownAuditEntry = Checked<typeof shownAuditEntry>;

/** The names of actions by the `operationId` of their request. */
const names: Readonly<Record<string, string>> = {
  ...{ acknowledgeTrouble: "acknowledge", drainBridge: "drain", undrainBridge: "undrain", handOver: "hand-over" },
  ...{
    act: "action",
    sendPassthrough: "passthrough",
  },
  ...{ setHybridData: "hybrid-data", eraseNumber: "erase" },
  resyncServer: "resync-server",
};

export function shownEntry<Entry extends AuditEntry>(entry: Entry): Entry & ShownAuditEntry {
  const { action, about } = entry;
  const what = (action === "act" ? about.type : undefined) ?? names[action] ?? action;
  return { ...entry, what };
}

/** Refusals that are alike are one entry. `null`: it is none, or nobody knows yet. */
export function refusalKind(entry: AuditEntry): string | null {
  const { person, by, action, about, status, refusal, from } = entry;
  if (refusal === null || !isOutcomeKnown(entry)) return null;
  return JSON.stringify([person, by, action, about.type, status, refusal, networkOf(from)]);
}

/** One entry for both, as the first one has it. */
export function counted(first: AuditEntry, later: AuditEntry): AuditEntry {
  return {
    ...first,
    count: (first.count ?? 1) + (later.count ?? 1),
    lastAt: Math.max(first.lastAt ?? first.at, later.lastAt ?? later.at),
  };
}

/** In an entry until its outcome is known: for good where a part failed, or the process died first. */
export const unknownOutcome = { status: 503, refusal: "failed for now" } as const;

/** Whether something was done for it, or may have been. */
export function wasDone(entry: AuditEntry): boolean {
  return !isOutcomeKnown(entry) || (entry.refusal === null && !entry.repeat);
}

export function isOutcomeKnown({ status, refusal }: AuditEntry): boolean {
  return status !== unknownOutcome.status || refusal !== unknownOutcome.refusal;
}
