import { cut, secretText } from "../doors/foundation.ts";
import {
  type DialInName,
  type DialInTemplate,
  type DialInValues,
  fillDialIn,
  maxSequencesLength,
  type Placeholder,
  parseDialInSequences,
} from "./xml-api/dial-in.ts";
import type { SessionInfo, VisiblePath } from "./xml-api/session-info.ts";

/** Why something of a meeting is not there: as in `Seen`. */
export type MissingWhy = "never" | "needs-password" | "absent" | "unknown" | "wrong";

/**
 * What a site shows of a session, as far as those who run its audio want to see it. No password, host key or subscriber code is in it.
 * A site may send any length of words, and these are kept: each is cut.
 */
export interface Meeting {
  readonly sessionKey: string;
  readonly service: SessionInfo["service"];
  readonly topic: string | null;
  readonly status: string | null;
  readonly host: { readonly name: string; readonly webExId: string; readonly email: string } | null;
  /** `startsAt` is in the time zone beside it: `2026-11-28T10:10:00`. */
  readonly schedule: { readonly startsAt: string; readonly timeZone: string; readonly minutes: number } | null;
  readonly numbers: readonly MeetingNumber[];
  /** The participants'. */
  readonly accessCode: string | null;
  /** As the site sent it. */
  readonly dialInSequences: string | null;
  readonly missing: readonly Missing[];
}

export interface MeetingNumber {
  readonly kind: "toll" | "toll-free" | "backup" | "local" | "global";
  readonly number: string;
  readonly label?: string;
}

export interface Missing {
  readonly what: string;
  readonly why: MissingWhy;
  /** In words for people. */
  readonly says: string;
}

/** A sequence as a telephone keys it: `+14085550142,,*00*4711001#,,,101#`, a comma for each pause. */
export interface FilledSequence {
  readonly name: DialInName;
  /** With the names, in brackets, of what only the one who dials knows. */
  readonly dialString: string;
  readonly toFill: readonly Placeholder[];
}

const mostOfTopic = 512;
/** Characters of any other text but the sequences. */
const mostWords = 256;
const mostNumbers = 50;

export function meetingOf(info: SessionInfo): Meeting {
  const { elements, answer, service } = info;
  const host = elements.host.is === "given" ? elements.host.value : null;
  const schedule = elements.schedule.is === "given" ? elements.schedule.value : null;
  const { startDate, duration, timeZone } = schedule ?? {};
  const topic = answer.metaData?.confName;
  const { telephony, status } = answer;
  const accessCode = telephony?.participantAccessCode || telephony?.tspConference?.participantAccessCode || null;
  const numbers = numbersOf(telephony);
  const isThere: Readonly<Record<(typeof shown)[number]["what"], boolean>> = {
    topic: Boolean(topic),
    status: Boolean(status),
    host: host !== null,
    schedule: startDate !== undefined,
    numbers: numbers.length > 0,
    "access code": accessCode !== null,
    "dial-in sequences": Boolean(telephony?.dialInSequences),
  };
  return {
    sessionKey: cut(answer.sessionkey, mostWords),
    service,
    topic: topic === undefined ? null : cut(topic, mostOfTopic),
    status: status === undefined ? null : cut(status, mostWords),
    host: host && {
      name: cut([host.firstName, host.lastName].filter(Boolean).join(" "), mostWords),
      webExId: cut(host.webExId ?? "", mostWords),
      email: cut(host.email ?? "", mostWords),
    },
    schedule:
      startDate === undefined
        ? null
        : {
            startsAt: cut(startDate, mostWords),
            timeZone: cut(timeZone ?? "", mostWords),
            minutes: duration ?? 0,
          },
    numbers,
    accessCode: accessCode && cut(accessCode, mostWords),
    // What is cut is longer than the reader of sequences takes: no telephone keys half of one.
    dialInSequences: telephony?.dialInSequences ? cut(telephony.dialInSequences, maxSequencesLength) : null,
    missing: shown.filter(({ what }) => !isThere[what]).map(({ what, path }) => missingOf(what, path, info)),
  };
}

/** The meeting as everybody may see it: `(secret)` says that it has an access code. */
export function withoutCode(meeting: Meeting): Meeting {
  const { accessCode, dialInSequences } = meeting;
  if (accessCode === null) return meeting;
  const templates = dialInSequences?.replaceAll(accessCode, "[AccessCode]") ?? null;
  return { ...meeting, accessCode: secretText, dialInSequences: templates };
}

/**
 * The sequences with the number, the access code or else the conference's key, and the attendee ID where it is given.
 * A code that is not shown is left to fill. `faults` says what is wrong with others.
 */
export function filledSequences(
  { dialInSequences, numbers, accessCode }: Meeting,
  conferenceKey: string,
  attendeeId?: string,
): { readonly sequences: readonly FilledSequence[]; readonly faults: readonly string[] } {
  const parsed = parseDialInSequences(dialInSequences ?? "");
  const values: DialInValues = {
    // What a caller keys first is an access code or the key of the conference.
    AccessCode: accessCode === secretText ? undefined : (accessCode ?? conferenceKey),
    ...(numbers[0] && { AccessNumber: numbers[0].number }),
    ...(attendeeId && { AttendeeID: attendeeId }),
  };
  const sequences: FilledSequence[] = [];
  const faults = parsed.faults.map((fault) => `of the site: ${fault}`);
  for (const [name, template] of Object.entries(parsed.sequences) as [DialInName, DialInTemplate][]) {
    const filled = fillDialIn(template, values);
    if (filled.ok) sequences.push({ name, dialString: filled.value.dialString, toFill: filled.value.toFill });
    else faults.push(`${name}: ${filled.error}`);
  }
  return { sequences, faults };
}

/** What of a session is shown, and where its visibility is told; the sequences go with the rest of telephony. */
const shown = [
  { what: "topic", path: "metaData.confName" },
  { what: "status", path: "status" },
  { what: "host", path: "host" },
  { what: "schedule", path: "schedule" },
  { what: "numbers", path: "telephony.callInNum" },
  { what: "access code", path: "telephony.participantAccessCode" },
  { what: "dial-in sequences", path: "telephony" },
] as const satisfies readonly { readonly what: string; readonly path: VisiblePath }[];

function missingOf(what: string, path: VisiblePath, { elements, service }: SessionInfo): Missing {
  const seen = elements[path];
  // The group may be there without this part of it.
  const why = seen.is === "given" ? "absent" : seen.is;
  const rule = seen.is === "wrong" ? seen.field.rule : "";
  const says: Readonly<Record<MissingWhy, string>> = {
    never: `WebEx shows none of a session of this kind (${service})`,
    "needs-password":
      "the site shows it only with the session's password, or to its host or somebody invited, and the user who asks is neither",
    absent: "the session has none",
    unknown: "the site sent none, and does not tell whether the session has one",
    wrong: `the site sent what cannot be read: it ${rule}`,
  };
  return { what, why, says: says[why] };
}

function numbersOf(telephony: SessionInfo["answer"]["telephony"]): readonly MeetingNumber[] {
  const { callInNum, tspConference, labels } = telephony ?? {};
  const toll = callInNum?.tollNum || tspConference?.tollCallInNumber;
  const tollFree = callInNum?.tollFreeNum || tspConference?.tollFreeCallInNumber;
  const numbers = [
    ...numberOf("toll", toll, labels?.tollCallInLabel),
    ...numberOf("toll-free", tollFree, labels?.tollFreeCallInLabel),
    ...numberOf("backup", callInNum?.backupTollNum),
    ...numberOf("local", callInNum?.intlLocalNum),
    ...(callInNum?.globalNum ?? []).flatMap(({ phoneNumber, countryAlias }) =>
      numberOf("global", phoneNumber, countryAlias),
    ),
  ];
  return numbers.slice(0, mostNumbers);
}

function numberOf(kind: MeetingNumber["kind"], number: string | undefined, label?: string): MeetingNumber[] {
  return number ? [{ kind, number: cut(number, mostWords), ...(label && { label: cut(label, mostWords) }) }] : [];
}
