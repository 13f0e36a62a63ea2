import type { CommandId } from "../foundation/ids.ts";
import type { BridgeCommand, CommandOutcome } from "./commands.ts";
import type { BridgeEvent } from "./events.ts";

/** One order with the name under which it acts once. */
export interface Order {
  readonly id: CommandId;
  readonly command: BridgeCommand;
  /** It was told before, perhaps to another agent: what became of it is read from the bridge before it is carried out. */
  readonly again?: true;
  /** It may be begun within this time from now and no later (then it is refused as `too-late`); absent: at any time. */
  readonly withinMs?: number;
}

/** The keypad codes of a domain, each followed by `#` or an attendee ID and `#`. */
export interface KeypadCodes {
  readonly merge: string;
  readonly mute: string;
}

/** What the agent tells about a conference, numbered without gaps within its journal. */
export type Report =
  | { readonly type: "result"; readonly id: CommandId; readonly outcome: CommandOutcome }
  | { readonly type: "event"; readonly event: BridgeEvent };

export interface NumberedReport {
  /** 1, 2, 3 … for each conference and journal; the edge takes them in this order and each once. */
  readonly number: number;
  readonly report: Report;
}
