import { cut, err, ok, type Result } from "../../doors/foundation.ts";
import type { Source } from "../source.ts";
import type { Argument } from "./arguments.ts";
import { type Command, type CommandName, commandNames, commands, type DataOf } from "./commands.ts";
import { isMeetingKey } from "./request.ts";

interface ReasonEntry {
  /** What stands in RS; case does not count. */
  readonly wires: readonly string[];
  readonly source: Source;
  readonly means: string;
  readonly toDo: string;
}

function reason(wires: readonly string[], means: string, toDo: string): ReasonEntry {
  return { wires, source: "schema", means, toDo };
}

/** Why a command failed, by a word of ours. */
export const reasons = {
  "access-denied": reason(
    ["AccessDenied"],
    "not logged in, or not allowed (another's meeting, wrong password, locked, CSRF of another log-in)",
    "log in again, since a log-in lapses after 30 minutes; check MK, PW and CSRF; or ask the host",
  ),
  "already-logged-in": reason(["AlreadyLogon"], "the user is logged in already", "go on with the next command"),
  "log-in-disabled": reason(
    ["AutoLoginDisabled"],
    "the site does not allow log-in, log-out and new users by this interface",
    "ask WebEx to enable it",
  ),
  "wrong-id-or-password": reason(
    ["BadWebexIDorPassword", "BadWebIDorPassword"],
    "WebEx id and password do not belong together, or there is no such account",
    "check both",
  ),
  "interface-not-supported": reason(["DoNotSupportAPI"], "the site has no URL API", "ask WebEx to enable it"),
  "e-mail-conflict": reason(["EmailConflict"], "another account has this e-mail address", "give another one"),
  "meeting-type-not-supported": reason(
    ["NoMeetingTypeSupport", "SiteDoNotSupportThisMeetingType"],
    "the host or the site has no such meeting type",
    "give another MT",
  ),
  "wrong-partner-id": reason(["PartnerIDError"], "the partner id is not the site's", "check PID"),
  "too-long-meeting": reason(
    ["TheDurationIsExceedTheMaxDuration"],
    "the meeting is longer than the site allows",
    "give a smaller DU",
  ),
  unknown: reason(["Unknown"], "WebEx does not tell why", "try again; then ask WebEx"),
  "webex-id-conflict": reason(["WebexIDConflict"], "another account has this WebEx id", "give another one"),
  "wrong-form": reason(["InvalidDataFormat"], "an argument is missing or not of its form", "check the arguments"),
  "wrong-key-or-password": reason(
    ["InvalidMeetingKeyOrPassword"],
    "there is no such meeting, or its password is another one",
    "check MK and PW",
  ),
  "meeting-not-in-progress": reason(
    ["MeetingNotInProgress"],
    "the meeting has not begun or is over",
    "join when the host has started it",
  ),
  "meeting-locked": reason(["MeetingLocked"], "the host has locked the meeting", "ask the host to unlock it"),
  "no-telephone-lines": reason(
    ["TeleConferenceLineReserveFail"],
    "there are not enough telephone lines",
    "schedule fewer lines or another time",
  ),
  "scheduling-failed": reason(["MeetingScheduleFail"], "the site has no capacity left", "schedule another time"),
} as const satisfies Readonly<Record<string, ReasonEntry>>;

export type ReasonWord = keyof typeof reasons;

export type BackResult<Data> =
  | {
      readonly status: "success";
      readonly at: string;
      readonly data: Data;
      readonly more: Readonly<Record<string, string>>;
    }
  | {
      readonly status: "failure";
      readonly at: string;
      /** `other`: a reason that no public source names, or none. */
      readonly reason: ReasonWord | "other";
      /** As WebEx wrote it; empty if it gave none. */
      readonly reasonText: string;
      readonly more: Readonly<Record<string, string>>;
    };

/** Why a URL is not taken for the result of a command. */
export type ResultError = { readonly says: string } & (
  | { readonly kind: "not-a-url" | "too-long" | "another-page" }
  | { readonly kind: "missing" | "repeated" | "wrong-value"; readonly name: string }
  | { readonly kind: "unknown-status"; readonly found: string }
  | { readonly kind: "another-command"; readonly found: string }
);

export interface Expected<Name extends CommandName> {
  readonly command: Name;
  /**
   * The back URL that was given with it; its own query counts. WebEx signs nothing: only what stands there and nobody can guess tells
   * its result from one that a stranger made up.
   */
  readonly backUrl?: string;
}

const maxCharacters = 16_384;

/** What a program that sends a command itself is answered. */
export interface PageAnswer {
  readonly status: number;
  /** The header. */
  readonly location?: string | null;
  readonly body: string;
}

const maxPageCharacters = 1_000_000;

/**
 * The URL to which an answer sends the browser, for `readResult`; `null` if it sends it nowhere. Sites answer with a redirect or with a page
 * whose script goes there, as public callers read it; a browser follows both by itself.
 */
export function backUrlOf({ status, location, body }: PageAnswer): string | null {
  if (status >= 300 && status < 400) return location || null;
  if (status < 200 || status >= 300 || body.length > maxPageCharacters) return null;
  const leads = body.matchAll(/(?:\bvar url ?= ?|\bwindow\.location\.replace\( ?)(?:"([^"\n<>]*)"|'([^'\n<>]*)')/g);
  const urls = [...leads].map(([, double, single = ""]) => ofScript(double ?? single));
  return urls.find((url) => URL.parse(url)?.searchParams.has("ST")) ?? urls[0] ?? null;
}

/** The text that a string of a script stands for. */
function ofScript(written: string): string {
  return written.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gi, (_, two, four, sign) =>
    sign === undefined ? String.fromCharCode(Number.parseInt(two ?? four, 16)) : sign,
  );
}

/**
 * The result that WebEx's redirect to a back URL carries. Without `expected`, for display alone: anybody can write such a URL, and
 * a code such as AA is on two pages, so that its data stays text.
 */
export function readResult(url: string): Result<BackResult<Readonly<Record<string, string>>>, ResultError>;
export function readResult<Name extends CommandName>(
  url: string,
  expected: Expected<Name>,
): Result<BackResult<DataOf<Name>>, ResultError>;
export function readResult(
  url: string,
  expected?: Expected<CommandName>,
): Result<BackResult<Readonly<Record<string, unknown>>>, ResultError> {
  if (url.length > maxCharacters) return err({ kind: "too-long", says: `the back URL has ${url.length} characters` });
  const parsed = /^https?:\/\//i.test(url) ? URL.parse(url) : null;
  if (!parsed) return err({ kind: "not-a-url", says: "the result must be the whole URL that the browser was sent to" });
  const rest = withoutOwn(parsed, expected?.backUrl);
  if (!rest) return err({ kind: "another-page", says: "the result came to another page than the command's back URL" });

  const values = new Map<string, string>();
  for (const [name, value] of rest) {
    if (values.has(name) && isRead(name, expected)) {
      return err({ kind: "repeated", name, says: `the back URL has ${name} more than once` });
    }
    values.set(name, value);
  }
  const at = values.get("AT");
  if (at === undefined)
    return err({ kind: "missing", name: "AT", says: "the back URL has no AT: it is no result of WebEx" });
  const isExpected = expected
    ? commands[expected.command].at === at
    : commandNames.some((name) => commands[name].at === at);
  if (!isExpected)
    return err({ kind: "another-command", found: at, says: `the back URL answers ${shown(at)}, another command` });
  const status = values.get("ST");
  if (status === undefined)
    return err({ kind: "missing", name: "ST", says: "the back URL has no ST, and so no result" });

  const returns: Command["returns"] = expected ? commands[expected.command].returns : {};
  const more = () =>
    [...values].filter(([name]) => !["AT", "ST", "RS"].includes(name) && !Object.hasOwn(returns, name));
  if (status === "FAIL") {
    const reasonText = values.get("RS") ?? "";
    return ok({
      status: "failure",
      at,
      reason: reasonOfText(reasonText),
      reasonText,
      more: Object.fromEntries(more()),
    });
  }
  if (status !== "SUCCESS") {
    return err({ kind: "unknown-status", found: status, says: `ST is ${shown(status)}, must be SUCCESS or FAIL` });
  }
  if (!expected) return ok({ status: "success", at, data: Object.fromEntries(more()), more: {} });
  const data: [string, string][] = [];
  for (const [name, argument] of Object.entries(returns)) {
    const value = values.get(name) || undefined;
    if (value === undefined && argument.need === "required") {
      return err({
        kind: "missing",
        name,
        says: `the back URL has no ${name} (${argument.means}), though ST is SUCCESS`,
      });
    }
    if (value === undefined) continue;
    if (!fits(value, argument))
      return err({ kind: "wrong-value", name, says: `${name} of the back URL is ${shown(value)}` });
    data.push([name, value]);
  }
  return ok({ status: "success", at, data: Object.fromEntries(data), more: Object.fromEntries(more()) });
}

/** What is not the back URL's own query; `null` if the page is another one or its own query is not whole. */
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

function isRead(name: string, expected: Expected<CommandName> | undefined): boolean {
  return ["AT", "ST", "RS"].includes(name) || !expected || Object.hasOwn(commands[expected.command].returns, name);
}

function fits(value: string, { kind }: Argument): boolean {
  return kind.kind !== "meeting-key" || isMeetingKey(value);
}

/** The word for what stands in RS. */
export function reasonOfText(found: string): ReasonWord | "other" {
  const words = Object.entries(reasons) as [ReasonWord, ReasonEntry][];
  const wanted = found.toLowerCase();
  return words.find(([, { wires }]) => wires.some((wire) => wire.toLowerCase() === wanted))?.[0] ?? "other";
}

function shown(value: string): string {
  return JSON.stringify(cut(value, 40));
}
