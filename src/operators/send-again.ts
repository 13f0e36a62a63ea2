import type { ActionId } from "../foundation/ids.ts";

/** The action that sends the document given up in this row again. Each is sent again once, whoever asks. An id that a person has chosen has no blank. */
export function sendAgainId(row: number): ActionId {
  return `send-again ${row}` as ActionId;
}
