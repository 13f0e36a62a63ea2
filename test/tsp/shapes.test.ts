import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ExtCallId, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import { completeText, createCodec } from "../../src/tsp/codec.ts";
import { answerTypes, type FromWebexMessages, fromWebex, type MessageSpec } from "../../src/tsp/messages.ts";
import { overridesFault } from "../../src/tsp/overrides-fault.ts";
import { defaultCodes, type ProtocolOverrides } from "../../src/tsp/protocol-table.ts";
import { shapeForm, type UnconfirmedRequest, unconfirmedRequests } from "../../src/tsp/shapes.ts";
import { messageBy } from "./messages-by-table.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const documentOf = (message: string) => bytesOf(`<WbxTSPSchema><TransID>5</TransID>${message}</WbxTSPSchema>`);
const ids = { msgId: "1" as MsgId, extConfId: "7" as ExtConfId, extCallId: "c" as ExtCallId };
const requests = Object.entries<UnconfirmedRequest>(unconfirmedRequests);
/** Of what W2A_UpdateConference can ask, the guide has these. */
const guideActions = ["add-to-main", "report-speakers", "stop-reporting-speakers"];

test("every request that nobody has confirmed, and no other, can have a shape of its own (protocol 2.2.2, 2.2.5 to 2.2.7)", () => {
  const asked = Object.entries<MessageSpec>(fromWebex).flatMap(([type, { source, fields }]) => {
    if (!(type in answerTypes)) return [];
    const code = Object.values(fields).find(({ kind, need }) => kind.kind === "code" && need === "required")?.kind;
    const words = code?.kind === "code" ? Object.keys(defaultCodes[code.codes]) : [""];
    if (type === "update-conference")
      return words.filter((word) => !guideActions.includes(word)).map((word) => [type, word]);
    return source === "assumed" ? words.map((word) => [type, word]) : [];
  });

  expect(requests.map(([, { type, code }]) => [type, code?.word ?? ""]).sort()).toEqual(asked.sort());
});

const shapes = {
  expel: "W2A_UpdateUser ActionCode=7",
  "mute-all": "W2A_MuteAll",
  "unmute-all": "W2A_MuteAll Mute=0",
  lock: "W2A_SetLock Locked=true",
  unlock: "W2A_SetLock Locked=false",
  mute: "W2A_UpdateConference ActionCode=20",
} as const;

test.each([
  [
    { type: "drop-caller", ...ids },
    '<W2A_UpdateUser MsgID="1" ExtConfID="7" ExtCallID="c" ActionCode="7"></W2A_UpdateUser>',
    '<A2W_RspUpdateUser MsgID="1" Result="0" ExtCallID="c" ActionCode="7"></A2W_RspUpdateUser>',
  ],
  [
    { type: "update-conference", msgId: ids.msgId, extConfId: ids.extConfId, action: "mute-all" },
    '<W2A_MuteAll MsgID="1" ExtConfID="7"></W2A_MuteAll>',
    '<A2W_RspMuteAll MsgID="1" Result="0"></A2W_RspMuteAll>',
  ],
  [
    { type: "update-conference", msgId: ids.msgId, extConfId: ids.extConfId, action: "unmute-all" },
    '<W2A_MuteAll MsgID="1" ExtConfID="7" Mute="0"></W2A_MuteAll>',
    '<A2W_RspMuteAll MsgID="1" Result="0" Mute="0"></A2W_RspMuteAll>',
  ],
  [
    { type: "update-conference", msgId: ids.msgId, extConfId: ids.extConfId, action: "unlock" },
    '<W2A_SetLock MsgID="1" ExtConfID="7" Locked="false"></W2A_SetLock>',
    '<A2W_RspSetLock MsgID="1" Result="0" Locked="false"></A2W_RspSetLock>',
  ],
  [
    { type: "update-caller", ...ids, privilege: "listen" },
    '<W2A_UpdateConference MsgID="1" ExtConfID="7" ExtCallID="c" ActionCode="20"></W2A_UpdateConference>',
    '<A2W_RspUpdateConference MsgID="1" Result="0" ExtCallID="c" ActionCode="20"></A2W_RspUpdateConference>',
  ],
  [
    { type: "update-caller", ...ids, privilege: "speak" },
    '<W2A_UpdateUser MsgID="1" ExtConfID="7" ExtCallID="c" Privilege="0"></W2A_UpdateUser>',
    '<A2W_RspUpdateUser MsgID="1" Result="0" ExtCallID="c"></A2W_RspUpdateUser>',
  ],
] as const)("%j has the shape that the domain gives it, both ways", (message, written, answered) => {
  const [adapter, webex] = [createCodec({ shapes }), createCodec({ shapes }, "webex")];
  const text = completeText(webex.encode("5", [message as never]));
  expect(text).toContain(`</TransID>${written}<`);
  const decoded = adapter.decode(bytesOf(text));
  const [read] = decoded.ok ? decoded.messages : [];
  const { spelling, ...plain } = { spelling: undefined, ...read };
  expect(plain).toEqual(message);

  const answer = {
    type: answerTypes[message.type],
    msgId: ids.msgId,
    result: "ok",
    ...("extCallId" in message && { extCallId: message.extCallId }),
    ...("action" in message && { action: message.action }),
    ...(spelling && { spelling }),
  };
  const answerText = completeText(adapter.encode("6", [answer as never]));
  expect(answerText).toContain(`</TransID>${answered}<`);
  expect(webex.decode(bytesOf(answerText))).toMatchObject({ messages: [answer], notes: [] });
});

describe("the shape of a request", () => {
  const codec = createCodec({ shapes });
  const read = (message: string) => {
    const decoded = codec.decode(documentOf(message));
    return decoded.ok ? decoded.messages[0] : decoded;
  };
  const call = 'MsgID="1" ExtConfID="7" ExtCallID="c"';

  test("is read under the other names of its element, in letters of the other case, and as a number", () => {
    expect(read(`<W2A_UpdateCall ${call} ActionCode="7"/>`)).toEqual({
      type: "drop-caller",
      ...ids,
      spelling: { element: "W2A_UpdateCall", shape: "expel" },
    });
    expect(read(`<w2a_updateuser ${call} ACTIONCODE=" 07 "/>`)).toMatchObject({ type: "drop-caller" });
    const spelling = { element: "W2A_UpdateCall", shape: "expel" };
    const answer = { type: "caller-dropped", msgId: ids.msgId, result: "ok", spelling } as const;
    expect(completeText(codec.encode("6", [answer]))).toContain(
      '<A2W_RspUpdateCall MsgID="1" Result="0" ActionCode="7">',
    );
  });

  test("takes the place of the one that it had: that is as unknown as any other", () => {
    expect(read(`<W2A_DropUser ${call}/>`)).toMatchObject({ type: "unknown", element: "W2A_DropUser" });
    expect(read('<W2A_UpdateConference MsgID="1" ExtConfID="7" ActionCode="3"/>')).toMatchObject({ action: 3 });
    expect(read(`<W2A_UpdateUser ${call} Privilege="1"/>`)).toMatchObject({ type: "update-caller", privilege: 1 });
    expect(read(`<W2A_UpdateUser ${call} Privilege="0"/>`)).toMatchObject({ privilege: "speak" });
    expect(read('<W2A_UpdateConference MsgID="1" ExtConfID="7" ActionCode="8"/>')).toMatchObject({
      action: "report-speakers",
    });
  });

  test("is checked as its message is, and no other message is taken for it", () => {
    expect(codec.decode(documentOf('<W2A_UpdateUser MsgID="1" ExtConfID="7" ActionCode="7"/>'))).toMatchObject({
      result: "attribute-missing",
      detail: "W2A_UpdateUser: ExtCallID is missing or empty",
    });
    expect(read('<W2A_SetLock MsgID="1" ExtConfID="7" Locked="maybe"/>')).toMatchObject({ type: "unknown" });
    expect(read('<W2A_SetLock MsgID="1" ExtConfID="7"/>')).toMatchObject({ type: "unknown", msgId: "1" });
  });

  test("is that of its answer, until the settings change", () => {
    const answer = { type: "conference-updated", msgId: ids.msgId, result: "ok", action: "lock" } as const;
    const spelling = { shape: "lock" };

    expect(completeText(createCodec({}).encode("6", [{ ...answer, spelling }]))).toContain(
      '<A2W_RspUpdateConference MsgID="1" Result="0" ActionCode="1">',
    );
    expect(completeText(codec.encode("6", [answer]))).toContain("<A2W_RspUpdateConference ");
    expect(completeText(createCodec({ shapes, extra: false }).encode("6", [{ ...answer, spelling }]))).toContain(
      '<A2W_RspSetLock MsgID="1" Result="0"></A2W_RspSetLock>',
    );
  });

  test("has an answer that can be switched off, by its own name (protocol 2.3.1)", () => {
    const silent = createCodec({ shapes, silent: ["A2W_RspMuteAll", "A2W_RspDropUser", "A2W_RspUpdateUser"] });
    const updated = { type: "conference-updated", msgId: ids.msgId, result: "ok" } as const;
    const dropped = { type: "caller-dropped", msgId: ids.msgId, result: "ok" } as const;

    expect(silent.sends({ ...updated, spelling: { shape: "mute-all" } })).toBe(false);
    expect(silent.sends({ ...updated, spelling: { shape: "lock" } })).toBe(true);
    expect(silent.sends(updated)).toBe(true);
    expect(silent.sends({ ...dropped, spelling: { shape: "expel" } })).toBe(false);
    expect(
      createCodec({ shapes, silent: ["A2W_RspDropUser"] }).sends({ ...dropped, spelling: { shape: "expel" } }),
    ).toBe(true);
  });
});

test("a shape is of the names that the domain has given", () => {
  const overrides: ProtocolOverrides = {
    elements: { W2A_UpdateUser: "W2A_ChangeUser", A2W_RspUpdateUser: "A2W_RspChangeUser" },
    attributes: { ExtCallID: "CallRef" },
    shapes: { expel: "W2A_ChangeUser Kind=expel" },
  };
  const request = completeText(createCodec(overrides, "webex").encode("5", [{ type: "drop-caller", ...ids }]));
  expect(request).toContain('<W2A_ChangeUser MsgID="1" ExtConfID="7" CallRef="c" Kind="expel">');
  const decoded = createCodec(overrides).decode(bytesOf(request));
  expect(decoded).toMatchObject({ messages: [{ type: "drop-caller", extCallId: "c", spelling: { shape: "expel" } }] });
  const answer = { type: "caller-dropped", ...ids, result: "ok", spelling: { shape: "expel" } } as const;
  expect(completeText(createCodec(overrides).encode("6", [answer]))).toContain(
    '<A2W_RspChangeUser MsgID="1" Result="0" ExtConfID="7" CallRef="c" Kind="expel">',
  );
});

test("whatever shapes a domain has, what is written is read as the same, and answered so", () => {
  const elements = ["W2A_UpdateUser", "W2A_UpdateCall", "W2A_UpdateConference", "W2A_DropUser", "W2A_New", "W2A_Lock"];
  const signs = ["", " ActionCode=0", " ActionCode=7", " Privilege=1", " Status=5", " Kind=7", " Kind=on"];
  const pool = elements.flatMap((element) => signs.map((sign) => element + sign));
  const some = fc
    .tuple(fc.subarray(requests.map(([name]) => name)), fc.shuffledSubarray(pool, { minLength: 10, maxLength: 10 }))
    .map(([names, looks]) => Object.fromEntries(names.map((name, at) => [name, looks[at]])));
  const renames = fc.constantFrom<ProtocolOverrides>(
    {},
    { elements: { W2A_UpdateUser: "W2A_New" } },
    { attributes: { Privilege: "Kind" }, codes: { updateAction: { "mute-all": 7 } } },
  );
  const asked = fc.oneof(
    ...requests.map(([name, { type, code }]) =>
      messageBy(type, fromWebex[type as keyof FromWebexMessages]).map((message) => ({
        name,
        type,
        message: code ? { ...message, [code.field]: code.word } : message,
      })),
    ),
  );
  let good = 0;
  fc.assert(
    fc.property(some, renames, asked, (shaped, rename, { name, type, message }) => {
      const overrides: ProtocolOverrides = { ...rename, shapes: shaped };
      if (overridesFault(overrides) !== null) return;
      good += 1;
      const [adapter, webex] = [createCodec(overrides), createCodec(overrides, "webex")];
      const spelling = Object.hasOwn(shaped, name) ? { spelling: { shape: name } } : {};
      const decoded = adapter.decode(bytesOf(completeText(webex.encode("5", [message as never]))));
      expect(decoded).toEqual({ ok: true, transId: "5", messages: [{ ...message, ...spelling }], notes: [] });

      const { action } = message as { action?: string };
      const answer = {
        ...{ type: answerTypes[type as keyof typeof answerTypes], msgId: "1", result: "ok" },
        ...(action !== undefined && { action }),
        ...spelling,
      };
      const text = completeText(adapter.encode("6", [answer as never]));
      expect(webex.decode(bytesOf(text))).toMatchObject({ ok: true, messages: [answer] });
    }),
    { numRuns: 400 },
  );
  expect(good).toBeGreaterThan(20);
});

describe("a shape that cannot be meant is refused when the codec is made", () => {
  test.each([
    [{ lock: "W2A_Callout" }, 'must not have W2A_Callout for "lock": W2A_Callout is another message'],
    [{ lock: "W2A_UpdateUser" }, "W2A_UpdateUser is another message"],
    [{ lock: "W2A_DropUser" }, "W2A_DropUser is another message"],
    [{ mute: "W2A_UpdateConference ActionCode=6" }, 'that is "add-to-main"'],
    [{ expel: "W2A_UpdateUser Privilege=01" }, 'that is "listen"'],
    [{ expel: "W2A_UpdateUser Status=1" }, 'that is "listen"'],
    [{ expel: "W2A_CloseConference KeepAlive=2" }, "KeepAlive is something else there"],
    [{ expel: "W2A_Expel ExtCallID=7" }, "ExtCallID stands in each such message"],
    [{ expel: "W2A_Expel result=7" }, "result stands in each such message"],
    [{ lock: "W2A_New", unlock: "W2A_New" }, 'for "unlock": "lock" is that, too'],
    [{ lock: "W2A_New Kind=1", unlock: "W2A_New Kind=+1" }, 'for "unlock": "lock" is that, too'],
    [{ lock: "W2A_MessageError" }, "its answer, A2W_RspMessageError, is another message"],
  ] satisfies [ProtocolOverrides["shapes"], string][])("%j", (wrong, message) => {
    expect(() => createCodec({ shapes: wrong })).toThrow(message);
  });

  test("but what another request has left is free", () => {
    expect(overridesFault({ shapes: { expel: "W2A_CancelCallout", "cancel-call-out": "W2A_Stop" } })).toBeNull();
    expect(
      overridesFault({ shapes: { lock: "W2A_UpdateConference ActionCode=3", "mute-all": "W2A_MuteAll" } }),
    ).toBeNull();
    expect(overridesFault({ shapes: { mute: "W2A_Mute", unmute: "W2A_UpdateUser" } })).toBeNull();
    expect(overridesFault({ codes: { updateAction: { lock: 3 } }, shapes: { "mute-all": "W2A_MuteAll" } })).toBeNull();
  });

  test.each(["A2W_Lock", "Lock", "W2A_", "W2A_Lock Kind", "W2A_Lock Kind=", 'W2A_Lock Kind="1"', "W2A_Lock A=1 B=2"])(
    "%s has not the form of a shape",
    (text) => {
      expect(shapeForm.form.test(text)).toBe(false);
    },
  );
});

describe("codes that are only written may share a number (protocol section 3)", () => {
  const codes = { result: { busy: 40, "no-answer": 40, rejected: 40 }, callerStatus: { muted: 0 } };

  test("and are read as the first of them", () => {
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
  ] satisfies [ProtocolOverrides["codes"], string][])("but not those that are read: %j", (wrong, message) => {
    expect(() => createCodec({ codes: wrong })).toThrow(message);
  });

  test("which are those of the fields of requests", () => {
    const read = new Set(
      Object.values<MessageSpec>(fromWebex).flatMap(({ fields }) =>
        Object.values(fields).flatMap(({ kind }) =>
          kind.kind === "code" && kind.asks === undefined ? [kind.codes] : [],
        ),
      ),
    );
    for (const [list, words] of Object.entries<Readonly<Record<string, number>>>(defaultCodes)) {
      const [one = "", other = ""] = Object.keys(words);
      if (other === "" || list === "result") continue;
      const fault = overridesFault({ codes: { [list]: { [other]: words[one] } } });
      expect([list, fault !== null]).toEqual([list, read.has(list as never)]);
    }
    expect([...read].sort()).toEqual(["joinMode", "participantType", "privilege", "updateAction"]);
  });
});
