import type { EpochMs } from "../foundation/ids.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import type { Timers } from "../foundation/time/timers.ts";
import type { Alert, AlertKind } from "../operators/alert-kinds.ts";
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
  /** Of an edge whose time may be ahead of the true one, since one clock alone says so. Absent: the platform answers for its clock. */
  readonly doubt?: {
    ms(): number;
    /** A clock at this address shows `at`. */
    heardTime(at: EpochMs, address: string): void;
  };
  /** The operator's token can be guessed; absent: it cannot, or there is none. */
  isTokenWeak?(): boolean;
  /** Lets urgent work of this process come first. Absent: the platform does. */
  readonly giveWay?: (() => Promise<void>) | undefined;
  now(): number;
  /** Milliseconds that pass: at one pace, but on workerd, which has no clock that nobody can set. */
  passedMs(): number;
  log(event: EdgeEvent, facts: LogFacts, level?: "info" | "warn" | "error"): void;
}

export interface PeoplePorts extends EdgePorts, GuardPorts, AuditPorts, AlertPorts {
  readonly objects: EdgeObjects;
}

export interface AlertPorts {
  /** The bridges of a domain, and its alerts, asked anew; for a user who sees it. */
  lookAt(domain: Domain): Promise<LookedAt>;
}

export interface LookedAt {
  readonly bridges: readonly FoundBridge[];
  readonly alerts: readonly Alert[];
  /** Kinds that may have more alerts: a source did not answer. */
  readonly unknown: readonly AlertKind[];
}
