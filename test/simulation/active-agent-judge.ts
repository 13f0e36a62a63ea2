import { SILENCE_MS } from "../../src/link/relay.ts";
import type { WorldContext } from "./context.ts";

/** Judges who acts: of two agents the one that the relay has chosen, and no other. */
export class ActiveAgentJudge {
  readonly #context: WorldContext;
  readonly #replacedAt = new Map<string, number>();
  /** When the present one was. */
  chosenAt = 0;
  /** Another agent is the active one. */
  onChange: () => void = () => {};
  #chosen: string | null = null;

  constructor(context: WorldContext) {
    this.#context = context;
  }

  chosen(agent: string): void {
    if (agent === this.#chosen) return;
    this.chosenAt = this.#context.clock.now;
    if (this.#chosen !== null) this.#replacedAt.set(this.#chosen, this.chosenAt);
    this.#replacedAt.delete(agent);
    this.#chosen = agent;
    this.onChange();
  }

  /** `linked`: as far as it can know. An agent that is alone acts without a link, too. */
  begins(agent: string, { linked, alone }: { readonly linked: boolean; readonly alone: boolean }): void {
    const { clock, violated } = this.#context;
    if (!linked && !alone) violated("one of two agents acts with a link alone", agent);
    // So long a link that is half open may go unnoticed.
    const sinceMs = clock.now - (this.#replacedAt.get(agent) ?? clock.now);
    if (sinceMs >= SILENCE_MS)
      violated("an agent that was replaced leaves the bridge alone", `${agent}: ${sinceMs} ms`);
  }
}
