import type { EpochMs } from "../src/foundation/ids.ts";
import { type Timers, within } from "../src/foundation/timers.ts";
import type { IdBlock, IdBlocks, IdsWanted } from "../src/rpc.ts";
import { firstPlaceOf, placeOf } from "../src/tsp/id-scheme.ts";

/** Ids of one kind that are at hand, in blocks as the allocator gave them. */
export type IdsAtHand = Readonly<Record<keyof IdsWanted, readonly IdBlock[]>>;
export const noIds: IdsAtHand = { msgIds: [], transIds: [] };

/** Well below the time for which the allocator knows the holder of a MsgID. */
const keptMs = 4 * 86_400_000;
const allocateWithinMs = 5000;
/** A block of a few is soon used up. */
const smallestBlock = 10;
/** An input that needs more ids than this is a bug. */
const largestBlock = 20_000;

/** Thrown within a transaction that needs more ids than there are; the transaction is rolled back. */
export class OutOfIds extends Error {}

/** The TransIDs and MsgIDs that one object has at hand. */
export class IdSupply {
  readonly #timers: Timers;
  readonly #allocate: (wanted: IdsWanted) => Promise<IdBlocks>;
  #atHand: IdsAtHand;
  /** Ids that the transaction that ran out would have needed. */
  #missing: IdsWanted = { msgIds: 0, transIds: 0 };
  #refilling: Promise<void> | null = null;

  constructor(timers: Timers, atHand: IdsAtHand, allocate: (wanted: IdsWanted) => Promise<IdBlocks>) {
    this.#timers = timers;
    this.#atHand = atHand;
    this.#allocate = allocate;
  }

  get atHand(): IdsAtHand {
    return this.#atHand;
  }

  left(kind: keyof IdsWanted): number {
    return this.#atHand[kind].reduce((sum, { first, end }) => sum + end - first, 0);
  }

  /** Whether a transaction has run out, and nothing has come since. */
  get ranOut(): boolean {
    return this.#missing.msgIds > 0 || this.#missing.transIds > 0;
  }

  /**
   * Runs a transaction that uses ids. When there are too few, it runs to its end with made-up ones, so that it is known how
   * many are missing, and is then rolled back with `OutOfIds`.
   */
  transaction<Value>(
    work: (nextId: (kind: keyof IdsWanted) => string) => Value,
    run: (work: () => Value) => Value,
  ): Value {
    const before = this.#atHand;
    const missing = { msgIds: 0, transIds: 0 };
    const nextId = (kind: keyof IdsWanted): string => {
      const [block, ...others] = this.#atHand[kind];
      if (!block) {
        missing[kind] += 1;
        return "00000000000";
      }
      const first = block.first + 1;
      const rest = first < block.end ? [{ ...block, first }, ...others] : others;
      this.#atHand = { ...this.#atHand, [kind]: rest };
      return String(block.first).padStart(11, "0");
    };
    try {
      return run(() => {
        const value = work(nextId);
        if (missing.msgIds + missing.transIds === 0) return value;
        this.#missing = missing;
        throw new OutOfIds(`${missing.msgIds} MsgIDs and ${missing.transIds} TransIDs too few are at hand`);
      });
    } catch (error) {
      this.#atHand = before;
      throw error;
    }
  }

  /** Drops ids of which the allocator will soon not know any more whose they are; true: there were such ids. */
  dropOld(now: EpochMs): boolean {
    const oldest = firstPlaceOf(now - keptMs);
    const isYoung = ({ first }: IdBlock) => placeOf(first, now) >= oldest;
    const { msgIds, transIds } = this.#atHand;
    if (msgIds.every(isYoung) && transIds.every(isYoung)) return false;
    this.#atHand = { msgIds: msgIds.filter(isYoung), transIds: transIds.filter(isYoung) };
    return true;
  }

  /** Fetches ids until there are as many as `full`. */
  refill(full: IdsWanted): Promise<void> {
    this.#refilling ??= this.#fetch(full).finally(() => {
      this.#refilling = null;
    });
    return this.#refilling;
  }

  async #fetch(full: IdsWanted): Promise<void> {
    const wanted = (kind: keyof IdsWanted) => {
      if (full[kind] === 0) return 0;
      const lacking = full[kind] - this.left(kind) + this.#missing[kind];
      return Math.min(largestBlock, Math.max(smallestBlock, lacking));
    };
    const asked = { msgIds: wanted("msgIds"), transIds: wanted("transIds") };
    const { msgIds, transIds } = await within(
      this.#timers,
      allocateWithinMs,
      "the id allocator",
      this.#allocate(asked),
    );
    const { atHand } = this;
    this.#atHand = { msgIds: withBlock(atHand.msgIds, msgIds), transIds: withBlock(atHand.transIds, transIds) };
    this.#missing = { msgIds: 0, transIds: 0 };
  }
}

function withBlock(blocks: readonly IdBlock[], block: IdBlock): readonly IdBlock[] {
  return block.end > block.first ? [...blocks, block] : blocks;
}
