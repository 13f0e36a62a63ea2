import type { ConfKey, EpochMs } from "../foundation/ids.ts";
import type { AgentEvent } from "../rpc/directory.ts";
import type { FactPage, Trouble } from "../rpc/directory-feed.ts";
import type { DirectoryRecord } from "./conference-record.ts";
import type { PlacedFact } from "./directory-facts.ts";
import { type WebhookEvent, webhook, webhookOf } from "./webhooks.ts";

/** What receivers of webhooks have been sent of a conference that runs. */
export interface WebhookProgress {
  /** The facts of this journal up to this row, but for those that records have. Absent in what version 0.1 kept. */
  readonly journal?: string;
  readonly row?: number;
  readonly trouble: readonly Trouble[];
}

interface NewWebhooks {
  readonly events: readonly WebhookEvent[];
  readonly heard: WebhookProgress;
  /** What no record would say is to be kept. */
  readonly isNew: boolean;
}

/** What receivers of webhooks have not been sent yet. `life`: of the conference that runs; `isKept`: whether the directory has this record. */
export function newWebhooks(
  { key, journal, upTo, live }: FactPage,
  fresh: readonly PlacedFact[],
  {
    heard: { journal: of, row: upToRow = 0, trouble: before = [] } = { trouble: [] },
    life,
    isKept,
    at,
  }: {
    readonly heard: WebhookProgress | undefined;
    readonly life: number | null;
    readonly at: EpochMs;
    isKept(record: DirectoryRecord): boolean;
  },
): NewWebhooks {
  const known = of === journal ? upToRow : 0;
  // What came with a record that is there, or before it, was sent with it.
  const heardUpTo = fresh.reduce(
    (heard, { row, fact }) => ("record" in fact && isKept(fact.record) ? Math.max(heard, row) : heard),
    known,
  );
  const events: WebhookEvent[] = [];
  let trouble = before;
  let isNew = false;
  for (const placed of fresh) {
    const { fact } = placed;
    const isRecord = "record" in fact;
    if (isRecord ? isKept(fact.record) : placed.row <= heardUpTo) continue;
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
  return { events, heard: { journal, row: upTo, trouble }, isNew };
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

/** What the relay of a bridge says of its agents. */
export function agentEvent({ type, at, ...data }: AgentEvent): WebhookEvent {
  return webhook(type, at, data, data.bridge, data.agent, data.since);
}
