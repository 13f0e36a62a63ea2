import type { CallId, EpochMs } from "../../foundation/ids.ts";
import type { Draft } from "../draft.ts";
import type { Running, Speech } from "../head.ts";
import type { Outgoing } from "../server/posts.ts";

/** At most two posts a second for a conference (protocol 2.3.5). */
const PAUSE_MS = 500;
/** The first pause while the last report is unconfirmed: a report that is queued behind it would be out of date. */
const SLOW_MS = 2_000;

/** WebEx wants to know who speaks, or no longer (protocol 4.16). At first, and after a failover, it does not. */
export function setReporting(draft: Draft, { speech }: Pick<Running, "speech">, on: boolean): void {
  if (on !== (speech !== undefined)) draft.fact({ kind: "speakers-followed", on });
  const before = speech ?? { speaking: [], reported: [], changedAt: null, notBefore: 0 };
  // After a failover the server that asks now does not know who speaks already.
  draft.update({ speech: on ? { ...before, reporting: true, changedAt: before.changedAt ?? draft.at } : undefined });
}

function speechOf(draft: Draft): Speech | undefined {
  return draft.running?.speech;
}

/** A caller began or ceased to speak. WebEx is reported when the next report is due. */
export function setSpeaking(draft: Draft, call: CallId, speaking: boolean): void {
  const speech = speechOf(draft);
  if (!speech || speech.speaking.includes(call) === speaking) return;
  const others = speech.speaking.filter((one) => one !== call);
  const changedAt = speech.changedAt ?? draft.at;
  draft.update({ speech: { ...speech, speaking: speaking ? [...others, call] : others, changedAt } });
  draft.fact({ kind: "speaker-changed", call, speaking });
}

/** When the next report is due; `null`: there is nothing to report. */
export function speechDue(speech: Speech | undefined): EpochMs | null {
  if (!speech?.reporting || speech.changedAt === null) return null;
  return Math.max(speech.changedAt, speech.notBefore);
}

/** Reports who began and who ceased to speak, by WebEx's names for conference and calls (protocol section 5, row 7); false: nobody did. */
export function notifySpeakers(draft: Draft): boolean {
  const { at } = draft;
  const speech = speechOf(draft);
  const due = speechDue(speech);
  if (!speech || due === null || at < due || draft.outages.values().length > 0) return false;
  // The main conference does not hear a private talk.
  const talkRoom = draft.running?.talk?.room;
  const speaking = speech.speaking.filter(
    (call) => talkRoom === undefined || draft.callers.get(call)?.room !== talkRoom,
  );
  const changed = differences({ ...speech, speaking }).flatMap((call) => {
    const { extCallId } = draft.callers.get(call) ?? {};
    return extCallId ? [{ call, extCallId, speaking: speaking.includes(call) }] : [];
  });
  if (changed.length > 0 && draft.unconfirmed().some(({ message }) => message.type === "speaking-changed")) {
    const waited = at - (speech.changedAt ?? at);
    draft.update({ speech: { ...speech, notBefore: at + Math.max(SLOW_MS, waited) } });
    return false;
  }
  // A call that left, or that WebEx has not named, is not reported.
  const reported = speaking.filter(
    (call) => speech.reported.includes(call) || changed.some((one) => one.call === call),
  );
  const { doubted, ...known } = speech;
  const notBefore = changed.length > 0 ? at + PAUSE_MS : speech.notBefore;
  draft.update({ speech: { ...known, reported, changedAt: null, notBefore } });
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
  const speech = speechOf(draft);
  if (!speech) return;
  const reported = speech.reported.filter((one) => one !== call);
  const changedAt = speech.changedAt ?? (speech.speaking.includes(call) ? draft.at : null);
  draft.update({ speech: { ...speech, reported, changedAt } });
}

/** Checks speakers again after a call has changed rooms: it may have entered or left a private talk. */
export function reconsiderSpeech(draft: Draft): void {
  const speech = speechOf(draft);
  if (speech) draft.update({ speech: { ...speech, changedAt: speech.changedAt ?? draft.at } });
}

/** WebEx may have got the report that was given up, or not: its calls are reported again, as they are by then. */
export function applyLostSpeech(draft: Draft, messages: readonly Outgoing[]): void {
  const { at } = draft;
  const speech = speechOf(draft);
  const lost: readonly (string | null)[] = messages.flatMap((message) =>
    message.type === "speaking-changed" ? message.extCallIds : [],
  );
  if (!speech || lost.length === 0) return;
  const named = draft.callers.values().filter(({ extCallId }) => lost.includes(extCallId));
  const doubted = [...new Set([...(speech.doubted ?? []), ...named.map(({ call }) => call)])];
  draft.update({ speech: { ...speech, doubted, changedAt: speech.changedAt ?? at, notBefore: at } });
}

/** A call that left is not reported as silent. */
export function removeSpeaker(draft: Draft, call: CallId): void {
  const speech = speechOf(draft);
  if (!speech?.speaking.includes(call) && !speech?.reported.includes(call)) return;
  const without = (calls: readonly CallId[]) => calls.filter((one) => one !== call);
  draft.update({ speech: { ...speech, speaking: without(speech.speaking), reported: without(speech.reported) } });
}

function differences({ speaking, reported, doubted = [] }: Speech): CallId[] {
  const isDoubted = (call: CallId) => doubted.includes(call);
  return [
    ...speaking.filter((call) => !reported.includes(call) || isDoubted(call)),
    ...reported.filter((call) => !speaking.includes(call) && !isDoubted(call)),
    ...doubted.filter((call) => !speaking.includes(call)),
  ];
}
