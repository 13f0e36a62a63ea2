import type { AliasRpc, ConferenceRpc, IdAllocatorRpc, MailboxRpc, RelayRpc } from "../src/rpc.ts";

type Objects<Calls> = DurableObjectNamespace<Calls & Rpc.DurableObjectBranded>;

/** The objects and the settings that the edge is given at start. */
export interface Env {
  /** Named `domain/confKey`. */
  readonly CONFERENCE: Objects<ConferenceRpc>;
  /** Named `domain`. */
  readonly ALIAS: Objects<AliasRpc>;
  /** Named `domain`. */
  readonly ID_ALLOCATOR: Objects<IdAllocatorRpc>;
  /** Named `domain/origin`, of the server that is posted to. */
  readonly MAILBOX: Objects<MailboxRpc>;
  /** Named `domain/bridge`. */
  readonly RELAY: Objects<RelayRpc>;
  /** JSON: domain name → settings. */
  readonly DOMAINS: string;
  readonly OPERATOR_TOKEN: string;
}
