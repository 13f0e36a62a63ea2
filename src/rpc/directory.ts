import type { BridgeName, ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import type { AbsenceEvent } from "../link/absences.ts";
import type { AuditEntry } from "../operators/audit.ts";
import type { ActivityMinute } from "../records/activity.ts";
import type { Ender } from "../records/call-record.ts";
import type { DirectoryRecord } from "../records/conference-record.ts";
import type { PersonInside, RunningFold } from "../records/running.ts";
import type {
  DirectoryPlace,
  FactPage,
  FeedAnswer,
  GivenUpPost,
  LiveState,
  WaitingDocuments,
} from "./directory-feed.ts";

/** What the directory says of a conference that is being created or runs. */
export interface ListedConference
  extends Readonly<Pick<RunningFold, "life" | "createdAt" | "phase" | "webexHost">>,
    Pick<LiveState, "bridge"> {
  readonly key: ConfKey;
  /** `null`: it has said nothing since the directory's own restart. */
  readonly now: ListedNow | null;
}

interface ListedNow extends Readonly<Pick<RunningFold, "attached" | "locked">>, Pick<LiveState, "trouble"> {
  readonly callers: number;
  /** As far as WebEx has the bridge say so, and as far as records may name them: empty strings else. */
  readonly speakers: readonly PersonInside[];
  /** Sub-conferences and rooms of private talks. */
  readonly rooms: number;
  /** Documents that wait: without a Confirmation for some seconds, or behind an attempt that failed. */
  readonly documents: number;
  readonly oldestDocumentAt: EpochMs | null;
  /** The same by receiver; absent: none waits. */
  readonly waiting?: readonly WaitingDocuments[];
}

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
export interface BridgeLoad {
  readonly bridge: BridgeName | null;
  readonly conferences: number;
  readonly callers: number;
}

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
export interface WebhookView {
  readonly url: string;
  readonly events: readonly string[];
  /** Events on their way, or that wait for the next attempt. */
  readonly waiting: number;
  /** So many of them it has refused, though it answers. */
  readonly refused: number;
  /** When the oldest of them happened; `null`: none waits. */
  readonly oldestAt: EpochMs | null;
  /** `null`: the last post was taken, or only its event refused. */
  readonly failure: {
    readonly since: EpochMs;
    readonly attempts: number;
    readonly why: string;
    readonly nextAt: EpochMs;
  } | null;
  /** Events that it was never given. */
  readonly givenUp: number;
  readonly lastGivenUpAt: EpochMs | null;
}

/** The conferences that run with one TSP server, and what waits for it; or what waits for the partner's back end. */
export interface HostLoad {
  readonly host: WaitingDocuments["host"];
  readonly conferences: number;
  /** Documents that wait for a Confirmation, and since when the oldest of them does, as the conferences told it last; `null`: none waits. */
  readonly documents: number;
  readonly oldestDocumentAt: EpochMs | null;
  /** Why the last attempt of one of them failed; `null`: none has. */
  readonly failure: string | null;
  /** Some of the conferences to which it does not confirm. */
  readonly troubled: readonly ConfKey[];
}

/** What a domain was asked and has posted in the last hour, and what its conferences still have to post. */
export interface DomainActivity {
  /** The oldest first; those in which nothing came or was posted are left out. */
  readonly minutes: readonly ActivityMinute[];
  readonly hosts: readonly HostLoad[];
  /** So many conferences that run have not told since the directory's own restart what waits in them; they were asked. */
  readonly unknown: number;
}

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
