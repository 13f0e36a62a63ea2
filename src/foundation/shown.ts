import * as v from "valibot";
import { isRecord } from "./record.ts";

/**
 * Who may read a value. `open`: all who may read what it is a part of. `personal`: those who may read numbers and names of people.
 * `secret`: nobody, since it lets somebody in or speaks for somebody. `address`: as `open`, but for user, password and query.
 */
export type Mark = "open" | "personal" | "secret" | "address";

/** Masks a personal number or name for display. */
export type Person = (text: string) => string;

/** A copy of a value as it may be read. A part that nobody has judged is not in it. */
export type Show<Value = unknown> = (value: Value, person: Person) => Value;

/** Marks a schema; the mark of a list or an object counts for all that is in it. */
export const open = mark("open");
export const personal = mark("personal");
export const secret = mark("secret");
export const address = mark("address");

function mark(shown: Mark) {
  return <Schema extends v.GenericSchema>(schema: Schema): Schema => ({ ...schema, shown });
}

export function isPersonal(schema: v.GenericSchema | undefined): boolean {
  return (schema as Partial<SchemaParts> | undefined)?.shown === "personal";
}

export function shownBy<Value>(shown: (value: Value, person: Person) => Value) {
  return (schema: v.GenericSchema<Value>): v.GenericSchema<Value> => ({ ...schema, shown }) as v.GenericSchema<Value>;
}

export const secretText = "(secret)";

/** Only its last two characters, so that a reader can tell two apart. */
export function masked(text: string): string {
  if (text.length <= 2) return text === "" ? "" : "**";
  return `${"*".repeat(Math.min(text.length, 12) - 2)}${text.slice(-2)}`;
}

export const persons = { full: (text) => text, masked, none: () => "" } as const satisfies Record<string, Person>;

/** A secret stays one where somebody has keyed it as a name. */
export function exceptSecrets(person: Person, isSecret: (text: string) => boolean): Person {
  return (text) => (isSecret(text) ? secretText : person(text));
}

/** Shows what passes this schema. Words that a schema lists itself are open. */
export function showOf<Schema extends v.GenericSchema>(schema: Schema): Show<v.InferOutput<Schema>> {
  let show: Show | null = null;
  return (value, person) => {
    show ??= showOfSchema(schema);
    return show(value, person) as v.InferOutput<Schema>;
  };
}

/** Shows objects of a type that no schema describes, by the marks of its fields; of a list, each object in it. */
export function showFields<Value extends object>(
  marks: {
    readonly [Name in FieldOf<Value>]: MarkOf<NonNullable<PartOf<Value, Name>>>;
  },
): Show<Value> {
  const shows = Object.entries<Mark | ShowPart>(marks).map(
    ([name, by]) => [name, (typeof by === "string" ? showByMark[by] : by) as Show] as const,
  );
  return showByName(new Map(shows)) as Show<Value>;
}

type FieldOf<Value> = Value extends unknown ? keyof Value : never;
type PartOf<Value, Name> = Value extends unknown ? (Name extends keyof Value ? Value[Name] : never) : never;
type Plain = string | number | boolean;
/** An object has marks of its own: a field that is new in it is judged, too. */
type MarkOf<Part> =
  | ShowPart
  | ([Part] extends [Plain | readonly Plain[] | Readonly<Record<string, Plain>>] ? Mark : "personal" | "secret");
type ShowPart = (value: never, person: Person) => unknown;

const showByMark: Readonly<Record<Mark, Show>> = {
  open: (value) => value,
  personal: (value, person) => {
    if (isRecord(value) && typeof value.local === "string") return shownPhone(value, person);
    return eachText(value, person);
  },
  secret: (value) => (value === null || value === undefined || value === "" ? value : secretText),
  address: (value) => eachText(value, withoutQuery),
};

const nothing: Show = () => undefined;

function showOfSchema(schema: v.GenericSchema): Show {
  const { shown, type, ...parts } = schema as v.GenericSchema & SchemaParts;
  if (shown) return typeof shown === "string" ? showByMark[shown] : (shown as Show);
  switch (type) {
    case "literal":
    case "picklist":
      return showByMark.open;
    case "object":
    case "strict_object":
      return showByName(new Map(Object.entries(parts.entries).map(([name, part]) => [name, showOfSchema(part)])));
    case "array":
      return showEach(showOfSchema(parts.item));
    case "record":
      return showValues(showOfSchema(parts.value));
    case "nullable":
    case "nullish":
    case "optional":
    case "exact_optional":
      return showUnlessNull(showOfSchema(parts.wrapped));
    case "variant":
      return showVariant(parts.key, parts.options);
    case "union":
      return showFirst(parts.options.map((option) => ({ option, show: showOfSchema(option) })));
    default:
      return nothing;
  }
}

interface SchemaParts {
  readonly shown?: Mark | ShowPart;
  readonly entries: Readonly<Record<string, v.GenericSchema>>;
  readonly item: v.GenericSchema;
  readonly value: v.GenericSchema;
  readonly wrapped: v.GenericSchema;
  readonly options: readonly v.GenericSchema[];
  readonly key: string;
  readonly literal: unknown;
}

function showByName(shows: ReadonlyMap<string, Show>): Show {
  const show: Show = (value, person) => {
    if (Array.isArray(value)) return value.map((one) => show(one, person));
    if (!isRecord(value)) return value === null ? null : undefined;
    const entries = Object.entries(value).map(([name, part]) => [name, shows.get(name)?.(part, person)] as const);
    return Object.fromEntries(entries.filter(([, part]) => part !== undefined));
  };
  return show;
}

function showEach(show: Show): Show {
  return (value, person) => (Array.isArray(value) ? value.map((one) => show(one, person)) : undefined);
}

function showValues(show: Show): Show {
  return (value, person) => {
    if (!isRecord(value)) return undefined;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, show(part, person)]));
  };
}

function showUnlessNull(show: Show): Show {
  return (value, person) => (value === null ? null : show(value, person));
}

function showFirst(options: readonly { readonly option: v.GenericSchema; readonly show: Show }[]): Show {
  return (value, person) => options.find(({ option }) => v.is(option, value))?.show(value, person);
}

/** A variant is known by its key alone: another version may have written the rest. */
function showVariant(key: string, options: readonly v.GenericSchema[]): Show {
  const shows = new Map(
    options.flatMap((option) => {
      const show = showOfSchema(option);
      return wordsOf((option as v.GenericSchema & SchemaParts).entries[key]).map((word) => [word, show] as const);
    }),
  );
  return (value, person) => (isRecord(value) ? shows.get(value[key])?.(value, person) : undefined);
}

function wordsOf(schema: v.GenericSchema | undefined): readonly unknown[] {
  if (!schema) return [];
  const { type, literal, options } = schema as v.GenericSchema & SchemaParts;
  return type === "literal" ? [literal] : options;
}

function eachText(value: unknown, shown: (text: string) => string): unknown {
  if (typeof value === "string") return shown(value);
  if (Array.isArray(value)) return value.map((one) => eachText(one, shown));
  return value === null ? null : undefined;
}

/** Of a number that is masked, the last part alone shows its last two characters. */
function shownPhone(phone: Readonly<Record<string, unknown>>, person: Person): unknown {
  const parts = ["country", "area", "local", "extension"].map((name) => [name, String(phone[name] ?? "")] as const);
  const last = parts.findLastIndex(([, text]) => text !== "");
  return Object.fromEntries(
    parts.map(([name, text], index) => {
      const shown = person(text);
      return [name, index < last && shown === masked(text) ? "*".repeat(text.length) : shown];
    }),
  );
}

/** An address without user, password and query. */
export function withoutQuery(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/?#]*@/i, "$1").replace(/[?#].*$/s, "?…");
}
