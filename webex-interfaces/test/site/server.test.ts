import { get, type IncomingMessage } from "node:http";
import { afterEach, expect, test } from "vitest";
import { type SimulatedSite, startSimulatedSite } from "../../site/server.ts";
import { at } from "../../site/trees.ts";
import { content, message, noon, outcomeOf, seeded, textOf } from "./site-on-test.ts";

const running: SimulatedSite[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.close()));
});

async function startSite() {
  let drawn = 0;
  const simulated = await startSimulatedSite(0, { file: ":memory:", now: () => noon, draw: () => `drawn-${++drawn}` });
  running.push(simulated);
  const { port, site } = simulated;
  const url = `http://127.0.0.1:${port}`;
  const password = site.userNamed("anna.berg")?.password;
  const context = `<siteName>harbour</siteName><webExID>anna.berg</webExID><password>${password}</password>`;
  const post = (type = "meeting.LstsummaryMeeting", body = "", signal = AbortSignal.timeout(15_000)) =>
    fetch(`${url}/WBXService/XMLService`, { method: "POST", body: message(context, content(type, body)), signal });
  const control = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}/control/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, ...(await answer.json()) };
  };
  return { site, url, context, post, control };
}

test("the XML API answers posts alone, at its own path, and no enormous ones", async () => {
  const { url, post } = await startSite();
  const service = `${url}/WBXService/XMLService`;

  const answer = await post();
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/xml; charset=UTF-8"]);
  expect((await fetch(service)).status).toBe(405);
  expect(
    (await fetch(service, { method: "POST", body: "x".repeat(2_000_000) }).catch(() => ({ status: 413 }))).status,
  ).toBe(413);
  expect((await fetch(`${url}/harbour/x.php`)).status).toBe(404);
  expect((await fetch(`${url}/elsewhere/p.php?AT=LO`)).status).toBe(404);
});

test.each([
  ["/", 200],
  ["//", 200],
  ["/harbour/", 200],
  ["//harbour/p.php?AT=LO", 404],
  ["//[", 404],
  ["/%", 404],
  ["*", 404],
  ["http://[/harbour/", 200],
  ["http://harbour.example/harbour/", 200],
])("GET %s is answered with %i", async (path, status) => {
  const { url } = await startSite();
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    get({ port: new URL(url).port, host: "127.0.0.1", path }, resolve).on("error", reject),
  );
  answer.resume();

  expect(answer.statusCode).toBe(status);
});

test("a request in ISO-8859-1 is read as such", async () => {
  const { url, context } = await startSite();
  const text = message(context, content("meeting.LstsummaryMeeting", "")).replace(
    'encoding="UTF-8"',
    'encoding="ISO-8859-1"',
  );
  const body = Buffer.from(text.replace("anna.berg", "änna"), "latin1");
  const answer = await fetch(`${url}/WBXService/XMLService`, { method: "POST", body });

  expect(outcomeOf(await answer.text())).toBe("030002");
});

test("log-in by a form that is posted, and by a link", async () => {
  const { url, site } = await startSite();
  const args = new URLSearchParams({
    AT: "LI",
    WID: "anna.berg",
    PW: site.userNamed("anna.berg")?.password ?? "",
    BU: "https://portal.example/",
  });
  const answers = [
    await fetch(`${url}/harbour/p.php`, { method: "POST", body: args, redirect: "manual" }),
    await fetch(`${url}/Harbour/p.php?${args}`, { redirect: "manual" }),
  ];

  for (const answer of answers) {
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toMatch(
      /^https:\/\/portal\.example\/\?AT=LI&WID=anna\.berg&CSRF=[\w-]+&ST=SUCCESS$/,
    );
    const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    expect(answer.headers.get("set-cookie")).toContain("HttpOnly");
    const list = await fetch(`${url}/harbour/m.php?AT=LM`, { headers: { cookie: `other=1; ${cookie}` } });
    expect(await list.text()).toContain("Berth planning");
  }
});

test.each([
  ["html", "text/html", (body: Buffer) => expect(body.toString()).toMatch(/^<!DOCTYPE html>/)],
  ["garbage", "application/octet-stream", (body: Buffer) => expect(body[0]).toBe(0)],
  ["empty", "text/xml; charset=UTF-8", (body: Buffer) => expect(body).toHaveLength(0)],
  ["truncated", "text/xml; charset=UTF-8", (body: Buffer) => expect(body.toString()).not.toContain("</serv:message>")],
  [
    "latin-1",
    "text/xml; charset=ISO-8859-1",
    (body: Buffer) => expect(body.toString()).toContain('encoding="ISO-8859-1"'),
  ],
  ["wrong-charset", "text/xml; charset=UTF-8", (body: Buffer) => expect(body.toString("utf8")).toContain("\ufffd")],
  ["endless", "text/xml; charset=UTF-8", (body: Buffer) => expect(body.length).toBeGreaterThan(20_000_000)],
  ["doctype", "text/xml; charset=UTF-8", (body: Buffer) => expect(body.toString()).toContain("<!DOCTYPE serv:message")],
  ["entities", "text/xml; charset=UTF-8", (body: Buffer) => expect(body.toString()).toContain("<serv:result>&e9;<")],
])("an answer can be %s, once", async (answer, contentType, check) => {
  const { post, control } = await startSite();
  await control("PUT", "faults", { answer, times: 1 });

  const spoilt = await post();
  expect([spoilt.status, spoilt.headers.get("content-type")]).toEqual([200, contentType]);
  check(Buffer.from(await spoilt.arrayBuffer()));
  expect(outcomeOf(await (await post()).text())).toBe("SUCCESS");
});

test.each([
  ["rateLimit", "000045"],
  ["notResponding", "000035"],
  ["accessDenied", "000001"],
  ["wrongPassword", "030002"],
  ["wrongTicket", "030047"],
  ["noRecord", "000015"],
])("a request can be refused for %s, and is not carried out then", async (refuse, id) => {
  const { post, control } = await startSite();
  await control("PUT", "faults", { refuse, operation: "DelMeeting" });
  const body = `<meetingKey>${seeded.MC}</meetingKey>`;

  expect(outcomeOf(await (await post("meeting.GetMeeting", body)).text())).toBe("SUCCESS");
  expect(outcomeOf(await (await post("meeting.DelMeeting", body)).text())).toBe(id);
  expect(outcomeOf(await (await post("meeting.GetMeeting", body)).text())).toBe("SUCCESS");
});

test("a field can have another text, an answer another status, and none may come at all although the request was carried out", async () => {
  const { post, control } = await startSite();
  const body = `<meetingKey>${seeded.MC}</meetingKey>`;

  await control("PUT", "faults", { field: { name: "duration", value: "a while & more" }, status: 503, times: 1 });
  const answer = await post("meeting.GetMeeting", body);
  expect([answer.status, textOf(await answer.text(), "duration")]).toEqual([503, "a while &amp; more"]);
  await control("PUT", "faults", { delayMs: 1, times: 1 });
  expect(outcomeOf(await (await post("meeting.GetMeeting", body)).text())).toBe("SUCCESS");
  await control("PUT", "faults", { hang: true, times: 1 });
  await expect(post("meeting.DelMeeting", body, AbortSignal.timeout(50))).rejects.toThrow();
  expect(outcomeOf(await (await post("meeting.GetMeeting", body)).text())).toBe("060001");
});

test("the control interface moves the clock, plays people in sessions, and shows the tables without secrets", async () => {
  const { control, url, site } = await startSite();
  const key = seeded.MC;

  expect(await control("POST", `sessions/${key}/start`)).toEqual({ status: 200 });
  expect(
    await control("POST", `sessions/${key}/join`, {
      name: "Cara Dunn",
      email: "cara.dunn@visitor.example",
      call: "call-in",
    }),
  ).toEqual({ status: 200 });
  expect(await control("PUT", "clock", { aheadMs: 600_000 })).toEqual({ status: 200 });
  expect(await control("POST", `sessions/${key}/lock`)).toEqual({ status: 200 });
  expect(site.session(key).locked).toBe(1);
  expect(await control("POST", `sessions/${key}/end`)).toEqual({ status: 200 });
  const { rows } = await control("GET", "tables/history_sessions");
  const held = rows.find((row: { session_key: number }) => row.session_key === key);
  expect(held).toMatchObject({ started_at: noon, ended_at: noon + 600_000 });
  const tables = await Promise.all(
    ["users", "credentials", "sessions", "tsp_accounts"].map((name) => control("GET", `tables/${name}`)),
  );
  expect(JSON.stringify(tables)).not.toMatch(/drawn-|pier-9|subscriber"/);

  expect((await control("POST", "credentials", { kind: "session-ticket", webExID: "anna.berg" })).status).toBe(201);
  expect(await control("PUT", "site", { rateLimit: 0, classicEvents: false })).toEqual({ status: 200 });
  expect(await control("PUT", "site", { suspended: true })).toEqual({ status: 200 });
  const switched = () => [
    site.row.rate_limit,
    at(site.settings, "supportedServices", "eventCenter", "enabled"),
    at(site.settings, "metaData", "activateStatus"),
  ];
  expect(switched()).toEqual([0, false, false]);
  await control("POST", "reset");
  expect(switched()).toEqual([600, true, true]);
  expect((await fetch(`${url}/harbour/`)).status).toBe(200);
});

test.each([
  ["PUT", "faults", { delayMs: "1" }, 400, "delayMs"],
  ["PUT", "faults", { tide: 1 }, 400, "tide is no field of this request"],
  ["PUT", "faults", [], 400, "the body must be an object, not a list"],
  ["POST", "sessions/1/start", undefined, 404, "there is no session 1"],
  ["POST", "credentials", { kind: "cookie", webExID: "x" }, 404, "there is no user x"],
  ["GET", "tables/tide", undefined, 404, "there is no table tide"],
  ["GET", "tide", undefined, 404, "nothing answers GET /control/tide"],
])("%s /control/%s with %j is refused", async (method, path, body, status, error) => {
  const { control } = await startSite();

  expect(await control(method, path, body)).toEqual({ status, error: expect.stringContaining(error) });
});

test("a reset leaves the passwords as they are", async () => {
  const { control, post } = await startSite();

  await control("POST", "reset");
  expect(outcomeOf(await (await post()).text())).toBe("SUCCESS");
});

test("the list of requests has who asked for what, with which result, and no secret", async () => {
  const { control, post, url, context } = await startSite();
  await post("meeting.GetMeeting", "<meetingKey>1</meetingKey>");
  await fetch(`${url}/harbour/p.php?AT=LI&WID=anna.berg&PW=pier-7-secret`, { redirect: "manual" });
  const { rows } = await control("GET", "tables/requests");

  expect(rows).toEqual([
    { at: noon, way: "xml", operation: "getMeeting", web_ex_id: "anna.berg", result: "060001", detail: null },
    {
      at: noon,
      way: "page",
      operation: "p.php LI: log in",
      web_ex_id: "",
      result: "BadWebexIDorPassword",
      detail: null,
    },
  ]);
  expect(context).toContain("drawn-");
});
