import { expect, test } from "vitest";
import { WholeEdge } from "./whole-edge.ts";

const server = 'WbxHostName="127.0.0.1:8801"';
const document = (transId: string, message: string) =>
  `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${message}</WbxTSPSchema>`;

/** The answers to the requests, after a create, from the adapter's URL to its posts. */
async function answersTo(settings: object, ...requests: readonly string[]): Promise<string[]> {
  const edge = new WholeEdge(settings);
  await edge.post(document("1", `<W2A_CreateConference MsgID="1" ${server} ExtConfID="7001" ConfKey="555"/>`));
  await edge.goOn();
  edge.posted.length = 0;
  for (const [index, request] of requests.entries()) {
    const message = `<${request} MsgID="${index + 2}" ${server} ExtConfID="7001"/>`;
    expect(await edge.post(document(`${index + 2}`, message))).toEqual({ status: 200, confirmed: 0 });
    await edge.goOn();
  }
  expect(edge.broken).toEqual([]);
  return edge.posted.flatMap((body) => body.match(/<A2W_Rsp\w+[^>]*>/g) ?? []);
}

test("requests and answers have the shapes of the domain, from the adapter's URL to its posts (protocol 2.2.2, 2.2.7)", async () => {
  const shapes = { lock: "W2A_LockConference", expel: "W2A_UpdateUser ActionCode=7" };
  const answers = await answersTo(
    { protocol: { shapes } },
    "W2A_LockConference",
    'W2A_UpdateUser ExtCallID="1" ActionCode="7"',
    'W2A_UpdateConference ActionCode="1"',
    'W2A_DropUser ExtCallID="1"',
  );

  expect(answers).toEqual([
    '<A2W_RspLockConference MsgID="2" Result="0" ExtConfID="7001">',
    expect.stringMatching(/^<A2W_RspUpdateUser MsgID="3" Result="0" ExtConfID="7001" ExtCallID="1" ActionCode="7">$/),
    '<A2W_RspUpdateConference MsgID="4" Result="14" ExtConfID="7001" ActionCode="1">',
    expect.stringMatching(/^<A2W_RspMessageError MsgID="5" Result="-12"/),
  ]);
});
