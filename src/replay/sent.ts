import type { BridgeCommand, IssuedCommand } from "../bridge/commands.ts";
import { type Fact, probeAsFailed } from "../conference/facts.ts";
import type { Outgoing, Post } from "../conference/server/posts.ts";
import type { QueuedDocument } from "../conference/server/queue.ts";
import type { PendingCommand } from "../conference/state.ts";
import type { EpochMs, TransId } from "../foundation/ids.ts";
import type { ReplayStep } from "../rpc/replay.ts";
import { type StoredEntries, valuesOf } from "./history.ts";

/** In the document that carries it. */
export interface SentMessage extends Pick<Post, "host" | "message"> {
  readonly transId: TransId;
}

/** What left with a row, and what became of documents. */
export interface SentByRow extends Pick<ReplayStep, "documents"> {
  readonly commands: readonly IssuedCommand[];
  readonly messages: readonly SentMessage[];
}

type MutableSent = { [List in keyof SentByRow]: SentByRow[List][number][] };

/** Commands and documents, as they stand on disk in full. */
interface Written {
  readonly commands: ReadonlyMap<string, BridgeCommand>;
  readonly documents: readonly QueuedDocument[];
}

export function writtenIn(entries: StoredEntries): Written {
  const pending = valuesOf<PendingCommand>(entries, "command");
  const commands = new Map(pending.map(({ id, command }) => [id, command]));
  return { commands, documents: valuesOf<QueuedDocument>(entries, "outbox") };
}

/** What these facts of a row say was sent, as far as it is written. */
export function sentBy(facts: readonly Fact[], at: EpochMs, { commands, documents }: Written): SentByRow {
  const sent: MutableSent = { commands: [], messages: [], documents: [] };
  for (const fact of facts.map((one) => probeAsFailed(one, at))) {
    if (fact.kind === "command-issued") {
      const command = commands.get(fact.command);
      if (command) sent.commands.push({ id: fact.command, command });
    }
    if (!("transId" in fact) || fact.kind === "document-confirmed") continue;
    const { transId } = fact;
    if (fact.kind === "post-queued") {
      const { host } = fact;
      for (const message of messagesOf(documents, fact)) if (message) sent.messages.push({ host, transId, message });
      continue;
    }
    const { host = "", messages = [] } = documents.find((one) => one.transId === transId) ?? {};
    const types = ("messages" in fact ? fact.messages : messages).map(({ type }) => type);
    sent.documents.push({ host, at, ...fact, messages: types });
  }
  return sent;
}

/** The messages of a fact, in their order; `undefined`: it was dropped in the same transaction. */
export function messagesOf(
  documents: readonly QueuedDocument[],
  { transId, messages }: Extract<Fact, { kind: "post-queued" }>,
): readonly (Outgoing | undefined)[] {
  const own = documents.filter((document) => document.transId === transId).flatMap((document) => document.messages);
  return messages.map(({ type, msgId }) => own.find((one) => one.type === type && one.msgId === msgId));
}
