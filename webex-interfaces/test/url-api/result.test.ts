import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandNames, commands } from "../../client/url-api/commands.ts";
import { readOpenMeetings } from "../../client/url-api/open-meetings.ts";
import { backUrlOf, readResult, reasons } from "../../client/url-api/result.ts";
import { backUrls } from "./arguments-by-table.ts";

const backUrl = "https://portal.example.org/back?state=7f%2Bk";

/** The back URL as WebEx completes it. */
function sentTo(back: string, values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${back}${back.includes("?") ? "&" : "?"}${pairs.join("&")}`;
}

test("a scheduled meeting's number comes back", () => {
  const url = sentTo(backUrl, { AT: "SM", ST: "SUCCESS", MK: "718293645", siteurl: "acme" });

  expect(readResult(url, { command: "schedule-meeting", backUrl })).toEqual({
    ok: true,
    value: { status: "success", at: "SM", data: { MK: "718293645" }, more: { siteurl: "acme" } },
  });
});

test("a log-in's token comes back, on sites that hand one out", () => {
  const expected = { command: "log-in", backUrl } as const;

  expect(readResult(sentTo(backUrl, { AT: "LI", WID: "lee", ST: "SUCCESS", CSRF: "t-1" }), expected)).toEqual({
    ok: true,
    value: { status: "success", at: "LI", data: { WID: "lee", CSRF: "t-1" }, more: {} },
  });
  expect(readResult(sentTo(backUrl, { AT: "LI", ST: "SUCCESS" }), expected)).toEqual({
    ok: true,
    value: { status: "success", at: "LI", data: {}, more: {} },
  });
});

for (const [word, { wires }] of Object.entries(reasons)) {
  test.each(wires)(`the reason %s is ${word}, in any case of its letters`, (wire) => {
    for (const RS of [wire, wire.toUpperCase()]) {
      expect(readResult(sentTo(backUrl, { AT: "LI", ST: "FAIL", RS }), { command: "log-in", backUrl })).toEqual({
        ok: true,
        value: { status: "failure", at: "LI", reason: word, reasonText: RS, more: {} },
      });
    }
  });
}

test.each(["SomethingNew", "", "constructor", "__proto__"])("the reason %j is another one", (RS) => {
  expect(readResult(sentTo(backUrl, { AT: "DM", ST: "FAIL", RS }), { command: "delete-meeting", backUrl })).toEqual({
    ok: true,
    value: { status: "failure", at: "DM", reason: "other", reasonText: RS, more: {} },
  });
});

describe("what a program is answered leads to the back URL", () => {
  const url = "https://portal.example.org/back?state=7f&AT=SM&ST=SUCCESS&MK=718293645";
  const escaped = String.raw`https\x3a\x2f\x2fportal.example.org\x2fback\x3fstate\x3d7f\x26AT\x3dSM\x26ST\x3dSUCCESS\x26MK\x3d718293645`;
  const page = (script: string) => `<html><head><script language="JavaScript">\n${script}\n</script></head></html>`;

  test.each([
    ["a redirect", { status: 302, location: url, body: "" }],
    ["a variable", { status: 200, body: page(`var url = "${escaped}";\nlocation.href = url;`) }],
    ["a replaced location", { status: 200, body: page(`window.location.replace("${escaped}");`) }],
    ["single quotes", { status: 200, body: page(`var url='${url.replaceAll("/", String.raw`\/`)}';`) }],
    ["the one with a result", { status: 200, body: page(`var url = "about:blank"; var url = "${escaped}";`) }],
    ["escapes of four digits", { status: 200, body: page(`var url = "${url.replace(":", String.raw`\u003A`)}"`) }],
  ])("by %s", (_, answer) => {
    expect(backUrlOf(answer)).toBe(url);
    expect(readResult(backUrlOf(answer) ?? "", { command: "schedule-meeting" })).toMatchObject({
      value: { data: { MK: "718293645" } },
    });
  });

  test.each([
    ["a redirect to nowhere", { status: 302, location: null, body: page(`var url = "${escaped}"`) }],
    ["an error", { status: 500, body: page(`var url = "${escaped}"`) }],
    ["another page", { status: 200, body: page("var url = document.URL") }],
    ["nothing", { status: 200, body: "" }],
    ["too much", { status: 200, body: page(`var url = "${escaped}"`) + " ".repeat(1_000_000) }],
    ["a string that does not end", { status: 200, body: page('var url = "https:') }],
  ])("but not by %s", (_, answer) => {
    expect(backUrlOf(answer)).toBeNull();
  });
});

describe("a URL that is no result of the command", () => {
  const good = { AT: "SM", ST: "SUCCESS", MK: "1" };

  test.each([
    ["not-a-url", "AT=SM&ST=SUCCESS&MK=1"],
    ["not-a-url", "javascript:location='?AT=SM&ST=SUCCESS&MK=1'"],
    ["too-long", sentTo(backUrl, { ...good, x: "y".repeat(20_000) })],
    ["another-page", sentTo("https://evil.example/back?state=7f%2Bk", good)],
    ["another-page", sentTo("http://portal.example.org/back?state=7f%2Bk", good)],
    ["another-page", sentTo("https://portal.example.org/other?state=7f%2Bk", good)],
    ["another-page", sentTo("https://portal.example.org/back", good)],
    ["another-page", sentTo("https://portal.example.org/back?state=guess", good)],
    ["missing", sentTo(backUrl, { ST: "SUCCESS", MK: "1" })],
    ["missing", sentTo(backUrl, { AT: "SM", MK: "1" })],
    ["missing", sentTo(backUrl, { AT: "SM", ST: "SUCCESS" })],
    ["missing", sentTo(backUrl, { AT: "SM", ST: "SUCCESS", MK: "" })],
    ["another-command", sentTo(backUrl, { ...good, AT: "DM" })],
    ["unknown-status", sentTo(backUrl, { ...good, ST: "success" })],
    ["unknown-status", sentTo(backUrl, { ...good, ST: "" })],
    ["wrong-value", sentTo(backUrl, { ...good, MK: "12x" })],
    ["wrong-value", sentTo(backUrl, { ...good, MK: "<b>" })],
    ["repeated", `${sentTo(backUrl, good)}&MK=2`],
    ["repeated", `${sentTo(backUrl, good)}&ST=FAIL`],
    ["repeated", `${sentTo(backUrl, good)}&AT=SM`],
  ])("%s: %s", (kind, url) => {
    const read = readResult(url, { command: "schedule-meeting", backUrl });

    expect(read).toMatchObject({ ok: false, error: { kind } });
    expect(!read.ok && read.error.says.length).toBeLessThan(200);
  });
});

test("what the command does not bring may stand twice, as in a back URL's own query", () => {
  const url = `${sentTo(backUrl, { AT: "SM", ST: "SUCCESS", MK: "1" })}&tag=a&tag=b`;

  expect(readResult(url, { command: "schedule-meeting", backUrl })).toMatchObject({
    ok: true,
    value: { data: { MK: "1" } },
  });
  expect(readResult(url)).toMatchObject({ ok: false, error: { kind: "repeated", name: "tag" } });
});

test("without a command that is waited for, the data stays text and the code must be one of the table", () => {
  expect(readResult(sentTo(backUrl, { AT: "AA", ST: "SUCCESS", x: "1" }))).toEqual({
    ok: true,
    value: { status: "success", at: "AA", data: { state: "7f+k", x: "1" }, more: {} },
  });
  expect(readResult(sentTo(backUrl, { AT: "XX", ST: "SUCCESS" }))).toMatchObject({
    ok: false,
    error: { kind: "another-command", found: "XX" },
  });
});

test("each command's result is read from any back URL, and any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.constantFrom(...commandNames), backUrls, fc.string(), (command, back, RS) => {
      const { at } = commands[command];
      const values = { AT: at, ST: "FAIL", RS: RS.toWellFormed() };
      const read = readResult(sentTo(back, values), { command, backUrl: back });

      expect(read).toMatchObject({ ok: true, value: { status: "failure", at, reasonText: values.RS } });
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true })), (url) => {
      readResult(url);
      readResult(url, { command: "schedule-meeting", backUrl });
    }),
  );
});

describe("list-open-meetings answers with a document", () => {
  const document = (inner: string) =>
    `<?xml version="1.0" encoding="UTF-8"?><ListOpenMeetings>${inner}</ListOpenMeetings>`;

  test.each([
    ["<Status>SUCCESS</Status><MeetingKeys>718293645;05;</MeetingKeys>", ["718293645", "05"]],
    ["<Status>SUCCESS</Status><MeetingKeys>012</MeetingKeys>", ["012"]],
    ["<Status>SUCCESS</Status><Reason/><MeetingKeys></MeetingKeys>", []],
    ["<Status>SUCCESS</Status><MeetingKeys>&#49;2</MeetingKeys>", ["12"]],
    ["\n <Status> SUCCESS </Status>\n <New>x</New>", []],
  ])("%s", (inner, meetingKeys) => {
    expect(readOpenMeetings(document(inner))).toEqual({ ok: true, value: { status: "success", meetingKeys } });
  });

  test("a failure has its reason", () => {
    expect(readOpenMeetings(document("<Status>FAIL</Status><Reason>x &amp; y</Reason>"))).toMatchObject({
      value: { reason: "other", reasonText: "x & y" },
    });
    expect(readOpenMeetings(document("<Status>FAIL</Status><Reason>AccessDenied</Reason>"))).toEqual({
      ok: true,
      value: { status: "failure", reason: "access-denied", reasonText: "AccessDenied" },
    });
  });

  test.each([
    ["not-xml", ""],
    ["not-xml", "OK"],
    ["not-xml", "<html><body><p>Log in<br></body></html>"],
    ["not-xml", document("<Status>SUCCESS</Status>").slice(0, -5)],
    ["not-xml", `<!DOCTYPE a [<!ENTITY b "c">]>${document("<Status>SUCCESS</Status>")}`],
    ["not-xml", document(`${"<a>".repeat(200_000)}${"</a>".repeat(200_000)}`)],
    ["not-xml", "<html><body>Log in</body></html>"],
    ["not-xml", document(`<Status>SUCCESS</Status>${"<a/>".repeat(100_000)}`)],
    ["another-document", "<Page><Status>FAIL</Status></Page>"],
    ["another-document", document("<Status>MAYBE</Status>")],
    ["another-document", document("")],
    ["another-document", document("<Status>SUCCESS</Status><Status>FAIL</Status>")],
    ["another-document", document("<Status>SUCCESS</Status><MeetingKeys><a>1</a></MeetingKeys>")],
    ["wrong-value", document("<Status>SUCCESS</Status><MeetingKeys>12,13</MeetingKeys>")],
    ["wrong-value", document("<Status>SUCCESS</Status><MeetingKeys>&amp;</MeetingKeys>")],
    ["too-long", document("x".repeat(4_000_001))],
  ])("%s: %.60s", (kind, text) => {
    expect(readOpenMeetings(text)).toMatchObject({ ok: false, error: { kind } });
  });
});
