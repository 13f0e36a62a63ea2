import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TransId } from "../../src/foundation/ids.ts";
import { type AdapterCodec, completeText, createCodec, type WebexCodec } from "../../src/tsp/codec.ts";
import { fromWebex, type MessageSpec, toWebex } from "../../src/tsp/messages.ts";
import { parseXml } from "../../src/tsp/xml.ts";
import { anyTextFor, messageBy } from "./messages-by-table.ts";

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

    test("no document is refused for what stands in its messages: it is repaired, or that one message is left out", () => {
      const fine: Record<string, unknown> = { ...sample(specs, 0), msgId: "fine" };
      const any = fc.oneof(...Object.entries(specs).map(([type, spec]) => messageBy(type, spec, anyTextFor)));
      fc.assert(
        fc.property(fc.array(any, { minLength: 1, maxLength: 3 }), (messages) => {
          const { text, unwritable } = writer.encode(transId, [fine, ...messages] as never);
          const read = reader.decode(bytesOf(text ?? ""));

          const given = unwritable.map(({ message }): unknown => message);
          const kept = [fine, ...messages].filter((message) => !given.includes(message));
          expect(read).toMatchObject({ ok: true, messages: kept.map(({ type }) => ({ type })) });
        }),
        { numRuns: 600 },
      );
    });

    test("50 messages travel in one document, in order", () => {
      const messages = Array.from({ length: 50 }, (_, at) => sample(specs, at));

      const decoded = reader.decode(bytesOf(write(writer, messages)));

      expect(decoded).toEqual({ ok: true, transId, messages, notes: [] });
    });
  });
}

/** Arbitrary messages have no static type; the tables they are made from are the ones that the types come from. */
function write(codec: AdapterCodec | WebexCodec, messages: readonly Record<string, unknown>[]): string {
  return completeText(codec.encode(transId, messages as never));
}

function sample(specs: Readonly<Record<string, MessageSpec>>, seed: number): Record<string, unknown> {
  const all = Object.entries(specs);
  const [type, spec] = all[seed % all.length] ?? (all[0] as [string, MessageSpec]);
  const [message] = fc.sample(messageBy(type, spec), { numRuns: 1, seed });
  return { ...message, msgId: String(seed) };
}
