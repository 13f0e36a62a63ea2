import type { Values } from "../wire/codec.ts";
import { type Columns, hasText, isAsked, isWithin, ordered, page, type XmlCall } from "./call.ts";
import { emailOf, fullName, nameOf, siteZone } from "./site.ts";
import type { ServiceCode, Things } from "./store.ts";
import { localTime, zoneOf } from "./times.ts";
import { at, group, text } from "./values.ts";

type Past = Things["past"];
type PastPerson = Past["people"][number];

const sessions =
  (kinds: readonly ServiceCode[], items: string) =>
  (call: XmlCall): Values => {
    const host = ({ hostId }: Past) => fullName(call.site.user(hostId)).toLowerCase();
    const columns: Columns<Past> = {
      STARTTIME: ({ startedAt }) => startedAt,
      SESSIONSTARTTIME: ({ startedAt }) => startedAt,
      CONFNAME: ({ name }) => name.toLowerCase(),
      CONFID: ({ key }) => key,
      HOSTNAME: host,
      TOTALINVITED: (past) => countOf(past, "INVITE"),
      TOTALREGISTERED: (past) => countOf(past, "REGISTER"),
      TOTALATTENDEE: ({ people }) => people.length,
    };
    return page(call.request, ordered(call.request, found(call, kinds), columns), items, (past) =>
      sessionOf(call, past),
    );
  };

type Attended = readonly [Past, PastPerson];

const attendees =
  (kinds: readonly ServiceCode[], items: string) =>
  (call: XmlCall): Values => {
    const rows = found(call, kinds).flatMap((past) => past.people.map((person): Attended => [past, person]));
    const name = ([, person]: Attended) => person.name.toLowerCase();
    const columns: Columns<Attended> = {
      STARTTIME: ([, { joinedAt }]) => joinedAt,
      NAME: name,
      ATTENDEENAME: name,
      CONFID: ([{ key }]) => key,
      SESSIONKEY: ([{ sessionKey }]) => sessionKey,
      COMPANY: ([, { person }]) => text(person, "company") ?? "",
    };
    return page(call.request, ordered(call.request, rows, columns), items, ([past, person]) =>
      attendeeOf(call, past, person),
    );
  };

/** The 11 operations of history. */
export const historyHandlers = {
  lstmeetingusageHistory: sessions(["MC", "AO"], "meetingUsageHistory"),
  lsttrainingsessionHistory: sessions(["TC"], "trainingSessionHistory"),
  lsteventsessionHistory: sessions(["EC"], "eventSessionHistory"),
  lstsupportsessionHistory: sessions(["SC"], "supportSessionHistory"),
  lstsalessessionHistory: sessions(["SaC"], "salesSessionHistory"),
  lstmeetingattendeeHistory: attendees(["MC", "AO"], "meetingAttendeeHistory"),
  lsttrainingattendeeHistory: attendees(["TC"], "trainingAttendeeHistory"),
  lsteventattendeeHistory: attendees(["EC"], "eventAttendeeHistory"),
  lstsupportattendeeHistory: attendees(["SC"], "supportAttendeeHistory"),
  lstsalesattendeeHistory: attendees(["SaC"], "salesAttendeeHistory"),
  lstrecordaccessHistory: (call: XmlCall): Values => {
    const { site, request } = call;
    const zone = request.timeZoneID ?? siteZone;
    const all = site.store.all("recording").filter(({ views, hostId }) => views.length > 0 && call.owns(hostId));
    const rows = all
      .filter(({ hostId }) => isAsked(request.hostWebExID, nameOf(site.user(hostId))))
      .filter(({ name }) => hasText(request.recordName, name))
      .filter(({ createdAt }) => isWithin(group(request, "creationTimeScope"), "creationTime", createdAt, zone))
      .filter(({ views }) =>
        views.some((view) => isWithin(group(request, "viewTimeScope"), "viewTime", view.at, zone)),
      );
    const columns: Columns<Things["recording"]> = {
      RECORDID: ({ key }) => key,
      UPLOADTIME: ({ createdAt }) => createdAt,
      RECORDNAME: ({ name }) => name.toLowerCase(),
    };
    return page(request, ordered(request, rows, columns), "recordAccessHistory", ({ key, name, createdAt, views }) => ({
      recordID: String(key),
      recordName: name,
      creationTime: localTime(createdAt, zone),
      registered: 0,
      downloaded: views.reduce((sum, { downloaded }) => sum + downloaded, 0),
      viewed: views.length,
      timeZoneID: Number(zone),
    }));
  },
};

function found(call: XmlCall, kinds: readonly ServiceCode[]): readonly Past[] {
  const { site, request } = call;
  const { meetingKey, sessionKey, confID, confName, hostWebExID, inclAudioOnly, timeZoneID } = request;
  const isIn = (scope: string, prefix: string, moment: number) =>
    isWithin(group(request, scope), prefix, moment, timeZoneID);
  return site.store
    .all("past")
    .filter(({ service }) => kinds.includes(service) && (service !== "AO" || inclAudioOnly === true))
    .filter((past) => call.owns(past.hostId) && isAsked(hostWebExID, nameOf(site.user(past.hostId))))
    .filter((past) => isAsked(meetingKey ?? sessionKey, past.sessionKey) && isAsked(confID, past.key))
    .filter((past) => hasText(confName, past.name))
    .filter((past) => isIn("startTimeScope", "sessionStartTime", past.startedAt))
    .filter((past) => isIn("endTimeScope", "sessionEndTime", past.endedAt))
    .filter((past) => ["account", "opportunity"].every((word) => isAsked(request[word], metaData(past, word) ?? "")));
}

function metaData({ settings }: Past, word: string): string | undefined {
  return text(settings, "metaData", word);
}

function countOf({ people }: Past, status: string): number {
  return people.filter(({ joinStatus }) => joinStatus === status).length;
}

/** With the names that all services use. */
function sessionOf({ site, request }: XmlCall, past: Past): Values {
  const { people, service } = past;
  const host = site.user(past.hostId);
  const zone = zoneOf(request.timeZoneID ?? siteZone);
  const by = (...calls: readonly string[]) => people.filter(({ call }) => calls.length === 0 || calls.includes(call));
  const minutes = (...calls: readonly string[]) =>
    by(...calls).reduce((sum, { joinedAt, leftAt }) => sum + minutesOf(joinedAt, leftAt), 0);
  const start = localTime(past.startedAt, zone.id);
  const end = localTime(past.endedAt, zone.id);
  return {
    confID: String(past.key),
    sessionKey: String(past.sessionKey),
    confName: past.name,
    sessionStartTime: start,
    meetingStartTime: start,
    sessionEndTime: end,
    meetingEndTime: end,
    duration: minutesOf(past.startedAt, past.endedAt),
    timezone: ["MC", "AO", "SaC"].includes(service) ? zone.name : zone.id,
    trackingCode: at(past.settings, "tracking"),
    meetingType: String(past.type),
    userID: String(host.key),
    hostWebExID: nameOf(host),
    hostName: fullName(host),
    hostEmail: emailOf(host),
    totalInvited: countOf(past, "INVITE"),
    totalRegistered: countOf(past, "REGISTER"),
    totalAttendee: people.length,
    totalParticipants: people.length,
    totalParticipantsVoip: by("voip").length,
    totalParticipantsCallIn: by("call-in", "toll-free").length,
    totalParticipantsCallOut: by("call-out", "call-out-international").length,
    totalPeopleMinutes: minutes(),
    totalCallInMinutes: minutes("call-in"),
    totalCallInTollfreeMinutes: minutes("toll-free"),
    // As the schema of training spells it.
    totalCallInTolllfreeMinutes: minutes("toll-free"),
    totalCallOutDomestic: minutes("call-out"),
    totalCallOutInternational: minutes("call-out-international"),
    totalVoipMinutes: minutes("voip"),
    peakAttendee: people.length,
    account: metaData(past, "account"),
    opportunity: metaData(past, "opportunity"),
  };
}

function attendeeOf({ request }: XmlCall, past: Past, one: PastPerson): Values {
  const zone = request.timeZoneID ?? siteZone;
  const { person, name, email, joinedAt, leftAt, joinStatus, part, call } = one;
  const address = group(person, "address");
  const [joined, left] = [localTime(joinedAt, zone), localTime(leftAt, zone)];
  const minutes = minutesOf(joinedAt, leftAt);
  const phone = text(person, "phones", "phone");
  const isTextual = ["MC", "AO", "SaC"].includes(past.service);
  return {
    ...address,
    zip: address.zipCode,
    meetingKey: String(past.sessionKey),
    sessionKey: String(past.sessionKey),
    confID: String(past.key),
    confName: past.name,
    name,
    attendeeName: name,
    email,
    attendeeEmail: email,
    joinTime: joined,
    startTime: joined,
    leaveTime: left,
    endTime: left,
    duration: isTextual ? String(minutes) : minutes,
    registered: joinStatus === "REGISTER" ? "Yes" : "No",
    invited: joinStatus === "INVITE" ? "Yes" : "No",
    company: person.company,
    title: person.title,
    phone,
    phoneNumber: phone,
    ipAddress: "192.0.2.77",
    clientAgent: "WINDOWS",
    participantType: part === "host" ? "HOST" : "ATTENDEE",
    attendeeType: part === "prospect" || part === "attendee" ? "PROSPECT" : "SALESTEAM",
    voipDuration: call === "voip" ? minutes : 0,
    account: metaData(past, "account"),
    opportunity: metaData(past, "opportunity"),
  };
}

function minutesOf(from: number, to: number): number {
  return Math.round((to - from) / 60_000);
}
