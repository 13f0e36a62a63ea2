import { hash } from "../foundation/hash.ts";
import type { ConfKey, EpochMs } from "../foundation/ids.ts";
import type { DomainTrouble } from "../operators/trouble-kinds.ts";
import type { AgentEvent } from "../rpc/directory.ts";
import type { FactPage, Trouble } from "../rpc/directory-feed.ts";
import type { CallRecord } from "./call-record.ts";
import type { ConferenceRecord, DirectoryRecord } from "./conference-record.ts";
import type { DirectoryFact, OwedFactKind, PlacedFact } from "./directory-facts.ts";

type DataOf<Kind extends DirectoryFact["kind"]> = (
  fact: Extract<DirectoryFact, { readonly kind: Kind }>,
  about: { readonly conference: string; readonly at: EpochMs },
) => object;

interface WebhookSource<Kind extends DirectoryFact["kind"]> {
  readonly type: string;
  readonly data: DataOf<Kind>;
}

const ended = {
  type: "conference.ended",
  data: ({ record: { kind: _, ...data } }: { readonly record: ConferenceRecord }) => data,
} as const;
const left = {
  type: "call.left",
  data: ({ record: { kind: _, ...data } }: { readonly record: CallRecord }) => data,
} as const;

/** The facts that receivers of webhooks get, and what of them. */
const sources = {
  "conference-created": {
    type: "conference.started",
    data: ({ life, createdAt, host: webexHost, bridge }, { conference }) => {
      return { conference, life, createdAt, webexHost, bridge };
    },
  },
  "conference-ended": ended,
  "conference-not-created": ended,
  "call-entered": {
    type: "call.joined",
    data: (fact, { conference, at: enteredAt }) => {
      const { life, began, call, extCallId, direction, number, attendeeId, participantType } = fact;
      return {
        ...{ conference, life, began, call, extCallId: extCallId ?? "", direction, number },
        ...{ attendeeId: attendeeId ?? "", participantType: String(participantType), enteredAt },
      };
    },
  },
  "call-left": left,
  "call-not-entered": left,
} as const satisfies { readonly [Kind in OwedFactKind]?: WebhookSource<Kind> };

/** What no fact of a conference says: how it is meanwhile, and how the agents of a bridge are. */
const liveTypes = ["trouble.began", "trouble.ended", "agent.away", "agent.back"] as const;

type WebhookEventType = (typeof sources)[keyof typeof sources]["type"] | (typeof liveTypes)[number];

/** All that receivers can be notified of. */
export const webhookEventTypes: readonly WebhookEventType[] = [
  ...new Set(Object.values(sources).map(({ type }) => type)),
  ...liveTypes,
];

/** Whether one of these receivers is notified of trouble, or, with `agent`, of agents. */
export function wants(
  receivers: readonly { readonly events: readonly string[] }[],
  about: "trouble" | "agent" = "trouble",
): boolean {
  return receivers.some(({ events }) => events.some((event) => event.startsWith(`${about}.`)));
}

/** One thing that receivers of webhooks are notified of. */
export interface WebhookEvent {
  /** The same for each copy of it, and another one for each other event; without a full stop, as the rules want it. */
  readonly id: string;
  readonly type: WebhookEventType;
  readonly at: EpochMs;
  readonly data: object;
  /** `receiverId` of the receiver that it is about, and that is not notified of it. */
  readonly notTo?: string | null;
}

/** Tells a receiver from all others: its address, or a hash of it where nobody is shown all of that. */
export function receiverId(url: string): string {
  return /[?#@]/.test(url) ? hash(url).toString(16).padStart(8, "0") : url;
}

/** The event that this fact of this conference is for receivers; `null`: none. */
export function webhookOf(conference: string, { row, index, at, fact }: PlacedFact): WebhookEvent | null {
  const found = (sources as Readonly<Record<string, WebhookSource<never> | undefined>>)[fact.kind];
  if (!found) return null;
  const data = found.data(fact as never, { conference, at });
  return webhook(found.type as WebhookEventType, at, data, conference, row, index, at);
}

export function hasWebhook({ kind }: { readonly kind: string }): boolean {
  return kind in sources;
}

/** `names`: what tells this event from all others of its type. */
function webhook(
  type: WebhookEventType,
  at: EpochMs,
  data: object,
  ...names: readonly (string | number)[]
): WebhookEvent {
  const id = [type, ...names].map((name) => encodeURIComponent(name).replaceAll(".", "_")).join(":");
  return { id, type, at, data };
}

/** What receivers of webhooks have been sent of a conference that runs. */
export interface WebhookProgress {
  /** The facts of this journal up to this row, except those in records. */
  readonly journal: string;
  readonly row: number;
  readonly trouble: readonly Trouble[];
}

interface NewWebhooks {
  readonly events: readonly WebhookEvent[];
  readonly progress: WebhookProgress;
  /** What no record would say is to be kept. */
  readonly isNew: boolean;
}

/** What receivers of webhooks have not been sent yet. `life`: of the conference that runs; `isKept`: whether the directory has this record. */
export function newWebhooks(
  { key, journal, upTo, live }: FactPage,
  fresh: readonly PlacedFact[],
  {
    progress,
    life,
    isKept,
    at,
  }: {
    readonly progress: WebhookProgress | undefined;
    readonly life: number | null;
    readonly at: EpochMs;
    isKept(record: DirectoryRecord): boolean;
  },
): NewWebhooks {
  const before = progress?.trouble ?? [];
  const known = progress?.journal === journal ? progress.row : 0;
  // What came with a record that is there, or before it, was sent with it.
  const notifiedUpTo = fresh.reduce(
    (upTo, { row, fact }) => ("record" in fact && isKept(fact.record) ? Math.max(upTo, row) : upTo),
    known,
  );
  const events: WebhookEvent[] = [];
  let trouble = before;
  let isNew = false;
  for (const placed of fresh) {
    const { fact } = placed;
    const isRecord = "record" in fact;
    if (isRecord ? isKept(fact.record) : placed.row <= notifiedUpTo) continue;
    // A conference's trouble ends with it at the latest.
    if (isRecord && fact.record.kind === "conference") {
      events.push(...troubleEvents(key, fact.record.life, trouble, [], at));
      trouble = [];
    }
    const event = webhookOf(key, placed);
    if (!event) continue;
    events.push(event);
    isNew ||= !isRecord;
  }
  if (life !== null) {
    const now = live?.trouble ?? [];
    const changes = troubleEvents(key, life, trouble, now, at);
    events.push(...changes);
    isNew ||= changes.length > 0;
    trouble = now;
  }
  return { events, progress: { journal, row: upTo, trouble }, isNew };
}

function troubleEvents(
  conference: ConfKey,
  life: number,
  before: readonly Trouble[],
  now: readonly Trouble[],
  at: EpochMs,
): readonly WebhookEvent[] {
  const event = (type: "trouble.began" | "trouble.ended", trouble: Trouble): WebhookEvent =>
    webhook(type, at, { conference, life, trouble }, conference, life, trouble, at);
  return [
    ...before.filter((one) => !now.includes(one)).map((one) => event("trouble.ended", one)),
    ...now.filter((one) => !before.includes(one)).map((one) => event("trouble.began", one)),
  ];
}

/** What is wrong in the domain, or with one of its bridges, has begun or ended. */
export function domainTroubleEvent(
  type: "trouble.began" | "trouble.ended",
  { id, kind, bridge, about, since, says }: DomainTrouble,
  at: EpochMs,
): WebhookEvent {
  const event = webhook(type, at, { kind, bridge, about, since, says }, id, at);
  return kind.startsWith("webhook") ? { ...event, notTo: id.slice(kind.length + 1) } : event;
}

/** What the relay of a bridge says of its agents. */
export function agentEvent({ type, at, ...data }: AgentEvent): WebhookEvent {
  return webhook(type, at, data, data.bridge, data.agent, data.since);
}
