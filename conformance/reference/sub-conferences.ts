import type { Element } from "../xml.ts";
import type { Leg, ReferenceConference } from "./conference.ts";
import type { DefectName } from "./defects.ts";

const NO_SUCH_SUB = "12";

/** A request about a sub-conference. */
export async function subConferenceAsked(conference: ReferenceConference, request: Element): Promise<void> {
  const { name, attributes } = request;
  const { SubConfID = "", ExtCallID = "", MsgID, WbxHostName } = attributes;
  const respond = async (result: string) => {
    const isOther = name === "W2A_CloseSubConference" && conference.has("answer-with-new-msg-id");
    const answered = isOther ? conference.adapter.outbox.msgId(name) : MsgID;
    const answer = { name: name.replace("W2A_", "A2W_Rsp"), attributes: { MsgID: answered, Result: result } };
    const host = conference.has("sub-answered-to-the-conference") ? undefined : WbxHostName;
    await conference.answer(host ?? conference.host, answer);
    const isTwice = name === "W2A_CreateSubConference" && conference.has("answers-twice");
    if (isTwice) await conference.answer(WbxHostName ?? conference.host, answer);
  };
  const tellMoved = (told: Element["attributes"]) => {
    const message = conference.notification("A2W_NotifySubConfCallChange", told);
    const isAstray = WbxHostName !== undefined && conference.has("moves-told-to-who-asked");
    return isAstray ? conference.answer(WbxHostName, message) : conference.tell(message);
  };
  const leg = conference.legOf(ExtCallID);
  if (SubConfID === "") return conference.has("sub-without-id-not-answered") ? undefined : respond(NO_SUCH_SUB);
  if (name === "W2A_CreateSubConference") return create(conference, SubConfID, respond);
  if (!conference.subs.has(SubConfID)) return respond(NO_SUCH_SUB);
  if (conference.wasTakenOver && conference.has("new-server-has-no-subs")) return respond("0");
  if (name === "W2A_CloseSubConference") return close(conference, SubConfID, respond);
  if (!leg) return respond("5");
  if (name === "W2A_AddToSubConference") return add(conference, SubConfID, leg, respond, tellMoved);
  return remove(conference, SubConfID, leg, respond, tellMoved);
}

type Respond = (result: string) => Promise<void>;
type TellMoved = (told: Element["attributes"]) => Promise<unknown>;

async function create(conference: ReferenceConference, SubConfID: string, respond: Respond): Promise<void> {
  if (conference.closedSubs.has(SubConfID) && conference.has("closed-sub-not-created-again")) return respond("13");
  await conference.createRoom();
  conference.subs.add(SubConfID);
  const id = conference.has("sub-named-otherwise") ? `${SubConfID}9` : SubConfID;
  const told = conference.notification("A2W_NotifySubConferenceChange", { SubConfID: id, Status: "0" });
  if (conference.has("sub-told-before-answer")) await conference.tell(told);
  if (!(conference.has("third-sub-not-answered") && SubConfID === "S3")) await respond("0");
  if (!conference.has("sub-told-before-answer")) await conference.tell(told);
}

async function add(
  conference: ReferenceConference,
  SubConfID: string,
  leg: Leg,
  respond: Respond,
  tellMoved: TellMoved,
): Promise<void> {
  const { bridge } = conference.adapter;
  const isLie = conference.has("heard-when-removed") || conference.has("heard-when-closed");
  leg.muted = leg.call.muted || (isLie && leg.muted);
  leg.sub = SubConfID;
  const answers = !conference.has("add-not-answered");
  const isLate = conference.has("answers-when-moved");
  if (answers && !isLate) await respond("0");
  const shared = conference.has("one-room-for-all-subs") ? "sub" : `sub-${SubConfID}`;
  const room = conference.has("each-alone-in-sub") ? `sub-${leg.call.id}` : shared;
  const ActionFlag = conference.has("added-with-other-flag") ? "2" : "1";
  const id = conference.has("added-to-another-sub") ? `${SubConfID}9` : SubConfID;
  const told = { SubConfID: id, ExtCallID: leg.extCallId ?? "", ActionFlag };
  if (conference.has("added-before-move")) {
    await tellMoved(told);
    await conference.adapter.ports.sleep(1_000);
  }
  await bridge.move(leg.call, room);
  // Without a word: as a bridge that loses a call, and does not notice.
  if (conference.has("added-call-lost")) leg.call.state = "ended";
  if (answers && isLate) await respond("0");
  if (conference.has("heard-when-added") && !leg.isMonitor) await bridge.mute(leg.call, false);
  if (!conference.has("added-before-move")) {
    await tellMoved(told);
  }
}

async function remove(
  conference: ReferenceConference,
  SubConfID: string,
  leg: Leg,
  respond: Respond,
  tellMoved: TellMoved,
): Promise<void> {
  const { bridge } = conference.adapter;
  const isLate = conference.has("answers-when-moved");
  if (!isLate) await respond("0");
  leg.sub = null;
  conference.removed.add(SubConfID);
  if (conference.has("mute-of-sub-kept-on-remove")) leg.muted = leg.call.muted;
  await mutedAsBefore(conference, leg);
  if (!conference.has("removed-stays")) await bridge.move(leg.call, "main");
  if (isLate) await respond("0");
  if (isHeard(conference, leg, "heard-when-removed")) await bridge.mute(leg.call, false);
  const id = conference.has("removed-from-another-sub") ? `${SubConfID}9` : SubConfID;
  const told = { SubConfID: id, ExtCallID: leg.extCallId ?? "", ActionFlag: "2" };
  const moved = () => tellMoved(told);
  const isFirst =
    conference.has("moved-before-privilege") || (leg.muted && conference.has("muted-moved-before-privilege"));
  if (isFirst) await moved();
  const Status = leg.muted && !conference.has("mute-forgotten-on-remove") ? "1" : "0";
  if (!conference.has("remove-without-privilege")) conference.change(leg, { Status });
  if (!isFirst) await moved();
}

async function close(conference: ReferenceConference, SubConfID: string, respond: Respond): Promise<void> {
  const { bridge } = conference.adapter;
  if (conference.has("close-answered-first")) await respond("0");
  const legs = [...conference.legs.values()];
  const isIn = ({ sub }: Leg) => sub === SubConfID || (sub !== null && conference.has("close-ends-all-subs"));
  if (conference.has("close-tells-others-as-muted"))
    for (const leg of legs) if (!leg.sub) conference.change(leg, { Status: "1" });
  const waits = conference.has("close-after-remove-tells-nobody") && conference.removed.has(SubConfID);
  const back = waits ? [] : legs.filter((leg) => isIn(leg) || conference.has("status-of-all-at-close"));
  for (const leg of back) {
    if (!isIn(leg)) {
      if (!leg.sub) conference.change(leg, { Status: leg.call.muted ? "1" : "0" });
      continue;
    }
    leg.sub = null;
    if (conference.has("mute-of-sub-kept-on-close")) leg.muted = leg.call.muted;
    await mutedAsBefore(conference, leg);
    if (!conference.has("close-leaves-calls")) await bridge.move(leg.call, "main");
    if (isHeard(conference, leg, "heard-when-closed")) await bridge.mute(leg.call, false);
    const Status = leg.muted && !conference.has("mute-forgotten-on-close") ? "1" : "0";
    if (!conference.has("close-tells-nobody")) conference.change(leg, { Status });
    if (conference.has("end-of-sub-told")) {
      const moved = { SubConfID, ExtCallID: leg.extCallId ?? "", ActionFlag: "2" };
      await conference.tell(conference.notification("A2W_NotifySubConfCallChange", moved));
    }
  }
  if (conference.has("end-of-sub-told"))
    await conference.tell(conference.notification("A2W_NotifySubConferenceChange", { SubConfID, Status: "1" }));
  conference.subs.delete(SubConfID);
  conference.closedSubs.add(SubConfID);
  const isWaiting = conference.has("close-waits-for-who-left") && conference.departedFrom(SubConfID).length > 0;
  if (!conference.has("close-answered-first") && !isWaiting) await respond("0");
}

/** What WebEx hears of it stays as it was. */
function isHeard(conference: ReferenceConference, { isMonitor }: Leg, defect: DefectName): boolean {
  return conference.has(defect) || (isMonitor && conference.has("monitor-heard-after-sub"));
}

/** Whatever the call did in the sub-conference: it is muted in the main conference as it was. */
async function mutedAsBefore({ adapter }: ReferenceConference, { call, muted }: Leg): Promise<void> {
  if (call.muted !== muted) await adapter.bridge.mute(call, muted);
}
