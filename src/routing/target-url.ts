import type { WebexHost } from "../foundation/ids.ts";
import { setLimited } from "../foundation/limits.ts";
import { err, ok, type Result } from "../foundation/result.ts";

interface TargetRule {
  readonly scheme: "http" | "https" | "auto";
  readonly path: string;
  /** Begins, in whole segments, of paths that WebEx may choose itself, in a full URL. */
  readonly paths: readonly string[];
}

export interface TargetSettings extends TargetRule {
  /** Host names, any port; `*.example.com` matches each subdomain (protocol T16). */
  readonly hosts: readonly string[];
  /** By host name or pattern, what differs there; the most specific one that fits a host counts. */
  readonly servers: Readonly<Record<string, { readonly [Part in keyof TargetRule]?: TargetRule[Part] | undefined }>>;
}

export type BadTarget =
  | { readonly kind: "not-a-host"; readonly text: string }
  | { readonly kind: "not-allowed"; readonly host: string };

interface Target {
  readonly host: WebexHost;
  readonly url: string;
}

/** Targets by what WebEx wrote: parsing a URL costs as much as all else about a message's address. */
const knownTargets = new WeakMap<TargetSettings, Map<string, Target>>();
const maxKnownTargets = 1_000;
const maxKnownLength = 300;

/** No user info, escape, blank or fragment fits here, so nothing is left for a URL parser to read differently. */
const form = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?(\/[\w.~!$&'()*+,;=:@/?-]*)?$/i;
const labels = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

/**
 * The server that a `WbxHostName` means, `host:port` or a full URL, by HTTP or HTTPS (protocol T2, T15): its origin, and its path
 * where WebEx named one that the settings allow. Every spelling of one server (case, default port, scheme) gives the same text
 * (protocol section 5, row 5). Another path is dropped, since a peer that chose it could have any page of an allowed host posted to.
 */
export function canonicalHost(webexHost: string, settings: TargetSettings): Result<WebexHost, BadTarget> {
  const target = targetOf(webexHost, settings);
  return target.ok ? ok(target.value.host) : target;
}

export function targetUrl(webexHost: string, settings: TargetSettings): Result<string, BadTarget> {
  const target = targetOf(webexHost, settings);
  return target.ok ? ok(target.value.url) : target;
}

function targetOf(webexHost: string, settings: TargetSettings): Result<Target, BadTarget> {
  let known = knownTargets.get(settings);
  if (!known) {
    known = new Map();
    knownTargets.set(settings, known);
  }
  const target = known.get(webexHost);
  if (target !== undefined) return ok(target);
  const parsed = parseTarget(webexHost, settings);
  if (parsed.ok && webexHost.length <= maxKnownLength) setLimited(known, webexHost, parsed.value, maxKnownTargets);
  return parsed;
}

function parseTarget(webexHost: string, settings: TargetSettings): Result<Target, BadTarget> {
  const [, givenScheme, givenHost, port, givenPath] = form.exec(webexHost) ?? [];
  if (givenHost === undefined || (givenPath !== undefined && givenScheme === undefined) || !isPort(port)) {
    return err({ kind: "not-a-host", text: webexHost });
  }
  const host = givenHost.toLowerCase();
  if (!isAllowedHost(settings.hosts, host)) return err({ kind: "not-allowed", host });
  const rule = ruleFor(host, settings);
  const scheme = schemeFor(rule.scheme, givenScheme?.toLowerCase(), port);
  // Brackets around an IPv4 address have the right form and are listed, and yet are no host.
  const url = URL.parse(`${scheme}://${host}${port === undefined ? "" : `:${port}`}${givenPath ?? ""}`);
  if (!url) return err({ kind: "not-a-host", text: webexHost });
  // Compared as the parser reads it: dots that climb out of an allowed path are gone.
  const path = `${url.pathname}${url.search}`;
  const isKept = path !== "/" && path !== rule.path && mayChoose(rule.paths, url.pathname) && !path.includes("%");
  return ok({
    host: (isKept ? url.origin + path : url.origin) as WebexHost,
    url: url.origin + (isKept ? path : rule.path),
  });
}

function ruleFor(host: string, { scheme, path, paths, servers }: TargetSettings): TargetRule {
  const [closest] = Object.entries(servers)
    .filter(([pattern]) => isAllowedHost([pattern], host))
    .sort(([one], [other]) => specificity(other) - specificity(one));
  const own = closest?.[1];
  return { scheme: own?.scheme ?? scheme, path: own?.path ?? path, paths: own?.paths ?? paths };
}

/** A name is more specific than each pattern, and of two patterns the longer one. */
function specificity(pattern: string): number {
  return pattern.startsWith("*.") ? pattern.length : Number.MAX_SAFE_INTEGER;
}

function mayChoose(paths: readonly string[], path: string): boolean {
  return paths.some((begin) => path === begin || path.startsWith(begin.endsWith("/") ? begin : `${begin}/`));
}

/** Compared as text: another spelling of a listed address is another host, whatever a resolver makes of it. */
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
