import { expect, test } from "vitest";
import type { Draft } from "../../src/conference/draft.ts";
import type { Running } from "../../src/conference/head.ts";
import { debtKey } from "../../src/conference/server/debts.ts";
import type { Outgoing, Post } from "../../src/conference/server/posts.ts";
import { sendAgain, sendAgainRefusal } from "../../src/conference/server/send-again.ts";
import { type Caller, type ConferenceState, emptyState } from "../../src/conference/state.ts";
import type { WebexHost } from "../../src/foundation/ids.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";

const host = "http://tsp1.example.com" as WebexHost;

/** A conference with the caller 1001, unmuted in the main room, one without a name yet, and the open sub-conference 7. */
function running(more: Partial<Running> = {}): ConferenceState {
  const state = emptyState();
  const head = { phase: "running", attached: true, locked: true, host, extConfId: "77", ...more };
  state.head = head as object as Running;
  const caller = { call: "c1", extCallId: "1001", enterMsgId: null, muted: false, room: "main", left: false };
  state.callers.set("c1" as never, caller as object as Caller);
  state.callers.set("c2" as never, { ...caller, call: "c2", extCallId: null, enterMsgId: "m2" } as object as Caller);
  state.callers.set("c3" as never, { ...caller, call: "c3", extCallId: "1003", room: "r7" } as object as Caller);
  state.rooms.set("r7" as never, { room: "r7", subConfId: "7", stage: "open" } as never);
  return state;
}

/** Of a message that its server is owed still. */
function refusal(message: object, to: Post["host"] = host, { debts, ...state } = running()) {
  const own = { msgId: "m", extConfId: "77", ...message } as ToWebex;
  const owed = to === BACK_END ? debts : new Map([[debtKey(own), own]]);
  return sendAgainRefusal({ ...state, debts: owed }, { host: to, messages: [own] });
}

test.each([
  [{ type: "caller-changed", extCallId: "1001", status: "unmuted" }],
  [{ type: "caller-changed", extCallId: "1009", status: "left" }],
  [{ type: "caller-entered", msgId: "m2" }],
  [{ type: "conference-changed", status: "locked" }],
  [{ type: "conference-changed", status: "hybrid-data" }],
  [{ type: "sub-conference-changed", subConfId: "7", status: "created" }],
  [{ type: "sub-conference-call-changed", subConfId: "7", extCallId: "1003", action: "added" }],
  [{ type: "sub-conference-call-changed", subConfId: "7", extCallId: "1001", action: "returned" }],
  [{ type: "joined-sub-conference", subConfId: "7", extCallId: "1003" }],
  [{ type: "client-passthrough", extCallId: "1001" }],
  [{ type: "caller-updated", result: "ok" }],
])("what is still so is sent again: %j", (message) => {
  expect(refusal(message)).toBeNull();
});

test.each([
  [{ type: "caller-changed", extCallId: "1001", status: "muted" }],
  [{ type: "caller-changed", extCallId: "1009", status: "muted" }],
  [{ type: "caller-changed", extCallId: "1001", status: "left" }],
  [{ type: "caller-entered", msgId: "m1" }],
  [{ type: "conference-changed", status: "running" }],
  [{ type: "conference-changed", status: "creating" }],
  [{ type: "conference-changed", status: "ended" }],
  [{ type: "sub-conference-changed", subConfId: "8", status: "created" }],
  [{ type: "sub-conference-call-changed", subConfId: "7", extCallId: "1001", action: "added" }],
  [{ type: "sub-conference-call-changed", subConfId: "7", extCallId: "1003", action: "returned" }],
  [{ type: "sub-conference-call-changed", subConfId: "7", extCallId: "1009", action: "added" }],
  [{ type: "sub-conference-call-changed", subConfId: "8", extCallId: "1001", action: "added" }],
  [{ type: "sub-conference-call-changed", subConfId: "7", extCallId: "1009", action: "returned" }],
  [{ type: "joined-sub-conference", subConfId: "7", extCallId: "1001" }],
  [{ type: "client-passthrough", extCallId: "1009" }],
  [{ type: "speaking-changed", extCallIds: ["1001"], speaking: [true] }],
])("what is not so any more is not sent again: %j", (message) => {
  expect(refusal(message)).toBe("outdated");
});

test("what its server has been told since is not sent again, but for what it never was to be told", () => {
  const messages = [{ type: "caller-updated", msgId: "m", extConfId: "77", result: "ok" }] as object as Outgoing[];
  const data = [{ type: "client-passthrough", extCallId: "1001", extConfId: "77" }] as object as Outgoing[];
  expect(sendAgainRefusal(running(), { host, messages })).toBe("told-since");
  expect(sendAgainRefusal(running(), { host, messages, isUnowed: true })).toBeNull();
  expect(sendAgainRefusal(running(), { host, messages: data })).toBeNull();
});

test("what nobody would hear, or another one has heard, is not sent again", () => {
  const message = { type: "caller-changed", extCallId: "1001", status: "unmuted" };
  expect(refusal(message, "http://tsp2.example.com" as WebexHost)).toBe("server-replaced");
  expect(refusal({ ...message, extConfId: "76" })).toBe("server-replaced");
  expect(refusal(message, host, running({ attached: false }))).toBe("without-webex");
  expect(refusal(message, host, running({ closing: {} as never }))).toBe("conference-over");
  expect(refusal(message, host, { ...emptyState(), head: { phase: "ended", at: 0, byWebex: false } })).toBe(
    "conference-over",
  );
});

test("data for the partner's back end stays what it was, whatever server WebEx has", () => {
  const state = running({ attached: false });
  expect(refusal({ type: "client-data", data: "YQ==" }, BACK_END, state)).toBeNull();
});

/** What is posted again of this document, while this waits. */
function postedAgain(messages: readonly object[], waiting: readonly object[] = [], more: object = {}) {
  const posted: object[] = [];
  const state = running();
  const own = messages.map((message) => ({ extConfId: "77", ...message }) as ToWebex);
  const debts = new Map(own.map((message) => [debtKey(message), message]));
  const draft = {
    ...{ state: { ...state, debts }, head: state.head, callers: state.callers, callOuts: state.callOuts, debts },
    unconfirmed: () => waiting,
    post: (post: object) => posted.push(post),
    ...more,
  };
  sendAgain(draft as object as Draft, { host, messages: own });
  return posted;
}

const unmuted = { type: "caller-changed", msgId: "m1", extCallId: "1001", status: "unmuted" };
const locked = { type: "conference-changed", msgId: "m3", status: "locked" };
const posts = (...messages: readonly object[]) =>
  messages.map((message) => ({ host, message: { extConfId: "77", ...message } }));

test("of a document all is sent again that is still so, once: what waits for its server already is not", () => {
  const muted = { ...unmuted, msgId: "m9", status: "muted" };
  expect(postedAgain([unmuted, muted, locked])).toEqual(posts(unmuted, locked));
  expect(postedAgain([unmuted, locked], [{ host, message: { msgId: "m1" } }])).toEqual(posts(locked));
  const elsewhere = { host: "http://tsp2.example.com", message: { msgId: "m1" } };
  expect(postedAgain([unmuted, locked], [elsewhere])).toEqual(posts(unmuted, locked));
});

test("an entry that is sent again says of which call it is, and nothing else does", () => {
  const entered = { type: "caller-entered", msgId: "m2" };
  expect(postedAgain([entered, locked])).toEqual([{ ...posts(entered)[0], call: "c2" }, ...posts(locked)]);
});

test("nothing is sent again of a conference that does not run", () => {
  const answer = { type: "caller-updated", msgId: "m5", result: "ok" };
  expect(postedAgain([locked, answer], [], { head: { phase: "ended", at: 0, byWebex: false } })).toEqual([]);
});

test("what its server was told since is left out, though other messages of the document are sent again", () => {
  const debts = new Map([[debtKey(locked as object as ToWebex), locked]]);
  const state = { ...running(), debts };
  expect(postedAgain([unmuted, locked], [], { state, debts })).toEqual(posts(locked));
});

test("a lock that was undone, and one that is, are told apart", () => {
  const locked = { type: "conference-changed", status: "locked" };
  expect(refusal(locked, host, running({ locked: false }))).toBe("outdated");
  expect(refusal({ ...locked, status: "running" }, host, running({ locked: false }))).toBeNull();
});

test("a message without a handle is of no former one; a document with one message under such is not sent again", () => {
  const error = { type: "message-error", msgId: "m", result: "unknown-message" } as object as Outgoing;
  const former = { ...unmuted, extConfId: "76" } as object as Outgoing;
  const refusalOf = (...messages: readonly Outgoing[]) =>
    sendAgainRefusal(running(), { host, messages, isUnowed: true });
  expect([refusalOf(error), refusalOf(error, former)]).toEqual([null, "server-replaced"]);
});

test("a document of which its server was told something since is sent again for the rest", () => {
  const messages = [unmuted, locked].map((message) => ({ extConfId: "77", ...message }) as object as ToWebex);
  const state = { ...running(), debts: new Map([["status locked", messages[1] as ToWebex]]) };
  expect(sendAgainRefusal(state, { host, messages })).toBeNull();
});

/** After an outage that goes on. */
const behind = { since: 0, failedAt: 0, why: "refused", probes: 0, host };

test("what is owed after the end of its conference leaves by itself", () => {
  const head = { phase: "ended", at: 0, byWebex: false } as const;
  const messages = [{ extConfId: "77", ...locked } as object as ToWebex];
  const ended = { ...emptyState(), head, outages: new Map([[host, behind]]) };
  expect(sendAgainRefusal(ended, { host, messages })).toBe("owed-after-end");
  expect(sendAgainRefusal(ended, { host: BACK_END, messages })).toBe("conference-over");
});
