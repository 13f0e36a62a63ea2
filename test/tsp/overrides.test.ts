import { describe, expect, test } from "vitest";
import type { ExtCallId, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import { completeText, createCodec } from "../../src/tsp/codec.ts";
import type { ProtocolOverrides } from "../../src/tsp/protocol-table.ts";

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

test("a name that a domain gives away is no longer another attribute's second spelling", () => {
  const codec = createCodec({ attributes: { ExtCallID: "SubConferenceID" } });
  const text =
    '<WbxTSPSchema><TransID>5</TransID><W2A_AddToSubConference MsgID="1" ExtConfID="7" SubConferenceID="c" ExtSubConfID="s"/></WbxTSPSchema>';

  expect(codec.decode(bytesOf(text))).toMatchObject({
    messages: [{ extCallId: "c", subConfId: "s", spelling: { subConfId: "ExtSubConfID" } }],
  });
});

test("a silent answer is not sent, all others are (protocol section 5, row 16)", () => {
  expect(adapter.sends({ type: "conference-updated", msgId: ids.msgId, result: "ok" })).toBe(false);
  expect(adapter.sends({ type: "conference-closed", msgId: ids.msgId, result: "ok" })).toBe(true);
  expect(createCodec({}).sends({ type: "conference-updated", msgId: ids.msgId, result: "ok" })).toBe(true);
});

describe("overrides that cannot be meant are refused when the codec is made", () => {
  test.each([
    [{ elements: { W2A_Nothing: "X" } }, 'must not have "W2A_Nothing" in elements: it is no default name'],
    [{ attributes: { extconfid: "X" } }, 'must not have "extconfid" in attributes: it is no default name'],
    [{ silent: ["A2W_Nothing"] }, 'must not have "A2W_Nothing" in silent: it is no default name'],
    [{ elements: { W2A_DropUser: "W2A_Callout" } }, 'must not name two things "W2A_Callout"'],
    [{ elements: { W2A_DropUser: "TransID" } }, 'must not name two things "TransID"'],
    [{ attributes: { ExtCallID: "ExtConfID" } }, 'must not name two things "ExtConfID"'],
    [
      { codes: { updateAction: { lock: 3 } } },
      'must not give "lock" and "mute-all" of codes.updateAction one number, 3',
    ],
  ] satisfies [ProtocolOverrides, string][])("%j", (wrong, message) => {
    expect(() => createCodec(wrong)).toThrow(message);
  });

  test("two codes may change places", () => {
    expect(() => createCodec({ codes: { updateAction: { lock: 3, "mute-all": 1 } } })).not.toThrow();
  });
});
