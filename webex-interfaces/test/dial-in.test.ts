import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dialInNames, dialInSequences } from "../client/dial-in.ts";

/** The templates on the page of GetSessionInfo. */
const documented =
  "AutoDialInSequence:[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#|SilentDialInSequence:[AccessNumber],,*01*[AccessCode]#[AttendeeID]#*01*|AutoLGDialInSequence:[AccessNumber],,*00*[AccessCode]#,,,[ProfileID]#,,,[PIN]#|SilentLGDialInSequence:[AccessNumber],,*01*[AccessCode]#[ProfileID]#[PIN]#*01*|AutoLGPWDialInSequence:[AccessNumber],,*00*[AccessCode]#,,,[ProfileID]#,,,[PIN]#,,,[Password]#|SilentLGPWDialInSequence:[AccessNumber],,*01*[AccessCode]#[ProfileID]#[PIN]#[Password]#*01*";
const values = {
  AccessNumber: "+1 (5.5/5) 01-00",
  AccessCode: "246 813 579",
  AttendeeID: "17",
  ProfileID: "9001",
  PIN: "4321",
  Password: "77",
};

test("fills the documents' six sequences", () => {
  const { sequences, faults } = dialInSequences(documented, values);

  expect(faults).toEqual([]);
  expect(sequences.map(({ name }) => name)).toEqual(dialInNames);
  expect(sequences.map(({ dialString }) => dialString)).toEqual([
    "+15550100,,*00*246813579#,,,17#",
    "+15550100,,*01*246813579#17#*01*",
    "+15550100,,*00*246813579#,,,9001#,,,4321#",
    "+15550100,,*01*246813579#9001#4321#*01*",
    "+15550100,,*00*246813579#,,,9001#,,,4321#,,,77#",
    "+15550100,,*01*246813579#9001#4321#77#*01*",
  ]);
});

test.each([
  ["AutoDialInSequence:[AccessNumber],,[PIN]#", { PIN: undefined }, "+15550100,,[PIN]#"],
  [" AutoDialInSequence : 1 ", {}, ""],
  ["TideSequence:1|AutoDialInSequence:1|", {}, "1"],
])("fills %j with %j", (text, more, dialled) => {
  expect(
    dialInSequences(text, { ...values, ...more })
      .sequences.map(({ dialString }) => dialString)
      .join(),
  ).toBe(dialled);
});

test.each([
  ["AutoDialInSequence:", {}, "is empty"],
  ["AutoDialInSequence:12x", {}, "has x, which is not a DTMF digit, a pause or a placeholder"],
  ["AutoDialInSequence:[Tide]", {}, "has [Tide], which is not a DTMF digit"],
  ["AutoDialInSequence:1[AccessNumber]", {}, "must have AccessNumber first"],
  ["AutoDialInSequence:[PIN]", { PIN: "Gull-77" }, "needs digits for PIN"],
  ["x".repeat(4_097), {}, "longer than 4096 characters"],
])("refuses %s", (text, more, fault) => {
  const { sequences, faults } = dialInSequences(text, { ...values, ...more });

  expect(sequences).toEqual([]);
  expect(faults.join()).toContain(fault);
  expect(faults.join()).not.toContain("Gull");
});

test("any text is a sequence or a fault", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { sequences, faults } = dialInSequences(`AutoDialInSequence:${text.replaceAll("|", "")}`, values);

      expect(sequences.length + faults.length).toBe(1);
    }),
  );
});
