import type { Source } from "../source.ts";

/** The form of a value. What the sources do not tell is no limit here: WebEx itself refuses more than this table does. */
export type ArgumentKind =
  /** `max` counts characters. */
  | { readonly kind: "text"; readonly max?: number }
  /** Text that never stands in a link: a log, a history or a Referer would keep it. */
  | { readonly kind: "secret"; readonly max?: number }
  | { readonly kind: "whole-number"; readonly min: number; readonly max?: number }
  /** Written as `1` and `0`. */
  | { readonly kind: "yes-no" }
  /** The number of a meeting: digits alone. */
  | { readonly kind: "meeting-key" }
  /** The page to which WebEx sends the browser with the result. */
  | { readonly kind: "back-url" }
  /** `GoBack`, or a page of the site itself. */
  | { readonly kind: "page-of-site" };

export interface Argument<
  Kind extends ArgumentKind = ArgumentKind,
  Need extends "required" | "optional" = "required" | "optional",
> {
  readonly need: Need;
  readonly kind: Kind;
  readonly means: string;
  readonly source: Source;
  /** Of a numbered argument (`TC#` stands for TC1, TC2 …): its last number; without it there is no known end. */
  readonly most?: number;
}

type More = Pick<Argument, "most">;

/** An argument without which the command is not sent. */
export function needed<const Kind extends ArgumentKind>(
  kind: Kind,
  means: string,
  source: Source = "schema",
): Argument<Kind, "required"> {
  return { need: "required", kind, means, source };
}

export function optional<const Kind extends ArgumentKind>(
  kind: Kind,
  means: string,
  source: Source = "schema",
  more: More = {},
): Argument<Kind, "optional"> {
  return { need: "optional", kind, means, source, ...more };
}

export const text = { kind: "text" } as const;
export const secret = { kind: "secret" } as const;
export const yesNo = { kind: "yes-no" } as const;
export const meetingKey = { kind: "meeting-key" } as const;
export const count = { kind: "whole-number", min: 0 } as const;
export const year = { kind: "whole-number", min: 1, max: 9_999 } as const;
export const month = { kind: "whole-number", min: 1, max: 12 } as const;
export const day = { kind: "whole-number", min: 1, max: 31 } as const;
export const hour = { kind: "whole-number", min: 0, max: 23 } as const;
export const minute = { kind: "whole-number", min: 0, max: 59 } as const;

type ArgumentTable = Readonly<Record<string, Argument>>;

type ValueOf<Kind extends ArgumentKind> = Kind extends { kind: "whole-number" }
  ? number
  : Kind extends { kind: "yes-no" }
    ? boolean
    : string;

/** `TC#` is given as TC1, TC2 … */
type NameOf<Name> = Name extends `${infer Begin}#` ? `${Begin}${number}` : Name;

/** What the arguments of a table look like to a caller; `undefined` is as good as absent. */
export type ValuesOf<Table extends ArgumentTable> = {
  readonly [Name in keyof Table as Table[Name]["need"] extends "required" ? NameOf<Name> : never]: ValueOf<
    Table[Name]["kind"]
  >;
} & {
  readonly [Name in keyof Table as Table[Name]["need"] extends "required" ? never : NameOf<Name>]?:
    | ValueOf<Table[Name]["kind"]>
    | undefined;
};

/** The same as it is read back: text, but for whole numbers and yes or no. */
export type ReadValue = string | number | boolean;

/** The table's name for an argument (`TC#` for TC2) and its number; `undefined` if the table has none. */
export function entryFor(
  table: ArgumentTable,
  name: string,
): { readonly entry: string; readonly number: number; readonly argument: Argument } | undefined {
  const plain = Object.hasOwn(table, name) ? table[name] : undefined;
  if (plain !== undefined && !name.includes("#")) return { entry: name, number: 0, argument: plain };
  const [, begin, digits] = /^([A-Za-z]+)([1-9]\d{0,3})$/.exec(name) ?? [];
  const entry = `${begin}#`;
  const numbered = Object.hasOwn(table, entry) ? table[entry] : undefined;
  return numbered && { entry, number: Number(digits), argument: numbered };
}
