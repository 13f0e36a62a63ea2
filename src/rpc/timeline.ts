import * as v from "valibot";
import type { IssuedCommand } from "../bridge/commands.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { CallId } from "../foundation/ids.ts";
import { type Checked, text, time } from "../foundation/schemas.ts";

export const seq = v.pipe(v.number(), v.description("Row in the conference's journal."));

const side = v.picklist(["webex", "edge", "bridge", "back end", "operator"]);
export type TimelineSide = Checked<typeof side>;

/** One line of a conference's timeline. */
export const timelineLine = v.object({
  seq,
  at: time,
  from: side,
  to: side,
  what: v.pipe(v.string(), v.description("A message, command or event, or its outcome.")),
  facts: v.record(v.string(), v.string()),
  why: v.pipe(
    v.optional(v.string()),
    v.description("Present if the line needs an explanation, for example because something went wrong."),
  ),
  blocks: v.pipe(
    v.array(v.string()),
    v.description(
      "The causes that it follows from: `request MSGID`, `action ID`, or another name. Lines with the same cause belong together.",
    ),
  ),
  calls: v.pipe(v.array(text<CallId>()), v.description("The calls that it is about.")),
});
export type TimelineLine = Checked<typeof timelineLine>;
export type LineFacts = TimelineLine["facts"];

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
  readonly msgId: string;
  readonly type: string;
  /** Text on the wire; `null`: the domain's protocol cannot write it. */
  readonly text: string | null;
}
