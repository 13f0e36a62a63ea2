import type { Caller, Conference } from "../player/conference.ts";
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
  stage.takes(1, { kind: "reset" });
}

/** The adapter may give up first: waits for the third attempt to tell the end, and where there is none, for 10 s. */
async function triesToTellTheEnd(stage: Stage): Promise<void> {
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

/** One hangs up while the first server is dead; what the second one is told. */
async function leftMeanwhile(stage: Stage, conference: Conference, one: Caller, other: Caller) {
  firstServerDies(stage);
  await stage.people.hangUp(one.call);
  await stage.ports.sleep(stage.options.quietMs);
  await conference.failOver();
  const left = await conference.receives("A2W_NotifyUserChange", { Status: "2" });
  const [entered] = await conference.entriesOf(other);
  return { left, entered };
}

/** The host ends the conference while the first server is dead, and the second one creates it again. */
export async function endedMeanwhile(stage: Stage, conference: Conference) {
  firstServerDies(stage);
  await stage.people.end(conference.confKey);
  await triesToTellTheEnd(stage);
  return conference.takeOver();
}

/** Two callers in a sub-conference and one who is not, before another server takes over. */
async function joinedByName(stage: Stage): Promise<void> {
  const { conference, one, other } = await withTwo(stage);
  const main = await conference.callIn("13");
  await rooms.createSub(conference);
  await rooms.addToSub(conference, one);
  await rooms.addToSub(conference, other);
  await conference.failOver();
  const names: string[] = [];
  for (const caller of [one, other, main]) names.push(await stage.nameOf(await conference.entryOf(caller)));
  const [first = "", second = "", notIn = ""] = names;
  for (const name of [first, second]) {
    // No public document has the names of its attributes: what counts is that the values are there.
    const joined = await stage.receivesOne(
      `A2W_NotifyJoinSubConference about ${name}`,
      (one) => one.name === "A2W_NotifyJoinSubConference" && Object.values(one.attributes).includes(name),
    );
    if (!Object.values(joined.attributes).includes("S1")) stage.fail(`${joined.name} about ${name} does not name S1`);
  }
  const wrong = stage.received.find(
    (one) => one.name === "A2W_NotifyJoinSubConference" && Object.values(one.attributes).includes(notIn),
  );
  if (wrong) stage.fail(`${notIn} is not in the sub-conference, and ${wrong.name} says so`);
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
      const { conference, one, other } = await withTwo(stage);
      await conference.takeOver();
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      for (const entered of await conference.entriesOf(one, other)) {
        stage.check(entered, {}, 2);
        stage.inOrder(started, entered);
      }
      await stage.receivesNo(["A2W_NotifyUserEnter"], "each participant was told");
    },
    ["dial in"],
  ),
  documented(
    "4.9c",
    process,
    "from then on everything goes to the new server under the new ExtConfID",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await conference.failOver();
      const since = stage.last;
      await conference.entriesOf(one, other);
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
      await conference.entriesOf(one, other);
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
      const { conference, one, other } = await withTwo(stage);
      stage.rename = (extCallId) => `8${extCallId}`;
      await conference.failOver();
      const extCallId = await stage.nameOf(await conference.entryOf(one));
      await stage.nameOf(await conference.entryOf(other));
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
      const { conference, one, other } = await withTwo(stage);
      await conference.failOver();
      await conference.entriesOf(one, other);
      const called = await conference.callOut();
      stage.check(called.answered, {}, 2);
      await stage.people.hears(one.call, called.call, "it was called into the same conference");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "4.9g",
    "AttendeeID of A2W_NotifyUserEnter to a new server",
    "the attendee IDs that callers keyed are told to the new server, too",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await conference.failOver();
      const [first, second] = await conference.entriesOf(one, other);
      stage.check(first, { AttendeeID: one.attendeeId });
      stage.check(second, { AttendeeID: other.attendeeId });
    },
    ["dial in", "key an attendee ID at entry"],
  ),
  documented(
    "F1",
    features,
    "a muted call is told by A2W_NotifyUserChange Status 1",
    async (stage) => {
      const { conference, one } = await withTwo(stage);
      await rooms.muteByKeys(conference, one);
      await conference.failOver();
      const entered = await conference.entryOf(one);
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
      const { conference, one, other } = await withTwo(stage);
      await stage.people.lock(conference.confKey, true);
      await conference.receives("A2W_NotifyConferenceChange", { Status: "2" });
      await conference.failOver();
      await conference.entriesOf(one, other);
      await conference.dialIn("13");
      const entered = await stage.mayReceive("A2W_NotifyUserEnter");
      if (entered) stage.fail("a caller entered the locked conference after the failover");
    },
    ["dial in", "lock and end as host"],
  ),
  documented(
    "F3",
    features,
    "who joined while no server was there is told to the new one by A2W_NotifyUserEnter",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      firstServerDies(stage);
      const late = await conference.dialIn("13");
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver();
      for (const entered of await conference.entriesOf(one, other, late)) stage.check(entered, {}, 2);
    },
    ["dial in"],
  ),
  documented(
    "F4",
    features,
    "who left while no server was there is told to the new one by A2W_NotifyUserChange Status 2",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      const { left, entered } = await leftMeanwhile(stage, conference, one, other);
      stage.check(left, {}, 2);
      if (left.attributes.ExtCallID === (await stage.nameOf(entered)))
        stage.fail(`${left.attributes.ExtCallID} was told as gone, and is still there`);
    },
    ["dial in"],
  ),
  inferred(
    "F4b",
    "who left while no server was there",
    "who left is told under the name that the old server gave",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      const { left } = await leftMeanwhile(stage, conference, one, other);
      stage.check(left, { ExtCallID: one.extCallId });
    },
    ["dial in"],
  ),
  inferred(
    "F4a",
    features,
    "who left while no server was there is not told as entered",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await leftMeanwhile(stage, conference, one, other);
      if (await stage.mayReceive("A2W_NotifyUserEnter"))
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
      const { msgId } = await endedMeanwhile(stage, conference);
      stage.check(await stage.receives("A2W_RspCreateConference", { MsgID: msgId }), { Result: "11" }, 2);
    },
    ["dial in", "lock and end as host"],
  ),
  inferred(
    "F5b",
    "a conference that ended while no server was there",
    "beside Result 11 nothing is told",
    async (stage) => {
      const { conference } = await withTwo(stage);
      const { msgId } = await endedMeanwhile(stage, conference);
      await stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "11" });
      await stage.receivesNothingElse("the conference is closed");
    },
    ["dial in", "lock and end as host"],
  ),
  documented(
    "F6",
    features,
    "the invitee of a private talk is moved back into the main conference, and told by A2W_NotifyUserEnter",
    async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      await conference.failOver();
      for (const entered of await conference.entriesOf(host, other, invitee)) stage.check(entered, {}, 2);
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
      stage.check(await conference.entryOf(invitee), { ActionCode: undefined });
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
      const entered = await conference.entriesOf(one, other);
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
      await stage.receivesNo(["A2W_NotifyJoinSubConference"], "one call is in the sub-conference");
    },
    ["dial in"],
  ),
  documented(
    "4.15d",
    sub,
    "A2W_NotifyJoinSubConference names the calls that are in the sub-conference, and the sub-conference",
    async (stage) => {
      await joinedByName(stage);
    },
    ["dial in"],
  ),
  inferred(
    "4.15e",
    "a new server that gives other names",
    "A2W_NotifyJoinSubConference has the names that the new server gave",
    async (stage) => {
      stage.rename = (extCallId) => `8${extCallId}`;
      await joinedByName(stage);
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
        const entered = await conference.entryOf(caller);
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
      const dials = [];
      for (let n = 0; n < 51; n++) dials.push(await conference.dialIn(`2${String(n).padStart(3, "0")}`));
      for (const entered of await conference.entriesOf(...dials)) await stage.nameOf(entered);
      await conference.failOver();
      await conference.entriesOf(...dials);
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
      await conference.entriesOf(one, other);
      await stage.people.hears(one.call, other.call, "it is the same conference");
    },
    ["dial in", "hear"],
  ),
];
