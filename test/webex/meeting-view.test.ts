import { expect, test } from "vitest";
import { filledSequences, meetingOf } from "../../src/webex/meeting-view.ts";
import { getSessionInfo } from "../../src/webex/xml-api/session-info.ts";

const long = "9".repeat(100_000);

/** The meeting of an answer with these elements. */
async function meetingWith(more: object) {
  const value = { sessionkey: "1", metaData: { serviceType: "MeetingCenter" }, ...more };
  const api = { form: "password", call: async () => ({ ok: true, value: { value, wrong: [] } }) } as never;
  const info = await getSessionInfo(api, { sessionKey: "1" });
  if (!info.ok) throw new Error(info.error.kind);
  return meetingOf(info.value);
}

test("texts and lists of a site are kept at no more than their length", async () => {
  const meeting = await meetingWith({
    sessionkey: long,
    metaData: { serviceType: "MeetingCenter", confName: `Berth planning ${long}` },
    status: long,
    host: { firstName: long, lastName: long, webExId: long, email: long },
    schedule: { startDate: long, timeZone: long, duration: 60 },
    telephony: {
      participantAccessCode: long,
      callInNum: {
        tollNum: long,
        globalNum: Array.from({ length: 500 }, () => ({ phoneNumber: long, countryAlias: long })),
      },
      labels: { tollCallInLabel: long },
    },
  });

  expect(meeting.topic).toBe(`Berth planning ${"9".repeat(497)}…`);
  expect(meeting.numbers).toHaveLength(50);
  expect([meeting.sessionKey, meeting.accessCode, meeting.numbers[49]?.label].map((text) => text?.length)).toEqual([
    257, 257, 257,
  ]);
  expect(JSON.stringify(meeting).length).toBeLessThan(35_000);
});

test("dial-in sequences that are too long are not shown in part: a telephone would key half of one", async () => {
  const whole = await meetingWith({ telephony: { dialInSequences: "AutoDialInSequence:[AccessNumber]" } });
  const { dialInSequences } = await meetingWith({ telephony: { dialInSequences: `AutoDialInSequence:${long}` } });
  const meeting = { ...whole, dialInSequences };

  expect(dialInSequences).toHaveLength(4_097);
  expect(filledSequences(whole, "1").sequences).toHaveLength(1);
  expect(filledSequences(meeting, "1")).toEqual({
    sequences: [],
    faults: ["of the site: dialInSequences is longer than 4096 characters"],
  });
});
