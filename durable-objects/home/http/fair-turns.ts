import { budgets } from "../../../src/foundation/guard/budgets.ts";
import { networkOf } from "../../../src/foundation/guard/networks.ts";

/** What is begun in one turn of the event loop before the rest waits for the next one. */
const enoughMs = 1;
const mostKnown = 10_000;

interface Loop {
  /** Milliseconds of a clock that only goes on. */
  now(): number;
  /** Calls it in the same turn, once what has begun waits for something or is done. */
  afterwards(call: () => void): void;
  /** Calls it in the next turn, behind what Node has read by then. */
  nextTurn(call: () => void): void;
}

interface Waiting {
  begin(): void;
  /** Called in place of `begin`: too many wait. */
  drop(): void;
}

const nodeLoop: Loop = {
  now: () => performance.now(),
  afterwards: (call) => queueMicrotask(() => process.nextTick(call)),
  nextTurn: (call) => void setImmediate(call),
};

/**
 * Lets requests begin: at once where there are few, else for a millisecond in each turn of the event loop, each
 * network in its turn. Nobody waits behind another's crowd, and half of all turns are for networks that are known.
 */
export class FairTurns {
  readonly #loop: Loop;
  readonly #known = new Set<string>();
  readonly #ofKnown = new Line();
  readonly #ofOthers = new Line();
  #isTurnOfKnown = true;
  /** When the first request of this turn began; `null`: none has. */
  #began: number | null = null;

  constructor(loop: Loop = nodeLoop) {
    this.#loop = loop;
  }

  /** Somebody there has shown a secret. */
  noteKnown(address: string): void {
    const network = networkOf(address);
    if (!this.#known.delete(network)) this.#ofKnown.addAll(network, this.#ofOthers.takeAll(network));
    this.#known.add(network);
    if (this.#known.size <= mostKnown) return;
    for (const oldest of this.#known) return void this.#known.delete(oldest);
  }

  /** Lets a request of this address begin: now, or when it is its turn. */
  ask(address: string, request: Waiting): void {
    if (this.#began === null) this.#newTurn();
    if (this.#waiting === 0 && this.#hasTime()) return request.begin();
    const network = networkOf(address);
    const line = this.#known.has(network) ? this.#ofKnown : this.#ofOthers;
    line.addAll(network, [request]);
    if (this.#waiting <= budgets.waitingRequests.most) return;
    (this.#ofOthers.takeOfLongest() ?? this.#ofKnown.takeOfLongest())?.drop();
  }

  get #waiting(): number {
    return this.#ofKnown.size + this.#ofOthers.size;
  }

  #newTurn(): void {
    this.#began = this.#loop.now();
    this.#loop.nextTurn(() => {
      this.#began = null;
      if (this.#waiting === 0) return;
      this.#newTurn();
      this.#beginNext();
    });
  }

  #hasTime(): boolean {
    return this.#began !== null && this.#loop.now() - this.#began < enoughMs;
  }

  #beginNext(): void {
    const lines = this.#isTurnOfKnown ? [this.#ofKnown, this.#ofOthers] : [this.#ofOthers, this.#ofKnown];
    this.#isTurnOfKnown = !this.#isTurnOfKnown;
    lines
      .find(({ size }) => size > 0)
      ?.next()
      ?.begin();
    if (this.#waiting > 0) this.#loop.afterwards(() => this.#hasTime() && this.#beginNext());
  }
}

/** What waits, by network, since one client may own all of it. The first network is next. */
class Line {
  size = 0;
  readonly #networks = new Map<string, Set<Waiting>>();

  addAll(network: string, requests: Iterable<Waiting>): void {
    for (const request of requests) {
      const ofNetwork = this.#networks.get(network) ?? new Set();
      this.#networks.set(network, ofNetwork.add(request));
      this.size += 1;
    }
  }

  takeAll(network: string): Iterable<Waiting> {
    const ofNetwork = this.#networks.get(network) ?? new Set();
    this.#networks.delete(network);
    this.size -= ofNetwork.size;
    return ofNetwork;
  }

  /** Takes out the one whose turn it is. Its network is the last one then. */
  next(): Waiting | null {
    for (const network of this.#networks.keys()) {
      const request = this.#takeOf(network);
      const ofNetwork = this.#networks.get(network);
      if (ofNetwork && this.#networks.delete(network)) this.#networks.set(network, ofNetwork);
      return request;
    }
    return null;
  }

  /** Takes out the oldest one of the network that has the most. */
  takeOfLongest(): Waiting | null {
    let longest: readonly [network: string, size: number] = ["", 0];
    for (const [network, { size }] of this.#networks) if (size > longest[1]) longest = [network, size];
    return this.#takeOf(longest[0]);
  }

  #takeOf(network: string): Waiting | null {
    const ofNetwork = this.#networks.get(network);
    if (!ofNetwork) return null;
    for (const request of ofNetwork) {
      ofNetwork.delete(request);
      if (ofNetwork.size === 0) this.#networks.delete(network);
      this.size -= 1;
      return request;
    }
    return null;
  }
}
