/** The partner's back end, in place of a TSP server. No `WbxHostName` has this form. */
export const BACK_END = "*back-end";

/** To whom something is posted, in words. */
export function hostText(host: string): string {
  return host === BACK_END ? "the partner's back end" : bareHost(host);
}

/** A server without the scheme, which is the same for all of a domain. */
export function bareHost(host: string): string {
  return host.replace(/^https?:\/\//, "");
}
