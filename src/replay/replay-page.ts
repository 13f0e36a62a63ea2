import * as v from "valibot";
import { issuedCommand } from "../bridge/commands.ts";
import { showInput } from "../conference/decide.ts";
import { showOutgoing } from "../conference/draft.ts";
import { showFact } from "../conference/facts.ts";
import {
  applyChanges,
  type Changes,
  type ConferenceState,
  type OwnState,
  showCaller,
  showCallOut,
  showHead,
  showOutage,
  showPending,
  showRoom,
} from "../conference/state.ts";
import { logLines } from "../explain/log.ts";
import type { WebexHost } from "../foundation/ids.ts";
import { type Person, type Show, showOf, withoutQuery } from "../foundation/shown.ts";
import type { ReplayPage, ReplayPost, ReplayState, ReplayStep, WireRow } from "../rpc/replay.ts";
import type { Domain } from "../settings/load.ts";
import { createCodec } from "../tsp/codec.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { showMessage } from "../tsp/show-message.ts";
import { Page } from "./page.ts";
import { copyOf, type Replay, type Step } from "./replay.ts";
import { inputsOf, type TransactionRows } from "./rows.ts";
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
  const shown = (step: Step, only?: Changes) => stepShown(step, replay.domain, person, only);
  let { previous } = replay;
  for await (const rows of transactions) {
    if ((inputsOf(rows).at(-1)?.seq ?? 0) < from) {
      replay.skip(rows);
      ({ previous } = replay);
      continue;
    }
    for (const step of replay.steps(rows)) {
      if (step.seq < from) previous = step.seq;
      else if (page.isFull || !page.add(shown(step), () => shown(step, step.changes)))
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
      const written = writtenIn(rows.find(({ changes }) => changes !== null)?.changes ?? null);
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

type Wired = Pick<Step, "seq" | "input" | "commands" | "messages">;

const showCommands = showOf(v.array(issuedCommand));

function wireShown({ seq, input, commands, messages }: Wired, domain: Domain, person: Person): WireRow {
  const shown = input && showInput(input, person);
  return {
    ...{ seq, input: shown, commands: showCommands([...commands], person) },
    inputText: shown?.type === "webex" ? textOfInput(shown, domain) : null,
    messages: messages.map((message) => postShown(message, domain, person)),
  };
}

/** `only`: of both states, what these change. */
function stepShown(step: Step, domain: Domain, person: Person, only?: Changes): ReplayStep {
  const { at, version, before, changes, facts, verdict } = step;
  const after: OwnState = copyOf(before);
  applyChanges(after, changes);
  const { confirmed, givenUp, dropped, failed } = step;
  return {
    ...wireShown(step, domain, person),
    ...{ at, version, verdict, before: stateShown(before, person, only), after: stateShown(after, person, only) },
    ...{ confirmed: confirmed.map(postedShown), givenUp: givenUp.map(postedShown) },
    ...{ dropped: dropped.map(postedShown), failed: failed.map(postedShown) },
    notes: facts.flatMap((fact) => (fact.kind === "noted" ? [fact.text] : [])),
    repairs: facts.flatMap((fact) => (fact.kind === "repaired" ? [fact.what] : [])),
    outcomes: logLines(facts.map((fact) => showFact(fact, person))),
  };
}

function stateShown(state: ConferenceState, person: Person, only?: Changes): ReplayState {
  const shown = <Kind extends EntryKind>(kind: Kind, show: Show<Entry<Kind>>) =>
    [...(state[kind] as ReadonlyMap<string, Entry<Kind>>)].flatMap(([key, entry]) =>
      !only || (only[kind] as ReadonlyMap<string, unknown>).has(key) ? [[key, show(entry, person)] as const] : [],
    );
  const values = <Kind extends EntryKind>(kind: Kind, show: Show<Entry<Kind>>) =>
    shown(kind, show).map(([, entry]) => entry);
  return {
    ...{ head: showHead(state.head, person), callers: values("callers", showCaller) },
    ...{ callOuts: values("callOuts", showCallOut), commands: values("commands", showPending) },
    ...{ rooms: values("rooms", showRoom), outages: values("outages", showOutage) },
    debts: shown("debts", showMessage),
  };
}

type EntryKind = Exclude<keyof ConferenceState, "head">;
type Entry<Kind extends EntryKind> = ConferenceState[Kind] extends ReadonlyMap<string, infer Value> ? Value : never;

function postShown(sent: SentMessage, domain: Domain, person: Person): ReplayPost {
  const { host, message, transId } = postedShown(sent);
  const shown = showOutgoing(message, person);
  const text =
    shown.type === "client-data"
      ? shown.data
      : domain.codec.encode(transId, [shown as ToWebex], host as WebexHost).text;
  return { host, transId, type: message.type, text };
}

/** A server may have named itself by an address with a query. */
function postedShown<Posted extends { readonly host: string }>(posted: Posted): Posted {
  return { ...posted, host: withoutQuery(posted.host) };
}

/** As WebEx may have written it: the journal keeps what was read. */
function textOfInput(
  { transId, messages }: Extract<NonNullable<Step["input"]>, { type: "webex" }>,
  { settings }: Domain,
): string | null {
  const known = messages.filter((message) => message.type !== "unknown");
  return known.length === 0 ? null : createCodec(settings.protocol, "webex").encode(transId, known).text;
}
