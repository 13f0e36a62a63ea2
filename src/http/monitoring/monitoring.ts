import { Counter, familyOf, Histogram } from "../../foundation/metrics.ts";
import type { Domain } from "../../settings/load.ts";
import { defaultCodes } from "../../tsp/protocol-table.ts";

/** Words for the results in Confirmations of whole documents. */
const documentResults = Object.entries(defaultCodes.result).flatMap(([word, number]) => (number <= 0 ? word : []));
/** Results of documents without a Confirmation: the body is too large, or not complete in time. */
export const unreadResults = ["too-large", "too-slow"] as const;
const agentRefusals = ["badMessage", "wrongKey", "oldVersion", "unknownDomain", "unknownBridge"] as const;

/** Log lines that requests can cause, so their number is limited. */
export const edgeEvents = [
  ...(["audit-not-kept", "create-refused", "document-note", "document-not-stored", "document-refused"] as const),
  ...(["export-broken", "host-refused", "operators-refused", "relay-unreachable", "request-failed"] as const),
  ...(["settings-refused", "sign-in", "view-failed", "storage-fails", "storage-works-again"] as const),
  ...(["operator-token-weak", "source-refused"] as const),
] as const;
export type EdgeEvent = (typeof edgeEvents)[number];

const counters = {
  documents:
    "Documents from WebEx, by the word for the result in their Confirmation; too-large and too-slow have none.",
  documents_not_stored: "Documents answered with 503, which WebEx resends.",
  creates_refused: "Documents with creates that were answered with 503, because too many creates were under way.",
  object_storage_failures:
    "Documents of these where one object's storage failed, but not for lack of space. Its database may be damaged.",
  hosts_refused: "Messages that named a TSP server outside the domain's list.",
  rate_limited: "Posts answered with 429.",
  strangers: "Requests to an unknown adapter URL: unknown domain or wrong secret.",
  sources_refused: "Requests with a domain's secret from an address outside its networks.",
  agents_refused: "Refused connections of agents, or of others in their name, by reason.",
  operators_refused: "Requests without a valid token.",
  log_lines_dropped:
    "Lines left out of the edge's log, because one event occurred too often; log-lines-lost: failed writes.",
} as const;
type Counted = keyof typeof counters;
const ofDomains = [
  "documents_not_stored",
  "creates_refused",
  "object_storage_failures",
  "hosts_refused",
  "sources_refused",
  "rate_limited",
] as const;

/** Counters and measurements of this process's routes. */
export class Metrics {
  readonly #counters = new Map(
    Object.entries(counters).map(([name, help]) => [name, new Counter(`bridgehead_${name}_total`, help)]),
  );
  readonly confirmSeconds = new Histogram(
    "bridgehead_confirm_seconds",
    "From the start of a document's request to its Confirmation, or to a 503.",
  );

  count(name: Counted, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    this.#counters.get(name)?.count(labels, by);
  }

  /** Returns them in Prometheus format. */
  text(domains: Iterable<Domain>): string {
    for (const { name: domain } of domains) {
      for (const result of [...documentResults, ...unreadResults]) this.count("documents", { domain, result }, 0);
      for (const name of ofDomains) this.count(name, { domain }, 0);
      this.confirmSeconds.begin({ domain });
    }
    for (const name of ["strangers", "operators_refused"] as const) this.count(name, {}, 0);
    for (const event of [...edgeEvents, "log-lines-lost"]) this.count("log_lines_dropped", { event }, 0);
    for (const why of agentRefusals) this.count("agents_refused", { why }, 0);
    return [...this.#counters.values(), this.confirmSeconds].map((family) => family.text()).join("");
  }
}

/** Version and start of this isolate. A process can have several. */
export function processText(version: string, since: number): string {
  return [
    familyOf("gauge", "bridgehead_build_info", "Which version runs; always 1.", [[{ version }, 1]]),
    familyOf("gauge", "bridgehead_start_time_seconds", "When its first request came.", [[{}, since / 1_000]]),
  ].join("");
}
