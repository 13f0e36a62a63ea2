import type { Asked, Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Outcome } from "../telephones/telephones.ts";
import { documented, GUIDE, inferred, SEQUENCES, unconfirmed } from "./clause.ts";

const callOut = `${SEQUENCES}, User Call Out`;

/** The answer to a call-out that failed. */
export const failed = { Result: /^(?!0$)/ };

export const callOutClauses = [
  ...documented(callOut, {
    "4.3a: a call-out that succeeds is answered by A2W_RspCallout with its MsgID and Result 0": async (stage) => {
      const conference = await stage.conference();
      const { answered } = await conference.callOut();
      stage.check(answered, { Result: "0" }, 1);
    },
    "4.3b: the callee enters under the ExtCallID of the call-out, after the answer": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const callout = conference.calloutMessage(number, { ExtCallID: "123" });
      const { answer } = await conference.posts(callout);
      const entered = await conference.receives("A2W_NotifyUserEnter");
      stage.check(entered, { ExtCallID: "123" }, 1);
      stage.inOrder(await answer(), entered);
      await stage.receivesNo(["A2W_RspCallout", "A2W_NotifyUserEnter"], "the call-out was answered and has entered");
    },
    "4.3c: the number dialed is country, area and local number in a row": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      await conference.posts(conference.calloutMessage(number));
      await stage.people.called(number);
      await conference.receives("A2W_NotifyUserEnter");
    },
    "4.3d: WebEx's answer to the entry keeps the ExtCallID of the call-out": async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callOut();
      await stage.people.hangUp(call);
      const left = await conference.receives("A2W_NotifyUserChange", { Status: /^[^0]/ });
      stage.check(left, { ExtCallID: extCallId });
    },
    "4.3f: callees and callers are in one conference": async (stage) => {
      const [conference, one] = await stage.conferenceOf(1);
      const other = await conference.callOut();
      await stage.people.hearEachOther(one.call, other.call, "both are in the conference");
    },
  }),
  ...documented(`${GUIDE}, TSP Invite by Phone`, {
    "4.3e: no A2W_RspCallout with Result 0 comes while the telephone rings": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer", 1000);
      const { posted, answer } = await conference.posts(conference.calloutMessage(number));
      // The telephone rings after the post. Timers can fire slightly early.
      const waited = (await answer({ Result: "0" })).at - posted.at;
      if (waited < 900)
        stage.fail(`A2W_RspCallout came after ${waited} ms, but the telephone was picked up after 1000 ms`);
    },
  }),
  ...documented(`${GUIDE}, Logically Asynchronized Message Exchanges`, {
    "4.4a: a busy or rejected call-out is answered with a Result other than 0, and nobody enters": async (stage) => {
      const conference = await stage.conference();
      const asked = [await callsOut(conference, "busy"), await callsOut(conference, "reject")];
      for (const { answer } of asked) stage.check(await answer(), failed);
      await stage.receivesNo("A2W_NotifyUserEnter", "all call-outs failed");
    },
    "4.4g: a call-out to an unassigned number is answered with a Result other than 0": async (stage) => {
      const conference = await stage.conference();
      const { answer } = await callsOut(conference, "invalid");
      stage.check(await answer(), failed);
      await stage.receivesNo("A2W_NotifyUserEnter", "the call-out failed");
    },
  }),
  ...documented(`${callOut}; ${GUIDE}, Transaction ID, Resending, and API Message ID`, {
    "4.3g: simultaneous call-outs are answered by their MsgIDs and enter under their ExtCallIDs": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer", 700);
      const busy = await callsOut(conference, "busy");
      const free = await conference.posts(conference.calloutMessage(number));
      stage.check(await busy.answer(), failed);
      const entered = await conference.receives("A2W_NotifyUserEnter");
      stage.check(entered, { ExtCallID: free.message.attributes.ExtCallID });
      stage.check(await free.answer(), { Result: "0" });
    },
  }),
  ...unconfirmed("W2A_CancelCallout", {
    "4.5: a cancelled call-out stops ringing; both requests are answered, the call-out with code 9": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer", 5_000);
      const callout = conference.calloutMessage(number);
      const asked = await conference.posts(callout);
      await stage.people.called(number);
      await conference.succeeds("W2A_CancelCallout", { ExtCallID: callout.attributes.ExtCallID });
      await asked.answer({ Result: "9" });
      await stage.people.ringsNoMore(number, "the call-out was cancelled");
    },
  }),
  ...inferred("codes of a call-out that fails", {
    "4.4b: a busy call-out is answered with code 6": (stage) => endsIn(stage, "busy", "6"),
    "4.4c: a rejected call-out is answered with code 17": (stage) => endsIn(stage, "reject", "17"),
    "4.4d: a call-out to an unassigned number is answered with code 8": (stage) => endsIn(stage, "invalid", "8"),
    "4.4e: a call-out that nobody picks up is answered with code 7": (stage) => endsIn(stage, "no-answer", "7"),
  }),
];

/** Calls out to a number that reacts like this. */
async function callsOut(conference: Conference, outcome: Outcome): Promise<Asked> {
  const number = await conference.stage.people.number(outcome);
  const waits = outcome === "no-answer" ? { MaxWaitingTime: "1" } : {};
  return conference.posts(conference.calloutMessage(number, waits));
}

async function endsIn(stage: Stage, outcome: Outcome, code: string): Promise<void> {
  const { answer } = await callsOut(await stage.conference(), outcome);
  stage.check(await answer(), { Result: code });
}
