import { expect, test } from "vitest";
import { switchSite } from "../../site/switched-off.ts";
import { examples } from "./examples.ts";
import { content, message, noon, outcomeOf, SiteOnTest, seeded, textOf, textsOf } from "./site-on-test.ts";

const minute = 60_000;
const wrongSchema = "The request does not keep to the schema";

/** The reason in detail of a refusal. */
function detailOf(answer: string): string | undefined {
  return textsOf(answer, "reason")[1];
}

test.each([
  ["<confName/>", "is not in the schema"],
  [`<meetingKey>${seeded.MC}</meetingKey><order/><listControl/>`, "stands in the wrong place"],
  ["<order><orderBy>TIDE</orderBy></order>", "must be one of HOSTWEBEXID, CONFNAME"],
  ["<listControl><startFrom>one</startFrom></listControl>", "must be a whole number"],
  ["<listControl>1</listControl>", "has text, but must have elements"],
  ["<meetingKey><key>1</key></meetingKey>", "has elements, but must have a value"],
  [
    "<order><orderAD>ASC</orderAD><orderAD>ASC</orderAD><orderAD>ASC</orderAD><orderAD>ASC</orderAD></order>",
    "at most 3",
  ],
])("a list with %s is refused: it %s", (body, problem) => {
  const answer = new SiteOnTest().ask("meeting.LstsummaryMeeting", body);

  expect(outcomeOf(answer)).toBe(wrongSchema);
  expect(detailOf(answer)).toContain(problem);
});

test("limits, required elements, and one of several are checked", () => {
  const site = new SiteOnTest();
  const set = (limits: string) =>
    `<sessionKey>${seeded.TC}</sessionKey><testID>5001</testID><deliveryMethod><session>true</session></deliveryMethod><timeLimit>${limits}</timeLimit><attemptLimit><noLimit>true</noLimit></attemptLimit>`;
  const long = "x".repeat(17);
  const create = `<accessControl><meetingPassword>${long}</meetingPassword></accessControl><metaData><confName>Tide</confName></metaData>`;

  expect(detailOf(site.ask("meeting.CreateMeeting", create))).toBe(
    "createMeeting.accessControl.meetingPassword is longer than 16 characters",
  );
  expect(detailOf(site.ask("meeting.GetMeeting"))).toBe("getMeeting.meetingKey is required");
  expect(detailOf(site.ask("training.SetScheduledTest", set("<withinMinutes>0</withinMinutes>")))).toContain(
    "is out of range",
  );
  expect(
    detailOf(site.ask("training.SetScheduledTest", set("<noLimit>true</noLimit><withinMinutes>5</withinMinutes>"))),
  ).toContain("must have exactly one element");
});

test.each([
  ["no XML", "tide"],
  ["a broken end", message("", content("user.GetUser", "")).slice(0, -20)],
  ["a document type", `<!DOCTYPE x [<!ENTITY t "tide">]>${message("", "")}`],
  ["an entity of its own", message("<siteName>&tide;</siteName>", content("user.GetUser", ""))],
  ["a control character", message("<siteName>&#7;</siteName>", content("user.GetUser", ""))],
])("%s is refused as no XML", (_, text) => {
  expect(outcomeOf(new SiteOnTest().send(text))).toBe("The request is not well-formed XML");
});

const service = "http://www.webex.com/schemas/2002/06/service";
const xsi = "http://www.w3.org/2001/XMLSchema-instance";

test.each<[string, (text: string) => string, string]>([
  ["as it should be", (text) => text, "SUCCESS"],
  ["the root's prefix undeclared, as in a sample", (text) => text.replace(` xmlns:serv="${service}"`, ""), "SUCCESS"],
  ["another prefix", (text) => text.replaceAll("serv:", "s:").replace("xmlns:serv", "xmlns:s"), "SUCCESS"],
  ["no prefix, but the namespace", (text) => text.replaceAll("serv:", "").replace("xmlns:serv", "xmlns"), "SUCCESS"],
  ["another prefix of the type", (text) => text.replaceAll("xsi:", "i:").replace("xmlns:xsi", "xmlns:i"), "SUCCESS"],
  ["no namespace", (text) => text.replaceAll("serv:", "").replace(`xmlns:serv="${service}"`, ""), wrongSchema],
  ["another namespace", (text) => text.replace(service, `${service}s`), wrongSchema],
  [
    "a root of another part of the schema",
    (text) => text.replace(service, service.replace("service", "common")),
    wrongSchema,
  ],
  ["a namespace within", (text) => text.replace("<header>", '<header xmlns="urn:tide">'), wrongSchema],
  ["a type of no namespace", (text) => text.replace("xsi:type", "type"), "There is no such operation"],
  ["a type of another namespace", (text) => text.replace(xsi, "urn:tide"), "There is no such operation"],
  [
    "a prefix that is not declared",
    (text) => text.replace("<header>", "<a:header>").replace("</header>", "</a:header>"),
    "The request is not well-formed XML",
  ],
  ["an undeclared type", (text) => text.replace(`xmlns:xsi="${xsi}"`, ""), "The request is not well-formed XML"],
])("a message with %s", (_, change, outcome) => {
  const site = new SiteOnTest();
  const text = message(site.as("anna.berg"), content("meeting.GetMeeting", `<meetingKey>${seeded.MC}</meetingKey>`));

  expect(outcomeOf(site.send(change(text)))).toBe(outcome);
});

test("another root, no header, and no operation are refused", () => {
  const site = new SiteOnTest();

  expect(outcomeOf(site.send("<tide/>"))).toBe(wrongSchema);
  expect(outcomeOf(site.send("<message><body/></message>"))).toBe(wrongSchema);
  expect(outcomeOf(site.send(message(site.as("anna.berg"), "")))).toBe(wrongSchema);
  expect(outcomeOf(site.ask("meeting.createMeeting"))).toBe("There is no such operation");
  expect(outcomeOf(site.send(message(site.as("anna.berg"), "<bodyContent/>")))).toBe("There is no such operation");
});

test.each([
  ["without an operation", ""],
  ["with an operation that there is not", content("meeting.Tide", "")],
  ["with another element", "<tide/>"],
  ["with what breaks the schema", content("meeting.GetMeeting", "<tide/>")],
])("who asks is checked before the body: %s", (_, body) => {
  const site = new SiteOnTest();

  expect(outcomeOf(site.send(message(site.as("anna.berg").replace("drawn-", "sea-wall-"), body)))).toBe("030002");
  expect(outcomeOf(site.send(message(site.as("anna.berg"), body)))).not.toBe("030002");
});

test("several operations in one message are all done, or none", () => {
  const site = new SiteOnTest();
  const remove = content("meeting.DelMeeting", `<meetingKey>${seeded.MC}</meetingKey>`);
  const get = content("meeting.GetMeeting", `<meetingKey>${seeded.MC}</meetingKey>`);

  expect(outcomeOf(site.send(message(site.as("anna.berg"), remove + get)))).toBe("060001");
  const both = site.send(message(site.as("anna.berg"), get + remove));

  expect(outcomeOf(both)).toBe("SUCCESS");
  expect(both.match(/<serv:bodyContent/g)).toHaveLength(2);
  expect(outcomeOf(site.ask("meeting.GetMeeting", `<meetingKey>${seeded.MC}</meetingKey>`))).toBe("060001");
});

test("text comes back as it was sent: entities, CDATA, other scripts", () => {
  const site = new SiteOnTest();
  const name = "Ebbe &amp; Flut &lt;潮&gt; &#x41;";
  const set = `<metaData><confName>${name}</confName><agenda><![CDATA[a < b & c]]></agenda></metaData><meetingkey>${seeded.MC}</meetingkey>`;

  expect(outcomeOf(site.ask("meeting.SetMeeting", set))).toBe("SUCCESS");
  const answer = site.ask("meeting.GetMeeting", `<meetingKey>${seeded.MC}</meetingKey>`);

  expect(textOf(answer, "confName")).toBe("Ebbe &amp; Flut &lt;潮&gt; A");
  expect(textOf(answer, "agenda")).toBe("a &lt; b &amp; c");
});

test.each([
  ["by name and password", (site: SiteOnTest) => site.as("anna.berg"), "SUCCESS"],
  [
    "by e-mail, with the site's id and the partner's",
    (site: SiteOnTest) =>
      `<password>${site.user("anna.berg").password}</password><email>anna.berg@harbour.example</email><siteID>243585</siteID><partnerID>quay7</partnerID>`,
    "SUCCESS",
  ],
  [
    "with a wrong password",
    () => "<siteName>harbour</siteName><webExID>anna.berg</webExID><password>x</password>",
    "030002",
  ],
  ["as nobody that there is", () => "<siteName>harbour</siteName><webExID>x</webExID><password>x</password>", "030002"],
  ["with a wrong partner", (site: SiteOnTest) => `${site.as("anna.berg")}<partnerID>x</partnerID>`, "030002"],
  ["without proof", () => "<siteName>harbour</siteName><webExID>anna.berg</webExID>", "030002"],
  ["at another site", (site: SiteOnTest) => site.as("anna.berg").replace("harbour", "quay"), "There is no such site"],
  ["at no site", (site: SiteOnTest) => site.as("anna.berg").replace(/<siteName>.*<\/siteName>/, ""), wrongSchema],
  ["with an unknown element", (site: SiteOnTest) => `${site.as("anna.berg")}<tide/>`, wrongSchema],
  [
    "by an access token",
    (site: SiteOnTest) =>
      `<siteName>harbour</siteName><webExAccessToken>${site.site.issue("access-token", site.user("anna.berg").user_id)}</webExAccessToken>`,
    "SUCCESS",
  ],
  ["by a wrong token", () => "<siteName>harbour</siteName><webExAccessToken>x</webExAccessToken>", "030002"],
  ["by a wrong ticket", () => "<siteName>harbour</siteName><sessionTicket>x</sessionTicket>", "030047"],
])("who asks %s", (_, context, outcome) => {
  const site = new SiteOnTest();

  expect(outcomeOf(site.ask("user.GetUser", "<webExId>anna.berg</webExId>", context(site)))).toBe(outcome);
});

test("a session ticket comes from an assertion, a token or a password, is somebody's own, and lapses 30 minutes after it was last used", () => {
  const site = new SiteOnTest();
  const assertion = (name: string) => Buffer.from(`<saml:NameID Format="x">${name}</saml:NameID>`).toString("base64");
  const authenticate = (name: string) =>
    site.ask(
      "user.AuthenticateUser",
      `<samlResponse>${assertion(name)}</samlResponse>`,
      "<siteName>harbour</siteName><webExID>anna.berg</webExID>",
    );
  expect(outcomeOf(authenticate("ben.cole"))).toBe("030002");
  const byToken = `<accessToken>${site.site.issue("access-token", site.user("anna.berg").user_id)}</accessToken>`;
  const named = "<siteName>harbour</siteName><webExID>anna.berg</webExID>";
  expect(outcomeOf(site.ask("user.AuthenticateUser", byToken, named))).toBe("SUCCESS");
  expect(outcomeOf(site.ask("user.AuthenticateUser", byToken, named.replace("anna.berg", "ben.cole")))).toBe("030002");
  expect(outcomeOf(site.ask("user.AuthenticateUser", "", site.as("anna.berg")))).toBe("SUCCESS");
  const ticket = textOf(authenticate("anna.berg"), "sessionTicket");
  const by = `<siteName>harbour</siteName><sessionTicket>${ticket}</sessionTicket>`;
  const ask = (context: string) => outcomeOf(site.ask("user.GetUser", "<webExId>anna.berg</webExId>", context));

  site.at = noon + 29 * minute;
  expect(ask(by)).toBe("SUCCESS");
  expect(ask(`${by}<webExID>ben.cole</webExID>`)).toBe("030047");
  site.at = noon + 58 * minute;
  expect(ask(by)).toBe("SUCCESS");
  site.at = noon + 88 * minute;
  expect(ask(by)).toBe("030047");
});

test("somebody who is not active gets nothing", () => {
  const site = new SiteOnTest();
  const off = "<webExId>anna.berg</webExId><active>DEACTIVATED</active>";

  expect(outcomeOf(site.ask("user.SetUser", off, site.as("site.admin")))).toBe("SUCCESS");
  expect(outcomeOf(site.ask("meeting.LstsummaryMeeting"))).toBe("The account is not active");
});

test("more requests in 60 seconds than the site allows are refused, until there is room again", () => {
  const site = new SiteOnTest();
  site.site.run("UPDATE sites SET rate_limit = 2");
  const ask = () => outcomeOf(site.ask("ep.GetAPIVersion"));

  expect([ask(), ask(), ask()]).toEqual(["SUCCESS", "SUCCESS", "000045"]);
  site.at += minute;
  expect(ask()).toBe("SUCCESS");
});

test.each([
  ["user.LstsummaryUser", "", { "anna.berg": "000001", "site.viewer": "SUCCESS", "site.admin": "SUCCESS" }],
  [
    "user.DelUser",
    "<webExId>ben.cole</webExId>",
    { "anna.berg": "000001", "site.viewer": "000001", "site.admin": "SUCCESS" },
  ],
  [
    "user.GetUser",
    "<webExId>ben.cole</webExId>",
    { "anna.berg": "000001", "site.viewer": "SUCCESS", "site.admin": "SUCCESS", "ben.cole": "SUCCESS" },
  ],
  [
    "user.SetUser",
    "<webExId>ben.cole</webExId>",
    { "anna.berg": "000001", "site.viewer": "000001", "site.admin": "SUCCESS", "ben.cole": "SUCCESS" },
  ],
  [
    "meeting.SetMeeting",
    `<meetingkey>${seeded.other}</meetingkey>`,
    { "anna.berg": "060021", "site.viewer": "060021", "site.admin": "SUCCESS", "ben.cole": "SUCCESS" },
  ],
  // Unlisted: for its host alone, and for those who see the whole site.
  [
    "meeting.GetMeeting",
    `<meetingKey>${seeded.other}</meetingKey>`,
    { "anna.berg": "060019", "site.viewer": "SUCCESS", "site.admin": "SUCCESS", "ben.cole": "SUCCESS" },
  ],
  // Listed publicly: for every host.
  ["meeting.GetMeeting", `<meetingKey>${seeded.MC}</meetingKey>`, { "ben.cole": "SUCCESS", "site.viewer": "SUCCESS" }],
  [
    "ep.DelRecording",
    "<recordingID>1</recordingID>",
    { "ben.cole": "000001", "site.viewer": "000001", "site.admin": "SUCCESS" },
  ],
  ["site.SetSite", "", { "anna.berg": "000001", "site.viewer": "000001", "site.admin": "SUCCESS" }],
])("%s %s goes by role", (type, body, outcomes) => {
  for (const [name, outcome] of Object.entries(outcomes)) {
    const site = new SiteOnTest();
    expect([name, outcomeOf(site.ask(type, body, site.as(name)))]).toEqual([name, outcome]);
  }
});

/** The operations that a site refuses so, without their services. */
function refusedBy(switches: Parameters<typeof switchSite>[1], id: string): readonly string[] {
  return examples.flatMap(({ type, body, by = "anna.berg" }) => {
    const site = new SiteOnTest();
    switchSite(site.site, switches);
    return outcomeOf(site.ask(type, body, site.as(by))) === id ? [type.replace(/.*\./, "")] : [];
  });
}

test("a site without classic events refuses all of them, and nothing else", () => {
  const site = new SiteOnTest();
  switchSite(site.site, { classicEvents: false });

  expect(refusedBy({ classicEvents: false }, "010106")).toEqual([
    "CreateEvent",
    "SetEvent",
    "GetEvent",
    "LstsummaryEvent",
    "LstrecordedEvent",
    "LstsummaryProgram",
    "UploadEventImage",
  ]);
  const info = (key: number) => outcomeOf(site.ask("ep.GetSessionInfo", `<sessionKey>${key}</sessionKey>`));
  expect([info(seeded.EC), info(seeded.AO), info(1)]).toEqual(["010106", "SUCCESS", "060001"]);
  switchSite(site.site, { classicEvents: true });
  expect(info(seeded.EC)).toBe("SUCCESS");
});

test("a suspended site schedules and edits nothing, and its administrators no users", () => {
  const site = new SiteOnTest();
  switchSite(site.site, { suspended: true });

  expect(refusedBy({ suspended: true }, "010107")).toEqual([
    "CreateUser",
    "CreateMeeting",
    "SetMeeting",
    "CreateTrainingSession",
    "SetTrainingSession",
    "CreateEvent",
    "SetEvent",
    "CreateSupportSession",
  ]);
  const set = (by: string) =>
    outcomeOf(site.ask("user.SetUser", "<title>Planner</title><webExId>anna.berg</webExId>", site.as(by)));
  expect([set("anna.berg"), set("site.admin")]).toEqual(["SUCCESS", "010107"]);
  switchSite(site.site, { suspended: false });
  expect(set("site.admin")).toBe("SUCCESS");
});

test("fifty people are invited at once, and no more", () => {
  const site = new SiteOnTest();
  const invite = (many: number) => {
    const people = Array.from(
      { length: many },
      (_, n) => `<attendees><person><email>a${n}@visitor.example</email></person></attendees>`,
    );
    const first = `<person><email>first@visitor.example</email></person><sessionKey>${seeded.MC}</sessionKey>`;
    return outcomeOf(site.ask("attendee.CreateMeetingAttendee", first + people.join("")));
  };

  expect([invite(49), invite(50)]).toEqual(["SUCCESS", "040015"]);
});

test("no answer shows a password to somebody else", () => {
  const site = new SiteOnTest();
  const get = `<meetingKey>${seeded.MC}</meetingKey>`;

  expect(textOf(site.ask("meeting.GetMeeting", get), "meetingPassword")).toBe("pier-9-pass");
  expect(site.ask("meeting.GetMeeting", get, site.as("ben.cole"))).not.toMatch(
    /pier-9-pass|hostKey|subscriberAccessCode/,
  );
  const users = site.ask("user.LstUser", "", site.as("site.admin"));
  expect(users).not.toContain("<use:password>");
  expect(users).not.toContain(site.user("ben.cole").password);
});

test("a user may host unless its profile says otherwise, by whichever way that was set", () => {
  const site = new SiteOnTest();
  const asAdmin = site.as("site.admin");
  const mayHost = () => textOf(site.ask("user.GetUser", "<webExId>ben.cole</webExId>", asAdmin), "host");
  const set = (value: string) =>
    site.ask("user.SetUser", `<webExId>ben.cole</webExId><privilege><host>${value}</host></privilege>`, asAdmin);

  expect(mayHost()).toBe("true");
  set("false");
  expect(mayHost()).toBe("false");
  set("true");
  expect(mayHost()).toBe("true");
});
