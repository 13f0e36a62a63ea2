import * as v from "valibot";
import type { CallId, CommandId, ConfKey, RoomId } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import { numberIn } from "../foundation/text/digits.ts";

/** What should stand there, and what does if that is a number or a word of ours: other text may be a number. */
export function wrong({ type, kind, message, expected, received, input }: v.BaseIssue<unknown>): string {
  if (type === "custom") return message;
  if (received === "undefined") return "is missing";
  if (type === "non_empty") return "expected a text that is not empty";
  if (typeof input === "number" && kind === "validation")
    return `expected a whole number from 0 on, received ${received}`;
  const isWord = expected?.includes('"') && typeof input === "string" && /^[A-Za-z-]{1,40}$/.test(input);
  return `expected ${expected}${isWord ? `, received ${received}` : ""}`;
}

export function typed<const Type extends string, Entries extends v.ObjectEntries>(type: Type, entries: Entries) {
  return v.object({ type: v.literal(type), ...entries });
}

export const word = v.pipe(v.string(), v.maxLength(1_000));

/** WebEx takes no more characters of a number or an attendee ID, and a part of either would be another one. */
const MAX_WORD_OF_CALLER = 64;
/** A caller's number. Other or longer text counts as withheld, because the event matters more. */
export const callerNumber = v.pipe(
  v.string(),
  v.transform(numberIn),
  v.transform((number) => (number.length <= MAX_WORD_OF_CALLER ? number : "")),
);
/** What a caller keyed as its attendee ID, if anything; one that is too long is none. */
export const keyedId = v.pipe(
  v.nullable(v.string()),
  v.transform((keyed) => (keyed !== null && keyed.length <= MAX_WORD_OF_CALLER ? keyed : null)),
);
/** Keys in the order in which they were pressed. A caller may press any number of them: the last ones count. */
export const pressedKeys = v.pipe(
  v.string(),
  v.transform((keys) => keys.slice(-1_000)),
);
/** What leads callers into a conference besides its key, in digits (protocol 2.2.1); whoever keys the subscriber's is the host. */
export const accessCodes = v.object({ subscriber: v.nullable(word), participant: v.nullable(word) });
export type AccessCodes = Checked<typeof accessCodes>;

export function isSameCodes(one: AccessCodes | null = null, other: AccessCodes | null = null): boolean {
  return one?.subscriber === other?.subscriber && one?.participant === other?.participant;
}

export const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const flag = v.boolean();

/** An id is a string that is not empty; once checked it carries its brand. */
export function id<Id extends string>(): v.GenericSchema<unknown, Id> {
  return v.custom<Id>(isId, "not an id");
}

/** With half a character it would be another one in UTF-8, and PostgreSQL has no NUL. */
function isId(value: unknown): boolean {
  return (
    typeof value === "string" && value !== "" && value.length <= 200 && value.isWellFormed() && !value.includes("\0")
  );
}

export const call = id<CallId>();
export const room = id<RoomId>();
export const commandId = id<CommandId>();
export const conference = id<ConfKey>();
