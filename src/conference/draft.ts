import {
  type Ability,
  type BridgeCommand,
  type CommandResult,
  type IssuedCommand,
  LATEST_MS,
  type RefusalReason,
} from "../bridge/commands.ts";
import type { Report } from "../bridge/events.ts";
import type { BridgeName, CallId, CommandId, ConfKey, EpochMs, MsgId, RoomId, WebexHost } from "../foundation/ids.ts";
import { Overlay } from "../foundation/maps.ts";
import type { DecisiveSettings } from "../settings/domain-settings.ts";
import { answerTo, type OpenRequest, type ToWebex, type ToWebexMessages } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import { actionsOf, type Cause, type Fact, joined, withType } from "./facts.ts";
import { type Head, isFormerHandle, isOngoing, type Life, type Ongoing, type Running, secretsOf } from "./head.ts";
import { debtKey, type NotificationType } from "./server/debts.ts";
import { type Dropped, type Post, withoutDropped } from "./server/posts.ts";
import type { Caller, CallOut, Changes, ConferenceState, Outage, PendingCommand, Room } from "./state.ts";

/** The settings, ids and outbox that a decision is handed besides the state and the input. */
export interface DecisionContext {
  readonly confKey: ConfKey;
  readonly settings: DecisiveSettings;
  /** The bridge that holds the conference; `null`: it has none yet. */
  readonly bridge: BridgeName | null;
  /** Since when the edge has lost nothing of what it knew of the reporting bridge; absent: nobody says. */
  readonly knownSince?: EpochMs | undefined;
  /** What that bridge cannot do, as far as is known. */
  readonly cannot: readonly Ability[];
  /** A MsgID that was never used before. */
  msgId(): MsgId;
  /** The row of the journal that this decision will be in. */
  readonly row: number;
  /** 1, 2, 3 …: never the same twice in the life of this conference. */
  serial(): number;
  /** 64 random bits as text. */
  nonce(): string;
  unconfirmed(): readonly Post[];
  /** Since when the document that is given up had waited; absent: none is. */
  readonly waitedSince?: EpochMs | undefined;
  /** Whether the domain wants this message sent: what is not sent is not owed either. */
  sends(message: ToWebex): boolean;
}

export type Effect = IssuedCommand | Post;

/** The consequences of one input. Nothing of it is sent before all of it is on disk. */
export interface Decision {
  readonly changes: Changes;
  /** In the order in which the rules made them; a command stays pending until its result comes. */
  readonly effects: readonly Effect[];
  /** What is taken out of the queue before the posts of this decision are queued (protocol 4.9). */
  readonly dropQueued: readonly Dropped[];
  readonly facts: readonly Fact[];
  /** The bridge that holds it from now on; absent: as before. */
  readonly movedTo?: BridgeName;
}

/** Data for callers' clients that waits for a server that is behind. */
const MAX_DATA = 100;

export interface CommandOptions extends Pick<PendingCommand, "bridge" | "group" | "unreported" | "forTalk"> {
  readonly timeoutMs?: number;
}

type Uncaused = Exclude<Fact, { readonly by: readonly Cause[] }>["kind"];
/** These do not say who brought them about. */
const uncaused: ReadonlySet<string> = new Set([
  "speaker-changed",
  "command-done",
  "command-failed",
  "command-expired",
  "repaired",
  "noted",
  "message-withheld",
  "message-owed",
  "message-dropped",
  "post-given-up",
  "post-dropped",
  "server-lost",
  "server-reached",
  "server-settled",
] satisfies Uncaused[]);
type UncausedFact = { [Kind in Fact["kind"]]: Omit<Extract<Fact, { kind: Kind }>, "by"> }[Fact["kind"]];

/** A message that WebEx did not ask for, without what all of them carry. */
type Notification = {
  [Type in NotificationType]: { readonly type: Type } & Omit<ToWebexMessages[Type], "type" | "msgId" | "extConfId">;
}[NotificationType];

type OptionalPart = { [Name in keyof Running]-?: object extends Pick<Running, Name> ? Name : never }[keyof Running];

/** The state that one decision is changing: reads see the changes so far, and the state itself stays as it is. */
export class Draft {
  readonly state: ConferenceState;
  readonly at: EpochMs;
  context: DecisionContext;
  readonly callers: Overlay<CallId, Caller>;
  readonly callOuts: Overlay<CallId, CallOut>;
  readonly commands: Overlay<CommandId, PendingCommand>;
  readonly rooms: Overlay<RoomId, Room>;
  readonly outages: Overlay<WebexHost, Outage>;
  readonly debts: Overlay<string, ToWebex>;
  head: Head;
  /** What its record will say; whatever head is set, this goes into it. */
  life: Life | null;
  /** Of the report that is acted on. */
  inside: NonNullable<Report["inside"]> = [];
  #effects: Effect[] = [];
  readonly #dropQueued: Dropped[] = [];
  readonly #facts: Fact[] = [];
  #movedTo: BridgeName | null = null;
  /** Types of the messages that this decision owes, by their MsgIDs. */
  readonly #owed = new Map<MsgId, ToWebex["type"]>();
  #by: readonly Cause[] = [];

  constructor(state: ConferenceState, at: EpochMs, context: DecisionContext) {
    this.state = state;
    this.at = at;
    this.context = context;
    this.head = state.head;
    this.life = isOngoing(state.head) ? state.head.life : null;
    this.callers = new Overlay(state.callers);
    this.callOuts = new Overlay(state.callOuts);
    this.commands = new Overlay(state.commands);
    this.rooms = new Overlay(state.rooms);
    this.outages = new Overlay(state.outages);
    this.debts = new Overlay(state.debts);
  }

  /** Issues a command, pending until its result. One that answers a request or outlives its conference has a deadline. */
  issue(command: BridgeCommand, request: OpenRequest | null = null, more: CommandOptions = {}): void {
    const isNeeded = this.ongoing && more.bridge === undefined;
    const defaultMs = isNeeded ? null : this.context.settings.transactionMemoryMs;
    const { timeoutMs = request || more.group ? LATEST_MS : defaultMs, ...marks } = more;
    const id = this.newId() as CommandId;
    const answerBy = timeoutMs === null ? null : this.at + timeoutMs;
    const { by } = this;
    this.commands.set(id, { id, command, answerBy, request, ...marks, by });
    this.#effects.push({ id, command });
    const about = {
      ...("call" in command && { call: command.call }),
      ...("room" in command && { room: command.room }),
    };
    this.fact({ kind: "command-issued", command: id, type: command.type, ...about });
  }

  /** Issues an operator's command, unless the same is under way: then the result of that decides this action, too. */
  issueOnce(command: BridgeCommand, types: readonly BridgeCommand["type"][], more: CommandOptions = {}): void {
    const pending = this.underWay(command, types);
    if (!pending) return this.issue(command, null, { timeoutMs: LATEST_MS, ...more });
    this.addAsker(pending);
  }

  addAsker(pending: PendingCommand): void {
    const { id, command } = pending;
    this.commands.set(id, { ...pending, by: joined(pending.by, this.by) });
    this.fact({ kind: "command-joined", command: id, type: command.type });
  }

  /** The latest pending command of these types for the same call, or for the conference, if it is this very command and in time. */
  underWay(command: BridgeCommand, types: readonly BridgeCommand["type"][]): PendingCommand | undefined {
    const isRival = (pending: PendingCommand) =>
      pending.bridge === undefined && types.includes(pending.command.type) && callOf(pending) === callOf({ command });
    const latest = this.commands.values().findLast(isRival);
    const isSame =
      latest && !latest.expired && !latest.forTalk && JSON.stringify(latest.command) === JSON.stringify(command);
    return isSame ? latest : undefined;
  }

  /** The result of this command will answer the request, too: in the time that the command has left, else in a time of its own. */
  join({ expired, ...pending }: PendingCommand, request: OpenRequest | null): void {
    const { running } = this;
    if (!request || !running) return;
    const { group = this.context.serial() } = pending;
    const answerBy = expired ? null : pending.answerBy;
    this.addAsker({ ...pending, group, answerBy: answerBy ?? this.at + LATEST_MS });
    this.update({ groups: [...running.groups, { id: group, request }] });
  }

  /** An id for a command, a call or a room, which the agent of another bridge cannot guess. */
  newId(): string {
    return `${this.context.confKey}.${this.context.serial()}.${this.context.nonce()}`;
  }

  /** Whether a command of these types, or of any type, is pending for this call. */
  isBusy(call: CallId, ...types: readonly BridgeCommand["type"][]): boolean {
    const touches = ({ command }: PendingCommand) =>
      "call" in command && command.call === call && (types.length === 0 || types.includes(command.type));
    return this.commands.find(touches) !== undefined;
  }

  /** A pending command of these types; those left over from an earlier life do not count. */
  pending(...types: readonly BridgeCommand["type"][]): PendingCommand | undefined {
    return this.commands.find(({ command, bridge }) => bridge === undefined && types.includes(command.type));
  }

  /** Answers a request: to the server that sent it (protocol T11), also where that was replaced, else to the conference's (protocol T14). */
  answer(
    request: OpenRequest | null,
    result: ResultWord | CommandResult,
    more: Partial<ToWebexMessages["conference-created"]> = {},
  ): void {
    if (!request) return;
    const answer = { ...answerTo(request, resultWord(result)), ...more } as ToWebex;
    const { replyTo: host, extConfId } = request;
    const { host: own } = this.ongoing ?? {};
    if (host !== undefined && host !== own && isFormerHandle(this.head, extConfId))
      this.post({ host, message: answer, oneAttempt: true });
    else this.#send(host ?? own, answer);
  }

  /** Notifies the conference's server (protocol T12), once more under `firstMsgId`. `null`: no server listens. */
  notify(notification: Notification, call?: CallId, firstMsgId?: MsgId | null): MsgId | null {
    const { ongoing } = this;
    const isDetached = this.head.phase === "running" && !this.head.attached;
    if (isDetached) this.withhold(notification.type, "detached", call);
    if (!ongoing || isDetached) return null;
    const msgId = firstMsgId ?? this.context.msgId();
    this.#send(ongoing.host, { msgId, extConfId: ongoing.extConfId, ...notification } as ToWebex, call);
    return msgId;
  }

  /** Says, where an operator wants to know, why WebEx is not notified. */
  withhold(type: NotificationType, why: Extract<Fact, { kind: "message-withheld" }>["why"], call?: CallId): void {
    const actions = actionsOf(this.by);
    if (actions.length > 0) this.fact({ kind: "message-withheld", type, why, ...(call && { call }), actions });
  }

  post(post: Post): void {
    const actions = [...new Set([...(post.actions ?? []), ...actionsOf(this.by)])];
    this.#effects.push(actions.length > 0 ? { ...post, actions } : post);
  }

  /** This server was replaced: of what is queued for it only the answers are posted, what this decision queued included. */
  dropNotifications(host: Post["host"]): void {
    const dropped = { host, keepsAnswers: true };
    this.#dropQueued.push(dropped);
    this.#effects = this.#effects.flatMap((effect): Effect[] =>
      isPost(effect) ? withoutDropped([effect], [dropped]) : [effect],
    );
  }

  markProbe(host: WebexHost): void {
    this.#effects = this.#effects.map((effect) =>
      isPost(effect) && effect.host === host && !effect.oneAttempt ? { ...effect, probe: true as const } : effect,
    );
  }

  withdrawQueued(host: Post["host"]): void {
    this.#dropQueued.push({ host, keepsAnswers: false });
  }

  unconfirmed(): readonly Post[] {
    return [...withoutDropped(this.context.unconfirmed(), this.#dropQueued), ...this.#effects.filter(isPost)];
  }

  owe(message: ToWebex): void {
    const isData = ({ type }: ToWebex) => type === "client-passthrough";
    if (isData(message) && this.debts.values().filter(isData).length >= MAX_DATA)
      return this.note(`data for a caller's client is dropped: ${MAX_DATA} others wait for the server`);
    this.debts.set(debtKey(message), message);
    const { type, msgId } = message;
    this.#owed.set(msgId, type);
    const actions = actionsOf(this.by);
    this.fact({ kind: "message-owed", type, msgId, ...(actions.length > 0 && { actions }) });
  }

  get by(): readonly Cause[] {
    return this.#by;
  }

  because(by: readonly Cause[], work: () => void): void {
    const before = this.#by;
    this.#by = by;
    work();
    this.#by = before;
  }

  /** Who or what brought about the last such fact of this decision. */
  whoLedTo(isSuch: (fact: Fact) => boolean): readonly Cause[] | null {
    const last = this.#facts.findLast((fact) => "by" in fact && fact.by.length > 0 && isSuch(fact));
    return last && "by" in last ? last.by : null;
  }

  /** Whether this decision has said so already. */
  hasSaid(isSuch: (fact: Fact) => boolean): boolean {
    return this.#facts.some(isSuch);
  }

  /** Says what happened, and by whom where that kind of fact says so. */
  fact(fact: UncausedFact): void {
    const said = uncaused.has(fact.kind) ? fact : { ...fact, by: this.#by };
    this.#facts.push(said as Fact);
  }

  /** Another bridge holds it from now on, and gets the pending commands. */
  moveTo(bridge: BridgeName): void {
    this.#movedTo = bridge;
    this.context = { ...this.context, bridge, cannot: [] };
  }

  note(text: string): void {
    this.fact({ kind: "noted", text });
  }

  /** Server, handles and limits of the conference; `null` while there is none. */
  get ongoing(): Ongoing | null {
    return isOngoing(this.head) ? this.head : null;
  }

  get running(): Running | null {
    return this.head.phase === "running" ? this.head : null;
  }

  /** Changes parts of a conference that runs; `undefined` takes a part away that it may lack. */
  update(
    parts: Partial<Omit<Running, OptionalPart>> & { readonly [Name in OptionalPart]?: Running[Name] | undefined },
  ): void {
    if (!this.running) return;
    const kept = Object.entries({ ...this.running, ...parts }).filter(([, part]) => part !== undefined);
    this.head = Object.fromEntries(kept) as object as Running;
  }

  decision(): Decision {
    const { head, life } = this;
    if (isOngoing(head) && life && head.life !== life) this.head = { ...head, life };
    const secrets = isOngoing(this.state.head) ? secretsOf(this.state.head) : [];
    if (!isOngoing(head) && secrets.length > 0) this.head = { ...head, formerSecrets: secrets };
    const changes: Changes = {
      callers: this.callers.changes,
      callOuts: this.callOuts.changes,
      commands: this.commands.changes,
      rooms: this.rooms.changes,
      outages: this.outages.changes,
      debts: this.debts.changes,
      ...(this.head !== this.state.head && { head: this.head }),
    };
    // The conference may have ended later in the same decision, and its commands with it.
    const effects = this.#effects.filter((effect) => !isCommand(effect) || this.commands.get(effect.id));
    this.#dropDebts(effects);
    this.#settleServers();
    const moved = this.#movedTo !== null && { movedTo: this.#movedTo };
    return { changes, effects, dropQueued: this.#dropQueued, facts: this.#facts, ...moved };
  }

  /** Says which messages were owed and are neither owed nor posted any more. */
  #dropDebts(effects: readonly Effect[]): void {
    const owed = new Map([...this.state.debts.values()].map(({ type, msgId }) => [msgId, type] as const));
    const stays = [...this.debts.values(), ...effects.filter(isPost).map(({ message }) => message)];
    const kept = new Set<MsgId>(stays.map(({ msgId }) => msgId));
    const dropped = [...new Map([...owed, ...this.#owed])].filter(([msgId]) => !kept.has(msgId));
    for (const [msgId, type] of dropped) this.fact({ kind: "message-dropped", type, msgId });
    if (dropped.length === 0) return;
    for (const outage of this.outages.values()) {
      const all = dropped.reduce((counts, [, type]) => withType(counts, { type }), outage.dropped ?? []);
      this.outages.set(outage.host, { ...outage, dropped: all });
    }
  }

  /** Says which servers were lost and are neither reached nor waited for any more. */
  #settleServers(): void {
    const hostsIn = (kind: "server-lost" | "server-reached" | "server-settled") =>
      this.#facts.flatMap((fact) => (fact.kind === kind ? [fact.host] : []));
    const said = [...hostsIn("server-reached"), ...hostsIn("server-settled")];
    // A server that creates the key anew has confirmed nothing yet of what it gets.
    const hasPosts = (host: WebexHost) =>
      this.#effects.some((effect) => isPost(effect) && effect.host === host && !effect.oneAttempt);
    for (const host of new Set([...this.state.outages.keys(), ...hostsIn("server-lost")])) {
      if (this.outages.get(host) || said.includes(host)) continue;
      this.fact(hasPosts(host) ? { kind: "server-reached", host } : { kind: "server-settled", host });
    }
  }

  /** Something new. What the probe under way says of the same thing is out of date. */
  #oweAnew(message: ToWebex, outage: Outage): void {
    if (!this.context.sends(message)) return;
    this.owe(message);
    const key = debtKey(message);
    const { probe, hasNew } = outage;
    const isSaid = probe?.keys.includes(key) === true;
    if (hasNew && !isSaid) return;
    const other = isSaid && { probe: { at: probe.at, keys: probe.keys.filter((one) => one !== key) } };
    this.outages.set(outage.host, { ...outage, ...other, hasNew: true });
  }

  #send(host: WebexHost | undefined, message: ToWebex, call?: CallId): void {
    const outage = host && this.outages.get(host);
    if (outage) this.#oweAnew(message, outage);
    else if (host) this.post({ host, message, ...(call && !("extCallId" in message) && { call }) });
    else this.note(`${message.type} ${message.msgId} is not sent: WebEx has named no host for it`);
  }
}

export function isCommand(effect: Effect): effect is IssuedCommand {
  return "command" in effect;
}

export function isPost(effect: Effect): effect is Post {
  return "message" in effect;
}

function callOf({ command }: Pick<PendingCommand, "command">): CallId | null {
  return "call" in command ? command.call : null;
}

export function resultWord(result: ResultWord | CommandResult): ResultWord {
  if (typeof result === "string") return result;
  return result.done ? "ok" : refusalWords[result.reason];
}

const refusalWords = {
  refused: "bridge-unreachable",
  unreachable: "bridge-unreachable",
  capacity: "capacity-exceeded",
  "not-supported": "not-supported",
  "no-such-conference": "no-such-conference",
  "no-such-call": "no-such-call",
  "no-such-room": "no-such-room",
  locked: "conference-locked",
  "too-late": "bridge-timeout",
} as const satisfies Record<RefusalReason, ResultWord>;
