import { Refusal } from "./refusals.ts";
import type { Tree, Value } from "./schema.ts";
import type { Site } from "./site.ts";
import type { AttendeeRow, ServiceCode, SessionRow, TspAccountRow, UserRow } from "./tables.ts";
import { readTime } from "./times.ts";
import { at, group, groups, list, merge, put, text, whole, without } from "./trees.ts";

/** Where the requests of one service have what the columns hold. */
interface ServiceTable {
  readonly serviceType: string;
  readonly name: string;
  readonly type: string;
  readonly password: string;
  /** Either one element with a word, or `flags`: isPublic and listToPublic. */
  readonly listing: string;
  /** People of a session, by the part they have in it: where they stand, and whether the person is an element of its own. */
  readonly people: Readonly<Record<string, { readonly path: string; readonly form: "person" | "flat" }>>;
  /** The part among whose people alternate hosts stand, by their role HOST; absent where requests do not say it so. */
  readonly hostsAmong?: "attendee" | "presenter";
}

export const services: Readonly<Record<ServiceCode, ServiceTable>> = {
  MC: {
    serviceType: "MeetingCenter",
    name: "metaData.confName",
    type: "metaData.meetingType",
    password: "accessControl.meetingPassword",
    listing: "flags",
    people: { attendee: { path: "participants.attendees.attendee", form: "person" } },
    hostsAmong: "attendee",
  },
  TC: {
    serviceType: "TrainingCenter",
    name: "metaData.confName",
    type: "metaData.sessionType",
    password: "accessControl.sessionPassword",
    listing: "accessControl.listing",
    people: {
      presenter: { path: "presenters.participants.participant", form: "person" },
      attendee: { path: "attendees.participants.participant", form: "person" },
    },
    hostsAmong: "presenter",
  },
  EC: {
    serviceType: "EventCenter",
    name: "metaData.sessionName",
    type: "metaData.sessionType",
    password: "accessControl.sessionPassword",
    listing: "accessControl.listing",
    people: {
      panelist: { path: "panelists.panelist", form: "flat" },
      attendee: { path: "attendees.attendee", form: "flat" },
    },
  },
  SaC: {
    serviceType: "SalesCenter",
    name: "metaData.confName",
    type: "metaData.sessionType",
    password: "accessControl.meetingPassword",
    listing: "accessControl.listing",
    people: { prospect: { path: "prospects.prospect", form: "flat" } },
  },
  SC: {
    serviceType: "SupportCenter",
    name: "metaData.confName",
    type: "metaData.sessionType",
    password: "accessControl.sessionPassword",
    listing: "accessControl.listing",
    people: {},
  },
  AO: {
    serviceType: "MeetingCenter",
    name: "metaData.confName",
    type: "metaData.sessionType",
    password: "accessControl.sessionPassword",
    listing: "accessControl.listing",
    people: {
      full: { path: "fullAccessAttendees.attendee", form: "flat" },
      limited: { path: "limitedAccessAttendees.attendee", form: "flat" },
    },
  },
};

const usualTypes: Readonly<Record<ServiceCode, number>> = { MC: 3, TC: 11, EC: 13, AO: 15, SC: 16, SaC: 214 };

/** Schedules it, with its people; returns its key. */
export function schedule(site: Site, service: ServiceCode, hostId: number, request: Tree): number {
  const host = site.userById(hostId);
  const given = columns(site, service, request, host.time_zone);
  if (service !== "SC") {
    if (!given.name) throw new Refusal("invalid", `${services[service].name} is required`);
    const mustHave = at(site.settings, "securityOptions", "allMeetingsPassword") === true && service !== "AO";
    if (mustHave && !given.password) throw new Refusal("passwordNeeded");
  }
  const key = site.insert("sessions", {
    name: "Support session",
    type: usualTypes[service],
    password: "",
    listing: "PUBLIC",
    starts_at: site.now(),
    minutes: 60,
    time_zone: host.time_zone,
    ...given,
    service,
    host_id: hostId,
    conf_id: site.next("conf"),
    host_key: String(260_806 + site.next("register")),
    settings: JSON.stringify(settingsOf(service, request)),
  });
  checkTelephony(site, site.session(key));
  savePeople(site, site.session(key), request);
  return key;
}

/** Changes what is given. People who are given take the places of those in the same part. */
export function reschedule(site: Site, session: SessionRow, request: Tree): void {
  const { service, session_key: key } = session;
  const settings = merge(JSON.parse(session.settings), settingsOf(service, request));
  const changes = { ...columns(site, service, request, session.time_zone), settings: JSON.stringify(settings) };
  site.update("sessions", changes, "session_key = ?", key);
  checkTelephony(site, site.session(key));
  savePeople(site, session, request);
}

export function cancel(site: Site, session: SessionRow): void {
  for (const { email } of attendeesOf(site, session)) site.mail(email, `cancelled: ${session.name}`);
  site.run("DELETE FROM sessions WHERE session_key = ?", session.session_key);
}

export function start(site: Site, session: SessionRow): void {
  if (session.started_at !== null) return;
  site.update("sessions", { started_at: site.now() }, "session_key = ?", session.session_key);
}

/** The caller is in it from now; the same person by e-mail is one. */
export function join(site: Site, session: SessionRow, name: string, email: string, call = "none"): number {
  const known = attendeesOf(site, session).find((attendee) => email !== "" && attendee.email === email);
  if (known) {
    site.update("attendees", { joined_at: site.now(), call }, "attendee_id = ?", known.attendee_id);
    return known.attendee_id;
  }
  const row = { session_key: session.session_key, part: "attendee", name, email, join_status: "ACCEPT", person: "{}" };
  return site.insert("attendees", { ...row, joined_at: site.now(), call });
}

/** It is over: history has it. The next time it is held, it is another conference. */
export function end(site: Site, session: SessionRow): void {
  if (session.started_at === null) return;
  const host = site.userById(session.host_id);
  const people = attendeesOf(site, session);
  site.insert("history_sessions", {
    conf_id: session.conf_id,
    session_key: session.session_key,
    service: session.service,
    name: session.name,
    type: session.type,
    host_id: host.user_id,
    host_web_ex_id: host.web_ex_id,
    host_name: `${host.first_name} ${host.last_name}`,
    host_email: host.email,
    started_at: session.started_at,
    ended_at: site.now(),
    time_zone: session.time_zone,
    invited: people.filter(({ join_status }) => join_status === "INVITE").length,
    registered: people.filter(({ register_id }) => register_id !== null).length,
    settings: session.settings,
  });
  for (const { part, name, email, join_status, joined_at, call, person } of people) {
    if (joined_at === null) continue;
    const row = { conf_id: session.conf_id, part, name, email, join_status, joined_at, call: call ?? "none", person };
    site.insert("history_attendees", { ...row, left_at: site.now() });
  }
  site.run("UPDATE attendees SET joined_at = NULL, call = NULL WHERE session_key = ?", session.session_key);
  const isOnce = at(JSON.parse(session.settings), "enableOptions", "autoDeleteAfterMeetingEnd") === true;
  if (isOnce) site.run("DELETE FROM sessions WHERE session_key = ?", session.session_key);
  else
    site.update("sessions", { started_at: null, conf_id: site.next("conf") }, "session_key = ?", session.session_key);
}

/** Whoever may act as its host: the host and the alternate hosts. */
export function isHost(site: Site, session: SessionRow, user: UserRow): boolean {
  return session.host_id === user.user_id || alternateHosts(site, session).includes(user.web_ex_id);
}

/**
 * Their WebEx ids: a sales session names them in `altHosts`; elsewhere they are people of the role HOST. Whoever is no
 * user of the site cannot be one.
 */
export function alternateHosts(site: Site, session: SessionRow): readonly string[] {
  const named = list(JSON.parse(session.settings), "salesTeam", "altHosts", "webExID").map((name) =>
    site.userNamed(String(name)),
  );
  const invited = attendeesOf(site, session)
    .filter(({ part }) => part === "host")
    .map(({ email, person }) => {
      const name = text(JSON.parse(person), "webExId");
      return name === undefined ? site.userByEmail(email) : site.userNamed(name);
    });
  return [...named, ...invited].flatMap((user) => user?.web_ex_id ?? []);
}

export function isPublic(session: SessionRow): boolean {
  return session.listing === "PUBLIC";
}

export function isRecurring(session: SessionRow): boolean {
  const repeats = text(JSON.parse(session.settings), "repeat", "repeatType");
  return repeats !== undefined && !["NO_REPEAT", "SINGLE"].includes(repeats);
}

export function endsAt(session: SessionRow): number {
  return session.starts_at + session.minutes * 60_000;
}

export function statusOf(session: SessionRow): string {
  return session.started_at === null ? "NOT_INPROGRESS" : "INPROGRESS";
}

export function attendeesOf(site: Site, session: SessionRow): AttendeeRow[] {
  return site.all<AttendeeRow>(
    "SELECT * FROM attendees WHERE session_key = ? ORDER BY attendee_id",
    session.session_key,
  );
}

/** The TSP account whose numbers and codes it has; `undefined` unless its telephony is by TSP. */
export function tspAccountOf(site: Site, session: SessionRow): TspAccountRow | undefined {
  const telephony = group(JSON.parse(session.settings), "telephony");
  return telephony.enableTSP === true ? site.tspAccount(session.host_id, telephony.tspAccountIndex) : undefined;
}

/** The part of somebody to whom a request gives a role; `usual` where the role makes no difference. */
export function partOf({ service }: SessionRow, role: Value | undefined, usual: string): string {
  if (role === "HOST") return "host";
  if (role === "PRESENTER" && service === "TC") return "presenter";
  if (role === "LIMITED" && service === "AO") return "limited";
  return usual;
}

export function roleOf({ part }: AttendeeRow): string {
  const roles: Readonly<Record<string, string>> = { host: "HOST", limited: "LIMITED", attendee: "ATTENDEE" };
  return roles[part] ?? "PRESENTER";
}

export function savePerson(site: Site, session: SessionRow, part: string, person: Tree, joinStatus: string): number {
  const email = text(person, "email") ?? "";
  const name = text(person, "name") ?? [person.firstName, person.lastName].filter(Boolean).join(" ");
  const isRegistered = joinStatus === "REGISTER";
  const id = site.insert("attendees", {
    session_key: session.session_key,
    part,
    name,
    email,
    join_status: joinStatus,
    register_id: isRegistered ? site.next("register") : null,
    enrolled: isRegistered ? "APPROVED" : null,
    enrolled_at: isRegistered ? site.now() : null,
    person: JSON.stringify(person),
  });
  site.mail(email, `invited: ${session.name}`);
  return id;
}

/** Someone as every service prints people. */
export function personTree({ name, email, person }: Pick<AttendeeRow, "name" | "email" | "person">): Tree {
  return { ...(JSON.parse(person) as Tree), name, email };
}

/** All of a session, under the names that the answers of every service use. `forHost`: with what only the host is told. */
export function sessionTree(site: Site, session: SessionRow, forHost: boolean): Tree {
  const table = services[session.service];
  const settings: Tree = JSON.parse(session.settings);
  const people = attendeesOf(site, session);
  const account = tspAccountOf(site, session);
  const isShown = session.listing === "PUBLIC";
  let tree = merge(settings, {
    accessControl:
      table.listing === "flags" ? { listToPublic: isShown, isPublic: isShown } : { listing: session.listing },
    schedule: {
      startDate: site.time(session.starts_at, session.time_zone),
      timeZoneID: session.time_zone,
      timeZone: site.zone(session.time_zone).name,
      duration: session.minutes,
      hostWebExID: site.userById(session.host_id).web_ex_id,
    },
    ...(account && { telephony: accountTree(account, forHost) }),
  });
  tree = put(tree, table.name.split("."), session.name);
  tree = put(tree, table.type.split("."), session.type);
  if (forHost && session.password !== "") tree = put(tree, table.password.split("."), session.password);
  for (const [part, { path, form }] of Object.entries(table.people)) {
    const all = people.filter((each) => partsAmong(table, part).includes(each.part));
    const trees = all.map((each) => {
      const person = personTree(each);
      const details = { joinStatus: each.join_status, role: roleOf(each) };
      return form === "person" ? { person, ...details, sessionKey: session.session_key } : { ...person, ...details };
    });
    if (trees.length > 0) tree = put(tree, path.split("."), trees);
  }
  return {
    ...tree,
    ...keysOf(session),
    status: statusOf(session),
    hostJoined: session.started_at !== null,
    participantsJoined: people.some(({ joined_at }) => joined_at !== null),
    hostType: String(session.type),
    eventID: session.conf_id,
    ...(forHost && { hostKey: session.host_key, guestToken: guestToken(session) }),
    ...(session.service === "AO" && { teleconference: teleconference(site, session, forHost) }),
  };
}

/** The parts of the people who stand together in requests and answers. */
function partsAmong({ hostsAmong }: ServiceTable, part: string): readonly string[] {
  return part === hostsAmong ? [part, "host"] : [part];
}

/** The services write the same key in four ways. */
export function keysOf({ session_key: key }: SessionRow): Tree {
  return { meetingKey: key, meetingkey: key, sessionKey: key, sessionkey: key };
}

export function calendarLinks(site: Site, { session_key: MK }: SessionRow): Tree {
  const link = (IT: string) => site.url("j.php", { ED: MK, IT });
  return { iCalendarURL: { host: link("host"), attendee: link("attendee"), sme: link("sme") } };
}

export function guestToken({ session_key: key }: SessionRow): string {
  return `guest-${key.toString(36)}`;
}

function accountTree(account: TspAccountRow, forHost: boolean): Tree {
  const { toll, toll_free: tollFreeNum, participant, subscriber } = account;
  return {
    tspAccountIndex: account.account_index,
    callInNum: { tollNum: toll, tollFreeNum },
    tspConference: {
      tollFreeCallInNumber: tollFreeNum,
      tollCallInNumber: toll,
      ...(forHost && { subscriberAccessCode: subscriber }),
      participantAccessCode: participant,
    },
  };
}

function teleconference(site: Site, session: SessionRow, forHost: boolean): Tree {
  const account = site.tspAccount(session.host_id);
  return {
    ...group(JSON.parse(session.settings), "teleconference"),
    personalConferenceNumber: account !== undefined,
    tollFreeCallInNumber: account?.toll_free ?? "",
    tollCallInNumber: account?.toll ?? "",
    intlLocalCallInNumber: "",
    subscriberAccessCode: forHost ? (account?.subscriber ?? "") : "",
    participantFullAccessCode: account?.participant ?? "",
    participantLimitedAccessCode: account?.participant ?? "",
    scheduleConfID: session.conf_id,
  };
}

/** What a request gives of the columns. */
function columns(site: Site, service: ServiceCode, request: Tree, usualZone: number) {
  const table = services[service];
  const find = (path: string) => text(request, ...path.split("."));
  const zone = site.zone(whole(request, "schedule", "timeZoneID") ?? usualZone);
  const [starts] = list(request, "schedule", "startDate");
  const minutes = whole(request, "schedule", "duration");
  if (minutes !== undefined && minutes < 1) throw new Refusal("invalid", "schedule.duration must be at least 1");
  const type = find(table.type);
  const listing = listingOf(table, request);
  const [name, password] = [find(table.name), find(table.password)];
  return {
    ...(name !== undefined && { name }),
    ...(type !== undefined && { type: Number(type) }),
    ...(password !== undefined && { password }),
    ...(listing !== undefined && { listing }),
    ...(starts !== undefined && { starts_at: readTime(String(starts), zone) }),
    ...(minutes !== undefined && { minutes }),
    ...(at(request, "schedule", "timeZoneID") !== undefined && { time_zone: zone.id }),
  };
}

function listingOf(table: ServiceTable, request: Tree): string | undefined {
  if (table.listing !== "flags") return text(request, ...table.listing.split("."));
  const { isPublic, listToPublic } = group(request, "accessControl");
  if (isPublic === undefined && listToPublic === undefined) return undefined;
  return isPublic === true || listToPublic === true ? "PUBLIC" : "UNLISTED";
}

/** What is left of a request beside the columns, the people and its own key. */
function settingsOf(service: ServiceCode, request: Tree): Tree {
  const { name, type, password, listing, people } = services[service];
  const elsewhere = [
    "schedule.startDate",
    "schedule.duration",
    "schedule.timeZoneID",
    "schedule.timeZone",
    "schedule.hostWebExID",
  ];
  const flags = ["accessControl.isPublic", "accessControl.listToPublic"];
  const paths = [
    name,
    type,
    password,
    listing,
    ...flags,
    ...elsewhere,
    ...Object.values(people).map(({ path }) => path),
  ];
  const keys = [
    "meetingKey",
    "meetingkey",
    "sessionKey",
    "sessionkey",
    "validateFormat",
    "status",
    "hostJoined",
    "participantsJoined",
  ];
  return [...paths.map((path) => path.split(".")), ...keys.map((key) => [key])].reduce(without, request);
}

function savePeople(site: Site, session: SessionRow, request: Tree): void {
  const table = services[session.service];
  for (const [usual, { path, form }] of Object.entries(table.people)) {
    const given = groups(request, ...path.split("."));
    if (given.length === 0) continue;
    for (const part of partsAmong(table, usual))
      site.run("DELETE FROM attendees WHERE session_key = ? AND part = ?", session.session_key, part);
    for (const each of given) {
      const { joinStatus = "INVITE", ...flat } = each as { joinStatus?: Value };
      const part = partOf(session, each.role, usual);
      savePerson(site, session, part, form === "person" ? group(each, "person") : (flat as Tree), String(joinStatus));
    }
  }
}

function checkTelephony(site: Site, session: SessionRow): void {
  const telephony = group(JSON.parse(session.settings), "telephony");
  const isMissing =
    telephony.enableTSP === true && telephony.tspAccountIndex !== undefined && !tspAccountOf(site, session);
  if (isMissing) throw new Refusal("invalid", `the host has no TSP account ${telephony.tspAccountIndex}`);
}
