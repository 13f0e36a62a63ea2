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
  by: v.picklist(["key", "ExtConfID", "name", "sub-conference", "message"]),
  room: v.pipe(v.exactOptional(v.string()), v.description("The name of the sub-conference by which it is found.")),
  row: v.pipe(v.exactOptional(v.number()), v.description("Of its journal: where the message is.")),
});
export type FoundConference = Checked<typeof foundConference>;

/** What a list of running conferences lacks. */
export const listGaps = {
  isCut: v.pipe(
    v.exactOptional(v.literal(true)),
    v.description("There are more running conferences, or people in them, than the 200 of each that are listed."),
  ),
};
const gaps = v.object(listGaps);
export type ListGaps = Checked<typeof gaps>;

export const searchedJournals = v.pipe(
  v.object({
    searched: v.pipe(v.number(), v.description("So many conferences, the latest first, 500 at most.")),
    isAll: v.pipe(v.boolean(), v.description("They are all of the last seven days; false: there are others.")),
  }),
  v.description(
    "In how many conferences' journals the text was looked for, as an id that WebEx gave to a message or transaction; absent: it is no such id, or names something else. 0 and not all: in none, as it may be a number of a telephone (`journals=1` searches), or another search runs.",
  ),
);
export type SearchedJournals = Checked<typeof searchedJournals>;
