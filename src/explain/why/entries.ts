import type { Caller } from "../../conference/state.ts";
import type { CallId, MsgId } from "../../foundation/ids.ts";
import type { Person } from "../../foundation/shown.ts";
import type { Posted, Step } from "../../replay/replay.ts";
import type { Explanation } from "../../rpc/story.ts";
import { callerAfter, callerText, type Moment, momentOf, type Question, rowsOf, timeText } from "./words.ts";

/** A caller whom WebEx is to name. */
interface Entry {
  caller: Caller;
  readonly dialledIn: boolean;
  /** The latest message that it entered. */
  told: Moment | null;
  confirmed: (Moment & { readonly confirmedAt: number }) | null;
  lastFailure: (Moment & { readonly why: string; readonly attempts: number }) | null;
  givenUp: Moment | null;
  refused: (Moment & { readonly result: string | number }) | null;
  named: Moment | null;
  left: Moment | null;
  /** The conference was over, or its server was another one, before the name came. */
  over: Moment | null;
}

/** WebEx takes some seconds to name a call; less is not worth a question. */
const LATE_MS = 10_000;

/** Why does WebEx not show a caller under its name? It has to name the call, and the caller to key its attendee ID. */
export class Entries implements Question {
  readonly #person: Person;
  readonly #entries = new Map<CallId, Entry>();
  readonly #byMsgId = new Map<MsgId, CallId>();

  constructor(person: Person) {
    this.#person = person;
  }

  read(step: Step): void {
    const moment = momentOf(step);
    for (const document of step.failed)
      for (const entry of this.#entriesOf(document)) {
        entry.lastFailure = { seq: step.seq, at: document.at, why: document.why, attempts: document.attempts };
      }
    for (const document of step.confirmed)
      for (const entry of this.#entriesOf(document)) entry.confirmed = { ...moment, confirmedAt: document.at };
    for (const document of step.givenUp) for (const entry of this.#entriesOf(document)) entry.givenUp = moment;
    if (step.input?.type === "webex") {
      for (const message of step.input.messages) {
        if (message.type === "caller-named") this.#named(message.msgId, message.result ?? "ok", moment);
      }
    }
    for (const call of step.changes.callers.keys()) this.#changed(step, call);
    if (step.changes.head?.phase === "ended")
      for (const entry of this.#entries.values()) if (!entry.left) entry.over ??= moment;
  }

  #changed(step: Step, call: CallId): void {
    const moment = momentOf(step);
    const before = step.before.callers.get(call);
    const caller = callerAfter(step, call);
    const entry = this.#entries.get(call);
    if (!caller || caller.left) {
      if (entry && before && !before.left && step.changes.head?.phase !== "ended") entry.left = moment;
      if (entry && caller) entry.caller = caller;
      return;
    }
    if (!entry) {
      const callOut = step.before.callOuts.get(call);
      const told = caller.enterMsgId === (callOut?.enterMsgId ?? null) ? null : moment;
      const nothing = { confirmed: null, lastFailure: null, givenUp: null, refused: null, named: null };
      const dialledIn = callOut === undefined;
      this.#entries.set(call, { caller, dialledIn, told, ...nothing, left: null, over: null });
    } else {
      entry.caller = caller;
      if (caller.enterMsgId !== null && caller.enterMsgId !== before?.enterMsgId) {
        // It is told anew, to another server.
        Object.assign(entry, { told: moment, confirmed: null, lastFailure: null, givenUp: null, refused: null });
      }
    }
    if (caller.enterMsgId !== null) this.#byMsgId.set(caller.enterMsgId, call);
  }

  #named(msgId: MsgId, result: string | number, moment: Moment): void {
    const entry = this.#entries.get(this.#byMsgId.get(msgId) ?? ("" as CallId));
    if (!entry) return;
    if (result === "ok") entry.named = moment;
    else entry.refused = { ...moment, result };
  }

  #entriesOf({ messages }: Pick<Posted, "messages">): Entry[] {
    return messages.flatMap((message) => {
      if (message.type !== "caller-entered") return [];
      const entry = this.#entries.get(this.#byMsgId.get(message.msgId) ?? ("" as CallId));
      return entry ? [entry] : [];
    });
  }

  answers(): readonly Explanation[] {
    return [...this.#entries.values()].flatMap((entry) => {
      const found = whyNotNamed(entry);
      if (!found) return [];
      const question = `Why does WebEx not show ${callerText(entry.caller, this.#person)} under its name?`;
      const { told, left } = entry;
      const at = told?.at ?? found.rows[0]?.at ?? 0;
      const rows = rowsOf(told, ...found.rows, found.endsWithLeft ? left : null);
      return [{ at, calls: [entry.caller.call], question, answer: found.answer, rows }];
    });
  }
}

interface Found {
  readonly answer: string;
  readonly rows: readonly (Moment | null)[];
  readonly endsWithLeft?: true;
}

function whyNotNamed(entry: Entry): Found | null {
  const { caller, told, confirmed, lastFailure, givenUp, refused, named, left, over } = entry;
  if (!told && caller.extCallId === null) {
    const answer =
      "WebEx had closed the meeting and kept its audio, so it is not told who enters until it opens it again.";
    return { answer, rows: [over] };
  }
  if (refused && caller.extCallId === null) {
    const answer = `WebEx refused at ${timeText(refused.at)} to name the call: its result was ${refused.result}.`;
    return { answer, rows: [refused] };
  }
  if (named && left && named.seq > left.seq) {
    const answer = `The caller left at ${timeText(left.at)}, and WebEx named it only at ${timeText(named.at)}.`;
    return { answer, rows: [left, named] };
  }
  if (named && told && named.at - told.at > LATE_MS) {
    const seconds = Math.round((named.at - told.at) / 1_000);
    const answer = `WebEx does since ${timeText(named.at)}: it named the call ${seconds} s after it was told of it${failureText(entry)}.`;
    return { answer, rows: [lastFailure, named] };
  }
  if (caller.extCallId !== null) {
    if (!named || !entry.dialledIn || caller.attendeeId !== null) return null;
    const answer =
      "WebEx named the call, but the caller has keyed no attendee ID, so WebEx cannot tell which person of the meeting it is.";
    return { answer, rows: [named] };
  }
  const end = left
    ? ` The caller left at ${timeText(left.at)}.`
    : over
      ? ` The conference ended at ${timeText(over.at)}.`
      : "";
  if (givenUp) {
    const why = lastFailure ? `: ${lastFailure.why}` : "";
    const answer = `WebEx did not confirm the message that the caller entered, and after the last attempt it was given up at ${timeText(givenUp.at)}${why}. So WebEx does not know of the call.${end}`;
    return { answer, rows: [lastFailure, givenUp, over], endsWithLeft: true };
  }
  if (confirmed) {
    const answer = `WebEx confirmed the message that the caller entered at ${timeText(confirmed.confirmedAt)}, and never answered it by a name for the call.${end}`;
    return { answer, rows: [confirmed, over], endsWithLeft: true };
  }
  if (lastFailure) {
    const answer = `WebEx has not confirmed the message that the caller entered: attempt ${lastFailure.attempts} failed at ${timeText(lastFailure.at)} (${lastFailure.why}), and it is tried again.${end}`;
    return { answer, rows: [lastFailure, over], endsWithLeft: true };
  }
  const answer = `WebEx was told at ${timeText(told?.at ?? 0)} that the caller entered, and has neither confirmed that nor named the call yet.${end}`;
  return { answer, rows: [over], endsWithLeft: true };
}

function failureText({ lastFailure }: Entry): string {
  return lastFailure ? `, after attempt ${lastFailure.attempts} had failed (${lastFailure.why})` : "";
}
