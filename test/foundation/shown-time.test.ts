import { expect, test } from "vitest";
import { exactText, instantText, secondText, sentenceIn, shownTime } from "../../src/foundation/time/shown-time.ts";

const at = Date.parse("2026-10-24T23:30:15.250Z");

test("people are shown a time in the zone of its domain", () => {
  expect(secondText(at, "Europe/Berlin")).toBe("2026-10-25 01:30:15");
  expect(exactText(at, "UTC")).toBe("2026-10-24 23:30:15.250");
  expect(shownTime(at, "Asia/Kolkata")).toEqual({
    day: "2026-10-25",
    minute: "05:00",
    clock: "05:00:15",
    exact: "05:00:15.250",
    offset: "+05:30",
  });
});

test("a sentence has its instants in the zone, with the day where that is another one than that of its subject", () => {
  const sentence = `WebEx asked for it at ${instantText(at)}, and the bridge did it at ${instantText(at + 86_400_000)}.`;
  expect(sentenceIn("Europe/Berlin", sentence, at)).toBe(
    "WebEx asked for it at 01:30:15, and the bridge did it at 2026-10-26 00:30:15.",
  );
  expect(sentenceIn("UTC", "nothing at 2026-99-99T99:99:99Z, c7-2026", at)).toBe(
    "nothing at 2026-99-99T99:99:99Z, c7-2026",
  );
});
