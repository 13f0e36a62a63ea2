import {
  customFields,
  dateScope,
  enrollmentNames,
  entryExitTone,
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
  type Fields,
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

const emailFields = "subject:text512 from:text128 replyTo:text128 content";
const email = group(fields(emailFields));
const sentEmail = group(fields(emailFields, "send:flag"));
const timedEmail = group(fields(emailFields, "send:flag sendDateTime:time"));

const rule = {
  enrollFieldID: need(digits),
  condition: need(word("CONTAINS DOESNOT_CONTAIN BEGINS_WITH ENDS_WITH")),
  queryField: need(upTo(50, text)),
  action: need(word("REJECT APPROVE")),
  matchCase: flag,
} as const;

const enrollmentBy = <const R extends Fields>(rule: R) =>
  group({
    ...fields("idReq:flag passwordReq:flag password:secret16 approvalReq:flag"),
    approvalRules: group({ rule: list(group(rule)) }),
    endURLAfterEnroll: upTo(128, text),
  });
const enrollment = enrollmentBy(rule);

const standard = group(each(enrollmentNames, eventEnrollmentField));

const enrollmentFieldInstance = group(fields("incl:flag req:flag fieldID:digits"));
const customFieldsInstance = customFields(fields("index:whole fieldID:digits"));

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
    invitationMsgs: group({ participantsEmail: email, panelistsEmail: email }),
    enrollmentMsgs: group({
      ...each("pendingEmail acceptedEmail rejectedEmail", sentEmail),
      eventUpdatedEmail: email,
    }),
    reminderMsgs: group(each("firstReminder secondReminder", timedEmail)),
    followUpMsgs: group(each("thanksForAttending absenteeFollowUp", timedEmail)),
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
      enrollment: enrollmentBy({ ...rule, enrollField: need(text) }),
      enrollmentForm: group({
        standardFields: group({
          ...each("firstName lastName emailAddress", need(enrollmentFieldInstance)),
          ...each(enrollmentNames, enrollmentFieldInstance),
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
