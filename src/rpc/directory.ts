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

/** The most callers of one conference that a search lists. */
export const mostNamed = 20;

/** A conference that is being created or is running, as the directory has it. */
const listedConference = v.object({
  key: confKey,
  life: described(
    v.number(),
    "Identifies the conference among others with this key, as in records: the first row of its journal.",
  ),
  createdAt: time,
  phase: v.picklist(["creating", "running"]),
  webexHost: described(text<WebexHost>(), "The TSP server that is notified."),
  bridge: v.nullable(text<BridgeName>()),
  topic,
  undelivered: described(v.number(), "Documents whose attempts are used up."),
  now: v.object({
    ...conferenceNow.entries,
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
  /** Only these. */
  readonly keys?: readonly ConfKey[];
  /** Only conferences with alerts. */
  readonly affected?: boolean;
  /** Only conferences in which a caller has this number and this attendee ID, in any spelling. */
  readonly number?: string | undefined;
  readonly attendeeId?: string | undefined;
  /** Only conferences with this key, name or sub-conference, or a caller with this number, attendee ID or call ID. */
  readonly text?: string | undefined;
  /** Asks for the callers that were found. */
  readonly named?: boolean;
  /** A user looks at the answer. Changes then arrive within a second for 10 s. */
  readonly isWatched?: boolean;
}

export const bridgeLoad = v.object({
  bridge: described(v.nullable(text<BridgeName>()), "null: conferences without a bridge yet."),
  conferences: v.number(),
  callers: v.number(),
});
export type BridgeLoad = Checked<typeof bridgeLoad>;

export const runningPage = v.object({
  conferences: v.array(listedConference),
  next: v.nullable(text<ConfKey>()),
  total: described(v.number(), "Number of all running conferences."),
  bridges: described(v.array(bridgeLoad), "All running conferences, by bridge."),
});
/** Absent once a directory that was lost, or has just begun, has the rows of all conferences. */
export interface Filling {
  readonly isFilling?: true;
}

/** Conferences by key. `found`: matching callers, at most `mostNamed` + 1 of each conference; absent: not asked. */
export interface RunningPage extends Checked<typeof runningPage>, Filling {
  readonly found?: ReadonlyMap<ConfKey, readonly CallRow[]>;
}

export interface RecordQuery {
  readonly domain: DomainName;
  /** Only records before or after this position, by `order`; `null`: from the first. */
  readonly cursor: number | null;
  readonly order: "oldest" | "newest";
  readonly limit: number;
  readonly kind?: DirectoryRecord["kind"] | undefined;
  /** The period in which the directory stored them. */
  readonly since?: EpochMs | undefined;
  readonly until?: EpochMs | undefined;
  readonly filter?: RecordFilter;
}

/** Every given field must match; a record without the field does not match. Numbers and IDs are in any spelling. */
type RecordFilter = Readonly<Partial<Record<FilterName, string | undefined>>>;
/** `text`: a number, an attendee ID or a call ID; or a key, an ExtConfID or part of a conference's name. */
type FilterName = "conference" | "number" | "attendeeId" | "bridge" | "webexHost" | "endedBy" | "status" | "text";

export type FoundRow = DirectoryRecord | PromptRow;

export interface PlacedRecord<Row = DirectoryRecord> {
  readonly id: number;
  readonly at: EpochMs;
  readonly record: Row;
}

export interface RecordPage<Row = DirectoryRecord> extends Filling {
  /** The last position; `null`: none. `directory`: its name, which changes when it loses its data. */
  readonly end: { readonly directory: string; readonly id: number } | null;
  readonly records: readonly PlacedRecord<Row>[];
  /** Position of the next page, also if no record of this page matches; `null`: last page. */
  readonly next: number | null;
}

export interface PromptCallQuery {
  /** A caller's number, in any spelling. */
  readonly number?: string | undefined;
  /** Only calls that entered the prompt from then on. */
  readonly since?: EpochMs | undefined;
  /** Only calls after this position, the `next` of a page; `null`: starts with the calls in the prompt now. */
  readonly before: number | null;
  readonly limit: number;
  /** Only calls in the prompt now. */
  readonly isOpen?: true;
}

/** A page. `next`: position of the next page; `null`: last page. */
export interface PromptCallPage {
  readonly calls: readonly PromptRow[];
  readonly next: number | null;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}

/** The result of an erasure. */
export const erasure = v.object({
  erased: v.number(),
  alike: described(
    v.array(v.string()),
    "Some similar numbers, for example with a country code. They stay. Erase each one that you mean.",
  ),
});
export type Erasure = Checked<typeof erasure>;

export interface ConferenceTotals extends Filling {
  readonly conferences: number;
  readonly creating: number;
  readonly running: number;
  readonly callers: number;
  readonly bridges: readonly BridgeLoad[];
  /** Unconfirmed documents. */
  readonly documents: number;
  /** When the oldest was queued; `null`: none. */
  readonly oldestAt: EpochMs | null;
}

/** A receiver of webhooks with its state. */
export const webhookView = v.object({
  id: described(v.string(), "The same for the same address. The address's query is never shown."),
  url: v.string(),
  waiting: described(v.number(), "Events in flight or waiting for the next attempt."),
  refused: described(v.number(), "Events of these that it refused. They are retried for at most three days."),
  oldestAt: described(v.nullable(time), "Time of the oldest waiting event; null: none."),
  failure: described(
    v.nullable(v.object({ since: time, attempts: v.number(), why: v.string(), nextAt: time })),
    "null: the last post was accepted, or only its event was refused.",
  ),
  givenUp: described(v.number(), "Events that were dropped undelivered."),
  lastGivenUpAt: v.nullable(time),
});
export type WebhookView = Checked<typeof webhookView>;

/** The running conferences and pending documents of one TSP server, or the pending documents of the back end. */
const serverLoad = v.object({
  host: waitingDocuments.entries.host,
  conferences: described(v.number(), "Running conferences with this server."),
  documents: described(
    v.number(),
    "Documents that wait for it: not confirmed for some seconds, or behind an attempt that failed.",
  ),
  oldestDocumentAt: described(v.nullable(time), "Since when the oldest of them waits; null: none does."),
  failure: waitingDocuments.entries.failure,
  affected: described(v.array(confKey), "Some of the conferences whose documents it does not confirm."),
});
export type ServerLoad = Checked<typeof serverLoad>;

/** Requests and posts of a domain in the last hour, and its backlog. */
export const domainActivity = v.object({
  minutes: described(
    v.array(activityMinute),
    "By their start, the oldest first. Minutes without requests and posts are left out.",
  ),
  hosts: described(
    v.array(serverLoad),
    "Servers with running conferences (at most 50) or pending documents, also documents of no conference. The largest backlog comes first.",
  ),
});
export type DomainActivity = Checked<typeof domainActivity>;

export interface DomainStats extends ConferenceTotals, DomainActivity {
  /** Since the directory was created. */
  readonly counts: Counts;
}

/** All that one object has counted since it began. */
export interface CountRow extends Batch {
  /** Unique name of the object and of the instance of its counts. */
  readonly source: string;
  readonly counts: Counts;
}

/** Conferences that did not answer, that are running, and that have ended. */
export interface Swept {
  readonly failed: readonly ConfKey[];
  readonly running: readonly ConfKey[];
  readonly over: readonly ConfKey[];
}

/** The running conferences of one domain, and the records of ended ones. */
export interface DirectoryRpc {
  /** Resolves when these rows are on disk. Repeated rows are stored once. */
  publish(batch: ConferenceBatch): Promise<DirectoryAck>;
  running(query: RunningQuery): Promise<RunningPage>;
  /** Returns true if one of these conferences runs or is being created. */
  areRunning(keys: readonly ConfKey[]): Promise<boolean>;
  /** Stores the results of a part of a sweep. */
  swept(domain: DomainName, found: Swept): Promise<void>;
  stats(): Promise<DomainStats>;
  /** Stores the counts of an object other than a conference. Repeats count once. */
  count(domain: DomainName, row: CountRow): Promise<Ack>;
  records(query: RecordQuery): Promise<RecordPage>;
  /** Returns ended calls in the prompt. */
  found(query: RecordQuery): Promise<RecordPage<FoundRow>>;
  /** Resolves when these calls in the prompt are on disk. Each is complete; an ended one does not change again. */
  keepPromptCalls(domain: DomainName, said: PromptCallsOfBridge): Promise<void>;
  promptCalls(query: PromptCallQuery): Promise<PromptCallPage>;
  /** Notes a refused TSP server that the settings lack. */
  serverRefused(domain: DomainName, host: string): Promise<void>;
  /** Notes a document with the right secret from an address outside the domain's networks. */
  sourceRefused(domain: DomainName, address: string): Promise<void>;
  webhooks(domain: DomainName): Promise<readonly WebhookView[]>;
  /** Returns the directory's alerts, and who has seen them. */
  alerts(domain: DomainName): Promise<DirectoryAlerts>;
  /** Stores an acknowledgement. It replaces an earlier one of the same alert that covered no more. */
  acknowledge(domain: DomainName, seen: Omit<Seen, "at">): Promise<void>;
  /** Erases a number, and the attendee ID stored with it, from all calls. */
  erase(domain: DomainName, number: string): Promise<Erasure>;
  /** Stores what a user has asked of the domain. */
  keepAudit(domain: DomainName, entry: AuditEntry): Promise<void>;
  /** Conferences, running or over, that have documents for this TSP server. */
  waitingFor(server: string): Promise<readonly ConfKey[]>;
  /** Returns what users have asked, the latest first, before this position. */
  audit(before: number | null, limit: number): Promise<AuditPage>;
}
