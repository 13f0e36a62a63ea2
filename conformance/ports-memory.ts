import {
  type Handler,
  type HttpAnswer,
  type HttpRequest,
  type Listener,
  type Ports,
  type Spelling,
  TIMEOUT_MS,
  type Tls,
} from "./ports.ts";

const LATENCY_MS = 1;

interface Timer {
  readonly at: number;
  readonly n: number;
  /** `null`: it was called off. */
  run: (() => void) | null;
}

/** A clock that jumps to the next thing to do, and a network without wires: the same run each time, in no time. */
export class MemoryPorts implements Ports {
  #now: number;
  #timers: Timer[] = [];
  #made = 0;
  #nextPort = 40_000;
  readonly #listeners = new Map<string, { readonly handle: Handler; readonly tls: Tls | undefined }>();
  /** Whether everybody trusts the certificates of those who listen. */
  trusts = true;

  constructor(startAt = Date.UTC(2026, 2, 4, 12)) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((done) => this.#after(ms, done));
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { host, pathname, search, port, protocol } = new URL(request.url);
    const isTls = protocol === "https:";
    const listener = this.#listeners.get(port === "" ? `${host}:${isTls ? 443 : 80}` : host);
    await this.sleep(LATENCY_MS);
    if (!listener) throw new Error(`connect ECONNREFUSED ${host}`);
    const { handle, tls } = listener;
    if (isTls !== (tls !== undefined)) tls?.onFailure("it speaks HTTP there");
    else if (tls && !this.trusts) tls.onFailure("unknown ca");
    if (isTls !== (tls !== undefined) || (tls && !this.trusts)) throw new Error("socket hang up");
    return new Promise((answered, failed) => {
      const timeout = this.#after(request.timeoutMs ?? TIMEOUT_MS, () => failed(new Error("no answer in time")));
      handle({ ...request, url: pathname + search }).then((answer) => {
        if (answer === "hang") return;
        this.#after(LATENCY_MS, () => {
          timeout.run = null;
          if (answer === "reset") failed(new Error("socket hang up"));
          else answered(answer);
        });
      }, failed);
    });
  }

  async post(url: string, bodies: readonly string[], how: Spelling): Promise<readonly HttpAnswer[]> {
    const posts = bodies.map(
      (body, place) => () => this.send({ method: "POST", url, body, spelling: { ...how, place } }),
    );
    if (how.isPipelined) return Promise.all(posts.map((post) => post()));
    const answers: HttpAnswer[] = [];
    for (const post of posts) answers.push(await post());
    return answers;
  }

  async listen(address: string, handle: Handler, tls?: Tls): Promise<Listener> {
    const taken = address.endsWith(":0") ? address.replace(/0$/, String(this.#nextPort++)) : address;
    if (this.#listeners.has(taken)) throw new Error(`listen EADDRINUSE ${taken}`);
    this.#listeners.set(taken, { handle, tls });
    return { address: taken, close: async () => void this.#listeners.delete(taken) };
  }

  /** Lets the time run until this is done. Throws if nothing is left to wait for. */
  async run<Value>(work: Promise<Value>): Promise<Value> {
    let isDone = false;
    const settled = () => {
      isDone = true;
    };
    work.then(settled, settled);
    for (;;) {
      // All that follows from the last step happens in microtasks, and they are over when this returns.
      await new Promise<void>((next) => setImmediate(next));
      if (isDone) return work;
      let timer = this.#pop();
      while (timer?.run === null) timer = this.#pop();
      if (!timer) throw new Error("everything waits, and for nothing");
      this.#now = Math.max(this.#now, timer.at);
      timer.run?.();
    }
  }

  #after(ms: number, run: () => void): Timer {
    const timers = this.#timers;
    const timer: Timer = { at: this.#now + Math.max(0, ms), n: this.#made++, run };
    timers.push(timer);
    for (let child = timers.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfLater(parent, child)) break;
      child = parent;
    }
    return timer;
  }

  /** The earliest; of those at one time, the one that was made first. */
  #pop(): Timer | undefined {
    const timers = this.#timers;
    const first = timers[0];
    const last = timers.pop();
    if (!first || !last || timers.length === 0) return first;
    timers[0] = last;
    for (let parent = 0; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      const child = this.#isLater(left, right) ? right : left;
      if (!this.#swapIfLater(parent, child)) return first;
      parent = child;
    }
  }

  #swapIfLater(one: number, other: number): boolean {
    const [a, b] = [this.#timers[one], this.#timers[other]];
    if (!a || !b || !this.#isLater(one, other)) return false;
    this.#timers[one] = b;
    this.#timers[other] = a;
    return true;
  }

  #isLater(one: number, other: number): boolean {
    const [a, b] = [this.#timers[one], this.#timers[other]];
    return a !== undefined && b !== undefined && (a.at > b.at || (a.at === b.at && a.n > b.n));
  }
}
