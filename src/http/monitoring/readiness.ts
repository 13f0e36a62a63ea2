import type { BridgeName, DomainName, EpochMs } from "../../foundation/ids.ts";
import { within } from "../../foundation/time/timers.ts";
import {
  type Fault,
  type FoundBridge,
  type FoundDomain,
  faultsOf,
  isDown,
  postFaultsOf,
} from "../../operators/faults.ts";
import { type Person, seesDomain } from "../../operators/people.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import type { BridgeHealth } from "../../rpc/relay.ts";
import type { Domain } from "../../settings/load.ts";
import type { EdgePorts } from "../edge-ports.ts";
import type { Storage } from "../storage.ts";
import { type TotalsPorts, totalsOf } from "./totals.ts";

/** How long strangers get the same answer: their requests would otherwise cost a call to every relay each. */
const SAME_ANSWER_MS = 1_000;
/** A relay that has not answered by then counts as not ready, so that it does not hold up the answer about the others. */
const RELAY_WITHIN_MS = 2_000;
/** In place of what is wrong in domains whose names are no stranger's business. */
const hidden = {
  ...{ kind: "hidden", domain: null, bridge: null, since: null },
  says: "Something is wrong in a domain that is shown only to people who sign in and see it.",
};

/** `takesCalls`: false for a bridge that is about to end, `takesConferences` for one that is drained; what they have goes on. */
type Bridge = {
  readonly ready: boolean;
  readonly takesCalls?: false;
  readonly takesConferences?: false;
} & Partial<Omit<BridgeHealth, "awaySince" | "drainedSince">>;

/** What was found of bridges and disk. */
interface Looked {
  readonly bridges: readonly FoundBridge[];
  readonly disk: { readonly says: string; readonly since: EpochMs | null } | null;
}

interface ReadinessPorts extends EdgePorts, TotalsPorts {
  readonly objects: EdgeObjects;
  readonly storage: Pick<Storage, "fault" | "faultSince">;
}

/** Whether conferences can be held on each bridge of each domain, and if not, what is missing and since when. */
export class Readiness {
  readonly #edge: ReadinessPorts;
  #askedAt = 0;
  #latest: Promise<readonly FoundBridge[]> | undefined;
  /** By `domain/bridge`, since when its relay does not answer this process. */
  readonly #unreachable = new Map<string, EpochMs>();

  constructor(edge: ReadinessPorts) {
    this.#edge = edge;
  }

  /** Whether all is ready, and the bridges of domains that the person sees; strangers are shown those alone whose names are no secret. */
  async answer(to: Person | null): Promise<Response> {
    const looked = await this.#look(to);
    const { bridges, disk } = looked;
    const all = faultsOf(disk, bridges);
    const ready = !all.some(isDown);
    const problems = (await this.faults(to, looked)).map((fault) => ({
      ...fault,
      since: fault.since === null ? null : new Date(fault.since).toISOString(),
    }));
    const domains: Record<string, Record<string, Bridge>> = {};
    for (const name of this.#edge.domains.keys()) if (this.#maySee(name, to)) domains[name] = {};
    for (const found of bridges) {
      const ofDomain = domains[found.domain];
      if (ofDomain) ofDomain[found.bridge] = bridgeAs(found);
    }
    const body = {
      ready,
      problems: all.every(({ domain }) => this.#maySee(domain, to)) ? problems : [...problems, hidden],
      ...(disk !== null && { disk: disk.says }),
      domains,
    };
    return Response.json(body, { status: ready ? 200 : 503 });
  }

  /** The bridges of a domain, and what is wrong there, asked anew; for a person who sees it. */
  async lookAt(
    domain: Domain,
  ): Promise<{ readonly bridges: readonly FoundBridge[]; readonly faults: readonly Fault[] }> {
    const { storage, now } = this.#edge;
    const { name, settings } = domain;
    const [bridges, says, posts] = await Promise.all([
      Promise.all(settings.bridges.map((bridge) => this.#askOne(name, bridge.name as BridgeName))),
      storage.fault(),
      this.#askPosts(domain),
    ]);
    const disk = says === null ? null : { says, since: storage.faultSince };
    return { bridges, faults: [...faultsOf(disk, bridges), ...postFaultsOf(posts, now())] };
  }

  /** All that is wrong where the person sees it: first what keeps conferences from being held. Strangers do not hear about posts. */
  async faults(to: Person | null, looked?: Looked): Promise<readonly Fault[]> {
    const { bridges, disk } = looked ?? (await this.#look(to));
    const shown = faultsOf(disk, bridges).filter(({ domain }) => this.#maySee(domain, to));
    return to ? [...shown, ...(await this.#postFaults(to))] : shown;
  }

  /** For strangers, what was seen a moment ago will do. */
  async #look(to: Person | null): Promise<Looked> {
    const { storage, now } = this.#edge;
    const at = now();
    if (to || !this.#latest || Math.abs(at - this.#askedAt) >= SAME_ANSWER_MS) {
      this.#askedAt = at;
      this.#latest = this.#ask();
    }
    const bridges = await this.#latest;
    const says = await storage.fault();
    return { bridges, disk: says === null ? null : { says, since: storage.faultSince } };
  }

  #maySee(domain: string | null, to: Person | null): boolean {
    if (domain === null) return true;
    const isOpen = this.#edge.domains.get(domain)?.settings.adapterSecrets.length === 0;
    return isOpen || (to !== null && seesDomain(to, domain));
  }

  async #postFaults(to: Person): Promise<readonly Fault[]> {
    const seen = Array.from(this.#edge.domains.values()).filter(({ name }) => seesDomain(to, name));
    const found = await Promise.all(seen.map((domain) => this.#askPosts(domain)));
    return found.flatMap((domain) => postFaultsOf(domain, this.#edge.now()));
  }

  async #askPosts({ name: domain, settings }: Domain): Promise<FoundDomain> {
    const { objects } = this.#edge;
    const orElse = <Value>(asked: Promise<Value>, value: Value) =>
      within(this.#edge, RELAY_WITHIN_MS, "the directory", asked).catch((error) => {
        this.#edge.log("view-failed", { domain, error: String(error) }, "warn");
        return value;
      });
    const [waiting, webhooks] = await Promise.all([
      orElse(totalsOf(this.#edge, domain), null),
      settings.webhooks.length > 0 ? orElse(objects.directory(domain).webhooks(domain), []) : [],
    ]);
    return { domain, waiting, webhooks };
  }

  #ask(): Promise<readonly FoundBridge[]> {
    const bridges = Array.from(this.#edge.domains.values()).flatMap(({ name: domain, settings }) =>
      settings.bridges.map(({ name }) => this.#askOne(domain, name as BridgeName)),
    );
    return Promise.all(bridges);
  }

  async #askOne(domain: DomainName, bridge: BridgeName): Promise<FoundBridge> {
    const name = `${domain}/${bridge}`;
    try {
      const health = await within(
        this.#edge,
        RELAY_WITHIN_MS,
        "the relay",
        this.#edge.objects.relay(domain, bridge).health(),
      );
      this.#unreachable.delete(name);
      return { domain, bridge, health, unreachableSince: null };
    } catch (error) {
      this.#edge.log("relay-unreachable", { domain, bridge, error: String(error) }, "error");
      const unreachableSince = this.#unreachable.get(name) ?? this.#edge.now();
      this.#unreachable.set(name, unreachableSince);
      return { domain, bridge, health: null, unreachableSince };
    }
  }
}

function bridgeAs({ health }: FoundBridge): Bridge {
  if (!health) return { ready: false };
  const { awaySince: _, drainedSince, ...rest } = health;
  const ready = health.agentConnected && health.bridgeUp;
  const takes = {
    ...(ready && health.ports === 0 && { takesCalls: false as const }),
    ...(drainedSince !== undefined && { takesConferences: false as const }),
  };
  return { ready, ...takes, ...rest };
}
