import { updateActions } from "../messages.ts";
import type { Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import type { Posted } from "../player/traffic.ts";
import type { Message } from "../xml.ts";
import { writeDocument } from "../xml.ts";
import { alone, documented, GUIDE, inferred } from "./clause.ts";

const asynchronous = `${GUIDE}, Logically Asynchronized Message Exchanges`;
const transaction = `${GUIDE}, HTTP Transaction and API Messages`;
const resending = `${GUIDE}, Transaction ID, Resending, and API Message ID`;
const typical = `${GUIDE}, Typical TSP Request and Response`;
const target = `${GUIDE}, HTTP Request Target Machine`;
const backward = `${GUIDE}, Adapter Backward Compatibility`;
const most = `${GUIDE}, Maximum Number of Messages in A Single Transaction`;

/** A time-out of HTTP is seldom longer: a repeat after it is one, too. */
const REPEAT_MS = 15_000;

/** So long takes the work: a Confirmation that comes later has waited for it. */
const WORK_MS = 4_000;
/** Long enough to tell an answer that has waited from one that has not. */
const CREATE_MS = 1_000;

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

/** What is no document of the interface may be refused by HTTP as well. */
function refusedSomehow(stage: Stage, posted: Posted, why: string): void {
  if (posted.confirmation.result === null && (posted.status ?? 0) >= 400) return;
  stage.refused(posted, why);
}

/** Of a repeat: nothing more may come than at the first time. */
async function nothingTwice(stage: Stage, msgId: string): Promise<void> {
  await stage.ports.sleep(stage.options.quietMs);
  const answers = stage.received.filter(
    ({ name, attributes }) => name.startsWith("A2W_Rsp") && attributes.MsgID === msgId,
  );
  if (answers.length > 1)
    stage.fail(`the request was answered ${answers.length} times, and repeated only by its TransID`);
}

export const transportClauses = [
  documented(
    "T28",
    asynchronous,
    "the Confirmation comes at once, not when the work is done",
    async (stage) => {
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
    ["answer calls when told"],
  ),
  alone(
    documented(
      "T28a",
      asynchronous,
      "the Confirmation of a create, of any request for a sub-conference, of a call-out or of a close does not wait for the bridge",
      async (stage) => {
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
        await stage.people.faults({ delayMs: WORK_MS });
        try {
          for (const request of [create, createSub, add, remove, closeSub, call, close]) {
            const { confirmedAt, at } = await stage.posts([request]);
            const took = confirmedAt - at;
            if (took < WORK_MS) continue;
            stage.fail(`${request.name} was confirmed after ${took} ms; the bridge takes ${WORK_MS} ms`);
          }
          await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID });
          await stage.receives("A2W_RspCreateSubConference", { MsgID: createSub.attributes.MsgID });
        } finally {
          await stage.people.faults({});
        }
      },
      ["slow down or refuse the bridge's work", "dial in", "refuse calls"],
    ),
  ),
  alone(
    inferred(
      "T28b",
      "a bridge that must create the conference first",
      "a create is answered when the bridge has created the conference, not before",
      async (stage) => {
        await stage.people.faults({ delayMs: CREATE_MS });
        try {
          const conference = stage.newConference();
          const { posted, msgId } = await conference.posts(conference.createMessage());
          const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId });
          const took = answer.at - posted.at;
          // A timer may be a little early.
          if (took < CREATE_MS - 100) stage.fail(`it was answered after ${took} ms; the bridge takes ${CREATE_MS} ms`);
        } finally {
          await stage.people.faults({});
        }
      },
      ["slow down or refuse the bridge's work"],
    ),
  ),
  documented(
    "T5",
    asynchronous,
    "the HTTP answer is a Confirmation and nothing else; the result comes by a post of its own",
    async (stage) => {
      const conference = stage.newConference();
      const { posted, msgId } = await conference.posts(conference.createMessage());
      const [fault] = posted.confirmation.faults;
      if (fault) stage.fail(`in the HTTP answer ${fault}`);
      const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId });
      if (answer.transId === posted.transId) stage.fail(`the answer has the TransID of the request, ${posted.transId}`);
    },
  ),
  documented("T4", typical, "the Confirmation has the TransID of the request", async (stage) => {
    const conference = stage.newConference();
    const posted = await stage.post([conference.createMessage()]);
    const { transId, result } = posted.confirmation;
    if (result === null) stage.fail(`there is no Confirmation: ${posted.confirmation.faults.join("; ")}`);
    if (transId !== posted.transId)
      stage.fail(`the Confirmation has TransID "${transId}", the request ${posted.transId}`);
  }),
  documented(
    "T11",
    target,
    "an answer goes to the WbxHostName of its request",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const callout = conference.calloutMessage(number, { WbxHostName: stage.webex.host(2) });
      const { msgId } = await conference.posts(callout);
      stage.check(await stage.receives("A2W_RspCallout", { MsgID: msgId }), { Result: "0" }, 2);
    },
    ["answer calls"],
  ),
  documented(
    "T12",
    target,
    "a notification goes to the server that created the conference, whatever host later requests name",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      await conference.posts(conference.calloutMessage(number, { WbxHostName: stage.webex.host(2) }));
      stage.check(await conference.receives("A2W_NotifyUserEnter"), {}, 1);
    },
    ["answer calls"],
  ),
  documented(
    "T11a",
    target,
    "the answer to an unknown message goes to the WbxHostName of its request",
    async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.asks("W2A_SomethingNew", { WbxHostName: stage.webex.host(2) });
      stage.check(await stage.receives("A2W_RspMessageError", { MsgID: msgId }), {}, 2);
    },
  ),
  documented(
    "T11b",
    target,
    "answers about a sub-conference go to the WbxHostName of their requests",
    async (stage) => {
      const conference = await stage.conference();
      for (const what of ["CreateSubConference", "CloseSubConference"]) {
        const WbxHostName = stage.webex.host(2);
        const { msgId } = await conference.asks(`W2A_${what}`, { SubConfID: "S1", WbxHostName });
        stage.check(await stage.receives(`A2W_Rsp${what}`, { MsgID: msgId }), {}, 2);
      }
    },
  ),
  documented(
    "T12a",
    target,
    "an update or a sub-conference by another server does not change to which server notifications go",
    async (stage) => {
      const conference = await stage.conference();
      const WbxHostName = stage.webex.host(2);
      const ActionCode = String(updateActions.speakersOff);
      await conference.asks("W2A_UpdateConference", { ActionCode, WbxHostName });
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
    ["dial in"],
  ),
  inferred(
    "T14",
    "a request without WbxHostName",
    "it is answered to the server that has the conference",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const { msgId } = await conference.posts(conference.calloutMessage(number, { WbxHostName: undefined }));
      stage.check(await stage.receives("A2W_RspCallout", { MsgID: msgId }), { Result: "0" }, 1);
    },
    ["answer calls"],
  ),
  documented("T20a", asynchronous, "a create without its ConfKey is not confirmed with 0", async (stage) => {
    const conference = stage.newConference();
    stage.refused(await stage.post([without(conference.createMessage(), "ConfKey")]), known);
  }),
  documented("T20b", asynchronous, "a message of any kind without its MsgID is not confirmed with 0", async (stage) => {
    const conference = stage.newConference();
    stage.refused(await stage.post([without(conference.createMessage(), "MsgID")]), known);
    const running = await stage.conference();
    const messages = [
      running.calloutMessage(["1", "408", "5550100"]),
      running.message("W2A_UpdateConference", { ActionCode: String(updateActions.speakersOff) }),
      ...subRequests(running),
      running.message("W2A_RspNotifyUserEnter", { ExtCallID: "99001" }),
      running.message("W2A_CSPClientPassthrough", { ExtCallID: "99001", Data: "eA==" }),
      running.message("W2A_CloseConference"),
    ];
    for (const message of messages) stage.refused(await stage.post([without(message, "MsgID")]), known);
  }),
  documented("T20l", asynchronous, "a create without its WbxHostName is not confirmed with 0", async (stage) => {
    const conference = stage.newConference();
    stage.refused(await stage.post([without(conference.createMessage(), "WbxHostName")]), known);
  }),
  documented("T20c", asynchronous, "a create without its ExtConfID is not confirmed with 0", async (stage) => {
    const conference = stage.newConference();
    stage.refused(await stage.post([without(conference.createMessage(), "ExtConfID")]), known);
  }),
  documented("T20d", asynchronous, "a call-out without a telephone number is not confirmed with 0", async (stage) => {
    const conference = await stage.conference();
    const callout = conference.calloutMessage(["1", "408", "5550100"]);
    stage.refused(await stage.post([{ ...callout, children: [] }]), known);
  }),
  documented(
    "T20e",
    asynchronous,
    "an update without its ActionCode or its ExtConfID is not confirmed with 0",
    async (stage) => {
      const conference = await stage.conference();
      stage.refused(await stage.post([conference.message("W2A_UpdateConference")]), known);
      const ActionCode = String(updateActions.speakersOff);
      const update = conference.message("W2A_UpdateConference", { ActionCode });
      stage.refused(await stage.post([without(update, "ExtConfID")]), known);
    },
  ),
  documented("T20f", asynchronous, "a text that is no XML is not confirmed with 0", async (stage) => {
    const { transId, text } = documentOf(stage);
    const posted = await stage.postText(text.replace(/<\/W2A_CreateConference>|\/>/, ">"), { transId });
    refusedSomehow(stage, posted, "it is no XML");
  }),
  documented(
    "T20g",
    asynchronous,
    "a call-out without its ExtConfID or its ExtCallID is not confirmed with 0",
    async (stage) => {
      const conference = await stage.conference();
      for (const name of ["ExtConfID", "ExtCallID"]) {
        const callout = conference.calloutMessage(["1", "408", "5550100"]);
        stage.refused(await stage.post([without(callout, name)]), known);
      }
    },
  ),
  documented(
    "T20h",
    asynchronous,
    "a close, or any request for a sub-conference, without its ExtConfID is not confirmed with 0",
    async (stage) => {
      const conference = await stage.conference();
      const requests = [conference.message("W2A_CloseConference"), ...subRequests(conference)];
      for (const request of requests) stage.refused(await stage.post([without(request, "ExtConfID")]), known);
    },
  ),
  documented(
    "T20i",
    asynchronous,
    "a call that is to be added to a sub-conference, or removed, without its ExtCallID is not confirmed with 0",
    async (stage) => {
      const conference = await stage.conference();
      for (const name of ["W2A_AddToSubConference", "W2A_RemoveFromSubConference"])
        stage.refused(await stage.post([conference.message(name, { SubConfID: "S1" })]), known);
    },
  ),
  documented("T20j", asynchronous, "a document without a TransID is not confirmed with 0", async (stage) => {
    const { text } = documentOf(stage);
    const posted = await stage.postText(text.replace(/<TransID>.*<\/TransID>/, ""), { transId: "" });
    refusedSomehow(stage, posted, "it has no TransID");
  }),
  documented("T20k", asynchronous, "a document with another root is not confirmed with 0", async (stage) => {
    const { transId, text } = documentOf(stage);
    const posted = await stage.postText(text.replaceAll("WbxTSPSchema", "SomethingElse"), { transId });
    refusedSomehow(stage, posted, "its root is SomethingElse");
  }),
  documented(
    "T21",
    transaction,
    "a wrong message before or behind a right one, or behind an unknown one: the document is not confirmed with 0",
    async (stage) => {
      const right = () => stage.newConference().createMessage();
      const wrong = () => without(right(), "ConfKey");
      stage.refused(await stage.post([right(), wrong()]), "its second message has no ConfKey");
      stage.refused(await stage.post([wrong(), right()]), "its first message has no ConfKey");
      const unknown = stage.newConference().message("W2A_SomethingNew");
      stage.refused(await stage.post([unknown, wrong()]), "its second message has no ConfKey");
    },
  ),
  inferred("T23", "a document that was refused", "none of its messages is carried out", async (stage) => {
    const [one, other] = [stage.newConference(), stage.newConference()];
    const posted = await stage.post([one.createMessage(), without(other.createMessage(), "ConfKey")]);
    stage.refused(posted, "its second message has no ConfKey");
    await stage.receivesNothingElse("the document was refused");
  }),
  documented("T24a", asynchronous, "a document with an unknown message is confirmed with 0", async (stage) => {
    const conference = await stage.conference();
    await conference.asks("W2A_SomethingNew", { Attribute: "1" });
  }),
  documented(
    "T24b",
    backward,
    "an unknown message is answered by A2W_RspMessageError with its MsgID and code -12",
    async (stage) => {
      const conference = await stage.conference();
      const { msgId } = await conference.asks("W2A_SomethingNew", { Attribute: "1" });
      stage.check(await stage.receives("A2W_RspMessageError", { MsgID: msgId }), { Result: "-12" }, 1);
    },
  ),
  documented("T24c", asynchronous, "a known message beside an unknown one is carried out", async (stage) => {
    const conference = stage.newConference();
    const create = conference.createMessage();
    const unknown = conference.message("W2A_SomethingNew");
    await stage.posts([unknown, create]);
    await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
    await stage.receives("A2W_RspMessageError", { MsgID: unknown.attributes.MsgID });
  }),
  documented("T24e", backward, "an unknown message that names no conference is answered, too", async (stage) => {
    const unknown = without(stage.newConference().message("W2A_SomethingNew"), "ExtConfID");
    await stage.posts([unknown]);
    await stage.receives("A2W_RspMessageError", { MsgID: unknown.attributes.MsgID });
  }),
  documented("T25", backward, "unknown attributes are ignored", async (stage) => {
    await stage.conference({ NewAttribute: "1", another: "two" });
  }),
  documented(
    "T25a",
    backward,
    "unknown attributes of a call-out are ignored",
    async (stage) => {
      const conference = await stage.conference();
      await conference.callOut({ NewAttribute: "1", another: "two" });
    },
    ["answer calls"],
  ),
  documented(
    "T25b",
    backward,
    "unknown attributes of any other request are ignored",
    async (stage) => {
      const more = { NewAttribute: "1", another: "two" };
      const conference = await stage.conference();
      stage.names = false;
      await conference.dialIn();
      const {
        attributes: { MsgID },
      } = await conference.receives("A2W_NotifyUserEnter");
      const extCallId = String(70_000 + stage.numbers.next());
      await conference.asks("W2A_RspNotifyUserEnter", { MsgID, ExtCallID: extCallId, ...more });
      const ActionCode = String(updateActions.speakersOff);
      await conference.asks("W2A_UpdateConference", { ActionCode, ...more });
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
    ["dial in"],
  ),
  documented("1.3f", most, "a document with 50 messages is carried out as a whole", async (stage) => {
    const conference = await stage.conference();
    const unknown = Array.from({ length: 48 }, () => conference.message("W2A_SomethingNew"));
    const create = stage.newConference().createMessage();
    const sub = conference.message("W2A_CreateSubConference", { SubConfID: "S1" });
    await stage.posts([create, ...unknown, sub]);
    await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
    for (const { attributes } of unknown) await stage.receives("A2W_RspMessageError", { MsgID: attributes.MsgID });
    await stage.receives("A2W_RspCreateSubConference", { MsgID: sub.attributes.MsgID, Result: "0" });
  }),
  inferred(
    "1.3g",
    `${most} (what follows from more is not said)`,
    "a document with 51 messages is not confirmed with 0",
    async (stage) => {
      const conference = await stage.conference();
      const messages = Array.from({ length: 51 }, () => conference.message("W2A_SomethingNew"));
      stage.refused(await stage.post(messages), "it has 51 messages");
    },
  ),
  documented("T38a", resending, "a repeated create is confirmed with 0 again, and answered once", async (stage) => {
    const conference = stage.newConference();
    const { posted, msgId } = await conference.posts(conference.createMessage());
    stage.confirmed(await stage.again(posted));
    await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    await nothingTwice(stage, msgId);
    stage.confirmed(await stage.again(posted));
    await nothingTwice(stage, msgId);
  }),
  documented(
    "T38b",
    resending,
    "a repeated call-out rings once",
    async (stage) => {
      const conference = await stage.conference();
      const number = await stage.people.number("answer");
      const { posted, msgId } = await conference.posts(conference.calloutMessage(number));
      await conference.receives("A2W_NotifyUserEnter");
      const call = await stage.people.called(number);
      stage.confirmed(await stage.again(posted));
      await stage.ports.sleep(stage.options.quietMs);
      await stage.people.notCalledAgain(number, call, "the call-out was only repeated");
      await nothingTwice(stage, msgId);
      const more = await stage.mayReceive("A2W_NotifyUserEnter");
      if (more) stage.fail("a second A2W_NotifyUserEnter came");
    },
    ["answer calls"],
  ),
  documented(
    "T38c",
    resending,
    "a repeat is told by its TransID: the same message with a new one is a request of its own",
    async (stage) => {
      const conference = await stage.conference();
      const update = (): Message => conference.message("W2A_SomethingNew");
      const [one, other] = [await conference.posts(update()), await conference.posts(update())];
      await stage.receives("A2W_RspMessageError", { MsgID: one.msgId });
      await stage.receives("A2W_RspMessageError", { MsgID: other.msgId });
    },
  ),
  documented(
    "T38d",
    resending,
    "a repeat that comes before the first is confirmed is not carried out either",
    async (stage) => {
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
  ),
  documented(
    "T38e",
    resending,
    "a repeat of any other request is confirmed with 0 again, and answered once",
    async (stage) => {
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
    ["dial in"],
  ),
  documented(
    "T38f",
    resending,
    `a repeat ${REPEAT_MS / 1000} s later is confirmed with 0 again, and answered once`,
    async (stage) => {
      const conference = await stage.conference();
      const unknown = await conference.asks("W2A_SomethingNew");
      await stage.receives("A2W_RspMessageError", { MsgID: unknown.msgId });
      const other = stage.newConference();
      const created = await other.posts(other.createMessage());
      await stage.receives("A2W_RspCreateConference", { MsgID: created.msgId, Result: "0" });
      await stage.ports.sleep(REPEAT_MS);
      for (const { posted, msgId } of [unknown, created]) {
        stage.confirmed(await stage.again(posted));
        await nothingTwice(stage, msgId);
      }
    },
  ),
  documented(
    "T38g",
    resending,
    "another document with a TransID that the same server has used for the same conference is confirmed, and not carried out",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callIn();
      const { posted, msgId } = await conference.asks("W2A_SomethingNew");
      await stage.receives("A2W_RspMessageError", { MsgID: msgId });
      const close = conference.message("W2A_CloseConference");
      const { transId } = posted;
      const text = writeDocument(transId, [close]);
      stage.confirmed(await stage.postText(text, { transId, messages: [close] }));
      await stage.receivesNothingElse("its TransID was used before");
      await stage.people.staysUp(call, "the TransID of the close was used before");
    },
    ["dial in"],
  ),
  inferred(
    "T39",
    "Confirmation of a repeat",
    "a document that was refused is refused again, with the same code",
    async (stage) => {
      const conference = stage.newConference();
      const posted = await stage.post([without(conference.createMessage(), "ConfKey")]);
      const first = stage.refused(posted, known);
      const second = stage.refused(await stage.again(posted), known);
      if (first !== second) stage.fail(`it was confirmed with ${first} first and with ${second} when repeated`);
    },
  ),
  documented(
    "T44a",
    resending,
    "each of several messages in a document is answered once, with its MsgID: of several kinds, and of several conferences",
    async (stage) => {
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
  ),
  inferred(
    "T30b",
    `${GUIDE}, examples with ids of three digits`,
    "ids that are shorter than 11 digits are accepted",
    async (stage) => {
      const conference = stage.newConference();
      const create = conference.createMessage();
      const short = `${stage.numbers.run.slice(-3)}${stage.numbers.next()}`;
      const message = { ...create, attributes: { ...create.attributes, MsgID: short } };
      const transId = `${short}7`;
      const posted = await stage.postText(writeDocument(transId, [message]), { transId, messages: [message] });
      stage.confirmed(posted);
      await stage.receives("A2W_RspCreateConference", { MsgID: short, Result: "0" });
    },
  ),
  documented(
    "5.21",
    `${GUIDE}, examples`,
    "line breaks between elements and attributes, and blanks before = and before the end of a tag, are accepted",
    async (stage) => {
      const { transId, text, message, conference } = documentOf(stage);
      const blanks = text
        .replaceAll("><", ">\n<")
        .replace("ConfKey=", "\nConfKey =")
        .replace("</W2A_CreateConference>", "</W2A_CreateConference >");
      stage.confirmed(await stage.postText(blanks, { transId, messages: [message] }));
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
  ),
  inferred(
    "T6",
    "XML declaration and encoding",
    "a document with an XML declaration, and with characters beyond ASCII in UTF-8, is accepted",
    async (stage) => {
      const conference = stage.newConference();
      const message = conference.createMessage({ ConfName: "Prüfung 試験" });
      const transId = stage.webex.ids(1).transId();
      const text = `<?xml version="1.0" encoding="UTF-8"?>\n${writeDocument(transId, [message])}`;
      stage.confirmed(await stage.postText(text, { transId, messages: [message] }));
      await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
  ),
  inferred(
    "T26",
    "case of names",
    "an attribute in another case is understood, or refused, but not lost",
    async (stage) => {
      const { transId, text, message, conference } = documentOf(stage);
      const posted = await stage.postText(text.replace("ConfKey=", "confkey="), { transId, messages: [message] });
      if (posted.confirmation.result === 0) await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
  ),
  inferred(
    "T7",
    "no document type is fetched",
    "a document with an external entity does not make the adapter fetch it",
    async (stage) => {
      const { transId, text, message } = documentOf(stage);
      const before = stage.webex.arrivals.length;
      const address = `http://${stage.webex.host(2)}/entity-${stage.numbers.next()}`;
      const entity = `<!DOCTYPE WbxTSPSchema [<!ENTITY stolen SYSTEM "${address}">]>`;
      const stolen = `${entity}${text.replace(/ConfKey="[^"]*"/, 'ConfKey="&stolen;"')}`;
      await stage.postText(stolen, { transId, messages: [message] });
      await stage.ports.sleep(stage.options.quietMs);
      const fetched = stage.webex.arrivals.slice(before).filter(({ url }) => address.endsWith(url));
      if (fetched.length > 0) stage.fail(`the adapter asked for ${address}`);
    },
  ),
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
