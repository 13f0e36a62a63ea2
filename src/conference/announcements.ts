import type { Asked } from "../tsp/answers.ts";
import type { Running } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Says that the conference runs, and what else holds for all of it (protocol 4.1 step 4, 4.9 F2, 4.20). */
export function announce(turn: Turn, head: Running): void {
  const { extConfId } = head;
  turn.notify({ type: "conference-changed", msgId: turn.around.msgId(), extConfId, status: "running" });
  if (head.locked) {
    turn.notify({ type: "conference-changed", msgId: turn.around.msgId(), extConfId, status: "locked" });
  }
  const { recording } = turn.around.settings;
  if (recording) {
    const { country, area, local } = recording.number;
    turn.notify({
      type: "conference-changed",
      msgId: turn.around.msgId(),
      extConfId,
      status: "recording-sequence",
      recordingNumber: `${country},${area},${local}`,
      recordingSequence: recording.sequence,
    });
  }
}

/** The conference is there; with it go the hybrid attributes that the domain has set (protocol 2.2.1, section 5, row 24). */
export function answerCreate(turn: Turn, request: Asked | null): void {
  const { hybrid } = turn.around.settings;
  turn.answer(request, "ok", {
    confKey: turn.around.confKey,
    ...(hybrid && {
      hybridClientUrl: hybrid.clientUrl,
      ...(hybrid.connectData !== undefined && { hybridConnectData: hybrid.connectData }),
      ...(hybrid.adhocInstall !== undefined && { adhocInstall: hybrid.adhocInstall }),
      ...(hybrid.appDetection !== undefined && { appDetection: hybrid.appDetection }),
    }),
  });
}

/** Locked or unlocked (protocol 4.10); there is no status for "unlocked" but that it runs (protocol 2.3.2). */
export function lockChanged(turn: Turn, head: Running, locked: boolean): void {
  turn.head = { ...head, locked };
  const { extConfId } = head;
  turn.notify({
    type: "conference-changed",
    msgId: turn.around.msgId(),
    extConfId,
    status: locked ? "locked" : "running",
  });
}
