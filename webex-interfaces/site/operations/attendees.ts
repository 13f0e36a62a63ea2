import { type Call, isAsked, ordered, page } from "../call.ts";
import { Refusal } from "../refusals.ts";
import type { Tree, Value } from "../schema.ts";
import { attendeesOf, isHost, partOf, personTree, roleOf, savePerson } from "../sessions.ts";
import type { AttendeeRow, SessionRow } from "../tables.ts";
import { group, groups, list, text } from "../trees.ts";
import { changesOwn, documented, inSchema, readsOwn, type Service } from "./operation.ts";

/** People of one request (API 42.1). */
const MOST_AT_ONCE = 50;

export const attendees: Service = {
  binding: "attendee",
  prefix: "att",
  operations: {
    createMeetingAttendee: documented(changesOwn, (call) => {
      const people = [call.request, ...groups(call.request, "attendees")].filter(({ person }) => person !== undefined);
      if (people.length === 0) throw new Refusal("invalid", "createMeetingAttendee.person is required");
      return added(call, people, keyOf(call.request));
    }),
    registerMeetingAttendee: inSchema(changesOwn, (call) => {
      const registering = groups(call.request, "attendees").map((each) => ({ ...each, joinStatus: "REGISTER" }));
      return added(call, registering);
    }),
    lstMeetingAttendee: inSchema(readsOwn, (call) => {
      const { site, request } = call;
      const session = sessionOf(call, request);
      const found = attendeesOf(site, session).filter(({ join_status }) => isAsked(request.joinStatus, join_status));
      const columns = {
        ATTENDEEID: (row: AttendeeRow) => row.attendee_id,
        ATTENDEENAME: (row: AttendeeRow) => row.name.toLowerCase(),
        ATTENDEETYPE: (row: AttendeeRow) => row.part,
        JOINSTATUS: (row: AttendeeRow) => row.join_status,
        EMAIL: (row: AttendeeRow) => row.email.toLowerCase(),
      };
      return page(request, ordered(request, found, columns), "attendee", (row) => attendeeTree(session, row));
    }),
    delMeetingAttendee: inSchema(changesOwn, (call) => {
      const { site, request } = call;
      const byId = list(request, "attendeeID").map((id) =>
        site.one<AttendeeRow>("SELECT * FROM attendees WHERE attendee_id = ?", Number(id)),
      );
      const byEmail = groups(request, "attendeeEmail").map(({ email, sessionKey }) =>
        attendeesOf(site, site.session(sessionKey)).find((each) => isAsked(email, each.email)),
      );
      for (const attendee of [...byId, ...byEmail]) {
        if (!attendee) throw new Refusal("noRecord");
        ownSession(call, site.session(attendee.session_key));
        site.run("DELETE FROM attendees WHERE attendee_id = ?", attendee.attendee_id);
        if (request.sendEmail === true) site.mail(attendee.email, "no longer invited");
      }
      return {};
    }),
    getEnrollmentInfo: inSchema(readsOwn, (call) => {
      const session = sessionOf(call, call.request);
      const enrolled = attendeesOf(call.site, session).filter(({ register_id }) => register_id !== null);
      if (enrolled.length === 0) throw new Refusal("noRecord");
      return {
        session: [
          {
            confID: session.conf_id,
            attendee: enrolled.map((row) => enrolledTree(call, session, row)),
            matchingRecords: { total: enrolled.length, returned: enrolled.length, startFrom: 1 },
            sessionKey: session.session_key,
          },
        ],
      };
    }),
  },
};

/** Each attendee may name its own session; for the others it is the request's, or else the first that is named. */
function added(call: Call, given: readonly Tree[], asked?: Value): Tree {
  if (given.length > MOST_AT_ONCE) throw new Refusal("tooManyAttendees");
  const usual = asked ?? given.map(keyOf).find((key) => key !== undefined);
  const rows = given.map((each) => {
    const session = sessionOf(call, { sessionKey: keyOf(each) ?? usual, confID: each.confID });
    const part = partOf(session, each.role, session.service === "AO" ? "full" : "attendee");
    const joinStatus = text(each, "joinStatus") ?? "INVITE";
    const id = savePerson(call.site, session, part, group(each, "person"), joinStatus);
    return call.site.one<AttendeeRow>("SELECT * FROM attendees WHERE attendee_id = ?", id) as AttendeeRow;
  });
  return {
    attendeeId: rows.map(({ attendee_id }) => attendee_id),
    register: rows.flatMap(({ attendee_id: attendeeID, register_id: registerID }) =>
      registerID === null ? [] : [{ attendeeID, registerID }],
    ),
  };
}

function keyOf({ meetingKey, sessionKey }: Tree) {
  return sessionKey ?? meetingKey;
}

function sessionOf(call: Call, request: Tree): SessionRow {
  const { confID } = request;
  const key = keyOf(request);
  if (key === undefined && confID === undefined)
    throw new Refusal("invalid", "sessionKey, meetingKey or confID is required");
  const byConference = call.site.one<SessionRow>("SELECT * FROM sessions WHERE conf_id = ?", Number(confID ?? 0));
  return ownSession(call, key === undefined && byConference ? byConference : call.site.session(key));
}

function ownSession(call: Call, session: SessionRow): SessionRow {
  if (!call.owns(session.host_id) && !isHost(call.site, session, call.user)) throw new Refusal("notOwn");
  return session;
}

function attendeeTree(session: SessionRow, row: AttendeeRow): Tree {
  const status = row.join_status;
  return {
    person: personTree(row),
    joinStatus: status,
    meetingKey: session.session_key,
    sessionKey: session.session_key,
    role: roleOf(row),
    attendeeId: row.attendee_id,
    confID: session.conf_id,
    status: {
      invited: status === "INVITE",
      registered: row.register_id !== null,
      rejected: status === "REJECT",
      accepted: status === "ACCEPT",
    },
    ...(row.register_id !== null && { registerID: row.register_id }),
  };
}

function enrolledTree(call: Call, session: SessionRow, row: AttendeeRow): Tree {
  const person: Tree = JSON.parse(row.person);
  const [firstName = "", ...rest] = row.name.split(" ");
  const known = { firstName, lastName: rest.join(" "), email: row.email, company: person.company, title: person.title };
  return {
    attendeeID: row.attendee_id,
    enrollFields: { defaultFields: { ...known, ...group(person, "phones"), ...group(person, "address") } },
    submitTime: call.site.time(row.enrolled_at ?? 0, session.time_zone),
    status: row.enrolled ?? "PENDING",
  };
}
