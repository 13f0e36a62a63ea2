import type { WebexHost } from "../foundation/ids.ts";
import { setLimited } from "../foundation/limits.ts";
import { err, ok, type Result } from "../foundation/result.ts";

/** Where a domain's posts may go, and how. */
export interface TargetSettings {
  /** Host names, any port; `*.example.com` matches each subdomain (protocol T16). */
  readonly hosts: readonly string[];
  readonly scheme: "http" | "https" | "auto";
  readonly path: string;
}

export type BadTarget =
  | { readonly kind: "not-a-host"; readonly text: string }
  | { readonly kind: "not-allowed"; readonly host: string };

/** Canonical hosts by what WebEx wrote: parsing a URL costs as much as all else about a message's address. */
const knownHosts = new WeakMap<TargetSettings, Map<string, WebexHost>>();
const maxKnownHosts = 1_000;
const maxKnownLength = 300;

/** No user info, escape, blank or fragment fits here, so nothing is left for a URL parser to read differently. */
const form = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?(\/[\w.~!$&'()*+,;=:@/?-]*)?$/i;
const labels = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

/**
 * The origin to post to, by HTTP or HTTPS (protocol T2), for a `WbxHostName`: `host:port`, or a full URL (protocol T15). Every
 * spelling of one server (case, default port, scheme) gives the same text (protocol section 5, row 5). The path of a URL is
 * dropped, since a peer that chose it could have any page of an allowed host posted to.
 */
export function canonicalHost(webexHost: string, settings: TargetSettings): Result<WebexHost, BadTarget> {
  let known = knownHosts.get(settings);
  if (!known) {
    known = new Map();
    knownHosts.set(settings, known);
  }
  const host = known.get(webexHost);
  if (host !== undefined) return ok(host);
  const parsed = parseHost(webexHost, settings);
  if (parsed.ok && webexHost.length <= maxKnownLength) setLimited(known, webexHost, parsed.value, maxKnownHosts);
  return parsed;
}

function parseHost(webexHost: string, settings: TargetSettings): Result<WebexHost, BadTarget> {
  const [, givenScheme, givenHost, port, givenPath] = form.exec(webexHost) ?? [];
  if (givenHost === undefined || (givenPath !== undefined && givenScheme === undefined) || !isPort(port)) {
    return err({ kind: "not-a-host", text: webexHost });
  }
  const host = givenHost.toLowerCase();
  if (!isAllowedHost(settings.hosts, host)) return err({ kind: "not-allowed", host });
  const scheme = schemeFor(settings.scheme, givenScheme?.toLowerCase(), port);
  // Brackets around an IPv4 address have the right form and are listed, and yet are no host.
  const url = URL.parse(`${scheme}://${host}${port === undefined ? "" : `:${port}`}`);
  return url ? ok(url.origin as WebexHost) : err({ kind: "not-a-host", text: webexHost });
}

/** The URL that a domain's posts to this host go to. */
export function targetUrl(webexHost: string, settings: TargetSettings): Result<string, BadTarget> {
  const origin = canonicalHost(webexHost, settings);
  return origin.ok ? ok(origin.value + settings.path) : origin;
}

/**
 * Compared as text: another spelling of a listed address (numbers, a trailing dot, IPv6 forms) is another host, because
 * what a resolver makes of it is not ours to know.
 */
export function isAllowedHost(hosts: readonly string[], host: string): boolean {
  return hosts.some((listed) => {
    const pattern = listed.toLowerCase();
    if (!pattern.startsWith("*.")) return host === pattern || host === `[${pattern}]`;
    const parent = pattern.slice(1);
    return host.endsWith(parent) && labels.test(host.slice(0, -parent.length));
  });
}

function isPort(port: string | undefined): boolean {
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}

/** The peer may ask for more safety than the settings do, never for less. */
function schemeFor(setting: TargetSettings["scheme"], given: string | undefined, port: string | undefined): string {
  if (setting === "https") return "https";
  if (given !== undefined) return given;
  return setting === "auto" && port === "443" ? "https" : "http";
}
