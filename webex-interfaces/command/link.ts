import {
  type CommandName,
  commandNames,
  commands,
  isCommandName,
  isSecretArgument,
  pages,
} from "../client/url-api/commands.ts";
import { readOpenMeetings } from "../client/url-api/open-meetings.ts";
import { formPage, formPost, link } from "../client/url-api/request.ts";
import { backUrlOf, type ReasonWord, readResult, reasons } from "../client/url-api/result.ts";
import type { Site } from "../client/url-api/site.ts";
import { printable } from "../doors/foundation.ts";
import { type AccessOptions, findPassword, findSite } from "./access.ts";
import { lines, okOr, printJson, unknownName, WebexError, type WebexPorts } from "./run.ts";
import { argumentsOf } from "./values.ts";

export interface LinkOptions extends AccessOptions {
  readonly form?: string;
  readonly dryRun?: true;
}

/** The command of this name or, where only one has it, of this code (AT). Throws a WebexError where there is none. */
export function findCommand(name: string): CommandName {
  if (isCommandName(name)) return name;
  const byCode = commandNames.filter((each) => commands[each].at === name.toUpperCase());
  if (byCode.length === 1 && byCode[0]) return byCode[0];
  if (byCode.length > 1) throw new WebexError(`"${name}" is several commands: ${byCode.join(", ")}`);
  throw new WebexError(unknownName("command", name, commandNames, "commands"));
}

/** Prints the link of a command, or writes its form. What goes wrong is thrown as a WebexError. */
export async function makeLink<Name extends CommandName>(
  name: Name,
  words: readonly string[],
  options: LinkOptions,
  ports: WebexPorts,
) {
  const { form, dryRun } = options;
  const site = okOr(findSite(options, ports));
  const written = okOr(await argumentsOf(name, words, ports));
  const given = { ...written, ...(await ownArguments(name, written, options, ports)) };
  const page = `${site.url}${pages[commands[name].page].path}`;
  const url = link(site, name, given);
  const asForm =
    form !== undefined || (!url.ok && (url.error.kind === "secret-in-link" || url.error.kind === "too-long"));
  if (dryRun && asForm) {
    const post = formPost(site, name, given);
    if (!post.ok) throw new WebexError(sayOfCommand(post.error.says, name));
    const fields = [...new URLSearchParams(post.value.body)];
    const shown = fields.map(([field, value]) => `${field}=${isSecretArgument(name, field) ? "…" : printable(value)}`);
    lines([`POST ${page}`, "content-type: application/x-www-form-urlencoded", "", ...shown], ports);
    return;
  }
  if (form === undefined) {
    if (url.ok) {
      ports.print(dryRun ? `GET ${url.value}` : url.value);
      // Browsers follow the links of a log-in with it; one that is printed goes further.
      if (Object.hasOwn(given, "CSRF"))
        ports.warn("the link holds the log-in's token, CSRF: give it to nobody else, or make a form with --form FILE");
      return;
    }
    throw new WebexError(sayOfCommand(asForm ? `${url.error.says}, with --form FILE` : url.error.says, name));
  }
  writePage(site, name, given, form, ports);
}

function writePage<Name extends CommandName>(
  site: Site,
  name: Name,
  given: Parameters<typeof formPage<Name>>[2],
  file: string,
  ports: WebexPorts,
): void {
  const page = formPage(site, name, given);
  if (!page.ok) throw new WebexError(sayOfCommand(page.error.says, name));
  if (file === "-") return ports.print(page.value.html.trimEnd());
  ports.writeSecret(file, page.value.html);
  const holdsSecret = Object.keys(given).some((argument) => isSecretArgument(name, argument));
  ports.print(`wrote ${printable(file)}: open it in a browser, and press its button`);
  if (holdsSecret) ports.warn("it holds a secret: delete it afterwards");
}

function sayOfCommand(says: string, name: CommandName): string {
  return `${says}; \`bridgehead webex commands ${name}\` says what it has`;
}

/** What is not given: of a log-in, who and by which password; of each command of an account, the partner. */
async function ownArguments(
  name: CommandName,
  given: object,
  { id, passwordFile, dryRun }: LinkOptions,
  ports: WebexPorts,
): Promise<Readonly<Record<string, string>>> {
  const { WEBEX_ID, WEBEX_PARTNER_ID } = ports.variables;
  const lacks = (argument: string) =>
    Object.hasOwn(commands[name].arguments, argument) && !Object.hasOwn(given, argument);
  const found: Record<string, string> = {};
  if (WEBEX_PARTNER_ID && lacks("PID")) found.PID = WEBEX_PARTNER_ID;
  if (name !== "log-in") return found;
  const webExId = id ?? WEBEX_ID;
  if (webExId && lacks("WID")) found.WID = webExId;
  // TK is a ticket of getLoginTicket, another one than the XML API's own.
  if (lacks("PW") && lacks("TK")) found.PW = dryRun ? "…" : okOr(await findPassword({ passwordFile }, ports));
  return found;
}

/** Prints what a back URL, the page that leads to one, or the document of list-open-meetings says. A command that failed ends with exit code 1. */
export async function readBack(
  given: string,
  { command, backUrl }: { readonly command?: string; readonly backUrl?: string },
  ports: WebexPorts,
) {
  const read = given === "-" ? await ports.readStdin() : given.startsWith("@") ? ports.readFile(given.slice(1)) : given;
  const answer = read.trim();
  // The page with which a site sends a browser on, or the URL itself.
  const text = (answer.startsWith("<") ? backUrlOf({ status: 200, body: answer }) : null) ?? answer;
  if (backUrl !== undefined && command === undefined) throw new WebexError("--back-url goes with --command");
  if (text.startsWith("<")) {
    const document = readOpenMeetings(text);
    if (!document.ok) throw new WebexError(document.error.says);
    printJson(document.value, ports);
    if (document.value.status === "failure") failed("list-open-meetings", document.value, ports);
    return;
  }
  const expected = command === undefined ? undefined : findCommand(command);
  const result =
    expected === undefined
      ? readResult(text)
      : readResult(text, { command: expected, ...(backUrl !== undefined && { backUrl }) });
  if (!result.ok) {
    const advice = result.error.kind === "not-a-url" ? "; in a shell, put it in quotation marks" : "";
    throw new WebexError(result.error.says + advice);
  }
  printJson(result.value, ports);
  if (result.value.status === "failure") failed(expected ?? `AT=${result.value.at}`, result.value, ports);
}

function failed(
  what: string,
  { reason, reasonText }: { readonly reason: ReasonWord | "other"; readonly reasonText: string },
  ports: WebexPorts,
): void {
  const known = reason === "other" ? undefined : reasons[reason];
  const why = known === undefined ? "WebEx gives no reason that is known" : `${known.means}; ${known.toDo}`;
  ports.fail(printable(`${what} failed${reasonText === "" ? "" : ` (${reasonText})`}: ${why}`));
}
