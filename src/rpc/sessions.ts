import type { Session, SessionHash, SignIn } from "../operators/sessions.ts";

export type NewSession = Pick<Session, "hash" | "person" | "credential" | "from">;

export interface SignInPage {
  /** The latest first. */
  readonly signIns: readonly SignIn[];
  /** The place of the next page; `null`: there are no more. */
  readonly next: number | null;
}

/** The sessions of all people who sign in at the console, by their hashes. */
export interface SessionsRpc {
  begin(session: NewSession): Promise<Session>;
  /** `null`: there is none, or it has ended. What is found counts as used. */
  find(hash: SessionHash): Promise<Session | null>;
  end(hash: SessionHash, from: string): Promise<void>;
  /** How many were ended. `by`: who wants it. */
  endAll(person: string, by: string, from: string): Promise<number>;
  /** Those of one person, or of all; the oldest first. */
  list(person: string | null): Promise<readonly Session[]>;
  /** An attempt to sign in came to nothing. */
  refused(from: string): Promise<void>;
  signIns(before: number | null, limit: number): Promise<SignInPage>;
}
