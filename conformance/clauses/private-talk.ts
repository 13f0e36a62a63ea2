import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import { documented, GUIDE, inferred } from "./clause.ts";

const HOST = "11";

/** Plays a private talk: a host, another caller, and an invitee who picked up. */
export async function privateTalk(stage: Stage) {
  const { conference, host } = await withHost(stage);
  const other = await conference.callIn();
  const invitee = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
  return { conference, host, other, invitee };
}

/** Plays a conference whose host has dialed in. The create also names the host, whatever the host enters. */
export async function withHost(stage: Stage) {
  const conference = await stage.conference({ HostAttendeeID: HOST });
  return { conference, host: await conference.callIn(HOST, { as: "host" }) };
}

/** Presses the add button, which brings the invitee into the main conference. */
export async function joinsMain(conference: Conference, { extCallId }: Caller): Promise<void> {
  await conference.updates("add-to-main", { extCallId });
  await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, ActionCode: "3" });
}

/** Plays a private talk whose host hangs up. `comes`: a caller dials in before the next call-out. */
async function hostGoes(stage: Stage, comes: (conference: Conference, host: Caller) => Promise<Caller>) {
  stage.people.need("enter an attendee ID to join");
  const { conference, host, other, invitee } = await privateTalk(stage);
  await joinsMain(conference, invitee);
  await conference.hangsUp(host);
  await stage.quiet();
  const came = await comes(conference, host);
  const next = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
  return { came, other, next };
}

export const privateTalkClauses = [
  ...documented(`${GUIDE}, TSP Invite by Phone: Invite attendee`, {
    "4.21a: an invitee who answers: A2W_RspCallout, then A2W_NotifyUserEnter with ActionCode 2": async (stage) => {
      const { invitee } = await privateTalk(stage);
      stage.check(invitee.entered, { ExtCallID: invitee.extCallId, ActionCode: "2" }, 1);
      stage.inOrder(invitee.answered, invitee.entered);
    },
    "4.21b: host and invitee hear each other when ActionCode 2 is notified": async (stage) => {
      const { host, invitee } = await privateTalk(stage);
      await stage.people.hearEachOther(host.call, invitee.call, "they are in a private talk");
    },
    "4.21c: nobody else hears a private talk": async (stage) => {
      const { other, host, invitee } = await privateTalk(stage);
      await stage.people.doesNotHear(other.call, invitee.call, "the invitee is in a private talk");
      await stage.people.doesNotHear(other.call, host.call, "the host is in a private talk");
    },
    "4.21l: a second invitee also enters a private talk, then the main conference": async (stage) => {
      const { conference, other, invitee } = await privateTalk(stage);
      await joinsMain(conference, invitee);
      const next = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
      stage.check(next.entered, { ExtCallID: next.extCallId, ActionCode: "2" }, 1);
      await joinsMain(conference, next);
      await stage.people.hears(other.call, next.call, "the invitee was brought into the main conference");
    },
  }),
  ...documented(`${GUIDE}, TSP Invite by Phone: Add the invitee into main conference`, {
    "4.21d: the add button is notified by A2W_NotifyUserChange with ActionCode 3 for the invitee": async (stage) => {
      const { conference, invitee } = await privateTalk(stage);
      await conference.updates("add-to-main", invitee);
      const fits = { ExtCallID: invitee.extCallId, ActionCode: /./ };
      const change = await conference.receives("A2W_NotifyUserChange", fits);
      stage.check(change, { ActionCode: "3", Status: "0" }, 1);
      if (!/^0?$/.test(change.attributes.ActionResult ?? "")) stage.fail("ActionResult is not 0");
    },
    "4.21e: host and invitee are in the main conference when ActionCode 3 is notified": async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      await joinsMain(conference, invitee);
      await stage.people.hears(other.call, invitee.call, "the invitee was brought into the main conference");
      await stage.people.hears(other.call, host.call, "the host is back in the main conference");
    },
  }),
  ...inferred("the host of a private talk; the guide only mentions the host of the meeting", {
    "4.21o: a host who dials in again with the same attendee ID is the next private talk's host": async (stage) => {
      const { came, other, next } = await hostGoes(stage, (running, { attendeeId }) =>
        running.callIn(attendeeId, { as: "host" }),
      );
      stage.check(next.entered, { ActionCode: "2" });
      await stage.people.hears(came.call, next.call, "the host has come back");
      await stage.people.doesNotHear(other.call, next.call, "the invitee is in a private talk");
    },
    "4.21p: while the host is disconnected, a private talk is refused and nobody leaves the meeting": async (stage) => {
      const { came, other, next } = await hostGoes(stage, (running) => running.callIn());
      if (/^0?$/.test(next.entered.attributes.ActionResult ?? "")) stage.fail("ActionResult is 0, without a host");
      await stage.quiet();
      await stage.people.hearEachOther(came.call, other.call, "only the host can have a private talk");
    },
  }),
];
