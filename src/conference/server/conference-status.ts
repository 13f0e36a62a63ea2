import type { ConfKey } from "../../foundation/ids.ts";
import type { OpenRequest, ToWebexMessages } from "../../tsp/messages.ts";
import type { Codes } from "../../tsp/protocol-table.ts";
import type { Draft } from "../draft.ts";
import type { Running } from "../head.ts";

/** Notifies WebEx that the conference runs, and of all that holds for the whole of it (protocol 4.1 step 4, 4.9 F2, 4.20). */
export function notifyRunning(draft: Draft, head: Running): void {
  notifyStatus(draft, "running");
  if (head.locked) notifyStatus(draft, "locked");
  const { recording } = draft.context.settings;
  if (!recording) return;
  const { country, area, local } = recording.number;
  const recordingNumber = `${country},${area},${local}`;
  const recordingSequence = recorderDials(recording.sequence, draft.context.confKey, head);
  // A telephone can dial only digits, `*` and `#`.
  if (/^(?:P\d+|D[\d#*]+)+$/.test(recordingSequence))
    notifyStatus(draft, "recording-sequence", { recordingNumber, recordingSequence });
  else draft.note("no recording sequence is sent: the conference key is not all digits");
}

/** Returns the sequence for this conference. The key replaces a code that WebEx did not name (protocol 4.20). */
function recorderDials(sequence: string, confKey: ConfKey, { accessCodes }: Running): string {
  const { participant, subscriber } = accessCodes ?? {};
  const codes = { ConfKey: confKey, ParticipantCode: participant ?? confKey, SubscriberCode: subscriber ?? confKey };
  return sequence.replaceAll(/\[(\w+)\]/g, (_, name: keyof typeof codes) => codes[name]);
}

/** Notifies WebEx of a change of the whole conference (protocol 2.3.2). */
export function notifyStatus(draft: Draft, status: keyof Codes["conferenceStatus"], more: StatusDetails = {}): void {
  draft.notify({ type: "conference-changed", status, ...more });
}

type StatusDetails = Pick<
  ToWebexMessages["conference-changed"],
  "hybridConnectData" | "recordingNumber" | "recordingSequence"
>;

/** Answers a create that succeeded, with the domain's hybrid attributes if WebEx has enabled them (protocol 2.3.1, section 5, row 24). */
export function answerCreate(draft: Draft, request: OpenRequest): void {
  const { hybrid } = draft.context.settings;
  if (!hybrid || !request.hybridEnabled) return draft.answer(request, "ok");
  draft.answer(request, "ok", {
    hybridClientUrl: hybrid.clientUrl,
    ...(hybrid.connectData !== undefined && { hybridConnectData: hybrid.connectData }),
    ...(hybrid.adhocInstall !== undefined && { adhocInstall: hybrid.adhocInstall }),
    ...(hybrid.appDetection !== undefined && { appDetection: hybrid.appDetection }),
  });
}

/** Locked or unlocked (protocol 4.10). WebEx has no status for "unlocked"; "running" means it (protocol 2.3.2). */
export function setLocked(draft: Draft, locked: boolean): void {
  const { running } = draft;
  if (!running) return;
  // Whoever unlocks it wants it so, and whoever locks it then, too: a create does not change that.
  const { locks: _, retryLockAt: __, ...orphan } = running.orphan ?? { foundAt: 0 };
  draft.update({ locked, ...(!locked && running.orphan && { orphan }) });
  draft.fact({ kind: "conference-locked", locked });
  notifyStatus(draft, locked ? "locked" : "running");
}
