import { readFileSync } from "node:fs";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addWebex, type WebexPorts } from "../../cli/webex.ts";
import { answerXml } from "../../simulators/webex-site/xml-service.ts";
import { plainTerminal } from "../../src/foundation/table.ts";
import { commandNames } from "../../src/webex/url-api/commands.ts";
import { operations } from "../../src/webex/xml-api/operations.ts";
import { noon, SiteOnTest, seeded } from "../webex/site/site-on-test.ts";
import { noTimers } from "../webex/together/site-fetch.ts";

let site: SiteOnTest;
beforeEach(() => {
  site = new SiteOnTest();
});
afterEach(() => site.site.close());

interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly typed?: string | null;
  readonly fetch?: WebexPorts["fetch"];
  readonly width?: number;
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
    timers: noTimers,
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
    expect(none).toMatchObject({ code: 1, errors: ["getMeeting cannot be read in pages: leave --all out"] });
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
    expect(wrong).toMatchObject({
      code: 1,
      errors: ["the WebEx site refused: 030002 Incorrect user or password (check the user name and the password)"],
    });
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
    [["call", "getMeeting", "@gone.json"], {}, "gone.json: there is no such file or folder"],
    [
      ["call", "createMeeting", "accessControl.meetingPassword=env:GONE"],
      {},
      "accessControl.meetingPassword: the variable GONE is not set",
    ],
    [
      ["call", "createMeeting", "accessControl.meetingPassword=?"],
      {},
      "accessControl.meetingPassword: there is nobody to ask: give accessControl.meetingPassword=@FILE or accessControl.meetingPassword=env:VARIABLE",
    ],
    [
      ["call", "getAPIVersion"],
      { fetch: async () => Promise.reject(new Error("fetch failed", { cause: new Error("connect ECONNREFUSED") })) },
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
  expect(own.out).toContain("AutoDialInSequence        14085550142,,*00*4711001#,,,[AttendeeID]#");
  expect(everybodys.out).toContain("telephony.participantAccessCode    needs the session's password");
  expect(everybodys.out).toContain("a meeting never has presenter, ");
  expect(JSON.parse(byPassword.out)).toMatchObject({
    mode: "password",
    elements: { "metaData.agenda": { is: "given", value: "Berths of the week" } },
  });
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
