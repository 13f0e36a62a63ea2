import type { CommandType } from "../../bridge/commands.ts";
import type { Cause, MessageSummary, SingleFact } from "../../conference/facts.ts";
import type { InputRow } from "../../conference/inputs.ts";
import type { CallId, CommandId, ExtCallId, MsgId, TransId } from "../../foundation/ids.ts";
import { capitalized } from "../../foundation/text/sentence.ts";
import { instantText } from "../../foundation/time/shown-time.ts";
import { isNeverDialled } from "../../records/call-record.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { FromWebex } from "../../tsp/messages.ts";
import { type FactOf, type Fold, fold } from "../fold.ts";
import { type Moment, momentOf } from "./words.ts";

/** One row, as questions read it. */
export interface WhyRow extends Moment {
  readonly input: InputRow["input"];
  readonly facts: readonly SingleFact[];
}

/** For each kind of fact that people ask about: the answer, or `null` if this one needs none. */
export type Questions = Fold<[row: WhyRow, known: Known], Explanation | null>;

/** A call as it was last: in the conference, dialled, or over. */
export interface KnownCall {
  readonly call: CallId;
  readonly number: string;
  readonly attendeeId: string | null;
  readonly extCallId: ExtCallId | null;
  readonly isInside: boolean;
  /** It keyed the ID of silent monitors, and not its own. */
  readonly isMonitor: boolean;
  readonly dialled: Moment | null;
  /** `null`: it has not entered. */
  readonly entry: CallerEntry | null;
}

/** Of a caller, whom WebEx is to name. */
export interface CallerEntry {
  /** When it entered, WebEx had let the conference go on alone. */
  readonly isDetached: boolean;
  /** The latest message that it entered. */
  notification: KnownMessage | null;
  refused: (Moment & { readonly result: string }) | null;
  named: Moment | null;
  left: Moment | null;
  /** The conference was over before the name came. */
  over: Moment | null;
}

/** A command, and who wanted it. */
export interface KnownCommand extends Moment {
  readonly id: CommandId;
  readonly type: CommandType;
  readonly call: CallId | null;
  readonly by: readonly Cause[];
}

/** A document, and what became of it last. */
interface KnownPost {
  readonly transId: TransId;
  readonly host: string;
  readonly since: Moment;
  readonly messages: KnownMessage[];
  failed: (FactOf<"post-failed"> & Moment) | null;
  confirmed: (Moment & { readonly refused?: true }) | null;
}

/** A message that was queued. */
export interface KnownMessage extends Moment {
  readonly fact: FactOf<"post-queued">;
  readonly call: KnownCall | undefined;
  readonly post: KnownPost;
  /** The same message in the document before. */
  readonly before: KnownMessage | undefined;
  givenUp: Moment | null;
  /** It was withdrawn before its server had confirmed it. */
  isDropped: boolean;
}

/** What all questions need of the rows up to now. */
export class Known {
  readonly calls = new Map<CallId, KnownCall>();
  readonly commands = new Map<CommandId, KnownCommand>();
  readonly messages = new Map<MsgId, KnownMessage>();
  readonly posts = new Map<TransId, KnownPost>();
  /** Since when each message is owed that waits for a server which is behind. */
  readonly owed = new Map<MsgId, Moment>();
  /** Commands whose time was up before an agent had acknowledged them. */
  readonly #unacknowledged = new Set<CommandId>();
  #isDetached = false;
  /** What WebEx and operators have asked for, by TransID and MsgID or by the action's id. */
  readonly #asked = new Map<string, string>();

  /** Before any question reads the row. */
  read(row: WhyRow): void {
    const { input } = row;
    if (input?.type === "webex")
      for (const message of input.messages) this.#asked.set(`${input.transId} ${message.msgId}`, askedFor(message));
    if (input?.type === "time") for (const id of input.unacknowledged ?? []) this.#unacknowledged.add(id);
    if (input?.type === "operator") this.#asked.set(input.id, input.request.type);
    for (const fact of row.facts) fold(this.#facts, fact, momentOf(row));
    if (input?.type !== "webex") return;
    for (const message of input.messages) {
      if (message.type === "caller-named") this.#named(momentOf(row), message.msgId, String(message.result ?? "ok"));
    }
  }

  /** The type of the request or of the operator's action, or what is updated; `null`: nobody has asked. */
  askedBy(by: readonly Cause[]): string | null {
    const cause = askerIn(by);
    if (!cause) return null;
    const key = cause.type === "action" ? cause.action : `${cause.transId} ${cause.msgId}`;
    return this.#asked.get(key) ?? null;
  }

  /** The latest command of this type for this call, or for the conference. */
  commandFor(type: CommandType, call: CallId | null): KnownCommand | undefined {
    return [...this.commands.values()].findLast((one) => one.type === type && one.call === call);
  }

  /** Why a command had no result in time. */
  noAnswerText(command: KnownCommand | undefined): string {
    return command && this.#unacknowledged.has(command.id)
      ? "No agent of the bridge took the command in time: the agent was away, or its link was broken."
      : "The bridge did not answer in time.";
  }

  callNamed(extCallId: string | undefined): KnownCall | undefined {
    if (extCallId === undefined) return undefined;
    return [...this.calls.values()].findLast((call) => call.extCallId === extCallId);
  }

  /** The call that a message is about. */
  callOf({ call, extCallId }: Pick<MessageSummary, "call" | "extCallId">): KnownCall | undefined {
    return call === undefined ? this.callNamed(extCallId) : this.calls.get(call);
  }

  /** Those of this document that the rows have. */
  messagesIn({ transId, messages }: Pick<FactOf<"post-dropped">, "transId" | "messages">): readonly KnownMessage[] {
    const own = this.posts.get(transId)?.messages ?? [];
    return own.filter(({ fact }) => messages.some(({ msgId }) => msgId === fact.msgId));
  }

  /** A call-out. `dialled`: `null`, where it was refused before. */
  #addCallOut(
    { call, number, extCallId }: Pick<KnownCall, "call" | "number" | "extCallId">,
    dialled: Moment | null,
  ): void {
    const status = { isInside: false, isMonitor: false, dialled, entry: null };
    this.calls.set(call, { call, number, attendeeId: null, extCallId, ...status });
  }

  readonly #facts: Fold<[moment: Moment]> = {
    "call-dialled": (fact, dialled) => this.#addCallOut(fact, dialled),
    "call-not-entered": ({ call, record }) => {
      if (!isNeverDialled(record)) return;
      this.#addCallOut({ call, number: record.number, extCallId: record.extCallId as ExtCallId }, null);
    },
    "call-entered": ({ call, number, attendeeId, extCallId, participantType }) => {
      const dialled = this.calls.get(call)?.dialled ?? null;
      const isMonitor = participantType === "silent-monitor";
      const begun = { notification: null, refused: null, named: null, left: null, over: null };
      const entry = { isDetached: this.#isDetached, ...begun };
      this.calls.set(call, { call, number, attendeeId, extCallId, isInside: true, isMonitor, dialled, entry });
    },
    "conference-requested": () => this.#detach(false),
    "conference-taken-over": () => this.#detach(false),
    "conference-found": () => this.#detach(true),
    "conference-detached": () => this.#detach(true),
    "conference-ended": (_, moment) => {
      for (const { entry } of this.calls.values()) if (entry && !entry.left) entry.over ??= moment;
    },
    "call-named": ({ call, extCallId }) => this.#change(call, { extCallId }),
    "call-merged": ({ call, attendeeId }) => this.#change(call, { attendeeId }),
    "call-left": ({ call, why }, moment) => {
      const { entry } = this.calls.get(call) ?? {};
      if (entry && why !== "conference-ended") entry.left = moment;
      this.#change(call, { isInside: false });
    },
    "command-issued": ({ command, type, call = null, by }, moment) =>
      this.commands.set(command, { ...moment, id: command, type: type as CommandType, call, by }),
    "command-joined": (fact) => {
      const command = this.commands.get(fact.command);
      if (command) this.commands.set(fact.command, { ...command, by: [...command.by, ...fact.by] });
    },
    "post-queued": (fact, moment) => this.#queued(fact, moment),
    "post-failed": (fact, { seq }) => {
      const post = this.posts.get(fact.transId);
      if (post) post.failed = { ...fact, seq };
    },
    "post-confirmed": ({ transId, at, refused }, { seq }) => {
      const post = this.posts.get(transId);
      if (post) post.confirmed = { seq, at, ...(refused && { refused }) };
    },
    "post-given-up": (fact, moment) => {
      for (const message of this.messagesIn(fact)) {
        message.givenUp = moment;
        // A probe that failed is no document that was given up: the one before it was.
        if (fact.probe && message.before) this.messages.set(message.fact.msgId, message.before);
      }
    },
    "post-dropped": (fact) => {
      for (const message of this.messagesIn(fact)) message.isDropped = true;
    },
    "message-owed": ({ msgId }, moment) => {
      if (!this.owed.has(msgId)) this.owed.set(msgId, moment);
    },
    "message-dropped": ({ msgId }) => this.owed.delete(msgId),
    // At most one server is behind.
    "server-reached": () => this.owed.clear(),
    "server-settled": () => this.owed.clear(),
  };

  #detach(isDetached: boolean): void {
    this.#isDetached = isDetached;
  }

  #queued(fact: FactOf<"post-queued">, moment: Moment): void {
    const { transId, host, msgId } = fact;
    const call = this.callOf(fact);
    const fresh = { transId, host, since: moment, messages: [], failed: null, confirmed: null };
    const post: KnownPost = this.posts.get(transId) ?? fresh;
    const message = { ...moment, fact, call, post, before: this.messages.get(msgId), givenUp: null, isDropped: false };
    post.messages.push(message);
    this.posts.set(transId, post);
    this.messages.set(msgId, message);
    const entry = fact.type === "caller-entered" ? call?.entry : null;
    // WebEx was notified of an invitee when it waited, and a new server is notified anew.
    if (entry && entry.notification?.fact.msgId !== msgId)
      Object.assign(entry, { notification: message, refused: null });
  }

  #named(moment: Moment, msgId: MsgId, result: string): void {
    const { call } = this.messages.get(msgId)?.fact ?? {};
    const entry = call && this.calls.get(call)?.entry;
    if (!entry) return;
    if (result === "ok") entry.named = moment;
    else entry.refused = { ...moment, result };
  }

  #change(call: CallId, change: Partial<KnownCall>): void {
    const known = this.calls.get(call);
    if (known) this.calls.set(call, { ...known, ...change });
  }
}

function askedFor(message: FromWebex): string {
  return message.type === "update-conference" ? String(message.action) : message.type;
}

type Asker = Extract<Cause, { type: "request" | "action" }>;

/** The first who asked, of all causes. */
export function askerIn(by: readonly Cause[]): Asker | undefined {
  return by.find((cause): cause is Asker => cause.type === "request" || cause.type === "action");
}

export function operatorText(cause: Cause | undefined): string | null {
  if (cause?.type !== "action") return null;
  // Whoever has the operator's token goes by "operator".
  return cause.person === "" || cause.person === "operator" ? "an operator" : `the operator ${cause.person}`;
}

/** Who asked, to start a sentence. `asked`: the type of that request. */
export function askerText(by: readonly Cause[], asked: string | null, { at }: Moment): string {
  const forAll = asked === "mute-all" || asked === "unmute-all" ? " for all callers" : "";
  const who = operatorText(askerIn(by));
  return capitalized(
    who === null ? `WebEx asked for it${forAll} at ${instantText(at)}` : `${who} asked for it at ${instantText(at)}`,
  );
}
