import type { IssuedCommand } from "../../src/bridge/commands.ts";
import { isCommand } from "../../src/conference/draft.ts";
import type { Fact } from "../../src/conference/facts.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { type OperatorAction, operatorRefusal } from "../../src/conference/operator-actions.ts";
import type { Queue, Rows } from "../../src/conference/server/queue.ts";
import { applyTransaction } from "../../src/conference/transaction.ts";
import type { CommandId, EpochMs, MsgId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { dayMs, wait } from "../../src/foundation/time/timers.ts";
import { decidedBy } from "../../src/replay/history.ts";
import type { AgentReports, ConferenceDocument, ConferenceIdentity } from "../../src/rpc/conference.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import type { Domain } from "../../src/settings/load.ts";
import { type IdSupply, NoIds } from "../ids/id-supply.ts";
import type { Platform } from "../platform/platform.ts";
import { type ConferenceStore, type Progress, withStream } from "./conference-store.ts";
import type { Outbox, Undelivered } from "./outbox.ts";

/** An input to commit, before it is known whether it was committed before. */
export type Item =
  | { readonly type: "webex"; readonly document: ConferenceDocument }
  | { readonly type: "bridge"; readonly reports: AgentReports }
  | { readonly type: "operator"; readonly action: OperatorAction }
  | { readonly type: "undelivered"; readonly undelivered: Undelivered }
  | { readonly type: "reached"; readonly host: WebexHost }
  | { readonly type: "time" };

interface Waiting {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Pause after which the next item counts as a lone one. */
const loneAfterMs = 1;

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

  /** Whether nothing waits. */
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
        // Each further item would wait as long for an allocator that does not answer.
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

/** All that a transaction needs: its time, whose conference it is, and where everything goes. */
interface Context {
  readonly at: EpochMs;
  readonly identity: ConferenceIdentity;
  readonly domain: Domain;
  readonly store: ConferenceStore;
  readonly outbox: Outbox;
  readonly ids: IdSupply;
  nonce(): string;
  /** The commands on which the bridge has been at work for too long. */
  overdue(): readonly CommandId[];
  /** The commands whose time is up, and which no agent has acknowledged. */
  unacknowledged(): readonly CommandId[];
}

/**
 * Commits all items in one transaction, or throws and leaves nothing of any of them. `null`: all of them were committed before,
 * and nothing is written.
 */
export function transact(context: Context, submitted: readonly Item[]): Batch | null {
  const { identity, domain, store, outbox, ids } = context;
  // What is confirmed is deleted here, so the sign of life that it is must not be missing.
  const signs = outbox.signs.map((host) => ({ type: "reached" as const, host: host as WebexHost }));
  const items: readonly Item[] = [...signs, ...submitted];
  if (items.every((item) => inputOf(item, context, outbox.rows) === null)) return null;
  const { transactionMemoryMs: neededMs, journalRetentionDays } = domain.settings;
  return ids.transaction(
    (nextId) => {
      store.identify(identity, { neededMs, keptMs: journalRetentionDays * dayMs }, context.nonce);
      const batch = new Batch(context, nextId);
      for (const item of items) batch.apply(item);
      outbox.write(batch.queue.rows);
      return batch;
    },
    (work) => store.transaction(work),
  );
}

/** One transaction of a conference: what is decided on each item goes to the store, and the rest of it is collected here. */
class Batch {
  queue: Queue;
  readonly commands: IssuedCommand[] = [];
  readonly facts: Fact[] = [];
  readonly #context: Context;
  readonly #nextId: (kind: keyof IdsWanted) => string;

  constructor(context: Context, nextId: (kind: keyof IdsWanted) => string) {
    this.#context = context;
    this.#nextId = nextId;
    this.queue = context.outbox.queue;
  }

  apply(item: Item): void {
    const input = inputOf(item, this.#context, this.queue.rows);
    if (!input) return;
    const { identity, domain, store, outbox, ids, nonce } = this.#context;
    const nextId = this.#nextId;
    const { state, progress } = store;
    const { decision, facts, queue, ...applied } = applyTransaction({ state, queue: this.queue, progress }, input, {
      confKey: identity.confKey,
      domain,
      row: store.nextSeq,
      ...(item.type === "bridge" && { reporter: item.reports }),
      ...(item.type === "webex" && { shared: item.document.shared }),
      msgId: () => nextId("msgIds") as MsgId,
      transId: () => nextId("transIds") as TransId,
      documentSeq: () => outbox.nextSeq(),
      nonce,
    });
    this.queue = queue;
    for (const effect of decision.effects) if (isCommand(effect)) this.commands.push(effect);
    this.facts.push(...facts);
    const streams = streamsAfter(item, input, progress);
    const after = {
      ...progress,
      ...applied.progress,
      ...streams,
      ...ids.atHand,
      decidedBy: decidedBy(domain.settings),
    };
    store.append(input, decision.changes, after, facts);
  }
}

function streamsAfter(item: Item, input: ConferenceInput, progress: Progress): Pick<Progress, "streams"> | undefined {
  if (item.type !== "bridge" || input.type !== "bridge") return undefined;
  const { bridge, stream } = item.reports;
  return { streams: withStream(progress, bridge, stream, input.reports.at(-1)?.number ?? 0) };
}

/** `null`: there is nothing in the item that was not committed before, or that would be done. */
function inputOf(item: Item, { at, store, domain, ...context }: Context, rows: Rows): ConferenceInput | null {
  switch (item.type) {
    case "webex": {
      const { transId, messages } = item.document;
      return { type: "webex", at, transId, messages };
    }
    case "bridge": {
      const { bridge } = item.reports;
      const reports = store.freshReports(item.reports);
      const elsewhere = store.isElsewhere(bridge) && { elsewhere: bridge };
      return reports.length === 0 ? null : { type: "bridge", at, reports, ...elsewhere };
    }
    case "undelivered": {
      const { seq, messages, why, unpostable } = item.undelivered;
      // A failover may have dropped the row meanwhile.
      const row = rows.find((one) => one.seq === seq);
      if (!row) return null;
      const { host, transId, attempts, oneAttempt, probe } = row;
      const kind = { ...(oneAttempt && { oneAttempt }), ...(probe && { probe }), ...(unpostable && { unpostable }) };
      const of = { host, transId, attempts, why, ...kind };
      return { type: "undelivered", at, messages, of };
    }
    case "reached":
      return store.state.outages.has(item.host) ? { type: "reached", at, host: item.host } : null;
    case "operator": {
      const { action } = item;
      const context = { settings: domain.settings, cannot: store.progress.cannot ?? [] };
      const isDone = store.hasAction(action.id, at) || operatorRefusal(store.state, action.request, context) !== null;
      return isDone ? null : { type: "operator", at, ...action };
    }
    case "time": {
      const [overdue, unacknowledged] = [context.overdue(), context.unacknowledged()];
      const known = { ...(overdue.length > 0 && { overdue }), ...(unacknowledged.length > 0 && { unacknowledged }) };
      return { type: "time", at, ...known };
    }
  }
}
