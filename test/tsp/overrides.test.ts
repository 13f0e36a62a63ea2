import { describe, expect, test } from "vitest";
import type { ExtCallId, ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import { type AdapterCodec, completeText, createCodec } from "../../src/tsp/codec.ts";
import { fromWebex, type MessageSpec } from "../../src/tsp/messages.ts";
import { overridesFault } from "../../src/tsp/overrides-fault.ts";
import { defaultCodes, type ProtocolOverrides } from "../../src/tsp/protocol-table.ts";

const overrides: ProtocolOverrides = {
  elements: { W2A_DropUser: "W2A_Expel", A2W_RspDropUser: "A2W_RspExpel" },
  attributes: { ExtCallID: "CallRef" },
  codes: { result: { "no-such-call": 205, "attribute-missing": -70 }, updateAction: { lock: 21 } },
  silent: ["A2W_RspUpdateConference"],
};
const adapter = createCodec(overrides);
const webex = createCodec(overrides, "webex");
const bytesOf = (text: string) => new TextEncoder().encode(text);
const ids = { msgId: "1" as MsgId, extConfId: "7" as ExtConfId, extCallId: "c" as ExtCallId };

test("names and numbers of a domain replace the defaults both ways", () => {
  const request = completeText(
    webex.encode("5", [
      { type: "drop-caller", ...ids },
      { type: "update-conference", ...ids, msgId: "2" as MsgId, action: "lock" },
    ]),
  );
  expect(request).toContain('<W2A_Expel MsgID="1" ExtConfID="7" CallRef="c"></W2A_Expel>');
  expect(request).toContain('ActionCode="21"');
  expect(adapter.decode(bytesOf(request))).toMatchObject({
    ok: true,
    messages: [{ type: "drop-caller" }, { type: "update-conference", action: "lock" }],
  });

  const answer = completeText(
    adapter.encode("6", [{ type: "caller-dropped", msgId: ids.msgId, result: "no-such-call" }]),
  );
  expect(answer).toContain('<A2W_RspExpel MsgID="1" Result="205"></A2W_RspExpel>');
  expect(webex.decode(bytesOf(answer))).toMatchObject({
    messages: [{ type: "caller-dropped", result: "no-such-call" }],
  });
  expect(adapter.confirm("5", "attribute-missing")).toContain('Result="-70"');
});

test("a replaced name or number no longer means what it did", () => {
  const old =
    '<WbxTSPSchema><TransID>5</TransID><W2A_DropUser MsgID="1"/><W2A_UpdateConference MsgID="2" ExtConfID="7" ActionCode="1"/></WbxTSPSchema>';

  expect(adapter.decode(bytesOf(old))).toMatchObject({
    messages: [{ type: "unknown", element: "W2A_DropUser", msgId: "1" }, { action: 1 }],
  });
});

test("what a domain has renamed is known by no other name, and answered under its own", () => {
  const codec = createCodec({
    elements: { W2A_UpdateUser: "W2A_ChangeUser", A2W_RspUpdateUser: "A2W_RspChangeUser" },
    attributes: { SubConfID: "RoomID" },
  });
  const read = (message: string) =>
    codec.decode(bytesOf(`<WbxTSPSchema><TransID>5</TransID>${message}</WbxTSPSchema>`));
  const update = 'MsgID="1" ExtConfID="7" ExtCallID="c" Privilege="1"/>';

  expect(read(`<W2A_ChangeUser ${update}`)).toMatchObject({ messages: [{ type: "update-caller" }] });
  expect(read(`<W2A_UpdateCall ${update}`)).toMatchObject({
    messages: [{ type: "unknown", element: "W2A_UpdateCall" }],
  });
  expect(read('<W2A_CloseSubConference MsgID="1" ExtConfID="7" ExtSubConfID="s"/>')).toEqual({
    ok: true,
    transId: "5",
    messages: [{ type: "close-sub-conference", msgId: "1", extConfId: "7" }],
    notes: [
      "W2A_CloseSubConference has none of RoomID; it has MsgID, ExtConfID, ExtSubConfID. protocol.attributes can rename SubConfID",
    ],
  });
  expect(completeText(codec.encode("6", [{ type: "caller-updated", msgId: ids.msgId, result: "ok" }]))).toContain(
    '<A2W_RspChangeUser MsgID="1" Result="0">',
  );
});

test("a name that a domain gives away is no longer another attribute's second spelling", () => {
  const codec = createCodec({ attributes: { ExtCallID: "SubConferenceID" } });
  const text =
    '<WbxTSPSchema><TransID>5</TransID><W2A_AddToSubConference MsgID="1" ExtConfID="7" SubConferenceID="c" ExtSubConfID="s"/></WbxTSPSchema>';

  expect(codec.decode(bytesOf(text))).toMatchObject({
    messages: [{ extCallId: "c", subConfId: "s" }],
  });
});

test("a silent answer is not sent, all others are (protocol section 5, row 16)", () => {
  expect(adapter.sends({ type: "conference-updated", msgId: ids.msgId, result: "ok" })).toBe(false);
  expect(adapter.sends({ type: "conference-closed", msgId: ids.msgId, result: "ok" })).toBe(true);
  expect(createCodec({}).sends({ type: "conference-updated", msgId: ids.msgId, result: "ok" })).toBe(true);
});

test.each([
  ["http://tsp1.example.com", "tsp1.example.com:80"],
  ["https://tsp1.example.com", "tsp1.example.com:443"],
  ["http://[::1]:8443", "[::1]:8443"],
])("a message to %s names it as %s where the domain wants that (protocol 2.3)", (server, named) => {
  const message = { type: "conference-closed", msgId: ids.msgId, result: "ok" } as const;
  const write = (codec: AdapterCodec) => completeText(codec.encode("6", [message], server as WebexHost));

  expect(write(createCodec({ hostName: true }))).toContain(
    `<A2W_RspCloseConference MsgID="1" Result="0" WbxHostName="${named}">`,
  );
  expect(write(createCodec({ hostName: true, attributes: { WbxHostName: "Server" } }))).toContain(
    ` Server="${named}">`,
  );
  expect(write(createCodec({}))).not.toContain("WbxHostName");
});

describe("overrides that cannot be meant are refused when the codec is made", () => {
  test.each([
    [{ elements: { W2A_Nothing: "X" } }, 'protocol.elements must not have "W2A_Nothing": it is no default name'],
    [{ attributes: { extconfid: "X" } }, 'protocol.attributes must not have "extconfid": it is no default name'],
    [{ silent: ["A2W_Nothing"] }, 'protocol.silent must not have "A2W_Nothing": it is no default name'],
    [{ elements: { W2A_DropUser: "W2A_Callout" } }, 'must not name two things "W2A_Callout"'],
    [{ elements: { W2A_DropUser: "TransID" } }, 'must not name two things "TransID"'],
    [{ attributes: { ExtCallID: "ExtConfID" } }, 'must not name two things "ExtConfID"'],
    [{ codes: { updateAction: { lock: 3 } } }, 'must not give "lock" and "mute-all" of updateAction one number, 3'],
  ] satisfies [ProtocolOverrides, string][])("%j", (wrong, message) => {
    expect(() => createCodec(wrong)).toThrow(message);
  });

  test("two codes may change places", () => {
    expect(() => createCodec({ codes: { updateAction: { lock: 3, "mute-all": 1 } } })).not.toThrow();
  });
});

describe("shared numbers of codes (protocol section 3)", () => {
  const codes = { result: { busy: 40, "no-answer": 40, rejected: 40 }, callerStatus: { muted: 0 } };

  test("reads a shared number as its first code", () => {
    const [adapter, webex] = [createCodec({ codes }), createCodec({ codes }, "webex")];
    const answer = { type: "called-out", msgId: ids.msgId } as const;
    const text = completeText(adapter.encode("6", [{ ...answer, result: "no-answer" }]));

    expect(text).toContain('Result="40"');
    expect(webex.decode(bytesOf(text))).toMatchObject({ messages: [{ ...answer, result: "busy" }] });
  });

  test.each([
    [{ privilege: { listen: 0 } }, 'must not give "speak" and "listen" of privilege one number, 0'],
    [{ joinMode: { main: 0 } }, 'must not give "private-talk" and "main" of joinMode one number, 0'],
    [{ result: { busy: 0 } }, 'must not give "ok" and "busy" of result one number, 0'],
  ] satisfies [ProtocolOverrides["codes"], string][])(
    "refuses a shared number of codes that are read: %j",
    (wrong, message) => {
      expect(() => createCodec({ codes: wrong })).toThrow(message);
    },
  );

  test("checks the codes of fields in requests", () => {
    const read = new Set(
      Object.values<MessageSpec>(fromWebex).flatMap(({ fields }) =>
        Object.values(fields).flatMap(({ kind }) =>
          kind.kind === "code" && kind.asks === undefined ? [kind.codes] : [],
        ),
      ),
    );
    const checked = Object.entries<Readonly<Record<string, number>>>(defaultCodes).filter(([list, words]) => {
      const [one = "", other = ""] = Object.keys(words);
      if (other === "" || list === "result") return false;
      return overridesFault({ codes: { [list]: { [other]: words[one] } } }) !== null;
    });
    expect(checked.map(([list]) => list).sort()).toEqual([...read].sort());
    expect([...read].sort()).toEqual(["joinMode", "participantType", "privilege", "updateAction"]);
  });
});
