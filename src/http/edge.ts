import type { Domain } from "../domain.ts";
import type { AliasCache } from "../routing/alias-cache.ts";
import type { Metrics } from "./metrics.ts";
import type { Objects } from "./objects.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What every route may use. */
export interface Edge {
  readonly domains: ReadonlyMap<string, Domain>;
  readonly objects: Objects;
  readonly aliases: AliasCache;
  /** Posts to each domain's adapter URL. */
  readonly posts: RateLimit;
  readonly metrics: Metrics;
  /** Empty: nobody is the operator. */
  readonly operatorToken: string;
  now(): number;
  /** One line for operations staff. */
  log(event: string, facts: Readonly<Record<string, unknown>>): void;
}
