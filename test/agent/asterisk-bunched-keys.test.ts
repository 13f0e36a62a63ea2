import { describe, expect, test } from "vitest";
import { applyEvent, noKeyFollowed } from "../../bridge-agent/drivers/asterisk/mirror/apply-event.ts";
import { type Call, Mirror } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { callNotesOf } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { began, caller, entered, key, owner, pressed } from "./asterisk-messages.ts";

/* What Asterisk told of keys that came in bunches: each with the ms since the one before, `/` how long it was pressed. */

function prompted(): Mirror {
  const mirror = new Mirror({ owner, dialIn: ["18005551234"] });
  applyEvent(mirror, began(caller));
  return mirror;
}

/** What the driver reports of them. */
function told(mirror: Mirror, script: string, start = Date.parse("2026-11-20T10:00:00Z")): string {
  let at = start;
  return script
    .split(" ")
    .flatMap((each) => {
      const [, digit = "", gapMs, durationMs] = /^(.):(\d+)\/(\d+)$/.exec(each) ?? [];
      at += Number(gapMs);
      return applyEvent(mirror, pressed(caller, digit, at, Number(durationMs))).reports;
    })
    .map((report) => (report.type === "keys" ? shown(report) : report.type))
    .join("");
}

/** Keys in doubt with a star before each, as they are noted at the prompt. */
function shown({ keys, inDoubt }: { readonly keys: string; readonly inDoubt?: boolean }): string {
  return inDoubt ? keys.replaceAll(/./g, "*$&") : keys;
}

test.each([
  ["a person", "7:0/120 7:400/90 0:1400/1100 #:300/80", "770#"],
  ["a quick telephone", "7:0/40 7:103/40 0:102/40 #:107/40", "770#"],
  ["a telephone by SIP INFO, as Asterisk spaces them out", "7:0/160 7:205/160 0:205/160 #:205/160", "770#"],
  ["a telephone that dials by itself", "7:0/80 7:160/80 0:160/80 0:160/80 #:160/80", "7700#"],
  ["a telephone by SIP INFO on a busy machine", "7:0/160 5:215/160 0:226/160 0:245/160 #:259/160 #:228/160", "7500##"],
  ["a network that holds packets back a little", "7:0/200 7:409/200 0:419/200 #:830/200", "770#"],
])("keys of %s count as they are", (_, script, keys) => {
  expect(told(prompted(), script)).toBe(keys);
});

test.each([
  ["held back 1 s", "7:0/100 1:376/100 2:0/100 2:151/100 3:0/100 3:188/100 #:0/100", "71*2*2*3*3*#"],
  ["held back 200 ms", "#:0/100 7:0/100 7:160/100 1:45/100 1:110/100 2:95/100 #:206/100", "#*7*7*1*1*2*#"],
  ["held back 100 ms", "1:0/160 2:309/160 3:207/160 3:1/160 #:206/160 #:4/160", "123*3*#*#"],
  ["after Asterisk stood still, told twice before the next", "#:0/60 7:1011/60 7:54/60 1:0/60", "#7*7*1"],
  ["the last one, told twice some time later", "2:0/60 3:0/60 3:114/60 #:5/60 #:144/60", "2*3*3*#*#"],
])("keys that come in bunches have a star before them: %s", (_, script, keys) => {
  const mirror = prompted();
  expect(told(mirror, script)).toBe(keys);

  const call = mirror.calls.get(caller);
  expect(call && callNotesOf(call).keys, "an agent that takes over reads it").toBe(keys);
});

test("trusts bunched SIP INFO digits while a sentence plays", () => {
  const mirror = prompted();
  const playback = { id: "sentence", target_uri: `channel:${caller}` };
  const start = Date.parse("2026-11-20T10:00:00Z");
  applyEvent(mirror, { type: "PlaybackStarted", playback });
  expect(told(mirror, "7:0/160 7:45/160 0:45/160", start)).toBe("770");
  applyEvent(mirror, { type: "PlaybackFinished", playback });
  expect(told(mirror, "0:0/160 #:205/160", start + 135)).toBe("0#");
  expect(told(mirror, "1:0/60 1:45/60", start + 2_000)).toBe("1*1");
});

describe("a # right after a #, from a telephone whose pauses are uneven,", () => {
  test("is in doubt if an ID follows, after equal digits too", () => {
    const script = "7:0/100 4:203/100 4:386/100 3:197/100 #:183/100 #:182/100 9:300/100 #:300/100";
    expect(told(prompted(), script)).toBe("7443#*#*9#");
  });

  test.each([
    ["is in doubt where an ID follows: it was told twice", "9:300/100 9:304/100 #:304/100", "*#*99#"],
    ["is in doubt where a star follows", "*:150/100 0:204/100", "*#**0"],
    ["is in doubt where another one follows", "#:300/100", "*#*#"],
  ])("%s", (_, script, keys) => {
    const mirror = prompted();
    expect(told(mirror, `7:0/100 1:462/100 #:249/100 #:400/100 ${script}`)).toBe(`71#${keys}`);
    expect(mirror.calls.get(caller)?.keys).toBe(`71#${keys}`);
  });

  test.each([
    [
      "after an entry in doubt, which its caller is asked for anyway",
      "7:0/100 1:462/100 1:140/100 #:249/100 #:2956/100",
      "71*1*##",
    ],
    ["in a sequence, which goes on", "*:0/100 0:462/100 1:249/100 *:300/100 7:300/100 #:300/100 #:300/100", "*01*7##"],
  ])("is told at once %s", (_, script, keys) => {
    expect(told(prompted(), script)).toBe(keys);
  });

  test("counts where no key follows", () => {
    const mirror = prompted();
    expect(told(mirror, "7:0/100 1:462/100 #:249/100 #:400/100")).toBe("71#");
    const call = mirror.calls.get(caller) as Call;
    expect(noKeyFollowed(mirror, call).reports).toEqual([{ type: "keys", call: caller, keys: "#" }]);
    expect(call.keys).toBe("71##");
    expect(told(mirror, "9:0/100", Date.parse("2026-11-20T10:01:00Z"))).toBe("9");
  });
});

describe("a telephone that says that it pressed each key for longer than it did", () => {
  const first = (durationMs: number) =>
    `7:0/${durationMs} 1:200/${durationMs} 2:200/${durationMs} 3:200/${durationMs} #:200/${durationMs}`;
  const again = (durationMs: number, ...apart: readonly number[]) =>
    apart.map((ms, at) => `${"9123#".charAt(at)}:${ms}/${durationMs}`).join(" ");

  test.each([160, 200, 250, 1_000, 8_191, 4_294_967_291])(
    "(%s ms) is believed when it is asked again",
    (durationMs) => {
      const script = `${first(durationMs)} ${again(durationMs, 5_000, 200, 190, 210, 200)}`;
      expect(told(prompted(), script)).toBe("7*1*2*3*#9123#");
    },
  );

  test.each([
    "#:0/100 7:0/100 7:160/100 1:45/100 1:110/100 2:95/100 #:206/100",
    "7:0/100 1:0/100 1:151/100 2:0/100 2:188/100 #:0/100",
    "#:0/60 7:1011/60 7:54/60 1:0/60 1:70/60 #:100/60",
  ])("is not to be confused with keys that come in bunches: %s", (script) => {
    expect(told(prompted(), `${script} ${again(250, 5_000, 200, 200)}`)).toMatch(/9\*1\*2$/);
  });
});

test("after a pause keys count again", () => {
  expect(told(prompted(), "1:0/60 2:3/60 #:900/60 1:1500/60 2:300/60")).toBe("1*2*#12");
});

test("a clock that was put back casts doubt on one key", () => {
  const mirror = prompted();
  expect(told(mirror, "1:0/60 2:300/60", 3_600_000)).toBe("12");
  expect(told(mirror, "3:0/60 4:2000/60", 0)).toBe("*34");
});

test("reports a doubtful digit in a conference as such", () => {
  const mirror = new Mirror({ owner, dialIn: ["18005551234"] });
  entered(mirror, mirror.addConference(key, "bridge-1"));
  expect(told(mirror, "*:0/60 6:0/60 6:106/60 *:2000/60 6:300/60")).toBe("*" + "*6*6" + "*6");
});
