import { describe, expect, test } from "vitest";
import { describeFault, mayHaveTakenEffect } from "../client/faults.ts";
import { buildRequest, listAll, type PostFetch, XmlApi } from "../client/xml-api.ts";
import { operationNamed, operations } from "../tables/operations.ts";
import { answerText, refusalText } from "../wire/message.ts";
import { noon, noTimers, siteNamed, TestSite } from "./kit.ts";

const credentials = {
  form: "password",
  site: { siteName: "acme" },
  user: { webExId: "jo" },
  password: "Sea&wall",
} as const;

/** Every pause ends at once. */
const atOnce = (_: number, run: () => void) => {
  queueMicrotask(run);
  return () => {};
};

/** A client whose site gives these answers in turn, and the requests sent. */
function clientOf(...answers: readonly (Response | Error)[]) {
  const sent: string[] = [];
  const fetch: PostFetch = async (_, { body }) => {
    const answer = answers[Math.min(sent.length, answers.length - 1)];
    sent.push(body);
    if (answer instanceof Error || !answer) throw answer;
    return answer.clone();
  };
  const api = new XmlApi({ site: siteNamed("acme"), credentials }, { fetch, timers: noTimers, now: () => noon });
  return { api, sent };
}

const success = (content: string) =>
  new Response(
    answerText([{ name: "serv:bodyContent", content: [] }]).replace(
      "<serv:bodyContent/>",
      `<bodyContent>${content}</bodyContent>`,
    ),
  );
const refused = (id: string, reason = "no") => new Response(refusalText(id, reason, null));
const unavailable = () => new Response("busy", { status: 503 });
const getUser = (api: XmlApi) => api.call("getUser", { webExId: "jo" });

describe("credentials", () => {
  test.each([
    ["a success", success("<webExId>jo</webExId>"), true],
    ["access denied", refused("000001"), true],
    ["no such record", refused("000015"), true],
    ["a wrong password", refused("030002"), false],
    ["a request that was not recognized", refused("000000", "could not be forwarded"), false],
    ["an unknown refusal", refused("777777"), false],
    ["a schema fault", refused("999999"), false],
    ["a refusal without id", refused(""), false],
    ["the rate limit", refused("000045"), false],
  ])("are accepted or not after %s", async (_, answer, isAccepted) => {
    const { api, sent } = clientOf(answer, unavailable());
    await getUser(api);
    expect(api.isAccepted).toBe(isAccepted);
    await getUser(api);

    // A password is not resent before it was accepted.
    expect(sent).toHaveLength(isAccepted ? 4 : 2);
  });

  test("are not proved by public answers", async () => {
    const { api } = clientOf(success("<apiVersion>WebEx XML API V11.0.0</apiVersion>"));
    expect(await api.call("getAPIVersion", {})).toMatchObject({ ok: true });
    expect(api.isAccepted).toBe(false);
    const { api: other } = clientOf(success("<sessionkey>abc</sessionkey>"));
    expect(await other.call("getSessionInfo", { sessionKey: "1" })).toMatchObject({ ok: false });
    expect(other.isAccepted).toBe(false);
  });

  test("resends a password that never reached the site", async () => {
    const { api, sent } = clientOf(
      Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } }),
      success("<webExId>jo</webExId>"),
    );

    expect(await getUser(api)).toMatchObject({ ok: true });
    expect(sent).toHaveLength(2);
  });
});

describe("answers", () => {
  const page = "<?xml version='1.0' encoding='ISO-8859-1'?>";
  const xml = (text: string) =>
    `<m:message xmlns:m="x"><m:header><m:response><m:result>SUCCESS</m:result></m:response></m:header><m:body><m:bodyContent>${text}</m:bodyContent></m:body></m:message>`;

  test.each([
    ["spaces before the declaration", Buffer.from(`\n\n${page}${xml("<webExId>Zoé</webExId>")}`, "latin1"), "text/xml"],
    [
      "another encoding in HTTP than in the document",
      Buffer.from(page + xml("<webExId>Zoé</webExId>"), "latin1"),
      "text/xml; charset=UTF-8",
    ],
    ["a byte order mark", Buffer.from(`\ufeff${xml("<webExId>Zoé</webExId>")}`, "utf16le"), "text/xml"],
    [
      "an encoding named UTF_8",
      Buffer.from(`<?xml version="1.0" encoding="UTF_8"?>${xml("<webExId>Zoé</webExId>")}`),
      "",
    ],
    ["another case of names", Buffer.from(xml("<webexid>Zoé</webexid>")), ""],
    ["CDATA and references", Buffer.from(xml("<webExId><![CDATA[Zo]]>&#xe9;</webExId>")), ""],
    ["unknown elements", Buffer.from(xml("<new>1</new><webExId>Zoé</webExId><new>2</new>")), ""],
  ])("are read with %s", async (_, body, type) => {
    const { api } = clientOf(new Response(body, { headers: { "content-type": type } }));

    expect(await getUser(api)).toMatchObject({ ok: true, value: { value: { webExId: "Zoé" } } });
  });

  test.each([
    ["an HTML page", new Response("<html></html>"), { kind: "not-xml", looksLike: "html" }],
    ["nothing", new Response(""), { kind: "not-xml", looksLike: "empty" }],
    ["a redirect", new Response(null, { status: 302 }), { kind: "redirected", status: 302 }],
    ["an error of HTTP", new Response("no", { status: 500 }), { kind: "http-status", status: 500 }],
    ["too many requests", new Response("", { status: 429 }), { kind: "refused", why: "rate-limit" }],
    ["another document", new Response("<feed/>"), { kind: "not-a-message" }],
    [
      "a document type",
      new Response('<!DOCTYPE m [<!ENTITY a "b">]><m>&a;</m>'),
      { kind: "bad-xml", reason: "it has a document type" },
    ],
    ["a foreign entity", new Response("<m>&nbsp;</m>"), { kind: "bad-xml" }],
    ["a truncated document", new Response(xml("").slice(0, 80)), { kind: "bad-xml" }],
    [
      "deep elements",
      new Response("<a>".repeat(60) + "</a>".repeat(60)),
      { kind: "bad-xml", reason: "its elements are nested deeper than 50" },
    ],
    ["too many elements", new Response(`<a>${"<b/>".repeat(100_001)}</a>`), { kind: "bad-xml" }],
    ["too much", new Response(" ".repeat(5_000_000)), { kind: "too-large" }],
    [
      "no needed field",
      new Response(xml("<email>jo@x.example</email>")),
      { kind: "wrong-field", path: "webExId", rule: "is missing" },
    ],
    [
      "a wrong field",
      new Response(xml("<webExId>jo</webExId><visitCount>many</visitCount>")),
      { kind: "wrong-field", path: "visitCount", value: "many" },
    ],
  ])("are a fault: %s", async (_, answer, fault) => {
    const { api } = clientOf(answer);

    expect(await getUser(api)).toMatchObject({ ok: false, error: fault });
  });

  test("leaves out and lists a wrong unused field", async () => {
    const { api } = clientOf(new Response(xml("<webExId>jo</webExId><visitCount>many</visitCount>")));

    expect(await api.call("getUser", { webExId: "jo" }, ["webExId"])).toEqual({
      ok: true,
      value: {
        value: { webExId: "jo" },
        wrong: [{ path: "visitCount", rule: "must be a whole number", value: "many" }],
      },
    });
  });

  test("faults show no secret", async () => {
    const { api } = clientOf(refused("030002", "Sea&wall is wrong, and so is Sea%26wall"));
    const answer = await getUser(api);

    expect(JSON.stringify(answer)).not.toMatch(/Sea.{1,5}wall/);
    expect(!answer.ok && describeFault(answer.error, "password")).toBe(
      "the WebEx site refused: 030002 … is wrong, and so is … (check the user name and the password)",
    );
  });
});

describe("repeats", () => {
  test.each([
    ["getUser", 3],
    ["setUser", 1],
  ] as const)("%s is sent %i times to a site that does not respond", async (name, times) => {
    const { api, sent } = clientOf(success("<webExId>jo</webExId>"), refused("000035"));
    await getUser(api);
    await api.call(name, { webExId: "jo" });

    expect(sent).toHaveLength(1 + times);
  });

  test("a timed-out request may have taken effect", async () => {
    const timers = { after: atOnce };
    const fetch: PostFetch = () => new Promise(() => {});
    const api = new XmlApi({ site: siteNamed("acme"), credentials }, { fetch, timers, now: () => noon });
    const answer = await api.call("setUser", { webExId: "jo" });

    expect(answer).toEqual({ ok: false, error: { kind: "timed-out", afterMs: 30_000 } });
    expect(!answer.ok && mayHaveTakenEffect(answer.error)).toBe(true);
  });
});

describe("requests", () => {
  test.each([
    ["getMeeting", {}, "meetingKey", "is missing"],
    ["getMeeting", { meetingKey: 1, tide: 2 }, "tide", "is not a field here; there are meetingKey"],
    ["getMeeting", { MeetingKey: 1 }, "MeetingKey", "is not a field here; write meetingKey"],
    ["getMeeting", { meetingKey: "abc" }, "meetingKey", "must be digits, as text"],
    ["getMeeting", { meetingKey: "9999999999999999999" }, "meetingKey", `must be at most ${2n ** 63n - 1n}`],
    ["gethosturlMeeting", {}, "the request", "must have meetingKey or sessionKey"],
    [
      "createMeeting",
      { accessControl: { meetingPassword: "x".repeat(17) } },
      "accessControl.meetingPassword",
      "must have at most 16 characters",
    ],
    [
      "createMeeting",
      { schedule: { startDate: "12/14/2026" } },
      "schedule.startDate",
      "must be a time, like 2026-11-28T10:10:00",
    ],
    [
      "createMeeting",
      { repeat: { repeatType: "HOURLY" } },
      "repeat.repeatType",
      "must be one of WEEKLY, DAILY, NO_REPEAT, CONSTANT, MONTHLY, YEARLY",
    ],
    ["createMeeting", { metaData: { confName: "\u0007" } }, "metaData.confName", "must have only characters of XML"],
    ["createMeeting", { metaData: "Tide" }, "metaData", "must be an object"],
    ["lstMeeting", { order: { orderBy: ["A", "B", "C", "D"] } }, "order.orderBy", "must have at most 3 items"],
  ] as const)("%s with %j: %s %s", (name, request, path, rule) => {
    const built = buildRequest(operations[name], request, credentials);

    expect(built).toMatchObject({ ok: false, error: { kind: "wrong-request", operation: name, path, rule } });
    expect(JSON.stringify(built)).not.toContain("xxxx");
  });

  test("writes open fields unchanged", () => {
    const operation = operationNamed("ep.LstRecording");
    if (!operation) throw new Error("no such operation");
    const built = buildRequest(
      operation,
      { listControl: { startFrom: 1 }, name: ["a", "b"], password: "Gull" },
      credentials,
    );

    expect(built.ok && built.value.body).toContain(
      '<bodyContent xsi:type="java:com.webex.service.binding.ep.LstRecording"><listControl><startFrom>1</startFrom></listControl><name>a</name><name>b</name><password>Gull</password></bodyContent>',
    );
    expect(built.ok && built.value.secrets).toEqual(["Sea&wall", "Gull"]);
  });

  test("only some operations need no user", () => {
    const anonymous = { form: "anonymous", site: { siteName: "acme" } } as const;

    expect(buildRequest(operations.getSessionInfo, { sessionKey: "1" }, anonymous).ok).toBe(true);
    expect(buildRequest(operations.getUser, { webExId: "jo" }, anonymous)).toMatchObject({
      ok: false,
      error: { path: "securityContext" },
    });
  });
});

test("reads a list in batches", async () => {
  const site = new TestSite();
  const all = await listAll(site.api("site.admin"), operations.lstsummaryUser, {}, { pageSize: 3 });
  const some = await listAll(site.api("site.admin"), operations.lstsummaryUser, {}, { most: 2 });
  const none = await listAll(site.api("site.admin"), operations.lstsummaryUser, { firstName: "Nobody" });

  expect(all).toMatchObject({ ok: true, value: { isComplete: true, items: { length: 4 } } });
  expect(some).toMatchObject({ ok: true, value: { isComplete: false, items: { length: 2 } } });
  expect(none).toEqual({ ok: true, value: { items: [], isComplete: true, wrong: [] } });
});

test("waits for the rate limit once", async () => {
  const pauses: number[] = [];
  const timers = {
    after: (ms: number, run: () => void) => {
      if (ms !== 60_000) return () => {};
      pauses.push(ms);
      return atOnce(ms, run);
    },
  };
  const fetch: PostFetch = async () => new Response(refusalText("000045", "too many", null));
  const api = new XmlApi(
    { site: siteNamed("acme"), credentials, waitsForRateLimit: true },
    { fetch, timers, now: () => noon },
  );

  expect(await getUser(api)).toMatchObject({ ok: false, error: { why: "rate-limit", retryAt: noon + 60_000 } });
  expect(pauses).toEqual([60_000]);
});
