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

/** Somebody talks, or falls silent. Waits until it is told: before, an adapter may have told the same again. */
async function talk(stage: Stage, { call, extCallId }: Talker, talking: boolean): Promise<Received> {
  const before = stage.last;
  const flag = talking ? "Y" : "N";
  await stage.people.talk(call, talking);
  return stage.receivesOne(
    `A2W_NotifySpeakingStatus with ${flag} for ${extCallId}`,
    (one) => one.n > before && one.name === "A2W_NotifySpeakingStatus" && flagOf(one, extCallId) === flag,
  );
}

type Talker = Pick<Caller, "call" | "extCallId">;

export const speakers = { report, talk };

/** Two callers of one conference who talk, and were told so. */
async function twoWhoTalk(stage: Stage): Promise<readonly [Caller, Caller]> {
  const conference = await stage.conference();
  const both = [await conference.callIn(), await conference.callIn()] as const;
  await report(conference, true);
  for (const caller of both) await talk(stage, caller, true);
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
      const caller = await conference.callIn();
      await report(conference, true);
      for (const _ of ["first", "second"]) {
        stage.check(await talk(stage, caller, true), { ExtConfID: conference.extConfId }, 1);
        await talk(stage, caller, false);
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
      await talk(stage, one, false);
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
      const caller = await conference.callIn();
      await report(conference, true);
      for (const talking of [true, false]) await talk(stage, caller, talking);
      await report(conference, false);
      const before = stage.last;
      await stage.people.talk(caller.call, true);
      const message = await stage.mayReceiveAfter(before, "A2W_NotifySpeakingStatus");
      if (message) stage.fail("A2W_NotifySpeakingStatus came after ActionCode 9");
      await stage.people.talk(caller.call, false);
      await report(conference, true);
      await talk(stage, caller, true);
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
