import { needsOf } from "../../src/bridge/command-rules.ts";
import type { Ability, RefusalReason } from "../../src/bridge/commands.ts";
import type { ConferenceEvent, Report } from "../../src/bridge/events.ts";
import { decide, nextDeadline } from "../../src/conference/decide.ts";
import { type DecisionContext, isCommand, isPost } from "../../src/conference/draft.ts";
import type { Head } from "../../src/conference/head.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import type { OperatorRequest } from "../../src/conference/operator-actions.ts";
import { isClosedAnswer, isEnd } from "../../src/conference/server/debts.ts";
import { isAnswer, type Post, withoutDropped } from "../../src/conference/server/posts.ts";
import { applyChanges, type ConferenceState, emptyState } from "../../src/conference/state.ts";
import {
  type ActionId,
  type BridgeName,
  type CallId,
  type ConfKey,
  type EpochMs,
  MAIN_ROOM,
  type MsgId,
  type RoomId,
  type TransId,
  type WebexHost,
} from "../../src/foundation/ids.ts";
import { type FromWebex, requestOf } from "../../src/tsp/messages.ts";
import { testDomain } from "../local-domain.ts";
import { FactFold, saidBy } from "../simulation/fact-fold.ts";

/** One step of a test; commands and calls are chosen by their place among those that exist, so that they collide often. */
export type Happening =
  | { readonly do: "webex"; readonly messages: readonly object[] }
  | { readonly do: "name"; readonly which: number; readonly extCallId: string | null }
  | { readonly do: "result"; readonly which: number; readonly refusal: RefusalReason | null }
  | { readonly do: "event"; readonly event: object; readonly which: number }
  | {
      readonly do: "snapshot";
      readonly calls: readonly object[] | null;
      readonly locked: boolean;
      readonly dialled?: readonly object[];
      /** Absent: speakers are not reported. */
      readonly speaking?: readonly string[];
    }
  /** Of the calls, `which` is meant. */
  | { readonly do: "operator"; readonly request: object; readonly which?: number }
  | { readonly do: "wait"; readonly ms: number }
  /** The bridge has been at work on a command for too long. */
  | { readonly do: "overdue"; readonly which: number }
  | { readonly do: "confirmed" }
  | { readonly do: "lost" };

/** Rules that hold whatever happens; breaking one throws an error that says how. */
export class ConferenceModel {
  readonly state = emptyState();
  readonly notes: string[] = [];
  readonly #facts = new FactFold();
  readonly #cannot: readonly Ability[];
  #now: EpochMs = 1_000_000;
  #numbers = 0;
  #reports = 0;
  #queued: Post[] = [];
  /** All that left so far. */
  readonly #posts: Post[] = [];
  /** Requests that are yet to be answered, by MsgID, with the server that asked. */
  readonly #open = new Map<MsgId, WebexHost | undefined>();
  readonly #answered = new Set<MsgId>();
  #entries: MsgId[] = [];
  /** The entries that WebEx may have heard of, or may hear of yet. */
  readonly #heard = new Set<MsgId>();

  /** `cannot`: abilities that the bridge lacks: nobody can ask for what needs one. */
  constructor(cannot: readonly Ability[] = []) {
    this.#cannot = cannot;
  }

  happen(happening: Happening): void {
    switch (happening.do) {
      case "webex":
        return this.#webex(happening.messages);
      case "name": {
        const [msgId] = this.#entries.splice(happening.which % Math.max(1, this.#entries.length), 1);
        if (!msgId) return;
        const { extCallId } = happening;
        const named = extCallId === null ? { result: "no-such-call" } : { extCallId };
        return this.#input({ messages: [{ type: "caller-named", msgId, ...named }] });
      }
      case "result": {
        const commands = [...this.state.commands.values()];
        const pending = commands[happening.which % Math.max(1, commands.length)];
        const { refusal } = happening;
        const result = refusal ? ({ done: false, reason: refusal } as const) : ({ done: true } as const);
        return pending && this.#report({ type: "result", id: pending.id, result });
      }
      case "event": {
        const calls = this.#calls;
        const call = happening.which < calls.length ? calls[happening.which] : `c${happening.which}`;
        const { event } = happening;
        const caller = "caller" in event ? { caller: { ...(event.caller as object), call } } : { call };
        return this.#report({ type: "event", event: { ...event, ...caller } as unknown as ConferenceEvent });
      }
      case "snapshot": {
        const { calls, locked, dialled = [], speaking = null } = happening;
        const rooms = Array.from(this.state.rooms.keys(), (id) => ({ id, kind: "sub" as const }));
        const conference = calls && { locked, speaking, rooms, callers: calls, dialled };
        return this.#report({ type: "event", event: { type: "snapshot", conference } as unknown as ConferenceEvent });
      }
      case "operator":
        return this.#operate(happening.request as OperatorRequest, happening.which);
      case "wait":
        return this.#wait(happening.ms);
      case "overdue": {
        const ids = [...this.state.commands.keys()];
        const overdue = ids.slice(happening.which % Math.max(1, ids.length), happening.which + 2);
        return this.#decide({ type: "time", at: this.#now, overdue });
      }
      case "confirmed":
        return this.#confirm();
      case "lost":
        for (const { host, oneAttempt } of [...this.#queued]) this.#lose(host, oneAttempt);
    }
  }

  #confirm(): void {
    const reached = this.#queued.filter(
      ({ host, oneAttempt }) => !oneAttempt && this.state.outages.has(host as WebexHost),
    );
    this.#queued = [];
    for (const { host } of reached) this.#decide({ type: "reached", at: this.#now, host: host as WebexHost });
  }

  #lose(host: Post["host"], oneAttempt: Post["oneAttempt"]): void {
    const lost = this.#queued.filter((post) => post.host === host && post.oneAttempt === oneAttempt);
    if (lost.length === 0) return;
    this.#queued = this.#queued.filter((post) => !lost.includes(post));
    const messages = lost.map(({ message }) => message);
    for (const { msgId } of messages) this.#heard.delete(msgId);
    const of = { host, transId: "1", attempts: 3, why: "", ...(oneAttempt && { oneAttempt }) };
    this.#decide({ type: "undelivered", at: this.#now, messages, of });
  }

  /** The server is back, the bridge carries out all commands, and time goes by: then nothing may be left undone. */
  settle(): void {
    for (const ms of [0, 400_000, 2 * 3_600_000, 0]) {
      this.#wait(ms);
      this.#confirm();
      for (let round = 0; round < 50 && this.state.commands.size > 0; round += 1) {
        this.happen({ do: "result", which: 0, refusal: null });
      }
      const { head, callers, callOuts } = this.state;
      const calls = [...callers.values()].filter(({ left }) => !left);
      const dialled = Array.from(callOuts.values(), ({ call, stage }) => ({ call, answered: stage !== "dialling" }));
      if (head.phase !== "running") continue;
      const { locked, speech } = head;
      this.happen({ do: "snapshot", calls, locked, dialled, ...(speech && { speaking: speech.speaking }) });
    }
    const { head, callers, commands, callOuts, rooms } = this.state;
    if (commands.size > 0) this.#fail(`commands without end: ${JSON.stringify([...commands.values()])}`);
    if (callOuts.size > 0) this.#fail(`call-outs without end: ${JSON.stringify([...callOuts.values()])}`);
    if (this.#open.size > 0) this.#fail(`never answered: ${JSON.stringify([...this.#open])}`);
    if (head.phase === "creating") this.#fail("for ever being created");
    if (head.phase === "running" && head.closing) this.#fail("for ever being closed");
    const groups = head.phase === "running" ? Object.keys(head.groups) : [];
    if (groups.length > 0) this.#fail(`groups without end: ${groups}`);
    const hanging = [...rooms.values()].filter(({ stage }) => stage !== "open");
    if (hanging.length > 0) this.#fail(`rooms between two stages for ever: ${JSON.stringify(hanging)}`);
    if (head.phase === "running" && head.talk && head.talk.stage !== "open")
      this.#fail(`a talk for ever ${head.talk.stage}`);
    const inTalk = (call: CallId) => head.phase === "running" && callers.get(call)?.room === head.talk?.room;
    if (head.phase === "running" && head.talk && inTalk(head.talk.invitee) && !inTalk(head.talk.host))
      this.#fail("an invitee is alone for ever");
    if (head.phase === "running" && !head.attached && (rooms.size > 0 || head.talk))
      this.#fail("a conference without WebEx is apart for ever");
  }

  /** The bridge refuses all commands: the commands that follow at once, without time going by, come to an end. */
  refuseAll(): void {
    for (let answers = 0; this.state.commands.size > 0; answers += 1) {
      if (answers > 200) this.#fail(`commanded again and again: ${JSON.stringify([...this.state.commands.values()])}`);
      this.happen({ do: "result", which: 0, refusal: "refused" });
    }
  }

  /** Another create takes the conference over; then a request, or a name, comes under the handle that it has replaced. */
  takeOverAndAskLate(request: object): void {
    const { head } = this.state;
    if (head.phase !== "running" && head.phase !== "creating") return;
    const { extConfId } = head;
    const [entry = "w0"] = this.#entries;
    this.#webex([{ type: "create-conference", replyTo: "tsp3:80", extConfId: "1009", confKey: "555" }]);
    const { head: taken } = this.state;
    // A create waits for the end of what is being closed.
    if ((taken.phase !== "running" && taken.phase !== "creating") || taken.extConfId !== "1009") return;
    const before = JSON.stringify(stateAsJson(this.state));
    const answers = this.#posts.length;
    const isName = "type" in request && request.type === "caller-named";
    const msgId = isName ? entry : `w${++this.#numbers}`;
    const late = { ...request, extConfId, msgId } as unknown as FromWebex;
    this.#input({ messages: [late] });
    if (JSON.stringify(stateAsJson(this.state)) !== before) this.#fail(`${late.type} under a former handle acts`);
    const said = this.#posts.slice(answers);
    const wanted = requestOf(late) === null ? [] : [late.type === "close-conference" ? "ok" : "no-such-conference"];
    const results = said.map(({ message }) => ("result" in message ? message.result : message.type));
    if (late.type !== "unknown" && String(results) !== String(wanted))
      this.#fail(`${late.type} under a former handle is answered with ${results}, not ${wanted}`);
    if (said.some(({ host }) => host !== late.replyTo)) this.#fail(`${late.type} is answered to another server`);
  }

  #operate(request: OperatorRequest, which = 0): void {
    const calls = this.#calls;
    const call = (calls[which % Math.max(1, calls.length)] ?? "c1") as CallId;
    const rooms = [MAIN_ROOM, ...this.state.rooms.keys()];
    const room = rooms[which % rooms.length] ?? MAIN_ROOM;
    const meant = { ...request, ...("call" in request && { call }), ...("room" in request && { room }) };
    const id = `a${++this.#numbers}` as ActionId;
    this.#facts.ask(id, meant.type);
    this.#decide({ type: "operator", at: this.#now, id, person: "Ann", request: meant });
  }

  get #calls(): readonly string[] {
    return [...this.state.callOuts.keys(), ...this.state.callers.keys()];
  }

  #webex(messages: readonly object[]): void {
    const numbered = messages.map((message) => ({ ...message, msgId: `w${++this.#numbers}` }) as unknown as FromWebex);
    for (const message of numbered) {
      const request = requestOf(message);
      if (request) this.#open.set(request.msgId, request.replyTo);
    }
    this.#input({ messages: numbered });
  }

  #input({ messages }: { readonly messages: readonly object[] }): void {
    const transId = "1" as TransId;
    this.#decide({ type: "webex", at: this.#now, transId, messages: messages as readonly FromWebex[] });
  }

  #report(report: Report): void {
    const reports = [{ number: ++this.#reports, report }];
    this.#decide({ type: "bridge", at: this.#now, reports });
  }

  #wait(ms: number): void {
    const until = this.#now + ms;
    for (let steps = 0; ; steps += 1) {
      const due = nextDeadline(this.state);
      if (due === null || due > until) break;
      if (steps > 5_000) this.#fail("deadlines without end");
      this.#now = Math.max(this.#now, due);
      this.#decide({ type: "time", at: this.#now });
    }
    this.#now = until;
  }

  #decide(input: ConferenceInput): void {
    const { head } = this.state;
    const before = JSON.stringify(stateAsJson(this.state));
    const owedBefore = [...this.state.debts];
    const decision = decide(this.state, input, this.#around());
    if (JSON.stringify(stateAsJson(this.state)) !== before) this.#fail("the state was changed in place");
    applyChanges(this.state, decision.changes);
    for (const fact of decision.facts) this.#facts.add(fact);
    const [said, is] = [this.#facts.said, saidBy(this.state)].map((one) => JSON.stringify(one));
    if (said !== is) this.#fail(`facts and state disagree:\n${said}\n${is}\n${JSON.stringify(decision.facts)}`);
    this.#queued = withoutDropped(this.#queued, decision.dropQueued);
    // What was given up and is owed is answered anew.
    const inProbe = [...this.state.outages.values()].flatMap(({ probe }) => probe?.keys ?? []);
    for (const [key, message] of this.state.debts) {
      if (!isAnswer(message) || inProbe.includes(key)) continue;
      if (this.#answered.delete(message.msgId)) this.#open.set(message.msgId, undefined);
    }
    const posts = decision.effects.filter(isPost);
    // Code 11 says all that is to say of a conference that is over (protocol 4.9 F5).
    if (posts.some(({ message }) => isClosedAnswer(message)))
      for (const [key, { msgId }] of owedBefore) if (!this.state.debts.has(key)) this.#open.delete(msgId);
    for (const post of posts) this.#posted(post);
    // A create that waited for a refused close takes over in the middle of a decision.
    const isTakenOver = input.type === "webex" || decision.facts.some(({ kind }) => kind === "conference-taken-over");
    if (!isTakenOver) for (const post of posts) this.#checkTarget(post, head);
    for (const { id, command } of decision.effects.filter(isCommand)) {
      const ability = needsOf(command);
      const isAsked = input.type === "webex" || input.type === "operator";
      if (isAsked && ability !== null && this.#cannot.includes(ability)) this.#fail(`${command.type} needs ${ability}`);
      if (command.type === "close-room") this.#checkNobodyIsMovedOut(command.room);
      if (!this.state.commands.has(id) && input.type !== "webex")
        this.#fail(`command ${id} was issued and is not pending`);
    }
    for (const { call, left, enterMsgId, held } of this.state.callers.values()) {
      if (left && !(enterMsgId && this.#heard.has(enterMsgId))) this.#fail(`${call} left, and nobody will name it`);
      if (held.length > 7) this.#fail(`${held.length} changes of ${call} wait for its name`);
    }
    const due = nextDeadline(this.state);
    for (const { id, request, answerBy } of this.state.commands.values()) {
      const isDue = answerBy !== null && due !== null && due <= answerBy;
      if (request && !isDue) this.#fail(`a request waits for command ${id}, which has no deadline`);
    }
  }

  /** A bridge closes a room side by side with moves out of it: of who is moved into it, it knows from the command. */
  #checkNobodyIsMovedOut(room: RoomId): void {
    const { callers, commands } = this.state;
    for (const { command } of commands.values()) {
      if (command.type !== "move") continue;
      const caller = callers.get(command.call);
      if (caller?.room === room && !caller.left) this.#fail(`${room} is closed while ${command.call} is moved out`);
    }
  }

  #posted(post: Post): void {
    const { message } = post;
    const { msgId } = message;
    this.#queued.push(post);
    this.#posts.push(post);
    if (message.type === "caller-entered") {
      if (!this.#entries.includes(msgId)) this.#entries.push(msgId);
      this.#heard.add(msgId);
    }
    if (!msgId.startsWith("w")) return;
    if (this.#answered.has(msgId)) this.#fail(`${msgId} is answered twice`);
    this.#answered.add(msgId);
    this.#open.delete(msgId);
  }

  /** A notification goes to the server that has the conference, under the handle that it knows, and after a detachment to nobody. */
  #checkTarget({ host, message }: Post, before: Head): void {
    if (message.msgId.startsWith("w") || !("extConfId" in message) || isEnd(message)) return;
    // Either head may count: the one before if the conference ends, the one after if a waiting create begins it anew.
    const listens = [before, this.state.head].some(
      (head) =>
        (head.phase === "creating" || (head.phase === "running" && (head.attached || head.closing?.isAsked))) &&
        head.host === host &&
        head.extConfId === message.extConfId,
    );
    if (!listens) this.#fail(`${message.type} goes to ${host} as ${message.extConfId}, where nobody listens`);
  }

  #around(): DecisionContext {
    return {
      confKey: "555" as ConfKey,
      settings,
      msgId: () => `a${++this.#numbers}` as MsgId,
      bridge: "simulated" as BridgeName,
      cannot: this.#cannot,
      serial: () => ++this.#numbers,
      nonce: () => "n",
      row: 1,
      unconfirmed: () => this.#queued,
      sends: () => true,
    };
  }

  #fail(what: string): never {
    throw new Error(what);
  }
}

function stateAsJson({ head, callers, callOuts, commands, rooms, outages, debts }: ConferenceState): unknown {
  return [head, [...callers], [...callOuts], [...commands], [...rooms], [...outages], [...debts]];
}

const { settings } = testDomain();
