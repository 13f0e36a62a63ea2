import {
  decimal,
  digits,
  group,
  list,
  listTo,
  oneOf,
  operation,
  required,
  secret,
  secretTo,
  text,
  textTo,
  time,
  whole,
  wholeFrom,
  yesOrNo,
} from "../fields.ts";
import {
  eventCheckboxFields,
  eventChoiceFields,
  eventCustomFields,
  eventEnrollmentFieldFields,
  lstControlFields,
  matchingRecordsFields,
  meetingAssistFields,
  personFields,
  sessionTemplateFields,
  telephonyFields,
  trackingFields,
} from "./common.ts";

const accessControlFields = {
  listing: oneOf("PUBLIC", "PRIVATE", "UNLISTED"),
  sessionPassword: secretTo(16),
  enforcePassword: yesOrNo,
} as const;

const metaDataFields = {
  sessionName: text,
  sessionType: whole,
  description: text,
  defaultHighestMT: yesOrNo,
  sessionTemplate: group(sessionTemplateFields),
  programID: digits,
  postEventSurvey: group({ display: oneOf("NO_DISPLAY", "POPUP_WINDOW", "MAIN_WINDOW") }),
} as const;

const scheduleFields = {
  startDate: time,
  timeZoneID: whole,
  duration: whole,
  openTime: whole,
  hostWebExID: text,
  entryExitTone: oneOf("NOTONE", "BEEP", "ANNOUNCENAME"),
  extURL: textTo(512),
  extNotifyTime: wholeFrom(0),
  joinNotifyURL: textTo(512),
  joinTeleconfBeforeHost: yesOrNo,
} as const;

const eventTelephonyFields = {
  ...telephonyFields,
  broadcastAudioStream: yesOrNo,
  tollFree: yesOrNo,
  muteUponEntry: yesOrNo,
} as const;

const remindFields = { minutesAhead: whole } as const;

const panelistsFields = { panelistPassword: secret, panelist: list(group(personFields)), panelistsInfo: text } as const;

const attendeesFields = {
  attendee: list(
    group({
      ...personFields,
      joinStatus: oneOf("REGISTER", "INVITE", "REJECT", "ACCEPT"),
    }),
  ),
} as const;

const extOptionsFields = {
  enrollmentNumber: whole,
  destinationURL: text,
  allowInviteFriend: yesOrNo,
  viewAttendeeList: oneOf("ALL", "HOST,PRESENTER,PANELISTS"),
  participantLimit: wholeFrom(0),
  displayQuickStartHost: yesOrNo,
  voip: yesOrNo,
  emailInvitations: yesOrNo,
  registration: yesOrNo,
} as const;

const emailTemplateFields = { subject: textTo(512), from: textTo(128), replyTo: textTo(128), content: text } as const;

const emailTemplatesFields = {
  format: oneOf("TEXT", "HTML"),
  invitationMsgs: group({ participantsEmail: group(emailTemplateFields), panelistsEmail: group(emailTemplateFields) }),
  enrollmentMsgs: group({
    pendingEmail: group({
      subject: textTo(512),
      from: textTo(128),
      replyTo: textTo(128),
      content: text,
      send: yesOrNo,
    }),
    acceptedEmail: group({
      subject: textTo(512),
      from: textTo(128),
      replyTo: textTo(128),
      content: text,
      send: yesOrNo,
    }),
    rejectedEmail: group({
      subject: textTo(512),
      from: textTo(128),
      replyTo: textTo(128),
      content: text,
      send: yesOrNo,
    }),
    eventUpdatedEmail: group({ subject: textTo(512), from: textTo(128), replyTo: textTo(128), content: text }),
  }),
  reminderMsgs: group({
    firstReminder: group({
      subject: textTo(512),
      from: textTo(128),
      replyTo: textTo(128),
      content: text,
      send: yesOrNo,
      sendDateTime: time,
    }),
    secondReminder: group({
      subject: textTo(512),
      from: textTo(128),
      replyTo: textTo(128),
      content: text,
      send: yesOrNo,
      sendDateTime: time,
    }),
  }),
  followUpMsgs: group({
    thanksForAttending: group({
      subject: textTo(512),
      from: textTo(128),
      replyTo: textTo(128),
      content: text,
      send: yesOrNo,
      sendDateTime: time,
    }),
    absenteeFollowUp: group({
      subject: textTo(512),
      from: textTo(128),
      replyTo: textTo(128),
      content: text,
      send: yesOrNo,
      sendDateTime: time,
    }),
  }),
  iCalendar: yesOrNo,
} as const;

const enrollmentFields = {
  idReq: yesOrNo,
  passwordReq: yesOrNo,
  password: secretTo(16),
  approvalReq: yesOrNo,
  approvalRules: group({
    rule: list(
      group({
        enrollFieldID: required(digits),
        condition: required(oneOf("CONTAINS", "DOESNOT_CONTAIN", "BEGINS_WITH", "ENDS_WITH")),
        queryField: required(textTo(50)),
        action: required(oneOf("REJECT", "APPROVE")),
        matchCase: yesOrNo,
      }),
    ),
  }),
  endURLAfterEnroll: textTo(128),
} as const;

const standardFields = {
  phone: group(eventEnrollmentFieldFields),
  company: group(eventEnrollmentFieldFields),
  title: group(eventEnrollmentFieldFields),
  numEmployees: group(eventEnrollmentFieldFields),
  futureInfo: group(eventEnrollmentFieldFields),
  address1: group(eventEnrollmentFieldFields),
  address2: group(eventEnrollmentFieldFields),
  city: group(eventEnrollmentFieldFields),
  state: group(eventEnrollmentFieldFields),
  postalCode: group(eventEnrollmentFieldFields),
  country: group(eventEnrollmentFieldFields),
} as const;

const enrollmentFieldInstanceFields = { incl: yesOrNo, req: yesOrNo, fieldID: digits } as const;

const choiceGroupInstanceFields = {
  incl: yesOrNo,
  req: yesOrNo,
  label: required(textTo(256)),
  defaultChoice: whole,
  choice: required(list(group(eventChoiceFields))),
  index: whole,
  fieldID: digits,
} as const;

const customFieldsInstanceFields = {
  textBox: list(
    group({
      incl: yesOrNo,
      req: yesOrNo,
      label: required(textTo(256)),
      type: oneOf("SINGLE_LINE", "MULTI_LINE"),
      width: whole,
      height: whole,
      index: whole,
      fieldID: digits,
    }),
  ),
  checkBoxGroup: list(
    group({
      incl: yesOrNo,
      req: yesOrNo,
      label: required(textTo(256)),
      checkBox: required(list(group(eventCheckboxFields))),
      index: whole,
      fieldID: digits,
    }),
  ),
  optionButtonGroup: list(group(choiceGroupInstanceFields)),
  dropDownGroup: list(group(choiceGroupInstanceFields)),
} as const;

const orderFields = {
  orderBy: listTo(3, oneOf("EVENTNAME", "STARTTIME", "HOSTWEBEXID")),
  orderAD: listTo(3, oneOf("ASC", "DESC")),
} as const;

const dateScopeFields = {
  startDateStart: time,
  startDateEnd: time,
  endDateStart: time,
  endDateEnd: time,
  timeZoneID: whole,
} as const;

const eventFields = {
  accessControl: group(accessControlFields),
  metaData: group(metaDataFields),
  schedule: group(scheduleFields),
  telephony: group(eventTelephonyFields),
  tracking: group(trackingFields),
  remind: group(remindFields),
  panelists: group(panelistsFields),
  attendees: group(attendeesFields),
  extOptions: group(extOptionsFields),
  emailTemplates: group(emailTemplatesFields),
  assistService: group(meetingAssistFields),
} as const;

/** Events, programs of events and invitations. Fields and limits as in the public schema, in its order. */
export const eventOperations = {
  createEvent: operation({
    name: "createEvent",
    service: "event",
    binding: "event.CreateEvent",
    source: "documented",
    kind: "create",
    request: {
      ...eventFields,
      enrollment: group(enrollmentFields),
      enrollmentForm: group({ standardFields: group(standardFields), customFields: group(eventCustomFields) }),
      validateFormat: yesOrNo,
    },
    response: { sessionKey: digits, guestToken: secret },
  }),
  delEvent: operation({
    name: "delEvent",
    service: "event",
    binding: "event.DelEvent",
    source: "documented",
    kind: "delete",
    request: { sessionKey: required(digits) },
    response: {},
  }),
  getEvent: operation({
    name: "getEvent",
    service: "event",
    binding: "event.GetEvent",
    source: "documented",
    kind: "get",
    request: { sessionKey: required(digits) },
    response: {
      ...eventFields,
      sessionKey: digits,
      status: text,
      enrollment: group({
        idReq: yesOrNo,
        passwordReq: yesOrNo,
        password: secret,
        approvalReq: yesOrNo,
        approvalRules: group({
          rule: list(
            group({
              enrollFieldID: required(digits),
              condition: required(oneOf("CONTAINS", "DOESNOT_CONTAIN", "BEGINS_WITH", "ENDS_WITH")),
              queryField: required(textTo(50)),
              action: required(oneOf("REJECT", "APPROVE")),
              matchCase: yesOrNo,
              enrollField: required(text),
            }),
          ),
        }),
        endURLAfterEnroll: textTo(128),
      }),
      enrollmentForm: group({
        standardFields: group({
          firstName: required(group(enrollmentFieldInstanceFields)),
          lastName: required(group(enrollmentFieldInstanceFields)),
          emailAddress: required(group(enrollmentFieldInstanceFields)),
          phone: group(enrollmentFieldInstanceFields),
          company: group(enrollmentFieldInstanceFields),
          title: group(enrollmentFieldInstanceFields),
          numEmployees: group(enrollmentFieldInstanceFields),
          futureInfo: group(enrollmentFieldInstanceFields),
          address1: group(enrollmentFieldInstanceFields),
          address2: group(enrollmentFieldInstanceFields),
          city: group(enrollmentFieldInstanceFields),
          state: group(enrollmentFieldInstanceFields),
          postalCode: group(enrollmentFieldInstanceFields),
          country: group(enrollmentFieldInstanceFields),
        }),
        customFields: group(customFieldsInstanceFields),
      }),
      hostKey: secret,
      eventID: digits,
      guestToken: secret,
      hostType: text,
    },
  }),
  lstrecordedEvent: operation({
    name: "lstrecordedEvent",
    service: "event",
    binding: "event.LstrecordedEvent",
    source: "documented",
    kind: "list",
    request: {
      listControl: group(lstControlFields),
      order: group(orderFields),
      dateScope: group(dateScopeFields),
      hostWebExID: text,
      programID: digits,
    },
    response: {
      matchingRecords: group(matchingRecordsFields),
      event: list(
        group({
          webExID: text,
          recordedEvent: list(
            group({
              eventName: required(text),
              eventType: required(text),
              recordingStartTime: time,
              timeZoneID: whole,
              playTime: whole,
              panelistsInfo: text,
              description: text,
              recordFilePath: text,
              destinationURL: required(text),
              size: required(whole),
              isAccessPassword: yesOrNo,
              isEnrollmentPassword: yesOrNo,
              hostWebExID: text,
              viewURL: required(text),
            }),
          ),
        }),
      ),
    },
    items: "event",
  }),
  lstsummaryEvent: operation({
    name: "lstsummaryEvent",
    service: "event",
    binding: "event.LstsummaryEvent",
    source: "documented",
    kind: "list",
    request: {
      listControl: group(lstControlFields),
      order: group(orderFields),
      dateScope: group(dateScopeFields),
      sessionKey: digits,
      hostWebExID: text,
      programID: digits,
      attendeeStats: yesOrNo,
    },
    response: {
      matchingRecords: group(matchingRecordsFields),
      event: list(
        group({
          sessionKey: required(digits),
          sessionName: required(text),
          sessionType: required(whole),
          hostWebExID: required(text),
          startDate: time,
          endDate: time,
          timeZoneID: whole,
          duration: required(whole),
          description: text,
          status: text,
          panelists: text,
          listStatus: oneOf("PUBLIC", "PRIVATE", "UNLISTED"),
          attendeeCount: group({
            estEnrollment: required(whole),
            estAttendance: required(whole),
            source: list(
              group({ leadSourceID: required(text), count: required(whole), avgLeadScore: required(decimal) }),
            ),
          }),
        }),
      ),
    },
    items: "event",
  }),
  setEvent: operation({
    name: "setEvent",
    service: "event",
    binding: "event.SetEvent",
    source: "documented",
    kind: "set",
    request: {
      ...eventFields,
      sessionKey: required(digits),
      enrollment: group(enrollmentFields),
      enrollmentForm: group({ standardFields: group(standardFields), customFields: group(customFieldsInstanceFields) }),
      validateFormat: yesOrNo,
    },
    response: {},
  }),
  lstsummaryProgram: operation({
    name: "lstsummaryProgram",
    service: "event",
    binding: "event.LstsummaryProgram",
    source: "schema",
    kind: "list",
    request: {
      listControl: group(lstControlFields),
      order: group({
        orderBy: listTo(3, oneOf("PROGRAMNAME", "HOSTWEBEXID")),
        orderAD: listTo(3, oneOf("ASC", "DESC")),
      }),
      programID: digits,
    },
    response: {
      matchingRecords: group(matchingRecordsFields),
      program: list(
        group({
          programID: required(digits),
          programName: required(text),
          hostWebExID: required(text),
          expectedEnrollment: text,
          budget: text,
          status: oneOf("PUBLIC", "PRIVATE", "UNLISTED"),
          programURL: text,
          afterEnrollmentURL: text,
        }),
      ),
    },
    items: "program",
  }),
  sendInvitationEmail: operation({
    name: "sendInvitationEmail",
    service: "event",
    binding: "event.SendInvitationEmail",
    source: "schema",
    kind: "other",
    request: { sessionKey: required(digits), attendees: yesOrNo, panelists: yesOrNo },
    response: { deliveredEmail: list(text) },
  }),
  uploadEventImage: operation({
    name: "uploadEventImage",
    service: "event",
    binding: "event.UploadEventImage",
    source: "schema",
    kind: "other",
    request: { sessionKey: required(digits), imageType: required(oneOf("JPG", "GIF")), imageData: required(text) },
    response: {},
  }),
} as const;
