import { masked } from "../shown.ts";

/** So many digits at the end name a line wherever numbers are dialled without an area; fewer fit half a town. */
const leastEnd = 7;

/**
 * The digits of what is written as numbers and keys are: with `+`, `(0)` and signs between them, with the `#` that callers key behind a key
 * (and a star or another `#` before it), as an address (`tel:`, `sip:`), in angle brackets, with an extension, which no bridge tells apart.
 * `null`: it is written otherwise, as a name.
 */
export function digitsIn(text: string): string | null {
  // What is copied from a list of contacts may have marks of direction in it.
  const plain = text
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .trim()
    .replace(/^<(.*)>$/, "$1")
    .replace(/^(?:tel|sips?):([^@;]*).*$/i, "$1")
    .replace(/(?<=\d)[\s,;]+(?:ext(?:ension)?\.?|x)\s*\d{1,10}$/i, "")
    .replace(/^[*#](?=.*#$)/, "");
  if (!/^\+?[\d\s()./\p{Pd}\u2212]*\d[\d\s()./\p{Pd}\u2212]*#?$/u.test(plain)) return null;
  const isAbroad = /^(\+|00)/.test(plain);
  return (isAbroad ? plain.replace("(0)", "") : plain).replace(/\D/g, "");
}

/** The same text as somebody else may have written it: as it is typed, and by its digits alone. */
export function spellingsOf(text: string): readonly string[] {
  const typed = text.trim();
  return [...new Set([typed, digitsIn(typed) ?? typed])];
}

/** Whether a number as it is kept is the one that is typed, however it is spelled, with its country and area or without. Masked ones may be. */
export function fitsNumber(typed: string, kept: string): boolean {
  return numberMatcher(typed)(kept);
}

/** The same for many numbers that are kept: what is typed is read once, and digits are compared as they are. */
export function numberMatcher(typed: string): (kept: string) => boolean {
  const isSame = idMatcher(typed);
  const wanted = withoutTrunk(digitsIn(typed) ?? "");
  return (kept) => {
    if (isSame(kept)) return true;
    if (wanted[0].length < leastEnd) return false;
    if (kept.startsWith("*")) return kept.length >= leastEnd && endOf(kept) === endOf(wanted[0]);
    const own = withoutTrunk(/^\d*$/.test(kept) ? kept : (digitsIn(kept) ?? ""));
    return wanted.some((one) => own.some((other) => endsAlike(one, other)));
  };
}

/** Whether an id as it is kept is the one that is typed, in one of its spellings. Masked ones may be. */
export function idMatcher(typed: string): (kept: string) => boolean {
  const ids = new Set(idSpellings(typed));
  return (kept) => ids.has(kept);
}

/** Each id that fits what is typed is one of these, as it is kept. */
export function idSpellings(typed: string): readonly string[] {
  return [...new Set(spellingsOf(typed).flatMap((one) => [one, masked(one)]))];
}

/** Each number that fits what is typed ends with one of these texts, as it is kept. */
export function endsOfNumber(typed: string): readonly string[] {
  const spellings = spellingsOf(typed);
  const [wanted] = withoutTrunk(digitsIn(typed) ?? "");
  if (wanted.length < leastEnd) return [...new Set([...spellings, ...spellings.map(masked)])];
  // Bridges may keep signs between digits, as 408-555-0123 or 01 23 45 67 89.
  const end = wanted.slice(-4);
  const pairs = ["-", " ", ".", "/"].map((sign) => `${end.slice(0, 2)}${sign}${endOf(end)}`);
  return [end, ...pairs, `*${endOf(wanted)}`, ...spellings.filter((one) => !one.endsWith(end))];
}

/** Fewer letters stand in too many names. */
const leastOfName = 2;

/** Whether a name has this in it, in capital letters or small, with accents or without. */
export function fitsName(typed: string, name = ""): boolean {
  const part = plainLetters(typed.trim());
  return part.length >= leastOfName && plainLetters(name).includes(part);
}

/** In capitals ß is SS. */
function plainLetters(text: string): string {
  return text
    .toUpperCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "");
}

/** Some countries dial a 0, or 00, before what is the number abroad; Russia and its neighbours an 8, which elsewhere begins a number. */
function withoutTrunk(digits: string): readonly [string, ...string[]] {
  const usual = digits.replace(/^0+/, "");
  return /^8\d{10}$/.test(digits) ? [usual, digits.replace(/^80?/, "")] : [usual];
}

function endsAlike(one: string, other: string): boolean {
  const [end, whole] = one.length < other.length ? [one, other] : [other, one];
  return end.length >= leastEnd && whole.endsWith(end);
}

/** What a masked number shows. */
function endOf(text: string): string {
  return text.slice(-2);
}

/** Whether this is one caller's number: neither withheld nor masked. */
export function isWholeNumber(number: string): boolean {
  return /^[^*]+$/.test(number);
}
