import { segmentOf } from "../foundation/text/path-segment.ts";

/** The address of a page of a domain: a key may have a slash. */
export function pathOf(domain: string, ...parts: readonly string[]): string {
  return `/console/${[domain, ...parts].map(segmentOf).join("/")}`;
}

/** Personal data that a user typed, by field. Addresses must not contain it. */
export type Typed = Readonly<Record<string, string>>;

/** An address with these parameters; those that are empty are left out. */
export function withQuery(path: string, values: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
