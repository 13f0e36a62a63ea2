import { networkOf } from "../../../src/foundation/guard/networks.ts";

/** What is begun in one turn of the event loop before others wait for a turn of their own. */
const enoughMs = 1;

interface Loop {
  /** Milliseconds of a clock that only goes on. */
  now(): number;
  /** Calls it in the next turn, behind what Node has read by then. */
  nextTurn(call: () => void): void;
}

const nodeLoop: Loop = { now: () => performance.now(), nextTurn: (call) => void setImmediate(call) };

/**
 * Lets requests begin: at once where there are few, else one in each turn of the event loop, each address in its turn. So nobody waits
 * until all is answered that a crowd asked before him.
 */
export class FairTurns {
  readonly #loop: Loop;
  /** By network: who has a whole one is one. First the one whose turn it is. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** When the first request of this turn began; `null`: none has. */
  #began: number | null = null;

  constructor(loop: Loop = nodeLoop) {
    this.#loop = loop;
  }

  /** Resolves when a request from there may begin, and never where its connection `closes` before; `null`: now. */
  turn(address: string, closes: (left: () => void) => void): Promise<void> | null {
    const now = this.#loop.now();
    if (this.#began === null) {
      this.#began = now;
      this.#loop.nextTurn(() => this.#next());
    }
    if (this.#waiting.size === 0 && now - this.#began < enoughMs) return null;
    const network = networkOf(address);
    return new Promise((begin) => {
      const ofNetwork = this.#waiting.get(network) ?? new Set();
      this.#waiting.set(network, ofNetwork.add(begin));
      closes(() => {
        const ofNetwork = this.#waiting.get(network);
        if (ofNetwork?.delete(begin) && ofNetwork.size === 0) this.#waiting.delete(network);
      });
    });
  }

  #next(): void {
    this.#began = null;
    for (const [network, ofNetwork] of this.#waiting) {
      this.#waiting.delete(network);
      for (const begin of ofNetwork) {
        ofNetwork.delete(begin);
        begin();
        break;
      }
      if (ofNetwork.size > 0) this.#waiting.set(network, ofNetwork);
      this.#began = this.#loop.now();
      this.#loop.nextTurn(() => this.#next());
      return;
    }
  }
}
