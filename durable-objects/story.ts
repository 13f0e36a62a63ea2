import type { ConferenceEvent, ConferenceSnapshot, Report } from "../src/bridge/events.ts";
import type { ConferenceInput } from "../src/conference/decide.ts";
import { BACK_END, type Outgoing } from "../src/conference/draft.ts";
import type { QueuedDocument } from "../src/conference/queue.ts";
import type { Head, PendingCommand } from "../src/conference/state.ts";
import { counted } from "../src/foundation/counted.ts";
import { dialledDigits } from "../src/foundation/dial-rules.ts";
import type { CommandId } from "../src/foundation/ids.ts";
import type { StoryFacts, StoryLine, StorySide } from "../src/rpc/story.ts";
import { type FromWebex, fromWebex, toWebex } from "../src/tsp/messages.ts";
import { type Confirmations, confirmedKey, type JournalRow } from "./conference-store.ts";

/** Fields of messages, events and commands that say what happened; texts and numbers of people are not among them. */
const telling = [
  ...(["msgId", "extCallId", "subConfId", "action", "privilege", "status", "result", "keepAlive"] as const),
  ...(["participantType", "joinMode", "extCallIds", "speaking", "actionResult"] as const),
  ...(["call", "room", "kind", "muted", "joinTone", "locked", "reason"] as const),
];
const personalFields = ["attendeeId", "did", "number"] as const;

/**
 * A conference's journal as lines for people: what was asked, sent to the bridge, done there, posted and confirmed, or why not. Reads the
 * rows in order, some at a time; what began before the first of them is told without its beginning.
 */
export class Story {
  readonly #person: (text: string) => string;
  /** Those that are neither confirmed nor given up. */
  readonly #documents = new Map<string, QueuedDocument>();
  readonly #commands = new Map<CommandId, { readonly what: string; readonly at: number }>();
  #lines: StoryLine[] = [];
  /** In the present transaction: the bridge says that it has no such conference. */
  #isMissing = false;

  /** `person`: how a number or code of a person is shown. */
  constructor(person: (text: string) => string) {
    this.#person = person;
  }

  read(rows: readonly Omit<JournalRow, "facts">[]): readonly StoryLine[] {
    this.#lines = [];
    for (const row of rows) {
      if (row.input) this.#input(row, row.input);
      // The rows of one transaction are one moment: what followed from all of them stands in the last one.
      for (const [key, value] of row.changes ?? []) this.#change(row, key, value);
      if (row.changes) this.#isMissing = false;
    }
    return this.#lines;
  }

  #input(row: Omit<JournalRow, "facts">, input: ConferenceInput): void {
    switch (input.type) {
      case "webex":
        for (const message of input.messages) {
          const facts = { ...this.#facts(message), transId: input.transId, host: message.replyTo ?? "" };
          this.#tell(row, "webex", "edge", nameOf(message), facts);
        }
        return;
      case "bridge": {
        const elsewhere = input.elsewhere === undefined ? {} : { passedOver: `from ${input.elsewhere}` };
        for (const { report } of input.reports) this.#report(row, report, elsewhere);
        return;
      }
      case "undelivered":
        return this.#tell(row, "edge", "edge", "given up", this.#factsOfGivenUp(input.messages));
      case "operator":
        return this.#tell(row, "operator", "edge", input.request.type, this.#factsOfAction(input));
      case "reached":
        return this.#tell(row, "webex", "edge", "reached again", { host: input.host });
      case "time":
        return; // What follows from it says enough.
    }
  }

  #factsOfAction({ id, person, request }: Extract<ConferenceInput, { type: "operator" }>): StoryFacts {
    const { country = "", area = "", local = "" } = request.type === "call-out" ? request.number : {};
    // Those of an earlier version have neither id nor person.
    return { ...this.#facts({ ...request, number: country + area + local }), person: person ?? "", action: id ?? "" };
  }

  #report(row: Omit<JournalRow, "facts">, report: Report, more: StoryFacts): void {
    if (report.type === "event") {
      const { event } = report;
      if (event.type === "snapshot") {
        this.#isMissing ||= event.conference === null && more.passedOver === undefined;
        return this.#tell(row, "bridge", "edge", event.type, { held: heldText(event.conference), ...more });
      }
      return this.#tell(row, "bridge", "edge", event.type, { ...this.#facts(callerOf(event)), ...more });
    }
    const { id, result } = report;
    const command = this.#commands.get(id);
    const became = result.done ? "done" : `refused, ${result.reason}`;
    const facts = { commandId: id, ...(command && { afterMs: String(row.at - command.at) }), ...more };
    this.#tell(row, "bridge", "edge", `${command?.what ?? "command"}: ${became}`, facts);
  }

  #change(row: Omit<JournalRow, "facts">, key: string, value: unknown): void {
    if (key === "head" && this.#isLost(value as Head))
      return this.#tell(row, "edge", "edge", "ended, since the bridge no longer had it", {});
    if (key === confirmedKey) return this.#confirmed(row, value as Confirmations);
    if (key.startsWith("command/") && value !== null) return this.#command(row, value as PendingCommand);
    if (!key.startsWith("outbox/")) return;
    if (value === null) return this.#gone(row, key);
    this.#document(row, key, value as QueuedDocument);
  }

  #isLost(head: Head): boolean {
    return head.phase === "ended" && !head.byWebex && this.#isMissing;
  }

  #command(row: Omit<JournalRow, "facts">, { id, command, expired }: PendingCommand): void {
    const what = command.type;
    const number = command.type === "dial" && { number: dialledDigits(command.number) };
    const facts = { ...this.#facts({ ...command, ...number }), commandId: id };
    if (expired) return this.#tell(row, "edge", "edge", `${what}: no result in time`, facts);
    if (this.#commands.has(id)) return;
    this.#commands.set(id, { what, at: row.at });
    this.#tell(row, "edge", "bridge", what, facts);
  }

  #document(row: Omit<JournalRow, "facts">, key: string, document: QueuedDocument): void {
    const sameNumber = this.#documents.get(key);
    // A restored outbox may use a number again, and a row whose changes were too long for the journal may have freed it.
    const before = sameNumber?.transId === document.transId ? sameNumber : undefined;
    this.#documents.set(key, document);
    const { transId, host, attempts, dueAt, failure, failedAt } = document;
    const to = host === BACK_END ? "back end" : "webex";
    const about = { transId, ...(host !== BACK_END && { host }) };
    for (const message of document.messages.slice(before?.messages.length ?? 0)) {
      this.#tell(row, "edge", to, nameOf(message), { ...this.#facts(message), ...about });
    }
    // Otherwise an attempt has begun, or a message was added.
    const hasFailed = failure !== before?.failure || dueAt !== before?.dueAt;
    if (failure === undefined || !hasFailed) return;
    const next = { ...about, why: failure, attempt: String(attempts), nextAt: new Date(dueAt).toISOString() };
    // The row is later than the last input, whose time it has.
    this.#tell({ ...row, at: failedAt ?? row.at }, "edge", to, "not delivered", next);
  }

  #confirmed(row: Omit<JournalRow, "facts">, confirmations: Confirmations): void {
    for (const [seq, at] of confirmations) {
      const document = this.#documents.get(`outbox/${seq}`);
      this.#documents.delete(`outbox/${seq}`);
      const facts = { transId: document?.transId ?? "", ...(document && { host: document.host }) };
      this.#tell({ ...row, at }, document?.host === BACK_END ? "back end" : "webex", "edge", "confirmed", facts);
    }
  }

  #gone({ changes, ...row }: Omit<JournalRow, "facts">, key: string): void {
    const seq = Number(key.slice("outbox/".length));
    const isConfirmed = changes?.some(
      ([other, value]) => other === confirmedKey && isAmong(seq, value as Confirmations),
    );
    if (isConfirmed) return;
    const document = this.#documents.get(key);
    this.#documents.delete(key);
    if (!document) return;
    const messages = document.messages.map(nameOf).join(", ");
    const what =
      row.input?.type === "undelivered" ? "withdrawn, its server is not reached" : "dropped, its server was replaced";
    this.#tell(row, "edge", "edge", what, { transId: document.transId, messages });
  }

  #factsOfGivenUp(messages: readonly Outgoing[]): StoryFacts {
    const isGivenUp = (message: Outgoing) => messages.some((one) => isAlike(one, message));
    const [key, had] = [...this.#documents].find(([, document]) => document.messages.some(isGivenUp)) ?? [];
    if (key !== undefined && had?.messages.every(isGivenUp)) this.#documents.delete(key);
    return { ...(had && { transId: had.transId }), messages: messages.map(nameOf).join(", ") };
  }

  #facts(thing: object): StoryFacts {
    const facts: Record<string, string> = {};
    for (const [name, value] of Object.entries(thing)) {
      if (value === null || value === undefined || value === "") continue;
      if (isIn(telling, name)) facts[name] = String(value);
      else if (isIn(personalFields, name) && typeof value === "string") facts[name] = this.#person(value);
    }
    return facts;
  }

  #tell(
    { seq, at }: Pick<JournalRow, "seq" | "at">,
    from: StorySide,
    to: StorySide,
    what: string,
    facts: StoryFacts,
  ): void {
    const known = Object.entries(facts).filter(([, value]) => value !== "");
    this.#lines.push({ seq, at, from, to, what, facts: Object.fromEntries(known) });
  }
}

/** By its element, as WebEx's own logs have it. */
export function nameOf(message: FromWebex | Outgoing): string {
  return message.type === "unknown" ? message.element : wireNameOf(message.type);
}

/** The element of this type of message. */
export function wireNameOf(type: string): string {
  if (type === "client-data") return "client data";
  const tables: Readonly<Record<string, { readonly wire: string }>> = { ...fromWebex, ...toWebex };
  return tables[type]?.wire ?? type;
}

function callerOf(event: ConferenceEvent): object {
  return event.type === "caller-entered" ? event.caller : event;
}

function heldText(conference: ConferenceSnapshot | null): string {
  if (!conference) return "no such conference";
  const { locked, callers, rooms } = conference;
  return `${locked ? "locked, " : ""}${counted(callers.length, "caller")}, ${counted(rooms.length, "room")}`;
}

/** Copies of one message, which has no id of its own where it is for the back end. */
function isAlike(one: Outgoing, other: Outgoing): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isAmong(seq: number, confirmations: Confirmations): boolean {
  return confirmations.some(([other]) => other === seq);
}

function isIn(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
