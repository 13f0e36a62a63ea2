import { Draws } from "../../simulators/draws.ts";

/** Everything that can go wrong, and how often it does where it can: once in so many chances, or times a minute. */
const faultRates = {
  "post lost": 0.03,
  "confirmation lost": 0.03,
  "post delayed": 0.03,
  "post repeated": 0.02,
  "WebEx confirms slowly": 0.02,
  "WebEx answers wrongly": 0.01,
  "RPC fails before": 0.005,
  "RPC fails after": 0.005,
  "object dies before a write": 0.006,
  "object dies before sending": 0.006,
  "write fails": 0.004,
  "alarm not set": 0.004,
  "object evicted": 1,
  "conference hangs": 0.002,
  "relay evicted": 0.1,
  "relay asleep": 0.3,
  "agent dies before a write": 0.0015,
  "agent dies after a write": 0.0015,
  "agent link cut": 0.15,
  "agent link half-open": 0.08,
  "agent disk full": 0.05,
  "agent frozen": 0.06,
  "bridge link cut": 0.1,
  "bridge link half-open": 0.05,
  "bridge out of reach": 0.04,
  "agent without network": 0.06,
  "act done, answer lost": 0.008,
  "bridge event lost": 0.08,
  "bridge restarted": 0.03,
  "bridge and journal lost": 0.02,
  "bridge slow": 0.08,
  "bridge stuck": 0.04,
  "bridge refuses": 0.2,
  "edge clock jumps": 0.1,
  "agent clock jumps": 0.1,
  "WebEx server down": 0.05,
  "WebEx server hangs": 0.03,
  "WebEx server out": 0.15,
  "edge disk full": 0.04,
  "agent lies": 1,
  "stranger knocks": 0.15,
  "process killed": 0.15,
  "process killed amid a flush": 0.0006,
  "process killed amid an alarm": 0.004,
  "flush fails": 0.0006,
  "flush slow": 0.002,
  "edge machine's clock jumps": 0.1,
} as const satisfies Record<string, number>;

export type FaultKind = keyof typeof faultRates;

/** Where the objects of a world live. */
export type RuntimeName = "node" | "workers";

/** What happens on plain Node alone. */
const ofNode: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "process killed",
  "process killed amid a flush",
  "process killed amid an alarm",
  "flush fails",
  "flush slow",
  "edge machine's clock jumps",
]);
/** What happens at Cloudflare alone. */
const ofWorkers: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "RPC fails before",
  "RPC fails after",
  "object dies before a write",
  "object dies before sending",
  "write fails",
  "alarm not set",
  "conference hangs",
]);

/** What may go wrong with this runtime, and with all else. */
export function faultKindsAt(runtime: RuntimeName): readonly FaultKind[] {
  const others: ReadonlySet<FaultKind> = runtime === "node" ? ofWorkers : ofNode;
  return (Object.keys(faultRates) as FaultKind[]).filter((kind) => !others.has(kind));
}

/** What may hold up an answer: of a server or an object that posts, its own alone. */
const holdsUp: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "post lost",
  "confirmation lost",
  "post delayed",
  "WebEx confirms slowly",
  "WebEx answers wrongly",
  "WebEx server down",
  "WebEx server hangs",
  "RPC fails before",
  "RPC fails after",
  "object dies before a write",
  "object dies before sending",
  "write fails",
  "alarm not set",
  "conference hangs",
  "edge clock jumps",
  "edge disk full",
  ...ofNode,
]);

/** Which faults happen in one world. A fault is named by its source, its kind and its number there, so that it can be spared. */
export class Faults {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  /** The names of those that happened, in order. */
  readonly happened: string[] = [];
  /** When the last one happened. */
  lastAt = Number.NEGATIVE_INFINITY;
  /** Until when the bridges work slowly by what happened to them. */
  slowUntil = Number.NEGATIVE_INFINITY;
  active = true;
  readonly #held: { readonly at: number; readonly source: FaultSource | null }[] = [];
  readonly #seed: number;
  readonly #rates: ReadonlyMap<FaultKind, number>;
  readonly #spared: ReadonlySet<string>;
  readonly #now: () => number;
  readonly #tell: (line: string) => void;

  /** `strength` multiplies each kind's rate; a kind that is not in it does not happen. */
  constructor(options: {
    readonly seed: number;
    readonly strength: Readonly<Partial<Record<FaultKind, number>>>;
    readonly spared: ReadonlySet<string>;
    now(): number;
    tell(line: string): void;
  }) {
    this.#seed = options.seed;
    const strengths = Object.entries(options.strength) as [FaultKind, number][];
    this.#rates = new Map(strengths.map(([kind, strength]) => [kind, faultRates[kind] * strength]));
    this.#spared = options.spared;
    this.#now = options.now;
    this.#tell = options.tell;
  }

  /**
   * Whether something happened in this time that may hold up an answer of this object to this server. What the bridge and the
   * agents do may not, nor what befalls other servers, conferences and mailboxes.
   */
  holdsUp(from: number, to: number, ...way: readonly FaultSource[]): boolean {
    for (let index = this.#held.length - 1; index >= 0; index--) {
      const held = this.#held[index];
      if (!held || held.at < from) return false;
      const { at, source } = held;
      if (at <= to && (source === null || !source.isAlone || way.includes(source))) return true;
    }
    return false;
  }

  /** Something that no fault is counted for holds up whatever this source takes part in; `null`: whatever is under way. */
  hold(source: FaultSource | null): void {
    this.#held.push({ at: this.#now(), source });
  }

  source(name: string): FaultSource {
    return new FaultSource(this, name, new Draws(this.#seed, `faults of ${name}`));
  }

  rate(kind: FaultKind): number {
    return this.#rates.get(kind) ?? 0;
  }

  /** Whether a fault that is due may happen; if so, it is counted. */
  strikes(kind: FaultKind, source: FaultSource, number: number): boolean {
    if (!this.active) return false;
    const name = `${source.name}: ${kind} (${number})`;
    if (this.#spared.has(name)) return false;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.happened.push(name);
    this.lastAt = this.#now();
    if (holdsUp.has(kind)) this.hold(source);
    this.#tell(`!! ${name}`);
    return true;
  }
}

/** Where faults can happen: each source has its own stream of chance, so that what goes on elsewhere does not change it. */
export class FaultSource {
  readonly draws: Draws;
  readonly #faults: Faults;
  readonly name: string;
  /** What befalls one server, conference or mailbox concerns no other. */
  readonly isAlone: boolean;
  /** When the platform last failed to set the alarm of this object: if the object dies then, only the sweep wakes it. */
  alarmLostAt = -1;
  #chances = 0;

  constructor(faults: Faults, name: string, draws: Draws) {
    this.#faults = faults;
    this.name = name;
    this.isAlone = /^(?:.*, )?(?:network of |conference |mailbox$)/.test(name);
    this.draws = draws;
  }

  hits(kind: FaultKind): boolean {
    this.#chances += 1;
    if (this.draws.next() >= this.#faults.rate(kind)) return false;
    return this.#faults.strikes(kind, this, this.#chances);
  }

  /** Milliseconds until the next fault of a kind that is counted by the minute; `null`: there is none. */
  pause(kind: FaultKind): number | null {
    const rate = this.#faults.rate(kind);
    const draw = this.draws.next();
    return rate === 0 ? null : (-Math.log(1 - draw) / rate) * 60_000;
  }

  /** One of those, whose time has come. */
  strikes(kind: FaultKind): boolean {
    this.#chances += 1;
    return this.#faults.strikes(kind, this, this.#chances);
  }
}
