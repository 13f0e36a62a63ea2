import { mentions } from "../player/stage.ts";
import type { Received } from "../player/traffic.ts";
import { documented, GUIDE, inferred, SEQUENCES } from "./clause.ts";

const callIn = `${SEQUENCES}, User Call In`;

/** A changed status, because the adapter may repeat the current one at any time. */
const changed = /^[^0]/;

export const callInClauses = [
  ...documented(callIn, {
    "4.2a: a caller's entry is notified by A2W_NotifyUserEnter with ExtCallID null": async (stage) => {
      const conference = await stage.conference();
      await stage.people.dialIn(conference.confKey);
      const entered = await conference.receives("A2W_NotifyUserEnter");
      stage.check(entered, { ExtCallID: /^null$/ }, 1);
    },
    "4.2d: a call keeps the ExtCallID that WebEx gave it": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await stage.people.hangUp(other.call);
      const left = await conference.receives("A2W_NotifyUserChange", { Status: changed });
      stage.check(left, { ExtCallID: other.extCallId });
      await stage.people.staysUp(one.call, "only the other caller hung up");
      const gone = { ExtCallID: one.extCallId, Status: "2" };
      await stage.receivesNo("A2W_NotifyUserChange", "this caller is still there", gone);
    },
    "4.2e: each entry is notified once, with a MsgID of its own": async (stage) => {
      const [, one, other] = await stage.conferenceOf(2);
      if (one.entered.attributes.MsgID === other.entered.attributes.MsgID) stage.fail("both entries have one MsgID");
      await stage.receivesNo("A2W_NotifyUserEnter", "both callers were notified already");
    },
    "4.2f: A2W_NotifyUserEnter goes to the server that has the conference": async (stage) => {
      const conference = stage.newConference(2);
      await conference.create();
      const { entered } = await conference.callIn();
      stage.check(entered, {}, 2);
    },
  }),
  ...documented(`${GUIDE}, Silent Join`, {
    "4.2b: the attendee ID is notified as it was entered, leading zeros included": async (stage) => {
      stage.people.need("enter an attendee ID to join");
      const conference = await stage.conference();
      for (const AttendeeID of ["0044", "0012345678"]) {
        await stage.people.dialIn(conference.confKey, AttendeeID);
        stage.check(await conference.receives("A2W_NotifyUserEnter"), { AttendeeID });
      }
    },
  }),
  ...documented(`${callIn}; ${GUIDE}, Transaction ID, Resending, and API Message ID`, {
    "4.2g: a name goes to the call whose A2W_NotifyUserEnter had its MsgID, in any order": async (stage) => {
      stage.names = false;
      const conference = await stage.conference();
      const [one, other] = [await conference.dialIn("71"), await conference.dialIn("72")];
      const [first, second] = [await conference.entryOf(one), await conference.entryOf(other)];
      for (const [{ attributes }, ExtCallID] of [[second, "99012"] as const, [first, "99011"] as const])
        await conference.asks("W2A_RspNotifyUserEnter", { MsgID: attributes.MsgID, ExtCallID });
      await stage.people.hangUp(other.call);
      const left = await conference.receives("A2W_NotifyUserChange", { Status: changed });
      stage.check(left, { ExtCallID: "99012" });
    },
  }),
  ...documented(`${callIn}; ${GUIDE}, HTTP Transaction and API Messages`, {
    "4.2j: each of several names in one document goes to its call": async (stage) => {
      stage.names = false;
      const conference = await stage.conference();
      const [one, other] = [await conference.dialIn("71"), await conference.dialIn("72")];
      const names = ["99021", "99022"];
      const entries = await conference.entriesOf(one, other);
      const answers = entries.map(({ attributes }, n) =>
        conference.message("W2A_RspNotifyUserEnter", { MsgID: attributes.MsgID, ExtCallID: names[n] }),
      );
      await stage.posts(answers);
      for (const { call } of [one, other]) await stage.people.hangUp(call);
      for (const ExtCallID of names) await conference.receives("A2W_NotifyUserChange", { ExtCallID, Status: changed });
    },
  }),
  ...inferred("Status 2 of A2W_NotifyUserChange, in general", {
    "4.6: a hang-up is notified by A2W_NotifyUserChange Status 2": async (stage) => {
      const [conference, { call, extCallId }] = await stage.conferenceOf(1);
      await stage.people.hangUp(call);
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "2" });
      await stage.receivesNo("A2W_NotifyUserChange", "the caller was reported as gone", { Status: /^[^0]/ });
    },
  }),
  ...inferred("Call-in User Merge; the message is not named", {
    "4.19a: an attendee ID entered in the conference is notified by A2W_NotifyUserChange": async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn("");
      await stage.people.merge(call, "555");
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, AttendeeID: "555", Status: "0" });
    },
  }),
  ...documented(`${GUIDE}, Call-in User Merge`, {
    "4.19: an attendee ID entered in the conference reaches WebEx, leading zeros included": async (stage) => {
      const conference = await stage.conference();
      await conference.callIn("");
      const { call, extCallId } = await conference.callIn("");
      await stage.people.merge(call, "0556");
      // No public document has the name of the message.
      const isIt = (one: Received) => mentions(one, "0556");
      const told = await stage.receivesOne("a message with the attendee ID 0556", isIt);
      stage.check(told, { ExtConfID: conference.extConfId, ExtCallID: extCallId });
    },
  }),
];
