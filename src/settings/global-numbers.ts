import * as v from "valibot";

const countryNames = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

/** A country's English name, as the platform's own data has it. */
export function countryName(code: string): string {
  return countryNames.of(code) ?? code;
}

const countryCode = v.pipe(
  v.string(),
  v.check(isCountryCode, "must be a country's two capital letters of ISO 3166, for example GB"),
);

const phoneNumber = v.strictObject({
  /** As it is shown: from abroad (`+44 20 …`) or, where that does not work, as it is dialled within the country. */
  number: v.pipe(
    v.string(),
    v.regex(
      /^(?:\+[1-9]|\d)(?:[ -]?\d){2,14}$/,
      "must be 3 to 15 digits, a + before them or not, single blanks or hyphens between them, for example +44 20 7946 0100",
    ),
  ),
  kind: v.picklist(["toll", "toll-free"], 'must be "toll" or "toll-free"'),
  /** Tells a country's numbers apart: a city, a language, a carrier. */
  label: v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(64, "must have at most 64 characters"))),
});

/** The numbers that callers of a domain may dial, by country; in a country, the first one comes first (protocol 1.6). */
export const globalNumbers = v.pipe(
  v.record(countryCode, v.pipe(v.array(phoneNumber), v.minLength(1, "must have at least one number"))),
  v.minEntries(1, "must have at least one country; a domain that shows no numbers leaves the setting out"),
);

export type GlobalNumbers = v.InferOutput<typeof globalNumbers>;

function isCountryCode(code: string): boolean {
  // The data also names some codes that stand for no country, and countries that are no more under today's name.
  return (
    /^(?!ZZ|QO|X[AB])[A-Z]{2}$/.test(code) &&
    countryNames.of(code) !== undefined &&
    new Intl.Locale(`und-${code}`).region === code
  );
}
