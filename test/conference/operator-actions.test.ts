import * as v from "valibot";
import { expect, test } from "vitest";
import { actionQuestions } from "../../src/conference/action-questions.ts";
import { isFlag, isOptional, withPlus } from "../../src/conference/action-row.ts";
import {
  askedActions,
  type OperatorRequest,
  operatorActions,
  requestSchema,
  requestTitle,
  showRequest,
} from "../../src/conference/operator-actions.ts";
import { persons } from "../../src/foundation/shown.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";

const schema = requestSchema(operatorActions);
const takes = (request: object) => v.safeParse(schema, request).success;
const whole = { confKey: "5", callers: 3, muteAll: 2, unmuteAll: 1 };

test.each([
  [0, "Nobody is in it.", "Nobody is in it."],
  [1, "Its one caller stays.", "The call of its one caller ends."],
  [7, "Its 7 callers stay.", "The calls of its 7 callers end."],
])(
  "before an action on a whole conference with %i callers, people are told what becomes of them",
  (callers, stay, end) => {
    const { lock, unlock, end: ends } = actionQuestions;
    expect(lock.says({ ...whole, callers })).toBe(`Lock the conference 5? Nobody else gets in. ${stay}`);
    expect(unlock.says({ ...whole, callers })).toBe(`Unlock the conference 5? Whoever dials in gets in. ${stay}`);
    expect(ends.says({ ...whole, callers })).toBe(`End the conference 5? ${end} It cannot be undone.`);
    expect(ends.says({ ...whole, callers, away: true })).toContain("No agent reaches its bridge now");
  },
);

test("before all are muted or unmuted, people are told how many that are; an end alone is final", () => {
  const { "mute-all": mute, "unmute-all": unmute } = actionQuestions;
  expect([mute.says({ ...whole, muteAll: 0 }), mute.says(whole)]).toEqual([
    "Mute all? Nobody is there who would be muted.",
    "Mute 2 callers? Hosts are not muted.",
  ]);
  expect([unmute.says({ ...whole, unmuteAll: 0 }), unmute.says(whole)]).toEqual([
    "Unmute all? Nobody is there who would be unmuted.",
    "Unmute 1 caller? Everybody then hears what is said there.",
  ]);
  const final = Object.entries(actionQuestions).filter(([, question]) => "isFinal" in question && question.isFinal);
  expect(final.map(([type]) => type)).toEqual(["end"]);
});

test("a number is one with + and the country code, and with blanks and signs as people write them", () => {
  const dials = (number: string) => takes({ type: "call-out", number });
  const right = ["+14085551234", " (+1) 408/555-1234. ", "+ 1.408 5551234", "+123", "+353 1", "+123456789012345"];
  const wrong = ["14085551234", "+04085551234", "+12", "+1234567890123456", "+353", ""];
  const odd = ["x+14085551234", "+14085551234x", "+1408x5551234", "+x14085551234", "++14085551234"];
  expect(right.filter((number) => !dials(number))).toEqual([]);
  expect([...wrong, ...odd].filter(dials)).toEqual([]);
  const { output } = v.safeParse(schema, { type: "call-out", number: "+44 20 1" });
  expect(output).toEqual({ type: "call-out", number: { country: "44", area: "", local: "201", extension: "" } });
});

test("in a form, the plus may be left out before a country code, and nothing else is mended", () => {
  const plain = ["14085551234", " (1) 408/555-1234.", "1"];
  expect(plain.map(withPlus)).toEqual(plain.map((text) => `+${text}`));
  const others = ["+1408", "0408", "x1408", "1408x", "", "1408+1"];
  expect(others.map(withPlus)).toEqual(others);
});

test("a name in a request is 1 to 256 characters without control characters", () => {
  const names = (call: string) => takes({ type: "mute", call });
  expect(["c1", "x".repeat(256), "é\u{1f600}"].map(names)).toEqual([true, true, true]);
  expect(["", "x".repeat(257), "\u0007c1", "c1\u0007"].map(names)).toEqual([false, false, false, false]);
});

const tooLong = "x".repeat(65);
test("an attendee ID has no blanks, and the name of a call at WebEx no percent sign either", () => {
  const attends = (attendeeId: string) => takes({ type: "call-out", number: "+14085551234", attendeeId });
  const names = (extCallId: string) => takes({ type: "passthrough", extCallId, data: "x" });
  expect(["4", "444%", tooLong.slice(1)].map(attends)).toEqual([true, true, true]);
  expect(["", tooLong, "4 4", " 4", "4 ", "4\u0007"].filter(attends)).toEqual([]);
  expect(["4", "444", tooLong.slice(1)].map(names)).toEqual([true, true, true]);
  expect(["", tooLong, "4 4", "%4", "4%", " 4"].filter(names)).toEqual([]);
});

test("data for clients is any text that XML can carry", () => {
  const passes = (connectData: string) => takes({ type: "hybrid-data", connectData });
  expect(["", "a\t\n\r <&>", "\ufffd\u{1f600}"].map(passes)).toEqual([true, true, true]);
  expect(["\u0000", "a\u001f", "\ud800", "a\udc00", "\ufffe", "\uffff"].filter(passes)).toEqual([]);
});

test("a parameter may be left out, or is there or not, as its schema says", () => {
  const { number, attendeeId, muted } = operatorActions["call-out"].parameters;
  const parameters = [number, attendeeId, muted, undefined];
  expect(parameters.map(isOptional)).toEqual([false, true, true, false]);
  expect([...parameters, operatorActions.mute.parameters.call].map(isFlag)).toEqual([false, false, true, false, false]);
});

const host = "https://tsp1.example.com:80";
const client = { type: "client-passthrough", msgId: "1", extConfId: "1001", extCallId: "7", data: "4711" };
const again = { type: "send-again", row: 3, host, messages: [client], isUnowed: true } as object as OperatorRequest;

test("a document that is sent again is shown by the marks of its messages", () => {
  expect(takes(again)).toBe(true);
  expect(showRequest(again, persons.full)).toEqual({ ...again, messages: [{ ...client, data: "(secret)" }] });
});

test("what is sent again says to whom", () => {
  const titles = [host, BACK_END].map((to) => requestTitle({ ...again, host: to } as OperatorRequest));
  expect(titles).toEqual([
    "Send again what was given up, to https://tsp1.example.com:80",
    "Send again what was given up, to the partner's back end",
  ]);
});

test("people ask for what has a button, and that is offered as things are", () => {
  const types = Object.keys(askedActions());
  expect(types).not.toContain("passthrough");
  expect(types).toContain("mute");
  const offered = (now: { muted: boolean; locked: boolean }) =>
    Object.entries(askedActions()).flatMap(([type, { asked }]) => (asked.button.when?.(now) === true ? [type] : []));
  expect(offered({ muted: false, locked: false })).toEqual(["mute", "lock"]);
  expect(offered({ muted: true, locked: true })).toEqual(["unmute", "unlock"]);
});
