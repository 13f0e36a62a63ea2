import * as v from "valibot";
import type { ConfKey, EpochMs } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import type { Announcement } from "./announcements.ts";
import { type Checked, word } from "./schemas.ts";

export const keypadCodes = v.object({ merge: word, mute: word });

/** The keypad codes of a domain, each followed by `#` or an attendee ID and `#`. */
export type KeypadCodes = Checked<typeof keypadCodes>;

/** The place of a call in the menu, which says what its next keys mean. */
export type Keypad =
  | { readonly at: "conference-key"; readonly typed: string; readonly unknown: number; readonly since: EpochMs }
  | {
      readonly at: "attendee-id";
      readonly conference: ConfKey;
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
    }
  | { readonly type: "hang-up"; readonly why: "silent" | "unknown-keys" | "locked" | "full" }
  | { readonly type: "toggle-mute" }
  | { readonly type: "identify"; readonly attendeeId: string };

interface FoundConference {
  readonly anonymousId: string | null;
  readonly locked: boolean;
  /** It takes no more callers. */
  readonly full?: boolean;
}

export interface KeypadRules {
  readonly codes: KeypadCodes;
  /** The conference that has this key now, if there is one. */
  find(key: string): FoundConference | null;
}

/** How long a prompted caller may key nothing. */
const PATIENCE_MS = 30_000;
/** How long a mute code waits to see whether it grows into a merge code that begins alike. */
const CODE_PAUSE_MS = 2_000;
/** How many unknown conference keys a call may try. */
const KEY_TRIES = 3;
/**
 * No conference key or attendee ID has more digits. A longer key is unknown; a longer attendee ID is none: at the prompt its
 * caller is admitted without one, inside it names nobody, and in both cases the caller may still key the merge code.
 */
const MAX_TYPED = 64;

/** A caller at the prompt. */
export function prompted(at: EpochMs): Keypad {
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
    case "conference-key":
      if (key !== "#") return { ...keypad, typed: typedAtPrompt(keypad.typed, key), since: now };
      return keypad.typed === "" ? keypad : chooseConference(keypad.typed, keypad.unknown, now, rules, actions);
    case "attendee-id": {
      if (key !== "#") return { ...keypad, typed: typedAtPrompt(keypad.typed, key), since: now };
      const { conference, inDoubt, typed, unknown } = keypad;
      if (inDoubt && rules.find(typed) !== null) return chooseConference(typed, unknown, now, rules, actions);
      const found = rules.find(conference);
      // The conference may have ended, been locked or become full since its key was keyed.
      if (found === null || found.locked || found.full)
        return chooseConference(conference, unknown, now, rules, actions);
      const attendeeId = typed === "" || typed.length > MAX_TYPED ? null : typed;
      const silent = attendeeId !== null && attendeeId === found.anonymousId;
      actions.push({ type: "admit", conference, attendeeId, silent });
      return inside(silent);
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
  return keypad?.at === "conference-key" || keypad?.at === "attendee-id" ? keypad.unknown : 0;
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
  if (found) return { at: "attendee-id", conference: key as ConfKey, inDoubt: false, typed: "", unknown, since: now };
  if (unknown + 1 >= KEY_TRIES) return hangUp("unknown-keys", actions);
  return { at: "conference-key", typed: "", unknown: unknown + 1, since: now };
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
