import type { IssuedCommand } from "./bridge/commands.ts";
import type { NumberedReport } from "./bridge/events.ts";
import type { Comparison } from "./conference/reconcile.ts";
import type { OperatorRequest } from "./conference/requests.ts";
import type {
  BridgeName,
  CommandId,
  ConfKey,
  DomainName,
  ExtConfId,
  MsgId,
  StreamId,
  TransId,
  WebexHost,
} from "./foundation/ids.ts";
import type { Health } from "./link/relay.ts";
import type { FromWebex, ToWebex } from "./tsp/messages.ts";

/** Says which conference is meant; the object keeps it with its first input. */
export interface ConferenceIdentity {
  readonly domain: DomainName;
  readonly confKey: ConfKey;
}

/** One document's messages for one conference. */
export interface ConferenceDocument extends ConferenceIdentity {
  readonly transId: TransId;
  readonly messages: readonly FromWebex[];
  /** The sender remembers that their handles stand for this conference, and did not ask. */
  readonly fromCache?: true;
}

export interface AgentReports extends ConferenceIdentity {
  readonly bridge: BridgeName;
  readonly stream: StreamId;
  readonly reports: readonly NumberedReport[];
}

export type OperatorResult = "done" | "no-such-conference" | "no-such-call";

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
  /** Resolves to `done` when the request is on disk, and else to why nothing was done. */
  operate(request: OperatorRequest): Promise<OperatorResult>;
  /**
   * Does what is long overdue, for the case that the alarm got lost, and lets the bridge's agent compare a conference that runs with what
   * the bridge holds: the bridge may have lost it together with the agent that knew of it. Where nothing is overdue and nothing differs,
   * this writes nothing.
   */
  sweep(): Promise<void>;
}

/** A create's wish that its handle stand for its conference. */
export interface HandleClaim {
  readonly extConfId: ExtConfId;
  readonly confKey: ConfKey;
}

/** The handles that one document claims, and those that it asks about. */
export interface HandleRequest {
  readonly domain: DomainName;
  readonly transId: TransId;
  /** First come, first served, in this order. */
  readonly claims: readonly HandleClaim[];
  readonly handles: readonly ExtConfId[];
}

/** The handles and conferences of one domain. */
export interface HandleIndexRpc {
  /** Claims first, then says for each handle that is known which conference it stands for; unknown ones are left out. */
  resolve(request: HandleRequest): Promise<ReadonlyMap<ExtConfId, ConfKey>>;
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

export interface IdAllocatorRpc {
  /** Two new blocks; on disk before they are given out. Fewer ids than are wanted where a sequence ends. */
  allocate(request: IdRequest): Promise<IdBlocks>;
  /** The conference that was given the block of this MsgID. */
  holderOf(msgId: MsgId): Promise<ConfKey | null>;
}

/** Answers to one document that belong to no conference. */
export interface Mail {
  readonly domain: DomainName;
  /** The transaction that is answered, once. */
  readonly transId: TransId;
  /** By the server that asked. */
  readonly answers: ReadonlyMap<WebexHost, readonly ToWebex[]>;
}

export interface MailboxRpc {
  /** Resolves when the answers, or an earlier copy of them, are on disk; rejects what cannot be committed now. */
  send(mail: Mail): Promise<void>;
}

/** How a bridge is, as its relay last heard. */
export interface BridgeHealth extends Health {
  readonly agentConnected: boolean;
  /** Messages over the active agent's present link, of reports about conferences that are not the edge's. */
  readonly foreignReports: number;
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

export interface RelayRpc {
  /**
   * To the active agent, if there is one. Nothing is kept for later: commands without an ack are sent again. Resolves to the epoch since
   * which that agent is active. Where it is not the agent of `activeSince`, nothing was sent: it has nothing of the commands before.
   */
  sendCommands(commands: CommandsForBridge): Promise<number | null>;
  /** Asks the active agent, if there is one, for a snapshot of this conference, unless what the bridge holds has this digest. */
  askForSnapshot(conference: ConfKey, unless: string): Promise<void>;
  /** As the active agent last said. Without one, `agentConnected` and `bridgeUp` are false. */
  health(): Promise<BridgeHealth>;
  /** Ends the links of these agents, whose settings have changed: they connect anew, if they still may. */
  closeAgents(agents: readonly string[]): Promise<void>;
}

/** The objects behind the routes. Getting one costs nothing; each call is one message to it. */
export interface EdgeObjects {
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "receive" | "operate">;
  handles(domain: DomainName): HandleIndexRpc;
  idAllocator(domain: DomainName): Pick<IdAllocatorRpc, "holderOf">;
  mailbox(domain: DomainName): MailboxRpc;
  bridgeHealth(domain: DomainName, bridge: BridgeName): Promise<BridgeHealth>;
  /** Hands an agent's WebSocket request to the relay of its bridge. */
  connectAgent(domain: DomainName, bridge: BridgeName, request: Request): Promise<Response>;
}
