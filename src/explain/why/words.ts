import type { RefusalReason } from "../../bridge/commands.ts";
import type { LeaveReason, MessageSummary } from "../../conference/facts.ts";
import type { CallId } from "../../foundation/ids.ts";
import { BACK_END } from "../../foundation/text/bare-host.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { ResultWord } from "../../tsp/protocol-table.ts";

/** A call as sentences name it. */
interface NamedCall {
  readonly call: CallId;
  readonly number: string;
  readonly attendeeId: string | null;
  readonly extCallId: string | null;
}

export type Moment = Explanation["rows"][number];

/** An answer, proved by these rows besides the one that it is about. */
export function explained(
  row: Moment,
  calls: readonly CallId[],
  question: string,
  answer: string,
  ...rows: readonly (Moment | null | undefined)[]
): Explanation {
  return { at: row.at, calls, question, answer, rows: rowsOf(...rows, row) };
}

export function momentOf({ seq, at }: Moment): Moment {
  return { seq, at };
}

/** The rows in order, each once. */
export function rowsOf(...moments: readonly (Moment | null | undefined)[]): readonly Moment[] {
  const bySeq = new Map(moments.filter((one) => one !== null && one !== undefined).map((one) => [one.seq, one]));
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq).map(momentOf);
}

/** The caller in the words of a sentence: `the caller 14085550101`. */
export function callerText({ number, attendeeId, extCallId }: Omit<NamedCall, "call">): string {
  const named = extCallId === null ? "" : ` (WebEx's call ${extCallId})`;
  if (number !== "") return `the caller ${number}${named}`;
  if (attendeeId !== null) return `the caller with the attendee ID ${attendeeId}${named}`;
  return `the caller with a withheld number${named}`;
}

export function numberText(number: string, extCallId: string | null): string {
  return `the number ${number}${extCallId === null ? "" : ` (WebEx's call ${extCallId})`}`;
}

/** Each text once, with how often it came, in the order in which they came first. */
export function countedTexts(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const words = [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`));
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** Why the bridge did not do it, to follow "the bridge refused it: ". */
export const refusalTexts: Readonly<Record<RefusalReason, string>> = {
  refused: "it gave no reason",
  capacity: "it has no free port, or is drained",
  "not-supported": "it cannot do that",
  "no-such-conference": "it no longer had the conference",
  "no-such-call": "the call was over already",
  "no-such-room": "it no longer had the room",
  locked: "the conference was locked",
  "too-late": "it got to it too late",
  unreachable: "it could not be reached",
};

export function refusalText(why: string): string {
  return (refusalTexts as Readonly<Partial<Record<string, string>>>)[why] ?? why;
}

/** Why a call is over, as a sentence. */
export function leaveText(why: LeaveReason): string {
  return leaveTexts[why as keyof typeof leaveTexts] ?? `The bridge refused it: ${refusalText(why)}.`;
}

const leaveTexts = {
  "hung-up": "The caller hung up.",
  expelled: "The bridge dropped it: somebody there wanted that, and not WebEx.",
  "conference-ended": "The conference ended, and its calls with it.",
  busy: "The line was busy.",
  "no-answer": "Nobody answered.",
  rejected: "The called party rejected the call.",
  "invalid-number": "The number does not exist.",
  cancelled: "The call was cancelled while it rang.",
  refused: "The bridge, or the policy of its agent, refused the call.",
  "not-found":
    "The bridge no longer had the call when conference and bridge were compared: word of its end had not come before.",
  "bridge-timeout": "The bridge did not answer in time.",
  "number-denied": "The domain's settings do not allow that number.",
  "capacity-exceeded": "There were as many callers as WebEx allows for this conference.",
} as const satisfies Readonly<Record<Exclude<LeaveReason, RefusalReason> | "refused", string>>;

/** Why WebEx was refused something, as a sentence. */
export function resultText(result: string): string {
  return resultTexts[result as ResultWord] ?? `The answer was ${result}.`;
}

const resultTexts: Readonly<Partial<Record<ResultWord, string>>> = {
  "no-such-conference": "The conference was not there, or was being closed.",
  "bridge-unreachable": "The bridge refused it or could not be reached.",
  "capacity-exceeded":
    "There were as many callers as WebEx allows for this conference, or the bridge had no free port.",
  "no-such-call": "The call was over, or WebEx had named another one.",
  "conference-closed": "The conference was over.",
  "not-supported": "The bridge cannot do it, or it is not possible for this call.",
  "bridge-timeout": "The bridge did not answer in time.",
  "conference-locked": "The conference was locked.",
  "number-denied": "The domain's settings do not allow that number.",
  busy: "The line was busy.",
  "no-answer": "Nobody answered.",
  rejected: "The called party rejected the call or hung up.",
  "invalid-number": "The number does not exist.",
  cancelled: "WebEx cancelled the call.",
};

export function serverText(host: string): string {
  return host === BACK_END ? "The partner's back end" : `WebEx's server ${host}`;
}

/** The calls that these messages are about. */
export function callsOf(messages: readonly Pick<SaidMessage, "call">[]): readonly CallId[] {
  return [...new Set(messages.flatMap(({ call }) => call?.call ?? []))];
}

interface SaidMessage {
  readonly call: NamedCall | undefined;
  readonly fact: Pick<MessageSummary, "type" | "status" | "extCallId">;
}

/** What messages say, to follow "WebEx was not notified ". */
export function messageTexts(messages: readonly SaidMessage[]): string {
  return countedTexts(messages.map(messageText));
}

function messageText({ fact, call }: SaidMessage): string {
  const { type, status, extCallId } = fact;
  const named = extCallId === undefined ? "a caller" : `WebEx's call ${extCallId}`;
  const who = call ? callerText(call) : named;
  switch (type) {
    case "caller-entered":
      return `that ${who} entered`;
    case "caller-changed":
      return status === "left" ? `that ${who} left` : `that ${who} is ${status}`;
    case "conference-changed":
      if (status === "recording-sequence") return "what its recorder dials";
      return status === "ended" ? "that the conference ended" : `that the conference is ${status}`;
    case "speaking-changed":
      return "who speaks";
    case "sub-conference-changed":
      return "of a sub-conference";
    case "sub-conference-call-changed":
    case "joined-sub-conference":
      return `in which sub-conference ${who} is`;
    case "client-passthrough":
      return `the data for ${who}`;
    case "client-data":
      return "the data of a caller's client";
    default:
      return "what became of its request";
  }
}
