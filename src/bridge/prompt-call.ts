import * as v from "valibot";
import { type Checked, time } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";
import { refusalReason } from "./commands.ts";
import { call, callerNumber, conference, typed, whole } from "./schemas.ts";

/** What became of a call at the prompt. `lost`: agent or bridge was away, or the agent has said no more of it for half an hour. */
export const promptEnds = {
  entered: "It got in.",
  "hung-up": "The caller hung up.",
  "keyed-nothing": "The agent hung up: the caller entered nothing.",
  "stopped-keying": "The agent hung up: the caller stopped before the end, often without the #.",
  "unknown-keys": "The agent hung up: no conference has the entered keys.",
  "unclear-keys": "The agent hung up: the digits were unclear each time.",
  crowded: "The agent hung up: too many callers were in the prompt, and this one had waited longest.",
  locked: "The conference was locked.",
  full: "The conference was full.",
  refused: "The bridge refused to admit it.",
  "no-edge": "The edge was unreachable for 5 minutes, the longest wait of a caller.",
  lost: "Not known: the agent or the bridge was disconnected meanwhile.",
} as const;

export type PromptEnd = keyof typeof promptEnds;

export const promptEnd = v.picklist(Object.keys(promptEnds) as [PromptEnd, ...PromptEnd[]]);

/** More than any caller can make: an agent allows three tries, its successor three more. */
export const MAX_PROMPT_STEPS = 20;

const step = v.variant("type", [
  /** No conference had this key. The number of digits shows if some were missing; the digits are never stored. */
  typed("wrong-key", { at: time, digits: whole }),
  /**
   * Keys may have been lost or doubled, or the caller took them back by a star: it was asked again. `digits`: so many had stood
   * there without a #, if that was seen.
   */
  typed("unclear-keys", { at: time, digits: v.exactOptional(whole) }),
]);

/** A call in the prompt that was not admitted at once. The agent sends all of it with each change. */
export const promptCall = v.object({
  call,
  number: callerNumber,
  dialled: callerNumber,
  at: v.pipe(time, v.description("When it entered the prompt.")),
  steps: v.pipe(
    v.array(step),
    v.maxLength(MAX_PROMPT_STEPS),
    v.description("Wrong or unclear entries: the number of digits, never the digits."),
  ),
  unfinished: v.pipe(
    v.exactOptional(v.object({ at: time, digits: whole, conference: v.exactOptional(conference) })),
    v.description(
      "The number of digits that a caller in the prompt entered without a #; `conference`: the one whose key it entered before. Absent: none, or only recent ones.",
    ),
  ),
  end: v.pipe(
    v.nullable(
      v.object({
        at: time,
        why: promptEnd,
        reason: v.pipe(v.exactOptional(refusalReason), v.description("Why the bridge refused.")),
        conference: v.pipe(v.exactOptional(conference), v.description("Absent: it entered no valid key.")),
        digits: v.pipe(v.exactOptional(whole), v.description("Number of digits without a #.")),
      }),
    ),
    v.description("null: it is in the prompt, or the agent has not reported its end."),
  ),
});

export type PromptCall = Checked<typeof promptCall>;

/** The end of a call in the prompt in a sentence, with the last digits of its caller. */
export function promptEndText({ why, conference, digits = 0 }: NonNullable<PromptCall["end"]>): string {
  if (why !== "stopped-keying" && why !== "hung-up") return promptEnds[why];
  const whose = conference === undefined ? "" : " of an attendee ID";
  const keyed = digits > 0 ? `${counted(digits, "digit")}${whose} without a #` : `no attendee ID`;
  if (conference !== undefined)
    return why === "hung-up"
      ? `The caller hung up: it had entered a right key, and ${keyed}.`
      : `The agent hung up: the caller entered a right key, then ${keyed}, and no more.`;
  if (why === "hung-up") return digits > 0 ? `The caller hung up after ${keyed}.` : promptEnds[why];
  return `The agent hung up: the caller entered ${digits > 0 ? `${keyed}, and ` : ""}no more.`;
}

export function wrongKeysOf({ steps }: Pick<PromptCall, "steps">): number {
  return steps.filter(({ type }) => type === "wrong-key").length;
}

const endsWithoutTrying: ReadonlySet<PromptEnd> = new Set(["hung-up", "keyed-nothing", "crowded"]);

/** True if the caller tried to get in and failed. A caller who hung up without a key did not try. */
export function isRefused({ steps, end }: PromptCall): boolean {
  if (end === null || end.why === "entered" || end.why === "lost") return false;
  return steps.length > 0 || end.conference !== undefined || !endsWithoutTrying.has(end.why);
}
