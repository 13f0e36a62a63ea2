import { formerOutcomes, outcomes } from "../../src/explain/log.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { Counter, Counts, type CountsTo, Histogram } from "../../src/foundation/metrics.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import type { ConferenceTotals } from "../../src/rpc/directory.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import { ActivitySender } from "../counts/activity-sender.ts";

/** How busy one object with an outbox is. The object keeps it up to date. */
export interface Tally {
  /** `null`: there is no conference, or it is over. */
  phase: "creating" | "running" | null;
  callers: number;
  documents: number;
  /** When the oldest of the documents was queued. */
  oldestAt: EpochMs | null;
}

export function newTally(): Tally {
  return { phase: null, callers: 0, documents: 0, oldestAt: null };
}

/** What became of an attempt to post a document, or of the document. `refused`: confirmed, with another code than 0. */
const postResults = ["confirmed", "refused", "failed", "given-up"] as const;
export type PostResult = (typeof postResults)[number];

/** Where nobody scrapes the metrics, tallies of conferences that are over are deleted after so many new ones. */
const deleteOverEvery = 1_000;

/**
 * What the objects of this process count and measure. The counts leave the process for the object that adds up those of all processes. The
 * tallies stay: on plain workerd they are of all objects there are, and after a start each counts from when it wakes.
 */
export class Measures implements CountsTo {
  readonly counts: Counts = new Counts();
  /** What was asked and posted, for the plots of each domain. */
  readonly activity = new ActivitySender();
  /** Called after each count. */
  onCounted: () => void = () => {};
  readonly #families: Family[] = [];
  readonly siteRequests = this.#counter(
    "bridgehead_webex_site_requests_total",
    "Requests to a domain's WebEx site: answered, refused alone, or failed like all others would.",
    ({ webexSite }) => (webexSite ? each("answered", "refused", "failed") : []),
  );
  readonly checks = this.#counter(
    "bridgehead_provisioning_checks_total",
    "Comparisons of a domain's WebEx site with its settings that came to their end, or failed.",
    ({ webexSite }) => (webexSite ? each("done", "failed") : []),
  );
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
  readonly outcomes = this.#counter(
    "bridgehead_outcomes_total",
    "What became of conferences and callers, call-outs that the domain's policy denied, and commands that failed.",
    () => each(...outcomes, ...Object.values(formerOutcomes)),
  );
  readonly posts = this.#counter(
    "bridgehead_posts_total",
    "Posts to TSP servers and back ends: each attempt that was confirmed, refused or failed, and each document that was given up.",
    () => each(...postResults),
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
  readonly #tallies = new Map<string, { readonly domain: DomainName; readonly tally: Tally }>();

  counted(): void {
    this.onCounted();
  }

  /** `object`: a ConfKey, or empty for the domain's mailbox. */
  keep(domain: DomainName, object: string, tally: Tally): void {
    const name = `${domain}/${object}`;
    if (this.#tallies.get(name)?.tally === tally) return;
    this.#tallies.set(name, { domain, tally });
    if (this.#tallies.size % deleteOverEvery === 0) this.#deleteOver();
  }

  #deleteOver(): void {
    for (const [name, { tally }] of this.#tallies) {
      if (tally.phase === null && tally.documents === 0) this.#tallies.delete(name);
    }
  }

  /** The totals of each domain that has a tally here. */
  totals(): ReadonlyMap<DomainName, ConferenceTotals> {
    this.#deleteOver();
    const totals = new Map<DomainName, ConferenceTotals>();
    for (const { domain, tally } of this.#tallies.values()) {
      const { creating, running, callers, documents, oldestAt } = totals.get(domain) ?? noTotals;
      totals.set(domain, {
        creating: creating + (tally.phase === "creating" ? 1 : 0),
        running: running + (tally.phase === "running" ? 1 : 0),
        callers: callers + tally.callers,
        documents: documents + tally.documents,
        oldestAt: earliest(oldestAt, tally.oldestAt),
      });
    }
    return totals;
  }

  /** What all processes counted, as Prometheus reads it. */
  text(domains: Iterable<Domain>, shown: Counts): string {
    for (const { name: domain, settings } of domains)
      for (const { family, start } of this.#families)
        for (const labels of start(settings)) family.begin({ domain, ...labels }, shown);
    return this.#families.map(({ family }) => family.text(shown)).join("");
  }

  #counter(name: string, help: string, start: Family["start"]): Counter {
    const family = new Counter(name, help, this);
    this.#families.push({ family, start });
    return family;
  }

  #histogram(name: string, help: string): Histogram {
    const family = new Histogram(name, help, this);
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

export const noTotals: ConferenceTotals = { creating: 0, running: 0, callers: 0, documents: 0, oldestAt: null };
