import * as v from "valibot";
import { issuedCommand } from "../bridge/commands.ts";
import { showInput } from "../conference/decide.ts";
import { type Post, showOutgoing } from "../conference/draft.ts";
import { showFact } from "../conference/facts.ts";
import {
  applyChanges,
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
import { type Person, showOf } from "../foundation/shown.ts";
import type { ReplayPage, ReplayPost, ReplayState, ReplayStep, WireRow } from "../rpc/replay.ts";
import type { Domain } from "../settings/load.ts";
import { createCodec } from "../tsp/codec.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { showMessage } from "../tsp/show-message.ts";
import type { About, HistoryRow } from "./history.ts";
import { copyOf, replay, type Step } from "./replay.ts";

/** How many steps one page has at most: each has the whole state twice. */
const MOST_STEPS = 100;
const MOST_LENGTH = 4_000_000;

/** Steps of a conference from a row of its journal on, as operators read them. `person`: how a number or code of a person is shown. */
export function replayPage(
  rows: Iterable<HistoryRow>,
  about: About,
  person: Person,
  { from, limit }: { readonly from: number; readonly limit: number },
): ReplayPage {
  const steps: ReplayStep[] = [];
  let length = 0;
  let previous: number | null = null;
  for (const step of replay(rows, about)) {
    if (step.seq < from) {
      previous = step.seq;
      continue;
    }
    if (steps.length >= Math.min(limit, MOST_STEPS) || length > MOST_LENGTH) return { steps, previous, next: step.seq };
    const shown = stepShown(step, about.domain, person);
    length += JSON.stringify(shown).length;
    steps.push(shown);
  }
  return { steps, previous, next: null };
}

/** What went over the wire with these rows, in order. `person`: how a number or code of a person is shown. */
export function wireRows(
  rows: Iterable<HistoryRow>,
  about: About,
  person: Person,
  wanted: ReadonlySet<number>,
): readonly WireRow[] {
  const found: WireRow[] = [];
  for (const step of replay(rows, about)) {
    if (wanted.has(step.seq)) found.push(wireShown(step, about.domain, person));
    if (found.length === wanted.size) break;
  }
  return found;
}

const showCommands = showOf(v.array(issuedCommand));

function wireShown({ seq, input, commands, messages }: Step, domain: Domain, person: Person): WireRow {
  const shown = input && showInput(input, person);
  return {
    ...{ seq, input: shown, commands: showCommands([...commands], person) },
    inputText: shown?.type === "webex" ? textOfInput(shown, domain) : null,
    messages: messages.map((message) => postShown(message, domain, person)),
  };
}

function stepShown(step: Step, domain: Domain, person: Person): ReplayStep {
  const { at, version, before, changes, decision, verdict } = step;
  const after: OwnState = copyOf(before);
  applyChanges(after, changes);
  const posts = (documents: Step["givenUp"]) =>
    documents.map(({ host, transId, messages, at: when }) => ({
      host,
      transId,
      at: when,
      messages: messages.map(({ type }) => type),
    }));
  return {
    ...wireShown(step, domain, person),
    ...{ at, version, verdict, before: stateShown(before, person), after: stateShown(after, person) },
    ...{ confirmed: posts(step.confirmed), givenUp: posts(step.givenUp), dropped: posts(step.dropped) },
    failed: step.failed.map(({ host, transId, at: when, why, attempts, nextAt }) => ({
      host,
      transId,
      at: when,
      why,
      attempts,
      nextAt,
    })),
    notes: decision?.facts.flatMap((fact) => (fact.kind === "noted" ? [fact.text] : [])) ?? [],
    repairs: decision?.facts.flatMap((fact) => (fact.kind === "repaired" ? [fact.what] : [])) ?? [],
    outcomes: logLines(decision?.facts.map((fact) => showFact(fact, person)) ?? []),
  };
}

function stateShown(state: ConferenceState, person: Person): ReplayState {
  const { head, callers, callOuts, commands, rooms, outages, debts } = state;
  return {
    head: showHead(head, person),
    callers: Array.from(callers.values(), (caller) => showCaller(caller, person)),
    callOuts: Array.from(callOuts.values(), (callOut) => showCallOut(callOut, person)),
    commands: Array.from(commands.values(), (command) => showPending(command, person)),
    rooms: Array.from(rooms.values(), (room) => showRoom(room, person)),
    outages: Array.from(outages.values(), (outage) => showOutage(outage, person)),
    debts: Array.from(debts, ([key, message]) => [key, showMessage(message, person)] as const),
  };
}

function postShown(
  { host, message, transId }: Post & { readonly transId: string | null },
  domain: Domain,
  person: Person,
): ReplayPost {
  const shown = showOutgoing(message, person);
  const text =
    shown.type === "client-data"
      ? shown.data
      : domain.codec.encode(transId ?? "", [shown as ToWebex], host as WebexHost).text;
  return { host, transId, type: message.type, text };
}

/** As WebEx may have written it: the journal keeps what was read. */
function textOfInput(
  { transId, messages }: Extract<NonNullable<Step["input"]>, { type: "webex" }>,
  { settings }: Domain,
): string | null {
  const known = messages.filter((message) => message.type !== "unknown");
  return known.length === 0 ? null : createCodec(settings.protocol, "webex").encode(transId, known).text;
}
