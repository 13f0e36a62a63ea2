import { budgets } from "../../src/foundation/guard/budgets.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import {
  IDLE_MS,
  isOver,
  SEEN_EVERY_MS,
  SESSION_MS,
  type Session,
  type SessionHash,
  type SignIn,
} from "../../src/operators/sessions.ts";
import type { NewSession, SessionsRpc, SignInPage } from "../../src/rpc/sessions.ts";
import type { Platform, SqlRow } from "../platform/platform.ts";
import { PersonQuota } from "../platform/tables/person-quota.ts";

/** The record of sign-ins. */
const SIGN_INS_KEPT_MS = 400 * dayMs;
/** More are nobody's honest use; the oldest one ends. */
const MAX_SESSIONS_EACH = 100;

const tables = [
  "CREATE TABLE IF NOT EXISTS session (hash TEXT PRIMARY KEY, person TEXT NOT NULL, credential TEXT NOT NULL, begun_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, address TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS sign_in (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, person TEXT NOT NULL, outcome TEXT NOT NULL, of TEXT, address TEXT NOT NULL)",
];

/** The sessions of all people, by hashes, and the record of sign-ins. */
export class Sessions implements SessionsRpc {
  readonly #ports: Pick<Platform, "sql" | "now">;
  readonly #quota: PersonQuota;

  constructor(ports: Pick<Platform, "sql" | "now">) {
    this.#ports = ports;
    for (const table of tables) ports.sql.exec(table);
    const ofRefusals = { person: "person", deletable: "outcome = 'refused'", most: budgets.refusedSignIns.most };
    this.#quota = new PersonQuota(ports.sql, { table: "sign_in", ...ofRefusals });
  }

  async begin({ hash, person, credential, from }: NewSession): Promise<Session> {
    const { sql, now } = this.#ports;
    const at = now();
    sql.transaction(() => {
      sql.exec("DELETE FROM session WHERE begun_at <= ? OR seen_at <= ?", at - SESSION_MS, at - IDLE_MS);
      const others = this.#ofPerson(person);
      for (const { hash: oldest } of others.slice(0, Math.max(0, others.length - MAX_SESSIONS_EACH + 1))) {
        sql.exec("DELETE FROM session WHERE hash = ?", oldest);
      }
      sql.exec("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", hash, person, credential, at, at, from);
      this.#note({ at, person, outcome: "signed-in", from });
    });
    return { hash, person, credential, begunAt: at, seenAt: at, from };
  }

  async find(hash: SessionHash, isUse: boolean): Promise<Session | null> {
    const { sql, now } = this.#ports;
    const [row] = sql.exec("SELECT * FROM session WHERE hash = ?", hash);
    if (!row) return null;
    const session = sessionOf(row);
    const at = now();
    if (isOver(session, at)) {
      sql.exec("DELETE FROM session WHERE hash = ?", hash);
      return null;
    }
    if (!isUse || Math.abs(at - session.seenAt) < SEEN_EVERY_MS) return session;
    sql.exec("UPDATE session SET seen_at = ? WHERE hash = ?", at, hash);
    return { ...session, seenAt: at };
  }

  async end(hash: SessionHash, from: string): Promise<void> {
    const { sql, now } = this.#ports;
    const [row] = sql.exec("DELETE FROM session WHERE hash = ? RETURNING person", hash);
    if (row) this.#note({ at: now(), person: String(row.person), outcome: "signed-out", from });
  }

  async endAll(person: string, by: string, from: string): Promise<number> {
    const { sql, now } = this.#ports;
    return sql.transaction(() => {
      const ended = sql.exec("DELETE FROM session WHERE person = ? RETURNING hash", person).length;
      if (ended > 0) this.#note({ at: now(), person: by, outcome: "sessions-ended", of: person, from });
      return ended;
    });
  }

  async list(person: string | null): Promise<readonly Session[]> {
    const { sql, now } = this.#ports;
    const at = now();
    const all =
      person === null
        ? sql.exec("SELECT * FROM session ORDER BY begun_at, hash").map(sessionOf)
        : this.#ofPerson(person);
    return all.filter((session) => !isOver(session, at));
  }

  async refused(from: string): Promise<void> {
    this.#note({ at: this.#ports.now(), person: "", outcome: "refused", from });
  }

  async signIns(before: number | null, limit: number): Promise<SignInPage> {
    const { sql } = this.#ports;
    const rows = sql.exec(
      "SELECT * FROM sign_in WHERE id < ? ORDER BY id DESC LIMIT ?",
      before ?? Number.MAX_SAFE_INTEGER,
      limit + 1,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return { signIns: shown.map(signInOf), next: rows.length > limit && last ? Number(last.id) : null };
  }

  /** Part of a transaction of its caller, or of none. What is too old goes ten rows at a time, so that no deletion is long. */
  #note({ at, person, outcome, of, from }: SignIn): void {
    const { sql } = this.#ports;
    sql.exec(
      "INSERT INTO sign_in (at, person, outcome, of, address) VALUES (?, ?, ?, ?, ?)",
      ...[at, person, outcome, of ?? null, from],
    );
    if (outcome === "refused") this.#quota.added();
    const old = sql.exec(
      "DELETE FROM sign_in WHERE id IN (SELECT id FROM sign_in ORDER BY id LIMIT 10) AND at <= ? RETURNING id",
      this.#ports.now() - SIGN_INS_KEPT_MS,
    );
    if (old.length > 0) this.#quota.reset();
  }

  #ofPerson(person: string): readonly Session[] {
    return this.#ports.sql
      .exec("SELECT * FROM session WHERE person = ? ORDER BY begun_at, hash", person)
      .map(sessionOf);
  }
}

function sessionOf({ hash, person, credential, begun_at, seen_at, address }: SqlRow): Session {
  return {
    hash: String(hash),
    person: String(person),
    credential: String(credential),
    begunAt: Number(begun_at) as EpochMs,
    seenAt: Number(seen_at) as EpochMs,
    from: String(address),
  };
}

function signInOf({ at, person, outcome, of, address }: SqlRow): SignIn {
  return {
    at: Number(at),
    person: String(person),
    outcome: outcome as SignIn["outcome"],
    ...(of !== null && { of: String(of) }),
    from: String(address),
  };
}
