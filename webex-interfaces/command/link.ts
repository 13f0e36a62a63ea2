import { isSecretArgument, type Texts, urlCommandOf } from "../client/url-api.ts";
import { printable } from "../doors/foundation.ts";
import { type CommandName, commands } from "../tables/url.ts";
import { type AccessOptions, findPassword, findSite } from "./access.ts";
import { lines, okOr, unknownName, WebexError, type WebexPorts } from "./run.ts";
import { argumentsOf } from "./values.ts";

export interface LinkOptions extends AccessOptions {
  readonly dryRun?: true;
}

/** Finds a command by name, or by its code (AT) if that is unique. Throws a WebexError otherwise. */
export function findCommand(name: string): CommandName {
  const all = Object.keys(commands) as CommandName[];
  const named = all.find((one) => one === name);
  const [first, ...more] = named ? [named] : all.filter((one) => commands[one].at === name.toUpperCase());
  if (!first) throw new WebexError(unknownName("command", name, all, "commands"));
  if (more.length > 0) throw new WebexError(`"${name}" means several commands: ${[first, ...more].join(", ")}`);
  return first;
}

/** Prints a command's link; with `dryRun`, also a form that a program posts. Throws a WebexError. */
export async function printLink(name: CommandName, words: readonly string[], options: LinkOptions, ports: WebexPorts) {
  const site = okOr(findSite(options, ports));
  const written = okOr(await argumentsOf(name, words, ports));
  const given = { ...written, ...(await ownArguments(name, written, options, ports)) };
  const help = `\`bridgehead webex commands ${name}\` lists its arguments`;
  const made = urlCommandOf(site, name, given);
  if (!made.ok) throw new WebexError(`${made.error}; ${help}`);
  const { link, form } = made.value;
  if (!link.ok && options.dryRun) {
    const fields = Array.from(new URLSearchParams(form.body));
    const shown = fields.map(([field, value]) => `${field}=${isSecretArgument(name, field) ? "…" : printable(value)}`);
    lines([`POST ${form.url}`, "content-type: application/x-www-form-urlencoded", "", ...shown], ports);
    return;
  }
  if (!link.ok) throw new WebexError(`${link.error}; ${help}`);
  ports.print(options.dryRun ? `GET ${link.value}` : link.value);
  if (Object.hasOwn(given, "CSRF")) ports.warn("the link contains CSRF, the log-in's token: keep it secret");
}

/** Returns arguments from the environment: a log-in's user and password, and the partner. */
async function ownArguments(
  name: CommandName,
  given: Texts,
  { id, passwordFile, dryRun }: LinkOptions,
  ports: WebexPorts,
): Promise<Texts> {
  const { WEBEX_ID, WEBEX_PARTNER_ID } = ports.variables;
  const lacks = (argument: string) => Object.hasOwn(commands[name].args, argument) && !Object.hasOwn(given, argument);
  const partner = WEBEX_PARTNER_ID && lacks("PID") ? { PID: WEBEX_PARTNER_ID } : {};
  if (name !== "log-in") return partner;
  const user = id ?? WEBEX_ID;
  // TK comes from getLoginTicket, so WEBEX_TICKET does not fit.
  const needsPassword = lacks("PW") && lacks("TK");
  const password = needsPassword ? { PW: dryRun ? "…" : okOr(await findPassword({ passwordFile }, ports)) } : {};
  return { ...partner, ...(user && lacks("WID") ? { WID: user } : {}), ...password };
}
