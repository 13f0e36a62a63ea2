import type { CallId, MsgId } from "../../foundation/ids.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { Known, KnownCall, KnownMessage, WhyRow } from "./known.ts";
import { callerText, type Moment, momentOf, rowsOf, timeText } from "./words.ts";

/** A caller whom WebEx is to name. */
interface Entry {
  /** When it entered, WebEx had let the conference go on alone. */
  readonly isDetached: boolean;
  /** The latest message that it entered. */
  told: KnownMessage | null;
  refused: (Moment & { readonly result: string }) | null;
  named: Moment | null;
  left: Moment | null;
  /** The conference was over before the name came. */
  over: Moment | null;
}

/** WebEx takes some seconds to name a call; less is not worth a question. */
const LATE_MS = 10_000;

/** Why does WebEx not show a caller under its name? It has to name the call, and the caller to key its attendee ID. */
export class Entries {
  readonly #known: Known;
  readonly #entries = new Map<CallId, Entry>();
  /** Which call each message says that it entered. */
  readonly #told = new Map<MsgId, CallId>();
  #isDetached = false;

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) this.#read(momentOf(row), fact);
    if (row.input?.type !== "webex") return;
    for (const message of row.input.messages) {
      if (message.type === "caller-named") this.#named(momentOf(row), message.msgId, String(message.result ?? "ok"));
    }
  }

  #read(moment: Moment, fact: WhyRow["facts"][number]): void {
    const entry = "call" in fact && fact.call !== undefined ? this.#entries.get(fact.call) : undefined;
    switch (fact.kind) {
      case "conference-requested":
      case "conference-taken-over":
        this.#isDetached = false;
        return;
      case "conference-detached":
        this.#isDetached = true;
        return;
      case "conference-ended":
        for (const one of this.#entries.values()) if (!one.left) one.over ??= moment;
        return;
      case "call-entered": {
        const untold = { told: null, refused: null, named: null, left: null, over: null };
        this.#entries.set(fact.call, { isDetached: this.#isDetached, ...untold });
        return;
      }
      case "call-left":
        if (entry && fact.why !== "conference-ended") entry.left = moment;
        return;
      case "post-queued": {
        if (fact.type !== "caller-entered" || fact.call === undefined) return;
        // An invitee was told of when it waited, and a new server is told anew.
        this.#told.set(fact.msgId, fact.call);
        if (entry && entry.told?.fact.msgId !== fact.msgId)
          Object.assign(entry, { told: this.#known.messages.get(fact.msgId), refused: null });
        return;
      }
      default:
    }
  }

  #named(moment: Moment, msgId: MsgId, result: string): void {
    const entry = this.#entries.get(this.#told.get(msgId) ?? ("" as CallId));
    if (!entry) return;
    if (result === "ok") entry.named = moment;
    else entry.refused = { ...moment, result };
  }

  answers(): readonly Explanation[] {
    return [...this.#entries].flatMap(([id, entry]) => {
      const call = this.#known.calls.get(id);
      const found = call && whyNotNamed(call, entry, this.#known);
      if (!found) return [];
      const question = `Why does WebEx not show ${callerText(call)} under its name?`;
      const at = entry.told?.at ?? found.rows[0]?.at ?? 0;
      return [{ at, calls: [id], question, answer: found.answer, rows: rowsOf(entry.told, ...found.rows) }];
    });
  }
}

interface Found {
  readonly answer: string;
  readonly rows: readonly (Moment | null | undefined)[];
}

function whyNotNamed(call: KnownCall, entry: Entry, known: Known): Found | null {
  const { isDetached, refused, named, left, over } = entry;
  const isOwed = entry.told !== null && known.owed.has(entry.told.fact.msgId);
  // What it is owed is posted again as a probe, and once its server answers.
  const latest = isOwed ? entry.told : (known.messages.get(entry.told?.fact.msgId as MsgId) ?? null);
  const told = latest?.isDropped ? null : latest;
  const { confirmed = null, failed = null } = told?.post ?? {};
  if (call.extCallId === null && !told) {
    const answer = isDetached
      ? "WebEx had closed the meeting and kept its audio, so it is not told who enters until it opens it again."
      : "WebEx could not be reached when the caller entered, and was not told of it yet.";
    return { answer, rows: [over] };
  }
  if (call.extCallId === null && refused) {
    const answer = `WebEx refused at ${timeText(refused.at)} to name the call: its result was ${refused.result}.`;
    return { answer, rows: [refused] };
  }
  if (named && left && named.seq > left.seq) {
    const answer = `The caller left at ${timeText(left.at)}, and WebEx named it only at ${timeText(named.at)}.`;
    return { answer, rows: [left, named] };
  }
  if (named && told && named.at - told.at > LATE_MS) {
    const seconds = Math.round((named.at - told.at) / 1_000);
    const after = failed ? `, after attempt ${failed.attempt} had failed (${failed.why})` : "";
    const answer = `WebEx does since ${timeText(named.at)}: it named the call ${seconds} s after it was told of it${after}.`;
    return { answer, rows: [failed, named] };
  }
  if (call.extCallId !== null) {
    if (!named || call.dialled || call.isMonitor || call.attendeeId !== null) return null;
    const answer =
      "WebEx named the call, but the caller has keyed no attendee ID, so WebEx cannot tell which person of the meeting it is.";
    return { answer, rows: [named] };
  }
  const end = left
    ? ` The caller left at ${timeText(left.at)}.`
    : over
      ? ` The conference ended at ${timeText(over.at)}.`
      : "";
  const unnamed = (answer: string, ...rows: Found["rows"]): Found => ({
    answer: `${answer}${end}`,
    rows: [...rows, over, left],
  });
  if (told?.givenUp) {
    const why = failed ? `: ${failed.why}` : "";
    const answer = `WebEx did not confirm the message that the caller entered, and after the last attempt it was given up at ${timeText(told.givenUp.at)}${why}. So WebEx does not know of the call${isOwed ? ", and is told of it once its server can be reached" : ""}.`;
    return unnamed(answer, failed, told.givenUp);
  }
  if (confirmed) {
    const answer = `WebEx confirmed the message that the caller entered at ${timeText(confirmed.at)}, and never answered it by a name for the call.`;
    return unnamed(answer, confirmed);
  }
  if (failed) {
    const answer = `WebEx has not confirmed the message that the caller entered: attempt ${failed.attempt} failed at ${timeText(failed.at)} (${failed.why}), and it is tried again.`;
    return unnamed(answer, failed);
  }
  return unnamed(
    `WebEx was told at ${timeText(told?.at ?? 0)} that the caller entered, and has neither confirmed that nor named the call yet.`,
  );
}
