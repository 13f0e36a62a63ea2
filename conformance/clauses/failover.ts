import type { Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Arrival } from "../player/traffic.ts";
import { documented, GUIDE, inferred } from "./clause.ts";
import { privateTalk } from "./private-talk.ts";
import { rooms } from "./rooms.ts";

const process = `${GUIDE}, TSP Server Failover: Failover Process`;
const features = `${GUIDE}, Conference Features Affected During Failover`;
const sub = `${GUIDE}, Sub-conference: TSP failover`;

/** The first server fails from now on, as if it had died. */
function firstServerDies(stage: Stage): void {
  stage.behaviours.set(1, { kind: "reset" });
}

/** The adapter may give up first: waits for the third attempt to tell the end, and where there is none, for 10 s. */
export async function triesToTellTheEnd(stage: Stage): Promise<void> {
  const isThird = ({ attempt, document }: Arrival) =>
    attempt >= 3 &&
    document.messages.some(
      ({ name, attributes }) => name === "A2W_NotifyConferenceChange" && attributes.Status === "3",
    );
  await stage.notices(isThird, 1, 10_000);
  await stage.ports.sleep(stage.options.quietMs);
}

async function withTwo(stage: Stage) {
  const conference = await stage.conference();
  return { conference, one: await conference.callIn("11"), other: await conference.callIn("12") };
}

/** Nothing about the conference comes under its old name or to its old server. */
function onlyToNew(stage: Stage, conference: Conference, since: number): void {
  const old = stage.received.find(
    (one) =>
      one.n > since &&
      one.name.startsWith("A2W_Notify") &&
      (one.server !== conference.server || one.attributes.ExtConfID !== conference.extConfId),
  );
  if (old)
    stage.fail(
      `${old.name} came to server ${old.server} with ExtConfID ${old.attributes.ExtConfID}, after server ${conference.server} took over with ${conference.extConfId}`,
    );
}

export const failoverClauses = [
  documented(
    "4.9a",
    process,
    "a create of a running ConfKey by another server is answered there with Result 0, then Status 0",
    async (stage) => {
      const { conference } = await withTwo(stage);
      const { msgId } = await conference.takeOver();
      const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId });
      stage.check(answer, { Result: "0" }, 2);
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      stage.check(started, {}, 2);
      stage.inOrder(answer, started);
    },
    ["dial in"],
  ),
  documented(
    "4.9b",
    process,
    "all participants are told to the new server by A2W_NotifyUserEnter, after Status 0",
    async (stage) => {
      const { conference } = await withTwo(stage);
      await conference.takeOver();
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      for (const attendee of ["11", "12"]) {
        const entered = await conference.receives("A2W_NotifyUserEnter", { AttendeeID: attendee });
        stage.check(entered, {}, 2);
        stage.inOrder(started, entered);
      }
      const allowed = ["A2W_NotifyUserChange", "A2W_RspCreateConference"];
      await stage.receivesNothingElse("each participant was told", ({ name }) => allowed.includes(name));
    },
    ["dial in"],
  ),
  documented(
    "4.9c",
    process,
    "from then on everything goes to the new server under the new ExtConfID",
    async (stage) => {
      const { conference, other } = await withTwo(stage);
      await conference.failOver();
      const since = stage.received.length > 0 ? (stage.received.at(-1)?.n ?? 0) : 0;
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "12" });
      await conference.callIn("13");
      await stage.people.hangUp(other.call);
      await conference.receives("A2W_NotifyUserChange", { Status: "2" });
      onlyToNew(stage, conference, since);
    },
    ["dial in"],
  ),
  documented(
    "4.9d",
    process,
    "the calls of the conference are not touched",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await conference.failOver();
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "11" });
      await stage.people.staysUp(one.call, "only the TSP server changed");
      await stage.people.hears(one.call, other.call, "only the TSP server changed");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.9e",
    `${process}; Call sequences`,
    "the names that the new server gives are the calls' from then on",
    async (stage) => {
      const { conference, one } = await withTwo(stage);
      stage.rename = (extCallId) => `8${extCallId}`;
      await conference.failOver();
      const entered = await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "11" });
      const extCallId = await stage.nameOf(entered);
      await stage.nameOf(await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "12" }));
      await stage.people.hangUp(one.call);
      stage.check(await conference.receives("A2W_NotifyUserChange", { Status: "2" }), { ExtCallID: extCallId });
    },
    ["dial in"],
  ),
  documented(
    "4.9f",
    process,
    "requests of the new server under the new ExtConfID are carried out",
    async (stage) => {
      const { conference, one } = await withTwo(stage);
      await conference.failOver();
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "11" });
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "12" });
      const called = await conference.callOut();
      stage.check(called.answered, {}, 2);
      await stage.people.hears(one.call, called.call, "it was called into the same conference");
    },
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "F1",
    features,
    "a muted call is told by A2W_NotifyUserChange Status 1",
    async (stage) => {
      const { conference, one } = await withTwo(stage);
      await rooms.muteByKeys(conference, one);
      await conference.failOver();
      const entered = await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "11" });
      const muted = await conference.receives("A2W_NotifyUserChange", { Status: "1" });
      stage.check(muted, { ExtCallID: await stage.nameOf(entered) }, 2);
    },
    ["dial in", "press keys"],
  ),
  documented(
    "F2",
    features,
    "a locked conference stays locked",
    async (stage) => {
      const { conference } = await withTwo(stage);
      await stage.people.lock(conference.confKey, true);
      await conference.receives("A2W_NotifyConferenceChange", { Status: "2" });
      await conference.failOver();
      for (const attendee of ["11", "12"]) await conference.receives("A2W_NotifyUserEnter", { AttendeeID: attendee });
      await stage.people.dialIn(conference.confKey, "13");
      const entered = await stage.mayReceive("A2W_NotifyUserEnter", { AttendeeID: "13" });
      if (entered) stage.fail("a caller entered the locked conference after the failover");
    },
    ["dial in", "lock and end as host"],
  ),
  documented(
    "F3",
    features,
    "who joined while no server was there is told to the new one by A2W_NotifyUserEnter",
    async (stage) => {
      const { conference } = await withTwo(stage);
      firstServerDies(stage);
      await stage.people.dialIn(conference.confKey, "13");
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver();
      for (const attendee of ["11", "12", "13"]) {
        stage.check(await conference.receives("A2W_NotifyUserEnter", { AttendeeID: attendee }), {}, 2);
      }
    },
    ["dial in"],
  ),
  documented(
    "F4",
    features,
    "who left while no server was there is told to the new one by A2W_NotifyUserChange Status 2",
    async (stage) => {
      const { conference, one } = await withTwo(stage);
      firstServerDies(stage);
      await stage.people.hangUp(one.call);
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver();
      const left = await conference.receives("A2W_NotifyUserChange", { Status: "2" });
      stage.check(left, { ExtCallID: one.extCallId }, 2);
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "12" });
    },
    ["dial in"],
  ),
  inferred(
    "F4a",
    features,
    "who left while no server was there is not told as entered",
    async (stage) => {
      const { conference, one } = await withTwo(stage);
      firstServerDies(stage);
      await stage.people.hangUp(one.call);
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver();
      await conference.receives("A2W_NotifyUserEnter", { AttendeeID: "12" });
      if (await stage.mayReceive("A2W_NotifyUserEnter", { AttendeeID: "11" }))
        stage.fail("A2W_NotifyUserEnter came for a call that had ended");
    },
    ["dial in"],
  ),
  documented(
    "F5",
    features,
    "a conference that ended while no server was there: its create is answered with Result 11",
    async (stage) => {
      const { conference } = await withTwo(stage);
      firstServerDies(stage);
      await stage.people.end(conference.confKey);
      await triesToTellTheEnd(stage);
      const { msgId } = await conference.takeOver();
      stage.check(await stage.receives("A2W_RspCreateConference", { MsgID: msgId }), { Result: "11" }, 2);
      await stage.receivesNothingElse("the conference is closed");
    },
    ["dial in", "lock and end as host"],
  ),
  documented(
    "F6",
    features,
    "the invitee of a private talk is moved back into the main conference, and told by A2W_NotifyUserEnter",
    async (stage) => {
      const { conference, other, invitee } = await privateTalk(stage);
      await conference.failOver();
      const entered = await conference.receives("A2W_NotifyUserEnter", { ExtCallID: invitee.extCallId });
      stage.check(entered, {}, 2);
      await stage.people.hears(other.call, invitee.call, "the invitee was moved into the main conference");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "F6a",
    features,
    "the invitee of a private talk is told without ActionCode 2, and the host is back, too",
    async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      await conference.failOver();
      const entered = await conference.receives("A2W_NotifyUserEnter", { ExtCallID: invitee.extCallId });
      stage.check(entered, { ActionCode: undefined });
      await stage.people.hears(other.call, host.call, "the private talk is over");
    },
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "F7",
    features,
    "a sub-conference in progress is told by A2W_NotifySubConferenceChange Status 2",
    async (stage) => {
      const { conference, one } = await withTwo(stage);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.failOver();
      stage.check(await conference.receives("A2W_NotifySubConferenceChange"), { Status: "2" }, 2);
    },
    ["dial in"],
  ),
  documented(
    "4.15a",
    sub,
    "each call in a sub-conference is told by A2W_NotifyJoinSubConference, after all that goes before",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.failOver();
      const entered = [];
      for (const attendee of ["11", "12"])
        entered.push(await conference.receives("A2W_NotifyUserEnter", { AttendeeID: attendee }));
      const change = await conference.receives("A2W_NotifySubConferenceChange");
      const joined = await stage.receivesOne(
        "A2W_NotifyJoinSubConference",
        ({ name }) => name === "A2W_NotifyJoinSubConference",
      );
      for (const one of entered) stage.inOrder(one, change);
      stage.inOrder(change, joined);
      const { ExtCallID } = joined.attributes;
      if (ExtCallID !== undefined && ExtCallID === other.extCallId)
        stage.fail(`${ExtCallID} is not in the sub-conference`);
      await stage.receivesNothingElse(
        "one call is in the sub-conference",
        ({ name }) => name === "A2W_NotifyUserChange",
      );
    },
    ["dial in"],
  ),
  documented(
    "4.15b",
    sub,
    "with a sub-conference, A2W_NotifyUserChange tells the privilege of all calls",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await rooms.muteByKeys(conference, other);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.failOver();
      const change = await conference.receives("A2W_NotifySubConferenceChange");
      for (const [caller, status] of [
        [one, "0"],
        [other, "1"],
      ] as const) {
        const { AttendeeID } = caller.entered.attributes;
        const entered = await conference.receives("A2W_NotifyUserEnter", { AttendeeID });
        const privilege = await conference.receives("A2W_NotifyUserChange", { ExtCallID: await stage.nameOf(entered) });
        stage.check(privilege, { Status: status }, 2);
        stage.inOrder(entered, privilege);
        stage.inOrder(privilege, change);
      }
    },
    ["dial in", "press keys"],
  ),
  inferred(
    "4.15c",
    sub,
    "calls stay in the sub-conference",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.failOver();
      await conference.receives("A2W_NotifySubConferenceChange");
      await stage.people.doesNotHear(other.call, one.call, "it is in the sub-conference");
    },
    ["dial in", "hear"],
  ),
  documented(
    "1.3e",
    `${GUIDE}, Maximum Number of Messages in A Single Transaction`,
    "more than 50 participants are told to a new server in several documents",
    async (stage) => {
      const conference = await stage.conference();
      for (let n = 0; n < 51; n++) await stage.people.dialIn(conference.confKey, `2${String(n).padStart(3, "0")}`);
      for (let n = 0; n < 51; n++) await stage.nameOf(await conference.receives("A2W_NotifyUserEnter"));
      await conference.failOver();
      for (let n = 0; n < 51; n++)
        await conference.receives("A2W_NotifyUserEnter", { AttendeeID: `2${String(n).padStart(3, "0")}` });
    },
    ["dial in", "many calls at once"],
  ),
  inferred(
    "4.8c",
    "a create after KeepAlive 1",
    "a conference that was kept alive is taken over by a new create with its key",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await conference.asks("W2A_CloseConference", { KeepAlive: "1" });
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver(1);
      for (const attendee of ["11", "12"]) await conference.receives("A2W_NotifyUserEnter", { AttendeeID: attendee });
      await stage.people.hears(one.call, other.call, "it is the same conference");
    },
    ["dial in", "hear"],
  ),
];
