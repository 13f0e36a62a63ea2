import { describe, expect, test } from "vitest";
import type { ExtCallId, ExtConfId, MsgId, SubConfId, WebexHost } from "../../src/foundation/ids.ts";
import { type AdapterCodec, completeText, createCodec } from "../../src/tsp/codec.ts";
import type { ProtocolOverrides } from "../../src/tsp/protocol-table.ts";
import { costMs } from "../cost.ts";

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
  // Requests that came before the settings changed are answered by the new names.
  const spelling = { element: "W2A_UpdateCall", subConfId: "ExtSubConfID" };
  expect(
    completeText(
      codec.encode("6", [
        { type: "caller-updated", msgId: ids.msgId, result: "ok", spelling },
        { type: "sub-conference-closed", msgId: "2" as MsgId, result: "ok", subConfId: "s" as SubConfId, spelling },
      ]),
    ),
  ).toContain(
    '<A2W_RspChangeUser MsgID="1" Result="0"></A2W_RspChangeUser><A2W_RspCloseSubConference MsgID="2" Result="0" RoomID="s">',
  );
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

test("a document has the name that the domain wants, by whether an answer is in it (protocol section 5, row 9)", () => {
  const documentName = { request: "TSPDOM", response: "TSPDOM Response", confirmation: "TSPDOM Confirmation" };
  const named = createCodec({ documentName });
  const answer = { type: "conference-closed", msgId: ids.msgId, result: "ok" } as const;
  const notification = {
    type: "conference-changed",
    msgId: "2" as MsgId,
    extConfId: ids.extConfId,
    status: "ended",
  } as const;
  const nameOf = (text: string) => /Name="([^"]*)"/.exec(text)?.[1];

  expect(nameOf(completeText(named.encode("6", [notification])))).toBe("TSPDOM");
  expect(nameOf(completeText(named.encode("6", [notification, answer])))).toBe("TSPDOM Response");
  expect(nameOf(named.confirm("6", "ok"))).toBe("TSPDOM Confirmation");
  expect(
    nameOf(completeText(createCodec({ documentName: { response: "WTSPDOM Response" } }).encode("6", [notification]))),
  ).toBe("WTSPDOM");
});

test("a document is read under the names that the domain wants, and under the guide's", () => {
  const documentName = { request: "TSPDOM" };
  const read = (name: string) =>
    createCodec({ documentName }).decode(
      bytesOf(`<WbxTSPSchema Name="${name}"><TransID>5</TransID><W2A_New MsgID="1"/></WbxTSPSchema>`),
    ).ok;

  expect(["TSPDOM", "WTSPDOM", "WTSPDOM Response", "TSPDOM Response"].map(read)).toEqual([true, true, true, false]);
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

test("attributes that none of the guide's examples has can be left out (protocol 2.3.1)", () => {
  const write = (codec: AdapterCodec) =>
    completeText(
      codec.encode("6", [
        { type: "called-out", result: "ok", ...ids },
        { type: "caller-changed", ...ids, msgId: "2" as MsgId, status: "muted", attendeeId: "4" },
      ]),
    );

  expect(write(createCodec({ extra: false }))).toContain(
    '<A2W_RspCallout MsgID="1" Result="0"></A2W_RspCallout><A2W_NotifyUserChange MsgID="2" ExtConfID="7" ExtCallID="c" Status="1" AttendeeID="4">',
  );
  expect(write(createCodec({}))).toContain('<A2W_RspCallout MsgID="1" Result="0" ExtConfID="7" ExtCallID="c">');
});

describe("slips of the guide's examples, where the domain wants them read", () => {
  const document = (inside: string) => `<WbxTSPSchema Name="WTSPDOM"><TransID>5</TransID>${inside}</WbxTSPSchema>`;
  const good = '<W2A_DropUser MsgID="1" ExtConfID="7" ExtCallID="c"></W2A_DropUser>';
  const semicolon = "a semicolon at the end of a tag is ignored";
  const quotes = "typographic quotes around a value are read as straight ones";
  const { messages } = read(good, []) as { messages: unknown };

  function read(inside: string, repairs: ProtocolOverrides["repairs"] & object) {
    return createCodec({ repairs }).decode(bytesOf(document(inside)));
  }

  test.each([
    ["a semicolon (row 1)", "semicolon", good.replace('"c"', '"c";'), semicolon],
    [
      "a semicolon of an empty element",
      "semicolon",
      '<W2A_DropUser MsgID="1" ExtConfID="7" ExtCallID="c" ; />',
      semicolon,
    ],
    ["typographic quotes (row 3)", "quotes", good.replace('"7"', "\u201c7\u201d"), quotes],
    ["what is left of them (row 3)", "quotes", good.replace('"c"', "\u00e2\u20acc\u00e2\u20ac"), quotes],
    ["their three bytes as letters", "quotes", good.replace('"7"', "\u00e2\u20ac\u01537\u00e2\u20ac\u009d"), quotes],
  ] as const)("%s (protocol section 5, rows 1, 3)", (_, repair, slip, note) => {
    expect(read(slip, [repair])).toMatchObject({ ok: true, messages, notes: [note] });
    expect(read(slip, [])).toMatchObject({ ok: false, result: "not-xml" });
    expect(read(slip, [repair === "quotes" ? "semicolon" : "quotes"])).toMatchObject({ ok: false, result: "not-xml" });
  });

  test("nothing within a value is changed, and both may come in one document", () => {
    const data =
      "<W2A_CSPClientPassthrough MsgID='2' ExtConfID=\u201c7\u201d ExtCallID=\"c\" Data='x=\u201cy\u201d \";> ;' ;/>";

    expect(read(`${good.replace('"c"', '"c";')}${data}`, ["quotes", "semicolon"])).toMatchObject({
      messages: [{ type: "drop-caller" }, { extConfId: "7", data: 'x=\u201cy\u201d ";> ;' }],
      notes: [semicolon, quotes],
    });
  });

  test("what needs no repair is read as it is", () => {
    const odd = good.replace('"c"', '"=\u201cc\u201d;"');

    expect(read(odd, ["quotes", "semicolon"])).toMatchObject({
      messages: [{ extCallId: "=\u201cc\u201d;" }],
      notes: [],
    });
  });

  test("what is no XML after the repair either is refused for its first fault", () => {
    expect(read(`${good.replace('"c"', '"c";')}<a>`, ["semicolon"])).toEqual(
      read(`${good.replace('"c"', '"c";')}<a>`, []),
    );
  });

  test("a megabyte that no repair helps costs no more than ten times a harmless one", () => {
    const cost = (inside: string) => {
      const bytes = bytesOf(document(inside));
      const codec = createCodec({ repairs: ["quotes", "semicolon"] });
      return Math.min(...[1, 2, 3].map(() => costMs(() => codec.decode(bytes))));
    };
    const harmless = cost(good.replaceAll("W2A_DropUser", "a").repeat(20_000));
    const hostile = [
      "<a ",
      "<a b=\u201c",
      "<a b=\u201cc\u201d",
      "=\u00e2\u20ac",
      "=\u201cx",
      "<a;",
      "<a '",
      '"',
      " ",
      ";",
      "<",
    ].flatMap((piece) => {
      const open = `<b ${piece.repeat(Math.floor(1_000_000 / new TextEncoder().encode(piece).length))}`;
      return [cost(open), cost(`${open}>`)];
    });

    expect(hostile.filter((each) => each > 10 * harmless)).toEqual([]);
  });
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
