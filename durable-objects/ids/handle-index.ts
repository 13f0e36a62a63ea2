import type { ConfKey, DomainName, EpochMs, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import { setLimited } from "../../src/foundation/limits.ts";
import { within } from "../../src/foundation/time/timers.ts";
import type { HandleAnswer, HandleClaim, HandleIndexRpc, HandleRequest } from "../../src/rpc/handle-index.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { DomainPorts, Sql, SqlRow } from "../platform/platform.ts";
import { isOver, retentionAt } from "../platform/retention.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

export interface HandleIndexPorts extends AlarmPorts, Pick<DomainPorts, "deleteAll"> {
  readonly sql: Sql;
  /** How long a conference keeps its rows, in milliseconds; `null`: the settings have no such domain. */
  retentionMs(domain: DomainName): number | null;
  /**
   * Asks the conference whether this handle is its own, and whether the conference goes on; `claimedBy`: or whether it does not
   * have this transaction yet, whose create claimed the handle.
   */
  hasHandle(domain: DomainName, claim: HandleClaim, claimedBy: TransId | null): Promise<boolean>;
}

type Handle = HandleClaim & { readonly claimedAt: EpochMs };

/** A claim that another conference holds. */
interface Contested {
  readonly claim: HandleClaim;
  readonly holder: Handle;
  /** The transaction of a young claim. */
  readonly claimedBy: TransId | null;
}

/** A create may take this long to reach its conference, which holds the claimed handle from then on. */
const youngMs = 30_000;
const mostYoung = 10_000;
/** How long a claim waits for the conference that holds its handle. Then it gets 503. */
const answerWithinMs = 5_000;
const releaseEveryMs = 6 * 3_600_000;
/** How many handles one alarm asks about, and the pause before the next ones. */
const portion = 100;
const portionEveryMs = 10_000;

const tables = [
  `CREATE TABLE IF NOT EXISTS handle (ext_conf_id TEXT PRIMARY KEY, conf_key TEXT NOT NULL, claimed_at INTEGER NOT NULL)
   WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS handle_by_conference ON handle (conf_key)",
  // One row: up to which handle the release that is under way has come, how long the conferences of the domain keep their
  // rows, and since when the settings do not have the domain.
  `CREATE TABLE IF NOT EXISTS release_progress
   (domain TEXT PRIMARY KEY, reached TEXT NOT NULL, kept_ms INTEGER NOT NULL, removed_at INTEGER) WITHOUT ROWID`,
];

/**
 * Which conference each handle (ExtConfID) of a domain stands for, and so which conferences the domain has. Looking something up
 * writes nothing, and the first claim makes the tables. A claim writes two rows: the handle, and its entry in the index of
 * conferences.
 */
export class HandleIndex implements HandleIndexRpc {
  readonly #ports: HandleIndexPorts;
  readonly #alarm: Alarm;
  readonly #tables: LazyTables;
  /** The transaction that last claimed each handle. Young claims of an earlier life are left alone. */
  readonly #claimedBy = new Map<ExtConfId, TransId>();

  constructor(ports: HandleIndexPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports);
    this.#tables = new LazyTables(ports.sql, "release_progress", ...tables);
  }

  async resolve(request: HandleRequest): Promise<HandleAnswer> {
    const contested = await this.#claimAll(request);
    await Promise.all(contested.map((one) => this.#contest(request, one)));
    return this.#found(request);
  }

  async hasConference(confKey: ConfKey): Promise<boolean> {
    return this.#tables.read("SELECT 1 FROM handle WHERE conf_key = ? LIMIT 1", confKey).length > 0;
  }

  alarm(): Promise<void> {
    return this.#alarm.fired(async () => {
      const next = await this.#release();
      if (next !== null) this.#alarm.wakeBy(next);
    });
  }

  /** Claims the free handles in one transaction. Returns the claims whose handle another conference holds. */
  async #claimAll({ domain, transId, claims }: HandleRequest): Promise<readonly Contested[]> {
    if (claims.length === 0) return [];
    const contested = this.#ports.sql.transaction(() => {
      this.#begin(domain);
      return claims.flatMap((claim) => this.#claimFree(claim, transId));
    });
    await this.#alarm.ensure(this.#ports.now() + releaseEveryMs);
    return contested;
  }

  #begin(domain: DomainName): void {
    this.#tables.make();
    this.#ports.sql.exec(
      "INSERT INTO release_progress SELECT ?, '', ?, NULL WHERE NOT EXISTS (SELECT 1 FROM release_progress)",
      ...[domain, this.#ports.retentionMs(domain)],
    );
  }

  /** The handle of a conference that is over goes to the new one. */
  async #contest({ domain, transId }: HandleRequest, { claim, holder, claimedBy }: Contested): Promise<void> {
    const { extConfId } = claim;
    const latest = this.#claimedBy.get(extConfId);
    if (await this.#hasHandle(domain, holder, claimedBy)) return;
    // Another document may have claimed the handle meanwhile.
    const now = this.#find(extConfId);
    const isSame = now?.claimedAt === holder.claimedAt && this.#claimedBy.get(extConfId) === latest;
    if (now === undefined || isSame) this.#claimBy(transId, claim);
  }

  #found({ claims, handles }: HandleRequest): ReadonlyMap<ExtConfId, ConfKey> {
    const found = new Map<ExtConfId, ConfKey>();
    for (const extConfId of [...claims.map((claim) => claim.extConfId), ...handles]) {
      const handle = this.#find(extConfId);
      if (handle) found.set(extConfId, handle.confKey);
    }
    return found;
  }

  /** Takes a free handle, and renews a conference's own; returns the holder where another conference may have to give way. */
  #claimFree(claim: HandleClaim, transId: TransId): Contested[] {
    const holder = this.#find(claim.extConfId);
    const claimedBy = this.#claimedBy.get(claim.extConfId);
    const isYoung = holder !== undefined && this.#isYoung(holder);
    if (isYoung && claimedBy === transId) return [];
    if (holder === undefined || holder.confKey === claim.confKey) {
      // Its own claim is renewed, since the conference that made it may be over and this be the next of that key.
      this.#claimBy(transId, claim);
      return [];
    }
    if (!isYoung) return [{ claim, holder, claimedBy: null }];
    return claimedBy === undefined ? [] : [{ claim, holder, claimedBy }];
  }

  #claimBy(transId: TransId, claim: HandleClaim): void {
    setLimited(this.#claimedBy, claim.extConfId, transId, mostYoung);
    this.#put(claim);
  }

  /** When the next portion is due; `null` when nothing is left to release. */
  async #release(): Promise<EpochMs | null> {
    const { sql, log, now, retentionMs, deleteAll } = this.#ports;
    const [row] = this.#tables.read("SELECT * FROM release_progress");
    if (!row) return null;
    const domain = row.domain as DomainName;
    const known = { keptMs: Number(row.kept_ms), removedAt: row.removed_at as EpochMs | null };
    const { keptMs, removedAt } = retentionAt(now(), retentionMs(domain), known);
    if (isOver({ keptMs, removedAt }, now())) {
      await deleteAll();
      return null;
    }
    if (keptMs !== known.keptMs || removedAt !== known.removedAt)
      sql.exec("UPDATE release_progress SET kept_ms = ?, removed_at = ?", keptMs, removedAt);
    // WebEx names the conferences by their handles if the domain is put back.
    if (removedAt !== null) return now() + releaseEveryMs;
    // Handles are released before their conference is deleted: asking a deleted one would make an empty database.
    const old = sql
      .exec(
        "SELECT * FROM handle WHERE ext_conf_id > ? AND claimed_at <= ? ORDER BY ext_conf_id LIMIT ?",
        ...[row.reached as string, now() - keptMs + releaseEveryMs, portion],
      )
      .map(toHandle);
    const answers = await Promise.allSettled(old.map((handle) => this.#hasHandle(domain, handle, null)));
    const unreachable = answers.filter(({ status }) => status === "rejected").length;
    if (unreachable > 0) log({ level: "warn", event: "handles-not-released", domain, conferences: unreachable });
    // Behind a full portion there may be more.
    const last = old[portion - 1];
    sql.transaction(() => {
      for (const [index, handle] of old.entries()) {
        const answer = answers[index];
        // It may have been claimed while the conference was asked.
        if (answer?.status !== "fulfilled" || this.#find(handle.extConfId)?.claimedAt !== handle.claimedAt) continue;
        if (answer.value) this.#put(handle);
        else sql.exec("DELETE FROM handle WHERE ext_conf_id = ?", handle.extConfId);
      }
      const reached = last?.extConfId ?? "";
      if (reached !== row.reached) sql.exec("UPDATE release_progress SET reached = ?", reached);
    });
    if (last) return now() + portionEveryMs;
    return sql.exec("SELECT 1 FROM handle LIMIT 1").length > 0 ? now() + releaseEveryMs : null;
  }

  #hasHandle(domain: DomainName, handle: Handle, claimedBy: TransId | null): Promise<boolean> {
    return within(this.#ports, answerWithinMs, "a conference", this.#ports.hasHandle(domain, handle, claimedBy));
  }

  #find(extConfId: ExtConfId): Handle | undefined {
    const [row] = this.#tables.read("SELECT * FROM handle WHERE ext_conf_id = ?", extConfId);
    return row && toHandle(row);
  }

  #put({ extConfId, confKey }: HandleClaim): void {
    this.#ports.sql.exec(
      `INSERT INTO handle (ext_conf_id, conf_key, claimed_at) VALUES (?, ?, ?) ON CONFLICT (ext_conf_id)
       DO UPDATE SET conf_key = excluded.conf_key, claimed_at = excluded.claimed_at`,
      ...[extConfId, confKey, this.#ports.now()],
    );
  }

  /** A claim far in the future was made while the clock was ahead. */
  #isYoung({ claimedAt }: Handle): boolean {
    return Math.abs(this.#ports.now() - claimedAt) < youngMs;
  }
}

function toHandle(row: SqlRow): Handle {
  return {
    extConfId: row.ext_conf_id as ExtConfId,
    confKey: row.conf_key as ConfKey,
    claimedAt: Number(row.claimed_at),
  };
}
