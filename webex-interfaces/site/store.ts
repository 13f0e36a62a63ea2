import { DatabaseSync } from "node:sqlite";
import type { Values } from "../wire/codec.ts";

/** Meeting, training, event, sales, support; audio only. */
export type ServiceCode = "MC" | "TC" | "EC" | "SaC" | "SC" | "AO";

/** Everything that the site keeps, by kind: one JSON document for each thing. Times are milliseconds since 1970. */
export interface Things {
  site: Thing & { readonly rateLimit: number; readonly settings: Values };
  /** `profile`: the fields of setUser. */
  user: Thing & {
    readonly password: string;
    readonly role: "admin" | "view-only" | "host";
    readonly registeredAt: number;
    readonly visits: number;
    readonly profile: Values;
  };
  credential: Thing & {
    readonly value: string;
    readonly kind: CredentialKind;
    readonly userId: number;
    readonly lastUsed: number;
  };
  /** `settings`: the fields of the operation that created it. */
  session: Thing & {
    readonly service: ServiceCode;
    readonly hostId: number;
    readonly confId: number;
    /** While it is in progress. */
    readonly startedAt: number | null;
    readonly isLocked: boolean;
    readonly hostKey: string;
    readonly settings: Values;
  };
  attendee: Thing & Person & { readonly sessionKey: number; readonly joinedAt: number | null };
  past: Thing & {
    readonly sessionKey: number;
    readonly service: ServiceCode;
    readonly name: string;
    readonly type: number;
    readonly hostId: number;
    readonly startedAt: number;
    readonly endedAt: number;
    readonly settings: Values;
    readonly people: readonly (Person & { readonly joinedAt: number; readonly leftAt: number })[];
  };
  recording: Thing & {
    readonly service: ServiceCode;
    readonly hostId: number;
    readonly name: string;
    readonly createdAt: number;
    readonly seconds: number;
    readonly isPublic: boolean;
    readonly views: readonly {
      readonly email: string;
      readonly name: string;
      readonly at: number;
      readonly downloaded: number;
    }[];
  };
  lab: Thing & { readonly name: string; readonly description: string; readonly computers: number };
  reservation: Thing & {
    readonly lab: string;
    readonly name: string;
    readonly hostId: number;
    readonly startsAt: number;
    readonly endsAt: number;
    readonly computers: number;
  };
  test: Thing & {
    readonly sessionKey: number;
    readonly title: string;
    readonly fields: Values;
    readonly results: readonly Values[];
  };
  product: Thing & { readonly name: string; readonly description: string };
  contact: Thing & { readonly ownerId: number; readonly name: string; readonly email: string };
  file: Thing & { readonly ownerId: number; readonly folder: string; readonly name: string; readonly bytes: number };
  computer: Thing & { readonly ownerId: number; readonly name: string; readonly state: string };
  /** A field of a registration form. */
  field: Thing & { readonly sessionKey: number; readonly kind: string; readonly given: Values };
  mail: Thing & { readonly at: number; readonly receiver: string; readonly about: string };
  request: Thing & {
    readonly at: number;
    readonly way: "xml" | "page";
    readonly operation: string;
    readonly webExId: string;
    readonly result: string;
    readonly detail: string | null;
  };
}

export type CredentialKind = "session-ticket" | "login-ticket" | "access-token" | "cookie";

/** How the voice of somebody comes. */
export const calls = ["none", "call-in", "toll-free", "call-out", "call-out-international", "voip"] as const;

export interface Person {
  /** The part in the session: attendee, host, presenter, panelist, prospect, limited. */
  readonly part: string;
  readonly name: string;
  readonly email: string;
  readonly joinStatus: string;
  readonly registerId: number | null;
  readonly call: (typeof calls)[number];
  /** The fields of a person. */
  readonly person: Values;
}

interface Thing {
  readonly key: number;
}

export type ThingKind = keyof Things;

export const kinds: readonly string[] = (
  "site user credential session attendee past recording lab reservation test product contact file computer field " +
  "mail request"
).split(" ");

/** The documents of a site, in a file or in memory. */
export class Store {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    // Only a crash of the machine loses anything.
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

  /** Those that have these values, in the order in which they were added. */
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

  /** Keeps the last thousand of a kind. */
  trim(kind: ThingKind): void {
    const sql = "DELETE FROM thing WHERE kind = ? AND key <= (SELECT max(key) FROM thing WHERE kind = ?) - 1000";
    this.#db.prepare(sql).run(kind, kind);
  }

  /** The next number of a counter, each only once. */
  next(name: string, first = 1): number {
    const sql = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value";
    return Number(this.#db.prepare(sql).get(name, first)?.value);
  }

  /** All or nothing. */
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
