import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { getSessionInfo } from "../client/session-info.ts";
import { urlCommand } from "../client/url-api.ts";
import { buildRequest, XmlApi } from "../client/xml-api.ts";
import { operationNamed, operations } from "../tables/operations.ts";
import { read } from "../wire/codec.ts";
import { readRequest } from "../wire/message.ts";
import { parseXml, type XmlElement } from "../wire/xml.ts";
import { noon, noTimers, siteNamed } from "./kit.ts";

const golden = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), "utf8");
const acme = siteNamed("XYZ_Corp");

function parsed(text: string): XmlElement {
  const root = parseXml(text);
  if (!root.ok) throw new Error(JSON.stringify(root.error));
  return root.value;
}

/** Returns the context and the values of a request. */
function requestIn(text: string) {
  const request = readRequest(parsed(text));
  if (!request.ok) throw new Error(request.error);
  const [asked] = request.value.asked;
  const operation = operationNamed(asked?.binding ?? "");
  if (!asked || operation?.request === undefined) throw new Error("no such operation");
  const values = read(asked.element, { of: operation.request }, "strict");
  return { context: request.value.context, name: operation.name, values: values.ok && values.value.values };
}

/** Returns the elements without spaces and comments between them. */
function shape({ name, children, text, type }: XmlElement): unknown {
  return children.length === 0 ? [name, text.trim()] : [name, type, ...children.map(shape)];
}

test("the site reads the documents' request for GetSessionInfo", () => {
  expect(requestIn(golden("session-info-request.xml"))).toEqual({
    context: { siteName: "demosite", webExID: "demouser", password: "P@ssw0rd" },
    name: "getSessionInfo",
    values: { sessionKey: "12345678" },
  });
});

test("the client writes the documents' request for GetSessionInfo", () => {
  const credentials = {
    form: "password",
    site: { siteName: "demosite" },
    user: { webExId: "demouser" },
    password: "P@ssw0rd",
  } as const;
  const built = buildRequest(operations.getSessionInfo, { sessionKey: "12345678" }, credentials);
  const ours = parsed(built.ok ? built.value.body : "");
  const sorted = (text: unknown) =>
    JSON.stringify(text)
      .split(/[[\],]+/)
      .toSorted();

  // The documents order the elements of the context differently from the schema.
  expect(sorted(shape(ours))).toEqual(sorted(shape(parsed(golden("session-info-request.xml")))));
});

test("the client reads the documents' answer to GetSessionInfo", async () => {
  const credentials = { form: "password", site: { siteName: "x" }, user: { webExId: "x" }, password: "x" } as const;
  const fetch = async () => new Response(golden("session-info-answer.xml"));
  const api = new XmlApi({ site: acme, credentials }, { fetch, timers: noTimers, now: () => noon });
  const info = await getSessionInfo(api, { sessionKey: "712475980" });
  if (!info.ok) throw new Error(JSON.stringify(info.error));
  const { service, mode, wrong, answer, elements } = info.value;

  expect({ service, mode, wrong }).toEqual({ service: "MC", mode: "member", wrong: [] });
  expect(answer).toMatchObject({
    status: "NOT_INPROGRESS",
    isLocked: false,
    sessionkey: "712475980",
    confID: "112354352425862187",
    accessControl: { sessionPassword: "C!sco!23", listStatus: "PUBLIC", passwordReq: true },
    metaData: { confName: "XML_AutoRecord_002", sessionType: 3, seriesMeetingKey: "0" },
    telephony: { telephonySupport: "CALLBACK", callInNum: { tollNum: "14085452910" }, enableTSP: false },
    schedule: { startDate: "2018-11-28T10:10:10", duration: 20, timeZoneID: 4, openTimeInSec: 300 },
    hostKey: "260806",
    sipURL: "712475980@sqdemo6.dmz.webex.com",
    isAutoRecord: false,
  });
  expect(elements.presenter).toEqual({ is: "never" });
  expect(elements["host.alternateHost"]).toEqual({ is: "absent" });
});

test("the site reads the documents' request for a join URL", () => {
  expect(requestIn(golden("join-url-request.xml"))).toEqual({
    context: { webExID: "hostid", password: "hostpassword", siteID: "0000", partnerID: "9999" },
    name: "getjoinurlMeeting",
    values: { meetingKey: "48591508", attendeeName: "James Kirk" },
  });
});

test("the client writes the documents' log-in, log-out and host-meeting URLs", () => {
  const BU = "http://www.xyz.com/mypage.html";
  const meeting = { MK: "48591508", AS: "1", AH: "2", AL: "3", AP: "4", DL: "5", WL: "6", BU };

  const commands = [
    urlCommand(acme, "log-out", {}),
    urlCommand(acme, "log-out", { BU }),
    urlCommand(acme, "host-meeting", meeting),
    urlCommand(acme, "log-in", { WID: "demouser", PW: "P@ssw0rd", MU: "GoBack" }),
  ];

  const written = commands.map((made) => {
    if (!made.ok) return made.error;
    const { link, form } = made.value;
    return link.ok ? link.value : `${form.url} ${form.body}`;
  });
  expect(`${written.join("\n")}\n`).toBe(golden("urls.txt"));
});
