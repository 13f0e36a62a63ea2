import type { ConfKey, ExtCallId, ExtConfId, MsgId, PhoneNumber, SubConfId, WebexHost } from "../foundation/ids.ts";
import type { Codes } from "./protocol-table.ts";

/** The kind of value that a field holds on the wire; its check, its text form and its type follow from it (values.ts). */
export type FieldKind =
  /** Opaque identifier: no blank at its ends, no `%`. */
  | { readonly kind: "conf-key" | "ext-conf-id" | "sub-conf-id"; readonly max: number }
  /** 1 to 32 of digits, letters, `-`, `_` (protocol T30). */
  | { readonly kind: "msg-id" }
  /** The id of a call, without `%`; the text `null`, empty and absent all mean "none yet" (protocol section 5, row 6). */
  | { readonly kind: "call-id"; readonly max: number }
  /** `host:port`. */
  | { readonly kind: "host"; readonly max: number }
  /** `max` counts characters, or the bytes of its UTF-8 form. */
  | { readonly kind: "text"; readonly max: number; readonly unit?: "bytes" }
  | { readonly kind: "digits"; readonly max: number }
  | { readonly kind: "integer"; readonly min: number }
  /** Read in every form; written as `0` and `1`, or as `False` and `True`. */
  | { readonly kind: "boolean"; readonly written: "digit" | "word" }
  /** A number on the wire, a word of this list in our messages; a number without a word stays a number (protocol T25). */
  | { readonly kind: "code"; readonly codes: keyof Codes }
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
  /** Other spellings of the name that are read; the answer uses the spelling of its request. */
  readonly aliases?: readonly string[];
  /** Written where there is no value; without it the attribute is left out. */
  readonly absent?: string;
  /**
   * A character that XML does not have is written as U+FFFD, since the message matters more than this text. In any other
   * field such a character makes the message unwritable: other bytes than were meant are not sent.
   */
  readonly repaired?: true;
  /** Makes an optional field required if an earlier field of the message has this value. */
  readonly requiredWhen?: { readonly field: string; readonly is: string };
}

type More = Pick<Field, "aliases" | "absent" | "repaired" | "requiredWhen">;

interface Values {
  "msg-id": MsgId;
  "conf-key": ConfKey;
  "ext-conf-id": ExtConfId;
  "sub-conf-id": SubConfId;
  "call-id": ExtCallId;
  host: WebexHost;
  text: string;
  digits: string;
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
