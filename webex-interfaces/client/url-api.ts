import { err, ok, type Result } from "../doors/foundation.ts";
import { isSecretName } from "../tables/secret-names.ts";
import {
  type ArgumentsOf,
  argumentOf,
  type Command,
  type CommandName,
  commandAt,
  commands,
  dates,
  pages,
  type Reason,
  reasons,
} from "../tables/url.ts";
import { addressOf, argumentText, isMeetingKey, isNoDay, shown } from "../wire/link.ts";
import type { Site } from "./site-address.ts";

/** Servers commonly refuse a request line of more than 8,190 bytes. */
const maxLinkCharacters = 8_000;

/** A command with its arguments. */
export interface UrlCommand {
  /** Link for GET; otherwise the reason for a form: a secret, or the length. */
  readonly link: Result<string, string>;
  /** Form for a program that posts it, as `application/x-www-form-urlencoded` in UTF-8. */
  readonly form: { readonly url: string; readonly body: string };
}

/** Builds a command of the URL API. The error names the fix and contains no secret. */
export function urlCommand<N extends CommandName>(
  site: Site,
  name: N,
  given: ArgumentsOf<N>,
): Result<UrlCommand, string> {
  return urlCommandOf(site, name, Object.fromEntries(Object.entries(given).map(([code, value]) => [code, `${value}`])));
}

export type Texts = Readonly<Record<string, string>>;

/** Builds a command from unchecked texts. */
export function urlCommandOf(site: Site, name: CommandName, given: Texts): Result<UrlCommand, string> {
  const written = writeArguments(site, name, given);
  if (!written.ok) return written;
  const url = site.url + pages[commands[name].page];
  const body = written.value.map((pair) => pair.map(encode).join("=")).join("&");
  const link = `${url}?${body}`;
  const secret = written.value.find(([argument]) => isSecretArgument(name, argument))?.[0];
  const why =
    secret !== undefined
      ? `${secret} is a secret, and logs keep links`
      : `the link has ${link.length} characters, but servers accept ${maxLinkCharacters}`;
  const isLink = secret === undefined && link.length <= maxLinkCharacters;
  return ok({ link: isLink ? ok(link) : err(`${why}: send ${name} as a form`), form: { url, body } });
}

/** True if links and logs must not contain this argument's value. */
export function isSecretArgument(name: CommandName | undefined, argument: string): boolean {
  const known = name && argumentOf(commands[name], argument);
  return known ? known.argument.is === "secret" : isSecretName(argument);
}

/** Returns AT and the arguments in the table's order. Arguments without an entry come before the back URL. */
function writeArguments(
  site: Site,
  name: CommandName,
  given: Texts,
): Result<readonly (readonly [string, string])[], string> {
  const command = commands[name];
  const entries = Object.keys(command.args);
  const found: { readonly place: number; readonly pair: readonly [string, string] }[] = [];
  for (const [argument, value] of Object.entries(given)) {
    const known = argumentOf(command, argument);
    const mayBe = command.isOpen && /^[A-Za-z]\w{0,63}$/.test(argument) && argument !== "AT";
    if (!known && !mayBe) return err(`${name} has no argument ${shown(argument)}${listOf(command, entries)}`);
    const text = argumentText(value, known?.argument ?? { is: "text", means: "" });
    const fault = text.ok ? faultOf(known?.argument.is, text.value, site, command) : text.error;
    if (fault !== null) return err(`${argument} of ${name} ${fault}`);
    if (!text.ok || (known?.argument.need && text.value === "")) continue;
    found.push({ place: known ? entries.indexOf(known.entry) : entries.length - 1.5, pair: [argument, text.value] });
  }
  const names = new Set(found.map(({ pair }) => pair[0]));
  const missing = entries.find((entry) => command.args[entry]?.need && !names.has(entry));
  if (missing !== undefined) return err(`${name} needs ${missing}: ${command.args[missing]?.means}`);
  const { oneOf } = command;
  if (oneOf.length > 0 && oneOf.filter((one) => names.has(one)).length !== 1)
    return err(`${name} needs exactly one of ${oneOf.join(" and ")}`);
  const noDay = dates.find((date) => command.args[date[2]] && isNoDay(given, date))?.[2];
  if (noDay) return err(`${noDay} of ${name} must be a day of the month (it is ${given[noDay]})`);
  const inOrder = found.toSorted((one, other) => one.place - other.place || compare(one.pair[0], other.pair[0]));
  return ok([["AT", command.at], ...inOrder.map(({ pair }) => pair)]);
}

function compare(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

function listOf({ isOpen }: Command, entries: readonly string[]): string {
  return isOpen
    ? ": a name is letters and digits"
    : `; it has ${entries.map((one) => one.replace("#", "1")).join(", ")}`;
}

function faultOf(is: string | undefined, text: string, site: Site, command: Command): string | null {
  if (is === "back") return faultOfBackUrl(text, command);
  return is === "page" ? faultOfPage(text, site) : null;
}

function faultOfBackUrl(text: string, { back }: Command): string | null {
  const url = addressOf(text);
  if (!url) return `must be an address with http or https (it is ${shown(text)})`;
  if (url.username !== "" || url.password !== "") return "must have no user and no password";
  if (text.includes("#")) return "must have no # part, which never reaches a server";
  const taken = [...url.searchParams.keys()].find((name) => ["AT", "ST", "RS", ...back.map(plain)].includes(name));
  return taken === undefined ? null : `must have no ${taken} in its query: WebEx adds one for the result`;
}

function faultOfPage(text: string, site: Site): string | null {
  if (text === "GoBack") return null;
  const url = addressOf(text);
  const { origin } = new URL(site.url);
  if (!url || url.origin !== origin || url.username !== "" || url.password !== "")
    return `must be GoBack, or a page of ${origin}`;
  const page = Object.entries(pages).find(([, path]) => url.pathname.endsWith(`/${path}`))?.[0] ?? "";
  const command = commandAt(page, url.searchParams.get("AT") ?? "");
  const secret = [...url.searchParams.keys()].find((argument) => isSecretArgument(command, argument));
  return secret === undefined ? null : `must have no ${secret} in its query: a link carries no secret`;
}

/** Escapes all but letters, digits and -._~, so that a link survives mails, quotation marks and brackets. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Returns `MK` for `MK!`. */
function plain(name: string): string {
  return name.replace("!", "");
}

export type BackResult = {
  /** Data in the back URL. */
  readonly data: Readonly<Record<string, string>>;
} & (
  | { readonly status: "success" }
  /** `reason`: `null` if no public document lists it. */
  | { readonly status: "failure"; readonly reason: Reason | null; readonly reasonText: string }
);

/**
 * Reads a command's result from the URL to which the site sent the browser. `backUrl`: the command's back URL. WebEx
 * signs nothing, so only a random value in its query proves that a result is genuine.
 */
export function readResult(url: string, name: CommandName, backUrl?: string): Result<BackResult, string> {
  const command = commands[name];
  const parsed = url.length <= 16_384 ? addressOf(url) : null;
  if (!parsed) return err("the result must be the whole URL that the browser was sent to");
  const rest = withoutOwn(parsed, backUrl);
  if (!rest) return err("the result did not come to the command's back URL");
  const read = ["AT", "ST", "RS", ...command.back.map(plain)];
  const repeated = read.find((one) => rest.filter(([key]) => key === one).length > 1);
  if (repeated !== undefined) return err(`the back URL has ${repeated} more than once`);
  const { AT, ST, RS = "", ...data }: Readonly<Record<string, string>> = Object.fromEntries(rest);
  if (AT !== command.at) return err(`the back URL answers ${shown(AT ?? "nothing")}, not ${command.at}`);
  if (ST === "FAIL") return ok({ status: "failure", reason: reasonNamed(RS), reasonText: RS, data });
  if (ST !== "SUCCESS") return err(`ST is ${shown(ST ?? "missing")}, but must be SUCCESS or FAIL`);
  const missing = command.back.find((one) => one.endsWith("!") && !data[plain(one)]);
  if (missing) return err(`the back URL has no ${plain(missing)}, though ST is SUCCESS`);
  if (command.back.includes("MK!") && !isMeetingKey(data.MK ?? "")) return err(`MK is ${shown(data.MK ?? "")}`);
  return ok({ status: "success", data });
}

/** Returns the query without the back URL's own; `null` for another page or an incomplete own query. */
function withoutOwn(url: URL, backUrl: string | undefined): readonly (readonly [string, string])[] | null {
  const rest: (readonly [string, string])[] = [...url.searchParams];
  if (backUrl === undefined) return rest;
  const own = URL.parse(backUrl);
  if (!own || own.origin !== url.origin || own.pathname !== url.pathname) return null;
  for (const [name, value] of own.searchParams) {
    const at = rest.findIndex((pair) => pair[0] === name && pair[1] === value);
    if (at < 0) return null;
    rest.splice(at, 1);
  }
  return rest;
}

/** Returns the reason for a text in RS. Sites spell some in two ways. */
function reasonNamed(text: string): Reason | null {
  const wanted = text.toLowerCase().replace("badwebidor", "badwebexidor");
  return (Object.keys(reasons) as Reason[]).find((known) => known.toLowerCase() === wanted) ?? null;
}
