import { type Site, siteOf } from "../client/site-address.ts";
import type { Credentials, SiteRef, User } from "../client/xml-api.ts";
import { err, ok, type Result } from "../doors/foundation.ts";

/** Options for site and user. Each also has an environment variable. Secrets have no option. */
export interface AccessOptions {
  readonly site?: string;
  readonly siteId?: string;
  readonly id?: string;
  readonly email?: string;
  readonly passwordFile?: string;
  readonly anonymous?: true;
}

export interface AccessPorts {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Returns the text without its byte order mark. Throws the system's error, or NotUtf8. */
  readFile(file: string): string;
  /** Returns the hidden input, empty if nothing is typed; `null` without a terminal. */
  askSecret(question: string): Promise<string | null>;
}

/** Returns the site from the options or the environment. */
export function findSite(options: AccessOptions, { variables }: AccessPorts): Result<Site, string> {
  const given = options.site ?? variables.WEBEX_SITE;
  if (!given) return err("no site: give --site or set WEBEX_SITE, such as acme or https://meet.example.com/acme");
  const site = siteOf(given);
  return site.ok ? site : err(site.error.says);
}

/** Returns the password from the file, WEBEX_PASSWORD or the terminal. */
export async function findPassword(
  { passwordFile }: { readonly passwordFile?: string | undefined },
  { variables, readFile, askSecret }: AccessPorts,
): Promise<Result<string, string>> {
  if (passwordFile !== undefined) return secretOfFile(passwordFile, readFile);
  if (variables.WEBEX_PASSWORD) return ok(variables.WEBEX_PASSWORD);
  const typed = await askSecret("WebEx password: ");
  return typed ? ok(typed) : err("no password: set WEBEX_PASSWORD or give --password-file");
}

/** Returns the text of a file without its last line end. */
export function secretOfFile(file: string, readFile: AccessPorts["readFile"]): Result<string, string> {
  const text = readFile(file).replace(/\r?\n$/, "");
  return text === "" ? err(`${file} is empty: it must contain only the secret`) : ok(text);
}

/** Returns the credentials. With `isShown`, does not ask for a password, because the request is only printed. */
export async function findCredentials(
  site: Site,
  options: AccessOptions,
  ports: AccessPorts,
  isShown: boolean,
): Promise<Result<Credentials, string>> {
  const { variables } = ports;
  const siteId = options.siteId ?? variables.WEBEX_SITE_ID;
  const ref: SiteRef = siteId ? { siteId } : { siteName: site.name };
  // Ignores the user in the environment, too.
  if (options.anonymous) {
    const named = findUser(options, {});
    return ok({ form: "anonymous", site: ref, ...(named && { user: named }) });
  }
  const user = findUser(options, variables);

  const { WEBEX_TICKET: ticket, WEBEX_TOKEN: token, WEBEX_PARTNER_ID: partnerId } = variables;
  const more = partnerId ? { partnerId } : {};
  const password = options.passwordFile ?? variables.WEBEX_PASSWORD;
  const proofs = { [options.passwordFile === undefined ? "WEBEX_PASSWORD" : "--password-file"]: password };
  const given = Object.entries({ ...proofs, WEBEX_TICKET: ticket, WEBEX_TOKEN: token })
    .filter(([, proof]) => proof)
    .map(([name]) => name);
  if (given.length > 1) return err(`${given.join(" and ")} are set: give only one of them`);
  if (token) return ok({ form: "token", site: ref, token, ...more, ...(user && { user }) });
  if (!user) return err("no user: give --id or --email, or set WEBEX_ID; --anonymous needs none");
  if (ticket) return ok({ form: "ticket", site: ref, user, ticket, ...more });
  const found = isShown ? ok("…") : await findPassword(options, ports);
  return found.ok ? ok({ form: "password", site: ref, user, password: found.value, ...more }) : found;
}

function findUser({ id, email }: AccessOptions, variables: AccessPorts["variables"]): User | undefined {
  // Either option overrides both variables.
  const webExId = id || (email ? undefined : variables.WEBEX_ID);
  const address = email || variables.WEBEX_EMAIL;
  return webExId ? { webExId } : address ? { email: address } : undefined;
}
