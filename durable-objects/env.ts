import type { AliasRpc, ConferenceRpc, IdAllocatorRpc, RelayRpc, UnroutedMailRpc } from "../src/rpc.ts";

type Objects<Calls> = DurableObjectNamespace<Calls & Rpc.DurableObjectBranded>;

/** What the edge is given at start: its objects and its settings. */
export interface Env {
  /** Named `domain/confKey`. */
  readonly CONFERENCE: Objects<ConferenceRpc>;
  /** Named `domain`. */
  readonly ALIAS: Objects<AliasRpc>;
  /** Named `domain`. */
  readonly ID_ALLOCATOR: Objects<IdAllocatorRpc>;
  /** Named `domain/origin`, of the server that is posted to. */
  readonly UNROUTED_MAIL: Objects<UnroutedMailRpc>;
  /** Named `domain/bridge`. */
  readonly RELAY: Objects<RelayRpc>;
  /** JSON: domain name → settings. */
  readonly DOMAINS: string;
  readonly OPERATOR_TOKEN: string;
}
