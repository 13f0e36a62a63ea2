import { updateActions } from "../messages.ts";
import { documented, GUIDE, HYBRID, inferred, REFERENCE, unconfirmed } from "./clause.ts";
import { rooms } from "./rooms.ts";

/** That a caller has muted itself is told within this time, if it is. */
const TOLD_MS = 2_000;

export const controlClauses = [
  unconfirmed(
    "4.11a",
    "W2A_UpdateUser",
    "a muted caller is not heard, and told by A2W_NotifyUserChange Status 1",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn(), await conference.callIn()];
      const { msgId } = await conference.asks("W2A_UpdateUser", { ExtCallID: one.extCallId, Privilege: "1" });
      await stage.receives("A2W_RspUpdateUser", { MsgID: msgId, Result: "0" });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "1" });
      await stage.people.doesNotHear(other.call, one.call, "it is muted");
      await conference.asks("W2A_UpdateUser", { ExtCallID: one.extCallId, Privilege: "0" });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "0" });
      await stage.people.hears(other.call, one.call, "it is not muted any more");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.11b",
    "action code for mute all",
    "mute all tells A2W_NotifyUserChange Status 1 for those whose state changed",
    async (stage) => {
      const conference = await stage.conference();
      const [host, one, other] = [await conference.callIn(), await conference.callIn(), await conference.callIn()];
      await conference.asks("W2A_UpdateConference", { ActionCode: String(updateActions.muteAll) });
      for (const { extCallId } of [one, other]) {
        await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "1" });
      }
      await stage.people.doesNotHear(host.call, one.call, "all are muted");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.11d",
    "mute all while a call is in a sub-conference",
    "it is for all callers of the conference: who comes back is told as muted, and not heard",
    async (stage) => {
      const conference = await stage.conference();
      const [host, one] = [await conference.callIn(undefined, { as: "host" }), await conference.callIn()];
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.asks("W2A_UpdateConference", { ActionCode: String(updateActions.muteAll) });
      await stage.ports.sleep(stage.options.quietMs);
      await conference.asks("W2A_RemoveFromSubConference", { SubConfID: "S1", ExtCallID: one.extCallId });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "1" });
      await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: one.extCallId, ActionFlag: "2" });
      await stage.people.doesNotHear(host.call, one.call, "all are muted");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.11e",
    "action code for unmute all; Silent Join",
    "a silent monitor is not heard either when all are unmuted",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const silent = await conference.callOut({ ParticipantType: "6", Privilege: "1" });
      await conference.asks("W2A_UpdateConference", { ActionCode: String(updateActions.unmuteAll) });
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
    },
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "2.3.4a",
    `${REFERENCE}, A2W_NotifyUserChange; ${GUIDE}, status 1 for muted`,
    "where it is told that a caller has muted itself, that is by Status 1, and of no other caller",
    async (stage) => {
      const conference = await stage.conference();
      const first = await conference.callIn();
      const { call, extCallId } = await conference.callIn();
      await stage.people.muteByKeys(call);
      const muted = await stage.mayReceiveAfter(0, "A2W_NotifyUserChange", { Status: /^[^0]/ }, TOLD_MS);
      if (muted) stage.check(muted, { ExtCallID: extCallId, Status: "1" }, 1);
      await stage.ports.sleep(stage.options.quietMs);
      if (muted && conference.lastChange(extCallId)?.attributes.Status !== "1")
        stage.fail(`${extCallId} was told as not muted again, and is`);
      if (conference.lastChange(first.extCallId)?.attributes.Status === "1")
        stage.fail(`${first.extCallId} was told as muted, and another one is`);
    },
    ["dial in", "mute by keys"],
  ),
  inferred(
    "2.3.4b",
    "that it is told who mutes itself",
    "a caller who mutes itself is told with Status 1, and with 0 when it unmutes",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn();
      for (const Status of ["1", "0"]) {
        const before = stage.last;
        await stage.people.muteByKeys(call);
        const change = { ExtConfID: conference.extConfId, ExtCallID: extCallId, Status };
        await stage.receivesAfter(before, "A2W_NotifyUserChange", change);
      }
    },
    ["dial in", "mute by keys"],
  ),
  unconfirmed(
    "4.12",
    "W2A_DropUser",
    "an expelled caller is told by A2W_NotifyUserChange Status 2, and gone",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn();
      const { msgId } = await conference.asks("W2A_DropUser", { ExtCallID: extCallId });
      await stage.receives("A2W_RspDropUser", { MsgID: msgId, Result: "0" });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "2" });
      await stage.people.ends(call, "it was expelled");
    },
    ["dial in"],
  ),
  inferred(
    "4.10a",
    "action codes for lock and unlock",
    "a locked conference is told by Status 2 and lets nobody in; unlocked it is told by Status 0",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await conference.asks("W2A_UpdateConference", { ActionCode: String(updateActions.lock) });
      await conference.receives("A2W_NotifyConferenceChange", { Status: "2" });
      await conference.dialIn("91");
      if (await stage.mayReceive("A2W_NotifyUserEnter")) stage.fail("a caller entered the locked conference");
      const before = stage.last;
      await conference.asks("W2A_UpdateConference", { ActionCode: String(updateActions.unlock) });
      const told = { ExtConfID: conference.extConfId, Status: "0" };
      await stage.receivesAfter(before, "A2W_NotifyConferenceChange", told);
      await conference.callIn("92");
    },
    ["dial in"],
  ),
  inferred(
    "4.10b",
    `${REFERENCE}, A2W_NotifyConferenceChange: status 2 for locked; that a lock by telephone is told is reason`,
    "a conference that its host locks by telephone is told with Status 2, each time",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      for (const _ of ["first", "second"]) {
        const before = stage.last;
        await stage.people.lock(conference.confKey, true);
        // That it runs may be told at any time.
        const told = { ExtConfID: conference.extConfId, Status: /^[^0146]/ };
        stage.check(await stage.receivesAfter(before, "A2W_NotifyConferenceChange", told), { Status: "2" }, 1);
        await stage.people.lock(conference.confKey, false);
        await stage.ports.sleep(stage.options.quietMs);
      }
    },
    ["dial in", "lock and end as host"],
  ),
  inferred(
    "2.2.2a",
    "unknown ActionCode",
    "an ActionCode that nobody knows is confirmed with 0, and changes nothing",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn(), await conference.callIn()];
      await rooms.muteByKeys(conference, other);
      await conference.asks("W2A_UpdateConference", { ActionCode: "77" });
      await stage.receivesNothingElse("nobody knows ActionCode 77");
      await stage.people.hears(other.call, one.call, "nothing was changed");
      await stage.people.doesNotHear(one.call, other.call, "it has muted itself");
    },
    ["dial in", "mute by keys", "hear"],
  ),
  inferred(
    "4.22a",
    `${HYBRID}: the message is named, its attributes are not`,
    "W2A_CSPClientPassthrough is confirmed with 0, and nothing follows",
    async (stage) => {
      const conference = await stage.conference();
      const { extCallId } = await conference.callIn();
      await conference.asks("W2A_CSPClientPassthrough", { ExtCallID: extCallId, Data: "AQID" });
      await stage.receivesNothingElse("no answer belongs to W2A_CSPClientPassthrough");
    },
    ["dial in"],
  ),
  unconfirmed(
    "2.2.11",
    "W2A_RspMessageError",
    "W2A_RspMessageError is confirmed with 0, and nothing follows",
    async (stage) => {
      const conference = await stage.conference();
      await conference.asks("W2A_RspMessageError", { Result: "-12" });
      await stage.receivesNothingElse("an error has no answer");
    },
  ),
  unconfirmed(
    "4.11c",
    "W2A_UpdateUser for a call in a sub-conference",
    "it is answered, and the call stays where it is",
    async (stage) => {
      const conference = await stage.conference();
      const [one, main] = [await conference.callIn(), await conference.callIn()];
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      const { msgId } = await conference.asks("W2A_UpdateUser", { ExtCallID: one.extCallId, Privilege: "1" });
      await stage.receives("A2W_RspUpdateUser", { MsgID: msgId, Result: "0" });
      await stage.people.doesNotHear(one.call, main.call, "it is in the sub-conference");
    },
    ["dial in", "hear"],
  ),
];
