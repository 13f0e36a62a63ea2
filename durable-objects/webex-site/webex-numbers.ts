import type { EpochMs } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { WebexSiteSettings } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import {
  distinct,
  isExpected,
  type Response,
  type SiteNumber,
  siteNumbers,
  siteReads,
} from "../../webex-interfaces/doors/edge.ts";
import type { Platform } from "../platform/platform.ts";
import {
  type AskOptions,
  type Connection,
  type SiteResult,
  settingsChanged,
  type WebexSiteClient,
} from "./webex-site-client.ts";
import type { WebexSiteStore } from "./webex-site-store.ts";

export const mostNumbers = 200;
/** Numbers of accounts that no check has seen for so long are dropped: the accounts may be gone. */
const accountsMs = 7 * dayMs;
/** Requests of the check wait until all the questions of operators before them are over. */
export const checkTurnWithinMs = 120_000;

/** Numbers that lead to the domain's bridges, as its settings have them; none: they are not known. */
export function expectedNumbers({ settings }: Domain): readonly string[] {
  const own = Object.values(settings.globalNumbers ?? {}).flatMap((list) => list.map(({ number }) => number));
  return [...(settings.webexSite?.expects.numbers ?? []), ...own];
}

/** The site's call-in numbers: those of the site itself, and those that the last check found at its accounts. */
export class WebexNumbers {
  readonly #ports: Pick<Platform, "now">;
  readonly #store: WebexSiteStore;
  readonly #client: WebexSiteClient;

  constructor(ports: Pick<Platform, "now">, store: WebexSiteStore, client: WebexSiteClient) {
    this.#ports = ports;
    this.#store = store;
    this.#client = client;
  }

  /** The numbers that the domain's settings do not call foreign. */
  known(domain: Domain): readonly SiteNumber[] {
    const ofSite = this.#store.read("siteNumbers")?.numbers ?? [];
    const numbers = distinct([...ofSite, ...(this.#ofAccounts()?.numbers ?? [])]);
    const expected = { numbers: expectedNumbers(domain) };
    return numbers.filter(({ number }) => isExpected(number, expected));
  }

  /** Keeps what a check found at accounts. Where it did not come to all of them, numbers of before stay as long as they would have. */
  keepOfAccounts(found: readonly SiteNumber[], { areAll }: { readonly areAll: boolean }): void {
    const before = areAll ? undefined : this.#ofAccounts();
    const numbers = distinct([...found, ...(before?.numbers ?? [])]).slice(0, mostNumbers);
    this.#store.write("accountNumbers", { at: before?.at ?? this.#ports.now(), numbers });
  }

  #ofAccounts() {
    const ofAccounts = this.#store.read("accountNumbers");
    return ofAccounts && this.#ports.now() - ofAccounts.at < accountsMs ? ofAccounts : undefined;
  }

  /** The site as it describes itself; its numbers are kept. */
  async askSite(connection: Connection, options: AskOptions = {}): Promise<SiteResult<Response<"getSite">>> {
    const asked = await this.#client.ask(connection, () => connection.api.call("getSite", {}, { reads: siteReads }), {
      ...options,
      waitsMs: checkTurnWithinMs,
    });
    if (!asked.ok) return asked;
    // Meanwhile the settings may have come to name another site.
    if (!this.#client.isCurrent(connection)) return settingsChanged;
    const { value } = asked.value;
    this.#store.write("siteNumbers", { at: this.#ports.now(), numbers: siteNumbers(value).slice(0, mostNumbers) });
    return { ok: true, value };
  }

  /** Reads the numbers anew. The client logs a failure. */
  async ask(connection: Connection): Promise<void> {
    const asked = await this.askSite(connection);
    if (asked.ok || asked.why === "site" || asked.why === "not-sent") return;
    // Without the right to see the site, the numbers of before stay; they are asked for again as if they were new.
    this.#store.write("siteNumbers", {
      at: this.#ports.now(),
      numbers: this.#store.read("siteNumbers")?.numbers ?? [],
    });
  }

  /** When they must be read again; `null`: never. */
  dueAt({ globalNumbers, cacheMs }: WebexSiteSettings): EpochMs | null {
    if (!globalNumbers) return null;
    const at = this.#store.read("siteNumbers")?.at;
    const now = this.#ports.now();
    // What was read later than now was read before the clock was set back.
    const dueAt = at === undefined || at > now ? now : at + cacheMs;
    return Math.max(dueAt, this.#store.troubleAt(now)?.until ?? 0);
  }
}
