import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Message } from "../xml.ts";
import { failed } from "./call-out.ts";
import { documented, GUIDE, SEQUENCES } from "./clause.ts";
import { isJoin } from "./failover.ts";
import { rooms } from "./rooms.ts";
import { speakers } from "./speakers.ts";

const process = `${GUIDE}, TSP Server Failover: Failover Process (the new ExtConfID replaces the one before, for all commands that follow)`;

/** Ringing time of a call-out; the takeover comes meanwhile. */
const RING_MS = 1_500;
const MEETINGS = 8;
const MANY_ROOMS = 60;
/** More than fit into one document. */
const MANY_CALLS = 60;

/**
 * Plays a takeover; `before` prepares the conference while the first server has it. `asksLate` posts late requests of
 * the first server with its ExtConfID, each in its own document, and waits the quiet time.
 */
async function replaced(stage: Stage, before?: (conference: Conference, one: Caller) => Promise<void>) {
  const [conference, one, other] = await stage.conferenceOf(2);
  await before?.(conference, one);
  const { extConfId } = conference;
  await conference.failOver();
  const asksLate = async (...messages: readonly Message[]) => {
    for (const { attributes, ...message } of messages) {
      const own = { MsgID: stage.webex.ids(1).msgId(), WbxHostName: stage.webex.host(1), ExtConfID: extConfId };
      await stage.posts([{ ...message, attributes: { ...attributes, ...own } }], 1);
    }
    await stage.quiet();
  };
  return { conference, one: await conference.renamed(one), other: await conference.renamed(other), asksLate };
}

export const replacedServerClauses = [
  ...documented(process, {
    "4.9q: a late close by a replaced server changes nothing": async (stage) => {
      const { conference, one, other, asksLate } = await replaced(stage);
      for (const KeepAlive of ["1", undefined]) {
        await asksLate(conference.message("W2A_CloseConference", { KeepAlive }));
        for (const { call } of [one, other])
          await stage.people.staysUp(call, "only a replaced server closed the conference");
        const { entered } = await conference.callIn();
        stage.check(entered, {}, 2);
      }
    },
    "4.9r: a late call-out by a replaced server calls nobody": async (stage) => {
      const { conference, asksLate } = await replaced(stage);
      const number = await stage.people.number("answer");
      await asksLate(conference.calloutMessage(number));
      await stage.people.ringsNoMore(number, "only a replaced server asked for the call-out");
      await stage.receivesNo("A2W_NotifyUserEnter", "only a replaced server asked for the call-out");
    },
    "4.9s: late sub-conference requests of a replaced server change nothing": async (stage) => {
      const { conference, one, other, asksLate } = await replaced(stage, async (running, caller) => {
        await rooms.createSub(running);
        await rooms.addToSub(running, caller);
      });
      const main = await conference.callIn("13");
      await conference.receives("A2W_NotifySubConferenceChange", { Status: "2" });
      await asksLate(
        conference.message("W2A_CreateSubConference", { SubConfID: "S2" }),
        conference.message("W2A_AddToSubConference", { SubConfID: "S1", ExtCallID: other.extCallId }),
        conference.message("W2A_RemoveFromSubConference", { SubConfID: "S1", ExtCallID: one.extCallId }),
        conference.message("W2A_CloseSubConference", { SubConfID: "S1" }),
      );
      const names = ["A2W_NotifySubConferenceChange", "A2W_NotifySubConfCallChange"];
      await stage.receivesNo(names, "only a replaced server asked for it");
      await stage.people.hears(main.call, other.call, "only a replaced server moved it");
      await stage.people.doesNotHear(main.call, one.call, "only a replaced server brought it back");
    },
  }),
  ...documented(`${process}; Identify Active Speaker`, {
    "4.9t: a late ActionCode 9 by a replaced server does not stop the new server's speaker reports": async (stage) => {
      const { conference, one, asksLate } = await replaced(stage);
      await speakers.report(conference, true);
      await asksLate(conference.updateMessage("stop-reporting-speakers"));
      stage.check(await speakers.talk(stage, one, true), {}, 2);
    },
  }),
  ...documented(`${process}; ${SEQUENCES}, User Call In`, {
    "4.9y: a late name of a replaced server applies only to the notification that it answers": async (stage) => {
      stage.names = false;
      const conference = await stage.conference();
      const dial = await conference.dialIn("11");
      const [atFirst] = await conference.entriesOf(dial);
      const { extConfId } = conference;
      await conference.failOver();
      const [entered] = await conference.entriesOf(dial);
      const name = (ExtCallID: string, { attributes }: typeof entered, more: Message["attributes"]): Message => ({
        name: "W2A_RspNotifyUserEnter",
        attributes: { MsgID: attributes.MsgID, ExtCallID, WbxHostName: stage.webex.host(1), ...more },
      });
      await stage.posts([name("99031", atFirst, { ExtConfID: extConfId })], 1);
      await conference.posts(name("99032", entered, { WbxHostName: stage.webex.host(2) }));
      await stage.posts([name("99033", atFirst, {})], 1);
      await stage.people.hangUp(dial.call);
      stage.check(await conference.receives("A2W_NotifyUserChange", { Status: "2" }), { ExtCallID: "99032" });
    },
  }),
  ...documented(`${GUIDE}, HTTP Request Target Machine (an answer goes to the URL that came with its request)`, {
    "T11c: a call-out that ends after a takeover is answered to the server that asked": async (stage) => {
      const conference = await stage.conference();
      const busy = await stage.people.number("busy", RING_MS);
      const fails = await conference.posts(conference.calloutMessage(busy));
      await stage.people.called(busy);
      const number = await stage.people.number("answer", RING_MS);
      const succeeds = await conference.posts(conference.calloutMessage(number));
      await conference.failOver();
      stage.check(await fails.answer(), failed, 1);
      stage.check(await succeeds.answer(), { Result: "0" }, 1);
    },
  }),
  ...documented(`${GUIDE}, TSP Server Failover (all meetings in progress are moved)`, {
    "2.2.1j: all conferences of a server are taken over at once, several in one document": async (stage) => {
      const conferences: Conference[] = [];
      for (let n = 0; n < MEETINGS; n++) conferences.push((await stage.conferenceOf(1))[0]);
      const meetings = conferences.map((conference) => ({ conference, create: conference.takeOverMessage() }));
      const creates = meetings.map(({ create }) => create);
      const documents = [creates.slice(0, MEETINGS / 2), ...creates.slice(MEETINGS / 2).map((one) => [one])];
      await Promise.all(documents.map((messages) => stage.posts(messages, 2)));
      for (const { conference, create } of meetings) {
        const answer = await stage.answer(create);
        stage.check(answer, { Result: "0" }, 2);
        const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
        stage.inOrder(answer, started);
        const entered = await conference.receives("A2W_NotifyUserEnter");
        stage.check(entered, {}, 2);
        stage.inOrder(started, entered);
      }
    },
  }),
  ...documented(`${GUIDE}, Conference Features Affected During Failover: sub-conference in progress`, {
    "F7a: a takeover with 60 sub-conferences is confirmed with 0, and each is notified": async (stage) => {
      const [conference, caller] = await stage.conferenceOf(1);
      const ids = Array.from({ length: MANY_ROOMS }, (_, n) => `S${n + 1}`);
      const requests = ids.map((SubConfID) => conference.message("W2A_CreateSubConference", { SubConfID }));
      for (const some of [requests.slice(0, MANY_ROOMS / 2), requests.slice(MANY_ROOMS / 2)]) {
        await stage.posts(some);
        for (const request of some) await stage.answer(request, { Result: "0" });
      }
      for (const _ of ids) await conference.receives("A2W_NotifySubConferenceChange", { Status: "0" });
      await conference.takenOver(caller);
      const told = [];
      for (const _ of ids) told.push(await conference.receives("A2W_NotifySubConferenceChange", { Status: "2" }));
      stage.mention(told, ids);
    },
  }),
  ...documented(`${GUIDE}, Sub-conference: TSP failover`, {
    "4.15f: a takeover with 60 calls in a sub-conference is confirmed with 0, and each is notified": async (stage) => {
      stage.people.need("make many calls at once");
      const conference = await stage.conference();
      await rooms.createSub(conference);
      const callers = await conference.callInMany(MANY_CALLS);
      const adds = callers.map(({ extCallId }) =>
        conference.message("W2A_AddToSubConference", { SubConfID: "S1", ExtCallID: extCallId }),
      );
      for (const some of [adds.slice(0, MANY_CALLS / 2), adds.slice(MANY_CALLS / 2)]) await stage.posts(some);
      for (const _ of callers) await conference.receives("A2W_NotifySubConfCallChange", { ActionFlag: "1" });
      await conference.failOver();
      const names: string[] = [];
      for (const caller of callers) names.push(await stage.nameOf((await conference.entriesOf(caller))[0]));
      for (const name of names) await stage.receivesOne(`A2W_NotifyJoinSubConference about ${name}`, isJoin(name));
    },
  }),
];
