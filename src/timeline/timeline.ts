import type { ConferenceSnapshot, Report } from "../bridge/events.ts";
import { actionsOf, type Cause, probeAsFailed, type SingleFact, saidIn, singleFacts } from "../conference/facts.ts";
import type { ConferenceInput, InputRow } from "../conference/inputs.ts";
import type { Outgoing } from "../conference/server/posts.ts";
import type { ActionId, CallId, CommandId, EpochMs, MsgId, TransId } from "../foundation/ids.ts";
import { BACK_END } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { instantText } from "../foundation/time/shown-time.ts";
import { isNeverDialled } from "../records/call-record.ts";
import type { AskedAction, LineOutcome, TimelineLine, TimelineSide } from "../rpc/timeline.ts";
import { type FromWebex, fromWebex, toWebex } from "../tsp/messages.ts";
import type { FactOf } from "./reasons.ts";
import * as reasons from "./reasons.ts";

/** Fields of messages, events and requests that a line shows. */
const shownFields: ReadonlySet<string> = new Set([
  ...["msgId", "extCallId", "subConfId", "action", "privilege", "status", "result", "keepAlive"],
  ...["participantType", "joinMode", "extCallIds", "speaking", "call", "room", "muted", "on", "locked", "reason"],
  ...["attendeeId", "did", "number", "why", "wrongKeys", "waitedMs"],
]);

/** Some 400 bytes each. */
const MOST_LINES = 20_000;
/** WebEx takes some seconds to name a call. */
const LATE_MS = 10_000;

type Line = { -readonly [Name in keyof TimelineLine]: TimelineLine[Name] };
/** What a line belongs to, and which calls it is about. */
type Subject = Pick<TimelineLine, "blocks" | "calls">;
/** What a line says beside its name. What is absent or empty is not shown. */
type Known = Readonly<Record<string, unknown>> & { readonly outcome?: LineOutcome };
/** The call or the command that a line is about. */
type About = Known & { readonly call?: CallId; readonly commandId?: CommandId };

interface CurrentRow extends Omit<InputRow, "facts"> {
  readonly facts: readonly SingleFact[];
  readonly lines: Line[];
  /** Of its last input: what follows without a cause of its own belongs to it. */
  subject: Subject;
  /** Of what the bridge reported of each call. */
  readonly ofCall: Map<CallId | undefined, Subject>;
}

interface Command extends Subject {
  readonly type: string;
  readonly at: EpochMs;
  readonly by: readonly Cause[];
  /** True if no agent had acknowledged it when its time was up. */
  isUnacknowledged: boolean;
}

/** A caller whom WebEx is to name. `line` says why it has not. */
interface Entry {
  line: Line;
  notifiedAt?: EpochMs;
  isNamed: boolean;
  /** True if WebEx can tell which person of the meeting it is. */
  readonly isMatchable: boolean;
  leftAt?: EpochMs;
}

/** A document that is neither confirmed nor undelivered. */
interface Document extends Subject {
  readonly host: string;
  readonly entries: readonly Entry[];
  failure?: string | undefined;
}

type Reader = { readonly [Kind in SingleFact["kind"]]?: (fact: FactOf<Kind>) => void };

/** A conference's journal as lines for people. What began before the first row that is read lacks its beginning. */
export class Timeline {
  readonly actions = new Map<ActionId, AskedAction>();
  #lines: Line[] = [];
  #row: CurrentRow = rowOf({ seq: 0, at: 0, input: null, facts: [] }, []);
  readonly #commands = new Map<CommandId, Command>();
  /** The latest command of each type and call. */
  readonly #latest = new Map<string, Command>();
  readonly #documents = new Map<TransId, Document>();
  /** Of messages that were posted or wait. */
  readonly #ofMessage = new Map<MsgId | undefined, Subject>();
  /** Of calls that are being dialled. */
  readonly #ofDialled = new Map<CallId | undefined, Subject>();
  readonly #entries = new Map<CallId | undefined, Entry>();
  readonly #callsByName = new Map<string | undefined, CallId>();
  readonly #inside = new Set<CallId>();
  /** The types of requests and actions, by the names of their blocks. */
  readonly #asked = new Map<string, string>();
  /** Of calls that WebEx has not named yet. */
  #withheld: readonly Line[] = [];
  /** Messages that wait until WebEx can be notified. */
  readonly #waiting = new Map<MsgId, Line>();
  #detachedAt: EpochMs | null = null;
  #isOrphan = false;
  #host = "";

  /** The latest lines in order of time: the journal has a Confirmation with a later row. */
  get lines(): readonly TimelineLine[] {
    return this.#lines.toSorted((one, other) => one.at - other.at).slice(-MOST_LINES);
  }

  /** Confirmations that the journal does not have yet can be read before their row, and again with it. */
  read(row: InputRow): void {
    const singles = row.facts.flatMap((fact) => singleFacts(probeAsFailed(fact, row.at)));
    this.#row = rowOf(row, singles);
    for (const fact of singles) {
      if (fact.kind === "call-dialled" && fact.extCallId !== null) this.#callsByName.set(fact.extCallId, fact.call);
      if (fact.kind === "call-not-entered") this.#callsByName.set(fact.record.extCallId, fact.call);
    }
    if (row.input) this.#input(row.input);
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
      const { result = "ok" } = line.facts;
      if (line.from !== "edge" || result === "ok") continue;
      const isOfBlock = ({ blocks }: Line) => blocks.some((block) => line.blocks.includes(block));
      if (!lines.some((other) => other.why !== undefined && isOfBlock(other))) line.why = reasons.outcomeText(result);
    }
  }

  #input(input: ConferenceInput): void {
    switch (input.type) {
      case "webex":
        for (const message of input.messages) this.#fromWebex(message, input.transId);
        return;
      case "bridge":
        for (const { report } of input.reports) this.#report(report, input.elsewhere && `from ${input.elsewhere}`);
        return;
      case "operator": {
        const { id, person, request } = input;
        const { seq, at } = this.#row;
        this.actions.set(id, { id, person, request, asked: at, onDisk: { seq, at } });
        this.#asked.set(`action ${id}`, request.type);
        const number = request.type === "call-out" ? this.#dialledNumber() : "";
        const facts = { ...shownOf({ ...request, number }), person, action: id };
        const subject = { blocks: [`action ${id}`], calls: "call" in request ? [request.call] : [] };
        this.#begin("operator", request.type, facts, subject);
        return;
      }
      case "probe": {
        const { id, host, person } = input;
        this.#begin("operator", "asks whether it is back", { host, person }, { blocks: [`action ${id}`], calls: [] });
        return;
      }
      case "reached":
        this.#begin("webex", "reached again", { host: input.host });
        return;
      case "restored":
        this.#begin("edge", "restored from a backup", {});
        return;
      case "time":
        for (const id of input.unacknowledged ?? []) {
          const command = this.#commands.get(id);
          if (command) command.isUnacknowledged = true;
        }
        return;
      case "undelivered":
        return; // Its facts say enough.
    }
  }

  #fromWebex(message: FromWebex, transId: TransId): void {
    const what = nameOf(message);
    const { msgId, replyTo } = message;
    const block = `request ${msgId}`;
    this.#asked.set(block, message.type === "update-conference" ? String(message.action) : message.type);
    const call = "extCallId" in message ? this.#callsByName.get(message.extCallId) : undefined;
    const answered = what.startsWith("W2A_Rsp") ? this.#ofMessage.get(msgId) : undefined;
    const subject = answered ?? { blocks: [block], calls: listed(call) };
    this.#begin("webex", what, { ...shownOf(message), transId, host: replyTo }, subject);
    const entry = message.type === "caller-named" ? this.#entries.get(subject.calls[0]) : undefined;
    if (entry) this.#named(entry, String(("result" in message && message.result) || "ok"));
  }

  #named(entry: Entry, result: string): void {
    const { at } = this.#row;
    const { leftAt, notifiedAt = at } = entry;
    entry.isNamed = result === "ok";
    if (!entry.isNamed)
      entry.line.why = `WebEx refused at ${instantText(at)} to name the call: its result was ${result}.`;
    else if (leftAt !== undefined)
      entry.line.why = `The caller left at ${instantText(leftAt)}, and WebEx named it only at ${instantText(at)}.`;
    else if (at - notifiedAt > LATE_MS)
      entry.line.why = `WebEx named the call ${Math.round((at - notifiedAt) / 1_000)} s after it was notified of it.`;
    else entry.line.why = entry.isMatchable ? undefined : reasons.unmatched;
  }

  #report(report: Report, passedOver: string | undefined): void {
    if (report.type === "result") {
      const { id: commandId, result } = report;
      const command = this.#commands.get(commandId);
      const { type = "command" } = command ?? {};
      const [outcome, refusal] = result.done ? (["done", ""] as const) : (["refused", result.reason] as const);
      const afterMs = command && this.#row.at - command.at;
      const facts = { commandId, command: type, afterMs, passedOver, outcome, refusal };
      this.#begin("bridge", `${type}: ${result.done ? "done" : `refused, ${refusal}`}`, facts, command);
      return;
    }
    const { event } = report;
    const caller = event.type === "caller-entered" ? { ...event.caller, ...event.prompt } : event;
    const about = event.type === "snapshot" ? { held: heldText(event.conference) } : shownOf(caller);
    const call = "call" in caller ? caller.call : undefined;
    const subject = this.#ofDialled.get(call) ?? { blocks: this.#newBlock, calls: listed(call) };
    this.#begin("bridge", event.type, { ...about, passedOver }, subject);
  }

  readonly #facts: Reader = {
    "conference-requested": ({ host }) => {
      this.#serverIs(host);
      this.#latest.clear();
    },
    "conference-found": ({ bridge, by }) => {
      [this.#detachedAt, this.#isOrphan] = [this.#row.at, true];
      this.#remark("found on the bridge", {}, this.#subject(by), reasons.foundText(bridge));
    },
    "conference-detached": ({ by }) => {
      this.#detachedAt = this.#row.at;
      this.#remark("goes on alone", {}, this.#subject(by), reasons.detachedText(this.#row.at));
    },
    "conference-taken-over": ({ host, by }) => {
      const why = `WebEx's server ${host} took over from ${this.#host}.`;
      if (this.#host !== "" && this.#host !== host) this.#remark("server replaced", { host }, this.#subject(by), why);
      this.#serverIs(host);
      // The new server learns how everything is.
      this.#settleWithheld(true);
    },
    "conference-ended": (fact) => {
      const { at, input, facts } = this.#row;
      const closedAt = this.#latest.get("end-conference")?.at ?? null;
      const withoutBridge = input?.type === "operator" && input.withoutBridge === true;
      const ending = { at, closedAt, detachedAt: this.#detachedAt, isOrphan: this.#isOrphan, withoutBridge };
      const left = facts.flatMap((one) => (one.kind === "call-left" ? one.call : []));
      const subject = { ...this.#subject(fact.by), calls: [...new Set([...this.#inside, ...left])] };
      const why = reasons.endText(fact, ending);
      if (fact.why === "lost") this.#remark("lost: conference ended", { outcome: "lost" }, subject, why);
      else this.#remark("conference ended", {}, subject, why);
      this.#inside.clear();
      this.#settleWithheld(false);
    },
    "call-entered": (fact) => {
      const { call, number, attendeeId, extCallId, direction, participantType, muted } = fact;
      const subject = this.#subject(fact.by, call);
      this.#inside.add(call);
      this.#ofDialled.delete(call);
      if (!this.#row.ofCall.has(call)) this.#row.ofCall.set(call, subject);
      const line =
        this.#lineOf({ call }) ?? this.#remark("caller entered", { call, number, outcome: "entered" }, subject);
      if (muted) line.why = reasons.enteredMutedText(fact);
      if (extCallId !== null) return;
      if (this.#detachedAt !== null) line.why = reasons.wasDetached;
      const isMatchable = direction === "out" || participantType === "silent-monitor" || attendeeId !== null;
      this.#entries.set(call, { line, isNamed: false, isMatchable });
    },
    "call-named": ({ call, extCallId }) => {
      this.#callsByName.set(extCallId, call);
      this.#settleWithheld(true, call);
    },
    "call-not-named": ({ call }) => this.#settleWithheld(false, call),
    "call-merged": ({ call }) => {
      const entry = this.#entries.get(call);
      if (entry?.line.why === reasons.unmatched) entry.line.why = undefined;
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
    "call-not-entered": (fact) => {
      const { call, why, record, by } = fact;
      const { number, extCallId } = record;
      const subject = joinedSubject(this.#subject(by, call), this.#ofDialled.get(call));
      this.#ofDialled.delete(call);
      const what = isNeverDialled(record) ? "not dialled" : "not entered";
      const facts = { call, number, extCallId, why, outcome: "not-entered" } as const;
      this.#remark(what, facts, subject, this.#whyNotEntered(fact));
    },
    "command-issued": ({ command, type, call, room, by }) => {
      const subject = this.#subject(by, call);
      const issued = { ...subject, type, at: this.#row.at, by, isUnacknowledged: false };
      this.#commands.set(command, issued);
      this.#latest.set(keyOf(type, call), issued);
      if (type === "dial") this.#ofDialled.set(call, subject);
      const number = type === "dial" ? this.#dialledNumber(call) : "";
      this.#say("edge", "bridge", type, { call, room, number, commandId: command, command: type }, subject);
    },
    "command-joined": ({ command, type, by }) => {
      const known = this.#commands.get(command);
      const { blocks } = this.#subject(by);
      const subject = { blocks, calls: known?.calls ?? [] };
      if (known) this.#commands.set(command, { ...known, ...joinedSubject(known, subject), by: [...known.by, ...by] });
      this.#remark(`${type}: asked for already`, { commandId: command, command: type }, subject);
    },
    "command-failed": ({ command: commandId, type, why, late }) => {
      if (type === "end-conference") this.#latest.delete("end-conference");
      const command = this.#commands.get(commandId);
      const facts = { commandId, command: type };
      if (why === "conference-over")
        this.#remark(`${type}: no result, the conference ended`, { ...facts, outcome: "over" }, command);
      else if (why === "too-late" && !this.#lineOf({ commandId })) this.#overdue(commandId, type);
      // What comes of a dialled call says why.
      else if (!late && type !== "dial" && !isSoAlready(type, why))
        this.#explain(
          { ...facts, outcome: "refused", refusal: why },
          `${type}: refused, ${why}`,
          this.#askedText(command, reasons.refusalText(why)),
        );
    },
    "command-expired": ({ command, type }) => this.#overdue(command, type),

    "message-withheld": ({ type, why, call, actions }) => {
      const subject = this.#subjectOfMessage(call, actions);
      const facts = { call, why, outcome: "not-sent" } as const;
      const line = this.#remark(`not sent: ${wireNameOf(type)}`, facts, subject, reasons.withheldTexts[why]);
      if (why === "not-named-yet") this.#withheld = [...this.#withheld, line];
    },
    "message-owed": ({ type, msgId, actions }) => {
      const subject = this.#ofMessage.get(msgId) ?? this.#subjectOfMessage(undefined, actions);
      this.#ofMessage.set(msgId, subject);
      if (!this.#waiting.has(msgId))
        this.#waiting.set(
          msgId,
          this.#remark(`waits: ${wireNameOf(type)}`, { msgId, outcome: "waits" }, subject, reasons.waits),
        );
    },
    "message-dropped": ({ type, msgId }) => {
      this.#settle(msgId);
      const { facts } = this.#row;
      const isReplaced = facts.some(({ kind }) => kind === "conference-taken-over");
      const isExpired = facts.some((fact) => fact.kind === "server-settled" && fact.expired);
      const why = isReplaced ? reasons.replaced : isExpired ? reasons.expired : reasons.overtaken;
      const subject = this.#ofMessage.get(msgId);
      this.#remark(`no longer due: ${wireNameOf(type)}`, { msgId, outcome: "not-due" }, subject, why);
    },
    // At most one server is unreachable.
    "server-reached": () => this.#settle(...this.#waiting.keys()),
    "server-settled": () => this.#settle(...this.#waiting.keys()),
    "post-queued": (fact) => this.#queued(fact),
    "post-failed": ({ transId, why, attempt, at, nextAt }) => {
      const document = this.#documents.get(transId);
      if (document) document.failure = why;
      const next = nextAt === undefined ? "" : instantText(nextAt);
      const facts = { transId, host: hostOf(document), why, attempt, nextAt: next, outcome: "not-delivered" } as const;
      this.#say("edge", sideOf(document), "not delivered", facts, document, at);
    },
    "post-confirmed": ({ transId, at, refused }) => {
      const document = this.#documents.get(transId);
      if (!this.#documents.delete(transId)) return;
      const result = refused ? "a failure" : "";
      const facts = { transId, host: hostOf(document), result, outcome: "confirmed" } as const;
      this.#say(sideOf(document), "edge", "confirmed", facts, document, at);
      const why = refused
        ? `WebEx confirmed it at ${instantText(at)} with a failure.`
        : `WebEx confirmed it at ${instantText(at)}, and never named the call.`;
      markUnnamed(document, why);
    },
    "post-given-up": ({ transId, attempts, why, messages }) => {
      const document = this.#documents.get(transId);
      const failure = document?.failure ? `its last known attempt failed with ${document.failure}` : why;
      const tried = attempts > 0 ? ` in ${counted(attempts, "attempt")}` : "";
      const says = `${reasons.serverText(document?.host)} did not confirm the document${tried}: ${failure}.`;
      const facts = { transId, messages: namesIn(messages), outcome: "undelivered" } as const;
      this.#remark("undelivered", facts, document, says);
      markUnnamed(document, `WebEx does not know the call, because its document was undelivered. ${says}`);
    },
    "post-dropped": ({ transId, messages }) => {
      const document = this.#documents.get(transId);
      const isWithdrawn = this.#row.input?.type === "undelivered";
      const why = isWithdrawn
        ? "could not be reached. The document was withdrawn, because an earlier one was undelivered"
        : "was replaced before it confirmed the document";
      const says = `${reasons.serverText(document?.host)} ${why}.`;
      const outcome = isWithdrawn ? "withdrawn" : "dropped";
      this.#remark(outcome, { transId, messages: namesIn(messages), outcome }, document, says);
    },
  };

  #serverIs(host: string): void {
    [this.#host, this.#detachedAt, this.#isOrphan] = [host, null, false];
  }

  #queued(fact: FactOf<"post-queued">): void {
    const { type, msgId, host, transId, actions = [] } = fact;
    let subject = this.#subjectOfMessage(fact.call ?? this.#callsByName.get(fact.extCallId), actions);
    if (fact.result !== undefined) subject = { ...subject, blocks: [`request ${msgId}`, ...blocksOf(actions)] };
    else {
      subject = this.#ofMessage.get(msgId) ?? subject;
      this.#ofMessage.set(msgId, subject);
    }
    const before = this.#documents.get(transId);
    const entry = type === "caller-entered" ? this.#entries.get(subject.calls[0]) : undefined;
    const entries = [...(before?.entries ?? []), ...listed(entry)];
    const document = { ...joinedSubject(subject, before), host, entries, failure: before?.failure };
    this.#documents.set(transId, document);
    const facts = { msgId, call: fact.call, ...saidIn(fact), transId, host: hostOf(document) };
    const line = this.#say("edge", sideOf(document), wireNameOf(type), facts, subject);
    // A message that waits is posted as a probe.
    if (!entry || entry.isNamed || this.#waiting.has(msgId)) return;
    entry.line.why = undefined;
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

  /** `isSent`: WebEx is notified now of what was withheld. Otherwise it never is. `call`: of this one alone. */
  #settleWithheld(isSent: boolean, call?: CallId): void {
    const settled = this.#withheld.filter(({ facts }) => call === undefined || facts.call === call);
    this.#withheld = this.#withheld.filter((line) => !settled.includes(line));
    for (const line of settled) {
      line.facts = { ...line.facts, why: isSent ? "sent later" : "unnamed" };
      line.why = isSent ? undefined : reasons.withheldTexts.unnamed;
    }
  }

  #whyMuted({ call, by }: FactOf<"call-muted">): string {
    const { at } = this.#row;
    const asked = by.flatMap(blockOf).map((block) => this.#asked.get(block) ?? "");
    if (asked.some((type) => /update-caller|mute/.test(type))) {
      const since = this.#latest.get(keyOf("mute", call))?.at ?? at;
      return `${reasons.askedText(by, since)}, and the bridge did it at ${instantText(at)}.`;
    }
    if (asked.length > 0) return reasons.mutedBefore;
    return by.some(({ type }) => type === "repair") ? reasons.mutedUnseen : reasons.mutedItself;
  }

  #whyLeft({ call, why, by }: FactOf<"call-left">): string {
    const expelled = reasons.askerIn(by) && this.#latest.get(keyOf("expel", call));
    const done = `and the bridge dropped it at ${instantText(this.#row.at)}.`;
    if (why === "expelled" && expelled) return `${reasons.askedText(by, expelled.at)}, ${done}`;
    if (why === "expelled" && by.some(({ type }) => type === "deadline" || type === "post"))
      return `Its private talk was over, ${done}`;
    return why === "not-found" && expelled ? reasons.goneBefore : reasons.outcomeText(why);
  }

  #whyNotEntered({ call, why, record, by }: FactOf<"call-not-entered">): string {
    if (why === "cancelled" && reasons.askerIn(by)) return `${reasons.whoText(by)} cancelled the call while it rang.`;
    if (why === "bridge-timeout") return reasons.overdueText(this.#latest.get(keyOf("dial", call)));
    if (why === "invalid-number" && isNeverDialled(record)) return reasons.undiallable;
    return reasons.outcomeText(why);
  }

  #overdue(commandId: CommandId, type: string): void {
    const command = this.#commands.get(commandId);
    const why = this.#askedText(command, reasons.overdueText(command));
    this.#remark(`${type}: no result in time`, { commandId, command: type, outcome: "late" }, command, why);
  }

  #askedText(command: Command | undefined, then: string): string {
    return `${reasons.askedText(command?.by ?? [], command?.at ?? this.#row.at)}. ${then}`;
  }

  /** Who asked, or else what the bridge reported of the call, or else the row's last input. */
  #subject(by: readonly Cause[], call?: CallId): Subject {
    const asked = new Set(by.flatMap(blockOf));
    const { blocks } = this.#row.ofCall.get(call) ?? this.#ofDialled.get(call) ?? this.#row.subject;
    return { blocks: asked.size > 0 ? [...asked] : blocks, calls: listed(call) };
  }

  #subjectOfMessage(call: CallId | undefined, actions: readonly ActionId[] = []): Subject {
    const { blocks } = this.#subject([], call);
    const calls = call === undefined ? this.#row.subject.calls : [call];
    return { blocks: actions.length > 0 ? blocksOf(actions) : blocks, calls };
  }

  #dialledNumber(call?: CallId): string {
    const dialled = this.#row.facts.filter((fact) => fact.kind === "call-dialled");
    return dialled.find((fact) => call === undefined || fact.call === call)?.number ?? "";
  }

  /** The name of a block that begins with the next line. */
  get #newBlock(): readonly string[] {
    const { seq, lines } = this.#row;
    return [lines.length === 0 ? `row ${seq}` : `row ${seq}.${lines.length}`];
  }

  /** The bridge's last line in this row about the call or command. */
  #lineOf({ call, commandId }: About): Line | undefined {
    const isAbout = ({ facts, calls }: Line) =>
      commandId === undefined ? calls.some((one) => one === call) : facts.commandId === commandId;
    return this.#row.lines.findLast((line) => line.from === "bridge" && isAbout(line));
  }

  /** Says why on the bridge's line about the call or command, or else on a line of its own. */
  #explain(about: About, what: string, why: string, subject: Subject = this.#row.subject): void {
    const found = this.#lineOf(about) ?? this.#row.lines.find((line) => line.from === "bridge" && line.what === what);
    const calls = about.call === undefined ? subject.calls : [about.call];
    const line = found ?? this.#remark(what, about, { blocks: subject.blocks, calls });
    line.why = line.why === undefined ? why : `${line.why} ${why}`;
  }

  /** An input: what follows in this row belongs to it. */
  #begin(
    from: TimelineSide,
    what: string,
    facts: Known,
    subject: Subject = { blocks: this.#newBlock, calls: [] },
  ): void {
    this.#say(from, "edge", what, facts, subject);
    this.#row.subject = subject;
    if (from === "bridge") for (const call of subject.calls) this.#row.ofCall.set(call, subject);
  }

  /** What happened at the edge itself. */
  #remark(what: string, facts: Known, subject: Subject | undefined, why?: string): Line {
    const line = this.#say("edge", "edge", what, facts, subject);
    line.why = why;
    return line;
  }

  #say(
    from: TimelineSide,
    to: TimelineSide,
    what: string,
    known: Known,
    { blocks, calls }: Subject = this.#row.subject,
    at: EpochMs = this.#row.at,
  ): Line {
    const shown = Object.entries(known).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const facts = Object.fromEntries(shown.map(([name, value]) => [name, String(value)]));
    const line: Line = { seq: this.#row.seq, at, from, to, what, facts, blocks: [...blocks], calls: [...calls] };
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

function rowOf({ seq, at, input }: InputRow, facts: readonly SingleFact[]): CurrentRow {
  return { seq, at, input, facts, lines: [], subject: { blocks: [`row ${seq}`], calls: [] }, ofCall: new Map() };
}

/** Says why the callers of this document have no name. */
function markUnnamed(document: Document | undefined, why: string): void {
  for (const { line, isNamed } of document?.entries ?? []) if (!isNamed) line.why = why;
}

function keyOf(type: string, call: CallId | undefined): string {
  return call === undefined ? type : `${type} ${call}`;
}

function joinedSubject(one: Subject, other: Subject = { blocks: [], calls: [] }): Subject {
  return {
    blocks: [...new Set([...other.blocks, ...one.blocks])],
    calls: [...new Set([...other.calls, ...one.calls])],
  };
}

function blockOf(cause: Cause): readonly string[] {
  if (cause.type === "request") return cause.msgId ? [`request ${cause.msgId}`] : [];
  return blocksOf(actionsOf([cause]));
}

function blocksOf(actions: readonly ActionId[]): readonly string[] {
  return actions.map((id) => `action ${id}`);
}

function listed<Item>(item: Item | undefined): readonly Item[] {
  return item === undefined ? [] : [item];
}

function shownOf(thing: object): Known {
  return Object.fromEntries(Object.entries(thing).filter(([name]) => shownFields.has(name)));
}

/** By its element, as WebEx's own logs have it. */
export function nameOf(message: FromWebex | Outgoing): string {
  return message.type === "unknown" ? message.element : wireNameOf(message.type);
}

function wireNameOf(type: string): string {
  if (type === "client-data") return "client data";
  const tables: Readonly<Record<string, { readonly wire: string }>> = { ...fromWebex, ...toWebex };
  return tables[type]?.wire ?? type;
}

function namesIn(messages: readonly { readonly type: string }[]): string {
  return messages.map(({ type }) => wireNameOf(type)).join(", ");
}

function sideOf(document: Document | undefined): TimelineSide {
  return document?.host === BACK_END ? "back end" : "webex";
}

/** The back end has a side of its own. */
function hostOf(document: Document | undefined): string | undefined {
  return document?.host === BACK_END ? undefined : document?.host;
}

function heldText(conference: ConferenceSnapshot | null): string {
  if (!conference) return "no such conference";
  const { locked, callers, rooms } = conference;
  return `${locked ? "locked, " : ""}${counted(callers.length, "caller")}, ${counted(rooms.length, "room")}`;
}
