import { accounts } from "./pages/accounts.ts";
import { meetings } from "./pages/meetings.ts";
import { computers, labs, myWebex } from "./pages/others.ts";
import { type Command, csrfOf, type Outcome, PageCall, PageRefusal, type Reason } from "./pages/page-call.ts";
import { Refusal } from "./refusals.ts";
import type { Site } from "./site.ts";
import { at } from "./trees.ts";

/** The pages of the URL API and their commands. */
export const pages: Readonly<Record<string, Readonly<Record<string, Command>>>> = {
  "p.php": accounts,
  "m.php": meetings,
  "o.php": myWebex,
  "h.php": labs,
  "c.php": computers,
};

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a browser is sent on: by a redirect, or by a page whose script goes there. */
export type SentBy = "redirect" | "script";

/** One command of the URL API: the way back with its result, or a page that shows what was asked. */
export function answerPage(
  site: Site,
  page: string,
  args: URLSearchParams,
  cookie: string,
  sentBy: SentBy = "redirect",
): PageAnswer {
  const answer = carryOut(site, page, args, cookie);
  const { location, ...headers } = answer.headers;
  return location === undefined || sentBy === "redirect"
    ? answer
    : { status: 200, headers: { ...headers, ...html }, body: leadingTo(location) };
}

function carryOut(site: Site, page: string, args: URLSearchParams, cookie: string): PageAnswer {
  const code = args.get("AT") ?? "";
  const command = Object.hasOwn(pages, page) ? pages[page]?.[code] : undefined;
  const back = backUrl(args.get("BU"));
  const user = site.bearer(["cookie"], cookie) ?? null;
  const asked = command ? `${page} ${code}: ${command.what}` : `${page} ${code}`;
  try {
    if (at(site.settings, "supportAPI", "aspAndPHPAPI") !== true) throw new PageRefusal("DoNotSupportAPI");
    if (!command) throw new PageRefusal("Unknown", `${page} has no command AT=${code}`);
    const given = readArgs(command, args);
    const outcome = site.atOnce(() => {
      check(site, command, user !== null, given);
      const token = args.get("CSRF");
      if (token !== null && token !== csrfOf(cookie))
        throw new PageRefusal("AccessDenied", "CSRF is not of this log-in");
      return command.run(new PageCall(site, cookie, user, given, back));
    });
    site.note("page", asked, user?.web_ex_id ?? "", "SUCCESS", null);
    return answer(site, code, back, outcome);
  } catch (error) {
    if (!(error instanceof PageRefusal) && !(error instanceof Refusal)) throw error;
    const reason = error instanceof PageRefusal ? error.reason : reasonOf(error);
    const detail = error instanceof PageRefusal ? error.detail : (error.detail ?? error.kind);
    site.note("page", asked, user?.web_ex_id ?? "", reason, detail);
    if (command?.failure) return document(command.failure(reason));
    return redirect(site, back, { AT: code, ST: "FAIL", RS: reason });
  }
}

/** Only what the command has, each argument once. The token of a log-in goes with every command after it. */
function readArgs(command: Command, args: URLSearchParams): ReadonlyMap<string, string> {
  const names = [...args.keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new PageRefusal("InvalidDataFormat", `${repeated} is given more than once`);
  const given = new Map([...args].filter(([name]) => !["AT", "BU", "CSRF"].includes(name)));
  if (command.args === null) return given;
  const known = command.args.split(" ").map((word) => {
    const [, name = "", form = "", must] = /^([\w#]*)([?+]?)(!?)$/.exec(word) ?? [];
    return { name, form, required: must === "!", pattern: new RegExp(`^${name.replace("#", "\\d+")}$`) };
  });
  for (const [name, value] of given) {
    const entry = known.find(({ pattern }) => pattern.test(name));
    if (!entry) throw new PageRefusal("Unknown", `${name} is no argument of this command`);
    if (value === "") continue;
    if (entry.form === "?" && !/^[01]$/.test(value))
      throw new PageRefusal("InvalidDataFormat", `${name} must be 1 or 0`);
    if (entry.form === "+" && !/^\d{1,15}$/.test(value))
      throw new PageRefusal("InvalidDataFormat", `${name} must be a whole number`);
  }
  const missing = known.find(({ name, required }) => required && (given.get(name) ?? "") === "");
  if (missing) throw new PageRefusal("InvalidDataFormat", `${missing.name} is required`);
  return given;
}

function check(site: Site, { needs }: Command, isLoggedIn: boolean, given: ReadonlyMap<string, string>): void {
  if (needs.includes("log-in") && !isLoggedIn) throw new PageRefusal("AccessDenied");
  if (needs.includes("partner") && given.get("PID") !== site.row.partner_id) throw new PageRefusal("PartnerIDError");
}

function reasonOf({ kind }: Refusal): Reason {
  switch (kind) {
    case "accessDenied":
    case "notOwn":
      return "AccessDenied";
    case "nameTaken":
      return "WebexIDConflict";
    case "emailTaken":
      return "EmailConflict";
    case "noSession":
      return "InvalidMeetingKeyOrPassword";
    case "invalid":
    case "passwordNeeded":
      return "InvalidDataFormat";
    default:
      return "Unknown";
  }
}

function answer(site: Site, AT: string, back: string | null, { data, goTo, show, xml, cookie }: Outcome): PageAnswer {
  const headers =
    cookie === undefined
      ? {}
      : { "set-cookie": `WBXSESSION=${cookie}; Path=/; HttpOnly; SameSite=Lax${cookie === "" ? "; Max-Age=0" : ""}` };
  if (xml !== undefined) return document(xml);
  if (show)
    return { status: 200, headers: { ...headers, ...html }, body: pageOf(show.title, show.rows, back ?? site.url()) };
  const sent = goTo === undefined ? redirect(site, back, { AT, ...data, ST: "SUCCESS" }) : found(goTo);
  return { ...sent, headers: { ...sent.headers, ...headers } };
}

const html = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };

function document(body: string): PageAnswer {
  return { status: 200, headers: { "content-type": "text/xml; charset=UTF-8", "cache-control": "no-store" }, body };
}

/** To the back URL, or else to the site's home page; what its query has already stays. */
function redirect(site: Site, back: string | null, result: Readonly<Record<string, string | number>>): PageAnswer {
  const target = new URL(back ?? site.url());
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

function backUrl(text: string | null): string | null {
  return text !== null && /^https?:/i.test(text) && URL.canParse(text) ? text : null;
}

export function pageOf(title: string, rows: readonly (readonly (string | number)[])[], back: string): string {
  const cells = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(String(cell))}</td>`).join("")}</tr>`);
  const head = `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><h1>${escaped(title)}</h1>`;
  return `${head}<table>${cells.join("")}</table><a href="${escaped(back)}">Back</a>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
