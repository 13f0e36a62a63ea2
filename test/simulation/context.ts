import { Draws } from "../../simulators/draws.ts";
import type { Clock } from "../kit/clock.ts";
import type { requests as ofBridges } from "./bridge-operators.ts";
import type { FaultKind, FaultSource, Faults } from "./faults.ts";
import type { LyingPorts } from "./lies.ts";
import type { actions as ofMeetings } from "./meeting-actions.ts";
import type { weights as ofOperators } from "./operators.ts";
import type { Rule } from "./rules.ts";
import type { Switches } from "./switches.ts";

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
  readonly boosts: ReadonlySet<Boost>;
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
  /** After so long without work an object is evicted; `null`: it stays. */
  readonly idleMs: number | null;
  /** How long an object at Cloudflare is busy with a request, and with one that writes; absent: with none, so that no other waits. */
  readonly turnMs?: { readonly reading: number; readonly writing: number };
}

/**
 * A fault or action that a world has more often than usual, or a switch that it turns on. "mute", "lock" and
 * "expel" boost requests of WebEx and of operators.
 */
export type Boost =
  | FaultKind
  | keyof typeof ofMeetings
  | keyof typeof ofOperators
  | keyof typeof ofBridges
  | Exclude<keyof Switches, "protocol" | "gatherMs" | "resyncs">
  | "client data"
  | "move to another server"
  | "two agents";

/** Factor for the rates of boosts. Stored seeds depend on it. */
export const boostFactor = 10;

export function boostedWeights<Name extends string>(
  { boosts }: WorldContext,
  weights: Readonly<Record<Name, number>>,
): Readonly<Record<Name, number>> {
  const names: ReadonlySet<string> = boosts;
  const boosted: Record<Name, number> = { ...weights };
  for (const name in boosted) if (names.has(name)) boosted[name] *= boostFactor;
  return boosted;
}

export function draws({ seed, site }: WorldContext, name: string): Draws {
  return new Draws(seed, `${site}${name}`);
}

export function faultsOf({ faults, site }: WorldContext, name: string): FaultSource {
  return faults.source(`${site}${name}`);
}
