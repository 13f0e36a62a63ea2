import type { Domain } from "../src/domain.ts";
import type { DomainName, EpochMs, TransId } from "../src/foundation/ids.ts";
import type { IdBlock, Mail, UnroutedMailRpc } from "../src/rpc.ts";
import { left, next, type Reserve } from "./conference/numbers.ts";
import { Seen } from "./conference/seen.ts";
import { ObjectClock } from "./object-clock.ts";
import { Outbox, type OutboxPorts, type Row } from "./outbox.ts";

interface MailboxPorts extends OutboxPorts {
  /** `null` where the settings have it no more. */
  domain(name: DomainName): Domain | null;
  takeTransIds(domain: DomainName): Promise<IdBlock>;
  setAlarm(at: EpochMs): void;
  /** Deletes everything, and ends the life of the object. */
  forget(): Promise<void>;
}

const alarmLeadMs = 5000;
/** Pause before an alarm that broke comes again, as where the settings cannot be read. */
const alarmAgainMs = 60_000;

/** Answers that belong to no conference, each transaction answered once. */
export class Mailbox implements UnroutedMailRpc {
  readonly #ports: MailboxPorts;
  readonly #outbox: Outbox;
  #domain: DomainName | null;
  readonly #answered: Seen;
  /** When the last one was. */
  #lastAt: EpochMs;
  #transIds: Reserve = [];
  readonly #clock: ObjectClock;

  constructor(platform: MailboxPorts) {
    this.#clock = new ObjectClock(platform);
    const ports = { ...platform, now: this.#clock.now };
    this.#ports = ports;
    const { sql } = ports;
    sql.exec("CREATE TABLE IF NOT EXISTS owner (domain TEXT PRIMARY KEY) WITHOUT ROWID");
    sql.exec("CREATE TABLE IF NOT EXISTS answer (at INTEGER, request TEXT, PRIMARY KEY (at, request)) WITHOUT ROWID");
    this.#domain = (sql.exec("SELECT domain FROM owner")[0]?.domain ?? null) as DomainName | null;
    const answers = sql.exec("SELECT at, request FROM answer ORDER BY at");
    this.#answered = new Seen(answers.map(({ at, request }) => [String(request), Number(at)]));
    this.#lastAt = Number(answers.at(-1)?.at ?? 0);
    this.#clock.notBefore(this.#lastAt);
    this.#outbox = new Outbox(
      ports,
      () => this.#known,
      (row) => this.#giveUp(row),
    );
    this.#outbox.load();
    this.#arm(this.#outbox.nextDue);
    this.#outbox.pump();
  }

  async send(mail: Mail): Promise<void> {
    this.#domain ??= mail.domain;
    while (left(this.#transIds) < mail.messages.length) {
      const fresh = await this.#ports.takeTransIds(mail.domain);
      this.#transIds = [...this.#transIds, fresh];
    }
    // From here to the commit nothing is awaited: a copy that waited as well finds this one's answer.
    const { transactionMemoryMs } = this.#known.settings;
    const now = this.#ports.now();
    const request = `${mail.transId} ${mail.host}`;
    if (this.#answered.has(request, now, transactionMemoryMs)) return;
    const rows = this.#ports.sql.transaction(() => {
      this.#ports.sql.exec("DELETE FROM answer WHERE at <= ?", now - transactionMemoryMs);
      this.#ports.sql.exec("INSERT INTO answer (at, request) VALUES (?, ?)", now, request);
      return this.#take(mail);
    });
    this.#answered.add(request, now, transactionMemoryMs);
    this.#lastAt = now;
    this.#outbox.adopt(rows);
    this.#arm(this.#outbox.nextDue);
  }

  /** Never throws, since a failed alarm is soon given up for good. */
  async alarm(): Promise<void> {
    this.#clock.rang();
    try {
      const forgetAt = this.#forgetAt;
      if (forgetAt <= this.#ports.now()) return await this.#forget();
      this.#outbox.tidy();
      this.#arm(this.#outbox.nextDue ?? forgetAt);
      this.#outbox.pump();
    } catch (error) {
      this.#ports.log({ level: "error", event: "alarm-broke", why: String(error), domain: this.#domain });
      this.#arm(this.#ports.now() + alarmAgainMs);
    }
  }

  get #known(): Domain {
    const domain = this.#domain && this.#ports.domain(this.#domain);
    if (!domain) throw new Error(`this mail's domain is not in the settings: ${this.#domain}`);
    return domain;
  }

  /** From when on nobody needs anything of it: at once where the settings have its domain no more. */
  get #forgetAt(): EpochMs {
    const domain = this.#domain && this.#ports.domain(this.#domain);
    if (!domain) return 0;
    return this.#outbox.rows.length > 0 ? Number.POSITIVE_INFINITY : this.#lastAt + domain.settings.transactionMemoryMs;
  }

  async #forget(): Promise<void> {
    const { length } = this.#outbox.rows;
    if (length > 0) this.#ports.log({ level: "warn", event: "mail-of-no-domain", rows: length, domain: this.#domain });
    this.#outbox.adopt([]);
    await this.#ports.forget();
  }

  #take({ domain, host, messages }: Mail): readonly Row[] {
    const { sql } = this.#ports;
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

  #arm(due: EpochMs | null): void {
    if (due !== null) this.#clock.wakeBy(Math.max(due, this.#clock.now() + alarmLeadMs));
  }
}
