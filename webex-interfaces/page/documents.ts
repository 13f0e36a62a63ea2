/**
 * What public documents name of WebEx's XML API and URL API, written down apart from the tables in `client`, so that an entry
 * that is missing there, or that no document has, is found. `documented`: the overview of the APIs of 2007, the page of
 * getSessionInfo, and the overview of the URL API; `schema`: only the later schema, developer pages, client libraries and public
 * callers.
 */
export type Source = "documented" | "schema";

/** By service. */
export const operations: Readonly<Record<string, Readonly<Record<Source, string>>>> = {
  user: {
    documented: "createUser delUser getloginurlUser getlogouturlUser getUser lstsummaryUser setUser",
    schema: "authenticateUser getLoginTicket lstUser delSessionTemplates uploadPMRImage",
  },
  session: {
    documented: "getSessionInfo",
    schema:
      "getAPIVersion lstsummarySession lstOpenSession delSession createContacts lstContact createDistList setDistList lstDistList getOneClickSettings setOneClickSettings setupOneClickSettings getJoinSessionInfo lstRecording getRecordingInfo setRecordingInfo delRecording detectSessionByCallback",
  },
  meeting: {
    documented: "createMeeting delMeeting gethosturlMeeting getjoinurlMeeting getMeeting lstsummaryMeeting setMeeting",
    schema: "lstMeeting createTeleconferenceSession setTeleconferenceSession getTeleconferenceSession",
  },
  training: {
    documented:
      "checkLabAvailability createTrainingSession delTrainingSession getIMStestDetails getIMStestResult getLabInfo getLabSchedule getTestInformation getTrainingSession lstScheduledTests lstsummaryTrainingSession setTrainingSession",
    schema:
      "addScheduledTest setScheduledTest delScheduledTest lstLibTests copyLibTests delLibTests uploadIMStest reserveLab lstTrainingSession",
  },
  event: {
    documented: "createEvent delEvent getEvent lstrecordedEvent lstsummaryEvent setEvent",
    schema: "lstsummaryProgram sendInvitationEmail uploadEventImage",
  },
  sales: {
    documented: "addProducts createSalesSession getSalesSession lstProducts lstsummarySalesSession setProducts",
    schema:
      "setSalesSession delSalesSession createAccount setAccount lstAccounts createOpportunity setOpportunity lstOpportunities",
  },
  history: {
    documented:
      "lsteventsessionHistory lstsalessessionHistory lstsupportsessionHistory lsttrainingsessionHistory lsteventattendeeHistory lstmeetingattendeeHistory lstsalesattendeeHistory lstsupportattendeeHistory lsttrainingattendeeHistory lstmeetingusageHistory lstrecordaccessHistory",
    schema: "lstrecordaccessDetailHistory",
  },
  attendee: {
    // Of listing and deleting, the overview has no more than the words.
    documented: "createMeetingAttendee",
    schema: "lstMeetingAttendee delMeetingAttendee registerMeetingAttendee getEnrollmentInfo",
  },
  site: { documented: "", schema: "getSite setSite lstTimeZone getWebACDQueues" },
  support: { documented: "", schema: "createSupportSession" },
  "meeting-type": { documented: "", schema: "getMeetingType lstMeetingType" },
};

/** Of the security context, in the schema's order. */
export const securityContext: Readonly<Record<string, Source>> = {
  webExID: "documented",
  password: "documented",
  siteID: "documented",
  siteName: "documented",
  partnerID: "documented",
  email: "schema",
  sessionTicket: "schema",
  webExAccessToken: "schema",
};

/** Of an answer's header. */
export const answerHeader: Readonly<Record<string, Source>> = {
  result: "documented",
  gsbStatus: "documented",
  reason: "schema",
  exceptionID: "schema",
  subErrors: "schema",
  value: "schema",
};

/** What a refusal's id means; `why` in our word. */
export const exceptions: Readonly<Record<string, { readonly why: string; readonly of: string }>> = {
  "000001": { why: "access-denied", of: "access denied" },
  "000015": { why: "not-found", of: "no record found: how sites answer a list without items" },
  "000035": { why: "not-responding", of: "a service behind the API does not respond" },
  "000045": { why: "rate-limit", of: "too many requests within 60 s" },
  "010106": { why: "switched-off", of: "the site does not have classic events" },
  "010107": { why: "switched-off", of: "the site is suspended" },
  "030001": { why: "not-found", of: "no such user" },
  "030002": { why: "wrong-credentials", of: "wrong user or password" },
  "030004": { why: "already-exists", of: "the user name is taken" },
  "030005": { why: "already-exists", of: "the e-mail address is taken" },
  "030047": { why: "wrong-credentials", of: "the session ticket is not valid" },
  "040015": { why: "too-many", of: "more than 50 attendees in one request" },
  "060001": { why: "not-found", of: "no such meeting" },
  "060019": { why: "not-found", of: "no such session for this user" },
  "060021": { why: "access-denied", of: "not the user's own" },
  "060026": { why: "password-needed", of: "the meeting has no password" },
};

type Letter = "Y" | "P" | "X";

/** What getSessionInfo shows: Y always, P with the password or to people of the session, X never; of MC, SaC, TC, EC, AO. */
export const visibility: Readonly<Record<string, `${Letter}${Letter}${Letter}${Letter}${Letter}`>> = {
  status: "YYYYX",
  isLocked: "YYYYY",
  presenter: "XXYXX",
  panelistsInfo: "XXXYX",
  programName: "XXXYX",
  sessionKey: "YYYYY",
  confID: "YYYYY",
  verifyFlashMediaURL: "PPXXX",
  verifyWinMediaURL: "PPXXX",
  accessControl: "YYYYY",
  sessionPassword: "PPPXP",
  listStatus: "YYYYY",
  registration: "YXYYX",
  registrationURL: "PXYYX",
  metaData: "YYYYY",
  confName: "YYYYY",
  sessionType: "YYYYY",
  serviceType: "YYYYY",
  agenda: "PPPXX",
  description: "XXYYX",
  account: "XPXXX",
  opportunity: "XPXXX",
  isRecurring: "YYYYY",
  telephony: "PPPXP",
  telephonySupport: "PPPXP",
  extTelephonyDescription: "PPPXP",
  globalCallinNumbersURL: "PPPXP",
  tollFreeRestrictionsURL: "PPPXP",
  callInNum: "PPPXP",
  backupTollNum: "PPPXP",
  participantAccessCode: "PPPXP",
  participantLimitedAccessLabel: "XXXXP",
  material: "XXPYX",
  imageURL: "XXXYX",
  document: "XXPPX",
  name: "XXPPX",
  URL: "XXPPX",
  size: "XXPPX",
  test: "XXPXX",
  title: "XXPXX",
  titleURL: "XXPXX",
  delivery: "XXPXX",
  "status (of a test)": "XXPXX",
  action: "XXPXX",
  actionURL: "XXPXX",
  host: "YYYYY",
  firstName: "YYYYY",
  lastName: "YYYYY",
  email: "YYYYY",
  webExID: "YYYYY",
  alternateHost: "PPXXP",
  schedule: "YYYYY",
  startDate: "YYYYY",
  duration: "YYYYY",
  timeZone: "YYYYY",
  sipURL: "YXYYX",
  isAutoRecord: "YXYYX",
};

interface FieldsNamed {
  readonly operation: string;
  readonly side: "request" | "response";
  readonly source: Source;
  /** Paths; `(…)` stands for several behind the path before it. `!` is required, a number the most characters. */
  readonly paths: string;
}

/** Fields that the documents name beside the table above: in their examples, or for providers of telephony. */
export const fields: readonly FieldsNamed[] = [
  { operation: "getjoinurlMeeting", side: "request", source: "documented", paths: "meetingKey attendeeName" },
  { operation: "getjoinurlMeeting", side: "response", source: "documented", paths: "joinMeetingURL" },
  { operation: "getSessionInfo", side: "request", source: "documented", paths: "sessionKey! sessionPassword" },
  {
    operation: "getSessionInfo",
    side: "response",
    source: "documented",
    paths:
      "accessControl(passwordReq isEnforceAudioPassword isEnforceAudioLogin) metaData(agendaFormat descriptionFormat isException seriesMeetingKey hasException) telephony(dialInSequences labels.tollFreeCallInLabel labels.tollCallInLabel callInNum.tollNum isMPAudio voip enableTSP) host.allowAnyoneHostMeeting schedule(timeZoneID openTimeInSec) attendeeOptions.joinRequiresAccount isAudioOnly telePresence isAlternateHost isCreator hostKey supportE2E isAllowJBH isCETMeeting isPersonalMeetingRoom isNextUpcomingInstance meetingLink",
  },
  {
    operation: "getSessionInfo",
    side: "response",
    source: "schema",
    paths:
      "accessControl.sessionPassword:16 metaData(agenda:2500 account:128 opportunity:128) host.email:64 telephony(subscriberAccessCode participantLimitedAccessCode mpAudio mpProfileNumber) audioStatus",
  },
  ...(["createUser", "setUser"] as const).map(
    (operation): FieldsNamed => ({
      operation,
      side: "request",
      source: "schema",
      paths:
        "tspAccount.tspAccount(tollFreeCallInNumber accountIndex tollCallInNumber subscriberAccessCode participantAccessCode createOnBridge defaultFlag custom1 custom2 custom3 tollFreeCallInData tollCallInData nbrDialOut delete)",
    }),
  ),
  {
    operation: "getUser",
    side: "response",
    source: "schema",
    paths:
      "tspAccount.tspAccount(tollFreeCallInNumber accountIndex tollCallInNumber subscriberAccessCode participantAccessCode createOnBridge defaultFlag)",
  },
  {
    operation: "createMeeting",
    side: "request",
    source: "schema",
    paths:
      "telephony(telephonySupport numPhoneLines extTelephonyURL extTelephonyDescription enableTSP tspAccountIndex personalAccountIndex intlLocalCallIn teleconfLocation callInNum tspConference tspAccessCodeOrder tollFree isMPAudio)",
  },
  {
    operation: "getSite",
    side: "response",
    source: "schema",
    paths:
      "siteInstance.telephonyConfig(isTSPUsingTelephonyAPI serviceName participantAccessCodeLabel subscriberAccessCodeLabel attendeeIDLabel primaryAdaptorURL secondaryAdaptorURL maxCallersNumber supportAdapterlessTSP displayAttendeeID provisionTeleAccount) siteInstance.telephonyConfig.tspAdaptorSettings(primaryLarge backup1Large backup2Large)",
  },
  {
    operation: "lstsummaryMeeting",
    side: "request",
    source: "schema",
    paths: "listControl(startFrom maximumNum listMethod) order(orderBy orderAD)",
  },
  {
    operation: "lstsummaryMeeting",
    side: "response",
    source: "schema",
    paths: "matchingRecords(total returned startFrom)",
  },
];

/** Values that the documents list, by operation, side and path. */
export const values: Readonly<Record<string, string>> = {
  "getSessionInfo response accessControl.listStatus": "PUBLIC PRIVATE UNLISTED",
  "getSessionInfo response metaData.serviceType": "MeetingCenter EventCenter TrainingCenter SupportCenter SalesCenter",
  "getSessionInfo response test.delivery": "WEBSITE IN_SESSION",
  "getSessionInfo response test.status": "NOT_STARTED STARTED ENDED",
  "createMeeting request telephony.telephonySupport": "NONE CALLIN CALLBACK OTHER",
  "createMeeting request telephony.tspAccessCodeOrder": "SUBSCRIBER_1ST PARTICIPANT_1ST",
  "createUser request tspAccount.tspAccount.nbrDialOut": "TOLL_FREE TOLL",
  "lstsummaryMeeting request listControl.listMethod": "AND OR",
  "lstsummaryMeeting request order.orderAD": "ASC DESC",
};

export const dialIn = {
  templates:
    "AutoDialInSequence SilentDialInSequence AutoLGDialInSequence SilentLGDialInSequence AutoLGPWDialInSequence SilentLGPWDialInSequence",
  placeholders: "AccessNumber AccessCode AttendeeID ProfileID PIN Password",
  globalCallIn: "TollNum TollNumCC TollFreeNum TollFreeNumCC ParticipantCode SubscriberCode",
} as const;

const user =
  "Address1 Address2 City State ZipCode Country OPhoneCountry OPhoneArea OPhoneLocal OPhoneExt FPhoneCountry FPhoneArea FPhoneLocal FPhoneExt TimeZone MT MW PL PT LA AC AS OC TC#10 RP FL AB PF MM MR AA RC RE LB";
const meeting =
  "MN MT LF PW PR AR AQ AI TC IP TL TD TA ExcludePW RequestALogin TZ DU NA YE MO DA HO MI UntilYE UntilMO UntilDA RO Days Always Email ME BM ReminderTime AG AF MF MD DS MG PM AJ AJMI NT NTOP CO HI CE VE AutoDeleteAfterEnd TC#10 RPW NR RCY RCM RCD NP NS TY HL LN NC CM WI CT CN EM EY FN LA ML CP SR CI ST ZP CY PO LU F4 L4 APP APPD MobileDN QK";
const log = "CSRF BU*";

/**
 * The commands of each page, by the code that goes into AT, with their arguments: `!` is required, `*` is in the overviews, and `#`
 * a number (`TC#10` is TC1 to TC10). `…`: not all arguments are public.
 */
export const commands: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "p.php": {
    AC: `WID! PID! ${log}`,
    EU: `WID! PW! PID! NFN NLN NEM NPW NWID ${user} CB#3 FI#3 TI#3 PA#3 SA#3 ${log}`,
    IN: `WID! PID! ${log}`,
    LI: "WID!* PW TK PID EM SK FN LN NPW MU BU*",
    LO: log,
    SU: `FN! LN! EM! WID! PW! PID! ${user} ForceChangeUserPwd BU*`,
  },
  "m.php": {
    AA: `MK! FN# EA# PhoneCountry# PhoneArea# PhoneLocal# PhoneExt# TimeZone# Language# Locale# AddToAddressBook# EI ${log}`,
    AP: `MK FN! EM EI PC PA PN PE ${log}`,
    AS: "BU* …",
    CF: `${log} …`,
    CFAC: `${log} …`,
    CFAD: `${log} …`,
    CFAR: `${log} …`,
    CFAT: `${log} …`,
    CR: `RT! UL AG AR DstURL DS EM HR MI MH DY YR PT PW SZ TP VD ${log}`,
    DA: `MK! EM! EC ${log}`,
    DE: `${log} …`,
    DM: `MK! SM ${log}`,
    DP: `MK FN EM EC ${log}`,
    EE: `${log} …`,
    EM: `MK! ${meeting} ${log}`,
    EN: `${log} …`,
    GF: `MK! ${log}`,
    HM: `MK!* AS* AH* AL* AP* DL* WL* ${log}`,
    HS: `${log} …`,
    IM: `${meeting} AS AH AL AP DL WL ${log}`,
    JE: "MK!* BU* …",
    JM: "MK!* AN AE CO PW RID BU*",
    JS: "BU* …",
    LM: log,
    MD: `MK! EM! ${log}`,
    OM: "servicename BU*",
    PR: `${log} …`,
    RM: `MK! FN! LN! EM! JT! CY! E1 E2 CT SA ZP CI PH FX name#15 value#15 TX# CB# RB# DL# ${log}`,
    RPAD: `${log} …`,
    RPEA: `${log} …`,
    RPRP: `${log} …`,
    SE: `${log} …`,
    SK: `${log} …`,
    SM: `${meeting} ${log}`,
    SS: `${log} …`,
    TE: `${log} …`,
  },
  "o.php": {
    AA: `${log} …`,
    DA: `${log} …`,
    DF: `FN! ${log}`,
    EA: `${log} …`,
    FA: `${log} …`,
    LF: `CD ${log}`,
    MO: `${log} …`,
    QR: `StartYE StartMO StartDA EndYE EndMO EndDA TC SB ${log} …`,
    ST: `SP! ${log}`,
  },
  "h.php": { CA: `${log} …`, LD: `${log} …`, LL: `${log} …`, LS: `${log} …` },
  "c.php": { DC: `${log} …`, RA: `${log} …`, RC: `${log} …`, RL: `${log} …` },
};

/** What the back URL of a command brings beside AT, ST and RS. */
export const returned: Readonly<Record<string, string>> = { "p.php LI": "WID CSRF", "m.php SM": "MK!" };

/** What stands in RS; those that share a line mean the same. */
export const reasons =
  "AccessDenied AlreadyLogon AutoLoginDisabled BadWebexIDorPassword,BadWebIDorPassword DoNotSupportAPI EmailConflict NoMeetingTypeSupport,SiteDoNotSupportThisMeetingType PartnerIDError TheDurationIsExceedTheMaxDuration Unknown WebexIDConflict InvalidDataFormat InvalidMeetingKeyOrPassword MeetingNotInProgress MeetingLocked TeleConferenceLineReserveFail MeetingScheduleFail";

interface Statement {
  readonly says: string;
  readonly source: Source;
  /** Titles of tests, by file below `webex-interfaces/test/`. */
  readonly shownBy: Readonly<Record<string, readonly string[]>>;
}

const walk = "together/documents.test.ts";
const client = "xml-api/client.test.ts";
const site = "site/xml-service.test.ts";
const pages = "site/pages.test.ts";
const builder = "url-api/request.test.ts";
const flow = "url-api/log-in.test.ts";

/** What the documents say in sentences. */
export const statements: readonly Statement[] = [
  {
    says: "A request of the XML API is one document by POST; its answer says SUCCESS or FAILURE.",
    source: "documented",
    shownBy: { [client]: ["posts UTF-8 as text/xml, follows no redirect, and types the answer"] },
  },
  {
    says: "Each request is authenticated first.",
    source: "documented",
    shownBy: { [walk]: ["each request is authenticated before anything else of it is looked at"] },
  },
  {
    says: "Administrators, view-only administrators and hosts have different rights.",
    source: "documented",
    shownBy: {
      [walk]: ["administrators see the whole site, view-only ones change nothing, hosts have what is their own"],
    },
  },
  {
    says: "What the schema does not have is ignored, or fails the request.",
    source: "documented",
    shownBy: { [walk]: ["what the schema does not have is not written, and a site refuses it"] },
  },
  {
    says: "An e-mail address may stand for the name; a ticket or a token for the password.",
    source: "schema",
    shownBy: { [walk]: ["an e-mail address stands for the name; a ticket or a token for the password"] },
  },
  {
    says: "A message may hold several operations and several answers.",
    source: "schema",
    shownBy: {
      [site]: ["several operations in one message are all done, or none"],
      "xml-api/response.test.ts": ["of one of several responses counts"],
    },
  },
  {
    says: "More requests within 60 s than a site allows are refused.",
    source: "schema",
    shownBy: {
      [client]: ["of %s is waited out by what reads, once"],
      [site]: ["more requests in 60 seconds than the site allows are refused, until there is room again"],
    },
  },
  {
    says: "Without a name and a password, getSessionInfo shows what is always shown.",
    source: "documented",
    shownBy: {
      [walk]: [
        "%s: a wrong password shows no more than none, and is told as such",
        "a meeting by its key: the site's answer is read whole",
      ],
    },
  },
  {
    says: "The example of the page of getSessionInfo, request and answer.",
    source: "documented",
    shownBy: {
      "xml-api/request.test.ts": ["a session's information by key and password, as its page shows it"],
      "xml-api/session-info.test.ts": ["each element of the page's example is read"],
    },
  },
  {
    says: "The overview's example: the link for an attendee, request and answer.",
    source: "documented",
    shownBy: {
      "xml-api/request.test.ts": ["the link for an attendee, as the overview of the APIs shows it"],
      "xml-api/response.test.ts": ["the link for an attendee, as the overview of the APIs shows it"],
      "xml-api/hostile.test.ts": ["the answer in the overview of the APIs, which ends an element twice, is a fault"],
      [walk]: ["the link for an attendee comes by site id and partner id"],
    },
  },
  {
    says: "User data: sign-up, log-in and log-out, activation, edits.",
    source: "documented",
    shownBy: {
      [walk]: ["users: signed up, edited, deactivated, activated, logged in and out, by either interface the same"],
    },
  },
  {
    says: "Meetings: schedule, host, join, at once, edit, delete, list.",
    source: "documented",
    shownBy: { [walk]: ["meetings: scheduled, edited, listed, hosted, joined, deleted; one at once"] },
  },
  {
    says: "Attendees: list, add, delete, registration form, register.",
    source: "documented",
    shownBy: { [walk]: ["attendees: added, listed, removed; a registration form, and who registers"] },
  },
  {
    says: "History: usage, and access to recordings.",
    source: "documented",
    shownBy: { [walk]: ["history: who was in what, and who looked at recordings"] },
  },
  {
    says: "A command of the URL API is a page, AT and its arguments, below the site's own address.",
    source: "documented",
    shownBy: {
      [builder]: ["host-meeting has the arguments of the overview, in its order"],
      [walk]: ["a meeting is hosted with each of the command's arguments"],
    },
  },
  {
    says: "Without a back URL the browser comes to the site's home page.",
    source: "documented",
    shownBy: {
      [builder]: ["a log-out with and without a back URL, as the overview writes it"],
      [walk]: ["a log-out goes to the site's home page, and with a back URL there"],
    },
  },
  {
    says: "All but joining needs a log-in.",
    source: "documented",
    shownBy: { [walk]: ["joining needs no log-in; every other command does"] },
  },
  {
    says: "Requests are best posted as a form, above all a log-in.",
    source: "documented",
    shownBy: {
      "url-api/commands.test.ts": ["what needs a password is always a form; what may have one is a link without it"],
    },
  },
  {
    says: "Single sign-on: a portal logs its users in, and leads them on.",
    source: "documented",
    shownBy: {
      [walk]: [
        "single sign-on: log-in by form, schedule, host, log-out, each from the back URL of the one before (a %s)",
      ],
    },
  },
  {
    says: "My WebEx, labs, remote computers, recordings, reports, support sessions.",
    source: "documented",
    shownBy: { [walk]: ["My WebEx, labs, computers, recordings, reports and support sessions act or show"] },
  },
  {
    says: "A session of the URL API lapses after 30 minutes without a command.",
    source: "schema",
    shownBy: { [pages]: ["a log-in lapses 30 minutes after the last command"] },
  },
  {
    says: "MU leads on after a log-in; GoBack means the back URL.",
    source: "schema",
    shownBy: {
      [flow]: ["log-in by form with MU=GoBack, schedule, host with the key from the back URL, log-out"],
      [pages]: ["MU is a page of the site, or GoBack for the back URL; a ticket is for one log-in"],
    },
  },
  {
    says: "IM tells no meeting number; SM and then HM do.",
    source: "schema",
    shownBy: { [pages]: ["SM gives a key that EM, HM, JM, AA, DA and DM work with; IM gives none"] },
  },
  {
    says: "OM answers with a document, to servers that WebEx knows.",
    source: "schema",
    shownBy: { [walk]: ["meetings: scheduled, edited, listed, hosted, joined, deleted; one at once"] },
  },
];
