import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, word } from "./schemas.ts";

export const keypadCodes = v.object({
  merge: word,
  mute: word,
  /** What telephones dial by themselves, as WebEx writes it; see `parseDialSequence`. */
  sequences: v.exactOptional(v.array(word)),
});

/** What the keys of a domain's callers mean: its codes, each followed by `#` or an attendee ID and `#`, and its dial sequences. */
export type KeypadCodes = Checked<typeof keypadCodes>;

type InsideCodes = Pick<KeypadCodes, "merge" | "mute">;

/** The place of a caller in a conference. */
export interface Inside {
  readonly at: "inside";
  readonly silent: boolean;
  readonly typed: string;
  /** There is a star, or a key in doubt, in the attendee ID that is being keyed: it names nobody. */
  readonly inDoubt: boolean;
  /** The last key; `""`: none yet. */
  readonly last: string;
  /** It has keyed the mute code, and each key since then was in doubt: they may be that code doubled. */
  readonly hasSwitched: boolean;
  readonly since: EpochMs;
}

/** The consequence of keys in a conference. */
export type CodeAction =
  | { readonly type: "toggle-mute" }
  | { readonly type: "identify"; readonly attendeeId: string }
  /** What was keyed names nobody, since a part of it is in doubt: its caller is to hear so. */
  | { readonly type: "ask-again" };

interface Actions {
  push(action: CodeAction): unknown;
}

/** Who has keyed nothing for this time has no key on its way: by then a link that carries none is known to be lost. */
export const DOUBT_PAUSE_MS = 4_000;
/** How long a mute code waits to see whether it grows into a merge code that begins alike. */
const CODE_PAUSE_MS = 2_000;
/**
 * No conference key or attendee ID has more digits. A longer key is unknown; a longer attendee ID is none: at the prompt its
 * caller is admitted without one, inside it names nobody, and in both cases the caller may still key the merge code.
 */
export const MAX_TYPED = 64;

/** A caller in a conference. A silent one cannot unmute itself (protocol 4.17, 4.18). */
export function inside(silent: boolean): Inside {
  return { at: "inside", silent, typed: "", inDoubt: false, last: "", hasSwitched: false, since: 0 };
}

/** A mute code that waited for a longer one acts after a pause. */
export function waitInside(keypad: Inside, now: EpochMs, codes: InsideCodes, actions: Actions): Inside {
  const isOver = keypad.typed === codes.mute && now - keypad.since >= CODE_PAUSE_MS;
  return isOver ? switchMute(keypad, actions) : keypad;
}

/** `isDoubtful`: it may be the one before, doubled. */
interface PressedKey {
  readonly key: string;
  readonly isDoubtful: boolean;
}

export function pressInside(
  keypad: Inside,
  { key, isDoubtful }: PressedKey,
  now: EpochMs,
  codes: InsideCodes,
  actions: Actions,
): Inside {
  const before = begunBefore(keypad, isDoubtful, now, codes);
  if (key === "#") return endInside(before, isDoubtful, now, codes, actions);
  const pressed = { ...before, last: key, since: now };
  let typed = before.typed + key;
  if (isDoubtful && key === keypad.last) {
    if (!typed.startsWith(codes.merge)) return passOver(pressed, typed, codes, actions);
    return { ...pressed, typed: mayBecomeCode(typed, codes) ? typed : before.typed, inDoubt: true };
  }
  if (!mayBecomeCode(typed, codes) && before.typed === codes.mute) {
    // It waited for a longer code, which it is not.
    return pressInside(switchMute(before, actions), { key, isDoubtful }, now, codes, actions);
  }
  const isInterrupted = key === "*" && before.typed.startsWith(codes.merge);
  // Whatever was keyed in between, a code is understood from its first key on.
  while (!mayBecomeCode(typed, codes)) typed = typed.slice(1);
  if (typed === codes.mute && !codes.merge.startsWith(codes.mute)) return switchMute(pressed, actions);
  const isUnclear = isInterrupted || (isDoubtful && typed.startsWith(codes.merge));
  return { ...pressed, typed, inDoubt: before.inDoubt || isUnclear };
}

/** What of the keys before counts, now that there is another one. */
function begunBefore(keypad: Inside, isDoubtful: boolean, now: EpochMs, { merge }: InsideCodes): Inside {
  const { typed, hasSwitched, since } = keypad;
  const isOver = typed === "" && now - since >= DOUBT_PAUSE_MS;
  const inDoubt = keypad.inDoubt && !isOver;
  if (isDoubtful || !hasSwitched) return { ...keypad, inDoubt };
  // The rest of a doubled code begins none.
  return { ...keypad, inDoubt, hasSwitched: false, typed: typed.startsWith(merge) ? typed : "" };
}

function endInside(
  keypad: Inside,
  isDoubtful: boolean,
  now: EpochMs,
  { merge, mute }: InsideCodes,
  actions: Actions,
): Inside {
  const { typed, silent } = keypad;
  const attendeeId = typed.startsWith(merge) ? typed.slice(merge.length) : "";
  const ended = { ...inside(silent), last: "#", hasSwitched: keypad.hasSwitched, since: now };
  if (keypad.inDoubt || (isDoubtful && attendeeId !== "")) actions.push({ type: "ask-again" });
  else if (attendeeId !== "") actions.push({ type: "identify", attendeeId });
  else if (typed === mute) return { ...switchMute(keypad, actions), last: "#", since: now };
  return ended;
}

/**
 * A key that may be the one before, doubled, counts in no mute code: else that could act twice. In a code with two like keys in a row it may
 * have been pressed: its caller hears so.
 */
function passOver(keypad: Inside, typed: string, { merge, mute }: InsideCodes, actions: Actions): Inside {
  const inDoubt = keypad.inDoubt || merge.startsWith(typed);
  if (typed !== mute || keypad.hasSwitched) return { ...keypad, inDoubt };
  if (!keypad.silent) actions.push({ type: "ask-again" });
  return { ...keypad, typed: "" };
}

function mayBecomeCode(typed: string, { merge, mute }: InsideCodes): boolean {
  if (merge.startsWith(typed) || mute.startsWith(typed)) return true;
  return typed.startsWith(merge) && typed.length <= merge.length + MAX_TYPED && /^\d*$/.test(typed.slice(merge.length));
}

/** Once, however often the bridge reports keys that were pressed once. */
function switchMute(keypad: Inside, actions: Actions): Inside {
  if (!keypad.silent && !keypad.hasSwitched) actions.push({ type: "toggle-mute" });
  return { ...keypad, typed: "", hasSwitched: true };
}
