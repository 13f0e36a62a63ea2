import * as v from "valibot";
import type { BridgeName, ConfKey, DomainName, EpochMs, WebexHost } from "../foundation/ids.ts";
import { type Answer, confKey, text, time } from "../foundation/schemas.ts";
import type { AbsenceEvent } from "../link/absences.ts";
import type { AuditEntry } from "../operators/audit.ts";
import { type ActivityMinute, activityMinute } from "../records/activity.ts";
import type { Ender } from "../records/call-record.ts";
import type { DirectoryRecord } from "../records/conference-record.ts";
import type { DirectoryPlace, FactPage, FeedAnswer, GivenUpPost, WaitingDocuments } from "./directory-feed.ts";

/** What the directory says of a conference that is being created or runs. */
export const listedConference = v.object({
  key: confKey,
  life: v.pipe(
    v.number(),
    v.description("Which conference of this key: the row of its journal in which it began, as records have it."),
  ),
  createdAt: time,
  phase: v.picklist(["creating", "running"]),
  webexHost: v.pipe(text<WebexHost>(), v.description("The TSP server that is notified.")),
  bridge: v.nullable(text<BridgeName>()),
  now: v.pipe(
    v.nullable(
      v.object({
        attached: v.pipe(
          v.boolean(),
          v.description("False after a close with KeepAlive, until WebEx creates it again."),
        ),
        locked: v.boolean(),
        callers: v.number(),
        speakers: v.pipe(
          v.exactOptional(v.array(v.object({ number: v.string(), attendeeId: v.string() }))),
          v.description(
            "Who speaks, where WebEx wants to know it; empty strings where `recordsPersonal` keeps nothing of them. A second old at most while the console shows the conference in its list; else as when it told something else.",
          ),
        ),
        rooms: v.pipe(v.number(), v.description("Sub-conferences and rooms of private talks.")),
        documents: v.pipe(
          v.number(),
          v.description("Documents that wait: not confirmed for some seconds, or behind an attempt that failed."),
        ),
        oldestDocumentAt: v.pipe(
          v.nullable(time),
          v.description("Since when the oldest of them waits; null: none does."),
        ),
        waiting: v.pipe(
          v.exactOptional(
            v.array(
              v.object({
                host: v.pipe(
                  text<WaitingDocuments["host"]>(),
                  v.description("The TSP server, or `*back-end`: the partner's."),
                ),
                documents: v.number(),
                oldestAt: time,
                failure: v.pipe(
                  v.nullable(v.string()),
                  v.description("Why the last attempt of one of them failed; null: none has."),
                ),
              }),
            ),
          ),
          v.description("The same by receiver; absent: none waits."),
        ),
        trouble: v.pipe(
          v.array(v.picklist(["posts", "commands"])),
          v.description("`posts`: WebEx does not confirm; `commands`: the bridge does not answer in time."),
        ),
      }),
    ),
    v.description("null: the directory was started anew, and has asked it."),
  ),
});
export type ListedConference = Answer<typeof listedConference>;

export interface RunningQuery {
  readonly domain: DomainName;
  /** Those behind this one alone. */
  readonly after: ConfKey | null;
  readonly limit: number;
  /** Whose key begins so. */
  readonly begins?: string;
  /** Those alone that have told of trouble. */
  readonly troubled?: boolean;
  /** Those alone in which somebody has this number, and this attendee ID. */
  readonly number?: string | undefined;
  readonly attendeeId?: string | undefined;
  /** People look at the answer: for five minutes, what happens in these, also who speaks, comes within a second. */
  readonly isWatched?: boolean;
}

/** `bridge`: `null` for conferences that have none yet. `callers`: as far as they have told. */
export const bridgeLoad = v.object({
  bridge: v.nullable(text<BridgeName>()),
  conferences: v.number(),
  callers: v.number(),
});
export type BridgeLoad = Answer<typeof bridgeLoad>;

export interface RunningPage {
  /** In the order of their keys. */
  readonly conferences: readonly ListedConference[];
  /** `null`: there are no more. */
  readonly next: ConfKey | null;
  /** All that run. */
  readonly total: number;
  /** All that run, by their bridges in the order of the names. */
  readonly bridges: readonly BridgeLoad[];
  /** So many of them have not told since the directory's own restart how they are, or who is inside; they were asked. */
  readonly unknown: number;
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

/** All that is given must fit; a field that a record does not have fits nothing. */
export interface RecordFilter {
  readonly conference?: ConfKey | undefined;
  readonly number?: string | undefined;
  readonly attendeeId?: string | undefined;
  readonly bridge?: string | undefined;
  readonly webexHost?: string | undefined;
  readonly endedBy?: Ender | undefined;
  readonly status?: string | undefined;
}

export interface PlacedRecord {
  readonly id: number;
  /** When the directory got it. */
  readonly at: EpochMs;
  readonly record: DirectoryRecord;
}

export interface RecordPage {
  /** The place behind all records; `null`: there was never anything. */
  readonly end: DirectoryPlace | null;
  readonly records: readonly PlacedRecord[];
  /** Also where no record fits among many: the next page goes on from there. `null`: there are no more. */
  readonly next: number | null;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** The place of the next page; `null`: there are no more. */
  readonly next: number | null;
}

/** The latest first. */
export interface GivenUpPage {
  readonly posts: readonly (GivenUpPost & { readonly id: string })[];
  /** The place of the next page; `null`: there are no more. */
  readonly next: string | null;
}

export interface ErasurePage {
  /** How many had the number. */
  readonly erased: number;
  /** The place from which the next page goes on; `null`: all records were looked at. */
  readonly next: number | null;
}

export interface RebuildPage {
  readonly told: number;
  readonly failed: readonly ConfKey[];
  readonly next: { readonly before: number; readonly upTo: number } | null;
}

/** Of conferences that are not over. */
export interface ConferenceTotals {
  readonly creating: number;
  readonly running: number;
  readonly callers: number;
  /** Documents that their receiver has not confirmed. */
  readonly documents: number;
  /** When the oldest of them was queued; `null`: there are none. */
  readonly oldestAt: EpochMs | null;
}

/** A receiver of webhooks, and how it is. */
export const webhookView = v.object({
  url: v.string(),
  events: v.array(v.string()),
  waiting: v.pipe(v.number(), v.description("Events on their way, or that wait for the next attempt.")),
  refused: v.pipe(v.number(), v.description("So many of them it has refused: they come again, three days at most.")),
  oldestAt: v.pipe(v.nullable(time), v.description("When the oldest of them happened; null: none waits.")),
  failure: v.pipe(
    v.nullable(v.object({ since: time, attempts: v.number(), why: v.string(), nextAt: time })),
    v.description("null: the last post was taken, or only its event refused."),
  ),
  givenUp: v.pipe(v.number(), v.description("Events that the receiver was never given.")),
  lastGivenUpAt: v.nullable(time),
});
export type WebhookView = Answer<typeof webhookView>;

/** The conferences that run with one TSP server, and what waits for it; or what waits for the partner's back end. */
const hostLoad = v.object({
  host: v.pipe(text<WaitingDocuments["host"]>(), v.description("The TSP server, or `*back-end`: the partner's.")),
  conferences: v.pipe(v.number(), v.description("Those that run with it.")),
  documents: v.pipe(
    v.number(),
    v.description("Documents that wait for it: not confirmed for some seconds, or behind an attempt that failed."),
  ),
  oldestDocumentAt: v.pipe(v.nullable(time), v.description("Since when the oldest of them waits; null: none does.")),
  failure: v.pipe(v.nullable(v.string()), v.description("Why the last attempt of one of them failed; null: none has.")),
  troubled: v.pipe(v.array(confKey), v.description("Some of the conferences to which it does not confirm.")),
});
export type HostLoad = Answer<typeof hostLoad>;

/** What a domain was asked and has posted in the last hour, and what its conferences still have to post. */
export const domainActivity = v.object({
  minutes: v.pipe(
    v.array(activityMinute),
    v.description("By their begin, the oldest first; those in which nothing came or was posted are left out."),
  ),
  hosts: v.pipe(
    v.array(hostLoad),
    v.description(
      "The servers of conferences that run, and those for which something of them waits, at most 50; those for which the most waits are the first.",
    ),
  ),
  unknown: v.pipe(
    v.number(),
    v.description("So many conferences have not told what waits in them since the directory was started anew."),
  ),
});
export type DomainActivity = Answer<typeof domainActivity>;

/** What receivers of webhooks hear of an agent. */
export interface AgentEvent extends AbsenceEvent {
  readonly bridge: BridgeName;
  /** The agent that acts on the bridge then; `null`: none does. */
  readonly acts: string | null;
}

/** The conferences of one domain: those that run, and the records of those that ran. */
export interface DirectoryRpc {
  /** Resolves when what the page says is on disk, or to what is wanted instead. What comes twice is kept once. */
  follow(page: FactPage): Promise<FeedAnswer>;
  /**
   * Those that have not told since its own restart are asked. Where somebody looks for trouble or for a person, the answer waits for them, but
   * for no more than two seconds.
   */
  running(query: RunningQuery): Promise<RunningPage>;
  /** As the conferences told it; those that have not told since its own restart are asked first, for two seconds at most. */
  totals(): Promise<ConferenceTotals>;
  /** What one process was asked and has posted, and has not told before. It may be told twice, and be lost. */
  count(domain: DomainName, minutes: readonly ActivityMinute[]): Promise<void>;
  /** What waits is known as in `totals`. */
  activity(): Promise<DomainActivity>;
  records(query: RecordQuery): Promise<RecordPage>;
  /** Resolves when they are on disk, for the receivers of webhooks. Those that come twice are told twice, each time under the same id. */
  tellOfAgents(domain: DomainName, events: readonly AgentEvent[]): Promise<void>;
  /** The receivers of the domain's webhooks. */
  webhooks(domain: DomainName): Promise<readonly WebhookView[]>;
  /** Takes a number of a person, and the attendee ID beside it, out of records that have it: those behind this place, some at a time. */
  erase(domain: DomainName, number: string, from: number): Promise<ErasurePage>;
  /** Has the conferences of the last week tell everything that their journals hold, some at a time. */
  rebuild(domain: DomainName, from: RebuildPage["next"]): Promise<RebuildPage>;
  /** Keeps what a person has asked of the domain. The same entry again, within seconds, is not kept twice. */
  keepAudit(domain: DomainName, entry: AuditEntry): Promise<void>;
  /** Documents that were given up, the latest first, before this place. */
  givenUp(before: string | null, limit: number): Promise<GivenUpPage>;
  /** One of them; `null`: there is none of this id, or none any more. */
  givenUpPost(id: string): Promise<GivenUpPost | null>;
  /** What people have asked, the latest first, before this place. */
  audit(before: number | null, limit: number): Promise<AuditPage>;
}
