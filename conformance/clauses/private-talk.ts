import { updateActions } from "../messages.ts";
import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import { documented, GUIDE, inferred } from "./clause.ts";
import { rooms } from "./rooms.ts";

const invite = `${GUIDE}, TSP Invite by Phone: Invite attendee`;
const addToMain = `${GUIDE}, TSP Invite by Phone: Add the invitee into main conference`;

/** A host, another caller, and an invitee who has picked up. */
export async function privateTalk(stage: Stage) {
  const conference = await stage.conference();
  const [host, other] = [await conference.callIn(undefined, { as: "host" }), await conference.callIn()];
  const invitee = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
  return { conference, host, other, invitee };
}

/** The host of a first private talk hangs up; another one dials in, or the same, before the next invitee is called. */
async function hostGoes(stage: Stage, comes: (conference: Conference, host: Caller) => Promise<Caller>) {
  const { conference, host, other, invitee } = await privateTalk(stage);
  const ActionCode = String(updateActions.addToMain);
  await conference.asks("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
  await conference.receives("A2W_NotifyUserChange", { ExtCallID: invitee.extCallId, ActionCode: "3" });
  await conference.hangsUp(host);
  await stage.ports.sleep(stage.options.quietMs);
  const came = await comes(conference, host);
  const next = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
  return { came, other, next };
}

async function hostTalks(stage: Stage): Promise<void> {
  const { host, invitee } = await privateTalk(stage);
  await stage.people.hears(host.call, invitee.call, "they are in a private talk");
  await stage.people.hears(invitee.call, host.call, "they are in a private talk");
}

async function nobodyElseHears(stage: Stage): Promise<void> {
  const { other, host, invitee } = await privateTalk(stage);
  await stage.people.doesNotHear(other.call, invitee.call, "the invitee is in a private talk");
  await stage.people.doesNotHear(other.call, host.call, "the host is in a private talk");
}

export const privateTalkClauses = [
  documented(
    "4.21a",
    invite,
    "an invitee who picks up: A2W_RspCallout, then A2W_NotifyUserEnter with ActionCode 2",
    async (stage) => {
      const { invitee } = await privateTalk(stage);
      stage.check(invitee.entered, { ExtCallID: invitee.extCallId, ActionCode: "2" }, 1);
      stage.inOrder(invitee.answered, invitee.entered);
    },
    ["dial in", "dial in as the host", "answer calls"],
  ),
  documented("4.21b", invite, "when ActionCode 2 is told, host and invitee talk with each other", hostTalks, [
    "dial in",
    "dial in as the host",
    "answer calls",
    "hear",
  ]),
  documented("4.21c", invite, "nobody else hears a private talk", nobodyElseHears, [
    "dial in",
    "dial in as the host",
    "answer calls",
    "hear",
  ]),
  inferred(
    "4.21j",
    "who the host of a private talk is",
    "the first caller is the host: when ActionCode 2 is told, it and the invitee talk with each other",
    hostTalks,
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "4.21k",
    "who the host of a private talk is",
    "the first caller is the host: nobody else hears it and the invitee",
    nobodyElseHears,
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "4.21d",
    addToMain,
    "the add button: A2W_NotifyUserChange with ActionCode 3 for the invitee",
    async (stage) => {
      const { conference, invitee } = await privateTalk(stage);
      const ActionCode = String(updateActions.addToMain);
      await conference.asks("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
      const fits = { ExtCallID: invitee.extCallId, ActionCode: /./ };
      const change = await conference.receives("A2W_NotifyUserChange", fits);
      stage.check(change, { ActionCode: "3", Status: "0" }, 1);
      if (!/^0?$/.test(change.attributes.ActionResult ?? "")) stage.fail("ActionResult is not 0");
    },
    ["dial in", "dial in as the host", "answer calls"],
  ),
  documented(
    "4.21e",
    addToMain,
    "when ActionCode 3 is told, host and invitee are in the main conference",
    async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      const ActionCode = String(updateActions.addToMain);
      await conference.asks("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
      await conference.receives("A2W_NotifyUserChange", { ActionCode: "3" });
      await stage.people.hears(other.call, invitee.call, "the invitee was brought into the main conference");
      await stage.people.hears(other.call, host.call, "the host is back in the main conference");
    },
    ["dial in", "dial in as the host", "answer calls", "hear"],
  ),
  documented(
    "4.21l",
    invite,
    "another invitee, when the first one is in the main conference, comes into a private talk, too, and then into the main conference",
    async (stage) => {
      const { conference, other, invitee } = await privateTalk(stage);
      const ActionCode = String(updateActions.addToMain);
      await conference.asks("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
      await conference.receives("A2W_NotifyUserChange", { ActionCode: "3" });
      const next = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
      stage.check(next.entered, { ExtCallID: next.extCallId, ActionCode: "2" }, 1);
      await conference.asks("W2A_UpdateConference", { ActionCode, ExtCallID: next.extCallId });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: next.extCallId, ActionCode: "3" });
      await stage.people.hears(other.call, next.call, "the invitee was brought into the main conference");
    },
    ["dial in", "dial in as the host", "answer calls", "hear"],
  ),
  inferred(
    "4.21m",
    "a host who has muted itself",
    "when the host is told as muted, it is not heard after the private talk",
    async (stage) => {
      const conference = await stage.conference();
      const [host, other] = [await conference.callIn(undefined, { as: "host" }), await conference.callIn()];
      await rooms.muteByKeys(conference, host);
      const before = stage.last;
      const invitee = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
      const ActionCode = String(updateActions.addToMain);
      await conference.asks("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: invitee.extCallId, ActionCode: "3" });
      await stage.ports.sleep(stage.options.quietMs);
      if (conference.lastChange(host.extCallId, before)?.attributes.Status !== "0")
        await stage.people.doesNotHear(other.call, host.call, "it was told as muted");
    },
    ["dial in", "mute by keys", "answer calls", "hear"],
  ),
  inferred(
    "4.21n",
    "an invitee who is busy",
    "the host stays in the main conference",
    async (stage) => {
      const conference = await stage.conference();
      const [host, other] = [await conference.callIn(undefined, { as: "host" }), await conference.callIn()];
      const number = await stage.people.number("busy");
      const { msgId } = await conference.posts(conference.calloutMessage(number, { JoinMode: "0" }));
      await stage.receives("A2W_RspCallout", { MsgID: msgId });
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.hears(other.call, host.call, "there was no private talk");
    },
    ["dial in", "refuse calls", "hear"],
  ),
  inferred(
    "4.21o",
    "who the host of a private talk is: the guide speaks of one host of the meeting",
    "a host who hangs up and dials in again with the same attendee ID is the host of the next private talk",
    async (stage) => {
      const { came, other, next } = await hostGoes(stage, (running, { attendeeId }) =>
        running.callIn(attendeeId, { as: "host" }),
      );
      stage.check(next.entered, { ActionCode: "2" });
      await stage.people.hears(came.call, next.call, "the host has come back");
      await stage.people.doesNotHear(other.call, next.call, "the invitee is in a private talk");
    },
    ["dial in", "key an attendee ID at entry", "answer calls", "hear"],
  ),
  inferred(
    "4.21p",
    "who the host of a private talk is: the guide speaks of one host of the meeting",
    "while the host is away, an invitee is told with another ActionResult than 0, and nobody is taken out of the meeting",
    async (stage) => {
      const { came, other, next } = await hostGoes(stage, (running) => running.callIn());
      if (/^0?$/.test(next.entered.attributes.ActionResult ?? "")) stage.fail("ActionResult is 0, without a host");
      await stage.ports.sleep(stage.options.quietMs);
      for (const [listener, talker] of [
        [came, other],
        [other, came],
      ] as const)
        await stage.people.hears(listener.call, talker.call, "only the host talks with an invitee alone");
    },
    ["dial in", "key an attendee ID at entry", "answer calls", "hear"],
  ),
  inferred(
    "4.21f",
    "JoinMode 1, in the example of silent join",
    "a call-out with JoinMode 1 makes no private talk",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const called = await conference.callOut({ JoinMode: "1" });
      stage.check(called.entered, { ActionCode: undefined });
      await stage.people.hears(one.call, called.call, "it is in the main conference");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "4.21g",
    "an invitee who hangs up",
    "the invitee is told as gone, and the host is in the main conference again",
    async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      await stage.people.hangUp(invitee.call);
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: invitee.extCallId, Status: "2" });
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.hears(other.call, host.call, "the private talk is over");
    },
    ["dial in", "answer calls", "hear"],
  ),
];
