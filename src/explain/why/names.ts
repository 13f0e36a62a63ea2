import type { Explanation } from "../../rpc/story.ts";
import type { CallerEntry, Known, KnownCall } from "./known.ts";
import { callerText, type Moment, rowsOf, timeText } from "./words.ts";

/** WebEx takes some seconds to name a call; less is not worth a question. */
const LATE_MS = 10_000;

/** Why does WebEx not show a caller under its name? It has to name the call, and the caller to key its attendee ID. */
export function notNamed(known: Known): readonly Explanation[] {
  return [...known.calls.values()].flatMap((call) => (call.entry && whyNotNamed(call, call.entry, known)) ?? []);
}

function whyNotNamed(call: KnownCall, entry: CallerEntry, known: Known): Explanation | null {
  const { isDetached, refused, named, left, over } = entry;
  const isOwed = entry.notification !== null && known.owed.has(entry.notification.fact.msgId);
  // What it is owed is posted again as a probe, and once its server answers.
  const latest = isOwed
    ? entry.notification
    : ((entry.notification && known.messages.get(entry.notification.fact.msgId)) ?? null);
  const notification = latest?.isDropped ? null : latest;
  const { confirmed = null, failed = null } = notification?.post ?? {};
  const isNamed = call.extCallId !== null;
  const answered = (answer: string, ...rows: readonly (Moment | null)[]): Explanation => {
    const question = `Why does WebEx not show ${callerText(call)} under its name?`;
    const at = entry.notification?.at ?? rows[0]?.at ?? 0;
    return { at, calls: [call.call], question, answer, rows: rowsOf(entry.notification, ...rows) };
  };
  const ended = over ? ` The conference ended at ${timeText(over.at)}.` : "";
  const end = left ? ` The caller left at ${timeText(left.at)}.` : ended;
  if (!isNamed && !notification) {
    const why = isDetached
      ? "had closed the meeting and kept its audio, so it is not told who enters until it opens it again"
      : `could not be reached when the caller entered, and was not told of it${isOwed ? " yet" : ""}`;
    return answered(`WebEx ${why}.${end}`, over, left);
  }
  if (!isNamed && refused)
    return answered(
      `WebEx refused at ${timeText(refused.at)} to name the call: its result was ${refused.result}.`,
      refused,
    );
  if (named && left && named.seq > left.seq)
    return answered(
      `The caller left at ${timeText(left.at)}, and WebEx named it only at ${timeText(named.at)}.`,
      left,
      named,
    );
  if (named && notification && named.at - notification.at > LATE_MS) {
    const seconds = Math.round((named.at - notification.at) / 1_000);
    const after = failed ? `, after attempt ${failed.attempt} had failed (${failed.why})` : "";
    const answer = `WebEx does since ${timeText(named.at)}: it named the call ${seconds} s after it was told of it${after}.`;
    return answered(answer, failed, named);
  }
  if (isNamed) {
    if (!named || call.dialled || call.isMonitor || call.attendeeId !== null) return null;
    const answer =
      "WebEx named the call, but the caller has keyed no attendee ID, so WebEx cannot tell which person of the meeting it is.";
    return answered(answer, named);
  }
  if (notification?.givenUp) {
    const why = failed ? `: ${failed.why}` : "";
    const answer = `WebEx did not confirm the message that the caller entered, and after the last attempt it was given up at ${timeText(notification.givenUp.at)}${why}. So WebEx does not know of the call${isOwed ? ", and is told of it once its server can be reached" : ""}.`;
    return answered(`${answer}${end}`, failed, notification.givenUp, over, left);
  }
  if (confirmed) {
    const answer = `WebEx confirmed the message that the caller entered at ${timeText(confirmed.at)}, and never answered it by a name for the call.`;
    return answered(`${answer}${end}`, confirmed, over, left);
  }
  const became = failed
    ? `WebEx has not confirmed the message that the caller entered: attempt ${failed.attempt} failed at ${timeText(failed.at)} (${failed.why}), and it is tried again.`
    : `WebEx was told at ${timeText(notification?.at ?? 0)} that the caller entered, and has neither confirmed that nor named the call yet.`;
  return answered(`${became}${end}`, failed, over, left);
}
