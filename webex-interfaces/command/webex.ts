import type { Command } from "commander";
import type { CallOptions, SessionOptions } from "./call.ts";
import type { LinkOptions } from "./link.ts";
import type { ProvisioningOptions } from "./provisioning.ts";
import { lines, run, type WebexPorts } from "./run.ts";

const givenAs = "NAME=VALUE …, or JSON: '{…}', @FILE, or - for standard input.";
const listHelp = `
For a list of single values, repeat NAME=VALUE. A second item of a list of
groups needs JSON.`;
const secretHelp = "\nGive a secret as NAME=@FILE, NAME=env:VARIABLE, or NAME=? to be asked.";

/** Loaded on demand, because the tables would delay every other command of the program. */
const calls = () => import("./call.ts");
const links = () => import("./link.ts");
const help = () => import("./help.ts");

/** Adds the commands that call a WebEx site, make its links, and list operations and commands. */
export function addWebex(program: Command, ports: WebexPorts): void {
  const webex = program.command("webex").description("Use a WebEx site's XML API and URL API");

  withAccess(webex.command("call <operation> [request...]"))
    .summary("carry out an operation of the XML API")
    .description("carry out an operation of the XML API; prints its answer as JSON")
    .option("--anonymous", "send no user name, to see what getSessionInfo shows to everybody")
    .option("--all", "read all items of a list")
    .option("--dry-run", "print the request with … for secrets, and send nothing")
    .addHelpText(
      "after",
      `
The request is ${givenAs}${listHelp}${secretHelp}${accessHelp}
\`operations NAME\` lists the fields of a request.`,
    )
    .action((name: string, words: string[], options: CallOptions) =>
      run(ports, async () => {
        const { call, findOperation } = await calls();
        await call(findOperation(name), words, options, ports);
      }),
    );

  withAccess(webex.command("session <key>"))
    .summary("show a session's elements")
    .description("show the elements of a session that the site shows (getSessionInfo)")
    .option("--anonymous", "send no user name, to see what everybody sees")
    .option("--session-password-file <file>", "file with the session's password (WEBEX_SESSION_PASSWORD)")
    .option("--json", "print JSON")
    .option("--dry-run", "print the request with … for secrets, and send nothing")
    .addHelpText("after", accessHelp)
    .action((key: string, options: SessionOptions) =>
      run(ports, async () => (await calls()).showSession(key, options, ports)),
    );

  withLogIn(webex.command("link <command> [arguments...]"))
    .summary("print a link of the URL API")
    .description("print the link of a command of the URL API")
    .option("--dry-run", "print the link or form, with … for secrets")
    .addHelpText(
      "after",
      `
Arguments are ${givenAs}${secretHelp}
A command with a secret has no link: a program posts it as a form.${logInHelp}
\`commands NAME\` lists the arguments.`,
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
    .option("--edge-url <url>", "URL at which WebEx reaches the edge")
    .option("--number <number...>", "numbers that lead to the domain's bridges, in addition to its global numbers")
    .option("--json", "print JSON")
    .addHelpText("after", accessHelp)
    .action((options: ProvisioningOptions) =>
      run(ports, async () => (await import("./provisioning.ts")).checkProvisioning(options, ports)),
    );

  webex
    .command("operations [name]")
    .summary("list the operations of the XML API")
    .description("list the operations of the XML API, or the fields of one")
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
    .summary("list the commands of the URL API")
    .description("list the commands of the URL API, or the arguments of one")
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
    .option("--site <site>", "name, host or URL of the site (WEBEX_SITE)")
    .option("--id <name>", "WebEx id of the user (WEBEX_ID)")
    .option("--password-file <file>", "file with the password");
}

function withAccess(command: Command): Command {
  return withLogIn(command)
    .option("--email <address>", "e-mail address of the user (WEBEX_EMAIL)")
    .option("--site-id <number>", "the site's number, instead of its name (WEBEX_SITE_ID)");
}

const accessHelp = `
The password comes from --password-file, WEBEX_PASSWORD or a prompt.
WEBEX_TICKET or WEBEX_TOKEN can replace it.
WEBEX_PARTNER_ID is the partner's id.`;
const logInHelp = `
A log-in's password comes from --password-file, WEBEX_PASSWORD or a prompt.
PID comes from WEBEX_PARTNER_ID.`;
