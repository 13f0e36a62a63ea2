import type { EpochMs } from "../../src/foundation/ids.ts";
import { nextJump } from "../../src/foundation/time/clock-jump.ts";
import { differenceText } from "../../src/foundation/time/difference-text.ts";
import type { FoundAlert } from "../../src/operators/alert-kinds.ts";
import type { RelayStore } from "./relay-store.ts";

/** The agents whose clock is far from the edge's, as each last said. */
export class AgentClocks {
  readonly #ports: { now(): EpochMs };
  readonly #store: RelayStore;

  constructor(ports: { now(): EpochMs }, store: RelayStore) {
    this.#ports = ports;
    this.#store = store;
  }

  /** `aheadMs`: so far its clock is ahead of the edge's; below 0: behind. */
  heard(agent: string, aheadMs: number): void {
    const known = this.#store.read("clocks") ?? {};
    const { [agent]: _, ...others } = known;
    const before = (Object.hasOwn(known, agent) ? known[agent] : null) ?? null;
    const after = nextJump(before, aheadMs, this.#ports.now());
    if (after !== before) this.#store.write("clocks", after ? { ...others, [agent]: after } : others);
  }

  /** `agents`: those that are here now. */
  alerts(agents: readonly string[]): readonly FoundAlert[] {
    return Object.entries(this.#store.read("clocks") ?? {}).flatMap(([about, { since, byMs }]): FoundAlert[] =>
      agents.includes(about) ? [{ kind: "clock-differs", about, since, why: differenceText(byMs) }] : [],
    );
  }
}
