import { clientOf, Networks } from "../foundation/guard/networks.ts";
import { isLoopback } from "../foundation/loopback.ts";
import { keepsPath } from "../foundation/text/path-segment.ts";

/** No proxy is trusted, because plain workerd has no setting for one. */
const none = new Networks([]);

/**
 * Returns the client's address. Cloudflare sets it in a header that no client can set; an edge on plain Node knows
 * it, and plain workerd knows the peer. Empty: unknown.
 */
export function addressOf(request: Request): string {
  const { headers } = request;
  const known = Reflect.get(request, "cf") ?? {};
  const client: unknown = Reflect.get(known, "client");
  if (typeof client === "string") return client;
  const peer: unknown = Reflect.get(known, "clientIp");
  if (typeof peer === "string") return clientOf(peer, headers.get("x-forwarded-for"), none);
  return headers.get("cf-connecting-ip") ?? "";
}

/** True if the browser used HTTPS, perhaps to a proxy in front of the edge. */
export function isByHttps(request: Request): boolean {
  const origin = request.headers.get("origin") ?? "";
  return [request.url, `${request.headers.get("x-forwarded-proto") ?? ""}://`, origin].some((text) =>
    text.startsWith("https://"),
  );
}

/** True if the browser will store a `Secure` cookie. */
export function keepsSecureCookies(request: Request): boolean {
  return isByHttps(request) || isLoopback(new URL(request.url).hostname);
}

/** Returns the whole URL; plain workerd gives only the target. `null`: impossible, or a URL would change the target. */
export function withWholeUrl(request: Request): Request | null {
  const { url: target, headers } = request;
  if (!target.startsWith("/")) return URL.canParse(target) ? request : null;
  const url = URL.parse(`http://${headers.get("host") || "localhost"}${target}`);
  const isSame = url !== null && url.username + url.password === "" && keepsPath(url, target);
  return isSame ? new Request(url, request) : null;
}
