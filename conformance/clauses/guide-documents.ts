import { updateActions } from "../messages.ts";
import type { Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Posted } from "../player/traffic.ts";
import { type Element, element, type Message } from "../xml.ts";
import { documented, GUIDE, inferred } from "./clause.ts";
import { privateTalk } from "./private-talk.ts";

const first = `${GUIDE}, HTTP Transaction and API Messages: the example`;
const silent = `${GUIDE}, Silent Join: the example of a call-out`;
const invite = `${GUIDE}, TSP Invite by Phone: the example of a call-out`;
const added = `${GUIDE}, TSP Invite by Phone: the example of an update`;
const speaking = `${GUIDE}, Identify Active Speaker: the examples`;

/** As the guide lays its examples out: a line for each element, and several for the attributes. */
function inLines(transId: string, messages: readonly Message[]): string {
  return laidOut(transId, messages, "\n", "\n");
}

/** As the guide lays one of them out: all in a row, a blank between two elements. */
function inARow(transId: string, messages: readonly Message[]): string {
  return laidOut(transId, messages, " ", " ");
}

function laidOut(transId: string, messages: readonly Message[], afterName: string, between: string): string {
  const written = ({ name, attributes, children = [] }: Message): string => {
    const pairs = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : `${key}="${value}"`,
    );
    const lines = [pairs.slice(0, 3), pairs.slice(3)].filter(({ length }) => length > 0).map((line) => line.join(" "));
    const inner = children.map(writtenChild);
    const startTag = [`<${name}`, ...lines].join(afterName);
    return [`${startTag}>`, ...inner, `</${name}>`].join(between);
  };
  const writtenChild = ({ name, text, children }: Element): string =>
    children.length === 0
      ? `<${name}>${text}</${name}>`
      : [`<${name}>`, ...children.map(writtenChild), `</${name}>`].join(between);
  const root = '<WbxTSPSchema Name="WTSPDOM" Version="1.0">';
  return [root, `<TransID>${transId}</TransID>`, ...messages.map(written), "</WbxTSPSchema>"].join(between);
}

/** Posts messages in this layout, after a change of the text. */
async function postsLaidOut(
  stage: Stage,
  messages: readonly Message[],
  layout: typeof inLines,
  change: (text: string) => string = (text) => text,
): Promise<Posted> {
  const transId = stage.webex.ids(1).transId();
  const text = change(layout(transId, messages.map(stage.webex.renames.out)));
  for (const { attributes } of messages) stage.webex.ownRequest(attributes.MsgID ?? "", stage);
  return stage.postText(text, { transId, messages });
}

/** As the example has it, with values of our own. */
async function silentCallout(conference: Conference): Promise<Message> {
  const number = await conference.stage.people.number("answer");
  const attributes = { Privilege: "1", MaxWaitingTime: "45", ParticipantType: "6", JoinMode: "1" };
  const callout = conference.calloutMessage(number, attributes, "2743");
  return { ...callout, children: [...(callout.children ?? []), element("Result", "0")] };
}

/** A mistake may be refused, or understood; confirmed with 0 and then lost it must not be. */
async function refusedOrAnswered(stage: Stage, posted: Posted, answer: string, msgId: string): Promise<void> {
  if (posted.confirmation.result === 0) await stage.receives(answer, { MsgID: msgId, Result: "0" });
}

export const guideDocumentClauses = [
  documented(
    "5.22",
    first,
    "a call-out with an extension and a create of another conference, in the lines of the example, are carried out both",
    async (stage) => {
      const [running, next] = [await stage.conference(), stage.newConference()];
      const number = await stage.people.number("answer");
      const attributes = { MaxWaitingTime: "45", ParticipantType: undefined, JoinMode: undefined };
      const callout = running.calloutMessage(number, attributes, "2741");
      const create = next.createMessage({ MaxNumAttendee: "20" });
      stage.confirmed(await postsLaidOut(stage, [callout, create], inLines));
      await stage.receives("A2W_RspCallout", { MsgID: callout.attributes.MsgID, Result: "0" });
      await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
      await running.receives("A2W_NotifyUserEnter", { ExtCallID: callout.attributes.ExtCallID });
      await next.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
    ["answer calls"],
  ),
  inferred(
    "5.2",
    `${silent} (with a Result, which no request has)`,
    "a call-out of a silent monitor, in the lines of the example and with its Result, is carried out",
    async (stage) => {
      const conference = await stage.conference();
      const callout = await silentCallout(conference);
      stage.confirmed(await postsLaidOut(stage, [callout], inLines));
      await stage.receives("A2W_RspCallout", { MsgID: callout.attributes.MsgID, Result: "0" });
    },
    ["answer calls"],
  ),
  inferred(
    "5.1",
    `${silent} (with a semicolon behind the last attribute)`,
    "the semicolon is refused, or the call-out is carried out",
    async (stage) => {
      const conference = await stage.conference();
      const callout = await silentCallout(conference);
      const posted = await postsLaidOut(stage, [callout], inLines, (text) => text.replace('JoinMode="1"', "$&;"));
      await refusedOrAnswered(stage, posted, "A2W_RspCallout", callout.attributes.MsgID ?? "");
    },
    ["answer calls"],
  ),
  inferred(
    "5.3",
    `${speaking} (with quotation marks that no XML has)`,
    "a value in typographic quotation marks is refused, or the request is carried out",
    async (stage) => {
      const conference = await stage.conference();
      const request = conference.message("W2A_CreateSubConference", { SubConfID: "S1" });
      const posted = await postsLaidOut(stage, [request], inLines, (text) =>
        text.replace(/ExtConfID="([^"]*)"/, "ExtConfID=\u201C$1\u201D"),
      );
      await refusedOrAnswered(stage, posted, "A2W_RspCreateSubConference", request.attributes.MsgID ?? "");
    },
  ),
  documented(
    "5.4",
    `${speaking} (with a start tag that ends before its attributes); Logically Asynchronized Message Exchanges`,
    "attributes that stand as text behind their start tag are none: the document is not confirmed with 0",
    async (stage) => {
      const conference = await stage.conference();
      const ActionCode = String(updateActions.speakersOff);
      const update = conference.message("W2A_UpdateConference", { ActionCode });
      const posted = await postsLaidOut(stage, [update], inLines, (text) =>
        text.replace("<W2A_UpdateConference", "<W2A_UpdateConference>"),
      );
      stage.refused(posted, "its required parameters are missing");
    },
  ),
  inferred(
    "5.9",
    `${GUIDE}, TSP Invite by Phone: the example of an answer (its root is named WTSPDOM Response)`,
    "a request whose root is named so is carried out",
    async (stage) => {
      const conference = stage.newConference();
      const posted = await postsLaidOut(stage, [conference.createMessage()], inLines, (text) =>
        text.replace("WTSPDOM", "WTSPDOM Response"),
      );
      stage.confirmed(posted);
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
  ),
  documented(
    "4.21q",
    invite,
    "a call-out with all parts of a telephone number, in one row as in the example, is carried out",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn(undefined, { as: "host" });
      const number = await stage.people.number("answer");
      const attributes = { Privilege: "0", MaxWaitingTime: "75", ParticipantType: "2", JoinMode: "0" };
      const callout = conference.calloutMessage(number, attributes, "2742");
      stage.confirmed(await postsLaidOut(stage, [callout], inARow));
      const answered = await stage.receives("A2W_RspCallout", { MsgID: callout.attributes.MsgID, Result: "0" });
      const entered = await conference.receives("A2W_NotifyUserEnter", { ExtCallID: callout.attributes.ExtCallID });
      stage.inOrder(answered, entered);
      stage.check(entered, { ActionCode: "2" });
    },
    ["dial in", "dial in as the host", "answer calls"],
  ),
  documented(
    "4.21r",
    added,
    "an update in the lines of the example brings the invitee into the main conference",
    async (stage) => {
      const { conference, invitee } = await privateTalk(stage);
      const ActionCode = String(updateActions.addToMain);
      const update = conference.message("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
      stage.confirmed(await postsLaidOut(stage, [update], inLines));
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: invitee.extCallId, ActionCode: "3" });
    },
    ["dial in", "dial in as the host", "answer calls"],
  ),
];
