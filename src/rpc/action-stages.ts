import * as v from "valibot";
import type { CommandType } from "../bridge/commands.ts";
import type { OperatorRequest } from "../conference/operator-actions.ts";
import type { ActionId, CommandId } from "../foundation/ids.ts";
import { as, type Checked, text, time } from "../foundation/schemas.ts";
import { seq } from "./timeline.ts";

const result = v.pipe(
  v.nullable(
    v.variant("type", [
      v.object({ type: v.literal("done"), at: time }),
      v.object({ type: v.picklist(["refused", "no result"]), at: time, why: v.string() }),
    ]),
  ),
  v.description("null: not known yet. `no result`: none came in time, or can come. A late result still counts."),
);
export type ActionResult = NonNullable<Checked<typeof result>>;

const sentCommand = v.object({ id: text<CommandId>(), type: text<CommandType>(), at: time, result });
export type SentCommand = Checked<typeof sentCommand>;

const notified = v.object({
  is: v.pipe(
    v.picklist(["confirmed", "refused", "posted", "waiting", "undelivered", "not needed"]),
    v.description(
      "`refused`: WebEx confirmed it with another code than 0. `posted`: not confirmed yet. `waiting`: sent later. `undelivered`: WebEx never learns of it.",
    ),
  ),
  at: v.pipe(v.nullable(time), v.description("Of the last Confirmation, or since when it waits.")),
  why: v.pipe(v.string(), v.description("Why it waits or is not needed; else empty.")),
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
/** What was asked for, before anything came of it. */
export type AskedAction = Omit<ActionStages, "sent" | "result" | "notified">;
