import type { OperationName } from "../tables/operations.ts";
import type { Values } from "../wire/codec.ts";
import { askedSession, inDateScope, isAsked, isWithin, listed, ownSession, type XmlCall } from "./call.ts";
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
  summaryOf,
} from "./sessions.ts";
import { emailOf, type Session, type SiteUser } from "./site.ts";
import { special } from "./special.ts";
import { addUser, changeUser, userDocument } from "./users.ts";
import { group, groups, list, text } from "./values.ts";

/** Returns more fields than the answer has. The operation's table picks from them. */
export type Handler = (call: XmlCall) => Values;

function created(call: XmlCall): Values {
  const [service = "MC"] = call.services;
  const host = call.owner(text(call.request, "schedule", "hostWebExID"));
  const session = schedule(call.site, service, host, call.request);
  const token = { guestToken: guestToken(session) };
  const sessionkey = String(session.key);
  const forTraining = service === "TC" && { sessionkey: [sessionkey], additionalInfo: { sessionkey, ...token } };
  return { ...keysOf(session), ...forTraining, ...calendarLinks(call.site, session), ...token };
}

function changed(call: XmlCall): Values {
  const session = ownSession(call, call.services);
  const host = text(call.request, "schedule", "hostWebExID");
  reschedule(call.site, session, call.request, host === undefined ? undefined : call.owner(host));
  return calendarLinks(call.site, session);
}

function deleted(call: XmlCall): Values {
  const session = ownSession(call, call.services);
  cancel(call.site, session);
  return calendarLinks(call.site, session);
}

function got(call: XmlCall): Values {
  const session = askedSession(call, call.services);
  if (!call.mayHost(session) && factsOf(session).listing !== "PUBLIC") throw new Refusal("noSessionOfUser");
  return whole(call, session);
}

function whole(call: XmlCall, session: Session): Values {
  return sessionDocument(call.site, session, call.mayHost(session));
}

function sessionsListed(
  call: XmlCall,
  make: (call: XmlCall, session: Session) => Values = ({ site }, session) => summaryOf(site, session),
  fits: (call: XmlCall, session: Session) => boolean = () => true,
): Values {
  const found = call.site.store.all("session").filter((session) => {
    const { listing, startsAt, endsAt } = factsOf(session);
    const isShown = call.services.includes(session.service) && (call.mayHost(session) || listing === "PUBLIC");
    return isShown && inDateScope(call.request, startsAt, endsAt) && fits(call, session);
  });
  const begin = (session: Session) => factsOf(session).startsAt;
  return listed(call, found, (session) => make(call, session), begin);
}

/** Filters that only lstsummarySession has. */
function fitsAll({ site, user, request }: XmlCall, session: Session): boolean {
  const { recurrence, invited, inclAudioOnly } = request;
  const types = list(request, "sessionTypes", "sessionType");
  const kinds = list(request, "serviceTypes", "serviceType");
  const email = emailOf(user).toLowerCase();
  return (
    (types.length === 0 || types.includes(factsOf(session).type)) &&
    (kinds.length === 0 || kinds.includes(services[session.service].serviceType)) &&
    isAsked(recurrence, String(isRecurring(session))) &&
    (inclAudioOnly === true || session.service !== "AO") &&
    (invited !== true || site.attendees(session).some((one) => one.email.toLowerCase() === email))
  );
}

function usersListed(call: XmlCall): Values {
  const scope = group(call.request, "dataScope");
  const found = call.site.store.all("user").filter(({ registeredAt }) => isWithin(scope, "regDate", registeredAt));
  const make = (user: SiteUser) => ({ ...userDocument(user), UID: user.key, regDate: user.registeredAt });
  return listed(call, found, make, ({ key }) => key);
}

function userChanged(call: XmlCall): Values {
  const user = call.owner(call.request.webExId);
  const isForAdmins = call.request.privilege !== undefined || call.request.active !== undefined;
  if (isForAdmins && !call.hasSite) throw new Refusal("accessDenied");
  changeUser(call.site, user, call.request);
  return {};
}

/** Deletes a user and its sessions. */
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

/** Adds products, and changes those with an id. */
function productsSaved({ site: { store }, request }: XmlCall): Values {
  const saved = groups(request, "product").map(({ prodID, ...given }) => {
    const before = prodID === undefined ? undefined : store.get("product", Number(prodID));
    if (prodID !== undefined && !before) throw new Refusal("noRecord");
    const product = { name: "", description: "", ...given };
    return String((before ? store.change("product", before, given) : store.add("product", product)).key);
  });
  return { prodID: saved };
}

function productsListed(call: XmlCall): Values {
  const ids = list(call.request, "prodID");
  const all = call.site.store.all("product").map(({ key, ...more }): Values => ({ ...more, prodID: String(key) }));
  const found = all.filter(({ prodID }) => ids.length === 0 || ids.includes(prodID));
  return listed(call, found, (product) => product);
}

/** Handlers of all operations with a table. */
export const handlers: Readonly<Record<OperationName, Handler>> = {
  createMeeting: created,
  setMeeting: changed,
  delMeeting: deleted,
  getMeeting: got,
  lstMeeting: (call) => sessionsListed(call, whole),
  lstsummaryMeeting: (call) => sessionsListed(call),
  createTeleconferenceSession: created,
  getTeleconferenceSession: got,
  createTrainingSession: created,
  setTrainingSession: changed,
  delTrainingSession: deleted,
  getTrainingSession: got,
  lstsummaryTrainingSession: (call) => sessionsListed(call),
  createEvent: created,
  setEvent: changed,
  delEvent: deleted,
  getEvent: got,
  lstsummaryEvent: (call) => sessionsListed(call),
  createSalesSession: created,
  getSalesSession: got,
  lstsummarySalesSession: (call) => sessionsListed(call),
  delSession: deleted,
  lstsummarySession: (call) => sessionsListed(call, undefined, fitsAll),
  getSessionInfo,
  createUser: (call) => ({ userId: String(addUser(call.site, call.request).key) }),
  setUser: userChanged,
  delUser: usersDeleted,
  getUser: (call) => userDocument(call.owner(call.request.webExId)),
  lstsummaryUser: usersListed,
  addProducts: productsSaved,
  setProducts: productsSaved,
  lstProducts: productsListed,
  ...special,
  ...historyHandlers,
};
