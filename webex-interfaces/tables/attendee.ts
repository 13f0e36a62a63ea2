import { attendee, invitedFields, joinStatus, orderBy, personFields, role } from "./common.ts";
import { digits, fields, flag, group, list, listControl, listOp, need, op, service } from "./schema.ts";

/** Operations for invited and registered attendees. */
export const attendeeOperations = service("attendee", "att", {
  createMeetingAttendee: op(
    {
      // A request names one attendee, or several in `attendees`.
      person: group(personFields),
      ...invitedFields,
      attendees: list(attendee),
      validateFormat: flag,
    },
    { attendeeId: list(digits), register: list(group(fields("attendeeID:digits! registerID:digits!"))) },
  ),
  lstMeetingAttendee: listOp(
    "attendee",
    {
      listControl,
      order: orderBy(
        "CONFID ATTENDEEID ATTENDEETYPE ATTENDEENAME ATTENDEEWEBEXID JOINSTATUS EMAIL PHONE MOBILE FAX",
        "COMPANY TITLE URL ADDRESS1 ADDRESS2 CITY STATE ZIPCODE COUNTRY NOTES ADDRESSTYPE",
      ),
      ...fields("meetingKey:digits sessionKey:digits"),
      joinStatus,
      ...fields("confID:digits inclHistory:flag"),
    },
    {
      person: need(group(personFields)),
      ...invitedFields,
      ...fields("attendeeId:digits! confID:digits"),
      status: group(fields("invited:flag! registered:flag! rejected:flag! accepted:flag!")),
      registerID: digits,
    },
    ["meetingKey", "sessionKey", "confID"],
  ),
  delMeetingAttendee: op(
    {
      attendeeID: list(digits),
      attendeeEmail: list(group(fields("email! sessionKey:digits!"))),
      sendEmail: flag,
    },
    {},
  ),
  registerMeetingAttendee: op(
    {
      attendees: need(
        list(
          group(
            {
              person: need(group(personFields)),
              joinStatus,
              sessionKey: digits,
              role,
              ...fields("confID:digits emailInvitations:flag language locale timeZoneID:whole"),
            },
            ["sessionKey", "confID"],
          ),
        ),
      ),
      validateFormat: flag,
    },
    { register: list(group(fields("attendeeID:digits! registerID:digits!"))) },
  ),
});
