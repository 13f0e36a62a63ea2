import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ExtCallId, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import { type AdapterCodec, completeText, createCodec, type WebexCodec } from "../../src/tsp/codec.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";
import { parseXml } from "../../src/tsp/xml.ts";

const adapter = createCodec({});
const webex = createCodec({}, "webex");
const transId = "60310000007";
const bytesOf = (text: string) => new TextEncoder().encode(text);

test("a document of none or of 51 messages is never written", () => {
  const message = { type: "conference-closed", msgId: "1", result: "ok" };

  expect(() => write(adapter, [])).toThrow("1 to 50 messages, not 0");
  expect(() => write(adapter, Array(51).fill(message))).toThrow("1 to 50 messages, not 51");
});

test("a message is written as the guide's examples are: one root, TransID first, ids as attributes, end tags (protocol section 5, row 21)", () => {
  const text = write(adapter, [
    { type: "called-out", msgId: "52491000123", result: "busy" },
    {
      type: "caller-entered",
      msgId: "52491000124",
      extConfId: "7001234",
      attendeeId: "444",
      participantType: "participant",
    },
    {
      type: "speaking-changed",
      msgId: "52491000125",
      extConfId: "7001234",
      extCallIds: ["1", "2"],
      speaking: [true, false],
    },
  ]);

  expect(text).toBe(
    '<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>60310000007</TransID>' +
      '<A2W_RspCallout MsgID="52491000123" Result="6"></A2W_RspCallout>' +
      '<A2W_NotifyUserEnter MsgID="52491000124" ExtConfID="7001234" ExtCallID="null" AttendeeID="444" ParticipantType="2"></A2W_NotifyUserEnter>' +
      '<A2W_NotifySpeakingStatus MsgID="52491000125" ExtConfID="7001234" ExtCallIDs="1%2" SpeakingFlags="Y%N"></A2W_NotifySpeakingStatus>' +
      "</WbxTSPSchema>",
  );
});

test("hybrid flags are written as words and KeepAlive as a digit", () => {
  expect(write(adapter, [{ type: "conference-created", msgId: "1", result: "ok", adhocInstall: false }])).toContain(
    'AdhocInstall="False"',
  );
  expect(write(webex, [{ type: "close-conference", msgId: "1", extConfId: "7", keepAlive: true }])).toContain(
    'KeepAlive="1"',
  );
});

test("text from outside never makes a document that cannot be read", () => {
  const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(anyText, (text) => {
      const document = write(adapter, [{ type: "message-error", msgId: "1", result: "unknown-message", text }]);
      const tree = parseXml(bytesOf(document));

      const read = tree.ok && tree.value.children[1]?.attributes.find(({ name }) => name === "ErrMsg")?.value;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML does not allow.
      const expected = text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd");
      expect(read ?? "").toBe(expected);
    }),
    { numRuns: 500 },
  );
});

describe("a message that cannot be written", () => {
  const extConfId = "7001234" as ExtConfId;
  const closed = (msgId: string): ToWebex => ({ type: "conference-closed", msgId: msgId as MsgId, result: "ok" });
  const passthrough = (data: string, extCallId = "c-9"): ToWebex => ({
    type: "client-passthrough",
    msgId: "2" as MsgId,
    extConfId,
    extCallId: extCallId as ExtCallId,
    data,
  });

  const noXml = "A2W_CSPClientPassthrough: Data has a character that XML does not have";
  test.each([
    ["a control character", passthrough("a\u0001b"), noXml],
    ["NUL", passthrough("\0"), noXml],
    ["U+FFFF", passthrough("\uffff"), noXml],
    ["a lone high surrogate", passthrough("\ud83d"), noXml],
    ["a lone low surrogate", passthrough("\ude00\ud83d"), noXml],
    ["an id with a control character", passthrough("", "c\u0007"), noXml.replace("Data", "ExtCallID")],
    ["an id that is too long", passthrough("", "c".repeat(65)), noXml.replace(/Data.*/, "ExtCallID is longer than 64")],
    [
      "an id that says that there is none",
      passthrough("", "null"),
      noXml.replace(/Data.*/, "ExtCallID is missing or empty"),
    ],
    ["data of too many bytes", passthrough("é".repeat(513)), noXml.replace(/Data.*/, "Data is longer than 1024")],
    [
      "a MsgID that an earlier message has",
      closed("1"),
      "conference-closed: its MsgID stands in an earlier message too",
    ],
    [
      "a code that nobody knows",
      { ...closed("2"), result: "constructor" },
      /^A2W_RspCloseConference: Result is "constructor"/,
    ],
    ["a code that is no code", { ...closed("2"), result: Object }, /^A2W_RspCloseConference: Result is undefined/],
    ["a number without value", { ...closed("2"), result: Number.NaN }, /^A2W_RspCloseConference: Result is null/],
    [
      "a type that nobody knows",
      { ...closed("2"), type: "__proto__" },
      'no message "__proto__" is sent in this direction',
    ],
  ])("for %s is named, and those beside it are written", (_, bad, why) => {
    const { text, unwritable } = adapter.encode(transId, [closed("1"), bad as ToWebex, closed("3")]);

    expect(unwritable).toEqual([{ message: bad, why: typeof why === "string" ? why : expect.stringMatching(why) }]);
    expect(unwritable[0]?.message).toBe(bad);
    expect(text).toBe(completeText(adapter.encode(transId, [closed("1"), closed("3")])));
  });

  test("and is alone makes no document", () => {
    const bad = passthrough("\0");

    expect(adapter.encode(transId, [bad])).toEqual({
      text: null,
      unwritable: [{ message: bad, why: noXml }],
      notes: [],
    });
    expect(() => completeText(adapter.encode(transId, [bad]))).toThrow(noXml);
    expect(() => completeText(adapter.encode(transId, [closed("1"), bad]))).toThrow(noXml);
  });

  test("is none where the text only describes: an entry is reported even if the caller's number is garbled", () => {
    const entered: ToWebex = {
      type: "caller-entered",
      msgId: "1" as MsgId,
      extConfId,
      attendeeId: "\ud800",
      did: "+1\u0000408",
    };

    expect(completeText(adapter.encode(transId, [entered]))).toContain('AttendeeID="\ufffd" DID="+1\ufffd408"');
  });
});

test("a text about people that is too long is left out if a part of it would be another one, else cut, and noted", () => {
  const longest = {
    type: "caller-entered",
    msgId: "1",
    extConfId: "7",
    attendeeId: "😀".repeat(64),
    did: "4".repeat(64),
  };
  const longer = { ...longest, msgId: "2", attendeeId: "4".repeat(65), did: "4".repeat(1_000) };
  const error = { type: "message-error", msgId: "3", result: "unknown-message", text: "é".repeat(513) };
  const { text, notes } = adapter.encode(transId, [longest, longer, error] as never);

  expect(webex.decode(bytesOf(text ?? ""))).toMatchObject({
    messages: [longest, { type: "caller-entered", msgId: "2", extConfId: "7" }, { ...error, text: "é".repeat(512) }],
  });
  expect(text).toContain('<A2W_NotifyUserEnter MsgID="2" ExtConfID="7" ExtCallID="null"></A2W_NotifyUserEnter>');
  expect(notes).toEqual([
    "A2W_NotifyUserEnter: AttendeeID is longer than 64 and was left out",
    "A2W_NotifyUserEnter: DID is longer than 64 and was left out",
    "A2W_RspMessageError: ErrMsg is longer than 512 and was cut",
  ]);
});

test("characters of every plane, tabs and line ends are written as they are", () => {
  const data = "\t\r\n é€\u0085\u2028\ufffd\u{1f600}\u{10ffff}";
  const text = completeText(
    adapter.encode(transId, [
      {
        type: "client-passthrough",
        msgId: "1" as MsgId,
        extConfId: "7" as ExtConfId,
        extCallId: "c" as ExtCallId,
        data,
      },
    ]),
  );

  expect(webex.decode(bytesOf(text))).toMatchObject({ messages: [{ data }] });
});

test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("%s is an id like any other", (id) => {
  const ids = { msgId: id as MsgId, extConfId: id as ExtConfId, extCallId: id as ExtCallId };
  const request = completeText(webex.encode(id, [{ type: "drop-caller", ...ids }]));
  const answer = completeText(adapter.encode(id, [{ type: "caller-dropped", msgId: ids.msgId, result: "ok" }]));

  expect(adapter.decode(bytesOf(request))).toMatchObject({ transId: id, messages: [{ type: "drop-caller", ...ids }] });
  expect(webex.decode(bytesOf(answer))).toMatchObject({
    transId: id,
    messages: [{ type: "caller-dropped", msgId: id }],
  });
  expect(adapter.readConfirmation(bytesOf(adapter.confirm(id, "ok")))).toMatchObject({ value: { transId: id } });
});

/** Arbitrary messages have no static type; the tables they are made from are the ones that the types come from. */
function write(codec: AdapterCodec | WebexCodec, messages: readonly Record<string, unknown>[]): string {
  return completeText(codec.encode(transId, messages as never));
}
