import { type Child, useContext } from "hono/jsx";
import { FrameOfPage, Notice, useFrame, Words } from "./parts.tsx";
import { pathOf } from "./paths.ts";

/** The pages of a domain that the navigation names, by the last part of their address. */
export const places = {
  overview: "Overview",
  conferences: "Conferences",
  bridges: "Bridges",
  servers: "TSP servers",
  settings: "Domain",
  audit: "Audit",
} as const;
type Place = keyof typeof places;

interface PageProps {
  readonly title: string;
  /** Its place in the navigation. */
  readonly here?: Place;
  /** True if the browser does not update it: too expensive, or never changes. */
  readonly isStill?: boolean;
  readonly children?: Child;
}

/** A page with its frame. */
export function Page({ title, here, isStill = false, children }: PageProps) {
  const { domain, isLive: mayLive, incomplete } = useFrame();
  const isLive = mayLive && !isStill;
  return (
    <Document title={domain === "" ? title : `${title} · ${domain}`}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header here={here} isLive={isLive} />
      <main id="main" tabindex={-1} data-live={isLive ? "" : undefined}>
        <h1>{title}</h1>
        {children}
        {incomplete.length > 0 && (
          <p id="incomplete" class="notice warn">
            {`Incomplete: ${incomplete.map(({ what, why }) => `${what} (${why})`).join(", ")}.`}
          </p>
        )}
      </main>
    </Document>
  );
}

/** An error page: what happened, and what to do. */
export function TroublePage({ title, says }: { readonly title: string; readonly says: string }) {
  return (
    <Page title={title} isStill>
      <div id="answer">
        <Notice is="bad">
          <Words of={says} />
        </Notice>
      </div>
      <p>
        <a href="/console">To the overview</a>
      </p>
    </Page>
  );
}

interface DocumentProps {
  readonly title: string;
  readonly children?: Child;
}

/** A page with or without a frame. Only those with one have the script, which needs the server's clock. */
function Document({ title, children }: DocumentProps) {
  const frame = useContext(FrameOfPage);
  return (
    <html lang="en" data-now={frame?.now} data-zone={frame?.timeZone}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/console/assets/style.css" />
        {frame && <script src="/console/assets/live.js" defer />}
        <title>{`${title} · Bridgehead`}</title>
      </head>
      <body>{children}</body>
    </html>
  );
}

/** A page for unauthenticated browsers. */
export function PageAlone({ title, children }: DocumentProps) {
  return (
    <Document title={title}>
      <main id="main" class="alone">
        <p class="brand">
          <img src="/console/assets/icon.svg" width="22" height="22" alt="" />
          Bridgehead
        </p>
        <h1>{title}</h1>
        {children}
      </main>
    </Document>
  );
}

function Header({ here, isLive }: { readonly here: Place | undefined; readonly isLive: boolean }) {
  const { person, by, domain, timeZone } = useFrame();
  return (
    <header class="frame">
      <a class="brand" href="/console">
        <img src="/console/assets/icon.svg" width="22" height="22" alt="" />
        Bridgehead
      </a>
      {domain !== "" && (
        <>
          <Chooser here={here} />
          <Find />
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
          {isLive ? "Not live – reload to update" : ""}
        </p>
        {domain !== "" && <p class="dim">{`Times in ${timeZone}`}</p>}
      </div>
    </header>
  );
}

/** The search form. It is posted, so that typed text is in no address. */
function Find() {
  return (
    <search class="find">
      <form method="post" action={pathOf(useFrame().domain, "find")}>
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

function Chooser({ here = "overview" }: { readonly here: Place | undefined }) {
  const { domains, domain } = useFrame();
  if (domains.length < 2) return <p class="domain">{domain}</p>;
  return (
    <details class="chooser">
      <summary aria-label={`Domain: ${domain}`}>{domain}</summary>
      <ul>
        {domains.map((name) => (
          <PageLink to={placeOf(name, here)} title={name} isHere={name === domain} />
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
