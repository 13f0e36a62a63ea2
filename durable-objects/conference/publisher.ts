import type { Fact } from "../../src/conference/facts.ts";
import { isOngoing } from "../../src/conference/head.ts";
import { currentRow, isPublished, isSoon, isUrgent, type RowsContext, rowsOf } from "../../src/conference/rows.ts";
import { nextWaitingMs, waitingRows, waitOf } from "../../src/conference/server/queue.ts";
import { type Batch, Feed, urgentMs } from "../../src/delivery/feed.ts";
import { hash } from "../../src/foundation/hash.ts";
import type { ConfKey, DomainName, EpochMs, WebexHost } from "../../src/foundation/ids.ts";
import { persons, shown } from "../../src/foundation/shown.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { minuteMs } from "../../src/foundation/time/timers.ts";
import { countsOf, sumOf } from "../../src/records/counts.ts";
import { shownCall, shownConference } from "../../src/records/rows.ts";
import type { ConferenceIdentity } from "../../src/rpc/conference.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import {
  type ConferenceBatch,
  type DirectoryAck,
  type WaitingDocuments,
  watchedPauseMs,
} from "../../src/rpc/directory-feed.ts";
import { personShown } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import { maxMessages } from "../../src/tsp/protocol-table.ts";
import type { Platform } from "../platform/platform.ts";
import type { ConferenceStore } from "./conference-store.ts";
import type { Outbox } from "./outbox.ts";
import { nothingPublished, type Published } from "./progress.ts";

interface PublisherPorts extends Pick<Platform, "now" | "after" | "log"> {
  directory(domain: DomainName): Pick<DirectoryRpc, "publish">;
  domain(): Domain | null;
  /** Sets the alarm for that time at the latest. */
  wakeBy(at: EpochMs): void;
}

/** Pause between batches with only counts. Each costs rows of the directory, and stats are per minute. */
const countsEveryMs = minuteMs;
/** Rows of the journal read for one batch. The conference is blocked meanwhile. */
const mostRows = 500;

/** A batch, and the directory's state of the conference once it is stored. */
interface Outgoing extends Batch {
  readonly batch: ConferenceBatch;
  readonly has: Pick<Published, "row" | "counted" | "now">;
  /** A long journal takes several batches. */
  readonly hasMore: boolean;
}

/**
 * Publishes rows of one conference to its domain's directory: those that changed since the last acknowledged
 * row of the journal, and the current state. Nothing waits for it.
 */
export class Publisher {
  readonly #ports: PublisherPorts;
  readonly #store: ConferenceStore;
  readonly #outbox: Pick<Outbox, "rows" | "sayConfirmed">;
  readonly #feed: Feed<Outgoing, DirectoryAck>;
  /** Version of the last batch. If an earlier instance sent a later one, the directory reports it. */
  #version = 0;
  #isWatched = false;
  #sentAt: EpochMs = Number.NEGATIVE_INFINITY;
  readonly #rowAtStart: number;
  /** Hash of the current state; `null` if a commit or time may have changed it. */
  #hash: number | null = null;

  constructor(ports: PublisherPorts, store: ConferenceStore, outbox: Pick<Outbox, "rows" | "sayConfirmed">) {
    this.#ports = ports;
    this.#store = store;
    this.#outbox = outbox;
    this.#rowAtStart = store.journal.lastSeq;
    this.#feed = new Feed({
      ...ports,
      name: () => store.identity?.confKey ?? "",
      isPending: () => this.owes || this.#isChanged,
      rows: () => this.#rows(),
      send: ({ batch }) => ports.directory(batch.domain).publish(batch),
      acknowledged: (sent, ack) => this.#acknowledged(sent, ack),
      failed: (why) => ports.log({ level: "warn", event: "directory-not-told", why }),
    });
  }

  /** True if the directory lacks required data. */
  get owes(): boolean {
    const { row, upTo } = this.#published;
    return row < upTo;
  }

  /** An earlier instance may have left something. */
  remind(): void {
    if (this.owes) this.#feed.changed(urgentMs);
  }

  /** `isAlone`: no further facts will follow soon. A waiting object is billed. */
  committed(facts: readonly Fact[], isAlone = false): void {
    this.#hash = null;
    // Send at once: the ack is then stored with WebEx's Confirmation of the end, often the last row for long.
    if (!isOngoing(this.#store.state.head) && this.owes) this.#feed.changed(0);
    else if (facts.some(isUrgent)) this.#feed.changed(urgentMs);
    else if (facts.some(isSoon) || (facts.some(isPublished) && this.#areCountsDue))
      this.#feed.changed(isAlone ? urgentMs : undefined);
    else this.#sendChange();
  }

  /** The conference's next alarm sends the rest. */
  get #areCountsDue(): boolean {
    return this.#isWatched || Math.abs(this.#ports.now() - this.#sentAt) >= countsEveryMs;
  }

  /** Notes changes without a fact: waiting documents, opened rooms. */
  changed(): void {
    this.#hash = null;
    this.#sendChange();
  }

  #sendChange(): void {
    if (this.#isChanged) this.#feed.changed();
  }

  /** Called by the alarm after an unconfirmed document, which then counts as waiting. */
  alarmFired(): void {
    this.remind();
    this.changed();
    const nextMs = nextWaitingMs(this.#outbox.rows, this.#ports.now());
    if (nextMs !== null) this.#ports.after(nextMs, () => this.changed());
  }

  /** Resolves to true if the directory has everything. */
  send(): Promise<boolean> {
    return this.#feed.send();
  }

  /** Sends the current state, with `isWhole` the whole journal. Resolves to true if it is stored. */
  async publish(isWhole: boolean): Promise<boolean> {
    // The acknowledgement of a batch in flight would undo this.
    await this.send();
    this.#store.setPublished({ ...(isWhole && { row: 0 }), now: 0 });
    let hasAll: boolean;
    do hasAll = await this.send();
    while (!hasAll && !this.#feed.isFailing && this.owes);
    return !this.#feed.isFailing;
  }

  stop(): void {
    this.#feed.stop();
  }

  get #published(): Published {
    return this.#store.progress.published ?? nothingPublished;
  }

  get #isChanged(): boolean {
    return this.#store.identity !== null && this.#nowHash !== this.#published.now;
  }

  #rows(): Outgoing {
    const store = this.#store;
    const { journal } = store;
    this.#sentAt = this.#ports.now();
    // Otherwise Confirmations would get their own batch right after this one.
    this.#outbox.sayConfirmed();
    this.#hash = null;
    const { row, counted } = this.#published;
    const facts = journal.facts(Math.min(row, counted.upTo), mostRows);
    const upTo = facts.length < mostRows ? journal.lastSeq : (facts.at(-1)?.seq ?? journal.lastSeq);
    const { conferences, calls } = rowsOf(
      this.#context(this.#ports.domain()?.settings.customerReference),
      facts.filter(({ seq }) => seq > row),
    );
    const hasMore = upTo < journal.lastSeq;
    const counts = sumOf(counted.counts, countsOf(facts.filter(({ seq }) => seq > counted.upTo)));
    const person = personShown(this.#ports.domain()?.settings);
    const { domain, confKey: key } = store.identity as ConferenceIdentity;
    this.#version = Math.max(this.#version + 1, journal.lastSeq);
    return {
      version: this.#version,
      batch: {
        version: this.#version,
        domain,
        key,
        source: `${key} ${store.journalName}`,
        counts,
        waiting: this.#waiting.map((one) => shown(one, persons.none)),
        // The current row deletes open rows of an earlier conference, whose end may be in a later batch.
        conferences: conferences
          .filter(({ now }) => now === null || !hasMore)
          .map((one) => shownConference(one, person)),
        calls: calls.map((one) => shownCall(one, person)),
      },
      has: { row: Math.max(row, upTo), counted: { upTo: Math.max(counted.upTo, upTo), counts }, now: this.#nowHash },
      hasMore,
    };
  }

  #acknowledged({ has, hasMore }: Outgoing, { directory, laterVersion, pauseMs }: DirectoryAck): void {
    const store = this.#store;
    this.#isWatched = pauseMs <= watchedPauseMs;
    if (laterVersion !== undefined) {
      this.#version = laterVersion;
      return this.#feed.changed(0);
    }
    // A directory that lost its data lacks everything before this batch.
    const known = this.#published.directory;
    const isNew = known !== "" && known !== directory;
    // Nothing may follow for long, and each instance that a sweep or a digest loads would resend the same.
    const isLast = !isOngoing(store.state.head) || store.journal.lastSeq === this.#rowAtStart;
    try {
      store.setPublished({ ...has, directory, ...(isNew && { row: 0 }) }, isLast);
      if (isNew || hasMore) this.#feed.changed(0);
      else this.#sendChange();
    } catch (error) {
      // It has the batch, although a full disk does not confirm it.
      this.#ports.log({ level: "warn", event: "directory-ack-not-kept", why: String(error) });
    }
  }

  get #nowHash(): number {
    this.#hash ??= hash(JSON.stringify([currentRow(this.#context()), this.#waiting]));
    return this.#hash;
  }

  /** Works without settings, which cannot always be read. */
  #context(customerReference = ""): RowsContext {
    const { identity, progress, state } = this.#store;
    const lateSince = this.#lateSince;
    const { bridge, aheadMs = 0 } = progress;
    return {
      confKey: identity?.confKey ?? ("" as ConfKey),
      bridge,
      customerReference,
      state,
      isFailing: state.outages.size > 0 || this.#outbox.rows.some((row) => waitOf(row).why !== null),
      lateSince,
      aheadMs: aheadMs >= minuteMs ? aheadMs : 0,
    };
  }

  get #lateSince(): EpochMs | null {
    // An expired command keeps its deadline.
    return earliest(...[...this.#store.state.commands.values()].map((one) => (one.expired ? one.answerBy : null)));
  }

  /** Documents that wait longer than a moment, by receiver, including the backlog of servers. */
  get #waiting(): readonly WaitingDocuments[] {
    const { outages, debts } = this.#store.state;
    // A probe's messages are part of the backlog until its server answers.
    const all = this.#outbox.rows.filter(({ probe, host }) => !(probe && outages.has(host as WebexHost)));
    const waiting = waitingRows(all, this.#ports.now());
    return [...new Set([...waiting.keys(), ...outages.keys()])].map((host) => {
      const outage = outages.get(host as WebexHost);
      const own = waiting.get(host);
      const rows = own?.rows ?? all.filter((row) => row.host === host).length;
      const documents = rows + (outage ? Math.ceil(debts.size / maxMessages) : 0);
      const oldestAt = outage?.since ?? own?.oldestAt ?? 0;
      return { host, documents, oldestAt, failure: outage?.why ?? own?.failure ?? null };
    });
  }
}
