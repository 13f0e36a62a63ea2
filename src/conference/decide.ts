import { type Ability, isTimedOnBridge, LATEST_MS, ON_BRIDGE_MS } from "../bridge/commands.ts";
import type { BridgeName, CallId, CommandId, ConfKey, EpochMs, MsgId, RoomId, TransId } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import { earliest } from "../foundation/time/earliest.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import { answerTo, requestOf, type SharedRequests } from "../tsp/messages.ts";
import { type Decision, type DecisionContext, Draft, isPost } from "./draft.ts";
import { actionsOf, type Fact, summaryOf } from "./facts.ts";
import { closingOf, type Head } from "./head.ts";
import type { ConferenceInput } from "./inputs.ts";
import {
  closingDue,
  completeClose,
  endAsLost,
  endIfDeserted,
  expireClosing,
  expireOrphan,
  failCreate,
  orphanDue,
  retryEnd,
} from "./lifecycle.ts";
import { applyAction } from "./operator-actions.ts";
import { expireCallOut } from "./parts/call-outs.ts";
import { retryRenewal } from "./parts/entry-rules.ts";
import { expireTalk, tidyTalk } from "./parts/private-talk.ts";
import { continueClosing, failClose, retryClosing } from "./parts/rooms.ts";
import { notifySpeakers, speechDue } from "./parts/speakers.ts";
import { applyReports, applyResult } from "./reports.ts";
import { applyRequests } from "./requests.ts";
import type { Outgoing, Post, UndeliveredDocument } from "./server/posts.ts";
import {
  enqueue,
  gather,
  goOnWaiting,
  isHandedOver,
  type Queue,
  type QueueContext,
  type Rows,
  type ServerWait,
  waitOf,
  withoutDropped,
  withoutMessages,
} from "./server/queue.ts";
import { applyUndelivered, probe, probeDue, resync } from "./server/resync.ts";
import type { Caller, Changes, ConferenceState, PendingCommand, Room } from "./state.ts";

/** How far a conference has come: what decisions need besides its state. */
export interface DecisionProgress {
  /** The bridge that holds the conference, once one was chosen. */
  readonly bridge: BridgeName | null;
  /** What that bridge cannot do, as its agent said when it last reported; absent: it can do everything, as far as is known. */
  readonly cannot?: readonly Ability[] | undefined;
  readonly serial: number;
}

interface Situation {
  readonly state: ConferenceState;
  readonly queue: Queue;
  readonly progress: DecisionProgress;
}

interface TransactionContext extends QueueContext {
  readonly domain: QueueContext["domain"] & { readonly settings: DomainSettings };
  readonly confKey: ConfKey;
  readonly row: number;
  /** Of a report: the bridge, and what it cannot do. */
  readonly reporter?: { readonly bridge: BridgeName | null; readonly cannot?: readonly Ability[] | undefined };
  /** Of a document: requests that other conferences answer, too. */
  readonly shared?: SharedRequests | undefined;
  msgId(): MsgId;
  nonce(): string;
}

/** All that follows from one input: what is to be written, and then sent. */
export interface Transaction {
  readonly decision: Decision;
  /** What happened to the conference and to its queue, in order. */
  readonly facts: readonly Fact[];
  readonly queue: Queue;
  readonly progress: DecisionProgress;
}

/** Decides on one input, and queues what is to be posted. Pure, like `decide`. */
export function applyTransaction(
  { state, queue, progress }: Situation,
  input: ConferenceInput,
  context: TransactionContext,
): Transaction {
  const { domain, reporter } = context;
  let { bridge, cannot, serial } = progress;
  let { rows, open } = queue;
  const gone: ServerWait[] = [];
  const given = givenUpIn(input);
  if (given) {
    const { transId, unpostable, why, messages } = given;
    const row = rows.find((one) => one.transId === transId);
    if (row && !unpostable) gone.push({ host: row.host, since: waitOf(row).since, why });
    rows = withoutMessages(rows, transId, messages);
  }
  if (input.type === "webex") ({ open } = gather({ rows, open }, requestsOf(input, context), input.at, context.shared));
  if (input.type === "bridge" && reporter) {
    // Nobody chose a bridge for it: it is on the bridge that reports it, if WebEx never created it, or with the callers in it.
    if (state.head.phase === "absent" || (state.head.phase === "creating" && holdsCallers(input)))
      bridge ??= reporter.bridge;
    if (input.elsewhere === undefined) cannot = cannotOf(reporter);
  }
  const decision = decide(state, input, {
    confKey: context.confKey,
    settings: domain.settings,
    bridge,
    cannot: cannot ?? [],
    row: context.row,
    msgId: () => context.msgId(),
    serial: () => {
      serial += 1;
      return serial;
    },
    nonce: () => context.nonce(),
    unconfirmed: () => unconfirmedIn(rows),
    waitedSince: gone[0]?.since,
    sends: domain.codec.sends,
  });
  const facts = [...(given ? [givenUp(given)] : []), ...decision.facts];
  const kept = withoutDropped(rows, decision.dropQueued);
  const withdrawn = withdrawnFrom(rows, kept);
  facts.push(...dropped(withdrawn, kept));
  let after: Queue = { rows: kept, open };
  const queuedFacts = new Map<string, QueuedFact>();
  for (const effect of decision.effects) {
    if (!isPost(effect)) continue;
    after = enqueue(after, effect, input.at, context);
    addQueued(queuedFacts, after.rows, effect);
  }
  for (const row of withdrawn) gone.push({ host: row.host, ...waitOf(row) });
  if (input.type !== "reached")
    after = { ...after, rows: goOnWaiting(after.rows, [...state.outages.values(), ...gone]) };
  facts.push(...queuedFacts.values());
  if (decision.movedTo !== undefined) {
    bridge = decision.movedTo;
    cannot = cannotOf(reporter);
  }
  if (begins(state.head, decision.changes)) {
    // A new life may be on another bridge. An only bridge is kept at once, and stays when the settings get a second one.
    bridge = onlyBridge(domain.settings);
    cannot = undefined;
  }
  return { decision, facts, queue: after, progress: { bridge, cannot, serial } };
}

function holdsCallers({ reports }: Extract<ConferenceInput, { type: "bridge" }>): boolean {
  return reports.some(({ report }) => {
    if (report.type !== "event" || report.event.type !== "snapshot") return false;
    const { conference } = report.event;
    return conference !== null && conference.callers.length > 0;
  });
}

function cannotOf(reporter: TransactionContext["reporter"]): DecisionProgress["cannot"] {
  return reporter?.cannot?.length ? reporter.cannot : undefined;
}

function requestsOf(
  { messages }: Extract<ConferenceInput, { type: "webex" }>,
  { domain: { codec } }: TransactionContext,
) {
  return messages
    .map(requestOf)
    .filter((request) => request !== null)
    .filter((request) => codec.sends(answerTo(request, "ok")));
}

function unconfirmedIn(rows: Rows): readonly Post[] {
  return rows.flatMap((row) => {
    const { host, oneAttempt, messages, attempts } = row;
    const how = {
      ...(oneAttempt && { oneAttempt }),
      ...(isHandedOver(row) && { handedOver: true as const }),
      ...(attempts > 0 && { begun: true as const }),
    };
    return messages.map((message) => ({ host, message, ...how }));
  });
}

interface GivenUp extends UndeliveredDocument {
  readonly messages: readonly Outgoing[];
}

function givenUpIn(input: ConferenceInput): GivenUp | null {
  return input.type === "undelivered" ? { ...input.of, messages: input.messages } : null;
}

function givenUp(given: GivenUp): Fact {
  const { host, transId, attempts, why, probe, lastFailed } = given;
  const messages = namesOf(given.messages);
  const more = { ...(probe && { probe }), ...(lastFailed && { lastFailed }) };
  return { kind: "post-given-up", transId: transId as TransId, host, attempts, why, messages, ...more };
}

/** The rows that a decision took out, or left with one attempt. */
function withdrawnFrom(before: Rows, after: Rows): Rows {
  const kept = new Set(after);
  return before.filter((row) => !kept.has(row));
}

/** What was withdrawn from the queue, since its server was replaced or cannot be reached. */
function dropped(withdrawn: Rows, after: Rows): Fact[] {
  return withdrawn.flatMap(({ seq, transId, messages }) => {
    const kept = after.find((row) => row.seq === seq)?.messages ?? [];
    const gone = namesOf(messages.filter((message) => !kept.includes(message)));
    return gone.length > 0 ? [{ kind: "post-dropped", transId: transId as TransId, messages: gone } as const] : [];
  });
}

type QueuedFact = Extract<Fact, { kind: "post-queued" }>;

function addQueued(facts: Map<string, QueuedFact>, rows: Rows, { host, message, actions, call }: Post): void {
  const row = rows.findLast(({ messages }) => messages.includes(message));
  if (!row) return;
  const transId = row.transId as TransId;
  const summary = { ...summaryOf(message, call), ...(actions && { actions }) };
  const { messages = [] } = facts.get(transId) ?? {};
  facts.set(transId, { kind: "post-queued", transId, host, messages: [...messages, summary] });
}

function namesOf(messages: readonly Outgoing[]): Pick<Outgoing, "type" | "msgId">[] {
  return messages.map(({ type, msgId }) => ({ type, msgId }));
}

function begins(before: Head, { head }: Changes): boolean {
  return head?.phase === "creating" && before.phase !== "creating";
}

function onlyBridge({ bridges }: DomainSettings): BridgeName | null {
  const [only, ...others] = bridges;
  return only && others.length === 0 ? (only.name as BridgeName) : null;
}

/** What a conference does next, by the protocol's call flows. Pure; throws for nothing that can be sent to it. */
export function decide(state: ConferenceState, input: ConferenceInput, context: DecisionContext): Decision {
  const knownSince = input.type === "bridge" ? input.knownSince : undefined;
  const draft = new Draft(state, input.at, { ...context, knownSince });
  switch (input.type) {
    case "webex":
      applyRequests(draft, input);
      break;
    case "bridge":
      applyReports(draft, input.reports, input.elsewhere);
      break;
    case "operator":
      draft.because([{ type: "action", action: input.id, person: input.person }], () =>
        input.withoutBridge ? endAsLost(draft, "operator") : applyAction(draft, input),
      );
      break;
    case "undelivered":
      draft.because([{ type: "post" }], () => applyUndelivered(draft, input.messages, input.of));
      break;
    case "restored":
      draft.because([{ type: "repair" }], () => restore(draft));
      break;
    case "reached":
      if (draft.outages.get(input.host)) draft.because([{ type: "post" }], () => resync(draft, "confirmed"));
      break;
    case "probe":
      if (draft.outages.get(input.host))
        draft.because([{ type: "action", action: input.id, person: input.person }], () => probe(draft, "asked"));
      break;
    case "time":
      draft.because([{ type: "deadline" }], () => expire(draft, input.overdue ?? []));
      break;
    default:
      assertNever(input);
  }
  tidyUp(draft);
  return draft.decision();
}

/** What waited in the backup waits for nothing any more; nothing else is decided before the bridge says what it holds. */
function restore(draft: Draft): void {
  for (const { id, command, request, bridge } of draft.commands.values()) {
    draft.answer(request, "bridge-timeout");
    draft.commands.delete(id);
    const why = bridge === undefined ? "too-late" : "conference-over";
    draft.fact({ kind: "command-failed", command: id, type: command.type, why });
  }
  for (const { request } of draft.running?.groups ?? []) draft.answer(request, "bridge-timeout");
  draft.update({ groups: [] });
  const { head } = draft;
  if (head.phase === "creating") failCreate(draft, head, "bridge-timeout");
  const closing = closingOf(head);
  if (closing) {
    for (const { message } of closing.next) draft.answer(requestOf(message), "bridge-timeout");
    completeClose(draft, { ...closing, next: [] });
  }
  if (draft.head.phase !== "creating") draft.head = { ...draft.head, restored: true };
}

/** What follows from the state alone, whatever the input was. */
function tidyUp(draft: Draft): void {
  if (isRestored(draft)) return;
  for (const room of draft.rooms.values()) continueClosing(draft, room);
  tidyTalk(draft);
  notifySpeakers(draft);
  endIfDeserted(draft);
}

/** When the passing of time next changes something; `null`: never. With a key, probes have their jitter. */
export function nextDeadline(state: ConferenceState, confKey?: ConfKey): EpochMs | null {
  const { head, commands, callOuts, rooms, outages } = state;
  let next = probeDue(state, confKey);
  const consider = (at: EpochMs | null = null) => {
    next = earliest(next, at);
  };
  for (const command of commands.values()) if (!command.expired) consider(command.answerBy);
  const closing = closingOf(head);
  if (closing) consider(closingDue(closing));
  if (isRestored(state)) return next;
  if (head.phase === "running") {
    const { renewAt, talk } = head;
    if (outages.size === 0) consider(speechDue(head.speech));
    for (const at of [head.retryEndAt, head.keptUntil, talk?.retryAt, talk?.aloneUntil]) consider(at);
    if (!closing) consider(renewAt);
    consider(orphanDue(head));
  }
  for (const callOut of callOuts.values()) consider(callOut.answerBy);
  for (const room of rooms.values()) {
    consider(room.closeRequest?.answerBy);
    consider(room.retryAt);
  }
  return next;
}

/** Answers with a failure whatever has waited too long, and tries again what is due for it. */
function expire(draft: Draft, overdue: readonly CommandId[]): void {
  // Each is read again: what expired before it may have changed or deleted it.
  for (const { call } of isRestored(draft) ? [] : draft.callOuts.values()) {
    const callOut = draft.callOuts.get(call);
    if (callOut && isOver(draft, callOut.answerBy)) expireCallOut(draft, callOut);
  }
  for (const { id } of draft.commands.values()) {
    const command = draft.commands.get(id);
    if (command && !command.expired && isOver(draft, command.answerBy)) expireCommand(draft, command);
  }
  for (const id of overdue) {
    const command = draft.commands.get(id);
    if (command) answerOverdue(draft, command);
  }
  if (isRestored(draft)) {
    expireClosing(draft);
    return probe(draft, "due");
  }
  for (const room of draft.rooms.values())
    if (room.closeRequest && isOver(draft, room.closeRequest.answerBy)) failClose(draft, room, "bridge-timeout");
  expireClosing(draft);
  retryEnd(draft);
  expireOrphan(draft);
  retryRenewal(draft);
  expireTalk(draft);
  retryClosing(draft);
  probe(draft, "due");
}

/** What it was to do in the backup may be wrong by now. */
function isRestored({ head }: { readonly head: Head }): boolean {
  return head.phase === "running" && head.restored === true;
}

function isOver(draft: Draft, answerBy: EpochMs | null): boolean {
  return answerBy !== null && answerBy <= draft.at;
}

/** Only who waits is answered; what is a part of an end or a closing has itself all the time it needs. */
function answerOverdue(draft: Draft, pending: PendingCommand): void {
  const waiter = waiterFor(draft, pending);
  if (waiter?.for === "command") expireCommand(draft, pending);
  if (waiter?.for === "end") expireClosing(draft, true);
  if (waiter?.for === "closing") failClose(draft, waiter.room, "bridge-timeout");
}

function expireCommand(draft: Draft, command: PendingCommand): void {
  const { head } = draft;
  if (command.command.type === "create-conference" && head.phase === "creating") {
    draft.commands.delete(command.id);
    draft.fact({ kind: "command-failed", command: command.id, type: command.command.type, why: "too-late" });
    failCreate(draft, head, "bridge-timeout");
    // The bridge may have created it after all. The agent carries out both commands in order, so the end undoes the creation.
    draft.issue({ type: "end-conference" });
    return;
  }
  if (!draft.ongoing || command.bridge !== undefined) {
    draft.commands.delete(command.id); // Left over: its result changes nothing.
    draft.fact({ kind: "command-failed", command: command.id, type: command.command.type, why: "conference-over" });
    return;
  }
  // Its result still comes: a late success is undone, or reported as a change.
  const { group, ...rest } = command;
  // Nor is it begun any more, wherever it is.
  draft.commands.set(command.id, { ...rest, request: null, expired: true, answerBy: draft.at });
  draft.fact({ kind: "command-expired", command: command.id, type: command.command.type });
  applyResult(draft, command, { done: false, reason: "too-late" });
}

interface Entries {
  readonly head: Head;
  readonly callers: { get(call: CallId): Caller | undefined };
  readonly rooms: { get(room: RoomId): Room | undefined };
}

/** Who waits for a command, and when they are answered with a failure at the latest. */
type Waiter =
  | { readonly for: "command" | "end"; readonly until: EpochMs }
  | { readonly for: "closing"; readonly room: Room; readonly until: EpochMs };

/** Who waits for it, or for the end or closing that it is a part of. `null`: nobody, or for a time of its own. */
export function waiterFor({ head, callers, rooms }: Entries, pending: PendingCommand): Waiter | null {
  const { command, request, group, by, answerBy, expired, bridge } = pending;
  if (expired || bridge !== undefined || !isTimedOnBridge(command)) return null;
  if (request || group !== undefined || actionsOf(by).length > 0)
    return answerBy === null ? null : { for: "command", until: answerBy };
  if (command.type === "end-conference") {
    const closing = closingOf(head);
    return closing && closing.requests.length > 0 ? { for: "end", until: closing.answerBy } : null;
  }
  const caller = "call" in command ? callers.get(command.call) : undefined;
  const id = command.type === "close-room" ? command.room : caller?.room;
  const room = id === undefined ? undefined : rooms.get(id);
  return room?.closeRequest ? { for: "closing", room, until: room.closeRequest.answerBy } : null;
}

/** When the bridge has been at work on it for too long, for whoever waits; `null`: nobody does. Who began to wait later, waits as long. */
export function overdueAt(state: Entries, pending: PendingCommand, begunAt: EpochMs): EpochMs | null {
  const waiter = waiterFor(state, pending);
  return waiter && Math.max(begunAt, waiter.until - LATEST_MS) + ON_BRIDGE_MS;
}
