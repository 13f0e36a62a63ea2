import {
  decimal,
  digits,
  each,
  flag,
  flags,
  group,
  groupIn,
  list,
  need,
  phrase,
  secret,
  text,
  texts,
  upTo,
  whole,
  wholes,
  word,
} from "./schema.ts";

/** Words and groups that several services have. */
export const day = word("SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY");
export const listStatus = word("PUBLIC PRIVATE UNLISTED");
export const center = word("MeetingCenter EventCenter TrainingCenter SupportCenter SalesCenter");
export const joinStatus = word("REGISTER INVITE REJECT ACCEPT");
export const role = word("ATTENDEE PRESENTER HOST LIMITED");
export const telephonySupport = word("NONE CALLIN CALLBACK OTHER");
export const entryExitTone = word("NOTONE BEEP ANNOUNCENAME");
export const testStatus = word("NOT_STARTED STARTED ENDED");
export const delivery = word("WEBSITE IN_SESSION");
export const target = word("NEW MAIN PARENT TOP");
export const participantType = word("HOST ATTENDEE OTHER");
export const limit = word("STRICT WARN_EXCEED NONE");
export const trackingUse = word("NOT_USED OPTIONAL REQUIRED ADMIN_SET");
export const progress = word("NOT_INPROGRESS INPROGRESS");
export const active = word("ACTIVATED REQUEST_TO_ACTIVATE DEACTIVATED");
export const addressType = word("PERSONAL GLOBAL");

/** The order of a list: up to three columns. */
export function orderBy<const S extends readonly string[]>(...columns: S) {
  return group({ orderBy: list(word(...columns), 3), orderAD: list(word("ASC DESC"), 3) });
}

export const order = orderBy(
  "HOSTWEBEXID CONFNAME STARTTIME TRACKINGCODE1 TRACKINGCODE2 TRACKINGCODE3 TRACKINGCODE4 TRACKINGCODE5",
  "TRACKINGCODE6 TRACKINGCODE7 TRACKINGCODE8 TRACKINGCODE9 TRACKINGCODE10",
);

export const iCalendarURL = groupIn("serv", { host: need(text), attendee: need(text) });

export const address = groupIn("com", { addressType, ...texts("address1 address2 city state zipCode country") });

export const tracking = groupIn("com", {
  ...each("trackingCode1 trackingCode2 trackingCode3 trackingCode4 trackingCode5", upTo(128, text)),
  ...each("trackingCode6 trackingCode7 trackingCode8 trackingCode9 trackingCode10", upTo(128, text)),
});

export const globalCallInNum = groupIn("serv", {
  countryAlias: need(text),
  phoneNumber: need(text),
  tollFree: need(flag),
});

export const pso = groupIn("com", { psoField1: upTo(128, text) });

export const meetingAssist = groupIn("serv", {
  assistRequest: phrase("None", "Dry Run", "Consult", "Live Event Support", "Audio Streaming", "Video"),
  assistConfirm: word("Pending Confirmed Cancelled"),
});

export const phones = groupIn("com", texts("phone mobilePhone fax"));

export const tspAccount = groupIn("serv", {
  tollFreeCallInNumber: need(upTo(512, text)),
  tollCallInNumber: need(upTo(512, text)),
  subscriberAccessCode: upTo(512, secret),
  participantAccessCode: upTo(512, secret),
});

export const telephonyFields = {
  telephonySupport,
  numPhoneLines: whole,
  ...texts("extTelephonyURL extTelephonyDescription"),
  enableTSP: flag,
  ...wholes("tspAccountIndex personalAccountIndex"),
  intlLocalCallIn: flag,
  teleconfLocation: text,
  callInNum: groupIn("serv", {
    tollNum: need(text),
    ...texts("tollFreeNum intlLocalNum"),
    globalNum: list(globalCallInNum),
  }),
  tspConference: tspAccount,
  tspAccessCodeOrder: word("SUBSCRIBER_1ST PARTICIPANT_1ST"),
} as const;

export const sessionTemplate = groupIn("com", { use: text, default: flag });

export const personFields = {
  ...texts("name firstName lastName title company webExId"),
  address,
  phones,
  email: need(text),
  ...texts("notes url"),
  type: word("VISITOR MEMBER PANELIST SME SALESTEAM"),
} as const;

export const attendee = group({
  person: need(groupIn("com", personFields)),
  contactID: digits,
  joinStatus,
  meetingKey: digits,
  sessionKey: digits,
  language: text,
  role,
  emailInvitations: flag,
  locale: text,
  ...wholes("timeZoneID languageID"),
});

export const eventEnrollmentField = group({ ...flags("incl req") });

export const eventCheckbox = group({ label: need(upTo(256, text)), score: decimal, state: word("CLEARED SELECTED") });

export const eventChoice = group({ label: need(upTo(256, text)), score: decimal });

export const eventChoiceGroup = group({
  ...flags("incl req"),
  label: need(upTo(256, text)),
  defaultChoice: whole,
  choice: need(list(eventChoice)),
  index: whole,
});

export const eventCustom = group({
  textBox: list(
    group({
      ...flags("incl req"),
      label: need(upTo(256, text)),
      type: word("SINGLE_LINE MULTI_LINE"),
      ...wholes("width height index"),
    }),
  ),
  checkBoxGroup: list(
    group({ ...flags("incl req"), label: need(upTo(256, text)), checkBox: need(list(eventCheckbox)), index: whole }),
  ),
  optionButtonGroup: list(eventChoiceGroup),
  dropDownGroup: list(eventChoiceGroup),
});

export const remind = group({
  enableReminder: flag,
  emails: group({ email: list(text) }),
  sendEmail: flag,
  mobile: text,
  sendMobile: flag,
  ...wholes("daysAhead hoursAhead minutesAhead"),
});
