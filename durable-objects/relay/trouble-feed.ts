import type { BridgeName, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { hasLasted } from "../../src/foundation/time/has-lasted.ts";
import { type Timers, within } from "../../src/foundation/time/timers.ts";
import { AWAY_AFTER_MS } from "../../src/link/absences.ts";
import type { FoundTrouble } from "../../src/operators/trouble-kinds.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Alarm } from "../platform/alarm.ts";
import type { Identity, RelayLog, RelayStore } from "./relay-store.ts";

interface FeedPorts extends Timers {
  now(): EpochMs;
  settings(domain: DomainName): DomainSettings | undefined;
  /** See `DirectoryRpc.notifyOfTrouble`. */
  notifyOfTrouble(domain: DomainName, bridge: BridgeName, trouble: readonly FoundTrouble[]): Promise<void>;
}

const sendWithinMs = 5_000;
const sendAgainMs = 10_000;

/** Has the directory notify receivers of webhooks of what has been wrong with the bridge for ten seconds, and of its end. */
export class TroubleFeed {
  readonly #ports: FeedPorts;
  readonly #store: RelayStore;
  readonly #alarm: Alarm;
  readonly #log: RelayLog;
  #isSending = false;

  constructor(ports: FeedPorts, store: RelayStore, alarm: Alarm, log: RelayLog) {
    this.#ports = ports;
    this.#store = store;
    this.#alarm = alarm;
    this.#log = log;
  }

  async look(identity: Identity | undefined, found: () => readonly FoundTrouble[]): Promise<void> {
    if (!identity || this.#isSending || !this.#isWanted(identity)) return;
    const now = this.#ports.now();
    const all = found();
    // An agent that has just connected has not said yet whether it has its bridge.
    const lasting = all.filter(
      ({ kind, since }) => kind === "bridge-ends" || (since !== null && hasLasted(since, now, AWAY_AFTER_MS)),
    );
    for (const { since } of all)
      if (since !== null && !hasLasted(since, now, AWAY_AFTER_MS))
        this.#alarm.wakeBy(Math.min(since, now) + AWAY_AFTER_MS);
    const names = lasting.map(({ kind, about = "" }) => `${kind} ${about}`).sort();
    if (JSON.stringify(names) === JSON.stringify(this.#store.read("notified") ?? [])) return;
    this.#isSending = true;
    try {
      const sent = this.#ports.notifyOfTrouble(identity.domain, identity.bridge, lasting);
      await within(this.#ports, sendWithinMs, "the directory", sent);
      this.#store.write("notified", names);
    } catch (error) {
      this.#log("trouble-not-notified", "", { error: String(error) }, "warn");
      return this.#alarm.wakeBy(this.#ports.now() + sendAgainMs);
    } finally {
      this.#isSending = false;
    }
    // What has changed meanwhile.
    await this.look(identity, found);
  }

  #isWanted({ domain }: Identity): boolean {
    const webhooks = this.#ports.settings(domain)?.webhooks ?? [];
    return webhooks.some(({ events }) => events.some((event) => event.startsWith("trouble.")));
  }
}
