import type { DomainName } from "../foundation/ids.ts";
import { type Domain, loadDomains } from "../settings/load.ts";
import { localDomain, mergeSettings } from "../settings/local-domain.ts";

/** The domain of a transcript: that of a local run, with these settings laid over it. */
export function transcriptDomain(overrides: object): Domain {
  const agents = [{ name: "agent-1", publicKey: "A".repeat(43) }];
  const domains = loadDomains(JSON.stringify({ local: mergeSettings(localDomain({ agents }), overrides) }));
  const domain = domains.ok ? domains.value.get("local" as DomainName) : undefined;
  if (!domain) throw new Error(domains.ok ? "there is no domain local" : domains.error);
  return domain;
}
