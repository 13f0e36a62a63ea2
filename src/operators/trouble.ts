import type { EpochMs } from "../foundation/ids.ts";
import { bareHost } from "../foundation/text/bare-host.ts";
import type { ClockJump } from "../foundation/time/clock-jump.ts";
import { differenceText } from "../foundation/time/difference-text.ts";
import { earliest } from "../foundation/time/earliest.ts";
import { hasLasted } from "../foundation/time/has-lasted.ts";
import { dayMs } from "../foundation/time/timers.ts";
import {
  type DomainTrouble,
  type FoundTrouble,
  isOfEdge,
  movesOn,
  orphanIs,
  showTrouble,
  sourcesOf,
  type TroubleKind,
  troubleKinds,
  unsaid,
} from "./trouble-kinds.ts";

/** By whom something is taken on, or is known. What has begun since, or has happened behind `place`, is open again. */
export interface Acknowledgement {
  readonly id: string;
  /** Start of the condition; `null`: unknown. */
  readonly since: EpochMs | null;
  /** Where its `since` moves on, what began by then is covered. */
  readonly upTo: EpochMs;
  /** `null`: of what lasts. */
  readonly place: number | null;
  readonly by: string;
  readonly at: EpochMs;
  readonly word: string;
}

/** How a bridge was found. */
export interface FoundBridge {
  readonly domain: string;
  readonly bridge: string;
  /** What its relay said; `null`: it did not answer. */
  readonly health: {
    readonly agentConnected: boolean;
    readonly bridgeUp: boolean;
    /** `null`: nobody knows. */
    readonly portsInUse: number | null;
    readonly ports: number | null;
    readonly awaySince?: EpochMs;
    readonly drainedSince?: EpochMs;
    readonly endsSince?: EpochMs;
    readonly fullSince?: EpochMs;
    /** Of its agents, for people who see the domain. */
    readonly trouble?: readonly FoundTrouble[];
  } | null;
  /** Since when its relay does not answer; `null`: it does. */
  readonly unreachableSince: EpochMs | null;
}

/** How a domain was found. */
export interface FoundDomain {
  readonly domain: string;
  /** What its directory knows; `null`: it did not answer, or was not asked. */
  readonly known: KnownTrouble | null;
  /** What waits in its mailbox; `null` as before. */
  readonly mail: readonly WaitingForServer[] | null;
  /** Who of them did not answer. */
  readonly silent: readonly FoundTrouble[];
}

/** Documents that a TSP server, or the back end, has not confirmed. */
export interface WaitingForServer {
  readonly host: string;
  readonly documents: number;
  /** When the oldest was queued. */
  readonly oldestAt: EpochMs | null;
}

/** What the directory of a domain knows of trouble. */
export interface KnownTrouble {
  /** Since when the clock of the edge's machine is far from the time by which the objects go; `null`: it is not. */
  readonly clock: ClockJump | null;
  /** TSP servers with undelivered documents. */
  readonly givenUp: readonly FoundTrouble[];
  /** Callers who could not get in. */
  readonly refused: readonly FoundTrouble[];
  /** Documents of conferences. */
  readonly waiting: readonly WaitingForServer[];
  /** How many conferences wait for their bridge, and since when. */
  readonly late: readonly { readonly bridge: string; readonly conferences: number; readonly since: EpochMs | null }[];
  /** Conferences on a bridge that the edge did not know, oldest first. */
  readonly orphans: readonly {
    readonly key: string;
    readonly bridge: string;
    /** Since when the agent has known it. */
    readonly since: EpochMs;
    readonly callers: number;
    readonly locked: boolean;
    /** The settings do not have its bridge any more. */
    readonly isGone?: true;
  }[];
  /** Number of conferences that the last sweep did not reach, and since when there are some; `null`: none. */
  readonly unreachable: { readonly conferences: number; readonly since: EpochMs } | null;
  readonly lost: readonly (FoundTrouble & { readonly bridge: string })[];
  /** Refused TSP servers, which the settings do not allow. */
  readonly serversRefused: readonly FoundTrouble[];
  readonly sourcesRefused: readonly FoundTrouble[];
  /** TSP servers that have refused documents. */
  readonly postsRefused: readonly FoundTrouble[];
  /** Bridges that have conferences but left the settings, and when the edge found that. */
  readonly removed: readonly { readonly bridge: string; readonly conferences: number; readonly since: EpochMs }[];
  readonly webhooks: readonly {
    /** Name in ids of alerts. */
    readonly id: string;
    readonly url: string;
    readonly refused: number;
    readonly oldestAt: EpochMs | null;
    readonly failure: { readonly since: EpochMs; readonly why: string } | null;
    readonly givenUp: number;
    readonly lastGivenUpAt: EpochMs | null;
  }[];
  readonly acknowledged: readonly Acknowledgement[];
}

/** A TSP server that is tried again takes some seconds. */
const waitsLongMs = 30_000;
/** A conference that was not reached may publish something by then. */
const unreachableLongMs = 60_000;
/** What a receiver of webhooks has refused comes again after five seconds. */
const refusedLongMs = 60_000;
/** So many are named, the oldest; the others of their bridge are counted. */
const mostOrphans = 20;
/** What nobody knows the beginning of is open again after this time. */
const unknownMs = dayMs;

/**
 * All that is wrong in one domain. `ofEdge`: what is wrong with the edge itself. What is acknowledged comes
 * last, else the worst first.
 */
export function troubleOf(
  ofEdge: readonly FoundTrouble[],
  bridges: readonly FoundBridge[],
  { domain, known, mail, silent }: FoundDomain,
  now: EpochMs,
): readonly DomainTrouble[] {
  const acknowledgements = new Map(known?.acknowledged.map((one) => [one.id, one]));
  const found = [
    ...ofEdge.map((one) => showTrouble(one, null, null)),
    ...bridges.flatMap((one) => bridgeTrouble(one).map((trouble) => showTrouble(trouble, one.domain, one.bridge))),
    ...(known?.lost ?? []).map(({ bridge, ...one }) => showTrouble(one, domain, bridge)),
    ...(known?.removed ?? []).map(({ bridge, conferences: count, since }) =>
      showTrouble({ kind: "bridge-removed", since, count }, domain, bridge),
    ),
    ...(known?.late ?? []).map(({ bridge, conferences, since }) =>
      showTrouble({ kind: "commands-late", since, count: conferences }, domain, bridge),
    ),
    ...orphanTrouble(known?.orphans ?? []).map(({ bridge, ...one }) => showTrouble(one, domain, bridge)),
    ...[
      ...silent,
      ...clockTrouble(known?.clock ?? null),
      ...unreachableTrouble(known?.unreachable ?? null, now),
      ...waitTrouble([...(known?.waiting ?? []), ...(mail ?? [])], now),
      ...(known?.givenUp ?? []),
      ...(known?.refused ?? []),
      ...(known?.serversRefused ?? []),
      ...(known?.sourcesRefused ?? []),
      ...(known?.postsRefused ?? []),
      ...webhookTrouble(known?.webhooks ?? [], acknowledgements, now),
    ].map((one) => showTrouble(one, domain, null)),
  ];
  return found
    .map((one) => withAcknowledgement(one, acknowledgements.get(one.id), now))
    .sort((one, other) => weightOf(one) - weightOf(other));
}

/** Whether no conference can be held there. A bridge that is about to end keeps its calls. */
export function isDown({ severity }: DomainTrouble): boolean {
  return severity === "down";
}

/** The kinds of which nobody knows all, since who could say it did not answer. */
export function unknownKinds(
  bridges: readonly Pick<FoundBridge, "health">[],
  { known, mail }: Pick<FoundDomain, "known" | "mail">,
): readonly TroubleKind[] {
  const isSilent = {
    edge: false,
    relay: bridges.some(({ health }) => health === null),
    directory: known === null,
    mailbox: mail === null,
  };
  return troubleKinds.filter((kind) => sourcesOf(kind).some((source) => isSilent[source]));
}

/** Whether what a person saw, which began then, is over, and this has begun since. Where `since` moves on while it lasts, nobody can say. */
export function isAnother({ kind, since, endsBy }: DomainTrouble, seenSince: EpochMs): boolean {
  return endsBy === "mending" && !movesOn(kind) && since !== seenSince;
}

export function isOpen({ acknowledged }: DomainTrouble): boolean {
  return acknowledged === null;
}

/** What is wrong with a bridge and its agents. */
export function bridgeTrouble({
  health,
  unreachableSince,
}: Omit<FoundBridge, "domain" | "bridge">): readonly FoundTrouble[] {
  if (!health) return [{ kind: "relay-unreachable", since: unreachableSince }];
  const { agentConnected, bridgeUp, ports, awaySince = null, drainedSince, endsSince = null, trouble = [] } = health;
  const { fullSince } = health;
  const found: FoundTrouble[] = [...trouble];
  if (!agentConnected) found.push({ kind: "no-agent", since: awaySince });
  else if (!bridgeUp) found.push({ kind: "bridge-away", since: awaySince, ...(awaySince === null && { why: unsaid }) });
  else if (ports === 0) found.push({ kind: "bridge-ends", since: endsSince });
  if (fullSince !== undefined) found.push({ kind: "bridge-full", since: fullSince });
  if (drainedSince !== undefined) found.push({ kind: "bridge-drained", since: drainedSince });
  return found;
}

function clockTrouble(jump: ClockJump | null): readonly FoundTrouble[] {
  return jump === null ? [] : [{ kind: "clock-jumped", since: jump.since, why: differenceText(jump.byMs) }];
}

function unreachableTrouble(found: KnownTrouble["unreachable"], now: EpochMs): readonly FoundTrouble[] {
  if (!found || !hasLasted(found.since, now, unreachableLongMs)) return [];
  return [{ kind: "conferences-unreachable", since: found.since, count: found.conferences }];
}

/** By server, whatever waits for it, in conferences and in the mailbox. */
function waitTrouble(all: readonly WaitingForServer[], now: EpochMs): readonly FoundTrouble[] {
  const byServer = Map.groupBy(all, ({ host }) => bareHost(host));
  return [...byServer].flatMap(([about, waiting]): FoundTrouble[] => {
    const since = earliest(...waiting.map(({ oldestAt }) => oldestAt));
    if (since === null || !hasLasted(since, now, waitsLongMs)) return [];
    return [{ kind: "posts-wait", about, since, count: waiting.reduce((sum, { documents }) => sum + documents, 0) }];
  });
}

function orphanTrouble(orphans: KnownTrouble["orphans"]): readonly (FoundTrouble & { readonly bridge: string })[] {
  const kind = "orphan-conference";
  const named = orphans.slice(0, mostOrphans);
  const others = Map.groupBy(orphans.slice(mostOrphans), ({ bridge }) => bridge);
  return [
    ...named.map((one) => {
      const { key: about, bridge, since, callers: count } = one;
      return { kind, bridge, about, since, count, why: whyOf(one) } as const;
    }),
    ...[...others].map(([bridge, all]) => {
      const since = earliest(...all.map((one) => one.since));
      const why = all.some(({ isGone }) => isGone) ? orphanIs.gone : "";
      return { kind, bridge, since, count: all.length, why } as const;
    }),
  ];
}

function whyOf({ locked, isGone }: KnownTrouble["orphans"][number]): string {
  if (isGone) return orphanIs.gone;
  return locked ? orphanIs.locked : orphanIs.open;
}

function webhookTrouble(
  receivers: KnownTrouble["webhooks"],
  acknowledgements: ReadonlyMap<string, Acknowledgement>,
  now: EpochMs,
): readonly FoundTrouble[] {
  return receivers.flatMap(({ url: about, id: key, failure, refused, oldestAt, givenUp, lastGivenUpAt }) => {
    const found: FoundTrouble[] = [];
    if (failure) {
      const why = failure.why.replace(/\.$/, "");
      found.push({ kind: "webhook-fails", about, key, since: failure.since, why });
    } else if (refused > 0 && oldestAt !== null && hasLasted(oldestAt, now, refusedLongMs))
      found.push({ kind: "webhook-fails", about, key, since: oldestAt, count: refused });
    const count = givenUp - (acknowledgements.get(`webhooks-given-up:${key}`)?.place ?? 0);
    const since = count === 1 ? lastGivenUpAt : null;
    const latest = lastGivenUpAt ?? 0;
    if (count > 0) found.push({ kind: "webhooks-given-up", about, key, since, latest, count, place: givenUp });
    return found;
  });
}

function withAcknowledgement(one: DomainTrouble, known: Acknowledgement | undefined, now: EpochMs): DomainTrouble {
  // What has happened is left out where it is counted.
  if (!known || one.place !== null) return one;
  const { by, at, word } = known;
  return isCovered(one, known, now) ? { ...one, acknowledged: { by, at, word } } : one;
}

/** Clocks are set: what was acknowledged is known by the time when it began, and not by when somebody acknowledged it. */
function isCovered({ kind, since, latest }: DomainTrouble, known: Acknowledgement, now: EpochMs): boolean {
  if (since === null || latest === null) return Math.abs(now - known.at) < unknownMs;
  const from = known.since;
  if (from !== null && !movesOn(kind)) return since === from;
  // Each process of the edge notices for itself who does not answer, some earlier than the one that was asked.
  return latest <= known.upTo && (from === null || isOfEdge(kind) || since >= from);
}

function weightOf({ kind, acknowledged }: DomainTrouble): number {
  return troubleKinds.indexOf(kind) + (acknowledged ? troubleKinds.length : 0);
}
