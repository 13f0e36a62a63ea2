import type { BridgeName } from "../foundation/ids.ts";
import { Counter, familyOf, Histogram } from "../foundation/metrics.ts";
import { within } from "../foundation/timers.ts";
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

/** `takesCalls`: false for a bridge that is about to end; its calls go on. */
type Bridge = { readonly ready: boolean; readonly takesCalls?: false } & Partial<BridgeHealth>;
type Bridges = readonly (readonly [Domain, ReadonlyMap<string, Bridge>])[];

/** Whether conferences can be held on each bridge of each domain, and if not, what is missing. */
export class Readiness {
  readonly #edge: Edge;
  #askedAt = 0;
  #latest: Promise<Bridges> | undefined;

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
    const bridges = await this.#latest;
    const disk = await this.#edge.storage.fault();
    const works = disk === null;
    const ready =
      works && bridges.every(([, ofDomain]) => Array.from(ofDomain.values()).every((bridge) => bridge.ready));
    const shown = bridges.filter(
      ([{ name, settings }]) => settings.adapterSecrets.length === 0 || (to !== null && seesDomain(to, name)),
    );
    const domains = Object.fromEntries(shown.map(([{ name }, ofDomain]) => [name, Object.fromEntries(ofDomain)]));
    return Response.json({ ready, ...(!works && { disk }), domains }, { status: ready ? 200 : 503 });
  }

  #ask(): Promise<Bridges> {
    const domains = Array.from(this.#edge.domains.values());
    return Promise.all(domains.map(async (domain) => [domain, await bridgesOf(domain, this.#edge)] as const));
  }
}

async function bridgesOf(domain: Domain, edge: Edge): Promise<ReadonlyMap<string, Bridge>> {
  const bridges = domain.settings.bridges.map(async ({ name }): Promise<[string, Bridge]> => {
    try {
      const asked = edge.objects.bridgeHealth(domain.name, name as BridgeName);
      const health = await within(edge, RELAY_WITHIN_MS, "the relay", asked);
      const ready = health.agentConnected && health.bridgeUp;
      return [name, { ready, ...(ready && health.ports === 0 && { takesCalls: false }), ...health }];
    } catch (error) {
      edge.log("relay-unreachable", { domain: domain.name, bridge: name, error: String(error) }, "error");
      return [name, { ready: false }];
    }
  });
  return new Map(await Promise.all(bridges));
}
