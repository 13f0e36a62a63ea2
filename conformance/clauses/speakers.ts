import { updateActions } from "../messages.ts";
import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Received } from "../player/traffic.ts";
import { documented, GUIDE, inferred } from "./clause.ts";

const speaker = `${GUIDE}, Identify Active Speaker`;

async function report(conference: Conference, on: boolean): Promise<void> {
  const ActionCode = String(on ? updateActions.speakersOn : updateActions.speakersOff);
  await conference.asks("W2A_UpdateConference", { ActionCode });
  // Nothing tells when the bridge has begun.
  await conference.stage.ports.sleep(conference.stage.options.quietMs);
}

/** What a message says of a call: `Y`, `N`, or nothing. */
function flagOf({ attributes }: Received, extCallId: string): string | undefined {
  const index = attributes.ExtCallIDs?.split("%").indexOf(extCallId) ?? -1;
  return attributes.SpeakingFlags?.split("%")[index];
}

/** Waits until it is told that this call talks, or does not. */
function told(stage: Stage, extCallId: string, flag: "Y" | "N"): Promise<Received> {
  return stage.receivesOne(
    `A2W_NotifySpeakingStatus with ${flag} for ${extCallId}`,
    (one) => one.name === "A2W_NotifySpeakingStatus" && flagOf(one, extCallId) === flag,
  );
}

export const speakers = { report, told };

/** Two callers of one conference who talk, and were told so. */
async function twoWhoTalk(stage: Stage): Promise<readonly [Caller, Caller]> {
  const conference = await stage.conference();
  const both = [await conference.callIn(), await conference.callIn()] as const;
  await report(conference, true);
  for (const { call, extCallId } of both) {
    await stage.people.talk(call, true);
    await told(stage, extCallId, "Y");
  }
  return both;
}

/** The last word about a call that talks: an adapter may tell all calls each time, and tells one after the other. */
function mustTalk(stage: Stage, { extCallId }: Caller): void {
  const last = stage.received.findLast(
    (one) => one.name === "A2W_NotifySpeakingStatus" && flagOf(one, extCallId) !== undefined,
  );
  if (last && flagOf(last, extCallId) === "N") stage.fail(`${extCallId} is told with N, and talks`);
}

export const speakerClauses = [
  documented(
    "4.16a",
    speaker,
    "with ActionCode 8 on, who starts to talk is told with Y, and with N when it stops, each time",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn();
      await report(conference, true);
      for (const _ of ["first", "second"]) {
        await stage.people.talk(call, true);
        const began = await told(stage, extCallId, "Y");
        stage.check(began, { ExtConfID: conference.extConfId }, 1);
        await stage.people.talk(call, false);
        await told(stage, extCallId, "N");
      }
    },
    ["dial in", "talk"],
  ),
  documented(
    "4.16b",
    speaker,
    "two who talk at the same time are told both, by the names of their calls",
    async (stage) => {
      const [one, other] = await twoWhoTalk(stage);
      for (const caller of [one, other]) mustTalk(stage, caller);
    },
    ["dial in", "talk"],
  ),
  documented(
    "4.16f",
    speaker,
    "of two who talk, one stops: that one is told with N, and the other one is not",
    async (stage) => {
      const [one, other] = await twoWhoTalk(stage);
      await stage.people.talk(one.call, false);
      await told(stage, one.extCallId, "N");
      await stage.ports.sleep(stage.options.quietMs);
      mustTalk(stage, other);
    },
    ["dial in", "talk"],
  ),
  documented(
    "4.16c",
    speaker,
    "after ActionCode 9 no speaker is told, until ActionCode 8 comes again",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callIn();
      await report(conference, true);
      await stage.people.talk(call, true);
      await told(stage, extCallId, "Y");
      await stage.people.talk(call, false);
      await told(stage, extCallId, "N");
      await report(conference, false);
      await stage.people.talk(call, true);
      const message = await stage.mayReceive("A2W_NotifySpeakingStatus");
      if (message) stage.fail("A2W_NotifySpeakingStatus came after ActionCode 9");
      await stage.people.talk(call, false);
      await report(conference, true);
      await stage.people.talk(call, true);
      await told(stage, extCallId, "Y");
    },
    ["dial in", "talk"],
  ),
  inferred(
    "4.16d",
    "before any ActionCode",
    "before ActionCode 8 no speaker is told",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callIn();
      await stage.people.talk(call, true);
      if (await stage.mayReceive("A2W_NotifySpeakingStatus")) stage.fail("A2W_NotifySpeakingStatus came unasked");
    },
    ["dial in", "talk"],
  ),
  inferred(
    "4.16e",
    "speakers after a failover",
    "a new server is told no speakers before it has sent its own ActionCode 8",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callIn();
      await report(conference, true);
      await conference.failOver();
      await conference.receives("A2W_NotifyUserEnter");
      await stage.people.talk(call, true);
      if (await stage.mayReceive("A2W_NotifySpeakingStatus"))
        stage.fail("A2W_NotifySpeakingStatus came to a server that has not asked");
    },
    ["dial in", "talk"],
  ),
];
