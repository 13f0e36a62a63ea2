import { SILENCE_MS } from "../../src/link/relay.ts";
import type { WorldContext } from "./context.ts";

/** Judges who acts: of two agents the one that the relay has chosen, and no other. */
export class ActiveAgentJudge {
  readonly #context: WorldContext;
  readonly #replacedAt = new Map<string, number>();
  readonly #silent = new Set<string>();
  /** The relay has lost its link, and does not know whether the agent has noticed. */
  #missed: string | null = null;
  /** When the present one was. */
  chosenAt = 0;
  /** Another agent is the active one. */
  onChange: () => void = () => {};
  #chosen: string | null = null;

  constructor(context: WorldContext) {
    this.#context = context;
  }

  chosen(agent: string): void {
    const { clock, edgeMachines } = this.#context;
    this.#silent.delete(agent);
    // A relay whose clock was set while it waited may have waited too little.
    const hasWaited = edgeMachines.clockSetAt < clock.now - SILENCE_MS;
    if (this.#missed !== null && this.#missed !== agent && hasWaited) this.#silent.add(this.#missed);
    this.#missed = null;
    if (agent === this.#chosen) return;
    this.chosenAt = clock.now;
    if (this.#chosen !== null) this.#replacedAt.set(this.#chosen, this.chosenAt);
    this.#replacedAt.delete(agent);
    this.#chosen = agent;
    this.onChange();
  }

  /** Also as long as none was chosen. */
  isChosen(agent: string): boolean {
    return this.#chosen === null || this.#chosen === agent;
  }

  /** The relay has given its link up after the time of silence: the agent has done so before. */
  silent(agent: string): void {
    this.#silent.add(agent);
  }

  /** The relay has lost the links of all: another agent may be chosen when this one has given up by itself. */
  missed(agent: string): void {
    this.#missed = agent;
  }

  /** `linked`: as far as it can know. An agent that is alone acts without a link, too. */
  begins(agent: string, { linked, alone }: { readonly linked: boolean; readonly alone: boolean }): void {
    const { clock, violated } = this.#context;
    if (!linked && !alone) violated("one of two agents acts with a link alone", agent);
    // So long a link may go unnoticed of which the edge alone saw the end.
    const mayMs = this.#silent.has(agent) ? 0 : SILENCE_MS;
    const sinceMs = clock.now - (this.#replacedAt.get(agent) ?? clock.now);
    if (!alone && sinceMs >= mayMs)
      violated("an agent that was replaced leaves the bridge alone", `${agent}: ${sinceMs} ms`);
  }
}
