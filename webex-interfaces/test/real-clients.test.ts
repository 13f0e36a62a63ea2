import { beforeEach, describe, expect, test } from "vitest";
import { startSimulatedSite } from "../site/server.ts";
import { keys, message, noon, operation, TestSite } from "./kit.ts";

/** Requests of public programs. The site must accept them as WebEx does. */
let site: TestSite;
beforeEach(() => {
  site = new TestSite();
});

const schedule =
  "<schedule><startDate>12/14/2026 09:30:00</startDate><duration>45</duration><timeZoneID>21</timeZoneID></schedule>";

describe("children in any order", () => {
  test.each<[binding: string, content: string, as?: string]>([
    [
      "meeting.CreateMeeting",
      `${schedule}<accessControl><meetingPassword>Tide-2026</meetingPassword></accessControl><metaData><meetingType>3</meetingType><confName>Tide</confName></metaData>`,
    ],
    [
      "training.CreateTrainingSession",
      `<metaData><sessionType>11</sessionType><confName>Knots</confName></metaData>${schedule}<accessControl><sessionPassword>Tide-2026</sessionPassword></accessControl>`,
    ],
    [
      "event.CreateEvent",
      `${schedule}<metaData><sessionName>Open day</sessionName></metaData><accessControl><sessionPassword>Tide-2026</sessionPassword></accessControl>`,
    ],
    [
      "sales.CreateSalesSession",
      `<metaData><confName>Offer</confName></metaData>${schedule}<accessControl><meetingPassword>Tide-2026</meetingPassword></accessControl>`,
    ],
    [
      "user.CreateUser",
      "<password>Pw-12345</password><lastName>Kerr</lastName><email>jo@harbour.example</email><webExId>jo.kerr</webExId><firstName>Jo</firstName>",
      "site.admin",
    ],
    [
      "history.LstmeetingusageHistory",
      "<order><orderAD>ASC</orderAD><orderBy>STARTTIME</orderBy></order><listControl><maximumNum>20</maximumNum><startFrom>1</startFrom></listControl>",
    ],
    ["ep.LstsummarySession", "<inclAudioOnly>true</inclAudioOnly><listControl><startFrom>1</startFrom></listControl>"],
    [
      "attendee.CreateMeetingAttendee",
      `<sessionKey>${keys.MC}</sessionKey><person><email>jo@visitor.example</email><name>Jo</name></person>`,
    ],
    ["site.GetSite", "<returnSettings><eventCenter>true</eventCenter></returnSettings>"],
  ])("%s", (binding, content, as) => {
    expect(site.ask(binding, content, as).result).toBe("SUCCESS");
  });

  test("unknown and repeated elements are refused with 999999", () => {
    for (const content of [
      "<tide>high</tide>",
      "<meetingKey>1</meetingKey><meetingKey>2</meetingKey>",
      "<MeetingKey>1</MeetingKey>",
    ])
      expect(site.ask("meeting.GetMeeting", content).result).toBe("999999");
  });
});

describe("the document", () => {
  const get = operation("meeting.GetMeeting", `<meetingKey>${keys.MC}</meetingKey>`);
  const document = () => message(get, site.context("anna.berg"));

  test.each<[string, (document: string) => string]>([
    ["a line end before the declaration", (text) => `\n    ${text}`],
    ["a byte order mark before the declaration", (text) => `\ufeff${text}`],
    ["both", (text) => `\ufeff \r\n${text}`],
    ["no declaration", (text) => text.replace(/^.*\n/, "")],
    [
      "a root without namespace",
      (text) => text.replaceAll("serv:message", "message").replace(/ xmlns:serv="[^"]*"/, ""),
    ],
    [
      "a root with another prefix",
      (text) => text.replaceAll("serv:message", "s:message").replace("xmlns:serv", "xmlns:s"),
    ],
    ["xsi with another prefix", (text) => text.replaceAll("xsi:", "i:").replaceAll(":xsi", ":i")],
    ["a type with another prefix", (text) => text.replace("java:com", "jv:com")],
    [
      "a type as a qualified name",
      (text) => text.replace("java:com.webex.service.binding.meeting.GetMeeting", "meet:getMeeting"),
    ],
    ["a type with spaces", (text) => text.replace("java:", " java:").replace('GetMeeting"', 'GetMeeting "')],
    ["comments", (text) => text.replace("<meetingKey>", "<!-- the key --><meetingKey>")],
    ["a body before the header", (text) => text.replace(/(<header>.*<\/header>)(<body>.*<\/body>)/, "$2$1")],
  ])("%s", (_, change) => {
    expect(site.send(change(document())).result).toBe("SUCCESS");
  });

  test.each([
    ["not XML", "getMeeting 712475001", "999999"],
    ["a document type", '<!DOCTYPE message [<!ENTITY a "b">]><message/>', "999999"],
    ["another root", "<envelope/>", "999999"],
    [
      "an unknown operation",
      message(
        operation("meeting.SinkMeeting", ""),
        "<siteName>harbour</siteName><webExID>anna.berg</webExID><password>drawn-3</password>",
      ),
      "000000",
    ],
    ["another site", message(get, "<siteName>quay</siteName>"), "000000"],
    [
      "a wrong password",
      message(get, "<siteName>harbour</siteName><webExID>anna.berg</webExID><password>x</password>"),
      "030002",
    ],
  ])("is refused with an id: %s", (_, text, id) => {
    expect(site.send(text).result).toBe(id);
  });
});

describe("values", () => {
  test.each([
    ["empty optional elements", "<listControl><startFrom/><maximumNum></maximumNum></listControl><meetingKey/>"],
    [
      "spaces around values",
      `<listControl><startFrom> 1 </startFrom></listControl><meetingKey>\n${keys.MC}\n</meetingKey>`,
    ],
  ])("%s", (_, content) => {
    expect(site.ask("meeting.LstsummaryMeeting", content).result).toBe("SUCCESS");
  });

  test("empty elements of the security context", () => {
    const context = `<siteID></siteID><partnerID/>${site.context("anna.berg")}`;
    const body = operation("meeting.GetMeeting", `<meetingKey>${keys.MC}</meetingKey>`);

    expect(site.send(message(body, context)).result).toBe("SUCCESS");
  });

  test.each(["True", "FALSE", "true", "1", " False "])("%s as a flag", (flag) => {
    expect(site.ask("ep.DelSession", `<sessionKey>${keys.MC}</sessionKey><sendEmail>${flag}</sendEmail>`).result).toBe(
      "SUCCESS",
    );
  });

  test.each(["2026-12-14T09:30:00Z", "14/12/2026 09:30:00", "12/14/2026 25:00:00", "02/30/2026 09:30:00", "tomorrow"])(
    "a date as %s is refused",
    (date) => {
      const answer = site.ask(
        "meeting.SetMeeting",
        `<meetingkey>${keys.MC}</meetingkey><schedule><startDate>${date}</startDate></schedule>`,
      );

      expect(answer.result).toBe("999999");
      expect(answer.text).toContain("schedule.startDate must be a time");
    },
  );
});

describe("autoRecord", () => {
  const password = "<accessControl><sessionPassword>Tide-2026</sessionPassword></accessControl>";

  test.each([
    [
      "meeting.CreateMeeting",
      "<accessControl><meetingPassword>Tide-2026</meetingPassword></accessControl><metaData><confName>Tide</confName></metaData><enableOptions><autoRecord>TRUE</autoRecord></enableOptions>",
    ],
    [
      "training.CreateTrainingSession",
      `${password}<metaData><confName>Tide</confName></metaData><enableOptions><autoRecord>true</autoRecord></enableOptions>`,
    ],
    [
      "event.CreateEvent",
      `${password}<metaData><sessionName>Tide</sessionName></metaData><extOptions><autoRecord>1</autoRecord></extOptions>`,
    ],
  ])("of %s is what getSessionInfo shows", (binding, content) => {
    const { result, text } = site.ask(binding, content + schedule);
    const [, key] = /[kK]ey>(\d+)</.exec(text) ?? [];

    expect(result).toBe("SUCCESS");
    expect(site.ask("ep.GetSessionInfo", `<sessionKey>${key}</sessionKey>`).text).toContain("<ep:isAutoRecord>true<");
  });
});

test("GetUserCard shows a user", () => {
  const { result, text } = site.ask("user.GetUserCard", "<webExId>ben.cole</webExId>");

  expect(result).toBe("SUCCESS");
  expect(text).toContain("<use:email>ben.cole@harbour.example</use:email>");
});

test.each([
  ["as it is", "text/xml", (text: string) => text],
  [
    "as the field XML of a form",
    "application/x-www-form-urlencoded",
    (text: string) => new URLSearchParams({ from: "a portal", XML: text }).toString(),
  ],
  [
    "in ISO-8859-1, as it declares",
    "text/xml",
    (text: string) => Buffer.from(text.replace("UTF-8", "ISO-8859-1"), "latin1"),
  ],
  [
    "as the field xml of a multipart form",
    "multipart/form-data; boundary=tide",
    (text: string) => `--tide\r\nContent-Disposition: form-data; name="xml"\r\n\r\n${text}\r\n--tide--\r\n`,
  ],
  ["in UTF-16", "text/xml", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le")],
])("accepts the document %s", async (_, type, encoded) => {
  const options = { file: ":memory:", now: () => noon, draw: () => "drawn" };
  const { port, close } = await startSimulatedSite(0, options);
  const content = `<meetingkey>${keys.MC}</meetingkey><metaData><confName>Réunion</confName></metaData>`;
  const body = operation("meeting.SetMeeting", `${content}`);
  const context = "<siteName>harbour</siteName><webExID>anna.berg</webExID><password>drawn</password>";
  const post = (text: string | Uint8Array<ArrayBuffer>, contentType: string) =>
    fetch(`http://127.0.0.1:${port}/WBXService/XMLService`, {
      method: "POST",
      headers: { "content-type": contentType },
      body: text,
    });
  const answer = await (await post(encoded(message(body, context)), type)).text();
  const get = operation("meeting.GetMeeting", `<meetingKey>${keys.MC}</meetingKey>`);
  const shown = await (await post(message(get, context), "text/xml")).text();
  await close();

  expect(answer).toContain("<serv:result>SUCCESS<");
  expect(shown).toContain("<meet:confName>Réunion<");
});

test.each(["/portal/back", "portal.example/back", "javascript:alert(1)", "ftp://portal.example/"])(
  "a URL command with the back URL %s fails with a reason",
  (BU) => {
    const query = new URLSearchParams({ AT: "LM", BU }).toString();
    const { status, headers } = site.open("m.php", query, site.cookie("anna.berg"));
    const sent = new URL(headers.location ?? "");

    expect(status).toBe(302);
    expect(sent.host).toBe("127.0.0.1:8796");
    expect(Object.fromEntries(sent.searchParams)).toEqual({ AT: "LM", ST: "FAIL", RS: "InvalidDataFormat" });
  },
);

test("refuses invalid bytes, and shows no secret of a user", async () => {
  const options = { file: ":memory:", now: () => noon, draw: () => "drawn" };
  const { port, close } = await startSimulatedSite(0, options);
  const url = `http://127.0.0.1:${port}`;
  const text = message(operation("meeting.GetMeeting", `<meetingKey>${keys.MC}</meetingKey><!-- \u00e9 -->`), "");
  const body = Buffer.from(text, "latin1");
  const refused = await (await fetch(`${url}/WBXService/XMLService`, { method: "POST", body })).text();
  const users = await (await fetch(`${url}/control/things/user`)).text();
  await close();
  expect(refused).toContain("<serv:exceptionID>999999");
  expect(users).toContain("anna.berg");
  expect(users).not.toMatch(/password|participantAccessCode|hostKey/i);
});
