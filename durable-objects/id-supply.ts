import { dayMs, within } from "../src/foundation/timers.ts";
import type { IdBlock, IdBlocks, IdsWanted } from "../src/rpc/id-allocator.ts";
import { firstPlaceOf, placeOf } from "../src/tsp/id-scheme.ts";
import type { Platform } from "./platform.ts";

/** Ids of one kind that are at hand, in blocks as the allocator gave them. */
export type IdsAtHand = Readonly<Record<keyof IdsWanted, readonly IdBlock[]>>;
export const noIds: IdsAtHand = { msgIds: [], transIds: [] };

/** Well below the time for which the allocator knows the holder of a MsgID. */
const keptMs = 4 * dayMs;
const allocateWithinMs = 5000;
const mostRefills = 3;
/** A block of a few is soon used up. */
const smallestBlock = 10;
/** An input that needs more ids than this is a bug. */
const largestBlock = 20_000;

/** Thrown within a transaction that needs more ids than there are; the transaction is rolled back. */
class OutOfIds extends Error {}

type Ports = Pick<Platform, "now" | "after" | "log">;

/** The TransIDs and MsgIDs that one object has at hand. */
export class IdSupply {
  readonly #ports: Ports;
  readonly #full: () => IdsWanted;
  readonly #allocate: (wanted: IdsWanted) => Promise<IdBlocks>;
  #atHand: IdsAtHand;
  /** Ids that the transaction that ran out would have needed. */
  #missing: IdsWanted = { msgIds: 0, transIds: 0 };
  #refilling: Promise<void> | null = null;

  /** `full` says how many ids are fetched together; none of a kind that is never used. */
  constructor(
    ports: Ports,
    atHand: IdsAtHand,
    full: () => IdsWanted,
    allocate: (wanted: IdsWanted) => Promise<IdBlocks>,
  ) {
    this.#ports = ports;
    this.#atHand = atHand;
    this.#full = full;
    this.#allocate = allocate;
  }

  get atHand(): IdsAtHand {
    return this.#atHand;
  }

  /** Whether ids are on their way, so that somebody may wait for them. */
  get isRefilling(): boolean {
    return this.#refilling !== null;
  }

  /** Resolves when at least so many of each kind are at hand; rejects when the allocator cannot be reached. */
  async ensure(least = 0): Promise<void> {
    let isLacking = this.#dropOld() || this.#missing.msgIds + this.#missing.transIds > 0 || this.#lacks(least);
    // A refill that is under way may be for fewer, and at the end of a sequence the allocator gives fewer.
    for (let round = 0; round < mostRefills && isLacking; round += 1) {
      await this.#refill(least);
      isLacking = this.#lacks(least);
    }
  }

  /** Fetches more in the background when less than half is left, so that no input has to wait for the allocator. */
  keep(): void {
    const { msgIds, transIds } = this.#full();
    if (this.#left("msgIds") < msgIds / 2 || this.#left("transIds") < transIds / 2) this.#refillInBackground();
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
      if (error instanceof OutOfIds) this.#refillInBackground();
      throw error;
    }
  }

  #left(kind: keyof IdsWanted): number {
    return this.#atHand[kind].reduce((sum, { first, end }) => sum + end - first, 0);
  }

  #lacks(least: number): boolean {
    const { msgIds, transIds } = this.#full();
    return (msgIds > 0 && this.#left("msgIds") < least) || (transIds > 0 && this.#left("transIds") < least);
  }

  /** Drops ids of which the allocator will soon not know any more whose they are; true: there were such ids. */
  #dropOld(): boolean {
    const now = this.#ports.now();
    const oldest = firstPlaceOf(now - keptMs);
    const isYoung = ({ first }: IdBlock) => placeOf(first, now) >= oldest;
    const { msgIds, transIds } = this.#atHand;
    if (msgIds.every(isYoung) && transIds.every(isYoung)) return false;
    this.#atHand = { msgIds: msgIds.filter(isYoung), transIds: transIds.filter(isYoung) };
    return true;
  }

  #refillInBackground(): void {
    this.#refill().catch(() => {});
  }

  #refill(least = 0): Promise<void> {
    this.#refilling ??= this.#fetch(least)
      .catch((error: unknown) => {
        this.#ports.log({ level: "warn", event: "no-ids", why: String(error) });
        throw error;
      })
      .finally(() => {
        this.#refilling = null;
      });
    return this.#refilling;
  }

  async #fetch(least: number): Promise<void> {
    const full = this.#full();
    const wanted = (kind: keyof IdsWanted) => {
      if (full[kind] === 0) return 0;
      const lacking = Math.max(0, Math.max(full[kind], least) - this.#left(kind)) + this.#missing[kind];
      // A block of the kind that nobody uses up would stay, one more with each refill.
      return lacking === 0 ? 0 : Math.min(largestBlock, Math.max(smallestBlock, lacking));
    };
    const allocated = this.#allocate({ msgIds: wanted("msgIds"), transIds: wanted("transIds") });
    const { msgIds, transIds } = await within(this.#ports, allocateWithinMs, "the id allocator", allocated);
    const { atHand } = this;
    this.#atHand = { msgIds: withBlock(atHand.msgIds, msgIds), transIds: withBlock(atHand.transIds, transIds) };
    this.#missing = { msgIds: 0, transIds: 0 };
  }
}

function withBlock(blocks: readonly IdBlock[], block: IdBlock): readonly IdBlock[] {
  return block.end > block.first ? [...blocks, block] : blocks;
}
