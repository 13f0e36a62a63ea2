import { afterEach, expect, test, vi } from "vitest";
import { answerPage, type PageAnswer, pages } from "../../site/pages.ts";
import { start } from "../../site/sessions.ts";
import { noon, SiteOnTest, seeded } from "./site-on-test.ts";

const minute = 60_000;
const BU = "https://portal.example/back.html?from=site&n=1";

/** A browser: keeps the cookie and the token of the log-in, and comes back with what the site says. */
class Browser {
  readonly site = new SiteOnTest();
  cookie = "";
  csrf = "";
  answer: PageAnswer | undefined;

  /** What the back URL says, or the text of a page. */
  ask(page: string, query: string): Record<string, string> | string {
    const args = new URLSearchParams(query);
    if (!args.has("BU")) args.set("BU", BU);
    if (this.csrf !== "" && !args.has("CSRF")) args.set("CSRF", this.csrf);
    this.answer = answerPage(this.site.site, page, args, this.cookie);
    const cookie = /WBXSESSION=([^;]*)/.exec(this.answer.headers["set-cookie"] ?? "")?.[1];
    if (cookie !== undefined) this.cookie = cookie;
    const { location } = this.answer.headers;
    if (location === undefined) return this.answer.body;
    const { from, n, CSRF = this.csrf, ...result } = Object.fromEntries(new URL(location).searchParams);
    expect([from, n]).toEqual(["site", "1"]);
    this.csrf = this.cookie === "" ? "" : CSRF;
    return result;
  }

  logIn(name: string): this {
    const { password } = this.site.user(name);
    expect(this.ask("p.php", `AT=LI&WID=${name}&PW=${encodeURIComponent(password)}`)).toEqual({
      AT: "LI",
      WID: name,
      ST: "SUCCESS",
    });
    return this;
  }
}

function failed(AT: string, RS: string) {
  return { AT, ST: "FAIL", RS };
}

test("log in, do something, log out", () => {
  const browser = new Browser();

  expect(browser.ask("m.php", `AT=HM&MK=${seeded.MC}`)).toEqual(failed("HM", "AccessDenied"));
  browser.logIn("anna.berg");
  expect(browser.ask("p.php", "AT=LI&WID=anna.berg&PW=x")).toEqual(failed("LI", "AlreadyLogon"));
  expect(browser.ask("m.php", `AT=HM&MK=${seeded.MC}`)).toEqual({ AT: "HM", MK: String(seeded.MC), ST: "SUCCESS" });
  expect(browser.ask("p.php", "AT=LO")).toEqual({ AT: "LO", ST: "SUCCESS" });
  expect(browser.ask("m.php", "AT=LM")).toEqual(failed("LM", "AccessDenied"));
  expect(browser.site.user("anna.berg").visits).toBe(1);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const open = ["p.php LI", "p.php SU", "m.php JM", "m.php JE", "m.php JS", "m.php AS"];
const ofPartners = ["p.php SU", "p.php EU", "p.php AC", "p.php IN"];
test.each(
  Object.entries(pages).flatMap(([page, commands]) =>
    Object.keys(commands).map((AT) => ({ page, AT, name: `${page} ${AT}` })),
  ),
)("$name is carried out for those alone who may have it", ({ page, AT, name }) => {
  const command = pages[page]?.[AT];
  if (!command) throw new Error(`there is no ${name}`);
  const run = vi.spyOn(command, "run").mockReturnValue({});
  const { site } = new SiteOnTest();
  const cookie = site.issue("cookie", site.userNamed("anna.berg")?.user_id ?? 0);
  const required = (command.args ?? "").split(" ").filter((word) => word.endsWith("!"));
  const asked = (by: string, PID = "quay7") => {
    const args = Object.fromEntries(required.map((word) => [word.slice(0, -1), "1"]));
    const { headers, body } = answerPage(
      site,
      page,
      new URLSearchParams({ ...args, ...(args.PID && { PID }), AT, BU }),
      by,
    );
    return /(?:RS=|<Reason>)(\w+)/.exec(`${headers.location} ${body}`)?.[1] ?? "SUCCESS";
  };

  expect(asked(cookie)).toBe("SUCCESS");
  expect(asked("")).toBe(open.includes(name) ? "SUCCESS" : "AccessDenied");
  expect(asked(cookie, "another")).toBe(ofPartners.includes(name) ? "PartnerIDError" : "SUCCESS");
  expect(run).toHaveBeenCalledTimes(1 + Number(open.includes(name)) + Number(!ofPartners.includes(name)));
});

test("the log-in brings a token; a command with another one is refused", () => {
  const browser = new Browser().logIn("anna.berg");

  expect(browser.csrf).not.toBe("");
  expect(browser.cookie).not.toContain(browser.csrf);
  expect(browser.ask("m.php", "AT=LM")).toContain("Berth planning");
  expect(browser.ask("m.php", "AT=LM&CSRF=another")).toEqual(failed("LM", "AccessDenied"));
});

test("an argument that is given twice is refused, and nothing is done", () => {
  const browser = new Browser().logIn("anna.berg");

  expect(browser.ask("m.php", `AT=DM&MK=1&MK=${seeded.MC}`)).toEqual(failed("DM", "InvalidDataFormat"));
  expect(browser.ask("m.php", "AT=LM&AT=DM")).toEqual(failed("LM", "InvalidDataFormat"));
  expect(browser.ask("m.php", `AT=CF&MK=${seeded.MC}&MK=1`)).toEqual(failed("CF", "InvalidDataFormat"));
  expect(browser.ask("m.php", "AT=LM")).toContain("Berth planning");
});

test("a page whose script goes back has the same URL as the redirect, escaped", () => {
  const { site } = new SiteOnTest();
  const args = new URLSearchParams({ AT: "LO", BU });
  const { status, headers, body } = answerPage(site, "p.php", args, "", "script");
  const [, written = ""] = /^var url = "(.*)";$/m.exec(body) ?? [];

  expect([status, headers.location, headers["content-type"]]).toEqual([200, undefined, "text/html; charset=utf-8"]);
  expect(written).toMatch(/^https\\x3a\\x2f\\x2fportal.example/);
  expect(JSON.parse(`"${written.replaceAll("\\x", "\\u00")}"`)).toBe(
    answerPage(site, "p.php", args, "").headers.location,
  );
});

test("a log-in lapses 30 minutes after the last command", () => {
  const browser = new Browser().logIn("anna.berg");

  browser.site.at = noon + 29 * minute;
  expect(browser.ask("m.php", "AT=LM")).toContain("Berth planning");
  browser.site.at = noon + 58 * minute;
  expect(browser.ask("m.php", "AT=LM")).toContain("Berth planning");
  browser.site.at = noon + 88 * minute;
  expect(browser.ask("m.php", "AT=LM")).toEqual(failed("LM", "AccessDenied"));
});

test("MU is a page of the site, or GoBack for the back URL; a ticket is for one log-in", () => {
  const browser = new Browser();
  const ticket = browser.site.site.issue("login-ticket", browser.site.user("anna.berg").user_id);
  const log = (mu: string) => browser.ask("p.php", `AT=LI&WID=anna.berg&TK=${ticket}&MU=${encodeURIComponent(mu)}`);

  expect(log("https://elsewhere.example/m.php")).toEqual(failed("LI", "Unknown"));
  expect(log("GoBack")).toEqual({ AT: "LI", WID: "anna.berg", ST: "SUCCESS" });
  browser.cookie = "";
  browser.csrf = "";
  expect(log("GoBack")).toEqual(failed("LI", "BadWebexIDorPassword"));
  const args = new URLSearchParams({
    AT: "LI",
    WID: "anna.berg",
    PW: browser.site.user("anna.berg").password,
    MU: "m.php?AT=LM",
    BU,
  });
  expect(answerPage(browser.site.site, "p.php", args, "").headers.location).toBe(
    "https://harbour.webex.example/harbour/m.php?AT=LM",
  );
});

test("without a back URL, or with one that is none, the browser comes to the site's home page", () => {
  const { site } = new SiteOnTest();
  const home = "https://harbour.webex.example/harbour/?AT=LO&ST=FAIL&RS=AccessDenied";
  const go = (query: string) => answerPage(site, "p.php", new URLSearchParams(query), "").headers.location;

  expect(go("AT=LO")).toBe(home);
  expect(go("AT=LO&BU=javascript:alert(1)")).toBe(home);
});

const person = "FN=Kim&LN=Lund&EM=kim@harbour.example&WID=kim.lund&PW=Lines-42";
test.each([
  ["p.php", `AT=SU&${person}&PID=quay7`, { AT: "SU", WID: "kim.lund", ST: "SUCCESS" }],
  ["p.php", `AT=SU&${person}&PID=x`, failed("SU", "PartnerIDError")],
  ["p.php", `AT=SU&${person.replace("kim.lund", "anna.berg")}&PID=quay7`, failed("SU", "WebexIDConflict")],
  ["p.php", `AT=SU&${person.replace("kim@", "anna.berg@")}&PID=quay7`, failed("SU", "EmailConflict")],
  ["p.php", "AT=SU&FN=Kim", failed("SU", "InvalidDataFormat")],
  ["p.php", "AT=LI&WID=anna.berg&PW=wrong", failed("LI", "BadWebexIDorPassword")],
  ["p.php", "AT=XX", failed("XX", "Unknown")],
  ["p.php", "AT=LO&tide=1", failed("LO", "Unknown")],
  ["p.php", "AT=EU&WID=anna.berg&PW=wrong&PID=quay7", failed("EU", "AccessDenied")],
  ["p.php", "AT=LO", failed("LO", "AccessDenied")],
  ["m.php", `AT=RM&MK=${seeded.TC}&FN=Jo&LN=Kerr&EM=jo@visitor.example&JT=Mate&CY=North`, failed("RM", "AccessDenied")],
])("%s?%s gives %j", (page, query, result) => {
  expect(new Browser().ask(page, query)).toEqual(result);
});

test("an account is signed up, edited with its TSP accounts, deactivated and activated again", () => {
  const browser = new Browser();
  const edit = "AT=EU&WID=kim.lund&PID=quay7&NWID=kim.quay&NPW=New-42&TI1=14085550190&PA1=77&CB1=1&TI3=14085550191";
  const kim = () => browser.site.ask("user.GetUser", "<webExId>kim.quay</webExId>", browser.site.as("site.admin"));
  browser.ask("p.php", `AT=SU&${person}&PID=quay7&TimeZone=45&City=Hull&OPhoneArea=408&OPhoneLocal=5550100&TC2=dock`);

  browser.logIn("anna.berg");
  expect(browser.ask("p.php", `${edit}&PW=Lines-42`)).toEqual(failed("EU", "AccessDenied"));
  expect(browser.ask("p.php", "AT=IN&WID=kim.lund&PID=quay7")).toEqual(failed("IN", "AccessDenied"));
  browser.ask("p.php", "AT=LO");
  browser.logIn("kim.lund");
  expect(browser.ask("p.php", `${edit}&PW=wrong`)).toEqual(failed("EU", "BadWebexIDorPassword"));
  expect(browser.ask("p.php", `${edit.replace("quay7", "x")}&PW=Lines-42`)).toEqual(failed("EU", "PartnerIDError"));
  expect(browser.ask("p.php", `${edit}&PW=Lines-42`)).toEqual({ AT: "EU", WID: "kim.quay", ST: "SUCCESS" });
  for (const part of [
    "<com:city>Hull</com:city>",
    "<com:phone>408-5550100</com:phone>",
    "<use:timeZoneID>45</use:timeZoneID>",
    "<com:trackingCode2>dock</com:trackingCode2>",
    "<use:tollCallInNumber>14085550190</use:tollCallInNumber>",
    "<use:accountIndex>3</use:accountIndex>",
  ]) {
    expect(kim()).toContain(part);
  }
  browser.ask("p.php", "AT=LO");
  browser.logIn("site.admin");
  expect(browser.ask("p.php", "AT=IN&WID=kim.quay&PID=quay7")).toEqual({ AT: "IN", WID: "kim.quay", ST: "SUCCESS" });
  expect(kim()).toContain("<use:active>DEACTIVATED</use:active>");
  expect(browser.ask("p.php", "AT=AC&WID=kim.quay&PID=quay7")).toEqual({ AT: "AC", WID: "kim.quay", ST: "SUCCESS" });
  expect(kim()).toContain("<use:active>ACTIVATED</use:active>");
});

test("somebody who is not active cannot log in", () => {
  const browser = new Browser();
  const { password } = browser.site.user("anna.berg");
  browser.site.site.run("UPDATE users SET active = 'DEACTIVATED'");

  expect(browser.ask("p.php", `AT=LI&WID=anna.berg&PW=${password}`)).toEqual(failed("LI", "BadWebexIDorPassword"));
});

test("OM gives a document with the keys of the open meetings, to administrators", () => {
  const browser = new Browser();
  const ask = (query = "") => browser.ask("m.php", `AT=OM${query}`);
  const list = (inside: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListOpenMeetings>${inside}</ListOpenMeetings>`;
  const refused = list("<Status>FAIL</Status><Reason>AccessDenied</Reason>");
  for (const name of ["MC", "TC"] as const) start(browser.site.site, browser.site.site.session(seeded[name]));

  expect(ask()).toBe(refused);
  browser.logIn("anna.berg");
  expect(ask()).toBe(refused);
  browser.ask("p.php", "AT=LO");
  browser.logIn("site.admin");
  const [first, second] = [seeded.MC, seeded.TC];
  expect(ask()).toBe(list(`<Status>SUCCESS</Status><MeetingKeys>${first};${second}</MeetingKeys>`));
  expect(ask("&servicename=TC")).toBe(list(`<Status>SUCCESS</Status><MeetingKeys>${second}</MeetingKeys>`));
});

test("SM gives a key that EM, HM, JM, AA, DA and DM work with; IM gives none", () => {
  const browser = new Browser().logIn("anna.berg");
  const made = browser.ask(
    "m.php",
    "AT=SM&MN=Ebbe+%26+Flut+%E6%BD%AE&PW=tide&YE=2026&MO=12&DA=1&HO=9&MI=30&TZ=4&DU=30&TA=2&LF=0&AQ=1",
  );
  const MK = (made as { MK: string }).MK;
  const site = browser.site.site;

  expect(made).toEqual({ AT: "SM", MK, ST: "SUCCESS" });
  expect(site.session(MK)).toMatchObject({
    name: "Ebbe & Flut 潮",
    password: "tide",
    listing: "UNLISTED",
    minutes: 30,
    starts_at: Date.UTC(2026, 11, 1, 17, 30),
  });
  const done = (AT: string) => ({ AT, MK, ST: "SUCCESS" });
  expect(browser.ask("m.php", `AT=EM&MK=${MK}&MN=Ebb&DU=60`)).toEqual(done("EM"));
  expect(browser.ask("m.php", `AT=AA&MK=${MK}&FN1=Jo&EA1=jo@visitor.example&FN3=Kit&EA3=kit@visitor.example`)).toEqual(
    done("AA"),
  );
  expect(browser.ask("m.php", `AT=DA&MK=${MK}&EM=jo@visitor.example`)).toEqual(done("DA"));
  expect(browser.ask("m.php", `AT=JM&MK=${MK}&AN=Jo&PW=tide`)).toEqual(failed("JM", "MeetingNotInProgress"));
  expect(browser.ask("m.php", `AT=HM&MK=${MK}`)).toEqual(done("HM"));
  browser.ask("p.php", "AT=LO");
  expect(browser.ask("m.php", `AT=JM&MK=${MK}&AN=Kit&AE=kit@visitor.example&PW=wrong`)).toEqual(
    failed("JM", "InvalidMeetingKeyOrPassword"),
  );
  expect(browser.ask("m.php", `AT=JM&MK=${MK}&AN=Kit&AE=kit@visitor.example&PW=tide`)).toEqual(done("JM"));
  const seen = site.all("SELECT name, joined_at FROM attendees WHERE session_key = ?", Number(MK));
  expect(seen).toEqual([{ name: "Kit", joined_at: noon }]);
  browser.logIn("ben.cole");
  expect(browser.ask("m.php", `AT=DM&MK=${MK}`)).toEqual(failed("DM", "AccessDenied"));
  browser.ask("p.php", "AT=LO");
  browser.logIn("anna.berg");
  expect(browser.ask("m.php", `AT=DM&MK=${MK}`)).toEqual(done("DM"));
  expect(browser.ask("m.php", `AT=HM&MK=${MK}`)).toEqual(failed("HM", "InvalidMeetingKeyOrPassword"));
  expect(browser.ask("m.php", "AT=IM&MN=Now&PW=tide")).toEqual({ AT: "IM", ST: "SUCCESS" });
  expect(browser.site.site.one("SELECT started_at FROM sessions WHERE name = 'Now'")).toEqual({ started_at: noon });
});

test.each([
  ["AT=SM&MN=Tide&PW=x&MT=999", "SiteDoNotSupportThisMeetingType"],
  ["AT=SM&MN=Tide&PW=x&DU=1441", "TheDurationIsExceedTheMaxDuration"],
  ["AT=SM&MN=Tide&PW=x&TL=501", "TeleConferenceLineReserveFail"],
  ["AT=SM&MN=Tide", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&LF=maybe", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&NA=-5", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&HO=9&MI=30", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&YE=2026&MO=2&DA=31", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&YE=2100&MO=2&DA=29", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&YE=26&MO=12&DA=1", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&YE=12026&MO=12&DA=1", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&YE=2026&MO=12&DA=1&HO=24", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&UntilYE=2026&UntilMO=2&UntilDA=31", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&RCM=2&RCD=3", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&DU=long", "InvalidDataFormat"],
  ["AT=SM&MN=Tide&PW=x&YE=2026", "InvalidDataFormat"],
  ["AT=SM&PW=x", "InvalidDataFormat"],
])("m.php?%s fails with %s", (query, reason) => {
  expect(new Browser().logIn("anna.berg").ask("m.php", query)).toEqual(failed("SM", reason));
});

test.each([
  ["m.php", "AT=CR&RT=Knots&YR=2026&MH=9&DY=31"],
  ["m.php", "AT=CR&RT=Knots&YR=26&MH=9&DY=1"],
  ["m.php", "AT=CR&RT=Knots&YR=12026&MH=9&DY=1"],
  ["o.php", "AT=QR&StartYE=2026&StartMO=6&StartDA=31"],
  ["o.php", "AT=QR&EndYE=2026&EndMO=13&EndDA=1"],
])("%s?%s names no day", (page, query) => {
  const [, at = ""] = /AT=(\w+)/.exec(query) ?? [];

  expect(new Browser().logIn("anna.berg").ask(page, query)).toEqual(failed(at, "InvalidDataFormat"));
});

test("a meeting is moved by its time alone, or by its day alone", () => {
  const browser = new Browser().logIn("anna.berg");
  const edit = (query: string) => {
    browser.ask("m.php", `AT=EM&MK=${seeded.MC}&${query}`);
    return new Date(browser.site.site.session(seeded.MC).starts_at).toISOString();
  };

  // The zone of the meeting is 8 hours behind.
  expect(edit("YE=2026&MO=12&DA=1&HO=9&MI=30")).toBe("2026-12-01T17:30:00.000Z");
  expect(edit("HO=10")).toBe("2026-12-01T18:30:00.000Z");
  expect(edit("MI=45")).toBe("2026-12-01T18:45:00.000Z");
  expect(edit("DA=2")).toBe("2026-12-02T18:45:00.000Z");
});

test("a site without URL API, without automatic log-in, or without a type of meeting says so", () => {
  const browser = new Browser();
  const set = (support: object) =>
    browser.site.site.update(
      "sites",
      { settings: JSON.stringify({ ...browser.site.site.settings, supportAPI: support }) },
      "1 = 1",
    );

  set({ autoLogin: false, aspAndPHPAPI: true });
  expect(browser.ask("p.php", "AT=LI&WID=anna.berg&PW=x")).toEqual(failed("LI", "AutoLoginDisabled"));
  set({ autoLogin: true, aspAndPHPAPI: false });
  expect(browser.ask("p.php", "AT=LI&WID=anna.berg&PW=x")).toEqual(failed("LI", "DoNotSupportAPI"));
  set({ autoLogin: true, aspAndPHPAPI: true });
  browser.site.site.run("DELETE FROM meeting_types");
  expect(browser.logIn("anna.berg").ask("m.php", "AT=SM&MN=Tide&PW=x&DU=5")).toEqual(
    failed("SM", "NoMeetingTypeSupport"),
  );
});

/** What is left of each command's work, as a page or in a table. */
const done = (AT: string, more: object = {}) => ({ AT, ...more, ST: "SUCCESS" });
const MK = (name: keyof typeof seeded) => ({ MK: String(seeded[name]) });
test.each([
  ["m.php", `AT=AP&MK=${seeded.TC}&FN=Jo&EM=jo@visitor.example`, done("AP", MK("TC"))],
  ["m.php", `AT=DP&MK=${seeded.TC}&EM=finn.gray@visitor.example`, done("DP", MK("TC"))],
  ["m.php", `AT=MD&MK=${seeded.TC}&EM=anna.berg@harbour.example`, done("MD", MK("TC"))],
  ["m.php", `AT=GF&MK=${seeded.TC}`, "Registration for Mooring course"],
  ["m.php", `AT=CF&MK=${seeded.TC}&F1=required`, done("CF", MK("TC"))],
  ["m.php", `AT=CFAC&MK=${seeded.TC}&L1=Diver`, done("CFAC", MK("TC"))],
  ["m.php", `AT=CFAD&MK=${seeded.TC}&L1=Ship`, done("CFAD", MK("TC"))],
  ["m.php", `AT=CFAR&MK=${seeded.TC}&L1=Port`, done("CFAR", MK("TC"))],
  ["m.php", `AT=CFAT&MK=${seeded.TC}&L1=Note`, done("CFAT", MK("TC"))],
  [
    "m.php",
    `AT=RM&MK=${seeded.TC}&FN=Jo&LN=Kerr&EM=jo@visitor.example&JT=Mate&CY=North&name1=Ship&value1=Ebba`,
    done("RM", { ...MK("TC"), RID: expect.stringMatching(/^\d+$/) }),
  ],
  ["m.php", "AT=CR&RT=Knots&YR=2026&MH=11&DY=2&HR=9&MI=0&SZ=3", done("CR")],
  ["m.php", "AT=PR&EM=cara.dunn@visitor.example", "Recording of EC"],
  ["m.php", "AT=SE&MN=Regatta&PW=tide", done("SE", { MK: expect.stringMatching(/^\d+$/) })],
  ["m.php", `AT=EE&MK=${seeded.EC}&MN=Regatta`, done("EE", MK("EC"))],
  ["m.php", `AT=DE&MK=${seeded.EC}`, done("DE", MK("EC"))],
  ["m.php", `AT=TE&MK=${seeded.EC}`, done("TE", MK("EC"))],
  ["m.php", `AT=EN&MK=${seeded.EC}&FN=Jo&EM=jo@visitor.example`, done("EN", { ...MK("EC"), RID: expect.any(String) })],
  ["m.php", `AT=JE&MK=${seeded.EC}&AN=Jo&PW=pier-9-pass`, done("JE", MK("EC"))],
  ["m.php", "AT=SK&MN=Gate+2", done("SK", { MK: expect.stringMatching(/^\d+$/) })],
  ["m.php", "AT=SS", done("SS", { MK: expect.stringMatching(/^\d+$/) })],
  ["m.php", `AT=JS&number=${seeded.SC}`, done("JS", MK("SC"))],
  ["m.php", `AT=AS&number=${seeded.SC}`, done("AS", MK("SC"))],
  ["m.php", "AT=RPAD", "Cara Dunn"],
  ["m.php", `AT=RPEA&MK=${seeded.EC}`, "iris.jung@visitor.example"],
  ["m.php", "AT=RPRP", "Recording of EC"],
  ["o.php", "AT=AA&FN1=Jo&EM1=jo@visitor.example", done("AA")],
  ["o.php", "AT=DA&EM=cara.dunn@visitor.example", done("DA")],
  ["o.php", "AT=EA&EM=cara.dunn@visitor.example&FN=Cara+D.", done("EA")],
  ["o.php", "AT=FA&q=cara", "Cara Dunn"],
  ["o.php", "AT=LF", "tides.txt"],
  ["o.php", "AT=DF&FN=tides.txt", "tides.txt"],
  ["o.php", "AT=MO", "anna.berg@harbour.example"],
  ["o.php", "AT=QR&StartYE=2026&StartMO=11&StartDA=1", "Past TC"],
  ["o.php", "AT=ST&SP=TC", done("ST", { SP: "TC" })],
  ["h.php", "AT=LL", "Bridge simulator"],
  ["h.php", "AT=LD&lab=Bridge+simulator", "Six consoles"],
  ["h.php", "AT=LS&lab=Bridge+simulator", "Mooring course"],
  ["h.php", "AT=CA&lab=Bridge+simulator", "<td>6</td>"],
  ["c.php", "AT=RL", "Office desk"],
  ["c.php", "AT=RA&name=Office+desk", done("RA")],
  ["c.php", "AT=DC&name=Office+desk", done("DC")],
  ["c.php", "AT=RC&name=Office+desk", done("RC")],
])("%s?%s acts on the site's data", (page, query, result) => {
  const browser = new Browser().logIn("anna.berg");
  for (const name of ["EC", "SC"] as const) start(browser.site.site, browser.site.site.session(seeded[name]));
  const before = dump(browser.site);

  const answer = browser.ask(page, query);

  if (typeof result === "string") expect(answer).toContain(result);
  else expect(answer).toEqual(result);
  const changes = typeof result !== "string" && !["TE", "DC"].includes(result.AT);
  if (changes) expect(dump(browser.site)).not.toBe(before);
});

test("nobody joins a meeting that is locked, or one that has not begun", () => {
  const browser = new Browser();
  const join = () => browser.ask("m.php", `AT=JM&MK=${seeded.MC}&AN=Jo&PW=pier-9-pass`);

  expect(join()).toEqual(failed("JM", "MeetingNotInProgress"));
  start(browser.site.site, browser.site.site.session(seeded.MC));
  browser.site.site.run("UPDATE sessions SET locked = 1");
  expect(join()).toEqual(failed("JM", "MeetingLocked"));
  browser.site.site.run("UPDATE sessions SET locked = 0");
  expect(join()).toEqual(done("JM", MK("MC")));
});

test("HS starts a support session of one's own", () => {
  const browser = new Browser().logIn("ben.cole");

  expect(browser.ask("m.php", `AT=HS&MK=${seeded.SC}`)).toEqual(done("HS", MK("SC")));
});

test("each command is asked for in these tests", async () => {
  const { readFileSync } = await import("node:fs");
  const text = readFileSync(import.meta.filename, "utf8");
  const commands = Object.values(pages).flatMap((page) => Object.keys(page));

  expect(commands.length).toBeGreaterThan(55);
  expect(commands.filter((code) => !text.includes(`AT=${code}`))).toEqual([]);
});

test("what people have written is text on a page, never markup", () => {
  const browser = new Browser().logIn("anna.berg");
  browser.ask("m.php", `AT=EM&MK=${seeded.MC}&MN=${encodeURIComponent('<b onclick="x">&')}`);

  expect(browser.ask("m.php", "AT=LM")).toContain("&lt;b onclick=&quot;x&quot;&gt;&amp;");
});

function dump({ site }: SiteOnTest): string {
  const names = site.all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('requests', 'credentials')",
  );
  return JSON.stringify(names.map(({ name }) => site.all(`SELECT * FROM ${name}`)));
}
