import { expect, test } from "vitest";
import { WholeEdge } from "./whole-edge.ts";

const server = 'WbxHostName="127.0.0.1:8801"';
const phone =
  "<PhoneNum><CountryCode>1</CountryCode><AreaCode>408</AreaCode><LocalNumber>5550100</LocalNumber></PhoneNum>";
const create = (msgId: string, extConfId: string, confKey: string) =>
  `<W2A_CreateConference MsgID="${msgId}" ${server} ExtConfID="${extConfId}" ConfKey="${confKey}"/>`;
const callOut = (msgId: string, extConfId: string) =>
  `<W2A_Callout MsgID="${msgId}" ${server} ExtConfID="${extConfId}" ExtCallID="7" Privilege="0">${phone}</W2A_Callout>`;
const document = (transId: string, ...messages: readonly string[]) =>
  `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${messages.join("")}</WbxTSPSchema>`;

/** Each answer in these documents: its name, MsgID and result. */
function answersIn(posted: readonly string[]): string[] {
  return posted.flatMap((body) =>
    Array.from(body.matchAll(/<A2W_(Rsp\w+) MsgID="(\d+)" Result="(-?\d+)"/g), ([, ...answer]) => answer.join(" ")),
  );
}

/** The answers in each document that follows the guide's first example, and what else is in it. */
async function answersToFirstExample(settings: object, other = "7001"): Promise<string[][]> {
  const edge = new WholeEdge(settings);
  edge.picksUp = true;
  await edge.post(document("1", create("11", "7001", "555")));
  await edge.goOn();
  edge.posted.length = 0;
  const example = document("2", callOut("21", other), create("22", "7002", "666"));
  expect(await edge.post(example)).toEqual({ status: 200, confirmed: 0 });
  // A repeat changes nothing.
  expect(await edge.post(example)).toEqual({ status: 200, confirmed: 0 });
  await edge.goOn();
  await edge.goOn();
  expect(edge.broken).toEqual([]);
  return edge.posted
    .map((body) => Array.from(body.matchAll(/<(A2W_Rsp\w+) MsgID="(\d+)"/g), ([, name, id]) => `${name} ${id}`).sort())
    .filter(({ length }) => length > 0);
}

test("a call-out and a create for two conferences are answered in one transaction (protocol T45)", async () => {
  expect(await answersToFirstExample({})).toEqual([["A2W_RspCallout 21", "A2W_RspCreateConference 22"]]);
});

test.each([3, 50])(
  "%s creates in one document are answered in one transaction, and the status of each conference comes behind (protocol T45)",
  async (count) => {
    const edge = new WholeEdge();
    const creates = Array.from({ length: count }, (_, index) =>
      create(`${100 + index}`, `${7000 + index}`, `${500 + index}`),
    );
    await edge.post(document("1", ...creates));
    await edge.goOn();

    expect(answersIn(edge.posted.slice(0, 1)).sort()).toEqual(
      creates.map((_, index) => `RspCreateConference ${100 + index} 0`),
    );
    expect(answersIn(edge.posted.slice(1))).toEqual([]);
    expect(edge.posted.slice(1).filter((body) => body.includes('Status="0"'))).toHaveLength(count);
    expect(edge.broken).toEqual([]);
  },
);

test("answers to two servers in one document take one transaction each (protocol T11, T45)", async () => {
  const edge = new WholeEdge();
  const creates = [11, 12, 13, 14].map((id) =>
    create(`${id}`, `${7000 + id}`, `${500 + id}`).replace("8801", id % 2 === 0 ? "8802" : "8801"),
  );
  await edge.post(document("1", ...creates));
  await edge.goOn();

  expect(edge.posted.map((body) => answersIn([body]).join()).filter((answers) => answers !== "")).toEqual([
    "RspCreateConference 11 0,RspCreateConference 13 0",
    "RspCreateConference 12 0,RspCreateConference 14 0",
  ]);
});

test("three sub-conferences in one document are answered in one transaction (protocol T45)", async () => {
  const edge = new WholeEdge();
  await edge.post(document("1", create("11", "7001", "555")));
  await edge.goOn();
  edge.posted.length = 0;
  const room = (id: string) => `<W2A_CreateSubConference MsgID="${id}" ${server} ExtConfID="7001" SubConfID="s${id}"/>`;
  await edge.post(document("2", room("21"), room("22"), room("23")));
  await edge.goOn();

  expect(edge.posted.map((body) => answersIn([body]).length).filter((count) => count > 0)).toEqual([3]);
});

test("each conference answers alone if `webex.gatherMs` is 0", async () => {
  const answers = await answersToFirstExample({ webex: { gatherMs: 0 } });

  expect(answers.sort()).toEqual([["A2W_RspCallout 21"], ["A2W_RspCreateConference 22"]]);
});

test("an answer of no conference is posted with those of conferences", async () => {
  expect(await answersToFirstExample({}, "7999")).toEqual([["A2W_RspCallout 21", "A2W_RspCreateConference 22"]]);
});

test.each([0, 300])(
  "code 11 that was given up is told once more, where `webex.gatherMs` is %s (protocol F5)",
  async (gatherMs) => {
    const edge = new WholeEdge({ webex: { gatherMs } });
    const from = (port: number, message: string) => message.replace("8801", String(port));
    await edge.post(document("1", create("11", "7001", "555")));
    await edge.goOn();
    edge.listens = false;
    await edge.endByTelephone("555");
    await edge.time.pass(10_000);
    // Nothing was heard of the end: the first create of the key is answered 11, and that is lost as well.
    const both = [create("21", "7002", "555"), create("22", "7003", "666")].map((message) => from(8802, message));
    await edge.post(document("2", ...both));
    await edge.goOn();
    await edge.time.pass(10_000);
    edge.listens = true;
    edge.posted.length = 0;

    await edge.post(document("3", from(8803, create("31", "7004", "555"))));
    await edge.goOn();

    // Who asked first gets what it is owed in one attempt more. The other conference runs, and its server is probed.
    expect(answersIn(edge.posted).filter((answer) => answer !== "RspCreateConference 22 0")).toEqual([
      "RspCreateConference 21 11",
      "RspCreateConference 31 11",
    ]);
    expect(edge.broken.filter((line) => !line.startsWith("probe-failed"))).toEqual([]);
  },
);
