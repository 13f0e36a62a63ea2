import { expect, test } from "vitest";
import { ReplayPage } from "../../src/console/story/replay.tsx";
import { stateChanges } from "../../src/console/story/state-changes.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { ReplayState, ReplayStep } from "../../src/rpc/replay.ts";
import { frameFor, now, Shown } from "./shown.ts";

const empty = {
  head: { phase: "absent" },
  callers: [],
  callOuts: [],
  commands: [],
  rooms: [],
  outages: [],
  debts: [],
} as const;

function state(more: object = {}): ReplayState {
  return { ...empty, ...more } as ReplayState;
}

function step(more: Partial<ReplayStep> = {}): ReplayStep {
  return {
    ...{ seq: 8, at: now, version: "1.2.3", verdict: { is: "same" }, input: null, inputText: null },
    ...{ before: state(), after: state(), commands: [], messages: [], documents: [] },
    ...{ notes: [], repairs: [], outcomes: [] },
    ...more,
  };
}

function shown(of: ReplayStep | null, previous: number | null = 7, next: number | null = 9): Shown {
  return new Shown(ReplayPage({ frame: frameFor(), step: of, previous, next }));
}

const caller = { call: "c1", muted: false, room: "main", held: [] };
const path = "/console/local/conferences/987654321/replay";

test("what changed is told by entry and field: new, changed, gone", () => {
  const before = state({ callers: [caller, { call: "c2" }], rooms: [{ room: "r1", close: { at: now } }] });
  const after = state({
    head: { phase: "running", talk: { stage: "open" } },
    callers: [{ ...caller, muted: true, held: ["x"] }, { call: "c2" }],
    commands: [{ id: "k1" }],
  });

  expect(stateChanges(before, after, "Asia/Kolkata")).toEqual([
    {
      name: "conference",
      became: "changed",
      fields: [
        { name: "phase", before: "absent", after: "running" },
        { name: "talk.stage", before: null, after: "open" },
      ],
    },
    {
      name: "caller c1",
      became: "changed",
      fields: [
        { name: "muted", before: "false", after: "true" },
        { name: "held", before: "[]", after: '["x"]' },
      ],
    },
    { name: "command k1", became: "new", fields: [{ name: "id", before: null, after: "k1" }] },
    {
      name: "room r1",
      became: "gone",
      fields: [
        { name: "room", before: "r1", after: null },
        { name: "close.at", before: "2026-03-04 18:00:00.000", after: null },
      ],
    },
  ]);
});

test("a step has what came, what changed and what it caused", () => {
  const page = shown(
    step({
      input: { type: "webex", at: now, transId: "w1", messages: [] } as never,
      inputText: "<W2A_UpdateUser/>",
      before: state({ callers: [caller] }),
      after: state({ callers: [{ ...caller, muted: true }] }),
      commands: [{ id: "k1", command: { type: "mute", call: "c1" } } as never],
      messages: [{ host: "tsp1", transId: "t1", type: "caller-changed", text: "<A2W_NotifyUserChange/>" }],
      documents: [
        { kind: "post-confirmed", host: "tsp1", transId: "t0", at: now, messages: ["caller-entered"] },
        { kind: "post-failed", host: "tsp1", transId: "t2", at: now, messages: [], why: "refused", attempt: 2 },
      ],
      repairs: ["muted"],
      notes: ["odd"],
    }),
  );

  const { text } = page;
  expect(text).toContain("Row 8, 12:30:00 Today's code decides the same. It was decided by version 1.2.3.");
  expect(text).toContain("From WebEx, as it may have stood on the wire <W2A_UpdateUser/>");
  expect(text).toContain("caller c1 changed Field Before After muted false true");
  expect(page.all("del")).toEqual(["false"]);
  expect(page.all("ins")).toEqual(["true"]);
  expect(page.all("mark")).toEqual(["caller c1", "caller c1"]);
  expect(text).toContain('To the bridge: mute {"id":"k1","command":{"type":"mute","call":"c1"}}');
  expect(text).toContain("To tsp1: caller-changed <A2W_NotifyUserChange/>");
  expect(page.all("li").slice(-4)).toEqual([
    "Confirmed: document t0 of tsp1 with caller-entered.",
    "Not delivered: document t2 to tsp1, attempt 2: refused.",
    "Repaired: what the bridge holds differed (muted).",
    "Noted: odd.",
  ]);
});

test.each([
  [{ is: "differs", where: "caller/c1.muted" }, "Today's code decides otherwise. It differs first at caller/c1.muted."],
  [
    { is: "may differ", why: "the rows before are gone" },
    "Today's code may decide otherwise: the rows before are gone.",
  ],
] as const)("a verdict of %o is told in a sentence", (verdict, sentence) => {
  expect(shown(step({ verdict })).text).toContain(sentence);
});

test.each([
  [null, "Nothing came. What changed follows from something else, such as WebEx's Confirmation."],
  [{ type: "time", at: now }, "The time had come for something that was due."],
  [
    { type: "undelivered", at: now, messages: [{ type: "caller-entered" }] },
    "A document was given up: WebEx did not confirm caller-entered.",
  ],
  [
    { type: "operator", at: now, id: "a", person: "anna", request: { type: "mute", call: "c1" } },
    "anna asked: mute, call c1.",
  ],
  [
    { type: "operator", at: now, id: "a", person: "anna", request: { type: "end" }, withoutBridge: true },
    "anna asked: end. The settings did not have its bridge any more.",
  ],
  [
    { type: "probe", at: now, id: "probe 9", person: "anna", host: "tsp1" },
    "anna wanted tsp1 to be asked whether it is back.",
  ],
  [
    { type: "bridge", at: now, elsewhere: "north", reports: [] },
    "An agent of north, which is not the conference's bridge, reported:",
  ],
])("what came is told in a sentence: %o", (input, sentence) => {
  expect(shown(step({ input: input as never })).text).toContain(sentence);
});

test("previous and next lead to the rows beside, also by key, and end with the journal", () => {
  const page = shown(step());
  expect([page.linkTo("p Previous"), page.linkTo("n Next")]).toEqual([`${path}?row=7`, `${path}?row=9`]);
  expect(page.html).toMatch(/data-key="n"/);
  const only = shown(step(), null, null);
  expect([only.linkTo("p Previous"), only.linkTo("n Next")]).toEqual([undefined, undefined]);
});

test("the command that saves the conference as a test is there to be copied, with quotes where a shell needs them", () => {
  expect(shown(step()).text).toContain("bridgehead save-test 987654321 --domain local > 987654321.txt");
  const frame = { ...frameFor(), confKey: "7 o'clock" as ConfKey };
  const odd = new Shown(ReplayPage({ frame, step: step(), previous: null, next: null }));
  expect(odd.text).toContain("save-test '7 o'\\''clock' --domain local > '7 o'\\''clock.txt'");
});

test("a step that was too long for one answer says so", () => {
  expect(shown(step()).text).not.toContain("too long to be shown whole");
  expect(shown(step({ isCut: true })).text).toContain("too long to be shown whole");
});

test("a row that is not there leads to the first one", () => {
  const page = shown(null, 12, null);
  expect(page.text).toContain("The journal has no such row, nor one behind it.");
  expect(page.linkTo("To the first row")).toBe(path);
  expect(page.linkTo("p Previous")).toBe(`${path}?row=12`);
});

test("a state of 1,000 callers is not shown whole", () => {
  const callers = Array.from({ length: 1_000 }, (_, index) => ({ ...caller, call: `c${index}` }));
  const page = shown(
    step({ before: state({ callers }), after: state({ callers: callers.map((one) => ({ ...one, muted: true })) }) }),
  );
  expect(page.text).toContain("and 900 more");
  expect(page.html.length).toBeLessThan(150_000);
});
