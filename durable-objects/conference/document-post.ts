import type { ClientData } from "../../src/conference/server/posts.ts";
import type { QueuedDocument, QueuedMessage } from "../../src/conference/server/queue.ts";
import type { DomainName, EpochMs, WebexHost } from "../../src/foundation/ids.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import { targetUrl } from "../../src/routing/target-url.ts";
import type { SharedAnswers } from "../../src/rpc/mailbox.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { AdapterCodec } from "../../src/tsp/codec.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";
import type { LogLine } from "../platform/log.ts";
import { type HttpAnswer, isSuccess, type PostContent, statusFault } from "../platform/post.ts";

export interface OutboxDomain {
  readonly name: DomainName;
  readonly settings: Pick<DomainSettings, "webex" | "passthroughUrl" | "logs" | "protocol">;
  readonly codec: Pick<AdapterCodec, "encode" | "readConfirmation" | "sends">;
}

export type DocumentNote = (level: LogLine["level"], event: string, why: string) => void;

/** Where the document is posted; `null`: the settings do not have its receiver any more. */
export function targetOf({ host }: QueuedDocument, { settings }: OutboxDomain): string | null {
  if (host === BACK_END) return settings.passthroughUrl ?? null;
  const target = targetUrl(host, settings.webex);
  return target.ok ? target.value : null;
}

/** The error holds the messages that cannot be written: they are given up without their neighbours. */
export function contentOf(
  { messages, transId, host }: QueuedDocument,
  { codec }: OutboxDomain,
  note: DocumentNote,
): Result<PostContent, readonly QueuedMessage[]> {
  const [first] = messages;
  if (first?.type === "client-data")
    return ok({ body: bodyOf(first), contentType: "application/json", idempotencyKey: transId });
  const { text, unwritable, notes } = codec.encode(transId, messages as readonly ToWebex[], host as WebexHost);
  for (const why of notes) note("warn", "message-repaired", why);
  const [fault] = unwritable;
  if (fault) note("error", "message-unwritable", `${fault.why} (${unwritable.length} of the document)`);
  if (text === null || unwritable.length > 0) return err(unwritable.map(({ message }) => message));
  return ok({ body: text, contentType: "text/xml; charset=UTF-8" });
}

/** What is handed over to travel with the answers of other conferences. */
export function answersOf(row: QueuedDocument, { name: domain, settings }: OutboxDomain, now: EpochMs): SharedAnswers {
  return {
    ...{ domain, id: row.transId, host: row.host as WebexHost, requests: row.shared ?? [] },
    messages: row.messages as readonly ToWebex[],
    waitMs: Math.max(0, row.queuedAt + settings.webex.gatherMs - now),
  };
}

export function bodyOf({ confKey, extConfId, extCallId, data }: ClientData): string {
  return JSON.stringify({ confKey, extConfId, extCallId, data });
}

/**
 * Whether the receiver has the document: any Confirmation of its TransID says so, also one with a code other than 0
 * (protocol T42). Everything else is a failed attempt, a redirect too, since it would be followed without the body.
 */
export function judge(
  answer: HttpAnswer,
  row: QueuedDocument,
  { codec }: OutboxDomain,
  note: DocumentNote,
): Result<"confirmed" | "refused", string> {
  if (answer.kind === "failed") return err(answer.reason);
  if (!isSuccess(answer.status)) return err(statusFault(answer.status));
  if (row.host === BACK_END) return ok("confirmed");
  const notes: string[] = [];
  const confirmation = codec.readConfirmation(answer.body, notes, answer.contentType);
  for (const why of notes) note("warn", "document-note", why);
  if (!confirmation.ok) return confirmation;
  const { transId, result } = confirmation.value;
  if (transId !== row.transId) return err(`the Confirmation is for TransID ${transId}`);
  if (result === 0) return ok("confirmed");
  // Not posted again one by one: nothing documents that a receiver which refuses a document has carried out none of it.
  note("warn", "refused-by-webex", `Result ${result} for ${namesOf(row.messages)}`);
  return ok("refused");
}

export function namesOf(messages: readonly QueuedMessage[]): string {
  return messages.map(({ type, msgId }) => `${type} ${msgId}`).join(", ");
}
