import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, described, time } from "../foundation/schemas.ts";
import { hmacSha256, indexOfEqual, sha256 } from "../foundation/secrets.ts";
import { hourMs } from "../foundation/time/timers.ts";
import type { Credential } from "./people.ts";

/** A session ends so long after its start, and so long after it was last used. */
export const SESSION_MS = 12 * hourMs;
export const IDLE_MS = hourMs;
/** Its use is written down no more often: each time is a row. */
export const SEEN_EVERY_MS = 60_000;

/** How the browser names it: behind `__Host-` where it comes by https, or from this machine. No other site under the same name can set that one. */
export const sessionCookie = "bridgehead-session";

/** The SHA-256 of a session's id, which alone is kept. */
export type SessionHash = string;

export interface Session {
  readonly hash: SessionHash;
  readonly person: string;
  /** By which token it began: with that it ends. */
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

/** Also not before its start: a clock that was set back must not make it longer. */
export function isOver(session: Session, now: EpochMs): boolean {
  return now >= sessionEnd(session) || now < session.begunAt - SEEN_EVERY_MS;
}

/** What the cookie holds: the id, and a seal without which no object is asked whether there is such a session. */
export async function newSessionText(key: string): Promise<{ readonly text: string; readonly hash: SessionHash }> {
  const id = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  return { text: `${id}.${await hmacSha256(key, id)}`, hash: await sha256(id) };
}

/** The hash of the session that a cookie names; `null`: no session of ours has that cookie. */
export async function sessionHashOf(key: string, text: string): Promise<SessionHash | null> {
  const [, id, seal] = /^([\w-]{43})\.([0-9a-f]{64})$/.exec(text) ?? [];
  if (id === undefined || seal === undefined) return null;
  return indexOfEqual([await hmacSha256(key, id)], seal) === 0 ? sha256(id) : null;
}

export const addressFrom = described(v.string(), "The address as it was seen; empty where the platform tells none.");

/** One line of the record of sign-ins. */
export const signIn = v.object({
  at: time,
  person: described(v.string(), "Empty for somebody whom nobody knows."),
  outcome: v.picklist(["signed-in", "refused", "signed-out", "sessions-ended"]),
  of: described(v.optional(v.string()), "Whose sessions were ended."),
  from: addressFrom,
});
export type SignIn = Checked<typeof signIn>;
