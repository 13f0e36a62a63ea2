import type { EpochMs } from "../src/foundation/ids.ts";
import type { ConferenceRecord, DirectoryRecord } from "../src/records/conference-record.ts";
import type { AgentEvent } from "../src/rpc/directory.ts";
import type { JoinedCall, RunningConference, Trouble } from "../src/rpc/directory-update.ts";
import type { WebhookEventType } from "../src/settings/domain-settings.ts";

/** One thing that receivers of webhooks hear of. */
export interface WebhookEvent {
  /** The same for each copy of it, and another one for each other event; without a full stop, as the rules want it. */
  readonly id: string;
  readonly type: WebhookEventType;
  readonly at: EpochMs;
  readonly data: object;
}

/** What receivers were told of a conference that runs. */
export interface Heard {
  readonly started: boolean;
  readonly trouble: readonly Trouble[];
}

/** What is new to the directory about one conference. */
export interface ConferenceChanges {
  /** Calls that came in, also those that are told once more. */
  readonly joined: readonly JoinedCall[];
  /** Records that it did not have, in order. */
  readonly ended: readonly DirectoryRecord[];
  readonly running: RunningConference | null;
  /** What receivers were told of the conference that ran before; `null`: nothing. */
  readonly known: ({ readonly life: number } & Heard) | null;
  readonly at: EpochMs;
}

/** The events that these changes are, in the order in which they happened. */
export function webhookEvents(changes: ConferenceChanges): readonly WebhookEvent[] {
  const { joined, ended, running } = changes;
  const lives = new Set([...joined, ...ended].map(({ life }) => life));
  if (running) lives.add(running.life);
  return [...lives].sort((one, other) => one - other).flatMap((life) => eventsOfLife(life, changes));
}

function eventsOfLife(life: number, { joined, ended, running, known, at }: ConferenceChanges): WebhookEvent[] {
  const heard: Heard = known?.life === life ? known : { started: false, trouble: [] };
  const records = ended.filter((record) => record.life === life);
  const over = records.find((record): record is ConferenceRecord => record.kind === "conference");
  const now = running?.life === life ? running : null;
  const events: WebhookEvent[] = [];
  if (!heard.started) {
    if (over && over.runningAt !== null)
      events.push(startedOf({ ...over, webexHost: over.webexHosts[0] ?? "" }, over.runningAt));
    else if (now?.phase === "running") events.push(startedOf({ ...now, conference: now.key }, at));
  }
  for (const call of joined) {
    if (call.life !== life) continue;
    const { conference, began } = call;
    events.push({ ...about("call.joined", conference, life, began, call.call), at: call.enteredAt, data: call });
  }
  for (const record of records) {
    if (record.kind !== "call") continue;
    const { kind: _, ...data } = record;
    events.push({
      ...about("call.left", record.conference, life, record.began, record.call),
      at: record.endedAt,
      data,
    });
  }
  // A conference's trouble ends with it at the latest.
  const conference = now?.key ?? over?.conference;
  if (conference !== undefined) events.push(...troubleEvents(conference, life, now?.trouble ?? [], heard.trouble, at));
  if (over) {
    const { kind: _, ...data } = over;
    events.push({ ...about("conference.ended", over.conference, life, over.createdAt), at: over.endedAt, data });
  }
  return events;
}

/** What the relay of a bridge says of its agents. */
export function agentEvents(events: readonly AgentEvent[]): readonly WebhookEvent[] {
  return events.map(({ type, at, ...data }) => ({ ...about(type, data.bridge, data.agent, data.since), at, data }));
}

function troubleEvents(
  conference: string,
  life: number,
  now: readonly Trouble[],
  before: readonly Trouble[],
  at: EpochMs,
): WebhookEvent[] {
  const event = (type: "trouble.began" | "trouble.ended", trouble: Trouble): WebhookEvent => {
    return { ...about(type, conference, life, trouble, at), at, data: { conference, life, trouble } };
  };
  return [
    ...before.filter((one) => !now.includes(one)).map((one) => event("trouble.ended", one)),
    ...now.filter((one) => !before.includes(one)).map((one) => event("trouble.began", one)),
  ];
}

function startedOf(
  {
    conference,
    life,
    createdAt,
    webexHost,
    bridge,
  }: Pick<ConferenceRecord, "conference" | "life" | "createdAt"> & {
    readonly webexHost: string;
    readonly bridge: string | null;
  },
  at: EpochMs,
): WebhookEvent {
  const data = { conference, life, createdAt, webexHost, bridge };
  return { ...about("conference.started", conference, life, createdAt), at, data };
}

function about(type: WebhookEventType, ...names: readonly (string | number)[]): Pick<WebhookEvent, "id" | "type"> {
  const id = [type, ...names].map((name) => encodeURIComponent(name).replaceAll(".", "_")).join(":");
  return { id, type };
}
