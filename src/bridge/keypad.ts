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
  | Sequence
  | {
      readonly at: "attendee-id";
      readonly conference: ConfKey;
      readonly host: boolean;
      /**
       * Another agent had this caller when the entry began: a key of it may be lost, and the conference may not have run when its key was
       * keyed. So the entry counts as a conference key, or not at all.
       */
      readonly inDoubt: boolean;
      readonly typed: string;
      readonly unknown: number;
      readonly since: EpochMs;
    }
  | { readonly at: "inside"; readonly silent: boolean; readonly typed: string; readonly since: EpochMs }
  | { readonly at: "over" };

/** A telephone dials by itself: `typed` are all its keys from the opening on. */
interface Sequence {
  readonly at: "sequence";
  readonly typed: string;
  /** A key of its attendee ID may be lost, or is none of the telephone's. */
  readonly inDoubt?: boolean;
  readonly unknown: number;
  readonly since: EpochMs;
}

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

interface PressRules extends KeypadRules {
  /** A star may be the bridge's, not the caller's. */
  readonly starsMayBeLostKeys?: boolean;
}

/** How long a prompted caller may key nothing. */
const PATIENCE_MS = 30_000;
/** How long a mute code waits to see whether it grows into a merge code that begins alike. */
const CODE_PAUSE_MS = 2_000;
/**
 * How long a sequence waits for its next key, three pauses of a telephone and one more: by then it is all that it could grow into, and one
 * that is not complete will not be.
 */
const SEQUENCE_PAUSE_MS = 8_000;
/** How many unknown conference keys a call may try. */
export const KEY_TRIES = 3;
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
 * the caller begins anew behind its last entry. A bridge that may have lost keys puts a star in their place: an attendee ID with a star in it
 * is asked for once more, and so is one that was not keyed to its end.
 */
export function resume(
  keys: string,
  at: EpochMs,
  rules: KeypadRules,
): { readonly keypad: Keypad; readonly actions: readonly KeypadAction[] } {
  const entries = keys.split("#");
  // Where none is found this is -1: of the entries, the last one is left, which is not complete.
  const chosen = entries.slice(0, -1).findLastIndex((entry) => rules.find(entered(entry)) !== null);
  const input = { type: "keys", keys: entries.slice(chosen).join("#"), at } as const;
  const { keypad, actions } = press(prompted(at), input, { ...rules, starsMayBeLostKeys: true });
  if (keypad.at === "attendee-id") return { keypad: { ...keypad, inDoubt: true }, actions };
  // What is keyed from now on is not lost.
  if (keypad.at === "sequence") return { keypad: { ...keypad, inDoubt: keypad.typed.includes("#") }, actions };
  const opening = openingIn(input.keys.replace(/(?<=\d)\*$/, ""), rules);
  return { keypad: keypad.at === "conference-key" && opening !== "" ? { ...keypad, opening } : keypad, actions };
}

/** Keys may come one at a time or many at once: the actions are the same. */
export function press(
  keypad: Keypad,
  input: KeypadInput,
  rules: PressRules,
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
      if (now - keypad.since < SEQUENCE_PAUSE_MS) return keypad;
      const dialled = completeIn(keypad.typed, rules);
      return dialled ? enterDialled(keypad, dialled, now, rules, actions) : askInstead(keypad, now, rules, actions);
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

function pressOne(keypad: Keypad, key: string, now: EpochMs, rules: PressRules, actions: KeypadAction[]): Keypad {
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
      const { inDoubt, typed, unknown } = keypad;
      if (key !== "#") {
        const isLost = key === "*" && rules.starsMayBeLostKeys === true;
        return { ...keypad, typed: typedAtPrompt(typed, key), inDoubt: inDoubt || isLost, since: now };
      }
      if (inDoubt && rules.find(typed) !== null) return chooseConference(typed, unknown, now, rules, actions);
      // Part of an attendee ID is somebody else's, and a silent monitor would be heard.
      if (inDoubt) return { ...keypad, inDoubt: false, typed: "", since: now };
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
export function promptAfter(before: Keypad | null, after: Keypad | null): Announcement | null {
  if (after === before || after === null || after.at === "inside" || after.at === "over" || after.typed !== "")
    return null;
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
  keypad: Sequence,
  key: string,
  now: EpochMs,
  rules: PressRules,
  actions: KeypadAction[],
): Keypad {
  const { typed, unknown } = keypad;
  const keys = typed + key;
  const dialled = completeIn(keys, rules);
  if (canGrow(keys, rules)) return { ...keypad, typed: keys, since: now };
  // One of the two stars behind the opening is the bridge's, or one too many.
  if (key === "*" && isOpening(typed, rules)) return { ...keypad, since: now };
  if (dialled) return enterDialled(keypad, dialled, now, rules, actions);
  const before = completeIn(typed, rules);
  // It waited for a longer sequence, which it is not.
  if (before) return pressOne(enterDialled(keypad, before, now, rules, actions), key, now, rules, actions);
  // With a key lost, nobody knows which entry the others belong to: the telephone dials to its end, and its caller is asked.
  if (keypad.inDoubt || rules.starsMayBeLostKeys) return { ...keypad, inDoubt: true, since: now };
  // It is none: its keys mean what they mean without it.
  const { sequences, ...plain } = rules;
  let next: Keypad = { ...prompted(now), unknown };
  for (const each of keys) next = pressOne(next, each, now, plain, actions);
  return next;
}

function enterDialled(
  { unknown, inDoubt }: Sequence,
  { accessCode, attendeeId }: DialledSequence,
  now: EpochMs,
  rules: KeypadRules,
  actions: KeypadAction[],
): Keypad {
  const chosen = chooseConference(accessCode, unknown, now, rules, actions);
  if (chosen.at !== "attendee-id" || (inDoubt && attendeeId !== null)) return chosen;
  return enter({ ...chosen, typed: attendeeId ?? "" }, now, rules, actions);
}

/** The telephone dials no further: its caller is asked for what is missing, and for the attendee ID in any case. */
function askInstead({ typed, unknown }: Sequence, now: EpochMs, rules: KeypadRules, actions: KeypadAction[]): Keypad {
  const { opening = "" } = rules.sequences?.find((sequence) => typed.startsWith(sequence.opening)) ?? {};
  const [accessCode = "", ...more] = typed.slice(opening.length).split("#");
  if (more.length > 0) return chooseConference(accessCode, unknown, now, rules, actions);
  return { ...prompted(now), unknown };
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
