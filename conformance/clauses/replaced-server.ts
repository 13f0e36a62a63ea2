import { updateActions } from "../messages.ts";
import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Arrival } from "../player/traffic.ts";
import type { Message } from "../xml.ts";
import { alone, documented, GUIDE, inferred, SEQUENCES, unconfirmed } from "./clause.ts";
import { rooms } from "./rooms.ts";
import { speakers } from "./speakers.ts";

const process = `${GUIDE}, TSP Server Failover: Failover Process (the new ExtConfID replaces the one before, for all commands that follow)`;
const target = `${GUIDE}, HTTP Request Target Machine (an answer goes to the URL that came with its request)`;

/** So long the bridge takes for each act while two creates wait. */
const CREATE_MS = 1_000;
/** A call-out rings so long: the takeover comes meanwhile. */
const RING_MS = 1_500;
/** Three attempts, and the pauses between them. */
const ATTEMPTS_MS = 4_000;
/** Who enters is told at once, even where another server does not answer. */
const SOON_MS = 5_000;
const MEETINGS = 8;
const MANY_ROOMS = 60;
/** More than fit into one document. */
const MANY_CALLS = 60;

/** Another server has taken over; what the first one still asks goes under the ExtConfID that it had. */
interface Replaced {
  readonly conference: Conference;
  readonly one: Caller;
  readonly other: Caller;
  late(name: string, attributes?: Message["attributes"]): Message;
}

/** `before` prepares the conference while it is the first server's. */
async function replaced(
  stage: Stage,
  before: (conference: Conference, one: Caller) => Promise<void> = async () => {},
): Promise<Replaced> {
  const conference = await stage.conference();
  const [one, other] = [await conference.callIn("11"), await conference.callIn("12")];
  await before(conference, one);
  const { extConfId } = conference;
  await conference.failOver();
  const named = async (caller: Caller) => ({
    ...caller,
    extCallId: await stage.nameOf(await conference.entryOf(caller)),
  });
  const late = (name: string, attributes: Message["attributes"] = {}) =>
    lateMessage(stage, conference.message(name, attributes), extConfId);
  return { conference, one: await named(one), other: await named(other), late };
}

/** As the first server would write it. */
function lateMessage(stage: Stage, message: Message, ExtConfID: string): Message {
  const own = { MsgID: stage.webex.ids(1).msgId(), WbxHostName: stage.webex.host(1), ExtConfID };
  return { ...message, attributes: { ...message.attributes, ...own } };
}

/** Each in a document of its own, confirmed; then a while in which they could act. */
async function asksLate(stage: Stage, ...messages: readonly Message[]): Promise<void> {
  for (const message of messages) await stage.posts([message], 1);
  await stage.ports.sleep(stage.options.quietMs);
}

/** A call-out that rings when another server takes over, and turns out busy. */
async function busyAfterTakeover(stage: Stage) {
  const conference = await stage.conference();
  const number = await stage.people.number("busy", RING_MS);
  const { msgId } = await conference.posts(conference.calloutMessage(number));
  await stage.people.called(number);
  return { conference, msgId };
}

function isAnswerTo(msgId: string): (arrival: Arrival) => boolean {
  return ({ document }) =>
    document.messages.some(({ name, attributes }) => name.startsWith("A2W_Rsp") && attributes.MsgID === msgId);
}

const isNotification = ({ document }: Arrival) => document.messages.some(({ name }) => name.startsWith("A2W_Notify"));

export const replacedServerClauses = [
  documented(
    "4.9q",
    process,
    "a late close by a replaced server, with KeepAlive 1 or without, ends no call, and cuts nobody off from the new server",
    async (stage) => {
      const { conference, one, other, late } = await replaced(stage);
      for (const KeepAlive of ["1", undefined]) {
        await asksLate(stage, late("W2A_CloseConference", { KeepAlive }));
        for (const { call } of [one, other])
          await stage.people.staysUp(call, "only a server that was replaced has closed the conference");
        const { entered } = await conference.callIn();
        stage.check(entered, {}, 2);
      }
    },
    ["dial in"],
  ),
  documented(
    "4.9r",
    process,
    "a late call-out by a replaced server calls nobody",
    async (stage) => {
      const { conference } = await replaced(stage);
      const [former = ""] = stage.replaced;
      const number = await stage.people.number("answer");
      await asksLate(stage, lateMessage(stage, conference.calloutMessage(number), former));
      await stage.people.ringsNoMore(number, "only a server that was replaced wants it called");
      await stage.receivesNo(["A2W_NotifyUserEnter"], "nobody was to be called");
    },
    ["dial in", "answer calls"],
  ),
  documented(
    "4.9s",
    process,
    "late requests of a replaced server for sub-conferences move nobody, and neither make nor close one",
    async (stage) => {
      const { conference, one, other, late } = await replaced(stage, async (running, caller) => {
        await rooms.createSub(running);
        await rooms.addToSub(running, caller);
      });
      const main = await conference.callIn("13");
      await conference.receives("A2W_NotifySubConferenceChange", { Status: "2" });
      await asksLate(
        stage,
        late("W2A_CreateSubConference", { SubConfID: "S2" }),
        late("W2A_AddToSubConference", { SubConfID: "S1", ExtCallID: other.extCallId }),
        late("W2A_RemoveFromSubConference", { SubConfID: "S1", ExtCallID: one.extCallId }),
        late("W2A_CloseSubConference", { SubConfID: "S1" }),
      );
      const names = ["A2W_NotifySubConferenceChange", "A2W_NotifySubConfCallChange"];
      await stage.receivesNo(names, "only a server that was replaced has asked");
      await stage.people.hears(main.call, other.call, "only a server that was replaced has moved it");
      await stage.people.doesNotHear(main.call, one.call, "only a server that was replaced has brought it back");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.9t",
    `${process}; Identify Active Speaker`,
    "a late ActionCode 9 by a replaced server does not end what the new one has asked for",
    async (stage) => {
      const { conference, one, late } = await replaced(stage);
      await speakers.report(conference, true);
      await asksLate(stage, late("W2A_UpdateConference", { ActionCode: String(updateActions.speakersOff) }));
      stage.check(await speakers.talk(stage, one, true), {}, 2);
    },
    ["dial in", "talk"],
  ),
  unconfirmed(
    "4.9u",
    "W2A_UpdateUser and W2A_DropUser by a replaced server",
    "they mute nobody, and expel nobody",
    async (stage) => {
      const { one, other, late } = await replaced(stage);
      await asksLate(
        stage,
        late("W2A_UpdateUser", { ExtCallID: one.extCallId, Privilege: "1" }),
        late("W2A_DropUser", { ExtCallID: other.extCallId }),
      );
      await stage.people.staysUp(other.call, "only a server that was replaced has expelled it");
      await stage.people.hears(other.call, one.call, "only a server that was replaced has muted it");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.9v",
    "action codes for lock and mute all, by a replaced server",
    "they mute nobody, and keep nobody out",
    async (stage) => {
      const { conference, one, other, late } = await replaced(stage);
      for (const action of [updateActions.muteAll, updateActions.lock])
        await asksLate(stage, late("W2A_UpdateConference", { ActionCode: String(action) }));
      for (const [listener, talker] of [
        [one, other],
        [other, one],
      ] as const)
        await stage.people.hears(listener.call, talker.call, "only a server that was replaced has muted all");
      await conference.callIn("13");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.9w",
    "what a replaced server is answered",
    "it is answered as for an ExtConfID that nobody has",
    async (stage) => {
      const { conference, late } = await replaced(stage);
      const nobodys = stage.newConference().message("W2A_CreateSubConference", { SubConfID: "S1" });
      await stage.posts([nobodys], 1);
      const unknown = await stage.receives("A2W_RspCreateSubConference", { MsgID: nobodys.attributes.MsgID });
      const { Result } = unknown.attributes;
      if (Result === "0") stage.fail("a request for an ExtConfID that nobody has was answered with Result 0");
      for (const name of ["CreateSubConference", "CloseSubConference"]) {
        const request = late(`W2A_${name}`, { SubConfID: "S1" });
        await stage.posts([request], 1);
        const answer = await stage.receives(`A2W_Rsp${name}`, { MsgID: request.attributes.MsgID });
        stage.check(answer, { Result }, 1);
      }
      await conference.callIn("13");
    },
    ["dial in"],
  ),
  unconfirmed(
    "4.9x",
    "A2W_RspCloseConference for a replaced server",
    "its close is answered with Result 0: it has nothing left to close",
    async (stage) => {
      const { late } = await replaced(stage);
      const close = late("W2A_CloseConference");
      await stage.posts([close], 1);
      const answer = await stage.receives("A2W_RspCloseConference", { MsgID: close.attributes.MsgID });
      stage.check(answer, { Result: "0" }, 1);
    },
    ["dial in"],
  ),
  documented(
    "4.9y",
    `${process}; ${SEQUENCES}, User Call In`,
    "a name that a replaced server gives late is for the message that it was sent: the calls keep the names of the new one",
    async (stage) => {
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
    ["dial in"],
  ),
  inferred(
    "4.9z",
    "a create by a replaced server, under the ExtConfID that it had",
    "it is a takeover like any other",
    async (stage) => {
      const { conference, one, other } = await replaced(stage);
      const [former = ""] = stage.replaced;
      const create = conference.takeOverMessage(1, {}, former);
      await stage.posts([create], 1);
      const answer = await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID });
      stage.check(answer, { Result: "0" }, 1);
      for (const entered of await conference.entriesOf(one, other)) stage.check(entered, {}, 1);
    },
    ["dial in"],
  ),
  alone(
    inferred(
      "4.1e",
      "two creates of one ConfKey that wait at the same time",
      "the later one has the conference: both are answered once, and the first server cannot close it",
      async (stage) => {
        const conference = stage.newConference();
        await stage.people.faults({ delayMs: CREATE_MS });
        try {
          const first = await conference.posts(conference.createMessage());
          const { extConfId } = conference;
          const second = await conference.takeOver();
          const answer = await stage.receives("A2W_RspCreateConference", { MsgID: second.msgId });
          stage.check(answer, { Result: "0" }, 2);
          stage.check(await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }), {}, 2);
          stage.check(await stage.receives("A2W_RspCreateConference", { MsgID: first.msgId }), {}, 1);
          await stage.people.faults({});
          await asksLate(stage, lateMessage(stage, conference.message("W2A_CloseConference"), extConfId));
          const { entered } = await conference.callIn();
          stage.check(entered, {}, 2);
        } finally {
          await stage.people.faults({});
        }
      },
      ["dial in", "slow down or refuse the bridge's work"],
    ),
  ),
  documented(
    "T11c",
    target,
    "a call-out that turns out when another server has taken over is answered to the server that asked for it",
    async (stage) => {
      const { conference, msgId } = await busyAfterTakeover(stage);
      const number = await stage.people.number("answer", RING_MS);
      const succeeds = await conference.posts(conference.calloutMessage(number));
      await conference.failOver();
      const refusal = await stage.receives("A2W_RspCallout", { MsgID: msgId });
      if (refusal.attributes.Result === "0") stage.fail("A2W_RspCallout has Result 0, though the number is busy");
      stage.check(refusal, {}, 1);
      stage.check(await stage.receives("A2W_RspCallout", { MsgID: succeeds.msgId }), { Result: "0" }, 1);
    },
    ["answer calls", "refuse calls"],
  ),
  inferred(
    "T11d",
    "an answer for a replaced server that does not take it",
    "it is posted once",
    async (stage) => {
      const { conference, msgId } = await busyAfterTakeover(stage);
      stage.takes(1, { kind: "reset" });
      await conference.failOver();
      const isIt = isAnswerTo(msgId);
      if (!(await stage.notices(isIt, 1, stage.options.patienceMs))) stage.fail("A2W_RspCallout did not come");
      if (await stage.notices(isIt, 2, ATTEMPTS_MS)) stage.fail("A2W_RspCallout was posted again");
    },
    ["refuse calls"],
  ),
  inferred(
    "T11e",
    "an answer for a replaced server that does not take it",
    "it holds nobody up: who enters meanwhile is told to the new server",
    async (stage) => {
      const { conference, msgId } = await busyAfterTakeover(stage);
      stage.takes(1, { kind: "hang" });
      await conference.failOver();
      if (!(await stage.notices(isAnswerTo(msgId), 1, stage.options.patienceMs)))
        stage.fail("A2W_RspCallout did not come");
      await conference.dialIn("11");
      stage.check(await conference.receives("A2W_NotifyUserEnter", {}, SOON_MS), {}, 2);
    },
    ["dial in", "refuse calls"],
  ),
  inferred(
    "T12b",
    "what a replaced server has not confirmed",
    "it is told nothing more of the conference once another server has taken over",
    async (stage) => {
      const conference = await stage.conference();
      stage.takes(1, (arrival) => ({ kind: isNotification(arrival) ? "reset" : "confirm" }));
      await conference.dialIn("11");
      if (!(await stage.notices(isNotification, 1, stage.options.patienceMs)))
        stage.fail("A2W_NotifyUserEnter did not come");
      await conference.failOver();
      const told = () => stage.noticed.filter((arrival) => arrival.server === 1 && isNotification(arrival)).length;
      const before = told();
      await stage.ports.sleep(ATTEMPTS_MS);
      if (told() > before) stage.fail("the replaced server was told again what it had not confirmed");
    },
    ["dial in"],
  ),
  documented(
    "2.2.1j",
    `${GUIDE}, TSP Server Failover (all meetings in progress are moved)`,
    "all conferences of a server are taken over at the same time, several in one document: each is answered, starts, and has its callers told",
    async (stage) => {
      const conferences: Conference[] = [];
      for (let n = 0; n < MEETINGS; n++) conferences.push(await stage.conference());
      const callers = [];
      for (const conference of conferences) callers.push(await conference.callIn());
      const creates = conferences.map((conference) => conference.takeOverMessage());
      const [first = [], ...rest] = [
        creates.slice(0, MEETINGS / 2),
        ...creates.slice(MEETINGS / 2).map((one) => [one]),
      ];
      await Promise.all([first, ...rest].map((messages) => stage.posts(messages, 2)));
      for (const [n, conference] of conferences.entries()) {
        const { MsgID } = creates[n]?.attributes ?? {};
        const answer = await stage.receives("A2W_RspCreateConference", { MsgID });
        stage.check(answer, { Result: "0" }, 2);
        const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
        stage.inOrder(answer, started);
        const entered = await conference.receives("A2W_NotifyUserEnter");
        stage.check(entered, {}, 2);
        stage.inOrder(started, entered);
      }
    },
    ["dial in"],
  ),
  documented(
    "F7a",
    `${GUIDE}, Conference Features Affected During Failover: sub-conference in progress`,
    `a takeover of a conference with ${MANY_ROOMS} sub-conferences is confirmed with 0, and each of them is told`,
    async (stage) => {
      const conference = await stage.conference();
      const caller = await conference.callIn();
      const ids = Array.from({ length: MANY_ROOMS }, (_, n) => `S${n + 1}`);
      const requests = ids.map((SubConfID) => conference.message("W2A_CreateSubConference", { SubConfID }));
      for (const some of [requests.slice(0, MANY_ROOMS / 2), requests.slice(MANY_ROOMS / 2)]) {
        await stage.posts(some);
        for (const { attributes } of some)
          await stage.receives("A2W_RspCreateSubConference", { MsgID: attributes.MsgID, Result: "0" });
      }
      for (const _ of ids) await conference.receives("A2W_NotifySubConferenceChange", { Status: "0" });
      await conference.failOver();
      await conference.entriesOf(caller);
      const told = [];
      for (const _ of ids) told.push(await conference.receives("A2W_NotifySubConferenceChange", { Status: "2" }));
      for (const id of ids)
        if (!told.some(({ attributes }) => Object.values(attributes).includes(id)))
          stage.fail(`no A2W_NotifySubConferenceChange names ${id}`);
    },
    ["dial in"],
  ),
  documented(
    "4.15f",
    `${GUIDE}, Sub-conference: TSP failover`,
    `a takeover of a conference with ${MANY_CALLS} calls in a sub-conference is confirmed with 0, and each call is told, and that it is in the sub-conference`,
    async (stage) => {
      const conference = await stage.conference();
      await rooms.createSub(conference);
      const callers: Caller[] = [];
      for (let n = 0; n < MANY_CALLS; n++) callers.push(await conference.callIn(`2${String(n).padStart(3, "0")}`));
      const adds = callers.map(({ extCallId }) =>
        conference.message("W2A_AddToSubConference", { SubConfID: "S1", ExtCallID: extCallId }),
      );
      for (const some of [adds.slice(0, MANY_CALLS / 2), adds.slice(MANY_CALLS / 2)]) await stage.posts(some);
      for (const _ of callers) await conference.receives("A2W_NotifySubConfCallChange", { ActionFlag: "1" });
      await conference.failOver();
      const names: string[] = [];
      for (const caller of callers) names.push(await stage.nameOf((await conference.entriesOf(caller))[0]));
      for (const name of names)
        await stage.receivesOne(
          `A2W_NotifyJoinSubConference about ${name}`,
          (one) => one.name === "A2W_NotifyJoinSubConference" && Object.values(one.attributes).includes(name),
        );
    },
    ["dial in", "many calls at once"],
  ),
];
