import * as v from "valibot";
import type { PromptCall } from "../bridge/prompt-call.ts";
import type { ConferenceRows } from "../conference/rows.ts";
import type { Post } from "../conference/server/posts.ts";
import type { Ack, Batch } from "../delivery/feed.ts";
import type { BridgeName, ConfKey, DomainName } from "../foundation/ids.ts";
import { type Checked, described, text, time } from "../foundation/schemas.ts";
import type { Counts } from "../records/counts.ts";

/** Documents that wait for one receiver: without a Confirmation for some seconds, or behind an attempt that failed. */
export const waitingDocuments = v.object({
  host: described(text<Post["host"]>(), "The TSP server, or `*back-end`: the partner's."),
  documents: v.number(),
  oldestAt: time,
  failure: described(v.nullable(v.string()), "Why the last attempt of one of them failed; null: none has."),
});
export type WaitingDocuments = Checked<typeof waitingDocuments>;

/** The rows of one conference that have changed since its directory acknowledged some. */
export interface ConferenceBatch extends Batch, ConferenceRows {
  readonly domain: DomainName;
  readonly key: ConfKey;
  /** Of the counts: a journal of this key that was deleted and begun anew has another one. */
  readonly source: string;
  /** All that its journal has counted. */
  readonly counts: Counts;
  /** What waits for its receivers, also once it is over. */
  readonly waiting: readonly WaitingDocuments[];
}

/** As acks have it while somebody looks at the conference. */
export const watchedPauseMs = 200;

export interface DirectoryAck extends Ack {
  /** Of the directory. One that was lost and began anew has another name: it is sent everything again. */
  readonly directory: string;
  /** A row that came later is stored: all of this batch are to be sent again with a later version. Absent: the batch is stored. */
  readonly laterVersion?: number;
}

export interface PromptCallsOfBridge {
  readonly bridge: BridgeName;
  readonly calls: readonly PromptCall[];
  /** By how much the agent's clock, whose the times are, is ahead of the edge's, in milliseconds; absent: not at all. */
  readonly aheadMs?: number;
}
