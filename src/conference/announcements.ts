import type { Asked } from "../tsp/answers.ts";
import type { ToWebexMessages } from "../tsp/messages.ts";
import type { Codes } from "../tsp/protocol-table.ts";
import type { Running } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Says that the conference runs, and what else holds for all of it (protocol 4.1 step 4, 4.9 F2, 4.20). */
export function announce(turn: Turn, head: Running): void {
  tellStatus(turn, "running");
  if (head.locked) tellStatus(turn, "locked");
  const { recording } = turn.around.settings;
  if (!recording) return;
  const { country, area, local } = recording.number;
  const recordingNumber = `${country},${area},${local}`;
  tellStatus(turn, "recording-sequence", { recordingNumber, recordingSequence: recording.sequence });
}

/** Tells WebEx what holds for the whole conference now (protocol 2.3.2). */
export function tellStatus(turn: Turn, status: keyof Codes["conferenceStatus"], more: StatusDetails = {}): void {
  const extConfId = turn.bound?.extConfId;
  if (extConfId === undefined) return;
  turn.notify({ type: "conference-changed", msgId: turn.around.msgId(), extConfId, status, ...more });
}

type StatusDetails = Pick<
  ToWebexMessages["conference-changed"],
  "hybridConnectData" | "recordingNumber" | "recordingSequence"
>;

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
  tellStatus(turn, locked ? "locked" : "running");
}
