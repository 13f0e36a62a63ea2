import type { Caller, Conference } from "../player/conference.ts";
import { matches, mentions, type Stage } from "../player/stage.ts";
import { type Arrival, type Received, titleOf } from "../player/traffic.ts";
import { documented, documentedAlone, GUIDE } from "./clause.ts";
import { joinsMain, privateTalk, withHost } from "./private-talk.ts";
import { rooms } from "./rooms.ts";
import { speakers } from "./speakers.ts";

const process = `${GUIDE}, TSP Server Failover: Failover Process`;
const features = `${GUIDE}, Conference Features Affected During Failover`;

/** Hangs up. Public documents demand the notification only at a failover. */
async function leaves(conference: Conference, { call }: Caller): Promise<void> {
  await conference.mayNotify({ Status: "2" }, () => conference.stage.people.hangUp(call));
}

/** True for a notification that this call is in a sub-conference. */
export function isJoin(name: string): (one: Received) => boolean {
  return (one) => one.name === "A2W_NotifyJoinSubConference" && mentions(one, name);
}

/** Checks that a caller who entered is not reported as gone. */
async function notGone(stage: Stage, entered: Received): Promise<void> {
  const name = await stage.nameOf(entered);
  const { ExtConfID } = entered.attributes;
  const fits = { ExtConfID, ExtCallID: name, Status: "2" };
  const left = stage.received.find((one) => one.name === "A2W_NotifyUserChange" && matches(one, fits));
  if (left) stage.fail(`${name} was reported as gone, but is still there`);
}

/** Plays a takeover with two in a sub-conference, the first muted if `isMuted`. Returns the renamed callers. */
async function subTakenOver(stage: Stage, isMuted: boolean) {
  const [conference, one, other, main] = await stage.conferenceOf(3);
  if (isMuted) await rooms.muteByKeys(conference, one);
  await rooms.createSub(conference);
  for (const caller of [one, other]) await rooms.addToSub(conference, caller);
  await conference.failOver();
  const [first, second] = [await conference.renamed(one), await conference.renamed(other)];
  const third = await conference.renamed(main);
  await conference.receives("A2W_NotifySubConferenceChange");
  await stage.quiet();
  return { conference, one: first, other: second, main: third };
}

/** Checks that after a takeover, notifications have only the new ExtConfID and go only to this server. */
function laterGoesTo(server: number): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const [conference, one, other] = await stage.conferenceOf(2);
    await conference.failOver(server);
    const since = stage.last;
    await conference.entriesOf(one, other);
    await conference.callIn("13");
    await leaves(conference, other);
    const { extConfId } = conference;
    const isOld = (one: Received) => one.server !== server || one.attributes.ExtConfID !== extConfId;
    const old = stage.received.find((one) => one.n > since && one.name.startsWith("A2W_Notify") && isOld(one));
    if (old)
      stage.fail(`${titleOf([old])} came to server ${old.server}, after server ${server} took over with ${extConfId}`);
  };
}

/** Has these servers take over in turn, each with its own names for the calls. */
function lastNamesCount(...servers: readonly number[]): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const [conference, one, other] = await stage.conferenceOf(2);
    let extCallId = "";
    for (const server of servers) {
      stage.rename = (name) => `${server}${name}`;
      await conference.failOver(server);
      extCallId = (await conference.renamed(one)).extCallId;
      await conference.renamed(other);
    }
    await stage.people.hangUp(one.call);
    stage.check(await conference.receives("A2W_NotifyUserChange", { Status: "2" }), { ExtCallID: extCallId });
  };
}

export const failoverClauses = [
  ...documented(process, {
    "4.9a: a create of a running ConfKey by another server is answered there, then Status 0": async (stage) => {
      const [conference] = await stage.conferenceOf(2);
      const asked = await conference.takeOver();
      const answer = await asked.answer();
      stage.check(answer, { Result: "0" }, 2);
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      stage.check(started, {}, 2);
      stage.inOrder(answer, started);
      const ended = { ExtConfID: conference.extConfId, Status: "3" };
      await stage.receivesNo("A2W_NotifyConferenceChange", "another server only took over", ended);
    },
    "4.9b: all participants, and only they, are notified to the new server after Status 0": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      const gone = await conference.callIn("14");
      await leaves(conference, gone);
      await conference.takeOver();
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      const entries = await conference.entriesOf(one, other);
      for (const entered of entries) {
        stage.check(entered, {}, 2);
        stage.inOrder(started, entered);
      }
      await stage.receivesNo("A2W_NotifyUserEnter", "each participant was notified, and the third one had hung up");
      for (const entered of entries) await notGone(stage, entered);
    },
    "4.9c: everything later goes to the new server under the new ExtConfID": laterGoesTo(2),
    "4.9d: a takeover does not touch the calls": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await conference.takenOver(one, other);
      await stage.people.staysUp(one.call, "only the TSP server changed");
      await stage.people.hears(one.call, other.call, "only the TSP server changed");
    },
    "4.9f: requests of the new server are carried out": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await conference.takenOver(one, other);
      const called = await conference.callOut();
      stage.check(called.answered, {}, 2);
      await stage.people.hears(one.call, called.call, "it was called into the same conference");
    },
    "4.9h: a second takeover works like the first": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      for (const server of [2, 1]) {
        await conference.failOver(server);
        for (const entered of await conference.entriesOf(one, other)) stage.check(entered, {}, server);
      }
    },
    "4.9i: a close by the new server ends the calls": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await conference.takenOver(one, other);
      await conference.asks("W2A_CloseConference");
      await stage.quiet();
      for (const { call } of [one, other]) await stage.people.ends(call, "the conference was closed");
    },
    "4.9j: the add button works for the new server": async (stage) => {
      const { conference, host } = await withHost(stage);
      const other = await conference.callIn("12");
      await conference.takenOver(host, other);
      const invitee = await conference.callOut({ JoinMode: "0", MaxWaitingTime: "60" });
      await joinsMain(conference, invitee);
      await stage.people.hears(other.call, invitee.call, "the invitee was brought into the main conference");
    },
    "4.9n: a call-out in progress at the takeover enters at the new server": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
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
      // Received first, because its entry has no attendee ID that identifies it.
      stage.check(await stage.receivesOne(`A2W_NotifyUserEnter of ExtCallID ${ExtCallID}`, isIt), {}, 2);
      await conference.entriesOf(one, other);
    },
  }),
  ...documented(`${process}; Call sequences; Identify Active Speaker; Sub-conference: Close a sub conference`, {
    "4.9e: the calls have the names that the new server gives": lastNamesCount(2),
    "4.9o: names that a third server gives replace earlier ones": lastNamesCount(2, 1),
    "4.9k: ActionCode 8 of the new server notifies speakers": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await conference.failOver();
      const talker = await conference.renamed(one);
      await conference.entriesOf(other);
      await speakers.report(conference, true);
      const told = await speakers.talk(stage, talker, true);
      stage.check(told, { ExtConfID: conference.extConfId }, 2);
    },
    "4.9l: the new server's sub-conference requests are carried out": async (stage) => {
      const { conference, one, other, main } = await subTakenOver(stage, false);
      await rooms.removeFromSub(conference, other);
      await stage.people.hears(main.call, other.call, "it is in the main conference again");
      await rooms.closeSub(conference);
      await stage.people.hears(one.call, main.call, "the sub-conference was closed");
    },
    "4.9m: a call muted before its sub-conference is muted after the new server closes it": async (stage) => {
      const { conference, one, main } = await subTakenOver(stage, true);
      const before = stage.last;
      await rooms.closeSub(conference);
      await stage.quiet();
      stage.check(conference.lastChange(one.extCallId, before), { Status: "1" });
      await stage.people.doesNotHear(main.call, one.call, "it is muted");
    },
  }),
  ...documented(`${GUIDE}, TSP Server Failover: Recognizing Failover, Failover Process`, {
    "4.9p: a create with a new ExtConfID and the same WbxHostName is a takeover": laterGoesTo(1),
  }),
  ...documentedAlone(process, {
    // Played alone, because other clauses also play takeovers.
    "2.2.1h: a takeover leaves other conferences of the same server where they are": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      const another = await stage.conference();
      await conference.takenOver(one, other);
      const { entered } = await another.callIn("21");
      stage.check(entered, {}, 1);
    },
  }),
  ...documented(features, {
    "F2: a locked conference stays locked": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await stage.people.hostEnters(conference.confKey, "lock");
      await stage.quiet();
      await conference.takenOver(one, other);
      await stage.quiet();
      await conference.dialIn("13");
      await stage.receivesNo("A2W_NotifyUserEnter", "the conference was locked before the failover");
    },
    "F6: an invitee of a private talk is moved to the main conference and notified as entered": async (stage) => {
      const { conference, host, other, invitee } = await privateTalk(stage);
      await conference.failOver();
      for (const entered of await conference.entriesOf(host, other, invitee)) stage.check(entered, {}, 2);
      await stage.people.hears(other.call, invitee.call, "the invitee was moved into the main conference");
    },
    "F7: each sub-conference is notified by A2W_NotifySubConferenceChange Status 2": async (stage) => {
      const { conference } = await rooms.breakout(stage, "S2");
      await conference.failOver();
      const told = [];
      for (const _ of ["S1", "S2"]) told.push(await conference.receives("A2W_NotifySubConferenceChange"));
      for (const change of told) stage.check(change, { Status: "2" }, 2);
      stage.mention(told, ["S1", "S2"]);
    },
  }),
  // The first server fails: it resets every connection.
  ...documentedAlone(features, {
    "F1: only muted calls are notified by A2W_NotifyUserChange Status 1, and they stay muted": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      const [heard, unmutes] = [await conference.callIn("13"), await conference.callIn("14")];
      for (const caller of [one, unmutes]) await rooms.muteByKeys(conference, caller);
      stage.takes(1, () => "reset");
      for (const { call } of [other, unmutes]) await stage.people.muteByKeys(call);
      await stage.quiet();
      await conference.failOver();
      const names: string[] = [];
      for (const caller of [one, other, heard, unmutes]) names.push((await conference.renamed(caller)).extCallId);
      const [muted, unmuted] = [names.slice(0, 2), names.slice(2)];
      for (const ExtCallID of muted)
        stage.check(await conference.receives("A2W_NotifyUserChange", { ExtCallID, Status: "1" }), {}, 2);
      // A self-mute just before the takeover may be notified after it, so the last notification counts.
      for (const _ of ["notified", "corrected"]) await stage.quiet();
      for (const { call } of [one, other]) await stage.people.doesNotHear(heard.call, call, "it is muted");
      const statusOf = (name: string) => conference.lastChange(name)?.attributes.Status;
      for (const name of muted)
        if (statusOf(name) !== "1") stage.fail(`${name} was last notified with Status ${statusOf(name)}, but is muted`);
      for (const name of unmuted) if (statusOf(name) === "1") stage.fail(`${name} was reported as muted, but is not`);
    },
    "F3: a caller who joined while the server was down is notified to the new one and named by it": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      stage.takes(1, () => "reset");
      const late = await conference.dialIn("13");
      await stage.quiet();
      await conference.failOver();
      const entries = await conference.entriesOf(one, other, late);
      for (const entered of entries) stage.check(entered, {}, 2);
      await stage.receivesNo("A2W_NotifyUserEnter", "each participant was notified");
      for (const entered of entries) await stage.nameOf(entered);
      await stage.people.hangUp(late.call);
      await conference.receives("A2W_NotifyUserChange", { Status: /^[^01]/ });
    },
    "F4: a caller who left while the server was down is notified by A2W_NotifyUserChange Status 2": async (stage) => {
      const [conference, one, other, stays] = await stage.conferenceOf(3);
      stage.takes(1, () => "reset");
      for (const { call } of [one, other]) await stage.people.hangUp(call);
      await stage.quiet();
      await conference.failOver();
      const left: Received[] = [];
      for (const _ of [one, other]) left.push(await conference.receives("A2W_NotifyUserChange", { Status: "2" }));
      const [entered] = await conference.entriesOf(stays);
      const names = left.map(({ attributes: { ExtCallID = "" } }) => ExtCallID);
      for (const message of left) stage.check(message, {}, 2);
      await stage.quiet();
      await notGone(stage, entered);
      const [first = "", second] = names;
      if (first === second && !/^(?:null)?$/i.test(first))
        stage.fail(`${first} was reported as gone twice, but the other caller who left was not`);
    },
    "F5: a takeover of a conference that ended while the server was down is answered with Result 11": async (stage) => {
      const [conference] = await stage.conferenceOf(2);
      stage.takes(1, () => "reset");
      await stage.people.hostEnters(conference.confKey, "end");
      // Waits until the adapter has made its three attempts, at most 10 s.
      const isThird = ({ attempt, text }: Arrival) => attempt >= 3 && text.includes('Status="3"');
      await stage.notices(isThird, 1, 10_000);
      await stage.quiet();
      const { answer } = await conference.takeOver();
      stage.check(await answer(), { Result: "11" }, 2);
    },
  }),
  ...documented(`${GUIDE}, Sub-conference: TSP failover`, {
    "4.15a: each call in a sub-conference is notified by A2W_NotifyJoinSubConference, last": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.failOver();
      const entered = await conference.entriesOf(one, other);
      const change = await conference.receives("A2W_NotifySubConferenceChange");
      const isIt = ({ name }: Received) => name === "A2W_NotifyJoinSubConference";
      const joined = await stage.receivesOne("A2W_NotifyJoinSubConference", isIt);
      for (const one of entered) stage.inOrder(one, change);
      stage.inOrder(change, joined);
      const { ExtCallID } = joined.attributes;
      if (ExtCallID !== undefined && ExtCallID === other.extCallId)
        stage.fail(`${ExtCallID} is not in the sub-conference`);
      await stage.receivesNo("A2W_NotifyJoinSubConference", "one call is in the sub-conference");
    },
    "4.15d: A2W_NotifyJoinSubConference names the call and its sub-conference": async (stage) => {
      const { conference, one, other, main } = await rooms.breakout(stage);
      const gone = await conference.callIn("14");
      await rooms.addToSub(conference, gone);
      await leaves(conference, gone);
      await conference.failOver();
      const names: string[] = [];
      for (const caller of [one, other, main]) names.push((await conference.renamed(caller)).extCallId);
      const [first = "", second = "", notIn = ""] = names;
      for (const name of [first, second])
        stage.mention([await stage.receivesOne(`A2W_NotifyJoinSubConference about ${name}`, isJoin(name))], ["S1"]);
      await stage.quiet();
      for (const name of [notIn, gone.extCallId])
        if (stage.received.some(isJoin(name)))
          stage.fail(`A2W_NotifyJoinSubConference names ${name}, which is not in the sub-conference`);
    },
    "4.15b: with a sub-conference, A2W_NotifyUserChange notifies the privilege of all calls": async (stage) => {
      const [conference, one, other] = await stage.conferenceOf(2);
      await rooms.muteByKeys(conference, other);
      await rooms.createSub(conference);
      await rooms.addToSub(conference, one);
      await conference.failOver();
      const change = await conference.receives("A2W_NotifySubConferenceChange");
      await stage.quiet();
      for (const [caller, Status] of [[one, "0"] as const, [other, "1"] as const]) {
        const entered = await conference.entryOf(caller);
        const ExtCallID = await stage.nameOf(entered);
        const privilege = await conference.receives("A2W_NotifyUserChange", { ExtCallID });
        stage.check(privilege, {}, 2);
        stage.inOrder(entered, privilege);
        stage.inOrder(privilege, change);
        stage.check(conference.lastChange(ExtCallID), { Status });
      }
    },
  }),
  ...documented(`${GUIDE}, Maximum Number of Messages in A Single Transaction`, {
    "1.3e: more than 50 participants are notified in several documents": async (stage) => {
      stage.people.need("make many calls at once");
      const conference = await stage.conference();
      await conference.takenOver(...(await conference.callInMany(51)));
    },
  }),
];
