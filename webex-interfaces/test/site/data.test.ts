import { expect, test } from "vitest";
import { end, join, start } from "../../site/sessions.ts";
import { noon, outcomeOf, SiteOnTest, seeded, textOf, textsOf } from "./site-on-test.ts";

const minute = 60_000;
const key = (name: keyof typeof seeded) => `<sessionKey>${seeded[name]}</sessionKey>`;
const meetingKey = `<meetingKey>${seeded.MC}</meetingKey>`;

test("a user has up to three TSP accounts; one is the default, and each can be changed and deleted", () => {
  const site = new SiteOnTest();
  const set = (account: string) =>
    outcomeOf(
      site.ask(
        "user.SetUser",
        `<webExId>anna.berg</webExId><tspAccount><tspAccount>${account}</tspAccount></tspAccount>`,
      ),
    );
  const accounts = () => {
    const answer = site.ask("user.GetUser", "<webExId>anna.berg</webExId>");
    const [index, toll, isDefault] = ["accountIndex", "tollCallInNumber", "defaultFlag"].map((name) =>
      textsOf(answer, name),
    );
    return index?.map((each, at) => `${each} ${toll?.[at]} ${isDefault?.[at]}`);
  };
  expect(accounts()).toEqual(["1 14085550142 true", "2 14085550143 false"]);

  expect(set("<tollCallInNumber>14085550144</tollCallInNumber><defaultFlag>true</defaultFlag>")).toBe("SUCCESS");
  expect(set("<tollCallInNumber>14085550145</tollCallInNumber>")).toBe("The request does not keep to the schema");
  expect(set("<accountIndex>2</accountIndex><delete>true</delete>")).toBe("SUCCESS");
  expect(accounts()).toEqual(["1 14085550142 false", "3 14085550144 true"]);
});

test("two users cannot have one name or one address", () => {
  const site = new SiteOnTest();
  const create = (name: string, email: string) =>
    outcomeOf(
      site.ask(
        "user.CreateUser",
        `<firstName>A</firstName><lastName>B</lastName><webExId>${name}</webExId><email>${email}</email><password>Tide-1</password>`,
        site.as("site.admin"),
      ),
    );

  expect(create("ANNA.berg", "new@harbour.example")).toBe("030004");
  expect(create("new", "anna.BERG@harbour.example")).toBe("030005");
  expect(create("new", "new@harbour.example")).toBe("SUCCESS");
});

test("a meeting is what its create and its set say, on the host's clock", () => {
  const site = new SiteOnTest();
  const created = site.ask(
    "meeting.CreateMeeting",
    `<accessControl><isPublic>false</isPublic><meetingPassword>tide</meetingPassword></accessControl>
     <metaData><confName>Dredging</confName><agenda>Where</agenda></metaData>
     <participants><attendees><attendee><person><name>Jo Kerr</name><email>jo@visitor.example</email></person></attendee></attendees></participants>
     <schedule><startDate>12/01/2026 09:30:00</startDate><timeZoneID>45</timeZoneID><duration>45</duration></schedule>
     <telephony><telephonySupport>CALLIN</telephonySupport><enableTSP>true</enableTSP><tspAccountIndex>2</tspAccountIndex></telephony>`,
  );
  const made = textOf(created, "meetingkey");
  expect(site.site.session(Number(made)).starts_at).toBe(Date.UTC(2026, 11, 1, 1, 30));

  site.ask("meeting.SetMeeting", `<metaData><agenda>When</agenda></metaData><meetingkey>${made}</meetingkey>`);
  const answer = site.ask("meeting.GetMeeting", `<meetingKey>${made}</meetingKey>`);

  expect(
    Object.fromEntries(
      "confName agenda isPublic meetingPassword startDate timeZoneID timeZone duration hostWebExID name email tspAccountIndex tollNum participantAccessCode status"
        .split(" ")
        .map((name) => [name, textOf(answer, name)]),
    ),
  ).toEqual({
    confName: "Dredging",
    agenda: "When",
    isPublic: "false",
    meetingPassword: "tide",
    startDate: "12/01/2026 09:30:00",
    timeZoneID: "45",
    timeZone: "GMT+08:00, China (Beijing)",
    duration: "45",
    hostWebExID: "anna.berg",
    name: "Jo Kerr",
    email: "jo@visitor.example",
    tspAccountIndex: "2",
    tollNum: "14085550143",
    participantAccessCode: "4711002",
    status: "NOT_INPROGRESS",
  });
});

const named =
  "<accessControl><meetingPassword>tide</meetingPassword></accessControl><metaData><confName>Tide</confName></metaData>";

test.each([
  ["<metaData><confName>Tide</confName></metaData>", "060026"],
  ["<accessControl><meetingPassword>tide</meetingPassword></accessControl>", "The request does not keep to the schema"],
  ...["13/45/2026 09:00:00", "02/29/2100 09:00:00", "01/01/0026 09:00:00", "06/30/2026 23:59:60"].map((time) => [
    `${named}<schedule><startDate>${time}</startDate></schedule>`,
    "The request does not keep to the schema",
  ]),
  [
    `${named}<telephony><enableTSP>true</enableTSP><tspAccountIndex>3</tspAccountIndex></telephony>`,
    "The request does not keep to the schema",
  ],
])("a meeting of %s is not scheduled", (body, outcome) => {
  const site = new SiteOnTest();
  const count = () => site.site.all("SELECT 1 FROM sessions").length;
  const before = count();

  expect(outcomeOf(site.ask("meeting.CreateMeeting", body))).toBe(outcome);
  expect(count()).toBe(before);
});

test("a list is cut, ordered and limited by date as it is asked", () => {
  const site = new SiteOnTest();
  const list = (body: string) => site.ask("ep.LstsummarySession", body, site.as("site.admin"));
  const names = (body: string) => textsOf(list(body), "confName");

  expect(names("")).toEqual([
    "Help at the gate",
    "Berth planning",
    "Crane inspection",
    "Mooring course",
    "Container offer",
    "Open quay day",
  ]);
  expect(names("<order><orderBy>CONFNAME</orderBy><orderAD>DESC</orderAD></order>")[0]).toBe("Open quay day");
  expect(names("<inclAudioOnly>true</inclAudioOnly>")).toContain("Pilots by telephone");
  expect(names("<serviceTypes><serviceType>EventCenter</serviceType></serviceTypes>")).toEqual(["Open quay day"]);
  expect(
    names(
      "<dateScope><startDateStart>11/24/2026 00:00:00</startDateStart><startDateEnd>11/25/2026 23:59:59</startDateEnd><timeZoneID>4</timeZoneID></dateScope>",
    ),
  ).toEqual(["Crane inspection", "Mooring course"]);

  const second = list("<listControl><startFrom>3</startFrom><maximumNum>2</maximumNum></listControl>");
  expect(textsOf(second, "confName")).toEqual(["Crane inspection", "Mooring course"]);
  expect(["total", "returned", "startFrom"].map((name) => textsOf(second, name).at(-1))).toEqual(["6", "2", "3"]);
  expect(outcomeOf(list("<listControl><startFrom>7</startFrom></listControl>"))).toBe("000015");
  expect(outcomeOf(list("<confName>no such thing</confName>"))).toBe("000015");
});

test("a host sees one's own sessions and what is listed publicly, not what others keep unlisted", () => {
  const site = new SiteOnTest();
  const names = (by: string) => textsOf(site.ask("meeting.LstsummaryMeeting", "", site.as(by)), "confName");

  expect(names("anna.berg")).toEqual(["Berth planning"]);
  expect(names("ben.cole")).toEqual(["Berth planning", "Crane inspection"]);
});

test("a meeting that was held is in the history with its minutes, by kind of audio", () => {
  const site = new SiteOnTest();
  const session = () => site.site.session(seeded.MC);
  const conference = session().conf_id;
  start(site.site, session());
  join(site.site, session(), "Cara Dunn", "cara.dunn@visitor.example", "toll-free");
  site.at = noon + 10 * minute;
  join(site.site, session(), "Eve", "", "voip");
  expect(textsOf(site.ask("ep.LstOpenSession"), "sessionKey")).toEqual([String(seeded.MC)]);
  expect(textOf(site.ask("meeting.GetMeeting", meetingKey), "participantsJoined")).toBe("true");
  site.at = noon + 30 * minute;
  end(site.site, session());

  const usage = site.ask("history.LstmeetingusageHistory", meetingKey);
  const people = site.ask("history.LstmeetingattendeeHistory", meetingKey);

  expect(outcomeOf(site.ask("ep.LstOpenSession"))).toBe("000015");
  expect(textOf(usage, "confID")).toBe(String(conference));
  expect(session().conf_id).not.toBe(conference);
  expect(
    ["duration", "totalPeopleMinutes", "totalCallInTollfreeMinutes", "totalVoipMinutes", "totalParticipants"].map(
      (name) => textOf(usage, name),
    ),
  ).toEqual(["30", "50", "30", "20", "2"]);
  expect(textsOf(people, "name")).toEqual(["Cara Dunn", "Eve"]);
  expect(textsOf(people, "duration")).toEqual(["30", "20"]);
});

test("attendees are added, listed by status, and removed by id or by address", () => {
  const site = new SiteOnTest();
  const person = (name: string) => `<person><name>${name}</name><email>${name}@visitor.example</email></person>`;
  const added = site.ask(
    "attendee.CreateMeetingAttendee",
    `${person("jo")}${key("MC")}<attendees>${person("kit")}<joinStatus>REGISTER</joinStatus></attendees>`,
  );
  const ids = textsOf(added, "attendeeId");
  const emails = (body: string) => textsOf(site.ask("attendee.LstMeetingAttendee", `${key("MC")}${body}`), "email");

  expect(ids).toHaveLength(2);
  expect(outcomeOf(site.ask("attendee.CreateMeetingAttendee", key("MC")))).toBe(
    "The request does not keep to the schema",
  );
  const others = site.ask("attendee.CreateMeetingAttendee", `${key("TC")}<attendees>${person("lou")}</attendees>`);
  expect(textsOf(others, "attendeeId")).toHaveLength(1);
  expect(textsOf(added, "registerID")).toHaveLength(1);
  expect(emails("<joinStatus>REGISTER</joinStatus>")).toEqual(["kit@visitor.example"]);
  const byBoth = `<attendeeID>${ids[0]}</attendeeID><attendeeEmail><email>KIT@visitor.example</email>${key("MC")}</attendeeEmail>`;
  expect(outcomeOf(site.ask("attendee.DelMeetingAttendee", byBoth, site.as("ben.cole")))).toBe("060021");
  expect(outcomeOf(site.ask("attendee.DelMeetingAttendee", byBoth))).toBe("SUCCESS");
  expect(emails("")).toEqual(["cara.dunn@visitor.example", "dov.eder@visitor.example"]);
});

test("a lab has so many computers and no more", () => {
  const site = new SiteOnTest();
  const day = "11/30/2026";
  const reserve = (count: number) =>
    outcomeOf(
      site.ask(
        "training.ReserveLab",
        `<labName>Bridge simulator</labName><numComputers>${count}</numComputers><startDate>${day} 09:00</startDate><endDate>${day} 10:00</endDate><timeZoneID>4</timeZoneID>`,
      ),
    );
  const check = (from: string, to: string) =>
    textOf(
      site.ask(
        "training.CheckLabAvailability",
        `<labName>Bridge simulator</labName><timeZoneID>4</timeZoneID><sessionStartTime>${day} ${from}</sessionStartTime><sessionEndTime>${day} ${to}</sessionEndTime><numComputers>3</numComputers>`,
      ),
      "status",
    );

  expect(reserve(4)).toBe("SUCCESS");
  expect(reserve(3)).toBe("That cannot be done");
  expect(check("09:59", "11:00")).toBe("UNAVAILABLE");
  expect(check("10:00", "11:00")).toBe("AVAILABLE");
});

test("whoever deletes a user deletes what was the user's", () => {
  const site = new SiteOnTest();
  const answer = site.ask(
    "user.DelUser",
    "<webExId>ben.cole</webExId><webExId>nobody</webExId>",
    site.as("site.admin"),
  );

  expect(textsOf(answer, "status")).toEqual(["SUCCESS", "FAILURE"]);
  expect(
    outcomeOf(site.ask("meeting.GetMeeting", `<meetingKey>${seeded.other}</meetingKey>`, site.as("site.admin"))),
  ).toBe("060001");
});

test("a link to host carries a ticket for one log-in; a link to join carries what was given", () => {
  const site = new SiteOnTest();
  const host = new URL(
    (textOf(site.ask("meeting.GethosturlMeeting", key("MC")), "hostMeetingURL") ?? "").replaceAll("&amp;", "&"),
  );
  const join = textOf(
    site.ask(
      "meeting.GetjoinurlMeeting",
      `${key("MC")}<attendeeName>Jo &amp; Kit</attendeeName><meetingPW>tide</meetingPW>`,
    ),
    "joinMeetingURL",
  );

  expect(`${host.origin}${host.pathname}`).toBe("https://harbour.webex.example/harbour/p.php");
  expect(host.searchParams.get("AT")).toBe("LI");
  expect(host.searchParams.get("MU")).toBe(`https://harbour.webex.example/harbour/m.php?AT=HM&MK=${seeded.MC}`);
  expect(join).toBe(
    `https://harbour.webex.example/harbour/m.php?AT=JM&amp;MK=${seeded.MC}&amp;AN=Jo+%26+Kit&amp;PW=tide`,
  );
});

test("log-ins and tickets that have lapsed go, and of tokens and mails the last thousand stay", () => {
  const simulated = new SiteOnTest();
  const { site } = simulated;
  const { user_id } = simulated.user("anna.berg");
  const left = (table: string) => site.one<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)?.count;
  site.issue("cookie", user_id);
  site.issue("login-ticket", user_id);
  for (let n = 0; n < 1_010; n += 1) {
    site.issue("access-token", user_id);
    site.mail("jo@visitor.example", `about ${n}`);
  }
  expect([left("credentials"), left("mails")]).toEqual([1_002, 1_000]);

  simulated.at += 30 * minute;
  site.issue("cookie", user_id);

  expect(left("credentials")).toBe(1_001);
  expect(site.one("SELECT about FROM mails ORDER BY rowid")).toEqual({ about: "about 10" });
});

test("a page of a list has 500 entries at most, and 50 where nobody says", () => {
  const site = new SiteOnTest();
  for (let n = 0; n < 510; n += 1) {
    site.site.insert("products", { name: `Slot ${n}`, description: "" });
  }
  const returned = (control: string) => textOf(site.ask("sales.LstProducts", control), "returned");

  expect(returned("")).toBe("50");
  expect(returned("<listControl><maximumNum>9999</maximumNum></listControl>")).toBe("500");
});

test("a session that is started again goes on, and one that is held once is gone when it is over", () => {
  const site = new SiteOnTest();
  const once = (value: string) =>
    site.ask(
      "meeting.SetMeeting",
      `<enableOptions><autoDeleteAfterMeetingEnd>${value}</autoDeleteAfterMeetingEnd></enableOptions><meetingkey>${seeded.MC}</meetingkey>`,
    );
  const held = () => {
    start(site.site, site.site.session(seeded.MC));
    site.at += 10 * minute;
    start(site.site, site.site.session(seeded.MC));
    const startedAt = site.site.session(seeded.MC).started_at;
    end(site.site, site.site.session(seeded.MC));
    return startedAt;
  };

  expect(held()).toBe(noon);
  expect(outcomeOf(site.ask("meeting.GetMeeting", meetingKey))).toBe("SUCCESS");
  once("true");
  held();
  expect(outcomeOf(site.ask("meeting.GetMeeting", meetingKey))).toBe("060001");
});

test("a meeting takes a minute at least", () => {
  const set = (minutes: number) =>
    outcomeOf(
      new SiteOnTest().ask(
        "meeting.SetMeeting",
        `<schedule><duration>${minutes}</duration></schedule><meetingkey>${seeded.MC}</meetingkey>`,
      ),
    );

  expect([set(1), set(0), set(-5)]).toEqual([
    "SUCCESS",
    "The request does not keep to the schema",
    "The request does not keep to the schema",
  ]);
});

test("the history tells the host from the others", () => {
  const answer = new SiteOnTest().ask("history.LsttrainingattendeeHistory");

  expect(textsOf(answer, "participantType")).toEqual(["HOST", "ATTENDEE", "ATTENDEE"]);
});
