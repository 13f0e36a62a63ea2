import type { CommandType, RefusalReason } from "../../bridge/commands.ts";
import type { Outgoing } from "../../conference/draft.ts";
import type { Caller, CallOut, ConferenceState } from "../../conference/state.ts";
import type { CallId, EpochMs } from "../../foundation/ids.ts";
import type { Person } from "../../foundation/shown.ts";
import type { Step } from "../../replay/replay.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { ResultWord } from "../../tsp/protocol-table.ts";

/** One kind of question: reads the steps in order, and then has its answers. */
export interface Question {
  read(step: Step): void;
  answers(): readonly Explanation[];
}

export type Moment = Explanation["rows"][number];

export function momentOf({ seq, at }: Moment): Moment {
  return { seq, at };
}

/** The rows in order, each once. */
export function rowsOf(...moments: readonly (Moment | null | undefined)[]): readonly Moment[] {
  const bySeq = new Map(moments.filter((one) => one !== null && one !== undefined).map((one) => [one.seq, one]));
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq).map(momentOf);
}

/** The caller in the words of a sentence: `the caller 14085550101`. */
export function callerText(caller: Pick<Caller, "number" | "attendeeId" | "extCallId">, person: Person): string {
  const { number, attendeeId, extCallId } = caller;
  const named = extCallId === null ? "" : ` (WebEx's call ${extCallId})`;
  if (number !== "") return `the caller ${person(number)}${named}`;
  if (attendeeId !== null) return `the caller with the attendee ID ${person(attendeeId)}${named}`;
  return `the caller with a withheld number${named}`;
}

export function callOutText({ number, extCallId }: CallOut, person: Person): string {
  return `the number ${person(`${number.country}${number.area}${number.local}`)} (WebEx's call ${extCallId})`;
}

export function timeText(at: EpochMs): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}

export function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** `3 × that a caller left` → counted, each text once, in the order in which they came first. */
export function countedTexts(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return listed([...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`)));
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

/** Why WebEx was refused something, as a sentence. */
export function resultText(result: ResultWord | number): string {
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
  "no-such-room": "There was no such sub-conference.",
  "wrong-room": "The call was in another room than WebEx took it to be in.",
  "room-exists": "There was a sub-conference of that name already.",
  "attribute-missing": "WebEx's message left out what it needs.",
};

export const commandTexts: Readonly<Record<CommandType, string>> = {
  "create-conference": "create the conference",
  "end-conference": "end the conference",
  lock: "lock the conference",
  unlock: "unlock the conference",
  "report-speakers": "report who speaks",
  "stop-reporting-speakers": "stop reporting who speaks",
  "create-room": "open a room",
  "close-room": "close a room",
  dial: "dial a number",
  "cancel-dial": "stop ringing",
  mute: "mute a caller",
  unmute: "unmute a caller",
  expel: "drop a caller",
  admit: "let a caller in",
  move: "move a caller",
};

/** What a message says, to follow "WebEx was not told ". `person` is `null` where no caller is to be told from others. */
export function messageText(message: Outgoing, state: ConferenceState, person: Person | null): string {
  const who = person ? subjectOf(message, state, person) : "a caller";
  switch (message.type) {
    case "caller-entered":
      return `that ${who} entered`;
    case "caller-changed":
      return message.status === "left"
        ? `that ${who} left`
        : message.attendeeId !== undefined
          ? `which attendee ID ${who} keyed`
          : `that ${who} is ${message.status}`;
    case "conference-changed":
      return message.status === "ended" ? "that the conference ended" : `that the conference is ${message.status}`;
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

function subjectOf(message: Outgoing, state: ConferenceState, person: Person): string {
  const about = callerOf(message, state);
  if (about) return callerText(about, person);
  return "extCallId" in message && message.extCallId ? `WebEx's call ${message.extCallId}` : "a caller";
}

/** The caller that a message is about, as far as the state knows it. */
export function callerOf(message: Outgoing, { callers }: ConferenceState): Caller | undefined {
  for (const caller of callers.values()) {
    if (message.type === "caller-entered" && caller.enterMsgId === message.msgId) return caller;
    if (!("extCallId" in message) || message.extCallId === undefined) continue;
    if (caller.extCallId === message.extCallId) return caller;
  }
  return undefined;
}

/** The callers as a step leaves them. */
export function callerAfter({ before, changes }: Step, call: CallId): Caller | undefined {
  const changed = changes.callers.get(call);
  return changed === undefined ? before.callers.get(call) : (changed ?? undefined);
}

export function headAfter({ before, changes }: Step) {
  return changes.head ?? before.head;
}
