import { cut } from "../doors/foundation.ts";
import type { Answered } from "../tables/operations.ts";
import { type DialInSequence, dialInSequences } from "./dial-in.ts";

/** A session's data for callers. Texts are cut, because a site may send any length. */
export interface Meeting {
  readonly topic: string;
  /** `startsAt` is in the time zone next to it: `2026-11-28T10:10:00`. */
  readonly schedule: { readonly startsAt: string; readonly timeZone: string; readonly minutes: number } | null;
  readonly numbers: readonly MeetingNumber[];
  /** The participants' access code; empty if it is not shown. */
  readonly accessCode: string;
  readonly sequences: readonly DialInSequence[];
  /** Faults of the site's templates. */
  readonly faults: readonly string[];
}

export interface MeetingNumber {
  readonly kind: "toll" | "toll-free" | "backup" | "local" | "global";
  readonly number: string;
  readonly label: string;
}

const mostNumbers = 50;

/** Returns the meeting. Its first number and its access code, otherwise its key, fill in the dial-in sequences. */
export function meetingOf(answer: Answered<"getSessionInfo">): Meeting {
  const { telephony, schedule, metaData } = answer;
  const numbers = numbersOf(telephony);
  const accessCode = telephony?.participantAccessCode || telephony?.tspConference?.participantAccessCode || "";
  const values = { AccessCode: accessCode || answer.sessionkey, AccessNumber: numbers[0]?.number };
  const { sequences, faults } = dialInSequences(telephony?.dialInSequences ?? "", values);
  const { startDate, timeZone = "", duration = 0 } = schedule ?? {};
  return {
    topic: cut(metaData?.confName ?? "", 512),
    schedule: startDate === undefined ? null : { startsAt: startDate, timeZone: words(timeZone), minutes: duration },
    numbers,
    accessCode: words(accessCode),
    sequences,
    faults,
  };
}

function numbersOf(telephony: Answered<"getSessionInfo">["telephony"]): readonly MeetingNumber[] {
  const { callInNum, tspConference, labels } = telephony ?? {};
  const toll = callInNum?.tollNum || tspConference?.tollCallInNumber;
  const tollFree = callInNum?.tollFreeNum || tspConference?.tollFreeCallInNumber;
  const global = (callInNum?.globalNum ?? []).flatMap(({ phoneNumber, countryAlias }) =>
    numberOf("global", phoneNumber, countryAlias),
  );
  return [
    ...numberOf("toll", toll, labels?.tollCallInLabel),
    ...numberOf("toll-free", tollFree, labels?.tollFreeCallInLabel),
    ...numberOf("backup", callInNum?.backupTollNum),
    ...numberOf("local", callInNum?.intlLocalNum),
    ...global,
  ].slice(0, mostNumbers);
}

function numberOf(kind: MeetingNumber["kind"], number = "", label = ""): MeetingNumber[] {
  return number === "" ? [] : [{ kind, number: words(number), label: words(label) }];
}

function words(text: string): string {
  return cut(text, 256);
}
