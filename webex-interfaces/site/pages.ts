import { argumentOf, type Command, commandAt, commands, dates, pages, type Reason } from "../tables/url.ts";
import { addressOf, argumentText, isNoDay } from "../wire/link.ts";
import { escaped } from "../wire/xml.ts";
import { type Cells, csrfOf, type Outcome, PageCall } from "./page-call.ts";
import { pageCommands } from "./page-commands.ts";
import { PageRefusal, Refusal } from "./refusal.ts";
import { nameOf, partnerId, type SiteData } from "./site.ts";
import { isOn } from "./values.ts";

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Way to send a browser to the next URL: a redirect, or a page with a script. */
export type SentBy = "redirect" | "script";

export function isPage(name: string): boolean {
  return Object.values(pages).some((path) => path === name);
}

/** Answers one command of the URL API. */
export function answerPage(
  site: SiteData,
  path: string,
  args: URLSearchParams,
  cookie: string,
  sentBy: SentBy,
): PageAnswer {
  const answer = carryOut(site, path, args, cookie);
  const { location, ...headers } = answer.headers;
  if (location === undefined || sentBy === "redirect") return answer;
  return { status: 200, headers: { ...headers, ...html }, body: leadingTo(location) };
}

function carryOut(site: SiteData, path: string, args: URLSearchParams, cookie: string): PageAnswer {
  const AT = args.get("AT") ?? "";
  const [page = ""] = path.split(".");
  const name = commandAt(page, AT);
  const command = name && commands[name];
  const given = args.get("BU");
  const back = given ? addressOf(given) : new URL(site.url());
  const user = site.bearer("cookie", cookie) ?? null;
  const note = (result: string, detail: string | null) =>
    site.note({ way: "page", operation: name ?? `${path} ${AT}`, webExId: user ? nameOf(user) : "", result, detail });
  try {
    if (!back) throw new PageRefusal("InvalidDataFormat", "BU must be a whole address with http or https");
    if (!isOn(site.settings, "supportAPI", "aspAndPHPAPI")) throw new PageRefusal("DoNotSupportAPI");
    if (!name || !command) throw new PageRefusal("Unknown", `${path} has no command AT=${AT}`);
    const values = readArgs(command, args);
    if (command.logIn === "needed" && !user) throw new PageRefusal("AccessDenied");
    if (command.args.PID?.need && values.get("PID") !== partnerId) throw new PageRefusal("PartnerIDError");
    const token = args.get("CSRF");
    if (token !== null && token !== csrfOf(cookie)) throw new PageRefusal("AccessDenied", "CSRF is of another log-in");
    const outcome = site.atOnce(() => pageCommands[name](new PageCall(site, cookie, user, values)));
    note("SUCCESS", null);
    return answerOf(AT, back, outcome);
  } catch (error) {
    if (!(error instanceof PageRefusal) && !(error instanceof Refusal)) throw error;
    const reason = error instanceof PageRefusal ? error.kind : (reasons[error.kind] ?? "Unknown");
    note(reason, error.detail);
    if (command?.isDocument) return document(`<Status>FAIL</Status><Reason>${reason}</Reason>`);
    return redirect(back ?? new URL(site.url()), { AT, ST: "FAIL", RS: reason });
  }
}

const reasons: Readonly<Partial<Record<Refusal["kind"], Reason>>> = {
  accessDenied: "AccessDenied",
  notOwn: "AccessDenied",
  nameTaken: "WebexIDConflict",
  emailTaken: "EmailConflict",
  noSession: "InvalidMeetingKeyOrPassword",
  invalid: "InvalidDataFormat",
  passwordNeeded: "InvalidDataFormat",
};

/** Returns the arguments after checking them against the table. */
function readArgs(command: Command, args: URLSearchParams): ReadonlyMap<string, string> {
  const wrong = (detail: string) => new PageRefusal("InvalidDataFormat", detail);
  const names = [...args.keys()];
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined) throw wrong(`${repeated} is given more than once`);
  const given = new Map([...args].filter(([name]) => !["AT", "BU", "CSRF"].includes(name)));
  for (const [name, value] of given) {
    const known = argumentOf(command, name);
    if (!known && !command.isOpen) throw new PageRefusal("Unknown", `${name} is not an argument of this command`);
    const { is = "text" } = known?.argument ?? {};
    if (!known || value === "" || (is !== "whole" && is !== "flag")) continue;
    const read = argumentText(value, known.argument);
    const isSent = is === "whole" || /^[01]$/.test(value);
    if (!read.ok || !isSent) throw wrong(`${name} ${read.ok ? "must be 1 or 0" : read.error}`);
  }
  const missing = Object.entries(command.args).find(([name, { need }]) => need && !given.get(name));
  if (missing) throw wrong(`${missing[0]} is required`);
  const noDay = dates.find((date) => isNoDay(Object.fromEntries(given), date));
  if (noDay) throw wrong(`${noDay.join(", ")} are not a day`);
  return given;
}

const html = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };

function answerOf(AT: string, back: URL, { data, goTo, show, meetings, cookie }: Outcome): PageAnswer {
  const expires = cookie === "" ? "; Max-Age=0" : "";
  const headers: Readonly<Record<string, string>> =
    cookie === undefined ? {} : { "set-cookie": `WBXSESSION=${cookie}; Path=/; HttpOnly; SameSite=Lax${expires}` };
  if (meetings) return document(`<Status>SUCCESS</Status><MeetingKeys>${meetings.join(";")}</MeetingKeys>`);
  if (show) return { status: 200, headers: { ...headers, ...html }, body: pageOf(show.title, show.rows, back.href) };
  const sent = goTo === undefined ? redirect(back, { AT, ...data, ST: "SUCCESS" }) : found(goTo);
  return { ...sent, headers: { ...sent.headers, ...headers } };
}

function document(inside: string): PageAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<ListOpenMeetings>${inside}</ListOpenMeetings>`;
  return { status: 200, headers: { "content-type": "text/xml; charset=UTF-8", "cache-control": "no-store" }, body };
}

/** Redirects to the back URL, and keeps its own query. */
function redirect(back: URL, result: Readonly<Record<string, string | number>>): PageAnswer {
  const target = new URL(back);
  for (const [name, value] of Object.entries(result)) target.searchParams.append(name, String(value));
  return found(target.href);
}

function found(location: string): PageAnswer {
  return { status: 302, headers: { location, "cache-control": "no-store" }, body: "" };
}

function leadingTo(location: string): string {
  const escapes = location.replace(/[^\w.%+-]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `<!doctype html><meta charset="utf-8"><title>One moment</title>
<script>
var url = "${escapes}";
window.location.replace(url);
</script>
`;
}

export function pageOf(title: string, rows: Cells, back: string): string {
  const cells = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(String(cell))}</td>`).join("")}</tr>`);
  const head = `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><h1>${escaped(title)}</h1>`;
  return `${head}<table>${cells.join("")}</table><a href="${escaped(back)}">Back</a>\n`;
}
