import { expect, test } from "vitest";
import { applyEvent } from "../../bridge-agent/drivers/asterisk/apply-event.ts";
import { callNotesOf, Mirror } from "../../bridge-agent/drivers/asterisk/mirror.ts";
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
    .map((report) => (report.type === "keys" ? report.keys : report.type))
    .join("");
}

test.each([
  ["a person", "7:0/120 7:400/90 0:1400/1100 #:300/80", "770#"],
  ["a quick telephone", "7:0/40 7:103/40 0:102/40 #:107/40", "770#"],
  ["a telephone by SIP INFO, as Asterisk spaces them out", "7:0/160 7:205/160 0:205/160 #:205/160", "770#"],
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

test("keys that come closer by SIP INFO while a sentence is played count as they are, until it has ended", () => {
  const mirror = prompted();
  const playback = { id: "sentence", target_uri: `channel:${caller}` };
  const start = Date.parse("2026-11-20T10:00:00Z");
  applyEvent(mirror, { type: "PlaybackStarted", playback });
  expect(told(mirror, "7:0/160 7:45/160 0:45/160", start)).toBe("770");
  applyEvent(mirror, { type: "PlaybackFinished", playback });
  expect(told(mirror, "0:0/160 #:205/160", start + 135)).toBe("0#");
  expect(told(mirror, "1:0/60 1:45/60", start + 2_000)).toBe("1*1");
});

test("after a pause keys count again", () => {
  expect(told(prompted(), "1:0/60 2:3/60 #:900/60 1:1500/60 2:300/60")).toBe("1*2*#12");
});

test("a clock that was put back casts doubt on one key", () => {
  const mirror = prompted();
  expect(told(mirror, "1:0/60 2:300/60", 3_600_000)).toBe("12");
  expect(told(mirror, "3:0/60 4:2000/60", 0)).toBe("*34");
});

test("in a conference, a doubtful key ends the code that was begun, and completes none", () => {
  const mirror = new Mirror({ owner, dialIn: ["18005551234"] });
  entered(mirror, mirror.addConference(key, "bridge-1"));
  expect(told(mirror, "*:0/60 6:0/60 6:106/60 *:2000/60 6:300/60")).toBe("**#6*#6*6");
});
