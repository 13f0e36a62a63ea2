import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import { documented, GUIDE } from "./clause.ts";
import { rooms } from "./rooms.ts";

const callIn = `${GUIDE}, Silent Join: Call-in Teleconferencing`;

const monitor = { ParticipantType: "6", JoinMode: "1", Privilege: "1" };

/** Plays a conference with a caller, and a silent monitor who dials in with the AnonymousID. */
async function monitorDialsIn(stage: Stage): Promise<{ conference: Conference; one: Caller; silent: Caller }> {
  stage.people.need("enter an attendee ID to join");
  const conference = await stage.conference({ AnonymousID: "444" });
  const one = await conference.callIn("445");
  return { conference, one, silent: await conference.callIn("444") };
}

async function withoutTone(stage: Stage, { call }: Caller): Promise<void> {
  if (await stage.people.hadTone(call)) stage.fail("a tone was heard when the silent monitor entered");
}

export const silentJoinClauses = [
  ...documented(`${GUIDE}, Silent Join: Call-out Teleconferencing`, {
    "4.17a: a silent monitor who is called is not heard": async (stage) => {
      const [conference, one] = await stage.conferenceOf(1);
      const silent = await conference.callOut(monitor);
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
      await stage.people.hears(silent.call, one.call, "a monitor listens");
    },
    "4.17b: no tone is heard when a called silent monitor enters": async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await withoutTone(stage, await conference.callOut(monitor));
    },
    "4.17d: ParticipantType 6 mutes even with Privilege 0": async (stage) => {
      const [conference, one] = await stage.conferenceOf(1);
      const silent = await conference.callOut({ ...monitor, Privilege: "0" });
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
    },
    "4.17f: a silent monitor stays muted after a takeover": async (stage) => {
      const [conference, one] = await stage.conferenceOf(1);
      const silent = await conference.callOut(monitor);
      await conference.takenOver(one);
      await stage.quiet();
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
      await stage.people.hears(silent.call, one.call, "a monitor listens");
    },
    "4.17g: a silent monitor stays muted after a sub-conference": async (stage) => {
      const [conference, one] = await stage.conferenceOf(1);
      const silent = await conference.callOut(monitor);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, silent);
      await rooms.removeFromSub(conference, silent);
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
      await rooms.addToSub(conference, silent);
      await rooms.closeSub(conference);
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
    },
  }),
  ...documented(callIn, {
    "4.18a: a caller who enters the AnonymousID is not heard": async (stage) => {
      const { one, silent } = await monitorDialsIn(stage);
      await stage.people.doesNotHear(one.call, silent.call, "it entered the AnonymousID");
      await stage.people.hears(silent.call, one.call, "a monitor listens");
    },
    "4.18b: no tone is heard when a caller with the AnonymousID enters": async (stage) => {
      await withoutTone(stage, (await monitorDialsIn(stage)).silent);
    },
    "4.18c: a monitor's entry has ExtCallID null, AnonymousID as AttendeeID, and ParticipantType 6": async (stage) => {
      const { silent } = await monitorDialsIn(stage);
      stage.check(silent.entered, { ExtCallID: /^null$/, AttendeeID: "444", ParticipantType: "6" });
      const { ActionResult = "0" } = silent.entered.attributes;
      if (ActionResult !== "0") stage.fail(`ActionResult is ${ActionResult}, not 0`);
    },
    "4.18d: a caller with another attendee ID is an ordinary participant": async (stage) => {
      stage.people.need("enter an attendee ID to join");
      const conference = await stage.conference({ AnonymousID: "444" });
      const [one, other] = [await conference.callIn("445"), await conference.callIn("4440")];
      if (other.entered.attributes.ParticipantType === "6") stage.fail("it was notified with ParticipantType 6");
      await stage.people.hears(one.call, other.call, "it did not enter the AnonymousID");
    },
  }),
  ...documented(`${callIn}; ${GUIDE}, TSP Server Failover: Failover Process (all call-leg information)`, {
    "4.18g: after a takeover, a monitor enters with ParticipantType 6": async (stage) => {
      const { conference, one, silent } = await monitorDialsIn(stage);
      await conference.failOver(2, { AnonymousID: "444" });
      await conference.entriesOf(one);
      stage.check(await conference.entryOf(silent), { ParticipantType: "6" }, 2);
    },
  }),
];
