import { sha256 } from "../foundation/secrets.ts";
import { persons } from "../foundation/shown.ts";
import { showSettings } from "./domain-settings.ts";
import type { Domain } from "./load.ts";

const digests = new WeakMap<ReadonlyMap<string, Domain>, Promise<string>>();

/** Tells the settings of all domains from others: 16 hexadecimal digits. Secrets have no part in it, so that nobody can try them out. */
export function settingsDigest(domains: ReadonlyMap<string, Domain>): Promise<string> {
  const known = digests.get(domains);
  if (known) return known;
  const settings = [...domains].map(([name, domain]) => [name, showSettings(domain.settings, persons.full)]);
  const digest = sha256(JSON.stringify(settings)).then((hex) => hex.slice(0, 16));
  digests.set(domains, digest);
  return digest;
}
