import { type Site, siteOf } from "../client/site-address.ts";
import type { Credentials, SiteRef, User } from "../client/xml-api.ts";
import { err, ok, type Result } from "../doors/foundation.ts";

/** Which site, and who asks. Each has a variable of the environment, too; what is secret has no option. */
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
  /** With U+FFFD for each byte that is no UTF-8. Throws what the system says. */
  readFile(file: string): string;
  /** What somebody types at the terminal, unseen, empty where nothing is typed; `null` where there is no terminal. */
  askSecret(question: string): Promise<string | null>;
}

/** The options of whoever asks, with what the environment gives. */
export function findSite(options: AccessOptions, { variables }: AccessPorts): Result<Site, string> {
  const given = options.site ?? variables.WEBEX_SITE;
  if (!given) return err("no site is named: give --site, or set WEBEX_SITE, as acme or https://meet.example.com/acme");
  const site = siteOf(given);
  return site.ok ? site : err(site.error.says);
}

/** The password of WEBEX_PASSWORD, of a file, or typed; what is wrong otherwise. */
export async function findPassword(
  { passwordFile }: { readonly passwordFile?: string | undefined },
  { variables, readFile, askSecret }: AccessPorts,
): Promise<Result<string, string>> {
  if (passwordFile !== undefined) return secretOfFile(passwordFile, readFile);
  if (variables.WEBEX_PASSWORD) return ok(variables.WEBEX_PASSWORD);
  const typed = await askSecret("WebEx password: ");
  return typed ? ok(typed) : err("there is no password: set WEBEX_PASSWORD, or give --password-file");
}

/** The text of a file without the line's end. */
export function secretOfFile(file: string, readFile: AccessPorts["readFile"]): Result<string, string> {
  const text = readFile(file).replace(/\r?\n$/, "");
  if (text === "") return err(`${file} is empty: it must hold the secret alone`);
  return isUtf8(text) ? ok(text) : err(`${file} is no text in UTF-8: save it as such`);
}

/** What is no UTF-8 becomes this sign when it is read. Sent so, it would be another password or name. */
export function isUtf8(text: string): boolean {
  return !text.includes("\ufffd");
}

/** The credentials of a request. With `isShown` nobody is asked for a password: the request is only printed. */
export async function findCredentials(
  site: Site,
  options: AccessOptions,
  ports: AccessPorts,
  isShown: boolean,
): Promise<Result<Credentials, string>> {
  const { variables } = ports;
  const siteId = options.siteId ?? variables.WEBEX_SITE_ID;
  const ref: SiteRef = siteId ? { siteId } : { siteName: site.name };
  // Without a name: of variables, too.
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
  if (given.length > 1) return err(`${given.join(" and ")} are given: a request has only one of them`);
  if (token) return ok({ form: "token", site: ref, token, ...more, ...(user && { user }) });
  if (!user) return err("no user is named: give --id or --email, or set WEBEX_ID; --anonymous asks without a name");
  if (ticket) return ok({ form: "ticket", site: ref, user, ticket, ...more });
  const found = isShown ? ok("…") : await findPassword(options, ports);
  return found.ok ? ok({ form: "password", site: ref, user, password: found.value, ...more }) : found;
}

function findUser({ id, email }: AccessOptions, variables: AccessPorts["variables"]): User | undefined {
  // An option counts more than the other's variable.
  const webExId = id || (email ? undefined : variables.WEBEX_ID);
  const address = email || variables.WEBEX_EMAIL;
  return webExId ? { webExId } : address ? { email: address } : undefined;
}
