import { Webhook } from "standardwebhooks";
import { pauseAfter } from "../../src/delivery/backoff.ts";
import { type Attempt, Deliveries, type Delivery } from "../../src/delivery/deliveries.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { persons, shown } from "../../src/foundation/shown.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { SteadyClock } from "../../src/foundation/time/steady-clock.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import { receiverId, type WebhookEvent } from "../../src/records/webhooks.ts";
import type { WebhookView } from "../../src/rpc/directory.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Platform, Sql } from "../platform/platform.ts";
import { type HttpAnswer, isSuccess, statusFault } from "../platform/post.ts";
import type { DirectoryStore } from "./directory-store.ts";

type Receiver = DomainSettings["webhooks"][number];

interface WebhookPorts extends Pick<Platform, "now" | "log" | "post" | "measures"> {
  readonly sql: Sql;
  readonly store: Pick<DirectoryStore, "read">;
  /** Empty: not known yet. */
  domain(): DomainName | "";
  receivers(): readonly Receiver[];
  /** A secret of the deployment; `undefined`: there is none of this name. */
  secret(name: string): string | undefined;
  wakeBy(at: EpochMs): void;
  /** Called within the transaction that deletes a receiver. */
  dropped(url: string): void;
}

/** A waiting event of one receiver. */
interface Waiting {
  readonly receiver: Receiver;
  /** Rises by one with each event of this receiver. */
  readonly id: number;
  /** End of its pause; 0 until the receiver refuses it. */
  readonly due: EpochMs;
  /** When it was queued. */
  readonly queuedAt: EpochMs;
  readonly event: string;
  /** The same bytes on each attempt. */
  readonly body: string;
  /** Number of refusals of this event. */
  readonly refused: number;
}

const notYet = null as EpochMs | null;
/** A receiver that was never posted to. `failures`: in a row, and `since` when. */
const fresh = { failures: 0, since: notYet, why: "", failedAt: 0, givenUp: 0, lastGivenUpAt: notYet };
type ReceiverState = Readonly<typeof fresh>;

/** The pauses of Standard Webhooks. */
const backoff = [5_000, 300_000, 0.5 * hourMs, 2 * hourMs, 5 * hourMs, 10 * hourMs, 14 * hourMs, 20 * hourMs, dayMs];
const keptMs = 3 * dayMs;
const mostWaiting = 10_000;
const timeoutMs = 15_000;
/** Time of the alarm if the object dies during a post. */
const backstopMs = 60_000;

/**
 * Posts events to the receivers of one domain, by the rules of Standard Webhooks. An event has a row for each receiver until it is delivered.
 * A receiver gets one post at a time, in order. If it does not answer, all its events wait. If it refuses one event, the others pass it.
 * Nothing waits for webhooks. Without receivers in the settings, nothing is written.
 */
export class Webhooks {
  readonly #ports: WebhookPorts;
  readonly #clock = new SteadyClock();
  readonly #deliveries: Deliveries<Waiting>;
  /** The highest id of each receiver; absent: not read yet. */
  readonly #last = new Map<string, number>();

  constructor(ports: WebhookPorts) {
    this.#ports = ports;
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
    const { sql, now, receivers } = this.#ports;
    if (events.length === 0) return;
    const queuedAt = now();
    for (const { url } of receivers()) {
      sql.exec("INSERT OR IGNORE INTO webhook_receiver (url, data) VALUES (?, ?)", url, JSON.stringify(fresh));
      for (const { id, type, at, data } of events) {
        const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
        sql.exec(
          "INSERT INTO webhook (url, due, id, queued_at, event, body, refused) VALUES (?, 0, ?, ?, ?, ?, 0)",
          ...[url, this.#nextId(url), queuedAt, id, body],
        );
      }
    }
  }

  /** Never returns an ID twice, even if the transaction fails. */
  #nextId(url: string): number {
    const inTable = "SELECT max(id) AS last FROM webhook WHERE url = ?";
    const last = this.#last.get(url) ?? Number(this.#ports.sql.exec(inTable, url)[0]?.last ?? 0);
    this.#last.set(url, last + 1);
    return last + 1;
  }

  /** Starts due posts. Called after the transaction of `add`, and by the alarm. */
  pump(): void {
    const states = this.#states;
    const receivers = this.#ports.receivers().filter(({ url }) => states.has(url));
    const urls = new Set(receivers.map(({ url }) => url));
    for (const url of states.keys()) if (!urls.has(url)) this.#drop(url);
    const next = receivers.flatMap((receiver) => this.#nextOf(receiver, states.get(receiver.url)) ?? []);
    const waitMs = this.#deliveries.begin(next);
    if (waitMs !== null) this.#ports.wakeBy(this.#ports.now() + waitMs);
  }

  /** The next event of a receiver. Refused events come last, by due time. */
  #nextOf(receiver: Receiver, state = fresh): Delivery<Waiting> | null {
    const { url } = receiver;
    if (this.#deliveries.isUnderWay(url)) return null;
    const query = `SELECT id, due, queued_at AS queuedAt, event, body, refused FROM webhook
      WHERE url = ? ORDER BY due, id LIMIT 1`;
    const [next] = this.#ports.store.read<Omit<Waiting, "receiver">>(query, url);
    if (!next) return null;
    const row = { ...next, receiver };
    const refusedAt = row.due - pauseAfter(row.refused, backoff);
    const dueAt = Math.max(this.#pauseEnds(refusedAt, row.refused), this.#pauseEnds(state.failedAt, state.failures));
    return { row, id: url, receiver: url, lane: url, dueAt };
  }

  /** Ignores a failure in the future, which an earlier run dated by a wrong clock. */
  #pauseEnds(from: EpochMs, failures: number): EpochMs {
    return failures === 0 || from > this.#now() ? 0 : from + pauseAfter(failures, backoff);
  }

  /** Deletes the data of a receiver that the settings lack. */
  #drop(url: string): void {
    const { sql, dropped } = this.#ports;
    sql.transaction(() => {
      for (const table of ["webhook", "webhook_receiver"]) sql.exec(`DELETE FROM ${table} WHERE url = ?`, url);
      dropped(url);
    });
  }

  view(receivers: readonly Receiver[]): readonly WebhookView[] {
    const states = this.#states;
    return receivers.map(({ url }) => {
      const query =
        "SELECT count(*) AS waiting, total(due > 0) AS refused, min(queued_at) AS oldest FROM webhook WHERE url = ?";
      const [counts] = this.#ports.store.read<{ waiting: number; refused: number; oldest: number | null }>(query, url);
      const { waiting = 0, refused = 0, oldest = null } = counts ?? {};
      const { failures, since, why, failedAt, givenUp, lastGivenUpAt } = states.get(url) ?? fresh;
      const nextAt = this.#pauseEnds(failedAt, failures);
      return shown(
        {
          id: receiverId(url),
          url,
          waiting,
          refused,
          oldestAt: oldest,
          failure: failures > 0 ? { since: since ?? failedAt, attempts: failures, why, nextAt } : null,
          givenUp,
          lastGivenUpAt,
        },
        persons.none,
      );
    });
  }

  async #attempt(waiting: Waiting, { signal }: Attempt): Promise<void> {
    const { now, wakeBy } = this.#ports;
    wakeBy(now() + backstopMs);
    const answer = await this.#post(waiting, signal);
    if (answer.kind === "answered" && isSuccess(answer.status)) return this.#delivered(waiting);
    this.#counted("failed");
    const why = answer.kind === "failed" ? answer.reason : statusFault(answer.status);
    const isRefused = answer.kind === "answered" && isOfEvent(answer.status);
    if (isRefused) this.#refused(waiting, why);
    else this.#receiverFailed(waiting.receiver, why);
    // This reads all waiting events, so not after each refusal: a receiver may refuse every event.
    if (!isRefused || waiting.queuedAt <= this.#keptSince || waiting.id % 1_000 === 0)
      this.#giveUpOld(waiting.receiver, why);
  }

  async #post({ receiver, event, body }: Waiting, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, secretFrom } = receiver;
    const at = this.#ports.now();
    const secrets = (this.#ports.secret(secretFrom) ?? "").split(/\s+/).filter(Boolean);
    if (secrets.length === 0) return { kind: "failed", reason: `the secret ${secretFrom} is not set` };
    let signatures: string;
    try {
      signatures = secrets.map((secret) => new Webhook(secret).sign(event, new Date(at), body)).join(" ");
    } catch {
      return { kind: "failed", reason: `${secretFrom} is no whsec_ and base64, as Standard Webhooks wants it` };
    }
    const headers = {
      "webhook-id": event,
      "webhook-timestamp": String(Math.floor(at / 1_000)),
      "webhook-signature": signatures,
    };
    return this.#ports.post({ url, timeoutMs, signal, contentType: "application/json", body, headers });
  }

  #delivered({ receiver, due, id }: Waiting): void {
    const { url } = receiver;
    const before = this.#states.get(url) ?? fresh;
    this.#ports.sql.transaction(() => {
      this.#ports.sql.exec("DELETE FROM webhook WHERE url = ? AND due = ? AND id = ?", url, due, id);
      if (before.failures > 0) this.#keep(url, { ...before, failures: 0, since: null });
    });
    this.#deliveries.works();
    this.#counted("delivered");
    // A slow receiver must not fill the disk either.
    if (id % 1_000 === 0) this.#giveUpOld(receiver, "too many wait for it");
    if (before.failures > 0)
      this.#log("info", "webhook-works-again", receiver, { failedMs: this.#now() - (before.since ?? this.#now()) });
  }

  /** The receiver works, but refuses this event: try it again later, and let the next ones pass. */
  #refused({ receiver, due, id, event, refused }: Waiting, why: string): void {
    const attempt = refused + 1;
    this.#ports.sql.exec(
      "UPDATE webhook SET due = ?, refused = ? WHERE url = ? AND due = ? AND id = ?",
      ...[this.#now() + pauseAfter(attempt, backoff), attempt, receiver.url, due, id],
    );
    this.#log("warn", "webhook-refused", receiver, { id: event, why, attempt });
  }

  #receiverFailed(receiver: Receiver, why: string): void {
    const before = this.#states.get(receiver.url) ?? fresh;
    const failedAt = this.#now();
    const since = before.since ?? failedAt;
    this.#keep(receiver.url, { ...before, failures: before.failures + 1, since, why, failedAt });
    if (before.failures === 0) this.#log("warn", "webhook-fails", receiver, { why });
  }

  /** Events queued before this time have expired. */
  get #keptSince(): EpochMs {
    return this.#ports.now() - keptMs;
  }

  /** Deletes excess and expired events. */
  #giveUpOld(receiver: Receiver, why: string): void {
    const { url } = receiver;
    const { sql, now } = this.#ports;
    const tooMany = "SELECT id FROM webhook WHERE url = ? ORDER BY id DESC LIMIT 1 OFFSET ?";
    const lost = sql.transaction(() => {
      const old = `DELETE FROM webhook WHERE url = ? AND (queued_at <= ? OR id <= (${tooMany})) RETURNING event`;
      const events = sql.exec(old, url, this.#keptSince, url, mostWaiting);
      const before = this.#states.get(url) ?? fresh;
      const givenUp = before.givenUp + events.length;
      if (events.length > 0) this.#keep(url, { ...before, givenUp, lastGivenUpAt: now() });
      return events;
    });
    for (const _ of lost) this.#counted("given-up");
    if (lost.length > 0)
      this.#log("error", "webhook-given-up", receiver, { events: lost.length, id: String(lost[0]?.event), why });
  }

  /** State of each known receiver, by address. */
  get #states(): ReadonlyMap<string, ReceiverState> {
    const rows = this.#ports.store.read<{ url: string; data: string }>("SELECT url, data FROM webhook_receiver");
    return new Map(rows.map(({ url, data }) => [url, JSON.parse(data)]));
  }

  #keep(url: string, state: ReceiverState): void {
    this.#ports.sql.exec("UPDATE webhook_receiver SET data = ? WHERE url = ?", JSON.stringify(state), url);
  }

  #counted(outcome: "delivered" | "failed" | "given-up"): void {
    this.#ports.measures.webhooks.count({ domain: this.#ports.domain(), outcome });
  }

  #log(level: "info" | "warn" | "error", event: string, { url }: Receiver, facts: LogFacts): void {
    this.#ports.log({ level, event, domain: this.#ports.domain(), receiver: new URL(url).host, ...facts });
  }
}

/** True if the status is about the event, and not about the receiver. */
function isOfEvent(status: number): boolean {
  return status >= 300 && status <= 499 && status !== 408 && status !== 429;
}
