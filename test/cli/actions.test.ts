import { expect, test } from "vitest";
import { actionEnd, callOf, followed, isAgreed, newLines, stageLines } from "../../cli/operator/actions.ts";
import { exactText } from "../../src/foundation/time/shown-time.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import { caller, conference, now, painted, plain } from "./view-examples.ts";

function stages(more: object = {}): ActionStages {
  return {
    id: "k1",
    person: "anna",
    request: { type: "mute", call: "c1" },
    asked: now,
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

test("an action's stages are a line each, as far as they are known", () => {
  const begun = [
    `  asked               ${exactText(now, "UTC")} by anna`,
    "  on disk   at once   row 41 of the journal",
  ];
  const sent = "  sent      at once   mute (5.9) to the bridge";

  expect(stageLines(stages(), "local", plain)).toEqual(begun);
  expect(stageLines(stages({ sent: [mute] }), "local", plain)).toEqual([...begun, sent]);
  const all = stages({ sent: [{ ...mute, result: done(31) }], result: done(31), notified });
  expect(stageLines(all, "local", plain)).toEqual([
    ...begun,
    sent,
    "  done      +31 ms",
    "  posted              WebEx, by TransID t1",
    "  notified  +48 ms    WebEx confirmed it",
  ]);
  expect(stageLines(all, "local", painted).at(-1)).toMatch(/^<green> {2}notified/);
});

test("commands of one action and their results stand in the order of time", () => {
  const dial = { id: "5.7", type: "dial", at: now, result: done(23) };
  const admit = { id: "5.8", type: "admit", at: now + 70, result: { type: "refused", at: now + 90, why: "capacity" } };
  const result = { type: "refused", at: now + 90, why: "capacity" };

  expect(stageLines(stages({ sent: [dial, admit], result }), "local", plain).slice(2)).toEqual([
    "  sent      at once   dial (5.7) to the bridge",
    "  bridge    +23 ms    dial (5.7): done",
    "  sent      +70 ms    admit (5.8) to the bridge",
    "  bridge    +90 ms    admit (5.8): capacity",
    "  refused   +90 ms    the bridge refused it: capacity",
  ]);
});

test.each<[object, string, string]>([
  [{ sent: [mute] }, "open", "  sent      at once   mute (5.9) to the bridge"],
  [
    { result: done(0), notified: { ...notified, is: "not needed", why: "Nothing changed.", transIds: [] } },
    "not needed",
    "  no notice           Nothing changed.",
  ],
  [
    { result: done(0), notified: { ...notified, is: "undelivered", why: "It was undelivered." } },
    "undelivered",
    "  no notice           It was undelivered.",
  ],
  [
    { result: done(0), notified: { ...notified, is: "waiting", why: "WebEx has given this call no name yet." } },
    "waiting",
    "  waits     +48 ms    WebEx has given this call no name yet.",
  ],
  [
    { sent: [{ ...mute, undoneBy: { id: "5.10", type: "unmute" } }], result: done(0) },
    "open",
    "  undone              by unmute (5.10), issued before this was known",
  ],
  [{ result: done(0) }, "open", "  done      at once   nothing to do on the bridge"],
  [
    { result: done(0), notified: { ...notified, is: "posted", at: null } },
    "open",
    "  posted              WebEx, by TransID t1",
  ],
  [{ result: done(0), notified }, "confirmed", "  notified  +48 ms    WebEx confirmed it"],
  [
    { result: { type: "no result", at: now + 10_000, why: "too-late" } },
    "no result",
    "  no result +10 s     too-late; a late result still counts",
  ],
])("the stages %j are %s", (more, end, last) => {
  expect([actionEnd(stages(more)), stageLines(stages(more), "local", plain).at(-1)]).toEqual([end, last]);
});

test("an action is looked at until it is over, or its time is up", async () => {
  const over = stages({ result: done(0), notified });
  const known = [stages(), stages(), over, over];
  const shown: ActionStages[] = [];
  let waited = 0;
  const look = async () => known[shown.length] ?? over;
  const wait = async (ms: number) => {
    waited += ms;
  };
  expect(await followed(look, 30_000, (one) => shown.push(one), wait)).toBe(over);
  expect([shown.length, waited]).toEqual([3, 400]);

  waited = 0;
  expect(
    actionEnd(
      await followed(
        async () => stages(),
        30_000,
        () => {},
        wait,
      ),
    ),
  ).toBe("open");
  expect(waited).toBe(30_000);
  await expect(
    followed(
      async () => null,
      30_000,
      () => {},
      wait,
    ),
  ).rejects.toThrow("no longer has the action");
});

test("of each look, what is new is shown", () => {
  const shown = new Set<string>();
  const looks = [
    stages(),
    stages({ sent: [mute] }),
    stages({ sent: [mute] }),
    stages({ sent: [mute], result: done(9) }),
  ];
  const counts = looks.map((look) => newLines(shown, stageLines(look, "local", plain)).length);
  expect(counts).toEqual([2, 1, 0, 1]);
});

test("a call goes by its id, by WebEx's name for it, or by an attendee ID that one caller has", () => {
  const callers = [
    caller({ call: "c1", extCallId: "70001", attendeeId: "444" }),
    caller({ call: "c2", extCallId: "444", attendeeId: "5" }),
    caller({ call: "c3", extCallId: "", attendeeId: "5" }),
  ];
  const one = conference({ callers, callOuts: [{ call: "c4", stage: "ringing", extCallId: "9001" }] });

  for (const [named, call] of [
    ["c3", "c3"],
    ["70001", "c1"],
    ["444", "c2"],
    ["9001", "c4"],
  ] as const)
    expect(callOf(one, named), named).toBe(call);
  expect(() => callOf(one, "5")).toThrow("2 callers of conference 555120777 match 5. Name one by its ID: c2, c3.");
  expect(() => callOf(one, "c9")).toThrow(
    "Conference 555120777 has no caller c9; its callers are c1 (70001), c2 (444), c3",
  );
  expect(() => callOf(conference(), "c1")).toThrow("has no caller c1; it has no caller");
});

test.each([
  ["y", true],
  [" Yes ", true],
  ["", false],
  ["mara", false],
])("%j at the confirmation prompt: %s", async (typed, agreed) => {
  const notes: string[] = [];
  const ask = async () => typed;
  expect(await isAgreed("Mute 301 callers?", { ask, note: (line) => notes.push(line) })).toBe(agreed);
  expect([notes, process.exitCode]).toEqual(agreed ? [[], undefined] : [["Nothing was done."], 1]);
  process.exitCode = undefined;
});

test("does not ask without a terminal, or if at most one caller is affected", async () => {
  const unasked = async () => Promise.reject(new Error("asked"));
  const note = () => expect.unreachable();
  expect(await isAgreed("Mute?", { ask: null, note })).toBe(true);
  expect(await isAgreed(null, { ask: unasked, note })).toBe(true);
});
