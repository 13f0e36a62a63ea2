import { segmentOf } from "../foundation/text/path-segment.ts";

/** The address of a domain's page. Keys can contain a slash. */
export function pathOf(domain: string, ...parts: readonly string[]): string {
  return `/console/${[domain, ...parts].map(segmentOf).join("/")}`;
}

/** Personal data that a user typed, by field. Addresses must not contain it. */
export type Typed = Readonly<Record<string, string>>;

/** An address with these parameters, without empty ones. */
export function withQuery(path: string, values: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
