import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TransId } from "../../src/foundation/ids.ts";
import { type AdapterCodec, createCodec, type WebexCodec } from "../../src/tsp/codec.ts";
import { fromWebex, type MessageSpec, toWebex } from "../../src/tsp/messages.ts";
import { parseXml } from "../../src/tsp/xml.ts";
import { messageBy } from "./messages-by-table.ts";

const adapter = createCodec({});
const webex = createCodec({}, "webex");
const transId = "60310000007" as TransId;
const bytesOf = (text: string) => new TextEncoder().encode(text);

const ways = [
  { from: "WebEx", specs: fromWebex, writer: webex, reader: adapter },
  { from: "the adapter", specs: toWebex, writer: adapter, reader: webex },
];

for (const { from, specs, writer, reader } of ways) {
  describe(`from ${from}`, () => {
    for (const [type, spec] of Object.entries(specs)) {
      test(`${type} is read as it was written, whatever its values`, () => {
        fc.assert(
          fc.property(messageBy(type, spec), (message) => {
            const document = write(writer, [message]);

            expect(parseXml(bytesOf(document)).ok).toBe(true);
            expect(reader.decode(bytesOf(document))).toEqual({ ok: true, transId, messages: [message], notes: [] });
            expect(write(writer, [message])).toBe(document);
          }),
          { numRuns: 60 },
        );
      });
    }

    test("50 messages travel in one document, in order", () => {
      const messages = Array.from({ length: 50 }, (_, at) => sample(specs, at));

      const decoded = reader.decode(bytesOf(write(writer, messages)));

      expect(decoded).toEqual({ ok: true, transId, messages, notes: [] });
    });
  });
}

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

test("an answer echoes the spelling of its request, and no spelling that the tables do not have", () => {
  const echo = write(adapter, [
    {
      type: "sub-conference-closed",
      msgId: "1",
      result: "ok",
      subConfId: "s1",
      spelling: { subConfId: "ExtSubConfID" },
    },
    { type: "caller-updated", msgId: "2", result: "ok", spelling: { element: "W2A_UpdateCall", privilege: "Status" } },
    { type: "sub-conference-closed", msgId: "3", result: "ok", subConfId: "s2", spelling: { subConfId: 'x="' } },
  ]);

  expect(echo).toContain('<A2W_RspCloseSubConference MsgID="1" Result="0" ExtSubConfID="s1">');
  expect(echo).toContain('<A2W_RspUpdateCall MsgID="2" Result="0"></A2W_RspUpdateCall>');
  expect(echo).toContain('<A2W_RspCloseSubConference MsgID="3" Result="0" SubConfID="s2">');
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

/** Arbitrary messages have no static type; the tables they are made from are the ones that the types come from. */
function write(codec: AdapterCodec | WebexCodec, messages: readonly Record<string, unknown>[]): string {
  return codec.encode(transId, messages as never);
}

function sample(specs: Readonly<Record<string, MessageSpec>>, seed: number): Record<string, unknown> {
  const all = Object.entries(specs);
  const [type, spec] = all[seed % all.length] ?? (all[0] as [string, MessageSpec]);
  const [message] = fc.sample(messageBy(type, spec), { numRuns: 1, seed });
  return { ...message, msgId: String(seed) };
}
