import {
  entryExitTone,
  eventCustom,
  eventEnrollmentField,
  globalCallInNum,
  limit,
  target,
  telephonySupport,
  trackingUse,
} from "./common.ts";
import {
  decimal,
  digits,
  each,
  flag,
  flags,
  group,
  list,
  need,
  op,
  phrase,
  secret,
  service,
  text,
  texts,
  whole,
  wholes,
  word,
} from "./schema.ts";

const personalTeleServer = group({
  tollNum: need(text),
  ...texts("tollFreeNum intlLocalNum"),
  globalNum: list(globalCallInNum),
  enableServer: flag,
  ...texts("tollLabel tollFreeLabel"),
});

const tspServer = group({
  enableAdaptor: need(flag),
  serverIP: need(text),
  mpAudio: list(group(texts("label phoneNumber"))),
  globalCallInNumURL: text,
});

const supportedService = group({ enabled: need(flag), pageVersion: need(text), clientVersion: need(text) });

const link = group({ ...texts("name url"), target, iconURL: text });

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
          meetingTypes: list(group({ meetingTypeID: need(digits), meetingTypeName: need(text) })),
          siteName: need(text),
          brandName: list(text),
          region: need(text),
          currency: need(text),
          timeZoneID: need(whole),
          timeZone: text,
          ...each(
            "parterID webDomain meetingDomain telephonyDomain pageVersion clientVersion pageLanguage",
            need(text),
          ),
          activateStatus: need(flag),
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
          componentVersion: text,
          ...wholes("accountNumLimit activeUserCount auoAccountNumLimit auoActiveUserCount"),
          ...flags("displayMeetingActualTime displayOffset"),
        }),
        ucf: need(group({ ucfConfiguration: need(text) })),
        clientPlatforms: group(flags("msWindows macOS9 macOSX sunSolaris linux hpUnix java palm")),
        resourceRestrictions: need(
          group({
            isLicenseManager: need(flag),
            ...wholes("concurrentLicense fileFolderCapacity maxConcurrentEvents archiveStorageLimit"),
          }),
        ),
        supportAPI: need(group(flags("autoLogin aspAndPHPAPI backwardAPI xmlAPI cAPI scorm"))),
        myWebExConfig: group({
          ...flags(
            "myContacts myProfile myMeetings trainingRecordings folders eventDocument myReport myComputer",
            "personalMeetingPage",
          ),
          ...wholes("myFilesStorage myComputerNumbers"),
          enableMyWebExPro: flag,
          myWebExProHostLimit: limit,
          myWebExProMaxHosts: whole,
          restrictAccessAnyApps: flag,
          restrictAccessAnyAppsNum: whole,
          addlAccessAnyComputersLimit: limit,
          addlAccessAnyComputers: whole,
          addlStorageLimit: limit,
          addlStorage: whole,
          ...flags(
            "myContactsPro myProfilePro myMeetingsPro trainingRecordingsPro foldersPro eventDocumentPro",
            "myReportPro myComputerPro personalMeetingPagePro",
          ),
          ...wholes("myFilesStoragePro myComputerNumbersPro"),
          PMRheaderBranding: flag,
          PMRheaderBrandingLocation: word("Above Replace Below"),
        }),
        telephonyConfig: group({
          isTSPUsingTelephonyAPI: flag,
          ...texts(
            "serviceName participantAccessCodeLabel subscriberAccessCodeLabel attendeeIDLabel",
            "primaryAdaptorURL secondaryAdaptorURL",
          ),
          ...flags("internetPhone callInTeleconferencing tollFreeCallinTeleconferencing callBackTeleconferencing"),
          ...texts("callInNumber defaultTeleServerSubject subscribeName"),
          subscribePassword: secret,
          ...texts("defaultPhoneLines defaultSpeakingLines majorCountryCode majorAreaCode publicName"),
          ...flags("hybridTeleconference instantHelp customerManage"),
          TSRouting: group({
            ...texts("TSPrimaryName TSPrimaryCountryCode TSPrimaryNumber"),
            TSDelay: whole,
            ...texts("TSSecondName TSSecondCountryCode TSSecondNumber"),
          }),
          teleServerName: text,
          maxCallersNumber: whole,
          ...flags("isSpecified isContinue intlCallBackTeleconferencing"),
          personalTeleconf: group({
            ...each(
              "primaryLargeServer backup1LargeServer backup2LargeServer primarySmallServer backup1SmallServer backup2SmallServer",
              personalTeleServer,
            ),
          }),
          multiMediaPlatform: flag,
          multiMediaHostName: text,
          broadcastAudioStream: flag,
          tspAdaptorSettings: need(group({ ...each("primaryLarge backup1Large backup2Large", tspServer) })),
          meetingPlace: need(
            group({ persistentTSP: need(flag), mpAudioConferencing: need(word("WithoutIntegration Integration")) }),
          ),
          otherTeleServiceName: text,
          ...flags(
            "supportAdapterlessTSP displayAttendeeID provisionTeleAccount choosePCN audioOnly",
            "configTollAndTollFreeNum configPrimaryTS",
          ),
        }),
        commerceAndReporting: group({
          ...flags("trackingCode siteAdminReport subScriptionService isECommmerce"),
          ...each("conferencePrice callInPrice callInTollFreePrice callOutPrice voIPPrice", decimal),
          creditCardAuthorRetries: whole,
          ...flags("customereCommerce isLocalTax"),
          localTaxName: text,
          localTaxtRate: decimal,
          holReport: whole,
        }),
        tools: group({
          ...flags(
            "businessDirectory officeCalendar meetingCalendar displayOnCallAssistLink displayProfileLink",
            "recordingAndPlayback recordingEditor publishRecordings instantMeeting emails outlookIntegration",
            "wirelessAccess allowPublicAccess ssl e2e handsOnLab",
          ),
          ...wholes("holMaxLabs holMaxComputers"),
          ...flags("userLockDown meetingAssist sms"),
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
              index: need(whole),
              name: need(text),
              inputMode: need(text),
              hostProfile: need(trackingUse),
              schedulingPage: list(group({ service: need(text), scheduling: need(trackingUse) })),
              listValue: list(group({ index: need(whole), value: need(text), active: need(flag) })),
            }),
            10,
          ),
        }),
        supportedServices: group({
          meetingCenter: need(supportedService),
          trainingCenter: need(supportedService),
          supportCenter: need(
            group({ enabled: need(flag), pageVersion: need(text), clientVersion: need(text), webACD: flag }),
          ),
          eventCenter: need(
            group({
              enabled: need(flag),
              pageVersion: need(text),
              clientVersion: need(text),
              marketingAddOn: need(flag),
            }),
          ),
          salesCenter: need(supportedService),
        }),
        securityOptions: group({
          passwordExpires: need(flag),
          passwordLifetime: need(whole),
          ...each(
            "allMeetingsUnlisted allMeetingsPassword joinBeforeHost audioBeforeHost changePersonalURL changeUserName",
            need(flag),
          ),
          meetings: need(group({ strictPasswords: need(flag) })),
          strictUserPassword: need(flag),
          ...flags("accountNotify requireLoginBeforeSiteAccess"),
          ...each("changePWDWhenAutoLogin enforceBaseline passwordChangeIntervalOpt", need(flag)),
          passwordChangeInterval: need(whole),
        }),
        defaults: group({
          emailReminders: need(flag),
          entryExitTone: need(entryExitTone),
          voip: need(flag),
          teleconference: need(
            group({ telephonySupport: need(telephonySupport), ...flags("tollFree intlLocalCallIn") }),
          ),
          joinTeleconfNotPress1: need(flag),
          updateTSPAccount: flag,
        }),
        scheduleMeetingOptions: group(flags("scheduleOnBehalf saveSessionTemplate")),
        navBarTop: group({
          button: list(group({ order: need(whole), enabled: flag, serviceName: need(text), customizedName: text })),
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
            mixedCase: need(flag),
            ...each("minLength minAlpha minNumeric minSpecial", need(whole)),
            ...each("disallowWebTextSessions disallowWebTextAccounts disallowList", need(flag)),
            disallowValue: list(text),
          }),
        ),
        accountPasswordCriteria: need(
          group({
            mixedCase: need(flag),
            ...each("minLength minNumeric minAlpha minSpecial", need(whole)),
            ...each("disallow3XRepeatedChar disallowWebTextAccounts disallowList", need(flag)),
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
            ciscoCUAEURL: text,
            ...flags("pcNow iGoogle iPhoneDusting"),
            CUMAURL: text,
          }),
          oneClick: group(flags("allowJoinUnlistMeeting requireApproveJoin")),
          templates: group({ useTemplate: flag }),
          lockDownPT: group({ lockDown: flag, version: text }),
          imSettings: group({ attendeeInviteOther: flag }),
        }),
        meetingPlace: need(
          group({
            ...texts("mpProfileURL mpLogoutURL mpInternalMeetingLink nbrProfileNumber"),
            nbrProfilePassword: secret,
          }),
        ),
        eventCenter: group({
          standardFields: group({
            ...each(
              "phone company title numEmployees futureInfo address1 address2 city state postalCode country",
              eventEnrollmentField,
            ),
            ...each("firstName lastName emailAddress", need(eventEnrollmentField)),
          }),
          customFields: eventCustom,
        }),
        salesCenter: group({ allowJoinWithoutLogin: flag }),
        connectIntegration: group(texts("connectServerURL connectOrganization connectNameSpaceID")),
      }),
    },
  ),
});
