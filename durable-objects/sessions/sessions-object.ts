import { DurableObject } from "cloudflare:workers";
import type { Session, SessionHash } from "../../src/operators/sessions.ts";
import type { NewSession, SessionsRpc, SignInPage } from "../../src/rpc/sessions.ts";
import { type Env, platformOf } from "../platform/platform.ts";
import { Sessions } from "./sessions.ts";

/** The sessions of operators, on the platform. There is one. */
export class SessionsObject extends DurableObject<Env> implements SessionsRpc {
  readonly #sessions = new Sessions(platformOf(this.ctx, this.env));

  begin(session: NewSession): Promise<Session> {
    return this.#sessions.begin(session);
  }

  find(hash: SessionHash): Promise<Session | null> {
    return this.#sessions.find(hash);
  }

  end(hash: SessionHash, from: string): Promise<void> {
    return this.#sessions.end(hash, from);
  }

  endAll(person: string, by: string, from: string): Promise<number> {
    return this.#sessions.endAll(person, by, from);
  }

  list(person: string | null): Promise<readonly Session[]> {
    return this.#sessions.list(person);
  }

  refused(from: string): Promise<void> {
    return this.#sessions.refused(from);
  }

  signIns(before: number | null, limit: number): Promise<SignInPage> {
    return this.#sessions.signIns(before, limit);
  }
}
