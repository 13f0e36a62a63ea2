import type { ConferenceInput } from "../conference/inputs.ts";
import type { Outgoing } from "../conference/server/posts.ts";
import type { QueuedDocument } from "../conference/server/queue.ts";
import type { PendingCommand } from "../conference/state.ts";
import type { WebexHost } from "../foundation/ids.ts";
import { type Person, shown } from "../foundation/shown.ts";
import type { WirePost, WireRow } from "../rpc/timeline.ts";
import type { Domain } from "../settings/load.ts";
import { createCodec, type WebexCodec } from "../tsp/codec.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { type HistoryRow, Page, type StoredEntries, type TransactionRows } from "./history.ts";

/** Returns what these rows sent and received, in order, for as many rows as fit. `transactionsFrom`: those from a row on. */
export async function wirePage(
  transactionsFrom: (row: number) => AsyncIterable<TransactionRows>,
  domain: Domain,
  person: Person,
  wanted: readonly number[],
): Promise<readonly WireRow[]> {
  const page = new Page<WireRow>();
  const webex = createCodec(domain.settings.protocol, "webex");
  const open = new Set(wanted);
  let last = 0;
  for (const first of wanted.toSorted((one, other) => one - other)) {
    if (first <= last) continue;
    for await (const rows of transactionsFrom(first)) {
      const written = writtenIn(rows.find(({ changes }) => changes !== null)?.changes ?? []);
      for (const row of rows)
        if (open.has(row.seq) && !page.add(wireShown(row, written, { domain, webex, person }))) return page.items;
      last = (rows.at(-1) ?? rows[0]).seq;
      // Skips rows that nobody wants and reads the journal from the next wanted row.
      if (!open.has(last + 1)) break;
    }
  }
  return page.items;
}

/** Whole commands and documents from the disk. */
interface Written {
  readonly commands: readonly PendingCommand[];
  readonly documents: readonly QueuedDocument[];
}

function writtenIn(entries: StoredEntries): Written {
  return { commands: valuesOf(entries, "command"), documents: valuesOf(entries, "outbox") };
}

/** Returns the values of one kind, in order. */
function valuesOf<Value>(entries: StoredEntries, kind: string): readonly Value[] {
  return entries.flatMap(([key, value]) => (key.startsWith(`${kind}/`) && value !== null ? [value as Value] : []));
}

/** Returns what a row sent. A document is missing if the same transaction dropped it. */
function wireShown(
  row: HistoryRow,
  { commands, documents }: Written,
  { domain, webex, person }: { readonly domain: Domain; readonly webex: WebexCodec; readonly person: Person },
): WireRow {
  const input = row.input && shown(row.input, person);
  const { facts } = row;
  return {
    seq: row.seq,
    input,
    inputText: input?.type === "webex" ? textOfInput(input, webex) : null,
    commands: facts.flatMap((fact) => {
      if (fact.kind !== "command-issued") return [];
      const issued = commands.filter(({ id }) => id === fact.command);
      return issued.map(({ id, command }) => shown({ id, command }, person));
    }),
    messages: facts.flatMap((fact) => {
      if (fact.kind !== "post-queued") return [];
      const { host, transId } = fact;
      const own = documents.filter((one) => one.transId === transId).flatMap(({ messages }) => messages);
      const sent = fact.messages.flatMap(
        ({ type, msgId }) => own.find((one) => one.type === type && one.msgId === msgId) ?? [],
      );
      return sent.map((message) => ({
        ...shown({ host, transId }, person),
        msgId: message.msgId,
        ...textOfMessage(shown(message, person), host, transId, domain),
      }));
    }),
  };
}

function textOfMessage(
  message: Outgoing,
  host: string,
  transId: string,
  { codec }: Domain,
): Pick<WirePost, "type" | "text"> {
  const { type } = message;
  if (type === "client-data") return { type, text: message.data };
  return { type, text: codec.encode(transId, [message as ToWebex], host as WebexHost).text };
}

/** Returns a text that WebEx may have sent: the journal keeps only what was read. */
function textOfInput(
  { transId, messages }: Extract<ConferenceInput, { type: "webex" }>,
  webex: WebexCodec,
): string | null {
  const known = messages.filter((message) => message.type !== "unknown");
  return known.length === 0 ? null : webex.encode(transId, known).text;
}
