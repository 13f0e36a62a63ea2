import { err, ok, type Result } from "../../doors/foundation.ts";
import type { Source } from "../source.ts";

/** `required`: must be given in a request. `always`: stands in every answer. An element without either may be left out. */
export type Need = "required" | "always";

/**
 * What an element of a request or an answer holds. The order of a group's fields is the order of
 * the schema, in which they are written; in an answer they are read in any order.
 */
export type Kind =
  /** At most `max` characters. */
  | { readonly kind: "text"; readonly max?: number; readonly need?: Need }
  /** A text that no fault and no log shows, such as a password. */
  | { readonly kind: "secret"; readonly max?: number; readonly need?: Need }
  /** A number that only names something, such as the key of a session: digits, as text, since the schema's `long` is longer than a number can hold. */
  | { readonly kind: "digits"; readonly need?: Need }
  | { readonly kind: "whole"; readonly min?: number; readonly max?: number; readonly need?: Need }
  | { readonly kind: "decimal"; readonly need?: Need }
  /** `only`: it may be true or absent. */
  | { readonly kind: "yes-or-no"; readonly only?: true; readonly need?: Need }
  /** Date and time in the time zone that stands beside it: `11/28/2026 10:10:00` on the wire, `2026-11-28T10:10:00` here. */
  | { readonly kind: "time"; readonly need?: Need }
  | { readonly kind: "one-of"; readonly values: readonly string[]; readonly need?: Need }
  /** `choice`: exactly one of its fields. `oneOrMore`: at least one of these. Both are checked in a request alone. */
  | {
      readonly kind: "group";
      readonly fields: Fields;
      readonly choice?: true;
      readonly oneOrMore?: readonly string[];
      readonly need?: Need;
    }
  /** The element repeated. */
  | { readonly kind: "list"; readonly of: Kind; readonly most?: number; readonly need?: Need }
  /** What no public document describes: any elements, unchecked; texts alone in an answer. */
  | { readonly kind: "open"; readonly need?: Need };

export type Fields = Readonly<Record<string, Kind>>;

/** A value of an element that no public document describes; a list is the element repeated. */
export type OpenValue = string | number | boolean | readonly OpenValue[] | { readonly [name: string]: OpenValue };

export type ValueOf<K extends Kind, N extends Need> = K extends { kind: "text" | "secret" | "digits" | "time" }
  ? string
  : K extends { kind: "whole" | "decimal" }
    ? number
    : K extends { kind: "yes-or-no" }
      ? K extends { only: true }
        ? true
        : boolean
      : K extends { kind: "one-of"; values: readonly (infer Word)[] }
        ? Word
        : K extends { kind: "group"; fields: infer Inner extends Fields }
          ? K extends { choice: true }
            ? ChoiceOf<Inner, N>
            : K extends { oneOrMore: readonly (infer Names)[] }
              ? WithOneOf<ValuesOf<Inner, N>, Names>
              : ValuesOf<Inner, N>
          : K extends { kind: "list"; of: infer Item extends Kind }
            ? readonly ValueOf<Item, N>[]
            : OpenValue;

/** One of the fields, and none of the others. */
type ChoiceOf<F extends Fields, N extends Need> = {
  [Chosen in keyof F]: { readonly [Name in Chosen]: ValueOf<F[Name], N> } & {
    readonly [Name in Exclude<keyof F, Chosen>]?: undefined;
  };
}[keyof F];

/** The values, with at least one of these names. */
export type WithOneOf<Values, Names> = Values &
  {
    [Given in Names & keyof Values]: { readonly [Name in Given]: NonNullable<Values[Name]> };
  }[Names & keyof Values];

type NamesThat<F extends Fields, N extends Need> = {
  [Name in keyof F]: F[Name] extends { need: N } ? Name : never;
}[keyof F];

/** The values of a table of fields, of a request (`required`) or of an answer (`always`). */
export type ValuesOf<F extends Fields, N extends Need> = {
  readonly [Name in NamesThat<F, N>]: ValueOf<F[Name], N>;
} & {
  readonly [Name in Exclude<keyof F, NamesThat<F, N>>]?: ValueOf<F[Name], N> | undefined;
};

/** The paths of a table, such as `telephony.callInNum.tollNum`; a list counts as one of its items. Five levels deep. */
export type PathOf<F extends Fields, Depth extends readonly unknown[] = []> = Depth["length"] extends 5
  ? never
  : {
      [Name in keyof F & string]:
        | Name
        | (FieldsWithin<F[Name]> extends infer Inner extends Fields
            ? `${Name}.${PathOf<Inner, readonly [...Depth, 0]>}`
            : never);
    }[keyof F & string];

type FieldsWithin<K extends Kind> = K extends { kind: "group"; fields: infer Inner extends Fields }
  ? Inner
  : K extends { kind: "list"; of: { kind: "group"; fields: infer Inner extends Fields } }
    ? Inner
    : never;

export const text = { kind: "text" } as const;
export const secret = { kind: "secret" } as const;
export const digits = { kind: "digits" } as const;
export const whole = { kind: "whole" } as const;
export const decimal = { kind: "decimal" } as const;
export const yesOrNo = { kind: "yes-or-no" } as const;
export const yes = { kind: "yes-or-no", only: true } as const;
export const time = { kind: "time" } as const;
export const open = { kind: "open" } as const;

export function textTo<const Max extends number>(max: Max) {
  return { kind: "text", max } as const;
}

export function secretTo<const Max extends number>(max: Max) {
  return { kind: "secret", max } as const;
}

/** A whole number from `min` on, and to `max`. */
export function wholeFrom(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return { kind: "whole", min, max } as const;
}

export function oneOf<const Values extends readonly string[]>(...values: Values) {
  return { kind: "one-of", values } as const;
}

export function group<const Inner extends Fields>(fields: Inner) {
  return { kind: "group", fields } as const;
}

/** Exactly one of these elements. */
export function choice<const Inner extends Fields>(fields: Inner) {
  return { kind: "group", fields, choice: true } as const;
}

/** Elements of which at least one of `names` is given. */
export function groupWith<const Inner extends Fields, const Names extends readonly (keyof Inner & string)[]>(
  oneOrMore: Names,
  fields: Inner,
) {
  return { kind: "group", fields, oneOrMore } as const;
}

export function list<const Item extends Kind>(of: Item) {
  return { kind: "list", of } as const;
}

/** A list of so many items at most. */
export function listTo<const Item extends Kind>(most: number, of: Item) {
  return { kind: "list", of, most } as const;
}

export function required<const K extends Kind>(kind: K): K & { readonly need: "required" } {
  return { ...kind, need: "required" };
}

export function always<const K extends Kind>(kind: K): K & { readonly need: "always" } {
  return { ...kind, need: "always" };
}

/** What an operation does; only `get` and `list` are repeated after a failure. */
export type OperationKind = "get" | "list" | "create" | "set" | "delete" | "other";

export type Service =
  | "user"
  | "session"
  | "meeting"
  | "training"
  | "event"
  | "sales"
  | "history"
  | "attendee"
  | "site"
  | "support"
  | "meeting-type";

/** An operation of the XML API. */
export interface Operation {
  readonly name: string;
  readonly service: Service;
  /** As on the wire after `java:com.webex.service.binding.`, such as `meeting.CreateMeeting`. */
  readonly binding: string;
  readonly source: Source;
  readonly kind: OperationKind;
  /** `"open"`: no public document describes the request, and it is written as it is given. */
  readonly request: Fields | "open";
  /** Of these the request has at least one. */
  readonly oneOrMore?: readonly string[];
  /** What is read of the answer; the rest is ignored. `"open"`: everything is read, as texts. */
  readonly response: Fields | "open";
  /** The element of the answer that repeats; of an operation of kind `list` that can be read in pages. */
  readonly items?: string;
}

export function operation<const O extends Operation>(entry: O): O {
  return entry;
}

/** The values of one side of an operation. */
export type SideOf<Side extends Fields | "open", N extends Need> = Side extends Fields ? ValuesOf<Side, N> : OpenFields;

export type OpenFields = { readonly [name: string]: OpenValue };

/** What an element must be, in words for help and documentation. */
export function sayKind(kind: Kind): string {
  switch (kind.kind) {
    case "text":
      return kind.max === undefined ? "text" : `text of at most ${kind.max} characters`;
    case "secret":
      return kind.max === undefined ? "secret text" : `secret text of at most ${kind.max} characters`;
    case "digits":
      return "digits, as text";
    case "whole":
      return `whole number${boundsOf(kind.min, kind.max)}`;
    case "decimal":
      return "number";
    case "yes-or-no":
      return kind.only ? "true" : "true or false";
    case "time":
      return "time, such as 2026-11-28T10:10:00";
    case "one-of":
      return `one of ${kind.values.join(", ")}`;
    case "group":
      return ["elements", ...sayChoice(kind)].join(": ");
    case "list":
      return `list${kind.most === undefined ? "" : ` of at most ${kind.most}`}, each: ${sayKind(kind.of)}`;
    case "open":
      return "any elements: no public document describes them";
  }
}

/** What of its elements a group or a request must have, beside those that are required. */
export function sayChoice({ choice, oneOrMore }: { readonly choice?: true; readonly oneOrMore?: readonly string[] }) {
  return choice ? ["exactly one of them"] : oneOrMore ? [`with ${oneOrMore.join(" or ")}`] : [];
}

/** The kinds that hold a single text on the wire. */
export type Leaf = Exclude<Kind, { kind: "group" | "list" | "open" }>;

const wireTime = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2}):(\d{2}))?$/;
/** Of the schema's `long`. */
const longest = 2n ** 63n - 1n;
const ourTime = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/;

/** The value of an element's text, or what it must be. */
export function readLeaf(raw: string, leaf: Leaf): Result<string | number | boolean, string> {
  const trimmed = raw.trim();
  switch (leaf.kind) {
    case "text":
    case "secret":
      return ok(raw);
    case "digits":
      return /^-?\d{1,64}$/.test(trimmed) ? ok(trimmed) : err("must be digits");
    case "whole": {
      const value = /^[+-]?\d{1,16}$/.test(trimmed) ? Number(trimmed) + 0 : Number.NaN;
      return Number.isSafeInteger(value) ? ok(value) : err("must be a whole number");
    }
    case "decimal":
      return /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(trimmed) && trimmed.length <= 64
        ? ok(Number(trimmed) + 0)
        : err("must be a number");
    case "yes-or-no":
      if (/^(?:true|1)$/i.test(trimmed)) return ok(true);
      return /^(?:false|0)$/i.test(trimmed) ? ok(false) : err("must be true or false");
    case "time": {
      const [match, month = "", day = "", year = "", hour = "0", minute = "00", second = "00"] =
        wireTime.exec(trimmed) ?? [];
      const value = `${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${second}`;
      return match !== undefined && isTime(value)
        ? ok(value)
        : err("must be a time that there is, like 11/28/2026 10:10:00");
    }
    case "one-of":
      return leaf.values.includes(trimmed) ? ok(trimmed) : err(`must be one of ${leaf.values.join(", ")}`);
  }
}

/** The text of a value on the wire, or what the value must be. */
export function writeLeaf(value: unknown, leaf: Leaf): Result<string, string> {
  switch (leaf.kind) {
    case "text":
    case "secret": {
      if (typeof value !== "string") return err("must be a text");
      if (!isXmlText(value)) return err("must have only characters that XML has");
      return leaf.max === undefined || [...value].length <= leaf.max
        ? ok(value)
        : err(`must have at most ${leaf.max} characters`);
    }
    case "digits": {
      // JSON may have them as a number, as long as it holds each digit.
      if (typeof value === "number" && value > Number.MAX_SAFE_INTEGER)
        return err("must be digits in quotation marks: a number of JSON does not hold so many");
      const written = typeof value === "number" ? String(value) : value;
      if (typeof written !== "string" || !/^\d+$/.test(written)) return err("must be digits, as text");
      return written.length <= 19 && BigInt(written) <= longest ? ok(written) : err(`must be at most ${longest}`);
    }
    case "whole": {
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = leaf;
      const fits = typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;
      return fits ? ok(String(value + 0)) : err(`must be a whole number${boundsOf(min, max)}`);
    }
    case "decimal": {
      const isPlain = typeof value === "number" && Number.isFinite(value) && !String(value).includes("e");
      return isPlain ? ok(String(value + 0)) : err("must be a number");
    }
    case "yes-or-no":
      if (leaf.only) return value === true ? ok("true") : err("must be true, or be left out");
      return typeof value === "boolean" ? ok(String(value)) : err("must be true or false");
    case "time": {
      const [, year, month, day, hour, minute, second] = typeof value === "string" ? (ourTime.exec(value) ?? []) : [];
      return year !== undefined && isTime(value as string)
        ? ok(`${month}/${day}/${year} ${hour}:${minute}:${second}`)
        : err("must be a time that there is, like 2026-11-28T10:10:00");
    }
    case "one-of":
      return typeof value === "string" && leaf.values.includes(value)
        ? ok(value)
        : err(`must be one of ${leaf.values.join(", ")}`);
  }
}

function boundsOf(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): string {
  if (min === Number.MIN_SAFE_INTEGER) return max === Number.MAX_SAFE_INTEGER ? "" : ` up to ${max}`;
  return max === Number.MAX_SAFE_INTEGER ? ` from ${min}` : ` from ${min} to ${max}`;
}

function two(part: string): string {
  return part.padStart(2, "0");
}

/** Whether the calendar has this day and the clock this time; an hour of 24 is none. */
function isTime(value: string): boolean {
  const at = Date.parse(`${value}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}

/** Whether XML 1.0 can carry each character. */
export function isXmlText(value: string): boolean {
  return value.isWellFormed() && !notInXml.test(value);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 does not have.
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
