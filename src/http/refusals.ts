import { budgets } from "../foundation/guard/budgets.ts";
import type { DomainName } from "../foundation/ids.ts";
import { type Timers, wait } from "../foundation/time/timers.ts";
import { type AuditEntry, counted, refusalKind } from "../operators/audit.ts";

interface RefusalsPorts extends Timers {
  /** Lets this come to its end, although the request is over. */
  waitUntil(work: Promise<unknown>): void;
  told(domain: DomainName, entry: AuditEntry): void;
}

/** Of refusals that are alike, the first is told at once, and those that follow together, with their number, every 20 s. */
export class Refusals {
  readonly #ports: RefusalsPorts;
  /** By kind; `null`: none has followed yet. */
  readonly #followed = new Map<string, AuditEntry | null>();

  constructor(ports: RefusalsPorts) {
    this.#ports = ports;
  }

  /** What is no refusal is told at once. */
  add(domain: DomainName, entry: AuditEntry): void {
    const kind = refusalKind(entry);
    if (kind === null) return this.#ports.told(domain, entry);
    const name = `${domain} ${kind}`;
    const followed = this.#followed.get(name);
    if (followed !== undefined) return void this.#followed.set(name, followed ? counted(followed, entry) : entry);
    this.#followed.set(name, null);
    this.#ports.told(domain, entry);
    this.#ports.waitUntil(this.#tellLater(domain, name));
  }

  async #tellLater(domain: DomainName, name: string): Promise<void> {
    await wait(this.#ports, budgets.refusals.logEveryMs);
    const followed = this.#followed.get(name);
    this.#followed.delete(name);
    if (!followed) return;
    this.#followed.set(name, null);
    this.#ports.told(domain, followed);
    this.#ports.waitUntil(this.#tellLater(domain, name));
  }
}
