import { hash } from "../foundation/hash.ts";
import type { EpochMs } from "../foundation/ids.ts";
import type { FactPage } from "../rpc/directory-feed.ts";
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

type WebhookEventType = (typeof sources)[keyof typeof sources]["type"];

/** One thing that receivers of webhooks are notified of. */
export interface WebhookEvent {
  /** The same for each copy of it, and another one for each other event; without a full stop, as the rules want it. */
  readonly id: string;
  readonly type: WebhookEventType;
  readonly at: EpochMs;
  readonly data: object;
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
  const names = [found.type, conference, row, index, at];
  const id = names.map((name) => encodeURIComponent(name).replaceAll(".", "_")).join(":");
  return { id, type: found.type as WebhookEventType, at, data };
}

export function hasWebhook({ kind }: { readonly kind: string }): boolean {
  return kind in sources;
}

/** The facts of this journal up to this row that receivers of webhooks have been sent, except those in records. */
export interface WebhookProgress {
  readonly journal: string;
  readonly row: number;
}

interface NewWebhooks {
  readonly events: readonly WebhookEvent[];
  readonly progress: WebhookProgress;
  /** What no record would say is to be kept. */
  readonly isNew: boolean;
}

/** What receivers of webhooks have not been sent yet. `isKept`: whether the directory has this record. */
export function newWebhooks(
  { key, journal, upTo }: FactPage,
  fresh: readonly PlacedFact[],
  progress: WebhookProgress | undefined,
  isKept: (record: DirectoryRecord) => boolean,
): NewWebhooks {
  const known = progress?.journal === journal ? progress.row : 0;
  // What came with a record that is there, or before it, was sent with it.
  const notifiedUpTo = fresh.reduce(
    (upTo, { row, fact }) => ("record" in fact && isKept(fact.record) ? Math.max(upTo, row) : upTo),
    known,
  );
  const events: WebhookEvent[] = [];
  let isNew = false;
  for (const placed of fresh) {
    const { fact } = placed;
    const isRecord = "record" in fact;
    if (isRecord ? isKept(fact.record) : placed.row <= notifiedUpTo) continue;
    const event = webhookOf(key, placed);
    if (!event) continue;
    events.push(event);
    isNew ||= !isRecord;
  }
  return { events, progress: { journal, row: upTo }, isNew };
}
