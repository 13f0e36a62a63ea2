import type { ConferencePorts } from "./conference-ports.ts";
import type { Ledger } from "./ledger.ts";
import { left, NumbersRunOut } from "./numbers.ts";

/** A decision that wants more numbers than this is a bug. */
const maxNumbers = 20_000;

/** Sees to it that a conference has the numbers that its next transactions need. */
export class NumberStock {
  readonly #ports: ConferencePorts;
  readonly #ledger: Ledger;
  #fetching: Promise<void> | null = null;

  constructor(ports: ConferencePorts, ledger: Ledger) {
    this.#ports = ports;
    this.#ledger = ledger;
  }

  /** Keeps enough at hand for a failover of everybody, so that a transaction need not wait for the pool. */
  stockUp(): void {
    const { head, callers } = this.#ledger.state;
    if (head.phase === "absent" || head.phase === "ended") return;
    const { msgIds, transIds } = this.#ledger.books;
    const wanted = 20 + 3 * callers.size;
    if (Math.min(left(msgIds), left(transIds) * 3) >= wanted) return;
    this.#fetch(wanted * 2).catch((error: unknown) => this.#log("warn", error));
  }

  /** Whether a failed transaction may be tried again, because it failed for want of numbers and there are some now. */
  async remedy(error: unknown): Promise<boolean> {
    if (!(error instanceof NumbersRunOut)) return false;
    const { msgIds, transIds } = this.#ledger.books;
    const stock = Math.min(left(msgIds), left(transIds));
    if (stock > maxNumbers) return false;
    try {
      await this.#fetch(Math.max(50, stock * 2));
      return true;
    } catch (why) {
      this.#log("error", why);
      return false;
    }
  }

  #fetch(count: number): Promise<void> {
    this.#fetching ??= this.#ports
      .takeNumbers(this.#ledger.known, count)
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
