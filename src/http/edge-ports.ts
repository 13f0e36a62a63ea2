import type { LogFacts } from "../foundation/text/log-line.ts";
import type { Timers } from "../foundation/time/timers.ts";
import type { Alert } from "../operators/alert-kinds.ts";
import type { FoundBridge } from "../operators/alerts.ts";
import type { EdgePair } from "../operators/edge-pair.ts";
import type { EdgeObjects } from "../rpc/objects.ts";
import type { Domain } from "../settings/load.ts";
import type { AuditPorts } from "./audited.ts";
import type { GuardPorts } from "./guard.ts";
import type { EdgeEvent } from "./monitoring/monitoring.ts";
import type { Lacking } from "./objects-of-request.ts";

export interface EdgePorts extends Timers, Lacking {
  readonly domains: ReadonlyMap<string, Domain>;
  readonly objects: EdgeObjects;
  /** Absent: the edge shares its state with no other one. */
  readonly pair?: EdgePair;
  /** By how much the machine's clock is ahead, if it is not believed; otherwise `null`. Absent: the platform vouches for it. */
  clockAheadMs?(): number | null;
  /** True if the operator's token can be guessed. */
  isTokenWeak?(): boolean;
  /** Lets urgent work of this process come first. Absent: the platform does. */
  readonly giveWay?: (() => Promise<void>) | undefined;
  now(): number;
  /** Monotonic time in milliseconds, except on workerd, which has no such clock. */
  passedMs(): number;
  log(event: EdgeEvent, facts: LogFacts, level?: "info" | "warn" | "error"): void;
}

export interface PeoplePorts extends EdgePorts, GuardPorts, AuditPorts, AlertPorts {
  readonly objects: EdgeObjects;
}

export interface AlertPorts {
  /** Asks for the bridges and alerts of a domain, for a user who sees it. */
  lookAt(domain: Domain): Promise<LookedAt>;
}

export interface LookedAt {
  readonly bridges: readonly FoundBridge[];
  readonly alerts: readonly Alert[];
}
