import { readFileSync } from "node:fs";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commandNames } from "../../client/url-api/commands.ts";
import { operations } from "../../client/xml-api/operations.ts";
import type { WebexPorts } from "../../command/run.ts";
import { addWebex } from "../../command/webex.ts";
import { plainTerminal, type Timers } from "../../doors/foundation.ts";
import { answerXml } from "../../site/xml-service.ts";
import { noon, SiteOnTest, seeded } from "../site/site-on-test.ts";
import { noTimers } from "../together/site-fetch.ts";

let site: SiteOnTest;
beforeEach(() => {
  site = new SiteOnTest();
});
afterEach(() => site.site.close());

const lateTimers: Timers = {
  after: (_, act) => {
    queueMicrotask(act);
    return () => {};
  },
};

interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly typed?: string | null;
  readonly fetch?: WebexPorts["fetch"];
  readonly width?: number;
  /** Each time runs out at once. */
  readonly isLate?: true;
}

/** One run of the command on a machine of the test's. */
async function bridgehead(words: readonly string[], given: Given = {}) {
  const out: string[] = [];
  const errors: string[] = [];
  const sent: string[] = [];
  const asked: string[] = [];
  const written: Record<string, string> = {};
  let code = 0;
  const ports: WebexPorts = {
    variables: { WEBEX_SITE: "harbour", WEBEX_ID: "anna.berg", ...given.variables },
    fetch: async (address, init) => {
      sent.push(`${address} ${init.body}`);
      if (given.fetch) return given.fetch(address, init);
      return new Response(answerXml(site.site, init.body), { headers: { "content-type": "text/xml" } });
    },
    timers: given.isLate ? lateTimers : noTimers,
    now: () => noon,
    begin: () => {},
    terminal: () => ({ ...plainTerminal, width: given.width ?? 80 }),
    readFile: (file) => {
      const text = given.files?.[file];
      if (text === undefined) throw Object.assign(new Error("x"), { code: "ENOENT", syscall: "open", path: file });
      return text;
    },
    readStdin: async () => given.stdin ?? "",
    askSecret: async (question) => {
      asked.push(question);
      return given.typed ?? null;
    },
    writeSecret: (file, text) => {
      written[file] = text;
    },
    print: (text) => out.push(text),
    warn: (line) => errors.push(line),
    fail: (line) => {
      errors.push(line);
      code = 1;
    },
  };
  const program = new Command("bridgehead");
  addWebex(program, ports);
  await program.parseAsync(["webex", ...words], { from: "user" });
  return { code, out: out.join("\n"), errors, sent, asked, written };
}

const password = () => ({ WEBEX_PASSWORD: site.user("anna.berg").password });

describe("call", () => {
  test("asks the site, and prints the answer as JSON", async () => {
    const { code, out, errors, sent } = await bridgehead(["call", "getMeeting", `meetingKey=${seeded.MC}`], {
      variables: password(),
    });

    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(JSON.parse(out)).toMatchObject({ metaData: { confName: "Berth planning" }, schedule: { duration: 60 } });
    expect(sent).toEqual([expect.stringMatching(/^https:\/\/harbour\.webex\.com\/WBXService\/XMLService </)]);
  });

  test.each<[string, string[], Given]>([
    [
      "as NAME=VALUE",
      [
        "metaData.confName=Tide",
        "accessControl.meetingPassword=@pw",
        "schedule.startDate=2026-12-01T09:00:00",
        "schedule.duration=30",
        "enableOptions.chat=yes",
        "repeat.repeatType=WEEKLY",
        "repeat.dayInWeek.day=MONDAY",
        "repeat.dayInWeek.day=FRIDAY",
      ],
      { files: { pw: "pier-4\n" } },
    ],
    ["as JSON of a file", ["@request.json"], {}],
    ["as JSON of standard input", ["-"], {}],
  ])("takes a request %s", async (_, words, given) => {
    const request = {
      accessControl: { meetingPassword: "pier-4" },
      metaData: { confName: "Tide" },
      enableOptions: { chat: true },
      schedule: { startDate: "2026-12-01T09:00:00", duration: 30 },
      repeat: { repeatType: "WEEKLY", dayInWeek: { day: ["MONDAY", "FRIDAY"] } },
    };
    const json = JSON.stringify(request);
    const made = await bridgehead(["call", "createmeeting", ...words], {
      stdin: json,
      ...given,
      files: { "request.json": json, ...given.files },
      variables: password(),
    });
    const { meetingkey } = JSON.parse(made.out);
    const found = await bridgehead(["call", "getMeeting", JSON.stringify({ meetingKey: meetingkey })], {
      variables: password(),
    });

    expect(JSON.parse(found.out)).toMatchObject(request);
  });

  test.each([
    ['{"meetingPW": pier-9-pass}', "the request is no JSON"],
    ['{"meetingPW": "pier-9-pass"\n"x"}', "the request is no JSON, at line 2 column 1"],
    ['{"meetingPW": "pier-9-p\ufffdss"}', "the request is no text in UTF-8: save it as such"],
  ])("says where JSON is broken, and nothing of what stands there: %j", async (json, says) => {
    for (const words of [
      ["call", "createMeeting", "@a.json"],
      ["link", "join-meeting", "@a.json"],
    ])
      expect(await bridgehead(words, { files: { "a.json": json } })).toMatchObject({
        code: 1,
        out: "",
        errors: [says],
      });
  });

  test.each([
    [["--all"], /<startFrom>1<.*<maximumNum>100</s],
    [["--all", "--most", "7"], /<startFrom>1<.*<maximumNum>7</s],
    [["--all", "--most", "150", "listControl.startFrom=5"], /<startFrom>5<.*<maximumNum>100</s],
  ])("shows with %j the request of the first page, as it is sent", async (words, page) => {
    const call = ["call", "lstsummaryMeeting", ...words];
    const shown = await bridgehead([...call, "--dry-run"], { variables: password() });
    const [sent = ""] = (await bridgehead(call, { variables: password() })).sent;

    expect(shown).toMatchObject({ code: 0, sent: [], out: expect.stringMatching(page) });
    const flat = (text: string) => text.replace(/^.*?<body>/s, "").replaceAll(/\s+/g, "");
    expect(flat(shown.out)).toBe(flat(sent));
  });

  test("shows a request with a sign for each secret, asks for no password, and sends nothing", async () => {
    const given = { variables: { MEETING: "pier-4", WEBEX_PARTNER_ID: "quay7" } };
    const words = ["--dry-run", "metaData.confName=Tide & time", "accessControl.meetingPassword=env:MEETING"];
    const { out, sent, asked } = await bridgehead(["call", "createMeeting", ...words], given);

    expect([sent, asked]).toEqual([[], []]);
    expect(out).toBe(`POST https://harbour.webex.com/WBXService/XMLService
content-type: text/xml; charset=UTF-8

<?xml version="1.0" encoding="UTF-8"?>
<serv:message xmlns:serv="http://www.webex.com/schemas/2002/06/service" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <header>
    <securityContext>
      <webExID>anna.berg</webExID>
      <password>…</password>
      <siteName>harbour</siteName>
      <partnerID>…</partnerID>
    </securityContext>
  </header>
  <body>
    <bodyContent xsi:type="java:com.webex.service.binding.meeting.CreateMeeting">
      <accessControl>
        <meetingPassword>…</meetingPassword>
      </accessControl>
      <metaData>
        <confName>Tide &amp; time</confName>
      </metaData>
    </bodyContent>
  </body>
</serv:message>`);
  });

  test("what would steer a terminal is written as its code", async () => {
    const { out } = await bridgehead(["call", "createMeeting", "--dry-run", "metaData.confName=a\u009bb\nc\u202e"]);

    expect(out).toContain("<confName>a\\u009bb\\u000ac\\u202e</confName>");
  });

  test("reads all items of a list, and says where these are not all", async () => {
    const all = await bridgehead(["call", "lstsummaryMeeting", "--all"], { variables: password() });
    const one = await bridgehead(["call", "lstsummaryMeeting", "--all", "--most", "1"], { variables: password() });
    const none = await bridgehead(["call", "getMeeting", "--all", "meetingKey=1"], { variables: password() });

    expect(JSON.parse(all.out).length).toBeGreaterThan(0);
    expect(JSON.parse(one.out)).toHaveLength(1);
    expect(none).toMatchObject({ code: 1, errors: ["getMeeting is no list: leave --all out"] });
  });

  test.each([
    [["lstsummaryMeeting", "hostWebExID=site.viewer"], { meeting: [] }],
    [["lstOpenSession"], { services: [] }],
  ])("%j: a list without items is one, too", async ([name = "", ...words], empty) => {
    site.site.run("DELETE FROM sessions");
    const { code, out, errors } = await bridgehead(["call", name, ...words], { variables: password() });

    expect({ code, errors, out: JSON.parse(out) }).toEqual({ code: 0, errors: [], out: empty });
  });

  test.each([
    ["NAME=VALUE", "meetingKey=712475001"],
    ["a text of JSON", '{"meetingKey": "712475001"}'],
    ["a number of JSON", '{"meetingKey": 712475001}'],
  ])("takes digits as %s", async (_, word) => {
    const { out } = await bridgehead(["call", "getMeeting", word], { variables: password() });

    expect(JSON.parse(out).meetingkey).toBe("712475001");
  });

  test("a carriage return comes back as one", async () => {
    const metaData = { agenda: "high\r\nlow\rebb\nflow" };
    const given = { variables: password(), stdin: JSON.stringify({ metaData, meetingkey: seeded.MC }) };
    expect(await bridgehead(["call", "setMeeting", "-"], given)).toMatchObject({ errors: [] });
    const { out } = await bridgehead(["call", "getMeeting", `meetingKey=${seeded.MC}`], given);

    expect(JSON.parse(out)).toMatchObject({ metaData });
  });

  describe("after a failure", () => {
    const create = ["createMeeting", "metaData.confName=Tide"];
    const carried = "createMeeting may have been carried out: look before you repeat it";
    const cutOff = async (_: string, { body }: { readonly body: string }) =>
      new Response(answerXml(site.site, body).slice(0, 200));
    const fails = (code?: string) => async () =>
      Promise.reject(new Error("fetch failed", { cause: Object.assign(new Error("socket"), { code }) }));

    test.each<[string, string[], WebexPorts["fetch"], string]>([
      [
        "a cut answer",
        create,
        cutOff,
        `the answer of the WebEx site is no XML that is accepted: it is cut off; ${carried}`,
      ],
      [
        "a lost connection",
        create,
        fails(),
        `the WebEx site was not reached: fetch failed: socket; check --site; ${carried}`,
      ],
      [
        "no connection",
        create,
        fails("ECONNREFUSED"),
        "the WebEx site was not reached: fetch failed: socket; check --site",
      ],
      [
        "nothing to repeat",
        ["getAPIVersion"],
        cutOff,
        "the answer of the WebEx site is no XML that is accepted: it is cut off",
      ],
    ])("%s: it says whether the request may have been carried out", async (_, words, fetch, said) => {
      const { code, errors } = await bridgehead(["call", ...words], { variables: password(), fetch });

      expect({ code, errors }).toEqual({ code: 1, errors: [said] });
    });

    test.each([
      [create, carried],
      [["getAPIVersion"], "try again later"],
    ])("a site that never answers %j", async (words, advice) => {
      const fetch = () => new Promise<never>(() => {});
      const { errors } = await bridgehead(["call", ...words], { variables: password(), fetch, isLate: true });

      expect(errors).toEqual([`the WebEx site did not answer within 30000 ms; ${advice}`]);
    });
  });

  test("a field of another type is left out, and said", async () => {
    const answer = (text: string) => text.replace(/(<meet:duration>)\d+/, "$1long");
    const { code, out, errors } = await bridgehead(["call", "getMeeting", `meetingKey=${seeded.MC}`], {
      variables: password(),
      fetch: async (_, { body }) => new Response(answer(answerXml(site.site, body))),
    });

    expect({ code, errors }).toEqual({ code: 0, errors: ["left out: schedule.duration must be a whole number"] });
    expect(JSON.parse(out).schedule.duration).toBeUndefined();
  });
});

describe("who asks", () => {
  const words = ["call", "getAPIVersion", "--dry-run"];
  const context = /<securityContext>(.*?)<\/securityContext>/s;
  const shown = async (
    more: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    given: Given = {},
  ) => {
    const { out, errors } = await bridgehead([...words, ...more], { ...given, variables });
    return (
      errors[0] ??
      context
        .exec(out)?.[1]
        ?.replaceAll(/\s+(?=<)/g, "")
        .trim()
    );
  };

  test.each<[readonly string[], Readonly<Record<string, string>>, string]>([
    [[], {}, "<webExID>anna.berg</webExID><password>…</password><siteName>harbour</siteName>"],
    [
      ["--id", "ben.cole", "--site-id", "243585"],
      {},
      "<webExID>ben.cole</webExID><password>…</password><siteID>243585</siteID>",
    ],
    [
      ["--email", "ben@harbour.example"],
      {},
      "<password>…</password><siteName>harbour</siteName><email>ben@harbour.example</email>",
    ],
    [
      [],
      { WEBEX_TICKET: "t" },
      "<webExID>anna.berg</webExID><siteName>harbour</siteName><sessionTicket>…</sessionTicket>",
    ],
    [[], { WEBEX_TOKEN: "t", WEBEX_ID: "" }, "<siteName>harbour</siteName><webExAccessToken>…</webExAccessToken>"],
    [["--anonymous"], { WEBEX_PASSWORD: "p" }, "<siteName>harbour</siteName>"],
    [[], { WEBEX_ID: "" }, "nobody is named: give --id or --email, or set WEBEX_ID; --anonymous asks without a name"],
    [
      [],
      { WEBEX_TICKET: "t", WEBEX_TOKEN: "t" },
      "WEBEX_TICKET and WEBEX_TOKEN are given: a request has only one of them",
    ],
    [
      [],
      { WEBEX_SITE: "" },
      "no site is named: give --site, or set WEBEX_SITE, as acme or https://meet.example.com/acme",
    ],
    [
      ["--site", "http://acme.example/x"],
      {},
      'the site "http://acme.example/x" must begin with https: passwords would be readable on their way',
    ],
  ])("%j and %j", async (options, variables, expected) => {
    expect(await shown(options, variables)).toBe(expected);
  });

  test("the password is that of a file, of a variable, or typed", async () => {
    const right = site.user("anna.berg").password;
    const call = ["call", "getAPIVersion"];

    const ofFile = await bridgehead([...call, "--password-file", "pw"], {
      files: { pw: `${right}\n` },
      variables: { WEBEX_PASSWORD: "wrong" },
    });
    const typed = await bridgehead(call, { typed: right });
    const nobody = await bridgehead(call);
    const wrong = await bridgehead(call, { typed: "sea wall" });

    expect([ofFile.code, typed.code]).toEqual([0, 0]);
    expect(typed.asked).toEqual(["WebEx password: "]);
    expect(nobody).toMatchObject({
      code: 1,
      sent: [],
      errors: ["there is no password: set WEBEX_PASSWORD, or give --password-file"],
    });
    const token = await bridgehead(call, { variables: { WEBEX_TOKEN: "sea wall" } });
    expect(token.errors).toEqual([
      "the WebEx site refused: 030002 Incorrect user or password (check the token, and whose it is)",
    ]);
    expect(wrong).toMatchObject({
      code: 1,
      errors: ["the WebEx site refused: 030002 Incorrect user or password (check the user name and the password)"],
    });
  });
});

test.each([
  [["call", "getAPIVersion", "--password-file", "pw"]],
  [["call", "createMeeting", "accessControl.meetingPassword=@pw"]],
])("no wrong password is sent for want of UTF-8: %j", async (words) => {
  expect(await bridgehead(words, { files: { pw: "p\ufffder" } })).toMatchObject({
    code: 1,
    sent: [],
    errors: ["pw is no text in UTF-8: save it as such"],
  });
});

describe("a secret on the command line is refused, and not repeated", () => {
  test.each([
    [["call", "createMeeting", "accessControl.meetingPassword=pier-4"]],
    [["call", "createMeeting", '{"accessControl": {"meetingPassword": "pier-4"}}']],
    [["call", "reserveLab", "labPassword=pier-4"]],
    [["call", "setOneClickSettings", '{"accessControl": {"sessionPassword": "pier-4"}}']],
    [["link", "join-meeting", "MK=1", "PW=pier-4"]],
    [["link", "join-meeting", '{"MK": "1", "PW": "pier-4"}']],
    [["link", "edit-event", "PW=pier-4"]],
  ])("%j", async (words) => {
    const { code, out, errors, sent } = await bridgehead(words, { variables: password() });

    expect({ code, out, sent }).toEqual({ code: 1, out: "", sent: [] });
    expect(errors.join()).not.toContain("pier-4");
  });
});

describe("what is wrong is one sentence, and exit code 1", () => {
  test.each<[readonly string[], Given, string]>([
    [["call", "getNothing"], {}, 'there is no operation "getNothing"; `bridgehead webex operations` lists all'],
    [
      ["call", "sessioninfo"],
      {},
      'there is no operation "sessioninfo"; there are getSessionInfo, getJoinSessionInfo; `bridgehead webex operations` lists all',
    ],
    [
      ["call", "getMeeting"],
      {},
      "getMeeting: meetingKey is missing; `bridgehead webex operations getMeeting` says what it has",
    ],
    [
      ["call", "getMeeting", "meetingKey=ten"],
      {},
      'getMeeting: meetingKey must be digits, as text (it is "ten"); `bridgehead webex operations getMeeting` says what it has',
    ],
    [
      ["call", "getMeeting", "key=1"],
      {},
      "getMeeting: key is no field here; there are meetingKey; `bridgehead webex operations getMeeting` says what it has",
    ],
    [["call", "getMeeting", "12"], {}, '"12" is neither NAME=VALUE, nor {JSON}, @FILE, or - for standard input'],
    [["call", "getMeeting", "{}", "x=1"], {}, '"x=1" is too much: JSON is given alone'],
    [
      ["call", "getMeeting", "-"],
      { stdin: "[1]" },
      'the request must be an object of JSON, as {"sessionKey": "123456789"}',
    ],
    [["call", "delMeeting", "meetingKey=1", "meetingKey=2"], {}, "meetingKey is given twice"],
    [
      [
        "call",
        "createMeeting",
        "participants.attendees.attendee.person.name=Jo",
        "participants.attendees.attendee.person.name=Kit",
      ],
      {},
      "participants.attendees.attendee.person.name is given twice: NAME=VALUE fills one item of participants.attendees.attendee, and more of them need JSON",
    ],
    [
      ["call", "createMeeting", "metaData.confName=Tide", "metaData=1"],
      {},
      "metaData and metaData.confName are given: one of them is within the other",
    ],
    [
      ["call", "setOneClickSettings", "tide=1", "tide=2"],
      {},
      "tide is given twice: an element that is repeated needs JSON, its values as a list",
    ],
    [["call", "lstsummaryMeeting", "--most", "1"], {}, "--most goes with --all"],
    [
      ["call", "lstOpenSession", "--all"],
      {},
      "lstOpenSession has no pages, and answers with the whole list: leave --all out",
    ],
    [["call", "getMeeting", "@gone.json"], {}, "gone.json: there is no such file or folder"],
    [
      ["call", "createMeeting", "accessControl.meetingPassword=env:GONE"],
      {},
      "accessControl.meetingPassword: the variable GONE is not set",
    ],
    [
      ["call", "createMeeting", "accessControl.meetingPassword=?"],
      { typed: "" },
      "accessControl.meetingPassword: nothing was typed: give accessControl.meetingPassword=@FILE or accessControl.meetingPassword=env:VARIABLE",
    ],
    [
      ["call", "createMeeting", "accessControl.meetingPassword=?"],
      {},
      "accessControl.meetingPassword: there is nobody to ask: give accessControl.meetingPassword=@FILE or accessControl.meetingPassword=env:VARIABLE",
    ],
    [
      ["call", "getAPIVersion"],
      { fetch: async () => Promise.reject(new Error("fetch failed", { cause: new Error("connect ECONNREFUSED.") })) },
      "the WebEx site was not reached: fetch failed: connect ECONNREFUSED; check --site",
    ],
    [
      ["call", "getAPIVersion"],
      { fetch: async () => new Response("<!doctype html><p>Maintenance") },
      "the WebEx site answered with an HTML page instead of XML; check the address of its XML API",
    ],
    [
      ["link", "schedule"],
      {},
      'there is no command "schedule"; there are schedule-event, schedule-support-session, schedule-meeting, lab-schedule; `bridgehead webex commands` lists all',
    ],
    [["link", "aa"], {}, '"aa" is several commands: add-attendees, add-contacts'],
    [["link", "jm", "MK=1", "MK=2"], {}, "MK is given twice"],
    [
      ["link", "sm", "DU=ten"],
      {},
      'DU of schedule-meeting must be a whole number from 1 (it is "ten"); `bridgehead webex commands schedule-meeting` says what it has',
    ],
    [
      ["read", "somewhere"],
      {},
      "the result must be the whole URL that the browser was sent to; in a shell, put it in quotation marks",
    ],
    [["read", "https://a.example/", "--back-url", "https://a.example/"], {}, "--back-url goes with --command"],
  ])("%j", async (words, given, expected) => {
    const { code, out, errors } = await bridgehead(words, { variables: password(), ...given });

    expect({ code, out, errors }).toEqual({ code: 1, out: "", errors: [expected] });
  });
});

describe("link", () => {
  test("prints a link, by name or code, with the values encoded", async () => {
    const { out } = await bridgehead(["link", "JM", "MK=712475001", "AN=Jörg & Co"]);

    expect(out).toBe("https://harbour.webex.com/harbour/m.php?AT=JM&MK=712475001&AN=J%C3%B6rg%20%26%20Co");
  });

  test("of a log-in is a form with the password of the environment, and tells so", async () => {
    const given = { variables: { WEBEX_PASSWORD: "sea & wall", WEBEX_PARTNER_ID: "quay7" } };
    const words = ["link", "log-in", "MU=GoBack", "BU=https://portal.example/"];

    const refused = await bridgehead(words, given);
    const made = await bridgehead([...words, "--form", "log-in.html"], given);
    const shown = await bridgehead([...words, "--dry-run"], given);

    expect(refused).toMatchObject({ code: 1, out: "", errors: [expect.stringContaining("with --form FILE")] });
    expect(made.written["log-in.html"]).toContain('name="PW" value="sea &#38; wall"');
    expect(made.out).toBe("wrote log-in.html: open it in a browser, and press its button");
    expect(made.errors).toEqual(["it holds a secret: delete it afterwards"]);
    expect(shown.out).toBe(`POST https://harbour.webex.com/harbour/p.php
content-type: application/x-www-form-urlencoded

AT=LI
WID=anna.berg
PW=…
PID=…
MU=GoBack
BU=https://portal.example/`);
  });

  test("takes JSON of a file with a secret", async () => {
    const files = { "join.json": '{"MK": "712475001", "PW": "pier-4", "AN": "Jo"}' };
    const { out } = await bridgehead(["link", "join-meeting", "@join.json", "--form", "-"], { files });

    expect(out).toContain('<input type="hidden" name="PW" value="pier-4">');
  });

  test("takes the meeting number as a number of JSON", async () => {
    const { out } = await bridgehead(["link", "join-meeting", '{"MK": 712475001}']);

    expect(out).toBe("https://harbour.webex.com/harbour/m.php?AT=JM&MK=712475001");
  });

  test("says that it holds a log-in's token", async () => {
    const words = ["link", "delete-meeting", "MK=712475001", "CSRF=tok"];
    const printed = await bridgehead(words);
    const page = await bridgehead([...words, "--form", "-"]);

    expect(printed).toMatchObject({
      code: 0,
      out: "https://harbour.webex.com/harbour/m.php?AT=DM&MK=712475001&CSRF=tok",
      errors: ["the link holds the log-in's token, CSRF: give it to nobody else, or make a form with --form FILE"],
    });
    expect(page).toMatchObject({ code: 0, errors: [] });
  });
});

describe("read", () => {
  test("the result of a back URL", async () => {
    const url = "https://portal.example/?AT=SM&ST=SUCCESS&MK=712475008";
    const { code, out } = await bridgehead(["read", url, "--command", "schedule-meeting"]);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ status: "success", at: "SM", data: { MK: "712475008" }, more: {} });
  });

  test("a failure says why and what to do", async () => {
    const { code, out, errors } = await bridgehead(["read", "-"], {
      stdin: "https://portal.example/?AT=LI&ST=FAIL&RS=BadWebexIDorPassword\n",
    });

    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ status: "failure", reason: "wrong-id-or-password" });
    expect(errors).toEqual([
      "AT=LI failed (BadWebexIDorPassword): WebEx id and password do not belong together, or there is no such account; check both",
    ]);
  });

  test("that what was asked is not allowed is no log-in, or more", async () => {
    const { errors } = await bridgehead(["read", "https://portal.example/?AT=JM&ST=FAIL&RS=AccessDenied"]);

    expect(errors).toEqual([
      "AT=JM failed (AccessDenied): not logged in, or not allowed (another's meeting, wrong password, locked, CSRF of another log-in); log in again, since a log-in lapses after 30 minutes; check MK, PW and CSRF; or ask the host",
    ]);
  });

  test("the document of list-open-meetings", async () => {
    const files = {
      open: "<ListOpenMeetings><Status>SUCCESS</Status><MeetingKeys>12;34</MeetingKeys></ListOpenMeetings>",
    };

    expect(JSON.parse((await bridgehead(["read", "@open"], { files })).out).meetingKeys).toEqual(["12", "34"]);
  });
});

test("session tells what is shown, what needs the password, what there is none of, and what never is", async () => {
  const own = await bridgehead(["session", String(seeded.MC)], { variables: password() });
  const everybodys = await bridgehead(["session", String(seeded.MC), "--anonymous"]);
  const byPassword = await bridgehead(["session", String(seeded.MC), "--anonymous", "--json"], {
    variables: { WEBEX_SESSION_PASSWORD: "pier-9-pass" },
  });

  expect(own.out).toContain("telephony.participantAccessCode    4711001");
  expect(own.out).toContain("accessControl.registrationURL      has none");
  expect(own.out).toContain("AutoDialInSequence\n  a telephone keys 14085550142,,*00*4711001#,,,[AttendeeID]#");
  expect(everybodys.out).toContain("telephony.participantAccessCode    needs the session's password");
  expect(everybodys.out).toContain("a meeting never has presenter, ");
  expect(JSON.parse(byPassword.out)).toMatchObject({
    mode: "password",
    elements: { "metaData.agenda": { is: "given", value: "Berths of the week" } },
  });
});

test("session shows a number with signs between its digits as a telephone keys it", async () => {
  site.site.run("UPDATE tsp_accounts SET toll = '+1 (408) 555-0142' WHERE toll = '14085550142'");

  const { out } = await bridgehead(["session", String(seeded.MC)], { variables: password() });

  expect(out).toContain("telephony.callInNum");
  expect(out).toContain("AutoDialInSequence\n  a telephone keys +14085550142,,*00*4711001#,,,[AttendeeID]#");
});

test("session shows its request with a sign for each secret, and sends nothing", async () => {
  const variables = { ...password(), WEBEX_SESSION_PASSWORD: "pier-9-pass" };
  const { code, out, sent } = await bridgehead(["session", String(seeded.MC), "--dry-run"], { variables });

  expect({ code, sent }).toEqual({ code: 0, sent: [] });
  expect(out).toContain(`<sessionKey>${seeded.MC}</sessionKey>\n      <sessionPassword>…</sessionPassword>`);
  expect(out).not.toMatch(/pier-9/);
});

test.each(["", "call", "session", "link", "read", "operations", "commands"])(
  "webex %s --help fits a terminal",
  (name) => {
    const program = new Command("bridgehead").configureOutput({ getOutHelpWidth: () => 80 });
    addWebex(program, {} as WebexPorts);
    const webex = program.commands[0];
    const command = name === "" ? webex : webex?.commands.find((each) => each.name() === name);
    let text = "";
    command?.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 });
    command?.outputHelp();

    expect(text).toContain("Usage: bridgehead webex");
    expect(text.split("\n").filter((line) => line.length > 80 || line.endsWith(" "))).toEqual([]);
  },
);

describe("help is made from the tables, 80 columns wide", () => {
  test.each(["operations", "commands"])("%s", async (list) => {
    const names = list === "operations" ? Object.keys(operations) : commandNames;
    const all = await bridgehead([list]);

    expect(names.filter((name) => !all.out.includes(`\n${name} `))).toEqual([]);
    for (const name of names) {
      const { code, out } = await bridgehead([list, name]);
      expect({ code, first: out.split("\n")[0] }).toEqual({ code: 0, first: name });
      expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
      expect(JSON.parse((await bridgehead([list, name, "--json"])).out)).toBeTypeOf("object");
    }
  });
});

/** `bridgehead webex …` of a page, with what it prints. */
const page = readFileSync("docs/webex.md", "utf8");
const examples = [...page.matchAll(/^```sh webex\n\$ bridgehead webex (.*)\n([\s\S]*?)```$/gm)];

test("docs/webex.md has examples", () => {
  expect(examples.length).toBeGreaterThan(5);
});

test.each(examples.map(([, command = "", output = ""]) => ({ command, output })))(
  "docs/webex.md: $command",
  async ({ command, output }) => {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word = ""]) => quoted ?? word);
    const { code, out } = await bridgehead(words, { variables: password() });

    expect(code).toBe(0);
    expect(`${out}\n`).toBe(output);
  },
);
