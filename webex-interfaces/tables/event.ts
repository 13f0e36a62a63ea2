import {
  entryExitTone,
  eventCheckbox,
  eventChoice,
  eventCustom,
  eventEnrollmentField,
  joinStatus,
  listStatus,
  meetingAssist,
  orderBy,
  personFields,
  sessionTemplate,
  telephonyFields,
  tracking,
} from "./common.ts";
import {
  decimal,
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

const order = orderBy("EVENTNAME STARTTIME HOSTWEBEXID");

const emailTemplate = group({
  subject: upTo(512, text),
  from: upTo(128, text),
  replyTo: upTo(128, text),
  content: text,
});

const enrollment = group({
  ...flags("idReq passwordReq"),
  password: upTo(16, secret),
  approvalReq: flag,
  approvalRules: group({
    rule: list(
      group({
        enrollFieldID: need(digits),
        condition: need(word("CONTAINS DOESNOT_CONTAIN BEGINS_WITH ENDS_WITH")),
        queryField: need(upTo(50, text)),
        action: need(word("REJECT APPROVE")),
        matchCase: flag,
      }),
    ),
  }),
  endURLAfterEnroll: upTo(128, text),
});

const standard = group({
  ...each(
    "phone company title numEmployees futureInfo address1 address2 city state postalCode country",
    eventEnrollmentField,
  ),
});

const enrollmentFieldInstance = group({ ...flags("incl req"), fieldID: digits });

const choiceGroupInstance = group({
  ...flags("incl req"),
  label: need(upTo(256, text)),
  defaultChoice: whole,
  choice: need(list(eventChoice)),
  index: whole,
  fieldID: digits,
});

const customFieldsInstance = group({
  textBox: list(
    group({
      ...flags("incl req"),
      label: need(upTo(256, text)),
      type: word("SINGLE_LINE MULTI_LINE"),
      ...wholes("width height index"),
      fieldID: digits,
    }),
  ),
  checkBoxGroup: list(
    group({
      ...flags("incl req"),
      label: need(upTo(256, text)),
      checkBox: need(list(eventCheckbox)),
      index: whole,
      fieldID: digits,
    }),
  ),
  optionButtonGroup: list(choiceGroupInstance),
  dropDownGroup: list(choiceGroupInstance),
});

const dateScope = group({ ...times("startDateStart startDateEnd endDateStart endDateEnd"), timeZoneID: whole });

const eventFields = {
  accessControl: group({ listing: listStatus, sessionPassword: upTo(16, secret), enforcePassword: flag }),
  metaData: group({
    sessionName: text,
    sessionType: whole,
    description: text,
    defaultHighestMT: flag,
    sessionTemplate,
    programID: digits,
    postEventSurvey: group({ display: word("NO_DISPLAY POPUP_WINDOW MAIN_WINDOW") }),
  }),
  schedule: group({
    startDate: time,
    ...wholes("timeZoneID duration openTime"),
    hostWebExID: text,
    entryExitTone,
    extURL: upTo(512, text),
    extNotifyTime: from(0),
    joinNotifyURL: upTo(512, text),
    joinTeleconfBeforeHost: flag,
  }),
  telephony: group({ ...telephonyFields, ...flags("broadcastAudioStream tollFree muteUponEntry") }),
  tracking,
  remind: group({ minutesAhead: whole }),
  panelists: group({ panelistPassword: secret, panelist: list(group(personFields)), panelistsInfo: text }),
  attendees: group({ attendee: list(group({ ...personFields, joinStatus })) }),
  extOptions: group({
    enrollmentNumber: whole,
    destinationURL: text,
    allowInviteFriend: flag,
    viewAttendeeList: word("ALL HOST,PRESENTER,PANELISTS"),
    participantLimit: from(0),
    ...flags("displayQuickStartHost voip emailInvitations registration autoRecord"),
  }),
  emailTemplates: group({
    format: word("TEXT HTML"),
    invitationMsgs: group({ participantsEmail: emailTemplate, panelistsEmail: emailTemplate }),
    enrollmentMsgs: group({
      pendingEmail: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
        send: flag,
      }),
      acceptedEmail: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
        send: flag,
      }),
      rejectedEmail: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
        send: flag,
      }),
      eventUpdatedEmail: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
      }),
    }),
    reminderMsgs: group({
      firstReminder: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
        send: flag,
        sendDateTime: time,
      }),
      secondReminder: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
        send: flag,
        sendDateTime: time,
      }),
    }),
    followUpMsgs: group({
      thanksForAttending: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
        send: flag,
        sendDateTime: time,
      }),
      absenteeFollowUp: group({
        subject: upTo(512, text),
        from: upTo(128, text),
        replyTo: upTo(128, text),
        content: text,
        send: flag,
        sendDateTime: time,
      }),
    }),
    iCalendar: flag,
  }),
  assistService: meetingAssist,
} as const;

/** Events. */
export const eventOperations = service("event", "event", {
  createEvent: op(
    {
      ...eventFields,
      enrollment,
      enrollmentForm: group({ standardFields: standard, customFields: eventCustom }),
      validateFormat: flag,
    },
    { sessionKey: digits, guestToken: secret },
  ),
  delEvent: op({ sessionKey: need(digits) }, {}),
  getEvent: op(
    { sessionKey: need(digits) },
    {
      ...eventFields,
      sessionKey: digits,
      status: text,
      enrollment: group({
        ...flags("idReq passwordReq"),
        password: secret,
        approvalReq: flag,
        approvalRules: group({
          rule: list(
            group({
              enrollFieldID: need(digits),
              condition: need(word("CONTAINS DOESNOT_CONTAIN BEGINS_WITH ENDS_WITH")),
              queryField: need(upTo(50, text)),
              action: need(word("REJECT APPROVE")),
              matchCase: flag,
              enrollField: need(text),
            }),
          ),
        }),
        endURLAfterEnroll: upTo(128, text),
      }),
      enrollmentForm: group({
        standardFields: group({
          ...each("firstName lastName emailAddress", need(enrollmentFieldInstance)),
          ...each(
            "phone company title numEmployees futureInfo address1 address2 city state postalCode country",
            enrollmentFieldInstance,
          ),
        }),
        customFields: customFieldsInstance,
      }),
      hostKey: secret,
      eventID: digits,
      guestToken: secret,
      hostType: text,
    },
  ),
  lstrecordedEvent: listOp(
    "event",
    { listControl, order, dateScope, hostWebExID: text, programID: digits },
    {
      webExID: text,
      recordedEvent: list(
        group({
          eventName: need(text),
          eventType: need(text),
          recordingStartTime: time,
          ...wholes("timeZoneID playTime"),
          ...texts("panelistsInfo description recordFilePath"),
          destinationURL: need(text),
          size: need(whole),
          ...flags("isAccessPassword isEnrollmentPassword"),
          hostWebExID: text,
          viewURL: need(text),
        }),
      ),
    },
  ),
  lstsummaryEvent: listOp(
    "event",
    { listControl, order, dateScope, sessionKey: digits, hostWebExID: text, programID: digits, attendeeStats: flag },
    {
      sessionKey: need(digits),
      sessionName: need(text),
      sessionType: need(whole),
      hostWebExID: need(text),
      ...times("startDate endDate"),
      timeZoneID: whole,
      duration: need(whole),
      ...texts("description status panelists"),
      listStatus,
      attendeeCount: group({
        estEnrollment: need(whole),
        estAttendance: need(whole),
        source: list(group({ leadSourceID: need(text), count: need(whole), avgLeadScore: need(decimal) })),
      }),
    },
  ),
  setEvent: op(
    {
      ...eventFields,
      sessionKey: need(digits),
      enrollment,
      enrollmentForm: group({ standardFields: standard, customFields: customFieldsInstance }),
      validateFormat: flag,
    },
    {},
  ),
});
