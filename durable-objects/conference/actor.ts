import { matchesBridge } from "../../src/conference/reconcile.ts";
import type { OperatorRequest } from "../../src/conference/requests.ts";
import { hasHandle } from "../../src/conference/state.ts";
import type { BridgeName, CommandId, EpochMs, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import type { AgentReports, ConferenceDocument, OperatorResult } from "../../src/rpc.ts";
import { GroupCommit } from "../group-commit.ts";
import { ObjectClock } from "../object-clock.ts";
import { Outbox, type Rows } from "../outbox.ts";
import type { ConferencePorts } from "./conference-ports.ts";
import { Errands } from "./errands.ts";
import { type Item, Ledger } from "./ledger.ts";
import { NumberStock } from "./number-stock.ts";

/**
 * What is due sooner is done by the object while it lives; the alarm, which costs a row, is there for the case that it
 * does not. After a restart an agent's snapshots wake the conferences at once, but for those that it knows nothing of.
 */
const alarmLeadMs = { creating: 1000, later: 5000 } as const;
/** By which a clock must be set back to be worth a row. */
const noticedMs = 1000;
/** A deadline is looked at so often at least: until then a clock may be set forward, and its alarm comes no sooner for that. */
const farthestMs = 5 * 60_000;
/** What is due for so long was forgotten by the alarm. */
const overdueMs = 60_000;
/** An agent tells of each conference that the bridge holds once a minute. */
const bridgeSilenceMs = 90_000;

/**
 * One conference: each input is committed together with all that follows from it, and only then told to the bridge and
 * to WebEx. It may be thrown away between any two steps; the next one goes on from the rows.
 */
export class ConferenceActor {
  readonly #ports: ConferencePorts;
  readonly #ledger: Ledger;
  readonly #outbox: Outbox;
  readonly #errands: Errands;
  readonly #numbers: NumberStock;
  readonly #commits: GroupCommit<Item>;
  readonly #underWay = new Map<TransId, Promise<void>>();
  readonly #clock: ObjectClock;
  /** When an agent last told anything of it; `null`: not in this life. */
  #heardAt: EpochMs | null = null;

  /** Loads everything, and takes up what is outstanding at once. */
  constructor(platform: ConferencePorts) {
    this.#clock = new ObjectClock(platform);
    const ports = { ...platform, now: this.#clock.now };
    this.#ports = ports;
    this.#outbox = new Outbox(
      ports,
      () => this.#ledger.domain,
      (row) => this.#commits.submit({ type: "undelivered", row }),
    );
    this.#ledger = new Ledger(ports, this.#outbox);
    this.#clock.notBefore(this.#ledger.lastAt, this.#ledger.books.aheadMs);
    this.#numbers = new NumberStock(ports, this.#ledger);
    this.#commits = new GroupCommit(
      (items) => this.#commit(items),
      ports,
      (error) => this.#numbers.remedy(error),
    );
    this.#errands = new Errands(ports, this.#ledger, (item) => this.#commits.submit(item));
    this.#outbox.load();
    // An alarm for the day when all is forgotten was set before: to set it at each awakening would cost a row.
    if (this.#ledger.identity) this.#wake(null);
  }

  async receive(delivered: ConferenceDocument): Promise<boolean> {
    this.#ledger.introduce(delivered);
    const { transId, messages, fromCache } = delivered;
    let taken = this.#underWay.get(transId);
    if (!taken) {
      if (this.#ledger.isRepeat(transId)) {
        this.#ports.log({ level: "info", event: "repeat", transId, ...this.#ledger.identity });
        return true;
      }
      if (fromCache && !messages.every(({ extConfId }) => extConfId && this.hasHandle(extConfId))) return false;
      taken = this.#commits.submit({ type: "webex", delivered }).finally(() => this.#underWay.delete(transId));
      this.#underWay.set(transId, taken);
    }
    await taken;
    return true;
  }

  /** Resolves, when they are on disk, to the highest number taken of this stream. */
  async report(reports: AgentReports): Promise<number> {
    this.#ledger.introduce(reports);
    this.#errands.agentIsThere(reports.stream);
    this.#heardAt = this.#ports.now();
    await this.#commits.submit({ type: "bridge", reports });
    return this.#ledger.takenOf(reports.stream);
  }

  /** An agent of this bridge has these commands in its journal. */
  ackCommands(bridge: BridgeName, ids: readonly CommandId[]): void {
    this.#errands.ackCommands(bridge, ids);
  }

  matchesBridge(bridge: BridgeName, digest: string): boolean {
    this.#heardAt = this.#ports.now();
    return !this.#ledger.isElsewhere(bridge) && matchesBridge(this.#ledger.state, digest);
  }

  hasHandle(extConfId: ExtConfId): boolean {
    return hasHandle(this.#ledger.state.head, extConfId, this.#ports.now());
  }

  async operate(request: OperatorRequest): Promise<OperatorResult> {
    const { head } = this.#ledger.state;
    if (head.phase !== "running" || !head.attached) return "no-such-conference";
    if (request.type === "passthrough" && !this.#hasCall(request.extCallId)) return "no-such-call";
    await this.#commits.submit({ type: "operator", request });
    return "done";
  }

  /** Sets the next alarm first, then does what is due; never throws, since a failed alarm is soon given up for good. */
  async alarm(): Promise<void> {
    this.#clock.rang();
    await this.#wake(this.#ledger.forgettableAt);
  }

  /**
   * For an object that was there all the time, and whose alarm got lost; a new one has taken up everything by itself. And for a
   * conference that the bridge has lost together with the agent that knew of it: no other agent tells of that unasked.
   */
  async sweep(): Promise<void> {
    const due = earliest(
      this.#errands.nextDue,
      this.#outbox.nextDue,
      this.#ports.rules.nextDeadline(this.#ledger.state),
    );
    const now = this.#ports.now();
    if (due !== null && due + overdueMs < now) await this.alarm();
    const { head } = this.#ledger.state;
    const { bridge } = this.#ledger.books;
    const isSilent = this.#heardAt === null || this.#heardAt + bridgeSilenceMs < now;
    if (head.phase === "running" && !head.closing && bridge !== null && isSilent) {
      await this.#ports.askForSnapshot(this.#ledger.known, bridge);
    }
  }

  async #wake(forgetAt: EpochMs | null): Promise<void> {
    try {
      await this.#work(forgetAt);
    } catch (error) {
      this.#ports.log({ level: "error", event: "alarm-broke", why: String(error), ...this.#ledger.identity });
    }
  }

  #hasCall(extCallId: string): boolean {
    for (const caller of this.#ledger.state.callers.values()) {
      if (caller.extCallId === extCallId && !caller.left) return true;
    }
    return false;
  }

  #commit(items: readonly Item[]): void {
    const { rows, commands, notes, repairs } = this.#ledger.commit(items);
    this.#errands.given(commands);
    if (repairs.length > 0) {
      const kinds = Object.entries(Object.groupBy(repairs, (kind) => kind));
      const counts = Object.fromEntries(kinds.map(([kind, found]) => [kind, found.length]));
      this.#ports.log({ level: "info", event: "repair", ...counts, ...this.#ledger.identity });
    }
    for (const note of notes) this.#ports.log({ level: "info", event: "note", note, ...this.#ledger.identity });
    this.#follow(rows);
  }

  /** What is committed stays so, whatever happens here: a failure is left to the alarm. */
  #follow(rows: Rows): void {
    try {
      this.#outbox.adopt(rows);
      this.#arm(this.#ledger.forgettableAt);
      this.#errands.run();
      this.#numbers.stockUp();
    } catch (error) {
      this.#ports.log({ level: "error", event: "follow-up-broke", why: String(error), ...this.#ledger.identity });
    }
  }

  /** Does whatever is due. */
  async #work(forgetAt: EpochMs | null): Promise<void> {
    const quiet = this.#outbox.rows.length === 0 && this.#commits.isIdle;
    if (forgetAt !== null && forgetAt <= this.#ports.now() && quiet) return this.#ports.forget();
    this.#arm(forgetAt);
    this.#outbox.tidy();
    this.#outbox.pump();
    this.#errands.run();
    const deadline = this.#ports.rules.nextDeadline(this.#ledger.state);
    if (deadline !== null && deadline <= this.#ports.now()) await this.#commits.submit({ type: "time" });
  }

  /** Sees to it that there is an alarm for what is outstanding. */
  #arm(forgetAt: EpochMs | null): void {
    const now = this.#ports.now();
    const { head } = this.#ledger.state;
    const lead = head.phase === "creating" ? alarmLeadMs.creating : alarmLeadMs.later;
    const notBefore = (at: EpochMs | null) => (at === null ? null : Math.max(at, now + lead));
    const soonest = earliest(this.#errands.nextDue, this.#outbox.nextDue);
    const deadline = this.#ports.rules.nextDeadline(this.#ledger.state);
    const due = deadline !== null && deadline > now ? Math.min(deadline, now + farthestMs) : notBefore(deadline);
    const next = earliest(notBefore(soonest), due, notBefore(forgetAt));
    if (next === null) return;
    // Else each life would begin anew when the last input was taken, and what is due much later would never come.
    const { aheadMs } = this.#clock;
    if (aheadMs > (this.#ledger.books.aheadMs ?? 0) + noticedMs) this.#ledger.correct({ aheadMs });
    this.#clock.wakeBy(next);
  }
}

function earliest(...times: readonly (EpochMs | null)[]): EpochMs | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
