import { hash } from "../foundation/hash.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { type CallRow, type ConferenceRow, recordOfConference } from "./rows.ts";

/** All that receivers are notified of. Of one moment, they come in this order. */
const types = ["conference.started", "call.joined", "call.left", "conference.ended"] as const;
export type WebhookEventType = (typeof types)[number];

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

/** In the order in which they happened. */
export function inOrder(events: readonly WebhookEvent[]): readonly WebhookEvent[] {
  const place = ({ type }: WebhookEvent) => types.indexOf(type);
  return events.toSorted((one, other) => one.at - other.at || place(one) - place(other));
}

/** What a new row of a conference says that the one before did not. One that was found on its bridge began before. */
export function webhooksOfConference(row: ConferenceRow, before: ConferenceRow | null): readonly WebhookEvent[] {
  const { conference, life, createdAt, webexHosts, bridge, runningAt, endedAt } = row;
  const id = [conference, life, createdAt];
  const started = { conference, life, createdAt, webexHost: webexHosts.at(-1) ?? "", bridge };
  const { kind: _, ...record } = recordOfConference(row);
  return [
    ...(row.fromBridge ? [] : event("conference.started", runningAt, before?.runningAt, id, started)),
    ...event("conference.ended", endedAt, before?.endedAt, id, record),
  ];
}

const columnsOfJoined = [
  ...(["conference", "life", "began", "call", "extCallId", "direction", "number", "attendeeId"] as const),
  ...(["participantType", "enteredAt"] as const),
];

export function webhooksOfCall(row: CallRow, before: CallRow | null): readonly WebhookEvent[] {
  const { kind: _, ...record } = row;
  const { conference, life, began, call, enteredAt, endedAt } = row;
  const id = [conference, life, began, call];
  const joined = Object.fromEntries(columnsOfJoined.map((name) => [name, row[name]]));
  return [
    ...event("call.joined", enteredAt, before?.enteredAt, [...id, enteredAt ?? 0], joined),
    ...event("call.left", endedAt, before?.endedAt, [...id, endedAt ?? 0], record),
  ];
}

/** The event of a time that is newly set. */
function event(
  type: WebhookEventType,
  at: EpochMs | null,
  before: EpochMs | null | undefined,
  names: readonly (string | number)[],
  data: object,
): readonly WebhookEvent[] {
  if (at === null || (before ?? null) !== null) return [];
  const id = [type, ...names].map((name) => encodeURIComponent(name).replaceAll(".", "_")).join(":");
  return [{ id, type, at, data }];
}
