import { meetingAssist, orderBy, participantType, pso, tracking } from "./common.ts";
import { digits, fields, flag, group, list, listControl, listOp, service, text, whole, word } from "./schema.ts";

const endTimeScope = group(fields("sessionEndTimeStart:time! sessionEndTimeEnd:time!"));

const startTimeScope = group(fields("sessionStartTimeStart:time! sessionStartTimeEnd:time!"));

const meetingAttendeeSearch = {
  meetingKey: digits,
  order: orderBy("CONFID STARTTIME COMPANY COUNTRY STATE CITY"),
  startTimeScope,
  confName: text,
  listControl,
  confID: digits,
  endTimeScope,
  inclAudioOnly: flag,
} as const;

const usageFields = {
  ...fields("sessionKey:digits confName meetingStartTime:time meetingEndTime:time duration:whole timezone"),
  trackingCode: tracking,
  ...fields(
    "meetingType hostWebExID hostName hostEmail totalCallInMinutes:whole totalPeopleMinutes:whole",
    "totalCallInTollfreeMinutes:whole totalCallOutDomestic:whole totalCallOutInternational:whole",
    "totalVoipMinutes:whole userID:digits totalParticipants:whole totalParticipantsVoip:whole",
    "totalParticipantsCallIn:whole totalParticipantsCallOut:whole confID:digits peakAttendee:whole",
  ),
  assistService: meetingAssist,
} as const;

const attendanceFields = {
  ...fields(
    "attendeeName attendeeEmail startTime:time endTime:time duration:whole registered invited company",
    "title phone address1 address2 city state country zip ipAddress",
  ),
  participantType,
  ...fields("voipDuration:whole clientAgent confID:digits"),
} as const;

const meetingAttendanceFields = {
  ...fields(
    "ipAddress clientAgent company title phoneNumber address1 address2 city state country zipCode name",
    "email joinTime:time leaveTime:time duration",
  ),
  participantType,
  ...fields("voipDuration:whole confID:digits"),
} as const;

const meetingHistorySearchFields = {
  listControl,
  order: orderBy("CONFNAME STARTTIME TOTALATTENDEE HOSTNAME ASSISTREQUEST ASSISTCONFIRM"),
  ...fields("confName meetingKey:digits"),
  startTimeScope,
  hostWebExID: text,
  endTimeScope,
  ...fields("confID:digits inclAudioOnly:flag timeZoneID:whole"),
} as const;

/** Operations for past sessions and their attendees. */
export const historyOperations = service("history", "history", {
  lsteventsessionHistory: listOp(
    "eventSessionHistory",
    {
      ...fields("hostWebExID confName"),
      startTimeScope,
      listControl,
      order: orderBy("CONFID STARTTIME CONFNAME ASSISTREQUEST ASSISTCONFIRM"),
      endTimeScope,
      ...fields("sessionKey:digits confID:digits timeZoneID:whole"),
    },
    {
      ...fields(
        "confID:digits sessionKey:digits confName sessionStartTime:time sessionEndTime:time duration:whole",
        "timezone:whole",
      ),
      trackingCode: tracking,
      ...fields(
        "meetingType userID:digits hostWebExID hostName hostEmail totalPeopleMinutes:whole",
        "totalCallInMinutes:whole totalCallInTollfreeMinutes:whole totalCallOutDomestic:whole",
        "totalCallOutInternational:whole totalVoipMinutes:whole totalParticipants:whole",
        "totalParticipantsVoip:whole totalParticipantsCallIn:whole totalParticipantsCallOut:whole",
      ),
      source: group(fields("leadSourceID! count:whole! avgLeadScore:decimal!")),
      peakAttendee: whole,
      assistService: meetingAssist,
    },
  ),
  lstsalessessionHistory: listOp(
    "salesSessionHistory",
    { ...meetingHistorySearchFields, ...fields("account opportunity") },
    { ...usageFields, ...fields("account opportunity") },
  ),
  lstsupportsessionHistory: listOp(
    "supportSessionHistory",
    {
      ...fields("sessionKey:digits hostWebExID"),
      startTimeScope,
      listControl,
      order: orderBy("CONFID SESSIONSTARTTIME CONFNAME"),
      endTimeScope,
      ...fields("confID:digits timeZoneID:whole"),
    },
    {
      ...fields(
        "sessionKey:digits confName sessionStartTime:time sessionEndTime:time duration:whole timezone:whole",
        "meetingType hostWebExID hostName hostEmail totalPeopleMinutes:whole confID:digits peakAttendee:whole",
      ),
      trackingCode: tracking,
    },
  ),
  lsttrainingsessionHistory: listOp(
    "trainingSessionHistory",
    {
      ...fields("sessionKey:digits confName"),
      startTimeScope,
      listControl,
      order: orderBy("CONFNAME STARTTIME TOTALINVITED TOTALREGISTERED TOTALATTENDEE ASSISTREQUEST ASSISTCONFIRM"),
      hostWebExID: text,
      endTimeScope,
      ...fields("confID:digits timeZoneID:whole returnPSOFields:flag"),
      psoFields: pso,
    },
    {
      ...fields(
        "sessionKey:digits confName sessionStartTime:time sessionEndTime:time duration:whole",
        "totalAttendee:whole totalRegistered:whole totalInvited:whole timezone:whole",
      ),
      trackingCode: tracking,
      ...fields(
        "userID:digits hostWebExID hostEmail totalPeopleMinutes:whole totalCallInMinutes:whole",
        "totalCallInTolllfreeMinutes:whole totalCallOutDomestic:whole totalCallOutInternational:whole",
        "totalVoipMinutes:whole totalParticipants:whole totalParticipantsVoip:whole",
        "totalParticipantsCallIn:whole totalParticipantsCallOut:whole confID:digits peakAttendee:whole",
      ),
      psoFields: pso,
      assistService: meetingAssist,
    },
  ),
  lsteventattendeeHistory: listOp(
    "eventAttendeeHistory",
    {
      listControl,
      order: orderBy("STARTTIME ATTENDEENAME SESSIONKEY CONFID"),
      startTimeScope,
      endTimeScope,
      ...fields("sessionKey:digits confName confID:digits attendeeStats:flag"),
    },
    {
      sessionKey: digits,
      ...attendanceFields,
      ...fields("leadSourceID leadScore:decimal"),
      regQandA: list(group(fields("regQ! regA!"))),
    },
  ),
  lstmeetingattendeeHistory: listOp("meetingAttendeeHistory", meetingAttendeeSearch, {
    ...fields("meetingKey:digits confName"),
    ...meetingAttendanceFields,
  }),
  lstsalesattendeeHistory: listOp(
    "salesAttendeeHistory",
    { ...meetingAttendeeSearch, timeZoneID: whole },
    {
      ...fields("meetingKey:digits confName"),
      ...meetingAttendanceFields,
      ...fields("account opportunity"),
      attendeeType: word("PROSPECT SALESTEAM"),
    },
  ),
  lstsupportattendeeHistory: listOp(
    "supportAttendeeHistory",
    {
      sessionKey: digits,
      listControl,
      order: orderBy("ATTENDEENAME STARTTIME SESSIONKEY CONFID"),
      startTimeScope,
      endTimeScope,
      confID: digits,
    },
    {
      ...fields(
        "sessionKey:digits attendeeName attendeeEmail startTime:time endTime:time duration:whole company",
        "phone ipAddress",
      ),
      participantType,
      ...fields("clientAgent confID:digits"),
    },
  ),
  lsttrainingattendeeHistory: listOp(
    "trainingAttendeeHistory",
    {
      sessionKey: digits,
      order: orderBy("NAME STARTTIME COMPANY COUNTRY STATE CITY CONFID"),
      startTimeScope,
      confName: text,
      listControl,
      confID: digits,
      endTimeScope,
      timeZoneID: whole,
    },
    { ...fields("sessionKey:digits confName"), ...attendanceFields },
  ),
  lstmeetingusageHistory: listOp("meetingUsageHistory", { ...meetingHistorySearchFields }, { ...usageFields }),
  lstrecordaccessHistory: listOp(
    "recordAccessHistory",
    {
      creationTimeScope: group(fields("creationTimeStart:time! creationTimeEnd:time!")),
      viewTimeScope: group(fields("viewTimeStart:time! viewTimeEnd:time!")),
      order: orderBy("RECORDID UPLOADTIME RECORDNAME"),
      listControl,
      ...fields("timeZoneID:whole recordName hostWebExID"),
    },
    fields(
      "recordID:digits recordName creationTime:time registered:whole downloaded:whole viewed:whole",
      "timeZoneID:whole",
    ),
  ),
});
