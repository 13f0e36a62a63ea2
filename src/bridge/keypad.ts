import * as v from "valibot";
import type { ConfKey, EpochMs } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import type { Announcement } from "./announcements.ts";
import { type DialledSequence, type DialSequence, readDialSequence } from "./dial-sequences.ts";
import { type Checked, word } from "./schemas.ts";

export const keypadCodes = v.object({
  merge: word,
  mute: word,
  /** What telephones dial by themselves, as WebEx writes it; see `parseDialSequence`. */
  sequences: v.exactOptional(v.array(word)),
});

/** What the keys of a domain's callers mean: its codes, each followed by `#` or an attendee ID and `#`, and its dial sequences. */
export type KeypadCodes = Checked<typeof keypadCodes>;

/** What leads into a conference: its key, or one of its access codes (protocol 2.2.1). */
export interface Entrance {
  readonly conference: ConfKey;
  /** The host's own access code was keyed. */
  readonly host: boolean;
  readonly anonymousId: string | null;
  readonly locked: boolean;
  /** It takes no more callers. */
  readonly full?: boolean;
}

/** The place of a call in the menu, which says what its next keys mean. */
export type Keypad =
  | {
      readonly at: "conference-key";
      readonly typed: string;
      /** The last keys, as far as they may open a dial sequence. */
      readonly opening?: string;
      readonly unknown: number;
      readonly since: EpochMs;
    }
  /** A telephone dials by itself: `typed` are all its keys from the opening on. */
  | { readonly at: "sequence"; readonly typed: string; readonly unknown: number; readonly since: EpochMs }
  | {
      readonly at: "attendee-id";
      readonly conference: ConfKey;
      readonly host: boolean;
      /** The conference may not have run yet when its key was keyed. Then the caller still keys conference keys. */
      readonly inDoubt: boolean;
      readonly typed: string;
      readonly unknown: number;
      readonly since: EpochMs;
    }
  | { readonly at: "inside"; readonly silent: boolean; readonly typed: string; readonly since: EpochMs }
  | { readonly at: "over" };

export type KeypadInput =
  | { readonly type: "keys"; readonly keys: string; readonly at: EpochMs }
  | { readonly type: "time"; readonly at: EpochMs };

/** The consequence of a caller's keys, or of its silence. */
export type KeypadAction =
  | {
      readonly type: "admit";
      readonly conference: ConfKey;
      readonly attendeeId: string | null;
      readonly silent: boolean;
      readonly host: boolean;
    }
  | { readonly type: "hang-up"; readonly why: "silent" | "unknown-keys" | "locked" | "full" }
  | { readonly type: "toggle-mute" }
  | { readonly type: "identify"; readonly attendeeId: string };

export interface KeypadRules {
  readonly codes: Pick<KeypadCodes, "merge" | "mute">;
  readonly sequences?: readonly DialSequence[];
  /** The conference that has this key or access code now, if there is one. */
  find(key: string): Entrance | null;
}

/** How long a prompted caller may key nothing. */
const PATIENCE_MS = 30_000;
/** How long a mute code waits to see whether it grows into a merge code that begins alike. */
const CODE_PAUSE_MS = 2_000;
/** How long a sequence that is complete waits to see whether it grows into a longer one: three pauses of a telephone, and one more. */
const SEQUENCE_PAUSE_MS = 8_000;
/** How many unknown conference keys a call may try. */
const KEY_TRIES = 3;
/**
 * No conference key or attendee ID has more digits. A longer key is unknown; a longer attendee ID is none: at the prompt its
 * caller is admitted without one, inside it names nobody, and in both cases the caller may still key the merge code.
 */
const MAX_TYPED = 64;

/** A caller at the prompt. */
export function prompted(at: EpochMs): Extract<Keypad, { at: "conference-key" }> {
  return { at: "conference-key", typed: "", unknown: 0, since: at };
}

/** A caller in a conference. A silent one cannot unmute itself (protocol 4.17, 4.18). */
export function inside(silent: boolean): Keypad {
  return { at: "inside", silent, typed: "", since: 0 };
}

/**
 * A caller at the prompt who is new to this agent. `keys` are all that it has keyed there, and nobody knows which conferences ran
 * when it did. So the last key of a conference that runs now counts, and what is before that counts as refused; without any such key,
 * the caller begins anew behind its last entry.
 */
export function resume(
  keys: string,
  at: EpochMs,
  rules: KeypadRules,
): { readonly keypad: Keypad; readonly actions: readonly KeypadAction[] } {
  const entries = keys.split("#");
  // Where none is found this is -1: of the entries, the last one is left, which is not complete.
  const chosen = entries.slice(0, -1).findLastIndex((entry) => rules.find(entered(entry)) !== null);
  const { keypad, actions } = press(prompted(at), { type: "keys", keys: entries.slice(chosen).join("#"), at }, rules);
  return { keypad: keypad.at === "attendee-id" ? { ...keypad, inDoubt: true } : keypad, actions };
}

/** Keys may come one at a time or many at once: the actions are the same. */
export function press(
  keypad: Keypad,
  input: KeypadInput,
  rules: KeypadRules,
): { readonly keypad: Keypad; readonly actions: readonly KeypadAction[] } {
  const actions: KeypadAction[] = [];
  let next = keypad;
  if (input.type === "time") next = wait(next, input.at, rules, actions);
  else for (const key of input.keys) if (isKey(key)) next = pressOne(next, key, input.at, rules, actions);
  return { keypad: next, actions };
}

function wait(keypad: Keypad, now: EpochMs, rules: KeypadRules, actions: KeypadAction[]): Keypad {
  switch (keypad.at) {
    case "sequence": {
      const dialled = completeIn(keypad.typed, rules);
      if (dialled && now - keypad.since >= SEQUENCE_PAUSE_MS)
        return enterDialled(keypad.unknown, dialled, now, rules, actions);
      return now - keypad.since >= PATIENCE_MS ? hangUp("silent", actions) : keypad;
    }
    case "conference-key":
    case "attendee-id":
      return now - keypad.since >= PATIENCE_MS ? hangUp("silent", actions) : keypad;
    case "inside":
      if (keypad.typed !== rules.codes.mute || now - keypad.since < CODE_PAUSE_MS) return keypad;
      return toggleMute(keypad, actions);
    case "over":
      return keypad;
    default:
      return assertNever(keypad);
  }
}

function pressOne(keypad: Keypad, key: string, now: EpochMs, rules: KeypadRules, actions: KeypadAction[]): Keypad {
  switch (keypad.at) {
    case "conference-key": {
      const { opening: before = "", ...rest } = keypad;
      if (key !== "#") {
        const opening = openingIn(before + key, rules);
        if (isOpening(opening, rules)) return { at: "sequence", typed: opening, unknown: rest.unknown, since: now };
        return { ...rest, typed: typedAtPrompt(rest.typed, key), ...(opening !== "" && { opening }), since: now };
      }
      if (rest.typed === "") return before === "" ? keypad : rest;
      return chooseConference(rest.typed, rest.unknown, now, rules, actions);
    }
    case "sequence":
      return pressInSequence(keypad, key, now, rules, actions);
    case "attendee-id": {
      if (key !== "#") return { ...keypad, typed: typedAtPrompt(keypad.typed, key), since: now };
      const { inDoubt, typed, unknown } = keypad;
      if (inDoubt && rules.find(typed) !== null) return chooseConference(typed, unknown, now, rules, actions);
      const anonymousId = inDoubt ? (rules.find(keypad.conference)?.anonymousId ?? null) : null;
      // A key may have been lost with the agent before, and a silent monitor would be heard.
      if (anonymousId !== null && typed !== anonymousId) return { ...keypad, inDoubt: false, typed: "", since: now };
      return enter(keypad, now, rules, actions);
    }
    case "inside":
      return pressInside(keypad, key, now, rules, actions);
    case "over":
      return keypad;
    default:
      return assertNever(keypad);
  }
}

/** What a caller at the prompt is asked for at its new place in the menu; `null`: nothing. `before`: `null` for a new caller. */
export function promptAfter(before: Keypad | null, after: Keypad): Announcement | null {
  if (after === before || after.at === "inside" || after.at === "over" || after.typed !== "") return null;
  if (after.at === "attendee-id") return "attendee-id";
  return after.unknown > unknownKeys(before) ? "key-again" : "welcome";
}

/** How many keys of no conference a caller at the prompt has tried. */
export function unknownKeys(keypad: Keypad | null): number {
  return keypad === null || keypad.at === "inside" || keypad.at === "over" ? 0 : keypad.unknown;
}

/** What an entry at the prompt comes to. */
function entered(keys: string): string {
  return [...keys].filter(isKey).reduce(typedAtPrompt, "");
}

function isKey(sign: string): boolean {
  return /[0-9*#]/.test(sign);
}

/** A star takes back what was keyed. */
function typedAtPrompt(typed: string, key: string): string {
  return key === "*" ? "" : (typed + key).slice(0, MAX_TYPED + 1);
}

function chooseConference(
  key: string,
  unknown: number,
  now: EpochMs,
  rules: KeypadRules,
  actions: KeypadAction[],
): Keypad {
  const found = rules.find(key);
  if (found?.locked) return hangUp("locked", actions);
  if (found?.full) return hangUp("full", actions);
  if (found) {
    const { conference, host } = found;
    return { at: "attendee-id", conference, host, inDoubt: false, typed: "", unknown, since: now };
  }
  if (unknown + 1 >= KEY_TRIES) return hangUp("unknown-keys", actions);
  return { at: "conference-key", typed: "", unknown: unknown + 1, since: now };
}

/** What a caller has typed is its attendee ID. */
function enter(
  { conference, host, typed, unknown }: Extract<Keypad, { at: "attendee-id" }>,
  now: EpochMs,
  rules: KeypadRules,
  actions: KeypadAction[],
): Keypad {
  const found = rules.find(conference);
  // The conference may have ended, been locked or become full since its key was keyed.
  if (found === null || found.locked || found.full) return chooseConference(conference, unknown, now, rules, actions);
  const attendeeId = typed === "" || typed.length > MAX_TYPED ? null : typed;
  const silent = attendeeId !== null && attendeeId === found.anonymousId;
  actions.push({ type: "admit", conference, attendeeId, silent, host });
  return inside(silent);
}

/**
 * A telephone that dials by itself is asked nothing, and its access code counts when its sequence is over (protocol 6.6): else the rest
 * of a sequence with an unknown code would count as further keys.
 */
function pressInSequence(
  { typed, unknown }: Extract<Keypad, { at: "sequence" }>,
  key: string,
  now: EpochMs,
  rules: KeypadRules,
  actions: KeypadAction[],
): Keypad {
  const keys = typed + key;
  const dialled = completeIn(keys, rules);
  if (canGrow(keys, rules)) return { at: "sequence", typed: keys, unknown, since: now };
  if (dialled) return enterDialled(unknown, dialled, now, rules, actions);
  const before = completeIn(typed, rules);
  if (before) {
    // It waited for a longer sequence, which it is not.
    return pressOne(enterDialled(unknown, before, now, rules, actions), key, now, rules, actions);
  }
  // It is none: its keys mean what they mean without it.
  const { sequences, ...plain } = rules;
  let keypad: Keypad = { ...prompted(now), unknown };
  for (const each of keys) keypad = pressOne(keypad, each, now, plain, actions);
  return keypad;
}

function enterDialled(
  unknown: number,
  { accessCode, attendeeId }: DialledSequence,
  now: EpochMs,
  rules: KeypadRules,
  actions: KeypadAction[],
): Keypad {
  const chosen = chooseConference(accessCode, unknown, now, rules, actions);
  return chosen.at === "attendee-id" ? enter({ ...chosen, typed: attendeeId }, now, rules, actions) : chosen;
}

function completeIn(keys: string, { sequences = [] }: KeypadRules): DialledSequence | null {
  const read = sequences.map((sequence) => readDialSequence(sequence, keys));
  return read.find((each) => each !== null && each !== "begun") ?? null;
}

function canGrow(keys: string, { sequences = [] }: KeypadRules): boolean {
  return sequences.some((sequence) => readDialSequence(sequence, keys) === "begun");
}

/** The last of these keys that are the beginning of an opening. */
function openingIn(keys: string, { sequences = [] }: KeypadRules): string {
  let last = keys;
  while (last !== "" && !sequences.some(({ opening }) => opening.startsWith(last))) last = last.slice(1);
  return last;
}

function isOpening(keys: string, { sequences = [] }: KeypadRules): boolean {
  return sequences.some(({ opening }) => opening === keys);
}

type Inside = Extract<Keypad, { at: "inside" }>;

function pressInside(keypad: Inside, key: string, now: EpochMs, rules: KeypadRules, actions: KeypadAction[]): Keypad {
  const { codes } = rules;
  if (key === "#") {
    const attendeeId = keypad.typed.startsWith(codes.merge) ? keypad.typed.slice(codes.merge.length) : "";
    if (attendeeId !== "") actions.push({ type: "identify", attendeeId });
    else if (keypad.typed === codes.mute) return toggleMute(keypad, actions);
    return { ...keypad, typed: "" };
  }
  let typed = keypad.typed + key;
  if (!mayBecomeCode(typed, codes) && keypad.typed === codes.mute) {
    // It waited for a longer code, which it is not.
    return pressInside(toggleMute(keypad, actions), key, now, rules, actions);
  }
  // Whatever was keyed in between, a code is understood from its first key on.
  while (!mayBecomeCode(typed, codes)) typed = typed.slice(1);
  if (typed === codes.mute && !codes.merge.startsWith(codes.mute)) return toggleMute(keypad, actions);
  return { ...keypad, typed, since: now };
}

function mayBecomeCode(typed: string, { merge, mute }: KeypadCodes): boolean {
  if (merge.startsWith(typed) || mute.startsWith(typed)) return true;
  return typed.startsWith(merge) && typed.length <= merge.length + MAX_TYPED && /^\d*$/.test(typed.slice(merge.length));
}

function toggleMute(keypad: Inside, actions: KeypadAction[]): Inside {
  if (!keypad.silent) actions.push({ type: "toggle-mute" });
  return { ...keypad, typed: "" };
}

function hangUp(why: Extract<KeypadAction, { type: "hang-up" }>["why"], actions: KeypadAction[]): Keypad {
  actions.push({ type: "hang-up", why });
  return { at: "over" };
}
