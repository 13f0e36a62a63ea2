import type { Stage } from "../player/stage.ts";
import { documented, GUIDE, inferred } from "./clause.ts";
import { privateTalk } from "./private-talk.ts";
import { rooms } from "./rooms.ts";

const keepAlive = `${GUIDE}, Conference Keep-Alive`;

export const closingClauses = [
  ...documented(keepAlive, {
    "4.7a: W2A_CloseConference without KeepAlive ends the calls": closeEndsCall({}),
    "4.7b: KeepAlive 0 ends the calls": closeEndsCall({ KeepAlive: "0" }),
    "4.7h: a close ends called-out calls, too": async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callOut();
      await conference.asks("W2A_CloseConference");
      await stage.people.ends(call, "the conference was closed");
    },
    "4.7i: a close ends the calls of its own conference only": async (stage) => {
      const [conference, another] = [await stage.conference(), await stage.conference()];
      const { call } = await conference.callIn();
      const [one, other] = [await another.callIn(), await another.callIn()];
      await conference.asks("W2A_CloseConference");
      await stage.people.ends(call, "the conference was closed");
      await stage.quiet();
      await stage.people.staysUp(one.call, "another conference was closed");
      await stage.people.hears(one.call, other.call, "another conference was closed");
    },
    "4.8a: KeepAlive 1 keeps the calls, who still hear each other": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.quiet();
      await stage.people.staysUp(one.call, "the teleconference is to be kept alive");
      await stage.people.hears(one.call, other.call, "the teleconference is to be kept alive");
    },
    "4.8e: KeepAlive 1 keeps called-out calls, too": async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callOut();
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.quiet();
      await stage.people.staysUp(call, "the teleconference is to be kept alive");
    },
  }),
  ...inferred("KeepAlive 1 with a sub-conference or a private talk: nobody is left who could bring its calls back", {
    "4.8f: KeepAlive 1 brings the calls of a sub-conference into the main conference": async (stage) => {
      const [conference, one, main] = await stage.conferenceOf(2);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.people.hearEachOther(main.call, one.call, "the sub-conference is over");
    },
    "4.8g: KeepAlive 1 brings a private talk into the main conference": async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      for (const { call } of [host, invitee]) await stage.people.hears(other.call, call, "the private talk is over");
    },
  }),
  ...inferred("Status 3 of A2W_NotifyConferenceChange", {
    "4.7c: a close is notified by A2W_NotifyConferenceChange Status 3": async (stage) => {
      const conference = await stage.conference();
      await conference.asks("W2A_CloseConference");
      await conference.receives("A2W_NotifyConferenceChange", { Status: "3" });
    },
  }),
];

function closeEndsCall(how: Readonly<Record<string, string>>): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const [conference, { call }] = await stage.conferenceOf(1);
    await conference.asks("W2A_CloseConference", how);
    await stage.people.ends(call, "the conference was closed");
  };
}
