import { digits, group, list, oneOf, operation, required, text, whole, yesOrNo } from "../fields.ts";
import { lstControlFields, matchingRecordsFields } from "./common.ts";

const limitsFields = {
  maxAppShareDuration: whole,
  maxAppShareUser: whole,
  maxDesktopShareDuration: whole,
  maxDesktopShareUser: whole,
  maxFileTransferUser: whole,
  maxMeetingDuration: whole,
  maxMeetingUser: whole,
  maxRecordUser: whole,
  maxVideoDuration: whole,
  maxVideoUser: whole,
  maxWebTourDuration: whole,
  maxWebTourUser: whole,
} as const;

const optionsFields = {
  supportAppShare: yesOrNo,
  supportAppShareRemote: yesOrNo,
  supportAttendeeRegistration: yesOrNo,
  supportRemoteWebTour: yesOrNo,
  supportWebTour: yesOrNo,
  supportFileShare: yesOrNo,
  supportChat: yesOrNo,
  supportCobrowseSite: yesOrNo,
  supportCorporateOfficesSite: yesOrNo,
  supportDesktopShare: yesOrNo,
  supportDesktopShareRemote: yesOrNo,
  supportFileTransfer: yesOrNo,
  supportInternationalCallOut: yesOrNo,
  supportJavaClient: yesOrNo,
  supportMacClient: yesOrNo,
  supportMeetingCenterSite: yesOrNo,
  supportMeetingRecord: yesOrNo,
  supportMultipleMeeting: yesOrNo,
  supportOnCallSite: yesOrNo,
  supportOnStageSite: yesOrNo,
  supportPartnerOfficesSite: yesOrNo,
  supportPoll: yesOrNo,
  supportPresentation: yesOrNo,
  supportSolarisClient: yesOrNo,
  supportSSL: yesOrNo,
  supportE2E: yesOrNo,
  supportPKI: yesOrNo,
  supportTeleconfCallIn: yesOrNo,
  supportTeleconfCallOut: yesOrNo,
  supportTollFreeCallIn: yesOrNo,
  supportVideo: yesOrNo,
  supportVoIP: yesOrNo,
  supportWebExComSite: yesOrNo,
  supportWindowsClient: yesOrNo,
  supportQuickStartAttendees: yesOrNo,
  supportQuickStartHost: yesOrNo,
} as const;

const phoneNumbersFields = { primaryTollCallInNumber: text, primaryTollFreeCallInNumber: text } as const;

/** Kinds of meetings that a site offers. Fields and limits as in the public schema, in its order. */
export const meetingTypeOperations = {
  getMeetingType: operation({
    name: "getMeetingType",
    service: "meeting-type",
    binding: "meetingtype.GetMeetingType",
    source: "schema",
    kind: "get",
    request: { meetingTypeID: required(digits) },
    response: {
      productCodePrefix: text,
      active: oneOf("ACTIVATED", "DEACTIVATED"),
      name: text,
      displayName: text,
      limits: group(limitsFields),
      options: group(optionsFields),
      phoneNumbers: group(phoneNumbersFields),
      meetingTypeID: digits,
      serviceTypes: group({
        serviceType: list(oneOf("MeetingCenter", "EventCenter", "TrainingCenter", "SupportCenter", "SalesCenter")),
      }),
    },
  }),
  lstMeetingType: operation({
    name: "lstMeetingType",
    service: "meeting-type",
    binding: "meetingtype.LstMeetingType",
    source: "schema",
    kind: "list",
    request: { meetingTypeID: list(digits), listControl: group(lstControlFields) },
    response: {
      matchingRecords: group(matchingRecordsFields),
      meetingType: list(
        group({
          productCodePrefix: required(text),
          active: required(oneOf("ACTIVATED", "DEACTIVATED")),
          name: required(text),
          displayName: text,
          limits: group(limitsFields),
          options: required(group(optionsFields)),
          phoneNumbers: required(group(phoneNumbersFields)),
          meetingTypeID: required(digits),
          serviceTypes: required(
            group({
              serviceType: list(
                oneOf("MeetingCenter", "EventCenter", "TrainingCenter", "SupportCenter", "SalesCenter"),
              ),
            }),
          ),
        }),
      ),
    },
    items: "meetingType",
  }),
} as const;
