import { documented, documentedAlone, GUIDE, HYBRID } from "./clause.ts";

const asynchronous = `${GUIDE}, Logically Asynchronized Message Exchanges`;

/** Delay of each act of the bridge; longer than posting the requests that follow a create. */
const CREATE_MS = 1_000;

export const createClauses = [
  ...documented(asynchronous, {
    "4.1a: a create is answered by A2W_RspCreateConference with its MsgID and Result 0": async (stage) => {
      const conference = stage.newConference();
      const { posted, answer } = await conference.posts(conference.createMessage());
      const answered = await answer();
      stage.check(answered, { Result: "0" }, 1);
      if (answered.transId === posted.transId) stage.fail("the answer has the TransID of the request, not a new one");
    },
  }),
  ...documentedAlone(asynchronous, {
    "4.1f: requests during a pending create are answered once, and carried out if the answer is 0": async (stage) => {
      await stage.slowBridge(CREATE_MS, async () => {
        const conference = stage.newConference();
        const number = await stage.people.number("answer");
        const create = await conference.posts(conference.createMessage());
        const callout = await conference.posts(conference.calloutMessage(number));
        const sub = await conference.asks("W2A_CreateSubConference", { SubConfID: "S1" });
        const unknown = await conference.asks("W2A_SomethingNew");
        await create.answer({ Result: "0" });
        const [called, created] = [await callout.answer(), await sub.answer()];
        await unknown.answer();
        if (created.attributes.Result === "0") await conference.receives("A2W_NotifySubConferenceChange");
        if (called.attributes.Result === "0") {
          await conference.receives("A2W_NotifyUserEnter");
          await stage.people.notCalledAgain(number, await stage.people.called(number), "the call-out was posted once");
        }
        const twice = ["A2W_RspCallout", "A2W_RspCreateSubConference", "A2W_RspMessageError", "A2W_NotifyUserEnter"];
        await stage.receivesNo([...twice, "A2W_NotifySubConferenceChange"], "it came before");
      });
    },
  }),
  ...documented(`${GUIDE}, TSP Server Failover`, {
    "4.1b: a new conference starts with A2W_NotifyConferenceChange Status 0, after the answer": async (stage) => {
      const conference = stage.newConference();
      const asked = await conference.posts(conference.createMessage());
      const started = await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
      stage.inOrder(await asked.answer(), started);
      stage.check(started, {}, 1);
      await stage.receivesNo("A2W_RspCreateConference", "a create has one answer");
    },
  }),
  ...documented(`${HYBRID}, W2A_CreateConference`, {
    "2.2.1a: callers who enter the same conference key are in one conference": async (stage) => {
      const [, one, other] = await stage.conferenceOf(2);
      await stage.people.hears(one.call, other.call, "both entered the same conference key");
    },
    "2.2.1e: callers who enter different conference keys do not hear each other": async (stage) => {
      const [one, other] = [await (await stage.conference()).callIn(), await (await stage.conference()).callIn()];
      await stage.people.doesNotHear(one.call, other.call, "they entered different conference keys");
      await stage.people.doesNotHear(other.call, one.call, "they entered different conference keys");
    },
    "2.2.1b: hybrid audio attributes of a create are accepted": async (stage) => {
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
  }),
];
