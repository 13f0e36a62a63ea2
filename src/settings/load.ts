import type { DomainName } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { sha256 } from "../foundation/secrets.ts";
import { persons } from "../foundation/shown.ts";
import { type AdapterCodec, createCodec } from "../tsp/codec.ts";
import { checkDomains } from "./check-domains.ts";
import { type DomainSettings, shownSettings } from "./domain-settings.ts";

/** A domain's settings, and the codec that they make. */
export interface Domain {
  readonly name: DomainName;
  readonly settings: DomainSettings;
  readonly codec: AdapterCodec;
}

export type Domains = ReadonlyMap<DomainName, Domain>;

let latest: { readonly json: string; readonly domains: Result<Domains, string> } | undefined;

/** All domains of the JSON of DOMAINS, `{"name": {settings}}`, or in one line what is wrong. Every request reads them, so the last result is kept. */
export function loadDomains(json: string): Result<Domains, string> {
  if (latest?.json !== json) latest = { json, domains: readDomains(json) };
  return latest.domains;
}

/** The settings that an edge is given at its start. */
export interface EdgeVariables {
  /** JSON: domain name → settings. */
  readonly DOMAINS: string;
  readonly OPERATOR_TOKEN: string;
  /** JSON: people with tokens and roles of their own. */
  readonly OPERATORS?: string;
}

type DomainsEnv = Pick<EdgeVariables, "DOMAINS">;

/** The settings that count now. */
export function domainsOf(env: DomainsEnv): Result<Domains, string> {
  return loadDomains(env.DOMAINS);
}

/** `null` where the settings have no such domain; throws where they cannot be read. */
export function findDomain(env: DomainsEnv, name: DomainName): Domain | null {
  const domains = domainsOf(env);
  if (!domains.ok) throw new Error(domains.error);
  return domains.value.get(name) ?? null;
}

/** Whether the log shows what is personal in this domain; never while the settings cannot be read. */
export function showsPersonal(env: DomainsEnv, name: unknown): boolean {
  const domains = domainsOf(env);
  return domains.ok && domains.value.get(name as DomainName)?.settings.logs.personal === true;
}

/** Returns the names of webhook secrets in these domains. */
export function secretsOf(domains: Domains): { readonly domain: DomainName; readonly secret: string }[] {
  return Array.from(domains.values()).flatMap(({ name: domain, settings: { webhooks } }) =>
    webhooks.map(({ secretFrom: secret }) => ({ domain, secret })),
  );
}

/** The same without keeping it: for settings that serve once. */
function readDomains(json: string): Result<Domains, string> {
  const checked = checkDomains(json);
  if (!checked.ok) return err(checked.error[0] ?? "");
  const domains = Object.entries(checked.value) as [DomainName, DomainSettings][];
  return ok(
    new Map(domains.map(([name, settings]) => [name, { name, settings, codec: createCodec(settings.protocol) }])),
  );
}

const digests = new WeakMap<ReadonlyMap<string, Domain>, Promise<string>>();

/** Tells the settings of all domains from others: 16 hexadecimal digits. Secrets have no part in it, so that nobody can try them out. */
export function settingsDigest(domains: ReadonlyMap<string, Domain>): Promise<string> {
  const known = digests.get(domains);
  if (known) return known;
  const settings = [...domains].map(([name, domain]) => [name, shownSettings(domain.settings, persons.full)]);
  const digest = sha256(JSON.stringify(settings)).then((hex) => hex.slice(0, 16));
  digests.set(domains, digest);
  return digest;
}
