import type { Hono } from "hono";
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import type { GlobalNumbers } from "../../settings/domain-settings.ts";
import { countryName } from "../../settings/values.ts";
import type { EdgePorts } from "../edge-ports.ts";
import type { Variables } from "../guard.ts";
import { noSuchPage, problem } from "../problem.ts";

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

/** The page of global call-in numbers (protocol 1.6). */
export function addGlobalNumbers(app: Hono<Variables>, edge: EdgePorts): void {
  // WebEx's own example has a slash before the query.
  app.on("ALL", ["/global-numbers/:domain", "/global-numbers/:domain/"], async (context) => {
    const { method, url } = context.req;
    const own = edge.domains.get(context.req.param("domain"))?.settings.globalNumbers;
    if (!own) return noSuchPage();
    if (method !== "GET" && method !== "HEAD") {
      return problem(405, "method not allowed", "This page is read by GET.", { allow: "GET, HEAD" });
    }
    const details = meetingDetails(new URL(url).searchParams);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(styleSheet));
    const style = `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
    return context.body(`<!DOCTYPE html>${<NumbersPage numbers={own} details={details} />}`, 200, {
      "content-type": "text/html; charset=UTF-8",
      // A meeting's codes must not be cached.
      "cache-control": details.length > 0 ? "no-store" : "private, max-age=300",
      "content-security-policy": `default-src 'none'; style-src ${style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
    });
  });
}

/** Longer than any number or code. Longer values are ignored. */
const MAX_CHARACTERS = 64;

/** A number to dial or a code to enter, of the caller's own meeting. */
type Detail = readonly [label: string, value: Child];

/** Values that WebEx filled into the URL (protocol 1.6). */
function meetingDetails(query: URLSearchParams): readonly Detail[] {
  const number = (label: string, name: string): readonly Detail[] => {
    const text = fullNumber(filledIn(query, `${name}cc`), filledIn(query, name));
    return text === undefined ? [] : [[label, toDial(text)]];
  };
  const code = (label: string, name: string): readonly Detail[] => {
    const text = filledIn(query, name);
    return text === undefined ? [] : [[label, <code>{text}</code>]];
  };
  return [
    ...number("Call-in number (toll)", "tollnum"),
    ...number("Call-in number (toll-free)", "tollfreenum"),
    ...code("Participant code", "participantcode"),
    ...code("Subscriber code", "subscribercode"),
  ];
}

/** The first usable value of a name in any case. */
function filledIn(query: URLSearchParams, name: string): string | undefined {
  const given = [...query].filter(([key, text]) => key.toLowerCase() === name && text.length <= MAX_CHARACTERS);
  // Control and direction characters would let a value pass for something else.
  const values = given.map(([, text]) => text.replace(/[\p{C}\s]+/gu, " ").trim());
  // An unfilled placeholder: the account has no value for it.
  return values.find((text) => text !== "" && !/^%\w+%$/.test(text));
}

function fullNumber(country: string | undefined, number: string | undefined): string | undefined {
  if (number === undefined || country === undefined || number.startsWith("+")) return number;
  return `${/^\d+$/.test(country) ? "+" : ""}${country} ${number}`;
}

interface NumbersProps {
  readonly numbers: GlobalNumbers;
  readonly details: readonly Detail[];
}

/** A self-contained page. Countries are sorted by their English names. */
function NumbersPage({ numbers, details }: NumbersProps) {
  const countries = Object.entries(numbers).map(([code, list]) => ({ code, name: countryName(code), list }));
  return (
    <html lang="en">
      <head>
        <meta charset="UTF-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Global call-in numbers</title>
        <style>{raw(styleSheet)}</style>
      </head>
      <body>
        <main>
          <h1>Global call-in numbers</h1>
          {details.length > 0 && (
            <section class="meeting">
              <h2>Your meeting</h2>
              <dl>
                {details.map(([label, value]) => (
                  <div>
                    <dt>{label}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
              </dl>
            </section>
          )}
          <h2>Numbers by country</h2>
          <div class="countries">
            {countries
              .sort((one, other) => one.name.localeCompare(other.name, "en"))
              .map(({ code, name, list }) => (
                <section class="country">
                  <h3 id={code}>{name}</h3>
                  <ul>
                    {list.map(({ number, kind, label }) => (
                      <li>
                        {toDial(number)} <span>{label === undefined ? kind : `${label}, ${kind}`}</span>
                      </li>
                    ))}
                  </ul>
                </section>
              ))}
          </div>
        </main>
      </body>
    </html>
  );
}

/** A link that dials, if this can be a telephone number. `*` and `#` could control the telephone itself. */
function toDial(number: string): Child {
  const digits = number.replace(/[ ().-]/g, "");
  return /^\+?\d{3,15}$/.test(digits) ? <a href={`tel:${digits}`}>{number}</a> : number;
}
