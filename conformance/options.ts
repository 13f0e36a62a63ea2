import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { version } from "./doors/foundation.ts";
import { clashOf, isKnownName, type Rename, renamesInTable } from "./player/renames.ts";
import { DIAL_KEYS } from "./player/stage.ts";
import { splitAddress } from "./ports-node.ts";
import type { Conditions } from "./report/summary.ts";
import { NOBODYS_NUMBERS } from "./telephones/number-range.ts";
import type { PhoneNumber } from "./telephones/telephones.ts";

export interface Options {
  readonly adapter: string;
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly bridge?: string;
  readonly phones?: string;
  readonly dialIn?: string;
  readonly trunk?: string;
  readonly sipp: string;
  readonly byHand?: true;
  readonly callee: readonly string[];
  readonly about: readonly string[];
  readonly numbers: string;
  readonly json?: string;
  readonly junit?: string;
  readonly html?: string;
  readonly only?: readonly string[];
  readonly patience: number;
  readonly quiet: number;
  readonly atOnce: number;
  readonly muteKeys: string;
  readonly mergeKeys: string;
  readonly dialKeys: string;
  readonly hostKeys?: string;
  readonly refused?: PhoneNumber;
  readonly rename: readonly Rename[];
  readonly list?: true;
  readonly shell?: true;
  readonly https?: string;
  readonly globalNumbers?: string;
  readonly load?: number;
  readonly minutes: number;
}

/** Of `--mute-keys` and `--merge-keys`: the bridge has none. */
export const NO_KEYS = "none";

/** Each named in a report by itself, or of no meaning there. */
const apart = ["adapter", "about", "json", "junit", "html", "only", "patience", "quiet"];

/** How a run with these options is made, for its reports. */
export function conditionsOf(command: Command): Conditions {
  const { only, patience, quiet, ...options } = command.opts<Options>();
  const given = command.options.filter(
    (option) =>
      !apart.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  const words = given.flatMap((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    const all = option.attributeName() === "refused" ? [options.refused?.join("-")] : [value].flat();
    return all.map((one) => [option.long, one === true ? "" : [one].flat().join("=")].join(" ").trim());
  });
  return {
    telephones: telephonesIn(options),
    clauses: only ? `those that begin with ${only.join(", ")}` : "all",
    patience: `${patience} s`,
    quiet: `${quiet} ms`,
    options: words.join(" "),
  };
}

function telephonesIn({ bridge, phones, byHand }: Pick<Options, "bridge" | "phones" | "byHand">): string {
  if (bridge !== undefined) return `the bridge's control interface at ${bridge}`;
  if (phones !== undefined) return phones;
  return byHand ? "a person's" : "none";
}

/** A mistake of the one who runs the kit: one sentence, and exit code 2. */
export class UsageError extends Error {}

export function program(): Command {
  return new Command("bridgehead-conformance")
    .description(
      "Plays WebEx against an adapter of its TSP telephony interface, and says clause by clause whether it conforms.",
    )
    .version(version, "--version", "print the version")
    .option("--adapter <url>", "where the adapter takes WebEx's posts", url)
    .option(
      "--listen <host:port>",
      "where the TSP servers listen; twice: both of them; a third time: the one by HTTPS (default: any port)",
      address,
      [],
    )
    .option(
      "--announce <host:port>",
      "WbxHostName of the TSP servers, if others than they listen on; as often",
      address,
      [],
    )
    .option("--bridge <url>", "telephones by the bridge's control interface", url)
    .option("--phones <kind>", "telephones over SIP: sip")
    .option("--dial-in <sip:number@host:port>", "with --phones sip: what callers dial")
    .option("--trunk <host:port>", "with --phones sip: where the bridge sends its call-outs")
    .option("--sipp <program>", "with --phones sip: the program sipp", "sipp")
    .option("--by-hand", "telephones of a person, who follows instructions on the screen")
    .option(
      "--callee <country-area-local>",
      "with --by-hand: a number of yours that the bridge can call; may be repeated",
      collect,
      [],
    )
    .option(
      "--numbers <country-area-local>",
      "with --bridge and --phones: the numbers that are called out to, each x any digit",
      range,
      NOBODYS_NUMBERS,
    )
    .option(
      "--about <name=text>",
      "what is tested, for the reports: version=…, settings=…, bridge=…; or an address that answers with it in JSON; may be repeated",
      fact,
      [],
    )
    .option("--json <file>", "the report for programs")
    .option("--junit <file>", "the report for servers that run tests")
    .option("--html <file>", "the report as one page with sequence diagrams")
    .option("--only <ids>", "clauses whose id begins with one of these, such as 4.13,F", ids)
    .option("--patience <seconds>", "how long a clause waits for what is to come", number(0.1), 20)
    .option("--quiet <milliseconds>", "how long nothing must come, to say that nothing comes", number(10), 300)
    .option("--at-once <clauses>", "how many clauses are played side by side", number(1), 16)
    .option("--mute-keys <keys>", "what callers key to mute themselves, or none", keys, "*6")
    .option("--merge-keys <keys>", "what callers key before their attendee ID, or none", keys, "*1")
    .option("--dial-keys <template>", "what callers key to enter, with {key} and {attendee}", template, DIAL_KEYS)
    .option("--host-keys <template>", "the same of a host, so that private talks can be judged", template)
    .option(
      "--refused <country-area-local>",
      "a number that the adapter's own policy refuses to call, and that nobody has",
      phoneNumber,
    )
    .option(
      "--rename <own=wire>",
      "another name on the wire for a message or attribute, another number for a code (conferenceStatus.locked=7), or a file with a table of them; may be repeated",
      renames,
      [],
    )
    .option("--list", "list the clauses")
    .option("--shell", "play WebEx by hand")
    .option(
      "--https <file>",
      "a TSP server by HTTPS, too: its authority, which the adapter must trust, is in this file",
    )
    .option("--global-numbers <url>", "the page of telephone numbers as WebEx has it, such as with %TollNum%", url)
    .addOption(
      new Option("--load [conferences]", "load, too: so many conferences a minute").preset("30").argParser(number(30)),
    )
    .option("--minutes <minutes>", "with --load: for how long", number(1), 1)
    .addHelpText(
      "after",
      "\nExit code 0: every documented clause that could be tested passed. 1: not. 2: wrong usage. 130: broken off.",
    )
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replaceAll("\n", " ")}\n`) })
    .exitOverride();
}

function url(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError("It must be an address such as http://127.0.0.1:8787/tsp/local.");
}

function address(text: string, earlier: readonly string[]): readonly string[] {
  try {
    splitAddress(text);
  } catch {
    throw new InvalidArgumentError("It must be HOST:PORT, such as 127.0.0.1:9100.");
  }
  if (earlier.length >= 3) throw new InvalidArgumentError("There are two TSP servers, and one by HTTPS.");
  return [...earlier, text];
}

function fact(text: string, earlier: readonly string[]): readonly string[] {
  if (/^https?:/.test(text)) return [...earlier, url(text)];
  if (/^[\w -]+=\S/.test(text)) return [...earlier, text];
  throw new InvalidArgumentError("It must be NAME=TEXT, such as version=4.2, or an address that answers with JSON.");
}

function collect(text: string, earlier: readonly string[]): readonly string[] {
  if (/^\d{1,4}-\d*-\d+$/.test(text)) return [...earlier, text];
  throw new InvalidArgumentError("It must be COUNTRY-AREA-LOCAL in digits, such as 1-408-5550123.");
}

/** Clauses that are played side by side must not share a number. Where the country is 1, area and local number have 3 and 7 digits. */
function range(text: string): string {
  const [, country, area = "", local = ""] = /^(\d{1,4})-(\d*)-(?=.*x.*x)([\dx]+)$/.exec(text) ?? [];
  const isWhole = country === "1" ? area.length === 3 && local.length === 7 : local.length >= 4;
  if (country !== undefined && isWhole) return text;
  throw new InvalidArgumentError(
    "It must be COUNTRY-AREA-LOCAL in digits, a whole number with at least two x, such as 1-408-55501xx.",
  );
}

function ids(text: string): readonly string[] {
  const all = text.split(",").map((one) => one.trim());
  if (all.every((one) => one !== "")) return all;
  throw new InvalidArgumentError("It must be beginnings of ids with a comma between them, such as 4.13,F.");
}

/** `OWN=WIRE`, or a file with a table of them. */
function renames(text: string, earlier: readonly Rename[]): readonly Rename[] {
  const all = [...earlier, ...(text.includes("=") ? [pair(text)] : table(text))];
  const clash = clashOf(all);
  if (clash !== null) throw new InvalidArgumentError(`${clash}.`);
  return all;
}

function pair(text: string): Rename {
  const [, own, wire] = /^([\w.-]+)=([\w.-]+)$/.exec(text) ?? [];
  if (!own || !wire) throw new InvalidArgumentError("It must be OWN=WIRE, such as SubConfID=ExtSubConfID.");
  if (!isKnownName(own)) throw new InvalidArgumentError(`The kit has no message, attribute or code ${own}.`);
  if (own.includes(".") && !/^-?\d{1,6}$/.test(wire)) throw new InvalidArgumentError(`${own} must be a number.`);
  return [own, wire];
}

function table(file: string): readonly Rename[] {
  try {
    return renamesInTable(readFileSync(file, "utf8")).map((one) => pair(one.join("=")));
  } catch (error) {
    throw new InvalidArgumentError(
      `It must be OWN=WIRE, or a file with elements, attributes and codes in JSON (${(error as Error).message}).`,
    );
  }
}

function keys(text: string): string {
  if (text === NO_KEYS || /^[0-9*#]{1,8}$/.test(text)) return text;
  throw new InvalidArgumentError(`It must be keys: 0-9, * and #; or ${NO_KEYS}.`);
}

function phoneNumber(text: string): PhoneNumber {
  const [, country, area, local] = /^(\d{1,4})-(\d*)-(\d+)$/.exec(text) ?? [];
  if (country && area !== undefined && local) return [country, area, local];
  throw new InvalidArgumentError("It must be COUNTRY-AREA-LOCAL in digits, such as 1-900-5550123.");
}

function template(text: string): string {
  if (/^(?:[0-9*#]|\{key\}|\{attendee\})+$/.test(text) && text.includes("{key}")) return text;
  throw new InvalidArgumentError(
    "It must be keys with {key}, and {attendee} where it is asked for: {key}#{attendee}#.",
  );
}

function number(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a number from ${least} on.`);
  };
}
