import * as v from "valibot";
import { type PromptCall, promptCall } from "../bridge/prompt-call.ts";
import type { Post } from "../conference/server/posts.ts";
import type { BridgeName, ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import { type Checked, confKey, text, time } from "../foundation/schemas.ts";
import { address, open } from "../foundation/shown.ts";
import type { DroppedPromptCalls } from "../link/messages.ts";
import type { PlacedFact } from "../records/directory-facts.ts";
import type { RunningView } from "../records/running.ts";

/** What is wrong with a conference that runs. */
export const trouble = v.pipe(
  v.array(v.picklist(["posts", "commands"])),
  v.description("`posts`: WebEx does not confirm; `commands`: the bridge does not answer in time."),
);
export type Trouble = Checked<typeof trouble>[number];

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

/** How a conference is now, as no fact says it. */
export interface LiveState {
  /** As WebEx named it; absent: it did not, or the settings keep no names. */
  readonly topic?: string;
  /** The names of its sub-conferences, as WebEx gave them; absent: it gave none, or the settings keep no names. */
  readonly roomNames?: readonly string[];
  readonly bridge: BridgeName | null;
  /** WebEx wants to know who speaks; absent: nobody knows it. */
  readonly followsSpeakers?: true;
  readonly trouble: readonly Trouble[];
  /** Time since which the first late command is late; absent: none is. */
  readonly lateSince?: EpochMs;
  readonly waiting: readonly WaitingDocuments[];
  /** By how much its time is ahead of the machine's clock, which was set back; absent: by less than a minute. */
  readonly aheadMs?: number;
}

/** A place in a directory's records: all that were there when it was given. `directory`: a lost directory that began anew has another name. */
export interface DirectoryPlace {
  readonly directory: string;
  readonly id: number;
}

/** Facts of one conference for its domain's directory: all between two rows of its journal that the directory needs. */
export interface FactPage {
  readonly domain: DomainName;
  readonly key: ConfKey;
  /** Which journal of this key: one that was deleted and begun anew counts from 1 again. */
  readonly journal: string;
  /** The directory has acknowledged all facts up to this row. */
  readonly after: number;
  /** As it was given with that; `null`: nothing was acknowledged. */
  readonly place: DirectoryPlace | null;
  readonly upTo: number;
  readonly facts: readonly PlacedFact[];
  /** The conference now, for a directory that may not know it; absent: facts are enough. `null`: none is being created or runs. */
  readonly view?: RunningView | null;
  /** `null`: none is being created or runs. */
  readonly live: LiveState | null;
  /** What still waits for receivers of one that is over; absent: nothing, or it is not over. */
  readonly waiting?: readonly WaitingDocuments[];
}

export interface FeedAnswer {
  /**
   * The directory has all facts up to this row. Where that is less than what the page had, nothing of the page was kept, and what is behind
   * this row is wanted. `null`: the page follows what it has, but it does not know how the conference was then; a view is wanted.
   */
  readonly row: number | null;
  readonly place: DirectoryPlace;
  /** People look at the conference in the list: who speaks is wanted, too. */
  readonly isWatched: boolean;
  /** Between two pages of one conference, so that all together are not too many. */
  readonly pauseMs: number;
  /** Time in which all conferences of the domain send a batch each. */
  readonly allMs: number;
}

/** A document of a conference that its receiver did not confirm at the last attempt. */
export const givenUpPost = v.object({
  conference: confKey,
  row: v.pipe(v.number(), v.description("Of the conference's journal: where it was given up.")),
  at: time,
  host: v.pipe(v.string(), v.description("The TSP server; `*back-end`: the partner's back end.")),
  transId: v.pipe(
    v.string(),
    v.description("The TransID under which it was posted; empty: all that its server was never notified of."),
  ),
  attempts: v.pipe(v.number(), v.description("How often it was posted.")),
  why: v.pipe(v.string(), v.description("Why it was given up; most often, why the last attempt failed.")),
  messages: v.array(v.string()),
  further: v.pipe(v.exactOptional(v.number()), v.description("So many more of these messages are not named.")),
  owed: v.pipe(
    v.exactOptional(v.literal(true)),
    v.description("Its server is notified of it, or of how it is then, once it can be reached."),
  ),
  settledAt: v.pipe(
    v.nullable(time),
    v.description(
      "Since when nothing of it is owed any more: its server has confirmed a later document, with whatever code, another one has taken over, or it is so no more; null: that is not known.",
    ),
  ),
  expired: v.pipe(
    v.exactOptional(v.literal(true)),
    v.description(
      "Its server could not be reached for so long that nobody waits for it any more, and was never notified.",
    ),
  ),
});
export type GivenUpPost = Checked<typeof givenUpPost>;

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
