import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, described, time } from "../foundation/schemas.ts";
import { hmacSha256, indexOfEqual, sha256 } from "../foundation/secrets.ts";
import { hourMs } from "../foundation/time/timers.ts";
import type { Credential } from "./people.ts";

/** Limits of a session's whole time and idle time. */
export const SESSION_MS = 12 * hourMs;
export const IDLE_MS = hourMs;
/** Uses within this time are not stored again, because each costs a row. */
export const SEEN_EVERY_MS = 60_000;

/** Cookie names. By https or from this machine it has the prefix `__Host-`, so other sites of the same domain cannot set it. */
export const sessionCookie = "bridgehead-session";

/** SHA-256 of a session's ID. Only the hash is stored. */
export type SessionHash = string;

export interface Session {
  readonly hash: SessionHash;
  readonly person: string;
  /** Hash of its token. Without the token, the session ends. */
  readonly credential: Credential;
  readonly begunAt: EpochMs;
  /** To a minute. */
  readonly seenAt: EpochMs;
  /** The address from which it began. */
  readonly from: string;
}

/** When it ends if it is not used. */
export function sessionEnd({ begunAt, seenAt }: Pick<Session, "begunAt" | "seenAt">): EpochMs {
  return Math.min(begunAt + SESSION_MS, seenAt + IDLE_MS);
}

/** Also ends a session from the future: a clock that was set back must not extend it. */
export function isOver(session: Session, now: EpochMs): boolean {
  return now >= sessionEnd(session) || now < session.begunAt - SEEN_EVERY_MS;
}

/** The cookie: the ID, and a seal. Without a valid seal, no object is asked. */
export async function newSessionText(key: string): Promise<{ readonly text: string; readonly hash: SessionHash }> {
  const id = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  return { text: `${id}.${await hmacSha256(key, id)}`, hash: await sha256(id) };
}

/** The hash of a cookie's session; `null`: the cookie is not ours. */
export async function sessionHashOf(key: string, text: string): Promise<SessionHash | null> {
  const [, id, seal] = /^([\w-]{43})\.([0-9a-f]{64})$/.exec(text) ?? [];
  if (id === undefined || seal === undefined) return null;
  return indexOfEqual([await hmacSha256(key, id)], seal) === 0 ? sha256(id) : null;
}

export const addressFrom = described(v.string(), "The client's address; empty if unknown.");

/** One line of the record of sign-ins. */
export const signIn = v.object({
  at: time,
  person: described(v.string(), "Empty for an unauthenticated client."),
  outcome: v.picklist(["signed-in", "refused", "signed-out", "sessions-ended"]),
  of: described(v.optional(v.string()), "Whose sessions were ended."),
  from: addressFrom,
});
export type SignIn = Checked<typeof signIn>;
