import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { isByHttps } from "../address.ts";

/** What somebody has typed of people stands in no address: addresses are logged, kept and sent on. */
const personalFields: readonly string[] = ["number", "attendeeId", "find"];
const KEPT_S = 600;

/** Keeps fields with the browser, for a page at this path alone. None: what was kept goes. */
export function keepTyped(
  context: Context,
  page: string,
  path: string,
  fields: Readonly<Record<string, string>>,
): void {
  const isEmpty = Object.values(fields).every((value) => value === "");
  setCookie(context, `bridgehead-${page}`, isEmpty ? "" : String(new URLSearchParams(fields)), {
    ...{ path, httpOnly: true, sameSite: "Strict", secure: isByHttps(context.req.raw), maxAge: isEmpty ? 0 : KEPT_S },
  });
}

/** The fields that the browser keeps for a page. */
export function typedIn(context: Context, page: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(getCookie(context, `bridgehead-${page}`) ?? ""));
}

/** The fields of a form that are of people, and all others. */
export function apart(form: URLSearchParams): readonly [Record<string, string>, Record<string, string>] {
  const [personal, others]: [Record<string, string>, Record<string, string>] = [{}, {}];
  for (const [name, value] of form) (personalFields.includes(name) ? personal : others)[name] = value;
  return [personal, others];
}
