import type { Fact, FactKind } from "../../src/conference/facts.ts";
import type { Rows } from "../../src/conference/server/queue.ts";
import { isOngoing } from "../../src/conference/state.ts";
import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import { spread } from "../../src/foundation/hash.ts";
import type { ConfKey, DomainName, WebexHost } from "../../src/foundation/ids.ts";
import { type Person, persons, showFields } from "../../src/foundation/shown.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import {
  concernsDirectory,
  directoryFacts,
  isOwed,
  isSpeech,
  type PlacedFact,
} from "../../src/records/directory-facts.ts";
import { viewOf } from "../../src/records/running.ts";
import { isTold } from "../../src/records/webhooks.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import type { FactPage, FeedAnswer, LiveState, Trouble, WaitingDocuments } from "../../src/rpc/directory-feed.ts";
import type { WebexSiteRpc } from "../../src/rpc/webex-site.ts";
import type { Domain } from "../../src/settings/load.ts";
import { maxMessages } from "../../src/tsp/protocol-table.ts";
import type { Platform } from "../platform/platform.ts";
import type { ConferenceStore } from "./conference-store.ts";

interface DirectoryFeedPorts extends Pick<Platform, "now" | "after" | "log"> {
  directory(domain: DomainName): Pick<DirectoryRpc, "follow">;
  webexSite(domain: DomainName): Pick<WebexSiteRpc, "topics">;
  /** The directory has a record that it did not have. */
  changed(): void;
}

/** The conference whose facts are sent. */
interface Subject {
  readonly store: ConferenceStore;
  trouble(): readonly Trouble[];
  /** Those without a Confirmation, in the order in which they were queued. */
  documents(): Rows;
  domain(): Domain | null;
}

/** What comes soon after a fact that somebody waits for goes with it. */
const firstMs = 200;
/** Until the directory has said how many pages it can take. */
const leastPauseMs = 1_000;
const answerWithinMs = 10_000;
/** What the site's object does not say by then, the record lacks. */
const topicWithinMs = 2_000;
/** Documents are confirmed in less, as a rule: what is so for a moment is not worth a page. */
const waitsMs = 5_000;
const backoff = doubling(5_000, 5 * 60_000);
/** That are read for one page: nothing else of the conference goes on meanwhile. */
const mostRows = 500;
/** In one page; more only where one row has more. */
const mostFacts = 500;
/** In a row. A directory that dies over each page is asked again later. */
const mostRefusals = 3;

/** All conferences of a server say these at about the same time: they are gathered, though owed. */
const outageEnds: ReadonlySet<FactKind> = new Set(["server-reached", "server-settled"]);

const showWaiting = showFields<WaitingDocuments>({
  ...{ host: "address", documents: "open", oldestAt: "open", failure: "open" },
});

/**
 * Sends the facts of one conference to its domain's directory, in order, some time after their commit: at once where a record or a webhook
 * waits for it, the rest gathered. Nobody waits for that. One page is on its way at a time; what was not acknowledged is sent again.
 */
export class DirectoryFeed {
  readonly #ports: DirectoryFeedPorts;
  readonly #subject: Subject;
  readonly #next: WakeTimer;
  /** How people were shown in the last page; `null`: the directory may not know the conference, and gets a view of it. */
  #knownAs: string | null = null;
  /** As the directory has it, or will soon. */
  #live: string;
  /** There is something to send that is not owed. */
  #isChanged = false;
  /** It is not known whether the directory has what is owed: an earlier page may have arrived. */
  #isUnsure: boolean;
  #sending: Promise<void> | null = null;
  #isStopped = false;
  #pauseMs = leastPauseMs;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** In a row. */
  #failures = 0;

  constructor(ports: DirectoryFeedPorts, subject: Subject) {
    this.#ports = ports;
    this.#subject = subject;
    this.#isUnsure = this.#owes;
    this.#live = this.#liveText;
    this.#next = new WakeTimer(ports, ports.now, () => {
      this.#send().catch(() => {});
    });
  }

  /** Facts that the directory is not known to have. */
  get #owes(): boolean {
    const { telling } = this.#subject.store.progress;
    return telling !== undefined && telling.told < telling.upTo;
  }

  get #isWatched(): boolean {
    return this.#subject.store.progress.telling?.isWatched ?? false;
  }

  /** A new life of the object. */
  restored(): void {
    this.#live = this.#liveText;
    this.remind();
  }

  /** What is owed is sent by the next attempt, at the latest now. */
  remind(): void {
    if (this.#owes) this.#schedule(firstMs);
  }

  committed(facts: readonly Fact[]): void {
    const { state } = this.#subject.store;
    // Sent at once, its ack is a part of the row that WebEx's Confirmation of the end writes, most often the last one for long.
    if (!isOngoing(state.head) && this.#owes && this.#failures === 0) return this.#wakeWithin(0);
    if (facts.some((fact) => this.#isAwaited(fact))) return this.#schedule(firstMs);
    const isShown = (fact: Fact) => concernsDirectory(fact) && (this.#isWatched || !isSpeech(fact));
    if (!facts.some(isShown)) return this.changed();
    this.#isChanged = true;
    this.#schedule(this.#gatherMs);
  }

  /** Without a fact: WebEx confirms nothing any more, or again. */
  changed(): void {
    const live = this.#liveText;
    if (live === this.#live) return;
    this.#live = live;
    this.#isChanged = true;
    this.#schedule(this.#hasReceivers ? firstMs : this.#gatherMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#next.cancel();
  }

  /** The directory has asked. Rejects where it does not answer. */
  async feed(isWatched: boolean): Promise<void> {
    await this.#sending?.catch(() => {});
    if (!this.#subject.store.identity) return;
    if (isWatched && !this.#isWatched) this.#subject.store.setDirectoryProgress({ isWatched }, true);
    // Else it has asked twice, and the page that is on its way has a view.
    if (!this.#sending) this.#knownAs = null;
    await this.#send();
  }

  #isAwaited(fact: Fact): boolean {
    return isOwed(fact) && !outageEnds.has(fact.kind) && (this.#hasReceivers || !isTold(fact) || "record" in fact);
  }

  get #hasReceivers(): boolean {
    return (this.#subject.domain()?.settings.webhooks.length ?? 0) > 0;
  }

  /** In a large domain, what only its list shows is gathered, unless somebody watches. */
  get #gatherMs(): number {
    return this.#isWatched || this.#pauseMs <= leastPauseMs ? firstMs : this.#pauseMs;
  }

  /** After a page there is a pause, also for what is awaited. */
  #schedule(ms: number): void {
    this.#wakeWithin(Math.max(ms, this.#notBefore - this.#ports.now()));
  }

  #wakeWithin(ms: number): void {
    if (!this.#sending && !this.#isStopped) this.#next.wakeWithin(ms);
  }

  #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
      if (this.#owes || this.#isChanged) this.#schedule(this.#failures > 0 ? 0 : this.#pauseMs);
    });
    return this.#sending;
  }

  /** Page after page until the directory has everything. */
  async #sendAll(): Promise<void> {
    this.#next.cancel();
    const { store } = this.#subject;
    try {
      for (let refusals = 0; refusals < mostRefusals; ) {
        const page = this.#nextPage();
        if (!page || this.#isStopped) return;
        const isCut = page.upTo < store.lastSeq;
        const facts = await this.#withTopics(page.facts);
        const asked = this.#ports.directory(page.domain).follow({ ...page, facts });
        const answer = await within(this.#ports, answerWithinMs, "the directory", asked);
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
      // Conferences that failed together come again one by one.
      const pauseMs = pauseAfter(this.#failures, backoff, spread(`${confKey} ${this.#failures}`));
      this.#notBefore = this.#ports.now() + pauseMs;
      this.#isChanged = true;
      this.#ports.log({ level: "warn", event: "directory-not-told", why: String(error) });
      throw error;
    }
  }

  /** False: the directory wants what is before the page, or a view. */
  #isAccepted({ facts, upTo }: FactPage, { row, place, isWatched, pauseMs }: FeedAnswer): boolean {
    const { store } = this.#subject;
    this.#pauseMs = pauseMs;
    this.#notBefore = this.#ports.now() + pauseMs;
    if (row === null || row < upTo) {
      this.#knownAs = null;
      if (row !== null) store.setDirectoryProgress({ told: row, place: row === 0 ? null : place });
      return false;
    }
    this.#failures = 0;
    // Who speaks may have changed meanwhile, unnoticed.
    const isNewlyWatched = isWatched && !this.#isWatched;
    if (isNewlyWatched) this.#knownAs = null;
    // As a rule the next row says so. After a failure there may be none for long, and each life of the object would send again.
    const isAlone =
      this.#isUnsure || facts.some(({ fact: { kind } }) => kind === "post-given-up" || outageEnds.has(kind));
    const isLast = !isOngoing(store.state.head) && isAlone;
    store.setDirectoryProgress({ told: row, place, isWatched }, isLast || isNewlyWatched);
    this.#isUnsure = false;
    if (facts.some(({ fact }) => "record" in fact)) this.#ports.changed();
    return true;
  }

  #nextPage(): FactPage | null {
    const { store, domain } = this.#subject;
    const { identity, journalName: journal, state, lastSeq } = store;
    const { telling } = store.progress;
    if (!identity || !telling) return null;
    const { told: after, place } = telling;
    const shownAs = domain()?.settings.recordsPersonal ?? "none";
    const person = persons[shownAs];
    const { facts, upTo } = this.#factsAfter(after, person);
    const isKnown = this.#knownAs === shownAs && isOngoing(state.head);
    this.#knownAs = shownAs;
    this.#isChanged = false;
    this.#live = this.#liveText;
    return {
      ...{ domain: identity.domain, key: identity.confKey, journal, after, place, upTo, facts },
      ...(!isKnown && { view: viewOf(state, lastSeq, person) }),
      // For the directory it is over with the page that has the end of it.
      live: isOngoing(state.head) || upTo < lastSeq ? this.#liveState : null,
    };
  }

  #factsAfter(after: number, person: Person): Pick<FactPage, "facts" | "upTo"> {
    const { store } = this.#subject;
    const rows = store.facts(after, mostRows);
    const facts: PlacedFact[] = [];
    let upTo = after;
    for (const row of rows) {
      const some = directoryFacts(row, person, this.#isWatched);
      if (facts.length > 0 && facts.length + some.length > mostFacts) return { facts, upTo };
      facts.push(...some);
      upTo = row.seq;
    }
    return { facts, upTo: rows.length < mostRows ? store.lastSeq : upTo };
  }

  /** What WebEx did not say itself, the site may have said before. */
  async #withTopics(facts: readonly PlacedFact[]): Promise<readonly PlacedFact[]> {
    const isLacking = ({ fact }: PlacedFact) =>
      "record" in fact && fact.record.kind === "conference" && fact.record.topic === "";
    const topic = facts.some(isLacking) ? await this.#topicOfSite() : "";
    if (topic === "") return facts;
    const withTopic = ({ fact, ...place }: PlacedFact) => ({
      ...place,
      fact: { ...fact, record: { ...("record" in fact && fact.record), topic } } as typeof fact,
    });
    return facts.map((placed) => (isLacking(placed) ? withTopic(placed) : placed));
  }

  /** Of all conferences of this key, as far as the domain's WebEx site has said it, and records may have it; else empty. */
  async #topicOfSite(): Promise<string> {
    const { domain, store } = this.#subject;
    const { webexSite, recordsPersonal } = domain()?.settings ?? {};
    if (!webexSite || recordsPersonal !== "full" || !store.identity) return "";
    const { domain: name, confKey } = store.identity;
    const asked = this.#ports.webexSite(name).topics(name, [confKey as ConfKey]);
    const topics = await within(this.#ports, topicWithinMs, "the WebEx site's object", asked).catch(() => null);
    return topics?.get(confKey) ?? "";
  }

  get #liveState(): LiveState {
    const { store, trouble } = this.#subject;
    return { bridge: store.progress.bridge, trouble: trouble(), waiting: this.#waiting };
  }

  /** Looked at with each commit, so it costs little. */
  get #liveText(): string {
    if (!isOngoing(this.#subject.store.state.head)) return "";
    const { bridge, trouble, waiting } = this.#liveState;
    return `${bridge} ${trouble} ${waiting.map(({ host, oldestAt, failure }) => `${host} ${oldestAt} ${failure}`)}`;
  }

  /** What a receiver does not confirm for longer than a moment, and what a server is owed. */
  get #waiting(): readonly WaitingDocuments[] {
    const { outages, debts } = this.#subject.store.state;
    const waiting = Map.groupBy(this.#subject.documents(), ({ host }) => host);
    const now = this.#ports.now();
    return [...new Set([...waiting.keys(), ...outages.keys()])].flatMap((host) => {
      const own = waiting.get(host) ?? [];
      const outage = outages.get(host as WebexHost);
      const oldestAt = outage?.since ?? own[0]?.queuedAt ?? now;
      const failure = outage?.why ?? own.find((one) => one.failure !== undefined)?.failure ?? null;
      if (failure === null && now - oldestAt < waitsMs) return [];
      const documents = own.length + (outage ? Math.ceil(debts.size / maxMessages) : 0);
      return [showWaiting({ host, documents, oldestAt, failure }, persons.none)];
    });
  }
}
