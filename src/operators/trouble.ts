import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, time } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";
import { dayMs } from "../foundation/time/timers.ts";

/** One thing that is wrong, as its source says it. */
export interface FoundTrouble {
  readonly kind: TroubleKind;
  /** Whom or what it is about, beside its bridge: an agent, a TSP server, a receiver, a number, a conference; `null`: nothing else. */
  readonly about?: string | null;
  /** In its id in the place of `about`, where that is nothing that paths and the audit may keep: a caller's number. */
  readonly key?: string;
  /** Since when it is so, or when it happened first; `null`: nobody knows. */
  readonly since: EpochMs | null;
  /** When it happened last; absent: it lasts, so that `since` says all. */
  readonly latest?: EpochMs;
  readonly count?: number;
  /** Why, or by when, as the kind has it. */
  readonly why?: string;
}

interface Place {
  /** Its bridge and domain, in words. */
  readonly here: string;
  readonly domain: string;
  readonly bridge: string;
  readonly about: string;
  readonly count: number;
  readonly why: string;
}

interface TroubleRow {
  /** In a few words, for lists and screen readers. */
  readonly title: string;
  /** `down`: no conference can be held there. `bad`: something is lost, or waits. `warn`: nobody notices yet. */
  readonly severity: "down" | "bad" | "warn";
  /** It is over as soon as somebody has acknowledged it: there is nothing that could mend it. */
  readonly happened?: true;
  says(place: Place): string;
  todo(place: Place): string;
}

/** All kinds of trouble. A further kind is a row here, and a source that finds it. The worst come first. */
const rows = {
  disk: {
    title: "The edge cannot write to its disk",
    severity: "down",
    says: ({ why }) => `The edge cannot write to its disk, and confirms nothing: ${why}`,
    todo: () => "Make room there, or mend it; the edge then goes on by itself.",
  },
  "relay-unreachable": {
    title: "The relay does not answer",
    severity: "down",
    says: ({ here }) => `The relay of ${here} does not answer the edge.`,
    todo: () => "Its agents try again by themselves; relay-unreachable in the log says why.",
  },
  "no-agent": {
    title: "No agent is connected",
    severity: "down",
    says: ({ here }) => `No agent of ${here} is connected, so nobody can call in or out there.`,
    todo: () => 'See "bridgehead-agent doctor" beside the bridge.',
  },
  "bridge-away": {
    title: "The bridge is away",
    severity: "down",
    says: ({ here }) => `The agent of ${here} does not reach its bridge.`,
    todo: () => '"bridgehead-agent doctor" beside the bridge says why.',
  },
  "posts-given-up": {
    title: "Documents were given up",
    severity: "bad",
    happened: true,
    says: ({ about, domain, count }) =>
      `${counted(count, "document")} for ${receiverText(about)} of ${domain} ${count === 1 ? "was" : "were"} given up: what stood there may be missing at WebEx.`,
    todo: ({ about }) =>
      `"bridgehead given-up" lists them, with why; "bridgehead send-again --server ${about}" sends again what is still so.`,
  },
  "posts-wait": {
    title: "Documents wait for WebEx, or for the back end",
    severity: "bad",
    says: ({ domain, count }) =>
      `${count === 1 ? "1 document waits" : `${count} documents wait`} for a server of WebEx, or for the back end, of ${domain}.`,
    todo: () =>
      '"bridgehead servers" names the one that is slow or away; where its conferences are over, post-failed in the log does.',
  },
  "commands-late": {
    title: "The bridge does not answer in time",
    severity: "bad",
    says: ({ here, count }) => `${counted(count, "conference")} on ${here} cannot get an answer in time.`,
    todo: () =>
      '"bridgehead conferences" names them; look at the load of the bridge, and at "bridgehead-agent doctor".',
  },
  "webhook-fails": {
    title: "A receiver takes no webhooks",
    severity: "bad",
    says: ({ about, domain, why, count }) =>
      why === ""
        ? `The receiver ${about} of ${domain} has refused ${counted(count, "webhook")}; webhook-refused in the log says why.`
        : `The receiver ${about} of ${domain} takes no webhooks: ${why.replace(/\.$/, "")}.`,
    todo: ({ why }) =>
      why === "" ? "They come again for three days, and are given up then." : "They wait for it, three days at most.",
  },
  "webhooks-given-up": {
    title: "A receiver was never given webhooks",
    severity: "bad",
    happened: true,
    says: ({ about, domain, count }) =>
      `The receiver ${about} of ${domain} was never given some webhooks, ${count} so far.`,
    todo: () => "Mend the receiver, and take what it missed from the records.",
  },
  "caller-refused": {
    title: "A caller could not get in",
    severity: "warn",
    happened: true,
    says: ({ about, domain, count, why }) =>
      isWhole(about)
        ? `The caller ${about} could not get in at ${domain}, ${counted(count, "time")}. The last time: ${why}`
        : `Within a day, ${counted(count, "call")} ${about === "" ? "whose numbers are withheld or not kept" : `from numbers that end in ${about.replace(/^\*+/, "")}`} did not get in at ${domain}. The last one: ${why}`,
    todo: ({ about }) =>
      isWhole(about)
        ? `"bridgehead find ${about}" says what was keyed, and why it was not led in.`
        : "Its calls at the prompt say what was keyed, and why it was not led in.",
  },
  "bridge-ends": {
    title: "The bridge is about to end",
    severity: "bad",
    says: ({ here }) => `${here.replace("the", "The")} is about to end: it takes no new calls, and keeps those it has.`,
    todo: () => "Start it anew once they are over, if somebody wanted that; else see its log.",
  },
  "bridge-drained": {
    title: "The bridge is drained",
    severity: "warn",
    says: ({ here }) =>
      `${here.replace("the", "The")} is drained: it takes no new conferences, and those that it has go on.`,
    todo: ({ bridge }) => `"bridgehead undrain ${bridge}" takes that back.`,
  },
  "standby-away": {
    title: "A second agent is not connected",
    severity: "warn",
    says: ({ about, here }) => `The agent ${about} of ${here} is not connected, so it could not take over.`,
    todo: () => 'Start it, or see "bridgehead-agent doctor" on its machine.',
  },
  "standby-without-bridge": {
    title: "A second agent does not reach the bridge",
    severity: "warn",
    says: ({ about, here }) => `The agent ${about} of ${here} does not reach the bridge, so it could not take over.`,
    todo: () => '"bridgehead-agent doctor" on its machine says why.',
  },
  "orphan-conference": {
    title: "The bridge holds conferences that the edge does not know",
    severity: "warn",
    says: ({ here, count, why }) =>
      `${here.replace("the", "The")} holds ${counted(count, "conference")} that the edge does not know: ${why}.`,
    todo: () =>
      "If the edge lost its state, they are adopted once WebEx creates them again; else end them at the bridge, and find out which other edge uses it.",
  },
  "certificate-expires": {
    title: "The certificate of the edge ends soon",
    severity: "warn",
    says: ({ here, why }) => `The certificate of the edge, as agents of ${here} see it, ends on ${why}.`,
    todo: () => "Renew it in the proxy in front of the edge, or see why that does not renew it by itself.",
  },
} as const satisfies Readonly<Record<string, TroubleRow>>;

export type TroubleKind = keyof typeof rows;
export const troubleKinds = Object.keys(rows) as readonly TroubleKind[];
const rowOf = (kind: TroubleKind): TroubleRow => rows[kind];

/** By whom something is taken on, or is known. It covers what had happened by `upTo`: what comes later is open again. */
export interface Acknowledgement {
  readonly id: string;
  readonly upTo: EpochMs;
  readonly by: string;
  readonly at: EpochMs;
  readonly word: string;
}

/** Something that is wrong, as people and programs are shown it. */
export const domainTrouble = v.object({
  id: v.pipe(
    v.string(),
    v.description("The same as long as it is about the same thing; part of the path by which it is acknowledged."),
  ),
  kind: v.picklist(troubleKinds),
  severity: v.pipe(
    v.picklist(["down", "bad", "warn"]),
    v.description(
      "`down`: no conference can be held there; `bad`: something is lost, or waits; `warn`: nobody notices yet.",
    ),
  ),
  endsBy: v.pipe(
    v.picklist(["mending", "acknowledgement"]),
    v.description("`acknowledgement`: it has happened, and nothing could mend it; who acknowledges it ends it."),
  ),
  domain: v.pipe(v.nullable(v.string()), v.description("null: it concerns all domains.")),
  bridge: v.nullable(v.string()),
  about: v.pipe(
    v.nullable(v.string()),
    v.description("Whom or what it is about beside its bridge: an agent, a TSP server, a receiver of webhooks."),
  ),
  since: v.pipe(v.nullable(time), v.description("Since when, or when it happened first; null: nobody knows.")),
  latest: v.pipe(v.nullable(time), v.description("When it happened last; `since`, where it lasts.")),
  count: v.pipe(v.number(), v.description("How many there are: documents, conferences, webhooks.")),
  title: v.string(),
  says: v.pipe(v.string(), v.description("What is wrong, in a sentence.")),
  todo: v.pipe(v.string(), v.description("What to do.")),
  acknowledged: v.pipe(
    v.nullable(v.object({ by: v.string(), at: time, word: v.string() })),
    v.description("Who has taken it on; null: nobody has, so that it is open."),
  ),
});
export type DomainTrouble = Checked<typeof domainTrouble>;

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
    /** Of its agents, for people who see the domain. */
    readonly trouble?: readonly FoundTrouble[];
  } | null;
  /** Since when its relay does not answer; `null`: it does. */
  readonly unreachableSince: EpochMs | null;
}

/** How a domain was found. */
export interface FoundDomain {
  readonly domain: string;
  /** Documents that WebEx or the back end has not confirmed, and when the oldest was queued; `null`: nobody knows. */
  readonly waiting: { readonly documents: number; readonly oldestAt: EpochMs | null } | null;
  /** What its directory knows; `null`: it did not answer. */
  readonly known: KnownTrouble | null;
}

/** What the directory of a domain knows of trouble. */
export interface KnownTrouble {
  /** What was given up and nobody has acknowledged, by TSP server. */
  readonly givenUp: readonly Required<Pick<FoundTrouble, "about" | "since" | "latest" | "count">>[];
  /** Callers who could not get in. */
  readonly refused: readonly FoundTrouble[];
  /** How many conferences wait for their bridge, and since when. */
  readonly late: readonly { readonly bridge: string; readonly conferences: number; readonly since: EpochMs | null }[];
  readonly webhooks: readonly {
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
/** What a receiver of webhooks has refused comes again after five seconds. */
const refusedLongMs = 60_000;
/** What nobody knows the beginning of is open again after this time. */
const unknownMs = dayMs;

/** All that is wrong in one domain. `disk`: what its probe says; `null`: nothing. What is acknowledged comes last, else the worst first. */
export function troubleOf(
  disk: { readonly says: string; readonly since: EpochMs | null } | null,
  bridges: readonly FoundBridge[],
  { domain, waiting, known }: FoundDomain,
  now: EpochMs,
): readonly DomainTrouble[] {
  const found = [
    ...(disk ? [showTrouble({ kind: "disk", since: disk.since, why: disk.says }, null, null)] : []),
    ...bridges.flatMap((one) => bridgeTrouble(one).map((trouble) => showTrouble(trouble, one.domain, one.bridge))),
    ...(known?.late ?? []).map(({ bridge, conferences, since }) =>
      showTrouble({ kind: "commands-late", since, count: conferences }, domain, bridge),
    ),
    ...[
      ...waitTrouble(waiting, now),
      ...(known?.givenUp ?? []).map((one) => ({ kind: "posts-given-up", ...one }) as const),
      ...(known?.refused ?? []),
      ...webhookTrouble(known?.webhooks ?? [], now),
    ].map((one) => showTrouble(one, domain, null)),
  ];
  const taken = new Map(known?.acknowledged.map((one) => [one.id, one]));
  return found
    .map((one) => withAcknowledgement(one, taken.get(one.id), now))
    .filter(({ endsBy, acknowledged }) => acknowledged === null || endsBy === "mending")
    .sort((one, other) => weightOf(one) - weightOf(other));
}

/** Whether no conference can be held there. A bridge that is about to end keeps its calls. */
export function isDown({ severity }: DomainTrouble): boolean {
  return severity === "down";
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
  const found: FoundTrouble[] = [...trouble];
  if (!agentConnected) found.push({ kind: "no-agent", since: awaySince });
  else if (!bridgeUp) found.push({ kind: "bridge-away", since: awaySince });
  else if (ports === 0) found.push({ kind: "bridge-ends", since: endsSince });
  if (drainedSince !== undefined) found.push({ kind: "bridge-drained", since: drainedSince });
  return found;
}

function waitTrouble(waiting: FoundDomain["waiting"], now: EpochMs): readonly FoundTrouble[] {
  const since = waiting?.oldestAt ?? null;
  if (waiting === null || since === null || Math.abs(now - since) < waitsLongMs) return [];
  return [{ kind: "posts-wait", since, count: waiting.documents }];
}

function webhookTrouble(receivers: KnownTrouble["webhooks"], now: EpochMs): readonly FoundTrouble[] {
  return receivers.flatMap(({ url: about, failure, refused, oldestAt, givenUp, lastGivenUpAt }) => {
    const found: FoundTrouble[] = [];
    if (failure) found.push({ kind: "webhook-fails", about, since: failure.since, why: failure.why });
    else if (refused > 0 && oldestAt !== null && Math.abs(now - oldestAt) >= refusedLongMs)
      found.push({ kind: "webhook-fails", about, since: oldestAt, count: refused });
    if (givenUp > 0) found.push({ kind: "webhooks-given-up", about, since: lastGivenUpAt, count: givenUp });
    return found;
  });
}

/** Names it, says it in sentences, and is the same wherever it is shown. */
export function showTrouble(
  { kind, about = null, key, since, latest, count = 1, why = "" }: FoundTrouble,
  domain: string | null,
  bridge: string | null,
): DomainTrouble {
  const { title, severity, says, todo, happened } = rowOf(kind);
  const endsBy = happened ? "acknowledgement" : "mending";
  const here = `the bridge ${bridge} of ${domain}`;
  const place = { here, domain: domain ?? "", bridge: bridge ?? "", about: about ?? "", count, why };
  const id = [kind, bridge, key ?? about].filter((part) => part !== null).join(":");
  return {
    ...{ id, kind, severity, endsBy, domain, bridge, about, since, latest: latest ?? since, count, title },
    ...{ says: says(place), todo: todo(place), acknowledged: null },
  };
}

function withAcknowledgement(one: DomainTrouble, taken: Acknowledgement | undefined, now: EpochMs): DomainTrouble {
  if (!taken) return one;
  const isCovered = one.latest === null ? Math.abs(now - taken.at) < unknownMs : one.latest <= taken.upTo;
  const { by, at, word } = taken;
  return isCovered ? { ...one, acknowledged: { by, at, word } } : one;
}

function weightOf({ kind, acknowledged }: DomainTrouble): number {
  return troubleKinds.indexOf(kind) + (acknowledged ? troubleKinds.length : 0);
}

/** Whether this is one caller's number: neither withheld nor masked. */
function isWhole(number: string): boolean {
  return /^[^*]+$/.test(number);
}

function receiverText(host: string): string {
  return host === "*back-end" ? "the partner's back end" : `the TSP server ${host}`;
}
