import type { Finding } from "../src/foundation/text/finding.ts";
import { siteSecretName, webhookSecretName } from "../src/settings/domain-settings.ts";
import { loadDomains, siteSecretOf, siteSecretsOf, webhookSecretOf, webhookSecretsOf } from "../src/settings/load.ts";

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** The variables that may hold secrets of WebEx sites and of webhooks, for the process that serves the edge: all, since a reload may name another. */
export function secretsIn(variables: EnvironmentVariables): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      (siteSecretName.test(name) || webhookSecretName.test(name)) && value ? [[name, value] as const] : [],
    ),
  );
}

/** A warning for each secret of a site, or of webhooks, that is not among these variables. */
export function missingSecretsOf(domains: string, variables: EnvironmentVariables): Finding[] {
  const loaded = loadDomains(domains);
  if (!loaded.ok) return [];
  const missing = (domain: string, says: string): Finding => ({ verdict: "warn", about: `domain ${domain}`, says });
  return [
    ...siteSecretsOf(loaded.value)
      .filter(({ secret }) => siteSecretOf(variables, secret) === undefined)
      .map(({ domain, secret }) =>
        missing(
          domain,
          `needs the secret of its WebEx site in the variable ${secret}, which is not set: nothing is asked there (docs/operations.md)`,
        ),
      ),
    ...webhookSecretsOf(loaded.value)
      .filter(({ secret }) => webhookSecretOf(variables, secret) === undefined)
      .map(({ domain, secret }) =>
        missing(
          domain,
          `signs webhooks with the variable ${secret}, which is not set: they wait until it is (docs/webhooks.md)`,
        ),
      ),
  ];
}
