import type { BridgeName, DomainName, EpochMs } from "../foundation/ids.ts";
import { Counter, familyOf, Histogram } from "../foundation/metrics.ts";
import { within } from "../foundation/timers.ts";
import { type Fault, type FoundBridge, faultsOf, isDown } from "../operators/faults.ts";
import { type Person, seesDomain } from "../operators/people.ts";
import type { BridgeHealth } from "../rpc.ts";
import type { Domain } from "../settings/load.ts";
import { defaultCodes } from "../tsp/protocol-table.ts";
import type { Edge } from "./app.ts";

/** The words of a Confirmation of a whole document: the numbers that are no failure of a single request. */
const documentResults = Object.entries(defaultCodes.result).flatMap(([word, number]) => (number <= 0 ? word : []));
const agentRefusals = ["badMessage", "wrongKey", "oldVersion", "clockSkew", "unknownDomain", "unknownBridge"] as const;

/** Lines that a request can cause, so that their number is limited. */
export const edgeEvents = [
  ...(["agents-not-closed", "audit-not-kept", "document-note", "document-not-stored"] as const),
  ...([
    "document-refused",
    "export-broken",
    "host-refused",
    "operators-refused",
    "relay-unreachable",
    "request-failed",
    "settings-refused",
    "sign-in",
    "view-failed",
  ] as const),
  ...(["storage-fails", "storage-works-again", "webex-site-asleep", "webex-site-without-secret"] as const),
] as const;
export type EdgeEvent = (typeof edgeEvents)[number];

/** What the routes of this process count and measure, since its start; each process of a deployment has its own. */
export class Metrics {
  readonly documents = new Counter(
    "bridgehead_documents_total",
    "Documents from WebEx, by the word for the result in their Confirmation.",
  );
  readonly notStored = new Counter(
    "bridgehead_documents_not_stored_total",
    "Documents answered with 503, which WebEx sends again.",
  );
  readonly objectsFailed = new Counter(
    "bridgehead_object_storage_failures_total",
    "Those of them where the storage of one object failed, and not for want of room: its database may be damaged.",
  );
  readonly confirmSeconds = new Histogram(
    "bridgehead_confirm_seconds",
    "From the begin of a document's request to its Confirmation, or to a 503.",
  );
  readonly hostsRefused = new Counter(
    "bridgehead_hosts_refused_total",
    "Messages that named a WebEx host outside the domain's list.",
  );
  readonly rateLimited = new Counter("bridgehead_rate_limited_total", "Posts answered with 429.");
  readonly strangers = new Counter(
    "bridgehead_strangers_total",
    "Requests of an adapter URL that does not exist: unknown domain or wrong secret.",
  );
  readonly agentsRefused = new Counter(
    "bridgehead_agents_refused_total",
    "Agents, or strangers in their place, that were given no socket, by the reason.",
  );
  readonly operatorsRefused = new Counter(
    "bridgehead_operators_refused_total",
    "Requests without the operator's token.",
  );
  readonly logLinesDropped = new Counter(
    "bridgehead_log_lines_dropped_total",
    "Lines that the edge's log left out, since too many of one event came.",
  );

  /** As Prometheus reads it. */
  text(domains: Iterable<Domain>): string {
    for (const { name: domain } of domains) {
      for (const result of documentResults) this.documents.begin({ domain, result });
      for (const counter of [this.notStored, this.objectsFailed, this.hostsRefused, this.rateLimited])
        counter.begin({ domain });
      this.confirmSeconds.begin({ domain });
    }
    this.strangers.begin();
    this.operatorsRefused.begin();
    for (const event of edgeEvents) this.logLinesDropped.begin({ event });
    for (const why of agentRefusals) this.agentsRefused.begin({ why });
    return [
      this.documents,
      this.notStored,
      this.objectsFailed,
      this.confirmSeconds,
      this.hostsRefused,
      this.rateLimited,
      this.strangers,
      this.agentsRefused,
      this.operatorsRefused,
      this.logLinesDropped,
    ]
      .map((family) => family.text())
      .join("");
  }
}

/** What runs here, and since when: a process with several isolates has one of these in each. */
export function processText(version: string, since: number): string {
  return [
    familyOf("gauge", "bridgehead_build_info", "Which version runs; always 1.", [[{ version }, 1]]),
    familyOf("gauge", "bridgehead_start_time_seconds", "When its first request came.", [[{}, since / 1_000]]),
  ].join("");
}

/** How long strangers get the same answer: their requests would otherwise cost a call to every relay each. */
const SAME_ANSWER_MS = 1_000;
/** A relay that has not answered by then counts as not ready, so that it does not hold up the answer about the others. */
const RELAY_WITHIN_MS = 2_000;
/** In place of what is wrong in domains whose names are no stranger's business. */
const hidden = {
  ...{ kind: "hidden", domain: null, bridge: null, since: null },
  says: "Something is wrong in a domain that is shown only to people who sign in and see it.",
};

/** `takesCalls`: false for a bridge that is about to end; its calls go on. */
type Bridge = { readonly ready: boolean; readonly takesCalls?: false } & Partial<Omit<BridgeHealth, "awaySince">>;

/** Whether conferences can be held on each bridge of each domain, and if not, what is missing and since when. */
export class Readiness {
  readonly #edge: Edge;
  #askedAt = 0;
  #latest: Promise<readonly FoundBridge[]> | undefined;
  /** By `domain/bridge`, since when its relay does not answer this process. */
  readonly #unreachable = new Map<string, EpochMs>();

  constructor(edge: Edge) {
    this.#edge = edge;
  }

  /** Whether all is ready, and the bridges of domains that the person sees; strangers are shown those alone whose names are no secret. */
  async answer(to: Person | null): Promise<Response> {
    const now = this.#edge.now();
    if (to || !this.#latest || Math.abs(now - this.#askedAt) >= SAME_ANSWER_MS) {
      this.#askedAt = now;
      this.#latest = this.#ask();
    }
    const [bridges, disk] = [await this.#latest, await this.#edge.storage.fault()];
    const faults = faultsOf(disk === null ? null : { says: disk, since: this.#edge.storage.faultSince }, bridges);
    const ready = !faults.some(isDown);
    const isShown = (name: string) =>
      this.#edge.domains.get(name)?.settings.adapterSecrets.length === 0 || (to !== null && seesDomain(to, name));
    const shown = faults.filter(({ domain }) => domain === null || isShown(domain));
    const problems = shown.map((fault) => ({
      ...fault,
      since: fault.since === null ? null : new Date(fault.since).toISOString(),
    }));
    const domains: Record<string, Record<string, Bridge>> = {};
    for (const name of this.#edge.domains.keys()) if (isShown(name)) domains[name] = {};
    for (const found of bridges) {
      const ofDomain = domains[found.domain];
      if (ofDomain) ofDomain[found.bridge] = bridgeAs(found);
    }
    const body = {
      ready,
      problems: shown.length < faults.length ? [...problems, hidden] : problems,
      ...(disk !== null && { disk }),
      domains,
    };
    return Response.json(body, { status: ready ? 200 : 503 });
  }

  /** The bridges of a domain, and what is wrong there, asked anew. */
  async lookAt({ name, settings }: Domain): Promise<{
    readonly bridges: readonly FoundBridge[];
    readonly faults: readonly Fault[];
  }> {
    const asked = settings.bridges.map((bridge) => this.#askOne(name, bridge.name as BridgeName));
    const [bridges, disk] = await Promise.all([Promise.all(asked), this.#edge.storage.fault()]);
    const ofDisk = disk === null ? null : { says: disk, since: this.#edge.storage.faultSince };
    return { bridges, faults: faultsOf(ofDisk, bridges) };
  }

  /** All that is wrong now, asked anew. */
  async faults(): Promise<readonly Fault[]> {
    const [bridges, disk] = await Promise.all([this.#ask(), this.#edge.storage.fault()]);
    return faultsOf(disk === null ? null : { says: disk, since: this.#edge.storage.faultSince }, bridges);
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
        this.#edge.objects.bridgeHealth(domain, bridge),
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
  const { awaySince: _, ...rest } = health;
  const ready = health.agentConnected && health.bridgeUp;
  return { ready, ...(ready && health.ports === 0 && { takesCalls: false }), ...rest };
}
