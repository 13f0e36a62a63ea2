import { type Call, hasText, isAsked, ordered, page, within } from "../call.ts";
import { Refusal } from "../refusals.ts";
import type { Tree, Value } from "../schema.ts";
import type { ServiceCode } from "../tables.ts";
import { at, group, text } from "../trees.ts";
import { documented, inSchema, type Operation, readsOwn, type Service } from "./operation.ts";

interface HistoryRow {
  readonly conf_id: number;
  readonly session_key: number;
  readonly service: ServiceCode;
  readonly name: string;
  readonly type: number;
  readonly host_id: number;
  readonly host_web_ex_id: string;
  readonly host_name: string;
  readonly host_email: string;
  readonly started_at: number;
  readonly ended_at: number;
  readonly time_zone: number;
  readonly invited: number;
  readonly registered: number;
  readonly settings: string;
}
interface PastAttendeeRow {
  readonly id: number;
  readonly conf_id: number;
  readonly part: string;
  readonly name: string;
  readonly email: string;
  readonly join_status: string;
  readonly joined_at: number;
  readonly left_at: number;
  /** How the audio was: `call-in`, `toll-free`, `call-out`, `call-out-international`, `voip` or `none`. */
  readonly call: string;
  readonly person: string;
}

export const history: Service = {
  binding: "history",
  prefix: "history",
  operations: {
    lstmeetingusageHistory: documented(readsOwn, sessionsOf(["MC", "AO"], "meetingUsageHistory")),
    lsttrainingsessionHistory: documented(readsOwn, sessionsOf(["TC"], "trainingSessionHistory")),
    lsteventsessionHistory: documented(readsOwn, sessionsOf(["EC"], "eventSessionHistory")),
    lstsupportsessionHistory: documented(readsOwn, sessionsOf(["SC"], "supportSessionHistory")),
    lstsalessessionHistory: documented(readsOwn, sessionsOf(["SaC"], "salesSessionHistory"), "lstsalesSessionHistory"),
    lstmeetingattendeeHistory: documented(readsOwn, attendeesOf(["MC", "AO"], "meetingAttendeeHistory")),
    lsttrainingattendeeHistory: documented(readsOwn, attendeesOf(["TC"], "trainingAttendeeHistory")),
    lsteventattendeeHistory: documented(readsOwn, attendeesOf(["EC"], "eventAttendeeHistory")),
    lstsupportattendeeHistory: documented(readsOwn, attendeesOf(["SC"], "supportAttendeeHistory")),
    lstsalesattendeeHistory: documented(
      readsOwn,
      attendeesOf(["SaC"], "salesAttendeeHistory"),
      "lstsalesAttendeeHistory",
    ),
    lstrecordaccessHistory: documented(readsOwn, recordAccess),
    lstrecordaccessDetailHistory: inSchema(readsOwn, recordAccessDetail),
  },
};

function sessionsOf(services: readonly ServiceCode[], element: string): Operation["run"] {
  return (call) => {
    const found = past(call, services);
    const columns = {
      STARTTIME: (row: HistoryRow) => row.started_at,
      SESSIONSTARTTIME: (row: HistoryRow) => row.started_at,
      CONFNAME: (row: HistoryRow) => row.name.toLowerCase(),
      CONFID: (row: HistoryRow) => row.conf_id,
      HOSTNAME: (row: HistoryRow) => row.host_name.toLowerCase(),
      TOTALINVITED: (row: HistoryRow) => row.invited,
      TOTALREGISTERED: (row: HistoryRow) => row.registered,
      TOTALATTENDEE: (row: HistoryRow) => peopleOf(call, row).length,
    };
    return page(call.request, ordered(call.request, found, columns), element, (row) => sessionTree(call, row));
  };
}

function attendeesOf(services: readonly ServiceCode[], element: string): Operation["run"] {
  return (call) => {
    const found = past(call, services).flatMap((session) => peopleOf(call, session).map((row) => ({ session, row })));
    type Pair = (typeof found)[number];
    const columns = {
      STARTTIME: ({ row }: Pair) => row.joined_at,
      NAME: ({ row }: Pair) => row.name.toLowerCase(),
      ATTENDEENAME: ({ row }: Pair) => row.name.toLowerCase(),
      CONFID: ({ row }: Pair) => row.conf_id,
      SESSIONKEY: ({ session }: Pair) => session.session_key,
      COMPANY: ({ row }: Pair) => text(JSON.parse(row.person), "company") ?? "",
    };
    const sorted = ordered(call.request, found, columns);
    return page(call.request, sorted, element, ({ session, row }) => attendeeTree(call, session, row));
  };
}

function past(call: Call, services: readonly ServiceCode[]): HistoryRow[] {
  const { site, request } = call;
  const { meetingKey, sessionKey, confID, confName, hostWebExID, inclAudioOnly, timeZoneID } = request;
  const fits = (scope: string, at: number) =>
    within(
      site,
      group(request, `${scope}Scope`),
      scope === "startTime" ? "sessionStartTime" : "sessionEndTime",
      at,
      timeZoneID,
    );
  return site
    .all<HistoryRow>("SELECT * FROM history_sessions ORDER BY started_at")
    .filter((row) => services.includes(row.service) && (row.service !== "AO" || inclAudioOnly === true))
    .filter((row) => call.owns(row.host_id))
    .filter((row) => isAsked(meetingKey ?? sessionKey, row.session_key) && isAsked(confID, row.conf_id))
    .filter((row) => hasText(confName, row.name) && isAsked(hostWebExID, row.host_web_ex_id))
    .filter((row) => fits("startTime", row.started_at) && fits("endTime", row.ended_at))
    .filter((row) => ["account", "opportunity"].every((word) => isAsked(request[word], setting(row, word) ?? "")));
}

function peopleOf(call: Call, { conf_id }: HistoryRow): PastAttendeeRow[] {
  return call.site.all<PastAttendeeRow>("SELECT * FROM history_attendees WHERE conf_id = ? ORDER BY id", conf_id);
}

function setting(row: HistoryRow, word: string): string | undefined {
  return text(JSON.parse(row.settings), "metaData", word);
}

/** Under the names that all services use. */
function sessionTree(call: Call, row: HistoryRow): Tree {
  const people = peopleOf(call, row);
  const minutes = (...calls: string[]) =>
    people
      .filter(({ call }) => calls.length === 0 || calls.includes(call))
      .reduce((sum, { joined_at, left_at }) => sum + minutesOf(joined_at, left_at), 0);
  const heads = (...calls: string[]) => people.filter(({ call }) => calls.includes(call)).length;
  const zone = zoneOf(call, row);
  const start = call.site.time(row.started_at, zone);
  const end = call.site.time(row.ended_at, zone);
  const isNamedZone = ["MC", "AO", "SaC"].includes(row.service);
  return {
    confID: row.conf_id,
    sessionKey: row.session_key,
    confName: row.name,
    sessionStartTime: start,
    meetingStartTime: start,
    sessionEndTime: end,
    meetingEndTime: end,
    duration: minutesOf(row.started_at, row.ended_at),
    timezone: isNamedZone ? call.site.zone(zone).name : zone,
    trackingCode: at(JSON.parse(row.settings), "tracking"),
    meetingType: String(row.type),
    userID: row.host_id,
    hostWebExID: row.host_web_ex_id,
    hostName: row.host_name,
    hostEmail: row.host_email,
    totalInvited: row.invited,
    totalRegistered: row.registered,
    totalAttendee: people.length,
    totalParticipants: people.length,
    totalParticipantsVoip: heads("voip"),
    totalParticipantsCallIn: heads("call-in", "toll-free"),
    totalParticipantsCallOut: heads("call-out", "call-out-international"),
    totalPeopleMinutes: minutes(),
    totalCallInMinutes: minutes("call-in"),
    totalCallInTollfreeMinutes: minutes("toll-free"),
    totalCallInTolllfreeMinutes: minutes("toll-free"), // As the schema of training spells it.
    totalCallOutDomestic: minutes("call-out"),
    totalCallOutInternational: minutes("call-out-international"),
    totalVoipMinutes: minutes("voip"),
    peakAttendee: people.length,
    account: setting(row, "account"),
    opportunity: setting(row, "opportunity"),
  };
}

function attendeeTree(call: Call, session: HistoryRow, row: PastAttendeeRow): Tree {
  const zone = zoneOf(call, session);
  const person: Tree = JSON.parse(row.person);
  const address = group(person, "address");
  const [joined, left] = [call.site.time(row.joined_at, zone), call.site.time(row.left_at, zone)];
  const duration = minutesOf(row.joined_at, row.left_at);
  const phone = text(person, "phones", "phone");
  return {
    ...address,
    zip: address.zipCode,
    meetingKey: session.session_key,
    sessionKey: session.session_key,
    confID: session.conf_id,
    confName: session.name,
    name: row.name,
    attendeeName: row.name,
    email: row.email,
    attendeeEmail: row.email,
    joinTime: joined,
    startTime: joined,
    leaveTime: left,
    endTime: left,
    duration,
    registered: row.join_status === "REGISTER" ? "Yes" : "No",
    invited: row.join_status === "INVITE" ? "Yes" : "No",
    company: person.company,
    title: person.title,
    phone,
    phoneNumber: phone,
    ipAddress: "192.0.2.77",
    clientAgent: "WINDOWS",
    participantType: row.part === "host" ? "HOST" : "ATTENDEE",
    attendeeType: row.part === "prospect" || row.part === "attendee" ? "PROSPECT" : "SALESTEAM",
    voipDuration: row.call === "voip" ? duration : 0,
    account: setting(session, "account"),
    opportunity: setting(session, "opportunity"),
  };
}

function zoneOf(call: Call, row: HistoryRow): number {
  return call.site.zone((call.request.timeZoneID as Value | undefined) ?? row.time_zone).id;
}

function minutesOf(from: number, to: number): number {
  return Math.round((to - from) / 60_000);
}

interface RecordingUse {
  readonly recording_id: number;
  readonly host_id: number;
  readonly host: string;
  readonly name: string;
  readonly created_at: number;
  readonly registered: number;
  readonly downloaded: number;
  readonly viewed: number;
  readonly last: number;
}

function recordAccess(call: Call): Tree {
  const { site, request } = call;
  const zone = site.zone(request.timeZoneID).id;
  const found = site
    .all<RecordingUse>(
      `SELECT r.recording_id, r.host_id, u.web_ex_id AS host, r.name, r.created_at, sum(v.registered) AS registered,
         sum(v.downloaded) AS downloaded, sum(v.viewed) AS viewed, max(v.at) AS last
       FROM recordings r JOIN users u ON u.user_id = r.host_id JOIN recording_views v ON v.recording_id = r.recording_id
       GROUP BY r.recording_id`,
    )
    .filter(
      (row) =>
        call.owns(row.host_id) && isAsked(request.hostWebExID, row.host) && hasText(request.recordName, row.name),
    )
    .filter((row) => within(site, group(request, "creationTimeScope"), "creationTime", row.created_at, zone))
    .filter((row) => within(site, group(request, "viewTimeScope"), "viewTime", row.last, zone));
  const columns = {
    RECORDID: (row: RecordingUse) => row.recording_id,
    UPLOADTIME: (row: RecordingUse) => row.created_at,
    RECORDNAME: (row: RecordingUse) => row.name.toLowerCase(),
  };
  return page(request, ordered(request, found, columns), "recordAccessHistory", (row) => ({
    recordID: row.recording_id,
    recordName: row.name,
    creationTime: site.time(row.created_at, zone),
    registered: row.registered,
    downloaded: row.downloaded,
    viewed: row.viewed,
    timeZoneID: zone,
  }));
}

function recordAccessDetail(call: Call): Tree {
  const { site, request } = call;
  const zone = site.zone(request.timeZoneID).id;
  const recording = site.one<{ host_id: number }>(
    "SELECT host_id FROM recordings WHERE recording_id = ?",
    Number(request.recordID),
  );
  if (!recording) throw new Refusal("noRecord");
  call.mustOwn(recording.host_id);
  type View = {
    view_id: number;
    name: string;
    email: string;
    at: number;
    registered: number;
    downloaded: number;
    viewed: number;
  };
  const views = site.all<View>(
    "SELECT * FROM recording_views WHERE recording_id = ? ORDER BY view_id",
    Number(request.recordID),
  );
  return page(request, views, "recordDetail", (view) => ({
    viewID: view.view_id,
    participantName: view.name,
    participantEmail: view.email,
    accessTime: site.time(view.at, zone),
    registered: view.registered === 1,
    downloaded: view.downloaded === 1,
    viewed: view.viewed === 1,
    timeZoneID: zone,
  }));
}
