import type { Outgoing } from "../conference/server/posts.ts";
import type { QueuedDocument } from "../conference/server/queue.ts";
import type { PendingCommand } from "../conference/state.ts";
import type { WebexHost } from "../foundation/ids.ts";
import { type Person, shown } from "../foundation/shown.ts";
import type { WireRow } from "../rpc/timeline.ts";
import type { Domain } from "../settings/load.ts";
import { createCodec, type WebexCodec } from "../tsp/codec.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { type HistoryRow, Page, type StoredEntries, type TransactionRows } from "./history.ts";

/** By what texts are written and shown. */
interface Writing {
  readonly domain: Domain;
  /** Writes as WebEx does. */
  readonly webex: WebexCodec;
  readonly person: Person;
}

/** Returns what these rows sent and received, in order, for as many rows as fit. `transactionsFrom`: those from a row on. */
export async function wirePage(
  transactionsFrom: (row: number) => AsyncIterable<TransactionRows>,
  domain: Domain,
  person: Person,
  wanted: readonly number[],
): Promise<readonly WireRow[]> {
  const page = new Page<WireRow>();
  const writing = { domain, webex: createCodec(domain.settings.protocol, "webex"), person };
  const left = new Set(wanted.toSorted((one, other) => one - other));
  for (const first of left)
    for await (const rows of transactionsFrom(first)) {
      const changes = rows.find((row) => row.changes !== null)?.changes ?? [];
      for (const row of rows)
        if (left.delete(row.seq) && !page.add(wireShown(row, changes, writing))) return page.items;
      // Skips rows that nobody wants and reads the journal from the next wanted row.
      if (!left.has((rows.at(-1) ?? rows[0]).seq + 1)) break;
    }
  return page.items;
}

/** Returns what a row sent. A document is missing if the same transaction dropped it. */
function wireShown({ seq, input, facts }: HistoryRow, changes: StoredEntries, writing: Writing): WireRow {
  const { domain, webex, person } = writing;
  const commands: readonly PendingCommand[] = valuesOf(changes, "command");
  const documents: readonly QueuedDocument[] = valuesOf(changes, "outbox");
  // A text that WebEx may have sent: the journal keeps only what was read.
  const from = input?.type === "webex" ? shown(input, person) : null;
  const known = from?.messages.filter((message) => message.type !== "unknown") ?? [];
  return {
    seq,
    input: input && shown(input, person),
    inputText: from && known.length > 0 ? webex.encode(from.transId, known).text : null,
    commands: facts.flatMap((fact) => {
      const issued = fact.kind === "command-issued" ? commands.filter(({ id }) => id === fact.command) : [];
      return issued.map(({ id, command }) => shown({ id, command }, person));
    }),
    messages: facts.flatMap((fact) => {
      if (fact.kind !== "post-queued") return [];
      const { host, transId } = fact;
      const isSent = ({ type, msgId }: Outgoing) =>
        fact.messages.some((one) => one.type === type && one.msgId === msgId);
      const own = documents.find((one) => one.transId === transId)?.messages ?? [];
      return own.filter(isSent).map((message) => ({
        ...shown({ host, transId }, person),
        ...{ type: message.type, msgId: message.msgId },
        text: textOf(shown(message, person), host, transId, domain),
      }));
    }),
  };
}

/** The values of one kind, in order. */
function valuesOf<Value>(entries: StoredEntries, kind: string): readonly Value[] {
  return entries.flatMap(([key, value]) => (key.startsWith(`${kind}/`) && value !== null ? [value as Value] : []));
}

function textOf(message: Outgoing, host: string, transId: string, { codec }: Domain): string | null {
  if (message.type === "client-data") return message.data;
  return codec.encode(transId, [message as ToWebex], host as WebexHost).text;
}
