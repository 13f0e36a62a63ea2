import { active, address, center, orderBy, tracking } from "./common.ts";
import {
  digits,
  type Fields,
  fields,
  flag,
  flags,
  group,
  list,
  listControl,
  listOp,
  need,
  op,
  service,
  text,
  upTo,
  whole,
  word,
} from "./schema.ts";

const salesRole = group(fields("rep:flag mgr:flag asst:flag sme:flag"));

const salesCenterWith = <const P extends Fields>(products: P) =>
  group({
    roles: salesRole,
    manager: upTo(128, text),
    smeInfo: group({ description: upTo(512, text), products: group(products) }),
  });
const salesCenter = salesCenterWith({ prodID: need(list(digits)) });

const remoteFields = {
  sharingView: word("FS_SCALE FS WIN_SCALE WIN"),
  sharingColor: word("256 16BIT"),
  recording: group({ enforce: need(flag), type: word("NBR LOCAL"), location: text }),
} as const;

const userFields = {
  ...fields("firstName lastName title categoryId:digits description officeGreeting company webExId!"),
  address,
  phones: group(fields("phone mobilePhone fax phone2 mobilePhone2 pager")),
  ...fields(
    "email email2 officeurl password:secret60 passwordHint:secret passwordHintAnswer:secret personalUrl",
    "expirationDate:time",
  ),
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
  ...fields("timeZoneID:whole timeZone timeZoneWithDST"),
  tracking,
  service: word("FREE_OFFICE STANDARD_OFFICE PRO_OFFICE"),
  privilege: group(
    flags(
      "host teleConfCallOut teleConfCallOutInternational teleConfCallIn teleConfTollFreeCallIn",
      "siteAdmin voiceOverIp roSiteAdmin labAdmin otherTelephony teleConfCallInInternational",
      "attendeeOnly recordingEditor meetingAssist",
    ),
  ),
  ...fields("language locale schedulingPermission"),
  active,
  tspAccount: group({
    tspAccount: list(
      group({
        ...fields(
          "tollFreeCallInNumber accountIndex:whole tollCallInNumber subscriberAccessCode:secret",
          "participantAccessCode:secret createOnBridge:flag defaultFlag:flag custom1 custom2 custom3",
          "tollFreeCallInData tollCallInData",
        ),
        nbrDialOut: word("TOLL_FREE TOLL"),
        delete: flag,
      }),
      3,
    ),
  }),
  supportedServices: group(flags("meetingCenter trainingCenter supportCenter eventCenter salesCenter")),
  myWebEx: group({
    ...flags("isMyWebExPro myContact myProfile myMeetings myFolders trainingRecordings recordedEvents"),
    ...fields(
      "totalStorageSize:whole myReports:flag myComputer:whole personalMeetingRoom:flag myPartnerLinks:flag",
      "myWorkspaces:flag",
    ),
  }),
  personalTeleconf: group({
    account: list(
      group(
        fields(
          "subscriberAccessCode:secret participantFullAccessCode:secret participantLimitedAccessCode:secret",
          "accountIndex:whole! defaultFlag:flag autoGenerate:flag joinBeforeHost:flag delete:flag",
        ),
      ),
      3,
    ),
  }),
  thirdPartyTeleconf: group({
    account: list(
      group(
        fields(
          "name:text32 confBridgeNum:text32 pause:whole accessCode:secret32 accountIndex:whole!",
          "defaultFlag:flag tollFreeNum:text32 moderatorCode:secret32 phoneName1:text32 phoneName2:text32",
        ),
      ),
      3,
    ),
  }),
  personalMeetingRoom: group(fields("welcomeMessage photoURL headerImageBranding:flag headerImageURL")),
  sessionOptions: group({
    defaultSessionType: whole,
    defaultServiceType: center,
    ...fields("autoDeleteAfterMeetingEnd:flag displayQuickStartHost:flag displayQuickStartAttendees:flag"),
  }),
  supportCenter: group({
    orderTabs: group({ tab: need(list(word("Tools Desktop Application Session"), 4)) }),
    serviceDesk: group({ enable: flag }),
  }),
  mpProfileNumber: upTo(64, text),
  security: group(flags("forceChangePassword resetPassword lockAccount")),
  languageID: whole,
  webACDPrefs: group(
    fields(
      "isAgent:flag isMgr:flag numAgentSessions:whole agentMonitorAllRSQueues:flag",
      "managerMonitorAllRSQueues:flag monitorAllRSAgents:flag",
    ),
  ),
  remoteSupport: group({
    ...remoteFields,
    autoRequest: group({ enable: need(flag), request: word("DESK_VIEW DESK_CTRL APP_VIEW APP_CTRL") }),
    defaultClient: group({ type: need(word("MULTI_SESS SINGLE_SESS")), singleSessClient: word("NEW_CONSL OLD_CONSL") }),
  }),
  remoteAccess: group(remoteFields),
} as const;

/** Users of a site. */
export const userOperations = service("user", "use", {
  createUser: op(
    { ...userFields, salesCenter, ...fields("syncWebOffice:flag sendWelcome:flag validateFormat:flag") },
    { userId: digits },
  ),
  delUser: op(
    { webExId: need(list(text, 50)), syncWebOffice: flag },
    { user: list(group({ webExId: need(text), status: need(word("SUCCESS FAILURE")) }), 50) },
  ),
  getloginurlUser: op(fields("webExID! backURL"), { userLoginURL: need(text) }),
  getlogouturlUser: op(fields("webExID! backURL"), { userLogoutURL: need(text) }),
  getUser: op(
    { webExId: need(text) },
    {
      ...userFields,
      ...fields("webExId! registrationDate:time visitCount:whole userId:digits"),
      salesCenter: salesCenterWith({ product: need(list(group(fields("prodID:digits! name!")))) }),
      ...fields("peExpired:flag peActive:flag passwordExpires:flag passwordDaysLeft:whole"),
      schedulingTemplates: group({
        sessionTemplate: list(group({ ...fields("name! value!"), serviceType: need(center) })),
      }),
      serviceSessionTypes: list(group(fields("label! value!"))),
      scheduleFor: group({ webExID: list(text) }),
    },
  ),
  lstsummaryUser: listOp(
    "user",
    {
      ...fields("firstName lastName email"),
      active,
      webExId: text,
      listControl,
      order: orderBy(
        "UID WEBEXID FIRSTNAME LASTNAME EMAIL ACTIVE REGDATE REGEXPDATE PRIVILEGE PERSONALURL ADDRESS1",
        "ADDRESS2 CITY STATE ZIPCODE COUNTRY PHONE1 PHONE2 MOBILE1 MOBILE2 FAX PAGER EMAIL2 DIVISION",
        "DEPARTMENT PROJECT OTHER TIMEZONE OFFICENAME OFFICETITLE OFFICEURL CATEGORYID VISITCOUNT",
      ),
      dataScope: group(fields("regDateStart:time timeZoneID:whole regDateEnd:time")),
      webACD: group(fields("isAgent:flag isMgr:flag manager returnPrefs:flag")),
    },
    {
      ...fields("webExId! firstName! lastName! email! registrationDate:time"),
      active: need(active),
      timeZoneID: whole,
      webACD: group(flags("isAgent isMgr")),
    },
  ),
  setUser: op(
    {
      ...userFields,
      ...fields("registrationDate:time visitCount:whole userId:digits"),
      salesCenter,
      ...fields("newWebExId syncWebOffice:flag validateFormat:flag"),
    },
    {},
  ),
  authenticateUser: op(
    fields("samlResponse:secret accessToken:secret"),
    fields("sessionTicket:secret! createTime timeToLive"),
  ),
  getLoginTicket: op({}, fields("ticket:secret! apiVersion")),
  /** Newer than the public schema, in the form that real programs use. */
  getUserCard: op(
    { webExId: need(text) },
    {
      ...fields("webExId! firstName lastName email title company"),
      address,
      phones: group(fields("phone mobilePhone fax")),
      ...fields("timeZoneID:whole personalUrl"),
    },
  ),
});
