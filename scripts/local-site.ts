import { StartError } from "../cli/edge/program.ts";
import { systemReason } from "../cli/system-reason.ts";
import type { DomainSettingsInput } from "../src/settings/domain-settings.ts";
import { first, type Passwords, Site, siteIn } from "../webex-interfaces/doors/site.ts";

/** The variable with the secret by which the domain asks the simulated site. */
const secretName = "WEBEX_SECRET_LOCAL";

interface SiteConnection {
  readonly settings: Pick<DomainSettingsInput, "webexSite">;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * How the local domain asks the simulated site: as its administrator. `null` where DOMAIN_LOCAL has a `webexSite` or the variable is set,
 * which count instead, and where that administrator was deleted. Makes the site's database if there is none, so that the password is known
 * before the site runs.
 */
export function connectSite(
  address: string,
  folder: string,
  overrides: object,
  variables: Readonly<Record<string, string | undefined>>,
): SiteConnection | null {
  if (Object.hasOwn(overrides, "webexSite") || variables[secretName]) return null;
  const password = passwordsIn(folder, address)[first.admin];
  if (password === undefined) return null;
  return {
    settings: { webexSite: { site: `${address}/${first.site}`, webExId: first.admin, passwordFrom: secretName } },
    variables: { [secretName]: password },
  };
}

function passwordsIn(folder: string, address: string): Passwords {
  try {
    const site = new Site({ ...siteIn(folder), address });
    const { passwords } = site;
    site.close();
    return passwords;
  } catch (error) {
    throw new StartError(`cannot open the simulated WebEx site in ${folder} (${systemReason(error)}); move it away`);
  }
}
