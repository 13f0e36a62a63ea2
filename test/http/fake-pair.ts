import type { EdgeOfPair, EdgePair, PairView } from "../../src/operators/edge-pair.ts";

export const acting: EdgeOfPair = {
  name: "edge-1",
  url: "http://edge-1",
  version: "1.0.0",
  acts: true,
  silentMs: 0,
  behind: 0,
  fault: null,
};
export const standing: EdgeOfPair = { ...acting, name: "edge-2", url: "http://edge-2", acts: false, silentMs: 800 };

/** Two edges, as `edge-1` knows them. */
export class FakePair implements EdgePair {
  readonly name = "edge-1";
  acts = true;
  why = "edge-2 acts";
  edges: readonly EdgeOfPair[] = [acting, standing];
  handedOver = 0;
  /** Why the database does not answer; `null`: it does. */
  fault: Error | null = null;

  async view(): Promise<PairView> {
    if (this.fault) throw this.fault;
    const name = this.edges.find(({ acts }) => acts)?.name;
    const acting = name === undefined ? null : { name, since: 1_000, why: "silent" as const, epoch: 7 };
    return { acting, edges: this.edges };
  }

  async handOver(): Promise<void> {
    this.handedOver += 1;
  }
}
