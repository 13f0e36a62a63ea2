import {
  always,
  decimal,
  digits,
  group,
  list,
  listTo,
  oneOf,
  required,
  secretTo,
  text,
  textTo,
  whole,
  yesOrNo,
} from "../fields.ts";

export const addressFields = {
  addressType: oneOf("PERSONAL", "GLOBAL"),
  address1: text,
  address2: text,
  city: text,
  state: text,
  zipCode: text,
  country: text,
} as const;

export const trackingFields = {
  trackingCode1: textTo(128),
  trackingCode2: textTo(128),
  trackingCode3: textTo(128),
  trackingCode4: textTo(128),
  trackingCode5: textTo(128),
  trackingCode6: textTo(128),
  trackingCode7: textTo(128),
  trackingCode8: textTo(128),
  trackingCode9: textTo(128),
  trackingCode10: textTo(128),
} as const;

export const lstControlFields = { startFrom: whole, maximumNum: whole, listMethod: oneOf("AND", "OR") } as const;

export const matchingRecordsFields = {
  total: always(whole),
  returned: whole,
  startFrom: whole,
} as const;

export const globalCallInNumFields = {
  countryAlias: required(text),
  phoneNumber: required(text),
  tollFree: required(yesOrNo),
} as const;

export const psoFields = { psoField1: textTo(128) } as const;

export const meetingAssistFields = {
  assistRequest: oneOf("None", "Dry Run", "Consult", "Live Event Support", "Audio Streaming", "Video"),
  assistConfirm: oneOf("Pending", "Confirmed", "Cancelled"),
} as const;

export const iCalendarURLFields = { host: required(text), attendee: required(text) } as const;

export const phonesFields = { phone: text, mobilePhone: text, fax: text } as const;

export const callInNumFields = {
  tollNum: required(text),
  tollFreeNum: text,
  intlLocalNum: text,
  globalNum: list(group(globalCallInNumFields)),
} as const;

export const tspAccountFields = {
  tollFreeCallInNumber: required(textTo(512)),
  tollCallInNumber: required(textTo(512)),
  subscriberAccessCode: secretTo(512),
  participantAccessCode: secretTo(512),
} as const;

/** Of a session of any service; each has some more behind them. */
export const telephonyFields = {
  telephonySupport: oneOf("NONE", "CALLIN", "CALLBACK", "OTHER"),
  numPhoneLines: whole,
  extTelephonyURL: text,
  extTelephonyDescription: text,
  enableTSP: yesOrNo,
  tspAccountIndex: whole,
  personalAccountIndex: whole,
  intlLocalCallIn: yesOrNo,
  teleconfLocation: text,
  callInNum: group(callInNumFields),
  tspConference: group(tspAccountFields),
  tspAccessCodeOrder: oneOf("SUBSCRIBER_1ST", "PARTICIPANT_1ST"),
} as const;

export const meetingTelephonyFields = { ...telephonyFields, tollFree: yesOrNo, isMPAudio: yesOrNo } as const;

export const generalListControlFields = { startFrom: required(whole), maximumNum: whole } as const;

export const sessionTemplateFields = { use: text, default: yesOrNo } as const;

export const personFields = {
  name: text,
  firstName: text,
  lastName: text,
  title: text,
  company: text,
  webExId: text,
  address: group(addressFields),
  phones: group(phonesFields),
  email: required(text),
  notes: text,
  url: text,
  type: oneOf("VISITOR", "MEMBER", "PANELIST", "SME", "SALESTEAM"),
} as const;

export const attendeeFields = {
  person: required(group(personFields)),
  contactID: digits,
  joinStatus: oneOf("REGISTER", "INVITE", "REJECT", "ACCEPT"),
  meetingKey: digits,
  sessionKey: digits,
  language: text,
  role: oneOf("ATTENDEE", "PRESENTER", "HOST", "LIMITED"),
  emailInvitations: yesOrNo,
  locale: text,
  timeZoneID: whole,
  languageID: whole,
} as const;

export const eventEnrollmentFieldFields = { incl: yesOrNo, req: yesOrNo } as const;

export const eventTextboxFields = {
  incl: yesOrNo,
  req: yesOrNo,
  label: required(textTo(256)),
  type: oneOf("SINGLE_LINE", "MULTI_LINE"),
  width: whole,
  height: whole,
  index: whole,
} as const;

export const eventCheckboxFields = {
  label: required(textTo(256)),
  score: decimal,
  state: oneOf("CLEARED", "SELECTED"),
} as const;

export const eventCheckboxGroupFields = {
  incl: yesOrNo,
  req: yesOrNo,
  label: required(textTo(256)),
  checkBox: required(list(group(eventCheckboxFields))),
  index: whole,
} as const;

export const eventChoiceFields = { label: required(textTo(256)), score: decimal } as const;

export const eventChoiceGroupFields = {
  incl: yesOrNo,
  req: yesOrNo,
  label: required(textTo(256)),
  defaultChoice: whole,
  choice: required(list(group(eventChoiceFields))),
  index: whole,
} as const;

export const eventCustomFields = {
  textBox: list(group(eventTextboxFields)),
  checkBoxGroup: list(group(eventCheckboxGroupFields)),
  optionButtonGroup: list(group(eventChoiceGroupFields)),
  dropDownGroup: list(group(eventChoiceGroupFields)),
} as const;

export const remindFields = {
  enableReminder: yesOrNo,
  emails: group({ email: list(text) }),
  sendEmail: yesOrNo,
  mobile: text,
  sendMobile: yesOrNo,
  daysAhead: whole,
  hoursAhead: whole,
  minutesAhead: whole,
} as const;

/** By what sessions of any service may be ordered. */
export const sessionOrders = [
  "HOSTWEBEXID",
  "CONFNAME",
  "STARTTIME",
  "TRACKINGCODE1",
  "TRACKINGCODE2",
  "TRACKINGCODE3",
  "TRACKINGCODE4",
  "TRACKINGCODE5",
  "TRACKINGCODE6",
  "TRACKINGCODE7",
  "TRACKINGCODE8",
  "TRACKINGCODE9",
  "TRACKINGCODE10",
] as const;

export const orderFields = {
  orderBy: listTo(3, oneOf(...sessionOrders)),
  orderAD: listTo(3, oneOf("ASC", "DESC")),
} as const;
