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
    ["nothing", "", "no XML: line 1, column 0: document must contain a root element."],
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
