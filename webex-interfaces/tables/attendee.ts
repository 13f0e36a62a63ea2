import { attendee, joinStatus, orderBy, personFields, role } from "./common.ts";
import {
  digits,
  each,
  flag,
  group,
  list,
  listControl,
  listOp,
  need,
  op,
  service,
  text,
  texts,
  whole,
  wholes,
} from "./schema.ts";

/** Those invited to a session, and those registered for one. */
export const attendeeOperations = service("attendee", "att", {
  createMeetingAttendee: op(
    {
      // One attendee, or several in `attendees`.
      person: group(personFields),
      contactID: digits,
      joinStatus,
      meetingKey: digits,
      sessionKey: digits,
      language: text,
      role,
      emailInvitations: flag,
      locale: text,
      ...wholes("timeZoneID languageID"),
      attendees: list(attendee),
      validateFormat: flag,
    },
    { attendeeId: list(digits), register: list(group({ attendeeID: need(digits), registerID: need(digits) })) },
  ),
  lstMeetingAttendee: listOp(
    "attendee",
    {
      listControl,
      order: orderBy(
        "CONFID ATTENDEEID ATTENDEETYPE ATTENDEENAME ATTENDEEWEBEXID JOINSTATUS EMAIL PHONE MOBILE FAX",
        "COMPANY TITLE URL ADDRESS1 ADDRESS2 CITY STATE ZIPCODE COUNTRY NOTES ADDRESSTYPE",
      ),
      meetingKey: digits,
      sessionKey: digits,
      joinStatus,
      confID: digits,
      inclHistory: flag,
    },
    {
      person: need(group(personFields)),
      contactID: digits,
      joinStatus,
      meetingKey: digits,
      sessionKey: digits,
      language: text,
      role,
      emailInvitations: flag,
      locale: text,
      ...wholes("timeZoneID languageID"),
      attendeeId: need(digits),
      confID: digits,
      status: group({ ...each("invited registered rejected accepted", need(flag)) }),
      registerID: digits,
    },
    ["meetingKey", "sessionKey", "confID"],
  ),
  delMeetingAttendee: op(
    {
      attendeeID: list(digits),
      attendeeEmail: list(group({ email: need(text), sessionKey: need(digits) })),
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
              confID: digits,
              emailInvitations: flag,
              ...texts("language locale"),
              timeZoneID: whole,
            },
            ["sessionKey", "confID"],
          ),
        ),
      ),
      validateFormat: flag,
    },
    { register: list(group({ attendeeID: need(digits), registerID: need(digits) })) },
  ),
});
