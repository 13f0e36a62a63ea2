import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sayFault } from "../../client/xml-api/faults.ts";
import type { Fields, Operation } from "../../client/xml-api/fields.ts";
import { operations } from "../../client/xml-api/operations.ts";
import { readResponse } from "../../client/xml-api/response.ts";
import { answerWith, contentOf, plain, refusal } from "./answers.ts";
import { valuesBy } from "./values-by-table.ts";

function valuesRead(operation: Operation, text: string, reads?: readonly string[]): unknown {
  const answer = readResponse(operation, text, reads);
  if (!answer.ok) throw new Error(sayFault(answer.error));
  return answer.value.value;
}

function faultOf(operation: Operation, text: string, reads?: readonly string[]): unknown {
  const answer = readResponse(operation, text, reads);
  return answer.ok ? "no fault" : answer.error;
}

const { getjoinurlMeeting, lstsummaryMeeting, getSessionInfo, getUser, delMeeting, reserveLab } = operations;

test("the link for an attendee, as the overview of the APIs shows it", () => {
  const text = `<?xml version="1.0" encoding="UTF-8" ?>
<serv:message xmlns:serv="http://example.com/Service" xmlns:com="http://example.com/Common">
  <serv:header><serv:response><serv:result>SUCCESS</serv:result><serv:gsbStatus>PRIMARY</serv:gsbStatus></serv:response></serv:header>
  <serv:body>
    <serv:bodyContent xsi:type="meet:getjoinurlMeetingResponse" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
      <meet:joinMeetingURL>https://example.webex.com/example/j.php?ED=1&amp;UID=2</meet:joinMeetingURL>
    </serv:bodyContent>
  </serv:body>
</serv:message>`;

  expect(readResponse(getjoinurlMeeting, text)).toEqual({
    ok: true,
    value: {
      value: { joinMeetingURL: "https://example.webex.com/example/j.php?ED=1&UID=2" },
      wrong: [],
      gsbStatus: "PRIMARY",
    },
  });
});

describe("what is spelt otherwise means the same", () => {
  const values = { sessionkey: "650218843", host: { webExId: "dora" }, isLocked: true };

  test.each([
    [
      "sessionKey and webExID",
      "<sessionKey>650218843</sessionKey><host><webExID>dora</webExID></host><isLocked>1</isLocked>",
    ],
    [
      "prefixes",
      "<a:sessionkey>650218843</a:sessionkey><b:host><c:webExId>dora</c:webExId></b:host><isLocked>TRUE</isLocked>",
    ],
    ["order", "<isLocked>true</isLocked><host><webExId>dora</webExId></host><sessionkey> 650218843 </sessionkey>"],
    [
      "unknown elements and attributes",
      '<new a="b"><sessionkey>1</sessionkey></new><sessionkey c="d">650218843</sessionkey><host><webExId>dora</webExId>' +
        "<more/></host><isLocked>true</isLocked>",
    ],
    [
      "comments, instructions and CDATA",
      "<!-- a < b & c --><sessionkey>650218843</sessionkey><?x y?><host><webExId><![CDATA[dora]]></webExId></host>" +
        "<isLocked>true</isLocked>",
    ],
    [
      "empty elements and xsi:nil",
      '<sessionkey>650218843</sessionkey><host><webExId>dora</webExId><email xsi:nil="true"/></host><isLocked>true' +
        "</isLocked><schedule><duration/></schedule><metaData/>",
    ],
  ])("%s", (_, content) => {
    expect(valuesRead(getSessionInfo, answerWith(content))).toMatchObject(values);
  });
});

test("an element that says of itself that it is nothing is absent, whatever it is", () => {
  const content = `<webExId>dora</webExId><firstName xsi:nil="true"/><lastName nil=" 1 ">x</lastName>
    <address xsi:nil="true">y</address><title xsi:nil="false">Dr</title>`;

  expect(valuesRead(getUser, answerWith(content))).toEqual({ webExId: "dora", title: "Dr" });
});

test("one element or many are a list", () => {
  const item = (key: number) => `<meeting><meetingKey>${key}</meetingKey></meeting>`;
  const read = (content: string) => valuesRead(lstsummaryMeeting, answerWith(content));

  expect(read("")).toEqual({});
  expect(read(item(1))).toEqual({ meeting: [{ meetingKey: "1" }] });
  expect(read(item(1) + item(2))).toEqual({ meeting: [{ meetingKey: "1" }, { meetingKey: "2" }] });
});

test("the five entities of XML and characters by number are read", () => {
  const content = "<webExId>&lt;&gt;&amp;&quot;&apos;&#228;&#x1F600;&amp;lt;</webExId>";

  expect(valuesRead(getUser, answerWith(content))).toEqual({ webExId: "<>&\"'ä😀&lt;" });
});

test("an answer without a body is enough where nothing is read of it", () => {
  const text = "<message><header><response><result>SUCCESS</result></response></header><body/></message>";

  expect(valuesRead(delMeeting, text)).toEqual({});
  expect(faultOf(getUser, text)).toMatchObject({ kind: "wrong-field", path: "webExId", rule: "is missing" });
});

test("an operation that no public document describes is read as texts", () => {
  const content = "<a>1</a><b><c>x</c><c>y</c></b>";

  expect(valuesRead(reserveLab, answerWith(content))).toEqual({ a: "1", b: { c: ["x", "y"] } });
});

describe("a field of another type", () => {
  const meeting = (inner: string) => answerWith(`<meeting><meetingKey>1</meetingKey>${inner}</meeting>`);

  test.each<[string, string, object]>([
    [
      "text for a number",
      "<duration>long</duration>",
      { path: "meeting[0].duration", value: "long", rule: "must be a whole number" },
    ],
    [
      "a number that is too large",
      "<duration>99999999999999999</duration>",
      { path: "meeting[0].duration", value: "99999999999999999", rule: "must be a whole number" },
    ],
    [
      "a day that is none",
      "<startDate>13/01/2026 10:00:00</startDate>",
      {
        path: "meeting[0].startDate",
        value: "13/01/2026 10:00:00",
        rule: "must be a time that there is, like 11/28/2026 10:10:00",
      },
    ],
    [
      "neither true nor false",
      "<hostJoined>maybe</hostJoined>",
      { path: "meeting[0].hostJoined", value: "maybe", rule: "must be true or false" },
    ],
    [
      "a word that is not in the list",
      "<listStatus>HIDDEN</listStatus>",
      { path: "meeting[0].listStatus", value: "HIDDEN", rule: "must be one of PUBLIC, PRIVATE, UNLISTED" },
    ],
    [
      "elements for a text",
      "<confName><b>x</b></confName>",
      { path: "meeting[0].confName", rule: "must have text, and has elements" },
    ],
    [
      "twice",
      "<confName>x</confName><confName>y</confName>",
      { path: "meeting[0].confName", rule: "must stand once, and stands 2 times" },
    ],
  ])("%s is named, with its path and its value", (_, inner, expected) => {
    expect(faultOf(lstsummaryMeeting, meeting(inner))).toEqual({
      kind: "wrong-field",
      operation: "lstsummaryMeeting",
      ...expected,
    });
  });

  test("text for a group", () => {
    expect(faultOf(lstsummaryMeeting, answerWith("<meeting>x</meeting>"))).toMatchObject({
      path: "meeting[0]",
      rule: "must have elements, and has text",
    });
  });

  test("is left out and listed where it is not used", () => {
    const text = meeting("<duration>long</duration><confName>Tulips</confName>");

    expect(readResponse(lstsummaryMeeting, text, ["meeting.confName"])).toEqual({
      ok: true,
      value: {
        value: { meeting: [{ meetingKey: "1", confName: "Tulips" }] },
        wrong: [{ path: "meeting[0].duration", value: "long", rule: "must be a whole number" }],
      },
    });
  });

  test.each([["meeting.duration"], ["meeting"], ["meeting.duration.more"]])("is a fault where %s is used", (used) => {
    expect(faultOf(lstsummaryMeeting, meeting("<duration>long</duration>"), [used])).toMatchObject({
      kind: "wrong-field",
      path: "meeting[0].duration",
    });
  });

  test("is a fault where it always stands, used or not", () => {
    expect(faultOf(getSessionInfo, answerWith("<sessionkey>none</sessionkey>"), ["host"])).toEqual({
      kind: "wrong-field",
      operation: "getSessionInfo",
      path: "sessionkey",
      value: "none",
      rule: "must be digits",
    });
  });

  test("shows no secret", () => {
    const text = answerWith("<webExId>dora</webExId><password>a</password><password>b</password>");

    expect(JSON.stringify(faultOf(getUser, text))).not.toMatch(/"a"|"b"/);
  });
});

describe("a refusal", () => {
  test.each([
    ["030002", "wrong-credentials"],
    ["000001", "access-denied"],
    ["000045", "rate-limit"],
    ["000035", "not-responding"],
    ["060001", "not-found"],
    ["030004", "already-exists"],
    ["999999", "other"],
    ["constructor", "other"],
    ["", "other"],
  ])("%s means %s", (exceptionId, why) => {
    expect(faultOf(getUser, refusal(exceptionId, "no"))).toEqual({
      kind: "refused",
      why,
      exceptionId,
      reason: "no",
      subErrors: [],
      gsbStatus: "PRIMARY",
    });
  });

  test("its parts are read, and tell what it means when it does not itself", () => {
    const parts =
      "<serv:subErrors><serv:subError><serv:exceptionID>110001</serv:exceptionID><serv:reason>not valid</serv:reason>" +
      "<serv:value>dora</serv:value></serv:subError><serv:subError><serv:exceptionID>030001</serv:exceptionID>" +
      "<serv:reason>no user</serv:reason></serv:subError></serv:subErrors>";

    expect(faultOf(getUser, refusal("110000", "several", `${parts}<serv:value>dora</serv:value>`))).toMatchObject({
      why: "not-found",
      value: "dora",
      exceptionId: "110000",
      subErrors: [
        { exceptionId: "110001", reason: "not valid", value: "dora" },
        { exceptionId: "030001", reason: "no user" },
      ],
    });
  });

  test("of one of several responses counts", () => {
    const text =
      "<message><header><response><result>SUCCESS</result></response><response><result>FAILURE</result>" +
      "<exceptionID>000001</exceptionID></response></header></message>";

    expect(faultOf(getUser, text)).toMatchObject({ kind: "refused", why: "access-denied" });
  });
});

test.each([
  ["<a/>", "its root is no message"],
  ["<message/>", "it has no header"],
  ["<message><header/></message>", "its header has no response"],
  ["<message><header><response/></header></message>", "its result is neither SUCCESS nor FAILURE"],
  [answerWith("", "<result>MAYBE</result>"), "its result is neither SUCCESS nor FAILURE"],
])("%s is no message", (text, reason) => {
  expect(faultOf(getUser, text)).toEqual({ kind: "not-a-message", reason });
});

const spelling = fc.record({
  prefix: fc.constantFrom("", "a:", "meet:"),
  isReversed: fc.boolean(),
  isLowerCase: fc.boolean(),
  unknown: fc.constantFrom("", "<q:unknown><q:deep>1</q:deep></q:unknown>", "<!-- none -->", "\n  "),
  hasCdata: fc.boolean(),
});

for (const operation of Object.values(operations) as readonly Operation[]) {
  const { name, response } = operation;
  if (response === "open") continue;
  const lower = new Set(allNames(response).map((field) => field.toLowerCase()));
  test(`${name}: an answer is read with its values, however it is spelt`, () => {
    // Of fields whose names differ in case alone, only the spelling tells one from another.
    const mayLower = lower.size === new Set(allNames(response)).size;
    fc.assert(
      fc.property(valuesBy(response), spelling, (values, how) => {
        const text = answerWith(
          contentOf(values, response, { ...plain, ...how, isLowerCase: how.isLowerCase && mayLower }),
        );

        expect(valuesRead(operation, text)).toEqual(values);
      }),
      { numRuns: 40 },
    );
  });
}

function allNames(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, kind]) => {
    const inner = kind.kind === "list" ? kind.of : kind;
    return [name, ...(inner.kind === "group" ? allNames(inner.fields) : [])];
  });
}
