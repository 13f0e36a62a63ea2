import { DatabaseSync } from "node:sqlite";
import type { Values } from "../wire/codec.ts";

/** Meeting, training, event, sales, support, audio-only. */
export type ServiceCode = "MC" | "TC" | "EC" | "SaC" | "SC" | "AO";

/** Ways to join the audio. */
export const calls = ["none", "call-in", "toll-free", "call-out", "call-out-international", "voip"] as const;

export type CredentialKind = "session-ticket" | "login-ticket" | "access-token" | "cookie";

/** `part`: attendee, host, presenter, panelist, prospect, limited. `person`: the fields of a person. */
export interface Person {
  readonly part: string;
  readonly name: string;
  readonly email: string;
  readonly joinStatus: string;
  readonly registerId: number | null;
  readonly call: (typeof calls)[number];
  readonly person: Values;
}

/** Common fields of scheduled and past sessions. `settings`: the fields of the operation that created it. */
interface Held {
  service: ServiceCode;
  hostId: number;
  settings: Values;
}

interface Documents {
  site: { rateLimit: number; settings: Values };
  /** `profile`: the fields of setUser. */
  user: {
    password: string;
    role: "admin" | "view-only" | "host";
    registeredAt: number;
    visits: number;
    profile: Values;
  };
  credential: { value: string; kind: CredentialKind; userId: number; lastUsed: number };
  /** `startedAt`: `null` unless it is in progress. */
  session: Held & { confId: number; startedAt: number | null; isLocked: boolean; hostKey: string };
  attendee: Person & { sessionKey: number; joinedAt: number | null };
  past: Held & {
    sessionKey: number;
    name: string;
    type: number;
    startedAt: number;
    endedAt: number;
    people: readonly (Person & { readonly joinedAt: number; readonly leftAt: number })[];
  };
  recording: Omit<Held, "settings"> & {
    name: string;
    createdAt: number;
    seconds: number;
    isPublic: boolean;
    views: readonly (Pick<Person, "name" | "email"> & { readonly at: number; readonly downloaded: number })[];
  };
  lab: { name: string; description: string; computers: number };
  reservation: { lab: string; name: string; hostId: number; startsAt: number; endsAt: number; computers: number };
  test: { sessionKey: number; title: string; fields: Values; results: readonly Values[] };
  product: { name: string; description: string };
  contact: { ownerId: number; name: string; email: string };
  file: { ownerId: number; folder: string; name: string; bytes: number };
  computer: { ownerId: number; name: string; state: string };
  /** A field of a registration form. */
  field: { sessionKey: number; kind: string; given: Values };
  mail: { at: number; receiver: string; about: string };
  request: {
    at: number;
    way: "xml" | "page";
    operation: string;
    webExId: string;
    result: string;
    detail: string | null;
  };
}

export type ThingKind = keyof Documents;

/** Everything that the site stores, by kind, as JSON documents. Times are milliseconds since 1970. */
export type Things = { readonly [K in ThingKind]: Readonly<Documents[K]> & { readonly key: number } };

export const kinds: readonly string[] = (
  "site user credential session attendee past recording lab reservation test product contact file computer field " +
  "mail request"
).split(" ");

/** Stores the documents of a site in a file or in memory. */
export class Store {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    // Only a crash of the machine loses data.
    this.#db.exec(`PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS thing (kind TEXT, key INTEGER, doc TEXT, PRIMARY KEY (kind, key));
      CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER)`);
  }

  close(): void {
    this.#db.close();
  }

  clear(): void {
    this.#db.exec("DELETE FROM thing; DELETE FROM counter");
  }

  /** Returns the things with these values, in the order of their keys. */
  all<K extends ThingKind>(kind: K, values: Partial<Things[K]> = {}): readonly Things[K][] {
    const rows = this.#db.prepare("SELECT doc FROM thing WHERE kind = ? ORDER BY key").all(kind);
    const things = rows.map(({ doc }): Things[K] => JSON.parse(String(doc)));
    const wanted = Object.entries(values) as [keyof Things[K], unknown][];
    return things.filter((thing) => wanted.every(([name, value]) => thing[name] === value));
  }

  get<K extends ThingKind>(kind: K, key: number): Things[K] | undefined {
    const row = this.#db.prepare("SELECT doc FROM thing WHERE kind = ? AND key = ?").get(kind, key);
    return row && JSON.parse(String(row.doc));
  }

  put<K extends ThingKind>(kind: K, thing: Things[K]): void {
    const sql = "INSERT OR REPLACE INTO thing (kind, key, doc) VALUES (?, ?, ?)";
    this.#db.prepare(sql).run(kind, thing.key, JSON.stringify(thing));
  }

  add<K extends ThingKind>(kind: K, thing: Omit<Things[K], "key">): Things[K] {
    const added = { ...thing, key: this.next(kind) } as unknown as Things[K];
    this.put(kind, added);
    return added;
  }

  change<K extends ThingKind>(kind: K, thing: Things[K], changes: Partial<Things[K]>): Things[K] {
    const changed = { ...thing, ...changes };
    this.put(kind, changed);
    return changed;
  }

  remove(kind: ThingKind, key: number): void {
    this.#db.prepare("DELETE FROM thing WHERE kind = ? AND key = ?").run(kind, key);
  }

  /** Deletes all but the last 1,000 of a kind. */
  trim(kind: ThingKind): void {
    const sql = "DELETE FROM thing WHERE kind = ? AND key <= (SELECT max(key) FROM thing WHERE kind = ?) - 1000";
    this.#db.prepare(sql).run(kind, kind);
  }

  /** Returns the next number of a counter. */
  next(name: string, first = 1): number {
    const sql = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value";
    return Number(this.#db.prepare(sql).get(name, first)?.value);
  }

  /** Runs `act` in a transaction. */
  atOnce<Result>(act: () => Result): Result {
    this.#db.exec("BEGIN");
    try {
      const result = act();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}
