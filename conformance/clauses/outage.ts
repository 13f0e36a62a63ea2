import { updateActions } from "../messages.ts";
import type { Conference } from "../player/conference.ts";
import { matches, type Stage } from "../player/stage.ts";
import type { Arrival, Received } from "../player/traffic.ts";
import { inferred } from "./clause.ts";

const outage = "an outage of a TSP server that no other one takes over (documented is only that conferences go on)";

/** Three attempts, and the pauses between them; an adapter that makes fewer needs no longer. */
const ATTEMPTS_MS = 6_000;

function tells(name: string, attributes: Readonly<Record<string, string>> = {}): (arrival: Arrival) => boolean {
  return ({ document }) =>
    document.messages.some(
      (one) => one.name === name && Object.entries(attributes).every(([key, value]) => one.attributes[key] === value),
    );
}

/** The server takes nothing until all attempts to post the first thing that is told are over. */
async function serverIsAway(stage: Stage, isFirst: (arrival: Arrival) => boolean, meanwhile: () => Promise<unknown>) {
  // What belongs to the start of a conference has been told.
  await stage.ports.sleep(stage.options.quietMs);
  stage.takes(1, { kind: "reset" });
  await meanwhile();
  if (!(await stage.notices(isFirst, 1, stage.options.patienceMs))) stage.fail("nothing was posted to the server");
  await stage.notices(isFirst, 3, ATTEMPTS_MS);
  await stage.ports.sleep(stage.options.quietMs);
}

/** The server takes posts again, and shows it by a request that changes nothing. */
async function serverIsBack(stage: Stage, conference: Conference): Promise<void> {
  stage.heal();
  await conference.asks("W2A_UpdateConference", { ActionCode: String(updateActions.speakersOff) });
}

/** A caller enters while the server is away; the MsgID under which it was to be told. */
async function entersMeanwhile(stage: Stage) {
  const conference = await stage.conference();
  const isEntry = tells("A2W_NotifyUserEnter");
  await serverIsAway(stage, isEntry, () => conference.dialIn("31"));
  const posted = stage.noticed.find(isEntry)?.document.messages.find(({ name }) => name === "A2W_NotifyUserEnter");
  const [dial] = stage.dials;
  return { conference, msgId: posted?.attributes.MsgID ?? "", call: dial?.call ?? "" };
}

/** Each of these must have come once since then. */
async function onceEach(stage: Stage, since: number, ...wanted: readonly Received[]): Promise<void> {
  await stage.ports.sleep(stage.options.quietMs);
  for (const { name, attributes } of wanted) {
    const { ExtCallID, Status } = attributes;
    const same = stage.received.filter(
      (one) => one.n > since && one.name === name && matches(one, { ExtCallID, Status }),
    );
    if (same.length > 1) stage.fail(`${name} with Status ${Status} came ${same.length} times`);
  }
}

export const outageClauses = [
  inferred(
    "T43b",
    outage,
    "who entered meanwhile is told once when the server shows itself again, under the first MsgID, and has the name that it then gets",
    async (stage) => {
      const { conference, msgId, call } = await entersMeanwhile(stage);
      await serverIsBack(stage, conference);
      const entered = await conference.receives("A2W_NotifyUserEnter");
      stage.check(entered, { MsgID: msgId });
      await stage.receivesNo(["A2W_NotifyUserEnter"], "the caller was told already");
      const ExtCallID = await stage.nameOf(entered);
      await stage.people.hangUp(call);
      await conference.receives("A2W_NotifyUserChange", { ExtCallID, Status: "2" });
    },
    ["dial in"],
  ),
  inferred(
    "T43c",
    outage,
    "who muted itself meanwhile, and who left, is told once as it is now when the server shows itself again",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn("11"), await conference.callIn("12")];
      const since = stage.last;
      await serverIsAway(stage, tells("A2W_NotifyUserChange"), async () => {
        for (const _ of ["muted", "unmuted", "muted"]) await stage.people.muteByKeys(one.call);
        await stage.people.hangUp(other.call);
      });
      await serverIsBack(stage, conference);
      const told = (ExtCallID: string, Status: string) =>
        stage.receivesAfter(since, "A2W_NotifyUserChange", { ExtCallID, Status });
      const [muted, left] = [await told(one.extCallId, "1"), await told(other.extCallId, "2")];
      await onceEach(stage, since, muted, left);
      stage.check(conference.lastChange(one.extCallId) ?? muted, { Status: "1" });
    },
    ["dial in", "mute by keys"],
  ),
  inferred(
    "T43d",
    outage,
    "what it asked meanwhile is answered when it shows itself again, and before it is told anything else",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn("11");
      const isAnswer = tells("A2W_RspCreateSubConference");
      let msgId = "";
      await serverIsAway(stage, isAnswer, async () => {
        ({ msgId } = await conference.asks("W2A_CreateSubConference", { SubConfID: "S1" }));
        await stage.people.hangUp(call);
      });
      await serverIsBack(stage, conference);
      const answer = await stage.receives("A2W_RspCreateSubConference", { MsgID: msgId, Result: "0" });
      const created = await conference.receives("A2W_NotifySubConferenceChange");
      const left = await conference.receives("A2W_NotifyUserChange", { ExtCallID: extCallId, Status: "2" });
      for (const told of [created, left]) stage.inOrder(answer, told);
    },
    ["dial in"],
  ),
  inferred(
    "T43e",
    outage,
    "an entry whose Confirmation alone was lost is told no more once the server has named the call",
    async (stage) => {
      const { conference, msgId, call } = await entersMeanwhile(stage);
      const ExtCallID = "99041";
      await conference.posts(conference.message("W2A_RspNotifyUserEnter", { MsgID: msgId, ExtCallID }));
      await serverIsBack(stage, conference);
      await stage.receivesNo(["A2W_NotifyUserEnter"], "the server has named the call");
      await stage.people.hangUp(call);
      stage.check(await conference.receives("A2W_NotifyUserChange", { Status: "2" }), { ExtCallID });
    },
    ["dial in"],
  ),
  inferred(
    "T43f",
    outage,
    "a server that shows itself by nothing is told by itself what it missed",
    async (stage) => {
      const { conference, msgId } = await entersMeanwhile(stage);
      stage.heal();
      stage.check(await conference.receives("A2W_NotifyUserEnter"), { MsgID: msgId });
    },
    ["dial in"],
  ),
  inferred(
    "T43g",
    outage,
    "a lock by telephone is told once when the server shows itself again",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callIn("11");
      const since = stage.last;
      await serverIsAway(stage, tells("A2W_NotifyConferenceChange", { Status: "2" }), () =>
        stage.people.lock(conference.confKey, true),
      );
      await serverIsBack(stage, conference);
      await onceEach(stage, since, await conference.receives("A2W_NotifyConferenceChange", { Status: "2" }));
    },
    ["dial in", "lock and end as host"],
  ),
];
