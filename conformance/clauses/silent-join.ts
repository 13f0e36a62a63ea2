import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import { documented, GUIDE, inferred } from "./clause.ts";
import { rooms } from "./rooms.ts";

const out = `${GUIDE}, Silent Join: Call-out Teleconferencing`;
const callIn = `${GUIDE}, Silent Join: Call-in Teleconferencing`;

const monitor = { ParticipantType: "6", JoinMode: "1", Privilege: "1" };

/** Someone who is heard, and a silent monitor who dialled in with the AnonymousID. */
async function monitorDialsIn(stage: Stage): Promise<{ conference: Conference; one: Caller; silent: Caller }> {
  const conference = await stage.conference({ AnonymousID: "444" });
  const one = await conference.callIn("445");
  return { conference, one, silent: await conference.callIn("444") };
}

async function withoutTone(stage: Stage, { call }: Caller): Promise<void> {
  if (await stage.people.hadTone(call)) stage.fail("a tone was heard when the silent monitor entered");
}

export const silentJoinClauses = [
  documented(
    "4.17a",
    out,
    "a silent monitor who is called is not heard",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const silent = await conference.callOut(monitor);
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
      await stage.people.hears(silent.call, one.call, "a monitor listens");
    },
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "4.17b",
    out,
    "no tone is heard when a silent monitor who was called enters",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn();
      await withoutTone(stage, await conference.callOut(monitor));
    },
    ["dial in", "answer calls", "tell whether a tone was heard"],
  ),
  inferred(
    "4.17c",
    "ParticipantType of the entry",
    "a silent monitor who was called is told with ParticipantType 6",
    async (stage) => {
      const conference = await stage.conference();
      const { entered } = await conference.callOut(monitor);
      stage.check(entered, { ParticipantType: "6" });
    },
    ["answer calls"],
  ),
  documented(
    "4.17d",
    out,
    "the mute goes by ParticipantType 6, also with Privilege 0",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const silent = await conference.callOut({ ...monitor, Privilege: "0" });
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
    },
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "4.17f",
    out,
    "a silent monitor is not heard either when another server has taken over",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const silent = await conference.callOut(monitor);
      await conference.failOver();
      await conference.entriesOf(one);
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
      await stage.people.hears(silent.call, one.call, "a monitor listens");
    },
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "4.17g",
    `${out}; Sub-conference`,
    "a silent monitor is not heard either when it comes back from a sub-conference",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const silent = await conference.callOut(monitor);
      const ids = { SubConfID: "S1", ExtCallID: silent.extCallId };
      await rooms.createSub(conference);
      await rooms.addToSub(conference, silent);
      await conference.asks("W2A_RemoveFromSubConference", ids);
      await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: silent.extCallId, ActionFlag: "2" });
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
      await rooms.addToSub(conference, silent);
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "4.17h",
    "a silent monitor who keys what mutes and unmutes",
    "it is not heard either",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const silent = await conference.callOut(monitor);
      await stage.people.muteByKeys(silent.call);
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.doesNotHear(one.call, silent.call, "it is a silent monitor");
    },
    ["dial in", "answer calls", "mute by keys", "hear"],
  ),
  documented(
    "4.18a",
    callIn,
    "who keys the AnonymousID is not heard",
    async (stage) => {
      const { one, silent } = await monitorDialsIn(stage);
      await stage.people.doesNotHear(one.call, silent.call, "it keyed the AnonymousID");
      await stage.people.hears(silent.call, one.call, "a monitor listens");
    },
    ["dial in", "key an attendee ID at entry", "hear"],
  ),
  inferred(
    "4.18h",
    "two callers who key the AnonymousID",
    "the second one is not heard either",
    async (stage) => {
      const { conference, one } = await monitorDialsIn(stage);
      const second = await conference.dialIn("444");
      await stage.nameOf(await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "444" }));
      await stage.people.doesNotHear(one.call, second.call, "it keyed the AnonymousID");
    },
    ["dial in", "key an attendee ID at entry", "hear"],
  ),
  documented(
    "4.18b",
    callIn,
    "no tone is heard when who keyed the AnonymousID enters",
    async (stage) => {
      await withoutTone(stage, (await monitorDialsIn(stage)).silent);
    },
    ["dial in", "key an attendee ID at entry", "tell whether a tone was heard"],
  ),
  documented(
    "4.18c",
    callIn,
    "the entry has ExtCallID null, the AnonymousID as AttendeeID, and ParticipantType 6",
    async (stage) => {
      const { silent } = await monitorDialsIn(stage);
      stage.check(silent.entered, { ExtCallID: /^null$/, AttendeeID: "444", ParticipantType: "6" });
      const { ActionResult = "0" } = silent.entered.attributes;
      if (ActionResult !== "0") stage.fail(`ActionResult is ${ActionResult}, not 0`);
    },
    ["dial in", "key an attendee ID at entry"],
  ),
  documented(
    "4.18g",
    `${callIn}; ${GUIDE}, TSP Server Failover: Failover Process (all call-leg information)`,
    "the entry has ParticipantType 6 for another server that takes over, too",
    async (stage) => {
      const { conference, one, silent } = await monitorDialsIn(stage);
      await conference.failOver(2, { AnonymousID: "444" });
      await conference.entriesOf(one);
      stage.check(await conference.entryOf(silent), { ParticipantType: "6" }, 2);
    },
    ["dial in", "key an attendee ID at entry"],
  ),
  documented(
    "4.18d",
    callIn,
    "who keys another attendee ID is an ordinary participant, and heard",
    async (stage) => {
      const conference = await stage.conference({ AnonymousID: "444" });
      const [one, other] = [await conference.callIn("445"), await conference.callIn("4440")];
      if (other.entered.attributes.ParticipantType === "6") stage.fail("it was told with ParticipantType 6");
      await stage.people.hears(one.call, other.call, "it did not key the AnonymousID");
    },
    ["dial in", "key an attendee ID at entry", "hear"],
  ),
  inferred(
    "4.18e",
    "no AnonymousID",
    "without an AnonymousID nobody who keys an attendee ID is silent",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn("445"), await conference.callIn("444")];
      await stage.people.hears(one.call, other.call, "the conference has no AnonymousID");
    },
    ["dial in", "key an attendee ID at entry", "hear"],
  ),
];
