import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createCodec } from "../../src/tsp/codec.ts";
import type { ProtocolOverrides } from "../../src/tsp/protocol-table.ts";

const folder = new URL("corpus/", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".xml"))
  .map((file) => file.slice(0, -".xml".length));

interface Expectation {
  side?: "webex";
  /** Of the domain. */
  protocol?: ProtocolOverrides;
  reading: object;
}

test.each(names)("the document %s is read as its JSON file says", (name) => {
  const bytes = readFileSync(new URL(`${name}.xml`, folder));
  const expectation: Expectation = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  const { side, protocol = {}, reading } = expectation;
  const codec = side ? createCodec(protocol, side) : createCodec(protocol);

  const decoded = codec.decode(bytes);

  expect(decoded.ok ? decoded : { ok: false, transId: decoded.transId, result: decoded.result }).toEqual(reading);
});

test("names of Object.prototype in documents change no object", () => {
  createCodec({}).decode(readFileSync(new URL("prototype-names.xml", folder)));

  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("polluted");
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});
