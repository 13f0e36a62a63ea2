import * as v from "valibot";
import { type Checked, time } from "../foundation/schemas.ts";

/** A conference that a text names. */
export const foundConference = v.object({
  key: v.string(),
  topic: v.pipe(v.exactOptional(v.string()), v.description("Its name, where it is known.")),
  state: v.pipe(
    v.picklist(["creating", "running", "over", "kept"]),
    v.description("`over`: it has a record; `kept`: it has none, and its journal is still there."),
  ),
  at: v.pipe(v.nullable(time), v.description("When it began, or was over; null: not known.")),
  by: v.picklist(["key", "ExtConfID", "name", "message"]),
  row: v.pipe(v.exactOptional(v.number()), v.description("Of its journal: where the message is.")),
});
export type FoundConference = Checked<typeof foundConference>;
