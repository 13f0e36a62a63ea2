import type { DomainName, EpochMs, TransId } from "../src/foundation/ids.ts";
import { SteadyClock } from "../src/foundation/steady-clock.ts";
import { left, next, type Reserve } from "./conference/numbers.ts";
import type { Domain } from "./domain-of.ts";
import { Outbox, type OutboxPorts, type Row } from "./outbox.ts";
import type { Block, Mail, UnroutedMailRpc } from "./rpc.ts";

interface MailboxPorts extends OutboxPorts {
  domain(name: DomainName): Domain;
  takeTransIds(domain: DomainName): Promise<Block>;
  setAlarm(at: EpochMs): void;
}

const alarmLeadMs = 5000;

/** Answers that belong to no conference, each transaction answered once. */
export class Mailbox implements UnroutedMailRpc {
  readonly #ports: MailboxPorts;
  readonly #outbox: Outbox;
  #domain: DomainName | null;
  #transIds: Reserve = [];
  readonly #clock = new SteadyClock();
  /** On the machine's clock. */
  #alarmAt: EpochMs | null = null;

  constructor(platform: MailboxPorts) {
    const ports = { ...platform, now: () => this.#clock.at(platform.now()) };
    this.#ports = ports;
    const { sql } = ports;
    sql.exec("CREATE TABLE IF NOT EXISTS owner (domain TEXT PRIMARY KEY) WITHOUT ROWID");
    sql.exec("CREATE TABLE IF NOT EXISTS answered (trans_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID");
    this.#domain = (sql.exec("SELECT domain FROM owner")[0]?.domain ?? null) as DomainName | null;
    this.#clock.notBefore(Number(sql.exec("SELECT max(at) AS at FROM answered")[0]?.at ?? 0));
    this.#outbox = new Outbox(
      ports,
      () => ports.domain(this.#known),
      (row) => this.#giveUp(row),
    );
    this.#outbox.load();
    this.alarm();
  }

  async send(mail: Mail): Promise<void> {
    this.#domain ??= mail.domain;
    while (left(this.#transIds) < mail.messages.length) {
      const fresh = await this.#ports.takeTransIds(mail.domain);
      this.#transIds = [...this.#transIds, fresh];
    }
    // From here to the commit nothing is awaited: a copy that waited as well finds this one's row.
    const now = this.#ports.now();
    const rows = this.#ports.sql.transaction(() => this.#take(mail, now));
    if (rows) this.#outbox.adopt(rows);
    this.#arm();
  }

  async alarm(): Promise<void> {
    this.#alarmAt = null;
    this.#arm();
    this.#outbox.tidy();
    this.#outbox.pump();
  }

  get #known(): DomainName {
    if (!this.#domain) throw new Error("this object was never told which domain it belongs to");
    return this.#domain;
  }

  #take({ domain, host, transId, messages }: Mail, now: EpochMs): readonly Row[] | null {
    const { sql } = this.#ports;
    const { transactionMemoryMs } = this.#ports.domain(domain).settings;
    sql.exec("DELETE FROM answered WHERE at <= ?", now - transactionMemoryMs);
    if (sql.exec("SELECT at FROM answered WHERE trans_id = ?", transId).length > 0) return null;
    sql.exec("INSERT INTO answered (trans_id, at) VALUES (?, ?)", transId, now);
    sql.exec("INSERT INTO owner (domain) VALUES (?) ON CONFLICT DO NOTHING", domain);
    let rows = this.#outbox.rows;
    for (const message of messages) {
      rows = this.#outbox.add(rows, host, message, () => {
        const { id, rest } = next(this.#transIds);
        this.#transIds = rest;
        return id as TransId;
      });
    }
    this.#outbox.write(rows);
    return rows;
  }

  async #giveUp(row: Row): Promise<void> {
    const { sql, log } = this.#ports;
    const rows = this.#outbox.rows.filter(({ seq }) => seq !== row.seq);
    sql.transaction(() => this.#outbox.write(rows));
    this.#outbox.adopt(rows);
    log({ level: "warn", event: "answer-given-up", host: row.host, transId: row.transId, domain: this.#domain });
  }

  #arm(): void {
    const due = this.#outbox.nextDue;
    if (due === null) return;
    const at = this.#clock.onMachine(Math.max(due, this.#ports.now() + alarmLeadMs));
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#ports.setAlarm(at);
  }
}
