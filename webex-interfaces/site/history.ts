import type { Values } from "../wire/codec.ts";
import { isWithin, listed, type XmlCall } from "./call.ts";
import { emailOf, fullName, nameOf, siteZone } from "./site.ts";
import type { ServiceCode, Things } from "./store.ts";
import { localTime, zoneOf } from "./times.ts";
import { at, group, text } from "./values.ts";

type Past = Things["past"];
type PastPerson = Past["people"][number];

const history =
  (kinds: readonly ServiceCode[], rows: (call: XmlCall, past: Past) => readonly Values[]) =>
  (call: XmlCall): Values => {
    const made = found(call, kinds).flatMap((past) => rows(call, past));
    return listed(call, made, (row) => row);
  };
const sessions = (...kinds: ServiceCode[]) => history(kinds, (call, past) => [sessionOf(call, past)]);
const attendees = (...kinds: ServiceCode[]) =>
  history(kinds, (call, past) => past.people.map((one) => attendeeOf(call, past, one)));

export const historyHandlers = {
  lstmeetingusageHistory: sessions("MC", "AO"),
  lsttrainingsessionHistory: sessions("TC"),
  lsteventsessionHistory: sessions("EC"),
  lstsupportsessionHistory: sessions("SC"),
  lstsalessessionHistory: sessions("SaC"),
  lstmeetingattendeeHistory: attendees("MC", "AO"),
  lsttrainingattendeeHistory: attendees("TC"),
  lsteventattendeeHistory: attendees("EC"),
  lstsupportattendeeHistory: attendees("SC"),
  lstsalesattendeeHistory: attendees("SaC"),
  lstrecordaccessHistory: (call: XmlCall): Values => {
    const { site, request } = call;
    const zone = request.timeZoneID ?? siteZone;
    const isIn = (scope: string, prefix: string, moment: number) =>
      isWithin(group(request, scope), prefix, moment, zone);
    const found = site.store
      .all("recording")
      .filter(({ hostId }) => call.owns(hostId))
      .filter(({ createdAt }) => isIn("creationTimeScope", "creationTime", createdAt))
      .filter(({ views }) => views.some((view) => isIn("viewTimeScope", "viewTime", view.at)));
    const make = ({ key, name, createdAt, views, hostId }: Things["recording"]) => ({
      recordID: String(key),
      recordName: name,
      hostWebExID: nameOf(site.user(hostId)),
      uploadTime: createdAt,
      creationTime: localTime(createdAt, zone),
      registered: 0,
      downloaded: views.reduce((sum, { downloaded }) => sum + downloaded, 0),
      viewed: views.length,
      timeZoneID: Number(zone),
    });
    return listed(call, found, make);
  },
};

function found(call: XmlCall, kinds: readonly ServiceCode[]): readonly Past[] {
  const { site, request } = call;
  const isIn = (scope: string, prefix: string, moment: number) =>
    isWithin(group(request, scope), prefix, moment, request.timeZoneID);
  return site.store
    .all("past")
    .filter(({ service }) => kinds.includes(service) && (service !== "AO" || request.inclAudioOnly === true))
    .filter(({ hostId }) => call.owns(hostId))
    .filter(({ startedAt }) => isIn("startTimeScope", "sessionStartTime", startedAt))
    .filter(({ endedAt }) => isIn("endTimeScope", "sessionEndTime", endedAt));
}

function countOf({ people }: Past, status: string): number {
  return people.filter(({ joinStatus }) => joinStatus === status).length;
}

/** Returns a past session, with the field names of all services. */
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
    ...group(past.settings, "metaData"),
    confID: String(past.key),
    sessionKey: String(past.sessionKey),
    meetingKey: String(past.sessionKey),
    confName: past.name,
    startTime: start,
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
    // The training schema spells it like this.
    totalCallInTolllfreeMinutes: minutes("toll-free"),
    totalCallOutDomestic: minutes("call-out"),
    totalCallOutInternational: minutes("call-out-international"),
    totalVoipMinutes: minutes("voip"),
    peakAttendee: people.length,
  };
}

function attendeeOf(call: XmlCall, past: Past, one: PastPerson): Values {
  const zone = call.request.timeZoneID ?? siteZone;
  const { person, name, email, joinedAt, leftAt, joinStatus, part } = one;
  const address = group(person, "address");
  const [joined, left] = [localTime(joinedAt, zone), localTime(leftAt, zone)];
  const minutes = minutesOf(joinedAt, leftAt);
  const phone = text(person, "phones", "phone");
  const isTextual = ["MC", "AO", "SaC"].includes(past.service);
  return {
    ...sessionOf(call, past),
    ...address,
    zip: address.zipCode,
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
    voipDuration: one.call === "voip" ? minutes : 0,
  };
}

function minutesOf(from: number, to: number): number {
  return Math.round((to - from) / 60_000);
}
