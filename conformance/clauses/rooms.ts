import type { Caller, Conference } from "../player/conference.ts";
import { matches, type Stage } from "../player/stage.ts";
import type { Received } from "../player/traffic.ts";
import type { Message } from "../xml.ts";
import { alone, documented, GUIDE, inferred } from "./clause.ts";

const chapter = (section: string) => `${GUIDE}, Sub-conference: ${section}`;

const add = chapter("Add a call into sub conference");
const remove = chapter("Remove a call from sub conference");
const close = chapter("Close a sub conference");

/** A sub-conference that runs. */
async function createSub(conference: Conference, id = "S1"): Promise<void> {
  const { stage } = conference;
  const { msgId } = await conference.asks("W2A_CreateSubConference", { SubConfID: id });
  await stage.receives("A2W_RspCreateSubConference", { MsgID: msgId, Result: "0" });
  await conference.receives("A2W_NotifySubConferenceChange", { Status: "0" });
}

async function addToSub(conference: Conference, { extCallId }: Caller, id = "S1"): Promise<void> {
  await conference.asks("W2A_AddToSubConference", { SubConfID: id, ExtCallID: extCallId });
  await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: extCallId, ActionFlag: "1" });
}

/** Two callers in a sub-conference, and one who stays in the main conference. */
async function breakout(stage: Stage) {
  const conference = await stage.conference();
  const [one, other, main] = [await conference.callIn(), await conference.callIn(), await conference.callIn()];
  await createSub(conference);
  await addToSub(conference, one);
  await addToSub(conference, other);
  return { conference, one, other, main };
}

/** Two sub-conferences with a caller each, and one who stays in the main conference. */
async function twoSubs(stage: Stage) {
  const conference = await stage.conference();
  const [one, other, main] = [await conference.callIn(), await conference.callIn(), await conference.callIn()];
  await createSub(conference, "S1");
  await createSub(conference, "S2");
  await addToSub(conference, one, "S1");
  await addToSub(conference, other, "S2");
  return { conference, one, other, main };
}

/** What is told of a call since then: before, an adapter may have told its status at any time. */
function changeAfter(before: number, { stage, extConfId }: Conference, { extCallId }: Caller): Promise<Received> {
  return stage.receivesAfter(before, "A2W_NotifyUserChange", { ExtConfID: extConfId, ExtCallID: extCallId });
}

/** No public document says that it is told who mutes itself, so it may be and need not. */
const MAY_BE_TOLD_MS = 2_000;

/** Mutes by the keypad, since no public document names a message that does; or unmutes. */
async function muteByKeys(conference: Conference, { call, extCallId }: Caller, muted = true): Promise<void> {
  const { stage, extConfId } = conference;
  const before = stage.last;
  await stage.people.muteByKeys(call);
  const told = { ExtConfID: extConfId, ExtCallID: extCallId, Status: muted ? "1" : "0" };
  await stage.mayReceiveAfter(before, "A2W_NotifyUserChange", told, MAY_BE_TOLD_MS);
}

/** The last that was told of a call since then: what it did in the sub-conference may have been told again meanwhile. */
function lastChange(before: number, conference: Conference, { extCallId }: Caller): Received {
  const { stage } = conference;
  return (
    conference.lastChange(extCallId, before) ??
    stage.fail(`no A2W_NotifyUserChange came for ${extCallId} when it was brought back`)
  );
}

/** No public document has the name of the attribute: what counts is that the value is there. */
function mustNameSub(stage: Stage, { name, attributes }: Received, id: string): void {
  if (!Object.values(attributes).includes(id)) stage.fail(`${name} does not name ${id}`);
}

/** A bridge that is slow, and the times that are documented for conferences and for callers. */
const ACT_MS = 2_000;
const ROOMS = 12;
const ROOMS_LIMIT_MS = 20_000;
const JOIN_LIMIT_MS = 10_000;

async function onSlowBridge(stage: Stage, work: () => Promise<void>): Promise<void> {
  await stage.people.faults({ delayMs: ACT_MS });
  try {
    await work();
  } finally {
    await stage.people.faults({});
  }
}

/** Asked for in one document. */
async function manyRooms(conference: Conference): Promise<readonly Message[]> {
  const requests = Array.from({ length: ROOMS }, (_, n) =>
    conference.message("W2A_CreateSubConference", { SubConfID: `S${n + 1}` }),
  );
  await conference.stage.posts(requests);
  return requests;
}

export const rooms = { createSub, addToSub, muteByKeys, lastChange };

export const roomClauses = [
  documented(
    "4.13a",
    chapter("Create a new sub conference"),
    "a sub-conference is answered by A2W_RspCreateSubConference, then told by A2W_NotifySubConferenceChange Status 0",
    async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.asks("W2A_CreateSubConference", { SubConfID: "S1" });
      const told = await conference.receives("A2W_NotifySubConferenceChange");
      stage.check(told, { Status: "0" }, 1);
      mustNameSub(stage, told, "S1");
      const answer = await stage.receives("A2W_RspCreateSubConference", { MsgID: msgId });
      stage.check(answer, { Result: "0" }, 1);
      stage.inOrder(answer, told);
    },
  ),
  documented(
    "4.13b",
    add,
    "a call that is added is answered, moved, then told by A2W_NotifySubConfCallChange ActionFlag 1",
    async (stage) => {
      const conference = await stage.conference();
      const [one, main] = [await conference.callIn(), await conference.callIn()];
      await createSub(conference);
      const { msgId } = await conference.asks("W2A_AddToSubConference", { SubConfID: "S1", ExtCallID: one.extCallId });
      const told = await conference.receives("A2W_NotifySubConfCallChange");
      stage.check(told, { ExtCallID: one.extCallId, ActionFlag: "1" }, 1);
      mustNameSub(stage, told, "S1");
      await stage.people.doesNotHear(main.call, one.call, "it was moved into the sub-conference");
      const answer = await stage.receivesOne(
        `an answer with MsgID ${msgId}`,
        ({ name, attributes }) => name.startsWith("A2W_Rsp") && attributes.MsgID === msgId,
      );
      stage.check(answer, { Result: "0" });
      stage.inOrder(answer, told);
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.13c",
    chapter("WebEx Meetings Sub-conference Behaviors"),
    "calls in one sub-conference hear each other",
    async (stage) => {
      const { one, other, main } = await breakout(stage);
      await stage.people.hears(one.call, other.call, "both are in the sub-conference");
      await stage.people.doesNotHear(one.call, main.call, "it stayed in the main conference");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.13d",
    remove,
    "a call that is removed: the answer, then its privilege by A2W_NotifyUserChange, then A2W_NotifySubConfCallChange ActionFlag 2",
    async (stage) => {
      const { conference, one } = await breakout(stage);
      const before = stage.last;
      const ids = { SubConfID: "S1", ExtCallID: one.extCallId };
      const { msgId } = await conference.asks("W2A_RemoveFromSubConference", ids);
      const moved = await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: one.extCallId });
      const answer = await stage.receives("A2W_RspRemoveFromSubConference", { MsgID: msgId });
      const privilege = await changeAfter(before, conference, one);
      stage.check(moved, { ActionFlag: "2" });
      mustNameSub(stage, moved, "S1");
      stage.check(answer, { Result: "0" });
      stage.check(privilege, { Status: "0" });
      stage.inOrder(answer, privilege);
      stage.inOrder(privilege, moved);
    },
    ["dial in"],
  ),
  documented(
    "4.13e",
    remove,
    "a call that is removed is in the main conference again",
    async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      await conference.asks("W2A_RemoveFromSubConference", { SubConfID: "S1", ExtCallID: one.extCallId });
      await conference.receives("A2W_NotifySubConfCallChange", { ActionFlag: "2" });
      await stage.people.hears(main.call, one.call, "it is in the main conference again");
      await stage.people.doesNotHear(other.call, one.call, "that one is still in the sub-conference");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.13f",
    remove,
    "a call that was muted before is told as muted, and not heard, when it is removed, whatever it did in the sub-conference",
    async (stage) => {
      const conference = await stage.conference();
      const [one, main] = [await conference.callIn(), await conference.callIn()];
      await muteByKeys(conference, one);
      await createSub(conference);
      await addToSub(conference, one);
      const removed = async () => {
        const before = stage.last;
        await conference.asks("W2A_RemoveFromSubConference", { SubConfID: "S1", ExtCallID: one.extCallId });
        const ids = { ExtCallID: one.extCallId, ActionFlag: "2" };
        const moved = await conference.receives("A2W_NotifySubConfCallChange", ids);
        const privilege = await changeAfter(before, conference, one);
        await stage.ports.sleep(stage.options.quietMs);
        stage.check(lastChange(before, conference, one), { Status: "1" });
        stage.inOrder(privilege, moved);
        await stage.people.doesNotHear(main.call, one.call, "it is muted");
      };
      await removed();
      await addToSub(conference, one);
      await muteByKeys(conference, one, false);
      await removed();
    },
    ["dial in", "mute by keys", "hear"],
  ),
  documented(
    "4.13g",
    close,
    "a close brings back each call by A2W_NotifyUserChange, then A2W_RspCloseSubConference",
    async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      const before = stage.last;
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      const answer = await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
      stage.check(answer, { Result: "0" }, 1);
      const fits = { ExtCallID: main.extCallId, Status: "1" };
      const wrong = stage.received.find(
        (one) => one.n > before && one.name === "A2W_NotifyUserChange" && matches(one, fits),
      );
      if (wrong)
        stage.fail(`${main.extCallId} was told as muted, and is not; it was in the main conference all the time`);
      for (const caller of [one, other]) {
        const back = await changeAfter(before, conference, caller);
        stage.check(back, { Status: "0" });
        stage.inOrder(back, answer);
      }
    },
    ["dial in"],
  ),
  documented(
    "4.13h",
    close,
    "when a close is answered, all calls are in the main conference",
    async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
      for (const { call } of [one, other]) await stage.people.hears(main.call, call, "the sub-conference was closed");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.13i",
    close,
    "a close tells the status that each call had before: a muted one as muted, and it is not heard, whatever it did in the sub-conference",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn(), await conference.callIn()];
      await muteByKeys(conference, one);
      for (const id of ["S1", "S2"]) {
        await createSub(conference, id);
        await addToSub(conference, one, id);
        await addToSub(conference, other, id);
        if (id === "S2") await muteByKeys(conference, one, false);
        const before = stage.last;
        const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: id });
        await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
        await stage.ports.sleep(stage.options.quietMs);
        stage.check(lastChange(before, conference, one), { Status: "1" });
        stage.check(lastChange(before, conference, other), { Status: "0" });
        await stage.people.doesNotHear(other.call, one.call, "it is muted");
      }
    },
    ["dial in", "mute by keys", "hear"],
  ),
  documented(
    "4.13j",
    close,
    "a close after some calls were removed brings back the others, too",
    async (stage) => {
      const { conference, one, other } = await breakout(stage);
      await conference.asks("W2A_RemoveFromSubConference", { SubConfID: "S1", ExtCallID: one.extCallId });
      await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: one.extCallId, ActionFlag: "2" });
      const before = stage.last;
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      const answer = await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
      const back = await changeAfter(before, conference, other);
      stage.check(back, { Status: "0" });
      stage.inOrder(back, answer);
    },
    ["dial in"],
  ),
  documented(
    "4.13q",
    close,
    "a close is answered also when a call of the sub-conference has hung up, and brings back the others",
    async (stage) => {
      const { conference, one, other, main } = await breakout(stage);
      await stage.people.hangUp(one.call);
      await stage.ports.sleep(stage.options.quietMs);
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId, Result: "0" });
      await stage.people.hears(main.call, other.call, "the sub-conference was closed");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.13o",
    "mute in a sub-conference",
    "a call that is told as muted is not heard in the sub-conference to which it is added",
    async (stage) => {
      const conference = await stage.conference();
      const [one, other] = [await conference.callIn(), await conference.callIn()];
      await muteByKeys(conference, one);
      await createSub(conference);
      const before = stage.last;
      for (const caller of [other, one]) await addToSub(conference, caller);
      await stage.ports.sleep(stage.options.quietMs);
      const ids = { ExtConfID: conference.extConfId, ExtCallID: one.extCallId, Status: "0" };
      const isUnmuted = stage.received.some(
        (message) => message.n > before && message.name === "A2W_NotifyUserChange" && matches(message, ids),
      );
      if (!isUnmuted) await stage.people.doesNotHear(other.call, one.call, "it was told as muted");
    },
    ["dial in", "mute by keys", "hear"],
  ),
  inferred(
    "4.13p",
    "the id of a sub-conference that was closed",
    "a sub-conference can be created again with its id",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      await createSub(conference);
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
      await createSub(conference);
      await addToSub(conference, one);
    },
    ["dial in"],
  ),
  inferred("4.13n", "a sub-conference without its id", "its request is refused, or answered", async (stage) => {
    const conference = await stage.conference();
    const request = conference.message("W2A_CreateSubConference");
    const { confirmation } = await stage.post([request]);
    if (confirmation.result === 0)
      await stage.receives("A2W_RspCreateSubConference", { MsgID: request.attributes.MsgID });
  }),
  documented(
    "4.13l",
    chapter("WebEx Meetings Sub-conference Behaviors"),
    "calls in two sub-conferences do not hear each other",
    async (stage) => {
      const { one, other } = await twoSubs(stage);
      await stage.people.doesNotHear(one.call, other.call, "they are in two sub-conferences");
      await stage.people.doesNotHear(other.call, one.call, "they are in two sub-conferences");
    },
    ["dial in", "hear"],
  ),
  documented(
    "4.13m",
    close,
    "the close of one sub-conference leaves the calls of another one where they are",
    async (stage) => {
      const { conference, one, other, main } = await twoSubs(stage);
      const { msgId } = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: msgId });
      await stage.people.hears(main.call, one.call, "its sub-conference was closed");
      await stage.people.doesNotHear(main.call, other.call, "its sub-conference goes on");
      await conference.asks("W2A_RemoveFromSubConference", { SubConfID: "S2", ExtCallID: other.extCallId });
      await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: other.extCallId, ActionFlag: "2" });
    },
    ["dial in", "hear"],
  ),
  inferred(
    "4.14",
    "a call that leaves while it is in a sub-conference",
    "it is told by A2W_NotifyUserChange Status 2, without A2W_NotifySubConfCallChange",
    async (stage) => {
      const { conference, one } = await breakout(stage);
      await stage.people.hangUp(one.call);
      await conference.receives("A2W_NotifyUserChange", { ExtCallID: one.extCallId, Status: "2" });
      const change = await stage.mayReceive("A2W_NotifySubConfCallChange", {
        ExtCallID: one.extCallId,
        ActionFlag: "2",
      });
      if (change)
        stage.fail("A2W_NotifySubConfCallChange ActionFlag 2 came, and says that it is in the main conference");
    },
    ["dial in"],
  ),
  alone(
    inferred(
      "4.13r",
      `many sub-conferences on a bridge that takes ${ACT_MS / 1000} s for each act`,
      `a document with ${ROOMS} of them: all are created, within ${ROOMS_LIMIT_MS / 1000} s`,
      async (stage) => {
        const conference = await stage.conference();
        await onSlowBridge(stage, async () => {
          const requests = await manyRooms(conference);
          const deadline = stage.ports.now() + ROOMS_LIMIT_MS;
          for (const { attributes } of requests) {
            const left = deadline - stage.ports.now();
            const answer = await stage.receives("A2W_RspCreateSubConference", { MsgID: attributes.MsgID }, left);
            stage.check(answer, { Result: "0" });
          }
        });
      },
      ["slow down or refuse the bridge's work"],
    ),
  ),
  alone(
    inferred(
      "T9d",
      `${GUIDE}, Performance and Network / System Requirements; a bridge that takes ${ACT_MS / 1000} s for each act`,
      `who dials in while ${ROOMS} sub-conferences are created is told within ${JOIN_LIMIT_MS / 1000} s`,
      async (stage) => {
        const conference = await stage.conference();
        await onSlowBridge(stage, async () => {
          await manyRooms(conference);
          await conference.dialIn("41");
          await conference.receives("A2W_NotifyUserEnter", {}, JOIN_LIMIT_MS);
        });
      },
      ["dial in", "slow down or refuse the bridge's work"],
    ),
  ),
  inferred(
    "4.13k",
    "code of an unknown sub-conference",
    "a call cannot be added to a sub-conference that is not there",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const ids = { SubConfID: "S9", ExtCallID: one.extCallId };
      const { msgId } = await conference.asks("W2A_AddToSubConference", ids);
      const answer = await stage.receives("A2W_RspAddToSubConference", { MsgID: msgId });
      if (answer.attributes.Result === "0") stage.fail("it was answered with Result 0");
    },
    ["dial in"],
  ),
];
