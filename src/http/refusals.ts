import { budgets } from "../foundation/guard/budgets.ts";
import type { DomainName, EpochMs } from "../foundation/ids.ts";
import { type Timers, wait } from "../foundation/time/timers.ts";
import { type AuditEntry, counted, refusalKind } from "../operators/audit.ts";

interface RefusalsPorts extends Timers {
  now(): EpochMs;
  /** Lets this come to its end, although the request is over. */
  waitUntil(work: Promise<unknown>): void;
  told(domain: DomainName, entry: AuditEntry): void;
}

interface Followed {
  /** When the last one was told. */
  readonly since: EpochMs;
  /** All that have come since then as one; `null`: none has. */
  entry: AuditEntry | null;
}

/** Of refusals that are alike, the first is told at once, and those that follow together, with their number, every 20 s. */
export class Refusals {
  readonly #ports: RefusalsPorts;
  /** By kind. */
  readonly #followed = new Map<string, Followed>();

  constructor(ports: RefusalsPorts) {
    this.#ports = ports;
  }

  /** What is no refusal is told at once. */
  add(domain: DomainName, entry: AuditEntry): void {
    const kind = refusalKind(entry);
    if (kind === null) return this.#ports.told(domain, entry);
    const name = `${domain} ${kind}`;
    const known = this.#followed.get(name);
    const all = known?.entry ? counted(known.entry, entry) : entry;
    // Cloudflare may end the wait before its time: then the next one tells what it was to tell.
    if (known && Math.abs(this.#ports.now() - known.since) < budgets.refusals.logEveryMs) known.entry = all;
    else this.#tell(domain, name, all);
  }

  #tell(domain: DomainName, name: string, entry: AuditEntry): void {
    const followed: Followed = { since: this.#ports.now(), entry: null };
    this.#followed.set(name, followed);
    this.#ports.told(domain, entry);
    this.#ports.waitUntil(this.#tellLater(domain, name, followed));
  }

  async #tellLater(domain: DomainName, name: string, followed: Followed): Promise<void> {
    await wait(this.#ports, budgets.refusals.logEveryMs);
    // Another one was told meanwhile, and waits for itself.
    if (this.#followed.get(name) !== followed) return;
    this.#followed.delete(name);
    if (followed.entry) this.#tell(domain, name, followed.entry);
  }
}
