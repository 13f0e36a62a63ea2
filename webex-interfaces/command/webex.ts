import { type Command, InvalidArgumentError } from "commander";
import type { CallOptions, SessionOptions } from "./call.ts";
import type { LinkOptions } from "./link.ts";
import { lines, printJson, run, type WebexPorts } from "./run.ts";

const givenAs = "NAME=VALUE …, or JSON: '{…}', @FILE, or - for standard input.";
const listHelp = `
A list of single values is NAME=VALUE once for each; a second item of a list
of groups needs JSON.`;
const secretHelp = "\nA secret is NAME=@FILE, NAME=env:VARIABLE, or NAME=? to be asked.";

/** Late, since the tables of `client` take time to read, and `bridgehead serve` is a command of the same program. */
const calls = () => import("./call.ts");
const links = () => import("./link.ts");
const help = () => import("./help.ts");

/** The commands that ask a WebEx site, make its links, and say what there is; all from the tables of `client`. */
export function addWebex(program: Command, ports: WebexPorts): void {
  const webex = program.command("webex").description("Ask a WebEx site by its XML API and its URL API");

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
The request is ${givenAs}${listHelp}${secretHelp}${accessHelp}
\`operations NAME\` says what a request has.`,
    )
    .action((name: string, words: string[], options: CallOptions) =>
      run(ports, async () => {
        const { call, findOperation } = await calls();
        await call(findOperation(name), words, options, ports);
      }),
    );

  withAccess(webex.command("session <key>"))
    .summary("what the site shows of a session")
    .description("what the site shows of a session: getSessionInfo, element by element")
    .option("--anonymous", "without a name: what everybody is shown")
    .option("--session-password-file <file>", "file with the session's password (WEBEX_SESSION_PASSWORD)")
    .option("--json", "as JSON")
    .option("--dry-run", "print the request, … for each secret, and send nothing")
    .addHelpText("after", accessHelp)
    .action((key: string, options: SessionOptions) =>
      run(ports, async () => (await calls()).showSession(key, options, ports)),
    );

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
      run(ports, async () => {
        const { findCommand, makeLink } = await links();
        await makeLink(findCommand(name), words, options, ports);
      }),
    );

  webex
    .command("read <url>")
    .summary("read what a back URL brings")
    .description("read a back URL, or the document of list-open-meetings; @FILE, or - for standard input")
    .option("--command <name>", "the command that it must be the result of")
    .option("--back-url <url>", "the back URL that was given with it")
    .action((text: string, options: { command?: string; backUrl?: string }) =>
      run(ports, async () => (await links()).readBack(text, options, ports)),
    );

  webex
    .command("operations [name]")
    .summary("operations of the XML API")
    .description("the operations of the XML API, or what one has")
    .option("--json", "as JSON")
    .action((name: string | undefined, { json }: { json?: true }) =>
      run(ports, async () => {
        const { operations, operationsText, operationText } = await help();
        const operation = name === undefined ? undefined : (await calls()).findOperation(name);
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
        const { commands, commandsText, commandText } = await help();
        const command = name === undefined ? undefined : (await links()).findCommand(name);
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

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}
