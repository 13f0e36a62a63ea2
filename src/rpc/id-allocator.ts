import type { ConfKey, DomainName, EpochMs, MsgId } from "../foundation/ids.ts";

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

/** A conference that was allocated ids. */
export interface Holder {
  readonly key: ConfKey;
  /** Of its latest ids: those of later conferences are behind it. */
  readonly place: number;
  /** When it was allocated them, in milliseconds since 1970. */
  readonly at: EpochMs;
  /** Time until which sweeps need not wake it; `null`: the next one does. */
  readonly quietUntil: EpochMs | null;
}

export interface HolderPage {
  readonly holders: readonly Holder[];
  /** `null`: there are no more. */
  readonly next: number | null;
}

export interface IdAllocatorRpc {
  /** Two new blocks; on disk before they are given out. Fewer ids than are wanted where a sequence ends. */
  allocate(request: IdRequest): Promise<IdBlocks>;
  /** The conference that was given the block of this MsgID. */
  holderOf(msgId: MsgId): Promise<ConfKey | null>;
  /** The conferences that were given the blocks of this id, as a MsgID and as a TransID: none, one or two. Whether they used it, they know. */
  holdersOf(id: string): Promise<readonly ConfKey[]>;
  /**
   * Returns a batch of conferences that got IDs in the last `lastMs`, the latest first, before this position. A conference that gets
   * more meanwhile is in no later batch. A running one gets IDs every few hours, even if quiet.
   */
  conferencesOf(lastMs: number, before: number | null): Promise<HolderPage>;
  /** Wakes all conferences now, also quiet ones, so that each running one compares itself with its bridge. */
  sweep(): Promise<void>;
  /** Makes the next round wake this conference, because the result of its last sweep is out of date. */
  sweepNext(conference: ConfKey): Promise<void>;
}
