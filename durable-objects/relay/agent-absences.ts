import type { DomainName } from "../../src/foundation/ids.ts";
import { hasLasted } from "../../src/foundation/time/has-lasted.ts";
import { type Absences, AWAY_AFTER_MS, lookForAbsences, type Presence } from "../../src/link/absences.ts";
import { activeLink, type RelayState } from "../../src/link/relay.ts";
import type { FoundTrouble } from "../../src/operators/trouble-kinds.ts";
import { wants } from "../../src/records/webhooks.ts";
import type { AgentEvent } from "../../src/rpc/directory.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Alarm } from "../platform/alarm.ts";
import type { Platform } from "../platform/platform.ts";
import { AgentClocks } from "./agent-clocks.ts";
import { AgentRefusals } from "./agent-refusals.ts";
import { DirectorySender } from "./directory-sender.ts";
import type { Identity, RelayLog, RelayStore } from "./relay-store.ts";

interface AbsencesPorts extends Pick<Platform, "now" | "after"> {
  settings(domain: DomainName): DomainSettings | undefined;
  /** See `DirectoryRpc.notifyOfAgents`. */
  notifyOfAgents(domain: DomainName, events: readonly AgentEvent[]): Promise<void>;
}

/** Of those that the directory has not taken yet, the latest. */
const mostEvents = 1_000;

/** Keeps which agents of a bridge are away, and has the directory notify receivers of webhooks of long absences and returns. */
export class AgentAbsences {
  readonly #ports: AbsencesPorts;
  readonly #store: RelayStore;
  readonly #alarm: Alarm;
  readonly #sender: DirectorySender;
  readonly refusals: AgentRefusals;
  readonly clocks: AgentClocks;

  constructor(ports: AbsencesPorts, store: RelayStore, alarm: Alarm, log: RelayLog) {
    this.#ports = ports;
    this.refusals = new AgentRefusals(ports, store);
    this.clocks = new AgentClocks(ports, store);
    this.#store = store;
    this.#alarm = alarm;
    this.#sender = new DirectorySender(ports, alarm, log, "agents-not-told");
  }

  look(identity: Identity | undefined, state: RelayState): void {
    const agents = identity ? this.#agents(identity) : [];
    // Of an agent that is alone, the relay knows without this whether it is there.
    if (!identity || (agents.length < 2 && !this.isWatched(identity))) return;
    const kept = this.#store.read("absences");
    const known = kept ?? { identity, away: {}, events: [] };
    const presences = new Map(agents.map(({ name }) => [name, presenceOf(state, name, known.away)]));
    const { after, events, nextAt } = lookForAbsences(known.away, presences, this.#ports.now());
    const acts = activeLink(state)?.agent ?? null;
    const more = (this.isWatched(identity) ? events : []).map((event) => ({ ...event, bridge: identity.bridge, acts }));
    // A later life knows by this row which bridge it is of, also without an agent.
    if (!kept || more.length > 0 || JSON.stringify(after) !== JSON.stringify(known.away))
      this.#store.write("absences", { identity, away: after, events: [...known.events, ...more].slice(-mostEvents) });
    if (nextAt !== null && this.isWatched(identity)) this.#alarm.wakeBy(nextAt);
    void this.#send();
  }

  /** The agents that could not take over now, while another one acts, those that are refused, and those whose clock differs. */
  trouble(identity: Identity | undefined, state: RelayState): readonly FoundTrouble[] {
    if (!identity) return [];
    const agents = this.#agents(identity);
    return [
      ...this.#standbyTrouble(agents, state),
      ...this.refusals.trouble(agents.map(({ name }) => name)),
      ...this.clocks.trouble(state.links.map(({ agent }) => agent)),
    ];
  }

  #standbyTrouble(agents: readonly { readonly name: string }[], state: RelayState): readonly FoundTrouble[] {
    const active = activeLink(state);
    const { away = {} } = this.#store.read("absences") ?? {};
    if (!active) return [];
    return agents.flatMap(({ name }): FoundTrouble[] => {
      const presence = presenceOf(state, name, away);
      const since = Object.hasOwn(away, name) ? away[name]?.since : undefined;
      if (name === active.agent || presence === "here" || since === undefined) return [];
      if (!hasLasted(since, this.#ports.now(), AWAY_AFTER_MS)) return [];
      return [{ kind: presence === "link" ? "standby-away" : "standby-without-bridge", about: name, since }];
    });
  }

  /** Whether receivers of webhooks want to be notified of agents, or of trouble, which agents make. */
  isWatched({ domain }: Identity): boolean {
    const webhooks = this.#ports.settings(domain)?.webhooks ?? [];
    return wants(webhooks) || wants(webhooks, "agent");
  }

  /** Whether the settings have the bridge: it may have been removed, or have got another name. */
  hasBridge(identity: Identity): boolean {
    return this.#bridge(identity) !== undefined;
  }

  #agents(identity: Identity): DomainSettings["bridges"][number]["agents"] {
    return this.#bridge(identity)?.agents ?? [];
  }

  #bridge({ domain, bridge }: Identity): DomainSettings["bridges"][number] | undefined {
    return this.#ports.settings(domain)?.bridges.find(({ name }) => name === bridge);
  }

  #send(): Promise<void> {
    return this.#sender.send(() => {
      const { identity, events = [] } = this.#store.read("absences") ?? {};
      if (!identity || events.length === 0) return null;
      return { send: () => this.#ports.notifyOfAgents(identity.domain, events), sent: () => this.#sent(events.length) };
    });
  }

  /** Others may have come since. */
  #sent(count: number): void {
    const now = this.#store.read("absences");
    if (now) this.#store.write("absences", { ...now, events: now.events.slice(count) });
  }
}

/** An agent that was without its bridge is so until it says otherwise, over a restart too. */
function presenceOf({ links }: RelayState, agent: string, away: Absences): Presence {
  const link = links.find((one) => one.agent === agent);
  if (!link) return "link";
  const known = Object.hasOwn(away, agent) ? away[agent] : undefined;
  const bridgeUp = link.health?.bridgeUp ?? known?.why !== "bridge";
  return bridgeUp ? "here" : "bridge";
}
