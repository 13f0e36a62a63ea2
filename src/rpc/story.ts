import * as v from "valibot";
import type { IssuedCommand } from "../bridge/commands.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { CallId } from "../foundation/ids.ts";
import { type Checked, text, time } from "../foundation/schemas.ts";

export const seq = v.pipe(v.number(), v.description("Of the row in the conference's journal."));

const side = v.picklist(["webex", "edge", "bridge", "back end", "operator"]);
export type StorySide = Checked<typeof side>;

/** One thing that happened in a conference. */
export const storyLine = v.object({
  seq,
  at: time,
  from: side,
  to: side,
  what: v.pipe(v.string(), v.description("A message, command or event, or what became of it.")),
  facts: v.record(v.string(), v.string()),
  by: v.pipe(
    v.exactOptional(v.string()),
    v.description(
      "What led to it: `request MSGID`, `action ID`, or `call CALL`, of which something happened in the same row.",
    ),
  ),
});
export type StoryLine = Checked<typeof storyLine>;
export type StoryFacts = StoryLine["facts"];

/** One question that people ask about a conference, answered from its journal. */
export const explanation = v.object({
  at: v.pipe(time, v.description("When that happened which is asked about.")),
  calls: v.pipe(v.array(text<CallId>()), v.description("That it is about; none: it is about the conference.")),
  question: v.string(),
  answer: v.string(),
  rows: v.pipe(v.array(v.object({ seq, at: time })), v.description("Of the journal, in order: they prove it.")),
});
export type Explanation = Checked<typeof explanation>;

/** What one journal row sent and received. The domain's `recordsPersonal` masks personal data. */
export interface WireRow {
  readonly seq: number;
  readonly input: ConferenceInput | null;
  /** A text that WebEx may have sent. */
  readonly inputText: string | null;
  readonly commands: readonly IssuedCommand[];
  readonly messages: readonly WirePost[];
}

/** A message that left. */
export interface WirePost {
  readonly host: string;
  readonly transId: string;
  readonly type: string;
  /** Text on the wire; `null`: the domain's protocol cannot write it. */
  readonly text: string | null;
}
