import type { Domain } from "./edge.ts";
import { isOneOf } from "./is-one-of.ts";

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
