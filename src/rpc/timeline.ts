import * as v from "valibot";
import type { CommandType, IssuedCommand } from "../bridge/commands.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { OperatorRequest } from "../conference/operator-actions.ts";
import type { ActionId, CallId, CommandId } from "../foundation/ids.ts";
import { as, type Checked, described, text, time } from "../foundation/schemas.ts";

const seq = v.pipe(v.number(), v.description("Row in the conference's journal."));

const side = v.picklist(["webex", "edge", "bridge", "back end", "operator"]);
export type TimelineSide = Checked<typeof side>;

/** One line of a conference's timeline. */
export const timelineLine = v.object({
  seq,
  at: time,
  from: side,
  to: side,
  what: v.pipe(v.string(), v.description("A message, command or event, or its outcome.")),
  facts: described(
    v.record(v.string(), v.string()),
    "`outcome`: what became of a command, call or message, for programs; `what` says it in words.",
  ),
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
  calls: v.pipe(v.array(text<CallId>()), v.description("The calls of this line.")),
});
export type TimelineLine = Checked<typeof timelineLine>;
export type LineFacts = TimelineLine["facts"];

/** The `outcome` of a line. */
export type LineOutcome =
  /** Of a command: `late` has no result in time, `over` none before the end of the conference. */
  | ("done" | "refused" | "late" | "over")
  /** Of a call that was dialled. */
  | ("entered" | "not-entered")
  /** Of a message or its document. */
  | ("confirmed" | "not-delivered" | "undelivered" | "withdrawn" | "dropped" | "waits" | "not-due" | "not-sent")
  /** Of a conference that the bridge no longer had. */
  | "lost";

/** What one journal row sent and received. The domain's `recordsPersonal` masks personal data. */
export interface WireRow {
  readonly seq: number;
  readonly input: ConferenceInput | null;
  /** The message as WebEx may have sent it. */
  readonly inputText: string | null;
  readonly commands: readonly IssuedCommand[];
  readonly messages: readonly WirePost[];
}

export interface WirePost {
  readonly host: string;
  readonly transId: string;
  readonly msgId: string;
  readonly type: string;
  /** Text on the wire; `null`: the domain's protocol cannot write it. */
  readonly text: string | null;
}

const result = v.pipe(
  v.nullable(
    v.variant("type", [
      v.object({ type: v.literal("done"), at: time }),
      v.object({ type: v.picklist(["refused", "no result"]), at: time, why: v.string() }),
    ]),
  ),
  v.description("null: not known yet. `no result`: none in time, or none possible. A late result still counts."),
);
export type ActionResult = NonNullable<Checked<typeof result>>;

const sentCommand = v.object({ id: text<CommandId>(), type: text<CommandType>(), at: time, result });
export type SentCommand = Checked<typeof sentCommand>;

const notified = v.object({
  is: v.pipe(
    v.picklist(["confirmed", "refused", "posted", "waiting", "undelivered", "not needed"]),
    v.description(
      "`refused`: WebEx confirmed it with a code other than 0. `posted`: not confirmed yet. `waiting`: sent later. `undelivered`: never confirmed.",
    ),
  ),
  at: v.pipe(v.nullable(time), v.description("Time of the last Confirmation, or start of the wait.")),
  why: v.pipe(v.string(), v.description("Why it waits or is not needed; otherwise empty.")),
  transIds: v.array(v.string()),
});
export type NotificationStage = Checked<typeof notified>;

/** The stages of an operator's action. */
export const actionStages = v.object({
  id: text<ActionId>(),
  person: v.string(),
  request: as<OperatorRequest>(v.looseObject({ type: v.string() })),
  asked: time,
  onDisk: v.object({ seq, at: time }),
  sent: v.pipe(
    v.array(sentCommand),
    v.description("The bridge's commands, in order; none if the bridge has nothing to do."),
  ),
  result,
  notified: v.pipe(v.nullable(notified), v.description("null: not known yet.")),
});
export type ActionStages = Checked<typeof actionStages>;
export type AskedAction = Omit<ActionStages, "sent" | "result" | "notified">;
