import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/tsp/codec.ts";

const codec = createCodec({});
const document = (name: string) =>
  `<WbxTSPSchema><TransID>5</TransID><W2A_CreateConference MsgID="1" WbxHostName="tsp1:80" ExtConfID="7" ConfKey="8" ConfName="${name}"/></WbxTSPSchema>`;
const declared = (encoding: string, name: string) => `<?xml version="1.0" encoding="${encoding}"?>${document(name)}`;
const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const utf16 = (text: string) => new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
const iso2022 = (encoding: string) => latin1(declared(encoding, "\u001b$BF|\u001b(B"));

function read(bytes: Uint8Array, contentType?: string) {
  const decoded = codec.decode(bytes, contentType);
  if (!decoded.ok) return decoded.result;
  const [message] = decoded.messages;
  return message?.type === "create-conference" ? message.conferenceName : message?.type;
}

describe("the characters of a document (protocol T6)", () => {
  test.each([
    ["undeclared Latin-1 by the header", latin1(document("Fête")), "text/xml; charset=ISO-8859-1", "Fête"],
    ["a charset in quotes", latin1(document("Fête")), 'application/xml;Charset="iso-8859-1"', "Fête"],
    [
      "a declaration before the header",
      latin1(declared("windows-1252", "Fête \x80")),
      "text/xml; charset=utf-8",
      "Fête €",
    ],
    ["valid UTF-8 before the declaration", utf8(declared("ISO-8859-1", "Fête")), undefined, "Fête"],
    ["valid UTF-8 before the header", utf8(document("Fête")), "text/xml; charset=ISO-8859-1", "Fête"],
    ["valid UTF-8 that calls itself UTF_8", utf8(declared("UTF_8", "Fête")), undefined, "Fête"],
    ["valid UTF-8 in an encoding that nobody knows", utf8(declared("x-none", "Fête")), undefined, "Fête"],
    ["zero bytes before everything", utf16(declared("ISO-2022-JP", "Fête")), "text/xml; charset=utf-8", "Fête"],
    ["zero bytes behind a blank line", utf16(`\n${declared("UTF-8", "Fête")}`), undefined, "Fête"],
    ["a declared ISO-2022 before valid UTF-8", iso2022("ISO-2022-JP"), undefined, "日"],
    ["a declaration behind blank lines", latin1(`\r\n\r\n${declared("ISO-8859-1", "Fête")}`), undefined, "Fête"],
    ["no UTF-8, and no other name", latin1(document("Fête")), "text/xml", "not-xml"],
    ["no UTF-8, which is what UTF_8 means", latin1(declared("UTF_8", "Fête")), "text/xml; charset=latin1", "not-xml"],
    ["no UTF-8, in an encoding that nobody knows", latin1(document("Fête")), "text/xml; charset=x-none", "not-xml"],
  ])("reads %s", (_, bytes, contentType, name) => {
    expect(read(bytes, contentType)).toBe(name);
  });

  test.each(["\n", "\r\n\t ", "\ufeff\n"])("skips %j before the declaration, with a note", (blanks) => {
    expect(codec.decode(utf8(blanks + declared("UTF-8", "Fête")))).toMatchObject({
      messages: [{ conferenceName: "Fête" }],
      notes: ["white space before the XML declaration is skipped"],
    });
    expect(codec.decode(utf8(`${blanks}${document("Fête")}`))).toMatchObject({ ok: true, notes: [] });
  });

  test("finds the TransID of a document that it refuses", () => {
    expect(codec.decode(latin1(`${document("Fête")}<`), "text/xml; charset=ISO-8859-1")).toMatchObject({
      transId: "5",
    });
  });
});
