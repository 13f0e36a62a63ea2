import { expect, test } from "vitest";
import { parseXml, type XmlElement } from "../../../simulators/webex-site/xml.ts";
import { SiteOnTest, seeded, textOf } from "./site-on-test.ts";

/**
 * The document's table, by hand once more: what comes always, what with the password or to a person of the meeting, for
 * each service. What stands in neither never comes.
 */
const always =
  "isLocked sessionkey confID accessControl accessControl.listStatus metaData metaData.confName metaData.sessionType metaData.serviceType metaData.isRecurring host host.firstName host.lastName host.email host.webExId schedule schedule.startDate schedule.duration schedule.timeZone";
const telephony = "telephony telephony.telephonySupport telephony.tollFreeRestrictionsURL telephony.callInNum";
const account = "telephony.globalCallInNumbersURL telephony.participantAccessCode";
const services = {
  MC: {
    always: "status accessControl.registration sipURL isAutoRecord",
    inside: `verifyFlashMediaURL verifyWinMediaURL accessControl.sessionPassword metaData.agenda ${telephony} ${account}`,
  },
  SaC: {
    always: "status",
    inside: `verifyFlashMediaURL verifyWinMediaURL accessControl.sessionPassword metaData.agenda metaData.account metaData.opportunity ${telephony} ${account}`,
  },
  TC: {
    always:
      "status presenter accessControl.registration accessControl.registrationURL metaData.description sipURL isAutoRecord",
    inside: `accessControl.sessionPassword metaData.agenda ${telephony} ${account} material material.document test test.title test.titleURL test.delivery test.status test.action test.actionURL`,
  },
  EC: {
    always:
      "status panelistsInfo programName accessControl.registration accessControl.registrationURL metaData.description material material.imageURL sipURL isAutoRecord",
    inside: "",
  },
  AO: {
    always: "",
    inside: `accessControl.sessionPassword ${telephony} ${account} telephony.participantLimitedAccessCode telephony.labels.participantLimitedAccessLabel`,
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
