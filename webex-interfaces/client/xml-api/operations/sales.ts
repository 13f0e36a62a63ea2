import {
  digits,
  group,
  list,
  listTo,
  oneOf,
  operation,
  required,
  secret,
  secretTo,
  text,
  textTo,
  time,
  whole,
  wholeFrom,
  yesOrNo,
} from "../fields.ts";
import {
  lstControlFields,
  matchingRecordsFields,
  phonesFields,
  sessionOrders,
  sessionTemplateFields,
  telephonyFields,
  trackingFields,
} from "./common.ts";

const accessControlFields = {
  listing: oneOf("PUBLIC", "PRIVATE", "UNLISTED"),
  meetingPassword: secretTo(16),
  enforcePassword: yesOrNo,
} as const;

const metaDataFields = {
  confName: textTo(512),
  agenda: textTo(2500),
  account: textTo(128),
  opportunity: textTo(128),
  sessionType: whole,
  defaultHighestMT: yesOrNo,
  intAccountID: digits,
  intOpptyID: digits,
  extSystemID: digits,
  sessionTemplate: group(sessionTemplateFields),
} as const;

const scheduleFields = {
  startDate: time,
  timeZoneID: whole,
  timeZone: text,
  duration: whole,
  openTimeEnabled: yesOrNo,
  openTime: whole,
  templateFilePath: text,
  showFilePath: text,
  showFileStartMode: yesOrNo,
  showFileContPlayFlag: yesOrNo,
  showFileInterVal: whole,
  sendScheduleEmail: yesOrNo,
  extURL: textTo(512),
  extNotifyTime: wholeFrom(0),
  joinNotifyURL: textTo(512),
  joinTeleconfBeforeHost: yesOrNo,
  hostWebExID: text,
} as const;

const enableOptionsFields = {
  autoDeleteAfterMeetingEnd: yesOrNo,
  sendEmailByClient: yesOrNo,
  displayQuickStartHost: yesOrNo,
} as const;

const salesTelephonyFields = {
  ...telephonyFields,
  tollFree: yesOrNo,
} as const;

const repeatFields = {
  repeatType: oneOf("WEEKLY", "DAILY", "NO_REPEAT", "MONTHLY", "YEARLY"),
  endAfter: whole,
  expirationDate: time,
  interval: whole,
  dayInWeek: group({
    day: listTo(7, oneOf("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")),
  }),
  dayInMonth: wholeFrom(1, 31),
  weekInMonth: wholeFrom(1, 6),
  monthInYear: wholeFrom(1, 12),
} as const;

const remindFields = { enableReminder: yesOrNo, daysAhead: whole, hoursAhead: whole, minutesAhead: whole } as const;

const prospectFields = {
  name: text,
  firstName: text,
  lastName: text,
  email: required(textTo(64)),
  phones: group(phonesFields),
} as const;

const alternateHostFields = { webExID: list(text) } as const;

const attendeeOptionsFields = {
  requireUcfDiagnosis: yesOrNo,
  excludePassword: yesOrNo,
  emailInvitations: yesOrNo,
  participantLimit: wholeFrom(0),
} as const;

const salesCalendarURLFields = { host: required(text), attendee: required(text), sme: required(text) } as const;

const productInstanceFields = { name: textTo(128), description: textTo(256), prodID: required(digits) } as const;

const salesSessionFields = {
  accessControl: group(accessControlFields),
  metaData: group(metaDataFields),
  schedule: group(scheduleFields),
  enableOptions: group(enableOptionsFields),
  telephony: group(salesTelephonyFields),
  tracking: group(trackingFields),
  repeat: group(repeatFields),
  remind: group(remindFields),
  prospects: group({ prospect: list(group(prospectFields)) }),
  salesTeam: group({ webExID: list(textTo(128)), email: list(text), altHosts: group(alternateHostFields) }),
  attendeeOptions: group(attendeeOptionsFields),
} as const;

/** Sales sessions, products, accounts and opportunities. Fields and limits as in the public schema, in its order. */
export const salesOperations = {
  addProducts: operation({
    name: "addProducts",
    service: "sales",
    binding: "sales.AddProducts",
    source: "documented",
    kind: "other",
    request: { product: required(list(group({ name: textTo(128), description: textTo(256) }))) },
    response: { prodID: list(digits) },
  }),
  createSalesSession: operation({
    name: "createSalesSession",
    service: "sales",
    binding: "sales.CreateSalesSession",
    source: "documented",
    kind: "create",
    request: {
      ...salesSessionFields,
      validateFormat: yesOrNo,
    },
    response: { meetingKey: digits, iCalendarURL: group(salesCalendarURLFields), guestToken: secret },
  }),
  getSalesSession: operation({
    name: "getSalesSession",
    service: "sales",
    binding: "sales.GetSalesSession",
    source: "documented",
    kind: "get",
    request: { meetingKey: required(digits) },
    response: {
      ...salesSessionFields,
      meetingKey: digits,
      status: text,
      hostKey: secret,
      eventID: digits,
      guestToken: secret,
      hostType: text,
    },
  }),
  lstProducts: operation({
    name: "lstProducts",
    service: "sales",
    binding: "sales.LstProducts",
    source: "documented",
    kind: "list",
    request: {
      listControl: group(lstControlFields),
      order: group({
        orderBy: listTo(3, oneOf("PRODID", "NAME", "DESCRIPTION")),
        orderAD: listTo(3, oneOf("ASC", "DESC")),
      }),
      name: textTo(128),
      prodID: list(digits),
    },
    response: { matchingRecords: group(matchingRecordsFields), product: list(group(productInstanceFields)) },
    items: "product",
  }),
  lstsummarySalesSession: operation({
    name: "lstsummarySalesSession",
    service: "sales",
    binding: "sales.LstsummarySalesSession",
    source: "documented",
    kind: "list",
    request: {
      listControl: group(lstControlFields),
      order: group({
        orderBy: listTo(3, oneOf(...sessionOrders, "ACCOUNT", "OPPORTUNITY")),
        orderAD: listTo(3, oneOf("ASC", "DESC")),
      }),
      dateScope: group({
        startDateStart: time,
        startDateEnd: time,
        endDateStart: time,
        endDateEnd: time,
        timeZoneID: whole,
      }),
      meetingKey: digits,
      hostWebExID: text,
      account: textTo(128),
      opportunity: textTo(128),
    },
    response: {
      matchingRecords: group(matchingRecordsFields),
      salesSession: list(
        group({
          meetingKey: required(digits),
          confName: required(text),
          meetingType: required(whole),
          hostWebExID: text,
          timeZoneID: whole,
          timeZone: text,
          status: text,
          startDate: required(time),
          duration: required(whole),
          listStatus: oneOf("PUBLIC", "PRIVATE", "UNLISTED"),
          account: textTo(128),
          opportunity: textTo(128),
        }),
      ),
    },
    items: "salesSession",
  }),
  setProducts: operation({
    name: "setProducts",
    service: "sales",
    binding: "sales.SetProducts",
    source: "documented",
    kind: "set",
    request: { product: required(list(group(productInstanceFields))) },
    response: { prodID: list(digits) },
  }),
  setSalesSession: operation({
    name: "setSalesSession",
    service: "sales",
    binding: "sales.SetSalesSession",
    source: "schema",
    kind: "set",
    request: {
      ...salesSessionFields,
      meetingKey: required(digits),
      validateFormat: yesOrNo,
    },
    response: { iCalendarURL: group(salesCalendarURLFields) },
  }),
  delSalesSession: operation({
    name: "delSalesSession",
    service: "sales",
    binding: "sales.DelSalesSession",
    source: "schema",
    kind: "delete",
    request: { meetingKey: required(digits) },
    response: { iCalendarURL: group(salesCalendarURLFields) },
  }),
  createAccount: operation({
    name: "createAccount",
    service: "sales",
    binding: "sales.CreateAccount",
    source: "schema",
    kind: "create",
    request: {
      webExID: text,
      account: required(
        group({ name: textTo(128), extAccountID: textTo(512), extSystemID: digits, parentIntID: digits }),
      ),
    },
    response: { intAccountID: digits },
  }),
  setAccount: operation({
    name: "setAccount",
    service: "sales",
    binding: "sales.SetAccount",
    source: "schema",
    kind: "set",
    request: {
      webExID: text,
      account: required(
        group({
          name: textTo(128),
          extAccountID: textTo(512),
          extSystemID: digits,
          parentIntID: digits,
          intAccountID: required(digits),
        }),
      ),
    },
    response: { intAccountID: digits },
  }),
  lstAccounts: operation({
    name: "lstAccounts",
    service: "sales",
    binding: "sales.LstAccounts",
    source: "schema",
    kind: "list",
    request: { webExID: text, intAccountID: digits, extAccountID: text, extSystemID: digits, returnOppty: yesOrNo },
    response: {
      account: list(
        group({
          name: textTo(128),
          extAccountID: textTo(512),
          extSystemID: digits,
          parentIntID: digits,
          intAccountID: digits,
          opportunity: list(
            group({ name: required(textTo(128)), intOpptyID: required(digits), extOpptyID: textTo(512) }),
          ),
        }),
      ),
    },
  }),
  createOpportunity: operation({
    name: "createOpportunity",
    service: "sales",
    binding: "sales.CreateOpportunity",
    source: "schema",
    kind: "create",
    request: {
      webExID: text,
      opportunity: required(
        group({ name: textTo(128), intAccountID: digits, extOpptyID: textTo(512), extSystemID: digits }),
      ),
    },
    response: { intOpptyID: digits },
  }),
  setOpportunity: operation({
    name: "setOpportunity",
    service: "sales",
    binding: "sales.SetOpportunity",
    source: "schema",
    kind: "set",
    request: {
      webExID: text,
      opportunity: required(
        group({
          name: textTo(128),
          intAccountID: digits,
          extOpptyID: textTo(512),
          extSystemID: digits,
          intOpptyID: required(digits),
        }),
      ),
    },
    response: { intOpptyID: digits },
  }),
  lstOpportunities: operation({
    name: "lstOpportunities",
    service: "sales",
    binding: "sales.LstOpportunities",
    source: "schema",
    kind: "list",
    request: {
      webExID: text,
      intAccountID: digits,
      extAccountID: text,
      intOpptyID: digits,
      extOpptyID: text,
      extSystemID: digits,
    },
    response: {
      opportunity: list(
        group({
          name: textTo(128),
          intAccountID: digits,
          extOpptyID: textTo(512),
          extSystemID: digits,
          intOpptyID: required(digits),
          extAccountID: textTo(512),
        }),
      ),
    },
  }),
} as const;
