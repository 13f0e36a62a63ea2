import {
  enrollmentNames,
  entryExitTone,
  eventCustom,
  eventEnrollmentField,
  globalCallInNum,
  limit,
  target,
  telephonySupport,
  trackingUse,
} from "./common.ts";
import { each, fields, flag, flags, group, list, need, op, phrase, service, text, whole, word } from "./schema.ts";

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

const supportedService = group(fields("enabled:flag! pageVersion! clientVersion!"));

const link = group({ ...fields("name url"), target, iconURL: text });

const url = group({ url: text, target });

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
          ),
          webPageType: word("J2EE PHP"),
          iCalendar: flag,
          myWebExDefaultPage: phrase(
            "My Meetings",
            "My Computers",
            "My Files:Folders",
            "My Files:Training Recordings",
            "My Files:Recorded Events",
            "My Reports",
            "My Profile",
            "My Contacts",
            "My Workspaces",
          ),
          ...fields(
            "componentVersion accountNumLimit:whole activeUserCount:whole auoAccountNumLimit:whole",
            "auoActiveUserCount:whole displayMeetingActualTime:flag displayOffset:flag",
          ),
        }),
        ucf: need(group({ ucfConfiguration: need(text) })),
        clientPlatforms: group(flags("msWindows macOS9 macOSX sunSolaris linux hpUnix java palm")),
        resourceRestrictions: need(
          group(
            fields(
              "isLicenseManager:flag! concurrentLicense:whole fileFolderCapacity:whole maxConcurrentEvents:whole",
              "archiveStorageLimit:whole",
            ),
          ),
        ),
        supportAPI: need(group(flags("autoLogin aspAndPHPAPI backwardAPI xmlAPI cAPI scorm"))),
        myWebExConfig: group({
          ...flags(
            "myContacts myProfile myMeetings trainingRecordings folders eventDocument myReport myComputer",
            "personalMeetingPage",
          ),
          ...fields("myFilesStorage:whole myComputerNumbers:whole enableMyWebExPro:flag"),
          myWebExProHostLimit: limit,
          ...fields("myWebExProMaxHosts:whole restrictAccessAnyApps:flag restrictAccessAnyAppsNum:whole"),
          addlAccessAnyComputersLimit: limit,
          addlAccessAnyComputers: whole,
          addlStorageLimit: limit,
          ...fields("addlStorage:whole"),
          ...flags(
            "myContactsPro myProfilePro myMeetingsPro trainingRecordingsPro foldersPro eventDocumentPro",
            "myReportPro myComputerPro personalMeetingPagePro",
          ),
          ...fields("myFilesStoragePro:whole myComputerNumbersPro:whole PMRheaderBranding:flag"),
          PMRheaderBrandingLocation: word("Above Replace Below"),
        }),
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
        commerceAndReporting: group(
          fields(
            "trackingCode:flag siteAdminReport:flag subScriptionService:flag isECommmerce:flag",
            "conferencePrice:decimal callInPrice:decimal callInTollFreePrice:decimal callOutPrice:decimal",
            "voIPPrice:decimal creditCardAuthorRetries:whole customereCommerce:flag isLocalTax:flag localTaxName",
            "localTaxtRate:decimal holReport:whole",
          ),
        ),
        tools: group({
          ...flags(
            "businessDirectory officeCalendar meetingCalendar displayOnCallAssistLink displayProfileLink",
            "recordingAndPlayback recordingEditor publishRecordings instantMeeting emails outlookIntegration",
            "wirelessAccess allowPublicAccess ssl e2e handsOnLab",
          ),
          ...fields("holMaxLabs:whole holMaxComputers:whole userLockDown:flag meetingAssist:flag sms:flag"),
          encryption: word("NONE E2E PKI"),
          internalMeeting: flag,
        }),
        custCommunications: group({
          displayType: group(flags("prodSvcAnnounce trainingInfo eNewsletters promotionsOffers pressReleases")),
          displayMethod: group(flags("email fax phone mail")),
        }),
        trackingCodes: group({
          trackingCode: list(
            group({
              ...fields("index:whole! name! inputMode!"),
              hostProfile: need(trackingUse),
              schedulingPage: list(group({ service: need(text), scheduling: need(trackingUse) })),
              listValue: list(group(fields("index:whole! value! active:flag!"))),
            }),
            10,
          ),
        }),
        supportedServices: group({
          meetingCenter: need(supportedService),
          trainingCenter: need(supportedService),
          supportCenter: need(group(fields("enabled:flag! pageVersion! clientVersion! webACD:flag"))),
          eventCenter: need(group(fields("enabled:flag! pageVersion! clientVersion! marketingAddOn:flag!"))),
          salesCenter: need(supportedService),
        }),
        securityOptions: group({
          ...fields(
            "passwordExpires:flag! passwordLifetime:whole! allMeetingsUnlisted:flag! allMeetingsPassword:flag!",
            "joinBeforeHost:flag! audioBeforeHost:flag! changePersonalURL:flag! changeUserName:flag!",
          ),
          meetings: need(group({ strictPasswords: need(flag) })),
          ...fields(
            "strictUserPassword:flag! accountNotify:flag requireLoginBeforeSiteAccess:flag",
            "changePWDWhenAutoLogin:flag! enforceBaseline:flag! passwordChangeIntervalOpt:flag!",
            "passwordChangeInterval:whole!",
          ),
        }),
        defaults: group({
          emailReminders: need(flag),
          entryExitTone: need(entryExitTone),
          voip: need(flag),
          teleconference: need(
            group({ telephonySupport: need(telephonySupport), ...fields("tollFree:flag intlLocalCallIn:flag") }),
          ),
          ...fields("joinTeleconfNotPress1:flag! updateTSPAccount:flag"),
        }),
        scheduleMeetingOptions: group(flags("scheduleOnBehalf saveSessionTemplate")),
        navBarTop: group({
          button: list(group(fields("order:whole! enabled:flag serviceName! customizedName"))),
          displayDisabledService: flag,
        }),
        navMyWebEx: group({
          customLinks: group({ customLink: list(link) }),
          partnerLinks: group({ partnerLink: list(link) }),
          partnerIntegration: flag,
          support: url,
          training: url,
        }),
        navAllServices: group({
          customLinks: group({ customLink: list(link), groupLabel: text }),
          support: link,
          training: link,
          supportMenu: group({ ...each("userGuides downloads training contactUs", url), supportMyResources: flag }),
        }),
        passwordCriteria: need(
          group({
            ...fields(
              "mixedCase:flag! minLength:whole! minAlpha:whole! minNumeric:whole! minSpecial:whole!",
              "disallowWebTextSessions:flag! disallowWebTextAccounts:flag! disallowList:flag!",
            ),
            disallowValue: list(text),
          }),
        ),
        accountPasswordCriteria: need(
          group({
            ...fields(
              "mixedCase:flag! minLength:whole! minNumeric:whole! minAlpha:whole! minSpecial:whole!",
              "disallow3XRepeatedChar:flag! disallowWebTextAccounts:flag! disallowList:flag!",
            ),
            disallowValue: list(text),
          }),
        ),
        productivityTools: group({
          enable: flag,
          installOpts: group({ autoUpdate: flag }),
          integrations: group({
            ...flags(
              "outlook lotusNotes oneClick showSysTrayIcon office excel powerPoint word IE firefox",
              "explorerRightClick instantMessenger aolMessenger googleTalk lotusSametime skype windowsMessenger",
              "yahooMessenger ciscoIPPhone",
            ),
            ...fields("ciscoCUAEURL pcNow:flag iGoogle:flag iPhoneDusting:flag CUMAURL"),
          }),
          oneClick: group(flags("allowJoinUnlistMeeting requireApproveJoin")),
          templates: group({ useTemplate: flag }),
          lockDownPT: group(fields("lockDown:flag version")),
          imSettings: group({ attendeeInviteOther: flag }),
        }),
        meetingPlace: need(
          group(fields("mpProfileURL mpLogoutURL mpInternalMeetingLink nbrProfileNumber nbrProfilePassword:secret")),
        ),
        eventCenter: group({
          standardFields: group({
            ...each(enrollmentNames, eventEnrollmentField),
            ...each("firstName lastName emailAddress", need(eventEnrollmentField)),
          }),
          customFields: eventCustom,
        }),
        salesCenter: group({ allowJoinWithoutLogin: flag }),
        connectIntegration: group(fields("connectServerURL connectOrganization connectNameSpaceID")),
      }),
    },
  ),
});
