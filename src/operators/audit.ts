import type { EpochMs } from "../foundation/ids.ts";
import type { Role } from "./people.ts";

/** One action of a person in a domain: who, what, when, what became of it, and from where. */
export interface AuditEntry {
  /** When it was asked. */
  readonly at: EpochMs;
  readonly person: string;
  readonly role: Role;
  /** How the person had signed in. */
  readonly by: "token" | "session" | "access";
  /** The operation's name in the API, such as `sendPassthrough`. */
  readonly action: string;
  /** What it was about, by the names of its path and what its route adds: `{"confKey": "987654321"}`. */
  readonly about: Readonly<Record<string, string>>;
  /** The `Idempotency-Key`, or one that was made. */
  readonly actionId: string;
  /** The status of the answer, and, of a refusal, its title. */
  readonly status: number;
  readonly refusal: string | null;
  /** The address as it was seen; empty where the platform tells none. */
  readonly from: string;
}

/** In an entry until its outcome is known: for good where a part failed, or the process died first. */
export const unknownOutcome = { status: 503, refusal: "failed for now" } as const;

export function isOutcomeKnown({ status, refusal }: AuditEntry): boolean {
  return status !== unknownOutcome.status || refusal !== unknownOutcome.refusal;
}
