import { expect, test } from "vitest";
import type { ArgumentsOf } from "../../client/url-api/commands.ts";
import { argumentsOfText, formPage, formPost, link } from "../../client/url-api/request.ts";
import { siteOf } from "../../client/url-api/site.ts";
import { acme as site } from "./acme.ts";
import { readFormPage } from "./other-parsers.ts";

const backUrl = "https://portal.example.org/back";
const key = "718293645";

test("a log-out with and without a back URL, as the overview writes it", () => {
  expect(link(site, "log-out", {})).toEqual({ ok: true, value: "https://acme.webex.com/acme/p.php?AT=LO" });
  expect(link(site, "log-out", { BU: "http://portal.example.org/my page.html".replace(" ", "%20") })).toEqual({
    ok: true,
    value: "https://acme.webex.com/acme/p.php?AT=LO&BU=http%3A%2F%2Fportal.example.org%2Fmy%2520page.html",
  });
});

test("host-meeting has the arguments of the overview, in its order", () => {
  const given = { BU: backUrl, WL: "w", DL: "d", AP: "p", AL: "l", AH: "h", AS: "s", MK: key };

  expect(link(site, "host-meeting", given)).toEqual({
    ok: true,
    value: `https://acme.webex.com/acme/m.php?AT=HM&MK=${key}&AS=s&AH=h&AL=l&AP=p&DL=d&WL=w&BU=https%3A%2F%2Fportal.example.org%2Fback`,
  });
});

test("signs that mean something in a query, blanks and letters of any script are encoded", () => {
  const AN = '100% Müller & Söhne + 会議 = "it\'s" (ok)!*~';

  expect(link(site, "join-meeting", { MK: key, AN })).toEqual({
    ok: true,
    value: `https://acme.webex.com/acme/m.php?AT=JM&MK=${key}&AN=100%25%20M%C3%BCller%20%26%20S%C3%B6hne%20%2B%20%E4%BC%9A%E8%AD%B0%20%3D%20%22it%27s%22%20%28ok%29%21%2A~`,
  });
});

test("a back URL keeps a query of its own", () => {
  const own = `${backUrl}?state=a%26b&lang=en`;
  const built = link(site, "list-meetings", { BU: own });

  expect(built.ok && new URL(built.value).searchParams.get("BU")).toBe(own);
  expect(built.ok && [...new URL(built.value).searchParams.keys()]).toEqual(["AT", "BU"]);
});

test("yes and no are 1 and 0, numbers are digits, and numbered arguments stand in order", () => {
  expect(link(site, "add-attendees", { MK: key, FN2: "Bo", FN10: "Jo", FN1: "Al", EI: false })).toEqual({
    ok: true,
    value: `https://acme.webex.com/acme/m.php?AT=AA&MK=${key}&EI=0&FN1=Al&FN2=Bo&FN10=Jo`,
  });
  expect(link(site, "schedule-meeting", { LF: true, DU: 45, HO: 0 })).toEqual({
    ok: true,
    value: "https://acme.webex.com/acme/m.php?AT=SM&LF=1&DU=45&HO=0",
  });
});

test.each<[string, () => ReturnType<typeof link>]>([
  ["PW", () => link(site, "join-meeting", { MK: key, PW: "open sesame" })],
  ["PW", () => link(site, "log-in", { WID: "lee", PW: "open sesame" })],
  ["TK", () => link(site, "log-in", { WID: "lee", TK: "open sesame" })],
  ["PID", () => link(site, "deactivate-user", { WID: "lee", PID: "open sesame" })],
  ["PW", () => link(site, "edit-event", { PW: "open sesame" })],
])("%s never goes into a link, and the error has not its value", (argument, build) => {
  const built = build();

  expect(built).toMatchObject({ ok: false, error: { kind: "secret-in-link", argument } });
  expect(!built.ok && built.error.says).toContain("as a form");
  expect(JSON.stringify(built)).not.toContain("sesame");
});

test.each([
  ["missing-argument", "MK", {}],
  ["missing-argument", "MK", { MK: undefined }],
  ["unknown-argument", "MN", { MK: key, MN: "Budget" }],
  ["unknown-argument", "AT", { MK: key, AT: "DM" }],
  ["unknown-argument", "__proto__", JSON.parse(`{ "MK": "${key}", "__proto__": "x" }`)],
  ["unknown-argument", "constructor", { MK: key, constructor: "x" }],
  ["wrong-value", "MK", { MK: "718 293 645" }],
  ["wrong-value", "MK", { MK: -1 }],
  ["wrong-value", "MK", { MK: 1e19 }],
  ["wrong-value", "MK", { MK: "" }],
  ["wrong-value", "AN", { MK: key, AN: 5 }],
  ["wrong-value", "AN", { MK: key, AN: "a\u0000b" }],
  ["wrong-value", "AN", { MK: key, AN: "\ud800" }],
  ["wrong-value", "PW", { MK: key, PW: "12345678901234567" }],
  ["wrong-value", "BU", { MK: key, BU: "/back" }],
  ["wrong-value", "BU", { MK: key, BU: "javascript:alert(1)" }],
  ["wrong-value", "BU", { MK: key, BU: "https://lee:pw@portal.example.org/" }],
  ["wrong-value", "BU", { MK: key, BU: `${backUrl}#here` }],
  ["wrong-value", "BU", { MK: key, BU: `${backUrl}?ST=x` }],
  ["wrong-value", "BU", { MK: key, BU: `${backUrl} ` }],
])("join-meeting: %s %s", (kind, argument, given) => {
  const built = formPost(site, "join-meeting", given as ArgumentsOf<"join-meeting">);

  expect(built).toMatchObject({ ok: false, error: { kind, argument } });
  expect(!built.ok && built.error.says).toContain(argument);
  expect(JSON.stringify(built)).not.toMatch(/1234567890|lee:pw/);
});

test.each([
  ["edit-user", "TI4", { WID: "lee", PW: "s", PID: "p", TI4: "1" }],
  ["schedule-meeting", "TC11", { TC11: "x" }],
  ["schedule-meeting", "TC01", { TC01: "x" }],
  ["schedule-meeting", "TC#", { "TC#": "x" }],
  ["edit-event", "a b", { "a b": "x" }],
] as const)("%s has no argument %s", (name, argument, given) => {
  expect(formPost(site, name, given as never)).toMatchObject({
    ok: false,
    error: { kind: "unknown-argument", argument },
  });
});

test.each([
  ["schedule-meeting", "DA", { YE: 2026, MO: 2, DA: 31 }],
  ["schedule-meeting", "DA", { YE: 2027, MO: 2, DA: 29 }],
  ["edit-meeting", "UntilDA", { MK: key, UntilMO: 4, UntilDA: 31 }],
  ["impromptu-meeting", "RCD", { RCY: 2026, RCM: 11, RCD: 31 }],
  ["create-recorded-session", "DY", { RT: "Knots", YR: 2026, MH: 9, DY: 31 }],
  ["end-user-report", "StartDA", { StartYE: 2026, StartMO: 6, StartDA: 31 }],
  ["end-user-report", "EndDA", { EndYE: 2100, EndMO: 2, EndDA: 29 }],
] as const)("%s: there is no such %s", (name, argument, given) => {
  expect(formPost(site, name, given as never)).toMatchObject({ ok: false, error: { kind: "wrong-value", argument } });
});

test.each([
  { YE: 2028, MO: 2, DA: 29 },
  { MO: 2, DA: 29 },
  { YE: 2026, DA: 31 },
])("%j is a day, as far as it is told", (given) => {
  expect(formPost(site, "schedule-meeting", given).ok).toBe(true);
});

test("a back URL with the name of the command's own result in its query is refused", () => {
  expect(link(site, "schedule-meeting", { BU: `${backUrl}?MK=1` })).toMatchObject({
    ok: false,
    error: { kind: "wrong-value", argument: "BU" },
  });
  expect(link(site, "delete-meeting", { MK: key, BU: `${backUrl}?MK=1` }).ok).toBe(true);
});

test.each([[5n], [{}], [["x"]], [null], [Symbol("x")], [() => 1], [Number.NaN], [{ toJSON: () => JSON.parse("") }]])(
  "a value of another type is refused, and nothing is thrown (%#)",
  (value) => {
    for (const argument of ["MN", "DU", "LF", "BU", "PW"]) {
      expect(formPost(site, "schedule-meeting", { [argument]: value } as never)).toMatchObject({
        ok: false,
        error: { kind: "wrong-value", argument },
      });
    }
  },
);

test("an error shows no query of a back URL, since the one thing that nobody can guess stands there", () => {
  const built = link(site, "log-out", { BU: `${backUrl}?state=x7#y` });

  expect(built).toMatchObject({ ok: false, error: { kind: "wrong-value", argument: "BU" } });
  expect(JSON.stringify([built, link(site, "log-out", { BU: `x${backUrl}?state=x7` })])).not.toContain("x7");
});

test("a log-in has a password or a ticket", () => {
  const oneOf = { ok: false, error: { kind: "one-of", arguments: ["PW", "TK"] } };

  expect(formPost(site, "log-in", { WID: "lee" })).toMatchObject(oneOf);
  expect(formPost(site, "log-in", { WID: "lee", PW: "a", TK: "b" })).toMatchObject(oneOf);
});

test.each([
  ["https://evil.example/acme/m.php"],
  ["http://acme.webex.com/acme/m.php"],
  ["//evil.example/"],
  ["https://acme.webex.com@evil.example/"],
  ["https://acme.webex.com/acme/m.php?AT=JM&PW=open"],
  ["goback"],
])("after a log-in the host is not sent to %s", (MU) => {
  expect(formPost(site, "log-in", { WID: "lee", PW: "s", MU })).toMatchObject({
    ok: false,
    error: { kind: "wrong-value", argument: "MU" },
  });
});

test("a link that servers would refuse for its length is refused here, and its form is not", () => {
  const AG = "é".repeat(2_500);

  expect(link(site, "schedule-meeting", { AG })).toMatchObject({ ok: false, error: { kind: "too-long" } });
  expect(formPost(site, "schedule-meeting", { AG }).ok).toBe(true);
  expect(formPost(site, "schedule-meeting", { AG: `${AG}e` })).toMatchObject({ ok: false, error: { argument: "AG" } });
});

test("a form page has one button and no script, and is neither stored, framed nor told to others", () => {
  const page = formPage(site, "log-in", { WID: "lee", PW: '"><script>alert(1)</script>', MU: "GoBack", BU: backUrl });
  if (!page.ok) throw new Error(page.error.says);

  expect(readFormPage(page.value.html).fields).toEqual([
    ["AT", "LI"],
    ["WID", "lee"],
    ["PW", '"><script>alert(1)</script>'],
    ["MU", "GoBack"],
    ["BU", backUrl],
  ]);
  expect(page.value.html).not.toMatch(/<script|style=|https?:\/\/[^"]*\.(?:js|css|png)/i);
  expect(page.value.headers).toEqual({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action https:; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
});

test("a browser may follow a form over a simulated site to a back URL without HTTPS, and to no other such page", () => {
  const local = siteOf("http://127.0.0.1:8807/acme");
  if (!local.ok) throw new Error(local.error.says);
  const page = formPage(local.value, "log-in", { WID: "http://x", PW: "s", BU: "http://localhost:8788/back?x=1" });

  expect(page.ok && page.value.headers["content-security-policy"]).toContain(
    "form-action https: http://127.0.0.1:8807 http://localhost:8788;",
  );
});

test("it may follow to the back URL of the page that MU names, too", () => {
  const MU = "https://acme.webex.com/acme/m.php?AT=HM&MK=1&BU=http%3A%2F%2Flocalhost%3A8788%2Fback";
  const page = formPage(site, "log-in", { WID: "lee", PW: "s", MU });

  expect(page.ok && page.value.headers["content-security-policy"]).toContain(
    "form-action https: http://localhost:8788;",
  );
});

test("a shell's texts become what the table has", () => {
  expect(argumentsOfText("schedule-meeting", { MN: "12", DU: "60", LF: "yes", AJ: "0", TC2: "7" })).toEqual({
    ok: true,
    value: { MN: "12", DU: 60, LF: true, AJ: false, TC2: "7" },
  });
  expect(argumentsOfText("edit-event", { Odd: "1" })).toEqual({ ok: true, value: { Odd: "1" } });
  expect(argumentsOfText("schedule-meeting", { LF: "maybe" })).toMatchObject({
    ok: false,
    error: { kind: "wrong-value", argument: "LF" },
  });
});
