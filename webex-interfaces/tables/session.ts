import {
  center,
  dateScope,
  delivery,
  iCalendarURL,
  listStatus,
  meetingAssist,
  progress,
  pso,
  telephonyFields,
  telephonySupport,
  testStatus,
  trackingColumns,
  tspAccount,
} from "./common.ts";
import {
  fields,
  flag,
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
  upTo,
  type WordsOf,
  whole,
  word,
} from "./schema.ts";

/** Operations for sessions of every service. */
export const sessionOperations = service("ep", "ep", {
  getSessionInfo: op(fields("sessionKey:digits! sessionPassword:secret"), {
    ...fields("status isLocked:flag"),
    presenter: list(text),
    ...fields("panelistsInfo programName sessionkey:digits! confID:digits verifyFlashMediaURL verifyWinMediaURL"),
    accessControl: group({
      sessionPassword: upTo(16, secret),
      listStatus: need(listStatus),
      ...fields(
        "registration:flag! registrationURL registrationShortURL passwordReq:flag isEnforceAudioPassword:flag",
        "isEnforceAudioLogin:flag",
      ),
    }),
    metaData: group({
      ...fields("confName! sessionType:whole!"),
      serviceType: need(center),
      ...fields(
        "agenda:text2500 description account:text128 opportunity:text128 isRecurring:flag! agendaFormat",
        "descriptionFormat isException:flag seriesMeetingKey:digits hasException:flag",
      ),
    }),
    telephony: group({
      telephonySupport: need(telephonySupport),
      ...fields("extTelephonyDescription globalCallInNumbersURL tollFreeRestrictionsURL dialInSequences"),
      callInNum: groupIn("serv", { ...telephonyFields.callInNum.of, backupTollNum: text }),
      ...fields("participantAccessCode:secret participantLimitedAccessCode:secret subscriberAccessCode:secret"),
      labels: group(
        fields(
          "tollFreeCallInLabel! tollCallInLabel! participantAccessLabel participantLimitedAccessLabel",
          "subscriberAccessLabel globalCallInNumbersLabel",
        ),
      ),
      mpAudio: list(group(fields("label phoneNumber"))),
      ...fields("mpProfileNumber isMPAudio:flag voip:flag enableTSP:flag tspAccountIndex:whole"),
      tspConference: tspAccount,
    }),
    material: group({
      imageURL: text,
      document: list(group(fields("name! URL! size:whole!"))),
    }),
    test: list(
      group({
        ...fields("title! titleURL!"),
        delivery: need(delivery),
        status: need(testStatus),
        ...fields("action actionURL"),
      }),
    ),
    host: group({
      ...fields("firstName! lastName! email:text64! webExId!"),
      alternateHost: list(text),
      allowAnyoneHostMeeting: flag,
    }),
    schedule: group(fields("startDate:time! duration:whole! timeZone! timeZoneID:whole openTimeInSec:whole")),
    attendeeOptions: group({ joinRequiresAccount: flag }),
    ...fields(
      "audioStatus isAudioOnly:flag telePresence:flag isAlternateHost:flag isCreator:flag hostKey:secret",
      "supportE2E:flag isAllowJBH:flag isCETMeeting:flag isPersonalMeetingRoom:flag",
      "isNextUpcomingInstance:flag meetingLink sipURL isAutoRecord:flag",
    ),
  }),
  getAPIVersion: op({ returnTrainReleaseVersion: flag }, fields("apiVersion release trainReleaseVersion")),
  lstsummarySession: listOp(
    "session",
    {
      listControl,
      order: group({
        orderBy: list(word("HOSTWEBEXID CONFNAME STARTTIME", ...trackingColumns, "ASSISTREQUEST ASSISTCONFIRM"), 3),
        orderAD: list(word("ASC DESC"), 3),
        caseSensitive: flag,
      }),
      dateScope: group({ ...dateScope.of, returnSpecifiedTimeZone: flag }),
      sessionTypes: group({ sessionType: list(whole) }),
      serviceTypes: group({ serviceType: list(center) }),
      ...fields("sessionKey:digits hostWebExID hostEmail"),
      status: progress,
      ...fields(
        "recurrence:flag invited:flag confID:digits confName inclAudioOnly:flag returnPSOFields:flag",
        "returnAssistFields:flag",
      ),
    },
    {
      ...fields("sessionKey:digits! confName! sessionType:whole!"),
      serviceType: need(center),
      ...fields(
        "hostWebExID! hostFirstName hostLastName otherHostWebExID timeZoneID:whole! timeZone status",
        "startTime:time! actualStartTime:time openTime:whole duration:whole!",
      ),
      listStatus: need(listStatus),
      ...fields(
        "hostEmail passwordReq:flag hostJoined:flag participantsJoined:flag confID:digits! registration:flag",
        "isRecurring:flag! altHost:flag",
      ),
      psoFields: pso,
      assistService: meetingAssist,
      ...fields("hostType audioStatus isAudioOnly:flag"),
    },
  ),
  delSession: op(fields("sessionKey:digits! sendEmail:flag"), { iCalendarURL }),
});

/** The documents' MC, $C, TC, EC and AO. */
export const sessionServices = ["MC", "SaC", "TC", "EC", "AO"] as const;

export type SessionService = (typeof sessionServices)[number];

/**
 * Visibility of a session's elements (documents, table 4-3), a letter for each of `sessionServices`. `Y`: everybody.
 * `P`: with the session's password, or for its host, invited attendees, panelists and presenters. `X`: never. A field
 * without a row has the visibility of its group.
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

/** Rows of the table. A row that is not a field of the answer does not compile. */
export const visibilityRows = Object.entries(visibility).flatMap(([marks, paths]) => {
  const shown = sessionServices.map((service, column) => [service, letters[marks[column] ?? ""]] as const);
  const words = paths.join(" ").split(" ") as readonly Shown[];
  return words.map((path): VisibilityRow => ({ path, shown: Object.fromEntries(shown) as VisibilityRow["shown"] }));
});
