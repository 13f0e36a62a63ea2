import type { EpochMs } from "../../src/foundation/ids.ts";
import { differenceText } from "../../src/foundation/time/difference-text.ts";
import type { FoundTrouble } from "../../src/operators/trouble-kinds.ts";
import type { RelayEntries, RelayStore } from "./relay-store.ts";

/** An agent that is refused tries again within seconds: who is heard of no more is off, or not an agent of the settings. */
const goneAfterMs = 10 * 60_000;
/** Smaller changes of the difference are not worth a row. */
const stepMs = 60_000;
/** So old may be what the disk has of when an agent was refused last. */
const heardStepMs = 5 * 60_000;

/** Agents that are refused for their clock, or since the settings do not have their key, and since when. */
export class AgentRefusals {
  readonly #ports: { now(): EpochMs };
  readonly #store: RelayStore;
  /** To the millisecond; absent: not in this life. */
  readonly #heardAt = new Map<string, EpochMs>();

  constructor(ports: { now(): EpochMs }, store: RelayStore) {
    this.#ports = ports;
    this.#store = store;
  }

  /** `byMs`: so far its clock is ahead of the edge's; below 0: behind. `null`: it is refused for its key. */
  refused(agent: string, byMs: number | null): void {
    const now = this.#ports.now();
    const known = this.#present;
    const found = Object.hasOwn(known, agent) ? known[agent] : undefined;
    // Whose clock was looked at has proved its key: anybody may come with a wrong one in its name.
    if (byMs === null && typeof found?.byMs === "number") return;
    const before = (found?.byMs === null) === (byMs === null) ? found : undefined;
    this.#heardAt.set(agent, now);
    const isNewlyHeard = Math.abs(now - (before?.heardAt ?? 0)) >= heardStepMs;
    if (before && !isNewlyHeard && Math.abs((before.byMs ?? 0) - (byMs ?? 0)) < stepMs) return;
    this.#store.write("refusals", { ...known, [agent]: { since: before?.since ?? now, byMs, heardAt: now } });
  }

  /** It has its link. */
  admitted(agent: string): void {
    const { [agent]: before, ...others } = this.#known;
    if (before) this.#store.write("refusals", others);
  }

  trouble(agents: readonly string[]): readonly FoundTrouble[] {
    return Object.entries(this.#present).flatMap(([about, { since, byMs }]): FoundTrouble[] => {
      if (!agents.includes(about)) return [];
      if (byMs === null) return [{ kind: "agent-refused", about, since }];
      return [{ kind: "clock-differs", about, since, why: differenceText(byMs) }];
    });
  }

  /** Those that were heard of not long ago. */
  get #present(): RelayEntries["refusals"] {
    const now = this.#ports.now();
    return Object.fromEntries(
      Object.entries(this.#known).filter(
        ([agent, { heardAt }]) => Math.abs(now - (this.#heardAt.get(agent) ?? heardAt)) < goneAfterMs,
      ),
    );
  }

  get #known(): RelayEntries["refusals"] {
    return this.#store.read("refusals") ?? {};
  }
}
