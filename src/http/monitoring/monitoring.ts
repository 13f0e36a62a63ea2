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
  ...(["settings-refused", "sign-in", "view-failed", "storage-fails", "storage-works-again"] as const),
  ...(["edge-hands-over", "operator-token-weak", "source-refused"] as const),
] as const;
export type EdgeEvent = (typeof edgeEvents)[number];

const counters = {
  documents:
    "Documents from WebEx, by the word for the result in their Confirmation; too-large and too-slow have none.",
  documents_not_stored: "Documents answered with 503, which WebEx sends again.",
  object_storage_failures:
    "Those of them where the storage of one object failed, and not for want of room: its database may be damaged.",
  hosts_refused: "Messages that named a TSP server outside the domain's list.",
  rate_limited: "Posts answered with 429.",
  strangers: "Requests of an adapter URL that does not exist: unknown domain or wrong secret.",
  sources_refused: "Requests with a domain's secret from an address outside its networks.",
  agents_refused: "Agents, or strangers in their place, that were given no socket, by the reason.",
  operators_refused: "Requests without the operator's token.",
  log_lines_dropped:
    "Lines that the edge's log left out, since too many of one event came; log-lines-lost: that could not be written.",
} as const;
type Counted = keyof typeof counters;
const ofDomains = [
  "documents_not_stored",
  "object_storage_failures",
  "hosts_refused",
  "sources_refused",
  "rate_limited",
] as const;

/** What the routes of this process count and measure. */
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

  /** Returns them as Prometheus reads them. */
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

/** What runs here, and since when: a process with several isolates has one of these in each. */
export function processText(version: string, since: number): string {
  return [
    familyOf("gauge", "bridgehead_build_info", "Which version runs; always 1.", [[{ version }, 1]]),
    familyOf("gauge", "bridgehead_start_time_seconds", "When its first request came.", [[{}, since / 1_000]]),
  ].join("");
}
