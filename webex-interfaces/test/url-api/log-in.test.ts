import { expect, test } from "vitest";
import type { CommandName } from "../../client/url-api/commands.ts";
import {
  beginFlow,
  continueFlow,
  type Flow,
  type FlowPlan,
  logInTo,
  type Move,
  scheduleAndHost,
  type Visit,
  visitOf as visitFor,
} from "../../client/url-api/log-in.ts";
import { formPage, link } from "../../client/url-api/request.ts";
import { acme as site } from "./acme.ts";
import { type Pairs, readForm, readFormPage } from "./other-parsers.ts";

const backUrl = "https://portal.example.org/back?state=x7";
const plan: FlowPlan = {
  site,
  backUrl,
  credentials: { WID: "lee", PW: "tall & secret" },
  steps: scheduleAndHost({ MN: "Budget", DU: 30 }),
  logOut: true,
};

function begun(of: FlowPlan): Move {
  const move = beginFlow(of);
  if (!move.ok) throw new Error(JSON.stringify(move.error));
  return move.value;
}

/** Goes on as a server does that keeps the flow as JSON between two requests. */
function cameBack(move: Move, query: string): Move {
  const next = continueFlow(JSON.parse(JSON.stringify(flowOf(move))), `${backUrl}&${query}`);
  if (!next.ok) throw new Error(JSON.stringify(next.error));
  return next.value;
}

function flowOf(move: Move): Flow {
  if (move.next !== "visit") throw new Error("the flow has ended");
  return move.flow;
}

function visitOf(move: Move): Visit {
  if (move.next !== "visit") throw new Error("the flow has ended");
  return move.visit;
}

/** Page, way and fields of a visit. */
function seen(move: Move): { page: string; via: Visit["via"]; fields: Pairs } {
  const visit = visitOf(move);
  if (visit.via === "link") {
    const [page = "", query = ""] = visit.url.split("?");
    return { page, via: "link", fields: readForm(query) };
  }
  const { action, fields } = readFormPage(visit.page.html);
  return { page: action, via: "form", fields };
}

const p = "https://acme.webex.com/acme/p.php";
const m = "https://acme.webex.com/acme/m.php";

test("log-in by form with MU=GoBack, schedule, host with the key from the back URL, log-out", () => {
  const logIn = begun(plan);
  const schedule = cameBack(logIn, "AT=LI&ST=SUCCESS&CSRF=t-1");
  const host = cameBack(schedule, "AT=SM&ST=SUCCESS&MK=718293645");
  const logOut = cameBack(host, "AT=HM&ST=SUCCESS");
  const end = cameBack(logOut, "AT=LO&ST=SUCCESS");

  expect([logIn, schedule, host, logOut].map(seen)).toEqual([
    {
      page: p,
      via: "form",
      fields: [
        ["AT", "LI"],
        ["WID", "lee"],
        ["PW", "tall & secret"],
        ["MU", "GoBack"],
        ["BU", backUrl],
      ],
    },
    {
      page: m,
      via: "link",
      fields: [
        ["AT", "SM"],
        ["MN", "Budget"],
        ["DU", "30"],
        ["CSRF", "t-1"],
        ["BU", backUrl],
      ],
    },
    {
      page: m,
      via: "link",
      fields: [
        ["AT", "HM"],
        ["MK", "718293645"],
        ["CSRF", "t-1"],
        ["BU", backUrl],
      ],
    },
    {
      page: p,
      via: "link",
      fields: [
        ["AT", "LO"],
        ["CSRF", "t-1"],
        ["BU", backUrl],
      ],
    },
  ]);
  expect(end).toMatchObject({ next: "end", succeeded: true });
  expect(end.next === "end" && end.results.map(({ command }) => command)).toEqual([
    "log-in",
    "schedule-meeting",
    "host-meeting",
    "log-out",
  ] satisfies CommandName[]);
});

test("the password is in the form alone, not in what is kept until the browser comes back", () => {
  expect(JSON.stringify(flowOf(begun(plan)))).not.toContain("secret");
});

test("a meeting with a password is scheduled by form", () => {
  const schedule = cameBack(begun({ ...plan, steps: scheduleAndHost({ PW: "open" }) }), "AT=LI&ST=SUCCESS");

  expect(seen(schedule)).toEqual({
    page: m,
    via: "form",
    fields: [
      ["AT", "SM"],
      ["PW", "open"],
      ["BU", backUrl],
    ],
  });
});

test("who was logged in already goes on", () => {
  const schedule = cameBack(begun(plan), "AT=LI&ST=FAIL&RS=AlreadyLogon");

  expect(seen(schedule).fields[0]).toEqual(["AT", "SM"]);
});

test("a log-in that failed ends the flow", () => {
  expect(cameBack(begun(plan), "AT=LI&ST=FAIL&RS=BadWebexIDorPassword")).toMatchObject({
    next: "end",
    succeeded: false,
    results: [{ command: "log-in", result: { reason: "wrong-id-or-password" } }],
  });
});

test("after a step that failed only the log-out follows", () => {
  const logOut = cameBack(cameBack(begun(plan), "AT=LI&ST=SUCCESS"), "AT=SM&ST=FAIL&RS=MeetingScheduleFail");

  expect(seen(logOut)).toMatchObject({
    page: p,
    fields: [
      ["AT", "LO"],
      ["BU", backUrl],
    ],
  });
  expect(cameBack(logOut, "AT=LO&ST=SUCCESS")).toMatchObject({ next: "end", succeeded: false });
});

test("without a log-out the flow ends with its last step", () => {
  const logIn = begun({ ...plan, steps: [], logOut: false });

  expect(cameBack(logIn, "AT=LI&ST=SUCCESS")).toMatchObject({ next: "end", succeeded: true });
});

test.each([
  ["https://portal.example.org/back?state=guess&AT=LI&ST=SUCCESS", "another-page"],
  [`${backUrl}&AT=SM&ST=SUCCESS&MK=1`, "another-command"],
])("a result that does not belong here leaves the flow where it is: %s", (url, kind) => {
  expect(continueFlow(flowOf(begun(plan)), url)).toMatchObject({
    ok: false,
    error: { kind: "result", error: { kind } },
  });
});

test("a step that could not be sent is refused before the log-in", () => {
  const wrong = beginFlow({ ...plan, steps: [{ command: "delete-meeting", arguments: {} }] });
  const unfilled = beginFlow({
    ...plan,
    steps: [
      { command: "impromptu-meeting", arguments: {} },
      { command: "host-meeting", arguments: {}, from: { MK: "MK" } },
    ],
  });

  expect(wrong).toMatchObject({
    ok: false,
    error: { kind: "request", command: "delete-meeting", error: { kind: "missing-argument", argument: "MK" } },
  });
  expect(unfilled).toMatchObject({
    ok: false,
    error: { kind: "request", command: "host-meeting", error: { kind: "missing-argument", argument: "MK" } },
  });
});

test("one trip: the log-in itself leads to the meeting, and the meeting to the back URL", () => {
  const page = logInTo(site, { WID: "lee", TK: "ticket" }, "host-meeting", { MK: "718293645", BU: backUrl });
  if (!page.ok) throw new Error(page.error.says);
  const { action, fields } = readFormPage(page.value.html);

  expect(action).toBe(p);
  expect(fields.slice(0, 3)).toEqual([
    ["AT", "LI"],
    ["WID", "lee"],
    ["TK", "ticket"],
  ]);
  const [name, url = ""] = fields[3] ?? [];
  expect(name).toBe("MU");
  expect(readForm(url.slice(url.indexOf("?") + 1))).toEqual([
    ["AT", "HM"],
    ["MK", "718293645"],
    ["BU", backUrl],
  ]);
  expect(fields.slice(4)).toEqual([["BU", backUrl]]);
});

test("one trip without a back URL has none for the log-in, either", () => {
  const page = logInTo(site, { WID: "lee", TK: "ticket" }, "host-meeting", { MK: "718293645" });

  expect(page.ok && readFormPage(page.value.html).fields.map(([name]) => name)).toEqual(["AT", "WID", "TK", "MU"]);
});

test("the page to follow is judged by its own command's table", () => {
  const presenter = { MK: "1", FN: "Jo", PC: "1", PA: "415", PN: "5550100" };

  expect(logInTo(site, { WID: "lee", PW: "s" }, "add-presenter", presenter)).toMatchObject({ ok: true });
  for (const named of ["AT=XX&PA=47110", "AT=SE&pw=s", "SA2=83550", "AT=EU&SA2=83550"]) {
    const MU = `https://acme.webex.com/acme/p.php?${named}`;

    expect(formPage(site, "log-in", { WID: "lee", PW: "s", MU })).toMatchObject({
      error: { kind: "wrong-value", argument: "MU", says: expect.stringContaining("a link carries no secret") },
    });
  }
});

test("arguments that no public source tells go in a form, and what is a secret by its name in no link", () => {
  const event = { title: "Quay day" };

  expect(visitFor(site, "schedule-event", event)).toMatchObject({ value: { via: "form" } });
  expect(visitFor(site, "schedule-event", { BU: backUrl })).toMatchObject({ value: { via: "link" } });
  expect(link(site, "schedule-event", event)).toMatchObject({ ok: true });
  for (const name of ["PA1", "SA1", "pw", "password", "AccessCode"]) {
    expect(link(site, "schedule-event", { ...event, [name]: "47110" })).toMatchObject({
      error: { kind: "secret-in-link", argument: name },
    });
  }
});

test("a command with a secret cannot follow in one trip, since it would be a link", () => {
  expect(logInTo(site, { WID: "lee", PW: "s" }, "edit-meeting", { MK: "1", PW: "open" })).toMatchObject({
    ok: false,
    error: { kind: "secret-in-link", argument: "PW" },
  });
});
