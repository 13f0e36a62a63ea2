import type { DomainName } from "../../src/foundation/ids.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { lookForAbsences, type Presence } from "../../src/link/absences.ts";
import { activeLink, type RelayState } from "../../src/link/relay.ts";
import type { AgentEvent } from "../../src/rpc/directory.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Alarm } from "../platform/alarm.ts";
import type { Platform } from "../platform/platform.ts";
import type { Identity, RelayLog, RelayStore } from "./relay-store.ts";

interface AbsencesPorts extends Pick<Platform, "now" | "after"> {
  settings(domain: DomainName): DomainSettings | undefined;
  /** See `DirectoryRpc.notifyOfAgents`. */
  notifyOfAgents(domain: DomainName, events: readonly AgentEvent[]): Promise<void>;
}

const sendWithinMs = 5_000;
const sendAgainMs = 10_000;

/** Keeps which agents are away, where receivers of webhooks want to know, and has the directory notify them of long absences and returns. */
export class AgentAbsences {
  readonly #ports: AbsencesPorts;
  readonly #store: RelayStore;
  readonly #alarm: Alarm;
  readonly #log: RelayLog;
  #isSending = false;

  constructor(ports: AbsencesPorts, store: RelayStore, alarm: Alarm, log: RelayLog) {
    this.#ports = ports;
    this.#store = store;
    this.#alarm = alarm;
    this.#log = log;
  }

  look(identity: Identity | undefined, state: RelayState): void {
    const agents = identity && this.watched(identity);
    if (!agents) return;
    const presences = new Map(agents.map(({ name }) => [name, presenceOf(state, name)]));
    const known = this.#store.read("absences") ?? { identity, away: {}, events: [] };
    const { after, events, nextAt } = lookForAbsences(known.away, presences, this.#ports.now());
    const acts = activeLink(state)?.agent ?? null;
    const more = events.map((event) => ({ ...event, bridge: identity.bridge, acts }));
    if (more.length > 0 || JSON.stringify(after) !== JSON.stringify(known.away))
      this.#store.write("absences", { identity, away: after, events: [...known.events, ...more] });
    if (nextAt !== null) this.#alarm.wakeBy(nextAt);
    void this.#send();
  }

  /** The agents of the settings; `undefined`: nobody wants to be notified of them. */
  watched({ domain, bridge }: Identity): DomainSettings["bridges"][number]["agents"] | undefined {
    const settings = this.#ports.settings(domain);
    const isWanted = settings?.webhooks.some(({ events }) => events.some((event) => event.startsWith("agent.")));
    return isWanted ? settings?.bridges.find(({ name }) => name === bridge)?.agents : undefined;
  }

  async #send(): Promise<void> {
    const { identity, events = [] } = this.#store.read("absences") ?? {};
    if (this.#isSending || !identity || events.length === 0) return;
    this.#isSending = true;
    try {
      const sent = this.#ports.notifyOfAgents(identity.domain, events);
      await within(this.#ports, sendWithinMs, "the directory", sent);
      const now = this.#store.read("absences");
      if (now) this.#store.write("absences", { ...now, events: now.events.slice(events.length) });
    } catch (error) {
      this.#log("agents-not-told", "", { error: String(error) }, "warn");
      return this.#alarm.wakeBy(this.#ports.now() + sendAgainMs);
    } finally {
      this.#isSending = false;
    }
    // What has come meanwhile.
    await this.#send();
  }
}

function presenceOf({ links }: RelayState, agent: string): Presence {
  const link = links.find((one) => one.agent === agent);
  if (!link) return "link";
  return link.health?.bridgeUp === false ? "bridge" : "here";
}
