import type { OperatorRequest } from "../conference/input.ts";
import type { BridgeName, ConfKey, DomainName, ExtConfId, MsgId, TransId, WebexHost } from "../foundation/ids.ts";
import type { FromWebex, ToWebex } from "../tsp/messages.ts";

export interface Conference {
  /** Resolves when the messages, or an earlier copy of them, are on disk. */
  receive(delivered: {
    readonly domain: DomainName;
    readonly confKey: ConfKey;
    readonly transId: TransId;
    readonly messages: readonly FromWebex[];
  }): Promise<void>;
  /** Whether this handle stands for this conference now, and the conference is not over. */
  holds(extConfId: ExtConfId): Promise<boolean>;
  operate(request: OperatorRequest): Promise<"done" | "no-such-conference" | "no-such-call">;
}

export interface Alias {
  /** First come: the ConfKey that now holds the handle. */
  claim(confKey: ConfKey): Promise<ConfKey>;
  replace(confKey: ConfKey): Promise<void>;
  lookup(): Promise<ConfKey | null>;
}

export interface UnroutedMail {
  send(mail: {
    readonly domain: DomainName;
    readonly host: WebexHost;
    readonly transId: TransId;
    readonly messages: readonly ToWebex[];
  }): Promise<void>;
}

export interface BridgeHealth {
  readonly agentConnected: boolean;
  readonly bridgeUp: boolean;
  readonly portsInUse: number;
  readonly ports: number | null;
}

/** The objects behind the edge, as the routes need them. Getting one costs nothing; each call is one message to it. */
export interface Objects {
  conference(domain: DomainName, confKey: ConfKey): Conference;
  alias(domain: DomainName, extConfId: ExtConfId): Alias;
  /** The conference that was given the block of this MsgID. */
  holderOf(domain: DomainName, msgId: MsgId): Promise<ConfKey | null>;
  unroutedMail(domain: DomainName, host: WebexHost): UnroutedMail;
  bridgeHealth(domain: DomainName, bridge: BridgeName): Promise<BridgeHealth>;
  /** Hands an agent's WebSocket request to the relay of its bridge. */
  connectAgent(domain: DomainName, bridge: BridgeName, request: Request): Promise<Response>;
}
