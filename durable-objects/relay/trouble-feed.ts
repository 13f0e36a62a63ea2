import type { BridgeName, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { hasLasted } from "../../src/foundation/time/has-lasted.ts";
import { hourMs, type Timers } from "../../src/foundation/time/timers.ts";
import { AWAY_AFTER_MS } from "../../src/link/absences.ts";
import type { FoundTrouble } from "../../src/operators/trouble-kinds.ts";
import { wants } from "../../src/records/webhooks.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Alarm } from "../platform/alarm.ts";
import { DirectorySender } from "./directory-sender.ts";
import type { Identity, RelayLog, RelayStore } from "./relay-store.ts";

interface FeedPorts extends Timers {
  now(): EpochMs;
  settings(domain: DomainName): DomainSettings | undefined;
  /** See `DirectoryRpc.notifyOfTrouble`. */
  notifyOfTrouble(domain: DomainName, bridge: BridgeName, trouble: readonly FoundTrouble[]): Promise<void>;
}

/** What is wrong with the bridge. `movedAt`: when a link of an agent last opened or closed. */
interface Found {
  readonly trouble: readonly FoundTrouble[];
  readonly movedAt: EpochMs;
}

/** Has the directory notify receivers of webhooks of what has been wrong with the bridge for ten seconds, and of its end. */
export class TroubleFeed {
  readonly #ports: FeedPorts;
  readonly #store: RelayStore;
  readonly #alarm: Alarm;
  readonly #sender: DirectorySender;

  constructor(ports: FeedPorts, store: RelayStore, alarm: Alarm, log: RelayLog) {
    this.#ports = ports;
    this.#store = store;
    this.#alarm = alarm;
    this.#sender = new DirectorySender(ports, alarm, log, "trouble-not-notified");
  }

  async look(identity: Identity | undefined, found: (of: Identity) => Found): Promise<void> {
    if (!identity || !wants(this.#ports.settings(identity.domain)?.webhooks ?? [])) return;
    const { domain, bridge } = identity;
    await this.#sender.send(() => {
      const { trouble, movedAt } = found(identity);
      const lasting = this.#lasting(trouble);
      // The bridge may be gone from the settings that the edge next starts with: nothing else would end this.
      if (lasting.length > 0) this.#alarm.wakeBy(this.#ports.now() + hourMs);
      const names = lasting.map(({ kind, about = "" }) => `${kind} ${about}`).sort();
      const before = this.#store.read("notified") ?? [];
      if (JSON.stringify(names) === JSON.stringify(before)) return null;
      // Agents connect anew within seconds, and what they have not said again is not over.
      const ends = before.some((name) => !names.includes(name));
      if (ends && !lasting.some(({ kind }) => kind === "no-agent") && this.#isToLast(movedAt)) return null;
      return {
        send: () => this.#ports.notifyOfTrouble(domain, bridge, lasting),
        sent: () => this.#store.write("notified", names),
      };
    });
  }

  /** What of this has lasted; the alarm comes for the rest. */
  #lasting(all: readonly FoundTrouble[]): readonly FoundTrouble[] {
    // An agent that has just connected has not said yet whether it has its bridge.
    return all.filter(({ kind, since }) => {
      const lasts = since !== null && !this.#isToLast(since);
      return lasts || kind === "bridge-ends";
    });
  }

  /** Whether it is less than ten seconds ago; the alarm comes when it is no more. */
  #isToLast(since: EpochMs): boolean {
    const now = this.#ports.now();
    if (hasLasted(since, now, AWAY_AFTER_MS)) return false;
    this.#alarm.wakeBy(Math.min(since, now) + AWAY_AFTER_MS);
    return true;
  }
}
