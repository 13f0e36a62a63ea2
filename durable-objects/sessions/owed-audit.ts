import type { DomainName } from "../../src/foundation/ids.ts";
import { within } from "../../src/foundation/time/timers.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { Platform } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

export interface OwedPorts extends AlarmPorts, Pick<Platform, "sql"> {
  directory(domain: DomainName): Pick<DirectoryRpc, "keepAudit">;
}

/** Of each domain; the log alone has what is beyond. */
const MOST_OWED = 1_000;
const AGAIN_MS = 60_000;
const unknownOutcome = { status: 503, refusal: "failed for now" };
const ANSWER_WITHIN_MS = 7_000;

const table =
  "CREATE TABLE IF NOT EXISTS audit_owed (id INTEGER PRIMARY KEY, domain TEXT NOT NULL, data TEXT NOT NULL)";

/** What was done, or is about to be, while the audit of its domain does not answer: that gets it once it does. */
export class OwedAudit {
  readonly #ports: OwedPorts;
  readonly #alarm: Alarm;
  readonly #table: LazyTables;

  constructor(ports: OwedPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports);
    this.#table = new LazyTables(ports.sql, "audit_owed", table);
  }

  add(domain: DomainName, entry: AuditEntry): boolean {
    const { sql, now } = this.#ports;
    const data = JSON.stringify(entry);
    const asked = JSON.stringify({ ...entry, ...unknownOutcome });
    const [isOutcome] = this.#table.read("SELECT id FROM audit_owed WHERE domain = ? AND data = ?", domain, asked);
    if (isOutcome) {
      sql.exec("UPDATE audit_owed SET data = ? WHERE id = ?", data, isOutcome.id ?? null);
      return true;
    }
    const [known] = this.#table.read("SELECT count(*) AS rows FROM audit_owed WHERE domain = ?", domain);
    if (Number(known?.rows ?? 0) >= MOST_OWED) return false;
    this.#table.make();
    sql.exec("INSERT INTO audit_owed (domain, data) VALUES (?, ?)", domain, data);
    this.#alarm.wakeBy(now() + AGAIN_MS);
    return true;
  }

  alarm(): Promise<void> {
    return this.#alarm.fired(() => this.#tell());
  }

  /** Oldest first; a domain that does not answer holds up no other. */
  async #tell(): Promise<void> {
    const silent = new Set<string>();
    for (const { id = null, domain, data } of this.#table.read("SELECT * FROM audit_owed ORDER BY id")) {
      const name = String(domain) as DomainName;
      if (silent.has(name)) continue;
      try {
        const kept = this.#ports.directory(name).keepAudit(name, JSON.parse(String(data)));
        await within(this.#ports, ANSWER_WITHIN_MS, "the directory", kept);
        // Its outcome may have come meanwhile.
        this.#ports.sql.exec("DELETE FROM audit_owed WHERE id = ? AND data = ?", id, data ?? null);
      } catch {
        silent.add(name);
      }
    }
    if (this.#table.read("SELECT id FROM audit_owed LIMIT 1").length > 0)
      this.#alarm.wakeBy(this.#ports.now() + AGAIN_MS);
  }
}
