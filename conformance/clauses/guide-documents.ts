import { updateActions } from "../messages.ts";
import type { Stage } from "../player/stage.ts";
import type { Posted } from "../player/traffic.ts";
import type { Element, Message } from "../xml.ts";
import { documented, GUIDE } from "./clause.ts";
import { privateTalk } from "./private-talk.ts";

const first = `${GUIDE}, HTTP Transaction and API Messages: the example`;
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
  const text = change(layout(transId, messages));
  return stage.postText(text, { transId, messages });
}

export const guideDocumentClauses = [
  ...documented(first, {
    "5.22: a call-out with an extension and a create in one document are both carried out": async (stage) => {
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
  }),
  ...documented(
    `${speaking} (with a start tag that ends before its attributes); Logically Asynchronized Message Exchanges`,
    {
      "5.4: a document with attributes written as text is not confirmed with 0": async (stage) => {
        const conference = await stage.conference();
        const ActionCode = String(updateActions["stop-reporting-speakers"]);
        const update = conference.message("W2A_UpdateConference", { ActionCode });
        const posted = await postsLaidOut(stage, [update], inLines, (text) =>
          text.replace("<W2A_UpdateConference", "<W2A_UpdateConference>"),
        );
        stage.refused(posted, "its required parameters are missing");
      },
    },
  ),
  ...documented(invite, {
    "4.21q: a call-out with all parts of a telephone number, as in the example, is carried out": async (stage) => {
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
  }),
  ...documented(added, {
    "4.21r: an update as in the example brings the invitee into the main conference": async (stage) => {
      const { conference, invitee } = await privateTalk(stage);
      const ActionCode = String(updateActions["add-to-main"]);
      const update = conference.message("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
      stage.confirmed(await postsLaidOut(stage, [update], inLines));
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: invitee.extCallId, ActionCode: "3" });
    },
  }),
];
