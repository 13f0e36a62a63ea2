import type { Post } from "../conference/draft.ts";
import { applyChanges, type ConferenceState, type OwnState } from "../conference/state.ts";
import { logLines } from "../explain/log.ts";
import type { Person } from "../explain/why/words.ts";
import type { PhoneNumber, WebexHost } from "../foundation/ids.ts";
import { isRecord } from "../foundation/record.ts";
import type { ReplayPage, ReplayPost, ReplayState, ReplayStep, WireRow } from "../rpc/replay.ts";
import type { Domain } from "../settings/load.ts";
import { createCodec } from "../tsp/codec.ts";
import type { ToWebex } from "../tsp/messages.ts";
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
    const shown = hidden(stepShown(step, about.domain, person), person);
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
    if (wanted.has(step.seq)) found.push(hidden(wireShown(step, about.domain, person), person));
    if (found.length === wanted.size) break;
  }
  return found;
}

function wireShown({ seq, input, commands, messages }: Step, domain: Domain, person: Person): WireRow {
  return {
    ...{ seq, input, commands },
    inputText: input?.type === "webex" ? textOfInput(hidden(input, person), domain) : null,
    messages: messages.map((message) => postShown(hidden(message, person), domain)),
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
    ...{ at, version, verdict, before: stateShown(before), after: stateShown(after) },
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
    outcomes: logLines(decision?.facts ?? []),
  };
}

function stateShown({ head, callers, callOuts, commands, rooms, outages, debts }: ConferenceState): ReplayState {
  return {
    ...{ head, callers: [...callers.values()], callOuts: [...callOuts.values()] },
    ...{ commands: [...commands.values()], rooms: [...rooms.values()] },
    ...{ outages: [...outages.values()], debts: [...debts] },
  };
}

function postShown({ host, message, transId }: Post & { readonly transId: string | null }, domain: Domain): ReplayPost {
  const text =
    message.type === "client-data"
      ? message.data
      : domain.codec.encode(transId ?? "", [message as ToWebex], host as WebexHost).text;
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

/** By their names in messages, commands, events and state. */
const personal: ReadonlySet<string> = new Set([
  ...["number", "attendeeId", "did", "anonymousId", "hostAttendeeId", "subscriber", "participant"],
  ...["subscriberCode", "participantCode", "hostWebexId", "conferenceName", "data", "phone"],
]);

/** A copy with numbers and codes of people as they are shown. */
export function hidden<Value>(value: Value, person: Person): Value {
  if (Array.isArray(value)) return value.map((one) => hidden(one, person)) as Value;
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      if (!personal.has(name)) return [name, hidden(one, person)];
      if (typeof one === "string") return [name, person(one)];
      return [
        name,
        isRecord(one) && typeof one.local === "string" ? phoneShown(one as object as PhoneNumber, person) : one,
      ];
    }),
  ) as Value;
}

/** What is hidden of a number is still digits. */
function phoneShown(phone: PhoneNumber, person: Person): PhoneNumber {
  const shown = (part: string) => (person(part) === part ? part : person(part).replace(/\D/g, "0"));
  return { ...phone, local: shown(phone.local), area: shown(phone.area), extension: shown(phone.extension) };
}
