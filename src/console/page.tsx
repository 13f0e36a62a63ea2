import type { Child } from "hono/jsx";
import type { EpochMs } from "../foundation/ids.ts";
import type { Operator } from "../operators/people.ts";
import { Words, ZoneOfPage } from "./parts.tsx";
import { pathOf } from "./paths.ts";

/** The pages of a domain that the navigation names, by the last part of their address. */
const places = {
  overview: "Overview",
  conferences: "Conferences",
  bridges: "Bridges",
  servers: "TSP servers",
  settings: "Domain",
  audit: "Audit",
} as const;
type Place = keyof typeof places;

/** What stands around each page. */
export interface Frame {
  readonly person: Operator;
  /** How the person has signed in. */
  readonly by: "token" | "session" | "access";
  /** Those that the person sees, in the order of the settings. */
  readonly domains: readonly string[];
  /** The one that the page is about; `null`: it is about none. */
  readonly domain: string | null;
  readonly here: Place | null;
  /** True if the browser keeps the page up to date. */
  readonly live: boolean;
  readonly now: EpochMs;
  /** What the page lacks, and why. */
  readonly incomplete?: readonly { readonly what: string; readonly why: string }[];
  /** In which the page shows times; absent: UTC. */
  readonly timeZone?: string;
}

/** What stands around a page of a domain. */
export interface DomainFrame extends Frame {
  readonly domain: string;
}

/** A page with its frame. */
export function Page({ title, children, ...frame }: Frame & { readonly title: string; readonly children?: Child }) {
  const { domain, live, now, timeZone = "UTC", incomplete = [] } = frame;
  return (
    <Document title={domain === null ? title : `${title} · ${domain}`} now={now} timeZone={timeZone}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header {...frame} />
      <main id="main" tabindex={-1} data-live={live ? "" : undefined}>
        <h1>{title}</h1>
        <ZoneOfPage.Provider value={timeZone}>{children}</ZoneOfPage.Provider>
        {incomplete.length > 0 && (
          <p id="incomplete" class="notice warn">
            {`Incomplete: ${incomplete.map(({ what, why }) => `${what} (${why})`).join(", ")}.`}
          </p>
        )}
      </main>
    </Document>
  );
}

/** In place of a page that cannot be shown: what happened, and what to do. */
export function TroublePage({ title, says, ...frame }: Frame & { readonly title: string; readonly says: string }) {
  return (
    <Page {...frame} title={title}>
      <p>
        <Words of={says} />
      </p>
      <p>
        <a href="/console">To the overview</a>
      </p>
    </Page>
  );
}

interface DocumentProps extends Partial<Pick<Frame, "now" | "timeZone">> {
  readonly title: string;
  readonly children?: Child;
}

/** A page without its frame. `now`: the server's clock, for the script, which only such pages have. */
function Document({ title, now, timeZone, children }: DocumentProps) {
  return (
    <html lang="en" data-now={now} data-zone={timeZone}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/console/assets/style.css" />
        {now !== undefined && <script src="/console/assets/live.js" defer />}
        <title>{`${title} · Bridgehead`}</title>
      </head>
      <body>{children}</body>
    </html>
  );
}

/** A page for whoever is not signed in, or cannot be. `heading`: the title, if absent. */
export function PageAlone({ title, heading = title, children }: DocumentProps & { readonly heading?: string }) {
  return (
    <Document title={title}>
      <main id="main" class="alone">
        <p class="brand">
          <img src="/console/assets/icon.svg" width="22" height="22" alt="" />
          Bridgehead
        </p>
        <h1>{heading}</h1>
        {children}
      </main>
    </Document>
  );
}

function Header({ person, by, domains, domain, here, live, timeZone = "UTC" }: Frame) {
  return (
    <header class="frame">
      <a class="brand" href="/console">
        <img src="/console/assets/icon.svg" width="22" height="22" alt="" />
        Bridgehead
      </a>
      {domain !== null && (
        <>
          <Chooser domains={domains} domain={domain} here={here} />
          <Find domain={domain} />
          <nav aria-label="Pages">
            <ul>
              {Object.entries(places).map(([name, title]) => (
                <PageLink to={placeOf(domain, name as Place)} title={title} isHere={name === here} />
              ))}
            </ul>
          </nav>
        </>
      )}
      <div class="person">
        <p>
          <b>{person.name}</b> {person.name !== person.role && <span class="dim">{person.role}</span>}
        </p>
        {by === "session" && (
          <form method="post" action="/console/sign-out">
            <button type="submit" class="quiet">
              Sign out
            </button>
          </form>
        )}
        {by === "access" && <a href="/cdn-cgi/access/logout">Sign out</a>}
      </div>
      <div class="foot">
        <p id="link" role="status" aria-label="Connection" class="dim">
          {live ? "Not live – reload to update" : ""}
        </p>
        {domain !== null && <p class="dim">{`Times in ${timeZone}`}</p>}
      </div>
    </header>
  );
}

/** Finds whatever people have in hand. What they type stands in no address. */
function Find({ domain }: { readonly domain: string }) {
  return (
    <search class="find">
      <form method="post" action={pathOf(domain, "find")}>
        <input
          type="search"
          name="find"
          maxlength={256}
          autocomplete="off"
          placeholder="Find anything"
          aria-label="Find a number, a key, a name or an id"
          aria-keyshortcuts="/"
        />
        <span aria-hidden="true">
          <kbd>/</kbd>
        </span>
      </form>
    </search>
  );
}

function Chooser({ domains, domain, here }: Pick<Frame, "domains" | "here"> & { readonly domain: string }) {
  if (domains.length < 2) return <p class="domain">{domain}</p>;
  return (
    <details class="chooser">
      <summary aria-label={`Domain: ${domain}`}>{domain}</summary>
      <ul>
        {domains.map((name) => (
          <PageLink to={placeOf(name, here ?? "overview")} title={name} isHere={name === domain} />
        ))}
      </ul>
    </details>
  );
}

function PageLink({ to, title, isHere }: { readonly to: string; readonly title: string; readonly isHere: boolean }) {
  return (
    <li>
      <a href={to} aria-current={isHere ? "page" : undefined}>
        {title}
      </a>
    </li>
  );
}

function placeOf(domain: string, place: Place): string {
  return place === "overview" ? pathOf(domain) : pathOf(domain, place);
}

/** A bridge over a gap. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a6b62"/><path d="M4 22h24M7 22V11M25 22V11M7 11c4 8 14 8 18 0M12 22v-5.6M16 22v-4.8M20 22v-5.6" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round"/></svg>`;
