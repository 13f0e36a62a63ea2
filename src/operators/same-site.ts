/** What a request says of where it comes from. */
export interface Origins {
  readonly method: string;
  readonly upgrade: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  /** Host and port as the request names them. */
  readonly host: string;
}

/** A browser's page may ask freely for what changes nothing: no answer says that others may read it. */
function isHarmless({ method, upgrade }: Origins): boolean {
  return (method === "GET" || method === "HEAD") && upgrade?.toLowerCase() !== "websocket";
}

/**
 * Whether a request could come from another site's page: browsers say so by `Sec-Fetch-Site`, older ones and plain HTTP by `Origin` alone.
 * Programs send neither, and bring a token of their own. `isAmbient`: the browser itself has added what says who asks, a cookie; then one of
 * the two must be there.
 */
export function isCrossSite(origins: Origins, isAmbient: boolean): boolean {
  const { origin, fetchSite, host } = origins;
  if (isHarmless(origins)) return false;
  if (fetchSite !== undefined) return fetchSite !== "same-origin" && fetchSite !== "none";
  if (origin === undefined) return isAmbient;
  return !URL.canParse(origin) || new URL(origin).host !== host.toLowerCase();
}
