import type { EpochMs } from "../foundation/ids.ts";
import type { Role } from "./people.ts";

/** One action of a person in a domain: who, what, when, what became of it, and from where. */
export interface AuditEntry {
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
