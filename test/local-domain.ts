import type { Domain } from "../src/domain.ts";
import type { DomainName } from "../src/foundation/ids.ts";
import { loadDomains } from "../src/settings/load.ts";
import { localDomain, mergeSettings } from "../src/settings/local-domain.ts";
import { createCodec } from "../src/tsp/codec.ts";

interface Agent {
  readonly name: string;
  readonly publicKey: string;
}

/** The domain of a local run with other settings laid over it, and with one bridge of these agents. */
export function testDomain(overrides: object = {}, agents: readonly Agent[] = [agentWithoutKey("agent-1")]): Domain {
  const domains = loadDomains(JSON.stringify({ local: mergeSettings(localDomain({ agents }), overrides) }));
  if (!domains.ok) throw new Error(domains.error);
  const name = "local" as DomainName;
  const settings = domains.value.get(name);
  if (!settings) throw new Error("the settings have no domain local");
  return { name, settings, codec: createCodec(settings.protocol) };
}

/** An agent that never has to prove who it is. */
export function agentWithoutKey(name: string): Agent {
  return { name, publicKey: "A".repeat(43) };
}
