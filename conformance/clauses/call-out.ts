import { element } from "../xml.ts";
import { documented, GUIDE, inferred, SEQUENCES, unconfirmed } from "./clause.ts";
import { rooms } from "./rooms.ts";

const callOut = `${SEQUENCES}, User Call Out`;

export const callOutClauses = [
  documented(
    "4.3a",
    callOut,
    "a call-out that succeeds is answered by A2W_RspCallout with its MsgID and Result 0",
    async (stage) => {
      const conference = await stage.conference();
      const { answered } = await conference.callOut();
      stage.check(answered, { Result: "0" }, 1);
    },
    ["answer calls"],
  ),
  documented(
    "4.3b",
    callOut,
    "who was called enters under the ExtCallID of the call-out, after the answer",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const callout = conference.calloutMessage(number, { ExtCallID: "123" });
      const { msgId } = await conference.posts(callout);
      const entered = await conference.receives("A2W_NotifyUserEnter");
      stage.check(entered, { ExtCallID: "123" }, 1);
      const answered = await stage.receives("A2W_RspCallout", { MsgID: msgId });
      stage.inOrder(answered, entered);
      await stage.receivesNo(["A2W_RspCallout", "A2W_NotifyUserEnter"], "the call-out was answered and has entered");
    },
    ["answer calls"],
  ),
  documented(
    "4.3c",
    callOut,
    "the number that rings is country, area and local number in a row",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      await conference.posts(conference.calloutMessage(number));
      await stage.people.called(number);
      await conference.receives("A2W_NotifyUserEnter");
    },
    ["answer calls"],
  ),
  documented(
    "4.3d",
    callOut,
    "WebEx's answer to the entry leaves the call under its ExtCallID",
    async (stage) => {
      const conference = await stage.conference();
      const { call, extCallId } = await conference.callOut();
      await stage.people.hangUp(call);
      const left = await conference.receives("A2W_NotifyUserChange", { Status: /^[^0]/ });
      stage.check(left, { ExtCallID: extCallId });
    },
    ["answer calls"],
  ),
  documented(
    "4.3e",
    `${GUIDE}, TSP Invite by Phone`,
    "no A2W_RspCallout with Result 0 comes while the telephone still rings",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer", 1000);
      const { msgId, posted } = await conference.posts(conference.calloutMessage(number));
      const answered = await stage.receives("A2W_RspCallout", { MsgID: msgId, Result: "0" });
      // It cannot have rung before the request was posted; a timer may be a little early.
      const waited = answered.at - posted.at;
      if (waited < 900)
        stage.fail(`A2W_RspCallout came after ${waited} ms, and the telephone was picked up after 1000 ms`);
    },
    ["answer calls"],
  ),
  documented(
    "4.3f",
    callOut,
    "who was called and who dialled in are in one conference",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const other = await conference.callOut();
      await stage.people.hears(one.call, other.call, "both are in the conference");
      await stage.people.hears(other.call, one.call, "both are in the conference");
    },
    ["dial in", "answer calls", "hear"],
  ),
  documented(
    "4.4a",
    `${GUIDE}, Logically Asynchronized Message Exchanges`,
    "a call-out to who is busy, or rejects it, is answered by A2W_RspCallout with another Result than 0, and nobody enters",
    async (stage) => {
      const conference = await stage.conference();
      const asked = [];
      for (const outcome of ["busy", "reject"] as const) {
        const number = await stage.people.number(outcome);
        asked.push({ outcome, ...(await conference.posts(conference.calloutMessage(number))) });
      }
      for (const { outcome, msgId } of asked) {
        const answered = await stage.receives("A2W_RspCallout", { MsgID: msgId });
        if (answered.attributes.Result === "0")
          stage.fail(`A2W_RspCallout has Result 0, though it ended in ${outcome}`);
      }
      await stage.receivesNo(["A2W_NotifyUserEnter"], "all call-outs failed");
    },
    ["refuse calls"],
  ),
  documented(
    "4.3g",
    `${callOut}; ${GUIDE}, Transaction ID, Resending, and API Message ID`,
    "of call-outs at the same time, each is answered with its MsgID, and enters under its ExtCallID",
    async (stage) => {
      const conference = await stage.conference();
      const busy = await stage.people.number("busy");
      const number = await stage.people.number("answer", 700);
      const callouts = [conference.calloutMessage(busy), conference.calloutMessage(number)] as const;
      const [failed, succeeded] = [await conference.posts(callouts[0]), await conference.posts(callouts[1])];
      const refusal = await stage.receives("A2W_RspCallout", { MsgID: failed.msgId });
      if (refusal.attributes.Result === "0") stage.fail("A2W_RspCallout has Result 0, though the number is busy");
      const entered = await conference.receives("A2W_NotifyUserEnter");
      stage.check(entered, { ExtCallID: callouts[1].attributes.ExtCallID });
      stage.check(await stage.receives("A2W_RspCallout", { MsgID: succeeded.msgId }), { Result: "0" });
    },
    ["answer calls", "refuse calls"],
  ),
  inferred(
    "4.4h",
    "MaxWaitingTime of a call-out: its unit is not said",
    "a call-out that nobody takes within MaxWaitingTime, in seconds, is answered with another Result than 0, and nobody enters",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("no-answer");
      const { msgId } = await conference.posts(conference.calloutMessage(number, { MaxWaitingTime: "1" }));
      const answered = await stage.receives("A2W_RspCallout", { MsgID: msgId });
      if (answered.attributes.Result === "0") stage.fail("A2W_RspCallout has Result 0, though nobody took the call");
      await stage.receivesNo(["A2W_NotifyUserEnter"], "the call-out failed");
    },
    ["refuse calls"],
  ),
  documented(
    "4.4g",
    `${GUIDE}, Logically Asynchronized Message Exchanges`,
    "a call-out to a number that nobody has is answered by A2W_RspCallout with another Result than 0, and nobody enters",
    async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.posts(conference.calloutMessage(await stage.people.number("invalid")));
      const answered = await stage.receives("A2W_RspCallout", { MsgID: msgId });
      if (answered.attributes.Result === "0") stage.fail("A2W_RspCallout has Result 0, though nobody has the number");
      await stage.receivesNo(["A2W_NotifyUserEnter"], "the call-out failed");
    },
    ["refuse calls"],
  ),
  ...(
    [
      ["b", "busy", "6"],
      ["c", "reject", "17"],
      ["d", "invalid", "8"],
      ["e", "no-answer", "7"],
    ] as const
  ).map(([letter, outcome, code]) =>
    inferred(
      `4.4${letter}`,
      "codes of a call-out that fails",
      `a call-out that ends in ${outcome} is answered with code ${code}`,
      async (stage) => {
        const conference = await stage.conference();
        const number = await stage.people.number(outcome);
        const waits = outcome === "no-answer" ? { MaxWaitingTime: "1" } : {};
        const { msgId } = await conference.posts(conference.calloutMessage(number, waits));
        stage.check(await stage.receives("A2W_RspCallout", { MsgID: msgId }), { Result: code });
      },
      ["refuse calls"],
    ),
  ),
  inferred(
    "4.4f",
    "a policy of the adapter's own",
    "a call-out to a number that the adapter may not call is answered with another Result than 0, and nobody enters",
    async (stage) => {
      const { refused } = stage.options;
      if (!refused) return stage.notTestable("no number is known that the adapter refuses: give --refused");
      const conference = await stage.conference();
      const { msgId } = await conference.posts(conference.calloutMessage(refused));
      const answered = await stage.receives("A2W_RspCallout", { MsgID: msgId });
      if (answered.attributes.Result === "0") stage.fail("A2W_RspCallout has Result 0, though the number is refused");
      await stage.receivesNo(["A2W_NotifyUserEnter"], "the number is refused");
    },
  ),
  unconfirmed(
    "4.5",
    "W2A_CancelCallout",
    "a cancelled call-out rings no more; both requests are answered, the call-out with code 9",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer", 5_000);
      const callout = conference.calloutMessage(number);
      const asked = await conference.posts(callout);
      await stage.people.called(number);
      const cancel = await conference.asks("W2A_CancelCallout", { ExtCallID: callout.attributes.ExtCallID });
      await stage.receives("A2W_RspCancelCallout", { MsgID: cancel.msgId, Result: "0" });
      await stage.receives("A2W_RspCallout", { MsgID: asked.msgId, Result: "9" });
      await stage.people.ringsNoMore(number, "the call-out was cancelled");
    },
    ["answer calls"],
  ),
  inferred(
    "2.2.4a",
    "Extension of PhoneNum",
    "the extension is dialled after the answer, with its leading zeros",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      await conference.posts(conference.calloutMessage(number, {}, "0458"));
      await conference.receives("A2W_NotifyUserEnter");
      const extension = await stage.people.extensionOf(await stage.people.called(number));
      if (extension !== "0458") stage.fail(`the extension dialled was "${extension}", not 0458`);
    },
    ["answer calls", "tell the dialled extension"],
  ),
  inferred(
    "2.2.4g",
    "AreaCode of PhoneNum: many countries have none",
    "a number with an empty AreaCode is called",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const [country, area, local] = number;
      const { msgId } = await conference.posts(conference.calloutMessage([country, "", `${area}${local}`]));
      await stage.people.called(number);
      await stage.receives("A2W_RspCallout", { MsgID: msgId, Result: "0" });
    },
    ["answer calls"],
  ),
  inferred(
    "2.2.4h",
    "a telephone number with letters, # or a comma: nobody can dial it",
    "its call-out is answered with code 8, and its neighbours in the document are carried out",
    async (stage) => {
      const conference = await stage.conference();
      const numbers = [await stage.people.number("answer"), await stage.people.number("answer")];
      const wrong = ["43570AB", "43570#1", "43570,1"].map((local) => conference.calloutMessage(["1", "408", local]));
      const [first, last] = numbers.map((number) => conference.calloutMessage(number));
      const all = [first, ...wrong, last].flatMap((message) => message ?? []);
      await stage.posts(all);
      for (const message of all) {
        const answered = await stage.receives("A2W_RspCallout", { MsgID: message.attributes.MsgID });
        stage.check(answered, { Result: wrong.includes(message) ? "8" : "0" });
      }
      for (const _ of numbers) await conference.receives("A2W_NotifyUserEnter");
      await stage.receivesNo(["A2W_NotifyUserEnter"], "the other call-outs are to nobody");
    },
    ["answer calls"],
  ),
  inferred(
    "2.2.4f",
    "ExtCallIDs of two conferences",
    "a call is told from a call of another conference that has the same name",
    async (stage) => {
      const [first, conference] = [await stage.conference(), await stage.conference()];
      await first.callOut({ ExtCallID: "123" });
      const called = await conference.callOut({ ExtCallID: "123" });
      const other = await conference.callIn();
      await rooms.createSub(conference);
      await rooms.addToSub(conference, called);
      await stage.people.doesNotHear(other.call, called.call, "it was moved into the sub-conference");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "2.2.4e",
    "Privilege of a call-out: 1 in the example of silent join",
    "who is called with Privilege 1 only listens",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const other = await conference.callOut({ Privilege: "1" });
      await stage.people.doesNotHear(one.call, other.call, "its Privilege is 1");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "2.2.4b",
    "JoinMode left out",
    "a call-out without JoinMode joins the conference",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const other = await conference.callOut({ JoinMode: undefined });
      stage.check(other.entered, { ActionCode: undefined });
      await stage.people.hears(one.call, other.call, "it joined the main conference");
    },
    ["dial in", "answer calls", "hear"],
  ),
  inferred(
    "2.2.4c",
    "Result in the example of silent join",
    "a child that the message does not have is ignored",
    async (stage) => {
      const conference = await stage.conference();
      const callout = conference.calloutMessage(await stage.people.number("answer"));
      const message = { ...callout, children: [...(callout.children ?? []), element("Result", "0")] };
      const { msgId } = await conference.posts(message);
      await stage.receives("A2W_RspCallout", { MsgID: msgId, Result: "0" });
    },
    ["answer calls"],
  ),
];
