import { expect, test } from "vitest";
import { filledSequences, meetingOf, withoutCode } from "../client/meeting-view.ts";
import { getSessionInfo } from "../client/xml-api/session-info.ts";

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

test("numbers and the participants' code of a TSP account stand for those that the session does not name", async () => {
  const tspConference = {
    tollCallInNumber: "14085550142",
    tollFreeCallInNumber: "18005550142",
    participantAccessCode: "4711001",
    subscriberAccessCode: "94711001",
  };
  const ofAccount = await meetingWith({ telephony: { tspConference } });
  const callInNum = { tollNum: "14085550143", backupTollNum: "14085550144", intlLocalNum: "442079460000" };
  const named = await meetingWith({ telephony: { participantAccessCode: "12", callInNum, tspConference } });

  expect([ofAccount.accessCode, ofAccount.numbers]).toEqual([
    "4711001",
    [
      { kind: "toll", number: "14085550142" },
      { kind: "toll-free", number: "18005550142" },
    ],
  ]);
  expect([named.accessCode, named.numbers]).toEqual([
    "12",
    [
      { kind: "toll", number: "14085550143" },
      { kind: "toll-free", number: "18005550142" },
      { kind: "backup", number: "14085550144" },
      { kind: "local", number: "442079460000" },
    ],
  ]);
  expect(JSON.stringify([ofAccount, named])).not.toContain("94711001");
});

test("telephony without numbers has none, which is another thing than telephony that is not shown", async () => {
  const why = ({ missing }: Awaited<ReturnType<typeof meetingWith>>) =>
    missing.find(({ what }) => what === "numbers")?.why;

  expect(why(await meetingWith({ telephony: { telephonySupport: "NONE", callInNum: { tollNum: "" } } }))).toBe(
    "absent",
  );
  expect(why(await meetingWith({}))).toBe("needs-password");
});

test("without its access code a meeting says that it has one, and telephones are left to fill it, also where the site wrote it out", async () => {
  const dialInSequences = "AutoDialInSequence:[AccessNumber],,*00*4711001#|SilentDialInSequence:1,,*01*[AccessCode]#";
  const meeting = await meetingWith({ telephony: { participantAccessCode: "4711001", dialInSequences } });
  const shown = withoutCode(meeting);

  expect(meeting.accessCode).toBe("4711001");
  expect(shown.accessCode).toBe("(secret)");
  expect(filledSequences(shown, "987654321").sequences).toEqual([
    {
      ...{ name: "AutoDialInSequence", dialString: "[AccessNumber],,*00*[AccessCode]#" },
      toFill: ["AccessNumber", "AccessCode"],
    },
    { name: "SilentDialInSequence", dialString: "1,,*01*[AccessCode]#", toFill: ["AccessCode"] },
  ]);
  expect(JSON.stringify(shown)).not.toContain("4711001");
  const without = await meetingWith({});
  expect(withoutCode(without)).toEqual(without);
});
