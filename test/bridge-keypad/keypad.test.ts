import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDialSequence } from "../../src/bridge/dial-sequences.ts";
import {
  type Entrance,
  inside,
  type Keypad,
  type KeypadAction,
  type KeypadRules,
  press,
  promptAfter,
  prompted,
  resume,
} from "../../src/bridge/keypad.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";

function leadsTo(conference: string, more: Partial<Entrance> = {}): Entrance {
  return { conference: conference as ConfKey, host: false, anonymousId: null, locked: false, ...more };
}

const rules: KeypadRules = {
  codes: { merge: "*1", mute: "*6" },
  find: (key) => {
    if (key === "987654321") return leadsTo(key, { anonymousId: "0444" });
    if (key === "111") return leadsTo(key, { locked: true });
    if (key === "222") return leadsTo(key, { full: true });
    return null;
  },
};

function keyed(keys: string, from: Keypad = prompted(0), by: KeypadRules = rules): readonly KeypadAction[] {
  return press(from, { type: "keys", keys, at: 0 }, by).actions;
}

function admit(attendeeId: string | null, silent = false, conference = "987654321", host = false): KeypadAction {
  return { type: "admit", conference, attendeeId, silent, host } as KeypadAction;
}
const silent: KeypadAction = { type: "hang-up", why: "silent" };
const unknownKeys: KeypadAction = { type: "hang-up", why: "unknown-keys" };
const isFull: KeypadAction = { type: "hang-up", why: "full" };
const isLocked: KeypadAction = { type: "hang-up", why: "locked" };
const toggle: KeypadAction = { type: "toggle-mute" };
const identify = (attendeeId: string): KeypadAction => ({ type: "identify", attendeeId });

test("a conference that became full since its key was keyed ends the call at the attendee ID (protocol 4.2)", () => {
  const { keypad } = press(prompted(0), { type: "keys", keys: "987654321#444", at: 0 }, rules);
  const full: KeypadRules = { ...rules, find: (key) => leadsTo(key, { full: true }) };

  expect(keyed("#", keypad)).toEqual([admit("444")]);
  expect(keyed("#", keypad, full)).toEqual([isFull]);
});

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
    const find = () => leadsTo("987654321");
    expect(keyed("987654321##", prompted(0), { ...rules, find })).toEqual([admit(null)]);
    const empty = () => leadsTo("987654321", { anonymousId: "" });
    expect(keyed("987654321##", prompted(0), { ...rules, find: empty })).toEqual([admit(null)]);
  });

  test("a conference that was locked while its caller keyed the attendee ID refuses", () => {
    const { keypad } = press(prompted(0), { type: "keys", keys: "987654321#", at: 0 }, rules);
    const locked = { ...rules, find: () => leadsTo("987654321", { locked: true }) };
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
    find: (key) => (running.includes(key) ? leadsTo(key) : null),
  });
  const admitted = (conference: string, attendeeId: string | null) => admit(attendeeId, false, conference);

  /** What the keys of before bring about, and then what follows when the caller keys `more`. */
  function resumed(keys: string, more: string, by = runs("11", "22")) {
    const { keypad, actions } = resume(keys, 0, by);
    return [actions, press(keypad, { type: "keys", keys: more, at: 0 }, by).actions];
  }

  test.each<[string, string | null]>([
    ["whatever it keys", null],
    ["also for the AnonymousID of a silent monitor", "444"],
  ])("is asked for its attendee ID once more: a key may have been lost, %s (protocol 4.18)", (_, anonymousId) => {
    const find = (key: string) => (key === "11" ? leadsTo(key, { anonymousId }) : null);
    const by = { ...rules, find };
    const whole = admit("444", anonymousId !== null, "11");
    for (const keys of ["11#", "11#4", "11#44*", "11#*", "11#4*44#", "11#*44#"])
      for (const rest of ["44#", "444#", "#"]) expect(resumed(keys, `${rest}444#`, by), keys).toEqual([[], [whole]]);
    expect(resumed("11#*444#444#", "", by)).toEqual([[whole], []]);
  });

  test.each<[string, string, string, KeypadAction[], KeypadAction[]]>([
    ["who has keyed all goes in", "11#444#", "*6", [admitted("11", "444")], [toggle]],
    ["who has keyed no attendee ID but # goes in", "11##", "", [admitted("11", null)], []],
    ["who keys the first conference key goes on with it", "1", "1#4#", [], [admitted("11", "4")]],
    ["who keyed another key before goes where it keyed last", "11#22#", "4#444#", [], [admitted("22", "444")]],
    ["who keyed the key too early and again is asked once more", "11#11#", "4#444#", [], [admitted("11", "444")]],
    ["who keyed the key twice and all goes in", "11#11#444#", "", [admitted("11", "444")], []],
    ["who keys the key again is asked once more", "11#1", "1#444#", [], [admitted("11", "444")]],
    ["who keys another key after all goes there", "11#2", "2#444#", [], [admitted("22", "444")]],
    ["who is asked for the attendee ID may key another key", "11#", "22#444#", [], [admitted("22", "444")]],
    ["an unknown key before does not matter", "5#11#44", "4#444#", [], [admitted("11", "444")]],
    ["a key with a star in it counts as keyed", "99*11#4", "#444#", [], [admitted("11", "444")]],
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
    const find = (key: string) => (key === "11" ? leadsTo(key, { locked: true }) : runs("22").find(key));
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

describe("access codes and dial sequences", () => {
  const documented =
    "AutoDialInSequence:[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#|SilentDialInSequence:[AccessNumber],,*01*[AccessCode]#[AttendeeID]#*01*|AutoLGDialInSequence:[AccessNumber],,*00*[AccessCode]#,,,[ProfileID]#,,,[PIN]#|SilentLGDialInSequence:[AccessNumber],,*01*[AccessCode]#[ProfileID]#[PIN]#*01*|AutoLGPWDialInSequence:[AccessNumber],,*00*[AccessCode]#,,,[ProfileID]#,,,[PIN]#,,,[Password]#|SilentLGPWDialInSequence:[AccessNumber],,*01*[AccessCode]#[ProfileID]#[PIN]#[Password]#*01*";
  const templates = documented.split("|").map((each) => each.replace(/^\w+:/, ""));
  const read = (chosen: readonly string[]) => chosen.flatMap((each) => parseDialSequence(each) ?? []);
  const find = (key: string) => {
    if (key === "987654321" || key === "2222") return leadsTo("987654321", { anonymousId: "0444" });
    return key === "1111" ? leadsTo("987654321", { host: true, anonymousId: "0444" }) : null;
  };
  const every = { ...rules, find, sequences: read(templates) };
  /** All but the sign-ins of `*00*`. */
  const plain = { ...every, sequences: read(templates.filter((each) => !/\*00\*.*PIN/.test(each))) };
  const host = (attendeeId: string | null) => admit(attendeeId, false, "987654321", true);

  test("each sequence of WebEx's documents is read", () => {
    expect(every.sequences).toHaveLength(6);
    expect(plain.sequences).toHaveLength(4);
  });

  test.each<[string, string, KeypadAction[]]>([
    ["the participant code leads in", "2222#444#", [admit("444")]],
    ["the subscriber code leads in, and its caller is the host", "1111#444#", [host("444")]],
    ["*00*, a code and an attendee ID lead in", "*00*987654321#444#", [admit("444")]],
    ["*00*, the subscriber code and an attendee ID lead the host in", "*00*1111#444#", [host("444")]],
    ["*00* and a code without attendee ID lead in", "*00*2222##", [admit(null)]],
    ["*01* at the end belongs to the sequence", "*01*2222#444#*01*6", [admit("444")]],
    ["the AnonymousID counts in a sequence, too", "*01*2222#0444#*01*", [admit("0444", true)]],
    ["a ProfileID and a PIN are no attendee ID", "*01*2222#77#88#*01*", [admit(null)]],
    ["nor with a password", "*01*1111#77#88#99#*01*", [host(null)]],
    ["an unknown code in a sequence counts once", "*01*5#77#88#99#*01*6#2222##", [admit(null)]],
    ["so the third ends the call", "*01*5#77#*01*6#*00*7#77#", [unknownKeys]],
    ["a star too many before a sequence is forgiven", "**00*2222#444#", [admit("444")]],
    ["a star within an entry takes it back, as without a sequence", "*00*22*2222#444#", [admit("444")]],
    ["keys that no sequence has mean what they mean without it", "*01*2222#444#*6", [admit("444"), toggle]],
    ["an endless entry wedges nothing", `*00*2222#${"4".repeat(500)}#`, [admit(null)]],
    ["what follows the admission is for the conference", "*00*2222#444#*6", [admit("444"), toggle]],
    ["a star too many behind an opening is forgiven", "*01**2222#77#88#*01*", [admit(null)]],
  ])("%s (protocol 2.2.1, 6.6)", (_, keys, actions) => {
    expect(keyed(keys, prompted(0), plain)).toEqual(actions);
  });

  test("a sequence that is the beginning of another waits 8 s for more keys (protocol 6.6)", () => {
    const dialled = (keys: string) => press(prompted(0), { type: "keys", keys, at: 1_000 }, every);
    const { keypad, actions } = dialled("*00*1111#444#");
    expect(actions).toEqual([]);
    expect(press(keypad, { type: "time", at: 8_999 }, every).actions).toEqual([]);
    expect(press(keypad, { type: "time", at: 9_000 }, every).actions).toEqual([host("444")]);
    expect(keyed("88#", keypad, every)).toEqual([]);
    expect(keyed("88#99#", keypad, every)).toEqual([host(null)]);
    expect(keyed("*6", keypad, every)).toEqual([host("444"), toggle]);
  });

  test("a telephone that dials by itself is asked nothing until its sequence is over (protocol 6.6)", () => {
    const asked = (keys: string) =>
      promptAfter(prompted(0), press(prompted(0), { type: "keys", keys, at: 0 }, plain).keypad);
    expect(["*01*", "*01*2222#", "*01*5#", "*01*5#77#*01"].map(asked)).toEqual([null, null, null, null]);
    expect(asked("*01*5#77#*01*")).toBe("key-again");
  });

  test.each([
    ["*01*2222#101#*01", null],
    ["*01*2222#", "attendee-id"],
    ["*01*5#77", "key-again"],
    ["*01*", "welcome"],
    ["*01*22", "welcome"],
  ])(
    "a telephone that dials %s and no more is asked after 8 s, and nothing of that is its attendee ID (protocol 6.6)",
    (keys, asked) => {
      const { keypad } = press(prompted(0), { type: "keys", keys, at: 1_000 }, plain);
      expect(press(keypad, { type: "time", at: 8_999 }, plain)).toEqual({ keypad, actions: [] });
      const after = press(keypad, { type: "time", at: 9_000 }, plain);
      expect(after.actions).toEqual([]);
      expect(promptAfter(keypad, after.keypad)).toBe(asked ?? "attendee-id");
      if (after.keypad.at === "attendee-id") expect(keyed("444#", after.keypad, plain)).toEqual([admit("444")]);
    },
  );

  /** What a telephone brings about that dials the rest with another agent, and what its caller is asked in the end. */
  function goesOn(keys: string, rest: string, by = plain) {
    const resumed = resume(keys, 0, by);
    const after = press(resumed.keypad, { type: "keys", keys: rest, at: 0 }, by);
    const late = press(after.keypad, { type: "time", at: 8_000 }, by);
    const actions = [resumed, after, late].flatMap((each) => each.actions);
    return [actions, promptAfter(resumed.keypad, late.keypad)];
  }

  test.each<[string, string, readonly KeypadAction[], string | null]>([
    ["*01*22", "22#444#*01*", [admit("444")], null],
    ["*01*22*", "22#444#*01*", [admit("444")], null],
    ["*0", "1*2222#444#*01*", [admit("444")], null],
    ["*0*", "1*2222#444#*01*", [admit("444")], null],
    ["*01*", "2222#444#*01*", [admit("444")], null],
    ["*01*", "*2222#77#88#*01*", [admit(null)], null],
    ["*01*2222#77#8", "8#*01*", [admit(null)], null],
    ["*01*2222#77#8*", "8#*01*", [admit(null)], null],
    ["*01*2222#444#*01*", "", [admit("444")], null],
    ["*01*2222#4*44#*01*", "", [], "attendee-id"],
    ["*01*2222#", "444#*01*", [], "attendee-id"],
    ["*01*2222#*", "444#*01*", [], "attendee-id"],
    ["*01*2222#4", "44#*01*", [], "attendee-id"],
    ["*01*2222#4*", "44#*01*", [], "attendee-id"],
    ["*01*2222#444#*", "*01*", [], "attendee-id"],
    ["*01*2222#77#*", "88#*01*", [], "attendee-id"],
    ["*01*2222#77#*", "88#99#*01*", [], "attendee-id"],
    ["*01*22*", "#444#*01*", [], "key-again"],
    ["*01*22*22#444#*01*", "", [], "welcome"],
  ])(
    "a sequence that another agent took over goes on where it was, or its caller is asked: %s, then %s (protocol 6.6)",
    (keys, rest, actions, asked) => {
      const [done, asks] = goesOn(keys, rest);
      expect(done).toEqual(actions);
      // Or it was asked as the agent began.
      if (asks !== null || asked === null) expect(asks).toBe(asked);
      else expect(promptAfter(null, resume(keys, 0, plain).keypad)).toBe(asked);
    },
  );

  test("wherever another agent takes over a sequence behind its opening, and whatever key is lost, no part of an attendee ID is one (protocol 6.6)", () => {
    const whole = "*01*2222#101#*01*";
    const signIn = "*01*2222#77#88#99#*01*";
    for (const dialled of [whole, signIn])
      for (let at = 4; at < dialled.length; at += 1)
        for (const lost of [0, 1, 2])
          for (const star of ["", "*"]) {
            const keys = dialled.slice(0, at);
            const [actions] = goesOn(/[0-9#]$/.test(keys) ? keys + star : keys, dialled.slice(at + lost));
            const attendeeIds = (actions as KeypadAction[]).flatMap((each) =>
              "attendeeId" in each ? [each.attendeeId] : [],
            );
            expect(
              [[], [dialled === whole ? "101" : null]],
              `${keys}${star} ${dialled.slice(at + lost)}`,
            ).toContainEqual(attendeeIds);
          }
  });

  test("keys one at a time mean what they mean at once, in sequences too", () => {
    const any = fc.array(fc.constantFrom("*00*", "*01*", "2222", "1111", "5", "#", "*", "444#", "*6"), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(any, fc.constantFrom(every, plain), (parts, by) => {
        let keypad: Keypad = prompted(0);
        const actions: KeypadAction[] = [];
        for (const key of parts.join("")) {
          const step = press(keypad, { type: "keys", keys: key, at: 0 }, by);
          keypad = step.keypad;
          actions.push(...step.actions);
        }
        expect(actions).toEqual(keyed(parts.join(""), prompted(0), by));
      }),
    );
  });
});

const keys = fc.string({ unit: fc.constantFrom(..."0123456789*#"), maxLength: 40 });

test("keys one at a time mean what they mean at once", () => {
  fc.assert(
    fc.property(keys, (text) => {
      let keypad: Keypad = prompted(0);
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
