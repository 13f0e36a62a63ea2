import { DurableObject } from "cloudflare:workers";
import type { CountsData } from "../../src/foundation/metrics.ts";
import type { CountsPortion, CountsRpc } from "../../src/rpc/counts.ts";
import { type Env, platformOf } from "../platform/platform.ts";
import { DeploymentCounts } from "./deployment-counts.ts";

/** What all processes counted, on the platform. There is one. */
export class CountsObject extends DurableObject<Env> implements CountsRpc {
  readonly #counts = new DeploymentCounts(platformOf(this.ctx, this.env));

  add(from: string, portions: readonly CountsPortion[]): Promise<void> {
    return this.#counts.add(from, portions);
  }

  all(): Promise<CountsData> {
    return this.#counts.all();
  }
}
