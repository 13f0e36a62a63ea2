import type { CallId, EpochMs } from "../foundation/ids.ts";

export type StorySide = "webex" | "edge" | "bridge" | "back end" | "operator";
export type StoryFacts = Readonly<Record<string, string>>;

/** One thing that happened in a conference. */
export interface StoryLine {
  /** Of the row in the conference's journal. */
  readonly seq: number;
  readonly at: EpochMs;
  readonly from: StorySide;
  readonly to: StorySide;
  /** A message, command or event, or what became of it. */
  readonly what: string;
  readonly facts: StoryFacts;
  /** What led to it: `request MSGID`, `action ID`, or else `call CALL`, of which something happened in the same row. */
  readonly by?: string;
}

/** One question that people ask about a conference, answered from its journal. */
export interface Explanation {
  /** When that happened which is asked about. */
  readonly at: EpochMs;
  /** The calls that it is about; none: it is about the conference. */
  readonly calls: readonly CallId[];
  readonly question: string;
  readonly answer: string;
  /** The rows of the journal that prove it, in order. */
  readonly rows: readonly { readonly seq: number; readonly at: EpochMs }[];
}
