import { cut, err, ok, type Result } from "../../doors/foundation.ts";
import { type ArgumentKind, entryFor, type ReadValue } from "./arguments.ts";
import {
  type ArgumentsOf,
  type Command,
  type CommandName,
  commandAt,
  commands,
  dates,
  isSecretArgument,
  pages,
} from "./commands.ts";
import type { Site } from "./site.ts";

/** Why a command is not sent. No text of an error holds the value of a secret. */
export type RequestError = {
  /** In words for people: what is wrong and what to do. */
  readonly says: string;
} & (
  | {
      readonly kind: "missing-argument" | "unknown-argument" | "wrong-value" | "secret-in-link";
      readonly argument: string;
    }
  /** None of them is given, or several are. */
  | { readonly kind: "one-of"; readonly arguments: readonly string[] }
  | { readonly kind: "too-long"; readonly characters: number }
);

/** Servers commonly refuse a request line of more than 8,190 bytes. */
export const maxLinkCharacters = 8_000;

/** A GET link. Refused with a secret in it: `formPage` and `formPost` send those. */
export function link<Name extends CommandName>(
  site: Site,
  name: Name,
  given: ArgumentsOf<Name>,
): Result<string, RequestError> {
  const written = writeArguments(site, name, given);
  if (!written.ok) return written;
  const secret = written.value.find(({ kind }) => kind === "secret");
  if (secret) {
    const why = "is a secret, which browsers and servers keep in logs as part of a link";
    return fault("secret-in-link", secret.name, `${secret.name} ${why}: send ${name} as a form`);
  }
  const query = formText(written.value);
  const url = `${site.url}${pages[commands[name].page].path}?${query}`;
  if (url.length <= maxLinkCharacters) return ok(url);
  const says = `the link has ${url.length} characters, more than servers take (${maxLinkCharacters}): send ${name} as a form`;
  return err({ kind: "too-long", characters: url.length, says });
}

export interface FormPost {
  readonly url: string;
  /** `application/x-www-form-urlencoded`, in UTF-8. */
  readonly body: string;
}

/** What a server posts, or a program that follows the redirects itself. */
export function formPost<Name extends CommandName>(
  site: Site,
  name: Name,
  given: ArgumentsOf<Name>,
): Result<FormPost, RequestError> {
  const written = writeArguments(site, name, given);
  if (!written.ok) return written;
  return ok({ url: `${site.url}${pages[commands[name].page].path}`, body: formText(written.value) });
}

export interface FormPage {
  readonly html: string;
  /** To be sent with the page: it holds what must not be stored, framed or told to others. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A page of one button that posts the command from the user's browser, where WebEx's cookies are. It has no script, so that no value
 * can ever run as one, and the user sees where the values go before they do.
 */
export function formPage<Name extends CommandName>(
  site: Site,
  name: Name,
  given: ArgumentsOf<Name>,
): Result<FormPage, RequestError> {
  const written = writeArguments(site, name, given);
  if (!written.ok) return written;
  const url = `${site.url}${pages[commands[name].page].path}`;
  // Some browsers hold a form to this list through all redirects after it, which lead over WebEx's servers to the back URL.
  const targets = written.value.filter(({ kind }) => kind === "back-url" || kind === "page-of-site");
  const further = targets.flatMap(({ value }) => [value, URL.parse(value)?.searchParams.get("BU") ?? ""]);
  const plain = [url, ...further].filter((target) => /^http:/i.test(target)).map(originOf);
  const policy = [
    "default-src 'none'",
    "base-uri 'none'",
    `form-action ${["https:", ...new Set(plain)].join(" ")}`,
  ].join("; ");
  const fields = written.value.map(
    ({ name: field, value }) => `<input type="hidden" name="${escapeHtml(field)}" value="${escapeHtml(value)}">\n`,
  );
  return ok({
    html: `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Continue to WebEx</title>
</head>
<body>
<form method="post" action="${escapeHtml(url)}" accept-charset="utf-8" autocomplete="off">
${fields.join("")}<p><button autofocus>Continue to ${escapeHtml(new URL(url).host)}</button></p>
</form>
</body>
</html>
`,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `${policy}; frame-ancestors 'none'`,
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

/** Arguments as a shell gives them, all of them text: numbers, and yes or no, are read as the table has them. */
export function argumentsOfText<Name extends CommandName>(
  name: Name,
  texts: Readonly<Record<string, string>>,
): Result<ArgumentsOf<Name>, RequestError> {
  const read: Record<string, ReadValue> = Object.create(null);
  for (const [argument, value] of Object.entries(texts)) {
    const found = entryFor(commands[name].arguments, argument);
    const one = found ? readText(value, found.argument.kind) : ok(value);
    if (!one.ok) return fault("wrong-value", argument, `${argument} of ${name} ${one.error}`);
    read[argument] = one.value;
  }
  return ok(read as unknown as ArgumentsOf<Name>);
}

/** The value that a text stands for, or what it must be. */
export function readText(value: string, kind: ArgumentKind): Result<ReadValue, string> {
  if (kind.kind === "whole-number" && /^\d{1,15}$/.test(value)) return ok(Number(value));
  if (kind.kind !== "yes-no") return ok(value);
  if (/^(?:1|yes|true)$/i.test(value)) return ok(true);
  return /^(?:0|no|false)$/i.test(value) ? ok(false) : err("must be yes or no, 1 or 0");
}

interface Written {
  readonly name: string;
  readonly value: string;
  readonly kind: ArgumentKind["kind"];
}

/** AT and the arguments, in the order of the table, with those that the table does not have before the back URL. */
function writeArguments(
  site: Site,
  name: CommandName,
  given: Readonly<Record<string, unknown>>,
): Result<readonly Written[], RequestError> {
  const command: Command = commands[name];
  const entries = Object.keys(command.arguments);
  const found: { readonly place: number; readonly number: number; readonly written: Written }[] = [];
  for (const [argument, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const known = entryFor(command.arguments, argument);
    if (!known && !(command.others === "as-given" && /^[A-Za-z]\w{0,63}$/.test(argument) && argument !== "AT")) {
      return fault(
        "unknown-argument",
        argument,
        `${name} has no argument ${shown(argument)}${listOf(command, entries)}`,
      );
    }
    if (known && known.number > (known.argument.most ?? Number.POSITIVE_INFINITY)) {
      const says = `${name} has no argument ${argument}: its last one is ${known.entry.replace("#", `${known.argument.most}`)}`;
      return fault("unknown-argument", argument, says);
    }
    const kind: ArgumentKind = known?.argument.kind ?? { kind: isSecretArgument(name, argument) ? "secret" : "text" };
    const written = writeValue(known ? value : asText(value), kind, site, command);
    if (!written.ok) return fault("wrong-value", argument, `${argument} of ${name} ${written.error}`);
    if (known?.argument.need === "required" && written.value === "") continue;
    found.push({
      place: known ? entries.indexOf(known.entry) : entries.length - 1.5,
      number: known?.number ?? 0,
      written: { name: argument, value: written.value, kind: kind.kind },
    });
  }
  const names = new Set(found.map(({ written }) => written.name));
  const missing = entries.find((entry) => command.arguments[entry]?.need === "required" && !names.has(entry));
  if (missing !== undefined) {
    const says = `${name} needs ${missing}: ${command.arguments[missing]?.means}`;
    return fault("missing-argument", missing, says);
  }
  if (command.oneOf.length > 0 && command.oneOf.filter((one) => names.has(one)).length !== 1) {
    const says = `${name} needs exactly one of ${command.oneOf.join(" and ")}`;
    return err({ kind: "one-of", arguments: command.oneOf, says });
  }
  const noDay = dates.find((date) => Object.hasOwn(command.arguments, date[2]) && !isDay(given, date));
  if (noDay !== undefined) {
    const [year, month, day] = noDay;
    const says = `${day} of ${name} must be a day of the month in ${year} and ${month} (it is ${shown(given[day])})`;
    return fault("wrong-value", day, says);
  }
  found.sort((one, other) => one.place - other.place || one.number - other.number);
  return ok([{ name: "AT", value: command.at, kind: "text" }, ...found.map(({ written }) => written)]);
}

/** Without a year, the 29th of February may be one. */
function isDay(given: Readonly<Record<string, unknown>>, [year, month, day]: (typeof dates)[number]): boolean {
  if (given[month] === undefined || given[day] === undefined) return true;
  return Number(given[day]) <= new Date(Date.UTC(Number(given[year] ?? 2000), Number(given[month]), 0)).getUTCDate();
}

function listOf({ others }: Command, entries: readonly string[]): string {
  if (others === "as-given") return ": a name is letters and digits";
  return entries.length === 0 ? "" : `; it has ${entries.map((entry) => entry.replace("#", "1")).join(", ")}`;
}

/** A number is as good as a text where the form of an argument is not public. */
function asText(value: unknown): unknown {
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
}

/** The value as WebEx reads it, or what it must be. */
function writeValue(value: unknown, kind: ArgumentKind, site: Site, command: Command): Result<string, string> {
  switch (kind.kind) {
    case "whole-number": {
      const { min, max = Number.MAX_SAFE_INTEGER } = kind;
      if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max)
        return ok(String(value));
      return err(
        `must be a whole number from ${min}${kind.max === undefined ? "" : ` to ${max}`} (it is ${shown(value)})`,
      );
    }
    case "yes-no":
      return typeof value === "boolean" ? ok(value ? "1" : "0") : err(`must be true or false (it is ${shown(value)})`);
    case "meeting-key": {
      if (typeof value === "number" && value > Number.MAX_SAFE_INTEGER)
        return err("must be the meeting number in quotation marks: a number of JSON does not hold so many digits");
      const written = asText(value);
      return typeof written === "string" && isMeetingKey(written)
        ? ok(written)
        : err(`must be the meeting number, in digits alone (it is ${shown(value)})`);
    }
    case "back-url":
      return backUrl(value, command);
    case "page-of-site":
      return pageOfSite(value, site);
    default: {
      if (typeof value !== "string") return err("must be a text");
      if (!isPlainText(value)) return err("has a character that a form cannot carry, such as a control character");
      return kind.max === undefined || [...value].length <= kind.max
        ? ok(value)
        : err(`must have at most ${kind.max} characters`);
    }
  }
}

/** Whether it is 1 to 20 digits; no known key is longer. */
export function isMeetingKey(value: string): boolean {
  return /^\d{1,20}$/.test(value);
}

/** Lone surrogates have no UTF-8 form, and browsers drop or replace control characters. */
function isPlainText(value: string): boolean {
  return value.isWellFormed() && !/[^\P{Cc}\t\n\r]/u.test(value);
}

/** AT, ST and RS, and what else WebEx adds to the back URL. */
function isTaken(name: string, { returns }: Command): boolean {
  return ["AT", "ST", "RS"].includes(name) || Object.hasOwn(returns, name);
}

function backUrl(value: unknown, command: Command): Result<string, string> {
  const url =
    typeof value === "string" && /^https?:\/\/[^\s\\]+$/i.test(value) && isPlainText(value) ? URL.parse(value) : null;
  if (!url) return err(`must be an address with http or https (it is ${shown(value)})`);
  if (url.username !== "" || url.password !== "") return err("must have no user and no password");
  // What stands behind # never reaches a server, and with it the result would be lost.
  if (String(value).includes("#")) return err("must have no # part");
  const taken = [...url.searchParams.keys()].find((name) => isTaken(name, command));
  return taken === undefined
    ? ok(String(value))
    : err(`must have no ${taken} in its query: WebEx adds one to tell the result`);
}

function pageOfSite(value: unknown, site: Site): Result<string, string> {
  if (value === "GoBack") return ok(value);
  const url =
    typeof value === "string" && /^https?:\/\/[^\s\\]+$/i.test(value) && isPlainText(value) ? URL.parse(value) : null;
  if (!url || url.origin !== new URL(site.url).origin || url.username !== "" || url.password !== "") {
    return err(`must be GoBack, or a page of ${new URL(site.url).origin}`);
  }
  const page = Object.entries(pages).find(([, { path }]) => url.pathname.endsWith(`/${path}`))?.[0] ?? "";
  const command = commandAt(page, url.searchParams.get("AT") ?? "");
  const secret = [...url.searchParams.keys()].find((argument) => isSecretArgument(command, argument));
  return secret === undefined
    ? ok(String(value))
    : err(`must have no ${secret} in its query: a link carries no secret`);
}

function formText(written: readonly Written[]): string {
  return written.map(({ name, value }) => `${encode(name)}=${encode(value)}`).join("&");
}

/** All but letters, digits and -._~ as the bytes of UTF-8, so that a link survives mails, quotation marks and brackets. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Line ends and tabs as references, too: a parser changes them otherwise. */
function escapeHtml(value: string): string {
  return value.replace(/[&<>"'\t\n\r]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? "";
}

/** Without the user and the query of an address: what nobody else may know stands there. */
function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return value === null ? "null" : `a ${typeof value}`;
  const safe = value.replace(/\/\/[^/]*@/, "//…@").replace(/[?#].*$/s, "?…");
  return JSON.stringify(cut(safe, 60));
}

function fault(
  kind: "missing-argument" | "unknown-argument" | "wrong-value" | "secret-in-link",
  argument: string,
  says: string,
): { readonly ok: false; readonly error: RequestError } {
  return err({ kind, argument, says });
}
