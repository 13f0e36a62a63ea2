import { Draws } from "../../simulators/draws.ts";
import type { Clock } from "../kit/clock.ts";
import type { FaultSource, Faults } from "./faults.ts";
import type { LyingPorts } from "./lies.ts";
import type { Rule } from "./rules.ts";

/** What every part of a world stands on. */
export interface WorldContext {
  readonly seed: number;
  /** Tells the parts of one telephony domain from those of another, in names of faults and in the story. */
  readonly site: string;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly edgeMachines: EdgeMachines;
  /** Empty in most worlds. */
  readonly lie: LyingPorts;
  /** `Often`: what happens in this world more often than its seed draws it. */
  readonly often: ReadonlySet<string>;
  /** A line for the story of this world; the text is only made when somebody reads it. */
  tell(line: () => string): void;
  /** Something happened that must never happen. */
  violated(rule: Rule, how: string): void;
  /** Of a judge who waits for answers: that he does not come to his end violates his rule. */
  judging(rule: Rule, judge: () => Promise<void>): void;
  /** Milliseconds since 1970 as the machines of the edge have it. */
  edgeNow(): number;
}

/** What goes wrong with all machines of the edge at once. */
export interface EdgeMachines {
  /** What their clock is ahead of the true time. */
  skewMs: number;
  /** When that changed last. */
  clockSetAt: number;
  /** Their disks take nothing. */
  isDiskFull: boolean;
  /** Of two edges none acts. */
  noneActs: boolean;
  /** After so long without work an object is evicted; `null`: it stays. */
  readonly idleMs: number | null;
  /** How long an object at Cloudflare is busy with a request, and with one that writes; absent: with none, so that no other waits. */
  readonly turnMs?: { readonly reading: number; readonly writing: number };
}

/** The weights of actions in this world. */
export function weightsIn<Name extends string>(
  { often }: WorldContext,
  weights: Readonly<Record<Name, number>>,
): Readonly<Record<Name, number>> {
  const more = Object.entries<number>(weights).map(([name, weight]) => [name, often.has(name) ? 10 * weight : weight]);
  return Object.fromEntries(more);
}

export function draws({ seed, site }: WorldContext, name: string): Draws {
  return new Draws(seed, `${site}${name}`);
}

export function faultsOf({ faults, site }: WorldContext, name: string): FaultSource {
  return faults.source(`${site}${name}`);
}

export function cannotWrite({ isDiskFull, noneActs }: EdgeMachines): boolean {
  return isDiskFull || noneActs;
}
