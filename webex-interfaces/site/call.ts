import { isRecord } from "../doors/foundation.ts";
import type { Operation, Prefix } from "../tables/schema.ts";
import type { Values } from "../wire/codec.ts";
import { Refusal } from "./refusal.ts";
import { isHost } from "./sessions.ts";
import { type Session, type SiteData, type SiteUser, siteZone } from "./site.ts";
import type { ServiceCode } from "./store.ts";
import { momentOf } from "./times.ts";
import { group, list, text, whole } from "./values.ts";

const onlyAdmins = ["createUser", "delUser", "addProducts", "setProducts"];
const onlyStaff = ["lstsummaryUser"];
const withoutUser = ["getSessionInfo", "getAPIVersion"];
/** Operations that only read, but whose answers grant a user's rights. */
const asOneself = ["getloginurlUser", "gethosturlMeeting"];

const servicesOf: Readonly<Partial<Record<Prefix, readonly ServiceCode[]>>> = {
  meet: ["MC"],
  auo: ["AO"],
  train: ["TC"],
  event: ["EC"],
  sales: ["SaC"],
};

export function isForEverybody(name: string): boolean {
  return withoutUser.includes(name);
}

/** The user of a request. `hasSite`: may access the data of all users. */
export class Caller {
  readonly site: SiteData;
  readonly userOrNobody: SiteUser | null;
  readonly hasSite: boolean;

  constructor(site: SiteData, user: SiteUser | null, hasSite: boolean) {
    this.site = site;
    this.userOrNobody = user;
    this.hasSite = hasSite;
  }

  get user(): SiteUser {
    if (!this.userOrNobody) throw new Refusal("accessDenied");
    return this.userOrNobody;
  }

  owns(userId: number): boolean {
    return this.hasSite || this.userOrNobody?.key === userId;
  }

  mayHost(session: Session): boolean {
    return this.owns(session.hostId) || (this.userOrNobody !== null && isHost(this.site, session, this.userOrNobody));
  }
}

/** One operation of a request, and its caller. */
export class XmlCall extends Caller {
  readonly operation: Operation;
  readonly request: Values;

  constructor(site: SiteData, user: SiteUser | null, operation: Operation, request: Values) {
    const { name, kind } = operation;
    const isRead = (kind === "get" || kind === "list") && !asOneself.includes(name);
    super(site, user, user?.role === "admin" || (user?.role === "view-only" && isRead));
    this.operation = operation;
    this.request = request;
    const isRefused =
      (onlyAdmins.includes(name) && user?.role !== "admin") ||
      (onlyStaff.includes(name) && user?.role === "host") ||
      (name === "setUser" && user?.role === "view-only");
    if (isRefused || (user === null && !isForEverybody(name))) throw new Refusal("accessDenied");
  }

  /** Services whose sessions the operation accepts. */
  get services(): readonly ServiceCode[] {
    return servicesOf[this.operation.prefix] ?? ["MC", "TC", "EC", "SaC", "SC", "AO"];
  }

  /** Returns the named user, otherwise the caller. */
  owner(name: unknown): SiteUser {
    if (name === undefined) return this.user;
    const user = this.site.userNamed(name);
    // Only callers who may access all users learn that a user does not exist.
    if (!user) throw new Refusal(this.hasSite ? "noUser" : "accessDenied");
    if (!this.owns(user.key)) throw new Refusal("accessDenied");
    return user;
  }
}

const usualPage = 50;
const largestPage = 500;

/** Returns the batch of documents that `listControl` asks for. Refuses an empty list. */
export function listed<Row>(...given: Parameters<typeof ordered<Row>>): Values {
  return page(given[0], ordered(...given));
}

export function page({ request, operation }: XmlCall, rows: readonly Values[]): Values {
  const { items = "" } = operation;
  const first = Math.max(1, whole(request, "listControl", "startFrom") ?? 1);
  const most = Math.min(largestPage, Math.max(1, whole(request, "listControl", "maximumNum") ?? usualPage));
  const shown = some(rows.slice(first - 1, first - 1 + most));
  return { [items]: shown, matchingRecords: { total: rows.length, returned: shown.length, startFrom: first } };
}

/** Returns the rows. Refuses an empty list. */
export function some<Row>(rows: readonly Row[]): readonly Row[] {
  if (rows.length === 0) throw new Refusal("noRecord");
  return rows;
}

/** Fields that match a part of the text. Others must match as a whole. */
const partly = ["confName", "name", "recordName", "firstName", "lastName", "email"];
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/**
 * Returns the documents with the texts of the request, in the order of `orderBy`, whose columns are fields in capitals.
 * Unknown columns are ignored. `moment`: value of STARTTIME, the default column.
 */
export function ordered<Row>(
  { request }: XmlCall,
  rows: readonly Row[],
  make: (row: Row) => Values,
  moment: (row: Row) => unknown = () => undefined,
): readonly Values[] {
  const wanted = Object.entries(request).filter(([, value]) => typeof value === "string");
  const asked = list(request, "order", "orderBy").map(String);
  const directions = list(request, "order", "orderAD");
  const found = rows
    .map((row) => ({ startsAt: moment(row), made: make(row) }))
    .filter(({ made }) =>
      wanted.every(([name, value]) => (partly.includes(name) ? hasText : isAsked)(value, wordOf(made, name) ?? "")),
    );
  const sorted = found.toSorted((left, right) => {
    for (const [at, name] of (asked.length > 0 ? asked : ["STARTTIME"]).entries()) {
      const [a, b] = [left, right].map(({ startsAt, made }) =>
        String((name === "STARTTIME" ? startsAt : undefined) ?? wordOf(made, name) ?? ""),
      );
      const order = collator.compare(a ?? "", b ?? "");
      if (order !== 0) return directions[at] === "DESC" ? -order : order;
    }
    return 0;
  });
  return sorted.map(({ made }) => made);
}

/** Returns the first field with this name in any case, at any depth. */
function wordOf(values: Values, name: string): string | undefined {
  const fields = Object.entries(values);
  const [own] = fields.filter(([field]) => field.toLowerCase() === name.toLowerCase());
  const word = own && text(values, own[0]);
  return word ?? fields.map(([, inner]) => (isRecord(inner) ? wordOf(inner, name) : undefined)).find(Boolean);
}

/** True if a moment is between `<prefix>Start` and `<prefix>End` of a scope. */
export function isWithin(scope: Values, prefix: string, moment: number, zone?: unknown): boolean {
  const [from, to] = ["Start", "End"].map((end) => {
    const local = text(scope, prefix + end);
    return local === undefined ? undefined : momentOf(local, scope.timeZoneID ?? zone ?? siteZone);
  });
  return moment >= (from ?? moment) && moment <= (to ?? moment);
}

/** True if the request asks for this value or for none. */
export function isAsked(asked: unknown, value: string | number): boolean {
  return asked === undefined || String(asked).toLowerCase() === String(value).toLowerCase();
}

/** True if the request asks for a part of this text or for none. */
export function hasText(asked: unknown, value: string): boolean {
  return asked === undefined || value.toLowerCase().includes(String(asked).toLowerCase());
}

export function inDateScope(request: Values, startsAt: number, endsAt: number): boolean {
  const scope = group(request, "dateScope");
  return isWithin(scope, "startDate", startsAt) && isWithin(scope, "endDate", endsAt);
}

/** Returns the session that a request names. */
export function askedSession(call: XmlCall, kinds?: readonly ServiceCode[]): Session {
  const { meetingKey, meetingkey, sessionKey, confID } = call.request;
  const key = meetingKey ?? meetingkey ?? sessionKey;
  if (key !== undefined) return call.site.session(key, kinds);
  const found = call.site.store.all("session").find(({ confId }) => String(confId) === confID);
  if (!found) throw new Refusal("noSession");
  return found;
}

export function ownSession(call: XmlCall, kinds?: readonly ServiceCode[]): Session {
  const session = askedSession(call, kinds);
  if (!call.mayHost(session)) throw new Refusal("notOwn");
  return session;
}
