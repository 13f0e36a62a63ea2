import { beforeEach, describe, expect, test } from "vitest";
import { getSessionInfo, type SessionInfo } from "../client/session-info.ts";
import { control } from "../site/control.ts";
import { answerWith, noFaults } from "../site/faults.ts";
import { type SessionService, visibilityRows } from "../tables/session.ts";
import { keys, message, noon, operation, TestSite } from "./kit.ts";

let site: TestSite;
beforeEach(() => {
  site = new TestSite();
});

const key = (sessionKey: string) => `<sessionKey>${sessionKey}</sessionKey>`;
const meeting = (meetingKey: string) => `<meetingKey>${meetingKey}</meetingKey>`;
const person = (name: string, more = "") =>
  `<person><name>${name}</name><email>${name}@visitor.example</email></person>${more}`;
const act = (path: string, body = {}, method = "POST") =>
  control(
    site.site,
    { faults: noFaults, aheadMs: 0, sentBy: "redirect" },
    method,
    `/control/${path}`,
    JSON.stringify(body),
  );

describe("callers", () => {
  test.each<[binding: string, content: string, results: string]>([
    // site.admin, site.viewer, ben.cole (a host), nobody
    ["meeting.GetMeeting", meeting(keys.MC), "SUCCESS SUCCESS SUCCESS 000001"],
    ["meeting.GetMeeting", meeting(keys.other), "SUCCESS SUCCESS SUCCESS 000001"],
    ["meeting.DelMeeting", meeting(keys.MC), "SUCCESS 060021 060021 000001"],
    ["meeting.GethosturlMeeting", key(keys.MC), "SUCCESS 060021 060021 000001"],
    ["meeting.GetjoinurlMeeting", key(keys.MC), "SUCCESS SUCCESS SUCCESS 000001"],
    ["meeting.auo.GetTeleconferenceSession", key(keys.AO), "SUCCESS SUCCESS 060019 000001"],
    ["user.GetUser", "<webExId>anna.berg</webExId>", "SUCCESS SUCCESS 000001 000001"],
    ["user.GetUser", "<webExId>nobody</webExId>", "030001 030001 000001 000001"],
    ["user.SetUser", "<webExId>ben.cole</webExId><email>b@harbour.example</email>", "SUCCESS 000001 SUCCESS 000001"],
    ["user.LstsummaryUser", "", "SUCCESS SUCCESS 000001 000001"],
    ["user.DelUser", "<webExId>anna.berg</webExId>", "SUCCESS 000001 000001 000001"],
    ["user.GetloginurlUser", "<webExID>anna.berg</webExID>", "SUCCESS 000001 000001 000001"],
    ["sales.AddProducts", "<product><name>Slot</name></product>", "SUCCESS 000001 000001 000001"],
    ["history.LstmeetingusageHistory", "", "SUCCESS SUCCESS 000015 000001"],
    ["ep.GetSessionInfo", key(keys.MC), "SUCCESS SUCCESS SUCCESS SUCCESS"],
    ["ep.GetAPIVersion", "", "SUCCESS SUCCESS SUCCESS SUCCESS"],
  ])("%s %s: %s", (binding, content, results) => {
    const callers = ["site.admin", "site.viewer", "ben.cole", null];
    const found = callers.map((caller) => {
      site = new TestSite();
      return site.ask(binding, content, caller).result;
    });

    expect(found.join(" ")).toBe(results);
  });

  test("accepts a ticket, a token and an assertion instead of a password", () => {
    const body = operation("user.GetUser", `<webExId>anna.berg</webExId>`);
    const { text } = site.ask("user.AuthenticateUser", "");
    const [, ticket = ""] = /sessionTicket>([^<]*)/.exec(text) ?? [];
    const named = "<siteID>243585</siteID><webExID>anna.berg</webExID>";
    const saml = Buffer.from("<a:NameID>anna.berg</a:NameID>").toString("base64");
    const assertion = operation("user.AuthenticateUser", `<samlResponse>${saml}</samlResponse>`);
    const credential = act("credentials", { kind: "access-token", webExID: "anna.berg" }).body as { value: string };

    expect(site.send(message(body, `${named}<sessionTicket>${ticket}</sessionTicket>`)).result).toBe("SUCCESS");
    expect(site.send(message(body, `${named}<sessionTicket>other</sessionTicket>`)).result).toBe("030047");
    expect(site.send(message(body, `${named}<webExAccessToken>${credential.value}</webExAccessToken>`)).result).toBe(
      "SUCCESS",
    );
    expect(site.send(message(assertion, named)).result).toBe("SUCCESS");
    site.now += 31 * 60_000;
    expect(site.send(message(body, `${named}<sessionTicket>${ticket}</sessionTicket>`)).result).toBe("030047");
  });

  test("all operations of a message are carried out, or none", () => {
    const set = operation(
      "meeting.SetMeeting",
      `<meetingkey>${keys.MC}</meetingkey><metaData><confName>Ebb</confName></metaData>`,
    );
    const wrong = operation("meeting.GetMeeting", `<meetingKey>1</meetingKey>`);

    expect(site.send(message(set + wrong, site.context("anna.berg"))).result).toBe("060001");
    expect(site.ask("meeting.GetMeeting", meeting(keys.MC)).text).not.toContain("Ebb");
    expect(site.send(message(set + set, site.context("anna.berg"))).result).toBe("SUCCESS");
  });
});

test.each([
  [
    "meeting",
    "Meeting",
    "<accessControl><meetingPassword>Tide-2026</meetingPassword></accessControl><metaData><confName>Tide</confName><agenda>Low water</agenda></metaData>",
    "meetingKey",
    "meetingkey",
  ],
  [
    "training",
    "TrainingSession",
    "<accessControl><sessionPassword>Tide-2026</sessionPassword></accessControl><metaData><confName>Tide</confName><agenda>Low water</agenda></metaData>",
    "sessionKey",
    "sessionKey",
  ],
  [
    "event",
    "Event",
    "<accessControl><sessionPassword>Tide-2026</sessionPassword></accessControl><metaData><sessionName>Tide</sessionName><description>Low water</description></metaData>",
    "sessionKey",
    "sessionKey",
  ],
])("%s: get gives what create and set were given, and del deletes it", (service, noun, content, name, setName) => {
  const created = site.ask(`${service}.Create${noun}`, content);
  const [, made] = /[kK]ey>(\d+)</.exec(created.text) ?? [];
  const asked = `<${name}>${made}</${name}>`;
  const shown = site.ask(`${service}.Get${noun}`, asked).text;
  const changed = site.ask(
    `${service}.Set${noun}`,
    `<${setName}>${made}</${setName}><schedule><duration>90</duration></schedule>`,
  );

  expect([created.result, changed.result]).toEqual(["SUCCESS", "SUCCESS"]);
  for (const text of ["Tide<", "Low water<", "Tide-2026<"]) expect(shown).toContain(text);
  expect(site.ask(`${service}.Get${noun}`, asked).text).toContain(":duration>90<");
  expect(site.ask(`${service}.Lstsummary${noun}`, "").text).toContain(`>${made}<`);
  expect(site.ask(`${service}.Get${noun}`, asked, "ben.cole").text).not.toContain("Tide-2026");
  expect(site.ask(`${service}.Del${noun}`, asked).result).toBe("SUCCESS");
  expect(site.ask(`${service}.Get${noun}`, asked).result).toBe("060001");
});

test.each([
  ["meeting.CreateMeeting", "<duration>-5</duration>"],
  ["meeting.SetMeeting", "<duration>0</duration>"],
  ["meeting.SetMeeting", "<startDate>12/14/0000 09:30:00</startDate>"],
  ["training.SetTrainingSession", "<startDate>12/14/0000 09:30:00</startDate>"],
])("%s refuses %s", (binding, content) => {
  const named = binding.startsWith("meeting") ? `<meetingkey>${keys.MC}</meetingkey>` : key(keys.TC);
  const schedule = `<schedule>${content}</schedule>`;

  expect(site.ask(binding, binding.includes("Create") ? schedule : named + schedule).result).toBe("999999");
});

test("a meeting without a password is refused", () => {
  expect(site.ask("meeting.CreateMeeting", "<metaData><confName>Tide</confName></metaData>").result).toBe("060026");
});

describe("lists", () => {
  test.each([
    [
      "by name",
      "<order><orderBy>CONFNAME</orderBy><orderAD>DESC</orderAD></order>",
      [
        "Pilots by telephone",
        "Open quay day",
        "Mooring course",
        "Help at the gate",
        "Container offer",
        "Berth planning",
      ],
    ],
    [
      "a page",
      "<listControl><startFrom>2</startFrom><maximumNum>2</maximumNum></listControl>",
      ["Berth planning", "Mooring course"],
    ],
    ["of a service", "<serviceTypes><serviceType>EventCenter</serviceType></serviceTypes>", ["Open quay day"]],
    ["by a part of the name", "<confName>quay</confName>", ["Open quay day"]],
    ["of a host", "<hostWebExID>ben.cole</hostWebExID>", ["Help at the gate", "Container offer"]],
    [
      "by date",
      "<dateScope><startDateStart>11/25/2026 00:00:00</startDateStart><startDateEnd>11/26/2026 23:00:00</startDateEnd></dateScope>",
      ["Mooring course", "Container offer"],
    ],
  ])("%s", (_, content, names) => {
    const { text } = site.ask("ep.LstsummarySession", `${content}<inclAudioOnly>true</inclAudioOnly>`);

    expect(Array.from(text.matchAll(/<ep:confName>([^<]*)/g), ([, name]) => name)).toEqual(names);
  });

  test("an empty list is refused with 000015", () => {
    expect(site.ask("meeting.LstsummaryMeeting", "<hostWebExID>site.viewer</hostWebExID>").result).toBe("000015");
  });
});

describe("getSessionInfo", () => {
  const services: Readonly<Record<SessionService, string>> = {
    MC: keys.MC,
    SaC: keys.SaC,
    TC: keys.TC,
    EC: keys.EC,
    AO: keys.AO,
  };

  async function info(sessionKey: string, password?: string): Promise<SessionInfo> {
    // The viewer is not a member of these sessions.
    const found = await getSessionInfo(site.api("site.viewer"), {
      sessionKey,
      ...(password ? { sessionPassword: password } : {}),
    });
    if (!found.ok) throw new Error(JSON.stringify(found.error));
    return found.value;
  }

  test.each(Object.entries(services) as [SessionService, string][])(
    "%s: shows each element as the table says",
    async (service, sessionKey) => {
      const outside = await info(sessionKey);
      const inside = await info(sessionKey, "pier-9-pass");
      const given = ({ elements }: SessionInfo) => visibilityRows.filter(({ path }) => elements[path].is === "given");

      expect(outside.service).toBe(service);
      expect(given(outside)).toEqual(visibilityRows.filter(({ shown }) => shown[service] === "always"));
      expect(given(inside)).toEqual(visibilityRows.filter(({ shown }) => shown[service] !== "never"));
      expect(
        visibilityRows.filter(({ path, shown }) => shown[service] === "never" && inside.elements[path].is !== "never"),
      ).toEqual([]);
    },
  );

  test.each([
    [keys.MC, undefined, "anonymous"],
    [keys.MC, "pier-9-pass", "password"],
    [keys.MC, "other", "password-refused"],
    [keys.EC, undefined, "unknown"],
  ])("of %s with the password %s is seen as %s", async (sessionKey, password, mode) => {
    expect((await info(sessionKey, password)).mode).toBe(mode);
  });

  test.each(["anna.berg", "cara"])("%s sees a session from inside", async (name) => {
    site.ask(
      "user.CreateUser",
      "<firstName>C</firstName><lastName>D</lastName><webExId>cara</webExId><email>cara.dunn@visitor.example</email><password>Pw-12345</password>",
      "site.admin",
    );
    const found = await getSessionInfo(site.api(name), { sessionKey: keys.MC });

    expect(found).toMatchObject({
      ok: true,
      value: { mode: "member", answer: { telephony: { participantAccessCode: "4711001" } } },
    });
    expect(JSON.stringify(found).includes("hostKey")).toBe(name === "anna.berg");
  });
});

test("attendees are added, listed, registered and removed", () => {
  const added = site.ask("attendee.CreateMeetingAttendee", `${person("Jo", "<role>HOST</role>")}${key(keys.MC)}`);
  const registered = site.ask(
    "attendee.RegisterMeetingAttendee",
    `<attendees>${person("Lee")}${key(keys.EC)}</attendees>`,
    "ben.cole",
  );
  const many = `<attendees>${person("Max")}</attendees>`.repeat(51);
  const [, id] = /attendeeId>(\d+)/.exec(added.text) ?? [];
  const listed = () => site.ask("attendee.LstMeetingAttendee", meeting(keys.MC)).text;

  expect([added.result, registered.result]).toEqual(["SUCCESS", "SUCCESS"]);
  expect(registered.text).toContain("registerID>");
  expect(site.ask("attendee.CreateMeetingAttendee", many).result).toBe("040015");
  expect(site.ask("attendee.CreateMeetingAttendee", `${person("Jo")}${key(keys.MC)}`, "ben.cole").result).toBe(
    "060021",
  );
  expect(listed()).toContain("Jo@visitor.example");
  expect(listed()).toContain("<att:role>HOST<");
  expect(site.ask("attendee.DelMeetingAttendee", `<attendeeID>${id}</attendeeID>`).result).toBe("SUCCESS");
  expect(listed()).not.toContain("Jo@visitor.example");
});

test("an ended session is in the history", () => {
  act(`sessions/${keys.MC}/start`);
  act(`sessions/${keys.MC}/join`, { name: "Jo", email: "jo@visitor.example", call: "call-in" });
  act(`sessions/${keys.SC}/join`, { name: "Lee" });
  site.now += 30 * 60_000;
  act(`sessions/${keys.MC}/end`);
  const { text } = site.ask("history.LstmeetingusageHistory", meeting(keys.MC));

  for (const part of ["duration>30", "totalCallInMinutes>30", "totalParticipants>1", "totalParticipantsVoip>0"])
    expect(text).toContain(`history:${part}<`);
  expect(site.ask("history.LstmeetingattendeeHistory", meeting(keys.MC)).text).toContain("jo@visitor.example");
  expect(site.site.store.all("mail").filter(({ receiver }) => receiver === "")).toEqual([]);
});

test("shows free and reserved labs", () => {
  const at = (day: number) =>
    `<labName>Bridge simulator</labName><timeZoneID>4</timeZoneID><sessionStartTime>11/${day}/2026 04:00:00</sessionStartTime><sessionEndTime>11/${day}/2026 05:00:00</sessionEndTime>`;
  const check = (day: number, computers: number) =>
    site.ask("training.CheckLabAvailability", `${at(day)}<numComputers>${computers}</numComputers>`).text;

  expect(check(25, 2)).toContain(">AVAILABLE<");
  expect(check(25, 3)).toContain(">UNAVAILABLE<");
  expect(check(26, 6)).toContain(">AVAILABLE<");
  expect(site.ask("training.GetLabSchedule", at(25)).text).toContain("Mooring course");
  expect(site.ask("training.GetLabSchedule", at(26)).result).toBe("000015");
});

test("tests, products and recordings are shown", () => {
  expect(site.ask("training.LstScheduledTests", "").text).toContain("<train:title>Knots<");
  expect(site.ask("training.GetTestInformation", "<testID>5001</testID>").text).toContain("gita.hale@visitor.example");
  expect(site.ask("training.GetIMStestDetails", "<testID>5001</testID>").text).toContain("Knots");
  expect(
    site.ask(
      "training.GetIMStestResult",
      "<testID>5001</testID><participantEmail>gita.hale@visitor.example</participantEmail>",
    ).text,
  ).toContain("score>8<");
  expect(
    site.ask("sales.SetProducts", "<product><prodID>1</prodID><name>Reefer</name></product>", "site.admin").result,
  ).toBe("SUCCESS");
  expect(site.ask("sales.LstProducts", "<name>reef</name>").text).toContain("<sales:name>Reefer<");
  expect(site.ask("event.LstrecordedEvent", "").text).toContain("Recording of EC");
});

test("users change their TSP accounts", () => {
  const account = (more: string) =>
    site.ask(
      "user.SetUser",
      `<webExId>ben.cole</webExId><tspAccount><tspAccount>${more}</tspAccount></tspAccount>`,
      "ben.cole",
    ).result;
  const shown = () => site.ask("user.GetUser", "<webExId>ben.cole</webExId>", "ben.cole").text;

  expect(
    account("<tollCallInNumber>14085550188</tollCallInNumber><participantAccessCode>4711010</participantAccessCode>"),
  ).toBe("SUCCESS");
  expect(shown()).toContain("<use:accountIndex>2<");
  expect(account("<accountIndex>1</accountIndex><delete>true</delete>")).toBe("SUCCESS");
  expect(shown()).not.toContain("4711009");
  expect(account("<accountIndex>4</accountIndex>")).toBe("999999");
});

test("a user is created, renamed and deleted with all sessions", () => {
  const user =
    "<firstName>Jo</firstName><lastName>Kerr</lastName><webExId>jo</webExId><email>jo@harbour.example</email><password>Pw-12345</password>";

  expect(site.ask("user.CreateUser", user, "site.admin").result).toBe("SUCCESS");
  expect(site.ask("user.CreateUser", user, "site.admin").result).toBe("030004");
  expect(site.ask("user.CreateUser", user.replace("<webExId>jo", "<webExId>lee"), "site.admin").result).toBe("030005");
  expect(
    site.ask("user.SetUser", "<webExId>anna.berg</webExId><newWebExId>anna.holm</newWebExId>", "site.admin").result,
  ).toBe("SUCCESS");
  expect(site.password("anna.holm")).not.toBe("");
  expect(site.ask("user.DelUser", "<webExId>anna.holm</webExId>", "site.admin").text).toContain("<use:status>SUCCESS<");
  expect(site.ask("meeting.GetMeeting", meeting(keys.MC), "site.admin").result).toBe("060001");
});

describe("control", () => {
  test.each([
    [{ rateLimit: 1 }, "000045"],
    [{ suspended: true }, "010107"],
    [{ classicEvents: false }, "SUCCESS"],
  ])("of the site: %j", (body, result) => {
    act("site", body, "PUT");
    site.ask("meeting.GetMeeting", meeting(keys.MC));

    expect(site.ask("meeting.SetMeeting", `<meetingkey>${keys.MC}</meetingkey>`).result).toBe(result);
    if ("classicEvents" in body) expect(site.ask("event.GetEvent", key(keys.EC)).result).toBe("010106");
  });

  test("a reset keeps the passwords of the first users", () => {
    const before = site.site.passwords;
    site.ask("meeting.DelMeeting", meeting(keys.MC));
    act("reset");

    expect(site.site.passwords).toEqual(before);
    expect(site.ask("meeting.GetMeeting", meeting(keys.MC)).result).toBe("SUCCESS");
  });

  test("things are shown without secrets", () => {
    const text = JSON.stringify([
      act("things/user", {}, "GET"),
      act("things/session", {}, "GET"),
      act("things/credential", {}, "GET"),
    ]);

    expect(text).toContain("anna.berg");
    expect(text).not.toMatch(/drawn-|94711001|pier-9|2608/);
  });

  test.each([
    ["PUT", "faults", { delayMs: -1 }, 400],
    ["PUT", "faults", { operation: "sinkMeeting" }, 400],
    ["PUT", "clock", { aheadMs: 8.7e15 }, 400],
    ["PUT", "clock", { aheadMs: "noon" }, 400],
    ["PUT", "tides", {}, 404],
    ["POST", "sessions/1/start", {}, 404],
    ["GET", "things/tides", {}, 404],
    ["POST", "credentials", { kind: "cookie", webExID: "nobody" }, 404],
  ])("refuses %s %s %j", (method, path, body, status) => {
    expect(act(path, body, method).status).toBe(status);
  });

  test.each([
    [{ refuse: "notResponding" }, "000035"],
    [{ answer: "html" }, "Back soon"],
    [{ answer: "empty" }, ""],
    [{ answer: "truncated" }, "<b><a>1"],
    [{ field: { name: "a", value: "2<3" } }, "<b><a>2&lt;3</a></b>"],
  ] as const)("spoils an answer: %j", (fault, text) => {
    const { body } = answerWith({ ...noFaults, ...fault }, () => "<b><a>1</a></b>");

    expect(body.toString()).toContain(text);
  });
});

test("the clock of the tests begins at noon", () => {
  expect(site.site.now()).toBe(noon);
});
