/** A server without the scheme, which is the same for all of a domain. */
export function bareHost(host: string): string {
  return host.replace(/^https?:\/\//, "");
}
