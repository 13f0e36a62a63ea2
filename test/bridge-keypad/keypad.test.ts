import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  inside,
  type Keypad,
  type KeypadAction,
  type KeypadRules,
  press,
  promptAfter,
  prompted,
  resume,
} from "../../src/bridge/keypad.ts";

const rules: KeypadRules = {
  codes: { merge: "*1", mute: "*6" },
  find: (key) => {
    if (key === "987654321") return { anonymousId: "0444", locked: false };
    if (key === "111") return { anonymousId: null, locked: true };
    if (key === "222") return { anonymousId: null, locked: false, full: true };
    return null;
  },
};

function keyed(keys: string, from: Keypad = prompted(0), by: KeypadRules = rules): readonly KeypadAction[] {
  return press(from, { type: "keys", keys, at: 0 }, by).actions;
}

function admit(attendeeId: string | null, silent = false, conference = "987654321"): KeypadAction {
  return { type: "admit", conference, attendeeId, silent } as KeypadAction;
}
const silent: KeypadAction = { type: "hang-up", why: "silent" };
const unknownKeys: KeypadAction = { type: "hang-up", why: "unknown-keys" };
const isFull: KeypadAction = { type: "hang-up", why: "full" };
const isLocked: KeypadAction = { type: "hang-up", why: "locked" };
const toggle: KeypadAction = { type: "toggle-mute" };
const identify = (attendeeId: string): KeypadAction => ({ type: "identify", attendeeId });

describe("at the prompt", () => {
  test.each<[string, string, KeypadAction[]]>([
    ["a known key and an attendee ID lead in", "987654321#444#", [admit("444")]],
    ["a known key and only # lead in without attendee ID", "987654321##", [admit(null)]],
    ["a known key alone waits for the attendee ID", "987654321#", []],
    ["an unknown key may be keyed again", "5#987654321#444#", [admit("444")]],
    ["the third unknown key ends the call", "5#6#7#987654321##", [unknownKeys]],
    ["two unknown keys do not end the call", "5#6#987654321##", [admit(null)]],
    ["a # with nothing before it is no key", "####987654321##", [admit(null)]],
    ["a star takes back what was keyed", "12*987654321#55*444#", [admit("444")]],
    ["a locked conference ends the call at its key", "111#", [isLocked]],
    ["a full conference ends the call at its key", "222#", [isFull]],
    ["an attendee ID of 64 digits is the longest", `987654321#${"4".repeat(64)}#`, [admit("4".repeat(64))]],
    ["a longer one is no attendee ID: its caller is led in without", `987654321#${"4".repeat(65)}#`, [admit(null)]],
    ["an endless one, too", `987654321#${"4".repeat(500)}#`, [admit(null)]],
    ["a star takes back one that was too long", `987654321#${"4".repeat(500)}*444#`, [admit("444")]],
    ["an attendee ID equal to the AnonymousID makes a silent monitor", "987654321#0444#", [admit("0444", true)]],
    ["attendee IDs are compared as digit strings", "987654321#444#", [admit("444")]],
    ["other signs than keys are passed over", "98 76A54321#\n44é4#", [admit("444")]],
    ["an endless key matches nothing", `${"9".repeat(500)}#987654321##`, [admit(null)]],
    [
      "what follows the admission is for the conference",
      "987654321#444#*6*1555#",
      [admit("444"), toggle, identify("555")],
    ],
  ])("%s", (_, keys, actions) => {
    expect(keyed(keys)).toEqual(actions);
  });

  test("an absent AnonymousID never matches, not even an empty attendee ID (protocol 4.18)", () => {
    const find = () => ({ anonymousId: null, locked: false });
    expect(keyed("987654321##", prompted(0), { ...rules, find })).toEqual([admit(null)]);
    const empty = () => ({ anonymousId: "", locked: false });
    expect(keyed("987654321##", prompted(0), { ...rules, find: empty })).toEqual([admit(null)]);
  });

  test("a conference that was locked while its caller keyed the attendee ID refuses", () => {
    const { keypad } = press(prompted(0), { type: "keys", keys: "987654321#", at: 0 }, rules);
    const locked = { ...rules, find: () => ({ anonymousId: null, locked: true }) };
    expect(keyed("444#", keypad, locked)).toEqual([isLocked]);
  });

  test("a conference that ended while its caller keyed the attendee ID counts as an unknown key", () => {
    const { keypad } = press(prompted(0), { type: "keys", keys: "987654321#", at: 0 }, rules);
    const gone = { ...rules, find: () => null };
    expect(keyed("444#1#", keypad, gone)).toEqual([]);
    expect(keyed("444#1#2#", keypad, gone)).toEqual([unknownKeys]);
  });

  test("a caller who keys nothing for 30 s is hung up, once", () => {
    const at = (now: number, keypad: Keypad) => press(keypad, { type: "time", at: now }, rules);
    expect(at(29_999, prompted(0)).actions).toEqual([]);
    const { keypad, actions } = at(30_000, prompted(0));
    expect(actions).toEqual([silent]);
    expect(at(90_000, keypad).actions).toEqual([]);
    const keying = press(prompted(0), { type: "keys", keys: "9", at: 20_000 }, rules).keypad;
    expect(at(49_999, keying).actions).toEqual([]);
    expect(at(50_000, keying).actions).toEqual([silent]);
  });
});

describe("a caller at the prompt who is new to this agent", () => {
  const runs = (...running: string[]): KeypadRules => ({
    ...rules,
    find: (key) => (running.includes(key) ? { anonymousId: null, locked: false } : null),
  });
  const admitted = (conference: string, attendeeId: string | null) => admit(attendeeId, false, conference);

  /** What the keys of before bring about, and then what follows when the caller keys `more`. */
  function resumed(keys: string, more: string, by = runs("11", "22")) {
    const { keypad, actions } = resume(keys, 0, by);
    return [actions, press(keypad, { type: "keys", keys: more, at: 0 }, by).actions];
  }

  test.each<[string, string, string, KeypadAction[], KeypadAction[]]>([
    ["who has keyed all goes in", "11#444#", "*6", [admitted("11", "444")], [toggle]],
    ["who has keyed no attendee ID but # goes in", "11##", "", [admitted("11", null)], []],
    ["who keys the attendee ID goes on with it", "11#44", "4#", [], [admitted("11", "444")]],
    ["who keys the first conference key goes on with it", "1", "1#4#", [], [admitted("11", "4")]],
    ["who keyed another key before goes where it keyed last", "11#22#", "444#", [], [admitted("22", "444")]],
    ["who keyed the key too early and again is asked once more", "11#11#", "444#", [], [admitted("11", "444")]],
    ["who keyed the key twice and all goes in", "11#11#444#", "", [admitted("11", "444")], []],
    ["who keys the key again is asked once more", "11#1", "1#444#", [], [admitted("11", "444")]],
    ["who keys another key after all goes there", "11#2", "2#444#", [], [admitted("22", "444")]],
    ["who is asked for the attendee ID may key another key", "11#", "22#444#", [], [admitted("22", "444")]],
    ["an unknown key before does not matter", "5#11#44", "4#", [], [admitted("11", "444")]],
    ["a key with a star in it counts as keyed", "99*11#4", "#", [], [admitted("11", "4")]],
    ["who has keyed what nobody knows begins anew", "5#6#7#", "11#444#", [], [admitted("11", "444")]],
    ["who has keyed what nobody knows goes on behind it", "5#6#1", "1#444#", [], [admitted("11", "444")]],
    [
      "what follows the admission is for the conference",
      "11#444#*6*1555#",
      "",
      [admitted("11", "444"), toggle, identify("555")],
      [],
    ],
  ])("%s", (_, keys, more, before, after) => {
    expect(resumed(keys, more)).toEqual([before, after]);
  });

  test("a locked conference ends the call, if its key is the last one", () => {
    const find = (key: string) => (key === "11" ? { anonymousId: null, locked: true } : runs("22").find(key));
    expect(resumed("11#", "", { ...rules, find })[0]).toEqual([isLocked]);
    expect(resumed("11#22#4#", "", { ...rules, find })[0]).toEqual([admitted("22", "4")]);
  });
});

describe("in the conference", () => {
  test.each<[string, string, KeypadAction[]]>([
    ["the mute code mutes, and again unmutes", "*6*6", [toggle, toggle]],
    ["a # after the mute code changes nothing", "*6#*6#", [toggle, toggle]],
    ["the merge code, an attendee ID and # identify", "*1555#", [identify("555")]],
    ["a merge code without attendee ID says nothing", "*1#", []],
    ["a star too many is forgiven", "**6", [toggle]],
    ["digits before a code are passed over", "123#45*6", [toggle]],
    ["an attendee ID may hold the digits of the mute code", "*1666#", [identify("666")]],
    ["a code begun anew within an attendee ID counts", "*15*6", [toggle]],
    ["an unknown code is passed over", "*9*6", [toggle]],
    ["an endless attendee ID is no attendee ID and wedges nothing", `*1${"5".repeat(500)}#*6`, [toggle]],
  ])("%s", (_, keys, actions) => {
    expect(keyed(keys, inside(false))).toEqual(actions);
  });

  test("a silent monitor cannot unmute itself", () => {
    expect(keyed("*6*1555#", inside(true))).toEqual([identify("555")]);
  });

  describe("where the merge code begins like the mute code", () => {
    const alike = { ...rules, codes: { merge: "*61", mute: "*6" } };
    test.each<[string, string, KeypadAction[]]>([
      ["both are understood", "*61555#*6#", [identify("555"), toggle]],
      ["the mute code is understood by what follows", "*6*6#", [toggle, toggle]],
      ["other digits after it are not its own", "*67*61555#", [toggle, identify("555")]],
    ])("%s", (_, keys, actions) => {
      expect(keyed(keys, inside(false), alike)).toEqual(actions);
    });

    test("after a pause the mute code stands alone", () => {
      const { keypad } = press(inside(false), { type: "keys", keys: "*6", at: 1_000 }, alike);
      expect(press(keypad, { type: "time", at: 2_999 }, alike).actions).toEqual([]);
      expect(press(keypad, { type: "time", at: 3_000 }, alike).actions).toEqual([toggle]);
    });
  });

  test("one code for both merges with an attendee ID and mutes without", () => {
    const same = { ...rules, codes: { merge: "*1", mute: "*1" } };
    expect(keyed("*1555#*1#", inside(false), same)).toEqual([identify("555"), toggle]);
  });
});

const keys = fc.string({ unit: fc.constantFrom(..."0123456789*#"), maxLength: 40 });

test("keys one at a time mean what they mean at once", () => {
  fc.assert(
    fc.property(keys, (text) => {
      let keypad = prompted(0);
      const actions: KeypadAction[] = [];
      for (const key of `987654321#${text}`) {
        const step = press(keypad, { type: "keys", keys: key, at: 0 }, rules);
        keypad = step.keypad;
        actions.push(...step.actions);
      }
      expect(actions).toEqual(keyed(`987654321#${text}`));
    }),
  );
});

test("whatever was keyed before, # and the mute code are understood", () => {
  fc.assert(
    fc.property(keys, (text) => {
      expect(keyed(`${text}#*6`, inside(false)).at(-1)).toEqual(toggle);
    }),
  );
});

test("a call is admitted or hung up at most once, and neither after the other", () => {
  const any = fc.array(fc.oneof(keys, fc.constantFrom("987654321#", "111#", "#")));
  fc.assert(
    fc.property(any, (parts) => {
      const ends = keyed(parts.join("")).filter(({ type }) => type === "admit" || type === "hang-up");
      expect(ends.length).toBeLessThanOrEqual(1);
    }),
  );
});

describe("what a caller at the prompt is asked for", () => {
  const after = (keys: string, from = prompted(0)) =>
    promptAfter(from, press(from, { type: "keys", keys, at: 0 }, rules).keypad);

  test.each([
    ["a digit of a key", "9", null],
    ["a key that is known", "987654321#", "attendee-id"],
    ["an unknown key", "5#", "key-again"],
    ["an entry that is taken back", "98*", "welcome"],
    ["a # with nothing before it", "#", null],
    ["an attendee ID", "987654321#444#", null],
    ["the key of a locked conference", "111#", null],
  ] as const)("after %s", (_, keys, announcement) => {
    expect(after(keys)).toBe(announcement);
  });

  test("a new caller is welcomed", () => {
    expect(promptAfter(null, prompted(0))).toBe("welcome");
  });
});
