import { globalCallInNum } from "./common.ts";
import { each, fields, flag, flags, group, list, need, op, open, service, text, word } from "./schema.ts";

const personalTeleServer = group({
  ...fields("tollNum! tollFreeNum intlLocalNum"),
  globalNum: list(globalCallInNum),
  ...fields("enableServer:flag tollLabel tollFreeLabel"),
});

const tspServer = group({
  ...fields("enableAdaptor:flag! serverIP!"),
  mpAudio: list(group(fields("label phoneNumber"))),
  globalCallInNumURL: text,
});

/** Settings of a site. */
export const siteOperations = service("site", "site", {
  getSite: op(
    { returnSettings: group({ eventCenter: flag }) },
    {
      siteInstance: group({
        metaData: group({
          isEnterprise: need(flag),
          serviceType: need(list(text)),
          meetingTypes: list(group(fields("meetingTypeID:digits! meetingTypeName!"))),
          siteName: need(text),
          brandName: list(text),
          ...fields(
            "region! currency! timeZoneID:whole! timeZone parterID! webDomain! meetingDomain! telephonyDomain!",
            "pageVersion! clientVersion! pageLanguage! activateStatus:flag!",
            "webPageType iCalendar:flag myWebExDefaultPage",
            "componentVersion accountNumLimit:whole activeUserCount:whole auoAccountNumLimit:whole",
            "auoActiveUserCount:whole displayMeetingActualTime:flag displayOffset:flag",
          ),
        }),
        // Fields that no program compares are read as texts.
        ...each("ucf clientPlatforms resourceRestrictions supportAPI myWebExConfig", open),
        telephonyConfig: group({
          ...fields(
            "isTSPUsingTelephonyAPI:flag serviceName participantAccessCodeLabel subscriberAccessCodeLabel",
            "attendeeIDLabel primaryAdaptorURL secondaryAdaptorURL internetPhone:flag callInTeleconferencing:flag",
            "tollFreeCallinTeleconferencing:flag callBackTeleconferencing:flag callInNumber",
            "defaultTeleServerSubject subscribeName subscribePassword:secret defaultPhoneLines",
            "defaultSpeakingLines majorCountryCode majorAreaCode publicName hybridTeleconference:flag",
            "instantHelp:flag customerManage:flag",
          ),
          TSRouting: group(
            fields(
              "TSPrimaryName TSPrimaryCountryCode TSPrimaryNumber TSDelay:whole TSSecondName TSSecondCountryCode",
              "TSSecondNumber",
            ),
          ),
          ...fields(
            "teleServerName maxCallersNumber:whole isSpecified:flag isContinue:flag",
            "intlCallBackTeleconferencing:flag",
          ),
          personalTeleconf: group({
            ...each("primaryLargeServer backup1LargeServer backup2LargeServer", personalTeleServer),
            ...each("primarySmallServer backup1SmallServer backup2SmallServer", personalTeleServer),
          }),
          ...fields("multiMediaPlatform:flag multiMediaHostName broadcastAudioStream:flag"),
          tspAdaptorSettings: need(group({ ...each("primaryLarge backup1Large backup2Large", tspServer) })),
          meetingPlace: need(
            group({ persistentTSP: need(flag), mpAudioConferencing: need(word("WithoutIntegration Integration")) }),
          ),
          ...fields("otherTeleServiceName"),
          ...flags(
            "supportAdapterlessTSP displayAttendeeID provisionTeleAccount choosePCN audioOnly",
            "configTollAndTollFreeNum configPrimaryTS",
          ),
        }),
        ...each(
          "commerceAndReporting tools custCommunications trackingCodes supportedServices securityOptions defaults navBarTop",
          open,
        ),
        ...each("scheduleMeetingOptions navMyWebEx navAllServices passwordCriteria accountPasswordCriteria", open),
        ...each("productivityTools meetingPlace eventCenter salesCenter connectIntegration", open),
      }),
    },
  ),
});
