import type { Ack } from "../../src/delivery/feed.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { dayMs, hourMs, minuteMs } from "../../src/foundation/time/timers.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { recordOfConference } from "../../src/records/rows.ts";
import { inOrder, type WebhookEvent, webhooksOfCall, webhooksOfConference } from "../../src/records/webhooks.ts";
import type { AuditPage, CountRow, DirectoryRpc, DomainStats, WebhookView } from "../../src/rpc/directory.ts";
import { type ConferenceBatch, type DirectoryAck, watchedPauseMs } from "../../src/rpc/directory-feed.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { DomainPorts, Platform } from "../platform/platform.ts";
import { isOver } from "../platform/retention.ts";
import { AlertStore } from "./alert-store.ts";
import { type Added, CountStore, type SenderRow } from "./count-store.ts";
import { type DirectoryContext, DirectoryStore, type Upserted } from "./directory-store.ts";
import { PromptStore } from "./prompt-store.ts";
import { RecordStore } from "./record-store.ts";
import { RunningList } from "./running-list.ts";
import { Webhooks } from "./webhooks.ts";

interface DirectoryPorts
  extends AlarmPorts,
    Omit<DirectoryContext, "store" | "changed">,
    Pick<Platform, "post" | "measures">,
    Pick<DomainPorts, "deleteAll"> {
  /** A secret that webhooks are signed with; `undefined`: there is none of this name. */
  secret(name: string): string | undefined;
}

const mostPage = 1_000;
const deleteEveryMs = 6 * hourMs;
const deletePortion = 1_000;
const portionEveryMs = 10_000;
/** Pause per running conference between non-urgent batches, to limit the batches of all conferences. */
const pauseMs = 2_000;
const batchEveryMs = 8;

/**
 * The conferences and calls of one domain, as conferences and relays publish them, and the domain's counts, alerts, audit and
 * webhooks.
 */
export class Directory
  implements Omit<DirectoryRpc, keyof RecordStore | keyof RunningList | keyof AlertStore | keyof PromptStore>
{
  readonly #ports: DirectoryPorts;
  readonly #alarm: Alarm;
  readonly #store: DirectoryStore;
  readonly recordStore: RecordStore;
  readonly list: RunningList;
  readonly alertStore: AlertStore;
  readonly promptStore: PromptStore;
  readonly #webhooks: Webhooks;
  readonly #counts: CountStore;
  #hasAlarm = false;
  #deleteAt: EpochMs = 0;
  #refillAt: EpochMs = 0;
  #refilling: Promise<void> | null = null;

  constructor(ports: DirectoryPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports);
    this.#store = new DirectoryStore(ports);
    this.#counts = new CountStore(this.#store);
    const context = { ...ports, store: this.#store, changed: () => this.#changed() };
    this.list = new RunningList(context, this.#counts);
    this.promptStore = new PromptStore(context);
    this.recordStore = new RecordStore(context);
    this.#webhooks = new Webhooks({
      ...context,
      domain: () => this.#store.domain,
      receivers: () => this.#receivers(this.#store.domain || null),
      wakeBy: (at) => this.#alarm.wakeBy(at),
      dropped: (url) => this.alertStore.deleteReceiver(url),
    });
    this.alertStore = new AlertStore(context, {
      list: this.list,
      prompt: this.promptStore,
      webhooks: (domain) => this.#webhooks.view(this.#receivers(domain)),
    });
  }

  async publish({ domain, key, version, conferences, calls, ...counts }: ConferenceBatch): Promise<DirectoryAck> {
    const now = this.#ports.now();
    const laterVersions = this.#store.transaction(domain, () => {
      const added = this.#addCounts({ ...counts, key, version }, now);
      // The record of a conference follows those of its calls.
      const callsPut = calls.map((row) => this.#store.putCall(row, version, now));
      const conferencesPut = conferences.map((row) => this.#store.putConference(row, version, now));
      const events: WebhookEvent[] = [];
      for (const { row, before } of conferencesPut.flatMap(stored)) {
        events.push(...webhooksOfConference(row, before));
        if (row.endedAt !== null && (before?.endedAt ?? null) === null)
          this.alertStore.keptRecord(recordOfConference(row));
      }
      for (const { row, before } of callsPut.flatMap(stored)) {
        events.push(...webhooksOfCall(row, before));
        if ((before?.enteredAt ?? null) === null) this.promptStore.entered(row);
      }
      this.#webhooks.add(inOrder(events));
      return [added, ...conferencesPut, ...callsPut].flatMap((one) =>
        one && "laterVersion" in one ? one.laterVersion : [],
      );
    });
    this.list.heard(key);
    await this.#changed();
    this.#webhooks.pump();
    const usualPauseMs = Math.max(pauseMs, this.list.size * batchEveryMs);
    return {
      directory: this.#store.aboutNow(domain).directory,
      pauseMs: this.list.isWatched(key) ? watchedPauseMs : usualPauseMs,
      ...(laterVersions.length > 0 && { laterVersion: Math.max(...laterVersions) }),
    };
  }

  async count(domain: DomainName, row: CountRow): Promise<Ack> {
    this.#store.transaction(domain, () => this.#addCounts(row, this.#ports.now()));
    await this.#changed();
    return { pauseMs };
  }

  /** Within a transaction. */
  #addCounts(row: SenderRow, now: EpochMs): Added {
    const added = this.#counts.add(row, now);
    if ("more" in added) this.alertStore.countPosts(added.more.hosts, now);
    return added;
  }

  async stats(): Promise<DomainStats> {
    const { totals, hosts } = this.list;
    return { ...totals, hosts, minutes: this.#counts.minutes(this.#ports.now()), counts: this.#counts.total };
  }

  async webhooks(domain: DomainName): Promise<readonly WebhookView[]> {
    return this.#webhooks.view(this.#receivers(domain));
  }

  async keepAudit(domain: DomainName, entry: AuditEntry): Promise<void> {
    const insert = "INSERT INTO audit (at, data) VALUES (?, ?)";
    this.#store.transaction(domain, () => this.#store.exec(insert, this.#ports.now(), JSON.stringify(entry)));
    await this.#changed();
  }

  async audit(before: number | null, limit: number): Promise<AuditPage> {
    const most = Math.min(limit, mostPage);
    const query = "SELECT id, data FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?";
    const rows = this.#store.read(query, before ?? Number.MAX_SAFE_INTEGER, most + 1);
    const page = rows.slice(0, most);
    return {
      entries: page.map(({ data }) => JSON.parse(String(data))),
      next: rows.length > most ? Number(page.at(-1)?.id) : null,
    };
  }

  /** Deletes some expired rows, and posts due webhooks. */
  alarm(): Promise<void> {
    return this.#alarm.fired(async () => {
      const { about } = this.#store;
      if (!about) return;
      const now = this.#ports.now();
      const current = this.#store.aboutNow(about.domain);
      if (isOver(current, now)) return await this.#ports.deleteAll();
      // The alarm may have another reason.
      if (now >= this.#deleteAt || now < this.#deleteAt - deleteEveryMs)
        this.#deleteAt = now + (this.#deleteOld(about.domain, now - current.keptMs) ? portionEveryMs : deleteEveryMs);
      if (this.#store.refillAfterMs !== null && now >= this.#refillAt) this.#refilling ??= this.#refill(about.domain);
      this.#webhooks.pump();
      this.#alarm.wakeBy(this.#deleteAt);
    });
  }

  /** After a loss of data, asks all conferences for their rows. Quiet ones would send nothing. */
  async #refill(domain: DomainName): Promise<void> {
    try {
      await this.list.refill(domain);
    } catch (error) {
      this.#ports.log({ level: "warn", event: "directory-not-refilled", why: String(error) });
    } finally {
      this.#refilling = null;
    }
    const { refillAfterMs } = this.#store;
    if (refillAfterMs === null) return;
    this.#refillAt = this.#ports.now() + Math.max(refillAfterMs, minuteMs);
    this.#alarm.wakeBy(this.#refillAt);
  }

  /** Returns true if there may be more. */
  #deleteOld(domain: DomainName, before: EpochMs): boolean {
    // Counts of a conference after the deletion of its sender's row would count again.
    const { journalRetentionDays = 0 } = this.#store.settings(domain) ?? {};
    const sentBefore = Math.min(before, this.#ports.now() - (journalRetentionDays + 1) * dayMs);
    this.#store.transaction(domain, () => this.#counts.deleteBefore(sentBefore));
    this.alertStore.deleteBefore(domain, before);
    return this.#store.deleteBefore(before, deletePortion);
  }

  async #changed(): Promise<void> {
    if (this.#hasAlarm) return;
    const now = this.#ports.now();
    await this.#alarm.ensure(now + (this.#store.refillAfterMs ?? deleteEveryMs));
    this.#hasAlarm = true;
  }

  #receivers(domain: DomainName | null): DomainSettings["webhooks"] {
    return (domain && this.#store.settings(domain)?.webhooks) ?? [];
  }
}

function stored<Row>(put: Upserted<Row>) {
  return put === null || "laterVersion" in put ? [] : [put];
}
