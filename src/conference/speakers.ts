import type { CallId, EpochMs } from "../foundation/ids.ts";
import type { ToWebex } from "../tsp/messages.ts";
import type { Draft } from "./draft.ts";
import type { Running, Speech } from "./state.ts";

/** At most two posts a second for a conference (protocol 2.3.5). */
const PAUSE_MS = 500;
/** Those who begin together are told of together, and a cough is not told of at all. */
const GATHER_MS = 100;
/** How long the next word waits, at first, while the one before is not confirmed: behind that one it would be out of date. */
const SLOW_MS = 2_000;

/** WebEx wants to know who speaks, or no longer does (protocol 4.16). Before either, and after a failover, it does not. */
export function setReporting(draft: Draft, head: Running, on: boolean): void {
  const { speech, ...rest } = head;
  const before = speech ?? { speaking: [], told: [], changedAt: null, notBefore: 0 };
  // Who speaks already, after a failover, is news to the server that asks now.
  draft.head = on ? { ...rest, speech: { ...before, reporting: true, changedAt: before.changedAt ?? draft.at } } : rest;
}

/** Somebody began or ceased to speak. WebEx hears of it when the time for that has come. */
export function speakingChanged(draft: Draft, call: CallId, speaking: boolean): void {
  const { head } = draft;
  if (head.phase !== "running" || !head.speech || head.speech.speaking.includes(call) === speaking) return;
  const others = head.speech.speaking.filter((one) => one !== call);
  const changedAt = head.speech.changedAt ?? draft.at;
  draft.head = { ...head, speech: { ...head.speech, speaking: speaking ? [...others, call] : others, changedAt } };
}

/** When the next change may be told; `null`: nothing waits. */
export function speechDue(speech: Speech | undefined): EpochMs | null {
  if (!speech?.reporting || speech.changedAt === null) return null;
  return Math.max(speech.changedAt + GATHER_MS, speech.notBefore);
}

/** Tells WebEx, by its names for conference and calls (protocol section 5, row 7), of the speaking it has not heard of. */
export function tellSpeakers(draft: Draft): void {
  const { head, at } = draft;
  if (head.phase !== "running" || !head.speech) return;
  const due = speechDue(head.speech);
  if (due === null || at < due) return;
  const { speech, extConfId } = head;
  const changed = differences(speech).flatMap((call) => {
    const extCallId = draft.callers.get(call)?.extCallId;
    return extCallId ? [{ call, extCallId, speaking: speech.speaking.includes(call) }] : [];
  });
  if (changed.length > 0 && draft.unconfirmed().some(({ message }) => message.type === "speaking-changed")) {
    const waited = at - (speech.changedAt ?? at);
    draft.head = { ...head, speech: { ...speech, notBefore: at + Math.max(SLOW_MS, waited) } };
    return;
  }
  // A call that is gone, or that WebEx has not named, is not talked about.
  const told = speech.speaking.filter((call) => speech.told.includes(call) || changed.some((one) => one.call === call));
  draft.head = {
    ...head,
    speech: { ...speech, told, changedAt: null, notBefore: changed.length > 0 ? at + PAUSE_MS : speech.notBefore },
  };
  if (changed.length === 0) return;
  draft.notify({
    type: "speaking-changed",
    msgId: draft.context.msgId(),
    extConfId,
    extCallIds: changed.map(({ extCallId }) => extCallId),
    speaking: changed.map(({ speaking }) => speaking),
  });
}

/** A call that spoke before WebEx had named it can be talked about now. */
export function speakerNamed(draft: Draft, call: CallId): void {
  const { head } = draft;
  if (head.phase !== "running" || !head.speech?.speaking.includes(call)) return;
  draft.head = { ...head, speech: { ...head.speech, changedAt: head.speech.changedAt ?? draft.at } };
}

/** WebEx may have taken what was given up, or not: its calls are told of anew, as they are by then. */
export function speechLost(draft: Draft, messages: readonly ToWebex[]): void {
  const { head, at } = draft;
  if (head.phase !== "running" || !head.speech) return;
  const { speech } = head;
  const lost = messages.flatMap((message) => (message.type === "speaking-changed" ? message.extCallIds : []));
  if (lost.length === 0) return;
  const named = draft.callers.values().filter(({ extCallId }) => extCallId !== null && lost.includes(extCallId));
  const calls = named.map(({ call }) => call);
  const others = speech.told.filter((call) => !calls.includes(call));
  const told = [...others, ...calls.filter((call) => !speech.speaking.includes(call))];
  draft.head = { ...head, speech: { ...speech, told, changedAt: speech.changedAt ?? at, notBefore: at } };
}

/** A call that left needs no word that it fell silent. */
export function removeSpeaker(draft: Draft, call: CallId): void {
  const { head } = draft;
  if (head.phase !== "running" || !head.speech) return;
  const { speaking, told } = head.speech;
  if (!speaking.includes(call) && !told.includes(call)) return;
  const without = (calls: readonly CallId[]) => calls.filter((one) => one !== call);
  draft.head = { ...head, speech: { ...head.speech, speaking: without(speaking), told: without(told) } };
}

function differences({ speaking, told }: Speech): CallId[] {
  return [...speaking.filter((call) => !told.includes(call)), ...told.filter((call) => !speaking.includes(call))];
}
