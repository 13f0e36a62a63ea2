import type { Hono } from "hono";
import { html, raw } from "hono/html";
import type { GlobalNumbers } from "../../settings/domain-settings.ts";
import { countryName } from "../../settings/values.ts";
import type { EdgePorts } from "../edge-ports.ts";
import type { Variables } from "../guard.ts";
import { noSuchPage, problem } from "../problem.ts";

/** One thing about the caller's own meeting: a number to dial, or a code to key in. */
interface MeetingDetail {
  readonly kind: "number" | "code";
  readonly label: string;
  readonly value: string;
}

type Html = ReturnType<typeof html>;

const styleSheet = `
:root { color-scheme: light dark; --ink: #1c2128; --soft: #57606a; --paper: #ffffff; --box: #f2f5f8; --line: #d0d7de; --link: #0a53a8; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #a3adb8; --paper: #10151b; --box: #1b222b; --line: #39424d; --link: #86bfff; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 68rem; margin: 0 auto; padding: 1rem 1.25rem 3rem; }
h1 { margin: .5rem 0 1.25rem; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 0 0 .75rem; font-size: 1.25rem; }
h3 { margin: 0 0 .25rem; font-size: 1rem; }
a { color: var(--link); text-underline-offset: .2em; }
dl, dd, ul { margin: 0; padding: 0; list-style: none; }
.meeting { margin-bottom: 2rem; padding: 1rem 1.25rem; border-radius: .5rem; background: var(--box); }
.meeting div { padding: .3rem 0; }
dt, span { color: var(--soft); font-size: .9rem; }
span { display: inline-block; }
dd { font-size: 1.15rem; font-weight: 600; }
code { font: inherit; }
.countries { columns: 18rem; column-gap: 2.5rem; }
.country { break-inside: avoid; padding: .75rem 0; border-top: 1px solid var(--line); }
li { padding: .2rem 0; }
li a { display: inline-block; padding: .2rem 0; margin-right: .5rem; font-variant-numeric: tabular-nums; }
@media (min-width: 40rem) {
  .meeting dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .25rem 2rem; }
}
@media print {
  @page { margin: 15mm; }
  html { font-size: 9pt; }
  main { padding: 0; max-width: none; }
  .meeting { padding: 0; background: none; }
  .countries { columns: 3; }
  .country { padding: .4rem 0; }
  li, li a, .meeting div { padding: 0; }
  a { color: inherit; text-decoration: none; }
}
`;

export function addGlobalNumbers(app: Hono<Variables>, edge: EdgePorts): void {
  // WebEx's own example has a slash before the query.
  app.on("ALL", ["/global-numbers/:domain", "/global-numbers/:domain/"], (context) => {
    const own = edge.domains.get(context.req.param("domain"))?.settings.globalNumbers;
    return own ? globalNumbers(context.req.raw, own) : noSuchPage();
  });
}

/** The page of global call-in numbers (protocol 1.6). */
export async function globalNumbers(request: Request, own: GlobalNumbers): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return problem(405, "method not allowed", "This page is read by GET.", { allow: "GET, HEAD" });
  }
  const details = meetingDetails(new URL(request.url).searchParams);
  const page = await globalNumbersPage(sectionsOf(own), details);
  return new Response(page.toString(), {
    headers: {
      "content-type": "text/html; charset=UTF-8",
      // A meeting's codes are kept nowhere.
      "cache-control": details.length > 0 ? "no-store" : "private, max-age=300",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${await sha256(styleSheet)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
    },
  });
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** Longer than any number or code; what is longer is none. */
const MAX_CHARACTERS = 64;

/** What WebEx filled into the URL (protocol 1.6), by names in any case. Of a repeated name, the first usable value counts. */
function meetingDetails(query: URLSearchParams): MeetingDetail[] {
  const given = usableValues(query);
  const toll = fullNumber(given.get("tollnumcc"), given.get("tollnum"));
  const tollFree = fullNumber(given.get("tollfreenumcc"), given.get("tollfreenum"));
  return [
    ...detail("number", "Call-in number (toll)", toll),
    ...detail("number", "Call-in number (toll-free)", tollFree),
    ...detail("code", "Participant code", given.get("participantcode")),
    ...detail("code", "Subscriber code", given.get("subscribercode")),
  ];
}

const names: ReadonlySet<string> = new Set([
  "participantcode",
  "subscribercode",
  "tollnum",
  "tollnumcc",
  "tollfreenum",
  "tollfreenumcc",
]);

function usableValues(query: URLSearchParams): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [anyCase, raw] of query) {
    const name = anyCase.toLowerCase();
    if (!names.has(name) || values.has(name) || raw.length > MAX_CHARACTERS) continue;
    // Control and direction characters would let a value pass for something else.
    const value = raw.replace(/[\p{C}\s]+/gu, " ").trim();
    // A placeholder that is still there was not filled in: the account has nothing for it.
    if (value !== "" && !/^%\w+%$/.test(value)) values.set(name, value);
  }
  return values;
}

function fullNumber(country: string | undefined, number: string | undefined): string | undefined {
  if (number === undefined || country === undefined || number.startsWith("+")) return number;
  return `${/^\d+$/.test(country) ? "+" : ""}${country} ${number}`;
}

function detail(kind: MeetingDetail["kind"], label: string, value: string | undefined): MeetingDetail[] {
  return value === undefined ? [] : [{ kind, label, value }];
}

interface Section {
  readonly id: string;
  readonly name: string;
  readonly list: readonly { readonly number: string; readonly kind: string; readonly label?: string | undefined }[];
}

/** By country, sorted by the countries' English names. */
function sectionsOf(numbers: GlobalNumbers): readonly Section[] {
  return Object.entries(numbers)
    .map(([code, list]) => ({ id: code, name: countryName(code), list }))
    .sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/** The page of a domain's numbers. It needs nothing but itself. */
function globalNumbersPage(sections: readonly Section[], details: readonly MeetingDetail[]): Html {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>Global call-in numbers</title>
<style>${raw(styleSheet)}</style>
</head>
<body>
<main>
<h1>Global call-in numbers</h1>
${details.length > 0 && meeting(details)}
<h2>Numbers by country</h2>
<div class="countries">
${sections.map(country)}
</div>
</main>
</body>
</html>
`;
}

function meeting(details: readonly MeetingDetail[]): Html {
  const rows = details.map(
    ({ label, kind, value }) =>
      html`<div><dt>${label}</dt><dd>${kind === "number" ? toDial(value) : html`<code>${value}</code>`}</dd></div>\n`,
  );
  return html`<section class="meeting">
<h2>Your meeting</h2>
<dl>
${rows}</dl>
</section>`;
}

function country({ id, name, list }: Section): Html {
  const items = list.map(
    ({ number, kind, label }) =>
      html`<li>${toDial(number)} <span>${label !== undefined && `${label}, `}${kind}</span></li>\n`,
  );
  return html`<section class="country">
<h3 id="${id}">${name}</h3>
<ul>
${items}</ul>
</section>
`;
}

/** A link that dials, if this can be a telephone number; `*` and `#` could be an order to the telephone itself. */
function toDial(number: string): Html {
  const digits = number.replace(/[ ().-]/g, "");
  return /^\+?\d{3,15}$/.test(digits) ? html`<a href="tel:${digits}">${number}</a>` : html`${number}`;
}
