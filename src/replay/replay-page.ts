import * as v from "valibot";
import { issuedCommand } from "../bridge/commands.ts";
import { showFact } from "../conference/facts.ts";
import { showInput } from "../conference/inputs.ts";
import { showOutgoing } from "../conference/server/posts.ts";
import { entriesIn, showEntry } from "../conference/state.ts";
import { logLines } from "../explain/log.ts";
import type { WebexHost } from "../foundation/ids.ts";
import { type Person, type Show, showFields, showOf } from "../foundation/shown.ts";
import type { ReplayDocument, ReplayPage, ReplayPost, ReplayState, ReplayStep, WireRow } from "../rpc/replay.ts";
import type { Domain } from "../settings/load.ts";
import { createCodec, type WebexCodec } from "../tsp/codec.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { changesOf, inputsOf, type StoredEntries, stateOf, type TransactionRows } from "./history.ts";
import { Page } from "./page.ts";
import type { Replay, ReplayedStep } from "./replay.ts";
import { type SentMessage, sentBy, writtenIn } from "./sent.ts";

/** How many steps one page has at most. */
const MOST_STEPS = 100;

/**
 * Steps of a conference from a row of its journal on, as operators read them. `transactions`: from where `replay` stands, before that row;
 * it goes up to the page that follows. `person`: how a number or code of a person is shown.
 */
export async function replayPage(
  transactions: AsyncIterable<TransactionRows>,
  replay: Replay,
  person: Person,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<ReplayPage> {
  const page = new Page<ReplayStep>(Math.min(limit, MOST_STEPS));
  const shown = (step: ReplayedStep, isShort?: boolean) => stepShown(step, replay.domain, person, isShort);
  let { previous } = replay;
  for await (const rows of transactions) {
    if ((inputsOf(rows).at(-1)?.seq ?? 0) < from) {
      replay.skip(rows);
      ({ previous } = replay);
      continue;
    }
    for (const step of replay.steps(rows)) {
      if (step.seq < from) previous = step.seq;
      else if (page.isFull || !page.add(shown(step), () => shown(step, true)))
        return { steps: page.items, previous, next: step.seq };
    }
  }
  return { steps: page.items, previous, next: null };
}

/** What went over the wire with these rows, in order: as many as one answer holds. `transactionsFrom`: those from a row on. */
export async function wirePage(
  transactionsFrom: (row: number) => AsyncIterable<TransactionRows>,
  domain: Domain,
  person: Person,
  wanted: readonly number[],
): Promise<readonly WireRow[]> {
  const page = new Page<WireRow>(wanted.length);
  const open = new Set(wanted);
  let last = 0;
  for (const first of wanted.toSorted((one, other) => one - other)) {
    if (first <= last) continue;
    for await (const rows of transactionsFrom(first)) {
      const written = writtenIn(changesOf(rows) ?? []);
      for (const { seq, at, input, facts } of rows.filter((row) => open.has(row.seq))) {
        const sent = { seq, input, ...sentBy(facts ?? [], at, written) };
        if (!page.add(wireShown(sent, domain, person))) return page.items;
      }
      last = (rows.at(-1) ?? rows[0]).seq;
      // Behind rows that nobody wants, the journal is read anew.
      if (!open.has(last + 1)) break;
    }
  }
  return page.items;
}

const showDocument = showFields<ReplayDocument>({
  ...{ kind: "open", host: "address", transId: "open", at: "open", messages: "open" },
  ...{ why: "open", attempt: "open", nextAt: "open", refused: "open" },
});
const showSent = showFields<SentMessage>({ host: "address", transId: "open", message: showOutgoing });

type Wired = Pick<ReplayedStep, "seq" | "input" | "commands" | "messages">;

const showCommands = showOf(v.array(issuedCommand));

function wireShown({ seq, input, commands, messages }: Wired, domain: Domain, person: Person): WireRow {
  const shown = input && showInput(input, person);
  return {
    ...{ seq, input: shown, commands: showCommands([...commands], person) },
    inputText: shown?.type === "webex" ? textOfInput(shown, domain) : null,
    messages: messages.map((message) => postShown(message, domain, person)),
  };
}

/** `isShort`: of both states, only what changes. */
function stepShown(step: ReplayedStep, domain: Domain, person: Person, isShort = false): ReplayStep {
  const { at, version, changes, facts, verdict, documents } = step;
  const changed = new Set(changes.map(([key]) => key));
  const before = [...entriesIn(step.before)].filter(([key]) => !isShort || key === "head" || changed.has(key));
  return {
    ...wireShown(step, domain, person),
    ...{ at, version, verdict, before: stateShown(before, person), after: stateShown([...before, ...changes], person) },
    documents: documents.map((one) => showDocument(one, person)),
    notes: facts.flatMap((fact) => (fact.kind === "noted" ? [fact.text] : [])),
    repairs: facts.flatMap((fact) => (fact.kind === "repaired" ? [fact.what] : [])),
    outcomes: logLines(facts.map((fact) => showFact(fact, person))),
  };
}

function stateShown(entries: StoredEntries, person: Person): ReplayState {
  const { head, callers, callOuts, commands, rooms, outages, debts } = stateOf(entries);
  const shown = <Entry>(all: ReadonlyMap<string, Entry>, show: Show<Entry>) =>
    [...all.values()].map((entry) => show(entry, person));
  return {
    head: showEntry.head(head, person),
    callers: shown(callers, showEntry.callers),
    callOuts: shown(callOuts, showEntry.callOuts),
    commands: shown(commands, showEntry.commands),
    rooms: shown(rooms, showEntry.rooms),
    outages: shown(outages, showEntry.outages),
    debts: [...debts].map(([key, message]) => [key, showEntry.debts(message, person)]),
  };
}

function postShown(sent: SentMessage, domain: Domain, person: Person): ReplayPost {
  const { host, message, transId } = showSent(sent, person);
  const text =
    message.type === "client-data"
      ? message.data
      : domain.codec.encode(transId, [message as ToWebex], host as WebexHost).text;
  return { host, transId, type: message.type, text };
}

/** As WebEx may have written it: the journal keeps what was read. */
function textOfInput(
  { transId, messages }: Extract<NonNullable<ReplayedStep["input"]>, { type: "webex" }>,
  { settings }: Domain,
): string | null {
  const known = messages.filter((message) => message.type !== "unknown");
  return known.length === 0 ? null : webexCodecOf(settings).encode(transId, known).text;
}

const codecs = new WeakMap<Domain["settings"], WebexCodec>();

/** To make one takes longer than to write a document. */
function webexCodecOf(settings: Domain["settings"]): WebexCodec {
  const codec = codecs.get(settings) ?? createCodec(settings.protocol, "webex");
  codecs.set(settings, codec);
  return codec;
}
