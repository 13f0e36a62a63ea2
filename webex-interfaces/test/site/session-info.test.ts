import { expect, test } from "vitest";
import { parseXml, type XmlElement } from "../../site/xml.ts";
import { outcomeOf, SiteOnTest, seeded, textOf, textsOf } from "./site-on-test.ts";

/**
 * The document's table, by hand once more: what comes always, what with the password or to a person of the meeting, for
 * each service. What stands in neither never comes.
 */
const always =
  "isLocked sessionkey confID accessControl accessControl.listStatus metaData metaData.confName metaData.sessionType metaData.serviceType metaData.isRecurring host host.firstName host.lastName host.email host.webExId schedule schedule.startDate schedule.duration schedule.timeZone";
const telephony =
  "telephony telephony.telephonySupport telephony.extTelephonyDescription telephony.globalCallInNumbersURL telephony.tollFreeRestrictionsURL telephony.callInNum telephony.callInNum.backupTollNum telephony.participantAccessCode";
const document = "material.document material.document.name material.document.URL material.document.size";
const services = {
  MC: {
    always: "status accessControl.registration sipURL isAutoRecord",
    inside: `verifyFlashMediaURL verifyWinMediaURL accessControl.sessionPassword accessControl.registrationURL metaData.agenda host.alternateHost ${telephony}`,
  },
  SaC: {
    always: "status",
    inside: `verifyFlashMediaURL verifyWinMediaURL accessControl.sessionPassword metaData.agenda metaData.account metaData.opportunity host.alternateHost ${telephony}`,
  },
  TC: {
    always:
      "status presenter accessControl.registration accessControl.registrationURL metaData.description sipURL isAutoRecord",
    inside: `accessControl.sessionPassword metaData.agenda ${telephony} material ${document} test test.title test.titleURL test.delivery test.status test.action test.actionURL`,
  },
  EC: {
    always:
      "status panelistsInfo programName accessControl.registration accessControl.registrationURL metaData.description material material.imageURL sipURL isAutoRecord",
    inside: document,
  },
  AO: {
    always: "",
    inside: `accessControl.sessionPassword host.alternateHost ${telephony} telephony.participantLimitedAccessCode telephony.labels.participantLimitedAccessLabel`,
  },
} as const;
const watched = new Set(
  Object.values(services)
    .flatMap((service) => `${always} ${service.always} ${service.inside}`.split(" "))
    .filter(Boolean),
);

const nobody = "<siteName>harbour</siteName>";

test.each(Object.entries(services))("getSessionInfo gives of %s what the table says", (name, service) => {
  const site = new SiteOnTest();
  const key = seeded[name as keyof typeof services];
  fill(site, key);
  const ask = (password: string, context: string) =>
    given(site.ask("ep.GetSessionInfo", `<sessionKey>${key}</sessionKey>${password}`, context));
  const host = site.site.userById(site.site.session(key).host_id).web_ex_id;
  const outsider = host === "anna.berg" ? "ben.cole" : "anna.berg";
  const outside = `${always} ${service.always}`.split(" ").filter(Boolean).toSorted();
  const inside = [...outside, ...service.inside.split(" ").filter(Boolean)].toSorted();
  const right = "<sessionPassword>pier-9-pass</sessionPassword>";

  expect(ask("", nobody)).toEqual(outside);
  expect(ask("<sessionPassword>wrong</sessionPassword>", nobody)).toEqual(outside);
  expect(ask("", site.as(outsider))).toEqual(outside);
  expect(ask(right, nobody)).toEqual(inside);
  expect(ask(right, site.as(outsider))).toEqual(inside);
  expect(ask("", site.as(host))).toEqual(inside);
  expect(ask("", site.as("site.viewer"))).toEqual(inside);
  expect(ask("", site.as("site.admin"))).toEqual(outside);
});

/** Gives a session all that the table names, whether its service has it or not: what must not come would come now. */
function fill({ site }: SiteOnTest, session_key: number): void {
  const settings = {
    metaData: { agenda: "Berths", description: "All", account: "North Freight", opportunity: "Reefers", programID: 1 },
    panelists: { panelistsInfo: "The harbour master" },
    telephony: { telephonySupport: "CALLIN", enableTSP: true, tspAccountIndex: 1, extTelephonyDescription: "Bay 4" },
    attendeeOptions: { registration: true },
    enableOptions: { autoRecord: true },
    salesTeam: { altHosts: { webExID: ["site.viewer"] } },
    material: {
      imageURL: "https://docs.example/quay.jpg",
      document: [{ name: "Knots.pdf", URL: "https://docs.example/knots.pdf", size: 48_120 }],
    },
  };
  site.update("sessions", { settings: JSON.stringify(settings) }, "session_key = ?", session_key);
  const person = { session_key, name: "Finn Gray", email: "finn.gray@visitor.example", join_status: "INVITE" };
  site.insert("attendees", { ...person, part: "presenter", person: "{}" });
  site.update("scheduled_tests", { session_key }, "test_id = ?", 5001);
}

const ben = "<person><email>ben.cole@harbour.example</email></person>";
const flatBen = "<name>Ben Cole</name><email>ben.cole@harbour.example</email>";
const participants = (people: string) => `<participants>${people}</participants>`;
const meeting = (attendee: string) =>
  `${participants(`<attendees><attendee>${attendee}</attendee></attendees>`)}<meetingkey>${seeded.MC}</meetingkey>`;
const key = (service: keyof typeof seeded) => `<sessionKey>${seeded[service]}</sessionKey>`;

test.each([
  ["an invited attendee", "MC", "meeting.SetMeeting", meeting(ben)],
  ["an alternate host", "MC", "meeting.SetMeeting", meeting(`${ben}<role>HOST</role>`)],
  [
    "a presenter",
    "TC",
    "training.SetTrainingSession",
    `<presenters>${participants(`<participant>${ben}</participant>`)}</presenters>${key("TC")}`,
  ],
  ["a presenter added later", "TC", "attendee.CreateMeetingAttendee", `${ben}${key("TC")}<role>PRESENTER</role>`],
  [
    "an invited attendee",
    "TC",
    "training.SetTrainingSession",
    `<attendees>${participants(`<participant>${ben}</participant>`)}</attendees>${key("TC")}`,
  ],
  ["a panelist", "EC", "event.SetEvent", `<panelists><panelist>${flatBen}</panelist></panelists>${key("EC")}`],
  ["an invited attendee", "EC", "event.SetEvent", `<attendees><attendee>${flatBen}</attendee></attendees>${key("EC")}`],
  [
    "somebody with full access",
    "AO",
    "meeting.auo.SetTeleconferenceSession",
    `<fullAccessAttendees><attendee>${flatBen}</attendee></fullAccessAttendees>${key("AO")}`,
  ],
  [
    "somebody with limited access",
    "AO",
    "meeting.auo.SetTeleconferenceSession",
    `<limitedAccessAttendees><attendee>${flatBen}</attendee></limitedAccessAttendees>${key("AO")}`,
  ],
  ["an alternate host", "AO", "attendee.CreateMeetingAttendee", `${ben}${key("AO")}<role>HOST</role>`],
] as const)("%s of %s sees as much as one with the password", (_, service, type, body) => {
  const site = new SiteOnTest();
  fill(site, seeded[service]);
  const ask = (password = "") =>
    given(site.ask("ep.GetSessionInfo", `${key(service)}${password}`, site.as("ben.cole")));
  const outside = ask();
  const inside = ask("<sessionPassword>pier-9-pass</sessionPassword>");

  expect(outcomeOf(site.ask(type, body))).toBe("SUCCESS");
  expect(ask()).toEqual(inside);
  expect(inside.length).toBeGreaterThan(outside.length);
});

test.each([
  ["MC", "anna.berg", "meeting.SetMeeting", meeting(`${ben}<role>HOST</role>`), "ben.cole"],
  [
    "MC",
    "anna.berg",
    "meeting.SetMeeting",
    meeting("<person><webExId>ben.cole</webExId><email>ben@home.example</email></person><role>HOST</role>"),
    "ben.cole",
  ],
  [
    "SaC",
    "ben.cole",
    "sales.SetSalesSession",
    `<salesTeam><altHosts><webExID>anna.berg</webExID></altHosts></salesTeam><meetingKey>${seeded.SaC}</meetingKey>`,
    "anna.berg",
  ],
  ["AO", "anna.berg", "attendee.CreateMeetingAttendee", `${ben}${key("AO")}<role>HOST</role>`, "ben.cole"],
] as const)(
  "an alternate host of %s whom %s names by %s is told as such, and acts as host",
  (service, host, type, body, name) => {
    const site = new SiteOnTest();
    const ask = (by: string) => site.ask("ep.GetSessionInfo", key(service), site.as(by));
    const before = ask(name);
    expect([textOf(before, "isAlternateHost"), textOf(before, "hostKey")]).toEqual(["false", undefined]);
    expect(outcomeOf(site.ask(type, body, site.as(host)))).toBe("SUCCESS");

    expect(textsOf(ask(host), "alternateHost")).toEqual([name]);
    const own = ask(name);
    expect([textOf(own, "isAlternateHost"), textOf(own, "hostKey")]).toEqual(["true", expect.any(String)]);
    expect(outcomeOf(site.ask("ep.DelSession", key(service), site.as(name)))).toBe("SUCCESS");
  },
);

test("an alternate host is an attendee, or a presenter, of the role HOST; only users of the site can be", () => {
  const site = new SiteOnTest();
  const stranger = "<person><email>jo.kerr@visitor.example</email></person><role>HOST</role>";
  const presenter = `<presenters>${participants(`<participant>${ben}<role>HOST</role></participant>`)}</presenters>${key("TC")}`;
  site.ask("meeting.SetMeeting", meeting(stranger));
  site.ask("training.SetTrainingSession", presenter);

  expect(textsOf(site.ask("ep.GetSessionInfo", key("MC")), "alternateHost")).toEqual([]);
  expect(textsOf(site.ask("meeting.GetMeeting", `<meetingKey>${seeded.MC}</meetingKey>`), "role")).toEqual(["HOST"]);
  expect(textsOf(site.ask("training.GetTrainingSession", key("TC")), "role")).toEqual(["HOST", "ATTENDEE"]);
  expect(outcomeOf(site.ask("training.DelTrainingSession", key("TC"), site.as("ben.cole")))).toBe("SUCCESS");
  site.ask("meeting.SetMeeting", meeting(ben));
  expect(textsOf(site.ask("meeting.GetMeeting", `<meetingKey>${seeded.MC}</meetingKey>`), "role")).toEqual([
    "ATTENDEE",
  ]);
});

test("an invited attendee sees as much as one with the password, but no code or key of the host's", () => {
  const site = new SiteOnTest();
  const key = `<sessionKey>${seeded.MC}</sessionKey>`;
  const before = site.ask("ep.GetSessionInfo", key, site.as("ben.cole"));
  site.ask("attendee.CreateMeetingAttendee", `<person><email>ben.cole@harbour.example</email></person>${key}`);
  const after = site.ask("ep.GetSessionInfo", key, site.as("ben.cole"));
  const own = site.ask("ep.GetSessionInfo", key);

  expect(textOf(before, "participantAccessCode")).toBeUndefined();
  expect(textOf(after, "participantAccessCode")).toBe("4711001");
  expect([textOf(after, "subscriberAccessCode"), textOf(after, "hostKey")]).toEqual([undefined, undefined]);
  expect([textOf(own, "subscriberAccessCode"), textOf(own, "hostKey")]).toEqual(["94711001", expect.any(String)]);
});

test("the site's page of numbers has the numbers and the code of the account in use", () => {
  const site = new SiteOnTest();
  const answer = site.ask("ep.GetSessionInfo", `<sessionKey>${seeded.MC}</sessionKey>`);

  expect(textOf(answer, "globalCallInNumbersURL")).toBe(
    "https://numbers.example/call-in?toll=4085550142&amp;tollCC=1&amp;free=8005550142&amp;freeCC=1&amp;code=4711001",
  );
  expect(
    textOf(answer, "dialInSequences")
      ?.split("|")
      .map((each) => each.split(":")[0]),
  ).toEqual([
    "AutoDialInSequence",
    "SilentDialInSequence",
    "AutoLGDialInSequence",
    "SilentLGDialInSequence",
    "AutoLGPWDialInSequence",
    "SilentLGPWDialInSequence",
  ]);
});

/** The paths of the table that an answer has. */
function given(answer: string): string[] {
  const content = parseXml(answer).children[1]?.children[0];
  const paths = (element: XmlElement, path: string): string[] =>
    element.children.flatMap((child) => {
      const place = path === "" ? child.name : `${path}.${child.name}`;
      return [place, ...paths(child, place)];
    });
  const found = content ? new Set(paths(content, "")) : new Set<string>();
  return [...found].filter((path) => watched.has(path)).toSorted();
}
