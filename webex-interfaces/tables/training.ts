import {
  dateScope,
  day,
  delivery,
  entryExitTone,
  listStatus,
  meetingAssist,
  order,
  personFields,
  progress,
  pso,
  remind,
  role,
  sessionTemplate,
  telephonyFields,
  testStatus,
  tracking,
} from "./common.ts";
import {
  digits,
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
  open,
  service,
  text,
  time,
  upTo,
  whole,
  word,
} from "./schema.ts";

const sessionParticipants = group({
  maxUserNumber: whole,
  participants: group({
    participant: list(
      group({
        person: need(group(personFields)),
        contactID: digits,
        joinStatus: word("REGISTER INVITE REJECT ACCEPT REJECTREGISTER ACCEPTREGISTER REJECTINVITE ACCEPTINVITE"),
        role,
      }),
    ),
  }),
});

const labSpan = "labName! timeZoneID:whole! sessionStartTime:time! sessionEndTime:time!";
const labRequest = fields(labSpan, "numComputers:whole!");

const testFields = {
  ...fields("testID:digits! title!"),
  delivery: need(delivery),
  status: need(testStatus),
  dueDate: time,
} as const;

const trainingSessionFields = {
  accessControl: group({ listing: listStatus, ...fields("sessionPassword:secret16 enforcePassword:flag") }),
  schedule: group({
    startDate: list(time),
    ...fields("timeZone duration:whole timeZoneID:whole hostWebExID openTime:whole extURL:text512"),
    extNotifyTime: from(0),
    ...fields("joinNotifyURL:text512 joinTeleconfBeforeHost:flag"),
    entryExitTone,
    destinationURL: upTo(128, text),
  }),
  metaData: group({
    ...fields(
      "confName agenda:text2500 description greeting location invitation sessionType:whole",
      "defaultHighestMT:flag",
    ),
    sessionTemplate,
    enableGreeting: flag,
  }),
  enableOptions: group(
    flags(
      "attendeeList javaClient nativeClient chat poll audioVideo fileShare presentation",
      "applicationShare desktopShare webTour trainingSessionRecord annotation importDocument",
      "saveDocument printDocument pointer switchPage fullScreen thumbnail zoom copyPage rcAppShare",
      "rcDesktopShare rcWebTour attendeeRecordTrainingSession voip faxIntoTrainingSession",
      "autoDeleteAfterMeetingEnd displayQuickStartHost displayQuickStartAttendees supportQandA",
      "supportFeedback supportBreakoutSessions supportRemoteComputer supportShareWebContent",
      "supportUCFRichMedia networkBasedRecord presenterBreakoutSession attendeeBreakoutSession",
      "supportPanelists muteOnEntry multiVideo veryLargeSess autoRecord",
    ),
  ),
  telephony: group({ ...telephonyFields, tollFree: flag }),
  tracking,
  repeat: group({
    repeatType: word("SINGLE RECURRING_SINGLE MULTIPLE_SESSION"),
    expirationDate: time,
    dayInWeek: group({ day: list(day) }),
    endAfter: whole,
    occurenceType: word("WEEKLY DAILY NO_REPEAT CONSTANT MONTHLY IRREGULARLY"),
    ...fields("interval:whole dayInMonth:whole weekInMonth:whole monthInYear:whole dayInYear:whole"),
    repeatSession: list(group({ action: word("EDIT DELETE"), ...fields("index:whole! startDate:time") })),
  }),
  remind,
  presenters: sessionParticipants,
  attendees: sessionParticipants,
  attendeeOptions: group({
    ...fields(
      "request:flag registration:flag auto:flag registrationPWD maxRegistrations:whole",
      "registrationCloseDate:time emailInvitations:flag",
    ),
    participantLimit: from(0),
  }),
  handsOnLab: group(fields("reserveHOL:flag labName numComputers:whole")),
  psoFields: pso,
  assistService: meetingAssist,
  preAssignBreakout: group({
    enable: flag,
    attendeeAssign: word("AUTO MANUAL"),
    ...fields("numSessions:whole attendeesPerSess:whole"),
  }),
} as const;

/** Training sessions, their hands-on labs and their tests. */
export const trainingOperations = service("training", "train", {
  checkLabAvailability: op(labRequest, {
    availabilityLabs: list(group({ ...labRequest, status: need(word("AVAILABLE UNAVAILABLE")) })),
  }),
  createTrainingSession: op(
    { ...trainingSessionFields, validateFormat: flag },
    { sessionkey: list(digits), additionalInfo: group(fields("sessionkey:digits guestToken:secret")) },
  ),
  delTrainingSession: op({ sessionKey: need(digits) }, {}),
  getIMStestDetails: op({ testID: need(digits) }, { questestinterop: open }),
  getIMStestResult: op(fields("testID:digits! participantEmail!"), { qti_result_report: open }),
  getLabInfo: op(
    { labName: text },
    {
      labInfo: list(group(fields("labName! description totalComputers:whole computersInSession:whole"))),
    },
  ),
  getLabSchedule: op(fields(labSpan), {
    scheduledLabs: list(
      group(
        fields(
          "labName! confName! timeZoneID:whole! sessionStartTime:time! sessionEndTime:time! hostWebExID!",
          "numComputers:whole!",
        ),
      ),
    ),
  }),
  getTestInformation: op(
    { testID: need(digits) },
    {
      ...fields("testID:digits title"),
      delivery,
      status: testStatus,
      ...fields(
        "dueDate:time sessionKey:digits description startDate:time timeLimit:whole author numQuestions:whole",
        "numSubmitted:whole numStarted:whole numSubmittedUnscroed:whole numSubmittedUnscored:whole",
      ),
      submittedTest: list(group(fields("name! email! submitDate:time! score:whole! grade! registerID:digits!"))),
      maxScore: whole,
    },
  ),
  getTrainingSession: op(
    { sessionKey: need(digits) },
    {
      ...trainingSessionFields,
      sessionKey: digits,
      status: progress,
      test: list(group(testFields)),
      ...fields("hostKey:secret eventID:digits guestToken:secret hostType"),
    },
  ),
  lstScheduledTests: op(
    { dateScope, sessionKey: digits, status: testStatus, author: text },
    {
      test: list(group({ ...testFields, sessionKey: need(digits) })),
    },
  ),
  lstsummaryTrainingSession: listOp(
    "trainingSession",
    { listControl, order, dateScope, ...fields("sessionKey:digits hostWebExID") },
    {
      ...fields(
        "sessionKey:digits confName meetingType:whole hostWebExID otherHostWebExID timeZoneID:whole timeZone",
        "status startDate:time duration:whole",
      ),
      listStatus,
    },
  ),
  setTrainingSession: op(
    { ...trainingSessionFields, sessionKey: need(digits), status: progress, validateFormat: flag },
    {},
  ),
});
