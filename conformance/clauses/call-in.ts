import type { Conference } from "../player/conference.ts";
import type { Received } from "../player/traffic.ts";
import type { Message } from "../xml.ts";
import { documented, GUIDE, inferred, SEQUENCES } from "./clause.ts";

const callIn = `${SEQUENCES}, User Call In`;

/** A status that is another one than before: the same one may be told at any time. */
const changed = /^[^0]/;

function nameFor(conference: Conference, { MsgID }: Received["attributes"], ExtCallID: string): Message {
  return conference.message("W2A_RspNotifyUserEnter", { MsgID, ExtCallID });
}

export const callInClauses = [
  documented(
    "4.2a",
    callIn,
    "a caller who enters is told by A2W_NotifyUserEnter with ExtCallID null, to the conference's server",
    async (stage) => {
      const conference = await stage.conference();
      await stage.people.dialIn(conference.confKey);
      const entered = await conference.receives("A2W_NotifyUserEnter");
      stage.check(entered, { ExtCallID: /^null$/ }, 1);
    },
    ["dial in"],
  ),
  documented(
    "4.2b",
    `${GUIDE}, Silent Join`,
    "the attendee ID is told as it was keyed, with its leading zeros, a long one too",
    async (stage) => {
      const conference = await stage.conference();
      for (const AttendeeID of ["0044", "0012345678"]) {
        await stage.people.dialIn(conference.confKey, AttendeeID);
        stage.check(await conference.receives("A2W_NotifyUserEnter"), { AttendeeID });
      }
    },
    ["dial in", "key an attendee ID at entry"],
  ),
  inferred(
    "4.2c",
    "AttendeeID of A2W_NotifyUserEnter",
    "who keys no attendee ID has none",
    async (stage) => {
      const conference = await stage.conference();
      await stage.people.dialIn(conference.confKey);
      const entered = await conference.receives("A2W_NotifyUserEnter");
      if (entered.attributes.AttendeeID) stage.fail(`it has AttendeeID "${entered.attributes.AttendeeID}"`);
    },
    ["dial in"],
  ),
  inferred(
    "4.2h",
    "ActionCode of A2W_NotifyUserEnter: 2 for the invitee of a private talk",
    "who dials in is told without ActionCode 2",
    async (stage) => {
      const conference = await stage.conference();
      const { entered } = await conference.callIn();
      if (entered.attributes.ActionCode === "2") stage.fail("it was told with ActionCode 2, and is in no private talk");
    },
    ["dial in"],
  ),
  inferred(
    "4.2i",
    "DID of A2W_NotifyUserEnter",
    "nobody is told with the telephone number of another caller",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn("41");
      const other = await conference.callIn("42");
      const did = (other.entered.attributes.DID ?? "").replace(/\D/g, "");
      if (did.length >= 7 && one.number.endsWith(did))
        stage.fail(`DID is ${did}, the number of who entered before; its own is ${other.number}`);
    },
    ["dial in"],
  ),
  documented(
    "4.2d",
    callIn,
    "the name that WebEx gives is the call's from then on",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const other = await conference.callIn();
      await stage.people.hangUp(other.call);
      const left = await conference.receives("A2W_NotifyUserChange", { Status: changed });
      stage.check(left, { ExtCallID: other.extCallId });
      await stage.people.staysUp(one.call, "another one hung up");
      if (await stage.mayReceive("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "2" }))
        stage.fail(`${one.extCallId} was told as gone, and is still there`);
    },
    ["dial in"],
  ),
  documented(
    "4.2e",
    callIn,
    "each caller is told once, with a MsgID of its own",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn(), await conference.callIn()];
      if (one.entered.attributes.MsgID === other.entered.attributes.MsgID) stage.fail("both entries have one MsgID");
      await stage.receivesNo(["A2W_NotifyUserEnter"], "both callers were told already");
    },
    ["dial in"],
  ),
  documented(
    "4.2f",
    callIn,
    "A2W_NotifyUserEnter reaches the server that has the conference, not another one",
    async (stage) => {
      const conference = stage.newConference(2);
      await conference.create();
      const { entered } = await conference.callIn();
      stage.check(entered, {}, 2);
    },
    ["dial in"],
  ),
  documented(
    "4.2g",
    `${callIn}; ${GUIDE}, Transaction ID, Resending, and API Message ID`,
    "a name is for the call whose A2W_NotifyUserEnter had its MsgID, in whatever order names come",
    async (stage) => {
      stage.names = false;
      const conference = await stage.conference();
      const [one, other] = [await conference.dialIn("71"), await conference.dialIn("72")];
      const [first, second] = [await conference.entryOf(one), await conference.entryOf(other)];
      for (const [{ attributes }, ExtCallID] of [
        [second, "99012"],
        [first, "99011"],
      ] as const)
        await conference.posts(conference.message("W2A_RspNotifyUserEnter", { MsgID: attributes.MsgID, ExtCallID }));
      await stage.people.hangUp(other.call);
      const left = await conference.receives("A2W_NotifyUserChange", { Status: changed });
      stage.check(left, { ExtCallID: "99012" });
    },
    ["dial in"],
  ),
  documented(
    "4.2j",
    `${callIn}; ${GUIDE}, HTTP Transaction and API Messages`,
    "of several names in one document each is for its call",
    async (stage) => {
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
    ["dial in"],
  ),
  inferred(
    "4.2k",
    "two callers with one attendee ID",
    "who keys the attendee ID of somebody who is there enters, too, and both are told",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.dialIn("73");
      await stage.nameOf(await conference.receives("A2W_NotifyUserEnter"));
      const other = await conference.dialIn("73");
      const entered = await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "73" });
      const ExtCallID = await stage.nameOf(entered);
      await stage.people.staysUp(one.call, "somebody with the same attendee ID has entered");
      await stage.people.hangUp(other.call);
      stage.check(await conference.receives("A2W_NotifyUserChange", { Status: changed }), { ExtCallID });
    },
    ["dial in", "key an attendee ID at entry"],
  ),
  inferred(
    "2.2.9a",
    "answer to an unknown MsgID",
    "a W2A_RspNotifyUserEnter for a MsgID that nobody knows is confirmed, and nothing follows",
    async (stage) => {
      const conference = await stage.conference();
      const name = conference.message("W2A_RspNotifyUserEnter", { ExtCallID: "99001" });
      // An answer to it is a fault of this clause, and no stray.
      stage.webex.ownRequest(name.attributes.MsgID ?? "", stage);
      await conference.posts(name);
      await stage.receivesNothingElse("nobody waits for this name");
    },
  ),
  inferred(
    "2.3.3a",
    "events of a call without a name",
    "what happens before WebEx has named a call is told afterwards, under its name",
    async (stage) => {
      stage.names = false;
      const conference = await stage.conference();
      const { call } = await stage.people.dialIn(conference.confKey, "21");
      const { attributes } = await conference.receives("A2W_NotifyUserEnter");
      await stage.people.hangUp(call);
      await stage.receivesNothingElse("the call has no name yet, and what is told needs one");
      await conference.posts(
        conference.message("W2A_RspNotifyUserEnter", { MsgID: attributes.MsgID, ExtCallID: "99002" }),
      );
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: "99002", Status: "2" });
    },
    ["dial in"],
  ),
  inferred(
    "4.6",
    "Status 2 of A2W_NotifyUserChange, in general",
    "a caller who hangs up is told by A2W_NotifyUserChange Status 2",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn();
      await stage.people.hangUp(call);
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "2" });
      await stage.receivesNothingElse("the caller was told as gone");
    },
    ["dial in"],
  ),
  inferred(
    "4.2l",
    "a second W2A_RspNotifyUserEnter with another ExtCallID (the call sequences have names associated again)",
    "the call has the name that came last",
    async (stage) => {
      stage.names = false;
      const conference = await stage.conference();
      const { call } = await conference.dialIn("21");
      const { attributes } = await conference.receives("A2W_NotifyUserEnter");
      for (const ExtCallID of ["99051", "99052"]) await conference.posts(nameFor(conference, attributes, ExtCallID));
      await stage.people.hangUp(call);
      stage.check(await conference.receives("A2W_NotifyUserChange", { Status: "2" }), { ExtCallID: "99052" });
    },
    ["dial in"],
  ),
  inferred(
    "5.6",
    "ExtCallID null, which the documents write as a word",
    "a W2A_RspNotifyUserEnter with ExtCallID null gives no name: the one that comes behind it is the call's",
    async (stage) => {
      stage.names = false;
      const conference = await stage.conference();
      const { call } = await conference.dialIn("21");
      const { attributes } = await conference.receives("A2W_NotifyUserEnter");
      for (const ExtCallID of ["null", "99053"]) await conference.posts(nameFor(conference, attributes, ExtCallID));
      await stage.people.hangUp(call);
      stage.check(await conference.receives("A2W_NotifyUserChange", { Status: "2" }), { ExtCallID: "99053" });
    },
    ["dial in"],
  ),
  inferred(
    "4.19b",
    `${GUIDE}, Silent Join: Call-in Teleconferencing (not supported with Call-in User Merge)`,
    "who keys the AnonymousID within the conference is told like anybody else, and is heard",
    async (stage) => {
      const conference = await stage.conference({ AnonymousID: "6855" });
      const one = await conference.callIn("");
      const merged = await conference.callIn("");
      await stage.people.merge(merged.call, "6855");
      const told = await stage.receivesOne("a message with the attendee ID 6855", ({ attributes }) =>
        Object.values(attributes).includes("6855"),
      );
      if (told.attributes.ParticipantType === "6") stage.fail("it was told as a silent monitor");
      await stage.people.hears(one.call, merged.call, "it keyed the AnonymousID within the conference");
    },
    ["dial in", "key an attendee ID later", "hear"],
  ),
  inferred(
    "4.19a",
    "Call-in User Merge; the message is not named",
    "an attendee ID keyed within the conference is told by A2W_NotifyUserChange, under the call's name",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn("");
      await stage.people.merge(call, "555");
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, AttendeeID: "555", Status: "0" });
    },
    ["dial in", "key an attendee ID later"],
  ),
  documented(
    "4.19",
    `${GUIDE}, Call-in User Merge`,
    "an attendee ID that is keyed within the conference reaches WebEx, with its leading zeros",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn("");
      const { call, extCallId } = await conference.callIn("");
      await stage.people.merge(call, "0556");
      // No public document has the name of the message, nor of its attribute.
      const told = await stage.receivesOne("a message with the attendee ID 0556", ({ attributes }) =>
        Object.values(attributes).includes("0556"),
      );
      stage.check(told, { ExtConfID: conference.extConfId, ExtCallID: extCallId });
    },
    ["dial in", "key an attendee ID later"],
  ),
];
