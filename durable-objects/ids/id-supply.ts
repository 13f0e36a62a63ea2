import { dayMs, within } from "../../src/foundation/time/timers.ts";
import type { IdBlock, IdBlocks, IdsWanted } from "../../src/rpc/id-allocator.ts";
import { firstPlaceOf, placeOf } from "../../src/tsp/id-scheme.ts";
import type { Platform } from "../platform/platform.ts";

/** Ids of one kind that are at hand, in blocks as the allocator gave them. */
export type IdsAtHand = Readonly<Record<keyof IdsWanted, readonly IdBlock[]>>;
export const noIds: IdsAtHand = { msgIds: [], transIds: [] };

/** How long ids are kept: well below the time for which the allocator knows the holder of a MsgID. */
const keptMs = 4 * dayMs;
const allocateWithinMs = 5000;
/** What is decided later may need more ids than what was decided before they were fetched. */
const mostRounds = 5;
/** A block of a few is soon used up. */
const smallestBlock = 10;
const none: IdsWanted = { msgIds: 0, transIds: 0 };

/** Thrown within a transaction that needs more ids than there are; the transaction is rolled back. */
class OutOfIds extends Error {
  readonly needed: IdsWanted;

  constructor(needed: IdsWanted) {
    super(`too few ids are at hand: ${needed.msgIds} MsgIDs and ${needed.transIds} TransIDs are needed`);
    this.needed = needed;
  }
}

/** Thrown where a transaction needs ids and none can be fetched. */
export class NoIds extends Error {}

type Ports = Pick<Platform, "now" | "after" | "log">;

/** The TransIDs and MsgIDs that one object has at hand. */
export class IdSupply {
  readonly #ports: Ports;
  readonly #full: () => IdsWanted;
  readonly #allocate: (wanted: IdsWanted) => Promise<IdBlocks>;
  #atHand: IdsAtHand;
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

  get isRefilling(): boolean {
    return this.#refilling !== null;
  }

  /** Fetches more in the background when fewer than these are left, so that a transaction seldom waits for the allocator. */
  keep(least: IdsWanted): void {
    if (this.#lacks(least)) this.#refill(none).catch(() => {});
  }

  /**
   * Runs what commits a transaction, at once. When the transaction runs out of ids, fetches them and runs it again. Rejects with
   * `NoIds` when the allocator cannot be reached.
   */
  async supply<Value>(run: () => Value): Promise<Value> {
    // Once: by a clock that is years ahead of the allocator's, those that are fetched now look old, too.
    this.#dropOld();
    for (let round = 1; ; round += 1) {
      try {
        return run();
      } catch (error) {
        if (!(error instanceof OutOfIds) || round === mostRounds) throw error;
        await this.#obtain(error.needed);
      }
    }
  }

  /**
   * Runs a transaction that uses ids. When there are too few, it runs to its end with made-up ones, so that it is known how
   * many it needs, and is then rolled back with `OutOfIds`.
   */
  transaction<Value>(
    work: (nextId: (kind: keyof IdsWanted) => string) => Value,
    run: (work: () => Value) => Value,
  ): Value {
    // It would run in vain: the rows of a rollback are billed, too. And the allocator is to know each conference.
    if (this.#left("msgIds") + this.#left("transIds") === 0) throw new OutOfIds({ msgIds: 0, transIds: 1 });
    const before = this.#atHand;
    const needed = { msgIds: 0, transIds: 0 };
    let isLacking = false;
    const nextId = (kind: keyof IdsWanted): string => {
      needed[kind] += 1;
      const [block, ...others] = this.#atHand[kind];
      if (!block) {
        isLacking = true;
        return `missing-${needed[kind]}`;
      }
      const first = block.first + 1;
      const rest = first < block.end ? [{ ...block, first }, ...others] : others;
      this.#atHand = { ...this.#atHand, [kind]: rest };
      return String(block.first).padStart(11, "0");
    };
    try {
      return run(() => {
        const value = work(nextId);
        if (isLacking) throw new OutOfIds(needed);
        return value;
      });
    } catch (error) {
      this.#atHand = before;
      throw error;
    }
  }

  async #obtain(needed: IdsWanted): Promise<void> {
    // A refill that is under way may be for fewer, or fail by a fault that is over by now.
    if (this.#refilling) await this.#refilling.catch(() => {});
    try {
      while (this.#lacks(needed)) await this.#refill(needed);
    } catch (error) {
      throw new NoIds(String(error), { cause: error });
    }
  }

  #left(kind: keyof IdsWanted): number {
    return this.#atHand[kind].reduce((sum, block) => sum + size(block), 0);
  }

  #lacks({ msgIds, transIds }: IdsWanted): boolean {
    return this.#left("msgIds") < msgIds || this.#left("transIds") < transIds;
  }

  /** Drops ids whose holder the allocator will soon not know any more. */
  #dropOld(): void {
    const now = this.#ports.now();
    const oldest = firstPlaceOf(now - keptMs);
    const isYoung = ({ first }: IdBlock) => placeOf(first, now) >= oldest;
    const { msgIds, transIds } = this.#atHand;
    if (msgIds.every(isYoung) && transIds.every(isYoung)) return;
    this.#atHand = { msgIds: msgIds.filter(isYoung), transIds: transIds.filter(isYoung) };
  }

  /** Fetches one refill at a time. A call that comes meanwhile gets the same one. */
  #refill(needed: IdsWanted): Promise<void> {
    this.#refilling ??= within(this.#ports, allocateWithinMs, "the id allocator", this.#fetch(needed))
      .catch((error: unknown) => {
        this.#ports.log({ level: "warn", event: "no-ids", why: String(error) });
        throw error;
      })
      .finally(() => {
        this.#refilling = null;
      });
    return this.#refilling;
  }

  /** The usual amount beside those that are needed; at the end of a sequence a block is short, and another refill follows. */
  async #fetch(needed: IdsWanted): Promise<void> {
    const wanted = (kind: keyof IdsWanted) => {
      const lacking = this.#full()[kind] + needed[kind] - this.#left(kind);
      // A block of the kind that nobody uses up would stay, one more with each refill.
      return lacking <= 0 ? 0 : Math.max(smallestBlock, lacking);
    };
    const { msgIds, transIds } = await this.#allocate({ msgIds: wanted("msgIds"), transIds: wanted("transIds") });
    if (size(msgIds) + size(transIds) === 0) throw new Error("the id allocator gave no ids");
    const { atHand } = this;
    this.#atHand = { msgIds: withBlock(atHand.msgIds, msgIds), transIds: withBlock(atHand.transIds, transIds) };
  }
}

function size({ first, end }: IdBlock): number {
  return end - first;
}

function withBlock(blocks: readonly IdBlock[], block: IdBlock): readonly IdBlock[] {
  return size(block) > 0 ? [...blocks, block] : blocks;
}
