import { createHash } from "node:crypto";
import { Refusal } from "../refusals.ts";
import type { Value } from "../schema.ts";
import { isHost } from "../sessions.ts";
import type { Site } from "../site.ts";
import type { ServiceCode, SessionRow, UserRow } from "../tables.ts";

/** The reasons (RS) that the developer pages list; but for MeetingScheduleFail: the site has room for any number of meetings. */
export const reasons = [
  "AccessDenied",
  "AlreadyLogon",
  "AutoLoginDisabled",
  "BadWebexIDorPassword",
  "DoNotSupportAPI",
  "EmailConflict",
  "NoMeetingTypeSupport",
  "SiteDoNotSupportThisMeetingType",
  "PartnerIDError",
  "TheDurationIsExceedTheMaxDuration",
  "Unknown",
  "WebexIDConflict",
  "InvalidDataFormat",
  "InvalidMeetingKeyOrPassword",
  "MeetingNotInProgress",
  "MeetingLocked",
  "TeleConferenceLineReserveFail",
] as const;
export type Reason = (typeof reasons)[number];

/** Thrown at any depth; the browser goes back with ST=FAIL and this reason. `detail` is for the site's own list of requests. */
export class PageRefusal extends Error {
  readonly reason: Reason;
  readonly detail: string | null;

  constructor(reason: Reason, detail: string | null = null) {
    super(reason);
    this.reason = reason;
    this.detail = detail;
  }
}

/** What follows: the browser goes back with these data, or elsewhere, or is shown a page. */
export interface Outcome {
  readonly data?: Readonly<Record<string, string | number>>;
  readonly goTo?: string;
  readonly show?: { readonly title: string; readonly rows: readonly (readonly (string | number)[])[] };
  /** A document of its own. */
  readonly xml?: string;
  /** A cookie to set; "" takes it away. */
  readonly cookie?: string;
}

export interface Command {
  /** For people who read the site's own list of requests. */
  readonly what: string;
  /** Who may: whoever has logged in, whoever knows the partner's id, who is both, or anybody. */
  readonly needs: "log-in" | "partner" | "log-in and partner" | "nothing";
  /** How a failure is said where it is no redirect. */
  readonly failure?: (reason: Reason) => string;
  /**
   * Arguments beside AT, BU and, after a log-in, CSRF. `#` stands for a number; `?` behind a name: 1 or 0; `+`: a whole number; `!` at the end:
   * it must be there. `null`: no public source shows them, so any are taken.
   */
  readonly args: string | null;
  readonly run: (call: PageCall) => Outcome;
}

/** What the log-in's back URL brings for the commands after it: another text than the cookie, and only of that log-in. */
export function csrfOf(cookie: string): string {
  return createHash("sha256").update(`csrf ${cookie}`).digest("base64url").slice(0, 22);
}

/** One command that somebody asks for. */
export class PageCall {
  readonly site: Site;
  readonly cookie: string;
  readonly userOrNobody: UserRow | null;
  /** Without AT, BU and CSRF. */
  readonly args: ReadonlyMap<string, string>;
  readonly backUrl: string | null;

  constructor(
    site: Site,
    cookie: string,
    userOrNobody: UserRow | null,
    args: ReadonlyMap<string, string>,
    backUrl: string | null,
  ) {
    this.site = site;
    this.cookie = cookie;
    this.userOrNobody = userOrNobody;
    this.args = args;
    this.backUrl = backUrl;
  }

  get user(): UserRow {
    if (!this.userOrNobody) throw new PageRefusal("AccessDenied");
    return this.userOrNobody;
  }

  arg(name: string): string | undefined {
    const value = this.args.get(name);
    return value === "" ? undefined : value;
  }

  whole(name: string): number | undefined {
    const value = this.arg(name);
    if (value === undefined) return undefined;
    if (!/^-?\d+$/.test(value)) throw new PageRefusal("InvalidDataFormat", `${name} must be a whole number`);
    return Number(value);
  }

  /** The day that three arguments name; the first of the month or of January where one is left out; `undefined`: they name no year. */
  day(...names: readonly [year: string, month: string, day: string]): number | undefined {
    const [year, month, day] = names.map((name) => this.whole(name));
    if (year === undefined) {
      if (month !== undefined || day !== undefined)
        throw new PageRefusal("InvalidDataFormat", `${names[0]} is required`);
      return undefined;
    }
    const at = new Date(Date.UTC(year, (month ?? 1) - 1, day ?? 1));
    // Of the years 0 to 99, Date makes those of 1900.
    const isYear = at.getUTCFullYear() === year && year <= 9_999;
    if (!isYear || at.getUTCMonth() !== (month ?? 1) - 1 || at.getUTCDate() !== (day ?? 1))
      throw new PageRefusal("InvalidDataFormat", `${names.join(", ")} are no day`);
    return at.getTime();
  }

  /** The numbers n for which there is an argument with one of these names, in order. */
  numbers(...names: readonly string[]): readonly number[] {
    const found = [...this.args.keys()].flatMap((key) =>
      names.flatMap((name) => new RegExp(`^${name}(\\d+)$`).exec(key)?.[1] ?? []),
    );
    return [...new Set(found.map(Number))].toSorted((a, b) => a - b);
  }

  /** The first row that some argument names: for commands whose arguments are not public. */
  named<Row>(rows: readonly Row[], ...names: readonly ((row: Row) => string | number)[]): Row {
    const values = [...this.args.values()].map((value) => value.toLowerCase());
    const found = rows.find((row) => names.some((name) => values.includes(String(name(row)).toLowerCase())));
    if (!found) throw new PageRefusal("Unknown", "no argument names something that there is");
    return found;
  }

  /** By MK, or else by whatever argument is the key of a session. */
  session(services?: readonly ServiceCode[]): SessionRow {
    const given: Value | undefined = this.arg("MK");
    const keys = given === undefined ? [...this.args.values()] : [given];
    const key = keys.find((each) => this.site.one("SELECT 1 FROM sessions WHERE session_key = ?", each));
    if (key === undefined) throw new Refusal("noSession");
    return this.site.session(key, services);
  }

  ownSession(services?: readonly ServiceCode[]): SessionRow {
    const session = this.session(services);
    const { user } = this;
    if (user.role !== "admin" && !isHost(this.site, session, user)) throw new PageRefusal("AccessDenied");
    return session;
  }
}
