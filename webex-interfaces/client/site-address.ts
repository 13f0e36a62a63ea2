import { err, isLoopback, ok, type Result } from "../doors/foundation.ts";

declare const checked: unique symbol;

/** A WebEx site whose URL `siteOf` has checked. */
export interface Site {
  /** The site's name in its URLs. */
  readonly name: string;
  /** `https://acme.webex.com/acme/`; pages of the URL API follow. */
  readonly url: string;
  readonly [checked]: true;
}

export interface SiteError {
  readonly kind: "wrong-site";
  readonly given: string;
  /** Sentence without a period. */
  readonly says: string;
}

const siteName = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/i;
const url = /^(?:(https?):\/\/)?([a-z0-9._-]+|\[::1\])(?::(\d{1,5}))?(?:\/([a-z0-9_-]*)\/?)?$/i;

/**
 * Parses a name (`acme`), a host (`acme.webex.com`) or a URL (`https://meet.example.com/acme`). WebEx requires HTTPS.
 * A site on this machine may use HTTP.
 */
export function siteOf(given: string): Result<Site, SiteError> {
  if (siteName.test(given) && !isLoopback(given)) return ok(siteAt("https", `${given.toLowerCase()}.webex.com`, given));
  const [match, scheme = "https", anyCase = "", port, path = ""] = url.exec(given) ?? [];
  if (match === undefined) return wrong(given, "must be a site's name, its host, or https://host/name");
  const host = anyCase.toLowerCase();
  if (!isLoopback(host) && !isDomain(host)) return wrong(given, "must name a host by its domain");
  if (scheme.toLowerCase() === "http" && !isLoopback(host)) {
    return wrong(given, "must begin with https, because HTTP does not protect passwords");
  }
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return wrong(given, "has a port beyond 65535");
  const name = path === "" ? (host.split(".")[0] ?? "") : path;
  if (!siteName.test(name) || (path === "" && isLoopback(host)))
    return wrong(given, "must have the site's name as its path");
  const site = siteAt(scheme.toLowerCase(), port === undefined ? host : `${host}:${port}`, name);
  return URL.canParse(site.url) ? ok(site) : wrong(given, "has an impossible host");
}

function siteAt(scheme: string, host: string, name: string): Site {
  return { name, url: `${scheme}://${host}/${name}/` } as Site;
}

/** True for two labels or more. A last label that is a number would make it an IPv4 address. */
function isDomain(host: string): boolean {
  const labels = host.split(".");
  const isLabel = (label: string) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label);
  return labels.length >= 2 && host.length <= 253 && labels.every(isLabel) && /^[a-z]/.test(labels.at(-1) ?? "");
}

function wrong(given: string, rule: string): { readonly ok: false; readonly error: SiteError } {
  // Shows only the scheme of a URL with a user, query or fragment, which may be secret.
  const shown = given.replace(/^(https?:)?.*[@?#].*$/is, "$1…").slice(0, 80);
  return err({ kind: "wrong-site", given: shown, says: `the site ${JSON.stringify(shown)} ${rule}` });
}
