import { nextDeadline } from "../../src/conference/decide.ts";
import type { Fact } from "../../src/conference/facts.ts";
import { holdsHandle, isOngoing } from "../../src/conference/head.ts";
import type { OperatorAction } from "../../src/conference/operator-actions.ts";
import { type Comparison, compareDigest, ownDigest } from "../../src/conference/reconcile.ts";
import { takeoverSize } from "../../src/conference/server/failover.ts";
import { noQueue, type Rows } from "../../src/conference/server/queue.ts";
import type { ConferenceState } from "../../src/conference/state.ts";
import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type {
  BridgeName,
  CommandId,
  DomainName,
  EpochMs,
  ExtConfId,
  StreamId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { within } from "../../src/foundation/time/timers.ts";
import type { AgentReports, ConferenceDocument, ConferenceIdentity, SweepResult } from "../../src/rpc/conference.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import type { IdAllocatorRpc, IdsWanted } from "../../src/rpc/id-allocator.ts";
import type { SharedAnswers, ShareResult } from "../../src/rpc/mailbox.ts";
import type { RelayRpc } from "../../src/rpc/relay.ts";
import type { Domain } from "../../src/settings/load.ts";
import { logLines } from "../../src/timeline/log.ts";
import { type FromWebex, isAnswered } from "../../src/tsp/messages.ts";
import { maxMessages } from "../../src/tsp/protocol-table.ts";
import { IdSupply, noIds } from "../ids/id-supply.ts";
import { Clock, nextWake } from "../platform/clock.ts";
import type { LogLine } from "../platform/log.ts";
import type { DomainPorts, Platform } from "../platform/platform.ts";
import { CommandSender } from "./command-sender.ts";
import { ConferenceActions } from "./conference-actions.ts";
import { GroupCommit, type Item, isBeforeRestore, isSpeech, transact } from "./conference-commit.ts";
import { ConferenceReader } from "./conference-reader.ts";
import { ConferenceStore } from "./conference-store.ts";
import { Outbox } from "./outbox.ts";
import { isOnOtherBridge, latestStream, reportsUpTo } from "./progress.ts";
import { Publisher } from "./publisher.ts";

interface ConferencePorts extends Platform, DomainPorts {
  relay(domain: DomainName, bridge: BridgeName): Pick<RelayRpc, "sendCommands" | "askForSnapshot" | "health">;
  /** Hands answers over to the domain's mailbox, where they meet those of other conferences. */
  share(answers: SharedAnswers): Promise<ShareResult>;
  directory(domain: DomainName): Pick<DirectoryRpc, "publish">;
  idAllocator(domain: DomainName): Pick<IdAllocatorRpc, "sweepNext">;
}

/** How soon an alarm comes at the earliest: an object that is alive does what is due by itself. A create has the shortest deadline. */
const alarmLeadMs = { creating: 1000, later: 5000 } as const;
/** Within this time a post is confirmed, as a rule. */
const confirmedMs = 300;
const overdueMs = 60_000;
/** Longest time between sweeps of a quiet conference. Only a sweep finds a difference that no message reports. */
const sweptEveryMs = 3_600_000;
/** Time after an input in which every sweep wakes the conference. Shorter times cost more row writes. */
const sweptInUseMs = 600_000;
/** How soon the alarm comes again for what the directory lacks of a conference that is over. */
const owedAgainMs = 60_000;
const askWithinMs = 5000;
/** All conferences of a relay that is broken ask again. */
const askBackoff = doubling(5_000, 60_000);
/** How often a conference looks whether its domain is back in the settings. */
const domainAgainMs = 3_600_000;

/**
 * One conference. Each input is committed together with all that follows from it, and only then sent to the bridge and to
 * WebEx. The object may be thrown away between any two steps; the next one goes on from the rows. `ConferenceRpc` says what its
 * calls promise.
 */
export class Conference {
  readonly #ports: ConferencePorts;
  readonly #store: ConferenceStore;
  readonly #clock: Clock;
  readonly #ids: IdSupply;
  readonly #outbox: Outbox;
  readonly #sender: CommandSender;
  readonly #commits: GroupCommit;
  readonly #publisher: Publisher;
  readonly reader: ConferenceReader;
  readonly actions: ConferenceActions;
  readonly #underWay = new Map<TransId, Promise<void>>();
  #identity: ConferenceIdentity | null;
  /** The stream of the last report from its bridge, also where nothing of it could be committed; `null`: none in this life. */
  #arrivedStream: StreamId | null = null;
  /** Ends the wait of the last alarm, once a commit has set an alarm of its own. */
  #armed = () => {};
  /** Whether it compares itself with the bridge as soon as nothing is pending. */
  #isToAsk = false;
  #isCreateUnderWay = false;
  /** True once the create needs the edge no more, although the bridge has not answered. */
  #isWithBridge = false;
  /** How often the relay has failed in a row, and when it is asked again. */
  #asking = { failures: 0, againAt: 0 };

  /** Restores everything, and resumes what is outstanding at once. */
  constructor(platform: ConferencePorts) {
    const lost = (error: unknown) => platform.abort(`the store is lost: ${error}`);
    const store = new ConferenceStore(platform.sql, lost);
    const { progress } = store;
    const log = (line: LogLine) => {
      const { domain, confKey: conference } = this.#identity ?? {};
      platform.log({ ...line, ...(conference !== undefined && { domain, conference }) });
    };
    this.#clock = new Clock({ ...platform, log }, store.journal.lastAt, progress.aheadMs, (aheadMs) => {
      store.correct({ aheadMs });
      this.#publisher?.changed();
    });
    const ports = { ...platform, log, now: this.#clock.now };
    this.#ports = ports;
    this.#store = store;
    this.#identity = store.identity;
    // After the backup, the state that was lost has used ids that this one has at hand.
    const atHand = progress.restoredAt === platform.restoredAt ? progress : noIds;
    this.#ids = new IdSupply(
      ports,
      { msgIds: atHand.msgIds, transIds: atHand.transIds },
      () => fullSupply(store.state, this.#outbox.rows),
      (wanted) => ports.allocateIds({ domain: this.#identified.domain, holder: this.#identified.confKey, ...wanted }),
    );
    const outboxPorts = {
      ...ports,
      said: (facts: readonly Fact[], isAlone: boolean) => this.#publisher.committed(facts, isAlone),
      awaits: (host: string) => store.state.outages.has(host as WebexHost),
      reached: (host: string) => this.#reached(host as WebexHost),
    };
    const findDomain = () => this.#findDomain();
    this.#outbox = new Outbox(outboxPorts, store, findDomain, (undelivered) =>
      this.#commits.submit({ type: "undelivered", undelivered }),
    );
    this.#commits = new GroupCommit((items) => this.#commit(items), this.#ids, ports);
    this.#sender = new CommandSender({
      ...ports,
      relay: (bridge) => ports.relay(this.#identified.domain, bridge),
      bridges: () => this.#findDomain()?.settings.bridges.map(({ name }) => name as BridgeName) ?? [],
      keepBridge: (bridge) => {
        if (store.progress.bridge === null) store.correct({ bridge });
        return store.progress.bridge ?? bridge;
      },
      unsent: () => this.#noteCreate(true),
      sendAgain: () => this.#send(),
    });
    const read = { ...ports, domain: findDomain };
    this.reader = new ConferenceReader({ ...read, store, outbox: this.#outbox, schedule: this.#sender.schedule });
    const submit = (action: OperatorAction) => this.#commits.submit({ type: "operator", action });
    const probe = (host: WebexHost, person: string) => this.#commits.submit({ type: "probe", host, person });
    this.actions = new ConferenceActions({ ...read, submit, probe }, store);
    const wakeBy = (at: EpochMs) =>
      void this.#clock.ensure(at).catch((error: unknown) => this.#log("error", "no-alarm", { why: String(error) }));
    this.#publisher = new Publisher({ ...read, wakeBy }, store, this.#outbox);
    if (!store.identity) return;
    this.#outbox.load();
    this.#publisher.remind();
    this.#clock.alarm.guard(() => this.#wake("restored"));
  }

  async receive(document: ConferenceDocument): Promise<boolean> {
    const { domain, confKey, transId, messages, fromCache } = document;
    this.#identity ??= { domain, confKey };
    let committed = this.#underWay.get(transId);
    if (!committed) {
      if (this.#store.hasDocument(transId, this.#ports.now())) {
        this.#log("info", "repeat", { transId });
        return true;
      }
      if (fromCache && !messages.every(({ extConfId }) => extConfId && this.hasHandle(extConfId, null))) return false;
      if (messages.some(mayWait) && this.#sender.schedule.isBehind(this.#ports.now())) {
        throw new Error("the bridge is too far behind to answer in time");
      }
      committed = this.#commits.submit({ type: "webex", document }).finally(() => this.#underWay.delete(transId));
      this.#underWay.set(transId, committed);
    }
    await committed;
    return true;
  }

  async report(reports: AgentReports): Promise<number> {
    const { domain, confKey, bridge, stream, activeSince } = reports;
    this.#identity ??= { domain, confKey };
    if (!isOnOtherBridge(this.#store.progress, bridge)) {
      const { schedule } = this.#sender;
      // An agent that begins a stream anew looks like another agent; the first stream of all says nothing.
      const latest = this.#arrivedStream ?? latestStream(this.#store.progress, bridge);
      this.#arrivedStream = stream;
      const isAnother = activeSince !== null && this.#sender.isAnother(bridge, activeSince);
      if (!isAnother && (latest === null || latest === stream)) schedule.agentReported(this.#ports.now());
      else schedule.agentChanged();
    }
    await this.#commits.submit({ type: "bridge", reports });
    return reportsUpTo(this.#store.progress, bridge, stream);
  }

  ackCommands(bridge: BridgeName, ids: readonly CommandId[], waiting: readonly CommandId[] = []): void {
    const { state, progress } = this.#store;
    const own = ids.filter((id) => (state.commands.get(id)?.bridge ?? progress.bridge) === bridge);
    this.#sender.schedule.ack(own, waiting, this.#ports.now());
    // The agent acks a command that the bridge has not done within 0.3 s.
    this.#noteCreate(true);
  }

  compareDigest(bridge: BridgeName, digest: string): Comparison {
    const { state, progress } = this.#store;
    return isOnOtherBridge(progress, bridge) ? "differs" : compareDigest(state, digest);
  }

  hasHandle(extConfId: ExtConfId, claimedBy: TransId | null): boolean {
    const now = this.#ports.now();
    if (claimedBy !== null && !this.#store.hasDocument(claimedBy, now)) return true;
    return holdsHandle(this.#store.state.head, extConfId, now);
  }

  alarm(): Promise<void> {
    return this.#clock.alarm.fired(() => (this.#store.identity ? this.#wake("alarm") : undefined));
  }

  async sweep(): Promise<SweepResult> {
    if (!this.#store.identity) return { runs: false, quietUntil: null };
    this.#publisher.remind();
    this.reader.deleteUnused();
    await this.#sweep();
    const quietUntil = this.#quietUntil;
    const isQuiet = quietUntil !== null;
    const runs = this.#ongoing !== null;
    try {
      if (isQuiet !== (this.#store.progress.isQuiet ?? false)) this.#store.correct({ isQuiet });
      return { runs, quietUntil };
    } catch {
      return { runs, quietUntil: null }; // A full disk says nothing of the conference.
    }
  }

  get #quietUntil(): EpochMs | null {
    const domain = this.#findDomain();
    const isInUse = this.#ports.now() - this.#store.journal.lastAt < sweptInUseMs;
    if (!domain || isInUse || this.#isToAsk || this.#publisher.owes) return null;
    const due = earliest(this.#nextDue, deletionOf(this.#store, domain));
    return Math.min((due ?? Number.POSITIVE_INFINITY) + overdueMs, this.#ports.now() + sweptEveryMs);
  }

  /** Asks for the next sweep before this instance ends, because its alarm can get lost with pending work. */
  #sweepNext(): void {
    if (!this.#store.progress.isQuiet) return;
    this.#store.note({ isQuiet: false });
    const { domain, confKey } = this.#identified;
    const asked = this.#ports.idAllocator(domain).sweepNext(confKey);
    asked.catch((error: unknown) => {
      this.#store.note({ isQuiet: true });
      this.#log("warn", "sweep-not-asked", { why: String(error) });
    });
  }

  async publish(isWhole: boolean): Promise<boolean> {
    if (!this.#store.identity) return false;
    if (!(await this.#publisher.publish(isWhole))) throw new Error("the directory did not answer");
    return true;
  }

  /** An object that was restored for this has done already what was overdue. */
  async #sweep(): Promise<void> {
    const domain = this.#findDomain();
    if (!domain) return this.alarm();
    const now = this.#ports.now();
    const due = this.#nextDue;
    if (due !== null && due + overdueMs < now) await this.alarm();
    const deleteAt = deletionOf(this.#store, domain);
    if (deleteAt !== null && deleteAt <= now) return this.#arm(deleteAt);
    this.#isToAsk = true;
    await this.#askForSnapshot();
  }

  get #nextDue(): EpochMs | null {
    const { commands } = this.#store.state;
    return earliest(this.#sender.schedule.nextDue(commands), this.#outbox.nextDue, nextDeadline(this.#store.state));
  }

  /** A relay that fails is asked again after a pause. That it fails says nothing of the conference. */
  async #askForSnapshot(): Promise<void> {
    const { bridge } = this.#store.progress;
    if (bridge === null || this.#ongoing !== "running") this.#isToAsk = false;
    if (this.#ports.now() < this.#asking.againAt) return;
    const digest = ownDigest(this.#store.state);
    // A result that was on its way from an agent that acts no more says nothing of what the bridge holds now.
    if (bridge === null || digest === null) return;
    this.#isToAsk = false;
    const asked = this.#ports.relay(this.#identified.domain, bridge).askForSnapshot(this.#identified.confKey, digest);
    try {
      await within(this.#ports, askWithinMs, `the relay of ${bridge}`, asked);
      this.#asking = { failures: 0, againAt: 0 };
    } catch (error) {
      this.#isToAsk = true;
      const failures = this.#asking.failures + 1;
      this.#asking = { failures, againAt: this.#ports.now() + pauseAfter(failures, askBackoff) };
      this.#log("warn", "snapshot-not-asked", { bridge, why: String(error) });
      this.#clock.wakeBy(this.#asking.againAt);
    }
  }

  get #identified(): ConferenceIdentity {
    if (!this.#identity) throw new Error("this conference object does not know which conference it is");
    return this.#identity;
  }

  #findDomain(): Domain | null {
    return this.#ports.domain(this.#identified.domain);
  }

  /** Does what is due, after setting the next alarm; of one that is over, once the directory has all. */
  async #wake(why: "alarm" | "restored"): Promise<void> {
    const now = this.#ports.now();
    const domain = this.#findDomain();
    const deleteAt = deletionOf(this.#store, domain);
    if (why === "alarm" && deleteAt !== null && deleteAt <= now && this.#isQuiet(domain)) {
      this.#outbox.accept(noQueue);
      this.#sender.stop();
      this.#publisher.stop();
      return await this.#ports.deleteAll();
    }
    if (!domain)
      return this.#clock.wakeBy(Math.min(Math.max(deleteAt ?? now, now + alarmLeadMs.later), now + domainAgainMs));
    // Should the object die now, the platform repeats this alarm, as long as no other one is set.
    const isLast = why === "alarm" && this.#ongoing === null && this.#outbox.rows.length === 0;
    // An earlier life has set the alarm for the deletion. To set it again after each restart would cost a row.
    if (!isLast) this.#arm(why === "alarm" ? deleteAt : null);
    // Else it would act on what the backup says first, although more has happened since.
    if (isBeforeRestore(this.#store, this.#ports.restoredAt)) {
      // Before the commit, which asks: an alarm that loads the object comes here twice.
      this.#isToAsk = true;
      await this.#commits.submit({ type: "restored" });
    }
    if (this.#isToAsk) void this.#askForSnapshot();
    this.#outbox.deleteConfirmed();
    this.#outbox.pump();
    this.#publisher.alarmFired();
    this.#send();
    const deadline = this.#nextDeadline;
    if (deadline !== null && deadline <= now) await this.#commits.submit({ type: "time" });
    for (const host of this.#outbox.signs) await this.#commits.submit({ type: "reached", host: host as WebexHost });
    if (!isLast) return;
    if (!this.#owesOnly) return this.#arm(deleteAt);
    // The platform holds back the next alarm until this one is done, and a create may have set it.
    const committed = new Promise<"committed">((resolve) => {
      this.#armed = () => resolve("committed");
    });
    const hasAll = await Promise.race([this.#publisher.send(), committed]);
    if (hasAll !== "committed") this.#arm(hasAll ? deleteAt : now + owedAgainMs);
  }

  /** Whether nothing under way could write into the tables after their deletion, and nobody lacks their content. */
  #isQuiet(domain: Domain | null): boolean {
    const isIdle = this.#commits.isIdle && !this.#ids.isRefilling;
    return isIdle && (domain === null || (this.#outbox.rows.length === 0 && !this.#publisher.owes));
  }

  /** Whether it is over, and the directory alone lacks something of it. */
  get #owesOnly(): boolean {
    return this.#ongoing === null && this.#outbox.rows.length === 0 && this.#publisher.owes;
  }

  #send(): void {
    const { state, progress } = this.#store;
    this.#sender.send(this.#identified, state.commands, progress.bridge);
  }

  get #nextDeadline(): EpochMs | null {
    const { state, identity } = this.#store;
    return earliest(nextDeadline(state, identity?.confKey), this.#sender.schedule.nextOverdue(state));
  }

  #arm(deleteAt: EpochMs | null): void {
    const { state } = this.#store;
    const leadMs = state.head.phase === "creating" ? alarmLeadMs.creating : alarmLeadMs.later;
    const now = this.#ports.now();
    const askAt = this.#isToAsk && this.#asking.againAt > now ? this.#asking.againAt : null;
    const dues = [this.#sender.schedule.nextDue(state.commands), this.#outbox.nextDue, askAt, deleteAt];
    const next = nextWake(now, leadMs, this.#nextDeadline, ...dues);
    if (next !== null) this.#clock.wakeBy(next);
  }

  /** For a report of who speaks: no alarm if it is confirmed at once, which saves a row. A death delays it until the next input or sweep. */
  #armLater(): void {
    this.#ports.after(confirmedMs, () => this.#clock.alarm.guard(() => this.#arm(null)));
  }

  /** Commits all items in one transaction, or throws and keeps none of them. Then does what follows. */
  #commit(items: readonly Item[]): void {
    const at = this.#ports.now();
    const domain = this.#findDomain();
    if (!domain)
      throw new Error(
        `the settings have no domain "${this.#identified.domain}": put it back, and its conferences go on`,
      );
    const [store, outbox, ids, { schedule }] = [this.#store, this.#outbox, this.#ids, this.#sender];
    const { nonce, measures, restoredAt } = this.#ports;
    const restored = restoredAt !== undefined && { restoredAt };
    const about = { at, identity: this.#identified, domain, nonce, ...restored };
    const context = { ...about, store, outbox, ids, schedule };
    const { bridge: before } = store.progress;
    const batch = transact(context, items);
    // A repeated report is a sign of life, too.
    if (!batch) return this.#send();
    // The commit stands even if something here throws. If it threw, the group commit would act on each item again.
    try {
      const tookMs = schedule.issued(batch.commands, store.state.commands, at);
      const { bridge } = store.progress;
      if (before !== null && bridge !== null && before !== bridge) schedule.agentChanged();
      for (const ms of tookMs) measures.commandSeconds.observe({ domain: domain.name }, ms);
      this.#noteCreate(this.#isWithBridge);
      this.#publisher.committed([...outbox.accept(batch.queue), ...batch.facts]);
      this.#send();
      // Send first: the alarm would only repeat it, and if the alarm cannot be set there is no repeat.
      if (items.every(isSpeech) && nextDeadline(store.state) === null) this.#armLater();
      else this.#arm(this.#owesOnly ? at : deletionOf(store, domain));
      this.#armed();
      this.#sweepNext();
      if (this.#isToAsk) void this.#askForSnapshot();
      if (this.#ongoing !== null) ids.keep(idsOfTakeover(store.state, outbox.rows));
      for (const { level, event, ...about } of logLines(batch.facts)) this.#log(level, event, about);
    } catch (error) {
      this.#log("error", "follow-up-broke", { why: String(error) });
    }
  }

  /** Counts a create while it uses the process's thread, and not while it waits for the bridge. */
  #noteCreate(isWithBridge: boolean): void {
    const isCreating = this.#ongoing === "creating";
    this.#isWithBridge = isCreating && isWithBridge;
    const isUnderWay = isCreating && !isWithBridge;
    if (isUnderWay === this.#isCreateUnderWay) return;
    this.#isCreateUnderWay = isUnderWay;
    const { domain, confKey } = this.#identified;
    this.#ports.measures.creates.note(domain, confKey, isUnderWay);
  }

  /** If this fails, the next transaction acts on the sign of life first. */
  #reached(host: WebexHost): void {
    this.#commits
      .submit({ type: "reached", host })
      .catch((error: unknown) => this.#log("warn", "not-resynchronised", { host, why: String(error) }));
  }

  /** The phase of a conference that is not over; `null`: there is none. */
  get #ongoing(): "creating" | "running" | null {
    const { head } = this.#store.state;
    return isOngoing(head) ? head.phase : null;
  }

  #log(level: LogLine["level"], event: string, facts: LogFacts): void {
    this.#ports.log({ level, event, ...facts });
  }
}

/** When this conference can be deleted; `null`: that is not known yet. */
function deletionOf({ identity, state, journal, retention }: ConferenceStore, domain: Domain | null): EpochMs | null {
  const retainedUntil = journal.lastAt + Math.max(retention.neededMs, retention.keptMs);
  if (!domain) return retainedUntil;
  const { head, ...entries } = state;
  if (!identity || isOngoing(head) || Object.values(entries).some(({ size }) => size > 0)) return null;
  return Math.max(retainedUntil, (head.phase === "ended" ? head.closedUntil : undefined) ?? 0);
}

/** The ids that a server needs that takes over now: 50 messages share a TransID. */
function idsOfTakeover(state: ConferenceState, documents: Rows): IdsWanted {
  const waiting = documents.reduce((sum, { messages }) => sum + messages.length, 0);
  const msgIds = takeoverSize(state) + waiting;
  return { msgIds, transIds: Math.ceil(msgIds / maxMessages) + 2 };
}

function fullSupply(state: ConferenceState, documents: Rows): IdsWanted {
  const { msgIds, transIds } = idsOfTakeover(state, documents);
  // Where callers come one by one, each message has a TransID of its own.
  return { msgIds: msgIds + 50 + state.callers.size, transIds: transIds + 20 + state.callers.size };
}

/** Whether a slow bridge may refuse this request. Creates, takeovers and closes are never refused. */
function mayWait(message: FromWebex): boolean {
  return isAnswered(message) && message.type !== "create-conference" && message.type !== "close-conference";
}
