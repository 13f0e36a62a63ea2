import { Seen } from "../delivery/seen.ts";
import type { ConfKey, DomainName, EpochMs, ExtConfId } from "../foundation/ids.ts";
import type { Timers } from "../foundation/time/timers.ts";
import type { HandleAnswer, HandleIndexRpc, HandleRequest } from "../rpc/handle-index.ts";
import type { AllObjects, Platformed } from "../rpc/objects.ts";

/** Remembers for which conference a handle stands, until that conference says that it is over, or the entry expires. */
export class HandleCache {
  readonly #seen: Seen<string, ConfKey>;
  readonly #ageMs: number;

  constructor({ entries, ageMs } = { entries: 50_000, ageMs: 300_000 }) {
    this.#seen = new Seen(entries);
    this.#ageMs = ageMs;
  }

  get(domain: DomainName, extConfId: ExtConfId, now: EpochMs): ConfKey | undefined {
    return this.#seen.get(`${domain}/${extConfId}`, now - this.#ageMs);
  }

  set(domain: DomainName, extConfId: ExtConfId, confKey: ConfKey, now: EpochMs): void {
    this.#seen.add(`${domain}/${extConfId}`, confKey, now, now - this.#ageMs);
  }
}

interface HandleCallsPorts extends Timers {
  readonly objects: Pick<AllObjects, "handles">;
  now(): number;
  /** Lets a call come to its end, although the request that made it is over. */
  waitUntil(work: Promise<unknown>): void;
}

/**
 * The objects for the requests of one process, which asks each handle index with one call at a time: what comes meanwhile goes
 * together with the next one. So no more calls are under way than there are processes, however many conferences fail over at once.
 */
export function withHandlesTogether<Objects extends Pick<AllObjects, "handles">>(
  objects: Objects,
  ports: Omit<HandleCallsPorts, "objects">,
): Objects {
  const indexes = new Map<DomainName, HandleCalls>();
  const handles = (domain: DomainName) => {
    const index = indexes.get(domain) ?? new HandleCalls(domain, { ...ports, objects });
    indexes.set(domain, index);
    return index;
  };
  return { ...objects, handles };
}

/** A call that takes longer, perhaps a lost one, does not hold up the next. */
const holdsUpMs = 2_000;
/** A request is over by then. */
const mostLooks = 4;

/**
 * Its promises are its own: on Workers, what waits for a promise goes on in the request that made it, and not at all once that has
 * ended.
 */
interface WaitingRequest {
  readonly request: HandleRequest;
  /** Resolves when no call is under way. */
  readonly turn: PromiseWithResolvers<void>;
  readonly answer: PromiseWithResolvers<HandleAnswer | "resolve-separately">;
}

/** The handle index of one domain, for all requests of a process. */
class HandleCalls implements HandleIndexRpc, Platformed {
  readonly #domain: DomainName;
  readonly #ports: HandleCallsPorts;
  #waiting: WaitingRequest[] = [];
  #underWay: { readonly since: number } | null = null;

  constructor(domain: DomainName, ports: HandleCallsPorts) {
    this.#domain = domain;
    this.#ports = ports;
  }

  async resolve(request: HandleRequest): Promise<HandleAnswer> {
    const waiting: WaitingRequest = { request, turn: Promise.withResolvers(), answer: Promise.withResolvers() };
    this.#waiting.push(waiting);
    const stop = this.#isFree ? () => {} : this.#waitFor(waiting);
    this.#sendIfFree();
    try {
      const answer = await waiting.answer.promise;
      return answer === "resolve-separately" ? await this.#index.resolve(request) : answer;
    } finally {
      stop();
    }
  }

  resolveAll(requests: readonly HandleRequest[]): ReturnType<HandleIndexRpc["resolveAll"]> {
    return this.#index.resolveAll(requests);
  }

  hasConference(confKey: ConfKey): Promise<boolean> {
    return this.#index.hasConference(confKey);
  }

  fetch(url: string | Request, init?: RequestInit): Promise<Response> {
    return this.#index.fetch(url, init);
  }

  get id(): Platformed["id"] {
    return this.#index.id;
  }

  get #index(): HandleIndexRpc & Platformed {
    return this.#ports.objects.handles(this.#domain);
  }

  /** Whoever of those who wait goes on first sends for all: each may have ended before, with its client. */
  #waitFor({ turn, answer }: WaitingRequest): () => void {
    void turn.promise.then(() => this.#sendIfFree());
    let looks = 0;
    // Workers end a request that waits for another one alone: this timer is its own.
    const look = () => {
      looks += 1;
      if (looks === mostLooks) return answer.reject(new Error("the handle index does not answer"));
      stop = this.#ports.after(holdsUpMs, look);
      this.#sendIfFree();
    };
    let stop = this.#ports.after(holdsUpMs, look);
    return () => stop();
  }

  get #isFree(): boolean {
    return this.#underWay === null || Math.abs(this.#ports.now() - this.#underWay.since) >= holdsUpMs;
  }

  #sendIfFree(): void {
    if (!this.#isFree || this.#waiting.length === 0) return;
    const all = this.#waiting;
    this.#waiting = [];
    const underWay = { since: this.#ports.now() };
    this.#underWay = underWay;
    const ended = this.#resolveAll(all).then(() => {
      if (this.#underWay !== underWay) return;
      this.#underWay = null;
      for (const { turn } of this.#waiting) turn.resolve();
    });
    this.#ports.waitUntil(ended);
  }

  async #resolveAll(all: readonly WaitingRequest[]): Promise<void> {
    try {
      const answers = await this.#index.resolveAll(all.map(({ request }) => request));
      for (const [place, { answer }] of all.entries()) {
        const { [place]: given } = answers;
        answer.resolve(given === undefined ? "resolve-separately" : given);
      }
    } catch (error) {
      // An object goes on for minutes with the code of the last release, which has no such method. For one release.
      const isOlder = String(error).includes("does not implement the method");
      for (const { answer } of all) {
        if (isOlder) answer.resolve("resolve-separately");
        else answer.reject(error);
      }
    }
  }
}
