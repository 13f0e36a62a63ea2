import { Counter, Histogram } from "../../src/foundation/metrics.ts";
import { CreatesUnderWay } from "../../src/routing/creates-under-way.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";

/** What the objects of this process count and measure. */
export class Measures {
  readonly creates: CreatesUnderWay;
  readonly #families: Family[] = [];
  readonly takeovers = this.#counter(
    "bridgehead_takeovers_total",
    "An agent became active in the place of another one.",
    ofBridges,
  );
  readonly foreignReports = this.#counter(
    "bridgehead_foreign_reports_total",
    "Messages of agents with reports about conferences that are not the edge's.",
    ofBridges,
  );
  readonly postSeconds = this.#histogram(
    "bridgehead_post_seconds",
    "From the start of a post to its answer, or its failure.",
  );
  readonly commandSeconds = this.#histogram(
    "bridgehead_command_seconds",
    "From when a command was first sent to an agent until it is over.",
  );
  readonly eventSeconds = this.#histogram(
    "bridgehead_event_seconds",
    "From when reports of an agent were handed to their conference until it has committed them.",
  );
  readonly webhooks = this.#counter(
    "bridgehead_webhooks_total",
    "Webhooks: each that was delivered, each attempt that failed, and each that was given up.",
    ({ webhooks }) => (webhooks.length > 0 ? each("delivered", "failed", "given-up") : []),
  );

  constructor(mostCreates = Number.POSITIVE_INFINITY) {
    this.creates = new CreatesUnderWay(mostCreates);
  }

  /** Returns them as Prometheus reads them. */
  text(domains: Iterable<Domain>): string {
    for (const { name: domain, settings } of domains)
      for (const { family, start } of this.#families)
        for (const labels of start(settings)) family.begin({ domain, ...labels });
    return this.#families.map(({ family }) => family.text()).join("");
  }

  #counter(name: string, help: string, start: Family["start"]): Counter {
    const family = new Counter(name, help);
    this.#families.push({ family, start });
    return family;
  }

  #histogram(name: string, help: string): Histogram {
    const family = new Histogram(name, help);
    this.#families.push({ family, start: () => [{}] });
    return family;
  }
}

interface Family {
  readonly family: Counter | Histogram;
  /** The series of a domain that are shown before anything was counted, by their labels besides the domain. */
  start(settings: DomainSettings): readonly Readonly<Record<string, string>>[];
}

function each(...outcomes: readonly string[]) {
  return outcomes.map((outcome) => ({ outcome }));
}

function ofBridges({ bridges }: DomainSettings) {
  return bridges.map(({ name: bridge }) => ({ bridge }));
}
