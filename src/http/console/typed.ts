import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { KeptSearch } from "../../console/paths.ts";
import { seal, unseal } from "../../foundation/secrets.ts";
import { SESSION_MS } from "../../operators/sessions.ts";
import { keepsSecureCookies } from "../address.ts";
import type { SignedIn } from "../guard.ts";

/** The latest: a browser sends all of them with each request, and servers refuse long headers. */
const MOST_KEPT = 6;
/** Before they are sealed. */
const MOST_BYTES = 500;
/** Characters of a field. */
const MOST_TYPED = 256;
const keptCookie = "bridgehead-typed-";

export type Fields = Readonly<Record<string, string>>;

interface TypedCall {
  readonly context: Context;
  readonly edge: { readonly sessionKey: string; now(): number };
  readonly signedIn: SignedIn;
}

/** Keeps fields with the browser, which cannot read them. Returns the query parameter that names them. */
export async function keepTyped(call: TypedCall, kind: string, fields: Fields): Promise<KeptSearch> {
  if (Object.values(fields).every((value) => value === "")) return {};
  const { context, edge } = call;
  // Names rise with the time.
  for (const old of keptBy(context)
    .sort()
    .slice(0, 1 - MOST_KEPT)) {
    deleteCookie(context, keptCookie + old, cookieOptions(context));
  }
  const id = edge.now().toString(36);
  setCookie(context, keptCookie + id, await seal(edge.sessionKey, sealedFor(call, kind), textOf(fields)), {
    ...{ ...cookieOptions(context), httpOnly: true, sameSite: "Strict", maxAge: SESSION_MS / 1_000 },
  });
  return { [kind]: id };
}

/** `null`: the browser keeps it no longer, or somebody else has typed it. */
export async function readTyped(call: TypedCall, kind: string, id: string): Promise<Fields | null> {
  const { context, edge } = call;
  const cookie = getCookie(context, keptCookie + id, cookieOptions(context).prefix) ?? "";
  const text = await unseal(edge.sessionKey, sealedFor(call, kind), cookie);
  return text === null ? null : Object.fromEntries(new URLSearchParams(text));
}

/** As that of a session: no other name, and no other site under ours, can set it. */
function cookieOptions({ req }: Context): { readonly path: "/"; readonly prefix?: "host" } {
  return keepsSecureCookies(req.raw) ? { path: "/", prefix: "host" } : { path: "/" };
}

function keptBy(context: Context): string[] {
  const names = Object.keys(getCookie(context)).map((name) => name.replace(/^__Host-/, ""));
  return names.flatMap((name) => (name.startsWith(keptCookie) ? [name.slice(keptCookie.length)] : []));
}

/** Has the browser delete what was typed in searches: the next person at this machine has no business with it. */
export function forgetTyped(context: Context): void {
  for (const kept of keptBy(context))
    for (const options of [{ path: "/", prefix: "host" }, { path: "/" }] as const)
      deleteCookie(context, keptCookie + kept, options);
}

/** Whoever uses the browser next reads none of it. */
function sealedFor({ signedIn }: TypedCall, kind: string): string {
  return `${kind} of ${signedIn.person.name}`;
}

function textOf(fields: Fields, mostTyped = MOST_TYPED): string {
  const cut = Object.entries(fields).map(([name, value]) => [name, value.slice(0, mostTyped)]);
  const text = String(new URLSearchParams(cut));
  return text.length <= MOST_BYTES || mostTyped <= 1 ? text : textOf(fields, mostTyped / 2);
}
