import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCommentedJson, parseJson } from "../../src/foundation/text/parse-json.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";

function faultOf(text: string, parse = parseJson): string | null {
  try {
    parse(text);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

test.each([
  ["", "it ends too early, at line 1, column 1"],
  ["{", "it ends too early, at line 1, column 2"],
  ['{"a": [1, 2]\n', "it ends too early, at line 2, column 1"],
  ['{"adapterSecrets":[Zz8xWm0ZbV]}', "a mistake at line 1, column 20"],
  ['{"password":"Zz8xWm0ZbV}', "a mistake at line 1, column 13"],
  ['{"password":"Zz8x\\Wm0ZbV"}', "a mistake at line 1, column 13"],
  ['{\n  "a": 1\n  "b": 2\n}', "a mistake at line 3, column 3"],
  ['{\n  "a": 1,\n}', "a mistake at line 3, column 1"],
  ["[1,]", "a mistake at line 1, column 4"],
  ["[1}", "a mistake at line 1, column 3"],
  ["[01]", "a mistake at line 1, column 2"],
  ["[-]", "a mistake at line 1, column 2"],
  ["{1: 2}", "a mistake at line 1, column 2"],
  ['{"a" 1}', "a mistake at line 1, column 6"],
  ['{"a":: 1}', "a mistake at line 1, column 6"],
  ["[,1]", "a mistake at line 1, column 2"],
  ["{} {}", "a mistake at line 1, column 4"],
  ["TRUE", "a mistake at line 1, column 1"],
])("of %j the error says where the mistake is, and nothing that stands there", (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test("comments keep the position of a mistake", () => {
  expect(faultOf('{ // a "comment"\n  "a": x }', parseCommentedJson)).toBe("a mistake at line 2, column 8");
  expect(parseCommentedJson('{ "a": "x\\"//" } // done')).toEqual({ a: 'x"//' });
});

test("settings have each name of an object once: of two values one would be lost", () => {
  const twice = '{ "acme": {"port": 1},\n  "harbour": [{"port": 1}, {"port": 1}],\n  "\\u0061cme": 2 }';
  expect(faultOf(twice, parseCommentedJson)).toBe("a duplicate name at line 3, column 3");
  expect(faultOf(twice)).toBeNull();
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(parseCommentedJson(json)).toEqual(JSON.parse(json));
    }),
  );
});

test("the mistake is where a text differs from JSON, whatever else is in it", () => {
  const brokenAt = fc.tuple(fc.json(), fc.nat()).map(([json, at]) => [json, at % json.length] as const);

  fc.assert(
    fc.property(brokenAt, ([json, at]) => {
      const fault = faultOf(`${json.slice(0, at)}\0${json.slice(at)}`);
      const [, column = ""] = /^a mistake at line 1, column (\d+)$/.exec(fault ?? "") ?? [];
      // Within a text or a number, it is where that begins.
      expect(Number(column)).toBeLessThanOrEqual(at + 1);
      expect(Number(column)).toBeGreaterThanOrEqual(1);
      expect(faultOf(json)).toBeNull();
    }),
  );
});
