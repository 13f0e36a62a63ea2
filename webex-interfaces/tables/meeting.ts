import {
  attendee,
  day,
  globalCallInNum,
  iCalendarURL,
  listStatus,
  meetingAssist,
  order,
  phones,
  remind,
  sessionTemplate,
  telephonyFields,
  tracking,
} from "./common.ts";
import {
  digits,
  type Fields,
  fields,
  flag,
  flags,
  from,
  group,
  list,
  listControl,
  listOp,
  need,
  op,
  secret,
  service,
  text,
  time,
  whole,
  word,
} from "./schema.ts";

const dateScope = group(
  fields("startDateStart:time startDateEnd:time timeZoneID:whole endDateStart:time endDateEnd:time"),
);

const phoned = group({ attendee: list(group({ ...fields("name firstName lastName email!"), phones })) });

const audioOnlyWith = <const T extends Fields>(teleconference: T) =>
  ({
    accessControl: group({ listing: word("PUBLIC PRIVATE"), sessionPassword: secret }),
    metaData: group(fields("confName:text512 sessionType:whole")),
    schedule: group({
      ...fields("startDate:time timeZoneID:whole timeZone duration:whole"),
      entryExitTone: word("BEEP ANNOUNCENAME NOTONE"),
      hostWebExID: text,
    }),
    teleconference: group(teleconference),
    tracking,
    repeat: group({
      repeatType: word("WEEKLY DAILY NO_REPEAT MONTHLY"),
      expirationDate: time,
      dayInWeek: group({ day: list(day, 7) }),
      dayInMonth: from(1, 31),
      interval: whole,
      weekInMonth: from(1, 6),
    }),
    remind: group(fields("enableReminder:flag daysAhead:whole hoursAhead:whole minutesAhead:whole")),
    fullAccessAttendees: phoned,
    limitedAccessAttendees: phoned,
    attendeeOptions: group(
      fields("requireUcfDiagnosis:flag excludePassword:flag requireAccount:flag emailInvitations:flag"),
    ),
  }) as const;

const meetingFields = {
  accessControl: group(fields("listToPublic:flag isPublic:flag meetingPassword:secret16 enforcePassword:flag")),
  metaData: group({
    ...fields("confName meetingType:whole agenda:text2500 greeting location invitation setNonMTOptions:flag"),
    sessionTemplate,
    isInternal: flag,
  }),
  participants: group({ maxUserNumber: whole, attendees: group({ attendee: list(attendee) }) }),
  enableOptions: group({
    ...flags(
      "chat poll audioVideo attendeeList fileShare presentation applicationShare desktopShare webTour",
      "meetingRecord annotation importDocument saveDocument printDocument pointer switchPage fullScreen",
      "thumbnail zoom copyPage rcAppShare rcDesktopShare rcWebTour javaClient nativeClient",
      "attendeeRecordMeeting voip faxIntoMeeting enableReg supportQandA supportFeedback",
      "supportBreakoutSessions supportPanelists supportRemoteComputer supportShareWebContent",
      "supportUCFWebPages supportUCFRichMedia autoDeleteAfterMeetingEnd viewAnyDoc viewAnyPage",
      "allowContactPrivate chatHost chatPresenter chatAllAttendees multiVideo notes closedCaptions",
      "singleNote sendFeedback displayQuickStartHost displayQuickStartAttendees supportE2E supportPKI",
    ),
    // Newer than the public schema, but real programs send them.
    ...fields("HQvideo:flag HDvideo:flag autoRecord:flag"),
  }),
  schedule: group({
    ...fields(
      "startDate:time timeZoneID:whole timeZone duration:whole openTime:whole hostWebExID templateFilePath",
      "showFilePath showFileStartMode:flag showFileContPlayFlag:flag showFileInterVal:whole",
      "entryExitTone:whole extURL:text512",
    ),
    extNotifyTime: from(0),
    ...fields("joinNotifyURL:text512 joinTeleconfBeforeHost:flag"),
  }),
  telephony: group({ ...telephonyFields, ...fields("tollFree:flag isMPAudio:flag") }),
  tracking,
  repeat: group({
    repeatType: word("WEEKLY DAILY NO_REPEAT CONSTANT MONTHLY YEARLY"),
    ...fields("interval:whole afterMeetingNumber:whole"),
    dayInWeek: group({ day: list(day) }),
    ...fields("expirationDate:time dayInMonth:whole weekInMonth:whole monthInYear:whole dayInYear:whole"),
  }),
  remind,
  attendeeOptions: group({
    ...fields("request:flag registration:flag auto:flag emailInvitations:flag"),
    participantLimit: from(0),
    ...fields("excludePassword:flag joinRequiresAccount:flag"),
  }),
  assistService: meetingAssist,
} as const;

/** Meetings. */
export const meetingOperations = service("meeting", "meet", {
  createMeeting: op(
    { ...meetingFields, validateFormat: flag },
    { meetingkey: need(digits), iCalendarURL, guestToken: secret },
  ),
  delMeeting: op({ meetingKey: need(digits) }, { iCalendarURL }),
  gethosturlMeeting: op(fields("meetingKey:digits sessionKey:digits"), { hostMeetingURL: need(text) }, [
    "meetingKey",
    "sessionKey",
  ]),
  getjoinurlMeeting: op(
    fields("meetingKey:digits sessionKey:digits attendeeName attendeeEmail meetingPW:secret RegID"),
    fields("joinMeetingURL inviteMeetingURL registerMeetingURL"),
    ["meetingKey", "sessionKey"],
  ),
  getMeeting: op(
    { meetingKey: need(digits) },
    {
      ...meetingFields,
      ...fields(
        "meetingkey:digits! status hostJoined:flag participantsJoined:flag hostKey:secret eventID:digits",
        "guestToken:secret hostType",
      ),
    },
  ),
  lstsummaryMeeting: listOp(
    "meeting",
    { listControl, order, dateScope, ...fields("meetingKey:digits hostWebExID") },
    {
      ...fields(
        "meetingKey:digits! confName! meetingType:whole! hostWebExID otherHostWebExID timeZoneID:whole",
        "timeZone status startDate:time! duration:whole!",
      ),
      listStatus,
      ...fields("hostJoined:flag participantsJoined:flag"),
    },
  ),
  setMeeting: op(
    {
      ...meetingFields,
      ...fields("meetingkey:digits! status hostJoined:flag participantsJoined:flag validateFormat:flag"),
    },
    { iCalendarURL },
  ),
  lstMeeting: listOp(
    "meeting",
    { listControl, order, dateScope, meetingKey: digits },
    { ...meetingFields, ...fields("meetingkey:digits! status hostJoined:flag participantsJoined:flag") },
  ),
});

/** Audio-only meetings. */
export const audioOnlyOperations = service("meeting.auo", "auo", {
  createTeleconferenceSession: op(
    {
      ...audioOnlyWith(
        fields(
          "requestConferenceNumber:flag accountIndex:whole extTelephonyDescription intlLocalCallIn:flag",
          "teleconfLocation",
        ),
      ),
      validateFormat: flag,
    },
    { sessionKey: digits },
  ),
  getTeleconferenceSession: op(
    { sessionKey: need(digits) },
    {
      ...audioOnlyWith({
        ...fields(
          "personalConferenceNumber:flag! accountIndex:whole tollFreeCallInNumber! tollCallInNumber!",
          "intlLocalCallInNumber! subscriberAccessCode:secret! participantFullAccessCode:secret!",
          "participantLimitedAccessCode:secret! scheduleConfID:digits! extTelephonyDescription",
          "intlLocalCallIn:flag teleconfLocation",
        ),
        globalNum: list(globalCallInNum),
      }),
      telephony: group({ extTelephonyDescription: text }),
      hostType: text,
    },
  ),
});
