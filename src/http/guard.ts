import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { EpochMs } from "../foundation/ids.ts";
import { setLimited, TokenBucket } from "../foundation/limits.ts";
import { isLoopback } from "../foundation/loopback.ts";
import { type Operator, type People, personOfToken } from "../operators/people.ts";
import { type Session, sessionCookie, sessionHashOf } from "../operators/sessions.ts";
import type { EdgeObjects } from "../rpc/objects.ts";
import { networkOf } from "./address.ts";
import { problem } from "./problem.ts";

export type SignedIn =
  | { readonly by: "token" | "access"; readonly person: Operator }
  | { readonly by: "session"; readonly person: Operator; readonly session: Session };

/** What the guard leaves for the routes behind it. */
export interface Variables {
  readonly Variables: { signedIn: SignedIn };
}

export const viewersLook = "You may look, and change nothing. Ask somebody whose role is operator.";

export const mayReadNone = 'Secrets are for people whose settings have "secrets": true. Ask whoever keeps them.';

export interface GuardPorts {
  /** All who may sign in, as the settings have them now. */
  people(): Promise<People>;
  readonly objects: Pick<EdgeObjects, "sessions">;
  /** Seals cookies of sessions, so that a made-up one wakes no object. */
  readonly sessionKey: string;
  readonly attempts: Attempts;
  readonly metrics: { readonly operatorsRefused: { count(): void } };
  fetch(url: string, init: RequestInit): Promise<Response>;
  now(): EpochMs;
}

/** Wrong tokens that one address may send at once, and then in a minute; beyond them all of its tokens get 429. */
const WRONG_PER_MINUTE = 20;
const MOST_ADDRESSES = 10_000;
/** Refusals of all addresses together that are written down: each is a row. The metric and the log count all. */
const notedRate = { burst: 60, perSecond: 1 };

/** Limits guesses at tokens by address, in this isolate. This machine's own is not limited: behind a proxy a stranger would lock out the staff. */
export class Attempts {
  readonly #buckets = new Map<string, TokenBucket>();
  #noted: TokenBucket | undefined;

  /** The seconds to wait before the next one; 0: none. */
  waitSeconds(address: string, now: EpochMs): number {
    const bucket = this.#buckets.get(networkOf(address));
    return bucket ? Math.ceil(bucket.lacksMs(1, now) / 1_000) : 0;
  }

  mayNote(now: EpochMs): boolean {
    this.#noted ??= new TokenBucket(notedRate, now);
    return this.#noted.spend(1, now);
  }

  failed(address: string, now: EpochMs): void {
    if (address === "" || isLoopback(address)) return;
    const network = networkOf(address);
    const rate = { burst: WRONG_PER_MINUTE, perSecond: WRONG_PER_MINUTE / 60 };
    const bucket = this.#buckets.get(network) ?? new TokenBucket(rate, now);
    bucket.spend(1, now);
    setLimited(this.#buckets, network, bucket, MOST_ADDRESSES);
  }
}

/** The cookie of a session; `undefined`: there is none. A proxy need not say by https how a browser came that has one for https alone. */
export function sessionOf(context: Context): string | undefined {
  return getCookie(context, sessionCookie, "host") ?? getCookie(context, sessionCookie);
}

/** By the first that is there: a bearer token, the cookie of a session, Cloudflare Access. `null`: nobody whom we know. */
export async function whoAsks(context: Context, ports: GuardPorts): Promise<SignedIn | null> {
  const authorization = context.req.header("authorization");
  if (authorization !== undefined) {
    const token = bearerOf(authorization);
    const found = token === null ? null : await personOfToken(await ports.people(), token);
    return found && { by: "token", person: found.person };
  }
  const cookie = sessionOf(context);
  if (cookie !== undefined) {
    const hash = await sessionHashOf(ports.sessionKey, cookie);
    const session = hash === null ? null : await ports.objects.sessions().find(hash);
    // Whoever has lost the token, or has another one by now, has lost its sessions.
    const person = session && (await ports.people()).byToken.get(session.credential);
    if (person && person.name === session.person) return { by: "session", person, session };
  }
  const assertion = context.req.header("cf-access-jwt-assertion");
  const { access } = await ports.people();
  if (access === null || assertion === undefined) return null;
  // Few deployments want the library, and each start of a Worker would cost its time.
  const { personOfAccess } = await import("../operators/access.ts");
  const person = await personOfAccess(access, assertion, ports.fetch, ports.now());
  return person && { by: "access", person };
}

/** Whether a request has anything that could say who asks. */
export function saysWho({ req }: Context): boolean {
  return ["authorization", "cookie", "cf-access-jwt-assertion"].some((name) => req.header(name) !== undefined);
}

/** The token of an Authorization header; `null`: it has none. */
export function bearerOf(authorization: string): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
}

/** The answer to a request that another site's page could have made; `null`: none could. `isAmbient`: a cookie says who asks, not a token. */
export function crossSiteRefusal({ req }: Context, isAmbient: boolean): Response | null {
  const isSocket = req.header("upgrade")?.toLowerCase() === "websocket";
  // A browser's page may ask freely for what changes nothing: no answer says that others may read it.
  if ((req.method === "GET" || req.method === "HEAD") && !isSocket) return null;
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
    ? "This request comes from another site, or does not say from which. Send it from the console, or with a bearer token."
    : "This request has a token, and says that another site's page sends it. Send it from a program, without Origin and Sec-Fetch-Site.";
  return problem(403, "cross-site", detail);
}

export async function admitPerson(context: Context, ports: GuardPorts, address: string): Promise<SignedIn | Response> {
  const waitSeconds = ports.attempts.waitSeconds(address, ports.now());
  if (waitSeconds > 0 && context.req.header("authorization") !== undefined) return tooManyAttempts(waitSeconds);
  const signedIn = await whoAsks(context, ports);
  if (signedIn === null) {
    ports.metrics.operatorsRefused.count();
    if (context.req.header("authorization") !== undefined) ports.attempts.failed(address, ports.now());
    return notSignedIn();
  }
  return crossSiteRefusal(context, signedIn.by !== "token") ?? signedIn;
}

function notSignedIn(): Response {
  const detail = "Send your token, or the operator's, as Authorization: Bearer <token>, or sign in at /console.";
  return problem(401, "not authorised", detail, { "www-authenticate": "Bearer" });
}

export function tooManyAttempts(waitSeconds: number): Response {
  const detail = `Too many wrong tokens came from your address. Try again in ${waitSeconds} s.`;
  return problem(429, "too many attempts", detail, { "retry-after": String(waitSeconds) });
}
