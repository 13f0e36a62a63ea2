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
  each,
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
  texts,
  time,
  times,
  upTo,
  whole,
  wholes,
  word,
} from "./schema.ts";

const dateScope = group({
  ...times("startDateStart startDateEnd"),
  timeZoneID: whole,
  ...times("endDateStart endDateEnd"),
});

const teleconferenceAccessControl = group({ listing: word("PUBLIC PRIVATE"), sessionPassword: secret });

const teleconferenceMetaData = group({ confName: upTo(512, text), sessionType: whole });

const teleconferenceSchedule = group({
  startDate: time,
  timeZoneID: whole,
  timeZone: text,
  duration: whole,
  entryExitTone: word("BEEP ANNOUNCENAME NOTONE"),
  hostWebExID: text,
});

const teleconferenceRepeat = group({
  repeatType: word("WEEKLY DAILY NO_REPEAT MONTHLY"),
  expirationDate: time,
  dayInWeek: group({ day: list(day, 7) }),
  dayInMonth: from(1, 31),
  interval: whole,
  weekInMonth: from(1, 6),
});

const teleconferenceRemind = group({ enableReminder: flag, ...wholes("daysAhead hoursAhead minutesAhead") });

const teleconferenceAttendee = group({ ...texts("name firstName lastName"), email: need(text), phones });

const teleconferenceAttendeeOptions = group({
  ...flags("requireUcfDiagnosis excludePassword requireAccount emailInvitations"),
});

const meetingFields = {
  accessControl: group({ ...flags("listToPublic isPublic"), meetingPassword: upTo(16, secret), enforcePassword: flag }),
  metaData: group({
    confName: text,
    meetingType: whole,
    agenda: upTo(2500, text),
    ...texts("greeting location invitation"),
    setNonMTOptions: flag,
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
    // Later than the schema at hand; callers write them.
    ...flags("HQvideo HDvideo autoRecord"),
  }),
  schedule: group({
    startDate: time,
    timeZoneID: whole,
    timeZone: text,
    ...wholes("duration openTime"),
    ...texts("hostWebExID templateFilePath showFilePath"),
    ...flags("showFileStartMode showFileContPlayFlag"),
    ...wholes("showFileInterVal entryExitTone"),
    extURL: upTo(512, text),
    extNotifyTime: from(0),
    joinNotifyURL: upTo(512, text),
    joinTeleconfBeforeHost: flag,
  }),
  telephony: group({ ...telephonyFields, ...flags("tollFree isMPAudio") }),
  tracking,
  repeat: group({
    repeatType: word("WEEKLY DAILY NO_REPEAT CONSTANT MONTHLY YEARLY"),
    ...wholes("interval afterMeetingNumber"),
    dayInWeek: group({ day: list(day) }),
    expirationDate: time,
    ...wholes("dayInMonth weekInMonth monthInYear dayInYear"),
  }),
  remind,
  attendeeOptions: group({
    ...flags("request registration auto emailInvitations"),
    participantLimit: from(0),
    ...flags("excludePassword joinRequiresAccount"),
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
  gethosturlMeeting: op({ meetingKey: digits, sessionKey: digits }, { hostMeetingURL: need(text) }, [
    "meetingKey",
    "sessionKey",
  ]),
  getjoinurlMeeting: op(
    { meetingKey: digits, sessionKey: digits, ...texts("attendeeName attendeeEmail"), meetingPW: secret, RegID: text },
    { ...texts("joinMeetingURL inviteMeetingURL registerMeetingURL") },
    ["meetingKey", "sessionKey"],
  ),
  getMeeting: op(
    { meetingKey: need(digits) },
    {
      ...meetingFields,
      meetingkey: need(digits),
      status: text,
      ...flags("hostJoined participantsJoined"),
      hostKey: secret,
      eventID: digits,
      guestToken: secret,
      hostType: text,
    },
  ),
  lstsummaryMeeting: listOp(
    "meeting",
    { listControl, order, dateScope, meetingKey: digits, hostWebExID: text },
    {
      meetingKey: need(digits),
      confName: need(text),
      meetingType: need(whole),
      ...texts("hostWebExID otherHostWebExID"),
      timeZoneID: whole,
      ...texts("timeZone status"),
      startDate: need(time),
      duration: need(whole),
      listStatus,
      ...flags("hostJoined participantsJoined"),
    },
  ),
  setMeeting: op(
    {
      ...meetingFields,
      meetingkey: need(digits),
      status: text,
      ...flags("hostJoined participantsJoined validateFormat"),
    },
    { iCalendarURL },
  ),
  lstMeeting: listOp(
    "meeting",
    { listControl, order, dateScope, meetingKey: digits },
    { ...meetingFields, meetingkey: need(digits), status: text, ...flags("hostJoined participantsJoined") },
  ),
});

/** Meetings of audio alone. */
export const audioOnlyOperations = service("meeting.auo", "auo", {
  createTeleconferenceSession: op(
    {
      accessControl: teleconferenceAccessControl,
      metaData: teleconferenceMetaData,
      schedule: teleconferenceSchedule,
      teleconference: group({
        requestConferenceNumber: flag,
        accountIndex: whole,
        extTelephonyDescription: text,
        intlLocalCallIn: flag,
        teleconfLocation: text,
      }),
      tracking,
      repeat: teleconferenceRepeat,
      remind: teleconferenceRemind,
      fullAccessAttendees: group({ attendee: list(teleconferenceAttendee) }),
      limitedAccessAttendees: group({ attendee: list(teleconferenceAttendee) }),
      attendeeOptions: teleconferenceAttendeeOptions,
      validateFormat: flag,
    },
    { sessionKey: digits },
  ),
  getTeleconferenceSession: op(
    { sessionKey: need(digits) },
    {
      accessControl: teleconferenceAccessControl,
      metaData: teleconferenceMetaData,
      schedule: teleconferenceSchedule,
      teleconference: group({
        personalConferenceNumber: need(flag),
        accountIndex: whole,
        ...each("tollFreeCallInNumber tollCallInNumber intlLocalCallInNumber", need(text)),
        ...each("subscriberAccessCode participantFullAccessCode participantLimitedAccessCode", need(secret)),
        scheduleConfID: need(digits),
        extTelephonyDescription: text,
        intlLocalCallIn: flag,
        teleconfLocation: text,
        globalNum: list(globalCallInNum),
      }),
      tracking,
      repeat: teleconferenceRepeat,
      remind: teleconferenceRemind,
      fullAccessAttendees: group({ attendee: list(teleconferenceAttendee) }),
      limitedAccessAttendees: group({ attendee: list(teleconferenceAttendee) }),
      attendeeOptions: teleconferenceAttendeeOptions,
      telephony: group({ extTelephonyDescription: text }),
      hostType: text,
    },
  ),
});
