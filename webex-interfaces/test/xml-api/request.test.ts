import * as fc from "fast-check";
import { XMLParser } from "fast-xml-parser";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { type Fields, type Kind, type Operation, writeLeaf } from "../../client/xml-api/fields.ts";
import { operations } from "../../client/xml-api/operations.ts";
import { buildRequest, type SecurityContext, showRequest } from "../../client/xml-api/request.ts";
import { valuesBy } from "./values-by-table.ts";

const context: SecurityContext = {
  form: "password",
  site: { siteName: "example" },
  person: { webExId: "dora" },
  password: "correct horse",
};

function body(operation: Operation, values: unknown, as: SecurityContext = context): string {
  const built = buildRequest(operation, values, as);
  if (!built.ok) throw new Error(`${built.error.path} ${built.error.rule}`);
  return built.value.body;
}

function fault(operation: Operation, values: unknown, as: SecurityContext = context): unknown {
  const built = buildRequest(operation, values, as);
  return built.ok ? "no fault" : built.error;
}

test("the link for an attendee, as the overview of the APIs shows it", () => {
  const as: SecurityContext = {
    form: "password",
    site: { siteId: "4711" },
    person: { webExId: "dora" },
    password: "correct horse",
    partnerId: "p-12",
  };

  expect(body(operations.getjoinurlMeeting, { meetingKey: "650218843", attendeeName: "Ada Byron" }, as)).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<serv:message xmlns:serv="http://www.webex.com/schemas/2002/06/service" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
      "<header><securityContext><webExID>dora</webExID><password>correct horse</password><siteID>4711</siteID>" +
      "<partnerID>p-12</partnerID></securityContext></header>" +
      '<body><bodyContent xsi:type="java:com.webex.service.binding.meeting.GetjoinurlMeeting">' +
      "<meetingKey>650218843</meetingKey><attendeeName>Ada Byron</attendeeName></bodyContent></body></serv:message>",
  );
});

test("a session's information by key and password, as its page shows it", () => {
  expect(body(operations.getSessionInfo, { sessionKey: "650218843", sessionPassword: "tulip7" })).toContain(
    '<bodyContent xsi:type="java:com.webex.service.binding.ep.GetSessionInfo">' +
      "<sessionKey>650218843</sessionKey><sessionPassword>tulip7</sessionPassword></bodyContent>",
  );
});

describe("security context", () => {
  const site = { siteName: "example" } as const;
  const person = { email: "dora@example.com" } as const;

  test.each<[string, SecurityContext, string]>([
    ["anonymous", { form: "anonymous", site }, "<siteName>example</siteName>"],
    [
      "e-mail address and password",
      { form: "password", site, person, password: "s3" },
      "<password>s3</password><siteName>example</siteName><email>dora@example.com</email>",
    ],
    [
      "ticket",
      { form: "ticket", site, person: { webExId: "dora" }, sessionTicket: "t1" },
      "<webExID>dora</webExID><siteName>example</siteName><sessionTicket>t1</sessionTicket>",
    ],
    [
      "token",
      { form: "token", site: { siteId: "9" }, person: { webExId: "dora" }, accessToken: "x.y" },
      "<webExID>dora</webExID><siteID>9</siteID><webExAccessToken>x.y</webExAccessToken>",
    ],
  ])("%s", (_, as, written) => {
    expect(body(operations.getSessionInfo, { sessionKey: "1" }, as)).toContain(
      `<securityContext>${written}</securityContext>`,
    );
  });

  test("nothing but a session's information is asked for without a name", () => {
    expect(fault(operations.delMeeting, { meetingKey: "1" }, { form: "anonymous", site })).toEqual({
      kind: "wrong-request",
      operation: "delMeeting",
      path: "securityContext",
      rule: "must have a password, a ticket or a token: only getSessionInfo, getAPIVersion, authenticateUser go without",
    });
  });

  test("a site id that is none is refused", () => {
    const as: SecurityContext = { form: "anonymous", site: { siteId: "example" } };

    expect(fault(operations.getSessionInfo, { sessionKey: "1" }, as)).toMatchObject({
      path: "securityContext.siteID",
      value: "example",
      rule: "must be digits, as text",
    });
  });
});

describe("a request that breaks its table is refused before it is sent", () => {
  test.each<[string, Operation, unknown, object]>([
    ["missing", operations.getMeeting, {}, { path: "meetingKey", rule: "is missing" }],
    [
      "another case",
      operations.getMeeting,
      { meetingkey: "1" },
      { path: "meetingkey", rule: "is no field here; write meetingKey" },
    ],
    [
      "unknown",
      operations.getMeeting,
      { meetingKey: "1", colour: "red" },
      { path: "colour", rule: "is no field here; there are meetingKey" },
    ],
    [
      "a fraction for digits",
      operations.getMeeting,
      { meetingKey: 0.5 },
      { path: "meetingKey", rule: "must be digits, as text", value: "0.5" },
    ],
    [
      "too long, and a password",
      operations.createMeeting,
      { accessControl: { meetingPassword: "a password of more than 16" } },
      { path: "accessControl.meetingPassword", rule: "must have at most 16 characters" },
    ],
    [
      "no such word",
      operations.createMeeting,
      { telephony: { telephonySupport: "SMOKE" } },
      {
        path: "telephony.telephonySupport",
        rule: "must be one of NONE, CALLIN, CALLBACK, OTHER",
        value: "SMOKE",
      },
    ],
    [
      "no such day",
      operations.createMeeting,
      { schedule: { startDate: "2026-02-30T10:00:00" } },
      {
        path: "schedule.startDate",
        rule: "must be a time that there is, like 2026-11-28T10:10:00",
        value: "2026-02-30T10:00:00",
      },
    ],
    [
      "too many",
      operations.setUser,
      { webExId: "dora", tspAccount: { tspAccount: [{}, {}, {}, {}] } },
      { path: "tspAccount.tspAccount", rule: "must have at most 3 items", value: "4" },
    ],
    ["none of a list", operations.delUser, { webExId: [] }, { path: "webExId", rule: "must have an item" }],
    [
      "within a list",
      operations.setUser,
      { webExId: "dora", tspAccount: { tspAccount: [{}, { accountIndex: "two" }] } },
      { path: "tspAccount.tspAccount[1].accountIndex", rule: "must be a whole number", value: "two" },
    ],
    [
      "a character that XML does not have",
      operations.getUser,
      { webExId: "do\u0000ra" },
      { path: "webExId", rule: "must have only characters that XML has", value: "do\u0000ra" },
    ],
    ["no object", operations.getUser, null, { path: "the request", rule: "must be an object", value: "null" }],
    [
      "no name of XML",
      operations.detectSessionByCallback,
      { "a b": "1" },
      { path: "a b", rule: "must have a name of XML" },
    ],
  ])("%s", (_, operation, values, expected) => {
    expect(fault(operation, values)).toEqual({ kind: "wrong-request", operation: operation.name, ...expected });
  });

  test("null where no public document describes the request", () => {
    expect(fault(operations.detectSessionByCallback, { labName: null })).toMatchObject({
      path: "labName",
      rule: "must be an object",
    });
  });

  test("a request that goes round in a circle", () => {
    const round: Record<string, unknown> = {};
    round.again = round;

    expect(fault(operations.detectSessionByCallback, round)).toMatchObject({ rule: "must not be deeper than 20" });
  });
});

test("each secret of a request is known, so that none is shown", () => {
  const built = buildRequest(operations.createUser, { webExId: "ada", password: "first", passwordHint: "" }, context);

  expect(built.ok && built.value.secrets).toEqual(["correct horse", "first"]);
});

test("for people, a sign stands for each secret", () => {
  const values = { webExId: "ada", password: "tulip & rose", passwordHint: "" };
  const shown = showRequest(operations.createUser, values, context);
  const open = showRequest(operations.detectSessionByCallback, { number: "15550100", userPassword: "tulip7" }, context);

  expect(shown.ok && shown.value).toBe(
    body(operations.createUser, values)
      .replace("correct horse", "…")
      .replace("tulip &amp; rose", "…")
      .replace("<passwordHint></passwordHint>", "<passwordHint>…</passwordHint>"),
  );
  expect(open.ok && open.value).toContain("<number>15550100</number><userPassword>…</userPassword>");
  expect(showRequest(operations.getUser, {}, context)).toMatchObject({ ok: false, error: { path: "webExId" } });
});

test("access codes are secrets, in a request and in what is shown of it", () => {
  const personalTeleconf = { account: [{ accountIndex: 1, participantLimitedAccessCode: "90001" }] };
  const request = (subscriberAccessCode: string) => ({
    webExId: "ada",
    tspAccount: { tspAccount: [{ accountIndex: 1, subscriberAccessCode, participantAccessCode: "47110" }] },
    personalTeleconf,
  });
  const built = buildRequest(operations.setUser, request("83550"), context);
  const shown = showRequest(operations.setUser, request("83550"), context);
  const wrong = showRequest(operations.setUser, request("\u0000835"), context);

  expect(built.ok && built.value.secrets).toEqual(["correct horse", "83550", "47110", "90001"]);
  expect(shown.ok && shown.value).not.toMatch(/83550|47110|90001/);
  expect(wrong).toMatchObject({ error: { path: "tspAccount.tspAccount[0].subscriberAccessCode" } });
  expect(JSON.stringify(wrong)).not.toContain("835");
});

test.each(["hostAccessCode", "moderatorCode", "PIN", "pin2", "sessionTicket", "PASSWORD"])(
  "%s is a secret by its name where no document describes the request",
  (name) => {
    const built = buildRequest(operations.detectSessionByCallback, { [name]: "s-70", number: "1" }, context);

    expect(built.ok && built.value.secrets).toEqual(["correct horse", "s-70"]);
  },
);

test("of a choice exactly one is given, and true where nothing else may be", () => {
  const scheduled = (timeLimit: object) => ({
    sessionKey: "1",
    testID: "2",
    deliveryMethod: { session: true },
    timeLimit,
    attemptLimit: { attemptTimes: 3 },
  });
  const rule = "must have exactly one of noLimit, withinMinutes";
  const request = (timeLimit: object) => buildRequest(operations.setScheduledTest, scheduled(timeLimit), context);

  expect(body(operations.setScheduledTest, scheduled({ noLimit: true }))).toContain(
    "<timeLimit><noLimit>true</noLimit></timeLimit><attemptLimit><attemptTimes>3</attemptTimes></attemptLimit>",
  );
  for (const timeLimit of [{}, { noLimit: true, withinMinutes: 5 }, { noLimit: undefined }]) {
    expect(request(timeLimit)).toMatchObject({ error: { path: "timeLimit", rule } });
  }
  expect(request({ noLimit: false })).toMatchObject({
    error: { path: "timeLimit.noLimit", rule: "must be true, or be left out" },
  });
});

test("of several keys at least one is given", () => {
  const rule = "must have meetingKey or sessionKey";

  expect(buildRequest(operations.gethosturlMeeting, {}, context)).toMatchObject({
    error: { path: "the request", rule },
  });
  expect(buildRequest(operations.gethosturlMeeting, { meetingKey: "1", sessionKey: "1" }, context).ok).toBe(true);
  expect(
    buildRequest(operations.registerMeetingAttendee, { attendees: [{ person: { email: "a@b.example" } }] }, context),
  ).toMatchObject({ error: { path: "attendees[0]", rule: "must have sessionKey or confID" } });
});

test("an operation that no public document describes is written as it is given", () => {
  const values = { labName: "north", computers: [1, 2], when: { from: "2026", isFixed: true } };

  expect(body(operations.detectSessionByCallback, values)).toContain(
    "<labName>north</labName><computers>1</computers><computers>2</computers>" +
      "<when><from>2026</from><isFixed>true</isFixed></when></bodyContent>",
  );
});

/** Throws at what is not well formed, or has a prefix that is not declared. */
function readStrictly(document: string): void {
  const strict = new SaxesParser({ xmlns: true });
  strict.on("error", (error) => {
    throw error;
  });
  strict.write(document).close();
}

// Writer and reader of one project may agree on a mistake. The parser's own defaults read here, not our reader.
const other = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: 1_000_000, maxExpandedLength: 10_000_000 },
});

for (const operation of Object.values(operations) as readonly Operation[]) {
  const { name, binding, request, oneOrMore } = operation;
  if (request === "open") continue;
  test(`${name} is read back with the same values, in the schema's order`, () => {
    fc.assert(
      fc.property(valuesBy(request, oneOrMore), (values) => {
        const document = body(operation, values);
        readStrictly(document);
        const { "@type": type, ...elements } = other.parse(document).message.body.bodyContent;

        expect(type).toBe(`java:com.webex.service.binding.${binding}`);
        expect(elements).toEqual(asRead(values, request));
        expect(Object.keys(elements)).toEqual(Object.keys(request).filter((field) => field in asRead(values, request)));
      }),
      { numRuns: 40 },
    );
  });
}

/** The values as the other parser has them: texts, and a list of one as its item. */
function asRead(values: Readonly<Record<string, unknown>>, fields: Fields): Record<string, unknown> {
  const entries = Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
    const read = valueAsRead(value, fields[name] as Kind);
    return read === undefined ? [] : [[name, read]];
  });
  return Object.fromEntries(entries);
}

function valueAsRead(value: unknown, kind: Kind): unknown {
  if (kind.kind === "group") {
    const inner = asRead(value as Record<string, unknown>, kind.fields);
    return Object.keys(inner).length === 0 ? "" : inner;
  }
  if (kind.kind === "list") {
    const items = (value as unknown[]).map((item) => valueAsRead(item, kind.of));
    return items.length === 1 ? items[0] : items;
  }
  if (kind.kind === "open") return value;
  const written = writeLeaf(value, kind);
  return written.ok ? written.value : undefined;
}
