import { expect, test, vi } from "vitest";
import { actionEnd, callOf, stageLines } from "../../cli/operator/actions.ts";
import { isAgreed, isConfirmed } from "../../cli/operator/confirmation.ts";
import { exactText } from "../../src/foundation/time/shown-time.ts";
import type { ActionStages } from "../../src/rpc/timeline.ts";
import { caller, conference, now, painted, plain } from "./view-examples.ts";

function stages(more: object = {}): ActionStages {
  const asked = { id: "k1", person: "anna", request: { type: "mute", call: "c1" }, asked: now };
  return {
    ...asked,
    onDisk: { seq: 41, at: now },
    sent: [],
    result: null,
    notified: null,
    ...more,
  } as object as ActionStages;
}

const done = (ms: number) => ({ type: "done", at: now + ms });
const mute = { id: "5.9", type: "mute", at: now, result: null };
const notified = { is: "confirmed", at: now + 48, why: "", transIds: ["t1"] };

test("shows a line for each known stage of an action", () => {
  const all = stages({ sent: [{ ...mute, result: done(31) }], result: done(31), notified });
  const lines = [
    `  Asked               ${exactText(now, "UTC")}  by anna`,
    "  On disk             at once   row 41 of the journal",
    "  Sent                at once   mute (5.9)",
    "  Done on the bridge  +31 ms",
    "  WebEx notified      +48 ms    by TransID t1",
  ];
  expect(stageLines(all, "local", plain)).toEqual(lines);
  expect(stageLines(stages(), "local", plain)).toEqual(lines.slice(0, 2));
  expect(stageLines(all, "local", painted).at(-1)).toMatch(/^<green> {2}WebEx notified/);
});

const notNotified = (is: string, why: string) => ({ result: done(0), notified: { ...notified, is, why } });

test.each<[object, string, string]>([
  [{ sent: [mute] }, "open", "  Sent                at once   mute (5.9)"],
  [{ result: done(0) }, "open", "  Done on the bridge            already so"],
  [notNotified("not needed", "Nothing changed."), "not needed", "  WebEx notified      +48 ms    Nothing changed."],
  [notNotified("undelivered", "No attempt left."), "undelivered", "  WebEx notified      +48 ms    No attempt left."],
  [notNotified("waiting", "It has no name yet."), "waiting", "  WebEx notified      +48 ms    It has no name yet."],
  [notNotified("posted", ""), "open", "  Done on the bridge            already so"],
  [
    { result: { type: "refused", at: now + 90, why: "capacity" } },
    "refused",
    "  WebEx notified                no notification needed",
  ],
])("the stages %j are %s", (more, end, last) => {
  expect([actionEnd(stages(more)), stageLines(stages(more), "local", plain).at(-1)]).toEqual([end, last]);
});

const callers = [
  caller({ call: "c1", extCallId: "70001", attendeeId: "444" }),
  caller({ call: "c2", extCallId: "444", attendeeId: "5" }),
  caller({ call: "c3", extCallId: "", attendeeId: "5" }),
];

test.each([
  ["c3", "c3"],
  ["70001", "c1"],
  ["444", "c2"],
  ["9001", "c4"],
])("the call %s is %s: its ID, then WebEx's ID, then an attendee ID", (name, call) => {
  expect(callOf(conference({ callers, callOuts: [{ call: "c4", extCallId: "9001" }] }), name)).toBe(call);
});

test.each([
  ["5", "2 callers of conference 555120777 match 5. Name one by its ID: c2, c3."],
  ["c9", "Conference 555120777 has no caller c9; the callers are c1 (70001), c2 (444), c3."],
])("no call is found by %s", (name, why) => {
  expect(() => callOf(conference({ callers }), name)).toThrow(why);
});

test.each([
  ["y", true],
  [" Yes ", true],
  ["", false],
  ["mara", false],
])("%j at the confirmation prompt: %s", async (typed, agreed) => {
  const notes = vi.spyOn(console, "error").mockReturnValue();
  const ask = async () => typed;
  expect([await isAgreed("Mute?", ask), await isConfirmed({}, "Drain?", ask)]).toEqual([agreed, agreed]);
  expect([notes.mock.calls.flat(), process.exitCode]).toEqual(
    agreed ? [[], undefined] : [Array(2).fill("Nothing was done."), 1],
  );
  process.exitCode = undefined;
  notes.mockRestore();
});

test("does not ask without a terminal, or if at most one caller is affected", async () => {
  expect(await isAgreed("Mute?", null)).toBe(true);
  expect(await isAgreed(null, () => expect.unreachable())).toBe(true);
});
