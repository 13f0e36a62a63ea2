import { Draws } from "../../simulators/draws.ts";
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";

/** What every part of a world stands on. */
export interface Surroundings {
  readonly seed: number;
  readonly clock: Clock;
  readonly faults: Faults;
  /** A line for the story of this world; the text is only made when somebody reads it. */
  tell(line: () => string): void;
  /** Something happened that must never happen. `rule` is a short name for it. */
  violated(rule: string, how: string): void;
  /** Milliseconds since 1970 as the machines of the edge have it. */
  edgeNow(): number;
}

/** The time of day at which every world begins. */
export const worldBegins = Date.UTC(2026, 0, 1, 12);

export function draws(around: Surroundings, name: string): Draws {
  return new Draws(around.seed, name);
}
