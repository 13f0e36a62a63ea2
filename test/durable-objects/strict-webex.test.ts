import { XMLParser } from "fast-xml-parser";
import { expect, test } from "vitest";
import { event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, callerLeft, muteCaller, request } from "./conference-world.ts";

/** A call as the guide's examples have it; those of a caller's entry and change are the only long ones. */
const call = ["MsgID", "ExtConfID", "ExtCallID"];
const caller = [...call, "ParticipantType", "DID", "ActionCode", "ActionResult"];
const answer = ["MsgID", "Result"];

/** What a WebEx knows that was built after the guide's examples and text, and refuses anything else. */
const attributes: Readonly<Record<string, readonly string[]>> = {
  A2W_RspCreateConference: answer,
  A2W_RspUpdateConference: answer,
  A2W_RspCloseConference: answer,
  A2W_RspCallout: answer,
  A2W_RspCancelCallout: answer,
  A2W_RspUpdateUser: answer,
  A2W_RspDropUser: answer,
  A2W_RspCreateSubConference: answer,
  A2W_RspAddToSubConference: answer,
  A2W_RspRemoveFromSubConference: answer,
  A2W_RspCloseSubConference: answer,
  A2W_RspMessageError: [...answer, "ErrMsg"],
  A2W_NotifyConferenceChange: ["MsgID", "ExtConfID", "Status"],
  A2W_NotifyUserEnter: [...caller, "WbxHostName", "AttendeeID"],
  A2W_NotifyUserChange: [...caller, "Status", "AttendeeID"],
  A2W_NotifySpeakingStatus: ["MsgID", "ExtConfID", "ExtCallIDs", "SpeakingFlags"],
  A2W_NotifySubConferenceChange: ["MsgID", "ExtConfID", "SubConfID", "Status"],
  A2W_NotifySubConfCallChange: [...call, "SubConfID", "ActionFlag"],
};
const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "", preserveOrder: true });

type Node = Readonly<Record<string, unknown>> & { readonly ":@"?: Readonly<Record<string, string>> };

function messagesIn(body: string): { element: string; names: string[] }[] {
  const [root] = parser.parse(body) as [{ WbxTSPSchema: Node[] }];
  return root.WbxTSPSchema.map((node) => ({
    element: Object.keys(node).find((name) => name !== ":@") ?? "",
    names: Object.keys(node[":@"] ?? {}),
  })).filter(({ element }) => element !== "TransID");
}

/** Why this WebEx refuses a document; `null`: it takes it. */
function refusal(body: string): string | null {
  const messages = messagesIn(body);
  for (const { element, names } of messages) {
    const unknown = names.find((name) => !attributes[element]?.includes(name));
    if (unknown !== undefined) return `${element} has ${unknown}`;
  }
  return null;
}

/** A meeting with one of each answer; what this WebEx refuses of it. */
async function refusalsOf(protocol: object = {}): Promise<{ refused: string[]; posted: string[] }> {
  const world = new ConferenceWorld();
  world.domain = testDomain({ protocol });
  const refused: string[] = [];
  world.answer = ({ transId, body }) => {
    const why = refusal(body);
    if (why !== null) refused.push(why);
    return world.confirmed(transId, why === null ? "ok" : "wrong-type");
  };
  let requests = 0;
  const ask = async (...messages: object[]) => {
    const whole = messages.map((message) => request("", { msgId: `m-${++requests}`, ...message }));
    await world.received(`t-${requests}`, ...whole);
    await world.allDone();
    await world.time.pass(100);
  };
  const report = (happened: object) => world.reported(event(happened));

  await world.running(2);
  const phone = { country: "1", area: "408", local: "5550123", extension: "" };
  await ask({ type: "call-out", extCallId: "o-1", privilege: "speak", joinMode: "private-talk", phone });
  await report({ type: "call-answered", call: world.dialled });
  for (let step = 0; step < 4; step += 1) await world.allDone();
  await ask({ type: "update-conference", action: "add-to-main", extCallId: "o-1" });
  await ask(muteCaller("1001"), { type: "update-conference", action: "report-speakers" });
  await report({ type: "speaking-changed", call: "c1", speaking: true });
  await report({ type: "attendee-identified", id: "keyed", call: "c1", attendeeId: "444" });
  await ask({ type: "create-sub-conference", subConfId: "s1" });
  await ask({ type: "add-to-sub-conference", subConfId: "s1", extCallId: "1001" });
  await ask({ type: "remove-from-sub-conference", subConfId: "s1", extCallId: "1001" });
  await ask({ type: "close-sub-conference", subConfId: "s1" }, { type: "unknown", element: "W2A_New" });
  await ask({ type: "cancel-call-out", extCallId: "no-such" }, { type: "drop-caller", extCallId: "1002" });
  await world.reported(callerEntered(2), callerLeft(0));
  await ask({ type: "close-conference" });
  await world.time.pass(10_000);
  return { refused, posted: world.posted.map(({ body }) => body) };
}

test("sends only attributes of the guide's examples (protocol 2.3.1)", async () => {
  const { refused, posted } = await refusalsOf();

  expect(refused).toEqual([]);
  const sent = new Set(posted.flatMap(messagesIn).map(({ element }) => element));
  expect(Object.keys(attributes).filter((element) => !sent.has(element))).toEqual([]);
  // The guide asks for this text (protocol T24).
  expect(posted.join()).toContain('ErrMsg="unknown msg received"');
});

test("`silent` switches off each answer by name (protocol 2.3.1)", async () => {
  const silent = Object.keys(attributes).filter((element) => element.startsWith("A2W_Rsp"));
  const { posted } = await refusalsOf({ silent });

  expect(posted.flatMap(messagesIn).filter(({ element }) => silent.includes(element))).toEqual([]);
});
