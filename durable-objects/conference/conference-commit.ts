import type { IssuedCommand } from "../../src/bridge/commands.ts";
import { byClock, type Report } from "../../src/bridge/events.ts";
import { applyTransaction } from "../../src/conference/decide.ts";
import { isCommand } from "../../src/conference/draft.ts";
import type { Fact } from "../../src/conference/facts.ts";
import { isOngoing } from "../../src/conference/head.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { type OperatorAction, operatorRefusal } from "../../src/conference/operator-actions.ts";
import type { Queue, Rows } from "../../src/conference/server/queue.ts";
import type { ActionId, CallId, EpochMs, MsgId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { dayMs, wait } from "../../src/foundation/time/timers.ts";
import type { AgentReports, ConferenceDocument, ConferenceIdentity } from "../../src/rpc/conference.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import type { Domain } from "../../src/settings/load.ts";
import { type IdSupply, NoIds } from "../ids/id-supply.ts";
import type { Platform } from "../platform/platform.ts";
import type { CommandSchedule } from "./command-sender.ts";
import type { ConferenceStore } from "./conference-store.ts";
import type { Outbox, Undelivered } from "./outbox.ts";
import { freshReports, isBridgeGone, isOnOtherBridge, type Progress, reportsUpTo, withStream } from "./progress.ts";

/** An input to commit, before it is known whether it was committed before. */
export type Item =
  | { readonly type: "webex"; readonly document: ConferenceDocument }
  | { readonly type: "bridge"; readonly reports: AgentReports }
  | { readonly type: "operator"; readonly action: OperatorAction }
  | { readonly type: "undelivered"; readonly undelivered: Undelivered }
  | { readonly type: "reached"; readonly host: WebexHost }
  | { readonly type: "probe"; readonly host: WebexHost; readonly person: string }
  | { readonly type: "restored" }
  | { readonly type: "time" };

/** Whether the item reports no more than who speaks. */
export function isSpeech(item: Item): boolean {
  if (item.type !== "bridge") return false;
  return item.reports.reports.every(
    ({ report }) => report.type === "event" && report.event.type === "speaking-changed",
  );
}

interface Waiting {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Pause after which the next item counts as a lone one. */
const loneAfterMs = 1;
/** Clocks of machines that follow NTP differ by less, and a message is under way for less. */
const clocksDifferMs = 1_000;

/**
 * Commits a lone item at once. Items that come close after another one, within one turn of the event loop, are committed
 * together: one flush to disk for all. When that fails, each item is tried alone, so that none can fail its neighbours. While ids are
 * fetched for some, the others wait: none overtakes another.
 */
export class GroupCommit {
  readonly #commit: (items: readonly Item[]) => void;
  readonly #ids: Pick<IdSupply, "supply">;
  readonly #ports: Pick<Platform, "now" | "after">;
  #queue: Waiting[] = [];
  #running = false;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** `commit` commits all items in one transaction, or throws and leaves nothing of any of them. */
  constructor(
    commit: (items: readonly Item[]) => void,
    ids: Pick<IdSupply, "supply">,
    ports: Pick<Platform, "now" | "after">,
  ) {
    this.#commit = commit;
    this.#ids = ids;
    this.#ports = ports;
  }

  get isIdle(): boolean {
    return !this.#running;
  }

  /** Resolves when the item is committed; rejects when it cannot be. */
  submit(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, resolve, reject });
      if (!this.#running) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    const now = this.#ports.now();
    let isLone = now - this.#lastAt > loneAfterMs;
    this.#lastAt = now;
    while (this.#queue.length > 0) {
      if (!isLone) await wait(this.#ports, 0);
      isLone = false;
      const batch = this.#queue;
      this.#queue = [];
      await this.#settle(batch);
    }
    this.#running = false;
  }

  async #settle(batch: readonly Waiting[]): Promise<void> {
    let canFetch = true;
    const commit = async (waiting: readonly Waiting[]): Promise<void> => {
      const run = () => this.#commit(waiting.map(({ item }) => item));
      try {
        if (canFetch) await this.#ids.supply(run);
        else run();
      } catch (error) {
        // If the allocator does not answer, each further item would wait for it as long.
        if (error instanceof NoIds) canFetch = false;
        throw error;
      }
    };
    try {
      await commit(batch);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const [only, ...others] = batch;
      if (only && others.length === 0) only.reject(error);
      else for (const one of batch) await commit([one]).then(one.resolve, one.reject);
    }
  }
}

interface Context {
  readonly at: EpochMs;
  readonly identity: ConferenceIdentity;
  readonly domain: Domain;
  readonly store: ConferenceStore;
  readonly outbox: Outbox;
  readonly ids: IdSupply;
  readonly schedule: CommandSchedule;
  /** See `Platform`. */
  readonly restoredAt?: EpochMs;
  nonce(): string;
}

/** What was committed, with what is to be sent. */
interface Committed {
  readonly queue: Queue;
  readonly commands: readonly IssuedCommand[];
  readonly facts: readonly Fact[];
}

/**
 * Commits all items in one transaction, or throws and leaves nothing of any of them. `null`: all of them were committed before,
 * and nothing is written.
 */
export function transact(context: Context, submitted: readonly Item[]): Committed | null {
  const { identity, domain, store, outbox, ids, nonce, restoredAt } = context;
  // This transaction deletes what is confirmed, so it must also act on the signs of life among it.
  const signs = outbox.signs.map((host) => ({ type: "reached" as const, host: host as WebexHost }));
  const items: readonly Item[] = [
    ...(isBeforeRestore(store, restoredAt) ? [{ type: "restored" as const }] : []),
    ...signs,
    ...submitted,
  ];
  const told = toldBefore(items, store);
  if (items.every((item) => inputOf(item, context, outbox.rows, told) === null)) return null;
  const { transactionMemoryMs: neededMs, journalRetentionDays } = domain.settings;
  const restored = restoredAt !== undefined && { restoredAt };
  const commitAll = (nextId: (kind: keyof IdsWanted) => string): Committed => {
    store.identify(identity, { neededMs, keptMs: journalRetentionDays * dayMs }, nonce);
    let { queue } = outbox;
    const [commands, facts, said]: [IssuedCommand[], Fact[], Fact[]] = [[], [], []];
    const toldSince = new Set(told);
    for (const item of items) {
      const input = inputOf(item, context, queue.rows, toldSince);
      if (!input) continue;
      const { state, progress } = store;
      const applied = applyTransaction({ state, queue, progress }, input, {
        ...{ confKey: identity.confKey, domain, row: store.nextSeq, nonce },
        ...(item.type === "bridge" && { reporter: item.reports }),
        ...(item.type === "webex" && { shared: item.document.shared }),
        msgId: () => nextId("msgIds") as MsgId,
        transId: () => nextId("transIds") as TransId,
        documentSeq: () => outbox.nextSeq(),
      });
      queue = applied.queue;
      commands.push(...applied.decision.effects.filter(isCommand));
      facts.push(...applied.facts);
      for (const fact of applied.facts) if (fact.kind === "call-left") toldSince.add(fact.call);
      const decided = { ...applied.progress, ...ids.atHand, ...restored };
      const after = { ...progress, ...decided, ...streamsAfter(item, input, progress) };
      store.append(input, applied.decision.changes, after, applied.facts);
      if (item.type === "webex" && item.document.counts)
        said.push({ kind: "document-confirmed", transId: item.document.transId });
    }
    store.say(...said);
    outbox.write(queue.rows);
    return { queue, commands, facts: [...facts, ...said] };
  };
  return ids.transaction(commitAll, (work) => store.transaction(work));
}

function streamsAfter(item: Item, input: ConferenceInput, progress: Progress): Pick<Progress, "streams"> | undefined {
  if (item.type !== "bridge" || input.type !== "bridge") return undefined;
  const { bridge, stream } = item.reports;
  return { streams: withStream(progress, bridge, stream, input.reports.at(-1)?.number ?? 0) };
}

/** Whether the conference has decided nothing since the edge's state was put back from a backup. */
export function isBeforeRestore({ identity, progress }: ConferenceStore, restoredAt: EpochMs | undefined): boolean {
  return identity !== null && restoredAt !== undefined && progress.restoredAt !== restoredAt;
}

/** Each agent may tell once more of a call that has left. Whoever has its record needs no more than that: clocks do not say. */
function withoutKnown(report: Report, { state }: ConferenceStore, told: ReadonlySet<CallId>): Report {
  if (report.type !== "event" || report.event.type !== "caller-left" || !report.event.was) return report;
  const { was: _, ...event } = report.event;
  return state.callers.has(event.call) || told.has(event.call) ? { ...report, event } : report;
}

/** Calls that an agent tells have left, and that are known: by the journal, or inside now, also if an item before deletes them. */
function toldBefore(items: readonly Item[], { state, progress, journal }: ConferenceStore): ReadonlySet<CallId> {
  const calls = new Map<CallId, EpochMs>();
  const inside = new Set<CallId>();
  for (const item of items) {
    if (item.type !== "bridge") continue;
    const { bridge, stream, reports, aheadMs = 0 } = item.reports;
    const upTo = reportsUpTo(progress, bridge, stream);
    for (const { number, report } of reports) {
      const { event } = { event: null, ...byOwnClock(report, aheadMs) };
      if (number <= upTo || event?.type !== "caller-left" || !event.was) continue;
      if (state.callers.has(event.call)) inside.add(event.call);
      else calls.set(event.call, event.was.enteredAt);
    }
  }
  return new Set([...journal.knownCalls(calls), ...inside]);
}

function byOwnClock(report: Report, aheadMs: number): Report {
  return Math.abs(aheadMs) >= clocksDifferMs ? byClock(report, aheadMs) : report;
}

/** The input to commit; `null`: all of the item was committed before, or nothing follows from it. `told`: calls that were told of. */
function inputOf(
  item: Item,
  { at, store, domain, ...context }: Context,
  rows: Rows,
  told: ReadonlySet<CallId>,
): ConferenceInput | null {
  switch (item.type) {
    case "restored":
      return isBeforeRestore(store, context.restoredAt) ? { type: "restored", at } : null;
    case "webex": {
      const { transId, messages } = item.document;
      return { type: "webex", at, transId, messages };
    }
    case "bridge": {
      const { bridge, knownSince, aheadMs = 0 } = item.reports;
      const fresh = freshReports(store.progress, item.reports);
      const reports = fresh.map(({ number, report }) => {
        return { number, report: withoutKnown(byOwnClock(report, aheadMs), store, told) };
      });
      const other = isOnOtherBridge(store.progress, bridge) && { elsewhere: bridge };
      const isKnown = isOngoing(store.state.head) && !other;
      const known = !isKnown && knownSince !== undefined && { knownSince };
      return reports.length === 0 ? null : { type: "bridge", at, reports, ...other, ...known };
    }
    case "undelivered": {
      const { seq, messages, why, unpostable, lastFailed } = item.undelivered;
      // A failover may have dropped the row meanwhile.
      const row = rows.find((one) => one.seq === seq);
      if (!row) return null;
      const { host, transId, attempts, oneAttempt, probe } = row;
      const kind = { ...(oneAttempt && { oneAttempt }), ...(probe && { probe }), ...(unpostable && { unpostable }) };
      const of = { host, transId, attempts, why, ...kind, ...(lastFailed && { lastFailed }) };
      return { type: "undelivered", at, messages, of };
    }
    case "reached":
      return store.state.outages.has(item.host) ? { type: item.type, at, host: item.host } : null;
    case "probe": {
      const { type, host, person } = item;
      const isQueued = rows.some((row) => row.host === host && !row.oneAttempt);
      if (isQueued || !store.state.outages.has(host)) return null;
      return { type, at, id: `probe ${store.nextSeq}` as ActionId, person, host };
    }
    case "operator": {
      const { action } = item;
      const context = { settings: domain.settings, cannot: store.progress.cannot ?? [] };
      if (store.hasAction(action.id, at)) return null;
      if (action.request.type === "end" && isBridgeGone(store.state, store.progress, domain.settings))
        return { type: "operator", at, ...action, withoutBridge: true };
      return operatorRefusal(store.state, action.request, context) === null
        ? { type: "operator", at, ...action }
        : null;
    }
    case "time": {
      const overdue = context.schedule.overdue(store.state, at);
      const unacknowledged = context.schedule.unacknowledged(store.state, at);
      const known = { ...(overdue.length > 0 && { overdue }), ...(unacknowledged.length > 0 && { unacknowledged }) };
      return { type: "time", at, ...known };
    }
  }
}
