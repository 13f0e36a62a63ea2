import type { Element } from "../xml.ts";
import type { Leg, ReferenceConference } from "./conference.ts";

const NO_SUCH_SUB = "12";

/** A request about a sub-conference. */
export async function subConferenceAsked(conference: ReferenceConference, request: Element): Promise<void> {
  const { name, attributes } = request;
  const { SubConfID = "", ExtCallID = "", MsgID, WbxHostName } = attributes;
  const respond = async (result: string) => {
    const isOther = name === "W2A_CloseSubConference" && conference.has("answer-with-new-msg-id");
    const answered = isOther ? conference.adapter.outbox.msgId(name) : MsgID;
    const answer = { name: name.replace("W2A_", "A2W_Rsp"), attributes: { MsgID: answered, Result: result } };
    await conference.answer(WbxHostName ?? conference.host, answer);
    const isTwice = name === "W2A_CreateSubConference" && conference.has("answers-twice");
    if (isTwice) await conference.answer(WbxHostName ?? conference.host, answer);
  };
  const leg = [...conference.legs.values()].find(({ extCallId }) => extCallId === ExtCallID);
  if (SubConfID === "") return conference.has("sub-without-id-not-answered") ? undefined : respond(NO_SUCH_SUB);
  if (name === "W2A_CreateSubConference") return create(conference, SubConfID, respond);
  if (!conference.subs.has(SubConfID)) return respond(NO_SUCH_SUB);
  if (name === "W2A_CloseSubConference") return close(conference, SubConfID, respond);
  if (!leg) return respond("5");
  if (name === "W2A_AddToSubConference") return add(conference, SubConfID, leg, respond);
  return remove(conference, SubConfID, leg, respond);
}

type Respond = (result: string) => Promise<void>;

async function create(conference: ReferenceConference, SubConfID: string, respond: Respond): Promise<void> {
  await conference.adapter.bridge.act("create-room");
  conference.subs.add(SubConfID);
  const told = conference.notification("A2W_NotifySubConferenceChange", { SubConfID, Status: "0" });
  if (conference.has("sub-told-before-answer")) await conference.tell(told);
  if (!(conference.has("third-sub-not-answered") && SubConfID === "S3")) await respond("0");
  if (!conference.has("sub-told-before-answer")) await conference.tell(told);
}

async function add(conference: ReferenceConference, SubConfID: string, leg: Leg, respond: Respond): Promise<void> {
  const { bridge } = conference.adapter;
  leg.muted = leg.call.muted;
  leg.sub = SubConfID;
  if (!conference.has("add-not-answered")) await respond("0");
  const shared = conference.has("one-room-for-all-subs") ? "sub" : `sub-${SubConfID}`;
  const room = conference.has("each-alone-in-sub") ? `sub-${leg.call.id}` : shared;
  const ActionFlag = conference.has("added-with-other-flag") ? "2" : "1";
  const told = { SubConfID, ExtCallID: leg.extCallId ?? "", ActionFlag };
  if (conference.has("added-before-move")) {
    await conference.tell(conference.notification("A2W_NotifySubConfCallChange", told));
    await conference.adapter.ports.sleep(1_000);
  }
  await bridge.move(leg.call, room);
  if (!conference.has("added-before-move")) {
    await conference.tell(conference.notification("A2W_NotifySubConfCallChange", told));
  }
}

async function remove(conference: ReferenceConference, SubConfID: string, leg: Leg, respond: Respond): Promise<void> {
  const { bridge } = conference.adapter;
  await respond("0");
  leg.sub = null;
  conference.removed.add(SubConfID);
  if (!conference.has("removed-stays")) await bridge.move(leg.call, "main");
  const told = { SubConfID, ExtCallID: leg.extCallId ?? "", ActionFlag: "2" };
  const moved = () => conference.tell(conference.notification("A2W_NotifySubConfCallChange", told));
  if (conference.has("moved-before-privilege")) await moved();
  const Status = leg.muted && !conference.has("mute-forgotten-on-remove") ? "1" : "0";
  if (!conference.has("remove-without-privilege")) conference.change(leg, { Status });
  if (!conference.has("moved-before-privilege")) await moved();
}

async function close(conference: ReferenceConference, SubConfID: string, respond: Respond): Promise<void> {
  const { bridge } = conference.adapter;
  if (conference.has("close-answered-first")) await respond("0");
  const legs = [...conference.legs.values()];
  const isIn = ({ sub }: Leg) => sub === SubConfID || (sub !== null && conference.has("close-ends-all-subs"));
  const waits = conference.has("close-after-remove-tells-nobody") && conference.removed.has(SubConfID);
  const back = waits ? [] : legs.filter((leg) => isIn(leg) || conference.has("status-of-all-at-close"));
  for (const leg of back) {
    if (!isIn(leg)) {
      if (!leg.sub) conference.change(leg, { Status: leg.call.muted ? "1" : "0" });
      continue;
    }
    leg.sub = null;
    if (!conference.has("close-leaves-calls")) await bridge.move(leg.call, "main");
    const Status = leg.muted && !conference.has("mute-forgotten-on-close") ? "1" : "0";
    if (!conference.has("close-tells-nobody")) conference.change(leg, { Status });
  }
  conference.subs.delete(SubConfID);
  if (!conference.has("close-answered-first")) await respond("0");
}
