import type { CommandType } from "../../bridge/commands.ts";
import { promptEnds } from "../../bridge/prompt-call.ts";
import { dialledDigits } from "../../foundation/dial-rules.ts";
import type { CallId } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import { capitalized } from "../../foundation/text/sentence.ts";
import { instantText } from "../../foundation/time/shown-time.ts";
import { isNeverDialled } from "../../records/call-record.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { FactOf } from "../fold.ts";
import {
  askerIn,
  askerText,
  type CallerEntry,
  type Known,
  type KnownCall,
  type KnownCommand,
  operatorText,
  type Questions,
  type WhyRow,
} from "./known.ts";
import { callerText, explained, leaveText, type Moment, numberText, refusalText, resultText, rowsOf } from "./words.ts";

/** What asks for a mute as such; a mute may also be a part of something else. */
const muteRequests = ["update-caller", "mute", "unmute", "mute-all", "unmute-all"];

const notDoneTexts: Readonly<Partial<Record<CommandType, string>>> = {
  mute: "not muted",
  unmute: "not unmuted",
  expel: "not dropped",
};

/** Why was a caller muted, why not muted or dropped although it was asked for, why did a call end, and why did one not enter, or get in? */
export const ofCalls: Questions = {
  "call-muted": (fact, row, known) =>
    fact.muted ? answer(known, fact.call, "muted", row, ...whyMuted(fact, row, known)) : null,
  "call-entered": (fact, row, known) =>
    fact.muted ? answer(known, fact.call, "muted", row, whyEnteredMuted(fact)) : null,
  // A late failure follows an answer that says that there was none in time.
  "command-failed": (fact, row, known) =>
    fact.late || fact.why === "conference-over"
      ? null
      : notDone(fact, row, known, `The bridge refused it: ${refusalText(fact.why)}.`),
  "command-expired": (fact, row, known) =>
    notDone(fact, row, known, known.noAnswerText(known.commands.get(fact.command))),
  "call-left": left,
  "call-turned-away": (fact, row) => {
    const who = callerText({ number: fact.number, attendeeId: null, extCallId: null });
    return explained(row, [fact.call], `Why could ${who} not get in?`, turnedAwayText(fact));
  },
  "call-not-entered": ({ call, why, record, by }, row, known) => {
    const who = numberText(record.number, record.extCallId === "" ? null : record.extCallId);
    const question =
      record.answeredAt === null
        ? `Why was ${who} not brought into the conference?`
        : `Why did the call to ${who}, which was picked up, end before it entered?`;
    const asker = why === "cancelled" ? askerIn(by) : undefined;
    const answer = asker
      ? `${capitalized(operatorText(asker) ?? "WebEx")} cancelled the call while it rang.`
      : why === "bridge-timeout"
        ? known.noAnswerText(known.commandFor("dial", call))
        : why === "invalid-number" && isNeverDialled(record)
          ? "Nobody can dial such a number, so the bridge was not asked to."
          : leaveText(why);
    return explained(row, [call], question, answer, known.calls.get(call)?.dialled);
  },
  "post-queued": notDialled,
};

function whyMuted({ call, by }: FactOf<"call-muted">, row: WhyRow, known: Known): [string, KnownCommand | undefined] {
  const command = muteDoneIn(row, call, known);
  const asked = known.askedBy(by);
  if (asked !== null && !muteRequests.includes(asked))
    return ["It returned from a sub-conference, and was muted in the main conference before it went there.", command];
  if (askerIn(by))
    return [`${askerText(by, asked, command ?? row)}, and the bridge did it at ${instantText(row.at)}.`, command];
  if (by.some(({ type }) => type === "repair"))
    return [
      "The bridge held it as muted when conference and bridge were compared: word of the change had not come before.",
      command,
    ];
  return ["The caller muted itself by the keys of its telephone.", command];
}

function turnedAwayText({ why, reason, wrongKeys, waitedMs }: FactOf<"call-turned-away">): string {
  const refused = reason ? `The bridge refused to admit it: ${refusalText(reason)}.` : promptEnds[why];
  const before = wrongKeys > 0 ? ` It had keyed ${counted(wrongKeys, "wrong key")} before.` : "";
  return `${refused} It was at the prompt for ${Math.round(waitedMs / 1_000)} s.${before}`;
}

function whyEnteredMuted({ participantType, direction, by }: FactOf<"call-entered">): string {
  const who = capitalized(operatorText(askerIn(by)) ?? "WebEx");
  if (direction === "out")
    return `${who} had it dialled as a call that may only listen, so it was muted before it entered.`;
  if (participantType === "silent-monitor")
    return "It keyed the ID of silent monitors as its attendee ID, so it entered muted and may only listen.";
  return by.some(({ type }) => type === "repair")
    ? "It had muted itself before the bridge could tell that it entered."
    : "It was muted already when the bridge reported that it entered.";
}

function notDone(
  { command: id }: FactOf<"command-failed" | "command-expired">,
  row: WhyRow,
  known: Known,
  why: string,
): Explanation | null {
  const command = known.commands.get(id);
  const what = command && notDoneTexts[command.type];
  if (!command || !what || !isAskedFor(command, known)) return null;
  const asked = known.askedBy(command.by);
  const call = command.call === null ? undefined : known.calls.get(command.call);
  if (!call?.isInside || asked === null) return null;
  return answer(known, call.call, what, row, `${askerText(command.by, asked, command)}. ${why}`, command);
}

/** False: this mute is a part of something else, and nobody asks why it is not done. */
export function isAskedFor({ type, by }: KnownCommand, known: Known): boolean {
  return (type !== "mute" && type !== "unmute") || muteRequests.includes(known.askedBy(by) ?? "");
}

function answer(
  known: Known,
  id: CallId,
  what: string,
  row: WhyRow,
  text: string,
  since?: KnownCommand,
): Explanation | null {
  const call = known.calls.get(id);
  return call ? explained(row, [id], `Why was ${callerText(call)} ${what}?`, text, since) : null;
}

function muteDoneIn({ facts }: WhyRow, call: string, known: Known): KnownCommand | undefined {
  const done = facts.flatMap((fact) => (fact.kind === "command-done" ? (known.commands.get(fact.command) ?? []) : []));
  return done.find((command) => command.type === "mute" && command.call === call);
}

function left({ call: id, why, by }: FactOf<"call-left">, row: WhyRow, known: Known): Explanation | null {
  const call = known.calls.get(id);
  if (!call) return null;
  const expel = known.commandFor("expel", id);
  const since = askerIn(by) && expel;
  let answer = leaveText(why);
  if (why === "expelled" && since) {
    const asked = known.askedBy(by);
    const who =
      asked === "cancel-call-out"
        ? `WebEx cancelled the call at ${instantText(since.at)}`
        : askerText(by, asked, since);
    answer = `${who}, and the bridge dropped it at ${instantText(row.at)}.`;
  } else if (why === "expelled" && by.some(({ type }) => type === "deadline" || type === "post"))
    answer = `Its private talk was over, and the bridge dropped it at ${instantText(row.at)}.`;
  else if (why === "not-found" && since)
    answer =
      "It was to be dropped, and the bridge answered that the call was over already: word of its end had not come before.";
  return explained(row, [id], `Why did the call of ${callerText(call)} end?`, answer, since);
}

/** Explains a call-out that was refused before it was dialed. */
function notDialled({ type, result = "ok", msgId }: FactOf<"post-queued">, row: WhyRow, known: Known) {
  if (type !== "called-out" || result === "ok") return null;
  const asked = row.input?.type === "webex" ? row.input.messages : [];
  const request = asked.find((one) => one.msgId === msgId);
  if (request?.type !== "call-out" || known.callNamed(request.extCallId)) return null;
  const who = numberText(dialledDigits(request.phone), request.extCallId);
  return explained(row, [], `Why was ${who} not brought into the conference?`, resultText(result));
}

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
  const ended = over ? ` The conference ended at ${instantText(over.at)}.` : "";
  const end = left ? ` The caller left at ${instantText(left.at)}.` : ended;
  if (!isNamed && !notification) {
    const why = isDetached
      ? "did not have the conference then: it had closed the meeting and kept its audio, or never created it. It is not notified of who enters until it creates it"
      : `could not be reached when the caller entered, and was not notified of it${isOwed ? " yet" : ""}`;
    return answered(`WebEx ${why}.${end}`, over, left);
  }
  if (!isNamed && refused)
    return answered(
      `WebEx refused at ${instantText(refused.at)} to name the call: its result was ${refused.result}.`,
      refused,
    );
  if (named && left && named.seq > left.seq)
    return answered(
      `The caller left at ${instantText(left.at)}, and WebEx named it only at ${instantText(named.at)}.`,
      left,
      named,
    );
  if (named && notification && named.at - notification.at > LATE_MS) {
    const seconds = Math.round((named.at - notification.at) / 1_000);
    const after = failed ? `, after attempt ${failed.attempt} had failed (${failed.why})` : "";
    const answer = `WebEx does since ${instantText(named.at)}: it named the call ${seconds} s after it was notified of it${after}.`;
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
    const answer = `WebEx did not confirm the message that the caller entered, and after the last attempt its document was given up at ${instantText(notification.givenUp.at)}${why}. So WebEx does not know of the call${isOwed ? ", and is notified of it once its server can be reached" : ""}.`;
    return answered(`${answer}${end}`, failed, notification.givenUp, over, left);
  }
  if (confirmed) {
    const answer = confirmed.refused
      ? `WebEx refused the message that the caller entered: at ${instantText(confirmed.at)} it confirmed it with a failure.`
      : `WebEx confirmed the message that the caller entered at ${instantText(confirmed.at)}, and never answered it by a name for the call.`;
    return answered(`${answer}${end}`, confirmed, over, left);
  }
  const became = failed
    ? `WebEx has not confirmed the message that the caller entered: attempt ${failed.attempt} failed at ${instantText(failed.at)} (${failed.why}), and it is tried again.`
    : `WebEx was notified at ${instantText(notification?.at ?? 0)} that the caller entered, and has neither confirmed that nor named the call yet.`;
  return answered(`${became}${end}`, failed, over, left);
}
