import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wrongNumber } from "../../src/foundation/dial-rules.ts";
import { createCodec } from "../../src/tsp/codec.ts";

const codec = createCodec({});
const good = '<W2A_DropUser MsgID="1" ExtConfID="7001234" ExtCallID="c-9"/>';

function read(body: string, transId = "<TransID>60310000007</TransID>") {
  const text = `<WbxTSPSchema Name="WTSPDOM" Version="1.0">${transId}${body}</WbxTSPSchema>`;
  return codec.decode(new TextEncoder().encode(text));
}

function verdict(body: string, transId?: string): string {
  const decoded = read(body, transId);
  return decoded.ok ? "ok" : decoded.result;
}

function callOut(phone: string): string {
  return `<W2A_Callout MsgID="1" ExtConfID="7" ExtCallID="c" Privilege="0">${phone}</W2A_Callout>`;
}

function create(attributes: string, host = 'WbxHostName="tsp1.example.com:80"'): string {
  return `<W2A_CreateConference MsgID="1" ExtConfID="7" ConfKey="8" ${host} ${attributes}/>`;
}

describe("a document is refused as a whole (protocol T20, T21)", () => {
  test.each([
    ["no TransID", "", "trans-id-missing"],
    ["an empty one", "<TransID> \n </TransID>", "trans-id-missing"],
    ["one of 33 characters", `<TransID>${"1".repeat(33)}</TransID>`, "trans-id-malformed"],
    ["one with a blank inside", "<TransID>12 34</TransID>", "trans-id-malformed"],
    ["two of them", "<TransID>1</TransID><TransID>2</TransID>", "trans-id-malformed"],
  ])("for its TransID: %s", (_, transId, result) => {
    expect(verdict(good, transId)).toBe(result);
  });

  test.each([
    ["none", "", "no-message"],
    ["51 messages", good.repeat(51), "too-many-messages"],
    ["51 unknown messages", "<New/>".repeat(51), "too-many-messages"],
  ])("for the number of its messages: %s", (_, body, result) => {
    expect(verdict(body)).toBe(result);
  });

  test.each([
    ["no MsgID", '<W2A_DropUser ExtConfID="7" ExtCallID="c"/>', "msg-id-missing"],
    ["an empty MsgID", '<W2A_DropUser MsgID=" " ExtConfID="7" ExtCallID="c"/>', "msg-id-missing"],
    ["a MsgID with a sign", '<W2A_DropUser MsgID="1+1" ExtConfID="7" ExtCallID="c"/>', "wrong-type"],
    ["a long MsgID", `<W2A_DropUser MsgID="${"1".repeat(33)}" ExtConfID="7" ExtCallID="c"/>`, "too-long"],
    ["a MsgID that stands twice", good + good, "duplicate-msg-id"],
    ["a required attribute missing", '<W2A_DropUser MsgID="1" ExtConfID="7"/>', "attribute-missing"],
    ["a required attribute empty", '<W2A_DropUser MsgID="1" ExtConfID="" ExtCallID="c"/>', "attribute-missing"],
    ["a required call named null", '<W2A_DropUser MsgID="1" ExtConfID="7" ExtCallID="null"/>', "attribute-missing"],
    ["a create without a host to answer to", create("", ""), "attribute-missing"],
    ["a create with an empty one", create("", 'WbxHostName=""'), "attribute-missing"],
    ["a create without a key, which it says", create("").replace('"8"', '"null"'), "attribute-missing"],
    [
      "action 6 without its call",
      '<W2A_UpdateConference MsgID="1" ExtConfID="7" ActionCode="6"/>',
      "attribute-missing",
    ],
    ["a name for a call without the name", '<W2A_RspNotifyUserEnter MsgID="1"/>', "attribute-missing"],
    ["an empty name for a call", '<W2A_RspNotifyUserEnter MsgID="1" ExtCallID=""/>', "attribute-missing"],
    ["a call named null", '<W2A_RspNotifyUserEnter MsgID="1" ExtCallID="null" Result="0"/>', "attribute-missing"],
    ["an id with %", '<W2A_DropUser MsgID="1" ExtConfID="7" ExtCallID="c%d"/>', "wrong-type"],
    ["an id with a blank at its end", '<W2A_DropUser MsgID="1" ExtConfID="7 " ExtCallID="c"/>', "wrong-type"],
    ["a long id", `<W2A_DropUser MsgID="1" ExtConfID="${"7".repeat(65)}" ExtCallID="c"/>`, "too-long"],
    ["a word for a code", '<W2A_UpdateConference MsgID="1" ExtConfID="7" ActionCode="lock"/>', "wrong-type"],
    ["a code with a fraction", '<W2A_UpdateConference MsgID="1" ExtConfID="7" ActionCode="1.0"/>', "wrong-type"],
    ["a boolean that is none", '<W2A_CloseConference MsgID="1" ExtConfID="7" KeepAlive="yes"/>', "wrong-type"],
    ["less than no room", create('MaxNumAttendee="-1"'), "wrong-type"],
    ["a number past what can be counted", create('MaxNumAttendee="99999999999999999999"'), "wrong-type"],
    ["an AnonymousID that is too long", create(`AnonymousID="${"1".repeat(65)}"`), "too-long"],
    ["a host with a user", create("", 'WbxHostName="me@tsp1.example.com:80"'), "wrong-type"],
    ["a long host", create("", `WbxHostName="${"h".repeat(256)}"`), "too-long"],
    ["a token of more bytes than 128", create(`HybridSDKToken="${"é".repeat(65)}"`), "too-long"],
    ["connect data of more characters than 1,024", create(`HybridConnectData="${"é".repeat(1025)}"`), "too-long"],
    ["no number to call", callOut(""), "attribute-missing"],
    ["a number as an attribute", callOut("").replace("Privilege", 'PhoneNum="1408" Privilege'), "attribute-missing"],
    ["two numbers to call", callOut("<PhoneNum/>".repeat(2)), "wrong-type"],
    ["no country", callOut("<PhoneNum><LocalNumber>5</LocalNumber></PhoneNum>"), "attribute-missing"],
    [
      "two local numbers",
      callOut(
        "<PhoneNum><CountryCode>1</CountryCode><LocalNumber>5</LocalNumber><LocalNumber>6</LocalNumber></PhoneNum>",
      ),
      "wrong-type",
    ],
    [
      "a number of signs alone",
      callOut("<PhoneNum><CountryCode>+</CountryCode><LocalNumber>5</LocalNumber></PhoneNum>"),
      "attribute-missing",
    ],
  ])("for %s", (_, body, result) => {
    expect(verdict(body)).toBe(result);
  });

  test("for a root of another name, or with another Name", () => {
    const read = (root: string) =>
      codec.decode(new TextEncoder().encode(`<${root}><TransID>5</TransID>${good}</${root.split(" ")[0]}>`));

    expect(read("WbxSchema")).toMatchObject({ ok: false, transId: "5", result: "wrong-root" });
    expect(read('WbxTSPSchema Name="OTHER"')).toMatchObject({ ok: false, transId: "5", result: "wrong-root" });
    expect(read('WbxTSPSchema Name=""')).toMatchObject({ ok: true });
  });

  test("by its first fault in document order, together with its messages in order (protocol T22)", () => {
    const long = `<W2A_DropUser MsgID="2" ExtConfID="${"7".repeat(65)}" ExtCallID="c"/>`;
    const missing = '<W2A_DropUser MsgID="3" ExtConfID="7"/>';

    expect(verdict(good + long + missing)).toBe("too-long");
    expect(verdict(good + missing + long)).toBe("attribute-missing");
  });

  test("in words that name message, attribute and value", () => {
    expect(read('<W2A_UpdateConference MsgID="1" ExtConfID="7" ActionCode="lock"/>')).toMatchObject({
      detail: 'W2A_UpdateConference: ActionCode is "lock", must be a whole number',
    });
    expect(read("\n<a></b>")).toMatchObject({ detail: "line 2, column 7: unexpected close tag." });
  });
});

describe("a document is not refused", () => {
  test.each([
    ["ids of full length", `<W2A_DropUser MsgID="${"m".repeat(32)}" ExtConfID="${"7".repeat(64)}" ExtCallID="c"/>`],
    ["a token of 128 bytes", create(`HybridSDKToken="${"é".repeat(64)}"`)],
    ["connect data of 1,024 characters in 4,096 bytes", create(`HybridConnectData="${"😀".repeat(1024)}"`)],
    ["empty optional attributes", create('MaxNumAttendee="" AnonymousID=" " HybridSDKEnabled=""')],
    ["an empty host, where the conference has one", good.replace("/>", ' WbxHostName=""/>')],
    ["a full URL as host", create("", 'WbxHostName="https://tsp1.example.com:8443/post"')],
    ["a host with blanks around it", create("", 'WbxHostName=" tsp1.example.com:80 "')],
    ["a full URL as host, in capitals", create("", 'WbxHostName="HTTP://TSP1.EXAMPLE.COM/"')],
    ["an unknown message beside the same MsgID", `${good}<W2A_New MsgID="1"/>`],
    ["50 messages", Array.from({ length: 50 }, (_, at) => good.replace('"1"', `"${at}"`)).join("")],
  ])("for %s", (_, body) => {
    expect(verdict(body)).toBe("ok");
  });
});

describe("what nobody can dial refuses no document: that call-out is answered (protocol T27)", () => {
  const phoneOf = (parts: string) => {
    const decoded = read(callOut(`<PhoneNum>${parts}</PhoneNum>`));
    const [message] = decoded.ok ? decoded.messages : [];
    return message?.type === "call-out" ? message.phone : decoded;
  };

  test.each([
    ["letters", "<LocalNumber>555x</LocalNumber>", { local: "555x" }],
    ["keys to press", "<LocalNumber>555,,1#</LocalNumber>", { local: "555,,1#" }],
    ["a + within the number", "<LocalNumber>+5</LocalNumber>", { local: "+5" }],
    ["letters in the area", "<AreaCode>x</AreaCode><LocalNumber>5</LocalNumber>", { area: "x", local: "5" }],
    ["a long number", `<LocalNumber>${"5".repeat(99)}</LocalNumber>`, { local: "5".repeat(64) }],
    [
      "a long extension",
      `<LocalNumber>5</LocalNumber><Extension>${"1".repeat(99)}</Extension>`,
      { local: "5", extension: "1".repeat(64) },
    ],
    [
      "half a letter at its cut",
      `<LocalNumber>${"5".repeat(63)}😀</LocalNumber>`,
      { local: `${"5".repeat(63)}\ufffd` },
    ],
  ])("%s", (_, parts, expected) => {
    const number = { country: "1", area: "", extension: "", ...expected };

    expect(phoneOf(`<CountryCode>1</CountryCode>${parts}`)).toEqual(number);
    expect(wrongNumber(number)).not.toBeNull();
  });
});

test("an unknown message of a long name is known by its first 64 characters", () => {
  expect(read(`<${"N".repeat(1000)}/>`)).toMatchObject({ messages: [{ type: "unknown", element: "N".repeat(64) }] });
});

describe("a refused sender gets its TransID back", () => {
  test.each([
    ["that is malformed", "<TransID>12 34</TransID>", "12 34"],
    ["from text that is no XML", "<TransID> 77 </TransID><broken", "77"],
    ["in small letters from text that is no XML", "<transid>77</transid><broken", "77"],
    ["or nothing", "<TransID>77<broken", ""],
  ])("%s", (_, transId, expected) => {
    expect(read("", transId)).toMatchObject({ ok: false, transId: expected });
  });

  test("cut to 256 characters", () => {
    expect(read(good, `<TransID>${"9".repeat(1000)}</TransID>`)).toMatchObject({ transId: "9".repeat(256) });
  });
});

test("any bytes, and any mutation of a good document, get a verdict and the same one twice (protocol T39)", () => {
  const document = new TextEncoder().encode(
    `<?xml version="1.0"?><WbxTSPSchema Name="WTSPDOM"><TransID>1</TransID>${callOut("<PhoneNum><CountryCode>1</CountryCode><LocalNumber>5</LocalNumber></PhoneNum>")}<![CDATA[x]]><!-- c --></WbxTSPSchema>`,
  );
  const edit = fc.record({
    at: fc.nat(document.length),
    remove: fc.nat(20),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc
        .constantFrom("<", "</", "&", "&#x0;", "<!DOCTYPE", "]]>", "\ud800", '"', "--", "<?xml?>", "\0")
        .map((text) => new TextEncoder().encode(text)),
    ),
  });
  const mutated = fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) =>
      edits.reduce<Uint8Array>(
        (bytes, { at, remove, insert }) =>
          Uint8Array.of(...bytes.subarray(0, at), ...insert, ...bytes.subarray(at + remove)),
        document,
      ),
    );
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      const decoded = codec.decode(bytes);

      expect(decoded.ok || decoded.detail.length > 0).toBe(true);
      expect(codec.decode(bytes)).toEqual(decoded);
    }),
    { numRuns: 3000 },
  );
});
