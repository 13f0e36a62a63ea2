import type { Fact, FactKind } from "../../src/conference/facts.ts";
import { isOngoing } from "../../src/conference/head.ts";
import { nextWaitingMs, waitingRows, waitOf } from "../../src/conference/server/queue.ts";
import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import { spread } from "../../src/foundation/hash.ts";
import type { DomainName, EpochMs, WebexHost } from "../../src/foundation/ids.ts";
import { type Person, persons, showOf } from "../../src/foundation/shown.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { minuteMs, within } from "../../src/foundation/time/timers.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import {
  directoryFacts,
  isCounted,
  isForDirectory,
  isGathered,
  isInCounts,
  isOwed,
  isSpeech,
  type PlacedFact,
} from "../../src/records/directory-facts.ts";
import { runningView } from "../../src/records/running.ts";
import { hasWebhook } from "../../src/records/webhooks.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import {
  type FactPage,
  type FeedAnswer,
  type LiveState,
  type Trouble,
  type WaitingDocuments,
  waitingDocuments,
} from "../../src/rpc/directory-feed.ts";
import type { Domain } from "../../src/settings/load.ts";
import { maxMessages } from "../../src/tsp/protocol-table.ts";
import type { Platform } from "../platform/platform.ts";
import type { ConferenceStore } from "./conference-store.ts";
import { shownRoomNames, shownTopic } from "./conference-view.ts";
import type { Outbox } from "./outbox.ts";
import type { DirectoryPace, DirectoryProgress } from "./progress.ts";

interface DirectoryFeedPorts extends Pick<Platform, "now" | "after" | "log"> {
  /** So much later is the time by which others judge how long something waits. */
  behindMs(): number;
  directory(domain: DomainName): Pick<DirectoryRpc, "follow">;
  /** Called when the directory has got a new record. */
  changed(): void;
  domain(): Domain | null;
  /** Sees to it that the alarm comes by then. */
  wakeBy(at: EpochMs): Promise<void>;
}

/** The wait before a page, so that facts that follow soon go with the first one. */
const firstMs = 200;
/** How long a page of figures and searches alone waits, and behind another such page: they have a post after five seconds. */
const counted = { firstMs: 2_000, pauseMs: 3_500 };
/** The alarm sends a page whose turn is later than that: an object that waits by itself is billed. */
const awakeMs = 1_000;
/** A pause that is longer is written at once: the object may leave memory before it is over. */
const longMs = 10_000;
/** No wait is longer, unless there are more conferences than the directory takes pages of in this time. */
const longestMs = 5 * 60_000;
/** Over so long the pages of conferences are spread that have the same to say at once. */
const spreadMs = 3_000;
const answerWithinMs = 10_000;
const backoff = doubling(5_000, 5 * 60_000);
/** Rows read for one page. Nothing else of the conference goes on meanwhile. */
const mostRows = 500;
/** Facts in one page. Only a single row with more of them exceeds it. */
const mostFacts = 500;
/** Pages in a row that the directory may refuse. After that it gets the next one later. */
const mostRefusals = 3;

/** Facts that all conferences of a server have at about the same time. They are gathered, although they are owed. */
const gathered: ReadonlySet<FactKind> = new Set(["server-reached", "server-settled", "conference-taken-over"]);

const showWaiting = showOf(waitingDocuments);

/**
 * Sends the facts of one conference to its domain's directory, in order, after their commit: soon where a record or a webhook waits for
 * one, the others gathered. One page is on its way at a time, and what was not acknowledged is sent again. Nothing waits for the feed.
 */
export class DirectoryFeed {
  readonly #ports: DirectoryFeedPorts;
  readonly #store: ConferenceStore;
  readonly #outbox: Pick<Outbox, "rows" | "sayConfirmed">;
  readonly #next: WakeTimer;
  /** How people were shown in the last page; `null`: the directory may not know the conference, and gets a view of it. */
  #knownAs: string | null = null;
  /** The live state that the directory has, or is about to get. */
  #live: string;
  /** Whether there is something to send that is not owed. */
  #isChanged = false;
  /** Whether the directory may have what is owed: an earlier page may have arrived. */
  #isUnsure: boolean;
  /** The last row of the journal when this life began. */
  readonly #rowAtStart: number;
  #sending: Promise<void> | null = null;
  #isStopped = false;
  /** Whether something waits that all conferences of a server have at about the same time. */
  #saysTogether = false;
  /** Within how long a page was wanted while another one was on its way; `null`: none was. */
  #nextMs: number | null = null;
  /** The directory takes no page before then. */
  #notBefore: EpochMs;
  /** No page of that alone which only figures and searches wait for goes before then. */
  #countedNotBefore: EpochMs = 0;
  /** By when the alarm comes for a page; infinite: this life has not asked for it. */
  #alarmBy = Number.POSITIVE_INFINITY;
  /** Pages in a row that failed. */
  #failures = 0;

  constructor(ports: DirectoryFeedPorts, store: ConferenceStore, outbox: Pick<Outbox, "rows" | "sayConfirmed">) {
    this.#ports = ports;
    this.#store = store;
    this.#outbox = outbox;
    this.#rowAtStart = store.journal.lastSeq;
    this.#live = this.#liveText;
    this.#notBefore = this.#pace?.notBefore ?? 0;
    this.#failures = store.progress.telling?.failures ?? 0;
    this.#isChanged = this.#pace?.dueAt !== undefined;
    this.#isUnsure = this.owes || this.#isChanged;
    this.#next = new WakeTimer(ports, ports.now, () => {
      this.#send().catch(() => {});
    });
  }

  /** Whether there are facts that the directory needs and has not acknowledged. */
  get owes(): boolean {
    const { telling } = this.#store.progress;
    return telling !== undefined && telling.told < telling.upTo;
  }

  get #isWatched(): boolean {
    return this.#store.progress.telling?.isWatched ?? false;
  }

  restored(): void {
    this.#live = this.#liveText;
    const { dueAt = 0 } = this.#pace ?? {};
    const waitMs = this.#isAhead(dueAt) ? 0 : dueAt - this.#ports.now();
    if (this.owes || this.#isChanged) this.#schedule(Math.max(firstMs, waitMs));
  }

  /** Called by the sweep: sends what waits soon, unless the alarm is about to. */
  remind(): void {
    if ((this.owes || this.#isChanged) && !this.#isAlarmSet) this.#schedule(firstMs);
  }

  /** Sends what is owed now. Resolves with when the rest may be sent; `null`: the directory has it. */
  async sendOwed(): Promise<EpochMs | null> {
    if (this.#failures === 0 || this.#pauseMs <= 0)
      await within(this.#ports, answerWithinMs, "the directory", this.#send()).catch(() => {});
    return this.owes ? this.#ports.now() + this.#pauseMs : null;
  }

  /** `isAlone`: nothing comes that could go with them; an object that waits is billed. */
  committed(facts: readonly Fact[], isAlone = false): void {
    if (facts.some(isGathered) && facts.every((fact) => isGathered(fact) || !isForDirectory(fact))) {
      this.#isChanged = true;
      const restMs = isAlone ? 0 : Math.max(counted.firstMs, this.#countedNotBefore - this.#ports.now());
      return this.#schedule(Math.max(restMs, this.#soonMs));
    }
    // Sent at once: the directory's ack then goes into the row of WebEx's Confirmation of the end, often the last row for long.
    if (this.#owesEnd) {
      this.#nextMs = 0;
      return this.#wakeWithin(0);
    }
    if (facts.some((fact) => this.#isAwaited(fact))) return this.#schedule(firstMs);
    const isWanted = (fact: Fact) => isForDirectory(fact) && (this.#isWatched || !isSpeech(fact));
    if (!facts.some(isWanted)) return this.changed();
    this.#isChanged = true;
    this.#saysTogether ||= facts.some(({ kind }) => gathered.has(kind));
    this.#schedule(this.#soonMs);
  }

  /** Something has changed without a fact: documents wait, or are confirmed again. */
  changed(): void {
    const live = this.#liveText;
    if (live === this.#live) return;
    this.#live = live;
    this.#isChanged = true;
    this.#schedule(this.#hasReceivers ? firstMs : this.#togetherMs);
  }

  /** Called by the alarm that comes after an unconfirmed document: time alone makes it one that waits. */
  alarmFired(): void {
    const by = this.#alarmBy;
    this.#alarmBy = Number.POSITIVE_INFINITY;
    // An earlier one may have come for something else. One that comes a moment too soon is not set again and again.
    if (by <= this.#ports.now() + firstMs) this.#schedule(firstMs);
    else if (by < Number.POSITIVE_INFINITY) this.#wakeByAlarm(by);
    this.changed();
    const nextMs = nextWaitingMs(this.#outbox.rows, this.#ports.now());
    if (nextMs !== null) this.#ports.after(nextMs, () => this.changed());
  }

  stop(): void {
    this.#isStopped = true;
    this.#next.cancel();
  }

  /** The directory has asked for a page. Rejects if the page is not acknowledged. */
  async feed(isWatched: boolean): Promise<void> {
    await this.#sending?.catch(() => {});
    if (!this.#store.identity) return;
    if (isWatched && !this.#isWatched) this.#store.setDirectoryProgress({ isWatched }, true);
    // If a page is on its way, the directory has asked twice, and that page has a view.
    if (!this.#sending) this.#knownAs = null;
    await this.#send();
  }

  #isAwaited(fact: Fact): boolean {
    return (
      isOwed(fact) &&
      !isCounted(fact) &&
      !gathered.has(fact.kind) &&
      (this.#hasReceivers || !hasWebhook(fact) || "record" in fact)
    );
  }

  get #hasReceivers(): boolean {
    return (this.#ports.domain()?.settings.webhooks.length ?? 0) > 0;
  }

  /** What all conferences of a server say at the same time comes to the directory one after the other. */
  get #togetherMs(): number {
    const allMs = this.#isWatched ? 0 : (this.#pace?.allMs ?? 0);
    return firstMs + Math.max(spreadMs, allMs) * spread(this.#store.identity?.confKey ?? "");
  }

  /** Behind a long pause, other conferences of the domain have as much to say. */
  get #soonMs(): number {
    return this.#saysTogether || (this.#pace?.pauseMs ?? 0) > longMs ? this.#togetherMs : firstMs;
  }

  /** A late directory has the page in its queue, and a second one would make it later. */
  get #answerWithinMs(): number {
    return Math.max(answerWithinMs, this.#pace?.allMs ?? 0);
  }

  get #pace(): DirectoryPace | undefined {
    return this.#store.progress.telling?.pace;
  }

  /** Whether this time is of a clock that was ahead: a page waits for its pause and then its turn, no longer. */
  #isAhead(at: EpochMs): boolean {
    return at > this.#ports.now() + Math.max(longestMs, 2 * (this.#pace?.allMs ?? 0)) + spreadMs;
  }

  /** What is left of the pause after the last page. */
  get #pauseMs(): number {
    return this.#isAhead(this.#notBefore) ? 0 : this.#notBefore - this.#ports.now();
  }

  /** Whether the alarm is still to come: the platform may have given it up. */
  get #isAlarmSet(): boolean {
    return this.#alarmBy > this.#ports.now() && this.#alarmBy < Number.POSITIVE_INFINITY;
  }

  /** Whether it is over, and the directory lacks something of it. */
  get #owesEnd(): boolean {
    return !isOngoing(this.#store.state.head) && this.owes && this.#failures === 0;
  }

  /** Sends a page then, and not before the pause after the last page is over, even if somebody waits. */
  #schedule(ms: number): void {
    if (this.#sending) this.#nextMs = Math.min(this.#nextMs ?? ms, ms);
    const inMs = Math.max(ms, this.#pauseMs);
    const isGathering = inMs === ms && this.#pace === undefined;
    if (isGathering || inMs <= awakeMs) this.#wakeWithin(inMs);
    else if (!this.#sending && !this.#isStopped) this.#wakeByAlarm(Math.ceil(this.#ports.now() + inMs));
  }

  /** It may be set already, so that to ask for it costs a question each time. */
  #wakeByAlarm(at: EpochMs): void {
    if (this.#alarmBy <= at) return;
    this.#alarmBy = at;
    void this.#ports.wakeBy(at);
    // On disk with the Confirmation of what is to be said, as a rule.
    const { dueAt = at } = this.#pace ?? {};
    if (this.#pace) this.#store.setDirectoryProgress({ pace: { ...this.#pace, dueAt: Math.min(at, dueAt) } });
  }

  #wakeWithin(ms: number): void {
    if (!this.#sending && !this.#isStopped) this.#next.wakeWithin(ms);
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
      const nextMs = this.#nextMs ?? firstMs;
      this.#nextMs = null;
      if (this.#owesEnd && nextMs === 0) this.#wakeWithin(0);
      else if (this.owes || this.#isChanged) this.#schedule(nextMs);
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    // Confirmations would have a page of their own right behind this one.
    if (!this.#isStopped) this.#outbox.sayConfirmed();
    this.#next.cancel();
    const store = this.#store;
    try {
      for (let refusals = 0; refusals < mostRefusals; ) {
        const page = this.#nextPage();
        if (!page || this.#isStopped) return;
        const isCut = page.upTo < store.journal.lastSeq;
        const asked = this.#ports.directory(page.domain).follow(page);
        const answer = await within(this.#ports, this.#answerWithinMs, "the directory", asked);
        if (this.#isStopped) return;
        if (!this.#isAccepted(page, answer)) refusals += 1;
        else if (!isCut && this.#knownAs !== null) return;
      }
      throw new Error("it knows nothing of the pages before");
    } catch (error) {
      this.#isUnsure = true;
      this.#knownAs = null;
      const { confKey = "" } = store.identity ?? {};
      this.#failures += 1;
      // Those that failed together come again one by one.
      const pauseMs = pauseAfter(this.#failures, backoff, spread(`${confKey} ${this.#failures}`));
      this.#notBefore = this.#ports.now() + pauseMs;
      this.#keep({ failures: this.#failures }, pauseMs > longMs);
      this.#isChanged = true;
      this.#ports.log({ level: "warn", event: "directory-not-told", why: String(error) });
      throw error;
    }
  }

  /** False: the directory wants facts from before the page, or a view. */
  #isAccepted({ facts, upTo }: FactPage, { row, place, isWatched, pauseMs, allMs }: FeedAnswer): boolean {
    const store = this.#store;
    this.#notBefore = this.#ports.now() + pauseMs;
    const wasCounted = facts.every(({ fact }) => isGathered(fact));
    this.#countedNotBefore = wasCounted ? this.#ports.now() + counted.pauseMs : 0;
    if (row === null || row < upTo) {
      this.#knownAs = null;
      if (row !== null) store.setDirectoryProgress({ told: row, place: row === 0 ? null : place });
      return false;
    }
    this.#failures = 0;
    // Nobody watched, so who speaks may have changed without a page.
    const isNewlyWatched = isWatched && !this.#isWatched;
    if (isNewlyWatched) this.#knownAs = null;
    // As a rule the next row keeps this.
    const isOwn = (kind: FactKind) => kind === "post-given-up" || gathered.has(kind);
    const isLastCount = this.#outbox.rows.length === 0 && facts.some(({ fact }) => isInCounts(fact));
    const isAlone = this.#isUnsure || isLastCount || facts.some(({ fact: { kind } }) => isOwn(kind));
    // Nothing may follow for long, and each life that a sweep or a digest begins would send the same again.
    const isQuiet = !isOngoing(store.state.head) || store.journal.lastSeq === this.#rowAtStart;
    const isLast = isQuiet && isAlone;
    // The object may be gone before the next row, and its next life would not wait.
    const isLong = isOngoing(store.state.head) && pauseMs > longMs;
    const pace = allMs > longMs ? { allMs, pauseMs, notBefore: this.#notBefore } : undefined;
    this.#keep({ told: row, place, isWatched, pace, failures: undefined }, isLast || isNewlyWatched || isLong);
    this.#isUnsure = false;
    if (facts.some(({ fact }) => "record" in fact)) this.#ports.changed();
    return true;
  }

  /** The directory has the page, though a full disk does not say so. */
  #keep(change: Partial<DirectoryProgress>, isWritten: boolean): void {
    try {
      this.#store.setDirectoryProgress(change, isWritten);
    } catch (error) {
      this.#ports.log({ level: "warn", event: "directory-ack-not-kept", why: String(error) });
    }
  }

  #nextPage(): FactPage | null {
    const store = this.#store;
    const { identity, journalName: journal, state } = store;
    const { lastSeq } = store.journal;
    const { telling } = store.progress;
    if (!identity || !telling) return null;
    const { told: after, place } = telling;
    const shownAs = this.#ports.domain()?.settings.recordsPersonal ?? "none";
    const person = persons[shownAs];
    const topic = shownTopic(state.head, shownAs === "full");
    const roomNames = shownRoomNames(state, shownAs === "full");
    const named = { ...(topic !== undefined && { topic }), ...(roomNames.length > 0 && { roomNames }) };
    const { facts, upTo } = this.#factsAfter(after, person);
    const isKnown = this.#knownAs === shownAs && isOngoing(state.head);
    this.#knownAs = shownAs;
    this.#isChanged = false;
    this.#saysTogether = false;
    this.#nextMs = null;
    this.#alarmBy = Number.POSITIVE_INFINITY;
    this.#live = this.#liveText;
    const isOver = !isOngoing(state.head) && upTo === lastSeq;
    const waiting = isOver ? this.#waiting : [];
    return {
      ...{ domain: identity.domain, key: identity.confKey, journal, after, place, upTo, facts },
      ...(!isKnown && { view: runningView(state, lastSeq, person) }),
      // For the directory, the conference is over with the page that has its end.
      live: isOver ? null : { ...this.#liveState, ...named },
      ...(waiting.length > 0 && { waiting }),
    };
  }

  #factsAfter(after: number, person: Person): Pick<FactPage, "facts" | "upTo"> {
    const store = this.#store;
    const rows = store.journal.facts(after, mostRows);
    const facts: PlacedFact[] = [];
    let upTo = after;
    for (const row of rows) {
      const some = directoryFacts(row, person, this.#isWatched);
      if (facts.length > 0 && facts.length + some.length > mostFacts) return { facts, upTo };
      facts.push(...some);
      upTo = row.seq;
    }
    return { facts, upTo: rows.length < mostRows ? store.journal.lastSeq : upTo };
  }

  get #liveState(): LiveState {
    const lateSince = this.#lateSince;
    const { bridge, aheadMs = 0 } = this.#store.progress;
    const { head } = this.#store.state;
    return {
      ...(head.phase === "running" && head.speech && { followsSpeakers: true as const }),
      ...{ bridge, trouble: this.#trouble, waiting: this.#waiting },
      ...(lateSince !== null && { lateSince }),
      ...(aheadMs >= minuteMs && { aheadMs }),
    };
  }

  get #lateSince(): EpochMs | null {
    // A command that has expired answers by when it did.
    const since = earliest(
      ...[...this.#store.state.commands.values()].map((one) => (one.expired ? one.answerBy : null)),
    );
    return since && since + this.#ports.behindMs();
  }

  get #trouble(): readonly Trouble[] {
    const { outages } = this.#store.state;
    const hasFailed = outages.size > 0 || this.#outbox.rows.some((row) => waitOf(row).why !== null);
    return [...(hasFailed ? (["posts"] as const) : []), ...(this.#lateSince === null ? [] : (["commands"] as const))];
  }

  /** The live state as text, to compare it after each commit at little cost. */
  get #liveText(): string {
    const { head } = this.#store.state;
    if (!isOngoing(head)) return waitingText(this.#waiting);
    const { bridge, trouble, lateSince, waiting, aheadMs, followsSpeakers } = this.#liveState;
    return `${bridge} ${followsSpeakers} ${head.life.topic} ${trouble} ${lateSince} ${aheadMs} ${waitingText(waiting)}`;
  }

  /** The documents that wait for longer than a moment, by receiver, with what a server is owed. */
  get #waiting(): readonly WaitingDocuments[] {
    const { outages, debts } = this.#store.state;
    // What a probe says is among the debts, until its server has it or has shown itself in another way.
    const all = this.#outbox.rows.filter(({ probe, host }) => !(probe && outages.has(host as WebexHost)));
    const waiting = waitingRows(all, this.#ports.now());
    return [...new Set([...waiting.keys(), ...outages.keys()])].flatMap((host) => {
      const outage = outages.get(host as WebexHost);
      const own = waiting.get(host);
      const rows = own?.rows ?? all.filter((row) => row.host === host).length;
      const documents = rows + (outage ? Math.ceil(debts.size / maxMessages) : 0);
      const oldestAt = (outage?.since ?? own?.oldestAt ?? 0) + this.#ports.behindMs();
      const failure = outage?.why ?? own?.failure ?? null;
      return [showWaiting({ host, documents, oldestAt, failure }, persons.none)];
    });
  }
}

function waitingText(waiting: readonly WaitingDocuments[]): string {
  return String(waiting.map(({ host, documents, oldestAt, failure }) => `${host} ${documents} ${oldestAt} ${failure}`));
}
