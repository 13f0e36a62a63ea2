import type { ConfKey, DomainName, ExtConfId, TransId } from "../foundation/ids.ts";

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

/** The conference of each known handle. */
export type HandleAnswer = ReadonlyMap<ExtConfId, ConfKey>;

/** The handles and conferences of one domain. */
export interface HandleIndexRpc {
  /** Claims first, then looks up. It may ask the conference that holds a claimed handle whether it goes on. */
  resolve(request: HandleRequest): Promise<HandleAnswer>;
  /** Whether any handle stands for this conference. */
  hasConference(confKey: ConfKey): Promise<boolean>;
}
