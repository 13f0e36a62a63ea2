import { expect, test } from "vitest";
import { Legs } from "../../bridge-agent/callers/legs.ts";
import { PromptCalls } from "../../bridge-agent/callers/prompt-calls.ts";
import type { JournalContents } from "../../bridge-agent/core/journal.ts";
import { Reports } from "../../bridge-agent/core/reports.ts";
import { prompted } from "../../src/bridge/keypad.ts";
import { inside } from "../../src/bridge/keypad-codes.ts";
import { MAX_PROMPT_STEPS } from "../../src/bridge/prompt-call.ts";
import type { BridgeCall } from "../../src/bridge/state.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import { KEY, openedJournal } from "./agent-world.ts";

/* `PromptCalls`, which keeps what callers at the prompt did until the edge has it. */

/** The stories of an agent whose edge keeps them, over a journal that outlives it. */
function stories(more: Partial<JournalContents> = {}) {
  const journal = openedJournal(":memory:");
  const legs = new Legs({ saveStart() {}, deleteStart() {} });
  let calls: PromptCalls;
  let reports: Reports;
  const begin = (changed: Partial<JournalContents> = {}) => {
    const contents = { ...journal.load(), ...changed };
    reports = new Reports(journal, contents);
    calls = new PromptCalls(journal, contents, reports);
  };
  begin(more);
  return {
    journal,
    legs,
    begin,
    get calls() {
      return calls;
    },
    get reports() {
      return reports;
    },
    arrives(id = "c1", at = 0) {
      legs.now = at;
      const leg = legs.prompted({ call: id as CallId, number: "1", dialled: "" });
      calls.arrived(leg.call, at);
      return leg;
    },
    wrongKey(leg: ReturnType<Legs["prompted"]>, at = 0, digits = 1) {
      calls.step(leg, { type: "wrong-key", at, digits });
    },
    /** What the journal has: which call, what was keyed in vain, and why it was over. */
    kept() {
      return journal.load().promptCalls.map(({ call: { call, steps, end } }) => [call, steps.length, end?.why ?? null]);
    },
    /** What is to be sent now, by call. */
    sent(at: number) {
      return calls.due(at).flatMap((one) => (one.type === "prompt-calls" ? [one] : []));
    },
  };
}

test("a message is sent again after a second without an ack, and one is under way at a time", () => {
  const world = stories();
  const leg = world.arrives();
  world.wrongKey(leg);
  expect(world.sent(1_000)).toMatchObject([{ upTo: 1, calls: [{ call: "c1" }] }]);
  world.wrongKey(leg);
  expect(world.sent(1_999)).toEqual([]);
  expect(world.sent(2_000)).toMatchObject([{ upTo: 2 }]);
});

test("an ack counts for the message that was sent last alone", () => {
  const world = stories();
  world.calls.acknowledge(1);
  const leg = world.arrives();
  world.wrongKey(leg);
  world.calls.hungUp(leg, 1);
  expect(world.sent(0)).toMatchObject([{ upTo: 2 }]);
  world.calls.acknowledge(1);
  world.calls.acknowledge(3);
  expect([world.kept(), world.calls.isWaiting]).toEqual([[["c1", 1, "hung-up"]], true]);
  world.calls.acknowledge(2);
  expect([world.kept(), world.calls.isWaiting]).toEqual([[], false]);
});

test("what the edge has of a call that goes on is kept, and sent again only when it changes", () => {
  const world = stories();
  const [first, second] = [world.arrives("c1"), world.arrives("c2")];
  world.wrongKey(first);
  world.sent(0);
  world.calls.acknowledge(1);
  world.wrongKey(second);
  expect(world.sent(0)).toMatchObject([{ upTo: 2, calls: [{ call: "c2" }] }]);
  world.calls.acknowledge(2);
  expect(world.kept()).toEqual([
    ["c1", 1, null],
    ["c2", 1, null],
  ]);
  world.wrongKey(first);
  expect(world.sent(0)).toMatchObject([{ upTo: 3, calls: [{ call: "c1", steps: [{}, {}] }] }]);
});

test("a call that is over stays as it ended, for an agent that begins anew and for a later call of its id", () => {
  const world = stories();
  world.wrongKey(world.arrives("c1"));
  world.calls.hungUpOn(world.legs.find("c1" as CallId) ?? expect.unreachable(), { why: "unknown-keys" }, null, null, 1);
  world.begin();
  world.calls.reconcile([], 5);
  const later = world.arrives("c1", 9);
  expect(world.kept()).toEqual([["c1", 1, "unknown-keys"]]);
  world.wrongKey(later);
  expect(world.calls.wrongKeys(later.call)).toBe(1);
  expect(world.sent(0)).toMatchObject([{ upTo: 3, calls: [{ at: 0 }, { at: 9, end: null }] }]);
  world.wrongKey(later);
  world.calls.acknowledge(3);
  world.wrongKey(later);
  expect([world.kept(), world.calls.wrongKeys(later.call)]).toEqual([[["c1", 3, null]], 3]);
});

test("of a call whose id comes again nobody saw how it ended, unless somebody did", () => {
  const world = stories();
  world.wrongKey(world.arrives("c1"));
  world.arrives("c1", 9);
  expect(world.kept()).toEqual([["c1", 1, "lost"]]);
  const other = world.arrives("c2");
  world.calls.hungUpOn(other, { why: "locked" }, other.keypad, null, 10);
  world.arrives("c2", 20);
  expect(world.kept()[1]).toEqual(["c2", 0, "locked"]);
});

test("of callers who are gone when the agent looks again, the bridge says how", () => {
  const world = stories();
  for (const id of ["stays", "entered", "hung-up", "failed", "gone"]) world.wrongKey(world.arrives(id));
  const shown = (call: string, stage: BridgeCall["stage"], more = {}) =>
    ({ call, stage, conference: KEY, ...more }) as BridgeCall;
  world.calls.reconcile(
    [
      ...[shown("stays", "prompted"), shown("entered", "entered")],
      ...[shown("hung-up", "ended", { reason: "hung-up" }), shown("failed", "ended", { reason: "failed" })],
    ],
    5,
  );
  expect(new Map(world.kept().map(([call, , why]) => [call, why]))).toEqual(
    new Map([
      ...([
        ["stays", null],
        ["entered", "entered"],
        ["hung-up", "hung-up"],
        ["failed", "lost"],
      ] as const),
      ["gone", "lost"],
    ]),
  );
  const { promptCalls } = world.journal.load();
  expect(promptCalls.find(({ call }) => call.call === "entered")?.call.end).toMatchObject({ conference: KEY, at: 5 });
});

test("who hangs up has a story where it is at the prompt or on the way in; a dialled call, or who was hung up on, has none of it", () => {
  const world = stories();
  world.legs.dialled("out" as CallId, "2", KEY);
  const over = world.arrives("over");
  over.keypad = { at: "over" };
  const onTheWay = world.arrives("on-the-way");
  world.legs.letIn(onTheWay, KEY, false);
  onTheWay.keypad = { ...inside(false), typed: "*144" };
  const within = world.arrives("within");
  within.entered = true;
  for (const id of ["out", "over", "on-the-way", "within"])
    world.calls.hungUp(world.legs.find(id as CallId) ?? expect.unreachable(), 3);
  expect(world.journal.load().promptCalls.map(({ call: { call, end } }) => [call, end])).toEqual([
    ["on-the-way", { at: 3, why: "hung-up", conference: KEY }],
  ]);
});

test("a conference that runs hears whom it turned away, after how long; one that does not run hears nothing", () => {
  const world = stories();
  world.reports.change(KEY, { live: true });
  const [here, there] = [world.arrives("c1", 1_000), world.arrives("c2", 1_000)];
  world.wrongKey(here);
  world.calls.hungUpOn(here, { why: "locked" }, here.keypad, KEY, 5_000);
  const other = "1" as ConfKey;
  world.calls.hungUpOn(there, { why: "refused", reason: "no-such-conference" }, there.keypad, other, 5_000);
  world.calls.hungUpOn(world.arrives("c4"), { why: "keyed-nothing" }, prompted(0), null, 5_000);
  const said = world.journal.load().conferences.flatMap(({ conference, reports }) =>
    reports.map(({ report }) => {
      if (report.type !== "event" || report.event.type !== "caller-turned-away") return expect.unreachable();
      const { call, why, waitedMs, wrongKeys } = report.event;
      return [conference, call, why, waitedMs, wrongKeys];
    }),
  );
  expect(said).toEqual([[KEY, "c1", "locked", 4_000, 1]]);
  expect(world.kept().map(([, , why]) => why)).toEqual(["locked", "refused", "keyed-nothing"]);
});

test("what is keyed in vain is said with its digits: those of unclear keys were seen before, those of a wrong key come with it", () => {
  const world = stories();
  const leg = world.arrives();
  const steps = () => world.journal.load().promptCalls.at(-1)?.call.steps;
  const types = (typed: string, at: number) => {
    leg.keypad = { ...prompted(at), typed };
    world.calls.unfinished(leg, at + 5_000);
  };
  world.calls.step(leg, { type: "unclear-keys", at: 1 });
  types("12345", 2);
  world.wrongKey(leg, 3, 7);
  types("123", 4);
  world.calls.step(leg, { type: "unclear-keys", at: 5 });
  expect(steps()).toEqual([
    { type: "unclear-keys", at: 1 },
    { type: "wrong-key", at: 3, digits: 7 },
    { type: "unclear-keys", at: 5, digits: 3 },
  ]);
  for (let at = 6; at < 60; at += 1) world.wrongKey(leg, at);
  expect(steps()).toHaveLength(MAX_PROMPT_STEPS);
  expect(steps()?.at(-1)).toMatchObject({ at: 59 });
});

test("where unfinished keys stand is said again when that has changed, five seconds later at the earliest", () => {
  const world = stories();
  const leg = world.arrives();
  const said = () => world.journal.load().promptCalls.at(-1)?.call.unfinished;
  leg.keypad = { ...prompted(0), typed: "123" };
  world.calls.unfinished(leg, 5_000);
  expect(said()).toEqual({ at: 5_000, digits: 3 });
  leg.keypad = { ...prompted(0), at: "attendee-id", conference: KEY, typed: "444" } as never;
  world.calls.unfinished(leg, 9_999);
  expect(said()).toEqual({ at: 5_000, digits: 3 });
  world.calls.unfinished(leg, 10_000);
  expect(said()).toEqual({ at: 10_000, digits: 3, conference: KEY });
  world.calls.unfinished(leg, 20_000);
  expect(said()?.at).toBe(10_000);
});

test("what the edge has already is dropped without a count, and drops alone are said, too", () => {
  const world = stories();
  world.wrongKey(world.arrives("open"));
  world.sent(0);
  world.calls.acknowledge(1);
  const hangsUp = (id: string) => world.calls.hungUp(world.arrives(id), 0);
  for (let count = 0; count < 1_000; count += 1) hangsUp(`c${count}`);
  expect([world.journal.load().droppedPromptCalls, world.kept().length]).toEqual([null, 1_000]);
  hangsUp("last");
  expect([world.journal.load().droppedPromptCalls?.count, world.kept().length]).toEqual([1, 1_000]);

  const next = stories({ droppedPromptCalls: { journal: "j", count: 3, acknowledged: 1 } });
  expect(next.calls.isWaiting).toBe(true);
  expect(next.sent(0)).toMatchObject([{ upTo: 0, calls: [], dropped: { journal: "j", count: 3 } }]);
  next.calls.acknowledge(0);
  expect([next.calls.isWaiting, next.journal.load().droppedPromptCalls?.acknowledged]).toEqual([false, 3]);
});
