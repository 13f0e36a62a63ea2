import type { EdgeOfPair, EdgePair, PairView } from "../../src/operators/edge-pair.ts";

export const standby: EdgeOfPair = { name: "edge-2", url: "http://edge-2", version: "1.0.0", silentMs: 800 };

/** Two edges, as `edge-1` knows them, which is active. */
export class FakePair implements EdgePair {
  readonly name = "edge-1";
  standbys: readonly EdgeOfPair[];
  /** Why the database does not answer; `null`: it does. */
  fault: Error | null = null;

  readonly #unreplicated: string | null;

  constructor(standbys: readonly EdgeOfPair[] = [standby], unreplicated: string | null = null) {
    this.standbys = standbys;
    this.#unreplicated = unreplicated;
  }

  async view(): Promise<PairView> {
    if (this.fault) throw this.fault;
    return {
      active: { name: "edge-1", url: "http://edge-1", since: 1_000 },
      standbys: this.standbys,
      fault: this.#unreplicated,
    };
  }
}
