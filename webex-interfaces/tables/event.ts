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
  digits,
  each,
  fields,
  flag,
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
  upTo,
  whole,
  word,
} from "./schema.ts";

const order = orderBy("EVENTNAME STARTTIME HOSTWEBEXID");

const emailTemplate = group(fields("subject:text512 from:text128 replyTo:text128 content"));

const enrollment = group({
  ...fields("idReq:flag passwordReq:flag password:secret16 approvalReq:flag"),
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

const enrollmentFieldInstance = group(fields("incl:flag req:flag fieldID:digits"));

const choiceGroupInstance = group({
  ...fields("incl:flag req:flag label:text256! defaultChoice:whole"),
  choice: need(list(eventChoice)),
  ...fields("index:whole fieldID:digits"),
});

const customFieldsInstance = group({
  textBox: list(
    group({
      ...fields("incl:flag req:flag label:text256!"),
      type: word("SINGLE_LINE MULTI_LINE"),
      ...fields("width:whole height:whole index:whole fieldID:digits"),
    }),
  ),
  checkBoxGroup: list(
    group({
      ...fields("incl:flag req:flag label:text256!"),
      checkBox: need(list(eventCheckbox)),
      ...fields("index:whole fieldID:digits"),
    }),
  ),
  optionButtonGroup: list(choiceGroupInstance),
  dropDownGroup: list(choiceGroupInstance),
});

const dateScope = group(
  fields("startDateStart:time startDateEnd:time endDateStart:time endDateEnd:time timeZoneID:whole"),
);

const eventFields = {
  accessControl: group({ listing: listStatus, ...fields("sessionPassword:secret16 enforcePassword:flag") }),
  metaData: group({
    ...fields("sessionName sessionType:whole description defaultHighestMT:flag"),
    sessionTemplate,
    programID: digits,
    postEventSurvey: group({ display: word("NO_DISPLAY POPUP_WINDOW MAIN_WINDOW") }),
  }),
  schedule: group({
    ...fields("startDate:time timeZoneID:whole duration:whole openTime:whole hostWebExID"),
    entryExitTone,
    extURL: upTo(512, text),
    extNotifyTime: from(0),
    ...fields("joinNotifyURL:text512 joinTeleconfBeforeHost:flag"),
  }),
  telephony: group({ ...telephonyFields, ...fields("broadcastAudioStream:flag tollFree:flag muteUponEntry:flag") }),
  tracking,
  remind: group({ minutesAhead: whole }),
  panelists: group({ panelistPassword: secret, panelist: list(group(personFields)), panelistsInfo: text }),
  attendees: group({ attendee: list(group({ ...personFields, joinStatus })) }),
  extOptions: group({
    ...fields("enrollmentNumber:whole destinationURL allowInviteFriend:flag"),
    viewAttendeeList: word("ALL HOST,PRESENTER,PANELISTS"),
    participantLimit: from(0),
    ...fields("displayQuickStartHost:flag voip:flag emailInvitations:flag registration:flag autoRecord:flag"),
  }),
  emailTemplates: group({
    format: word("TEXT HTML"),
    invitationMsgs: group({ participantsEmail: emailTemplate, panelistsEmail: emailTemplate }),
    enrollmentMsgs: group({
      pendingEmail: group(fields("subject:text512 from:text128 replyTo:text128 content send:flag")),
      acceptedEmail: group(fields("subject:text512 from:text128 replyTo:text128 content send:flag")),
      rejectedEmail: group(fields("subject:text512 from:text128 replyTo:text128 content send:flag")),
      eventUpdatedEmail: group(fields("subject:text512 from:text128 replyTo:text128 content")),
    }),
    reminderMsgs: group({
      firstReminder: group(fields("subject:text512 from:text128 replyTo:text128 content send:flag sendDateTime:time")),
      secondReminder: group(fields("subject:text512 from:text128 replyTo:text128 content send:flag sendDateTime:time")),
    }),
    followUpMsgs: group({
      thanksForAttending: group(
        fields("subject:text512 from:text128 replyTo:text128 content send:flag sendDateTime:time"),
      ),
      absenteeFollowUp: group(
        fields("subject:text512 from:text128 replyTo:text128 content send:flag sendDateTime:time"),
      ),
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
    fields("sessionKey:digits guestToken:secret"),
  ),
  delEvent: op({ sessionKey: need(digits) }, {}),
  getEvent: op(
    { sessionKey: need(digits) },
    {
      ...eventFields,
      ...fields("sessionKey:digits status"),
      enrollment: group({
        ...fields("idReq:flag passwordReq:flag password:secret approvalReq:flag"),
        approvalRules: group({
          rule: list(
            group({
              enrollFieldID: need(digits),
              condition: need(word("CONTAINS DOESNOT_CONTAIN BEGINS_WITH ENDS_WITH")),
              queryField: need(upTo(50, text)),
              action: need(word("REJECT APPROVE")),
              ...fields("matchCase:flag enrollField!"),
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
      ...fields("hostKey:secret eventID:digits guestToken:secret hostType"),
    },
  ),
  lstrecordedEvent: listOp(
    "event",
    { listControl, order, dateScope, ...fields("hostWebExID programID:digits") },
    {
      webExID: text,
      recordedEvent: list(
        group(
          fields(
            "eventName! eventType! recordingStartTime:time timeZoneID:whole playTime:whole panelistsInfo",
            "description recordFilePath destinationURL! size:whole! isAccessPassword:flag",
            "isEnrollmentPassword:flag hostWebExID viewURL!",
          ),
        ),
      ),
    },
  ),
  lstsummaryEvent: listOp(
    "event",
    { listControl, order, dateScope, ...fields("sessionKey:digits hostWebExID programID:digits attendeeStats:flag") },
    {
      ...fields(
        "sessionKey:digits! sessionName! sessionType:whole! hostWebExID! startDate:time endDate:time",
        "timeZoneID:whole duration:whole! description status panelists",
      ),
      listStatus,
      attendeeCount: group({
        ...fields("estEnrollment:whole! estAttendance:whole!"),
        source: list(group(fields("leadSourceID! count:whole! avgLeadScore:decimal!"))),
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
