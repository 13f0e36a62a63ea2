import type { Values } from "../wire/codec.ts";

const adaptor = (serverIP: string) => ({
  enableAdaptor: true,
  serverIP,
  mpAudio: [{ label: "Call-in toll number", phoneNumber: "14085550199" }],
  globalCallInNumURL:
    "https://numbers.example/call-in?toll=%TollNum%&tollCC=%TollNumCC%&free=%TollFreeNum%&code=%ParticipantCode%",
});

const noWebText = { disallowWebTextAccounts: false, disallowList: false };

const served = { enabled: true, pageVersion: "T28L", clientVersion: "T28L" };

const schedulingPage = [{ service: "MeetingCenter", scheduling: "OPTIONAL" }];

/** Answer of getSite, without the fields that getSite adds. */
export const siteSettings: Values = {
  metaData: {
    isEnterprise: true,
    region: "U.S.",
    currency: "US Dollars",
    pageVersion: "T28L",
    clientVersion: "T28L",
    pageLanguage: "ENGLISH",
    activateStatus: true,
    webPageType: "J2EE",
  },
  ucf: { ucfConfiguration: "default" },
  clientPlatforms: { msWindows: true, macOSX: true, linux: true },
  resourceRestrictions: { isLicenseManager: false },
  supportAPI: { autoLogin: true, aspAndPHPAPI: true, backwardAPI: false, xmlAPI: true, cAPI: false, scorm: false },
  telephonyConfig: {
    isTSPUsingTelephonyAPI: true,
    serviceName: "Harbour Audio",
    participantAccessCodeLabel: "Attendee access code",
    subscriberAccessCodeLabel: "Host access code",
    attendeeIDLabel: "Attendee ID",
    primaryAdaptorURL: "http://127.0.0.1:8787/tsp/local",
    secondaryAdaptorURL: "",
    internetPhone: true,
    callInTeleconferencing: true,
    tollFreeCallinTeleconferencing: true,
    callBackTeleconferencing: true,
    callInNumber: "14085550199",
    intlCallBackTeleconferencing: true,
    maxCallersNumber: 500,
    tspAdaptorSettings: { primaryLarge: adaptor("192.0.2.10"), backup1Large: adaptor("192.0.2.11") },
    meetingPlace: { persistentTSP: false, mpAudioConferencing: "WithoutIntegration" },
    supportAdapterlessTSP: false,
    displayAttendeeID: true,
    provisionTeleAccount: true,
    audioOnly: true,
  },
  trackingCodes: {
    trackingCode: [{ index: 1, name: "Dock", inputMode: "TEXT", hostProfile: "OPTIONAL", schedulingPage }],
  },
  supportedServices: {
    meetingCenter: served,
    trainingCenter: served,
    supportCenter: { ...served, webACD: true },
    eventCenter: { ...served, marketingAddOn: true },
    salesCenter: served,
  },
  securityOptions: {
    ...{ passwordExpires: false, passwordLifetime: 0, allMeetingsUnlisted: false, allMeetingsPassword: true },
    ...{ joinBeforeHost: false, audioBeforeHost: false, changePersonalURL: true, changeUserName: false },
    meetings: { strictPasswords: false },
    ...{ strictUserPassword: false, changePWDWhenAutoLogin: false, enforceBaseline: false },
    ...{ passwordChangeIntervalOpt: false, passwordChangeInterval: 0 },
  },
  defaults: {
    ...{ emailReminders: true, entryExitTone: "BEEP", voip: true, teleconference: { telephonySupport: "NONE" } },
    ...{ joinTeleconfNotPress1: false, updateTSPAccount: true },
  },
  passwordCriteria: {
    ...{ mixedCase: false, minLength: 6, minAlpha: 0, minNumeric: 0, minSpecial: 0 },
    ...{ disallowWebTextSessions: false, ...noWebText },
  },
  accountPasswordCriteria: {
    ...{ mixedCase: false, minLength: 6, minNumeric: 0, minAlpha: 0, minSpecial: 0 },
    ...{ disallow3XRepeatedChar: false, ...noWebText },
  },
};
