import { updateActions } from "../messages.ts";
import type { Caller, Conference } from "../player/conference.ts";
import { matches, type Stage } from "../player/stage.ts";
import type { Arrival, Received } from "../player/traffic.ts";
import { alone, documented, GUIDE, inferred } from "./clause.ts";
import { privateTalk } from "./private-talk.ts";
import { rooms } from "./rooms.ts";
import { speakers } from "./speakers.ts";

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

/** That somebody has hung up is told within this time, if it is: no public document demands it but of a failover. */
const MAY_BE_TOLD_MS = 2_000;

/** Somebody hangs up. */
async function leaves({ stage, extConfId }: Conference, { call }: Caller): Promise<void> {
  const before = stage.last;
  await stage.people.hangUp(call);
  const told = { ExtConfID: extConfId, Status: "2" };
  await stage.mayReceiveAfter(before, "A2W_NotifyUserChange", told, MAY_BE_TOLD_MS);
}

/** Two of three hang up while the first server is dead; what the second one is told. */
async function leftMeanwhile(stage: Stage) {
  const { conference, one, other } = await withTwo(stage);
  const stays = await conference.callIn("13");
  firstServerDies(stage);
  for (const { call } of [one, other]) await stage.people.hangUp(call);
  await stage.ports.sleep(stage.options.quietMs);
  await conference.failOver();
  const left: Received[] = [];
  for (const _ of [one, other]) left.push(await conference.receives("A2W_NotifyUserChange", { Status: "2" }));
  const [entered] = await conference.entriesOf(stays);
  return { left, entered, callers: [one, other] };
}

/** The host ends the conference while the first server is dead, and the second one creates it again. */
export async function endedMeanwhile(stage: Stage, conference: Conference) {
  firstServerDies(stage);
  await stage.people.end(conference.confKey);
  await triesToTellTheEnd(stage);
  return conference.takeOver();
}

/** Two callers in a sub-conference, one who hung up in it and one who is not, before another server takes over. */
async function joinedByName(stage: Stage): Promise<void> {
  const { conference, one, other } = await withTwo(stage);
  const main = await conference.callIn("13");
  await rooms.createSub(conference);
  await rooms.addToSub(conference, one);
  await rooms.addToSub(conference, other);
  const gone = await conference.callIn("14");
  await rooms.addToSub(conference, gone);
  await leaves(conference, gone);
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
  await stage.ports.sleep(stage.options.quietMs);
  for (const name of [notIn, gone.extCallId]) {
    const wrong = stage.received.find(
      (one) => one.name === "A2W_NotifyJoinSubConference" && Object.values(one.attributes).includes(name),
    );
    if (wrong) stage.fail(`${name} is not in the sub-conference, and ${wrong.name} says so`);
  }
}

/** Who was reported as there must not be reported as gone afterwards. */
async function notGone(stage: Stage, entered: Received): Promise<void> {
  const name = await stage.nameOf(entered);
  const { ExtConfID } = entered.attributes;
  const fits = { ExtConfID, ExtCallID: name, Status: "2" };
  const left = stage.received.find((one) => one.name === "A2W_NotifyUserChange" && matches(one, fits));
  if (left) stage.fail(`${name} was told as gone, and is still there`);
}

/** A sub-conference of two, after another server has taken over; the first caller may be muted before. Returns the names that this server gave. */
async function subTakenOver(stage: Stage, isMuted: boolean) {
  const { conference, one, other } = await withTwo(stage);
  const main = await conference.callIn("13");
  if (isMuted) await rooms.muteByKeys(conference, one);
  await rooms.createSub(conference);
  for (const caller of [one, other]) await rooms.addToSub(conference, caller);
  await conference.failOver();
  const named = async (caller: Caller) => ({
    ...caller,
    extCallId: await stage.nameOf(await conference.entryOf(caller)),
  });
  const callers = { one: await named(one), other: await named(other), main: await named(main) };
  await conference.receives("A2W_NotifySubConferenceChange");
  await stage.ports.sleep(stage.options.quietMs);
  return { conference, ...callers };
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
      const ended = { ExtConfID: conference.extConfId, Status: "3" };
      if (await stage.mayReceive("A2W_NotifyConferenceChange", ended))
        stage.fail("the conference was told as ended, and another server only took over");
    },
    ["dial in"],
  ),
  documented(
    "4.9b",
    process,
    "all participants, and nobody else, are told to the new server by A2W_NotifyUserEnter, after Status 0",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      const gone = await conference.callIn("14");
      await leaves(conference, gone);
      await conference.takeOver();
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      const entries = await conference.entriesOf(one, other);
      for (const entered of entries) {
        stage.check(entered, {}, 2);
        stage.inOrder(started, entered);
      }
      await stage.receivesNo(["A2W_NotifyUserEnter"], "each participant was told, and the third one had hung up");
      for (const entered of entries) await notGone(stage, entered);
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
      await leaves(conference, other);
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
  documented(
    "4.9h",
    process,
    "when the server that took over fails, another one takes over as well",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      for (const server of [2, 1]) {
        await conference.failOver(server);
        for (const entered of await conference.entriesOf(one, other)) stage.check(entered, {}, server);
      }
    },
    ["dial in"],
  ),
  documented(
    "4.9i",
    process,
    "a close by the new server ends the calls",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await conference.failOver();
      await conference.entriesOf(one, other);
      await conference.asks("W2A_CloseConference");
      await stage.ports.sleep(stage.options.quietMs);
      for (const { call } of [one, other]) await stage.people.ends(call, "the conference was closed");
    },
    ["dial in"],
  ),
  documented(
    "4.9j",
    process,
    "the add button works for the new server, too",
    async (stage) => {
      const conference = await stage.conference();
      const [host, other] = [await conference.callIn("11", { as: "host" }), await conference.callIn("12")];
      await conference.failOver();
      await conference.entriesOf(host, other);
      const invitee = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
      const ActionCode = String(updateActions.addToMain);
      await conference.asks("W2A_UpdateConference", { ActionCode, ExtCallID: invitee.extCallId });
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: invitee.extCallId, ActionCode: "3" });
      await stage.people.hears(other.call, invitee.call, "the invitee was brought into the main conference");
    },
    ["dial in", "dial in as the host", "answer calls", "hear"],
  ),
  documented(
    "4.9k",
    `${process}; Identify Active Speaker`,
    "the new server's ActionCode 8 has speakers told",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await conference.failOver();
      const extCallId = await stage.nameOf(await conference.entryOf(one));
      await conference.entriesOf(other);
      await speakers.report(conference, true);
      const told = await speakers.talk(stage, { ...one, extCallId }, true);
      stage.check(told, { ExtConfID: conference.extConfId }, 2);
    },
    ["dial in", "talk"],
  ),
  documented(
    "4.9l",
    `${process}; Sub-conference`,
    "the new server's requests for a sub-conference are carried out",
    async (stage) => {
      const { conference, one, other, main } = await subTakenOver(stage, false);
      const ids = { SubConfID: "S1", ExtCallID: other.extCallId };
      const removed = await conference.asks("W2A_RemoveFromSubConference", ids);
      await stage.receives("A2W_RspRemoveFromSubConference", { MsgID: removed.msgId, Result: "0" });
      await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: other.extCallId, ActionFlag: "2" });
      await stage.people.hears(main.call, other.call, "it is in the main conference again");
      const closed = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: closed.msgId, Result: "0" });
      await stage.people.hears(one.call, main.call, "the sub-conference was closed");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.9m",
    `${process}; Sub-conference: Close a sub conference`,
    "a call that was muted before its sub-conference is told as muted, and is not heard, when the new server closes it",
    async (stage) => {
      const { conference, one, main } = await subTakenOver(stage, true);
      const before = stage.last;
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
      await stage.ports.sleep(stage.options.quietMs);
      stage.check(rooms.lastChange(before, conference, one), { Status: "1" });
      await stage.people.doesNotHear(main.call, one.call, "it is muted");
    },
    ["dial in", "mute by keys", "hear"],
  ),
  documented(
    "4.9n",
    process,
    "who is being called when another server takes over is told to the new one",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      const number = await stage.people.number("answer", 1000);
      const callout = conference.calloutMessage(number);
      const { ExtCallID = "" } = callout.attributes;
      await conference.posts(callout);
      await stage.people.called(number);
      await conference.failOver();
      const [, , local] = number;
      const isIt = ({ name, attributes }: Received) =>
        name === "A2W_NotifyUserEnter" &&
        attributes.ExtConfID === conference.extConfId &&
        (attributes.ExtCallID === ExtCallID || (attributes.DID ?? "").endsWith(local));
      // First of all: it may have been answered before the takeover came, and tells no attendee ID.
      stage.check(await stage.receivesOne(`A2W_NotifyUserEnter of ExtCallID ${ExtCallID}`, isIt), {}, 2);
      await conference.entriesOf(one, other);
    },
    ["dial in", "answer calls"],
  ),
  documented(
    "4.9o",
    `${process}; Call sequences`,
    "when a third server gives other names, those are the calls' from then on",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      let extCallId = "";
      for (const [server, digit] of [
        [2, "8"],
        [1, "9"],
      ] as const) {
        stage.rename = (name) => `${digit}${name}`;
        await conference.failOver(server);
        extCallId = await stage.nameOf(await conference.entryOf(one));
        await stage.nameOf(await conference.entryOf(other));
      }
      await stage.people.hangUp(one.call);
      stage.check(await conference.receives("A2W_NotifyUserChange", { Status: "2" }), { ExtCallID: extCallId });
    },
    ["dial in"],
  ),
  documented(
    "4.9p",
    `${GUIDE}, TSP Server Failover: Recognizing Failover, Failover Process`,
    "a takeover is known by its ConfKey and its new ExtConfID, also where the WbxHostName stays",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await conference.failOver(1);
      const since = stage.last;
      await conference.entriesOf(one, other);
      await leaves(conference, other);
      onlyToNew(stage, conference, since);
    },
    ["dial in"],
  ),
  // Other clauses have conferences taken over, too, from one server to the other and back.
  alone(
    documented(
      "2.2.1h",
      process,
      "another conference of the same server stays where it is when one is taken over",
      async (stage) => {
        const { conference, one, other } = await withTwo(stage);
        const another = await stage.conference();
        await conference.failOver();
        await conference.entriesOf(one, other);
        const { entered } = await another.callIn("21");
        stage.check(entered, {}, 1);
      },
      ["dial in"],
    ),
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
    "each muted call is told by A2W_NotifyUserChange Status 1, and no other one, also where it changed meanwhile; it is not heard",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      const [heard, unmutes] = [await conference.callIn("13"), await conference.callIn("14")];
      for (const caller of [one, unmutes]) await rooms.muteByKeys(conference, caller);
      firstServerDies(stage);
      for (const { call } of [other, unmutes]) await stage.people.muteByKeys(call);
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver();
      const named = async (caller: Caller) => stage.nameOf(await conference.entryOf(caller));
      const muted = [await named(one), await named(other)];
      const unmuted = [await named(heard), await named(unmutes)];
      for (const ExtCallID of muted)
        stage.check(await conference.receives("A2W_NotifyUserChange", { ExtCallID, Status: "1" }), {}, 2);
      // What was keyed shortly before the takeover may be told behind it: the last word counts.
      for (const _ of ["told", "corrected"]) await stage.ports.sleep(stage.options.quietMs);
      for (const { call } of [one, other]) await stage.people.doesNotHear(heard.call, call, "it is muted");
      const statusOf = (name: string) => conference.lastChange(name)?.attributes.Status;
      for (const name of muted)
        if (statusOf(name) !== "1") stage.fail(`${name} was told with Status ${statusOf(name)} at last, and is muted`);
      for (const name of unmuted) if (statusOf(name) === "1") stage.fail(`${name} was told as muted, and is not`);
    },
    ["dial in", "mute by keys", "hear"],
  ),
  documented(
    "F2",
    features,
    "a locked conference stays locked",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      await stage.people.lock(conference.confKey, true);
      await stage.ports.sleep(stage.options.quietMs);
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
    "who joined while no server was there is told to the new one by A2W_NotifyUserEnter, and has the name that this one gives",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      firstServerDies(stage);
      const late = await conference.dialIn("13");
      await stage.ports.sleep(stage.options.quietMs);
      await conference.failOver();
      const entries = await conference.entriesOf(one, other, late);
      for (const entered of entries) stage.check(entered, {}, 2);
      await stage.receivesNo(["A2W_NotifyUserEnter"], "each participant was told");
      for (const entered of entries) await stage.nameOf(entered);
      await stage.people.hangUp(late.call);
      await conference.receives("A2W_NotifyUserChange", { Status: /^[^01]/ });
    },
    ["dial in"],
  ),
  documented(
    "F4",
    features,
    "who left while no server was there is told to the new one by A2W_NotifyUserChange Status 2",
    async (stage) => {
      const { left, entered } = await leftMeanwhile(stage);
      const names = left.map(({ attributes: { ExtCallID = "" } }) => ExtCallID);
      for (const message of left) stage.check(message, {}, 2);
      await stage.ports.sleep(stage.options.quietMs);
      await notGone(stage, entered);
      const [first = "", second] = names;
      if (first === second && !/^(?:null)?$/i.test(first))
        stage.fail(`${first} was told as gone twice, and the other one who left was not`);
    },
    ["dial in"],
  ),
  inferred(
    "F4b",
    "who left while no server was there",
    "who left is told under the name that the old server gave",
    async (stage) => {
      const { left, callers } = await leftMeanwhile(stage);
      const names = left.map(({ attributes }) => attributes.ExtCallID);
      for (const { extCallId } of callers)
        if (!names.includes(extCallId)) stage.fail(`${extCallId} left; told as gone were ${names.join(" and ")}`);
    },
    ["dial in"],
  ),
  inferred(
    "F4a",
    features,
    "who left while no server was there is not told as entered",
    async (stage) => {
      await leftMeanwhile(stage);
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
    ["dial in", "dial in as the host", "answer calls", "hear"],
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
    "each sub-conference in progress is told by A2W_NotifySubConferenceChange Status 2",
    async (stage) => {
      const { conference, one, other } = await withTwo(stage);
      for (const id of ["S1", "S2"]) await rooms.createSub(conference, id);
      await rooms.addToSub(conference, one, "S1");
      await rooms.addToSub(conference, other, "S2");
      await conference.failOver();
      const told = [];
      for (const _ of ["S1", "S2"]) {
        const change = await conference.receives("A2W_NotifySubConferenceChange");
        stage.check(change, { Status: "2" }, 2);
        told.push(change);
      }
      // No public document has the name of the attribute.
      for (const id of ["S1", "S2"])
        if (!told.some(({ attributes }) => Object.values(attributes).includes(id)))
          stage.fail(`no A2W_NotifySubConferenceChange names ${id}`);
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
      await stage.ports.sleep(stage.options.quietMs);
      for (const [caller, status] of [
        [one, "0"],
        [other, "1"],
      ] as const) {
        const entered = await conference.entryOf(caller);
        const ExtCallID = await stage.nameOf(entered);
        const privilege = await conference.receives("A2W_NotifyUserChange", { ExtCallID });
        stage.check(privilege, {}, 2);
        stage.inOrder(entered, privilege);
        stage.inOrder(privilege, change);
        stage.check(conference.lastChange(ExtCallID) ?? privilege, { Status: status });
      }
    },
    ["dial in", "mute by keys"],
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
