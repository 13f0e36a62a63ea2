import { hash } from "../foundation/hash.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { type CallRow, type ConferenceRow, recordOfConference } from "./rows.ts";

/** All event types. Events of the same time are sent in this order. */
const types = ["conference.started", "call.joined", "call.left", "conference.ended"] as const;
export type WebhookEventType = (typeof types)[number];

export interface WebhookEvent {
  /** Unique per event and equal for repeats. Standard Webhooks allows no full stop. */
  readonly id: string;
  readonly type: WebhookEventType;
  readonly at: EpochMs;
  readonly data: object;
}

/** Identifies a receiver: its address, or a hash of it if the address may contain secrets. */
export function receiverId(url: string): string {
  return /[?#@]/.test(url) ? hash(url).toString(16).padStart(8, "0") : url;
}

export function inOrder(events: readonly WebhookEvent[]): readonly WebhookEvent[] {
  const place = ({ type }: WebhookEvent) => types.indexOf(type);
  return events.toSorted((one, other) => one.at - other.at || place(one) - place(other));
}

/** Events of a new row compared with the one before. A conference found on its bridge has no start event. */
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

/** Returns an event if its time is newly set. */
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
