import type { Ability } from "../bridge/commands.ts";
import type { NumberedReport } from "../bridge/events.ts";
import type { OperatorRefusal } from "../conference/action-row.ts";
import type { OperatorAction } from "../conference/operator-actions.ts";
import type { Comparison } from "../conference/reconcile.ts";
import type {
  ActionId,
  BridgeName,
  CallId,
  CommandId,
  ConfKey,
  DomainName,
  EpochMs,
  ExtConfId,
  StreamId,
  TransId,
} from "../foundation/ids.ts";
import type { FromWebex, SharedRequests } from "../tsp/messages.ts";
import type { ConferenceView } from "./conference-view.ts";
import type { ActionStages, TimelineLine } from "./timeline.ts";

/** Says which conference is meant; the object keeps it with its first input. */
export interface ConferenceIdentity {
  readonly domain: DomainName;
  readonly confKey: ConfKey;
}

/** One document's messages for one conference. */
export interface ConferenceDocument extends ConferenceIdentity {
  readonly transId: TransId;
  readonly messages: readonly FromWebex[];
  readonly shared?: SharedRequests;
  /** Of all that get a part of the document, this one has it counted. */
  readonly counts?: true;
  /** The sender remembers that their handles stand for this conference, and did not ask. */
  readonly fromCache?: true;
}

export interface AgentReports extends ConferenceIdentity {
  readonly bridge: BridgeName;
  readonly stream: StreamId;
  /** The epoch since which the reporting agent is active; `null`: that is not known. */
  readonly activeSince: number | null;
  /** Time since which the relay has lost nothing. */
  readonly knownSince?: EpochMs;
  /** What the bridge cannot do; absent: it can do everything. */
  readonly cannot?: readonly Ability[];
  /** Lead of the agent's clock over the relay's; absent: no report has a time. */
  readonly aheadMs?: number;
  readonly reports: readonly NumberedReport[];
}

/** A part of a list: at most some 200 kB. */
export interface ItemPage<Item> {
  readonly items: readonly Item[];
  /** The place of the next one in the list; `null`: there is none. */
  readonly next: number | null;
}

/**
 * `done`: it is on disk. `done-before`: it was already, under the same id. `other-action`: one that asked for
 * something else is.
 */
export type OperatorResult = "done" | "done-before" | "other-action" | OperatorRefusal;

/** A row of the journal, and when it was written. */
export interface JournalPlace {
  readonly row: number;
  readonly at: EpochMs;
}

/** Result of a sweep. */
export interface SweepResult {
  /** True if the conference is being created or runs. */
  readonly runs: boolean;
  /** Time until which sweeps can skip it, unless it asks for one; `null` if pending work has no time. */
  readonly quietUntil: EpochMs | null;
}

/**
 * `receive`, `report` and `operate` reject what cannot be committed now: the disk is full, ids are lacking and cannot be fetched, or the
 * settings do not have the domain. A caller that stops waiting does not know whether it was committed, and asks again.
 */
export interface ConferenceRpc {
  /** True: the messages, or an earlier copy, are on disk. False: recalled, and a handle stands for another conference; nothing was done. */
  receive(document: ConferenceDocument): Promise<boolean>;
  /** Resolves, when they are on disk, to the highest number committed of this stream; 0 when none ever was. */
  report(reports: AgentReports): Promise<number>;
  /** An agent of this bridge has these commands in its journal, and all but `waiting` are with the bridge. Those of another bridge are left alone. */
  ackCommands(bridge: BridgeName, ids: readonly CommandId[], waiting?: readonly CommandId[]): Promise<void>;
  /** Whether this bridge holds the conference as this object knows it; nothing is written. */
  compareDigest(bridge: BridgeName, digest: string): Promise<Comparison>;
  /** Whether this handle stands for this conference, which is not over. `claimedBy`: or will, by a transaction that has not come yet. */
  hasHandle(extConfId: ExtConfId, claimedBy: TransId | null): Promise<boolean>;
  /** As it is now, without changing anything; `null`: there never was one, or nothing is left of it. */
  view(): Promise<ConferenceView | null>;
  /** When those who are in it entered, as far as its journal still tells. */
  entered(): Promise<ReadonlyMap<CallId, EpochMs>>;
  /** All that its journal still holds, the oldest first, from this line on. */
  timeline(from: number): Promise<ItemPage<TimelineLine>>;
  /** The first row of its journal that has this MsgID or TransID, WebEx's or the adapter's; `null`: none has. */
  placeOfId(id: string): Promise<JournalPlace | null>;
  /** What went over the wire with these rows of its journal, in order, as JSON text of `WireRow`s. */
  wire(rows: readonly number[]): Promise<string>;
  /**
   * Resolves to `done` when the action is on disk, and else to why nothing was begun. An action that was done before does nothing again and
   * is answered alike, for the domain's transaction memory; one that was refused is looked at anew.
   */
  operate(action: OperatorAction): Promise<OperatorResult>;
  /** Probes this TSP server at once if it is unreachable: when it answers, it gets all pending notifications. */
  resync(server: string, person: string): Promise<void>;
  /** What has become of an operator's action; `null`: nothing of it is in the journal. */
  action(id: ActionId): Promise<ActionStages | null>;
  /**
   * Does what is long overdue, for the case that the alarm got lost, and lets the bridge's agent compare a conference that runs with what
   * the bridge holds: the bridge may have lost it together with the agent that knew of it. Where nothing is overdue and nothing differs,
   * it writes at most that the conference is quiet.
   */
  sweep(): Promise<SweepResult>;
  /** Sends its rows to the directory, with `isWhole` also those that this has stored. Resolves, once they are stored, to whether it knows anything. */
  publish(isWhole: boolean): Promise<boolean>;
}
