import { Counter, familyOf, Histogram } from "../../foundation/metrics.ts";
import type { Domain } from "../../settings/load.ts";
import { defaultCodes } from "../../tsp/protocol-table.ts";

/** The words of a Confirmation of a whole document: the numbers that are no failure of a single request. */
const documentResults = Object.entries(defaultCodes.result).flatMap(([word, number]) => (number <= 0 ? word : []));
/** Of a document that gets no Confirmation, since its body is too large, or does not come whole in time. */
export const unreadResults = ["too-large", "too-slow"] as const;
const agentRefusals = ["badMessage", "wrongKey", "oldVersion", "unknownDomain", "unknownBridge"] as const;

/** Lines that a request can cause, so that their number is limited. */
export const edgeEvents = [
  ...(["agents-not-closed", "audit-not-kept", "document-note", "document-not-stored", "document-refused"] as const),
  ...(["export-broken", "host-refused", "operators-refused", "relay-unreachable", "request-failed"] as const),
  ...([
    "settings-refused",
    "sign-in",
    "view-failed",
    "storage-fails",
    "storage-works-again",
    "edge-hands-over",
  ] as const),
  ...(["operator-token-weak", "source-refused"] as const),
] as const;
export type EdgeEvent = (typeof edgeEvents)[number];

/** What the routes of this process count and measure. */
export class Metrics {
  readonly documents = new Counter(
    "bridgehead_documents_total",
    "Documents from WebEx, by the word for the result in their Confirmation; too-large and too-slow have none.",
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
    "From the start of a document's request to its Confirmation, or to a 503.",
  );
  readonly hostsRefused = new Counter(
    "bridgehead_hosts_refused_total",
    "Messages that named a TSP server outside the domain's list.",
  );
  readonly rateLimited = new Counter("bridgehead_rate_limited_total", "Posts answered with 429.");
  readonly strangers = new Counter(
    "bridgehead_strangers_total",
    "Requests of an adapter URL that does not exist: unknown domain or wrong secret.",
  );
  readonly sourcesRefused = new Counter(
    "bridgehead_sources_refused_total",
    "Requests with a domain's secret from an address outside its networks.",
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
    "Lines that the edge's log left out, since too many of one event came; log-lines-lost: that could not be written.",
  );

  /** Returns them as Prometheus reads them. */
  text(domains: Iterable<Domain>): string {
    for (const { name: domain } of domains) {
      for (const result of [...documentResults, ...unreadResults]) this.documents.begin({ domain, result });
      for (const counter of [
        this.notStored,
        this.objectsFailed,
        this.hostsRefused,
        this.sourcesRefused,
        this.rateLimited,
      ])
        counter.begin({ domain });
      this.confirmSeconds.begin({ domain });
    }
    this.strangers.begin();
    this.operatorsRefused.begin();
    for (const event of [...edgeEvents, "log-lines-lost"]) this.logLinesDropped.begin({ event });
    for (const why of agentRefusals) this.agentsRefused.begin({ why });
    const families = Object.values(this).filter((field) => field instanceof Counter || field instanceof Histogram);
    return families.map((family) => family.text()).join("");
  }
}

/** What runs here, and since when: a process with several isolates has one of these in each. */
export function processText(version: string, since: number): string {
  return [
    familyOf("gauge", "bridgehead_build_info", "Which version runs; always 1.", [[{ version }, 1]]),
    familyOf("gauge", "bridgehead_start_time_seconds", "When its first request came.", [[{}, since / 1_000]]),
  ].join("");
}
