import type { CallId, MsgId, TransId } from "../../foundation/ids.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { FactOf, Known, KnownCall, WhyRow } from "./known.ts";
import { callerText, type Moment, momentOf, type Question, rowsOf, timeText } from "./words.ts";

/** A caller whom WebEx is to name. */
interface Entry {
  /** As it was last. */
  readonly call: KnownCall;
  /** When it entered, WebEx had let the conference go on alone. */
  readonly isDetached: boolean;
  /** The latest message that it entered. */
  told: (Moment & Pick<FactOf<"post-queued">, "msgId" | "transId">) | null;
  confirmed: (Moment & { readonly confirmedAt: number }) | null;
  lastFailure: (FactOf<"post-failed"> & Moment) | null;
  givenUp: Moment | null;
  refused: (Moment & { readonly result: string }) | null;
  named: Moment | null;
  left: Moment | null;
  /** The conference was over before the name came. */
  over: Moment | null;
}

/** WebEx takes some seconds to name a call; less is not worth a question. */
const LATE_MS = 10_000;

const untold = { told: null, confirmed: null, lastFailure: null, givenUp: null, refused: null };

/** Why does WebEx not show a caller under its name? It has to name the call, and the caller to key its attendee ID. */
export class Entries implements Question {
  readonly #known: Known;
  readonly #entries = new Map<CallId, Omit<Entry, "call">>();
  /** Which call each message says that it entered. */
  readonly #told = new Map<MsgId, CallId>();
  #isDetached = false;

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) this.#read(row, fact);
    if (row.input?.type !== "webex") return;
    for (const message of row.input.messages) {
      if (message.type === "caller-named") this.#named(momentOf(row), message.msgId, String(message.result ?? "ok"));
    }
  }

  #read(row: WhyRow, fact: WhyRow["facts"][number]): void {
    const moment = momentOf(row);
    switch (fact.kind) {
      case "conference-requested":
      case "conference-taken-over":
        this.#isDetached = false;
        return;
      case "conference-detached":
        this.#isDetached = true;
        return;
      case "conference-ended":
        for (const entry of this.#entries.values()) if (!entry.left) entry.over ??= moment;
        return;
      case "call-entered":
        this.#entries.set(fact.call, { ...untold, isDetached: this.#isDetached, named: null, left: null, over: null });
        return;
      case "call-left": {
        const entry = this.#entries.get(fact.call);
        if (entry && fact.why !== "conference-ended") entry.left = moment;
        return;
      }
      case "post-queued": {
        const call = fact.type === "caller-entered" ? fact.call : undefined;
        if (call === undefined) return;
        // An invitee was told of when it waited, and a new server is told anew.
        this.#told.set(fact.msgId, call);
        const entry = this.#entries.get(call);
        const told = { ...moment, msgId: fact.msgId, transId: fact.transId };
        if (entry) Object.assign(entry, untold, { told });
        return;
      }
      case "post-failed":
        return this.#each(fact.transId, (entry) => {
          entry.lastFailure = { ...fact, seq: row.seq };
        });
      case "post-confirmed":
        return this.#each(fact.transId, (entry) => {
          entry.confirmed = { ...moment, confirmedAt: fact.at };
        });
      case "post-given-up":
        return this.#each(fact.transId, (entry) => {
          if (fact.messages.some(({ msgId }) => msgId === entry.told?.msgId)) entry.givenUp = moment;
        });
      default:
    }
  }

  #named(moment: Moment, msgId: MsgId, result: string): void {
    const entry = this.#entries.get(this.#told.get(msgId) ?? ("" as CallId));
    if (!entry) return;
    if (result === "ok") entry.named = moment;
    else entry.refused = { ...moment, result };
  }

  #each(transId: TransId, change: (entry: Omit<Entry, "call">) => void): void {
    for (const entry of this.#entries.values()) if (entry.told?.transId === transId) change(entry);
  }

  answers(): readonly Explanation[] {
    return [...this.#entries].flatMap(([id, rest]) => {
      const call = this.#known.calls.get(id);
      const found = call && whyNotNamed({ ...rest, call });
      if (!found) return [];
      const question = `Why does WebEx not show ${callerText(call)} under its name?`;
      const { told, left } = rest;
      const at = told?.at ?? found.rows[0]?.at ?? 0;
      const rows = rowsOf(told, ...found.rows, found.endsWithLeft ? left : null);
      return [{ at, calls: [id], question, answer: found.answer, rows }];
    });
  }
}

interface Found {
  readonly answer: string;
  readonly rows: readonly (Moment | null)[];
  readonly endsWithLeft?: true;
}

function whyNotNamed(entry: Entry): Found | null {
  const { call, told, confirmed, lastFailure, givenUp, refused, named, left, over } = entry;
  if (!told && call.extCallId === null) {
    const answer = entry.isDetached
      ? "WebEx had closed the meeting and kept its audio, so it is not told who enters until it opens it again."
      : "WebEx could not be reached when the caller entered, and was not told of it yet.";
    return { answer, rows: [over] };
  }
  if (refused && call.extCallId === null) {
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
  if (call.extCallId !== null) {
    if (!named || call.dialled || call.attendeeId !== null) return null;
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
    const answer = `WebEx has not confirmed the message that the caller entered: attempt ${lastFailure.attempt} failed at ${timeText(lastFailure.at)} (${lastFailure.why}), and it is tried again.${end}`;
    return { answer, rows: [lastFailure, over], endsWithLeft: true };
  }
  const answer = `WebEx was told at ${timeText(told?.at ?? 0)} that the caller entered, and has neither confirmed that nor named the call yet.${end}`;
  return { answer, rows: [over], endsWithLeft: true };
}

function failureText({ lastFailure }: Entry): string {
  return lastFailure ? `, after attempt ${lastFailure.attempt} had failed (${lastFailure.why})` : "";
}
