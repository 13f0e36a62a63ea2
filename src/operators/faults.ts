import type { EpochMs } from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";

/** While one of these holds, no conference can be held there. */
const downKinds = ["disk", "relay-unreachable", "no-agent", "bridge-away"] as const;

/** Something that keeps the deployment from its work, for people. */
export interface Fault {
  readonly kind: (typeof downKinds)[number] | "bridge-ends" | "bridge-drained" | "posts-wait" | "webhook-fails";
  /** `null`: it concerns all domains. */
  readonly domain: string | null;
  readonly bridge: string | null;
  /** In milliseconds since 1970; `null`: nobody knows. */
  readonly since: EpochMs | null;
  /** What is wrong and what to do, in sentences. */
  readonly says: string;
}

/** How a bridge was found. */
export interface FoundBridge {
  readonly domain: string;
  readonly bridge: string;
  /** What its relay said; `null`: it did not answer. */
  readonly health: {
    readonly agentConnected: boolean;
    readonly bridgeUp: boolean;
    readonly portsInUse: number;
    readonly ports: number | null;
    readonly awaySince?: EpochMs;
    readonly drainedSince?: EpochMs;
  } | null;
  /** Since when its relay does not answer; `null`: it does. */
  readonly unreachableSince: EpochMs | null;
}

/** How a domain's posts were found. */
export interface FoundDomain {
  readonly domain: string;
  /** Documents that WebEx or the back end has not confirmed, and when the oldest was queued; `null`: nobody knows. */
  readonly waiting: { readonly documents: number; readonly oldestAt: EpochMs | null } | null;
  /** Receivers of webhooks, with why and since when one fails, how many events it has refused, and when the oldest happened that waits. */
  readonly webhooks: readonly {
    readonly url: string;
    readonly refused: number;
    readonly oldestAt: EpochMs | null;
    readonly failure: { readonly since: EpochMs; readonly why: string } | null;
  }[];
}

/** A TSP server that is tried again takes some seconds. */
const waitsLongMs = 30_000;

/** What a receiver of webhooks has refused comes again after five seconds. */
const refusedLongMs = 60_000;

/** Whether no conference can be held there. A bridge that is about to end keeps its calls. */
export function isDown({ kind }: Fault): boolean {
  return downKinds.some((down) => down === kind);
}

/** What is wrong with posts, though conferences can be held. */
export function postFaultsOf({ domain, waiting, webhooks }: FoundDomain, now: EpochMs): readonly Fault[] {
  const fault = (kind: Fault["kind"], since: EpochMs, says: string) => ({ kind, domain, bridge: null, since, says });
  const faults: Fault[] = [];
  const since = waiting?.oldestAt ?? null;
  if (since !== null && now - since >= waitsLongMs) {
    const documents = waiting?.documents === 1 ? "1 document waits" : `${waiting?.documents} documents wait`;
    const says = `${documents} for a server of WebEx, or for the back end, of ${domain}. "bridgehead servers" names the one that is slow or away; where its conferences are over, post-failed in the log does.`;
    faults.push(fault("posts-wait", since, says));
  }
  for (const { url, failure, refused, oldestAt } of webhooks) {
    const receiver = `The receiver ${url} of ${domain}`;
    if (failure) {
      const says = `${receiver} takes no webhooks: ${failure.why.replace(/\.$/, "")}. They wait for it, three days at most.`;
      faults.push(fault("webhook-fails", failure.since, says));
    } else if (refused > 0 && oldestAt !== null && now - oldestAt >= refusedLongMs) {
      const says = `${receiver} has refused ${counted(refused, "webhook")}; webhook-refused in the log says why. They come again for three days, and are given up then.`;
      faults.push(fault("webhook-fails", oldestAt, says));
    }
  }
  return faults;
}

/** All that is wrong: first what concerns everybody, then bridge by bridge. `disk`: what its probe says; `null`: nothing. */
export function faultsOf(
  disk: { readonly says: string; readonly since: EpochMs | null } | null,
  bridges: readonly FoundBridge[],
): readonly Fault[] {
  const ofDisk = disk && {
    ...{ kind: "disk" as const, domain: null, bridge: null, since: disk.since },
    says: `The edge cannot write to its disk, and confirms nothing: ${disk.says}`,
  };
  return [
    ...(ofDisk ? [ofDisk] : []),
    ...bridges.flatMap((found) => [faultOf(found), drainOf(found)].flatMap((fault) => fault ?? [])),
  ];
}

/** Somebody wanted it so, and may have forgotten it. */
function drainOf({ domain, bridge, health }: FoundBridge): Fault | null {
  const since = health?.drainedSince;
  if (since === undefined) return null;
  const says = `The bridge ${bridge} of ${domain} is drained: it takes no new conferences, and those that it has go on. "bridgehead undrain ${bridge}" takes that back.`;
  return { kind: "bridge-drained", domain, bridge, since, says };
}

function faultOf({ domain, bridge, health, unreachableSince }: FoundBridge): Fault | null {
  const fault = (kind: Fault["kind"], since: EpochMs | null, says: string) => ({ kind, domain, bridge, since, says });
  const here = `the bridge ${bridge} of ${domain}`;
  if (!health) {
    const says = `The relay of ${here} does not answer the edge. Its agents try again by themselves; relay-unreachable in the log says why.`;
    return fault("relay-unreachable", unreachableSince, says);
  }
  const since = health.awaySince ?? null;
  if (!health.agentConnected) {
    const says = `No agent of ${here} is connected, so nobody can call in or out there. See "bridgehead-agent doctor" beside the bridge.`;
    return fault("no-agent", since, says);
  }
  if (!health.bridgeUp) {
    const says = `The agent of ${here} does not reach its bridge. "bridgehead-agent doctor" beside the bridge says why.`;
    return fault("bridge-away", since, says);
  }
  if (health.ports !== 0) return null;
  return fault(
    "bridge-ends",
    null,
    `The bridge ${bridge} of ${domain} is about to end: it takes no new calls, and keeps those it has.`,
  );
}
