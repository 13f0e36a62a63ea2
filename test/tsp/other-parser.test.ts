import * as fc from "fast-check";
import { XMLParser } from "fast-xml-parser";
import { expect, test } from "vitest";
import type { TransId } from "../../src/foundation/ids.ts";
import { completeText, createCodec } from "../../src/tsp/codec.ts";
import { toWebex } from "../../src/tsp/messages.ts";
import { parseXml } from "../../src/tsp/xml.ts";
import { messageBy } from "./messages-by-table.ts";

// Writer and reader of one project may agree on a mistake. This parser has nothing in common with ours.
const other = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true, // It counts references such as &#10; among these.
});
const adapter = createCodec({});

for (const [type, spec] of Object.entries(toWebex)) {
  test(`${type} is read by another parser as by ours, whatever its values (protocol T6)`, () => {
    fc.assert(
      fc.property(messageBy(type, spec), (message) => {
        const document = completeText(adapter.encode("60310000007" as TransId, [message as never]));

        expect(elementsByOther(document)).toEqual(elementsByOurs(document));
      }),
      { numRuns: 60 },
    );
  });
}

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The root's children, in order. */
function elementsByOurs(document: string): Element[] {
  const tree = parseXml(new TextEncoder().encode(document));
  if (!tree.ok) throw new Error(`our own parser refuses ${document}`);
  return tree.value.children.map((child) => ({
    name: child.name,
    attributes: Object.fromEntries(child.attributes.map(({ name, value }) => [name, value])),
  }));
}

function elementsByOther(document: string): Element[] {
  const [root]: { readonly WbxTSPSchema: readonly Record<string, unknown>[] }[] = other.parse(document);
  return (root?.WbxTSPSchema ?? []).map((child) => ({
    name: Object.keys(child)[0] ?? "",
    attributes: (child[":@"] ?? {}) as Readonly<Record<string, string>>,
  }));
}
