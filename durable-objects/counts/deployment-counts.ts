import { setLimited } from "../../src/foundation/limits.ts";
import { Counts, type CountsData, domainOfSeries } from "../../src/foundation/metrics.ts";
import type { CountsPortion, CountsRpc } from "../../src/rpc/counts.ts";
import type { Platform } from "../platform/platform.ts";

/** Processes whose portions are remembered, for the case that one comes again. */
const mostProcesses = 500;

interface Row {
  readonly counts: CountsData;
  /** Process → the last of its portions that counts. */
  readonly upTo: Readonly<Record<string, number>>;
}

/**
 * What all processes of the deployment counted, a row for each domain, and one for what belongs to none: so a portion costs one row as a rule. They
 * survive all but the loss of their database. While nothing can be written, they go on in memory.
 */
export class DeploymentCounts implements CountsRpc {
  readonly #ports: Pick<Platform, "sql" | "log">;
  /** The counts of each domain. Counts without a domain have the empty name. */
  readonly #domains = new Map<string, Counts>();
  readonly #upTo = new Map<string, number>();
  /** Domains whose row lacks something. */
  readonly #unwritten = new Set<string>();

  constructor(ports: Pick<Platform, "sql" | "log">) {
    this.#ports = ports;
    ports.sql.exec("CREATE TABLE IF NOT EXISTS counts (domain TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID");
    for (const { domain, data } of ports.sql.exec("SELECT domain, data FROM counts")) {
      const { counts, upTo }: Row = JSON.parse(String(data));
      this.#countsOf(String(domain)).addAll(counts);
      for (const [from, number] of Object.entries(upTo))
        this.#upTo.set(from, Math.max(number, this.#upTo.get(from) ?? 0));
    }
  }

  async add(from: string, portions: readonly CountsPortion[]): Promise<void> {
    const upTo = this.#upTo.get(from) ?? 0;
    const fresh = portions.filter(({ number }) => number > upTo);
    const last = fresh.at(-1);
    if (!last) return;
    for (const { counts } of fresh) this.#add(counts);
    setLimited(this.#upTo, from, last.number, mostProcesses);
    try {
      this.#ports.sql.transaction(() => this.#write());
      this.#unwritten.clear();
    } catch (error) {
      this.#ports.log({ level: "warn", event: "counts-not-written", why: String(error) });
    }
  }

  async all(): Promise<CountsData> {
    const all = new Counts();
    for (const counts of this.#domains.values()) all.addAll(counts.data());
    return all.data();
  }

  #add(data: CountsData): void {
    for (const [family, series] of Object.entries(data)) {
      for (const [labels, more] of Object.entries(series)) {
        const domain = domainOfSeries(labels);
        this.#countsOf(domain).add(family, labels, more);
        this.#unwritten.add(domain);
      }
    }
  }

  #write(): void {
    const upTo = Object.fromEntries(this.#upTo);
    for (const domain of this.#unwritten) {
      const row: Row = { counts: this.#countsOf(domain).data(), upTo };
      this.#ports.sql.exec(
        "INSERT INTO counts (domain, data) VALUES (?, ?) ON CONFLICT (domain) DO UPDATE SET data = excluded.data",
        domain,
        JSON.stringify(row),
      );
    }
  }

  #countsOf(domain: string): Counts {
    const counts = this.#domains.get(domain) ?? new Counts();
    this.#domains.set(domain, counts);
    return counts;
  }
}
