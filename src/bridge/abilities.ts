import * as v from "valibot";
import { word } from "./schemas.ts";

/** What a bridge may be unable to do. All else every bridge does: it holds conferences, lets callers in and hangs up on them. */
export const abilities = ["lock", "mute", "dial", "sub-rooms", "private-rooms", "speakers"] as const;
export type Ability = (typeof abilities)[number];

/** What a bridge cannot do. A word of a later version says nothing here. */
export const missingAbilities = v.pipe(
  v.array(word),
  v.transform((words): readonly Ability[] => abilities.filter((ability) => words.includes(ability))),
);
