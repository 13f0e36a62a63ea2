import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/tsp/codec.ts";

const codec = createCodec({});
const read = (text: string) => codec.readConfirmation(new TextEncoder().encode(text));

test("a confirmation carries the TransID and the number of the verdict", () => {
  expect(codec.confirm("60310000007", "ok")).toBe(
    '<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>60310000007</TransID><Confirmation Result="0"></Confirmation></WbxTSPSchema>',
  );
  expect(codec.confirm("", "not-xml")).toContain('<TransID></TransID><Confirmation Result="-2">');
});

test("a TransID that is no TransID is given back without harm", () => {
  expect(codec.confirm("<a>&\0\ud800", "trans-id-malformed")).toContain(
    "<TransID>&lt;a&gt;&amp;\ufffd\ufffd</TransID>",
  );
});

describe("the peer's confirmation", () => {
  test("is read as we write it", () => {
    expect(read(codec.confirm("60310000007", "duplicate-msg-id"))).toEqual({
      ok: true,
      value: { transId: "60310000007", result: -13 },
    });
  });

  test.each([
    [
      "with blanks, declaration and another order",
      '<?xml version="1.0"?>\n<WbxTSPSchema>\n <Confirmation Result=" -7 "/> <TransID> 5 </TransID>\n</WbxTSPSchema>\n',
      { transId: "5", result: -7 },
    ],
    [
      "in letters of the other case",
      '<wbxtspschema><transid>5</transid><confirmation result="0"/></wbxtspschema>',
      { transId: "5", result: 0 },
    ],
    ["without a TransID", '<WbxTSPSchema><Confirmation Result="0"/></WbxTSPSchema>', { transId: "", result: 0 }],
  ])("is read %s", (_, text, value) => {
    expect(read(text)).toEqual({ ok: true, value });
  });

  test.each([
    ["a page", "<html><body>Bad gateway</body></html>", "the root element is html, not WbxTSPSchema"],
    ["nothing", "", "the answer is empty"],
    ["no confirmation", "<WbxTSPSchema><TransID>5</TransID></WbxTSPSchema>", "there is no Confirmation"],
    [
      "no result",
      "<WbxTSPSchema><Confirmation/></WbxTSPSchema>",
      'the Confirmation\'s Result is "", must be a whole number',
    ],
    [
      "a word",
      '<WbxTSPSchema><Confirmation Result="ok"/></WbxTSPSchema>',
      'the Confirmation\'s Result is "ok", must be a whole number',
    ],
  ])("is refused where it is %s", (_, text, error) => {
    expect(read(text)).toEqual({ ok: false, error });
  });
});

describe("the encoding of the peer's confirmation", () => {
  const text = '<WbxTSPSchema><TransID>5</TransID><Confirmation Result="0" Note="é"/></WbxTSPSchema>';
  const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>${text}`;
  const utf16 = (from: string) => new Uint8Array(Uint16Array.from(from, (letter) => letter.charCodeAt(0)).buffer);
  const latin1 = (from: string) => Uint8Array.from(from, (letter) => letter.charCodeAt(0));

  test.each([
    ["UTF-8 that calls itself UTF-16", new TextEncoder().encode(declared("utf-16"))],
    [
      "UTF-8 with a byte order mark that calls itself Latin-1",
      new TextEncoder().encode(`\ufeff${declared("iso-8859-1")}`),
    ],
    ["UTF-16 with a byte order mark", utf16(`\ufeff${text}`)],
    ["UTF-16 without one", utf16(declared("UTF-16"))],
    ["Latin-1", latin1(declared("ISO-8859-1"))],
    ["Windows-1252", latin1(declared("windows-1252"))],
    ["UTF-8 that calls itself UTF_8", new TextEncoder().encode(declared("UTF_8"))],
  ])("is known: %s", (_, bytes) => {
    expect(codec.readConfirmation(bytes)).toEqual({ ok: true, value: { transId: "5", result: 0 } });
  });

  test.each([
    ["bytes that are no UTF-8", latin1(text), "the bytes are no utf-8 text"],
    ["an encoding that does not exist", latin1(declared("x-none")), 'the encoding "x-none" is not known'],
    ["UTF-7, which hides markup", latin1(declared("utf-7")), 'the encoding "utf-7" is not known'],
    ["half a character of UTF-16", utf16(`\ufeff${text}`).subarray(0, -1), "the bytes are no utf-16le text"],
  ])("is refused, and never guessed: %s", (_, bytes, reason) => {
    expect(codec.readConfirmation(bytes)).toEqual({ ok: false, error: `no XML: line 1, column 0: ${reason}` });
  });
});

test("skips and notes white space before the declaration (protocol T6)", () => {
  const notes: string[] = [];
  const text = `\r\n\n<?xml version="1.0" encoding="UTF-8"?>\r\n${codec.confirm("5", "ok")}`;

  expect(codec.readConfirmation(new TextEncoder().encode(text), notes)).toMatchObject({ value: { transId: "5" } });
  expect(notes).toEqual(["white space before the XML declaration is skipped"]);
});

test("a confirmation of more than 64 KiB is refused unread", () => {
  const sized = (bytes: number) => `${'<WbxTSPSchema><Confirmation Result="0"/>'.padEnd(bytes - 15)}</WbxTSPSchema>`;

  expect(read(sized(65_536)).ok).toBe(true);
  expect(read(sized(65_537))).toEqual({ ok: false, error: "65537 bytes, a Confirmation has at most 65536" });
});
