import { describe, expect, test } from "vitest";
import type { PolicySettings } from "../../bridge-agent/core/policy.ts";
import type { PhoneNumber } from "../../src/foundation/ids.ts";
import { call, running } from "./agent-world.ts";

function number(text: string, change: Partial<PhoneNumber> = {}): PhoneNumber {
  return { country: text.slice(0, 1), area: text.slice(1, 4), local: text.slice(4), extension: "", ...change };
}

/** The agent's result for one call-out under this policy. */
function verdict(settings: Partial<PolicySettings>, to: PhoneNumber): string {
  const world = running({ allow: [], deny: [], ...settings });
  world.command("dial", { type: "dial", call: call("o1"), number: to, waitMs: 30_000 });
  world.settle();
  return world.policyActs[0] ?? "allowed";
}

describe("which numbers may be dialled", () => {
  test("none, unless the settings name some", () => {
    expect(verdict({}, number("14085551234"))).toBe("number-denied");
    expect(verdict({ allow: ["+"] }, number("14085551234"))).toBe("allowed");
  });

  test.each([
    ["14085551234", "allowed"],
    ["14095551234", "number-denied"],
    ["441632960961", "number-denied"],
    ["448001234567", "allowed"],
    ["448002234567", "number-denied"],
    ["448002234999", "allowed"],
  ])("%s is %s: the longest begin counts", (to, says) => {
    const settings = { allow: ["+1408", "+44800", "+448002234999"], deny: ["+44", "+448002"] };

    expect(verdict(settings, number(to))).toBe(says);
  });

  test("a prefix in both lists is denied", () => {
    expect(verdict({ allow: ["+1408"], deny: ["+1408"] }, number("14085551234"))).toBe("number-denied");
  });

  test("the split of a number into parts does not matter", () => {
    const settings = { allow: ["+1408"], deny: ["+14089"] };
    expect(verdict(settings, { country: "14089", area: "", local: "1", extension: "" })).toBe("number-denied");
    expect(verdict(settings, { country: "1", area: "40", local: "8555", extension: "" })).toBe("allowed");
  });

  test.each([
    ["900", "12345"],
    ["0900", "12345"],
    ["", "0090012345"],
    ["0", "90012345"],
  ])("a denied number stays denied with national zeros: area %j, local %j", (area, local) => {
    const settings = { allow: ["+49"], deny: ["+49900"] };
    expect(verdict(settings, { country: "49", area, local, extension: "" })).toBe("number-denied");
    expect(verdict(settings, { country: "49", area: "030", local, extension: "" })).toBe("allowed");
  });

  test.each([
    ["4", "9", "0900123456"],
    ["490", "900", "123456"],
    ["4", "90", "900123456"],
    ["490", "", "0900123456"],
    ["10", "900", "1234567"],
  ])("a denied number stays denied however it is split: %j %j %j", (country, area, local) => {
    const settings = { allow: ["+49", "+1"], deny: ["+49900", "+1900"] };
    expect(verdict(settings, { country, area, local, extension: "" })).toBe("number-denied");
  });

  test("zeros of national dialling do not make a number an allowed one", () => {
    expect(verdict({ allow: ["+4930"] }, { country: "49", area: "030", local: "1", extension: "" })).toBe(
      "number-denied",
    );
    expect(verdict({ allow: ["+3906"] }, { country: "39", area: "06", local: "1", extension: "" })).toBe("allowed");
  });

  test.each([
    ["1", "408", "55512345678", "allowed"],
    ["1", "408", "555123456789", "long-number"],
    ["49", "030", "12345678901", "allowed"],
    ["49", "0", "30123456789012", "long-number"],
    ["49", "", "0301234567890", "allowed"],
    ["49", "", "0030123456789012", "long-number"],
    ["1", "", "4".repeat(100), "long-number"],
  ])("a number has at most 15 digits: +%s %s %s is %s", (country, area, local, says) => {
    expect(verdict({ allow: ["+"] }, { country, area, local, extension: "" })).toBe(says);
  });

  test("an extension has ten digits at most", () => {
    expect(verdict({ allow: ["+"] }, number("14085551234", { extension: "1234567890" }))).toBe("allowed");
    expect(verdict({ allow: ["+"] }, number("14085551234", { extension: "12345678901" }))).toBe("long-extension");
  });

  test.each([
    ["without a country", { country: "" }],
    ["whose country begins with 0", { country: "0" }],
    ["without a local number", { local: "" }],
    ["with a host", { local: "5551234@evil.example" }],
    ["with another trunk", { area: "408/trunk" }],
    ["with keys to press", { local: "5551234w9" }],
    ["with keys to press in its extension", { extension: "9*1" }],
    ["with a line end", { extension: "12\n" }],
  ])("a number %s is none", (_, change) => {
    expect(verdict({ allow: ["+"] }, number("14085551234", change))).toBe("malformed-number");
  });
});
