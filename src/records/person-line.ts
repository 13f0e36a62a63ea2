import * as v from "valibot";
import { type PromptEnd, promptEndText, wrongKeysOf } from "../bridge/prompt-call.ts";
import { type Checked, described, time } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";
import { sentence } from "../foundation/text/sentence.ts";
import { type CallRecord, isNeverDialled } from "./call-record.ts";
import type { PromptRow } from "./rows.ts";

/** Something that happened to a person on the telephone, or the call that it is in now. */
export const personLine = v.object({
  what: described(
    v.picklist(["inside", "being-called", "left", "not-reached", "not-let-in", "at-prompt"]),
    "`inside`: in a conference now; `being-called`: is called, and has not entered; `left`: was in one; `not-reached`: was called, and did not enter; `not-let-in`: called, and did not get in; `at-prompt`: is in the prompt now.",
  ),
  from: described(v.nullable(time), "When it began; null: not known."),
  to: described(v.nullable(time), "When it was over; null: it is not."),
  number: v.string(),
  attendeeId: v.string(),
  conference: described(v.nullable(v.string()), "Its key; null: no key of a conference was keyed."),
  topic: described(v.exactOptional(v.string()), "The meeting's name, where it is known."),
  call: described(v.string(), "The call's id at the bridge."),
  why: described(v.string(), "What became of it and why, in a sentence."),
  turnedAway: described(
    v.exactOptional(v.literal(true)),
    "Its conference did not take it, being locked or full, or its bridge: that stands in its timeline.",
  ),
});
export type PersonLine = Checked<typeof personLine>;

/** A conference that a text names. */
export const foundConference = v.object({
  key: v.string(),
  topic: described(v.exactOptional(v.string()), "Its name, where it is known."),
  state: described(
    v.picklist(["creating", "running", "over", "kept"]),
    "`over`: it has a record; `kept`: it has none, and its journal is still there.",
  ),
  at: described(v.nullable(time), "When it began, or was over; null: not known."),
  by: v.picklist(["key", "ExtConfID", "name", "sub-conference", "message"]),
  room: described(v.exactOptional(v.string()), "The name of the sub-conference by which it is found."),
  row: described(v.exactOptional(v.number()), "Of its journal: where the message is."),
});
export type FoundConference = Checked<typeof foundConference>;

/** What the record of a call says of the person at its other end. */
export function lineOfCall(call: CallRecord): PersonLine {
  const { dialledAt, answeredAt, enteredAt, endedAt, endedBy, reason } = call;
  const { number, attendeeId, conference, topic, mutes } = call;
  const isReached = enteredAt !== null;
  const muted = mutes > 0 ? `; was muted ${mutes === 1 ? "once" : `${mutes} times`}` : "";
  return {
    ...{
      what: isReached ? "left" : "not-reached",
      from: enteredAt ?? answeredAt ?? dialledAt ?? (isNeverDialled(call) ? endedAt : null),
      to: endedAt,
    },
    ...{ number, attendeeId, conference, call: call.call, ...(topic !== "" && { topic }) },
    why: sentence(isReached ? `ended by ${endedBy}: ${reason}${muted}` : notReachedText(call)),
  };
}

/** The call's other end is no caller of ours, as long as it has not entered. */
function notReachedText(call: CallRecord): string {
  const { status, endedBy, reason } = call;
  if (isNeverDialled(call)) return `not dialled: ${whyNotDialled[reason] ?? reason}`;
  if (status === "busy") return reason === "rejected" ? "the number rejected the call" : "the number was busy";
  if (status === "no-answer") return "nobody answered";
  const ender = endedBy === "caller" ? "the person called" : endedBy;
  const why = whyNotReached[reason];
  if (why !== undefined) return endedBy === "bridge" ? why : `${why}, ended by ${ender}`;
  return `${status}${reason === status ? "" : `: ${reason}`}, ended by ${ender}`;
}

const whyNotReached: Readonly<Record<string, string>> = {
  refused: "the bridge, or the policy of its agent, refused the call",
  "invalid-number": "the number does not exist",
  capacity: "the bridge had no free port, or is drained",
  "bridge-timeout": "the bridge, or its agent, did not take the call in time",
  unreachable: "the bridge could not be reached",
  cancelled: "cancelled while it rang",
  "conference-ended": "the conference ended",
};

const whyNotDialled: Readonly<Record<string, string>> = {
  "conference-locked": "the conference was locked",
  "invalid-number": "nobody can dial such a number",
  "number-denied": "the domain's settings do not allow the number",
  "capacity-exceeded": "there were as many callers as WebEx allows for the conference",
};

const turningAway: ReadonlySet<string> = new Set(["locked", "full", "refused"] satisfies PromptEnd[]);

/** What a call at the prompt says of its caller. */
export function lineOfPromptCall(prompt: PromptRow): PersonLine {
  const { at: from, number, call, end, unfinished, topic } = prompt;
  const wrong = wrongKeysOf(prompt);
  const keyed = wrong > 0 ? `${counted(wrong, "wrong key")} of ${digitsOfKeys(prompt)}. ` : "";
  const what = end ? "not-let-in" : "at-prompt";
  return {
    ...{ what, from, to: end?.at ?? null, number, attendeeId: "", call, ...(topic !== undefined && { topic }) },
    conference: end?.conference ?? unfinished?.conference ?? null,
    ...(end?.conference !== undefined && turningAway.has(end.why) && { turnedAway: true }),
    why: `${keyed}${unclearText(prompt)}${end ? promptEndText(end) : unfinished ? unfinishedText(unfinished) : "It is at the prompt."}`,
  };
}

/** What was keyed, and counted for nothing. */
function unclearText({ steps }: PromptRow): string {
  const unclear = steps.filter((step) => step.type === "unclear-keys");
  if (unclear.length === 0) return "";
  const digits = unclear.flatMap((step) => step.digits ?? []);
  const seen =
    digits.length > 0 ? ` (${digits.join(" and ")} ${digits.at(-1) === 1 ? "digit" : "digits"} without a #)` : "";
  return `The caller was asked again${unclear.length > 1 ? ` ${unclear.length} times` : ""}, because the keys were unclear${seen}. `;
}

function unfinishedText({ digits, conference }: NonNullable<PromptRow["unfinished"]>): string {
  const place = conference === undefined ? "" : "behind the key of its conference ";
  return `It is at the prompt: ${place}it has keyed ${digits === 0 ? "nothing more" : counted(digits, "digit")}, and no #.`;
}

/** How many digits the wrong keys had: whether some were missing. */
function digitsOfKeys({ steps }: PromptRow): string {
  const digits = steps.flatMap((step) => (step.type === "wrong-key" ? [step.digits] : []));
  return `${[...new Set(digits)].join(" and ")} ${digits.every((one) => one === 1) ? "digit" : "digits"}`;
}
