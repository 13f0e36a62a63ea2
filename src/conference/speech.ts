import type { CallId, EpochMs } from "../foundation/ids.ts";
import type { Running, Speech } from "./state.ts";
import type { Turn } from "./turn.ts";

/** At most two posts a second for a conference (protocol 2.3.5). */
const PAUSE_MS = 500;

/** WebEx wants to know who speaks, or no longer does (protocol 4.16). Before either, and after a failover, it does not. */
export function setReporting(turn: Turn, head: Running, on: boolean): void {
  const { speech, ...rest } = head;
  turn.head = on ? { ...rest, speech: speech ?? { speaking: [], told: [], toldAt: 0 } } : rest;
}

/** Somebody began or ceased to speak; changes that come fast are told together. */
export function speakingChanged(turn: Turn, call: CallId, speaking: boolean): void {
  const { head } = turn;
  if (head.phase !== "running" || !head.speech || head.speech.speaking.includes(call) === speaking) return;
  const others = head.speech.speaking.filter((one) => one !== call);
  turn.head = { ...head, speech: { ...head.speech, speaking: speaking ? [...others, call] : others } };
  tellSpeakers(turn);
}

/** When the next change may be told; `null`: nothing waits. */
export function speechDue(speech: Speech | undefined): EpochMs | null {
  if (!speech) return null;
  return differences(speech).length > 0 ? speech.toldAt + PAUSE_MS : null;
}

/** Tells WebEx of the calls whose speaking it has not heard of, if the last time is long enough ago. */
export function tellSpeakers(turn: Turn): void {
  const { head, at } = turn;
  if (head.phase !== "running" || !head.speech || at < head.speech.toldAt + PAUSE_MS) return;
  const { speech, extConfId } = head;
  const changed = differences(speech).flatMap((call) => {
    const extCallId = turn.callers.get(call)?.extCallId;
    return extCallId ? [{ call, extCallId, speaking: speech.speaking.includes(call) }] : [];
  });
  // A call that is gone, or that WebEx has not named, is not talked about.
  const told = speech.speaking.filter((call) => speech.told.includes(call) || changed.some((one) => one.call === call));
  turn.head = { ...head, speech: { ...speech, told, toldAt: changed.length > 0 ? at : speech.toldAt } };
  if (changed.length === 0) return;
  turn.notify({
    type: "speaking-changed",
    msgId: turn.around.msgId(),
    extConfId,
    extCallIds: changed.map(({ extCallId }) => extCallId),
    speaking: changed.map(({ speaking }) => speaking),
  });
}

/** A call that left needs no word that it fell silent. */
export function forgetSpeaker(turn: Turn, call: CallId): void {
  const { head } = turn;
  if (head.phase !== "running" || !head.speech) return;
  const { speaking, told } = head.speech;
  if (!speaking.includes(call) && !told.includes(call)) return;
  const without = (calls: readonly CallId[]) => calls.filter((one) => one !== call);
  turn.head = { ...head, speech: { ...head.speech, speaking: without(speaking), told: without(told) } };
}

function differences({ speaking, told }: Speech): CallId[] {
  return [...speaking.filter((call) => !told.includes(call)), ...told.filter((call) => !speaking.includes(call))];
}
