import type { Ability } from "../bridge/abilities.ts";
import type { BridgeName, ConfKey, MsgId, TransId } from "../foundation/ids.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import { answerTo, requestOf, type SharedRequests } from "../tsp/answers.ts";
import { decide } from "./decide.ts";
import { type Decision, isPost } from "./draft.ts";
import { type Fact, summaryOf } from "./facts.ts";
import type { ConferenceInput } from "./inputs.ts";
import type { Outgoing, Post } from "./server/posts.ts";
import {
  enqueue,
  gather,
  isHandedOver,
  type Queue,
  type QueueContext,
  type Rows,
  withoutDropped,
  withoutMessages,
} from "./server/queue.ts";
import type { Changes, ConferenceState, Head } from "./state.ts";

/** How far a conference has come: what decisions need besides its state. */
export interface DecisionProgress {
  /** The bridge that holds the conference, once one was chosen. */
  readonly bridge: BridgeName | null;
  /** What that bridge cannot do, as its agent said when it last reported; absent: it can do everything, as far as is known. */
  readonly cannot?: readonly Ability[] | undefined;
  /** The last one that was used. */
  readonly serial: number;
}

/** A conference between two inputs. */
export interface Situation {
  readonly state: ConferenceState;
  readonly queue: Queue;
  readonly progress: DecisionProgress;
}

export interface TransactionContext extends QueueContext {
  readonly domain: QueueContext["domain"] & { readonly settings: DomainSettings };
  readonly confKey: ConfKey;
  /** The row of the journal that the input will be in. */
  readonly row: number;
  /** Of a report: the bridge, and what it cannot do. */
  readonly reporter?: { readonly bridge: BridgeName | null; readonly cannot?: readonly Ability[] | undefined };
  /** Of a document: requests that other conferences answer, too. */
  readonly shared?: SharedRequests | undefined;
  /** A MsgID that was never used before. */
  msgId(): MsgId;
  /** 64 random bits as text. */
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
  if (input.type === "undelivered" && input.of) rows = withoutMessages(rows, input.of.transId, input.messages);
  if (input.type === "webex") ({ open } = gather({ rows, open }, requestsOf(input, context), input.at, context.shared));
  if (input.type === "bridge" && reporter) {
    // Nobody chose a bridge for a conference that WebEx never created: it is on the bridge that reports it.
    if (state.head.phase === "absent") bridge ??= reporter.bridge;
    if (input.elsewhere === undefined) cannot = reporter.cannot?.length ? reporter.cannot : undefined;
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
    sends: domain.codec.sends,
  });
  const facts = [...givenUp(input, decision.facts), ...decision.facts];
  const kept = withoutDropped(rows, decision.dropQueued);
  facts.push(...dropped(rows, kept));
  let after: Queue = { rows: kept, open };
  const queuedFacts = new Map<string, QueuedFact>();
  for (const effect of decision.effects) {
    if (!isPost(effect)) continue;
    const queued = enqueue(after, effect, input.at, context);
    if (!queued.ok) facts.push(refused(effect, queued.error.kind));
    else if (queued.value !== after) {
      after = queued.value;
      addQueued(queuedFacts, after.rows, effect);
    }
  }
  facts.push(...queuedFacts.values());
  if (begins(state.head, decision.changes)) {
    // A new life may be on another bridge. An only bridge is kept at once, and stays when the settings get a second one.
    bridge = onlyBridge(domain.settings);
    cannot = undefined;
  }
  return { decision, facts, queue: after, progress: { bridge, cannot, serial } };
}

/** Those whose answers are posted. */
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
    const { host, oneAttempt, messages } = row;
    const how = { ...(oneAttempt && { oneAttempt }), ...(isHandedOver(row) && { handedOver: true as const }) };
    return messages.map((message) => ({ host, message, ...how }));
  });
}

/** `decided`: what happened because of it. The document is owed if one of its own messages is owed from now on. */
export function givenUp(input: ConferenceInput, decided: readonly Fact[] = []): Fact[] {
  if (input.type !== "undelivered" || !input.of) return [];
  const { host, transId, attempts, why, probe } = input.of;
  const messages = namesOf(input.messages);
  const has = (kind: "message-owed" | "message-dropped", msgId: MsgId) =>
    decided.some((fact) => fact.kind === kind && fact.msgId === msgId);
  const owed = messages.some(({ msgId }) => has("message-owed", msgId) && !has("message-dropped", msgId));
  const more = { ...(probe && { probe }), ...(owed && { owed }) };
  return [{ kind: "post-given-up", transId: transId as TransId, host, attempts, why, messages, ...more }];
}

/** What was withdrawn from the queue, since its server was replaced or cannot be reached. */
function dropped(before: Rows, after: Rows): Fact[] {
  if (before === after) return [];
  return before.flatMap(({ seq, transId, messages }) => {
    const kept = after.find((row) => row.seq === seq)?.messages ?? [];
    const gone = namesOf(messages.filter((message) => !kept.includes(message)));
    return gone.length > 0 ? [{ kind: "post-dropped", transId: transId as TransId, messages: gone } as const] : [];
  });
}

type QueuedFact = Extract<Fact, { kind: "post-queued" }>;

/** In which document this message waits. */
function addQueued(facts: Map<string, QueuedFact>, rows: Rows, { host, message, actions, call }: Post): void {
  const row = rows.findLast(({ messages }) => messages.includes(message));
  if (!row) return;
  const transId = row.transId as TransId;
  const summary = { ...summaryOf(message, call), ...(actions && { actions }) };
  const { messages = [] } = facts.get(transId) ?? {};
  facts.set(transId, { kind: "post-queued", transId, host, messages: [...messages, summary] });
}

function refused({ host, message: { type, msgId }, actions }: Post, why: string): Fact {
  return { kind: "host-refused", host, type, msgId, why, ...(actions && { actions }) };
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
