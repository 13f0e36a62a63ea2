import * as v from "valibot";
import type { CommandType } from "../../src/bridge/commands.ts";
import { DEFAULT_PLAN } from "./machine.ts";

const actNames: Readonly<Record<CommandType, true>> = {
  "create-conference": true,
  "end-conference": true,
  lock: true,
  unlock: true,
  "create-room": true,
  "close-room": true,
  dial: true,
  "cancel-dial": true,
  admit: true,
  move: true,
  mute: true,
  unmute: true,
  expel: true,
  "report-speakers": true,
  "stop-reporting-speakers": true,
};

const flag = v.boolean("must be true or false");
const milliseconds = v.pipe(
  v.number("must be a number"),
  v.safeInteger("must be a whole number"),
  v.minValue(0, "must not be negative"),
);
const keys = v.pipe(v.string("must be a string"), v.regex(/^[0-9*#]{0,200}$/, "must be up to 200 of 0-9, * and #"));
const from = v.pipe(v.string("must be a string"), v.regex(/^\d{0,32}$/, "must be up to 32 digits"));
const actName = v.custom<CommandType>(
  (name) => typeof name === "string" && Object.hasOwn(actNames, name),
  `must be of ${Object.keys(actNames).join(", ")}`,
);

export const callBody = v.object({ from, keys: v.optional(keys, "") });
export const keysBody = v.object({ keys });
export const talkingBody = v.object({ talking: flag });
export const lockBody = v.object({ locked: flag });
export const planBody = v.object({
  outcome: v.picklist(["answer", "busy", "reject", "invalid", "no-answer"]),
  afterMs: v.optional(milliseconds, DEFAULT_PLAN.afterMs),
});
/** What is left out is as without faults. */
export const faultsBody = v.object({
  delayMs: v.optional(milliseconds, 0),
  refuse: v.optional(v.array(actName), []),
  down: v.optional(flag, false),
});
