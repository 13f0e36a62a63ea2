import type { ConfKey, DomainName, MsgId } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import type { HolderPage, IdAllocatorRpc, IdBlocks, IdRequest } from "../../src/rpc/id-allocator.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { AlarmPorts } from "../platform/alarm.ts";
import type { Sql } from "../platform/platform.ts";
import { IdAllocator } from "./id-allocator.ts";
import { type Round, Sweep } from "./sweep.ts";

interface DomainIdsPorts extends AlarmPorts {
  readonly sql: Sql;
  /** `null` when the settings do not have the domain. */
  domain(name: DomainName): Domain | null;
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "sweep">;
  /** Values on disk by name. */
  readonly kept: { get<Value>(name: string): Value | undefined; put(name: string, value: unknown): void };
}

/**
 * The TransIDs and MsgIDs of one domain, allocated in blocks, so that no two objects ever use the same. By its blocks the allocator knows
 * which conferences there are, and sweeps them.
 */
export class DomainIds implements IdAllocatorRpc {
  readonly #ports: DomainIdsPorts;
  readonly #ids: IdAllocator;
  readonly #sweep: Sweep;

  constructor(ports: DomainIdsPorts) {
    this.#ports = ports;
    this.#ids = new IdAllocator(ports.sql);
    this.#sweep = new Sweep({
      ...ports,
      ids: this.#ids,
      log: (line) => ports.log({ ...line, domain: this.#domain }),
      // Only what was allocated is swept, and the domain is kept since then.
      conference: (confKey) => ports.conference(this.#domain as DomainName, confKey),
      keptRound: () => ports.kept.get<Round>("sweepRound") ?? null,
      keepRound: (round) => ports.kept.put("sweepRound", round),
    });
  }

  async allocate({ domain, holder, ...wanted }: IdRequest): Promise<IdBlocks> {
    const blocks = this.#ids.allocate(holder, wanted, this.#ports.now());
    if (this.#domain === undefined) this.#ports.kept.put("domain", domain);
    await this.#sweep.allocated();
    return blocks;
  }

  async holderOf(msgId: MsgId): Promise<ConfKey | null> {
    const domain = this.#domain === undefined ? null : this.#ports.domain(this.#domain);
    return domain && this.#ids.holderOf(msgId, this.#ports.now(), domain.settings.journalRetentionDays * dayMs);
  }

  async conferencesOf(lastMs: number, before: number | null, upTo: number | null): Promise<HolderPage> {
    return this.#ids.holdersSince(this.#ports.now() - lastMs, before, upTo);
  }

  sweep(): Promise<void> {
    return this.#sweep.begin();
  }

  alarm(): Promise<void> {
    return this.#sweep.alarm();
  }

  get #domain(): DomainName | undefined {
    return this.#ports.kept.get<DomainName>("domain");
  }
}
