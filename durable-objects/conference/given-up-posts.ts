import type { OperatorRefusal } from "../../src/conference/action-row.ts";
import { BACK_END } from "../../src/conference/server/posts.ts";
import { type GivenUpDocument, sendAgainRefusal } from "../../src/conference/server/send-again.ts";
import { type ConferenceState, isOngoing } from "../../src/conference/state.ts";
import type { TransId, WebexHost } from "../../src/foundation/ids.ts";
import { targetUrl } from "../../src/routing/target-url.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";
import type { ConferenceStore } from "./conference-store.ts";
import { bodyOf } from "./document-post.ts";

type PostedDocument = GivenUpDocument & { readonly transId: string };

/** What was given up in this row of the journal; `null`: nothing was. */
export function givenUpIn(
  store: Pick<ConferenceStore, "inputOf" | "refusedAfter">,
  row: number,
): PostedDocument | null {
  const input = store.inputOf(row);
  if (input?.type !== "undelivered" || !input.of) return null;
  const { messages, of } = input;
  const isUnowed = of.unpostable === true || of.oneAttempt === true;
  const after = new Set(store.refusedAfter(row));
  const refused = messages.flatMap(({ msgId }) => (after.has(msgId) ? [msgId] : []));
  const more = { ...(isUnowed && { isUnowed }), ...(refused.length > 0 && { refused }) };
  return { host: of.host, transId: of.transId, messages, ...more };
}

/** Why it is not sent again now; `null`: it can be. */
export function sendAgainRefusalOf(
  state: ConferenceState,
  row: number,
  document: GivenUpDocument,
  { settings }: Domain,
): OperatorRefusal | null {
  // Another conference of the same key has begun since.
  if (isOngoing(state.head) && state.head.life.row > row) return "conference-over";
  const { host } = document;
  const isAllowed = host === BACK_END ? settings.passthroughUrl !== undefined : targetUrl(host, settings.webex).ok;
  return isAllowed ? sendAgainRefusal(state, document) : "host-not-allowed";
}

/** As it was posted; `null`: it cannot be written. */
export function textOf({ host, transId, messages }: PostedDocument, { codec }: Domain): string | null {
  const [first] = messages;
  return first?.type === "client-data"
    ? bodyOf(first)
    : codec.encode(transId as TransId, messages as readonly ToWebex[], host as WebexHost).text;
}
