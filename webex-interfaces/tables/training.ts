import {
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

const sessionDateScope = group({ ...times("startDateStart startDateEnd endDateStart endDateEnd"), timeZoneID: whole });

const trainingSessionFields = {
  accessControl: group({ listing: listStatus, sessionPassword: upTo(16, secret), enforcePassword: flag }),
  schedule: group({
    startDate: list(time),
    timeZone: text,
    ...wholes("duration timeZoneID"),
    hostWebExID: text,
    openTime: whole,
    extURL: upTo(512, text),
    extNotifyTime: from(0),
    joinNotifyURL: upTo(512, text),
    joinTeleconfBeforeHost: flag,
    entryExitTone,
    destinationURL: upTo(128, text),
  }),
  metaData: group({
    confName: text,
    agenda: upTo(2500, text),
    ...texts("description greeting location invitation"),
    sessionType: whole,
    defaultHighestMT: flag,
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
    ...wholes("interval dayInMonth weekInMonth monthInYear dayInYear"),
    repeatSession: list(group({ action: word("EDIT DELETE"), index: need(whole), startDate: time })),
  }),
  remind,
  presenters: sessionParticipants,
  attendees: sessionParticipants,
  attendeeOptions: group({
    ...flags("request registration auto"),
    registrationPWD: text,
    maxRegistrations: whole,
    registrationCloseDate: time,
    emailInvitations: flag,
    participantLimit: from(0),
  }),
  handsOnLab: group({ reserveHOL: flag, labName: text, numComputers: whole }),
  psoFields: pso,
  assistService: meetingAssist,
  preAssignBreakout: group({
    enable: flag,
    attendeeAssign: word("AUTO MANUAL"),
    ...wholes("numSessions attendeesPerSess"),
  }),
} as const;

/** Training sessions, their hands-on labs and their tests. */
export const trainingOperations = service("training", "train", {
  checkLabAvailability: op(
    {
      labName: need(text),
      timeZoneID: need(whole),
      sessionStartTime: need(time),
      sessionEndTime: need(time),
      numComputers: need(whole),
    },
    {
      availabilityLabs: list(
        group({
          labName: need(text),
          timeZoneID: need(whole),
          sessionStartTime: need(time),
          sessionEndTime: need(time),
          numComputers: need(whole),
          status: need(word("AVAILABLE UNAVAILABLE")),
        }),
      ),
    },
  ),
  createTrainingSession: op(
    { ...trainingSessionFields, validateFormat: flag },
    { sessionkey: list(digits), additionalInfo: group({ sessionkey: digits, guestToken: secret }) },
  ),
  delTrainingSession: op({ sessionKey: need(digits) }, {}),
  getIMStestDetails: op({ testID: need(digits) }, { questestinterop: open }),
  getIMStestResult: op({ testID: need(digits), participantEmail: need(text) }, { qti_result_report: open }),
  getLabInfo: op(
    { labName: text },
    {
      labInfo: list(group({ labName: need(text), description: text, ...wholes("totalComputers computersInSession") })),
    },
  ),
  getLabSchedule: op(
    { labName: need(text), timeZoneID: need(whole), sessionStartTime: need(time), sessionEndTime: need(time) },
    {
      scheduledLabs: list(
        group({
          labName: need(text),
          confName: need(text),
          timeZoneID: need(whole),
          sessionStartTime: need(time),
          sessionEndTime: need(time),
          hostWebExID: need(text),
          numComputers: need(whole),
        }),
      ),
    },
  ),
  getTestInformation: op(
    { testID: need(digits) },
    {
      testID: digits,
      title: text,
      delivery,
      status: testStatus,
      dueDate: time,
      sessionKey: digits,
      description: text,
      startDate: time,
      timeLimit: whole,
      author: text,
      ...wholes("numQuestions numSubmitted numStarted numSubmittedUnscroed numSubmittedUnscored"),
      submittedTest: list(
        group({
          name: need(text),
          email: need(text),
          submitDate: need(time),
          score: need(whole),
          grade: need(text),
          registerID: need(digits),
        }),
      ),
      maxScore: whole,
    },
  ),
  getTrainingSession: op(
    { sessionKey: need(digits) },
    {
      ...trainingSessionFields,
      sessionKey: digits,
      status: progress,
      test: list(
        group({
          testID: need(digits),
          title: need(text),
          delivery: need(delivery),
          status: need(testStatus),
          dueDate: time,
        }),
      ),
      hostKey: secret,
      eventID: digits,
      guestToken: secret,
      hostType: text,
    },
  ),
  lstScheduledTests: op(
    { dateScope: sessionDateScope, sessionKey: digits, status: testStatus, author: text },
    {
      test: list(
        group({
          testID: need(digits),
          title: need(text),
          delivery: need(delivery),
          status: need(testStatus),
          dueDate: time,
          sessionKey: need(digits),
        }),
      ),
    },
  ),
  lstsummaryTrainingSession: listOp(
    "trainingSession",
    { listControl, order, dateScope: sessionDateScope, sessionKey: digits, hostWebExID: text },
    {
      sessionKey: digits,
      confName: text,
      meetingType: whole,
      ...texts("hostWebExID otherHostWebExID"),
      timeZoneID: whole,
      ...texts("timeZone status"),
      startDate: time,
      duration: whole,
      listStatus,
    },
  ),
  setTrainingSession: op(
    { ...trainingSessionFields, sessionKey: need(digits), status: progress, validateFormat: flag },
    {},
  ),
});
