import * as v from "valibot";
import type { Ack, Batch } from "../delivery/feed.ts";
import type { BridgeName, ConfKey, DomainName, EpochMs, WebexHost } from "../foundation/ids.ts";
import { type Checked, confKey, described, text, time } from "../foundation/schemas.ts";
import type { DirectoryAlerts, Seen } from "../operators/alerts.ts";
import type { AuditEntry } from "../operators/audit.ts";
import { activityMinute } from "../records/activity.ts";
import type { DirectoryRecord } from "../records/conference-record.ts";
import type { Counts } from "../records/counts.ts";
import { type CallRow, conferenceNow, type PromptRow, topic } from "../records/rows.ts";
import {
  type ConferenceBatch,
  type DirectoryAck,
  type PromptCallsOfBridge,
  waitingDocuments,
} from "./directory-feed.ts";

/** People of one conference who are listed, of those who were looked for. */
export const mostNamed = 20;

/** What the directory says of a conference that is being created or runs. */
const listedConference = v.object({
  key: confKey,
  life: described(
    v.number(),
    "Which conference of this key: the row of its journal in which it began, as records have it.",
  ),
  createdAt: time,
  phase: v.picklist(["creating", "running"]),
  webexHost: described(text<WebexHost>(), "The TSP server that is notified."),
  bridge: v.nullable(text<BridgeName>()),
  topic,
  undelivered: described(v.number(), "Documents whose attempts are used up."),
  now: v.object({
    ...conferenceNow.entries,
    speakers: described(
      v.exactOptional(v.array(v.object({ number: v.string(), attendeeId: v.string() }))),
      "Who speaks; absent: nobody knows, as where WebEx does not want to know it. Empty strings where `recordsPersonal` keeps nothing of them. A second old at most while the console shows the conference in its list; else as when it last reported something else.",
    ),
    documents: described(
      v.number(),
      "Documents that wait: not confirmed for some seconds, or behind an attempt that failed.",
    ),
    oldestDocumentAt: described(v.nullable(time), "Since when the oldest of them waits; null: none does."),
    waiting: described(v.array(waitingDocuments), "The same by receiver."),
  }),
});
export type ListedConference = Checked<typeof listedConference>;

export interface RunningQuery {
  readonly domain: DomainName;
  readonly after: ConfKey | null;
  readonly limit: number;
  readonly begins?: string;
  /** These alone. */
  readonly keys?: readonly ConfKey[];
  /** Only conferences with alerts. */
  readonly affected?: boolean;
  /** Those alone in which somebody has this number, and this attendee ID, as people write them. */
  readonly number?: string | undefined;
  readonly attendeeId?: string | undefined;
  /** Those alone that have this key or name, a sub-conference of this name, or somebody with this number, attendee ID or id of a call. */
  readonly text?: string | undefined;
  /** The answer says who it is that was found, and not only where. */
  readonly named?: boolean;
  /** People look at the answer: for five minutes, what happens in these, also who speaks, comes within a second. */
  readonly isWatched?: boolean;
}

export const bridgeLoad = v.object({
  bridge: described(v.nullable(text<BridgeName>()), "null: of conferences that have none yet."),
  conferences: v.number(),
  callers: v.number(),
});
export type BridgeLoad = Checked<typeof bridgeLoad>;

export const runningPage = v.object({
  conferences: v.array(listedConference),
  next: v.nullable(text<ConfKey>()),
  total: described(v.number(), "All that run, whatever their key."),
  bridges: described(v.array(bridgeLoad), "All that run, by their bridges; null: they have none yet."),
});
/** In the order of their keys. `found`: who was looked for and is inside, one more than `mostNamed` of each conference at most; absent: it was not asked. */
export interface RunningPage extends Checked<typeof runningPage> {
  readonly found?: ReadonlyMap<ConfKey, readonly CallRow[]>;
}

export interface RecordQuery {
  readonly domain: DomainName;
  /** The records before or behind this place alone, by `order`; `null`: from the first. */
  readonly cursor: number | null;
  readonly order: "oldest" | "newest";
  readonly limit: number;
  readonly kind?: DirectoryRecord["kind"] | undefined;
  /** By when the directory got them: from then on, and before then. */
  readonly since?: EpochMs | undefined;
  readonly until?: EpochMs | undefined;
  readonly filter?: RecordFilter;
}

/** All that is given must fit; a field that a record does not have fits nothing. Numbers and IDs are as people write them. */
type RecordFilter = Readonly<Partial<Record<FilterName, string | undefined>>>;
/** `text`: a number, an attendee ID or an id of a call; or a key, an ExtConfID or a part of a name of a conference. */
type FilterName = "conference" | "number" | "attendeeId" | "bridge" | "webexHost" | "endedBy" | "status" | "text";

/** A call, a conference, or a call in the prompt that is over. */
export type FoundRow = DirectoryRecord | PromptRow;

export interface PlacedRecord<Row = DirectoryRecord> {
  readonly id: number;
  readonly at: EpochMs;
  readonly record: Row;
}

export interface RecordPage<Row = DirectoryRecord> {
  /** The last place; `null`: there was never anything. `directory`: one that was lost and began anew has another name. */
  readonly end: { readonly directory: string; readonly id: number } | null;
  readonly records: readonly PlacedRecord<Row>[];
  /** Also where no record fits among many: the next page goes on from there. `null`: there are no more. */
  readonly next: number | null;
}

export interface PromptCallQuery {
  /** A caller's number, in any spelling. */
  readonly number?: string | undefined;
  /** Those alone that came to the prompt from then on. */
  readonly since?: EpochMs | undefined;
  /** Those that ended before this arrival; `null`: from those that are in the prompt now. */
  readonly before: number | null;
  readonly limit: number;
  /** Those alone that are in the prompt now. */
  readonly isOpen?: true;
}

/** A part of what there is. `next`: the place of the next part; `null`: there are no more. */
export interface PromptCallPage {
  readonly calls: readonly PromptRow[];
  readonly next: number | null;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}

/** What became of a number that was to be erased. */
export const erasure = v.object({
  erased: v.number(),
  alike: described(
    v.array(v.string()),
    "Other numbers that a search for this one finds, as with a country code: some of them. They stay: erase each that is meant.",
  ),
  inside: described(
    v.array(text<ConfKey>()),
    "Keys of conferences in which calls have it now, some of them: the records of these will have it. Erase it again once they are over.",
  ),
});
export type Erasure = Checked<typeof erasure>;

export interface ConferenceTotals {
  readonly conferences: number;
  readonly creating: number;
  readonly running: number;
  readonly callers: number;
  readonly bridges: readonly BridgeLoad[];
  /** Documents that their receiver has not confirmed. */
  readonly documents: number;
  /** When the oldest of them was queued; `null`: there are none. */
  readonly oldestAt: EpochMs | null;
}

/** A receiver of webhooks, and how it is. */
export const webhookView = v.object({
  id: described(v.string(), "The same for the same address, whose query nobody is shown."),
  url: v.string(),
  waiting: described(v.number(), "Events on their way, or that wait for the next attempt."),
  refused: described(v.number(), "So many of them it has refused: they come again, three days at most."),
  oldestAt: described(v.nullable(time), "When the oldest of them came; null: none waits."),
  failure: described(
    v.nullable(v.object({ since: time, attempts: v.number(), why: v.string(), nextAt: time })),
    "null: the last post was taken, or only its event refused.",
  ),
  givenUp: described(v.number(), "Events that the receiver was never given."),
  lastGivenUpAt: v.nullable(time),
});
export type WebhookView = Checked<typeof webhookView>;

/** The conferences that run with one TSP server, and what waits for it; or what waits for the partner's back end. */
const serverLoad = v.object({
  host: waitingDocuments.entries.host,
  conferences: described(v.number(), "Those that run with it."),
  documents: described(
    v.number(),
    "Documents that wait for it: not confirmed for some seconds, or behind an attempt that failed.",
  ),
  oldestDocumentAt: described(v.nullable(time), "Since when the oldest of them waits; null: none does."),
  failure: waitingDocuments.entries.failure,
  affected: described(v.array(confKey), "Some of the conferences to which it does not confirm."),
});
export type ServerLoad = Checked<typeof serverLoad>;

/** What a domain was asked and has posted in the last hour, and what it still has to post. */
export const domainActivity = v.object({
  minutes: described(
    v.array(activityMinute),
    "By their start, the oldest first; those in which nothing came or was posted are left out.",
  ),
  hosts: described(
    v.array(serverLoad),
    "The servers of conferences that run, at most 50, and those for which something waits, answers of no conference among it; those for which the most waits are the first.",
  ),
});
export type DomainActivity = Checked<typeof domainActivity>;

/** All that one object has counted since it began. */
export interface CountRow extends Batch {
  /** Which object, and which life of what it counts by: unlike all others. */
  readonly source: string;
  readonly counts: Counts;
}

/** Conferences that did not answer, that run, and that are over. */
export interface Swept {
  readonly failed: readonly ConfKey[];
  readonly running: readonly ConfKey[];
  readonly over: readonly ConfKey[];
}

/** The conferences of one domain: those that run, and the records of those that ran. */
export interface DirectoryRpc {
  /** Resolves when these rows are on disk. What comes twice is kept once. */
  publish(batch: ConferenceBatch): Promise<DirectoryAck>;
  running(query: RunningQuery): Promise<RunningPage>;
  /** What a part of a sweep has found. */
  swept(domain: DomainName, found: Swept): Promise<void>;
  totals(): Promise<ConferenceTotals>;
  /** What an object that is no conference has counted. What comes twice counts once. */
  count(domain: DomainName, row: CountRow): Promise<Ack>;
  activity(): Promise<DomainActivity>;
  /** All that was counted since the directory was begun. */
  countTotals(): Promise<Counts>;
  records(query: RecordQuery): Promise<RecordPage>;
  /** The same with calls in the prompt that are over. */
  found(query: RecordQuery): Promise<RecordPage<FoundRow>>;
  /** Resolves when these calls in the prompt are on disk. Each has its whole story; a story that has ended stays as it is. */
  keepPromptCalls(domain: DomainName, said: PromptCallsOfBridge): Promise<void>;
  promptCalls(query: PromptCallQuery): Promise<PromptCallPage>;
  /** The settings do not have this TSP server, and its requests were refused. */
  serverRefused(domain: DomainName, host: string): Promise<void>;
  /** A document came, with the secret, from an address outside the domain's networks. */
  sourceRefused(domain: DomainName, address: string): Promise<void>;
  webhooks(domain: DomainName): Promise<readonly WebhookView[]>;
  /** The alerts that the directory knows, and who has seen what. */
  alerts(domain: DomainName): Promise<DirectoryAlerts>;
  /** Keeps an acknowledgement. It replaces an earlier one of the same alert that did not go further. */
  acknowledge(domain: DomainName, seen: Omit<Seen, "at">): Promise<void>;
  /** Takes a number of a person, and the attendee ID beside it, out of the calls that have it. */
  erase(domain: DomainName, number: string): Promise<Erasure>;
  /** Stores what a user has asked of the domain. */
  keepAudit(domain: DomainName, entry: AuditEntry): Promise<void>;
  /** Conferences, running or over, that have documents for this TSP server. */
  waitingFor(server: string): Promise<readonly ConfKey[]>;
  /** What people have asked, the latest first, before this place. */
  audit(before: number | null, limit: number): Promise<AuditPage>;
}
