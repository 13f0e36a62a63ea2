import type { IdsWanted } from "../../src/rpc.ts";
import type { ConferencePorts } from "./conference-ports.ts";
import type { Ledger } from "./ledger.ts";
import { left, NumbersRunOut } from "./numbers.ts";

/** A decision that wants more numbers than this is a bug. */
const maxNumbers = 20_000;
/** An empty block is none, and a block of a few is soon used up. */
const leastTaken = 10;

/** Sees to it that a conference has the numbers that its next transactions need. */
export class NumberStock {
  readonly #ports: ConferencePorts;
  readonly #ledger: Ledger;
  #fetching: Promise<void> | null = null;

  constructor(ports: ConferencePorts, ledger: Ledger) {
    this.#ports = ports;
    this.#ledger = ledger;
  }

  /**
   * Keeps enough at hand for a failover of everybody, so that a transaction need not wait for the pool. There, 50 messages
   * share a TransID; where callers come one by one, each message has its own.
   */
  stockUp(): void {
    const { head, callers } = this.#ledger.state;
    if (head.phase === "absent" || head.phase === "ended") return;
    const { msgIds, transIds } = this.#ledger.books;
    const full = { msgIds: 20 + 4 * callers.size, transIds: 20 + callers.size };
    if (left(msgIds) >= full.msgIds / 2 && left(transIds) >= full.transIds / 2) return;
    const missing = (kind: keyof IdsWanted) => Math.max(leastTaken, full[kind] - left(this.#ledger.books[kind]));
    const wanted = { msgIds: missing("msgIds"), transIds: missing("transIds") };
    this.#fetch(wanted).catch((error: unknown) => this.#log("warn", error));
  }

  /** Whether a failed transaction may be tried again, because it failed for want of numbers and there are some now. */
  async remedy(error: unknown): Promise<boolean> {
    if (!(error instanceof NumbersRunOut)) return false;
    const { msgIds, transIds } = this.#ledger.books;
    const wanted = { msgIds: 50 + left(msgIds), transIds: 50 + left(transIds) };
    if (Math.min(wanted.msgIds, wanted.transIds) > maxNumbers) return false;
    try {
      await this.#fetch(wanted);
      return true;
    } catch (why) {
      this.#log("error", why);
      return false;
    }
  }

  #fetch(wanted: IdsWanted): Promise<void> {
    this.#fetching ??= this.#ports
      .takeNumbers(this.#ledger.known, wanted)
      .then((blocks) => this.#ledger.addNumbers(blocks))
      .finally(() => {
        this.#fetching = null;
      });
    return this.#fetching;
  }

  #log(level: "warn" | "error", error: unknown): void {
    this.#ports.log({ level, event: "no-numbers", why: String(error), ...this.#ledger.identity });
  }
}
