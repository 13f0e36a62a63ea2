import * as v from "valibot";
import { expect, test } from "vitest";
import {
  address,
  exceptSecrets,
  masked,
  open,
  personal,
  persons,
  secret,
  showFields,
  showOf,
} from "../../src/foundation/shown.ts";

const call = v.object({
  id: open(v.string()),
  number: personal(v.string()),
  code: v.nullable(secret(v.string())),
  url: v.optional(address(v.string())),
  kind: v.picklist(["in", "out"]),
  unjudged: v.optional(v.string()),
});
const aCall = { id: "c1", number: "14085551234", code: "4711", kind: "in" } as const;

test("of a person's number the last two characters are shown, of a secret nothing", () => {
  expect(showOf(call)(aCall, masked)).toEqual({ id: "c1", number: "*********34", code: "(secret)", kind: "in" });
});

test("who may read what is personal still reads no secret", () => {
  expect(showOf(call)(aCall, persons.full)).toEqual({ ...aCall, code: "(secret)" });
});

test("that there is no secret, and no number, is shown", () => {
  expect(showOf(call)({ ...aCall, number: "", code: null }, masked)).toEqual({ ...aCall, number: "", code: null });
});

test("what nobody has judged is not shown, also where another version has written it", () => {
  const more = { ...aCall, unjudged: "14085551234", later: "14085551234" };

  expect(Object.keys(showOf(call)(more, persons.full))).toEqual(["id", "number", "code", "kind"]);
  expect(showOf(v.string())("14085551234", persons.full)).toBeUndefined();
});

test("of an address neither user nor password nor query is shown", () => {
  const show = (url: string) => showOf(call)({ ...aCall, url }, persons.full).url;

  expect(show("https://ann:pass@tsp.example.com/a?token=1#x")).toBe("https://tsp.example.com/a?…");
  expect(show("tsp.example.com:8080")).toBe("tsp.example.com:8080");
  expect(show("tsp.example.com/a?token=1")).toBe("tsp.example.com/a?…");
});

test("a mark counts for all that is in a list or an object, and each variant has marks of its own", () => {
  const schema = v.variant("type", [
    v.object({ type: v.literal("keys"), value: secret(v.array(v.string())) }),
    v.object({ type: v.picklist(["names", "aliases"]), value: personal(v.array(v.string())) }),
  ]);
  const show = showOf(v.object({ all: v.array(schema), by: v.record(v.string(), personal(v.string())) }));

  expect(
    show(
      {
        all: [
          { type: "keys", value: ["4711"] },
          { type: "aliases", value: ["Ann"] },
        ],
        by: { first: "Bob" },
      },
      masked,
    ),
  ).toEqual({
    all: [
      { type: "keys", value: "(secret)" },
      { type: "aliases", value: ["*nn"] },
    ],
    by: { first: "*ob" },
  });
});

test("a number to be dialled keeps its form", () => {
  const phone = personal(v.object({ country: v.string(), area: v.string(), local: v.string(), extension: v.string() }));
  const number = { country: "1", area: "408", local: "5551234", extension: "" };

  expect(showOf(phone)(number, masked)).toEqual({ country: "*", area: "***", local: "*****34", extension: "" });
  expect(showOf(phone)(number, persons.full)).toEqual(number);
});

test("fields of a type without a schema are marked beside it, and lists of such objects are shown like one", () => {
  interface Person {
    readonly name: string;
    readonly phones: readonly { readonly number: string }[];
  }
  const show = showFields<Person>({
    name: "open",
    phones: showFields<Person["phones"][number]>({ number: "personal" }),
  });

  expect(show({ name: "Ann", phones: [{ number: "14085551234" }] }, masked)).toEqual({
    name: "Ann",
    phones: [{ number: "*********34" }],
  });
});

test("a secret that somebody has keyed as a name is shown to nobody", () => {
  const person = exceptSecrets(persons.full, (text) => text === "4711");

  expect(showOf(call)({ ...aCall, number: "4711" }, person).number).toBe("(secret)");
});
