import {
  dateScope,
  day,
  listStatus,
  orderBy,
  phones,
  sessionTemplate,
  telephonyFields,
  tracking,
  trackingColumns,
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
  secret,
  service,
  text,
  upTo,
  word,
} from "./schema.ts";

const productFields = fields("name:text128 description:text256 prodID:digits!");

const salesSessionFields = {
  accessControl: group({ listing: listStatus, ...fields("meetingPassword:secret16 enforcePassword:flag") }),
  metaData: group({
    ...fields(
      "confName:text512 agenda:text2500 account:text128 opportunity:text128 sessionType:whole",
      "defaultHighestMT:flag intAccountID:digits intOpptyID:digits extSystemID:digits",
    ),
    sessionTemplate,
  }),
  schedule: group({
    ...fields(
      "startDate:time timeZoneID:whole timeZone duration:whole openTimeEnabled:flag openTime:whole",
      "templateFilePath showFilePath showFileStartMode:flag showFileContPlayFlag:flag",
      "showFileInterVal:whole sendScheduleEmail:flag extURL:text512",
    ),
    extNotifyTime: from(0),
    ...fields("joinNotifyURL:text512 joinTeleconfBeforeHost:flag hostWebExID"),
  }),
  enableOptions: group(flags("autoDeleteAfterMeetingEnd sendEmailByClient displayQuickStartHost")),
  telephony: group({ ...telephonyFields, tollFree: flag }),
  tracking,
  repeat: group({
    repeatType: word("WEEKLY DAILY NO_REPEAT MONTHLY YEARLY"),
    ...fields("endAfter:whole expirationDate:time interval:whole"),
    dayInWeek: group({ day: list(day, 7) }),
    dayInMonth: from(1, 31),
    weekInMonth: from(1, 6),
    monthInYear: from(1, 12),
  }),
  remind: group(fields("enableReminder:flag daysAhead:whole hoursAhead:whole minutesAhead:whole")),
  prospects: group({
    prospect: list(group({ ...fields("name firstName lastName email:text64!"), phones })),
  }),
  salesTeam: group({ webExID: list(upTo(128, text)), email: list(text), altHosts: group({ webExID: list(text) }) }),
  attendeeOptions: group({
    ...fields("requireUcfDiagnosis:flag excludePassword:flag emailInvitations:flag"),
    participantLimit: from(0),
  }),
} as const;

/** Sales sessions. */
export const salesOperations = service("sales", "sales", {
  addProducts: op({ product: need(list(group(fields("name:text128 description:text256")))) }, { prodID: list(digits) }),
  createSalesSession: op(
    { ...salesSessionFields, validateFormat: flag },
    { meetingKey: digits, iCalendarURL: group(fields("host! attendee! sme!")), guestToken: secret },
  ),
  getSalesSession: op(
    { meetingKey: need(digits) },
    {
      ...salesSessionFields,
      ...fields("meetingKey:digits status hostKey:secret eventID:digits guestToken:secret hostType"),
    },
  ),
  lstProducts: listOp(
    "product",
    { listControl, order: orderBy("PRODID NAME DESCRIPTION"), name: upTo(128, text), prodID: list(digits) },
    productFields,
  ),
  lstsummarySalesSession: listOp(
    "salesSession",
    {
      listControl,
      order: orderBy("HOSTWEBEXID CONFNAME STARTTIME", ...trackingColumns, "ACCOUNT OPPORTUNITY"),
      dateScope,
      ...fields("meetingKey:digits hostWebExID account:text128 opportunity:text128"),
    },
    {
      ...fields(
        "meetingKey:digits! confName! meetingType:whole! hostWebExID timeZoneID:whole timeZone status",
        "startDate:time! duration:whole!",
      ),
      listStatus,
      ...fields("account:text128 opportunity:text128"),
    },
  ),
  setProducts: op({ product: need(list(group(productFields))) }, { prodID: list(digits) }),
});
