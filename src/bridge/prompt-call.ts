import * as v from "valibot";
import { type Checked, time } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";
import { refusalReason } from "./commands.ts";
import { call, callerNumber, conference, typed, whole } from "./schemas.ts";

/** What became of a call at the prompt. `lost`: agent or bridge was away, or the agent has said no more of it for half an hour. */
export const promptEnds = {
  entered: "It got in.",
  "hung-up": "The caller hung up.",
  "keyed-nothing": "The agent hung up: the caller keyed nothing.",
  "stopped-keying": "The agent hung up: the caller keyed no more, though something was missing, often the #.",
  "unknown-keys": "The agent hung up: no conference has the keys.",
  "unclear-keys": "The agent hung up: each time it was unclear what was keyed.",
  crowded: "The agent hung up: too many callers were in the prompt, and this one had waited longest.",
  locked: "The conference was locked.",
  full: "The conference was full.",
  refused: "The bridge refused to admit it.",
  "no-edge": "The edge was away for as long as a caller waits, 5 minutes.",
  lost: "Not known: the agent or the bridge was away meanwhile.",
} as const;

export type PromptEnd = keyof typeof promptEnds;

export const promptEnd = v.picklist(Object.keys(promptEnds) as [PromptEnd, ...PromptEnd[]]);

/** More than any caller can make: an agent lets it try three times, its successor three times more. */
export const MAX_PROMPT_STEPS = 20;

const step = v.variant("type", [
  /** No conference had this key then. How many digits it had says whether some were missing; they themselves are never said. */
  typed("wrong-key", { at: time, digits: whole }),
  /**
   * Keys may have been lost or doubled, or the caller took them back by a star: it was asked again. `digits`: so many had stood
   * there without a #, if that was seen.
   */
  typed("unclear-keys", { at: time, digits: v.exactOptional(whole) }),
]);

/** The story of a call at the prompt that was not led in at once. It is sent as a whole, each time that it has changed. */
export const promptCall = v.object({
  call,
  number: callerNumber,
  dialled: callerNumber,
  at: v.pipe(time, v.description("When it came to the prompt.")),
  steps: v.pipe(
    v.array(step),
    v.maxLength(MAX_PROMPT_STEPS),
    v.description("What was keyed in vain; of a wrong key how many digits it had, and never which."),
  ),
  unfinished: v.pipe(
    v.exactOptional(v.object({ at: time, digits: whole, conference: v.exactOptional(conference) })),
    v.description(
      "It is at the prompt, and so many digits stand there without a #, never which; `conference`: whose key it has keyed before. Absent: none do, or they came a short time ago.",
    ),
  ),
  end: v.pipe(
    v.nullable(
      v.object({
        at: time,
        why: promptEnd,
        reason: v.pipe(v.exactOptional(refusalReason), v.description("Why the bridge refused.")),
        conference: v.pipe(v.exactOptional(conference), v.description("Absent: it has keyed the key of none.")),
        digits: v.pipe(v.exactOptional(whole), v.description("So many digits stood there without a #.")),
      }),
    ),
    v.description("null: it is at the prompt, or the agent has not said what became of it."),
  ),
});

export type PromptCall = Checked<typeof promptCall>;

/** What became of a call at the prompt, in a sentence: with what its caller had keyed when it, or the agent, hung up. */
export function promptEndText({ why, conference, digits = 0 }: NonNullable<PromptCall["end"]>): string {
  if (why !== "stopped-keying" && why !== "hung-up") return promptEnds[why];
  const whose = conference === undefined ? "" : " of an attendee ID";
  const keyed = digits > 0 ? `${counted(digits, "digit")}${whose} without a #` : `no attendee ID`;
  if (conference !== undefined)
    return why === "hung-up"
      ? `The caller hung up: it had keyed the right key of a conference, and ${keyed}.`
      : `The agent hung up: the caller keyed the right key of a conference, then ${keyed}, and no more.`;
  if (why === "hung-up") return digits > 0 ? `The caller hung up after ${keyed}.` : promptEnds[why];
  return `The agent hung up: the caller keyed ${digits > 0 ? `${keyed}, and ` : ""}no more.`;
}

export function wrongKeysOf({ steps }: Pick<PromptCall, "steps">): number {
  return steps.filter(({ type }) => type === "wrong-key").length;
}

const endsWithoutTrying: ReadonlySet<PromptEnd> = new Set(["hung-up", "keyed-nothing", "crowded"]);

/** Whether its caller tried to get in, and did not: who hangs up without a key has only called. */
export function isRefused({ steps, end }: PromptCall): boolean {
  if (end === null || end.why === "entered" || end.why === "lost") return false;
  return steps.length > 0 || end.conference !== undefined || !endsWithoutTrying.has(end.why);
}
