import * as v from "valibot";
import { expect, test } from "vitest";
import { withPlus } from "../../src/conference/action-row.ts";
import {
  actionQuestions,
  askedActions,
  operatorActions,
  requestSchema,
} from "../../src/conference/operator-actions.ts";

const schema = requestSchema(operatorActions);
const takes = (request: object) => v.safeParse(schema, request).success;
const whole = { confKey: "5", callers: 3, muteAll: 2, unmuteAll: 1 };

test.each([
  [0, "Nobody is in it.", "Nobody is in it."],
  [1, "Its one caller stays.", "The call of its one caller ends."],
  [7, "Its 7 callers stay.", "The calls of its 7 callers end."],
])("the question before an action says what happens to %i callers", (callers, stay, end) => {
  const { lock, unlock, end: ends } = actionQuestions;
  expect(lock.says({ ...whole, callers })).toBe(`Lock conference 5? New callers are refused. ${stay}`);
  expect(unlock.says({ ...whole, callers })).toBe(`Unlock conference 5? New callers are admitted. ${stay}`);
  expect(ends.says({ ...whole, callers })).toBe(`End conference 5? ${end} It cannot be undone.`);
});

test.each([
  ["mute-all", 0, "Mute all? There is no caller to mute."],
  ["mute-all", 2, "Mute 2 callers? Hosts are not muted."],
  ["unmute-all", 0, "Unmute all? There is no caller to unmute."],
  ["unmute-all", 1, "Unmute 1 caller? Everybody then hears them."],
] as const)("asks before %s of %i callers", (type, count, text) => {
  expect(actionQuestions[type].says({ ...whole, muteAll: count, unmuteAll: count })).toBe(text);
});

test("only an end is final", () => {
  const final = Object.entries(actionQuestions).filter(([, question]) => "isFinal" in question && question.isFinal);
  expect(final.map(([type]) => type)).toEqual(["end"]);
});

test.each(["+14085551234", " (+1) 408/555-1234. ", "+ 1.408 5551234", "+123", "+353 1", "+123456789012345"])(
  "dials the number %j",
  (number) => expect(takes({ type: "call-out", number })).toBe(true),
);

test.each([
  "14085551234",
  "+04085551234",
  "+12",
  "+1234567890123456",
  "+353",
  "",
  "x+14085551234",
  "+14085551234x",
  "+1408x5551234",
  "+x14085551234",
  "++14085551234",
])("dials no number %j", (number) => expect(takes({ type: "call-out", number })).toBe(false));

test("reads the country code apart from the number", () => {
  const { output } = v.safeParse(schema, { type: "call-out", number: "+44 20 1" });
  expect(output).toEqual({ type: "call-out", number: { country: "44", area: "", local: "201", extension: "" } });
});

test.each(["14085551234", " (1) 408/555-1234.", "1"])("a form adds the plus to %j", (text) => {
  expect(withPlus(text)).toBe(`+${text}`);
});

test.each(["+1408", "0408", "x1408", "1408x", "", "1408+1"])("a form leaves %j as it is", (text) => {
  expect(withPlus(text)).toBe(text);
});

const attends = (attendeeId: string) => takes({ type: "call-out", number: "+14085551234", attendeeId });
const names = (extCallId: string) => takes({ type: "passthrough", extCallId, data: "x" });
const calls = (call: string) => takes({ type: "mute", call });
const passes = (connectData: string) => takes({ type: "hybrid-data", connectData });
const long = "x".repeat(64);

test.each<[string, (text: string) => boolean, readonly string[], readonly string[]]>([
  ["a call", calls, ["c1", "x".repeat(256), "é\u{1f600}"], ["", "x".repeat(257), "\u0007c1", "c1\u0007"]],
  ["an attendee ID", attends, ["4", "444%", long], ["", `${long}x`, "4 4", " 4", "4 ", "4\u0007"]],
  ["the name of a call at WebEx", names, ["4", "444", long], ["", `${long}x`, "4 4", "%4", "4%", " 4"]],
  [
    "data for clients",
    passes,
    ["", "a\t\n\r <&>", "\ufffd\u{1f600}"],
    ["\u0000", "a\u001f", "\ud800", "a\udc00", "\ufffe", "\uffff"],
  ],
])("a request accepts only valid texts for %s", (_, accepts, right, wrong) => {
  expect(right.filter((text) => !accepts(text))).toEqual([]);
  expect(wrong.filter(accepts)).toEqual([]);
});

test.each([
  [false, false, ["mute", "lock"]],
  [true, true, ["unmute", "unlock"]],
])("offers the buttons that change something: muted %s, locked %s", (muted, locked, offered) => {
  const offers = Object.entries(askedActions()).filter(
    ([, { asked }]) => asked.button.when?.({ muted, locked }) === true,
  );
  expect(offers.map(([type]) => type)).toEqual(offered);
});

test("data for clients has no button", () => {
  expect(Object.keys(askedActions())).not.toContain("passthrough");
});
