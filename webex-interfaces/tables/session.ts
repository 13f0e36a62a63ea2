import {
  center,
  delivery,
  globalCallInNum,
  iCalendarURL,
  listStatus,
  meetingAssist,
  progress,
  pso,
  telephonySupport,
  testStatus,
  tspAccount,
} from "./common.ts";
import {
  digits,
  each,
  flag,
  flags,
  group,
  groupIn,
  list,
  listControl,
  listOp,
  need,
  op,
  type PathOf,
  secret,
  service,
  text,
  texts,
  time,
  times,
  upTo,
  type WordsOf,
  whole,
  wholes,
  word,
} from "./schema.ts";

/** Sessions of every service. */
export const sessionOperations = service("ep", "ep", {
  getSessionInfo: op(
    { sessionKey: need(digits), sessionPassword: secret },
    {
      status: text,
      isLocked: flag,
      presenter: list(text),
      ...texts("panelistsInfo programName"),
      sessionkey: need(digits),
      confID: digits,
      ...texts("verifyFlashMediaURL verifyWinMediaURL"),
      accessControl: group({
        sessionPassword: upTo(16, secret),
        listStatus: need(listStatus),
        registration: need(flag),
        ...texts("registrationURL registrationShortURL"),
        ...flags("passwordReq isEnforceAudioPassword isEnforceAudioLogin"),
      }),
      metaData: group({
        confName: need(text),
        sessionType: need(whole),
        serviceType: need(center),
        agenda: upTo(2500, text),
        description: text,
        account: upTo(128, text),
        opportunity: upTo(128, text),
        isRecurring: need(flag),
        ...texts("agendaFormat descriptionFormat"),
        isException: flag,
        seriesMeetingKey: digits,
        hasException: flag,
      }),
      telephony: group({
        telephonySupport: need(telephonySupport),
        ...texts("extTelephonyDescription globalCallInNumbersURL tollFreeRestrictionsURL dialInSequences"),
        callInNum: groupIn("serv", {
          tollNum: need(text),
          ...texts("tollFreeNum intlLocalNum"),
          globalNum: list(globalCallInNum),
          backupTollNum: text,
        }),
        ...each("participantAccessCode participantLimitedAccessCode subscriberAccessCode", secret),
        labels: group({
          tollFreeCallInLabel: need(text),
          tollCallInLabel: need(text),
          ...texts(
            "participantAccessLabel participantLimitedAccessLabel subscriberAccessLabel",
            "globalCallInNumbersLabel",
          ),
        }),
        mpAudio: list(group(texts("label phoneNumber"))),
        mpProfileNumber: text,
        ...flags("isMPAudio voip enableTSP"),
        tspAccountIndex: whole,
        tspConference: tspAccount,
      }),
      material: group({
        imageURL: text,
        document: list(group({ name: need(text), URL: need(text), size: need(whole) })),
      }),
      test: list(
        group({
          title: need(text),
          titleURL: need(text),
          delivery: need(delivery),
          status: need(testStatus),
          ...texts("action actionURL"),
        }),
      ),
      host: group({
        firstName: need(text),
        lastName: need(text),
        email: need(upTo(64, text)),
        webExId: need(text),
        alternateHost: list(text),
        allowAnyoneHostMeeting: flag,
      }),
      schedule: group({
        startDate: need(time),
        duration: need(whole),
        timeZone: need(text),
        ...wholes("timeZoneID openTimeInSec"),
      }),
      attendeeOptions: group({ joinRequiresAccount: flag }),
      audioStatus: text,
      ...flags("isAudioOnly telePresence isAlternateHost isCreator"),
      hostKey: secret,
      ...flags("supportE2E isAllowJBH isCETMeeting isPersonalMeetingRoom isNextUpcomingInstance"),
      ...texts("meetingLink sipURL"),
      isAutoRecord: flag,
    },
  ),
  getAPIVersion: op({ returnTrainReleaseVersion: flag }, { ...texts("apiVersion release trainReleaseVersion") }),
  lstsummarySession: listOp(
    "session",
    {
      listControl,
      order: group({
        orderBy: list(
          word(
            "HOSTWEBEXID CONFNAME STARTTIME TRACKINGCODE1 TRACKINGCODE2 TRACKINGCODE3 TRACKINGCODE4",
            "TRACKINGCODE5 TRACKINGCODE6 TRACKINGCODE7 TRACKINGCODE8 TRACKINGCODE9 TRACKINGCODE10",
            "ASSISTREQUEST ASSISTCONFIRM",
          ),
          3,
        ),
        orderAD: list(word("ASC DESC"), 3),
        caseSensitive: flag,
      }),
      dateScope: group({
        ...times("startDateStart startDateEnd endDateStart endDateEnd"),
        timeZoneID: whole,
        returnSpecifiedTimeZone: flag,
      }),
      sessionTypes: group({ sessionType: list(whole) }),
      serviceTypes: group({ serviceType: list(center) }),
      sessionKey: digits,
      ...texts("hostWebExID hostEmail"),
      status: progress,
      ...flags("recurrence invited"),
      confID: digits,
      confName: text,
      ...flags("inclAudioOnly returnPSOFields returnAssistFields"),
    },
    {
      sessionKey: need(digits),
      confName: need(text),
      sessionType: need(whole),
      serviceType: need(center),
      hostWebExID: need(text),
      ...texts("hostFirstName hostLastName otherHostWebExID"),
      timeZoneID: need(whole),
      ...texts("timeZone status"),
      startTime: need(time),
      actualStartTime: time,
      openTime: whole,
      duration: need(whole),
      listStatus: need(listStatus),
      hostEmail: text,
      ...flags("passwordReq hostJoined participantsJoined"),
      confID: need(digits),
      registration: flag,
      isRecurring: need(flag),
      altHost: flag,
      psoFields: pso,
      assistService: meetingAssist,
      ...texts("hostType audioStatus"),
      isAudioOnly: flag,
    },
  ),
  delSession: op({ sessionKey: need(digits), sendEmail: flag }, { iCalendarURL }),
});

/** In the documents MC, $C, TC, EC and AO. */
export const sessionServices = ["MC", "SaC", "TC", "EC", "AO"] as const;

export type SessionService = (typeof sessionServices)[number];

/**
 * Who is shown what of a session (documents, table 4-3), one letter for each of `sessionServices`. `Y`: everybody. `P`:
 * with the session's password, or as its host, an invited attendee, a panelist or a presenter. `X`: nobody. A field
 * without a row is shown with the group that it is in.
 */
export const visibility = {
  YYYYX: ["status"],
  YYYYY: [
    "isLocked sessionkey confID accessControl accessControl.listStatus metaData metaData.confName",
    "metaData.sessionType metaData.serviceType metaData.isRecurring host host.firstName host.lastName",
    "host.email host.webExId schedule schedule.startDate schedule.duration schedule.timeZone",
  ],
  XXYXX: ["presenter"],
  XXXYX: ["panelistsInfo programName material.imageURL"],
  PPXXX: ["verifyFlashMediaURL verifyWinMediaURL"],
  PPPXP: [
    "accessControl.sessionPassword telephony telephony.telephonySupport",
    "telephony.extTelephonyDescription telephony.globalCallInNumbersURL",
    "telephony.tollFreeRestrictionsURL telephony.callInNum telephony.callInNum.backupTollNum",
    "telephony.participantAccessCode",
  ],
  YXYYX: ["accessControl.registration sipURL isAutoRecord"],
  PXYYX: ["accessControl.registrationURL"],
  PPPXX: ["metaData.agenda"],
  XXYYX: ["metaData.description"],
  XPXXX: ["metaData.account metaData.opportunity"],
  XXXXP: ["telephony.labels.participantLimitedAccessLabel"],
  XXPYX: ["material"],
  XXPPX: ["material.document material.document.name material.document.URL material.document.size"],
  XXPXX: ["test test.title test.titleURL test.delivery test.status test.action test.actionURL"],
  PPXXP: ["host.alternateHost"],
} as const;

type Shown = WordsOf<(typeof visibility)[keyof typeof visibility]>;

export type VisiblePath = PathOf<(typeof sessionOperations)["getSessionInfo"]["answer"]>;

export type Visibility = "always" | "password" | "never";

export interface VisibilityRow {
  readonly path: VisiblePath;
  readonly shown: Readonly<Record<SessionService, Visibility>>;
}

const letters: Readonly<Record<string, Visibility>> = { Y: "always", P: "password", X: "never" };

/** The table by its rows. A row that is no field of the answer does not compile. */
export const visibilityRows = Object.entries(visibility).flatMap(([marks, paths]) => {
  const shown = sessionServices.map((service, column) => [service, letters[marks[column] ?? ""]] as const);
  const words = paths.join(" ").split(" ") as readonly Shown[];
  return words.map((path): VisibilityRow => ({ path, shown: Object.fromEntries(shown) as VisibilityRow["shown"] }));
});
