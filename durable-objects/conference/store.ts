import type { ConferenceInput } from "../../src/conference/decide.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import { emptyState } from "../../src/conference/state.ts";
import type { BridgeName, EpochMs, StreamId, TransId } from "../../src/foundation/ids.ts";
import type { ConferenceIdentity } from "../../src/rpc.ts";
import type { Sql } from "../sql.ts";
import type { Reserve } from "./numbers.ts";

/** What changes with almost each input. It is kept in the journal's rows, so that it costs no row of its own. */
export interface Books {
  /** The bridge that holds the conference, once one was chosen. */
  readonly bridge: BridgeName | null;
  readonly serial: number;
  /** Of the machine's clock, once that was set back. */
  readonly aheadMs?: number;
  readonly msgIds: Reserve;
  readonly transIds: Reserve;
  /** The highest report number taken of each stream. */
  readonly taken: Readonly<Record<StreamId, number>>;
}

/** Everything of a conference but its outbox, as it is found on disk. */
interface Loaded {
  readonly identity: ConferenceIdentity | null;
  readonly state: ConferenceState;
  readonly books: Books;
}

/** An entry's key, `head` or `kind/id`, and what it shall hold; `null`: nothing any more. */
type Writes = ReadonlyMap<string, unknown>;

const noBooks: Books = { bridge: null, serial: 0, msgIds: [], transIds: [], taken: {} };
const kinds = {
  caller: "callers",
  "call-out": "callOuts",
  command: "commands",
  room: "rooms",
  "client-post": "clientPosts",
} as const;
type Kind = keyof typeof kinds;

/** How long journal rows are kept, in milliseconds. */
export interface Retention {
  /** All of them: repeats of documents need them. */
  readonly neededMs: number;
  /** As many as there may be. */
  readonly keptMs: number;
}

const keptRows = 10_000;
const pruneEvery = 256;
const pruneAtMost = 512;
/** One journal row, with the running numbers beside the input, stays below the platform's 2 MB. */
const maxInputBytes = 1_900_000;

/**
 * The tables of one conference. Each row written costs money: keys are such that a row is one row (no secondary index, no
 * rowid beside a text key), and only what changed is written.
 */
export class ConferenceStore {
  readonly #sql: Sql;
  #seq = 0;
  #lastAt: EpochMs = 0;
  #position = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, position INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, trans_id TEXT, input TEXT NOT NULL,
       books TEXT NOT NULL)`,
    );
  }

  /** Whether nothing was ever taken. */
  get isNew(): boolean {
    return this.#seq === 0;
  }

  /** When the last input was taken. */
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  load(): Loaded {
    const state = emptyState();
    const found = { head: state.head, identity: null };
    this.#position = 0;
    for (const row of this.#sql.exec("SELECT key, position, value FROM entry ORDER BY position")) {
      const [kind = "", ...id] = String(row.key).split("/");
      const value: unknown = JSON.parse(String(row.value));
      this.#position = Number(row.position);
      if (isKind(kind)) (state[kinds[kind]] as unknown as Map<string, unknown>).set(id.join("/"), value);
      else Object.assign(found, { [kind]: value });
    }
    const [last] = this.#sql.exec("SELECT seq, at, books FROM journal ORDER BY seq DESC LIMIT 1");
    this.#seq = Number(last?.seq ?? 0);
    this.#lastAt = Number(last?.at ?? 0);
    const books = last ? (JSON.parse(String(last.books)) as Books) : noBooks;
    return { identity: found.identity, state: { ...state, head: found.head }, books };
  }

  /** The documents that are known as repeats, the oldest first. Older rows than these are not read: reading is billed. */
  transIdsSince(since: EpochMs): readonly (readonly [TransId, EpochMs])[] {
    return this.#sql
      .exec(
        `SELECT trans_id, at FROM journal WHERE trans_id IS NOT NULL AND seq >
         coalesce((SELECT seq FROM journal WHERE at <= ? ORDER BY seq DESC LIMIT 1), 0) ORDER BY seq`,
        since,
      )
      .map((row) => [row.trans_id as TransId, Number(row.at)]);
  }

  /** One input, and the books after it; throws where it is too large. */
  append(input: ConferenceInput, books: Books): void {
    this.#seq += 1;
    this.#lastAt = input.at;
    this.#sql.exec(
      "INSERT INTO journal (seq, at, trans_id, input, books) VALUES (?, ?, ?, ?, ?)",
      ...[this.#seq, input.at, input.type === "webex" ? input.transId : null],
      ...[textOf(input), JSON.stringify(books)],
    );
  }

  /** Corrects the books of the last input. */
  correct(books: Books): void {
    this.#sql.exec("UPDATE journal SET books = ? WHERE seq = ?", JSON.stringify(books), this.#seq);
  }

  /** The position stays with the key, so that everything is loaded in the order in which it came. */
  write(writes: Writes): void {
    for (const [key, value] of writes) {
      if (value === null) {
        this.#sql.exec("DELETE FROM entry WHERE key = ?", key);
        continue;
      }
      this.#position += 1;
      this.#sql.exec(
        "INSERT INTO entry (key, position, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        ...[key, this.#position, JSON.stringify(value)],
      );
    }
  }

  /** Now and then, some of the oldest rows; never the last one, which holds the running numbers. */
  prune(now: EpochMs, { neededMs, keptMs }: Retention): void {
    if (this.#seq % pruneEvery !== 0) return;
    const oldest = this.#sql.exec("SELECT seq, at FROM journal ORDER BY seq LIMIT ?", pruneAtMost);
    let upTo = 0;
    for (const row of oldest) {
      const age = now - Number(row.at);
      const needed = age < neededMs || Number(row.seq) >= this.#seq;
      if (needed || (age < keptMs && Number(row.seq) > this.#seq - keptRows)) break;
      upTo = Number(row.seq);
    }
    if (upTo > 0) this.#sql.exec("DELETE FROM journal WHERE seq <= ?", upTo);
  }
}

/** As the journal keeps it. */
function textOf(input: ConferenceInput): string {
  const text = JSON.stringify(input);
  if (text.length * 3 <= maxInputBytes) return text; // No character has more than three bytes.
  const { length } = new TextEncoder().encode(text);
  if (length > maxInputBytes) throw new Error(`an input of ${length} bytes is too large (${maxInputBytes} at most)`);
  return text;
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text);
}
