import * as v from "valibot";
import type { EpochMs } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import { word } from "./schemas.ts";

export const keypadCodes = v.object({
  merge: word,
  mute: word,
  /** True if callers are asked for an attendee ID after the conference key (protocol 4.2). */
  askAttendeeId: v.boolean(),
  /** What telephones dial by themselves, as WebEx writes it; see `parseDialSequence`. */
  sequences: v.exactOptional(v.array(word)),
});

/** What the keys of a domain's callers mean: its codes, each followed by `#` or an attendee ID and `#`, and its dial sequences. */
export type KeypadCodes = Checked<typeof keypadCodes>;

type InsideCodes = Pick<KeypadCodes, "merge" | "mute">;

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

export type CodeAction =
  | { readonly type: "toggle-mute" }
  | { readonly type: "identify"; readonly attendeeId: string }
  /** What was keyed names nobody, since a part of it is in doubt: its caller is to hear so. */
  | { readonly type: "ask-again" };

interface CodeContext {
  readonly rules: { readonly codes: InsideCodes };
  readonly now: EpochMs;
  /** What follows is added to these. */
  readonly actions: { push(action: CodeAction): unknown };
}

/** Who has keyed nothing for this time has no key on its way: by then a link that carries none is known to be lost. */
export const DOUBT_PAUSE_MS = 4_000;
/** How long a mute code waits to see whether it grows into a merge code that begins alike. */
const CODE_PAUSE_MS = 2_000;
/** No key or attendee ID has more digits: a longer key is unknown, and a longer attendee ID names nobody. */
export const MAX_TYPED = 64;

/** A caller in a conference. A silent one cannot unmute itself (protocol 4.17, 4.18). */
export function inside(silent: boolean): Inside {
  return { at: "inside", silent, typed: "", inDoubt: false, last: "", hasSwitched: false, since: 0 };
}

/** A mute code that waited for a longer one acts after a pause. */
export function waitInside(keypad: Inside, context: CodeContext): Inside {
  const isOver = keypad.typed === context.rules.codes.mute && context.now - keypad.since >= CODE_PAUSE_MS;
  return isOver ? switchMute(keypad, context) : keypad;
}

/** `isDoubtful`: the key may be the one before, doubled. */
export function pressInside(keypad: Inside, key: string, isDoubtful: boolean, context: CodeContext): Inside {
  const { now, rules } = context;
  const { codes } = rules;
  const before = begunBefore(keypad, isDoubtful, now, codes);
  if (key === "#") return endInside(before, isDoubtful, context);
  const pressed = { ...before, last: key, since: now };
  let typed = before.typed + key;
  if (isDoubtful && key === keypad.last) {
    if (!typed.startsWith(codes.merge)) return passOver(pressed, typed, context);
    return { ...pressed, typed: mayBecomeCode(typed, codes) ? typed : before.typed, inDoubt: true };
  }
  if (!mayBecomeCode(typed, codes) && before.typed === codes.mute) {
    // It waited for a longer code, which it is not.
    return pressInside(switchMute(before, context), key, isDoubtful, context);
  }
  const isInterrupted = key === "*" && before.typed.startsWith(codes.merge);
  // Whatever was keyed in between, a code is understood from its first key on.
  while (!mayBecomeCode(typed, codes)) typed = typed.slice(1);
  if (typed === codes.mute && !codes.merge.startsWith(codes.mute)) return switchMute(pressed, context);
  const isUnclear = isInterrupted || (isDoubtful && typed.startsWith(codes.merge));
  return { ...pressed, typed, inDoubt: before.inDoubt || isUnclear };
}

function begunBefore(keypad: Inside, isDoubtful: boolean, now: EpochMs, { merge }: InsideCodes): Inside {
  const { typed, hasSwitched, since } = keypad;
  const isOver = typed === "" && now - since >= DOUBT_PAUSE_MS;
  const inDoubt = keypad.inDoubt && !isOver;
  if (isDoubtful || !hasSwitched) return { ...keypad, inDoubt };
  // The rest of a doubled code begins none.
  return { ...keypad, inDoubt, hasSwitched: false, typed: typed.startsWith(merge) ? typed : "" };
}

function endInside(keypad: Inside, isDoubtful: boolean, context: CodeContext): Inside {
  const { now, rules, actions } = context;
  const { merge, mute } = rules.codes;
  const { typed, silent } = keypad;
  const attendeeId = typed.startsWith(merge) ? typed.slice(merge.length) : "";
  const ended = { ...inside(silent), last: "#", hasSwitched: keypad.hasSwitched, since: now };
  if (keypad.inDoubt || (isDoubtful && attendeeId !== "")) actions.push({ type: "ask-again" });
  else if (attendeeId !== "") actions.push({ type: "identify", attendeeId });
  else if (typed === mute) return { ...switchMute(keypad, context), last: "#", since: now };
  return ended;
}

/** A key that may be doubled counts in no mute code: it could act twice. The caller hears so where it completes one. */
function passOver(keypad: Inside, typed: string, { rules, actions }: CodeContext): Inside {
  const { merge, mute } = rules.codes;
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
function switchMute(keypad: Inside, { actions }: CodeContext): Inside {
  if (!keypad.silent && !keypad.hasSwitched) actions.push({ type: "toggle-mute" });
  return { ...keypad, typed: "", hasSwitched: true };
}
