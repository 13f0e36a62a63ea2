import type { Fact } from "../../src/conference/facts.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { type Timers, within } from "../../src/foundation/time/timers.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import { Activity, type ActivityMinute } from "../../src/records/activity.ts";
import type { PlacedFact } from "../../src/records/directory-facts.ts";
import { type CountSource, mailboxKey } from "../../src/rpc/directory.ts";
import type { Sql } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

interface MailCountsPorts extends Timers {
  readonly sql: Sql;
  now(): EpochMs;
  nonce(): string;
  count(source: CountSource, minutes: readonly ActivityMinute[]): Promise<void>;
}

interface Portion {
  readonly number: number;
  readonly minutes: readonly ActivityMinute[];
}

/** What the directory may lack, as it is on disk. */
interface Unsent {
  /** Unlike those of all mailboxes that were deleted. */
  readonly name: string;
  readonly portions: readonly Portion[];
}

const table = "CREATE TABLE IF NOT EXISTS counted (id INTEGER PRIMARY KEY, data TEXT NOT NULL)";
/** What comes soon goes together. */
const togetherMs = 1_000;
const againMs = 10_000;
const answerWithinMs = 10_000;

/**
 * What a mailbox has received and posted, for the directory's figures: on disk in the transaction that it happens in, and sent after it. A
 * portion that comes again counts once. What was acknowledged stays on disk until the next one: to delete it would cost a row.
 */
export class MailCounts {
  readonly #ports: MailCountsPorts;
  readonly #table: LazyTables;
  readonly #next: WakeTimer;
  #name = "";
  #portions: readonly Portion[] = [];
  /** Up to here a portion may have come: it does not change any more. */
  #sentUpTo = 0;
  #sending: Promise<void> | null = null;

  constructor(ports: MailCountsPorts) {
    this.#ports = ports;
    this.#table = new LazyTables(ports.sql, "counted", table);
    this.#next = new WakeTimer(ports, ports.now, () => {
      void this.#sendAll();
    });
    this.load();
  }

  /** As the disk has it: at the start, and after a transaction that failed. */
  load(): void {
    const [row] = this.#table.read("SELECT data FROM counted");
    const { name, portions }: Unsent = row ? JSON.parse(String(row.data)) : { name: this.#ports.nonce(), portions: [] };
    this.#name = name;
    this.#portions = portions;
    this.#sentUpTo = Math.max(this.#sentUpTo, portions.at(-1)?.number ?? 0);
  }

  /** Whether something was not sent, or not by this life. */
  get owes(): boolean {
    return this.#portions.length > 0;
  }

  /** Within a transaction. */
  add(...facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    const last = this.#portions.at(-1);
    const open = last && last.number > this.#sentUpTo ? last : null;
    const activity = new Activity();
    activity.addAll(open?.minutes ?? []);
    const at = this.#ports.now();
    activity.addFacts(
      facts.map((fact, index) => ({ row: 1, index, at, fact }) as PlacedFact),
      0,
    );
    const number = open?.number ?? this.#sentUpTo + 1;
    const before = open ? this.#portions.slice(0, -1) : this.#portions;
    this.#portions = [...before, { number, minutes: activity.data() }];
    this.#table.make();
    this.#ports.sql.exec(
      "INSERT INTO counted (id, data) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data",
      JSON.stringify({ name: this.#name, portions: this.#portions } satisfies Unsent),
    );
    this.send();
  }

  send(): void {
    if (this.#sending === null && this.owes) this.#next.wakeWithin(togetherMs);
  }

  /** Sends what it owes at once. Returns whether the directory has it all. */
  async settle(): Promise<boolean> {
    if (this.owes) await this.#sendAll();
    return !this.owes;
  }

  stop(): void {
    this.#portions = [];
  }

  #sendAll(): Promise<void> {
    // Not at once: else it could be over before it is noted.
    this.#sending ??= Promise.resolve().then(() => this.#trySending());
    return this.#sending;
  }

  async #trySending(): Promise<void> {
    let pauseMs = togetherMs;
    try {
      for (const { number: upTo } of this.#portions) {
        // As it is now: it may have grown while the one before was sent. None: it was stopped.
        const minutes = this.#portions.find(({ number }) => number === upTo)?.minutes;
        if (!minutes) break;
        this.#sentUpTo = Math.max(this.#sentUpTo, upTo);
        const counted = this.#ports.count({ key: mailboxKey, name: this.#name, upTo }, minutes);
        await within(this.#ports, answerWithinMs, "the directory", counted);
        this.#portions = this.#portions.filter(({ number }) => number > upTo);
      }
    } catch {
      pauseMs = againMs;
    }
    this.#sending = null;
    if (this.owes) this.#next.wakeWithin(pauseMs);
  }
}
