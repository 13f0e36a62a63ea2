import type { Values } from "../wire/codec.ts";
import { Refusal } from "./refusal.ts";
import { type Attendee, emailOf, nameOf, type Session, type SiteData, type SiteUser, siteZone } from "./site.ts";
import type { Person, ServiceCode } from "./store.ts";
import { localTime, momentOf, zoneOf } from "./times.ts";
import { tspAccount } from "./users.ts";
import { at, group, groups, isOn, list, merge, put, text, whole } from "./values.ts";

/** Paths of common fields in the documents of one service. */
interface Paths {
  readonly serviceType: string;
  readonly usualType: number;
  readonly name: string;
  readonly type: string;
  readonly password: string;
  /** Paths of attendees, by their part. With `.person`, their fields are in an element of that name. */
  readonly people: Readonly<Record<string, string>>;
  /** Part that includes alternate hosts, by their role HOST. */
  readonly hostsAmong?: string;
}

const named = { name: "metaData.confName", type: "metaData.sessionType", password: "accessControl.sessionPassword" };

export const services: Readonly<Record<ServiceCode, Paths>> = {
  MC: {
    serviceType: "MeetingCenter",
    usualType: 3,
    name: "metaData.confName",
    type: "metaData.meetingType",
    password: "accessControl.meetingPassword",
    people: { attendee: "participants.attendees.attendee.person" },
    hostsAmong: "attendee",
  },
  TC: {
    ...named,
    serviceType: "TrainingCenter",
    usualType: 11,
    people: {
      presenter: "presenters.participants.participant.person",
      attendee: "attendees.participants.participant.person",
    },
    hostsAmong: "presenter",
  },
  EC: {
    ...named,
    serviceType: "EventCenter",
    usualType: 13,
    name: "metaData.sessionName",
    people: { panelist: "panelists.panelist", attendee: "attendees.attendee" },
  },
  SaC: {
    ...named,
    serviceType: "SalesCenter",
    usualType: 214,
    password: "accessControl.meetingPassword",
    people: { prospect: "prospects.prospect" },
  },
  SC: { ...named, serviceType: "SupportCenter", usualType: 16, people: {} },
  AO: {
    ...named,
    serviceType: "MeetingCenter",
    usualType: 15,
    people: { full: "fullAccessAttendees.attendee", limited: "limitedAccessAttendees.attendee" },
  },
};

/** Returns the fields that all sessions have. */
export function factsOf({ service, settings }: Pick<Session, "service" | "settings">) {
  const paths = services[service];
  const read = (path: string) => text(settings, ...path.split(".")) ?? "";
  const zone = whole(settings, "schedule", "timeZoneID") ?? siteZone;
  const minutes = whole(settings, "schedule", "duration") ?? 60;
  const { startDate } = group(settings, "schedule");
  const startsAt = momentOf(String(Array.isArray(startDate) ? startDate[0] : startDate), zone);
  return {
    name: read(paths.name),
    type: Number(read(paths.type)),
    password: read(paths.password),
    listing: listingOf(settings),
    startsAt,
    endsAt: startsAt + minutes * 60_000,
    minutes,
    zone,
  };
}

/** Returns the field for a start time, which is a list for training sessions. */
export function startDateOf(service: ServiceCode, local: string): unknown {
  return service === "TC" ? [local] : local;
}

function listingOf(settings: Values): string {
  const { listing, listToPublic, isPublic } = group(settings, "accessControl");
  if (typeof listing === "string") return listing;
  return (listToPublic ?? isPublic ?? true) === true ? "PUBLIC" : "UNLISTED";
}

/** Schedules a session with its attendees. */
export function schedule(site: SiteData, service: ServiceCode, host: SiteUser, request: Values): Session {
  const paths = services[service];
  const zone = whole(request, "schedule", "timeZoneID") ?? whole(host.profile, "timeZoneID") ?? siteZone;
  const schedule = { startDate: startDateOf(service, localTime(site.now(), zone)), timeZoneID: zone, duration: 60 };
  const usual = service === "SC" ? { schedule, metaData: { confName: "Support session" } } : { schedule };
  const typed = put(usual, paths.type.split("."), paths.usualType);
  const settings = merge(typed, settingsOf(service, request));
  const facts = factsOf({ service, settings });
  if (facts.name === "") throw new Refusal("invalid", `${paths.name} is required`);
  const mustHave =
    isOn(site.settings, "securityOptions", "allMeetingsPassword") && service !== "AO" && service !== "SC";
  if (mustHave && facts.password === "") throw new Refusal("passwordNeeded");
  const session = {
    key: site.store.next("session", 712_475_001),
    service,
    hostId: host.key,
    confId: site.store.next("conf", 112_354_000_000_001),
    startedAt: null,
    isLocked: false,
    hostKey: String(260_806 + site.store.next("register", 100_001)),
    settings,
  };
  checkTelephony(site, session);
  site.store.put("session", session);
  savePeople(site, session, request);
  return session;
}

/** Changes the given fields. Given attendees replace those with the same part. */
export function reschedule(site: SiteData, session: Session, request: Values, host?: SiteUser): void {
  const settings = merge(session.settings, settingsOf(session.service, request));
  const changed = { ...session, settings, ...(host && { hostId: host.key }) };
  checkTelephony(site, changed);
  site.store.put("session", changed);
  savePeople(site, changed, request);
}

/** Returns the request without its attendees and keys. */
function settingsOf(service: ServiceCode, request: Values): Values {
  const paths = Object.values(services[service].people).map((place) => placeOf(place).path);
  const bare = paths.reduce((values, path) => put(values, path, undefined), request);
  const { meetingKey, meetingkey, sessionKey, validateFormat, status, hostJoined, participantsJoined, ...settings } =
    bare;
  const { timeZoneID, duration, startDate } = group(settings, "schedule");
  if (timeZoneID !== undefined) zoneOf(timeZoneID);
  // The URL API has the same limit.
  if (Number(duration ?? 1) < 1) throw new Refusal("invalid", "schedule.duration must be at least 1");
  if (String(startDate).includes("0000-")) throw new Refusal("invalid", "schedule.startDate must not be in the year 0");
  return settings;
}

function checkTelephony(site: SiteData, session: Session): void {
  const { enableTSP, tspAccountIndex } = group(session.settings, "telephony");
  if (enableTSP === true && !tspAccount(site.user(session.hostId), tspAccountIndex))
    throw new Refusal("invalid", "telephony.tspAccountIndex is not an account of the host");
}

function savePeople(site: SiteData, session: Session, request: Values): void {
  const { people: parts, hostsAmong } = services[session.service];
  for (const [part, place] of Object.entries(parts)) {
    const { path, isFlat } = placeOf(place);
    if (at(request, ...path) === undefined) continue;
    for (const { key } of among(site, session, part)) site.store.remove("attendee", key);
    for (const given of groups(request, ...path)) {
      const person = isFlat ? given : group(given, "person");
      const isHosting = part === hostsAmong && given.role === "HOST";
      addPerson(site, session, isHosting ? "host" : part, person, text(given, "joinStatus") ?? "INVITE");
    }
  }
}

function placeOf(place: string): { readonly path: readonly string[]; readonly isFlat: boolean } {
  const path = place.replace(/\.person$/, "");
  return { path: path.split("."), isFlat: path === place };
}

/** Returns the attendees with this part, and alternate hosts if it includes them. */
function among(site: SiteData, session: Session, part: string): readonly Attendee[] {
  const isHosts = part === services[session.service].hostsAmong;
  return site.attendees(session).filter((one) => one.part === part || (isHosts && one.part === "host"));
}

export function addPerson(site: SiteData, session: Session, part: string, person: Values, joinStatus = "INVITE") {
  const email = text(person, "email") ?? "";
  const name = text(person, "name") ?? [person.firstName, person.lastName].filter(Boolean).join(" ");
  const registerId = joinStatus === "REGISTER" ? site.store.next("register") : null;
  site.mail(email, `invited: ${factsOf(session).name}`);
  const bare = put(put(person, ["role"], undefined), ["joinStatus"], undefined);
  const entry = { sessionKey: session.key, part, name, email, joinStatus, registerId, person: bare };
  return site.store.add("attendee", { ...entry, call: "none", joinedAt: null });
}

export function cancel(site: SiteData, session: Session): void {
  for (const { key, email } of site.attendees(session)) {
    site.mail(email, `cancelled: ${factsOf(session).name}`);
    site.store.remove("attendee", key);
  }
  site.store.remove("session", session.key);
}

export function start(site: SiteData, session: Session): Session {
  return session.startedAt === null ? site.store.change("session", session, { startedAt: site.now() }) : session;
}

/** Adds a caller to the session in progress. Attendees with the same e-mail address are one. */
export function join(site: SiteData, session: Session, name: string, email: string, call: Person["call"] = "none") {
  const known = site.attendees(session).find((one) => email !== "" && one.email.toLowerCase() === email.toLowerCase());
  const joined = known ?? addPerson(site, session, "attendee", { name, email }, "ACCEPT");
  site.store.change("attendee", joined, { joinedAt: site.now(), call });
}

/** Ends the session and adds it to the history. Its next start is another conference. */
export function end(site: SiteData, session: Session): void {
  const { key, confId, startedAt, isLocked, hostKey, ...held } = session;
  if (startedAt === null) return;
  const { name, type } = factsOf(session);
  const all = site.attendees(session);
  const present = all.flatMap(({ joinedAt, ...one }) =>
    joinedAt === null ? [] : { ...one, joinedAt, leftAt: site.now() },
  );
  const times = { startedAt, endedAt: site.now() };
  site.store.put("past", { ...held, ...times, key: confId, sessionKey: key, name, type, people: present });
  for (const one of all) site.store.change("attendee", one, { joinedAt: null, call: "none" });
  if (isOn(session.settings, "enableOptions", "autoDeleteAfterMeetingEnd")) site.store.remove("session", session.key);
  else site.store.change("session", session, { startedAt: null, confId: site.store.next("conf") });
}

/** True if the user may act as the host: the host or an alternate host. */
export function isHost(site: SiteData, session: Session, user: SiteUser): boolean {
  return session.hostId === user.key || alternateHosts(site, session).includes(nameOf(user));
}

/** Returns the WebEx ids of alternate hosts: `altHosts` of a sales session, otherwise attendees with the role HOST. */
export function alternateHosts(site: SiteData, session: Session): readonly string[] {
  const listed = list(session.settings, "salesTeam", "altHosts", "webExID").map((name) => site.userNamed(name));
  const invited = site.attendees(session).filter(({ part }) => part === "host");
  const users = invited.map(({ email, person }) => site.userNamed(person.webExId ?? "") ?? site.userByEmail(email));
  return [...listed, ...users].flatMap((user) => (user ? nameOf(user) : []));
}

export function isRecurring({ settings }: Session): boolean {
  const repeats = text(settings, "repeat", "repeatType");
  return repeats !== undefined && repeats !== "NO_REPEAT" && repeats !== "SINGLE";
}

export function statusOf({ startedAt }: Session): string {
  return startedAt === null ? "NOT_INPROGRESS" : "INPROGRESS";
}

/** Returns the TSP account that the session uses; `undefined` without TSP telephony. */
export function accountOf(site: SiteData, session: Session): Values | undefined {
  const { enableTSP, tspAccountIndex } = group(session.settings, "telephony");
  return enableTSP === true ? tspAccount(site.user(session.hostId), tspAccountIndex) : undefined;
}

/** Returns the part for a role. */
export function partOf({ service }: Session, role: unknown, usual: string): string {
  if (role === "HOST") return "host";
  if (role === "PRESENTER" && service === "TC") return "presenter";
  return role === "LIMITED" && service === "AO" ? "limited" : usual;
}

export function roleOf({ part }: Attendee): string {
  const roles: Readonly<Record<string, string>> = { host: "HOST", limited: "LIMITED", attendee: "ATTENDEE" };
  return roles[part] ?? "PRESENTER";
}

/** Returns the key in the four spellings of the services. */
export function keysOf({ key }: Session): Values {
  return { meetingKey: String(key), meetingkey: String(key), sessionKey: String(key), sessionkey: String(key) };
}

export function calendarLinks(site: SiteData, { key }: Session): Values {
  const link = (IT: string) => site.url("j.php", { ED: key, IT });
  return { iCalendarURL: { host: link("host"), attendee: link("attendee") } };
}

export function guestToken({ key }: Session): string {
  return `guest-${key.toString(36)}`;
}

/** Returns all fields of a session. `forHost`: with the host's secrets. */
export function sessionDocument(site: SiteData, session: Session, forHost: boolean): Values {
  const { service, settings, confId } = session;
  const { password, people: parts } = services[service];
  const { zone } = factsOf(session);
  const account = accountOf(site, session);
  let document = merge(settings, {
    schedule: { timeZone: zoneOf(zone).name, hostWebExID: nameOf(site.user(session.hostId)) },
    ...(account && { telephony: telephonyOf(account, forHost) }),
  });
  if (!forHost) document = put(document, password.split("."), undefined);
  for (const [part, place] of Object.entries(parts)) {
    const { path, isFlat } = placeOf(place);
    const shown = among(site, session, part).map((one) => {
      const person = { ...one.person, name: one.name, email: one.email };
      const more = { joinStatus: one.joinStatus, role: roleOf(one) };
      return isFlat ? { ...person, ...more } : { person, ...more, sessionKey: String(session.key) };
    });
    if (shown.length > 0) document = put(document, path, shown);
  }
  return {
    ...summaryOf(site, session),
    ...document,
    eventID: String(confId),
    ...(forHost && { hostKey: session.hostKey, guestToken: guestToken(session) }),
    ...(service === "AO" && { teleconference: teleconferenceOf(site, session, forHost) }),
    test: testsOf(site, session),
  };
}

function telephonyOf(account: Values, forHost: boolean): Values {
  const tspConference = accountFor(account, forHost);
  const callInNum = { tollNum: tspConference.tollCallInNumber, tollFreeNum: tspConference.tollFreeCallInNumber };
  return { tspAccountIndex: account.accountIndex, callInNum, tspConference };
}

function teleconferenceOf(site: SiteData, session: Session, forHost: boolean): Values {
  const account = tspAccount(site.user(session.hostId)) ?? {};
  const code = text(account, "participantAccessCode") ?? "";
  return {
    ...group(session.settings, "teleconference"),
    subscriberAccessCode: "",
    ...accountFor(account, forHost),
    personalConferenceNumber: account.accountIndex !== undefined,
    intlLocalCallInNumber: "",
    participantFullAccessCode: code,
    participantLimitedAccessCode: code,
    scheduleConfID: String(session.confId),
  };
}

/** Returns the telephony fields, with the host's code only for the host. */
function accountFor(account: Values, forHost: boolean): Values {
  const all = { tollFreeCallInNumber: "", tollCallInNumber: "", ...account };
  return forHost ? all : put(all, ["subscriberAccessCode"], undefined);
}

/** Returns a session's tests for its documents and lists. */
export function testsOf(site: SiteData, { key }: Pick<Session, "key">): readonly Values[] {
  const own = site.store.all("test", { sessionKey: key });
  return own.map((test) => {
    const address = (query = {}) => site.url("t.php", { TI: test.key, ...query });
    const action = test.fields.status === "STARTED" ? { action: "TAKE", actionURL: address({ AT: "TAKE" }) } : {};
    return {
      ...test.fields,
      testID: String(test.key),
      title: test.title,
      sessionKey: String(key),
      titleURL: address(),
      ...action,
    };
  });
}

/** Returns a list item, with the field names of all services. */
export function summaryOf(site: SiteData, session: Session): Values {
  const { settings, startedAt, confId, service } = session;
  const { name, type, listing, password, startsAt, endsAt, minutes, zone } = factsOf(session);
  const host = site.user(session.hostId);
  const attendees = site.attendees(session);
  const registered = attendees.filter(({ registerId }) => registerId !== null).length;
  const hosts = alternateHosts(site, session);
  return {
    ...settings,
    ...group(settings, "metaData"),
    ...keysOf(session),
    confName: name,
    sessionName: name,
    eventName: name,
    meetingType: type,
    sessionType: type,
    serviceType: services[service].serviceType,
    hostWebExID: nameOf(host),
    otherHostWebExID: hosts.join(","),
    hostFirstName: host.profile.firstName,
    hostLastName: host.profile.lastName,
    hostEmail: emailOf(host),
    timeZoneID: zone,
    timeZone: zoneOf(zone).name,
    status: statusOf(session),
    startDate: localTime(startsAt, zone),
    startTime: localTime(startsAt, zone),
    endDate: localTime(endsAt, zone),
    ...(startedAt !== null && { actualStartTime: localTime(startedAt, zone) }),
    openTime: at(settings, "schedule", "openTime") ?? 900,
    duration: minutes,
    listStatus: listing,
    passwordReq: password !== "",
    hostJoined: startedAt !== null,
    participantsJoined: attendees.some(({ joinedAt }) => joinedAt !== null),
    confID: String(confId),
    registration: isOn(settings, "attendeeOptions", "registration") || isOn(settings, "extOptions", "registration"),
    isRecurring: isRecurring(session),
    altHost: hosts.length > 0,
    hostType: String(type),
    audioStatus: statusOf(session),
    isAudioOnly: service === "AO",
    panelists: attendees
      .filter(({ part }) => part === "panelist")
      .map((one) => one.name)
      .join(","),
    attendeeCount: { estEnrollment: registered, estAttendance: registered },
  };
}
