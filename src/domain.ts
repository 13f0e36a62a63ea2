import type { DomainName } from "./foundation/ids.ts";
import type { DomainSettings } from "./settings/domain-settings.ts";
import { loadDomains } from "./settings/load.ts";
import { type AdapterCodec, createCodec } from "./tsp/codec.ts";

/** A domain's settings, and the codec that they make. */
export interface Domain {
  readonly name: DomainName;
  readonly settings: DomainSettings;
  readonly codec: AdapterCodec;
}

const domains = new WeakMap<DomainSettings, Domain>();

/** Throws where the settings have no such domain: an object that belongs to it cannot do anything then. */
export function domainOf(env: { readonly DOMAINS: string }, name: DomainName): Domain {
  const domain = findDomain(env, name);
  if (!domain)
    throw new Error(`DOMAINS has no domain "${name}", but an object of it exists: put it back, or delete it`);
  return domain;
}

/** `null` where the settings have no such domain; throws where they cannot be read. */
export function findDomain(env: { readonly DOMAINS: string }, name: DomainName): Domain | null {
  const loaded = loadDomains(env.DOMAINS);
  if (!loaded.ok) throw new Error(loaded.error);
  const settings = loaded.value.get(name);
  if (!settings) return null;
  const known = domains.get(settings) ?? { name, settings, codec: createCodec(settings.protocol) };
  domains.set(settings, known);
  return known;
}
