import { describe, expect, expectTypeOf, test } from "vitest";
import { XmlApi } from "../../client/xml-api/client.ts";
import { operations } from "../../client/xml-api/operations.ts";
import type { SecurityContext } from "../../client/xml-api/request.ts";
import {
  getSessionInfo,
  type Seen,
  type SessionInfo,
  type SessionInfoOptions,
  type SessionInfoRequest,
  type SessionService,
  sessionServices,
  type VisiblePath,
  visibilityTable,
} from "../../client/xml-api/session-info.ts";
import { answerWith, example } from "./answers.ts";

const anonymous: SecurityContext = { form: "anonymous", site: { siteName: "example" } };

const serviceTypes: Record<SessionService, string> = {
  MC: "<serviceType>MeetingCenter</serviceType>",
  SaC: "<serviceType>SalesCenter</serviceType>",
  TC: "<serviceType>TrainingCenter</serviceType>",
  EC: "<serviceType>EventCenter</serviceType>",
  AO: "<serviceType>MeetingCenter</serviceType>",
};

async function asked(
  content: string,
  request: SessionInfoRequest = { sessionKey: "650218843" },
  options: SessionInfoOptions = { as: anonymous },
): Promise<SessionInfo> {
  const info = await getSessionInfo(apiThatAnswers(answerWith(content)), request, options);
  if (!info.ok) throw new Error(JSON.stringify(info.error));
  return info.value;
}

function apiThatAnswers(text: string): XmlApi {
  return new XmlApi(
    { site: example, credentials: anonymous },
    { fetch: async () => new Response(text), timers: { after: () => () => {} }, now: () => 0 },
  );
}

/** An answer with nothing but what tells the service. */
function bare(service: SessionService, more = ""): string {
  const audio = service === "AO" ? "<isAudioOnly>true</isAudioOnly>" : "";
  return `<sessionkey>650218843</sessionkey><metaData>${serviceTypes[service]}</metaData>${audio}${more}`;
}

function paths(info: SessionInfo, is: Seen<unknown>["is"]): string[] {
  return Object.entries(info.elements).flatMap(([path, seen]) => (seen.is === is ? [path] : []));
}

/** What nobody but an insider is given. */
const inside: Record<SessionService, string> = {
  MC: "<telephony><telephonySupport>NONE</telephonySupport></telephony>",
  SaC: "<telephony><callInNum><tollNum>15550100</tollNum></callInNum></telephony>",
  TC: "<test><title>Knots</title></test>",
  EC: "<material><document><name>Quay.pdf</name></document></material>",
  AO: "<telephony><participantAccessCode>4711</participantAccessCode></telephony>",
};

const emptyOutside = "<telephony/><accessControl><sessionPassword/></accessControl><material><document/></material>";

const lee: SecurityContext = {
  form: "password",
  site: { siteName: "example" },
  person: { webExId: "lee" },
  password: "s-3",
};

/** What the table says of a service. */
function inTable(service: SessionService, visibility: string): VisiblePath[] {
  return visibilityTable.filter(({ shown }) => shown[service] === visibility).map(({ path }) => path);
}

const told = ["sessionkey", "metaData", "metaData.serviceType"];

test("the table has the 57 elements of the page, each where getSessionInfo reads it", () => {
  expect(visibilityTable).toHaveLength(57);
  expect(new Set(visibilityTable.map(({ path }) => path)).size).toBe(57);
  const top = new Set(visibilityTable.map(({ path }) => path.split(".")[0] ?? ""));

  expect([...top].filter((name) => !Object.hasOwn(operations.getSessionInfo.response, name))).toEqual([]);
});

test.each([
  ["MC", 23, 14, 20],
  ["SaC", 20, 15, 22],
  ["TC", 26, 22, 9],
  ["EC", 29, 4, 24],
  ["AO", 19, 11, 27],
] as const)("of %s %i elements always show, %i with the password, %i never", (service, always, password, never) => {
  expect([
    inTable(service, "always").length,
    inTable(service, "password").length,
    inTable(service, "never").length,
  ]).toEqual([always, password, never]);
});

describe.each(sessionServices)("%s", (service) => {
  test("without a name and a password, what needs one is told apart from what never shows", async () => {
    const info = await asked(bare(service));

    expect(info.service).toBe(service);
    expect(info.mode).toBe("anonymous");
    expect(paths(info, "given")).toEqual(told);
    expect(paths(info, "needs-password")).toEqual(inTable(service, "password"));
    expect(paths(info, "never")).toEqual(inTable(service, "never"));
    expect(paths(info, "absent")).toEqual(inTable(service, "always").filter((path) => !told.includes(path)));
  });

  test.each<[string, SessionInfoRequest, SessionInfoOptions, string, string]>([
    ["with the password", { sessionKey: "650218843", sessionPassword: "tulip7" }, {}, inside[service], "password"],
    ["as one of the session", { sessionKey: "650218843" }, { isMember: true }, "", "member"],
    ["as somebody invited", { sessionKey: "650218843" }, { as: lee }, inside[service], "member"],
  ])("%s, what does not stand there is absent", async (_, request, options, more, mode) => {
    const info = await asked(bare(service, more), request, { as: anonymous, ...options });

    expect(info.mode).toBe(mode);
    expect(paths(info, "needs-password")).toEqual([]);
    expect(paths(info, "never")).toEqual(inTable(service, "never"));
    expect(paths(info, "absent")).toEqual(
      visibilityTable
        .filter(({ shown, path }) => shown[service] !== "never" && info.elements[path].is !== "given")
        .map(({ path }) => path),
    );
    expect(info.elements["host.email"]).toEqual({ is: "absent" });
  });

  test.each<[string, string]>([
    ["nothing of it", ""],
    ["empty elements", emptyOutside],
  ])("with a password that shows %s, the session's is needed; of an event nobody can tell", async (_, more) => {
    const request = { sessionKey: "650218843", sessionPassword: "wrong" };
    const info = await asked(bare(service, more), request);
    const hidden = inTable(service, "password").filter((path) => info.elements[path].is !== "given");

    expect(info.mode).toBe(service === "EC" ? "unknown" : "password-refused");
    expect(paths(info, service === "EC" ? "unknown" : "needs-password")).toEqual(hidden);
    expect(paths(info, service === "EC" ? "needs-password" : "unknown")).toEqual([]);
  });

  test("a user of whom the answer shows nothing is as good as nobody; of an event nobody can tell", async () => {
    const info = await asked(bare(service), { sessionKey: "650218843" }, { as: lee });

    expect(info.mode).toBe(service === "EC" ? "unknown" : "anonymous");
    expect(info.elements["metaData.confName"]).toEqual({ is: "absent" });
  });
});

test.each(["isCreator", "isAlternateHost"])("%s tells that the one who asks is of the session", async (element) => {
  expect((await asked(bare("MC", `<${element}>true</${element}>`))).mode).toBe("member");
});

test("a meeting with its password, as its page shows it", async () => {
  const info = await asked(
    `<ep:status>INPROGRESS</ep:status><ep:isLocked>true</ep:isLocked><ep:sessionkey>650218843</ep:sessionkey>
<ep:confID>20611274001985233</ep:confID>
<ep:accessControl><ep:sessionPassword>tulip7</ep:sessionPassword><ep:listStatus>UNLISTED</ep:listStatus></ep:accessControl>
<ep:metaData><ep:confName>Harvest &amp; sale</ep:confName><ep:sessionType>3</ep:sessionType>
<ep:serviceType>MeetingCenter</ep:serviceType></ep:metaData>
<ep:telephony><ep:telephonySupport>CALLIN</ep:telephonySupport><ep:callInNum><serv:tollNum>15550100</serv:tollNum>
<serv:globalNum><serv:countryAlias>NL</serv:countryAlias><serv:phoneNumber>31205550100</serv:phoneNumber>
<serv:tollFree>false</serv:tollFree></serv:globalNum></ep:callInNum></ep:telephony>
<ep:host><ep:firstName>Dora</ep:firstName><ep:webExId>dora</ep:webExId></ep:host>
<ep:schedule><ep:startDate>11/24/2026 9:30:00</ep:startDate><ep:duration>45</ep:duration></ep:schedule>
<ep:meetingLink>https://example.webex.com/example/j.php?MTID=m1</ep:meetingLink>`,
    { sessionKey: "650218843", sessionPassword: "tulip7" },
  );
  const { elements } = info;

  expectTypeOf(elements["telephony.callInNum"]).toExtend<Seen<{ readonly tollNum?: string | undefined }>>();
  expectTypeOf(elements["schedule.duration"]).toEqualTypeOf<Seen<number>>();
  expectTypeOf(elements["test.title"]).toEqualTypeOf<Seen<readonly string[]>>();
  expect(elements.isLocked).toEqual({ is: "given", value: true });
  expect(elements.confID).toEqual({ is: "given", value: "20611274001985233" });
  expect(elements["metaData.confName"]).toEqual({ is: "given", value: "Harvest & sale" });
  expect(elements["schedule.startDate"]).toEqual({ is: "given", value: "2026-11-24T09:30:00" });
  expect(elements["telephony.callInNum"]).toEqual({
    is: "given",
    value: { tollNum: "15550100", globalNum: [{ countryAlias: "NL", phoneNumber: "31205550100", tollFree: false }] },
  });
  expect(elements["metaData.agenda"]).toEqual({ is: "absent" });
  expect(elements["test.title"]).toEqual({ is: "never" });
  expect(info.answer.meetingLink).toBe("https://example.webex.com/example/j.php?MTID=m1");
});

test("each element of the page's example is read", async () => {
  const info = await asked(`
<ep:status>NOT_INPROGRESS</ep:status><ep:isLocked>false</ep:isLocked><ep:sessionkey>650218843</ep:sessionkey>
<ep:confID>20611274001985233</ep:confID>
<ep:accessControl><ep:sessionPassword>tulip7</ep:sessionPassword><ep:listStatus>PRIVATE</ep:listStatus>
<ep:registration>true</ep:registration><ep:passwordReq>true</ep:passwordReq>
<ep:isEnforceAudioPassword>true</ep:isEnforceAudioPassword><ep:isEnforceAudioLogin>false</ep:isEnforceAudioLogin>
</ep:accessControl>
<ep:metaData><ep:confName>Harvest</ep:confName><ep:sessionType>11</ep:sessionType>
<ep:serviceType>MeetingCenter</ep:serviceType><ep:agenda>Apples</ep:agenda><ep:isRecurring>true</ep:isRecurring>
<ep:agendaFormat>TEXT</ep:agendaFormat><ep:descriptionFormat>HTML</ep:descriptionFormat>
<ep:isException>false</ep:isException><ep:seriesMeetingKey>650218800</ep:seriesMeetingKey>
<ep:hasException>true</ep:hasException></ep:metaData>
<ep:telephony><ep:telephonySupport>CALLIN</ep:telephonySupport>
<ep:tollFreeRestrictionsURL>https://example.com/free</ep:tollFreeRestrictionsURL>
<ep:dialInSequences>AutoDialInSequence:[AccessNumber],,*00*[AccessCode]#</ep:dialInSequences>
<ep:callInNum><serv:tollNum>15550100</serv:tollNum></ep:callInNum>
<ep:labels><ep:tollFreeCallInLabel>Free</ep:tollFreeCallInLabel><ep:tollCallInLabel>Toll</ep:tollCallInLabel></ep:labels>
<ep:isMPAudio>false</ep:isMPAudio><ep:voip>true</ep:voip><ep:enableTSP>true</ep:enableTSP></ep:telephony>
<ep:host><ep:firstName>Dora</ep:firstName><ep:lastName>Berg</ep:lastName><ep:email>dora@example.com</ep:email>
<ep:webExId>dora</ep:webExId><ep:allowAnyoneHostMeeting>false</ep:allowAnyoneHostMeeting></ep:host>
<ep:schedule><ep:startDate>11/24/2026 09:30:00</ep:startDate><ep:duration>45</ep:duration>
<ep:timeZone>GMT+01:00, Europe (Amsterdam)</ep:timeZone><ep:timeZoneID>25</ep:timeZoneID>
<ep:openTimeInSec>600</ep:openTimeInSec></ep:schedule>
<ep:attendeeOptions><ep:joinRequiresAccount>false</ep:joinRequiresAccount></ep:attendeeOptions>
<ep:isAudioOnly>false</ep:isAudioOnly><ep:telePresence>false</ep:telePresence>
<ep:isAlternateHost>false</ep:isAlternateHost><ep:isCreator>true</ep:isCreator><ep:hostKey>135246</ep:hostKey>
<ep:supportE2E>false</ep:supportE2E><ep:isAllowJBH>true</ep:isAllowJBH><ep:isCETMeeting>false</ep:isCETMeeting>
<ep:isPersonalMeetingRoom>false</ep:isPersonalMeetingRoom><ep:isNextUpcomingInstance>true</ep:isNextUpcomingInstance>
<ep:meetingLink>https://example.webex.com/example/j.php?MTID=m1</ep:meetingLink>
<ep:sipURL>650218843@example.webex.com</ep:sipURL><ep:isAutoRecord>true</ep:isAutoRecord>`);

  expect(info.wrong).toEqual([]);
  expect(info.answer).toEqual({
    status: "NOT_INPROGRESS",
    isLocked: false,
    sessionkey: "650218843",
    confID: "20611274001985233",
    accessControl: {
      sessionPassword: "tulip7",
      listStatus: "PRIVATE",
      registration: true,
      passwordReq: true,
      isEnforceAudioPassword: true,
      isEnforceAudioLogin: false,
    },
    metaData: {
      confName: "Harvest",
      sessionType: 11,
      serviceType: "MeetingCenter",
      agenda: "Apples",
      isRecurring: true,
      agendaFormat: "TEXT",
      descriptionFormat: "HTML",
      isException: false,
      seriesMeetingKey: "650218800",
      hasException: true,
    },
    telephony: {
      telephonySupport: "CALLIN",
      tollFreeRestrictionsURL: "https://example.com/free",
      dialInSequences: "AutoDialInSequence:[AccessNumber],,*00*[AccessCode]#",
      callInNum: { tollNum: "15550100" },
      labels: { tollFreeCallInLabel: "Free", tollCallInLabel: "Toll" },
      isMPAudio: false,
      voip: true,
      enableTSP: true,
    },
    host: {
      firstName: "Dora",
      lastName: "Berg",
      email: "dora@example.com",
      webExId: "dora",
      allowAnyoneHostMeeting: false,
    },
    schedule: {
      startDate: "2026-11-24T09:30:00",
      duration: 45,
      timeZone: "GMT+01:00, Europe (Amsterdam)",
      timeZoneID: 25,
      openTimeInSec: 600,
    },
    attendeeOptions: { joinRequiresAccount: false },
    isAudioOnly: false,
    telePresence: false,
    isAlternateHost: false,
    isCreator: true,
    hostKey: "135246",
    supportE2E: false,
    isAllowJBH: true,
    isCETMeeting: false,
    isPersonalMeetingRoom: false,
    isNextUpcomingInstance: true,
    meetingLink: "https://example.webex.com/example/j.php?MTID=m1",
    sipURL: "650218843@example.webex.com",
    isAutoRecord: true,
  });
});

test("what stands in each item of a list is a list", async () => {
  const tests =
    "<test><title>First</title></test><test><delivery>WEBSITE</delivery></test><test><title>Last</title></test>";
  const info = await asked(bare("TC", tests), { sessionKey: "650218843", sessionPassword: "tulip7" });

  expect(info.elements["test.title"]).toEqual({ is: "given", value: ["First", "Last"] });
  expect(info.elements["test.delivery"]).toEqual({ is: "given", value: ["WEBSITE"] });
  expect(info.elements["test.action"]).toEqual({ is: "absent" });
});

test("an element of another type is wrong, not absent, and spoils nothing else", async () => {
  const info = await asked(bare("MC", "<isLocked>perhaps</isLocked><status>INPROGRESS</status>"));

  expect(info.elements.isLocked).toEqual({
    is: "wrong",
    field: { path: "isLocked", value: "perhaps", rule: "must be true or false" },
  });
  expect(info.elements.status).toEqual({ is: "given", value: "INPROGRESS" });
});

test("a service that the table does not know has what is given, and the rest unknown", async () => {
  const content = "<sessionkey>1</sessionkey><metaData><serviceType>SupportCenter</serviceType></metaData>";

  const info = await asked(content, { sessionKey: "1", sessionPassword: "tulip7" });

  expect([info.service, info.mode]).toEqual(["other", "unknown"]);
  expect(paths(info, "given")).toEqual(told);
  expect(paths(info, "unknown")).toHaveLength(visibilityTable.length - told.length);
});
