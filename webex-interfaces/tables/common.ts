import {
  digits,
  type Fields,
  fields,
  flag,
  group,
  groupIn,
  list,
  need,
  phrase,
  text,
  upTo,
  whole,
  word,
} from "./schema.ts";

/** Words and groups of several services. */
export const day = word("SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY");
export const listStatus = word("PUBLIC PRIVATE UNLISTED");
export const center = word("MeetingCenter EventCenter TrainingCenter SupportCenter SalesCenter");
export const joinStatus = word("REGISTER INVITE REJECT ACCEPT");
export const role = word("ATTENDEE PRESENTER HOST LIMITED");
export const telephonySupport = word("NONE CALLIN CALLBACK OTHER");
export const entryExitTone = word("NOTONE BEEP ANNOUNCENAME");
export const testStatus = word("NOT_STARTED STARTED ENDED");
export const delivery = word("WEBSITE IN_SESSION");
export const participantType = word("HOST ATTENDEE OTHER");
export const progress = word("NOT_INPROGRESS INPROGRESS");
export const active = word("ACTIVATED REQUEST_TO_ACTIVATE DEACTIVATED");
export const addressType = word("PERSONAL GLOBAL");

/** Sort order of a list by up to three columns. */
export function orderBy<const S extends readonly string[]>(...columns: S) {
  return group({ orderBy: list(word(...columns), 3), orderAD: list(word("ASC DESC"), 3) });
}

export const trackingColumns = [
  "TRACKINGCODE1 TRACKINGCODE2 TRACKINGCODE3 TRACKINGCODE4 TRACKINGCODE5",
  "TRACKINGCODE6 TRACKINGCODE7 TRACKINGCODE8 TRACKINGCODE9 TRACKINGCODE10",
] as const;

export const order = orderBy("HOSTWEBEXID CONFNAME STARTTIME", ...trackingColumns);

export const dateScope = group(
  fields("startDateStart:time startDateEnd:time endDateStart:time endDateEnd:time timeZoneID:whole"),
);

export const iCalendarURL = groupIn("serv", fields("host! attendee!"));

export const address = groupIn("com", { addressType, ...fields("address1 address2 city state zipCode country") });

export const tracking = groupIn(
  "com",
  fields(
    "trackingCode1:text128 trackingCode2:text128 trackingCode3:text128 trackingCode4:text128",
    "trackingCode5:text128 trackingCode6:text128 trackingCode7:text128 trackingCode8:text128",
    "trackingCode9:text128 trackingCode10:text128",
  ),
);

export const globalCallInNum = groupIn("serv", fields("countryAlias! phoneNumber! tollFree:flag!"));

export const pso = groupIn("com", { psoField1: upTo(128, text) });

export const meetingAssist = groupIn("serv", {
  assistRequest: phrase("None", "Dry Run", "Consult", "Live Event Support", "Audio Streaming", "Video"),
  assistConfirm: word("Pending Confirmed Cancelled"),
});

export const phones = groupIn("com", fields("phone mobilePhone fax"));

export const tspAccount = groupIn(
  "serv",
  fields(
    "tollFreeCallInNumber:text512! tollCallInNumber:text512! subscriberAccessCode:secret512",
    "participantAccessCode:secret512",
  ),
);

export const telephonyFields = {
  telephonySupport,
  ...fields(
    "numPhoneLines:whole extTelephonyURL extTelephonyDescription enableTSP:flag tspAccountIndex:whole",
    "personalAccountIndex:whole intlLocalCallIn:flag teleconfLocation",
  ),
  callInNum: groupIn("serv", {
    ...fields("tollNum! tollFreeNum intlLocalNum"),
    globalNum: list(globalCallInNum),
  }),
  tspConference: tspAccount,
  tspAccessCodeOrder: word("SUBSCRIBER_1ST PARTICIPANT_1ST"),
} as const;

export const sessionTemplate = groupIn("com", fields("use default:flag"));

export const personFields = {
  ...fields("name firstName lastName title company webExId"),
  address,
  phones,
  ...fields("email! notes url"),
  type: word("VISITOR MEMBER PANELIST SME SALESTEAM"),
} as const;

/** Fields of an invitation, in addition to the person's. */
export const invitedFields = {
  contactID: digits,
  joinStatus,
  ...fields("meetingKey:digits sessionKey:digits language"),
  role,
  ...fields("emailInvitations:flag locale timeZoneID:whole languageID:whole"),
} as const;

export const attendee = group({ person: need(groupIn("com", personFields)), ...invitedFields });

export const enrollmentNames =
  "phone company title numEmployees futureInfo address1 address2 city state postalCode country";

export const eventEnrollmentField = group(fields("incl:flag req:flag"));

/** Custom fields of an enrollment form. `place`: the field for their position. */
export function customFields<const P extends Fields>(place: P) {
  const checkBox = group({ ...fields("label:text256! score:decimal"), state: word("CLEARED SELECTED") });
  const choices = group({
    ...fields("incl:flag req:flag label:text256! defaultChoice:whole"),
    choice: need(list(group(fields("label:text256! score:decimal")))),
    ...place,
  });
  return group({
    textBox: list(
      group({
        ...fields("incl:flag req:flag label:text256!"),
        type: word("SINGLE_LINE MULTI_LINE"),
        ...fields("width:whole height:whole"),
        ...place,
      }),
    ),
    checkBoxGroup: list(
      group({ ...fields("incl:flag req:flag label:text256!"), checkBox: need(list(checkBox)), ...place }),
    ),
    optionButtonGroup: list(choices),
    dropDownGroup: list(choices),
  });
}

export const eventCustom = customFields({ index: whole });

export const remind = group({
  enableReminder: flag,
  emails: group({ email: list(text) }),
  ...fields("sendEmail:flag mobile sendMobile:flag daysAhead:whole hoursAhead:whole minutesAhead:whole"),
});
