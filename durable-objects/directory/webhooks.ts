import { Webhook } from "standardwebhooks";
import { pauseAfter } from "../../src/delivery/backoff.ts";
import { type Attempt, Deliveries, type Delivery, surplus } from "../../src/delivery/deliveries.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { persons, showOf } from "../../src/foundation/shown.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { SteadyClock } from "../../src/foundation/time/steady-clock.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import { receiverId, type WebhookEvent } from "../../src/records/webhooks.ts";
import { type WebhookView, webhookView } from "../../src/rpc/directory.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { type Platform, type Sql, type SqlRow, skippedOf, surelyNow } from "../platform/platform.ts";
import { type HttpAnswer, statusFault } from "../platform/post.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

type Receiver = DomainSettings["webhooks"][number];

const showView = showOf(webhookView);

interface WebhookPorts extends Pick<Platform, "now" | "doubtMs" | "skippedMs" | "log" | "post" | "measures"> {
  readonly sql: Sql;
  /** `null`: it is not known yet. */
  domain(): DomainName | null;
  receivers(): readonly Receiver[];
  /** A secret of the deployment; `undefined`: there is none of this name. */
  secret(name: string): string | undefined;
  wakeBy(at: EpochMs): void;
  /** The settings name this receiver no more, and nothing of it is kept. Called within a transaction. */
  dropped(url: string): void;
}

interface Waiting {
  readonly receiver: Receiver;
  /** Rises by one with each event of this receiver. */
  readonly row: number;
  /** 0 until it is refused. */
  readonly due: EpochMs;
  /** By the directory's clock: a conference may be behind it by a skip. */
  readonly queuedAt: EpochMs;
  /** What of the directory's time had ever gone on at once by then. */
  readonly skippedMs?: number;
  readonly event: Pick<WebhookEvent, "id" | "type" | "at">;
  /** The same bytes on each attempt. */
  readonly body: string;
  /** How often the receiver refused this event, though it answered. */
  readonly refused: number;
}

interface ReceiverState {
  /** In a row. */
  readonly failures: number;
  readonly since: EpochMs | null;
  readonly why: string;
  readonly dueAt: EpochMs;
  readonly givenUp: number;
  readonly lastGivenUpAt: EpochMs | null;
}

const fresh: ReceiverState = { failures: 0, since: null, why: "", dueAt: 0, givenUp: 0, lastGivenUpAt: null };

const policy = {
  // The pauses of Standard Webhooks.
  backoff: [5_000, 300_000, 0.5 * hourMs, 2 * hourMs, 5 * hourMs, 10 * hourMs, 14 * hourMs, 20 * hourMs, dayMs],
  keptMs: 3 * dayMs,
  mostWaiting: 10_000,
};
const timeoutMs = 15_000;
/** When the alarm comes if the object dies while a post is on its way. */
const backstopMs = 60_000;

const tables = [
  // The key is the order of posting: no index, and no look at rows of other receivers or at rows that are not due.
  `CREATE TABLE IF NOT EXISTS webhook (url TEXT NOT NULL, due INTEGER NOT NULL, id INTEGER NOT NULL, data TEXT NOT NULL,
   PRIMARY KEY (url, due, id)) WITHOUT ROWID`,
  "CREATE TABLE IF NOT EXISTS webhook_receiver (url TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID",
];

/**
 * Posts events to the receivers of one domain, by the rules of Standard Webhooks. An event has a row for each receiver until it is delivered.
 * A receiver gets one post at a time, in order. If it does not answer, all its events wait. If it refuses one event, the others pass it.
 * Nothing waits for webhooks. Without receivers in the settings, nothing is written.
 */
export class Webhooks {
  readonly #ports: WebhookPorts;
  readonly #clock = new SteadyClock();
  readonly #deliveries: Deliveries<Waiting>;
  readonly #tables: LazyTables;
  /** The receivers when rows of others were last deleted; `null`: not in this life. */
  #named: string | null = null;
  /** The highest id of each receiver; absent: not read yet. */
  readonly #last = new Map<string, number>();

  constructor(ports: WebhookPorts) {
    this.#ports = ports;
    this.#tables = new LazyTables(ports.sql, "webhook_receiver", ...tables);
    this.#deliveries = new Deliveries({
      now: this.#now,
      attempt: (row, attempt) => this.#attempt(row, attempt),
      goOn: () => this.pump(),
      broke: ({ receiver }, error) => this.#log("error", "webhook-broke", receiver, { why: reasonOf(error) }),
    });
  }

  readonly #now = (): EpochMs => this.#clock.at(this.#ports.now());

  /** Writes the events. Called within the transaction of what they report. */
  add(events: readonly WebhookEvent[]): void {
    const { sql, now } = this.#ports;
    // Left out where it is nothing, as JSON leaves out what is undefined.
    const skippedMs = skippedOf(this.#ports) || undefined;
    const rows = this.#ports.receivers().flatMap(({ url }) => events.map((event) => ({ url, event })));
    if (rows.length === 0) return;
    this.#tables.make();
    for (const { url, event } of rows) {
      const { id, type, at, data } = event;
      const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
      const kept = JSON.stringify({ event: { id, type, at }, queuedAt: now(), skippedMs, body, refused: 0 });
      sql.exec("INSERT INTO webhook (url, due, id, data) VALUES (?, 0, ?, ?)", url, this.#nextId(url), kept);
    }
  }

  /** Never gives an id twice, also where the transaction fails. */
  #nextId(url: string): number {
    const inTable = "SELECT max(id) AS last FROM webhook WHERE url = ?";
    const last = this.#last.get(url) ?? Number(this.#ports.sql.exec(inTable, url)[0]?.last ?? 0);
    this.#last.set(url, last + 1);
    return last + 1;
  }

  /** Begins what is due. Called after the transaction that `add` was in, and by the alarm. */
  pump(): void {
    if (!this.#tables.areThere) return;
    const receivers = this.#ports.receivers();
    if (this.#named === null) this.#shortenPauses(receivers);
    this.#deleteOthers(receivers);
    const waitMs = this.#deliveries.begin(receivers.flatMap((receiver) => this.#nextOf(receiver) ?? []));
    if (waitMs !== null) this.#ports.wakeBy(this.#ports.now() + waitMs);
  }

  /** What the receiver gets next. Events that it refused come behind all others, by the time when they are due. */
  #nextOf(receiver: Receiver): Delivery<Waiting> | null {
    const { url } = receiver;
    if (this.#deliveries.isUnderWay(url)) return null;
    const [next] = this.#tables.read("SELECT id, due, data FROM webhook WHERE url = ? ORDER BY due, id LIMIT 1", url);
    if (!next) return null;
    const row = toWaiting(receiver, next);
    const dueAt = Math.max(row.due, this.#stateOf(url).dueAt);
    return { row, id: url, receiver: url, lane: url, dueAt };
  }

  /** A life before may have counted by a clock that was ahead: nothing waits for longer than its pause. */
  #shortenPauses(receivers: readonly Receiver[]): void {
    const now = this.#now();
    for (const receiver of receivers) {
      const { url } = receiver;
      const state = this.#stateOf(url);
      const dueAt = now + pauseAfter(state.failures, policy.backoff);
      if (state.dueAt > dueAt) this.#keep(url, { ...state, dueAt });
      for (const row of this.#tables.read("SELECT id, due, data FROM webhook WHERE url = ? AND due > ?", url, now)) {
        const waiting = toWaiting(receiver, row);
        const due = now + pauseAfter(waiting.refused, policy.backoff);
        if (waiting.due > due) this.#keepDue(waiting, due);
      }
    }
  }

  view(receivers: readonly Receiver[]): readonly WebhookView[] {
    return receivers.map((receiver) => {
      const { url } = receiver;
      // SQLite gives the other columns of the row that has the lowest id.
      const [oldest] = this.#tables.read(
        "SELECT count(*) AS waiting, total(due > 0) AS refused, min(id) AS id, due, data FROM webhook WHERE url = ?",
        url,
      );
      const waiting = Number(oldest?.waiting ?? 0);
      const { failures, since, why, dueAt, givenUp, lastGivenUpAt } = this.#stateOf(url);
      const nextAt = this.#clock.onMachine(dueAt);
      const failure = failures > 0 ? { since: since ?? nextAt, attempts: failures, why, nextAt } : null;
      const refused = Number(oldest?.refused ?? 0);
      const oldestAt = oldest && waiting > 0 ? toWaiting(receiver, oldest).queuedAt : null;
      return showView(
        { id: receiverId(url), url, waiting, refused, oldestAt, failure, givenUp, lastGivenUpAt },
        persons.none,
      );
    });
  }

  async #attempt(waiting: Waiting, { signal }: Attempt): Promise<void> {
    const { sql, now, wakeBy } = this.#ports;
    const { receiver } = waiting;
    wakeBy(now() + backstopMs);
    const answer = await this.#post(waiting, signal);
    if (answer.kind === "answered" && answer.status >= 200 && answer.status <= 299) {
      const before = this.#stateOf(receiver.url);
      sql.transaction(() => {
        this.#delete(waiting);
        if (before.failures > 0) this.#keep(receiver.url, { ...before, failures: 0, since: null, dueAt: 0 });
      });
      this.#deliveries.works();
      this.#counted("delivered");
      // A receiver that takes each event slowly must not fill the disk either.
      if (waiting.row % 1_000 === 0) this.#giveUpOld(receiver, "too many wait for it");
      if (before.failures === 0) return;
      this.#log("info", "webhook-works-again", receiver, { failedMs: now() - (before.since ?? now()) });
      return;
    }
    this.#counted("failed");
    const why = answer.kind === "failed" ? answer.reason : statusFault(answer.status);
    const isRefused = answer.kind === "answered" && isOfEvent(answer.status);
    if (isRefused) this.#refused(waiting, why);
    else this.#receiverFailed(receiver, why);
    // This reads all that waits, so not after each refusal: a receiver that refuses one event may refuse each.
    const isOld = this.#surplusOf([waiting]).length > 0;
    if (!isRefused || isOld || waiting.row % 1_000 === 0) this.#giveUpOld(receiver, why);
  }

  async #post({ receiver, event, body }: Waiting, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, secretFrom } = receiver;
    const at = this.#ports.now();
    const secrets = (this.#ports.secret(secretFrom) ?? "").split(/\s+/).filter(Boolean);
    if (secrets.length === 0) return { kind: "failed", reason: `the secret ${secretFrom} is not set` };
    let signatures: string;
    try {
      signatures = secrets.map((secret) => new Webhook(secret).sign(event.id, new Date(at), body)).join(" ");
    } catch {
      return { kind: "failed", reason: `${secretFrom} is no whsec_ and base64, as Standard Webhooks wants it` };
    }
    const headers = {
      "webhook-id": event.id,
      "webhook-timestamp": String(Math.floor(at / 1_000)),
      "webhook-signature": signatures,
    };
    return this.#ports.post({ url, timeoutMs, signal, contentType: "application/json", body, headers });
  }

  /** The receiver works, but refuses this event: try it again later, and let the next ones pass. */
  #refused(waiting: Waiting, why: string): void {
    const attempt = waiting.refused + 1;
    this.#keepDue({ ...waiting, refused: attempt }, this.#now() + pauseAfter(attempt, policy.backoff));
    this.#log("warn", "webhook-refused", waiting.receiver, { id: waiting.event.id, why, attempt });
  }

  #receiverFailed(receiver: Receiver, why: string): void {
    const before = this.#stateOf(receiver.url);
    const failures = before.failures + 1;
    const dueAt = this.#now() + pauseAfter(failures, policy.backoff);
    this.#keep(receiver.url, { ...before, failures, since: before.since ?? this.#ports.now(), why, dueAt });
    if (before.failures === 0) this.#log("warn", "webhook-fails", receiver, { why });
  }

  #giveUpOld(receiver: Receiver, why: string): void {
    const all = this.#tables
      .read("SELECT id, due, data FROM webhook WHERE url = ? ORDER BY id", receiver.url)
      .map((row) => toWaiting(receiver, row));
    const lost = this.#surplusOf(all);
    const [first] = lost;
    if (!first) return;
    const before = this.#stateOf(receiver.url);
    this.#ports.sql.transaction(() => {
      for (const one of lost) this.#delete(one);
      this.#keep(receiver.url, { ...before, givenUp: before.givenUp + lost.length, lastGivenUpAt: this.#ports.now() });
    });
    for (const _ of lost) this.#counted("given-up");
    this.#log("error", "webhook-given-up", receiver, { events: lost.length, id: first.event.id, why });
  }

  /** Those that are too many, or have waited for too long, but for what of that time went on at once. */
  #surplusOf(rows: readonly Waiting[]): readonly Waiting[] {
    const everMs = skippedOf(this.#ports);
    const aged = rows.map((row) => ({ row, queuedAt: row.queuedAt + Math.max(0, everMs - (row.skippedMs ?? 0)) }));
    return surplus(aged, policy, surelyNow(this.#ports)).map(({ row }) => row);
  }

  #keepDue({ receiver, row, due, event, queuedAt, skippedMs, body, refused }: Waiting, later: EpochMs): void {
    const data = JSON.stringify({ event, queuedAt, skippedMs, body, refused });
    const update = "UPDATE webhook SET due = ?, data = ? WHERE url = ? AND due = ? AND id = ?";
    this.#ports.sql.exec(update, later, data, receiver.url, due, row);
  }

  #delete({ receiver: { url }, due, row }: Waiting): void {
    this.#ports.sql.exec("DELETE FROM webhook WHERE url = ? AND due = ? AND id = ?", url, due, row);
  }

  /** Deletes rows of receivers that the settings do not name any more. It reads all rows, so only when the settings name others. */
  #deleteOthers(receivers: readonly Receiver[]): void {
    const urls = new Set(receivers.map(({ url }) => url));
    const named = [...urls].join(" ");
    if (named === this.#named) return;
    const tables = ["webhook", "webhook_receiver"];
    const known = tables.flatMap((table) => this.#tables.read(`SELECT DISTINCT url FROM ${table}`));
    for (const url of new Set(known.map(({ url }) => String(url)))) {
      if (urls.has(url)) continue;
      this.#ports.sql.transaction(() => {
        for (const table of tables) this.#ports.sql.exec(`DELETE FROM ${table} WHERE url = ?`, url);
        this.#ports.dropped(url);
      });
    }
    this.#named = named;
  }

  #stateOf(url: string): ReceiverState {
    const [row] = this.#tables.read("SELECT data FROM webhook_receiver WHERE url = ?", url);
    return row ? JSON.parse(String(row.data)) : fresh;
  }

  #keep(url: string, state: ReceiverState): void {
    this.#ports.sql.exec(
      "INSERT INTO webhook_receiver (url, data) VALUES (?, ?) ON CONFLICT (url) DO UPDATE SET data = excluded.data",
      url,
      JSON.stringify(state),
    );
  }

  #counted(outcome: "delivered" | "failed" | "given-up"): void {
    this.#ports.measures.webhooks.count({ domain: this.#ports.domain() ?? "", outcome });
  }

  #log(level: "info" | "warn" | "error", event: string, { url }: Receiver, facts: LogFacts): void {
    this.#ports.log({ level, event, domain: this.#ports.domain() ?? "", receiver: new URL(url).host, ...facts });
  }
}

/** Whether this status is about the event, and not about the receiver. */
function isOfEvent(status: number): boolean {
  return status >= 300 && status <= 499 && status !== 408 && status !== 429;
}

function toWaiting(receiver: Receiver, { id, due, data }: SqlRow): Waiting {
  const kept: Pick<Waiting, "event" | "body" | "refused" | "skippedMs" | "queuedAt"> = JSON.parse(String(data));
  return { ...kept, receiver, row: Number(id), due: Number(due) };
}
