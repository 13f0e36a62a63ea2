import type { ConfKey, ExtCallId, ExtConfId, MsgId, PhoneNumber, SubConfId, WebexHost } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import type { CodeLists, Codes, ResultWord } from "./protocol-table.ts";
import { childrenNamed, escapeXml, isXmlText, readInteger, type XmlElement } from "./xml.ts";

/** The kind of value that a field holds on the wire; its type, its check and its text form follow from it. */
export type FieldKind =
  /** Opaque identifier: no blank at its ends, no `%`. */
  | { readonly kind: "conf-key" | "ext-conf-id"; readonly max: number }
  /** Opaque identifier; no document says what it may hold. */
  | { readonly kind: "sub-conf-id"; readonly max: number }
  /** 1 to 32 of digits, letters, `-`, `_` (protocol T30). */
  | { readonly kind: "msg-id" }
  /** The id of a call, without `%`; the text `null`, empty and absent all mean "none yet" (protocol section 5, row 6). */
  | { readonly kind: "call-id"; readonly max: number }
  | { readonly kind: "host"; readonly max: number }
  /** `max` counts characters, or the bytes of its UTF-8 form. */
  | { readonly kind: "text"; readonly max: number; readonly unit?: "bytes" }
  /** What callers key, with or without the `#` behind it: letters are read as their digits on a keypad (protocol 2.2.1, 4.18). */
  | { readonly kind: "keyed"; readonly max: number }
  | { readonly kind: "integer"; readonly min: number }
  /** Read in every form; written as `0` and `1`, or as `False` and `True`. */
  | { readonly kind: "boolean"; readonly written: "digit" | "word" }
  /** A number on the wire, a word of this list in our messages; a number without a word stays a number (protocol T25). */
  | {
      readonly kind: "code";
      readonly codes: keyof Codes;
      /** Who reads it asks only whether it is this word. */
      readonly asks?: string;
    }
  /** Values joined by `%` in one attribute. */
  | { readonly kind: "list"; readonly max: number }
  /** `Y` or `N` joined by `%`. */
  | { readonly kind: "flags" }
  /** The child element PhoneNum with its own children. */
  | { readonly kind: "phone" };

export interface Field<
  Kind extends FieldKind = FieldKind,
  Need extends "required" | "optional" = "required" | "optional",
> {
  readonly wire: string;
  readonly need: Need;
  readonly kind: Kind;
  /** Other accepted spellings of the name. */
  readonly aliases?: readonly string[];
  /** Written where there is no value; without it the attribute is left out. */
  readonly absent?: string;
  /**
   * The message matters more than this value; so does it where no public document has the attribute, which then is a guess.
   * Read or written, a text of more than `max` characters is cut, or left out where a part of it would be another number.
   * What is no value of its kind is left out, with a note. A character that XML does not have is written as U+FFFD. In any other
   * field such a value refuses the document that is read (protocol T27), and makes the message that is written unwritable.
   */
  readonly repaired?: "cut" | "left-out";
  /** Its name is a guess: a message without it is confirmed, with a note of the attributes that it does have. */
  readonly noted?: true;
  /** Makes an optional field required if an earlier field of the message has one of these values. */
  readonly requiredWhen?: { readonly field: string; readonly is: readonly unknown[] };
}

type More = Pick<Field, "aliases" | "absent" | "repaired" | "noted" | "requiredWhen">;

interface Values {
  "msg-id": MsgId;
  "conf-key": ConfKey;
  "ext-conf-id": ExtConfId;
  "sub-conf-id": SubConfId;
  "call-id": ExtCallId;
  host: WebexHost;
  text: string;
  keyed: string;
  integer: number;
  boolean: boolean;
  list: readonly string[];
  flags: readonly boolean[];
  phone: PhoneNumber;
}

type ValueOf<Kind extends FieldKind> = Kind extends { kind: "code"; codes: infer List extends keyof Codes }
  ? keyof Codes[List] | number
  : Values[Exclude<Kind["kind"], "code">];

export type FieldsOf<Fields extends Readonly<Record<string, Field>>> = {
  readonly [Name in keyof Fields as Fields[Name]["need"] extends "required" ? Name : never]: ValueOf<
    Fields[Name]["kind"]
  >;
} & {
  readonly [Name in keyof Fields as Fields[Name]["need"] extends "required" ? never : Name]?: ValueOf<
    Fields[Name]["kind"]
  >;
};

export function required<const Kind extends FieldKind>(
  wire: string,
  kind: Kind,
  more: More = {},
): Field<Kind, "required"> {
  return { wire, need: "required", kind, ...more };
}

export function optional<const Kind extends FieldKind>(
  wire: string,
  kind: Kind,
  more: More = {},
): Field<Kind, "optional"> {
  return { wire, need: "optional", kind, ...more };
}

/** Whether a message without this field is refused; fields that it depends on come before it. */
export function isNeeded({ need, requiredWhen }: Field, message: Readonly<Record<string, unknown>>): boolean {
  return need === "required" || requiredWhen?.is.includes(message[requiredWhen.field]) === true;
}

/** Why a value refuses its document: the code for the Confirmation, and the same in words that follow the field's name. */
export interface ValueFault {
  readonly result: ResultWord;
  readonly detail: string;
}

/** Whether the text has the form of a TransID or MsgID: 1 to 32 of digits, letters, `-` and `_` (protocol T30, section 5, row 8). */
export function isId(text: string): boolean {
  return /^[\w-]{1,32}$/.test(text);
}

const hostOrUrl = /^(?:https?:\/\/)?(?:[\w.-]+|(\[[\da-f:.]+\]))(?::(\d{1,5}))?(?:\/\S*)?$/i;

/** `host:port` or a URL (protocol T15); an address of IPv6 stands in brackets. */
function isHost(text: string): boolean {
  const [match, address, port] = hostOrUrl.exec(text) ?? [];
  if (match === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return false;
  return address === undefined || URL.canParse(`http://${address}`);
}

/** The value of a field's attribute; `undefined` if there is none, or none that can be read and is needed. */
export function readField(
  raw: string,
  { kind, repaired }: Field,
  codes: CodeLists,
  note: (text: string) => void,
): Result<unknown, ValueFault> {
  const read = readValue(raw, kind, codes, note);
  if (read.ok || !repaired) return read;
  const value = repair(raw, kind, repaired, read.error);
  note(`${read.error.detail} and was ${value === undefined ? "left out" : "cut"}`);
  return ok(value);
}

function repair(
  text: string,
  kind: FieldKind,
  repaired: "cut" | "left-out",
  { result }: ValueFault,
): string | undefined {
  if (repaired === "left-out" || result !== "too-long" || !("max" in kind)) return undefined;
  return [...text].slice(0, kind.max).join("");
}

/** The value of an attribute; `undefined` if the attribute says that there is none. `note` is told what was read for another. */
export function readValue(
  raw: string,
  kind: FieldKind,
  codes: CodeLists,
  note: (text: string) => void = () => {},
): Result<unknown, ValueFault> {
  if (isEmpty(raw, kind)) return ok(undefined);
  switch (kind.kind) {
    case "msg-id":
      if (isId(raw)) return ok(raw);
      return raw.length > 32 ? tooLong(32) : wrongType(raw, "must be digits, letters, - and _");
    case "sub-conf-id":
      return raw.length > kind.max ? tooLong(kind.max) : ok(raw);
    case "conf-key":
    case "ext-conf-id":
    case "call-id":
      if (raw.length > kind.max) return tooLong(kind.max);
      return raw.includes("%") || raw.trim() !== raw
        ? wrongType(raw, "must have no % and no blank at its ends")
        : ok(raw);
    case "host": {
      const host = raw.trim();
      if (host.length > kind.max) return tooLong(kind.max);
      return isHost(host) ? ok(host) : wrongType(host, "must be host:port");
    }
    case "text":
      return isWithin(raw, kind) ? ok(raw) : tooLong(kind.max);
    case "keyed":
      if (raw.length > kind.max) return tooLong(kind.max);
      return ok(/^\d+$/.test(raw) ? raw : readKeyed(raw, note));
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

/** The value as escaped text for an attribute, empty if there is none to write, or why it has none that its receiver accepts. */
export function writeValue(
  value: unknown,
  { kind, repaired }: Field,
  codes: CodeLists,
  note: (text: string) => void,
): Result<string, string> {
  const text = textOf(value, kind, codes);
  if (text === undefined) return err(`is ${JSON.stringify(value)}, which is no ${kind.kind} of the protocol`);
  if (!repaired && !isXmlText(text)) return err("has a character that XML does not have");
  const read = readValue(text, kind, codes);
  if (read.ok) return ok(read.value === undefined ? "" : escapeXml(text));
  if (!repaired) return err(read.error.detail);
  const part = repair(text, kind, repaired, read.error);
  note(`${read.error.detail} and was ${part === undefined ? "left out" : "cut"}`);
  return ok(escapeXml(part ?? ""));
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
      return Array.isArray(value) && value.every((item) => typeof item === "string" && !item.includes("%"))
        ? value.join("%")
        : undefined;
    case "flags":
      return Array.isArray(value) ? value.map((flag) => (flag ? "Y" : "N")).join("%") : undefined;
    default:
      return typeof value === "string" ? value : undefined;
  }
}

function wholeNumber(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

const separators = /[\s()./\u2010-\u2015-]/g;

const keysOfLetters = ["abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"];

function withoutSigns(text: string, isCountry: boolean): string {
  const plain = text.replace(separators, "");
  return isCountry ? plain.replace(/^\+/, "") : plain;
}

/** The digits that a caller keys for this text; `undefined` if there are none. The text is an access code, and so in no note. */
function readKeyed(raw: string, note: (text: string) => void): string | undefined {
  const keyed = raw
    .replace(separators, "")
    .replace(/#$/, "")
    .toLowerCase()
    .replace(/[a-z]/g, (letter) => String(2 + keysOfLetters.findIndex((letters) => letters.includes(letter))));
  if (/^\d+$/.test(keyed)) {
    note("is read as the digits that its letters have on a keypad, without signs between them");
    return keyed;
  }
  note("is ignored: it has characters that nobody can key");
  return undefined;
}

/** The children of PhoneNum in the order in which they are written (protocol 2.2.4). */
const phoneParts = [
  { part: "country", wire: "CountryCode", required: true },
  { part: "area", wire: "AreaCode", required: false },
  { part: "local", wire: "LocalNumber", required: true },
  { part: "extension", wire: "Extension", required: false },
] as const;

/** Of a part of a number. No number has a part that is as long: what is cut cannot be dialled, and the rest of it neither. */
const MAX_PART = 64;
const plainDigits = /^\d*$/;

/**
 * The telephone number in a message's child of this name; `undefined` if there is no such child. A `+` before the country and
 * signs between digits are left out (protocol 2.2.4). Whether it can be dialled is not a matter of form (protocol T27).
 */
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
    const text = child?.text.trim() ?? "";
    const digits = plainDigits.test(text) ? text : withoutSigns(text, name === "CountryCode");
    if (others.length > 0) return err({ result: "wrong-type", detail: `has several ${name}` });
    if (required && digits === "") return err({ result: "attribute-missing", detail: `has no ${name}` });
    if (!plainDigits.test(digits)) notes.push(`${wire}: ${name} has characters that nobody can dial`);
    else if (digits !== text) notes.push(`${wire}: ${name} is read as its digits alone`);
    number[part] = digits.slice(0, MAX_PART).toWellFormed();
  }
  return ok(number);
}

export function writePhone(number: PhoneNumber, wire: string): Result<string, string> {
  let parts = "";
  for (const { part, wire: name, required } of phoneParts) {
    const digits = number[part];
    if (digits === "" && !required) continue;
    if (withoutSigns(digits.trim(), part === "country") === "") return err(`has no ${name}`);
    if (digits.length > MAX_PART) return err(`has a ${name} longer than ${MAX_PART}`);
    if (!isXmlText(digits)) return err(`has a ${name} with a character that XML does not have`);
    parts += `<${name}>${escapeXml(digits)}</${name}>`;
  }
  return ok(`<${wire}>${parts}</${wire}>`);
}

/** Only text may be blanks, or `null`: elsewhere programs write so that there is no value (protocol section 5, row 6). */
function isEmpty(raw: string, { kind }: FieldKind): boolean {
  if (raw === "" || kind === "text") return raw === "";
  const value = raw.trim();
  return value === "" || (value.length === 4 && value.toLowerCase() === "null");
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
