import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import { documented, GUIDE, inferred, REFERENCE, unconfirmed } from "./clause.ts";
import { privateTalk } from "./private-talk.ts";
import { rooms } from "./rooms.ts";

export const controlClauses = [
  ...unconfirmed("W2A_UpdateUser", {
    "4.11a: a muted caller is not heard, and notified by A2W_NotifyUserChange Status 1": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await conference.succeeds("W2A_UpdateUser", { ExtCallID: one.extCallId, Privilege: "1" });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "1" });
      await stage.people.doesNotHear(other.call, one.call, "it is muted");
      await conference.asks("W2A_UpdateUser", { ExtCallID: one.extCallId, Privilege: "0" });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "0" });
      await stage.people.hears(other.call, one.call, "it was unmuted");
    },
  }),
  ...inferred("action code for mute all", {
    "4.11b: mute-all notifies A2W_NotifyUserChange Status 1 for each caller that changed": async (stage) => {
      const [conference, host, one, other] = await stage.conferenceOf(3);
      await conference.updates("mute-all");
      for (const { extCallId } of [one, other]) {
        await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "1" });
      }
      await stage.people.doesNotHear(host.call, one.call, "all are muted");
    },
  }),
  ...inferred("action code for unmute all; Silent Join", {
    "4.11e: unmute-all leaves a silent monitor muted": async (stage) => {
      const [conference, one] = await stage.conferenceOf(1);
      const silent = await conference.callOut({ ParticipantType: "6", Privilege: "1" });
      await conference.updates("unmute-all");
      await stage.quiet();
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
    },
  }),
  ...documented(`${REFERENCE}, A2W_NotifyUserChange; ${GUIDE}, status 1 for muted`, {
    "2.3.4a: a self-mute is notified, if at all, by Status 1 for that caller only": async (stage) => {
      const [conference, first] = await stage.conferenceOf(1);
      const { call, extCallId } = await conference.callIn();
      const muted = await conference.mayNotify({ Status: /^[^0]/ }, () => stage.people.muteByKeys(call));
      if (muted) stage.check(muted, { ExtCallID: extCallId, Status: "1" }, 1);
      await stage.quiet();
      if (muted && conference.lastChange(extCallId)?.attributes.Status !== "1")
        stage.fail(`${extCallId} was reported as unmuted, but is muted`);
      if (conference.lastChange(first.extCallId)?.attributes.Status === "1")
        stage.fail(`${first.extCallId} was reported as muted, but another caller is`);
    },
  }),
  ...unconfirmed("W2A_DropUser", {
    "4.12: an expelled caller is disconnected and notified by A2W_NotifyUserChange Status 2": async (stage) => {
      const [conference, { call, extCallId }] = await stage.conferenceOf(1);
      await conference.succeeds("W2A_DropUser", { ExtCallID: extCallId });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "2" });
      await stage.people.ends(call, "it was expelled");
    },
  }),
  ...inferred("action codes for lock and unlock", {
    "4.10a: a lock is notified by Status 2 and refuses callers; an unlock is notified by Status 0": async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await conference.updates("lock");
      await conference.receives("A2W_NotifyConferenceChange", { Status: "2" });
      await conference.dialIn("91");
      await stage.receivesNo("A2W_NotifyUserEnter", "the conference is locked");
      const before = stage.last;
      await conference.updates("unlock");
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }, { after: before });
      await conference.callIn("92");
    },
  }),
  ...inferred(
    `${REFERENCE}, A2W_NotifyConferenceChange: status 2 for locked; the notification of a lock by telephone is inferred`,
    {
      "4.10b: a lock by telephone is notified by Status 2, each time": async (stage) => {
        const conference = await stage.conference();
        await conference.callIn();
        for (const _ of ["first", "second"]) {
          const after = stage.last;
          await stage.people.hostEnters(conference.confKey, "lock");
          // Status 0 may be repeated at any time.
          const told = await conference.receives("A2W_NotifyConferenceChange", { Status: /^[^0146]/ }, { after });
          stage.check(told, { Status: "2" }, 1);
          await stage.people.hostEnters(conference.confKey, "unlock");
          await stage.quiet();
        }
      },
    },
  ),
  ...documented(`${GUIDE}, Conference Keep-Alive`, {
    "4.7a: W2A_CloseConference without KeepAlive ends the calls": closeEndsCall({}),
    "4.7b: KeepAlive 0 ends the calls": closeEndsCall({ KeepAlive: "0" }),
    "4.7h: a close also ends called-out calls": closeEndsCall({}, (conference) => conference.callOut()),
    "4.7i: a close ends only the calls of its own conference": async (stage) => {
      const [conference, another] = [await stage.conference(), await stage.conference()];
      const { call } = await conference.callIn();
      const [one, other] = [await another.callIn(), await another.callIn()];
      await conference.asks("W2A_CloseConference");
      await stage.people.ends(call, "the conference was closed");
      await stage.quiet();
      await stage.people.staysUp(one.call, "only another conference was closed");
      await stage.people.hears(one.call, other.call, "only another conference was closed");
    },
    "4.8a: KeepAlive 1 keeps the calls, and callers still hear each other": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.quiet();
      await stage.people.staysUp(one.call, "KeepAlive is 1");
      await stage.people.hears(one.call, other.call, "KeepAlive is 1");
    },
    "4.8e: KeepAlive 1 also keeps called-out calls": async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callOut();
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.quiet();
      await stage.people.staysUp(call, "KeepAlive is 1");
    },
  }),
  ...inferred("KeepAlive 1 with a sub-conference or a private talk: nothing else can bring its calls back", {
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

function closeEndsCall(
  how: Readonly<Record<string, string>>,
  enters = (conference: Conference): Promise<Caller> => conference.callIn(),
): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const conference = await stage.conference();
    const { call } = await enters(conference);
    await conference.asks("W2A_CloseConference", how);
    await stage.people.ends(call, "the conference was closed");
  };
}
