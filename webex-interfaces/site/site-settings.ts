import { operations } from "../tables/operations.ts";
import type { Fields, Kind } from "../tables/schema.ts";
import type { Values } from "../wire/codec.ts";
import { group } from "./values.ts";

const adaptor = (serverIP: string) => ({
  enableAdaptor: true,
  serverIP,
  mpAudio: [{ label: "Call-in toll number", phoneNumber: "14085550199" }],
  globalCallInNumURL:
    "https://numbers.example/call-in?toll=%TollNum%&tollCC=%TollNumCC%&free=%TollFreeNum%&code=%ParticipantCode%",
});

const served = { enabled: true, pageVersion: "T28L", clientVersion: "T28L" };

const given: Values = {
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
  clientPlatforms: { msWindows: true, macOSX: true, linux: true },
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
    supportAdapterlessTSP: false,
    displayAttendeeID: true,
    provisionTeleAccount: true,
    audioOnly: true,
  },
  trackingCodes: {
    trackingCode: [
      {
        index: 1,
        name: "Dock",
        inputMode: "TEXT",
        hostProfile: "OPTIONAL",
        schedulingPage: [{ service: "MeetingCenter", scheduling: "OPTIONAL" }],
      },
    ],
  },
  supportedServices: {
    meetingCenter: served,
    trainingCenter: served,
    supportCenter: { ...served, webACD: true },
    eventCenter: { ...served, marketingAddOn: true },
    salesCenter: served,
  },
  securityOptions: { allMeetingsPassword: true, changePersonalURL: true },
  defaults: { emailReminders: true, entryExitTone: "BEEP", voip: true, updateTSPAccount: true },
};

/** The answer of getSite, except what getSite itself completes. */
export const siteSettings = completed(operations.getSite.answer.siteInstance.of, given);

/** The values, with a default for each needed field that they lack. */
function completed(fields: Fields, values: Values): Values {
  const all = Object.entries(fields).flatMap(([name, kind]) => {
    if (kind.is === "group" && (kind.need || values[name] !== undefined))
      return [[name, completed(kind.of, group(values, name))] as const];
    const value = values[name] ?? (kind.need ? defaultOf(kind) : undefined);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(all);
}

function defaultOf(kind: Kind): unknown {
  if (kind.is === "word") return kind.of[0];
  if (kind.is === "list") return [];
  if (kind.is === "flag") return false;
  return kind.is === "whole" || kind.is === "decimal" ? 0 : "default";
}
