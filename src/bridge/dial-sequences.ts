/** The keys that a telephone dials by itself (protocol 6.6): an opening, entries with `#` behind each, an ending. */
export interface DialSequence {
  readonly opening: string;
  /** `AccessCode` is the first. */
  readonly entries: readonly string[];
  readonly closing: string;
}

/** The entries of a sequence that was dialled to its end. Those of a sign-in mean nothing to an adapter: WebEx gives it no profiles. */
export interface DialledSequence {
  readonly accessCode: string;
  readonly attendeeId: string | null;
}

const MAX_ENTRY = 64;

/** `[AccessNumber],,*01*[AccessCode]#[AttendeeID]#*01*`; `null`: it is none that differs from other keys. */
export function parseDialSequence(template: string): DialSequence | null {
  const shape =
    /^(?:\[AccessNumber\])?(\*[\d*]*)\[AccessCode\]#((?:\[(?:AttendeeID|ProfileID|PIN|Password)\]#)*)([\d*]*)$/;
  const [, opening, more, closing] = shape.exec(template.replaceAll(",", "")) ?? [];
  if (opening === undefined || more === undefined || closing === undefined) return null;
  return { opening, entries: ["AccessCode", ...Array.from(more.matchAll(/\w+/g), ([name]) => name)], closing };
}

/** What these keys are of the sequence: nothing (`null`), its beginning, or all of it. */
export function readDialSequence(
  { opening, entries, closing }: DialSequence,
  keys: string,
): "begun" | DialledSequence | null {
  if (!keys.startsWith(opening)) return opening.startsWith(keys) ? "begun" : null;
  const keyed = keys.slice(opening.length).split("#");
  const after = keyed.splice(entries.length);
  const isOver = after.length > 0;
  if (!keyed.every(isEntry)) return null;
  const ended = isOver ? keyed : keyed.slice(0, -1);
  // Only an attendee ID may be left out. Any other empty entry is a doubled #.
  if (ended.some((entry, at) => entry === "" && entries[at] !== "AttendeeID")) return null;
  if (!isOver) return "begun";
  const end = after.join("#");
  if (end !== closing) return closing.startsWith(end) ? "begun" : null;
  const { AccessCode: accessCode = "", AttendeeID: attendeeId = null } = Object.fromEntries(
    entries.map((entry, at) => [entry, keyed[at]]),
  );
  return { accessCode, attendeeId };
}

function isEntry(keyed: string): boolean {
  return /^\d*$/.test(keyed) && keyed.length <= MAX_ENTRY;
}
