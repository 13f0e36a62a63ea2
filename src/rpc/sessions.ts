import type { Session, SessionHash, SignIn } from "../operators/sessions.ts";

export type NewSession = Pick<Session, "hash" | "person" | "credential" | "from">;

export interface SignInPage {
  /** The latest first. */
  readonly signIns: readonly SignIn[];
  /** Position of the next page; `null`: last page. */
  readonly next: number | null;
}

/** The console sessions of all users, by their hashes. */
export interface SessionsRpc {
  begin(session: NewSession): Promise<Session>;
  /** Returns a session; `isUse` notes its use. `null`: none, or it has ended. */
  find(hash: SessionHash, isUse: boolean): Promise<Session | null>;
  end(hash: SessionHash, from: string): Promise<void>;
  /** Ends all sessions of a user for `by`. Returns their number. */
  endAll(person: string, by: string, from: string): Promise<number>;
  /** Returns the sessions of one user or of all, the oldest first. */
  list(person: string | null): Promise<readonly Session[]>;
  /** Notes a refused sign-in. */
  refused(from: string): Promise<void>;
  signIns(before: number | null, limit: number): Promise<SignInPage>;
}
