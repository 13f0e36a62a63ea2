import type { CommandType } from "../bridge/commands.ts";
import type { ConferenceEvent, ConferenceSnapshot, NumberedReport } from "../bridge/events.ts";
import { actionsOf, type Cause, probeAsFailed, type SingleFact, saidIn, singleFacts } from "../conference/facts.ts";
import type { ConferenceInput, InputRow } from "../conference/inputs.ts";
import type { OperatorRequest } from "../conference/operator-actions.ts";
import type { Outgoing } from "../conference/server/posts.ts";
import type { ActionId, CallId, CommandId, EpochMs, MsgId, TransId } from "../foundation/ids.ts";
import { BACK_END } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { instantText } from "../foundation/time/shown-time.ts";
import { isNeverDialled } from "../records/call-record.ts";
import type { LineFacts, TimelineLine, TimelineSide } from "../rpc/timeline.ts";
import { type FromWebex, fromWebex, toWebex } from "../tsp/messages.ts";
import type { FactOf } from "./reasons.ts";
import * as reasons from "./reasons.ts";

/** Fields of messages, events and requests that a line shows. A field that is not listed is not shown. */
const shownFields: ReadonlySet<string> = new Set([
  ...["msgId", "extCallId", "subConfId", "action", "privilege", "status", "result", "keepAlive"],
  ...["participantType", "joinMode", "extCallIds", "speaking", "call", "room", "muted", "locked", "reason"],
  ...["attendeeId", "did", "number", "why", "wrongKeys", "waitedMs"],
]);

/** Some 400 bytes each. */
const MOST_LINES = 20_000;
/** WebEx takes some seconds to name a call. */
const LATE_MS = 10_000;

type Line = { -readonly [Name in keyof TimelineLine]: TimelineLine[Name] };
/** What a line belongs to, and whom it is about. */
type Subject = Pick<TimelineLine, "blocks" | "calls">;

/** The row that is read now. */
interface CurrentRow extends Omit<InputRow, "facts"> {
  readonly facts: readonly SingleFact[];
  readonly lines: Line[];
  /** The subject of its last input: what follows without a cause of its own belongs to it. */
  subject: Subject;
  /** What the bridge said of each call. */
  readonly ofCall: Map<CallId, Subject>;
}

interface Command {
  readonly type: CommandType;
  readonly at: EpochMs;
  readonly by: readonly Cause[];
}

/** A caller whom WebEx is to name. `line` says why it has not. */
interface Entry {
  line: Line;
  notifiedAt: EpochMs | null;
  isNamed: boolean;
  /** WebEx can tell which person of the meeting it is. */
  isMatchable: boolean;
  leftAt: EpochMs | null;
}

/** A document that is neither confirmed nor undelivered. */
interface Document extends Subject {
  readonly host: string;
  readonly entries: readonly Entry[];
  readonly failure: string | null;
}

/** An operator's action as it was asked for. */
interface AskedAction {
  readonly person: string;
  readonly request: OperatorRequest;
  readonly seq: number;
  readonly at: EpochMs;
}

type Reader = { readonly [Kind in SingleFact["kind"]]?: (fact: FactOf<Kind>) => void };

/** A conference's journal as lines for people. What began before the first row that is read lacks its beginning. */
export class Timeline {
  readonly actions = new Map<ActionId, AskedAction>();
  #lines: Line[] = [];
  #row: CurrentRow = { seq: 0, at: 0 as EpochMs, input: null, facts: [], lines: [], ...nothing(), ofCall: new Map() };
  /** By `command ID`, `message ID`, and `call ID` for a call that was dialled. */
  readonly #subjects = new Map<string, Subject>();
  readonly #commands = new Map<CommandId, Command>();
  /** The latest command of each type and call. */
  readonly #latest = new Map<string, CommandId>();
  readonly #documents = new Map<TransId, Document>();
  readonly #confirmed = new Set<TransId>();
  readonly #entries = new Map<CallId, Entry>();
  /** By WebEx's names for them. */
  readonly #callsByName = new Map<string, CallId>();
  /** Dialled calls of which the bridge has said nothing yet. */
  readonly #ringing = new Set<CallId>();
  readonly #inside = new Set<CallId>();
  /** The types of requests and actions, by the names of their blocks. */
  readonly #asked = new Map<string, string>();
  /** Commands that no agent had acknowledged when their time was up. */
  readonly #unacknowledged = new Set<CommandId>();
  readonly #withheld = new Map<CallId | undefined, Line[]>();
  /** Messages that wait until WebEx can be notified. */
  readonly #waiting = new Map<MsgId, Line>();
  #detachedAt: EpochMs | null = null;
  #isOrphan = false;
  #closedAt: EpochMs | null = null;
  #host = "";

  /** All lines in the order of the journal. */
  get unsorted(): readonly TimelineLine[] {
    return this.#lines;
  }

  /** The latest lines in order of time: the journal has a Confirmation with a later row. */
  get lines(): readonly TimelineLine[] {
    return this.#lines.toSorted((one, other) => one.at - other.at).slice(-MOST_LINES);
  }

  /** Confirmations that the journal does not have yet can be read before their row, and again with it. */
  read({ seq, at, input, facts }: InputRow): void {
    const singles = facts.flatMap((fact) => singleFacts(probeAsFailed(fact, at)));
    const subject = { blocks: [`row ${seq}`], calls: [] };
    this.#row = { seq, at, input, facts: singles, lines: [], subject, ofCall: new Map() };
    for (const fact of singles) {
      if (fact.kind === "call-dialled" && fact.extCallId !== null) this.#callsByName.set(fact.extCallId, fact.call);
      if (fact.kind === "call-not-entered") this.#callsByName.set(fact.record.extCallId, fact.call);
    }
    if (input) this.#input(input);
    for (const fact of singles) (this.#facts[fact.kind] as ((fact: SingleFact) => void) | undefined)?.(fact);
    const repairs = singles.filter((fact) => fact.kind === "repaired");
    if (repairs.length > 0) this.#explain({}, "snapshot", reasons.repairsText(repairs));
    this.#explainAnswers();
    if (this.#lines.length > 2 * MOST_LINES) this.#lines = this.#lines.slice(-MOST_LINES);
  }

  /** Says why WebEx was refused something, unless another line of the block says more. */
  #explainAnswers(): void {
    const { lines } = this.#row;
    for (const line of lines) {
      const { from, facts, blocks } = line;
      if (from !== "edge" || (facts.result ?? "ok") === "ok") continue;
      const isSaid = lines.some((other) => other.why !== undefined && isOfOne(other.blocks, blocks));
      if (!isSaid) line.why = reasons.resultText(facts.result ?? "");
    }
  }

  #input(input: ConferenceInput): void {
    switch (input.type) {
      case "webex":
        for (const message of input.messages) this.#fromWebex(message, input.transId);
        return;
      case "bridge": {
        const passedOver = input.elsewhere === undefined ? {} : { passedOver: `from ${input.elsewhere}` };
        for (const { report } of input.reports) this.#report(report, passedOver);
        return;
      }
      case "operator": {
        const { id, person, request } = input;
        this.actions.set(id, { person, request, seq: this.#row.seq, at: this.#row.at });
        this.#asked.set(`action ${id}`, request.type);
        const number = request.type === "call-out" ? this.#dialledNumber() : "";
        const facts = factsOf({ ...request, number });
        const calls = "call" in request ? [request.call] : [];
        this.#begin("operator", request.type, { ...facts, person, action: id }, { blocks: [`action ${id}`], calls });
        return;
      }
      case "reached":
        this.#begin("webex", "reached again", { host: input.host });
        return;
      case "probe": {
        const { id, host, person } = input;
        this.#begin("operator", "asks whether it is back", { host, person }, { blocks: [`action ${id}`], calls: [] });
        return;
      }
      case "restored":
        this.#begin("edge", "put back from a backup", {});
        return;
      case "time":
        for (const id of input.unacknowledged ?? []) this.#unacknowledged.add(id);
        return;
      case "undelivered":
        return; // Its facts say enough.
    }
  }

  #fromWebex(message: FromWebex, transId: TransId): void {
    const what = nameOf(message);
    const { msgId, replyTo = "" } = message;
    const answered = what.startsWith("W2A_Rsp") ? this.#subjects.get(`message ${msgId}`) : undefined;
    const block = `request ${msgId}`;
    this.#asked.set(block, message.type === "update-conference" ? String(message.action) : message.type);
    const named = "extCallId" in message ? this.#callsByName.get(message.extCallId ?? "") : undefined;
    const calls = answered?.calls ?? (named === undefined ? [] : [named]);
    const facts = { ...factsOf(message), transId, host: replyTo };
    this.#begin("webex", what, facts, { blocks: answered?.blocks ?? [block], calls });
    const entry = message.type === "caller-named" ? this.#entryOf(calls) : undefined;
    if (entry) this.#named(entry, String(("result" in message && message.result) || "ok"));
  }

  #named(entry: Entry, result: string): void {
    const { at } = this.#row;
    entry.isNamed = result === "ok";
    const { leftAt, notifiedAt } = entry;
    delete entry.line.why;
    if (result !== "ok")
      entry.line.why = `WebEx refused at ${instantText(at)} to name the call: its result was ${result}.`;
    else if (leftAt !== null)
      entry.line.why = `The caller left at ${instantText(leftAt)}, and WebEx named it only at ${instantText(at)}.`;
    else if (notifiedAt !== null && at - notifiedAt > LATE_MS)
      entry.line.why = `WebEx named the call ${Math.round((at - notifiedAt) / 1_000)} s after it was notified of it.`;
    else if (!entry.isMatchable) entry.line.why = reasons.unmatched;
  }

  #report(report: NumberedReport["report"], more: LineFacts): void {
    if (report.type === "event") {
      const { event } = report;
      const about = event.type === "snapshot" ? { held: heldText(event.conference) } : factsOf(callerOf(event));
      const call = "call" in event ? event.call : "caller" in event ? event.caller.call : undefined;
      const dialled = call !== undefined && this.#ringing.delete(call) ? this.#subjects.get(`call ${call}`) : undefined;
      const calls = call === undefined ? [] : [call];
      this.#begin("bridge", event.type, { ...about, ...more }, dialled ?? { blocks: this.#fresh, calls });
      return;
    }
    const { id, result } = report;
    const issued = this.#commands.get(id);
    const outcome = result.done ? "done" : `refused, ${result.reason}`;
    const afterMs = issued ? String(this.#row.at - issued.at) : "";
    const facts = { commandId: id, afterMs, ...more };
    this.#begin("bridge", `${issued?.type ?? "command"}: ${outcome}`, facts, this.#subjects.get(`command ${id}`));
  }

  readonly #facts: Reader = {
    "conference-requested": ({ host }) => {
      [this.#host, this.#detachedAt, this.#closedAt, this.#isOrphan] = [host, null, null, false];
    },
    "conference-found": ({ bridge, by }) => {
      [this.#detachedAt, this.#isOrphan] = [this.#row.at, true];
      const why = `The edge found the conference on the bridge ${bridge} and did not know it, as after a loss of its state: WebEx was to create it again.`;
      this.#remark("found on the bridge", {}, this.#subject(by), why);
    },
    "conference-detached": ({ by }) => {
      this.#detachedAt = this.#row.at;
      const why = `WebEx closed the meeting at ${instantText(this.#row.at)} and kept its audio: it wants to hear nothing of it until it opens it again.`;
      this.#remark("goes on alone", {}, this.#subject(by), why);
    },
    "conference-taken-over": ({ host, by }) => {
      const why = `WebEx's server ${host} took over from ${this.#host}.`;
      if (this.#host !== "" && this.#host !== host) this.#remark("server replaced", { host }, this.#subject(by), why);
      [this.#host, this.#detachedAt, this.#isOrphan] = [host, null, false];
      // The new server learns how everything is.
      for (const call of [...this.#withheld.keys()]) this.#settleWithheld(call, true);
    },
    "conference-ended": (fact) => {
      const { seq: _, ...ending } = { ...this.#row, closedAt: this.#closedAt, detachedAt: this.#detachedAt };
      const withoutBridge = ending.input?.type === "operator" && ending.input.withoutBridge === true;
      const why = reasons.endText(fact, { ...ending, isOrphan: this.#isOrphan, withoutBridge });
      const left = ending.facts.flatMap((one) => (one.kind === "call-left" ? one.call : []));
      const calls = [...new Set([...this.#inside, ...left])];
      const { blocks } = this.#subject(fact.by);
      this.#remark(fact.why === "lost" ? "lost: conference ended" : "conference ended", {}, { blocks, calls }, why);
      this.#inside.clear();
      for (const call of [...this.#withheld.keys()]) this.#settleWithheld(call, false);
    },
    "call-entered": (fact) => {
      const { call, number, attendeeId, extCallId, direction, participantType, muted } = fact;
      this.#inside.add(call);
      const subject = this.#subject(fact.by, call);
      if (!this.#row.ofCall.has(call)) this.#row.ofCall.set(call, subject);
      this.#subjects.delete(`call ${call}`);
      const line = this.#lineOf({ call }) ?? this.#remark("caller entered", { call, number }, subject);
      if (muted) line.why = reasons.enteredMutedText(fact);
      if (extCallId !== null) return;
      if (this.#detachedAt !== null) line.why = reasons.wasDetached;
      const isMatchable = direction === "out" || participantType === "silent-monitor" || attendeeId !== null;
      this.#entries.set(call, { line, notifiedAt: null, isNamed: false, isMatchable, leftAt: null });
    },
    "call-named": ({ call, extCallId }) => {
      this.#callsByName.set(extCallId, call);
      this.#settleWithheld(call, true);
    },
    "call-not-named": ({ call }) => this.#settleWithheld(call, false),
    "call-merged": ({ call }) => {
      const entry = this.#entries.get(call);
      if (entry?.line.why === reasons.unmatched) delete entry.line.why;
    },
    "call-muted": (fact) => {
      if (fact.muted) this.#explain({ call: fact.call }, "muted", this.#whyMuted(fact), this.#subject(fact.by));
    },
    "call-turned-away": (fact) => this.#explain({ call: fact.call }, "turned away", reasons.turnedAwayText(fact)),
    "call-left": (fact) => {
      const { call, why, by } = fact;
      const entry = this.#entries.get(call);
      if (entry) entry.leftAt = this.#row.at;
      this.#inside.delete(call);
      if (why !== "conference-ended")
        this.#explain({ call }, "call ended", this.#whyLeft(fact), this.#subject(by, call));
    },
    "call-not-entered": ({ call, why, record, by }) => {
      const { number, extCallId } = record;
      const [own, dialled] = [this.#subject(by, call), this.#subjects.get(`call ${call}`)];
      const blocks = [...new Set([...own.blocks, ...(dialled?.blocks ?? [])])];
      this.#subjects.delete(`call ${call}`);
      const isRefused = isNeverDialled(record);
      const facts = { call, number, extCallId, why };
      const text =
        why === "cancelled" && reasons.askerIn(by)
          ? `${reasons.whoText(by)} cancelled the call while it rang.`
          : why === "bridge-timeout"
            ? this.#noAnswer(this.#latest.get(`dial ${call}`))
            : why === "invalid-number" && isRefused
              ? "Nobody can dial such a number, so the bridge was not asked to."
              : reasons.leaveText(why);
      this.#remark(isRefused ? "not dialled" : "not entered", facts, { blocks, calls: [call] }, text);
    },
    "command-issued": ({ command, type, call, room = "", by }) => {
      const subject = this.#subject(by, call);
      this.#subjects.set(`command ${command}`, subject);
      this.#commands.set(command, { type: type as CommandType, at: this.#row.at, by });
      this.#latest.set(`${type} ${call}`, command);
      if (type === "end-conference") this.#closedAt ??= this.#row.at;
      if (type === "dial" && call !== undefined) {
        this.#subjects.set(`call ${call}`, subject);
        this.#ringing.add(call);
      }
      const number = type === "dial" ? this.#dialledNumber(call) : "";
      this.#say("edge", "bridge", type, { call: call ?? "", room, number, commandId: command }, subject);
    },
    "command-joined": ({ command, type, by }) => {
      const [own, before] = [this.#subject(by), this.#subjects.get(`command ${command}`)];
      const blocks = [...new Set([...(before?.blocks ?? []), ...own.blocks])];
      this.#subjects.set(`command ${command}`, { blocks, calls: before?.calls ?? [] });
      const known = this.#commands.get(command);
      if (known) this.#commands.set(command, { ...known, by: [...known.by, ...by] });
      this.#remark(
        `${type}: asked for already`,
        { commandId: command },
        { blocks: own.blocks, calls: before?.calls ?? [] },
      );
    },
    "command-failed": ({ command, type, why, late }) => {
      if (type === "end-conference") this.#closedAt = null;
      const isFromBridge = this.#lineOf({ command }) !== undefined;
      if (why === "conference-over") this.#noResult(command, type, "no result, the conference ended");
      else if (why === "too-late" && !isFromBridge) this.#noResult(command, type, "no result in time");
      // What comes of a dialled call says why.
      else if (!late && type !== "dial" && !isSoAlready(type, why))
        this.#explain(
          { command },
          `${type}: refused, ${why}`,
          `${this.#askedFor(command)}. ${reasons.refusalText(why)}`,
        );
    },
    "command-expired": ({ command, type }) => this.#noResult(command, type, "no result in time"),
    "message-withheld": ({ type, why, call, actions = [] }) => {
      const subject = this.#subjectOfMessage(call, actions);
      const facts = { call: call ?? "", why };
      const line = this.#remark(`not sent: ${wireNameOf(type)}`, facts, subject, reasons.withheldTexts[why]);
      if (why === "not-named-yet") this.#withheld.set(call, [...(this.#withheld.get(call) ?? []), line]);
    },
    "message-owed": ({ type, msgId, actions = [] }) => {
      const known = this.#subjects.get(`message ${msgId}`) ?? this.#subjectOfMessage(undefined, actions);
      this.#subjects.set(`message ${msgId}`, known);
      if (!this.#waiting.has(msgId))
        this.#waiting.set(msgId, this.#remark(`waits: ${wireNameOf(type)}`, { msgId }, known, reasons.waits));
    },
    "message-dropped": ({ type, msgId }) => {
      this.#settle(msgId);
      const what = `no longer due: ${wireNameOf(type)}`;
      this.#remark(what, { msgId }, this.#subjects.get(`message ${msgId}`), whyDropped(this.#row.facts));
    },
    // At most one server is unreachable.
    "server-reached": () => this.#settle(...this.#waiting.keys()),
    "server-settled": () => this.#settle(...this.#waiting.keys()),
    "post-queued": (fact) => this.#queued(fact),
    "post-failed": ({ transId, why, attempt, at, nextAt }) => {
      const document = this.#documents.get(transId);
      if (document) this.#documents.set(transId, { ...document, failure: why });
      const facts = { why, attempt: String(attempt), nextAt: nextAt === undefined ? "" : instantText(nextAt) };
      this.#say(
        "edge",
        sideOf(document?.host),
        "not delivered",
        { ...this.#documentFacts(transId), ...facts },
        document,
        at,
      );
    },
    "post-confirmed": ({ transId, at, refused }) => {
      if (this.#confirmed.has(transId)) return;
      this.#confirmed.add(transId);
      const document = this.#documents.get(transId);
      this.#documents.delete(transId);
      const facts = { transId, host: document?.host ?? "", result: refused ? "a failure" : "" };
      this.#say(sideOf(document?.host), "edge", "confirmed", facts, document, at);
      for (const { line, isNamed } of document?.entries ?? [])
        if (!isNamed)
          line.why = refused
            ? `WebEx refused it: at ${instantText(at)} it confirmed it with a failure.`
            : `WebEx confirmed it at ${instantText(at)}, and never answered it by a name for the call.`;
    },
    "post-given-up": ({ transId, attempts, why, messages }) => {
      const document = this.#documents.get(transId);
      const failure = document?.failure ? `its last known attempt failed with ${document.failure}` : why;
      const tried = attempts > 0 ? ` in ${counted(attempts, "attempt")}` : "";
      const says = `${reasons.serverText(document?.host)} did not confirm the document${tried}: ${failure}.`;
      this.#remark("undelivered", { transId, messages: namesIn(messages) }, document, says);
      for (const { line, isNamed } of document?.entries ?? [])
        if (!isNamed) line.why = `WebEx does not know of the call: its document was undelivered. ${says}`;
    },
    "post-dropped": ({ transId, messages }) => {
      const document = this.#documents.get(transId);
      const isWithdrawn = this.#row.input?.type === "undelivered";
      const what = isWithdrawn ? "withdrawn" : "dropped";
      const why = isWithdrawn
        ? "could not be reached: the document was withdrawn, since one before it was undelivered"
        : "was replaced by another server before it had confirmed the document";
      const says = `${reasons.serverText(document?.host)} ${why}.`;
      this.#remark(what, { transId, messages: namesIn(messages) }, document, says);
    },
  };

  #queued(fact: FactOf<"post-queued">): void {
    const { type, msgId, host, transId, actions = [] } = fact;
    const what = wireNameOf(type);
    const call = fact.call ?? this.#callsByName.get(fact.extCallId ?? "");
    const isAnswer = what.startsWith("A2W_Rsp");
    const known = isAnswer ? undefined : this.#subjects.get(`message ${msgId}`);
    const { blocks, calls } = this.#subjectOfMessage(call, actions);
    const asked = isAnswer
      ? { blocks: [`request ${msgId}`, ...actions.map((id) => `action ${id}`)], calls }
      : undefined;
    const subject = known ?? asked ?? { blocks, calls };
    if (!isAnswer) this.#subjects.set(`message ${msgId}`, subject);
    const {
      blocks: ofOthers = [],
      calls: others = [],
      entries = [],
      failure = null,
    } = this.#documents.get(transId) ?? {};
    const entry = type === "caller-entered" ? this.#entryOf(calls) : undefined;
    this.#documents.set(transId, {
      blocks: [...new Set([...ofOthers, ...subject.blocks])],
      calls: [...new Set([...others, ...subject.calls])],
      host,
      entries: entry ? [...entries, entry] : entries,
      failure,
    });
    const facts = { msgId, call: fact.call ?? "", ...saidIn(fact), ...this.#documentFacts(transId) };
    const line = this.#say("edge", sideOf(host), what, facts, subject);
    // A message that waits is posted as a probe.
    if (!entry || entry.isNamed || this.#waiting.has(msgId)) return;
    delete entry.line.why;
    [entry.line, entry.notifiedAt] = [line, this.#row.at];
    line.why = "WebEx has neither confirmed this nor named the call yet.";
  }

  /** These messages do not wait any more. */
  #settle(...msgIds: readonly MsgId[]): void {
    for (const msgId of msgIds) {
      delete this.#waiting.get(msgId)?.why;
      this.#waiting.delete(msgId);
    }
  }

  #whyMuted({ call, by }: FactOf<"call-muted">): string {
    const asked = by.flatMap(blockOf).map((block) => this.#asked.get(block) ?? "");
    if (asked.length > 0 && !asked.some((type) => /update-caller|mute/.test(type)))
      return "It returned from a sub-conference, and was muted in the main conference before it went there.";
    if (asked.length > 0) {
      const since = this.#issuedAt("mute", call) ?? this.#row.at;
      return `${reasons.askedText(by, since)}, and the bridge did it at ${instantText(this.#row.at)}.`;
    }
    return by.some(({ type }) => type === "repair")
      ? "The bridge held it as muted when conference and bridge were compared: word of the change had not come before."
      : "The caller muted itself by the keys of its telephone.";
  }

  #whyLeft({ call, why, by }: FactOf<"call-left">): string {
    const expelledAt = reasons.askerIn(by) && this.#issuedAt("expel", call);
    const done = `and the bridge dropped it at ${instantText(this.#row.at)}.`;
    if (why === "expelled" && expelledAt) return `${reasons.askedText(by, expelledAt)}, ${done}`;
    if (why === "expelled" && by.some(({ type }) => type === "deadline" || type === "post"))
      return `Its private talk was over, ${done}`;
    if (why === "not-found" && expelledAt)
      return "It was to be dropped, and the bridge answered that the call was over already: word of its end had not come before.";
    return reasons.leaveText(why);
  }

  #noResult(id: CommandId, type: string, outcome: string): void {
    const why = outcome.endsWith("in time") ? `${this.#askedFor(id)}. ${this.#noAnswer(id)}` : undefined;
    this.#remark(`${type}: ${outcome}`, { commandId: id }, this.#subjects.get(`command ${id}`), why);
  }

  #askedFor(id: CommandId): string {
    const { by, at } = this.#commands.get(id) ?? { by: [], at: this.#row.at };
    return reasons.askedText(by, at);
  }

  #noAnswer(id: CommandId | undefined): string {
    return id !== undefined && this.#unacknowledged.has(id)
      ? "No agent of the bridge took the command in time: the agent was away, or its link was broken."
      : "The bridge did not answer in time.";
  }

  /** When the latest command of this type was issued for the call. */
  #issuedAt(type: CommandType, call: CallId): EpochMs | undefined {
    return this.#commands.get(this.#latest.get(`${type} ${call}`) ?? ("" as CommandId))?.at;
  }

  #entryOf([call]: readonly CallId[]): Entry | undefined {
    return call === undefined ? undefined : this.#entries.get(call);
  }

  /** `isSent`: WebEx is notified now of what was withheld. Otherwise it never is. */
  #settleWithheld(call: CallId | undefined, isSent: boolean): void {
    for (const line of this.#withheld.get(call) ?? []) {
      line.facts = { ...line.facts, why: isSent ? "sent later" : "unnamed" };
      delete line.why;
      if (!isSent) line.why = reasons.withheldTexts.unnamed;
    }
    this.#withheld.delete(call);
  }

  #subject(by: readonly Cause[], call?: CallId): Subject {
    const asked = by.flatMap(blockOf);
    const own = call === undefined ? undefined : (this.#row.ofCall.get(call) ?? this.#subjects.get(`call ${call}`));
    const blocks = asked.length > 0 ? [...new Set(asked)] : (own ?? this.#row.subject).blocks;
    return { blocks, calls: call === undefined ? [] : [call] };
  }

  #subjectOfMessage(call: CallId | undefined, actions: readonly ActionId[]): Subject {
    const { blocks, calls } = this.#subject([], call);
    const own = calls.length > 0 ? calls : this.#row.subject.calls;
    return { blocks: actions.length > 0 ? actions.map((id) => `action ${id}`) : blocks, calls: own };
  }

  #dialledNumber(call?: CallId): string {
    const dialled = this.#row.facts.filter((fact) => fact.kind === "call-dialled");
    return dialled.find((fact) => call === undefined || fact.call === call)?.number ?? "";
  }

  #documentFacts(transId: TransId): LineFacts {
    const { host = BACK_END } = this.#documents.get(transId) ?? {};
    return { transId, host: host === BACK_END ? "" : host };
  }

  /** A name for a block that begins with the next line. */
  get #fresh(): readonly string[] {
    const { seq, lines } = this.#row;
    return [lines.length === 0 ? `row ${seq}` : `row ${seq}.${lines.length}`];
  }

  /** A line of the bridge in this row. */
  #lineOf({ call, command }: { readonly call?: CallId; readonly command?: CommandId }): Line | undefined {
    return this.#row.lines.findLast(
      ({ from, facts, calls }) =>
        from === "bridge" &&
        (command === undefined ? call !== undefined && calls.includes(call) : facts.commandId === command),
    );
  }

  /** Says why on the bridge's line about the call or command, or else on a line of its own. */
  #explain(
    about: { readonly call?: CallId; readonly command?: CommandId },
    what: string,
    why: string,
    subject: Subject = this.#row.subject,
  ): void {
    const { call, command } = about;
    const found = this.#lineOf(about) ?? this.#row.lines.find((line) => line.from === "bridge" && line.what === what);
    const calls = call === undefined ? subject.calls : [call];
    const facts = { call: call ?? "", commandId: command ?? "" };
    const line = found ?? this.#remark(what, facts, { blocks: subject.blocks, calls });
    line.why = line.why === undefined ? why : `${line.why} ${why}`;
  }

  /** An input: what follows in this row belongs to it. */
  #begin(
    from: TimelineSide,
    what: string,
    facts: LineFacts,
    subject: Subject = { blocks: this.#fresh, calls: [] },
  ): void {
    this.#say(from, "edge", what, facts, subject);
    this.#row.subject = subject;
    if (from === "bridge") for (const call of subject.calls) this.#row.ofCall.set(call, subject);
  }

  /** What the edge says of itself. */
  #remark(what: string, facts: LineFacts, subject: Subject | undefined, why?: string): Line {
    const line = this.#say("edge", "edge", what, facts, subject);
    if (why !== undefined) line.why = why;
    return line;
  }

  #say(
    from: TimelineSide,
    to: TimelineSide,
    what: string,
    facts: LineFacts,
    { blocks, calls }: Subject = this.#row.subject,
    at: EpochMs = this.#row.at,
  ): Line {
    const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== ""));
    const line: Line = { seq: this.#row.seq, at, from, to, what, facts: known, blocks: [...blocks], calls: [...calls] };
    this.#lines.push(line);
    this.#row.lines.push(line);
    return line;
  }
}

/** True if the bridge refuses what is so already: the call or the conference is gone. */
export function isSoAlready(type: string, why: string): boolean {
  if (type === "expel" || type === "cancel-dial") return why === "no-such-call" || why === "no-such-conference";
  return type === "end-conference" && why === "no-such-conference";
}

function blockOf(cause: Cause): readonly string[] {
  if (cause.type === "request") return cause.msgId ? [`request ${cause.msgId}`] : [];
  return actionsOf([cause]).map((id) => `action ${id}`);
}

function isOfOne(blocks: readonly string[], others: readonly string[]): boolean {
  return blocks.some((block) => others.includes(block));
}

function nothing(): Pick<CurrentRow, "subject"> {
  return { subject: { blocks: [], calls: [] } };
}

/** Why a message is no longer due with these facts. */
function whyDropped(facts: readonly SingleFact[]): string {
  if (facts.some(({ kind }) => kind === "conference-taken-over")) return reasons.replaced;
  const isExpired = facts.some((fact) => fact.kind === "server-settled" && fact.expired);
  return isExpired ? reasons.expired : reasons.overtaken;
}

function factsOf(thing: object): LineFacts {
  const facts = Object.entries(thing).filter(([name, value]) => shownFields.has(name) && value != null);
  return Object.fromEntries(facts.map(([name, value]) => [name, String(value)]));
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

function sideOf(host: string | undefined): TimelineSide {
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
