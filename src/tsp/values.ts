import type { PhoneNumber } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import type { Field, FieldKind } from "./fields.ts";
import type { ResultWord } from "./protocol-table.ts";
import type { CodeLists } from "./vocabulary.ts";
import { childrenNamed, escapeXml, isXmlText, type XmlElement } from "./xml.ts";

/*
 * The values of fields, from text and to text, kind by kind.
 */

/** Why a value refuses its document: the code for the Confirmation, and the same in words that follow the field's name. */
export interface ValueFault {
  readonly result: ResultWord;
  readonly detail: string;
}

/** Whether the text has the form of a TransID or MsgID: 1 to 32 of digits, letters, `-` and `_` (protocol T30, section 5, row 8). */
export function isId(text: string): boolean {
  return /^[\w-]{1,32}$/.test(text);
}

const hostOrUrl = /^(?:https?:\/\/)?(?:[\w.-]+|(\[[\dA-Fa-f:.]+\]))(?::(\d{1,5}))?(?:\/\S*)?$/;

/** `host:port` or a URL (protocol T15); an address of IPv6 stands in brackets. */
function isHost(text: string): boolean {
  const [match, address, port] = hostOrUrl.exec(text) ?? [];
  if (match === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return false;
  return address === undefined || URL.canParse(`http://${address}`);
}

/** The value of an attribute; `undefined` if the attribute says that there is none. */
export function readValue(raw: string, kind: FieldKind, codes: CodeLists): Result<unknown, ValueFault> {
  if (isEmpty(raw, kind)) return ok(undefined);
  switch (kind.kind) {
    case "msg-id":
      if (isId(raw)) return ok(raw);
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
      return isHost(raw) ? ok(raw) : wrongType(raw, "must be host:port");
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

/** The value as escaped text for an attribute, or why it has none. */
export function writeValue(value: unknown, { kind, repaired }: Field, codes: CodeLists): Result<string, string> {
  const text = textOf(value, kind, codes);
  if (text === undefined) return err(`is ${JSON.stringify(value)}, which is no ${kind.kind} of the protocol`);
  if (!repaired && !isXmlText(text)) return err("has a character that XML does not have");
  return ok(escapeXml(text));
}

function textOf(value: unknown, kind: FieldKind, codes: CodeLists): string | undefined {
  switch (kind.kind) {
    case "code":
      return typeof value === "string" ? codes[kind.codes].numbers.get(value)?.toString() : wholeNumber(value);
    case "integer":
      return wholeNumber(value);
    case "boolean":
      if (typeof value !== "boolean") return undefined;
      return kind.written === "word" ? (value ? "True" : "False") : value ? "1" : "0";
    case "list":
      return Array.isArray(value) && value.every((item) => typeof item === "string") ? value.join("%") : undefined;
    case "flags":
      return Array.isArray(value) ? value.map((flag) => (flag ? "Y" : "N")).join("%") : undefined;
    default:
      return typeof value === "string" ? value : undefined;
  }
}

function wholeNumber(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** A whole number that a program can hold exactly, else `null`. */
export function readInteger(raw: string): number | null {
  if (raw.length > 64 || !/^\s*[+-]?\d+\s*$/.test(raw)) return null;
  const value = Number(raw) + 0; // The sum turns -0 into 0.
  return Number.isSafeInteger(value) ? value : null;
}

/** The children of PhoneNum in the order in which they are written (protocol 2.2.4). */
const phoneParts = [
  { part: "country", wire: "CountryCode", required: true },
  { part: "area", wire: "AreaCode", required: false },
  { part: "local", wire: "LocalNumber", required: true },
  { part: "extension", wire: "Extension", required: false },
] as const;

const maxDigits = 64;

/** The telephone number in a message's child of this name; `undefined` if there is no such child. */
export function readPhone(
  message: XmlElement,
  wire: string,
  notes: string[],
): Result<PhoneNumber | undefined, ValueFault> {
  const [phone, ...more] = childrenNamed(message, wire, notes);
  if (!phone) return ok(undefined);
  if (more.length > 0) return err({ result: "wrong-type", detail: "must stand once" });

  const number = { country: "", area: "", local: "", extension: "" };
  for (const { part, wire: name, required } of phoneParts) {
    const [child, ...others] = childrenNamed(phone, name, notes);
    const digits = child?.text.trim() ?? "";
    if (others.length > 0) return err({ result: "wrong-type", detail: `has several ${name}` });
    if (required && digits === "") return err({ result: "attribute-missing", detail: `has no ${name}` });
    if (digits.length > maxDigits) return err({ result: "too-long", detail: `has a ${name} longer than ${maxDigits}` });
    if (!/^\d*$/.test(digits)) {
      return err({ result: "wrong-type", detail: `has the ${name} "${digits}", must be digits` });
    }
    number[part] = digits;
  }
  return ok(number);
}

export function writePhone(number: PhoneNumber, wire: string): string {
  const parts = phoneParts.map(({ part, wire: name, required }) =>
    required || number[part] !== "" ? `<${name}>${escapeXml(number[part])}</${name}>` : "",
  );
  return `<${wire}>${parts.join("")}</${wire}>`;
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
