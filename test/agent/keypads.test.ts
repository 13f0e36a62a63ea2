import { expect, test } from "vitest";
import { HangUps } from "../../bridge-agent/callers/hang-ups.ts";
import { Keypads } from "../../bridge-agent/callers/keypads.ts";
import { Legs } from "../../bridge-agent/callers/legs.ts";
import { PromptCalls } from "../../bridge-agent/callers/prompt-calls.ts";
import { PendingCommands } from "../../bridge-agent/core/pending-commands.ts";
import { Reports } from "../../bridge-agent/core/reports.ts";
import type { Note } from "../../bridge-agent/service/log.ts";
import type { Command } from "../../src/bridge/commands.ts";
import type { KeypadCodes } from "../../src/bridge/keypad-codes.ts";
import { type CallId, type CommandId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { KEY, openedJournal } from "./agent-world.ts";

const [caller, other] = ["c1", "c2"] as [CallId, CallId];

/** An agent's keypads, with an edge that keeps calls at the prompt, and a conference that runs. */
function keypadsWorld({ codes = {}, maxCallers = null as number | null, lives = true } = {}) {
  const journal = openedJournal(":memory:");
  const contents = journal.load();
  const reports = new Reports(journal, contents);
  const pending = new PendingCommands(journal, contents);
  let ids = 0;
  const newId = () => `keypad-${++ids}` as CommandId;
  const legs = new Legs({ saveStart() {}, deleteStart() {} });
  const hangUps = new HangUps(legs, newId);
  const promptCalls = new PromptCalls(journal, contents, reports);
  const notes: Note[] = [];
  const keypads = new Keypads({ legs, hangUps, pending, reports, promptCalls, newId, log: (note) => notes.push(note) });
  keypads.edgeBack(0);
  keypads.assigned({ keypad: { merge: "*1", mute: "*6", ...codes } as KeypadCodes });
  if (lives) reports.change(KEY, { live: true, anonymousId: "999", maxCallers });
  const arrives = (call = caller, at = 0) => {
    legs.now = at;
    keypads.prompted({ call, number: "14085551234", dialled: "" });
    return legs.find(call) ?? expect.unreachable();
  };
  const announced = () => keypads.announcements().map(({ call, announcement }) => `${call} ${announcement}`);
  /** A caller who is inside, as the bridge has confirmed it. */
  const inside = (call = caller) => {
    const leg = arrives(call);
    keypads.keys({ call, keys: `${KEY}##` }, 0);
    for (const admit of pending.begin(0)) pending.finish(admit, false);
    legs.entered(leg, KEY, MAIN_ROOM, false);
    announced();
    return leg;
  };
  return {
    ...{ journal, legs, hangUps, keypads, pending, reports, notes, arrives, announced, inside },
    keys: (keys: string, at = 0, call = caller) => keypads.keys({ call, keys }, at),
    begun: () => pending.begin(0).map(({ command }) => command),
    ends: () => journal.load().promptCalls.map(({ call }) => call.end?.why ?? null),
  };
}

/** The mute code may grow into the merge code, so it waits for two seconds. */
const waiting = { codes: { merge: "*61" } };

test("time is waited for where it may bring something about: at the prompt, for a mute code that waits, and to hang up again", () => {
  const { keypads, hangUps, legs, keys, inside, announced } = keypadsWorld(waiting);
  expect(keypads.waitForTime).toBe(false);
  inside();
  expect(keypads.waitForTime).toBe(false);
  keys("*");
  expect(keypads.waitForTime).toBe(false);
  keys("6");
  expect(keypads.waitForTime).toBe(true);
  keypads.timePassed(2_000);
  expect(keypads.waitForTime).toBe(false);

  keypads.prompted({ call: other, number: "", dialled: "" });
  expect(keypads.waitForTime).toBe(true);
  keypads.hangUpOnCrowded(legs.find(other) ?? expect.unreachable());
  const [expel] = hangUps.begin();
  expect(keypads.waitForTime).toBe(false);
  hangUps.finished(expel?.id ?? expect.unreachable(), { done: "unknown" }, 0);
  expect(keypads.waitForTime).toBe(true);
  // Its port is needed: it hears no welcome either.
  expect(announced()).toEqual([]);
});

test("a mute code that waits acts after two seconds, once; while nobody may be led in, nothing becomes of it", () => {
  const world = keypadsWorld(waiting);
  world.inside();
  world.keys("*6");
  world.keypads.timePassed(1_999);
  expect(world.begun()).toEqual([]);
  world.keypads.timePassed(2_000);
  world.keypads.timePassed(4_000);
  expect(world.begun()).toEqual([{ type: "mute", call: caller }]);

  world.keys("*6", 10_000);
  world.keypads.heldTimePassed(600_000);
  expect([world.announced(), world.hangUps.begin(), world.legs.callsInside(KEY)]).toEqual([[], [], [caller]]);
  world.keypads.resumePrompts([], 600_000);
  expect([world.announced(), world.legs.callsInside(KEY)]).toEqual([[], [caller]]);
});

test("counts only callers in the prompt, and only after an arrival", () => {
  const { keypads, inside, keys, arrives } = keypadsWorld(waiting);
  inside();
  keys("*6");
  const leg = arrives(other);
  expect(keypads.arrivedAtPrompt()).toEqual([leg]);
  expect(keypads.arrivedAtPrompt()).toEqual([]);
});

test("a key of one caller takes back what that one was about to hear, and of nobody else", () => {
  const { arrives, keys, announced } = keypadsWorld();
  arrives();
  arrives(other);
  keys("9");
  expect(announced()).toEqual([`${other} welcome`]);
});

test("keys and an end of a call that is being dialled, or of one that nobody knows, mean nothing", () => {
  const { legs, keypads, keys, notes, announced, begun, ends } = keypadsWorld();
  legs.dialled(caller, "14085551234", KEY);
  keys(`${KEY}##*6`);
  keys("*6", 0, other);
  for (const call of [caller, other]) keypads.hungUp(call, 0);
  keypads.heldEvent({ type: "ended", call: other, conference: null, reason: "hung-up" }, 0);
  expect([announced(), begun(), ends(), notes]).toEqual([[], [], [], []]);
});

test("a caller who gives up has a line in the log if its keys were of no conference, and one who gets in behind them", () => {
  const { arrives, keys, keypads, notes } = keypadsWorld();
  arrives();
  keypads.hungUp(caller, 0);
  expect(notes).toEqual([]);
  arrives(other);
  keys("1#22#", 0, other);
  keypads.hungUp(other, 0);
  keys(`333#${KEY}##`);
  keys(`${KEY}#`, 0, other);
  expect(notes.map(({ text, unknown, conference }) => [text, unknown, conference])).toEqual([
    ["a caller hung up after 2 keys of no conference", 2, undefined],
    ["a caller found its conference after 1 key of no conference", 1, KEY],
  ]);
});

test("a caller who comes with the id of another one ends that one's story, and who is inside has none for a code that waits", () => {
  const { arrives, inside, keys, keypads, ends } = keypadsWorld(waiting);
  arrives(other);
  keys("1#", 0, other);
  arrives(other, 9);
  expect(ends()).toEqual(["lost"]);
  inside();
  keys("*6");
  keypads.timePassed(1_000);
  keypads.timePassed(6_000);
  expect(ends()).toEqual(["lost"]);
});

test("while nobody may be led in, who hangs up has a story, and so has who is gone from a state", () => {
  const { arrives, keypads, ends } = keypadsWorld();
  arrives();
  keypads.heldEvent({ type: "ended", call: caller, conference: null, reason: "hung-up" }, 3);
  expect(ends()).toEqual(["hung-up"]);
  arrives(other);
  keypads.keys({ call: other, keys: "1#" }, 0);
  keypads.reconcileHeld([], 5);
  expect(ends()).toEqual(["hung-up", "lost"]);
});

test("while nobody may be led in, only keys are kept for later", () => {
  const { arrives, keypads } = keypadsWorld();
  const leg = arrives();
  keypads.heldEvent({ type: "talking", call: caller, conference: KEY, talking: true }, 3);
  expect([leg.hasKeyed, leg.heldKeys]).toEqual([false, []]);
  keypads.heldEvent({ type: "keys", call: caller, keys: "9" }, 3);
  expect([leg.hasKeyed, leg.heldKeys.length]).toEqual([true, 1]);
});

test("what is kept of one event behind the keys that lead in has no effect in the conference", () => {
  const { arrives, keypads, pending } = keypadsWorld();
  arrives();
  keypads.heldEvent({ type: "keys", call: caller, keys: `${KEY}#444#*6` }, 0);
  keypads.resumePrompts([], 0);
  expect(pending.unfinished().map(({ command }) => command.type)).toEqual(["admit"]);
});

test("while an admission is under way, its caller goes on with a code across a look at the bridge, and one who is gone is let be", () => {
  const { arrives, keys, keypads, pending, legs } = keypadsWorld();
  arrives();
  keys(`${KEY}##`);
  const [admit] = pending.begin(0);
  keys("*");
  keypads.resumePrompts([], 0);
  keys("6");
  expect(pending.unfinished().map(({ command }) => command.type)).toEqual(["admit", "mute"]);
  legs.ended(caller);
  keypads.reconcileHeld([], 0);
  keypads.resumePrompts([], 0);
  expect(admit?.command.type).toBe("admit");
});

test("whom the bridge refuses to admit is hung up on if it led itself in, and is there; whom the edge admits is the edge's", () => {
  const { legs, arrives, keys, keypads, pending, hangUps } = keypadsWorld();
  const admit: Command<"admit"> = { type: "admit", call: other, muted: false, joinTone: true };
  legs.dialled(other, "14085551234", KEY);
  keypads.refused({ id: "e1" as CommandId, conference: KEY, origin: "edge", command: admit } as never, "locked");
  expect(hangUps.begin()).toEqual([]);
  arrives();
  keys(`${KEY}##`);
  const [own] = pending.begin(0);
  legs.ended(caller);
  keypads.refused(own ?? expect.unreachable(), "locked");
  expect(hangUps.begin()).toEqual([]);
  arrives();
  keypads.refused(own ?? expect.unreachable(), "locked");
  expect(hangUps.begin()).toMatchObject([{ command: { type: "expel", call: caller } }]);
});

test("what is to become of callers is forgotten with the link to the bridge", () => {
  const { arrives, keypads, hangUps, legs, announced } = keypadsWorld();
  keypads.hangUpOnCrowded(arrives());
  arrives(other);
  keypads.clear();
  expect([hangUps.begin(), legs.count, announced(), keypads.waitForTime]).toEqual([[], 0, [], false]);
});

test("without the edge a caller is turned away from a conference that is full, as from one that is locked", () => {
  const { inside, arrives, keys, keypads, announced, hangUps, reports } = keypadsWorld({ maxCallers: 1 });
  inside();
  keypads.edgeLost(0);
  arrives(other);
  keys(`${KEY}#`, 0, other);
  expect([announced(), hangUps.begin().length]).toEqual([[`${other} full`], 1]);
  reports.change(KEY, { locked: true, maxCallers: null });
  const last = "c3" as CallId;
  arrives(last);
  keys(`${KEY}#`, 0, last);
  expect([announced(), hangUps.begin().length]).toEqual([[`${last} locked`], 1]);
});

test("without the edge, who was silent or unclear for too long may go on; who has tried all its keys may not until the edge is back", () => {
  for (const before of ["", "9*"]) {
    const { arrives, keys, keypads, begun } = keypadsWorld();
    keypads.edgeLost(0);
    arrives();
    let now = 0;
    for (; now < 60_000; now += 1_000) {
      if (now % 10_000 === 0) keys(before, now);
      keypads.timePassed(now);
    }
    keys(`${KEY}##`, now);
    expect(begun()).toMatchObject([{ type: "admit" }]);
  }

  const { arrives, keys, keypads, begun } = keypadsWorld();
  keypads.edgeLost(0);
  arrives();
  keys("1#2#3#");
  keys(`${KEY}##`);
  expect(begun()).toEqual([]);
  keypads.edgeBack(1_000);
  keys(`${KEY}##`, 1_000);
  expect(begun()).toMatchObject([{ type: "admit" }]);
});

test("a caller who keys what is finished each time is not one who forgot a #", () => {
  const { arrives, keys, keypads, journal } = keypadsWorld();
  const leg = arrives();
  keys("1", 0);
  keys("#", 1_000);
  expect(leg.typingSince).toBeNull();
  keys("2", 2_000);
  keys("2", 3_000);
  expect(leg.typingSince).toBe(2_000);
  keypads.timePassed(7_999);
  expect(journal.load().promptCalls.at(-1)?.call).not.toHaveProperty("unfinished");
  keypads.timePassed(8_000);
  expect(journal.load().promptCalls.at(-1)?.call.unfinished).toEqual({ at: 8_000, digits: 2 });
});
