import * as v from "valibot";
import { numberBegin } from "../foundation/dial-rules.ts";
import { isNetwork } from "../foundation/guard/networks.ts";
import { callName } from "../tsp/protocol-table.ts";
import { isXmlText } from "../tsp/xml.ts";

export const whole = v.pipe(v.number(), v.integer("must be a whole number"));
export const flag = v.boolean();
export const positive = v.pipe(whole, v.minValue(1, "must be at least 1"));
const belowADay = v.pipe(whole, v.maxValue(86_399_999, "must be below 24 hours, 86400000"));
export const duration = v.pipe(belowADay, v.minValue(1, "must be at least 1"));
export const pause = v.pipe(belowADay, v.minValue(0, "must not be negative"));
/** Text of a message or of a header: with a control character, the message could not be written (and so no create answered). */
export const short = v.pipe(
  v.string(),
  v.maxLength(1024, "must have at most 1024 characters"),
  v.check(isXmlText, "must not have characters that XML cannot carry, such as control characters"),
);
const noAddress = "must be an address that begins with http:// or https://";
export const address = v.pipe(short, v.url(noAddress), v.regex(/^https?:\/\//i, noAddress));
export const path = v.pipe(v.string(), v.startsWith("/", "must begin with /"));
export const scheme = v.picklist(["http", "https", "auto"], 'must be "http", "https" or "auto"');
export const paths = v.array(path);
/** Name of a host, without its port. */
export const hostPattern = v.pipe(
  v.string(),
  v.regex(
    /^(?:(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[?(?:[0-9a-f]*:){2,}[0-9a-f.:]*\]?)$/i,
    "must be a host name without a port, such as tsp1.example.com or *.example.com",
  ),
);
export const network = v.pipe(
  v.string(),
  v.check(isNetwork, "must be an address or a network, such as 192.0.2.0/24 or 2001:db8::/32"),
);
export const numberBegins = v.array(v.pipe(v.string(), v.regex(numberBegin.form, numberBegin.wrong)));
export const keypadCode = v.pipe(v.string(), v.regex(/^[0-9*]{1,8}$/, "must be 1 to 8 of 0-9 and *, for example *6"));
/** WebEx's own way to write what a telephone dials (protocol 6.6); the keypad reads it by `parseDialSequence`. */
export const dialSequence = v.pipe(
  v.string(),
  v.maxLength(200, "must have at most 200 characters"),
  v.regex(
    /^(?:\[AccessNumber\])?,*\*[\d*]*\[AccessCode\]#(?:,*\[(?:AttendeeID|ProfileID|PIN|Password)\]#)*,*[\d*]*$/,
    "must open with * and have [AccessCode]# and then any of [AttendeeID]#, [ProfileID]#, [PIN]# and [Password]#, for example [AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#",
  ),
);
/** Those of WebEx's documents of which none is the beginning of another: so none has to wait for more keys. */
export const plainSequences = [
  "[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#",
  "[AccessNumber],,*01*[AccessCode]#[AttendeeID]#*01*",
  "[AccessNumber],,*01*[AccessCode]#[ProfileID]#[PIN]#*01*",
  "[AccessNumber],,*01*[AccessCode]#[ProfileID]#[PIN]#[Password]#*01*",
];
export const digits = v.pipe(v.string(), v.regex(/^\d*$/, "must be digits"));

export const countryCode = v.pipe(
  v.string(),
  v.check(isCountryCode, "must be a country's two capital letters of ISO 3166, for example GB"),
);

export const shownNumber = v.strictObject({
  /** As it is shown: from abroad (`+44 20 …`) or, for a number that abroad cannot dial, as it is dialled within the country. */
  number: v.pipe(
    v.string(),
    v.regex(
      /^(?:\+[1-9]|\d)(?:[ -]?\d){2,14}$/,
      "must be 3 to 15 digits, a + before them or not, single blanks or hyphens between them, for example +44 20 7946 0100",
    ),
  ),
  kind: v.picklist(["toll", "toll-free"], 'must be "toll" or "toll-free"'),
  /** Tells a country's numbers apart: a city, a language, a carrier. */
  label: v.optional(callName),
});

/** Names of webhook secrets. With any other name, settings could use the operator's token as a secret. */
const secretForm = /^WEBHOOK_SECRET_[A-Z0-9_]{1,50}$/;

/** A secret as the deployment has it; `undefined`: it has none of this name, or this is no name of such a secret. */
export function secretIn(env: object, name: string): string | undefined {
  const value: unknown = secretForm.test(name) ? Reflect.get(env, name) : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Returns all such variables, for the process that serves the edge. */
export function secretsIn(variables: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      secretForm.test(name) && value ? [[name, value] as const] : [],
    ),
  );
}

export const secretName = v.pipe(
  v.string(),
  v.regex(
    secretForm,
    "must be the name of a secret or variable, not the secret itself: WEBHOOK_SECRET_ followed by capitals, digits and _",
  ),
);

export const personText = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.maxLength(256, "must have at most 256 characters"),
  v.check(isXmlText, "must not have characters that XML cannot carry, such as control characters"),
);

/** A country's English name, from the platform's data. */
export function countryName(code: string): string {
  return countryNames().of(code) ?? code;
}

export function namesDiffer(items: readonly { readonly name: string }[]): boolean {
  return new Set(items.map((item) => item.name)).size === items.length;
}

function isCountryCode(code: string): boolean {
  // The platform's data also has codes that stand for no country, and former countries under the name of today's.
  return (
    /^(?!ZZ|QO|X[AB])[A-Z]{2}$/.test(code) &&
    countryNames().of(code) !== undefined &&
    new Intl.Locale(`und-${code}`).region === code
  );
}

let knownCountries: Intl.DisplayNames | undefined;

/** Only once somebody names a country: the platform's data takes some 40 ms to read. */
function countryNames(): Intl.DisplayNames {
  knownCountries ??= new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  return knownCountries;
}
