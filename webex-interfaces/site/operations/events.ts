import { type Call, inDateScope, isAsked, ordered, page } from "../call.ts";
import { type RecordingRow, recordingsOf } from "../recordings.ts";
import { Refusal } from "../refusals.ts";
import type { Tree } from "../schema.ts";
import { attendeesOf, isHost } from "../sessions.ts";
import type { SessionRow } from "../tables.ts";
import { text } from "../trees.ts";
import { changesOwn, documented, inSchema, readsPublic, type Service } from "./operation.ts";
import { events as eventSessions } from "./sessions.ts";

interface ProgramRow {
  readonly program_id: number;
  readonly host_id: number;
  readonly name: string;
  readonly listing: string;
  readonly settings: string;
}

export const events: Service = {
  binding: "event",
  prefix: "event",
  operations: {
    ...eventSessions,
    lstrecordedEvent: documented(readsPublic, (call) => {
      const { site, request } = call;
      const found = recordingsOf(site, ["EC"])
        .filter((row) => call.maySee(row.host_id, row.listing === "PUBLIC"))
        .filter((row) => isAsked(request.hostWebExID, site.userById(row.host_id).web_ex_id))
        .filter((row) => isAsked(request.programID, text(JSON.parse(row.settings), "programID") ?? ""))
        .filter((row) => inDateScope(call, row.created_at, row.created_at + row.seconds * 1_000));
      const columns = {
        STARTTIME: (row: RecordingRow) => row.created_at,
        EVENTNAME: (row: RecordingRow) => row.name.toLowerCase(),
        HOSTWEBEXID: (row: RecordingRow) => site.userById(row.host_id).web_ex_id,
      };
      const sorted = ordered(request, found, columns);
      // The answer has the recordings of one host together.
      return page(request, [...new Set(sorted.map(({ host_id }) => host_id))], "event", (host) => ({
        webExID: site.userById(host).web_ex_id,
        recordedEvent: sorted.filter(({ host_id }) => host_id === host).map((row) => recordedTree(call, row)),
      }));
    }),
    lstsummaryProgram: inSchema(readsPublic, (call) => {
      const { site, request } = call;
      const found = site
        .all<ProgramRow>("SELECT * FROM programs ORDER BY program_id")
        .filter(
          (row) => isAsked(request.programID, row.program_id) && call.maySee(row.host_id, row.listing === "PUBLIC"),
        );
      const columns = {
        PROGRAMNAME: (row: ProgramRow) => row.name.toLowerCase(),
        HOSTWEBEXID: (row: ProgramRow) => site.userById(row.host_id).web_ex_id,
      };
      return page(request, ordered(request, found, columns), "program", (row) => ({
        ...(JSON.parse(row.settings) as Tree),
        programID: row.program_id,
        programName: row.name,
        hostWebExID: site.userById(row.host_id).web_ex_id,
        status: row.listing,
        programURL: site.url("program.php", { PI: row.program_id }),
      }));
    }),
    sendInvitationEmail: inSchema(changesOwn, (call) => {
      const session = ownEvent(call);
      const wanted = { attendee: call.request.attendees === true, panelist: call.request.panelists === true };
      const people = attendeesOf(call.site, session).filter(({ part }) => wanted[part as keyof typeof wanted]);
      for (const { email } of people) call.site.mail(email, `invited: ${session.name}`);
      return { deliveredEmail: people.map(({ email }) => email) };
    }),
    uploadEventImage: inSchema(changesOwn, (call) => {
      const session = ownEvent(call);
      const values = [
        `event-${call.request.imageType}`,
        String(session.session_key),
        String(call.request.imageData),
      ] as const;
      call.site.run("INSERT OR REPLACE INTO images (kind, owner, data) VALUES (?, ?, ?)", ...values);
      return {};
    }),
  },
};

function ownEvent(call: Call): SessionRow {
  const session = call.site.session(call.request.sessionKey, ["EC"]);
  if (!call.owns(session.host_id) && !isHost(call.site, session, call.user)) throw new Refusal("notOwn");
  return session;
}

function recordedTree(call: Call, row: RecordingRow): Tree {
  const { site } = call;
  const host = site.userById(row.host_id);
  return {
    eventName: row.name,
    eventType: row.listing,
    recordingStartTime: site.time(row.created_at, host.time_zone),
    timeZoneID: host.time_zone,
    playTime: row.seconds,
    description: text(JSON.parse(row.settings), "basic", "agenda"),
    destinationURL: site.url("r.php", { RC: row.recording_id }),
    size: Math.ceil(row.megabytes),
    isAccessPassword: row.password !== "",
    isEnrollmentPassword: false,
    hostWebExID: host.web_ex_id,
    viewURL: site.url("r.php", { RC: row.recording_id, VIEW: 1 }),
  };
}
