import type { Fact } from "../../src/conference/facts.ts";
import {
  enqueue,
  gatherShared,
  noQueue,
  type QueuedDocument,
  type QueuedPost,
  waitingRows,
  withoutMessages,
} from "../../src/conference/server/queue.ts";
import { Seen } from "../../src/delivery/seen.ts";
import type { DomainName, EpochMs, TransId } from "../../src/foundation/ids.ts";
import { LogLimit } from "../../src/foundation/limits.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { minuteMs } from "../../src/foundation/time/timers.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import type { Mail, MailboxRpc, SharedAnswers, ShareResult } from "../../src/rpc/mailbox.ts";
import type { SharedRequests } from "../../src/tsp/messages.ts";
import { Outbox, type OutboxStore, type Undelivered } from "../conference/outbox.ts";
import { IdSupply, noIds } from "../ids/id-supply.ts";
import { Clock, nextWake } from "../platform/clock.ts";
import type { LogLine } from "../platform/log.ts";
import type { KeptValues } from "../platform/object-place.ts";
import type { DomainPorts, Platform, Sql } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";
import { countedTable, MailCounts } from "./mail-counts.ts";

interface MailboxPorts extends Platform, Pick<DomainPorts, "domain" | "allocateIds" | "deleteAll" | "nonce"> {
  directory(domain: DomainName): Pick<DirectoryRpc, "count">;
  readonly kept: KeptValues;
}

/** Few ids at a time: this mail is rare, and ids that are not used are lost when the object is evicted. */
const fullSupply = { msgIds: 0, transIds: 50 };
const alarmLeadMs = 5000;
/** A domain has a few servers. Each port of an allowed host could be one more, with a post of its own in flight. */
const mostHosts = 50;
/** Transactions that are remembered. WebEx repeats within seconds, so that those of an honest flood are still known. */
const mostAnswered = 10_000;
const tables = [
  "CREATE TABLE IF NOT EXISTS owner (domain TEXT PRIMARY KEY) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, row TEXT NOT NULL)",
  countedTable,
  "CREATE TABLE IF NOT EXISTS answer (at INTEGER, request TEXT, PRIMARY KEY (at, request)) WITHOUT ROWID",
];

/**
 * Answers of one domain that belong to no conference, each transaction answered once; and answers of several conferences to one
 * document, which meet here (protocol T45).
 */
export class Mailbox implements MailboxRpc {
  readonly #ports: MailboxPorts;
  readonly #tables: LazyTables;
  readonly #outbox: Outbox;
  readonly #counts: MailCounts;
  /** Transactions whose repeats may still come, and answers that were given up. */
  readonly #answered: Seen<string>;
  readonly #logLimit = new LogLimit();
  readonly #clock: Clock;
  readonly #ids: IdSupply;
  #domain: DomainName | null;
  #lastAt: EpochMs;

  constructor(platform: MailboxPorts) {
    const { sql } = platform;
    this.#tables = new LazyTables(sql, "answer", ...tables);
    this.#domain = (this.#tables.read("SELECT domain FROM owner")[0]?.domain ?? null) as DomainName | null;
    const answers = this.#tables.read("SELECT at, request FROM answer ORDER BY at");
    this.#answered = new Seen(
      mostAnswered,
      answers.map(({ at, request }) => [String(request), null, Number(at)]),
    );
    this.#lastAt = Number(answers.at(-1)?.at ?? 0);
    const log = (line: LogLine) => {
      const dropped = this.#logLimit.admit(line.event, "", platform.now());
      if (dropped === null) return;
      platform.log({
        ...line,
        ...(this.#domain && { domain: this.#domain }),
        ...(dropped > 0 && { droppedBefore: dropped }),
      });
    };
    const { kept } = platform;
    const aheadMs = kept.get<number>("aheadMs") ?? 0;
    this.#clock = new Clock({ ...platform, log }, this.#lastAt, aheadMs, (ms) => kept.put("aheadMs", ms));
    const ports = { ...platform, log, now: this.#clock.now };
    this.#ports = ports;
    this.#ids = new IdSupply(
      ports,
      noIds,
      () => fullSupply,
      (wanted) => ports.allocateIds({ domain: this.#named, holder: null, ...wanted }),
    );
    this.#counts = new MailCounts({
      ...ports,
      count: (row) => ports.directory(this.#named).count(this.#named, row),
    });
    const store: OutboxStore = {
      ...storeOf(sql),
      say: (...facts) => this.#count(...facts),
    };
    this.#outbox = new Outbox(
      ports,
      store,
      () => ports.domain(this.#named),
      (undelivered) => this.#giveUp(undelivered),
    );
    if (!this.#domain) return;
    this.#outbox.load();
    this.#clock.alarm.guard(() => this.#wake("restored"));
  }

  async send({ domain, transId, answers, shared = [], counts }: Mail): Promise<void> {
    const mail = Array.from(answers, ([host, messages]) => messages.map((message) => ({ host, message }))).flat();
    const said = counts ? [{ kind: "document-confirmed", transId } as const] : [];
    await this.#accept(domain, transId, mail, shared, said);
  }

  async share({ domain, id, host, messages, requests, waitMs }: SharedAnswers): Promise<ShareResult> {
    // Our TransIDs and those of WebEx may be alike.
    const sharedAs = `shared ${id}`;
    const mail = messages.map((message) => ({ host, message: { ...message, sharedAs }, waitMs }));
    await this.#accept(domain, sharedAs, mail, [requests]);
    await this.#outbox.gone(sharedAs);
    return this.#isLost(sharedAs) ? "given-up" : "confirmed";
  }

  async waiting(): ReturnType<MailboxRpc["waiting"]> {
    // Conferences count what they have handed over.
    const own = this.#outbox.rows.filter(({ messages }) => messages.every(({ sharedAs }) => sharedAs === undefined));
    const servers = Array.from(waitingRows(own, this.#clock.now()), ([host, { rows: documents, oldestAt }]) => {
      return { host, documents, oldestAt };
    });
    return {
      documents: servers.reduce((sum, { documents }) => sum + documents, 0),
      oldestAt: earliest(...servers.map(({ oldestAt }) => oldestAt)),
      servers,
    };
  }

  async #accept(
    domain: DomainName,
    id: string,
    mail: readonly QueuedPost[],
    shared: SharedRequests,
    said: readonly Fact[] = [],
  ): Promise<void> {
    this.#domain ??= domain;
    await this.#ids.supply(() => this.#commit(domain, id, mail, shared, said));
  }

  /** Awaits nothing: a copy that waited for ids too must find the answer to this one. */
  #commit(
    domainName: DomainName,
    id: string,
    mail: readonly QueuedPost[],
    shared: SharedRequests,
    said: readonly Fact[],
  ): void {
    const domain = this.#ports.domain(this.#named);
    if (!domain) throw new Error(`the settings have no domain "${this.#domain}": its mail cannot be sent`);
    const now = this.#ports.now();
    const since = now - domain.settings.transactionMemoryMs;
    if (this.#answered.get(id, since) !== undefined || this.#outbox.holds(id)) return;
    const hosts = new Set([...this.#outbox.rows, ...mail].map(({ host }) => host));
    if (hosts.size > mostHosts) throw new Error(`answers to ${mostHosts} servers wait already`);
    const outdatedAt = Math.max(since, ...this.#answered.outdated(id, since).map(([, at]) => at));
    const { sql } = this.#ports;
    const queue = this.#ids.transaction(
      (nextId) => {
        this.#tables.make();
        sql.exec("DELETE FROM answer WHERE at <= ?", outdatedAt);
        sql.exec("INSERT INTO answer (at, request) VALUES (?, ?)", now, id);
        sql.exec("INSERT INTO owner (domain) VALUES (?) ON CONFLICT DO NOTHING", domainName);
        const documentSeq = () => this.#outbox.nextSeq();
        const context = { domain, documentSeq, transId: () => nextId("transIds") as TransId };
        let { queue } = this.#outbox;
        for (const post of mail) {
          const requests = shared.find((all) => all.includes(post.message.msgId));
          if (requests) queue = gatherShared(queue, post.host, requests, now);
          queue = enqueue(queue, post, now, context);
        }
        this.#outbox.write(queue.rows);
        this.#counts.add(...said);
        return queue;
      },
      (work) => sql.transaction(work),
    );
    this.#answered.add(id, null, now, since);
    this.#lastAt = now;
    this.#outbox.accept(queue);
    // Then the directory also gets what an earlier life has counted.
    this.#arm(this.#outbox.nextDue ?? now);
  }

  alarm(): Promise<void> {
    return this.#clock.alarm.fired(() => (this.#domain ? this.#wake("alarm") : undefined));
  }

  async #wake(why: "alarm" | "restored"): Promise<void> {
    if (this.#deleteAt > 0) {
      this.#outbox.pump();
      this.#counts.send();
    }
    // An earlier life has set the alarm for the deletion. To set it again after each restart would cost a row.
    if (why === "restored") return this.#arm(this.#outbox.nextDue);
    // The next life would owe again what this one has not sent before it rests.
    const hasAll = this.#deleteAt === 0 || (await this.#counts.settle());
    const deleteAt = this.#deleteAt;
    // Mail that waits for ids would be written after the deletion of its tables.
    if (hasAll && deleteAt <= this.#ports.now() && !this.#ids.isRefilling) return this.#delete();
    const lookAt = hasAll ? deleteAt : this.#ports.now() + minuteMs;
    this.#arm(this.#outbox.nextDue ?? lookAt);
  }

  /** Nothing is done before the first mail, which names it. */
  get #named(): DomainName {
    return this.#domain as DomainName;
  }

  /** When this mailbox can be deleted: at once, if the settings do not have its domain any more. */
  get #deleteAt(): EpochMs {
    const domain = this.#domain && this.#ports.domain(this.#domain);
    if (!domain) return 0;
    if (this.#outbox.rows.length > 0) return Number.POSITIVE_INFINITY;
    return this.#lastAt + domain.settings.transactionMemoryMs;
  }

  async #delete(): Promise<void> {
    const { length } = this.#outbox.rows;
    if (length > 0) this.#ports.log({ level: "warn", event: "mail-of-no-domain", rows: length });
    this.#outbox.accept(noQueue);
    this.#counts.stop();
    await this.#ports.deleteAll();
  }

  async #giveUp(undelivered: Undelivered): Promise<void> {
    const { seq, messages } = undelivered;
    const row = this.#outbox.rows.find((one) => one.seq === seq);
    if (!row) return;
    const rows = withoutMessages(this.#outbox.rows, row.transId, messages);
    const now = this.#ports.now();
    // The conference that shared these answers may ask once more, also after a restart.
    const names = new Set(messages.flatMap(({ sharedAs }) => (sharedAs === undefined ? [] : lost(sharedAs))));
    this.#ports.sql.transaction(() => {
      this.#outbox.write(rows);
      this.#count(...givenUp(row, undelivered, now));
      for (const name of names) this.#ports.sql.exec("INSERT INTO answer (at, request) VALUES (?, ?)", now, name);
    });
    for (const name of names) this.#answered.add(name, null, now, Number.NEGATIVE_INFINITY);
    this.#outbox.accept({ ...this.#outbox.queue, rows });
  }

  /** Within a transaction. A killed instance leaves this alarm to the next one, which sends the counts. */
  #count(...facts: readonly Fact[]): void {
    this.#counts.add(...facts);
    if (this.#counts.owes) this.#clock.wakeBy(this.#ports.now() + minuteMs);
  }

  #isLost(sharedAs: string): boolean {
    return this.#answered.get(lost(sharedAs), Number.NEGATIVE_INFINITY) !== undefined;
  }

  #arm(due: EpochMs | null): void {
    const next = nextWake(this.#clock.now(), alarmLeadMs, null, due);
    if (next !== null) this.#clock.wakeBy(next);
  }
}

/** What conferences have handed over is given up there; the attempts were made here. */
function givenUp(
  { host, attempts, transId: id }: QueuedDocument,
  { messages, why, lastFailed }: Undelivered,
  at: EpochMs,
): readonly Fact[] {
  const transId = id as TransId;
  const isHandedOver = messages.some(({ sharedAs }) => sharedAs !== undefined);
  if (!isHandedOver)
    return [{ kind: "post-given-up", transId, host, attempts, why, messages: [], ...(lastFailed && { lastFailed }) }];
  return lastFailed ? [{ kind: "post-failed", transId, attempt: attempts, why, at, host }] : [];
}

/** The name that says, beside those of transactions, that these answers were given up. */
function lost(sharedAs: string): string {
  return `${sharedAs} lost`;
}

function storeOf(sql: Sql): Omit<OutboxStore, "say"> {
  return {
    loadOutbox: () =>
      sql.exec("SELECT row FROM outbox ORDER BY seq").map(({ row }) => JSON.parse(String(row)) as QueuedDocument),
    transaction: (work) => sql.transaction(work),
    putDocument: (row) => {
      sql.exec(
        "INSERT INTO outbox (seq, row) VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET row = excluded.row",
        row.seq,
        JSON.stringify(row),
      );
    },
    deleteDocument: (seq) => {
      sql.exec("DELETE FROM outbox WHERE seq = ?", seq);
    },
  };
}
