import { Command, InvalidArgumentError, Option } from "commander";
import { version } from "./doors/foundation.ts";
import { isAddress } from "./http.ts";

export interface Options {
  readonly adapter?: string;
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly bridge?: string;
  readonly byHand?: true;
  readonly callee: readonly string[];
  readonly about: readonly string[];
  readonly numbers: string;
  readonly json?: string;
  readonly only?: string;
  readonly patience: number;
  readonly quiet: number;
  readonly atOnce: number;
  readonly muteKeys: string;
  readonly mergeKeys: string;
  readonly dialKeys: string;
  readonly hostKeys?: string;
  readonly list?: true;
  readonly https?: string;
  readonly globalNumbers?: string;
  readonly load?: number;
  readonly minutes: number;
}

/** A wrong command line: prints the message, and the exit code is 2. */
export class UsageError extends Error {}

export function program(): Command {
  const keys = matching(/^(?:none|[0-9*#]{1,8})$/, "DTMF digits (0-9, * and #), or none");
  const template = matching(
    /^(?=.*\{key\})(?:[0-9*#]|\{key\}|\{attendee\})+$/,
    "DTMF digits with {key}, such as {key}#{attendee}#",
  );
  // Clauses that are played at the same time must not share a number.
  const range = matching(
    /^(?=.*x.*x)(?:1-\d{3}-[\dx]{7}|(?!1-)\d{1,4}-\d*-[\dx]{4,})$/,
    "COUNTRY-AREA-LOCAL, a complete number with at least two x, such as 1-408-55501xx",
  );
  const number = matching(/^\d{1,4}-\d*-\d+$/, "COUNTRY-AREA-LOCAL in digits, such as 1-408-5550123");
  const isUrl = (text: string) => /^https?:\/\/[^/]/.test(text) && URL.canParse(text);
  const url = matching({ test: isUrl }, "an address such as http://127.0.0.1:8787/tsp/local");
  const address = matching({ test: isAddress }, "HOST:PORT, such as 127.0.0.1:9100");
  const ids = matching(/^[^,]+(?:,[^,]+)*$/, "beginnings of ids with a comma between them, such as 4.13,F");
  const fact = matching(/^[\w -]+=\S/, "NAME=TEXT, such as version=4.2");
  return new Command("bridgehead-conformance")
    .description(
      "Plays WebEx against an adapter of its TSP telephony interface, and checks each clause of the documents.",
    )
    .version(version, "--version", "print the version")
    .option("--adapter <url>", "address to which WebEx posts", url)
    .option("--listen <host:port>", "address of a TSP server; may be repeated (third: HTTPS)", many(address), [])
    .option("--announce <host:port>", "WbxHostName of a TSP server if it differs; may be repeated", many(address), [])
    .option("--bridge <url>", "use telephones by the bridge's control interface", url)
    .option("--by-hand", "use your own telephones, by instructions on the screen")
    .option("--callee <country-area-local>", "with --by-hand: your number; may be repeated", many(number), [])
    .option("--numbers <country-area-local>", "numbers to call, each x any digit", range, "1-408-55501xx")
    .option("--about <name=text>", "a fact for the report, such as bridge=…; may be repeated", many(fact), [])
    .option("--json <file>", "write the report for programs to this file")
    .option("--only <ids>", "play clauses whose ids begin with one of these, such as 4.13,F", ids)
    .option("--patience <seconds>", "how long a clause waits for an event", atLeast(0.1), 20)
    .option("--quiet <milliseconds>", "silence after which nothing more is expected", atLeast(10), 300)
    .option("--at-once <clauses>", "number of clauses played at the same time", atLeast(1), 16)
    .option("--mute-keys <keys>", "digits that callers enter to mute themselves, or none", keys, "*6")
    .option("--merge-keys <keys>", "digits that callers enter before their attendee ID", keys, "*1")
    .option("--dial-keys <template>", "digits that callers enter to join", template, "{key}#{attendee}#")
    .option("--host-keys <template>", "digits that a host enters; enables private talks", template)
    .option("--list", "list the clauses")
    .option("--https <file>", "certificate of a TSP server by HTTPS, with its key in FILE.key")
    .option("--global-numbers <url>", "the page of telephone numbers, with variables such as %TollNum%", url)
    .addOption(
      new Option("--load [conferences]", "create this many conferences a minute").preset("30").argParser(atLeast(30)),
    )
    .option("--minutes <minutes>", "with --load: duration", atLeast(1), 1)
    .addHelpText(
      "after",
      "\nExit code 0: all tested documented clauses passed. 1: one failed or none passed. 2: wrong usage. 130: Ctrl-C.",
    )
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replaceAll("\n", " ")}\n`) })
    .exitOverride();
}

type Parser = (text: string) => string;

function matching(pattern: { test(text: string): boolean }, what: string): Parser {
  return (text) => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(`It must be ${what}.`);
  };
}

function many(parse: Parser): (text: string, earlier: readonly string[]) => readonly string[] {
  return (text, earlier) => [...earlier, parse(text)];
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    if (/^\d+(\.\d+)?$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a number of at least ${least}.`);
  };
}
