import * as v from "valibot";
import { type PromptCall, promptCall } from "../bridge/prompt-call.ts";
import type { ConferenceRows } from "../conference/rows.ts";
import type { Post } from "../conference/server/posts.ts";
import type { Ack, Batch } from "../delivery/feed.ts";
import type { BridgeName, ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import { type Checked, text, time } from "../foundation/schemas.ts";
import { address, open } from "../foundation/shown.ts";
import type { DroppedPromptCalls } from "../link/messages.ts";
import type { Counts } from "../records/counts.ts";

/** Documents that wait for one receiver: without a Confirmation for some seconds, or behind an attempt that failed. */
export const waitingDocuments = v.object({
  host: address(v.pipe(text<Post["host"]>(), v.description("The TSP server, or `*back-end`: the partner's."))),
  documents: open(v.number()),
  oldestAt: time,
  failure: open(
    v.pipe(v.nullable(v.string()), v.description("Why the last attempt of one of them failed; null: none has.")),
  ),
});
export type WaitingDocuments = Checked<typeof waitingDocuments>;

/** The name of a meeting is of people: it is shown where `recordsPersonal` keeps all of them, and not at all elsewhere. */
export const topic = open(
  v.pipe(
    v.exactOptional(v.string()),
    v.description("The meeting's name, as WebEx gave it with its create; only with `recordsPersonal` `full`."),
  ),
);

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

/** A call at the prompt that was not led in at once, as the directory keeps it. */
export const keptPromptCall = v.object({
  id: v.pipe(
    open(v.number()),
    v.description("Its place. One that did not get in has a greater one than all that were known before."),
  ),
  bridge: open(text<BridgeName>()),
  aheadMs: v.pipe(
    v.exactOptional(open(v.number())),
    v.description(
      "By how much the agent's clock, whose the times are, was ahead of the edge's; negative: behind. Absent: by less than a second.",
    ),
  ),
  topic,
  ...promptCall.entries,
});
export type KeptPromptCall = Checked<typeof keptPromptCall>;

export interface PromptCallsOfBridge {
  readonly bridge: BridgeName;
  readonly calls: readonly PromptCall[];
  /** Those that the agent had no room for; absent: none that it has not told of. */
  readonly dropped?: DroppedPromptCalls;
  /** By how much the agent's clock is ahead of the edge's; absent: not at all. */
  readonly aheadMs?: number;
}

export interface PromptCallQuery {
  /** A caller's number, in any spelling. */
  readonly number?: string | undefined;
  /** Those alone that came to the prompt from then on. */
  readonly since?: EpochMs | undefined;
  /** Those before this place; `null`: from the latest. */
  readonly before: PromptCallPlace | null;
  readonly limit: number;
}

/** When a call was over, or came to the prompt if it is not, and its id. */
export interface PromptCallPlace {
  readonly at: EpochMs;
  readonly id: number;
}

export function promptCallPlace({ id, at, end }: KeptPromptCall): PromptCallPlace {
  return { at: end?.at ?? at, id };
}

export interface PromptCallsOfNumberQuery {
  /** In any spelling. */
  readonly number: string;
  /** The call of this place, and those before it; `null`: from the latest. */
  readonly from: PromptCallPlace | null;
  readonly limit: number;
}

/** By place, the latest first. */
export interface PromptCallPage {
  readonly calls: readonly KeptPromptCall[];
  readonly next: PromptCallPlace | null;
  /** So many more were not kept while the edge was away. */
  readonly notKept: number;
}

/** A caller who could not get in three times or more, and has not got in since; without a whole number, three calls of a day. */
export const refusedCaller = v.object({
  number: v.pipe(
    promptCall.entries.number,
    v.description("Empty or masked, as `recordsPersonal` has it: then these may be calls of several callers."),
  ),
  calls: v.pipe(v.number(), v.description("So many calls did not get in.")),
  since: v.pipe(time, v.description("When the first of them came.")),
  latest: v.pipe(keptPromptCall, v.description("The last of them.")),
});
export type RefusedCaller = Checked<typeof refusedCaller>;

export interface PromptCallsRpc {
  /** Resolves when they are on disk. What comes twice is kept once, and what comes with more of its story replaces what was there. */
  keepPromptCalls(domain: DomainName, said: PromptCallsOfBridge): Promise<void>;
  promptCalls(query: PromptCallQuery): Promise<PromptCallPage>;
  /** In the order in which records are: by when each was over. */
  promptCallsOfNumber(query: PromptCallsOfNumberQuery): Promise<readonly KeptPromptCall[]>;
  refusedCallers(): Promise<readonly RefusedCaller[]>;
}
