import type { Element, Message } from "../xml.ts";

/** Other names on the wire than the kit's own: for what the public documents leave open and an engineer knows better. */
export interface Renames {
  out(message: Message): Message;
  in(element: Element): Element;
}

export const noRenames: Renames = { out: (message) => message, in: (element) => element };

/** `pairs`: the kit's name and the one on the wire, of messages and attributes. */
export function renamesOf(pairs: readonly (readonly [string, string])[]): Renames {
  if (pairs.length === 0) return noRenames;
  const toWire = new Map(pairs);
  const fromWire = new Map(pairs.map(([own, wire]) => [wire, own]));
  return {
    out: (message) => ({ ...message, ...renamed(message, toWire) }),
    in: (element) => ({ ...element, ...renamed(element, fromWire) }),
  };
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
