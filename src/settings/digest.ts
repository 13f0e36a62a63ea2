import { sha256 } from "../foundation/secrets.ts";
import type { Domain } from "./load.ts";
import { maskedSettings } from "./masked.ts";

const digests = new WeakMap<ReadonlyMap<string, Domain>, Promise<string>>();

/** Tells the settings of all domains from others: 16 hexadecimal digits. Secrets are masked first, so that nobody can try them out. */
export function settingsDigest(domains: ReadonlyMap<string, Domain>): Promise<string> {
  const known = digests.get(domains);
  if (known) return known;
  const settings = [...domains].map(([name, domain]) => [name, maskedSettings(domain.settings)]);
  const digest = sha256(JSON.stringify(settings)).then((hex) => hex.slice(0, 16));
  digests.set(domains, digest);
  return digest;
}
