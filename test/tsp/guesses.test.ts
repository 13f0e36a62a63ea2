import { describe, expect, test } from "vitest";
import { rowsByName } from "../../conformance/doors/kit.ts";
import { createCodec } from "../../src/tsp/codec.ts";
import type { Field } from "../../src/tsp/fields.ts";
import { fromWebex, type MessageSpec, toWebex } from "../../src/tsp/messages.ts";

const sides = [
  { specs: fromWebex, codec: createCodec({}) },
  { specs: toWebex, codec: createCodec({}, "webex") },
];

interface Case {
  readonly message: string;
  readonly spec: MessageSpec;
  readonly attribute: string;
  readonly field: Field;
  readonly codec: (typeof sides)[number]["codec"];
}

/** By the kit's table, which is written from the documents, apart from the product's. */
function isDocumented(message: string, attribute: string): boolean {
  return rowsByName.get(message)?.attributes.find(({ name }) => name === attribute)?.standing === "documented";
}

const optionals = sides.flatMap(({ specs, codec }) =>
  Object.values(specs).flatMap((spec: MessageSpec) =>
    Object.values(spec.fields)
      .filter(({ need }) => need === "optional")
      .map((field): Case => ({ message: spec.wire, spec, attribute: field.wire, field, codec })),
  ),
);
const guesses = optionals.filter(({ message, attribute }) => !isDocumented(message, attribute));

function read({ codec, message, spec, attribute }: Case, value: string) {
  const required = Object.values(spec.fields).filter(
    ({ need, requiredWhen, wire }) => (need === "required" || requiredWhen !== undefined) && wire !== "PhoneNum",
  );
  const attributes = Object.fromEntries(required.map(({ wire }) => [wire, wire === "SpeakingFlags" ? "Y" : "1"]));
  const written = Object.entries({ ...attributes, [attribute]: value }).map(([name, text]) => ` ${name}="${text}"`);
  const phone = "<PhoneNum><CountryCode>1</CountryCode><LocalNumber>5</LocalNumber></PhoneNum>";
  const children = "phone" in spec.fields ? phone : "";
  const text = `<WbxTSPSchema><TransID>1</TransID><${message}${written.join("")}>${children}</${message}></WbxTSPSchema>`;
  return codec.decode(new TextEncoder().encode(text));
}

describe("a guess may help, and refuses no document (protocol T20, T25)", () => {
  test("some attributes are guesses", () => {
    const names = new Set(guesses.map(({ attribute }) => attribute));

    expect([...names]).toEqual(
      expect.arrayContaining(["ConfName", "TollNum", "HostWebExID", "HostAttendeeID", "SubConfID", "SubscriberCode"]),
    );
  });

  test.each(guesses.map((one) => [one.message, one.attribute, one] as const))("%s %s", (_, __, guess) => {
    for (const value of ["", " ", "null", "%", " a%b ", "x", "-1", "9".repeat(1_000), "é".repeat(9_999)]) {
      expect(read(guess, value), `"${value.slice(0, 9)}"`).toMatchObject({ ok: true, messages: [{ msgId: "1" }] });
    }
  });

  test("what is too long or of the wrong type is cut or left out, with a note that does not repeat it", () => {
    const create = (attribute: string) => guesses.find((one) => one.attribute === attribute) as Case;
    const name = "n".repeat(513);

    expect(read(create("ConfName"), name)).toMatchObject({
      messages: [{ conferenceName: "n".repeat(512) }],
      notes: ["W2A_CreateConference: ConfName is longer than 512 and was cut"],
    });
    const toll = read(create("TollNum"), "4".repeat(513));
    expect(toll).toMatchObject({ notes: ["W2A_CreateConference: TollNum is longer than 512 and was left out"] });
    expect(toll.ok && Object.hasOwn(toll.messages[0] ?? {}, "tollNumber")).toBe(false);
    expect(read(create("SubConfID"), "s".repeat(65))).toMatchObject({
      messages: [{ subConfId: "s".repeat(64) }],
      notes: ["W2A_CreateSubConference: SubConfID is longer than 64 and was cut"],
    });
  });
});
