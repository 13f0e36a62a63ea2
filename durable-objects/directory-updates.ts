import type { Rows } from "../src/conference/queue.ts";
import { type Caller, type Head, isOngoing } from "../src/conference/state.ts";
import { wireNameOf } from "../src/explain/timeline.ts";
import type { CallId, ConfKey, DomainName, EpochMs } from "../src/foundation/ids.ts";
import { masked } from "../src/foundation/shown.ts";
import { within } from "../src/foundation/timers.ts";
import { WakeTimer } from "../src/foundation/wake-timer.ts";
import type { CallRecord } from "../src/records/call-record.ts";
import { entriesIn, givenUpIn, recordsIn } from "../src/records/ended.ts";
import type { DirectoryRpc } from "../src/rpc/directory.ts";
import type {
  DirectoryAnswer,
  DirectoryUpdate,
  GivenUpPost,
  JoinedCall,
  PeopleChange,
  PersonInside,
  RunningConference,
  Trouble,
  WaitingDocuments,
} from "../src/rpc/directory-update.ts";
import type { WebexSiteRpc } from "../src/rpc/webex-site.ts";
import type { Domain } from "../src/settings/load.ts";
import { maxMessages } from "../src/tsp/protocol-table.ts";
import { earliest } from "./clock.ts";
import type { ConferenceStore } from "./conference-store.ts";
import type { Tally } from "./measures.ts";
import { ToldPeople } from "./people-inside.ts";
import type { Platform } from "./platform.ts";

interface DirectoryUpdatePorts extends Pick<Platform, "now" | "after" | "log"> {
  directory(domain: DomainName): Pick<DirectoryRpc, "tell">;
  webexSite(domain: DomainName): Pick<WebexSiteRpc, "topics">;
  /** The directory has a record that it did not have. */
  changed(): void;
}

/** The conference that is told of. */
interface Subject {
  readonly store: ConferenceStore;
  trouble(): readonly Trouble[];
  /** Those without a Confirmation, in the order in which they were queued. */
  documents(): Rows;
  /** How many callers are in it. */
  readonly tally: Readonly<Tally>;
  domain(): Domain | null;
}

const nobody: ReadonlySet<CallId> = new Set();
/** What comes soon after the first of it is told with it. */
const firstMs = 200;
const everyMs = 1_000;
const answerWithinMs = 10_000;
/** What the site's object does not say by then, the record lacks. */
const topicWithinMs = 2_000;
/** Documents are confirmed in less, as a rule: what is so for a moment is not worth an update. */
const waitsMs = 5_000;
const firstAgainMs = 5_000;
const longestAgainMs = 5 * 60_000;
/** Records in one call. */
const mostRecords = 500;

/**
 * Tells the domain's directory of one conference: that it runs, how it is, and what of it has ended. Nobody waits for that. It comes some
 * time after the commit, many changes in one call, at least once; what may have been told before says so.
 */
export class DirectoryUpdates {
  readonly #ports: DirectoryUpdatePorts;
  readonly #subject: Subject;
  /** Up to this row it may have been told, though no answer came. */
  #unsureUpTo: number;
  /** As the list has it, or will soon. */
  #shown: string;
  readonly #people = new ToldPeople();
  readonly #next: WakeTimer;
  #isTelling = false;
  #isChanged = false;
  #isStopped = false;
  #againMs = firstAgainMs;

  constructor(ports: DirectoryUpdatePorts, subject: Subject) {
    this.#ports = ports;
    this.#subject = subject;
    this.#unsureUpTo = subject.store.lastSeq;
    this.#shown = this.#show();
    this.#next = new WakeTimer(ports, ports.now, () => {
      this.#tell().catch(() => {});
    });
  }

  /** Who speaks is shown to people. */
  get #isShown(): boolean {
    return this.#subject.store.progress.telling?.isShown ?? false;
  }

  /** Whether a call or a conference began or ended of which the directory is not known to know. */
  get #owes(): boolean {
    const { telling } = this.#subject.store.progress;
    return telling !== undefined && telling.told < telling.upTo;
  }

  /** A new life of the object. */
  restored(): void {
    this.#shown = this.#show();
    this.remind();
  }

  /** What is still to tell is told by the next attempt, at the latest now. */
  remind(): void {
    if (this.#owes) this.#schedule(firstMs);
  }

  /** `otherPeople`: who came, left or got an attendee ID. */
  committed(otherPeople: ReadonlySet<CallId> = nobody): void {
    const shown = this.#show();
    this.#people.changed(otherPeople);
    if (shown === this.#shown && otherPeople.size === 0 && !this.#owes) return;
    this.#shown = shown;
    this.#isChanged = true;
    if (isOngoing(this.#subject.store.state.head)) return this.#schedule(firstMs);
    // Told at once, it is noted in the row that WebEx's Confirmation of the end has written, most often the last one for long.
    if (this.#againMs === firstAgainMs) this.#wakeWithin(0);
    else this.#schedule(0);
  }

  /** Without a commit: WebEx confirms nothing any more, or again. */
  changed(): void {
    if (this.#show() !== this.#shown) this.committed();
  }

  stop(): void {
    this.#isStopped = true;
    this.#next.cancel();
  }

  /** The directory has asked for it. Rejects when it does not answer. */
  async tell(what: "changes" | "all"): Promise<void> {
    this.#people.lost();
    // What is on its way now may have been said before the directory asked.
    this.#isChanged = true;
    if (what === "changes") return this.#tell();
    const { store } = this.#subject;
    if (!store.identity) return;
    const rows = store.facts(0);
    const records = recordsIn(rows).map(({ value: record }) => ({ record, again: true }));
    for (let first = 0; first === 0 || first < records.length; first += mostRecords) {
      const givenUp = first === 0 ? this.#postsOf(givenUpIn(rows)) : [];
      await this.#send({ ended: records.slice(first, first + mostRecords), givenUp, behind: null });
    }
  }

  /** What is told already, or was tried in vain, waits for its time. */
  #schedule(ms: number): void {
    if (!this.#next.isSet) this.#wakeWithin(ms);
  }

  #wakeWithin(ms: number): void {
    if (!this.#isTelling && !this.#isStopped) this.#next.wakeWithin(ms);
  }

  /** Comes again by itself where the directory does not answer, also when that has asked: what has changed meanwhile waits for it. */
  async #tell(): Promise<void> {
    this.#next.cancel();
    try {
      await this.#tellChanges();
      this.#againMs = firstAgainMs;
    } catch (error) {
      this.#ports.log({ level: "warn", event: "directory-not-told", why: String(error) });
      this.#schedule(this.#againMs);
      this.#againMs = Math.min(2 * this.#againMs, longestAgainMs);
      throw error;
    }
  }

  async #tellChanges(): Promise<void> {
    const { store } = this.#subject;
    const { identity, progress } = store;
    const { telling } = progress;
    if (!identity || !telling || this.#isTelling) return;
    const told = telling.told;
    let upTo = store.lastSeq;
    let ended: DirectoryUpdate["ended"] = [];
    let joined: DirectoryUpdate["joined"];
    let givenUp: DirectoryUpdate["givenUp"];
    if (this.#owes) {
      const rows = store.facts(told);
      const all = recordsIn(rows);
      const some = all.slice(0, mostRecords);
      // Those of one row are told together.
      const rest = all.slice(some.length).filter(({ seq }) => seq === some.at(-1)?.seq);
      const now = [...some, ...rest];
      if (now.length < all.length) upTo = now.at(-1)?.seq ?? upTo;
      ended = now.map(({ value: record, seq }) => ({ record, again: seq <= this.#unsureUpTo }));
      const toTell = rows.filter(({ seq }) => seq <= upTo);
      givenUp = this.#postsOf(givenUpIn(toTell));
      if ((this.#subject.domain()?.settings.webhooks.length ?? 0) > 0)
        joined = entriesIn(toTell).map((entry) => this.#shownPersonal(joinedCall(identity.confKey, entry)));
    }
    this.#isChanged = false;
    const wasUnsure = ended.some(({ again }) => again);
    this.#isTelling = true;
    try {
      const answer = await this.#send({ ended, joined, givenUp, behind: telling.place });
      if (this.#isStopped) return;
      const wasShown = this.#isShown;
      // As a rule the next row says so. After a failure there may be none, and each life of the object would tell again. Joins told again would be
      // posted again, since the directory does not remember them. What is given up is often the last row for long.
      const isLast = (wasUnsure || (givenUp?.length ?? 0) > 0) && !isOngoing(store.state.head);
      // The next life must know that people look: the directory does not ask again.
      const isNewlyShown = answer.isShown && !wasShown;
      const isWritten = isLast || isNewlyShown || (joined !== undefined && joined.length > 0);
      store.told(upTo, answer, isWritten);
      if (answer.isShown !== wasShown) this.#shown = this.#show();
      // Who speaks may have changed meanwhile, unnoticed.
      this.#isChanged ||= isNewlyShown || answer.lacksPeople === true;
      if (ended.length > 0) this.#ports.changed();
    } catch (error) {
      this.#unsureUpTo = Math.max(this.#unsureUpTo, upTo);
      throw error;
    } finally {
      this.#isTelling = false;
    }
    if (this.#isChanged || this.#owes) this.#schedule(everyMs);
  }

  async #send({
    ended,
    joined,
    givenUp = [],
    behind,
  }: Pick<DirectoryUpdate, "ended" | "behind"> & {
    readonly joined?: DirectoryUpdate["joined"] | undefined;
    readonly givenUp?: DirectoryUpdate["givenUp"] | undefined;
  }): Promise<DirectoryAnswer> {
    const { store } = this.#subject;
    const { domain, confKey: key } = store.identity ?? { domain: "" as DomainName, confKey: "" as ConfKey };
    const shown = await this.#shownRecords(ended);
    const running = this.#running();
    const more = {
      ...(running && { people: this.#otherPeople() }),
      ...(joined && { joined }),
      ...(givenUp.length > 0 && { givenUp }),
    };
    const update = { domain, key, running, ended: shown, behind, ...more };
    const asked = this.#ports.directory(domain).tell(update);
    const answer = await within(this.#ports, answerWithinMs, "the directory", asked);
    // So it is behind updates that did not arrive, too.
    if (answer.lacksPeople) this.#people.lost();
    return answer;
  }

  async #shownRecords(ended: DirectoryUpdate["ended"]): Promise<DirectoryUpdate["ended"]> {
    // People write names into it, so it is kept where all else of them is. What WebEx did not say itself, the site may have said before.
    const isKept = this.#shownAs === "full";
    const isLacking = ended.some(({ record }) => record.kind === "conference" && record.topic === "");
    const known = isKept && isLacking ? await this.#topicOfSite() : "";
    return ended.map(({ record, again }) => {
      if (record.kind === "call") return { record: this.#shownPersonal(record), again };
      return { record: { ...record, topic: isKept ? record.topic || known : "" }, again };
    });
  }

  /** Of all conferences of this key, as far as the domain's WebEx site has said it; empty: it has not. */
  async #topicOfSite(): Promise<string> {
    const { domain, store } = this.#subject;
    if (!domain()?.settings.webexSite || !store.identity) return "";
    const { domain: name, confKey } = store.identity;
    const asked = this.#ports.webexSite(name).topics(name, [confKey]);
    const topics = await within(this.#ports, topicWithinMs, "the WebEx site's object", asked).catch(() => null);
    return topics?.get(confKey) ?? "";
  }

  #postsOf(givenUp: ReturnType<typeof givenUpIn>): readonly GivenUpPost[] {
    const conference = this.#subject.store.identity?.confKey ?? ("" as ConfKey);
    return givenUp.map(({ seq: row, at, value: { kind, messages, ...of } }) => {
      return { conference, row, at, ...of, messages: messages.map(({ type }) => wireNameOf(type)) };
    });
  }

  #running(): RunningConference | null {
    const { store, trouble, tally } = this.#subject;
    const { state, progress, identity } = store;
    const { head, rooms } = state;
    if (!identity || !isOngoing(head)) return null;
    const running = head.phase === "running" ? head : null;
    const waiting = this.#waiting;
    return {
      ...{ key: identity.confKey, life: head.life.row, createdAt: head.life.createdAt, phase: head.phase },
      ...{ webexHost: head.host, bridge: progress.bridge },
      ...{ attached: running?.attached ?? true, locked: running?.locked ?? false },
      speakers: this.#speakers(),
      ...{ callers: tally.callers, rooms: rooms.size + (running?.talk ? 1 : 0), trouble: trouble() },
      documents: waiting.reduce((sum, { documents }) => sum + documents, 0),
      oldestDocumentAt: waiting.reduce<EpochMs | null>((oldest, { oldestAt }) => earliest(oldest, oldestAt), null),
      ...(waiting.length > 0 && { waiting }),
    };
  }

  /** What a receiver does not confirm for longer than a moment, and what a server is owed. */
  get #waiting(): readonly WaitingDocuments[] {
    const found = new Map<string, { -readonly [Name in keyof WaitingDocuments]: WaitingDocuments[Name] }>();
    for (const { host, queuedAt, failure = null } of this.#subject.documents()) {
      const one = found.get(host) ?? { host, documents: 0, oldestAt: queuedAt, failure };
      if (one.documents === 0) found.set(host, one);
      one.documents += 1;
      one.failure ??= failure;
    }
    const { outages, debts } = this.#subject.store.state;
    for (const { host, since, why } of outages.values()) {
      const documents = (found.get(host)?.documents ?? 0) + Math.ceil(debts.size / maxMessages);
      found.set(host, { host, documents, oldestAt: since, failure: why });
    }
    const now = this.#ports.now();
    return [...found.values()].filter(({ oldestAt, failure }) => failure !== null || now - oldestAt >= waitsMs);
  }

  #otherPeople(): PeopleChange {
    const { lastSeq, state } = this.#subject.store;
    return this.#people.next(lastSeq, this.#shownAs, state.callers, (caller) => this.#person(caller));
  }

  #speakers(): readonly PersonInside[] {
    const { head, callers } = this.#subject.store.state;
    return speaking(head).flatMap((call) => {
      const caller = callers.get(call);
      return caller ? [this.#person(caller)] : [];
    });
  }

  #person({ number, attendeeId }: Caller): PersonInside {
    return this.#shownPersonal({ number, attendeeId: attendeeId ?? "" });
  }

  /** Looked at with each commit, so it costs little. */
  #show(): string {
    const { store, tally, trouble } = this.#subject;
    const { state, progress } = store;
    const { head, rooms } = state;
    if (!isOngoing(head)) return head.phase;
    const { attached = true, locked = false, talk } = head.phase === "running" ? head : {};
    const { row: life } = head.life;
    const waiting = this.#waiting.map(({ host, oldestAt, failure }) => `${host} ${oldestAt} ${failure}`);
    return `${life} ${head.phase} ${head.host} ${progress.bridge} ${attached} ${locked} ${rooms.size} ${talk !== undefined} ${tally.callers} ${trouble()} ${waiting} ${this.#isShown ? speaking(head) : ""}`;
  }

  /** How records show people. */
  get #shownAs(): "full" | "masked" | "none" {
    return this.#subject.domain()?.settings.recordsPersonal ?? "none";
  }

  #shownPersonal<Call extends Pick<CallRecord, "number" | "attendeeId">>(call: Call): Call {
    const shownAs = this.#shownAs;
    if (shownAs === "full") return call;
    const show = (text: string) => (shownAs === "none" || text === "" ? "" : masked(text));
    return { ...call, number: show(call.number), attendeeId: show(call.attendeeId) };
  }
}

function joinedCall(conference: ConfKey, { at: enteredAt, value }: ReturnType<typeof entriesIn>[number]): JoinedCall {
  const { call, life, began, direction, number, attendeeId, extCallId, participantType } = value;
  return {
    ...{ conference, life, began, call, direction, number, enteredAt },
    ...{ attendeeId: attendeeId ?? "", extCallId: extCallId ?? "", participantType: String(participantType) },
  };
}

function speaking(head: Head): readonly CallId[] {
  return head.phase === "running" ? (head.speech?.speaking ?? []) : [];
}
