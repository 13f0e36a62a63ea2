import type { EpochMs } from "../foundation/ids.ts";
import type { CallRecord } from "./call-record.ts";
import type { ConferenceRecord } from "./conference-record.ts";
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

/** Of which facts receivers of webhooks are told, and what. */
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

/** What no fact of a conference tells: how it is meanwhile, and how the agents of a bridge are. */
const liveTypes = ["trouble.began", "trouble.ended", "agent.away", "agent.back"] as const;

type WebhookEventType = (typeof sources)[keyof typeof sources]["type"] | (typeof liveTypes)[number];

/** All that receivers may hear of. */
export const webhookEventTypes: readonly WebhookEventType[] = [
  ...new Set(Object.values(sources).map(({ type }) => type)),
  ...liveTypes,
];

/** One thing that receivers of webhooks hear of. */
export interface WebhookEvent {
  /** The same for each copy of it, and another one for each other event; without a full stop, as the rules want it. */
  readonly id: string;
  readonly type: WebhookEventType;
  readonly at: EpochMs;
  readonly data: object;
}

/** What receivers hear of this fact of this conference; `null`: nothing. */
export function webhookOf(conference: string, { row, index, at, fact }: PlacedFact): WebhookEvent | null {
  const found = (sources as Readonly<Record<string, WebhookSource<never> | undefined>>)[fact.kind];
  if (!found) return null;
  const data = found.data(fact as never, { conference, at });
  return webhook(found.type as WebhookEventType, at, data, conference, row, index, at);
}

export function isTold({ kind }: { readonly kind: string }): boolean {
  return kind in sources;
}

/** `names`: what tells this event from all others of its type. */
export function webhook(
  type: WebhookEventType,
  at: EpochMs,
  data: object,
  ...names: readonly (string | number)[]
): WebhookEvent {
  const id = [type, ...names].map((name) => encodeURIComponent(name).replaceAll(".", "_")).join(":");
  return { id, type, at, data };
}
