import type { BridgeName, ConfKey, DomainName, ExtConfId, WebexHost } from "../foundation/ids.ts";
import type { AliasRpc, BridgeHealth, ConferenceRpc, IdAllocatorRpc, UnroutedMailRpc } from "../rpc.ts";

/** The objects behind the edge, as the routes need them. Getting one costs nothing; each call is one message to it. */
export interface Objects {
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "receive" | "hasHandle" | "operate">;
  alias(domain: DomainName, extConfId: ExtConfId): Pick<AliasRpc, "claim" | "replace" | "lookup">;
  numberPool(domain: DomainName): Pick<IdAllocatorRpc, "holderOf">;
  unroutedMail(domain: DomainName, host: WebexHost): Pick<UnroutedMailRpc, "send">;
  bridgeHealth(domain: DomainName, bridge: BridgeName): Promise<BridgeHealth>;
  /** Hands an agent's WebSocket request to the relay of its bridge. */
  connectAgent(domain: DomainName, bridge: BridgeName, request: Request): Promise<Response>;
}
