import { active, address, center, orderBy, tracking } from "./common.ts";
import {
  digits,
  each,
  flag,
  flags,
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
  upTo,
  whole,
  word,
} from "./schema.ts";

const salesRole = group({ ...flags("rep mgr asst sme") });

const salesCenter = group({
  roles: salesRole,
  manager: upTo(128, text),
  smeInfo: group({ description: upTo(512, text), products: group({ prodID: need(list(digits)) }) }),
});

const userFields = {
  ...texts("firstName lastName title"),
  categoryId: digits,
  ...texts("description officeGreeting company"),
  webExId: need(text),
  address,
  phones: group(texts("phone mobilePhone fax phone2 mobilePhone2 pager")),
  ...texts("email email2 officeurl"),
  password: upTo(60, secret),
  passwordHint: secret,
  passwordHintAnswer: secret,
  personalUrl: text,
  expirationDate: time,
  commOptions: group(flags("prodAnnounce trainingInfo electronicInfo promos press email fax phone mail")),
  meetingTypes: group({ meetingType: list(whole) }),
  options: group(
    flags(
      "firstNameVisible lastNameVisible addressVisible workPhoneVisible cellPhoneVisible pagerVisible",
      "faxVisible officeUrlVisible pictureVisible notifyOnNewMessage notifyOnMeeting followMeEnable",
      "emailVisible listInCategory titleVisible folderRead folderWrite messageVisible iconSelect1",
      "iconSelect2 acceptLinkRequest holdOnLinkRequest notifyOnLinkRequest supportVideo supportApp",
      "supportFileShare supportDesktopShare supportMeetingRecord supportAppshareRemote",
      "supportWebTourRemote supportDesktopShareRemote subscriptionOffice",
    ),
  ),
  timeZoneID: whole,
  ...texts("timeZone timeZoneWithDST"),
  tracking,
  service: word("FREE_OFFICE STANDARD_OFFICE PRO_OFFICE"),
  privilege: group(
    flags(
      "host teleConfCallOut teleConfCallOutInternational teleConfCallIn teleConfTollFreeCallIn",
      "siteAdmin voiceOverIp roSiteAdmin labAdmin otherTelephony teleConfCallInInternational",
      "attendeeOnly recordingEditor meetingAssist",
    ),
  ),
  ...texts("language locale schedulingPermission"),
  active,
  tspAccount: group({
    tspAccount: list(
      group({
        tollFreeCallInNumber: text,
        accountIndex: whole,
        tollCallInNumber: text,
        subscriberAccessCode: secret,
        participantAccessCode: secret,
        ...flags("createOnBridge defaultFlag"),
        ...texts("custom1 custom2 custom3 tollFreeCallInData tollCallInData"),
        nbrDialOut: word("TOLL_FREE TOLL"),
        delete: flag,
      }),
      3,
    ),
  }),
  supportedServices: group(flags("meetingCenter trainingCenter supportCenter eventCenter salesCenter")),
  myWebEx: group({
    ...flags("isMyWebExPro myContact myProfile myMeetings myFolders trainingRecordings recordedEvents"),
    totalStorageSize: whole,
    myReports: flag,
    myComputer: whole,
    ...flags("personalMeetingRoom myPartnerLinks myWorkspaces"),
  }),
  personalTeleconf: group({
    account: list(
      group({
        ...each("subscriberAccessCode participantFullAccessCode participantLimitedAccessCode", secret),
        accountIndex: need(whole),
        ...flags("defaultFlag autoGenerate joinBeforeHost delete"),
      }),
      3,
    ),
  }),
  thirdPartyTeleconf: group({
    account: list(
      group({
        name: upTo(32, text),
        confBridgeNum: upTo(32, text),
        pause: whole,
        accessCode: upTo(32, secret),
        accountIndex: need(whole),
        defaultFlag: flag,
        tollFreeNum: upTo(32, text),
        moderatorCode: upTo(32, secret),
        phoneName1: upTo(32, text),
        phoneName2: upTo(32, text),
      }),
      3,
    ),
  }),
  personalMeetingRoom: group({ ...texts("welcomeMessage photoURL"), headerImageBranding: flag, headerImageURL: text }),
  sessionOptions: group({
    defaultSessionType: whole,
    defaultServiceType: center,
    ...flags("autoDeleteAfterMeetingEnd displayQuickStartHost displayQuickStartAttendees"),
  }),
  supportCenter: group({
    orderTabs: group({ tab: need(list(word("Tools Desktop Application Session"), 4)) }),
    serviceDesk: group({ enable: flag }),
  }),
  mpProfileNumber: upTo(64, text),
  security: group(flags("forceChangePassword resetPassword lockAccount")),
  languageID: whole,
  webACDPrefs: group({
    ...flags("isAgent isMgr"),
    numAgentSessions: whole,
    ...flags("agentMonitorAllRSQueues managerMonitorAllRSQueues monitorAllRSAgents"),
  }),
  remoteSupport: group({
    sharingView: word("FS_SCALE FS WIN_SCALE WIN"),
    sharingColor: word("256 16BIT"),
    recording: group({ enforce: need(flag), type: word("NBR LOCAL"), location: text }),
    autoRequest: group({ enable: need(flag), request: word("DESK_VIEW DESK_CTRL APP_VIEW APP_CTRL") }),
    defaultClient: group({ type: need(word("MULTI_SESS SINGLE_SESS")), singleSessClient: word("NEW_CONSL OLD_CONSL") }),
  }),
  remoteAccess: group({
    sharingView: word("FS_SCALE FS WIN_SCALE WIN"),
    sharingColor: word("256 16BIT"),
    recording: group({ enforce: need(flag), type: word("NBR LOCAL"), location: text }),
  }),
} as const;

/** Users of a site. */
export const userOperations = service("user", "use", {
  createUser: op(
    { ...userFields, salesCenter, ...flags("syncWebOffice sendWelcome validateFormat") },
    { userId: digits },
  ),
  delUser: op(
    { webExId: need(list(text, 50)), syncWebOffice: flag },
    { user: list(group({ webExId: need(text), status: need(word("SUCCESS FAILURE")) }), 50) },
  ),
  getloginurlUser: op({ webExID: need(text), backURL: text }, { userLoginURL: need(text) }),
  getlogouturlUser: op({ webExID: need(text), backURL: text }, { userLogoutURL: need(text) }),
  getUser: op(
    { webExId: need(text) },
    {
      ...userFields,
      webExId: need(text),
      registrationDate: time,
      visitCount: whole,
      userId: digits,
      salesCenter: group({
        roles: salesRole,
        manager: upTo(128, text),
        smeInfo: group({
          description: upTo(512, text),
          products: group({ product: need(list(group({ prodID: need(digits), name: need(text) }))) }),
        }),
      }),
      ...flags("peExpired peActive passwordExpires"),
      passwordDaysLeft: whole,
      schedulingTemplates: group({
        sessionTemplate: list(group({ name: need(text), value: need(text), serviceType: need(center) })),
      }),
      serviceSessionTypes: list(group({ label: need(text), value: need(text) })),
      scheduleFor: group({ webExID: list(text) }),
    },
  ),
  lstsummaryUser: listOp(
    "user",
    {
      ...texts("firstName lastName email"),
      active,
      webExId: text,
      listControl,
      order: orderBy(
        "UID WEBEXID FIRSTNAME LASTNAME EMAIL ACTIVE REGDATE REGEXPDATE PRIVILEGE PERSONALURL ADDRESS1",
        "ADDRESS2 CITY STATE ZIPCODE COUNTRY PHONE1 PHONE2 MOBILE1 MOBILE2 FAX PAGER EMAIL2 DIVISION",
        "DEPARTMENT PROJECT OTHER TIMEZONE OFFICENAME OFFICETITLE OFFICEURL CATEGORYID VISITCOUNT",
      ),
      dataScope: group({ regDateStart: time, timeZoneID: whole, regDateEnd: time }),
      webACD: group({ ...flags("isAgent isMgr"), manager: text, returnPrefs: flag }),
    },
    {
      ...each("webExId firstName lastName email", need(text)),
      registrationDate: time,
      active: need(active),
      timeZoneID: whole,
      webACD: group(flags("isAgent isMgr")),
    },
  ),
  setUser: op(
    {
      ...userFields,
      registrationDate: time,
      visitCount: whole,
      userId: digits,
      salesCenter,
      newWebExId: text,
      ...flags("syncWebOffice validateFormat"),
    },
    {},
  ),
  authenticateUser: op(
    { samlResponse: secret, accessToken: secret },
    { sessionTicket: need(secret), ...texts("createTime timeToLive") },
  ),
  getLoginTicket: op({}, { ticket: need(secret), apiVersion: text }),
  /** Later than the schema at hand; in the form in which callers use it. */
  getUserCard: op(
    { webExId: need(text) },
    {
      webExId: need(text),
      ...texts("firstName lastName email title company"),
      address,
      phones: group(texts("phone mobilePhone fax")),
      timeZoneID: whole,
      personalUrl: text,
    },
  ),
});
