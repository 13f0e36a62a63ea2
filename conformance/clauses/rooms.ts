import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Received } from "../player/traffic.ts";
import { documented, GUIDE, inferred } from "./clause.ts";

const chapter = (section: string) => `${GUIDE}, Sub-conference: ${section}`;

/** Creates a sub-conference, and waits until it runs. */
async function createSub(conference: Conference, id = "S1"): Promise<void> {
  await conference.succeeds("W2A_CreateSubConference", { SubConfID: id });
  await conference.receives("A2W_NotifySubConferenceChange", { Status: "0" });
}

async function addToSub(conference: Conference, { extCallId }: Caller, id = "S1"): Promise<void> {
  await conference.asks("W2A_AddToSubConference", { SubConfID: id, ExtCallID: extCallId });
  await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: extCallId, ActionFlag: "1" });
}

async function removeFromSub(conference: Conference, { extCallId }: Caller, id = "S1"): Promise<Received> {
  await conference.succeeds("W2A_RemoveFromSubConference", { SubConfID: id, ExtCallID: extCallId });
  return conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: extCallId, ActionFlag: "2" });
}

function closeSub(conference: Conference, id = "S1"): Promise<Received> {
  return conference.succeeds("W2A_CloseSubConference", { SubConfID: id });
}

/** Plays a conference with callers in S1, in `second` and in the main conference. */
async function breakout(stage: Stage, second = "S1") {
  const [conference, one, other, main] = await stage.conferenceOf(3);
  await createSub(conference);
  if (second !== "S1") await createSub(conference, second);
  await addToSub(conference, one);
  await addToSub(conference, other, second);
  return { conference, one, other, main };
}

/** Waits for the next change of a call. Earlier messages may be repeats. */
function changeAfter(before: number, conference: Conference, { extCallId }: Caller): Promise<Received> {
  return conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId }, { after: before });
}

/** Mutes or unmutes by DTMF digits, because no public document names a message for it. */
async function muteByKeys(conference: Conference, { call, extCallId }: Caller, muted = true): Promise<void> {
  const told = { ExtCallID: extCallId, Status: muted ? "1" : "0" };
  await conference.mayNotify(told, () => conference.stage.people.muteByKeys(call));
}

export const rooms = { breakout, createSub, addToSub, removeFromSub, closeSub, muteByKeys };

export const roomClauses = [
  ...documented(chapter("Create a new sub conference"), {
    "4.13a: a sub-conference is answered, then notified by A2W_NotifySubConferenceChange Status 0": async (stage) => {
      const conference = await stage.conference();
      const asked = await conference.asks("W2A_CreateSubConference", { SubConfID: "S1" });
      const told = await conference.receives("A2W_NotifySubConferenceChange");
      stage.check(told, { Status: "0" }, 1);
      stage.mention([told], ["S1"]);
      const answer = await asked.answer();
      stage.check(answer, { Result: "0" }, 1);
      stage.inOrder(answer, told);
    },
  }),
  ...documented(chapter("Add a call into sub conference"), {
    "4.13b: an added call: the answer, the move, A2W_NotifySubConfCallChange ActionFlag 1": async (stage) => {
      const [conference, one, main] = await stage.conferenceOf(2);
      await createSub(conference);
      const asked = await conference.asks("W2A_AddToSubConference", { SubConfID: "S1", ExtCallID: one.extCallId });
      const { MsgID } = asked.message.attributes;
      const told = await conference.receives("A2W_NotifySubConfCallChange");
      stage.check(told, { ExtCallID: one.extCallId, ActionFlag: "1" }, 1);
      stage.mention([told], ["S1"]);
      await stage.people.doesNotHear(main.call, one.call, "it was moved into the sub-conference");
      const answer = await stage.receivesOne(
        `an answer with MsgID ${MsgID}`,
        ({ name, attributes }) => name.startsWith("A2W_Rsp") && attributes.MsgID === MsgID,
      );
      stage.check(answer, { Result: "0" });
      stage.inOrder(answer, told);
    },
  }),
  ...documented(chapter("WebEx Meetings Sub-conference Behaviors"), {
    "4.13c: calls in one sub-conference hear each other": async (stage) => {
      const { one, other, main } = await breakout(stage);
      await stage.people.hears(one.call, other.call, "both are in the sub-conference");
      await stage.people.doesNotHear(one.call, main.call, "it stayed in the main conference");
    },
    "4.13l: calls in two sub-conferences do not hear each other": async (stage) => {
      const { one, other } = await breakout(stage, "S2");
      await stage.people.doesNotHear(one.call, other.call, "they are in two sub-conferences");
      await stage.people.doesNotHear(other.call, one.call, "they are in two sub-conferences");
    },
  }),
  ...documented(chapter("Remove a call from sub conference"), {
    "4.13d: a removed call: the answer, then A2W_NotifyUserChange, then ActionFlag 2": async (stage) => {
      const { conference, one } = await breakout(stage);
      const before = stage.last;
      const ids = { SubConfID: "S1", ExtCallID: one.extCallId };
      const asked = await conference.asks("W2A_RemoveFromSubConference", ids);
      const moved = await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: one.extCallId });
      const answer = await asked.answer();
      const privilege = await changeAfter(before, conference, one);
      stage.check(moved, { ActionFlag: "2" });
      stage.mention([moved], ["S1"]);
      stage.check(answer, { Result: "0" });
      stage.check(privilege, { Status: "0" });
      stage.inOrder(answer, privilege);
      stage.inOrder(privilege, moved);
    },
    "4.13e: a removed call is in the main conference again": async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      await removeFromSub(conference, one);
      await stage.people.hears(main.call, one.call, "it is in the main conference again");
      await stage.people.doesNotHear(other.call, one.call, "that one is still in the sub-conference");
    },
    "4.13f: a call muted before its sub-conference is muted after its removal": async (stage) => {
      const [conference, one, main] = await stage.conferenceOf(2);
      await muteByKeys(conference, one);
      await createSub(conference);
      await addToSub(conference, one);
      const removed = async () => {
        const before = stage.last;
        const moved = await removeFromSub(conference, one);
        const privilege = await changeAfter(before, conference, one);
        await stage.quiet();
        stage.check(conference.lastChange(one.extCallId, before), { Status: "1" });
        stage.inOrder(privilege, moved);
        await stage.people.doesNotHear(main.call, one.call, "it is muted");
      };
      await removed();
      await addToSub(conference, one);
      await muteByKeys(conference, one, false);
      await removed();
    },
  }),
  ...documented(chapter("Close a sub conference"), {
    "4.13g: a close returns each call by A2W_NotifyUserChange, then A2W_RspCloseSubConference": async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      const before = stage.last;
      const answer = await closeSub(conference);
      stage.check(answer, { Result: "0" }, 1);
      const muted = { ExtCallID: main.extCallId, Status: "1" };
      await stage.receivesNo("A2W_NotifyUserChange", "this call never left the main conference", muted, before);
      for (const caller of [one, other]) {
        const back = await changeAfter(before, conference, caller);
        stage.check(back, { Status: "0" });
        stage.inOrder(back, answer);
      }
    },
    "4.13h: all calls are in the main conference when the close is answered": async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      await closeSub(conference);
      for (const { call } of [one, other]) await stage.people.hears(main.call, call, "the sub-conference was closed");
    },
    "4.13i: a close restores and notifies the earlier mute state of each call": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await muteByKeys(conference, one);
      for (const id of ["S1", "S2"]) {
        await createSub(conference, id);
        await addToSub(conference, one, id);
        await addToSub(conference, other, id);
        if (id === "S2") await muteByKeys(conference, one, false);
        const before = stage.last;
        await closeSub(conference, id);
        await stage.quiet();
        stage.check(conference.lastChange(one.extCallId, before), { Status: "1" });
        stage.check(conference.lastChange(other.extCallId, before), { Status: "0" });
        await stage.people.doesNotHear(other.call, one.call, "it is muted");
      }
    },
    "4.13j: a close after some removals returns the other calls": async (stage) => {
      const { conference, one, other } = await breakout(stage);
      await removeFromSub(conference, one);
      const before = stage.last;
      const answer = await closeSub(conference);
      const back = await changeAfter(before, conference, other);
      stage.check(back, { Status: "0" });
      stage.inOrder(back, answer);
    },
    "4.13q: after a hang-up in the sub-conference, a close is answered and returns the other calls": async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      await stage.people.hangUp(one.call);
      await stage.quiet();
      await closeSub(conference);
      await stage.people.hears(main.call, other.call, "the sub-conference was closed");
    },
    "4.13m: closing one sub-conference keeps the calls of another one there": async (stage) => {
      const { conference, one, other, main } = await breakout(stage, "S2");
      await closeSub(conference);
      await stage.people.hears(main.call, one.call, "its sub-conference was closed");
      await stage.people.doesNotHear(main.call, other.call, "its sub-conference goes on");
      await removeFromSub(conference, other, "S2");
    },
  }),
  ...inferred("a call that leaves while it is in a sub-conference", {
    "4.14: a hang-up in a sub-conference is notified by Status 2, and not by ActionFlag 2": async (stage) => {
      const { conference, one } = await breakout(stage);
      await stage.people.hangUp(one.call);
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "2" });
      const back = { ExtCallID: one.extCallId, ActionFlag: "2" };
      await stage.receivesNo("A2W_NotifySubConfCallChange", "the call is not in the main conference", back);
    },
  }),
];
