import type { DomainName } from "../../src/foundation/ids.ts";
import { hasLasted } from "../../src/foundation/time/has-lasted.ts";
import { activeLink, type RelayState } from "../../src/link/relay.ts";
import type { FoundAlert } from "../../src/operators/alert-kinds.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Platform } from "../platform/platform.ts";
import { AgentClocks } from "./agent-clocks.ts";
import { AgentRefusals } from "./agent-refusals.ts";
import type { Absences, Identity, RelayStore } from "./relay-store.ts";

interface AbsencesPorts extends Pick<Platform, "now"> {
  settings(domain: DomainName): DomainSettings | undefined;
}

/** Agents connect again within seconds after a restart or a handover. Only longer absences are alerts. */
const awayAfterMs = 10_000;

/** Keeps since when which agents of a bridge are disconnected or without their bridge. */
export class AgentAbsences {
  readonly #ports: AbsencesPorts;
  readonly #store: RelayStore;
  readonly refusals: AgentRefusals;
  readonly clocks: AgentClocks;

  constructor(ports: AbsencesPorts, store: RelayStore) {
    this.#ports = ports;
    this.refusals = new AgentRefusals(ports, store);
    this.clocks = new AgentClocks(ports, store);
    this.#store = store;
  }

  look(identity: Identity | undefined, state: RelayState): void {
    const agents = identity ? this.#agents(identity) : [];
    // Of an agent that is alone, the relay knows without this whether it is there.
    if (!identity || agents.length < 2) return;
    const kept = this.#store.read("absences");
    const away: Record<string, Absences[string]> = {};
    for (const { name } of agents) {
      const why = presenceOf(state, name, kept?.away ?? {});
      if (why !== "here") away[name] = absenceOf(kept?.away ?? {}, name) ?? { since: this.#ports.now(), why };
    }
    // A later life knows by this row which bridge it is of, also without an agent.
    if (JSON.stringify(away) !== JSON.stringify(kept?.away)) this.#store.write("absences", { identity, away });
  }

  /** The agents that could not take over now, while another one acts, those that are refused, and those whose clock differs. */
  alerts(identity: Identity | undefined, state: RelayState): readonly FoundAlert[] {
    if (!identity) return [];
    const agents = this.#agents(identity);
    return [
      ...this.#standbyAlerts(agents, state),
      ...this.refusals.alerts(agents.map(({ name }) => name)),
      ...this.clocks.alerts(state.links.map(({ agent }) => agent)),
    ];
  }

  #standbyAlerts(agents: readonly { readonly name: string }[], state: RelayState): readonly FoundAlert[] {
    const active = activeLink(state);
    const { away = {} } = this.#store.read("absences") ?? {};
    if (!active) return [];
    return agents.flatMap(({ name }): FoundAlert[] => {
      const presence = presenceOf(state, name, away);
      const since = absenceOf(away, name)?.since;
      if (name === active.agent || presence === "here" || since === undefined) return [];
      if (!hasLasted(since, this.#ports.now(), awayAfterMs)) return [];
      const why = presence === "link" ? "is not connected" : "does not reach the bridge";
      return [{ kind: "no-standby-agent", about: name, since, why }];
    });
  }

  #agents({ domain, bridge }: Identity): DomainSettings["bridges"][number]["agents"] {
    return this.#ports.settings(domain)?.bridges.find(({ name }) => name === bridge)?.agents ?? [];
  }
}

function absenceOf(away: Absences, agent: string): Absences[string] | undefined {
  return Object.hasOwn(away, agent) ? away[agent] : undefined;
}

/** An agent that was without its bridge is so until it says otherwise, over a restart too. */
function presenceOf({ links }: RelayState, agent: string, away: Absences): "here" | Absences[string]["why"] {
  const link = links.find((one) => one.agent === agent);
  if (!link) return "link";
  const bridgeUp = link.health?.bridgeUp ?? absenceOf(away, agent)?.why !== "bridge";
  return bridgeUp ? "here" : "bridge";
}
