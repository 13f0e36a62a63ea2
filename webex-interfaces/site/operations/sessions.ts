import { type Call, hasText, inDateScope, isAsked, ordered, page } from "../call.ts";
import { Refusal } from "../refusals.ts";
import type { Tree } from "../schema.ts";
import {
  alternateHosts,
  attendeesOf,
  calendarLinks,
  cancel,
  endsAt,
  guestToken,
  isHost,
  isPublic,
  isRecurring,
  keysOf,
  reschedule,
  schedule,
  services,
  sessionTree,
  start,
  statusOf,
} from "../sessions.ts";
import type { Site } from "../site.ts";
import type { ServiceCode, SessionRow, UserRow } from "../tables.ts";
import { at, group, list, text } from "../trees.ts";
import { changesOwn, documented, inSchema, type Operation, readsPublic, type Service } from "./operation.ts";

/** The operations that each kind of session has: create, set, del, get and its lists. */
type Verb = "create" | "set" | "del" | "get" | "lstsummary" | "lst";

function operationsOf(
  service: ServiceCode,
  noun: string,
  element: string,
  verbs: Partial<Record<Verb, typeof documented>>,
) {
  const runs: Readonly<Record<Verb, Operation["run"]>> = {
    create: (call) => created(call, service),
    set: (call) => {
      const session = own(call, [service]);
      const host = text(call.request, "schedule", "hostWebExID");
      if (host !== undefined)
        call.site.update("sessions", { host_id: call.owner(host).user_id }, "session_key = ?", session.session_key);
      reschedule(call.site, session, call.request);
      return { ...keysOf(session), ...calendarLinks(call.site, session) };
    },
    del: deleted([service]),
    get: (call) => {
      const session = visible(call, [service]);
      return sessionTree(call.site, session, mayHost(call, session));
    },
    lstsummary: (call) => listed(call, [service], element, (session) => summary(call.site, session)),
    lst: (call) =>
      listed(call, [service], element, (session) => sessionTree(call.site, session, mayHost(call, session))),
  };
  return Object.fromEntries(
    Object.entries(verbs).map(([verb, source]) => {
      const changes = ["create", "set", "del"].includes(verb);
      return [`${verb}${noun}`, source(changes ? changesOwn : readsPublic, runs[verb as Verb])];
    }),
  );
}

const all = {
  create: documented,
  set: documented,
  del: documented,
  get: documented,
  lstsummary: documented,
  lst: inSchema,
};

export const meeting: Service = {
  binding: "meeting",
  prefix: "meet",
  operations: {
    ...operationsOf("MC", "Meeting", "meeting", all),
    gethosturlMeeting: documented(changesOwn, hostUrl),
    getjoinurlMeeting: documented(readsPublic, joinUrl),
  },
};

export const audioOnly: Service = {
  binding: "meeting.auo",
  prefix: "auo",
  operations: operationsOf("AO", "TeleconferenceSession", "session", {
    create: inSchema,
    set: inSchema,
    get: inSchema,
  }),
};

export const trainingSessions = operationsOf("TC", "TrainingSession", "trainingSession", all);
export const events = operationsOf("EC", "Event", "event", {
  create: documented,
  set: documented,
  del: documented,
  get: documented,
  lstsummary: documented,
});
export const salesSessions = operationsOf("SaC", "SalesSession", "salesSession", {
  create: documented,
  get: documented,
  lstsummary: documented,
  set: inSchema,
  del: inSchema,
});

export const support: Service = {
  binding: "supportsession",
  prefix: "sc",
  operations: {
    createSupportSession: inSchema(changesOwn, (call) => {
      const answer = created(call, "SC");
      start(call.site, call.site.session(answer.sessionKey));
      return answer;
    }),
  },
};

/** Sessions of all services, as the general session service has them. */
export const generalSessions: Service["operations"] = {
  lstsummarySession: inSchema(readsPublic, (call) => {
    const { sessionTypes, serviceTypes, status, recurrence, invited, confID, confName, inclAudioOnly } = call.request;
    const types = list(group({ sessionTypes }, "sessionTypes"), "sessionType").map(Number);
    const kinds = list(group({ serviceTypes }, "serviceTypes"), "serviceType").map(String);
    const fits = (session: SessionRow) =>
      (types.length === 0 || types.includes(session.type)) &&
      (kinds.length === 0 || kinds.includes(services[session.service].serviceType)) &&
      isAsked(status, statusOf(session)) &&
      isAsked(recurrence, String(isRecurring(session))) &&
      isAsked(confID, session.conf_id) &&
      hasText(confName, session.name) &&
      (invited !== true || isInvited(call, session)) &&
      (inclAudioOnly === true || session.service !== "AO") &&
      isAsked(call.request.hostEmail, call.site.userById(session.host_id).email);
    return listed(call, allServices, "session", (session) => summary(call.site, session), fits);
  }),
  lstOpenSession: inSchema(readsPublic, (call) => {
    const asked = list(call.request, "serviceType").map(String);
    const open = sessionsSeen(call, allServices).filter(({ started_at }) => started_at !== null);
    const kinds = [...new Set(open.map(({ service }) => services[service].serviceType))];
    const wanted = kinds.filter((kind) => asked.length === 0 || asked.includes(kind));
    if (wanted.length === 0) throw new Refusal("noRecord");
    const shown = open.filter(({ service }) => wanted.includes(services[service].serviceType));
    return {
      matchingRecords: { total: shown.length, returned: shown.length, startFrom: 1 },
      services: wanted.map((serviceType) => ({
        serviceType,
        sessions: shown
          .filter(({ service }) => services[service].serviceType === serviceType)
          .map((session) => summary(call.site, session)),
      })),
    };
  }),
  delSession: inSchema(changesOwn, deleted()),
  getJoinSessionInfo: inSchema(readsPublic, (call) => {
    const { site, request } = call;
    const session = site.session(request.sessionKey);
    if (session.password !== request.sessionPassword) throw new Refusal("accessDenied");
    const name = String(request.attendeeName);
    const email = String(request.attendeeEmail);
    const attendee = attendeesOf(site, session).find((each) => each.email.toLowerCase() === email.toLowerCase());
    return {
      siteID: site.row.site_id,
      confID: session.conf_id,
      confName: session.name,
      attendeeID:
        attendee?.attendee_id ??
        site.insert("attendees", {
          session_key: session.session_key,
          part: "attendee",
          name,
          email,
          join_status: "ACCEPT",
          person: "{}",
        }),
      mzmAddress: "192.0.2.20",
      mccAddress: "192.0.2.21",
      enableOptions: group(JSON.parse(session.settings), "enableOptions"),
      telephony: group(sessionTree(site, session, false), "telephony"),
    };
  }),
};

const allServices: readonly ServiceCode[] = ["MC", "TC", "EC", "SaC", "SC", "AO"];

function created(call: Call, service: ServiceCode): Tree {
  const host = call.owner(text(call.request, "schedule", "hostWebExID"));
  const session = call.site.session(schedule(call.site, service, host.user_id, call.request));
  const token = { guestToken: guestToken(session) };
  const additionalInfo = { sessionkey: session.session_key, ...token };
  return { ...keysOf(session), ...calendarLinks(call.site, session), ...token, additionalInfo };
}

function deleted(kinds?: readonly ServiceCode[]): Operation["run"] {
  return (call) => {
    const session = own(call, kinds);
    const links = calendarLinks(call.site, session);
    cancel(call.site, session);
    return links;
  };
}

function hostUrl(call: Call): Tree {
  const session = own(call);
  const host = call.user;
  const TK = call.site.issue("login-ticket", host.user_id);
  const MU = call.site.url("m.php", { AT: "HM", MK: session.session_key });
  return { hostMeetingURL: call.site.url("p.php", { AT: "LI", WID: host.web_ex_id, TK, MU }) };
}

function joinUrl(call: Call): Tree {
  const session = asked(call);
  if (!call.maySee(session.host_id, true)) throw new Refusal("accessDenied");
  const { attendeeName, attendeeEmail, meetingPW, RegID } = call.request;
  const given = { AN: attendeeName, AE: attendeeEmail, PW: meetingPW, RID: RegID };
  const known = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const MK = session.session_key;
  return {
    joinMeetingURL: call.site.url("m.php", { AT: "JM", MK, ...Object.fromEntries(known) }),
    inviteMeetingURL: call.site.url("j.php", { ED: MK }),
    registerMeetingURL: call.site.url("m.php", { AT: "GF", MK }),
  };
}

function asked(call: Call, kinds?: readonly ServiceCode[]): SessionRow {
  const { meetingKey, meetingkey, sessionKey } = call.request;
  const key = meetingKey ?? meetingkey ?? sessionKey;
  if (key === undefined) throw new Refusal("invalid", "meetingKey or sessionKey is required");
  return call.site.session(key, kinds);
}

function own(call: Call, kinds?: readonly ServiceCode[]): SessionRow {
  const session = asked(call, kinds);
  if (!mayHost(call, session)) throw new Refusal("notOwn");
  return session;
}

function visible(call: Call, kinds: readonly ServiceCode[]): SessionRow {
  const session = asked(call, kinds);
  if (!mayHost(call, session) && !call.maySee(session.host_id, isPublic(session))) throw new Refusal("noSessionOfUser");
  return session;
}

function mayHost(call: Call, session: SessionRow): boolean {
  return call.owns(session.host_id) || isHost(call.site, session, call.user);
}

function sessionsSeen(call: Call, kinds: readonly ServiceCode[]): SessionRow[] {
  return call.site
    .all<SessionRow>("SELECT * FROM sessions ORDER BY starts_at, session_key")
    .filter((session) => kinds.includes(session.service))
    .filter((session) => mayHost(call, session) || call.maySee(session.host_id, isPublic(session)));
}

function listed(
  call: Call,
  kinds: readonly ServiceCode[],
  element: string,
  make: (session: SessionRow) => Tree,
  fits: (session: SessionRow) => boolean = () => true,
): Tree {
  const { site, request } = call;
  const found = sessionsSeen(call, kinds)
    .filter((session) => isAsked(request.meetingKey ?? request.sessionKey, session.session_key))
    .filter((session) => isAsked(request.hostWebExID, site.userById(session.host_id).web_ex_id))
    .filter((session) => inDateScope(call, session.starts_at, endsAt(session)))
    .filter((session) =>
      ["account", "opportunity", "programID"].every((word) =>
        isAsked(request[word], text(JSON.parse(session.settings), "metaData", word) ?? ""),
      ),
    )
    .filter(fits);
  return page(request, ordered(request, found, columnsOf(site)), element, make);
}

function columnsOf(site: Site): Readonly<Record<string, (session: SessionRow) => string | number>> {
  const setting =
    (...path: string[]) =>
    (session: SessionRow) =>
      text(JSON.parse(session.settings), ...path) ?? "";
  const codes = Array.from({ length: 10 }, (_, index) => index + 1);
  return {
    STARTTIME: ({ starts_at }) => starts_at,
    CONFNAME: ({ name }) => name.toLowerCase(),
    EVENTNAME: ({ name }) => name.toLowerCase(),
    HOSTWEBEXID: ({ host_id }) => site.userById(host_id).web_ex_id.toLowerCase(),
    ACCOUNT: setting("metaData", "account"),
    OPPORTUNITY: setting("metaData", "opportunity"),
    ASSISTREQUEST: setting("assistService", "assistRequest"),
    ASSISTCONFIRM: setting("assistService", "assistConfirm"),
    ...Object.fromEntries(codes.map((code) => [`TRACKINGCODE${code}`, setting("tracking", `trackingCode${code}`)])),
  };
}

/** One line of a list, under the names of all services. */
function summary(site: Site, session: SessionRow): Tree {
  const host: UserRow = site.userById(session.host_id);
  const people = attendeesOf(site, session);
  const settings: Tree = JSON.parse(session.settings);
  const { starts_at, started_at, time_zone } = session;
  const startTime = site.time(starts_at, time_zone);
  const registered = people.filter(({ register_id }) => register_id !== null).length;
  return {
    ...keysOf(session),
    confName: session.name,
    sessionName: session.name,
    meetingType: session.type,
    sessionType: session.type,
    serviceType: services[session.service].serviceType,
    hostWebExID: host.web_ex_id,
    otherHostWebExID: alternateHosts(site, session).join(","),
    hostFirstName: host.first_name,
    hostLastName: host.last_name,
    hostEmail: host.email,
    timeZoneID: time_zone,
    timeZone: site.zone(time_zone).name,
    status: statusOf(session),
    startDate: startTime,
    startTime,
    endDate: site.time(endsAt(session), time_zone),
    actualStartTime: started_at === null ? "" : site.time(started_at, time_zone),
    openTime: at(settings, "schedule", "openTime") ?? 900,
    duration: session.minutes,
    listStatus: session.listing,
    passwordReq: session.password !== "",
    hostJoined: started_at !== null,
    participantsJoined: people.some(({ joined_at }) => joined_at !== null),
    confID: session.conf_id,
    registration: at(settings, "attendeeOptions", "registration") ?? false,
    isRecurring: isRecurring(session),
    altHost: alternateHosts(site, session).length > 0,
    hostType: String(session.type),
    audioStatus: statusOf(session),
    isAudioOnly: session.service === "AO",
    account: text(settings, "metaData", "account"),
    opportunity: text(settings, "metaData", "opportunity"),
    description: text(settings, "metaData", "description"),
    panelists: people
      .filter(({ part }) => part === "panelist")
      .map(({ name }) => name)
      .join(","),
    attendeeCount: { estEnrollment: registered, estAttendance: registered, source: [] },
    psoFields: at(settings, "psoFields"),
    assistService: at(settings, "assistService"),
  };
}

function isInvited(call: Call, session: SessionRow): boolean {
  const { email } = call.user;
  return attendeesOf(call.site, session).some((each) => each.email.toLowerCase() === email.toLowerCase());
}
