import { beforeEach, describe, expect, test } from "vitest";
import { isSecretArgument, readResult, urlCommand, urlCommandOf } from "../client/url-api.ts";
import { csrfOf } from "../site/page-call.ts";
import { answerPage } from "../site/pages.ts";
import type { CommandName } from "../tables/url.ts";
import { keys, siteNamed, TestSite } from "./kit.ts";

const acme = siteNamed("acme");
const BU = "https://portal.example/back?state=7";
let site: TestSite;
beforeEach(() => {
  site = new TestSite();
});

const wid = "WID=ben.cole&PID=quay7";
const seeded = { MK: `MK=${keys.MC}`, TC: `MK=${keys.TC}`, EC: `MK=${keys.EC}`, SC: `MK=${keys.SC}` };

/** Each documented command: query, user and result. A title is that of a page. */
test.each<[page: string, query: string, as: string, result: string]>([
  ["p", `AT=AC&${wid}`, "site.admin", "SUCCESS"],
  ["p", "AT=EU&WID=anna.berg&PW=drawn-3&PID=quay7&NFN=Ann&TI1=14085550101&City=Bergen&TC2=x", "anna.berg", "SUCCESS"],
  ["p", `AT=IN&${wid}`, "site.admin", "SUCCESS"],
  ["p", "AT=LI&WID=anna.berg&PW=drawn-3", "", "SUCCESS"],
  ["p", "AT=LO", "anna.berg", "SUCCESS"],
  ["p", "AT=SU&FN=Jo&LN=Kerr&EM=jo@x.example&WID=jo&PW=Pw-12345&PID=quay7", "", "SUCCESS"],
  ["m", `AT=AA&${seeded.MK}&FN1=Jo&EA1=jo@x.example&AddToAddressBook1=1`, "anna.berg", "SUCCESS"],
  ["m", `AT=AP&${seeded.TC}&FN=Jo&EM=jo@x.example`, "anna.berg", "SUCCESS"],
  ["m", `AT=AS&${seeded.SC}`, "", "MeetingNotInProgress"],
  ["m", `AT=CF&${seeded.MK}&JT=1`, "anna.berg", "SUCCESS"],
  ["m", `AT=CFAC&${seeded.MK}&CB1=Lunch`, "anna.berg", "SUCCESS"],
  ["m", `AT=CFAD&${seeded.MK}&DL1=Size`, "anna.berg", "SUCCESS"],
  ["m", `AT=CFAR&${seeded.MK}&RB1=Yes`, "anna.berg", "SUCCESS"],
  ["m", `AT=CFAT&${seeded.MK}&TX1=Note`, "anna.berg", "SUCCESS"],
  ["m", "AT=CR&RT=Ropes&HR=1&MI=30", "anna.berg", "SUCCESS"],
  ["m", `AT=DA&${seeded.MK}&EM=cara.dunn@visitor.example`, "anna.berg", "SUCCESS"],
  ["m", `AT=DE&${seeded.EC}`, "anna.berg", "SUCCESS"],
  ["m", `AT=DM&${seeded.MK}&SM=1`, "anna.berg", "SUCCESS"],
  ["m", `AT=DP&${seeded.TC}&FN=Finn Gray`, "anna.berg", "SUCCESS"],
  ["m", `AT=EE&${seeded.EC}&MN=Night`, "anna.berg", "SUCCESS"],
  ["m", `AT=EM&${seeded.MK}&MN=Ebb&HO=9`, "anna.berg", "SUCCESS"],
  ["m", `AT=EN&${seeded.EC}&FN=Jo&EM=jo@x.example`, "ben.cole", "SUCCESS"],
  ["m", `AT=GF&${seeded.MK}`, "anna.berg", "<title>Registration for Berth planning"],
  ["m", `AT=HM&${seeded.MK}`, "anna.berg", "SUCCESS"],
  ["m", `AT=HS&${seeded.SC}`, "ben.cole", "SUCCESS"],
  ["m", "AT=IM&MN=Now&PW=Tide-2026", "anna.berg", "SUCCESS"],
  ["m", `AT=JE&${seeded.EC}`, "", "MeetingNotInProgress"],
  ["m", `AT=JM&${seeded.MK}&AN=Jo&PW=pier-9-pass`, "", "MeetingNotInProgress"],
  ["m", `AT=JS&${seeded.SC}`, "", "MeetingNotInProgress"],
  ["m", "AT=LM", "anna.berg", "<title>Meetings"],
  ["m", `AT=MD&${seeded.MK}&EM=anna@x.example`, "anna.berg", "SUCCESS"],
  ["m", "AT=OM", "site.admin", "<Status>SUCCESS</Status>"],
  ["m", "AT=PR&EM=cara.dunn@visitor.example", "anna.berg", "<td>Recording of EC"],
  ["m", `AT=RM&${seeded.MK}&FN=Jo&LN=Kerr&EM=jo@x.example&JT=Pilot&CY=Harbour&TX3=blue`, "anna.berg", "SUCCESS"],
  ["m", "AT=RPAD", "anna.berg", "<td>cara.dunn@visitor.example"],
  ["m", `AT=RPEA&${seeded.EC}`, "anna.berg", "<td>iris.jung@visitor.example"],
  ["m", "AT=RPRP", "anna.berg", "<td>cara.dunn@visitor.example"],
  ["m", "AT=SE&MN=Gala&PW=Tide-2026", "anna.berg", "SUCCESS"],
  ["m", "AT=SK", "anna.berg", "SUCCESS"],
  ["m", "AT=SM&MN=Tide&PW=Tide-2026&YE=2026&MO=12&DA=14&HO=9&MI=30&DU=45&LF=1&TA=1&AG=Low", "anna.berg", "SUCCESS"],
  ["m", "AT=SS", "anna.berg", "SUCCESS"],
  ["m", `AT=TE&${seeded.EC}`, "anna.berg", "SUCCESS"],
  ["o", "AT=AA&FN1=Jo&EA1=jo@x.example", "anna.berg", "SUCCESS"],
  ["o", "AT=DA&EA1=cara.dunn@visitor.example", "anna.berg", "SUCCESS"],
  ["o", "AT=DF&FN=tides.txt", "anna.berg", "<td>2048"],
  ["o", "AT=EA&EA1=cara.dunn@visitor.example&FN1=Cara", "anna.berg", "SUCCESS"],
  ["o", "AT=FA&FN=cara", "anna.berg", "<td>Cara Dunn"],
  ["o", "AT=LF", "anna.berg", "<td>tides.txt"],
  ["o", "AT=MO", "anna.berg", "<td>Anna Berg"],
  ["o", "AT=QR&StartYE=2026&TC=past", "anna.berg", "<td>Past TC"],
  ["o", "AT=ST&SP=TC", "anna.berg", "SUCCESS"],
  ["h", "AT=CA&LN=Bridge simulator", "anna.berg", "<td>6"],
  ["h", "AT=LD&LN=Bridge simulator", "anna.berg", "<td>Six consoles"],
  ["h", "AT=LL", "anna.berg", "<td>Bridge simulator"],
  ["h", "AT=LS&LN=Bridge simulator", "anna.berg", "<td>Mooring course"],
  ["c", "AT=DC&CN=Office desk", "anna.berg", "SUCCESS"],
  ["c", "AT=RA&CN=Office desk", "anna.berg", "SUCCESS"],
  ["c", "AT=RC&CN=Office desk", "anna.berg", "SUCCESS"],
  ["c", "AT=RL", "anna.berg", "<td>available"],
])("%s.php?%s as %j: %s", (page, query, as, result) => {
  const cookie = as === "" ? "" : site.cookie(as);
  const { status, body, headers } = site.open(`${page}.php`, `${query}&BU=${encodeURIComponent(BU)}`, cookie);

  if (result.startsWith("<")) expect(body).toContain(result);
  else {
    const sent = new URL(headers.location ?? "");
    expect([
      status,
      sent.searchParams.get("state"),
      sent.searchParams.get("RS") ?? sent.searchParams.get("ST"),
    ]).toEqual([302, "7", result]);
  }
});

test.each([
  ["a wrong password", "p.php", "AT=LI&WID=anna.berg&PW=x", "", "BadWebexIDorPassword"],
  ["a second log-in", "p.php", "AT=LI&WID=anna.berg&PW=drawn-3", "anna.berg", "AlreadyLogon"],
  ["no log-in", "m.php", "AT=LM", "", "AccessDenied"],
  ["another's meeting", "m.php", `AT=DM&${seeded.MK}`, "ben.cole", "AccessDenied"],
  ["a wrong partner", "p.php", "AT=AC&WID=ben.cole&PID=x", "site.admin", "PartnerIDError"],
  ["a taken name", "p.php", "AT=SU&FN=J&LN=K&EM=j@x.example&WID=ben.cole&PW=x&PID=quay7", "", "WebexIDConflict"],
  ["a taken address", "p.php", "AT=SU&FN=J&LN=K&EM=ben.cole@harbour.example&WID=j&PW=x&PID=quay7", "", "EmailConflict"],
  ["no such meeting", "m.php", "AT=HM&MK=1", "anna.berg", "InvalidMeetingKeyOrPassword"],
  ["no such command", "m.php", "AT=ZZ", "anna.berg", "Unknown"],
  ["an unknown argument", "m.php", `AT=DM&${seeded.MK}&TIDE=1`, "anna.berg", "Unknown"],
  ["a missing argument", "m.php", "AT=HM", "anna.berg", "InvalidDataFormat"],
  ["a repeated argument", "m.php", `AT=HM&${seeded.MK}&${seeded.MK}`, "anna.berg", "InvalidDataFormat"],
  ["a flag that is none", "m.php", "AT=SM&MN=x&PW=y&LF=maybe", "anna.berg", "InvalidDataFormat"],
  ["no such day", "m.php", "AT=SM&MN=x&PW=y&YE=2026&MO=2&DA=30", "anna.berg", "InvalidDataFormat"],
  ["no password", "m.php", "AT=SM&MN=x", "anna.berg", "InvalidDataFormat"],
  ["another meeting type", "m.php", "AT=SM&MN=x&PW=y&MT=99", "anna.berg", "SiteDoNotSupportThisMeetingType"],
  ["too long a meeting", "m.php", "AT=SM&MN=x&PW=y&DU=9999", "anna.berg", "TheDurationIsExceedTheMaxDuration"],
  ["too many lines", "m.php", "AT=SM&MN=x&PW=y&TL=9999", "anna.berg", "TeleConferenceLineReserveFail"],
  ["the token of another log-in", "m.php", "AT=LM&CSRF=x", "anna.berg", "AccessDenied"],
])("a command fails with a reason: %s", (_, page, query, as, reason) => {
  expect(site.result(page, query, as === "" ? "" : site.cookie(as))).toBe(reason);
});

test("a log-in returns a token, and uses up its ticket", () => {
  const { text } = site.ask("user.GetLoginTicket", "");
  const [, ticket] = /ticket>([^<]*)/.exec(text) ?? [];
  const query = `AT=LI&WID=anna.berg&TK=${ticket}&MU=GoBack&BU=${encodeURIComponent(BU)}`;
  const { headers } = site.open("p.php", query);
  const [, cookie = ""] = /WBXSESSION=([^;]*)/.exec(headers["set-cookie"] ?? "") ?? [];
  const result = readResult(headers.location ?? "", "log-in", BU);

  expect(result).toEqual({ ok: true, value: { status: "success", data: { WID: "anna.berg", CSRF: csrfOf(cookie) } } });
  expect(site.result("m.php", `AT=DM&${seeded.MK}&CSRF=${csrfOf(cookie)}`, cookie)).toBe("SUCCESS");
  expect(site.result("p.php", query)).toBe("BadWebexIDorPassword");
});

test("a meeting is started, joined, locked and listed as open", () => {
  const join = (more: string) => site.result("m.php", `AT=JM&${seeded.MK}&AN=Jo${more}`);
  site.result("m.php", `AT=HM&${seeded.MK}`, site.cookie("anna.berg"));

  expect([join("&PW=pier-9-pass"), join("&PW=x"), join("")]).toEqual([
    "SUCCESS",
    "InvalidMeetingKeyOrPassword",
    "InvalidMeetingKeyOrPassword",
  ]);
  const open = (cookie?: string) => site.open("m.php", "AT=OM", cookie).body;
  expect(open(site.cookie("site.admin"))).toContain(
    `<ListOpenMeetings><Status>SUCCESS</Status><MeetingKeys>${keys.MC}</MeetingKeys></ListOpenMeetings>`,
  );
  expect(open()).toContain("AccessDenied");
  site.site.store.change("session", site.site.session(keys.MC), { isLocked: true });
  expect(join("&PW=pier-9-pass")).toBe("MeetingLocked");
});

test("the URLs of the XML API lead to the pages", () => {
  const url = (text: string, name: string) =>
    new URL((new RegExp(`${name}>([^<]*)`).exec(text)?.[1] ?? "").replaceAll("&amp;", "&"));
  const host = url(site.ask("meeting.GethosturlMeeting", `<sessionKey>${keys.MC}</sessionKey>`).text, "hostMeetingURL");
  const { headers } = site.open("p.php", host.search.slice(1));
  const [, cookie = ""] = /WBXSESSION=([^;]*)/.exec(headers["set-cookie"] ?? "") ?? [];
  const next = new URL(headers.location ?? "");
  const join = url(
    site.ask(
      "meeting.GetjoinurlMeeting",
      `<sessionKey>${keys.MC}</sessionKey><attendeeName>James Kirk</attendeeName><meetingPW>pier-9-pass</meetingPW>`,
    ).text,
    "joinMeetingURL",
  );

  expect(site.result("m.php", next.search.slice(1), cookie)).toBe("SUCCESS");
  expect(join.searchParams.get("AN")).toBe("James Kirk");
  expect(site.result("m.php", join.search.slice(1))).toBe("SUCCESS");
});

test("reads a page whose script leads to the back URL", () => {
  const query = new URLSearchParams(`AT=HM&MK=${keys.MC}&BU=${encodeURIComponent(BU)}`);
  const answer = answerPage(site.site, "m.php", query, site.cookie("anna.berg"), "script");
  const [, written = ""] = /\bvar url ?= ?"([^"]*)"/.exec(answer.body) ?? [];
  const url = written.replace(/\\x(..)/g, (_, byte) => String.fromCharCode(Number.parseInt(byte, 16)));

  expect(answer.status).toBe(200);
  expect(readResult(url, "host-meeting", BU)).toMatchObject({ ok: true, value: { status: "success" } });
});

function link(name: CommandName, given: Readonly<Record<string, string>>) {
  const made = urlCommandOf(acme, name, given);
  return made.ok ? made.value.link : made;
}

describe("links", () => {
  test.each<[name: CommandName, given: Readonly<Record<string, string>>, link: string]>([
    [
      "join-meeting",
      { MK: "712475001", AN: "Jo Kerr", BU },
      "m.php?AT=JM&MK=712475001&AN=Jo%20Kerr&BU=https%3A%2F%2Fportal.example%2Fback%3Fstate%3D7",
    ],
    [
      "schedule-meeting",
      { DU: "45", MN: "Tide (low)", LF: "yes", TC2: "b", TC1: "a" },
      "m.php?AT=SM&MN=Tide%20%28low%29&LF=1&DU=45&TC1=a&TC2=b",
    ],
    ["join-event", { MK: "1", anything: "else" }, "m.php?AT=JE&MK=1&anything=else"],
    ["list-meetings", {}, "m.php?AT=LM"],
  ])("%s %j", (name, given, query) => {
    expect(link(name, given)).toEqual({ ok: true, value: `https://acme.webex.com/acme/${query}` });
  });

  test.each<[name: CommandName, given: Readonly<Record<string, string>>, says: string]>([
    ["join-meeting", {}, "join-meeting needs MK: meeting number"],
    ["join-meeting", { MK: "x" }, 'MK of join-meeting must be the meeting number, only digits (it is "x")'],
    ["join-meeting", { MK: "1", TIDE: "1" }, 'join-meeting has no argument "TIDE"; it has MK, AN, AE, CO, PW, RID, BU'],
    ["schedule-meeting", { DU: "0" }, "DU of schedule-meeting must be a whole number from 1"],
    ["schedule-meeting", { LF: "maybe" }, "LF of schedule-meeting must be 1 or 0"],
    [
      "schedule-meeting",
      { YE: "2026", MO: "2", DA: "30" },
      "DA of schedule-meeting must be a day of the month (it is 30)",
    ],
    ["schedule-meeting", { TC11: "x" }, "schedule-meeting has no argument"],
    ["schedule-meeting", { AG: "x".repeat(2_501) }, "AG of schedule-meeting must have at most 2500 characters"],
    ["log-in", { WID: "jo" }, "log-in needs exactly one of PW and TK"],
    ["log-in", { WID: "jo", PW: "a", TK: "b" }, "log-in needs exactly one of PW and TK"],
    [
      "log-in",
      { WID: "jo", PW: "a", MU: "https://evil.example/" },
      "MU of log-in must be GoBack, or a page of https://acme.webex.com",
    ],
    ["log-in", { WID: "jo", PW: "a" }, "PW is a secret, and logs keep links: send log-in as a form"],
    ["list-meetings", { BU: "/back" }, 'BU of list-meetings must be an address with http or https (it is "/back")'],
    [
      "list-meetings",
      { BU: "https://x.example/#y" },
      "BU of list-meetings must have no # part, which never reaches a server",
    ],
    [
      "list-meetings",
      { BU: "https://x.example/?ST=1" },
      "BU of list-meetings must have no ST in its query: WebEx adds one for the result",
    ],
    ["list-meetings", { BU: "https://lee:pw@x.example/" }, "BU of list-meetings must have no user and no password"],
    ["join-support-session", { MK: "x".repeat(9_000) }, "the link has"],
  ])("refuses %s %j", (name, given, says) => {
    const refused = link(name, given);

    expect(refused.ok ? "" : refused.error).toContain(says);
    expect(JSON.stringify(refused)).not.toContain("lee:pw");
  });

  test("the types of arguments follow from the table", () => {
    const made = urlCommand(acme, "schedule-meeting", { DU: 45, LF: true, TC2: "b", FN: "Jo", BU });
    expect(made.ok && made.value.form.body).toBe(`AT=SM&LF=1&DU=45&TC2=b&FN=Jo&BU=${encodeURIComponent(BU)}`);
    urlCommand(acme, "join-event", { MK: "1", anything: true });
    // @ts-expect-error: it needs MK
    urlCommand(acme, "join-meeting", { AN: "Jo" });
    // @ts-expect-error: it has no such argument
    urlCommand(acme, "join-meeting", { MK: 1, TIDE: "1" });
    // @ts-expect-error: a number
    urlCommand(acme, "schedule-meeting", { DU: "45" });
    // @ts-expect-error: a text, since this command says so
    urlCommand(acme, "create-recorded-session", { RT: "x", AR: true });
  });

  test("sends a secret as a form, known by its table or its name", () => {
    expect(urlCommand(acme, "join-meeting", { MK: 1, PW: "Gull&1" })).toMatchObject({
      ok: true,
      value: { form: { body: "AT=JM&MK=1&PW=Gull%261" } },
    });
    expect([
      isSecretArgument("join-meeting", "PW"),
      isSecretArgument("join-event", "PW2"),
      isSecretArgument("join-meeting", "AN"),
    ]).toEqual([true, true, false]);
  });
});

describe("results", () => {
  const at = (query: string) =>
    readResult(`https://portal.example/back?${query}`, "schedule-meeting", "https://portal.example/back?state=7");

  test.each([
    ["state=7&AT=SM&MK=712475008&ST=SUCCESS", { status: "success", data: { MK: "712475008" } }],
    [
      "state=7&AT=SM&ST=FAIL&RS=accessdenied",
      { status: "failure", reason: "AccessDenied", reasonText: "accessdenied", data: {} },
    ],
    [
      "state=7&AT=SM&ST=FAIL&RS=BadWebIDorPassword",
      { status: "failure", reason: "BadWebexIDorPassword", reasonText: "BadWebIDorPassword", data: {} },
    ],
    ["state=7&AT=SM&ST=FAIL&RS=Fog", { status: "failure", reason: null, reasonText: "Fog", data: {} }],
  ])("%s", (query, value) => {
    expect(at(query)).toEqual({ ok: true, value });
  });

  test.each([
    ["AT=SM&MK=1&ST=SUCCESS", "did not come to"],
    ["state=7&MK=1&ST=SUCCESS", "answers"],
    ["state=7&AT=EM&MK=1&ST=SUCCESS", "answers"],
    ["state=7&AT=SM&MK=1", "ST is"],
    ["state=7&AT=SM&MK=1&ST=MAYBE", "ST is"],
    ["state=7&AT=SM&ST=SUCCESS", "has no MK"],
    ["state=7&AT=SM&MK=x&ST=SUCCESS", "MK is"],
    ["state=7&AT=SM&MK=1&ST=SUCCESS&ST=FAIL", "more than once"],
  ])("refuses %s", (query, says) => {
    const result = at(query);

    expect(result.ok ? "" : result.error).toContain(says);
  });
});
