import * as v from "valibot";
import { command, outcome } from "./commands.ts";
import { event } from "./events.ts";
import { type Checked, commandId, typed, whole, word } from "./schemas.ts";

export const order = v.object({
  id: commandId,
  command,
  /** It was told before, perhaps to another agent: what became of it is read from the bridge before it is carried out. */
  again: v.exactOptional(v.literal(true)),
  /** It may be begun within this time from now and no later (then it is refused as `too-late`); absent: at any time. */
  withinMs: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

/** One order with the name under which it acts once. */
export type Order = Checked<typeof order>;

export const keypadCodes = v.object({ merge: word, mute: word });

/** The keypad codes of a domain, each followed by `#` or an attendee ID and `#`. */
export type KeypadCodes = Checked<typeof keypadCodes>;

const report = v.variant("type", [typed("result", { id: commandId, outcome }), typed("event", { event })]);

/** What the agent tells about a conference, numbered without gaps. */
export type Report = Checked<typeof report>;

export const numberedReport = v.object({
  /** 1, 2, 3 … within its stream; the edge takes them in this order and each once. */
  number: v.pipe(whole, v.minValue(1)),
  report,
});

export type NumberedReport = Checked<typeof numberedReport>;
