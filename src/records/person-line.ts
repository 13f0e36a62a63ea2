import * as v from "valibot";
import { type PromptEnd, promptEndText, wrongKeysOf } from "../bridge/prompt-call.ts";
import { type Checked, described, time } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";
import { sentence } from "../foundation/text/sentence.ts";
import { type CallRecord, isNeverDialled } from "./call-record.ts";
import type { PromptRow } from "./rows.ts";

/** A past or current call of a caller. */
export const personLine = v.object({
  what: described(
    v.picklist(["inside", "being-called", "left", "not-reached", "not-let-in", "at-prompt"]),
    "`inside`: in a conference now; `being-called`: call-out that has not entered yet; `left`: was in a conference; `not-reached`: call-out that did not enter; `not-let-in`: not admitted; `at-prompt`: in the prompt now.",
  ),
  from: described(v.nullable(time), "When it began; null: not known."),
  to: described(v.nullable(time), "When it ended; null: it has not."),
  number: v.string(),
  attendeeId: v.string(),
  conference: described(v.nullable(v.string()), "Its key; null: the caller entered no valid key."),
  topic: described(v.exactOptional(v.string()), "The meeting's name, if known."),
  call: described(v.string(), "The call's id at the bridge."),
  why: described(v.string(), "The outcome and its reason, in a sentence."),
  turnedAway: described(
    v.exactOptional(v.literal(true)),
    "The conference or its bridge refused the call, for example as locked or full. The timeline has it.",
  ),
});
export type PersonLine = Checked<typeof personLine>;

/** A conference that a text names. */
export const foundConference = v.object({
  key: v.string(),
  topic: described(v.exactOptional(v.string()), "Its name, if known."),
  state: described(
    v.picklist(["creating", "running", "over", "kept"]),
    "`over`: it has a record; `kept`: it has none, and its journal is still there.",
  ),
  at: described(v.nullable(time), "When it began or ended; null: not known."),
  by: v.picklist(["key", "ExtConfID", "name", "sub-conference", "message"]),
  room: described(v.exactOptional(v.string()), "The name of the matching sub-conference."),
  row: described(v.exactOptional(v.number()), "The message's row in its journal."),
});
export type FoundConference = Checked<typeof foundConference>;

/** The line of an ended call. */
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

function notReachedText(call: CallRecord): string {
  const { status, endedBy, reason } = call;
  if (isNeverDialled(call)) return `not dialed: ${whyNotDialled[reason] ?? reason}`;
  if (status === "busy") return reason === "rejected" ? "the number rejected the call" : "the number was busy";
  if (status === "no-answer") return "nobody answered";
  const ender = endedBy === "caller" ? "the person called" : endedBy;
  const why = whyNotReached[reason];
  if (why !== undefined) return endedBy === "bridge" ? why : `${why}, ended by ${ender}`;
  return `${status}${reason === status ? "" : `: ${reason}`}, ended by ${ender}`;
}

const whyNotReached: Readonly<Record<string, string>> = {
  refused: "the bridge, its trunk, or the policy of its agent, refused the call",
  "invalid-number": "the number does not exist",
  capacity: "the bridge had no free port, or is drained",
  "bridge-timeout": "the bridge, or its agent, did not take the call in time",
  unreachable: "the bridge could not be reached",
  cancelled: "cancelled while it rang",
  "conference-ended": "the conference ended",
};

const whyNotDialled: Readonly<Record<string, string>> = {
  "conference-locked": "the conference was locked",
  "invalid-number": "the number cannot be dialed",
  "number-denied": "the domain's settings do not allow the number",
  "capacity-exceeded": "the conference had as many callers as WebEx allows",
};

const turningAway: ReadonlySet<string> = new Set(["locked", "full", "refused"] satisfies PromptEnd[]);

/** The line of a call in the prompt. */
export function lineOfPromptCall(prompt: PromptRow): PersonLine {
  const { at: from, number, call, end, unfinished, topic } = prompt;
  const wrong = wrongKeysOf(prompt);
  const keyed = wrong > 0 ? `${counted(wrong, "wrong key")} of ${digitsOfKeys(prompt)}. ` : "";
  const what = end ? "not-let-in" : "at-prompt";
  return {
    ...{ what, from, to: end?.at ?? null, number, attendeeId: "", call, ...(topic !== undefined && { topic }) },
    conference: end?.conference ?? unfinished?.conference ?? null,
    ...(end?.conference !== undefined && turningAway.has(end.why) && { turnedAway: true }),
    why: `${keyed}${unclearText(prompt)}${end ? promptEndText(end) : unfinished ? unfinishedText(unfinished) : "It is in the prompt."}`,
  };
}

/** Digits without a `#`. */
function unclearText({ steps }: PromptRow): string {
  const unclear = steps.filter((step) => step.type === "unclear-keys");
  if (unclear.length === 0) return "";
  const digits = unclear.flatMap((step) => step.digits ?? []);
  const seen =
    digits.length > 0 ? ` (${digits.join(" and ")} ${digits.at(-1) === 1 ? "digit" : "digits"} without a #)` : "";
  return `The caller was asked again${unclear.length > 1 ? ` ${unclear.length} times` : ""}, because the digits were unclear${seen}. `;
}

function unfinishedText({ digits, conference }: NonNullable<PromptRow["unfinished"]>): string {
  const place = conference === undefined ? "" : "after the key of its conference ";
  return `It is in the prompt: ${place}it entered ${digits === 0 ? "nothing more" : counted(digits, "digit")}, and no #.`;
}

/** The number of digits of the wrong keys, to show missing ones. */
function digitsOfKeys({ steps }: PromptRow): string {
  const digits = steps.flatMap((step) => (step.type === "wrong-key" ? [step.digits] : []));
  return `${[...new Set(digits)].join(" and ")} ${digits.every((one) => one === 1) ? "digit" : "digits"}`;
}
