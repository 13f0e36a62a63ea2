import * as v from "valibot";
import type { PromptCall } from "../bridge/prompt-call.ts";
import type { ConferenceRows } from "../conference/rows.ts";
import type { Post } from "../conference/server/posts.ts";
import type { Ack, Batch } from "../delivery/feed.ts";
import type { BridgeName, ConfKey, DomainName } from "../foundation/ids.ts";
import { type Checked, described, text, time } from "../foundation/schemas.ts";
import type { Counts } from "../records/counts.ts";

/** Pending documents of one receiver: unconfirmed for some seconds, or after a failed attempt. */
export const waitingDocuments = v.object({
  host: described(text<Post["host"]>(), "The TSP server, or `*back-end`: the partner's."),
  documents: v.number(),
  oldestAt: time,
  failure: described(v.nullable(v.string()), "Why the last attempt failed; null: none has."),
});
export type WaitingDocuments = Checked<typeof waitingDocuments>;

/** Rows of one conference that changed since the last acknowledgement of its directory. */
export interface ConferenceBatch extends Batch, ConferenceRows {
  readonly domain: DomainName;
  readonly key: ConfKey;
  /** Identifies the counts. A new journal of the same key has another one. */
  readonly source: string;
  /** All that its journal has counted. */
  readonly counts: Counts;
  /** Pending documents, also after its end. */
  readonly waiting: readonly WaitingDocuments[];
}

/** The same as in acks while a user looks at the conference. */
export const watchedPauseMs = 200;

export interface DirectoryAck extends Ack {
  /** The directory's name. A directory that lost its data has a new one, and is sent everything again. */
  readonly directory: string;
  /** Present if a later row is stored: send the whole batch again with a later version. Absent: the batch is stored. */
  readonly laterVersion?: number;
}

export interface PromptCallsOfBridge {
  readonly bridge: BridgeName;
  readonly calls: readonly PromptCall[];
  /** Lead of the agent's clock, which the times follow, over the edge's, in milliseconds; absent: none. */
  readonly aheadMs?: number;
}
