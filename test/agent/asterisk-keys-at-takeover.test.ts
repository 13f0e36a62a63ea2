import { describe, expect, test } from "vitest";
import { reconcile } from "../../bridge-agent/drivers/asterisk/acts/reconcile.ts";
import { applyEvent } from "../../bridge-agent/drivers/asterisk/mirror/apply-event.ts";
import { Mirror, newCall } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { callNotesOf } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { parseDialSequence } from "../../src/bridge/dial-sequences.ts";
import { type KeypadRules, press, promptAfter, resume } from "../../src/bridge/keypad.ts";
import { caller, channel, key, owner, pressed, snapshot } from "./asterisk-messages.ts";

/* The keys of a caller at the prompt, from one agent by way of Asterisk to the keypad of the next one. */

const sequences = ["*01*[AccessCode]#[AttendeeID]#*01*", "*01*[AccessCode]#[ProfileID]#[PIN]#*01*"].flatMap(
  (each) => parseDialSequence(each) ?? [],
);
const rules: KeypadRules = {
  codes: { merge: "*1", mute: "*6" },
  sequences,
  find: (keyed) => (keyed === key ? { conference: key, host: false, anonymousId: null, locked: false } : null),
};

/** Of an agent that takes over a caller who has keyed this. */
function mirrorWith(noted: string): Mirror {
  const mirror = new Mirror({ owner, dialIn: ["18005551234"] });
  const notes = callNotesOf(newCall(caller, "in", { number: "14085550001", dialled: "18005551234", keys: noted }));
  const seen = snapshot({ channels: [channel(caller)], callNotes: new Map([[caller, notes]]) });
  reconcile(mirror, seen, mirror.version, true);
  return mirror;
}

/**
 * As whom the conference gets the caller, what it is asked in the end, and as whom it goes in by keying that: `noted` was keyed with the agent before, `early` before the first
 * snapshot of this one, `rest` later.
 */
function takenOver(noted: string, early: string, rest: string) {
  const mirror = mirrorWith(noted);
  for (const each of early) applyEvent(mirror, pressed(caller, each));
  const [call] = mirror.state().calls;
  const resumed = resume(call?.stage === "prompted" ? call.keys : "", 0, rules);
  const after = press(resumed.keypad, { type: "keys", keys: rest, at: 0 }, rules);
  const late = press(after.keypad, { type: "time", at: 8_000 }, rules);
  const asked = promptAfter(null, late.keypad);
  const entry = asked === "attendee-id" ? "101#" : `${key}#101#`;
  const anew = press(late.keypad, { type: "keys", keys: entry, at: 8_000 }, rules);
  const admitted = [[resumed, after, late], [anew]].map((steps) =>
    steps.flatMap(({ actions }) => actions.flatMap((action) => (action.type === "admit" ? [action.attendeeId] : []))),
  );
  return { admitted, asked };
}

describe("an attendee ID that was half keyed, or of which a key may be lost, is asked for once more", () => {
  test.each([
    ["the takeover falls into it", `${key}#1`, "", "01#"],
    ["its first key is lost", `${key}#`, "", "01#"],
    ["its first key is lost, and the rest comes before the snapshot", `${key}#`, "01#", ""],
    ["a key amidst it is lost, and the rest comes before the snapshot", `${key}#1`, "1#", ""],
    ["all of it is lost but the end", `${key}#10`, "", "#"],
    ["a telephone dials it", `*01*${key}#1`, "", "01#*01*"],
    ["a telephone dials it, and its first key is lost", `*01*${key}#`, "", "01#*01*"],
    ["a telephone dials it, and the rest comes before the snapshot", `*01*${key}#1`, "1#*01*", ""],
  ])("%s", (_, noted, early, rest) => {
    expect(takenOver(noted, early, rest)).toEqual({ admitted: [[], ["101"]], asked: "attendee-id" });
  });
});

test.each([
  ["whose key is half keyed", "98765", "", "4321#"],
  ["whose key is half keyed, and who begins anew", "98765", "", `${key}#101#`],
  ["whose telephone dials the opening", "*0", "", `1*${key}#101#*01*`],
  ["whose telephone dials the key", `*01*${key.slice(0, 5)}`, "", `${key.slice(5)}#101#*01*`],
  ["whose telephone dials the key before the snapshot", `*01*${key.slice(0, 5)}`, `${key.slice(5)}#101#*01*`, ""],
  ["of whose telephone keys are lost after the opening, before the snapshot", "*01*", `${key}#101#*01*`, ""],
  ["whose first keys are lost, and the rest comes before the snapshot", "", `${key}#101#`, ""],
  ["whose first keys are lost, and the rest comes after it", "", "", `${key}#101#`],
  ["whose key is lost, and not its end", "", `#${key}#`, ""],
  ["of whose telephone a key is lost", `*01*${key.slice(0, 5)}`, "", `${key.slice(6)}#101#*01*`],
])("a caller is asked for the conference key once more: %s", (_, noted, early, rest) => {
  expect(takenOver(noted, early, rest)).toEqual({ admitted: [[], ["101"]], asked: "welcome" });
});

test("who has keyed all goes in", () => {
  expect(takenOver(`${key}#101#`, "", "").admitted[0]).toEqual(["101"]);
  expect(takenOver(`*01*${key}#77#88#*01*`, "", "").admitted[0]).toEqual([null]);
});

describe("a caller who has keyed all goes in, and no star for a doubt begins a code there:", () => {
  const noted = `${key}#444#`;
  const admit = { type: "admit", conference: key, attendeeId: "444", silent: false, host: false };

  test.each([
    ["one that stands behind all, before the end of the mute code", `${noted}*`, "", "6"],
    ["one that stands behind all, before the end of the merge code", `${noted}*`, "", "1012#"],
    ["one before a key that came before the first snapshot", noted, "6", ""],
    ["one before a key that comes while the caller is let in", noted, "", "6"],
    ["one before keys that come while the caller is let in", noted, "", "1012#"],
    ["a mute code before the first snapshot, of which nobody knows how old it is", `${noted}*6`, "*", "6"],
  ])("%s", (_, keys, early, onTheWay) => {
    const mirror = mirrorWith(keys);
    for (const each of early) applyEvent(mirror, pressed(caller, each));
    const [call] = mirror.state().calls;
    let { keypad, actions } = resume(call?.stage === "prompted" ? call.keys : "", 0, rules);
    for (const each of onTheWay) {
      for (const report of applyEvent(mirror, pressed(caller, each)).reports) {
        if (report.type !== "keys") continue;
        const step = press(keypad, { ...report, at: 0 }, rules);
        keypad = step.keypad;
        actions = [...actions, ...step.actions];
      }
    }
    const late = press(keypad, { type: "time", at: 10_000 }, rules);
    expect([...actions, ...late.actions]).toEqual([admit]);
    expect(press(late.keypad, { type: "keys", keys: "*6", at: 10_000 }, rules).actions).toEqual([
      { type: "toggle-mute" },
    ]);
  });
});
