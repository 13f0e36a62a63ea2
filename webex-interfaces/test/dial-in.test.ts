import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DialInSequences,
  type DialInTemplate,
  dialInNames,
  fillDialIn,
  parseDialInSequences,
  placeholders,
} from "../client/dial-in.ts";

/** The six as the page of getSessionInfo has them, made of its rules. */
const logins = {
  "": ",,,[AttendeeID]#",
  LG: ",,,[ProfileID]#,,,[PIN]#",
  LGPWD: ",,,[ProfileID]#,,,[PIN]#,,,[Password]#",
};
const six = Object.entries({ "": logins[""], LG: logins.LG, LGPW: logins.LGPWD })
  .flatMap(([kind, login]) => [
    `Auto${kind}DialInSequence:[AccessNumber],,*00*[AccessCode]#${login}`,
    `Silent${kind}DialInSequence:[AccessNumber],,*01*[AccessCode]#${login.replaceAll(",", "")}*01*`,
  ])
  .join("|");

function sequences(text: string): DialInSequences {
  const { sequences: found, faults } = parseDialInSequences(text);
  if (faults.length > 0) throw new Error(faults.join());
  return found;
}

function template(text: string): DialInTemplate {
  return sequences(`AutoDialInSequence:${text}`).AutoDialInSequence ?? [];
}

const values = {
  AccessNumber: "+1 (5.5/5) 01-00",
  AccessCode: "246 813 579",
  AttendeeID: "17",
  ProfileID: "9001",
  PIN: "4321",
  Password: "77",
};

test("all six are found, and telephones key them so", () => {
  const found = sequences(six);
  const dialled = dialInNames.map((name) => fillDialIn(found[name] ?? [], values));

  expect(Object.keys(found).toSorted()).toEqual([...dialInNames].toSorted());
  expect(dialled.map((one) => one.ok && one.value.dialString)).toEqual([
    "+15550100,,*00*246813579#,,,17#",
    "+15550100,,*01*246813579#17#*01*",
    "+15550100,,*00*246813579#,,,9001#,,,4321#",
    "+15550100,,*01*246813579#9001#4321#*01*",
    "+15550100,,*00*246813579#,,,9001#,,,4321#,,,77#",
    "+15550100,,*01*246813579#9001#4321#77#*01*",
  ]);
});

test("the steps are one call, then pauses and keys", () => {
  const filled = fillDialIn(sequences(six).AutoDialInSequence ?? [], values);

  expect(filled.ok && filled.value.steps).toEqual([
    { step: "call", number: "+15550100" },
    { step: "pause", pauses: 2 },
    { step: "key", keys: "*00*246813579#" },
    { step: "pause", pauses: 3 },
    { step: "key", keys: "17#" },
  ]);
});

test("names that nobody knows, blanks and empty entries are left out", () => {
  expect(sequences(" | NewSequence:[Whatever] | AutoDialInSequence : [AccessNumber] |")).toEqual({
    AutoDialInSequence: [{ part: "placeholder", name: "AccessNumber" }],
  });
  expect(sequences("")).toEqual({});
});

test.each([
  ["AutoDialInSequence", "dialInSequences has a template without a name"],
  ["AutoDialInSequence:", "AutoDialInSequence is empty"],
  ["PINless|AutoDialInSequence:1", "dialInSequences has a template without a name"],
  ["AutoDialInSequence:[Colour]", "AutoDialInSequence has [Colour], which is neither a key, a pause nor a placeholder"],
  ["AutoDialInSequence:[PIN", "AutoDialInSequence has [, which is neither a key, a pause nor a placeholder"],
  ["AutoDialInSequence:12x", "AutoDialInSequence has x, which is neither a key, a pause nor a placeholder"],
  ["x".repeat(5_000), "dialInSequences is longer than 4096 characters"],
])("%s is left out", (text, fault) => {
  expect(parseDialInSequences(text).faults).toEqual([fault]);
  expect(Object.keys(parseDialInSequences(text).sequences)).toEqual(
    text.startsWith("PINless") ? ["AutoDialInSequence"] : [],
  );
});

test("a template that cannot be read spoils no other", () => {
  const newer = `${six.replace("[AttendeeID]", "[Colour]")}|nameless`;
  const { AutoDialInSequence, ...others } = sequences(six);

  expect(AutoDialInSequence).toBeDefined();
  expect(parseDialInSequences(newer)).toEqual({
    sequences: others,
    faults: [
      "AutoDialInSequence has [Colour], which is neither a key, a pause nor a placeholder",
      "dialInSequences has a template without a name",
    ],
  });
});

test("what has no value is left for the one who dials, and named once", () => {
  const filled = fillDialIn(template("[AccessNumber],,[PIN]#[AttendeeID]#,,[PIN]#"), {
    AccessNumber: "",
    AttendeeID: "17",
  });

  expect(filled).toEqual({
    ok: true,
    value: {
      steps: [
        { step: "fill", name: "AccessNumber" },
        { step: "pause", pauses: 2 },
        { step: "fill", name: "PIN" },
        { step: "key", keys: "#17#" },
        { step: "pause", pauses: 2 },
        { step: "fill", name: "PIN" },
        { step: "key", keys: "#" },
      ],
      dialString: "[AccessNumber],,[PIN]#17#,,[PIN]#",
      toFill: ["AccessNumber", "PIN"],
    },
  });
});

describe("a template that cannot be filled", () => {
  test.each([
    ["[AccessNumber],,[PIN]#", { AccessNumber: "15550100", PIN: "secret" }, "PIN must be digits"],
    ["[AccessNumber]", { AccessNumber: "sip:x" }, "AccessNumber must be digits, with or without a + before them"],
    ["12[AccessNumber]", { AccessNumber: "15550100" }, "AccessNumber must be the first of the template"],
    ["12[AccessNumber]", {}, "AccessNumber must be the first of the template"],
  ])("%s", (text, given, error) => {
    expect(fillDialIn(template(text), given)).toEqual({ ok: false, error });
  });
});

test("whatever is read is keyed as the template has it", () => {
  const part = fc.oneof(
    fc
      .constantFrom(...placeholders.slice(1))
      .map((name) => ({ text: `[${name}]`, keyed: values[name].replaceAll(" ", "") })),
    fc.constantFrom(",", ",,,", "*00*", "#", "12").map((text) => ({ text, keyed: text })),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
      const filled = fillDialIn(template(parts.map(({ text }) => text).join("")), values);

      expect(filled.ok && filled.value.dialString).toBe(parts.map(({ keyed }) => keyed).join(""));
    }),
  );
});

test("any text is templates or faults", () => {
  fc.assert(
    fc.property(fc.uint16Array({ maxLength: 20 }), (units) => {
      const text = String.fromCharCode(...units);

      const { sequences: found, faults } = parseDialInSequences(`AutoDialInSequence:${text}`);

      expect(Object.keys(found).length + faults.length).toBeGreaterThan(0);
    }),
  );
});
