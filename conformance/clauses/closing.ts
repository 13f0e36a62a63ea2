import { documented, GUIDE, inferred, unconfirmed } from "./clause.ts";
import { privateTalk } from "./private-talk.ts";
import { rooms } from "./rooms.ts";

const keepAlive = `${GUIDE}, Conference Keep-Alive`;

export const closingClauses = [
  documented(
    "4.7a",
    keepAlive,
    "W2A_CloseConference without KeepAlive ends the calls of the conference",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callIn();
      await conference.asks("W2A_CloseConference");
      await stage.people.ends(call, "the conference was closed");
    },
    ["dial in"],
  ),
  documented(
    "4.7b",
    keepAlive,
    "KeepAlive 0 ends the calls of the conference",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callIn();
      await conference.asks("W2A_CloseConference", { KeepAlive: "0" });
      await stage.people.ends(call, "the conference was closed");
    },
    ["dial in"],
  ),
  documented(
    "4.7h",
    keepAlive,
    "a close ends calls that WebEx has called out, too",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callOut();
      await conference.asks("W2A_CloseConference");
      await stage.people.ends(call, "the conference was closed");
    },
    ["answer calls"],
  ),
  documented(
    "4.7i",
    keepAlive,
    "a close ends the calls of its conference, and of no other one",
    async (stage) => {
      const [conference, another] = [await stage.conference(), await stage.conference()];
      const { call } = await conference.callIn();
      const [one, other] = [await another.callIn(), await another.callIn()];
      await conference.asks("W2A_CloseConference");
      await stage.people.ends(call, "the conference was closed");
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.staysUp(one.call, "another conference was closed");
      await stage.people.hears(one.call, other.call, "another conference was closed");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.7j",
    "call-outs that ring at the end",
    "a close ends a call-out that rings",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer", 3_000);
      await conference.posts(conference.calloutMessage(number));
      await stage.people.called(number);
      await conference.asks("W2A_CloseConference");
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.ringsNoMore(number, "the conference was closed");
    },
    ["answer calls"],
  ),
  inferred(
    "4.7k",
    "a key after the host has ended the conference, and WebEx was told",
    "it can be created again with its key",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await stage.people.end(conference.confKey);
      await conference.receives("A2W_NotifyConferenceChange", { Status: "3" });
      // The adapter has yet to read that this was confirmed.
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver(1);
    },
    ["dial in", "lock and end as host"],
  ),
  documented(
    "4.8a",
    keepAlive,
    "KeepAlive 1 keeps the calls of the conference, who still hear each other",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn(), await conference.callIn()];
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.staysUp(one.call, "the teleconference is to be kept alive");
      await stage.people.hears(one.call, other.call, "the teleconference is to be kept alive");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.8e",
    keepAlive,
    "KeepAlive 1 keeps calls that WebEx has called out, too",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callOut();
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.staysUp(call, "the teleconference is to be kept alive");
    },
    ["answer calls"],
  ),
  inferred(
    "4.8f",
    "KeepAlive 1 with a sub-conference: nobody is left who could bring its calls back",
    "all come together in the main conference",
    async (stage) => {
      const conference = await stage.conference();
      const [one, main] = [await conference.callIn(), await conference.callIn()];
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.people.hears(main.call, one.call, "the sub-conference is over");
      await stage.people.hears(one.call, main.call, "the sub-conference is over");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.8g",
    "KeepAlive 1 with a private talk: nobody is left who could end it",
    "all come together in the main conference",
    async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      for (const { call } of [host, invitee]) await stage.people.hears(other.call, call, "the private talk is over");
    },
    ["dial in", "answer calls", "hear"],
  ),
  unconfirmed(
    "4.8h",
    "A2W_RspCloseConference; a close without KeepAlive after one with it",
    "the server that let a conference go can still close it: Result 0, and the calls end",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callIn();
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.ports.sleep(stage.options.quietMs);
      const { msgId } = await conference.asks("W2A_CloseConference");
      await stage.receives("A2W_RspCloseConference", { MsgID: msgId, Result: "0" });
      await stage.people.ends(call, "the conference was closed");
    },
    ["dial in"],
  ),
  inferred(
    "4.8b",
    "keep-alive: what is told",
    "KeepAlive 1 is not told as an end",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      const ended = await stage.mayReceive("A2W_NotifyConferenceChange", { Status: "3" });
      if (ended) stage.fail("A2W_NotifyConferenceChange Status 3 came");
    },
    ["dial in"],
  ),
  inferred(
    "4.8d",
    "KeepAlive while the conference is being created",
    "it is created, then kept",
    async (stage) => {
      const conference = stage.newConference();
      const create = conference.createMessage();
      await stage.posts([create, conference.message("W2A_CloseConference", { KeepAlive: "1" })]);
      await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
      const { call } = await conference.dialIn("1");
      await stage.people.getsUp(call, "the teleconference is to be kept alive");
    },
    ["dial in"],
  ),
  inferred(
    "4.7c",
    "Status 3 of A2W_NotifyConferenceChange",
    "a close is told by A2W_NotifyConferenceChange Status 3",
    async (stage) => {
      const conference = await stage.conference();
      await conference.asks("W2A_CloseConference");
      await conference.receives("A2W_NotifyConferenceChange", { Status: "3" });
    },
  ),
  unconfirmed(
    "4.7d",
    "A2W_RspCloseConference",
    "a close is answered by A2W_RspCloseConference with Result 0",
    async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.asks("W2A_CloseConference");
      await stage.receives("A2W_RspCloseConference", { MsgID: msgId, Result: "0" });
    },
  ),
  inferred(
    "4.7e",
    "the host ends the conference by telephone",
    "it is told by A2W_NotifyConferenceChange Status 3",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await stage.people.end(conference.confKey);
      await conference.receives("A2W_NotifyConferenceChange", { Status: "3" });
    },
    ["dial in", "lock and end as host"],
  ),
  inferred(
    "4.7f",
    "a key after an orderly close",
    "a conference that was closed can be created again with its key",
    async (stage) => {
      const conference = await stage.conference();
      await conference.asks("W2A_CloseConference");
      await conference.receives("A2W_NotifyConferenceChange", { Status: "3" });
      await conference.failOver(1);
    },
  ),
  inferred(
    "4.7g",
    "calls in a sub-conference at the end",
    "a close ends calls in sub-conferences, too",
    async (stage) => {
      const conference = await stage.conference();
      const caller = await conference.callIn();
      await rooms.createSub(conference);
      await rooms.addToSub(conference, caller);
      await conference.asks("W2A_CloseConference");
      await stage.people.ends(caller.call, "the conference was closed");
    },
    ["dial in"],
  ),
  inferred(
    "3.2a",
    "code of an unknown conference",
    "a call-out for an ExtConfID that nobody knows is answered with another Result than 0",
    async (stage) => {
      const conference = stage.newConference();
      const { msgId } = await conference.posts(conference.calloutMessage(["1", "408", "5550100"]));
      const answer = await stage.receives("A2W_RspCallout", { MsgID: msgId });
      if (answer.attributes.Result === "0") stage.fail("it was answered with Result 0");
    },
  ),
];
