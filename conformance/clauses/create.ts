import { alone, documented, GUIDE, HYBRID, inferred } from "./clause.ts";

const async_ = `${GUIDE}, Logically Asynchronized Message Exchanges`;

/** Longer than an adapter needs to take the requests that follow a create. */
const CREATE_MS = 1_000;

export const createClauses = [
  documented(
    "4.1a",
    async_,
    "a create is answered by A2W_RspCreateConference with its MsgID and Result 0",
    async (stage) => {
      const conference = stage.newConference();
      const { msgId, posted } = await conference.posts(conference.createMessage());
      const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId });
      stage.check(answer, { Result: "0" }, 1);
      if (answer.transId === posted.transId)
        stage.fail("the answer has the TransID of the request, and needs a new one");
    },
  ),
  documented(
    "4.1b",
    `${GUIDE}, TSP Server Failover`,
    "a new conference starts with A2W_NotifyConferenceChange Status 0, after the answer",
    async (stage) => {
      const conference = stage.newConference();
      const { msgId } = await conference.posts(conference.createMessage());
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId });
      stage.inOrder(answer, started);
      stage.check(started, {}, 1);
      await stage.receivesNo(["A2W_RspCreateConference"], "a create has one answer");
    },
  ),
  documented(
    "4.1c",
    `${GUIDE}, HTTP Transaction and API Messages`,
    "a call-out and a create of another conference in one document, with the attributes of the guide's example, are carried out both",
    async (stage) => {
      const running = await stage.conference();
      const next = stage.newConference();
      const number = await stage.people.number("answer");
      const attributes = { ExtCallID: "123", ParticipantType: undefined, JoinMode: undefined };
      const callout = running.calloutMessage(number, attributes);
      const create = next.createMessage();
      await stage.posts([callout, create]);
      await stage.receives("A2W_RspCallout", { MsgID: callout.attributes.MsgID, Result: "0" });
      await stage.receives("A2W_RspCreateConference", { MsgID: create.attributes.MsgID, Result: "0" });
      await running.receives("A2W_NotifyUserEnter", { ExtCallID: "123" });
      await next.receives("A2W_NotifyConferenceChange", { Status: "0" });
    },
    ["answer calls"],
  ),
  documented(
    "2.2.1a",
    `${HYBRID}, W2A_CreateConference`,
    "callers who key the same conference key are in one conference",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const other = await conference.callIn();
      await stage.people.hears(one.call, other.call, "both keyed the same conference key");
    },
    ["dial in", "hear"],
  ),
  documented(
    "2.2.1e",
    `${HYBRID}, W2A_CreateConference`,
    "callers who key different conference keys do not hear each other",
    async (stage) => {
      const [one, other] = [await (await stage.conference()).callIn(), await (await stage.conference()).callIn()];
      await stage.people.doesNotHear(one.call, other.call, "they keyed different conference keys");
      await stage.people.doesNotHear(other.call, one.call, "they keyed different conference keys");
    },
    ["dial in", "hear"],
  ),
  documented(
    "2.2.1b",
    `${HYBRID}, W2A_CreateConference`,
    "the attributes of hybrid audio are accepted in a create",
    async (stage) => {
      const hybrid = {
        HybridSDKEnabled: "True",
        HybridSDKToken: "dG9rZW4",
        AdhocInstall: "False",
        SeamlessSwitchEnabled: "True",
        HybridClientURL: "https://client.example/?a=1&b=2",
        HybridConnectData: "a|b",
        AppDetection: "app",
      };
      await stage.conference(hybrid);
    },
  ),
  inferred(
    "2.2.1c",
    "idempotence of a create",
    "the same conference created again is answered with 0, and nobody is lost",
    async (stage) => {
      const conference = await stage.conference();
      const one = await conference.callIn();
      const { msgId } = await conference.posts(conference.createMessage());
      await stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "0" });
      const other = await conference.callIn();
      await stage.people.hears(one.call, other.call, "it is still one conference");
    },
    ["dial in", "hear"],
  ),
  inferred(
    "2.2.1i",
    "a conference without callers",
    "a conference that its last caller has left goes on, or is told as ended",
    async (stage) => {
      const conference = await stage.conference();
      const { call } = await conference.callIn();
      await stage.people.hangUp(call);
      if (!(await stage.mayReceive("A2W_NotifyConferenceChange", { Status: "3" }))) await conference.callIn();
    },
    ["dial in"],
  ),
  documented(
    "4.1f",
    async_,
    "requests that come while a create is pending are each answered once, and carried out once where the answer is 0",
    async (stage) => {
      await stage.people.faults({ delayMs: CREATE_MS });
      try {
        const conference = stage.newConference();
        const number = await stage.people.number("answer");
        const create = await conference.posts(conference.createMessage());
        const callout = await conference.posts(conference.calloutMessage(number));
        const sub = await conference.asks("W2A_CreateSubConference", { SubConfID: "S1" });
        const unknown = await conference.asks("W2A_SomethingNew");
        await stage.receives("A2W_RspCreateConference", { MsgID: create.msgId, Result: "0" });
        const called = await stage.receives("A2W_RspCallout", { MsgID: callout.msgId });
        const created = await stage.receives("A2W_RspCreateSubConference", { MsgID: sub.msgId });
        await stage.receives("A2W_RspMessageError", { MsgID: unknown.msgId });
        if (created.attributes.Result === "0") await conference.receives("A2W_NotifySubConferenceChange");
        if (called.attributes.Result === "0") {
          await conference.receives("A2W_NotifyUserEnter");
          await stage.people.notCalledAgain(number, await stage.people.called(number), "it was to be called once");
        }
        const twice = ["A2W_RspCallout", "A2W_RspCreateSubConference", "A2W_RspMessageError", "A2W_NotifyUserEnter"];
        await stage.receivesNo([...twice, "A2W_NotifySubConferenceChange"], "it came before");
      } finally {
        await stage.people.faults({});
      }
    },
    ["answer calls", "slow down or refuse the bridge's work"],
  ),
  inferred(
    "4.1d",
    "a negative outcome in the answer",
    "a create that the bridge refuses is answered with another Result than 0, and nothing starts",
    async (stage) => {
      const conference = stage.newConference();
      await stage.people.faults({ refuse: ["create-conference"] });
      try {
        const { msgId } = await conference.posts(conference.createMessage());
        const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId });
        if (answer.attributes.Result === "0") stage.fail("the answer has Result 0, though the bridge refused");
        await stage.receivesNothingElse("there is no conference");
      } finally {
        await stage.people.faults({});
      }
    },
    ["slow down or refuse the bridge's work"],
  ),
].map((clause) => (["4.1d", "4.1f"].includes(clause.id) ? alone(clause) : clause));
