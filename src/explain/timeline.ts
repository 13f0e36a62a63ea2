import type { ConferenceEvent, ConferenceSnapshot, NumberedReport } from "../bridge/events.ts";
import { type Cause, probeAsFailed, saidIn, singleFacts } from "../conference/facts.ts";
import type { ConferenceInput, InputRow } from "../conference/inputs.ts";
import type { Outgoing } from "../conference/server/posts.ts";
import type { CallId, CommandId, EpochMs, TransId } from "../foundation/ids.ts";
import { BACK_END } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { instantText } from "../foundation/time/shown-time.ts";
import { isNeverDialled } from "../records/call-record.ts";
import type { StoryFacts, StoryLine, StorySide } from "../rpc/story.ts";
import { type FromWebex, fromWebex, toWebex } from "../tsp/messages.ts";
import { type FactOf, type Fold, fold } from "./fold.ts";

/** Fields of messages, events and requests that tell one of a type from another. */
const telling: ReadonlySet<string> = new Set([
  ...["msgId", "extCallId", "subConfId", "action", "privilege", "status", "result", "keepAlive"],
  ...["participantType", "joinMode", "extCallIds", "speaking", "call", "room", "muted", "locked", "reason"],
  ...["attendeeId", "did", "number", "why", "wrongKeys", "waitedMs"],
]);
export type ConfirmedFact = FactOf<"post-confirmed">;

/** Some 300 bytes each. */
const mostLines = 20_000;

/** A conference's journal as lines for people. What began before the first row stands without its beginning. */
export class Timeline {
  #lines: StoryLine[] = [];
  readonly #issued = new Map<CommandId, { readonly type: string; readonly at: EpochMs }>();
  /** Of documents that are neither confirmed nor given up. */
  readonly #hosts = new Map<TransId, string>();
  /** By WebEx's names for them. */
  readonly #calls = new Map<string, CallId>();
  /** The numbers that were dialled in this row. */
  #dialled = new Map<CallId, string>();

  /** The latest ones and those of a row that is not written yet, in order of time: what a receiver has done is said with a later row. */
  linesWith({
    seq,
    facts,
  }: Pick<InputRow, "seq"> & { readonly facts: readonly ConfirmedFact[] }): readonly StoryLine[] {
    const unwritten = facts.map((fact) => this.#confirmedLine({ seq }, fact));
    return [...this.#lines, ...unwritten].sort((one, other) => one.at - other.at).slice(-mostLines);
  }

  read({ facts, ...row }: InputRow): void {
    this.#dialled = new Map(facts.flatMap((fact) => (fact.kind === "call-dialled" ? [[fact.call, fact.number]] : [])));
    if (row.input) this.#input(row, row.input);
    for (const fact of facts.flatMap((one) => singleFacts(probeAsFailed(one, row.at)))) fold(this.#facts, fact, row);
    if (this.#lines.length > 2 * mostLines) this.#lines = this.#lines.slice(-mostLines);
  }

  #input(row: Pick<InputRow, "seq" | "at">, input: ConferenceInput): void {
    switch (input.type) {
      case "webex":
        for (const message of input.messages) {
          const facts = { ...this.#factsOf(message), transId: input.transId, host: message.replyTo ?? "" };
          this.#say(row, "webex", "edge", nameOf(message), facts);
        }
        return;
      case "bridge": {
        const passedOver = input.elsewhere === undefined ? {} : { passedOver: `from ${input.elsewhere}` };
        for (const { report } of input.reports) this.#report(row, report, passedOver);
        return;
      }
      case "operator": {
        const { id, person, request } = input;
        const [number = ""] = request.type === "call-out" ? this.#dialled.values() : [];
        const facts = { ...this.#factsOf({ ...request, number }), person, action: id };
        return this.#say(row, "operator", "edge", request.type, facts);
      }
      case "reached":
        return this.#say(row, "webex", "edge", "reached again", { host: input.host });
      case "probe":
        return this.#say(row, "operator", "edge", "asks whether it is back", {
          host: input.host,
          person: input.person,
        });
      case "restored":
        return this.#say(row, "edge", "edge", "put back from a backup", {});
      case "undelivered":
      case "time":
        return; // What follows from it says enough.
    }
  }

  #report(row: Pick<InputRow, "seq" | "at">, report: NumberedReport["report"], more: StoryFacts): void {
    if (report.type === "event") {
      const { event } = report;
      const about = event.type === "snapshot" ? { held: heldText(event.conference) } : this.#factsOf(callerOf(event));
      return this.#say(row, "bridge", "edge", event.type, { ...about, ...more });
    }
    const { id, result } = report;
    const issued = this.#issued.get(id);
    const became = result.done ? "done" : `refused, ${result.reason}`;
    const facts = { commandId: id, ...(issued && { afterMs: String(row.at - issued.at) }), ...more };
    this.#say(row, "bridge", "edge", `${issued?.type ?? "command"}: ${became}`, facts);
  }

  readonly #facts: Fold<[row: Omit<InputRow, "facts">]> = {
    "command-issued": ({ command, type, call, room, by }, row) => {
      this.#issued.set(command, { type, at: row.at });
      const number = type === "dial" && call !== undefined ? (this.#dialled.get(call) ?? "") : "";
      const facts = { call: call ?? "", room: room ?? "", number, commandId: command };
      this.#say(row, "edge", "bridge", type, facts, ledBy(by, call));
    },
    "call-named": ({ call, extCallId }) => this.#calls.set(extCallId, call),
    "call-dialled": ({ call, extCallId }) => this.#calls.set(extCallId ?? "", call),
    "call-not-entered": ({ call, why, record }, row) => {
      const { number, extCallId } = record;
      if (isNeverDialled(record)) this.#say(row, "edge", "edge", "not dialled", { call, number, extCallId, why });
    },
    "command-expired": ({ command, type }, row) =>
      this.#say(row, "edge", "edge", `${type}: no result in time`, { commandId: command }),
    "conference-ended": ({ why, endedBy }, row) => {
      if (why !== "lost") return;
      const since = endedBy === "operator" ? "the settings lack its bridge" : "the bridge no longer had it";
      this.#say(row, "edge", "edge", `ended, since ${since}`, {});
    },
    "post-queued": (fact, row) => {
      const { type, msgId, host, transId, call = "", actions: [action] = [] } = fact;
      this.#hosts.set(transId, host);
      const facts = { msgId, call, ...saidIn(fact), ...this.#document(transId) };
      const by = action ? `action ${action}` : ledBy([], call || this.#calls.get(fact.extCallId ?? ""));
      this.#say(row, "edge", sideOf(host), wireNameOf(type), facts, by);
    },
    "post-failed": ({ transId, why, attempt, at, nextAt }, row) => {
      const next = { why, attempt: String(attempt), ...(nextAt !== undefined && { nextAt: instantText(nextAt) }) };
      const to = sideOf(this.#hosts.get(transId));
      this.#say({ ...row, at }, "edge", to, "not delivered", { ...this.#document(transId), ...next });
    },
    "post-confirmed": (fact, row) => {
      this.#lines.push(this.#confirmedLine(row, fact));
      this.#hosts.delete(fact.transId);
    },
    "post-given-up": ({ transId, messages }, row) =>
      this.#say(row, "edge", "edge", "given up", { transId, messages: namesIn(messages) }),
    "post-dropped": ({ transId, messages }, row) => {
      const isWithdrawn = row.input?.type === "undelivered";
      const what = isWithdrawn ? "withdrawn, its server is not reached" : "dropped, its server was replaced";
      this.#say(row, "edge", "edge", what, { transId, messages: namesIn(messages) });
    },
  };

  #confirmedLine({ seq }: Pick<InputRow, "seq">, { transId, at, refused }: ConfirmedFact): StoryLine {
    const host = this.#hosts.get(transId);
    const facts = { transId, ...(host !== undefined && { host }), ...(refused && { result: "a failure" }) };
    return { seq, at, from: sideOf(host), to: "edge", what: "confirmed", facts };
  }

  #document(transId: TransId): StoryFacts {
    const host = this.#hosts.get(transId);
    return { transId, ...(host !== undefined && host !== BACK_END && { host }) };
  }

  #factsOf(thing: object): StoryFacts {
    const facts = Object.entries(thing).flatMap(([name, value]) => {
      if (value === null || value === undefined) return [];
      return telling.has(name) ? [[name, String(value)]] : [];
    });
    return Object.fromEntries(facts);
  }

  #say(
    { seq, at }: Pick<InputRow, "seq" | "at">,
    from: StorySide,
    to: StorySide,
    what: string,
    facts: StoryFacts,
    by?: string,
  ): void {
    const known = Object.entries(facts).filter(([, value]) => value !== "");
    this.#lines.push({ seq, at, from, to, what, facts: Object.fromEntries(known), ...(by && { by }) });
  }
}

function ledBy(by: readonly Cause[], call: string | undefined): string | undefined {
  const asker = by.find(({ type }) => type === "request" || type === "action");
  if (asker?.type === "action") return `action ${asker.action}`;
  if (asker?.type === "request" && asker.msgId) return `request ${asker.msgId}`;
  return call && `call ${call}`;
}

/** By its element, as WebEx's own logs have it. */
export function nameOf(message: FromWebex | Outgoing): string {
  return message.type === "unknown" ? message.element : wireNameOf(message.type);
}

/** The element of this type of message. */
function wireNameOf(type: string): string {
  if (type === "client-data") return "client data";
  const tables: Readonly<Record<string, { readonly wire: string }>> = { ...fromWebex, ...toWebex };
  return tables[type]?.wire ?? type;
}

function namesIn(messages: readonly { readonly type: string }[]): string {
  return messages.map(({ type }) => wireNameOf(type)).join(", ");
}

function sideOf(host: string | undefined): StorySide {
  return host === BACK_END ? "back end" : "webex";
}

function callerOf(event: ConferenceEvent): object {
  return event.type === "caller-entered" ? { ...event.caller, ...event.prompt } : event;
}

function heldText(conference: ConferenceSnapshot | null): string {
  if (!conference) return "no such conference";
  const { locked, callers, rooms } = conference;
  return `${locked ? "locked, " : ""}${counted(callers.length, "caller")}, ${counted(rooms.length, "room")}`;
}
