import type { Values } from "../wire/codec.ts";
import { askedSession, inDateScope, isAsked, listed, ordered, ownSession, page, some, type XmlCall } from "./call.ts";
import { Refusal } from "./refusal.ts";
import { addPerson, factsOf, keysOf, partOf, roleOf, services, testsOf } from "./sessions.ts";
import { type Attendee, fullName, idleMs, nameOf, type Session, siteId, siteName, siteZone } from "./site.ts";
import type { Things } from "./store.ts";
import { localTime, momentOf, zoneOf } from "./times.ts";
import { userDocument } from "./users.ts";
import { group, groups, list, text, whole } from "./values.ts";

const apiVersion = "XML API 11.9.0";
/** Most attendees in one request (API 42.1). */
const mostAtOnce = 50;

/** Handlers of operations that the verbs do not cover. */
export const special = {
  getAPIVersion: (call: XmlCall): Values => ({
    apiVersion,
    release: "WBS31",
    ...(call.request.returnTrainReleaseVersion === true && { trainReleaseVersion: "T31L" }),
  }),
  // `callerOf` has checked the assertion, the token or the password.
  authenticateUser: ({ site, user }: XmlCall): Values => ({
    sessionTicket: site.issue("session-ticket", user),
    createTime: String(site.now()),
    timeToLive: String(idleMs / 1_000),
  }),
  getLoginTicket: ({ site, user }: XmlCall): Values => ({ ticket: site.issue("login-ticket", user), apiVersion }),
  getUserCard: (call: XmlCall): Values => {
    const user = call.site.userNamed(call.request.webExId);
    if (!user) throw new Refusal("noUser");
    return { ...userDocument(user), personalUrl: call.site.url("u.php", { ID: nameOf(user) }) };
  },
  getloginurlUser: (call: XmlCall): Values => {
    const user = call.owner(call.request.webExID);
    const query = { AT: "LI", WID: nameOf(user), TK: call.site.issue("login-ticket", user), ...backUrl(call) };
    return { userLoginURL: call.site.url("p.php", query) };
  },
  getlogouturlUser: (call: XmlCall): Values => {
    call.owner(call.request.webExID);
    return { userLogoutURL: call.site.url("p.php", { AT: "LO", ...backUrl(call) }) };
  },
  gethosturlMeeting: (call: XmlCall): Values => {
    const { site, user } = call;
    const MU = site.url("m.php", { AT: "HM", MK: ownSession(call).key });
    const TK = site.issue("login-ticket", user);
    return { hostMeetingURL: site.url("p.php", { AT: "LI", WID: nameOf(user), TK, MU }) };
  },
  getjoinurlMeeting: (call: XmlCall): Values => {
    const { site, request } = call;
    const { key: MK } = askedSession(call);
    const given = { AN: request.attendeeName, AE: request.attendeeEmail, PW: request.meetingPW, RID: request.RegID };
    const known = Object.entries(given).filter(([, value]) => value !== undefined);
    return {
      joinMeetingURL: site.url("m.php", { AT: "JM", MK, ...Object.fromEntries(known) }),
      inviteMeetingURL: site.url("j.php", { ED: MK }),
      registerMeetingURL: site.url("m.php", { AT: "GF", MK }),
    };
  },

  createMeetingAttendee: (call: XmlCall): Values => {
    const people = [call.request, ...groups(call.request, "attendees")].filter(({ person }) => person !== undefined);
    if (people.length === 0) throw new Refusal("invalid", "person is required");
    return added(call, people, call.request.sessionKey ?? call.request.meetingKey);
  },
  registerMeetingAttendee: (call: XmlCall): Values => {
    const people = groups(call.request, "attendees").map((one) => ({ ...one, joinStatus: "REGISTER" }));
    return added(call, people, undefined);
  },
  lstMeetingAttendee: (call: XmlCall): Values => {
    const session = ownSession(call);
    const make = (one: Attendee) => attendeeDocument(session, one);
    return listed(call, call.site.attendees(session), make, ({ key }) => key);
  },
  delMeetingAttendee: (call: XmlCall): Values => {
    const { site, request } = call;
    const byId = list(request, "attendeeID").map((id) => site.store.get("attendee", Number(id)));
    const byEmail = groups(request, "attendeeEmail").map(({ email, sessionKey }) =>
      site.attendees(site.session(sessionKey)).find((one) => isAsked(email, one.email)),
    );
    for (const one of [...byId, ...byEmail]) {
      if (!one) throw new Refusal("noRecord");
      if (!call.mayHost(site.session(one.sessionKey))) throw new Refusal("notOwn");
      site.store.remove("attendee", one.key);
      if (request.sendEmail === true) site.mail(one.email, "no longer invited");
    }
    return {};
  },

  getLabInfo: (call: XmlCall): Values => {
    const now = call.site.now();
    const labInfo = labsAsked(call).map(({ name, description, computers: totalComputers }) => {
      return { labName: name, description, totalComputers, computersInSession: taken(call, name, now, now + 1) };
    });
    return { labInfo };
  },
  getLabSchedule: (call: XmlCall): Values => {
    const { from, to, zone } = span(call);
    const all = labsAsked(call).flatMap(({ name }) => reserved(call, name, from, to));
    const scheduledLabs = all.map((one) => ({
      labName: one.lab,
      confName: one.name,
      timeZoneID: zone,
      sessionStartTime: localTime(one.startsAt, zone),
      sessionEndTime: localTime(one.endsAt, zone),
      hostWebExID: nameOf(call.site.user(one.hostId)),
      numComputers: one.computers,
    }));
    return { scheduledLabs: some(scheduledLabs) };
  },
  checkLabAvailability: (call: XmlCall): Values => {
    const { from, to } = span(call);
    const numComputers = whole(call.request, "numComputers") ?? 0;
    const availabilityLabs = labsAsked(call).map(({ name: labName, computers }) => {
      const isFree = computers - taken(call, labName, from, to) >= numComputers;
      return { ...call.request, labName, status: isFree ? "AVAILABLE" : "UNAVAILABLE" };
    });
    return { availabilityLabs };
  },

  lstScheduledTests: (call: XmlCall): Values => {
    const own = call.site.store.all("session", { service: "TC" }).filter((one) => call.mayHost(one));
    const test = own
      .filter((one) => inDateScope(call.request, factsOf(one).startsAt, factsOf(one).endsAt))
      .flatMap((one) => testsOf(call.site, one));
    return { test: some(ordered(call, test, (one) => one)) };
  },
  getTestInformation: (call: XmlCall): Values => {
    const { sessionKey, fields, results: submittedTest, ...test } = testAsked(call);
    const ids = { testID: String(test.key), sessionKey: String(sessionKey) };
    return { ...fields, ...test, ...ids, submittedTest, numSubmitted: submittedTest.length };
  },
  getIMStestDetails: (call: XmlCall): Values => ({ questestinterop: { assessment: { title: testAsked(call).title } } }),
  getIMStestResult: (call: XmlCall): Values => {
    const result = testAsked(call).results.find(({ email }) => isAsked(call.request.participantEmail, String(email)));
    if (!result) throw new Refusal("noRecord");
    const { name = "", score = 0, grade = "" } = result;
    return { qti_result_report: { result: { context: { name }, assessment_result: { score, grade } } } };
  },

  lstrecordedEvent: (call: XmlCall): Values => {
    const found = call.site.store
      .all("recording", { service: "EC" })
      .filter(({ hostId, isPublic }) => call.owns(hostId) || isPublic)
      .filter(({ createdAt, seconds }) => inDateScope(call.request, createdAt, createdAt + seconds * 1_000));
    const make = (one: Things["recording"]) => recordingDocument(call, one);
    const rows = ordered(call, found, make, ({ createdAt }) => createdAt);
    // The answer groups recordings by host.
    const byHost = Map.groupBy(rows, ({ hostWebExID }) => hostWebExID);
    const hosts = Array.from(byHost, ([webExID, recordedEvent]) => ({ webExID, recordedEvent }));
    return page(call, hosts);
  },

  getSite: ({ site, request }: XmlCall): Values => {
    const { eventCenter, ...settings } = site.settings;
    const isWanted = group(request, "returnSettings").eventCenter === true;
    const active = site.store.all("user").filter(({ profile }) => profile.active === "ACTIVATED").length;
    const { hostname } = new URL(site.options.address);
    const types = Object.values(services).map(({ serviceType, usualType }) => [serviceType, usualType] as const);
    const metaData = {
      ...group(settings, "metaData"),
      serviceType: [...new Set(types.map(([type]) => type))],
      meetingTypes: types.map(([name, id]) => ({ meetingTypeID: String(id), meetingTypeName: name })),
      siteName,
      timeZoneID: siteZone,
      timeZone: zoneOf(siteZone).name,
      parterID: siteId,
      webDomain: hostname,
      meetingDomain: hostname,
      telephonyDomain: hostname,
      activeUserCount: active,
    };
    return { siteInstance: { ...settings, ...(isWanted && { eventCenter }), metaData } };
  },
};

function backUrl(call: XmlCall): Readonly<Record<string, string>> {
  const BU = text(call.request, "backURL");
  return BU === undefined ? {} : { BU };
}

/** Adds attendees to the session that each names, otherwise to `key`. */
function added(call: XmlCall, people: readonly Values[], key: unknown): Values {
  if (people.length > mostAtOnce) throw new Refusal("tooManyAttendees");
  const rows = people.map((given) => {
    const named = given.sessionKey ?? given.meetingKey ?? key;
    const byConf = call.site.store.all("session").find(({ confId }) => String(confId) === given.confID);
    const session = named === undefined && byConf ? byConf : call.site.session(named);
    const isInviting = given.joinStatus !== "REGISTER";
    if (isInviting && !call.mayHost(session)) throw new Refusal("notOwn");
    const usual = session.service === "SaC" ? "prospect" : "attendee";
    const part = partOf(session, given.role, usual);
    return addPerson(call.site, session, part, group(given, "person"), text(given, "joinStatus") ?? "INVITE");
  });
  return {
    attendeeId: rows.map((one) => String(one.key)),
    register: rows.flatMap(({ key: id, registerId }) =>
      registerId === null ? [] : { attendeeID: String(id), registerID: String(registerId) },
    ),
  };
}

function attendeeDocument(session: Session, one: Attendee): Values {
  const { key, part, name, email, person, joinStatus, registerId } = one;
  return {
    attendeeName: name,
    attendeeType: part,
    person: { ...person, name, email },
    joinStatus,
    ...keysOf(session),
    role: roleOf(one),
    attendeeId: String(key),
    confID: String(session.confId),
    status: {
      invited: joinStatus === "INVITE",
      registered: joinStatus === "REGISTER",
      rejected: joinStatus === "REJECT",
      accepted: joinStatus === "ACCEPT",
    },
    ...(registerId !== null && { registerID: String(registerId) }),
  };
}

function labsAsked({ site, request }: XmlCall): readonly Things["lab"][] {
  return some(site.store.all("lab").filter(({ name }) => isAsked(request.labName, name)));
}

function span({ request }: XmlCall): { readonly from: number; readonly to: number; readonly zone: unknown } {
  const zone = request.timeZoneID;
  const [from = 0, to = 0] = [request.sessionStartTime, request.sessionEndTime].map((local) =>
    momentOf(String(local), zone),
  );
  if (to <= from) throw new Refusal("invalid", "sessionEndTime must be after sessionStartTime");
  return { from, to, zone };
}

function reserved({ site }: Pick<XmlCall, "site">, lab: string, from: number, to: number) {
  return site.store.all("reservation", { lab }).filter((one) => one.startsAt < to && one.endsAt > from);
}

/** Returns the number of a lab's computers that are reserved in the span. */
export function taken(call: Pick<XmlCall, "site">, lab: string, from: number, to: number): number {
  return reserved(call, lab, from, to).reduce((sum, { computers }) => sum + computers, 0);
}

function testAsked(call: XmlCall): Things["test"] {
  const test = call.site.store.get("test", Number(call.request.testID));
  const session = test && call.site.session(test.sessionKey);
  if (!test || !session) throw new Refusal("noRecord");
  if (!call.mayHost(session)) throw new Refusal("accessDenied");
  return test;
}

function recordingDocument(
  { site, request }: XmlCall,
  { key, name, createdAt, seconds, hostId }: Things["recording"],
): Values {
  const view = site.url("r.php", { RC: key });
  return {
    eventName: name,
    // The site does not store a recording's program, so each program has all recordings.
    programID: request.programID,
    eventType: "PUBLIC",
    recordingStartTime: localTime(createdAt, siteZone),
    timeZoneID: siteZone,
    playTime: seconds,
    description: "",
    recordFilePath: view,
    destinationURL: view,
    size: seconds,
    isAccessPassword: false,
    isEnrollmentPassword: false,
    hostWebExID: nameOf(site.user(hostId)),
    panelistsInfo: fullName(site.user(hostId)),
    viewURL: view,
  };
}
