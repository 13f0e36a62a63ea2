import type { ConfKey, EpochMs, ExtCallId, WebexHost } from "../../foundation/ids.ts";
import { BACK_END } from "../../foundation/text/bare-host.ts";
import type { FromWebex, ToWebex, ToWebexMessages } from "../../tsp/messages.ts";
import type { Draft } from "../draft.ts";
import { type MessageSummary, summaryOf, withType } from "../facts.ts";
import { callOfEntry, deleteDeparted, findCaller, isEntryOwed, notifyMuteState } from "../parts/callers.ts";
import { applyLostSpeech, notifySpeakers } from "../parts/speakers.ts";
import { updateLife } from "../records.ts";
import type { Caller, ConferenceState, Outage } from "../state.ts";
import { notifyStatus } from "./conference-status.ts";
import { debtKey, debtKindOf, debtKinds, isClosedAnswer, isEnd, isLeft, probeDueAt, withJitter } from "./debts.ts";
import { isAnswer, type Outgoing, type Post, toServers, type UndeliveredDocument } from "./posts.ts";

/** How many calls that left while a server is behind are kept for it or its successor; the oldest are dropped first. */
const MAX_LEFT = 1_000;

/** What stays of an outage with each further document that is given up. */
type Lost = Pick<Outage, "host" | "since" | "probes"> & Partial<Outage>;

/** The outage of the server that is posted nothing but probes. */
function currentOutage({ outages }: { readonly outages: { values(): Iterable<Outage> } }): Outage | undefined {
  const [outage] = outages.values();
  return outage;
}

/**
 * These messages were given up (protocol T43), and the conference goes on. What else is queued for the conference's server is
 * withdrawn: it would overtake what the server has missed. All of it is owed from now on (protocol 4.9, last paragraph).
 */
export function applyUndelivered(draft: Draft, messages: readonly Outgoing[], of: UndeliveredDocument): void {
  if (!of.probe) updateLife(draft, ({ givenUp }) => ({ givenUp: givenUp + 1 }));
  const { head } = draft;
  // Where one to an earlier server is lost, the latest was told all the same.
  const isLatest = head.phase === "ended" && of.host === head.host;
  if (isLatest && head.told && messages.some(isClosedAnswer)) {
    const { told, ...rest } = head;
    draft.head = rest;
  }
  const server = "host" in head ? head.host : currentOutage(draft)?.host;
  const { host, why } = of;
  if (of.probe && of.unpostable) return endUnpostableProbe(draft, messages);
  if (host === BACK_END || (server ?? host) !== host || of.oneAttempt || of.unpostable) return;
  const queued = draft.unconfirmed().filter((post) => post.host === host && !post.oneAttempt && !post.handedOver);
  if (queued.length > 0) draft.withdrawQueued(host);
  const { waitedSince: since = draft.at } = draft.context;
  const before = draft.outages.get(host);
  if (!before) draft.fact({ kind: "server-lost", host, why });
  const { hasNew: _, probe: __, ...known }: Lost = before ?? { host, since, probes: -1 };
  draft.outages.set(host, {
    ...(draft.ongoing ? {} : { overAt: draft.at }),
    ...{ ...known, failedAt: draft.at, why, probes: known.probes + 1 },
  });
  // Data for a caller's client is no state: what was tried and failed is over.
  const tried = messages.filter(({ type }) => type !== "client-passthrough");
  const missed = toServers([...tried, ...queued.map(({ message }) => message)]);
  for (const message of missed) draft.owe(message);
  applyLostSpeech(draft, missed);
  // After a restart, later documents may have arrived, too.
  const begun = queued.flatMap((post) => (post.begun ? [post.message] : []));
  for (const message of [...tried, ...begun]) markPosted(draft, message);
  for (const caller of draft.callers.values()) {
    if (caller.left && isEntryOwed(draft, caller)) deleteDeparted(draft, caller);
  }
  deleteOutdated(draft);
}

/** What cannot be written is owed no more, or its server would be probed with nothing else. */
function endUnpostableProbe(draft: Draft, messages: readonly Outgoing[]): void {
  for (const message of toServers(messages)) deleteDebt(draft, debtKey(message), message);
  const outage = currentOutage(draft);
  if (outage && !isQueuedFor(draft, outage.host)) {
    const { probe: _, ...rest } = outage;
    draft.outages.set(outage.host, rest);
  }
  deleteOutdated(draft);
}

/** Of an entry: WebEx may have it, and may name its call. */
function markPosted(draft: Draft, message: Outgoing): void {
  const caller = whoEntersBy(draft, message);
  if (caller) draft.callers.set(caller.call, { ...caller, entryLost: true });
}

function whoEntersBy({ callers }: Draft, { type, msgId }: Outgoing): Caller | undefined {
  return type === "caller-entered" ? callers.find(({ enterMsgId }) => enterMsgId === msgId) : undefined;
}

/** The conference is over: of its state its server is owed no more than the end. */
export function oweEnd(draft: Draft): void {
  const outage = currentOutage(draft);
  if (outage) draft.outages.set(outage.host, { ...outage, overAt: draft.at });
  deleteOutdated(draft);
}

/** Deletes owed messages that no longer apply: the conference is over, or goes on without WebEx. */
export function deleteOutdated(draft: Draft): void {
  const { head, at } = draft;
  for (const [key, message] of draft.debts.entries()) {
    if (!applies(draft, message)) deleteDebt(draft, key, message);
  }
  const left = [...draft.debts.values()].filter(isLeft).map(({ extCallId }) => extCallId);
  const dropped = left.slice(0, -MAX_LEFT);
  for (const extCallId of dropped) draft.debts.delete(`left ${extCallId}`);
  if (dropped.length > 0) draft.note(`more than ${MAX_LEFT} calls left unreported; dropped: ${dropped.join(", ")}`);
  if (draft.debts.values().every((message) => isKeptForSuccessor(draft, message))) draft.outages.clear();
  if (head.phase !== "ended" || head.byWebex || head.closedUntil !== undefined) return;
  if (draft.debts.get("status ended"))
    draft.head = { ...head, closedUntil: at + draft.context.settings.closedMemoryMs };
}

/** Nobody waits for the answer to an entry any more: a server that takes over gets one of its own. */
function deleteDebt(draft: Draft, key: string, message: ToWebex): void {
  draft.debts.delete(key);
  const caller = whoEntersBy(draft, message);
  if (caller) draft.callers.set(caller.call, { ...caller, enterMsgId: null, held: [] });
}

function applies({ head, context }: Draft, message: ToWebex): boolean {
  if (!context.sends(message)) return false; // The settings may have changed since.
  if (isAnswer(message)) return true;
  const { extConfId } = message;
  // An end is that of the conference before. What has another handle is, too, or its server was told all anew.
  if (head.phase === "running")
    return extConfId === head.extConfId && (isLeft(message) || (head.attached && !isEnd(message)));
  return head.phase === "ended" && isEnd(message) && extConfId === (head.extConfId ?? extConfId);
}

/** What the server that is behind is owed. */
export function owedIn(state: ConferenceState): readonly MessageSummary[] {
  const owed = [...state.debts.values()].filter((message) => !isKeptForSuccessor(state, message));
  return owed.map((message) => summaryOf(message, callOfEntry(state, message)));
}

/** When the next probe is to be posted; `null`: no server is behind. Without a key, when it may be posted at the earliest. */
export function probeDue(state: ConferenceState, confKey: ConfKey | undefined): EpochMs | null {
  const outage = currentOutage(state);
  if (!outage) return null;
  return confKey === undefined ? probeDueAt(outage) : withJitter(outage, confKey);
}

/** Posts the first thing that is owed to find out whether the server is back: when that is due, or an operator asks for it. */
export function probe(draft: Draft, why: "due" | "asked"): void {
  const outage = currentOutage(draft);
  if (!outage || (why === "due" && draft.at < probeDueAt(outage))) return;
  const { host } = outage;
  if (why === "asked" && isQueuedFor(draft, host)) return;
  dropExpired(draft);
  const isUnderWay = isQueuedFor(draft, host);
  draft.outages.delete(host);
  const notifier = new Notifier(draft, host);
  for (const [key, message] of isUnderWay ? [] : inOrder(draft)) {
    if (notifier.say(key, message)) {
      markPosted(draft, message);
      break;
    }
    deleteDebt(draft, key, message);
  }
  const keys = isUnderWay ? (outage.probe?.keys ?? []) : [...notifier.said];
  if (!isUnderWay && keys.length === 0) return;
  draft.markProbe(host);
  const { hasNew, ...others } = outage;
  draft.outages.set(host, { ...others, probe: { at: draft.at, keys } });
}

function isQueuedFor(draft: Draft, host: WebexHost): boolean {
  return draft.unconfirmed().some((post) => post.host === host && !post.oneAttempt);
}

/**
 * What is owed of a conference that is over is kept for as long as its key is closed (protocol 4.9 F5): nobody waits for it
 * then. A probe that is under way may yet say it. `isKept`: what is posted all the same.
 */
export function dropExpired(draft: Draft, isKept: (message: ToWebex) => boolean = () => false): void {
  const outage = currentOutage(draft);
  if (!outage || !isExpired(draft, outage) || isQueuedFor(draft, outage.host)) return;
  const expired = draft.debts.entries().filter(([, message]) => !isKept(message));
  if (expired.length === 0) return;
  for (const [key] of expired) draft.debts.delete(key);
  const messages = expired.map(([, message]) => message).reduce(withType, outage.dropped ?? []);
  draft.fact({ kind: "server-settled", host: outage.host, expired: true, messages });
}

function isExpired({ at, ongoing, context }: Draft, { overAt = Number.POSITIVE_INFINITY }: Outage): boolean {
  return ongoing === null && at >= overAt + context.settings.closedMemoryMs;
}

/** A sign of life: the server gets what it is owed, answers first, then the state (protocol 4.9, last paragraph). */
export function resync(draft: Draft, sign: "confirmed" | "request"): void {
  const outage = currentOutage(draft);
  if (!outage) return;
  const { host, probe } = outage;
  const owesEnd = draft.debts.get("status ended") !== undefined;
  // What the probe says has come, or stands in the queue before all else.
  if (sign === "confirmed" || isQueuedFor(draft, host)) for (const key of probe?.keys ?? []) draft.debts.delete(key);
  draft.outages.delete(host);
  const notifier = new Notifier(draft, host);
  for (const [key, message] of inOrder(draft)) {
    const isSaid = notifier.said.has(key) || notifier.say(key, message);
    if (isSaid) draft.debts.delete(key);
    else deleteDebt(draft, key, message);
  }
  draft.fact({ kind: "server-reached", host });
  const { head } = draft;
  if (head.phase !== "ended" || !owesEnd) return;
  const { closedUntil, told, ...rest } = head;
  draft.head = rest;
}

/** Whether the server that is behind has posted this message. */
export function isFromUnreachable(draft: Draft, { replyTo }: Pick<FromWebex, "replyTo">): boolean {
  return currentOutage(draft)?.host === replyTo;
}

/**
 * Another server, or the same one anew, takes the conference over: it is told the whole state. The one that was behind gets
 * the answers that it is owed. Returns the calls whose leaving WebEx has missed (protocol 4.9 F4).
 */
export function settle(draft: Draft, successor: WebexHost): ExtCallId[] {
  for (const { host, probe } of draft.outages.values()) {
    const queued = isQueuedFor(draft, host) ? (probe?.keys ?? []) : [];
    for (const [key, message] of draft.debts.entries())
      if (isAnswer(message) && !queued.includes(key))
        draft.post({ host, message, ...(host !== successor && { oneAttempt: true as const }) });
  }
  const left = draft.debts.values().filter(isLeft);
  clear(draft);
  return left.map(({ extCallId }) => extCallId);
}

/** Nothing is owed any more. */
export function clear(draft: Draft): void {
  draft.outages.clear();
  draft.debts.clear();
}

/** WebEx has let the conference go on alone: only a server that takes it over learns who left (protocol 4.8). */
function isKeptForSuccessor({ head }: Pick<ConferenceState, "head">, message: ToWebex): boolean {
  return head.phase === "running" && !head.attached && isLeft(message);
}

/** All that is due for the server, in the order in which it is said. */
function inOrder(draft: Draft): readonly (readonly [key: string, message: ToWebex])[] {
  // Who is back in the main room is told before who went into another one.
  const rankOf = (message: ToWebex) =>
    debtKinds.indexOf(debtKindOf(message)) + (isPlace(message) && isThere(draft, message) ? 0.5 : 0);
  return draft.debts
    .entries()
    .filter(([, message]) => !isKeptForSuccessor(draft, message))
    .map(([key, message]) => ({ rank: rankOf(message), entry: [key, message] as const }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ entry }) => entry);
}

type Place = ToWebexMessages["sub-conference-call-changed" | "joined-sub-conference"];

function isPlace(message: ToWebex): message is Place {
  return message.type === "sub-conference-call-changed" || message.type === "joined-sub-conference";
}

/** Whether the call is in this room now. */
function isThere(draft: Draft, { subConfId, extCallId }: Place): boolean {
  const room = draft.rooms.find((one) => one.subConfId === subConfId);
  return room !== undefined && findCaller(draft, extCallId)?.room === room.room;
}

/** Says what is owed: as it was where that is still so, else as it is now; each state once, however many messages were lost of it. */
class Notifier {
  readonly #draft: Draft;
  readonly #host: WebexHost;
  /** The keys of what was said. */
  readonly said = new Set<string>();
  /** Callers whose mute state was said. */
  readonly #muteStates = new Set<ExtCallId>();

  constructor(draft: Draft, host: WebexHost) {
    this.#draft = draft;
    this.#host = host;
  }

  /** False: it is not so any more, and nothing is said. */
  say(key: string, message: ToWebex): boolean {
    const isSaid = this.#say(message);
    if (isSaid) this.said.add(key);
    return isSaid;
  }

  #say(message: ToWebex): boolean {
    const draft = this.#draft;
    if (!applies(draft, message)) return false;
    switch (message.type) {
      case "conference-changed":
        return this.#sayStatus(message);
      case "caller-entered":
        return this.#isWaitedFor(message) && this.#post(message);
      case "caller-changed":
        return isLeft(message) ? this.#isGone(message) && this.#post(message) : this.#sayMuteState(message);
      case "sub-conference-changed":
        return this.#isRoom(message) && this.#post(message);
      case "sub-conference-call-changed":
      case "joined-sub-conference":
        return this.#sayPlace(message);
      case "speaking-changed":
        return notifySpeakers(draft);
      case "client-passthrough":
        return findCaller(draft, message.extCallId) !== undefined && this.#post(message);
      default:
        return this.#post(message);
    }
  }

  #sayStatus(message: ToWebexMessages["conference-changed"]): boolean {
    const draft = this.#draft;
    if (message.status !== "running" && message.status !== "locked") return this.#post(message);
    const isLocked = draft.running?.locked === true;
    const owesRunning = draft.debts.get("status running") !== undefined;
    for (const status of ["running", "locked"]) this.said.add(`status ${status}`);
    if (owesRunning || !isLocked) this.#statusIs("running", message);
    if (isLocked) this.#statusIs("locked", message);
    return true;
  }

  #statusIs(status: "running" | "locked", owed: ToWebexMessages["conference-changed"]): void {
    if (owed.status === status) this.#post(owed);
    else notifyStatus(this.#draft, status);
  }

  /** Only a call without a name may be told again: two names would make two handles of one call. */
  #isWaitedFor({ msgId }: ToWebexMessages["caller-entered"]): boolean {
    const { callers, callOuts } = this.#draft;
    const caller = callers.find(({ enterMsgId, left }) => enterMsgId === msgId && !left);
    // An invitee may wait for its host.
    return (
      (caller ?? callOuts.find(({ enterMsgId, stage }) => enterMsgId === msgId && stage === "waiting")) !== undefined
    );
  }

  /** A room that is being opened is reported when it is open. */
  #isRoom({ subConfId }: ToWebexMessages["sub-conference-changed"]): boolean {
    return this.#draft.rooms.find((room) => room.subConfId === subConfId && room.stage !== "opening") !== undefined;
  }

  /** WebEx may have given its name to another call. */
  #isGone({ extCallId }: ToWebexMessages["caller-changed"]): boolean {
    return findCaller(this.#draft, extCallId) === undefined;
  }

  #sayMuteState(message: ToWebexMessages["caller-changed"]): boolean {
    const { extCallId, attendeeId, action } = message;
    const caller = findCaller(this.#draft, extCallId);
    // That a call has joined is said first.
    if (!caller || (attendeeId === undefined && this.#muteStates.has(extCallId))) return false;
    this.#muteStates.add(extCallId);
    const isSo = message.status === (caller.muted ? "muted" : "unmuted");
    if (isSo && (attendeeId ?? caller.attendeeId) === caller.attendeeId) return this.#post(message);
    notifyMuteState(this.#draft, caller, {
      ...(attendeeId !== undefined && { attendeeId: caller.attendeeId ?? attendeeId }),
      ...(action === "joined-main" && { action, actionResult: "ok" }),
    });
    return true;
  }

  /** WebEx must know the mute state of a call before it learns that the call is back in the main room (protocol 2.3.7). */
  #sayPlace(message: Place): boolean {
    const draft = this.#draft;
    const { subConfId, extCallId } = message;
    const caller = findCaller(draft, extCallId);
    if (!caller) return false;
    const action = isThere(draft, message) ? "added" : "returned";
    if (action === "returned" && !this.#muteStates.has(extCallId)) notifyMuteState(draft, caller);
    const isSo = (message.type === "joined-sub-conference" ? "added" : message.action) === action;
    if (isSo) return this.#post(message);
    const type = "sub-conference-call-changed";
    draft.notify({ type, subConfId, extCallId, action });
    return true;
  }

  /** As it was. */
  #post(message: ToWebex): true {
    const { head } = this.#draft;
    if (head.phase === "ended" && isClosedAnswer(message)) this.#draft.head = { ...head, told: true };
    postAsItWas(this.#draft, this.#host, message);
    return true;
  }
}

/** An entry says of which call it is: it does not name it. */
function postAsItWas(draft: Draft, host: Post["host"], message: Outgoing): void {
  const call = callOfEntry(draft, message);
  draft.post({ host, message, ...(call && { call }) });
}
