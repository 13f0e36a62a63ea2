import * as v from "valibot";
import { assertNever } from "../foundation/result.ts";
import type { BridgeCommand } from "./commands.ts";
import { word } from "./schemas.ts";

/** What a bridge may be unable to do. All else every bridge does: it holds conferences, lets callers in and hangs up on them. */
export const abilities = ["lock", "mute", "dial", "sub-rooms", "private-rooms", "speakers"] as const;
export type Ability = (typeof abilities)[number];

/** What a bridge cannot do. A word of a later version says nothing here. */
export const missingAbilities = v.pipe(
  v.array(word),
  v.transform((words): readonly Ability[] => abilities.filter((ability) => words.includes(ability))),
);

/** What a bridge needs for this command; `null`: every bridge carries it out. */
export function abilityFor(command: BridgeCommand): Ability | null {
  switch (command.type) {
    case "lock":
    case "unlock":
      return "lock";
    case "mute":
    case "unmute":
      return "mute";
    case "admit":
      return command.muted ? "mute" : null;
    case "dial":
    case "cancel-dial":
      return "dial";
    case "create-room":
      return command.kind === "sub" ? "sub-rooms" : "private-rooms";
    case "report-speakers":
    case "stop-reporting-speakers":
      return "speakers";
    case "create-conference":
    case "end-conference":
    case "close-room":
    case "move":
    case "expel":
      return null;
    default:
      return assertNever(command);
  }
}
