/**
 * A request with its whole URL; `null`: none can be made of its target and its Host. Plain workerd hands over the target as it came, since
 * else it refuses HTTP/1.0 without Host. A target that a URL would change is refused: a proxy in front judged it as it stood.
 */
export function withWholeUrl(request: Request): Request | null {
  const { url: target, headers } = request;
  if (!target.startsWith("/")) return URL.canParse(target) ? request : null;
  const url = URL.parse(`http://${headers.get("host") || "localhost"}${target}`);
  const isSame = url !== null && url.username + url.password === "" && url.pathname === target.replace(/\?.*$/s, "");
  return isSame ? new Request(url, request) : null;
}
