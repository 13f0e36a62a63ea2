import type { Domain } from "../settings/load.ts";

/**
 * The domain of an adapter URL: `/tsp/{domain}/{secret}`, or `/tsp/{domain}` where the domain has no secrets. `null` takes
 * the same steps for a domain that does not exist as for a wrong secret, so that neither bytes nor time tell which it was.
 */
export async function domainOfAdapterUrl(
  domains: ReadonlyMap<string, Domain>,
  name: string,
  secret: string | undefined,
): Promise<Domain | null> {
  const domain = domains.get(name);
  const secrets = domain ? domain.settings.adapterSecrets : [];
  if (domain && secrets.length === 0) return secret === undefined ? domain : null;
  // Always two, so that nobody learns how many are valid. None of them is empty, so nothing given fits a stand-in.
  const [first = "", second = first] = secrets;
  const right = await isOneOf([first, second], secret ?? "");
  return domain && right ? domain : null;
}

/** Whether an Authorization header carries the operator's token. Without a configured token nobody is the operator. */
export async function isOperator(authorization: string | undefined, token: string): Promise<boolean> {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  // What was given is never empty, so it never fits an empty token.
  return given !== undefined && isOneOf([token], given);
}

/**
 * Whether a text from a stranger is one of the expected ones. Hashes are of one length and unforeseeable, and all are
 * compared in full: neither length nor time tells how much of a guess was right.
 */
export async function isOneOf(expected: readonly string[], given: string): Promise<boolean> {
  const [actual, ...hashes] = await Promise.all([given, ...expected].map(sha256));
  let found = false;
  for (const hash of hashes) {
    let difference = 0;
    for (const [index, byte] of hash.entries()) difference |= byte ^ (actual?.[index] ?? 0);
    found = difference === 0 || found;
  }
  return found;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
