import type { EpochMs } from "../../src/foundation/ids.ts";
import { wait } from "../../src/foundation/time/timers.ts";
import { type HistoryRow, type TransactionRows, transactionsIn } from "../../src/timeline/history.ts";
import type { Platform } from "../platform/platform.ts";

export type ReadersPorts = Pick<Platform, "after" | "now" | "giveWay">;

/** A reader of the journal that was asked for. */
interface Asked<Reader> {
  readonly name: string;
  /** The settings by which it reads. With other settings, another reader begins. */
  readonly settings: unknown;
  /** Makes a new reader, if none is kept, and says before which row it stands; `null`: there is nothing to read. */
  begin(): readonly [reader: Reader, next: number] | null;
}

interface Kept extends Pick<Asked<unknown>, "name" | "settings"> {
  readonly reader: unknown;
  /** The row before which the reader stands. */
  next: number;
  askedAt: EpochMs;
  /** `null`: nobody reads with it now. */
  reading: Promise<unknown> | null;
}

const mostKept = 20;
/** How long a reader is kept that nobody asks for. */
const keptMs = 60_000;
/** How many rows are read before other work has a turn, where the platform does not say when. */
const rowsATurn = 20;

/**
 * Readers of a conference's journal, for people who look at it again and again. Each keeps its place, is used by one at a time, and now
 * and then lets other work go first.
 */
export class JournalReaders {
  readonly #ports: ReadersPorts;
  readonly #rows: (after: number) => Iterable<HistoryRow>;
  /** The reader that was last asked for is the last. */
  #kept: readonly Kept[] = [];

  /** `rows` gives the rows behind this one, in order. */
  constructor(ports: ReadersPorts, rows: (after: number) => Iterable<HistoryRow>) {
    this.#ports = ports;
    this.#rows = rows;
  }

  /** Calls `read` with the transactions from the reader's place on. The place moves behind those that were read to their end. */
  async use<Reader, Answer>(
    asked: Asked<Reader>,
    read: (reader: Reader, transactions: AsyncIterable<TransactionRows>) => Promise<Answer>,
  ): Promise<Answer | null> {
    this.deleteUnused();
    let found = this.#keptFor(asked);
    for (; found?.reading; found = this.#keptFor(asked)) await found.reading.catch(() => {});
    const kept = found ?? keptAs(asked);
    if (!kept) return null;
    const others = this.#kept.filter((one) => one !== kept);
    this.#kept = [...others, kept].slice(-mostKept);
    kept.askedAt = this.#ports.now();
    kept.reading = read(kept.reader as Reader, this.#rest(kept));
    try {
      return (await kept.reading) as Answer;
    } catch (error) {
      this.#kept = this.#kept.filter((one) => one !== kept);
      throw error;
    } finally {
      kept.reading = null;
    }
  }

  async giveWay(): Promise<void> {
    await this.#ports.giveWay?.();
  }

  async *transactions(from: number): AsyncGenerator<TransactionRows> {
    let read = 0;
    await this.giveWay();
    for (const rows of transactionsIn(this.#rows(from - 1))) {
      await this.giveWay();
      if (!this.#ports.giveWay && read >= rowsATurn) {
        await wait(this.#ports, 0);
        read = 0;
      }
      yield rows;
      read += rows.length;
    }
  }

  /** A timer would keep the object alive, so its owner calls it now and then. */
  deleteUnused(): void {
    const since = this.#ports.now() - keptMs;
    this.#kept = this.#kept.filter(({ askedAt, reading }) => reading || askedAt > since);
  }

  #keptFor({ name, settings }: Asked<unknown>): Kept | undefined {
    return this.#kept.find((one) => one.name === name && one.settings === settings);
  }

  async *#rest(kept: Kept): AsyncGenerator<TransactionRows> {
    for await (const rows of this.transactions(kept.next)) {
      yield rows;
      kept.next = (rows.at(-1) ?? rows[0]).seq + 1;
    }
  }
}

function keptAs({ name, settings, begin }: Asked<unknown>): Kept | null {
  const begun = begin();
  return begun && { name, settings, reader: begun[0], next: begun[1], askedAt: 0, reading: null };
}
