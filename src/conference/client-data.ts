import type { FromWebexMessages } from "../tsp/messages.ts";
import type { Draft } from "./draft.ts";

/** To a back end that hangs, each takes half a minute. */
const MAX_WAITING = 100;

/** Data for the partner's back end: passed on unread and unchanged; WebEx gets no answer (protocol 2.2.10, 4.22). */
export function forwardClientData(draft: Draft, message: FromWebexMessages["passthrough"]): void {
  const { msgId, extConfId, extCallId, data = "" } = message;
  const { confKey, settings, serial, nonce } = draft.context;
  if (settings.passthroughUrl === undefined) {
    return draft.note(`client data for call ${extCallId} is dropped: the domain has no passthroughUrl`);
  }
  const waiting = draft.unconfirmed().filter((post) => post.message.type === "client-data").length;
  if (waiting >= MAX_WAITING) {
    return draft.note(`client data for call ${extCallId} is dropped: ${MAX_WAITING} others wait for the back end`);
  }
  // Not the conference's key, as in other ids: this one leaves for a back end, and stands in the log.
  const id = `${serial()}.${nonce()}`;
  draft.sendToBackEnd({ type: "client-data", id, msgId, confKey, extConfId, extCallId, data });
}
