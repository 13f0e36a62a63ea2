import { Command } from "commander";
import { beforeEach, describe, expect, test } from "vitest";
import type { WebexPorts } from "../command/run.ts";
import { addWebex } from "../command/webex.ts";
import { plainTerminal } from "../doors/foundation.ts";
import { answerXml } from "../site/xml-service.ts";
import { operations } from "../tables/operations.ts";
import { commands } from "../tables/url.ts";
import { keys, noon, noTimers, TestSite } from "./kit.ts";

let site: TestSite;
beforeEach(() => {
  site = new TestSite();
});

interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly typed?: string | null;
  readonly width?: number;
}

async function webex(words: readonly string[], given: Given = {}) {
  const out: string[] = [];
  const errors: string[] = [];
  const asked: string[] = [];
  let code = 0;
  const ports: WebexPorts = {
    variables: {
      WEBEX_SITE: "harbour",
      WEBEX_ID: "anna.berg",
      WEBEX_PASSWORD: site.password("anna.berg"),
      ...given.variables,
    },
    fetch: async (_, { body }) => new Response(answerXml(site.site, body)),
    timers: noTimers,
    now: () => noon,
    begin: () => {},
    terminal: () => ({ ...plainTerminal, width: given.width ?? 120 }),
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
  return { code, out: out.join("\n"), errors, asked };
}

const json = (out: string) => JSON.parse(out);

describe("call", () => {
  test("prints the answer as JSON", async () => {
    const { code, out, errors } = await webex(["call", "getMeeting", `meetingKey=${keys.MC}`]);

    expect({ code, errors }).toEqual({ code: 0, errors: [] });
    expect(json(out)).toMatchObject({ meetingkey: keys.MC, metaData: { confName: "Berth planning" } });
  });

  test.each<[words: readonly string[], given: Given, shown: object]>([
    [["call", "MEETING.GETMEETING", `{"meetingKey": ${keys.MC}}`], {}, { status: "NOT_INPROGRESS" }],
    [
      ["call", "getMeeting", "@r.json"],
      { files: { "r.json": `{"meetingKey": "${keys.MC}"}` } },
      { status: "NOT_INPROGRESS" },
    ],
    [["call", "getMeeting", "-"], { stdin: `{"meetingKey": "${keys.MC}"}` }, { status: "NOT_INPROGRESS" }],
    [
      ["call", "lstsummaryMeeting", "listControl.startFrom=1", "order.orderBy=CONFNAME", "order.orderBy=STARTTIME"],
      {},
      { matchingRecords: { total: 1 } },
    ],
    [["call", "lstsummaryMeeting", "hostWebExID=site.viewer"], {}, { meeting: [] }],
    [
      [
        "call",
        "createMeeting",
        "metaData.confName=Tide",
        "accessControl.meetingPassword=env:PW",
        "enableOptions.chat=yes",
      ],
      { variables: { PW: "Gull-77" } },
      { meetingkey: "712475008" },
    ],
    [
      ["call", "createMeeting", "metaData.confName=Tide", "accessControl.meetingPassword=@pw"],
      { files: { pw: "Gull-77\n" } },
      { meetingkey: "712475008" },
    ],
    [
      ["call", "createMeetingAttendee", `sessionKey=${keys.MC}`, "person.name=Jo", "person.email=jo@x.example"],
      {},
      { attendeeId: ["9"] },
    ],
    [["call", "getAPIVersion", "--anonymous"], {}, { apiVersion: "XML API 11.9.0" }],
  ])("%j", async (words, given, shown) => {
    const { out, errors } = await webex(words, given);

    expect(errors).toEqual([]);
    expect(json(out)).toMatchObject(shown);
  });

  test("--all prints every item", async () => {
    const { out } = await webex(["call", "lstsummaryUser", "--all", "--id", "site.admin"], {
      variables: { WEBEX_PASSWORD: site.password("site.admin") },
    });

    expect(json(out)).toHaveLength(4);
  });

  test("--dry-run prints the request without asking for secrets", async () => {
    const words = [
      "call",
      "createMeeting",
      "metaData.confName=Tide",
      "accessControl.meetingPassword=env:PW",
      "--dry-run",
    ];
    const { out, asked } = await webex(words, { variables: { PW: "Gull-77", WEBEX_PASSWORD: "" } });

    expect(out).toContain("POST https://harbour.webex.com/WBXService/XMLService");
    expect(out).toContain("        <meetingPassword>…</meetingPassword>");
    expect(out).toContain("<password>…</password>");
    expect(out).not.toContain("Gull-77");
    expect(asked).toEqual([]);
  });

  test.each<[words: readonly string[], given: Given, says: string]>([
    [["call", "getMeting"], {}, 'there is no operation "getMeting"'],
    [
      ["call", "getMeeting"],
      {},
      "getMeeting: meetingKey is missing; `bridgehead webex operations getMeeting` lists its fields",
    ],
    [["call", "getMeeting", "meetingKey=1"], {}, "the WebEx site refused: 060001 Corresponding Meeting not found"],
    [["call", "getMeeting", "712475001"], {}, '"712475001" is neither NAME=VALUE'],
    [["call", "getMeeting", "meetingKey=1", "meetingKey=2"], {}, "meetingKey is given twice"],
    [["call", "getMeeting", "{"], {}, "the request is not JSON"],
    [["call", "getMeeting", "[]"], {}, "is neither NAME=VALUE"],
    [["call", "getMeeting", "@no.json"], {}, "no.json: no such file or folder"],
    [["call", "getMeeting", "--all"], {}, "getMeeting is not a list"],
    [
      ["call", "createMeeting", "accessControl.meetingPassword=Gull-77"],
      {},
      "accessControl.meetingPassword is a secret: on the command line everybody",
    ],
    [
      ["call", "createMeeting", '{"accessControl":{"meetingPassword":"Gull-77"}}'],
      {},
      "the request contains a secret: on the command line everybody",
    ],
    [
      ["call", "getMeeting", "meetingKey=1"],
      { variables: { WEBEX_PASSWORD: "x" } },
      "(check the user name and the password)",
    ],
    [
      ["call", "getMeeting", "meetingKey=1"],
      { variables: { WEBEX_TICKET: "t" } },
      "WEBEX_PASSWORD and WEBEX_TICKET are set",
    ],
    [["call", "getMeeting", "meetingKey=1"], { variables: { WEBEX_PASSWORD: "" } }, "no password"],
    [["call", "getMeeting", "meetingKey=1"], { variables: { WEBEX_ID: "" } }, "no user"],
    [["call", "getMeeting", "meetingKey=1"], { variables: { WEBEX_SITE: "" } }, "no site"],
    [["call", "ep.LstRecording"], {}, "the WebEx site refused: 000000"],
  ])("refuses %j", async (words, given, says) => {
    const { code, out, errors } = await webex(words, given);

    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(errors.join("\n")).toContain(says);
    expect(errors.join("\n")).not.toContain("Gull-77");
  });
});

test("session shows elements, hidden elements and dial-in sequences", async () => {
  const { out } = await webex(["session", keys.MC]);

  expect(out).toContain("a meeting, as its host or attendees see it");
  expect(out).toMatch(/metaData\.confName +Berth planning/);
  expect(out).toMatch(/AutoDialInSequence +14085550142,,\*00\*4711001#,,,\[AttendeeID\]#/);
  expect(out).toContain("never shown: presenter,");
  expect((await webex(["session", keys.MC, "--anonymous"])).out).toMatch(
    /telephony\.callInNum +needs the session's password/,
  );
  expect(json((await webex(["session", keys.AO, "--json"])).out)).toMatchObject({ service: "AO", mode: "member" });
  expect(
    (await webex(["session", keys.MC, "--session-password-file", "pw", "--dry-run"], { files: { pw: "x" } })).out,
  ).toContain("<sessionPassword>…<");
});

describe("link", () => {
  test.each<[words: readonly string[], out: string]>([
    [
      ["link", "join-meeting", "MK=712475001", "AN=Jo Kerr"],
      "https://harbour.webex.com/harbour/m.php?AT=JM&MK=712475001&AN=Jo%20Kerr",
    ],
    [["link", "hm", "MK=1", "--dry-run"], "GET https://harbour.webex.com/harbour/m.php?AT=HM&MK=1"],
    [
      ["link", "log-in", "MU=GoBack", "--dry-run"],
      "POST https://harbour.webex.com/harbour/p.php\ncontent-type: application/x-www-form-urlencoded\n\nAT=LI\nWID=anna.berg\nPW=…\nMU=GoBack",
    ],
  ])("%j", async (words, out) => {
    expect(await webex(words)).toMatchObject({ code: 0, errors: [], out });
  });

  test.each<[words: readonly string[], says: string]>([
    [["link", "log-in"], "PW is a secret, and logs keep links: send log-in as a form"],
    [["link", "join-meeting"], "join-meeting needs MK"],
    [["link", "schedule-meeting", "LF=maybe"], "LF of schedule-meeting must be 1 or 0"],
    [["link", "join-meeting", "MK=1", "PW=Gull-77"], "PW is a secret: on the command line everybody"],
    [["link", "AA"], '"AA" means several commands: add-attendees, add-contacts'],
    [["link", "open-gate"], 'there is no command "open-gate"'],
  ])("refuses %j", async (words, says) => {
    const { code, errors } = await webex(words);

    expect(code).toBe(1);
    expect(errors.join("\n")).toContain(says);
  });

  test("warns about a link that contains a log-in token", async () => {
    expect((await webex(["link", "list-meetings", "CSRF=x"])).errors).toEqual([
      "the link contains CSRF, the log-in's token: keep it secret",
    ]);
  });
});

describe("provisioning", () => {
  const domain = { adapterSecrets: ["q3J8xWm0ZbV5tYk2a"], webex: { hosts: ["*.webex.com"] } };
  const files = { "domains.json": `{ "local": ${JSON.stringify(domain)} } // one domain` };
  const words = ["provisioning", "--settings", "domains.json", "--domain", "local", "--id", "site.admin"];
  const variables = () => ({ WEBEX_PASSWORD: site.password("site.admin") });

  test("prints the differences between a domain and its site", async () => {
    const { code, out, errors } = await webex([...words, "--number", "14085550142"], { files, variables: variables() });

    expect({ code, errors }).toEqual({ code: 1, errors: ["compared the site and 4 users: 10 differences"] });
    expect(out).toContain("site: The site's primary adaptor URL is http://127.0.0.1:8787/tsp/local, not this domain's");
    expect(out).toContain("user ben.cole, account 1: Its toll number");
    expect(out).not.toMatch(/q3J8xWm0|4711001/);
  });

  test.each<[words: readonly string[], says: string]>([
    [["provisioning", "--settings", "no.json", "--domain", "local"], "no.json: no such file"],
    [["provisioning", "--settings", "domains.json", "--domain", "other"], 'domains.json has no domain "other"'],
    [[...words, "--edge-url", "tsp.example.com"], "--edge-url must be an address such as https://tsp.example.com"],
    [[...words, "--edge-url", "http://tsp.example.com"], "--edge-url must be an address"],
    [[...words, "--edge-url", "https://tsp.example.com/tsp/acme"], "--edge-url must be an address"],
    [[...words, "--number", "+1-408"], '--number must be digits, such as 14085550142 (it is "+1-408")'],
  ])("refuses %j", async (given, says) => {
    expect((await webex(given, { files })).errors.join()).toContain(says);
  });
});

describe("help", () => {
  test("lists every operation and command", async () => {
    const operationsText = (await webex(["operations"])).out;
    const commandsText = (await webex(["commands"])).out;

    expect(Object.keys(operations).filter((name) => !operationsText.includes(`${name} `))).toEqual([]);
    expect(Object.keys(commands).filter((name) => !commandsText.includes(`${name} `))).toEqual([]);
    expect(operationsText).toContain("ep.LstRecording");
  });

  test("shows the fields of an operation and the arguments of a command", async () => {
    expect((await webex(["operations", "getjoinurlMeeting"])).out).toContain("needs meetingKey or sessionKey");
    expect((await webex(["operations", "ep.LstRecording"])).out).toContain("any elements");
    expect((await webex(["commands", "schedule-meeting"])).out).toMatch(/DU +length in minutes, a number from 1/);
    expect((await webex(["commands", "log-in"])).out).toContain("needs one of PW, TK");
  });
});
