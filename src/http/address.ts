import { clientOf, Networks } from "../foundation/guard/networks.ts";
import { isLoopback } from "../foundation/loopback.ts";
import { keepsPath } from "../foundation/text/path-segment.ts";

/** No proxy: plain workerd has no settings for one. */
const none = new Networks([]);

/**
 * The address from which a request came. At Cloudflare the platform says it in a header that nobody else can set there; an edge on plain Node knows
 * it, and plain workerd, who is connected. Empty: nobody tells.
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

/** Whether the browser came by HTTPS, perhaps to a proxy in front of us. */
export function isByHttps(request: Request): boolean {
  const origin = request.headers.get("origin") ?? "";
  return [request.url, `${request.headers.get("x-forwarded-proto") ?? ""}://`, origin].some((text) =>
    text.startsWith("https://"),
  );
}

/** Whether the browser keeps a cookie that is for safe connections alone. */
export function keepsSecureCookies(request: Request): boolean {
  return isByHttps(request) || isLoopback(new URL(request.url).hostname);
}

/** With its whole URL; plain workerd hands over the target as it came. `null`: none can be made, or a URL would change the target. */
export function withWholeUrl(request: Request): Request | null {
  const { url: target, headers } = request;
  if (!target.startsWith("/")) return URL.canParse(target) ? request : null;
  const url = URL.parse(`http://${headers.get("host") || "localhost"}${target}`);
  const isSame = url !== null && url.username + url.password === "" && keepsPath(url, target);
  return isSame ? new Request(url, request) : null;
}
