import { expect, test } from "vitest";
import type { ConfKey, ExtCallId, ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import { type FoundHandles, type Routed, route } from "../../src/routing/deliver.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";

const host = "tsp1.example.com:80" as WebexHost;
const handle = "7000001" as ExtConfId;
const key = "555111222" as ConfKey;
const msgId = "52491000001" as MsgId;
const extCallId = "9" as ExtCallId;
const nothing: Routed = { conferences: new Map(), unrouted: new Map(), notes: [] };

const found: FoundHandles = {
  byExtConfId: new Map([[handle, key]]),
  byMsgId: new Map([["52491000077" as MsgId, key]]),
};
const create = { type: "create-conference", msgId, replyTo: host, extConfId: handle, confKey: key } as FromWebex;
const drop = { type: "drop-caller", msgId, replyTo: host, extConfId: handle, extCallId } as FromWebex;
const strange = { ...drop, extConfId: "7999999" } as FromWebex;
const unknown = { type: "unknown", element: "W2A_Later", msgId, replyTo: host } as FromWebex;
const named = { type: "caller-named", msgId: "52491000077", extCallId } as FromWebex;

const toConference = (...messages: FromWebex[]): Routed => ({ ...nothing, conferences: new Map([[key, messages]]) });
const answered = (answer: ToWebex): Routed => ({ ...nothing, unrouted: new Map([[host, [answer]]]) });

test.each<[string, FromWebex, Routed]>([
  ["a create goes to the conference of its key", create, toConference(create)],
  [
    "a create under a handle that another conference holds is refused",
    { ...create, confKey: "555999999" } as FromWebex,
    answered({ type: "conference-created", msgId, result: "ext-conf-id-in-use" }),
  ],
  ["a message goes where its handle stands for", drop, toConference(drop)],
  [
    "an unknown handle is answered by the right type to the server that asked",
    strange,
    answered({ type: "caller-dropped", msgId, result: "no-such-conference" }),
  ],
  ["an answer without a handle is found by its MsgID", named, toConference(named)],
  [
    "an unknown message is answered to its server",
    unknown,
    answered({ type: "message-error", msgId, result: "unknown-message", text: "unknown msg received" }),
  ],
  [
    "an unknown message with a known handle is for the conference",
    { ...unknown, extConfId: handle } as FromWebex,
    toConference({ ...unknown, extConfId: handle } as FromWebex),
  ],
  [
    "an unknown message with an unknown handle is still an unknown message",
    { ...unknown, extConfId: "7999999" } as FromWebex,
    answered({ type: "message-error", msgId, result: "unknown-message", text: "unknown msg received" }),
  ],
  [
    "an answer to nothing that we know of is noted",
    { ...named, msgId: "52491000078" } as FromWebex,
    {
      ...nothing,
      notes: ["caller-named (MsgID 52491000078, ExtConfID none) is ignored: it belongs to no known conference"],
    },
  ],
  [
    "client data for an unknown handle has no answer, and is noted",
    { ...strange, type: "passthrough" } as FromWebex,
    {
      ...nothing,
      notes: [`passthrough (MsgID ${msgId}, ExtConfID 7999999) is ignored: it belongs to no known conference`],
    },
  ],
  [
    "without a host there is nobody to answer",
    { type: "drop-caller", msgId, extConfId: "7999999", extCallId } as FromWebex,
    {
      ...nothing,
      notes: [
        `drop-caller (MsgID ${msgId}, ExtConfID 7999999) cannot be answered (no-such-conference): no WbxHostName`,
      ],
    },
  ],
])("%s", (_rule, message, expected) => {
  expect(route([message], found)).toEqual(expected);
});

test("a document is split by conference and by server, each in its order", () => {
  const other = "7000002" as ExtConfId;
  const otherKey = "555333444" as ConfKey;
  const second = { ...drop, msgId: "2" } as FromWebex;
  const elsewhere = { ...drop, extConfId: other, msgId: "3" } as FromWebex;
  const third = { ...drop, msgId: "4" } as FromWebex;
  const lost = [5, 6].map((id) => ({ ...strange, msgId: `${id}` }) as FromWebex);

  const routed = route([drop, ...lost.slice(0, 1), elsewhere, second, third, ...lost.slice(1)], {
    ...found,
    byExtConfId: new Map([...found.byExtConfId, [other, otherKey]]),
  });

  expect([...routed.conferences]).toEqual([
    [key, [drop, second, third]],
    [otherKey, [elsewhere]],
  ]);
  expect([...routed.unrouted].map(([to, answers]) => [to, answers.map((answer) => answer.msgId)])).toEqual([
    [host, ["5", "6"]],
  ]);
});
