import type { OperationName } from "../tables/operations.ts";
import type { Values } from "../wire/codec.ts";
import { askedSession, inDateScope, isAsked, isWithin, ordered, ownSession, page, type XmlCall } from "./call.ts";
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
import type { ServiceCode } from "./store.ts";
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

const listed =
  (
    kinds: readonly ServiceCode[],
    isWhole = false,
    alsoFits: (call: XmlCall, session: Session) => boolean = () => true,
  ) =>
  (call: XmlCall): Values => {
    const { site, request } = call;
    const found = site.store.all("session").filter((session) => {
      const { listing, startsAt, endsAt } = factsOf(session);
      const isShown = kinds.includes(session.service) && (call.mayHost(session) || listing === "PUBLIC");
      return isShown && inDateScope(request, startsAt, endsAt) && alsoFits(call, session);
    });
    const make = (session: Session) =>
      isWhole ? sessionDocument(site, session, call.mayHost(session)) : summaryOf(site, session);
    return page(
      call,
      ordered(call, found, make, (session) => factsOf(session).startsAt),
    );
  };

/** What only lstsummarySession asks for. */
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
  return page(
    call,
    ordered(call, found, make, ({ key }) => key),
  );
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

function productsListed(call: XmlCall): Values {
  const ids = list(call.request, "prodID");
  const all = call.site.store.all("product").map(({ key, ...more }): Values => ({ ...more, prodID: String(key) }));
  const found = all.filter(({ prodID }) => ids.length === 0 || ids.includes(prodID));
  return page(
    call,
    ordered(call, found, (product) => product),
  );
}

/** Every operation with a table. */
export const handlers: Readonly<Record<OperationName, Handler>> = {
  createMeeting: created("MC"),
  setMeeting: changed("MC"),
  delMeeting: deleted(["MC"]),
  getMeeting: got("MC"),
  lstMeeting: listed(["MC"], true),
  lstsummaryMeeting: listed(["MC"]),
  createTeleconferenceSession: created("AO"),
  getTeleconferenceSession: got("AO"),
  createTrainingSession: created("TC"),
  setTrainingSession: changed("TC"),
  delTrainingSession: deleted(["TC"]),
  getTrainingSession: got("TC"),
  lstsummaryTrainingSession: listed(["TC"]),
  createEvent: created("EC"),
  setEvent: changed("EC"),
  delEvent: deleted(["EC"]),
  getEvent: got("EC"),
  lstsummaryEvent: listed(["EC"]),
  createSalesSession: created("SaC"),
  getSalesSession: got("SaC"),
  lstsummarySalesSession: listed(["SaC"]),
  delSession: deleted(),
  lstsummarySession: listed(allServices, false, fitsAll),
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
