import { afterFailure, afterRestart, append, type OutboxRow } from "../src/delivery/outbox.ts";
import { targetUrl } from "../src/delivery/target-url.ts";
import { type HttpOutcome, judge } from "../src/delivery/verdict.ts";
import type { EpochMs, TransId, WebexHost } from "../src/foundation/ids.ts";
import type { DomainSettings } from "../src/settings/domain-settings.ts";
import type { AdapterCodec } from "../src/tsp/codec.ts";
import type { ToWebex } from "../src/tsp/messages.ts";
import type { Log } from "./log.ts";
import type { Sql } from "./sql.ts";

/** One domain's way to say things to WebEx. */
interface WebexSide {
  readonly settings: Pick<DomainSettings, "webex">;
  readonly codec: Pick<AdapterCodec, "encode" | "readConfirmation" | "sends">;
}

export interface PostRequest {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface OutboxPorts {
  readonly sql: Sql;
  readonly log: Log;
  now(): EpochMs;
  wait(ms: number): Promise<void>;
  /** Never rejects: what goes wrong is an outcome. */
  post(request: PostRequest): Promise<HttpOutcome>;
}

export type Row = OutboxRow<ToWebex>;
export type Rows = readonly Row[];

const contentType = "text/xml; charset=UTF-8";
/** Answers that are ready within this time travel together. */
const gatherMs = 30;
/** After an error of the database or of our own, which no retry policy counts. */
const pauseAfterErrorMs = 1000;

/**
 * What is on its way to WebEx: rows on disk, one post in flight, in order. The owner changes the rows in a transaction of
 * its own (`add`, `write`) and hands them over when that is committed (`adopt`).
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #side: () => WebexSide;
  readonly #givenUp: (row: Row) => Promise<void>;
  #rows: Rows = [];
  /** Confirmed at the first attempt, and still on disk: their deletion needs no flush of its own. */
  #confirmed: readonly number[] = [];
  /** Rises with each message, so that a new row is never taken for one that is still in flight. */
  #seq = 0;
  #inFlight: { readonly seq: number; readonly abort: AbortController } | null = null;
  #wakeAt: EpochMs | null = null;

  /** `givenUp` removes the row, and is told of each that failed for the last time. */
  constructor(ports: OutboxPorts, side: () => WebexSide, givenUp: (row: Row) => Promise<void>) {
    this.#ports = ports;
    this.#side = side;
    this.#givenUp = givenUp;
  }

  get rows(): Rows {
    return this.#rows;
  }

  /** When something is to be done here at the latest. */
  get nextDue(): EpochMs | null {
    return this.#rows[0]?.dueAt ?? null;
  }

  load(): void {
    this.#ports.sql.exec(
      `CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, host TEXT NOT NULL, trans_id TEXT NOT NULL,
       attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, messages TEXT NOT NULL)`,
    );
    this.#rows = this.#ports.sql.exec("SELECT * FROM outbox ORDER BY seq").map((row) => ({
      seq: Number(row.seq),
      host: row.host as WebexHost,
      transId: row.trans_id as TransId,
      attempts: Number(row.attempts),
      dueAt: Number(row.due_at),
      messages: JSON.parse(String(row.messages)) as ToWebex[],
    }));
    this.#seq = this.#rows.at(-1)?.seq ?? 0;
    this.#commit(afterRestart(this.#rows, this.#ports.now()));
  }

  /** The rows with one message more; the same rows where it may not, or shall not, be sent. */
  add(rows: Rows, host: WebexHost, message: ToWebex, transId: () => TransId): Rows {
    const { codec, settings } = this.#side();
    if (!codec.sends(message)) return rows;
    const target = targetUrl(host, settings.webex);
    if (!target.ok) {
      this.#ports.log({ level: "warn", event: "host-refused", host, message: message.type, why: target.error.kind });
      return rows;
    }
    this.#seq += 1;
    return append(rows, { host, message }, { seq: this.#seq, dueAt: this.#ports.now() + gatherMs, transId });
  }

  /** Brings the disk from the rows here to these; the owner's transaction is around it. */
  write(rows: Rows): void {
    const { sql } = this.#ports;
    const kept = new Set(rows.map((row) => row.seq));
    const here = new Set(this.#rows);
    const gone = this.#rows.flatMap(({ seq }) => (kept.has(seq) ? [] : [seq]));
    for (const seq of [...this.#confirmed, ...gone]) sql.exec("DELETE FROM outbox WHERE seq = ?", seq);
    for (const row of rows) {
      if (here.has(row)) continue;
      sql.exec(
        `INSERT INTO outbox (seq, host, trans_id, attempts, due_at, messages) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (seq)
         DO UPDATE SET attempts = excluded.attempts, due_at = excluded.due_at, messages = excluded.messages`,
        ...[row.seq, row.host, row.transId, row.attempts, row.dueAt, JSON.stringify(row.messages)],
      );
    }
  }

  /** Takes over what is on disk now. A post whose row is gone is broken off. */
  adopt(rows: Rows): void {
    this.#rows = rows;
    this.#confirmed = [];
    if (this.#inFlight && !rows.some((row) => row.seq === this.#inFlight?.seq)) this.#inFlight.abort.abort();
    this.pump();
  }

  /** Deletes what is confirmed and was not deleted together with something else; the owner's alarm sees to it. */
  tidy(): void {
    if (this.#confirmed.length === 0) return;
    this.#ports.sql.transaction(() => this.write(this.#rows));
    this.#confirmed = [];
  }

  /** Begins what is due, if nothing is in flight, and comes back for what is due later. */
  pump(): void {
    const row = this.#rows[0];
    if (!row || this.#inFlight) return;
    const now = this.#ports.now();
    if (row.dueAt > now) return this.#wakeIn(row.dueAt - now, row.dueAt);
    this.#inFlight = { seq: row.seq, abort: new AbortController() };
    this.#attempt(row, this.#inFlight.abort.signal)
      .catch((error: unknown) => {
        this.#ports.log({ level: "error", event: "delivery-broke", transId: row.transId, why: String(error) });
        return this.#ports.wait(pauseAfterErrorMs);
      })
      .then(() => {
        this.#inFlight = null;
        this.pump();
      });
  }

  #wakeIn(ms: number, at: EpochMs): void {
    if (this.#wakeAt !== null && this.#wakeAt <= at) return;
    this.#wakeAt = at;
    this.#ports.wait(ms).then(() => {
      if (this.#wakeAt === at) this.#wakeAt = null;
      this.pump();
    });
  }

  async #attempt(row: Row, signal: AbortSignal): Promise<void> {
    const { settings, codec } = this.#side();
    const { webex } = settings;
    const target = targetUrl(row.host, webex);
    // The last attempt was begun before a crash, or the host is no longer one of the listed ones.
    if (row.attempts >= webex.attempts || !target.ok) return this.#givenUp(row);

    const begun = { ...row, attempts: row.attempts + 1 };
    if (row.attempts === 0) this.#rows = replaced(this.#rows, begun);
    else this.#commit(replaced(this.#rows, begun));
    const { text: body, unwritable } = codec.encode(row.transId, row.messages);
    if (begun.attempts === 1 || body === null) {
      for (const { why } of unwritable) this.#log("error", "message-unwritable", begun, why);
    }
    if (body === null) return this.#givenUp(begun);
    const outcome = await this.#ports.post({
      url: target.value,
      body,
      contentType,
      timeoutMs: webex.timeoutMs,
      signal,
    });

    if (signal.aborted) return;
    const verdict = judge(outcome, row.transId, codec.readConfirmation);
    if (verdict.ok) {
      if (verdict.value.result !== 0) this.#log("warn", "refused-by-webex", begun, `Result ${verdict.value.result}`);
      return this.#done(begun);
    }
    this.#log("warn", "post-failed", begun, verdict.error);
    const next = afterFailure(begun, webex, this.#ports.now());
    if (next) this.#commit(replaced(this.#rows, next));
    else await this.#givenUp(begun);
  }

  /**
   * A row confirmed at once goes from the disk with the next transaction, at the latest by `tidy`. A death before that posts it
   * again, with the same TransID and bytes (protocol T36). One that took longer might count as given up then, and so goes now.
   */
  #done(row: Row): void {
    const rows = this.#rows.filter((other) => other.seq !== row.seq);
    if (row.attempts > 1) return this.#commit(rows);
    this.#rows = rows;
    this.#confirmed = [...this.#confirmed, row.seq];
  }

  #commit(rows: Rows): void {
    if (rows === this.#rows) return;
    this.#ports.sql.transaction(() => this.write(rows));
    this.#rows = rows;
    this.#confirmed = [];
  }

  #log(level: "warn" | "error", event: string, row: Row, why: string): void {
    this.#ports.log({ level, event, host: row.host, transId: row.transId, attempt: row.attempts, why });
  }
}

function replaced(rows: Rows, row: Row): Rows {
  return rows.map((other) => (other.seq === row.seq ? row : other));
}
