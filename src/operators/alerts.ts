import type { EpochMs } from "../foundation/ids.ts";
import { BACK_END, bareHost, hostText } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { earliest } from "../foundation/time/earliest.ts";
import { hasLasted } from "../foundation/time/has-lasted.ts";
import { dayMs } from "../foundation/time/timers.ts";
import { type Alert, alertKinds, type FoundAlert, isOpen, showAlert } from "./alert-kinds.ts";

/** An acknowledgement: a user has seen an alert up to here. What is newer is open. */
export interface Seen {
  readonly id: string;
  /** Sequence of an incident; of a condition, the latest beginning that it covers. */
  readonly upTo: number;
  readonly by: string;
  readonly at: EpochMs;
  readonly note: string;
}

/** The state of a bridge from its relay. Absent fields are not the case, as far as known. */
export interface BridgeState {
  readonly agentConnected: boolean;
  /** Also false while the active agent has not reported yet; `awaySince` is then absent. */
  readonly bridgeUp: boolean;
  /** `null`: unknown. */
  readonly portsInUse: number | null;
  /** `null`: no limit, or unknown. */
  readonly ports: number | null;
  /** Start of the time without a connected agent, or in which the active one does not reach the bridge. */
  readonly awaySince?: EpochMs;
  /** Start of the drain. */
  readonly drainedSince?: EpochMs;
  /** Start of its shutdown, in which it takes no new calls. */
  readonly endsSince?: EpochMs;
  /** Since when all its ports are in use. */
  readonly fullSince?: EpochMs;
  /** Alerts of its agents, for users who see the domain. */
  readonly alerts?: readonly FoundAlert[];
}

export interface FoundBridge {
  readonly bridge: string;
  /** `null`: its relay did not answer. */
  readonly health: BridgeState | null;
}

export interface FoundDomain {
  readonly domain: string;
  /** The answer of its directory; `null`: it did not answer. */
  readonly known: DirectoryAlerts | null;
  /** The pending documents of its mailbox; `null` as before. */
  readonly mail: readonly PendingForServer[] | null;
}

/** Unconfirmed documents of a TSP server or the back end. */
export interface PendingForServer {
  readonly host: string;
  readonly documents: number;
  /** When the oldest was queued. */
  readonly oldestAt: EpochMs | null;
}

/** The alerts that the directory of a domain knows. */
export interface DirectoryAlerts {
  readonly found: readonly FoundAlert[];
  /** Documents of conferences. */
  readonly waiting: readonly PendingForServer[];
  readonly webhooks: readonly {
    /** Names the receiver in ids. */
    readonly id: string;
    readonly url: string;
    readonly refused: number;
    readonly oldestAt: EpochMs | null;
    readonly failure: { readonly since: EpochMs; readonly why: string } | null;
    readonly givenUp: number;
    readonly lastGivenUpAt: EpochMs | null;
  }[];
  readonly seen: readonly Seen[];
}

/** A retry of a TSP server takes some seconds. */
const pendingLongMs = 30_000;
/** A refused webhook is sent again after five seconds. */
const refusedLongMs = 60_000;

/** The alerts of one domain and of the edge (`ofEdge`): open ones first, then by severity. */
export function alertsOf(
  ofEdge: readonly FoundAlert[],
  bridges: readonly FoundBridge[],
  { domain, known, mail }: FoundDomain,
  now: EpochMs,
): readonly Alert[] {
  const silent = Object.entries({ directory: known, mailbox: mail }).filter(([, answer]) => answer === null);
  const ofDomain = [
    ...silent.map(([about]): FoundAlert => ({ kind: "state-unreachable", about, since: null })),
    ...bridges.flatMap(bridgeAlerts),
    ...(known?.found ?? []),
    ...pendingAlerts([...(known?.waiting ?? []), ...(mail ?? [])], now),
    ...webhookAlerts(known?.webhooks ?? [], now),
  ];
  const shown = (of: string | null) => (found: FoundAlert) => {
    const alert = showAlert(found, of);
    const seen = known?.seen.find(({ id }) => id === alert.id);
    return seen ? withSeen(found, alert, seen, now) : [alert];
  };
  return [...ofEdge.flatMap(shown(null)), ...ofDomain.flatMap(shown(domain))].sort((a, b) => weightOf(a) - weightOf(b));
}

/** Adds the acknowledgement and the count of newer occurrences. Drops an incident that is acknowledged as a whole. */
function withSeen(found: FoundAlert, alert: Alert, { id: _, ...seen }: Seen, now: EpochMs): readonly Alert[] {
  const { sequence, since, domain, count } = alert;
  const isNew = (sequence ?? since ?? now) > seen.upTo;
  if (sequence === null) return [isNew ? alert : { ...alert, seen }];
  const left = { ...found, count: Math.min(count, sequence - seen.upTo) };
  return isNew ? [{ ...showAlert(left, domain), seen }] : [];
}

/**
 * Returns the end of an acknowledgement. `seenUpTo`: the sequence or start that the user saw; `null`: all
 * that is there now. A condition is covered until it begins again, or for a day if its beginning is unknown.
 */
export function coverageOf({ sequence, since }: Alert, seenUpTo: number | null, now: EpochMs): number {
  if (sequence !== null) return Math.min(seenUpTo ?? sequence, sequence);
  if (since === null) return now + dayMs;
  return seenUpTo !== null && seenUpTo < since ? seenUpTo : Math.max(since, now);
}

/** The alerts of a bridge and its agents. */
export function bridgeAlerts({ bridge, health }: FoundBridge): readonly FoundAlert[] {
  if (!health) return [{ kind: "relay-unreachable", bridge, since: null }];
  const { agentConnected, bridgeUp, ports, awaySince = null, drainedSince, endsSince = null, fullSince } = health;
  const found: FoundAlert[] = [...(health.alerts ?? [])];
  if (!agentConnected) found.push({ kind: "no-agent", since: awaySince });
  else if (!bridgeUp) {
    const why = awaySince === null ? "has not reported yet if it reaches its bridge" : "does not reach its bridge";
    found.push({ kind: "bridge-unreachable", since: awaySince, why });
  } else if (ports === 0) found.push({ kind: "bridge-ends", since: endsSince });
  if (fullSince !== undefined) found.push({ kind: "bridge-full", since: fullSince });
  if (drainedSince !== undefined) found.push({ kind: "bridge-drained", since: drainedSince });
  return found.map((one) => ({ ...one, bridge }));
}

/** By server, in conferences and in the mailbox. */
function pendingAlerts(all: readonly PendingForServer[], now: EpochMs): readonly FoundAlert[] {
  return [...Map.groupBy(all, ({ host }) => bareHost(host))].flatMap(([about, pending]): FoundAlert[] => {
    const since = earliest(...pending.map(({ oldestAt }) => oldestAt));
    if (since === null || !hasLasted(since, now, pendingLongMs)) return [];
    const count = pending.reduce((sum, { documents }) => sum + documents, 0);
    return [{ kind: "documents-pending", ...serverOf(about), since, count }];
  });
}

/** A TSP server as the subject of an alert. The back end cannot be resynced. */
export function serverOf(about: string): { about: string; name: string; command?: null | undefined } {
  if (about === "") return { about, name: "other TSP servers", command: null };
  if (about === BACK_END) return { about, name: hostText(about), command: null };
  return { about, name: `the TSP server ${about}` };
}

function webhookAlerts(receivers: DirectoryAlerts["webhooks"], now: EpochMs): readonly FoundAlert[] {
  return receivers.flatMap(({ url: about, id: key, failure, refused, oldestAt, givenUp, lastGivenUpAt }) => {
    const found: FoundAlert[] = [];
    const { since, why } = failure ?? { since: oldestAt, why: `it refused ${counted(refused, "webhook")}` };
    if (failure || (refused > 0 && since !== null && hasLasted(since, now, refusedLongMs)))
      found.push({ kind: "webhook-fails", about, key, since, why });
    const undelivered = { about, key, since: null, latest: lastGivenUpAt ?? 0, count: givenUp, sequence: givenUp };
    if (givenUp > 0) found.push({ kind: "webhooks-undelivered", ...undelivered });
    return found;
  });
}

function weightOf(alert: Alert): number {
  return alertKinds.indexOf(alert.kind) + (isOpen(alert) ? 0 : alertKinds.length);
}
