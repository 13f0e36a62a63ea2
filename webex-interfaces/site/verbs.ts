import type { OperationName } from "../tables/operations.ts";
import type { Values } from "../wire/codec.ts";
import {
  askedSession,
  type Columns,
  hasText,
  inDateScope,
  isAsked,
  isWithin,
  ordered,
  ownSession,
  page,
  type XmlCall,
} from "./call.ts";
import { historyHandlers } from "./history.ts";
import { Refusal } from "./refusal.ts";
import { getSessionInfo } from "./session-info.ts";
import {
  calendarLinks,
  cancel,
  factsOf,
  guestToken,
  isRecurring,
  keysOf,
  reschedule,
  schedule,
  services,
  sessionDocument,
  statusOf,
  summaryOf,
} from "./sessions.ts";
import { emailOf, nameOf, type Session, type SiteData, type SiteUser } from "./site.ts";
import { special } from "./special.ts";
import type { ServiceCode, Things } from "./store.ts";
import { addUser, changeUser, userDocument } from "./users.ts";
import { group, groups, list, text } from "./values.ts";

/** Gives more than the answer has: the table of the operation picks from it. */
export type Handler = (call: XmlCall) => Values;

const allServices: readonly ServiceCode[] = ["MC", "TC", "EC", "SaC", "SC", "AO"];

const created =
  (service: ServiceCode) =>
  (call: XmlCall): Values => {
    const host = call.owner(text(call.request, "schedule", "hostWebExID"));
    const session = schedule(call.site, service, host, call.request);
    const token = { guestToken: guestToken(session) };
    const key = String(session.key);
    const isTraining = service === "TC";
    return {
      ...keysOf(session),
      ...(isTraining && { sessionkey: [key], additionalInfo: { sessionkey: key, ...token } }),
      ...calendarLinks(call.site, session),
      ...token,
    };
  };

const changed =
  (service: ServiceCode) =>
  (call: XmlCall): Values => {
    const session = ownSession(call, [service]);
    const host = text(call.request, "schedule", "hostWebExID");
    reschedule(call.site, session, call.request, host === undefined ? undefined : call.owner(host));
    return calendarLinks(call.site, session);
  };

const deleted =
  (kinds: readonly ServiceCode[] = allServices) =>
  (call: XmlCall): Values => {
    const session = ownSession(call, kinds);
    cancel(call.site, session);
    return calendarLinks(call.site, session);
  };

const got =
  (service: ServiceCode) =>
  (call: XmlCall): Values => {
    const session = askedSession(call, [service]);
    if (!call.mayHost(session) && factsOf(session).listing !== "PUBLIC") throw new Refusal("noSessionOfUser");
    return sessionDocument(call.site, session, call.mayHost(session));
  };

type Make = (call: XmlCall, session: Session) => Values;
const summary: Make = ({ site }, session) => summaryOf(site, session);
const whole: Make = (call, session) => sessionDocument(call.site, session, call.mayHost(session));

type Fits = (call: XmlCall, session: Session) => boolean;

const listed =
  (kinds: readonly ServiceCode[], items: string, make: Make = summary, alsoFits: Fits = () => true) =>
  (call: XmlCall): Values => {
    const { site, request } = call;
    const found = site.store
      .all("session")
      .filter((session) => kinds.includes(session.service))
      .filter((session) => call.mayHost(session) || factsOf(session).listing === "PUBLIC")
      .filter((session) => fits(site, session, request) && alsoFits(call, session));
    return page(request, ordered(request, found, sessionColumns(site)), items, (session) => make(call, session));
  };

function fits(site: SiteData, session: Session, request: Values): boolean {
  const { startsAt, endsAt } = factsOf(session);
  const host = site.user(session.hostId);
  const words = ["account", "opportunity", "programID"];
  return (
    isAsked(request.meetingKey ?? request.sessionKey, session.key) &&
    isAsked(request.hostWebExID, nameOf(host)) &&
    inDateScope(request, startsAt, endsAt) &&
    words.every((word) => isAsked(request[word], text(session.settings, "metaData", word) ?? ""))
  );
}

/** The fields that only lstsummarySession has. */
function fitsAll(call: XmlCall, session: Session): boolean {
  const { status, recurrence, invited, confID, confName, inclAudioOnly, hostEmail } = call.request;
  const { name, type } = factsOf(session);
  const types = list(call.request, "sessionTypes", "sessionType");
  const kinds = list(call.request, "serviceTypes", "serviceType");
  const email = emailOf(call.user).toLowerCase();
  return (
    (types.length === 0 || types.includes(type)) &&
    (kinds.length === 0 || kinds.includes(services[session.service].serviceType)) &&
    isAsked(status, statusOf(session)) &&
    isAsked(recurrence, String(isRecurring(session))) &&
    isAsked(confID, session.confId) &&
    hasText(confName, name) &&
    isAsked(hostEmail, emailOf(call.site.user(session.hostId))) &&
    (inclAudioOnly === true || session.service !== "AO") &&
    (invited !== true || call.site.attendees(session).some((one) => one.email.toLowerCase() === email))
  );
}

function sessionColumns(site: SiteData): Columns<Session> {
  const codes = Array.from({ length: 10 }, (_, at) => `${at + 1}`);
  const name = (session: Session) => factsOf(session).name.toLowerCase();
  const setting =
    (...path: readonly string[]) =>
    ({ settings }: Session) =>
      text(settings, ...path) ?? "";
  return {
    STARTTIME: (session) => factsOf(session).startsAt,
    CONFNAME: name,
    EVENTNAME: name,
    HOSTWEBEXID: ({ hostId }) => nameOf(site.user(hostId)).toLowerCase(),
    ACCOUNT: setting("metaData", "account"),
    OPPORTUNITY: setting("metaData", "opportunity"),
    ...Object.fromEntries(codes.map((code) => [`TRACKINGCODE${code}`, setting("tracking", `trackingCode${code}`)])),
  };
}

function usersListed({ site, request }: XmlCall): Values {
  const found = site.store.all("user").filter((user) => {
    const { profile, registeredAt } = user;
    const names = ["firstName", "lastName", "email"];
    return (
      names.every((name) => hasText(request[name], text(profile, name) ?? "")) &&
      isAsked(request.active, text(profile, "active") ?? "") &&
      isAsked(request.webExId, nameOf(user)) &&
      isWithin(group(request, "dataScope"), "regDate", registeredAt)
    );
  });
  const profile =
    (...path: readonly string[]) =>
    (user: SiteUser) =>
      (text(user.profile, ...path) ?? "").toLowerCase();
  const columns: Columns<SiteUser> = {
    UID: ({ key }) => key,
    WEBEXID: profile("webExId"),
    FIRSTNAME: profile("firstName"),
    LASTNAME: profile("lastName"),
    EMAIL: profile("email"),
    ACTIVE: profile("active"),
    REGDATE: ({ registeredAt }) => registeredAt,
    CITY: profile("address", "city"),
    COUNTRY: profile("address", "country"),
  };
  return page(request, ordered(request, found, columns), "user", userDocument);
}

function userChanged(call: XmlCall): Values {
  const user = call.owner(call.request.webExId);
  const isForAdmins = call.request.privilege !== undefined || call.request.active !== undefined;
  if (isForAdmins && !call.hasSite) throw new Refusal("accessDenied");
  changeUser(call.site, user, call.request);
  return {};
}

/** A deleted user's sessions are deleted too. */
function usersDeleted(call: XmlCall): Values {
  const names = list(call.request, "webExId");
  const user = names.map((webExId) => {
    const found = call.site.userNamed(webExId);
    const isOther = found !== undefined && found.key !== call.user.key;
    if (!isOther) return { webExId, status: "FAILURE" };
    for (const session of call.site.store.all("session")) if (session.hostId === found.key) cancel(call.site, session);
    call.site.store.remove("user", found.key);
    return { webExId, status: "SUCCESS" };
  });
  return { user };
}

function productsAdded({ site, request }: XmlCall): Values {
  const added = groups(request, "product").map(({ name, description }) =>
    site.store.add("product", { name: String(name ?? ""), description: String(description ?? "") }),
  );
  return { prodID: added.map(({ key }) => String(key)) };
}

function productsChanged({ site, request }: XmlCall): Values {
  const changes = groups(request, "product").map(({ prodID, name, description }) => {
    const product = site.store.get("product", Number(prodID));
    if (!product) throw new Refusal("noRecord");
    const given = { name: String(name ?? product.name), description: String(description ?? product.description) };
    return String(site.store.change("product", product, given).key);
  });
  return { prodID: changes };
}

function productsListed({ site, request }: XmlCall): Values {
  const ids = list(request, "prodID");
  const all = site.store.all("product");
  const found = all.filter(
    ({ key, name }) => hasText(request.name, name) && (ids.length === 0 || ids.includes(String(key))),
  );
  const columns: Columns<Things["product"]> = {
    PRODID: ({ key }) => key,
    NAME: ({ name }) => name.toLowerCase(),
    DESCRIPTION: ({ description }) => description.toLowerCase(),
  };
  return page(request, ordered(request, found, columns), "product", ({ key, ...more }) => ({
    ...more,
    prodID: String(key),
  }));
}

/** Every operation with a table. */
export const handlers: Readonly<Record<OperationName, Handler>> = {
  createMeeting: created("MC"),
  setMeeting: changed("MC"),
  delMeeting: deleted(["MC"]),
  getMeeting: got("MC"),
  lstMeeting: listed(["MC"], "meeting", whole),
  lstsummaryMeeting: listed(["MC"], "meeting"),
  createTeleconferenceSession: created("AO"),
  getTeleconferenceSession: got("AO"),
  createTrainingSession: created("TC"),
  setTrainingSession: changed("TC"),
  delTrainingSession: deleted(["TC"]),
  getTrainingSession: got("TC"),
  lstsummaryTrainingSession: listed(["TC"], "trainingSession"),
  createEvent: created("EC"),
  setEvent: changed("EC"),
  delEvent: deleted(["EC"]),
  getEvent: got("EC"),
  lstsummaryEvent: listed(["EC"], "event"),
  createSalesSession: created("SaC"),
  getSalesSession: got("SaC"),
  lstsummarySalesSession: listed(["SaC"], "salesSession"),
  delSession: deleted(),
  lstsummarySession: listed(allServices, "session", summary, fitsAll),
  getSessionInfo,
  createUser: (call) => ({ userId: String(addUser(call.site, call.request).key) }),
  setUser: userChanged,
  delUser: usersDeleted,
  getUser: (call) => userDocument(call.owner(call.request.webExId)),
  lstsummaryUser: usersListed,
  addProducts: productsAdded,
  setProducts: productsChanged,
  lstProducts: productsListed,
  ...special,
  ...historyHandlers,
};
