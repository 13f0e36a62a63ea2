import type { ConfKey, EpochMs } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import type { Announcement } from "./announcements.ts";
import { type DialledSequence, type DialSequence, readDialSequence } from "./dial-sequences.ts";
import {
  type CodeAction,
  DOUBT_PAUSE_MS,
  type Inside,
  inside,
  type KeypadCodes,
  MAX_TYPED,
  pressInside,
  waitInside,
} from "./keypad-codes.ts";

/** What leads into a conference: its key, or one of its access codes (protocol 2.2.1). */
export interface Entrance {
  readonly conference: ConfKey;
  readonly host: boolean;
  readonly anonymousId: string | null;
  readonly locked: boolean;
  readonly full?: boolean;
}

/** The place of a call in the menu, which says what its next keys mean. */
export type Keypad = AtPrompt | Inside | { readonly at: "over" };

export type AtPrompt = Entry &
  (
    | { readonly at: "conference-key" }
    /** A telephone dials by itself: `typed` are all its keys from the opening on. */
    | { readonly at: "sequence" }
    | { readonly at: "attendee-id"; readonly conference: ConfKey; readonly host: boolean }
  );

interface Entry extends Tries {
  readonly typed: string;
  /** Keys may have been lost or doubled: what was keyed since the last sentence is asked for again. */
  readonly inDoubt: boolean;
  readonly since: EpochMs;
}

interface Tries {
  readonly unknown: number;
  /** How often it was asked again for what was in doubt. */
  readonly doubts: number;
}

export type KeypadInput =
  /** `inDoubt`: each of these keys may be the one before, doubled. */
  | { readonly type: "keys"; readonly keys: string; readonly at: EpochMs; readonly inDoubt?: boolean }
  | { readonly type: "time"; readonly at: EpochMs };

export type KeypadAction =
  | {
      readonly type: "admit";
      readonly conference: ConfKey;
      readonly attendeeId: string | null;
      readonly silent: boolean;
      readonly host: boolean;
    }
  /** What was keyed is no key of a conference now. It is kept nowhere, as it may be one of another conference, or soon. */
  | { readonly type: "wrong-key"; readonly digits: number }
  | { readonly type: "unclear-keys" }
  | { readonly type: "hang-up"; readonly why: "silent" | "unknown-keys" | "unclear-keys" }
  | { readonly type: "hang-up"; readonly why: "locked" | "full"; readonly conference: ConfKey }
  | CodeAction;

type HangUp = Extract<KeypadAction, { type: "hang-up" }>;

export interface KeypadRules {
  readonly codes: Omit<KeypadCodes, "sequences">;
  readonly sequences?: readonly DialSequence[];
  find(key: string): Entrance | null;
}

interface Context {
  readonly rules: KeypadRules;
  readonly now: EpochMs;
  /** What follows is added to these. */
  readonly actions: KeypadAction[];
}

const PATIENCE_MS = 30_000;
/** Silence after a known key that means no attendee ID (protocol 4.2). */
const ID_PATIENCE_MS = 10_000;
/** How long a sequence waits for its next key: three pauses of a telephone and one more. */
const SEQUENCE_PAUSE_MS = 8_000;
export const KEY_TRIES = 3;
/** More than any sequence has: further keys are not kept. */
const MAX_KEYS = 400;

/** A caller who has just been asked for the key of its conference. */
export function prompted(at: EpochMs, { unknown = 0, doubts = 0 }: Partial<Tries> = {}): AtPrompt {
  return { at: "conference-key", typed: "", inDoubt: false, unknown, doubts, since: at };
}

/**
 * A caller at the prompt who is new to this agent. `keys` are all that it has keyed there, and nobody knows which conferences ran
 * when it did. So the last key of a conference that runs now counts, and what is before that counts as refused; without any such key,
 * the caller begins anew. If that does not lead in, keys may have been lost between the agents, and what has been keyed is in doubt. If it
 * does, whatever stands behind it, a star for a doubt among it, is no part of a code.
 */
export function resume(
  keys: string,
  at: EpochMs,
  rules: KeypadRules,
): { readonly keypad: Keypad; readonly actions: readonly KeypadAction[] } {
  // No more than a sequence has, or a caller with some wrong keys: else a call could try any number of keys while no agent looks.
  const { sequences = [] } = rules;
  const most = Math.max(KEY_TRIES + 1, ...sequences.map((sequence) => sequence.entries.length));
  const entries = keys.split("#").slice(-(most + 1));
  const begun = entries.pop() ?? "";
  const chosen = entries.findLastIndex((entry) => rules.find(withoutOpening(entry, rules)) !== null);
  const counting = chosen === -1 ? [] : entries.slice(chosen);
  // An empty entry may be the # before it, doubled.
  const again = [...counting.map((entry) => entry || "*"), begun].join("#");
  let step: ReturnType<typeof press> = { keypad: prompted(at), actions: [] };
  for (const key of again)
    if (isAtPrompt(step.keypad)) {
      // A star in an attendee ID can mark a digit in doubt, so it begins no code.
      const isDoubtful = key === "*" && step.keypad.at === "attendee-id";
      step = press(step.keypad, { type: "keys", keys: key, at, inDoubt: isDoubtful }, rules);
    }
  const { keypad, actions } = step;
  return { keypad: isAtPrompt(keypad) && keys !== "" ? { ...keypad, inDoubt: true } : keypad, actions };
}

/** Keys may come one at a time or many at once: the actions are the same. */
export function press(
  keypad: Keypad,
  input: KeypadInput,
  rules: KeypadRules,
): { readonly keypad: Keypad; readonly actions: readonly KeypadAction[] } {
  const context: Context = { rules, now: input.at, actions: [] };
  let next = keypad;
  if (input.type === "time") next = wait(next, context);
  else {
    const { keys, inDoubt: isDoubtful = false } = input;
    for (const key of keys) if (isKey(key)) next = pressOne(next, key, isDoubtful, context);
  }
  return { keypad: next, actions: context.actions };
}

function wait(keypad: Keypad, context: Context): Keypad {
  const { now, rules } = context;
  switch (keypad.at) {
    case "sequence": {
      if (now - keypad.since < SEQUENCE_PAUSE_MS) return keypad;
      const dialled = keypad.inDoubt ? null : completeIn(keypad.typed, rules);
      return dialled ? enterDialled(keypad, dialled, context) : askInstead(keypad, context);
    }
    case "conference-key":
      if (isAskedNow(keypad, now)) return askAgain(keypad, context);
      return now - keypad.since >= PATIENCE_MS ? hangUp({ why: "silent" }, context) : keypad;
    case "attendee-id":
      if (isAskedNow(keypad, now)) return askAgain(keypad, context);
      return now - keypad.since >= ID_PATIENCE_MS ? enter({ ...keypad, typed: "" }, context) : keypad;
    case "inside":
      return waitInside(keypad, context);
    case "over":
      return keypad;
    default:
      return assertNever(keypad);
  }
}

function pressOne(keypad: Keypad, key: string, isDoubtful: boolean, context: Context): Keypad {
  const { now, rules } = context;
  if (keypad.at === "over") return keypad;
  if (keypad.at === "inside") return pressInside(keypad, key, isDoubtful, context);
  if (keypad.inDoubt) return pressInDoubt(keypad, key, context);
  if (isDoubtful) return pressInDoubt(inDoubt(keypad, now), key, context);
  const { typed } = keypad;
  const keys = (typed + key).slice(0, MAX_KEYS);
  const next = { ...keypad, typed: keys, since: now };
  switch (keypad.at) {
    case "conference-key":
      if (key === "#" && /^\d*$/.test(typed)) return typed === "" ? keypad : chooseConference(typed, keypad, context);
      if (isOpening(keys, rules)) return { ...next, at: "sequence" };
      return /^\d+$/.test(keys) || mayOpen(keys, rules) ? next : inDoubt(keypad, now);
    case "sequence": {
      // Its access code counts when it is over (protocol 6.6): else the rest, with an unknown code, would count as further keys.
      if (canGrow(keys, rules)) return next;
      const dialled = completeIn(keys, rules);
      return dialled ? enterDialled(keypad, dialled, context) : inDoubt(keypad, now);
    }
    case "attendee-id":
      if (key === "#") return enterAs(keypad, context);
      if (/^\d*$/.test(typed + key) || mayMerge(typed + key, rules)) return next;
      // Another conference's key can begin after the star.
      return { ...inDoubt(keypad, now), typed: (typed + key).split("*").at(-1) ?? "" };
    default:
      return assertNever(keypad);
  }
}

/** By a star, the caller takes back what it keyed, or the bridge says that it lost or doubled a key. */
function inDoubt(keypad: AtPrompt, now: EpochMs): AtPrompt {
  const typed = keypad.at === "sequence" ? keypad.typed : "";
  return { ...keypad, typed, inDoubt: true, since: now };
}

/** No key counts; but a caller who may have keyed another conference is asked for the conference. */
function pressInDoubt(keypad: AtPrompt, key: string, { now, rules }: Context): AtPrompt {
  if (keypad.at !== "attendee-id") return { ...keypad, since: now };
  const { typed } = keypad;
  if (key === "#" && rules.find(typed) !== null) return inDoubt(prompted(now, keypad), now);
  return { ...keypad, typed: /\d/.test(key) ? (typed + key).slice(0, MAX_KEYS) : "", since: now };
}

export function isAskedNow({ at, inDoubt, since }: AtPrompt, now: EpochMs): boolean {
  return inDoubt && now - since >= (at === "sequence" ? SEQUENCE_PAUSE_MS : DOUBT_PAUSE_MS);
}

/** A caller whose keys are in doubt each time is let go: else it would be asked for ever. */
function askAgain(keypad: AtPrompt, context: Context): Keypad {
  context.actions.push({ type: "unclear-keys" });
  if (keypad.doubts >= KEY_TRIES) return hangUp({ why: "unclear-keys" }, context);
  return { ...keypad, typed: "", inDoubt: false, doubts: keypad.doubts + 1, since: context.now };
}

/** What a caller at the prompt is asked for at its new place in the menu; `null`: nothing. `before`: `null` for a new caller. */
export function promptAfter(before: Keypad | null, after: Keypad | null): Announcement | null {
  if (after === before || !isAtPrompt(after) || after.inDoubt || after.typed !== "") return null;
  if (after.at === "attendee-id") return "attendee-id";
  return after.unknown > unknownKeys(before) ? "key-again" : "welcome";
}

export function unknownKeys(keypad: Keypad | null): number {
  return isAtPrompt(keypad) ? keypad.unknown : 0;
}

export function isAtPrompt(keypad: Keypad | null): keypad is AtPrompt {
  return keypad !== null && keypad.at !== "inside" && keypad.at !== "over";
}

function isKey(sign: string): boolean {
  return /[0-9*#]/.test(sign);
}

/** `isDialled`: true if the attendee ID is already known, or known to be absent. */
function chooseConference(key: string, tries: Tries, context: Context, isDialled = false): Keypad {
  const { now, rules } = context;
  const found = rules.find(key);
  if (found) {
    const { conference, host, locked, full } = found;
    if (locked || full) return hangUp({ why: locked ? "locked" : "full", conference }, context);
    const asked: AskedForId = { ...prompted(now, tries), at: "attendee-id", conference, host };
    return rules.codes.askAttendeeId || isDialled ? asked : enter(asked, context);
  }
  const unknown = tries.unknown + 1;
  context.actions.push({ type: "wrong-key", digits: key.length });
  return unknown >= KEY_TRIES ? hangUp({ why: "unknown-keys" }, context) : prompted(now, { ...tries, unknown });
}

/** Takes the typed digits for the attendee ID, with or without the merge code, unless they repeat the conference key. */
function enterAs(keypad: AskedForId, context: Context): Keypad {
  const { conference, typed } = keypad;
  const { merge } = context.rules.codes;
  if (typed.includes("*")) {
    // Only a merge code has a star, and its end can be missing.
    const isWhole = typed.startsWith(merge);
    return isWhole ? enter({ ...keypad, typed: typed.slice(merge.length) }, context) : inDoubt(keypad, context.now);
  }
  const isAnew = typed !== "" && context.rules.find(typed)?.conference === conference;
  return isAnew ? chooseConference(typed, keypad, context) : enter(keypad, context);
}

/** True if these keys begin the merge code, or an attendee ID after it. A code of digits would be part of an ID. */
function mayMerge(keys: string, { codes: { merge } }: KeypadRules): boolean {
  return merge.startsWith(keys) || (keys.startsWith(merge) && /^\d*$/.test(keys.slice(merge.length)));
}

type AskedForId = Extract<AtPrompt, { at: "attendee-id" }>;

function enter(keypad: AskedForId, context: Context): Keypad {
  const { conference, host, typed } = keypad;
  const found = context.rules.find(conference);
  // The conference may have ended, been locked or become full since its key was keyed.
  if (found === null || found.locked || found.full) return chooseConference(conference, keypad, context);
  const attendeeId = typed === "" || typed.length > MAX_TYPED ? null : typed;
  const silent = attendeeId !== null && attendeeId === found.anonymousId;
  context.actions.push({ type: "admit", conference, attendeeId, silent, host });
  return inside(silent);
}

function enterDialled(keypad: AtPrompt, { accessCode, attendeeId }: DialledSequence, context: Context): Keypad {
  const chosen = chooseConference(accessCode, keypad, context, true);
  return chosen.at === "attendee-id" ? enter({ ...chosen, typed: attendeeId ?? "" }, context) : chosen;
}

/** The telephone dials no further: its caller is asked for what is missing, and for the attendee ID in any case. */
function askInstead(keypad: AtPrompt, context: Context): Keypad {
  const asked = keypad.inDoubt ? askAgain(keypad, context) : keypad;
  if (!isAtPrompt(asked)) return asked;
  const [accessCode = "", ...more] = withoutOpening(keypad.typed, context.rules).split("#");
  return more.length > 0 ? chooseConference(accessCode, asked, context) : prompted(context.now, asked);
}

function completeIn(keys: string, { sequences = [] }: KeypadRules): DialledSequence | null {
  const read = sequences.map((sequence) => readDialSequence(sequence, keys));
  return read.find((each) => each !== null && each !== "begun") ?? null;
}

function canGrow(keys: string, { sequences = [] }: KeypadRules): boolean {
  return sequences.some((sequence) => readDialSequence(sequence, keys) === "begun");
}

function withoutOpening(keys: string, { sequences = [] }: KeypadRules): string {
  const { opening = "" } = sequences.find((sequence) => keys.startsWith(sequence.opening)) ?? {};
  return keys.slice(opening.length);
}

/** Whether a telephone that dials by itself may begin so. */
function mayOpen(keys: string, { sequences = [] }: KeypadRules): boolean {
  return sequences.some(({ opening }) => opening.startsWith(keys));
}

function isOpening(keys: string, { sequences = [] }: KeypadRules): boolean {
  return sequences.some(({ opening }) => opening === keys);
}

type WhyOf<Action> = Action extends HangUp ? Omit<Action, "type"> : never;

function hangUp(why: WhyOf<HangUp>, { actions }: Context): Keypad {
  actions.push({ type: "hang-up", ...why });
  return { at: "over" };
}
