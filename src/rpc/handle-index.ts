import type { ConfKey, DomainName, ExtConfId, TransId } from "../foundation/ids.ts";

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

/** The conference of each handle that is known. `null`: the TransID is that of a document for other conferences; nothing is done. */
export type HandleAnswer = ReadonlyMap<ExtConfId, ConfKey> | null;

/** The handles and conferences of one domain. */
export interface HandleIndexRpc {
  /** Claims first, then looks up. It may ask the conference that holds a claimed handle whether it goes on. */
  resolve(request: HandleRequest): Promise<HandleAnswer>;
  /** The same for several documents of a domain, each with an answer in its place, and asks no conference: that is `resolve`'s. */
  resolveAll(requests: readonly HandleRequest[]): Promise<readonly (HandleAnswer | "resolve-separately")[]>;
  /** Whether any handle stands for this conference. */
  hasConference(confKey: ConfKey): Promise<boolean>;
}
