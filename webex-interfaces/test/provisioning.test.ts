import { expect, test } from "vitest";
import { type Expected, sharedCodes, siteDifferences, userFindings } from "../client/provisioning.ts";
import type { Answered } from "../tables/operations.ts";

const expected: Expected = {
  domain: "acme",
  edge: "https://tsp.example.com",
  adapterSecrets: ["q3J8xWm0ZbV5tYk2a", "b3J8xWm0ZbV5tYk2b"],
  numbers: ["+1 408 555 0142", "18005550142"],
  hosts: ["*.webex.com"],
  hasNumbersPage: true,
};
const right = {
  isTSPUsingTelephonyAPI: true,
  participantAccessCodeLabel: "Attendee access code",
  subscriberAccessCodeLabel: "Host access code",
  attendeeIDLabel: "Attendee ID",
  primaryAdaptorURL: "https://tsp.example.com/tsp/acme/b3J8xWm0ZbV5tYk2b",
  displayAttendeeID: true,
  callInNumber: "1-408-555-0142",
};
const adaptor = {
  enableAdaptor: true,
  mpAudio: [{ label: "Toll-free", phoneNumber: "+1 (800) 555.0142" }],
  globalCallInNumURL: "https://tsp.example.com/global-numbers/acme?participantcode=%ParticipantCode%",
};

function differences(
  telephony: object,
  primaryLarge: object = {},
  metaData = {},
  other: Partial<Expected> = {},
): readonly string[] {
  const telephonyConfig = {
    ...right,
    tspAdaptorSettings: { primaryLarge: { ...adaptor, ...primaryLarge } },
    ...telephony,
  };
  const site = { siteInstance: { telephonyConfig, metaData } } as Answered<"getSite">;
  return siteDifferences(site, { ...expected, ...other }).map(({ says }) => says);
}

test("finds no differences in a correct site", () => {
  expect(differences({})).toEqual([]);
  expect(differences({ primaryAdaptorURL: `${right.primaryAdaptorURL}/` })).toEqual([]);
  expect(differences({}, {}, { telephonyDomain: "tsp.webex.com" })).toEqual([]);
});

test.each<[says: string, telephony: object, adaptor?: object, metaData?: object]>([
  ["does not use the telephony API", { isTSPUsingTelephonyAPI: false }],
  ["without an adapter", { supportAdapterlessTSP: true }],
  ["attendee ID", { displayAttendeeID: false }],
  ["no attendeeIDLabel", { attendeeIDLabel: " " }],
  ["adaptor URL is missing", { primaryAdaptorURL: "" }],
  ["adaptor URL is not a URL", { primaryAdaptorURL: "tsp" }],
  [
    "leads to https://other.example, not to https://tsp.example.com",
    { primaryAdaptorURL: "https://other.example/tsp/acme/b3J8xWm0ZbV5tYk2b" },
  ],
  ["has a secret that is not in adapterSecrets", { primaryAdaptorURL: "https://tsp.example.com/tsp/acme/x" }],
  [
    "is https://tsp.example.com/…, not this domain's",
    { primaryAdaptorURL: "https://tsp.example.com/tsp/other/b3J8xWm0ZbV5tYk2b" },
  ],
  ["plain HTTP", { primaryAdaptorURL: "http://tsp.example.com/tsp/acme/b3J8xWm0ZbV5tYk2b" }],
  ["secondary adaptor URL", { secondaryAdaptorURL: "https://tsp.example.com/tsp/acme" }],
  ["call-in number 14085550199", { callInNumber: "14085550199" }],
  ["primary adaptor is off", {}, { enableAdaptor: false }],
  ["Remove %SubscriberCode%", {}, { globalCallInNumURL: `${adaptor.globalCallInNumURL}&s=%SubscriberCode%` }],
  ["global numbers", {}, { globalCallInNumURL: "https://tsp.example.com/global-numbers/other" }],
  ["telephony domain is tsp.example.org", {}, {}, { telephonyDomain: "tsp.example.org" }],
])("finds: %s", (says, telephony, primaryLarge, metaData) => {
  const found = differences(telephony, primaryLarge, metaData);

  expect(found.join("\n")).toContain(says);
  expect(found.join("\n")).not.toMatch(/J8xWm0ZbV5tYk2/);
});

test("asks for an administrator if the site shows no telephony", () => {
  expect(siteDifferences({}, expected)).toEqual([
    { about: "site", says: "The site shows no telephony settings. Sign in as a site administrator." },
  ]);
});

const account = {
  accountIndex: 1,
  tollCallInNumber: "14085550142",
  participantAccessCode: "4711001",
  subscriberAccessCode: "94711001",
};

function findings(accounts: readonly object[], more = {}) {
  const user = { webExId: "anna", tspAccount: { tspAccount: accounts }, ...more } as Answered<"getUser">;
  return userFindings(user, expected);
}

test("returns the codes of a correct account", () => {
  expect(findings([account])).toEqual({
    differences: [],
    codes: [
      { code: "4711001", owner: "user anna, account 1, participant access code" },
      { code: "94711001", owner: "user anna, account 1, subscriber access code" },
    ],
  });
  expect(findings([{}], { privilege: { host: false } }).differences).toEqual([]);
});

test.each<[says: string, account: object]>([
  ["neither a toll nor a toll-free number", { tollCallInNumber: "" }],
  ["is not a telephone number", { tollCallInNumber: "ask Jo" }],
  ["is not one of the domain's", { tollCallInNumber: "14085550199" }],
  ["contains an access code", { tollCallInNumber: "1408 4711001" }],
  ["Set nbrDialOut to TOLL", { nbrDialOut: "TOLL_FREE" }],
  ["no participant access code", { participantAccessCode: "" }],
  ["not 1 to 64 digits", { participantAccessCode: "4711-A" }],
  ["Both access codes are the same", { subscriberAccessCode: "4711001" }],
])("finds in an account: %s", (says, change) => {
  const found = findings([{ ...account, ...change }])
    .differences.map((one) => one.says)
    .join("\n");

  expect(found).toContain(says);
  expect(found).not.toMatch(/4711/);
});

test("finds a host without an account and a shared code", () => {
  const codes = [...findings([account]).codes, ...findings([account], { webExId: "ben" }).codes];

  expect(findings([]).differences).toMatchObject([{ about: "user anna" }]);
  expect(sharedCodes(codes).map(({ about }) => about)).toEqual([
    "user ben, account 1, participant access code",
    "user ben, account 1, subscriber access code",
  ]);
});
