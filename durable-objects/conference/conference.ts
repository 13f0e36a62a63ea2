import type { NumberedReport } from "../../src/bridge/events.ts";
import type { OperatorRefusal } from "../../src/conference/action-row.ts";
import { nextDeadline } from "../../src/conference/decide.ts";
import { type OperatorAction, operatorRefusal } from "../../src/conference/operator-actions.ts";
import { type Comparison, compareDigest, ownDigest } from "../../src/conference/reconcile.ts";
import { takeoverSize } from "../../src/conference/server/failover.ts";
import { noQueue } from "../../src/conference/server/queue.ts";
import { holdsHandle, isOngoing } from "../../src/conference/state.ts";
import { logLines, outcomesOf } from "../../src/explain/log.ts";
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
import { isRecord } from "../../src/foundation/record.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { sendAgainId } from "../../src/operators/send-again.ts";
import type { AgentReports, ConferenceDocument, ConferenceIdentity, OperatorResult } from "../../src/rpc/conference.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import type { Trouble } from "../../src/rpc/directory-feed.ts";
import type { IdBlocks, IdRequest, IdsWanted } from "../../src/rpc/id-allocator.ts";
import type { SharedAnswers, ShareResult } from "../../src/rpc/mailbox.ts";
import type { RelayRpc } from "../../src/rpc/relay.ts";
import type { WebexSiteRpc } from "../../src/rpc/webex-site.ts";
import type { Domain } from "../../src/settings/load.ts";
import { isAnswered } from "../../src/tsp/answers.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { maxMessages } from "../../src/tsp/protocol-table.ts";
import { IdSupply } from "../ids/id-supply.ts";
import { Clock, nextWake } from "../platform/clock.ts";
import type { LogLine } from "../platform/log.ts";
import { newTally } from "../platform/measures.ts";
import type { Platform } from "../platform/platform.ts";
import { CommandSender } from "./command-sender.ts";
import { GroupCommit, type Item, transact } from "./conference-commit.ts";
import { ConferenceReader } from "./conference-reader.ts";
import { ConferenceStore } from "./conference-store.ts";
import { DirectoryFeed } from "./directory-feed.ts";
import { givenUpIn, sendAgainRefusalOf } from "./given-up-posts.ts";
import { Outbox } from "./outbox.ts";

/** The world around a conference. */
interface ConferencePorts extends Platform {
  /** `null` when the settings do not have the domain; throws when they cannot be read. */
  domain(name: DomainName): Domain | null;
  relay(domain: DomainName, bridge: BridgeName): Pick<RelayRpc, "sendCommands" | "askForSnapshot" | "health">;
  allocateIds(request: IdRequest): Promise<IdBlocks>;
  /** Hands answers over to the domain's mailbox, where they meet those of other conferences. */
  share(answers: SharedAnswers): Promise<ShareResult>;
  directory(domain: DomainName): Pick<DirectoryRpc, "follow">;
  webexSite(domain: DomainName): Pick<WebexSiteRpc, "topics">;
  /** What operators see of it has changed, and is committed. */
  changed(): void;
  /** 64 random bits as text. */
  nonce(): string;
  /** Deletes everything, and ends the life of the object. */
  deleteAll(): Promise<void>;
}

/** The object is alive as a rule when something is due, and does that by itself. A create has the shortest deadline. */
const alarmLeadMs = { creating: 1000, later: 5000 } as const;
/** How soon a post is confirmed, as a rule. */
const confirmedMs = 300;
const overdueMs = 60_000;
const askWithinMs = 5000;
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
  readonly #tally = newTally();
  readonly #sender: CommandSender;
  readonly #commits: GroupCommit;
  readonly #directoryFeed: DirectoryFeed;
  readonly reader: ConferenceReader;
  /** Documents that are being committed. */
  readonly #underWay = new Map<TransId, Promise<void>>();
  #identity: ConferenceIdentity | null;
  /** The stream of the last report from its bridge, also where nothing of it could be committed; `null`: none in this life. */
  #arrivedStream: StreamId | null = null;

  /** Restores everything, and resumes what is outstanding at once. */
  constructor(platform: ConferencePorts) {
    const store = new ConferenceStore(platform.sql, (error) => platform.abort(`the store is lost: ${error}`));
    const { lastAt, progress } = store;
    const log = (line: LogLine) => {
      const { domain, confKey: conference } = this.#identity ?? {};
      platform.log({ ...line, ...(conference !== undefined && { domain, conference }) });
    };
    this.#clock = new Clock({ ...platform, log }, lastAt, progress.aheadMs, (aheadMs) => store.correct({ aheadMs }));
    const ports = { ...platform, log, now: this.#clock.now, tally: this.#tally };
    this.#ports = ports;
    this.#store = store;
    this.#identity = store.identity;
    const { msgIds, transIds } = progress;
    this.#ids = new IdSupply(
      ports,
      { msgIds, transIds },
      () => {
        const { msgIds, transIds } = this.#idsOfTakeover;
        const callers = store.state.callers.size;
        // Where callers come one by one, each message has a TransID of its own.
        return { msgIds: msgIds + 50 + callers, transIds: transIds + 20 + callers };
      },
      (wanted) => {
        const { domain, confKey: holder } = this.#identified;
        return ports.allocateIds({ domain, holder, ...wanted });
      },
    );
    const changed = () => {
      this.#directoryFeed?.changed();
      ports.changed();
    };
    this.#outbox = new Outbox(
      {
        ...ports,
        changed,
        awaits: (host) => store.state.outages.has(host as WebexHost),
        reached: (host) => this.#reached(host as WebexHost),
      },
      store,
      () => this.#findDomain(),
      (undelivered) => this.#commits.submit({ type: "undelivered", undelivered }),
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
      sendAgain: () => this.#send(),
    });
    this.reader = new ConferenceReader(
      { ...ports, domain: () => this.#findDomain() },
      store,
      this.#outbox,
      this.#sender.schedule,
    );
    this.#directoryFeed = new DirectoryFeed(ports, {
      store,
      trouble: () => this.#trouble,
      documents: () => this.#outbox.rows,
      domain: () => this.#findDomain(),
    });
    if (store.unknownKinds.size > 0) this.#log("warn", "unknown-entries", { kinds: [...store.unknownKinds] });
    if (!store.identity) return;
    this.#outbox.load();
    this.#measure();
    this.#directoryFeed.restored();
    this.#clock.alarm.guard(() => this.#wake("restored"));
  }

  async receive(document: ConferenceDocument): Promise<boolean> {
    this.#identify(document);
    const { transId, messages, fromCache } = document;
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
    this.#identify(reports);
    const { bridge, stream, activeSince } = reports;
    if (!this.#store.isElsewhere(bridge)) {
      const { schedule } = this.#sender;
      // An agent that begins a stream anew cannot be told from another agent; the first stream of all says nothing.
      const latest = this.#arrivedStream ?? this.#store.latestStream(bridge);
      this.#arrivedStream = stream;
      const isAnother = activeSince !== null && this.#sender.isAnother(bridge, activeSince);
      if (!isAnother && (latest === null || latest === stream)) schedule.agentReported(this.#ports.now());
      else schedule.agentChanged();
    }
    await this.#commits.submit({ type: "bridge", reports });
    return this.#store.reportsUpTo(bridge, stream);
  }

  ackCommands(bridge: BridgeName, ids: readonly CommandId[], waiting: readonly CommandId[] = []): void {
    const { state, progress } = this.#store;
    const own = ids.filter((id) => (state.commands.get(id)?.bridge ?? progress.bridge) === bridge);
    this.#sender.schedule.ack(own, waiting, this.#ports.now());
    this.#ports.changed();
  }

  compareDigest(bridge: BridgeName, digest: string): Comparison {
    return this.#store.isElsewhere(bridge) ? "differs" : compareDigest(this.#store.state, digest);
  }

  hasHandle(extConfId: ExtConfId, claimedBy: TransId | null): boolean {
    const now = this.#ports.now();
    if (claimedBy !== null && !this.#store.hasDocument(claimedBy, now)) return true;
    return holdsHandle(this.#store.state.head, extConfId, now);
  }

  async operate(action: OperatorAction): Promise<OperatorResult> {
    const known = this.#known(action) ?? this.#refusal(action);
    if (known !== null) return known;
    await this.#commits.submit({ type: "operator", action });
    // What came before it in the same commit may have changed everything.
    return this.#known(action) ?? this.#refusal(action) ?? "no-such-conference";
  }

  /** What is answered to an action whose id is on disk; `null`: it is not. */
  #known({ id, request }: OperatorAction): OperatorResult | null {
    if (!this.#store.hasAction(id, this.#ports.now())) return null;
    const before = this.#store.requestOf(id);
    return before === null || inOrder(before) === inOrder(request) ? "done" : "other-action";
  }

  #refusal({ request }: OperatorAction): OperatorRefusal | null {
    const { state, progress } = this.#store;
    const settings = this.#identity && this.#findDomain()?.settings;
    return settings
      ? operatorRefusal(state, request, { settings, cannot: progress.cannot ?? [] })
      : "no-such-conference";
  }

  async sendAgain(row: number, person: string): Promise<OperatorResult> {
    const document = givenUpIn(this.#store, row);
    const domain = document && this.#findDomain();
    if (!document || !domain) return "no-such-post";
    const id = sendAgainId(row);
    // For as long as the journal has the row: longer than other actions are known.
    if (this.#store.requestOf(id) !== null) return "done";
    const { transId: _, ...givenUp } = document;
    const refusal = sendAgainRefusalOf(this.#store.state, row, document, domain);
    return refusal ?? this.operate({ id, person, request: { type: "send-again", row, ...givenUp } });
  }

  alarm(): Promise<void> {
    this.#ports.measures.counted();
    return this.#clock.alarm.fired(() => (this.#store.identity ? this.#wake("alarm") : undefined));
  }

  async sweep(): Promise<boolean> {
    if (!this.#store.identity) return false;
    this.#ports.measures.counted();
    void this.#ports.measures.activity.remind(this.#identified.domain, this.#ports.now());
    this.#directoryFeed.remind();
    this.reader.deleteUnused();
    await this.#sweep();
    return this.#ongoing !== null;
  }

  async feedDirectory(isWatched: boolean): Promise<boolean> {
    if (!this.#store.identity) return false;
    await this.#directoryFeed.feed(isWatched);
    return this.#ongoing !== null;
  }

  /** An object that was restored for this has done already what was overdue. */
  async #sweep(): Promise<void> {
    const domain = this.#findDomain();
    if (!domain) return this.alarm();
    const now = this.#ports.now();
    const nextCommand = this.#sender.schedule.nextDue(this.#store.state.commands);
    const due = earliest(nextCommand, this.#outbox.nextDue, nextDeadline(this.#store.state));
    if (due !== null && due + overdueMs < now) await this.alarm();
    const deleteAt = this.#deleteAt(domain);
    if (deleteAt !== null && deleteAt <= now) return this.#arm(deleteAt);
    const { bridge } = this.#store.progress;
    const digest = ownDigest(this.#store.state);
    if (bridge === null || digest === null) return;
    const asked = this.#ports.relay(domain.name, bridge).askForSnapshot(this.#identified.confKey, digest);
    await within(this.#ports, askWithinMs, `the relay of ${bridge}`, asked);
  }

  get #identified(): ConferenceIdentity {
    if (!this.#identity) throw new Error("this conference object was never told which conference it is");
    return this.#identity;
  }

  #identify({ domain, confKey }: ConferenceIdentity): void {
    this.#identity ??= { domain, confKey };
  }

  #findDomain(): Domain | null {
    return this.#ports.domain(this.#identified.domain);
  }

  /** From when on nobody needs anything of this conference; `null`: that cannot be said yet. */
  #deleteAt(domain: Domain | null): EpochMs | null {
    const { state, lastAt, retention } = this.#store;
    const retainedUntil = lastAt + Math.max(retention.neededMs, retention.keptMs);
    if (!domain) return retainedUntil;
    const { head, ...entries } = state;
    const isOver = head.phase === "absent" || head.phase === "ended";
    if (!this.#store.identity || !isOver || Object.values(entries).some(({ size }) => size > 0)) return null;
    const closedUntil = head.phase === "ended" ? head.closedUntil : undefined;
    return Math.max(retainedUntil, closedUntil ?? 0);
  }

  /** Does what is due, after setting the next alarm. */
  async #wake(why: "alarm" | "restored"): Promise<void> {
    const now = this.#ports.now();
    const domain = this.#findDomain();
    const deleteAt = this.#deleteAt(domain);
    if (why === "alarm" && deleteAt !== null && deleteAt <= now && this.#isQuiet(domain)) {
      this.#outbox.adopt(noQueue);
      this.#sender.stop();
      this.#directoryFeed.stop();
      // Conferences of a domain that is gone may run still.
      Object.assign(this.#tally, newTally());
      return await this.#ports.deleteAll();
    }
    if (!domain)
      return this.#clock.wakeBy(Math.min(Math.max(deleteAt ?? now, now + alarmLeadMs.later), now + domainAgainMs));
    // An alarm for the deletion was set in an earlier life: to set it again whenever the object is restored costs a row.
    this.#arm(why === "alarm" ? deleteAt : null);
    this.#outbox.deleteConfirmed();
    this.#outbox.pump();
    this.#send();
    const deadline = this.#nextDeadline;
    if (deadline !== null && deadline <= now) await this.#commits.submit({ type: "time" });
    for (const host of this.#outbox.signs) await this.#commits.submit({ type: "reached", host: host as WebexHost });
  }

  /** Whether nothing is under way that would write into the tables after their deletion. */
  #isQuiet(domain: Domain | null): boolean {
    const isIdle = this.#underWay.size === 0 && this.#commits.isIdle && !this.#ids.isRefilling;
    return isIdle && (domain === null || this.#outbox.rows.length === 0);
  }

  #send(): void {
    const { state, progress } = this.#store;
    this.#sender.send(this.#identified, state.commands, progress.bridge);
  }

  /** When somebody is to be answered with a failure, or something else is due. */
  get #nextDeadline(): EpochMs | null {
    const { state } = this.#store;
    return earliest(nextDeadline(state, this.#identity?.confKey), this.#sender.schedule.nextOverdue(state));
  }

  /** Sees to it that there is an alarm for what is outstanding. */
  #arm(deleteAt: EpochMs | null): void {
    const { state } = this.#store;
    const leadMs = state.head.phase === "creating" ? alarmLeadMs.creating : alarmLeadMs.later;
    const dues = [this.#sender.schedule.nextDue(state.commands), this.#outbox.nextDue, deleteAt];
    const next = nextWake(this.#ports.now(), leadMs, this.#nextDeadline, ...dues);
    if (next !== null) this.#clock.wakeBy(next);
  }

  /** For who speaks: saves the row of the alarm if the post is confirmed at once. A death before that delays it until the next input or sweep. */
  #armLater(): void {
    this.#ports.after(confirmedMs, () =>
      this.#clock.alarm.guard(() => {
        this.#outbox.deleteConfirmed();
        this.#arm(null);
      }),
    );
  }

  /** Commits all items in one transaction, or throws and leaves nothing of any of them; then does what follows. */
  #commit(items: readonly Item[]): void {
    const at = this.#ports.now();
    const domain = this.#findDomain();
    if (!domain) {
      throw new Error(
        `the settings have no domain "${this.#identity?.domain}": put it back, and its conferences go on`,
      );
    }
    const [store, outbox, ids] = [this.#store, this.#outbox, this.#ids];
    const { nonce } = this.#ports;
    const overdue = () => this.#sender.schedule.overdue(store.state, at);
    const unacknowledged = () => this.#sender.schedule.unacknowledged(store.state, at);
    const context = { at, identity: this.#identified, domain, store, outbox, ids, nonce, overdue, unacknowledged };
    const batch = transact(context, items);
    // A repeated report is a sign of life, too.
    if (!batch) return this.#send();
    // The commit stands even if something here throws. The group commit would act on each item again if it heard of the error.
    try {
      const tookMs = this.#sender.schedule.issued(batch.commands, this.#store.state.commands, at);
      for (const ms of tookMs) this.#ports.measures.commandSeconds.observe({ domain: domain.name }, ms);
      this.#measure();
      this.#directoryFeed.committed(batch.facts);
      this.#outbox.adopt(batch.queue);
      this.#ports.changed();
      this.#send();
      // The alarm comes after the sending, which it would repeat: where it cannot be set, there is no other repeat.
      if (items.every(isSpeech) && nextDeadline(this.#store.state) === null) this.#armLater();
      else this.#arm(this.#deleteAt(domain));
      if (this.#ongoing !== null) this.#ids.keep(this.#idsOfTakeover);
      for (const outcome of outcomesOf(batch.facts))
        this.#ports.measures.outcomes.count({ domain: domain.name, outcome });
      for (const { level, event, ...about } of logLines(batch.facts)) this.#log(level, event, about);
    } catch (error) {
      this.#log("error", "follow-up-broke", { why: String(error) });
    }
  }

  /** As many as another server needs that takes over now: 50 messages share a TransID. */
  get #idsOfTakeover(): IdsWanted {
    const waiting = this.#outbox.rows.reduce((sum, { messages }) => sum + messages.length, 0);
    const msgIds = takeoverSize(this.#store.state) + waiting;
    return { msgIds, transIds: Math.ceil(msgIds / maxMessages) + 2 };
  }

  /** What fails here is made up for by the next transaction, which has this sign of life first. */
  #reached(host: WebexHost): void {
    this.#commits
      .submit({ type: "reached", host })
      .catch((error: unknown) => this.#log("warn", "not-resynchronised", { host, why: String(error) }));
  }

  /** `null`: there is no conference, or it is over. */
  get #ongoing(): "creating" | "running" | null {
    const { head } = this.#store.state;
    return isOngoing(head) ? head.phase : null;
  }

  #measure(): void {
    const { head } = this.#store.state;
    this.#tally.phase = this.#ongoing;
    this.#tally.callers = isOngoing(head) ? head.life.callers : 0;
    this.#ports.measures.keep(this.#identified.domain, this.#identified.confKey, this.#tally);
  }

  get #trouble(): readonly Trouble[] {
    const { commands } = this.#store.state;
    const hasFailed =
      this.#store.state.outages.size > 0 || this.#outbox.rows.some(({ failure }) => failure !== undefined);
    const isLate = [...commands.values()].some(({ expired }) => expired);
    return [...(hasFailed ? (["posts"] as const) : []), ...(isLate ? (["commands"] as const) : [])];
  }

  #log(level: LogLine["level"], event: string, facts: LogFacts): void {
    this.#ports.log({ level, event, ...facts });
  }
}

/** Whether WebEx may just as well ask again later. A conference is created, taken over and closed in any case. */
function mayWait(message: FromWebex): boolean {
  return isAnswered(message) && message.type !== "create-conference" && message.type !== "close-conference";
}

function isSpeech(item: Item): boolean {
  return item.type === "bridge" && item.reports.reports.every(isOfSpeech);
}

function isOfSpeech({ report }: NumberedReport): boolean {
  return report.type === "event" && report.event.type === "speaking-changed";
}

/** The same text for the same data, in whatever order its fields are. */
function inOrder(data: unknown): string {
  return JSON.stringify(data, (_, value) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
  );
}
