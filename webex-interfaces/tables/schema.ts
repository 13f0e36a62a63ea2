/**
 * The content of an element. Fields of a group are written in the order of WebEx's schema, and read in any order.
 * `need`: a request must have it, and WebEx always sends it in an answer.
 */
export type Kind =
  /** Text of at most `max` characters. */
  | { readonly is: "text" | "secret"; readonly max?: number; readonly need?: true }
  /** `digits`: a number that is an id. It is a text, because JavaScript numbers cannot hold the schema's `long`. */
  | { readonly is: "digits" | "decimal" | "flag"; readonly need?: true }
  /** Date and time in the time zone next to it: `11/28/2026 10:10:00` on the wire, `2026-11-28T10:10:00` here. */
  | { readonly is: "time"; readonly need?: true }
  | { readonly is: "whole"; readonly min?: number; readonly max?: number; readonly need?: true }
  | { readonly is: "word"; readonly of: readonly string[]; readonly need?: true }
  /** `anyOf`: at least one of these fields. `prefix`: the namespace of its fields, if it is not the service's own. */
  | {
      readonly is: "group";
      readonly of: Fields;
      readonly anyOf?: readonly string[];
      readonly prefix?: Prefix;
      readonly need?: true;
    }
  /** The element repeated, at most `max` times. */
  | { readonly is: "list"; readonly of: Kind; readonly max?: number; readonly need?: true }
  /** Any elements, because no public document describes them. */
  | { readonly is: "open"; readonly need?: true };

export type Fields = Readonly<Record<string, Kind>>;

export type Group = Extract<Kind, { is: "group" }>;

export type OpenValue = string | number | boolean | readonly OpenValue[] | { readonly [name: string]: OpenValue };

/** Splits at spaces. Tail recursion lets the compiler handle more than 50 words. */
type Words<S extends string, Before = never> = S extends `${infer A} ${infer B}` ? Words<B, Before | A> : Before | S;

export type WordsOf<S extends readonly string[]> = S extends readonly [
  infer A extends string,
  ...infer B extends string[],
]
  ? Words<A> | WordsOf<B>
  : never;

type Leaf<K> = K extends { is: "flag" }
  ? boolean
  : K extends { is: "whole" | "decimal" }
    ? number
    : K extends { is: "word"; of: readonly (infer W)[] }
      ? W
      : K extends { is: "open" }
        ? OpenValue
        : string;

type Needed<F> = { [N in keyof F]: F[N] extends { need: true } ? N : never }[keyof F];

type ValueOf<K> = K extends { is: "group"; of: infer F }
  ? ValuesOf<F>
  : K extends { is: "list"; of: infer I }
    ? readonly ValueOf<I>[]
    : Leaf<K>;

/** Values of a request. */
export type ValuesOf<F> = { readonly [N in Needed<F>]: ValueOf<F[N]> } & {
  readonly [N in Exclude<keyof F, Needed<F>>]?: ValueOf<F[N]> | undefined;
};

type ReadValueOf<K> = K extends { is: "group"; of: infer F }
  ? { readonly [N in keyof F]?: ReadValueOf<F[N]> | undefined }
  : K extends { is: "list"; of: infer I }
    ? readonly ReadValueOf<I>[]
    : Leaf<K>;

/** Values of an answer. Only the required fields of its first level are certain, because sites leave out others. */
export type AnswerOf<F> = { readonly [N in Needed<F>]: ReadValueOf<F[N]> } & {
  readonly [N in Exclude<keyof F, Needed<F>>]?: ReadValueOf<F[N]> | undefined;
};

type Inner<K> = K extends { is: "group"; of: infer F extends Fields }
  ? F
  : K extends { is: "list"; of: { is: "group"; of: infer F extends Fields } }
    ? F
    : never;

/** Paths of fields, such as `telephony.callInNum.tollNum`, up to five levels. A list counts as one item. */
export type PathOf<F extends Fields, Depth extends readonly 0[] = []> = Depth["length"] extends 5
  ? never
  : {
      [N in keyof F & string]:
        | N
        | ([Inner<F[N]>] extends [never] ? never : `${N}.${PathOf<Inner<F[N]>, readonly [...Depth, 0]>}`);
    }[keyof F & string];

export const text = { is: "text" } as const;
export const secret = { is: "secret" } as const;
export const digits = { is: "digits" } as const;
export const decimal = { is: "decimal" } as const;
export const flag = { is: "flag" } as const;
export const time = { is: "time" } as const;
export const whole = { is: "whole" } as const;
export const open = { is: "open" } as const;

/** Fields of one kind. */
export function each<const S extends string, const K extends Kind>(names: S, kind: K) {
  return Object.fromEntries(names.split(" ").map((name) => [name, kind])) as { readonly [N in Words<S>]: K };
}

type Bare<W> = W extends `${infer B}!` ? B : W;
type NameOf<W> = Bare<W> extends `${infer N}:${string}` ? N : Bare<W>;
type NamedKind<W> = Bare<W> extends `${string}:${infer K}` ? K : "text";
type LeafNamed<K> = K extends "digits" | "decimal" | "flag" | "time" | "whole"
  ? { readonly is: K }
  : { readonly is: K extends `secret${string}` ? "secret" : "text" };
type LeafOf<W> = W extends `${string}!` ? LeafNamed<NamedKind<W>> & { readonly need: true } : LeafNamed<NamedKind<W>>;

/**
 * Makes fields from words: `topic` is a text, `agenda:text2500` a text of at most 2,500 characters, `key:digits!`
 * required digits.
 */
export function fields<const S extends readonly string[]>(...words: S) {
  const named = words
    .join(" ")
    .split(" ")
    .map((word) => {
      const [, name = "", is = "text", max, need] = /^(\w+)(?::([a-z]+)(\d+)?)?(!)?$/.exec(word) ?? [];
      return [name, { is, ...(max && { max: Number(max) }), ...(need && { need: true }) }];
    });
  return Object.fromEntries(named) as unknown as {
    readonly [W in WordsOf<S> as NameOf<W> & string]: LeafOf<W>;
  };
}

export const flags = <const S extends readonly string[]>(...names: S) => {
  return each(names.join(" "), flag) as unknown as { readonly [N in WordsOf<S>]: typeof flag };
};

export function upTo<const M extends number, const K extends { is: "text" | "secret" }>(max: M, kind: K) {
  return { ...kind, max } as const;
}

/** A whole number from `min` on, and up to `max`. */
export function from(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return { is: "whole", min, max } as const;
}

/** One of these words. */
export function word<const S extends readonly string[]>(...words: S) {
  return { is: "word", of: words.join(" ").split(" ") as unknown as readonly WordsOf<S>[] } as const;
}

/** One of these texts, which contain spaces. */
export function phrase<const S extends readonly string[]>(...of: S) {
  return { is: "word", of } as const;
}

export function group<const F extends Fields>(of: F, anyOf?: readonly (keyof F & string)[]) {
  return { is: "group", of, ...(anyOf && { anyOf }) } as const;
}

/** A group with fields of another namespace. */
export function groupIn<const F extends Fields>(prefix: Prefix, of: F) {
  return { is: "group", of, prefix } as const;
}

export function list<const K extends Kind>(of: K, max?: number) {
  return { is: "list", of, ...(max && { max }) } as const;
}

export function need<const K extends Kind>(kind: K): K & { readonly need: true } {
  return { ...kind, need: true };
}

/** Namespaces of WebEx's schema, by their usual prefixes. */
export const namespaces = {
  serv: "http://www.webex.com/schemas/2002/06/service",
  com: "http://www.webex.com/schemas/2002/06/common",
  use: "http://www.webex.com/schemas/2002/06/service/user",
  ep: "http://www.webex.com/schemas/2002/06/service/ep",
  meet: "http://www.webex.com/schemas/2002/06/service/meeting",
  auo: "http://www.webex.com/schemas/2002/06/service/meeting/auo",
  train: "http://www.webex.com/schemas/2002/06/service/trainingsession",
  event: "http://www.webex.com/schemas/2002/06/service/event",
  sales: "http://www.webex.com/schemas/2002/06/service/sales",
  history: "http://www.webex.com/schemas/2002/06/service/history",
  att: "http://www.webex.com/schemas/2002/06/service/attendee",
  site: "http://www.webex.com/schemas/2002/06/service/site",
} as const;

export type Prefix = keyof typeof namespaces;

/** Only `get` and `list` operations are resent after a failure. Others could be carried out twice. */
export type OperationKind = "get" | "list" | "create" | "set" | "delete" | "other";

/** An operation in a table. */
export interface Op<Q extends Fields = Fields, A extends Fields = Fields> {
  readonly request: Q;
  readonly answer: A;
  /** A request has at least one of these. */
  readonly anyOf?: readonly string[];
  /** The answer's repeated field, for a list that is read in batches. */
  readonly items?: string;
}

interface Named {
  readonly name: string;
  /** Name on the wire after `java:com.webex.service.binding.`, such as `meeting.CreateMeeting`. */
  readonly binding: string;
  readonly prefix: Prefix;
  readonly kind: OperationKind;
}

export interface Operation extends Op, Named {}

export function op<const Q extends Fields, const A extends Fields>(
  request: Q,
  answer: A,
  anyOf?: readonly (keyof Q & string)[],
): Op<Q, A> {
  return { request, answer, ...(anyOf && { anyOf }) };
}

export const listControl = group({ ...fields("startFrom:whole maximumNum:whole"), listMethod: word("AND OR") });
export const matchingRecords = groupIn("serv", fields("total:whole! returned:whole startFrom:whole"));

/** A list that is read in batches. Its answer repeats `items` and gives their count. */
export function listOp<const I extends string, const Q extends Fields, const A extends Fields>(
  items: I,
  request: Q,
  item: A,
  anyOf?: readonly (keyof Q & string)[],
) {
  const answer = { [items]: list(group(item)), matchingRecords } as {
    readonly [N in I]: { readonly is: "list"; readonly of: { readonly is: "group"; readonly of: A } };
  } & { readonly matchingRecords: typeof matchingRecords };
  return { ...op(request, answer, anyOf), items };
}

const verbs: readonly (readonly [RegExp, OperationKind])[] = [
  [/^(?:get|check)/, "get"],
  [/^lst/, "list"],
  [/^create/, "create"],
  [/^set/, "set"],
  [/^del/, "delete"],
];

/** Returns the kind of an operation, by the verb in its name. */
export function kindOf(name: string): OperationKind {
  return verbs.find(([verb]) => verb.test(name))?.[1] ?? "other";
}

/** Makes the operations of one service. Binding and kind follow from their names. */
export function service<const O extends Readonly<Record<string, Op>>>(binding: string, prefix: Prefix, operations: O) {
  const named = Object.entries(operations).map(([name, one]) => {
    const capital = `${name[0]?.toUpperCase()}${name.slice(1)}`;
    return [name, { ...one, name, binding: `${binding}.${capital}`, prefix, kind: kindOf(name) }];
  });
  return Object.fromEntries(named) as { readonly [N in keyof O]: O[N] & Named };
}
