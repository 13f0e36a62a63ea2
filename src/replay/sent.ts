import type { BridgeCommand, IssuedCommand } from "../bridge/commands.ts";
import type { Outgoing, Post } from "../conference/draft.ts";
import type { Fact } from "../conference/facts.ts";
import type { QueuedDocument } from "../conference/queue.ts";
import type { EpochMs, TransId } from "../foundation/ids.ts";
import type { ReplayStep } from "../rpc/replay.ts";
import { changesIn } from "./entries.ts";
import type { HistoryRow } from "./history.ts";

/** In the document that carries it. */
export interface SentMessage extends Pick<Post, "host" | "message"> {
  readonly transId: TransId;
}

/** What left with a row, and what became of documents. */
export interface Sent extends Pick<ReplayStep, "confirmed" | "givenUp" | "dropped" | "failed"> {
  readonly commands: readonly IssuedCommand[];
  readonly messages: readonly SentMessage[];
}

type MutableSent = { [List in keyof Sent]: Sent[List][number][] };

/** What a transaction wrote: commands and messages stand there in full. */
export interface Written {
  readonly commands: ReadonlyMap<string, BridgeCommand>;
  readonly documents: readonly QueuedDocument[];
}

/** `before`: documents that waited before the transaction. */
export function writtenIn(recorded: HistoryRow["changes"], before: Iterable<QueuedDocument> = []): Written {
  const pending = [...changesIn(recorded ?? []).commands.values()].filter((one) => one !== null);
  const documents = (recorded ?? []).flatMap(([key, value]) => (isDocument(key) && value ? [value] : []));
  return {
    commands: new Map(pending.map(({ id, command }) => [id, command])),
    documents: [...before, ...(documents as QueuedDocument[])],
  };
}

export function isDocument(key: string): boolean {
  return key.startsWith("outbox/");
}

/** What these facts of a row say was sent, as far as its transaction wrote it. */
export function sentBy(facts: readonly Fact[], at: EpochMs, { commands, documents }: Written): Sent {
  const sent: MutableSent = { commands: [], messages: [], confirmed: [], givenUp: [], dropped: [], failed: [] };
  const hostOf = (transId: string) => documents.find((one) => one.transId === transId)?.host ?? "";
  for (const fact of facts) {
    if (fact.kind === "command-issued") {
      const command = commands.get(fact.command);
      if (command) sent.commands.push({ id: fact.command, command });
    } else if (fact.kind === "post-queued") {
      const { host, transId } = fact;
      for (const message of messagesOf(documents, fact)) if (message) sent.messages.push({ host, transId, message });
    } else if (fact.kind === "post-given-up") {
      const { host, transId } = fact;
      sent.givenUp.push({ host, transId, at, messages: fact.messages.map(({ type }) => type) });
    } else if (fact.kind === "post-dropped") {
      const { transId } = fact;
      sent.dropped.push({ host: hostOf(transId), transId, at, messages: fact.messages.map(({ type }) => type) });
    } else if (fact.kind === "post-confirmed") {
      const messages = documents.find(({ transId }) => transId === fact.transId)?.messages ?? [];
      const { transId, at: when } = fact;
      sent.confirmed.push({ host: hostOf(transId), transId, at: when, messages: messages.map(({ type }) => type) });
    } else if (fact.kind === "post-failed") {
      const { transId, attempt: attempts, why, at: when, nextAt } = fact;
      sent.failed.push({ host: hostOf(transId), transId, at: when, why, attempts, nextAt });
    }
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
