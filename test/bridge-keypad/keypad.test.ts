import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDialSequence } from "../../src/bridge/dial-sequences.ts";
import * as allOf from "../../src/bridge/keypad.ts";
import {
  type Entrance,
  type Keypad,
  type KeypadAction,
  type KeypadRules,
  promptAfter,
  prompted,
} from "../../src/bridge/keypad.ts";
import { inside } from "../../src/bridge/keypad-codes.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";

/** What keys bring about, without what is said of them alone, which tests of its own look at. */
function acting<Step extends ReturnType<typeof allOf.press>>({ keypad, actions }: Step) {
  const acts = actions.filter(({ type }) => type !== "wrong-key" && type !== "unclear-keys");
  const alike = acts.map((act) => (act.type === "hang-up" ? ({ type: act.type, why: act.why } as KeypadAction) : act));
  return { keypad, actions: alike };
}
const press = (...of: Parameters<typeof allOf.press>) => acting(allOf.press(...of));
const resume = (...of: Parameters<typeof allOf.resume>) => acting(allOf.resume(...of));

function leadsTo(conference: string, more: Partial<Entrance> = {}): Entrance {
  return { conference: conference as ConfKey, host: false, anonymousId: null, locked: false, ...more };
}

const rules: KeypadRules = {
  codes: { merge: "*1", mute: "*6", askAttendeeId: true },
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
const isFull = { type: "hang-up", why: "full" } as KeypadAction;
const isLocked = { type: "hang-up", why: "locked" } as KeypadAction;
const toggle: KeypadAction = { type: "toggle-mute" };
const askAgain: KeypadAction = { type: "ask-again" };
const identify = (attendeeId: string): KeypadAction => ({ type: "identify", attendeeId });

test("a conference that fills up rejects a caller at the attendee ID (protocol 4.2)", () => {
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
    ["a # with nothing before it is no key", "####987654321##", [admit(null)]],
    ["a locked conference ends the call at its key", "111#", [isLocked]],
    ["a full conference ends the call at its key", "222#", [isFull]],
    ["an attendee ID of 64 digits is the longest", `987654321#${"4".repeat(64)}#`, [admit("4".repeat(64))]],
    ["a longer one is no attendee ID: its caller is led in without", `987654321#${"4".repeat(65)}#`, [admit(null)]],
    ["an attendee ID equal to the AnonymousID makes a silent monitor", "987654321#0444#", [admit("0444", true)]],
    [
      "a caller who keys the conference anew when asked for the ID is asked again",
      "987654321#987654321#444#",
      [admit("444")],
    ],
    ["the merge code and an attendee ID admit", "987654321#*1555#", [admit("555")]],
    ["the merge code of a silent monitor admits silently", "987654321#*10444#", [admit("0444", true)]],
    ["the merge code without an attendee ID admits", "987654321#*1#", [admit(null)]],
    ["a merge code with a star in the attendee ID does not admit", "987654321#*15*1555#", []],
    ["half of the merge code does not admit", "987654321#*#", []],
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

  test.each([
    ["silence", ""],
    ["digits without a #", "44"],
    ["half of the merge code", "*"],
  ])("admits a caller with a known key 10 s after %s (protocol 4.2)", (_, keys) => {
    const { keypad } = press(prompted(0), { type: "keys", keys: `987654321#${keys}`, at: 1_000 }, rules);
    expect(press(keypad, { type: "time", at: 10_999 }, rules).actions).toEqual([]);
    expect(press(keypad, { type: "time", at: 11_000 }, rules).actions).toEqual([admit(null)]);
    const locked = { ...rules, find: (key: string) => leadsTo(key, { locked: true }) };
    expect(press(keypad, { type: "time", at: 11_000 }, locked).actions).toEqual([isLocked]);
  });

  test.each<[string, string, KeypadAction[]]>([
    ["right after the key", "987654321#*1555#", [admit(null), identify("555")]],
    ["also by the key again after another one", "5#987654321#444#", [admit(null)]],
    ["not into a locked conference", "111#", [isLocked]],
    ["with the ID of a dial sequence", "*01*987654321#444#*01*", [admit("444")]],
  ])("without the ID question, callers are admitted %s (protocol 4.2)", (_, keys, actions) => {
    const sequences = [parseDialSequence("*01*[AccessCode]#[AttendeeID]#*01*") ?? expect.fail()];
    const by = { ...rules, codes: { ...rules.codes, askAttendeeId: false }, sequences };
    expect(keyed(keys, prompted(0), by)).toEqual(actions);
  });

  test("an all-digit merge code is part of an attendee ID", () => {
    const by = { ...rules, codes: { ...rules.codes, merge: "77" } };
    expect(keyed("987654321#77555#", prompted(0), by)).toEqual([admit("77555")]);
  });

  test("an absent AnonymousID never matches, not even an empty attendee ID (protocol 4.18)", () => {
    const find = () => leadsTo("987654321");
    expect(keyed("987654321##", prompted(0), { ...rules, find })).toEqual([admit(null)]);
    const empty = () => leadsTo("987654321", { anonymousId: "" });
    expect(keyed("987654321##", prompted(0), { ...rules, find: empty })).toEqual([admit(null)]);
  });

  test("the key of an ended conference counts as unknown", () => {
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

/** What these keys bring about, what the caller is asked once it keys no more, and what it then keys. */
function askedAfter(keys: string, then = "", from: Keypad = prompted(0), by: KeypadRules = rules) {
  const pressed = press(from, { type: "keys", keys, at: 0 }, by);
  const pauseMs = pressed.keypad.at === "sequence" ? 8_000 : 4_000;
  expect(press(pressed.keypad, { type: "time", at: pauseMs - 1 }, by)).toEqual({ keypad: pressed.keypad, actions: [] });
  const asked = press(pressed.keypad, { type: "time", at: pauseMs }, by);
  const actions = [...pressed.actions, ...asked.actions, ...keyed(then, asked.keypad, by)];
  return [promptAfter(pressed.keypad, asked.keypad), actions];
}

describe("after a star, a caller is asked again for", () => {
  test.each([
    ["a conference key", "98*987654321#444#", "welcome", "987654321#444#"],
    ["its end", "987654321*#444#", "welcome", "987654321#444#"],
    ["only a star", "*", "welcome", "987654321#444#"],
    ["an attendee ID", "987654321#55*444#", "attendee-id", "444#"],
    ["the beginning of one", "987654321#*444#", "attendee-id", "444#"],
    ["its end, told twice", "987654321#444*##", "attendee-id", "444#"],
    ["one that was too long", `987654321#${"4".repeat(500)}*444#`, "attendee-id", "444#"],
  ])("%s", (_, keys, asked, then) => {
    expect(askedAfter(keys, then)).toEqual([asked, [admit("444")]]);
  });
});

test("disconnects a caller whose digits are unclear a fourth time", () => {
  const asks = (keys: readonly string[]) => {
    let keypad: Keypad = prompted(0);
    return keys.flatMap((each, at) => {
      keypad = press(keypad, { type: "keys", keys: each, at: at * 10_000 }, rules).keypad;
      const after = press(keypad, { type: "time", at: at * 10_000 + 8_000 }, rules);
      const asked = promptAfter(keypad, after.keypad);
      keypad = after.keypad;
      return [asked, ...after.actions];
    });
  };
  const unclear = { type: "hang-up", why: "unclear-keys" };
  expect(asks(["98*", "9*", "*"])).toEqual(Array(3).fill("welcome"));
  expect(asks(["98*", "9*", "*", "98*"])).toEqual(["welcome", "welcome", "welcome", null, unclear]);
  const asked = ["attendee-id", "welcome", "attendee-id"];
  expect(asks(["987654321#4*", "*987654321#", "987654321#4*", "4*"])).toEqual([...asked, null, unclear]);
});

describe("a caller at the prompt who is new to this agent", () => {
  const runs = (...running: string[]): KeypadRules => ({
    ...rules,
    find: (key) => (running.includes(key) ? leadsTo(key) : null),
  });
  const by = runs("11", "22");
  const admitted = (conference: string, attendeeId: string | null) => admit(attendeeId, false, conference);

  test.each<[string, string, KeypadAction[]]>([
    ["who has keyed all", "11#444#", [admitted("11", "444")]],
    ["who keyed the key twice, and all", "11#11#444#", [admitted("11", "444")]],
    ["who keyed another key before, and all", "11#22#444#", [admitted("22", "444")]],
    ["who keyed an unknown key before, and all", "5#11#444#", [admitted("11", "444")]],
    ["also when the key before has a star", "1*1#11#444#", [admitted("11", "444")]],
    ["and what follows has no effect any more", "11#444#*6*1555#", [admitted("11", "444")]],
    ["and a star behind it, for a doubt, has none", "11#444#*", [admitted("11", "444")]],
  ])("goes in, %s", (_, keys, actions) => {
    expect(resume(keys, 0, by).actions).toEqual(actions);
  });

  test("is asked at once if it has keyed nothing", () => {
    expect(promptAfter(null, resume("", 0, by).keypad)).toBe("welcome");
  });

  test.each([
    ["whose key is half keyed", "1", "1#4#", "welcome", "11#444#"],
    ["whose key is half keyed, and who begins anew", "1", "11#", "welcome", "11#444#"],
    ["who keyed what nobody knows", "5#6#7#", "", "welcome", "11#444#"],
    ["who keyed a key with a star in it", "99*11#4", "44#", "welcome", "11#444#"],
    ["of whose attendee ID the first key may be lost", "11#", "44#", "attendee-id", "444#"],
    ["who has just been asked for the attendee ID", "11#", "", "attendee-id", "444#"],
    ["whose attendee ID is half keyed", "11#4", "44#", "attendee-id", "444#"],
    ["whose attendee ID is half keyed, and who begins anew", "11#44*", "444#", "attendee-id", "444#"],
    ["of whose attendee ID the bridge lost a key", "11#4*44#", "", "attendee-id", "444#"],
    ["whose # may have been told twice", "11##", "", "attendee-id", "444#"],
    ["whose # may have been told twice, and who keys on", "11##", "44##", "attendee-id", "444#"],
    ["who keyed the key too early and again", "11#11#", "4#", "attendee-id", "444#"],
    ["who may mean the key of another conference", "22#", "11#444#", "welcome", "11#444#"],
    ["who may mean the key of another conference, half of it before", "22#1", "1#444#", "welcome", "11#444#"],
    ["and again, after the bridge has lost a key", "22#*", "11#444#", "welcome", "11#444#"],
  ])("is asked anew, %s", (_, keys, rest, asked, then) => {
    const { keypad, actions } = resume(keys, 0, by);
    expect(promptAfter(null, keypad)).toBe(null);
    expect(actions).toEqual([]);
    expect(askedAfter(rest, then, keypad, by)).toEqual([asked, [admitted("11", "444")]]);
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
    ["an attendee ID with a star in it names nobody, in whole or in part", "*15*1555#", [askAgain]],
    ["nor where the star stands behind the code", "*1*1555#", [askAgain]],
    ["and the next one counts again", "*15*1555#*1555#", [askAgain, identify("555")]],
    ["an unknown code is passed over", "*9*6", [toggle]],
    ["an endless attendee ID is no attendee ID and wedges nothing", `*1${"5".repeat(500)}#*6`, [toggle]],
  ])("%s", (_, keys, actions) => {
    expect(keyed(keys, inside(false))).toEqual(actions);
  });

  test("a silent monitor cannot unmute itself", () => {
    expect(keyed("*6*1555#", inside(true))).toEqual([identify("555")]);
  });

  describe("where the merge code begins like the mute code", () => {
    const alike = { ...rules, codes: { ...rules.codes, merge: "*61", mute: "*6" } };
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
    const same = { ...rules, codes: { ...rules.codes, merge: "*1", mute: "*1" } };
    expect(keyed("*1555#*1#", inside(false), same)).toEqual([identify("555"), toggle]);
  });
});

describe("in the conference, where keys may be told twice,", () => {
  /** What these keys bring about; one in doubt has `?` behind it. */
  function told(script: string, by: KeypadRules = rules): readonly KeypadAction[] {
    let keypad: Keypad = inside(false);
    const actions: KeypadAction[] = [];
    for (const [each] of script.matchAll(/.\??/g)) {
      const [keys = "", doubt] = each;
      const pressed = press(keypad, { type: "keys", keys, at: 0, inDoubt: doubt !== undefined }, by);
      keypad = pressed.keypad;
      actions.push(...pressed.actions);
    }
    return actions;
  }

  test.each<[string, string, KeypadAction[]]>([
    ["the mute code acts where its end is in doubt", "*6?", [toggle]],
    ["the mute code acts where all of it is in doubt", "*?6?", [toggle]],
    ["it acts once, each key told twice at once", "**?6?6?", [toggle]],
    ["it acts once, told twice as a whole", "*6*?6?", [toggle]],
    ["it acts again without doubt", "*6*?6?*6", [toggle, toggle]],
    ["a # behind it means nothing", "*?6?#?", [toggle]],
    ["an attendee ID in doubt names nobody, and its caller hears so", "*155?5#", [askAgain]],
    ["also where its end is in doubt", "*1555#?", [askAgain]],
    ["also where it holds the digits of the mute code", "*16?6?6?#", [askAgain]],
    ["one that is keyed again counts", "*155?5#*1555#", [askAgain, identify("555")]],
    ["one counts whose # alone is told twice", "*1555##?", [identify("555")]],
    ["what follows the mute code counts", "*6?*1555#", [toggle, identify("555")]],
  ])("%s", (_, script, actions) => {
    expect(told(script)).toEqual(actions);
  });

  test("a doubtful mute code with two equal digits is asked for again", () => {
    const by = { ...rules, codes: { ...rules.codes, merge: "*1", mute: "**" } };
    expect(told("**?", by)).toEqual([askAgain]);
    expect(told("**", by)).toEqual([toggle]);
  });

  test("the rest of a doubled mute code begins no other", () => {
    const by = { ...rules, codes: { ...rules.codes, merge: "*1", mute: "6*" } };
    expect(told("6*6?*1555#", by)).toEqual([toggle, identify("555")]);
  });

  test("an abandoned doubtful attendee ID casts no doubt on a later one", () => {
    const { keypad } = press(inside(false), { type: "keys", keys: "*15*6", at: 0 }, rules);
    const later = (at: number) => press(keypad, { type: "keys", keys: "*1555#", at }, rules).actions;
    expect(later(3_999)).toEqual([askAgain]);
    expect(later(4_000)).toEqual([identify("555")]);
  });

  /** Keys as Asterisk tells them: from some key on all are in doubt, and each may be told once more, behind itself, the later ones in order. */
  const toldTwice = (keys: string, plain: number, doubled: readonly boolean[], order: readonly boolean[]): string => {
    const originals = [...keys].slice(plain);
    const waiting = plain > 0 && doubled[plain - 1] ? [keys[plain - 1]] : [];
    let script = keys.slice(0, plain);
    for (let at = 0; originals.length + waiting.length > 0; at += 1) {
      const isAgain = waiting.length > 0 && (originals.length === 0 || order[at] === true);
      const next = (isAgain ? waiting : originals).shift();
      script += `${next}?`;
      if (!isAgain && doubled[keys.length - originals.length - 1]) waiting.push(next);
    }
    return script;
  };

  test("no mute code acts twice that was entered once", () => {
    const code = fc.stringMatching(/^[0-9*]{1,5}$/);
    const flags = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
    const atOnce = Array<boolean>(30).fill(true);
    const orders = fc.oneof(fc.constant(atOnce), flags);
    fc.assert(
      fc.property(code, code, fc.nat(5), flags, orders, (mute, merge, plain, doubled, order) => {
        fc.pre(!mute.startsWith(merge) && !merge.startsWith(mute));
        const by = { ...rules, codes: { ...rules.codes, merge, mute } };
        const keys = toldTwice(mute, Math.min(plain, mute.length), doubled, order);
        const actions = told(keys, by).filter(({ type }) => type === "toggle-mute");
        expect(actions.length, keys).toBeLessThanOrEqual(1);
        if (order === atOnce && ![mute, merge].some((each) => /(.)\1/.test(each))) expect(actions.length, keys).toBe(1);
      }),
      { numRuns: 20_000 },
    );
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
    ["what follows the admission is for the conference", "*00*2222#444#*6", [admit("444"), toggle]],
  ])("%s (protocol 2.2.1, 6.6)", (_, keys, actions) => {
    expect(keyed(keys, prompted(0), plain)).toEqual(actions);
  });

  test.each<[string, string, string, string]>([
    ["a star too many before it", "**00*2222#444#", "welcome", "2222#444#"],
    ["a star too many behind the opening", "*01**2222#77#88#*01*", "welcome", "2222#444#"],
    ["a star within the access code", "*00*22*2222#444#", "welcome", "2222#444#"],
    ["a star within the attendee ID", "*01*2222#4*44#*01*", "attendee-id", "444#"],
    ["a star before the end", "*01*2222#444#**01*", "attendee-id", "444#"],
    ["keys that no sequence has", "*01*2222#444#*6", "attendee-id", "444#"],
    ["an endless entry", `*00*2222#${"5".repeat(500)}#`, "attendee-id", "444#"],
    ["no PIN", "*01*2222#77##*01*", "attendee-id", "444#"],
    ["no PIN, each key told twice", "*01*2222#7777##**0011**", "attendee-id", "444#"],
    ["no password", "*01*2222#77#88##*01*", "attendee-id", "444#"],
    ["no ProfileID", "*01*2222##88#*01*", "attendee-id", "444#"],
  ])("asks the caller after a dial sequence with %s (protocol 6.6)", (_, keys, asked, then) => {
    expect(askedAfter(keys, then, prompted(0), plain)).toEqual([asked, [admit("444")]]);
  });

  test("a sequence that is the beginning of another waits 8 s for more keys (protocol 6.6)", () => {
    const dialled = (keys: string) => press(prompted(0), { type: "keys", keys, at: 1_000 }, every);
    const { keypad, actions } = dialled("*00*1111#444#");
    expect(actions).toEqual([]);
    expect(press(keypad, { type: "time", at: 8_999 }, every).actions).toEqual([]);
    expect(press(keypad, { type: "time", at: 9_000 }, every).actions).toEqual([host("444")]);
    expect(keyed("88#", keypad, every)).toEqual([]);
    expect(keyed("88#99#", keypad, every)).toEqual([host(null)]);
    // Or a key of another one was told twice.
    expect(keyed("*6", keypad, every)).toEqual([]);
  });

  test("asks nothing until a dial sequence is over (protocol 6.6)", () => {
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
  ])("asks 8 s after the incomplete sequence %s (protocol 6.6)", (keys, asked) => {
    const { keypad } = press(prompted(0), { type: "keys", keys, at: 1_000 }, plain);
    expect(press(keypad, { type: "time", at: 8_999 }, plain)).toEqual({ keypad, actions: [] });
    const after = press(keypad, { type: "time", at: 9_000 }, plain);
    expect(after.actions).toEqual([]);
    expect(promptAfter(keypad, after.keypad)).toBe(asked ?? "attendee-id");
    if (after.keypad.at === "attendee-id") expect(keyed("444#", after.keypad, plain)).toEqual([admit("444")]);
  });

  test.each<[string, string, string | null]>([
    ["*0", "1*2222#444#*01*", "welcome"],
    ["*01*", "2222#444#*01*", "welcome"],
    ["*01*22", "22#444#*01*", "welcome"],
    ["*01*22*22#444#*01*", "", "welcome"],
    ["*01*2222#", "444#*01*", "attendee-id"],
    ["*01*2222#4*", "44#*01*", "attendee-id"],
    ["*01*2222#444#", "*01*", "attendee-id"],
    ["*01*2222##", "444#*01*", "attendee-id"],
    ["*01*2222#77#*", "88#*01*", "attendee-id"],
  ])("asks again for a sequence during a takeover: %s, then %s (protocol 6.6)", (keys, rest, asked) => {
    const { keypad, actions } = resume(keys, 0, plain);
    expect(promptAfter(null, keypad)).toBe(null);
    expect(actions).toEqual([]);
    const then = asked === "welcome" ? "2222#444#" : "444#";
    expect(askedAfter(rest, then, keypad, plain)).toEqual([asked, [admit("444")]]);
  });

  test("a whole sequence leads in with the next agent, too (protocol 6.6)", () => {
    expect(resume("*01*2222#444#*01*", 0, plain).actions).toEqual([admit("444")]);
    expect(resume("*01*2222#77#88#*01*", 0, plain).actions).toEqual([admit(null)]);
    const longest = "*02*[AccessCode]#[ProfileID]#[PIN]#[Password]#[AttendeeID]#*02*";
    const withLongest = { ...plain, sequences: read([longest]) };
    expect(resume("*02*2222#1#2#3#444#*02*", 0, withLongest).actions).toEqual([admit("444")]);
  });

  test("digits mean the same one at a time and at once", () => {
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

test("# and the mute code act after any digits", () => {
  fc.assert(
    fc.property(keys, (text) => {
      expect(keyed(`${text}#*6`, inside(false)).at(-1)).toEqual(toggle);
    }),
  );
});

test("admits or disconnects a call at most once", () => {
  const any = fc.array(fc.oneof(keys, fc.constantFrom("987654321#", "111#", "#")));
  fc.assert(
    fc.property(any, (parts) => {
      const ends = keyed(parts.join("")).filter(({ type }) => type === "admit" || type === "hang-up");
      expect(ends.length).toBeLessThanOrEqual(1);
    }),
  );
});

describe("whatever keys are lost or doubled, and whenever another agent takes over", () => {
  const unambiguous = [
    "*00*[AccessCode]#,,,[AttendeeID]#",
    "*01*[AccessCode]#[AttendeeID]#*01*",
    "*01*[AccessCode]#[ProfileID]#[PIN]#*01*",
  ];
  const ruleSets = [unambiguous, [...unambiguous, "*00*[AccessCode]#,,,[ProfileID]#,,,[PIN]#"]].map((templates) => ({
    ...rules,
    sequences: templates.flatMap((each) => parseDialSequence(each) ?? []),
  }));
  const key = "987654321";
  const leadIns = [`(?:\\*00\\*)?${key}#(\\d*)#`, `\\*01\\*${key}#(\\d*)#\\*01\\*`];
  const signIns = [`\\*01\\*${key}#\\d+#\\d+#\\*01\\*`, `\\*00\\*${key}#\\d+#\\d+#`];
  const matches = (keys: string, patterns: readonly string[]) =>
    patterns.flatMap((each) => new RegExp(`^(?:\\d*#)*${each}$`).exec(keys)?.[1] ?? []);
  const isSignIn = (keys: string) => signIns.some((each) => new RegExp(`^(?:\\d*#)*${each}$`).test(keys));

  /** What happens to a key, or before it. `lost`, `unseen`: at a takeover, before which no agent saw the key, or even the bridge did not. */
  const fate = fc.oneof(
    { weight: 30, arbitrary: fc.constant("none" as const) },
    { weight: 2, arbitrary: fc.constantFrom("doubled" as const, "doubtful" as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom("takeover" as const, "lost" as const, "unseen" as const, "pause" as const),
    },
  );
  const dialled = [
    `${key}#444#`,
    `${key}#0444#`,
    `5#${key}#444#`,
    `${key}#*1444#`,
    `*00*${key}#444#`,
    `*00*${key}#77#88#`,
    `*01*${key}#0444#*01*`,
    `*01*${key}#77#88#*01*`,
  ];
  const parts = fc.array(fc.constantFrom(key, "#", "4", "77", "*00*", "*01*", "*"), { maxLength: 9 });
  const keysOfCaller = fc.oneof(
    fc.constantFrom(...dialled),
    parts.map((each) => each.join("")),
  );

  /** A caller at the prompt, as the agent after the last takeover has it. */
  class Caller {
    keypad: Keypad = prompted(0);
    isOut = false;
    asked: string | null = "welcome";
    readonly #by: KeypadRules;
    #now = 0;
    /** All its keys, as the bridge has noted them. */
    #noted = "";
    /** What it has keyed since the last sentence. */
    #keyed = "";
    #isInDoubt = false;

    constructor(by: KeypadRules) {
      this.#by = by;
    }
    /** `isInDoubt`: the bridge may have lost a digit before it, or reported it twice. Its state has a star there. */
    key(each: string, isInDoubt = false): void {
      if (this.isOut) return;
      this.#noted += isInDoubt ? `*${each}` : each;
      this.#keyed += each;
      this.#isInDoubt ||= isInDoubt;
      const mayEnterAs = (id: string | null) => {
        if (this.#isInDoubt) return false;
        const entry = this.asked === "attendee-id" ? matches(this.#keyed, ["(?:\\*1)?(\\d*)#"]) : [];
        const ids = [...entry, ...matches(this.#keyed, leadIns)];
        return ids.includes(id ?? "") || (id === null && isSignIn(this.#keyed));
      };
      const keys = { type: "keys", keys: each, at: this.#now, inDoubt: isInDoubt } as const;
      this.#step(press(this.keypad, keys, this.#by), this.keypad, mayEnterAs);
    }
    pause(ms: number): void {
      if (this.isOut) return;
      this.#now += ms;
      const mayEnterAs = (id: string | null) => {
        if (this.#isInDoubt) return false;
        if (id === null && (this.asked === "attendee-id" || isSignIn(this.#keyed))) return true;
        return matches(this.#keyed, leadIns).includes(id ?? "");
      };
      const time = { type: "time", at: this.#now } as const;
      const isAsked = this.#step(press(this.keypad, time, this.#by), this.keypad, mayEnterAs);
      if (isAsked) this.#isInDoubt = false;
    }
    takeover(unseen: string): void {
      if (this.isOut) return;
      this.#noted += unseen;
      const [, last = ""] = new RegExp(`^(?:.*#)?((?:\\*0[01]\\*)?${key}#.*)$`).exec(this.#noted) ?? [];
      // What follows the entry that leads in is for the conference, unless the sequence may be a longer one.
      const mayBeLonger = this.#by === ruleSets[1] && last.startsWith("*00*");
      const wholes = [...last].map((_, at) => last.slice(0, at + 1));
      const mayEnterAs = (id: string | null) =>
        id === null
          ? wholes.some(isSignIn)
          : (mayBeLonger ? [last] : wholes).some((each) => matches(each, leadIns).includes(id));
      this.#isInDoubt = !this.#step(resume(this.#noted, this.#now, this.#by), null, mayEnterAs);
    }
    #step(
      { keypad, actions }: ReturnType<typeof press>,
      before: Keypad | null,
      mayEnterAs: (id: string | null) => boolean,
    ) {
      for (const action of actions) {
        if (action.type === "admit") {
          const { attendeeId } = action;
          expect(mayEnterAs(attendeeId), `${this.#noted} goes in as ${attendeeId}`).toBe(true);
          expect(action.silent).toBe(attendeeId === "0444");
        }
        this.isOut = true;
      }
      const asked = promptAfter(before, keypad);
      this.keypad = keypad;
      if (asked === null) return false;
      this.asked = asked;
      this.#keyed = "";
      return true;
    }
  }

  function play(keys: string, fates: readonly string[], by: KeypadRules, stars: boolean): Caller {
    const caller = new Caller(by);
    const star = stars ? "*" : "";
    for (const [at, each] of [...keys].entries()) {
      const fateOfKey = fates[at];
      if (fateOfKey === "pause") caller.pause(10_000);
      if (fateOfKey === "takeover" || fateOfKey === "lost") caller.takeover(star);
      // A # that was told twice without a star, where no agent saw it.
      if (fateOfKey === "unseen") caller.takeover(each === "#" ? "##" : each + star);
      if (fateOfKey !== "lost" && fateOfKey !== "unseen") caller.key(each, fateOfKey === "doubtful");
      if (fateOfKey === "doubled") caller.key(each, true);
    }
    return caller;
  }

  test("admits a caller only under the ID entered after the last doubt", () => {
    const fates = fc.array(fate, { minLength: 100, maxLength: 100 });
    fc.assert(
      fc.property(keysOfCaller, fates, fc.constantFrom(...ruleSets), fc.boolean(), (keys, each, by, stars) => {
        const caller = play(keys, each, by, stars);
        // Whatever is asked in the end is asked by now, and who keys that goes in. An entry without doubt is its caller's to end.
        caller.pause(8_000);
        if (!caller.isOut && "typed" in caller.keypad && caller.keypad.typed !== "") caller.key("*");
        caller.pause(8_000);
        if (caller.isOut) return;
        expect(caller.keypad).toMatchObject({ typed: "", inDoubt: false });
        expect(caller.asked).toMatch(caller.keypad.at === "attendee-id" ? /^attendee-id$/ : /welcome|key-again/);
        for (const next of caller.asked === "attendee-id" ? "444#" : `${key}#444#`) caller.key(next);
        expect(caller.isOut).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});

test.each(["*", "*1", "*144", "5"])("a pause brings about nothing after %s", (keys) => {
  const { keypad } = press(inside(false), { type: "keys", keys, at: 0 }, rules);
  expect(press(keypad, { type: "time", at: 60_000 }, rules).actions).toEqual([]);
});
