import { err, ok, type Result } from "../foundation/result.ts";
import type { FieldKind } from "./fields.ts";
import type { ResultWord } from "./protocol-table.ts";
import type { CodeLists } from "./vocabulary.ts";

export interface ValueFault {
  readonly result: ResultWord;
  readonly detail: string;
}

/** 1 to 32 of digits, letters, `-` and `_`: a TransID or MsgID (protocol T30, section 5, row 8). */
export function isNumberLike(text: string): boolean {
  return /^[\w-]{1,32}$/.test(text);
}

const hostOrUrl = /^(?:https?:\/\/)?(?:[\w.-]+|\[[\dA-Fa-f:.]+\])(?::\d{1,5})?(?:\/\S*)?$/;

/** The value of an attribute; `undefined` where it says that there is none. */
export function readValue(raw: string, kind: FieldKind, codes: CodeLists): Result<unknown, ValueFault> {
  if (isEmpty(raw, kind)) return ok(undefined);
  switch (kind.kind) {
    case "msg-id":
      if (isNumberLike(raw)) return ok(raw);
      return raw.length > 32 ? tooLong(32) : wrongType(raw, "must be digits, letters, - and _");
    case "conf-key":
    case "ext-conf-id":
    case "sub-conf-id":
    case "call-id":
      if (raw.length > kind.max) return tooLong(kind.max);
      return raw.includes("%") || raw.trim() !== raw
        ? wrongType(raw, "must have no % and no blank at its ends")
        : ok(raw);
    case "host":
      if (raw.length > kind.max) return tooLong(kind.max);
      return hostOrUrl.test(raw) ? ok(raw) : wrongType(raw, "must be host:port");
    case "text":
      return isWithin(raw, kind) ? ok(raw) : tooLong(kind.max);
    case "digits":
      if (raw.length > kind.max) return tooLong(kind.max);
      return /^\d+$/.test(raw) ? ok(raw) : wrongType(raw, "must be digits");
    case "integer": {
      const value = readInteger(raw);
      return value !== null && value >= kind.min
        ? ok(value)
        : wrongType(raw, `must be a whole number from ${kind.min}`);
    }
    case "boolean":
      if (/^\s*(?:1|true)\s*$/i.test(raw)) return ok(true);
      return /^\s*(?:0|false)\s*$/i.test(raw) ? ok(false) : wrongType(raw, "must be 0, 1, True or False");
    case "code": {
      const value = readInteger(raw);
      return value === null
        ? wrongType(raw, "must be a whole number")
        : ok(codes[kind.codes].words.get(value) ?? value);
    }
    case "list": {
      const items = raw.split("%");
      if (items.some((item) => item.length > kind.max)) return tooLong(kind.max);
      return items.includes("") ? wrongType(raw, "must be values with one % between them") : ok(items);
    }
    case "flags":
      if (!/^[YN](?:%[YN])*$/i.test(raw)) return wrongType(raw, "must be Y or N with % between them");
      return ok(raw.split("%").map((flag) => flag.toUpperCase() === "Y"));
    case "phone":
      return wrongType(raw, "must be an element with the number's parts");
  }
}

/** A whole number that a program can hold exactly, else `null`. */
export function readInteger(raw: string): number | null {
  if (raw.length > 64 || !/^\s*[+-]?\d+\s*$/.test(raw)) return null;
  const value = Number(raw) + 0; // The sum turns -0 into 0.
  return Number.isSafeInteger(value) ? value : null;
}

/** Text may be blanks alone; a call that has no name yet is called `null` (protocol section 5, row 6). */
function isEmpty(raw: string, { kind }: FieldKind): boolean {
  if (raw === "") return true;
  if (kind === "text") return false;
  return (raw.charCodeAt(0) <= 32 && raw.trim() === "") || (kind === "call-id" && /^null$/i.test(raw));
}

function isWithin(raw: string, { max, unit }: FieldKind & { kind: "text" }): boolean {
  if (unit === "bytes")
    return raw.length <= max && (raw.length * 3 <= max || new TextEncoder().encode(raw).length <= max);
  return raw.length <= max || (raw.length <= 2 * max && [...raw].length <= max);
}

function tooLong(max: number): { ok: false; error: ValueFault } {
  return err({ result: "too-long", detail: `is longer than ${max}` });
}

function wrongType(raw: string, rule: string): { ok: false; error: ValueFault } {
  return err({ result: "wrong-type", detail: `is "${raw.slice(0, 40)}", ${rule}` });
}
