import { type CodeListName, codeLists, rowsByName } from "../messages.ts";
import type { Element, Message } from "../xml.ts";

/** Other names and numbers on the wire than the kit's own: for what the public documents leave open and an engineer knows better. */
export interface Renames {
  out(message: Message): Message;
  in(element: Element): Element;
  /** A result as it comes in: several may have one number. */
  result(own: string): string;
}

export const noRenames: Renames = { out: (message) => message, in: (element) => element, result: (own) => own };

/** An own name of a message or attribute, or `list.word` of a number; and what is on the wire. */
export type Rename = readonly [own: string, wire: string];

/** No list has such a number: what comes with one of the kit's own that means something else on the wire is not known. */
const UNLISTED = 1_000_000;

/** The pairs must fit together (`clashOf`). */
export function renamesOf(pairs: readonly Rename[]): Renames {
  if (pairs.length === 0) return noRenames;
  const names = pairs.filter(([own]) => !own.includes("."));
  const toWire = new Map(names);
  const fromWire = new Map(names.map(([own, wire]) => [wire, own]));
  const numbers = new Map((Object.keys(codeLists) as CodeListName[]).map((list) => [list, numbersOf(list, pairs)]));
  /** The message's attributes with their numbers as `translate` has them. */
  const coded = <Value extends string | undefined>(
    { name, attributes }: { readonly name: string; readonly attributes: Readonly<Record<string, Value>> },
    translate: (list: Numbers, number: string) => string,
  ) =>
    Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => {
        const own = rowsByName.get(name)?.attributes.find((one) => one.name === key)?.list;
        const list = own && numbers.get(own);
        return [key, list && value !== undefined ? translate(list, value) : value];
      }),
    ) as Readonly<Record<string, Value>>;
  return {
    out: (message) => {
      const attributes = coded(message, ({ toWire: wire }, number) => wire.get(number) ?? number);
      return { ...message, ...renamed({ name: message.name, attributes }, toWire) };
    },
    in: (element) => {
      const { name, attributes } = renamed(element, fromWire);
      const own = coded(
        { name, attributes },
        ({ fromWire: known, toWire: ours }, number) =>
          known.get(number) ?? (ours.has(number) ? String(Number(number) + UNLISTED) : number),
      );
      return { ...element, name, attributes: own };
    },
    result: (own) => {
      const list = numbers.get("result");
      return list?.fromWire.get(list.toWire.get(own) ?? own) ?? own;
    },
  };
}

interface Numbers {
  readonly toWire: ReadonlyMap<string, string>;
  readonly fromWire: ReadonlyMap<string, string>;
}

function numbersOf(list: CodeListName, pairs: readonly Rename[]): Numbers {
  const given = new Map(pairs);
  const all = Object.entries<number>(codeLists[list]).map(
    ([word, own]) => [String(own), given.get(`${list}.${word}`) ?? String(own)] as const,
  );
  // Of several with one number on the wire, the first counts.
  return { toWire: new Map(all), fromWire: new Map(all.toReversed().map(([own, wire]) => [wire, own])) };
}

/** Two words of one list with one number on the wire, in a sentence; only results may share one. `null`: all fits. */
export function clashOf(pairs: readonly Rename[]): string | null {
  const given = new Map(pairs);
  for (const [list, words] of Object.entries(codeLists)) {
    const seen = new Map<string, string>();
    for (const [word, own] of Object.entries<number>(words)) {
      const wire = given.get(`${list}.${word}`) ?? String(own);
      const other = seen.get(wire);
      const isSuccess = word === "ok" || other === "ok";
      if (other !== undefined && (list !== "result" || isSuccess))
        return `${list}.${other} and ${list}.${word} would both be ${wire}`;
      seen.set(wire, word);
    }
  }
  return null;
}

/** Whether the kit has a message, an attribute or a number of this name. */
export function isKnownName(own: string): boolean {
  const [list = "", word] = own.split(".");
  if (word !== undefined) return Object.hasOwn(codeLists, list) && Object.hasOwn(codeLists[list as CodeListName], word);
  return [...rowsByName.values()].some(
    ({ name, attributes }) => name === own || attributes.some((attribute) => attribute.name === own),
  );
}

/** The pairs of a table as Bridgehead's setting `protocol` has it; what the kit does not know is left out. Throws if it is none. */
export function renamesInTable(json: string): Rename[] {
  const {
    elements = {},
    attributes = {},
    codes = {},
  } = JSON.parse(json) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const numbers = Object.entries(codes).flatMap(([list, words]) =>
    Object.entries(words as Readonly<Record<string, unknown>>).map(([word, number]) => [`${list}.${word}`, number]),
  );
  return [...Object.entries(elements), ...Object.entries(attributes), ...(numbers as [string, unknown][])]
    .filter(([own]) => isKnownName(own))
    .map(([own, wire]) => [own, String(wire)]);
}

function renamed<Value>(
  { name, attributes }: { readonly name: string; readonly attributes: Readonly<Record<string, Value>> },
  names: ReadonlyMap<string, string>,
): { readonly name: string; readonly attributes: Readonly<Record<string, Value>> } {
  return {
    name: names.get(name) ?? name,
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [names.get(key) ?? key, value])),
  };
}
