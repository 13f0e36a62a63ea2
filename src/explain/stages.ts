import { undoEachOther } from "../bridge/command-rules.ts";
import type { CommandType } from "../bridge/commands.ts";
import { actionsOf, type Fact, type SingleFact, singleFacts } from "../conference/facts.ts";
import type { InputRow } from "../conference/inputs.ts";
import type { ActionId, CallId, CommandId, EpochMs, MsgId, TransId } from "../foundation/ids.ts";
import type { ActionResult, ActionStages, NotificationStage, SentCommand } from "../rpc/action-stages.ts";
import { type FactOf, type Fold, fold } from "./fold.ts";

/** A message that carries the action. */
type MessageFate =
  | { readonly is: "queued"; readonly transId: TransId }
  | { readonly is: "confirmed"; readonly transId: TransId; readonly at: EpochMs; readonly refused?: true }
  | { readonly is: "owed" | "given-up" }
  | { readonly is: "dropped"; readonly why: string };

interface Withheld {
  readonly why: FactOf<"message-withheld">["why"];
  readonly at: EpochMs;
}

const replaced = "its server was replaced, and the next one is notified of all";
export const expired = "WebEx could not be reached for so long that nobody waits for it any more";
const whyWithheld = {
  detached: "WebEx does not have the conference now: it has let it go on alone, or never created it",
  unnamed: "WebEx has given this call no name",
} as const;

/** What became of one action. It is over when all that was begun in its name is, and WebEx knows of it when each of its messages is confirmed. */
export class StagesFold {
  readonly #id: ActionId;
  #begun: Pick<ActionStages, "person" | "request" | "onDisk"> | null = null;
  readonly #sent = new Map<CommandId, SentCommand>();
  readonly #calls = new Map<CommandId, CallId>();
  readonly #messages = new Map<MsgId, MessageFate>();
  /** Since when a server which is behind is owed each of them, however often it is probed with it. */
  readonly #owed = new Map<MsgId, EpochMs>();
  /** By the call: of what no message was made. */
  readonly #withheld = new Map<CallId | undefined, Withheld>();
  /** The call that it had dialled. */
  #dialled: CallId | null = null;
  /** What became of that call, or of the conference that it ends. */
  #result: ActionResult | null = null;
  /** Nothing was begun in its name. */
  #isIdle = true;

  constructor(id: ActionId) {
    this.#id = id;
  }

  /** `null`: the rows up to now do not have the action. */
  get stages(): ActionStages | null {
    if (!this.#begun) return null;
    const { person, request, onDisk } = this.#begun;
    const result = this.#outcome(onDisk.at);
    const sent = [...this.#sent.values()];
    return { id: this.#id, person, request, asked: onDisk.at, onDisk, sent, result, told: this.#notification(result) };
  }

  read({ seq, at, input, facts }: InputRow): void {
    if (input?.type === "operator" && input.id === this.#id && !this.#begun)
      this.#begun = { person: input.person, request: input.request, onDisk: { seq, at } };
    const why = whyDropped(facts);
    for (const fact of facts.flatMap(singleFacts)) this.#read(at, fact, why);
  }

  #outcome(asked: EpochMs): ActionResult | null {
    if (this.#result || this.#dialled !== null) return this.#result;
    const results = [...this.#sent.values()].map(({ result }) => result);
    if (results.includes(null)) return null;
    const failed = results.find((result) => result?.type !== "done");
    return failed ?? { type: "done", at: Math.max(asked, ...results.map((result) => result?.at ?? 0)) };
  }

  #notification(result: ActionResult | null): NotificationStage | null {
    if (result === null) return null;
    const fates = [...this.#messages.values()];
    if (this.#owed.size > 0) return { owed: this.#owed.size, owedSince: Math.min(...this.#owed.values()) };
    if (fates.some(({ is }) => is === "given-up"))
      return { notBecause: "WebEx did not confirm it, and its document was given up", isGivenUp: true };
    const withheld = [...this.#withheld.values()];
    const isOpen = fates.some(({ is }) => is === "queued");
    const unnamed = withheld.filter(({ why }) => why === "not-named-yet");
    if (!isOpen && unnamed.length > 0) {
      const calls = unnamed.length === 1 ? "this call" : `${unnamed.length} calls`;
      const since = Math.min(...unnamed.map(({ at }) => at));
      return { notYetBecause: `WebEx has given ${calls} no name yet`, since };
    }
    const posted = fates.filter((fate) => fate.is === "queued" || fate.is === "confirmed");
    if (posted.length > 0) {
      const confirmedAt = isOpen ? null : Math.max(...posted.map((fate) => ("at" in fate ? fate.at : 0)));
      const isRefused = posted.some((fate) => fate.is === "confirmed" && fate.refused);
      const transIds = [...new Set(posted.map(({ transId }) => transId))];
      return { transIds, confirmedAt, ...(isRefused && { refused: true }) };
    }
    const [dropped] = fates.flatMap((fate) => (fate.is === "dropped" ? fate.why : []));
    const [why] = withheld.flatMap(({ why }) => (why === "not-named-yet" ? [] : whyWithheld[why]));
    if (dropped !== undefined || why !== undefined) return { notBecause: dropped ?? why ?? "" };
    if (result.type !== "done") return null;
    return { notBecause: this.#isIdle ? "nothing changed" : "no notification of its own was due" };
  }

  #read(at: EpochMs, fact: SingleFact, whyDropped: string): void {
    const isOwn =
      ("by" in fact && actionsOf(fact.by).includes(this.#id)) ||
      ("actions" in fact && fact.actions?.includes(this.#id) === true);
    if (isOwn) this.#isIdle = false;
    fold(this.#facts, fact, at, isOwn, whyDropped);
  }

  readonly #facts: Fold<[at: EpochMs, isOwn: boolean, whyDropped: string]> = {
    "command-issued": (fact, at, isOwn) => {
      this.#undo(fact);
      this.#issued(fact, at, isOwn);
      if (isOwn && fact.call) this.#calls.set(fact.command, fact.call);
    },
    "command-joined": (fact, at, isOwn) => this.#issued(fact, at, isOwn),
    "command-done": ({ command }, at) => this.#answered(command, { type: "done", at }),
    "command-failed": ({ command, type, why }, at) => {
      if (why === "conference-over")
        return this.#answered(command, { type: "no result", at, why: "the conference ended" });
      this.#answered(command, isSoAlready(type, why) ? { type: "done", at } : { type: "refused", at, why });
    },
    "command-expired": ({ command }, at) => this.#answered(command, { type: "no result", at, why: "too-late" }),
    "call-dialled": ({ call }, _, isOwn) => {
      if (isOwn) this.#dialled = call;
    },
    "call-entered": ({ call }, at) => {
      if (call === this.#dialled) this.#result = { type: "done", at };
    },
    "call-not-entered": ({ call, why }, at) => {
      if (call === this.#dialled) this.#result = { type: "refused", at, why };
    },
    "conference-ended": (_, at) => {
      if (this.#begun?.request.type === "end") this.#result ??= { type: "done", at };
      for (const call of this.#withheld.keys()) this.#notNamed(call);
    },
    // The next server learns how all is.
    "conference-taken-over": () => {
      for (const call of this.#withheld.keys()) this.#named(call);
    },
    "call-named": ({ call }) => this.#named(call),
    "call-not-named": ({ call }) => this.#notNamed(call),
    "message-withheld": ({ call, why }, at, isOwn) => {
      if (isOwn) this.#withheld.set(call, { why, at });
    },
    "post-queued": ({ msgId, transId }, _, isOwn) => this.#become(msgId, { is: "queued", transId }, isOwn),
    "message-owed": ({ msgId }, at, isOwn) => {
      this.#become(msgId, { is: "owed" }, isOwn);
      if (this.#messages.has(msgId) && !this.#owed.has(msgId)) this.#owed.set(msgId, at);
    },
    "message-dropped": ({ msgId }, _, __, why) => {
      this.#owed.delete(msgId);
      this.#drop(msgId, "owed", why);
    },
    // At most one server is behind.
    "server-reached": () => this.#owed.clear(),
    "server-settled": () => this.#owed.clear(),
    "post-confirmed": ({ transId, at, refused }) => {
      for (const [msgId, fate] of this.#messages)
        if (fate.is === "queued" && fate.transId === transId)
          this.#messages.set(msgId, { ...fate, is: "confirmed", at, ...(refused && { refused }) });
    },
    "post-given-up": ({ messages }) => {
      for (const { msgId } of messages) this.#become(msgId, { is: "given-up" });
    },
    "post-dropped": ({ messages }) => {
      for (const { msgId } of messages) this.#drop(msgId, "queued", replaced);
    },
  };

  #issued({ command: id, type }: FactOf<"command-issued" | "command-joined">, at: EpochMs, isOwn: boolean): void {
    // A conference may end since its last caller was expelled: that is no part of the expulsion.
    if (type === "end-conference" && this.#begun?.request.type !== "end") return;
    if (isOwn && !this.#sent.has(id)) this.#sent.set(id, { id, type: type as CommandType, at, result: null });
  }

  /** An agent in doubt about two commands that undo each other carries out the later one alone, and says done of both. */
  #undo({ command: id, type, call }: FactOf<"command-issued">): void {
    const later = { id, type: type as CommandType };
    for (const [own, sent] of this.#sent)
      if (sent.result === null && this.#calls.get(own) === call && undoEachOther(sent.type, later.type))
        this.#sent.set(own, { ...sent, undoneBy: later });
  }

  #answered(id: CommandId, result: ActionResult): void {
    const known = this.#sent.get(id);
    if (known && (known.result === null || result.type !== "no result")) this.#sent.set(id, { ...known, result });
  }

  #become(msgId: MsgId, fate: MessageFate, isOwn = false): void {
    if (isOwn || this.#messages.has(msgId)) this.#messages.set(msgId, fate);
  }

  #drop(msgId: MsgId, from: "owed" | "queued", why: string): void {
    if (this.#messages.get(msgId)?.is === from) this.#messages.set(msgId, { is: "dropped", why });
  }

  #notNamed(call: CallId | undefined): void {
    const withheld = this.#withheld.get(call);
    if (withheld?.why === "not-named-yet") this.#withheld.set(call, { ...withheld, why: "unnamed" });
  }

  #named(call: CallId | undefined): void {
    if (this.#withheld.get(call)?.why === "not-named-yet") this.#withheld.delete(call);
  }
}

/** Why what was owed is so no more with these facts, where it is not posted. */
function whyDropped(facts: readonly Fact[]): string {
  if (facts.some(({ kind }) => kind === "conference-taken-over")) return replaced;
  const isExpired = facts.some((fact) => fact.kind === "server-settled" && fact.expired);
  return isExpired ? expired : "WebEx could not be reached, and was notified later of how it was then";
}

/** The bridge refuses what is so already: the call or the conference is gone. */
function isSoAlready(type: string, why: string): boolean {
  if (type === "expel" || type === "cancel-dial") return why === "no-such-call" || why === "no-such-conference";
  return type === "end-conference" && why === "no-such-conference";
}
