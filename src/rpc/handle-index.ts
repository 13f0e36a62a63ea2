import type { ConfKey, DomainName, ExtConfId, TransId } from "../foundation/ids.ts";

/** A create's claim of an external conference ID for its conference. */
export interface HandleClaim {
  readonly extConfId: ExtConfId;
  readonly confKey: ConfKey;
}

/** The external conference IDs that one document claims or asks about. */
export interface HandleRequest {
  readonly domain: DomainName;
  readonly transId: TransId;
  /** First come, first served, in this order. */
  readonly claims: readonly HandleClaim[];
  readonly handles: readonly ExtConfId[];
}

/** The conference of each known external conference ID. */
export type HandleAnswer = ReadonlyMap<ExtConfId, ConfKey>;

/** The external conference IDs of one domain. */
export interface HandleIndexRpc {
  /** Claims first, then looks up. It may ask the holder of a claimed ID whether its conference still runs. */
  resolve(request: HandleRequest): Promise<HandleAnswer>;
  /** True if any external conference ID belongs to this conference. */
  hasConference(confKey: ConfKey): Promise<boolean>;
}
