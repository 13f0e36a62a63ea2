import * as v from "valibot";
import type { NeededCommand } from "../bridge/command-rules.ts";
import { phoneNumberOf, wrongNumber } from "../foundation/dial-rules.ts";
import type { CallId } from "../foundation/ids.ts";
import type { DecisionContext, Draft } from "./draft.ts";
import type { Running } from "./head.ts";
import type { ConferenceState } from "./state.ts";

export type OperatorRefusal =
  | "no-such-conference"
  | "no-such-call"
  /** Neither the main room nor an open sub-conference. */
  | "no-such-room"
  | "not-supported"
  | "denied-by-policy"
  /** A move out of a private talk, or of its host, would end the talk without WebEx, which alone begins and ends it (protocol 4.21). */
  | "in-private-talk"
  /** WebEx has said how many callers there may be. */
  | "conference-full"
  /** The edge found it on a bridge that the settings do not have any more: nobody reaches it. */
  | "bridge-gone";

/** One row of the table: all that is to be known of an action. Operators of a domain may ask for each of them. */
interface ActionOf<Parameters extends v.ObjectEntries> {
  /** Fields of the API, words and options of the command. */
  readonly parameters: Parameters;
  /** The commands that it leads to; `null`: the bridge has no part in it. */
  readonly needs: readonly NeededCommand[] | null;
  /** Absent: it has a request of its own in the API. */
  readonly asked?: ActionOffer;
  title(asked: AskedOf<Parameters>): string;
  /** It can be asked of a conference that is closing, too. */
  readonly whileClosing?: true;
  /** Why it is refused by a conference that runs; absent: it never is. */
  refuse?(state: RunningState, asked: AskedOf<Parameters>, context: RefusalContext): OperatorRefusal | null;
  /** Does it as if somebody at the bridge had done it. What is under way already, or so already, is not done again. */
  apply(draft: Draft, asked: AskedOf<Parameters>, head: Running): void;
}

export interface ActionOffer {
  /** In the command's help, and in the API's description. */
  readonly says: string;
  /** What follows the conference's key in examples of the command. */
  readonly examples?: readonly string[];
  /** So long the command waits for it to be over, if not 30 s. */
  readonly withinMs?: number;
  readonly button: Button;
}

/** In the console: a button of each caller where the action has the parameter `call`, else of the conference. */
interface Button {
  readonly title: string;
  /** Whether it is offered as things are; absent: always. */
  when?(now: { readonly muted: boolean; readonly locked: boolean }): boolean;
  /** Its title where the call is being dialled; absent: it is not offered there. */
  readonly ofCallOut?: string;
  /** Confirmation question; absent if the action needs none. */
  asks?(of: { readonly number: string; readonly call: string }): string;
  /** What is asked of a whole conference has one, or a form. */
  readonly question?: ActionQuestion;
  readonly form?: {
    readonly fields: Readonly<Record<string, FormField>>;
    readonly confirm: string;
    readonly note: string;
  };
}

/** What is asked back before anything is done, and the button that then does it. */
export interface ActionQuestion {
  says(whole: WholeConference): string;
  readonly confirm: string;
  /** It cannot be undone. */
  readonly isFinal?: true;
}

/** Whom an action on the whole conference touches. */
export interface WholeConference {
  readonly confKey: string;
  readonly callers: number;
  /** So many of these mute-all would mute, and unmute-all unmute. */
  readonly muteAll: number;
  readonly unmuteAll: number;
}

export interface FormField {
  readonly label: string;
  readonly type?: "tel";
  readonly placeholder?: string;
  readonly maxLength?: number;
  /** What is sent for what people write; absent: the same. */
  read?(text: string): string;
}

export type AskedOf<Parameters extends v.ObjectEntries> = v.InferOutput<v.StrictObjectSchema<Parameters, undefined>>;
export type RunningState = ConferenceState & { readonly head: Running };
export type RefusalContext = Pick<DecisionContext, "settings" | "cannot">;
export type Action = ActionOf<v.ObjectEntries>;
export type ActionTable = Readonly<Record<string, Action>>;

export function action<const Parameters extends v.ObjectEntries>(row: ActionOf<Parameters>): ActionOf<Parameters> {
  return row;
}

export function name<Name extends string>(what: string): v.GenericSchema<string, Name> {
  const fault = "must be 1 to 256 characters, and no control characters";
  return v.pipe(
    v.string(),
    v.regex(/^[^\p{Cc}]{1,256}$/u, fault),
    v.description(what),
    v.transform((text) => text as Name),
  );
}
export const call = name<CallId>("Its `call` in the conference's view.");

const wholeNumber = "must be a whole number with + and the country code, such as +14085551234";
export const number = v.pipe(
  v.string(),
  // Checked as it was written, so that a refusal quotes that.
  v.regex(/^[\s()./-]*\+[\s()./-]*[1-9](?:[\s()./-]*\d){2,14}[\s()./-]*$/, wholeNumber),
  v.check((text) => wrongNumber(phoneNumberOf(text)) === null, wholeNumber),
  v.transform(phoneNumberOf),
  v.description("With + and the country code; blanks and signs between the digits do not count."),
);

/** Text that WebEx gets unchanged. What XML 1.0 has no form for would arrive as other bytes. */
export const xmlText = v.pipe(
  v.string(),
  v.check(
    (text) => text.isWellFormed() && !/[^\t\n\r\u0020-\ufffd\u{10000}-\u{10ffff}]/u.test(text),
    "must not have control characters, half characters (lone surrogates), U+FFFE or U+FFFF, which XML cannot carry",
  ),
);

type Wrapped = v.GenericSchema & { readonly wrapped?: v.GenericSchema };

export function isOptional(parameter: v.GenericSchema | undefined): boolean {
  return parameter?.type === "exact_optional";
}

/** Whether a parameter is there or not. */
export function isFlag(parameter: v.GenericSchema | undefined): boolean {
  return (parameter as Wrapped | undefined)?.wrapped?.type === "boolean";
}

/** In a form that asks for the country code, the plus before it may be left out. */
export function withPlus(number: string): string {
  return /^[\s(]*[1-9][\d\s()./-]*$/.test(number) ? `+${number}` : number;
}
