import { updateActions } from "../messages.ts";
import type { Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Message } from "../xml.ts";
import { writeDocument } from "../xml.ts";
import { alone, documented, GUIDE } from "./clause.ts";

const asynchronous = `${GUIDE}, Logically Asynchronized Message Exchanges`;
const transaction = `${GUIDE}, HTTP Transaction and API Messages`;
const resending = `${GUIDE}, Transaction ID, Resending, and API Message ID`;
const typical = `${GUIDE}, Typical TSP Request and Response`;
const target = `${GUIDE}, HTTP Request Target Machine`;
const backward = `${GUIDE}, Adapter Backward Compatibility`;
const most = `${GUIDE}, Maximum Number of Messages in A Single Transaction`;

/** HTTP time-outs are seldom longer. */
const REPEAT_MS = 15_000;

/** How long the bridge works: a later Confirmation has waited for it. */
const WORK_MS = 4_000;

const known = "the message is known, and one of its required parameters is missing";

/** A message without one of its attributes. */
function without(message: Message, name: string): Message {
  return { ...message, attributes: { ...message.attributes, [name]: undefined } };
}

/** A request of each kind for a sub-conference. */
function subRequests(conference: Conference): Message[] {
  const [sub, call] = [{ SubConfID: "S1" }, { SubConfID: "S1", ExtCallID: "99001" }];
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

/** Each of these messages of a running conference must be refused. */
function refuses(messagesOf: (conference: Conference) => readonly Message[]): (stage: Stage) => Promise<void> {
  return async (stage) => {
    for (const message of messagesOf(await stage.conference())) stage.refused(await stage.post([message]), known);
  };
}

function refusesCreateWithout(name: string): (stage: Stage) => Promise<void> {
  return async (stage) =>
    stage.refused(await stage.post([without(stage.newConference().createMessage(), name)]), known);
}

/** A create whose text is not a TSP document may also be rejected with an HTTP error. */
function refusesText(change: (text: string) => string, why: string): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const { transId, text } = documentOf(stage);
    const changed = change(text);
    const posted = await stage.postText(changed, { transId: changed.includes(transId) ? transId : "" });
    if (posted.confirmation.result !== null || (posted.status ?? 0) < 400) stage.refused(posted, why);
  };
}

/** A repeat may bring no second answer. */
async function nothingTwice(stage: Stage, msgId: string): Promise<void> {
  await stage.quiet();
  const answers = stage.received.filter(
    ({ name, attributes }) => name.startsWith("A2W_Rsp") && attributes.MsgID === msgId,
  );
  if (answers.length > 1)
    stage.fail(`the request was answered ${answers.length} times, and repeated only by its TransID`);
}

export const transportClauses = [
  ...documented(asynchronous, {
    "T28: the Confirmation comes at once, before the work is done": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("no-answer");
      const { posted } = await conference.posts(conference.calloutMessage(number));
      const took = posted.confirmedAt - posted.at;
      const call =
        (await stage.people.mayBeCalled(number)) ??
        stage.fail(`the Confirmation came after ${took} ms, and then the telephone did not ring (any more)`);
      await stage.people.pickUp(call);
      await conference.receives("A2W_NotifyUserEnter");
    },
    "T5: the HTTP response is only a Confirmation; the result comes in a post of its own": async (stage) => {
      const conference = stage.newConference();
      const { posted, msgId } = await conference.posts(conference.createMessage());
      const [fault] = posted.confirmation.faults;
      if (fault) stage.fail(`in the HTTP answer ${fault}`);
      const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId });
      if (answer.transId === posted.transId) stage.fail(`the answer has the TransID of the request, ${posted.transId}`);
    },
    "T20a: a create without ConfKey is not confirmed with 0": refusesCreateWithout("ConfKey"),
    "T20b: a message without MsgID is not confirmed with 0": refuses((conference) => {
      const ActionCode = String(updateActions["stop-reporting-speakers"]);
      const all = [
        conference.createMessage(),
        callout(conference),
        conference.message("W2A_UpdateConference", { ActionCode }),
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
    "T20e: an update without ActionCode or ExtConfID is not confirmed with 0": refuses((conference) => {
      const ActionCode = String(updateActions["stop-reporting-speakers"]);
      const update = conference.message("W2A_UpdateConference", { ActionCode });
      return [without(update, "ActionCode"), without(update, "ExtConfID")];
    }),
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
    "T20i: an add to or a remove from a sub-conference without ExtCallID is not confirmed with 0": refuses(
      (conference) =>
        ["W2A_AddToSubConference", "W2A_RemoveFromSubConference"].map((name) =>
          conference.message(name, { SubConfID: "S1" }),
        ),
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
    "T24c: a known message beside an unknown one is carried out": async (stage) => {
      const conference = stage.newConference();
      const create = conference.createMessage();
      const unknown = conference.message("W2A_SomethingNew");
      await stage.posts([unknown, create]);
      await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
      await stage.receives("A2W_RspMessageError", { MsgID: unknown.attributes.MsgID });
    },
  }),
  ...alone(
    documented(asynchronous, {
      "T28a: no Confirmation of a create, call-out, close or sub-conference request waits for the bridge": async (
        stage,
      ) => {
        // Each of a conference of its own, so that none waits for another.
        const create = stage.newConference().createMessage();
        const createSub = (await stage.conference()).message("W2A_CreateSubConference", { SubConfID: "S1" });
        const [adding, calling] = [await stage.conference(), await stage.conference()];
        const { extCallId } = await adding.callIn();
        const { msgId } = await adding.asks("W2A_CreateSubConference", { SubConfID: "S1" });
        await stage.receives("A2W_RspCreateSubConference", { MsgID: msgId, Result: "0" });
        const add = adding.message("W2A_AddToSubConference", { SubConfID: "S1", ExtCallID: extCallId });
        const remove = adding.message("W2A_RemoveFromSubConference", { SubConfID: "S1", ExtCallID: extCallId });
        const closeSub = adding.message("W2A_CloseSubConference", { SubConfID: "S1" });
        const call = calling.calloutMessage(await stage.people.number("busy"));
        const close = (await stage.conference()).message("W2A_CloseConference");
        await stage.slowBridge(WORK_MS, async () => {
          for (const request of [create, createSub, add, remove, closeSub, call, close]) {
            const { confirmedAt, at } = await stage.posts([request]);
            const took = confirmedAt - at;
            if (took < WORK_MS) continue;
            stage.fail(`${request.name} was confirmed after ${took} ms; the bridge takes ${WORK_MS} ms`);
          }
          await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID });
          await stage.receives("A2W_RspCreateSubConference", { MsgID: createSub.attributes.MsgID });
        });
      },
    }),
  ),
  ...documented(typical, {
    "T4: the Confirmation has the TransID of the request": async (stage) => {
      const conference = stage.newConference();
      const posted = await stage.post([conference.createMessage()]);
      const { transId, result } = posted.confirmation;
      if (result === null) stage.fail(`there is no Confirmation: ${posted.confirmation.faults.join("; ")}`);
      if (transId !== posted.transId)
        stage.fail(`the Confirmation has TransID "${transId}", the request ${posted.transId}`);
    },
  }),
  ...documented(target, {
    "T11: an answer goes to the WbxHostName of its request": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const callout = conference.calloutMessage(number, { WbxHostName: stage.webex.host(2) });
      const { msgId } = await conference.posts(callout);
      stage.check(await stage.receives("A2W_RspCallout", { MsgID: msgId }), { Result: "0" }, 2);
    },
    "T12: notifications go to the server that created the conference, whatever later requests name": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      await conference.posts(conference.calloutMessage(number, { WbxHostName: stage.webex.host(2) }));
      stage.check(await conference.receives("A2W_NotifyUserEnter"), {}, 1);
    },
    "T11a: the answer to an unknown message goes to its WbxHostName": async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.asks("W2A_SomethingNew", { WbxHostName: stage.webex.host(2) });
      stage.check(await stage.receives("A2W_RspMessageError", { MsgID: msgId }), {}, 2);
    },
    "T11b: answers about sub-conferences go to the WbxHostName of their requests": async (stage) => {
      const conference = await stage.conference();
      for (const what of ["CreateSubConference", "CloseSubConference"]) {
        const WbxHostName = stage.webex.host(2);
        const { msgId } = await conference.asks(`W2A_${what}`, { SubConfID: "S1", WbxHostName });
        stage.check(await stage.receives(`A2W_Rsp${what}`, { MsgID: msgId }), {}, 2);
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
  ...documented(transaction, {
    "T21: a document with one wrong message is not confirmed with 0, wherever that message is": async (stage) => {
      const right = () => stage.newConference().createMessage();
      const wrong = () => without(right(), "ConfKey");
      stage.refused(await stage.post([right(), wrong()]), "its second message has no ConfKey");
      stage.refused(await stage.post([wrong(), right()]), "its first message has no ConfKey");
      const unknown = stage.newConference().message("W2A_SomethingNew");
      stage.refused(await stage.post([unknown, wrong()]), "its second message has no ConfKey");
    },
  }),
  ...documented(backward, {
    "T24b: an unknown message is answered by A2W_RspMessageError with its MsgID and code -12": async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.asks("W2A_SomethingNew", { Attribute: "1" });
      stage.check(await stage.receives("A2W_RspMessageError", { MsgID: msgId }), { Result: "-12" }, 1);
    },
    "T24e: an unknown message without a conference is answered": async (stage) => {
      const unknown = without(stage.newConference().message("W2A_SomethingNew"), "ExtConfID");
      await stage.posts([unknown]);
      await stage.receives("A2W_RspMessageError", { MsgID: unknown.attributes.MsgID });
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
      const {
        attributes: { MsgID },
      } = await conference.receives("A2W_NotifyUserEnter");
      const extCallId = String(70_000 + stage.numbers.next());
      await conference.asks("W2A_RspNotifyUserEnter", { MsgID, ExtCallID: extCallId, ...more });
      await conference.updates("stop-reporting-speakers", undefined, more);
      await conference.asks("W2A_CSPClientPassthrough", { ExtCallID: extCallId, Data: "eA==", ...more });
      const ids = { SubConfID: "S1", ExtCallID: extCallId, ...more };
      const created = await conference.asks("W2A_CreateSubConference", { SubConfID: "S1", ...more });
      await stage.receives("A2W_RspCreateSubConference", { MsgID: created.msgId, Result: "0" });
      await conference.asks("W2A_AddToSubConference", ids);
      await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: extCallId, ActionFlag: "1" });
      await conference.asks("W2A_RemoveFromSubConference", ids);
      await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: extCallId, ActionFlag: "2" });
      const closed = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1", ...more });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: closed.msgId, Result: "0" });
      await conference.asks("W2A_CloseConference", more);
    },
  }),
  ...documented(most, {
    "1.3f: a document with 50 messages is carried out completely": async (stage) => {
      const conference = await stage.conference();
      const unknown = Array.from({ length: 48 }, () => conference.message("W2A_SomethingNew"));
      const create = stage.newConference().createMessage();
      const sub = conference.message("W2A_CreateSubConference", { SubConfID: "S1" });
      await stage.posts([create, ...unknown, sub]);
      await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
      for (const { attributes } of unknown) await stage.receives("A2W_RspMessageError", { MsgID: attributes.MsgID });
      await stage.receives("A2W_RspCreateSubConference", { MsgID: sub.attributes.MsgID, Result: "0" });
    },
  }),
  ...documented(resending, {
    "T38a: a repeated create is confirmed with 0 again and answered once": async (stage) => {
      const conference = stage.newConference();
      const { posted, msgId } = await conference.posts(conference.createMessage());
      stage.confirmed(await stage.again(posted));
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      await nothingTwice(stage, msgId);
      stage.confirmed(await stage.again(posted));
      await nothingTwice(stage, msgId);
    },
    "T38b: a repeated call-out rings once": async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const { posted, msgId } = await conference.posts(conference.calloutMessage(number));
      await conference.receives("A2W_NotifyUserEnter");
      const call = await stage.people.called(number);
      stage.confirmed(await stage.again(posted));
      await stage.quiet();
      await stage.people.notCalledAgain(number, call, "the call-out was only repeated");
      await nothingTwice(stage, msgId);
      const more = await stage.mayReceive("A2W_NotifyUserEnter");
      if (more) stage.fail("a second A2W_NotifyUserEnter came");
    },
    "T38c: the same message with a new TransID is a new request": async (stage) => {
      const conference = await stage.conference();
      const update = (): Message => conference.message("W2A_SomethingNew");
      const [one, other] = [await conference.posts(update()), await conference.posts(update())];
      await stage.receives("A2W_RspMessageError", { MsgID: one.msgId });
      await stage.receives("A2W_RspMessageError", { MsgID: other.msgId });
    },
    "T38d: a repeat that arrives before the first Confirmation is not carried out": async (stage) => {
      const conference = stage.newConference();
      const messages = [conference.createMessage(), conference.message("W2A_SomethingNew")];
      const transId = stage.webex.ids(1).transId();
      const text = writeDocument(transId, messages);
      const posts = await Promise.all([1, 2, 3].map(() => stage.postText(text, { transId, messages })));
      const [first] = posts;
      if (first && !posts.some(({ confirmation }) => confirmation.result === 0)) stage.confirmed(first);
      for (const { attributes } of messages) {
        const { MsgID = "" } = attributes;
        await stage.receivesOne(`an answer with MsgID ${MsgID}`, ({ attributes: those }) => those.MsgID === MsgID);
      }
      for (const { attributes } of messages) await nothingTwice(stage, attributes.MsgID ?? "");
    },
    "T38e: a repeat of any other request is confirmed with 0 again and answered once": async (stage) => {
      const conference = await stage.conference();
      const requests = [
        ["A2W_RspCreateSubConference", conference.message("W2A_CreateSubConference", { SubConfID: "S1" })],
        ["A2W_RspMessageError", conference.message("W2A_SomethingNew")],
      ] as const;
      for (const [answer, request] of requests) {
        const { posted, msgId } = await conference.posts(request);
        await stage.receives(answer, { MsgID: msgId });
        stage.confirmed(await stage.again(posted));
        await nothingTwice(stage, msgId);
      }
      const { extCallId } = await conference.callIn();
      const call = { SubConfID: "S1", ExtCallID: extCallId };
      const moves = [
        ["1", conference.message("W2A_AddToSubConference", call)],
        ["2", conference.message("W2A_RemoveFromSubConference", call)],
      ] as const;
      for (const [ActionFlag, request] of moves) {
        const { posted, msgId } = await conference.posts(request);
        await conference.receives("A2W_NotifySubConfCallChange", { ExtCallID: extCallId, ActionFlag });
        stage.confirmed(await stage.again(posted));
        await nothingTwice(stage, msgId);
        await stage.receivesNo(["A2W_NotifySubConfCallChange"], "the request was only repeated");
      }
      const closed = await conference.asks("W2A_CloseSubConference", { SubConfID: "S1" });
      await stage.receives("A2W_RspCloseSubConference", { MsgID: closed.msgId });
      for (const { posted, msgId } of [closed, await conference.asks("W2A_CloseConference")]) {
        stage.confirmed(await stage.again(posted));
        await nothingTwice(stage, msgId);
      }
    },
    "T38f: a repeat 15 s later is confirmed with 0 again and answered once": async (stage) => {
      const conference = await stage.conference();
      const unknown = await conference.asks("W2A_SomethingNew");
      await stage.receives("A2W_RspMessageError", { MsgID: unknown.msgId });
      const other = stage.newConference();
      const created = await other.posts(other.createMessage());
      await stage.receives("A2W_RspCreateConference", { MsgID: created.msgId, Result: "0" });
      await stage.pause(REPEAT_MS);
      for (const { posted, msgId } of [unknown, created]) {
        stage.confirmed(await stage.again(posted));
        await nothingTwice(stage, msgId);
      }
    },
    "T38g: another document with a used TransID is confirmed and not carried out": async (stage) => {
      const [conference, { call }] = await stage.conferenceOf(1);
      const { posted, msgId } = await conference.asks("W2A_SomethingNew");
      await stage.receives("A2W_RspMessageError", { MsgID: msgId });
      const close = conference.message("W2A_CloseConference");
      const { transId } = posted;
      const text = writeDocument(transId, [close]);
      stage.confirmed(await stage.postText(text, { transId, messages: [close] }));
      await stage.receivesNothingElse("its TransID was used before");
      await stage.people.staysUp(call, "the TransID of the close was used before");
    },
    "T44a: each message of a document is answered once, with its MsgID": async (stage) => {
      const [conference, other] = [await stage.conference(), await stage.conference()];
      const [first, second] = [stage.newConference(), stage.newConference()];
      const answers: readonly (readonly [answer: string, request: Message])[] = [
        ["A2W_RspCreateConference", first.createMessage()],
        ["A2W_RspCreateSubConference", conference.message("W2A_CreateSubConference", { SubConfID: "S1" })],
        ["A2W_RspMessageError", other.message("W2A_SomethingNew")],
        ["A2W_RspCreateSubConference", conference.message("W2A_CreateSubConference", { SubConfID: "S2" })],
        ["A2W_RspCreateConference", second.createMessage()],
        ["A2W_RspCreateSubConference", conference.message("W2A_CreateSubConference", { SubConfID: "S3" })],
        ["A2W_RspCreateSubConference", other.message("W2A_CreateSubConference", { SubConfID: "S1" })],
      ];
      await stage.posts(answers.map(([, request]) => request));
      for (const [answer, { attributes }] of answers) await stage.receives(answer, { MsgID: attributes.MsgID });
      for (const [, { attributes }] of answers) await nothingTwice(stage, attributes.MsgID ?? "");
    },
  }),
  ...documented(`${asynchronous} (requests come by HTTP post)`, {
    "T6a: header names in any case and a reused connection are accepted": async (stage) => {
      const conference = stage.newConference();
      const inCapitals = (text: string) => ({
        headers: { "CONTENT-TYPE": "text/xml; charset=UTF-8", "CONTENT-LENGTH": String(text.length) },
      });
      const onSameConnection = () => ({ isOnSameConnection: true });
      for (const how of [inCapitals, onSameConnection, onSameConnection, onSameConnection]) {
        const messages = [conference.message("W2A_SomethingNew")];
        const transId = stage.webex.ids(1).transId();
        const text = writeDocument(transId, messages);
        stage.confirmed(await stage.postText(text, { transId, messages }, how(text)));
      }
    },
  }),
  ...documented(`${GUIDE}, examples`, {
    "5.21: line breaks and blanks between attributes are accepted": async (stage) => {
      const { transId, text, message, conference } = documentOf(stage);
      const blanks = text
        .replaceAll("><", ">\n<")
        .replace("ConfKey=", "\nConfKey =")
        .replace("</W2A_CreateConference>", "</W2A_CreateConference >");
      stage.confirmed(await stage.postText(blanks, { transId, messages: [message] }));
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
  }),
];

/** A create as a text, to change it by hand. */
function documentOf(stage: Stage) {
  const conference = stage.newConference();
  const message = conference.createMessage();
  const transId = stage.webex.ids(1).transId();
  const text = writeDocument(transId, [message]);
  // Also where the text is posted as it is: an answer to it is no stray.
  stage.webex.ownRequest(message.attributes.MsgID ?? "", stage);
  return { conference, message, transId, text };
}
