import type { CallId, EpochMs } from "../../foundation/ids.ts";
import type { Draft } from "../draft.ts";
import type { Outgoing } from "../server/posts.ts";
import type { Running, Speech } from "../state.ts";

/** At most two posts a second for a conference (protocol 2.3.5). */
const PAUSE_MS = 500;
/** The first pause while the last report is unconfirmed: a report that is queued behind it would be out of date. */
const SLOW_MS = 2_000;

/** WebEx wants to know who speaks, or no longer (protocol 4.16). At first, and after a failover, it does not. */
export function setReporting(draft: Draft, head: Running, on: boolean): void {
  const { speech, ...rest } = head;
  if (on !== (speech !== undefined)) draft.fact({ kind: "speakers-followed", on });
  const before = speech ?? { speaking: [], reported: [], changedAt: null, notBefore: 0 };
  // After a failover the server that asks now does not know who speaks already.
  draft.head = on ? { ...rest, speech: { ...before, reporting: true, changedAt: before.changedAt ?? draft.at } } : rest;
}

/** A caller began or ceased to speak. WebEx is reported when the next report is due. */
export function setSpeaking(draft: Draft, call: CallId, speaking: boolean): void {
  const { head } = draft;
  if (head.phase !== "running" || !head.speech || head.speech.speaking.includes(call) === speaking) return;
  const others = head.speech.speaking.filter((one) => one !== call);
  const changedAt = head.speech.changedAt ?? draft.at;
  draft.head = { ...head, speech: { ...head.speech, speaking: speaking ? [...others, call] : others, changedAt } };
  draft.fact({ kind: "speaker-changed", call, speaking });
}

/** When the next report is due; `null`: there is nothing to report. */
export function speechDue(speech: Speech | undefined): EpochMs | null {
  if (!speech?.reporting || speech.changedAt === null) return null;
  return Math.max(speech.changedAt, speech.notBefore);
}

/** Reports who began and who ceased to speak, by WebEx's names for conference and calls (protocol section 5, row 7); false: nobody did. */
export function notifySpeakers(draft: Draft): boolean {
  const { head, at } = draft;
  if (head.phase !== "running" || !head.speech || draft.outages.values().length > 0) return false;
  const due = speechDue(head.speech);
  if (due === null || at < due) return false;
  const { speech } = head;
  const changed = differences(speech).flatMap((call) => {
    const { extCallId, heardInTalk } = draft.callers.get(call) ?? {};
    return extCallId && !heardInTalk ? [{ call, extCallId, speaking: speech.speaking.includes(call) }] : [];
  });
  if (changed.length > 0 && draft.unconfirmed().some(({ message }) => message.type === "speaking-changed")) {
    const waited = at - (speech.changedAt ?? at);
    draft.head = { ...head, speech: { ...speech, notBefore: at + Math.max(SLOW_MS, waited) } };
    return false;
  }
  // A call that left, that WebEx has not named, or that is muted in the main conference, is not reported.
  const reported = speech.speaking.filter(
    (call) => speech.reported.includes(call) || changed.some((one) => one.call === call),
  );
  const { doubted, ...known } = speech;
  draft.head = {
    ...head,
    speech: { ...known, reported, changedAt: null, notBefore: changed.length > 0 ? at + PAUSE_MS : speech.notBefore },
  };
  if (changed.length === 0) return false;
  draft.notify({
    type: "speaking-changed",
    extCallIds: changed.map(({ extCallId }) => extCallId),
    speaking: changed.map(({ speaking }) => speaking),
  });
  return true;
}

/** A call that speaks can be reported under its new name, which may be its first. */
export function reconsiderSpeaker(draft: Draft, call: CallId): void {
  const { head } = draft;
  if (head.phase !== "running" || !head.speech) return;
  const { speaking, changedAt } = head.speech;
  const reported = head.speech.reported.filter((one) => one !== call);
  const isDue = speaking.includes(call);
  draft.head = {
    ...head,
    speech: { ...head.speech, reported, changedAt: isDue ? (changedAt ?? draft.at) : changedAt },
  };
}

/** WebEx may have got the report that was given up, or not: its calls are reported again, as they are by then. */
export function applyLostSpeech(draft: Draft, messages: readonly Outgoing[]): void {
  const { head, at } = draft;
  if (head.phase !== "running" || !head.speech) return;
  const { speech } = head;
  const lost = messages.flatMap((message) => (message.type === "speaking-changed" ? message.extCallIds : []));
  if (lost.length === 0) return;
  const named = draft.callers.values().filter(({ extCallId }) => extCallId !== null && lost.includes(extCallId));
  const doubted = [...new Set([...(speech.doubted ?? []), ...named.map(({ call }) => call)])];
  draft.head = { ...head, speech: { ...speech, doubted, changedAt: speech.changedAt ?? at, notBefore: at } };
}

/** A call that left is not reported as silent. */
export function removeSpeaker(draft: Draft, call: CallId): void {
  const { head } = draft;
  if (head.phase !== "running" || !head.speech) return;
  const { speaking, reported } = head.speech;
  if (!speaking.includes(call) && !reported.includes(call)) return;
  const without = (calls: readonly CallId[]) => calls.filter((one) => one !== call);
  draft.head = { ...head, speech: { ...head.speech, speaking: without(speaking), reported: without(reported) } };
}

function differences({ speaking, reported, doubted = [] }: Speech): CallId[] {
  const isDoubted = (call: CallId) => doubted.includes(call);
  return [
    ...speaking.filter((call) => !reported.includes(call) || isDoubted(call)),
    ...reported.filter((call) => !speaking.includes(call) && !isDoubted(call)),
    ...doubted.filter((call) => !speaking.includes(call)),
  ];
}
