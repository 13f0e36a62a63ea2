import type { EpochMs } from "../../src/foundation/ids.ts";
import type { FoundAlert } from "../../src/operators/alert-kinds.ts";
import type { RelayEntries, RelayStore } from "./relay-store.ts";

/** Who is refused tries again within seconds: one of whom nothing is heard any more has given up. */
const goneAfterMs = 10 * 60_000;
/** So old may be what the disk has of when an agent was refused last. */
const heardStepMs = 5 * 60_000;

/** Agents that are refused since the settings do not have their key, and since when. */
export class AgentRefusals {
  readonly #ports: { now(): EpochMs };
  readonly #store: RelayStore;
  /** To the millisecond; absent: not in this life. */
  readonly #heardAt = new Map<string, EpochMs>();

  constructor(ports: { now(): EpochMs }, store: RelayStore) {
    this.#ports = ports;
    this.#store = store;
  }

  refused(agent: string): void {
    const now = this.#ports.now();
    const known = this.#present;
    const before = Object.hasOwn(known, agent) ? known[agent] : undefined;
    this.#heardAt.set(agent, now);
    if (before && Math.abs(now - before.heardAt) < heardStepMs) return;
    this.#store.write("refusals", { ...known, [agent]: { since: before?.since ?? now, heardAt: now } });
  }

  /** It has its link. */
  admitted(agent: string): void {
    const { [agent]: before, ...others } = this.#known;
    if (before) this.#store.write("refusals", others);
  }

  alerts(agents: readonly string[]): readonly FoundAlert[] {
    return Object.entries(this.#present).flatMap(([about, { since }]): FoundAlert[] =>
      agents.includes(about) ? [{ kind: "agent-refused", about, since }] : [],
    );
  }

  /** The recent refusals. */
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
