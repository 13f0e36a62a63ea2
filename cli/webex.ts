import { type Command, InvalidArgumentError } from "commander";
import { allPrintable, printable, printableJson } from "../src/foundation/printable.ts";
import type { Result } from "../src/foundation/result.ts";
import type { Terminal } from "../src/foundation/table.ts";
import type { Timers } from "../src/foundation/timers.ts";
import {
  type CommandName,
  commandNames,
  commands,
  isCommandName,
  isSecretArgument,
  pages,
} from "../src/webex/url-api/commands.ts";
import { readOpenMeetings } from "../src/webex/url-api/open-meetings.ts";
import { formPage, formPost, link } from "../src/webex/url-api/request.ts";
import { backUrlOf, type ReasonWord, readResult, reasons } from "../src/webex/url-api/result.ts";
import type { Site } from "../src/webex/url-api/site.ts";
import { type PostFetch, XmlApi, xmlAddress } from "../src/webex/xml-api/client.ts";
import { sayFault, type XmlApiFault } from "../src/webex/xml-api/faults.ts";
import type { Operation } from "../src/webex/xml-api/fields.ts";
import { operationNamed, operations } from "../src/webex/xml-api/operations.ts";
import { type SecurityContext, showRequest } from "../src/webex/xml-api/request.ts";
import type { WrongField } from "../src/webex/xml-api/response.ts";
import { getSessionInfo } from "../src/webex/xml-api/session-info.ts";
import { systemReason } from "./system-reason.ts";
import { type AccessOptions, findContext, findPassword, findSite, secretOfFile } from "./webex-access.ts";
import { commandsText, commandText, operationsText, operationText } from "./webex-help.ts";
import { sessionText } from "./webex-session.ts";
import { argumentsOf, requestOf, type ValuePorts } from "./webex-values.ts";

/** What these commands need of the machine. */
export interface WebexPorts extends ValuePorts {
  readonly fetch: PostFetch;
  readonly timers: Timers;
  now(): number;
  /** Before anything is printed. */
  begin(): void;
  terminal(): Terminal;
  /** For nobody else to read. Throws what the system says. */
  writeSecret(file: string, text: string): void;
  print(text: string): void;
  /** One line on stderr. */
  warn(line: string): void;
  /** The exit code will be 1. */
  fail(line: string): void;
}

/** What somebody can put right: a sentence, and exit code 1. */
class WebexError extends Error {}

interface CallOptions extends AccessOptions {
  readonly all?: true;
  readonly most?: number;
  readonly dryRun?: true;
}

interface SessionOptions extends AccessOptions {
  readonly sessionPasswordFile?: string;
  readonly json?: true;
}

interface LinkOptions extends AccessOptions {
  readonly form?: string;
  readonly dryRun?: true;
}

const givenAs = "NAME=VALUE …, or JSON: '{…}', @FILE, or - for standard input.";
const secretHelp = "\nA secret is NAME=@FILE, NAME=env:VARIABLE, or NAME=? to be asked.";

/** The commands that ask a WebEx site, make its links, and say what there is; all from the tables of `src/webex`. */
export function addWebex(program: Command, ports: WebexPorts): void {
  const webex = program.command("webex").description("a WebEx site: its XML API and its URL API");

  withAccess(webex.command("call <operation> [request...]"))
    .summary("carry out an operation of the XML API")
    .description("carry out an operation of the XML API; prints its answer as JSON")
    .option("--anonymous", "without a name: what getSessionInfo shows to everybody")
    .option("--all", "of a list: all its items, page by page")
    .option("--most <n>", "with --all: no more items than these", wholeNumber)
    .option("--dry-run", "print the request, … for each secret, and send nothing")
    .addHelpText(
      "after",
      `
The request is ${givenAs}${secretHelp}${accessHelp}
\`operations NAME\` says what a request has.`,
    )
    .action((name: string, words: string[], options: CallOptions) =>
      run(ports, () => call(findOperation(name), words, options, ports)),
    );

  withAccess(webex.command("session <key>"))
    .summary("what the site shows of a session")
    .description("what the site shows of a session: getSessionInfo, element by element")
    .option("--anonymous", "without a name: what everybody is shown")
    .option("--session-password-file <file>", "file with the session's password (WEBEX_SESSION_PASSWORD)")
    .option("--json", "as JSON")
    .addHelpText("after", accessHelp)
    .action((key: string, options: SessionOptions) => run(ports, () => showSession(key, options, ports)));

  withLogIn(webex.command("link <command> [arguments...]"))
    .summary("print a link of the URL API")
    .description("print the link of a command of the URL API")
    .option("--form <file>", "write a page with a button that posts the command; - prints it")
    .option("--dry-run", "print what is sent, … for each secret")
    .addHelpText(
      "after",
      `
Arguments are ${givenAs}${secretHelp}
What holds a secret goes as a form.${logInHelp}
\`commands NAME\` says which arguments there are.`,
    )
    .action((name: string, words: string[], options: LinkOptions) =>
      run(ports, () => makeLink(findCommand(name), words, options, ports)),
    );

  webex
    .command("read <url>")
    .summary("read what a back URL brings")
    .description("read a back URL, or the document of list-open-meetings; @FILE, or - for standard input")
    .option("--command <name>", "the command that it must be the result of")
    .option("--back-url <url>", "the back URL that was given with it")
    .action((text: string, options: { command?: string; backUrl?: string }) =>
      run(ports, () => readBack(text, options, ports)),
    );

  webex
    .command("operations [name]")
    .summary("operations of the XML API")
    .description("the operations of the XML API, or what one has")
    .option("--json", "as JSON")
    .action((name: string | undefined, { json }: { json?: true }) =>
      run(ports, async () => {
        const operation = name === undefined ? undefined : findOperation(name);
        if (json) printJson(operation ?? operations, ports);
        else lines(operation ? operationText(operation, ports.terminal()) : operationsText(ports.terminal()), ports);
      }),
    );

  webex
    .command("commands [name]")
    .summary("commands of the URL API")
    .description("the commands of the URL API, or what one has")
    .option("--json", "as JSON")
    .action((name: string | undefined, { json }: { json?: true }) =>
      run(ports, async () => {
        const command = name === undefined ? undefined : findCommand(name);
        if (json) printJson(command ? commands[command] : commands, ports);
        else lines(command ? commandText(command, ports.terminal()) : commandsText(ports.terminal()), ports);
      }),
    );
}

function withLogIn(command: Command): Command {
  return command
    .option("--site <site>", "acme, its host, or its address (WEBEX_SITE)")
    .option("--id <name>", "who asks, by WebEx id (WEBEX_ID)")
    .option("--password-file <file>", "file with the password");
}

function withAccess(command: Command): Command {
  return withLogIn(command)
    .option("--email <address>", "who asks, by e-mail address (WEBEX_EMAIL)")
    .option("--site-id <number>", "the site's number, instead of its name (WEBEX_SITE_ID)");
}

const accessHelp = `
The password is that of --password-file or WEBEX_PASSWORD, or is asked for.
WEBEX_TICKET or WEBEX_TOKEN may stand in for it.
WEBEX_PARTNER_ID is the partner's id.`;
const logInHelp = `
A log-in has the password of --password-file or WEBEX_PASSWORD, or asks.
PID is that of WEBEX_PARTNER_ID.`;

async function run(ports: WebexPorts, act: () => Promise<void>): Promise<void> {
  ports.begin();
  try {
    await act();
  } catch (error) {
    if (!(error instanceof WebexError) && !isOfSystem(error)) throw error;
    ports.fail(printable(error instanceof WebexError ? error.message : fileFault(error)));
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}

function fileFault(error: NodeJS.ErrnoException): string {
  const why = error.code === "ENOENT" ? "there is no such file or folder" : systemReason(error);
  return `${error.path ?? "a file"}: ${why}`;
}

function okOr<Value>(result: Result<Value, string>): Value {
  if (result.ok) return result.value;
  throw new WebexError(result.error);
}

async function call(operation: Operation, words: readonly string[], options: CallOptions, ports: WebexPorts) {
  const { all, most, dryRun } = options;
  if (all && operation.items === undefined) {
    throw new WebexError(`${operation.name} cannot be read in pages: leave --all out`);
  }
  const site = okOr(findSite(options, ports));
  const request = okOr(await requestOf(operation, words, ports));
  const credentials = okOr(await findContext(site, options, ports, dryRun === true));
  if (dryRun) {
    const shown = showRequest(operation, request, credentials);
    if (!shown.ok) throw new WebexError(say(shown.error, operation));
    lines([`POST ${xmlAddress(site)}`, "content-type: text/xml; charset=UTF-8", "", ...indented(shown.value)], ports);
    return;
  }
  const api = apiOf(site, credentials, ports);
  // What has another type than the table says is left out, and said.
  const reads = { reads: [] };
  if (all) {
    const found = await api.listUntyped(operation, request, { ...reads, ...(most !== undefined && { most }) });
    if (!found.ok) throw new WebexError(say(found.error, operation));
    const { items, total, isComplete, wrong } = found.value;
    printJson(items, ports);
    leftOut(wrong, ports);
    if (!isComplete) ports.warn(`not all: ${items.length} of ${total ?? "more"}; --most allows more`);
    return;
  }
  const answer = await api.callUntyped(operation, request, reads);
  if (!answer.ok) throw new WebexError(say(answer.error, operation));
  printJson(answer.value.value, ports);
  leftOut(answer.value.wrong, ports);
}

function apiOf(site: Site, credentials: SecurityContext, { fetch, timers, now }: WebexPorts): XmlApi {
  return new XmlApi({ site, credentials, waitsForRateLimit: false }, { fetch, timers, now });
}

async function showSession(sessionKey: string, options: SessionOptions, ports: WebexPorts) {
  const { sessionPasswordFile: file, json } = options;
  const site = okOr(findSite(options, ports));
  const password =
    file === undefined ? ports.variables.WEBEX_SESSION_PASSWORD : okOr(secretOfFile(file, ports.readFile));
  const credentials = okOr(await findContext(site, options, ports, false));
  const request = { sessionKey, ...(password ? { sessionPassword: password } : {}) };
  const info = await getSessionInfo(apiOf(site, credentials, ports), request);
  if (!info.ok) throw new WebexError(say(info.error, operations.getSessionInfo));
  const { service, mode, elements } = info.value;
  if (json) printJson({ service, mode, elements }, ports);
  else lines(sessionText(allPrintable(info.value), ports.terminal()), ports);
}

function say(fault: XmlApiFault, { name }: Operation): string {
  const advice: Partial<Record<XmlApiFault["kind"], string>> = {
    "wrong-request": `\`bridgehead webex operations ${name}\` says what it has`,
    "not-reached": "check --site",
    "timed-out": "try again later",
  };
  const more = advice[fault.kind];
  return more === undefined ? sayFault(fault) : `${sayFault(fault)}; ${more}`;
}

function leftOut(wrong: readonly WrongField[], ports: WebexPorts): void {
  for (const { path, rule } of wrong) ports.warn(printable(`left out: ${path} ${rule}`));
}

async function makeLink<Name extends CommandName>(
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
    if (url.ok) return ports.print(dryRun ? `GET ${url.value}` : url.value);
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

async function readBack(
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

function findOperation(name: string): Operation {
  const exact = operationNamed(name);
  if (exact) return exact;
  const known = Object.keys(operations);
  const near = known.find((each) => each.toLowerCase() === name.toLowerCase());
  const found = near === undefined ? undefined : operationNamed(near);
  if (found) return found;
  throw new WebexError(unknown("operation", name, known, "operations"));
}

function findCommand(name: string): CommandName {
  if (isCommandName(name)) return name;
  const byCode = commandNames.filter((each) => commands[each].at === name.toUpperCase());
  if (byCode.length === 1 && byCode[0]) return byCode[0];
  if (byCode.length > 1) throw new WebexError(`"${name}" is several commands: ${byCode.join(", ")}`);
  throw new WebexError(unknown("command", name, commandNames, "commands"));
}

function unknown(what: string, name: string, known: readonly string[], list: string): string {
  const word = name.toLowerCase();
  const near = known.filter((each) => word.length > 2 && each.toLowerCase().includes(word)).slice(0, 5);
  const hint = near.length === 0 ? "" : ` there are ${near.join(", ")};`;
  return `there is no ${what} "${name}";${hint} \`bridgehead webex ${list}\` lists all`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

/** One element a line; what steers a terminal, or ends a line within a value, is written as its code. */
function indented(xml: string): readonly string[] {
  let depth = 0;
  return xml.split(/(?<=>)\n?(?=<)/).map((part) => {
    if (part.startsWith("</")) depth -= 1;
    const line = "  ".repeat(depth) + printable(part);
    if (/^<[^?/>][^>]*>$/.test(part) && !part.endsWith("/>")) depth += 1;
    return line;
  });
}

function printJson(value: unknown, ports: WebexPorts): void {
  ports.print(printableJson(JSON.stringify(value, null, 2)));
}

function lines(text: readonly string[], ports: WebexPorts): void {
  ports.print(text.join("\n"));
}
