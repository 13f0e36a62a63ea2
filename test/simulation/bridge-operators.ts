import type { Draws } from "../../simulators/draws.ts";
import { boostedWeights, draws, type WorldContext } from "./context.ts";
import type { RelayHost } from "./relay-host.ts";

/** What operators ask of a bridge, and how often beside the others: at any time, or just when something is under way. */
export const requests = { "hand over": 3, "hand over amid commands": 4, "hand over amid events": 3, drain: 1 } as const;

const pauseMs = 45_000;
const longestDrainMs = 60_000;
/** By then what was under way has come to the agent, to the bridge or back. */
const amidMs = 60;
const againMs = 2_000;
const mostAttempts = 5;

/** The operators who look at one bridge: now and then they drain it for a while, or have its agents hand over. */
export class BridgeOperators {
  readonly #name: string;
  readonly #context: WorldContext;
  readonly #relay: RelayHost;
  readonly #draws: Draws;
  readonly #spared: ReadonlySet<string>;
  readonly #acted: string[];
  readonly #weights: Readonly<Record<keyof typeof requests, number>>;
  #number = 0;
  /** Called once, with the next event of the bridge. */
  #onEvent: (() => void) | null = null;

  constructor(
    context: WorldContext,
    relay: RelayHost,
    { spared, done }: { readonly spared: ReadonlySet<string>; readonly done: string[] },
  ) {
    this.#name = `operators of ${relay.place.bridge}`;
    this.#context = context;
    this.#relay = relay;
    this.#draws = draws(context, this.#name);
    this.#spared = spared;
    this.#acted = done;
    this.#weights = boostedWeights(context, requests);
    this.#actLater();
  }

  /** Something happens on the bridge. */
  happened(): void {
    this.#onEvent?.();
    this.#onEvent = null;
  }

  #actLater(): void {
    const pause = -Math.log(1 - this.#draws.next()) * pauseMs;
    this.#context.clock.after(pause, () => {
      if (!this.#context.faults.active) return;
      this.#number += 1;
      const type = this.#draws.weighted(this.#weights);
      const name = `${this.#name}, action ${this.#number}: ${type}`;
      if (!this.#spared.has(name)) this.#act(name, type);
      this.#actLater();
    });
  }

  #act(name: string, type: keyof typeof requests): void {
    const { clock } = this.#context;
    if (type === "drain") return this.#drain(name);
    if (this.#relay.alone) return; // Nobody could act in the agent's place.
    const begin = () => void this.#handOver(name);
    const soon = () => clock.after(this.#draws.between(0, amidMs), begin);
    if (type === "hand over amid commands") this.#relay.onCommands = soon;
    else if (type === "hand over amid events") this.#onEvent = soon;
    else begin();
  }

  #drain(name: string): void {
    this.#tell(name);
    const drainedMs = this.#draws.between(1_000, longestDrainMs);
    void this.#untilAnswered(() => this.#relay.drain(true)).then(() =>
      this.#context.clock.after(drainedMs, () => void this.#untilAnswered(() => this.#relay.drain(false))),
    );
  }

  /** As people do it: a look at who acts, then the button, by some twice; and once more, if no answer comes. */
  async #handOver(name: string): Promise<void> {
    if (!this.#context.faults.active) return;
    const agents = await this.#untilAnswered(() => this.#relay.hosted.call(async (relay) => relay.agents()));
    const from = agents?.find(({ role }) => role === "active")?.agent;
    if (from === undefined) return;
    this.#tell(name, from);
    for (const _ of this.#draws.chance(0.3) ? [1, 2] : [1]) {
      void this.#untilAnswered(() => this.#relay.handOver(from));
    }
  }

  #tell(name: string, agent = ""): void {
    this.#acted.push(name);
    this.#context.tell(() => `== ${name} ${agent}`);
  }

  /** `null`: none of some attempts was answered. */
  async #untilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      try {
        return await ask();
      } catch {
        await new Promise<void>((resolve) => this.#context.clock.after(againMs, resolve));
      }
    }
    return null;
  }
}
