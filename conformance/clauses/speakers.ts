import type { Caller, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Received } from "../player/traffic.ts";
import { documented, GUIDE } from "./clause.ts";

async function report(conference: Conference, on: boolean): Promise<void> {
  await conference.updates(on ? "report-speakers" : "stop-reporting-speakers");
  // No message confirms that the bridge has begun.
  await conference.stage.quiet();
}

/** Returns a call's flag in a message: `Y`, `N` or `undefined`. */
function flagOf({ attributes }: Received, extCallId: string): string | undefined {
  const index = attributes.ExtCallIDs?.split("%").indexOf(extCallId) ?? -1;
  return attributes.SpeakingFlags?.split("%")[index];
}

/** Has a caller start or stop talking, and waits for a notification after that. */
async function talk(stage: Stage, { call, extCallId }: Caller, talking: boolean): Promise<Received> {
  const before = stage.last;
  const flag = talking ? "Y" : "N";
  await stage.people.talk(call, talking);
  return stage.receivesOne(
    `A2W_NotifySpeakingStatus with ${flag} for ${extCallId}`,
    (one) => one.n > before && one.name === "A2W_NotifySpeakingStatus" && flagOf(one, extCallId) === flag,
  );
}

export const speakers = { report, talk };

/** Plays two callers who talk, and waits until both are notified. */
async function twoWhoTalk(stage: Stage): Promise<readonly [Caller, Caller]> {
  const [conference, ...both] = await stage.conferenceOf(2);
  await report(conference, true);
  for (const caller of both) await talk(stage, caller, true);
  return both;
}

/** Checks the last notification about a talking call, because an adapter may include all calls in each. */
function mustTalk(stage: Stage, { extCallId }: Caller): void {
  const last = stage.received.findLast(
    (one) => one.name === "A2W_NotifySpeakingStatus" && flagOf(one, extCallId) !== undefined,
  );
  if (last && flagOf(last, extCallId) === "N") stage.fail(`${extCallId} was notified with N, but talks`);
}

export const speakerClauses = [
  ...documented(`${GUIDE}, Identify Active Speaker`, {
    "4.16a: after ActionCode 8 each start of speech is notified by Y and each end by N": async (stage) => {
      const [conference, caller] = await stage.conferenceOf(1);
      await report(conference, true);
      for (const _ of ["first", "second"]) {
        stage.check(await talk(stage, caller, true), { ExtConfID: conference.extConfId }, 1);
        await talk(stage, caller, false);
      }
    },
    "4.16b: two simultaneous speakers are both notified, by the names of their calls": async (stage) => {
      const [one, other] = await twoWhoTalk(stage);
      for (const caller of [one, other]) mustTalk(stage, caller);
    },
    "4.16f: if one of two speakers stops, only that one is notified by N": async (stage) => {
      const [one, other] = await twoWhoTalk(stage);
      await talk(stage, one, false);
      await stage.quiet();
      mustTalk(stage, other);
    },
    "4.16c: after ActionCode 9 no speaker is notified until ActionCode 8 comes again": async (stage) => {
      const [conference, caller] = await stage.conferenceOf(1);
      await report(conference, true);
      for (const talking of [true, false]) await talk(stage, caller, talking);
      await report(conference, false);
      const before = stage.last;
      await stage.people.talk(caller.call, true);
      await stage.receivesNo("A2W_NotifySpeakingStatus", "ActionCode 9 stopped the reports", {}, before);
      await stage.people.talk(caller.call, false);
      await report(conference, true);
      await talk(stage, caller, true);
    },
  }),
];
