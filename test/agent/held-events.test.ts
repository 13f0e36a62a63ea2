import { describe, expect, test } from "vitest";
import { HangUps } from "../../bridge-agent/callers/hang-ups.ts";
import { Keypads } from "../../bridge-agent/callers/keypads.ts";
import { Legs } from "../../bridge-agent/callers/legs.ts";
import { PromptCalls } from "../../bridge-agent/callers/prompt-calls.ts";
import { PendingCommands } from "../../bridge-agent/core/pending-commands.ts";
import { Reports } from "../../bridge-agent/core/reports.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { KEY, openedJournal } from "./agent-world.ts";

/* `Keypads.heldEvent`: what happens on the bridge while no caller may be led in. */

const caller = "c1" as CallId;
const other = "c2" as CallId;

/** An agent's legs, and a conference that runs. */
function heldLegs() {
  const journal = openedJournal(":memory:");
  const contents = journal.load();
  const reports = new Reports(journal, contents);
  const pending = new PendingCommands(journal, contents);
  let ids = 0;
  const newId = () => `keypad-${++ids}` as CommandId;
  const legs = new Legs({ saveStart() {}, deleteStart() {} });
  const hangUps = new HangUps(legs, newId);
  const promptCalls = new PromptCalls(journal, contents, reports);
  const keypads = new Keypads({ legs, hangUps, pending, reports, promptCalls, newId, log: () => {} });
  keypads.edgeBack(0);
  reports.change(KEY, { live: true, anonymousId: "999" });
  const held = (event: Parameters<Keypads["heldEvent"]>[0], at = 0) => keypads.heldEvent(event, at);
  const keys = (each: string, at = 0, inDoubt = false) =>
    held({ type: "keys", call: caller, keys: each, ...(inDoubt && { inDoubt }) }, at);
  const announced = () => keypads.announcements().map(({ call, announcement }) => `${call} ${announcement}`);
  /** Callers may be led in from now on. */
  const resume = (at = 0) => keypads.resumePrompts([], at);
  const begun = () => pending.begin(0).map(({ command }) => command);
  return { legs, hangUps, keypads, pending, held, keys, announced, resume, begun };
}

/** A caller who has reached the prompt and is asked for its key. */
function atPrompt() {
  const world = heldLegs();
  world.keypads.prompted({ call: caller, number: "14085551234", dialled: "" });
  world.announced();
  return world;
}

/** A caller in the conference. */
function inside(attendeeId = "") {
  const world = atPrompt();
  const { legs, keypads, pending } = world;
  keypads.keys({ call: caller, keys: `${KEY}#${attendeeId}#` }, 0);
  for (const admit of pending.begin(0)) pending.finish(admit, false);
  const leg = legs.find(caller);
  if (leg) legs.entered(leg, KEY, MAIN_ROOM, attendeeId === "999");
  world.announced();
  return world;
}

test("a new caller is told to wait, also where a conference runs, and is asked when callers are led in again", () => {
  const { legs, held, announced, resume } = heldLegs();

  held({ type: "prompted", call: caller, number: "14085551234", dialled: "18005551234" });

  expect(announced()).toEqual([`${caller} please-wait`]);
  expect(legs.views).toMatchObject([{ call: caller, number: "14085551234", stage: "prompted" }]);
  resume();
  expect(announced()).toEqual([`${caller} welcome`]);
});

test("no key of a caller at the prompt counts until callers are led in again; then all count, in order", () => {
  const { keys, resume, begun } = atPrompt();

  for (const each of `${KEY}#444#`) keys(each);

  expect(begun()).toEqual([]);
  resume();
  expect(begun()).toMatchObject([{ type: "admit", call: caller, attendeeId: "444" }]);
  resume();
  expect(begun()).toEqual([]);
});

test("they count behind those that were keyed before", () => {
  const { keypads, keys, resume, begun } = atPrompt();
  keypads.keys({ call: caller, keys: `${KEY}#4` }, 0);

  keys("44#");
  resume();

  expect(begun()).toMatchObject([{ type: "admit", attendeeId: "444" }]);
});

test("what is keyed behind all that leads in has no effect in the conference, least of all a key in doubt", () => {
  const { keypads, pending, keys, resume } = atPrompt();

  keys(`${KEY}#444#`);
  keys("6", 0, true);
  resume();
  keypads.keys({ call: caller, keys: "6" }, 0);

  expect(pending.unfinished()).toMatchObject([{ command: { type: "admit", attendeeId: "444" } }]);
});

test("keys in doubt stay so: what they are part of is asked for again", () => {
  const { keypads, keys, announced, resume, begun } = atPrompt();

  keys("98", 0, true);
  keys(`7654321##`);
  resume();
  keypads.timePassed(4_000);

  expect(begun()).toEqual([]);
  expect(announced()).toEqual([`${caller} welcome`]);
});

test("a key takes back what its caller was about to hear, and counts as a sign of life", () => {
  const { keypads, held, keys, announced } = heldLegs();
  held({ type: "prompted", call: caller, number: "", dialled: "" });

  keys("9", 1_000);

  expect(announced()).toEqual([]);
  keypads.heldTimePassed(16_000);
  expect(announced()).toEqual([]);
  keypads.heldTimePassed(17_000);
  expect(announced()).toEqual([`${caller} please-wait`]);
});

test("a code that a caller in the conference was keying has no effect, neither then nor later", () => {
  const { keypads, keys, resume, begun } = inside();
  keypads.keys({ call: caller, keys: "*" }, 0);

  keys("6");
  resume();
  keypads.timePassed(10_000);
  keypads.keys({ call: caller, keys: "6" }, 10_000);

  expect(begun()).toEqual([]);
  keypads.keys({ call: caller, keys: "*6" }, 10_000);
  expect(begun()).toEqual([{ type: "mute", call: caller }]);
});

test("a silent monitor stays one", () => {
  const { keypads, keys, resume, begun } = inside("999");

  keys("*6");
  resume();
  keypads.keys({ call: caller, keys: "*6" }, 0);

  expect(begun()).toEqual([]);
});

describe("a caller whom the bridge was about to let in, and of whom nobody knows what became,", () => {
  const found = { stage: "prompted", call: caller, number: "", dialled: "", keys: `${KEY}#444#` } as const;

  /** The bridge was lost after the admission had begun. */
  function inDoubt() {
    const world = atPrompt();
    const { legs, keypads, pending } = world;
    keypads.keys({ call: caller, keys: `${KEY}#444#` }, 0);
    const [admit] = pending.begin(0);
    if (!admit) throw new Error("no admission");
    pending.setInDoubt(admit, false);
    keypads.clear();
    world.announced();
    /** As the bridge shows it now. */
    const enter = () => {
      pending.finish(admit, false);
      const leg = legs.find(caller);
      if (leg) legs.entered(leg, KEY, MAIN_ROOM, false);
    };
    return { ...world, enter };
  }

  test("is neither told to wait nor asked anew", () => {
    const { hangUps, keypads, announced, resume } = inDoubt();

    keypads.reconcileHeld([found], 0);
    keypads.heldTimePassed(60_000);
    resume(60_000);
    keypads.timePassed(120_000);

    expect([announced(), hangUps.begin()]).toEqual([[], []]);
  });

  test("has its mute key as soon as it is in", () => {
    const { keypads, keys, enter, resume, begun } = inDoubt();

    keypads.reconcileHeld([found], 0);
    keys("6", 0, true);
    resume();
    enter();
    keypads.keys({ call: caller, keys: "6" }, 0);
    expect(begun()).toEqual([]);
    keypads.keys({ call: caller, keys: "*6" }, 0);
    expect(begun()).toEqual([{ type: "mute", call: caller }]);
  });

  test("is led in once, though it was found at the prompt before and keyed on there", () => {
    const { legs, pending, keys, resume } = inDoubt();

    legs.reconcile([found]);
    keys(`${KEY}#555#*6`);
    resume();

    expect(pending.unfinished()).toMatchObject([{ command: { type: "admit", attendeeId: "444" } }]);
  });
});

test("a caller who comes in while it is at the prompt is a caller inside: nothing that it keyed there counts, and nobody hangs up on it", () => {
  const { legs, hangUps, keypads, held, keys, announced, resume, begun } = heldLegs();
  held({ type: "prompted", call: caller, number: "", dialled: "" });
  keys("98");
  const leg = legs.find(caller);
  if (leg) legs.entered(leg, KEY, MAIN_ROOM, false);
  announced();

  resume();
  keypads.timePassed(60_000);

  expect([announced(), hangUps.begin(), begun()]).toEqual([[], [], []]);
  keypads.keys({ call: caller, keys: "*6" }, 60_000);
  expect(begun()).toEqual([{ type: "mute", call: caller }]);
});

test("a caller at the prompt whom a state shows inside has its mute key, and nobody hangs up on it", () => {
  const { legs, hangUps, keypads, begun } = atPrompt();
  const how = { direction: "in", number: "", muted: false, joinTone: true, attendeeId: null, talking: false } as const;

  legs.showEntered([{ stage: "entered", call: caller, conference: KEY, room: MAIN_ROOM, ...how }]);
  keypads.timePassed(60_000);

  expect(hangUps.begin()).toEqual([]);
  expect(legs.views).toMatchObject([{ call: caller, conference: KEY, stage: "entered" }]);
  keypads.keys({ call: caller, keys: "*6" }, 60_000);
  expect(begun()).toEqual([{ type: "mute", call: caller }]);
});

test("keys of a call that is being dialled mean nothing, nor do those of an unknown one", () => {
  const { legs, keypads, held, keys, announced, resume, begun } = heldLegs();
  legs.dialled(caller, "14085551234", KEY);

  keys("*6");
  held({ type: "keys", call: other, keys: `${KEY}##` });
  resume();

  expect([begun(), announced(), legs.count]).toEqual([[], [], 1]);
  const leg = legs.find(caller);
  if (leg) legs.entered(leg, KEY, MAIN_ROOM, true);
  keypads.keys({ call: caller, keys: "*6" }, 0);
  expect(begun()).toEqual([]);
});

test("who is hung up on hears why, whatever it keys, and is not led in", () => {
  const { keypads, keys, announced, resume, begun } = atPrompt();
  keypads.keys({ call: caller, keys: "1#2#3#" }, 0);

  keys(`${KEY}##`);
  resume();

  expect([begun(), announced()]).toEqual([[], [`${caller} unknown-conference`]]);
});

test("who hangs up is gone, and so is everybody in a conference that ends, but nobody else", () => {
  const { legs, held } = inside();
  held({ type: "prompted", call: other, number: "", dialled: "" });
  held({ type: "conference-ended", conference: "1" as ConfKey });
  expect(legs.count).toBe(2);

  held({ type: "conference-ended", conference: KEY });
  expect(legs.views.map(({ call }) => call)).toEqual([other]);
  held({ type: "ended", call: other, conference: null, reason: "hung-up" });
  expect(legs.count).toBe(0);
});

test("what else happens is part of the state that the agent asks for later", () => {
  const { legs, held, announced, begun } = inside();
  const before = legs.views;

  held({ type: "answered", call: caller, conference: KEY });
  held({ type: "talking", call: caller, conference: KEY, talking: true });
  held({ type: "lock-changed", conference: KEY, locked: true });

  expect([legs.views, announced(), begun()]).toEqual([before, [], []]);
});
