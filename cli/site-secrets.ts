import type { Finding } from "../src/foundation/finding.ts";
import { siteSecretName } from "../src/settings/domain-settings.ts";
import { loadDomains, siteSecretOf, siteSecretsOf } from "../src/settings/load.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** The variables that may hold secrets of WebEx sites, for the process that serves the edge: all, since a reload may name another. */
export function siteSecretsIn(variables: Variables): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      siteSecretName.test(name) && value ? [[name, value] as const] : [],
    ),
  );
}

/** A warning for each domain whose site's secret is not among these variables. */
export function missingSecretsOf(domains: string, variables: Variables): Finding[] {
  const loaded = loadDomains(domains);
  if (!loaded.ok) return [];
  return siteSecretsOf(loaded.value)
    .filter(({ secret }) => siteSecretOf(variables, secret) === undefined)
    .map(({ domain, secret }) => ({
      verdict: "warn",
      about: `domain ${domain}`,
      says: `needs the secret of its WebEx site in the variable ${secret}, which is not set: nothing is asked there (docs/operations.md)`,
    }));
}
