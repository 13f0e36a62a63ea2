import type { Asked, Conference } from "../player/conference.ts";
import type { Stage, Writer } from "../player/stage.ts";
import { type Message, writeDocument } from "../xml.ts";
import { documented, documentedAlone, GUIDE } from "./clause.ts";

const asynchronous = `${GUIDE}, Logically Asynchronized Message Exchanges`;

/** A usual HTTP time-out. */
const REPEAT_MS = 15_000;

/** Delay of each act of the bridge. A later Confirmation has waited for the bridge. */
const WORK_MS = 4_000;

/** Requests that move a call, with the ActionFlag that notifies the move. */
const moves = [
  ["1", "W2A_AddToSubConference"],
  ["2", "W2A_RemoveFromSubConference"],
] as const;

const known = "one of its required parameters is missing";

function without(message: Message, name: string): Message {
  return { ...message, attributes: { ...message.attributes, [name]: undefined } };
}

/** Returns one sub-conference request of each kind. */
function subRequests(conference: Conference, ExtCallID = "99001"): Message[] {
  const [sub, call] = [{ SubConfID: "S1" }, { SubConfID: "S1", ExtCallID }];
  return [
    conference.message("W2A_CreateSubConference", sub),
    conference.message("W2A_AddToSubConference", call),
    conference.message("W2A_RemoveFromSubConference", call),
    conference.message("W2A_CloseSubConference", sub),
  ];
}

function callout(conference: Conference): Message {
  return conference.calloutMessage(["1", "408", "5550100"]);
}

/** Checks that each of these messages of a running conference is refused. */
function refuses(messagesOf: (conference: Conference) => readonly Message[]): (stage: Stage) => Promise<void> {
  return async (stage) => {
    for (const message of messagesOf(await stage.conference())) stage.refused(await stage.post([message]), known);
  };
}

function refusesCreateWithout(name: string): (stage: Stage) => Promise<void> {
  return async (stage) =>
    stage.refused(await stage.post([without(stage.newConference().createMessage(), name)]), known);
}

/** Checks that the changed text is refused, by a Confirmation or an HTTP error. */
function refusesText(change: (text: string) => string, why: string): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const create = stage.newConference().createMessage();
    // Register the request, so that an answer to it is not a stray.
    stage.webex.ofRequests.set(create.attributes.MsgID ?? "", stage);
    const posted = await stage.postAs([], (transId) => change(writeDocument(transId, [create])));
    if (posted.confirmation.result !== null || (posted.status ?? 0) < 400) stage.refused(posted, why);
  };
}

/** Checks that the repeat brings no second answer. */
async function nothingTwice(stage: Stage, { attributes: { MsgID } }: Message): Promise<void> {
  await stage.quiet();
  const answers = stage.received.filter((one) => one.name.startsWith("A2W_Rsp") && one.attributes.MsgID === MsgID);
  if (answers.length > 1) stage.fail(`the request was answered ${answers.length} times, though it was only repeated`);
}

/** Posts a request again, as after a time-out, and checks that it is not answered again. */
async function repeats(stage: Stage, { posted, message }: Asked): Promise<void> {
  stage.confirmed(await stage.again(posted));
  await nothingTwice(stage, message);
}

export const transportClauses = [
  ...documented(asynchronous, {
    "T28: the Confirmation comes at once, before the work is done": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("no-answer");
      const { posted } = await conference.posts(conference.calloutMessage(number));
      const took = posted.confirmedAt - posted.at;
      const call = await stage.people.called(number, `the Confirmation came after ${took} ms, and then `);
      await stage.people.pickUp(call);
      await conference.receives("A2W_NotifyUserEnter");
    },
    "T5: the HTTP response is only a Confirmation; the result comes in a post of its own": async (stage) => {
      const conference = stage.newConference();
      const { posted, answer } = await conference.posts(conference.createMessage());
      const [fault] = posted.confirmation.faults;
      if (fault) stage.fail(`in the HTTP answer, ${fault}`);
      const { transId } = await answer();
      if (transId === posted.transId) stage.fail(`the answer has the TransID of the request, ${transId}`);
    },
    "T20a: a create without ConfKey is not confirmed with 0": refusesCreateWithout("ConfKey"),
    "T20b: a message without MsgID is not confirmed with 0": refuses((conference) => {
      const all = [
        conference.createMessage(),
        callout(conference),
        conference.updateMessage("stop-reporting-speakers"),
        ...subRequests(conference),
        conference.message("W2A_RspNotifyUserEnter", { ExtCallID: "99001" }),
        conference.message("W2A_CSPClientPassthrough", { ExtCallID: "99001", Data: "eA==" }),
        conference.message("W2A_CloseConference"),
      ];
      return all.map((message) => without(message, "MsgID"));
    }),
    "T20l: a create without WbxHostName is not confirmed with 0": refusesCreateWithout("WbxHostName"),
    "T20c: a create without ExtConfID is not confirmed with 0": refusesCreateWithout("ExtConfID"),
    "T20d: a call-out without a telephone number is not confirmed with 0": refuses((conference) => [
      { ...callout(conference), children: [] },
    ]),
    "T20e: an update without ActionCode or ExtConfID is not confirmed with 0": refuses((conference) =>
      ["ActionCode", "ExtConfID"].map((name) => without(conference.updateMessage("stop-reporting-speakers"), name)),
    ),
    "T20f: text that is not XML is not confirmed with 0": refusesText(
      (text) => text.replace(/<\/W2A_CreateConference>|\/>/, ">"),
      "it is not XML",
    ),
    "T20g: a call-out without ExtConfID or ExtCallID is not confirmed with 0": refuses((conference) =>
      ["ExtConfID", "ExtCallID"].map((name) => without(callout(conference), name)),
    ),
    "T20h: a close or sub-conference request without ExtConfID is not confirmed with 0": refuses((conference) =>
      [conference.message("W2A_CloseConference"), ...subRequests(conference)].map((one) => without(one, "ExtConfID")),
    ),
    "T20i: an add to or remove from a sub-conference without ExtCallID is not confirmed with 0": refuses((conference) =>
      moves.map(([, name]) => conference.message(name, { SubConfID: "S1" })),
    ),
    "T20j: a document without TransID is not confirmed with 0": refusesText(
      (text) => text.replace(/<TransID>.*<\/TransID>/, ""),
      "it has no TransID",
    ),
    "T20k: a document with another root is not confirmed with 0": refusesText(
      (text) => text.replaceAll("WbxTSPSchema", "SomethingElse"),
      "its root is SomethingElse",
    ),
    "T24a: a document with an unknown message is confirmed with 0": async (stage) => {
      const conference = await stage.conference();
      await conference.asks("W2A_SomethingNew", { Attribute: "1" });
    },
    "T24c: a known message next to an unknown one is carried out": async (stage) => {
      const conference = stage.newConference();
      const create = conference.createMessage();
      const unknown = conference.message("W2A_SomethingNew");
      await stage.posts([unknown, create]);
      await stage.answer(create, { Result: "0" });
      await stage.answer(unknown);
    },
    "T6a: header names in any case and a reused connection are accepted": async (stage) => {
      const conference = stage.newConference();
      const reused = { isOnSameConnection: true };
      for (const how of [{ isInCapitals: true }, reused, reused, reused])
        stage.confirmed(await stage.postAs([conference.message("W2A_SomethingNew")], writeDocument, how));
    },
  }),
  ...documentedAlone(asynchronous, {
    "T28a: no Confirmation of a create, call-out, close or sub-conference request awaits the bridge": async (stage) => {
      // Uses a conference for each, so that no request waits for another.
      const create = stage.newConference().createMessage();
      const createSub = (await stage.conference()).message("W2A_CreateSubConference", { SubConfID: "S1" });
      const [adding, calling] = [await stage.conference(), await stage.conference()];
      const { extCallId } = await adding.callIn();
      await adding.succeeds("W2A_CreateSubConference", { SubConfID: "S1" });
      const [, ...subs] = subRequests(adding, extCallId);
      const call = calling.calloutMessage(await stage.people.number("busy"));
      const close = (await stage.conference()).message("W2A_CloseConference");
      await stage.slowBridge(WORK_MS, async () => {
        for (const request of [create, createSub, ...subs, call, close]) {
          const { confirmedAt, at } = await stage.posts([request]);
          const took = confirmedAt - at;
          if (took < WORK_MS) continue;
          stage.fail(`${request.name} was confirmed after ${took} ms, though the bridge takes ${WORK_MS} ms`);
        }
        for (const request of [create, createSub]) await stage.answer(request);
      });
    },
  }),
  ...documented(`${GUIDE}, Typical TSP Request and Response`, {
    "T4: the Confirmation has the TransID of the request": async (stage) => {
      const conference = stage.newConference();
      const posted = await stage.post([conference.createMessage()]);
      const { transId, result } = posted.confirmation;
      if (result === null) stage.fail(`there is no Confirmation: ${posted.confirmation.faults.join("; ")}`);
      if (transId !== posted.transId)
        stage.fail(`the Confirmation has TransID "${transId}", the request ${posted.transId}`);
    },
  }),
  ...documented(`${GUIDE}, HTTP Request Target Machine`, {
    "T11: an answer goes to the WbxHostName of its request": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const callout = conference.calloutMessage(number, { WbxHostName: stage.webex.host(2) });
      stage.check(await (await conference.posts(callout)).answer(), { Result: "0" }, 2);
    },
    "T12: notifications go to the server that created the conference, whatever later requests name": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      await conference.posts(conference.calloutMessage(number, { WbxHostName: stage.webex.host(2) }));
      stage.check(await conference.receives("A2W_NotifyUserEnter"), {}, 1);
    },
    "T11a: the answer to an unknown message goes to its WbxHostName": async (stage) => {
      const conference = await stage.conference();
      const { answer } = await conference.asks("W2A_SomethingNew", { WbxHostName: stage.webex.host(2) });
      stage.check(await answer(), {}, 2);
    },
    "T11b: answers about sub-conferences go to the WbxHostName of their requests": async (stage) => {
      const conference = await stage.conference();
      for (const name of ["W2A_CreateSubConference", "W2A_CloseSubConference"]) {
        const { answer } = await conference.asks(name, { SubConfID: "S1", WbxHostName: stage.webex.host(2) });
        stage.check(await answer(), {}, 2);
      }
    },
    "T12a: requests by another server do not change where notifications go": async (stage) => {
      const conference = await stage.conference();
      const WbxHostName = stage.webex.host(2);
      await conference.updates("stop-reporting-speakers", undefined, { WbxHostName });
      const { entered, extCallId } = await conference.callIn();
      stage.check(entered, {}, 1);
      await conference.asks("W2A_CreateSubConference", { SubConfID: "S1", WbxHostName });
      stage.check(await conference.receives("A2W_NotifySubConferenceChange"), {}, 1);
      const ids = { SubConfID: "S1", ExtCallID: extCallId };
      await conference.asks("W2A_AddToSubConference", { ...ids, WbxHostName });
      stage.check(await conference.receives("A2W_NotifySubConfCallChange", { ActionFlag: "1" }), {}, 1);
      await conference.asks("W2A_RemoveFromSubConference", { ...ids, WbxHostName });
      stage.check(await conference.receives("A2W_NotifySubConfCallChange", { ActionFlag: "2" }), {}, 1);
    },
  }),
  ...documented(`${GUIDE}, HTTP Transaction and API Messages`, {
    "T21: a document with one wrong message is not confirmed with 0, wherever that message is": async (stage) => {
      const right = () => stage.newConference().createMessage();
      const wrong = () => without(right(), "ConfKey");
      stage.refused(await stage.post([right(), wrong()]), "its second message has no ConfKey");
      stage.refused(await stage.post([wrong(), right()]), "its first message has no ConfKey");
      const unknown = stage.newConference().message("W2A_SomethingNew");
      stage.refused(await stage.post([unknown, wrong()]), "its second message has no ConfKey");
    },
  }),
  ...documented(`${GUIDE}, Adapter Backward Compatibility`, {
    "T24b: an unknown message is answered by A2W_RspMessageError with its MsgID and code -12": async (stage) => {
      const conference = await stage.conference();
      const { answer } = await conference.asks("W2A_SomethingNew", { Attribute: "1" });
      stage.check(await answer(), { Result: "-12" }, 1);
    },
    "T24e: an unknown message without a conference is answered": async (stage) => {
      const unknown = without(stage.newConference().message("W2A_SomethingNew"), "ExtConfID");
      await stage.posts([unknown]);
      await stage.answer(unknown);
    },
    "T25: unknown attributes are ignored": async (stage) => {
      await stage.conference({ NewAttribute: "1", another: "two" });
    },
    "T25a: unknown attributes of a call-out are ignored": async (stage) => {
      const conference = await stage.conference();
      await conference.callOut({ NewAttribute: "1", another: "two" });
    },
    "T25b: unknown attributes of other requests are ignored": async (stage) => {
      const more = { NewAttribute: "1", another: "two" };
      const conference = await stage.conference();
      stage.names = false;
      await conference.dialIn();
      const { MsgID } = (await conference.receives("A2W_NotifyUserEnter")).attributes;
      const ExtCallID = String(70_000 + stage.numbers.next());
      await conference.asks("W2A_RspNotifyUserEnter", { MsgID, ExtCallID, ...more });
      await conference.updates("stop-reporting-speakers", undefined, more);
      await conference.asks("W2A_CSPClientPassthrough", { ExtCallID, Data: "eA==", ...more });
      await conference.succeeds("W2A_CreateSubConference", { SubConfID: "S1", ...more });
      for (const [ActionFlag, name] of moves) {
        await conference.asks(name, { SubConfID: "S1", ExtCallID, ...more });
        await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID, ActionFlag });
      }
      await conference.succeeds("W2A_CloseSubConference", { SubConfID: "S1", ...more });
      await conference.asks("W2A_CloseConference", more);
    },
  }),
  ...documented(`${GUIDE}, Maximum Number of Messages in A Single Transaction`, {
    "1.3f: a document with 50 messages is carried out completely": async (stage) => {
      const conference = await stage.conference();
      const unknown = Array.from({ length: 48 }, () => conference.message("W2A_SomethingNew"));
      const create = stage.newConference().createMessage();
      const sub = conference.message("W2A_CreateSubConference", { SubConfID: "S1" });
      await stage.posts([create, ...unknown, sub]);
      for (const message of unknown) await stage.answer(message);
      for (const message of [create, sub]) await stage.answer(message, { Result: "0" });
    },
  }),
  ...documented(`${GUIDE}, Transaction ID, Resending, and API Message ID`, {
    "T38a: a repeated create is confirmed with 0 again and answered once": async (stage) => {
      const conference = stage.newConference();
      const asked = await conference.posts(conference.createMessage());
      stage.confirmed(await stage.again(asked.posted));
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      await nothingTwice(stage, asked.message);
      await repeats(stage, asked);
    },
    "T38b: a repeated call-out rings once": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const asked = await conference.posts(conference.calloutMessage(number));
      await conference.receives("A2W_NotifyUserEnter");
      const call = await stage.people.called(number);
      await repeats(stage, asked);
      await stage.people.notCalledAgain(number, call, "the call-out was only repeated");
      await stage.receivesNo("A2W_NotifyUserEnter", "the call-out was only repeated");
    },
    "T38c: the same message with a new TransID is a new request": async (stage) => {
      const conference = await stage.conference();
      const both = [await conference.asks("W2A_SomethingNew"), await conference.asks("W2A_SomethingNew")];
      for (const { answer } of both) await answer();
    },
    "T38d: a repeat that arrives before the first Confirmation is not carried out": async (stage) => {
      const conference = stage.newConference();
      const messages = [conference.createMessage(), conference.message("W2A_SomethingNew")];
      const transId = stage.webex.ids(1).transId();
      const post = () => stage.postAs(messages, writeDocument, { transId });
      const [first, ...more] = await Promise.all([post(), post(), post()]);
      if (!more.some(({ confirmation }) => confirmation.result === 0)) stage.confirmed(first);
      for (const message of messages) await stage.answer(message);
      for (const message of messages) await nothingTwice(stage, message);
    },
    "T38e: a repeat of any other request is confirmed with 0 again and answered once": async (stage) => {
      const conference = await stage.conference();
      const answered = async (name: string) => {
        const asked = await conference.asks(name, { SubConfID: "S1" });
        await asked.answer();
        await repeats(stage, asked);
      };
      for (const name of ["W2A_CreateSubConference", "W2A_SomethingNew"]) await answered(name);
      const { extCallId } = await conference.callIn();
      for (const [ActionFlag, name] of moves) {
        const asked = await conference.asks(name, { SubConfID: "S1", ExtCallID: extCallId });
        await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: extCallId, ActionFlag });
        await repeats(stage, asked);
        await stage.receivesNo("A2W_NotifySubConfCallChange", "the request was only repeated");
      }
      await answered("W2A_CloseSubConference");
      await repeats(stage, await conference.asks("W2A_CloseConference"));
    },
    "T38f: a repeat 15 s later is confirmed with 0 again and answered once": async (stage) => {
      const conference = await stage.conference();
      const unknown = await conference.asks("W2A_SomethingNew");
      await unknown.answer();
      const other = stage.newConference();
      const created = await other.posts(other.createMessage());
      await created.answer({ Result: "0" });
      await stage.pause(REPEAT_MS);
      for (const asked of [unknown, created]) await repeats(stage, asked);
    },
    "T38g: another document with a used TransID is confirmed and not carried out": async (stage) => {
      const [conference, { call }] = await stage.conferenceOf(1);
      const { posted, answer } = await conference.asks("W2A_SomethingNew");
      await answer();
      const close = conference.message("W2A_CloseConference");
      stage.confirmed(await stage.postAs([close], writeDocument, { transId: posted.transId }));
      await stage.receivesNo("A2W_NotifyConferenceChange", "the TransID of the close was used before", { Status: "3" });
      await stage.people.staysUp(call, "the TransID of the close was used before");
    },
    "T44a: each message of a document is answered once, with its MsgID": async (stage) => {
      const [conference, other] = [await stage.conference(), await stage.conference()];
      const [first, second] = [stage.newConference(), stage.newConference()];
      const requests = [
        first.createMessage(),
        conference.message("W2A_CreateSubConference", { SubConfID: "S1" }),
        other.message("W2A_SomethingNew"),
        conference.message("W2A_CreateSubConference", { SubConfID: "S2" }),
        second.createMessage(),
        conference.message("W2A_CreateSubConference", { SubConfID: "S3" }),
        other.message("W2A_CreateSubConference", { SubConfID: "S1" }),
      ];
      await stage.posts(requests);
      for (const request of requests) await stage.answer(request);
      for (const request of requests) await nothingTwice(stage, request);
    },
  }),
  ...documented(`${GUIDE}, examples`, {
    "5.21: line breaks and spaces between attributes are accepted": async (stage) => {
      const conference = stage.newConference();
      const withBlanks: Writer = (transId, messages) =>
        writeDocument(transId, messages)
          .replaceAll("><", ">\n<")
          .replace("ConfKey=", "\nConfKey =")
          .replace("</W2A_CreateConference>", "</W2A_CreateConference >");
      stage.confirmed(await stage.postAs([conference.createMessage()], withBlanks));
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
  }),
];
