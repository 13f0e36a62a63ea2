import type { IssuedCommand } from "../src/bridge/commands.ts";
import { nextDeadline } from "../src/conference/deadlines.ts";
import { type ConferenceInput, decide } from "../src/conference/decide.ts";
import { matchesBridge } from "../src/conference/reconcile.ts";
import { type OperatorRequest, operatorRefusal } from "../src/conference/requests.ts";
import { type Changes, type Head, hasHandle } from "../src/conference/state.ts";
import { withoutMessages } from "../src/delivery/outbox-rows.ts";
import type { Domain } from "../src/domain.ts";
import type { BridgeName, CommandId, DomainName, EpochMs, ExtConfId, MsgId, TransId } from "../src/foundation/ids.ts";
import { within } from "../src/foundation/timers.ts";
import type {
  AgentReports,
  ConferenceDocument,
  ConferenceIdentity,
  IdBlocks,
  IdRequest,
  IdsWanted,
  OperatorResult,
  RelayRpc,
} from "../src/rpc.ts";
import { Clock } from "./clock.ts";
import { CommandSender } from "./command-sender.ts";
import { ConferenceStore, type Progress, type Retention } from "./conference-store.ts";
import { GroupCommit } from "./group-commit.ts";
import { IdSupply, OutOfIds } from "./id-supply.ts";
import { KnownRequests } from "./known-requests.ts";
import type { LogLine } from "./log.ts";
import { Outbox, type Rows, type Undelivered } from "./outbox.ts";
import type { Platform } from "./platform.ts";

/** All that a conference needs of the world around it. */
export interface ConferencePorts extends Platform {
  /** `null` when the settings do not have the domain; throws when they cannot be read. */
  domain(name: DomainName): Domain | null;
  relay(domain: DomainName, bridge: BridgeName): Pick<RelayRpc, "sendCommands" | "askForSnapshot" | "health">;
  allocateIds(request: IdRequest): Promise<IdBlocks>;
  /** 64 random bits as text. */
  nonce(): string;
  /** Deletes everything, and ends the life of the object. */
  deleteAll(): Promise<void>;
}

/** What a conference can be given to commit. */
type Item =
  | { readonly type: "webex"; readonly document: ConferenceDocument }
  | { readonly type: "bridge"; readonly reports: AgentReports }
  | { readonly type: "operator"; readonly request: OperatorRequest }
  | { readonly type: "undelivered"; readonly undelivered: Undelivered }
  | { readonly type: "time" };

type NextId = (kind: keyof IdsWanted) => string;

/** What one transaction makes true, beside the store. */
interface Draft {
  readonly at: EpochMs;
  readonly domain: Domain;
  rows: Rows;
  readonly transIds: TransId[];
  readonly commands: IssuedCommand[];
  readonly notes: string[];
  readonly repairs: string[];
}

/**
 * The object does by itself, while it lives, what is due sooner. The alarm costs a row and is there for the case that the
 * object does not live. After a restart the agent's snapshots wake the conferences at once, but for conferences that the
 * agent knows nothing of.
 */
const alarmLeadMs = { creating: 1000, later: 5000 } as const;
const overdueMs = 60_000;
/** An agent tells of each conference that the bridge holds once a minute. */
const bridgeSilenceMs = 90_000;
const askWithinMs = 5000;
/** Pause after an alarm that broke, as when the settings cannot be read. */
const alarmAgainMs = 60_000;
/** How often a conference looks whether its domain is back in the settings. */
const domainAgainMs = 3_600_000;
/** Ids beside those for the answers to each message of a document. */
const sparedIds = 5;
/** Only the last stream of each agent goes on. */
const rememberedStreams = 8;
const dayMs = 86_400_000;

/**
 * One conference. Each input is committed together with all that follows from it, and only then sent to the bridge and to
 * WebEx. The object may be thrown away between any two steps; the next one goes on from the rows.
 */
export class Conference {
  readonly #ports: ConferencePorts;
  readonly #store: ConferenceStore;
  readonly #clock: Clock;
  readonly #known: KnownRequests;
  readonly #ids: IdSupply;
  readonly #outbox: Outbox;
  readonly #sender: CommandSender;
  readonly #commits: GroupCommit<Item>;
  /** Documents that are being committed. */
  readonly #underWay = new Map<TransId, Promise<void>>();
  #identity: ConferenceIdentity | null;
  /** When an agent last reported of this conference; `null`: not in this life. */
  #heardAt: EpochMs | null = null;

  /** Restores everything, and resumes what is outstanding at once. */
  constructor(platform: ConferencePorts) {
    const store = new ConferenceStore(platform.sql, (error) => platform.abort(`the store is lost: ${error}`));
    const { lastAt, progress } = store;
    this.#clock = new Clock(platform, lastAt, progress.aheadMs, (aheadMs) => store.correct({ aheadMs }));
    const ports = { ...platform, now: this.#clock.now };
    this.#ports = ports;
    this.#store = store;
    this.#identity = store.identity;
    this.#known = new KnownRequests(store.identity ? store.transIdsSince(ports.now() - store.retention.neededMs) : []);
    const { msgIds, transIds } = progress;
    this.#ids = new IdSupply(ports, { msgIds, transIds }, (wanted) => {
      const { domain, confKey: holder } = this.#identified;
      return ports.allocateIds({ domain, holder, ...wanted });
    });
    this.#outbox = new Outbox(
      ports,
      () => this.#findDomain(),
      (undelivered) => this.#commits.submit({ type: "undelivered", undelivered }),
    );
    this.#commits = new GroupCommit((items) => this.#commit(items), ports);
    this.#sender = this.#newSender();
    this.#outbox.load();
    if (this.#identity) this.#wake("restored");
  }

  /** Resolves to false, with nothing done, when a handle was recalled that does not stand for this conference. */
  async receive(document: ConferenceDocument): Promise<boolean> {
    this.#identify(document);
    const { transId, messages, fromCache } = document;
    let committed = this.#underWay.get(transId);
    if (!committed) {
      if (this.#known.has(transId, this.#ports.now(), this.#store.retention.neededMs)) {
        this.#log("info", "repeat", { transId });
        return true;
      }
      if (fromCache && !messages.every(({ extConfId }) => extConfId && this.hasHandle(extConfId))) return false;
      committed = this.#receive(document).finally(() => this.#underWay.delete(transId));
      this.#underWay.set(transId, committed);
    }
    await committed;
    return true;
  }

  /** Resolves, when they are on disk, to the highest number committed of this stream. */
  async report(reports: AgentReports): Promise<number> {
    this.#identify(reports);
    const { stream } = reports;
    // In the last stream the agent has come back, or never was away; else another agent acts, or this one begins anew.
    if (stream === Object.keys(this.#store.progress.reportsUpTo).at(-1)) this.#sender.agentReported();
    else this.#sender.agentChanged();
    this.#heardAt = this.#ports.now();
    await this.#submit({ type: "bridge", reports });
    return this.#store.progress.reportsUpTo[stream] ?? 0;
  }

  ackCommands(bridge: BridgeName, ids: readonly CommandId[]): void {
    this.#sender.ack(bridge, ids);
  }

  matchesBridge(bridge: BridgeName, digest: string): boolean {
    this.#heardAt = this.#ports.now();
    return !this.#isElsewhere(bridge) && matchesBridge(this.#store.state, digest);
  }

  hasHandle(extConfId: ExtConfId): boolean {
    return hasHandle(this.#store.state.head, extConfId, this.#ports.now());
  }

  async operate(request: OperatorRequest): Promise<OperatorResult> {
    const refusal = operatorRefusal(this.#store.state, request);
    if (refusal !== null) return refusal;
    await this.#submit({ type: "operator", request });
    return "done";
  }

  /** Never throws, since the platform soon gives up an alarm that fails. */
  async alarm(): Promise<void> {
    this.#clock.alarmFired();
    await this.#wake("alarm");
  }

  /**
   * For an object that was there all the time and whose alarm got lost; a new one has resumed everything by itself. And for a
   * conference that the bridge has lost together with the agent that knew of it: no other agent reports it unasked.
   */
  async sweep(): Promise<void> {
    if (!this.#findDomain()) return this.alarm();
    const now = this.#ports.now();
    const due = earliest(this.#sender.nextDue, this.#outbox.nextDue, nextDeadline(this.#store.state));
    if (due !== null && due + overdueMs < now) await this.alarm();
    const { head } = this.#store.state;
    const { bridge } = this.#store.progress;
    const isSilent = this.#heardAt === null || this.#heardAt + bridgeSilenceMs < now;
    if (head.phase !== "running" || head.closing || bridge === null || !isSilent) return;
    const { domain, confKey } = this.#identified;
    const asked = this.#ports.relay(domain, bridge).askForSnapshot(confKey);
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
    try {
      const now = this.#ports.now();
      const domain = this.#findDomain();
      const deleteAt = this.#deleteAt(domain);
      if (why === "alarm" && deleteAt !== null && deleteAt <= now && this.#isQuiet(domain)) {
        return await this.#ports.deleteAll();
      }
      if (!domain)
        return this.#clock.wakeBy(Math.min(Math.max(deleteAt ?? now, now + alarmLeadMs.later), now + domainAgainMs));
      // An alarm for the deletion was set in an earlier life: to set it again whenever the object is restored costs a row.
      this.#arm(why === "alarm" ? deleteAt : null);
      this.#outbox.deleteConfirmed();
      this.#outbox.pump();
      this.#sender.send();
      const deadline = nextDeadline(this.#store.state);
      if (deadline !== null && deadline <= now) await this.#submit({ type: "time" });
    } catch (error) {
      this.#log("error", "alarm-broke", { why: String(error) });
      this.#wakeAgain();
    }
  }

  #wakeAgain(): void {
    try {
      this.#clock.wakeBy(this.#ports.now() + alarmAgainMs);
    } catch (error) {
      // Nothing more can be done in this life: the platform repeats an alarm whose object is gone.
      this.#log("error", "no-alarm", { why: String(error) });
    }
  }

  #isQuiet(domain: Domain | null): boolean {
    return this.#commits.isIdle && (domain === null || this.#outbox.rows.length === 0);
  }

  /** Sees to it that there is an alarm for what is outstanding. */
  #arm(deleteAt: EpochMs | null): void {
    const now = this.#ports.now();
    const { head } = this.#store.state;
    const soonest = now + (head.phase === "creating" ? alarmLeadMs.creating : alarmLeadMs.later);
    const deadline = nextDeadline(this.#store.state);
    const isAhead = deadline !== null && deadline > now;
    const backstop = earliest(this.#sender.nextDue, this.#outbox.nextDue, deleteAt, isAhead ? null : deadline);
    const next = earliest(
      isAhead ? this.#clock.lookAt(deadline) : null,
      backstop === null ? null : Math.max(backstop, soonest),
    );
    if (next !== null) this.#clock.wakeBy(next);
  }

  /** The answers need ids: the first document of a conference waits for its first block, and a large one for a larger block. */
  async #receive(document: ConferenceDocument): Promise<void> {
    this.#ids.dropOld(this.#ports.now());
    const least = document.messages.length + sparedIds;
    if (this.#ids.left("msgIds") < least || this.#ids.left("transIds") < least) await this.#refillIds(least);
    await this.#submit({ type: "webex", document });
  }

  /** Rejects when there are too few ids: whoever sent the input sends it again. */
  async #submit(item: Item): Promise<void> {
    if (this.#ids.dropOld(this.#ports.now()) || this.#ids.ranOut) await this.#refillIds();
    await this.#commits.submit(item);
  }

  /** Commits all items in one transaction, or throws and leaves nothing of any of them; then does what follows. */
  #commit(items: readonly Item[]): void {
    const draft = this.#transact(items);
    for (const transId of draft.transIds) this.#known.add(transId, draft.at, this.#store.retention.neededMs);
    this.#sender.issued(draft.commands);
    if (draft.repairs.length > 0) {
      const kinds = Object.entries(Object.groupBy(draft.repairs, (kind) => kind));
      this.#log("info", "repair", Object.fromEntries(kinds.map(([kind, found]) => [kind, found?.length])));
    }
    for (const note of draft.notes) this.#log("info", "note", { note });
    try {
      this.#outbox.adopt(draft.rows);
      this.#arm(this.#deleteAt(draft.domain));
      this.#sender.send();
      this.#keepIds();
    } catch (error) {
      // The commit stands all the same; the alarm repeats what follows from it.
      this.#log("error", "follow-up-broke", { why: String(error) });
    }
  }

  #transact(items: readonly Item[]): Draft {
    const domain = this.#findDomain();
    if (!domain) {
      throw new Error(
        `the settings have no domain "${this.#identity?.domain}": put it back, and its conferences go on`,
      );
    }
    const lists = { transIds: [], commands: [], notes: [], repairs: [] };
    const draft: Draft = { at: this.#ports.now(), domain, rows: this.#outbox.rows, ...lists };
    try {
      this.#ids.transaction(
        (nextId) => {
          this.#store.identify(this.#identified, retentionOf(domain));
          for (const item of items) this.#apply(item, draft, nextId);
          this.#outbox.write(draft.rows);
        },
        (work) => this.#store.transaction(work),
      );
    } catch (error) {
      if (error instanceof OutOfIds) this.#refillIds().catch(() => {});
      throw error;
    }
    return draft;
  }

  #apply(item: Item, draft: Draft, nextId: NextId): void {
    const input = this.#toInput(item, draft);
    if (!input) return;
    const { state } = this.#store;
    let progress = this.#store.progress;
    // Nobody chose a bridge for a conference that WebEx never created: it is on the bridge that reports it.
    if (item.type === "bridge" && state.head.phase === "absent") {
      progress = { ...progress, bridge: progress.bridge ?? item.reports.bridge };
    }
    const decision = decide(state, input, {
      confKey: this.#identified.confKey,
      settings: draft.domain.settings,
      bridge: progress.bridge,
      msgId: () => nextId("msgIds") as MsgId,
      serial: () => {
        progress = { ...progress, serial: progress.serial + 1 };
        return progress.serial;
      },
      nonce: () => this.#ports.nonce(),
      unconfirmed: () => draft.rows.flatMap(({ host, messages }) => messages.map((message) => ({ host, message }))),
    });
    draft.rows = draft.rows.filter(({ host }) => !decision.dropQueued.includes(host));
    for (const post of decision.posts) {
      draft.rows = this.#outbox.add(draft.rows, post, draft.domain, () => nextId("transIds") as TransId);
    }
    draft.commands.push(...decision.commands);
    draft.notes.push(...decision.notes);
    draft.repairs.push(...decision.repairs);
    if (begins(state.head, decision.changes)) {
      // A new life may be on another bridge. An only bridge is kept at once: a second one in the settings takes nothing from it.
      progress = { ...progress, bridge: onlyBridge(draft.domain) };
    }
    if (input.type === "webex") draft.transIds.push(input.transId);
    if (input.type === "bridge") progress = { ...progress, reportsUpTo: withStream(progress, input) };
    this.#store.append(input, decision.changes, { ...progress, ...this.#ids.atHand });
  }

  /** `null`: there is nothing in the item that was not committed before. */
  #toInput(item: Item, draft: Draft): ConferenceInput | null {
    const { at } = draft;
    switch (item.type) {
      case "webex": {
        const { transId, messages } = item.document;
        return { type: "webex", at, transId, messages };
      }
      case "bridge": {
        const { stream, bridge, reports } = item.reports;
        let upTo = this.#store.progress.reportsUpTo[stream] ?? 0;
        const fresh = reports.filter(({ number }) => number === upTo + 1 && ++upTo);
        const elsewhere = this.#isElsewhere(bridge) && { elsewhere: bridge };
        return fresh.length === 0 ? null : { type: "bridge", at, stream, reports: fresh, ...elsewhere };
      }
      case "undelivered": {
        const { seq, messages } = item.undelivered;
        // A failover may have dropped the row meanwhile.
        if (!draft.rows.some((row) => row.seq === seq)) return null;
        draft.rows = withoutMessages(draft.rows, seq, messages);
        return { type: "undelivered", at, messages };
      }
      case "operator":
        return { type: "operator", at, request: item.request };
      case "time":
        return { type: "time", at };
    }
  }

  /** Whether this is a bridge that the conference is not on. */
  #isElsewhere(bridge: BridgeName): boolean {
    const own = this.#store.progress.bridge;
    return own !== null && own !== bridge;
  }

  /** Keeps enough ids at hand for a failover of everybody, so that no input has to wait for the allocator. */
  #keepIds(): void {
    const { phase } = this.#store.state.head;
    if (phase === "absent" || phase === "ended") return;
    const { msgIds, transIds } = this.#fullSupply;
    if (this.#ids.left("msgIds") >= msgIds / 2 && this.#ids.left("transIds") >= transIds / 2) return;
    this.#refillIds().catch(() => {});
  }

  #refillIds(least = 0): Promise<void> {
    const { msgIds, transIds } = this.#fullSupply;
    const full = { msgIds: Math.max(msgIds, least), transIds: Math.max(transIds, least) };
    return this.#ids.refill(full).catch((error: unknown) => {
      this.#log("warn", "no-ids", { why: String(error) });
      throw error;
    });
  }

  /** In a failover 50 messages share a TransID; where callers come one by one, each message has its own. */
  get #fullSupply(): IdsWanted {
    const { size } = this.#store.state.callers;
    return { msgIds: 50 + 4 * size, transIds: 20 + size };
  }

  #newSender(): CommandSender {
    const conference = this;
    return new CommandSender(
      { ...this.#ports, relay: (bridge) => this.#ports.relay(this.#identified.domain, bridge) },
      {
        get identity() {
          return conference.#identified;
        },
        get pending() {
          return conference.#store.state.commands;
        },
        get bridge() {
          return conference.#store.progress.bridge;
        },
        get bridges() {
          return conference.#findDomain()?.settings.bridges.map(({ name }) => name as BridgeName) ?? [];
        },
        keepBridge: (bridge) => this.#store.correct({ bridge }),
      },
    );
  }

  #log(level: LogLine["level"], event: string, facts: Readonly<Record<string, unknown>>): void {
    this.#ports.log({ level, event, ...facts, ...this.#identity });
  }
}

function retentionOf({ settings }: Domain): Retention {
  return { neededMs: settings.transactionMemoryMs, keptMs: settings.journalRetentionDays * dayMs };
}

function begins(before: Head, { head }: Changes): boolean {
  return head?.phase === "creating" && before.phase !== "creating";
}

function onlyBridge({ settings }: Domain): BridgeName | null {
  const [only, ...others] = settings.bridges;
  return only && others.length === 0 ? (only.name as BridgeName) : null;
}

function withStream({ reportsUpTo }: Progress, { stream, reports }: Extract<ConferenceInput, { type: "bridge" }>) {
  const { [stream]: _, ...others } = reportsUpTo;
  const recent = Object.entries(others).slice(1 - rememberedStreams);
  return { ...Object.fromEntries(recent), [stream]: reports.at(-1)?.number ?? 0 };
}

function earliest(...times: readonly (EpochMs | null)[]): EpochMs | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
