import { element, writeDocument } from "../xml.ts";
import { GUIDE, inferred } from "./clause.ts";
import { endedMeanwhile } from "./failover.ts";
import { rooms } from "./rooms.ts";

/** What the documents touch and do not settle, and an engineer would ask about. */
export const openQuestionClauses = [
  inferred(
    "T24d",
    `${GUIDE}, Adapter Backward Compatibility: the text is there, its attribute is not`,
    'A2W_RspMessageError says "unknown msg received"',
    async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.asks("W2A_SomethingNew");
      const { attributes } = await stage.receives("A2W_RspMessageError", { MsgID: msgId });
      const said = Object.values(attributes).some((value) => /unknown msg received/i.test(value));
      if (!said)
        stage.fail(
          `no attribute has the text "unknown msg received"; they are ${Object.values(attributes).join(", ")}`,
        );
    },
  ),
  inferred(
    "T7a",
    "the DTD that WebEx supplies, in the technical overview",
    "a document type that only names an external DTD is accepted, and the DTD is not fetched",
    async (stage) => {
      const conference = stage.newConference();
      const message = conference.createMessage();
      const transId = stage.webex.ids(1).transId();
      const before = stage.webex.arrivals.length;
      const type = `<!DOCTYPE WbxTSPSchema SYSTEM "http://${stage.webex.host(2)}/WbxTSPSchema.dtd">`;
      const text = type + writeDocument(transId, [message]);
      stage.confirmed(await stage.postText(text, { transId, messages: [message] }));
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      const fetched = stage.webex.arrivals.slice(before).some(({ url }) => url.endsWith(".dtd"));
      if (fetched) stage.fail("the adapter asked for the DTD");
    },
  ),
  inferred(
    "T15",
    "WbxHostName as an address with scheme",
    "a WbxHostName that is a whole address is answered there",
    async (stage) => {
      const conference = stage.newConference();
      const address = `http://${stage.webex.host(1)}/`;
      const { msgId } = await conference.posts(conference.createMessage({ WbxHostName: address }));
      await stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "0" });
    },
  ),
  inferred(
    "2.2.1d",
    "MaxNumAttendee",
    "no more callers enter than MaxNumAttendee says",
    async (stage) => {
      const conference = await stage.conference({ MaxNumAttendee: "1" });
      await conference.callIn();
      await conference.dialIn("61");
      if (await stage.mayReceive("A2W_NotifyUserEnter")) stage.fail("a second caller entered, and MaxNumAttendee is 1");
    },
    ["dial in"],
  ),
  inferred(
    "2.2.4d",
    "a telephone number as people write it",
    "a country code with + and hyphens in the number are understood",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const [country, area, local] = number;
      const callout = conference.calloutMessage(number);
      const phone = element("PhoneNum", "", [
        element("CountryCode", `+${country}`),
        element("AreaCode", area),
        element("LocalNumber", `${local.slice(0, 3)}-${local.slice(3)}`),
      ]);
      const { msgId } = await conference.posts({ ...callout, children: [phone] });
      await stage.receives("A2W_RspCallout", { MsgID: msgId, Result: "0" });
    },
    ["answer calls"],
  ),
  inferred(
    "4.10c",
    "a call-out into a locked conference",
    "the host's wish to call out passes the lock",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await stage.people.lock(conference.confKey, true);
      await stage.ports.sleep(stage.options.quietMs);
      await conference.callOut();
    },
    ["dial in", "answer calls", "lock and end as host"],
  ),
  inferred(
    "4.17e",
    "a silent monitor with JoinMode 0",
    "a silent monitor who is called into a private talk is not heard",
    async (stage) => {
      const conference = await stage.conference();
      const host = await conference.callIn();
      const silent = await conference.callOut({ ParticipantType: "6", JoinMode: "0", Privilege: "1" });
      await stage.people.doesNotHear(host.call, silent.call, "it is a silent monitor");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "4.18f",
    "another AnonymousID at a failover",
    "who keys the new AnonymousID is silent, who keys the old one is not",
    async (stage) => {
      const conference = await stage.conference({ AnonymousID: "444" });
      const one = await conference.callIn("1");
      await conference.failOver(2, { AnonymousID: "555" });
      await conference.entriesOf(one);
      // The bridge hears of it by a way of its own.
      await stage.ports.sleep(stage.options.quietMs);
      const silent = await conference.callIn("555");
      const heard = await conference.callIn("444");
      await stage.people.doesNotHear(one.call, silent.call, "it keyed the new AnonymousID");
      await stage.people.hears(one.call, heard.call, "its ID is the AnonymousID no more");
    },
    ["dial in", "key an attendee ID at entry", "hear"],
  ),
  inferred(
    "4.21h",
    "who the host of a private talk is",
    "the private talk is never held with a silent monitor",
    async (stage) => {
      const conference = await stage.conference({ AnonymousID: "444" });
      await conference.callIn("444");
      const host = await conference.callIn("1");
      const invitee = await conference.callOut({ JoinMode: "0" });
      await stage.people.hears(host.call, invitee.call, "the host is the first who is no silent monitor");
    },
    ["dial in", "key an attendee ID at entry", "answer calls", "hear"],
  ),
  inferred(
    "4.21i",
    `${GUIDE}, TSP Invite by Phone: the example`,
    "ActionCode 3 comes with the example's ParticipantType and DID",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      const invitee = await conference.callOut({ JoinMode: "0" });
      await conference.asks("W2A_UpdateConference", { ActionCode: "6", ExtCallID: invitee.extCallId });
      const change = await conference.receives("A2W_NotifyUserChange", { ActionCode: "3" });
      stage.check(change, { ParticipantType: "2", DID: /^\d+$/ });
    },
    ["dial in", "answer calls"],
  ),
  inferred(
    "F1a",
    "a new server that gives other names",
    "a muted call is told as muted under the name that the new server gave",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn("11");
      await rooms.muteByKeys(conference, one);
      stage.rename = (extCallId) => `8${extCallId}`;
      await conference.failOver();
      const extCallId = await stage.nameOf(await conference.entryOf(one));
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "1" });
    },
    ["dial in", "mute by keys"],
  ),
  inferred(
    "F5a",
    "a key after code 11",
    "a key that WebEx was told as closed can be created again",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      const { msgId } = await endedMeanwhile(stage, conference);
      await stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "11" });
      // The adapter has yet to read that this was confirmed.
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver();
    },
    ["dial in", "lock and end as host"],
  ),
];
