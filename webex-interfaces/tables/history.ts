import { meetingAssist, orderBy, participantType, pso, tracking } from "./common.ts";
import {
  decimal,
  digits,
  flag,
  group,
  list,
  listControl,
  listOp,
  need,
  service,
  text,
  texts,
  time,
  times,
  whole,
  wholes,
  word,
} from "./schema.ts";

const attendeeOrder = orderBy("CONFID STARTTIME COMPANY COUNTRY STATE CITY");

const startTimeValue = group({ sessionStartTimeStart: need(time), sessionStartTimeEnd: need(time) });

const endTimeScope = group({ sessionEndTimeStart: need(time), sessionEndTimeEnd: need(time) });

const startTimeScope = group({ sessionStartTimeStart: need(time), sessionStartTimeEnd: need(time) });

const usageFields = {
  sessionKey: digits,
  confName: text,
  ...times("meetingStartTime meetingEndTime"),
  duration: whole,
  timezone: text,
  trackingCode: tracking,
  ...texts("meetingType hostWebExID hostName hostEmail"),
  ...wholes(
    "totalCallInMinutes totalPeopleMinutes totalCallInTollfreeMinutes totalCallOutDomestic",
    "totalCallOutInternational totalVoipMinutes",
  ),
  userID: digits,
  ...wholes("totalParticipants totalParticipantsVoip totalParticipantsCallIn totalParticipantsCallOut"),
  confID: digits,
  peakAttendee: whole,
  assistService: meetingAssist,
} as const;

const attendanceFields = {
  ...texts("attendeeName attendeeEmail"),
  ...times("startTime endTime"),
  duration: whole,
  ...texts("registered invited company title phone address1 address2 city state country zip ipAddress"),
  participantType,
  voipDuration: whole,
  clientAgent: text,
  confID: digits,
} as const;

const meetingAttendanceFields = {
  ...texts(
    "ipAddress clientAgent company title phoneNumber address1 address2 city state country zipCode",
    "name email",
  ),
  ...times("joinTime leaveTime"),
  duration: text,
  participantType,
  voipDuration: whole,
  confID: digits,
} as const;

const meetingHistorySearchFields = {
  listControl,
  order: orderBy("CONFNAME STARTTIME TOTALATTENDEE HOSTNAME ASSISTREQUEST ASSISTCONFIRM"),
  confName: text,
  meetingKey: digits,
  startTimeScope,
  hostWebExID: text,
  endTimeScope,
  confID: digits,
  inclAudioOnly: flag,
  timeZoneID: whole,
} as const;

/** What took place: sessions, and who took part in them. */
export const historyOperations = service("history", "history", {
  lsteventsessionHistory: listOp(
    "eventSessionHistory",
    {
      ...texts("hostWebExID confName"),
      startTimeScope: startTimeValue,
      listControl,
      order: orderBy("CONFID STARTTIME CONFNAME ASSISTREQUEST ASSISTCONFIRM"),
      endTimeScope,
      sessionKey: digits,
      confID: digits,
      timeZoneID: whole,
    },
    {
      confID: digits,
      sessionKey: digits,
      confName: text,
      ...times("sessionStartTime sessionEndTime"),
      ...wholes("duration timezone"),
      trackingCode: tracking,
      meetingType: text,
      userID: digits,
      ...texts("hostWebExID hostName hostEmail"),
      ...wholes(
        "totalPeopleMinutes totalCallInMinutes totalCallInTollfreeMinutes totalCallOutDomestic",
        "totalCallOutInternational totalVoipMinutes totalParticipants totalParticipantsVoip",
        "totalParticipantsCallIn totalParticipantsCallOut",
      ),
      source: group({ leadSourceID: need(text), count: need(whole), avgLeadScore: need(decimal) }),
      peakAttendee: whole,
      assistService: meetingAssist,
    },
  ),
  lstsalessessionHistory: listOp(
    "salesSessionHistory",
    { ...meetingHistorySearchFields, ...texts("account opportunity") },
    { ...usageFields, ...texts("account opportunity") },
  ),
  lstsupportsessionHistory: listOp(
    "supportSessionHistory",
    {
      sessionKey: digits,
      hostWebExID: text,
      startTimeScope: startTimeValue,
      listControl,
      order: orderBy("CONFID SESSIONSTARTTIME CONFNAME"),
      endTimeScope,
      confID: digits,
      timeZoneID: whole,
    },
    {
      sessionKey: digits,
      confName: text,
      ...times("sessionStartTime sessionEndTime"),
      ...wholes("duration timezone"),
      ...texts("meetingType hostWebExID hostName hostEmail"),
      totalPeopleMinutes: whole,
      confID: digits,
      peakAttendee: whole,
      trackingCode: tracking,
    },
  ),
  lsttrainingsessionHistory: listOp(
    "trainingSessionHistory",
    {
      sessionKey: digits,
      confName: text,
      startTimeScope,
      listControl,
      order: orderBy("CONFNAME STARTTIME TOTALINVITED TOTALREGISTERED TOTALATTENDEE ASSISTREQUEST ASSISTCONFIRM"),
      hostWebExID: text,
      endTimeScope,
      confID: digits,
      timeZoneID: whole,
      returnPSOFields: flag,
      psoFields: pso,
    },
    {
      sessionKey: digits,
      confName: text,
      ...times("sessionStartTime sessionEndTime"),
      ...wholes("duration totalAttendee totalRegistered totalInvited timezone"),
      trackingCode: tracking,
      userID: digits,
      ...texts("hostWebExID hostEmail"),
      ...wholes(
        "totalPeopleMinutes totalCallInMinutes totalCallInTolllfreeMinutes totalCallOutDomestic",
        "totalCallOutInternational totalVoipMinutes totalParticipants totalParticipantsVoip",
        "totalParticipantsCallIn totalParticipantsCallOut",
      ),
      confID: digits,
      peakAttendee: whole,
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
      sessionKey: digits,
      confName: text,
      confID: digits,
      attendeeStats: flag,
    },
    {
      sessionKey: digits,
      ...attendanceFields,
      leadSourceID: text,
      leadScore: decimal,
      regQandA: list(group({ regQ: need(text), regA: need(text) })),
    },
  ),
  lstmeetingattendeeHistory: listOp(
    "meetingAttendeeHistory",
    {
      meetingKey: digits,
      order: attendeeOrder,
      startTimeScope: startTimeValue,
      confName: text,
      listControl,
      confID: digits,
      endTimeScope,
      inclAudioOnly: flag,
    },
    { meetingKey: digits, confName: text, ...meetingAttendanceFields },
  ),
  lstsalesattendeeHistory: listOp(
    "salesAttendeeHistory",
    {
      meetingKey: digits,
      order: attendeeOrder,
      startTimeScope: startTimeValue,
      confName: text,
      listControl,
      confID: digits,
      endTimeScope,
      inclAudioOnly: flag,
      timeZoneID: whole,
    },
    {
      meetingKey: digits,
      confName: text,
      ...meetingAttendanceFields,
      ...texts("account opportunity"),
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
      sessionKey: digits,
      ...texts("attendeeName attendeeEmail"),
      ...times("startTime endTime"),
      duration: whole,
      ...texts("company phone ipAddress"),
      participantType,
      clientAgent: text,
      confID: digits,
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
    { sessionKey: digits, confName: text, ...attendanceFields },
  ),
  lstmeetingusageHistory: listOp("meetingUsageHistory", { ...meetingHistorySearchFields }, { ...usageFields }),
  lstrecordaccessHistory: listOp(
    "recordAccessHistory",
    {
      creationTimeScope: group({ creationTimeStart: need(time), creationTimeEnd: need(time) }),
      viewTimeScope: group({ viewTimeStart: need(time), viewTimeEnd: need(time) }),
      order: orderBy("RECORDID UPLOADTIME RECORDNAME"),
      listControl,
      timeZoneID: whole,
      ...texts("recordName hostWebExID"),
    },
    { recordID: digits, recordName: text, creationTime: time, ...wholes("registered downloaded viewed timeZoneID") },
  ),
});
