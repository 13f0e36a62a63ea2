import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { budgets } from "../foundation/guard/budgets.ts";
import { networkOf, unnamedProxy } from "../foundation/guard/networks.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { RateBudget } from "../foundation/limits.ts";
import { isLoopback } from "../foundation/loopback.ts";
import type { LogFacts } from "../foundation/text/log-line.ts";
import { type Operator, type People, personOfToken } from "../operators/people.ts";
import { type Session, sessionCookie, sessionHashOf } from "../operators/sessions.ts";
import type { EdgeObjects } from "../rpc/objects.ts";
import type { EdgeEvent, Metrics } from "./monitoring/monitoring.ts";
import { problem } from "./problem.ts";

export type SignedIn =
  | { readonly by: "token" | "access"; readonly person: Operator }
  | { readonly by: "session"; readonly person: Operator; readonly session: Session };

/** The guard's results for later routes, and its callbacks. */
export interface Variables {
  readonly Bindings: {
    /** True if an agent has proved its key. */
    proved?(): void;
  };
  readonly Variables: { signedIn: SignedIn };
}

export interface GuardPorts {
  /** All users of the current settings. */
  people(): Promise<People>;
  readonly objects: Pick<EdgeObjects, "sessions">;
  /** Seals cookies of sessions, so that a made-up one wakes no object. */
  readonly sessionKey: string;
  readonly rates: Rates;
  readonly metrics: Pick<Metrics, "count">;
  fetch(url: string, init: RequestInit): Promise<Response>;
  log(event: EdgeEvent, facts: LogFacts, level?: "info" | "warn" | "error"): void;
  now(): EpochMs;
}

/** Actions with a limit of their own, so that a loop of other actions cannot block them. */
const countedApart: ReadonlySet<string> = new Set(["end", "drain", "undrain", "hand-over", "sign-in"]);

/** Rate limits of users and addresses in this isolate. This machine's own address has none: behind a proxy, one client would lock out all. */
export class Rates {
  readonly #signIn = new RateBudget(budgets.signIn);
  readonly #read = new RateBudget(budgets.read);
  readonly #act = new RateBudget(budgets.act);

  /** The seconds to wait before the next token; 0: none. */
  tokenWait(address: string, now: EpochMs): number {
    return this.#signIn.lacksSeconds(networkOf(address), now);
  }

  /** Counts a sign-in or a wrong token. */
  countSignIn(address: string, now: EpochMs): void {
    if (isLimited(address)) this.#signIn.waitSeconds(networkOf(address), now);
  }

  /** True if a refused token gets a row. All addresses share one limit of rows; the metric and the log count all. */
  mayNote(now: EpochMs): boolean {
    return this.#signIn.waitSeconds("", now) === 0;
  }

  ofAddress(address: string, now: EpochMs): Response | null {
    return isLimited(address) ? refusalAfter(this.#read.waitSeconds(networkOf(address), now)) : null;
  }

  ofPerson({ name }: Operator, now: EpochMs): Response | null {
    return refusalAfter(this.#read.waitSeconds(`user ${name}`, now));
  }

  ofAction({ name }: Operator, action: string, now: EpochMs): Response | null {
    return refusalAfter(this.#act.waitSeconds(`${countedApart.has(action) ? action : ""} ${name}`, now));
  }
}

function isLimited(address: string): boolean {
  return address !== "" && !isLoopback(address);
}

function refusalAfter(waitSeconds: number): Response | null {
  if (waitSeconds === 0) return null;
  const detail = `Too many requests. Try again in ${waitSeconds} s.`;
  return problem(429, "too many requests", detail, { "retry-after": String(waitSeconds) });
}

/** The session cookie; `undefined`: none. Accepts the https cookie over http too, because a proxy may not report https. */
export function sessionOf(context: Context): string | undefined {
  return getCookie(context, sessionCookie, "host") ?? getCookie(context, sessionCookie);
}

/** The user by the first of: bearer token, session cookie, Cloudflare Access. `null`: unauthenticated. */
export async function whoAsks(context: Context, ports: GuardPorts): Promise<SignedIn | null> {
  const authorization = context.req.header("authorization");
  if (authorization !== undefined) {
    const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    const found = token === undefined ? null : await personOfToken(await ports.people(), token);
    return found && { by: "token", person: found.person };
  }
  const cookie = sessionOf(context);
  if (cookie !== undefined) {
    const hash = await sessionHashOf(ports.sessionKey, cookie);
    // Polls of an open page have this header, and do not count as use. Browsers never send it themselves.
    const isUse = context.req.header("if-none-match") === undefined;
    const session = hash === null ? null : await ports.objects.sessions().find(hash, isUse);
    // A removed or replaced token ends its sessions.
    const person = session && (await ports.people()).byToken.get(session.credential);
    if (person && person.name === session.person) return { by: "session", person, session };
  }
  const assertion = context.req.header("cf-access-jwt-assertion");
  const { access } = await ports.people();
  if (access === null || assertion === undefined) return null;
  // Loads the library only if needed, to keep the start of a Worker fast.
  const { personOfAccess } = await import("../operators/access.ts");
  const person = await personOfAccess(access, assertion, ports.fetch, ports.now());
  return person && { by: "access", person };
}

/** True if the request has any credentials. */
export function saysWho({ req }: Context): boolean {
  return ["authorization", "cookie", "cf-access-jwt-assertion"].some((name) => req.header(name) !== undefined);
}

/**
 * Refuses a request that another site's page could have sent, else returns `null`. `isAmbient`: the user is known by a cookie.
 * Hono's `csrf` checks only forms, accepts any matching `Origin`, and compares schemes, which a proxy with TLS changes.
 */
export function crossSiteRefusal({ req }: Context, isAmbient: boolean): Response | null {
  // Other sites may send requests that change nothing: they cannot read the answers.
  if (req.method === "GET" || req.method === "HEAD") return null;
  const fetchSite = req.header("sec-fetch-site");
  const origin = req.header("origin");
  const host = req.header("host") ?? new URL(req.url).host;
  const isOurs =
    fetchSite !== undefined
      ? fetchSite === "same-origin" || fetchSite === "none"
      : origin === undefined
        ? !isAmbient
        : URL.parse(origin)?.host === host.toLowerCase();
  if (isOurs) return null;
  const detail = isAmbient
    ? "This request comes from another or an unknown site. Send it from the console, or with a bearer token."
    : "This request has a token, but comes from another site's page. Send it from a program, without Origin and Sec-Fetch-Site.";
  return problem(403, "cross-site", detail);
}

export async function admitPerson(context: Context, ports: GuardPorts, address: string): Promise<SignedIn | Response> {
  const hasToken = context.req.header("authorization") !== undefined;
  const tooMany = () => (hasToken ? tooManyAttempts(address, ports) : null);
  const refusal = tooMany();
  if (refusal) return refusal;
  const signedIn = await whoAsks(context, ports);
  // Parallel tokens have the same limit as consecutive ones.
  const meanwhile = tooMany();
  if (meanwhile) return meanwhile;
  if (signedIn === null) {
    ports.metrics.count("operators_refused");
    if (hasToken) {
      ports.rates.countSignIn(address, ports.now());
      ports.log("sign-in", { outcome: "refused", from: address }, "warn");
    }
    const detail = "Send your token, or the operator's, as Authorization: Bearer <token>, or sign in at /console.";
    return problem(401, "not authorised", detail, { "www-authenticate": "Bearer" });
  }
  return (
    ports.rates.ofPerson(signedIn.person, ports.now()) ?? crossSiteRefusal(context, signedIn.by !== "token") ?? signedIn
  );
}

/** Refuses any token of this address after too many wrong ones; `null`: it may be tried. */
export function tooManyAttempts(address: string, { rates, now }: Pick<GuardPorts, "rates" | "now">): Response | null {
  const waitSeconds = rates.tokenWait(address, now());
  if (waitSeconds === 0) return null;
  const from =
    address === unnamedProxy
      ? "through a proxy that trustedProxies lacks or that sends no address, so all its clients count as one"
      : "from your address";
  const detail = `Too many sign-ins or wrong tokens came ${from}. Try again in ${waitSeconds} s.`;
  return problem(429, "too many attempts", detail, { "retry-after": String(waitSeconds) });
}
