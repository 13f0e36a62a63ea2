import type { Ability } from "./bridge/abilities.ts";
import type { CommandType, IssuedCommand } from "./bridge/commands.ts";
import type { NumberedReport } from "./bridge/events.ts";
import type { ConferenceInput } from "./conference/decide.ts";
import type { Outcome } from "./conference/draft.ts";
import type { OperatorAction, OperatorRefusal } from "./conference/operator-requests.ts";
import type { Comparison } from "./conference/reconcile.ts";
import type { Caller, CallOut, Head, PendingCommand, Room } from "./conference/state.ts";
import type {
  ActionId,
  BridgeName,
  CallId,
  CommandId,
  ConfKey,
  DomainName,
  EpochMs,
  ExtCallId,
  ExtConfId,
  MsgId,
  RoomId,
  StreamId,
  SubConfId,
  TransId,
  WebexHost,
} from "./foundation/ids.ts";
import type { CountsData } from "./foundation/metrics.ts";
import type { AbsenceEvent } from "./link/absences.ts";
import type { Health } from "./link/relay.ts";
import type { ActionStages } from "./operators/action-stages.ts";
import type { AuditEntry } from "./operators/audit.ts";
import type { Session, SessionHash, SignIn } from "./operators/sessions.ts";
import type { ActivityMinute } from "./records/activity.ts";
import type { Ender } from "./records/call-record.ts";
import type { DirectoryRecord } from "./records/conference-record.ts";
import type { Joined } from "./records/record-book.ts";
import type { FromWebex, ToWebex } from "./tsp/messages.ts";
import type { FilledSequence, Meeting } from "./webex/meeting-view.ts";
import type { Difference, SiteNumber } from "./webex/provisioning.ts";

/** Says which conference is meant; the object keeps it with its first input. */
export interface ConferenceIdentity {
  readonly domain: DomainName;
  readonly confKey: ConfKey;
}

/**
 * Requests of one document whose answers shall travel together although they come from several conferences, by server; absent where
 * the domain does not want that.
 */
export type SharedRequests = readonly (readonly MsgId[])[];

/** One document's messages for one conference. */
export interface ConferenceDocument extends ConferenceIdentity {
  readonly transId: TransId;
  readonly messages: readonly FromWebex[];
  readonly shared?: SharedRequests;
  /** The sender remembers that their handles stand for this conference, and did not ask. */
  readonly fromCache?: true;
}

export interface AgentReports extends ConferenceIdentity {
  readonly bridge: BridgeName;
  readonly stream: StreamId;
  /** The epoch since which the reporting agent is active; `null`: that is not known. */
  readonly activeSince: number | null;
  /** What the bridge cannot do; absent: it can do everything. */
  readonly cannot?: readonly Ability[];
  readonly reports: readonly NumberedReport[];
}

/** A conference as operators see it. Numbers and IDs of people are masked where the domain's log masks them. */
export interface ConferenceView {
  readonly key: ConfKey;
  readonly phase: "creating" | "running" | "ended";
  /** The last input, in milliseconds since 1970. */
  readonly lastAt: EpochMs;
  readonly bridge: BridgeName | null;
  /** Empty once it is over. */
  readonly extConfId: ExtConfId | "";
  /** The TSP server that is notified; empty once it is over. */
  readonly host: WebexHost | "";
  /** False after a keep-alive close: WebEx hears nothing until it creates the conference again. */
  readonly attached: boolean;
  readonly locked: boolean;
  readonly callers: readonly CallerView[];
  /** Calls that we dialled and that have not entered. */
  readonly callOuts: readonly { readonly call: CallId; readonly stage: string; readonly extCallId: ExtCallId | "" }[];
  /** Sub-conferences; `subConfId`: WebEx's name for it. */
  readonly rooms: readonly { readonly room: RoomId; readonly subConfId: SubConfId; readonly stage: string }[];
  /** Commands without a result. */
  readonly commands: readonly CommandView[];
  /** Documents that their receiver has not confirmed. */
  readonly documents: readonly DocumentView[];
}

interface CallerView {
  readonly call: CallId;
  /** Empty until WebEx has named the call. */
  readonly extCallId: ExtCallId | "";
  readonly number: string;
  readonly attendeeId: string;
  readonly room: RoomId;
  readonly muted: boolean;
  readonly speaks: boolean;
}

interface CommandView {
  readonly id: CommandId;
  readonly type: CommandType;
  /** How often it was sent in this life of the object. */
  readonly sent: number;
  /** Whether an agent has it in its journal. */
  readonly taken: boolean;
  readonly answerBy: EpochMs | null;
}

interface DocumentView {
  readonly transId: string;
  readonly host: string;
  readonly messages: readonly string[];
  readonly queuedAt: EpochMs;
  readonly attempts: number;
  readonly dueAt: EpochMs;
  /** Why the last attempt failed. */
  readonly failure?: string;
}

export type StorySide = "webex" | "edge" | "bridge" | "back end" | "operator";
export type StoryFacts = Readonly<Record<string, string>>;

/** One thing that happened in a conference. */
export interface StoryLine {
  /** Of the row in the conference's journal. */
  readonly seq: number;
  readonly at: EpochMs;
  readonly from: StorySide;
  readonly to: StorySide;
  /** A message, command or event, or what became of it. */
  readonly what: string;
  readonly facts: StoryFacts;
}

/** One question that people ask about a conference, answered from its journal. */
export interface Explanation {
  /** When that happened which is asked about. */
  readonly at: EpochMs;
  /** The calls that it is about; none: it is about the conference. */
  readonly calls: readonly CallId[];
  readonly question: string;
  readonly answer: string;
  /** The rows of the journal that prove it, in order. */
  readonly rows: readonly { readonly seq: number; readonly at: EpochMs }[];
}

/** A state of a conference as data. */
export interface ReplayState {
  readonly head: Head;
  readonly callers: readonly Caller[];
  readonly callOuts: readonly CallOut[];
  readonly commands: readonly PendingCommand[];
  readonly rooms: readonly Room[];
}

/** A message that left. */
export interface ReplayPost {
  readonly host: string;
  /** Of the document that carried it; `null`: the journal does not have it. */
  readonly transId: string | null;
  readonly type: string;
  /** As it is written on the wire; `null`: it cannot be written. */
  readonly text: string | null;
}

interface ReplayDocument {
  readonly host: string;
  readonly transId: string;
  readonly at: EpochMs;
  readonly messages: readonly string[];
}

/** One row of a conference's journal again. Numbers and codes of people are masked where the domain's log masks them. */
export interface ReplayStep {
  readonly seq: number;
  readonly at: EpochMs;
  /** The version of the code that decided; `null`: the row does not say. */
  readonly version: string | null;
  /** Whether today's code decides the same. */
  readonly verdict:
    | { readonly is: "same" }
    | { readonly is: "differs"; readonly where: string }
    | { readonly is: "may differ"; readonly why: string };
  /** `null`: what changed follows from no input, such as a Confirmation. */
  readonly input: ConferenceInput | null;
  /** WebEx's messages as they may have stood on the wire. */
  readonly inputText: string | null;
  readonly before: ReplayState;
  readonly after: ReplayState;
  readonly commands: readonly IssuedCommand[];
  readonly messages: readonly ReplayPost[];
  readonly confirmed: readonly ReplayDocument[];
  readonly givenUp: readonly ReplayDocument[];
  /** Their server was replaced. */
  readonly dropped: readonly ReplayDocument[];
  readonly failed: readonly (Omit<ReplayDocument, "messages"> & {
    readonly why: string;
    readonly attempts: number;
    readonly nextAt: EpochMs;
  })[];
  /** As today's code has them. */
  readonly notes: readonly string[];
  readonly repairs: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** What one row of a conference's journal has of the wire. */
export type WireRow = Pick<ReplayStep, "seq" | "input" | "inputText" | "commands" | "messages">;

export interface ReplayPage {
  readonly steps: readonly ReplayStep[];
  /** The row before the first one; `null`: there is none. */
  readonly previous: number | null;
  /** The row with which the next page begins; `null`: there are no more. */
  readonly next: number | null;
}

/** `done`: it is on disk. `other-action`: one that asked for something else is, under the same id. */
export type OperatorResult = "done" | "other-action" | OperatorRefusal;

/**
 * `receive`, `report` and `operate` reject what cannot be committed now: the disk is full, ids are lacking, or the settings do not have
 * the domain. A caller that stops waiting does not know whether it was committed, and asks again.
 */
export interface ConferenceRpc {
  /**
   * Resolves to true when the messages, or an earlier copy of them, are on disk; to false, with nothing done, when they
   * were recalled and one of their handles does not stand for this conference.
   */
  receive(document: ConferenceDocument): Promise<boolean>;
  /** Resolves, when they are on disk, to the highest number committed of this stream; 0 when none ever was. */
  report(reports: AgentReports): Promise<number>;
  /** An agent of this bridge has these commands in its journal; commands of another bridge are left alone. */
  ackCommands(bridge: BridgeName, ids: readonly CommandId[]): Promise<void>;
  /** Whether this bridge holds the conference as this object knows it; nothing is written. */
  compareDigest(bridge: BridgeName, digest: string): Promise<Comparison>;
  /**
   * Whether this handle stands for this conference now, and the conference is not over; `claimedBy`: or will soon, since the
   * conference does not have this transaction yet.
   */
  hasHandle(extConfId: ExtConfId, claimedBy: TransId | null): Promise<boolean>;
  /** As it is now, without changing anything; `null`: there never was one, or nothing is left of it. */
  view(): Promise<ConferenceView | null>;
  /** When those who are in it entered, as far as its journal still tells. */
  entered(): Promise<ReadonlyMap<CallId, EpochMs>>;
  /** All that its journal still holds, the oldest first. */
  story(): Promise<readonly StoryLine[]>;
  /** Answers to what people ask about it, or about one of its calls, by its id or by WebEx's name for it. */
  explain(call?: string): Promise<readonly Explanation[]>;
  /** Its journal step by step, from this row on, as JSON text of a `ReplayPage`: a page may be large. */
  replay(from: number, limit: number): Promise<string>;
  /** What went over the wire with these rows of its journal, in order, as JSON text of `WireRow`s. */
  wire(rows: readonly number[]): Promise<string>;
  /** A file for `test/transcripts` that plays what its journal holds, with made-up numbers and names; `null`: there is nothing to play. */
  transcript(): Promise<string | null>;
  /**
   * Resolves to `done` when the action is on disk, and else to why nothing was begun. An action that was done before does nothing again and
   * is answered alike, for the domain's transaction memory; one that was refused is looked at anew.
   */
  operate(action: OperatorAction): Promise<OperatorResult>;
  /** The document that was given up in this row of its journal; `null`: the journal has none there. */
  givenUp(row: number): Promise<GivenUpContent | null>;
  /** Sends it again, as far as it is still so. Each document once: what was sent again before is answered alike, and nothing is sent. */
  sendAgain(row: number, person: string): Promise<OperatorResult>;
  /** What has become of an operator's action; `null`: nothing of it is in the journal. */
  action(id: ActionId): Promise<ActionStages | null>;
  /**
   * Does what is long overdue, for the case that the alarm got lost, and lets the bridge's agent compare a conference that runs with what
   * the bridge holds: the bridge may have lost it together with the agent that knew of it. Where nothing is overdue and nothing differs,
   * this writes nothing. Resolves to whether the conference is being created or runs.
   */
  sweep(): Promise<boolean>;
  /**
   * Tells the domain's directory how the conference is now, and what of it has ended: `news`, what the directory is not known to have;
   * `all`, everything that the journal still holds. Resolves, when the directory has it, to whether a conference is being created or runs;
   * rejects when the directory does not answer.
   */
  tellDirectory(what: "news" | "all"): Promise<boolean>;
}

/** What is wrong with a conference that runs. `posts`: WebEx does not confirm; `commands`: the bridge does not answer in time. */
export type Trouble = "posts" | "commands";

/** Who is in a conference, by what people are looked for: the other end's number, and the attendee ID, if any. */
export interface PersonInside {
  readonly number: string;
  readonly attendeeId: string;
}

/** A conference that is being created or runs, as the list of them shows it. */
export interface RunningConference {
  readonly key: ConfKey;
  /** Which conference of this key: the row of its journal in which it began. */
  readonly life: number;
  readonly createdAt: EpochMs;
  readonly phase: "creating" | "running";
  readonly webexHost: WebexHost;
  readonly bridge: BridgeName | null;
  readonly attached: boolean;
  readonly locked: boolean;
  readonly callers: number;
  /** Who is in it, as far as records may say it; absent in what an older version told. */
  readonly people?: readonly PersonInside[];
  /** Who speaks, as far as WebEx has the bridge say so, and as far as records may name them: empty strings else. Absent as `people` is. */
  readonly speakers?: readonly PersonInside[];
  /** Sub-conferences and rooms of private talks. */
  readonly rooms: number;
  readonly trouble: readonly Trouble[];
  /** Documents without a Confirmation, as it was when this was told; a change of their number alone is not told. */
  readonly documents: number;
  readonly oldestDocumentAt: EpochMs | null;
}

/** A place in a directory's records: all that were there when it was given. `directory`: a lost directory that began anew has another name. */
export interface DirectoryPlace {
  readonly directory: string;
  readonly id: number;
}

/** The place is behind the records that were told. */
export interface NewsAnswer extends DirectoryPlace {
  /** People look at the conference in the list: who speaks is wanted at each change. */
  readonly isShown: boolean;
}

/** A call that has entered its conference. */
export type JoinedCall = Joined["call"];

/** What a conference tells its domain's directory. */
export interface News {
  readonly domain: DomainName;
  readonly key: ConfKey;
  /** `null`: none is being created or runs. */
  readonly running: RunningConference | null;
  /** What has ended, in order. */
  readonly ended: readonly {
    readonly record: DirectoryRecord;
    /** It may have been told before. */
    readonly again: boolean;
  }[];
  /** Who came in, in order, some perhaps once more; only where the domain has webhooks. */
  readonly joined?: readonly JoinedCall[];
  /** What was given up, in order, some perhaps once more. */
  readonly givenUp?: readonly GivenUpPost[];
  /** What is told again can only be behind this place; `null`: anywhere. */
  readonly behind: DirectoryPlace | null;
}

/** A document of a conference that its receiver did not confirm, and that is not tried any more. */
export interface GivenUpPost {
  readonly conference: ConfKey;
  /** Of the conference's journal: where it was given up. */
  readonly row: number;
  readonly at: EpochMs;
  /** The TSP server, or `*back-end`: the partner's. */
  readonly host: string;
  readonly transId: string;
  /** How often it was posted. */
  readonly attempts: number;
  /** Why it is not tried any more. */
  readonly why: string;
  /** By their elements. */
  readonly messages: readonly string[];
}

/** The latest first. */
export interface GivenUpPage {
  readonly posts: readonly (GivenUpPost & { readonly id: string })[];
  /** The place of the next page; `null`: there are no more. */
  readonly next: string | null;
}

/** What stood in a document that was given up, and what can become of it. Numbers are masked where the domain's log masks them. */
export interface GivenUpContent {
  /** The TransID under which it was posted: a journal that was deleted and begun anew has another document in the same row. */
  readonly transId: string;
  /** As it was posted; `null`: it cannot be written. */
  readonly text: string | null;
  /** Why it is not sent again now; `null`: it can be, or it was. */
  readonly refusal: OperatorRefusal | null;
  /** What became of it when it was sent again; `null`: it was not. */
  readonly again: ActionStages | null;
}

/** What the directory says of a conference that runs; `null`: it was not told since the directory's own restart. */
export type ListedConference = Pick<
  RunningConference,
  "key" | "life" | "createdAt" | "phase" | "webexHost" | "bridge"
> & {
  readonly now: Pick<
    RunningConference,
    "attached" | "locked" | "callers" | "speakers" | "rooms" | "trouble" | "documents" | "oldestDocumentAt"
  > | null;
};

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
  /** People look at the answer: for five minutes, who speaks in these is told at each change. */
  readonly isShown?: boolean;
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
  /** So many of them were not told since the directory's own restart; they were asked. */
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

/** What one process counted, one portion after another; a portion that comes twice counts once. */
export interface CountsPortion {
  readonly number: number;
  readonly counts: CountsData;
}

/** What all processes of the deployment counted. */
export interface CountsRpc {
  /** `from`: the process, which numbers its portions. They come in order, each time from the first that is not known to be here. */
  add(from: string, portions: readonly CountsPortion[]): Promise<void>;
  all(): Promise<CountsData>;
}

/** A receiver of webhooks, and how it is. */
export interface WebhookView {
  readonly url: string;
  readonly events: readonly string[];
  /** Events on their way, or that wait for the next attempt. */
  readonly waiting: number;
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

/** The conferences that run with one TSP server. */
export interface HostLoad {
  readonly host: WebexHost;
  readonly conferences: number;
  /** Documents without a Confirmation, and since when the oldest of them waits, as the conferences told it last; `null`: none waits. */
  readonly documents: number;
  readonly oldestDocumentAt: EpochMs | null;
  /** Some of the conferences to which it does not confirm. */
  readonly troubled: readonly ConfKey[];
}

/** What a domain was asked and has posted in the last hour, and what its conferences still have to post. */
export interface DomainActivity {
  /** The oldest first; those in which nothing came or was posted are left out. */
  readonly minutes: readonly ActivityMinute[];
  readonly hosts: readonly HostLoad[];
}

/** What receivers of webhooks hear of an agent. */
export interface AgentEvent extends AbsenceEvent {
  readonly bridge: BridgeName;
  /** The agent that acts on the bridge then; `null`: none does. */
  readonly acts: string | null;
}

/** The conferences of one domain: those that run, and the records of those that ran. */
export interface DirectoryRpc {
  /** Resolves when it is on disk to the place behind it. What came before is not kept twice where it says `again`. */
  tell(news: News): Promise<NewsAnswer>;
  running(query: RunningQuery): Promise<RunningPage>;
  /** As the conferences told it; those that it does not know of since its own restart are asked first. */
  totals(): Promise<ConferenceTotals>;
  /** What one process was asked and has posted, and has not told before. It may be told twice, and be lost. */
  count(domain: DomainName, minutes: readonly ActivityMinute[]): Promise<void>;
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

/** A create's wish that its handle stand for its conference. */
export interface HandleClaim {
  readonly extConfId: ExtConfId;
  readonly confKey: ConfKey;
}

/** Which conferences a document names, as a text that is the same for each of its repeats, and how long that is remembered. */
export interface NamedConferences {
  /** Whose repeat it may be: its TransID, alone or with the server that sent it. */
  readonly under: string;
  readonly names: string;
  readonly memoryMs: number;
}

/** The handles that one document claims, and those that it asks about. */
export interface HandleRequest {
  readonly domain: DomainName;
  readonly transId: TransId;
  /** First come, first served, in this order. */
  readonly claims: readonly HandleClaim[];
  readonly handles: readonly ExtConfId[];
  /** Absent: whether another document came under this TransID is not looked at. */
  readonly named?: NamedConferences;
}

/** The handles and conferences of one domain. */
export interface HandleIndexRpc {
  /**
   * Claims first, then says for each handle that is known which conference it stands for; unknown ones are left out. `null`: a document
   * that named other conferences came under this TransID, and nothing is done.
   */
  resolve(request: HandleRequest): Promise<ReadonlyMap<ExtConfId, ConfKey> | null>;
  /** Whether any handle stands for this conference. */
  hasConference(confKey: ConfKey): Promise<boolean>;
}

/** Numbers `first` to `end`, `end` not among them. */
export interface IdBlock {
  readonly first: number;
  readonly end: number;
}

export interface IdBlocks {
  /** 5 digits of the Julian date and 6 of the running number, as one number (protocol T31). */
  readonly msgIds: IdBlock;
  readonly transIds: IdBlock;
}

/** How many of each at most; a mailbox asks nothing of WebEx, and needs no MsgIDs. */
export interface IdsWanted {
  readonly msgIds: number;
  readonly transIds: number;
}

export interface IdRequest extends IdsWanted {
  readonly domain: DomainName;
  /** The conference that will use them; `null`: mail that belongs to none. */
  readonly holder: ConfKey | null;
}

/** A conference that was allocated ids. */
export interface Holder {
  readonly key: ConfKey;
  /** Of its latest ids: those of later conferences are behind it. */
  readonly place: number;
  /** When it was allocated them, in milliseconds since 1970. */
  readonly at: EpochMs;
}

export interface HolderPage {
  readonly holders: readonly Holder[];
  /** `null`: there are no more. */
  readonly next: number | null;
}

export interface IdAllocatorRpc {
  /** Two new blocks; on disk before they are given out. Fewer ids than are wanted where a sequence ends. */
  allocate(request: IdRequest): Promise<IdBlocks>;
  /** The conference that was given the block of this MsgID. */
  holderOf(msgId: MsgId): Promise<ConfKey | null>;
  /**
   * Conferences that were allocated ids in the last so many milliseconds, the latest first, some at a time: those before this place. Ids
   * behind `upTo` do not count, which is the first place of the first page. A conference that runs is allocated ids every few hours,
   * however quiet it is.
   */
  conferencesOf(lastMs: number, before: number | null, upTo: number | null): Promise<HolderPage>;
  /** Has each conference that runs compare itself with its bridge, from now on and not only when the next round is due. */
  sweep(): Promise<void>;
}

/** Answers to one document that belong to no conference. */
export interface Mail {
  readonly domain: DomainName;
  /** The transaction that is answered, once. */
  readonly transId: TransId;
  /** By the server that asked. */
  readonly answers: ReadonlyMap<WebexHost, readonly ToWebex[]>;
  readonly shared?: SharedRequests;
}

/** A conference's answers that shall travel with those of others to the same document. */
export interface SharedAnswers {
  readonly domain: DomainName;
  /** Names them, each time they are sent. */
  readonly id: string;
  readonly host: WebexHost;
  readonly messages: readonly ToWebex[];
  /** All requests of the document that this server made. */
  readonly requests: readonly MsgId[];
}

export type ShareResult = "confirmed" | "given-up";

export interface MailboxRpc {
  /** Resolves when the answers, or an earlier copy of them, are on disk; rejects what cannot be committed now. */
  send(mail: Mail): Promise<void>;
  /** Resolves when the answers, or an earlier copy of them, were posted and confirmed, or when one of them was given up. */
  share(answers: SharedAnswers): Promise<ShareResult>;
  /** What waits here. */
  waiting(): Promise<Pick<ConferenceTotals, "documents" | "oldestAt">>;
}

/** How a bridge is, as its relay last heard. */
export interface BridgeHealth extends Omit<Health, "version" | "waiting"> {
  readonly agentConnected: boolean;
  /** Since when no agent is connected, or the one that acts is without the bridge; absent: it is not so, or nobody knows. */
  readonly awaySince?: EpochMs;
  /** Since when it takes no new conferences, as an operator asked; absent: it takes them. */
  readonly drainedSince?: EpochMs;
}

/** A connected agent, as its relay knows it. */
export interface AgentView {
  readonly agent: string;
  readonly role: "active" | "standby";
  /** The last sign of life, to a second; `null`: its socket is gone. */
  readonly lastSeen: EpochMs | null;
  /** `null`: it has not said. */
  readonly health: Health | null;
}

/** Commands of one conference for its bridge. */
export interface CommandsForBridge {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
  readonly conference: ConfKey;
  readonly commands: readonly IssuedCommand[];
  /** Where the commands before went: the epoch since which that agent was active; `null`: that is not known. */
  readonly activeSince: number | null;
}

/** Who acts on a bridge after all; or why the agent that acts was left in its place. */
export type HandOver =
  | { readonly acts: string }
  /** Nobody acts; or whoever acts lost its socket with an earlier life of the edge, which gives it its time to come back. */
  | "no-agent"
  /** No standby has the bridge. */
  | "no-standby";

export interface RelayRpc {
  /**
   * To the active agent, if there is one. Nothing is kept for later: commands without an ack are sent again. Resolves to the epoch since
   * which that agent is active. Where it is not the agent of `activeSince`, nothing was sent: it has nothing of the commands before.
   */
  sendCommands(commands: CommandsForBridge): Promise<number | null>;
  /** Asks the active agent, if there is one, for a snapshot of this conference, unless what the bridge holds has this digest. */
  askForSnapshot(conference: ConfKey, unless: string): Promise<void>;
  /** The connected agents. */
  agents(): Promise<readonly AgentView[]>;
  /** As the active agent last said. Without one, `agentConnected` and `bridgeUp` are false. */
  health(): Promise<BridgeHealth>;
  /** Ends the links of these agents, whose settings have changed: they connect anew, if they still may. */
  closeAgents(agents: readonly string[]): Promise<void>;
  /** Makes a standby act in the place of this agent. Where another one acts already, nothing is done: asked twice, it is done once. */
  handOver(from: string): Promise<HandOver>;
  /**
   * From now on the bridge takes no new conferences, and each is refused as if there were no port; or it takes them again. Those that run, or
   * are being created there, go on. Resolves, when it is on disk, to since when the bridge is drained; `null`: it is not.
   */
  drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null>;
}

/** A conference at its domain's WebEx site. */
export interface MeetingQuestion extends ConferenceIdentity {
  /** By which the site knows it; `null`: that is not known, and only what is cached is shown. */
  readonly sessionKey: string | null;
  readonly attendeeId?: string | undefined;
}

export interface MeetingAnswer {
  /** As the site last said, also where a later look-up failed; `null`: it never did. */
  readonly meeting: Meeting | null;
  /** When the site said so, in milliseconds since 1970. */
  readonly knownAt: EpochMs | null;
  /** As telephones key them. */
  readonly dialIn: readonly FilledSequence[];
  /** For people's browsers; the host's asks for a log-in at the site, and works for the host alone. */
  readonly links: { readonly start: MeetingLink | null; readonly join: MeetingLink | null } | null;
  /** Why the site did not answer the last look-up, and what to do; `null`: it did. */
  readonly failure: string | null;
  /** What is odd about the answer. */
  readonly notes: readonly string[];
}

export interface MeetingLink {
  readonly url: string;
  readonly needsLogIn: boolean;
}

/** What the last finished provisioning check found. */
export interface ProvisioningResult {
  readonly begunAt: EpochMs;
  readonly endedAt: EpochMs;
  /** Users of the site that were looked at. */
  readonly users: number;
  readonly differences: readonly Difference[];
  /** Further ones that are only counted. */
  readonly more: number;
  /** What could not be compared, and why. */
  readonly notCompared: readonly string[];
}

export interface RunningCheck {
  readonly begunAt: EpochMs;
  /** Users of the site that were looked at so far, of so many, where that is known. */
  readonly users: number;
  readonly of: number | null;
  /** Why the site keeps it from going on, and when it is asked again by itself; `null`: it goes on. */
  readonly waits: { readonly says: string; readonly until: EpochMs } | null;
}

export interface ProvisioningState {
  /** The last check that came to its end, also where a later one failed; `null`: none did. */
  readonly last: ProvisioningResult | null;
  readonly running: RunningCheck | null;
  /** Why the latest check came to no end, and what to do; `null`: it did, or none began. */
  readonly failure: { readonly at: EpochMs; readonly says: string } | null;
  /** When the next one begins by itself; `null`: the settings want none. */
  readonly nextAt: EpochMs | null;
}

/**
 * What a domain knows of its WebEx site. Nothing on the way of a call asks it. Where the domain has no site, nothing is written.
 */
export interface WebexSiteRpc {
  /** The settings were read, perhaps anew: sees to it that the object wakes for what it does by itself. Asks the site nothing. */
  settingsRead(domain: DomainName): Promise<void>;
  /** Asks the site where what is cached is too old, and waits some seconds for that; what comes later is there for the next question. */
  meeting(question: MeetingQuestion): Promise<MeetingAnswer>;
  /** The topics that are cached; asks the site nothing. */
  topics(domain: DomainName, conferences: readonly ConfKey[]): Promise<ReadonlyMap<ConfKey, string>>;
  /** The call-in numbers that are cached; asks the site nothing. */
  numbers(domain: DomainName): Promise<readonly SiteNumber[]>;
  provisioning(domain: DomainName): Promise<ProvisioningState>;
  /** Begins a provisioning check now, unless one runs. */
  beginCheck(domain: DomainName): Promise<ProvisioningState>;
}

export type NewSession = Pick<Session, "hash" | "person" | "credential" | "from">;

export interface SignInPage {
  /** The latest first. */
  readonly signIns: readonly SignIn[];
  /** The place of the next page; `null`: there are no more. */
  readonly next: number | null;
}

/** The sessions of all people who sign in at the console, by their hashes. */
export interface SessionsRpc {
  begin(session: NewSession): Promise<Session>;
  /** `null`: there is none, or it has ended. What is found counts as used. */
  find(hash: SessionHash): Promise<Session | null>;
  end(hash: SessionHash, from: string): Promise<void>;
  /** How many were ended. `by`: who wants it. */
  endAll(person: string, by: string, from: string): Promise<number>;
  /** Those of one person, or of all; the oldest first. */
  list(person: string | null): Promise<readonly Session[]>;
  /** An attempt to sign in came to nothing. */
  refused(from: string): Promise<void>;
  signIns(before: number | null, limit: number): Promise<SignInPage>;
}

/** An object that the platform gave; workerd names its database by this id. */
export interface Identified {
  readonly id?: { toString(): string };
}

/** The objects behind the routes. Getting one costs nothing; each call is one message to it. */
export interface EdgeObjects {
  conference(
    domain: DomainName,
    confKey: ConfKey,
  ): Pick<ConferenceRpc, "receive" | "operate" | "sendAgain"> & Identified;
  handles(domain: DomainName): HandleIndexRpc & Identified;
  idAllocator(domain: DomainName): Pick<IdAllocatorRpc, "holderOf"> & Identified;
  mailbox(domain: DomainName): Pick<MailboxRpc, "send"> & Identified;
  bridgeHealth(domain: DomainName, bridge: BridgeName): Promise<BridgeHealth>;
  /** Hands an agent's WebSocket request to the relay of its bridge. */
  connectAgent(domain: DomainName, bridge: BridgeName, request: Request): Promise<Response>;
}

/** What operators see of the objects, and ask of them; nothing on the way of a call needs it. */
export interface OperatorViews {
  conferencesOf(domain: DomainName, lastMs: number, before: number | null, upTo: number | null): Promise<HolderPage>;
  conference(
    domain: DomainName,
    confKey: ConfKey,
  ): Pick<
    ConferenceRpc,
    "view" | "entered" | "story" | "action" | "givenUp" | "explain" | "replay" | "wire" | "transcript"
  > &
    Identified;
  agents(domain: DomainName, bridge: BridgeName): Promise<readonly AgentView[]>;
  handOver(domain: DomainName, bridge: BridgeName, from: string): Promise<HandOver>;
  drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null>;
  directory(
    domain: DomainName,
  ): Omit<DirectoryRpc, "tell" | "tellOfAgents" | "count" | "keepAudit" | "totals" | "webhooks"> & Identified;
  /** Of the domain's conferences, and of what waits in its mailbox. */
  totals(domain: DomainName): Promise<ConferenceTotals>;
  webhooks(domain: DomainName): Promise<readonly WebhookView[]>;
  /** Of the whole deployment. */
  counts(): Promise<CountsData>;
  webexSite(domain: DomainName): Omit<WebexSiteRpc, "settingsRead"> & Identified;
  /**
   * A WebSocket that says `{"changed":true}` after each change of the domain's list of conferences, or of one conference, for five minutes; what
   * it is of must be there.
   */
  watch(domain: DomainName, confKey: ConfKey | null): Promise<Response>;
}
