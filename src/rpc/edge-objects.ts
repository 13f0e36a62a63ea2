import type { BridgeName, ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import type { CountsData } from "../foundation/metrics.ts";
import type { ConferenceRpc } from "./conference.ts";
import type { ConferenceTotals, DirectoryRpc, WebhookView } from "./directory.ts";
import type { HandleIndexRpc } from "./handle-index.ts";
import type { HolderPage, IdAllocatorRpc } from "./id-allocator.ts";
import type { MailboxRpc } from "./mailbox.ts";
import type { AgentView, BridgeHealth, HandOver } from "./relay.ts";
import type { WebexSiteRpc } from "./webex-site.ts";

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
    "view" | "entered" | "story" | "action" | "givenUp" | "explain" | "replay" | "wire" | "testRows"
  > &
    Identified;
  agents(domain: DomainName, bridge: BridgeName): Promise<readonly AgentView[]>;
  handOver(domain: DomainName, bridge: BridgeName, from: string): Promise<HandOver>;
  drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null>;
  directory(
    domain: DomainName,
  ): Omit<DirectoryRpc, "follow" | "tellOfAgents" | "count" | "keepAudit" | "totals" | "webhooks"> & Identified;
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
