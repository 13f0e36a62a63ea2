import { expect, test } from "vitest";
import { loadDomains } from "../../src/settings/load.ts";
import { localDomain } from "../../src/settings/local-domain.ts";

const agents = [{ name: "agent-1", publicKey: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw" }];
const load = (globalNumbers: unknown) =>
  loadDomains(JSON.stringify({ local: { ...localDomain({ agents }), globalNumbers } }));
const number = (text: string) => ({ number: text, kind: "toll" });

test.each(["+44 20 7946 0100", "+14085550100", "1800 975 707", "0800-000-100", "112"])(
  "%s is a number to show",
  (text) => {
    expect(load({ GB: [number(text)] }).ok).toBe(true);
  },
);

test.each([
  "",
  "12",
  "+0 800 1234",
  "+44 (0)20 7946 0100",
  "+44  20 7946 0100",
  "+44 20 7946 0100 ",
  "0800 FLOWERS",
  "*#06#",
  "1234567890123456",
  "٠١٢٣",
])('"%s" is no number to show, and the message says what is one', (text) => {
  expect(load({ GB: [number("112"), number(text)] })).toEqual({
    ok: false,
    error: `DOMAINS.local.globalNumbers.GB.1.number must be 3 to 15 digits, a + before them or not, single blanks or hyphens between them, for example +44 20 7946 0100 (it is "${text}"); a right example: "+44 20 7946 0100"`,
  });
});

test.each([
  ["small letters", "gb"],
  ["three letters", "GBR"],
  ["a region of several countries", "150"],
  ["a code that stands for nothing", "QQ"],
  ["the code for an unknown place", "ZZ"],
  ["a code that is only in common use", "UK"],
  ["a country that is no more", "DD"],
])("%s is no country (%s)", (_what, code) => {
  expect(load({ [code]: [number("112")] })).toMatchObject({
    ok: false,
    error: expect.stringMatching(
      new RegExp(`^DOMAINS\\.local\\.globalNumbers\\.${code} must be .*ISO 3166, for example GB`),
    ),
  });
});

test.each<[string, unknown, string]>([
  ["no country", {}, "DOMAINS.local.globalNumbers must have at least one country; a domain that shows no numbers"],
  ["no number", { GB: [] }, "DOMAINS.local.globalNumbers.GB must have at least one number"],
  ["a missing kind", { GB: [{ number: "112" }] }, "DOMAINS.local.globalNumbers.GB.0.kind is missing"],
  [
    "another kind",
    { GB: [{ number: "112", kind: "free" }] },
    'DOMAINS.local.globalNumbers.GB.0.kind must be "toll" or "toll-free"',
  ],
  [
    "a label without end",
    { GB: [{ ...number("112"), label: "x".repeat(65) }] },
    "DOMAINS.local.globalNumbers.GB.0.label must have at most 64 characters",
  ],
  [
    "a misspelt setting",
    { GB: [{ ...number("112"), city: "York" }] },
    "DOMAINS.local.globalNumbers.GB.0.city is not a setting",
  ],
])("%s is told at load", (_what, numbers, message) => {
  expect(load(numbers)).toMatchObject({ ok: false, error: expect.stringContaining(message) });
});
