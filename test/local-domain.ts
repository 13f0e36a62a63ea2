import type { DomainName } from "../src/foundation/ids.ts";
import { type Domain, loadDomains } from "../src/settings/load.ts";
import { localDomain, mergeSettings } from "../src/settings/local-domain.ts";

interface Agent {
  readonly name: string;
  readonly publicKey: string;
}

/** The domain of a local run with other settings laid over it, and with one bridge of these agents. */
export function testDomain(overrides: object = {}, agents: readonly Agent[] = [agentWithoutKey("agent-1")]): Domain {
  const domains = loadDomains(JSON.stringify({ local: mergeSettings(localDomain({ agents }), overrides) }));
  if (!domains.ok) throw new Error(domains.error);
  const domain = domains.value.get("local" as DomainName);
  if (!domain) throw new Error("the settings have no domain local");
  return domain;
}

/** An agent that never has to prove who it is. */
export function agentWithoutKey(name: string): Agent {
  return { name, publicKey: "A".repeat(43) };
}
