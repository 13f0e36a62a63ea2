import * as v from "valibot";
import type { CommandType } from "../bridge/commands.ts";
import type { OperatorRequest } from "../conference/operator-actions.ts";
import type { ActionId, CommandId } from "../foundation/ids.ts";
import { as, type Checked, text, time } from "../foundation/schemas.ts";
import { seq } from "./story.ts";

const result = v.pipe(
  v.nullable(
    v.variant("type", [
      v.object({ type: v.literal("done"), at: time }),
      v.object({ type: v.picklist(["refused", "no result"]), at: time, why: v.string() }),
    ]),
  ),
  v.description("null: not known yet. `no result`: none came in time, or can come; a late one counts all the same."),
);
export type ActionResult = NonNullable<Checked<typeof result>>;

const undoneBy = v.pipe(
  v.exactOptional(v.object({ id: text<CommandId>(), type: text<CommandType>() })),
  v.description(
    "Issued before the result came: it undoes this command, which may then never have been carried out, though it says done.",
  ),
);
const sentCommand = v.object({ id: text<CommandId>(), type: text<CommandType>(), at: time, result, undoneBy });
export type SentCommand = Checked<typeof sentCommand>;

const notification = v.pipe(
  v.nullable(
    v.union([
      v.object({
        transIds: v.array(v.string()),
        confirmedAt: v.pipe(v.nullable(time), v.description("Of the last one; null: one of its documents waits.")),
        refused: v.pipe(
          v.exactOptional(v.literal(true)),
          v.description("WebEx has confirmed one of them with another code than 0."),
        ),
      }),
      v.object({
        owed: v.pipe(
          v.number(),
          v.description("So many of its messages wait for a server that is behind, and go out once it answers."),
        ),
        owedSince: v.pipe(time, v.description("Of the first of them.")),
      }),
      v.object({
        notYetBecause: v.pipe(
          v.string(),
          v.description("WebEx has given a call no name yet. Once it does, it is notified, and the stage goes on."),
        ),
        since: time,
      }),
      v.object({
        notBecause: v.string(),
        isGivenUp: v.pipe(
          v.exactOptional(v.literal(true)),
          v.description("WebEx should know of it, and never will: documents of it were given up."),
        ),
      }),
    ]),
  ),
  v.description("How WebEx is notified."),
);
export type NotificationStage = NonNullable<Checked<typeof notification>>;

/** What has become of an operator's action, stage by stage. */
export const actionStages = v.object({
  id: text<ActionId>(),
  person: v.string(),
  request: as<OperatorRequest>(v.looseObject({ type: v.string() })),
  asked: time,
  onDisk: v.object({ seq, at: time }),
  sent: v.pipe(
    v.array(sentCommand),
    v.description(
      "The bridge's commands, in order; none where it has nothing to do, or nothing more than it does already.",
    ),
  ),
  result,
  told: notification,
});
export type ActionStages = Checked<typeof actionStages>;
