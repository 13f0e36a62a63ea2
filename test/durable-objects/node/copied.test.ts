import { expect, test } from "vitest";
import { copied } from "../../../durable-objects/node/copied.ts";

test.each([
  ["plain data", { a: [1, "b", true, null, undefined, { c: [] }], "": -0 }],
  ["what is no plain object", { at: new Date(5), names: new Map([["a", { b: 1 }]]), bytes: new Uint8Array([1, 2]) }],
  ["holes and numbers that are none", [Number.NaN, Number.POSITIVE_INFINITY, 1n]],
  ["a key that would set the prototype", JSON.parse('{"a": {"__proto__": {"b": 1}}}')],
])("%s is copied as the platform does", (_what, value) => {
  const copy = copied(value);
  expect(copy).toStrictEqual(structuredClone(value));
  expect(copy).not.toBe(value);
});

test("nothing of the copy is shared", () => {
  const value = { list: [{ a: 1 }], map: new Map([["a", { b: 1 }]]) };
  const copy = copied(value);
  copy.list[0] = { a: 2 };
  copy.map.set("a", { b: 2 });
  expect(value).toEqual({ list: [{ a: 1 }], map: new Map([["a", { b: 1 }]]) });
});

test("what the platform refuses to copy is refused", () => {
  for (const value of [() => {}, { call: () => {} }, [Symbol("a")]])
    expect(() => copied(value)).toThrow("could not be cloned");
});
