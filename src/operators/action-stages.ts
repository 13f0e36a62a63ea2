import type { CommandType, RefusalReason } from "../bridge/commands.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import type { Outgoing } from "../conference/draft.ts";
import type { OperatorRequest } from "../conference/operator-requests.ts";
import type { Caller, CallOut, Head, PendingCommand } from "../conference/state.ts";
import {
  type ActionId,
  type CallId,
  type CommandId,
  type EpochMs,
  type ExtCallId,
  MAIN_ROOM,
} from "../foundation/ids.ts";

/** What has become of an operator's action, stage by stage. */
export interface ActionStages {
  readonly id: ActionId;
  readonly person: string;
  readonly request: OperatorRequest;
  readonly asked: EpochMs;
  /** `seq`: of the row in the conference's journal. */
  readonly onDisk: { readonly seq: number; readonly at: EpochMs };
  /** The bridge's commands, in order; none where the bridge has nothing to do, or nothing more than it does already. */
  readonly sent: readonly SentCommand[];
  /** `null`: not known yet. */
  readonly result: ActionResult | null;
  /** How WebEx is told; `null`: not known yet. */
  readonly told: Told | null;
}

export interface SentCommand {
  readonly id: CommandId;
  readonly type: CommandType;
  /** When it was issued. */
  readonly at: EpochMs;
  /** `null`: it is pending. */
  readonly result: ActionResult | null;
}

/** `no result`: none came in time, or none can come any more; a late one counts all the same. */
export type ActionResult =
  | { readonly type: "done"; readonly at: EpochMs }
  | { readonly type: "refused" | "no result"; readonly at: EpochMs; readonly why: string };

/** `confirmedAt`: when the last of its documents was; `null`: one of them waits. `isGivenUp`: WebEx should know of it, and does not. */
export type Told =
  | { readonly transIds: readonly string[]; readonly confirmedAt: EpochMs | null }
  | { readonly notBecause: string; readonly isGivenUp?: true };

/** One row of a conference's journal. */
interface Row {
  readonly seq: number;
  readonly at: EpochMs;
  readonly input: ConferenceInput | null;
  /** Of its whole transaction, in its last row. */
  readonly changes: Changes | null;
}

type Changes = readonly (readonly [key: string, value: unknown])[];

interface Document {
  readonly transId: string;
  readonly messages: readonly Outgoing[];
}

/** A notification that is due, and the call that it is about. */
interface Awaited {
  readonly call: CallId | null;
  /** WebEx could not be reached when it was due. */
  readonly isOwed?: true;
  fits(message: Outgoing): boolean;
}

const replaced = "its server was replaced, and the next one is told all";
const letGo = "WebEx has let the conference go on alone";

/** Reads the journal of a conference, row by row in order, for what became of one action. */
export class StagesReader {
  readonly #id: ActionId;
  #begun: Pick<ActionStages, "person" | "request" | "onDisk"> | null = null;
  readonly #sent = new Map<CommandId, SentCommand & { readonly call: CallId | null }>();
  #result: ActionResult | null = null;
  /** The inputs of the present transaction. */
  #inputs: ConferenceInput[] = [];
  #isAttached = true;
  /** By what WebEx knows a call; `null`: it has not named the call yet. */
  readonly #names = new Map<CallId, ExtCallId | null>();
  /** The `caller-entered` of each call that waits for its name. */
  readonly #entries = new Map<CallId, string>();
  /** Calls that were dialled and have not entered. */
  readonly #callOuts = new Map<CallId, CallOut>();
  /** The call that this action had dialled, or hangs up before it has entered. */
  #dialled: CallOut | null = null;
  /** The documents that wait, by their keys. */
  readonly #documents = new Map<string, Document>();
  #awaited: Awaited[] = [];
  /** TransIDs of the documents that tell it, and when each was confirmed. */
  readonly #told = new Map<string, EpochMs | null>();
  /** What each of these documents tells. */
  readonly #tellsOf = new Map<string, Awaited[]>();
  /** The server that could not be reached last, and whether it can be by now. */
  #outage: { readonly host: string; readonly isOver: boolean } | null = null;
  #host: string | null = null;
  #notBecause: string | null = null;
  /** A document that tells it, or a part of it, was given up. */
  #isGivenUp = false;

  constructor(id: ActionId) {
    this.#id = id;
  }

  /** `null`: the rows up to now do not have the action. */
  get stages(): ActionStages | null {
    if (!this.#begun) return null;
    const { person, request, onDisk } = this.#begun;
    const sent = [...this.#sent.values()].map(({ call, ...command }) => command);
    return {
      id: this.#id,
      person,
      request,
      asked: onDisk.at,
      onDisk,
      sent,
      result: this.#result,
      told: this.#notifications,
    };
  }

  get #notifications(): Told | null {
    if (this.#isGivenUp) return { notBecause: "WebEx did not confirm it, and it was given up", isGivenUp: true };
    if (this.#told.size === 0) return this.#notBecause === null ? null : { notBecause: this.#notBecause };
    const confirmed = [...this.#told.values()];
    const isOver = this.#awaited.length === 0 && !confirmed.includes(null);
    const confirmedAt = isOver ? Math.max(...confirmed.map((at) => at ?? 0)) : null;
    return { transIds: [...this.#told.keys()], confirmedAt };
  }

  read({ seq, at, input, changes }: Row): void {
    if (input) this.#inputs.push(input);
    if (input?.type === "operator" && input.id === this.#id && !this.#begun) {
      this.#begun = { person: input.person, request: input.request, onDisk: { seq, at } };
      const target = "call" in input.request ? this.#callOuts.get(input.request.call) : undefined;
      this.#dialled = target ?? null;
    }
    if (!changes) return;
    const isFirst = this.#begun !== null && this.#inputs.some((one) => one.type === "operator" && one.id === this.#id);
    this.#transaction(at, changes, isFirst);
    this.#inputs = [];
  }

  #transaction(at: EpochMs, changes: Changes, isFirst: boolean): void {
    const messages: (readonly [transId: string, message: Outgoing])[] = [];
    const wasDone = this.#result?.type === "done";
    for (const [key, value] of changes) {
      const [kind = "", ...rest] = key.split("/");
      const id = rest.join("/");
      if (kind === "caller") this.#caller(id as CallId, value as Caller | null);
      else if (kind === "call-out") this.#callOut(at, id as CallId, value as CallOut | null, changes);
      else if (kind === "command") this.#command(at, id as CommandId, value as PendingCommand | null);
      else if (kind === "outbox") messages.push(...this.#newMessages(key, value as Document | null));
      else if (kind === "outage") this.#outage = { host: id, isOver: value === null };
      else if (kind === "head") this.#head(at, value as Head);
    }
    if (!this.#begun) return this.#deleteGone(changes);
    this.#result = this.#decide(at, isFirst);
    // Whoever is expelled may hang up before the bridge has answered.
    const isEarly = this.#begun.request.type === "expel";
    if (isEarly ? isFirst : !wasDone && this.#result?.type === "done") this.#expect(isFirst);
    // What is to be sent again may be on its way already.
    const isAgain = isFirst && this.#begun.request.type === "send-again";
    this.#match(isAgain ? [...messages, ...this.#waiting] : messages);
    this.#giveUp(changes);
    this.#confirmed(changes);
    this.#deleteGone(changes);
  }

  #caller(call: CallId, caller: Caller | null): void {
    if (!caller) {
      this.#entries.delete(call);
      return;
    }
    this.#names.set(call, caller.extCallId);
    if (caller.enterMsgId === null) this.#entries.delete(call);
    else this.#entries.set(call, caller.enterMsgId);
  }

  #callOut(at: EpochMs, call: CallId, callOut: CallOut | null, changes: Changes): void {
    const before = this.#callOuts.get(call);
    if (callOut) this.#callOuts.set(call, callOut);
    else this.#callOuts.delete(call);
    if (callOut?.action === this.#id) this.#dialled = callOut;
    if (this.#begun?.request.type !== "call-out") return;
    if (callOut?.action !== this.#id && before?.action !== this.#id) return;
    if (this.#result || (callOut && callOut.stage !== "dropping")) return;
    const hasEntered = changes.some(([key, value]) => key === `caller/${call}` && value !== null);
    this.#result = hasEntered ? { type: "done", at } : { type: "refused", at, why: this.#whyNotEntered(call, changes) };
  }

  #whyNotEntered(call: CallId, changes: Changes): string {
    if (changes.some(([key, value]) => key === "head" && (value as Head).phase === "ended")) return "conference-ended";
    for (const input of this.#inputs) {
      if (input.type === "time") return "no-answer";
      if (input.type !== "bridge") continue;
      for (const { report } of input.reports) {
        if (report.type === "event" && report.event.type === "caller-left" && report.event.call === call)
          return report.event.reason;
        if (report.type === "result" && !report.result.done && this.#sent.has(report.id)) return report.result.reason;
      }
    }
    return "cancelled";
  }

  #command(at: EpochMs, id: CommandId, pending: PendingCommand | null): void {
    const known = this.#sent.get(id);
    if (pending?.actions?.includes(this.#id) && !known) {
      const call = "call" in pending.command ? pending.command.call : null;
      this.#sent.set(id, { id, type: pending.command.type, at, result: null, call });
    } else if (pending?.expired && known?.result === null) {
      this.#sent.set(id, { ...known, result: { type: "no result", at, why: "too-late" } });
    } else if (pending === null && known) this.#answered(at, id);
  }

  /** The command is no longer pending: its result is in the inputs of this transaction, or there can be none any more. */
  #answered(at: EpochMs, id: CommandId): void {
    const known = this.#sent.get(id);
    if (!known) return;
    for (const input of this.#inputs) {
      if (input.type !== "bridge" || input.elsewhere !== undefined) continue;
      for (const { report } of input.reports) {
        if (report.type !== "result" || report.id !== id) continue;
        const { result } = report;
        const isOver = !result.done && isDoneBy(known.type, result.reason);
        const became: ActionResult =
          result.done || isOver ? { type: "done", at } : { type: "refused", at, why: result.reason };
        this.#sent.set(id, { ...known, result: became });
        return;
      }
    }
    if (known.result === null || known.result.type === "no result") {
      this.#sent.set(id, { ...known, result: { type: "no result", at, why: "the conference ended" } });
    }
  }

  #head(at: EpochMs, head: Head): void {
    // Of the end of a conference WebEx hears as it would have heard of the conference.
    if (head.phase === "running" || head.phase === "creating") {
      this.#isAttached = head.phase === "creating" || head.attached;
      this.#host = head.host;
    }
    if (head.phase !== "running" && this.#begun?.request.type === "end" && !this.#result)
      this.#result = { type: "done", at };
  }

  #decide(at: EpochMs, isFirst: boolean): ActionResult | null {
    const request = this.#begun?.request;
    if (!request) return null;
    if (request.type === "call-out") return this.#result;
    const sent = [...this.#sent.values()];
    if (sent.length === 0) return isFirst ? { type: "done", at } : this.#result;
    if (request.type === "end" && this.#result?.type === "done") return this.#result;
    if (sent.some(({ result }) => result === null)) return null;
    const failed = sent.map(({ result }) => result).find((result) => result?.type !== "done");
    if (failed) return failed;
    return this.#result?.type === "done" ? this.#result : { type: "done", at };
  }

  /** The action is done: what is WebEx to be told of it? */
  #expect(isFirst: boolean): void {
    const request = this.#begun?.request;
    if (!request) return;
    const none = isFirst && this.#sent.size === 0;
    if (!this.#isAttached) return this.#setNoNotification(letGo);
    switch (request.type) {
      case "passthrough":
        return this.#await(null, (one) => one.type === "client-passthrough" && one.extCallId === request.extCallId);
      case "hybrid-data":
        return this.#await(null, (one) => one.type === "conference-changed" && one.status === "hybrid-data");
      case "end":
        return this.#await(null, (one) => one.type === "conference-changed" && one.status === "ended");
      case "send-again":
        for (const { type, msgId } of request.messages)
          this.#await(null, (one) => one.type === type && one.msgId === msgId);
        return;
      default:
    }
    if (none) return this.#setNoNotification("nothing changed");
    switch (request.type) {
      case "lock":
      case "unlock": {
        const status = request.type === "lock" ? "locked" : "running";
        return this.#await(null, (one) => one.type === "conference-changed" && one.status === status);
      }
      case "mute":
      case "unmute":
      case "mute-all":
      case "unmute-all": {
        const status = request.type.startsWith("mute") ? "muted" : "unmuted";
        for (const { call } of this.#sent.values()) {
          if (call !== null) this.#await(call, (one) => this.#isChange(one, call, status));
        }
        return;
      }
      case "expel": {
        const { call } = request;
        const named = this.#dialled?.extCallId;
        if (this.#dialled && named === null) return this.#setNoNotification("WebEx did not know of this call");
        // WebEx has asked for the call: the answer says it, or a change where that was answered before.
        if (this.#dialled) return this.#setNoNotification("the answer to WebEx's own request for this call says it");
        return this.#await(call, (one) => this.#isChange(one, call, "left"));
      }
      case "move": {
        const { call, room } = request;
        const action = room === MAIN_ROOM ? "returned" : "added";
        return this.#await(
          call,
          (one) =>
            (one.type === "sub-conference-call-changed" && one.action === action && this.#isOf(one, call)) ||
            (one.type === "joined-sub-conference" && this.#isOf(one, call)),
        );
      }
      case "call-out": {
        const call = this.#dialled?.call;
        if (call !== undefined)
          this.#await(null, (one) => one.type === "caller-entered" && one.msgId === this.#entries.get(call));
        return;
      }
    }
  }

  #await(call: CallId | null, fits: Awaited["fits"]): void {
    this.#awaited.push({ call, fits });
  }

  #setNoNotification(because: string): void {
    this.#notBecause = because;
  }

  #isChange(message: Outgoing, call: CallId, status: "muted" | "unmuted" | "left"): boolean {
    return message.type === "caller-changed" && message.status === status && this.#isOf(message, call);
  }

  #isOf({ extCallId }: { readonly extCallId: ExtCallId }, call: CallId): boolean {
    return extCallId === this.#names.get(call);
  }

  /** A notification of a call that WebEx has not named waits for the name. */
  #match(messages: readonly (readonly [transId: string, message: Outgoing])[]): void {
    this.#awaited = this.#awaited.flatMap((awaited) => {
      const { call, fits, isOwed } = awaited;
      const [transId] = messages.find(([, message]) => fits(message)) ?? [];
      if (transId !== undefined) {
        this.#isGivenUp = false;
        this.#told.set(transId, this.#told.get(transId) ?? null);
        this.#tellsOf.set(transId, [...(this.#tellsOf.get(transId) ?? []), awaited]);
        return [];
      }
      if (this.#isUnreachable) return [{ ...awaited, isOwed: true as const }];
      if (isOwed) {
        this.#isGivenUp = false;
        const isReplaced = this.#outage?.host !== this.#host;
        this.#setNoNotification(
          isReplaced ? replaced : "WebEx could not be reached, and was told later how it was then",
        );
        return [];
      }
      if ((call !== null && this.#entries.has(call)) || this.#result?.type !== "done") return [awaited];
      const isNameless = call !== null && (this.#names.get(call) ?? null) === null;
      if (!this.#isAttached) this.#setNoNotification(letGo);
      else
        this.#setNoNotification(
          isNameless ? "WebEx has given this call no name" : "no notification of its own was due",
        );
      return [];
    });
  }

  /** The messages of a document that are new in this transaction. */
  #newMessages(key: string, document: Document | null): (readonly [transId: string, message: Outgoing])[] {
    if (!document) return [];
    const sameKey = this.#documents.get(key);
    const before = sameKey?.transId === document.transId ? sameKey.messages.length : 0;
    this.#documents.set(key, document);
    return document.messages.slice(before).map((message) => [document.transId, message]);
  }

  get #waiting(): (readonly [transId: string, message: Outgoing])[] {
    return [...this.#documents.values()].flatMap(({ transId, messages }) =>
      messages.map((message) => [transId, message] as const),
    );
  }

  get #isUnreachable(): boolean {
    return this.#outage !== null && !this.#outage.isOver;
  }

  #confirmed(changes: Changes): void {
    for (const [key, at] of confirmationsIn(changes)) {
      const transId = this.#documents.get(key)?.transId;
      if (transId !== undefined && this.#told.has(transId)) this.#told.set(transId, at);
    }
  }

  /** Documents that went without a Confirmation: given up, or their server was replaced. */
  #giveUp(changes: Changes): void {
    const confirmed = new Map(confirmationsIn(changes));
    for (const [key, value] of changes) {
      const transId = this.#documents.get(key)?.transId;
      if (value !== null || transId === undefined || !this.#told.has(transId) || confirmed.has(key)) continue;
      const isGivenUp = this.#inputs.some(({ type }) => type === "undelivered");
      this.#told.delete(transId);
      if (!isGivenUp) {
        this.#setNoNotification(replaced);
        continue;
      }
      this.#isGivenUp = true;
      // It is told once the server can be reached.
      if (this.#isUnreachable)
        this.#awaited.push(
          ...(this.#tellsOf.get(transId) ?? []).map((awaited) => ({ ...awaited, isOwed: true as const })),
        );
    }
  }

  #deleteGone(changes: Changes): void {
    for (const [key, value] of changes) if (value === null && key.startsWith("outbox/")) this.#documents.delete(key);
  }
}

/** The bridge refuses what is so already: the call or the conference is gone. */
function isDoneBy(type: CommandType, reason: RefusalReason): boolean {
  if (type === "expel" || type === "cancel-dial") return reason === "no-such-call" || reason === "no-such-conference";
  return type === "end-conference" && reason === "no-such-conference";
}

/** Documents that were confirmed, by their keys, and when. */
function confirmationsIn(changes: Changes): (readonly [key: string, at: EpochMs])[] {
  const [, confirmed = []] = changes.find(([key]) => key === "confirmed") ?? [];
  return (confirmed as readonly (readonly [seq: number, at: EpochMs])[]).map(([seq, at]) => [`outbox/${seq}`, at]);
}

/** The action that sends the document given up in this row again. Each is sent again once, whoever asks. An id that a person has chosen has no blank. */
export function sendAgainId(row: number): ActionId {
  return `send-again ${row}` as ActionId;
}
