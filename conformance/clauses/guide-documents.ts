import type { Stage, Writer } from "../player/stage.ts";
import { type Message, writeDocument } from "../xml.ts";
import { documented, GUIDE } from "./clause.ts";
import { privateTalk, withHost } from "./private-talk.ts";

const speaking = `${GUIDE}, Identify Active Speaker: the examples`;

/** Layout of most examples in the guide: a line for each element and each attribute. */
const inLines: Writer = (transId, messages) =>
  writeDocument(transId, messages, { between: "\n", beforeAttribute: "\n" });

/** Layout of one example in the guide: one line, with a space between elements. */
const inARow: Writer = (transId, messages) => writeDocument(transId, messages, { between: " " });

/** Writes a start tag that ends before its attributes. */
const asText: Writer = (...document) => inLines(...document).replace("<W2A_UpdateConference", "<W2A_UpdateConference>");

async function areBothCarriedOut(stage: Stage, write: Writer, how: Message["attributes"], extension = "") {
  const [running, next] = [await stage.conference(), stage.newConference()];
  const number = await stage.people.number("answer");
  const attributes = { ParticipantType: undefined, JoinMode: undefined, ...how };
  const callout = running.calloutMessage(number, attributes, extension);
  const create = next.createMessage({ MaxNumAttendee: "20" });
  stage.confirmed(await stage.postAs([callout, create], write));
  for (const message of [callout, create]) await stage.answer(message, { Result: "0" });
  await running.receives("A2W_NotifyUserEnter", { ExtCallID: callout.attributes.ExtCallID });
  await next.receives("A2W_NotifyConferenceChange", { Status: "0" });
}

export const guideDocumentClauses = [
  ...documented(`${GUIDE}, HTTP Transaction and API Messages: the example`, {
    "4.1c: a call-out and a create in one document, as in the example, are both carried out": (stage) =>
      areBothCarriedOut(stage, writeDocument, { ExtCallID: "123" }),
    "5.22: a call-out with an extension and a create in one document are both carried out": (stage) =>
      areBothCarriedOut(stage, inLines, { MaxWaitingTime: "45" }, "2741"),
  }),
  ...documented(
    `${speaking} (with a start tag that ends before its attributes); Logically Asynchronized Message Exchanges`,
    {
      "5.4: a document with attributes written as text is not confirmed with 0": async (stage) => {
        const conference = await stage.conference();
        const posted = await stage.postAs([conference.updateMessage("stop-reporting-speakers")], asText);
        stage.refused(posted, "its required parameters are missing");
      },
    },
  ),
  ...documented(`${GUIDE}, TSP Invite by Phone: the example of a call-out`, {
    "4.21q: a call-out with all parts of a telephone number, as in the example, is carried out": async (stage) => {
      const { conference } = await withHost(stage);
      const number = await stage.people.number("answer");
      const attributes = { Privilege: "0", MaxWaitingTime: "75", ParticipantType: "2", JoinMode: "0" };
      const callout = conference.calloutMessage(number, attributes, "2742");
      stage.confirmed(await stage.postAs([callout], inARow));
      const answered = await stage.answer(callout, { Result: "0" });
      const entered = await conference.receives("A2W_NotifyUserEnter", { ExtCallID: callout.attributes.ExtCallID });
      stage.inOrder(answered, entered);
      stage.check(entered, { ActionCode: "2" });
    },
  }),
  ...documented(`${GUIDE}, TSP Invite by Phone: the example of an update`, {
    "4.21r: an update as in the example brings the invitee into the main conference": async (stage) => {
      const { conference, invitee } = await privateTalk(stage);
      const update = conference.updateMessage("add-to-main", { ExtCallID: invitee.extCallId });
      stage.confirmed(await stage.postAs([update], inLines));
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: invitee.extCallId, ActionCode: "3" });
    },
  }),
];
