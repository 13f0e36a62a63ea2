import { isLoopback } from "../foundation/loopback.ts";
import { keepsPath } from "../foundation/text/path-segment.ts";

/**
 * The address from which a request came. At Cloudflare the platform says it in a header that nobody else can set there; plain workerd knows who
 * is connected, and of a proxy on the same machine, the last address in `X-Forwarded-For` is the one that the proxy saw. Empty: nobody tells.
 */
export function addressOf(request: Request): string {
  const { headers } = request;
  const peer = Reflect.get(Reflect.get(request, "cf") ?? {}, "clientIp");
  if (typeof peer !== "string") return headers.get("cf-connecting-ip") ?? "";
  const address = peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (!isLoopback(address)) return address;
  return headers.get("x-forwarded-for")?.split(",").at(-1)?.trim().slice(0, 64) || address;
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
