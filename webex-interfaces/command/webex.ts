import type { Command } from "commander";
import type { CallOptions, SessionOptions } from "./call.ts";
import type { LinkOptions } from "./link.ts";
import type { ProvisioningOptions } from "./provisioning.ts";
import { lines, run, type WebexPorts } from "./run.ts";

const givenAs = "NAME=VALUE …, or JSON: '{…}', @FILE, or - for standard input.";
const listHelp = `
A list of single values is NAME=VALUE once for each; a second item of a list
of groups needs JSON.`;
const secretHelp = "\nA secret is NAME=@FILE, NAME=env:VARIABLE, or NAME=? to be asked.";

/** Loaded late: the tables take time to read, and `bridgehead serve` is a command of the same program. */
const calls = () => import("./call.ts");
const links = () => import("./link.ts");
const help = () => import("./help.ts");

/** The commands that ask a WebEx site, make its links, and say what there is; all from the tables. */
export function addWebex(program: Command, ports: WebexPorts): void {
  const webex = program.command("webex").description("Ask a WebEx site by its XML API and its URL API");

  withAccess(webex.command("call <operation> [request...]"))
    .summary("carry out an operation of the XML API")
    .description("carry out an operation of the XML API; prints its answer as JSON")
    .option("--anonymous", "without a name: what getSessionInfo shows to everybody")
    .option("--all", "of a list: all its items, page by page")
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
    .option("--dry-run", "print what is sent, also as a form; … for each secret")
    .addHelpText(
      "after",
      `
Arguments are ${givenAs}${secretHelp}
A command with a secret has no link: a program posts it as a form.${logInHelp}
\`commands NAME\` says which arguments there are.`,
    )
    .action((name: string, words: string[], options: LinkOptions) =>
      run(ports, async () => {
        const { findCommand, printLink } = await links();
        await printLink(findCommand(name), words, options, ports);
      }),
    );

  withAccess(webex.command("provisioning"))
    .summary("compare a domain's settings with its site")
    .description("compare a domain's settings with its site and its users; exit code 1 if they differ")
    .requiredOption("--settings <file>", "the edge's settings, or the file of domains")
    .requiredOption("--domain <name>", "the domain of the site")
    .option("--edge-url <url>", "the address at which WebEx reaches the edge")
    .option("--number <number...>", "numbers that lead to the domain's bridges, in addition to its global numbers")
    .option("--json", "as JSON")
    .addHelpText("after", accessHelp)
    .action((options: ProvisioningOptions) =>
      run(ports, async () => (await import("./provisioning.ts")).checkProvisioning(options, ports)),
    );

  webex
    .command("operations [name]")
    .summary("operations of the XML API")
    .description("the operations of the XML API, or the fields of one")
    .action((name: string | undefined) =>
      run(ports, async () => {
        const { operationsText, operationText } = await help();
        const terminal = ports.terminal();
        const operation = name === undefined ? undefined : (await calls()).findOperation(name);
        lines(operation ? operationText(operation, terminal) : operationsText(terminal), ports);
      }),
    );

  webex
    .command("commands [name]")
    .summary("commands of the URL API")
    .description("the commands of the URL API, or the arguments of one")
    .action((name: string | undefined) =>
      run(ports, async () => {
        const { commandsText, commandText } = await help();
        const terminal = ports.terminal();
        const found = name === undefined ? undefined : (await links()).findCommand(name);
        lines(found ? commandText(found, terminal) : commandsText(terminal), ports);
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
